"""Cuts the domain of one attribute into classes on which every atom is constant, each with a representative.

Strings are walked by the product of lazy LIKE automata and a trie over the constants; numbers are sorted constants
and the gaps between them that contain a value. A class has a *place* among the sorted constants: ``2i + 1`` is the
i-th constant, ``2i`` the gap before it.
"""

from __future__ import annotations

import bisect
import heapq
import itertools
import math
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from checks.predicates.kernel import UndecidedError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Class(NamedTuple):
    """One class: its place, a representative, the patterns it matches (bit set), whether today's type admits it."""

    place: int
    value: str | int | float
    matches: int = 0
    today: bool = True


# ------------------------------------------------------------------------------------------------------------ patterns
_ANY, _STAR = 0, 1  # one character, any run of characters; a literal character stands for itself
_DEAD, _FULL = 0, -1  # states from which nothing, or everything, is accepted


class Pattern:
    """A LIKE pattern without escape as a deterministic automaton; a state is a bit set of positions."""

    __slots__ = ("_accept", "_stars", "start", "tokens")

    def __init__(self, text: str) -> None:
        tokens: list[str | int] = []
        for char in text:
            token: str | int = _STAR if char == "%" else _ANY if char == "_" else char
            if not (token == _STAR and tokens and tokens[-1] == _STAR):
                tokens.append(token)
        self.tokens = tuple(tokens)
        self._accept = 1 << len(tokens)
        self._stars = sum(1 << i for i, token in enumerate(tokens) if token == _STAR)
        self.start = self._close(1)

    def _close(self, state: int) -> int:
        state |= (state & self._stars) << 1  # stars never neighbour each other: one step is the closure
        stars = state & self._stars
        if stars:
            # whatever a position before the highest star accepts, that star accepts too
            highest = stars.bit_length() - 1
            if highest == len(self.tokens) - 1:
                return _FULL
            state = state >> highest << highest
        return state

    def step(self, state: int, char: str) -> int:
        """Give the state after one more character."""
        if state in (_DEAD, _FULL):
            return state
        after = state & self._stars
        for i, token in enumerate(self.tokens):
            if state >> i & 1 and token in (_ANY, char):
                after |= 2 << i
        return self._close(after)

    def relevant(self, state: int) -> set[str]:
        """Characters that may lead elsewhere than an arbitrary one."""
        return {token for i, token in enumerate(self.tokens) if state > 0 and state >> i & 1 and isinstance(token, str)}

    def accepts(self, state: int) -> bool:
        """Whether a string that ends here matches."""
        return state == _FULL or (state > 0 and bool(state & self._accept))


_States = tuple[int, ...]


class _Look(NamedTuple):
    """What is known in a product state: which patterns match here, which characters matter, what is decided."""

    matches: int
    relevant: frozenset[str]
    always: int  # the patterns that whatever follows matches
    never: int  # the patterns that nothing that follows matches
    absorbed: bool


class Product:
    """All automata of one column side by side, built as far as it is walked."""

    __slots__ = ("_looks", "_patterns", "_steps", "start")

    def __init__(self, patterns: Sequence[str]) -> None:
        self._patterns = [Pattern(text) for text in patterns]
        self._looks: dict[_States, _Look] = {}
        self._steps: dict[tuple[_States, str], _States] = {}
        self.start = tuple(each.start for each in self._patterns)

    def look(self, states: _States) -> _Look:
        """Describe a state."""
        found = self._looks.get(states)
        if found is None:
            pairs = list(zip(self._patterns, states, strict=True))
            found = self._looks[states] = _Look(
                sum(1 << i for i, (each, state) in enumerate(pairs) if each.accepts(state)),
                frozenset().union(*(each.relevant(state) for each, state in pairs)),
                sum(1 << i for i, state in enumerate(states) if state == _FULL),
                sum(1 << i for i, state in enumerate(states) if state == _DEAD),
                all(state in (_DEAD, _FULL) for state in states),
            )
        return found

    def step(self, states: _States, char: str) -> _States:
        """Give the state after one more character."""
        found = self._steps.get((states, char))
        if found is None:
            found = tuple(each.step(state, char) for each, state in zip(self._patterns, states, strict=True))
            self._steps[states, char] = found
        return found


