"""Markdown for pull requests, merge requests and step summaries: one comment that a bot finds again and updates.

It begins with a hidden marker (:func:`marker`) that stays the same from run to run of the same declaration. It keeps
under the size that GitHub takes for a comment, and says what was left out. Names become neither markup nor mentions,
links or references: Markdown's own characters are escaped, and what is only recognised after rendering (``@team``,
``#12``, ``www.``) is broken by a zero-width space.

The limits are those of https://docs.github.com/en/rest/issues/comments (a body of 65,536 characters) and of
https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands (1 MiB for a step summary).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from checks.model import Origin, Severity, Verdict
from checks.normal import canonical_json
from checks.spelling import (
    principal_words,
    printable,
    reach_words,
    shortened,
    subject_words,
    waiver_words,
    witness_words,
    words,
)
from reports.formats import Format
from reports.lacks import of_report
from reports.order import ordered, summary
from reports.place import program
from reports.verdict import completeness, gap_words, headline, next_steps, opens

if TYPE_CHECKING:
    from checks.model import Finding, Report

LIMIT: Final = 65_000
"""Bytes of UTF-8, so that the 65,536 characters of a comment hold however they are counted."""
TABLE: Final = LIMIT // 2
"""Bytes that the tables may take; the rest is for the details."""
LONGEST: Final = 200
"""Characters of one text in a table."""
DETAIL: Final = 1500
"""Characters of one text in the details."""
LIST: Final = LIMIT // 10
"""Bytes that the list of gaps, or of accepted findings, may take."""
ALIKE: Final = 5
"""Findings of one rule at one line of the program that are told one by one; the others are counted."""
LACKS: Final = 5
"""Things that the caller lacks, each with its remedy."""

MARKER: Final = "<!-- floodline:"
"""How every such comment begins."""

_ESCAPED: Final = re.compile(
    r"[\\`*\[\]<>|~&$]|_(?![A-Za-z0-9])|(?<![A-Za-z0-9])_|\A\s*[#+=:-]|\A\s*\d(?=\d*[.)](?: |\Z))"
)
"""What Markdown or HTML could read as its own: anywhere, between words only, or at the start of a line."""
_SEEN_LATER: Final = re.compile(
    r"(?<=@)(?=\w)|(?<=#)(?=\d)|(?<=\bgh-)(?=\d)|(?<=:)(?=//)|(?<=www)(?=\.)|(?<![\w:]:)(?<=:)(?=[a-z0-9_+-]+:)",
    re.IGNORECASE,
)
"""Where a renderer would make a mention, a reference, a link or a picture out of what is plain text."""
_SOFT: Final = "\u200b"
_COMMAND: Final = re.compile(r"^(\s*)::|##(?=\[|vso\[)", re.MULTILINE)
"""What a runner's log would take for a command, were the report printed there."""


def render(report: Report) -> str:
    """Return the comment, at most ``LIMIT`` bytes long."""
    return fitted(report, LIMIT)


