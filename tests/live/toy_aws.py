"""A small lake that answers like AWS, for the tests of this room: pages, tokens, failures, and a log of requests."""

from __future__ import annotations

import copy
import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

from botocore import xform_name
from botocore.exceptions import ClientError

from checks.live.collect import Limits, collect
from checks.live.recording import Header, Writer
from checks.live.recording import read as read_recording

ACCOUNT = "111122223333"
REGION = "us-east-1"
AUDITOR = f"arn:aws:iam::{ACCOUNT}:role/audit/reader"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/session"
ANALYST = f"arn:aws:iam::{ACCOUNT}:role/analyst"
CATALOG = {"CatalogId": ACCOUNT}
WHEN = datetime(2026, 11, 23, 11, 0, tzinfo=timezone(timedelta(hours=1)))


def now():
    return datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


def who(name):
    return {"DataLakePrincipalIdentifier": name}


def granted(principal, resource, *permissions, options=(), **more):
    return {"Principal": who(principal), "Resource": resource, "Permissions": list(permissions),
            "PermissionsWithGrantOption": list(options), **more}  # fmt: skip


ORDERS = {**CATALOG, "DatabaseName": "sales", "Name": "orders"}
SENSITIVE = [{"TagKey": "sensitivity", "TagValues": ["public", "internal"]}]

GRANTS = [
    granted(ANALYST, {"Catalog": {}}, "CREATE_DATABASE"),
    granted(ANALYST, {"Database": {**CATALOG, "Name": "sales"}}, "DESCRIBE", "CREATE_TABLE", LastUpdated=WHEN,
            LastUpdatedBy=AUDITOR),
    granted(ANALYST, {"Table": ORDERS}, "ALL", "INSERT", options=["INSERT"]),
    granted(ANALYST, {"TableWithColumns": {**ORDERS, "ColumnWildcard": {}}}, "SELECT"),
    granted("444455556666", {"TableWithColumns": {**ORDERS, "ColumnNames": ["ID", "amount"]}}, "SELECT",
            options=["SELECT"]),
    granted(f"{ACCOUNT}:IAMPrincipals", {"TableWithColumns": {**ORDERS, "ColumnWildcard": {
        "ExcludedColumnNames": ["SSN"]}}}, "SELECT", Condition={"Expression": "context.iam.x == 1"}),
    granted(f"{ACCOUNT}:IAMPrincipals", {"TableWithColumns": {**ORDERS, "ColumnWildcard": {
        "ExcludedColumnNames": ["SSN"]}}}, "SELECT"),
    granted("IAMAllowedPrincipals", {"Table": {**CATALOG, "DatabaseName": "sales", "Name": "ALL_TABLES",
                                               "TableWildcard": {}}}, "ALL"),
    granted(ANALYST, {"TableWithColumns": {**CATALOG, "DatabaseName": "sales", "Name": "ALL_TABLES",
                                           "ColumnWildcard": {}}}, "SELECT"),
    granted(ANALYST, {"Table": {**CATALOG, "DatabaseName": "sales", "Name": "all_tables"}}, "DROP"),
    granted(f"arn:aws:iam::{ACCOUNT}:saml-provider/okta:group/hr", {"DataLocation": {
        **CATALOG, "ResourceArn": "arn:aws:s3:::lake/raw/"}}, "DATA_LOCATION_ACCESS"),
    granted("arn:aws:identitystore:::group/g-1", {"DataCellsFilter": {
        "TableCatalogId": ACCOUNT, "DatabaseName": "sales", "TableName": "orders", "Name": "eu"}}, "SELECT"),
    granted("arn:aws:organizations::444455556666:ou/o-abc/ou-def", {"LFTag": {
        **CATALOG, "TagKey": "Sensitivity", "TagValues": ["*"]}}, "ASSOCIATE", "DESCRIBE"),
    granted(f"arn:aws:quicksight:us-east-1:{ACCOUNT}:group/default/bi", {"LFTagPolicy": {
        **CATALOG, "ResourceType": "TABLE", "Expression": SENSITIVE}}, "SELECT", "DESCRIBE"),
    granted(ANALYST, {"LFTagPolicy": {**CATALOG, "ResourceType": "DATABASE", "ExpressionName": "open"}}, "DESCRIBE"),
    granted(ANALYST, {"LFTagExpression": {**CATALOG, "Name": "open"}}, "DROP"),
    granted(ANALYST, {"RLSPolicy": {**CATALOG, "Name": "Region"}}, "ASSOCIATE"),
    granted(ANALYST, {"UserDefinedFunction": {**CATALOG, "DatabaseName": "sales",
                                              "UserDefinedFunctionWildcard": {}}}, "EXECUTE"),
    granted(f"arn:aws:glue:us-east-1:{ACCOUNT}:userDefinedFunction/sales/mask", {"AnyResource": {
        **CATALOG, "ResourceType": "TABLE"}}, "SELECT", "FLY"),
]  # fmt: skip


