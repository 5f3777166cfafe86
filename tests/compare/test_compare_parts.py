"""Parts of the engine, asked directly what whole comparisons seldom ask: each table of cases says what is answered."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from random_lakes import universe
from small_lakes import (
    ACCOUNT,
    ANALYST,
    CATALOG,
    EVERYBODY_HERE,
    MARKETING,
    all_tables,
    cells,
    column,
    columns,
    database,
    give,
    lake,
    location,
    table,
    tagged,
    whole,
)
from test_compare_specification import agrees, exists

from checks.compare import compare
from checks.compare.difference import place
from checks.compare.moved.holding import Claim, Holding, Region
from checks.compare.moved.world import Offer
from checks.compare.sides import Sides
from checks.compare.sight import WHOLE
from checks.compare.spans import Register, Tables
from checks.model import (
    AllExcept,
    Catalog,
    Function,
    Lake,
    LFTag,
    Permission,
    Resource,
    RLSAttachment,
    RLSPolicy,
    SavedExpression,
    Table,
    Witness,
)
from checks.semantics import ALTER, DESCRIBE, INSERT, SELECT
from checks.specification import facts
from checks.view import View

ORDERS = table("sales.orders")


@pytest.mark.parametrize(
    ("resource", "witness"),
    [
        (database("sales"), Witness(ANALYST, "ALTER", ACCOUNT, "sales")),
        (ORDERS, Witness(ANALYST, "ALTER", ACCOUNT, "sales", "orders")),
        (location("lake"), Witness(ANALYST, "ALTER", ACCOUNT, location="arn:aws:s3:::lake")),
        (all_tables("sales"), Witness(ANALYST, "ALTER", ACCOUNT, "sales", "*")),
        (cells("sales.orders", "eu"), Witness(ANALYST, "ALTER", ACCOUNT, "sales", "orders")),
        (Function(ACCOUNT, "sales", "f"), Witness(ANALYST, "ALTER", ACCOUNT, "sales")),
        (CATALOG, Witness(ANALYST, "ALTER", ACCOUNT)),
    ],
)
def test_a_witness_outside_tables_says_where_it_is(resource: Resource, witness: Witness) -> None:
    assert place(ANALYST, "ALTER", resource) == witness


DECLARED = lake(
    [give(ANALYST, "SELECT", columns("hr.notes", "id")), give(ANALYST, "DESCRIBE", database("web"))],
    [whole("sales.orders")],
    tags={database("ops"): {"team": "x"}},
    keys={"domain": "sales"},
    saved={"ours": tagged(domain="sales")},
    filters={},
)
LIVE = lake(tables=[whole("sales.orders"), whole("hr.pay")],
            rls=[RLSAttachment("p", ORDERS, ANALYST), RLSAttachment("q", table("hr.pay"), ANALYST)])  # fmt: skip
OPENS: list[tuple[Any, bool]] = [
    (ORDERS, True),
    (table("sales.strange"), True),
    (table("hr.notes"), True),
    (table("hr.pay"), False),
    (table("web.page"), True),
    (cells("hr.notes", "eu"), True),
    (columns("hr.pay", "id"), False),
    (database("sales"), True),
    (database("hr"), True),
    (database("none"), False),
    (all_tables("hr"), True),
    (all_tables("none"), False),
    (CATALOG, True),
    (Catalog(f"{ACCOUNT}:other"), False),
    (LFTag(ACCOUNT, "domain", frozenset({"hr"})), True),
    (LFTag(ACCOUNT, "team", frozenset({"x"})), True),
    (LFTag(ACCOUNT, "none", frozenset({"x"})), False),
    (SavedExpression(ACCOUNT, "ours"), True),
    (SavedExpression(ACCOUNT, "theirs"), False),
    (Function(ACCOUNT, "sales", "f"), True),
    (Function(ACCOUNT, "none", "f"), False),
]


@pytest.mark.parametrize(("resource", "opens"), OPENS, ids=[repr(one) for one, _ in OPENS])
def test_what_opens_something_declared(resource: Any, opens: bool) -> None:
    assert Sides(DECLARED, LIVE).opens_declared(resource) == opens


def test_what_a_row_policy_opens_is_what_it_is_attached_to() -> None:
    sides = Sides(DECLARED, LIVE)
    assert [sides.opens_declared(RLSPolicy(ACCOUNT, name)) for name in ("p", "q", "r")] == [True, False, False]


@pytest.mark.parametrize(
    ("name", "itself", "spoken"),
    [("sales.orders", True, True), ("hr.notes", True, True), ("sales.strange", False, True), ("hr.pay", False, False)],
)
def test_what_a_stack_speaks_of(name: str, itself: bool, spoken: bool) -> None:
    sides = Sides(DECLARED, LIVE)
    assert sides.declares_table_itself(table(name)) == itself
    assert sides.speaks_of_table(table(name)) == spoken


# --------------------------------------------------------------------------------------------------------- who holds
A, B, C = 1, 2, 4
FEW, MORE = frozenset({"id"}), frozenset({"id", "ssn"})
ID, SSN = Region(FEW, "id", False), Region(frozenset({"ssn"}), "ssn", False)


def offered(on: Resource = ORDERS, plain: dict[Any, int] | None = None) -> Offer:
    return Offer(on, None, plain or {}, reads=A | B, lends=B, everyone=A | B | C, describers=C)


POLICY = tagged(domain="sales")
ALTERS = {(ALTER, False): C}


@pytest.mark.parametrize(
    ("claim", "asked", "taken", "stays"),
    [
        # (permission, may pass on, region) → who holds it after, and who before and after alike
        (Claim(offered(), FEW, MORE), (SELECT, False, ID), A | B, A | B),
        (Claim(offered(), FEW, MORE), (SELECT, True, ID), B, B),
        (Claim(offered(), FEW, MORE), (SELECT, False, SSN), A | B, 0),
        (Claim(offered(), FEW, MORE), (SELECT, True, SSN), B, 0),
        (Claim(offered(), FEW, MORE), (DESCRIBE, False, None), A | B, A | B),
        (Claim(offered(), FEW, MORE), (DESCRIBE, True, None), B, B),
        (Claim(offered(), FEW, WHOLE), (SELECT, False, SSN), A | B, 0),
        (Claim(offered(), FEW, WHOLE), (SELECT, True, SSN), B, 0),
        (Claim(offered(), FEW, WHOLE), (DESCRIBE, True, None), B, B),
        (Claim(offered(plain=ALTERS), FEW, MORE), (ALTER, False, None), C, C),
        (Claim(offered(plain=ALTERS), FEW, MORE), (DESCRIBE, False, None), A | B | C, A | B | C),
        (Claim(offered(plain=ALTERS), FEW, MORE), (DESCRIBE, True, None), B, B),
        (Claim(offered(plain={(INSERT, True): C}), FEW, MORE), (DESCRIBE, True, None), B | C, B | C),
        (Claim(offered(POLICY, ALTERS), FEW, MORE), (ALTER, False, None), 0, 0),
        (Claim(offered(POLICY, ALTERS), FEW, MORE), (DESCRIBE, False, None), A | B | C, A | B | C),
        (Claim(offered(POLICY, ALTERS), FEW, MORE), (DESCRIBE, True, None), B | C, B | C),
        (Claim(offered(POLICY, ALTERS), FEW, WHOLE), (ALTER, False, None), C, 0),
        (Claim(offered(POLICY, ALTERS), None, MORE), (DESCRIBE, True, None), B | C, 0),
        (Claim(offered(POLICY, ALTERS), MORE, None), (DESCRIBE, True, None), 0, 0),
    ],
)  # fmt: skip
def test_who_holds_what_after_and_all_the_while(
    claim: Claim, asked: tuple[Permission, bool, Region | None], taken: int, stays: int
) -> None:
    permission, lend, region = asked
    after, common = Holding(MORE), Holding(MORE)
    after.take(claim, gain=True)
    common.stay(claim, MORE, MORE)
    assert after.implies((permission, lend), region) == taken
    assert common.implies((permission, lend), region) == stays
    if region is not None or permission != DESCRIBE:
        assert claim.givers((permission, lend), region, gain=True) == taken


# --------------------------------------------------------------------------------------------------- sets of tables
@pytest.mark.parametrize(
    ("some", "bits", "first"),
    [("b", "", "b"), ("", "ab", "a"), ("b", "ac", "a"), ("a", "bc", "a"), ("ac", "b", "a")],
)
def test_the_first_of_tables_by_name(some: str, bits: str, first: str) -> None:
    infos = [whole(f"s.{name}") for name in "cab"]
    view = View(lake(tables=infos), named=False)
    register = Register([one.id for one in infos], [view], view)
    tables = Tables(register, {table(f"s.{one}") for one in some}, register.bits(table(f"s.{one}") for one in bits))
    assert tables.first() == table(f"s.{first}")
    assert {one.name for one in tables} == {*some, *bits}
    assert len(tables) == len({*some, *bits})


# ------------------------------------------------------------------------------------------------------ small stories
def messages(declared: Lake, live: Lake) -> list[str]:
    return [one.message for one in compare(declared, live).findings if one.rule != "FL126"]


def test_an_edited_expression_opens_databases_to_a_live_policy_that_nobody_declares() -> None:
    tags = {database("sales"): {"domain": "sales"}, database("hr"): {"domain": "hr"}}
    policy = give(ANALYST, "ALTER", tagged("DATABASE", saved="ours"))
    declared = lake(tags=tags, saved={"ours": tagged(domain="sales")})
    live = lake([policy], tags=tags, saved={"ours": tagged(domain="sales hr")})
    found = {one.rule: one for one in compare(declared, live).findings}
    assert sum(one.reach.tables for one in found.values()) == 3, [one.message for one in found.values()]


@pytest.mark.parametrize("seen", ["orders", "twin"])
def test_tables_with_the_same_columns_and_tags_of_columns_that_differ_are_no_twins(seen: str) -> None:
    """Both tables move with their database; only of one a column keeps a tag of its own."""
    tables = [whole("sales.orders"), whole("sales.twin")]
    own = column(f"sales.{seen}", "ssn")
    before = {database("sales"): {"domain": "hr"}, own: {"domain": "hr"}}
    after = {database("sales"): {"domain": "sales"}, own: {"domain": "hr"}}
    grants = [give(ANALYST, "SELECT", tagged(domain="sales")), give(MARKETING, "SELECT", tagged(domain="sales"))]
    gain = next(one for one in compare(lake(grants, tables, tags=before), lake(grants, tables, tags=after)).findings
                if one.rule == "FL110")  # fmt: skip
    assert (gain.reach.principals, gain.reach.tables, gain.reach.columns) == (2, 2, 7)


def test_facts_that_read_alike_are_no_change_though_they_were_read_twice() -> None:
    """A column comes; a filter's body, read anew, says what it said: it is not to blame for what the column shows."""
    eu = cells("sales.orders", "eu")
    declared = lake(
        [give(ANALYST, "SELECT", eu)], [whole("sales.orders")], filters={eu: (AllExcept(frozenset({"id"})), None)}
    )
    live = replace(declared, filters={eu: replace(declared.filters[eu])},
                   tables={ORDERS: whole("sales.orders", "id email ssn new")})  # fmt: skip
    assert [one for one in messages(declared, live) if "filter" in one and "now shows" in one] == []


