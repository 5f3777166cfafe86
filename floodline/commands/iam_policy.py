"""``floodline iam-policy``."""

from __future__ import annotations

import json
import re

import click

from checks.live import iam
from checks.spelling import printable
from floodline.errors import Usage


@click.command()
@click.option("--pulumi", "snippet", is_flag=True, help="Print the Pulumi snippet alone, in place of the policy.")
@click.option(
    "--hub",
    metavar="ROLE",
    help="Print also what a caller needs that enters other accounts by assuming the role of this name in each.",
)
def command(snippet: bool, hub: str | None) -> None:
    """Print the least IAM policy that a complete reading needs.

    IAM rights are not enough: Lake Formation shows a caller only what its own permissions allow. Make the reading
    role a read-only admin of the lake as well; the Pulumi snippet for that follows on stderr.

    With `--region all` the role that reads needs account:ListRegions too, which --hub prints as a statement of its own.
    """
    if snippet:
        click.echo(iam.READER, nl=False)
        return
    if hub is not None and not re.fullmatch(r"[\w+=,.@-]+(/[\w+=,.@-]+)*", hub, re.ASCII):
        raise Usage(f"--hub: `{printable(hub)}` is no role's name (with its path, without a leading slash)")
    click.echo(json.dumps(iam.policy(hub), indent=2))
    click.echo(iam.READER, nl=False, err=True)
