"""``floodline controls``."""

from __future__ import annotations

import json

import click

from floodline.options import framework as framework_option
from reports.controls import WORDS, chosen


@click.command()
@framework_option
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def command(framework: tuple[str, ...], as_json: bool) -> None:
    """Show which controls a rule's findings bear on, framework by framework.

    A report supports a control, or speaks against it; it does not by itself satisfy one.
    """
    found = chosen(framework)
    if as_json:
        told = [
            {
                "framework": one.id, "name": one.name, "version": one.version, "source": one.source,
                "controls": [{"id": control.id, "says": control.says, "by_run": control.by_run,
                              "rules": sorted(control.rules)} for control in one.controls],
            }
            for one in found
        ]  # fmt: skip
        click.echo(json.dumps(told, indent=2))
        return
    for one in found:
        click.echo(f"{one.id}: {one.name}, {one.version} ({one.source})")
        for control in one.controls:
            by = "this run" if control.by_run else " ".join(sorted(control.rules))
            click.echo(f"  {control.id}  {control.says}\n      {by}")
    click.echo(f"each result {WORDS} a control", err=True)
