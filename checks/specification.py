"""What access means, spelt out: the slow, obvious expansion of a lake into facts that the fast engine must agree with.

One fact says: this principal holds this permission (to use, or to pass on) on this column of this table for this row.
``facts`` lists every fact of one side over a small universe that includes a column, a table and a tag value which do
not exist yet (spelt ``*``). The engine (``compare``) is pinned to it by property tests; nothing else imports it, and it
imports nothing of the engine.

Each rule names its source and how certain it is: **D** documented by AWS, **M** the API's own model, **C** observed in
other tools' code, **R** remembered: there the stricter reading is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from checks.model import (
    AllTables,
    AnyResource,
    Catalog,
    ColumnRef,
    Columns,
    Database,
    DataCellsFilter,
    Expression,
    Grant,
    Lake,
    Only,
    Principal,
    Rows,
    SavedExpression,
    Table,
    TableColumns,
    TagPolicy,
    Where,
)

Row = tuple[tuple[str, Any], ...]
"""A row as (column, value) pairs; the universe holds a few."""

FUTURE = "*"
TABLE_ALL = ("SELECT", "INSERT", "DELETE", "ALTER", "DROP", "DESCRIBE")
DATABASE_ALL = ("CREATE_TABLE", "ALTER", "DROP", "DESCRIBE")


@dataclass(frozen=True, slots=True)
class Fact:
    """One principal (under one condition, or None), one permission, to use or to pass on, one cell or object.

    ``column`` and ``row`` are None where the permission is not about cells; ``table`` is None for a database.
    """

    principal: Principal
    condition: str | None
    permission: str
    lend: bool
    database: Database
    table: str | None
    column: str | None = None
    row: Row | None = None


@dataclass(frozen=True, slots=True)
class Universe:
    """Whom and what facts are about. ``shows`` decides a row filter on a row: TRUE, or not."""

    principals: frozenset[Principal]
    conditions: frozenset[str]
    tables: frozenset[Table]
    rows: tuple[Row, ...]
    shows: Callable[[str, Row], bool]
    account: str

    @property
    def places(self) -> frozenset[Table]:
        """Every table, and in every database one that does not exist yet."""
        return self.tables | {Table(one.catalog, one.database, FUTURE) for one in self.tables}


def facts(side: Lake, catalog: Lake, universe: Universe, *, named: bool) -> frozenset[Fact]:
    """Expand the grants of *side*. *catalog* lends the columns of tables that *side* does not describe.

    *named*: a declaration that names a column means it, even if the table lacks it; live, a grant on it gives nothing.
    """
    sides = _Sides(side, catalog, named)
    found: set[Fact] = set()
    for grant in side.grants:
        for principal in _holders(grant, universe):
            for condition in {grant.condition} if grant.condition else {None, *universe.conditions}:
                for permission, lend in _spelt(grant):
                    found |= _reached(sides, universe, grant, principal, condition, permission, lend)
    # D (lf-permissions-reference): any permission on a table implies DESCRIBE on it; likewise on a database, and on the
    # database of a table, but not for grants under a condition (abac-considerations).
    for one in list(found):
        found.add(Fact(one.principal, one.condition, "DESCRIBE", one.lend, one.database, one.table))
        if one.condition is None and one.table != FUTURE:
            for condition in (None, *universe.conditions):
                found.add(Fact(one.principal, condition, "DESCRIBE", one.lend, one.database, None))
    return frozenset(found)


def _holders(grant: Grant, universe: Universe) -> Iterable[Principal]:
    """D (lf-permissions-reference): ``<account>:IAMPrincipals`` stands for every IAM user and role of the account."""
    if grant.principal is None:
        return ()
    account, _, group = grant.principal.partition(":")
    if group != "IAMPrincipals":
        return (grant.principal,)
    members = {
        one
        for one in universe.principals
        if one.startswith((f"arn:aws:iam::{account}:role/", f"arn:aws:iam::{account}:user/"))
    }
    return {grant.principal, *members}


def _spelt(grant: Grant) -> Iterable[tuple[str, bool]]:
    """D (lf-permissions-reference): ALL is its members. SUPER_USER is every permission, lendable, on all inside."""
    every = DATABASE_ALL if _is_database(grant) else TABLE_ALL
    if "SUPER_USER" in grant.permissions and isinstance(grant.resource, Catalog):
        return [(one, lend) for one in (*TABLE_ALL, *DATABASE_ALL) for lend in (False, True)]
    pairs: list[tuple[str, bool]] = []
    for names, lend in ((grant.permissions, False), (grant.grantable, True)):
        for name in names:
            pairs += [(one, lend) for one in (every if name == "ALL" else (name,))]
    return pairs


def _is_database(grant: Grant) -> bool:
    resource = grant.resource
    return isinstance(resource, Database) or (isinstance(resource, TagPolicy) and resource.resource_type == "DATABASE")


@dataclass(frozen=True, slots=True)
class _Sides:
    own: Lake
    catalog: Lake
    named: bool


def _reached(
    sides: _Sides,
    universe: Universe,
    grant: Grant,
    principal: Principal,
    condition: str | None,
    permission: str,
    lend: bool,
) -> set[Fact]:
    """List the facts of one permission of one grant for one principal."""
    found = set()
    for database in {one.parent for one in universe.tables}:
        if _reaches_database(sides.own, grant, database, permission):
            found.add(Fact(principal, condition, permission, lend, database, None))
    for table in universe.places if permission != "CREATE_TABLE" else ():
        how = _on_table(sides, grant, table)
        if how is None:
            continue
        columns, rows, partial = how
        if permission != "SELECT":
            # D (lf-tag-considerations): where a tag policy matches some columns only, nothing but SELECT and DESCRIBE
            # remains; a grant on columns or through a filter gives SELECT only (M: TableWithColumns, DataCellsFilter).
            kept = permission if not partial else "DESCRIBE" if isinstance(grant.resource, TagPolicy) else None
            if kept is not None:
                found.add(Fact(principal, condition, kept, lend and not partial, table.parent, table.name))
            continue
        for column in columns:
            for row in universe.rows:
                if not isinstance(rows, Where) or universe.shows(rows.text, row):
                    found.add(Fact(principal, condition, "SELECT", lend, table.parent, table.name, column, row))
    return found


def _reaches_database(side: Lake, grant: Grant, database: Database, permission: str) -> bool:
    match grant.resource:
        case Database():
            return grant.resource == database
        case TagPolicy(resource_type="DATABASE") as policy:
            return _matches(_body(side, policy), _database_tags(side, database))
        case Catalog(catalog):
            return "SUPER_USER" in grant.permissions and catalog == database.catalog and permission in DATABASE_ALL
        case _:
            return False


def _on_table(sides: _Sides, grant: Grant, table: Table) -> tuple[frozenset[str], Rows | None, bool] | None:
    """Return (columns, rows, whether only a part) that a grant reaches on a table, or None."""
    side = sides.own
    universe, partitions = _columns(sides, table)
    every = universe | partitions | {FUTURE}
    match grant.resource:
        case Table():
            return (every, None, False) if grant.resource == table else None
        case AllTables():
            # D: all tables, now and later, of the one database.
            return (every, None, False) if grant.resource.parent == table.parent else None
        case TableColumns(table=named, columns=columns):
            return (_shown(columns, universe, sides) | partitions, None, True) if named == table else None
        case DataCellsFilter(table=named):
            body = side.filters.get(grant.resource) or (
                sides.catalog.filters.get(grant.resource) if sides.named else None
            )
            if named != table or body is None:
                return None
            return _shown(body.columns, universe, sides) | partitions, body.rows, True
        case TagPolicy(resource_type="TABLE") as policy:
            return _through_tags(side, _body(side, policy), table, universe, partitions)
        case Catalog(name):
            return (every, None, False) if "SUPER_USER" in grant.permissions and name == table.catalog else None
        case AnyResource(catalog=name):
            return (every, None, False) if name == table.catalog else None
        case _:
            return None


def _columns(sides: _Sides, table: Table) -> tuple[frozenset[str], frozenset[str]]:
    """Return (columns that grants can tell apart, partition keys).

    D (data-filtering-notes): partition keys cannot be restricted: whoever sees a column sees them.
    """
    info = sides.own.tables.get(table)
    if info is None or info.columns is None:
        info = sides.catalog.tables.get(table)
    if info is None or info.columns is None:
        return frozenset(), frozenset()
    partitions = frozenset(one.name for one in info.partition_keys)
    return frozenset(one.name for one in info.columns) - partitions, partitions


def _shown(columns: Columns, universe: frozenset[str], sides: _Sides) -> frozenset[str]:
    if isinstance(columns, Only):
        return columns.names if sides.named else columns.names & universe
    return (universe - columns.names) | {FUTURE}


def _through_tags(
    side: Lake, expression: Expression | None, table: Table, universe: frozenset[str], partitions: frozenset[str]
) -> tuple[frozenset[str], Rows | None, bool] | None:
    """D (tag-based-access-control): a tag policy reaches the columns whose effective tags match."""
    if expression is None:
        return None
    whole = _matches(expression, _table_tags(side, table))
    fitting = frozenset(one for one in universe if _matches(expression, _column_tags(side, table, one)))
    if whole and fitting == universe:
        return universe | partitions | {FUTURE}, None, False
    if not whole and not fitting:
        return None
    return fitting | partitions | ({FUTURE} if whole else frozenset()), None, True


def _body(side: Lake, policy: TagPolicy) -> Expression | None:
    """M (UpdateLFTagExpression): a grant that names a saved expression follows its body."""
    if policy.saved is None:
        return policy.expression
    known = side.expressions.get(SavedExpression(policy.catalog, policy.saved))
    return known.expression if known else None


def _matches(expression: Expression | None, tags: dict[str, str]) -> bool:
    """D: AND over keys, OR over values, ``*`` any value; without the key nothing matches."""
    return expression is not None and all(
        key in tags and (tags[key] in values or "*" in values) for key, values in expression
    )


def _own(side: Lake, target: Catalog | Database | Table | ColumnRef) -> dict[str, str]:
    return {key: one.value for key, one in side.assignments.get(target, {}).items()}


def _database_tags(side: Lake, database: Database) -> dict[str, str]:
    """R: tags of a catalog are inherited by its databases."""
    return _own(side, Catalog(database.catalog)) | _own(side, database)


def _table_tags(side: Lake, table: Table) -> dict[str, str]:
    """D (tag-based-access-control): inherited from the database, overridden key by key."""
    return _database_tags(side, table.parent) | _own(side, table)


def _column_tags(side: Lake, table: Table, column: str) -> dict[str, str]:
    return _table_tags(side, table) | _own(side, ColumnRef(table, column))
