"""Answers with what does not bear on one question taken out, before anybody decodes it.

A page keeps its token, so that listings stay as complete as they were. A page of which one row bears on the question
stays whole, so that evidence still points at the right row; of grants, the other rows give way to one that grants
nothing. A page that cannot be read as quickly as this stays as it is: what is wrong with it is for others to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import msgspec

from checks.live.answer import Answer

if TYPE_CHECKING:
    from checks.focus import Focus

_TAGS_OF_ONE: Final = ("lakeformation", "GetResourceLFTags")
_FILTERS: Final = ("lakeformation", "ListDataCellsFilter")
_ODD: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_NOBODY: Final = (
    b'{"Principal":{"DataLakePrincipalIdentifier":"IAM_ALLOWED_PRINCIPALS"},"Resource":{"Catalog":{}},"Permissions":[]}'
)


class _Page(msgspec.Struct, gc=False, omit_defaults=True):
    NextToken: str | None = None


class _Listed(msgspec.Struct, gc=False, omit_defaults=True):
    Name: str
    DatabaseName: str | None = None
    CatalogId: Any = None
    TargetTable: Any = None


class _Tables(_Page, gc=False):
    TableList: list[_Listed] | None = None


class _Place(msgspec.Struct, gc=False):
    Name: str
    DatabaseName: str | None = None


class _Hit(msgspec.Struct, gc=False):
    Table: _Place
    LFTagOnDatabase: msgspec.Raw = msgspec.Raw(b"")


class _Hits(_Page, gc=False):
    TableList: list[_Hit] | None = None


class _Tagged(msgspec.Struct, gc=False):
    LFTagsOnTable: msgspec.Raw = msgspec.Raw(b"")


class _AllHits(_Page, gc=False):
    TableList: list[_Tagged] | None = None


class _Cells(msgspec.Struct, gc=False):
    TableName: str


class _Filters(_Page, gc=False):
    DataCellsFilters: list[_Cells] | None = None


class _Who(msgspec.Struct, gc=False):
    DataLakePrincipalIdentifier: str


class _Held(msgspec.Struct, gc=False):
    Principal: _Who


class _Grants(_Page, gc=False):
    PrincipalResourcePermissions: list[msgspec.Raw] | None = None


_page = msgspec.json.Decoder(_Page).decode
_tables = msgspec.json.Decoder(_Tables).decode
_all_hits = msgspec.json.Decoder(_AllHits).decode
_hits = msgspec.json.Decoder(_Hits).decode
_filters = msgspec.json.Decoder(_Filters).decode
_grants = msgspec.json.Decoder(_Grants).decode
_held = msgspec.json.Decoder(_Held).decode
_encode = msgspec.json.Encoder().encode


class Narrower:
    """Takes out of answers, one after the other, what does not bear on the question of *focus*."""

    def __init__(self, focus: Focus) -> None:
        """Start; one lake's answers or several lakes'."""
        self._focus = focus
        self._seen: dict[tuple[str, str], set[tuple[str | None, bytes]]] = {}
        """Tags that pages of a lake have shown: the database (None for a table's own) and the tags' text."""
        self._passed: list[tuple[Answer, _Tables]] = []
        self._singly = False
        """Whether something was asked of tables one by one: then it matters which there are."""
        self._ways: Mapping[tuple[str, str], Callable[[Answer, bytes], bytes]] = {
            ("glue", "GetTables"): self._of_tables,
            ("glue", "GetPartitions"): self._of_partitions,
            ("lakeformation", "SearchTablesByLFTags"): self._of_hits,
            _TAGS_OF_ONE: self._of_resource,
            _FILTERS: self._of_filters,
            ("lakeformation", "ListPermissions"): self._of_grants,
        }

    def narrow(self, answer: Answer) -> Answer:
        """Return the answer, or one that says less."""
        call = answer.service, answer.operation
        self._singly = self._singly or call == _TAGS_OF_ONE or (call == _FILTERS and "Table" in answer.request)
        way = self._ways.get(call)
        if way is None or answer.response is None:
            return answer
        try:
            left = way(answer, answer.response)
        except _ODD:
            return answer
        return answer if left is answer.response else replace(answer, response=left)

    def late(self) -> Iterator[Answer]:
        """Yield what turned out to matter after all: the bare names of tables, where each was asked about."""
        if self._singly:
            for answer, page in self._passed:
                yield replace(answer, response=_encode(page))

    def _of_tables(self, answer: Answer, data: bytes) -> bytes:
        page, asked = _tables(data), answer.request.get("DatabaseName")
        named = asked if isinstance(asked, str) else ""
        focus = self._focus
        wanted = False
        for row in page.TableList or ():
            focus.passed.append((row.DatabaseName or named, row.Name))
            wanted = wanted or row.Name.lower() == focus.table
        if wanted:
            return data
        self._passed.append((replace(answer, response=None), page))
        return _left(page, "TableList")

    def _of_hits(self, answer: Answer, data: bytes) -> bytes:
        """Keep pages that show the table, or tags that no page before has shown.

        Of the table's database any row may show the tags; whether a search for any value finds something is told by
        the keys that the rows show.
        """
        page = _hits(data)
        seen = self._seen.setdefault((answer.account, answer.region), set())
        known, wanted = len(seen), False
        database, name, any_value = self._focus.database, self._focus.table, b"*" in _encode(answer.request)
        for row in page.TableList or ():
            table = row.Table
            if table.Name.lower() == name:
                wanted = True
            home = (table.DatabaseName or "").lower()
            if home == database or any_value:
                seen.add((home, bytes(row.LFTagOnDatabase)))
        if any_value:
            seen.update((None, bytes(row.LFTagsOnTable)) for row in _all_hits(data).TableList or ())
        return data if wanted or len(seen) > known else _left(page, "TableList")

    def _of_filters(self, _: Answer, data: bytes) -> bytes:
        page = _filters(data)
        if any(row.TableName.lower() == self._focus.table for row in page.DataCellsFilters or ()):
            return data
        return _left(page, "DataCellsFilters")

    def _of_partitions(self, answer: Answer, data: bytes) -> bytes:
        name = answer.request.get("TableName")
        if not isinstance(name, str) or name.lower() == self._focus.table:
            return data
        return _left(_page(data), "Partitions")

    def _of_resource(self, answer: Answer, data: bytes) -> bytes:
        on = answer.request.get("Resource")
        table = on.get("Table") if isinstance(on, dict) and len(on) == 1 else None
        database, name = (table.get("DatabaseName"), table.get("Name")) if isinstance(table, dict) else (None, None)
        if not isinstance(database, str) or not isinstance(name, str):
            return data
        near = database.lower() == self._focus.database or name.lower() == self._focus.table
        return data if near else b"{}"

    def _of_grants(self, _: Answer, data: bytes) -> bytes:
        page = _grants(data)
        rows, concerns = page.PrincipalResourcePermissions or (), self._focus.concerns
        kept = [row if concerns(_held(row).Principal.DataLakePrincipalIdentifier) else None for row in rows]
        if not any(row is not None for row in kept):
            return _left(page, "PrincipalResourcePermissions")
        if None not in kept:
            return data
        token = b"" if page.NextToken is None else b',"NextToken":' + _encode(page.NextToken)
        text = b",".join(_NOBODY if row is None else bytes(row) for row in kept)
        return b'{"PrincipalResourcePermissions":[' + text + b"]" + token + b"}"


def _left(page: _Page, member: str) -> bytes:
    """Return the page without its rows."""
    rest: dict[str, Any] = {member: []}
    if page.NextToken is not None:
        rest["NextToken"] = page.NextToken
    return _encode(rest)
