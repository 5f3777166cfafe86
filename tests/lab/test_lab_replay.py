"""A recording as an endpoint: the same answers, times as AWS sends them, refusals, what is not recorded."""

from __future__ import annotations

import gzip
import io
import json
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from datetime import UTC, datetime

import boto3
import botocore.config
import pytest
from botocore.exceptions import ClientError
from click.testing import CliRunner
from lab_world import ACCOUNT, ANALYST, AUDITOR, EVENTS, RAW, grant, lf, settle, tag

from checks.live.recording import RecordingError
from floodline.cli import cli
from lab.faults import Fault, Plan
from lab.replay import NOT_RECORDED, Replay
from lab.server import Lab

OTHER = "444455556666"
ONCE = botocore.config.Config(retries={"total_max_attempts": 1})


def line(service, operation, response=None, request=None, *, account=ACCOUNT, region="us-east-1", error=None):
    found = {"account": account, "region": region, "service": service, "operation": operation, "request": request or {}}
    return found | ({"error": error} if error else {"response": response}) | {"at": "2026-11-23T10:00:01Z"}


def recording(*lines):
    return b"".join(json.dumps(one).encode() + b"\n" for one in ({"floodline_recording": 1}, *lines))


def serve(*lines, **options):
    return Replay(io.BytesIO(recording(*lines)), "made up", **options)


def client(aws, service="lakeformation", account=None, **more):
    return boto3.client(service, endpoint_url=aws.endpoint, config=ONCE, **{**aws.keys(account), **more})


def refused(call, **parameters):
    with pytest.raises(ClientError) as error:
        call(**parameters)
    found = error.value.response
    return found["Error"]["Code"], found["ResponseMetadata"]["HTTPStatusCode"], found["Error"]["Message"]


def collected(env, target):
    ended = CliRunner().invoke(cli, ["collect", "-o", str(target)], env={"CI": None, **env}, catch_exceptions=False)
    assert ended.exit_code in {0, 4}, ended.stderr
    header, *lines = gzip.decompress(target.read_bytes()).splitlines()
    assert json.loads(header)["floodline_recording"] == 1
    return [{**json.loads(one), "at": ""} for one in lines]


def test_what_is_collected_from_a_replay_is_the_recording(tmp_path):
    """Every page, token and time of a lake with grants, tags and refusals; once more, and the same again."""
    with Lab.start(page_limit=3) as lab:
        settle(lab)
        for name in "abcdefgh":
            grant(lab, f"arn:aws:iam::{ACCOUNT}:role/{name}", EVENTS, "DESCRIBE", "SELECT")
        tag(lab, RAW, domain="hr", sensitivity="public")
        lf(lab, "RegisterResource", ResourceArn="arn:aws:s3:::lake", UseServiceLinkedRole=True)
        lab.deny("lakeformation:ListLakeFormationOptIns", AUDITOR)
        first = collected(lab.credentials(AUDITOR), tmp_path / "first.jsonl.gz")
    assert any("error" in one for one in first)
    with Replay.of(tmp_path / "first.jsonl.gz") as aws:
        for again in ("second", "third"):
            assert collected(aws.credentials(), tmp_path / f"{again}.jsonl.gz") == first
        assert aws.missing == []


def test_times_are_sent_as_numbers_to_the_microsecond():
    at = datetime(2026, 11, 23, 10, 0, 1, 123457, UTC)
    text = at.isoformat().replace("+00:00", "Z")
    row = {"Principal": {"DataLakePrincipalIdentifier": ANALYST}, "LastUpdated": text, "LastUpdatedBy": text}
    table = {"Name": "t", "CreateTime": text, "Parameters": {"CreateTime": text}}
    listing = line("lakeformation", "ListPermissions", {"PrincipalResourcePermissions": [row]})
    with serve(listing, line("glue", "GetTables", {"TableList": [table]}, {"DatabaseName": "d"})) as aws:
        (found,) = client(aws).list_permissions()["PrincipalResourcePermissions"]
        assert (found["LastUpdated"].astimezone(UTC), found["LastUpdatedBy"]) == (at, text)
        (found,) = client(aws, "glue").get_tables(DatabaseName="d")["TableList"]
        assert (found["CreateTime"].astimezone(UTC), found["Parameters"]) == (at, {"CreateTime": text})


def test_what_is_no_time_or_no_known_member_is_left_as_it_is():
    odd = {"PrincipalResourcePermissions": [{"LastUpdated": "soon", "New": {"LastUpdated": "2026-01-01T00:00:00Z"}}]}
    with serve(line("lakeformation", "ListPermissions", odd)) as aws:
        scope = "AWS4-HMAC-SHA256 Credential=X/20260101/us-east-1/lakeformation/aws4_request, a=b"
        asked = urllib.request.Request(f"{aws.endpoint}/ListPermissions", b"{}", {"Authorization": scope})
        with urllib.request.urlopen(asked, timeout=10) as answer:
            assert json.load(answer) == odd


