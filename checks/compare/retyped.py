"""Row filters over a column whose type is not the declared one: the same text may then show other rows."""

from __future__ import annotations

import re

from checks import spelling
from checks.compare import findings as say
from checks.compare.beneath import reads_all
from checks.compare.sides import Sides
from checks.model import Cause, DataCellsFilter, FilterBody, Principal, Rows, Table, TableInfo, Verdict, Where
from checks.predicates.kernel import UndecidedError
from checks.predicates.rowfilter import column_type, tokens
from checks.view import access

Types = tuple[str, str]
"""A column's declared and live type."""


def retyped(sides: Sides) -> None:
    """Report the held filters that speak of a column of another type than declared.

    ``x > 3 and x < 4`` shows nothing of whole numbers, and much of doubles. A comparison takes each row as it is live;
    what a filter was declared to show rests on the declared type, and rows of two types are not ordered here
    (https://docs.aws.amazon.com/lake-formation/latest/dg/partiql-support.html).
    """
    for cells, (types, holders) in doubtful(sides).items():
        _report(sides, cells, types, holders)


def doubtful(sides: Sides) -> dict[DataCellsFilter, tuple[str, list[Principal]]]:
    """Return the filters whose rows cannot be told by the declared types: which types in words, and whom it concerns.

    Computed once, and kept with the sides.
    """
    if sides.doubtful is None:
        sides.doubtful = {}
        changed: dict[Table, dict[str, Types]] = {}
        for cells in {**sides.declared.filters, **sides.live.filters}:
            table = cells.table
            if table not in changed:
                changed[table] = _changed(sides.declared.tables.get(table), sides.live.tables.get(table))
            if changed[table]:
                _judge(sides, cells, changed[table], sides.doubtful)
    return sides.doubtful


def _changed(told: TableInfo | None, now: TableInfo | None) -> dict[str, Types]:
    """Return the columns of both sides' tables that have not the same type, as far as both sides say."""
    if told is None or now is None or told.columns is None or now.columns is None:
        return {}
    if told.columns is now.columns and told.partition_keys is now.partition_keys:
        return {}  # tables of one shape share the lists
    after = {one.name: one.type for one in (*now.columns, *now.partition_keys)}
    return {
        one.name: (one.type, after[one.name])
        for one in (*told.columns, *told.partition_keys)
        if one.name in after
        and one.type != after[one.name]
        and f"columns.{one.name}.type" not in told.hidden
        and _meaning(one.type) != _meaning(after[one.name])
    }


def _meaning(text: str) -> object:
    try:
        return column_type(text)
    except UndecidedError:
        return text.replace(" ", "").lower()


def _judge(
    sides: Sides,
    cells: DataCellsFilter,
    changed: dict[str, Types],
    found: dict[DataCellsFilter, tuple[str, list[Principal]]],
) -> None:
    told, now = sides.view_declared.body(cells), sides.view_live.body(cells)
    if told is None or now is None or not isinstance(told.rows, Where) or not isinstance(now.rows, Where):
        return  # every row, or none known: no type decides
    named = sorted(name for name in changed if _names(told.rows, name) or _names(now.rows, name))
    holders = _holders(sides, cells) if named else []
    if holders:
        types = "; ".join(f"{spelling.printable(name)}: {_words(changed[name])}" for name in named)
        found[cells] = types, holders


def _report(sides: Sides, cells: DataCellsFilter, types: str, holders: list[Principal]) -> None:
    told, now = sides.view_declared.body(cells), sides.view_live.body(cells)
    assert told is not None  # else it is not in doubt
    assert now is not None
    words = spelling.words(cells)
    sides.findings.append(
        say.build(
            "FL151",
            Verdict.UNKNOWN,
            say.subject("filter", cells, sides.id, declared=told.evidence),
            f"{words} speaks of a column that has another type than declared ({types}); whether it shows "
            f"{spelling.principal_words(holders[0], home=sides.id.account)} other rows is not decided",
            Cause("filter", f"{words}: type of {types}"),
            confidence=sides.confidence,
            reach=sides.reach(holders, {}, tables=1),
            declared=_text(told),
            live=_text(now),
            evidence=[told.evidence, now.evidence, sides.live.tables[cells.table].evidence],
        )
    )


def _text(body: FilterBody) -> str:
    return spelling.printable(body.rows.text) if isinstance(body.rows, Where) else ""


def _words(types: Types) -> str:
    return " → ".join(spelling.printable(one or "untyped") for one in types)


def _holders(sides: Sides, cells: DataCellsFilter) -> list[Principal]:
    """Return who holds the filter live, and is declared to read something of its table, but not all of it."""
    return sorted(
        who
        for who in sides.index_live.reaching(cells.table)
        if sides.index_live.on_object(who, cells)
        and access(sides.index_declared, sides.view_declared, who, cells.table).pieces
        and not reads_all(sides, who, cells.table)
    )


def _names(rows: Rows, column: str) -> bool:
    """Whether a filter speaks of a column; one that cannot be read does if the word stands in it."""
    if not isinstance(rows, Where):
        return False
    try:
        words = [token.text.lower() for token, _ in tokens(rows.text) if token.kind in {"word", "quoted"}]
    except UndecidedError:
        words = re.findall(r"\w+", rows.text.lower())
    return column in words
