"""OSCAL assessment results (NIST, JSON): what was tested, on what evidence, and what it says of four controls.

Every finding of floodline is an observation; OSCAL's findings gather them by control of NIST SP 800-53 revision 5.
What was not read is never "satisfied". The results support a judgement about a control; they are not that judgement.
The model is that of https://pages.nist.gov/OSCAL-Reference/models/v1.2.1/assessment-results/json-reference/.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from checks.spelling import (
    evidence_words,
    printable,
    reach_words,
    subject_words,
    waiver_words,
    witness_words,
)
from reports.controls import WORDS, Result, Row, matrix
from reports.formats import Format
from reports.moments import stamp
from reports.order import ordered
from reports.place import program
from reports.strict import line
from reports.verdict import completeness, gap_words, sentence

if TYPE_CHECKING:
    from checks.model import Finding, Report
    from checks.spelling import Json

VERSION: Final = "1.2.1"
NAMESPACE: Final = uuid.uuid5(uuid.NAMESPACE_URL, "urn:floodline:oscal")
GAPS: Final = 200


FRAMEWORK: Final = "nist-800-53"


def render(report: Report) -> str:
    """Return the document as one line of JSON, ASCII only."""
    return line({"assessment-results": _document(report)})


def _document(report: Report) -> Json:
    run, every = report.run, ordered(report)
    plan = _uuid("plan", run.command)
    start, end = stamp(run.started), stamp(run.finished)
    times: Counter[str] = Counter()
    observations = []
    keys: dict[int, str] = {}  # by identity: two findings may have one id
    for one in every:
        times[one.id] += 1
        key = _uuid("observation", one.id, str(times[one.id]))
        keys[id(one)] = key
        observations.append(_observation(one, key, start))
    view = _uuid("observation", "view")
    observations.insert(0, _view(report, view, start))
    ((_, rows),) = matrix(report, [FRAMEWORK])
    result: Json = {
        "uuid": _uuid("result", run.id),
        "title": _text(sentence(report)),
        "description": _text(f"{sentence(report)}. {completeness(report)}"),
        "start": start,
        "end": end,
        "props": [
            _prop("complete", str(report.complete).lower()),
            _prop("exit-code", str(int(report.exit_code))),
            _prop("run", run.id),
            *(_prop(f"counted-{name}", str(number)) for name, number in sorted(report.summary.items()) if _token(name)),
        ],
        "reviewed-controls": {
            "control-selections": [{"include-controls": [{"control-id": _control(row)} for row in rows]}],
            "remarks": "These tests support a judgement about the controls; they do not by themselves satisfy one.",
        },
        "observations": observations,
        "findings": [_finding(row, keys, view, report) for row in rows],
    }
    return {
        "uuid": _uuid("document", run.id),
        "metadata": {
            "title": "Comparison of declared and live access to a data lake",
            "last-modified": end,
            "version": _text(run.id),
            "oscal-version": VERSION,
            "props": [_prop("tool-version", run.tool_version), _prop("botocore-version", run.botocore_version)],
        },
        "import-ap": {"href": f"#{plan}"},
        "results": [result],
        "back-matter": {"resources": [_plan(plan, report), *_sources(report)]},
    }


def _observation(one: Finding, key: str, collected: str) -> Json:
    at = program(one)
    props: Mapping[str, str] = {
        "finding": one.id,
        "rule": one.rule,
        "verdict": one.verdict.value,
        "severity": one.severity.word,
        "confidence": one.confidence.value,
        "origin": one.origin.value if one.origin else "",
        "lake": str(one.subject.lake),
        "principal": one.subject.principal or "",
        "urn": one.subject.urn or "",
        "program": str(at or ""),
        "reach": reach_words(one.reach),
        "witness": "" if one.witness is None else witness_words(one.witness),
        "declared": one.declared,
        "live": one.live,
        "last-updated-by": one.updated_by or "",
        "last-updated": one.updated or "",
        "accepted": "" if one.waived is None else waiver_words(one.waived),
    }
    told: Json = {
        "uuid": key,
        "title": _text(subject_words(one.subject)),
        "description": _text(one.message),
        "props": [_prop(name, value) for name, value in props.items() if value.strip()],
        "methods": ["TEST"],
        "types": ["finding"],
        "collected": collected,
        "remarks": _text(f"cause: {one.cause.kind}: {one.cause.what}"),
    }
    if one.evidence:
        told["relevant-evidence"] = [{"description": _text(evidence_words(evidence))} for evidence in one.evidence]
    return told


def _view(report: Report, key: str, collected: str) -> Json:
    """Say what was read, row by row of the ledger, and what was not."""
    evidence = [
        f"{row.account}/{row.region} {row.service}:{row.operation}: {row.calls:,} calls, {row.rows:,} rows, "
        f"{'complete' if row.complete else 'incomplete'}: {row.basis}"
        for row in report.ledger
    ]
    evidence += [f"not seen: {gap_words(gap)}" for gap in report.gaps[:GAPS]]
    if len(report.gaps) > GAPS:
        evidence.append(f"not seen: {len(report.gaps) - GAPS:,} more, all of them in the JSON report")
    told: Json = {
        "uuid": key,
        "title": "The view of the lake",
        "description": _text(completeness(report)),
        "props": [_prop("complete", str(report.complete).lower())],
        "methods": ["EXAMINE"],
        "types": ["control-objective"],
        "collected": collected,
    }
    if evidence:
        told["relevant-evidence"] = [{"description": _text(one)} for one in evidence]
    return told


def _finding(row: Row, keys: Mapping[int, str], view: str, report: Report) -> Json:
    status = {
        Result.SUPPORTED: {"state": "satisfied", "reason": "pass"},
        Result.NOT_SUPPORTED: {"state": "not-satisfied", "reason": "fail"},
        Result.NOT_DETERMINED: {"state": "not-satisfied", "reason": "other"},
    }[row.result]
    apart = f"; {row.accepted:,} accepted apart" if row.accepted else ""
    control = row.control
    return {
        "uuid": _uuid("finding", control.id, report.run.command),
        "title": f"{control.id}: {control.says}",
        "description": f"{row.result.value}: {row.why}{apart}",
        "remarks": WORDS,
        "target": {"type": "objective-id", "target-id": f"{_control(row)}_obj", "status": status},
        "related-observations": [{"observation-uuid": key} for key in (view, *(keys[id(one)] for one in row.findings))],
    }


def _control(row: Row) -> str:
    """Spell a control as NIST's own OSCAL catalog does: ``AC-6(1)`` is ``ac-6.1``."""
    return row.control.id.lower().replace("(", ".").replace(")", "")


