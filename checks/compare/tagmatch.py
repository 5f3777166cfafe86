"""Which of many LF-tag expressions mean an object, decided for all of them at once.

Expression *n* is bit *n* of a number. For each key there is the set of expressions that accept a value, and the set of
those that do not mention the key: one ``and`` for each key decides them all. Between two sets of tags only expressions
that mention a key whose value differs can come out differently.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from checks.model import Expression

Bits = int
"""A set of expressions."""


def numbers(bits: int) -> Iterable[int]:
    """Yield the members of a set that is kept as bits, smallest first."""
    while bits:
        low = bits & -bits
        yield low.bit_length() - 1
        bits ^= low


class Matcher:
    """Expressions indexed by key and value."""

    def __init__(self, bodies: Sequence[Expression | None]) -> None:
        """Index expressions; one without a body means nothing."""
        self._all: Bits = 0
        free: dict[str, Bits] = {}
        star: dict[str, Bits] = defaultdict(int)
        value: dict[str, dict[str, Bits]] = defaultdict(lambda: defaultdict(int))
        for number, body in enumerate(bodies):
            if body is None:
                continue
            bit = 1 << number
            self._all |= bit
            for key, values in _by_key(body).items():
                free[key] = free.get(key, 0) | bit
                if "*" in values:
                    star[key] |= bit
                for one in values:
                    value[key][one] |= bit
        self._keys = [(key, ~told, star[key], dict(value[key])) for key, told in free.items()]

    def match(self, tags: Mapping[str, str]) -> Bits:
        """Return the expressions that mean an object with these effective tags."""
        found = self._all
        for key, free, star, values in self._keys:
            value = tags.get(key)
            found &= free if value is None else free | star | values.get(value, 0)
        return found


def _by_key(body: Expression) -> dict[str, frozenset[str]]:
    """Read an expression that names a key twice as both at once."""
    found: dict[str, frozenset[str]] = {}
    for key, values in body:
        known = found.get(key)
        if known is None or "*" in known:
            found[key] = values
        elif "*" not in values:
            found[key] = known & values
    return found
