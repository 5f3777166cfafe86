"""The only place of this room that reads or writes files."""

from __future__ import annotations

import json
import os
import secrets
import stat
from importlib import resources
from pathlib import Path
from typing import Any, cast


class ReportError(Exception):
    """A report cannot be written; the text is one line that says what, where and what to do."""


def schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of the JSON report, version 1."""
    text = resources.files("reports").joinpath("schema", "report.v1.schema.json").read_text(encoding="utf-8")
    return cast("dict[str, Any]", json.loads(text))


def writable(path: str | os.PathLike[str]) -> None:
    """Check that a report can be written to *path*, before anything expensive is done.

    Raises:
        ReportError: the folder is missing or read-only, or the path is a folder.

    """
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise ReportError(f"cannot write `{path}`: it is a folder; name a file in it")
    if not target.parent.is_dir():
        raise ReportError(f"cannot write `{path}`: folder `{target.parent}` does not exist; create it first")
    if not os.access(target if _special(target) else target.parent, os.W_OK):
        raise ReportError(f"cannot write `{path}`: permission denied; choose a folder that you may write to")


def write(path: str | os.PathLike[str], data: str | bytes) -> None:
    """Write *data* to *path* whole or not at all: beside it first, then renamed over it.

    Text is written as UTF-8 with its line ends as they are. A link is followed; a pipe or terminal is written directly.

    Raises:
        ReportError: the file could not be written; what stood there before is untouched.

    """
    raw = data.encode("utf-8", "backslashreplace") if isinstance(data, str) else data
    writable(path)
    target = Path(os.path.realpath(path))
    try:
        if _special(target):
            target.write_bytes(raw)
            return
        beside = target.with_name(f".{target.name[:200]}.{secrets.token_hex(4)}.tmp")
        try:
            with beside.open("xb") as file:
                file.write(raw)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(target)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise ReportError(f"cannot write `{path}`: {(error.strerror or str(error)).lower()}") from error


def _special(target: Path) -> bool:
    """Whether *target* exists and is no regular file (a pipe, a terminal, /dev/null)."""
    try:
        return not stat.S_ISREG(target.stat().st_mode)
    except OSError:
        return False
