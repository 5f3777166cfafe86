"""What the installed botocore knows of Lake Formation and Glue, and floodline does not: listed, not analysed.

AWS adds operations, enum values and members of unions; botocore learns of them first. A reading made with a newer
botocore than floodline was written for says so, before any answer carries one of them. That alone takes nothing from a
view: where an answer does carry something that nobody understands, that row becomes a gap (``draft``).

Pure: models are given as botocore's ``service-2`` documents (``operations`` and ``shapes``).
"""

from __future__ import annotations

import types
import typing
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, Final

import msgspec

from checks.live import shapes
from checks.live.collectors import allowed
from checks.live.draft import READERS
from checks.live.shapes import Shape
from checks.model import LakeId, LedgerRow
from checks.semantics import PERMISSIONS

Model = Mapping[str, Any]
"""A ``service-2`` document."""

SERVICES: Final = ("glue", "lakeformation")
OPERATION: Final = "service model"
"""In place of an operation's name, in the ledger."""

_ONE_OF_A_LISTING: Final = frozenset({
    "DescribeResource", "GetDataCellsFilter", "GetEffectivePermissionsForPath", "GetLFTag", "GetLFTagExpression",
    "GetCatalog", "GetDatabase", "GetTable", "GetPartition", "BatchGetPartition", "GetUserDefinedFunction",
    "SearchTables", "GetTableVersion", "GetTableVersions",
})  # fmt: skip
"""Calls that answer about one object, or about another time, what a listing answers about all of today's."""

_DATA: Final[Mapping[str, str]] = {
    "DecoratedRoleWithSAML": "Assume",
    "GlueFunctionSessionContext": "Get",
    "TableObjects": "Get",
    "TemporaryDataLocationCredentials": "Get",
    "TemporaryGlueFunctionCredentials": "Get",
    "TemporaryGluePartitionCredentials": "Get",
    "TemporaryGlueTableCredentials": "Get",
    "UnfilteredPartitionMetadata": "Get",
    "UnfilteredPartitionsMetadata": "Get",
    "UnfilteredTableMetadata": "Get",
    "WorkUnitResults": "Get",
    "WorkUnits": "Get",
}
"""What hands out data or credentials, verbs by noun: never called."""

_CHANGES: Final[Mapping[str, str]] = {
    "Catalog": "Create Delete Update",
    "CatalogToGlue": "Import",
    "DataCatalogEncryptionSettings": "Put",
    "DataCatalogExportConfiguration": "Put",
    "DataCellsFilter": "Create Delete Update",
    "DataLakeSettings": "Put",
    "Database": "Create Delete Update",
    "GlueIdentityCenterConfiguration": "Create Delete Update",
    "LFTag": "Create Delete Update",
    "LFTagExpression": "Create Delete Update",
    "LFTagsFromResource": "Remove",
    "LFTagsToResource": "Add",
    "LakeFormationIdentityCenterConfiguration": "Create Delete Update",
    "LakeFormationOptIn": "Create Delete",
    "ObjectsOnCancel": "Delete",
    "Partition": "BatchCreate BatchDelete BatchUpdate Create Delete Update",
    "PartitionIndex": "Create Delete",
    "Permissions": "BatchGrant BatchRevoke Grant Revoke",
    "QueryPlanning": "Start",
    "RLSPolicy": "Attach Create Delete Detach Update",
    "Resource": "Deregister Register Tag Untag Update",
    "ResourcePolicy": "Delete Put",
    "Table": "BatchDelete Create Delete Update",
    "TableObjects": "Update",
    "TableStorageOptimizer": "Update",
    "TableVersion": "BatchDelete Delete",
    "Transaction": "Cancel Commit Extend Start",
    "UserDefinedFunction": "Create Delete Update",
}
"""What changes the things that are read, verbs by noun: never called."""

