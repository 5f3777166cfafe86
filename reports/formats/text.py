"""The terminal summary: verdict, completeness, causes, witnesses, what to do next, counts.

Honest in 80 columns: nothing is cut off at the edge, and what is left out is counted. Colour only repeats what a word
already says, and is off unless asked for.
"""

from __future__ import annotations

import re
from io import StringIO
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from checks.model import Severity, Verdict
from checks.spelling import printable, reach_words, shortened, subject_words, waiver_words, witness_words
from reports.formats import Format
from reports.lacks import of_report
from reports.order import ordered, standing, summary
from reports.place import program
from reports.verdict import Tone, completeness, gap_words, headline, next_steps

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import RenderableType

    from checks.model import Finding, Gap, Report

ROWS = 20
"""Causes in the table."""
WITNESSES = 5
ACCEPTED = 5
GAPS = 5
LONGEST = 300
"""Characters of one name-bearing text; the whole is in the other formats."""

_COMMAND = re.compile(r"^((?:[ ]|\x1b\[[0-9;]*m)*):(?=:)|(?<=#)#(?=\[|vso\[)", re.MULTILINE)
"""What a CI system's log would take for a command to it: ``::error::`` where a line begins, ``##[…`` anywhere."""

SEVERITY_STYLE = {
    Severity.CRITICAL: "bold red",
    Severity.HIGH: "red",
    Severity.MEDIUM: "yellow",
    Severity.LOW: "cyan",
    Severity.INFO: "dim",
}
TONE_STYLE = {
    Tone.WIDENED: "bold red",
    Tone.DRIFTED: "bold yellow",
    Tone.UNDECIDED: "bold yellow",
    Tone.RISK: "bold yellow",
    Tone.EQUAL: "bold green",
}


def render(report: Report) -> str:
    """Return the summary for a file or a pipe: 80 columns, no colour."""
    return summarise(report)


def summarise(report: Report, *, width: int = 80, color: bool = False) -> str:
    """Return the summary with lines of at most *width* cells (at least 40).

    *color* is for the caller to decide, from the terminal and from NO_COLOR: nothing is looked up here.
    """
    out = StringIO()
    console = Console(
        file=out,
        width=max(width, 40),
        force_terminal=color,
        color_system="standard" if color else None,
        no_color=not color,
        legacy_windows=False,
        markup=False,
        emoji=False,
        highlight=False,
        _environ={},
    )
    for part in _parts(report):
        console.print(part)
    text = _COMMAND.sub(lambda found: f"{found[1] or ''}\\", out.getvalue())
    return text if color else "".join(f"{line.rstrip()}\n" for line in text.splitlines())


def _parts(report: Report) -> Iterator[RenderableType]:
    head = headline(report)
    found = standing(report)
    yield Text.assemble((head.word, TONE_STYLE[head.tone]), f": {head.rest}", overflow="fold")
    for line in of_report(report):
        yield Text(line, overflow="fold")
    yield Text(completeness(report), overflow="fold")
    if found:
        yield ""
        yield _causes(found[:ROWS])
        if len(found) > ROWS:
            left = len(found) - ROWS
            yield Text(f"and {left:,} more; `-o report.html` shows them, `-o json=FILE` has every one")
    if shown := [one for one in found if one.witness is not None][:WITNESSES]:
        yield ""
        yield Text("for example" if len(shown) > 1 or len(found) > 1 else "witness", style="bold")
        yield from (_item(_witness(one)) for one in shown)
    if accepted := [one for one in ordered(report) if one.waived is not None]:
        yield ""
        yield Text("accepted", style="bold")
        yield from _accepted(accepted)
    if report.gaps:
        yield ""
        yield Text("not seen", style="bold")
        yield from _not_seen(report.gaps)
    if steps := next_steps(report):
        yield ""
        yield Text("next", style="bold")
        yield from (_item(shortened(step, 2 * LONGEST)) for step in steps)
    yield ""
    yield Text(_counts(report), overflow="fold")


def _causes(found: Sequence[Finding]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), expand=True, show_edge=False)
    table.add_column("severity", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    table.add_column("subject, and what caused it", overflow="fold", ratio=1)
    table.add_column("reach", overflow="fold", max_width=16)
    for one in found:
        what = shortened(subject_words(one.subject), LONGEST // 2)
        cause = shortened(f"{printable(one.cause.kind)}: {printable(one.cause.what)}", LONGEST // 2)
        exposes = " (exposes)" if one.verdict is Verdict.UNMANAGED and one.exposure else ""
        table.add_row(
            Text(one.severity.word, style=SEVERITY_STYLE[one.severity]),
            Text(one.verdict.value),
            Text.assemble(what, exposes, "\n", (cause, "dim")),
            Text(reach_words(one.reach).replace(", ", "\n").replace(" (", "\n").removesuffix(")")),
        )
    return table


def _witness(one: Finding) -> str:
    assert one.witness is not None
    said = shortened(witness_words(one.witness, home=one.subject.lake.account), LONGEST)
    line = program(one) if one.origin is not None else None
    where = f", {shortened(printable(str(line)), LONGEST)}" if line is not None else ""
    return f"{said}  [{one.severity.word}, {printable(one.rule)}, {printable(one.id)}{where}]"


def _accepted(found: Sequence[Finding]) -> Iterator[RenderableType]:
    for one in found[:ACCEPTED]:
        assert one.waived is not None
        what = shortened(subject_words(one.subject), LONGEST // 2)
        said = f"{one.severity.word} {one.verdict.value}: {what}; {shortened(waiver_words(one.waived), LONGEST)}"
        yield _item(f"{said}  [{printable(one.rule)}, {printable(one.id)}]")
    if len(found) > ACCEPTED:
        yield _item(f"and {len(found) - ACCEPTED:,} more, all of them in the other formats")


def _not_seen(gaps: Sequence[Gap]) -> Iterator[RenderableType]:
    yield from (_item(gap_words(gap)) for gap in gaps[:GAPS])
    if len(gaps) > GAPS:
        yield _item(f"and {len(gaps) - GAPS:,} more, all of them in the other formats")


def _item(text: str) -> Padding:
    return Padding(Text(text, overflow="fold"), (0, 0, 0, 2))


def _counts(report: Report) -> str:
    said = [f"{number:,} {printable(name)}" for name, number in summary(report).items() if number or name == "equal"]
    return f"counted: {', '.join(said)}; exit code {int(report.exit_code)}"


FORMAT = Format("text", (".txt",), render)
