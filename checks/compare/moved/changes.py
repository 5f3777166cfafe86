"""Which facts below the grants differ, found object by object before anybody's access is looked at."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from checks.compare.sides import Sides
from checks.model import (
    Assignment,
    Catalog,
    ColumnRef,
    Database,
    DataCellsFilter,
    Facts,
    SavedExpression,
    Table,
    TableInfo,
    TagRef,
    TagTarget,
)
from checks.view import Tags, View

Values = tuple[str | None, str | None]
"""A tag's value declared and live, None for no value."""


@dataclass(slots=True)
class Changes:
    """What differs between both sides' facts; ``tables`` are those on which some grant may read one that does."""

    tags: dict[TagRef, Values] = field(default_factory=dict)
    """Effective values by object and key, without those that a difference above explains."""
    databases: dict[Database, list[str]] = field(default_factory=dict)
    """Keys whose values differ on a database."""
    filters: dict[Table, set[DataCellsFilter]] = field(default_factory=lambda: defaultdict(set))
    reshaped: set[Table] = field(default_factory=set)
    """Tables whose columns differ."""
    retagged: set[Table] = field(default_factory=set)
    """Tables with a tag of their own, or of a column, that differs."""
    edited: set[SavedExpression] = field(default_factory=set)

    def tables(self, sides: Sides) -> Iterator[tuple[Database, list[Table]]]:
        """Yield each database that is touched with its touched tables; by name, so that order changes nothing."""
        own = {*self.retagged, *self.reshaped, *self.filters}
        some: dict[Database, list[Table]] = defaultdict(list)
        for table in own:
            some[table.parent].append(table)
        every = {table.parent for table in sides.tables()} if self.edited else self.databases.keys()
        for database in sorted({*some, *every}, key=lambda one: (one.catalog, one.name)):
            tables = sides.tables_of(database) if database in every else some[database]
            yield database, sorted(tables, key=lambda one: one.name)


def changes(sides: Sides) -> Changes:
    """Find what differs."""
    found = Changes()
    targets = _targets(sides)
    _databases(sides, targets, found)
    _tables(sides, targets, found)
    for cells in {**sides.declared.filters, **sides.live.filters}:
        one, two = sides.view_declared.body(cells), sides.view_live.body(cells)
        if one is not two and (
            one is None or two is None or one.columns != two.columns or one.rows != two.rows
        ) and _exists(sides, cells.table):  # fmt: skip
            found.filters[cells.table].add(cells)
    for table, info in sides.declared.tables.items():
        if _exists(sides, table) and not _same_columns(info, sides.live.tables.get(table)) and (
            sides.view_declared.columns(table) != sides.view_live.columns(table)
        ):  # fmt: skip
            found.reshaped.add(table)
    found.edited = {
        name for name in sides.declared.expressions if sides.view_declared.saved(name) != sides.view_live.saved(name)
    }
    return found


def _exists(sides: Sides, table: Table) -> bool:
    return table in sides.live.tables or (Facts.TABLES in sides.dark and table in sides.declared.tables)


def _same_columns(one: TableInfo, two: TableInfo | None) -> bool:
    """Whether two tables have the same columns as they stand; False says nothing."""
    if two is None or one.columns is None or two.columns is None:
        return False
    if one.columns is two.columns and one.partition_keys == two.partition_keys:
        return True
    return [each.name for each in one.columns] == [each.name for each in two.columns] and [
        each.name for each in one.partition_keys
    ] == [each.name for each in two.partition_keys]


@dataclass(slots=True)
class _Targets:
    """What is assigned differently on the face of it."""

    databases: set[Database] = field(default_factory=set)
    tables: set[Table] = field(default_factory=set)
    columned: set[Table] = field(default_factory=set)
    """Tables of which a column is."""
    catalogs: bool = False


