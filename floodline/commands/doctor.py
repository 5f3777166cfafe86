"""``floodline doctor``."""

from __future__ import annotations

import os
import sys
from importlib.metadata import PackageNotFoundError, version

import click

from checks.model import ExitCode
from checks.spelling import principal_words, printable
from floodline import __version__
from floodline.errors import CannotStart
from floodline.options import Whom
from floodline.options import whom as whom_options
from reports.lacks import lasting

_EXTRAS = {"pulumi": "pulumi", "pulumi-aws": "pulumi", "pulumi-policy": "pulumi", "moto": "lab"}


@click.command()
@click.option("--region", multiple=True, metavar="REGION", help="A region to look at; repeat for several, or all.")
@click.option("--profile", metavar="NAME", help="An AWS profile.")
@whom_options
def command(whom: Whom) -> int:
    """Say whether this machine and this role can read everything, and what is missing.

    Ends with 0 where a complete reading is possible, with 5 where it is not.
    """
    missing, fine = _aws(whom)
    # What is missing comes first: whoever lacks something should not have to look for it.
    for line in missing:
        click.echo(line)
    for line in [*_machine(), *fine]:
        click.echo(line)
    return int(ExitCode.CANNOT_START if missing else ExitCode.CLEAN)


def _machine() -> list[str]:
    """Say what is installed."""
    lines = [_said(True, f"floodline {__version__} on Python {sys.version.split()[0]}")]
    lines += [_said(True, f"{name} {version(name)}") for name in ("boto3", "botocore")]
    for name, extra in _EXTRAS.items():
        try:
            lines.append(_said(True, f"{name} {version(name)}"))
        except PackageNotFoundError:
            lines.append(f"  --    {name} is not installed (only `floodline[{extra}]` needs it)")
    return lines


def _said(good: bool, text: str) -> str:
    return f"  {'ok  ' if good else 'MISSING'}  {printable(text)}"


def _aws(whom: Whom) -> tuple[list[str], list[str]]:
    """Read everything once, and say what is missing and what is well."""
    from floodline.inputs import aws  # noqa: PLC0415 - boto3 takes a third of a second

    missing: list[str] = []
    fine: list[str] = []
    endpoint = os.environ.get("AWS_ENDPOINT_URL")
    if endpoint:
        fine.append(_said(True, f"AWS_ENDPOINT_URL is {endpoint}"))
    try:
        read = aws(whom, lambda _step: None)
    except CannotStart as error:
        return [_said(False, error.format_message())], fine
    out = {(row.account, row.region) for row in read.live.ledger if row.service == "sts" and not row.complete}
    for lake in read.live.lakes:
        caller = lake.caller
        if caller is None or caller.arn is None:
            if (lake.id.account, lake.id.region) not in out:  # else the refusal itself says it
                why = "nobody says who the caller is (sts:GetCallerIdentity, GetDataLakePrincipal)"
                missing.append(_said(False, f"{lake.id}: {why}"))
            continue
        admin = bool(caller.data_lake_admin or caller.read_only_admin)
        right = (
            "data lake admin" if caller.data_lake_admin else "read-only admin" if caller.read_only_admin else "no admin"
        )
        (fine if admin else missing).append(_said(admin, f"{lake.id}: caller {principal_words(caller.arn)} is {right}"))
        if not admin:
            reader = printable(lasting(caller.arn))
            missing += [
                (
                    "           Lake Formation shows others a part, and does not say so. In the program that owns the "
                    "settings:"
                ),
                f'           aws.lakeformation.DataLakeSettings(read_only_admins=["{reader}"])',
                "           `floodline iam-policy --pulumi` prints it whole",
            ]
    shown = not missing
    for row in read.live.ledger:
        # What a caller who is no admin may not see is no listing's own fault, and was said above.
        if not row.complete and (shown or row.errors):
            reason = row.errors[0] if row.errors else row.basis
            missing.append(_said(False, f"{row.service}:{row.operation} ({row.account}/{row.region}): {reason}"))
    if missing:
        missing.append("  `floodline iam-policy` prints the IAM actions that a complete reading needs")
    else:
        fine.append(_said(True, "everything that decides access can be read"))
    return missing, fine
