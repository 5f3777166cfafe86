"""Databases, tables and catalogs, in either provider's spelling.

The two providers differ in where the members stand (at the top, or in ``databaseInput`` and ``tableInput``) and in
``serDeInfo`` against ``serdeInfo``.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import msgspec

from checks import normal
from checks.declared.shape import Hidden, Shape
from checks.model import Column, Database, DatabaseInfo, Facts, PartitionPlace, Table, TableInfo
from checks.normal import NotUnderstoodError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from checks.declared.item import Fact, Item

_DATABASE: Final = (
    "catalogId", "createTableDefaultPermissions", "databaseInput", "databaseName", "description", "federatedDatabase",
    "locationUri", "name", "parameters", "region", "tags", "tagsAll", "targetDatabase",
)  # fmt: skip
_TABLE: Final = (
    "catalogId", "databaseName", "description", "name", "openTableFormatInput", "owner", "parameters",
    "partitionIndices", "partitionKeys", "region", "retention", "storageDescriptor", "tableInput", "tableType",
    "targetTable", "viewDefinition", "viewExpandedText", "viewOriginalText",
)  # fmt: skip


def odd_members(item: Item, shape: Shape, known: tuple[str, ...], scope: Database | Table) -> Iterator[Fact]:
    """Say which members nobody here knows; the rest of a database or table is used all the same."""
    try:
        shape.only(*known)
    except NotUnderstoodError as error:
        yield item.gap(str(error), scope=scope)


# ----------------------------------------------------------------------------------------------------------- databases
def default_permissions(shape: Shape, name: str) -> list[dict[str, Any]] | None:
    """Read ``[{permissions, principal: {dataLakePrincipalIdentifier}}]``, or ``principal`` as text; None if absent."""
    if name not in shape:
        return None
    found = []
    for entry in shape.shapes(name):
        entry.only("permissions", "principal")
        names = entry.texts("permissions")
        plain = isinstance(entry.value("principal"), str)
        inner = None if plain else entry.shape("principal")
        who = entry.text("principal") if plain else inner.text("dataLakePrincipalIdentifier") if inner else None
        found.append({"Principal": {"DataLakePrincipalIdentifier": who}, "Permissions": names})
    return found


def database(item: Item, shape: Shape, name: str) -> Iterator[Fact]:
    """Read a database; ``shape`` is where its members stand."""
    home = item.catalog()
    here = Database(home, normal.database_name(name))
    yield from odd_members(item, shape, _DATABASE, here)
    defaults: list[dict[str, Any]] | None = None
    try:
        defaults = default_permissions(shape, "createTableDefaultPermissions")
    except NotUnderstoodError as error:
        shape.hidden.add("table_defaults")
        yield item.gap(str(error), Facts.DATABASES, here)
    target = shape.shape("targetDatabase")
    info = normal.database_info(
        {
            "CatalogId": home,
            "Name": name,
            "LocationUri": shape.soft("locationUri", "location"),
            "Description": shape.soft("description", "description"),
            "Parameters": _parameters(shape),
            "CreateTableDefaultPermissions": defaults,
            "TargetDatabase": target
            and {"CatalogId": target.maybe("catalogId"), "DatabaseName": target.text("databaseName")},
        },
        item.account,
        item.partition,
        item.evidence,
    )
    yield from _location_gap(item, shape, here)
    yield _with_hidden(info, shape)


def _with_hidden(info: DatabaseInfo, shape: Shape) -> DatabaseInfo:
    return replace(info, hidden=frozenset(shape.hidden)) if shape.hidden else info


def _parameters(shape: Shape) -> dict[str, Any]:
    """Read the parameters; noted without the path that leads to them, as the nouns have none."""
    inner = Shape(shape.found)
    found = inner.soft_map("parameters")
    shape.hidden.update(inner.hidden)
    return found


def _location_gap(item: Item, shape: Shape, scope: Database | Table) -> Iterator[Fact]:
    """A location decides which files are read: one that cannot be read is more than a member left out."""
    if "location" in shape.hidden:
        yield item.gap("the location is a secret or not known yet", scope=scope)


# -------------------------------------------------------------------------------------------------------------- tables
def table(item: Item, shape: Shape, name: str, serde: str) -> Iterator[Fact]:
    """Read a table or view; ``shape`` is where most members stand, ``serde`` how the SerDe is spelt."""
    database_name = item.inputs.text("databaseName")
    home = item.catalog()
    here = Table(home, normal.database_name(database_name), normal.table_name(name))
    yield from odd_members(item, shape, _TABLE, here)
    storage = shape.soft_shape("storageDescriptor")
    iceberg = _iceberg(item.inputs)
    fixed: tuple[Column, ...] = ()
    keys: tuple[Column, ...] = ()
    try:
        shape.value("storageDescriptor")  # as a whole it may be hidden, and the columns with it
        keys = columns(shape, "partitionKeys")
        fixed = columns(storage, "columns") or iceberg_columns(iceberg)
    except NotUnderstoodError as error:
        shape.hidden.add("columns")
        yield item.gap(str(error), scope=here)
    target = shape.shape("targetTable")
    mapping = {
        "CatalogId": home,
        "DatabaseName": database_name,
        "Name": name,
        "StorageDescriptor": {
            "Location": storage.soft("location", "location") or iceberg.soft("location", "location"),
            "AdditionalLocations": _additional(storage),
            "InputFormat": storage.soft("inputFormat", "format"),
            "OutputFormat": storage.soft("outputFormat", "format"),
            "SerdeInfo": {"SerializationLibrary": storage.soft_shape(serde).soft("serializationLibrary", "format")},
        },
        "OpenTableFormatInput": item.inputs.found.get("openTableFormatInput") is not None,
        "TableType": shape.soft("tableType", "table_type"),
        "Description": shape.soft("description", "description"),
        "Parameters": _parameters(shape),
        "ViewOriginalText": shape.soft("viewOriginalText", "view_text"),
        "ViewExpandedText": shape.soft("viewExpandedText", "view_text"),
        "ViewDefinition": _view(shape) if "viewDefinition" in shape else None,
        "TargetTable": target
        and {
            "CatalogId": target.maybe("catalogId"),
            "DatabaseName": target.text("databaseName"),
            "Name": target.text("name"),
        },
    }
    info = normal.table_info_of(mapping, item.account, item.partition, fixed=fixed, keys=keys, evidence=item.evidence)
    yield from _location_gap(item, shape, here)
    if "view_text" in shape.hidden:
        yield item.gap("the view's text is a secret or not known yet", scope=here)
    yield _table_with_hidden(info, shape)


def _table_with_hidden(info: TableInfo, shape: Shape) -> TableInfo:
    return replace(info, hidden=frozenset(shape.hidden)) if shape.hidden else info


def partition(item: Item, shape: Shape) -> Iterator[Fact]:
    """Read where a partition's files lie; ``shape`` is where its storage stands.

    That is looked at only where somebody recorded the live partitions, so what is hidden is left out without a gap.
    """
    database_name, name = item.inputs.soft("databaseName"), item.inputs.soft("tableName")
    storage = shape.soft_shape("storageDescriptor")
    places = [storage.soft("location"), *_additional(storage)]
    if database_name and name:
        table = Table(item.catalog(), normal.database_name(database_name), normal.table_name(name))
        for place in sorted(normal.locations(places, item.partition)):
            yield PartitionPlace(table, place, item.evidence)


def columns(shape: Shape, name: str) -> tuple[Column, ...]:
    """Read columns. Comments, types and parameters may be hidden; names decide access and may not.

    Raises:
        NotUnderstoodError: a name cannot be read.

    """
    given = shape.value(name)
    if isinstance(given, msgspec.Raw):
        known = _known(bytes(given))
        if known is not None:
            return known
        given = msgspec.json.decode(given)
    if given is None:
        return ()
    if not isinstance(given, list):
        raise NotUnderstoodError(f"`{shape.at(name)}` is no list")
    found = []
    for index, item in enumerate(given):
        column = _plain(item)
        found.append(column or _column(shape, f"{name}[{index}]", item))
    return tuple(found)


class _Ordinary(msgspec.Struct, gc=False):
    name: str
    type: str | None = None
    comment: str | None = None
    parameters: Any = None


_ordinary: Final = msgspec.json.Decoder(list[_Ordinary] | None).decode


@lru_cache(maxsize=512)  # a lake has many tables with the very same columns, mostly one after the other
def _known(text: bytes) -> tuple[Column, ...] | None:
    """Read columns that are as they mostly are; None if one is not."""
    try:
        found = _ordinary(text) or ()
    except msgspec.ValidationError:
        return None
    if any(item.parameters or not item.name for item in found):
        return None
    return tuple(normal.column(item.name, item.type or "", item.comment or "") for item in found)


def _plain(item: Any) -> Column | None:
    """Read the ordinary column without ceremony: there are millions."""
    if type(item) is not dict or item.get("parameters"):
        return None
    name, kind, comment = item.get("name"), item.get("type") or "", item.get("comment") or ""
    if type(name) is str and type(kind) is str and type(comment) is str and name:
        return normal.column(name, kind, comment)
    return None


def _column(shape: Shape, at: str, item: Any) -> Column:
    if isinstance(item, Hidden):
        raise NotUnderstoodError(f"`{shape.at(at)}` {item.why}")
    if not isinstance(item, dict):
        raise NotUnderstoodError(f"`{shape.at(at)}` is no object")
    inner = Shape(item, shape.at(at))
    name = normal.column_name(inner.text("name"))
    note = f"columns.{name}"
    kind, comment = inner.soft("type", f"{note}.type"), inner.soft("comment", f"{note}.comment")
    given = normal.parameters(inner.soft_map("parameters"))
    start = f"{inner.path}."
    shape.hidden.update(
        f"{note}.{path.removeprefix(start)}" if path.startswith(start) else path for path in inner.hidden
    )
    return normal.column(name, kind, comment, given)


def _view(shape: Shape) -> dict[str, Any]:
    found = []
    for item in shape.soft_shape("viewDefinition").shapes("representations"):
        text = item.soft("viewOriginalText", "view_text") or item.soft("viewExpandedText", "view_text")
        found.append({"Dialect": item.soft("dialect", "view_text"), "ViewOriginalText": text})
    if isinstance(shape.found.get("viewDefinition"), Hidden):
        shape.hidden.add("view_text")
    definer = shape.soft_shape("viewDefinition").soft("definer", "view_text")
    return {"Representations": found, "Definer": definer}


def _additional(storage: Shape) -> list[str]:
    """Read further locations; one that cannot be read is a location that cannot be read."""
    try:
        return storage.texts("additionalLocations") or []
    except NotUnderstoodError:
        storage.hidden.add("location")
        return []


# ------------------------------------------------------------------------------------------------------------- iceberg
_ICEBERG: Final = {
    "long": "bigint", "time": "string", "uuid": "string", "timestamptz": "timestamp", "timestamp_ns": "timestamp",
}  # fmt: skip
"""Iceberg's types that Glue calls otherwise (apache/iceberg, aws module: IcebergToGlueConverter)."""


