"""Random small lakes: two databases, four tables, two tag keys, a handful of principals; most edits are small."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import cache
from itertools import permutations
from typing import Any

from hypothesis import strategies as st
from msgspec import structs
from small_lakes import (
    ACCOUNT,
    ANALYST,
    CATALOG,
    EVERYBODY_HERE,
    MARKETING,
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
    table,
    tagged,
    whole,
)

from checks.model import (
    EVERYONE,
    AllExcept,
    AnyResource,
    Catalog,
    Database,
    DatabaseInfo,
    DataCellsFilter,
    DataLocation,
    Function,
    Grant,
    Lake,
    LFTag,
    Location,
    Only,
    OptIn,
    Permission,
    Principal,
    Resource,
    Table,
    TableColumns,
    TableInfo,
    TagPolicy,
    TagTarget,
)
from checks.predicates import replay, rowfilter
from checks.specification import Row, Thing, Universe

NAMES = ("s.a", "s.b", "h.c", "h.d")
FUNCTION = Principal(f"arn:aws:glue:us-east-1:{ACCOUNT}:userDefinedFunction/s/f")
PEOPLE = (ANALYST, ANALYST, MARKETING, EVERYBODY_HERE, EVERYBODY_HERE, EVERYONE, STRANGERS, FUNCTION)
DEPARTMENT = 'context.iam.principalTags.hasTag("department") && context.iam.principalTags.getTag("department") == "{}"'
SALES_PEOPLE = DEPARTMENT.format("sales")
SALES_OR_HR = f"{SALES_PEOPLE} || {DEPARTMENT.format('hr')}"
ADMITTED = {SALES_PEOPLE: {"sales"}, SALES_OR_HR: {"sales", "hr"}}
"""In which sessions, named by the tag that the principal carries, a condition holds."""
KEYS = {"sensitivity": ("public", "internal", "restricted"), "domain": ("sales", "hr")}
RETAGGED = tuple(
    {key: value for key, value in (("sensitivity", one), ("domain", other)) if value is not None}
    for one in (*KEYS["sensitivity"], "*", None) for other in (*KEYS["domain"], "*", None)
)  # fmt: skip
"""Every combination of tags, of values that exist or not, that an object may carry one day."""
LOCATIONS = ("lake", "lake/s", "lake/s/a")
COLUMNS = ("id", "email", "ssn", "later")
PREDICATES = (None, "id = 1", "id > 1", "id in (1, 2)", "id <> 2", "email = 'a'", "email like 'a%'",
              "id > 1 or email = 'a'", "email is null", "id between 1 and 3")  # fmt: skip
ROWS: tuple[Row, ...] = tuple(
    (("day", "d"), ("email", mail), ("id", number), ("new", "x"), ("ssn", "s"))
    for number in (None, 0, 1, 2, 3, 4) for mail in (None, "a", "ab", "b")
)  # fmt: skip
VALUES = ("public", "internal", "restricted")
FILTERS = tuple(cells(name, short) for name in NAMES[:2] for short in ("f", "g"))

some_columns = st.sets(st.sampled_from(COLUMNS), min_size=1, max_size=3)
values = st.sets(st.sampled_from((*VALUES, "*")), min_size=1, max_size=2).map(" ".join)
policies = st.one_of(
    st.builds(lambda kind, v: tagged(kind, sensitivity=v), st.sampled_from(("TABLE", "TABLE", "DATABASE")), values),
    st.builds(lambda v: tagged(domain=v), st.sampled_from(("sales", "hr", "sales hr"))),
    st.builds(lambda v, w: tagged(sensitivity=v, domain=w), values, st.sampled_from(("sales", "hr", "*"))),
    st.just(tagged(saved="shared")),
)
tables = st.sampled_from(NAMES).map(table)
selects: st.SearchStrategy[Resource] = st.one_of(
    tables,
    st.builds(lambda name, some: columns(name, *some), st.sampled_from(NAMES), some_columns),
    st.builds(lambda name, some: but(name, *some), st.sampled_from(NAMES), some_columns),
    st.sampled_from(("s", "h")).map(all_tables),
    policies.filter(lambda one: one.resource_type == "TABLE"),
    st.sampled_from(FILTERS),
)
wholes: st.SearchStrategy[Resource] = st.one_of(
    tables, st.sampled_from(("s", "h")).map(all_tables), policies.filter(lambda one: one.resource_type == "TABLE")
)
words = st.sets(
    st.sampled_from(("SELECT", "INSERT", "ALTER", "DESCRIBE", "DROP", "DELETE", "ALL")), min_size=1, max_size=3
)
database_words = st.sets(st.sampled_from(("CREATE_TABLE", "DESCRIBE", "ALTER", "ALL")), min_size=1, max_size=2)


KINDS = (
    ("select",) * 8 + ("filters",) + ("whole",) * 4 + ("database",) * 2 + ("catalog", "any", "tag", "place", "function")
)
FEW = {
    "catalog": (CATALOG, ("SUPER_USER", "CREATE_DATABASE", "DESCRIBE")),
    "any": (AnyResource(ACCOUNT, "TABLE"), ("SELECT",)),
    "function": (Function(ACCOUNT, "s", "f"), ("EXECUTE", "ALL", "DESCRIBE")),
}


@st.composite
def grants(draw: st.DrawFn) -> tuple[Grant, ...]:
    """One granted row. Only the account's group is granted to under a condition, and then not to pass on."""
    who = draw(st.sampled_from(PEOPLE))
    condition = draw(st.sampled_from((None, None, SALES_PEOPLE, SALES_OR_HR))) if who == EVERYBODY_HERE else None
    kind = draw(st.sampled_from(KINDS))
    on: Resource
    names: set[str]
    if kind == "select":
        on, names = draw(selects), {"SELECT"}
    elif kind == "filters":
        one, other = draw(st.sampled_from((FILTERS[:2], FILTERS[2:])))
        beside = draw(st.sampled_from((one, one.table)))
        return (*give(who, "SELECT", other, "", condition), *give(who, "SELECT", beside, "", condition))
    elif kind == "whole":
        on, names = draw(wholes), draw(words)
    elif kind == "database":
        on = draw(
            st.one_of(
                st.sampled_from(("s", "h")).map(database), policies.filter(lambda p: p.resource_type == "DATABASE")
            )
        )
        names = draw(database_words)
    elif kind == "tag":
        some = draw(st.sets(st.sampled_from((*VALUES, "*")), min_size=1, max_size=2))
        on, names = LFTag(ACCOUNT, "sensitivity", frozenset(some)), {draw(st.sampled_from(("ASSOCIATE", "DESCRIBE")))}
    elif kind == "place":
        on, names = location(draw(st.sampled_from(LOCATIONS))), {"DATA_LOCATION_ACCESS"}
    else:
        on, choice = FEW[kind]
        names = {draw(st.sampled_from(choice))}
        if isinstance(on, Function):
            on = structs.replace(on, name=draw(st.sampled_from(("f", "g", "*"))))
    lend = "" if condition else draw(st.sampled_from(("", "", "", " ".join(sorted(names)))))
    return tuple(give(who, " ".join(sorted(names)), on, lend, condition))


