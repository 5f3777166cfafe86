"""Several accounts: roles and who may assume them, regions, an organisation, and what one account shares with another."""

from __future__ import annotations

import boto3
import botocore.config
import pytest
from botocore.exceptions import ClientError
from lab_world import ACCOUNT, AUDITOR, EVENTS, RAW, glue, grant, lf, listed, make_table, pages, shape_errors, who

from lab.lakeformation import AwsError
from lab.server import Lab

OTHER = "444455556666"
THEIRS = f"arn:aws:iam::{OTHER}:role/lake-deployer"
READER = f"arn:aws:iam::{OTHER}:role/path/reader"
ONCE = botocore.config.Config(retries={"total_max_attempts": 1})


def assume(lab, role=READER, **more):
    return lab.session(AUDITOR).client("sts", config=ONCE).assume_role(RoleArn=role, RoleSessionName="me", **more)


# ------------------------------------------------------------------------------------------------------------- entering
def test_a_role_that_asks_for_an_external_id_takes_no_other_and_does_not_say_so(lab):
    lab.role(READER, external_id="sesame")
    for wrong in ({}, {"ExternalId": "open"}):
        with pytest.raises(ClientError) as error:
            assume(lab, **wrong)
        assert error.value.response["Error"] == {
            "Code": "AccessDenied",
            "Message": f"User: arn:aws:sts::{ACCOUNT}:assumed-role/lake-auditor/floodline is not authorized to perform:"
            f" sts:AssumeRole on resource: {READER}",
        } | {k: v for k, v in error.value.response["Error"].items() if k == "Type"}
        assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert assume(lab, ExternalId="sesame")["Credentials"]["AccessKeyId"]


def test_a_role_may_trust_nobody(lab):
    lab.role(READER, closed=True)
    with pytest.raises(ClientError, match="not authorized to perform: sts:AssumeRole"):
        assume(lab, ExternalId="anything")
    assume(lab, role=THEIRS)


def test_an_assumed_role_reads_the_lake_of_its_account(lab):
    keys = assume(lab)["Credentials"]
    there = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], "us-east-1")
    assert there.client("lakeformation", endpoint_url=lab.endpoint).get_data_lake_principal()["Identity"] == READER


# ---------------------------------------------------------------------------------------------- regions, organisation
def test_regions_are_listed_by_both_services(lab):
    account = lab.session().client("account")
    enabled = ["ENABLED", "ENABLED_BY_DEFAULT"]
    walk = pages(account.list_regions, RegionOptStatusContains=enabled, MaxResults=3)
    found = [row for page in walk for row in page["Regions"]]
    assert {row["RegionOptStatus"] for row in found} == set(enabled)
    assert {"us-east-1", "eu-south-2"} <= {row["RegionName"] for row in found}
    assert len(account.list_regions()["Regions"]) == len(found) + 1
    assert "us-east-1" in [row["RegionName"] for row in lab.session().client("ec2").describe_regions()["Regions"]]


@pytest.mark.parametrize(("service", "call"), [("account", "list_regions"), ("organizations", "list_accounts")])
def test_the_account_s_services_can_be_denied(lab, service, call):
    action = f"{service}:{''.join(part.title() for part in call.split('_'))}"
    lab.deny(action)
    with pytest.raises(ClientError, match=f"not authorized to perform: {action}") as error:
        getattr(lab.session().client(service), call)()
    assert error.value.response["Error"]["Code"] == "AccessDeniedException"


def test_an_organisation_lists_its_accounts_page_by_page(lab):
    lab.organise({OTHER: "consumer", "123456789012": "old (suspended)"})
    client = lab.session().client("organizations")
    walk = list(pages(client.list_accounts, MaxResults=2))
    assert len(walk) == 2
    found = {row["Id"]: row for page in walk for row in page["Accounts"]}
    assert {account: row["Status"] for account, row in found.items()} == {
        ACCOUNT: "ACTIVE",
        OTHER: "ACTIVE",
        "123456789012": "SUSPENDED",
    }
    assert found[OTHER]["Name"] == "consumer"


def test_without_an_organisation_aws_says_so(lab):
    with pytest.raises(ClientError) as error:
        lab.session().client("organizations").list_accounts()
    assert error.value.response["Error"]["Code"] == "AWSOrganizationsNotInUseException"