def grants(request):
    """Answer every grant, or with a table those on it and on its filters."""
    if "Resource" not in request:
        return GRANTS
    return [one for one in GRANTS if "DataCellsFilter" in one["Resource"] or one["Resource"] == {"Table": ORDERS}]


def tag(value, key="sensitivity"):
    return {**CATALOG, "TagKey": key, "TagValues": [value]}


def table(database, name, *columns, **more):
    return {
        "Name": name,
        "DatabaseName": database,
        "CatalogId": ACCOUNT,
        "CreateTime": WHEN,
        "TableType": "EXTERNAL_TABLE",
        "StorageDescriptor": {
            "Columns": [{"Name": column, "Type": "string"} for column in columns],
            "Location": f"s3://lake/{database}/{name}/",
        },
        "IsRegisteredWithLakeFormation": True,
        **more,
    }


def search(service_answer):
    """Answer a search only for keys and values that are asked for, as AWS does."""

    def answer(request):
        (pair,) = request["Expression"]
        return [service_answer] if pair["TagKey"] == "sensitivity" and "internal" in pair["TagValues"] else []

    return answer


def tags_of(request):
    """Answer one table's LF-tags, those of its database included."""
    place = request["Resource"]["Table"]
    if place["DatabaseName"] != "sales":
        return {}
    (orders,) = LAKE["SearchTablesByLFTags"][1]({"Expression": [{"TagKey": "sensitivity", "TagValues": ["internal"]}]})
    if place["Name"] == "orders":
        return {name: value for name, value in orders.items() if name != "Table"}
    return {name: orders[name] for name in ("LFTagOnDatabase",)}


SETTINGS = {
    "DataLakeAdmins": [who(f"arn:aws:iam::{ACCOUNT}:user/owner")],
    "ReadOnlyAdmins": [who(AUDITOR)],
    "CreateDatabaseDefaultPermissions": [],
    "CreateTableDefaultPermissions": [],
    "Parameters": {"CROSS_ACCOUNT_VERSION": "4"},
    "TrustedResourceOwners": [],
    "AllowExternalDataFiltering": False,
    "ExternalDataFilteringAllowList": [],
}