@lru_cache(maxsize=64)
def product(patterns: tuple[str, ...]) -> Product:
    """Share the automata between the engines, and between decisions on the same patterns."""
    return Product(patterns)


# ------------------------------------------------------------------------------------------------------------- strings
_READABLE = ((97, 122), (65, 90), (48, 57), (33, 126), (1, 31), (0xA1, 0xD7FF))
_SURROGATES = (0xD800, 0xDFFF)


def _between(low: int, high: int) -> str | None:
    """Pick a character with low < code point < high: a readable one if there is one, and never a surrogate."""
    low, high = low + 1, high - 1
    for first, last in _READABLE:
        if max(low, first) <= min(high, last):
            return chr(max(low, first))
    if _SURROGATES[0] <= low <= _SURROGATES[1]:
        low = _SURROGATES[1] + 1
    return chr(low) if low <= high else None


@lru_cache(maxsize=4096)
def _alphabet(relevant: frozenset[str], ordered: bool) -> tuple[str, ...]:
    """One character for each way the automata can go on: the relevant ones, and one per interval between them."""
    points = sorted(map(ord, relevant))
    if ordered:
        edges = [-1, *points, 0x110000]
        generic = [_between(a, b) for a, b in itertools.pairwise(edges)]
        return (*(char for char in generic if char is not None), *map(chr, points))
    taken = set(points)
    fresh = next(c for c in itertools.chain(range(97, 123), range(65, 91), range(0x100, 0xD800)) if c not in taken)
    return (chr(fresh), *map(chr, points))


_STATES = 40_000
"""States of one walk over strings."""
_STEPS = 90_000
"""Steps of single automata in one walk: of some ten patterns that may stand anywhere each subset is a class of its own,
and one more doubles them."""


def strings(
    constants: tuple[str, ...],
    patterns: tuple[str, ...],
    *,
    ordered: bool,
    padded: bool = False,
    longest: int | None = None,
    octets: bool = False,
    budget: int = _STATES,
    hopeless: Callable[[int, int], bool] | None = None,
) -> tuple[Class, ...]:
    """Classes of all strings with respect to sorted ``constants`` and LIKE ``patterns``.

    ``ordered`` is False where constants are only tested for equality: then all other strings share the last gap.
    ``padded``: trailing blanks do not count against constants, but do in patterns (Redshift). ``longest`` is the
    bound of varchar(n), in bytes of UTF-8 if ``octets``; longer classes are kept but not ``today``'s. Every
    representative is as short as its class allows. Raises UndecidedError("budget") after ``budget`` states, or when so
    many patterns are walked side by side that it would take as long.

    ``hopeless`` says of strings that match some patterns (bit set) and do not match others that no answer lies among
    them, whatever else holds: their classes are then left out.
    """
    walk = _strings if hopeless is None else _walk
    found = walk(constants, patterns, ordered, padded, longest, octets, budget, hopeless)
    if found is None:
        raise UndecidedError("budget")
    return found