# -------------------------------------------------------------------------------------------------------------- shares
def shares(rows):
    return [row.get("AdditionalDetails", {}).get("ResourceShare") for row in rows]


@pytest.mark.parametrize(
    "principal",
    [OTHER, f"{OTHER}:IAMPrincipals", READER, f"arn:aws:organizations::{ACCOUNT}:organization/o-lab0000000"],
)
def test_a_grant_that_leaves_the_account_names_its_share(lab, principal):
    grant(lab, principal, EVENTS, "SELECT")
    answer = lf(lab, "ListPermissions")
    ((share,),) = shares(answer["PrincipalResourcePermissions"])
    assert share.startswith(f"arn:aws:ram:us-east-1:{ACCOUNT}:resource-share/")
    assert shape_errors("lakeformation", "ListPermissions", answer) == []


@pytest.mark.parametrize("principal", [AUDITOR, f"{ACCOUNT}:IAMPrincipals", "IAM_ALLOWED_PRINCIPALS", ACCOUNT])
def test_a_grant_inside_the_account_has_none(lab, principal):
    grant(lab, principal, RAW, "DESCRIBE")
    assert shares(listed(lab)) == [None]


def test_from_version_two_a_recipient_has_one_share_for_a_kind_and_from_three_also_for_tags(lab):
    policy = {"LFTagPolicy": {"ResourceType": "TABLE", "Expression": [{"TagKey": "domain", "TagValues": ["hr"]}]}}
    keys = {"Table": {"DatabaseName": "raw", "Name": "keys"}}
    for resource in (EVENTS, keys, policy):
        grant(lab, OTHER, resource, "DESCRIBE")
    found = {}
    for version in ("1", "2", "3"):
        settings = lf(lab, "GetDataLakeSettings")["DataLakeSettings"]
        settings["Parameters"] = {"CROSS_ACCOUNT_VERSION": version}
        lf(lab, "PutDataLakeSettings", DataLakeSettings=settings)
        found[version] = shares(listed(lab))
    assert [len({str(share) for share in one}) for one in found.values()] == [3, 2, 2]
    assert [one[2] is None for one in found.values()] == [True, True, False]


@pytest.fixture
def shared(lab):
    """The other account is granted a database and one table of it, and may pass on."""
    grant(lab, OTHER, RAW, "DESCRIBE", grantable=["DESCRIBE"])
    grant(lab, OTHER, EVENTS, "SELECT", "DESCRIBE", grantable=["SELECT", "DESCRIBE"])
    grant(lab, READER, {"Table": {"DatabaseName": "raw", "Name": "keys"}}, "SELECT")
    lf(lab, "PutDataLakeSettings", THEIRS, DataLakeSettings={"DataLakeAdmins": [who(THEIRS)]})
    return lab


def test_the_recipient_lists_what_its_account_was_granted_with_the_owner_s_catalog(shared):
    rows = listed(shared, THEIRS, MaxResults=1)
    assert {row["Principal"]["DataLakePrincipalIdentifier"] for row in rows} == {OTHER}
    assert {next(iter(row["Resource"].values()))["CatalogId"] for row in rows} == {ACCOUNT}
    assert [next(iter(row["Resource"])) for row in rows] == ["Database", "Table", "TableWithColumns"]
    assert all(shares(rows))
    assert [next(iter(row["Resource"])) for row in listed(shared, THEIRS, ResourceType="DATABASE")] == ["Database"]
    assert listed(shared, THEIRS, Principal=who(OTHER)) == rows
    assert listed(shared, READER) == []


def test_the_recipient_passes_on_what_it_has_and_nothing_else(shared):
    theirs = {"Table": {"CatalogId": ACCOUNT, "DatabaseName": "raw", "Name": "events"}}
    grant(shared, READER, theirs, "SELECT", principal=THEIRS)
    own = [row for row in listed(shared, THEIRS) if row["Principal"] == who(READER)]
    assert [row["Resource"]["TableWithColumns"]["CatalogId"] for row in own] == [ACCOUNT]
    assert READER not in [
        row["Principal"]["DataLakePrincipalIdentifier"]
        for row in listed(shared, AUDITOR)
        if "events" in str(row["Resource"])
    ]
    other = {"Table": {"CatalogId": ACCOUNT, "DatabaseName": "raw", "Name": "screens"}}
    with pytest.raises(AwsError, match="AccessDenied"):
        grant(shared, READER, other, "SELECT", principal=THEIRS)


