"""Bodies as AWS sent them against botocore's own parser, over every operation that is read."""

import io
import json
from datetime import UTC, datetime

import boto3
import botocore.parsers
import botocore.session
import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.live import wire
from checks.live.collectors import allowed

SESSION = botocore.session.get_session()
JSON = [
    SESSION.get_service_model(service).operation_model(operation)
    for service, operation in sorted(allowed())
    if service != "sts" and operation in SESSION.get_service_model(service).operation_names
]
ROWS = [model for model in JSON if "NextToken" in model.output_shape.members]
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
TIMES = st.one_of(
    st.integers(0, 4_000_000_000),
    st.integers(0, 4_000_000_000_000).map(lambda milliseconds: milliseconds / 1000),
    st.integers(0, 4_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC).isoformat()),
)


def bodies(shape, above=()):
    """Answers of a shape as they come over the wire: any members may be left out, none is null."""
    if shape.name in above:
        return st.just({} if shape.type_name == "structure" else [])
    above = (*above, shape.name)
    match shape.type_name:
        case "structure" if shape.is_tagged_union:
            return st.sampled_from(sorted(shape.members)).flatmap(
                lambda name: bodies(shape.members[name], above).map(lambda value: {name: value})
            )
        case "structure":
            members = {name: bodies(member, above) for name, member in shape.members.items()}
            return st.fixed_dictionaries({}, optional=members)
        case "list":
            return st.lists(bodies(shape.member, above), max_size=3)
        case "map":
            return st.dictionaries(TEXT, bodies(shape.value, above), max_size=2)
        case "timestamp":
            return TIMES
        case "boolean":
            return st.booleans()
        case "integer" | "long":
            return st.integers(-(2**31), 2**31)
        case "float" | "double":
            return st.floats(-1e9, 1e9)
        case "string":
            return TEXT
    raise AssertionError(shape.type_name)


def parsed(model, body):
    """Return what botocore makes of a body, spelt as a recording has it."""
    parser = botocore.parsers.ResponseParserFactory().create_parser(model.service_model.resolved_protocol)
    found = parser.parse({"body": body, "headers": {}, "status_code": 200}, model.output_shape)
    del found["ResponseMetadata"]
    return json.loads(wire._encode(wire._spelt(found)))


@pytest.mark.parametrize("model", JSON, ids=lambda model: model.name)
def test_every_answer_is_what_botocore_makes_of_it(model):
    @settings(max_examples=40)
    @given(bodies(model.output_shape))
    def same(answer):
        body = json.dumps(answer).encode()
        assert json.loads(wire.plain(model, body)) == parsed(model, body)

    same()


def test_the_answers_that_are_read_hold_times():
    assert {model.name for model in JSON if wire._plan(model.output_shape.name, model)} >= {
        "GetDatabases", "GetTables", "ListPermissions", "ListResources", "ListLakeFormationOptIns"
    }  # fmt: skip


@pytest.mark.parametrize("model", ROWS, ids=lambda model: model.name)
def test_members_unknown_to_botocore_are_kept_at_every_depth(model):
    name = next(name for name, member in model.output_shape.members.items() if member.type_name == "list")
    answer = {name: [{"Newer": {"LastUpdated": 1}, "Condition": {"Newer": [1]}}], "Newer": "x", "NextToken": "t"}
    assert json.loads(wire.plain(model, json.dumps(answer).encode())) == answer


def operation(service, name):
    return SESSION.get_service_model(service).operation_model(name)


def test_times_deep_inside_are_spelt_as_text_and_what_is_none_stays():
    view = {"Status": {"Details": {"ViewValidations": [{"UpdateTime": 0}, {"UpdateTime": None}]}, "RequestTime": 1.5}}
    answer = {"TableList": [view, {"CreateTime": "2026-11-23T10:00:00+01:00", "UpdateTime": "someday"}, None, "text"]}
    assert json.loads(wire.plain(operation("glue", "GetTables"), json.dumps(answer).encode())) == {
        "TableList": [
            {
                "Status": {
                    "Details": {"ViewValidations": [{"UpdateTime": "1970-01-01T00:00:00Z"}, {"UpdateTime": None}]},
                    "RequestTime": "1970-01-01T00:00:01.500000Z",
                }
            },
            {"CreateTime": "2026-11-23T09:00:00Z", "UpdateTime": "someday"},
            None,
            "text",
        ]
    }


def test_a_parameter_that_is_called_like_a_time_is_none():
    answer = {"TableList": [{"Parameters": {"CreateTime": "1", "Status": "2"}, "CreateTime": 1e300}]}
    assert json.loads(wire.plain(operation("glue", "GetTables"), json.dumps(answer).encode())) == answer


@pytest.mark.parametrize("body", [b"", b"  ", b"[]", b'"text"', b"null", b"<html></html>", b'{"TableList": [',
                                  b'{"TableList": [{}}', b'{"a": "\xff"}', b'{"TableList": {]}'])  # fmt: skip
def test_a_body_that_is_cut_or_no_json_is_no_empty_answer(body):
    """botocore reads every one of these as an answer without rows and without a token: the end of a listing."""
    with pytest.raises(wire.BrokenBodyError, match="body"):
        wire.plain(operation("glue", "GetTables"), body)


def client(service, status, body, **options):
    """Return a boto3 client whose every request is answered with *body*."""
    made = boto3.client(service, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b", **options)
    headers = {"x-amzn-requestid": "1", "content-type": "application/json"}
    made.meta.events.register(
        "before-send", lambda request, **_: AWSResponse(request.url, status, headers, io.BytesIO(body))
    )
    wire.keep_bodies(made)
    return made


class _Body(io.BytesIO):
    def stream(self):
        yield self.read()


@pytest.mark.parametrize(("service", "method", "name"), [("glue", "get_databases", "GetDatabases"),
                                                         ("lakeformation", "list_permissions", "ListPermissions")])  # fmt: skip
def test_a_client_hands_over_the_bytes_and_still_reads_refusals(service, method, name, monkeypatch):
    monkeypatch.setattr(io, "BytesIO", _Body)
    body = b'{"NextToken":"t","Newer":{"a":[1]}}'
    good = client(service, 200, body)
    response = getattr(good, method)()
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert wire.answer_of(good, name, response) == body
    bad = client(service, 400, b'{"__type":"AccessDeniedException","message":"no"}')
    with pytest.raises(ClientError, match="AccessDeniedException"):
        getattr(bad, method)()


def test_other_protocols_are_parsed_by_botocore(monkeypatch):
    monkeypatch.setattr(io, "BytesIO", _Body)
    body = (b'<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
            b"<Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>")  # fmt: skip
    sts = client("sts", 200, body)
    assert wire.answer_of(sts, "GetCallerIdentity", sts.get_caller_identity()) == b'{"Account":"111122223333"}'


def test_an_answer_of_a_client_that_keeps_nothing_is_spelt_the_same_way():
    at = datetime(2026, 11, 23, 10, tzinfo=UTC)
    response = {"Rows": [{"At": at, "More": {"At": at}}], "ResponseMetadata": {"HTTPStatusCode": 200}}
    assert json.loads(wire.answer_of(None, "Any", response)) == {
        "Rows": [{"At": "2026-11-23T10:00:00Z", "More": {"At": "2026-11-23T10:00:00Z"}}]
    }