# operation -> (member with the rows, rows or a function of the request), or a plain answer
LAKE = {
    "GetCallerIdentity": {"UserId": "AROA:session", "Account": ACCOUNT, "Arn": SESSION},
    "GetDataLakePrincipal": {"Identity": AUDITOR},
    "GetDataLakeSettings": {"DataLakeSettings": SETTINGS},
    "ListPermissions": ("PrincipalResourcePermissions", grants),
    "ListLFTags": ("LFTags", [
        {**CATALOG, "TagKey": "sensitivity", "TagValues": ["public", "internal", "restricted"]},
        {**CATALOG, "TagKey": "domain", "TagValues": [f"d{number}" for number in range(60)]},
        {"CatalogId": "444455556666", "TagKey": "foreign", "TagValues": ["x"]},
    ]),
    "ListLFTagExpressions": ("LFTagExpressions", [{"Name": "open", **CATALOG, "Expression": SENSITIVE}]),
    "ListDataCellsFilter": ("DataCellsFilters", [
        {"TableCatalogId": ACCOUNT, "DatabaseName": "sales", "TableName": "orders", "Name": "eu",
         "RowFilter": {"FilterExpression": "region = 'eu'"}, "ColumnNames": ["id"], "VersionId": "1"},
        {"TableCatalogId": ACCOUNT, "DatabaseName": "sales", "TableName": "orders", "Name": "all",
         "RowFilter": {"FilterExpression": "TRUE", "AllRowsWildcard": {}},
         "ColumnWildcard": {"ExcludedColumnNames": ["ssn"]}},
    ]),
    "ListResources": ("ResourceInfoList", [
        {"ResourceArn": "arn:aws:s3:::lake/", "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/vending",
         "HybridAccessEnabled": True, "LastModified": WHEN, "VerificationStatus": "VERIFIED"},
    ]),
    "ListLakeFormationOptIns": ("LakeFormationOptInsInfoList", [
        {"Resource": {"Table": ORDERS}, "Principal": who(ANALYST), "LastModified": WHEN, "LastUpdatedBy": AUDITOR},
    ]),
    "ListRLSPolicies": ("RLSPolicies", [
        {**CATALOG, "Name": "Region"},
        {**CATALOG, "Name": "Whole", "FilterExpression": "id > 0", "AttachmentColumns": [{"Name": "id"}]},
    ]),
    "GetRLSPolicy": {"RLSPolicy": {**CATALOG, "Name": "Region", "FilterExpression": "region = 'eu'"}},
    "ListRLSPolicyAttachments": ("RLSPolicyAttachments", [
        {**CATALOG, "PolicyName": "Region", "Principal": who(ANALYST), "Resource": {"Table": ORDERS}},
        {**CATALOG, "PolicyName": "Region", "Resource": {"Table": ORDERS}, "DefaultRLSPolicy": True},
    ]),
    "DescribeLakeFormationIdentityCenterConfiguration": ClientError(
        {"Error": {"Code": "EntityNotFoundException", "Message": "no configuration"},
         "ResponseMetadata": {"HTTPStatusCode": 400}}, "Describe"),
    "GetCatalogs": ("CatalogList", [
        {"CatalogId": ACCOUNT, "Name": ACCOUNT},
        {"CatalogId": f"{ACCOUNT}:nested", "Name": "nested", "AllowFullTableExternalDataAccess": "True"},
    ]),
    "GetDatabases": ("DatabaseList", lambda request: [
        {"Name": "inner", "CatalogId": f"{ACCOUNT}:nested"}
    ] if "CatalogId" in request else [
        {"Name": "Sales", **CATALOG, "LocationUri": "s3://lake/sales/", "CreateTime": WHEN,
         "CreateTableDefaultPermissions": [{"Principal": who("IAM_ALLOWED_PRINCIPALS"), "Permissions": ["ALL"]}]},
        {"Name": "empty", **CATALOG, "CreateTableDefaultPermissions": []},
        {"Name": "link", **CATALOG, "TargetDatabase": {"CatalogId": "444455556666", "DatabaseName": "far"}},
    ]),
    "GetTables": ("TableList", lambda request: [
        table("sales", "Orders", "Id", "amount", "SSN", PartitionKeys=[{"Name": "day", "Type": "date"}],
              CreatedBy=ANALYST),
        table("sales", "all_tables", "x"),
        table("sales", "v", "x", TableType="VIRTUAL_VIEW", ViewOriginalText="select 1"),
        table("sales", "far", TargetTable={"CatalogId": "444455556666", "DatabaseName": "far", "Name": "t"}),
    ] if request["DatabaseName"].lower() == "sales" else []),
    "SearchDatabasesByLFTags": ("DatabaseList", search(
        {"Database": {**CATALOG, "Name": "sales"}, "LFTags": [tag("internal")]})),
    "SearchTablesByLFTags": ("TableList", search(
        {"Table": ORDERS, "LFTagOnDatabase": [tag("internal")], "LFTagsOnTable": [tag("internal")],
         "LFTagsOnColumns": [{"Name": "id", "LFTags": [tag("internal")]},
                             {"Name": "SSN", "LFTags": [tag("restricted")]}]})),
    "GetResourcePolicy": {"PolicyInJson": '{"Version":"2012-10-17","Statement":[]}', "PolicyHash": "h",
                          "CreateTime": WHEN},
    "GetResourcePolicies": ("GetResourcePoliciesResponseList", [
        {"PolicyInJson": '{"Statement": [], "Version": "2012-10-17"}'}]),
    "GetDataCatalogEncryptionSettings": {"DataCatalogEncryptionSettings": {
        "EncryptionAtRest": {"CatalogEncryptionMode": "DISABLED"},
        "ConnectionPasswordEncryption": {"ReturnConnectionPasswordEncrypted": True}}},
    "GetUserDefinedFunctions": ("UserDefinedFunctions", [
        {"FunctionName": "Mask", "DatabaseName": "sales", **CATALOG, "GovernanceMode": "LAKE_FORMATION",
         "CreateTime": WHEN, "ResourceUris": [{"ResourceType": "JAR", "Uri": "s3://lake/code/mask.jar"}]},
        {"FunctionName": "plain", "DatabaseName": "empty", **CATALOG, "ClassName": "Plain"},
    ]),
    "GetResourceLFTags": tags_of,
}  # fmt: skip


