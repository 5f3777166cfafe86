"""Packed grants say what the grants that went in say, whatever their order and however they are cut into rows."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.grants import BY_KIND, TARGETED, UNFILTERED, Grants, Pool, Row, Subjects, atoms, differences, matched
from checks.model import (
    AllExcept,
    AllTables,
    AnyResource,
    Catalog,
    Database,
    DataCellsFilter,
    DataLocation,
    Grant,
    LFTag,
    Only,
    Permission,
    Principal,
    Resource,
    Table,
    TableColumns,
    TagPolicy,
)
from checks.semantics import expand, subject_of, table_of

ACCOUNT = "111122223333"
PEOPLE = [Principal(f"arn:aws:iam::{ACCOUNT}:role/{name}") for name in ("a", "b", "c")]
TABLES = [Table(ACCOUNT, "sales", "orders"), Table(ACCOUNT, "sales", "items"), Table(ACCOUNT, "hr", "orders")]
RESOURCES: list[Resource] = [
    *TABLES,
    *(TableColumns(one, Only(frozenset({"id", name}))) for one in TABLES for name in ("ssn", "é\u2028")),
    *(TableColumns(one, AllExcept(frozenset({"ssn"}))) for one in TABLES),
    *(DataCellsFilter(one, name) for one in TABLES for name in ("eu", "EU", "\ud800")),
    AllTables(ACCOUNT, "sales"),
    Database(ACCOUNT, "sales"),
    Catalog(ACCOUNT),
    AnyResource(ACCOUNT, "TABLE"),
    DataLocation(ACCOUNT, "arn:aws:s3:::lake"),
    LFTag(ACCOUNT, "pii", frozenset({"yes"})),
    TagPolicy(ACCOUNT, "TABLE", (("pii", frozenset({"no"})),)),
    TagPolicy(ACCOUNT, "DATABASE", (("pii", frozenset({"no"})),)),
]
NAMES = [Permission(name) for name in ("SELECT", "INSERT", "DESCRIBE", "ALL", "FLY")]


@st.composite
def rows(draw: st.DrawFn) -> Grant:
    held = draw(st.frozensets(st.sampled_from(NAMES), min_size=1))
    lent = draw(st.frozensets(st.sampled_from(sorted(held))))
    who = draw(st.sampled_from([*PEOPLE, None]))
    condition = draw(st.sampled_from([None, None, None, "context.x == 1", "context.x == 2"]))
    return Grant(who, draw(st.sampled_from(RESOURCES)), held, lent, condition)


many = st.lists(rows(), max_size=30)
Said = dict[tuple[Principal | None, str | None, Resource], set[tuple[Permission, bool]]]


def said(grants: Iterable[Grant]) -> Said:
    """Say slowly what grants say together."""
    found: Said = defaultdict(set)
    for one in grants:
        held, lent = expand(one.permissions, one.resource), expand(one.grantable, one.resource)
        found[one.principal, one.condition, one.resource] |= {(name, False) for name in held | lent}
        found[one.principal, one.condition, one.resource] |= {(name, True) for name in lent}
    return found


@given(many)
def test_packed_grants_say_what_the_rows_say(some: list[Grant]) -> None:
    packed = Grants.packed(some)
    assert {(one.principal, one.condition, one.resource): atoms(one) for one in packed} == said(some)
    assert len(packed) == len(said(some))
    assert all(one in packed for one in packed)
    assert set(packed.principals()) == {one.principal for one in some} - {None}
    assert Grants.packed(packed) is packed
    assert Grants.packed(packed, Pool()) == packed


@given(many)
def test_look_ups_find_what_a_walk_over_all_rows_finds(some: list[Grant]) -> None:
    packed = Grants.packed(some)
    rows = list(packed)
    for who in (*PEOPLE, None):
        assert _same(packed.of(who), (one for one in rows if one.principal == who))
    for who in PEOPLE:
        mine = [one for one in rows if one.principal == who]
        for resource in RESOURCES:
            assert _same(packed.on_object(who, resource), (one for one in mine if one.resource == resource))
        for table in TABLES:
            named = [one for one in mine if table_of(one.resource) == table]
            assert _same(packed.named(who, table), named)
            wide = [
                one
                for one in mine
                if isinstance(one.resource, Catalog | AnyResource)
                or one.resource == AllTables(table.catalog, table.database)
                or (isinstance(one.resource, TagPolicy) and one.resource.resource_type == "TABLE")
            ]
            assert _same(packed.on_table(who, table), [*named, *wide])
            inside = [one for one in mine if (t := table_of(one.resource)) is not None and t.parent == table.parent]
            over = [one for one in mine if one.resource == AllTables(table.catalog, table.database)]
            on_top = [
                one
                for one in mine
                if one.resource == table.parent
                or isinstance(one.resource, Catalog | AnyResource)
                or (isinstance(one.resource, TagPolicy) and one.resource.resource_type == "DATABASE")
            ]
            assert _same(packed.over(who, table.parent), on_top)
            assert _same(packed.inside(who, table.parent), [*inside, *over])
        tabular = (Table, TableColumns, DataCellsFilter, AllTables)
        assert _same(packed.elsewhere(who), (one for one in mine if not isinstance(one.resource, tabular)))
        assert {*map(packed.pool.noun, packed.tables_of(who))} == {table_of(one.resource) for one in mine} - {None}
        broadly = [(one.resource, one.condition, atoms(one)) for one in mine if table_of(one.resource) is None]
        assert Counter(packed.held_broadly(who)) == Counter(broadly)
    for table in TABLES:
        holders = {one.principal for one in rows if table_of(one.resource) == table} - {None}
        assert set(packed.naming(table)) == holders
    for resource in RESOURCES:
        assert packed.mentions(resource) == any(one.resource == resource for one in rows)
    assert {*packed.resources()} == {table_of(one.resource) or one.resource for one in rows}


def _expecting(one: Grants) -> Grants:
    one.expect([*TABLES[:2], TABLES[0].parent])
    return one


MANY: list[Table] = [Table(ACCOUNT, "sales", f"t{n}") for n in range(10)]
SELECT = frozenset({Permission("SELECT")})
ROWS: list[Grant] = [
    Grant(who, on, held, lent, condition)
    for number, who in enumerate((*PEOPLE, None))
    for place, on in enumerate((*RESOURCES, *MANY))
    for held, lent, condition in [
        (SELECT, frozenset(), None), (frozenset({Permission("DESCRIBE")}), SELECT, "context.x == 2"),
        (SELECT, SELECT, "context.x == 1"), (SELECT, SELECT, None),
    ][(number + place) % 3 : (number * place) % 5]
]  # fmt: skip
LOOK_UPS: dict[str, Callable[[Grants], object]] = {
    "length": len,
    "rows": list,
    "equal": lambda one: one == Grants.packed(list(one)),
    "principals": Grants.principals,
    "people": lambda one: [*one.people()],
    "all of": lambda one: [one.of(who) for who in (*PEOPLE, None)],
    "places": lambda one: [[*one.places_of(number)] for number in one.people()],
    "on objects": lambda one: [one.on_object(who, on) for who in PEOPLE for on in RESOURCES],
    "in": lambda one: [row in one for row in ROWS],
    "the same": lambda one: [one.same(row) for row in ROWS],
    "named": lambda one: [one.named(who, on) for who in PEOPLE for on in TABLES],
    "in databases": lambda one: [one.in_database(who, on.parent) for who in PEOPLE for on in TABLES],
    "over": lambda one: [[*one.over(who, on.parent)] for who in PEOPLE for on in TABLES],
    "elsewhere": lambda one: [[*one.elsewhere(who)] for who in PEOPLE],
    "conditions": lambda one: [*one.conditions()],
    "broadly": lambda one: [[*one.held_broadly(who)] for who in PEOPLE],
    "tables": lambda one: [one.tables_of(who) for who in PEOPLE],
    "policies": lambda one: [[*one.policies(who, kind)] for who in PEOPLE for kind in ("TABLE", "DATABASE")],
    "on tables": lambda one: [[*one.on_table(who, on)] for who in PEOPLE for on in TABLES],
    "numbered": lambda one: [*one.numbered()],
    "all policies": lambda one: [*one.all_policies()],
    "granted policies": Grants.granted_policies,
    "inside": lambda one: [[*one.inside(who, on.parent)] for who in PEOPLE for on in TABLES],
    "wide": lambda one: [*one.wide()],
    "naming": lambda one: [(one.naming(on), one.naming(on.parent)) for on in TABLES],
    "naming, many times": lambda one: [
        [*map(one.naming, (*TABLES, *MANY)), one.naming(TABLES[0].parent)] for _ in range(2)
    ],
    "expecting": lambda one: [_expecting(one).naming(on) for on in TABLES],
    "reaching": lambda one: [one.reaching(on) for on in TABLES],
    "resources": lambda one: [*one.resources()],
    "mentions": lambda one: [one.mentions(on) for on in RESOURCES],
    "what filtered pages show": lambda one: [*one.asked_elsewhere()],
    "of no kind": Grants.of_no_kind,
    "shared": lambda one: [one.shared(Grants.packed(ROWS[::3], one.pool)).of(who) for who in PEOPLE],
}


@pytest.mark.parametrize("name", LOOK_UPS)
def test_any_look_up_may_be_the_first_and_is_answered_alike_again(name: str) -> None:
    """Rows are united when first looked up, and answers are kept: neither shows, nor that somebody asked before."""
    look = LOOK_UPS[name]
    settled = Grants.packed(ROWS)
    assert len(settled) < len(ROWS)
    wanted = look(settled)
    fresh = Grants.packed(ROWS)
    assert look(fresh) == wanted
    for other in LOOK_UPS.values():
        other(fresh)
    assert look(fresh) == wanted


def test_what_is_not_granted_is_not_among_the_rows() -> None:
    packed = Grants.packed(ROWS[:5])
    assert ROWS[0] in packed
    assert replace(ROWS[0], principal=Principal("nobody")) not in packed
    assert replace(ROWS[0], permissions=frozenset({Permission("ALTER")})) not in packed
    other: object = ROWS[0].principal
    assert other not in packed


def test_what_is_held_under_no_condition_is_found_before_what_is_under_one() -> None:
    rows = [Grant(PEOPLE[0], TABLES[0], SELECT, condition=one) for one in ("context.x == 1", None)]
    packed = Grants.packed(rows)
    assert packed.on_object(PEOPLE[0], TABLES[0]) == packed.named(PEOPLE[0], TABLES[0]) == rows[::-1]


def _same(found: Iterable[Grant], wanted: Iterable[Grant]) -> bool:
    return sorted(map(repr, found)) == sorted(map(repr, wanted))


@settings(max_examples=200)
@given(many, many)
def test_differences_and_subjects_are_those_of_the_sets(one: list[Grant], two: list[Grant]) -> None:
    mine = Grants.packed(one)
    theirs = Grants.packed(two, mine.pool)
    here, there = said(one), said(two)
    wanted = {key: frozenset(here[key] - there.get(key, set())) for key in here if here[key] - there.get(key, set())}
    found = {(row.principal, row.condition, row.resource): left for row, left in differences(mine, theirs)}
    assert found == wanted
    assert matched(mine, theirs) == len(here.keys() & there.keys())
    for shared in (False, True):
        for policies in (False, True):
            sides = [
                {(who, subject_of(on)) for who, _, on in each if policies or not isinstance(on, TagPolicy)}
                for each in (here, there)
            ]
            subjects = sides[0] & sides[1] if shared else sides[0] | sides[1]
            counted = Subjects(mine, theirs, shared=shared, policies=policies)
            assert len(counted) == len(subjects)
            for who in (*PEOPLE, None):
                for on in {*map(subject_of, RESOURCES)}:
                    assert ((who, on) in counted) == ((who, on) in subjects)  # type: ignore[operator]
    common = mine.shared(theirs)
    for who in PEOPLE:
        both = [
            row
            for row in mine
            if row.principal == who and atoms(row) <= there.get((who, row.condition, row.resource), set())
        ]
        assert _same(common.of(who), both)


def test_more_conditions_than_bits_in_a_word() -> None:
    some = [
        Grant(PEOPLE[0], TABLES[0], frozenset({Permission("SELECT")}), condition=f"context.x == {n}") for n in range(40)
    ]
    packed = Grants.packed(some)
    assert list(packed) == some
    assert packed.named(PEOPLE[0], TABLES[0]) == packed.of(PEOPLE[0]) == some


def test_numbers_that_need_more_bytes_than_those_before_them() -> None:
    pool = Pool()
    people = [Principal(f"arn:aws:iam::111122223333:role/r{number}") for number in range(1 << 16)]
    for who in people:
        pool.principal(who)
    some = [
        Grant(people[number - 1], TABLES[0], frozenset({Permission(f"P{number}")}), condition=f"context.x == {number}")
        for number in (*range(1, 300), 1 << 16, 1, 255, 256)
    ]
    packed, other = Grants.packed(some, pool), Grants.packed(some[:-4], pool)
    assert list(packed) == some[:-3]
    assert [grant for grant, _ in differences(packed, other)] == [some[-4]]
    for name in ("MORE", *(f"Q{number}" for number in range(1 << 16))):
        pool.pair(frozenset({Permission(name)}), frozenset())
    more = Grant(people[0], TABLES[0], frozenset({Permission("Q65535")}), condition="context.x == 1")
    again = Grants.packed([some[0], more, *some[1:]], pool)
    assert again.of(people[0])[0].permissions == {"P1", "Q65535"}


pages = st.lists(st.lists(st.one_of(
    st.text(max_size=6), st.sampled_from(["", "2026-11-23T10:00:00Z", "2026-11-23T10:00:00.5Z", "7", "a\nb", "\ud800"])
), min_size=1, max_size=300), max_size=4)  # fmt: skip


@settings(deadline=None)
@given(pages)
def test_times_come_back_as_they_went_in(pages: list[list[str]]) -> None:
    packed = Grants()
    who = packed.pool.principal(PEOPLE[0])
    pair = packed.pool.pair(frozenset({Permission("SELECT")}), frozenset())
    for line, page in enumerate(pages):
        on = [packed.pool.resource(Table(ACCOUNT, f"d{line}", f"t{n}")) for n in range(len(page))]
        zeros = [0] * len(page)
        packed.take_columns(line, [who] * len(page), on, zeros, [pair] * len(page), zeros, page)
    assert [one.updated for one in packed] == [time or None for page in pages for time in page]


said_of = st.tuples(
    st.integers(0, 2), st.integers(0, 2), st.sampled_from([("SELECT",), ("INSERT",), ("SELECT", "INSERT")])
)
listings = st.lists(st.tuples(st.sampled_from([UNFILTERED, BY_KIND, TARGETED]), st.lists(said_of, max_size=5), st.booleans()),
                    max_size=5)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(listings)
def test_what_each_way_of_asking_shows_is_told_apart(
    listings: list[tuple[int, list[tuple[int, int, tuple[str, ...]]], bool]],
) -> None:
    packed, seen = Grants(), defaultdict[tuple[int, int], dict[int, set[str]]](dict)
    first: dict[tuple[int, int], str] = {}
    for line, (asked, page, look) in enumerate(listings):
        rows = []
        for item, (who, on, names) in enumerate(page):
            held = frozenset(map(Permission, names))
            rows.append(Row(packed.pool.principal(PEOPLE[who]), packed.pool.resource(TABLES[on]), 0,
                            packed.pool.pair(held, frozenset()), item, 0, f"{line}/{item}"))  # fmt: skip
            seen[who, on].setdefault(asked, set()).update(names)
            first.setdefault((who, on), f"{line}/{item}")
        assert packed.take_page(line, rows, asked) == len(page)
        if look:
            assert len(packed) == len(seen)
    whole = {key: set().union(*each.values()) for key, each in seen.items()}
    numbers = {(PEOPLE[who], TABLES[on]): (who, on) for who in range(3) for on in range(3)}
    got = {numbers[one.principal, one.resource]: one for one in packed}  # type: ignore[index]
    assert {key: one.permissions for key, one in got.items()} == whole
    assert {key: one.updated for key, one in got.items()} == first
    more = {key for key, each in seen.items() if each.get(UNFILTERED) != whole[key]}
    assert {numbers[one.principal, one.resource] for one in packed.asked_elsewhere()} == more  # type: ignore[index]
    assert packed.of_no_kind() == sum(UNFILTERED in each and BY_KIND not in each for each in seen.values())


def test_names_of_filters_that_are_no_text_come_back_as_they_went_in() -> None:
    items = Table(ACCOUNT, "sales", "items")
    filters = {DataCellsFilter(items, name) for name in ("\ud800", "é", "a\x00b")}
    columns = {TableColumns(items, kind(frozenset({"é", "a,b"}))) for kind in (Only, AllExcept)}
    every: set[Resource] = {*filters, *columns}
    packed = Grants.packed([Grant(PEOPLE[0], one, frozenset({Permission("SELECT")})) for one in every])
    pool = packed.pool
    assert {pool.noun(number) for number in range(len(pool.kinds))} == {items, *every}


def test_names_with_half_a_character_are_names() -> None:
    half, table = chr(0xD800), Table(ACCOUNT, "sales", "orders" + chr(0xDC00))
    resources: list[Resource] = [
        TableColumns(table, Only(frozenset({"id", half}))),
        TableColumns(table, AllExcept(frozenset({half}))),
        DataCellsFilter(table, half),
    ]
    packed = Grants.packed(
        [Grant(Principal("role" + half), one, frozenset({Permission("SELECT")})) for one in resources]
    )
    assert {one.resource for one in packed} == {*resources}
