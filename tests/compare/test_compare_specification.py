"""The engine agrees with the specification on random lakes, and keeps the laws that any comparison must keep."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_lakes import FEATURES, features, grants, lakes, pairs, universe
from small_lakes import ACCOUNT, ANALYST, MARKETING

from checks import normal
from checks.compare import compare
from checks.model import (
    AllTables,
    Database,
    Finding,
    Grant,
    Lake,
    Only,
    Resource,
    SettingRef,
    Table,
    TableColumns,
    TagPolicy,
    Verdict,
)
from checks.specification import FUTURE, Fact, bypassed, facts, powers

PAIRS = int(os.environ.get("FLOODLINE_PAIRS", "2000"))
"""Random pairs of engine and specification in all; ``make soak`` asks for more."""

quiet = settings(deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
some = settings(quiet, max_examples=PAIRS // 10)
EDITED = frozenset({"filter", "expression", "tag"})
"""Causes of findings about facts that moved."""
ACCESS_RULES = {f"FL{number}" for number in (101, 102, 103, 104, 105, 106, 110, 111, 112, 113)}


def exists(fact: Fact, live: Lake, *others: Lake) -> bool:
    """Whether a fact is about something of today: its column may be one that *others* have."""
    on = fact.on
    if not isinstance(on, Table):
        return not (on[-1].endswith(FUTURE) if isinstance(on, tuple) else getattr(on, "name", "").startswith(FUTURE))
    infos = [one.tables[on] for one in (live, *others) if on in one.tables]
    known = {one.name for info in infos for one in (*(info.columns or ()), *info.partition_keys)}
    return on in live.tables and (fact.column is None or fact.column in known)


def gains(found: tuple[Finding, ...]) -> list[Finding]:
    """Keep the findings that say that somebody gained access to what exists."""
    return [
        one
        for one in found
        if one.rule in ACCESS_RULES and one.added and "reaches nothing that exists" not in one.message
    ]


def place(fact: Fact) -> tuple[object, ...]:
    """Say where a fact is as a witness says it."""
    on = fact.on
    if isinstance(on, Table):
        return on.database, on.name, fact.column
    if isinstance(on, tuple):
        return (on[1] if on[0] == "function" else None), None, None
    return (on.name if hasattr(on, "name") else None), None, None


def _seen(finding: Finding) -> tuple[object, ...]:
    seen = finding.witness
    assert seen is not None
    return seen.principal, seen.permission, seen.database, seen.table, seen.column


def agrees(declared: Lake, live: Lake) -> None:
    """Hold one comparison against the specification: no gain or loss is missed or made up, every witness is a gain."""
    whole = universe(declared, live)
    before, after = facts(declared, whole, live), facts(live, whole)
    fresh, now = after - before, {one for one in after if exists(one, live)}
    gained, lost = now - before, {one for one in before if exists(one, live, declared)} - now
    findings = compare(declared, live).findings
    reported = gains(findings)
    assert bool(reported) == bool(gained), sorted(map(str, gained))[:5] or [one.message for one in reported]
    told = {(one.principal, one.permission, *place(one)) for one in gained}
    for finding in reported:
        assert _seen(finding) in told, finding.message
        if finding.cause.kind == "grant":
            # What is new is the permission, or only that it may be passed on: then the message says so.
            lend = finding.message.count("pass that on to others") == 1
            assert (*_seen(finding), lend) in {(one.principal, one.permission, *place(one), one.lend) for one in gained}
    narrower = [one for one in findings if one.verdict is Verdict.NARROWED and one.removed]
    assert bool(narrower) == bool(lost), sorted(map(str, lost))[:5] or [one.message for one in narrower]
    for finding in findings:
        if finding.verdict is Verdict.LATENT:
            assert not finding.added
    later(fresh - gained, findings)
    beside(declared, live, findings)


def later(fresh: frozenset[Fact], findings: tuple[Finding, ...]) -> None:
    """Hold what differs tomorrow only: latent, or told with what differs today.

    What a moved fact would show tomorrow is judged by the fact, not by each holder's other grants.
    """
    latent = [one for one in findings if one.rule == "FL160"]
    moved = [one for one in findings if one.cause.kind in EDITED]
    told = latent or moved or [one for one in findings if one.rule in {*ACCESS_RULES, "FL121"}]
    assert told or not fresh, sorted(map(str, fresh))[:5]
    assert fresh or not [one for one in latent if one.cause.kind not in EDITED], latent[0].message


def beside(declared: Lake, live: Lake, findings: tuple[Finding, ...]) -> None:
    """Hold what stands beside the grants: settings that open more, and who reaches tables past Lake Formation."""
    opened = powers(live) - powers(declared)
    reported = [
        one
        for one in findings
        if one.widens and isinstance(one.subject.resource, SettingRef) and one.subject.resource.database is None
    ]
    assert bool(opened) == bool(reported), sorted(opened) or reported
    past = [
        (who, table)
        for who in (ANALYST, MARKETING)
        for table in live.tables
        if bypassed(live, who, table) and not bypassed(declared, who, table) and table in declared.tables
    ]
    assert not past or any(one.rule in {"FL104", "FL122", "FL123"} and one.widens for one in findings), past


def run(strategy: st.SearchStrategy[tuple[Lake, Lake]], number: int, needed: frozenset[str]) -> None:
    """Hold random pairs against the specification, and the random lakes against what they must exercise."""
    seen: Counter[str] = Counter()

    @settings(quiet, max_examples=number)
    @given(strategy)
    def one(pair: tuple[Lake, Lake]) -> None:
        seen.update(features(*pair))
        agrees(*pair)

    one()
    print(f"{number} pairs:", ", ".join(f"{name} {seen[name]}" for name in sorted(needed)))
    assert PAIRS < 2000 or not sorted(needed - seen.keys())  # fewer, where each of many mutants is tried


# Two tests, so that two workers share them: each has its own random pairs.
def test_the_engine_is_the_specification() -> None:
    run(pairs(), PAIRS * 7 // 10, FEATURES)


def test_the_engine_is_the_specification_on_strangers() -> None:
    run(
        st.tuples(lakes(), lakes()),
        PAIRS * 3 // 10,
        frozenset(one for one in FEATURES if not one.startswith("differs")),
    )


# -------------------------------------------------------------------------------------------------------------- laws
@some
@given(lakes())
def test_a_lake_has_nothing_beyond_itself(one: Lake) -> None:
    assert not compare(one, one).findings


@some
@given(pairs(), grants())
def test_declaring_more_never_adds_a_gain(pair: tuple[Lake, Lake], more: tuple[Grant, ...]) -> None:
    declared, live = pair
    if not gains(compare(declared, live).findings):
        assert not gains(compare(replace(declared, grants=(*declared.grants, *more)), live).findings)


@some
@given(pairs(), grants())
def test_granting_more_never_removes_one(pair: tuple[Lake, Lake], more: tuple[Grant, ...]) -> None:
    declared, live = pair
    if gains(compare(declared, live).findings):
        assert gains(compare(declared, replace(live, grants=(*live.grants, *more))).findings)


@some
@given(pairs(), grants())
def test_granting_more_on_both_sides_adds_nothing(pair: tuple[Lake, Lake], more: tuple[Grant, ...]) -> None:
    """What is declared and live on both sides opens nothing by itself; only a moved fact may."""
    declared, _ = pair
    assert not gains(
        compare(
            replace(declared, grants=(*declared.grants, *more)), replace(declared, grants=(*declared.grants, *more))
        ).findings
    )


@some
@given(pairs(), st.randoms(use_true_random=False))
def test_order_and_duplicates_change_nothing(pair: tuple[Lake, Lake], random: Any) -> None:
    declared, live = pair
    first = compare(declared, live)
    for again in (
        compare(declared, _shuffled(live, random)),
        compare(_shuffled(declared, random), live),
    ):
        assert _told(again.findings) == _told(first.findings)
        assert again.equal == first.equal


def _shuffled(one: Lake, random: Any) -> Lake:
    """Turn every listing round, and list two grants twice, as overlapping pages do."""
    rows = [*one.grants, *list(one.grants)[:2]]
    random.shuffle(rows)

    def turned(facts_of: Mapping[Any, Any]) -> dict[Any, Any]:
        return dict(reversed(list(facts_of.items())))

    return replace(
        one, grants=tuple(rows), tables=turned(one.tables), databases=turned(one.databases),
        assignments=turned(one.assignments), filters=turned(one.filters), locations=turned(one.locations),
        expressions=turned(one.expressions), optins=tuple(reversed(one.optins)),
    )  # fmt: skip


def _told(found: tuple[Finding, ...]) -> dict[str, object]:
    return {one.id: (one.message, one.reach, one.witness, one.severity) for one in found}


@some
@given(pairs())
def test_case_and_pages_change_nothing(pair: tuple[Lake, Lake]) -> None:
    """Names of databases, tables, columns and tags in capitals, and rows in pieces, are the same rows."""
    declared, live = pair
    rows = [row for grant in live.grants for row in _listed(grant)]
    assert _told(compare(declared, replace(live, grants=tuple(rows))).findings) == _told(
        compare(declared, live).findings
    )


def _listed(grant: Grant) -> list[Grant]:
    """Spell a grant as AWS may list it: each permission in a row of its own, names in capitals."""
    wire = _loud(grant.resource)
    if wire is None:
        return [grant]
    on = normal.resource(wire, ACCOUNT)
    return [
        row
        for one in sorted(grant.permissions)
        for row in normal.grant_rows(
            grant.principal, on, [one], [one] if one in grant.grantable else [], grant.condition
        )
    ]


def _loud(resource: Resource) -> dict[str, Any] | None:
    match resource:
        case Table(_, home, name):
            return {"Table": {"DatabaseName": home.upper(), "Name": name.upper()}}
        case AllTables(_, home):
            return {"Table": {"DatabaseName": home.upper(), "TableWildcard": {}}}
        case TableColumns(Table(_, home, name), Only(names)):
            shown = [one.upper() for one in sorted(names, reverse=True)]
            return {"TableWithColumns": {"DatabaseName": home, "Name": name.upper(), "ColumnNames": shown}}
        case Database(_, name):
            return {"Database": {"Name": name.upper()}}
        case TagPolicy(_, kind, expression, None):
            body = [{"TagKey": key.upper(), "TagValues": [one.upper() for one in values]} for key, values in expression]
            return {"LFTagPolicy": {"ResourceType": kind, "Expression": body}}
        case _:
            return None
