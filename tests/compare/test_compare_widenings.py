"""Ways in which access widens: each is found, with its cause, and with a witness that names what was opened."""

from __future__ import annotations

import pytest
from small_lakes import (
    ADMIN,
    ANALYST,
    AUDITOR,
    CATALOG,
    CLIENTS,
    ENGINEER,
    EVERYBODY_HERE,
    HERE,
    MARKETING,
    NOTES,
    ORDERS,
    STRANGERS,
    all_tables,
    but,
    cells,
    column,
    columns,
    database,
    give,
    lake,
    location,
    role,
    said,
    table,
    tagged,
    whole,
)

from checks.compare import compare
from checks.model import (
    EVERYONE,
    AllExcept,
    AnyResource,
    DatabaseInfo,
    Finding,
    Function,
    Lake,
    Location,
    Only,
    OptIn,
    Permission,
    Principal,
    RLSAttachment,
    TableInfo,
    UnknownResource,
    Verdict,
)

READ_ID = give(ANALYST, "SELECT", columns("sales.orders", "id"))
READ_ORDERS = give(ANALYST, "SELECT", table("sales.orders"))
INTERNAL = give(ANALYST, "SELECT DESCRIBE", tagged(sensitivity="internal"))
BOTH_KEYS = give(ANALYST, "SELECT", tagged(sensitivity="internal", domain="sales"))
RESTRICTED = {database("sales"): {"sensitivity": "restricted"}, database("hr"): {"sensitivity": "restricted"}}
SALES_INTERNAL = {database("sales"): {"sensitivity": "internal"}, database("hr"): {"sensitivity": "restricted"}}
OVERRIDE = {**SALES_INTERNAL, table("sales.orders"): {"sensitivity": "restricted"}}
COLUMN_OVERRIDE = {**SALES_INTERNAL, column("sales.orders", "ssn"): {"sensitivity": "restricted"}}
EU = {cells("sales.orders", "eu"): (AllExcept(), "email = 'a'")}
READ_EU = give(ANALYST, "SELECT", cells("sales.orders", "eu"))
OPEN_DEFAULT = frozenset({(EVERYONE, frozenset({Permission("ALL")}))})
SALES_EMPTY = DatabaseInfo(database("sales"), table_defaults=frozenset())
HR = DatabaseInfo(database("hr"))
SETTINGS = {"DataLakeAdmins": [ADMIN], "ReadOnlyAdmins": [AUDITOR]}
PLACE = Location("arn:aws:s3:::lake")
LINK_POLICY = '{"Statement":[{"Effect":"Allow","Principal":"*","Action":"glue:GetTable","Resource":"*"}]}'


def case(name: str, declared: Lake, live: Lake, *expected: str) -> object:
    return pytest.param(declared, live, sorted(expected), id=name)


