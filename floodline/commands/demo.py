"""``floodline demo``."""

from __future__ import annotations

import tempfile
import textwrap
import time
from pathlib import Path

import click

from checks.evaluate import Threshold
from checks.model import ExitCode, Report
from floodline import inputs, keeping
from floodline.checking import report as make_report
from floodline.errors import CannotStart, Usage
from floodline.laboratory import AUDITOR, Running, lake
from floodline.outputs import summary, wanted, write
from floodline.progress import reading


@click.command()
@click.option("--tables", type=click.IntRange(12, 45_000), default=1000, show_default=True, help="Size of the lake.")
@click.option(
    "--incident",
    "name",
    default="retag-database",
    show_default=True,
    metavar="NAME",
    help="Which mishap to play; `floodline lab incidents` lists them.",
)
@click.option(
    "--pull-request",
    "pull",
    is_flag=True,
    help="Play pull requests instead: which of five changes would open the lake?",
)
@click.option(
    "--out", default="out", show_default=True, metavar="DIR", help="Where to write state, recordings, report."
)
def command(tables: int, name: str, pull: bool, out: str) -> int:
    """Open a declared lake behind its declaration's back, on this machine, and see it found.

    Needs no account and no network: an AWS of its own runs on this machine and goes with the command.
    """
    if pull:
        from floodline.pulls import play  # noqa: PLC0415

        return play(tables, Path(out))
    from lab import incidents  # noqa: PLC0415 - only this command and `lab` need the extra

    try:
        incident = incidents.get(name)
    except LookupError as error:
        raise Usage(str(error)) from error
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    state = folder / "state.json"
    _say(f"1. a Pulumi program declares a lake of {tables:,} tables, and it is brought up in an AWS on this machine")
    began = time.monotonic()
    with lake(tables, state) as running:
        _say(f"   {running.resources:,} resources in {time.monotonic() - began:.0f} s; state: {state}")
        _say("2. the lake is read as role/lake-auditor, a read-only admin, and compared with the declaration")
        quiet = _check(running, state, folder / "before.jsonl.gz")
        summary(quiet)
        _expect(quiet, ExitCode.CLEAN, "the untouched lake")
        _say(f"3. a mishap: {incident.title}")
        _say(textwrap.indent(textwrap.fill(incident.story, 76), "   "))
        incident.play(running.clients())
        _say("4. the same check again")
        after = _check(running, state, folder / "after.jsonl.gz")
    summary(after)
    page = folder / "report.html"
    write(after, wanted([str(page), f"json={folder / 'report.json'}"]))
    _expect(after, ExitCode(incident.exit_code), f"the lake after `{incident.name}`")
    _say(f"   (that check ends with exit code {int(after.exit_code)}; this demo went as it should and ends with 0)")
    click.echo(
        f"report: {page.resolve().relative_to(Path.cwd()) if page.resolve().is_relative_to(Path.cwd()) else page}"
    )
    _say(f"try: floodline check --state {state} --live {folder / 'after.jsonl.gz'} -o json=-")
    return 0


def _say(text: str) -> None:
    click.echo(text, err=True)


def _check(running: Running, state: Path, record: Path) -> Report:
    """Read the lab over HTTP as the auditor, keep the recording, and compare it with the state."""
    from checks.live.collect import Limits, Place  # noqa: PLC0415
    from checks.live.journal import Journal  # noqa: PLC0415

    started = inputs.now()
    session = running.lab.session(AUDITOR)
    limits, region = Limits(), running.lab.region
    place = Place(region, lambda: inputs.clients(session, region, limits))
    with tempfile.TemporaryFile() as file, reading(quiet=False) as progress:
        journal = Journal(file, inputs.header())
        _, lakes = inputs.asked([place], journal, limits, progress)
        keeping.write(journal, lakes, str(record))
    return make_report(
        inputs.declaration([str(state)], [], []),
        inputs.recordings([str(record)]),
        account=None,
        region=None,
        threshold=Threshold(),
        started=started,
    )


def _expect(report: Report, code: ExitCode, what: str) -> None:
    if report.exit_code is not code:
        raise CannotStart(f"the demo went wrong: {what} gave exit code {int(report.exit_code)}, not {int(code)}")