def test_pages_are_found_by_request_and_token_whatever_their_size():
    pages = [
        line("lakeformation", "ListLFTags", {"LFTags": [], "NextToken": "b"}, {"MaxResults": 1000}),
        line("lakeformation", "ListLFTags", {"LFTags": [{"TagKey": "k"}]}, {"MaxResults": 1000, "NextToken": "b"}),
    ]
    with serve(*pages) as aws:
        ask = client(aws).list_lf_tags
        assert ask()["NextToken"] == "b"
        assert ask(NextToken="b", MaxResults=5)["LFTags"][0]["TagKey"] == "k"
        code, status, words = refused(ask, NextToken="c")
        assert (code, status) == (NOT_RECORDED, 400)
        assert words == (
            "the recording holds no lakeformation:ListLFTags with this request "
            f"for account {ACCOUNT} in region us-east-1"
        )
        assert refused(ask, ResourceShareType="ALL")[0] == NOT_RECORDED
        assert aws.missing == ["lakeformation:ListLFTags"] * 2
        assert aws.calls == {"lakeformation:ListLFTags": 4}


def test_a_call_made_twice_is_answered_in_order_and_then_from_the_beginning():
    with serve(*(line("lakeformation", "GetDataLakePrincipal", {"Identity": who}) for who in ("a", "b"))) as aws:
        ask = client(aws).get_data_lake_principal
        assert [ask()["Identity"] for _ in range(5)] == ["a", "b", "a", "b", "a"]


def test_a_refusal_is_answered_as_a_refusal():
    error = {"code": "AccessDeniedException", "message": "no «you»", "http_status": 400}
    lines = [line(service, name, error=error) for service, name in (
        ("lakeformation", "ListResources"), ("glue", "GetDatabases"), ("sts", "GetCallerIdentity"))]  # fmt: skip
    with serve(*lines) as aws:
        assert refused(client(aws).list_resources) == ("AccessDeniedException", 400, "no «you»")
        assert refused(client(aws, "glue").get_databases) == ("AccessDeniedException", 400, "no «you»")
        assert refused(client(aws, "sts").get_caller_identity)[0] == "AccessDenied"


def test_what_never_reached_aws_gives_way_to_an_answer():
    lost = {"code": "RepeatedToken", "message": "twice", "http_status": 0}
    answered = line("lakeformation", "ListLFTags", {"LFTags": []}, {"NextToken": "t"})
    alone = line("lakeformation", "ListResources", error={"code": "ReadTimeoutError", "message": "gone"})
    with serve(answered, line("lakeformation", "ListLFTags", None, {"NextToken": "t"}, error=lost), alone) as aws:
        for _ in range(2):
            assert client(aws).list_lf_tags(NextToken="t")["LFTags"] == []
        assert refused(client(aws).list_resources)[:2] == ("ReadTimeoutError", 400)


def test_services_that_answer_xml():
    identity = {"UserId": "u", "Account": ACCOUNT, "Arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/<a>&/s"}
    regions = {"Regions": [{"RegionName": "eu-west-1", "OptInStatus": "opted-in"}, {"RegionName": "us-east-1"}]}
    role = {"Role": {"RoleName": "r", "CreateDate": "2026-11-23T10:00:01Z", "Tags": [{"Key": "k", "Value": "v"}]}}
    with serve(
        line("sts", "GetCallerIdentity", identity),
        line("ec2", "DescribeRegions", regions),
        line("iam", "GetRole", role, {"RoleName": "r"}),
    ) as aws:
        found = client(aws, "sts", region_name="eu-west-1").get_caller_identity()
        assert {name: found[name] for name in identity} == identity
        assert client(aws, "ec2").describe_regions()["Regions"] == regions["Regions"]
        found = client(aws, "iam").get_role(RoleName="r")["Role"]
        assert (found["CreateDate"].year, found["Tags"]) == (2026, role["Role"]["Tags"])
        assert refused(client(aws, "iam").get_role, RoleName="s")[0] == NOT_RECORDED


