"""What was accepted: the waivers file, the baseline and the review stages of one run, from options and settings."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from floodline.config import text
from floodline.errors import CannotStart, Usage
from floodline.past import past

if TYPE_CHECKING:
    from checks.spelling import Json
    from checks.waivers import Acceptance
    from floodline.config import Settings

Command = TypeVar("Command", bound=Callable[..., Any])

_OPTIONS = (
    click.option("--waivers", "waivers", metavar="FILE", help="Accepted findings (TOML): with reason, owner, approvers "
                 "and last day. Without it those that the configuration names, or waivers.toml beside it."),
    click.option("--baseline", "baseline", metavar="FILE", help="What `floodline baseline` wrote: only what is new or "
                 "wider since then counts."),
)  # fmt: skip


def options(command: Command) -> Command:
    """Add ``--waivers`` and ``--baseline``."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def acceptance(
    settings: Settings, waivers: str | None, baseline: str | None, *, now: datetime, command: str = "check"
) -> Acceptance:
    """Read what was accepted.

    Args:
        settings: of the configuration file; options win.
        waivers: ``--waivers``.
        baseline: ``--baseline``.
        now: the time of the run; its day in UTC is the one that expiry is measured by.
        command: ``check`` or ``gate``.

    Raises:
        Usage: a file cannot be read, is no file of that kind, or the baseline was edited by hand.

    """
    from checks import baseline as baselines  # noqa: PLC0415 - the engine; not every command's
    from checks import waivers as room  # noqa: PLC0415

    written = _opened("waivers", waivers or settings.waivers.file)
    signed = _opened("baseline", baseline or settings.waivers.baseline)
    try:
        return room.Acceptance(
            today=now.date(),
            waivers=room.Book() if written is None else room.read(*written),
            baseline=None if signed is None else baselines.read(*signed).book,
            stages=settings.review,
            longest_days=settings.waivers.longest_days,
            command=command,
        )
    except room.WaiverError as error:
        raise Usage(str(error)) from error


def files(settings: Settings, waivers: str | None, baseline: str | None) -> dict[str, str | None]:
    """Return the files that told a run something: ``config``, ``waivers`` and ``baseline`` → path, or None."""
    written, signed = waivers or settings.waivers.file, baseline or settings.waivers.baseline
    return {"config": settings.path, "waivers": written, "baseline": signed}


def _opened(what: str, path: str | None) -> tuple[str, str] | None:
    """Read a file: its text, and what it is called. Performed once more, a run reads what is kept of it."""
    told = past()
    if told is not None:
        kept = told.settings.get(what)
        return None if kept is None else (text(kept.path), kept.name)
    return None if path is None else (text(path), path)


def report(path: str) -> Json:
    """Read a JSON report, as `-o json=FILE` wrote it; ``-`` is standard input.

    Raises:
        CannotStart: it cannot be read, or is no report of this version.

    """
    shown = "standard input" if path == "-" else path
    try:
        told = json.loads(sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes())
    except OSError as error:
        raise CannotStart(f"cannot read `{path}`: {(error.strerror or str(error)).lower()}") from error
    except (ValueError, RecursionError) as error:
        raise CannotStart(f"{shown}: no JSON report: `floodline check -o json=FILE` writes one") from error
    if not isinstance(told, dict) or told.get("schema") != "floodline/report/v1" or not _whole(told):
        raise CannotStart(f"{shown}: no JSON report of version 1: `floodline check -o json=FILE` writes one")
    return told


def day(given: str, option: str) -> date:
    """Understand a day.

    Raises:
        Usage: it is none.

    """
    try:
        return date.fromisoformat(given)
    except ValueError as error:
        raise Usage(f"{option}: `{given}` is no day: write it as 2026-12-31") from error


def _whole(told: Json) -> bool:
    """Whether a report has all that accepting its findings needs."""
    findings, run, outcome = told.get("findings"), told.get("run"), told.get("outcome")
    if not isinstance(findings, list) or not isinstance(run, dict) or not isinstance(outcome, dict):
        return False
    tables = ("subject", "reach", "cause")
    return isinstance(outcome.get("complete"), bool) and all(
        isinstance(one, dict)
        and all(isinstance(one.get(key), str) for key in ("id", "rule", "verdict", "message"))
        and all(isinstance(one.get(key), dict) for key in tables)
        and isinstance(one["subject"].get("resource"), dict)
        and {"kind", "principal", "account", "region"} <= one["subject"].keys()
        and {"principals", "tables", "columns", "sensitive_columns"} <= one["reach"].keys()
        and "kind" in one["cause"]
        and all(isinstance(one.get(key), list) and all(map(_is_table, one[key])) for key in ("added", "removed"))
        and {"waived", "exposure"} <= one.keys()
        and (one["waived"] is None or isinstance(one["waived"], dict))
        for one in findings
    )


def _is_table(value: object) -> bool:
    return isinstance(value, dict)