CASES = [
    case("1 a new grant, named", lake([READ_ID]), lake([READ_ID, give(MARKETING, "SELECT", table("hr.notes"))]),
         "unmanaged FL102"),
    case("2 a permission added to a row", lake([READ_ORDERS]),
         lake([READ_ORDERS, give(ANALYST, "DELETE", table("sales.orders"))]), "widened FL101"),
    case("3 the grant option added", lake([READ_ORDERS]), lake([give(ANALYST, "SELECT", table("sales.orders"), "SELECT")]),
         "widened FL103"),
    case("4 a condition removed", lake([give(ANALYST, "SELECT", table("sales.orders"), condition="c")]),
         lake([READ_ORDERS]), "widened FL101"),
    case("4b a condition of other words", lake([give(ANALYST, "SELECT", table("sales.orders"), condition="c")]),
         lake([give(ANALYST, "SELECT", table("sales.orders"), condition="d")]), "unknown FL151"),
    case("5 a column added to the list", lake([READ_ID]), lake([give(ANALYST, "SELECT", columns("sales.orders", "id", "ssn"))]),
         "widened FL101"),
    case("6 a column taken off the exclusions", lake([give(ANALYST, "SELECT", but("sales.orders", "ssn", "email"))]),
         lake([give(ANALYST, "SELECT", but("sales.orders", "email"))]), "widened FL101"),
    case("7 a list replaced by the wildcard", lake([READ_ID]), lake([READ_ORDERS]), "widened FL101"),
    case("8 one table replaced by all tables", lake([READ_ORDERS]), lake([give(ANALYST, "SELECT", all_tables("sales"))]),
         "widened FL101"),
    case("9 a new column under a wildcard", lake([READ_ORDERS]),
         lake([READ_ORDERS], tables=[whole("sales.orders", "id email ssn phone"), CLIENTS, NOTES]), "widened FL113"),
    case("9b a new column under an exclusion", lake([give(ANALYST, "SELECT", but("sales.orders", "ssn"))]),
         lake([give(ANALYST, "SELECT", but("sales.orders", "ssn"))],
              tables=[whole("sales.orders", "id email ssn phone"), CLIENTS, NOTES]), "widened FL113"),
    case("10 an excluded column renamed", lake([give(ANALYST, "SELECT", but("sales.orders", "ssn"))]),
         lake([give(ANALYST, "SELECT", but("sales.orders", "ssn"))],
              tables=[whole("sales.orders", "id email social"), CLIENTS, NOTES]), "changed FL140", "widened FL113"),
    case("12 everyone on a table", lake([READ_ID]), lake([READ_ID, give(EVERYONE, "ALL", table("sales.orders"))]),
         "unmanaged FL104"),
    case("12b everyone on a database", lake([READ_ID], databases=[SALES_EMPTY, HR]),
         lake([READ_ID, give(EVERYONE, "ALL", database("sales"))], databases=[SALES_EMPTY, HR]), "unmanaged FL104"),
    case("13 every IAM principal of the account", lake([READ_ID]), lake([READ_ID, give(EVERYBODY_HERE, "SELECT", table("sales.orders"))]),
         "unmanaged FL106"),
    case("14 a foreign account", lake([READ_ID]), lake([READ_ID, give(STRANGERS, "SELECT", table("sales.orders"))]),
         "unmanaged FL105"),
    case("14b an organization", lake([READ_ID]), lake([READ_ID, give(
        Principal("arn:aws:organizations::111122223333:organization/o-abcdefghij"), "SELECT", table("sales.orders"))]),
        "unmanaged FL105"),
    case("15 a role of another account", lake([READ_ID]),
         lake([READ_ID, give(role("guest", STRANGERS), "SELECT", table("sales.orders"))]), "unmanaged FL105"),
    case("16 a tag policy grant", lake([READ_ID], tags=SALES_INTERNAL),
         lake([READ_ID, give(MARKETING, "SELECT", tagged(sensitivity="internal"))], tags=SALES_INTERNAL), "unmanaged FL102"),
    case("17 a value added to an expression", lake([INTERNAL], tags=RESTRICTED),
         lake([give(ANALYST, "SELECT DESCRIBE", tagged(sensitivity="internal restricted"))], tags=RESTRICTED), "widened FL101"),
    case("18 a key removed from an expression", lake([BOTH_KEYS], tags=SALES_INTERNAL),
         lake([give(ANALYST, "SELECT", tagged(sensitivity="internal"))], tags=SALES_INTERNAL), "widened FL101"),
    case("19 values replaced by a star", lake([INTERNAL], tags=SALES_INTERNAL),
         lake([give(ANALYST, "SELECT DESCRIBE", tagged(sensitivity="*"))], tags=SALES_INTERNAL), "widened FL101"),
    case("20 a saved expression edited", lake([give(ANALYST, "SELECT", tagged(saved="s"))], tags=RESTRICTED,
                                              saved={"s": tagged(sensitivity="internal")}),
         lake([give(ANALYST, "SELECT", tagged(saved="s"))], tags=RESTRICTED, saved={"s": tagged(sensitivity="restricted")}),
         "widened FL111"),
    case("21 a tag changed on a database", lake([INTERNAL], tags=RESTRICTED), lake([INTERNAL], tags=SALES_INTERNAL),
         "widened FL110"),
    case("21b a tag changed on a column", lake([INTERNAL], tags=COLUMN_OVERRIDE), lake([INTERNAL], tags={
        **SALES_INTERNAL, column("sales.orders", "ssn"): {"sensitivity": "internal"}}), "widened FL110"),
    case("21c a tag set where none was declared", lake([INTERNAL]), lake([INTERNAL], tags={
        database("sales"): {"sensitivity": "internal"}}), "widened FL110"),
    case("22 an override removed", lake([INTERNAL], tags=OVERRIDE), lake([INTERNAL], tags=SALES_INTERNAL), "widened FL110"),
    case("23 a database retagged, one table overridden", lake([INTERNAL], tags={
        **RESTRICTED, table("sales.orders"): {"sensitivity": "confidential"}}), lake([INTERNAL], tags={
            **SALES_INTERNAL, table("sales.orders"): {"sensitivity": "confidential"}}), "widened FL110"),
    case("24 the last odd column retagged", lake([give(ANALYST, "SELECT INSERT", tagged(sensitivity="internal"))],
                                                 tags=COLUMN_OVERRIDE),
         lake([give(ANALYST, "SELECT INSERT", tagged(sensitivity="internal"))], tags=SALES_INTERNAL), "widened FL110"),
    case("25 a predicate loosened", lake([READ_EU], filters=EU), lake([READ_EU], filters={
        cells("sales.orders", "eu"): (AllExcept(), "email = 'a' or email = 'b'")}), "widened FL112"),
    case("26 all rows", lake([READ_EU], filters=EU), lake([READ_EU], filters={
        cells("sales.orders", "eu"): (AllExcept(), None)}), "widened FL112"),
    case("26b columns of a filter", lake([READ_EU], filters={cells("sales.orders", "eu"): (Only(frozenset({"id"})), None)}),
         lake([READ_EU], filters={cells("sales.orders", "eu"): (Only(frozenset({"id", "ssn"})), None)}), "widened FL112"),
    case("27 a second filter", lake([READ_EU], filters={**EU, cells("sales.orders", "us"): (AllExcept(), "email = 'b'")}),
         lake([READ_EU, give(ANALYST, "SELECT", cells("sales.orders", "us"))],
              filters={**EU, cells("sales.orders", "us"): (AllExcept(), "email = 'b'")}), "unmanaged FL102"),
    case("28 a plain SELECT beside a filter", lake([READ_EU], filters=EU), lake([READ_EU, READ_ORDERS], filters=EU),
         "widened FL101"),
    case("29 a row-level policy attached", lake([READ_ID]), lake([READ_ID], rls=[
        RLSAttachment("p", table("sales.orders"), ANALYST)]), "unmanaged FL125"),
    case("30 INSERT to a column-limited reader", lake([READ_ID]), lake([READ_ID, give(ANALYST, "INSERT", table("sales.orders"))]),
         "widened FL101"),
    case("31 CREATE_TABLE", lake([READ_ID], databases=[SALES_EMPTY, HR]),
         lake([READ_ID, give(ANALYST, "CREATE_TABLE", database("sales"))], databases=[SALES_EMPTY, HR]), "unmanaged FL102"),
    case("31b DATA_LOCATION_ACCESS", lake([READ_ID], locations=[PLACE]),
         lake([READ_ID, give(ANALYST, "DATA_LOCATION_ACCESS", location("lake/raw"))], locations=[PLACE]), "unmanaged FL102"),
    case("32 a database location moved up", lake(
        [give(ANALYST, "CREATE_TABLE", database("sales"))],
        databases=[DatabaseInfo(database("sales"), "arn:aws:s3:::lake/sales"), HR]), lake(
        [give(ANALYST, "CREATE_TABLE", database("sales"))],
        databases=[DatabaseInfo(database("sales"), "arn:aws:s3:::lake"), HR]), "widened FL114"),
    case("33 a table repointed", lake([READ_ORDERS]), lake([READ_ORDERS], tables=[
        whole("sales.orders", place="arn:aws:s3:::lake/hr/notes"), CLIENTS, NOTES]), "widened FL114"),
    case("34 an opt-in deleted", lake([READ_ID], optins=[OptIn(ANALYST, table("sales.orders"))]), lake([READ_ID]),
         "widened FL123"),
    case("35 a location switched to hybrid", lake([READ_ID], locations=[PLACE]),
         lake([READ_ID], locations=[Location("arn:aws:s3:::lake", hybrid=True)]), "widened FL122"),
    case("35b a location deregistered", lake([READ_ID], locations=[PLACE]), lake([READ_ID]), "widened FL122"),
    case("36 privileged access", lake([READ_ID], locations=[PLACE]),
         lake([READ_ID], locations=[Location("arn:aws:s3:::lake", privileged=True)]), "widened FL122"),
    case("37 an admin added", lake([READ_ID], settings=SETTINGS),
         lake([READ_ID], settings={**SETTINGS, "DataLakeAdmins": [ADMIN, ENGINEER]}), "widened FL120"),
    case("37b a read-only admin added", lake([READ_ID], settings=SETTINGS),
         lake([READ_ID], settings={**SETTINGS, "ReadOnlyAdmins": [AUDITOR, ENGINEER]}), "widened FL120"),
    case("38 default permissions of the lake", lake([READ_ID], settings=SETTINGS),
         lake([READ_ID], settings={**SETTINGS, "CreateTableDefaultPermissions": ["IAM_ALLOWED_PRINCIPALS: ALL"]}),
         "widened FL121"),
    case("38b default permissions of a database", lake([READ_ID], databases=[SALES_EMPTY, HR]),
         lake([READ_ID], databases=[DatabaseInfo(database("sales"), table_defaults=OPEN_DEFAULT), HR]), "widened FL121"),
    case("38c default permissions nobody declares", lake([READ_ID]),
         lake([READ_ID], databases=[DatabaseInfo(database("sales"), table_defaults=OPEN_DEFAULT), HR]), "unmanaged FL121"),
    case("40 engines outside", lake([READ_ID], settings=SETTINGS),
         lake([READ_ID], settings={**SETTINGS, "AllowFullTableExternalDataAccess": True}), "unmanaged FL120"),
    case("40b an account on the list of engines", lake([READ_ID], settings={**SETTINGS, "ExternalDataFilteringAllowList": []}),
         lake([READ_ID], settings={**SETTINGS, "ExternalDataFilteringAllowList": [STRANGERS]}), "widened FL120"),
    case("41 SUPER_USER on the catalog", lake([READ_ID]), lake([READ_ID, give(MARKETING, "SUPER_USER", CATALOG)]),
         "unmanaged FL102"),
    case("43 every table to a function", lake([READ_ID]), lake([READ_ID, give(
        Principal("arn:aws:glue:us-east-1:111122223333:userDefinedFunction/sales/f"), "SELECT", AnyResource("111122223333", "TABLE"))]),
        "unmanaged FL106"),
    case("43b EXECUTE on a function", lake([READ_ID]), lake([READ_ID, give(
        MARKETING, "EXECUTE", Function("111122223333", "sales", "f"))]), "unmanaged FL102"),
    case("45 a catalog policy", lake([READ_ID]), lake([READ_ID], policies=[LINK_POLICY]), "unmanaged FL124"),
    case("46 an orphan grant", lake([READ_ID]), lake([READ_ID, give(ANALYST, "SELECT", table("sales.gone"))]), "latent FL161"),
    case("a grant on something of no known kind", lake([READ_ID]), lake([READ_ID, give(
        MARKETING, "SELECT", UnknownResource("111122223333", '{"Galaxy":{}}'))]), "unknown FL151"),
    case("a permission of no known name", lake([READ_ORDERS]), lake([READ_ORDERS, give(ANALYST, "FROBNICATE", table("sales.orders"))]),
         "widened FL101"),
    case("a role's grant replaced by another account's", lake([READ_ORDERS]), lake([give(STRANGERS, "SELECT", table("sales.orders"))]),
         "narrowed FL130", "unmanaged FL105"),
]  # fmt: skip