def _plan(key: str, report: Report) -> Json:
    return {
        "uuid": key,
        "title": "What is done in an assessment",
        "description": f"There is no plan of its own: `floodline {report.run.command}` compares what the named sources "
        "declare with what the lake allows, by its documentation.",
    }


def _sources(report: Report) -> list[Json]:
    found = []
    sources = (*report.run.declared_sources, *report.run.live_sources)
    for number, source in enumerate(sources):
        told: Json = {
            "uuid": _uuid("source", str(number), source.kind, source.name),
            "title": _text(source.name),
            "props": [_prop("kind", source.kind), *([_prop("stack", source.stack)] if source.stack else [])],
        }
        if source.sha256:
            hashes = [{"algorithm": "SHA-256", "value": _text(source.sha256)}]
            told["rlinks"] = [{"href": quote(printable(source.name), safe="/"), "hashes": hashes}]
        found.append(told)
    return found


def _prop(name: str, value: str) -> Json:
    return {"name": name, "ns": "urn:floodline", "value": _text(value)}


def _token(name: str) -> bool:
    return name.replace("_", "").replace("-", "").isalnum() and name.isascii()


def _text(text: str) -> str:
    """Return text on one line, without blanks at its ends, and never empty."""
    return printable(text).strip() or "-"


def _uuid(*parts: Any) -> str:
    """Name a part of the document by what it is, the same on every run."""
    return str(uuid.uuid5(NAMESPACE, "\n".join(map(ascii, parts))))


FORMAT = Format("oscal", (".oscal.json",), render)