targets: tuple[TagTarget, ...] = (database("s"), database("h"), CATALOG, *(table(name) for name in NAMES),
                                  column("s.a", "ssn"), column("s.a", "id"), column("h.c", "email"))  # fmt: skip


HELD = (None, None, None, *({"sensitivity": one} for one in VALUES), {"domain": "sales"}, {"domain": "hr"},
        *({"sensitivity": one, "domain": "sales"} for one in VALUES), {"sensitivity": "internal", "domain": "hr"})  # fmt: skip
held = st.sampled_from(HELD)


@st.composite
def tags(draw: st.DrawFn) -> dict[TagTarget, dict[str, str]]:
    """LF-tags of the catalog and of databases, and overrides below them."""
    drawn = draw(st.tuples(*(held for _ in targets)))
    return {target: one for target, one in zip(targets, drawn, strict=True) if one is not None}


BODIES = tuple(
    (make(frozenset(names.split())), text)
    for make in (Only, AllExcept) for names in ("id", "email", "id email", "id ssn", "email ssn", "id email ssn")
    for text in PREDICATES
) + tuple((AllExcept(), text) for text in PREDICATES)  # fmt: skip
body = st.sampled_from(BODIES)


@st.composite
def filters(draw: st.DrawFn) -> dict[Any, Any]:
    """Bodies of all data cells filters."""
    return dict(zip(FILTERS, draw(st.tuples(*(body for _ in FILTERS))), strict=True))


