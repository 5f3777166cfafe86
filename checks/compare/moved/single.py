"""What one principal gains or loses on one table by declared grants, row filters included: slow and exact."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from checks import spelling
from checks.compare.moved.alike import Alike
from checks.compare.moved.blame import Cell, blame
from checks.compare.moved.effects import NO_COLUMNS, Moved, Share, merged, seen
from checks.compare.moved.world import World
from checks.compare.cells import beyond_others
from checks.compare.rows import Excess
from checks.grants import Atom
from checks.model import ALL_ROWS, Facts, Grant, Principal, Rows, Table, Where, Witness
from checks.principals import groups_of
from checks.semantics import DESCRIBE, FUTURE, SELECT
from checks.view import Access, Piece, access, condition_fits


def single(world: World, kind: Alike, table: Table, principal: Principal) -> list[Share]:
    """Return what moves for a principal on a table, under each condition of a grant that may reach it."""
    sides = world.sides
    conditions = {
        grant.condition
        for group in groups_of(principal)
        for index in (sides.index_declared, sides.index_live)
        for grant in index.on_table(group, table)
    }
    found: list[Share] = []
    for condition in sorted(conditions, key=lambda one: one or ""):
        found += _Single(world, kind, table, principal, condition).shares()
    return merged(found)


@dataclass(slots=True)
class _Single:
    world: World
    kind: Alike
    table: Table
    principal: Principal
    condition: str | None

    def shares(self) -> Iterator[Share]:
        """Yield the gains, then the losses."""
        sides = self.world.sides
        index, table = sides.index_declared, self.table
        before = access(index, sides.view_declared, self.principal, table, condition=self.condition)
        after = access(index, sides.view_live, self.principal, table, condition=self.condition)
        wanted = _everything(before) | _everything(after)
        if not wanted:
            return
        types = sides.view_live.types(table)
        dark = Facts.GRANTS in sides.dark
        held = None if dark else access(sides.index_live, sides.view_live, self.principal, table,
                                        condition=self.condition)  # fmt: skip
        yield from self._gains(before, after, held, wanted, types)
        if held is None or Facts.ASSIGNMENTS in sides.dark:
            return
        plain, chosen = beyond_others(before, wanted, (after, held), types)
        there = self.kind.before.every | self.kind.after.every
        for atom in plain:
            yield from self._told(atom, None, before, gain=False)
        for flag, excess in chosen:
            for column in sorted(excess.columns & there - {FUTURE}):
                if excess.unknown is None:
                    one = replace(excess, columns=frozenset({column}))
                    yield from self._told((SELECT, flag), one, before, gain=False)

    def _gains(
        self, before: Access, after: Access, held: Access | None, wanted: frozenset[Atom], types: dict[str, str]
    ) -> Iterator[Share]:
        for atom in beyond_others(after, wanted, (before,), types)[0]:
            if held is None or atom in held.others:
                yield from self._told(atom, None, after, gain=True)
        # Row by row: what is shown live to whom the grants are live.
        both = after if held is None else replace(after, pieces=list(_both(after.pieces, held.pieces)))
        blank = self.kind.after.columns is None
        for flag, excess in beyond_others(both, wanted, (before,), types)[1]:
            for column in sorted(excess.columns):
                if column != FUTURE or blank:
                    one = replace(excess, columns=frozenset({column}))
                    yield from self._told((SELECT, flag), one, after, gain=True)

    def _told(self, atom: Atom, excess: Excess | None, shown: Access, *, gain: bool) -> Iterator[Share]:
        """Put it down to the grant of its own that shows it with the fewest facts to blame, else to one of a group."""
        column = None if excess is None else next(iter(excess.columns))
        giving = self._giving(shown, atom, column, gain=gain)
        cell = (
            Cell(None, of_columns=False, partial=atom[0] == DESCRIBE)
            if column is None
            else Cell(None if column == FUTURE else column, of_columns=True)
        )
        sides = self.world.sides
        blamed = sorted(
            ((blame(sides, self.kind, self.table, cell, one.resource, gain=gain), one) for one in giving),
            key=lambda pair: (pair[1].principal != self.principal, len(pair[0]), list(map(spelling.words, pair[0]))),
        )
        if not blamed:
            return
        facts, grant = blamed[0]
        if not facts or (grant.principal != self.principal and (not gain or self._of_group(grant, atom, column))):
            return
        yield self._share(facts, atom, column, excess, grant, gain=gain)

    def _giving(self, shown: Access, atom: Atom, column: str | None, *, gain: bool) -> list[Grant]:
        """Return the grants that show an atom or a column."""
        if column is not None:
            return [one.grant for one in shown.pieces if column in one.columns and (one.grantable or not atom[1])]
        sides = self.world.sides
        view = sides.view_live if gain else sides.view_declared
        return [
            grant
            for who in groups_of(self.principal)
            for grant in sides.index_declared.on_table(who, self.table)
            if condition_fits(grant.condition, self.condition)
            and atom in access(sides.index_declared, view, who, self.table, only=grant).others
        ]

    def _of_group(self, grant: Grant, atom: Atom, column: str | None) -> bool:
        """Whether a gain comes through a group that holds it live itself: then the finding is the group's."""
        sides = self.world.sides
        if grant.principal is None or Facts.GRANTS in sides.dark:
            return True
        held = access(sides.index_live, sides.view_live, grant.principal, self.table, condition=self.condition)
        if column is None:
            return atom in held.others
        return any(column in one.columns and (one.grantable or not atom[1]) for one in held.pieces)

    def _share(
        self,
        facts: tuple[Moved, ...],
        atom: Atom,
        column: str | None,
        excess: Excess | None,
        grant: Grant,
        *,
        gain: bool,
    ) -> Share:
        bit = self.world.bit(self.principal)
        if excess is not None and excess.unknown is not None:
            return Share(facts, gain, unsure=bit, unknown={excess.unknown})
        columns = NO_COLUMNS if column is None or column == FUTURE else frozenset({column})
        sensitive = column is not None and self.world.sides.is_sensitive(self.table, column)
        share = Share(facts, gain, bit, {atom}, columns, columns if sensitive else NO_COLUMNS)
        share.sources[(grant.resource, grant.condition)] = bit
        if excess is not None and excess.note:
            share.notes.add(excess.note)
        table = self.table
        witness = Witness(self.principal, atom[0], table.catalog, table.database, table.name,
                          column if columns else None, None if excess is None else excess.row)  # fmt: skip
        share.best = seen(witness, sensitive=sensitive, partition=column in self.kind.after.partitions)
        return share


def _everything(found: Access) -> frozenset[Atom]:
    return frozenset(found.others) | {(SELECT, flag) for one in found.pieces for flag in {False, one.grantable}}


def _both(mine: Iterable[Piece], theirs: list[Piece]) -> Iterator[Piece]:
    """Yield what two sets of pieces both show: each piece, on the columns and rows of one of the others."""
    for one in mine:
        for other in theirs:
            columns = one.columns & other.columns
            if columns:
                yield Piece(columns, _rows(one.rows, other.rows), one.grantable and other.grantable, one.grant)


def _rows(one: Rows, two: Rows) -> Rows:
    if one in (two, ALL_ROWS):
        return two
    if isinstance(one, Where) and isinstance(two, Where):
        return Where(f"({one.text}) and ({two.text})")
    return one
