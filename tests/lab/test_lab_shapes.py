"""Every answer of the lab's own operations fits botocore's output shape."""

from __future__ import annotations

import botocore.session
import pytest
from lab_world import ACCOUNT, ANALYST, AUDITOR, EVENTS, EVERYONE, RAW, columns_of, settle, shape_errors, who

from lab.lakeformation import AwsError
from lab.server import Lab

PEOPLE = f"{ACCOUNT}:IAMPrincipals"
FILTER = {
    "TableCatalogId": ACCOUNT,
    "DatabaseName": "raw",
    "TableName": "events",
    "Name": "one",
    "RowFilter": {"FilterExpression": "person = 'a'"},
    "ColumnNames": ["person"],
}
FUNCTION = f"arn:aws:glue:us-east-1:{ACCOUNT}:userDefinedFunction/raw/f"
SAVED = [{"TagKey": "domain", "TagValues": ["hr"]}]


def script(lab):
    """A session that uses every operation, with every kind of resource, and every union member once."""
    name = {key: FILTER[key] for key in ("TableCatalogId", "DatabaseName", "TableName", "Name")}
    yield "glue", "UpdateDatabase", {"Name": "raw", "DatabaseInput": {"Name": "raw", "Description": "d"}}
    yield "glue", "GetDatabase", {"Name": "raw"}
    yield "glue", "GetDatabases", {"MaxResults": 1}
    yield "glue", "CreateDatabase", {"DatabaseInput": {"Name": "gone"}}
    yield "glue", "CreateTable", {"DatabaseName": "gone", "TableInput": {"Name": "a"}}
    yield "glue", "CreateTable", {"DatabaseName": "gone", "TableInput": {"Name": "b"}}
    yield "glue", "UpdateTable", {"DatabaseName": "gone", "TableInput": {"Name": "b", "Description": "d"}}
    yield "glue", "BatchDeleteTable", {"DatabaseName": "gone", "TablesToDelete": ["a", "nowhere"]}
    yield "glue", "DeleteTable", {"DatabaseName": "gone", "Name": "b"}
    yield "glue", "DeleteDatabase", {"Name": "gone"}
    for verb in ("Create", "Update"):
        body = {
            "DatabaseName": "raw",
            "FunctionInput": {
                "FunctionName": "f",
                "FunctionType": "REGULAR_FUNCTION",
                "ClassName": "c",
                "OwnerType": "ROLE",
                "ResourceUris": [{"ResourceType": "JAR", "Uri": "s3://lake/f.jar"}],
                "GovernanceMode": "LAKE_FORMATION",
            },
        }
        yield "glue", f"{verb}UserDefinedFunction", body | ({"FunctionName": "f"} if verb == "Update" else {})
    yield "glue", "GetUserDefinedFunction", {"DatabaseName": "raw", "FunctionName": "f"}
    yield "glue", "GetUserDefinedFunctions", {"Pattern": "*"}
    federated = {"FederatedCatalog": {"Identifier": "i", "ConnectionName": "aws:s3tables"}}
    yield "glue", "CreateCatalog", {"Name": "nested", "CatalogInput": federated}
    overwrite = {"OverwriteChildResourcePermissionsWithDefault": "Accept", **federated}
    yield "glue", "UpdateCatalog", {"CatalogId": f"{ACCOUNT}:nested", "CatalogInput": overwrite}
    yield "glue", "GetCatalog", {"CatalogId": f"{ACCOUNT}:nested"}
    yield "glue", "GetCatalog", {"CatalogId": ACCOUNT}
    yield "glue", "GetCatalogs", {"Recursive": True, "IncludeRoot": True}
    below = {"FederatedCatalog": {"Identifier": "j", "ConnectionName": "aws:s3tables"}}
    yield "glue", "CreateCatalog", {"Name": "nested/bucket", "CatalogInput": below}
    yield "glue", "GetCatalogs", {"ParentCatalogId": f"{ACCOUNT}:nested"}
    yield "glue", "DeleteCatalog", {"CatalogId": f"{ACCOUNT}:nested/bucket"}
    rest = {"CatalogEncryptionMode": "SSE-KMS", "SseAwsKmsKeyId": "alias/lake"}
    yield "glue", "PutDataCatalogEncryptionSettings", {"DataCatalogEncryptionSettings": {"EncryptionAtRest": rest}}
    yield "glue", "GetDataCatalogEncryptionSettings", {}
    for kind in ("FOREIGN", "ALL", "FEDERATED"):
        yield "glue", "GetDatabases", {"ResourceShareType": kind}
    yield "glue", "GetResourcePolicies", {}
    yield "lakeformation", "GetDataLakePrincipal", {}
    yield "lakeformation", "PutDataLakeSettings", {"DataLakeSettings": _settings(lab)}
    yield "lakeformation", "GetDataLakeSettings", {}
    role = f"arn:aws:iam::{ACCOUNT}:role/register"
    for arn in ("arn:aws:s3:::lake/raw", "arn:aws:s3:::gone"):
        flags = {"HybridAccessEnabled": True, "WithFederation": False, "ExpectedResourceOwnerAccount": ACCOUNT}
        yield "lakeformation", "RegisterResource", {"ResourceArn": arn, "RoleArn": role, **flags}
    yield "lakeformation", "UpdateResource", {"ResourceArn": "s3://lake/raw/", "RoleArn": role, "WithFederation": True}
    yield "lakeformation", "DescribeResource", {"ResourceArn": "arn:aws:s3:::lake/raw"}
    yield "lakeformation", "DeregisterResource", {"ResourceArn": "arn:aws:s3:::gone"}
    condition = {"Field": "RESOURCE_ARN", "ComparisonOperator": "BEGINS_WITH", "StringValueList": ["arn:aws:s3:::l"]}
    yield "lakeformation", "ListResources", {"FilterConditionList": [condition]}
    yield "lakeformation", "CreateLFTag", {"TagKey": "spare", "TagValues": ["a", "b"]}
    yield "lakeformation", "UpdateLFTag", {"TagKey": "spare", "TagValuesToAdd": ["c"], "TagValuesToDelete": ["a"]}
    yield "lakeformation", "GetLFTag", {"TagKey": "spare"}
    yield "lakeformation", "ListLFTags", {"MaxResults": 1}
    yield "lakeformation", "ListLFTags", {"ResourceShareType": "ALL"}
    pairs = [{"TagKey": "domain", "TagValues": ["hr"]}, {"TagKey": "nowhere", "TagValues": ["x"]}]
    for resource in ({"Catalog": {}}, RAW, EVENTS, columns_of("text")):
        yield "lakeformation", "AddLFTagsToResource", {"Resource": resource, "LFTags": pairs}
    for resource in (RAW, EVENTS, columns_of("text")):
        for flag in (True, False):
            yield "lakeformation", "GetResourceLFTags", {"Resource": resource, "ShowAssignedLFTags": flag}
    search = {"Expression": SAVED, "MaxResults": 2}
    yield "lakeformation", "SearchDatabasesByLFTags", search
    yield "lakeformation", "SearchTablesByLFTags", search
    yield "lakeformation", "RemoveLFTagsFromResource", {"Resource": RAW, "LFTags": pairs}
    yield "lakeformation", "DeleteLFTag", {"TagKey": "spare"}
    saved = {"Name": "saved", "Expression": SAVED}
    yield "lakeformation", "CreateLFTagExpression", {**saved, "Description": "d"}
    yield "lakeformation", "UpdateLFTagExpression", saved
    yield "lakeformation", "GetLFTagExpression", {"Name": "saved"}
    yield "lakeformation", "ListLFTagExpressions", {}
    yield "lakeformation", "CreateDataCellsFilter", {"TableData": FILTER}
    everything = {"RowFilter": {"AllRowsWildcard": {}}, "ColumnWildcard": {"ExcludedColumnNames": ["text"]}}
    kept = {key: value for key, value in FILTER.items() if key != "ColumnNames"}
    yield "lakeformation", "UpdateDataCellsFilter", {"TableData": {**kept, **everything}}
    yield "lakeformation", "GetDataCellsFilter", name
    yield "lakeformation", "ListDataCellsFilter", {}
    yield "lakeformation", "ListDataCellsFilter", {"Table": EVENTS["Table"]}
    policy = {"Name": "Rows", "AttachmentColumns": [{"Name": "person", "Type": "string"}], "FilterExpression": "TRUE"}
    yield "lakeformation", "CreateRLSPolicy", policy
    yield "lakeformation", "UpdateRLSPolicy", {"Name": "rows", "FilterExpression": "person = 'a'"}
    yield "lakeformation", "GetRLSPolicy", {"Name": "ROWS"}
    yield "lakeformation", "ListRLSPolicies", {}
    yield "lakeformation", "AttachRLSPolicy", {"Name": "rows", "Resource": EVENTS, "SetDefault": True}
    yield "lakeformation", "AttachRLSPolicy", {"Name": "rows", "Resource": EVENTS, "Principal": who(ANALYST)}
    yield "lakeformation", "ListRLSPolicyAttachments", {}
    yield "glue", "GetTable", {"DatabaseName": "raw", "Name": "events"}
    yield "glue", "GetTables", {"DatabaseName": "raw"}
    yield "glue", "GetTables", {"DatabaseName": "raw", "AttributesToGet": ["NAME"]}
    for row in _grants():
        yield "lakeformation", "GrantPermissions", row
    entries = [{"Id": "1", **_grants()[0]}, {"Id": "2", **_grants()[0], "Resource": {"Database": {"Name": "nowhere"}}}]
    yield "lakeformation", "BatchGrantPermissions", {"Entries": entries}
    for listing in _listings():
        yield "lakeformation", "ListPermissions", listing
    yield "lakeformation", "GetEffectivePermissionsForPath", {"ResourceArn": "arn:aws:s3:::lake/raw"}
    for resource in (RAW, EVENTS, columns_of("text")):
        yield "lakeformation", "CreateLakeFormationOptIn", {"Principal": who(ANALYST), "Resource": resource}
    yield "lakeformation", "ListLakeFormationOptIns", {}
    yield "lakeformation", "DeleteLakeFormationOptIn", {"Principal": who(ANALYST), "Resource": RAW}
    yield "lakeformation", "BatchRevokePermissions", {"Entries": entries}
    yield "lakeformation", "RevokePermissions", _grants()[2]
    yield "lakeformation", "DetachRLSPolicy", {"Name": "rows", "Resource": EVENTS, "RemoveDefault": True}
    yield "lakeformation", "DeleteRLSPolicy", {"Name": "rows"}
    yield "lakeformation", "DeleteDataCellsFilter", name
    yield "lakeformation", "DeleteLFTagExpression", {"Name": "saved"}
    centre = {
        "ExternalFiltering": {"Status": "ENABLED", "AuthorizedTargets": ["arn:aws:sso::111122223333:application/a/b"]},
        "ShareRecipients": [who(ACCOUNT)],
        "ServiceIntegrations": [{"Redshift": [{"RedshiftConnect": {"Authorization": "ENABLED"}}]}],
    }
    instance = {"InstanceArn": "arn:aws:sso:::instance/ssoins-1"}
    yield "lakeformation", "CreateLakeFormationIdentityCenterConfiguration", {**centre, **instance}
    yield "lakeformation", "UpdateLakeFormationIdentityCenterConfiguration", {"ShareRecipients": []}
    yield "lakeformation", "DescribeLakeFormationIdentityCenterConfiguration", {}
    yield "lakeformation", "DeleteLakeFormationIdentityCenterConfiguration", {}
    yield "glue", "DeleteUserDefinedFunction", {"DatabaseName": "raw", "FunctionName": "f"}
    yield "glue", "DeleteCatalog", {"CatalogId": f"{ACCOUNT}:nested"}


