"""Asking AWS: what is asked, in which order, and what becomes of every failure."""

import io
import re

import botocore.session
import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)
from botocore.parsers import ResponseParserError
from botocore.validate import ParamValidator
from toy_aws import ACCOUNT, GRANTS, LAKE, NAMES, REGION, Aws, Clock, denied, now, read, recorded, replayed

from checks.live import iam
from checks.live.collect import (
    CannotStartError,
    ForbiddenCallError,
    Limits,
    Means,
    Place,
    Reading,
    perform,
    services,
)
from checks.live.collectors import allowed, collectors
from checks.live.facts import build
from checks.live.journal import Journal
from checks.live.recording import Header
from checks.model import Facts

DARK = {
    "GetCallerIdentity": Facts.CALLER,
    "GetDataLakePrincipal": Facts.CALLER,
    "GetDataLakeSettings": Facts.SETTINGS,
    "ListPermissions": Facts.GRANTS,
    "ListLFTags": Facts.TAGS,
    "ListLFTagExpressions": Facts.EXPRESSIONS,
    "ListDataCellsFilter": Facts.FILTERS,
    "ListResources": Facts.LOCATIONS,
    "ListLakeFormationOptIns": Facts.OPTINS,
    "ListRLSPolicies": Facts.RLS,
    "GetRLSPolicy": Facts.RLS,
    "ListRLSPolicyAttachments": Facts.RLS,
    "DescribeLakeFormationIdentityCenterConfiguration": Facts.IDENTITY_CENTER,
    "GetCatalogs": Facts.CATALOGS,
    "GetDatabases": Facts.DATABASES,
    "GetTables": Facts.TABLES,
    "SearchDatabasesByLFTags": Facts.ASSIGNMENTS,
    "SearchTablesByLFTags": Facts.ASSIGNMENTS,
    "GetResourcePolicy": Facts.POLICIES,
    "GetResourcePolicies": Facts.POLICIES,
    "GetDataCatalogEncryptionSettings": Facts.POLICIES,
    "GetUserDefinedFunctions": Facts.FUNCTIONS,
}


@pytest.fixture(scope="module")
def models():
    session = botocore.session.get_session()
    return {service: session.get_service_model(service) for service in services()}


# ------------------------------------------------------------------------------------------------------- what is asked
def test_only_calls_that_read_are_allowed_and_none_that_hands_out_data(models):
    assert {operation for _, operation in allowed()} == {*DARK, "GetResourceLFTags"}
    for service, operation in allowed():
        assert operation in models[service].operation_names
        assert operation.startswith(("Get", "List", "Describe", "Search"))
        assert not re.match(r"GetDataAccess|GetTemporary|GetTableObjects|GetWorkUnit|GetUnfiltered", operation)


def test_nothing_else_can_be_asked():
    with pytest.raises(ForbiddenCallError):
        perform(Aws(), "lakeformation", "GrantPermissions", {})
    with pytest.raises(ForbiddenCallError):
        perform(Aws(), "lakeformation", "GetTables", {})


def test_every_request_and_sample_answer_fits_the_service_model(models):
    aws = Aws(empty=False)  # the model has it that a page of LF-tags is never empty
    for answer in read(aws):
        model = models[answer.service].operation_model(answer.operation)
        if model.input_shape is not None:
            report = ParamValidator().validate(answer.request, model.input_shape)
            assert not report.has_errors(), report.generate_report()
        else:
            assert not answer.request
    for service, operation, request in list(aws.log):
        response = aws.call(service, operation, request) if not isinstance(LAKE[operation], Exception) else {}
        response.pop("ResponseMetadata", None)
        shape = models[service].operation_model(operation).output_shape
        assert not ParamValidator().validate(response, shape).has_errors()


def test_listings_are_asked_unfiltered_and_in_a_steady_order():
    first, second = Aws(size=50, empty=False), Aws(size=50, empty=False)
    read(first)
    read(second)
    assert first.log == second.log
    asked = [(operation, request) for _, operation, request in first.log]
    assert asked[0] == ("GetCallerIdentity", {})
    assert ("ListPermissions", {"MaxResults": 1000}) in asked
    assert asked[-1][0] == "ListResources", "the last call is one that a complete view needs"
    assert [request["DatabaseName"] for operation, request in asked if operation == "GetTables"] == [
        "Sales",
        "empty",
        "inner",
    ]
    searches = [request["Expression"][0] for operation, request in asked if operation == "SearchTablesByLFTags"]
    assert [(one["TagKey"], len(one["TagValues"])) for one in searches] == [
        ("sensitivity", 3),
        ("domain", 50),
        ("domain", 10),
    ]


def test_pages_are_followed_through_empty_ones():
    small, big = build(read(Aws(size=1))), build(read(Aws(size=99, empty=False)))
    assert set(small.lakes[0].grants) == set(big.lakes[0].grants)
    assert small.complete
    assert big.complete


