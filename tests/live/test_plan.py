"""A plan is the calls that a reading makes: the collectors' own, counted against a lake that is imagined."""

from collections import Counter
from math import ceil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_aws import ACCOUNT, LAKE, REGION, Aws, denied, read, recorded, replayed

from checks.live.collect import Limits
from checks.live.collectors import allowed
from checks.live.collectors.sweeps import kinds
from checks.live.plan import NOBODY, Imagined, Recorded, Sizes, planned, sizes_of, stated
from checks.model import Assignment, ColumnRef, Database, DatabaseInfo, Lake, LakeId, Table, TableInfo, TagInfo

HERE = (NOBODY, REGION)
LATENCY = 0.1
EMPTY = planned({HERE: Imagined(Sizes())}, Limits(), LATENCY)


def made(aws):
    return Counter(f"{service}:{operation}" for service, operation, _ in aws.log)


def again(answers, **more):
    recording = Recorded(replayed(recorded(answers)))
    return recording, planned(recording.lakes, Limits(**more), LATENCY)


# ------------------------------------------------------------------------------------------------- a former recording
@pytest.mark.parametrize("size", [1, 2, 7])
@pytest.mark.parametrize("empty", [False, True])
def test_what_was_recorded_takes_the_same_calls_again(size, empty):
    aws = Aws(size=size, empty=empty)
    recording, found = again(read(aws))
    assert found.calls == made(aws)
    assert (recording.unknown, recording.refused) == (Counter(), set())


def test_a_sample_that_disagrees_makes_the_plan_ask_for_every_table_too():
    aws = Aws({**LAKE, "GetResourceLFTags": {"LFTagsOnTable": [{"TagKey": "sensitivity", "TagValues": ["odd"]}]}})
    assert again(read(aws))[1].calls == made(aws)


def test_refusals_are_refused_again_and_said():
    aws = Aws(faults={"GetDatabases": denied("GetDatabases"), "ListRLSPolicies": denied("ListRLSPolicies")})
    recording, found = again(read(aws))
    assert found.calls == made(aws)
    assert recording.refused == {"glue:GetDatabases", "lakeformation:ListRLSPolicies"}


def test_what_no_recording_holds_is_one_call_and_counted():
    aws = Aws()
    answers = [one for one in read(aws) if one.operation != "ListResources"]
    recording, found = again(answers)
    assert recording.unknown == {"lakeformation:ListResources": 1}
    assert found.calls == {**made(aws), "lakeformation:ListResources": 1}


def test_a_listing_that_has_no_end_takes_the_same_calls_again():
    aws = Aws(size=1, empty=False)
    plain = aws.call

    def stuck(service, operation, request):
        answer = plain(service, operation, {**request, "NextToken": "t0"})
        return {**answer, "NextToken": "t0"} if operation == "ListLFTagExpressions" else plain(
            service, operation, request)  # fmt: skip

    aws.call = stuck
    answers = read(aws)
    (failed,) = [one.error.code for one in answers if one.operation == "ListLFTagExpressions" and one.error]
    assert failed == "RepeatedToken"
    asked = sum(one.operation == "ListLFTagExpressions" and one.error is None for one in answers)
    assert again(answers)[1].calls["lakeformation:ListLFTagExpressions"] == asked


# ------------------------------------------------------------------------------------------------------- stated sizes
def pages(rows, most):
    return max(1, ceil(rows / most))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1500), st.integers(0, 5000), st.integers(0, 60))