_BESIDE_ACCESS: Final = frozenset({
    "DescribeTransaction", "GetQueryState", "GetQueryStatistics", "ListTableStorageOptimizers", "ListTransactions",
    "GetCatalogImportStatus", "GetDataCatalogExportConfiguration", "GetGlueIdentityCenterConfiguration",
    "GetPartitionIndexes", "GetTags",
})  # fmt: skip
"""Calls about the catalog that decide nobody's access to it."""

_OTHER_NOUNS: Final = (
    "Asset", "Attachment", "Blueprint", "Classifier", "ColumnStatistics", "Connection", "Crawl", "CustomEntityType",
    "DashboardUrl", "DataQuality", "DataflowGraph", "DevEndpoint", "Entit", "FormType", "Glossar", "Integration",
    "IterableForm", "Job", "LabelsTaskRun", "MLEvaluation", "MLLabeling", "MLTask", "MLTransform", "Mapping",
    "MaterializedViewRefresh", "Plan", "Registr", "Schema", "Script", "SecurityConfiguration", "Session", "Statement",
    "TableOptimizer", "Trigger", "UsageProfile", "Workflow",
)  # fmt: skip
"""Nouns in the names of Glue's calls that are about jobs, crawlers, schemas and the like, not about the catalog."""

ENUMS: Final[Mapping[tuple[str, str], frozenset[str]]] = {
    ("lakeformation", "Permission"): PERMISSIONS,
    ("lakeformation", "DataLakeResourceType"): frozenset({
        "ANY_RESOURCE", "CATALOG", "DATABASE", "TABLE", "DATA_LOCATION", "LF_TAG", "LF_TAG_POLICY",
        "LF_TAG_POLICY_DATABASE", "LF_TAG_POLICY_TABLE", "LF_NAMED_TAG_EXPRESSION", "USER_DEFINED_FUNCTION"}),
    ("lakeformation", "ResourceType"): frozenset({"DATABASE", "TABLE"}),
    ("lakeformation", "AnyResourceSupportedTypes"): frozenset({"TABLE"}),
    ("lakeformation", "VerificationStatus"): frozenset({"VERIFIED", "VERIFICATION_FAILED", "NOT_VERIFIED"}),
    ("lakeformation", "EnableStatus"): frozenset({"ENABLED", "DISABLED"}),
    ("glue", "Permission"): frozenset({
        "ALL", "SELECT", "ALTER", "DROP", "DELETE", "INSERT", "CREATE_DATABASE", "CREATE_TABLE",
        "DATA_LOCATION_ACCESS"}),
    ("glue", "AllowFullTableExternalDataAccessEnum"): frozenset({"True", "False"}),
    ("glue", "ViewDialect"): frozenset({"REDSHIFT", "ATHENA", "SPARK"}),
    ("glue", "CatalogEncryptionMode"): frozenset({"DISABLED", "SSE-KMS", "SSE-KMS-WITH-SERVICE-ROLE"}),
    ("glue", "FunctionType"): frozenset({"REGULAR_FUNCTION", "AGGREGATE_FUNCTION", "STORED_PROCEDURE"}),
    ("glue", "GovernanceMode"): frozenset({"IAM_ONLY", "LAKE_FORMATION"}),
    ("glue", "PrincipalType"): frozenset({"USER", "ROLE", "GROUP"}),
    ("glue", "ResourceType"): frozenset({"JAR", "FILE", "ARCHIVE"}),
}  # fmt: skip
"""The values that floodline knows of each enum in what it reads, and of the kinds that grants are listed by."""

_PIECES: Final[Mapping[str, type[Shape]]] = {
    "Column": shapes.ColumnRow, "LFTagPair": shapes.Pair, "Resource": shapes.Resource,
    "TaggedTable": shapes.TaggedTable,
}  # fmt: skip
"""Structures that are decoded on their own."""


