"""Glue: inputs are the API's own shapes with a small first letter, but for `serDeInfo` and the keys inside maps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from lab.up.errors import CreateError
from lab.up.place import refusal
from lab.up.plan import Plan, given
from lab.up.wire import MAPS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lab.up.place import Place
    from lab.up.plan import Handler
    from lab.up.provider import Goal

_ODD = {"serDeInfo": "SerdeInfo"}
_OWN = frozenset(
    {"catalogId", "databaseName", "region", "tags", "partitionIndices", "openTableFormatInput", "timeouts"}
)


def shape(value: Any) -> Any:
    """An input in the API's spelling."""
    if isinstance(value, dict):
        return {
            _ODD.get(key, key[:1].upper() + key[1:]): _text(inner) if key in MAPS else shape(inner)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [shape(item) for item in value]
    return value


def wire(value: Any) -> Any:
    """The reverse of `shape`, for answers."""
    if isinstance(value, dict):
        return {
            "serDeInfo" if key == "SerdeInfo" else key[:1].lower() + key[1:]: inner
            if key in {"Parameters", "Tags", "CustomProperties"}
            else wire(inner)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [wire(item) for item in value]
    return value


def _text(entries: Any) -> Any:
    return {key: str(item) for key, item in entries.items()} if isinstance(entries, dict) else entries


def _input(inputs: Mapping[str, Any]) -> dict[str, Any]:
    shaped: dict[str, Any] = shape({key: item for key, item in inputs.items() if key not in _OWN})
    return shaped


def _database(place: Place, goal: Goal, inputs: dict[str, Any]) -> Plan:
    catalog = str(inputs.get("catalogId") or place.account)
    name = str(inputs["name"])
    client = place.client("glue")
    tags = {**place.tags, **(inputs.get("tags") or {})}

    def call() -> Mapping[str, Any]:
        if not goal.import_id:
            client.create_database(
                DatabaseInput=_input(inputs), **given(CatalogId=inputs.get("catalogId"), Tags=tags or None)
            )
        made = client.get_database(Name=name, **given(CatalogId=inputs.get("catalogId")))["Database"]
        defaults = made.get("CreateTableDefaultPermissions")
        return {"createTableDefaultPermissions": wire(defaults)} if defaults is not None else {}

    outputs = {
        "arn": place.arn("glue", f"database/{name}"),
        "catalogId": catalog,
        "region": place.region,
        "tagsAll": tags,
    }
    return Plan(f"{catalog}:{name}", outputs, call, wait=True)


def _table(place: Place, goal: Goal, inputs: dict[str, Any]) -> Plan:
    catalog = str(inputs.get("catalogId") or place.account)
    database, name = str(inputs["databaseName"]), str(inputs["name"])
    client = place.client("glue")

    def call() -> None:
        where = given(CatalogId=inputs.get("catalogId"), DatabaseName=database)
        if goal.import_id:
            client.get_table(Name=name, **where)
            return
        more = given(
            PartitionIndexes=[
                {"IndexName": index["indexName"], "Keys": index["keys"]}
                for index in inputs.get("partitionIndices") or ()
            ]
            or None,
            OpenTableFormatInput=shape(inputs.get("openTableFormatInput")),
        )
        client.create_table(TableInput=_input(inputs), **where, **more)

    outputs = {"arn": place.arn("glue", f"table/{database}/{name}"), "catalogId": catalog, "region": place.region}
    return Plan(f"{catalog}:{database}:{name}", outputs, call)


def _catalog(place: Place, _goal: Goal, inputs: dict[str, Any]) -> Plan:
    name = str(inputs["name"])
    tags = {**place.tags, **(inputs.get("tags") or {})}

    def call() -> None:
        body = {key: item for key, item in inputs.items() if key not in _OWN and key != "name"}
        place.client("glue").create_catalog(Name=name, CatalogInput=shape(body), **given(Tags=tags or None))

    outputs = {
        "arn": place.arn("glue", f"catalog/{name}"),
        "catalogId": place.account,
        "region": place.region,
        "tagsAll": tags,
    }
    return Plan(f"{place.account}:{name}", outputs, call, wait=True)


def _resource_policy(place: Place, _goal: Goal, inputs: dict[str, Any]) -> Plan:
    def call() -> None:
        more = given(EnableHybrid=inputs.get("enableHybrid"))
        place.client("glue").put_resource_policy(PolicyInJson=inputs["policy"], **more)

    return Plan(place.region, {"region": place.region}, call, wait=True)


def read(place: Place, goal: Goal) -> dict[str, Any]:
    """The outputs of an existing database or table, by id (`account:database[:table]`)."""
    parts = goal.id.split(":")
    client = place.client("glue")
    try:
        if goal.kind.endswith(":CatalogDatabase"):
            catalog, name = [*parts, "", ""][:2]
            found = client.get_database(CatalogId=catalog, Name=name)["Database"]
            arn = place.arn("glue", f"database/{name}")
        else:
            catalog, database, name = [*parts, "", "", ""][:3]
            found = client.get_table(CatalogId=catalog, DatabaseName=database, Name=name)["Table"]
            arn = place.arn("glue", f"table/{database}/{name}")
    except ClientError as error:
        raise CreateError(f"cannot read `{goal.urn}` (id `{goal.id}`): {refusal(error)}") from None
    unwanted = {"CreateTime", "UpdateTime", "CreatedBy", "IsRegisteredWithLakeFormation", "VersionId", "LastAccessTime"}
    kept = wire({key: item for key, item in found.items() if key not in unwanted})
    return {**kept, "arn": arn, "catalogId": catalog, "region": place.region}


HANDLERS: dict[str, Handler] = {
    "aws:glue/catalog:Catalog": _catalog,
    "aws:glue/catalogDatabase:CatalogDatabase": _database,
    "aws:glue/catalogTable:CatalogTable": _table,
    "aws:glue/resourcePolicy:ResourcePolicy": _resource_policy,
}