def test_stated_sizes_take_as_many_calls_as_arithmetic_says(tables, grants, tags):
    found = planned({HERE: Imagined(stated(tables, grants, tags))}, Limits(), LATENCY)
    databases = ceil(tables / 100)
    on = tables if tags <= 50 else round(tables * 50 / tags)
    expected = {
        "lakeformation:ListPermissions": 2 * pages(grants, 1000) + len(kinds()) - 1,
        "glue:GetDatabases": pages(databases, 100),
        "glue:GetTables": databases,
        "lakeformation:ListLFTags": 2,
        "lakeformation:SearchTablesByLFTags": tags * pages(on, 100),
        "lakeformation:SearchDatabasesByLFTags": tags,
        "lakeformation:GetResourceLFTags": min(25, tables) if tags else 0,
    }
    assert {name: found.calls.get(name, 0) for name in expected} == expected
    assert found.tables == tables
    searched = found.calls.get("lakeformation:SearchTablesByLFTags", 0) + expected["lakeformation:GetResourceLFTags"]
    assert found.apart == found.total - searched + tables


def test_every_collector_is_counted_even_for_an_empty_lake():
    led_to = {"GetTables", "SearchTablesByLFTags", "SearchDatabasesByLFTags", "GetResourceLFTags", "GetRLSPolicy"}
    assert EMPTY.calls.keys() == {f"{service}:{name}" for service, name in allowed() if name not in led_to}


def test_a_lake_of_facts_has_its_sizes():
    """Tags are inherited from databases, a table's own win, and those of a column show its table."""
    sales, first, second = Database(ACCOUNT, "sales"), Table(ACCOUNT, "sales", "a"), Table(ACCOUNT, "sales", "b")
    lake = Lake(
        LakeId("aws", ACCOUNT, REGION),
        databases={sales: DatabaseInfo(sales), (link := Database(ACCOUNT, "l")): DatabaseInfo(link, link_to=sales)},
        tables={first: TableInfo(first), second: TableInfo(second)},
        tags={"k": TagInfo("k", frozenset({"x", "y", "z", "unused"}))},
        assignments={
            sales: {"k": Assignment(sales, "k", "x")},
            second: {"k": Assignment(second, "k", "y")},
            ColumnRef(first, "c"): {"k": Assignment(ColumnRef(first, "c"), "k", "z")},
        },
    )
    sizes = sizes_of(lake)
    assert sizes.databases == {("", "sales"): 2}
    assert sizes.tags == {"k": {"x": ({sales}, {first}), "y": (set(), {second}), "z": (set(), {first}),
                                "unused": (set(), set())}}  # fmt: skip


# --------------------------------------------------------------------------------------------------------------- time
@settings(max_examples=25, deadline=None)
@given(st.integers(0, 800), st.integers(0, 3000), st.integers(0, 5), st.integers(1, 20))
def test_time_is_between_all_at_once_and_one_after_the_other(tables, grants, tags, concurrency):
    lake = {HERE: Imagined(stated(tables, grants, tags))}
    found = planned(lake, Limits(concurrency=concurrency), LATENCY)
    one = planned(lake, Limits(concurrency=1), LATENCY)
    assert one.calls == found.calls
    assert one.seconds == pytest.approx(one.total * LATENCY)
    assert one.seconds / concurrency <= found.seconds * 1.000001
    assert found.seconds <= one.seconds * 1.000001
    longest = found.calls["lakeformation:ListPermissions"] - len(kinds())
    assert found.seconds >= longest / 2 * LATENCY, "the pages of a listing come one after the other"


def test_a_rate_is_kept():
    lake = {HERE: Imagined(stated(500, 20_000, 3))}
    found = planned(lake, Limits(max_rps=4), LATENCY)
    assert found.seconds == pytest.approx((found.total - 1) / 4 + LATENCY, rel=0.02)
    assert found.apart_seconds == found.apart / 4


def test_lakes_are_read_beside_each_other():
    one = planned({HERE: Imagined(stated(300, 3000, 3))}, Limits(), LATENCY)
    both = planned({(NOBODY, name): Imagined(stated(300, 3000, 3)) for name in ("us-east-1", "eu-west-1")},
                   Limits(), LATENCY)  # fmt: skip
    assert both.calls == {name: 2 * made for name, made in one.calls.items()}
    assert both.lakes == 2
    assert both.seconds == pytest.approx(one.seconds)