def test_members_and_their_group_are_told_once() -> None:
    tags = {database("sales"): {"domain": "hr"}}, {database("sales"): {"domain": "sales"}}
    grants = [give(EVERYBODY_HERE, "SELECT", POLICY, "SELECT"), give(ANALYST, "SELECT", POLICY)]
    (gain,) = [
        one for one in compare(lake(grants, tags=tags[0]), lake(grants, tags=tags[1])).findings if one.rule == "FL110"
    ]
    assert gain.reach.principals is None
    assert [(one.permission, one.grantable) for one in gain.added] == [(SELECT, True)]


# ------------------------------------------------------------------------------------------ catalogs inside catalogs
SHOP = f"{ACCOUNT}:shop"
CATALOGS = (ACCOUNT, SHOP, f"{SHOP}/eu", f"{SHOP}s")
NESTED = [replace(whole("web.items", "id"), id=Table(one, "web", "items")) for one in CATALOGS]
ON_CATALOGS = [
    (names, lend, one)
    for one in CATALOGS
    for names, lend in (("SUPER_USER", ""), ("SUPER_USER", "SUPER_USER"), ("CREATE_DATABASE", "CREATE_DATABASE"),
                        ("DESCRIBE", ""), ("ALTER DROP", ""))
]  # fmt: skip


