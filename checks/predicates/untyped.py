"""Compares row filters whose column types nobody gave: by the types that their constants allow.

A column compared with text is a string, with true or false a boolean. A number may be whole, decimal or binary, and
``x > 3 and x < 5`` is ``x = 4`` for whole numbers only: so every number type is tried, and where they disagree the
verdict is unknown, with the reason. Nothing is ever called equal because of a guess.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from checks.model import AllRows, Rows
from checks.predicates import rowfilter, rows
from checks.predicates.kernel import Relation, UndecidedError
from checks.predicates.rowfilter import And, Constant, Filter, Like, Member, Not, Number, Or, Test, Truth
from checks.predicates.rows import RowVerdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Reading:
    """One choice of types for the columns that were not given, and the verdict under it."""

    assumed: Mapping[str, str]
    types: Mapping[str, str]
    verdict: RowVerdict


@dataclass(frozen=True, slots=True)
class Answer:
    """The verdict over all readings, the likeliest of which is the first."""

    verdict: RowVerdict
    readings: tuple[Reading, ...]

    @property
    def chief(self) -> Reading:
        """The reading whose types stand for the others."""
        return self.readings[0]


def compare(live: Sequence[Rows], declared: Sequence[Rows], types: Mapping[str, str]) -> Answer:
    """Decide as ``rows.compare`` does, with ``types`` for the columns given and every fitting type for the others."""
    readings = []
    for assumed in _assumptions((*live, *declared), types):
        known = {**types, **assumed}
        readings.append(Reading(assumed, known, rows.compare(live, declared, known)))
    first = readings[0].verdict
    if all(reading.verdict.relation is first.relation for reading in readings):
        return Answer(first, tuple(readings))
    by: dict[Relation, list[str]] = {}
    for reading in readings:
        by.setdefault(reading.verdict.relation, []).extend(_numbers(reading.assumed).values())
    said = ", ".join(f"{found} as {' or '.join(dict.fromkeys(kinds))}" for found, kinds in by.items())
    names = ", ".join(f"`{name}`" for name in _numbers(readings[0].assumed))
    return Answer(RowVerdict(Relation.UNKNOWN, reason=f"it depends on the type of {names}: {said}"), tuple(readings))


def _numbers(assumed: Mapping[str, str]) -> dict[str, str]:
    """The columns among *assumed* whose type is one of numbers, or holds one."""
    return {
        name: kind for name, kind in assumed.items() if any(word in kind for word in ("bigint", "decimal", "double"))
    }


# ------------------------------------------------------------------------------------------------ what constants allow
@dataclass(slots=True)
class _Use:
    """How one column, or one field of a struct, is spoken of."""

    text: bool = False
    truth: bool = False
    numbers: list[Number] = field(default_factory=list)
    fields: dict[str, _Use] = field(default_factory=dict)

    def take(self, constant: Constant) -> None:
        if isinstance(constant, Number):
            self.numbers.append(constant)
        elif isinstance(constant, bool):
            self.truth = True
        elif isinstance(constant, str):
            self.text = True

    def inside(self) -> Iterable[_Use]:
        yield self
        for one in self.fields.values():
            yield from one.inside()

    def type(self, number: str) -> str:
        """Spell the type, numbers being of one kind: whole, decimal or double."""
        if self.fields:
            return "struct<" + ",".join(f"{name}:{one.type(number)}" for name, one in sorted(self.fields.items())) + ">"
        if not self.numbers:
            return "boolean" if self.truth else "string"
        if number == "double" or any(one.scientific for one in self.numbers):
            return "double"
        scale = max(one.scale for one in self.numbers)
        largest = max(abs(one.digits) // 10**one.scale for one in self.numbers)
        if number == "whole" and scale == 0 and largest < 1 << 63:
            return "bigint"
        return f"decimal(38,{max(scale, min(10, 38 - len(str(largest))))})"


def _assumptions(union: Iterable[Rows], types: Mapping[str, str]) -> list[dict[str, str]]:
    uses: dict[str, _Use] = {}
    for one in union:
        if isinstance(one, AllRows):
            continue
        try:
            parsed = rowfilter.parse(one.text)
        except UndecidedError:
            continue  # the comparison itself will say why
        _note(parsed, types, uses)
    found: list[dict[str, str]] = []
    for number in ("whole", "decimal", "double"):
        assumed = {name: use.type(number) for name, use in uses.items()}
        if assumed not in found:
            found.append(assumed)
    return found


def _note(node: Filter, types: Mapping[str, str], uses: dict[str, _Use]) -> None:
    if isinstance(node, (And, Or)):
        for part in node.parts:
            _note(part, types, uses)
    elif isinstance(node, Not):
        _note(node.part, types, uses)
    elif not isinstance(node, Truth):
        names = [part.text.lower() if i == 0 else part.text for i, part in enumerate(node.column)]
        if names[0] in types or any(set(name) & set(".,:<>()") for name in names):
            return
        use = uses.setdefault(names[0], _Use())
        for name in names[1:]:
            use = use.fields.setdefault(name, _Use())
        if isinstance(node, Like):
            use.text = True
        for constant in (
            node.constants if isinstance(node, Member) else (node.constant,) if isinstance(node, Test) else ()
        ):
            use.take(constant)
