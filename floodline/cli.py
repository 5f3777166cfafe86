"""The ``floodline`` command. Commands are imported only when they are called: ``--help`` must answer at once."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import click

from floodline import __version__

_COMMANDS = {
    "check": "Compare a declared lake with the live one: who can read what was never declared.",
    "gate": "Say what a deployment would open, before it runs: the gate of a pull request.",
    "collect": "Read the live lake into a recording; nothing is compared.",
    "explain": "Say through what a principal can read a table, declared and live; or what a finding's code means.",
    "explain-filter": "Say whether one row filter shows more than another, with a row and a query to show it.",
    "waive": "Print the entry that accepts one finding of a report, for waivers.toml.",
    "baseline": "Sign off what an old lake is found with, so that only what is new or wider counts.",
    "verify": "Check that evidence (`check -o evidence=DIR`) is untouched, and that its findings follow from it.",
    "controls": "Show which controls of NIST, SOC 2, ISO 27001, PCI DSS, HIPAA and GDPR a rule's findings bear on.",
    "rules": "List what is looked for.",
    "schema": "Print the JSON Schema of the JSON report.",
    "iam-policy": "Print the least IAM policy that a complete reading needs.",
    "doctor": "Say whether this machine and this role can read everything, and what is missing.",
    "demo": "Open a declared lake behind its declaration's back, on this machine, and see it found.",
    "lab": "Run the embedded AWS: a lake to try things on.",
}

_EPILOG = """\b
Exit codes:
   0  the view is complete, and nothing is at or above the threshold
   2  drift: narrowed, changed, or undeclared without exposure
   3  widening: somebody can do what is not declared
   4  could not be decided: something was not seen, and nothing worse found
   5  cannot start: credentials, stack, file
  64  usage or configuration error
   1  internal error
"""


class _Group(click.Group):
    """Finds commands by name, and gives bad usage 64: click's own 2 means drift here."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names in the order in which a newcomer needs them."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import one command."""
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"floodline.commands.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Say which command was perhaps meant."""
        if args and args[0] not in _COMMANDS and not args[0].startswith("-"):
            from difflib import get_close_matches  # noqa: PLC0415 - only when it went wrong

            close = get_close_matches(args[0], _COMMANDS, n=1)
            hint = f"; did you mean `{close[0]}`?" if close else "; `floodline --help` lists them"
            raise click.UsageError(f"no command `{_shown(args[0])}`{hint}")
        return super().resolve_command(ctx, args)

    def main(self, *args: Any, **extra: Any) -> NoReturn:
        """Run, and turn every way to end into an exit code."""
        extra["standalone_mode"] = False
        try:
            result = super().main(*args, **extra)
            sys.exit(result if isinstance(result, int) else 0)
        except click.exceptions.NoArgsIsHelpError as error:
            click.echo(error.format_message(), err=True)
            sys.exit(64)
        except click.UsageError as error:
            _complain(error.format_message(), error.ctx)
            sys.exit(64)
        except click.ClickException as error:
            _complain(error.format_message(), None)
            sys.exit(error.exit_code)
        except (click.Abort, KeyboardInterrupt):
            click.echo("stopped", err=True)
            sys.exit(130)
        except BrokenPipeError:
            # Whoever read stdout went away; there is nobody left to tell.
            sys.stderr.close()
            sys.exit(141)


def _shown(text: str) -> str:
    from checks.spelling import printable  # noqa: PLC0415 - keeps --help light

    return printable(text)


def _complain(message: str, ctx: click.Context | None) -> None:
    lines = [_shown(line) for line in message.strip().splitlines()] or ["unknown error"]
    click.echo("floodline: " + "\n".join(lines), err=True)
    if ctx is not None:
        click.echo(f"try `{ctx.command_path} --help`", err=True)


@click.group(cls=_Group, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="floodline")
def cli() -> None:
    """Say who can now read what your data lake's declaration never allowed.

    The declaration is Pulumi's (`--state`, what `pulumi stack export` prints); the live lake is AWS, or a recording
    of it. floodline only ever reads. Try `floodline demo` first: it needs no account.
    """


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line."""
    cli.main(args=None if arguments is None else list(arguments), prog_name="floodline")
    raise AssertionError  # main() exits