def _settings(lab):
    return {
        "DataLakeAdmins": [who(lab.operator)],
        "ReadOnlyAdmins": [who(AUDITOR)],
        "CreateDatabaseDefaultPermissions": [{"Principal": who(EVERYONE), "Permissions": ["ALL"]}],
        "CreateTableDefaultPermissions": [{"Principal": who(EVERYONE), "Permissions": ["ALL"]}],
        "Parameters": {"CROSS_ACCOUNT_VERSION": "4"},
        "TrustedResourceOwners": ["444455556666"],
        "AllowExternalDataFiltering": True,
        "AllowFullTableExternalDataAccess": True,
        "ExternalDataFilteringAllowList": [who("444455556666")],
        "AuthorizedSessionTagValueList": ["engine"],
    }


def _grants():
    location = {"DataLocation": {"ResourceArn": "arn:aws:s3:::lake/raw/events"}}
    wildcard = {"TableWithColumns": {"DatabaseName": "raw", "Name": "keys", "ColumnWildcard": {}}}
    some = {"DatabaseName": "raw", "Name": "screens", "ColumnWildcard": {"ExcludedColumnNames": ["text"]}}
    policy = {"ResourceType": "TABLE", "Expression": SAVED}
    cells = {"DatabaseName": "raw", "TableName": "events", "Name": "one"}
    return [
        _grant(RAW, "ALL", grantable=["ALL"]),
        _grant(RAW, "DESCRIBE", to="444455556666", grantable=["DESCRIBE"]),
        _grant({"Catalog": {}}, "CREATE_DATABASE", "CREATE_LF_TAG"),
        _grant(EVENTS, "ALL", "SELECT", grantable=["SELECT"]),
        _grant({"Table": {"DatabaseName": "raw", "TableWildcard": {}}}, "SELECT", "DESCRIBE"),
        _grant(columns_of("text", table="keys"), "SELECT", grantable=["SELECT"]),
        _grant(wildcard, "SELECT", to=EVERYONE),
        _grant({"TableWithColumns": some}, "SELECT"),
        _grant(location, "DATA_LOCATION_ACCESS"),
        _grant({"DataCellsFilter": cells}, "SELECT", "DESCRIBE"),
        _grant({"LFTag": {"TagKey": "domain", "TagValues": ["hr", "*"]}}, "ASSOCIATE", "DESCRIBE"),
        _grant({"LFTagPolicy": policy}, "ALL"),
        _grant({"LFTagPolicy": {"ResourceType": "DATABASE", "ExpressionName": "saved"}}, "DESCRIBE"),
        _grant({"LFTagExpression": {"Name": "saved"}}, "DESCRIBE"),
        _grant({"RLSPolicy": {"Name": "rows"}}, "ASSOCIATE"),
        _grant({"UserDefinedFunction": {"DatabaseName": "raw", "Name": "f"}}, "EXECUTE"),
        _grant({"UserDefinedFunction": {"DatabaseName": "raw", "UserDefinedFunctionWildcard": {}}}, "ALL"),
        _grant({"AnyResource": {"ResourceType": "TABLE"}}, "SELECT", to=FUNCTION),
        {**_grant(EVENTS, "SELECT", to=PEOPLE), "Condition": {"Expression": 'context.iam.principalTags.hasTag("a")'}},
    ]


