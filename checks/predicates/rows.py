"""Compares what two unions of row filters let through, on both engines that may read the table.

Athena stands for Trino's rules, Redshift for its own; they differ where strings end in blanks (Redshift ignores them
when it compares, https://docs.aws.amazon.com/redshift/latest/dg/r_Character_types.html, but not in LIKE), in NaN
(smaller and greater than nothing in Trino; not documented for Redshift, so both orders must agree) and in what
varchar(n) counts. A relation that does not hold on both is reported with the engine named. Assumed: code-point order,
case-sensitive comparison.

What only a bounded type makes true (varchar(n), the range of int, the grid of decimal(p,s)) is "exact today only".
"""

from __future__ import annotations

import itertools
import math
import struct
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from checks.model import AllRows, Rows
from checks.predicates import domains, replay, rowfilter
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
from checks.predicates.replay import Value
from checks.predicates.rowfilter import And, Filter, Like, Member, Not, Null, Number, Or, Test, Truth, Type

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["Cut", "Engine", "Proof", "Relation", "RowVerdict", "Value", "compare", "cuts"]


class Proof(StrEnum):
    """What a relation rests on."""

    IDENTICAL = "identical"
    EXACT = "exact"
    ATHENA = "exact on Athena"
    REDSHIFT = "exact on Redshift"
    TODAY = "exact today only"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class RowVerdict:
    """How the rows that live shows stand to those that declared shows.

    ``gained`` is a row live shows and declared does not, ``lost`` the reverse; None where there is none (or none was
    looked for). ``reason`` says what an unknown founders on, or what a qualified proof depends on.
    """

    relation: Relation
    gained: Mapping[str, Value] | None = None
    lost: Mapping[str, Value] | None = None
    reason: str = ""
    proof: Proof = Proof.NONE


class Engine(StrEnum):
    """An engine whose rules are modelled; Athena stands for Trino's."""

    ATHENA = "Athena"
    REDSHIFT = "Redshift"


class Cut(NamedTuple):
    """One column or struct field, and one value for each class of today's values; None (NULL) is the first."""

    type: Type
    values: tuple[Value, ...]


class _Engine(NamedTuple):
    name: Engine
    padded: bool  # trailing blanks do not count in comparisons
    octets: bool  # varchar(n) counts bytes
    nan: bool  # NaN is smaller and greater than nothing


_ATHENA = _Engine(Engine.ATHENA, padded=False, octets=False, nan=True)
_REDSHIFT = _Engine(Engine.REDSHIFT, padded=True, octets=True, nan=False)
_REDSHIFT_NAN = _Engine(Engine.REDSHIFT, padded=True, octets=True, nan=True)


def compare(live: Sequence[Rows], declared: Sequence[Rows], types: Mapping[str, str]) -> RowVerdict:
    """Decide how the union of live filters stands to the union of declared ones.

    An empty sequence shows no rows. ``types`` maps lower-case column names, partition keys included, to Glue types.
    Never raises: what is outside the documented grammar, or too costly, is ``unknown`` with a reason.
    """
    if _spellings(live) == _spellings(declared):
        return RowVerdict(Relation.EQUAL, reason="the same text", proof=Proof.IDENTICAL)
    try:
        question = _Question(types)
        shown = [question.read("live", rows) for rows in live]
        meant = [question.read("declared", rows) for rows in declared]
        return _verdict(question, shown, meant)
    except UndecidedError as undecided:
        return RowVerdict(Relation.UNKNOWN, reason=str(undecided))


def cuts(live: Sequence[Rows], declared: Sequence[Rows], types: Mapping[str, str], engine: Engine) -> dict[str, Cut]:
    """Cut every column that the filters mention (a field by its path) into what *engine* can tell apart.

    The filters are constant on every combination of classes, so one row for each combination is all there is to try.
    Raises UndecidedError where ``compare`` would say unknown.
    """
    question = _Question(types)
    for side, union in (("live", live), ("declared", declared)):
        for rows in union:
            question.read(side, rows)
    model = _Model(question, _ATHENA if engine is Engine.ATHENA else _REDSHIFT, {})
    return {
        name: Cut(axis.column.type, (None, *(value for i, value in enumerate(axis.values) if axis.today >> i + 1 & 1)))
        for name, axis in model.axes.items()
    }


