"""Decides Boolean combinations of predicates that each speak about one attribute. Knows nothing of SQL, IAM or tags.

The atoms of both sides cut an attribute's domain into finitely many classes on each of which every atom is constant;
a set of classes is a bit mask, bit 0 being the special value (SQL NULL, an absent tag). The truth of a formula at a
point depends only on the class of each coordinate, and every vector of classes is realised by its representatives, so
satisfiability over classes is satisfiability over values: no model is a proof, a model is a witness.

Three-valued logic is the front-ends' affair: they ask for the node where a formula is TRUE or where it is FALSE, and
what is in neither is UNKNOWN. Nodes themselves are two-valued.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Relation(StrEnum):
    """How live stands to declared, as sets of what each lets through."""

    EQUAL = "equal"
    NARROWER = "narrower"
    WIDER = "wider"
    OVERLAP = "overlap"
    UNKNOWN = "unknown"


def relation(*, gained: bool, lost: bool) -> Relation:
    """Name the relation: ``gained`` if live has something declared lacks, ``lost`` the other way round."""
    if gained:
        return Relation.OVERLAP if lost else Relation.WIDER
    return Relation.NARROWER if lost else Relation.EQUAL


class UndecidedError(Exception):
    """The question lies outside what is modelled, or costs too much; the message says which."""


@dataclass(slots=True)
class Budget:
    """Steps left for one decision: the search is exponential in the worst case."""

    left: int = 60_000

    def spend(self, steps: int) -> None:
        """Count work; raises UndecidedError("budget") when none is left."""
        self.left -= steps
        if self.left < 0:
            raise UndecidedError("budget")


class Lit(NamedTuple):
    """The attribute's class is in the mask."""

    attribute: int
    mask: int


class All(NamedTuple):
    """Every part holds. No part is an ``All``, and at most one ``Lit`` per attribute."""

    parts: tuple[Node, ...]


class Some(NamedTuple):
    """One part at least holds. No part is a ``Some``, and at most one ``Lit`` per attribute."""

    parts: tuple[Node, ...]


Node = bool | Lit | All | Some


def lit(attribute: int, mask: int) -> Node:
    """Build a literal; an empty mask is False."""
    return Lit(attribute, mask) if mask else False


def conj(nodes: Iterable[Node]) -> Node:
    """AND, flattened; literals on one attribute meet in one mask."""
    masks: dict[int, int] = {}
    rest: list[Node] = []
    todo = list(nodes)
    for node in todo:
        if isinstance(node, bool):
            if not node:
                return False
        elif isinstance(node, Lit):
            mask = masks.get(node.attribute, -1) & node.mask
            if not mask:
                return False
            masks[node.attribute] = mask
        elif isinstance(node, All):
            todo.extend(node.parts)
        else:
            rest.append(node)
    parts = (*(Lit(a, m) for a, m in masks.items()), *rest)
    return All(parts) if len(parts) > 1 else parts[0] if parts else True


def disj(nodes: Iterable[Node]) -> Node:
    """OR, flattened; literals on one attribute join in one mask."""
    masks: dict[int, int] = {}
    rest: list[Node] = []
    todo = list(nodes)
    for node in todo:
        if isinstance(node, bool):
            if node:
                return True
        elif isinstance(node, Lit):
            masks[node.attribute] = masks.get(node.attribute, 0) | node.mask
        elif isinstance(node, Some):
            todo.extend(node.parts)
        else:
            rest.append(node)
    parts = (*(Lit(a, m) for a, m in masks.items()), *rest)
    return Some(parts) if len(parts) > 1 else parts[0] if parts else False


def complement(node: Node, full: Sequence[int]) -> Node:
    """Everything the node does not hold for, the special value included: the two-valued NOT."""
    if isinstance(node, bool):
        return not node
    if isinstance(node, Lit):
        return lit(node.attribute, full[node.attribute] & ~node.mask)
    parts = (complement(part, full) for part in node.parts)
    return disj(parts) if isinstance(node, All) else conj(parts)


