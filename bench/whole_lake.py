"""The live side of ``bench.access_lake`` with every answer that ``collect`` asks for, in pages as AWS cuts them.

    python -m bench.whole_lake FILE [--grants N] [--tables N] [--column-tags] ...

What ``floodline lab replay FILE`` then serves as AWS: the sweep of grants and a sweep of each resource type, grants
related to each table that has filters, functions of each database, the tags of each table one by one. With
``--column-tags`` a search shows a table's tags on each of its columns too, as the one example in AWS's documentation
does (https://docs.aws.amazon.com/cli/latest/reference/lakeformation/search-tables-by-lf-tags.html): some 60 times the
tags.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from bench.access_grants import (
    COLUMNS,
    DATABASE,
    FILTER,
    KEYS,
    TABLE,
    TABLES_OF_DATABASE,
    TAG,
    WILDCARD,
    Lake,
    TooSmallError,
)
from bench.access_lake import (
    ACCOUNT,
    AT,
    PAGE,
    READER,
    REGION,
    SETTINGS,
    Recording,
    add_arguments,
    column_name,
    database_name,
    json_of,
    pour_into,
    size_of,
    table_name,
    tag_of,
    value_name,
)

CATALOG_PAGE: Final = 100
"""Rows of a page of Glue's listings."""
_TYPES: Final[Mapping[str, frozenset[int]]] = {
    "ANY_RESOURCE": frozenset(),
    "CATALOG": frozenset(),
    "DATABASE": frozenset({DATABASE}),
    "DATA_LOCATION": frozenset(),
    "LF_NAMED_TAG_EXPRESSION": frozenset(),
    "LF_TAG": frozenset(),
    "LF_TAG_POLICY": frozenset({TAG}),
    "LF_TAG_POLICY_DATABASE": frozenset({TAG}),
    "LF_TAG_POLICY_TABLE": frozenset({TAG}),
    "TABLE": frozenset({TABLE, COLUMNS, WILDCARD}),
    "USER_DEFINED_FUNCTION": frozenset(),
}
_EMPTY: Final = (
    ("ListLakeFormationOptIns", "LakeFormationOptInsInfoList"),
    ("ListRLSPolicies", "RLSPolicies"),
    ("ListRLSPolicyAttachments", "RLSPolicyAttachments"),
    ("ListLFTagExpressions", "LFTagExpressions"),
)
_NOT_FOUND: Final = '{"code":"EntityNotFoundException","message":"not found","http_status":400}'