def test_a_recording_gives_the_same_facts_evidence_included():
    answers = read(Aws())
    at_once, later = build(answers), build(replayed(recorded(answers, "zstd")), Header())
    assert at_once == later
    assert [g.evidence for g in at_once.lakes[0].grants] == [g.evidence for g in later.lakes[0].grants]
    lines = recorded(answers).splitlines()
    grant = list(at_once.lakes[0].grants)[4]
    assert grant.evidence is not None
    assert grant.evidence.line is not None
    assert b"444455556666" in lines[grant.evidence.line - 1]


def test_progress_is_told_with_every_answer():
    steps = []
    answers = read(Aws(), progress=steps.append)
    assert [step.answers for step in steps] == list(range(1, len(answers) + 1))
    assert steps[-1].rows >= len(GRANTS)


def test_iam_actions_come_from_the_collectors():
    assert iam.actions() == tuple(sorted(iam.actions()))
    assert {"glue:GetTables", "lakeformation:ListPermissions", "sts:GetCallerIdentity"} <= set(iam.actions())
    allow, deny = iam.policy()["Statement"]
    assert allow["Action"] == list(iam.actions())
    patterns = [re.compile(one.replace("*", ".*")) for one in deny["Action"]]
    assert not [action for action in iam.actions() if any(one.fullmatch(action) for one in patterns)]


def test_the_policy_denies_every_call_that_changes_or_hands_out_data(models):
    deny = iam.policy()["Statement"][1]["Action"]
    patterns = [re.compile(one.replace("*", ".*")) for one in deny]
    reads = ("Get", "List", "Describe", "Search", "Query", "Check", "BatchGet")
    for service in ("glue", "lakeformation"):
        for operation in models[service].operation_names:
            held_back = any(one.fullmatch(f"{service}:{operation}") for one in patterns)
            assert held_back or operation.startswith(reads), operation
    for operation in (
        "GetTemporaryGlueTableCredentials",
        "GetWorkUnitResults",
        "GetTableObjects",
        "BatchGrantPermissions",
    ):
        assert any(one.fullmatch(f"lakeformation:{operation}") for one in patterns)
    for operation in ("CreateTable", "PutResourcePolicy", "BatchDeleteTable", "UpdateDatabase"):
        assert any(one.fullmatch(f"glue:{operation}") for one in patterns)


# ----------------------------------------------------------------------------------------------------------- failures
@pytest.mark.parametrize(
    ("operation", "fault"),
    [(one, denied(one)) for one in sorted(DARK)]
    + [(one, [None, *[denied(one)] * 99]) for one in sorted(DARK) if isinstance(LAKE[one], tuple)],
)
def test_each_call_denied_in_turn_leaves_a_gap_and_no_complete_view(operation, fault):
    answers = read(Aws(faults={operation: fault}), account=ACCOUNT)
    live = build(replayed(recorded(answers)))
    assert not live.complete
    (lake,) = live.lakes
    gaps = [gap for gap in lake.gaps if gap.facts is DARK[operation] and gap.source.endswith(f":{operation}")]
    assert gaps
    assert all("refused" in gap.reason and operation in gap.reason for gap in gaps)
    (row,) = [row for row in live.ledger if row.operation == operation]
    assert not row.complete
    assert row.errors == ("AccessDeniedException: not allowed",)
    others = [row for row in live.ledger if not row.complete and row.operation != operation]
    leads_to = {
        "ListLFTags": {"SearchDatabasesByLFTags", "SearchTablesByLFTags"},
        "GetDatabases": {"GetTables", "SearchDatabasesByLFTags", "SearchTablesByLFTags"},
        "GetCatalogs": {"GetDatabases"},
    }
    if operation != "GetDataLakeSettings":  # without it, nothing is shown to be whole
        assert {row.operation for row in others} <= leads_to.get(operation, set())


def test_what_was_read_before_a_failure_is_kept():
    lake = {**LAKE, "ListDataCellsFilter": ("DataCellsFilters", [])}
    live = build(read(Aws(lake, faults={"ListPermissions": [None, None, None, *[denied("ListPermissions")] * 99]})))
    assert len(live.lakes[0].grants) == 2


@pytest.mark.parametrize(
    "fault",
    [
        denied("X", "ThrottlingException", 400, "Rate exceeded"),
        denied("X", "Throttling", 400, ""),
        denied("X", "InvalidInputException", 400, "Failed to call Glue: Rate exceeded (Service: AWSGlue)"),
    ],
)
def test_throttling_in_every_wrapping_is_tried_again(fault):
    clock = Clock()
    answers = read(Aws(faults={"ListPermissions": [fault, fault], "GetTables": [fault]}), clock=clock)
    assert build(answers) == build(read(Aws()))
    assert clock.at > 0


def test_throttling_without_end_is_a_failure():
    aws, limits = Aws(faults={"GetTables": denied("X", "ThrottlingException")}), Limits(tries=4)
    live = build(read(aws, limits=limits))
    assert not live.complete
    assert [operation for _, operation, _ in aws.log].count("GetTables") == 4 * 3, "three databases"
    assert any("ThrottlingException" in gap.reason for gap in live.lakes[0].gaps if gap.facts is Facts.TABLES)


