"""What one principal gains or loses on one table by declared grants, row filters included: slow and exact."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from checks import spelling
from checks.compare.cells import beyond_others
from checks.compare.moved.alike import Alike
from checks.compare.moved.blame import Cell, blame
from checks.compare.moved.effects import NO_COLUMNS, Moved, Rival, Share, merged, reads_files, seen
from checks.compare.moved.through import Part, both, parts, staying, united
from checks.compare.moved.world import World
from checks.compare.rows import Excess, beyond
from checks.grants import Atom
from checks.model import ALL_ROWS, Facts, Grant, Principal, Table, Witness
from checks.principals import groups_of
from checks.semantics import DESCRIBE, FUTURE, SELECT, holder, shown_in
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
    after: list[Part] = field(default_factory=list)
    """What declared grants give over the live facts, as far as live ones reach it too."""

    def shares(self) -> Iterator[Share]:
        """Yield the gains, then the losses."""
        sides = self.world.sides
        index, table = sides.index_declared, self.table
        before = access(index, sides.view_declared, self.principal, table, condition=self.condition)
        self.after = parts(sides, self.principal, table, self.condition)
        after = united(self.after)
        wanted = _everything(before) | _everything(after)
        if not wanted:
            return
        stays = staying(sides, self.principal, table, self.condition)
        types = sides.view_live.types(table)
        dark = Facts.GRANTS in sides.dark
        held = None if dark else access(sides.index_live, sides.view_live, self.principal, table,
                                        condition=self.condition)  # fmt: skip
        for atom in beyond_others(after, wanted, (before,), types)[0]:
            if held is None or atom in held.others:
                yield from self._atom(atom, gain=True)
        every = self.kind.after.every | {one for piece in after.pieces for one in piece.columns if holder(one)}
        for flag in (False, True):
            shown = after.pieces if held is None else list(both(after.pieces, held.pieces, lend=flag))
            for columns in self._columns(every):
                yield from self._rows(shown, before.pieces, columns, types, lend=flag, gain=True)
        if held is None or Facts.ASSIGNMENTS in sides.dark:
            return
        for atom in beyond_others(before, wanted, (stays, held), types)[0]:
            yield from self._atom(atom, gain=False)
        # What was declared to be shown are rows of the declared types: a whole number is no 3.5.
        types = {**types, **sides.view_declared.types(table)}
        there = (self.kind.before.every | every) - {FUTURE}
        for flag in (False, True):
            for columns in self._columns(there):
                others = [*stays.pieces, *held.pieces]
                yield from self._rows(before.pieces, others, columns, types, lend=flag, gain=False)

    def _columns(self, every: frozenset[str]) -> Iterator[frozenset[str]]:
        """Yield columns in groups for which the same facts are to blame."""
        one, two = self.kind.before, self.kind.after
        parts = {column for column in every if holder(column)}
        apart = every & (one.odd.keys() | two.odd.keys() | (one.every ^ two.every) | {FUTURE} | parts)
        if rest := every - apart:
            yield rest
        yield from (frozenset({column}) for column in sorted(apart))

    def _atom(self, atom: Atom, *, gain: bool) -> Iterator[Share]:
        cell = Cell(None, of_columns=False, partial=atom[0] == DESCRIBE)
        blamed = self._blamed(self._givers(atom, gain=gain), cell, gain=gain)
        for facts, grant in blamed[:1]:
            if not self._elsewhere(grant, atom, None, gain=gain):
                share = self._share(facts, atom, None, None, grant, gain=gain)
                if grant.principal == self.principal:
                    share.either = {other[0] for other, one in blamed if one.principal == self.principal} - set(facts)
                yield share

    def _rows(
        self,
        shown: Iterable[Piece],
        others: Iterable[Piece],
        columns: frozenset[str],
        types: dict[str, str],
        *,
        lend: bool,
        gain: bool,
    ) -> list[Share]:
        """Tell row by row what pieces show that others do not: each row once, of the piece with the fewest to blame."""
        pieces = {id(one.grant): one.grant for one in shown if one.columns & columns and (one.grantable or not lend)}
        first = min(columns)
        cell = Cell(None if first == FUTURE else first, of_columns=True)
        told, first_others = list(others), list(others)
        shares: list[tuple[bool, Share]] = []
        for facts, grant in self._blamed(pieces.values(), cell, gain=gain):
            own = grant.principal == self.principal
            for piece in [one for one in shown if one.grant is grant and one.columns & columns]:
                part = replace(piece, columns=piece.columns & columns)
                if lend and not part.grantable:
                    continue
                earlier = [one for mine, one in shares if mine and own and one.facts != facts and one.atoms]
                for excess in beyond(part, first_others, types, grantable=lend) if earlier else ():
                    for one in earlier:
                        if excess.unknown is None and one.columns & excess.columns:
                            one.either |= {facts[0]} - set(one.facts)
                for excess in beyond(part, told, types, grantable=lend):
                    atom = (SELECT, lend)
                    if not self._elsewhere(grant, atom, min(excess.columns), gain=gain) and (
                        gain or excess.unknown is None
                    ):
                        shares.append((own, self._share(facts, atom, excess.columns, excess, grant, gain=gain)))
                told.append(part)
        return [share for _, share in shares]

    def _blamed(self, grants: Iterable[Grant], cell: Cell, *, gain: bool) -> list[tuple[tuple[Moved, ...], Grant]]:
        """Return grants with the facts to blame: its own before a group's, few facts before many."""
        sides = self.world.sides
        told = ((blame(sides, self.kind, self.table, cell, one.resource, gain=gain), one) for one in grants)
        found = [(facts, one) for facts, one in told if facts]
        if len(found) > 1:
            found.sort(
                key=lambda pair: (pair[1].principal != self.principal, len(pair[0]), list(map(spelling.words, pair[0])))
            )
        return found

    def _givers(self, atom: Atom, *, gain: bool) -> list[Grant]:
        """Return the declared grants that give an atom."""
        if gain:
            return [grant for grant, own in self.after if atom in own.others]
        sides = self.world.sides
        return [
            grant
            for who in groups_of(self.principal)
            for grant in sides.index_declared.on_table(who, self.table)
            if condition_fits(grant.condition, self.condition)
            and atom in access(sides.index_declared, sides.view_declared, who, self.table, only=grant).others
        ]

    def _elsewhere(self, grant: Grant, atom: Atom, column: str | None, *, gain: bool) -> bool:
        """Whether it is told of a group: what is lost through one, or gained by one that holds it live itself."""
        return grant.principal != self.principal and (not gain or self._of_group(grant, atom, column))

    def _of_group(self, grant: Grant, atom: Atom, column: str | None) -> bool:
        """Whether a gain comes through a group that holds it live itself: then the finding is the group's."""
        sides = self.world.sides
        if grant.principal is None or Facts.GRANTS in sides.dark:
            return True
        held = access(sides.index_live, sides.view_live, grant.principal, self.table, condition=self.condition)
        if column is None:
            return atom in held.others
        return any(shown_in(column, one.columns) and (one.grantable or not atom[1]) for one in held.pieces)

    def _share(
        self,
        facts: tuple[Moved, ...],
        atom: Atom,
        columns: frozenset[str] | None,
        excess: Excess | None,
        grant: Grant,
        *,
        gain: bool,
    ) -> Share:
        bit = self.world.bit(self.principal)
        if excess is not None and excess.unknown is not None:
            return Share(facts, gain, unsure=bit, unknown={excess.unknown})
        shown = NO_COLUMNS if columns is None else columns - {FUTURE}
        first = min(shown, key=lambda one: (one in self.kind.after.partitions, one), default=None)
        sensitive = first is not None and self.world.sides.is_sensitive(self.table, first)
        share = Share(facts, gain, bit, {atom}, shown, shown if sensitive else NO_COLUMNS)
        share.sources[(grant.resource, grant.condition)] = bit
        if excess is not None and excess.note:
            share.notes.add(excess.note)
        if gain:
            share.rivals = self._rivals(atom, columns)
        elif self.world.sides.index_live.same(grant) is None:
            share.rivals = {(self.principal, spelling.words(grant.resource))}
        table = self.table
        if gain and reads_files(atom):
            share.files = self.kind.after.every - {FUTURE}
            share.sensitive = self.world.sides.register.sensitive(table, share.files)
        row = None if excess is None else excess.row
        witness = Witness(self.principal, atom[0], table.catalog, table.database, table.name, first, row)
        share.best = seen(witness, sensitive=sensitive, partition=first in self.kind.after.partitions)
        return share

    def _rivals(self, atom: Atom, columns: frozenset[str] | None) -> set[Rival]:
        """Name a live grant that gives it by the declared facts as well as by the live ones."""
        sides, found = self.world.sides, []
        for who in groups_of(self.principal):
            for grant in sides.index_live.on_table(who, self.table):
                if not condition_fits(grant.condition, self.condition):
                    continue
                either = [
                    access(sides.index_live, view, who, self.table, only=grant)
                    for view in (sides.view_declared, sides.view_live)
                ]
                if all(_gives(own, atom, columns) for own in either):
                    found.append(spelling.words(grant.resource))
        return {(self.principal, min(found))} if found else set()


def _gives(own: Access, atom: Atom, columns: frozenset[str] | None) -> bool:
    if columns is None:
        return atom in own.others
    return any(one.columns & columns and one.rows == ALL_ROWS and (one.grantable or not atom[1]) for one in own.pieces)


def _everything(found: Access) -> frozenset[Atom]:
    return frozenset(found.others) | {(SELECT, flag) for one in found.pieces for flag in {False, one.grantable}}