def fitted(report: Report, limit: int) -> str:
    """Return the comment in at most *limit* bytes; below some 8,000 only its head is kept whole."""
    head, foot = _head(report), _foot(report)
    room = limit - _size(head) - _size(foot) - 600  # the sentence on what was left out
    tables, shown, alike = _tables(report, min(room * 2 // 3, TABLE))
    room -= _size(tables)
    every = _told(report)
    worth = [one for one in every if one.id in shown and one.severity > Severity.INFO]
    details: list[str] = []
    for one in worth:
        block = _details(one, report)
        if _size(block) > room:
            break
        room -= _size(block)
        details.append(block)
    left_out = _left_out(len(every) - alike, len(shown), len(worth), len(details))
    return "".join([head, left_out, tables, "### Details\n\n" if details else "", *details, foot])


def marker(report: Report) -> str:
    """Return the line by which a bot finds the comment of this declaration again, on the next push."""
    sources = sorted({source.stack or source.name for source in report.run.declared_sources})
    which = sha256(canonical_json(sources).encode("utf-8", "backslashreplace")).hexdigest()[:12]
    return f"{MARKER}{report.run.command}:{which} -->"


def escaped(text: str) -> str:
    """Return text that shows as it is, on one line, in any place of a Markdown document."""
    return _entities(_SEEN_LATER.sub(_SOFT, printable(text))).replace(_SOFT, "&#8203;")


def code(text: str) -> str:
    """Return text as code, in which Markdown's characters are entities too."""
    return f"<code>{escaped(text)}</code>"


def _entities(text: str) -> str:
    """Write what could be markup as entities: unlike backslashes they are the same between HTML tags and in tables."""
    return _ESCAPED.sub(lambda found: f"{found[0][:-1]}&#{ord(found[0][-1])};", text)


def fence(text: str) -> str:
    """Return a block of code that no line of *text* can end."""
    lines = [printable(line) for line in text.split("\n")]
    body = _COMMAND.sub(lambda found: found[0].replace(":", "\\u003a").replace("#", "\\u0023"), "\n".join(lines))
    longest = max((len(run) for run in re.findall("`+", body)), default=0)
    ticks = "`" * max(3, longest + 1)
    return f"{ticks}text\n{body}\n{ticks}\n"


# ---------------------------------------------------------------------------------------------------------- the parts
def _head(report: Report) -> str:
    head = headline(report)
    lines = [
        marker(report),
        "",
        f"## {escaped(head.word)}: {escaped(shortened(head.rest, 4 * LONGEST))}",
        "",
    ]
    if report.complete:
        lines += [escaped(completeness(report)), ""]
    else:
        lines += ["> [!WARNING]", f"> <b>{escaped(completeness(report))}</b>"]
        lines += [f">\n> {escaped(line)}" for one in of_report(report)[:LACKS] for line in one.split("\n")]
        lines.append("")
    if steps := next_steps(report):
        lines += [f"- {escaped(shortened(step, DETAIL // 2))}" for step in steps]
        lines.append("")
    return "\n".join(lines) + "\n"


def _foot(report: Report) -> str:
    parts: list[str] = []
    accepted = [one for one in ordered(report) if one.waived is not None]
    for title, noun, lines in (
        ("Not seen", "gap", [escaped(gap_words(gap)) for gap in report.gaps[:LIST]]),
        ("Accepted", "finding", [_waiver(one) for one in accepted[:LIST]]),
    ):
        if lines:
            total = len(report.gaps) if noun == "gap" else len(accepted)
            parts.append(_fold(f"{title}: {_counted(total, noun)}", _some(lines, total)))
    counted = ", ".join(f"{number:,} {name}" for name, number in summary(report).items() if number or name == "equal")
    run = report.run
    parts.append(
        f"<sub>{escaped(counted)}; exit code {int(report.exit_code)}; floodline "
        f"{escaped(shortened(run.tool_version, 60))}, {escaped(shortened(run.finished, 60))}</sub>\n"
    )
    return "".join(parts)


def _some(lines: list[str], total: int) -> str:
    body, told = "", 0
    for line in lines:
        if _size(body) + _size(line) > LIST:
            break
        body += f"- {line}\n"
        told += 1
    return body if told == total else f"{body}- and {total - told:,} more, all of them in the JSON report\n"


def _waiver(one: Finding) -> str:
    assert one.waived is not None
    said = f"{shortened(printable(one.message), LONGEST)}: {shortened(waiver_words(one.waived), 2 * LONGEST)}"
    return escaped(said)


@dataclass(frozen=True, slots=True)
class _Section:
    """One table: its title, and which findings stand in it."""

    title: str
    holds: Callable[[Finding], bool]


_GATE: Final = (
    _Section("What this deployment opens", lambda one: opens(one) and one.origin is not Origin.ADOPTED),
    _Section("What could not be decided", lambda one: one.verdict is Verdict.UNKNOWN),
    _Section("What drift it makes official", lambda one: one.origin is Origin.ADOPTED),
    _Section("What it silently takes away", lambda one: one.origin is Origin.REVOKED),
    _Section("What it is risky to declare", lambda one: one.verdict is Verdict.POSTURE),
    _Section("What else it changes", lambda one: one.origin in {None, Origin.DEPLOYMENT}),
    _Section("What drift it undoes", lambda one: one.origin is Origin.UNDONE),
    _Section("What drift it leaves standing", lambda one: one.origin is Origin.STANDING),
)
_CHECK: Final = (_Section("Findings", lambda _: True),)


def _sections(report: Report) -> list[tuple[str, list[Finding]]]:
    """Put each standing finding into the first section that holds it."""
    sections = _GATE if report.run.command == "gate" else _CHECK
    placed: list[tuple[str, list[Finding]]] = [(section.title, []) for section in sections]
    for one in ordered(report):
        if one.waived is None:
            placed[next(at for at, section in enumerate(sections) if section.holds(one))][1].append(one)
    return [(title, found) for title, found in placed if found]


def _told(report: Report) -> list[Finding]:
    return [one for _, found in _sections(report) for one in found]


def _tables(report: Report, room: int) -> tuple[str, set[str], int]:
    """Fill the tables, section by section.

    Returns them, the ids of the findings that found room, and how many more were counted in a row of their own because
    one line of the program brings them all (a loop over tables).
    """
    parts: list[str] = []
    shown: set[str] = set()
    alike = 0
    for title, found in _sections(report):
        top = f"### {title} ({len(found):,})\n\n"
        top += "| severity | who | what | for example | program |\n|---|---|---|---|---|\n"
        rows: list[str] = []
        used = _size(top) + 1
        for group in _groups(found):
            told = [(_row(one), one) for one in group[:ALIKE]]
            if len(group) > ALIKE:
                told.append((_more(group[ALIKE:]), group[ALIKE]))
            for at, (row, one) in enumerate(told):
                if used + _size(row) > room:
                    break
                used += _size(row)
                rows.append(row)
                if at < ALIKE:
                    shown.add(one.id)
                else:
                    alike += len(group) - ALIKE
        if rows:
            parts.append(f"{top}{''.join(rows)}\n")
            room -= used
        else:
            short = f"### {title} ({len(found):,})\n\nNone of them found room here.\n\n"
            parts.append(short)
            room -= _size(short)
    return "".join(parts), shown, alike


def _groups(found: list[Finding]) -> list[list[Finding]]:
    """Put together what one line of the program brings, by rule; what no line brings stays alone."""
    groups: dict[object, list[Finding]] = {}
    for at, one in enumerate(found):
        line = program(one)
        key = at if line is None else (one.severity, one.verdict, one.rule, one.origin, line)
        groups.setdefault(key, []).append(one)
    return list(groups.values())


def _more(rest: list[Finding]) -> str:
    one = rest[0]
    what = f"{len(rest):,} more like these: {one.rule} {one.name}"
    place = code(shortened(str(program(one) or ""), 80))
    return f"| **{one.severity.word}** |  | {escaped(shortened(what, LONGEST))} |  | {place} |\n"


def _row(one: Finding) -> str:
    subject = one.subject
    if subject.principal is not None:
        who = principal_words(subject.principal, home=subject.lake.account)
    else:
        who = "" if one.reach.principals == 0 else reach_words(one.reach).partition(",")[0]
    exposes = ", exposes" if one.verdict is Verdict.UNMANAGED and one.exposure else ""
    what = f"{one.verdict.value}{exposes}: {shortened(words(subject.resource), LONGEST)}"
    cause = shortened(f"{printable(one.cause.kind)}: {printable(one.cause.what)}", LONGEST)
    example = "" if one.witness is None else _example(one)
    place = program(one)
    cells = (
        f"**{one.severity.word}**",
        escaped(shortened(who, LONGEST)),
        f"{escaped(what)}<br><sub>{escaped(cause)}</sub>",
        escaped(example),
        code(shortened(str(place), 80)) if place else "",
    )
    return f"| {' | '.join(cells)} |\n"


def _example(one: Finding) -> str:
    assert one.witness is not None
    return shortened(witness_words(one.witness, home=one.subject.lake.account), LONGEST)


def _details(one: Finding, report: Report) -> str:
    subject = one.subject
    title = f"<b>{one.severity.word}</b> {escaped(shortened(printable(one.message), LONGEST))}"
    facts = [
        ("finding", f"{code(shortened(one.id, 40))} {escaped(shortened(f'{one.rule} {one.name}', LONGEST))}"),
        ("confidence", one.confidence.value),
        ("subject", escaped(shortened(subject_words(subject), DETAIL))),
        ("cause", escaped(shortened(f"{one.cause.kind}: {one.cause.what}", DETAIL))),
        ("reach", escaped(reach_words(one.reach))),
    ]
    before, after = ("before", "after") if report.run.command == "gate" else ("declared", "live")
    facts += [
        (name, escaped(shortened(said, DETAIL))) for name, said in ((before, one.declared), (after, one.live)) if said
    ]
    if one.witness is not None:
        facts.append(("for example", escaped(_example(one))))
    if subject.urn:
        facts.append(("declared as", code(shortened(subject.urn, DETAIL // 4))))
    if place := program(one):
        facts.append(("program", code(shortened(str(place), 200))))
    if one.updated_by or one.updated:
        by = f" by {principal_words(one.updated_by)}" if one.updated_by else ""
        facts.append(("last changed", escaped(shortened(f"{one.updated or 'at a time not known'}{by}", LONGEST))))
    body = [escaped(shortened(printable(one.message), DETAIL)), "\n\n"] if len(one.message) > LONGEST else []
    body += [f"- {name}: {said}\n" for name, said in facts]
    for name, fix in zip(_fixes(report), (one.fix_declare, one.fix_revoke), strict=True):
        if fix:
            body.append(f"\n{name}\n\n{fence(shortened(fix, DETAIL))}")
    return _fold(title, "".join(body), html=True)


def _fixes(report: Report) -> tuple[str, str]:
    if report.run.command == "gate":
        return "To change the program:", "To change the lake:"
    return "To declare it:", "To close it:"


def _fold(title: str, body: str, *, html: bool = False) -> str:
    return f"<details><summary>{title if html else escaped(title)}</summary>\n\n{body}\n</details>\n\n"


def _left_out(found: int, listed: int, worth: int, detailed: int) -> str:
    said = []
    if listed < found:
        said.append(f"the tables hold {listed:,} of {_counted(found, 'finding')}, the worst of each first")
    if detailed < worth:
        said.append(f"details are given for {detailed:,} of {worth:,}")
    if not said:
        return ""
    return (
        f"**Not all is here**, because a comment is limited: {'; '.join(said)}. "
        "`-o html=FILE` shows more, `-o json=FILE` has every one.\n\n"
    )


def _size(text: str) -> int:
    return len(text.encode("utf-8", "backslashreplace"))


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


FORMAT = Format("markdown", (".md", ".markdown"), render)
