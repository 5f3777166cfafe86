"""IAM roles and S3 buckets: the little of other services that a lake's program needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from lab.up.errors import CreateError
from lab.up.place import refusal
from lab.up.plan import Plan, given

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lab.up.place import Place
    from lab.up.plan import Handler
    from lab.up.provider import Goal


def _role(place: Place, _goal: Goal, inputs: dict[str, Any]) -> Plan:
    name = str(inputs["name"])
    client = place.client("iam")
    tags = {**place.tags, **(inputs.get("tags") or {})}

    def call() -> Mapping[str, Any]:
        made = client.create_role(
            RoleName=name,
            AssumeRolePolicyDocument=inputs["assumeRolePolicy"],
            **given(
                Path=inputs.get("path"),
                Description=inputs.get("description"),
                MaxSessionDuration=inputs.get("maxSessionDuration"),
                PermissionsBoundary=inputs.get("permissionsBoundary"),
                Tags=[{"Key": key, "Value": str(value)} for key, value in tags.items()] or None,
            ),
        )["Role"]
        for policy in inputs.get("managedPolicyArns") or ():
            client.attach_role_policy(RoleName=name, PolicyArn=policy)
        for policy in inputs.get("inlinePolicies") or ():
            client.put_role_policy(RoleName=name, PolicyName=policy["name"], PolicyDocument=policy["policy"])
        return {"arn": made["Arn"], "uniqueId": made["RoleId"], "createDate": made["CreateDate"].isoformat()}

    return Plan(name, {"tagsAll": tags}, call, wait=True)


def _role_policy(place: Place, _goal: Goal, inputs: dict[str, Any]) -> Plan:
    role, name = str(inputs["role"]), str(inputs["name"])

    def call() -> None:
        place.client("iam").put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=inputs["policy"])

    return Plan(f"{role}:{name}", {}, call)


def _bucket(place: Place, _goal: Goal, inputs: dict[str, Any]) -> Plan:
    name = str(inputs["bucket"])
    tags = {**place.tags, **(inputs.get("tags") or {})}

    def call() -> None:
        client = place.client("s3")
        where = (
            {} if place.region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": place.region}}
        )
        client.create_bucket(Bucket=name, **where)
        if tags:
            labels = [{"Key": key, "Value": str(value)} for key, value in tags.items()]
            client.put_bucket_tagging(Bucket=name, Tagging={"TagSet": labels})

    return Plan(name, {**_bucket_outputs(place, name), "tagsAll": tags}, call, wait=True)


def _bucket_outputs(place: Place, name: str) -> dict[str, Any]:
    return {
        "arn": f"arn:{place.partition}:s3:::{name}",
        "bucketDomainName": f"{name}.s3.amazonaws.com",
        "bucketRegionalDomainName": f"{name}.s3.{place.region}.amazonaws.com",
        "bucketRegion": place.region,
        "region": place.region,
    }


def read(place: Place, goal: Goal) -> dict[str, Any]:
    """The outputs of an existing role or bucket, by its name."""
    try:
        if goal.kind == "aws:iam/role:Role":
            found = place.client("iam").get_role(RoleName=goal.id)["Role"]
            return {"arn": found["Arn"], "name": found["RoleName"], "path": found["Path"], "uniqueId": found["RoleId"]}
        place.client("s3").head_bucket(Bucket=goal.id)
    except ClientError as error:
        raise CreateError(f"cannot read `{goal.urn}` (id `{goal.id}`): {refusal(error)}") from None
    return {"bucket": goal.id, **_bucket_outputs(place, goal.id)}


HANDLERS: dict[str, Handler] = {
    "aws:iam/role:Role": _role,
    "aws:iam/rolePolicy:RolePolicy": _role_policy,
    "aws:s3/bucket:Bucket": _bucket,
    "aws:s3/bucketV2:BucketV2": _bucket,
}