def _iceberg(inputs: Shape) -> Shape:
    """Go down to ``openTableFormatInput.icebergInput.icebergTableInput``; empty where there is none."""
    found = inputs
    if "openTableFormatInput" not in inputs:
        return Shape({}, "", inputs.hidden)
    for name in ("openTableFormatInput", "icebergInput", "icebergTableInput"):
        found = found.soft_shape(name) if name in found else Shape({}, found.at(name), inputs.hidden)
    return found


def iceberg_columns(shape: Shape) -> tuple[Column, ...]:
    """Read the columns that an Iceberg schema fixes, with Glue's names for plain types, none for nested ones."""
    if "schema" not in shape:
        return ()
    inner = shape.shape("schema")
    found = []
    for item in inner.shapes("fields") if inner else ():
        kind = item.soft("type", f"columns.{item.soft('name')}.type").strip('"')
        kind = "" if kind.startswith(("{", "struct", "list", "map")) else "binary" if kind.startswith("fixed") else kind
        found.append(normal.column(item.text("name"), _ICEBERG.get(kind, kind), item.soft("doc")))
    return tuple(found)


# ------------------------------------------------------------------------------------------------------------ catalogs
_CATALOG: Final = (
    "allowFullTableExternalDataAccess", "catalogProperties", "createDatabaseDefaultPermissions",
    "createTableDefaultPermissions", "description", "federatedCatalog", "name",
    "overwriteChildResourcePermissionsWithDefault", "parameters", "region", "tags", "tagsAll", "targetRedshiftCatalog",
    "timeouts",
)  # fmt: skip


def catalog(item: Item) -> Iterator[Fact]:
    """Read a nested catalog. Its own id is ``account:name``."""
    shape = item.inputs
    shape.only(*_CATALOG)
    info = normal.catalog_info(
        {
            "Name": item.name(shape),
            "Description": shape.soft("description"),
            "Parameters": shape.soft_map("parameters"),
            "CreateDatabaseDefaultPermissions": default_permissions(shape, "createDatabaseDefaultPermissions"),
            "CreateTableDefaultPermissions": default_permissions(shape, "createTableDefaultPermissions"),
            "AllowFullTableExternalDataAccess": shape.flag("allowFullTableExternalDataAccess"),
        },
        item.account,
        item.evidence,
    )
    yield replace(info, hidden=frozenset(shape.hidden))
    if shape.soft_shape("catalogProperties").found.get("dataLakeAccessProperties") is not None:
        reason = "`catalogProperties.dataLakeAccessProperties` is not compared"
        yield item.gap(reason, Facts.CATALOGS, info.id)
