"""Several stacks in one lake, nested columns, and what is known to be said otherwise than it should."""

from __future__ import annotations

from dataclasses import replace

import pytest
from small_lakes import (
    ADMIN,
    ANALYST,
    CLIENTS,
    ENGINEER,
    MARKETING,
    NOTES,
    ORDERS,
    cells,
    column,
    columns,
    database,
    give,
    lake,
    table,
    tagged,
    whole,
)
from stories import stories

from checks.compare import compare
from checks.model import AllExcept, DatabaseInfo, Evidence, Grant, Lake, Only, Permission, Side, Verdict
from checks.semantics import shown_in

READ = give(ANALYST, "SELECT", table("sales.orders"))


def by(stack: str, *grants: list[Grant]) -> list[list[Grant]]:
    """Say which stack declares grants."""
    origin = Evidence(Side.DECLARED, None, "/resources/0", f"urn:pulumi:{stack}::g", stack)
    return [[replace(one, evidence=origin) for one in some] for some in grants]


def test_a_grant_on_another_stacks_table_is_declared_all_the_same() -> None:
    told = [
        replace(ORDERS, evidence=Evidence(Side.DECLARED, None, "/resources/1", "urn:t", "platform/prod")),
        CLIENTS,
        NOTES,
    ]
    declared = lake(by("sales/prod", READ), tables=told)
    assert stories(declared, lake([READ])) == []
    (found,) = [one for one in compare(declared, lake([give(ANALYST, "SELECT", table("sales.orders"), "SELECT")])).findings
                if one.rule != "FL126"]  # fmt: skip
    assert found.verdict is Verdict.WIDENED
    assert found.subject.stack == "sales/prod"


def test_what_stacks_declare_is_united() -> None:
    """Each column of another stack's grant, each stack's own opt-in and table: together they are the declaration."""
    halves = [*by("a/prod", give(ANALYST, "SELECT", columns("sales.orders", "id", "email"))),
              *by("b/prod", give(ANALYST, "SELECT", columns("sales.orders", "ssn")))]  # fmt: skip
    assert stories(lake(halves), lake([give(ANALYST, "SELECT", columns("sales.orders", "id", "email", "ssn"))])) == []
    assert [one.what for one in stories(lake(halves[:1]), lake(halves))] == ["widened FL101 high"]


def test_settings_of_several_stacks_are_compared_each_on_its_own() -> None:
    one, other = (lake(settings={"DataLakeAdmins": some}).settings[0] for some in ([ADMIN], [ADMIN, ENGINEER]))
    declared = replace(lake(), settings=(one, other))
    told = stories(declared, lake(settings={"DataLakeAdmins": [ADMIN, ENGINEER]}))
    assert [told_one.what for told_one in told] == ["changed FL127 medium", "widened FL120 critical"]


def test_an_undeclared_table_has_the_declared_tags_of_its_database_and_no_others() -> None:
    reader = give(ANALYST, "SELECT DESCRIBE", tagged(sensitivity="internal"))
    tags = {database("sales"): {"sensitivity": "internal"}}
    late = [ORDERS, CLIENTS, NOTES, whole("sales.late")]
    covered = stories(lake([reader], tags=tags), lake([reader], late, tags=tags))
    assert [one.what for one in covered] == ["unmanaged FL142 low idle"]
    closed = {database("sales"): {"sensitivity": "restricted"}}
    opened = {**closed, table("sales.late"): {"sensitivity": "internal"}}
    found = stories(lake([reader], tags=closed), lake([reader], late, tags=opened))
    assert [one.what.split()[1] for one in found] == ["FL142", "FL110"]


def test_a_default_permission_of_a_database_is_future_access() -> None:
    opened = frozenset({(MARKETING, frozenset({Permission("SELECT")}))})
    sides = (lake([READ], databases=[DatabaseInfo(database("sales"), table_defaults=one), DatabaseInfo(database("hr"))])
             for one in (frozenset(), opened))  # fmt: skip
    (one,) = stories(*sides)
    assert (one.what, one.witness) == ("widened FL121 high", "role/marketing can SELECT sales")


# ------------------------------------------------------------------------------------------- columns inside columns
PEOPLE = whole("sales.people", "id customer")
INSIDE = '"customer"."address"'


def people(*shown: str, excluded: bool = False) -> Lake:
    body = AllExcept(frozenset(shown)) if excluded else Only(frozenset(shown))
    filters = {cells("sales.people", "f"): (body, None)}
    return lake([give(ANALYST, "SELECT", cells("sales.people", "f"))], [PEOPLE], filters=filters)


def test_the_same_columns_inside_columns_are_equal() -> None:
    assert stories(people("id", INSIDE), people("id", INSIDE)) == []


