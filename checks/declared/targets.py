"""Resources that permissions, opt-ins and tags speak about, from either provider's spelling to AWS's ``Resource``.

Both providers use the same few shapes with small differences (``wildcard: true`` or ``tableWildcard: {}``, ``key`` or
``tagKey``), so one function reads each shape in both spellings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from checks.normal import NotUnderstoodError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from checks.declared.shape import Shape

Union = dict[str, Any]


def catalog_by_id(shape: Shape, home: str) -> Union:
    """``{id}``."""
    shape.only("id")
    return {"Catalog": {"Id": shape.maybe("id") or home}}


def database(shape: Shape, home: str) -> Union:
    """``{catalogId, name}``."""
    shape.only("catalogId", "name")
    return {"Database": {"CatalogId": shape.maybe("catalogId") or home, "Name": shape.text("name")}}


def table(shape: Shape, home: str) -> Union:
    """``{catalogId, databaseName, name | wildcard: true | tableWildcard: {}}``."""
    shape.only("catalogId", "databaseName", "name", "wildcard", "tableWildcard")
    every = bool(shape.flag("wildcard")) or shape.shape("tableWildcard") is not None
    name = shape.maybe("name")
    if every and name == "ALL_TABLES":  # how AWS lists a wildcard; a refreshed state may say both
        name = None
    if every == bool(name):
        raise NotUnderstoodError(f"`{shape.path}` must have either a name or a wildcard")
    body: Union = {"CatalogId": shape.maybe("catalogId") or home, "DatabaseName": shape.text("databaseName")}
    return {"Table": {**body, "TableWildcard": {}} if every else {**body, "Name": name}}


def table_with_columns(shape: Shape, home: str) -> Union:
    """``{catalogId, databaseName, name}`` and the columns."""
    wanted = wildcard(shape)
    if wanted is None:
        raise NotUnderstoodError(f"`{shape.path}` must have either column names or a wildcard")
    return {"TableWithColumns": {**_table_of(shape, home), **wanted}}


def _table_of(shape: Shape, home: str) -> Union:
    return {
        "CatalogId": shape.maybe("catalogId") or home,
        "DatabaseName": shape.text("databaseName"),
        "Name": shape.text("name"),
    }


def wildcard(shape: Shape) -> Union | None:
    """Read ``columnNames``, or ``wildcard`` with ``excludedColumnNames``, or ``columnWildcard``; None if none is there.

    The provider sends excluded names as a wildcard also where ``wildcard`` is left out.
    """
    shape.only("catalogId", "databaseName", "name", "columnNames", "wildcard", "excludedColumnNames", "columnWildcard")
    names = shape.texts("columnNames")
    inner = shape.shape("columnWildcard")
    if inner is not None:
        inner.only("excludedColumnNames")
    excluded = (inner or shape).texts("excludedColumnNames")
    every = bool(shape.flag("wildcard")) or inner is not None or bool(excluded)
    if names and every:
        raise NotUnderstoodError(f"`{shape.path}` has both column names and a wildcard")
    if names:
        return {"ColumnNames": names}
    return {"ColumnWildcard": {"ExcludedColumnNames": excluded or []}} if every else None


def data_location(shape: Shape, home: str) -> Union:
    """``{arn | resourceArn, catalogId}``."""
    shape.only("arn", "resourceArn", "catalogId")
    arn = shape.maybe("arn") or shape.text("resourceArn")
    return {"DataLocation": {"CatalogId": shape.maybe("catalogId") or home, "ResourceArn": arn}}


def data_cells_filter(shape: Shape, home: str) -> Union:
    """``{tableCatalogId, databaseName, tableName, name}``."""
    shape.only("tableCatalogId", "databaseName", "tableName", "name")
    names = {"DatabaseName": "databaseName", "TableName": "tableName", "Name": "name"}
    body = {aws: shape.text(name) for aws, name in names.items()}
    return {"DataCellsFilter": {"TableCatalogId": shape.maybe("tableCatalogId") or home, **body}}


def lf_tag(shape: Shape, home: str) -> Union:
    """``{key | tagKey, values | tagValues, catalogId}``."""
    key, values = key_values(shape)
    return {"LFTag": {"CatalogId": shape.maybe("catalogId") or home, "TagKey": key, "TagValues": values}}


def key_values(shape: Shape) -> tuple[str, list[str]]:
    """Read a tag key with its values."""
    shape.only("catalogId", "key", "tagKey", "values", "tagValues")
    values = shape.texts("values") or shape.texts("tagValues")
    if not values:
        raise NotUnderstoodError(f"`{shape.path}` has no tag values")
    return shape.maybe("key") or shape.text("tagKey"), values


def expression(shapes: Sequence[Shape]) -> list[Union]:
    """Read a tag expression: a list of keys with values."""
    pairs = [key_values(shape) for shape in shapes]
    return [{"TagKey": key, "TagValues": values} for key, values in pairs]


def lf_tag_policy(shape: Shape, home: str) -> Union:
    """``{catalogId, resourceType, expressions | expression | expressionName}``."""
    shape.only("catalogId", "resourceType", "expressions", "expression", "expressionName")
    body: Union = {"CatalogId": shape.maybe("catalogId") or home, "ResourceType": shape.text("resourceType")}
    saved = shape.maybe("expressionName")
    inline = expression(shape.shapes("expressions") or shape.shapes("expression"))
    if bool(saved) == bool(inline):
        raise NotUnderstoodError(f"`{shape.path}` must have either an expression or the name of a saved one")
    return {"LFTagPolicy": {**body, "ExpressionName": saved} if saved else {**body, "Expression": inline}}


def lf_tag_expression(shape: Shape, home: str) -> Union:
    """``{catalogId, name}``: a saved expression as an object."""
    shape.only("catalogId", "name")
    return {"LFTagExpression": {"CatalogId": shape.maybe("catalogId") or home, "Name": shape.text("name")}}


TARGETS: Final[dict[str, Callable[[Shape, str], Union]]] = {
    "catalog": catalog_by_id,
    "catalogs": catalog_by_id,
    "database": database,
    "table": table,
    "tableWithColumns": table_with_columns,
    "dataLocation": data_location,
    "dataLocations": data_location,
    "dataCellsFilter": data_cells_filter,
    "dataCellsFilters": data_cells_filter,
    "lfTag": lf_tag,
    "lfTagPolicy": lf_tag_policy,
    "lfTagPolicies": lf_tag_policy,
    "lfTagExpressions": lf_tag_expression,
}
"""Member of a resource union, in either provider's spelling → how to read it."""


def target(shape: Shape, home: str, names: Sequence[str] = tuple(TARGETS)) -> Union:
    """Read the one member that is set.

    Raises:
        NotUnderstoodError: none or several are, or the one cannot be read.

    """
    found = [name for name in shape.found if name in names and name in shape and shape.value(name) != []]
    every = bool(shape.flag("catalogResource"))  # false is what the provider fills in beside any other member
    if len(found) + every != 1:
        where = f"`{shape.path}`" if shape.path else "the resource"
        raise NotUnderstoodError(f"{where} must be exactly one of {', '.join(names)}")
    if every:
        return {"Catalog": {"Id": home}}
    inner = shape.shape(found[0])
    assert inner is not None  # `in` has seen it
    return TARGETS[found[0]](inner, home)
