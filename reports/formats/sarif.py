"""SARIF 2.1.0 as GitHub's code scanning takes it: a finding stands at the line that declares its subject.

Built as plain JSON and held against the official schema and validator by the tests; the libraries that model SARIF know
less of it than it takes here (suppressions, notifications). Limits and shown properties are those of
https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning.
"""

from __future__ import annotations

import json
import re
import zlib
from collections import Counter
from hashlib import sha256
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from checks import spelling
from checks.model import Severity
from checks.spelling import principal_words, printable, shortened, waiver_words, witness_words, words
from reports.catalogue import controls, entries
from reports.definitions import EXIT_CODES
from reports.formats import Format
from reports.order import ordered
from reports.place import program
from reports.strict import line
from reports.verdict import completeness, gap_words, sentence

if TYPE_CHECKING:
    from checks.model import Finding, Report
    from checks.spelling import Json
    from reports.catalogue import Entry

SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
RESULTS: Final = 25_000
"""Results of a run above which GitHub refuses the file; of these it shows the worst 5,000."""
PACKED: Final = 9_000_000
"""Bytes after gzip; GitHub refuses 10 MB."""
GAPS: Final = 50
TEXT: Final = 1000
"""Characters of a message; GitHub cuts descriptions at 1,024."""
UNPLACED: Final = "Pulumi.yaml"
"""Where a finding stands that no line of the program declares: every program has this file."""

LEVELS: Final = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.INFO: "note",
}
SCORES: Final = {
    Severity.CRITICAL: "9.5",
    Severity.HIGH: "8.0",
    Severity.MEDIUM: "5.5",
    Severity.LOW: "2.0",
    Severity.INFO: "0.1",
}
"""``security-severity``: GitHub calls more than 9.0 critical, from 7.0 high, from 4.0 medium."""

_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)")
_SLUG: Final = re.compile(r"[A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+)?")


def render(report: Report) -> str:
    """Return the log as compact JSON, ASCII only; what is too much for GitHub is left out, the mildest first."""
    limit = RESULTS
    while True:
        text = line(_log(report, limit))
        if len(text) <= PACKED or limit <= 1 or len(zlib.compress(text.encode("ascii"))) <= PACKED:
            return text
        limit //= 2