@pytest.mark.parametrize(
    ("declared", "live"),
    [
        (people("id"), people("id", INSIDE)),
        (people("id", INSIDE), people("id", "customer")),
        (people(INSIDE, excluded=True), people(excluded=True)),
    ],
    ids=["a part added", "a part replaced by the whole", "an excluded part shown"],
)
def test_more_of_a_column_inside_a_column_widens(declared: Lake, live: Lake) -> None:
    assert [one.what for one in stories(declared, live) if one.what.startswith("widened")]


def test_a_part_of_a_declared_column_is_no_widening() -> None:
    assert not [
        one for one in stories(people("id", "customer"), people("id", INSIDE)) if one.what.startswith("widened")
    ]


# ------------------------------------------------------------------------------------- moved facts and what is to come
TAGS = {table("sales.orders"): {"sensitivity": "internal"}, database("sales"): {"sensitivity": "public"}}


@pytest.mark.parametrize(
    ("declared", "live"),
    [
        (lake([give(ANALYST, "SELECT", cells("sales.orders", "f"))], filters={cells("sales.orders", "f"): (one, None)}),
         lake([give(ANALYST, "SELECT", cells("sales.orders", "f"))], filters={cells("sales.orders", "f"): (other, None)}))
        for one, other in [(Only(frozenset({"id", "email", "ssn"})), AllExcept(frozenset({"ssn"})))]
    ] + [
        (lake([give(ANALYST, "SELECT", tagged(saved="s"))], tags=TAGS, saved={"s": tagged(sensitivity="internal")}),
         lake([give(ANALYST, "SELECT", tagged(saved="s"))], tags=TAGS, saved={"s": tagged(sensitivity="restricted")})),
    ],
    ids=["a filter", "a saved expression"],
)  # fmt: skip
def test_less_today_and_more_tomorrow_is_latent_too(declared: Lake, live: Lake) -> None:
    assert [one for one in compare(declared, live).findings if one.verdict is Verdict.LATENT]


def test_a_retagged_database_whose_tables_all_override_is_latent() -> None:
    reader = [give(ANALYST, "SELECT", tagged(sensitivity="internal"))]
    tables = {table(f"sales.{name}"): {"sensitivity": "public"} for name in ("orders", "clients")}
    before, after = ({**tables, database("sales"): {"sensitivity": one}} for one in ("restricted", "internal"))
    found = compare(lake(reader, [ORDERS, CLIENTS], tags=before), lake(reader, [ORDERS, CLIENTS], tags=after)).findings
    assert [one for one in found if one.verdict is Verdict.LATENT]


def test_a_retagged_table_whose_columns_all_override_is_latent() -> None:
    reader = [give(ANALYST, "SELECT", tagged(sensitivity="internal")), give(ANALYST, "DESCRIBE", table("sales.orders"))]
    here = [whole("sales.orders", days=False)]
    every = {column("sales.orders", name): {"sensitivity": "public"} for name in ("id", "email", "ssn")}
    before, after = ({**every, table("sales.orders"): {"sensitivity": one}} for one in ("restricted", "internal"))
    told = stories(lake(reader, here, tags=before), lake(reader, here, tags=after))
    assert [one.what for one in told] == ["latent FL160 low"]
    closed = {**every, table("sales.orders"): {"sensitivity": "confidential"}}
    told = stories(lake(reader, here, tags=before), lake(reader, here, tags=closed))
    assert [one.what for one in told] == ["changed FL140 low"]


def test_files_read_through_a_moved_tag_count_whole_and_are_named() -> None:
    writer = [give(ANALYST, "INSERT", tagged(sensitivity="internal"))]
    before, after = ({database("sales"): {"sensitivity": one}} for one in ("public", "internal"))
    told = [lake(writer, [ORDERS], tags=one) for one in (before, after)]
    (found,) = [one for one in compare(*told).findings if one.rule != "FL126"]
    assert "INSERT and DELETE also read the table's files" in found.message
    assert (found.reach.tables, found.reach.columns) == (1, 4)
    assert [(one.permission, one.columns) for one in found.added] == [("INSERT", None)]


@pytest.mark.parametrize(
    ("name", "shown", "expected"),
    [
        ('"a"."b"', {"a"}, True),
        ('"a"."b"."c"', {'"a"."b"'}, True),
        ('"a"."b"', {'"a"."b"."c"'}, False),
        ('"a"."b"', {'"a"."bc"', "b"}, False),
        ("a", {'"a"."b"'}, False),
        ('"a""x"."b"', {'a"x'}, True),
        ('a without "a"."b"', {"a"}, True),
        ("a", {'a without "a"."b"'}, False),
    ],
)
def test_a_column_shows_its_parts(name: str, shown: set[str], expected: bool) -> None:
    assert shown_in(name, frozenset(shown)) is expected
