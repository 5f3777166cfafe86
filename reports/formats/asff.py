"""AWS Security Finding Format, for Security Hub: one ``BatchImportFindings`` request a line, of one account and region.

    while read -r request; do
        aws securityhub batch-import-findings --cli-input-json "$request"
    done < findings.asff.jsonl

Each line is to be sent by the account, and in the region, that its findings name. Limits are those of the API's
documentation: 100 findings a request, 240 KB a finding, a title of 256 and a description of 1,024 characters
(https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_AwsSecurityFinding.html).
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from checks import spelling
from checks.model import Severity, Verdict
from checks.spelling import (
    access_words,
    principal_words,
    printable,
    reach_words,
    shortened,
    subject_words,
    waiver_words,
    witness_words,
    words,
)
from reports.arns import arn
from reports.catalogue import controls, entry
from reports.formats import Format
from reports.moments import stamp
from reports.order import ordered
from reports.place import program
from reports.strict import line
from reports.verdict import completeness, sentence

if TYPE_CHECKING:
    from checks.model import Finding, LakeId, Report
    from checks.spelling import Json

BATCH: Final = 100
REQUIREMENTS: Final = 32
FINDING: Final = 240_000
"""Bytes of one finding."""

LABELS: Final = {
    Severity.INFO: "INFORMATIONAL",
    Severity.LOW: "LOW",
    Severity.MEDIUM: "MEDIUM",
    Severity.HIGH: "HIGH",
    Severity.CRITICAL: "CRITICAL",
}
EXPOSED: Final = "Effects/Data Exposure"
CONFIGURED: Final = "Software and Configuration Checks/AWS Security Best Practices"


def render(report: Report) -> str:
    """Return the requests, ASCII only; nothing where nothing was found in a complete view."""
    of: defaultdict[LakeId, list[Json]] = defaultdict(list)
    if not report.complete:
        for lake in report.lakes:
            of[lake].append(_partial(lake, report))
    for one in ordered(report):
        of[one.subject.lake].append(_finding(one, report))
    return "".join(
        line({"Findings": found[start : start + BATCH]})
        for _, found in sorted(of.items())
        for start in range(0, len(found), BATCH)
    )


def _base(lake: LakeId, report: Report, key: str, severity: Severity, kind: str) -> Json:
    severe = {"Label": LABELS[severity], "Original": severity.word}
    return {
        "SchemaVersion": "2018-10-08",
        "Id": _text(f"floodline/{lake}/{report.run.command}/{key}", 512),
        "ProductArn": _text(
            f"arn:{lake.partition}:securityhub:{lake.region}:{lake.account}:product/{lake.account}/default", 2048
        ),
        "ProductName": "floodline",
        "Region": _text(lake.region, 16),
        "AwsAccountId": lake.account,
        "Types": [kind],
        "CreatedAt": stamp(report.run.started),
        "UpdatedAt": stamp(report.run.finished),
        "Severity": severe,
        "FindingProviderFields": {"Severity": severe, "Types": [kind]},
        "RecordState": "ACTIVE",
    }


def _partial(lake: LakeId, report: Report) -> Json:
    return _base(lake, report, "partial-view", Severity.MEDIUM, CONFIGURED) | {
        "GeneratorId": "floodline/partial-view",
        "Title": "The view of the lake is partial: nobody can say that it is as declared",
        "Description": _text(f"{sentence(report)}. {completeness(report)}", 1024),
        "Resources": [
            {
                "Type": "Other",
                "Id": _text(f"arn:{lake.partition}:glue:{lake.region}:{lake.account}:catalog", 512),
                "Partition": lake.partition,
                "Region": _text(lake.region, 16),
            }
        ],
        "Compliance": {"Status": "NOT_AVAILABLE"},
        "Workflow": {"Status": "NEW"},
    }


def _finding(one: Finding, report: Report) -> Json:
    subject, said = one.subject, entry(one)
    kind = EXPOSED if one.widens else CONFIGURED
    found = _base(subject.lake, report, one.id, one.severity, kind) | {
        "GeneratorId": _text(f"floodline/{one.rule}", 512),
        "Title": _text(f"{one.verdict.value}: {subject_words(subject)}", 256),
        "Description": _text(one.message, 1024),
        "Confidence": 99 if one.confidence.value == "proved" else 60,
        "Resources": [_resource(one)],
        "Compliance": {"Status": _status(one)},
        "Workflow": {"Status": "NEW" if one.waived is None else "SUPPRESSED"},
        "ProductFields": _fields(one, report),
    }
    if related := controls(one, report):
        found["Compliance"]["RelatedRequirements"] = [_text(name, 64) for name in related[:REQUIREMENTS]]
    recommendation = {}
    if fix := one.fix_revoke or one.fix_declare or said.fix:
        recommendation["Text"] = _text(fix, 512)
    if said.source.startswith("https://"):
        recommendation["Url"] = said.source
    if recommendation:
        found["Remediation"] = {"Recommendation": recommendation}
    if one.waived is not None:
        found["Note"] = {
            "Text": _text(waiver_words(one.waived), 512),
            "UpdatedBy": _text(one.waived.owner, 512),
            "UpdatedAt": stamp(report.run.finished),
        }
    return found


def _status(one: Finding) -> str:
    if one.verdict is Verdict.UNKNOWN:
        return "NOT_AVAILABLE"
    return "WARNING" if one.verdict in {Verdict.LATENT, Verdict.POSTURE} or one.severity is Severity.INFO else "FAILED"


def _resource(one: Finding) -> Json:
    subject = one.subject
    details = {
        "subject": words(subject.resource),
        "kind": subject.kind,
        "principal": "" if subject.principal is None else principal_words(subject.principal),
        "gained": "; ".join(map(access_words, one.added)),
        "lost": "; ".join(map(access_words, one.removed)),
        "urn": subject.urn or "",
        "program": str(program(one) or ""),
    }
    return {
        "Type": "Other",
        "Id": _text(arn(subject), 512),
        "Partition": subject.lake.partition,
        "Region": _text(subject.lake.region, 16),
        "Details": {"Other": {key: _text(value, 1024) for key, value in details.items() if value.strip()}},
    }


def _fields(one: Finding, report: Report) -> Json:
    fields = {
        "verdict": one.verdict.value,
        "confidence": one.confidence.value,
        "origin": one.origin.value if one.origin else "",
        "cause": f"{one.cause.kind}: {one.cause.what}",
        "witness": "" if one.witness is None else witness_words(one.witness),
        "reach": reach_words(one.reach),
        "declared": one.declared,
        "live": one.live,
        "lastUpdatedBy": one.updated_by or "",
        "lastUpdated": one.updated or "",
        "evidence": "; ".join(map(spelling.evidence_words, one.evidence)),
        "completeView": str(report.complete).lower(),
        "run": report.run.id,
    }
    return {f"floodline/{key}": _text(value, 1024) for key, value in fields.items() if value.strip()}


def _text(text: str, limit: int) -> str:
    """Return text that is not blank and fits; the limits count characters."""
    return shortened(printable(text), limit) if text.strip() else "-"


FORMAT = Format("asff", (".asff.jsonl", ".asff.json"), render)
