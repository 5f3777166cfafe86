"""What declared grants gain or lose on tables that are alike, for all principals at once.

``before`` are the declared grants over the declared facts, ``after`` the same grants over the live facts, ``held`` the
live grants over the live facts. What is after and not before is gained, if it is held; what is before and neither after
nor held is lost. Row filters are not decided here: their holders are judged one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from checks import spelling
from checks.compare.moved.alike import WHOLE, Alike, Shown, Whole, changed
from checks.compare.moved.blame import Cell, blame
from checks.compare.moved.effects import NO_COLUMNS, Moved, People, Share, merged, seen
from checks.compare.moved.tagmatch import numbers
from checks.compare.moved.world import Book, Offer, World
from checks.grants import Atom
from checks.model import Facts, Only, Resource, Table, TableColumns, TagPolicy, Witness
from checks.semantics import DESCRIBE, FUTURE, SELECT
from checks.view import condition_fits

NOBODY: People = 0
Known = dict[tuple[Resource, Cell, bool], tuple[Moved, ...]]


@dataclass(frozen=True, slots=True)
class Region:
    """Columns that no grant and no tag on the table tells apart; ``FUTURE`` alone where nobody knows the columns."""

    columns: frozenset[str]
    first: str
    partition: bool


@dataclass(slots=True)
class Claim:
    """One offer on the table, with what it shows before and after."""

    offer: Offer
    before: Shown
    after: Shown

    def shown(self, *, gain: bool) -> Shown:
        """Return what it shows where a gain is (or was, for a loss)."""
        return self.after if gain else self.before

    @property
    def of_policy(self) -> bool:
        """Whether what it shows follows tags."""
        return isinstance(self.offer.resource, TagPolicy)


@dataclass(slots=True)
class Holding:
    """Who holds what by some grants over one side's facts."""

    plain: dict[Atom, People] = field(default_factory=dict)
    reads: list[tuple[Shown, People, People]] = field(default_factory=list)
    """What is shown, to whom, and who of them may pass it on."""
    any_read: People = NOBODY
    any_lend: People = NOBODY

    def take(self, offer: Offer, shown: Shown, *, of_policy: bool) -> None:
        """Take up an offer that shows something."""
        if shown is None:
            return
        if of_policy and not isinstance(shown, Whole):
            # Where a tag policy matches some columns only, nothing but SELECT on those and DESCRIBE remains
            # (https://docs.aws.amazon.com/lake-formation/latest/dg/lf-tag-considerations.html).
            self._plain((DESCRIBE, False), offer.everyone)
            self._plain((DESCRIBE, True), offer.describers)
        else:
            for atom, people in offer.plain.items():
                self._plain(atom, people)
        if offer.reads:
            self.reads.append((shown, offer.reads, offer.lends))
            self.any_read |= offer.reads
            self.any_lend |= offer.lends

    def _plain(self, atom: Atom, people: People) -> None:
        if people:
            self.plain[atom] = self.plain.get(atom, NOBODY) | people

    def close(self, world: World) -> None:
        """Let whoever is contained in a principal hold what that one holds."""
        if not world.groups:
            return
        self.plain = {atom: world.spread(people) for atom, people in self.plain.items()}
        self.reads = [(shown, world.spread(reads), world.spread(lends)) for shown, reads, lends in self.reads]
        self.any_read, self.any_lend = world.spread(self.any_read), world.spread(self.any_lend)

    def column(self, column: str, every: frozenset[str], *, lend: bool) -> People:
        """Return who reads a column of a table with these columns, or may pass that on."""
        found = NOBODY
        there = column in every or column == FUTURE
        for shown, reads, lends in self.reads:
            if there if isinstance(shown, Whole) else column in (shown or NO_COLUMNS):
                found |= lends if lend else reads
        return found

    def implies(self, atom: Atom) -> People:
        """Return who has an atom, DESCRIBE by implication too: any permission implies it (contract, decision 9)."""
        found = self.plain.get(atom, NOBODY)
        if atom[0] == DESCRIBE:
            for (_, flag), people in self.plain.items():
                if flag or not atom[1]:
                    found |= people
            found |= self.any_lend if atom[1] else self.any_read
        return found


