"""Judging tag grants as sets of tables gives just what judging them table by table does."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_lakes import pairs
from small_lakes import ACCOUNT, ANALYST, all_tables, column, give, lake, table, tagged, whole

from checks.compare.cells import beyond_others
from checks.compare.difference import Difference
from checks.compare.sides import Sides
from checks.compare.spans import Cells, Tables, bits_of, numbers
from checks.grants import atoms, differences
from checks.model import AllTables, Grant, Lake, Table, TagPolicy
from checks.semantics import FUTURE
from checks.view import access

quiet = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


def broad(grant: Grant) -> bool:
    on = grant.resource
    return isinstance(on, AllTables) or (isinstance(on, TagPolicy) and on.resource_type == "TABLE")


def gained(sides: Sides, found: Difference) -> dict[str, Any]:
    """Spell a difference out."""
    return {
        "plain": found.plain,
        "where": dict(found.where),
        "select": {
            flag: {one: frozenset(names) - {FUTURE} for one, names in cells.items()}
            for flag, cells in found.select.items()
        },
        "tables": set(found.tables),
        "count": found.cells.count(),
        "future": found.future,
        "reach": sides.reach([found.principal], found.cells),
    }


def both(sides: Sides, grant: Grant, tables: Iterable[Table]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Judge one live grant as sets, what is left one by one, and all of it one by one."""
    assert grant.principal is not None
    judge, wanted = sides.breadth, atoms(grant)
    declared = ((sides.index_declared, judge.live), (sides.index_declared, judge.declared))

    def one_by_one(found: Difference, some: Iterable[Table]) -> None:
        for each in some:
            own = access(sides.index_live, sides.view_live, grant.principal, each, only=grant)  # type: ignore[arg-type]
            others = [
                access(sides.index_declared, view, grant.principal, each, condition=grant.condition)  # type: ignore[arg-type]
                for view in (sides.view_live, sides.view_declared)
            ]
            if sides.view_live.columns(each) is None:
                found.blank.add(each)
            found.take(each, *beyond_others(own, wanted, others, sides.view_live.types(each)))

    quick, slow = (Difference(sides.register, grant.principal, grant.resource) for _ in range(2))
    sets = judge.beyond(grant, wanted, declared, maybe=False)
    quick.take_broad(sets)
    one_by_one(quick, sides.register.named(sets.rest))
    one_by_one(slow, tables)
    return gained(sides, quick), gained(sides, slow)


@quiet
@given(pairs())
def test_sets_of_tables_are_judged_as_each_table_is(pair: tuple[Lake, Lake]) -> None:
    sides = Sides(*pair)
    for grant, _ in differences(sides.index_live, sides.index_declared):
        if broad(grant) and grant.principal is not None:
            quick, slow = both(sides, grant, list(sides.tables()))
            assert quick == slow, grant


@quiet
@given(pairs())
def test_layers_of_tags_mean_what_a_policy_means_on_each_table(pair: tuple[Lake, Lake]) -> None:
    sides = Sides(*pair)
    judge, register = sides.breadth, sides.register
    for view, side in ((sides.view_declared, judge.declared), (sides.view_live, judge.live)):
        for policy in {*sides.index_declared.granted_policies(), *sides.index_live.granted_policies()}:
            if policy.resource_type != "TABLE":
                continue
            body = view.expression(policy)
            met = {
                one: view.match(body, one)
                for one in register.tables
                if body is not None and one.catalog == policy.catalog
            }
            full, some = judge.means(side, policy)
            assert {*register.named(full)} == {one for one, match in met.items() if match and match.columns is None}
            assert {*register.named(some)} == {one for one, match in met.items() if match}


@quiet
@given(pairs())
def test_access_is_the_same_whether_policies_are_sorted_or_not(pair: tuple[Lake, Lake]) -> None:
    sides = Sides(*pair)
    views = sides.view_declared, sides.view_live
    cases = [(view, who, one) for view in views for who in sides.people for one in sides.tables()]

    def found() -> list[Any]:
        return [
            access(index, view, who, one)
            for view, who, one in cases
            for index in (sides.index_declared, sides.index_live)
        ]

    slow = found()
    assert sides.breadth
    assert all(view.sorter is not None for view in views)
    assert found() == slow


