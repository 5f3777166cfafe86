"""Lake Formation: where pulumi-aws and the API name things differently, the table is here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lab.up.errors import CreateError
from lab.up.plan import Plan, given, number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from lab.up.place import Place
    from lab.up.plan import Handler
    from lab.up.provider import Goal


def resource(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The API's Resource from the block that an aws resource carries. Raises CreateError unless there is just one."""
    found = {member: build(inputs[key]) for key, (member, build) in _BLOCKS.items() if inputs.get(key)}
    if len(found) != 1:
        raise CreateError(f"one resource block is needed, found {sorted(found) or 'none'}")
    return found


def _first(value: Any) -> dict[str, Any]:
    """A block; the plugin framework's blocks arrive as a list of one."""
    block: dict[str, Any] = (value[0] if value else {}) if isinstance(value, list) else value
    return block


def _database(block: Any) -> dict[str, Any]:
    return given(Name=block["name"], CatalogId=block.get("catalogId"))


def _table(block: Any) -> dict[str, Any]:
    where = given(DatabaseName=block["databaseName"], CatalogId=block.get("catalogId"))
    return {**where, "TableWildcard": {}} if block.get("wildcard") else {**where, "Name": block["name"]}


def _columns(block: Any) -> dict[str, Any]:
    where = given(DatabaseName=block["databaseName"], Name=block["name"], CatalogId=block.get("catalogId"))
    if block.get("columnNames"):
        return {**where, "ColumnNames": block["columnNames"]}
    excluded = block.get("excludedColumnNames") or (block.get("columnWildcard") or {}).get("excludedColumnNames")
    return {**where, "ColumnWildcard": {"ExcludedColumnNames": excluded} if excluded else {}}


def _location(block: Any) -> dict[str, Any]:
    block = _first(block)
    return given(ResourceArn=block.get("arn") or block.get("resourceArn"), CatalogId=block.get("catalogId"))


def _filter(block: Any) -> dict[str, Any]:
    block = _first(block)
    return given(
        TableCatalogId=block.get("tableCatalogId"),
        DatabaseName=block.get("databaseName"),
        TableName=block.get("tableName"),
        Name=block.get("name"),
    )


def _tag(block: Any) -> dict[str, Any]:
    return given(TagKey=block["key"], TagValues=block["values"], CatalogId=block.get("catalogId"))


def _policy(block: Any) -> dict[str, Any]:
    block = _first(block)
    terms = [{"TagKey": term["key"], "TagValues": term["values"]} for term in block.get("expressions") or ()]
    return given(
        ResourceType=block["resourceType"],
        Expression=terms or None,
        ExpressionName=block.get("expressionName"),
        CatalogId=block.get("catalogId"),
    )


def _expression(block: Any) -> dict[str, Any]:
    block = _first(block)
    return given(Name=block["name"], CatalogId=block.get("catalogId"))


def _catalog(block: Any) -> dict[str, Any]:
    return given(Id=_first(block).get("id")) if isinstance(block, list) else {}


_BLOCKS: dict[str, tuple[str, Callable[[Any], dict[str, Any]]]] = {
    "catalogResource": ("Catalog", _catalog),
    "catalogs": ("Catalog", _catalog),
    "database": ("Database", _database),
    "table": ("Table", _table),
    "tableWithColumns": ("TableWithColumns", _columns),
    "dataLocation": ("DataLocation", _location),
    "dataLocations": ("DataLocation", _location),
    "dataCellsFilter": ("DataCellsFilter", _filter),
    "dataCellsFilters": ("DataCellsFilter", _filter),
    "lfTagPolicy": ("LFTagPolicy", _policy),
    "lfTagPolicies": ("LFTagPolicy", _policy),
    "lfTagExpressions": ("LFTagExpression", _expression),
    "lfTag": ("LFTag", _tag),
}


