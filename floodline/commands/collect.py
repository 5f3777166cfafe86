"""``floodline collect``."""

from __future__ import annotations

import click

import reports
from checks.model import ExitCode
from floodline import keeping
from floodline.errors import Usage
from floodline.inputs import asked, places
from floodline.options import pace
from floodline.progress import cost, reading


@click.command()
@click.option(
    "-o",
    "--output",
    "output",
    required=True,
    metavar="FILE",
    help="The recording to write: .jsonl, .jsonl.gz or .jsonl.zst.",
)
@click.option("--region", "region", multiple=True, metavar="REGION", help="A region to read; repeat for several.")
@click.option("--profile", metavar="NAME", help="An AWS profile, as for the AWS command line.")
@pace
@click.option("--fresh", is_flag=True, help="Begin anew, although an earlier run broke off and could go on.")
@click.option("-q", "--quiet", is_flag=True, help="No progress and no summary on stderr.")
def command(
    output: str,
    region: tuple[str, ...],
    profile: str | None,
    concurrency: int,
    max_rps: float | None,
    fresh: bool,
    quiet: bool,
) -> int:
    """Read the live lake into a recording; nothing is compared. Ends with 4 where a call was refused.

    A run that broke off left FILE.part: the same command goes on from there.

    \b
    floodline collect -o lake.jsonl.gz --region us-east-1
    floodline check --state state.json --live lake.jsonl.gz
    """  # noqa: D301
    from checks.live.collect import NOTHING_THERE, Limits  # noqa: PLC0415 - botocore, which --help need not pay for

    try:
        reports.writable(output)
    except reports.ReportError as error:
        raise Usage(str(error)) from error
    limits = Limits(concurrency=concurrency, max_rps=max_rps)
    where = places(region, profile, limits)
    with keeping.journal(output, [one.region for one in where], fresh=fresh) as journal:
        if journal.resumed and len(journal) and not quiet:
            click.echo(f"going on: {len(journal):,} answers since {journal.header.started}", err=True)
        with reading(quiet=quiet) as progress:
            done, lakes = asked(where, journal, limits, progress)
        refused = {f"{one.service}:{one.operation}": one.error.code for one in journal.failures(lakes)
                   if one.error is not None and one.error.code not in NOTHING_THERE}  # fmt: skip
        count = keeping.write(journal, lakes, output)
    keeping.part_of(output).unlink(missing_ok=True)
    if not quiet:
        click.echo(f"written: {output} ({count:,} answers)", err=True)
        for call, code in sorted(refused.items()):
            click.echo(f"refused: {call}: {code}", err=True)
        cost(done.budget)
    return int(ExitCode.UNDECIDED if refused else ExitCode.CLEAN)
