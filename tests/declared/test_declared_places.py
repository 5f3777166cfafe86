"""Which lake a resource is in, in the order of the contract."""

from __future__ import annotations

import json

import botocore.session
import pytest
from state_samples import (
    ACCOUNT,
    HOME,
    OTHER,
    PROVIDER,
    REGION,
    ROLE,
    UNKNOWN,
    lakes,
    provider,
    resource,
    secret,
    state,
    whole_lake,
)

from checks.declared import PlacementError, StateError
from checks.declared.where import partition_of
from checks.model import Database, LakeId

DATABASE = "aws:glue/catalogDatabase:CatalogDatabase"
GRANT = {"principal": ROLE, "permissions": ["DESCRIBE"], "database": {"name": "sales"}}


def placed(*resources, **where) -> list[tuple[str, bool]]:
    return [(str(lake.id), lake.assumed) for lake in lakes(state(*resources), **where)]


def grant(inputs=None, **more):
    return resource("aws:lakeformation/permissions:Permissions", "g", {**GRANT, **(inputs or {})}, **more)


def database(inputs=None, name="db", **more):
    return resource(DATABASE, name, {"name": name, **(inputs or {})}, **more)


AT_HOME = [(f"{ACCOUNT}/{REGION}", False)]
REGION_ONLY = provider({"region": REGION})


@pytest.mark.parametrize(
    "item",
    [
        database({"catalogId": ACCOUNT}),
        database({"catalogId": f"{ACCOUNT}:s3tablescatalog/b"}),
        database(outputs={"catalogId": ACCOUNT}),
        database(id=f"{ACCOUNT}:db"),
        database(outputs={"arn": f"arn:aws:glue:{REGION}:{ACCOUNT}:database/db"}),
        resource("aws:lakeformation/lfTagExpression:LfTagExpression", "e", {
            "name": "e", "expressions": [{"tagKey": "a", "tagValues": ["b"]}]}, id=f"e,{ACCOUNT}"),
        whole_lake()[9],
        resource("aws-native:lakeformation:PrincipalPermissions", "g", {
            "catalog": ACCOUNT, "principal": {"dataLakePrincipalIdentifier": ROLE}, "permissions": ["DESCRIBE"],
            "resource": {"database": {"catalogId": OTHER, "name": "far"}}}),
        grant({"database": {"name": "sales", "catalogId": ACCOUNT}}),
    ],
)  # fmt: skip
def test_the_account_from_the_resource_itself(item):
    assert placed(REGION_ONLY, item) == AT_HOME
    assert placed(REGION_ONLY, item, account=OTHER, live=(LakeId("aws", OTHER, REGION),))[0] == AT_HOME[0]


@pytest.mark.parametrize(
    "settings",
    [
        {"assumeRoles": json.dumps([{"roleArn": f"arn:aws:iam::{ACCOUNT}:role/deploy"}])},
        {"assumeRoles": [{"roleArn": f"arn:aws:iam::{OTHER}:role/hop"}, {"roleArn": f"arn:aws:iam::{ACCOUNT}:role/r"}]},
        {"assumeRole": json.dumps({"roleArn": f"arn:aws:iam::{ACCOUNT}:role/deploy"})},
        {"allowedAccountIds": json.dumps([ACCOUNT])},
        {"allowedAccountIds": [ACCOUNT]},
    ],
)
def test_the_account_from_the_provider(settings):
    assert placed(provider({"region": REGION, **settings}), grant()) == AT_HOME


def test_what_a_provider_does_not_tell():
    for settings in (
        {"allowedAccountIds": json.dumps([ACCOUNT, OTHER])},
        {"assumeRoles": "[{"},
        {"assumeRoles": secret()},
        {"allowedAccountIds": UNKNOWN},
        {"region": UNKNOWN, "allowedAccountIds": [ACCOUNT]},
    ):
        with pytest.raises(PlacementError):
            placed(provider({"region": REGION, **settings}), grant())


def test_the_account_borrowed_from_what_the_same_provider_made():
    role = resource("aws:iam/role:Role", "r", {}, outputs={"arn": ROLE})
    bucket = resource("aws:s3/bucket:Bucket", "b", {}, outputs={"arn": "arn:aws:s3:::lake"})
    assert placed(REGION_ONLY, role, bucket, grant()) == AT_HOME
    assert placed(REGION_ONLY, database(id=f"{ACCOUNT}:db"), grant()) == AT_HOME
    elsewhere = {**role, "provider": f"{PROVIDER}-eu::1"}
    with pytest.raises(PlacementError):
        placed(REGION_ONLY, elsewhere, grant())
    stranger = resource("aws:iam/role:Role", "s", {}, outputs={"arn": f"arn:aws:iam::{OTHER}:role/s"})
    with pytest.raises(PlacementError):
        placed(REGION_ONLY, role, stranger, grant())