def _spellings(union: Sequence[Rows]) -> frozenset[object]:
    """Spell the union as a set of token lists: equal sets are one predicate, understood or not.

    All rows swallow the rest.
    """
    found: set[object] = set()
    for rows in union:
        if isinstance(rows, AllRows):
            return frozenset({None})
        try:
            found.add(tuple(token for token, _ in rowfilter.tokens(rows.text)))
        except UndecidedError:
            found.add(rows.text)
    return frozenset(found)


# ------------------------------------------------------------------------------------------- collecting what is asked
@dataclass(slots=True)
class _Column:
    """Everything that both sides ask about one column."""

    index: int
    name: str
    type: Type
    texts: set[str] = field(default_factory=set)
    patterns: set[str] = field(default_factory=set)
    numbers: set[Number] = field(default_factory=set)
    ordered: bool = False
    rounds: bool = False

    @property
    def engines_differ(self) -> bool:
        """Whether Athena and Redshift may cut this column into different classes."""
        kind = self.type
        blanks = bool(self.patterns and self.texts)
        bytes_ = kind.length is not None and any(char >= "\x7f" for text in self.texts | self.patterns for char in text)
        return blanks or bytes_ or kind.kind in ("double", "real")


class _Question:
    """The columns of one comparison; reading a filter registers its atoms."""

    def __init__(self, types: Mapping[str, str]) -> None:
        self.types = types
        self.columns: dict[str, _Column] = {}
        self._resolved: dict[rowfilter.Reference, _Column] = {}

    def read(self, side: str, rows: Rows) -> Filter | None:
        """Parse one filter and register its atoms; None for all rows. Raises UndecidedError naming the side."""
        if isinstance(rows, AllRows):
            return None
        try:
            parsed = rowfilter.parse(rows.text)
            self._register(parsed)
        except UndecidedError as undecided:
            raise UndecidedError(f"{side} filter, {undecided}") from undecided
        return parsed

    def column(self, reference: rowfilter.Reference) -> _Column:
        """Find the column or field a reference means."""
        found = self._resolved.get(reference)
        if found is None:
            name, kind = rowfilter.resolve(reference, self.types)
            found = self.columns.setdefault(name, _Column(len(self.columns), name, kind))
            self._resolved[reference] = found
        return found

    def _register(self, node: Filter) -> None:
        if isinstance(node, (And, Or)):
            for part in node.parts:
                self._register(part)
        elif isinstance(node, Not):
            self._register(node.part)
        elif not isinstance(node, Truth):
            column = self.column(node.column)
            if isinstance(node, Like):
                if column.type.kind != "string":
                    raise UndecidedError(f"LIKE on `{column.name}` of type {column.type.kind}")
                column.patterns.add(node.pattern)
            elif isinstance(node, Test):
                column.ordered |= node.operator not in ("=", "<>")
                _admit(column, node.constant)
            elif isinstance(node, Member):
                for constant in node.constants:
                    _admit(column, constant)


def _admit(column: _Column, constant: rowfilter.Constant) -> None:
    """Check a constant against the column's type and note it; raises UndecidedError where engines might coerce."""
    kind = column.type.kind
    if kind == "struct":
        raise UndecidedError(f"comparison of the struct `{column.name}`")
    if kind == "char" and column.ordered:
        raise UndecidedError(f"order on `{column.name}`: how char(n) is padded depends on the engine")
    if constant is None:
        return
    if kind in ("string", "char") and isinstance(constant, str):
        if constant.endswith(" "):
            raise UndecidedError(f"constant for `{column.name}` ends in a blank: what that means depends on the engine")
        column.texts.add(constant)
    elif kind == "boolean" and isinstance(constant, bool):
        pass
    elif isinstance(constant, Number) and kind in ("integer", "decimal", "double", "real"):
        _admit_number(column, constant)
    else:
        raise UndecidedError(f"constant for `{column.name}` is not of type {kind}")


