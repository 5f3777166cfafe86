"""Compares which tag sets two unions of LF-tag expressions match, now and later.

An expression is an AND over keys of an OR over values, several grants are an OR of expressions
(https://docs.aws.amazon.com/lake-formation/latest/dg/managing-tag-expressions.html); ``*`` is any value of the key.
A key is an attribute of the kernel: bit 0 is "no such tag", then the values that are mentioned, one more known value,
and one fresh value that nobody has defined yet. Inheritance and overrides are the caller's: these are effective tags.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from checks.predicates.kernel import (
    Budget,
    Node,
    Relation,
    UndecidedError,
    conj,
    disj,
    escape,
    lit,
    relation,
    satisfy,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from checks.model import Expression

ANY = "*"
Tags = dict[str, str | None]
"""The tags of an imagined object, by key; None is a key it does not carry."""


@dataclass(frozen=True, slots=True)
class TagVerdict:
    """How what live matches stands to what declared matches.

    ``now`` speaks of the values that are defined, ``later`` of those that may be. ``gained`` and ``lost`` are tag
    sets as of now, ``gained_later`` one that takes a value not defined today.
    """

    now: Relation
    later: Relation
    gained: Mapping[str, str | None] | None = None
    lost: Mapping[str, str | None] | None = None
    gained_later: Mapping[str, str | None] | None = None
    reason: str = ""


def matches(expression: Expression, tags: Mapping[str, str | None]) -> bool:
    """Whether an object with these effective tags matches the expression."""
    return all(tags.get(key) is not None and (ANY in values or tags[key] in values) for key, values in expression)


def compare(
    live: Sequence[Expression], declared: Sequence[Expression], known: Mapping[str, frozenset[str]]
) -> TagVerdict:
    """Decide how the union of live expressions stands to the union of declared ones.

    ``known`` maps a tag key to its defined values. An empty union matches nothing. Never raises: an expression
    without keys (AWS has none) and an exhausted budget are ``unknown`` with a reason.
    """
    try:
        return _compare(live, declared, known)
    except UndecidedError as undecided:
        return TagVerdict(Relation.UNKNOWN, Relation.UNKNOWN, reason=str(undecided))


def implies(
    inner: Expression, outers: Sequence[Expression], known: Mapping[str, frozenset[str]]
) -> tuple[bool | None, bool | None]:
    """Whether everything ``inner`` matches is matched by one of ``outers``: (now, later), None where undecided."""
    verdict = compare([inner], outers, known)
    contained = (Relation.EQUAL, Relation.NARROWER)
    now, later = (None if each is Relation.UNKNOWN else each in contained for each in (verdict.now, verdict.later))
    return now, later


def always_within(inner: Expression, outers: Sequence[Expression]) -> bool | None:
    """Whether every object, now or later, that ``inner`` means is meant by one of ``outers``; None where undecided.

    The question of ``implies`` in one direction and for any values, with the common answers at once: compared with
    one expression, key by key, what looks contained is contained and nothing else is.
    """
    mine = dict(inner)
    if not mine or not all(outers):
        return True if inner in outers else None  # AWS has no expression without keys: what it would match is open
    if not all(mine.values()):
        return True  # a key that must have two values at once: nothing matches
    near = []
    for outer in outers:
        for key, wanted in outer:
            held = mine.get(key)
            if held is None or not (held <= wanted or ANY in wanted):
                break
        else:
            return True
        if all(key not in mine or _meet(mine[key], wanted) for key, wanted in outer):
            near.append(outer)
    if len(near) <= 1:
        return False
    try:
        return _always_within(inner, near)
    except UndecidedError:
        return None


def _meet(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether some value is among both; ``*`` is among any that are there."""
    return bool(other) and (ANY in one or ANY in other or not one.isdisjoint(other))


def _always_within(inner: Expression, outers: Sequence[Expression]) -> bool:
    axes = _Axes((inner, *outers), {})
    cases = escape(axes.holds(inner), disj(axes.holds(each) for each in outers), axes.full)
    return axes.find(cases, axes.full, Budget(), [inner], outers) is None


class _Axes:
    """The keys of some expressions, each with one value per class; masks as the kernel wants them."""

    __slots__ = ("_order", "_values", "full", "today")

    def __init__(self, expressions: Sequence[Expression], known: Mapping[str, frozenset[str]]) -> None:
        mentioned: dict[str, set[str]] = {}
        for expression in expressions:
            for key, values in expression:
                mentioned.setdefault(key, set()).update(values - {ANY})
        nothing: frozenset[str] = frozenset()
        self._values = {key: _values(mentioned[key], known.get(key, nothing)) for key in mentioned}
        self._order = {key: i for i, key in enumerate(self._values)}
        self.full = [(2 << len(values)) - 1 for values in self._values.values()]
        self.today = [
            1 | sum(2 << i for i, value in enumerate(values) if value in known.get(key, nothing))
            for key, values in self._values.items()
        ]

    def holds(self, expression: Expression) -> Node:
        """Where the expression matches."""
        return conj(
            lit(
                self._order[key],
                sum(2 << i for i, value in enumerate(self._values[key]) if ANY in wanted or value in wanted),
            )
            for key, wanted in expression
        )

    def find(
        self,
        cases: Sequence[Node],
        domain: Sequence[int],
        budget: Budget,
        inside: Sequence[Expression],
        outside: Sequence[Expression],
    ) -> Tags | None:
        """Find tags that one of ``inside`` matches and none of ``outside``, and match them once more."""
        masks = satisfy(cases, domain, budget)
        if masks is None:
            return None
        tags: Tags = {}
        for (key, values), mask in zip(self._values.items(), masks, strict=True):
            tags[key] = None if mask & 1 else values[(mask & -mask).bit_length() - 2]
        if not any(matches(each, tags) for each in inside) or any(matches(each, tags) for each in outside):
            raise UndecidedError("witness did not replay")
        return tags


def _compare(
    live: Sequence[Expression], declared: Sequence[Expression], known: Mapping[str, frozenset[str]]
) -> TagVerdict:
    if not all((*live, *declared)):
        raise UndecidedError("a tag expression without keys")
    axes, budget = _Axes((*live, *declared), known), Budget()
    shown, meant = (disj(axes.holds(expression) for expression in side) for side in (live, declared))
    more, less = escape(shown, meant, axes.full), escape(meant, shown, axes.full)
    gained = axes.find(more, axes.today, budget, live, declared)
    lost = axes.find(less, axes.today, budget, declared, live)
    gained_later = gained or axes.find(more, axes.full, budget, live, declared)
    lost_later = lost or axes.find(less, axes.full, budget, declared, live)
    return TagVerdict(
        now=relation(gained=gained is not None, lost=lost is not None),
        later=relation(gained=gained_later is not None, lost=lost_later is not None),
        gained=gained,
        lost=lost,
        gained_later=None if gained is not None else gained_later,
    )


def _values(mentioned: set[str], known: frozenset[str]) -> tuple[str, ...]:
    """One value per class: each mentioned, one more that is defined, one that is not."""
    others = sorted(known - mentioned)[:1]
    fresh = "new-value"
    while fresh in mentioned or fresh in known:
        fresh += "-"
    return (*sorted(mentioned), *others, fresh)