def shapes(names: str = "id email ssn") -> list[TableInfo]:
    return [whole(name, names) for name in NAMES]


OPENED = frozenset({(EVERYONE, frozenset({Permission("ALL")}))})
PLACES = {f"arn:aws:s3:::{path}": path for path in LOCATIONS}


databases = st.sampled_from([
    [DatabaseInfo(database("s"), table_defaults=one), DatabaseInfo(database("h"), table_defaults=other)]
    for one in (frozenset(), OPENED) for other in (frozenset(), frozenset(), OPENED)
])  # fmt: skip
registered = st.sampled_from([
    [Location(arn, hybrid=hybrid) for arn, hybrid in zip(arns, flags, strict=False)]
    for arns in permutations(sorted(PLACES), 2) for flags in ((), (True,), (False,), (True, False), (False, False))
])  # fmt: skip
optins = st.lists(
    st.builds(
        OptIn, st.sampled_from((ANALYST, MARKETING)), st.sampled_from((table("s.a"), database("s"), all_tables("s")))
    ),
    max_size=2,
)
MEMBERS: dict[str, object] = {
    "DataLakeAdmins": [], "ReadOnlyAdmins": [], "CreateTableDefaultPermissions": [],
    "CreateDatabaseDefaultPermissions": [], "AllowFullTableExternalDataAccess": False,
    "ExternalDataFilteringAllowList": [],
}  # fmt: skip
SET: tuple[dict[str, object], ...] = (
    {}, {}, {"DataLakeAdmins": [ANALYST]}, {"DataLakeAdmins": [MARKETING], "ReadOnlyAdmins": [ANALYST]},
    {"CreateTableDefaultPermissions": ["IAM_ALLOWED_PRINCIPALS: ALL"]}, {"AllowFullTableExternalDataAccess": True},
    {"CreateDatabaseDefaultPermissions": ["IAM_ALLOWED_PRINCIPALS: ALL"], "DataLakeAdmins": [ANALYST]},
    {"ExternalDataFilteringAllowList": [STRANGERS], "AllowFullTableExternalDataAccess": True},
)  # fmt: skip
members = st.sampled_from(SET).map(lambda one: {**MEMBERS, **one})


@st.composite
def lakes(draw: st.DrawFn) -> Lake:
    """One lake with up to six grants."""
    return lake(
        draw(st.lists(grants(), max_size=6)), shapes(), draw(databases), tags=draw(tags()), filters=draw(filters()),
        saved={"shared": draw(policies.filter(lambda one: one.saved is None))}, settings=draw(members),
        locations=draw(registered), optins=draw(optins),
    )  # fmt: skip


EDITS = ("grant", "grant", "revoke", "tag", "tag", "untag", "filter", "filter", "column", "rename", "saved", "table",
         "settings", "locations", "optins", "defaults")  # fmt: skip


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Lake, Lake]:
    """A declared lake and a live one that differs by a few edits; one in four leaves a database to others."""
    declared = draw(lakes())
    live = declared
    for _ in range(draw(st.integers(0, 3))):
        live = _edited(draw, live)
    return (_forgotten(declared) if draw(st.integers(0, 3)) == 0 else declared), live


def _forgotten(declared: Lake) -> Lake:
    """Leave database ``h`` to other stacks: nothing is said of it but in grants."""
    return replace(
        declared,
        databases={one: info for one, info in declared.databases.items() if one.name != "h"},
        tables={one: info for one, info in declared.tables.items() if one.database != "h"},
        assignments={one: held for one, held in declared.assignments.items() if _home(one) != "h"},
    )


def _home(target: TagTarget) -> str | None:
    match target:
        case Catalog():
            return None
        case Database(name=name):
            return name
        case Table(database=name):
            return name
        case _:
            return target.table.database