def _restrict(node: Node, domain: Sequence[int]) -> Node:
    """Simplify under a domain: a literal that covers what is left is True, one that misses it False."""
    if isinstance(node, bool):
        return node
    if isinstance(node, Lit):
        left = domain[node.attribute]
        mask = left & node.mask
        return True if mask == left else Lit(node.attribute, mask) if mask else False
    if isinstance(node, All):
        return conj(_restrict(part, domain) for part in node.parts)
    return disj(_restrict(part, domain) for part in node.parts)


def _attributes(node: Node, into: set[int]) -> set[int]:
    if isinstance(node, Lit):
        into.add(node.attribute)
    elif not isinstance(node, bool):
        for part in node.parts:
            _attributes(part, into)
    return into


def _components(parts: Sequence[Node]) -> list[tuple[set[int], list[Node]]]:
    """Group the parts so that groups share no attribute with each other."""
    groups: list[tuple[set[int], list[Node]]] = []
    for part in parts:
        touched, members, apart = _attributes(part, set()), [part], []
        for other in groups:
            if touched.isdisjoint(other[0]):
                apart.append(other)
            else:
                touched |= other[0]
                members += other[1]
        groups = [*apart, (touched, members)]
    return groups


_DEEP = 30  # nested splits into components; beyond it the search goes on unsplit


def satisfy(alternatives: Sequence[Node], domain: Sequence[int], budget: Budget, depth: int = 0) -> list[int] | None:
    """Find classes for which one of the alternatives holds.

    Returns a non-empty mask per attribute such that *every* choice from the masks is a model, or None if there is no
    model. Raises UndecidedError when the budget is spent.
    """
    stack = [(node, list(domain)) for node in reversed(alternatives)]
    while stack:
        node, dom = stack.pop()
        while True:
            node = _restrict(node, dom)
            if isinstance(node, bool):
                break
            parts = node.parts if isinstance(node, All) else (node,)
            budget.spend(1 + len(parts))
            open_parts = [part for part in parts if not isinstance(part, Lit)]
            if len(open_parts) == len(parts):
                break
            dom = dom.copy()
            for part in parts:
                if isinstance(part, Lit):
                    dom[part.attribute] &= part.mask
            node = conj(open_parts)
        if node is True:
            return dom
        if node is False:
            continue
        groups = _components(open_parts) if len(open_parts) > 1 and depth < _DEEP else []
        if len(groups) > 1:
            # what one group needs says nothing about another: no backtracking between them
            dom = dom.copy()
            for touched, members in sorted(groups, key=lambda group: len(group[1])):
                model = satisfy([conj(members)], dom, budget, depth + 1)
                if model is None:
                    break
                for attribute in touched:
                    dom[attribute] = model[attribute]
            else:
                return dom
            continue
        stack += reversed(_split(open_parts, dom))
    return None


def _split(parts: Sequence[Node], dom: list[int]) -> list[tuple[Node, list[int]]]:
    """Case distinction on the shortest OR; a later case may assume that the earlier literals failed."""
    ors = [part for part in parts if isinstance(part, Some)]
    chosen = min(ors, key=lambda part: len(part.parts))
    rest = [part for part in parts if part is not chosen]
    cases: list[tuple[Node, list[int]]] = []
    for case in chosen.parts:
        cases.append((conj([*rest, case]), dom))
        if isinstance(case, Lit):
            rest.append(lit(case.attribute, dom[case.attribute] & ~case.mask))
    return cases


def escape(inner: Node, outer: Node, full: Sequence[int]) -> list[Node]:
    """Alternatives for "inside inner and outside outer", for ``satisfy``.

    An ``outer`` of many conjuncts becomes one alternative per conjunct: each then propagates at once.
    """
    outside = complement(outer, full)
    cases = outside.parts if isinstance(outside, Some) else (outside,)
    return [conj((inner, case)) for case in cases]