class Judge:
    """Judges one kind of tables."""

    def __init__(self, world: World, kind: Alike) -> None:
        """Match the policies, once for all tables of the kind."""
        self.world = world
        self.kind = kind
        self.sides = world.sides
        self._before, self._after = kind.matched(world)
        self._some = self._before.some | self._after.some
        moved = self._some if kind.reshaped else changed(self._before, self._after) & self._some
        self.touched: People = NOBODY
        """Whose access may differ by tags or columns; -1 for everybody's."""
        mine, theirs = world.books
        for number in numbers(moved):
            for offer in mine.policies.get(number, ()):
                self.touched |= offer.everyone
        self.touched = -1 if kind.reshaped else world.spread(self.touched)
        self._claims = (list(self._policies(mine)), list(self._policies(theirs))) if self.touched else ([], [])
        self.dark = Facts.GRANTS in self.sides.dark

    def _policies(self, book: Book) -> Iterator[Claim]:
        for number in numbers(self._some):
            offers = book.policies.get(number)
            if offers:
                before = self.kind.before.shown(self._before, number)
                after = self.kind.after.shown(self._after, number)
                yield from (Claim(offer, before, after) for offer in offers)

    # --------------------------------------------------------------------------------------------------------- shares
    def shares(self, table: Table, *, named: bool, apart: People = NOBODY) -> list[Share]:
        """Return what moves on *table*, and, but for what is *named*, on all tables of its kind.

        *apart* are principals to leave out.
        """
        among = self.world.with_groups(self.touched)
        mine, theirs = (
            [*each, *self._broad(book, table, among, named=named)]
            for book, each in zip(self.world.books, self._claims, strict=True)
        )
        regions = self._regions((*mine, *theirs))
        conditions = {claim.offer.condition for claim in (*mine, *theirs)} - {None}
        found: list[Share] = []
        known: Known = {}
        for condition in (None, *sorted(one for one in conditions if one is not None)):
            here = tuple(
                [one for one in each if condition_fits(one.offer.condition, condition)] for each in (mine, theirs)
            )
            whom = -1
            if condition is not None:
                whom = NOBODY
                for one in (*here[0], *here[1]):
                    if one.offer.condition is not None:
                        whom |= one.offer.everyone
                whom = self.world.spread(whom)
            found += Case(self, table, regions, here[0], here[1], whom & ~apart, known).shares()
        return merged(found)

    def reaching(self, table: Table) -> People:
        """Return who holds a grant of its own, on either side, that reaches the table or may."""
        found = NOBODY
        for book, claims in zip(self.world.books, self._claims, strict=True):
            found |= book.naming(table) | book.naming(self.kind.database)
            for offer in (*book.everywhere(table), *(claim.offer for claim in claims)):
                found |= offer.everyone
        return found

    def _broad(self, book: Book, table: Table, among: People, *, named: bool) -> Iterator[Claim]:
        """Yield what reaches the table without asking for tags."""
        for offer in (*book.everywhere(table), *book.in_database(self.kind.database, among)):
            yield Claim(offer, WHOLE, WHOLE)
        for offer in book.named(table, among) if named else ():
            match offer.resource:
                case TableColumns(columns=columns):
                    shown = []
                    for view, sight in (
                        (self.sides.view_declared, self.kind.before),
                        (self.sides.view_live, self.kind.after),
                    ):
                        names = sight.columns[0] if sight.columns is not None else NO_COLUMNS
                        if isinstance(columns, Only):
                            kept = columns.names if view.named or sight.columns is None else columns.names & names
                        else:
                            kept = (names - columns.names) | {FUTURE}
                        shown.append(kept | sight.partitions)
                    yield Claim(offer, *shown)
                case _:
                    yield Claim(offer, WHOLE, WHOLE)

    def _regions(self, claims: Iterable[Claim]) -> list[Region]:
        """Group the columns by what may tell them apart."""
        one, two = self.kind.before, self.kind.after
        apart = {*one.odd, *two.odd}
        for claim in claims:
            if isinstance(claim.offer.resource, TableColumns):
                apart |= claim.offer.resource.columns.names
        every = one.every | two.every
        names, partitions = (one.names & two.names) - apart, (one.partitions & two.partitions) - apart
        found = [
            Region(columns, min(columns), part) for columns, part in ((names, False), (partitions, True)) if columns
        ]
        known = one.partitions | two.partitions
        for column in sorted(every - names - partitions):
            found.append(Region(frozenset({column}), column, column in known))
        return found


