"""What declared grants give over the live facts, as far as a live grant reaches it through the very facts that moved.

A moved fact opens something only to whom a live grant reaches through it: what a declared grant would open that nobody
holds any more is no cause of what another grant gives. So of the declared grants over the live facts only that counts
for which some live grant, of the principal or of a group that covers it, needed the same facts to move.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from checks.compare.moved.alike import Alike, alike
from checks.compare.moved.blame import Cell, blame, blame_database
from checks.compare.moved.effects import Moved
from checks.compare.sides import Sides
from checks.grants import Atom, Grants, atoms
from checks.model import (
    ALL_ROWS,
    Database,
    DataCellsFilter,
    Facts,
    Grant,
    Principal,
    Resource,
    Rows,
    Table,
    TagPolicy,
    Where,
)
from checks.principals import groups_of
from checks.semantics import DESCRIBE, FUTURE, holder, shown_in
from checks.view import Access, Piece, access, condition_fits, database_access, on_database

Part = tuple[Grant, Access]
"""A declared grant, and what of it counts."""


def through(sides: Sides, principal: Principal, table: Table, condition: str | None, *, maybe: bool = False) -> Access:
    """Return what declared grants give a principal on a table by facts through which a live grant reaches it too."""
    return united(parts(sides, principal, table, condition, maybe=maybe))


def united(some: Iterable[Part]) -> Access:
    """Return what grants give together."""
    found = Access()
    for _, own in some:
        found.pieces += own.pieces
        found.unresolved += own.unresolved
        for atom, grant in own.others.items():
            found.others.setdefault(atom, grant)
    return found


def parts(
    sides: Sides, principal: Principal, table: Table, condition: str | None, *, maybe: bool = False
) -> list[Part]:
    """Return the same grant by grant."""
    dark = Facts.GRANTS in sides.dark
    reach = _Reach(sides, principal, table, condition, maybe)
    found: list[Part] = []
    among = sides.view_live.among(sides.index_declared.pool, table)
    for who in groups_of(principal):
        for grant in sides.index_declared.on_table(who, table, among):
            if condition_fits(grant.condition, condition, maybe=maybe):
                own = access(sides.index_declared, sides.view_live, who, table, only=grant)
                if not dark and own and not stands(sides, grant, principal, condition, maybe=maybe):
                    own = reach.of(grant, own)
                found.append((grant, own))
    return found


def stands(sides: Sides, grant: Grant, principal: Principal, condition: str | None, *, maybe: bool = False) -> bool:
    """Whether a live grant on the same resource gives a principal what a declared one does, if moved facts decide it.

    What names a table or its columns gains by new columns only, and so does whatever else shows them.
    """
    if not isinstance(grant.resource, TagPolicy | DataCellsFilter):
        return True
    held: set[Atom] = set()
    for who in groups_of(principal):
        for one in sides.index_live.on_object(who, grant.resource):
            if condition_fits(one.condition, condition, maybe=maybe):
                held |= atoms(one)
    return atoms(grant) <= held


@dataclass(slots=True)
class _Reach:
    """Through which facts live grants reach a table."""

    sides: Sides
    principal: Principal
    table: Table
    condition: str | None
    maybe: bool
    _kind: Alike | None = None
    _apart: frozenset[str] = frozenset()
    _live: list[tuple[Grant, Access]] = field(default_factory=list)
    _blamed: dict[tuple[Resource, Cell], frozenset[Moved]] = field(default_factory=dict)

    def of(self, grant: Grant, own: Access) -> Access:
        """Return what of a declared grant's access live grants reach through the same facts."""
        if self._kind is None:
            self._look()
        found = Access(unresolved=own.unresolved)
        for atom in own.others:
            cell = Cell(None, of_columns=False, partial=atom[0] == DESCRIBE)
            if self._reaches(grant, cell, [one for one, theirs in self._live if atom in theirs.others]):
                found.others[atom] = grant
        for piece in own.pieces:
            for lend in (False, True) if piece.grantable else (False,):
                columns = frozenset(one for one in piece.columns if self._shows(grant, one, lend=lend))
                if columns:
                    found.pieces.append(replace(piece, columns=columns, grantable=lend))
        return found

    def _look(self) -> None:
        """Look at the table and at the live grants on it."""
        sides, table = self.sides, self.table
        (self._kind,) = alike(sides, table.parent, [table])
        one, two = self._kind.before, self._kind.after
        self._apart = frozenset({*one.odd, *two.odd, *(one.every ^ two.every)})
        for who in groups_of(self.principal):
            for grant in sides.index_live.on_table(who, table):
                if condition_fits(grant.condition, self.condition, maybe=self.maybe):
                    given = access(sides.index_live, sides.view_live, who, table, only=grant)
                    if given:
                        self._live.append((grant, given))

    def _shows(self, grant: Grant, column: str, *, lend: bool) -> bool:
        cell = Cell(None if column == FUTURE else column, of_columns=True)
        if cell.column is not None and column not in self._apart and not holder(column):
            # Columns without tags of their own are blamed alike.
            cell = replace(cell, column=min(self._common, default=column))
        return self._reaches(
            grant,
            cell,
            [
                one
                for one, theirs in self._live
                if any(shown_in(column, piece.columns) and (piece.grantable or not lend) for piece in theirs.pieces)
            ],
        )

    @property
    def _common(self) -> frozenset[str]:
        assert self._kind is not None
        return (self._kind.after.every & self._kind.before.every) - self._apart

    def _reaches(self, grant: Grant, cell: Cell, live: Iterable[Grant]) -> bool:
        needed = self._facts(grant.resource, cell)
        return bool(needed) and any(needed <= self._facts(one.resource, cell) for one in live)

    def _facts(self, resource: Resource, cell: Cell) -> frozenset[Moved]:
        known = self._blamed.get((resource, cell))
        if known is None:
            assert self._kind is not None
            found = blame(self.sides, self._kind, self.table, cell, resource, gain=True)
            known = self._blamed[(resource, cell)] = frozenset(found)
        return known