@pytest.mark.parametrize(("declared", "live", "expected"), CASES)
def test_found_with_its_cause(declared: Lake, live: Lake, expected: list[str]) -> None:
    assert said(compare(declared, live).findings) == expected


@pytest.mark.parametrize(("declared", "live", "expected"), CASES)
def test_every_gain_has_a_witness_and_a_cause(declared: Lake, live: Lake, expected: list[str]) -> None:
    for finding in compare(declared, live).findings:
        if finding.widens:
            assert finding.witness is not None
            assert finding.cause.what
            assert finding.reach.principals is None or finding.reach.principals > 0
            assert finding.message[0] == finding.message[0].strip()
    del expected


@pytest.mark.parametrize(("declared", "live", "expected"), CASES)
def test_a_lake_compared_with_itself_is_silent(declared: Lake, live: Lake, expected: list[str]) -> None:
    quiet = {"FL126", "FL125", "FL151"}  # nobody declares settings; row policies and unknown kinds cannot be declared
    assert not [one for one in compare(live, live).findings if one.rule not in quiet]
    assert not [one for one in compare(declared, declared).findings if one.rule not in quiet]
    del expected


def only(declared: Lake, live: Lake) -> Finding:
    found = [one for one in compare(declared, live).findings if one.rule != "FL126"]
    assert len(found) == 1
    return found[0]


