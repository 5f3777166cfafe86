"""``floodline waive``."""

from __future__ import annotations

from difflib import get_close_matches

import click

from checks.baseline import accepts
from checks.spelling import Json, printable
from checks.waivers import acceptable, read, toml_value
from floodline import config, waiving
from floodline.errors import Usage
from floodline.inputs import now


@click.command()
@click.argument("finding")
@click.option("--report", metavar="FILE", required=True, help="The JSON report that has the finding; - is stdin.")
@click.option("--reason", metavar="TEXT", required=True, help="Why it is accepted.")
@click.option("--owner", metavar="NAME", required=True, help="Who answers for it.")
@click.option("--author", metavar="NAME", required=True, help="Who writes the entry.")
@click.option("--approver", "approvers", metavar="NAME", multiple=True, required=True, help="Who approved; repeat.")
@click.option("--ticket", metavar="ID", required=True, help="Where it is followed up.")
@click.option("--expires", metavar="DAY", required=True, help="The last day on which it holds: 2026-12-31.")
@click.option("--approved", metavar="DAY", help="The day on which it was approved; default today.")
@config.option
def command(
    finding: str,
    report: str,
    reason: str,
    owner: str,
    author: str,
    approvers: tuple[str, ...],
    ticket: str,
    expires: str,
    approved: str | None,
    settings: config.Settings,
) -> None:
    """Print the entry that accepts FINDING of a report, to be added to waivers.toml and reviewed there.

    \b
    floodline check … -o json=report.json
    floodline waive 0123456789abcdef --report report.json --reason "until the move" --owner "data platform" \\
        --author pipelines --approver security --ticket DATA-112 --expires 2026-12-31 >> waivers.toml
    """  # noqa: D301 - \b is click's: keep these lines apart
    today = now().date()
    told = waiving.report(report)
    found = _found(told, finding)
    last, since = waiving.day(expires, "--expires"), waiving.day(approved, "--approved") if approved else today
    if not accepts(found):
        raise Usage(f"{found['rule']} cannot be accepted: it was not seen, or is about a waiver")
    if found["waived"] is not None and found["waived"].get("kind") != "baseline":
        raise Usage(f"finding `{found['id']}` is accepted already, until {found['waived'].get('expires')}")
    if last < today:
        raise Usage(f"--expires: {last} is over")
    if since > today:
        raise Usage(f"--approved: {since} is still to come")
    if (last - since).days > settings.waivers.longest_days:
        most = settings.waivers.longest_days
        raise Usage(f"--expires: {last} is {(last - since).days:,} days from {since}; a waiver may last {most:,} days")
    subject = found["subject"]
    entry: Json = {
        "finding": found["id"],
        "rule": found["rule"],
        "principal": subject["principal"],
        "resource": {key: value for key, value in subject["resource"].items() if value is not None},
        "account": subject["account"] or None,
        "region": subject["region"] or None,
        "command": told["run"].get("command", "check"),
        "reason": reason,
        "owner": owner,
        "author": author,
        "approvers": list(approvers),
        "ticket": ticket,
        "approved": since,
        "expires": last,
        **acceptable(found),
    }
    lines = [f"{key} = {toml_value(value)}" for key, value in entry.items() if value is not None]
    text = "\n".join([f"# {printable(found['message'])}", "[[waiver]]", *lines]) + "\n"
    (made,) = read(text, "the entry").entries
    if made.faults:
        raise Usage(f"nobody would take the entry: {made.faults[0].words}")
    click.echo(f"\n{text}", nl=False)


def _found(told: Json, finding: str) -> Json:
    known = {one["id"]: one for one in told["findings"]}
    if finding not in known:
        close = get_close_matches(finding, known, n=1)
        hint = f"; did you mean `{close[0]}`?" if close else ""
        raise Usage(f"the report has no finding `{printable(finding)}`{hint}")
    found: Json = known[finding]
    return found
