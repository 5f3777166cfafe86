"""Compares grant conditions (Cedar text) in the form that the Lake Formation console writes; all else is opaque.

The form: ``context.iam.principalTags.hasTag("k") && context.iam.principalTags.getTag("k") == "v"`` joined by ``&&``
and ``||`` (https://docs.aws.amazon.com/lake-formation/latest/dg/abac-granting-permissions.html). A principal-tag key
is an attribute of the kernel, bit 0 being "no such tag". ``getTag`` of an absent tag is an error in Cedar, and an
error on the left stays one whatever the right side says. That Lake Formation follows Cedar here is not documented: a
condition that means something else in SQL's logic, where the error is UNKNOWN, is not decided.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

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

LONGEST = 3000
_DEEPEST = 40


@dataclass(frozen=True, slots=True)
class ConditionVerdict:
    """How the principals that live's condition admits stand to those of declared's; witnesses are principal tags."""

    relation: Relation
    gained: Mapping[str, str | None] | None = None
    lost: Mapping[str, str | None] | None = None
    reason: str = ""


class _Has(NamedTuple):
    key: str


class _Is(NamedTuple):
    key: str
    value: str


class _And(NamedTuple):
    left: _Condition
    right: _Condition


class _Or(NamedTuple):
    left: _Condition
    right: _Condition


_Condition = _Has | _Is | _And | _Or

_TOKEN = re.compile(
    r"""[\ \t\r\n]*(?:
      (?P<has>context\.iam\.principalTags\.hasTag\("(?P<haskey>[^"\\\x00-\x1f]*)"\))
    | (?P<is>context\.iam\.principalTags\.getTag\("(?P<iskey>[^"\\\x00-\x1f]*)"\)\ ?==\ ?"(?P<value>[^"\\\x00-\x1f]*)")
    | (?P<symbol>&&|\|\||[()])
    | (?P<end>\Z)
    )""",
    re.VERBOSE | re.ASCII,
)


def compare(live: str | None, declared: str | None) -> ConditionVerdict:
    """Decide how one condition stands to another; None is no condition. Never raises: opaque text is ``unknown``."""
    if live == declared:
        return ConditionVerdict(Relation.EQUAL, reason="the same text")
    try:
        return _compare(_parse("live", live), _parse("declared", declared))
    except UndecidedError as undecided:
        return ConditionVerdict(Relation.UNKNOWN, reason=str(undecided))


@lru_cache(maxsize=4096)
def covers_condition(offered: str | None, wanted: str | None) -> bool | None:
    """Whether a grant under condition ``offered`` holds wherever one under ``wanted`` does; None where undecided.

    None as a condition is no condition: it covers every other, and only a condition that always holds would cover
    it. Texts outside the console's form cover themselves, and nothing else is known of them.
    """
    if offered is None or offered == wanted:
        return True
    verdict = compare(live=wanted, declared=offered)
    if verdict.relation is Relation.UNKNOWN:
        return None
    return verdict.relation in (Relation.EQUAL, Relation.NARROWER)


# -------------------------------------------------------------------------------------------------------------- parser
def _parse(side: str, text: str | None) -> _Condition | None:
    if text is None:
        return None
    if len(text) > LONGEST:
        raise UndecidedError(f"{side} condition is longer than {LONGEST} characters")
    tokens: list[re.Match[str]] = []
    at = 0
    while not tokens or tokens[-1].lastgroup != "end":
        match = _TOKEN.match(text, at)
        if match is None:
            raise UndecidedError(f"{side} condition, character {at + 1}: not the form that the console writes")
        tokens.append(match)
        at = match.end()
    tokens.reverse()
    parsed = _or(tokens, side, 0)
    if tokens[-1].lastgroup != "end":
        raise UndecidedError(f"{side} condition, character {tokens[-1].start() + 1}: end expected")
    return parsed


def _or(tokens: list[re.Match[str]], side: str, depth: int) -> _Condition:
    left = _and(tokens, side, depth)
    while tokens[-1]["symbol"] == "||":
        tokens.pop()
        left = _Or(left, _and(tokens, side, depth))
    return left


def _and(tokens: list[re.Match[str]], side: str, depth: int) -> _Condition:
    left = _atom(tokens, side, depth)
    while tokens[-1]["symbol"] == "&&":
        tokens.pop()
        left = _And(left, _atom(tokens, side, depth))
    return left


def _atom(tokens: list[re.Match[str]], side: str, depth: int) -> _Condition:
    token = tokens[-1]
    if token["symbol"] == "(" and depth < _DEEPEST:
        tokens.pop()
        inner = _or(tokens, side, depth + 1)
        if tokens.pop()["symbol"] != ")":
            raise UndecidedError(f"{side} condition: `)` expected")
        return inner
    if token["has"] is not None or token["is"] is not None:
        tokens.pop()
        return _Has(token["haskey"]) if token["has"] is not None else _Is(token["iskey"], token["value"])
    raise UndecidedError(f"{side} condition, character {token.start() + 1}: not the form that the console writes")


# ------------------------------------------------------------------------------------------------------------ deciding
class _Axes:
    """Per key: its index, and the mentioned values; the last class is any other value."""

    def __init__(self, conditions: Sequence[_Condition | None]) -> None:
        self.values: dict[str, list[str]] = {}
        for condition in conditions:
            for leaf in _leaves(condition):
                known = self.values.setdefault(leaf.key, [])
                if isinstance(leaf, _Is) and leaf.value not in known:
                    known.append(leaf.value)
        self.index = {key: i for i, key in enumerate(self.values)}
        self.full = [(4 << len(values)) - 1 for values in self.values.values()]

    def three(self, node: _Condition, *, cedar: bool) -> tuple[Node, Node]:
        """Where the condition is true and where false, by Cedar's rules for errors or by SQL's."""
        if isinstance(node, _And | _Or):
            (true, false), (true2, false2) = (self.three(side, cedar=cedar) for side in node)
            if isinstance(node, _And):
                return conj((true, true2)), disj((false, conj((true, false2)) if cedar else false2))
            return disj((true, conj((false, true2)) if cedar else true2)), conj((false, false2))
        at = self.index[node.key]
        present = self.full[at] & ~1
        if isinstance(node, _Has):
            return lit(at, present), lit(at, 1)
        mask = 2 << self.values[node.key].index(node.value)
        return lit(at, mask), lit(at, present & ~mask)

    def tags(self, masks: Sequence[int]) -> dict[str, str | None]:
        """Principal tags from classes; absent where that will do."""
        tags: dict[str, str | None] = {}
        for (key, values), mask in zip(self.values.items(), masks, strict=True):
            other = "other"
            while other in values:
                other += "-"
            choices = (None, *values, other)
            tags[key] = choices[(mask & -mask).bit_length() - 1]
        return tags


def _leaves(node: _Condition | None) -> list[_Has | _Is]:
    if node is None:
        return []
    return [*_leaves(node.left), *_leaves(node.right)] if isinstance(node, _And | _Or) else [node]


def _compare(live: _Condition | None, declared: _Condition | None) -> ConditionVerdict:
    axes, budget = _Axes((live, declared)), Budget()

    def admits(condition: _Condition | None) -> Node:
        if condition is None:
            return True
        here, there = (axes.three(condition, cedar=cedar)[0] for cedar in (True, False))
        # Cedar is true no more often than SQL; if anywhere less often, the meaning is open
        if satisfy(escape(there, here, axes.full), axes.full, budget) is not None:
            raise UndecidedError("a tag is read before it is known to be there")
        return here

    shown, meant = admits(live), admits(declared)

    def find(
        inner: Node, outer: Node, sides: tuple[_Condition | None, _Condition | None]
    ) -> dict[str, str | None] | None:
        masks = satisfy(escape(inner, outer, axes.full), axes.full, budget)
        if masks is None:
            return None
        tags = axes.tags(masks)
        if not _admitted(sides[0], tags) or _admitted(sides[1], tags):
            raise UndecidedError("witness did not replay")
        return tags

    gained, lost = find(shown, meant, (live, declared)), find(meant, shown, (declared, live))
    return ConditionVerdict(relation(gained=gained is not None, lost=lost is not None), gained, lost)


def _admitted(condition: _Condition | None, tags: Mapping[str, str | None]) -> bool:
    """Evaluate left to right on concrete tags; an error admits nobody."""
    try:
        return condition is None or _evaluate(condition, tags)
    except KeyError:
        return False


def _evaluate(node: _Condition, tags: Mapping[str, str | None]) -> bool:
    if isinstance(node, _Has):
        return tags.get(node.key) is not None
    if isinstance(node, _Is):
        value = tags[node.key]
        if value is None:
            raise KeyError(node.key)
        return value == node.value
    if isinstance(node, _And):
        return _evaluate(node.left, tags) and _evaluate(node.right, tags)
    return _evaluate(node.left, tags) or _evaluate(node.right, tags)
