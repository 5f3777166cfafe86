"""``floodline check``."""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import replace

import click

import reports
from checks.evaluate import WORDS
from checks.live.journal import SECOND
from checks.live.second import questions
from checks.model import Report, Severity
from floodline import config, evidence, keeping, waiving
from floodline.checking import report as make_report
from floodline.equal import explain
from floodline.errors import CannotStart, Usage
from floodline.inputs import Read, Reader, asking, declared_by, declared_sources, now, only_regions, recordings
from floodline.options import Whom, pace, sources, threshold
from floodline.options import framework as framework_option
from floodline.options import whom as whom_options
from floodline.outputs import summary, wanted, write
from floodline.progress import reading
from floodline.risks import risks


@click.command()
@sources
@whom_options
@pace
@click.option("--record", metavar="FILE", help="Keep what AWS answered as a recording, as `collect` writes it.")
@click.option(
    "-o",
    "--output",
    "output",
    multiple=True,
    metavar="FORMAT=PATH|PATH",
    help="Write a report; repeat for several. - is standard output: -o json=-",
)
@click.option("--fail-on", metavar="WORDS", help=f"What decides the exit code: {','.join(WORDS)},none.")
@click.option(
    "--min-severity",
    type=click.Choice([one.word for one in sorted(Severity)]),
    help="The least severity that decides the exit code; default low. info never does.",
)
@click.option("--exit-zero", is_flag=True, help="End with 0 whatever is found.")
@click.option("--explain-equal", is_flag=True, help="Say on stderr why what is spelt differently is the same access.")
@click.option("--no-posture", is_flag=True, help="Say what differs only, not what is risky although declared.")
@click.option("-q", "--quiet", is_flag=True, help="No summary and no progress on stderr.")
@waiving.options
@framework_option
@config.option
def command(
    state: tuple[str, ...],
    stack: tuple[str, ...],
    preview: tuple[str, ...],
    live: tuple[str, ...],
    whom: Whom,
    account: str | None,
    concurrency: int,
    max_rps: float | None,
    record: str | None,
    output: tuple[str, ...],
    fail_on: str | None,
    min_severity: str | None,
    exit_zero: bool,
    explain_equal: bool,
    no_posture: bool,
    quiet: bool,
    waivers: str | None,
    baseline: str | None,
    framework: tuple[str, ...],
    settings: config.Settings,
) -> int:
    """Compare a declared lake with the live one: who can read what was never declared.

    \b
    pulumi stack export | floodline check --state - -o report.html
    floodline check --state state.json --live lake.jsonl.gz -o json=-
    """  # noqa: D301 - \b is click's: keep these lines apart
    # A check makes many small values and hardly any cycle: collecting garbage often would cost a quarter of its time.
    gc.set_threshold(200_000, 50, 1_000)
    started = now()
    settings.mention(quiet=quiet)
    keeper, output = evidence.keeper(output, live)
    outputs = wanted(output)
    limit = threshold(fail_on, min_severity, exit_zero=exit_zero)
    accepted = waiving.acceptance(settings, waivers, baseline, now=started)
    rules = risks(settings, limit)
    _accounted(account)
    if not (state or stack or preview):
        raise Usage(
            "nothing is declared: give `--state FILE` (what `pulumi stack export` prints), `--stack NAME` "
            "or `--preview FILE`"
        )
    if record is not None:
        _recordable(record, live)
    if (*state, *preview, *live).count("-") > 1:
        raise Usage("standard input can be read once only")
    given = declared_sources(state, stack, preview)
    told = declared_by(given)
    only = whom.only

    def compared(read: Read) -> Report:
        if not read.live.lakes and not told.resources:
            raise CannotStart("neither the declaration nor the live side has a lake: nothing to compare")
        return make_report(
            told,
            read,
            account=account,
            region=only,
            threshold=limit,
            started=started,
            acceptance=accepted,
            risks=None if no_posture else rules,
            sensitivity=rules.sensitivity,
        )

    if live:
        if whom.elsewhere:
            raise Usage("--live has been read already: --role-arn, --organization and --accounts are for AWS")
        read = only_regions(recordings(live), whom.regions)
        result = compared(read)
    else:
        from checks.live.collect import Limits  # noqa: PLC0415 - botocore, which --live need not pay for

        with (
            reading(quiet=quiet) as progress,
            asking(whom, progress, Limits(concurrency, max_rps)) as reader,
        ):
            read = reader.read()
            result = compared(read)
            read, result = _confirmed(reader, read, result, compared)
            if record is not None:
                keeping.write(reader.journal, reader.lakes, record)
            if keeper is not None:
                keeper.journal(reader.journal, reader.lakes)
    if not quiet:
        summary(result)
    if explain_equal:
        result = replace(result, equalities=explain(told, read, result, account=account, region=only))
    result = replace(result, frameworks=framework)
    if keeper is not None:
        files = waiving.files(settings, waivers, baseline)
        result = keeper.keep(result, given, [told], read, outputs, files)
        if not quiet:
            click.echo(f"evidence: {result.run.folder}", err=True)
    for path in write(result, outputs):
        if not quiet:
            click.echo(f"written: {path}", err=True)
    return int(result.exit_code)


def _confirmed(reader: Reader, read: Read, result: Report, compared: Callable[[Read], Report]) -> tuple[Read, Report]:
    """Ask once more, object by object, about what looks lost or retagged, before it is said; compare again.

    Where that changes no finding the first report stands, byte for byte what a check of a recording says.
    """
    calls = questions(result.findings)
    if not calls:
        return read, result
    reader.more(calls)
    again = reader.read()
    second = compared(again)
    if (second.findings, second.complete) == (result.findings, result.complete):
        reader.journal.forget(SECOND)
        return read, result
    return again, second


def _recordable(record: str, live: tuple[str, ...]) -> None:
    if live:
        raise Usage("--record keeps what AWS answers: with --live nothing is asked")
    try:
        reports.writable(record)
    except reports.ReportError as error:
        raise Usage(f"--record: {error}") from error


def _accounted(account: str | None) -> None:
    if account is not None and not (len(account) == 12 and account.isascii() and account.isdigit()):
        raise Usage("--account: an account id has twelve digits")
