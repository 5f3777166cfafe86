"""A lake of any number of grants, declared and live, with known differences: what ``bench.access`` measures on.

    python -m bench.access_lake FOLDER [--grants N] [--tables N] [--principals N] [--peer] ...

Writes FOLDER/declared.jsonl and FOLDER/live.jsonl, two complete recordings (docs/contract.md, "Recording"), and
FOLDER/planted.json, which names every difference between them; with ``--peer`` also desired.json and current.json,
the same grants, filters and tags as ``lfpolicy`` reads them. The same arguments give the same bytes.
``bench.access_grants`` says what is in the lake.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import IO, Any, Final

from bench.access_grants import (
    CHANGES,
    COLUMNS,
    DATABASE,
    FILTER,
    GAINED,
    KEYS,
    LESS,
    MORE,
    ON_DATABASES,
    ON_TABLES,
    TABLE,
    TABLES_OF_DATABASE,
    TAG,
    WILDCARD,
    Expression,
    Grant,
    Lake,
    Planted,
    Size,
    TooSmallError,
    Values,
)

ACCOUNT: Final = "111122223333"
REGION: Final = "us-east-1"
READER: Final = f"arn:aws:iam::{ACCOUNT}:role/lake-auditor"
ADMIN: Final = f"arn:aws:iam::{ACCOUNT}:role/lake-admin"
AT: Final = "2026-11-23T10:00:00Z"
PAGE: Final = 1000
SEARCH_PAGE: Final = 100
SEARCH_VALUES: Final = 50
_KINDS: Final = ("table", "columns", "data_cells_filter", "database", "all_tables", "lf_tag_policy")
_CHUNK: Final = 1 << 18


# --------------------------------------------------------------------------------------------------------------- names
def database_name(number: int) -> str:
    """Name a database."""
    return f"db_{number:04d}"


def table_name(number: int) -> str:
    """Name a table."""
    return f"t_{number:05d}"


def principal_name(number: int) -> str:
    """Name a role."""
    return f"arn:aws:iam::{ACCOUNT}:role/lake/role-{number:05d}"


def filter_name(number: int) -> str:
    """Name a data cells filter; unique in its table."""
    return f"f{number % 2}"


def column_name(number: int) -> str:
    """Name a column."""
    return f"c{number:02d}"


def value_name(number: int) -> str:
    """Name a value of an LF-tag."""
    return f"v{number}"


_COLUMN: Final = [column_name(number) for number in range(100)]
_TYPES: Final = ("bigint", "string", "int", "boolean", "decimal(10,2)", "double", "timestamp", "date")
_VARIANTS: Final = 301


def json_of(value: object) -> str:
    """Spell a value as compact JSON."""
    return json.dumps(value, separators=(",", ":"))


def _names(columns: Iterable[int]) -> str:
    return '["' + '","'.join([_COLUMN[one] for one in columns]) + '"]'


# ---------------------------------------------------------------------------------------------------------- recordings
class Recording:
    """One side as answers of AWS, one line a page, in the order in which ``collect`` asks."""

    def __init__(self, lake: Lake, *, live: bool) -> None:
        """*live* chooses the side."""
        self.lake = lake
        self.live = live
        self.tags = lake.live if live else lake.declared
        self._expressions = [json_of(_pairs(one)) for one in lake.expressions]
        self._words = {one: json_of(one) for one in {*ON_TABLES, *ON_DATABASES, *MORE.values(), *LESS.values(), ()}}

    def lines(self) -> Iterator[str]:
        """Give the lines, the header first."""
        yield json_of({"floodline_recording": 1, "started": AT, "tool": "bench.access_lake", "botocore": "none"})
        yield _line(
            "sts", "GetCallerIdentity", {}, json_of({"UserId": "AROAEXAMPLE", "Account": ACCOUNT, "Arn": READER})
        )
        yield _line("lakeformation", "GetDataLakePrincipal", {}, json_of({"Identity": READER}))
        yield _line("lakeformation", "GetDataLakeSettings", {}, json_of({"DataLakeSettings": SETTINGS}))
        yield from _listing("ListPermissions", "PrincipalResourcePermissions", self.permissions())
        yield from _listing("ListResources", "ResourceInfoList", map(json_of, self.locations()))
        yield from _listing("ListLakeFormationOptIns", "LakeFormationOptInsInfoList", ())
        yield from _listing("ListDataCellsFilter", "DataCellsFilters", map(json_of, self.filters()))
        yield from _listing("ListRLSPolicies", "RLSPolicies", ())
        yield from _listing("ListRLSPolicyAttachments", "RLSPolicyAttachments", ())
        yield from _listing("ListLFTagExpressions", "LFTagExpressions", ())
        yield from _listing("ListLFTags", "LFTags", (
            json_of({"CatalogId": ACCOUNT, "TagKey": key, "TagValues": [value_name(one) for one in range(count)]})
            for key, count in KEYS.items()
        ))  # fmt: skip
        yield from self.searches()
        yield _line("glue", "GetDatabases", {}, '{"DatabaseList":[' + ",".join(map(json_of, self.databases())) + "]}")
        for number in range(self.lake.size.databases):
            rows = ",".join(self.tables(number))
            yield _line("glue", "GetTables", {"DatabaseName": database_name(number)}, '{"TableList":[' + rows + "]}")
        yield _line("glue", "GetResourcePolicies", {}, '{"GetResourcePoliciesResponseList":[]}')

    # --------------------------------------------------------------------------------------------------------- grants
    def permissions(self) -> Iterator[str]:
        """Give rows of ListPermissions."""
        words = self._words
        for number, grant in enumerate(self.lake.side(live=self.live)):
            permissions = words.get(grant.permissions) or json_of(grant.permissions)
            options = permissions if grant.options else "[]"
            second = number * 37 % 86400
            yield (
                f'{{"Principal":{{"DataLakePrincipalIdentifier":"arn:aws:iam::{ACCOUNT}:role/lake/role-'
                f'{grant.principal:05d}"}},"Resource":{self._resource(grant)},"Permissions":{permissions},'
                f'"PermissionsWithGrantOption":{options},"LastUpdated":"2026-10-{number % 28 + 1:02d}T'
                f'{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}.{number % 1000:03d}000Z",'
                f'"LastUpdatedBy":"arn:aws:sts::{ACCOUNT}:assumed-role/lake-admin/deploy-{number % 23}"}}'
            )

    def _resource(self, grant: Grant) -> str:
        kind, place = grant.kind, grant.place
        if kind == TABLE:
            return (
                f'{{"Table":{{"CatalogId":"{ACCOUNT}","DatabaseName":"db_{place // TABLES_OF_DATABASE:04d}",'
                f'"Name":"t_{place:05d}"}}}}'
            )
        if kind == COLUMNS:
            names = _names(grant.columns)
            which = (
                f'"ColumnWildcard":{{"ExcludedColumnNames":{names}}}' if grant.inverted else f'"ColumnNames":{names}'
            )
            return (
                f'{{"TableWithColumns":{{"CatalogId":"{ACCOUNT}","DatabaseName":"db_{place // TABLES_OF_DATABASE:04d}",'
                f'"Name":"t_{place:05d}",{which}}}}}'
            )
        if kind == FILTER:
            table = self.lake.table_of(place)
            return (
                f'{{"DataCellsFilter":{{"TableCatalogId":"{ACCOUNT}","DatabaseName":"'
                f'db_{table // TABLES_OF_DATABASE:04d}","TableName":"t_{table:05d}","Name":"{filter_name(place)}"}}}}'
            )
        if kind == DATABASE:
            return f'{{"Database":{{"CatalogId":"{ACCOUNT}","Name":"db_{place:04d}"}}}}'
        if kind == WILDCARD:
            return (
                f'{{"Table":{{"CatalogId":"{ACCOUNT}","DatabaseName":"db_{place:04d}","Name":"ALL_TABLES",'
                f'"TableWildcard":{{}}}}}}'
            )
        on = "DATABASE" if grant.inverted else "TABLE"
        expression = self._expressions[place]
        return f'{{"LFTagPolicy":{{"CatalogId":"{ACCOUNT}","ResourceType":"{on}","Expression":{expression}}}}}'

    # ----------------------------------------------------------------------------------------------------------- tags
    def searches(self) -> Iterator[str]:
        """Give a search for each key and at most fifty of its values, for databases and for tables.

        As an answer of AWS, a live hit shows inherited values on the table, and the searched key only; it does not show
        them on each column. A declared hit shows what is declared on the object itself.
        """
        for key, count in KEYS.items():
            for start in range(0, count, SEARCH_VALUES):
                values = range(start, min(start + SEARCH_VALUES, count))
                request = {"Expression": [{"TagKey": key, "TagValues": [value_name(one) for one in values]}]}
                rows = (
                    f'{{"Database":{{"CatalogId":"{ACCOUNT}","Name":"{database_name(number)}"}},'
                    f'"LFTags":{tag_of(key, tags[key])}}}'
                    for number, tags in enumerate(self.tags.databases) if tags.get(key) in values
                )  # fmt: skip
                yield from _listing("SearchDatabasesByLFTags", "DatabaseList", rows, request, SEARCH_PAGE)
                hits = self._hits(key, values)
                yield from _listing("SearchTablesByLFTags", "TableList", hits, request, SEARCH_PAGE)

    def _hits(self, key: str, values: range) -> Iterator[str]:
        for table in range(self.lake.size.tables):
            database, own = self.tags.databases[table // TABLES_OF_DATABASE], self.tags.tables.get(table, {})
            shown = own.get(key, database.get(key)) if self.live else own.get(key)
            columns = [
                f'{{"Name":"{column_name(one)}","LFTags":{tag_of(key, value)}}}'
                for one, (name, value) in sorted(self.tags.columns.get(table, {}).items()) if name == key
            ] if key in ("pii", "sensitivity") and values.start == 0 else []  # fmt: skip
            if shown not in values and not columns:
                continue
            above = f',"LFTagOnDatabase":{tag_of(key, database[key])}' if key in database else ""
            here = f',"LFTagsOnTable":{tag_of(key, shown)}' if shown is not None else ""
            below = f',"LFTagsOnColumns":[{",".join(columns)}]' if columns else ""
            yield (
                f'{{"Table":{{"CatalogId":"{ACCOUNT}","DatabaseName":"{database_name(table // TABLES_OF_DATABASE)}",'
                f'"Name":"{table_name(table)}"}}{above}{here}{below}}}'
            )

    # ---------------------------------------------------------------------------------------------------------- other
    def filters(self) -> Iterator[dict[str, Any]]:
        """Give rows of ListDataCellsFilter."""
        for number in range(self.lake.size.filters):
            table = self.lake.table_of(number)
            columns, inverted = self.lake.filter_columns(number)
            names = [column_name(one) for one in columns]
            yield {
                "TableCatalogId": ACCOUNT,
                "DatabaseName": database_name(table // TABLES_OF_DATABASE),
                "TableName": table_name(table),
                "Name": filter_name(number),
                "RowFilter": {"FilterExpression": self.lake.filter_body(number, live=self.live)},
                **({"ColumnWildcard": {"ExcludedColumnNames": names}} if inverted else {"ColumnNames": names}),
                "VersionId": str(number),
            }

    def locations(self) -> Iterator[dict[str, Any]]:
        """Give rows of ListResources: a place for every hundred databases."""
        for zone in range(-(-self.lake.size.databases // 100)):
            yield {
                "ResourceArn": f"arn:aws:s3:::example-lake/zone-{zone}",
                "RoleArn": ADMIN,
                "LastModified": AT,
                "WithFederation": False,
                "HybridAccessEnabled": False,
            }

    def databases(self) -> Iterator[dict[str, Any]]:
        """Give rows of GetDatabases."""
        for number in range(self.lake.size.databases):
            yield {
                "Name": database_name(number),
                "Description": f"Database {number}",
                "LocationUri": f"s3://example-lake/zone-{number // 100}/{database_name(number)}",
                "CreateTime": AT,
                "CreateTableDefaultPermissions": [],
                "CatalogId": ACCOUNT,
            }

    def tables(self, database: int) -> Iterator[str]:
        """Give rows of GetTables of one database."""
        start = database * TABLES_OF_DATABASE
        name = database_name(database)
        for table in range(start, min(start + TABLES_OF_DATABASE, self.lake.size.tables)):
            columns = self._columns[table * 7 % _VARIANTS]
            if self.live and table in self.lake.added_columns:
                columns += ',{"Name":"added","Type":"string"}'
            yield (
                f'{{"Name":"{table_name(table)}","DatabaseName":"{name}","CreateTime":"{AT}","UpdateTime":"{AT}",'
                f'"Retention":0,"StorageDescriptor":{{"Columns":[{columns}],'
                f'"Location":"s3://example-lake/zone-{database // 100}/{name}/{table_name(table)}",{_STORAGE}}},'
                f'"PartitionKeys":[],"TableType":"EXTERNAL_TABLE","Parameters":{{"classification":"parquet"}},'
                f'"CreatedBy":"{ADMIN}","IsRegisteredWithLakeFormation":true,"CatalogId":"{ACCOUNT}","VersionId":"1"}}'
            )

    @cached_property
    def _columns(self) -> list[str]:
        """Columns of tables: the first five have the same types everywhere, the others in some hundred ways."""
        return [
            ",".join(
                f'{{"Name":"{column_name(one)}","Type":"{_TYPES[one if one < 5 else (one + one * variant) % 8]}"}}'
                for one in range(self.lake.size.columns)
            )
            for variant in range(_VARIANTS)
        ]


SETTINGS: Final = {
    "DataLakeAdmins": [{"DataLakePrincipalIdentifier": ADMIN}],
    "ReadOnlyAdmins": [{"DataLakePrincipalIdentifier": READER}],
    "CreateDatabaseDefaultPermissions": [],
    "CreateTableDefaultPermissions": [],
    "Parameters": {"CROSS_ACCOUNT_VERSION": "4", "SET_CONTEXT": "TRUE"},
    "TrustedResourceOwners": [],
    "AllowExternalDataFiltering": False,
    "AllowFullTableExternalDataAccess": False,
    "ExternalDataFilteringAllowList": [],
    "AuthorizedSessionTagValueList": [],
}
_STORAGE: Final = (
    '"InputFormat":"org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",'
    '"OutputFormat":"org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat","Compressed":false,'
    '"NumberOfBuckets":0,"SerdeInfo":{"SerializationLibrary":'
    '"org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe","Parameters":{"serialization.format":"1"}},'
    '"SortColumns":[],"StoredAsSubDirectories":false'
)


def _line(service: str, operation: str, request: Mapping[str, Any], response: str) -> str:
    return (
        f'{{"account":"{ACCOUNT}","region":"{REGION}","service":"{service}","operation":"{operation}",'
        f'"request":{json_of(request)},"response":{response},"at":"{AT}"}}'
    )


def _listing(
    operation: str, member: str, rows: Iterable[str], request: Mapping[str, Any] | None = None, size: int = PAGE
) -> Iterator[str]:
    """Give the pages of a listing of Lake Formation."""
    asked = {**(request or {}), "MaxResults": size}
    number = 0
    page: list[str] = []
    for row in rows:
        if len(page) == size:
            number += 1
            token = f"{operation}-{number:06d}".ljust(200, "=")
            response = f'{{"{member}":[{",".join(page)}],"NextToken":"{token}"}}'
            yield _line("lakeformation", operation, asked, response)
            asked["NextToken"] = token
            page.clear()
        page.append(row)
    yield _line("lakeformation", operation, asked, f'{{"{member}":[{",".join(page)}]}}')


def _pairs(expression: Expression) -> list[dict[str, Any]]:
    return [{"TagKey": key, "TagValues": [value_name(one) for one in values]} for key, values in expression]


def tag_of(key: str, value: int) -> str:
    """Spell one LF-tag as the list that an answer has."""
    return f'[{{"CatalogId":"{ACCOUNT}","TagKey":"{key}","TagValues":["v{value}"]}}]'


# ---------------------------------------------------------------------------------------------------------------- peer
class Peer:
    """One side as ``lfpolicy`` reads it: grants, filters and tags. It has no place for tables and columns."""

    def __init__(self, lake: Lake, *, live: bool) -> None:
        """*live* chooses the side."""
        self.lake = lake
        self.live = live
        self.tags = lake.live if live else lake.declared
        self._expressions = [
            json_of({key: [value_name(value) for value in values] for key, values in one}) for one in lake.expressions
        ]

    def text(self) -> Iterator[str]:
        """Give the document piece by piece."""
        parts = {
            "lf_tags": self.keys(),
            "data_cells_filters": self.filters(),
            "resource_tags": self.assignments(),
            "grants": self.grants(),
        }
        yield "{"
        for number, (name, rows) in enumerate(parts.items()):
            yield f'{"," if number else ""}"{name}":['
            for count, row in enumerate(rows):
                yield ("," if count else "") + row
            yield "]"
        yield "}"

    def keys(self) -> Iterator[str]:
        """Give the LF-tags."""
        for key, count in KEYS.items():
            yield json_of({"key": key, "values": [value_name(one) for one in range(count)], "catalog_id": ACCOUNT})

    def filters(self) -> Iterator[str]:
        """Give the data cells filters."""
        for number in range(self.lake.size.filters):
            table = self.lake.table_of(number)
            columns, inverted = self.lake.filter_columns(number)
            names = [column_name(one) for one in columns]
            which: dict[str, Any] = {"columns": names}
            if inverted:
                which = {"column_wildcard": True, **({"excluded_columns": names} if names else {})}
            yield json_of({
                "name": filter_name(number), "database": database_name(table // TABLES_OF_DATABASE),
                "table": table_name(table), "catalog_id": ACCOUNT,
                "row_filter": self.lake.filter_body(number, live=self.live), **which,
            })  # fmt: skip

    def assignments(self) -> Iterator[str]:
        """Give the tags of databases, tables and columns, inherited ones left out on both sides."""
        for number, tags in enumerate(self.tags.databases):
            if tags:
                yield _assigned({"kind": "database", "database": database_name(number)}, tags)
        for table in sorted({*self.tags.tables, *self.tags.columns}):
            where = {"database": database_name(table // TABLES_OF_DATABASE), "table": table_name(table)}
            if table in self.tags.tables:
                yield _assigned({"kind": "table", **where}, self.tags.tables[table])
            for column, (key, value) in sorted(self.tags.columns.get(table, {}).items()):
                on = {"kind": "table_with_columns", **where, "columns": [column_name(column)]}
                yield _assigned(on, {key: value})

    def grants(self) -> Iterator[str]:
        """Give the grants."""
        words: dict[tuple[str, ...], str] = {}
        for grant in self.lake.side(live=self.live):
            held = words.get(grant.permissions) or words.setdefault(grant.permissions, json_of(grant.permissions))
            options = f',"grantable_permissions":{held}' if grant.options else ""
            yield (
                f'{{"principal":"arn:aws:iam::{ACCOUNT}:role/lake/role-{grant.principal:05d}","resource":{{'
                f'{self._resource(grant)},"catalog_id":"{ACCOUNT}"}},"permissions":{held}{options}}}'
            )

    def _resource(self, grant: Grant) -> str:
        kind, place = grant.kind, grant.place
        if kind == TABLE:
            return f'"kind":"table","database":"db_{place // TABLES_OF_DATABASE:04d}","table":"t_{place:05d}"'
        if kind == COLUMNS:
            names = _names(grant.columns)
            which = f'"column_wildcard":true,"excluded_columns":{names}' if grant.inverted else f'"columns":{names}'
            where = f'"database":"db_{place // TABLES_OF_DATABASE:04d}","table":"t_{place:05d}"'
            return f'"kind":"table_with_columns",{where},{which}'
        if kind == FILTER:
            table = self.lake.table_of(place)
            where = f'"database":"db_{table // TABLES_OF_DATABASE:04d}","table":"t_{table:05d}"'
            return f'"kind":"data_cells_filter",{where},"filter_name":"{filter_name(place)}"'
        if kind == DATABASE:
            return f'"kind":"database","database":"db_{place:04d}"'
        if kind == WILDCARD:
            return f'"kind":"table","database":"db_{place:04d}","table":"ALL_TABLES"'
        on = "DATABASE" if grant.inverted else "TABLE"
        return f'"kind":"lf_tag_policy","resource_type":"{on}","expression":{self._expressions[place]}'


def _assigned(resource: Mapping[str, Any], tags: Values) -> str:
    values = {key: [value_name(value)] for key, value in sorted(tags.items())}
    return json_of({"resource": {**resource, "catalog_id": ACCOUNT}, "tags": values})


# ------------------------------------------------------------------------------------------------------------- writing
def planted(lake: Lake) -> dict[str, Any]:
    """Return every difference as JSON values: what a comparison has to find."""
    return {
        "grants": [_difference(lake, one) for one in lake.planted.values()],
        "tags": [
            {"key": key, **_where(place, on_database=on_database), "declared": value_name(before),
             "live": value_name(after)}
            for key, place, on_database, before, after in lake.moved
        ],
        "filters": [
            {**_where(lake.table_of(one), on_database=False), "name": filter_name(one)} for one in lake.edited_filters
        ],
        "columns": [{**_where(one, on_database=False), "column": "added"} for one in lake.added_columns],
    }  # fmt: skip


def _difference(lake: Lake, one: Planted) -> dict[str, Any]:
    grant = one.live or one.declared
    assert grant is not None
    said: dict[str, Any] = {
        "change": one.change,
        "gained": one.change in GAINED,
        "principal": principal_name(grant.principal),
        "kind": _KINDS[grant.kind],
        "declared": one.declared.permissions if one.declared is not None else (),
        "live": one.live.permissions if one.live is not None else (),
    }
    if grant.kind == TAG:
        said |= {"resource_type": "DATABASE" if grant.inverted else "TABLE",
                 "expression": _pairs(lake.expressions[grant.place])}  # fmt: skip
    elif grant.kind in (DATABASE, WILDCARD):
        said |= _where(grant.place, on_database=True)
    elif grant.kind == FILTER:
        said |= {**_where(lake.table_of(grant.place), on_database=False), "name": filter_name(grant.place)}
    else:
        said |= _where(grant.place, on_database=False)
    return said


def _where(place: int, *, on_database: bool) -> dict[str, str | None]:
    if on_database:
        return {"database": database_name(place), "table": None}
    return {"database": database_name(place // TABLES_OF_DATABASE), "table": table_name(place)}


def write(lake: Lake, folder: Path, *, peer: bool = False) -> dict[str, Any]:
    """Write both sides and what differs; return counts of what was written."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, live in (("declared", False), ("live", True)):
        pour_into(folder / f"{name}.jsonl", (f"{line}\n" for line in Recording(lake, live=live).lines()))
    if peer:
        for name, live in (("desired", False), ("current", True)):
            pour_into(folder / f"{name}.json", Peer(lake, live=live).text())
    differences = planted(lake)
    pour_into(folder / "planted.json", [json_of(differences)])
    size = lake.size
    return {
        "grants": size.grants, "tables": size.tables, "columns": size.columns, "databases": size.databases,
        "principals": size.principals, "filters": size.filters, "expressions": size.expressions,
        "planted": {name: len(found) for name, found in differences.items()},
        "changes": {one: sum(1 for other in lake.planted.values() if other.change == one) for one in CHANGES},
        "bytes": {path.name: path.stat().st_size for path in sorted(folder.iterdir()) if path.suffix != ".part"},
    }  # fmt: skip


