"""What facts take part in that is told of other facts, or of grants."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping

from checks.compare.moved.effects import Effects, Moved
from checks.compare.moved.telling import fact_words


class Roles:
    """Facts without a finding of their own on access that still had a part in somebody's."""

    def __init__(self, effects: Effects, partners: Mapping[Moved, set[str]], alone: Callable[[Moved], bool]) -> None:
        """Collect them; *alone* says whether a fact would have changed access without any other change."""
        self._grants = partners
        self._alone = alone
        self._needed: dict[Moved, set[Moved]] = defaultdict(set)
        self._spare: dict[Moved, set[Moved]] = defaultdict(set)
        for part in (effects.gains, effects.losses):
            for fact, effect in part.items():
                for other, facts in effect.others.items():
                    self._needed[other].update(one for one in facts if one != other)
                for other in effect.either:
                    (self._spare if part is effects.gains else self._needed)[other].add(fact)

    def of(self, fact: Moved) -> str:
        """Say what a fact took part in; nothing if in nothing."""
        if fact in self._needed or fact in self._grants:
            if fact in self._needed:
                partner, rest = fact_words(self._needed[fact]), ""
            else:
                partner, rest = "this", f": {min(self._grants[fact])}"
            if self._alone(fact):
                return (
                    "alone it would change access too, but beside the other changes it does so only together "
                    f"with {partner}{rest}"
                )
            return f"alone it changes nobody's access, together with {partner} it does{rest}"
        if fact in self._spare:
            return f"what it opens is told of {fact_words(self._spare[fact])}, which opens it too"
        return ""
