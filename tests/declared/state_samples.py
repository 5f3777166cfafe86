"""Small Pulumi documents, made here: what the tests of the declared side read."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from checks.declared import Source, read
from checks.model import Lake, LakeId

ACCOUNT = "111122223333"
OTHER = "444455556666"
REGION = "eu-central-1"
HOME = LakeId("aws", ACCOUNT, REGION)
ROLE = f"arn:aws:iam::{ACCOUNT}:role/analyst"

SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
PROVIDER = "urn:pulumi:dev::lake::pulumi:providers:aws::default"


def secret(text: str = "v1:c2VjcmV0", how: str = "ciphertext") -> dict[str, str]:
    return {SIGNATURE: SECRET, how: text}


def resource(
    kind: str, name: str, inputs: Any, *, stack: str = "dev", project: str = "lake", **more: Any
) -> dict[str, Any]:
    return {
        "urn": f"urn:pulumi:{stack}::{project}::{kind}::{name}",
        "custom": True,
        "type": kind,
        "inputs": inputs,
        "provider": f"{PROVIDER}::0",
        "sourcePosition": "project:///__main__.py#66",
        **more,
    }


def provider(inputs: dict[str, Any] | None = None, name: str = "default", kind: str = "aws") -> dict[str, Any]:
    kind = f"pulumi:providers:{kind}"
    settings = {"region": REGION, "allowedAccountIds": json.dumps([ACCOUNT])} if inputs is None else inputs
    return {
        "urn": f"urn:pulumi:dev::lake::{kind}::{name}",
        "custom": True,
        "type": kind,
        "id": "0",
        "inputs": settings,
    }


def export(*resources: Any, version: Any = 3, pending: Any = None, **more: Any) -> bytes:
    deployment: dict[str, Any] = {"manifest": {"version": "v3.259.0"}, "resources": list(resources)}
    if pending is not None:
        deployment["pending_operations"] = pending
    return json.dumps({"version": version, **more, "deployment": deployment}).encode()


def state(*resources: Any, name: str = "state.json", **more: Any) -> Source:
    return Source("state", name, export(*resources, **more))


def preview(*steps: Any, **more: Any) -> Source:
    return Source("preview", "preview.json", json.dumps({"steps": list(steps), **more}).encode())


def step(op: str, state: dict[str, Any], **more: Any) -> dict[str, Any]:
    kept = {} if op == "delete" else {"newState": state}
    return {"op": op, "urn": state["urn"], **kept, **more}


def lakes(*sources: Source, **where: Any) -> tuple[Lake, ...]:
    return read(sources).place(**where)


def lake(*resources: Any, with_provider: bool = True) -> Lake:
    """The one lake that these resources declare."""
    (found,) = lakes(state(*([provider()] if with_provider else []), *resources))
    return found


def reasons(found: Lake) -> list[str]:
    return [gap.reason for gap in found.gaps]


def unordered(found: Lake) -> Any:
    """A lake without the order of its lists."""
    lists = ("grants", "settings", "optins", "policies", "gaps", "identity_centers", "partitions")
    nothing: dict[str, Any] = dict.fromkeys(lists, ())
    return [frozenset(getattr(found, name)) for name in lists], replace(found, **nothing)


def whole_lake() -> list[dict[str, Any]]:
    """One resource of every kind of the classic provider, consistent with each other."""
    defaults: dict[str, Any] = {"__defaults": []}
    return [
        provider(),
        resource("aws:glue/catalogDatabase:CatalogDatabase", "db", {
            **defaults, "name": "Sales", "description": "d", "locationUri": "s3://lake/sales/",
            "parameters": {"k": "v"}, "createTableDefaultPermissions": [
                {"permissions": ["ALL"], "principal": {"dataLakePrincipalIdentifier": "IAM_ALLOWED_PRINCIPALS"}}],
        }),
        resource("aws:glue/catalogTable:CatalogTable", "orders", {
            **defaults, "databaseName": "sales", "name": "orders", "tableType": "EXTERNAL_TABLE",
            "parameters": {"classification": "parquet"},
            "partitionKeys": [{**defaults, "name": "day", "type": "date"}],
            "storageDescriptor": {
                **defaults, "location": "s3://lake/sales/orders/",
                "columns": [{"name": "ID", "type": "bigint"}, {"name": "ssn", "type": "string", "comment": "c"}],
                "serDeInfo": {"serializationLibrary": "parquet"},
            },
        }),
        resource("aws:lakeformation/dataLakeSettings:DataLakeSettings", "settings", {
            **defaults, "admins": [ROLE], "createDatabaseDefaultPermissions": [],
            "createTableDefaultPermissions": [{"permissions": ["ALL"], "principal": "IAM_ALLOWED_PRINCIPALS"}],
            "parameters": {"CROSS_ACCOUNT_VERSION": "4"}, "allowExternalDataFiltering": True,
            "trustedResourceOwners": [OTHER],
        }),
        resource("aws:lakeformation/resource:Resource", "place", {"arn": "arn:aws:s3:::lake", "roleArn": ROLE}),
        resource("aws:lakeformation/lfTag:LfTag", "tag", {"key": "Domain", "values": ["HR", "sales"]}),
        resource("aws:lakeformation/lfTagExpression:LfTagExpression", "saved", {
            "name": "people", "expressions": [{"tagKey": "domain", "tagValues": ["hr"]}]}),
        resource("aws:lakeformation/resourceLfTag:ResourceLfTag", "one", {
            "lfTag": {"key": "domain", "value": "sales"}, "database": {"name": "sales"}}),
        resource("aws:lakeformation/resourceLfTags:ResourceLfTags", "many", {
            "lfTags": [{"key": "domain", "value": "hr"}],
            "tableWithColumns": {"databaseName": "sales", "name": "orders", "columnNames": ["ssn"]}}),
        resource("aws:lakeformation/dataCellsFilter:DataCellsFilter", "filter", {"tableData": {
            "databaseName": "sales", "tableName": "orders", "tableCatalogId": ACCOUNT, "name": "eu",
            "columnNames": ["id"], "rowFilter": {"filterExpression": "region = 'EU'"}}}),
        resource("aws:lakeformation/permissions:Permissions", "grant", {
            **defaults, "principal": ROLE, "permissions": ["SELECT"], "permissionsWithGrantOptions": [],
            "tableWithColumns": {
                **defaults, "databaseName": "sales", "name": "orders", "wildcard": True,
                "excludedColumnNames": ["ssn"]}}),
        resource("aws:lakeformation/optIn:OptIn", "opt", {
            "principals": [{"dataLakePrincipalIdentifier": ROLE}],
            "resourceDatas": [{"database": {"name": "sales"}}]}),
        resource("aws:glue/resourcePolicy:ResourcePolicy", "policy", {
            "policy": '{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "glue:*", "Resource": "*"}]}'}),
        resource("aws:glue/catalog:Catalog", "nested", {
            "name": "nested", "createTableDefaultPermissions": [], "allowFullTableExternalDataAccess": "True"}),
        resource("aws:lakeformation/identityCenterConfiguration:IdentityCenterConfiguration", "idc", {
            "instanceArn": "arn:aws:sso:::instance/ssoins-1"}),
    ]  # fmt: skip
