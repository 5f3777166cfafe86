"""Fault plans: what each kind does to a client, how calls are counted, what a plan's file may say."""

from __future__ import annotations

import json

import botocore.config
import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    HTTPClientError,
    ReadTimeoutError,
)
from hypothesis import given
from hypothesis import strategies as st
from lab_world import ANALYST, AUDITOR, EVENTS, RAW, grant, lf, listed, settle, shape_errors, tag, who

from lab.faults import CHANGES, KINDS, UNKNOWN_MEMBER, UNKNOWN_VALUE, Asked, Fault, Faults, Plan, PlanError
from lab.server import Lab

LIST = "lakeformation:ListPermissions"
ONCE = botocore.config.Config(retries={"total_max_attempts": 1})
HASTY = botocore.config.Config(retries={"total_max_attempts": 1}, read_timeout=0.3)


def client(lab, service="lakeformation", principal=None, config=ONCE):
    return lab.session(principal).client(service, config=config)


def refused(call, **parameters):
    with pytest.raises(ClientError) as error:
        call(**parameters)
    found = error.value.response
    return found["Error"]["Code"], found["ResponseMetadata"]["HTTPStatusCode"], found["Error"]["Message"]


@pytest.fixture
def many(lab):
    """Seven grants: four pages of two."""
    for name in ("a", "b", "c", "d", "e", "f", "g"):
        grant(lab, f"arn:aws:iam::{lab.account}:role/{name}", EVENTS, "DESCRIBE")
    return lab


# -------------------------------------------------------------------------------------------------------- refusals
@pytest.mark.parametrize(
    ("kind", "code", "status", "words"),
    [
        ("throttle", "ThrottlingException", 400, "Rate exceeded"),
        ("throttle_wrapped", "InvalidInputException", 400, "Rate exceeded (Service: AWSGlue"),
        ("server_error", "InternalServiceException", 500, "internal"),
        ("denied", "AccessDeniedException", 400, "is not authorized to perform: lakeformation:ListPermissions"),
        ("expired_credentials", "ExpiredTokenException", 400, "The security token included in the request is expired"),
    ],
)
def test_a_refusal_strikes_as_often_as_it_says_after_as_many_as_it_skips(lab, kind, code, status, words):
    lab.plan(Plan.of(Fault(kind, LIST, skip=1, times=2)))
    list_permissions = client(lab).list_permissions
    list_permissions()
    for _ in range(2):
        found = refused(list_permissions)
        assert found[:2] == (code, status)
        assert words in found[2]
    list_permissions()
    assert lab.struck == [(kind, LIST)] * 2


def test_a_refusal_takes_the_code_words_and_status_it_is_given(lab):
    lab.plan(Plan.of(Fault("throttle", LIST, code="ThrottledException", message="slower", status=429)))
    assert refused(client(lab).list_permissions) == ("ThrottledException", 429, "slower")


@pytest.mark.parametrize("kind", ["denied", "expired_credentials"])
def test_some_faults_have_no_end_unless_they_are_given_one(lab, kind):
    lab.plan(Plan.of(Fault(kind, LIST)))
    for _ in range(5):
        refused(client(lab).list_permissions)
    lab.plan(Plan())
    client(lab).list_permissions()


def test_expired_credentials_count_all_calls_of_one_principal_as_one(lab):
    lab.plan(Plan.of(Fault("expired_credentials", skip=2, principal=AUDITOR)))
    mine = client(lab, principal=AUDITOR)
    mine.list_permissions()
    mine.list_lf_tags()
    assert refused(mine.list_resources)[0] == "ExpiredTokenException"
    assert refused(client(lab, "glue", AUDITOR).get_databases)[0] == "ExpiredTokenException"
    assert refused(client(lab, "sts", AUDITOR).get_caller_identity)[:2] == ("ExpiredToken", 403)
    client(lab).list_resources()


def test_other_faults_count_each_operation_on_its_own(lab):
    lab.plan(Plan.of(Fault("server_error", "lakeformation:List*", skip=1)))
    mine = client(lab)
    for call in (mine.list_permissions, mine.list_lf_tags):
        call()
        refused(call)
        call()


def test_a_fault_can_be_narrowed_to_a_region_and_a_principal(lab):
    lab.plan(Plan.of(Fault("denied", LIST, region="eu-*", principal="*:role/lake-auditor")))
    far = lab.session(AUDITOR, region="eu-west-1").client("lakeformation", config=ONCE)
    refused(far.list_permissions)
    client(lab, principal=AUDITOR).list_permissions()
    lab.session(ANALYST, region="eu-west-1").client("lakeformation", config=ONCE).list_permissions()


