"""A data cells filter lets every row through: whoever is granted it is not limited by it.

Why: a filter that holds for every row looks like a limit in every listing of grants, and is none. It is what is left
when somebody loosens a filter step by step, or writes ``TRUE`` for the time being.

Fix: give the filter a predicate that some row does not pass, or grant the columns without a filter, so that everybody
sees that all rows are meant. A filter that is to limit columns only says so with ``allRowsWildcard``.

Source: https://docs.aws.amazon.com/lake-formation/latest/dg/data-filters-about.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from checks.model import (
    ALL_ROWS,
    EVERY_COLUMN,
    AllRows,
    Column,
    Columns,
    DataCellsFilter,
    Facts,
    FilterBody,
    Lake,
    LakeId,
    Only,
    Rows,
    Severity,
    Table,
    TableInfo,
    Where,
)
from checks.predicates.always import Always, always
from checks.rules import Example, Hit, Rule, Scene, Scope, about
from checks.spelling import columns_words, printable, words

if TYPE_CHECKING:
    from collections.abc import Iterator


def find(scene: Scene) -> Iterator[Hit]:
    """Yield each filter whose rows are all rows, and each of which that cannot be told."""
    lake, view = scene.lake, scene.stage.view
    known: dict[tuple[str, int], Always] = {}
    for cells, body in lake.filters.items():
        if isinstance(body.rows, AllRows):
            if body.columns != EVERY_COLUMN:
                continue
            verdict = Always(holds=True)
        else:
            types = view.types(cells.table)
            asked = body.rows.text, id(types) if types else 0
            if asked not in known:
                known[asked] = always(body.rows, types)
            verdict = known[asked]
        if verdict.holds is False:
            continue
        at = body.evidence
        subject = about(lake, "filter", None, cells, at)
        where = words(cells)
        if verdict.holds is None:
            reason = f"whether the filter holds for every row is not decided: {printable(verdict.reason)}"
            plain = "whether the filter holds for every row is not decided"
            yield Hit(subject, f"{where}: {reason}", plain, (at,) if at else (), undecided=True)
            continue
        text = "every row" if isinstance(body.rows, AllRows) else f"every row: {printable(body.rows.text)}"
        yield Hit(
            subject,
            f"{where} shows {text}; {columns_words(body.columns)}",
            "the filter holds for every row, so that it limits nothing",
            (at,) if at else (),
        )


_LAKE = LakeId("aws", "111122223333", "eu-west-1")
_TABLE = Table("111122223333", "sales", "orders")
_CELLS = DataCellsFilter(_TABLE, "eu_only")
_COLUMNS = (Column("country", "string"), Column("amount", "bigint"), Column("note", "string"))


def _filter(rows: Rows | str, columns: Columns = EVERY_COLUMN, *, known: bool = True) -> Example:
    found = Where(rows) if isinstance(rows, str) else rows
    tables = {_TABLE: TableInfo(_TABLE, _COLUMNS)} if known else {}
    return Example(Lake(_LAKE, tables=tables, filters={_CELLS: FilterBody(_CELLS, columns, found)}))


RULE = Rule(
    id="FL217",
    name="filter-always-true",
    severity=Severity.MEDIUM,
    doc=__doc__ or "",
    find=find,
    reads=frozenset({Facts.FILTERS, Facts.TABLES}),
    scope=Scope.STACK,
    flags=(
        _filter("TRUE"),
        _filter("country IS NULL OR country IS NOT NULL"),
        _filter("amount > 5 OR amount <= 5 OR amount IS NULL"),
        _filter("NOT (country = 'DE' AND country = 'FR') OR country IS NULL"),
        _filter("TRUE", Only(frozenset({"amount"}))),
        _filter(ALL_ROWS),
        _filter("TRUE", known=False),
    ),
    passes=(
        Example(Lake(_LAKE)),
        _filter("country = 'DE'"),
        _filter("amount > 5 OR amount <= 5"),
        _filter("country = 'DE' OR country <> 'DE'"),
        _filter("country IS NULL OR country <> 'DE'"),
        _filter(ALL_ROWS, Only(frozenset({"amount"}))),
        _filter("country = 'DE'", known=False),
    ),
)
