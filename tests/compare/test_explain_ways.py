"""Through what somebody reads: files past limits, functions, groups, and opt-ins that keep a group's grant off."""

from __future__ import annotations

import pytest
from small_lakes import (
    ACCOUNT,
    ANALYST,
    EVERYBODY_HERE,
    MARKETING,
    all_tables,
    cells,
    columns,
    database,
    give,
    lake,
    table,
)

from checks.explain import Answer, Question
from checks.model import EVERYONE, AllExcept, Function, Grant, Location, OptIn, Principal, Resource
from checks.semantics import function_name

ORDERS = table("sales.orders")
PLACE = Location("arn:aws:s3:::lake", hybrid=True)
MASK = Principal(f"arn:aws:glue:us-east-1:{ACCOUNT}:userDefinedFunction/sales/Mask")


def asked(grants: list[list[Grant]], who: Principal = ANALYST, column: str | None = "ssn", **members: object) -> Answer:
    one = lake(grants, **members)
    return Question(one, one, ORDERS, column).answer(who)


def told(answer: Answer) -> list[tuple[str, str, str]]:
    assert answer.declared.ways == () or [one.access for one in answer.declared.ways] == [
        one.access for one in answer.live.ways
    ]
    return [(one.gives, one.why, one.past) for one in answer.live.ways]


@pytest.mark.parametrize("name", ["INSERT", "DELETE"])
@pytest.mark.parametrize("on", [ORDERS, all_tables("sales")])
def test_whoever_writes_reads_the_files(name: str, on: Resource) -> None:
    for column in ("ssn", None):
        answer = asked([give(ANALYST, name, on)], column=column)
        ((gives, _, past),) = told(answer)
        assert gives == name
        assert past == f"{name} reads the files, every column and row"
        assert answer.live.misses == ()


def test_a_filter_does_not_limit_whoever_writes() -> None:
    grants = [give(ANALYST, "SELECT", cells("sales.orders", "eu")), give(ANALYST, "INSERT", ORDERS)]
    filters = {cells("sales.orders", "eu"): (AllExcept(), "email = 'a'")}
    assert {(gives, bool(past)) for gives, _, past in told(asked(grants, filters=filters))} == {
        ("SELECT", False),
        ("INSERT", True),
    }


@pytest.mark.parametrize("name", ["ALTER", "DROP", "DESCRIBE"])
def test_other_permissions_read_no_column(name: str) -> None:
    answer = asked([give(ANALYST, name, ORDERS)])
    assert answer.live.ways == ()
    assert answer.live.misses == ("sales.orders: not this column",)


def test_all_of_a_table_needs_no_remark() -> None:
    assert [past for _, _, past in told(asked([give(ANALYST, "ALL", ORDERS)]))] == [""]


@pytest.mark.parametrize("on", ["mask", "*"])
def test_whoever_executes_a_function_reads_what_it_reads(on: str) -> None:
    run = give(ANALYST, "EXECUTE", Function(ACCOUNT, "sales", on))
    assert told(asked([run, give(MASK, "SELECT", ORDERS)])) == [
        ("EXECUTE", "function sales.Mask, which has SELECT through sales.orders", "")
    ]
    assert told(asked([run, give(MASK, "SELECT", columns("sales.orders", "id"))])) == []
    assert told(asked([run, give(MASK, "ALTER", ORDERS)], column=None)) == []
    assert told(asked([run, give(MASK, "SELECT", ORDERS)], who=MARKETING)) == []
    assert told(asked([give(ANALYST, "DROP", Function(ACCOUNT, "sales", on)), give(MASK, "SELECT", ORDERS)])) == []


def test_which_functions_a_resource_names() -> None:
    assert function_name(Function(ACCOUNT, "sales", "mask"), MASK) == "Mask"
    assert function_name(Function(ACCOUNT, "sales", "other"), MASK) is None
    assert function_name(Function(ACCOUNT, "hr", "*"), MASK) is None
    assert function_name(Function("444455556666", "sales", "*"), MASK) is None
    assert function_name(Function(ACCOUNT, "sales", "*"), ANALYST) is None


@pytest.mark.parametrize("on", [ORDERS, database("sales"), all_tables("sales")])
def test_who_is_opted_in_reads_nothing_by_iam_allowed_principals(on: Resource) -> None:
    grants = [give(EVERYONE, "ALL", ORDERS), give(ANALYST, "SELECT", columns("sales.orders", "id"))]
    limited = asked(grants, optins=[OptIn(ANALYST, on)], locations=[PLACE])
    assert told(limited) == []
    assert any("the principal is opted in" in one for one in limited.live.misses)
    assert len(told(asked(grants, locations=[PLACE]))) == 1
    assert len(told(asked(grants, optins=[OptIn(MARKETING, on)], locations=[PLACE]))) == 1
    assert len(told(asked(grants, optins=[OptIn(ANALYST, on, "some condition")], locations=[PLACE]))) == 1
    assert len(told(asked(grants, EVERYONE, optins=[OptIn(EVERYONE, on)], locations=[PLACE]))) == 1


def test_who_reads_through_a_group_is_known() -> None:
    grants = [give(EVERYBODY_HERE, "SELECT", ORDERS)]
    assert asked(grants, MARKETING).is_known
    assert not asked([give(ANALYST, "SELECT", ORDERS)], MARKETING).is_known