def test_services_of_other_protocols_are_refused_in_their_own_words(lab):
    for kind, iam, ec2 in (
        ("denied", ("AccessDenied", 403), ("UnauthorizedOperation", 403)),
        ("throttle", ("Throttling", 400), ("RequestLimitExceeded", 400)),
    ):
        lab.plan(Plan.of(Fault(kind)))
        assert refused(client(lab, "iam").list_roles)[:2] == iam
        assert refused(client(lab, "ec2").describe_regions)[:2] == ec2


def test_a_plan_given_at_the_start_holds_from_the_first_call():
    with Lab.start(faults=Plan.of(Fault("denied", LIST))) as lab:
        refused(client(lab).list_permissions)


def test_an_expired_token_is_dead_until_the_listing_begins_again(many):
    many.plan(Plan.of(Fault("expired_token", LIST, skip=1)))
    ask = client(many).list_permissions
    second = ask(MaxResults=2)["NextToken"]
    third = ask(MaxResults=2, NextToken=second)["NextToken"]
    for _ in range(3):
        code, _, words = refused(ask, MaxResults=2, NextToken=third)
        assert (code, "NextToken" in words) == ("InvalidInputException", True)
    ask(MaxResults=2)
    assert ask(MaxResults=2, NextToken=third)["PrincipalResourcePermissions"]


# -------------------------------------------------------------------------------------------------------- the wire
def test_a_timeout_is_no_answer_and_the_next_call_goes_well(lab):
    lab.plan(Plan.of(Fault("timeout", LIST)))
    with pytest.raises(ReadTimeoutError):
        client(lab, config=HASTY).list_permissions()
    client(lab).list_permissions()


def test_a_timeout_lets_the_connection_go_in_the_end(lab):
    lab.plan(Plan.of(Fault("timeout", LIST, seconds=0.01)))
    with pytest.raises(ConnectionClosedError):
        client(lab).list_permissions()


def test_a_slow_answer_is_an_answer(lab):
    lab.plan(Plan.of(Fault("slow", LIST, seconds=0.01)))
    client(lab).list_permissions()
    assert lab.struck == [("slow", LIST)]


@pytest.mark.parametrize(("service", "call"), [("lakeformation", "list_permissions"), ("iam", "list_roles")])
def test_a_reset_breaks_the_answer_off(lab, service, call):
    lab.plan(Plan.of(Fault("reset", f"{service}:*")))
    ask = getattr(client(lab, service), call)
    with pytest.raises((HTTPClientError, ConnectionError)):
        ask()
    ask()


def test_truncated_json_is_no_json(many):
    """botocore takes such a body for an answer without rows and without a token: nothing is raised."""
    many.plan(Plan.of(Fault("truncated", LIST)))
    ask = client(many).list_permissions
    assert "PrincipalResourcePermissions" not in ask()
    assert len(ask()["PrincipalResourcePermissions"]) == 7
    many.plan(Plan.of(Fault("truncated", "glue:GetTables")))
    assert "TableList" not in client(many, "glue").get_tables(DatabaseName="raw")


def test_a_lab_with_a_silent_connection_closes_at_once():
    with Lab.start(faults=Plan.of(Fault("timeout", "sts:*"))) as lab, pytest.raises(ReadTimeoutError):
        client(lab, "sts", config=HASTY).get_caller_identity()


# --------------------------------------------------------------------------------------------------------- bent rows
def walk(lab, **parameters):
    """All pages, as a client that believes every token sees them; at most ten."""
    found = []
    for _ in range(10):
        found.append(lf(lab, "ListPermissions", MaxResults=2, **parameters))
        if "NextToken" not in found[-1]:
            break
        parameters["NextToken"] = found[-1]["NextToken"]
    return found


def rows(found):
    return [json.dumps(row, sort_keys=True) for page in found for row in page["PrincipalResourcePermissions"]]


def test_rows_repeat_across_pages_and_nothing_is_lost(many):
    whole = rows(walk(many))
    many.plan(Plan.of(Fault("duplicate_rows", LIST, times=0)))
    found = walk(many)
    assert len(found) == 4
    assert len(rows(found)) == len(whole) + 4
    assert list(dict.fromkeys(rows(found))) == whole
    assert found[1]["PrincipalResourcePermissions"][0] == found[0]["PrincipalResourcePermissions"][-1]


