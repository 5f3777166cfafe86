"""One table under one condition: what is gained and lost, by whom, and which facts are to blame."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from checks import spelling
from checks.compare.moved.alike import Alike
from checks.compare.moved.blame import Cell, blame
from checks.compare.moved.effects import NO_COLUMNS, Moved, People, Rival, Share, Source, reads_files, seen
from checks.compare.moved.holding import NOBODY, Claim, Holding, Region, both_ways
from checks.compare.moved.world import World
from checks.grants import Atom
from checks.model import Facts, Table, Witness
from checks.semantics import DESCRIBE, FUTURE

Blamed = tuple[Moved, ...]
Known = dict[tuple[int, Cell, bool], Blamed]
"""Facts to blame by the identity of the resource that a grant is on, the cell, and whether it is a gain."""


@dataclass(slots=True)
class _Part:
    """Who got something by the same facts, through what."""

    people: People = NOBODY
    sources: dict[Source, People] = field(default_factory=dict)
    either: set[Moved] = field(default_factory=set)

    def take(self, people: People, one: Claim) -> None:
        """Add people who got it through a claim."""
        self.people |= people
        source = (one.offer.resource, one.offer.condition)
        self.sources[source] = self.sources.get(source, NOBODY) | people


@dataclass(slots=True)
class Case:
    """One table under one condition; of the principals only those in ``whom`` are told of."""

    world: World
    kind: Alike
    table: Table
    regions: list[Region]
    mine: list[Claim]
    theirs: list[Claim]
    whom: People
    known: Known
    """Facts to blame that were found already."""
    sensitive: dict[str, bool]
    """Whether a region is, by its first column; the same on all tables of the kind."""
    reaching: dict[tuple[Blamed, Atom, str | None], People] = field(default_factory=dict)
    movers: list[Claim] = field(init=False)
    """The declared claims that may be behind a gain or a loss."""

    def __post_init__(self) -> None:
        """Leave out what shows the same before and after."""
        self.movers = self.mine if self.kind.reshaped else [one for one in self.mine if one.moves]

    def shares(self) -> Iterator[Share]:
        """Yield the gains, then the losses."""
        sides = self.world.sides
        before, after, stays = self._held(self.mine)
        _, held, rival = self._held(self.theirs)
        dark = Facts.GRANTS in sides.dark
        cells = both_ways(self.regions)
        for atom, region in (*((atom, None) for atom in after.plain), *cells):
            gained = after.has(atom, region) & self.whom
            if gained:
                gained &= ~before.implies(atom, region)
            if gained and not dark:
                gained &= held.has(atom, region)
            if gained:
                yield from self._gains(atom, region, gained, None if dark else held, rival)
        if dark or Facts.ASSIGNMENTS in sides.dark:
            return
        for atom, region in (*((atom, None) for atom in before.plain), *cells):
            lost = before.has(atom, region) & self.whom
            if lost:
                lost &= ~stays.implies(atom, region)
            if lost:
                lost &= ~held.implies(atom, region)
            if lost and (region is None or region.first != FUTURE):
                for facts, part in self._parts(atom, region, lost, gain=False)[0]:
                    share = self._share(facts, atom, region, part, gain=False)
                    share.rivals |= self._gone(part)
                    yield share

    def _held(self, claims: list[Claim]) -> tuple[Holding, Holding, Holding]:
        """Return who holds what by some claims before, after, and by the same claim before and after."""
        was, now = self.kind.before.every, self.kind.after.every
        common = Holding(was)
        for one in claims:
            if not one.moves:
                common.take(one, gain=True)
        found = common, common.over(now), common.over(was & now)
        for one in claims:
            if one.moves:
                found[0].take(one, gain=False)
                found[1].take(one, gain=True)
                found[2].stay(one, was, now)
        for each in found:
            each.close(self.world)
        return found

    def _gains(
        self, atom: Atom, region: Region | None, gained: People, held: Holding | None, rival: Holding
    ) -> Iterator[Share]:
        """Yield gains by the facts to blame, the fewest first.

        What a principal has through a group is told of the group, unless only the member still holds it live.
        """
        parts, left = self._parts(atom, region, gained, gain=True)
        told = dict(parts)
        if held is not None:
            for group, inside in self.world.groups:
                if left & inside and not held.has(atom, region) & group:
                    for facts, one in self._blamed(atom, region, group, gain=True):
                        if taken := left & inside & self._reaching(facts, atom, region):
                            told.setdefault(facts, _Part()).take(taken, one)
                            left &= ~taken
        for facts, part in told.items():
            share = self._share(facts, atom, region, part, gain=True)
            if also := part.people & rival.has(atom, region):
                share.rivals.add(self._rival(atom, region, also))
            yield share

    def _parts(
        self, atom: Atom, region: Region | None, people: People, *, gain: bool
    ) -> tuple[list[tuple[Blamed, _Part]], People]:
        """Put people down to the facts to blame; return also for whom nothing of their own is."""
        found: dict[Blamed, _Part] = {}
        for facts, one in self._blamed(atom, region, people, gain=gain):
            givers = one.givers(atom, region, gain=gain)
            if gain:
                givers &= self._reaching(facts, atom, region)
            for told, part in found.items():
                if told != facts and part.people & givers:
                    part.either.add(facts[0])
            if taken := people & givers:
                people &= ~taken
                found.setdefault(facts, _Part()).take(taken, one)
        return list(found.items()), people

    def _blamed(self, atom: Atom, region: Region | None, people: People, *, gain: bool) -> list[tuple[Blamed, Claim]]:
        """Return the declared offers that show it to some of the people, with the facts to blame: few before many."""
        cell = _cell(atom, region)
        by_facts: dict[Blamed, list[Claim]] = {}
        for one in self.movers:
            if people & one.givers(atom, region, gain=gain) and (facts := self._facts(one, cell, gain=gain)):
                by_facts.setdefault(facts, []).append(one)
        ordered = list(by_facts)
        if len(ordered) > 1:
            ordered.sort(key=lambda facts: (len(facts), [spelling.words(fact) for fact in facts]))
        return [(facts, one) for facts in ordered for one in by_facts[facts]]

    def _facts(self, one: Claim, cell: Cell, *, gain: bool) -> Blamed:
        key = (id(one.offer.resource), cell, gain)
        facts = self.known.get(key)
        if facts is None:
            facts = blame(self.world.sides, self.kind, self.table, cell, one.offer.resource, gain=gain)
            self.known[key] = facts
        return facts

    def _reaching(self, facts: Blamed, atom: Atom, region: Region | None) -> People:
        """Return whom a live grant gives it that needed these facts to move as well (``through``)."""
        if Facts.GRANTS in self.world.sides.dark:
            return -1
        key = (facts, atom, region.first if region is not None else None)
        found = self.reaching.get(key)
        if found is None:
            found, needed, cell = NOBODY, set(facts), _cell(atom, region)
            for one in self.theirs:
                if not (one.moves or self.kind.reshaped):
                    continue
                people = one.givers(atom, region, gain=True)
                if people & ~found and needed <= set(self._facts(one, cell, gain=True)):
                    found |= people
            found = self.reaching[key] = self.world.spread(found)
        return found

    def _rival(self, atom: Atom, region: Region | None, people: People) -> Rival:
        """Name a live grant that gives it by the declared facts and by the live ones, of the first who holds one."""
        who = people & -people
        found = [
            spelling.words(one.offer.resource)
            for one in self.theirs
            if self.world.spread(one.givers(atom, region, gain=False) & one.givers(atom, region, gain=True)) & who
        ]
        return self.world.first(who), min(found)

    def _gone(self, part: _Part) -> set[Rival]:
        """Name a declared grant through which something is lost and that is not live either."""
        live = {(one.offer.resource, one.offer.condition): one.offer.everyone for one in self.theirs}
        gone = [
            (self.world.first(missing), spelling.words(source[0]))
            for source, people in part.sources.items()
            if (missing := people & ~live.get(source, NOBODY))
        ]
        return {min(gone)} if gone else set()

    def _share(self, facts: Blamed, atom: Atom, region: Region | None, part: _Part, *, gain: bool) -> Share:
        columns = NO_COLUMNS if region is None else region.known
        first = region.first if region is not None and columns else None
        sensitive = first is not None and self._is_sensitive(first)
        share = Share(facts, gain, part.people, {atom}, columns, columns if sensitive else NO_COLUMNS, part.sources)
        share.either = part.either - set(facts)
        table = self.table
        if gain and reads_files(atom):
            share.files = self.kind.after.every - {FUTURE}
            share.sensitive = self.world.sides.register.sensitive(table, share.files)
        who = self.world.first(part.people)
        witness = Witness(who, atom[0], table.catalog, table.database, table.name, first)
        share.best = seen(witness, sensitive=sensitive, partition=region is not None and region.partition)
        return share

    def _is_sensitive(self, column: str) -> bool:
        known = self.sensitive.get(column)
        if known is None:
            known = self.sensitive[column] = self.world.sides.is_sensitive(self.table, column)
        return known


def _cell(atom: Atom, region: Region | None) -> Cell:
    if region is None:
        return Cell(None, of_columns=False, partial=atom[0] == DESCRIBE)
    return Cell(None if region.first == FUTURE else region.first, of_columns=True)