@pytest.mark.parametrize(
    ("item", "settings"),
    [
        (database({"region": REGION}), {"region": "us-east-1"}),
        (database(outputs={"region": REGION}), {"region": "us-east-1"}),
        (database(outputs={"arn": f"arn:aws:glue:{REGION}:{ACCOUNT}:database/db"}), {"region": "us-east-1"}),
        (database(), {"region": REGION}),
        (database(), {"region": json.dumps(REGION)}),
    ],
)
def test_the_region(item, settings):
    assert placed(provider({**settings, "allowedAccountIds": [ACCOUNT]}), item) == AT_HOME


def test_a_replaced_provider_is_found_by_its_urn():
    item = {**grant(), "provider": f"{PROVIDER}::{UNKNOWN}"}
    assert placed(provider(), item) == AT_HOME


def test_the_user_then_the_only_lake():
    bare = provider({})
    assert placed(bare, grant(), account=ACCOUNT, region=REGION) == AT_HOME
    assert placed(bare, grant(), live=(HOME,)) == [(str(HOME), True)]
    assert placed(REGION_ONLY, grant(), live=(HOME,)) == [(str(HOME), True)]
    twin = LakeId("aws", ACCOUNT, "us-east-1")
    assert placed(REGION_ONLY, grant(), live=(HOME, twin)) == [(str(HOME), True), (str(twin), False)]
    assert placed(bare, grant(), account=ACCOUNT, live=(HOME,)) == [(str(HOME), True)]
    # A region that was not read is a lake that was not seen, of the only account that was.
    assert set(placed(provider({"region": "us-east-1"}), grant(), live=(HOME,))) >= {(str(twin), True)}


@pytest.mark.parametrize(
    ("settings", "live", "missing"),
    [
        ({}, (), "--account and --region"),
        ({"region": REGION}, (), "--account"),
        ({"allowedAccountIds": [ACCOUNT]}, (), "--region"),
        ({}, (HOME, LakeId("aws", OTHER, REGION)), "--account"),
        ({"region": REGION}, (HOME, LakeId("aws", OTHER, REGION)), "--account"),
    ],
)
def test_when_nothing_tells_the_lake(settings, live, missing):
    with pytest.raises(PlacementError) as caught:
        placed(provider(settings), grant(), live=live)
    text = str(caught.value)
    assert isinstance(caught.value, StateError)
    assert text.endswith(f"give {missing}")
    assert "`urn:pulumi:dev::lake::aws:lakeformation/permissions:Permissions::g`" in text
    assert "`state.json`" in text


def test_several_lakes_and_the_empty_ones():
    far = LakeId("aws-cn", OTHER, "cn-north-1")
    found = lakes(
        state(provider(), database(), database({"region": "us-east-1"}, "us"), database({"catalogId": OTHER}, "far")),
        live=(far, HOME),
    )
    assert [str(lake.id) for lake in found] == [
        f"{ACCOUNT}/{REGION}", f"{ACCOUNT}/us-east-1", f"{OTHER}/{REGION}", str(far),
    ]  # fmt: skip
    assert [len(lake.databases) for lake in found] == [1, 1, 1, 0]


def test_stacks_are_united():
    one = state(provider(), database())
    two = state(provider(), database(name="two", project="hr"), name="two.json")
    (lake,) = lakes(one, two)
    assert set(lake.databases) == {Database(ACCOUNT, "db"), Database(ACCOUNT, "two")}
    assert {info.evidence.stack for info in lake.databases.values() if info.evidence} == {"lake/dev", "hr/dev"}


def test_a_gap_without_a_home_is_in_every_lake():
    odd = resource("aws:lakeformation/moat:Moat", "m", {}, provider="x::y")
    found = lakes(state(provider(), odd, database(), database({"region": "us-east-1"}, "us")))
    assert [len(lake.gaps) for lake in found] == [1, 1]
    with pytest.raises(PlacementError):
        lakes(state(odd))


def test_partitions():
    session = botocore.session.get_session()
    for partition in session.get_available_partitions():
        for region in session.get_available_regions("lakeformation", partition):
            assert partition_of(region) == partition
    (lake,) = lakes(state(provider({"region": "cn-north-1", "allowedAccountIds": [ACCOUNT]}), whole_lake()[1]))
    assert lake.id == LakeId("aws-cn", ACCOUNT, "cn-north-1")
    (info,) = lake.databases.values()
    assert info.location == "arn:aws-cn:s3:::lake/sales"


@pytest.mark.parametrize("region", ["cn-north-1", "us-gov-west-1", "eusc-de-east-1", "us-isob-east-1"])
def test_regions_of_every_form_are_believed(region):
    (lake,) = lakes(state(provider({"region": region, "allowedAccountIds": [ACCOUNT]}), whole_lake()[1]))
    assert lake.id.region == region
