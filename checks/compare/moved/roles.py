"""What facts take part in that is told of other facts, or of grants."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from checks.compare.moved.effects import Effects, Moved
from checks.compare.moved.telling import fact_words


class Roles:
    """Facts without a finding of their own on access that still had a part in somebody's."""

    def __init__(self, effects: Effects, partners: Mapping[Moved, set[str]]) -> None:
        self._grants = partners
        self._needed: dict[Moved, set[Moved]] = defaultdict(set)
        self._spare: dict[Moved, set[Moved]] = defaultdict(set)
        for part in (effects.gains, effects.losses):
            for fact, effect in part.items():
                for other in effect.others:
                    self._needed[other].add(fact)
                for other in effect.either:
                    (self._spare if part is effects.gains else self._needed)[other].add(fact)

    def of(self, fact: Moved) -> str:
        """Say what a fact took part in; nothing if in nothing."""
        if fact in self._needed:
            return f"alone it changes nobody's access, together with {fact_words(self._needed[fact])} it does"
        if fact in self._grants:
            return f"alone it changes nobody's access, together with this it does: {min(self._grants[fact])}"
        if fact in self._spare:
            return f"what it opens is told of {fact_words(self._spare[fact])}, which opens it too"
        return ""
