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


def _compare(
    live: Sequence[Expression], declared: Sequence[Expression], known: Mapping[str, frozenset[str]]
) -> TagVerdict:
    if not all((*live, *declared)):
        raise UndecidedError("a tag expression without keys")
    mentioned: dict[str, set[str]] = {}
    for expression in (*live, *declared):
        for key, values in expression:
            mentioned.setdefault(key, set()).update(values - {ANY})
    axes = {key: _values(mentioned[key], known.get(key, frozenset())) for key in mentioned}
    order = {key: i for i, key in enumerate(axes)}
    full = [(2 << len(values)) - 1 for values in axes.values()]
    today = [
        1 | sum(2 << i for i, value in enumerate(values) if value in known.get(key, frozenset()))
        for key, values in axes.items()
    ]

    def holds(expression: Expression) -> Node:
        return conj(
            lit(
                order[key],
                sum(2 << i for i, value in enumerate(axes[key]) if ANY in wanted or value in wanted),
            )
            for key, wanted in expression
        )

    shown, meant = (disj(holds(expression) for expression in side) for side in (live, declared))
    budget = Budget()

    def find(inside: tuple[Node, Sequence[Expression]], out: tuple[Node, Sequence[Expression]], domain: list[int],
             ) -> Tags | None:  # fmt: skip
        masks = satisfy(escape(inside[0], out[0], full), domain, budget)
        if masks is None:
            return None
        tags: Tags = {}
        for (key, values), mask in zip(axes.items(), masks, strict=True):
            tags[key] = None if mask & 1 else values[(mask & -mask).bit_length() - 2]
        if not any(matches(each, tags) for each in inside[1]) or any(matches(each, tags) for each in out[1]):
            raise UndecidedError("witness did not replay")
        return tags

    a, b = (shown, live), (meant, declared)
    gained, lost = find(a, b, today), find(b, a, today)
    gained_later, lost_later = gained or find(a, b, full), lost or find(b, a, full)
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