def test_a_token_comes_twice(many):
    many.plan(Plan.of(Fault("repeated_token", LIST)))
    tokens = [page.get("NextToken") for page in walk(many)]
    assert tokens[0] == tokens[1]
    assert tokens[-1] is None


def test_a_permission_that_nobody_knows(many):
    many.plan(Plan.of(Fault("unknown_enum", LIST)))
    (page,) = [lf(many, "ListPermissions")]
    wrong = shape_errors("lakeformation", "ListPermissions", page)
    assert len(wrong) == 1
    assert UNKNOWN_VALUE in wrong[0]
    assert "Permissions[1]" in wrong[0]


def test_an_enum_value_that_nobody_knows_where_there_is_no_list_of_them(lab):
    role = f"arn:aws:iam::{lab.account}:role/register"
    lf(lab, "RegisterResource", ResourceArn="arn:aws:s3:::lake", RoleArn=role)
    lab.plan(Plan.of(Fault("unknown_enum")))
    (row,) = lf(lab, "ListResources")["ResourceInfoList"]
    assert row["VerificationStatus"] == UNKNOWN_VALUE


def test_a_row_more_on_a_kind_of_resource_that_nobody_knows(many):
    whole = rows(walk(many))
    many.plan(Plan.of(Fault("unknown_member", LIST)))
    found = lf(many, "ListPermissions")["PrincipalResourcePermissions"]
    strange = [row for row in found if UNKNOWN_MEMBER in row["Resource"]]
    assert len(strange) == 1
    assert len(found) == len(whole) + 1


def test_a_member_that_nobody_knows_in_a_row_without_a_union(lab):
    lab.plan(Plan.of(Fault("unknown_member")))
    assert sum(UNKNOWN_MEMBER in row for row in lf(lab, "ListLFTags")["LFTags"]) == 1


def test_what_has_no_enum_and_what_is_empty_is_left_alone_and_not_counted_as_struck(many):
    many.plan(Plan.of(Fault("unknown_enum")))
    tags = lf(many, "ListLFTags")
    assert lf(many, "ListResources") == {"ResourceInfoList": []}
    many.plan(Plan())
    assert lf(many, "ListLFTags") == tags
    assert many.struck == []


def test_the_lake_changes_while_it_is_read(many):
    tag(many, RAW, domain="hr")
    settings = lf(many, "GetDataLakeSettings")
    before = len(listed(many))

    def read(change):
        many.plan(Plan.of(Fault("change_while_read", LIST, change=change)))
        found = rows(walk(many))
        many.plan(Plan())
        return len(found)

    assert read("grant") == before + 1
    assert read("revoke") == before
    assert len(listed(many)) == before
    read("settings")
    after = lf(many, "GetDataLakeSettings")
    assert len(after["DataLakeSettings"]["ReadOnlyAdmins"]) == len(settings["DataLakeSettings"]["ReadOnlyAdmins"]) + 1
    before_tags = lf(many, "GetResourceLFTags", Resource=RAW)
    read("tag")
    assert lf(many, "GetResourceLFTags", Resource=RAW) != before_tags
    assert set(CHANGES) == {"grant", "revoke", "settings", "tag"}


def test_a_change_waits_for_a_page_that_is_not_the_last(many):
    many.plan(Plan.of(Fault("change_while_read", LIST)))
    many.call("lakeformation", "ListPermissions")
    assert many.struck == []


def test_answers_without_rows_are_left_alone(lab):
    settings = lf(lab, "GetDataLakePrincipal")
    lab.plan(Plan.of(*(Fault(kind, times=0) for kind in ("duplicate_rows", "unknown_enum", "unknown_member"))))
    assert lf(lab, "GetDataLakePrincipal") == settings


# --------------------------------------------------------------------------------------------------------------- laws
OPERATIONS = ("ListPermissions", "ListLFTags", "ListResources")
faults = st.builds(
    Fault,
    st.sampled_from(["throttle", "throttle_wrapped", "server_error", "denied", "expired_credentials", "expired_token"]),
    st.sampled_from(["*", "lakeformation:*", *(f"lakeformation:{name}" for name in OPERATIONS)]),
    skip=st.integers(0, 3),
    times=st.none() | st.integers(0, 3),
    chance=st.sampled_from([0.0, 0.5, 1.0]),
)
plans = st.builds(Plan, st.lists(faults, max_size=4).map(tuple), st.integers())
calls = st.lists(st.tuples(st.sampled_from(OPERATIONS), st.sampled_from(["", "a", "b"])), max_size=25)


