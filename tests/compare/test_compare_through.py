"""A moved fact is the cause only of what a live grant reaches through it; what is lost by two changes is told once."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from small_lakes import (
    ANALYST,
    CLIENTS,
    EVERYBODY_HERE,
    NOTES,
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

from checks.compare import compare
from checks.model import AllExcept, Finding, Grant, Lake, Only, Resource, Verdict

ORDERS = table("sales.orders")
SALES, HR = tagged(domain="sales"), tagged(domain="hr")
BEFORE, AFTER = {ORDERS: {"domain": "sales"}}, {ORDERS: {"domain": "hr"}}
BODY = {"s": SALES}, {"s": tagged(domain="sales hr")}
EU, OTHER = cells("sales.orders", "eu"), cells("sales.orders", "other")
HALF, ALL_OF_IT = (Only(frozenset({"id"})), "email = 'a'"), (AllExcept(), None)
NAMED = give(ANALYST, "SELECT", ORDERS)
READ_HR = give(ANALYST, "SELECT", HR)


def told(declared: Lake, live: Lake) -> list[Finding]:
    return [one for one in compare(declared, live).findings if one.rule != "FL126"]


def rules(found: Iterable[Finding]) -> list[str]:
    return sorted(one.rule for one in found)


# ------------------------------------------------------------------------------------- what opens, and through what
def test_a_tag_is_no_cause_of_what_a_named_grant_gives_when_the_policy_is_gone() -> None:
    found = told(lake([READ_HR], tags=BEFORE), lake([NAMED], tags=AFTER))
    assert rules(found) == ["FL102", "FL140"]
    (opened,) = (one for one in found if one.widens)
    assert opened.cause.what == "grant on sales.orders to role/analyst"
    assert opened.subject.resource == ORDERS
    assert "moved as well" not in opened.message


def test_a_tag_is_the_cause_beside_a_named_grant_while_the_policy_is_live() -> None:
    (only,) = told(lake([READ_HR], tags=BEFORE), lake([READ_HR, NAMED], tags=AFTER))
    assert only.rule == "FL110"
    assert only.message.endswith("the grant on sales.orders to role/analyst gives it too")


@pytest.mark.parametrize("wider", [tagged(domain="hr"), tagged(domain="hr", sensitivity="public")])
def test_a_tag_is_the_cause_where_another_policy_reaches_through_it(wider: Resource) -> None:
    """Another policy of the same holder stands for the declared one where it needed the same tag to move."""
    declared = give(ANALYST, "SELECT", tagged(domain="hr", sensitivity="public internal"))
    tags = {database("sales"): {"sensitivity": "public"}}
    found = told(
        lake([declared], tags={**BEFORE, **tags}), lake([give(ANALYST, "SELECT", wider)], tags={**AFTER, **tags})
    )
    (opened,) = (one for one in found if one.widens)
    assert opened.rule == "FL110"


def test_a_policy_that_needed_another_tag_to_move_is_the_cause_itself() -> None:
    live = give(ANALYST, "SELECT", tagged(sensitivity="public"))
    found = told(
        lake([READ_HR], tags={ORDERS: {"domain": "sales", "sensitivity": "internal"}}),
        lake([live], tags={ORDERS: {"domain": "hr", "sensitivity": "public"}}),
    )
    (opened,) = (one for one in found if one.widens)
    assert opened.rule == "FL102"
    assert opened.message.endswith("only because tag sensitivity on sales.orders moved as well")


def test_a_tag_is_the_cause_where_a_group_holds_the_policy() -> None:
    group = give(EVERYBODY_HERE, "SELECT", HR)
    found = told(lake([READ_HR, group], tags=BEFORE), lake([group], tags=AFTER))
    assert [one.rule for one in found if one.widens] == ["FL110"]


def test_what_a_member_holds_itself_of_what_its_group_lost_is_put_down_to_the_tag() -> None:
    found = told(lake([give(EVERYBODY_HERE, "SELECT", HR)], tags=BEFORE), lake([READ_HR], tags=AFTER))
    (opened,) = (one for one in found if one.widens)
    assert opened.rule == "FL110"
    assert opened.witness is not None
    assert opened.witness.principal == ANALYST


def test_a_saved_expression_is_no_cause_where_no_live_grant_names_it() -> None:
    saved = give(ANALYST, "SELECT", tagged(saved="s"))
    tags = {ORDERS: {"domain": "hr"}}
    found = told(lake([saved], saved=BODY[0], tags=tags), lake([NAMED], saved=BODY[1], tags=tags))
    assert rules(found) == ["FL102", "FL140"]


def test_an_edited_filter_is_no_cause_of_what_another_filter_shows() -> None:
    bodies = {OTHER: (AllExcept(), "email = 'a'")}
    found = told(
        lake([give(ANALYST, "SELECT", EU)], filters={EU: HALF, **bodies}),
        lake([give(ANALYST, "SELECT", OTHER)], filters={EU: ALL_OF_IT, **bodies}),
    )
    assert rules(found) == ["FL102", "FL140"]
    (opened,) = (one for one in found if one.widens)
    assert opened.cause.what == "grant on filter other on sales.orders to role/analyst"
    assert opened.witness is not None
    assert opened.witness.column == "email"


def test_an_edited_filter_is_the_cause_where_it_is_held_live() -> None:
    read = give(ANALYST, "SELECT", EU)
    (only,) = told(lake([read], filters={EU: HALF}), lake([read, NAMED], filters={EU: ALL_OF_IT}))
    assert only.rule == "FL112"


def test_a_lost_grant_option_is_not_opened_by_a_tag() -> None:
    """What may be passed on only by the declared policy, no longer live so, is put down to who gives it now."""
    lent = give(ANALYST, "SELECT", HR, "SELECT")
    found = told(lake([lent], tags=BEFORE), lake([READ_HR, *[give(ANALYST, "SELECT", ORDERS, "SELECT")]], tags=AFTER))
    assert [one.rule for one in found if one.widens] == ["FL102", "FL110"]
    (tag,) = (one for one in found if one.rule == "FL110")
    assert [one.grantable for one in tag.added] == [False]


def test_a_new_column_is_the_cause_whatever_shows_it() -> None:
    longer = [whole("sales.orders", "id email ssn phone"), CLIENTS, NOTES]
    tags = {database("sales"): {"domain": "hr"}}
    found = told(lake([READ_HR, NAMED], tags=tags), lake([NAMED], longer, tags=tags))
    assert [one.rule for one in found if one.widens] == ["FL113"]


@pytest.mark.parametrize("kind", ["DATABASE"])
def test_a_database_policy_that_is_gone_opens_nothing(kind: str) -> None:
    tags = {database("sales"): {"domain": "sales"}}, {database("sales"): {"domain": "hr"}}
    policy = give(ANALYST, "CREATE_TABLE", tagged(kind, domain="hr"))
    named = give(ANALYST, "CREATE_TABLE", database("sales"))
    found = told(lake([policy], tags=tags[0]), lake([named], tags=tags[1]))
    assert [one.rule for one in found if one.widens] == ["FL102"]
    found = told(lake([policy], tags=tags[0]), lake([policy, named], tags=tags[1]))
    assert [one.rule for one in found if one.widens] == ["FL110"]


def on_databases(names: str, lend: str = "", **keys: str) -> list[Grant]:
    return give(ANALYST, names, tagged("DATABASE", **keys), lend)


DATABASE_TAGS = (
    {database("sales"): {"domain": "sales", "sensitivity": "public"}},
    {database("sales"): {"domain": "hr", "sensitivity": "internal"}},
)


@pytest.mark.parametrize(
    ("some", "rule", "remark"),
    [
        ([on_databases("CREATE_TABLE", domain="hr")], "FL110", ""),
        ([on_databases("CREATE_TABLE", domain="hr", sensitivity="internal")], "FL110", "; only because"),
        ([on_databases("CREATE_TABLE", domain="hr"),
          on_databases("ALTER", domain="hr", sensitivity="internal")], "FL110", "; in part only because"),
        ([on_databases("ALTER", domain="hr"),
          on_databases("CREATE_TABLE", domain="hr", sensitivity="internal")], "FL110", "; in part only because"),
        ([on_databases("CREATE_TABLE", domain="hr"),
          on_databases("CREATE_TABLE", domain="hr", sensitivity="internal")], "FL110", ""),
        ([on_databases("CREATE_TABLE", domain="hr", sensitivity="internal"),
          on_databases("CREATE_TABLE", sensitivity="internal")], "FL110", ""),
        ([on_databases("CREATE_TABLE", domain="sales")], "FL131", ""),
        # what another policy gives instead, or some other permission implies, neither opens nor goes
        ([on_databases("CREATE_TABLE", domain="hr"), on_databases("CREATE_TABLE", domain="sales")], "", ""),
        ([on_databases("DESCRIBE", domain="hr"), on_databases("CREATE_TABLE", domain="sales hr")], "", ""),
        ([on_databases("DESCRIBE", domain="sales"), on_databases("CREATE_TABLE", domain="sales hr")], "", ""),
        ([on_databases("DESCRIBE", "DESCRIBE", domain="hr"),
          on_databases("CREATE_TABLE", domain="sales hr")], "FL110", ""),
        ([on_databases("DESCRIBE", "DESCRIBE", domain="hr"),
          on_databases("CREATE_TABLE", "CREATE_TABLE", domain="sales hr")], "", ""),
    ],
)  # fmt: skip
def test_policies_on_databases_while_two_tags_move(some: list[list[Grant]], rule: str, remark: str) -> None:
    found = [one for one in told(lake(some, tags=DATABASE_TAGS[0]), lake(some, tags=DATABASE_TAGS[1]))
             if one.rule in ("FL110", "FL131")]  # fmt: skip
    assert rules(found) == ([rule] if rule else [])
    for one in found:
        assert ("moved as well" in one.message) is bool(remark)
        assert remark in one.message


def test_a_condition_of_a_database_policy_that_is_gone_is_no_reason_to_keep_quiet() -> None:
    """What remains under another condition than the lost one does not stay."""
    stays = give(ANALYST, "CREATE_TABLE", tagged("DATABASE", domain="sales hr"), condition="c")
    gone = on_databases("CREATE_TABLE", domain="sales")
    found = told(lake([gone, stays], tags=DATABASE_TAGS[0]), lake(tags=DATABASE_TAGS[1]))
    assert "FL131" in rules(found)


def test_describe_on_a_database_is_not_implied_by_a_policy_that_is_gone() -> None:
    seen = give(ANALYST, "DESCRIBE", database("sales"))
    found = told(lake([READ_HR], tags=BEFORE), lake([seen], tags=AFTER))
    assert [one.rule for one in found if one.widens] == ["FL102"]


# ------------------------------------------------------------------------------------------- what is lost by two changes
WRITE_SALES, WRITE_HR = give(ANALYST, "INSERT", SALES), give(ANALYST, "INSERT", HR)


@pytest.mark.parametrize("beside", [[], give(EVERYBODY_HERE, "INSERT", HR), WRITE_HR])
def test_what_a_moved_tag_takes_is_lost_though_another_gone_grant_would_give_it(beside: list[Grant]) -> None:
    found = told(lake([WRITE_SALES, beside], tags=BEFORE), lake(tags=AFTER))
    (lost,) = (one for one in found if one.verdict is Verdict.NARROWED)
    assert lost.rule == "FL131"
    assert lost.message.endswith(
        "the grant on tables tagged domain = sales to role/analyst does not exist any more either"
    )


def test_what_a_live_grant_still_gives_is_not_lost() -> None:
    found = told(lake([WRITE_SALES, WRITE_HR], tags=BEFORE), lake([WRITE_HR], tags=AFTER))
    assert not [one for one in found if one.verdict is Verdict.NARROWED or one.widens]


def test_what_a_gone_grant_would_give_by_either_tag_is_lost_by_the_grant() -> None:
    both = give(ANALYST, "INSERT", tagged(domain="sales hr"))
    found = told(lake([both], tags=BEFORE), lake(tags=AFTER))
    (lost,) = (one for one in found if one.verdict is Verdict.NARROWED)
    assert lost.rule == "FL130"


def test_rows_that_an_edited_filter_takes_are_lost_though_another_gone_filter_would_show_them() -> None:
    read = [give(ANALYST, "SELECT", EU), give(ANALYST, "SELECT", OTHER)]
    found = told(
        lake(read, filters={EU: (AllExcept(), "email = 'a'"), OTHER: (AllExcept(), "email = 'b'")}),
        lake(filters={EU: (AllExcept(), "email = 'b'"), OTHER: (AllExcept(), "email = 'a'")}),
    )
    lost = [one for one in found if one.verdict is Verdict.NARROWED]
    assert {one.rule for one in lost} >= {"FL131"}
    assert "does not exist any more either" in min(one.message for one in lost if one.rule == "FL131")


def test_a_database_that_a_moved_tag_takes_is_lost_though_another_gone_grant_would_give_it() -> None:
    tags = {database("sales"): {"domain": "sales"}}, {database("sales"): {"domain": "hr"}}
    some = [give(ANALYST, "CREATE_TABLE", tagged("DATABASE", domain=value)) for value in ("sales", "hr")]
    (lost,) = (one for one in told(lake(some, tags=tags[0]), lake(tags=tags[1])) if one.verdict is Verdict.NARROWED)
    assert lost.rule == "FL131"


# ----------------------------------------------------------------------- what remains of a policy that means some columns
PART = {column("sales.orders", "ssn"): {"domain": "hr"}}


@pytest.mark.parametrize("names", ["INSERT", "ALTER DROP", "DELETE"])
def test_describe_remains_where_a_policy_means_some_columns(names: str) -> None:
    policy = give(ANALYST, names, HR)
    (only,) = told(lake(tags=PART), lake([policy], tags=PART))
    assert only.rule == "FL102"
    assert [one.permission for one in only.added] == ["DESCRIBE"]
    assert only.witness is not None
    assert (only.witness.permission, only.witness.table) == ("DESCRIBE", "orders")
    assert f"--permissions {' '.join(sorted(names.split()))}" in only.fix_revoke
    (only,) = told(lake([policy], tags=PART), lake(tags=PART))
    assert only.rule == "FL130"
    assert [one.permission for one in only.removed] == ["DESCRIBE"]


def test_describe_that_remains_is_implied_by_what_else_is_gained() -> None:
    (only,) = told(lake(tags=PART), lake([give(ANALYST, "SELECT INSERT", HR)], tags=PART))
    assert [one.permission for one in only.added] == ["SELECT"]
    whole_table = {ORDERS: {"domain": "hr"}}
    (only,) = told(lake(tags=whole_table), lake([give(ANALYST, "INSERT", HR)], tags=whole_table))
    assert [one.permission for one in only.added] == ["INSERT"]


def test_describe_that_remains_is_covered_by_whatever_else_is_held() -> None:
    other = give(ANALYST, "SELECT", columns("sales.orders", "id"))
    assert [
        one.rule for one in told(lake([other], tags=PART), lake([other, give(ANALYST, "INSERT", HR)], tags=PART))
    ] == ["FL160"]


def test_describe_remains_when_a_column_is_retagged() -> None:
    policy = give(ANALYST, "INSERT", HR)
    tags = {**AFTER, column("sales.orders", "ssn"): {"domain": "sales"}}
    found = told(lake([policy], tags=AFTER), lake(tags=tags))
    assert sorted((one.rule, *(piece.permission for piece in one.removed)) for one in found if one.removed) == [
        ("FL130", "DESCRIBE"),
        ("FL131", "INSERT"),
    ]
