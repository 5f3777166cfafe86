"""CSV (RFC 4180, UTF-8): a row for the run, for each gap and each finding; safe to open in a spreadsheet.

A cell that a spreadsheet would take for a formula begins with an apostrophe instead
(https://owasp.org/www-community/attacks/CSV_Injection); control and bidi characters are shown as escapes.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Final

from checks.spelling import printable
from reports.formats import Format
from reports.table import COLUMNS, rows

if TYPE_CHECKING:
    from checks.model import Report

FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "|", "%")  # noqa: RUF001 - full width too


def render(report: Report) -> str:
    """Return the table with a header, lines that end in CRLF, and quotes where they are needed."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in rows(report):
        writer.writerow([cell(value) for value in row.values()])
    return out.getvalue()


def cell(value: str | int | bool | None) -> str:
    """Return one cell: text that is no formula, digits, ``true`` or ``false``, or nothing."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case int():
            return str(value)
    text = printable(value)
    return f"'{text}" if value.lstrip(" ").startswith(FORMULA) or text.lstrip().startswith(FORMULA) else text


FORMAT = Format("csv", (".csv",), render)
