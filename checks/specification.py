"""What access means, spelt out: the slow, obvious expansion of a lake into facts that the fast engine must agree with.

One fact says: this principal, in a session with these principal tags, holds this permission (to use, or to pass on) on
this object; for SELECT, on this column for this row. ``facts`` lists every fact of one side over a small universe that
includes columns, tables, tag values, functions and places which do not exist yet; ``bypassed`` and ``powers`` say what
enforcement and settings open. The engine (``compare``) is pinned to all three by property tests; nothing else imports
this, and it imports nothing of the engine.

Each rule names its source and how certain it is: **M** the API's own model, **D** documented by AWS, **C** observed in
other tools' code, **I** inferred from these, **R** remembered: there the reading is taken that shows more.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from checks.model import (
    EVERYONE,
    AllTables,
    AnyResource,
    Catalog,
    ColumnRef,
    Columns,
    Database,
    DataCellsFilter,
    DataLocation,
    Expression,
    FilterBody,
    Function,
    Grant,
    Lake,
    LFTag,
    Only,
    Principal,
    Resource,
    Rows,
    SavedExpression,
    Table,
    TableColumns,
    TagPolicy,
    TagTarget,
    Where,
)

Row = tuple[tuple[str, Any], ...]
"""A row as (column, value) pairs; the universe holds a few."""

FUTURE = "*"
"""A column, table, tag value, function or place that does not exist yet. Database ``*n`` is one that carries the tags
``Universe.retagged[n]``, and so does what lies in it: anything may one day carry any tags."""

TABLE_ALL = ("SELECT", "INSERT", "DELETE", "ALTER", "DROP", "DESCRIBE")
DATABASE_ALL = ("CREATE_TABLE", "ALTER", "DROP", "DESCRIBE")
CATALOG_ALL = ("CREATE_DATABASE", "ALTER", "DROP", "DESCRIBE")
FUNCTION_ALL = ("EXECUTE", "ALTER", "DROP", "DESCRIBE")
FILES = "read the files"
"""INSERT and DELETE include it, past every column and row limit: D (lf-permissions-reference, both entries)."""

Thing = tuple[str, ...]
"""An object that is no table, database or catalog: ``("tag", key, value)``, ``("place", arn)``, ``("function", …)``."""


class Fact(NamedTuple):
    """One permission of one principal, in one session, to use or to pass on, on one object (or cell of a table)."""

    principal: Principal
    session: str
    permission: str
    lend: bool
    on: Catalog | Database | Table | Thing
    column: str | None = None
    row: Row | None = None


@dataclass(frozen=True, slots=True)
class Universe:
    """Whom and what facts are about.

    ``shows`` decides a row filter on a row, ``admits`` a grant's condition in a session: TRUE, or not. ``columns`` are
    names that grants use although the table has no such column; ``retagged`` what tags an object may one day carry.
    """

    principals: frozenset[Principal]
    sessions: tuple[str, ...]
    tables: frozenset[Table]
    rows: tuple[Row, ...]
    shows: Callable[[str, Row], bool]
    admits: Callable[[str, str], bool]
    columns: Mapping[Table, frozenset[str]] = field(default_factory=dict)
    retagged: tuple[Mapping[str, str], ...] = ()
    things: frozenset[Thing] = frozenset()

    @property
    def databases(self) -> frozenset[Database]:
        """Every database, and in every catalog those that carry other tags than today's."""
        later = {Database(one.catalog, f"{FUTURE}{n}") for one in self.tables for n in range(len(self.retagged))}
        return frozenset({one.parent for one in self.tables} | later)

    @property
    def places(self) -> frozenset[Table]:
        """Every table, and in every database one that does not exist yet."""
        return self.tables | {Table(one.catalog, one.name, FUTURE) for one in self.databases}


class _Side(NamedTuple):
    """One side, and the lake that lends what no stack declares (I: a declaration is silent, not empty, about it)."""

    own: Lake
    lender: Lake | None
    universe: Universe


def facts(own: Lake, universe: Universe, lender: Lake | None = None) -> frozenset[Fact]:
    """Expand all grants, and the default permissions of databases. D (metadata-permissions): grants only add up."""
    side = _Side(own, lender, universe)
    found: set[Fact] = set()
    for grant in own.grants:
        for principal in _holders(grant.principal, universe):
            for session in universe.sessions:
                # M (Grant.Condition), D (abac-granting-permissions): a condition is over the session's principal tags.
                if grant.condition is None or universe.admits(grant.condition, session):
                    _expand(side, grant, principal, session, found)
    _defaults(side, found)
    return frozenset(found)