def _walk(
    constants: tuple[str, ...],
    patterns: tuple[str, ...],
    ordered: bool,
    padded: bool,
    longest: int | None,
    octets: bool,
    budget: int,
    hopeless: Callable[[int, int], bool] | None,
) -> tuple[Class, ...] | None:
    """Return the classes, or None where the budget is spent."""
    automata = product(patterns)
    count = len(constants)
    children: dict[str, set[str]] = {}
    for constant in constants:
        for i, char in enumerate(constant):
            children.setdefault(constant[:i], set()).add(char)
        children.setdefault(constant, set())
    room = max(map(len, constants), default=0) + 1

    def place(text: str) -> int:
        i = bisect.bisect_left(constants, text)
        return 2 * i + 1 if i < count and constants[i] == text else 2 * i if ordered else 2 * count

    def forward(node: str | int, char: str) -> str | int:
        if isinstance(node, int):
            return node
        text = node + char
        return text if text in children else place(text)

    def fits(word: str) -> bool:
        return longest is None or (len(word.encode()) if octets else len(word)) <= longest

    # without patterns the number of classes is known (below the empty string there is nothing): stop when all are seen
    known = 2 * count + 1 - (count > 0 and ordered and constants[0] == "") if ordered else count + 1
    found: dict[tuple[int, int], str] = {}
    if not patterns:
        found = {(2 * i + 1, 0): constant for i, constant in enumerate(constants)}
    # a state: trie node (or the place, once decided), trailing blanks held back, the automata's states
    first: tuple[str | int, int, _States] = ("" if count else 0, 0, automata.start)
    seen = {first}
    steps = 0
    queue: list[tuple[int, int, str, tuple[str | int, int, _States]]] = [(0, 0, "", first)]
    while queue:
        cost, _, word, (node, blanks, states) = heapq.heappop(queue)
        decided = isinstance(node, int)
        look = automata.look(states)
        if hopeless is not None and look.always | look.never and hopeless(look.always, look.never):
            continue
        found.setdefault((node if isinstance(node, int) else place(node), look.matches), word)
        if not patterns and len(found) == known:
            break
        if decided and look.absorbed:
            continue
        relevant = look.relevant
        reached = node
        if not decided:
            for _ in range(blanks):
                reached = forward(reached, " ")
            if isinstance(reached, str):
                relevant = relevant | children[reached]
            if padded:
                relevant = relevant | {" "}
        choices = _alphabet(relevant, ordered and not decided)
        steps += len(choices) * len(patterns)
        if steps > _STEPS:
            return None
        for char in choices:
            after = automata.step(states, char)
            if padded and char == " " and not decided:
                state = (node, min(blanks + 1, room), after)
            else:
                state = (forward(reached, char), 0, after)
            if state not in seen:
                seen.add(state)
                if len(seen) > budget:
                    return None
                weight = len(char.encode()) if octets else 1
                heapq.heappush(queue, (cost + weight, len(seen), word + char, state))
    return tuple(Class(where, word, bits, fits(word)) for (where, bits), word in found.items())


_strings = lru_cache(maxsize=512)(_walk)


# ------------------------------------------------------------------------------------------------------------- numbers
def grid(constants: Sequence[int], unit: int, low: int, high: int, *, dense: bool) -> tuple[Class, ...]:
    """Classes of exact numbers, all scaled to whole numbers by a common power of ten.

    Today's values are the multiples of ``unit`` from ``low`` to ``high``. Beyond today, ``dense`` (decimals: the
    scale may change) admits every number, otherwise (integers) every multiple of ``unit``. ``constants`` are sorted
    and, if ``dense``, at least two apart, so that every gap has a whole number in it.
    """
    classes = []
    edges = (None, *constants, None)
    for i, (below, above) in enumerate(itertools.pairwise(edges)):
        if below is None:
            value = 0 if above is None else (-(-above // unit) - 1) * unit
            clipped = max(min(value, high), low) if above is None else min(value, high)
            today = clipped >= low
        else:
            value = (below // unit + 1) * unit
            clipped = max(value, low)
            today = clipped <= high and (above is None or clipped < above)
        if today:
            classes.append(Class(2 * i, clipped))
        elif above is None or value < above:
            classes.append(Class(2 * i, value, today=False))
        elif dense and below is not None:
            classes.append(Class(2 * i, (below + above) // 2, today=False))
        if above is not None:
            on_grid = above % unit == 0
            if on_grid or dense:
                classes.append(Class(2 * i + 1, above, today=on_grid and low <= above <= high))
    return tuple(classes)


def reals(constants: Sequence[float]) -> tuple[Class, ...]:
    """Classes of binary floating-point numbers, NaN left to the caller. ``constants`` are sorted and finite."""
    classes = []
    edges = (-math.inf, *constants, math.inf)
    for i, (below, above) in enumerate(itertools.pairwise(edges)):
        if math.isinf(below):
            value = 0.0 if math.isinf(above) else min(above - 1, math.nextafter(above, -math.inf))
        elif math.isinf(above):
            value = max(below + 1, math.nextafter(below, math.inf))
        else:
            value = below / 2 + above / 2 if math.isinf(above - below) else below + (above - below) / 2
        if below < value < above or (math.isinf(value) and value in (below, above)):
            classes.append(Class(2 * i, value))
        if not math.isinf(above):
            classes.append(Class(2 * i + 1, above))
    return tuple(classes)