def test_one_retag_is_one_finding_however_far_it_reaches() -> None:
    tables = [whole(f"sales.t{number}") for number in range(40)]
    readers = [give(role(f"reader{number}"), "SELECT", tagged(sensitivity="internal")) for number in range(7)]
    finding = only(lake(readers, tables, tags=RESTRICTED), lake(readers, tables, tags=SALES_INTERNAL))
    assert (finding.reach.principals, finding.reach.tables, finding.reach.columns) == (7, 40, 160)
    assert finding.subject.kind == "tag"
    assert finding.subject.principal is None
    assert finding.cause.what == "tag sensitivity on database sales: restricted → internal"


def test_a_filter_is_refuted_with_a_row() -> None:
    finding = only(lake([READ_EU], filters=EU), lake([READ_EU], filters={
        cells("sales.orders", "eu"): (AllExcept(), "email = 'a' or email = 'b'")}))  # fmt: skip
    assert finding.witness is not None
    assert finding.witness.row == (("email", "b"),)


def test_a_filter_that_cannot_be_ordered_is_unknown() -> None:
    finding = only(lake([READ_EU], filters=EU), lake([READ_EU], filters={
        cells("sales.orders", "eu"): (AllExcept(), "upper(email) = 'A'")}))  # fmt: skip
    assert finding.verdict is Verdict.UNKNOWN
    assert finding.subject.kind == "filter"