def _expand(side: _Side, grant: Grant, principal: Principal, session: str, found: set[Fact]) -> None:
    """List the facts of one grant for one principal in one session, with what they imply."""
    mine: set[Fact] = set()
    for permission, lend in _spelt(grant):
        mine |= {Fact(principal, session, permission, lend, on) for on in _objects(side, grant, permission)}
        for table in side.universe.places if permission in TABLE_ALL or permission not in DATABASE_ALL else ():
            mine |= _on_table(side, grant, table, Fact(principal, session, permission, lend, table))
    for one in list(mine):
        # D (lf-permissions-reference, DESCRIBE): any permission implies DESCRIBE on the object, and on its database and
        # catalog; on those not under a condition (abac-considerations).
        mine.add(one._replace(permission="DESCRIBE", column=None, row=None))
        if one.permission in ("INSERT", "DELETE"):
            mine.add(one._replace(permission=FILES, lend=False))
        if grant.condition is None and isinstance(one.on, Table | Database) and not one.on.name.startswith(FUTURE):
            mine.add(Fact(principal, session, "DESCRIBE", one.lend, Catalog(one.on.catalog)))
            if isinstance(one.on, Table):
                mine.add(Fact(principal, session, "DESCRIBE", one.lend, one.on.parent))
    found |= mine


def _holders(principal: Principal | None, universe: Universe) -> Collection[Principal]:
    """D (granting-database-permissions): ``<account>:IAMPrincipals`` stands for every IAM user and role of the account.

    ``IAM_ALLOWED_PRINCIPALS`` stands for whom IAM admits, an account for whom its admins choose: nobody for certain.
    """
    if principal is None:
        return ()
    account, _, group = principal.partition(":")
    own = (f"arn:aws:iam::{account}:role/", f"arn:aws:iam::{account}:user/")
    members = {one for one in universe.principals if one.startswith(own)} if group == "IAMPrincipals" else set()
    return {principal, *members}


def _spelt(grant: Grant) -> Iterable[tuple[str, bool]]:
    """D (lf-permissions-reference): ALL is its members; M: what may be passed on is also held."""
    on_databases = isinstance(grant.resource, TagPolicy) and grant.resource.resource_type == "DATABASE"
    own = {Database: DATABASE_ALL, Catalog: CATALOG_ALL, Function: FUNCTION_ALL}
    every = DATABASE_ALL if on_databases else own.get(type(grant.resource), TABLE_ALL)
    pairs: set[tuple[str, bool]] = set()
    for names, lend in ((grant.permissions | grant.grantable, False), (grant.grantable, True)):
        for name in names:
            pairs |= {(one, lend) for one in (every if name == "ALL" else (name,))}
            if name == "SUPER_USER":
                # D (SUPER_USER): all on what is inside, lendable, and creating there; not ALTER or DROP of the catalog.
                pairs |= {
                    (one, lent) for one in (*TABLE_ALL, "CREATE_TABLE", "CREATE_DATABASE") for lent in (False, True)
                }
    return pairs


# --------------------------------------------------------------------------------------------- what is no table
def _objects(side: _Side, grant: Grant, permission: str) -> Iterable[Catalog | Database | Thing]:
    """List the objects other than tables on which a grant gives a permission. D: nothing flows down to tables."""
    resource, everywhere = grant.resource, side.universe.databases
    match resource:
        case Database():
            return [resource]
        case TagPolicy(resource_type="DATABASE") as policy:
            return [one for one in everywhere if _matches(_body(side, policy), _tags_of(side, one))]
        case Catalog() if "SUPER_USER" in grant.permissions:
            inside = [one for one in everywhere if _inside(one.catalog, resource)] if permission in DATABASE_ALL else []
            # I: what SUPER_USER on a catalog inside would give is given by it on the one around.
            catalogs = {Catalog(one.catalog) for one in side.universe.tables if _inside(one.catalog, resource)}
            return [*inside, *({resource, *catalogs} if permission in ("SUPER_USER", "CREATE_DATABASE") else [])]
        case Catalog():
            return [resource]
        case LFTag(key=key, values=values):
            # D (TBAC permissions): a grant on values; ``*`` is every value, also later ones.
            return [
                one for one in side.universe.things if one[:2] == ("tag", key) and (one[2] in values or "*" in values)
            ]
        case DataLocation(arn=arn):
            # D (access-control-underlying-data): a location covers what lies below it, by path segment.
            return [one for one in side.universe.things if one[0] == "place" and f"{one[1]}/".startswith(f"{arn}/")]
        case Function(database=database, name=name):
            # M (UserDefinedFunctionWildcard): every function of the database, also later ones.
            return [one for one in side.universe.things if one[:2] == ("function", database) and name in (one[2], "*")]
        case _:
            return []


