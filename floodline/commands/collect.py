"""``floodline collect``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import reduce
from operator import or_
from pathlib import Path
from typing import TYPE_CHECKING

import click

import reports
from checks.model import ExitCode, LedgerRow
from checks.spelling import printable
from floodline import keeping
from floodline.accounts import note, planned
from floodline.errors import Usage
from floodline.inputs import asked, recordings_at
from floodline.options import Whom, pace
from floodline.options import whom as whom_options
from floodline.planning import Given, show
from floodline.progress import cost, reading
from reports.lacks import lacks

if TYPE_CHECKING:
    from checks.live.collect import Budget, Limits, Step
    from checks.live.journal import Journal
    from floodline.accounts import Plan

Done = tuple[keeping.Lacking, "Budget | None", list[str]]
"""What is missing, what it cost, and what was written, in words."""

_TOLD = 12
"""How many missing things are said."""
_AT_ONCE = 32
"""How many recordings of a folder are open at a time."""


@click.command()
@click.option(
    "-o",
    "--output",
    "output",
    metavar="FILE|FOLDER/",
    help="The recording to write: .jsonl, .jsonl.gz or .jsonl.zst; or a folder, for one of each account and region.",
)
@click.option(
    "--region",
    "region",
    multiple=True,
    metavar="REGION",
    help="A region to read; repeat for several; all: every one that the account has enabled.",
)
@click.option("--profile", metavar="NAME", help="An AWS profile, as for the AWS command line.")
@whom_options
@pace
@click.option(
    "--plan", "plan_only", is_flag=True, help="Print the calls and the minutes it would take, and ask nothing."
)
@click.option("--state", multiple=True, metavar="FILE", help="Plan for what this state declares.")
@click.option("--live", multiple=True, metavar="RECORDING", help="Plan for what was there when this was recorded.")
@click.option("--tables", type=click.IntRange(0), metavar="N", help="Plan for a lake of N tables.")
@click.option("--grants", type=click.IntRange(0), metavar="N", help="Plan for a lake of N grants.")
@click.option("--tags", type=click.IntRange(0), metavar="N", help="Plan for a lake of N LF-tags.")
@click.option("--fresh", is_flag=True, help="Begin anew, although an earlier run broke off and could go on.")
@click.option("-q", "--quiet", is_flag=True, help="No progress and no summary on stderr.")
def command(
    output: str | None,
    whom: Whom,
    concurrency: int,
    max_rps: float | None,
    plan_only: bool,
    state: tuple[str, ...],
    live: tuple[str, ...],
    tables: int | None,
    grants: int | None,
    tags: int | None,
    fresh: bool,
    quiet: bool,
) -> int:
    """Read the live lake into a recording; nothing is compared. Ends with 4 where a call was refused.

    A run that broke off left FILE.part: the same command goes on from there.

    \b
    floodline collect -o lake.jsonl.gz --region us-east-1
    floodline check --state state.json --live lake.jsonl.gz
    floodline collect -o lakes/ --region all --organization floodline-audit
    floodline collect --plan --state state.json
    """  # noqa: D301
    from checks.live.collect import Limits  # noqa: PLC0415 - botocore, which --help need not pay for

    limits = Limits(concurrency=concurrency, max_rps=max_rps)
    given = Given(state, live, tables, grants, tags)
    if plan_only:
        show(given, whom, limits)
        return int(ExitCode.CLEAN)
    if given:
        raise Usage("--state, --live, --tables, --grants and --tags say what to plan for: they go with --plan")
    if output is None:
        raise Usage("-o (--output) FILE is missing: where the recording is to go (--plan alone needs none)")
    if output == "-":
        raise Usage("-o: a recording is a file that a broken-off run goes on with, not standard output")
    many = output.endswith(("/", "\\")) or Path(output).is_dir()
    if not many:
        try:
            reports.writable(output)
        except reports.ReportError as error:
            raise Usage(str(error)) from error
    plan = planned(whom, limits, identify=many)
    if not quiet:
        for words in plan.notes:
            click.echo(printable(words), err=True)
    to_do = _into_folder if many else _into_file
    lacking, budget, written = to_do(output, plan, limits, fresh=fresh, quiet=quiet)
    if not quiet:
        # What is missing comes first: whoever lacks something should not have to look for it.
        for words in lacking.words[:_TOLD]:
            click.echo(words, err=True)
        if len(lacking.words) > _TOLD:
            click.echo(f"and {len(lacking.words) - _TOLD:,} more things are missing: `check` names each", err=True)
        for words in written:
            click.echo(words, err=True)
        for call, code in sorted(lacking.refused.items()):
            click.echo(f"refused: {call}: {code}", err=True)
        if budget is not None:
            cost(budget)
    return int(ExitCode.UNDECIDED if lacking else ExitCode.CLEAN)


def _into_file(output: str, plan: Plan, limits: Limits, *, fresh: bool, quiet: bool) -> Done:
    """Read everything into one recording."""
    with keeping.journal(output, plan.scope, fresh=fresh) as journal:
        if journal.resumed and len(journal) and not quiet:
            click.echo(f"going on: {len(journal):,} answers since {journal.header.started}", err=True)
        note(plan, journal)
        with reading(quiet=quiet) as progress:
            done, lakes = asked(plan.places, journal, limits, progress)
        lakes += [one for one in plan.lakes if one not in lakes]
        lacking = _lacking(journal, lakes, named=len(lakes) > 1)
        count = keeping.write(journal, lakes, output)
    keeping.part_of(output).unlink(missing_ok=True)
    return lacking, done.budget, [f"written: {output} ({count:,} answers)"]


def _into_folder(output: str, plan: Plan, limits: Limits, *, fresh: bool, quiet: bool) -> Done:
    """Read each place into a recording of its own; those that an earlier run finished are there already."""
    with keeping.folder(output, plan.scope, fresh=fresh) as run, reading(quiet=quiet) as progress:
        before = len(run.done)
        lakes = [lake for lake in plan.lakes if _file(lake) not in run.done]
        if before and not quiet:
            click.echo(f"going on: {before:,} recordings are there, {len(lakes):,} are not", err=True)
        budget: Budget | None = None
        for start in range(0, len(lakes), _AT_ONCE):
            spent = _batch(output, plan, lakes[start : start + _AT_ONCE], limits, run, progress, fresh=fresh)
            budget = spent if budget is None else budget + spent
        for lake in plan.lakes:
            keeping.part_of(str(Path(output) / _file(lake))).unlink(missing_ok=True)
        lacking = reduce(or_, run.done.values(), keeping.Lacking())
        written = [f"written: {output} ({len(run.done):,} recordings)"]
    others = sorted({Path(one).name for one in recordings_at(output)} - {_file(lake) for lake in plan.lakes})
    if others:
        written.append(f"also there, and not of this run: {printable(', '.join(others))}")
    return lacking, budget, written


def _batch(
    output: str,
    plan: Plan,
    lakes: list[tuple[str, str]],
    limits: Limits,
    run: keeping.Progress,
    progress: Callable[[Step], None],
    *,
    fresh: bool,
) -> Budget:
    with ExitStack() as stack:
        journals: dict[tuple[str | None, str], Journal] = {}
        for lake in lakes:
            path = str(Path(output) / _file(lake))
            journal = keeping.journal(path, ["/".join(lake)], fresh=fresh, alone=False)
            journals[lake] = stack.enter_context(journal)
            note(plan, journals[lake], only=lake)
        where = [replace(one, journal=journals[one.account, one.region]) for one in plan.places
                 if (one.account, one.region) in journals]  # fmt: skip
        done, _ = asked(where, journals[lakes[0]], limits, progress)
        for lake in lakes:
            path = str(Path(output) / _file(lake))
            keeping.write(journals[lake], [lake], path)
            run.finish(_file(lake), _lacking(journals[lake], [lake], named=True))
    return done.budget


def _file(lake: tuple[str, str]) -> str:
    return f"{'.'.join(lake)}.jsonl.zst"


def _lacking(journal: Journal, lakes: Sequence[tuple[str, str]], *, named: bool) -> keeping.Lacking:
    """Return the calls that got no answer, with AWS's code (*named*: and where), and what the caller lacks, in words.

    It is told from who the caller is, the settings and the refusals alone: nothing else is built.
    """
    from checks.live import facts  # noqa: PLC0415
    from checks.live.collect import NOTHING_THERE  # noqa: PLC0415
    from checks.live.entry import ENTRY  # noqa: PLC0415

    failed = [(one, one.error) for one in journal.failures(lakes)
              if one.error is not None and one.error.code not in NOTHING_THERE]  # fmt: skip
    refused = {
        f"{one.service}:{one.operation}" + (f" ({one.account}/{one.region})" if named else ""): why.code
        for one, why in failed
    }
    live = facts.build(journal.answers_of(lakes, (ENTRY, "caller", "settings", "settings_after")))
    rows = [row for row in live.ledger if row.operation == "AssumeRole"]
    rows += [
        LedgerRow(one.account, one.region, one.service, one.operation, 1, 0, 0, (f"{why.code}: {why.message}",),
                  complete=False, basis="")
        for one, why in failed if one.operation != "AssumeRole"
    ]  # fmt: skip
    callers = [lake.caller for lake in live.lakes if lake.caller is not None]
    return keeping.Lacking(refused, lacks(callers, rows))
