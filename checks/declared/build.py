"""From the facts of one lake to the ``Lake``: tags are spread over columns, doubles and contradictions are said."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from checks.declared.item import Fact, Tagging
from checks.model import (
    AllTables,
    Assignment,
    Catalog,
    CatalogInfo,
    Column,
    ColumnRef,
    Database,
    DatabaseInfo,
    DataCellsFilter,
    Evidence,
    ExpressionBody,
    Facts,
    FilterBody,
    Gap,
    Grant,
    IdentityCenter,
    Lake,
    LakeId,
    Location,
    Only,
    OptIn,
    PartitionPlace,
    Resource,
    ResourcePolicy,
    SavedExpression,
    Settings,
    Side,
    Table,
    TableInfo,
    TagInfo,
    TagTarget,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_K = TypeVar("_K")
_V = TypeVar("_V", CatalogInfo, DatabaseInfo, TableInfo, TagInfo, ExpressionBody, FilterBody, Location, Assignment)


@dataclass(slots=True)
class Builder:
    """Collects the declared facts of one lake."""

    id: LakeId
    assumed: bool = False
    grants: list[Grant] = field(default_factory=list)
    catalogs: dict[Catalog, CatalogInfo] = field(default_factory=dict)
    databases: dict[Database, DatabaseInfo] = field(default_factory=dict)
    tables: dict[Table, TableInfo] = field(default_factory=dict)
    tags: dict[str, TagInfo] = field(default_factory=dict)
    taggings: list[Tagging] = field(default_factory=list)
    assignments: dict[TagTarget, dict[str, Assignment]] = field(default_factory=dict)
    expressions: dict[SavedExpression, ExpressionBody] = field(default_factory=dict)
    filters: dict[DataCellsFilter, FilterBody] = field(default_factory=dict)
    settings: list[Settings] = field(default_factory=list)
    locations: dict[str, Location] = field(default_factory=dict)
    optins: list[OptIn] = field(default_factory=list)
    policies: list[ResourcePolicy] = field(default_factory=list)
    identity_centers: list[IdentityCenter] = field(default_factory=list)
    partitions: list[PartitionPlace] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)

    def add(self, fact: Fact) -> None:
        """Put a fact in its place."""
        match fact:
            case Grant():
                self.grants.append(fact)
            case TableInfo():
                self._once(self.tables, fact.id, fact, Facts.TABLES, fact.id)
            case DatabaseInfo():
                self._once(self.databases, fact.id, fact, Facts.DATABASES, fact.id)
            case CatalogInfo():
                self._once(self.catalogs, fact.id, fact, Facts.CATALOGS, fact.id)
            case TagInfo():
                self._once(self.tags, fact.key, fact, Facts.TAGS, None)
            case Tagging():
                self.taggings.append(fact)
            case ExpressionBody():
                self._once(self.expressions, fact.id, fact, Facts.EXPRESSIONS, fact.id)
            case FilterBody():
                self._once(self.filters, fact.id, fact, Facts.FILTERS, fact.id)
            case Settings():
                self.settings.append(fact)
            case Location():
                self._once(self.locations, fact.arn, fact, Facts.LOCATIONS, None)
            case OptIn():
                self.optins.append(fact)
            case ResourcePolicy():
                self.policies.append(fact)
            case IdentityCenter():
                self.identity_centers.append(fact)
            case PartitionPlace():
                self.partitions.append(fact)
            case Gap():
                self.gaps.append(fact)

    def _once(self, into: dict[_K, _V], key: _K, fact: _V, facts: Facts, scope: Resource | None) -> None:
        """Keep the first of two; two that contradict each other are a gap, for only one of them can be live."""
        before = into.setdefault(key, fact)
        if before is not fact and before != fact:
            other = (before.evidence.urn if before.evidence else None) or "another resource"
            self._say(f"declared differently by {other}", facts, scope, fact.evidence)

    def _say(self, reason: str, facts: Facts, scope: Resource | None, evidence: Evidence | None) -> None:
        source = (evidence.urn if evidence else None) or "declaration"
        self.gaps.append(Gap(Side.DECLARED, source, reason, facts, scope, evidence))

    # ------------------------------------------------------------------------------------------------------------ tags
    def _spread(self) -> None:
        """Turn taggings into assignments, now that all declared tables are known."""
        below: dict[Database, list[Table]] = {}
        if any(isinstance(tagging.target, AllTables) for tagging in self.taggings):
            for table in self.tables:
                below.setdefault(table.parent, []).append(table)
        for tagging in self.taggings:
            for target in self._targets(tagging, below):
                said = self.assignments.setdefault(target, {})
                found = Assignment(target, tagging.key, tagging.value, tagging.evidence)
                self._once(said, tagging.key, found, Facts.ASSIGNMENTS, _scope(target))

    def _targets(self, tagging: Tagging, below: Mapping[Database, list[Table]]) -> Iterator[TagTarget]:
        target = tagging.target
        if isinstance(target, AllTables):
            found = below.get(target.parent, [])
            if not found:
                self._say("tags all tables of a database whose tables no given stack declares", Facts.ASSIGNMENTS,
                          target, tagging.evidence)  # fmt: skip
            yield from found
        elif tagging.columns is None or not isinstance(target, Table):
            yield target
        elif isinstance(tagging.columns, Only):
            yield from (ColumnRef(target, name) for name in sorted(tagging.columns.names))
        else:
            yield from self._columns(target, tagging, tagging.columns.names)

    def _columns(self, table: Table, tagging: Tagging, excluded: frozenset[str]) -> Iterator[ColumnRef]:
        """Every declared column but the excluded ones; the table must fix its columns."""
        info = self.tables.get(table)
        if info is None or info.columns is None:
            why = "tags all columns of a table whose columns no given stack declares"
            self._say(why, Facts.ASSIGNMENTS, table, tagging.evidence)
            return
        columns: tuple[Column, ...] = info.columns + info.partition_keys
        yield from (ColumnRef(table, column.name) for column in columns if column.name not in excluded)

    def lake(self) -> Lake:
        """Build the lake; call it once, after the last fact."""
        self._spread()
        return Lake(
            self.id,
            tuple(self.grants),
            databases=self.databases,
            tables=self.tables,
            tags=self.tags,
            assignments=self.assignments,
            expressions=self.expressions,
            filters=self.filters,
            settings=tuple(self.settings),
            locations=self.locations,
            optins=tuple(self.optins),
            policies=tuple(self.policies),
            gaps=tuple(self.gaps),
            assumed=self.assumed,
            catalogs=self.catalogs,
            identity_centers=tuple(self.identity_centers),
            partitions=tuple(self.partitions),
        )


def _scope(target: TagTarget) -> Resource:
    return target.table if isinstance(target, ColumnRef) else target
