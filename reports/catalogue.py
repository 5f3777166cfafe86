"""What the ids of findings mean: drift, posture and whatever else ``floodline explain`` documents. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from checks import rules
from checks.drift import KINDS
from checks.waivers import KINDS as WAIVERS
from reports.controls import of_rule
from reports.order import ordered

if TYPE_CHECKING:
    from checks.model import Finding, Report, Severity


@dataclass(frozen=True, slots=True)
class Entry:
    """One id: its name, usual severity, meaning, remedy and source (an address, or empty)."""

    id: str
    name: str
    severity: Severity
    what: str
    fix: str
    source: str


@cache
def _known() -> dict[str, Entry]:
    kinds = (*KINDS.values(), *WAIVERS.values())
    drift = {one.id: Entry(one.id, one.name, one.severity, one.what, one.fix, one.source) for one in kinds}
    posture = {one.id: Entry(one.id, one.name, one.severity, one.what, one.fix, one.source) for one in rules.discover()}
    return drift | posture


def entry(finding: Finding) -> Entry:
    """Return what is documented of a finding's rule; of a rule that nobody documented, what the finding says."""
    known = _known().get(finding.rule)
    return known or Entry(finding.rule, finding.name, finding.severity, finding.name, "", "")


def entries(report: Report) -> dict[str, Entry]:
    """Return the rules that the report's findings name, by id; the severity is the worst of the usual and the found."""
    found: dict[str, Entry] = {}
    for one in reversed(ordered(report)):
        said = entry(one)
        worst = max(said.severity, one.severity, *([found[one.rule].severity] if one.rule in found else []))
        found[one.rule] = Entry(said.id, said.name, worst, said.what, said.fix, said.source)
    return dict(sorted(found.items()))


def controls(finding: Finding, report: Report) -> list[str]:
    """Return the controls that a finding bears on (``nist-800-53 AC-6``), of the frameworks that the report shows."""
    return [f"{one.framework} {one.id}" for one in of_rule(finding.rule, tuple(report.frameworks))]
