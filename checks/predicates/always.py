"""Whether a row filter lets every row through, and so limits nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from checks.model import ALL_ROWS, AllRows, Rows
from checks.predicates import rowfilter, rows
from checks.predicates.kernel import Relation, UndecidedError
from checks.predicates.rowfilter import And, Filter, Not, Null, Or, Truth


@dataclass(frozen=True, slots=True)
class Always:
    """``holds`` for every row, or not, or (None) nobody knows, and then ``reason`` says why."""

    holds: bool | None
    reason: str = ""


def always(found: Rows, types: Mapping[str, str]) -> Always:
    """Decide whether a filter holds for every row, NULLs included.

    ``types`` maps lower-case column names, partition keys included, to Glue types; it may be empty where they are not
    known: a filter that a row of nothing but NULL does not pass is settled without them. Never raises.
    """
    if isinstance(found, AllRows):
        return Always(holds=True)
    try:
        if _on_nulls(rowfilter.parse(found.text)) is not True:
            return Always(holds=False)
    except UndecidedError as undecided:
        return Always(None, str(undecided))
    verdict = rows.compare((ALL_ROWS,), (found,), types)
    if verdict.relation is Relation.UNKNOWN:
        return Always(None, verdict.reason)
    return Always(verdict.relation is Relation.EQUAL)


def _on_nulls(node: Filter) -> bool | None:
    """Evaluate a filter on a row in which every column is NULL, by SQL's three values."""
    match node:
        case Truth(value):
            return value
        case Null():
            return True
        case Not(part):
            inner = _on_nulls(part)
            return None if inner is None else not inner
        case And(parts) | Or(parts):
            stops = isinstance(node, Or)
            inners = [_on_nulls(part) for part in parts]
            return stops if stops in inners else None if None in inners else not stops
        case _:
            return None
