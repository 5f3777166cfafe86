"""Evaluates a row filter on one concrete row, the slow and obvious way: the second opinion on every witness.

Works on values and shares nothing with the kernel that found them but the parser's nodes.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

from checks.predicates import rowfilter
from checks.predicates.rowfilter import And, Constant, Filter, Like, Member, Not, Null, Number, Or, Truth, Type

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Value = str | int | float | bool | None
"""A column's value in a witness: a decimal is its text, NaN and infinity are too: every value has a JSON spelling.

A struct is None, or ``"not null"`` where only that matters.
"""


class MisfitError(Exception):
    """The row has no such column, or holds a value that the column's type does not admit."""


def shows(
    filters: Sequence[Filter | None], row: Mapping[str, Value], types: Mapping[str, str], *, blanks: bool
) -> bool:
    """Whether one of the filters (None: all rows) lets the row through.

    ``blanks``: trailing blanks count in comparisons (Athena), or not (Redshift). Raises MisfitError.
    """
    for name, value in row.items():
        path, _, field = name.rpartition(".")
        if path in row and row[path] is None and value is not None:
            raise MisfitError(f"{name} is {value!r} inside a struct that is NULL ({field})")
    return any(each is None or _truth(each, row, types, blanks) is True for each in filters)


def _truth(node: Filter, row: Mapping[str, Value], types: Mapping[str, str], blanks: bool) -> bool | None:
    if isinstance(node, Truth):
        return node.value
    if isinstance(node, Not):
        inner = _truth(node.part, row, types, blanks)
        return None if inner is None else not inner
    if isinstance(node, (And, Or)):
        stops = isinstance(node, Or)
        inners = [_truth(part, row, types, blanks) for part in node.parts]
        return stops if stops in inners else None if None in inners else not stops
    name, kind = rowfilter.resolve(node.column, types)
    if name not in row:
        raise MisfitError(f"{name} is missing")
    value = row[name]
    if isinstance(node, Null):
        return value is None
    if value is None:
        return None
    if isinstance(node, Like):
        return _like(node.pattern, _text(value, kind))
    if isinstance(node, Member):
        found = [_compare(value, "=", constant, kind, blanks) for constant in node.constants]
        return True if True in found else None if None in found else False
    return _compare(value, node.operator, node.constant, kind, blanks)


def _compare(value: Value, operator: str, constant: Constant, kind: Type, blanks: bool) -> bool | None:
    if constant is None:
        return None
    if kind.kind in ("string", "char"):
        text, other = _text(value, kind), str(constant)
        if not blanks:
            text, other = text.rstrip(" "), other.rstrip(" ")
        return _holds((text > other) - (text < other), operator)
    if kind.kind == "boolean":
        if not isinstance(value, bool) or not isinstance(constant, bool):
            raise MisfitError(f"{value!r} is no boolean")
        return _holds(value - constant, operator)
    if not isinstance(constant, Number):
        raise MisfitError(f"{constant!r} is no number")
    if constant.scientific or kind.kind in ("double", "real"):
        left, right = float(_number(value, kind)), float(constant.text)
        if math.isnan(left):
            return operator == "<>"
        return _holds((left > right) - (left < right), operator)
    number, bound = Fraction(_number(value, kind)), Fraction(constant.text)
    return _holds((number > bound) - (number < bound), operator)


def _holds(sign: int, operator: str) -> bool:
    return (sign < 0 and "<" in operator) or (sign > 0 and ">" in operator) or (sign == 0 and "=" in operator)


def _text(value: Value, kind: Type) -> str:
    if not isinstance(value, str) or (kind.length is not None and len(value) > kind.length):
        raise MisfitError(f"{value!r} does not fit the type")
    return value


def _number(value: Value, kind: Type) -> Fraction | float:
    if kind.kind in ("double", "real"):
        if isinstance(value, float) or value in ("NaN", "Infinity", "-Infinity"):
            return float(value)
    elif not isinstance(value, (bool, float, type(None))) and isinstance(value, str) == (kind.kind == "decimal"):
        units = Fraction(value) * 10**kind.scale
        if units.denominator == 1 and kind.low <= units <= kind.high:
            return Fraction(value)
    raise MisfitError(f"{value!r} does not fit the type")


def _like(pattern: str, text: str) -> bool:
    """LIKE without escape: remember the last ``%`` and let it take one character more whenever the rest fails."""
    at = here = 0
    star, mark = -1, 0
    while here < len(text):
        if at < len(pattern) and pattern[at] == "%":
            star, mark = at, here
            at += 1
        elif at < len(pattern) and pattern[at] in ("_", text[here]):
            at, here = at + 1, here + 1
        elif star >= 0:
            mark += 1
            at, here = star + 1, mark
        else:
            return False
    return all(char == "%" for char in pattern[at:])
