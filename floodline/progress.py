"""Progress on stderr: a line that moves on a terminal, silence elsewhere."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from checks.live.collect import Budget, Step


def shown() -> bool:
    """Whether anybody watches: stderr is a terminal, and this is no CI."""
    return sys.stderr.isatty() and not os.environ.get("CI") and os.environ.get("TERM") != "dumb"


def told(step: Step) -> str:
    """Say how far a reading is: what is read, rows, rate, time left.

    The time left is that of the listings that are known of, at the pace so far: it grows where more come to light.
    """
    words = [f"{step.operation}: {step.rows:,} rows", f"{step.calls:,} calls"]
    if step.seconds >= 1:
        words[-1] += f" ({step.calls / step.seconds:.0f}/s)"
        if step.ended and step.known > step.ended:
            words.append(f"about {spoken(step.seconds * (step.known - step.ended) / step.ended)} left")
    if step.waiting:
        words.append(f"{step.waiting} waiting: AWS asks for patience")
    return ", ".join(words)


def spoken(seconds: float) -> str:
    """Say a duration in the words of somebody who waits for it."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def cost(budget: Budget) -> None:
    """Print what a reading cost AWS's patience: calls, seconds, tries again."""
    total = budget.calls.total()
    again = budget.retries.total()
    words = [f"{total:,} calls in {spoken(budget.seconds)}"]
    if again:
        words.append(f"{again:,} of them tries again ({budget.throttled:,} throttled)")
    if budget.kept:
        words.append(f"{budget.kept:,} answers were there already")
    if budget.rounds:
        words.append(f"grants read again {budget.rounds} times: settings or LF-tags changed meanwhile")
    click.echo(f"cost: {'; '.join(words)}", err=True)
    most = ", ".join(f"{name.partition(':')[2]} {count:,}" for name, count in budget.calls.most_common(5))
    click.echo(f"most: {most}", err=True)


@contextmanager
def reading(*, quiet: bool) -> Iterator[Callable[[Step], None]]:
    """Show which listing is read, how many rows came, how fast, and how long it may take."""
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
        yield lambda step: bar.update(task, description=told(step))


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