def _permissions(place: Place, _goal: Goal, inputs: dict[str, Any]) -> Plan:
    catalog = inputs.get("catalogId")
    client = place.client("lakeformation")
    entry = {
        "Principal": {"DataLakePrincipalIdentifier": inputs["principal"]},
        "Resource": resource(inputs),
        "Permissions": inputs["permissions"],
        **given(PermissionsWithGrantOption=inputs.get("permissionsWithGrantOptions") or None),
    }

    def batch(entries: Sequence[Any]) -> Sequence[str | None]:
        if len(entries) == 1:
            client.grant_permissions(**entries[0], **given(CatalogId=catalog))
            return [None]
        numbered = [{"Id": str(index), **entry} for index, entry in enumerate(entries)]
        answer = client.batch_grant_permissions(Entries=numbered, **given(CatalogId=catalog))
        failed = {
            str(failure["RequestEntry"]["Id"]): failure.get("Error", {}) for failure in answer.get("Failures", ())
        }
        return [_failure(failed[str(index)]) if str(index) in failed else None for index in range(len(entries))]

    outputs = {"region": place.region, "permissionsWithGrantOptions": inputs.get("permissionsWithGrantOptions") or []}
    return Plan(
        number({**entry, "CatalogId": catalog}),
        outputs,
        group=("grant", id(client), catalog),
        payload=entry,
        batch=batch,
    )


def _failure(error: Mapping[str, Any]) -> str:
    return f"BatchGrantPermissions: {error.get('ErrorCode', 'error')}: {error.get('ErrorMessage', '')}".rstrip(": ")


def _settings(place: Place, _goal: Goal, inputs: dict[str, Any]) -> Plan:
    def principals(key: str) -> list[dict[str, str]]:
        return [{"DataLakePrincipalIdentifier": arn} for arn in inputs.get(key) or ()]

    def defaults(key: str) -> list[dict[str, Any]]:
        return [
            {
                "Principal": {"DataLakePrincipalIdentifier": entry.get("principal")},
                "Permissions": entry.get("permissions") or [],
            }
            for entry in inputs.get(key) or ()
            if entry.get("principal")
        ]

    # The call replaces everything, so what the program leaves out is cleared, as the real provider does.
    body = {
        "DataLakeAdmins": principals("admins"),
        "ReadOnlyAdmins": principals("readOnlyAdmins"),
        "CreateDatabaseDefaultPermissions": defaults("createDatabaseDefaultPermissions"),
        "CreateTableDefaultPermissions": defaults("createTableDefaultPermissions"),
        "TrustedResourceOwners": inputs.get("trustedResourceOwners") or [],
        "ExternalDataFilteringAllowList": [
            {"DataLakePrincipalIdentifier": account} for account in inputs.get("externalDataFilteringAllowLists") or ()
        ],
        "AuthorizedSessionTagValueList": inputs.get("authorizedSessionTagValueLists") or [],
        **given(
            Parameters=inputs.get("parameters"),
            AllowExternalDataFiltering=inputs.get("allowExternalDataFiltering"),
            AllowFullTableExternalDataAccess=inputs.get("allowFullTableExternalDataAccess"),
        ),
    }
    catalog = given(CatalogId=inputs.get("catalogId"))

    def call() -> None:
        place.client("lakeformation").put_data_lake_settings(DataLakeSettings=body, **catalog)

    return Plan(number({**body, **catalog}), {"region": place.region}, call, wait=True)


def _registered(place: Place, _goal: Goal, inputs: dict[str, Any]) -> Plan:
    role = inputs.get("roleArn")
    client = place.client("lakeformation")

    def call() -> Mapping[str, Any]:
        client.register_resource(
            ResourceArn=inputs["arn"],
            **(given(RoleArn=role) if role else {"UseServiceLinkedRole": True}),
            **given(
                WithFederation=inputs.get("withFederation"),
                HybridAccessEnabled=inputs.get("hybridAccessEnabled"),
                WithPrivilegedAccess=inputs.get("withPrivilegedAccess"),
            ),
        )
        told = client.describe_resource(ResourceArn=inputs["arn"])["ResourceInfo"]
        return given(
            lastModified=told["LastModified"].isoformat() if "LastModified" in told else None,
            roleArn=told.get("RoleArn"),
        )

    return Plan(str(inputs["arn"]), {"region": place.region}, call, wait=True)


def _lf_tag(place: Place, _goal: Goal, inputs: dict[str, Any]) -> Plan:
    catalog = str(inputs.get("catalogId") or place.account)

    def call() -> None:
        more = given(CatalogId=inputs.get("catalogId"))
        place.client("lakeformation").create_lf_tag(TagKey=inputs["key"], TagValues=inputs["values"], **more)

    return Plan(f"{catalog}:{inputs['key']}", {"catalogId": catalog, "region": place.region}, call)


