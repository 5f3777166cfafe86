"""The sentence that every format leads with. Pure.

It follows what was found, not the threshold: a run that is told to end with 0 still says ``WIDENED``. It never says
that all is well where something was not read.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from checks.model import Origin, Severity, Verdict
from checks.spelling import principal_words, printable, shortened, witness_words
from reports.order import standing, summary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checks.model import Finding, Gap, Report

LONGEST = 240
"""Characters that one name-bearing part of the sentence may take."""


class Tone(StrEnum):
    """What kind of answer it is; formats colour by it, never by it alone."""

    WIDENED = "widened"
    DRIFTED = "drifted"
    UNDECIDED = "undecided"
    RISK = "risk"
    EQUAL = "equal"


@dataclass(frozen=True, slots=True)
class Headline:
    """The first word (``WIDENED``), the rest of the sentence, and the tone. Safe to show."""

    word: str
    rest: str
    tone: Tone

    def __str__(self) -> str:
        return f"{self.word}: {self.rest}"


def sentence(report: Report) -> str:
    """Return the verdict in one line, safe for a terminal or a page: ``WIDENED: 3 findings; role/marketing can …``."""
    return str(headline(report))


def headline(report: Report) -> Headline:
    """Return the verdict: a widening first, then drift, then what could not be decided, then risk, then equal.

    That of a gate speaks of the deployment: what it opens first, then what it takes away without a word.
    """
    if report.run.command == "gate":
        return _deployment(report)
    found = standing(report)
    widening = [one for one in found if one.widens]
    drift = [one for one in found if _drifts(one)]
    unknown = [one for one in found if one.verdict is Verdict.UNKNOWN]
    partial = "" if report.complete else "; the view is partial, so there may be more"
    if widening:
        return Headline("WIDENED", f"{_findings(widening)}; {_gained(widening[0])}{partial}", Tone.WIDENED)
    if drift:
        return Headline("DRIFTED", f"{_drifted(drift, report)}{partial}", Tone.DRIFTED)
    if unknown or not report.complete:
        return Headline("CANNOT TELL", _undecided(report, unknown), Tone.UNDECIDED)
    accepted = sum(1 for one in report.findings if one.waived is not None)
    but = f"; {_counted(accepted, 'accepted exception')} apart" if accepted else ""
    for verdict, word, said in (
        (Verdict.LATENT, "LATENT", "live is no wider than declared today, but would be tomorrow"),
        (Verdict.POSTURE, "RISKY", "live is no wider than declared, but what is declared is risky"),
    ):
        if some := [one for one in found if one.verdict is verdict and one.severity > Severity.INFO]:
            if all(one.subject.kind == "waiver" for one in some):
                cares = "live is no wider than declared, but what was accepted wants care"
                return Headline("WAIVERS", f"{cares}: {_findings(some)}; {_message(some[0])}{but}", Tone.RISK)
            return Headline(word, f"{said}: {_findings(some)}; {_message(some[0])}{but}", Tone.RISK)
    return _equal(report, found, accepted)


def opens(one: Finding) -> bool:
    """Whether a deployment opens it: a widening of its own, or one of the live lake that its program makes official."""
    return one.widens and one.origin in {None, Origin.DEPLOYMENT, Origin.ADOPTED}


def completeness(report: Report) -> str:
    """Say in one line whether everything was read: ``complete view: all 17 readings ended; caller …``."""
    if report.run.command == "gate" and report.complete and not report.ledger:
        return "complete view: what is declared before and after; the live lake was not asked"
    ended = sum(1 for row in report.ledger if row.complete)
    total = len(report.ledger)
    if not report.complete:
        parts = [f"{total - ended:,} of {_counted(total, 'reading')} did not end"] if ended < total else []
        if report.gaps:
            parts.append(f"{_counted(len(report.gaps), 'gap')}, the first: {gap_words(report.gaps[0])}")
        return f"partial view: {'; '.join(parts) or 'the caller may not have seen everything'}"
    beside = f"; {total - ended:,} more that nothing rests on did not" if ended < total else ""
    read = f"all {_counted(ended, 'reading')} ended{beside}" if total else "nothing had to be read"
    return f"complete view: {read}; {caller(report)}"


def caller(report: Report) -> str:
    """Say who read the lake, and by what right."""
    who = report.run.caller
    if who.arn is None:
        return "the caller could not be told"
    if who.data_lake_admin:
        right = "a data lake admin"
    elif who.read_only_admin:
        right = "a read-only admin"
    elif who.data_lake_admin is None or who.read_only_admin is None:
        right = "perhaps no admin: it could not be told"
    else:
        right = "no admin, so its view is filtered"
    return f"caller {shortened(principal_words(who.arn), LONGEST)} is {right}"


def gap_words(gap: Gap) -> str:
    """Say a gap in one line: ``lakeformation:ListPermissions (grants): AccessDeniedException``."""
    said = f"{printable(gap.source)} ({gap.facts.value}): {printable(gap.reason)}"
    return shortened(said, LONGEST)


def next_steps(report: Report) -> tuple[str, ...]:
    """Say what to do now, the most urgent first. Safe to show."""
    steps: list[str] = []
    found = standing(report)
    if report.run.command == "gate":
        return _before_deploying(report, found)
    if worst := next((one for one in found if one.widens), None):
        if worst.fix_revoke:
            steps.append(f"to close the worst: {_one_line(worst.fix_revoke)}")
        if worst.fix_declare:
            steps.append(f"if it is meant to be: {_one_line(worst.fix_declare)}")
    elif drift := next((one for one in found if _drifts(one)), None):
        if drift.fix_declare:
            steps.append(f"to declare the worst: {_one_line(drift.fix_declare)}")
        if drift.fix_revoke:
            steps.append(f"to put the lake back: {_one_line(drift.fix_revoke)}")
    if not report.complete:
        steps.append(
            "to see the whole lake, let the caller be a read-only admin with the rights that `floodline iam-policy` "
            "prints; `floodline doctor` says what is missing"
        )
    elif any(one.verdict is Verdict.UNKNOWN for one in found):
        steps.append("decide the unknown ones by hand: each finding says what could not be ordered")
    return tuple(steps)


def _deployment(report: Report) -> Headline:
    found = standing(report)
    opened = [one for one in found if opens(one)]
    revoked = [one for one in found if one.origin is Origin.REVOKED and one.severity > Severity.INFO]
    unknown = [one for one in found if one.verdict is Verdict.UNKNOWN]
    tail = _besides(report)
    sure = report.complete and not unknown
    if opened:
        more = f"; {_findings(opened)} of that kind" if len(opened) > 1 else ""
        return Headline("WIDENED", f"{_opened(opened[0])}{more}{tail}", Tone.WIDENED)
    nothing = "this deployment opens nothing" if sure else "whether this deployment opens something is not known"
    if revoked:
        said = f"{nothing}, but it takes away what no program declared: {_message(revoked[0])}"
        return Headline("REVOKES", f"{said}; {_findings(revoked)}{tail}", Tone.DRIFTED)
    if drift := [one for one in found if one.origin is not Origin.STANDING and _drifts(one)]:
        return Headline("CHANGES", f"{nothing}; {_message(drift[0])}; {_findings(drift)}{tail}", Tone.DRIFTED)
    if unknown or not report.complete:
        why = _message(unknown[0]) if unknown else gap_words(report.gaps[0]) if report.gaps else "not all was read"
        count = f"; {_counted(len(unknown), 'difference')} could not be decided" if unknown else ""
        return Headline("CANNOT TELL", f"{nothing}: {why}{count}{tail}", Tone.UNDECIDED)
    for verdict, word, said in (
        (Verdict.LATENT, "LATENT", "this deployment opens nothing today, but will tomorrow"),
        (Verdict.POSTURE, "RISKY", "this deployment opens nothing, but what it declares is risky"),
    ):
        if some := [one for one in found if one.verdict is verdict and one.severity > Severity.INFO]:
            return Headline(word, f"{said}: {_findings(some)}; {_message(some[0])}{tail}", Tone.RISK)
    return Headline("NO WIDER", f"{nothing}{tail}", Tone.EQUAL)


def _opened(worst: Finding) -> str:
    if worst.witness is None or worst.subject.kind == "setting":
        return _message(worst)
    said = shortened(witness_words(worst.witness, home=worst.subject.lake.account), LONGEST)
    if worst.origin is Origin.ADOPTED:
        return f"this deployment makes official that {said}, which the program never allowed"
    return f"this deployment lets {said.replace(' can ', ' ', 1)}"


def _besides(report: Report) -> str:
    """Say what else a reader of the first line must know: drift that stays open, exceptions, a partial view."""
    found = standing(report)
    parts = []
    for origin, said in (
        (Origin.STANDING, "of the live lake stays open whatever is deployed"),
        (Origin.UNDONE, "of the live lake is closed by it"),
    ):
        if some := [one for one in found if one.widens and one.origin is origin]:
            verb = said if len(some) == 1 else said.replace("stays", "stay").replace("is closed", "are closed")
            parts.append(f"{_counted(len(some), 'widening')} {verb}")
    if accepted := sum(1 for one in report.findings if one.waived is not None):
        parts.append(f"{_counted(accepted, 'accepted exception')} apart")
    if not report.complete:
        parts.append("the view is partial, so there may be more")
    return "".join(f"; {part}" for part in parts)


def _before_deploying(report: Report, found: Sequence[Finding]) -> tuple[str, ...]:
    steps: list[str] = []
    if worst := next((one for one in found if opens(one)), None):
        if worst.fix_declare:
            steps.append(f"to keep it closed: {_one_line(worst.fix_declare)}")
        steps.append("if it is meant to be: have its owner accept it (a waiver with a reason and a last day)")
    elif revoked := next((one for one in found if one.origin is Origin.REVOKED), None):
        if revoked.fix_declare:
            steps.append(f"to keep what is in use: {_one_line(revoked.fix_declare)}")
    elif any(one.verdict is Verdict.UNKNOWN for one in found):
        steps.append("decide the unknown ones by hand: each finding says what could not be told")
    if any(one.widens and one.origin is Origin.STANDING for one in found):
        steps.append("what stays open is no part of this deployment: `floodline check` says how to close it")
    if not report.complete:
        steps.append("to judge it against the whole lake, let the caller be a read-only admin (`floodline doctor`)")
    return tuple(steps)


def _drifts(one: Finding) -> bool:
    plain = one.verdict in {Verdict.NARROWED, Verdict.CHANGED} or (
        one.verdict is Verdict.UNMANAGED and not one.exposure
    )
    return plain and one.severity > Severity.INFO


def _gained(worst: Finding) -> str:
    if worst.witness is None:
        return _message(worst)
    said = witness_words(worst.witness, home=worst.subject.lake.account).replace(" can ", " can now ", 1)
    return f"{shortened(said, LONGEST)}, which the program never allowed"


def _drifted(drift: Sequence[Finding], report: Report) -> str:
    open_question = any(one.verdict is Verdict.UNKNOWN for one in standing(report))
    widened = "whether anything widened is not known" if open_question or not report.complete else "nothing widened"
    return f"{_findings(drift)}, {widened}; {_message(drift[0])}"


def _undecided(report: Report, unknown: Sequence[Finding]) -> str:
    parts = []
    who = report.run.caller
    lesser = not report.complete and bool(who.arn) and who.data_lake_admin is False and not who.read_only_admin
    if lesser:
        words = shortened(principal_words(who.arn), LONGEST)
        parts.append(f"{words} is no admin of the lake, and sees a part of it")
    elif not report.complete:
        first = f" ({gap_words(report.gaps[0])})" if report.gaps else ""
        parts.append(f"part of the lake was not read{first}")
    if unknown:
        why = "" if lesser else f"; {_message(unknown[0])}"
        parts.append(f"{_counted(len(unknown), 'difference')} could not be decided{why}")
    return f"{'; '.join(parts)}; nothing worse was found"


def _equal(report: Report, found: Sequence[Finding], accepted: int) -> Headline:
    counts = summary(report)
    if not counts["equal"] and not report.findings:
        return Headline("EQUAL", "neither side has anything to compare (complete view)", Tone.EQUAL)
    said = "live allows no more and no less than declared"
    if accepted:
        said += f", but for {_counted(accepted, 'accepted exception')}"
    notes = f"; {_counted(len(found), 'note')}" if found else ""
    return Headline("EQUAL", f"{said} ({_counted(counts['equal'], 'subject')}, complete view){notes}", Tone.EQUAL)


def _message(one: Finding) -> str:
    return shortened(printable(one.message), LONGEST)


def _one_line(fix: str) -> str:
    return printable(" ".join(line.strip() for line in fix.split("\n")))


def _findings(found: Sequence[Finding]) -> str:
    return _counted(len(found), "finding")


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