def outcomes(plan, asked):
    at_work = Faults(plan)
    for operation, token in asked:
        body = json.dumps({"NextToken": token} if token else {}).encode()
        try:
            at_work.before(Asked("lakeformation", operation, "us-east-1", "111122223333", AUDITOR, AUDITOR, body))
        except Exception as error:  # noqa: BLE001 - whatever it is, it must be the same the second time
            yield str(error)
        else:
            yield ""


@given(plans, calls)
def test_the_same_calls_meet_the_same_faults(plan, asked):
    assert list(outcomes(plan, asked)) == list(outcomes(plan, asked))


@given(plans, calls)
def test_a_plan_survives_its_file(plan, asked):
    again = Plan.read(plan.toml())
    assert list(outcomes(again, asked)) == list(outcomes(plan, asked))


@given(st.integers(0, 3), st.integers(1, 3), calls)
def test_a_fault_strikes_at_most_as_often_as_it_says_for_each_operation(skip, times, asked):
    plan = Plan.of(Fault("server_error", skip=skip, times=times))
    found = list(zip(asked, outcomes(plan, asked), strict=True))
    for operation in OPERATIONS:
        met = [bool(outcome) for (name, _), outcome in found if name == operation]
        assert met == [skip <= place < skip + times for place in range(len(met))]


# ---------------------------------------------------------------------------------------------------------- the file
def test_a_plan_is_read_from_toml_and_from_json():
    text = """
    seed = 7
    [[fault]]
    kind = "slow"
    on = "glue:GetTables"
    seconds = 1
    [[fault]]
    kind = "denied"
    """
    assert Plan.read(text) == Plan((Fault("slow", "glue:GetTables", seconds=1), Fault("denied")), 7)
    same = {"seed": 7, "fault": [{"kind": "slow", "on": "glue:GetTables", "seconds": 1}, {"kind": "denied"}]}
    assert Plan.read(json.dumps(same)) == Plan.read(text)
    assert Plan.read("") == Plan()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[fault]", "is no fault plan"),
        ("{", "is no fault plan"),
        ("faults = 1", "unknown key `faults`"),
        ("seed = true", "`seed` must be a whole number"),
        ("fault = 3", "as a table"),
        ("[[fault]]", "fault 1: `kind` is missing"),
        ('[[fault]]\nkind = "throtle"', "did you mean `throttle`"),
        ("[[fault]]\nkind = 1", "`kind` must be text"),
        ('[[fault]]\nkind = "slow"\nwait = 1', "unknown key `wait`"),
        ('[[fault]]\nkind = "slow"\ntime = 1', "did you mean `times`"),
        ('[[fault]]\nkind = "slow"\ntimes = true', "`times` must be a whole number"),
        ('[[fault]]\nkind = "slow"\nskip = -1', "`skip` is -1; it must lie between 0"),
        ('[[fault]]\nkind = "slow"\nchance = 1.5', "`chance` is 1.5"),
        ('[[fault]]\nkind = "slow"\nseconds = nan', "`seconds` is nan"),
        ('[[fault]]\nkind = "slow"\non = "GetTables"', "write `service:Operation`"),
        ('[[fault]]\nkind = "slow"\non = "lakeformation:ListPermission"', "did you mean `ListPermissions`"),
        ('[[fault]]\nkind = "slow"\non = "glue:Zz*"', "which is unknown"),
        ('[[fault]]\nkind = "change_while_read"\nchange = "grants"', "did you mean `grant`"),
        ('[[fault]]\nkind = "\\u001b[31m"', "kind"),
    ],
)
def test_a_malformed_plan_is_one_clear_line(text, words):
    with pytest.raises(PlanError) as error:
        Plan.read(text, "bad.toml")
    line = str(error.value)
    assert words in line
    assert "bad.toml" in line
    assert line.isprintable()


def test_every_kind_is_told_and_can_be_made():
    assert {Fault(kind).kind for kind in KINDS} == set(KINDS)
    assert all(text.isprintable() for text in KINDS.values())


def test_a_lab_without_faults_answers_as_one_with_a_plan_that_never_fits():
    answers = []
    for plan in (None, Plan.of(Fault("unknown_enum", "ram:*"), Fault("reset", "*", chance=0, times=0))):
        with Lab.start(faults=plan, clock=lambda: 1e9) as lab:
            settle(lab)
            grant(lab, ANALYST, EVENTS, "ALL")
            answers.append(client(lab).list_permissions()["PrincipalResourcePermissions"])
    assert answers[0] == answers[1]
    assert who(ANALYST) in [row["Principal"] for row in answers[0]]
