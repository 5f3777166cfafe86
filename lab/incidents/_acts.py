"""What incidents are made of: resources as Lake Formation spells them, and reads that page to their end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from lab.incidents._incident import Clients

Resource = dict[str, Any]


def table(database: str, name: str) -> Resource:
    """Spell one table."""
    return {"Table": {"DatabaseName": database, "Name": name}}


def all_tables(database: str) -> Resource:
    """Spell every table of a database."""
    return {"Table": {"DatabaseName": database, "TableWildcard": {}}}


def only(database: str, name: str, columns: Sequence[str]) -> Resource:
    """Spell some columns of a table."""
    return {"TableWithColumns": {"DatabaseName": database, "Name": name, "ColumnNames": list(columns)}}


def all_except(database: str, name: str, excluded: Sequence[str] = ()) -> Resource:
    """Spell all columns of a table, except some."""
    wildcard = {"ExcludedColumnNames": list(excluded)} if excluded else {}
    return {"TableWithColumns": {"DatabaseName": database, "Name": name, "ColumnWildcard": wildcard}}


def tag_policy(expression: Mapping[str, Sequence[str]], resource_type: str = "TABLE") -> Resource:
    """Spell whatever carries the tags."""
    return {"LFTagPolicy": {"ResourceType": resource_type, "Expression": tags(expression)}}


def tags(values: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
    """Spell LF-tags or a tag expression."""
    return [{"TagKey": key, "TagValues": list(some)} for key, some in values.items()]


def grant(
    clients: Clients, principal: str, resource: Resource, permissions: Sequence[str], grantable: Sequence[str] = ()
) -> None:
    """Grant permissions, some of them to be passed on."""
    clients.lakeformation.grant_permissions(**_request(principal, resource, permissions, grantable))


def revoke(
    clients: Clients, principal: str, resource: Resource, permissions: Sequence[str], grantable: Sequence[str] = ()
) -> None:
    """Revoke permissions, and the right to pass them on."""
    clients.lakeformation.revoke_permissions(**_request(principal, resource, permissions, grantable))


def _request(
    principal: str, resource: Resource, permissions: Sequence[str], grantable: Sequence[str]
) -> dict[str, Any]:
    request = {
        "Principal": {"DataLakePrincipalIdentifier": principal},
        "Resource": resource,
        "Permissions": list(permissions),
    }
    return {**request, "PermissionsWithGrantOption": list(grantable)} if grantable else request


def listed(call: Callable[..., dict[str, Any]], key: str, **request: Any) -> list[dict[str, Any]]:
    """Read a listing to its end: an empty page with a token is not the end."""
    rows: list[dict[str, Any]] = []
    token: dict[str, str] = {}
    while True:
        page = call(**request, **token)
        rows += page.get(key, [])
        if not page.get("NextToken"):
            return rows
        token = {"NextToken": page["NextToken"]}


def change_settings(clients: Clients, change: Callable[[dict[str, Any]], None]) -> None:
    """Read the settings, change them, write them back whole."""
    settings = clients.lakeformation.get_data_lake_settings()["DataLakeSettings"]
    change(settings)
    clients.lakeformation.put_data_lake_settings(DataLakeSettings=settings)


def change_filter(clients: Clients, database: str, name: str, filter_name: str, predicate: str) -> None:
    """Give a data cells filter another predicate; its columns stay."""
    target = {"CatalogId": clients.account, "DatabaseName": database, "Name": name}
    filters = listed(clients.lakeformation.list_data_cells_filter, "DataCellsFilters", Table=target)
    data = next(one for one in filters if one["Name"] == filter_name)
    body = {**data, "RowFilter": {"FilterExpression": predicate}}
    body.pop("VersionId", None)
    clients.lakeformation.update_data_cells_filter(TableData=body)


def change_table(clients: Clients, database: str, name: str, change: Callable[[dict[str, Any]], None]) -> None:
    """Read a table, change it, write it back whole."""
    read = clients.glue.get_table(DatabaseName=database, Name=name)["Table"]
    takes = clients.glue.meta.service_model.shape_for("TableInput").members
    body = {key: value for key, value in read.items() if key in takes}
    change(body)
    clients.glue.update_table(DatabaseName=database, TableInput=body)


def location_of(clients: Clients, database: str) -> dict[str, Any]:
    """Find the registered location that a database lies in."""
    url = clients.glue.get_database(Name=database)["Database"]["LocationUri"]
    path = "arn:aws:s3:::" + url.removeprefix("s3://").rstrip("/") + "/"
    rows = listed(clients.lakeformation.list_resources, "ResourceInfoList")
    return next(row for row in rows if path.startswith(row["ResourceArn"].rstrip("/") + "/"))