def _grant(resource, *permissions, to=ANALYST, grantable=()):
    return {
        "Principal": who(to),
        "Resource": resource,
        "Permissions": list(permissions),
        "PermissionsWithGrantOption": list(grantable),
    }


def _listings():
    yield {}
    kinds = botocore.session.get_session().get_service_model("lakeformation")
    for kind in kinds.operation_model("ListPermissions").input_shape.members["ResourceType"].enum:
        yield {"ResourceType": kind}
    yield {"Principal": who(ANALYST)}
    yield {"Resource": EVENTS}
    yield {"Resource": EVENTS, "IncludeRelated": "TRUE"}
    for resource in (EVENTS, RAW):
        for arn in (ANALYST, AUDITOR, f"arn:aws:iam::{ACCOUNT}:role/lake-deployer"):
            yield {"Principal": who(arn), "Resource": resource}


def test_every_answer_fits_the_output_shape():
    with Lab.start() as lab:
        settle(lab)
        used, wrong, rows = set(), [], 0
        for service, operation, asked in script(lab):
            parameters = dict(asked)
            while True:
                answer = lab.call(service, operation, parameters)
                used.add((service, operation))
                wrong += shape_errors(service, operation, answer)
                rows += len(answer.get("PrincipalResourcePermissions", ()))
                if "NextToken" not in answer:
                    break
                parameters["NextToken"] = answer["NextToken"]
        lake = lab.lake()
        known = {("lakeformation", name) for name in lake.operations} | {
            ("glue", name) for name in lake.glue.operations
        }
        assert wrong == []
        assert rows > 40
        # A resource policy must be put first, and moto does that: see test_lab_http.
        assert known - used == {("glue", "GetResourcePolicy")}


def test_every_kind_of_resource_is_listed_under_its_type():
    with Lab.start(filters_in_sweep=True) as lab:
        settle(lab)
        for service, operation, parameters in script(lab):
            lab.call(service, operation, parameters)
            if operation == "BatchGrantPermissions":
                break
        rows = lab.call("lakeformation", "ListPermissions", {"MaxResults": 1000})["PrincipalResourcePermissions"]
        members = {next(iter(row["Resource"])) for row in rows}
        resource = botocore.session.get_session().get_service_model("lakeformation").shape_for("Resource")
        assert members == set(resource.members)


def test_the_judge_sees_wrong_answers():
    row = {"Principal": who(ANALYST), "Resource": {"Table": {"DatabaseName": 1}}, "Permissions": ["FLY"], "Odd": 1}
    found = shape_errors("lakeformation", "ListPermissions", {"PrincipalResourcePermissions": [row]})
    assert [error.partition(": ")[2] for error in found] == [
        "1 is no string",
        "'FLY' is not in the enum",
        "unknown member",
    ]


def test_an_operation_that_nobody_modelled_is_refused_in_aws_shape():
    with Lab.start() as lab, pytest.raises(AwsError, match="NotImplemented"):
        lab.call("lakeformation", "StartTransaction")