@pytest.mark.parametrize("told", ON_CATALOGS)
def test_grants_on_catalogs_inside_one_another_are_what_the_specification_says(told: tuple[str, str, str]) -> None:
    def granted(names: str, lend: str, on: str) -> Lake:
        return lake([give(ANALYST, names, Catalog(on), lend)], NESTED)

    for now in ON_CATALOGS:
        agrees(granted(*told), granted(*now))


@pytest.mark.parametrize("outer", [ACCOUNT, SHOP])
def test_a_super_user_of_a_catalog_around_covers_one_declared_inside(outer: str) -> None:
    inside = give(ANALYST, "SUPER_USER", Catalog(f"{SHOP}/eu"))
    around = give(ANALYST, "SUPER_USER", Catalog(outer))
    assert not [one for one in compare(lake([around], NESTED), lake([around, inside], NESTED)).findings if one.widens]
    assert not [one for one in compare(lake([inside, around], NESTED), lake([around], NESTED)).findings if one.removed]
    assert [one for one in compare(lake([inside], NESTED), lake([around], NESTED)).findings if one.widens]


# ------------------------------------------------------------------------------------ what is missing and gave nothing
NOTHING_YET = {database("sales"): {"domain": "hr"}}
OPENED_SINCE = {database("sales"): {"domain": "sales"}}
ALTERED = give(ANALYST, "ALTER", tagged("DATABASE", domain="sales"))
WOULD = "as declared it would reach nothing, but with the live tags it would"


