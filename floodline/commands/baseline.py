"""``floodline baseline``."""

from __future__ import annotations

import sys

import click

import reports
from checks import baseline as room
from checks.spelling import Json, printable
from checks.waivers import WaiverError
from floodline import config, waiving
from floodline.errors import Undecided, Usage
from floodline.inputs import now, stamp


@click.command()
@click.option("--report", metavar="FILE", required=True, help="The JSON report to sign off; - is standard input.")
@click.option("-o", "--output", metavar="FILE", help="Where the baseline goes; - is standard output.")
@click.option("--owner", metavar="NAME", help="Who answers for what is accepted.")
@click.option(
    "--approver", "approvers", metavar="NAME", multiple=True, help="Who approved, other than the owner; repeat."
)
@click.option("--reason", metavar="TEXT", help="Why it is accepted.", default="there when floodline was adopted")
@click.option("--ticket", metavar="ID", default="", help="Where it is followed up.")
@click.option("--expires", metavar="DAY", help="The last day on which the baseline holds; without it, none.")
@click.option("--shrink", metavar="FILE", help="Remove from this baseline what the report does not have any more.")
def command(
    report: str,
    output: str | None,
    owner: str | None,
    approvers: tuple[str, ...],
    reason: str,
    ticket: str,
    expires: str | None,
    shrink: str | None,
) -> None:
    """Sign off what an old lake is found with: `check --baseline FILE` then fails on what is new or wider only.

    \b
    floodline check … -o json=report.json
    floodline baseline --report report.json -o baseline.json --owner "data platform" --approver security
    floodline baseline --report report.json --shrink baseline.json
    """  # noqa: D301 - \b is click's: keep these lines apart
    told = waiving.report(report)
    if shrink is not None:
        if owner or approvers:
            raise Usage("--shrink adds nothing and signs nothing: leave out --owner and --approver")
        _shrink(told, shrink, output or shrink)
        return
    if not owner or not owner.strip() or not approvers:
        raise Usage("a baseline is signed off: give --owner, and --approver (somebody else)")
    if output is None:
        raise Usage("where to? give `-o baseline.json`, or `-o -` for standard output")
    last = waiving.day(expires, "--expires") if expires else None
    if last is not None and last < now().date():
        raise Usage(f"--expires: {last} is over")
    signed = room.Signed(owner, approvers, reason, ticket, stamp(now()), last.isoformat() if last else "")
    try:
        text = room.write(told, signed)
        size = len(room.read(text, output).book.entries)
    except WaiverError as error:
        raise Usage(str(error)) from error
    _write(output, text)
    partial = "" if told["outcome"]["complete"] else "; the report's view is partial: what it did not see is not in it"
    click.echo(f"signed off: {size:,} {'finding' if size == 1 else 'findings'}{partial}", err=True)


def _shrink(told: Json, path: str, output: str) -> None:
    """Take out of a baseline what is not there any more.

    Raises:
        Usage: it is no baseline, or of the other command.
        Undecided: the report's view is partial, so nobody can say what is gone.

    """
    try:
        baseline = room.read(config.text(path), path)
    except WaiverError as error:
        raise Usage(str(error)) from error
    made_by = told["run"].get("command", "check")
    if baseline.book.command != made_by:
        raise Usage(f"{path}: the baseline is of `{baseline.book.command}`, the report of `{made_by}`")
    if not told["outcome"]["complete"]:
        raise Undecided("the report's view is partial: nobody can say what is gone, so the baseline stays as it is")
    text, gone = room.shrunk(baseline, {one["id"] for one in told["findings"]})
    left = len(baseline.book.entries) - gone
    if gone or output != path:
        _write(output, text)
    click.echo(f"baseline shrank: {gone:,} gone, {left:,} left", err=True)


def _write(path: str, text: str) -> None:
    if path == "-":
        sys.stdout.write(text)
        return
    try:
        reports.write(path, text)
    except reports.ReportError as error:
        raise Usage(str(error)) from error
    click.echo(f"written: {printable(path)}", err=True)