def _saved_expression(place: Place, _goal: Goal, inputs: dict[str, Any]) -> Plan:
    catalog = str(inputs.get("catalogId") or place.account)

    def call() -> None:
        place.client("lakeformation").create_lf_tag_expression(
            Name=inputs["name"],
            Expression=[{"TagKey": term["tagKey"], "TagValues": term["tagValues"]} for term in inputs["expressions"]],
            **given(Description=inputs.get("description"), CatalogId=inputs.get("catalogId")),
        )

    return Plan(f"{inputs['name']},{catalog}", {"catalogId": catalog, "region": place.region}, call)


def _assignment(place: Place, inputs: dict[str, Any], tags: list[dict[str, Any]]) -> Plan:
    request = {"Resource": resource(inputs), "LFTags": tags, **given(CatalogId=inputs.get("catalogId"))}

    def call() -> None:
        answer = place.client("lakeformation").add_lf_tags_to_resource(**request)
        for failure in answer.get("Failures") or ():
            told = failure.get("Error", {})
            raise CreateError(f"AddLFTagsToResource: {told.get('ErrorCode')}: {told.get('ErrorMessage')}")

    outputs = {"catalogId": inputs.get("catalogId") or place.account, "region": place.region}
    return Plan(number(request), outputs, call)


def _assigned(tag: Mapping[str, Any]) -> dict[str, Any]:
    return given(TagKey=tag["key"], TagValues=[tag["value"]], CatalogId=tag.get("catalogId"))


def _resource_tags(place: Place, _goal: Goal, inputs: dict[str, Any]) -> Plan:
    return _assignment(place, inputs, [_assigned(tag) for tag in inputs["lfTags"]])


def _resource_tag(place: Place, _goal: Goal, inputs: dict[str, Any]) -> Plan:
    on = {key: item for key, item in inputs.items() if key != "lfTag"}
    return _assignment(place, on, [_assigned(_first(inputs["lfTag"]))])


def _cells(place: Place, _goal: Goal, inputs: dict[str, Any]) -> Plan:
    data = _first(inputs["tableData"])
    rows = _first(data.get("rowFilter") or {})
    columns = _first(data.get("columnWildcard") or {})
    body: dict[str, Any] = _filter(data)
    if rows.get("filterExpression"):
        body["RowFilter"] = {"FilterExpression": rows["filterExpression"]}
    elif "rowFilter" in data:
        body["RowFilter"] = {"AllRowsWildcard": {}}
    if data.get("columnNames"):
        body["ColumnNames"] = data["columnNames"]
    elif "columnWildcard" in data:
        body["ColumnWildcard"] = given(ExcludedColumnNames=columns.get("excludedColumnNames") or None)

    def call() -> None:
        place.client("lakeformation").create_data_cells_filter(TableData=body)

    named = ",".join(str(data.get(key, "")) for key in ("databaseName", "name", "tableCatalogId", "tableName"))
    return Plan(named, {"region": place.region}, call)


def _opt_in(place: Place, _goal: Goal, inputs: dict[str, Any]) -> Plan:
    principal = str(_first(inputs["principals"])["dataLakePrincipalIdentifier"])
    condition = _first(inputs.get("conditions") or {}).get("expression")
    request = {
        "Principal": {"DataLakePrincipalIdentifier": principal},
        "Resource": resource(_first(inputs.get("resourceDatas") or {})),
        **given(Condition={"Expression": condition} if condition else None),
    }

    def call() -> None:
        place.client("lakeformation").create_lake_formation_opt_in(**request)

    return Plan(number(request), {"region": place.region}, call)


HANDLERS: dict[str, Handler] = {
    "aws:lakeformation/dataCellsFilter:DataCellsFilter": _cells,
    "aws:lakeformation/dataLakeSettings:DataLakeSettings": _settings,
    "aws:lakeformation/lfTag:LfTag": _lf_tag,
    "aws:lakeformation/lfTagExpression:LfTagExpression": _saved_expression,
    "aws:lakeformation/optIn:OptIn": _opt_in,
    "aws:lakeformation/permissions:Permissions": _permissions,
    "aws:lakeformation/resource:Resource": _registered,
    "aws:lakeformation/resourceLfTag:ResourceLfTag": _resource_tag,
    "aws:lakeformation/resourceLfTags:ResourceLfTags": _resource_tags,
}
