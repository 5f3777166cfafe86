"""The rest of what a reader asks: encryption, nested catalogs, functions, and every IAM action taken away singly."""

from __future__ import annotations

import json

import botocore.config
import pytest
from botocore.exceptions import ClientError
from click.testing import CliRunner
from lab_world import ACCOUNT, ANALYST, AUDITOR, RAW, glue, grant, lf, listed, pages

from floodline.cli import cli
from lab.lakeformation import AwsError

KMS = {"EncryptionAtRest": {"CatalogEncryptionMode": "SSE-KMS", "SseAwsKmsKeyId": "alias/lake"}}
UNCHECKED = botocore.config.Config(retries={"total_max_attempts": 1}, parameter_validation=False)


# ---------------------------------------------------------------------------------------------------------- encryption
def test_encryption_is_off_until_somebody_turns_it_on(lab):
    client = lab.session(AUDITOR).client("glue")
    fresh = client.get_data_catalog_encryption_settings()["DataCatalogEncryptionSettings"]
    assert fresh == {
        "EncryptionAtRest": {"CatalogEncryptionMode": "DISABLED"},
        "ConnectionPasswordEncryption": {"ReturnConnectionPasswordEncrypted": False},
    }
    lab.session().client("glue").put_data_catalog_encryption_settings(DataCatalogEncryptionSettings=KMS)
    assert client.get_data_catalog_encryption_settings()["DataCatalogEncryptionSettings"] == {**fresh, **KMS}


def test_who_may_not_decrypt_misses_the_catalog_s_policy_without_a_word(lab):
    policy = {"Version": "2012-10-17", "Statement": []}
    lab.session().client("glue").put_resource_policy(PolicyInJson=json.dumps(policy))
    lf(lab, "RegisterResource", ResourceArn="arn:aws:s3:::lake", UseServiceLinkedRole=True)
    grant(lab, ANALYST, RAW, "DESCRIBE")
    path = {"ResourceArn": "arn:aws:s3:::lake"}
    lab.deny("kms:Decrypt", AUDITOR)
    assert len(glue(lab, "GetResourcePolicies", AUDITOR)["GetResourcePoliciesResponseList"]) == 1
    glue(lab, "PutDataCatalogEncryptionSettings", DataCatalogEncryptionSettings=KMS)
    assert glue(lab, "GetResourcePolicies", AUDITOR)["GetResourcePoliciesResponseList"] == []
    assert lf(lab, "GetEffectivePermissionsForPath", AUDITOR, **path)["Permissions"] == []
    for operation, asked in (("GetDatabases", {}), ("GetTables", {"DatabaseName": "raw"})):
        with pytest.raises(AwsError, match="GlueEncryptionException"):
            glue(lab, operation, AUDITOR, **asked)
    assert len(glue(lab, "GetResourcePolicies")["GetResourcePoliciesResponseList"]) == 1
    assert len(lf(lab, "GetEffectivePermissionsForPath", **path)["Permissions"]) == 1
    lab.allow()
    assert len(glue(lab, "GetDatabases", AUDITOR)["DatabaseList"]) == 1


# ------------------------------------------------------------------------------------------------------------ catalogs
@pytest.fixture
def nested(lab):
    federated = {"FederatedCatalog": {"Identifier": "i", "ConnectionName": "aws:s3tables"}}
    for name in ("s3tablescatalog", "s3tablescatalog/one", "s3tablescatalog/two", "warehouse"):
        glue(lab, "CreateCatalog", Name=name, CatalogInput=federated if "s3" in name else {})
    inner = f"{ACCOUNT}:s3tablescatalog/one"
    glue(lab, "CreateDatabase", CatalogId=inner, DatabaseInput={"Name": "space"})
    return lab


def catalogs(lab, principal=None, **asked):
    walk = pages(lambda **p: glue(lab, "GetCatalogs", principal, **p), **asked)
    return [row["CatalogId"].removeprefix(ACCOUNT) for page in walk for row in page["CatalogList"]]


def test_catalogs_are_listed_level_by_level_or_all_at_once(nested):
    assert catalogs(nested) == [":s3tablescatalog", ":warehouse"]
    children = [":s3tablescatalog/one", ":s3tablescatalog/two"]
    assert catalogs(nested, ParentCatalogId=f"{ACCOUNT}:s3tablescatalog") == children
    everything = ["", ":s3tablescatalog", *children, ":warehouse"]
    assert catalogs(nested, Recursive=True, IncludeRoot=True, MaxResults=2) == everything
    assert catalogs(nested, Recursive=True, HasDatabases=True) == children[:1]
    with pytest.raises(AwsError, match="EntityNotFound"):
        catalogs(nested, ParentCatalogId=f"{ACCOUNT}:nowhere")
    with pytest.raises(AwsError, match="EntityNotFound"):
        glue(nested, "CreateCatalog", Name="nowhere/child", CatalogInput={})
    with pytest.raises(AwsError, match="not empty"):
        glue(nested, "DeleteCatalog", CatalogId=f"{ACCOUNT}:s3tablescatalog")


