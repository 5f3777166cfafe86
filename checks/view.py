"""One side's catalog as the access engine sees it, and what grants give on it.

A ``View`` answers "which columns has this table, which tags, which body has this filter"; ``Grants`` finds a
principal's grants; ``access`` puts the two together for one principal on one table. Grants of one side can be
evaluated over the facts of the other: that is how ``compare`` tells a changed grant from a changed fact.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from checks.grants import Grants, Pool, atoms
from checks.model import (
    ALL_ROWS,
    EVERY_COLUMN,
    AllExcept,
    AllTables,
    AnyResource,
    Catalog,
    ColumnRef,
    Columns,
    Database,
    DataCellsFilter,
    Expression,
    Facts,
    FilterBody,
    Grant,
    Lake,
    Only,
    Permission,
    Principal,
    Rows,
    SavedExpression,
    Table,
    TableColumns,
    TagPolicy,
)
from checks.predicates.abac import covers_condition
from checks.principals import groups_of
from checks.semantics import DESCRIBE, FUTURE, SELECT, SUPER_USER, TABLE_MEMBERS, catalog_within, matches, visible

Tags = Mapping[str, str]
NO_TAGS: Tags = {}
NO_COLUMNS = Only(frozenset())
_UNKNOWN = (frozenset[str](), frozenset[str]())
"""Stands for columns that nobody has looked up yet."""
_MATCHED = 50_000
"""Decided matches that are kept."""


@dataclass(frozen=True, slots=True)
class Match:
    """What an LF-tag policy means on one table: the whole table, some columns, or (falsy) nothing."""

    table: bool
    columns: frozenset[str] | None
    """The matching columns where not all of them match; None where all do."""

    def __bool__(self) -> bool:
        return self.table or bool(self.columns)


class View:
    """One side's facts, with the other side's where this one says nothing.

    ``borrow`` names the kinds of facts that may be borrowed. The declared view borrows the tables, columns, filters
    and expressions that no stack declares and, of databases about which no stack says anything, the tags whose keys
    no stack assigns; never other tags, since a tag decides access. A live view borrows only what could not be read,
    so that a gap causes an "unknown", not invented differences.
    """

    def __init__(
        self,
        lake: Lake,
        *,
        fallback: View | None = None,
        borrow: frozenset[Facts] = frozenset(),
        named: bool,
        stranger: View | None = None,
    ) -> None:
        """Index *lake*; *named* keeps columns that a grant names although the table lacks them.

        *stranger* lends the tags of objects about which this side says nothing at all.
        """
        self.lake = lake
        self.named = named
        self.sorter: Callable[[Pool, Table], Container[int] | None] | None = None
        """Says which LF-tag policies of a pool may mean a table, where somebody sorted them; None for not known."""
        self._lender = dict.fromkeys(borrow, fallback) if fallback else {}
        self._columns: dict[Table, tuple[frozenset[str], frozenset[str]] | None] = {}
        self._shapes: dict[tuple[int, int], tuple[object, tuple[frozenset[str], frozenset[str]]]] = {}
        """Columns by the identity of their lists, which tables of one shape share, with the lists (kept alive)."""
        self._types: dict[tuple[int, int], tuple[object, dict[str, str]]] = {}
        self._database_tags: dict[Database, Tags] = {}
        self._table_tags: dict[Table, Tags] = {}
        self._matches: dict[tuple[Expression, Table], Match] = {}
        self._alike: dict[tuple[tuple[str, str], ...], Tags] = {}
        """Columns' own tags, each once: tens of thousands of columns carry the same few."""
        self._overrides: dict[Table, dict[str, Tags]] = defaultdict(dict)
        for target, held in lake.assignments.items():
            if isinstance(target, ColumnRef):
                own = tuple((key, one.value) for key, one in held.items())
                if own not in self._alike:
                    self._alike[own] = dict(own)
                self._overrides[target.table][target.column] = self._alike[own]
        borrowed = self._lender.get(Facts.ASSIGNMENTS)
        for table, columns in borrowed._overrides.items() if borrowed else ():  # noqa: SLF001
            for column, tags in columns.items():
                self._overrides[table][column] = {**tags, **self._overrides[table].get(column, {})}
        self._stranger = stranger
        self._told = {*lake.databases, *lake.tables}
        for target in lake.assignments:
            self._told.add(target.table if isinstance(target, ColumnRef) else target)
        self._keys = {key for held in lake.assignments.values() for key in held}
        for table, columns in stranger._overrides.items() if stranger else ():  # noqa: SLF001
            if not self._speaks_of(table):
                self._overrides[table] = {column: self._strange(tags) for column, tags in columns.items()}

    def _strange(self, tags: Tags) -> Tags:
        """Keep the keys of which this side assigns no value anywhere: others it leaves unset, where it is silent."""
        return {key: value for key, value in tags.items() if key not in self._keys}

    def _speaks_of(self, target: Catalog | Database | Table) -> bool:
        """Whether this side declares the object or a tag on it, or its database: then its tags are what it says."""
        return target in self._told or (isinstance(target, Table) and target.parent in self._told)

    # ------------------------------------------------------------------------------------------------------- catalog
    def columns(self, table: Table) -> tuple[frozenset[str], frozenset[str]] | None:
        """Return (columns that can be restricted, partition keys), or None where neither side knows them."""
        known = self._columns.get(table, _UNKNOWN)
        if known is not _UNKNOWN:
            return known
        info = self.lake.tables.get(table)
        if info is not None and info.columns is not None:
            shape = id(info.columns), id(info.partition_keys)
            if shape not in self._shapes:
                partitions = frozenset(column.name for column in info.partition_keys)
                names = frozenset(column.name for column in info.columns) - partitions
                self._shapes[shape] = (info.columns, info.partition_keys), (names, partitions)
            found: tuple[frozenset[str], frozenset[str]] | None = self._shapes[shape][1]
        else:
            lender = self._lender.get(Facts.TABLES)
            found = lender.columns(table) if lender else None
        self._columns[table] = found
        return found

    def types(self, table: Table) -> dict[str, str]:
        """Return the Glue type of each column, partition keys included."""
        info = self.lake.tables.get(table)
        if info is None or info.columns is None:
            lender = self._lender.get(Facts.TABLES)
            return lender.types(table) if lender else {}
        shape = id(info.columns), id(info.partition_keys)
        known = self._types.get(shape)
        if known is None:
            types = {column.name: column.type for column in (*info.columns, *info.partition_keys)}
            known = self._types[shape] = (info.columns, info.partition_keys), types
        return known[1]

    def body(self, cells: DataCellsFilter) -> FilterBody | None:
        """Return a filter's body, or None where there is no such filter."""
        known = self.lake.filters.get(cells)
        lender = self._lender.get(Facts.FILTERS)
        return lender.body(cells) if known is None and lender else known

    def saved(self, name: SavedExpression) -> Expression | None:
        """Return the body of a saved expression, or None where there is no such expression."""
        known = self.lake.expressions.get(name)
        if known is not None:
            return known.expression
        lender = self._lender.get(Facts.EXPRESSIONS)
        return lender.saved(name) if lender else None

    def expression(self, policy: TagPolicy) -> Expression | None:
        """Return the expression of a tag policy, resolved if it is a saved one; None where it cannot be."""
        return policy.expression if policy.saved is None else self.saved(SavedExpression(policy.catalog, policy.saved))

    # ---------------------------------------------------------------------------------------------------------- tags
    def own_tags(self, target: Catalog | Database | Table) -> Tags:
        """Return the tags listed on an object itself; where some could not be read, the other side's stand in."""
        if self._stranger is not None and not self._speaks_of(target):
            return self._strange(self._stranger.own_tags(target))
        held = self.lake.assignments.get(target)
        own = {key: one.value for key, one in held.items()} if held else {}
        lender = self._lender.get(Facts.ASSIGNMENTS)
        return {**lender.own_tags(target), **own} if lender else own

    def database_tags(self, database: Database) -> Tags:
        """Return a database's effective tags: its own over the catalog's."""
        known = self._database_tags.get(database)
        if known is None:
            known = self._overlaid(self.own_tags(Catalog(database.catalog)), self.own_tags(database))
            self._database_tags[database] = known
        return known

    def table_tags(self, table: Table) -> Tags:
        """Return a table's effective tags: its own over its database's.

        Source: https://docs.aws.amazon.com/lake-formation/latest/dg/tag-based-access-control.html (inheritance).
        """
        known = self._table_tags.get(table)
        if known is None:
            above = self.database_tags(table.parent)
            known = self._overlaid(above, self.own_tags(table))
            if known == above:  # live, tables are told with what they inherit: most need no tags of their own
                known = above
            self._table_tags[table] = known
        return known

    def column_tags(self, table: Table, column: str) -> Tags:
        """Return a column's effective tags: its own over its table's."""
        own = self._overrides.get(table, {}).get(column)
        return self._overlaid(self.table_tags(table), own) if own else self.table_tags(table)

    def tagged_columns(self, table: Table) -> Iterable[str]:
        """Return the columns that carry tags of their own."""
        return self._overrides.get(table, {})

    @staticmethod
    def _overlaid(*layers: Tags) -> Tags:
        told = [layer for layer in layers if layer]
        if len(told) <= 1:
            return told[0] if told else NO_TAGS
        whole: dict[str, str] = {}
        for layer in told:
            whole.update(layer)
        return whole

    def among(self, pool: Pool, table: Table) -> Container[int] | None:
        """Return the LF-tag policies that may mean a table, by a pool's numbers; None where nobody sorted them."""
        return None if self.sorter is None else self.sorter(pool, table)

    def match(self, expression: Expression, table: Table) -> Match:
        """Evaluate an LF-tag expression on a table and its columns."""
        known = self._matches.get((expression, table))
        if known is None:
            if len(self._matches) >= _MATCHED:
                self._matches.clear()
            known = self._matches[(expression, table)] = self._match(expression, table)
        return known

    def _match(self, expression: Expression, table: Table) -> Match:
        whole = matches(expression, self.table_tags(table))
        overrides = self._overrides.get(table)
        keys = {key for key, _ in expression}
        if not overrides or not any(keys & tags.keys() for tags in overrides.values()):
            return Match(whole, None)
        told = self.columns(table)
        names = told[0] if told else frozenset(overrides)
        odd = {
            name for name in overrides if name in names and matches(expression, self.column_tags(table, name)) != whole
        }
        return Match(whole, (names - odd if odd else None) if whole else frozenset(odd))


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a table that one grant shows: columns (with ``FUTURE`` for later ones), rows, and why."""

    columns: frozenset[str]
    rows: Rows
    grantable: bool
    grant: Grant
    spelt: Columns = NO_COLUMNS
    """The columns as the grant spells them: what it shows by name of those that the table has not."""


@dataclass(slots=True)
class Access:
    """What one principal has on one table. ``others`` maps (permission, grantable) to a grant that gives it."""

    pieces: list[Piece] = field(default_factory=list)
    others: dict[tuple[Permission, bool], Grant] = field(default_factory=dict)
    unresolved: list[Grant] = field(default_factory=list)
    """Grants that could not be evaluated: a filter or saved expression without a body."""

    def __bool__(self) -> bool:
        return bool(self.pieces or self.others)

    def add(self, permissions: Iterable[Permission], grant: Grant) -> None:
        """Take permissions other than SELECT from a grant."""
        for permission in permissions:
            self.others.setdefault((permission, False), grant)
            if permission in grant.grantable:
                self.others.setdefault((permission, True), grant)


def condition_fits(offered: str | None, wanted: str | None, *, maybe: bool = False) -> bool:
    """Whether a grant under condition *offered* holds wherever *wanted* does; *maybe* is the answer to the undecided.

    No condition may always hold: what is wanted without one, a grant under one does not give.
    """
    if offered is None or offered == wanted:
        return True
    known = wanted is not None and _covers(offered, wanted)
    return maybe if known is None else known


_covers = lru_cache(maxsize=4096)(covers_condition)


def access(
    index: Grants,
    view: View,
    principal: Principal,
    table: Table,
    *,
    condition: str | None = None,
    groups: bool = True,
    only: Grant | None = None,
    maybe: bool = False,
) -> Access:
    """Return what *principal* has on *table* by the grants of *index* over the facts of *view*.

    With *groups*, grants of the principals that certainly contain it count too. *only* evaluates one single grant.
    With *maybe*, grants under conditions that cannot be ordered count as well.
    """
    found = Access()
    if only is not None:
        _apply(found, view, table, only)
        return found
    among = view.among(index.pool, table)
    for who in groups_of(principal) if groups else (principal,):
        for grant in index.on_table(who, table, among):
            if condition_fits(grant.condition, condition, maybe=maybe):
                _apply(found, view, table, grant)
    return found


def _apply(found: Access, view: View, table: Table, grant: Grant) -> None:
    match grant.resource:
        case Table(catalog, database, name) if (catalog, database, name) == (table.catalog, table.database, table.name):
            _whole(found, view, table, grant)
        case AllTables() as tables if tables.parent == table.parent:
            _whole(found, view, table, grant)
        case TableColumns(table=other, columns=columns) if other == table:
            if SELECT in grant.permissions:
                show(found, view, table, columns, ALL_ROWS, grant)
            found.add(grant.permissions - {SELECT}, grant)
        case DataCellsFilter(table=other) as cells if other == table:
            body = view.body(cells)
            if body is None:
                found.unresolved.append(grant)
            elif SELECT in grant.permissions:
                show(found, view, table, body.columns, body.rows, grant)
        case TagPolicy(resource_type="TABLE", catalog=catalog) as policy if catalog == table.catalog:
            expression = view.expression(policy)
            if expression is None:
                found.unresolved.append(grant)
            else:
                _tagged(found, view, table, view.match(expression, table), grant)
        case Catalog(catalog) if SUPER_USER in grant.permissions and catalog_within(table.catalog, catalog):
            _super(found, view, table, grant)
        case AnyResource(catalog=catalog, resource_type="TABLE") if catalog == table.catalog:
            _whole(found, view, table, grant)
        case _:
            pass


def _columns(view: View, table: Table, columns: Columns) -> frozenset[str]:
    told = view.columns(table)
    if told is None:
        # Nobody knows the columns: a name stands for itself, a wildcard for whatever there may be.
        return visible(columns, frozenset(), named=True)
    names, partitions = told
    # Partition keys cannot be restricted: whoever sees a column sees them
    # (https://docs.aws.amazon.com/lake-formation/latest/dg/data-filtering-notes.html).
    return visible(columns, names, named=view.named) | partitions


def show(found: Access, view: View, table: Table, columns: Columns, rows: Rows, grant: Grant) -> None:
    """Show columns and rows of a table through a grant."""
    found.pieces.append(Piece(_columns(view, table, columns), rows, SELECT in grant.grantable, grant, columns))


def _whole(found: Access, view: View, table: Table, grant: Grant) -> None:
    if SELECT in grant.permissions:
        told = view.columns(table)
        columns = frozenset({FUTURE}) if told is None else told[0] | told[1] | {FUTURE}
        found.pieces.append(Piece(columns, ALL_ROWS, SELECT in grant.grantable, grant, EVERY_COLUMN))
    found.add(grant.permissions - {SELECT}, grant)


def _tagged(found: Access, view: View, table: Table, match: Match, grant: Grant) -> None:
    """Apply a tag policy; where only some columns match, only SELECT on those and DESCRIBE remain.

    Source: https://docs.aws.amazon.com/lake-formation/latest/dg/lf-tag-considerations.html.
    """
    if not match:
        return
    if match.columns is None:
        _whole(found, view, table, grant)
        return
    if SELECT in grant.permissions:
        told = view.columns(table)
        partitions = told[1] if told else frozenset()
        future = frozenset({FUTURE}) if match.table else frozenset()
        spelt = AllExcept(told[0] - match.columns if told else frozenset()) if match.table else Only(match.columns)
        shown = match.columns | partitions | future
        found.pieces.append(Piece(shown, ALL_ROWS, SELECT in grant.grantable, grant, spelt))
    found.add({DESCRIBE}, grant)


def _super(found: Access, view: View, table: Table, grant: Grant) -> None:
    """SUPER_USER on a catalog is everything, with grant option, on every table inside, also later ones."""
    whole = Grant(grant.principal, grant.resource, TABLE_MEMBERS, TABLE_MEMBERS, grant.condition, grant.evidence)
    _whole(found, view, table, whole)


def database_access(
    index: Grants,
    view: View,
    principal: Principal,
    database: Database,
    *,
    condition: str | None = None,
    maybe: bool = False,
) -> set[tuple[Permission, bool]]:
    """Return the (permission, grantable) pairs that a principal has on a database, its containing groups' included."""
    found: set[tuple[Permission, bool]] = set()
    for who in groups_of(principal):
        for grant in index.over(who, database):
            if condition_fits(grant.condition, condition, maybe=maybe):
                found |= on_database(grant, view, database)
    return found


_FROM_SUPER = frozenset(
    (Permission(name), flag) for name in ("CREATE_TABLE", "ALTER", "DROP", "DESCRIBE") for flag in (False, True)
)


def on_database(grant: Grant, view: View, database: Database) -> frozenset[tuple[Permission, bool]]:
    """Return the (permission, grantable) pairs that one grant gives on a database."""
    match grant.resource:
        case Database() as named if named == database:
            return atoms(grant)
        case TagPolicy(resource_type="DATABASE") as policy:
            expression = view.expression(policy)
            if expression is not None and matches(expression, view.database_tags(database)):
                return atoms(grant)
        case Catalog(catalog) if SUPER_USER in grant.permissions and catalog_within(database.catalog, catalog):
            return _FROM_SUPER
        case _:
            pass
    return frozenset()