def test_the_witness_prefers_what_is_sensitive() -> None:
    tags = {column("sales.orders", "ssn"): {"sensitivity": "restricted"}}
    finding = only(lake([READ_ID], tags=tags), lake([READ_ORDERS], tags=tags))
    assert finding.witness is not None
    assert finding.witness.column == "ssn"
    assert finding.reach.sensitive_columns == 1


def test_what_lies_in_no_declared_place_is_no_exposure() -> None:
    strange = TableInfo(table("misc.junk"), whole("misc.junk").columns)
    finding = only(lake([READ_ID], databases=[SALES_EMPTY, HR]), lake(
        [READ_ID, give(MARKETING, "SELECT", table("misc.junk"))], tables=[ORDERS, CLIENTS, NOTES, strange],
        databases=[SALES_EMPTY, HR]))  # fmt: skip
    assert (finding.verdict, finding.exposure) == (Verdict.UNMANAGED, False)


def test_a_live_grant_that_exceeds_several_subjects_is_widened_on_itself() -> None:
    both = [READ_ORDERS, give(ANALYST, "SELECT", columns("sales.clients", "id"))]
    finding = only(lake(both), lake([give(ANALYST, "SELECT", all_tables("sales"))]))
    assert finding.subject.resource == all_tables("sales")
    assert only(lake([READ_ORDERS]), lake([give(ANALYST, "SELECT", all_tables("sales"))])).subject.resource == table(
        "sales.orders"
    )


def test_an_unreadable_principal_may_be_the_one_that_live_shows() -> None:
    hidden = give(None, "SELECT", table("hr.notes"))
    finding = only(lake([READ_ID, hidden]), lake([READ_ID, give(MARKETING, "SELECT", table("hr.notes"))]))
    assert finding.verdict is Verdict.UNKNOWN
    other = only(lake([READ_ID, hidden]), lake([READ_ID, give(MARKETING, "INSERT", table("hr.notes"))]))
    assert other.verdict is Verdict.UNMANAGED


def test_ids_stay_the_same_when_neighbours_appear() -> None:
    first = only(lake([READ_ID]), lake([READ_ORDERS]))
    again = compare(lake([READ_ID]), lake([READ_ORDERS, give(MARKETING, "SELECT", table("hr.notes"))])).findings
    assert first.id in {one.id for one in again}
    assert len(first.id) == 16
    assert first.subject.lake == HERE