def _targets(sides: Sides) -> _Targets:
    found = _Targets()
    declared, live = sides.declared.assignments, sides.live.assignments
    nothing: Mapping[str, Assignment] = {}
    told = {*sides.declared.databases, *(one for one in declared if isinstance(one, Database))}
    sure = Facts.ASSIGNMENTS not in sides.dark
    for target in {**declared, **live}:
        one, two = declared.get(target, nothing), live.get(target, nothing)
        if _same_values(one, two):
            continue
        if (
            sure
            and isinstance(target, Table)
            and (parent := target.parent) in told
            and _inherits(sides, parent, one, two)
        ):
            continue
        match target:
            case Database():
                found.databases.add(target)
            case Table():
                found.tables.add(target)
            case ColumnRef(table=table):
                found.columned.add(table)
            case Catalog():
                found.catalogs = True
    return found


def _inherits(sides: Sides, parent: Database, one: Mapping[str, Assignment], two: Mapping[str, Assignment]) -> bool:
    """Whether a table's tags differ only in that one side spells out what the other inherits."""
    above = sides.view_declared.database_tags(parent), sides.view_live.database_tags(parent)
    return all(
        (one[key].value if key in one else above[0].get(key)) == (two[key].value if key in two else above[1].get(key))
        for key in one.keys() | two.keys()
    )


def _same_values(one: Mapping[str, Assignment], two: Mapping[str, Assignment]) -> bool:
    if len(one) != len(two):
        return False
    for key, assignment in one.items():
        other = two.get(key)
        if other is None or other.value != assignment.value:
            return False
    return True


def differing(before: Tags, after: Tags) -> list[str]:
    """Return the keys whose values differ, sorted."""
    if before == after:
        return []
    return sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))


def _databases(sides: Sides, targets: _Targets, found: Changes) -> None:
    declared, live = sides.view_declared, sides.view_live
    databases = {*sides.databases(), *(one for one in sides.declared.assignments if isinstance(one, Database))}
    for database in sorted(databases, key=lambda one: (one.catalog, one.name)):
        if not targets.catalogs and database not in targets.databases:
            continue
        if Facts.DATABASES not in sides.dark and database not in sides.live.databases:
            continue
        before, after = declared.database_tags(database), live.database_tags(database)
        if keys := differing(before, after):
            found.databases[database] = keys
        for key in keys:
            found.tags[TagRef(database, key)] = (before.get(key), after.get(key))


def _tables(sides: Sides, targets: _Targets, found: Changes) -> None:
    """Compare tables and columns that look different, and all below a database that is."""
    below = {table for database in found.databases for table in sides.tables_of(database)}
    looked = {one for one in {*targets.tables, *targets.columned} if _exists(sides, one)}
    for table in sorted(below | looked, key=lambda one: (one.catalog, one.database, one.name)):
        _table(sides, table, found)


def _table(sides: Sides, table: Table, found: Changes) -> None:
    declared, live = sides.view_declared, sides.view_live
    before, after = declared.table_tags(table), live.table_tags(table)
    keys = differing(before, after)
    parent = table.parent
    above = (declared.database_tags(parent), live.database_tags(parent)) if keys else (before, after)
    for key in keys:
        if before.get(key) == above[0].get(key) and after.get(key) == above[1].get(key):
            continue
        found.tags[TagRef(table, key)] = (before.get(key), after.get(key))
        found.retagged.add(table)
    for column in sorted({*declared.tagged_columns(table), *live.tagged_columns(table)}):
        was, now = declared.column_tags(table, column), live.column_tags(table, column)
        for key in differing(was, now):
            if was.get(key) == before.get(key) and now.get(key) == after.get(key):
                continue
            found.tags[TagRef(ColumnRef(table, column), key)] = (was.get(key), now.get(key))
            found.retagged.add(table)


def own_assignment(view: View, target: TagTarget, key: str) -> Assignment | None:
    """Return the assignment of a key on an object itself."""
    return view.lake.assignments.get(target, {}).get(key)


def assignment(view: View, target: TagTarget, key: str) -> Assignment | None:
    """Return the assignment that decides a key on an object: its own, else the nearest parent's."""
    chain: list[TagTarget] = [target]
    if isinstance(target, ColumnRef):
        chain += [target.table, target.table.parent]
    elif isinstance(target, Table):
        chain.append(target.parent)
    for one in chain:
        if (found := own_assignment(view, one, key)) is not None:
            return found
    return None