def _edited(draw: st.DrawFn, live: Lake) -> Lake:
    kind = draw(st.sampled_from(EDITS))
    if kind == "grant":
        return replace(live, grants=(*live.grants, *draw(grants())))
    if kind == "revoke":
        gone = draw(st.integers(0, max(0, len(live.grants) - 1)))
        return replace(live, grants=tuple(one for number, one in enumerate(live.grants) if number != gone))
    if kind == "tag":
        fresh = lake((), shapes(), tags=draw(tags()))
        some = draw(st.sets(st.sampled_from(targets), max_size=2))
        return replace(
            live, assignments={**live.assignments, **{k: v for k, v in fresh.assignments.items() if k in some}}
        )
    if kind == "untag":
        gone_target = draw(st.sampled_from(targets))
        return replace(live, assignments={k: v for k, v in live.assignments.items() if k != gone_target})
    if kind == "filter":
        one = draw(st.sampled_from(FILTERS))
        return replace(live, filters={**live.filters, one: lake((), shapes(), filters=draw(filters())).filters[one]})
    if kind in ("column", "rename"):
        changed = whole(draw(st.sampled_from(NAMES)), "id email ssn new" if kind == "column" else "id email new")
        return replace(live, tables={**live.tables, changed.id: changed})
    if kind == "table":
        added = whole(draw(st.sampled_from(("s.late", "h.late"))))
        return replace(live, tables={**live.tables, added.id: added})
    if kind == "settings":
        return replace(live, settings=lake((), (), settings=draw(members)).settings)
    if kind == "locations":
        return replace(live, locations={one.arn: one for one in draw(registered)})
    if kind == "optins":
        return replace(live, optins=tuple(draw(optins)))
    if kind == "defaults":
        return replace(live, databases={one.id: one for one in draw(databases)})
    saved = draw(policies.filter(lambda one: one.saved is None))
    return replace(live, expressions=lake((), (), saved={"shared": saved}).expressions)


TYPES = {"id": "bigint", "email": "string", "ssn": "string", "day": "string", "new": "string"}


@cache
def shows(text: str, row: Row) -> bool:
    """Decide a filter on a row, by the evaluator that knows nothing of the kernel."""
    return replay.shows([rowfilter.parse(text)], dict(row), TYPES, blanks=True)


def admits(condition: str, session: str) -> bool:
    """Decide a condition in a session, by the table of what was meant."""
    return session in ADMITTED[condition]


def universe(declared: Lake, live: Lake) -> Universe:
    """Everything either side speaks of, and what does not exist yet; of rows, one of each kind that filters tell."""
    both = (*declared.grants, *live.grants)
    texts = sorted({text for one in (declared, live) for body in one.filters.values()
                    if (text := getattr(body.rows, "text", None))})  # fmt: skip
    kinds = {tuple(shows(text, row) for text in texts): row for row in ROWS}
    things: set[Thing] = {("tag", "sensitivity", value) for value in (*VALUES, "*")}
    things |= {("place", arn) for arn in (*PLACES, *(f"{arn}/*" for arn in PLACES))}
    things |= {("function", "s", name) for name in ("f", "g", "*")}
    named = [(one.resource.table, one.resource.columns) for one in both if isinstance(one.resource, TableColumns)]
    named += [(one.table, body.columns) for lake in (declared, live) for one, body in lake.filters.items()]
    later: dict[Table, frozenset[str]] = {}
    for on, told in named:
        info = live.tables.get(on)
        known = {one.name for one in (*(info.columns or ()), *info.partition_keys)} if info else set()
        later[on] = later.get(on, frozenset()) | (told.names - known)
    return Universe(
        frozenset(one.principal for one in both if one.principal) | {ANALYST, MARKETING},
        ("", "sales", "hr") if any(one.condition for one in both) else ("",),
        frozenset({*declared.tables, *live.tables}), tuple(kinds.values()), shows, admits, later,
        retagged=RETAGGED if any(isinstance(one.resource, TagPolicy) for one in both) else RETAGGED[-1:],
        things=frozenset(things),
    )  # fmt: skip


