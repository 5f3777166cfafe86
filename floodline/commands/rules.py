"""``floodline rules``."""

from __future__ import annotations

import json
import textwrap
from dataclasses import asdict

import click

from checks import rules
from checks.drift import KINDS
from checks.waivers import KINDS as WAIVERS


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option("--equalities", "alike", is_flag=True, help="List what is taken as equal, and why, instead.")
def command(as_json: bool, alike: bool) -> None:
    """List what is looked for: differences (FL1xx), risks even where declared (FL2xx), faults of waivers (FL4xx).

    `floodline explain FL101` says more of one. --equalities lists the spellings that are the same access (N01, N02…);
    `floodline check --explain-equal` says which of them were at work.
    """
    if alike:
        _equalities(as_json=as_json)
        return
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
                "id": k.id,
                "name": k.name,
                "severity": k.severity.word,
                "family": "waivers",
                "what": k.what,
                "fix": k.fix,
                "source": k.source,
            }
            for k in WAIVERS.values()
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


def _equalities(*, as_json: bool) -> None:
    from checks.equalities import NORMALISATIONS  # noqa: PLC0415 - the comparison, which the list of rules can do without

    if as_json:
        click.echo(json.dumps([asdict(one) for one in NORMALISATIONS], indent=2))
        return
    for one in NORMALISATIONS:
        click.echo(f"{one.id}  {one.name} ({one.when})")
        click.echo(textwrap.fill(one.reason, 80, initial_indent=" " * 5, subsequent_indent=" " * 5))
        click.echo(f"     {one.certainty}: {one.source}")
