"""``floodline rules``."""

from __future__ import annotations

import json
import textwrap

import click

from checks import rules
from checks.drift import KINDS


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def command(as_json: bool) -> None:
    """List what is looked for: differences (FL1xx) and risks even where declared (FL2xx).

    `floodline explain FL101` says more of one.
    """
    listed = [
        *(
            {
                "id": k.id,
                "name": k.name,
                "severity": k.severity.word,
                "family": "drift",
                "what": k.what,
                "fix": k.fix,
                "source": k.source,
            }
            for k in KINDS.values()
        ),
        *(
            {
                "id": r.id,
                "name": r.name,
                "severity": r.severity.word,
                "family": "posture",
                "what": r.what,
                "fix": r.fix,
                "source": r.source,
            }
            for r in rules.discover()
        ),
    ]
    if as_json:
        click.echo(json.dumps(listed, indent=2))
        return
    for one in listed:
        click.echo(f"{one['id']}  {one['severity']:<8}  {one['name']}")
        click.echo(textwrap.fill(one["what"], 80, initial_indent=" " * 17, subsequent_indent=" " * 17))