def test_glue_shows_the_recipient_what_was_shared_when_it_is_asked_for(shared):
    def names(**asked):
        return [
            (row["CatalogId"], row["Name"]) for row in glue(shared, "GetDatabases", THEIRS, **asked)["DatabaseList"]
        ]

    glue(shared, "CreateDatabase", THEIRS, DatabaseInput={"Name": "mine"})
    assert names() == [(OTHER, "mine")]
    assert names(ResourceShareType="FOREIGN") == [(ACCOUNT, "raw")]
    assert names(ResourceShareType="ALL") == [(ACCOUNT, "raw"), (OTHER, "mine")]
    assert names(ResourceShareType="FEDERATED") == []
    assert names(CatalogId=ACCOUNT) == [(ACCOUNT, "raw")]
    there = {"CatalogId": ACCOUNT, "DatabaseName": "raw"}
    assert [row["Name"] for row in glue(shared, "GetTables", THEIRS, **there)["TableList"]] == ["events"]
    assert [row["Name"] for row in glue(shared, "GetTables", READER, **there)["TableList"]] == ["events", "keys"]
    assert glue(shared, "GetTable", THEIRS, Name="events", **there)["Table"]["CatalogId"] == ACCOUNT
    with pytest.raises(AwsError, match="AccessDenied"):
        glue(shared, "GetTable", THEIRS, Name="screens", **there)


def test_everyone_of_the_owner_s_account_is_nobody_of_another(shared):
    grant(shared, "IAM_ALLOWED_PRINCIPALS", {"Table": {"DatabaseName": "raw", "Name": "screens"}}, "ALL")
    found = glue(shared, "GetTables", THEIRS, CatalogId=ACCOUNT, DatabaseName="raw")["TableList"]
    assert [row["Name"] for row in found] == ["events"]


def test_shared_tags_are_listed_when_they_are_asked_for(shared):
    settings = lf(shared, "GetDataLakeSettings")["DataLakeSettings"]
    settings["Parameters"] = {"CROSS_ACCOUNT_VERSION": "4"}
    lf(shared, "PutDataLakeSettings", DataLakeSettings=settings)
    grant(shared, OTHER, {"LFTag": {"TagKey": "domain", "TagValues": ["hr"]}}, "DESCRIBE", grantable=["DESCRIBE"])
    lf(shared, "CreateLFTag", THEIRS, TagKey="own", TagValues=["a"])

    def keys(**asked):
        return [
            (row["CatalogId"], row["TagKey"], row["TagValues"])
            for row in lf(shared, "ListLFTags", THEIRS, **asked)["LFTags"]
        ]

    assert keys() == [(OTHER, "own", ["a"])]
    assert keys(ResourceShareType="FOREIGN") == [(ACCOUNT, "domain", ["hr"])]
    assert keys(ResourceShareType="ALL") == [(ACCOUNT, "domain", ["hr"]), (OTHER, "own", ["a"])]


def test_shares_stay_in_their_region(shared):
    far = f"arn:aws:iam::{OTHER}:role/lake-deployer"
    client = shared.session(far, region="eu-west-1").client("lakeformation")
    assert client.list_permissions()["PrincipalResourcePermissions"] == []


def test_a_link_to_a_shared_table_is_a_table_of_the_recipient(shared):
    glue(shared, "CreateDatabase", THEIRS, DatabaseInput={"Name": "mine"})
    target = {"CatalogId": ACCOUNT, "DatabaseName": "raw", "Name": "events"}
    glue(shared, "CreateTable", THEIRS, DatabaseName="mine", TableInput={"Name": "link", "TargetTable": target})
    (found,) = glue(shared, "GetTables", THEIRS, DatabaseName="mine")["TableList"]
    assert (found["CatalogId"], found["TargetTable"]) == (OTHER, target)


def test_a_table_made_meanwhile_is_not_shared_by_itself(shared):
    make_table(shared, "new")
    found = glue(shared, "GetTables", THEIRS, CatalogId=ACCOUNT, DatabaseName="raw")["TableList"]
    assert "new" not in [row["Name"] for row in found]


def test_an_account_alone_has_no_shares():
    with Lab.start() as lab:
        assert listed(lab) == []
