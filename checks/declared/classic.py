"""Resources of the ``aws`` provider (pulumi-aws 7; names as in its schema)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from checks import normal
from checks.declared import glue, targets
from checks.declared.item import Tagging, reads
from checks.model import (
    AllExcept,
    AllTables,
    Catalog,
    Database,
    DataCellsFilter,
    DataLocation,
    Facts,
    IdentityCenter,
    Location,
    OptIn,
    Table,
)
from checks.normal import NotUnderstoodError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from checks.declared.item import Fact, Item
    from checks.declared.shape import Shape
    from checks.model import Gap

_OWN: Final = ("catalogId", "region", "timeouts")

HARMLESS: Final = frozenset({
    "aws:glue/catalogTableOptimizer:CatalogTableOptimizer", "aws:glue/classifier:Classifier",
    "aws:glue/connection:Connection", "aws:glue/crawler:Crawler",
    "aws:glue/dataCatalogEncryptionSettings:DataCatalogEncryptionSettings",
    "aws:glue/dataQualityRuleset:DataQualityRuleset", "aws:glue/devEndpoint:DevEndpoint", "aws:glue/job:Job",
    "aws:glue/mLTransform:MLTransform", "aws:glue/partitionIndex:PartitionIndex",
    "aws:glue/registry:Registry", "aws:glue/schema:Schema",
    "aws:glue/securityConfiguration:SecurityConfiguration", "aws:glue/trigger:Trigger",
    "aws:glue/workflow:Workflow",
})  # fmt: skip
"""Glue types that give nobody access to a table."""


# ------------------------------------------------------------------------------------------------------------ grants
_GRANTED: Final = (
    "database", "table", "tableWithColumns", "dataLocation", "dataCellsFilter", "lfTag", "lfTagPolicy",
)  # fmt: skip


@reads("aws:lakeformation/permissions:Permissions", Facts.GRANTS)
def permissions(item: Item) -> Iterator[Fact]:
    """One principal's permissions on one resource."""
    shape = item.inputs
    shape.only(*_OWN, *_GRANTED, "catalogResource", "permissions", "permissionsWithGrantOptions", "principal")
    on = item.resource(targets.target(shape, item.catalog(), _GRANTED))
    names, options = shape.texts("permissions"), shape.texts("permissionsWithGrantOptions")
    who, gaps = item.principal(shape, "principal", on)
    yield from gaps
    yield from normal.grant_rows(who, on, names, options, evidence=item.evidence)


_OPTED: Final = (
    "catalogs", "database", "table", "tableWithColumns", "dataLocations", "dataCellsFilters", "lfTag",
    "lfTagPolicies", "lfTagExpressions",
)  # fmt: skip


@reads("aws:lakeformation/optIn:OptIn", Facts.OPTINS)
def opt_in(item: Item) -> Iterator[Fact]:
    """Each principal opted in on each resource."""
    shape = item.inputs
    shape.only(*_OWN, "conditions", "principals", "resourceDatas")
    conditions = [inner.maybe("expression") for inner in shape.shapes("conditions")]
    if len(conditions) > 1:
        raise NotUnderstoodError("`conditions` holds more than one")
    for data in shape.shapes("resourceDatas"):
        data.only(*_OPTED)
        on = item.resource(targets.target(data, item.catalog(), _OPTED))
        for principal in shape.shapes("principals"):
            who, gaps = item.principal(principal, "dataLakePrincipalIdentifier", on)
            yield from gaps
            yield OptIn(who, on, next(iter(conditions), None), item.evidence)


# ------------------------------------------------------------------------------------------------------------ settings
def _principals(shape: Shape, name: str) -> list[dict[str, str]] | None:
    found = shape.texts(name)
    return None if found is None else [{"DataLakePrincipalIdentifier": text} for text in found]


def _flat(shape: Shape, name: str) -> dict[str, Any] | None:
    """Read a map of which every entry must be readable."""
    inner = shape.shape(name)
    return None if inner is None else {key: inner.value(key) for key in inner.found if key != "__defaults"}


_SETTINGS: Final[Mapping[str, tuple[str, Any]]] = {
    "admins": ("DataLakeAdmins", _principals),
    "readOnlyAdmins": ("ReadOnlyAdmins", _principals),
    "externalDataFilteringAllowLists": ("ExternalDataFilteringAllowList", _principals),
    "createDatabaseDefaultPermissions": ("CreateDatabaseDefaultPermissions", glue.default_permissions),
    "createTableDefaultPermissions": ("CreateTableDefaultPermissions", glue.default_permissions),
    "parameters": ("Parameters", _flat),
    "trustedResourceOwners": ("TrustedResourceOwners", lambda shape, name: shape.texts(name)),
    "authorizedSessionTagValueLists": ("AuthorizedSessionTagValueList", lambda shape, name: shape.texts(name)),
    "allowExternalDataFiltering": ("AllowExternalDataFiltering", lambda shape, name: shape.flag(name)),
    "allowFullTableExternalDataAccess": ("AllowFullTableExternalDataAccess", lambda shape, name: shape.flag(name)),
}


