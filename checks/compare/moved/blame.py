"""Which facts had to move for a grant to show a cell, or to stop showing it."""

from __future__ import annotations

from dataclasses import dataclass

from checks.compare.moved.alike import Alike
from checks.compare.moved.effects import Moved
from checks.compare.sides import Sides
from checks.compare.sight import Sight
from checks.model import (
    ColumnRef,
    Database,
    DataCellsFilter,
    Expression,
    Only,
    Resource,
    SavedExpression,
    Table,
    TableColumns,
    TagPolicy,
    TagRef,
)
from checks.semantics import matches
from checks.view import Tags


def failing(expression: Expression, tags: Tags) -> list[str]:
    """Return the keys for which an object's tags do not satisfy an expression."""
    return [
        key
        for key, values in expression
        if (value := tags.get(key)) is None or (value not in values and "*" not in values)
    ]


@dataclass(frozen=True, slots=True)
class Cell:
    """What opened or closed: a column, all columns of a table of which nobody knows any (``None``), or an atom."""

    column: str | None
    of_columns: bool
    """Whether it is about reading columns."""
    partial: bool = False
    """Of an atom: whether it is enough that some columns match."""


def blame(sides: Sides, kind: Alike, table: Table, cell: Cell, resource: Resource, *, gain: bool) -> tuple[Moved, ...]:
    """Return the facts that moved and opened (or closed) a cell to a grant on *resource*, the decisive one first.

    Facts without which it would not have come about are all named; of those that would each have done alone the first
    is. Nothing is returned if no fact is to blame.
    """
    found: list[Moved] = []
    fresh = _fresh(sides, kind, table, cell.column)
    if fresh is not None:
        found.append(fresh)
    match resource:
        case DataCellsFilter() as cells:
            if _edited(sides, cells) and (fresh is None or not _would_show(sides, cells, cell.column, gain=gain)):
                found.append(cells)
        case TagPolicy() as policy:
            found += _policy(sides, kind, table, cell, policy, gain=gain)
            if not found and not cell.of_columns:
                found = _reshaped(sides, kind, table)
        case _:
            pass
    return tuple(found)


def _reshaped(sides: Sides, kind: Alike, table: Table) -> list[Moved]:
    """Return the column with tags of its own that only one side has: it decides whether all of the table matches."""
    odd = (kind.before.odd.keys() & kind.before.names) ^ (kind.after.odd.keys() & kind.after.names)
    return [*[fresh for column in sorted(odd) if (fresh := _fresh(sides, kind, table, column)) is not None][:1]]


def _edited(sides: Sides, cells: DataCellsFilter) -> bool:
    one, two = sides.view_declared.body(cells), sides.view_live.body(cells)
    return one is not two and (one is None or two is None or one.columns != two.columns or one.rows != two.rows)


def _would_show(sides: Sides, cells: DataCellsFilter, column: str | None, *, gain: bool) -> bool:
    """Whether a filter as it was before would show a column that did not exist then."""
    body = (sides.view_declared if gain else sides.view_live).body(cells)
    return body is not None and (isinstance(body.columns, Only) == (column in body.columns.names))


def _fresh(sides: Sides, kind: Alike, table: Table, column: str | None) -> TableColumns | None:
    """Return the column, if only one side's table has it."""
    one, two = kind.before.columns, kind.after.columns
    if column is None or one is None or two is None or table not in sides.declared.tables:
        return None
    if (column in one[0] | one[1]) == (column in two[0] | two[1]):
        return None
    return TableColumns(table, Only(frozenset({column})))


def _policy(sides: Sides, kind: Alike, table: Table, cell: Cell, policy: TagPolicy, *, gain: bool) -> list[Moved]:
    """Return what made a policy that did not mean the cell mean it; for a loss the other way round."""
    one, two = (kind.before, kind.after) if gain else (kind.after, kind.before)
    views = (sides.view_declared, sides.view_live) if gain else (sides.view_live, sides.view_declared)
    before, after = (view.expression(policy) for view in views)
    if after is None:
        return []
    places = _places(cell, after, one, two)
    found: list[Moved] = []
    if before != after and policy.saved is not None:
        edit = SavedExpression(policy.catalog, policy.saved)
        alone = all(matches(after, one.of(place)) for place in places)
        if alone or before is None or not all(matches(before, two.of(place)) for place in places):
            found.append(edit)
        if alone:
            return found
        if not found and before is not None:
            after = before  # the edit made no difference: by the tags alone it is open
    for place in places:
        for key in failing(after, one.of(place)):
            if (fact := carrier(sides, kind, table, place, key)) not in found:
                found.append(fact)
    return found if gain else found[:1]


def _places(cell: Cell, after: Expression, one: Sight, two: Sight) -> list[str | None]:
    """Return the objects (columns, or None for the table) that must match for the cell to be open."""
    if cell.of_columns:
        return [cell.column]
    odd = sorted(name for name in one.odd.keys() | two.odd.keys() if name in two.names)
    if not cell.partial:
        # All of the table must match: the table, and each column with tags of its own.
        return [None, *(name for name in odd if one.of(name) != one.tags or two.of(name) != two.tags)]
    if matches(after, two.tags):
        return [None]
    return [next((name for name in odd if matches(after, two.of(name))), None)]


def carrier(sides: Sides, kind: Alike, table: Table, column: str | None, key: str) -> TagRef:
    """Return the object whose tag moved: the highest one that explains the difference."""
    on_table = kind.before.tags.get(key), kind.after.tags.get(key)
    if column is not None:
        own = kind.before.of(column).get(key), kind.after.of(column).get(key)
        if own != on_table:
            return TagRef(ColumnRef(table, column), key)
    views = sides.view_declared, sides.view_live
    above = tuple(view.database_tags(kind.database).get(key) for view in views)
    return TagRef(table if on_table != above else kind.database, key)


def blame_database(sides: Sides, database: Database, policy: Resource, *, gain: bool) -> tuple[Moved, ...]:
    """Return the facts without which the policy would not mean the database (or still would)."""
    if not isinstance(policy, TagPolicy):
        return ()
    views = (sides.view_declared, sides.view_live) if gain else (sides.view_live, sides.view_declared)
    edit: tuple[Moved, ...] = ()
    body, was = views[1].expression(policy), views[0].expression(policy)
    if body is None:
        return ()
    if policy.saved is not None and body != was:
        edit = (SavedExpression(policy.catalog, policy.saved),)
    tags = views[0].database_tags(database)
    moved = tuple(TagRef(database, key) for key in failing(body, tags))
    return (*edit, *moved) if gain else (*edit, *moved)[:1]