def _admit_number(column: _Column, number: Number) -> None:
    kind = column.type
    if kind.kind in ("double", "real"):
        value = float(number.text)
        if math.isinf(value):
            raise UndecidedError(f"{number.text} is out of range for `{column.name}`")
        if kind.kind == "real" and not _is_single(number):
            # REAL against a decimal literal: Trino rounds the literal, Redshift widens the column
            raise UndecidedError(f"{number.text} is rounded for `{column.name}`, by each engine in its own way")
    elif number.scientific:
        # the engine turns the column into DOUBLE: exact for int, rounding for bigint and decimal
        if kind.scale or not abs(float(number.text)) < _SANE:
            raise UndecidedError(f"{number.text} is a rounded number: `{column.name}` is compared as a double")
        column.rounds = kind.high >= _EXACT_IN_DOUBLE
    else:
        whole = len(str(abs(number.digits) // 10**number.scale))
        room = len(str(kind.high)) - kind.scale
        if max(whole, room) + max(number.scale, kind.scale) > _DECIMAL_DIGITS:
            raise UndecidedError(f"{number.text} and `{column.name}` do not fit into one decimal of 38 digits")
    column.numbers.add(number)


_DECIMAL_DIGITS = 38
_EXACT_IN_DOUBLE = 1 << 53
_SANE = 1e38


def _is_single(number: Number) -> bool:
    """Whether a literal is a binary32 number exactly."""
    value = Fraction(number.text)
    try:
        return Fraction(struct.unpack("f", struct.pack("f", float(value)))[0]) == value
    except OverflowError:
        return False


# ------------------------------------------------------------------------------------------------- classes and masks
class _Axis(NamedTuple):
    """One column cut into classes for one engine; class i is bit i + 1, bit 0 is NULL."""

    column: _Column
    values: tuple[Value, ...]
    today: int
    below: tuple[int, ...]  # below[p]: classes at a place before p
    places: Mapping[rowfilter.Constant, tuple[int, int]]  # a constant is the places first..last (none if first > last)
    patterns: Mapping[str, int]

    @property
    def present(self) -> int:
        """Every class but NULL."""
        return (2 << len(self.values)) - 2

    def mask(self, operator: str, constant: rowfilter.Constant) -> int:
        """Classes on which the comparison is TRUE. A value without a place (NaN) is only ever different."""
        first, last = self.places[constant]
        if operator == "<":
            return self.below[first]
        if operator == "<=":
            return self.below[last + 1]
        if operator == ">":
            return self.below[-1] & ~self.below[last + 1]
        if operator == ">=":
            return self.below[-1] & ~self.below[first]
        same = self.below[last + 1] & ~self.below[first]
        return same if operator == "=" else self.present & ~same


class _Sides(NamedTuple):
    """Two unions of filters (None is all rows), and which column a reference means."""

    live: Sequence[Filter | None]
    declared: Sequence[Filter | None]
    find: Callable[[rowfilter.Reference], _Column]


_MANY = 6
"""Patterns on one column of which it pays to ask which combinations can matter."""


def _axis(column: _Column, engine: _Engine, sides: _Sides | None) -> _Axis:
    kind = column.type
    if kind.kind in ("string", "char"):
        return _string_axis(column, engine, sides)
    if kind.kind in ("integer", "decimal"):
        return _exact_axis(column)
    if kind.kind in ("double", "real"):
        return _real_axis(column, engine)
    if kind.kind == "boolean":
        classes = (domains.Class(0, 0), domains.Class(1, 1))
        return _assemble(column, classes, {False: (0, 0), True: (1, 1)}, 1, value=bool)
    return _assemble(column, (domains.Class(0, "not null"),), {}, 0)


def _assemble(
    column: _Column,
    classes: Sequence[domains.Class],
    places: Mapping[rowfilter.Constant, tuple[int, int]],
    last: int,
    *,
    value: Callable[[str | int | float], Value] = lambda value: value,
    patterns: Sequence[str] = (),
    unordered: tuple[Value, ...] = (),
) -> _Axis:
    """``last`` is the highest place; ``unordered`` values come after the classes and have no place."""
    at = [0] * (last + 1)
    today = 1
    matches = dict.fromkeys(patterns, 0)
    for i, each in enumerate(classes):
        bit = 2 << i
        at[each.place] |= bit
        today |= bit if each.today else 0
        for j, text in enumerate(patterns):
            matches[text] |= bit if each.matches >> j & 1 else 0
    for i in range(len(unordered)):
        today |= 2 << len(classes) + i
    below = [0]
    for mask in at:
        below.append(below[-1] | mask)
    values = (*(value(each.value) for each in classes), *unordered)
    return _Axis(column, values, today, tuple(below), places, matches)


def _string_axis(column: _Column, engine: _Engine, sides: _Sides | None) -> _Axis:
    texts, patterns = tuple(sorted(column.texts)), tuple(sorted(column.patterns))
    hopeless = _hopeless(column, patterns, sides) if sides is not None and len(patterns) > _MANY else None
    classes = domains.strings(
        texts,
        patterns,
        ordered=column.ordered,
        padded=engine.padded and bool(texts and patterns),
        longest=column.type.length,
        octets=engine.octets and column.engines_differ,
        hopeless=hopeless,
    )
    places: dict[rowfilter.Constant, tuple[int, int]] = {text: (2 * i + 1, 2 * i + 1) for i, text in enumerate(texts)}
    return _assemble(column, classes, places, 2 * len(texts), patterns=patterns)


def _hopeless(column: _Column, patterns: Sequence[str], sides: _Sides) -> Callable[[int, int], bool]:
    """Say of which strings no row can be shown by one side only, if all that is known is what they match.

    What is not known stays open in the three-valued logic of SQL, be it NULL in the end.
    """
    place = {text: 1 << i for i, text in enumerate(patterns)}

    def judged(node: Filter | None, matched: int, unmatched: int) -> bool | None:
        if node is None:
            return True
        if isinstance(node, Truth):
            return node.value
        if isinstance(node, Not):
            part = judged(node.part, matched, unmatched)
            return None if part is None else not part
        if isinstance(node, (And, Or)):
            decisive, undecided = isinstance(node, Or), False
            for each in node.parts:
                part = judged(each, matched, unmatched)
                if part is decisive:
                    return decisive
                undecided |= part is None
            return None if undecided else not decisive
        if isinstance(node, Like) and sides.find(node.column) is column:
            bit = place[node.pattern]
            return True if matched & bit else False if unmatched & bit else None
        return None

    def hopeless(matched: int, unmatched: int) -> bool:
        shown, meant = ([judged(one, matched, unmatched) for one in side] for side in sides[:2])
        gains = True not in meant and any(one is not False for one in shown)
        return not gains and (True in shown or all(one is False for one in meant))

    return hopeless


def _exact_axis(column: _Column) -> _Axis:
    """Integers and decimals, all scaled by one power of ten, with a digit to spare for numbers in between."""
    kind = column.type
    cuts = {number: _cuts(number, column) for number in column.numbers}
    digits = 1 + max([kind.scale, *(scale for pair in cuts.values() for _, scale in pair)])
    scaled = {number: tuple(cut * 10 ** (digits - scale) for cut, scale in pair) for number, pair in cuts.items()}
    constants = sorted({cut for pair in scaled.values() for cut in pair})
    rank = {cut: 2 * i + 1 for i, cut in enumerate(constants)}
    unit = 10 ** (digits - kind.scale)
    classes = domains.grid(constants, unit, kind.low * unit, kind.high * unit, dense=kind.kind == "decimal")

    def value(number: str | float) -> Value:
        whole, rest = divmod(abs(int(number)), 10**digits)
        sign = "-" if int(number) < 0 else ""
        text = f"{sign}{whole}.{rest:0{digits}d}".rstrip("0").rstrip(".")
        return int(text) if kind.kind == "integer" else text

    places: dict[rowfilter.Constant, tuple[int, int]] = {
        number: (rank[pair[0]], rank[pair[1]]) for number, pair in scaled.items()
    }
    return _assemble(column, classes, places, 2 * len(constants), value=value)


def _cuts(number: Number, column: _Column) -> tuple[tuple[int, int], tuple[int, int]]:
    """Find the smallest and the largest number equal to the literal, as digits and scale; crossed if none is."""
    if not number.scientific:
        return ((number.digits, number.scale),) * 2
    value = float(number.text)
    near = math.floor(value)
    if not column.rounds:
        return ((near, 0) if value == near else (near * 10 + 5, 1),) * 2
    # float() of an int rounds half to even and never falls as the int grows: bisect for where it reaches the literal
    reach = int(math.ulp(value)) + 2

    def first(reached: Callable[[int], bool]) -> int:
        low, high = near - reach, near + reach
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if reached(middle) else (middle + 1, high)
        return low

    return (first(lambda n: float(n) >= value), 0), (first(lambda n: float(n) > value) - 1, 0)


def _real_axis(column: _Column, engine: _Engine) -> _Axis:
    """Binary floating point; NaN stands apart where the engine orders it nowhere, else above all numbers."""
    exact = {
        Fraction(number.text) if not number.scientific else Fraction(float(number.text)) for number in column.numbers
    }
    constants = sorted(float(value) for value in exact)
    for low, high in itertools.pairwise(constants):
        if low == high or math.nextafter(low, math.inf) == high:
            raise UndecidedError(f"constants for `{column.name}` lie too close to tell apart as doubles")
    rank = {value: (2 * i + 1, 2 * i + 1) for i, value in enumerate(constants)}
    places: dict[rowfilter.Constant, tuple[int, int]] = {number: rank[float(number.text)] for number in column.numbers}
    unordered: tuple[Value, ...] = ("NaN",) if engine.nan else ()

    def value(number: str | float) -> Value:
        return "Infinity" if number == math.inf else "-Infinity" if number == -math.inf else number

    return _assemble(column, domains.reals(constants), places, 2 * len(constants), value=value, unordered=unordered)


# ------------------------------------------------------------------------------------------------------------ deciding
class _Model:
    """The question as one engine sees it: axes, masks, formulas."""

    def __init__(
        self,
        question: _Question,
        engine: _Engine,
        shared: Mapping[str, _Axis],
        sides: _Sides | None = None,
    ) -> None:
        """Cut the columns; with *sides* only into what may tell these two unions apart."""
        self._question = question
        self.engine = engine
        self.axes = {
            name: shared[name] if name in shared and not column.engines_differ else _axis(column, engine, sides)
            for name, column in question.columns.items()
        }
        self.full = [axis.present | 1 for axis in self.axes.values()]
        self.today = [axis.today for axis in self.axes.values()]

    def union(self, filters: Sequence[Filter | None]) -> Node:
        """Where one of the filters is TRUE."""
        return disj(True if each is None else self._where(each, wanted=True) for each in filters)

    def _where(self, node: Filter, *, wanted: bool) -> Node:
        """Where the filter is TRUE (or FALSE, if that is wanted); UNKNOWN is neither."""
        if isinstance(node, Truth):
            return node.value is wanted
        if isinstance(node, Not):
            return self._where(node.part, wanted=not wanted)
        if isinstance(node, (And, Or)):
            parts = (self._where(part, wanted=wanted) for part in node.parts)
            return conj(parts) if isinstance(node, And) is wanted else disj(parts)
        column = self._question.column(node.column)
        axis = self.axes[column.name]
        if isinstance(node, Null):
            return lit(column.index, 1 if wanted else axis.present)
        decidable = True
        if isinstance(node, Like):
            mask = axis.patterns[node.pattern]
        elif isinstance(node, Member):
            mask = 0
            for constant in node.constants:
                mask |= axis.mask("=", constant) if constant is not None else 0
            decidable = None not in node.constants
        elif node.constant is None:
            return False
        else:
            mask = axis.mask(node.operator, node.constant)
        if wanted:
            return lit(column.index, mask)
        return lit(column.index, axis.present & ~mask) if decidable else False

    def possible(self) -> Node:
        """Say what ties columns together: a NULL struct has NULL fields."""
        ties: list[Node] = []
        for name, column in self._question.columns.items():
            if column.type.kind == "struct":
                for other, inner in self._question.columns.items():
                    if other.startswith(name + "."):
                        present = lit(column.index, self.axes[name].present)
                        ties.append(disj((present, lit(inner.index, 1))))
        return conj(ties)

    def row(self, masks: Sequence[int]) -> dict[str, Value]:
        """Make a concrete row from classes: NULL only where nothing else will do."""
        row: dict[str, Value] = {}
        for axis, mask in zip(self.axes.values(), masks, strict=True):
            present = mask & ~1
            row[axis.column.name] = axis.values[(present & -present).bit_length() - 2] if present else None
        return row


class _Escape(NamedTuple):
    """The answer in one direction: a row, or None; ``bounded`` if only today's types exclude one."""

    row: dict[str, Value] | None
    bounded: bool


class _Answer(NamedTuple):
    """Both directions on one engine."""

    engine: _Engine
    gained: _Escape
    lost: _Escape

    @property
    def relation(self) -> Relation:
        return relation(gained=self.gained.row is not None, lost=self.lost.row is not None)


def _verdict(question: _Question, live: Sequence[Filter | None], declared: Sequence[Filter | None]) -> RowVerdict:
    columns = question.columns.values()
    rounds = any(column.rounds for column in columns)
    differing = [column for column in columns if column.engines_differ]
    engines = [_ATHENA]
    if differing and not rounds:
        engines.append(_REDSHIFT)
        floating = [column.type.kind in ("double", "real") for column in differing]
        if any(floating) and not all(floating):
            engines.append(_REDSHIFT_NAN)
    budget = Budget()
    answers: list[_Answer] = []
    shared: Mapping[str, _Axis] = {}
    for engine in engines:
        model = _Model(question, engine, shared, _Sides(live, declared, question.column))
        shared = shared or model.axes
        shown, meant, possible = model.union(live), model.union(declared), model.possible()
        gained = _escape(model, conj((possible, shown)), meant, budget)
        lost = _escape(model, conj((possible, meant)), shown, budget)
        for row, inner, outer in ((gained.row, live, declared), (lost.row, declared, live)):
            if row is not None and not _replays(row, inner, outer, question.types, engine):
                raise UndecidedError("witness did not replay")
        answers.append(_Answer(engine, gained, lost))
    return _rounded(answers[0]) if rounds else _folded(answers)


def _escape(model: _Model, inner: Node, outer: Node, budget: Budget) -> _Escape:
    """Look for a row inside ``inner`` and outside ``outer``, first among the values of today's types."""
    cases = escape(inner, outer, model.full)
    masks = satisfy(cases, model.today, budget)
    if masks is not None:
        return _Escape(model.row(masks), bounded=False)
    return _Escape(None, model.today != model.full and satisfy(cases, model.full, budget) is not None)


def _replays(
    row: Mapping[str, Value],
    inner: Sequence[Filter | None],
    outer: Sequence[Filter | None],
    types: Mapping[str, str],
    engine: _Engine,
) -> bool:
    try:
        inside, outside = (replay.shows(side, row, types, blanks=not engine.padded) for side in (inner, outer))
    except replay.MisfitError:
        return False
    return inside and not outside


def _folded(answers: Sequence[_Answer]) -> RowVerdict:
    """One verdict over all engines: a row gained on any is gained, a row lost on any is lost."""
    certain = [answer for answer in answers if answer.engine is not _REDSHIFT_NAN]
    gained = next((answer.gained.row for answer in certain if answer.gained.row is not None), None)
    lost = next((answer.lost.row for answer in certain if answer.lost.row is not None), None)
    for answer in answers[len(certain) :]:
        if (gained is None and answer.gained.row is not None) or (lost is None and answer.lost.row is not None):
            raise UndecidedError("it depends on how Redshift orders NaN, which is not documented")
    found = relation(gained=gained is not None, lost=lost is not None)
    if len({answer.relation for answer in certain}) > 1:
        chief = next(
            (answer for answer in certain if answer.relation is found),
            next(answer for answer in certain if answer.gained.row is not None or answer.lost.row is not None),
        )
        reason = ", ".join(f"{answer.relation} on {answer.engine.name}" for answer in certain)
        proof = Proof.ATHENA if chief.engine is _ATHENA else Proof.REDSHIFT
        return RowVerdict(found, gained, lost, reason, proof)
    bounded = any(
        (gained is None and answer.gained.bounded) or (lost is None and answer.lost.bounded) for answer in answers
    )
    if bounded:
        return RowVerdict(found, gained, lost, "rests on the bounds of today's column types", Proof.TODAY)
    return RowVerdict(found, gained, lost, "no row tells them apart" if found is Relation.EQUAL else "", Proof.EXACT)


def _rounded(answer: _Answer) -> RowVerdict:
    """Judge where a column was compared as a double: rows gained are shown, containment is not proved."""
    why = "a number in scientific notation is a double, to which the column is rounded before it is compared"
    if answer.gained.row is None:
        raise UndecidedError(why)
    return RowVerdict(answer.relation, answer.gained.row, answer.lost.row, f"{why} on Athena", Proof.ATHENA)