@reads("aws:lakeformation/dataLakeSettings:DataLakeSettings", Facts.SETTINGS)
def settings(item: Item) -> Iterator[Fact]:
    """Read the settings member by member: one that is hidden is neither a member nor absent, and a gap."""
    shape = item.inputs
    found: dict[str, Any] = {}
    dark: set[str] = set()
    gaps: list[Gap] = []
    try:
        shape.only(*_OWN, *_SETTINGS)
    except NotUnderstoodError as error:
        gaps.append(item.gap(str(error)))
    for name, (aws, read) in _SETTINGS.items():
        try:
            found[aws] = read(shape, name)
        except NotUnderstoodError as error:
            dark.add(aws)
            gaps.append(item.gap(str(error)))
    yield from gaps
    said = normal.settings(found, item.evidence)
    yield replace(said, absent=said.absent - dark)


# --------------------------------------------------------------------------------------------------- registered places
@reads("aws:lakeformation/resource:Resource", Facts.LOCATIONS)
def resource(item: Item) -> Iterator[Fact]:
    """Read a registered location; without a role the provider registers with the service-linked one."""
    shape = item.inputs
    shape.only(
        *_OWN, "arn", "hybridAccessEnabled", "roleArn", "useServiceLinkedRole", "withFederation",
        "withPrivilegedAccess",
    )  # fmt: skip
    arn = normal.location(shape.text("arn"))
    assert arn is not None  # text() has seen it
    role: str | None = None
    try:
        role = shape.maybe("roleArn") or _service_role(item)
    except NotUnderstoodError as error:
        yield item.gap(str(error), scope=DataLocation(item.account, arn))
    yield Location(
        arn,
        role,
        hybrid=bool(shape.flag("hybridAccessEnabled")),
        federation=bool(shape.flag("withFederation")),
        privileged=bool(shape.flag("withPrivilegedAccess")),
        evidence=item.evidence,
    )


def _service_role(item: Item) -> str:
    name = "aws-service-role/lakeformation.amazonaws.com/AWSServiceRoleForLakeFormationDataAccess"
    return f"arn:{item.partition}:iam::{item.account}:role/{name}"


# ---------------------------------------------------------------------------------------------------------------- tags
@reads("aws:lakeformation/lfTag:LfTag", Facts.TAGS)
def lf_tag(item: Item) -> Iterator[Fact]:
    """Read an LF-tag and its values."""
    item.inputs.only(*_OWN, "key", "values")
    yield normal.tag_info(item.inputs.text("key"), item.inputs.texts("values") or (), item.evidence)


@reads("aws:lakeformation/lfTagExpression:LfTagExpression", Facts.EXPRESSIONS)
def lf_tag_expression(item: Item) -> Iterator[Fact]:
    """Read a saved expression."""
    shape = item.inputs
    shape.only(*_OWN, "description", "expressions", "name")
    body = targets.expression(shape.shapes("expressions"))
    mapping = {"CatalogId": item.catalog(), "Name": item.name(shape), "Expression": body}
    yield normal.expression_body(mapping, item.account, item.evidence)


_TAGGED: Final = ("database", "table", "tableWithColumns")


@reads("aws:lakeformation/resourceLfTag:ResourceLfTag", Facts.ASSIGNMENTS)
def resource_lf_tag(item: Item) -> Iterator[Fact]:
    """One tag on one resource."""
    shape = item.inputs
    shape.only(*_OWN, *_TAGGED, "lfTag")
    tag = shape.shape("lfTag")
    if tag is None:
        raise NotUnderstoodError("`lfTag` is missing")
    yield from _taggings(item, [tag])


@reads("aws:lakeformation/resourceLfTags:ResourceLfTags", Facts.ASSIGNMENTS)
def resource_lf_tags(item: Item) -> Iterator[Fact]:
    """Several tags on one resource."""
    item.inputs.only(*_OWN, *_TAGGED, "lfTags")
    yield from _taggings(item, item.inputs.shapes("lfTags"))


def _taggings(item: Item, tags: list[Shape]) -> Iterator[Fact]:
    pairs = []
    for tag in tags:
        tag.only("catalogId", "key", "value")
        pairs.append((tag.text("key"), tag.text("value")))
    yield from taggings(item, item.inputs, item.catalog(), _TAGGED, pairs)


