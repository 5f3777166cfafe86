"""``floodline gate``."""

from __future__ import annotations

import gc
from dataclasses import replace

import click

from checks.evaluate import WORDS
from checks.model import Severity
from floodline import config, evidence, waiving
from floodline.errors import CannotStart, Usage
from floodline.gating import report, rules, understood
from floodline.inputs import declared_sources, now, only_regions, recordings
from floodline.options import framework as framework_option
from floodline.options import threshold
from floodline.outputs import summary, wanted, write


@click.command()
@click.option(
    "--preview",
    multiple=True,
    metavar="FILE",
    help="What is to be deployed: `pulumi preview --json`, an engine event log, or a saved plan; - is standard input.",
)
@click.option(
    "--state",
    multiple=True,
    metavar="FILE",
    help="What is deployed now: `pulumi stack export`, of the same stack; others beside it are context. A preview with "
    "--show-sames needs none.",
)
@click.option("--stack", multiple=True, metavar="NAME", help="A stack by name in place of --state, as for `check`.")
@click.option(
    "--live",
    multiple=True,
    metavar="RECORDING",
    help="What `floodline collect` wrote: then the gate also says what becomes of what was changed by hand.",
)
@click.option("--region", metavar="REGION", help="The region of what the declaration leaves open.")
@click.option("--account", metavar="ID", help="The account of what the declaration leaves open.")
@click.option(
    "-o",
    "--output",
    "output",
    multiple=True,
    metavar="FORMAT=PATH|PATH",
    help="Write a report; repeat for several. - is standard output: -o json=-",
)
@waiving.options
@framework_option
@config.option
@click.option("--fail-on", metavar="WORDS", help=f"What decides the exit code: {','.join(WORDS)},none.")
@click.option(
    "--min-severity",
    type=click.Choice([one.word for one in sorted(Severity)]),
    help="The least severity that decides the exit code; default low. info never does.",
)
@click.option("--no-posture", is_flag=True, help="Leave out what is risky although declared.")
@click.option("--all-posture", is_flag=True, help="List what was risky before as well.")
@click.option("--exit-zero", is_flag=True, help="End with 0 whatever is found.")
@click.option("-q", "--quiet", is_flag=True, help="No summary on stderr.")
def command(
    preview: tuple[str, ...],
    state: tuple[str, ...],
    stack: tuple[str, ...],
    live: tuple[str, ...],
    region: str | None,
    account: str | None,
    output: tuple[str, ...],
    waivers: str | None,
    baseline: str | None,
    framework: tuple[str, ...],
    settings: config.Settings,
    fail_on: str | None,
    min_severity: str | None,
    no_posture: bool,
    all_posture: bool,
    exit_zero: bool,
    quiet: bool,
) -> int:
    """Say what a deployment would open, before it runs: who may read what they may not read now.

    \b
    pulumi preview --json > preview.json; pulumi stack export > state.json
    floodline gate --preview preview.json --state state.json -o markdown=comment.md

    Nothing is asked of AWS.
    """  # noqa: D301 - \b is click's: keep these lines apart
    gc.set_threshold(200_000, 50, 1_000)
    started = now()
    keeper, output = evidence.keeper(output, live)
    outputs = wanted(output)
    limit = threshold(fail_on, min_severity, exit_zero=exit_zero)
    if account is not None and not (len(account) == 12 and account.isascii() and account.isdigit()):
        raise Usage("--account: an account id has twelve digits")
    if not preview:
        raise Usage("nothing is to be deployed: give `--preview FILE` (what `pulumi preview --json` prints)")
    if (*preview, *state, *live).count("-") > 1:
        raise Usage("standard input can be read once only")
    settings.mention(quiet=quiet)
    accepted = waiving.acceptance(settings, waivers, baseline, now=started, command="gate")
    if no_posture and all_posture:
        raise Usage("--no-posture and --all-posture exclude each other")
    asked = None if no_posture else rules(settings, everything=all_posture, decides="posture" in limit.fail_on)
    given = declared_sources(state, stack, preview)
    told = understood(given)
    read = only_regions(recordings(live), (region,) if region else ()) if live else None
    if read is not None and not read.live.lakes:
        raise CannotStart("the recording has no lake: leave --live out, or give what `floodline collect` wrote")
    result = report(
        told, read, account=account, region=region, threshold=limit, started=started, acceptance=accepted, rules=asked
    )
    result = replace(result, frameworks=framework)
    if keeper is not None:
        files = waiving.files(settings, waivers, baseline)
        result = keeper.keep(result, given, [told.before, told.after], read, outputs, files)
    if not quiet:
        summary(result)
    for path in write(result, outputs):
        if not quiet:
            click.echo(f"written: {path}", err=True)
    if keeper is not None and not quiet:
        click.echo(f"evidence: {result.run.folder}", err=True)
    return int(result.exit_code)
