"""Edges of the comparison: small parts against a slow reading of the same, and lakes in which many things move at once.

What is told of the lakes in ``EDGES`` is held word for word (``test_compare_told.py``).
"""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from typing import Any

import pytest
from small_lakes import (
    ACCOUNT,
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

from checks import normal, semantics
from checks.compare import compare, unseen
from checks.compare.orphans import orphans
from checks.compare.policies import _glob
from checks.compare.sides import Sides
from checks.compare.tagmatch import Matcher, numbers
from checks.model import (
    EVERYONE,
    AllExcept,
    AnyResource,
    Catalog,
    CatalogInfo,
    DatabaseInfo,
    Evidence,
    Expression,
    Facts,
    Function,
    Gap,
    Grant,
    IdentityCenter,
    Lake,
    LFTag,
    Location,
    Only,
    OptIn,
    PartitionPlace,
    Permission,
    Principal,
    RLSAttachment,
    Side,
    TableInfo,
    TagPolicy,
    UnknownResource,
    Verdict,
)


# --------------------------------------------------------------------------------------------------------- small parts
def test_a_pattern_matches_what_a_regular_expression_says() -> None:
    texts = ["".join(some) for size in range(5) for some in itertools.product("ab", repeat=size)]
    for size in range(5):
        for some in itertools.product("ab*?", repeat=size):
            wide = "".join(some)
            slow = re.compile(wide.replace("*", ".*").replace("?", "."))
            assert [_glob(wide, one) for one in texts] == [slow.fullmatch(one) is not None for one in texts], wide


def test_many_expressions_at_once_mean_what_each_of_them_means() -> None:
    values = [frozenset(some) for some in ("", "x", "xy", "*", "*x")]
    bodies: list[Expression | None] = [None, ()]
    bodies += [(("a", one),) for one in values]
    bodies += [(("a", one), ("b", other)) for one in values for other in values]
    bodies += [(("a", one), ("a", other)) for one in values for other in values]
    matcher = Matcher(bodies)
    for a, b in itertools.product(("x", "y", "z", None), repeat=2):
        tags = {key: value for key, value in (("a", a), ("b", b)) if value is not None}
        expected = {n for n, body in enumerate(bodies) if body is not None and semantics.matches(body, tags)}
        assert set(numbers(matcher.match(tags))) == expected


KINDS = {
    Facts.GRANTS: "grant",
    Facts.SETTINGS: "setting",
    Facts.ASSIGNMENTS: "tag",
    Facts.TAGS: "tag",
    Facts.FILTERS: "filter",
    Facts.LOCATIONS: "location",
    Facts.OPTINS: "optin",
    Facts.TABLES: "table",
    Facts.DATABASES: "database",
    Facts.POLICIES: "policy",
    Facts.RLS: "policy",
    Facts.EXPRESSIONS: "expression",
    Facts.FUNCTIONS: "function",
    Facts.CATALOGS: "catalog",
    Facts.CALLER: "role",
}


@pytest.mark.parametrize("facts", list(Facts))
def test_every_gap_is_a_finding_about_its_kind_of_thing(facts: Facts) -> None:
    for side, rule, is_ in ((Side.LIVE, "FL150", "is live"), (Side.DECLARED, "FL151", "is declared")):
        for scope, place in (
            (table("sales.orders"), " of sales.orders"),
            (UnknownResource(ACCOUNT, "{}"), ""),
            (None, ""),
        ):
            found = unseen(Gap(side, "a\x1bsource", "it was\u202erefused", facts, scope, principal=ANALYST), HERE)
            assert (found.rule, found.verdict, found.subject.principal) == (rule, Verdict.UNKNOWN, ANALYST)
            assert found.subject.kind == KINDS.get(facts, facts.value)
            assert found.subject.resource == (CATALOG if scope is None else scope)
            assert "\x1b" not in found.message
            assert "\u202e" not in found.message
            if facts is Facts.CALLER:
                assert found.message.startswith("the view may be partial: a")
            elif facts is Facts.OTHER:
                assert found.message.startswith("something could not be understood: a")
            else:
                assert found.message.startswith(f"what {is_} of {facts.value}{place} is not wholly known: a")


def test_a_role_that_is_gone_shows_its_first_grants_by_name() -> None:
    who, number = role("gone"), itertools.count()
    grants = [
        replace(one, evidence=Evidence(Side.LIVE, next(number), ""))
        for name in sorted((f"t{at:02}" for at in range(25)), reverse=True)
        for one in give(who, "SELECT", table(f"sales.{name}"))
    ]
    sides = Sides(lake(), replace(lake([grants]), missing_roles=frozenset({(ACCOUNT, "gone")})))
    orphans(sides)
    (found,) = sides.findings
    assert {one.line for one in found.evidence} == {*range(5, 25)}
    assert found.message.endswith("holds its 25 grants")


# ---------------------------------------------------------------------------------------------------- lakes for golden
HR, SALES = database("hr"), database("sales")
WIDE = whole("sales.orders", "id email ssn amount active phone")
WAREHOUSE = whole("sales.items", "id amount", days=False)
LAKE = "arn:aws:s3:::lake"
FROM_HERE_TWO = {
    SALES: {"domain": "sales", "sensitivity": "internal"},
    HR: {"domain": "hr", "sensitivity": "restricted"},
    column("sales.orders", "ssn"): {"sensitivity": "restricted"},
    column("sales.clients", "phone"): {"domain": "hr"},
}
CITY = {table("sales.orders"): {"domain": "sales"}, SALES: {"sensitivity": "internal"}}


def gives(*rows: tuple[Principal | None, str, Any]) -> list[list[Grant]]:
    return [give(who, names, on) for who, names, on in rows]


def but_for(one: Lake, **members: Any) -> Lake:
    return replace(one, **members)


def center(*instances: str, recipients: str = "", targets: str = "") -> tuple[IdentityCenter, ...]:
    return tuple(
        IdentityCenter(f"arn:aws:sso:::instance/{one}", None, frozenset(recipients.split()), frozenset(targets.split()))
        for one in instances
    )


def places(*found: Location) -> Lake:
    return lake(gives((ANALYST, "SELECT", table("sales.orders"))), locations=found)


def opted(*found: OptIn) -> Lake:
    return lake(gives((ANALYST, "SELECT", table("sales.orders"))), optins=found)


POLICIES = gives(
    (ANALYST, "CREATE_TABLE ALTER", tagged("DATABASE", domain="sales")),
    (MARKETING, "DESCRIBE", tagged("DATABASE", domain="hr", sensitivity="internal")),
    (ENGINEER, "DROP", tagged("DATABASE", saved="ours")),
    (EVERYBODY_HERE, "ALTER", tagged("DATABASE", sensitivity="public internal")),
    (AUDITOR, "ALL", tagged("DATABASE", domain="*")),
)


def bases(sales: dict[str, str], hr: dict[str, str], ours: str = "sales") -> Lake:
    return lake(POLICIES, tags={SALES: sales, HR: hr}, saved={"ours": tagged(domain=ours)})


FILTERS = gives(
    (ANALYST, "SELECT", cells("sales.orders", "eu")),
    (MARKETING, "SELECT", cells("sales.orders", "eu")),
    (MARKETING, "SELECT", cells("sales.orders", "us")),
    (ENGINEER, "SELECT", but("sales.orders", "ssn")),
    (EVERYBODY_HERE, "SELECT", cells("sales.clients", "few")),
)


def filtered(
    eu: str | None, us: str | None, few: str | None = "id = 1", unused: str | None = "id > 3", **shown: Any
) -> Lake:
    return lake(
        FILTERS,
        filters={
            cells("sales.orders", "eu"): (shown.get("eu_shows", AllExcept(frozenset({"ssn"}))), eu),
            cells("sales.orders", "us"): (shown.get("us_shows", Only(frozenset({"id", "email"}))), us),
            cells("sales.clients", "few"): (shown.get("few_shows", AllExcept()), few),
            cells("hr.notes", "unused"): (shown.get("unused_shows", Only(frozenset({"id"}))), unused),
        },
    )


TAGGED = gives(
    (ANALYST, "SELECT", tagged(sensitivity="public internal")),
    (MARKETING, "SELECT DESCRIBE", tagged(sensitivity="internal", domain="sales hr")),
    (ENGINEER, "ALTER DROP", tagged(saved="ours")),
    (MARKETING, "SELECT", tagged(saved="ours")),
    (EVERYBODY_HERE, "SELECT", tagged(saved="theirs")),
    (STRANGERS, "DESCRIBE", tagged(domain="hr")),
    (None, "SELECT", tagged(domain="hr")),
)


def marked(
    tags: dict[Any, dict[str, str]], ours: str = "sales", theirs: str = "restricted", idle: str = "public", **more: Any
) -> Lake:
    saved = {"ours": tagged(domain=ours), "theirs": tagged(sensitivity=theirs), "idle": tagged(sensitivity=idle)}
    tables = more.pop("tables", [WIDE, CLIENTS, NOTES, WAREHOUSE])
    return lake([*TAGGED, *more.pop("grants", [])], tables, tags=tags, saved=saved, **more)


FROM_HERE = {
    SALES: {"domain": "sales", "sensitivity": "internal"},
    HR: {"domain": "hr", "sensitivity": "restricted"},
    column("sales.orders", "ssn"): {"sensitivity": "restricted"},
    column("sales.orders", "phone"): {"sensitivity": "confidential"},
    table("sales.clients"): {"sensitivity": "confidential"},
}


def view(name: str, *reads: str, definer: Principal | None = ADMIN) -> TableInfo:
    below = frozenset(map(table, reads)) if reads else None
    return replace(whole(name, "id", days=False), table_type="VIRTUAL_VIEW", view_definer=definer, view_reads=below)


VIEWS = [
    view("sales.wide", "sales.orders", "sales.clients", "hr.notes", "sales.items"),
    view("sales.three", "sales.orders", "sales.clients", "hr.notes"),
    view("sales.over", "sales.three"),
    view("sales.dark"),
    view("sales.plain", "hr.notes", definer=None),
]
EVERYTHING = gives(
    (ANALYST, "ALL", CATALOG),
    (ANALYST, "SUPER_USER", CATALOG),
    (ANALYST, "CREATE_DATABASE", CATALOG),
    (MARKETING, "ALL", SALES),
    (MARKETING, "CREATE_TABLE", HR),
    (MARKETING, "SELECT DESCRIBE", all_tables("hr")),
    (ENGINEER, "ALL SELECT", table("sales.orders")),
    (ENGINEER, "SELECT", columns("sales.clients", "id", "phone")),
    (ENGINEER, "SELECT", but("hr.notes", "body")),
    (AUDITOR, "SELECT", cells("sales.orders", "eu")),
    (AUDITOR, "DATA_LOCATION_ACCESS", location("lake")),
    (AUDITOR, "ASSOCIATE DESCRIBE", LFTag(ACCOUNT, "domain", frozenset({"hr"}))),
    (AUDITOR, "SELECT", tagged(domain="hr")),
    (STRANGERS, "SELECT", tagged(sensitivity="internal", domain="sales")),
    (STRANGERS, "DESCRIBE", tagged("DATABASE", domain="hr")),
    (STRANGERS, "SELECT", tagged(saved="ours")),
    (EVERYBODY_HERE, "EXECUTE", Function(ACCOUNT, "sales", "mask")),
    (EVERYBODY_HERE, "EXECUTE", Function(ACCOUNT, "hr", "*")),
    (EVERYONE, "ALL", table("hr.notes")),
    (EVERYONE, "SELECT", AnyResource(ACCOUNT, "TABLE")),
    (role("gone"), "SELECT", table("sales.orders")),
    (role("gone"), "ALL", SALES),
    (Principal(f"arn:aws:glue:us-east-1:{ACCOUNT}:userDefinedFunction/sales/mask"), "SELECT", table("hr.notes")),
)


def full(grants: list[list[Grant]], **more: Any) -> Lake:
    return replace(
        lake(
            grants,
            [ORDERS, CLIENTS, NOTES, WAREHOUSE, *VIEWS],
            databases=[DatabaseInfo(SALES, f"{LAKE}/sales"), DatabaseInfo(HR)],
            tags=FROM_HERE,
            saved={"ours": tagged(domain="sales")},
            filters={cells("sales.orders", "eu"): (AllExcept(), "id > 1")},
            locations=[Location(LAKE)],
        ),
        **more,
    )


DEFAULTS = frozenset({(Principal("IAM_ALLOWED_PRINCIPALS"), frozenset({Permission("ALL")}))})
TWO_DEFAULTS = DEFAULTS | {(ANALYST, frozenset({Permission("SELECT"), Permission("DESCRIBE")}))}


def nested(**catalogs: dict[str, Any]) -> Lake:
    found = {
        Catalog(f"{ACCOUNT}:{name}"): CatalogInfo(Catalog(f"{ACCOUNT}:{name}"), **members)
        for name, members in catalogs.items()
    }
    return replace(lake(gives((ANALYST, "SELECT", table("sales.orders")))), catalogs=found)


def settled(**members: Any) -> Lake:
    settings = {"DataLakeAdmins": [ADMIN], "ReadOnlyAdmins": [], "CreateTableDefaultPermissions": [], **members}
    return lake(gives((ANALYST, "SELECT", table("sales.orders"))), settings=settings)


EDGES: list[tuple[str, Lake, Lake]] = [
    ("registrations side by side", places(Location(LAKE, "r"), Location(f"{LAKE}/a", None), Location(f"{LAKE}/b", "r", hybrid=True)),
     places(Location(LAKE, "r"), Location(f"{LAKE}/a", "linked"), Location(f"{LAKE}/b", "other", federation=True))),
    ("registrations loosened one by one", places(Location(f"{LAKE}/a", "r"), Location(f"{LAKE}/b", "r"), Location(f"{LAKE}/sales", "r")),
     places(Location(f"{LAKE}/a", "r", hybrid=True), Location(f"{LAKE}/b", "r", privileged=True), Location(f"{LAKE}/sales", "s"))),
    ("registrations nobody declared", places(Location(f"{LAKE}/sales")),
     places(Location(f"{LAKE}/sales"), Location(f"{LAKE}/sales/orders"), Location("arn:aws:s3:::lake2", hybrid=True), Location(LAKE, privileged=True))),
    ("a hybrid registration inside a strict one", places(Location(LAKE)),
     places(Location(LAKE), Location(f"{LAKE}/sales/orders", hybrid=True, federation=True), Location(f"{LAKE}/hr", "x", federation=True))),
    ("opt-ins", opted(OptIn(ANALYST, table("sales.orders")), OptIn(MARKETING, SALES), OptIn(ENGINEER, location("lake")), OptIn(ADMIN, HR),
                      OptIn(None, HR), OptIn(AUDITOR, columns("sales.orders", "id")), OptIn(ENGINEER, table("hr.notes"), "c")),
     opted(OptIn(ANALYST, SALES), OptIn(ADMIN, HR), OptIn(AUDITOR, table("hr.notes")), OptIn(MARKETING, HR), OptIn(ENGINEER, table("hr.notes"), "d"))),
    ("opt-ins held in other ways", opted(OptIn(ANALYST, columns("sales.orders", "id")), OptIn(ENGINEER, table("hr.notes"), "c")),
     opted(OptIn(ANALYST, all_tables("sales")), OptIn(ENGINEER, HR))),
    ("tags of databases", bases({"domain": "hr", "sensitivity": "restricted"}, {"domain": "hr", "sensitivity": "restricted"}),
     bases({"domain": "sales", "sensitivity": "internal"}, {"domain": "hr", "sensitivity": "internal"})),
    ("a tag of a database gone, an expression of databases edited", bases({"domain": "sales"}, {"domain": "hr"}), bases({}, {"domain": "hr"}, "hr sales")),
    ("an expression of databases edited", bases({"domain": "sales"}, {"domain": "hr", "sensitivity": "public"}), bases({"domain": "sales"}, {"domain": "hr", "sensitivity": "public"}, "hr")),
    ("filters loosened", filtered("id = 1", "id < 5", eu_shows=Only(frozenset({"id"}))), filtered("id in (1, 2)", None)),
    ("filters tightened and shifted", filtered("id > 1 and email = 'a'", "id < 5"), filtered("id > 1 and email = 'b'", "id < 4", few="id = 2")),
    ("filters in other words", filtered("id > 1", "id < 5"), filtered("not (id <= 1)", "id <= 4", few="1 = id", unused="id >= 4")),
    ("filters that cannot be ordered", filtered("upper(email) = 'A'", "id < 5"), filtered("lower(email) = 'a'", "id < 5", unused="upper(id) = 1")),
    ("filters for columns to come", filtered("id > 1", "id < 5", eu_shows=Only(frozenset({"id", "email", "day"}))), filtered("id > 1", "id < 5", us_shows=AllExcept(frozenset({"ssn", "day"})), few="id = 1")),
    ("a filter that shows every column to come", filtered(None, "id < 5", eu_shows=Only(frozenset({"id", "email", "ssn", "day"}))), filtered(None, "id < 5", eu_shows=AllExcept())),
    ("an unused filter widened", filtered("id > 1", "id < 5"), filtered("id > 1", "id < 5", unused=None)),
    ("tags moved everywhere", marked(FROM_HERE), marked({**FROM_HERE, SALES: {"domain": "hr", "sensitivity": "public"}, HR: {"domain": "hr", "sensitivity": "internal"}})),
    ("tags moved on columns and tables", marked(FROM_HERE), marked({
        SALES: FROM_HERE[SALES], HR: FROM_HERE[HR], column("sales.orders", "phone"): {"sensitivity": "internal"},
        column("sales.orders", "email"): {"sensitivity": "restricted"}, table("sales.items"): {"domain": "hr"}})),
    ("three expressions edited", marked(FROM_HERE), marked(FROM_HERE, "hr sales", "restricted confidential", "internal")),
    ("expressions that mean nothing new", marked(FROM_HERE), marked(FROM_HERE, "sales nowhere", "restricted", "public nothing")),
    ("tags and expressions together", marked(FROM_HERE), marked({**FROM_HERE, HR: {"domain": "sales", "sensitivity": "internal"}}, "hr", "internal")),
    ("tags together with a grant", marked(FROM_HERE), marked({**FROM_HERE, HR: {"domain": "hr", "sensitivity": "internal"}}, grants=gives(
        (ANALYST, "SELECT", table("hr.notes")), (MARKETING, "SELECT", all_tables("hr")), (ENGINEER, "SELECT", CATALOG)))),
    ("columns and tables that came", marked(FROM_HERE), marked(FROM_HERE, tables=[whole("sales.orders", "id email ssn amount active phone fax"), CLIENTS, whole("hr.notes", "id"), whole("sales.news", "id")])),
    ("expressions missing and strange", marked(FROM_HERE), replace(marked(FROM_HERE), expressions={})),
    ("everything at once from nothing", full([]), full(EVERYTHING, missing_roles=frozenset({(ACCOUNT, "gone")}))),
    ("everything lent", full(EVERYTHING), full([*EVERYTHING, *(give(one.principal, " ".join(one.permissions), one.resource, " ".join(one.permissions)) for some in EVERYTHING for one in some)])),
    ("views through views", full(gives((ANALYST, "SELECT", table("sales.orders")))), full(gives(
        (ANALYST, "SELECT", table("sales.orders")), *((ANALYST, "SELECT", one.id) for one in VIEWS)))),
    ("views to several", full([]), full(gives((MARKETING, "SELECT", all_tables("sales")), (AUDITOR, "SELECT", but("sales.wide", "day")), (AUDITOR, "SELECT", table("sales.over"))))),
    ("partitions elsewhere", full(gives((ANALYST, "SELECT", table("sales.orders")))), full(gives((ANALYST, "SELECT", table("sales.orders"))), partitions=tuple(
        PartitionPlace(table("sales.orders"), f"arn:aws:s3:::else/{one}") for one in range(3)))),
    ("one partition elsewhere", full(gives((ANALYST, "SELECT", table("sales.orders")))), full(gives((ANALYST, "SELECT", table("sales.orders"))), partitions=(
        PartitionPlace(table("sales.orders"), "arn:aws:s3:::else/1"), PartitionPlace(table("hr.notes"), "arn:aws:s3:::else/2")))),
    ("identity centers", full([], identity_centers=center("a", "b", "c")), full([], identity_centers=center("b", "d", recipients="444455556666"), identity_center_read=True)),
    ("the same identity center", full([], identity_centers=center("a")), full([], identity_centers=center("a", targets="arn:app"), identity_center_read=True)),
    ("one identity center, equal", full([], identity_centers=center("a")), full([], identity_centers=center("a"), identity_center_read=True)),
    ("an identity center nobody declared", full([]), full([], identity_centers=center("a"), identity_center_read=True)),
    ("an identity center that was not read", full([], identity_centers=center("a", "b")), full([])),
    ("nested catalogs", nested(a={"database_defaults": frozenset()}, b={"table_defaults": DEFAULTS}, c={"description": "x"}, d={"full_table_external": False}),
     nested(a={"database_defaults": DEFAULTS}, b={"table_defaults": TWO_DEFAULTS}, c={"description": "y"}, d={"full_table_external": True}, e={"table_defaults": DEFAULTS})),
    ("nested catalogs closed", nested(a={"database_defaults": TWO_DEFAULTS}, b={"table_defaults": DEFAULTS}, c={"full_table_external": True}),
     nested(a={"database_defaults": DEFAULTS}, b={"table_defaults": frozenset()}, c={"full_table_external": False})),
    ("defaults of databases", but_for(lake(databases=[DatabaseInfo(SALES, table_defaults=frozenset()), DatabaseInfo(HR, table_defaults=TWO_DEFAULTS)])),
     lake(databases=[DatabaseInfo(SALES, table_defaults=TWO_DEFAULTS), DatabaseInfo(HR, table_defaults=DEFAULTS)])),
    ("settings opened", settled(AllowExternalDataFiltering=False, Parameters=["a"], TrustedResourceOwners=[]),
     settled(DataLakeAdmins=[ADMIN, MARKETING], ReadOnlyAdmins=[AUDITOR], CreateTableDefaultPermissions=["IAM_ALLOWED_PRINCIPALS: ALL", f"{ANALYST}: DESCRIBE,SELECT"],
             AllowExternalDataFiltering=True, TrustedResourceOwners=["444455556666"], AuthorizedSessionTagValueList=["x"], ExternalDataFilteringAllowList=["444455556666"])),
    ("settings closed", settled(DataLakeAdmins=[ADMIN, MARKETING], CreateTableDefaultPermissions=["IAM_ALLOWED_PRINCIPALS: ALL"], AllowFullTableExternalDataAccess=True),
     settled(AllowFullTableExternalDataAccess=False)),
    ("row policies", full(gives((ANALYST, "SELECT", table("sales.orders")))), full(gives((ANALYST, "SELECT", table("sales.orders"))), rls=(
        RLSAttachment("p", table("sales.orders"), ANALYST), RLSAttachment("q", SALES, None, default=True), RLSAttachment("r", tagged(domain="hr"), MARKETING, condition="c")))),
    ("gaps on both sides", lake(gives((ANALYST, "SELECT", table("sales.orders"))), gaps=[Gap(Side.DECLARED, "x", "secret", Facts.GRANTS, table("hr.notes"))]),
     lake(gives((ANALYST, "SELECT", table("hr.notes"))), gaps=[Gap(Side.LIVE, "y", "denied", Facts.ASSIGNMENTS), Gap(Side.LIVE, "y", "denied", Facts.FILTERS)])),
]  # fmt: skip
"""Name, declared, live."""


REAL = TableInfo(table("sales.real"), tuple(map(normal.column, ("id", "amount", "word"), ("bigint", "double", "varchar(3)"))),
                 (normal.column("day", "string"),), f"{LAKE}/sales/real")  # fmt: skip
CONDITION = 'context.iam.principalTags.hasTag("team")'
LINKED = [
    ORDERS,
    NOTES,
    replace(whole("sales.link"), columns=None, link_to=table("hr.notes"), location=None),
    replace(whole("far.away"), created_by=f"arn:aws:iam::{ACCOUNT}:role/engineer"),
]
FAR = [
    DatabaseInfo(SALES),
    DatabaseInfo(HR),
    DatabaseInfo(database("near"), link_to=HR),
    DatabaseInfo(database("far")),
]
BLANK = [replace(ORDERS, columns=None, partition_keys=()), CLIENTS, NOTES]
READ_ALL = gives((ANALYST, "SELECT", all_tables("sales")), (MARKETING, "SELECT DESCRIBE", tagged(domain="sales")))


def real(text: str, *grants: list[Grant]) -> Lake:
    return lake(
        [give(ANALYST, "SELECT", cells("sales.real", "some")), *grants],
        [REAL, NOTES],
        filters={cells("sales.real", "some"): (AllExcept(frozenset({"id"})), text)},
    )


def conditional(tags: dict[Any, dict[str, str]]) -> Lake:
    return lake(
        [give(who, "SELECT", on, condition=one) for who in (ANALYST, EVERYBODY_HERE) for one in (None, CONDITION)
         for on in (tagged(domain="sales"), cells("hr.notes", "some"))],
        tags=tags,
        filters={cells("hr.notes", "some"): (AllExcept(), "id > 1")},
    )  # fmt: skip


EDGES += [
    ("an expression that only live grants name", marked(FROM_HERE), marked(FROM_HERE, "sales hr", "restricted internal", "public restricted", grants=gives(
        (AUDITOR, "SELECT DESCRIBE", tagged(saved="idle")), (AUDITOR, "ALTER CREATE_TABLE", tagged("DATABASE", saved="ours")),
        (STRANGERS, "ALTER", tagged(saved="idle")), (ADMIN, "DESCRIBE", tagged("DATABASE", saved="idle"))))),
    ("a filter that means more on one engine", real("not (amount > 5)"), real("amount <= 5")),
    ("a filter that means less on one engine", real("amount <= 5"), real("not (amount > 5)")),
    ("a filter beside another on one engine", real("amount > 1"), real("amount > 1", give(MARKETING, "SELECT", cells("sales.real", "some")), give(ANALYST, "SELECT", columns("sales.real", "day", "word")))),
    ("grants that contain others", lake(gives((ANALYST, "DATA_LOCATION_ACCESS", location("lake/sales")), (ANALYST, "ASSOCIATE", LFTag(ACCOUNT, "domain", frozenset({"hr"}))),
        (ANALYST, "EXECUTE", Function(ACCOUNT, "sales", "mask")), (MARKETING, "SELECT", table("sales.orders")), (MARKETING, "SELECT", cells("sales.clients", "few")),
        (ENGINEER, "CREATE_TABLE", SALES), (ENGINEER, "SELECT", tagged(domain="hr")), (AUDITOR, "DESCRIBE", tagged("DATABASE", domain="hr"))), tags=FROM_HERE_TWO),
     lake(gives((ANALYST, "DATA_LOCATION_ACCESS", location("lake")), (ANALYST, "ASSOCIATE", LFTag(ACCOUNT, "domain", frozenset({"hr", "sales"}))),
        (ANALYST, "EXECUTE", Function(ACCOUNT, "sales", "*")), (MARKETING, "SELECT", all_tables("sales")), (MARKETING, "SELECT", table("sales.clients")),
        (ENGINEER, "SUPER_USER", CATALOG), (ENGINEER, "SELECT", tagged(domain="hr sales")), (AUDITOR, "DESCRIBE", tagged("DATABASE", domain="*"))), tags=FROM_HERE_TWO)),
    ("a filter without a body", lake(gives((ANALYST, "SELECT", table("sales.clients")))), lake(gives((ANALYST, "SELECT DESCRIBE", cells("sales.orders", "none")), (MARKETING, "SELECT", tagged(saved="none"))))),
    ("a declared filter without a body", lake(gives((ANALYST, "SELECT DESCRIBE", cells("sales.orders", "none")))), lake(gives((ANALYST, "SELECT", table("sales.clients"))))),
    ("a table whose columns are not known", lake(gives((ENGINEER, "SELECT", columns("sales.clients", "id"))), BLANK), lake(gives(
        (ANALYST, "SELECT", all_tables("sales")), (MARKETING, "SELECT", columns("sales.orders", "id", "ssn")), (ENGINEER, "SELECT", but("sales.orders", "ssn")), (AUDITOR, "SELECT INSERT", table("sales.orders"))), BLANK)),
    ("a table whose columns are known on one side", lake(READ_ALL, [ORDERS, CLIENTS, NOTES], tags=FROM_HERE_TWO), lake([*READ_ALL, *gives((ENGINEER, "SELECT", all_tables("sales")))], BLANK, tags=FROM_HERE_TWO)),
    ("wide grants on tables of other columns", lake(READ_ALL, tags=FROM_HERE_TWO), lake([*READ_ALL, *gives(
        (MARKETING, "SELECT", all_tables("sales")), (ANALYST, "SELECT DESCRIBE", tagged(domain="sales")), (ENGINEER, "SELECT", tagged(domain="*")), (ENGINEER, "SELECT", columns("sales.orders", "id")))],
        [WIDE, whole("sales.clients", "id"), NOTES], tags=FROM_HERE_TWO)),
    ("tag grants beside tag grants", lake(gives((ANALYST, "SELECT", tagged(sensitivity="internal")), (ANALYST, "SELECT", tagged(sensitivity="restricted")), (MARKETING, "SELECT", tagged(domain="hr"))), tags=FROM_HERE_TWO),
     lake(gives((ANALYST, "SELECT", tagged(domain="hr sales")), (MARKETING, "SELECT DESCRIBE ALTER", tagged(sensitivity="*") ), (EVERYBODY_HERE, "DESCRIBE", tagged(sensitivity="internal confidential"))), tags=FROM_HERE_TWO)),
    ("tag grants lost", lake(gives((ANALYST, "SELECT ALTER", tagged(domain="hr sales")), (MARKETING, "SELECT", tagged(sensitivity="*")), (Principal("weird"), "SELECT", table("hr.notes")), (Principal("odd"), "ALTER", SALES)), tags=FROM_HERE_TWO),
     lake(gives((ANALYST, "SELECT", tagged(sensitivity="internal")), (MARKETING, "SELECT", columns("sales.orders", "id", "day"))), tags=FROM_HERE_TWO)),
    ("links and creators", lake(gives((ANALYST, "SELECT", table("hr.notes"))), LINKED, FAR), lake(gives((ANALYST, "SELECT", table("hr.notes")),
        (MARKETING, "DESCRIBE DROP", table("sales.link")), (MARKETING, "DESCRIBE DROP", database("near")), (AUDITOR, "SELECT", table("sales.link")), (AUDITOR, "ALTER DROP", database("near")),
        (ENGINEER, "ALL SELECT", table("far.away")), (ENGINEER, "ALL", database("far")), (ADMIN, "ALL", table("far.away"))), LINKED, FAR)),
    ("conditions and tags", conditional({SALES: {"domain": "hr"}, HR: {"domain": "sales"}}), conditional({SALES: {"domain": "sales"}, HR: {"domain": "hr"}})),
    ("several reasons not to know", lake(gives((ANALYST, "SELECT", cells("sales.orders", "a"))), filters={cells("sales.orders", "a"): (AllExcept(), "upper(email) = 'A'")}),
     lake(gives((ANALYST, "SELECT", cells("sales.orders", "b")), (ANALYST, "SELECT", cells("sales.orders", "c"))), filters={
        cells("sales.orders", "b"): (AllExcept(), "lower(email) = 'a'"), cells("sales.orders", "c"): (AllExcept(), "trim(email) = 'a'")})),
    ("partition keys and what is sensitive", lake(gives((ANALYST, "SELECT", columns("sales.orders", "id"))), tags={column("sales.orders", "ssn"): {"sensitivity": "restricted"}}),
     lake(gives((ANALYST, "SELECT", columns("sales.orders", "id", "day")), (MARKETING, "SELECT", columns("sales.clients", "day")), (ENGINEER, "SELECT", columns("sales.orders", "day", "ssn", "email"))), tags={column("sales.orders", "ssn"): {"sensitivity": "restricted"}})),
    ("permissions beneath SUPER_USER", lake(gives((ANALYST, "SUPER_USER", Catalog(f"{ACCOUNT}:a")), (MARKETING, "SELECT", table("sales.orders")))), lake(gives(
        (ANALYST, "SUPER_USER", CATALOG), (MARKETING, "CREATE_DATABASE DESCRIBE", Catalog(f"{ACCOUNT}:a")), (ENGINEER, "DESCRIBE", CATALOG)))),
]  # fmt: skip


OPEN_TO = ["IAM_ALLOWED_PRINCIPALS: ALL", f"{ANALYST}: DESCRIBE,SELECT"]
HIDDEN = frozenset({"table_defaults", "description", "columns.id.type", "columns.email.comment"})


def typed(**kinds: str) -> TableInfo:
    listed = (normal.column(name, kind, "said" if kind == "text" else "") for name, kind in kinds.items())
    return replace(ORDERS, columns=tuple(listed))


def shared(tags: dict[Any, dict[str, str]], *who: Principal) -> Lake:
    return lake(
        [give(one, "SELECT", on) for one in who for on in (tagged(domain="hr"), cells("sales.orders", "some"))],
        tags=tags,
        filters={cells("sales.orders", "some"): (AllExcept(), "id > 1")},
    )


BY_NAME = gives(
    (ANALYST, "SELECT", tagged(domain="sales")),
    (MARKETING, "SELECT ALTER", tagged(domain="sales")),
    (AUDITOR, "DESCRIBE ALTER", tagged("DATABASE", domain="sales")),
    (EVERYBODY_HERE, "DESCRIBE", tagged(domain="sales")),
)
BY_SAVED = [give(some[0].principal, " ".join(p for row in some for p in row.permissions),
                 tagged(some[0].resource.resource_type, saved="ours"), lend) for some, lend in zip(BY_NAME, ("", "SELECT", "", ""), strict=True)
            if isinstance(some[0].resource, TagPolicy)]  # fmt: skip
DESCRIBED = gives(
    (ANALYST, "SELECT", tagged(domain="sales")),
    (MARKETING, "ALTER", tagged("DATABASE", domain="hr")),
    (ENGINEER, "SELECT", AnyResource(ACCOUNT, "TABLE")),
    (AUDITOR, "SELECT", table("hr.notes")),
    (ADMIN, "EXECUTE", Function(ACCOUNT, "sales", "mask")),
    (STRANGERS, "SELECT", tagged(domain="nowhere")),
    (role("nobody"), "DATA_LOCATION_ACCESS", location("lake")),
)
EDGES += [
    ("an expression edited that live grants name and declared ones spell out", marked(FROM_HERE, grants=BY_NAME), marked(FROM_HERE, "sales hr", grants=BY_SAVED)),
    ("the same, with fewer grants", lake(BY_NAME[:1], tags=FROM_HERE_TWO, saved={"ours": tagged(domain="sales")}), lake(BY_SAVED[:1], tags=FROM_HERE_TWO, saved={"ours": tagged(domain="sales hr")})),
    ("databases that took the settings' defaults", lake(settings={"CreateTableDefaultPermissions": OPEN_TO}, databases=[
        DatabaseInfo(SALES), DatabaseInfo(HR, hidden=HIDDEN, table_defaults=frozenset()), DatabaseInfo(database("a")), DatabaseInfo(database("b"), table_defaults=frozenset())]),
     lake(settings={"CreateTableDefaultPermissions": OPEN_TO}, databases=[
        DatabaseInfo(SALES, table_defaults=TWO_DEFAULTS), DatabaseInfo(HR, table_defaults=DEFAULTS), DatabaseInfo(database("b"), table_defaults=frozenset()),
        DatabaseInfo(database("a"), table_defaults=DEFAULTS), DatabaseInfo(database("c"), table_defaults=DEFAULTS)])),
    ("settings that could not be read in full", replace(settled(), settings=(replace(settled().settings[0], absent=frozenset({"Parameters"})),)),
     settled(AllowExternalDataFiltering=True, Parameters=["x"], ReadOnlyAdmins=[AUDITOR], TrustedResourceOwners=["444455556666"])),
    ("columns of other types", lake(tables=[typed(id="bigint", email="text", ssn="string", amount="int", gone="int"), CLIENTS, NOTES]),
     lake(tables=[typed(id="BIGINT", email="varchar(3)", ssn="text", amount="decimal(5,2)"), CLIENTS, NOTES])),
    ("columns whose types were hidden", lake(tables=[replace(typed(id="int", email="text", ssn="int"), hidden=HIDDEN), CLIENTS]),
     lake(tables=[typed(id="bigint", email="string", ssn="string"), replace(CLIENTS, partition_keys=(), columns=(*(CLIENTS.columns or ()), *CLIENTS.partition_keys))])),
    ("tables that differ in much", lake(tables=[replace(ORDERS, description="a", table_type="EXTERNAL_TABLE", format="csv", parameters=(("a", "1"), ("b", "2"))), CLIENTS, view("sales.v", "sales.orders")]),
     lake(tables=[replace(ORDERS, description="b", table_type="VIRTUAL_VIEW", format="parquet", parameters=(("a", "2"), ("c", "3")), location="arn:aws:s3:::else"), replace(CLIENTS, location=None), view("sales.v", "hr.notes")])),
    ("a tag moved for a group and for a member that alone still holds", shared({SALES: {"domain": "sales"}, HR: {"domain": "hr"}}, EVERYBODY_HERE, ANALYST, MARKETING), shared({SALES: {"domain": "hr"}, HR: {"domain": "sales"}}, ANALYST)),
    ("a tag moved for a group that still holds", shared({SALES: {"domain": "sales"}, HR: {"domain": "hr"}}, EVERYBODY_HERE, ANALYST), shared({SALES: {"domain": "hr"}}, EVERYBODY_HERE, MARKETING)),
    ("all tables instead of a policy on them", lake(gives((ANALYST, "SELECT", tagged(domain="sales")), (MARKETING, "SELECT", tagged(domain="sales hr")), (ENGINEER, "SELECT", tagged("DATABASE", domain="sales"))), tags=FROM_HERE_TWO),
     lake(gives((ANALYST, "SELECT DROP", all_tables("sales")), (MARKETING, "SELECT DROP", all_tables("sales")), (ENGINEER, "SELECT", all_tables("sales"))), tags=FROM_HERE_TWO)),
    ("a wider policy than declared", lake(gives((ANALYST, "SELECT", tagged(domain="sales", sensitivity="internal")), (MARKETING, "SELECT ALTER", tagged(sensitivity="restricted"))), tags=FROM_HERE_TWO),
     lake(gives((ANALYST, "SELECT INSERT", tagged(domain="sales")), (MARKETING, "SELECT ALTER", tagged(domain="hr"))), tags=FROM_HERE_TWO)),
    ("DESCRIBE on the catalog", lake(DESCRIBED, tags=FROM_HERE_TWO), lake([*DESCRIBED, *(give(some[0].principal, "DESCRIBE", CATALOG) for some in DESCRIBED)], tags=FROM_HERE_TWO)),
    ("rows that others cover", lake(gives((ANALYST, "SELECT", table("sales.orders")), (ANALYST, "SELECT", all_tables("sales")), (MARKETING, "SELECT", tagged(domain="sales")), (MARKETING, "SELECT", tagged(domain="sales hr")),
        (ENGINEER, "EXECUTE", Function(ACCOUNT, "sales", "mask")), (ENGINEER, "EXECUTE", Function(ACCOUNT, "sales", "*")), (AUDITOR, "SELECT", columns("hr.notes", "id")), (AUDITOR, "SELECT", table("hr.notes"))), tags=FROM_HERE_TWO),
     lake(gives((ANALYST, "SELECT", all_tables("sales")), (MARKETING, "SELECT", tagged(domain="sales hr")), (ENGINEER, "EXECUTE", Function(ACCOUNT, "sales", "*")), (AUDITOR, "SELECT", table("hr.notes"))), tags=FROM_HERE_TWO)),
    ("an expression of a database policy without a body", lake(gives((ANALYST, "ALTER", tagged("DATABASE", saved="none")), (MARKETING, "ALTER", tagged("DATABASE", domain="sales", sensitivity="internal"))), tags=FROM_HERE_TWO),
     lake(gives((ANALYST, "ALTER", tagged("DATABASE", saved="none")), (MARKETING, "ALTER DESCRIBE", tagged("DATABASE", domain="sales", sensitivity="internal"))), tags={**FROM_HERE_TWO, SALES: {"domain": "hr"}, HR: {"domain": "sales", "sensitivity": "internal"}})),
    ("tags of values nobody defined", lake(tags=FROM_HERE_TWO, keys={"domain": "sales hr", "sensitivity": "internal restricted", "gone": "a b"}), lake(tags=FROM_HERE_TWO, keys={"domain": "sales hr it", "sensitivity": "internal restricted", "new": "c"})),
]  # fmt: skip


@pytest.mark.parametrize(("name", "declared", "live"), EDGES, ids=[one[0] for one in EDGES])
def test_nothing_is_found_of_an_edge_beside_itself(name: str, declared: Lake, live: Lake) -> None:
    quiet = {"FL126", "FL125", "FL162", "FL150", "FL151", "FL120"}
    for one in (declared, live):
        assert not [found.message for found in compare(one, one).findings if found.rule not in quiet]


def test_a_permission_that_nobody_knows_is_unknown_even_where_it_reaches_nothing_today() -> None:
    """A newer AWS may mean more by it than what is yet to come."""
    empty = DatabaseInfo(database("empty"))
    on = all_tables("empty")
    told = lake([give(ANALYST, "SELECT", on)], databases=[empty], tables=[], side=Side.DECLARED)
    more = compare(told, lake([give(ANALYST, "SELECT FLY", on)], databases=[empty], tables=[])).findings
    assert said(more) == ["unknown FL151"]
    assert "`FLY`" in next(one.message for one in more if one.rule == "FL151")
    same = lake([give(ANALYST, "SELECT FLY", on)], databases=[empty], tables=[])
    assert said(compare(same, same).findings) == []
