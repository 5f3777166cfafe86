"""Parquet: the table of :mod:`reports.table`, for a data lake's own engine. Needs the extra ``parquet``.

Names are as they are, not escaped: whoever shows them must do that. The same report gives the same bytes under the same
version of the library.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from reports.formats import Format, needs
from reports.strict import clean, line
from reports.table import COLUMNS, rows
from reports.verdict import sentence

if TYPE_CHECKING:
    from checks.model import Report


def ready() -> None:
    """Raise NotReadyError where the library is not installed."""
    needs("parquet", "parquet", "arro3.core", "arro3.io")


def render(report: Report) -> bytes:
    """Return the file, compressed with zstd; its metadata carry the verdict and whether the view is complete."""
    from arro3.core import Array, DataType, Table  # noqa: PLC0415 - an extra, and 30 MB
    from arro3.io import write_parquet  # noqa: PLC0415

    types = {str: DataType.string(), int: DataType.int64(), bool: DataType.bool()}
    columns: dict[str, list[Any]] = {name: [] for name in COLUMNS}
    for row in rows(report):
        for name, value in row.items():
            columns[name].append(clean(value))
    table = Table.from_arrays(
        [Array(values, types[COLUMNS[name]]) for name, values in columns.items()], names=list(columns)
    )
    about = {"schema": "floodline/table/v1", "verdict": sentence(report), "complete": report.complete}
    out = io.BytesIO()
    write_parquet(
        table,
        out,
        compression="zstd(3)",
        created_by="floodline",
        key_value_metadata={"floodline": line(about).strip()},  # one key: several come out in any order
    )
    return out.getvalue()


FORMAT = Format("parquet", (".parquet",), render, ready)
