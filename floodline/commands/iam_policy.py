"""``floodline iam-policy``."""

from __future__ import annotations

import json

import click

from checks.live import iam


@click.command()
def command() -> None:
    """Print the least IAM policy that a complete reading needs.

    IAM rights are not enough: Lake Formation shows a caller only what its own permissions allow. Make the reading
    role a read-only admin of the lake as well (DataLakeSettings: read_only_admins).
    """
    click.echo(json.dumps(iam.policy(), indent=2))
    click.echo(
        "# the role must also be a read-only admin, in the Pulumi program that owns the settings:\n"
        '# aws.lakeformation.DataLakeSettings("settings", read_only_admins=[role.arn], …)',
        err=True,
    )
