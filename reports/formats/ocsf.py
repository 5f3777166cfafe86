"""OCSF 1.6, one JSON event a line: for security data lakes and SIEMs.

The first event is a Compliance Finding (class 2003) about the view itself: it passes only if the whole lake was read.
Then each finding is an IAM Analysis Finding (class 2008): who gained what on which resource. ``finding_info.uid`` is
the finding's own id, so that a later run updates it. What OCSF has no word for stands under ``unmapped``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from checks import spelling
from checks.model import Confidence, Severity, Verdict
from checks.spelling import access_words, principal_words, reach_words, shortened, waiver_words, words
from reports.arns import arn
from reports.catalogue import controls, entry
from reports.formats import Format
from reports.moments import milliseconds
from reports.order import ordered
from reports.strict import line
from reports.verdict import completeness, gap_words, sentence

if TYPE_CHECKING:
    from checks.model import Finding, Report
    from checks.spelling import Json

VERSION: Final = "1.6.0"
GAPS: Final = 100
SEVERITIES: Final = {
    Severity.INFO: (1, "Informational"),
    Severity.LOW: (2, "Low"),
    Severity.MEDIUM: (3, "Medium"),
    Severity.HIGH: (4, "High"),
    Severity.CRITICAL: (5, "Critical"),
}


def render(report: Report) -> str:
    """Return the events, ASCII only."""
    events = [_view(report), *(_finding(one, report) for one in ordered(report))]
    return "".join(map(line, events))


def _base(report: Report, class_uid: int, class_name: str, severity: Severity) -> Json:
    number, word = SEVERITIES[severity]
    return {
        "activity_id": 1,
        "activity_name": "Create",
        "category_uid": 2,
        "category_name": "Findings",
        "class_uid": class_uid,
        "class_name": class_name,
        "type_uid": class_uid * 100 + 1,
        "type_name": f"{class_name}: Create",
        "time": milliseconds(report.run.finished),
        "severity_id": number,
        "severity": word,
        "metadata": {
            "version": VERSION,
            "product": {"name": "floodline", "vendor_name": "floodline", "version": report.run.tool_version},
            "correlation_uid": report.run.id,
            "profiles": ["cloud"],
        },
    }


def _view(report: Report) -> Json:
    """Say whether the lake was read as a whole, also where nothing was found."""
    word = "Pass" if report.complete else "Fail"
    event = _base(report, 2003, "Compliance Finding", Severity.INFO if report.complete else Severity.MEDIUM)
    return event | {
        "message": sentence(report),
        "status_id": 1,
        "status": "New",
        "finding_info": {
            "uid": f"floodline-view-{report.run.command}",
            "title": "The view of the lake is complete" if report.complete else "The view of the lake is partial",
            "desc": completeness(report),
            "types": ["view"],
        },
        "compliance": {
            "control": "complete view",
            "standards": ["floodline"],
            "status_id": 1 if report.complete else 3,
            "status": word,
            "status_details": [gap_words(gap) for gap in report.gaps[:GAPS]],
        },
        "resources": [
            {
                "uid": f"arn:{lake.partition}:glue:{lake.region}:{lake.account}:catalog",
                "type": "AWS Lake Formation",
                "cloud_partition": lake.partition,
                "region": lake.region,
                "owner": {"account": {"uid": lake.account, "type_id": 10, "type": "AWS Account"}},
            }
            for lake in report.lakes
        ],
        "cloud": {"provider": "AWS"},
        "unmapped": {
            "complete": report.complete,
            "verdict": report.verdict,
            "exit_code": int(report.exit_code),
            "summary": dict(sorted(report.summary.items())),
            "gaps": len(report.gaps),
        },
    }


def _finding(one: Finding, report: Report) -> Json:
    subject, known, said = one.subject, spelling.finding(one), entry(one)
    lake = subject.lake
    account = {"uid": lake.account, "type_id": 10, "type": "AWS Account"}
    waived = one.waived is not None
    proved = one.confidence is Confidence.PROVED
    event = _base(report, 2008, "IAM Analysis Finding", one.severity) | {
        "message": one.message,
        "status_id": 3 if waived else 1,
        "status": "Suppressed" if waived else "New",
        "confidence_id": 3 if proved else 2,
        "confidence": "High" if proved else "Medium",
        "finding_info": {
            "uid": one.id,
            "title": shortened(f"{one.verdict.value}: {spelling.subject_words(subject)}", 256),
            "desc": one.message,
            "types": [one.verdict.value],
            "analytic": {"type_id": 1, "type": "Rule", "uid": one.rule, "name": one.name, "desc": said.what},
            "data_sources": sorted({evidence.source.value for evidence in one.evidence}),
        },
        "resources": [
            {
                "uid": arn(subject),
                "name": words(subject.resource),
                "type": f"AWS Lake Formation {known['subject']['resource']['kind']}",
                "cloud_partition": lake.partition,
                "region": lake.region,
                "owner": {"account": account},
            }
        ],
        "cloud": {"provider": "AWS", "region": lake.region, "account": account},
        "access_analysis_result": {
            "accessors": [_accessor(one)],
            "access_level": ", ".join(sorted({str(access.permission) for access in one.added})) or "none gained",
            "access_type": "widening" if one.widens else one.verdict.value,
            "granted_privileges": [access_words(access) for access in one.added],
        },
        "unmapped": {
            key: known[key]
            for key in (
                *(
                    "verdict",
                    "exposure",
                    "latent",
                    "origin",
                    "waived",
                    "subject",
                    "added",
                    "removed",
                    "witness",
                    "reach",
                ),
                *("cause", "attribution", "declared", "live", "evidence", "fix"),
            )
        },
    }
    event["unmapped"]["controls"] = controls(one, report)
    if waived and one.waived is not None:
        event["comment"] = waiver_words(one.waived)
    if fix := " / ".join(filter(None, (one.fix_revoke, one.fix_declare))) or said.fix:
        event["remediation"] = {"desc": fix, "references": [said.source] if said.source.startswith("https://") else []}
    if one.verdict is Verdict.UNKNOWN:
        event["status_detail"] = "could not be observed or decided"
    return event


def _accessor(one: Finding) -> Json:
    """Return who gained (or lost) access: a principal, or how many."""
    principal = one.subject.principal
    if principal is None:
        witness = one.witness.principal if one.witness else None
        known = {} if witness is None else {"uid": str(witness)}
        return known | {"name": reach_words(one.reach).partition(",")[0], "type_id": 0, "type": "Unknown"}
    return {"uid": str(principal), "name": principal_words(principal), "type_id": 0, "type": "Unknown"}


FORMAT = Format("ocsf", (".ocsf.jsonl", ".ocsf.json"), render)
