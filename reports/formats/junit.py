"""JUnit XML, for the test view of a CI system: what was read, what was promised, and every finding as a test.

A difference above ``info`` fails, what could not be seen or decided is an error, what was accepted is skipped; latent
and risky findings, and notes, pass and say what they are. It follows what was found, not the run's threshold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from checks.model import Severity, Verdict
from checks.spelling import printable, shortened, subject_words, waiver_words, witness_words
from reports.formats import Format
from reports.order import ordered, standing
from reports.place import program
from reports.verdict import completeness, gap_words, sentence

if TYPE_CHECKING:
    from checks.model import Finding, LedgerRow, Report

LONGEST: Final = 300
GAPS: Final = 500
DIFFERENCES: Final = frozenset({Verdict.WIDENED, Verdict.UNMANAGED, Verdict.NARROWED, Verdict.CHANGED})


def render(report: Report) -> bytes:
    """Return the document as UTF-8 with a declaration."""
    from junitparser import JUnitXml, TestSuite  # noqa: PLC0415 - no other format needs it

    suites = []
    for name, cases in (("view", _view(report)), ("access", _access(report)), ("findings", _findings(report))):
        suite = TestSuite(f"floodline {name}")
        if name == "view":
            suite.add_property("complete", str(report.complete).lower())
            suite.add_property("verdict", sentence(report))
            suite.add_property("exit code", str(int(report.exit_code)))
        suite.add_testcases(cases)
        suites.append(suite)
    document: Any = JUnitXml("floodline")
    for suite in suites:
        document.add_testsuite(suite)
    document.update_statistics()
    told: bytes = document.tostring()
    return b"<?xml version='1.0' encoding='utf-8'?>\n" + told.rstrip() + b"\n"


def _view(report: Report) -> list[Any]:
    whole = _case("floodline.view", "the view is complete", said=completeness(report))
    if not report.complete:
        whole.result = [_error(completeness(report), "partial view", sentence(report))]
    cases = [whole, *(_reading(row) for row in report.ledger)]
    for gap in report.gaps[:GAPS]:
        case = _case("floodline.gap", shortened(printable(gap.source), LONGEST))
        case.result = [_error(gap_words(gap), "gap", gap_words(gap))]
        cases.append(case)
    if len(report.gaps) > GAPS:
        case = _case("floodline.gap", "more")
        said = f"{len(report.gaps) - GAPS:,} more gaps, all of them in the JSON report"
        case.result = [_error(said, "gap", said)]
        cases.append(case)
    return cases


def _reading(row: LedgerRow) -> Any:
    place = f"{row.account}/{row.region}".replace(".", "_")
    case = _case(f"floodline.view.{printable(place)}", f"{row.service}:{row.operation}", said=row.basis)
    if not row.complete:
        errors = "; ".join(row.errors) or row.basis
        case.result = [_error(shortened(printable(errors), LONGEST), "incomplete", printable(errors))]
    return case


def _access(report: Report) -> list[Any]:
    """Two promises that pass only where they were shown to hold."""
    found = [one for one in standing(report) if one.severity > Severity.INFO]
    open_question = not report.complete or any(one.verdict is Verdict.UNKNOWN for one in found)
    cases = []
    for name, broken in (
        ("nobody can do more than is declared", [one for one in found if one.widens]),
        ("nothing differs from the declaration", [one for one in found if one.verdict in DIFFERENCES]),
    ):
        case = _case("floodline.access", name)
        if broken:
            case.result = [_failure(f"{len(broken):,} findings", broken[0].verdict.value, sentence(report))]
        elif open_question:
            case.result = [_error("could not be told", "unknown", sentence(report))]
        cases.append(case)
    return cases


def _findings(report: Report) -> list[Any]:
    return [_finding(one) for one in ordered(report)]


def _finding(one: Finding) -> Any:
    from junitparser import Skipped  # noqa: PLC0415

    name = f"{one.rule} {shortened(subject_words(one.subject), LONGEST)} [{one.id}]"
    message = shortened(printable(one.message), 2 * LONGEST)
    told = f"{one.severity.word} {one.verdict.value}: {message}"
    if one.waived is not None:
        case = _case(f"floodline.{one.verdict.value}", name)
        case.result = [Skipped(waiver_words(one.waived), "accepted")]
    elif one.verdict is Verdict.UNKNOWN and one.severity > Severity.INFO:
        case = _case(f"floodline.{one.verdict.value}", name)
        case.result = [_error(told, "unknown", _body(one))]
    elif one.verdict in DIFFERENCES and one.severity > Severity.INFO:
        case = _case(f"floodline.{one.verdict.value}", name)
        case.result = [_failure(told, one.verdict.value, _body(one))]
    else:
        case = _case(f"floodline.{one.verdict.value}", name, said=f"{told}\n{_body(one)}")
    return case


def _body(one: Finding) -> str:
    at = program(one)
    lines = [
        printable(one.message),
        f"cause: {printable(one.cause.kind)}: {printable(one.cause.what)}",
        *([f"for example: {witness_words(one.witness)}"] if one.witness else []),
        *([f"program: {printable(str(at))}"] if at else []),
        *([f"declared: {printable(one.declared)}"] if one.declared else []),
        *([f"live: {printable(one.live)}"] if one.live else []),
        *([f"to declare it: {printable(one.fix_declare)}"] if one.fix_declare else []),
        *([f"to close it: {printable(one.fix_revoke)}"] if one.fix_revoke else []),
    ]
    return "\n".join(lines)


def _case(group: str, name: str, *, said: str = "") -> Any:
    from junitparser import TestCase  # noqa: PLC0415

    case = TestCase(printable(name), printable(group))
    if said:
        case.system_out = "\n".join(map(printable, said.split("\n")))
    return case


def _error(message: str, kind: str, body: str) -> Any:
    from junitparser import Error  # noqa: PLC0415

    error = Error(message, kind)
    error.text = body
    return error


def _failure(message: str, kind: str, body: str) -> Any:
    from junitparser import Failure  # noqa: PLC0415

    failure = Failure(message, kind)
    failure.text = body
    return failure


FORMAT = Format("junit", (".junit.xml", ".xml"), render)
