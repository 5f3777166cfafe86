"""What to ask AWS a second time before a finding is told, one object at a time.

A listing that left a row out makes a declared grant look lost, and a search that missed an object makes its LF-tags
look moved. Both are asked for again on their own: a row that then shows is there (and the listing was not whole), one
that does not is gone. Pure: the answers go where all others go, and everything is compared again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from checks import normal
from checks.live.collectors import Call
from checks.model import (
    AllTables,
    AnyResource,
    Catalog,
    ColumnRef,
    Database,
    DataCellsFilter,
    DataLocation,
    Expression,
    Function,
    LFTag,
    RLSPolicy,
    SavedExpression,
    Table,
    TableColumns,
    TagPolicy,
    TagRef,
    UnknownResource,
    Verdict,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from checks.model import Finding, LakeId, Resource

MOST: Final = 200
"""Objects of each kind (grants, LF-tags) that are asked about in one lake; the worst findings come first."""

_SETTLED: Final = frozenset({Verdict.UNKNOWN, Verdict.POSTURE})


def questions(findings: Iterable[Finding], most: int = MOST) -> Mapping[LakeId, tuple[Call, ...]]:
    """Return what to ask of each lake: the grants on what looks narrowed, the LF-tags of what looks retagged."""
    asked: dict[LakeId, tuple[dict[str, Call], dict[str, Call]]] = {}
    for finding in sorted(findings, key=lambda one: (-one.severity, one.id)):
        subject = finding.subject
        grants, tags = asked.setdefault(subject.lake, ({}, {}))
        on = subject.resource
        if isinstance(on, TagRef):
            if finding.verdict not in _SETTLED:
                _add(tags, _tags_of(on), most)
        elif finding.verdict is Verdict.NARROWED and subject.kind == "grant" and isinstance(on, _GRANTED_ON):
            _add(grants, _grants_on(on), most)
    return {
        lake: (*grants.values(), *tags.values()) for lake, (grants, tags) in sorted(asked.items()) if grants or tags
    }


_GRANTED_ON = (
    Catalog | Database | Table | AllTables | TableColumns | DataLocation | DataCellsFilter | LFTag | TagPolicy
    | SavedExpression | RLSPolicy | Function | AnyResource
)  # fmt: skip


def _add(calls: dict[str, Call], call: Call | None, most: int) -> None:
    if call is not None and len(calls) < most:
        calls.setdefault(normal.canonical_json(call.request), call)


def _tags_of(on: TagRef) -> Call | None:
    """Return the call for the LF-tags of an object; a column's come with its table, a catalog's cannot be asked for."""
    target = on.target.table if isinstance(on.target, ColumnRef) else on.target
    if isinstance(target, Catalog):
        return None
    return Call("lakeformation", "GetResourceLFTags", {"Resource": union(target)})


def _grants_on(on: Resource) -> Call:
    """Return the call for every grant on a resource: without a principal, so that nothing is computed."""
    request: dict[str, Any] = {"Resource": union(on), "MaxResults": 1000}
    if isinstance(on, DataCellsFilter):  # listed with its table
        request["IncludeRelated"] = "TRUE"
    return Call("lakeformation", "ListPermissions", request)


def union(on: Resource) -> dict[str, Any]:
    """Return a resource as ListPermissions takes it: columns and filters by their table.

    Raises:
        ValueError: it is of a kind that nobody knows how to ask for.

    """
    match on:
        case Catalog(catalog):
            return {"Catalog": {"Id": catalog} if ":" in catalog else {}}
        case Database(catalog, name):
            return {"Database": {"CatalogId": catalog, "Name": name}}
        case Table(catalog, database, name):
            return {"Table": {"CatalogId": catalog, "DatabaseName": database, "Name": name}}
        case TableColumns(table=table) | DataCellsFilter(table=table):
            return union(table)
        case AllTables(catalog, database):
            return {"Table": {"CatalogId": catalog, "DatabaseName": database, "TableWildcard": {}}}
        case DataLocation(catalog, arn):
            return {"DataLocation": {"CatalogId": catalog, "ResourceArn": arn}}
        case LFTag(catalog, key, values):
            return {"LFTag": {"CatalogId": catalog, "TagKey": key, "TagValues": sorted(values)}}
        case TagPolicy(catalog, kind, expression, saved):
            body = {"ExpressionName": saved} if saved is not None else {"Expression": _pairs(expression)}
            return {"LFTagPolicy": {"CatalogId": catalog, "ResourceType": kind, **body}}
        case SavedExpression(catalog, name):
            return {"LFTagExpression": {"CatalogId": catalog, "Name": name}}
        case RLSPolicy(catalog, name):
            return {"RLSPolicy": {"CatalogId": catalog, "Name": name}}
        case Function(catalog, database, name):
            which: dict[str, Any] = {"UserDefinedFunctionWildcard": {}} if name == "*" else {"Name": name}
            return {"UserDefinedFunction": {"CatalogId": catalog, "DatabaseName": database, **which}}
        case AnyResource(catalog, kind):
            return {"AnyResource": {"CatalogId": catalog, "ResourceType": kind}}
        case UnknownResource():
            raise ValueError("a resource of an unknown kind cannot be asked for")


def _pairs(expression: Expression) -> list[dict[str, Any]]:
    return [{"TagKey": key, "TagValues": sorted(values)} for key, values in expression]