@pytest.mark.parametrize(
    ("tags", "held", "told"),
    [
        ((NOTHING_YET, OPENED_SINCE), [], WOULD),
        (
            (NOTHING_YET, OPENED_SINCE),
            [give(ANALYST, "ALTER", tagged("DATABASE", domain="sales hr"))],
            "other declared grants give the same access",
        ),
        ((NOTHING_YET, OPENED_SINCE), [give(ANALYST, "ALTER", database("hr"))], WOULD),
        ((NOTHING_YET, OPENED_SINCE), [give(MARKETING, "ALTER", database("sales"))], WOULD),
        ((NOTHING_YET, NOTHING_YET), [], "it would reach nothing today"),
        ((NOTHING_YET, NOTHING_YET), [give(ANALYST, "ALTER", tagged("DATABASE", domain="sales hr"))], None),
        ((OPENED_SINCE, NOTHING_YET), [], "it would reach nothing today"),
    ],
)
def test_a_missing_policy_on_databases_is_mentioned(tags: Any, held: list[Any], told: str | None) -> None:
    """What the specification says: it gave nothing over the declared facts, and gives something over the live ones."""
    declared, live = lake([ALTERED, *held], tags=tags[0]), lake(held, tags=tags[1])
    everything = universe(declared, live)
    own = [{one for one in facts(replace(side, grants=tuple(ALTERED)), everything) if exists(one, live)}
           for side in (declared, live)]  # fmt: skip
    assert (bool(own[1]) and not own[0]) == (tags == (NOTHING_YET, OPENED_SINCE))
    found = [one.message for one in compare(declared, live).findings if one.rule == "FL141"]
    assert [one.endswith(told) for one in found] == [True] if told else not found