@dataclass(slots=True)
class Case:
    """One table under one condition."""

    judge: Judge
    table: Table
    regions: Sequence[Region]
    mine: list[Claim]
    theirs: list[Claim]
    whom: People
    known: Known
    """Facts to blame that were found already."""

    def shares(self) -> Iterator[Share]:
        """Yield the gains, then the losses."""
        judge, world = self.judge, self.judge.world
        before, after, held = Holding(), Holding(), Holding()
        for one in self.mine:
            before.take(one.offer, one.before, of_policy=one.of_policy)
            after.take(one.offer, one.after, of_policy=one.of_policy)
        for one in self.theirs:
            held.take(one.offer, one.after, of_policy=one.of_policy)
        for each in (before, after, held):
            each.close(world)
        kind, dark = judge.kind, judge.dark
        for atom, people in after.plain.items():
            gained = people & ~before.implies(atom) & self.whom
            if gained and not dark:
                gained &= held.plain.get(atom, NOBODY)
            if gained:
                yield from self._split(atom, None, gained, held)
        for flag in (False, True):
            for region in self.regions:
                gained = after.column(region.first, kind.after.every, lend=flag) & self.whom
                if not gained:
                    continue
                gained &= ~before.column(region.first, kind.before.every, lend=flag)
                if gained and not dark:
                    gained &= held.column(region.first, kind.after.every, lend=flag)
                if gained:
                    yield from self._split((SELECT, flag), region, gained, held)
        if dark or Facts.ASSIGNMENTS in judge.sides.dark:
            return
        for atom, people in before.plain.items():
            lost = people & ~after.implies(atom) & ~held.implies(atom) & self.whom
            if lost:
                yield from self._split(atom, None, lost, None)
        there = kind.before.every | kind.after.every
        for flag in (False, True):
            for region in self.regions:
                if region.first == FUTURE or region.first not in there:
                    continue
                lost = before.column(region.first, kind.before.every, lend=flag) & self.whom
                if lost:
                    lost &= ~after.column(region.first, kind.after.every, lend=flag)
                if lost:
                    lost &= ~held.column(region.first, kind.after.every, lend=flag)
                if lost:
                    yield from self._split((SELECT, flag), region, lost, None)

    def _split(self, atom: Atom, region: Region | None, people: People, held: Holding | None) -> Iterator[Share]:
        """Put a gain (or without *held* a loss) down to the grants that show it: with the fewest facts to blame first.

        What a principal has through a group is told of the group, unless only the member still holds it live.
        """
        gain = held is not None
        blamed = self._blamed(atom, region, people, gain=gain)
        left = people
        for facts, one in blamed:
            taken = left & _givers(one.offer, one.shown(gain=gain), atom, of_policy=one.of_policy)
            left &= ~taken
            if taken and facts:
                yield self._share(facts, atom, region, taken, one, gain=gain)
        if held is None or self.judge.dark:
            return
        for group, inside in self.judge.world.groups:
            if not left & inside or self._held(held, atom, region) & group:
                continue
            for facts, one in blamed:
                if _givers(one.offer, one.shown(gain=True), atom, of_policy=one.of_policy) & group:
                    if facts:
                        yield self._share(facts, atom, region, left & inside, one, gain=True)
                    left &= ~inside
                    break

    def _blamed(
        self, atom: Atom, region: Region | None, people: People, *, gain: bool
    ) -> list[tuple[tuple[Moved, ...], Claim]]:
        """Return the declared offers that show it to some of the people or their groups, with the facts to blame."""
        judge = self.judge
        wanted = judge.world.with_groups(people)
        cell = self._cell(atom, region)
        every = (judge.kind.after if gain else judge.kind.before).every
        found = []
        for one in self.mine:
            shown = one.shown(gain=gain)
            if shown is None or not wanted & _givers(one.offer, shown, atom, of_policy=one.of_policy):
                continue
            if region is not None and region.first not in (every if isinstance(shown, Whole) else shown):
                if not (isinstance(shown, Whole) and region.first == FUTURE):
                    continue
            key = (one.offer.resource, cell, gain)
            if key not in self.known:
                self.known[key] = blame(judge.sides, judge.kind, self.table, cell, one.offer.resource, gain=gain)
            found.append((self.known[key], one))
        if len(found) > 1:
            found.sort(key=lambda pair: (len(pair[0]), [spelling.words(fact) for fact in pair[0]]))
        return found

    def _held(self, held: Holding, atom: Atom, region: Region | None) -> People:
        if region is None:
            return held.plain.get(atom, NOBODY)
        return held.column(region.first, self.judge.kind.after.every, lend=atom[1])

    def _cell(self, atom: Atom, region: Region | None) -> Cell:
        if region is None:
            return Cell(None, of_columns=False, partial=atom[0] == DESCRIBE)
        return Cell(None if region.first == FUTURE else region.first, of_columns=True)

    def _share(
        self, facts: tuple[Moved, ...], atom: Atom, region: Region | None, people: People, one: Claim, *, gain: bool
    ) -> Share:
        judge = self.judge
        columns = NO_COLUMNS if region is None or region.first == FUTURE else region.columns
        sensitive = columns if columns and judge.sides.is_sensitive(self.table, min(columns)) else NO_COLUMNS
        share = Share(facts, gain, people, {atom}, columns, sensitive)
        share.sources[(one.offer.resource, one.offer.condition)] = people
        table, column = self.table, region.first if columns and region is not None else None
        witness = Witness(judge.world.first(people), atom[0], table.catalog, table.database, table.name, column)
        share.best = seen(witness, sensitive=bool(sensitive), partition=region is not None and region.partition)
        return share


def _givers(offer: Offer, shown: Shown, atom: Atom, *, of_policy: bool) -> People:
    """Return who holds an atom by an offer that shows so much of the table."""
    if not of_policy or isinstance(shown, Whole) or atom[0] == SELECT:
        return offer.shown(atom)
    if atom[0] != DESCRIBE:
        return NOBODY
    return offer.describers if atom[1] else offer.everyone
