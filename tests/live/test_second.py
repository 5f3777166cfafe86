"""Second reads: what is asked once more, and what its answers change."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from toy_aws import ACCOUNT, ANALYST, CATALOG, GRANTS, REGION, Aws, granted, needed, read

from checks import normal
from checks.live.answer import Answer, Failure
from checks.live.collectors import Call, allowed
from checks.live.facts import build
from checks.live.second import MOST, questions, union
from checks.model import (
    AllTables,
    AnyResource,
    Catalog,
    Cause,
    ColumnRef,
    Confidence,
    Database,
    DataCellsFilter,
    DataLocation,
    Facts,
    Finding,
    Function,
    LakeId,
    LFTag,
    Only,
    Principal,
    Reach,
    RLSPolicy,
    SavedExpression,
    Severity,
    Subject,
    Table,
    TableColumns,
    TagPolicy,
    TagRef,
    Verdict,
)

HERE = LakeId("aws", ACCOUNT, REGION)
TABLE = Table(ACCOUNT, "sales", "orders")
EXPRESSION = (("domain", frozenset({"a", "b"})),)
RESOURCES = [
    Catalog(ACCOUNT), Catalog(f"{ACCOUNT}:nested"), Database(ACCOUNT, "sales"), TABLE, AllTables(ACCOUNT, "sales"),
    DataLocation(ACCOUNT, "arn:aws:s3:::lake/raw"), LFTag(ACCOUNT, "domain", frozenset({"a"})),
    TagPolicy(ACCOUNT, "TABLE", EXPRESSION), TagPolicy(ACCOUNT, "DATABASE", (), "saved"),
    SavedExpression(ACCOUNT, "saved"), RLSPolicy(ACCOUNT, "region"), Function(ACCOUNT, "sales", "mask"),
    Function(ACCOUNT, "sales", "*"), AnyResource(ACCOUNT, "TABLE"),
]  # fmt: skip


def finding(resource, verdict=Verdict.NARROWED, kind="grant", severity=Severity.LOW, number=0):
    return Finding(f"{number:016x}", "FL110", "n", severity, Confidence.PROVED, verdict,
                   Subject(kind, Principal(ANALYST), resource, HERE), "m", Cause("grant", "w"), Reach(1))  # fmt: skip


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda one: type(one).__name__)
def test_what_is_asked_about_a_resource_is_read_back_as_that_resource(resource):
    assert normal.resource(union(resource), ACCOUNT) == resource
    ((call,),) = questions([finding(resource)]).values()
    assert (call.service, call.operation) in allowed()
    assert "Principal" not in call.request, "with a principal, permissions are computed"


def test_parts_of_a_table_are_asked_for_by_their_table():
    parts = [TableColumns(TABLE, Only(frozenset({"id"}))), DataCellsFilter(TABLE, "eu"), TABLE]
    ((*calls,),) = questions([finding(one, number=n) for n, one in enumerate(parts)]).values()
    requests = [call.request for call in calls]
    assert len(requests) == 2, "columns and the table are one question"
    assert sorted("IncludeRelated" in one for one in requests) == [False, True]


def test_only_what_looks_lost_or_retagged_is_asked_about():
    tag = TagRef(ColumnRef(TABLE, "id"), "domain")
    asked = questions([finding(tag, Verdict.WIDENED, "tag"), finding(TagRef(Catalog(ACCOUNT), "domain"), kind="tag")])
    assert asked[HERE] == (Call("lakeformation", "GetResourceLFTags", {"Resource": union(TABLE)}),)
    for verdict in set(Verdict) - {Verdict.NARROWED}:
        assert questions([finding(TABLE, verdict)]) == {}
    assert questions([finding(tag, Verdict.UNKNOWN, "tag"), finding(TABLE, kind="table")]) == {}


@given(st.integers(0, 2 * MOST), st.randoms())
def test_questions_are_bounded_the_worst_first_whatever_the_order(many, chance):
    findings = [finding(Table(ACCOUNT, "sales", f"t{n}"), number=n) for n in range(many)]
    findings.append(finding(TABLE, severity=Severity.HIGH, number=many))
    plain = questions(findings)
    chance.shuffle(findings)
    assert questions(findings) == plain
    assert len(plain[HERE]) == min(many + 1, MOST)
    assert plain[HERE][0].request["Resource"] == union(TABLE)


# ------------------------------------------------------------------------------------------------- what answers change
MORE = granted(ANALYST, {"Table": {**CATALOG, "DatabaseName": "sales", "Name": "all_tables"}}, "ALTER")


def answered(rows=(), code="", resource=None):
    request = {"Resource": resource or {"Table": {**CATALOG, "DatabaseName": "sales", "Name": "all_tables"}}}
    body = None if code else json.dumps({"PrincipalResourcePermissions": list(rows)}).encode()
    return Answer(ACCOUNT, REGION, "lakeformation", "ListPermissions", request, body,
                  Failure(code, "no", 400) if code else None, "", 999)  # fmt: skip


WHOLE = needed(read(Aws()))


def test_a_second_read_that_shows_no_more_changes_nothing():
    live = build([*WHOLE, answered([one for one in GRANTS if "all_tables" in str(one)])])
    assert live.complete
    (row,) = [row for row in live.ledger if row.operation == "ListPermissions"]
    assert "grants on 1 resource asked for again" in row.basis
    assert live.lakes == build(WHOLE).lakes


@pytest.mark.parametrize("first", [False, True])
def test_a_row_that_only_a_second_read_shows_is_there_and_the_listing_was_not_whole(first):
    answers = [answered([MORE]), *WHOLE] if first else [*WHOLE, answered([MORE])]
    live = build(answers)
    (lake,) = live.lakes
    row = next(one for one in lake.grants if one.resource == Table(ACCOUNT, "sales", "all_tables"))
    assert row.permissions == {"ALTER", "DROP"}
    assert not live.complete
    (gap,) = lake.gaps
    assert (gap.facts, "the whole listing leaves out" in gap.reason) == (Facts.GRANTS, True)


def test_a_second_read_that_was_refused_leaves_its_resource_open():
    live = build([*WHOLE, answered(code="AccessDeniedException")])
    (gap,) = live.lakes[0].gaps
    assert (gap.facts, gap.scope) == (Facts.GRANTS, Table(ACCOUNT, "sales", "all_tables"))
    assert "the caller needs `lakeformation:ListPermissions`" in gap.reason
    assert not live.complete


@pytest.mark.parametrize("code", ["InvalidInputException", "EntityNotFoundException"])
def test_a_question_that_aws_does_not_take_says_nothing(code):
    assert build([*WHOLE, answered(code=code)]).complete
