"""Who holds what on a table: what grants show of it, and to whom."""

from __future__ import annotations

from dataclasses import dataclass, field

from checks.compare.moved.effects import NO_COLUMNS, People
from checks.compare.moved.world import Offer, World
from checks.compare.sight import Shown, Whole
from checks.grants import Atom
from checks.model import TagPolicy
from checks.semantics import DESCRIBE, FUTURE, SELECT

NOBODY: People = 0


@dataclass(frozen=True, slots=True)
class Region:
    """Columns that no grant and no tag on the table tells apart; ``FUTURE`` alone where nobody knows the columns."""

    columns: frozenset[str]
    first: str
    partition: bool

    @property
    def known(self) -> frozenset[str]:
        """The columns that exist."""
        return NO_COLUMNS if self.first == FUTURE else self.columns


@dataclass(slots=True)
class Claim:
    """One offer on the table, with what it shows before and after."""

    offer: Offer
    before: Shown
    after: Shown
    of_policy: bool = field(init=False)
    """Whether what it shows follows tags."""
    moves: bool = field(init=False)
    """Whether it shows something else after than before."""

    def __post_init__(self) -> None:
        """Compare what it shows."""
        self.of_policy = isinstance(self.offer.resource, TagPolicy)
        self.moves = self.before is not self.after and self.before != self.after

    def shown(self, *, gain: bool) -> Shown:
        """Return what it shows where a gain is (or was, for a loss)."""
        return self.after if gain else self.before

    def givers(self, atom: Atom, region: Region | None, *, gain: bool) -> People:
        """Return who holds an atom by it, on a region or on the table."""
        shown = self.after if gain else self.before
        if shown is None:
            return NOBODY
        whole = isinstance(shown, Whole)
        if region is not None:
            return self.offer.shown(atom) if whole or region.first in shown else NOBODY  # type: ignore[operator]
        if whole or not self.of_policy:
            return self.offer.shown(atom)
        # Where a tag policy matches some columns only, nothing but SELECT on those and DESCRIBE remains
        # (https://docs.aws.amazon.com/lake-formation/latest/dg/lf-tag-considerations.html).
        if atom[0] != DESCRIBE:
            return NOBODY
        return self.offer.describers if atom[1] else self.offer.everyone


@dataclass(slots=True)
class Holding:
    """Who holds what by some grants over one side's facts. ``every`` are the columns that the table has there."""

    every: frozenset[str]
    plain: dict[Atom, People] = field(default_factory=dict)
    whole: list[People] = field(default_factory=lambda: [NOBODY, NOBODY])
    """Who reads all columns, and who may pass that on."""
    some: list[tuple[frozenset[str], People, People]] = field(default_factory=list)
    """Columns, who reads them, and who may pass that on."""
    any: list[People] = field(default_factory=lambda: [NOBODY, NOBODY])
    """Who reads anything, and who may pass that on."""

    def take(self, one: Claim, *, gain: bool) -> None:
        """Take up what a claim shows."""
        shown, offer = one.shown(gain=gain), one.offer
        if shown is None:
            return
        if one.of_policy and not isinstance(shown, Whole):
            self._plain((DESCRIBE, False), offer.everyone)
            self._plain((DESCRIBE, True), offer.describers)
        else:
            for atom, people in offer.plain.items():
                self._plain(atom, people)
        if not offer.reads:
            return
        self.any[0] |= offer.reads
        self.any[1] |= offer.lends
        if isinstance(shown, Whole):
            self.whole[0] |= offer.reads
            self.whole[1] |= offer.lends
        else:
            self.some.append((shown, offer.reads, offer.lends))

    def stay(self, one: Claim, before: frozenset[str], after: frozenset[str]) -> None:
        """Take up what a claim that moves shows before and after alike, over the columns that the table had and has.

        What shows the whole table before and after does not move.
        """
        was, now, offer = one.before, one.after, one.offer
        if was is None or now is None:
            return
        if one.of_policy:
            self._plain((DESCRIBE, False), offer.everyone)
            self._plain((DESCRIBE, True), offer.describers)
        else:
            for atom, people in offer.plain.items():
                self._plain(atom, people)
        self.any[0] |= offer.reads
        self.any[1] |= offer.lends
        shown = [every if isinstance(each, Whole) else each for each, every in ((was, before), (now, after))]
        self.some.append((shown[0] & shown[1], offer.reads, offer.lends))

    def over(self, every: frozenset[str]) -> Holding:
        """Return the same, to be added to, over other columns of the table."""
        return Holding(every, dict(self.plain), [*self.whole], [*self.some], [*self.any])

    def _plain(self, atom: Atom, people: People) -> None:
        if people:
            self.plain[atom] = self.plain.get(atom, NOBODY) | people

    def close(self, world: World) -> None:
        """Let whoever is contained in a principal hold what that one holds."""
        if not world.groups:
            return
        self.plain = {atom: world.spread(people) for atom, people in self.plain.items()}
        self.whole = [world.spread(people) for people in self.whole]
        self.any = [world.spread(people) for people in self.any]
        self.some = [(shown, world.spread(reads), world.spread(lends)) for shown, reads, lends in self.some]

    def has(self, atom: Atom, region: Region | None) -> People:
        """Return who holds an atom, or reads a region (may pass that on)."""
        if region is None:
            return self.plain.get(atom, NOBODY)
        lend = atom[1]
        column = region.first
        found = self.whole[lend] if column in self.every or column == FUTURE else NOBODY
        for shown, reads, lends in self.some:
            if column in shown:
                found |= lends if lend else reads
        return found

    def implies(self, atom: Atom, region: Region | None) -> People:
        """Return who holds an atom, DESCRIBE by implication too: any permission implies it (contract, decision 9)."""
        found = self.has(atom, region)
        if atom[0] == DESCRIBE and region is None:
            for (_, flag), people in self.plain.items():
                if flag or not atom[1]:
                    found |= people
            found |= self.any[atom[1]]
        return found


def both_ways(regions: list[Region]) -> list[tuple[Atom, Region]]:
    """List what may be read and passed on."""
    return [((SELECT, flag), region) for flag in (False, True) for region in regions]
