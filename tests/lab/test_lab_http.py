"""The endpoint as boto3 sees it: identities, faults, errors, other services, several labs."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request

import boto3
import botocore.config
import pytest
from botocore.exceptions import ClientError
from lab_world import ACCOUNT, ANALYST, AUDITOR, EVENTS, glue, grant, lf, settle, shape_errors, who

from lab.server import Lab

ONCE = botocore.config.Config(retries={"total_max_attempts": 1})


def code(error):
    return error.value.response["Error"]["Code"], error.value.response["ResponseMetadata"]["HTTPStatusCode"]


def test_every_client_of_a_session_talks_to_the_lab(lab):
    session = lab.session(ANALYST)
    assert session.client("sts").get_caller_identity()["Arn"] == (
        f"arn:aws:sts::{ACCOUNT}:assumed-role/analyst/floodline"
    )
    assert session.client("sts").get_caller_identity()["Account"] == ACCOUNT
    assert session.client("lakeformation").get_data_lake_principal()["Identity"] == ANALYST
    assert lab.session().client("lakeformation").get_data_lake_principal()["Identity"] == lab.operator


def test_environment_variables_are_enough(lab, monkeypatch):
    for name, value in lab.credentials(AUDITOR).items():
        monkeypatch.setenv(name, value)
    session = boto3.Session()
    assert session.client("lakeformation").get_data_lake_principal()["Identity"] == AUDITOR
    assert len(session.client("glue").get_tables(DatabaseName="raw")["TableList"]) == 3


def test_a_role_of_another_account_is_assumed_with_a_lake_of_its_own(lab):
    role = "arn:aws:iam::444455556666:role/path/reader"
    answer = lab.session().client("sts").assume_role(RoleArn=role, RoleSessionName="me")
    assert answer["AssumedRoleUser"]["Arn"] == "arn:aws:sts::444455556666:assumed-role/reader/me"
    keys = answer["Credentials"]
    there = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], "us-east-1")
    assert there.client("sts", endpoint_url=lab.endpoint).get_caller_identity()["Account"] == "444455556666"
    client = there.client("lakeformation", endpoint_url=lab.endpoint)
    assert client.get_data_lake_principal()["Identity"] == role
    assert there.client("glue", endpoint_url=lab.endpoint).get_databases()["DatabaseList"] == []


def test_regions_are_lakes_of_their_own(lab):
    assert lab.session(region="eu-west-1").client("glue").get_databases()["DatabaseList"] == []
    assert len(lab.session().client("glue").get_databases()["DatabaseList"]) == 1


def test_an_iam_user_is_known_by_the_keys_made_for_them(lab):
    iam = lab.session().client("iam")
    iam.create_user(UserName="ines")
    keys = iam.create_access_key(UserName="ines")["AccessKey"]
    session = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], region_name="us-east-1")
    client = session.client("lakeformation", endpoint_url=lab.endpoint)
    assert client.get_data_lake_principal()["Identity"] == f"arn:aws:iam::{ACCOUNT}:user/ines"


def test_answers_over_the_wire_are_those_of_a_direct_call(lab):
    grant(lab, ANALYST, EVENTS, "ALL", grantable=["ALL"])
    client = lab.session().client("lakeformation")
    wire = client.list_permissions()["PrincipalResourcePermissions"]
    direct = lf(lab, "ListPermissions")["PrincipalResourcePermissions"]
    assert [row.pop("LastUpdated").timestamp() for row in wire] == [row.pop("LastUpdated") for row in direct]
    assert wire == direct


# ------------------------------------------------------------------------------------------------------------ errors
def test_errors_have_aws_shape(lab):
    session = lab.session(ANALYST)
    with pytest.raises(ClientError) as error:
        session.client("lakeformation").create_lf_tag(TagKey="a", TagValues=["b"])
    assert code(error) == ("AccessDeniedException", 400)
    with pytest.raises(ClientError) as error:
        session.client("glue").get_table(DatabaseName="raw", Name="nowhere")
    assert code(error) == ("EntityNotFoundException", 400)
    with pytest.raises(ClientError) as error:
        lab.session().client("lakeformation", config=ONCE).start_transaction()
    assert code(error) == ("NotImplemented", 501)


@pytest.mark.parametrize(
    "body",
    [
        "{broken",
        "[]",
        "{}",
        '{"Principal": 1, "Resource": {}, "Permissions": "ALL"}',
        '{"Principal": {}, "Resource": [], "Permissions": []}',
        '{"Principal": {}, "Resource": {}, "Permissions": [""]}',
        '{"Principal": {"DataLakePrincipalIdentifier": "a"}, "Resource": {"Odd": {}}, "Permissions": ["ALL"]}',
        '{"Principal": {"DataLakePrincipalIdentifier": "a"}, "Resource": {"Catalog": {}}, "Permissions": ["FLY"]}',
    ],
)
def test_a_request_that_makes_no_sense_is_refused(lab, body):
    scope = "AWS4-HMAC-SHA256 Credential=X/20260101/us-east-1/lakeformation/aws4_request, a=b"
    request = urllib.request.Request(
        f"{lab.endpoint}/GrantPermissions", data=body.encode(), headers={"Authorization": scope}
    )
    with pytest.raises(urllib.error.HTTPError, match="400") as error:
        urllib.request.urlopen(request, timeout=10)
    assert "Exception" in error.value.headers["x-amzn-ErrorType"]
    error.value.close()


def test_a_crash_of_the_lab_is_an_internal_error_and_is_kept(lab):
    lab.lake().operations["ListLFTags"] = lambda *_: 1 // 0
    with pytest.raises(ClientError) as error:
        lab.session().client("lakeformation", config=ONCE).list_lf_tags()
    assert code(error) == ("InternalServiceException", 500)
    assert lab.crashes == ["lakeformation:ListLFTags: ZeroDivisionError('integer division or modulo by zero')"]
    lab.crashes.clear()


# ------------------------------------------------------------------------------------------------------------ faults
@pytest.mark.parametrize(
    ("service", "action", "call"),
    [
        ("lakeformation", "ListPermissions", lambda client: client.list_permissions()),
        ("glue", "GetTables", lambda client: client.get_tables(DatabaseName="raw")),
        ("glue", "GetCrawlers", lambda client: client.get_crawlers()),
        ("sts", "GetCallerIdentity", lambda client: client.get_caller_identity()),
        ("iam", "ListRoles", lambda client: client.list_roles()),
    ],
)
def test_an_action_can_be_denied_to_one_principal(lab, service, action, call):
    lab.deny(f"{service}:{action}", AUDITOR)
    call(lab.session().client(service))
    with pytest.raises(ClientError, match=f"not authorized to perform: {service}:{action}") as error:
        call(lab.session(AUDITOR).client(service))
    assert code(error) == (
        ("AccessDeniedException", 400) if service in {"glue", "lakeformation"} else ("AccessDenied", 403)
    )
    lab.allow()
    call(lab.session(AUDITOR).client(service))


def test_a_pattern_denies_a_whole_service(lab):
    lab.deny("s3:*")
    with pytest.raises(ClientError) as error:
        lab.session().client("s3").list_buckets()
    assert code(error) == ("AccessDenied", 403)
    lab.deny("glue:Get*")
    lab.allow("s3:*")
    lab.session().client("s3").list_buckets()
    with pytest.raises(ClientError):
        lab.session().client("glue").get_databases()


def test_an_action_can_be_throttled_for_a_while(lab):
    lab.throttle("lakeformation:ListLFTags", 2)
    client = lab.session().client("lakeformation", config=ONCE)
    for _ in range(2):
        with pytest.raises(ClientError) as error:
            client.list_lf_tags()
        assert code(error) == ("ThrottlingException", 400)
    assert len(client.list_lf_tags()["LFTags"]) == 2
    lab.throttle("lakeformation:ListLFTags", 1, code="ThrottledException", status=429)
    with pytest.raises(ClientError) as error:
        client.list_lf_tags()
    assert code(error) == ("ThrottledException", 429)


def test_retries_get_past_a_throttle(lab):
    lab.throttle("glue:GetDatabases", 1)
    assert len(lab.session().client("glue").get_databases()["DatabaseList"]) == 1
    assert lab.calls["glue:GetDatabases"] == 2


# ---------------------------------------------------------------------------------------------------- other services
def test_moto_answers_the_rest_from_the_same_catalog(lab):
    session = lab.session()
    client = session.client("glue")
    client.create_partition(DatabaseName="RAW", TableName="Events", PartitionInput={"Values": ["1"]})
    assert client.get_partitions(DatabaseName="raw", TableName="events")["Partitions"][0]["Values"] == ["1"]
    assert client.get_data_catalog_encryption_settings()["DataCatalogEncryptionSettings"]["EncryptionAtRest"] == {
        "CatalogEncryptionMode": "DISABLED"
    }
    session.client("s3").create_bucket(Bucket="lake")
    session.client("s3").put_object(Bucket="lake", Key="k", Body=b"v" * 100_000)
    assert session.client("s3").get_object(Bucket="lake", Key="k")["Body"].read() == b"v" * 100_000
    assert session.client("s3").head_object(Bucket="lake", Key="k")["ContentLength"] == 100_000
    role = session.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument="{}")["Role"]
    assert role["Arn"] == f"arn:aws:iam::{ACCOUNT}:role/r"


def test_the_resource_policy_is_not_found_until_it_is_put(lab):
    client = lab.session().client("glue")
    assert client.get_resource_policies()["GetResourcePoliciesResponseList"] == []
    with pytest.raises(ClientError) as error:
        client.get_resource_policy()
    assert code(error) == ("EntityNotFoundException", 400)
    client.put_resource_policy(PolicyInJson='{"Version": "2012-10-17"}', EnableHybrid="TRUE")
    assert client.get_resource_policy()["PolicyInJson"] == '{"Version": "2012-10-17"}'
    assert shape_errors("glue", "GetResourcePolicy", glue(lab, "GetResourcePolicy")) == []
    assert shape_errors("glue", "GetResourcePolicies", glue(lab, "GetResourcePolicies")) == []
    client.delete_resource_policy()
    with pytest.raises(ClientError):
        client.get_resource_policy()


# -------------------------------------------------------------------------------------------------------------- labs
def test_labs_after_and_beside_each_other_start_empty():
    for _ in range(2):
        with Lab.start() as lab:
            assert lab.session().client("s3").list_buckets()["Buckets"] == []
            lab.session().client("s3").create_bucket(Bucket="lake")
            with Lab.start() as beside:
                settle(lab)
                assert glue(beside, "GetDatabases")["DatabaseList"] == []
                client = beside.session().client("glue")
                client.create_crawler(Name="c", Role="r", Targets={})
            assert len(lab.session().client("glue").get_databases()["DatabaseList"]) == 1
            assert lab.session().client("glue").get_crawlers()["Crawlers"] == []


def test_closing_twice_is_harmless_and_ends_every_thread():
    before = threading.active_count()
    lab = Lab.start()
    client = lab.session().client("glue")
    client.get_databases()
    lab.close()
    lab.close()
    for thread in threading.enumerate():
        if thread.name == "lab" or "process_request" in thread.name:
            thread.join(5)
    assert threading.active_count() == before


def test_the_account_is_the_one_asked_for():
    with Lab.start(account="444455556666", region="eu-central-1") as lab:
        client = lab.session().client("glue")
        client.create_database(DatabaseInput={"Name": "d"})
        assert client.get_database(Name="d")["Database"]["CatalogId"] == "444455556666"
        assert lab.session().client("sts").get_caller_identity()["Account"] == "444455556666"
        role = lab.session().client("iam").create_role(RoleName="r", AssumeRolePolicyDocument="{}")["Role"]
        assert role["Arn"] == "arn:aws:iam::444455556666:role/r"


def test_many_threads_leave_a_whole_lake(lab):
    def work(number):
        client = lab.session().client("lakeformation")
        for turn in range(20):
            arn = f"arn:aws:iam::{ACCOUNT}:role/r{number}-{turn}"
            client.grant_permissions(Principal=who(arn), Resource=EVENTS, Permissions=["SELECT", "DESCRIBE"])

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rows = lf(lab, "ListPermissions", MaxResults=1000)["PrincipalResourcePermissions"]
    assert len(rows) == 240
