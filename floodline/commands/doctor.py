"""``floodline doctor``."""

from __future__ import annotations

import os
import sys
from importlib.metadata import PackageNotFoundError, version

import click

from checks.model import ExitCode
from checks.principals import role_name
from checks.spelling import principal_words, printable
from floodline import __version__
from floodline.errors import CannotStart
from floodline.options import Whom
from floodline.options import whom as whom_options

_EXTRAS = {"pulumi": "pulumi", "pulumi-aws": "pulumi", "pulumi-policy": "pulumi", "moto": "lab"}


@click.command()
@click.option("--region", multiple=True, metavar="REGION", help="A region to look at; repeat for several, or all.")
@click.option("--profile", metavar="NAME", help="An AWS profile.")
@whom_options
def command(whom: Whom) -> int:
    """Say whether this machine and this role can read everything, and what is missing.

    Ends with 0 where a complete reading is possible, with 5 where it is not.
    """
    _say(True, f"floodline {__version__} on Python {sys.version.split()[0]}")
    for name in ("boto3", "botocore"):
        _say(True, f"{name} {version(name)}")
    for name, extra in _EXTRAS.items():
        try:
            _say(True, f"{name} {version(name)}")
        except PackageNotFoundError:
            click.echo(f"  --    {name} is not installed (only `floodline[{extra}]` needs it)")
    return int(ExitCode.CLEAN if _aws(whom) else ExitCode.CANNOT_START)


def _say(good: bool, text: str) -> bool:
    click.echo(f"  {'ok  ' if good else 'MISSING'}  {printable(text)}")
    return good


def _aws(whom: Whom) -> bool:
    """Read just enough to say who the caller is and what it sees."""
    from floodline.inputs import aws  # noqa: PLC0415 - boto3 takes a third of a second

    endpoint = os.environ.get("AWS_ENDPOINT_URL")
    if endpoint:
        _say(True, f"AWS_ENDPOINT_URL is {endpoint}")
    try:
        read = aws(whom, lambda _step: None)
    except CannotStart as error:
        return _say(False, error.format_message())
    good = True
    for lake in read.live.lakes:
        caller = lake.caller
        if caller is None or caller.arn is None:
            good = _say(
                False, f"{lake.id}: nobody says who the caller is (sts:GetCallerIdentity, GetDataLakePrincipal)"
            )
            continue
        admin = bool(caller.data_lake_admin or caller.read_only_admin)
        right = (
            "data lake admin" if caller.data_lake_admin else "read-only admin" if caller.read_only_admin else "no admin"
        )
        _say(admin, f"{lake.id}: caller {principal_words(caller.arn)} is {right}")
        if not admin:
            click.echo(
                "           Lake Formation shows others a part, and does not say so. In the program that owns the "
                "settings:\n           aws.lakeformation.DataLakeSettings(read_only_admins="
                f'["{printable(_lasting(caller.arn))}"])'
            )
            good = False
    shown = good
    for row in read.live.ledger:
        # What a caller who is no admin may not see is no listing's own fault, and was said above.
        if not row.complete and (shown or row.errors):
            reason = row.errors[0] if row.errors else row.basis
            good = _say(False, f"{row.service}:{row.operation} ({row.account}/{row.region}): {reason}") and good
    if good:
        _say(True, "everything that decides access can be read")
    else:
        click.echo("  `floodline iam-policy` prints the IAM actions that a complete reading needs")
    return good


def _lasting(arn: str) -> str:
    """Return the role behind a session: settings name roles, not sessions (whose ARNs lack the role's path)."""
    told = role_name(arn)
    if told is None or ":assumed-role/" not in arn:
        return arn
    account, name = told
    return f"arn:{arn.split(':')[1]}:iam::{account}:role/{name}"