def _inside(catalog: str, outer: Catalog) -> bool:
    """M (Catalog.CatalogId): ``111122223333:shop/eu`` lies in ``111122223333:shop``, and both in ``111122223333``."""
    return catalog == outer.catalog or catalog.startswith((f"{outer.catalog}/", f"{outer.catalog}:"))


# -------------------------------------------------------------------------------------------------------- on a table
def _on_table(side: _Side, grant: Grant, table: Table, fact: Fact) -> set[Fact]:
    """Return a grant's facts on one table: cells for SELECT, the table for the rest."""
    how = _reach(side, grant, table)
    if how is None:
        return set()
    columns, rows, partial = how
    if fact.permission != "SELECT":
        # D (lf-tag-considerations): where a tag policy matches some columns only, nothing but SELECT and DESCRIBE
        # remains. M (TableWithColumns, DataCellsFilter): a grant on columns or through a filter gives SELECT only.
        if not partial:
            return {fact}
        kept = fact._replace(permission="DESCRIBE", lend=fact.lend and fact.permission == "DESCRIBE")
        return {kept} if isinstance(grant.resource, TagPolicy) else set()
    shown = [row for row in side.universe.rows if not isinstance(rows, Where) or side.universe.shows(rows.text, row)]
    return {fact._replace(column=column, row=row) for column in columns for row in shown}


def _reach(side: _Side, grant: Grant, table: Table) -> tuple[frozenset[str], Rows | None, bool] | None:
    """Return (columns, rows, whether only a part) that a grant reaches on a table, or None."""
    names, partitions = _columns(side, table)
    every = names | partitions | side.universe.columns.get(table, frozenset()) | {FUTURE}
    whole = (every, None, False)
    resource: Resource = grant.resource
    match resource:
        case Table():
            return whole if resource == table else None
        case AllTables():
            # D: all tables, now and later, of the one database.
            return whole if resource.parent == table.parent else None
        case TableColumns(table=named, columns=columns):
            # D (data-filtering-notes): partition keys cannot be restricted: whoever sees a column sees them.
            return (_shown(columns, every - partitions) | partitions, None, True) if named == table else None
        case DataCellsFilter(table=named):
            # D (data-filtering): cells of filters unite; M (UpdateDataCellsFilter): a grant follows the filter's body.
            body = _first(side, lambda lake: lake.filters.get(resource))
            if named != table or not isinstance(body, FilterBody):
                return None
            return _shown(body.columns, every - partitions) | partitions, body.rows, True
        case TagPolicy(resource_type="TABLE") as policy:
            return _through_tags(side, _body(side, policy), table, names, partitions)
        case Catalog():
            return whole if "SUPER_USER" in grant.permissions and _inside(table.catalog, resource) else None
        case AnyResource(catalog=name, resource_type="TABLE"):
            # M (AnyResource): every table of the catalog, also later ones.
            return whole if name == table.catalog else None
        case _:
            return None


def _columns(side: _Side, table: Table) -> tuple[frozenset[str], frozenset[str]]:
    """Return (columns that grants can tell apart, partition keys)."""
    info = _first(side, lambda lake: known if (known := lake.tables.get(table)) and known.columns is not None else None)
    if info is None:
        return frozenset(), frozenset()
    partitions = frozenset(one.name for one in info.partition_keys)
    return frozenset(one.name for one in info.columns) - partitions, partitions


def _shown(columns: Columns, every: frozenset[str]) -> frozenset[str]:
    """M (TableWithColumns): a list names columns, of today or to come; an exclusion shows all others, now and later."""
    return columns.names if isinstance(columns, Only) else every - columns.names


def _first(side: _Side, known: Callable[[Lake], Any]) -> Any:
    found = known(side.own)
    return known(side.lender) if found is None and side.lender is not None else found


