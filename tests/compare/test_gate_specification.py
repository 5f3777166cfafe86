"""The gate widens exactly where the specification of access finds new facts between before and after a deployment."""

from __future__ import annotations

import os
import re
from collections import Counter

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_lakes import features, lakes, pairs, universe
from small_lakes import ANALYST, MARKETING

from checks.gate import Gated, gate
from checks.model import Finding, Lake, Origin, SettingRef, Severity, Table, Verdict
from checks.specification import FUTURE, Fact, bypassed, facts, powers

PAIRS = int(os.environ.get("FLOODLINE_DEPLOYMENTS", "600"))
"""Random deployments; ``make soak`` asks for more."""

ROWS = {f"FL{number}" for number in (101, 102, 103, 104, 105, 106)}
ACCESS = ROWS | {"FL110", "FL111", "FL112", "FL113"}
BESIDE = {"FL104", "FL122", "FL123"}
LATER = {"FL121"}
WORDS = re.compile(r"\b(un)?declare[ds]?\b|\blive\b|\bno stack\b")
"""Words of a comparison with a live lake, which a deployment has no use for."""


def exists(fact: Fact, after: Lake) -> bool:
    """Whether a fact is about something that the deployment leaves behind, and not about what may come."""
    on = fact.on
    if not isinstance(on, Table):
        return not (on[-1].endswith(FUTURE) if isinstance(on, tuple) else getattr(on, "name", "").startswith(FUTURE))
    info = after.tables.get(on)
    known = {one.name for one in (*(info.columns or ()), *info.partition_keys)} if info else set()
    return info is not None and (fact.column is None or fact.column in known)


def judged(before: Lake, after: Lake) -> Gated:
    """Judge a deployment, and hold what every finding of one must be."""
    found = gate(before, after, {})
    for one in found.findings:
        assert one.origin is Origin.DEPLOYMENT
        if one.verdict in {Verdict.NARROWED, Verdict.CHANGED}:
            assert one.severity is Severity.INFO, one.message
        if one.verdict is Verdict.UNMANAGED:
            assert one.exposure or one.severity is Severity.INFO, one.message
        assert one.verdict is Verdict.UNKNOWN or not WORDS.search(one.message), one.message
    return found


def agrees(before: Lake, after: Lake) -> None:
    whole = universe(before, after)
    then, now = facts(before, whole, after), facts(after, whole)
    fresh = now - then
    gained = {one for one in fresh if exists(one, after)}
    found = judged(before, after).findings
    widened = [one for one in found if one.widens]
    access = [one for one in widened if one.rule in ACCESS]
    assert bool(gained) <= bool(access), sorted(map(str, gained))[:5]
    # A new row that reaches nothing of today is new access too: to whatever comes.
    assert bool(access) <= bool(fresh), [one.message for one in access]
    only_later = [one for one in access if not gained and not _reaches_nothing(one)]
    assert not only_later, only_later[0].message
    opened = powers(after) - powers(before)
    set_wider = [
        one for one in widened if isinstance(one.subject.resource, SettingRef) and not one.subject.resource.database
    ]
    assert bool(opened) == bool(set_wider), (sorted(opened), [one.message for one in set_wider])
    past = {
        (who, table)
        for who in (ANALYST, MARKETING)
        for table in before.tables
        if table in after.tables and bypassed(after, who, table) and not bypassed(before, who, table)
    }
    assert not past or any(one.rule in BESIDE for one in widened), past
    if not fresh and not opened and not past:
        assert not [one for one in widened if one.rule not in BESIDE | LATER], [one.message for one in widened]


def _reaches_nothing(one: Finding) -> bool:
    return one.rule in ROWS and "reaches nothing that exists" in one.message


def run(strategy: st.SearchStrategy[tuple[Lake, Lake]], number: int) -> Counter[str]:
    seen: Counter[str] = Counter()

    @settings(deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, max_examples=number)
    @given(strategy)
    def one(pair: tuple[Lake, Lake]) -> None:
        seen.update(features(*pair))
        agrees(*pair)

    one()
    return seen


def test_the_gate_widens_where_there_are_new_facts() -> None:
    seen = run(pairs(), PAIRS * 7 // 10)
    assert seen["differs: nothing"] < PAIRS // 2


def test_the_gate_judges_deployments_that_change_everything() -> None:
    run(st.tuples(lakes(), lakes()), PAIRS * 3 // 10)


@settings(deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, max_examples=PAIRS // 10)
@given(lakes())
def test_a_deployment_that_changes_nothing_says_nothing(one: Lake) -> None:
    assert not judged(one, one).findings