def through_database(
    sides: Sides, principal: Principal, database: Database, condition: str | None, *, maybe: bool = False
) -> set[Atom]:
    """Return what declared grants give a principal on a database, likewise."""
    index, live = sides.index_declared, sides.view_live
    if Facts.GRANTS in sides.dark:
        return database_access(index, live, principal, database, condition=condition, maybe=maybe)
    found = database_access(index, sides.view_declared, principal, database, condition=condition, maybe=maybe)
    for grant, given in _moving(sides, index, principal, database, condition, maybe=maybe):
        if facts := blame_database(sides, database, grant.resource, gain=True):
            found |= {
                atom
                for atom in given
                if reaches_database(sides, principal, database, condition, facts, atom, maybe=maybe)
            }
    return found


def reaches_database(
    sides: Sides,
    principal: Principal,
    database: Database,
    condition: str | None,
    facts: Iterable[Moved],
    atom: Atom,
    *,
    maybe: bool = False,
) -> bool:
    """Whether a live policy gives a principal an atom on a database and needed these facts to move for it."""
    needed = frozenset(facts)
    return Facts.GRANTS in sides.dark or any(
        atom in given and needed <= frozenset(blame_database(sides, database, grant.resource, gain=True))
        for grant, given in _moving(sides, sides.index_live, principal, database, condition, maybe=maybe)
    )


def staying_database(sides: Sides, principal: Principal, database: Database, condition: str | None) -> set[Atom]:
    """Return what each declared grant gives a principal on a database over the declared and the live facts alike."""
    return {
        atom
        for who in groups_of(principal)
        for grant in sides.index_declared.elsewhere(who)
        if condition_fits(grant.condition, condition)
        for atom in on_database(grant, sides.view_declared, database) & on_database(grant, sides.view_live, database)
    }


def _moving(
    sides: Sides, index: Grants, principal: Principal, database: Database, condition: str | None, *, maybe: bool
) -> Iterator[tuple[Grant, frozenset[Atom]]]:
    """Yield the policies that mean a database by the live facts and not by the declared ones, with what they give."""
    for who in groups_of(principal):
        for grant in index.policies(who, "DATABASE"):
            if condition_fits(grant.condition, condition, maybe=maybe) and (
                given := on_database(grant, sides.view_live, database)
            ) and not on_database(grant, sides.view_declared, database):  # fmt: skip
                yield grant, given


def staying(sides: Sides, principal: Principal, table: Table, condition: str | None) -> Access:
    """Return what each declared grant gives over the declared facts and over the live ones alike."""
    found = Access()
    for who in groups_of(principal):
        for grant in sides.index_declared.on_table(who, table):
            if not condition_fits(grant.condition, condition):
                continue
            before, after = (
                access(sides.index_declared, view, who, table, only=grant)
                for view in (sides.view_declared, sides.view_live)
            )
            for atom in before.others.keys() & after.others.keys():
                found.others.setdefault(atom, grant)
            found.pieces += both(before.pieces, after.pieces, lend=False)
    return found


def both(mine: Iterable[Piece], theirs: Iterable[Piece], *, lend: bool) -> Iterator[Piece]:
    """Yield what two sets of pieces both show: of each piece the columns, and of these the rows, of the others."""
    usable = [one for one in theirs if one.grantable or not lend]
    for one in mine:
        if lend and not one.grantable:
            continue
        whole = [other.columns for other in usable if other.rows in (ALL_ROWS, one.rows)]
        plain = one.columns & frozenset().union(*whole)
        if plain:
            yield replace(one, columns=plain)
        for other in usable:
            if rest := (one.columns - plain) & other.columns:
                yield replace(one, columns=rest, rows=_rows(one.rows, other.rows))


def _rows(one: Rows, two: Rows) -> Rows:
    if isinstance(one, Where) and isinstance(two, Where):
        return Where(f"({one.text}) and ({two.text})")
    return two if one == ALL_ROWS else one
