"""``floodline schema``."""

from __future__ import annotations

import json

import click

import reports


@click.command()
def command() -> None:
    """Print the JSON Schema of the JSON report."""
    click.echo(json.dumps(reports.schema(), indent=2))