def _log(report: Report, limit: int) -> Json:
    every = ordered(report)
    told = every[:limit]
    rules = entries(report)
    index = {rule: number for number, rule in enumerate(rules)}
    seen: Counter[str] = Counter()
    results = []
    for one in told:
        seen[one.id] += 1
        results.append(_result(one, index[one.rule], seen[one.id], controls(one, report)))
    run: Json = {
        "tool": {
            "driver": {
                "name": "floodline",
                "version": _text(report.run.tool_version, 100),
                "rules": [_rule(one) for one in rules.values()],
                "notifications": [
                    _descriptor(
                        "FLN01", "PartialView", "Part of the lake was not read, so nobody can say that it is right."
                    ),
                    _descriptor("FLN02", "ResultsLeftOut", "There are more findings than the log may hold."),
                ],
            }
        },
        "automationDetails": {"id": f"{_category(report)}/{quote(printable(report.run.id), safe='')}"},
        "columnKind": "utf16CodeUnits",
        "invocations": [_invocation(report, len(every) - len(told))],
        "results": results,
        "properties": {"verdict": _escaped(sentence(report)), "complete": report.complete},
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _category(report: Report) -> str:
    """Name what GitHub keeps apart: two categories do not close each other's alerts."""
    sources = sorted({source.stack or source.name for source in report.run.declared_sources})
    which = sources[0] if len(sources) == 1 else ""
    if not _SLUG.fullmatch(which):
        which = sha256(json.dumps(sources).encode()).hexdigest()[:12]
    return f"floodline/{report.run.command}/{which}"


def _descriptor(key: str, name: str, said: str) -> Json:
    told = {"text": said}
    return {"id": key, "name": name, "shortDescription": told, "fullDescription": told, "help": told}


def _rule(one: Entry) -> Json:
    what, fix = _text(one.what, TEXT), _text(one.fix, TEXT)
    help_text = f"{what} {fix}".strip()
    rule: Json = {
        "id": _text(one.id, 100),
        "name": "".join(part.capitalize() for part in re.findall("[A-Za-z0-9]+", one.name)) or "Finding",
        "shortDescription": {"text": what},
        "fullDescription": {"text": what},
        "help": {"text": help_text},
        "defaultConfiguration": {"level": LEVELS[one.severity]},
        "properties": {
            "tags": ["security", "access", "lake-formation"],
            "precision": "very-high",
            "security-severity": SCORES[one.severity],
        },
    }
    if one.source.startswith("https://"):
        rule["helpUri"] = one.source
    return rule


def _result(one: Finding, index: int, times: int, bears_on: list[str]) -> Json:
    at = program(one)
    uri = UNPLACED if at is None else _relative(at.file)
    number = 1 if at is None or at.number is None or uri == UNPLACED else at.number
    said = one.message
    if one.witness is not None:
        example = witness_words(one.witness, home=one.subject.lake.account)
        said += "" if example in said else f". For example, {example}"
    place = words(one.subject.resource)
    known = spelling.finding(one)
    result: Json = {
        "ruleId": _text(one.rule, 100),
        "ruleIndex": index,
        "level": LEVELS[one.severity],
        "message": {"text": _escaped(said)},
        "locations": [
            {
                "physicalLocation": {"artifactLocation": {"uri": uri}, "region": {"startLine": number}},
                "logicalLocations": [
                    {
                        "name": _text(place, 300),
                        "fullyQualifiedName": _text(f"{one.subject.lake}/{place}", 600),
                        "kind": "resource",
                    }
                ],
            }
        ],
        "partialFingerprints": {"primaryLocationLineHash": f"{_text(one.id, 100)}:{times}"},
        "rank": {0: 5.0, 1: 25.0, 2: 50.0, 3: 80.0, 4: 100.0}[int(one.severity)],
        "suppressions": [],
        "properties": {
            key: known[key]
            for key in (
                "verdict",
                "confidence",
                "exposure",
                "origin",
                "subject",
                "witness",
                "reach",
                "cause",
                "evidence",
                "fix",
            )
        },
    }
    result["properties"]["controls"] = bears_on
    if one.waived is not None:
        why = shortened(waiver_words(one.waived), TEXT)
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": why}]
    return result


def _relative(file: str) -> str:
    """Return a file of the program as a reference that stays inside the repository."""
    parts = file.removeprefix("./").split("/")
    if not all(parts) or ".." in parts or "\\" in file or not file.isprintable():
        return UNPLACED
    return quote(file.removeprefix("./"), safe="/")


def _invocation(report: Report, left_out: int) -> Json:
    run = report.run
    notes: list[Json] = []
    if not report.complete:
        notes.append(_notification(0, "FLN01", "error", completeness(report)))
        notes += [_notification(0, "FLN01", "warning", f"not seen: {gap_words(gap)}") for gap in report.gaps[:GAPS]]
        if len(report.gaps) > GAPS:
            notes.append(_notification(0, "FLN01", "warning", f"and {len(report.gaps) - GAPS:,} more gaps"))
    if left_out:
        said = f"{left_out:,} milder findings were left out of this log; `-o json=FILE` has every one"
        notes.append(_notification(1, "FLN02", "warning", said))
    found: Json = {
        "executionSuccessful": report.complete,
        "exitCode": int(report.exit_code),
        "exitCodeDescription": EXIT_CODES[report.exit_code],
        "toolExecutionNotifications": notes,
    }
    for key, time in (("startTimeUtc", run.started), ("endTimeUtc", run.finished)):
        if _TIME.fullmatch(time):
            found[key] = time.replace("+00:00", "Z")
    if run.caller.arn:
        found["account"] = _text(principal_words(run.caller.arn), 200)
    return found


def _notification(index: int, key: str, level: str, said: str) -> Json:
    return {"descriptor": {"id": key, "index": index}, "level": level, "message": {"text": _escaped(said)}}


def _text(text: str, limit: int) -> str:
    return shortened(printable(text), limit)


def _escaped(said: str) -> str:
    """Return a message: brackets would be a link, and a number in braces a placeholder (SARIF §3.11)."""
    text = re.sub(r"([\\\[\]])", r"\\\1", _text(said, TEXT))
    return re.sub(r"\{(\d+)\}", r"{{\1}}", text)


FORMAT = Format("sarif", (".sarif", ".sarif.json"), render)