def pour_into(path: Path, pieces: Iterable[str]) -> None:
    """Write beside *path*, then rename: a file that is there is whole."""
    partial = path.with_name(f"{path.name}.part")
    with partial.open("w", encoding="ascii", newline="", buffering=1 << 20) as file:
        _pour(file, pieces)
    partial.replace(path)


def _pour(file: IO[str], pieces: Iterable[str]) -> None:
    held: list[str] = []
    length = 0
    for piece in pieces:
        held.append(piece)
        length += len(piece)
        if length > _CHUNK:
            file.write("".join(held))
            held.clear()
            length = 0
    file.write("".join(held))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that say how big the lake is."""
    default = Size()
    for name, what in (
        ("grants", "grants on each side"), ("tables", "tables, fifty to a database"), ("principals", "roles"),
        ("moved-tags", "LF-tags with another value live, one in ten of them on a database"),
        ("edited-filters", "data cells filters with other rows live"),
        ("added-columns", "tables with one more column live"),
        ("seed", "what the lake is drawn from"),
    ):  # fmt: skip
        value = getattr(default, name.replace("-", "_"))
        parser.add_argument(f"--{name}", type=int, default=value, metavar="N", help=f"{what} (default {value:,})")
    parser.add_argument("--drift", type=float, default=default.drift, metavar="SHARE",
                        help=f"share of the grants that differ (default {default.drift})")  # fmt: skip


def size_of(asked: argparse.Namespace) -> Size:
    """Return what the options ask for."""
    names = ("grants", "tables", "principals", "moved_tags", "edited_filters", "added_columns", "seed", "drift")
    return replace(Size(), **{name: getattr(asked, name) for name in names})


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.access_lake", description="Write a lake with known drift.")
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--peer", action="store_true", help="write it for lfpolicy too")
    add_arguments(parser)
    asked = parser.parse_args(arguments)
    try:
        lake = Lake(size_of(asked))
    except TooSmallError as error:
        parser.error(str(error))
    print(json_of(write(lake, asked.folder, peer=asked.peer)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
