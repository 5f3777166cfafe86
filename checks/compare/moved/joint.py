"""Which moved facts a gain by a live grant needed too: neither the grant nor the facts would have given it alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice

from checks.compare.moved.alike import alike
from checks.compare.moved.blame import Cell, blame, blame_database
from checks.compare.moved.changes import Changes
from checks.compare.moved.effects import Moved
from checks.compare.moved.telling import fact_words
from checks.compare.moved.through import through
from checks.compare.moved.world import World
from checks.grants import Atom
from checks.model import (
    AllTables,
    Database,
    Finding,
    Grant,
    Permission,
    Principal,
    Table,
    TableColumns,
    TagPolicy,
)
from checks.semantics import DESCRIBE, SELECT, shown_in, table_of
from checks.view import Access, access, database_access

_LOOKED_AT = 5
"""Tables beside the witness's on which a gain is asked whether it needed a fact."""


def joint(world: World, found: Changes) -> dict[Moved, set[str]]:
    """Add to the findings on live grants which facts had to move too; return those facts, each with the subjects."""
    sides = world.sides
    partners: dict[Moved, set[str]] = {}
    touched = _touched(world, found)
    for principal, rows, place in sides.gained if touched or found.databases else ():
        finding = sides.findings[place]
        seen = finding.witness
        if seen is None or seen.database is None or seen.permission is None:
            continue
        atom = (Permission(seen.permission), bool(finding.added) and all(one.grantable for one in finding.added))
        if seen.table is None:
            facts = _on_database(world, principal, rows, Database(seen.catalog or "", seen.database), atom)
            part = ""
        else:
            table = Table(seen.catalog or "", seen.database, seen.table)
            facts, part = _on_table(world, principal, rows, table, atom, seen.column) if table in touched else (), ""
            for other in islice(_others(world, rows, touched), _LOOKED_AT) if not facts else ():
                facts, part = _on_table(world, principal, rows, other, atom, None), "in part "
                if facts:
                    break
        if facts:
            sides.findings[place] = _with(finding, f"; {part}only because {fact_words(facts)} moved as well")
            for fact in facts:
                rest = [one for one in facts if one != fact]
                beside = f", and {fact_words(rest)}" if rest else ""
                partners.setdefault(fact, set()).add(finding.cause.what + beside)
    return partners


def _with(finding: Finding, words: str) -> Finding:
    return replace(finding, message=finding.message + words)


def _touched(world: World, found: Changes) -> set[Table]:
    below = {table for database in found.databases for table in world.sides.tables_of(database)}
    every = set(world.sides.tables()) if found.edited else below
    return {*every, *found.retagged, *found.reshaped, *found.filters}


def _others(world: World, rows: Iterable[Grant], touched: set[Table]) -> Iterator[Table]:
    """Yield touched tables that a row shows more of over the live facts than over the declared ones."""
    sides = world.sides
    for row in rows:
        match row.resource:
            case TagPolicy(resource_type="TABLE") as policy:
                before, after = sides.view_declared.expression(policy), sides.view_live.expression(policy)
                for table in sorted(touched, key=lambda one: (one.catalog, one.database, one.name)):
                    if after is not None and (
                        before is None
                        or sides.view_live.match(after, table) != sides.view_declared.match(before, table)
                    ):
                        yield table
            case AllTables() as tables:
                yield from sorted((one for one in touched if one.parent == tables.parent), key=lambda one: one.name)
            case Table() | TableColumns():
                named = table_of(row.resource)
                if named is not None and named in touched:
                    yield named
            case _:
                pass


def _on_table(
    world: World, principal: Principal, rows: Iterable[Grant], table: Table, atom: Atom, column: str | None
) -> tuple[Moved, ...]:
    """Return the facts without which no live grant would give an atom on a table (or on any column of it)."""
    sides = world.sides
    (kind,) = alike(sides, table.parent, [table])
    for row in rows:
        own = access(sides.index_live, sides.view_live, principal, table, only=row)
        without = access(sides.index_live, sides.view_declared, principal, table, condition=row.condition)
        declared = (
            access(sides.index_declared, sides.view_declared, principal, table, condition=row.condition),
            through(sides, principal, table, row.condition),
        )
        columns = _columns(own, atom) if column is None else {column} & _columns(own, atom)
        for one in sorted(columns) if atom[0] == SELECT else [None]:
            if not _gives(own, atom, one) or any(_gives(each, atom, one) for each in (without, *declared)):
                continue
            cell = Cell(one, of_columns=one is not None, partial=atom[0] == DESCRIBE)
            if facts := blame(sides, kind, table, cell, row.resource, gain=True):
                return facts
    return ()


def _columns(found: Access, atom: Atom) -> set[str]:
    return {column for one in found.pieces for column in one.columns if one.grantable or not atom[1]} - {"*"}


def _gives(found: Access, atom: Atom, column: str | None) -> bool:
    if column is None:
        return atom in found.others
    return any(shown_in(column, one.columns) and (one.grantable or not atom[1]) for one in found.pieces)


def _on_database(
    world: World, principal: Principal, rows: Iterable[Grant], database: Database, atom: Atom
) -> tuple[Moved, ...]:
    sides = world.sides
    for row in rows:
        if isinstance(row.resource, TagPolicy) and atom not in database_access(
            sides.index_live, sides.view_declared, principal, database, condition=row.condition
        ):
            return blame_database(sides, database, row.resource, gain=True)
    return ()
