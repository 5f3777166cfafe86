"""A database, its tables and their tags; and the grants on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi
from pulumi_aws import glue, lakeformation

from lake.access import DatasetAccess, OnAllTables, OnDatabase, OnTable, Select
from lake.location import Location, s3
from lake.mistake import Mistake, known, listed, quoted
from lake.permission import fitting
from lake.principal import Principal, label, later
from lake.table import Column, Table
from lake.table import name as glue_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lake.governance import Governance

_PARQUET: dict[str, Any] = {
    "input_format": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    "output_format": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
    "ser_de_info": {"serialization_library": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"},
}


class Dataset(pulumi.ComponentResource):
    """A database with its tables, below one location.

    ``tags`` are the LF-tags of the database, which tables and columns inherit unless they override them. The
    database's own default for new tables is emptied. Everything is checked before anything is registered.
    """

    def __init__(
        self,
        name: str,
        *,
        location: str | Location,
        governance: Governance,
        tables: Sequence[Table],
        tags: Mapping[str, str] | None = None,
        description: str = "",
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        self.name = glue_name(name, "database", "dataset")
        where = f"dataset {quoted(name)}"
        self.location = location.url if isinstance(location, Location) else s3(location, where)
        governance.check_tags(tags or {}, where)
        self.tables: dict[str, Table] = {}
        for table in tables:
            table.check(where)
            if table.name in self.tables:
                raise Mistake(f"{where}: table {quoted(table.name)} is there twice")
            self.tables[table.name] = table
            here = f"{where} table {quoted(table.name)}"
            governance.check_tags(table.tags, here)
            for column, column_tags in table.column_tags.items():
                governance.check_tags(column_tags, f"{here} column {quoted(column)}")
            if table.location is not None:
                s3(table.location, here)
        super().__init__("floodline:lake:Dataset", name, None, opts)
        self.governance = governance
        self._labels: set[str] = set()
        self._partial: dict[tuple[object, str], bool] = {}
        guarded = [location.registration] if isinstance(location, Location) else []
        self.database = glue.CatalogDatabase(
            name,
            name=name,
            catalog_id=governance.account,
            description=description or None,
            location_uri=self.location,
            create_table_default_permissions=[],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[governance.settings, *guarded]),
        )
        if tags:
            self._tag(name, tags, self.database, database={"name": name})
        self.registered = {table.name: self._register(table) for table in self.tables.values()}
        self.register_outputs({"database": name})

    def table(self, name: str, where: str) -> Table:
        """Find the table of that name; raise a Mistake with the close ones otherwise."""
        return self.tables[known(name, self.tables, noun=f"table of {quoted(self.name)}", where=where)]

    def grant(
        self,
        principal: Principal,
        what: DatasetAccess,
        *,
        name: str | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> lakeformation.Permissions:
        """Grant ``what`` to the principal. ``name`` is needed only for principals that another resource will give."""
        where = f"grant on {quoted(self.name)}"
        who = name or label(principal, self.governance.account, where)
        if isinstance(what, Select | OnTable):
            where = f"grant to {quoted(who)} on {quoted(f'{self.name}.{what.table}')}"
            self.table(what.table, where)
        kind, place, permissions, grantable, resource = self._resource(what, where)
        fitting(kind, permissions, grantable, where)
        if isinstance(what, Select | OnTable):
            self._not_beside_columns(who, what, where)
        slug = "columns" if kind == "some columns" else "-".join(word.lower() for word in sorted(permissions))
        resource_name = f"{who}:{place}:{slug}"
        if resource_name in self._labels:
            raise Mistake(f"{where}: {quoted(resource_name)} is granted twice; make it one grant")
        self._labels.add(resource_name)
        anchor = self.registered[what.table] if isinstance(what, Select | OnTable) else self.database
        return lakeformation.Permissions(
            resource_name,
            lakeformation.PermissionsArgs(
                principal=later(principal, where),
                permissions=list(permissions),
                permissions_with_grant_options=list(grantable) or None,
                **resource,
            ),
            pulumi.ResourceOptions.merge(pulumi.ResourceOptions(parent=self, depends_on=[anchor]), opts),
        )

    def _resource(
        self, what: DatasetAccess, where: str
    ) -> tuple[str, str, Sequence[str], Sequence[str], dict[str, Any]]:
        """Kind, place, permissions, grantable ones, and the argument that names the resource to the provider."""
        if isinstance(what, OnDatabase):
            return "a database", self.name, what.permissions, what.grantable, {"database": {"name": self.name}}
        if isinstance(what, OnAllTables):
            every = {"database_name": self.name, "wildcard": True}
            return "a table", f"{self.name}.*", what.permissions, what.grantable, {"table": every}
        one = {"database_name": self.name, "name": what.table}
        place = f"{self.name}.{what.table}"
        if isinstance(what, OnTable):
            return "a table", place, what.permissions, what.grantable, {"table": one}
        grantable = ("SELECT",) if what.grantable else ()
        if what.columns is None and what.except_ is None:
            return "a table", place, ("SELECT",), grantable, {"table": one}
        columns = self.columns(what.table, what.columns, what.except_, where)
        if what.except_ is not None and what.grantable:
            raise Mistake(
                f"{where}: all columns except some cannot be passed on; name the columns, or drop `grantable`"
            )
        return "some columns", place, ("SELECT",), grantable, {"table_with_columns": {**one, **columns}}

    def columns(
        self, table: str, columns: Sequence[str] | None, except_: Sequence[str] | None, where: str
    ) -> dict[str, Any]:
        """Give the provider's arguments for a choice of columns; raise a Mistake for both, neither or unknown ones."""
        if columns is not None and except_ is not None:
            raise Mistake(f"{where}: name `columns` or `except_`, not both")
        chosen = columns if columns is not None else except_
        if isinstance(chosen, str) or not chosen:
            raise Mistake(f"{where}: `columns` and `except_` take a list with at least one column")
        names = [self.table(table, where).column(column, where) for column in chosen]
        return {"column_names": names} if columns is not None else {"wildcard": True, "excluded_column_names": names}

    def _not_beside_columns(self, who: str, what: Select | OnTable, where: str) -> None:
        # AWS refuses ("Permissions modification is invalid") or ignores a column limit beside other permissions of
        # the same principal on the same table: https://docs.aws.amazon.com/lake-formation/latest/dg/data-filtering-notes.html
        partial = isinstance(what, Select) and not (what.columns is None and what.except_ is None)
        before = self._partial.setdefault((who, what.table), partial)
        if before != partial:
            raise Mistake(f"{where}: a grant on some columns cannot stand beside another grant on the same table")

    def _register(self, table: Table) -> glue.CatalogTable:
        place = f"{self.name}.{table.name}"
        registered = glue.CatalogTable(
            place,
            name=table.name,
            database_name=self.database.name,
            description=table.description or None,
            table_type="EXTERNAL_TABLE",
            parameters={"classification": "parquet"},
            partition_keys=[glue.CatalogTablePartitionKeyArgs(**_column(key)) for key in table.partition_keys],
            storage_descriptor=glue.CatalogTableStorageDescriptorArgs(
                columns=[glue.CatalogTableStorageDescriptorColumnArgs(**_column(column)) for column in table.columns],
                location=table.location or f"{self.location}{table.name}/",
                **_PARQUET,
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        named = {"database_name": self.name, "name": table.name}
        if table.tags:
            self._tag(place, table.tags, registered, table=named)
        for tags, columns in _alike(table.column_tags):
            self._tag(
                f"{place}.{'+'.join(columns)}",
                dict(tags),
                registered,
                table_with_columns={**named, "column_names": columns},
            )
        return registered

    def _tag(self, name: str, tags: Mapping[str, str], on: pulumi.Resource, **target: Any) -> None:
        lakeformation.ResourceLfTags(
            name,
            lakeformation.ResourceLfTagsArgs(
                lf_tags=[lakeformation.ResourceLfTagsLfTagArgs(key=key, value=value) for key, value in tags.items()],
                **target,
            ),
            pulumi.ResourceOptions(parent=self, depends_on=[on, *(self.governance.tags[key] for key in tags)]),
        )

    def __repr__(self) -> str:
        return f"Dataset({self.name!r}, {listed(self.tables)})"


def _column(column: Column) -> dict[str, Any]:
    return {"name": column.name, "type": column.type, "comment": column.comment or None}


def _alike(
    column_tags: Mapping[str, Mapping[str, str]],
) -> list[tuple[tuple[tuple[str, str], ...], list[str]]]:
    """Columns that carry the same tags share one resource."""
    groups: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for column, tags in column_tags.items():
        groups.setdefault(tuple(sorted(tags.items())), []).append(column)
    return list(groups.items())