def test_accounts_and_regions_are_told_apart_and_an_account_can_be_assumed():
    with serve(
        line("lakeformation", "GetDataLakePrincipal", {"Identity": "here"}),
        line("lakeformation", "GetDataLakePrincipal", {"Identity": "there"}, account=OTHER),
        line("lakeformation", "GetDataLakePrincipal", {"Identity": "far"}, region="eu-west-1"),
    ) as aws:
        assert (list(aws.accounts), list(aws.regions)) == ([ACCOUNT, OTHER], ["us-east-1", "eu-west-1"])
        assert client(aws).get_data_lake_principal()["Identity"] == "here"
        assert client(aws, region_name="eu-west-1").get_data_lake_principal()["Identity"] == "far"
        assert client(aws, account=OTHER).get_data_lake_principal()["Identity"] == "there"
        role = f"arn:aws:iam::{OTHER}:role/reader"
        keys = client(aws, "sts").assume_role(RoleArn=role, RoleSessionName="me")["Credentials"]
        there = client(aws, aws_access_key_id=keys["AccessKeyId"], aws_secret_access_key=keys["SecretAccessKey"])
        assert there.get_data_lake_principal()["Identity"] == "there"
        unknown = role.replace(OTHER, "123456789012")
        assert refused(client(aws, "sts").assume_role, RoleArn=unknown, RoleSessionName="me")[0] == "AccessDenied"


def test_every_answer_waits_as_long_as_it_is_told():
    waited = []
    lines = [line("lakeformation", "ListResources", {}), line("sts", "GetCallerIdentity", {"Account": ACCOUNT})]
    with serve(*lines, latency=0.02, sleep=waited.append) as aws:
        client(aws).list_resources()
        client(aws, "sts").get_caller_identity()
    assert waited == [0.02, 0.02]


def test_a_fault_plan_holds_here_too():
    plan = Plan.of(Fault("throttle_wrapped", "lakeformation:ListResources"), Fault("unknown_member", "*:ListLFTags"))
    lines = [line("lakeformation", "ListResources", {}), line("lakeformation", "ListLFTags", {"LFTags": [{}]})]
    with serve(*lines, faults=plan) as aws:
        assert refused(client(aws).list_resources)[0] == "InvalidInputException"
        client(aws).list_resources()
        client(aws).list_lf_tags()


def test_many_ask_at_once():
    pages = [line("lakeformation", "GetLFTag", {"TagKey": str(n)}, {"TagKey": str(n)}) for n in range(40)]
    wrong = []
    with serve(*pages) as aws:
        ask = client(aws).get_lf_tag

        def run(start):
            wrong.extend(n for n in range(start, 40, 4) if ask(TagKey=str(n))["TagKey"] != str(n))

        threads = [threading.Thread(target=run, args=(start,)) for start in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []
        assert aws.calls.total() == 40


def test_an_unsigned_or_broken_request_is_refused():
    scope = "AWS4-HMAC-SHA256 Credential=X/20260101/us-east-1/lakeformation/aws4_request, a=b"
    with serve(line("lakeformation", "ListResources", {})) as aws:
        for headers, body in (({}, b"{}"), ({"Authorization": scope}, b"{"), ({"Authorization": scope}, b"[]")):
            asked = urllib.request.Request(f"{aws.endpoint}/ListResources", body, headers)
            with pytest.raises(urllib.error.HTTPError, match=r"40[03]") as error:
                urllib.request.urlopen(asked, timeout=10)
            error.value.close()


def test_a_cut_recording_is_served_as_far_as_it_goes():
    whole = recording(line("lakeformation", "ListResources", {}), line("lakeformation", "ListLFTags", {}))
    with Replay(io.BytesIO(whole[:-20]), "cut") as aws:
        assert aws.cut
        client(aws).list_resources()
        assert refused(client(aws).list_lf_tags)[0] == NOT_RECORDED


def test_what_is_no_recording_is_not_served():
    with pytest.raises(RecordingError):
        Replay(io.BytesIO(b"{}"), "no recording")


@pytest.mark.parametrize(
    ("arguments", "content", "code", "words"),
    [
        ([], None, 5, "cannot serve"),
        ([], b"nothing", 5, "is no recording"),
        (["--faults", "nowhere.toml"], recording(), 64, "cannot read the fault plan `nowhere.toml`"),
        (["--latency", "-1"], recording(), 64, "latency"),
    ],
)
def test_the_command_refuses_in_one_line(tmp_path, arguments, content, code, words):
    file = tmp_path / "recording.jsonl"
    if content is not None:
        file.write_bytes(content)
    ended = CliRunner().invoke(cli, ["lab", "replay", str(file), *arguments], catch_exceptions=False)
    assert ended.exit_code == code
    assert words in ended.stderr


def test_the_command_refuses_a_malformed_plan_before_anything_is_started(tmp_path):
    plan = tmp_path / "plan.toml"
    for text, words in (('[[fault]]\nkind = "fire"', "fault 1: `kind` is `fire`"), ("\xff", "is not UTF-8 text")):
        plan.write_bytes(text.encode("latin-1"))
        ended = CliRunner().invoke(cli, ["lab", "up", "--faults", str(plan)], catch_exceptions=False)
        assert ended.exit_code == 64
        assert words in ended.stderr


def test_moto_is_not_needed():
    code = "import sys, lab.replay; sys.exit(any(name in sys.modules for name in ('moto', 'boto3', 'flask')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