class Whole(Recording):
    """Every answer about one lake. Row for row the live side of ``Recording``; the rest is asked for besides."""

    def __init__(self, lake: Lake, *, column_tags: bool = False) -> None:
        """With *column_tags* searches show tags on columns that inherit them too."""
        super().__init__(lake, live=True)
        self._column_tags = column_tags

    def lines(self) -> Iterator[str]:
        """Give the lines, the header first."""
        yield json_of({"floodline_recording": 1, "started": AT, "tool": "bench.whole_lake", "botocore": "none"})
        yield _line(
            "sts", "GetCallerIdentity", {}, json_of({"UserId": "AROAEXAMPLE", "Account": ACCOUNT, "Arn": READER})
        )
        yield _line("lakeformation", "GetDataLakePrincipal", {}, json_of({"Identity": READER}))
        yield _line("lakeformation", "GetDataLakeSettings", {}, json_of({"DataLakeSettings": SETTINGS}))
        yield from self.sweeps()
        yield from self.related()
        yield from _listing("ListResources", "ResourceInfoList", map(json_of, self.locations()))
        for operation, member in _EMPTY:
            yield from _listing(operation, member, ())
        yield from _listing("ListDataCellsFilter", "DataCellsFilters", map(json_of, self.filters()))
        yield from _listing("ListLFTags", "LFTags", (
            json_of({"CatalogId": ACCOUNT, "TagKey": key, "TagValues": [value_name(one) for one in range(count)]})
            for key, count in KEYS.items()
        ), {"ResourceShareType": "ALL"})  # fmt: skip
        yield from self.searches()
        yield from self.one_by_one()
        yield from self.catalog()
        yield _refused("lakeformation", "DescribeLakeFormationIdentityCenterConfiguration", {})
        yield _refused("glue", "GetResourcePolicy", {})
        yield _line("glue", "GetResourcePolicies", {}, '{"GetResourcePoliciesResponseList":[]}')
        yield _line("glue", "GetDataCatalogEncryptionSettings", {}, json_of({"DataCatalogEncryptionSettings": {
            "EncryptionAtRest": {"CatalogEncryptionMode": "DISABLED"},
            "ConnectionPasswordEncryption": {"ReturnConnectionPasswordEncrypted": False}}}))  # fmt: skip

    # --------------------------------------------------------------------------------------------------------- grants
    def sweeps(self) -> Iterator[str]:
        """Give the listing of all grants, and one of each resource type; filters have none (issue of the API)."""
        yield from _listing("ListPermissions", "PrincipalResourcePermissions", self.permissions())
        for name, kinds in _TYPES.items():
            rows = (row for row, grant in self._rows() if grant.kind in kinds and _of(name, grant.inverted))
            yield from _listing("ListPermissions", "PrincipalResourcePermissions", rows if kinds else (),
                                {"ResourceType": name})  # fmt: skip

    def _rows(self) -> Iterator[tuple[str, Any]]:
        return zip(self.permissions(), self.lake.side(live=True), strict=True)

    def related(self) -> Iterator[str]:
        """Give the grants on each table that has filters, those on its filters included."""
        found: defaultdict[int, list[str]] = defaultdict(list)
        tables = {self.lake.table_of(number) for number in range(self.lake.size.filters)}
        for row, grant in self._rows():
            table = self.lake.table_of(grant.place) if grant.kind == FILTER else grant.place
            if grant.kind in {FILTER, TABLE, COLUMNS} and table in tables:
                found[table].append(row)
        for table in sorted(tables):
            request = {"Resource": {"Table": _table(table)}, "IncludeRelated": "TRUE"}
            yield from _listing("ListPermissions", "PrincipalResourcePermissions", found.pop(table, ()), request)

    # ----------------------------------------------------------------------------------------------------------- tags
    def _hits(self, key: str, values: range) -> Iterator[str]:
        if not self._column_tags:
            yield from super()._hits(key, values)
            return
        names = [column_name(one) for one in range(self.lake.size.columns)]
        for table in range(self.lake.size.tables):
            above, own, below = self._tags_of(table)
            shown = own.get(key, above.get(key))
            odd = {column: value for (column, name), value in below.items() if name == key}
            if shown not in values and not any(value in values for value in odd.values()):
                continue
            columns = ",".join(
                f'{{"Name":"{name}","LFTags":{tag_of(key, value)}}}'
                for number, name in enumerate(names)
                if (value := odd.get(number, shown)) is not None
            )
            on_database = f',"LFTagOnDatabase":{tag_of(key, above[key])}' if key in above else ""
            on_table = f',"LFTagsOnTable":{tag_of(key, shown)}' if shown is not None else ""
            yield f'{{"Table":{json_of(_table(table))}{on_database}{on_table},"LFTagsOnColumns":[{columns}]}}'

    def _tags_of(self, table: int) -> tuple[Any, Any, dict[tuple[int, str], int]]:
        below = {(one, name): value for one, (name, value) in self.tags.columns.get(table, {}).items()}
        return self.tags.databases[table // TABLES_OF_DATABASE], self.tags.tables.get(table, {}), below

    def one_by_one(self) -> Iterator[str]:
        """Give the tags of each table by itself."""
        for table in range(self.lake.size.tables):
            above, own, below = self._tags_of(table)
            answer = {
                "LFTagOnDatabase": _pairs(above),
                "LFTagsOnTable": _pairs({**above, **own}),
                "LFTagsOnColumns": [
                    {"Name": column_name(one), "LFTags": _pairs({name: value})}
                    for (one, name), value in sorted(below.items())
                ],
            }
            place = {name: text for name, text in _table(table).items() if name != "CatalogId"}
            yield _line("lakeformation", "GetResourceLFTags", {"Resource": {"Table": place}}, json_of(answer))

    # -------------------------------------------------------------------------------------------------------- catalog
    def catalog(self) -> Iterator[str]:
        """Give catalogs, databases, their tables and functions."""
        yield from _pages("glue", "GetCatalogs", "CatalogList", (), {"Recursive": True, "IncludeRoot": True}, PAGE)
        yield from _pages("glue", "GetDatabases", "DatabaseList", map(json_of, self.databases()), {}, CATALOG_PAGE)
        yield from _pages(
            "glue", "GetUserDefinedFunctions", "UserDefinedFunctions", (), {"Pattern": ".*"}, CATALOG_PAGE
        )
        for number in range(self.lake.size.databases):
            request = {"DatabaseName": database_name(number)}
            yield from _pages("glue", "GetTables", "TableList", self.tables(number), request, CATALOG_PAGE)


def _of(name: str, inverted: bool) -> bool:
    """Whether a policy is of the resource type; *inverted* says that it is on databases."""
    return inverted if name.endswith("_DATABASE") else not inverted if name.endswith("POLICY_TABLE") else True


def _table(number: int) -> dict[str, str]:
    return {"CatalogId": ACCOUNT, "DatabaseName": database_name(number // TABLES_OF_DATABASE),
            "Name": table_name(number)}  # fmt: skip


def _pairs(tags: Mapping[str, int]) -> list[dict[str, Any]]:
    return [{"CatalogId": ACCOUNT, "TagKey": key, "TagValues": [value_name(one)]} for key, one in sorted(tags.items())]


def _line(service: str, operation: str, request: Mapping[str, Any], response: str, answer: str = "response") -> str:
    return (
        f'{{"account":"{ACCOUNT}","region":"{REGION}","service":"{service}","operation":"{operation}",'
        f'"request":{json_of(request)},"{answer}":{response},"at":"{AT}"}}'
    )


def _refused(service: str, operation: str, request: Mapping[str, Any]) -> str:
    return _line(service, operation, request, _NOT_FOUND, "error")


def _listing(
    operation: str, member: str, rows: Iterable[str], request: Mapping[str, Any] | None = None
) -> Iterator[str]:
    return _pages("lakeformation", operation, member, rows, request or {}, PAGE)


def _pages(
    service: str, operation: str, member: str, rows: Iterable[str], request: Mapping[str, Any], size: int
) -> Iterator[str]:
    """Give the pages of a listing; each token is its page's number."""
    asked = {**request, "MaxResults": size}
    page: list[str] = []
    number = 0
    for row in rows:
        if len(page) == size:
            number += 1
            token = f"{operation}-{number:06d}".ljust(200, "=")
            yield _line(service, operation, asked, f'{{"{member}":[{",".join(page)}],"NextToken":"{token}"}}')
            asked["NextToken"] = token
            page.clear()
        page.append(row)
    yield _line(service, operation, asked, f'{{"{member}":[{",".join(page)}]}}')


def write(lake: Lake, path: Path, *, column_tags: bool = False) -> None:
    """Write the recording beside *path*, then rename."""
    pour_into(path, (f"{line}\n" for line in Whole(lake, column_tags=column_tags).lines()))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.whole_lake", description="Write a lake to be replayed.")
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("--column-tags", action="store_true", help="show inherited tags on each column")
    add_arguments(parser)
    asked = parser.parse_args(arguments)
    try:
        lake = Lake(size_of(asked))
    except TooSmallError as error:
        parser.error(str(error))
    write(lake, asked.file, column_tags=asked.column_tags)
    return 0


if __name__ == "__main__":
    sys.exit(main())
