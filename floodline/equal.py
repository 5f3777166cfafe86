"""Say why what is spelt differently is the same access: ``check --explain-equal``."""

from __future__ import annotations

import click

from checks import declared
from checks.equalities import ALWAYS, Applied, equalities
from checks.model import Equality, Lake, Report
from floodline.inputs import Read


def explain(
    declaration: declared.Declaration, read: Read, report: Report, *, account: str | None, region: str | None
) -> tuple[Equality, ...]:
    """Print the normalisations that were at work in each lake, how often, with one example each.

    What is made one while reading leaves nothing to count, and is named in one line. Returns them for the report.
    """
    seen = {lake.id: lake for lake in read.live.lakes}
    told = {lake.id: lake for lake in declaration.place(account=account, region=region, live=tuple(seen))}
    found: list[Equality] = []
    for lake_id in sorted(told.keys() | seen.keys()):
        findings = [one for one in report.findings if one.subject.lake == lake_id]
        applied = equalities(told.get(lake_id, Lake(lake_id)), seen.get(lake_id, Lake(lake_id)), findings)
        for line in lines(applied, str(lake_id)):
            click.echo(line, err=True)
        found += [
            Equality(lake_id, one.normalisation.id, one.normalisation.name, one.count, one.example) for one in applied
        ]
    return tuple(found)


def lines(applied: tuple[Applied, ...], lake: str) -> list[str]:
    """Spell one lake's table."""
    if applied:
        found = [f"equal in {lake}, although spelt otherwise:"]
        width = max(len(f"{one.count:,}") for one in applied)
        for one in applied:
            found.append(f"  {one.normalisation.id}  {one.count:>{width},} x  {one.normalisation.reason}")
            found.append(f"       {'':>{width}}   e.g. {one.example}")
    else:
        found = [f"equal in {lake}: nothing was spelt otherwise once it was read"]
    always = ", ".join(one.id for one in ALWAYS)
    return [*found, f"made one while reading, and not counted: {always}; `floodline rules --equalities` says why"]
