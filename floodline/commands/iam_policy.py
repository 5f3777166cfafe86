"""``floodline iam-policy``."""

from __future__ import annotations

import json

import click

from checks.live import iam


@click.command()
@click.option("--pulumi", "snippet", is_flag=True, help="Print the Pulumi snippet alone, in place of the policy.")
def command(snippet: bool) -> None:
    """Print the least IAM policy that a complete reading needs.

    IAM rights are not enough: Lake Formation shows a caller only what its own permissions allow. Make the reading
    role a read-only admin of the lake as well; the Pulumi snippet for that follows on stderr.
    """
    if snippet:
        click.echo(iam.READER, nl=False)
        return
    click.echo(json.dumps(iam.policy(), indent=2))
    click.echo(iam.READER, nl=False, err=True)
