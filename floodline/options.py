"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from checks.model import Severity
from floodline.errors import Usage

if TYPE_CHECKING:
    from checks.evaluate import Threshold

Command = TypeVar("Command", bound=Callable[..., Any])

_SOURCES = (
    click.option("--state", "state", multiple=True, metavar="FILE", help="State: `pulumi stack export` or a checkpoint "
                 "file (.json, .gz, .zst); - is standard input. Repeat for several stacks."),
    click.option("--stack", "stack", multiple=True, metavar="NAME",
                 help="A stack by name, read through pulumi or PULUMI_BACKEND_URL=file://…"),
    click.option("--preview", "preview", multiple=True, metavar="FILE",
                 help="`pulumi preview --json --show-sames`: what the program means to deploy."),
    click.option("--live", "live", multiple=True, metavar="RECORDING",
                 help="What `floodline collect` wrote; without it AWS is read."),
    click.option("--region", "region", multiple=True, metavar="REGION", help="A region to read; repeat for several."),
    click.option("--profile", metavar="NAME", help="An AWS profile, as for the AWS command line."),
    click.option("--account", metavar="ID", help="The account of what the declaration leaves open."),
)  # fmt: skip


_PACE = (
    click.option("--concurrency", type=click.IntRange(1, 64), default=8, show_default=True,
                 help="How many calls are on their way at once, for each region."),
    click.option("--max-rps", type=click.FloatRange(0, min_open=True), metavar="N",
                 help="At most N calls a second; without it AWS's own patience decides."),
)  # fmt: skip


def pace(command: Command) -> Command:
    """Add the options that say how hard AWS is asked."""
    for option in reversed(_PACE):
        command = option(command)
    return command


def sources(command: Command) -> Command:
    """Add the options that say what is declared and what is live."""
    for option in reversed(_SOURCES):
        command = option(command)
    return command


def threshold(fail_on: str | None, least: str | None, *, exit_zero: bool) -> Threshold:
    """Understand ``--fail-on`` and ``--min-severity``.

    Raises:
        Usage: an unknown word.

    """
    from checks.evaluate import DEFAULT_FAIL_ON, WORDS, Threshold  # noqa: PLC0415 - the engine; not every command's

    words = DEFAULT_FAIL_ON
    if fail_on is not None:
        told = {word.strip() for word in fail_on.split(",") if word.strip()}
        unknown = sorted(told - {*WORDS, "none"})
        if unknown or not told:
            raise Usage(f"--fail-on: unknown word `{', '.join(unknown)}`; there are {', '.join(WORDS)}, none")
        words = frozenset(told - {"none"})
    severity = Severity.LOW if least is None else Severity[least.upper()]
    return Threshold(words, severity, exit_zero)
