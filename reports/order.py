"""The order in which findings are told, and their counts. Pure; the same report gives the same order on every run."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

from checks.model import Severity, Verdict
from checks.spelling import resource

if TYPE_CHECKING:
    from checks.model import Finding, Report

RANK = {verdict: rank for rank, verdict in enumerate(Verdict)}
"""Verdicts from the worst to the mildest, as the nouns list them."""

SUMMARY = ("equal", "widened", "narrowed", "unmanaged", "changed", "unknown", "latent", "posture", "waived")
"""The counts that every report has, in the order of its schema."""


def key(finding: Finding) -> tuple[int, int, str, str, str, str, str, str]:
    """Sort key: severity (worst first), then verdict, then subject; the id last, so that no two are equal."""
    subject = finding.subject
    return (
        -int(finding.severity),
        RANK[finding.verdict],
        subject.lake.account,
        subject.lake.region,
        subject.kind,
        json.dumps(resource(subject.resource), sort_keys=True),
        subject.principal or "",
        finding.id,
    )


def ordered(report: Report) -> tuple[Finding, ...]:
    """Return the findings in the order of the contract, whatever order they came in."""
    return tuple(sorted(report.findings, key=key))


def standing(report: Report) -> tuple[Finding, ...]:
    """Return the ordered findings that no waiver covers; for readers, what differs before what is merely risky."""
    found = [finding for finding in ordered(report) if finding.waived is None]
    return tuple(sorted(found, key=lambda finding: finding.verdict is Verdict.POSTURE))


def summary(report: Report) -> dict[str, int]:
    """Return the counts, each known one present, others after them by name."""
    known = {name: report.summary.get(name, 0) for name in SUMMARY}
    return known | {name: report.summary[name] for name in sorted(report.summary) if name not in known}


def severities(report: Report) -> dict[Severity, int]:
    """Return the number of standing findings of each severity, worst first, zeros too."""
    found = Counter(finding.severity for finding in report.findings if finding.waived is None)
    return {severity: found[severity] for severity in sorted(Severity, reverse=True)}
