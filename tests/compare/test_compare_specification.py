"""The engine agrees with the specification on random lakes, and keeps the laws that any comparison must keep."""

from __future__ import annotations

import os
from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_lakes import grants, lakes, pairs, universe

from checks.compare import compare
from checks.model import Finding, Grant, Lake, Table, Verdict
from checks.specification import FUTURE, Fact, facts

PAIRS = int(os.environ.get("FLOODLINE_PAIRS", "1000"))
"""Random pairs per property; ``make soak`` asks for more."""

many = settings(max_examples=PAIRS, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
ACCESS_RULES = {f"FL{number}" for number in (101, 102, 103, 104, 105, 106, 110, 111, 112, 113)}


def today(found: frozenset[Fact], live: Lake) -> frozenset[Fact]:
    """Keep what is about things that exist."""
    known = {
        table: {one.name for one in (*(info.columns or ()), *info.partition_keys)}
        for table, info in live.tables.items()
    }
    kept = set()
    for one in found:
        table = None if one.table is None else Table(one.database.catalog, one.database.name, one.table)
        if FUTURE in {one.table, one.column} or (table is not None and table not in known):
            continue
        if table is not None and one.column is not None and one.column not in known[table]:
            continue
        kept.add(one)
    return frozenset(kept)


def gained_and_lost(declared: Lake, live: Lake) -> tuple[frozenset[Fact], frozenset[Fact]]:
    whole = universe(declared, live)
    before, after = facts(declared, live, whole, named=True), facts(live, declared, whole, named=False)
    return today(after - before, live), today(before - after, live)


def gains(found: tuple[Finding, ...]) -> list[Finding]:
    """Keep the findings that say that somebody gained access to what exists."""
    return [one for one in found if one.rule in ACCESS_RULES and one.added and one.reach.tables]


def agrees(declared: Lake, live: Lake) -> None:
    """Hold one comparison against the specification: no gain or loss is missed or made up, every witness is a gain."""
    gained, lost = gained_and_lost(declared, live)
    findings = compare(declared, live).findings
    reported = gains(findings)
    assert bool(reported) == bool(gained), sorted(map(str, gained))[:5] or [one.message for one in reported]
    told = {(one.principal, one.permission, one.database.name, one.table, one.column) for one in gained}
    for finding in reported:
        seen = finding.witness
        assert seen is not None
        assert (seen.principal, seen.permission, seen.database, seen.table, seen.column) in told, finding.message
    narrower = [one for one in findings if one.verdict is Verdict.NARROWED and one.removed]
    assert bool(narrower) == bool(lost), sorted(map(str, lost))[:5] or [one.message for one in narrower]
    for finding in findings:
        if finding.verdict is Verdict.LATENT:
            assert not finding.added


# Two tests, so that two workers share them: each has its own random pairs.
@many
@given(pairs())
def test_the_engine_is_the_specification(pair: tuple[Lake, Lake]) -> None:
    agrees(*pair)


@many
@given(lakes(), lakes())
def test_the_engine_is_the_specification_on_strangers(declared: Lake, live: Lake) -> None:
    agrees(declared, live)


@settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(lakes())
def test_a_lake_has_nothing_beyond_itself(one: Lake) -> None:
    assert [found.rule for found in compare(one, one).findings if found.rule != "FL126"] == []


@settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(pairs(), grants())
def test_declaring_more_never_adds_a_gain(pair: tuple[Lake, Lake], more: tuple[Grant, ...]) -> None:
    declared, live = pair
    if not gains(compare(declared, live).findings):
        assert not gains(compare(replace(declared, grants=(*declared.grants, *more)), live).findings)


@settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(pairs(), grants())
def test_granting_more_never_removes_one(pair: tuple[Lake, Lake], more: tuple[Grant, ...]) -> None:
    declared, live = pair
    if gains(compare(declared, live).findings):
        assert gains(compare(declared, replace(live, grants=(*live.grants, *more))).findings)


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(pairs(), st.randoms(use_true_random=False))
def test_order_and_duplicates_change_nothing(pair: tuple[Lake, Lake], random: object) -> None:
    declared, live = pair
    shuffled = [*live.grants, *live.grants[:2]]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    again = replace(
        live, grants=tuple(shuffled), tables=dict(reversed(list(live.tables.items()))),
        assignments=dict(reversed(list(live.assignments.items()))),
    )  # fmt: skip
    first, second = compare(declared, live), compare(declared, again)
    assert {one.id: (one.message, one.reach, one.witness) for one in first.findings} == {
        one.id: (one.message, one.reach, one.witness) for one in second.findings
    }
    assert first.equal == second.equal
