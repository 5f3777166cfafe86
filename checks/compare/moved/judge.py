"""What declared grants gain or lose on tables that are alike, for all principals at once.

``before`` are the declared grants over the declared facts, ``after`` the same grants over the live facts, ``held`` the
live grants over the live facts. What is after and not before is gained, if it is held; what is before and neither after
nor held is lost. Row filters are not decided here: their holders are judged one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property

from checks.compare.moved.alike import Alike, changed
from checks.compare.moved.case import Case, Known
from checks.compare.moved.effects import NO_COLUMNS, People, Share, merged
from checks.compare.moved.holding import NOBODY, Claim, Region
from checks.compare.moved.world import Book, World
from checks.compare.sight import WHOLE
from checks.compare.tagmatch import Bits, numbers
from checks.model import Only, Table, TableColumns
from checks.semantics import FUTURE
from checks.view import condition_fits


class Judge:
    """Judges one kind of tables."""

    def __init__(self, world: World, kind: Alike) -> None:
        """Match the policies, once for all tables of the kind."""
        self.world = world
        self.kind = kind
        self.sides = world.sides
        self._before, self._after = kind.matched(world)
        self._some = self._before.some | self._after.some
        self.retagged = self._holders(changed(self._before, self._after) & self._some)
        """Whose access may differ by tags, or by columns that carry some."""
        self.touched: People = -1 if kind.reshaped else self.retagged
        """Whose access may differ by tags or columns; -1 for everybody's."""
        self._sensitive: dict[str, bool] = {}

    def _holders(self, policies: Bits) -> People:
        found = NOBODY
        for number in numbers(policies):
            for offer in self.world.books[0].policies.get(number, ()):
                found |= offer.everyone
        return self.world.spread(found)

    @cached_property
    def _claims(self) -> tuple[list[Claim], list[Claim]]:
        mine, theirs = self.world.books
        return list(self._policies(mine)), list(self._policies(theirs))

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
            [*each, *self.broad(book, table, among, named=named)]
            for book, each in zip(self.world.books, self._claims, strict=True)
        )
        regions = self.regions((*mine, *theirs))
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
            found += Case(
                self.world, self.kind, table, regions, here[0], here[1], whom & ~apart, known, self._sensitive
            ).shares()
        return merged(found)

    def reaching(self, table: Table) -> People:
        """Return who holds a grant of its own, on either side, that reaches the table or may."""
        found = NOBODY
        for book, claims in zip(self.world.books, self._claims, strict=True):
            found |= book.naming(table) | book.naming(self.kind.database)
            for offer in (*book.everywhere(table), *(claim.offer for claim in claims)):
                found |= offer.everyone
        return found

    def equals(self, table: Table, people: People) -> list[People]:
        """Part principals of whom each holds the same as the others of its part, on the table and on either side."""
        parts = [people] if people else []
        for book, claims in zip(self.world.books, self._claims, strict=True):
            broad = [one.offer for one in self.broad(book, table, self.world.with_groups(people), named=True)]
            offers = [*(claim.offer for claim in claims), *broad, *book.filters(table, people)]
            for mask in {mask for offer in offers for mask in offer.masks() if mask & people}:
                parts = [part for one in parts for part in (one & mask, one & ~mask) if part]
        return parts

    def broad(self, book: Book, table: Table, among: People, *, named: bool) -> Iterator[Claim]:
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

    def regions(self, claims: Iterable[Claim]) -> list[Region]:
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
        rest = sorted(every - names - partitions)
        return [*found, *(Region(frozenset({column}), column, column in known) for column in rest)]