# ---------------------------------------------------------------------------------------------------------- coverage
def features(declared: Lake, live: Lake) -> set[str]:
    """Name what a pair exercises: kinds of resources and principals, and the rules of the specification."""
    found: set[str] = set()
    for side in (declared, live):
        for one in side.grants:
            found |= set(_of_grant(side, one))
        plain = {(one.principal, one.resource) for one in side.grants if "SELECT" in one.permissions}
        cells_of = Counter((one.principal, one.resource.table) for one in side.grants
                           if isinstance(one.resource, DataCellsFilter))  # fmt: skip
        if any(number > 1 for number in cells_of.values()):
            found.add("two filters")
        if any(key in plain for key in cells_of):
            found.add("plain SELECT beside a filter")
        found |= {"group and member"} if {EVERYBODY_HERE, ANALYST} <= {one.principal for one in side.grants} else set()
        found |= {f"tag on {type(target).__name__}" for target in side.assignments}
        found |= {"hybrid"} if any(one.hybrid for one in side.locations.values()) else set()
        found |= {"registered"} if any(not one.hybrid for one in side.locations.values()) else {"unregistered"}
        found |= {"default permissions"} if any(one.table_defaults for one in side.databases.values()) else set()
        found |= {"opt-in"} if side.optins else set()
    for name, differs in {
        "grants": declared.grants != live.grants, "tags": declared.assignments != live.assignments,
        "filters": declared.filters != live.filters, "saved expression": declared.expressions != live.expressions,
        "settings": declared.settings != live.settings, "locations": declared.locations != live.locations,
        "opt-ins": declared.optins != live.optins, "databases": declared.databases != live.databases,
        "left to others": Database(ACCOUNT, "h") not in declared.databases,
        "new table": any(one.name == "late" for one in live.tables),
        "renamed column": any("ssn" not in {c.name for c in one.columns or ()} for one in live.tables.values()),
        "new column": any({"ssn", "new"} <= {c.name for c in one.columns or ()} for one in live.tables.values()),
        "nothing": declared == live,
    }.items():  # fmt: skip
        found |= {f"differs: {name}"} if differs else set()
    return found


def _of_grant(side: Lake, grant: Grant) -> list[str]:
    resource = grant.resource
    found = [
        f"on {type(resource).__name__}",
        f"to {grant.principal}",
        *(f"permission {one}" for one in grant.permissions),
    ]
    found += ["under a condition"] if grant.condition else []
    found += ["grant option"] if grant.grantable else []
    match resource:
        case TableColumns(columns=Only()):
            found.append("column list")
        case TableColumns():
            found.append("column exclusion")
        case TagPolicy(resource_type=kind, saved=saved, expression=body):
            found += [
                f"policy on {kind}",
                *(["saved expression"] if saved else []),
                *(["two keys"] if len(body) > 1 else []),
            ]
            found += ["any value"] if any("*" in some for _, some in body) else []
        case LFTag(values=some):
            found.append("every value of a tag" if "*" in some else "values of a tag")
        case Function(name="*"):
            found.append("every function")
        case DataCellsFilter():
            body_rows = side.filters[resource].rows if resource in side.filters else None
            found.append("rows filtered" if getattr(body_rows, "text", None) else "columns filtered")
        case _:
            pass
    return found


FEATURES = frozenset({
    *(f"on {kind.__name__}" for kind in (Table, TableColumns, AnyResource, DataCellsFilter, TagPolicy, Database, Catalog,
                                         LFTag, DataLocation, Function)), "on AllTables",
    *(f"to {one}" for one in PEOPLE),
    *(f"permission {one}" for one in ("ALL", "SELECT", "INSERT", "DELETE", "ALTER", "DROP", "DESCRIBE", "CREATE_TABLE",
                                      "CREATE_DATABASE", "SUPER_USER", "EXECUTE", "ASSOCIATE", "DATA_LOCATION_ACCESS")),
    *(f"differs: {one}" for one in ("grants", "tags", "filters", "saved expression", "settings", "locations", "opt-ins",
                                    "databases", "left to others", "new table", "renamed column", "new column", "nothing")),
    *(f"tag on {one}" for one in ("Catalog", "Database", "Table", "ColumnRef")),
    "under a condition", "grant option", "column list", "column exclusion", "policy on TABLE", "policy on DATABASE",
    "saved expression", "two keys", "any value", "every value of a tag", "values of a tag", "every function",
    "rows filtered", "columns filtered", "two filters", "plain SELECT beside a filter", "group and member", "hybrid",
    "registered", "unregistered", "default permissions", "opt-in",
})  # fmt: skip
"""All that the random lakes must exercise."""
