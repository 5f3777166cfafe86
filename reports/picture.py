"""The scope picture: which columns the declaration opens and which live opens, as rows for a template to draw. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from checks.model import AllExcept, Only
from checks.spelling import columns_words, printable, shortened

if TYPE_CHECKING:
    from checks.model import Access, Finding

ROWS = 8
LABEL = 30
"""Characters of a column's name in the picture; the whole name stands beside it in words."""


@dataclass(frozen=True, slots=True)
class Row:
    """One column (or group of columns) under one permission: who opens it. Exactly one of the two is True."""

    label: str
    declared: bool
    live: bool


@dataclass(frozen=True, slots=True)
class Picture:
    """Rows to draw, how many were left out, and the same in words for who cannot see it."""

    permission: str
    rows: tuple[Row, ...]
    left_out: int
    words: str


def picture(finding: Finding) -> Picture | None:
    """Return the picture of the columns that were gained or lost under one permission; None where columns play no part.

    Only the difference is drawn: columns that both sides open, or neither, are not in it.
    """
    parts = [(one, True) for one in finding.added if one.columns is not None]
    parts += [(one, False) for one in finding.removed if one.columns is not None]
    if not parts:
        return None
    permission = parts[0][0].permission
    rows = [row for one, gained in parts if one.permission == permission for row in _rows(one, gained=gained)]
    if not rows:
        return None
    shown = tuple(rows[:ROWS])
    said = [f"{row.label}: {'live only' if row.live else 'declared only'}" for row in shown]
    return Picture(printable(permission), shown, len(rows) - len(shown), "; ".join(said))


def _rows(one: Access, *, gained: bool) -> list[Row]:
    match one.columns:
        case Only(names):
            labels = [printable(name) for name in sorted(names)]
        case AllExcept() as rest:
            labels = [columns_words(rest)]
        case None:
            labels = []
    return [Row(shortened(label, LABEL), declared=not gained, live=gained) for label in labels]
