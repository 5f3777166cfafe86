"""Rows of ListPermissions into packed grants: what repeats is read once, and most of a million rows repeat.

Principals, permissions and resources are looked up by the very bytes of the answer; ``normal.resource`` says once what
they mean.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec import UNSET, Raw, UnsetType

from checks import normal
from checks.grants import RESOURCE_BITS, TABULAR, UNFILTERED
from checks.live.shapes import FilterResource, Principal, Shape
from checks.model import Table
from checks.semantics import expand

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from checks.grants import Grants, Row
    from checks.live.shapes import Condition, PermissionRow
    from checks.model import Resource

    Careful = Callable[[Mapping[str, Any], str], Resource]

_CACHED: Final = 500_000
_ALL_TABLES: Final = "ALL_TABLES"
_NOTHING: Final = -1
"""In place of the number of a pair: a row without permissions grants nothing."""
_MALFORMED = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


_COLUMNS_FOLLOW: Final = b',"Column'
_FILTER_FOLLOWS: Final = b'{"DataCellsFilter":'
_NAME_FOLLOWS: Final = b',"Name":'
_PROBE_TABLE: Final = b'{"TableWithColumns":{"DatabaseName":"d","Name":"t"'
_PROBE_NAME: Final = b',"Name":"f"}}'
_PROBE_FILTER: Final = b'{"DataCellsFilter":{"DatabaseName":"d","TableName":"t"'


class _Wildcard(Shape):
    ExcludedColumnNames: Raw = Raw(b"[]")


class _Columns(Shape):
    DatabaseName: str
    Name: str
    CatalogId: str | None = None
    ColumnNames: Raw | UnsetType = UNSET
    ColumnWildcard: _Wildcard | None = None


class _OnColumns(Shape):
    TableWithColumns: _Columns


class _OnFilter(Shape):
    DataCellsFilter: FilterResource


_columns = msgspec.json.Decoder(_OnColumns).decode
_filter = msgspec.json.Decoder(_OnFilter).decode
_loads = msgspec.json.Decoder().decode
_texts = msgspec.json.Decoder(list[str] | None).decode
_text = msgspec.json.Decoder(str | None).decode


class PermissionRows:
    """Takes pages of rows into ``grants``."""

    def __init__(self, grants: Grants) -> None:
        """Start with empty caches."""
        self._grants = grants
        self._people: dict[bytes, int] = {}
        self._resources: dict[str, dict[bytes, int]] = {}
        self._pairs: dict[tuple[bytes, bytes, int], int] = {}
        self._tails: dict[bytes, int] = {}
        self._writers: dict[bytes, int] = {}
        self.silent = 0
        """Rows so far that grant nothing."""

    def take(
        self,
        rows: Iterable[tuple[int, PermissionRow]],
        home: str,
        line: int,
        *,
        careful: Careful,
        piece: Callable[[type[Shape], Raw, str], Any],
        unheard: Callable[[set[str]], None],
        broken: Callable[[int, str], None],
        asked: int = UNFILTERED,
    ) -> int:
        """Take one page's rows and return how many say something.

        *home* is the catalog of what names none, *line* the page's in its recording, *asked* as in ``Grants``.
        *careful* reads a resource's mapping, and notes what is not understood; *piece* decodes a member that was left
        as it came; *unheard* hears of permissions as they are first written; *broken* of rows that say nothing.
        """
        return self._grants.take_page(line, self._page(rows, home, careful, piece, unheard, broken), asked)

    def _page(
        self,
        rows: Iterable[tuple[int, PermissionRow]],
        home: str,
        careful: Careful,
        piece: Callable[[type[Shape], Raw, str], Any],
        unheard: Callable[[set[str]], None],
        broken: Callable[[int, str], None],
    ) -> Iterator[Row]:
        people, pairs, writers, kinds = self._people, self._pairs, self._writers, self._grants.pool.kinds
        resources = self._resources.setdefault(home, {})
        for index, row in rows:
            try:
                text = bytes(row.Principal)
                who = people.get(text)
                if who is None:
                    name = piece(Principal, row.Principal, "Principal").DataLakePrincipalIdentifier
                    who = people[text] = self._grants.pool.principal(normal.principal(name))
                text = bytes(row.Resource)
                on = resources.get(text)
                if on is None:
                    on = self._on(text, home, resources, careful)
                option = row.PermissionsWithGrantOption
                # What ALL stands for depends on the kind of resource; tables and what lies in them are of one.
                kind = _NOTHING if kinds[on] <= TABULAR else on
                words = bytes(row.Permissions), b"" if option is UNSET else bytes(option), kind
                pair = pairs.get(words)
                if pair is None:
                    pair = pairs[words] = self._pair(*words[:2], on, unheard)
                if pair == _NOTHING:
                    self.silent += 1
                    continue
                writer = row.LastUpdatedBy
                by = 0 if writer is UNSET else writers.get(text := bytes(writer))
                if by is None:
                    by = writers[text] = self._writer(text)
                key = who << RESOURCE_BITS | on if row.Condition is None else self._key(who, on, row.Condition)
                time = row.LastUpdated
                yield key, pair, index, by, b"" if time is UNSET else bytes(time)
            except normal.NotUnderstoodError as error:
                broken(index, str(error))

    def _key(self, who: int, on: int, condition: Condition) -> int:
        return self._grants.key(who, on, self._grants.pool.condition(normal.condition(condition.Expression)))

    def _writer(self, text: bytes) -> int:
        try:
            return self._grants.writer(_text(text))
        except _MALFORMED:
            raise normal.NotUnderstoodError("`LastUpdatedBy` is not a text") from None

    def _pair(self, held: bytes, lent: bytes, on: int, unheard: Callable[[set[str]], None]) -> int:
        try:
            names, options = _texts(held) or [], _texts(lent) or [] if lent else []
        except _MALFORMED:
            raise normal.NotUnderstoodError("the resource or the permissions are malformed") from None
        pool = self._grants.pool
        noun = pool.noun(on)
        unheard({*names, *options})
        parts = normal.grant_rows(None, noun, names, options)
        if not parts:
            return _NOTHING
        given = frozenset().union(*(part.permissions for part in parts))
        passed = frozenset().union(*(part.grantable for part in parts))
        return pool.pair(expand(given, noun), expand(passed, noun))

    # ------------------------------------------------------------------------------------------------------ resources
    def _on(self, text: bytes, home: str, known: dict[bytes, int], careful: Careful) -> int:
        """Return the number of the resource that *text* spells.

        Columns and filters are as many as grants and are not kept in *known*. Their text is cut before the columns or
        the filter's name, and each part looked up by itself: inside a JSON text a quote is never bare, so that the
        cut falls between two members.
        """
        if (cut := text.find(_COLUMNS_FOLLOW)) > 0:
            head, tail = text[:cut], text[cut:]
            table, names = known.get(head), self._tails.get(tail)
            if table is None:
                table = known[head] = self._table_of_columns(head, home)
            if names is None:
                names = self._keep(self._tails, tail, self._names(tail))
            if table >= 0 <= names:
                return self._grants.pool.columns_of(table, names >> 1, excluded=bool(names & 1))
        elif text.startswith(_FILTER_FOLLOWS) and (cut := text.rfind(_NAME_FOLLOWS)) > 0:
            head, tail = text[:cut], text[cut:]
            table, name = known.get(head), self._tails.get(tail)
            if table is None:
                table = known[head] = self._table_of_filter(head, home)
            if name is None:
                name = self._keep(self._tails, tail, self._filter_name(tail))
            if table >= 0 <= name:
                return self._grants.pool.filter_of(table, name)
        return self._keep(known, text, self._carefully(text, home, careful))

    @staticmethod
    def _keep(cache: dict[bytes, int], text: bytes, number: int) -> int:
        if len(cache) >= _CACHED:
            cache.clear()
        cache[text] = number
        return number

    def _table_of_columns(self, head: bytes, home: str) -> int:
        """Return the number of the table that *head*, up to its columns, names; -1 for what is not just that."""
        one = _read(_columns, head + b"}}")
        if one is None or one.TableWithColumns.Name in ("", _ALL_TABLES):
            return _NOTHING
        found = one.TableWithColumns
        if found.ColumnWildcard is not None or found.ColumnNames is not UNSET:
            return _NOTHING
        return self._table(found.CatalogId or home, found.DatabaseName, found.Name)

    def _names(self, tail: bytes) -> int:
        """Return twice the number of the column names in *tail*, and one if they are excluded; -1 for all columns."""
        one = _read(_columns, _PROBE_TABLE + tail)
        if one is None:
            return _NOTHING
        found = one.TableWithColumns
        if (found.CatalogId, found.DatabaseName, found.Name) != (None, "d", "t"):
            return _NOTHING
        given = [] if found.ColumnNames is UNSET else _read(_texts, bytes(found.ColumnNames))
        wildcard = found.ColumnWildcard
        excluded = wildcard is not None and _read(_texts, bytes(wildcard.ExcludedColumnNames or b"[]"))
        if not (given or excluded) or (given and wildcard is not None):
            return _NOTHING
        names = frozenset(map(normal.column_name, given or excluded or ()))
        return self._grants.pool.names(names) << 1 | bool(excluded)

    def _table_of_filter(self, head: bytes, home: str) -> int:
        one = _read(_filter, head + _PROBE_NAME)
        if one is None or one.DataCellsFilter.Name != "f":
            return _NOTHING
        found = one.DataCellsFilter
        return self._table(found.TableCatalogId or home, found.DatabaseName, found.TableName)

    def _filter_name(self, tail: bytes) -> int:
        one = _read(_filter, _PROBE_FILTER + tail)
        if one is None:
            return _NOTHING
        found = one.DataCellsFilter
        if (found.TableCatalogId, found.DatabaseName, found.TableName) != (None, "d", "t"):
            return _NOTHING
        return self._grants.pool.filter_name(found.Name)

    def _table(self, catalog: str, database: str, name: str) -> int:
        return self._grants.pool.resource(Table(catalog, normal.database_name(database), normal.table_name(name)))

    def _carefully(self, text: bytes, home: str, careful: Careful) -> int:
        try:
            union = _loads(text)
        except _MALFORMED:
            raise normal.NotUnderstoodError("the resource or the permissions are malformed") from None
        if not isinstance(union, dict):
            raise normal.NotUnderstoodError("the resource is not an object")
        return self._grants.pool.resource(careful(union, home))


def _read(decode: Callable[[bytes], Any], text: bytes) -> Any:
    """Decode, or return None for what is not of that form."""
    try:
        return decode(text)
    except _MALFORMED:
        return None
