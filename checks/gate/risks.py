"""What is risky although declared: the posture rules on what the deployment leaves behind, less what was so before."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from checks.gate import words
from checks.model import Confidence, Origin, Principal, Resource, Verdict
from checks.rules import Chosen, posture
from checks.sensitivity import SHIPPED, Sensitivity

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from checks.model import Finding, Lake


@dataclass(frozen=True, slots=True)
class Rules:
    """The posture rules of a run.

    ``everything`` lists what was risky before as well; ``decides`` is whether ``--fail-on`` names posture: only then is
    a risk that could not be decided an open question.
    """

    chosen: tuple[Chosen, ...]
    sensitivity: Sensitivity = SHIPPED
    everything: bool = False
    decides: bool = False


def risks(
    before: Lake, after: Lake, touched: Mapping[str, str], found: Iterable[Finding], rules: Rules
) -> list[Finding]:
    """Return the risks that the deployment brings, never twice what a widening in *found* already says."""
    said: list[tuple[Principal | None, Resource]] = [
        (one.subject.principal, one.subject.resource)  # type: ignore[misc]
        for one in found
        if one.widens and one.subject.kind == "grant"
    ]
    now = posture(after, rules.chosen, sensitivity=rules.sensitivity, said=said)
    known = frozenset[str]()
    if now and not rules.everything:
        known = frozenset(one.id for one in posture(before, rules.chosen, sensitivity=rules.sensitivity))
    return [_told(one, touched, rules) for one in now if one.id not in known]


def _told(one: Finding, touched: Mapping[str, str], rules: Rules) -> Finding:
    evidence = words.ordered(one.evidence, touched)
    message = f"{one.message}{words.position(evidence[0] if evidence else None)}"
    if one.verdict is Verdict.UNKNOWN and not rules.decides:
        one = replace(one, verdict=Verdict.POSTURE, confidence=Confidence.ASSUMED)
        message = f"could not be decided: {message}"
    return replace(one, origin=Origin.DEPLOYMENT, evidence=evidence, message=message)