def unmodelled(service: str, model: Model) -> tuple[str, ...]:
    """Return in words, sorted, what a service's model has and floodline does not know."""
    asked = {operation for of, operation in (*allowed(), *READERS) if of == service}
    words = {f"operation `{name}`" for name in model["operations"] if name not in asked and not _considered(name)}
    found = _Walk(service, model)
    for (of, operation), reader in READERS.items():
        if of == service and operation in model["operations"]:
            output = model["operations"][operation].get("output", {}).get("shape")
            found.structure(output, reader.spec.page)
            if reader.spec.member is not None:
                rows = model["shapes"][output]["members"].get(reader.spec.member, {}).get("shape")
                if rows is not None:
                    found.structure(model["shapes"][rows]["member"]["shape"], reader.spec.row)
    for of, enum in ENUMS:
        if of == service and enum in model["shapes"]:
            found.values(enum)
    return tuple(sorted(words | found.words))


def ledger(models: Mapping[str, Model], version: str, lakes: Iterable[LakeId]) -> tuple[LedgerRow, ...]:
    """Return a ledger row for each lake and each service of which something is not known; *version* is botocore's."""
    told = {service: unmodelled(service, models[service]) for service in SERVICES if service in models}
    return tuple(
        LedgerRow(lake.account, lake.region, service, OPERATION, 0, 0, 0, (), complete=True,
                  basis=f"listed, not analysed: botocore {version} knows of {', '.join(words)}")
        for lake in lakes for service, words in told.items() if words
    )  # fmt: skip


def _considered(operation: str) -> bool:
    if operation in _ONE_OF_A_LISTING | _BESIDE_ACCESS or any(noun in operation for noun in _OTHER_NOUNS):
        return True
    return any(
        operation == f"{verb}{noun}" for known in (_CHANGES, _DATA) for noun, verbs in known.items()
        for verb in verbs.split()
    )  # fmt: skip


class _Walk:
    """Compares the structures of a model with the shapes that mirror them."""

    def __init__(self, service: str, model: Model) -> None:
        self.service = service
        self.shapes: Mapping[str, Any] = model["shapes"]
        self.words: set[str] = set()
        self._seen: set[tuple[str, type[Shape]]] = set()

    def structure(self, name: str, mirror: type[Shape]) -> None:
        if (name, mirror) in self._seen:
            return
        self._seen.add((name, mirror))
        hints = _hints(mirror)
        for member, told in self.shapes[name].get("members", {}).items():
            if member in hints:
                self.inside(told["shape"], hints[member])
            else:
                self.words.add(f"`{name}.{member}`")

    def inside(self, name: str, kind: Any) -> None:
        """Follow a member of type *kind*; what was left as ``Any`` decides nothing and is not looked into."""
        shape = self.shapes[name]
        options = list(_options(kind))
        if Any in options:
            return
        if "enum" in shape:
            self.values(name)
            return
        if shape["type"] == "list":
            items = [one for option in options for one in typing.get_args(option)] or [msgspec.Raw]
            self.inside(shape["member"]["shape"], items[0])
        elif shape["type"] == "structure":
            mirror = next((one for one in options if isinstance(one, type) and issubclass(one, Shape)), None)
            mirror = mirror or _PIECES.get(name)
            if mirror is not None:
                self.structure(name, mirror)

    def values(self, name: str) -> None:
        known = ENUMS.get((self.service, name))
        values = self.shapes[name].get("enum", ())
        if known is None:
            self.words.add(f"enum `{name}`")
        else:
            self.words |= {f"`{name}` value `{value}`" for value in values if value not in known}


def _options(kind: Any) -> Iterator[Any]:
    if isinstance(kind, types.UnionType) or typing.get_origin(kind) is typing.Union:
        for one in typing.get_args(kind):
            yield from _options(one)
    elif kind is not type(None) and kind is not msgspec.UnsetType:
        yield kind


@cache
def _hints(mirror: type[Shape]) -> dict[str, Any]:
    return typing.get_type_hints(mirror)
