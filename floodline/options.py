"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
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
    click.option("--region", "region", multiple=True, metavar="REGION",
                 help="A region to read; repeat for several; all: every one that the account has enabled."),
    click.option("--profile", metavar="NAME", help="An AWS profile, as for the AWS command line."),
    click.option("--account", metavar="ID", help="The account of what the declaration leaves open."),
)  # fmt: skip


_PACE = (
    click.option("--concurrency", type=click.IntRange(1, 64), default=8, show_default=True,
                 help="How many calls are on their way at once, for each region."),
    click.option("--max-rps", type=click.FloatRange(0, min_open=True), metavar="N",
                 help="At most N calls a second; without it AWS's own patience decides."),
)  # fmt: skip


ALL = "all"


@dataclass(frozen=True, slots=True)
class Whom:
    """Whose lakes are read: the caller's own, or those of accounts in which a role is assumed."""

    regions: tuple[str, ...] = ()
    profile: str | None = None
    role_arns: tuple[str, ...] = ()
    external_id: str | None = None
    session_name: str = "floodline"
    organization: str | None = None
    accounts: tuple[str, ...] = ()
    role_name: str | None = None

    @property
    def elsewhere(self) -> bool:
        """Whether roles are assumed."""
        return bool(self.role_arns or self.organization or self.accounts)

    @property
    def named(self) -> tuple[str, ...]:
        """The regions that are named, without ``all``; empty: the one of the environment."""
        return tuple(one for one in dict.fromkeys(self.regions) if one != ALL)

    @property
    def every_region(self) -> bool:
        """Whether every enabled region is meant."""
        return ALL in self.regions

    @property
    def only(self) -> str | None:
        """The one region that is meant, if there is one."""
        return self.regions[0] if len(self.regions) == 1 and not self.every_region else None


_WHOM = (
    click.option("--role-arn", "role_arn", multiple=True, metavar="ARN",
                 help="Read the account of this role, by assuming it; repeat for several."),
    click.option("--organization", metavar="ROLE", help="Read every active account of the caller's organization, by "
                 "assuming the role of this name in each."),
    click.option("--accounts", metavar="FILE|ID,ID", help="Read these accounts, by assuming --role-name in each; a "
                 "file has one account id a line."),
    click.option("--role-name", metavar="ROLE", help="The role that --accounts means."),
    click.option("--external-id", metavar="ID", help="The external id that the roles ask for."),
    click.option("--session-name", metavar="NAME", default="floodline", show_default=True,
                 help="The name of the assumed roles' sessions, as CloudTrail shows it."),
)  # fmt: skip


def whom(command: Command) -> Callable[..., Any]:
    """Add the options that say in which accounts to read; the command gets ``region``, ``profile`` and them as one."""

    @wraps(command)
    def bundled(
        *args: Any,
        role_arn: tuple[str, ...],
        organization: str | None,
        accounts: str | None,
        role_name: str | None,
        external_id: str | None,
        session_name: str,
        region: tuple[str, ...] | str | None = (),
        profile: str | None = None,
        **more: Any,
    ) -> Any:
        listed = _listed(accounts) if accounts is not None else ()
        _sensible(role_arn, organization, listed, role_name, external_id, session_name)
        regions = region if isinstance(region, tuple) else (region,) if region else ()
        told = Whom(regions, profile, role_arn, external_id, session_name, organization, listed, role_name)
        return command(*args, whom=told, **more)

    for option in reversed(_WHOM):
        bundled = option(bundled)
    return bundled


def _listed(accounts: str) -> tuple[str, ...]:
    """Understand ``--accounts``: ids with commas between, or a file with one a line and ``#`` before remarks."""
    words = [one.strip() for one in accounts.split(",") if one.strip()]
    if not all(_is_account(one) for one in words):
        from pathlib import Path  # noqa: PLC0415 - only where a file is named

        try:
            lines = Path(accounts).read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError, ValueError) as error:
            why = (error.strerror or "").lower() if isinstance(error, OSError) else "it is no text"
            raise Usage(f"--accounts: neither account ids nor a file that can be read: `{accounts}` ({why})") from error
        words = [one for line in lines for one in line.partition("#")[0].replace(",", " ").split()]
        wrong = next((one for one in words if not _is_account(one)), None)
        if wrong is not None:
            raise Usage(f"--accounts: `{wrong}` in `{accounts}` is no account id: it has twelve digits")
    if not words:
        raise Usage(f"--accounts: `{accounts}` names no account")
    return tuple(dict.fromkeys(words))


def _is_account(text: str) -> bool:
    return len(text) == 12 and text.isascii() and text.isdigit()


def _sensible(
    role_arns: tuple[str, ...],
    organization: str | None,
    accounts: tuple[str, ...],
    role_name: str | None,
    external_id: str | None,
    session_name: str,
) -> None:
    import re  # noqa: PLC0415 - in memory anyway, but not before --help

    for arn in role_arns:
        if not re.fullmatch(r"arn:[\w-]+:iam::[0-9]{12}:role/[\w+=,.@/-]+", arn):
            raise Usage(f"--role-arn: `{arn}` is no ARN of a role: arn:aws:iam::111122223333:role/NAME")
    homes = [arn.split(":")[4] for arn in role_arns]
    twice = next((one for one in homes if homes.count(one) > 1 or one in accounts), None)
    if twice is not None:
        raise Usage(f"account {twice} is to be entered by two roles: one reading has one caller in each account")
    for option, name in (("--organization", organization), ("--role-name", role_name)):
        if name is not None and not re.fullmatch(r"[\w+=,.@-]+(/[\w+=,.@-]+)*", name):
            raise Usage(f"{option}: `{name}` is no role's name (with its path, without a leading slash)")
    if bool(accounts) != (role_name is not None):
        raise Usage("--accounts and --role-name go together: in which accounts, and which role")
    if organization is not None and (accounts or role_arns):
        raise Usage("--organization reads every account: name no others beside it")
    if external_id is not None and not (role_arns or accounts or organization):
        raise Usage("--external-id is for roles: give --role-arn, --organization or --accounts")
    if not re.fullmatch(r"[\w+=,.@-]{2,64}", session_name):
        raise Usage("--session-name: 2 to 64 letters, digits and `_+=,.@-` (STS's own rule)")


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


def framework(command: Command) -> Command:
    """Add ``--framework``; the command gets full ids."""
    return click.option(
        "--framework", "framework", multiple=True, metavar="NAME", callback=_frameworks,
        help="Show the controls of this framework only; repeat for several (`floodline controls` lists them).",
    )(command)  # fmt: skip


def _frameworks(_context: click.Context, _parameter: click.Parameter, names: tuple[str, ...]) -> tuple[str, ...]:
    if not names:
        return ()
    from reports.controls import FrameworkError, chosen  # noqa: PLC0415 - only where one is named

    try:
        return tuple(one.id for one in chosen(names))
    except FrameworkError as error:
        raise Usage(f"--framework: {error}") from error