def denied(operation, code="AccessDeniedException", status=400, message="not allowed"):
    return ClientError(
        {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}, operation
    )


class Aws:
    """Clients of all services over one script; ``log`` keeps the requests.

    ``faults`` maps an operation to a list of exceptions, raised one a call before it answers, or to one exception for
    ever. Listings are answered in pages of ``size`` rows, each after an empty page with a token if ``empty``.
    """

    def __init__(self, lake=LAKE, *, size=2, empty=True, faults=None):
        self.lake, self.size, self.empty = lake, size, empty
        self.faults = faults or {}
        self.log = []

    def __getitem__(self, service):
        return _Client(self, service)

    def call(self, service, operation, request):
        self.log.append((service, operation, request))
        fault = self.faults.get(operation)
        if isinstance(fault, list):
            fault = fault.pop(0) if fault else None
        if isinstance(fault, Exception):
            raise fault
        answer = self.lake[operation]
        if isinstance(answer, Exception):
            raise answer
        if callable(answer):
            answer = answer(request)
        if isinstance(answer, dict):
            return {**copy.deepcopy(answer), "ResponseMetadata": {"HTTPStatusCode": 200}}
        member, rows = answer
        rows = rows(request) if callable(rows) else rows
        pages = [rows[start : start + self.size] for start in range(0, len(rows), self.size)] or [[]]
        if self.empty:
            pages = [page for full in pages for page in ([], full)]
        number = int(request.get("NextToken", "t0")[1:])
        token = {"NextToken": f"t{number + 1}"} if number + 1 < len(pages) else {}
        return {member: copy.deepcopy(pages[number]), **token, "ResponseMetadata": {"HTTPStatusCode": 200}}


class _Client:
    def __init__(self, aws, service):
        self._aws, self._service = aws, service

    def __getattr__(self, name):
        operation = NAMES[name]
        return lambda **request: self._aws.call(self._service, operation, request)


NAMES = {xform_name(operation): operation for operation in LAKE}


class Clock:
    """Seconds that pass only where somebody sleeps; ``waits`` keeps how long."""

    def __init__(self):
        self.at, self.waits = 0.0, []

    def __call__(self):
        return self.at

    def sleep(self, seconds):
        self.at += seconds
        self.waits.append(seconds)


def read(aws, *, clock=None, **more):
    """Collect everything that *aws* answers, without waiting: one call after the other, unless *limits* says more."""
    clock = clock or Clock()
    given = {"region": REGION, "now": now, "clock": clock, "sleep": clock.sleep, "limits": Limits(concurrency=1)}
    return list(collect(aws, **{**given, **more}))


def needed(answers):
    """Return those of *answers* that a complete view needs: no listing by kind, nothing asked twice, no sample."""
    asked, out = set(), []
    for one in answers:
        call = one.operation, json.dumps(one.request, sort_keys=True)
        if call not in asked and one.operation != "GetResourceLFTags" and "ResourceType" not in one.request:
            out.append(replace(one, line=len(out) + 2))
        asked.add(call)
    return out


def recorded(answers, compression=""):
    """Return *answers* as the bytes of a recording."""
    stream = io.BytesIO()
    with Writer(stream, Header("2026-11-23T10:00:00Z", "floodline", "1.44.5"), compression) as writer:
        for answer in answers:
            writer.write(answer)
    return stream.getvalue()


def replayed(data):
    """Return the answers of a recording."""
    return list(read_recording(io.BytesIO(data), "lake.jsonl")[1])
