"""Random row filters of the documented grammar, in pairs of which most differ by an edit.

Columns of every decidable type, short words over a small alphabet and few numbers, so that constants and patterns meet.
"""

from __future__ import annotations

import random
from typing import Final

TYPES: Final = {
    "s": "string",
    "t": "varchar(4)",
    "c": "char(3)",
    "i": "int",
    "b": "bigint",
    "d": "decimal(6,2)",
    "x": "double",
    "f": "boolean",
}
_WHOLE: Final = ("0", "1", "2", "3", "4", "-1", "10", "-0", "+2")
_NUMBERS: Final = {
    "i": (*_WHOLE, "1.5", "2147483647", "-2147483648", "2147483648", "25e-1"),
    "b": (*_WHOLE, ".5", "9223372036854775807", "-9223372036854775808", "9223372036854775808"),
    "d": (*_WHOLE, "1.5", "2.25", "1.255", "9999.99", "10000", "-9999.99", "0.01", "2.01", "2.02"),
    "x": (*_WHOLE, "0.1", "0.25", "1e10", "-1e-3", "1.5"),
}


class Filters:
    """Filters drawn from one seed."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)

    def pair(self) -> tuple[str, str]:
        """Return two filters; the second is most often an edit of the first."""
        first = self.filter(3)
        kind = self._chance.choice(("or", "and", "same", "before", "other", "other"))
        if kind == "other":
            return first, self.filter(3)
        if kind == "same":
            return first, f"not (not ({first}))"
        if kind == "before":
            return first, f"{self.atom()} {self._word()} {first}"
        return first, f"({first}) {kind} ({self.atom()})"

    def filter(self, depth: int) -> str:
        """Return a filter whose parts are nested at most *depth* deep."""
        kind = self._chance.choice(("atom", "atom", "both", "chain", "negated")) if depth else "atom"
        if kind == "both":
            return f"({self.filter(depth - 1)}) {self._word()} ({self.filter(depth - 1)})"
        if kind == "chain":  # without parentheses: precedence matters
            return f"{self.atom()} {self._word()} {self.atom()} {self._word()} {self.atom()}"
        return f"not ({self.filter(depth - 1)})" if kind == "negated" else self.atom()

    def atom(self) -> str:
        """Return a test of one column."""
        choose = self._chance.choice
        column = choose("ssttiiddbxfc")
        kinds = ["compare", "compare", "in", "null", "equal"]
        kinds += [] if column in "cf" else ["between", "range", "flipped"]
        kinds += ["like", "like", "likes"] if column in "st" else []
        kind, negation = choose(kinds), choose(("", "not "))
        if kind == "null":
            return f"{column} is {negation}null"
        if kind == "in":
            items = [self._literal(column) for _ in range(self._chance.randint(1, 3))]
            return f"{column} {negation}in ({', '.join(items + ['null'] * (self._chance.random() < 0.1))})"
        if kind == "between":
            return f"{column} {negation}between {self._literal(column)} and {self._literal(column)}"
        if kind == "range":
            return f"({column} > {self._literal(column)} and {column} < {self._literal(column)})"
        if kind == "like":
            return f"{column} {negation}like {self._pattern()}"
        if kind == "likes":
            return f"({column} {negation}like {self._pattern()} and {column} not like {self._pattern()})"
        operator = choose(("=", "<>", "!=") if column in "cf" or kind == "equal" else ("=", "<>", "<", "<=", ">", ">="))
        if kind == "flipped":
            return f"{self._literal(column)} {operator} {column}"
        return f"{column} {operator} {self._literal(column)}"

    def _word(self) -> str:
        return self._chance.choice(("and", "or"))

    def _literal(self, column: str) -> str:
        if column in "stc":
            text = self._letters("abU é~'", 4).rstrip(" ")
            return "'" + text.replace("'", "''") + "'"
        return self._chance.choice(("true", "false") if column == "f" else _NUMBERS[column])

    def _pattern(self) -> str:
        return "'" + self._letters("aabU%%_ é", 5) + "'"

    def _letters(self, alphabet: str, longest: int) -> str:
        return "".join(self._chance.choice(alphabet) for _ in range(self._chance.randint(0, longest)))