@quiet
@given(pairs(), st.data())
def test_the_most_telling_cell_is_the_least_of_all(pair: tuple[Lake, Lake], data: st.DataObject) -> None:
    register = Sides(*pair).register
    cells = Cells(register)
    for one in register.tables:
        if data.draw(st.booleans()):
            cells.add(one, data.draw(st.sets(st.sampled_from(sorted(register.every(one))), min_size=1)))
        elif data.draw(st.booleans()):
            cells.whole |= register.bits([one])
    if not cells:
        return

    def rank(cell: tuple[Table, str]) -> tuple[object, ...]:
        where, name = cell
        hot, partitions = register.sensitive(where, frozenset({name})), register.partitions(where)
        return not hot, name in partitions, where.database, where.name, name, where.catalog

    told = [(one, frozenset(columns) - {FUTURE} or columns) for one, columns in cells.items()]
    assert cells.best() == min(((one, name) for one, columns in told for name in columns), key=rank)


def test_what_is_left_to_be_judged_one_by_one_is_what_another_grant_names() -> None:
    declared = lake(
        [give(ANALYST, "SELECT", table("sales.b"))], tables=[whole("sales.a"), whole("sales.b"), whole("hr.c")]
    )
    live = lake(
        [give(ANALYST, "SELECT", table("sales.b")), give(ANALYST, "SELECT INSERT", all_tables("sales"))],
        tables=[whole("sales.a"), whole("sales.b"), whole("hr.c")],
    )
    sides = Sides(declared, live)
    grant = next(one for one in sides.index_live if isinstance(one.resource, AllTables))
    sets = sides.breadth.beyond(grant, atoms(grant), ((sides.index_declared, sides.breadth.live),), maybe=False)
    assert [*sides.register.named(sets.rest)] == [table("sales.b")]
    assert {atom: [*sides.register.named(bits)] for atom, bits in sets.whole.items()} == {
        ("SELECT", False): [table("sales.a")],
        ("INSERT", False): [table("sales.a")],
    }
    assert sets.some == []


def test_a_table_with_tagged_columns_is_judged_by_them() -> None:
    tags: dict[Any, Any] = {table("sales.a"): {"pii": "no"}, column("sales.a", "ssn"): {"pii": "yes"}}
    live = lake([give(ANALYST, "SELECT", tagged(pii="no"))], tables=[whole("sales.a")], tags=tags)
    sides = Sides(lake(tables=[whole("sales.a")], tags=tags), live)
    (grant,) = sides.index_live
    sets = sides.breadth.beyond(grant, atoms(grant), (), maybe=False)
    ((where, flag, columns),) = sets.some
    assert (where, flag) == (table("sales.a"), False)
    assert {"id", "email", FUTURE} <= columns
    assert "ssn" not in columns
    assert not sets.whole


# ---------------------------------------------------------------------------------------------------------------- sets
@given(st.sets(st.integers(0, 300)))
def test_bits_are_sets(members: set[int]) -> None:
    assert list(numbers(bits_of(members, 301))) == sorted(members)


@pytest.fixture
def sides() -> Sides:
    names = ["sales.a", "sales.b", "hr.a"]
    tags: dict[Any, Any] = {column("sales.b", "ssn"): {"sensitivity": "restricted"}}
    tables = [whole(name) for name in names]
    return Sides(lake(tables=tables, tags=tags), lake(tables=tables, tags=tags))


def test_cells_are_counted_subtracted_and_told_whether_whole_or_spelt(sides: Sides) -> None:
    register = sides.register
    every = Cells(register, whole=register.bits(sides.tables()))
    spelt = Cells(register, {one: {*register.every(one)} for one in sides.tables()})
    assert every.count() == spelt.count()
    assert every.count()[1] == 1, "one sensitive column"
    assert every.best() == spelt.best() == (table("sales.b"), "ssn")
    assert len(every) == len(spelt) == len(Cells(register, dict(spelt.some), every.whole)) == 3
    assert not every - every
    assert not every - spelt
    assert not spelt - every
    some = Cells(register, {table("sales.a"): {"id"}})
    rest = every - some
    assert dict(rest.items())[table("sales.a")] == register.every(table("sales.a")) - {"id"}
    assert dict(rest.items())[table("hr.a")] == register.every(table("hr.a"))
    assert table("sales.a") in every
    assert Table(ACCOUNT, "sales", "nowhere") not in every
    assert dict(some.joined({table("sales.a"): {"ssn"}}).items()) == {table("sales.a"): {"id", "ssn"}}


def test_tables_count_once_whether_named_or_not(sides: Sides) -> None:
    register = sides.register
    nowhere = Table(ACCOUNT, "sales", "nowhere")
    found = Tables(register, {table("hr.a"), nowhere}, register.bits([table("hr.a"), table("sales.a")]))
    assert len(found) == 3
    assert set(found) == {table("hr.a"), table("sales.a"), nowhere}
    assert found.first() == table("hr.a")
    assert nowhere in found
    assert table("sales.b") not in found
