"""Ways in which access widens: each is found, with its cause, and with a witness that names what was opened."""

from __future__ import annotations

import pytest
from small_lakes import (
    ADMIN,
    ANALYST,
    AUDITOR,
    CLIENTS,
    HERE,
    MARKETING,
    NOTES,
    ORDERS,
    STRANGERS,
    all_tables,
    cells,
    column,
    columns,
    database,
    give,
    lake,
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
    DatabaseInfo,
    Finding,
    Lake,
    Location,
    Permission,
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
    case("a condition of other words", lake([give(ANALYST, "SELECT", table("sales.orders"), condition="c")]),
         lake([give(ANALYST, "SELECT", table("sales.orders"), condition="d")]), "unknown FL151"),
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
