"""What a deployment would do to access, before it runs.

``gate(before, after, touched, live)`` is the one public function. It lets the access engine compare what is declared
before the deployment with what is declared after it, as it compares a declaration with a live lake: what the engine
calls widened there, the deployment itself widens. With a live lake it also says what the deployment takes away that
nobody ever declared, which drift it makes official, which it undoes, and which it leaves standing (``drift``).

What of the deployment cannot be known becomes an ``unknown`` finding with its resource and property, never a pass.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from checks.compare import compare
from checks.gate import words
from checks.gate.drift import drift
from checks.gate.even import even, filled
from checks.gate.facts import each, urn, urns
from checks.gate.risks import Rules, risks
from checks.gate.unknown import possible, unknown
from checks.model import Confidence, Facts, Finding, Gap, Lake, Origin, Severity, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Gated", "Rules", "gate"]

_ROWS = frozenset({"FL101", "FL102", "FL103", "FL104", "FL105", "FL106"})
"""Rules about rows of grants: a new one is new access, also on what nobody declared before."""


@dataclass(frozen=True, slots=True)
class Gated:
    """The findings of one lake, how many subjects are as before, and what neither side could be read of."""

    findings: tuple[Finding, ...]
    equal: int
    gaps: tuple[Gap, ...] = ()


def gate(
    before: Lake, after: Lake, touched: Mapping[str, str], live: Lake | None = None, rules: Rules | None = None
) -> Gated:
    """Judge a deployment of one lake: *before* and *after* it, with the URNs that it touches (URN → operation).

    Deterministic: the same facts in any order give the same findings. A finding's ``declared`` is what was before,
    its ``live`` what will be after. Without *live* every finding's origin is the deployment. With *rules* the risks
    that the deployment declares are told too.
    """
    standing = tuple(gap for gap in before.gaps if gap in after.gaps and gap.source not in touched)
    fresh = tuple(gap for gap in after.gaps if gap not in standing)
    told = {gap.source for gap in fresh}
    # New rows of a grant that could not be read are possible widenings already, and to lose rows opens nothing.
    lost = tuple(
        gap
        for gap in before.gaps
        if gap.source in touched and gap.source not in told and gap.facts is not Facts.GRANTS
    )  # fmt: skip
    old, new = even(before, after, fresh, live)
    compared = compare(old, new, rules.sensitivity if rules is not None else None)
    unread = frozenset(gap.source for gap in before.gaps) - urns(before)
    program = {fact.evidence.urn: fact.evidence for fact in each(after) if urn(fact) in touched}
    found = [
        words.told(_judged(one), touched, program)
        for one in possible(compared.findings, unread)
        if one.cause.kind != "gap"
    ]  # fmt: skip
    found += [unknown(gap, after, touched) for gap in (*fresh, *lost)]
    if live is not None:
        found = drift(found, before, after, old, new, live, touched)
    if rules is not None:
        found += risks(before, filled(before, after, fresh), touched, found, rules)
    unique = {one.id: one for one in found}
    gaps = (*standing, *fresh, *lost, *(live.gaps if live is not None else ()))
    return Gated(tuple(unique.values()), compared.equal, tuple(dict.fromkeys(gaps)))


def _judged(one: Finding) -> Finding:
    """Weigh a difference as a deployment's: more access decides, less access and other facts are only told."""
    if one.verdict is Verdict.UNKNOWN and words.is_less(one):
        one = replace(one, verdict=Verdict.NARROWED, confidence=Confidence.ASSUMED)
    if one.verdict in {Verdict.NARROWED, Verdict.CHANGED}:
        return replace(one, origin=Origin.DEPLOYMENT, severity=Severity.INFO)
    if one.verdict is Verdict.UNMANAGED and not one.exposure:
        if (one.rule in _ROWS or one.added) and one.severity > Severity.INFO:
            return replace(one, origin=Origin.DEPLOYMENT, exposure=True, severity=max(one.severity, Severity.MEDIUM))
        return replace(one, origin=Origin.DEPLOYMENT, severity=Severity.INFO)
    return replace(one, origin=Origin.DEPLOYMENT)
