"""What a reader gets: one ``Report`` value, many formats, each one file in ``formats/``.

A format is a pure function of the report. Only :func:`write` touches the disk, and it never leaves half a file.
"""

from __future__ import annotations

from reports.files import ReportError, schema, writable, write

__all__ = ["ReportError", "schema", "writable", "write"]