def test_an_ordinary_invalid_input_is_not_tried_again():
    aws, clock = Aws(faults={"ListResources": denied("X", "InvalidInputException", 400, "no")}), Clock()
    read(aws, clock=clock)
    assert not clock.waits
    assert [operation for _, operation, _ in aws.log].count("ListResources") == 1


@pytest.mark.parametrize(
    "fault",
    [
        ConnectionClosedError(endpoint_url="https://lakeformation.test"),
        ReadTimeoutError(endpoint_url="https://lakeformation.test"),
        ResponseParserError("Unable to parse response,\nreceived: <html>"),
        denied("X", "InternalFailure", 501, "not implemented"),
    ],
)
def test_a_failure_in_the_middle_is_an_answer_and_the_reading_goes_on(fault):
    answers = read(Aws(faults={"ListLFTagExpressions": fault}))
    (failed,) = [one for one in answers if one.error and one.operation == "ListLFTagExpressions"]
    code = fault.response["Error"]["Code"] if isinstance(fault, ClientError) else type(fault).__name__
    assert failed.error.code == code
    assert "\n" not in failed.error.message
    live = build(replayed(recorded(answers)))
    assert not live.complete
    assert {gap.facts for gap in live.lakes[0].gaps} == {Facts.EXPRESSIONS}


def test_a_repeated_token_is_never_success():
    class Endless(Aws):
        def call(self, service, operation, request):
            answer = super().call(service, operation, request)
            return {**answer, "NextToken": "again"} if operation == "ListResources" else answer

    endless = Endless(size=50, empty=False)
    endless.lake = {**LAKE, "ListResources": {"ResourceInfoList": []}}
    answers = read(endless)
    assert [one.error.code if one.error else None for one in answers[-3:]] == [None, None, "RepeatedToken"]
    live = build(replayed(recorded(answers)))
    assert not live.complete
    assert [gap.facts for gap in live.lakes[0].gaps] == [Facts.LOCATIONS]
    # A recording by another tool has no such line: the tokens tell.
    assert not build(answers[:-1]).complete


def test_pages_without_end_are_bounded():
    answers = read(Aws(size=1), limits=Limits(max_pages=3))
    assert "TooManyPages" in {one.error.code for one in answers if one.error}
    assert not build(answers).complete


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (NoCredentialsError(), "no usable AWS credentials"),
        (denied("X", "ExpiredToken", 403), "not valid.*ExpiredToken"),
        (denied("X", "InvalidClientTokenId", 403), "not valid"),
        (EndpointConnectionError(endpoint_url="https://sts.test"), "cannot be reached"),
    ],
)
def test_without_credentials_it_does_not_start(fault, words):
    with pytest.raises(CannotStartError, match=words) as caught:
        read(Aws(faults={"GetCallerIdentity": fault}), account=ACCOUNT)
    assert "\n" not in str(caught.value)


def test_an_unknown_account_is_no_start():
    with pytest.raises(CannotStartError, match="cannot tell the AWS account"):
        read(Aws(faults={"GetCallerIdentity": denied("X")}))


def test_an_older_botocore_lacks_an_operation():
    class Old(dict):
        def __missing__(self, service):
            client = Aws()[service]

            class Client:
                def __getattr__(self, name):
                    if NAMES[name] == "ListRLSPolicies":
                        raise AttributeError(name)
                    return getattr(client, name)

            return Client()

    live = build(read(Old()))
    assert not live.complete
    assert [gap.facts for gap in live.lakes[0].gaps] == [Facts.RLS]
    assert "UnknownOperation" in live.lakes[0].gaps[0].reason


def test_a_malformed_row_does_not_stop_the_reading():
    lake = {**LAKE, "ListLFTags": ("LFTags", [{"TagValues": ["x"]}, *LAKE["ListLFTags"][1]])}
    live = build(read(Aws(lake)))
    assert not live.complete
    gaps = [gap for gap in live.lakes[0].gaps if gap.facts is Facts.TAGS]
    assert gaps
    assert all("/response/LFTags/0" in gap.reason for gap in gaps)


def test_readings_of_several_regions_are_one_recording():
    places = [Place(region, Aws) for region in (REGION, "eu-west-1")]
    journal = Journal(io.BytesIO(), Header())
    both = list(journal.answers(Reading(places, journal, Means(now, Clock())).run()))
    assert [one.region for one in both] == sorted((one.region for one in both), reverse=True)
    assert [one.line for one in both] == list(range(2, len(both) + 2))
    live = build(replayed(recorded(both)))
    assert [lake.id.region for lake in live.lakes] == ["eu-west-1", "us-east-1"]
    assert live.complete


def test_collectors_are_found_by_their_file():
    names = [one.name for one in collectors()]
    assert len(names) == len(set(names)) == 24
    assert now().tzinfo is not None