def test_a_catalog_is_shown_to_whoever_holds_something_in_it(nested):
    inner = f"{ACCOUNT}:s3tablescatalog/one"
    assert catalogs(nested, ANALYST, Recursive=True) == []
    with pytest.raises(AwsError, match="AccessDenied"):
        glue(nested, "GetCatalog", ANALYST, CatalogId=inner)
    grant(nested, ANALYST, {"Database": {"CatalogId": inner, "Name": "space"}}, "DESCRIBE")
    assert catalogs(nested, ANALYST, Recursive=True) == [":s3tablescatalog/one"]
    assert glue(nested, "GetCatalog", ANALYST, CatalogId=inner)["Catalog"]["Name"] == "one"


def test_grants_in_a_nested_catalog_are_listed_when_that_catalog_is_asked(nested):
    inner = f"{ACCOUNT}:s3tablescatalog/one"
    grant(nested, ANALYST, {"Database": {"CatalogId": inner, "Name": "space"}}, "DESCRIBE")
    grant(nested, ANALYST, {"Catalog": {"Id": inner}}, "SUPER_USER")
    assert [next(iter(row["Resource"])) for row in listed(nested)] == ["Catalog"]
    assert [next(iter(row["Resource"])) for row in listed(nested, CatalogId=inner)] == ["Database", "Catalog"]


# ----------------------------------------------------------------------------------------------------------- functions
def test_functions_under_lake_formation_are_shown_to_whoever_holds_something_on_them(lab):
    for name, mode in (("open", None), ("governed", "LAKE_FORMATION")):
        body = {"FunctionName": name, "ClassName": "c"} | ({"GovernanceMode": mode} if mode else {})
        glue(lab, "CreateUserDefinedFunction", DatabaseName="raw", FunctionInput=body)

    def names(principal):
        found = glue(lab, "GetUserDefinedFunctions", principal, Pattern="*")["UserDefinedFunctions"]
        return [row["FunctionName"] for row in found]

    assert names(AUDITOR) == ["governed", "open"]
    assert names(ANALYST) == ["open"]
    with pytest.raises(AwsError, match="AccessDenied"):
        glue(lab, "GetUserDefinedFunction", ANALYST, DatabaseName="raw", FunctionName="governed")
    every = {"UserDefinedFunction": {"DatabaseName": "raw", "UserDefinedFunctionWildcard": {}}}
    grant(lab, ANALYST, every, "EXECUTE")
    assert names(ANALYST) == ["governed", "open"]


def test_identity_center_names_the_share_of_its_recipients(lab):
    made = {"InstanceArn": "arn:aws:sso:::instance/ssoins-1"}
    lf(lab, "CreateLakeFormationIdentityCenterConfiguration", **made)
    assert "ResourceShare" not in lf(lab, "DescribeLakeFormationIdentityCenterConfiguration")
    recipients = [{"DataLakePrincipalIdentifier": "444455556666"}]
    lf(lab, "UpdateLakeFormationIdentityCenterConfiguration", ShareRecipients=recipients)
    found = lf(lab, "DescribeLakeFormationIdentityCenterConfiguration")
    assert found["ResourceShare"].startswith(f"arn:aws:ram:us-east-1:{ACCOUNT}:resource-share/")


# ----------------------------------------------------------------------------------------------------------------- IAM
def actions():
    """What `floodline iam-policy` allows."""
    ended = CliRunner().invoke(cli, ["iam-policy"], catch_exceptions=False)
    assert ended.exit_code == 0
    found = json.loads(ended.stdout)
    return sorted(
        action
        for statement in found["Statement"]
        if statement["Effect"] == "Allow"
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    )


@pytest.mark.parametrize("action", actions())
def test_each_action_of_our_policy_can_be_taken_from_the_caller_alone(lab, action):
    service, _, operation = action.partition(":")
    if service == "kms":
        pytest.skip("no call of its own: see the tests of encryption")
    lab.deny(action, AUDITOR)
    name = "".join("_" + letter.lower() if letter.isupper() else letter for letter in operation).lstrip("_")
    name = name.replace("l_f_", "lf_").replace("_l_f", "_lf").replace("r_l_s", "rls")
    client = lab.session(AUDITOR).client(service, config=UNCHECKED)
    method = next(one for one in dir(client) if one.replace("_", "") == name.replace("_", ""))
    with pytest.raises(ClientError) as error:
        getattr(client, method)()
    found = error.value.response["Error"]
    assert found["Code"] in {"AccessDeniedException", "AccessDenied", "UnauthorizedOperation"}
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/lake-auditor/floodline"
    assert found["Message"].startswith(f"User: {session} is not authorized to perform: {action}")
    assert found["Message"].endswith(f"because no identity-based policy allows the {action} action")
    before = len(lab.struck)
    others = lab.session().client(service, config=UNCHECKED)
    try:
        getattr(others, method)()
    except ClientError as refused:
        assert "identity-based policy" not in str(refused)  # noqa: PT017 - called without what it needs
    assert len(lab.struck) == before
