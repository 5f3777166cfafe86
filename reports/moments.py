"""The times of a run, as other formats want them. Pure: a time is read from text, never from a clock."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)", re.ASCII)
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def moment(text: str) -> datetime | None:
    """Return the moment that ISO 8601 text names, in UTC; None where it names none."""
    if not _TIME.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def stamp(text: str) -> str:
    """Return ``2026-11-23T10:00:00Z``; the epoch where *text* names no time, since these formats demand one."""
    return (moment(text) or EPOCH).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def milliseconds(text: str) -> int:
    """Return milliseconds since the epoch; 0 where *text* names no time."""
    return int(((moment(text) or EPOCH) - EPOCH).total_seconds() * 1000)
