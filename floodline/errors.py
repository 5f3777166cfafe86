"""How a run ends when it cannot go on: one line on stderr and the contract's exit code, never a traceback."""

from __future__ import annotations

import click

from checks.model import ExitCode


class CannotStart(click.ClickException):
    """Credentials, authorisation, a stack or a file are missing or unreadable: exit 5."""

    exit_code = int(ExitCode.CANNOT_START)


class Undecided(click.ClickException):
    """What was asked for needs the whole view, and a part was not seen: exit 4."""

    exit_code = int(ExitCode.UNDECIDED)


class Usage(click.ClickException):
    """The words of the command or a configuration file are off: exit 64."""

    exit_code = int(ExitCode.USAGE)