def taggings(
    item: Item, shape: Shape, home: str, names: tuple[str, ...], pairs: list[tuple[str, str]]
) -> Iterator[Fact]:
    """Tag a database, a table, all tables of a database, or columns; a table with columns means only its columns.

    Column tags without names, by wildcard or not, are on every column that the table is declared with.
    """
    columned = shape.shape("tableWithColumns")
    columns = None
    if columned is not None and not any(name in shape for name in names if name != "tableWithColumns"):
        wanted = targets.wildcard(columned) or {"ColumnWildcard": {}}
        columns = normal.columns(wanted.get("ColumnNames"), wanted.get("ColumnWildcard")) or AllExcept()
        named = {key: columned.found.get(key) for key in ("catalogId", "databaseName", "name")}
        on = item.resource(targets.table(replace(columned, found=named), home))
    else:
        on = item.resource(targets.target(shape, home, names))
    if not isinstance(on, Catalog | Database | Table | AllTables):
        raise NotUnderstoodError("tags are not understood on this kind of resource")
    for key, value in pairs:
        yield Tagging(on, normal.tag_key(key), normal.tag_value(value), columns, item.evidence)


# ------------------------------------------------------------------------------------------------------------- filters
@reads("aws:lakeformation/dataCellsFilter:DataCellsFilter", Facts.FILTERS)
def data_cells_filter(item: Item) -> Iterator[Fact]:
    """Read a data cells filter with its body."""
    item.inputs.only(*_OWN, "tableData")
    shape = item.inputs.shape("tableData")
    if shape is None:
        raise NotUnderstoodError("`tableData` is missing")
    yield from filter_body(item, shape)


def filter_body(item: Item, shape: Shape) -> Iterator[Fact]:
    """Read a filter; when its body cannot be read, the gap names the filter."""
    shape.only("databaseName", "name", "tableCatalogId", "tableName", "versionId", "columnNames", "columnWildcard",
               "rowFilter")  # fmt: skip
    mapping: dict[str, Any] = {
        "TableCatalogId": shape.maybe("tableCatalogId") or item.account,
        "DatabaseName": shape.text("databaseName"),
        "TableName": shape.text("tableName"),
        "Name": item.name(shape),
    }
    home = Table(
        mapping["TableCatalogId"],
        normal.database_name(mapping["DatabaseName"]),
        normal.table_name(mapping["TableName"]),
    )
    try:
        mapping |= _columns_of(shape)
        mapping["RowFilter"] = _rows_of(shape)
        yield normal.filter_body(mapping, item.account, item.evidence)
    except NotUnderstoodError as error:
        yield item.gap(str(error), scope=DataCellsFilter(home, mapping["Name"]))


def _columns_of(shape: Shape) -> dict[str, Any]:
    inner = shape.shape("columnWildcard")
    excluded = inner.texts("excludedColumnNames") if inner is not None else None
    wildcard = None if inner is None else {"ExcludedColumnNames": excluded or []}
    return {"ColumnNames": shape.texts("columnNames"), "ColumnWildcard": wildcard}


def _rows_of(shape: Shape) -> dict[str, Any] | None:
    rows = shape.shape("rowFilter")
    if rows is None:
        return None
    rows.only("allRowsWildcard", "filterExpression")
    every, text = rows.value("allRowsWildcard") is not None, rows.maybe("filterExpression")
    if every and text:
        raise NotUnderstoodError(f"`{rows.path}` has both an expression and a wildcard")
    return {"AllRowsWildcard": {}} if every else {"FilterExpression": text}


# ---------------------------------------------------------------------------------------------------------------- glue
@reads("aws:glue/catalogDatabase:CatalogDatabase", Facts.DATABASES)
def catalog_database(item: Item) -> Iterator[Fact]:
    """Read a database."""
    yield from glue.database(item, item.inputs, item.name(item.inputs))


@reads("aws:glue/catalogTable:CatalogTable", Facts.TABLES, ("storageDescriptor", "columns"))
def catalog_table(item: Item) -> Iterator[Fact]:
    """Read a table or view."""
    yield from glue.table(item, item.inputs, item.name(item.inputs), "serDeInfo")


@reads("aws:glue/catalog:Catalog", Facts.CATALOGS)
def catalog(item: Item) -> Iterator[Fact]:
    """Read a nested catalog."""
    yield from glue.catalog(item)


@reads("aws:glue/resourcePolicy:ResourcePolicy", Facts.POLICIES)
def resource_policy(item: Item) -> Iterator[Fact]:
    """Read the catalog's resource policy. ``enableHybrid`` is a word to the call that writes it, never read back."""
    item.inputs.only("enableHybrid", "policy", "region")
    yield normal.resource_policy(item.inputs.text("policy"), item.evidence, item.partition)


@reads("aws:lakeformation/identityCenterConfiguration:IdentityCenterConfiguration", Facts.IDENTITY_CENTER)
def identity_center(item: Item) -> Iterator[Fact]:
    """Read which Identity Center instance the lake trusts."""
    item.inputs.only(*_OWN, "instanceArn")
    yield IdentityCenter(item.inputs.text("instanceArn"), item.evidence)


@reads("aws:glue/partition:Partition", Facts.TABLES)
def partition(item: Item) -> Iterator[Fact]:
    """Read where a partition's files lie."""
    yield from glue.partition(item, item.inputs)
