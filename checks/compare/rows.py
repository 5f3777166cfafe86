"""Which rows and columns of a table one side shows and the other does not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from checks.model import ALL_ROWS, Rows
from checks.predicates import rows as row_filters
from checks.semantics import FUTURE, shown_in
from checks.view import Piece


@dataclass(frozen=True, slots=True)
class Excess:
    """Columns that a piece shows beyond others; where rows decide, a row that only it shows, or why nobody knows."""

    columns: frozenset[str]
    row: tuple[tuple[str, Any], ...] | None = None
    unknown: str | None = None
    note: str | None = None
    """What the verdict rests on where it holds for one engine or today's column types only."""
    any_row: bool = False
    """Whether nobody else shows the columns at all: then whatever row the piece shows is an example."""

    @property
    def today(self) -> frozenset[str]:
        """The columns that exist."""
        return self.columns - {FUTURE}


def beyond(piece: Piece, others: Sequence[Piece], types: Mapping[str, str], *, grantable: bool) -> list[Excess]:
    """Return what *piece* shows that *others* together do not, cell by cell.

    Filters act per cell (https://docs.aws.amazon.com/lake-formation/latest/dg/data-filters-about.html): a row of a
    column is visible if some grant shows the column and its predicate holds. So columns are grouped by the predicates
    that the others show them under, and each group is decided on its own. With *grantable* only what may be passed on
    counts on the other side. Where the others show nothing, the row is one that the piece shows; a filter that can
    never show one opens nothing.
    """
    groups: dict[frozenset[Rows], set[str]] = {}
    usable = [other for other in others if other.grantable or not grantable]
    for column in piece.columns:
        shown = frozenset(other.rows for other in usable if shown_in(column, other.columns))
        if ALL_ROWS in shown or piece.rows in shown:
            continue
        groups.setdefault(shown, set()).add(column)
    found = []
    for shown, columns in groups.items():
        if not shown and piece.rows == ALL_ROWS:
            found.append(Excess(frozenset(columns), any_row=True))
            continue
        verdict = row_filters.compare((piece.rows,), sorted(shown, key=repr), types)
        match verdict.relation:
            case "equal" | "narrower":
                continue
            case "wider" | "overlap":
                row = tuple(sorted(verdict.gained.items())) if verdict.gained else None
                note = None if verdict.proof in {"identical", "exact"} else verdict.proof
                found.append(Excess(frozenset(columns), row, note=note, any_row=not shown))
            case _ if not shown:
                # Nobody else shows the columns: which rows a filter shows of them matters little.
                found.append(
                    Excess(frozenset(columns), note=f"which rows is not decided: {verdict.reason}", any_row=True)
                )
            case _:
                found.append(Excess(frozenset(columns), unknown=verdict.reason or "the row filters cannot be ordered"))
    return found


def shows_nothing(rows: Rows, types: Mapping[str, str]) -> bool:
    """Whether a filter certainly never shows a row (``country = 'US' and country = 'UK'``)."""
    return rows != ALL_ROWS and row_filters.compare((rows,), (), types).relation == "equal"