# ------------------------------------------------------------------------------------------------------------ LF-tags
def _through_tags(
    side: _Side, expression: Expression | None, table: Table, names: frozenset[str], partitions: frozenset[str]
) -> tuple[frozenset[str], Rows | None, bool] | None:
    """D (tag-based-access-control): a tag policy reaches the columns whose effective tags match."""
    tags = _tags_of(side, table)
    later = side.universe.columns.get(table, frozenset()) - names | {FUTURE}
    whole = _matches(expression, tags)
    fitting = {one for one in names if _matches(expression, tags | _own_tags(side, ColumnRef(table, one)))}
    if not whole and not fitting:
        return None
    part = fitting != names or not whole
    return frozenset(fitting | partitions | (later if whole else set())), None, part


def _body(side: _Side, policy: TagPolicy) -> Expression | None:
    """M (UpdateLFTagExpression): a grant that names a saved expression follows its body."""
    if policy.saved is None:
        return policy.expression
    name = SavedExpression(policy.catalog, policy.saved)
    found = _first(side, lambda lake: lake.expressions.get(name))
    return found.expression if found is not None else None


def _matches(expression: Expression | None, tags: Mapping[str, str]) -> bool:
    """D: AND over keys, OR over values, ``*`` any value; without the key nothing matches."""
    return expression is not None and all(
        key in tags and (tags[key] in values or "*" in values) for key, values in expression
    )


def _tags_of(side: _Side, target: Database | Table) -> dict[str, str]:
    """D (tag-based-access-control): tags flow down, overridden key by key. R: from a catalog to its databases too."""
    if isinstance(target, Table):
        return _tags_of(side, target.parent) | _own_tags(side, target)
    if target.name.startswith(FUTURE):
        return dict(side.universe.retagged[int(target.name[1:])])
    return _own_tags(side, Catalog(target.catalog)) | _own_tags(side, target)


def _own_tags(side: _Side, target: TagTarget) -> dict[str, str]:
    """Return an object's own tags. I: of what no stack speaks of, the live ones, but for keys that stacks assign."""
    own, place = side.own, target.table if isinstance(target, ColumnRef) else target
    told = {*own.databases, *own.tables, *(one.table if isinstance(one, ColumnRef) else one for one in own.assignments)}
    silent = place not in told and not (isinstance(place, Table) and place.parent in told)
    lake = side.lender if silent and side.lender is not None else own
    keys = {key for held in own.assignments.values() for key in held} if lake is not own else set()
    return {key: one.value for key, one in lake.assignments.get(target, {}).items() if key not in keys}


# ------------------------------------------------------------------------------------------------- beside the grants
def _defaults(side: _Side, found: set[Fact]) -> None:
    """M (Database.CreateTableDefaultPermissions): each later table of the database is made with these grants."""
    for database in {one.parent for one in side.universe.tables}:
        told = side.own.databases.get(database) or (side.lender and side.lender.databases.get(database))
        for principal, names in told.table_defaults or () if told else ():
            later = Table(database.catalog, database.name, FUTURE)
            for name, _ in _spelt(Grant(principal, later, names)):
                found |= {Fact(principal, session, name, False, later) for session in side.universe.sessions}


def powers(side: Lake) -> frozenset[tuple[str, str]]:
    """Return (settings member, who or ``true``) of everything that the settings open.

    D (implicit-permissions): an admin may grant itself anything. M (DataLakeSettings): defaults, engines that filter
    for themselves, read-only admins. C (pulumi-aws): left out, what the provider clears is declared empty.
    """
    found: set[tuple[str, str]] = set()
    for one in side.settings:
        for name, value in one.members:
            if isinstance(value, frozenset):
                found |= {(name, who) for who in value}
            elif value is True:
                found.add((name, "true"))
    return frozenset(found)


def bypassed(side: Lake, principal: Principal, table: Table) -> bool:
    """Whether a principal reaches a table past Lake Formation: then IAM and S3 alone decide.

    D (hybrid-access-workflow): not where it is opted in; else under IAM_ALLOWED_PRINCIPALS or hybrid registration. D:
    files that are not registered Lake Formation cannot protect. R: of nested registrations the innermost counts.
    """
    info = side.tables.get(table)
    above = [one for one in side.locations if info and info.location and f"{info.location}/".startswith(f"{one}/")]
    if not above:
        return True
    opted = any(one.principal == principal and _opts_in(one.resource, table) for one in side.optins)
    open_to_all = any(
        one.principal == EVERYONE and one.resource in (table, AllTables(table.catalog, table.database))
        for one in side.grants
    )
    return not opted and (side.locations[max(above, key=len)].hybrid or open_to_all)


def _opts_in(resource: Resource, table: Table) -> bool:
    return resource in (table, table.parent, AllTables(table.catalog, table.database))
