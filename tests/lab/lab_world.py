"""What the lab's tests share: names, short calls, a walk over pages, and AWS's own output shapes as a judge."""

from __future__ import annotations

from functools import cache
from typing import Any

import botocore.session

ACCOUNT = "111122223333"
AUDITOR = f"arn:aws:iam::{ACCOUNT}:role/lake-auditor"
ANALYST = f"arn:aws:iam::{ACCOUNT}:role/team/analyst"
OTHER = f"arn:aws:iam::{ACCOUNT}:role/other"
EVERYONE = "IAM_ALLOWED_PRINCIPALS"
RAW = {"Database": {"Name": "raw"}}
EVENTS = {"Table": {"DatabaseName": "raw", "Name": "events"}}


def who(arn: str) -> dict[str, str]:
    return {"DataLakePrincipalIdentifier": arn}


def columns_of(*names: str, table: str = "events") -> dict[str, Any]:
    return {"TableWithColumns": {"DatabaseName": "raw", "Name": table, "ColumnNames": list(names)}}


def lf(lab, operation, principal=None, **parameters):
    return lab.call("lakeformation", operation, parameters, principal=principal)


def glue(lab, operation, principal=None, **parameters):
    return lab.call("glue", operation, parameters, principal=principal)


def grant(lab, arn, resource, *permissions, grantable=(), principal=None, **more):
    lf(
        lab,
        "GrantPermissions",
        principal,
        Principal=who(arn),
        Resource=resource,
        Permissions=list(permissions),
        PermissionsWithGrantOption=list(grantable),
        **more,
    )


def revoke(lab, arn, resource, *permissions, grantable=(), **more):
    lf(
        lab,
        "RevokePermissions",
        Principal=who(arn),
        Resource=resource,
        Permissions=list(permissions),
        PermissionsWithGrantOption=list(grantable),
        **more,
    )


def tag(lab, resource, **tags):
    pairs = [{"TagKey": key, "TagValues": [value]} for key, value in tags.items()]
    return lf(lab, "AddLFTagsToResource", Resource=resource, LFTags=pairs)["Failures"]


def untag(lab, resource, **tags):
    pairs = [{"TagKey": key, "TagValues": [value]} for key, value in tags.items()]
    return lf(lab, "RemoveLFTagsFromResource", Resource=resource, LFTags=pairs)["Failures"]


def pages(call, **parameters):
    """Every page of a listing; a token seen twice is a mistake."""
    seen = set()
    while True:
        page = call(**parameters)
        yield page
        token = page.get("NextToken")
        if token is None:
            return
        assert token not in seen
        seen.add(token)
        parameters["NextToken"] = token


def listed(lab, principal=None, **parameters):
    """All rows of ListPermissions."""
    walk = pages(lambda **p: lf(lab, "ListPermissions", principal, **p), **parameters)
    return [row for page in walk for row in page["PrincipalResourcePermissions"]]


def brief(rows):
    """Rows as (principal, resource, permissions, grantable), without times."""
    return [
        (
            row["Principal"]["DataLakePrincipalIdentifier"],
            row["Resource"],
            row["Permissions"],
            row["PermissionsWithGrantOption"],
        )
        for row in rows
    ]


def settle(lab):
    """Settings as a careful team has them, two tags, and one database with three small tables."""
    lf(
        lab,
        "PutDataLakeSettings",
        DataLakeSettings={"DataLakeAdmins": [who(lab.operator)], "ReadOnlyAdmins": [who(AUDITOR)]},
    )
    lf(lab, "CreateLFTag", TagKey="Sensitivity", TagValues=["Public", "internal", "restricted"])
    lf(lab, "CreateLFTag", TagKey="domain", TagValues=["hr", "it"])
    glue(lab, "CreateDatabase", DatabaseInput={"Name": "raw", "LocationUri": "s3://lake/raw/"})
    for name in ("events", "keys", "screens"):
        make_table(lab, name)
    return lab


def make_table(lab, name, columns=("person", "text", "at"), database="raw"):
    glue(
        lab,
        "CreateTable",
        DatabaseName=database,
        TableInput={
            "Name": name,
            "StorageDescriptor": {
                "Columns": [{"Name": column, "Type": "string"} for column in columns],
                "Location": f"s3://lake/raw/{name}/",
            },
            "PartitionKeys": [{"Name": "day", "Type": "string"}],
            "TableType": "EXTERNAL_TABLE",
        },
    )


# ------------------------------------------------------------------------------------------------------ AWS's shapes
@cache
def _service(name):
    return botocore.session.get_session().get_service_model(name)


def shape_errors(service, operation, answer):
    """How an answer departs from botocore's output shape: unknown members, wrong types, unknown enum values."""
    shape = _service(service).operation_model(operation).output_shape
    if shape is None:
        return [] if answer == {} else [f"{operation}: answers something where nothing is due"]
    return list(_errors(shape, answer, operation))


def _errors(shape, value, path):
    match shape.type_name:
        case "structure":
            if not isinstance(value, dict):
                yield f"{path}: {value!r} is no structure"
                return
            for name, inner in value.items():
                if name not in shape.members:
                    yield f"{path}.{name}: unknown member"
                else:
                    yield from _errors(shape.members[name], inner, f"{path}.{name}")
            for name in shape.required_members:
                if name not in value:
                    yield f"{path}.{name}: missing"
            if shape.is_tagged_union and len(value) != 1:
                yield f"{path}: a union with {sorted(value)}"
        case "list":
            if not isinstance(value, list):
                yield f"{path}: {value!r} is no list"
                return
            for place, inner in enumerate(value):
                yield from _errors(shape.member, inner, f"{path}[{place}]")
        case "map":
            if not isinstance(value, dict):
                yield f"{path}: {value!r} is no map"
                return
            for name, inner in value.items():
                yield from _errors(shape.key, name, f"{path} key")
                yield from _errors(shape.value, inner, f"{path}.{name}")
        case "string":
            if not isinstance(value, str):
                yield f"{path}: {value!r} is no string"
                return
            if shape.enum and value not in shape.enum:
                yield f"{path}: {value!r} is not in the enum"
            low, high = shape.metadata.get("min", 0), shape.metadata.get("max", 10**9)
            if not low <= len(value) <= high:
                yield f"{path}: {value!r} has a length outside {low}..{high}"
        case "integer" | "long":
            if not isinstance(value, int) or isinstance(value, bool):
                yield f"{path}: {value!r} is no integer"
        case "boolean":
            if not isinstance(value, bool):
                yield f"{path}: {value!r} is no boolean"
        case "timestamp":
            if not isinstance(value, (int, float)) or isinstance(value, bool):
                yield f"{path}: {value!r} is no time"
        case "double" | "float":
            if not isinstance(value, (int, float)):
                yield f"{path}: {value!r} is no number"
        case other:
            yield f"{path}: nobody checks {other}"
