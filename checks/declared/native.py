"""Resources of the ``aws-native`` provider: CloudFormation's shapes with a small first letter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from checks import normal
from checks.declared import glue, targets
from checks.declared.classic import filter_body, taggings
from checks.declared.item import reads
from checks.declared.shape import Shape
from checks.model import Facts
from checks.normal import NotUnderstoodError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from checks.declared.item import Fact, Item

HARMLESS: Final = frozenset(
    "aws-native:glue:" + name
    for name in (
        "Classifier", "Connection", "Crawler", "CustomEntityType", "DataCatalogEncryptionSettings",
        "DataQualityRuleset", "DevEndpoint", "Integration", "IntegrationResourceProperty", "Job", "MlTransform",
        "Registry", "Schema", "SchemaVersion", "SchemaVersionMetadata", "SecurityConfiguration",
        "Session", "TableOptimizer", "Trigger", "UsageProfile", "Workflow",
    )
)  # fmt: skip
"""Glue types that give nobody access to a table."""

_GRANTED: Final = (
    "catalog", "database", "table", "tableWithColumns", "dataLocation", "dataCellsFilter", "lfTag", "lfTagPolicy",
)  # fmt: skip


@reads("aws-native:lakeformation:PrincipalPermissions", Facts.GRANTS)
def principal_permissions(item: Item) -> Iterator[Fact]:
    """One principal's permissions on one resource."""
    shape = item.inputs
    shape.only("catalog", "permissions", "permissionsWithGrantOption", "principal", "resource")
    inner = _needed(shape, "resource")
    inner.only(*_GRANTED)
    on = item.resource(targets.target(inner, item.catalog("catalog"), _GRANTED))
    names, options = shape.texts("permissions"), shape.texts("permissionsWithGrantOption")
    if "principal" in shape and isinstance(shape.found["principal"], dict):
        who, gaps = item.principal(_needed(shape, "principal"), "dataLakePrincipalIdentifier", on)
    else:  # hidden as a whole, or missing
        who, gaps = item.principal(shape, "principal", on)
    yield from gaps
    yield from normal.grant_rows(who, on, names, options, evidence=item.evidence)


@reads("aws-native:lakeformation:Tag", Facts.TAGS)
def tag(item: Item) -> Iterator[Fact]:
    """Read an LF-tag and its values."""
    item.inputs.only("catalogId", "tagKey", "tagValues")
    yield normal.tag_info(item.inputs.text("tagKey"), item.inputs.texts("tagValues") or (), item.evidence)


_TAGGED: Final = ("catalog", "database", "table", "tableWithColumns")


@reads("aws-native:lakeformation:TagAssociation", Facts.ASSIGNMENTS)
def tag_association(item: Item) -> Iterator[Fact]:
    """Tags on one resource: one value for each key, though the shape has room for more."""
    item.inputs.only("lfTags", "resource")
    inner = _needed(item.inputs, "resource")
    inner.only(*_TAGGED)
    pairs = []
    for shape in item.inputs.shapes("lfTags"):
        key, values = targets.key_values(shape)
        if len(values) != 1:
            raise NotUnderstoodError(f"`{shape.path}` has more than one value")
        pairs.append((key, values[0]))
    yield from taggings(item, inner, item.account, _TAGGED, pairs)


@reads("aws-native:lakeformation:DataCellsFilter", Facts.FILTERS)
def data_cells_filter(item: Item) -> Iterator[Fact]:
    """Read a data cells filter with its body."""
    yield from filter_body(item, item.inputs)


@reads("aws-native:glue:Database", Facts.DATABASES)
def database(item: Item) -> Iterator[Fact]:
    """Read a database: its name stands beside its input, or in it."""
    item.inputs.only("catalogId", "databaseInput", "databaseName")
    inner = _needed(item.inputs, "databaseInput")
    name = item.inputs.maybe("databaseName") or item.name(inner)
    yield from glue.database(item, inner, name)


@reads("aws-native:glue:Table", Facts.TABLES)
def table(item: Item) -> Iterator[Fact]:
    """Read a table or view."""
    item.inputs.only("catalogId", "databaseName", "name", "openTableFormatInput", "tableInput")
    inner = item.inputs.shape("tableInput") or Shape({}, "tableInput", item.inputs.hidden)
    name = item.inputs.maybe("name") or item.name(inner)
    yield from glue.table(item, inner, name, "serdeInfo")


@reads("aws-native:glue:Partition", Facts.TABLES)
def partition(item: Item) -> Iterator[Fact]:
    """Read where a partition's files lie."""
    yield from glue.partition(item, item.inputs.soft_shape("partitionInput"))


@reads("aws-native:glue:Catalog", Facts.CATALOGS)
def catalog(item: Item) -> Iterator[Fact]:
    """Read a nested catalog."""
    yield from glue.catalog(item)


def _needed(shape: Shape, name: str) -> Shape:
    inner = shape.shape(name)
    if inner is None:
        raise NotUnderstoodError(f"`{shape.at(name)}` is missing")
    return inner
