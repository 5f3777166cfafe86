"""Corners of the comparison beside the grants: many things of a kind at once, each a little different from the next.

Every list begins with something equal, left to others or hidden, so that what comes after it must still be looked at.
What is told of the lakes in ``CORNERS`` is held word for word (``test_compare_told.py``).
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs
from small_lakes import (
    ACCOUNT,
    ADMIN,
    ANALYST,
    AUDITOR,
    CATALOG,
    CLIENTS,
    ENGINEER,
    EVERYBODY_HERE,
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
    said,
    table,
    tagged,
    whole,
)

from checks import normal
from checks.compare import compare
from checks.model import (
    EVERYONE,
    AllExcept,
    AllTables,
    AnyResource,
    Catalog,
    CatalogInfo,
    Column,
    Database,
    DatabaseInfo,
    Evidence,
    Facts,
    Function,
    Gap,
    Grant,
    Lake,
    LFTag,
    Location,
    OptIn,
    Permission,
    Principal,
    ResourcePolicy,
    RLSAttachment,
    Settings,
    Side,
    Table,
    TableInfo,
)

LAKE = "arn:aws:s3:::lake"
HR, SALES = database("hr"), database("sales")
READ = give(ANALYST, "SELECT", table("sales.orders"))
Pair = tuple[str, Lake, Lake]


def gives(*rows: tuple[Principal | None, str, Any]) -> list[list[Grant]]:
    return [give(who, names, on) for who, names, on in rows]


def both(name: str, one: Lake, other: Lake) -> list[Pair]:
    return [(name, one, other), (f"{name}, the other way", other, one)]


def gap(facts: Facts, side: Side = Side.LIVE) -> Gap:
    return Gap(side, "page 2", "denied", facts)


# ------------------------------------------------------------------------------------------------- resource policies
def statement(
    actions: object = "glue:GetTable", who: object = "root", on: object = "*", effect: str = "Allow", **more: object
) -> dict[str, object]:
    named = {} if who is None else {"Principal": who if who == "*" or isinstance(who, dict) else {"AWS": who}}
    return {"Effect": effect, **named, "Action": actions, "Resource": on, **more}


def policies(*statements: object) -> Lake:
    return lake([READ], policies=[json.dumps({"Statement": list(statements)})] if statements else [])


KEYED = {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}
TWICE = {"StringEquals": {"aws:PrincipalOrgID": ["o-1"]}, "Bool": {"aws:SecureTransport": "true"}}
WIDER, NARROWER, UNKNOWN = "widened FL124", "narrowed FL131", "unknown FL151"
STATEMENTS: list[tuple[str, list[object], list[object], list[str], list[str]]] = [
    ("every AWS principal is everyone", [statement(who="*")], [statement(who={"AWS": "*"})], [], []),
    ("every AWS principal is any of them", [statement(who={"AWS": "*"})], [statement()], [NARROWER], [WIDER]),
    ("every AWS principal is no service", [statement(who={"AWS": "*"})], [statement(who={"Service": "x"})],
     [NARROWER, WIDER], [NARROWER, WIDER]),
    ("everyone is a service too", [statement(who="*")], [statement(who={"Service": "x"})], [NARROWER], [WIDER]),
    ("a star of another kind is nobody else", [statement(who={"Federated": "*"})], [statement()], [NARROWER, WIDER], [NARROWER, WIDER]),
    ("one of several", [statement(who={"AWS": ["a", "b"]})], [statement(who={"AWS": "b"})], [NARROWER], [WIDER]),
    ("a name in a list is that name", [statement(Condition=KEYED)],
     [statement(["glue:GetTable"], Condition={"StringEquals": {"aws:PrincipalOrgID": ["o-1"]}})], [], []),
    ("every word that is known", [statement(Sid="a", Condition=KEYED)], [statement(Sid="b")], [WIDER], [NARROWER]),
    ("a name alone", [statement(Sid="a")], [statement(Sid="b")], [], []),
    ("a name alone, of what nobody knows", [statement(Sid="a", Brand=1)], [statement(Sid="b", Brand=1)], [], []),
    ("order within what nobody knows", [statement(Brand=[{"a": 1, "b": 2}, 3])], [{"Brand": [3, {"b": 2, "a": 1}], **statement()}], [], []),
    ("order of what is in a list of what nobody knows", [statement(Brand=[{"a": 1, "z": 1}, {"b": 1}])], [statement(Brand=[{"z": 1, "a": 1}, {"b": 1}])], [], []),
    ("other content of what nobody knows", [statement(Brand=[{"a": 1}])], [statement(Brand={"a": 2})], [UNKNOWN], [UNKNOWN]),
    ("a condition that is none", [statement()], [statement(Condition={"Null": "x"})], [NARROWER], [WIDER]),
    ("a condition of no keys", [statement()], [statement(Condition="x")], [UNKNOWN], [UNKNOWN]),
    ("an action that is no text", [statement()], [statement(["glue:GetTable", 3])], [UNKNOWN], [UNKNOWN]),
    ("a principal that is no text", [statement()], [statement(who=3)], [UNKNOWN], [UNKNOWN]),
    ("nobody at all", [statement()], [statement(who={"AWS": []})], [UNKNOWN], [UNKNOWN]),
    ("a Deny declares no Allow", [statement(effect="Deny")], [statement(effect="Deny"), statement()], [WIDER], [NARROWER]),
    ("an Allow lifts no Deny", [statement("glue:*"), statement(effect="Deny")], [statement("glue:*")], [WIDER], [NARROWER]),
    ("an Allow under more conditions", [statement(Condition=TWICE)], [statement(Condition=KEYED)], [WIDER], [NARROWER]),
    ("one of two conditions, each with another", [statement(Condition=TWICE), statement("glue:GetTables")],
     [statement(["glue:GetTable", "glue:GetTables"], Condition=KEYED)], [NARROWER, WIDER], [NARROWER, WIDER]),
    ("some actions of several are new", [statement(["a:A", "a:C"])], [statement(["a:A", "a:B", "a:C", "a:D"])], [WIDER], [NARROWER]),
    ("another that may be the same", [statement(["a:A", "a:B"], Condition=KEYED), statement(Brand=1)],
     [statement(["a:A", "a:B"], Condition={"Bool": {"x": "y"}})], [UNKNOWN], [UNKNOWN]),
    ("more than can be looked at", [statement()], [statement([f"a:{one}" for one in range(47)], [f"{one}" for one in range(47)] + ["root"],
     [f"r{one}" for one in range(47)])], [NARROWER, UNKNOWN], [UNKNOWN, WIDER]),
    ("a statement alone, not in a list", [statement()], [], [NARROWER], ["unmanaged FL124"]),
    ("a Deny nobody declared", [], [statement(effect="Deny")], ["unmanaged FL131"], [WIDER]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("declared", "live", "there", "back"), [one[1:] for one in STATEMENTS], ids=[one[0] for one in STATEMENTS]
)
def test_statements_of_two_policies(
    declared: list[object], live: list[object], there: list[str], back: list[str]
) -> None:
    assert said(compare(policies(*declared), policies(*live)).findings) == there
    assert said(compare(policies(*live), policies(*declared)).findings) == back


def test_a_policy_may_hold_one_statement_alone() -> None:
    alone = lake([READ], policies=[json.dumps({"Statement": statement()})])
    assert not said(compare(policies(statement()), alone).findings)


def rowed(*found: RLSAttachment) -> Lake:
    tags = {SALES: {"domain": "sales"}, HR: {"domain": "hr"}, table("hr.notes"): {"sensitivity": "internal"}}
    return lake([READ], tags=tags, rls=found, databases=[DatabaseInfo(SALES), DatabaseInfo(HR)])


ROWED = rowed(
    RLSAttachment("p", tagged("DATABASE", domain="sales"), ANALYST),
    RLSAttachment("q", tagged("DATABASE", domain="*"), None),
    RLSAttachment("r", tagged(saved="gone"), MARKETING),
    RLSAttachment("s", tagged(sensitivity="internal"), ANALYST),
    RLSAttachment("t", Table(ACCOUNT, "far", "away"), ANALYST),
    RLSAttachment("u\x1b", columns("sales.orders", "id"), STRANGERS),
)


# --------------------------------------------------------------------------------------------- databases and tables
def described(name: str, text: str = "", **more: Any) -> DatabaseInfo:
    return DatabaseInfo(database(name), description=text, **more)


def bases(*found: DatabaseInfo, tables: tuple[TableInfo, ...] = (), **more: Any) -> Lake:
    return lake([READ], [ORDERS, *tables], [DatabaseInfo(SALES), *found], **more)


PARAMETERS = (("a", "1"), ("b", "2"))
BASES = both("databases that differ", bases(
    described("a"), described("gone"), described("b", "before"), described("c", parameters=PARAMETERS), described("d", link_to=HR),
    described("hidden", "before", hidden=frozenset({"description", "location"}), location=f"{LAKE}/x"), described("e", location=f"{LAKE}/e"),
    described("f", location=f"{LAKE}/f"), described("g"), described("z", "before"),
    tables=(whole("gone.one"), whole("gone.two"), whole("none.one")),
), bases(
    described("a"), described("b", "after"), described("c", parameters=(("a", "2"), ("b", "2"), ("c", "3"))), described("d", link_to=SALES),
    described("hidden", "after", location=f"{LAKE}/y"), described("e", location=f"{LAKE}/e/below"), described("f"), described("g", location=f"{LAKE}/g"),
    described("none"), described("new"), described("newer"), described("z", "after"),
    tables=(whole("newer.one"), whole("newer.two"), whole("new.one"), whole("none.one")),
))  # fmt: skip
CREATORS = gives((ENGINEER, "CREATE_TABLE", database("a")), (ANALYST, "ALL", database("a")), (MARKETING, "CREATE_TABLE", database("b")),
                 (MARKETING, "DESCRIBE", database("c")), (AUDITOR, "CREATE_TABLE", database("d")))  # fmt: skip


def moved(place: str, *registered: str, **more: Any) -> Lake:
    return lake(CREATORS, [ORDERS, CLIENTS], [DatabaseInfo(SALES), *(described(name, location=f"{place}/{name}") for name in "abc"),
                                              described("d", **more)], locations=map(Location, registered))  # fmt: skip


MOVED = [
    *both("places of databases", moved(LAKE), moved(f"{LAKE}/sales")),
    *both(
        "a place where there was none, registered above", moved(LAKE, LAKE), moved(LAKE, LAKE, location=f"{LAKE}/sales")
    ),
    *both(
        "a place where there was none, registered below",
        moved(LAKE, f"{LAKE}/sales/orders"),
        moved(LAKE, f"{LAKE}/sales/orders", location=f"{LAKE}/sales"),
    ),
    *both(
        "a place where there was none, not registered",
        moved(LAKE, f"{LAKE}/hr"),
        moved(LAKE, f"{LAKE}/hr", location=f"{LAKE}/sales"),
    ),
]
HIDES = frozenset({"description", "columns.id.type", "columns.email.comment", "location"})


def shaped(name: str, *found: Column, keys: tuple[Column, ...] = (), **more: Any) -> TableInfo:
    return replace(whole(name, "", days=False), columns=found, partition_keys=keys, **more)


def listed(*found: TableInfo, grants: Any = (READ,), **more: Any) -> Lake:
    return lake(grants, [ORDERS, *found], [DatabaseInfo(SALES)], **more)


ID, MAIL, DAY, HOUR = (normal.column(name, "string", "said") for name in ("id", "email", "day", "hour"))
TABLES = both("tables that differ", listed(
    CLIENTS, whole("sales.gone"), shaped("sales.a", ID, MAIL), shaped("sales.b", ID, keys=(DAY,)), shaped("sales.c", ID, keys=(DAY, HOUR)),
    shaped("sales.d", replace(ID, comment="")), shaped("sales.e", ID, MAIL, hidden=HIDES, description="a"), shaped("sales.f", ID, table_type="X", format="csv"),
    shaped("sales.g", ID, link_to=table("hr.notes")), shaped("sales.h", replace(ID, type="")), shaped("sales.i", ID, parameters=PARAMETERS),
    shaped("sales.j", ID, additional=frozenset({f"{LAKE}/x"})), replace(whole("sales.k", ""), location=None, additional=frozenset({f"{LAKE}/x"})),
    replace(whole("sales.l"), columns=None), shaped("sales.z", ID, description="before"),
), listed(
    whole("sales.new"), CLIENTS, shaped("sales.a", MAIL, ID), shaped("sales.b", ID, keys=(HOUR,)), shaped("sales.c", ID, keys=(HOUR, DAY)),
    shaped("sales.d", replace(ID, comment="said")), shaped("sales.e", replace(ID, type="int"), replace(MAIL, comment="other"), description="b"), shaped("sales.f", ID, table_type="Y", format="json"),
    shaped("sales.g", ID, link_to=table("sales.orders")), shaped("sales.h", ID), shaped("sales.i", ID, parameters=(("b", "3"), ("c", "4"))),
    shaped("sales.j", ID, additional=frozenset({f"{LAKE}/x", f"{LAKE}/y"})), replace(whole("sales.k", ""), location=None, additional=frozenset({f"{LAKE}/y"})),
    whole("sales.l"), shaped("sales.z", ID, description="after"), whole("sales.newer"),
))  # fmt: skip
EVERYBODY_READS = gives((ANALYST, "SELECT", all_tables("sales")), (MARKETING, "SELECT", all_tables("sales")))
TABLES += both("places of tables that somebody reads", listed(
    whole("sales.a"), replace(whole("sales.b"), additional=frozenset({f"{LAKE}/x"})), replace(whole("sales.c"), location=None), grants=EVERYBODY_READS,
), listed(
    replace(whole("sales.a"), location=f"{LAKE}/sales/a/below"), replace(whole("sales.b"), additional=frozenset({f"{LAKE}/z", f"{LAKE}/y", f"{LAKE}/sales/b/1"})),
    replace(whole("sales.c"), additional=frozenset({f"{LAKE}/y"})), grants=EVERYBODY_READS,
))  # fmt: skip


def keyed(*names: str, **more: Any) -> Lake:
    return lake(
        [READ],
        tags={SALES: {"domain": "sales"}},
        keys={name: values for name, _, values in (one.partition(":") for one in names)},
        **more,
    )


TAGS = both(
    "keys of tags",
    keyed("domain:sales hr", "a:x", "gone:x", "b:x y", "z:x"),
    keyed("new:x y", "domain:sales hr", "a:x", "b:y z", "newer:x", "z:x y"),
)


def seeing(name: str, *reads: str, definer: Principal | None = ADMIN, **more: Any) -> TableInfo:
    below = frozenset(map(table, reads)) if reads else None
    return replace(whole(name, "id", days=False), view_definer=definer, view_reads=below, **more)


VIEWED = lake(EVERYBODY_READS, [ORDERS, NOTES, *map(whole, ("sales.a", "sales.b", "sales.c"))])
VIEWS = lake(EVERYBODY_READS, [
    ORDERS, NOTES, seeing("sales.a", "hr.notes", "sales.inner", "sales.x"), seeing("sales.b"), seeing("sales.c", "sales.orders"),
    seeing("sales.inner", "sales.x", "hr.notes", "sales.orders"), seeing("sales.x", "sales.a", "hr.notes"), seeing("sales.dark"), seeing("sales.plain", definer=None),
])  # fmt: skip
ALL_VIEWS = [
    ("tables that became views", VIEWED, VIEWS),
    ("views that became tables", VIEWS, VIEWED),
    ("tables that nobody reads became views", lake([], VIEWED.tables.values()), lake([], VIEWS.tables.values())),
    *both("bodies and definers of views", lake(EVERYBODY_READS, [seeing("sales.a", "hr.notes", view_text="a"), seeing("sales.b", view_text="a"), seeing("sales.c", view_text="ATHENA: a", definer=None), NOTES]),
          lake(EVERYBODY_READS, [seeing("sales.a", "hr.notes", view_text="b"), seeing("sales.b", view_text=" a ", definer=ENGINEER), seeing("sales.c", view_text="ATHENA:  a"), NOTES])),
]  # fmt: skip

# ---------------------------------------------------------------------------------------------------------- settings
TO_ALL = frozenset({(EVERYONE, frozenset({Permission("ALL")}))})
TO_ANALYST = frozenset({(ANALYST, frozenset({Permission("SELECT"), Permission("DESCRIBE")}))})


def settled(*more: dict[str, Any], **members: Any) -> Lake:
    """Give settings of one stack, or of several."""
    every = [
        {"DataLakeAdmins": frozenset({ADMIN}), **members},
        *({"DataLakeAdmins": frozenset({ADMIN}), **one} for one in more),
    ]
    found = (
        Settings(tuple(sorted(one.items())), frozenset(normal.SETTINGS) - one.keys(), Evidence(Side.DECLARED, None, ""))
        for one in every
    )
    return replace(lake([READ]), settings=tuple(found))


STRANGE = {"NewSwitch": "on", "Parameters.CROSS_ACCOUNT_VERSION": "4", "Parameters.OTHER": "x", "Parameters.EMPTY": ""}
SERVICE = Principal(f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/glue.amazonaws.com/AWSServiceRoleForGlue")
SETTINGS = [
    *both("members nobody knows", settled(), settled(**STRANGE)),
    *both("members of text", settled(**{**STRANGE, "Parameters.SET_CONTEXT": "true", "Parameters.SET_SOURCE_IDENTITY": "a"}),
          settled(**{**STRANGE, "NewSwitch": "off", "Parameters.SET_CONTEXT": "false", "Parameters.SET_SOURCE_IDENTITY": "b", "Parameters.OTHER": "y", "Parameters.CROSS_ACCOUNT_VERSION": "3"})),
    *both("settings of several stacks", settled({"ReadOnlyAdmins": frozenset({AUDITOR})}, {}), settled()),
    *both("AWS itself among the admins", settled(ReadOnlyAdmins=frozenset()), settled(ReadOnlyAdmins=frozenset({SERVICE, AUDITOR, STRANGERS}))),
    *both("every list", settled(), settled(
        AuthorizedSessionTagValueList=frozenset({"a", "b\x1b"}), ExternalDataFilteringAllowList=frozenset({STRANGERS}), AllowExternalDataFiltering=True,
        CreateDatabaseDefaultPermissions=frozenset({"IAM_ALLOWED_PRINCIPALS: ALL"}), TrustedResourceOwners=frozenset({STRANGERS, "123456789012"}))),
    ("settings that were not read", settled(), lake([READ])),
    ("settings nobody declares", lake([READ]), settled(**STRANGE, ReadOnlyAdmins=frozenset(), AllowExternalDataFiltering=False)),
]  # fmt: skip


def opened(*found: DatabaseInfo, **more: Any) -> Lake:
    grants = gives((ANALYST, "SELECT", all_tables("spoken")), (ANALYST, "SELECT", table("sales.orders")))
    return lake(grants, [ORDERS, NOTES], [DatabaseInfo(SALES), *found], **more)


DEFAULTS = [
    *both("defaults of databases", opened(
        DatabaseInfo(HR, table_defaults=TO_ALL), described("hidden", table_defaults=frozenset(), hidden=frozenset({"table_defaults"})), described("a", table_defaults=frozenset()),
        described("b", table_defaults=TO_ANALYST), described("c"), described("z", table_defaults=frozenset()),
    ), opened(
        DatabaseInfo(HR, table_defaults=TO_ALL), described("idle", table_defaults=TO_ALL), described("spoken", table_defaults=TO_ALL), described("hidden", table_defaults=TO_ALL),
        described("a", table_defaults=TO_ALL | TO_ANALYST), described("b", table_defaults=TO_ALL), described("c", table_defaults=TO_ANALYST), described("z", table_defaults=TO_ANALYST),
    )),
    ("databases that took the declared defaults", opened(described("a"), described("b"), settings={"CreateTableDefaultPermissions": [f"{ANALYST}: DESCRIBE, SELECT"]}),
     opened(described("a", table_defaults=TO_ANALYST), described("b", table_defaults=TO_ALL), settings={"CreateTableDefaultPermissions": [f"{ANALYST}: DESCRIBE, SELECT"]})),
    ("defaults that one of several stacks declares", replace(opened(described("a")), settings=settled({"CreateTableDefaultPermissions": frozenset({"IAM_ALLOWED_PRINCIPALS: ALL"})}, CreateTableDefaultPermissions=frozenset()).settings),
     opened(described("a", table_defaults=TO_ALL), settings={})),
    ("defaults that no settings declare", opened(described("a"), settings={"CreateTableDefaultPermissions": []}), opened(described("a", table_defaults=TO_ALL), settings={"CreateTableDefaultPermissions": []})),
]  # fmt: skip


def inner(name: str, **members: Any) -> tuple[Catalog, CatalogInfo]:
    one = Catalog(ACCOUNT if name == "root" else f"{ACCOUNT}:{name}")
    return one, CatalogInfo(one, **members)


def nested(*found: tuple[Catalog, CatalogInfo], tables: tuple[Table, ...] = (), **more: Any) -> Lake:
    return replace(lake([READ], [ORDERS, *(replace(ORDERS, id=one) for one in tables)]), catalogs=dict(found), **more)


IN_A, IN_NEW = Table(f"{ACCOUNT}:a", "x", "y"), Table(f"{ACCOUNT}:new", "x", "y")
HIDDEN_DEFAULTS = frozenset({"CreateTableDefaultPermissions", "parameters"})
CATALOGS = [
    *both("nested catalogs", nested(
        inner("root", table_defaults=frozenset()), inner("a", table_defaults=frozenset(), description="before"), inner("gone"), inner("b", parameters=PARAMETERS),
        inner("c", hidden=HIDDEN_DEFAULTS, table_defaults=frozenset(), database_defaults=frozenset(), parameters=PARAMETERS), inner("d", full_table_external=False),
        inner("e", database_defaults=TO_ALL, table_defaults=TO_ALL), inner("f"), tables=(IN_A,),
    ), nested(
        inner("root", table_defaults=TO_ALL), inner("new", table_defaults=TO_ALL), inner("a", table_defaults=TO_ALL, description="after"), inner("b", parameters=(("a", "2"), ("c", "3"))),
        inner("c", table_defaults=TO_ALL, database_defaults=TO_ANALYST), inner("d", full_table_external=True), inner("e", table_defaults=TO_ANALYST), inner("f", database_defaults=TO_ALL),
        inner("newer"), tables=(IN_A, IN_NEW),
    )),
    ("catalogs that were not read", nested(inner("a"), inner("b"), tables=(IN_A,)), nested()),
    ("catalogs that may be hidden", nested(inner("a"), tables=(IN_A,)), nested(inner("b"), gaps=(gap(Facts.CATALOGS),))),
    ("a catalog whose databases are declared", nested(tables=(IN_A,)), nested(inner("new"), inner("a"), inner("z"), tables=(IN_A,))),
]  # fmt: skip
ROOT = CatalogInfo(CATALOG, database_defaults=TO_ALL, table_defaults=frozenset(), full_table_external=True)
GIVEN = settled(CreateTableDefaultPermissions=frozenset({f"{ANALYST}: DESCRIBE,SELECT"}))
CATALOGS += [
    ("a root catalog at odds with the settings", settled({}), replace(GIVEN, root_catalog=ROOT)),
    (
        "a root catalog that says less",
        settled(),
        replace(
            GIVEN,
            root_catalog=replace(ROOT, database_defaults=None, table_defaults=TO_ANALYST, full_table_external=False),
        ),
    ),
    ("a root catalog of settings nobody declares", lake([READ]), replace(GIVEN, root_catalog=ROOT)),
]


# ------------------------------------------------------------------------------------- places, opt-ins, filters
def registered(*found: Location, tables: tuple[TableInfo, ...] = (), **more: Any) -> Lake:
    return lake([READ], [ORDERS, CLIENTS, *tables], locations=found, **more)


UNREGISTERED = tuple(replace(one, registered=False) for one in (whole("far.away"), replace(whole("sales.a"), link_to=table("hr.notes")), replace(whole("sales.b"), location=None),
                                                              whole("sales.c", place="arn:aws:s3:::else/c"), whole("sales.h", place=f"{LAKE}/h/t"), whole("sales.z")))  # fmt: skip
PLACES = [
    *both("registrations that tables deny", registered(Location(LAKE, "r"), tables=UNREGISTERED[2:]), registered(Location(LAKE, "r"), Location(f"{LAKE}/h", hybrid=True), tables=UNREGISTERED)),
    *both("registrations one by one", registered(Location(LAKE, "r"), Location(f"{LAKE}/a", "r"), Location(f"{LAKE}/b"), Location(f"{LAKE}/c", "r", hybrid=True), Location(f"{LAKE}/h", hybrid=True)),
          registered(Location(LAKE, "r"), Location(f"{LAKE}/a", "s"), Location(f"{LAKE}/b", "r"), Location(f"{LAKE}/c", "r", federation=True, hybrid=True),
                     Location(f"{LAKE}/h/below", hybrid=True), Location(f"{LAKE}/sales", privileged=True), Location("arn:aws:s3:::else", hybrid=True, privileged=True))),
    *both("a hybrid registration beside a hybrid one", registered(Location(f"{LAKE}/sales", hybrid=True), Location("arn:aws:s3:::else")), registered(Location(f"{LAKE}/sales", hybrid=True), Location("arn:aws:s3:::else"), Location(f"{LAKE}/sales/orders", hybrid=True))),
]  # fmt: skip


def opted(*found: OptIn, grants: Any = (READ,), **more: Any) -> Lake:
    tables = [
        ORDERS,
        CLIENTS,
        NOTES,
        replace(whole("b.one"), additional=frozenset({f"{LAKE}/hybrid/x"})),
        whole("c.one"),
        whole("d.one"),
        whole("e.one"),
    ]
    given = [DatabaseInfo(SALES), DatabaseInfo(HR), described("a", location=f"{LAKE}/hybrid/a"), described("b"), described("c"),
             described("d", table_defaults=TO_ALL), described("e", table_defaults=TO_ANALYST)]  # fmt: skip
    return lake(
        grants,
        tables,
        given,
        optins=found,
        locations=[Location(f"{LAKE}/hybrid", hybrid=True), Location(f"{LAKE}/c")],
        **more,
    )


ONE_BY_ONE: list[tuple[str, OptIn]] = [
    *((f"on database {name}", OptIn(ANALYST, database(name))) for name in ("a", "b", "c", "d", "e", "gone")),
    *((f"on all tables of {name}", OptIn(ANALYST, all_tables(name))) for name in ("b", "c")),
    *((f"on table {name}", OptIn(ANALYST, table(name))) for name in ("b.one", "c.one", "e.one", "gone.one")),
    ("on columns", OptIn(ANALYST, columns("c.one", "id"))),
    ("on a place", OptIn(ANALYST, location("lake"))),
    ("of nobody known", OptIn(None, database("b"))),
]
OPENED_TO_ALL = gives(
    (EVERYONE, "ALL", table("c.one")),
    (EVERYONE, "CREATE_TABLE", database("e")),
    (EVERYBODY_HERE, "SELECT", table("hr.notes")),
)
OPTINS = [
    *((f"an opt-in gone {name}", opted(one), opted()) for name, one in ONE_BY_ONE),
    *((f"an opt-in gone {name}, IAM allowed", opted(one, grants=OPENED_TO_ALL), opted(grants=OPENED_TO_ALL)) for name, one in ONE_BY_ONE[2:11]),
    ("an opt-in gone from what the account may read", opted(OptIn(ANALYST, HR), OptIn(MARKETING, table("hr.notes")), grants=OPENED_TO_ALL), opted(grants=OPENED_TO_ALL)),
    *((f"an opt-in gone, {one.name} not known", opted(OptIn(ANALYST, database("c"))), opted(gaps=[gap(one)]))
      for one in (Facts.LOCATIONS, Facts.GRANTS, Facts.TABLES, Facts.DATABASES, Facts.ASSIGNMENTS, Facts.OPTINS, Facts.TAGS)),
    *both("opt-ins in other words", opted(OptIn(ANALYST, table("sales.orders")), OptIn(MARKETING, columns("sales.orders", "id")), OptIn(ENGINEER, SALES), OptIn(AUDITOR, all_tables("hr"), "c")),
          opted(OptIn(ANALYST, columns("sales.orders", "id")), OptIn(MARKETING, all_tables("sales")), OptIn(ENGINEER, all_tables("sales")), OptIn(AUDITOR, table("hr.notes")), OptIn(STRANGERS, table("far.away")))),
]  # fmt: skip


def typed(text: str | None, kinds: dict[str, str], live: str | None = "", **more: Any) -> Lake:
    found = tuple(normal.column(name, kind) for name, kind in kinds.items())
    some, far, idle = cells("sales.orders", "some"), cells("far.away", "f"), cells("sales.orders", "idle")
    grants = gives(
        (ANALYST, "SELECT", some),
        (MARKETING, "SELECT", some),
        (MARKETING, "SELECT", all_tables("sales")),
        (ENGINEER, "SELECT", far),
    )
    return lake(
        grants,
        [replace(ORDERS, columns=found, **more), CLIENTS],
        filters={far: (AllExcept(), "id = 1"), idle: (AllExcept(), "id = 2"), some: (AllExcept(), text)},
    )


KINDS_THEN, KINDS_NOW = (
    {"id": "bigint", "email": "", "a_b": "struct<a: int>", "c": "odd type"},
    {"id": "double", "email": "string", "a_b": "STRUCT<A:INT>", "c": "oddtype"},
)
RETYPED = [
    *(pair for text in ("id > 1", "email = 'a' and id = 1", "known(a_b) and id = 1", "c = 1", "not known(id) §", "a_b = 1", '"email" = 1', None)
      for pair in both(f"other types behind {text}", typed(text, KINDS_THEN), typed(text, KINDS_NOW))),
    ("other types behind a filter of other text", typed("id > 1", KINDS_THEN), typed("email = 'a'", KINDS_NOW)),
    ("other types behind a filter that shows all", typed("id > 1", KINDS_THEN), typed(None, KINDS_NOW)),
    ("types that were hidden", typed("id > 1 and email = 'a'", KINDS_THEN, hidden=frozenset({"columns.id.type"})), typed("id > 1 and email = 'a'", KINDS_NOW)),
]  # fmt: skip

# ---------------------------------------------------------------------------------------------- what lies beneath
PLACED = [
    ORDERS,
    CLIENTS,
    NOTES,
    seeing("sales.v", "hr.notes", "sales.w"),
    seeing("sales.w", "sales.v", "hr.notes", "sales.orders"),
    seeing("sales.x", "far.away"),
]
MASK = Principal(f"arn:aws:glue:us-east-1:{ACCOUNT}:userDefinedFunction/sales/mask")
OTHER_MASK = Principal(f"arn:aws:glue:us-east-1:{ACCOUNT}:userDefinedFunction/sales/other")


def beneath(*rows: tuple[Principal | None, str, Any], **more: Any) -> Lake:
    grants = gives(
        (MASK, "SELECT", table("hr.notes")),
        (MASK, "SELECT", table("sales.orders")),
        (OTHER_MASK, "SELECT", table("hr.notes")),
        *rows,
    )
    return lake(
        grants,
        PLACED,
        [DatabaseInfo(SALES, f"{LAKE}/sales"), DatabaseInfo(HR)],
        saved={"ours": tagged(domain="sales")},
        locations=[Location(f"{LAKE}/sales")],
        **more,
    )


DOMAIN = LFTag(ACCOUNT, "domain", frozenset({"sales"}))
MAKERS: list[tuple[str, Any]] = [("ALTER", table("hr.notes")), ("ALTER", tagged(domain="sales")), ("CREATE_TABLE", tagged("DATABASE", domain="sales")), ("CREATE_DATABASE", CATALOG),
                                 ("CREATE_TABLE", HR), ("DESCRIBE", HR), ("DROP", table("hr.notes")), ("ASSOCIATE", LFTag(ACCOUNT, "sensitivity", frozenset({"*"})))]  # fmt: skip
BENEATH = [
    *((f"a place for one who may {names} on {type(on).__name__}", beneath((ANALYST, names, on)), beneath((ANALYST, names, on), (ANALYST, "DATA_LOCATION_ACCESS", location("lake")))) for names, on in MAKERS),
    ("a place for a member of a group that creates", beneath((EVERYBODY_HERE, "CREATE_TABLE", HR)), beneath((EVERYBODY_HERE, "CREATE_TABLE", HR), (ANALYST, "DATA_LOCATION_ACCESS", location("lake/hr")))),
    *((f"creating in {one.name} with a place of {who}", beneath((who, "DATA_LOCATION_ACCESS", location("lake/hr"))), beneath((who, "DATA_LOCATION_ACCESS", location("lake/hr")), (ANALYST, "CREATE_TABLE", one)))
      for one in (HR, SALES) for who in (ANALYST, EVERYBODY_HERE, MARKETING)),
    *((f"a tag for one with grants by {name}", beneath((who, "SELECT", on)), beneath((who, "SELECT", on), (ANALYST, "ASSOCIATE", DOMAIN)))
      for name, who, on in (("it", ANALYST, tagged(domain="hr", sensitivity="public")), ("another", ANALYST, tagged(sensitivity="public")), ("an expression", ANALYST, tagged(saved="ours")),
                            ("a lost one", ANALYST, tagged(saved="lost")), ("the group's", EVERYBODY_HERE, tagged(domain="sales")), ("name", ANALYST, table("sales.orders")))),
    *((f"functions {name}", beneath(), beneath((ANALYST, "EXECUTE", Function(ACCOUNT, "sales", name)))) for name in ("mask", "other", "*", "none")),
    ("views that read each other", beneath(), beneath((ANALYST, "SELECT", table("sales.v")), (MARKETING, "SELECT", table("sales.w")), (ENGINEER, "SELECT", table("sales.x")))),
    ("views for one who reads some", beneath((ANALYST, "SELECT", columns("hr.notes", "id")), (ANALYST, "SELECT", but("hr.notes", "id")), (ANALYST, "SELECT", columns("sales.orders", "id"))),
     beneath((ANALYST, "SELECT", columns("hr.notes", "id")), (ANALYST, "SELECT", but("hr.notes", "id")), (ANALYST, "SELECT", columns("sales.orders", "id")), (ANALYST, "SELECT", table("sales.w")))),
    ("creating databases", beneath(), beneath((ANALYST, "CREATE_DATABASE", CATALOG), (MARKETING, "CREATE_CATALOG", CATALOG))),
]  # fmt: skip

# ------------------------------------------------------------------------------------------------------ tags and catalogs
OTHER = f"{ACCOUNT}:a"
FAR = replace(whole("far.away"), id=Table(OTHER, "far", "away"))


def carrying(held: dict[Any, dict[str, str]], *rows: tuple[Principal | None, str, Any]) -> Lake:
    some = gives((ANALYST, "SELECT", tagged(domain="sales")), (MARKETING, "SELECT ALTER", tagged(sensitivity="internal")),
                 (ENGINEER, "SELECT", tagged(domain="sales", sensitivity="internal")), *rows)  # fmt: skip
    tags = {SALES: {"domain": "sales", "sensitivity": "internal"}, database("far"): {"domain": "sales"}, **held}
    return lake(some, [ORDERS, CLIENTS, FAR], [DatabaseInfo(SALES)], tags=tags)


ELSEWHERE = [structs.replace(tagged(domain="sales"), catalog=OTHER), structs.replace(tagged("DATABASE", domain="sales"), catalog=OTHER), AnyResource(OTHER, "TABLE"), AnyResource(OTHER, "DATABASE"),
             Catalog(OTHER), Database(OTHER, "far"), AllTables(OTHER, "far"), FAR.id]  # fmt: skip
CARRYING = [
    *both("columns that carry tags of different keys", carrying({}), carrying({column("sales.orders", "id"): {"domain": "hr"}, column("sales.orders", "email"): {"sensitivity": "restricted"},
                                                                               column("sales.clients", "id"): {"sensitivity": "restricted"}, column("sales.clients", "gone"): {"domain": "hr"}})),
    *both("grants in another catalog", carrying({}), carrying({}, *((AUDITOR, names, on) for on in ELSEWHERE for names in ("DESCRIBE", "ALL")))),
    *((f"a grant on {type(on).__name__} {number} beside what is read", carrying({}, (AUDITOR, "SELECT", FAR.id), (AUDITOR, "SELECT", table("sales.orders"))), carrying({}, (AUDITOR, "ALL" if isinstance(on, Catalog | Database) else "SELECT", on)))
      for number, on in enumerate(ELSEWHERE)),
]  # fmt: skip

CORNERS: list[Pair] = [
    *((name, policies(*declared), policies(*live)) for name, declared, live, _, _ in STATEMENTS),
    *((f"{name}, the other way", policies(*live), policies(*declared)) for name, declared, live, _, _ in STATEMENTS),
    ("policies that cannot be read", lake([READ], policies=["{}", "x\x1b"]), lake([READ], policies=["[]"])),
    ("a policy in two documents", policies(statement(), statement("a:B")), replace(policies(statement()), policies=(*policies(statement("a:B")).policies, ResourcePolicy("{}")))),
    ("row policies", rowed(), ROWED),
    *BASES, *MOVED, *TABLES, *TAGS, *ALL_VIEWS, *SETTINGS, *DEFAULTS, *CATALOGS, *PLACES, *OPTINS, *RETYPED, *BENEATH, *CARRYING,
]  # fmt: skip
"""Name, declared, live."""


@pytest.mark.parametrize(("name", "declared", "live"), CORNERS, ids=[one[0] for one in CORNERS])
def test_nothing_is_found_of_a_corner_beside_itself(name: str, declared: Lake, live: Lake) -> None:
    quiet = {"FL126", "FL125", "FL127", "FL150", "FL151"}
    for one in (declared, live):
        if len(one.settings) > 1:
            continue  # stacks that contradict each other
        assert not [found.message for found in compare(one, one).findings if found.rule not in quiet]
