"""One fact moves under many grants: what is told of it is what the specification says that it gives and takes, exactly.

No grant differs. Then one finding tells all that is gained, and one all that is lost: by how many principals, on how
many tables, of how many columns, which permissions, and which of them may be passed on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import pytest
from dense_lakes import MOVES, base, held
from random_lakes import universe
from small_lakes import EVERYBODY_HERE, STRANGERS
from test_compare_specification import exists

from checks.compare import compare
from checks.model import Finding, Lake, Table, Verdict
from checks.principals import is_many
from checks.specification import FILES, Fact, facts

GROUPS = {"people": (), "people and groups": (EVERYBODY_HERE, STRANGERS)}
Told = tuple[int | None, int, int, list[tuple[str, bool]]]
"""Principals (None for many), tables, columns, and permissions with whether some of it may be passed on."""


def told(finding: Finding) -> Told:
    pieces = [(str(one.permission), one.grantable) for one in finding.added or finding.removed]
    far = finding.reach
    return far.principals, far.tables, far.columns, sorted(one for one in pieces if one[0] != "DESCRIBE")


def expected(some: frozenset[Fact], lake: Lake, *, gain: bool) -> Told:
    """Say what facts amount to as a finding does; whoever gains the files of a table reads every column."""
    people = {one.principal for one in some}
    tables = {one.on for one in some if isinstance(one.on, Table)}
    cells = {(one.on, one.column) for one in some if one.permission == "SELECT"}
    writes = {one.on for one in some if one.permission in ("INSERT", "DELETE") and not one.lend} if gain else set()
    cells |= {(one, name) for one in tables & writes for name in every(lake, one)}
    inside = [one for one in lake.tables if any(fact.on == one.parent for fact in some)]
    lent = {one.permission for one in some if one.lend}
    names = {one.permission for one in some} - {"DESCRIBE", FILES}
    many = any(map(is_many, people))
    return None if many else len(people), len(tables or inside), len(cells), sorted((one, one in lent) for one in names)


def every(lake: Lake, table: Table) -> Iterator[str]:
    info = lake.tables[table]
    yield from (one.name for one in (*(info.columns or ()), *info.partition_keys))


@cache
def declaration(groups: str) -> Lake:
    return base(held(len(groups), *GROUPS[groups]))


@pytest.mark.parametrize("groups", GROUPS)
@pytest.mark.parametrize("move", MOVES)
def test_one_fact_is_told_of_exactly_what_it_gives_and_takes(move: str, groups: str) -> None:
    one, other = declaration(groups), MOVES[move](declaration(groups))
    today = replace(universe(one, other), retagged=())
    either = {
        id(side): frozenset(fact for fact in facts(side, today) if exists(fact, one, other)) for side in (one, other)
    }
    for declared, live in ((one, other), (other, one)):
        before, after = either[id(declared)], either[id(live)]
        found = compare(declared, live).findings
        gained = frozenset(fact for fact in after - before if exists(fact, live))
        for verdict, some, gain in ((Verdict.WIDENED, gained, True), (Verdict.NARROWED, before - after, False)):
            wanted = [expected(some, live, gain=gain)] if some else []
            assert [told(one) for one in found if one.verdict is verdict] == wanted, [one.message for one in found]
