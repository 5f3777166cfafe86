"""Progress on stderr: a line that moves on a terminal, silence elsewhere."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from checks.live.collect import Step


def shown() -> bool:
    """Whether anybody watches: stderr is a terminal, and this is no CI."""
    return sys.stderr.isatty() and not os.environ.get("CI") and os.environ.get("TERM") != "dumb"


@contextmanager
def reading(*, quiet: bool) -> Iterator[Callable[[Step], None]]:
    """Show which listing is read and how many rows came."""
    if quiet or not shown():
        yield lambda _step: None
        return
    from rich.console import Console  # noqa: PLC0415 - nothing to draw, nothing to import
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as bar:
        task = bar.add_task("reading", total=None)
        yield lambda step: bar.update(task, description=f"{step.operation}: {step.answers:,} calls, {step.rows:,} rows")


@contextmanager
def steps(title: str, *, quiet: bool) -> Iterator[Callable[[int, int | None, str], None]]:
    """Show how far a step of known or unknown length is: done, total, what."""
    if quiet or not shown():
        yield lambda _done, _total, _what: None
        return
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total, what: bar.update(task, completed=done, total=total, description=f"{title}: {what}")
