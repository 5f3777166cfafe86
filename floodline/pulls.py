"""The demo of the gate: five pull requests against the declared lake, judged before anything is deployed."""

from __future__ import annotations

import json
import tempfile
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import click

from checks.evaluate import Threshold
from checks.model import ExitCode, Report, Severity
from checks.spelling import printable
from floodline import gating, inputs
from floodline.errors import CannotStart
from floodline.laboratory import Running, lake, project
from floodline.outputs import wanted, write
from reports.order import ordered
from reports.verdict import headline, sentence

if TYPE_CHECKING:
    from lab.changes import Change

_WIDTH = 80
_SHOWN = 3
"""Sentences of one pull request; its comment has them all."""


def play(tables: int, out: Path) -> int:
    """Bring the lake up, and let each change come as a pull request.

    Raises:
        CannotStart: the extra ``lab`` is not installed, or a change is not judged as it should be.

    """
    folder = out / "pull-requests"
    folder.mkdir(parents=True, exist_ok=True)
    state = folder / "state.json"
    _say(f"a Pulumi program declares a lake of {tables:,} tables, and it is brought up in an AWS on this machine")
    with lake(tables, state) as running:
        from lab.changes import CHANGES  # noqa: PLC0415 - only with the extra

        _say(f"{running.resources:,} resources; five pull requests change the program, and none is deployed yet\n")
        for number, change in enumerate(CHANGES, 1):
            _say(f"{number}. {change.name}: {change.title}")
            _judge(running, change, tables, folder, state)
    _say(f"try: floodline gate --preview {folder / 'new-admin.json'} --state {state} -o report.html")
    return 0


def _judge(running: Running, change: Change, tables: int, folder: Path, state: Path) -> None:
    from lab.up import UpError, preview  # noqa: PLC0415

    assert running.deployment is not None
    with tempfile.TemporaryDirectory() as place:
        try:
            lines = change.write(project(), Path(place) / "program")
            found = preview(
                Path(place) / "program",
                running.deployment,
                account=running.lab.account,
                region=running.lab.region,
                config={"floodline:tables": str(tables)},
            )
        except (LookupError, UpError) as error:
            raise CannotStart(str(error)) from error
    # As `pulumi preview --json` prints it: without what stays as it is. The state says that.
    found["steps"] = [step for step in found["steps"] if step["op"] != "same"]
    told = folder / f"{change.name}.json"
    told.write_text(json.dumps(found, indent=2), encoding="utf-8")
    for line in lines:
        _say(f"   {printable(line.rstrip())}")
    report = gating.report(
        gating.deployment([str(told)], [str(state)]),
        None,
        account=None,
        region=None,
        threshold=Threshold(),
        started=inputs.now(),
    )
    comment = folder / f"{change.name}.md"
    write(report, wanted([str(comment)]))
    for text in _messages(report):
        _say(textwrap.indent(textwrap.fill(text, _WIDTH - 3, break_on_hyphens=False), "   "))
    _say(f"   exit code {int(report.exit_code)}; the comment on the pull request: {comment}\n")
    _expect(report, change)


def _messages(report: Report) -> list[str]:
    """Return the sentences of what decides, each with the line of the program; the verdict where nothing does."""
    told = [f"{headline(report).word}: {one.message}" for one in ordered(report) if one.severity > Severity.INFO]
    return told[:_SHOWN] or [sentence(report)]


def _expect(report: Report, change: Change) -> None:
    said = [one.message for one in report.findings if one.severity > Severity.INFO]
    right = change.opens in " ".join(said) if change.opens else not said
    if report.exit_code is not ExitCode(change.exit_code) or not right:
        raise CannotStart(
            f"the demo went wrong: `{change.name}` gave exit code {int(report.exit_code)}, not {change.exit_code}, "
            f"or not the finding that it should"
        )


def _say(text: str) -> None:
    click.echo(text, err=True)
