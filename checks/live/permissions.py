"""Rows of ListPermissions into packed grants: what repeats is read once, and most of a million rows repeat.

Principals, permissions and resources are looked up as they are spelt, resources by the very bytes of the answer;
``normal.resource`` says once what they mean.
"""

from __future__ import annotations

from itertools import compress
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec import UNSET, Raw, UnsetType

from checks import normal
from checks.grants import TABULAR, UNFILTERED, Row
from checks.live.shapes import FilterResource, Principal, Shape
from checks.model import Table, UnknownResource
from checks.semantics import expand

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from checks.grants import Grants
    from checks.live.shapes import PermissionRow, PlainRow
    from checks.model import Resource

    Texts = tuple[str, ...]
    Careful = Callable[[Mapping[str, Any], str], Resource]
    """Reads a resource's mapping, of the catalog that is named; notes what is not understood."""
    Piece = Callable[[type[Shape], Raw, str], Any]
    """Decodes a member that was left as it came; notes members that nobody knows."""
    Heard = Callable[[set[str]], None]
    """Hears of permissions as they are first written."""

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
_texts = msgspec.json.Decoder(tuple[str, ...] | None).decode
_text = msgspec.json.Decoder(str | None).decode
_LISTS: Final = ((b',"ColumnNames":', b"}}", False), (b',"ColumnWildcard":{"ExcludedColumnNames":', b"}}}", True))
"""What stands before and behind the names of columns, and whether they are excluded."""
_NO_NAMES: Final = b"[]"


class PermissionRows:
    """Takes pages of rows into ``grants``."""

    def __init__(self, grants: Grants) -> None:
        """Start with what was recognised for grants of the same pool before."""
        self._grants = grants
        self._spelt = grants.pool.spelt
        self._people = self._spelt.setdefault("principals", {})
        self._tails = self._spelt.setdefault("tails", {})
        self._words: dict[tuple[Texts | None, Texts | None], int] = {}
        """What permissions, and those that may be passed on, mean on tables and what lies in them."""
        self._broad: dict[tuple[tuple[Texts | None, Texts | None], int], int] = {}
        """And on another resource."""
        self._given: dict[bytes, int] = {}
        """What both mean on tables and what lies in them, by how the row spells them one behind the other."""
        self._given_on: dict[tuple[bytes, int], int] = {}
        """And on another resource."""
        self.silent = 0
        """Rows so far that grant nothing."""

    def take(
        self,
        rows: Iterable[tuple[int, PermissionRow]],
        home: str,
        line: int,
        *,
        careful: Careful,
        piece: Piece,
        heard: Heard,
        broken: Callable[[int, str], None],
        asked: int = UNFILTERED,
    ) -> int:
        """Take one page's rows and return how many say something.

        *home* is the catalog of what names none, *line* the page's in its recording, *asked* as in ``Grants``;
        *broken* hears of rows that say nothing.
        """
        return self._grants.take_page(line, self._page(rows, home, careful, piece, heard, broken), asked)

    def _page(
        self,
        rows: Iterable[tuple[int, PermissionRow]],
        home: str,
        careful: Careful,
        piece: Piece,
        heard: Heard,
        broken: Callable[[int, str], None],
    ) -> Iterator[Row]:
        for index, row in rows:
            try:
                found = self._row(index, row, home, careful, piece, heard)
            except normal.NotUnderstoodError as error:
                broken(index, str(error))
            else:
                if found is not None:
                    yield found

    def _row(
        self, index: int, row: PermissionRow, home: str, careful: Careful, piece: Piece, heard: Heard
    ) -> Row | None:
        """Read one row; None for one that grants nothing."""
        pool = self._grants.pool
        name = piece(Principal, row.Principal, "Principal").DataLakePrincipalIdentifier
        text, resources = bytes(row.Resource), self._resources(home)
        known = resources.get(text)
        on = self._resource(text, home, resources, careful) if known is None else known
        option, writer, time = row.PermissionsWithGrantOption, row.LastUpdatedBy, row.LastUpdated
        try:
            words = _texts(row.Permissions), None if option is UNSET else _texts(option)
        except _MALFORMED:
            raise normal.NotUnderstoodError("the resource or the permissions are malformed") from None
        pair = self._pair(words, on, heard)
        if pair == _NOTHING:
            self.silent += 1
            return None
        try:
            by = self._grants.writer(None if writer is UNSET else _text(writer))
        except _MALFORMED:
            raise normal.NotUnderstoodError("`LastUpdatedBy` is not a text") from None
        condition = 0 if row.Condition is None else pool.condition(normal.condition(row.Condition.Expression))
        when = None if time is UNSET else _read(_text, bytes(time))
        return Row(self._who(name), on, condition, pair, index, by, when or "")

    # --------------------------------------------------------------------------------------------------- plain pages
    def take_plain(
        self, rows: list[PlainRow], home: str, line: int, *, careful: Careful, heard: Heard, asked: int = UNFILTERED
    ) -> int | None:
        """Take a page's rows as ``take`` does, all of them; None, and none is taken, if one is not understood."""
        if not rows:
            return 0
        grants, pool, join = self._grants, self._grants.pool, b"".join
        names = [row.Principal.DataLakePrincipalIdentifier for row in rows]
        texts = [join((row.Resource,)) for row in rows]
        words = [join((row.Permissions, row.PermissionsWithGrantOption)) for row in rows]
        conditions = [row.Condition for row in rows]
        by = [row.LastUpdatedBy for row in rows]
        times = [row.LastUpdated or "" for row in rows]
        try:
            people = _looked_up(names, self._people, self._who)
            on = self._located(texts, home, careful)
            pairs = self._pairs(rows, words, on, heard)
            under = [0 if one is None else pool.condition(normal.condition(one.Expression)) for one in conditions]
        except normal.NotUnderstoodError:
            return None
        writers = _looked_up(by, grants.known_writers, grants.writer)
        items = None
        if _NOTHING in pairs:
            kept = [pair != _NOTHING for pair in pairs]
            items = list(compress(range(len(rows)), kept))
            columns = people, on, under, pairs, writers
            people, on, under, pairs, writers = (list(compress(one, kept)) for one in columns)
            times = list(compress(times, kept))
            self.silent += len(kept) - len(items)
        return grants.take_columns(line, people, on, under, pairs, writers, times, items, asked)

    def _located(self, texts: list[bytes], home: str, careful: Careful) -> list[int]:
        """Return the numbers of resources; of columns, most of which are new, by the parts that ``_resource`` keeps."""
        known = self._resources(home)
        found: list[int | None] = list(map(known.get, texts))
        if None not in found:
            return found  # type: ignore[return-value] # none is None
        pool, (before, behind, _), (wild, end, _) = self._grants.pool, *_LISTS
        for index in [index for index, number in enumerate(found) if number is None]:
            text = texts[index]
            cut = text.find(_COLUMNS_FOLLOW)
            if cut > 0 and (table := known.get(text[:cut], _NOTHING)) >= 0:
                listed = b""
                if excluded := text.startswith(wild, cut):
                    if text.endswith(end):
                        listed = text[cut + len(wild) : -len(end)]
                elif text.startswith(before, cut) and text.endswith(behind):
                    listed = text[cut + len(before) : -len(behind)]
                names = pool.known_names(listed)
                if names is not None and listed != _NO_NAMES:
                    found[index] = pool.columns_of(table, names, excluded=excluded)
                    continue
            found[index] = self._resource(text, home, known, careful)
        return found  # type: ignore[return-value] # none is None any more

    def _pairs(self, rows: list[PlainRow], words: list[bytes], resources: list[int], heard: Heard) -> list[int]:
        """Return the numbers of the pairs of permissions that *words* give on resources."""
        kinds = self._grants.pool.kinds
        pairs: list[int | None] = list(map(self._given.get, words))
        broad = [index for index, on in enumerate(resources) if kinds[on] > TABULAR]
        for index in broad:
            pairs[index] = self._given_on.get((words[index], resources[index]))
        if None in pairs:
            for index in [index for index, pair in enumerate(pairs) if pair is None]:
                row, on = rows[index], resources[index]
                try:
                    spelt = _texts(row.Permissions), _texts(row.PermissionsWithGrantOption)
                except _MALFORMED:
                    raise normal.NotUnderstoodError("the permissions are malformed") from None
                pair = pairs[index] = self._pair(spelt, on, heard)
                if kinds[on] > TABULAR:
                    self._given_on[words[index], on] = pair
                else:
                    self._given[words[index]] = pair
        return pairs  # type: ignore[return-value] # none is None any more

    def _who(self, name: str) -> int:
        """Return a principal's number."""
        who = self._people.get(name)
        if who is None:
            who = self._people[name] = self._grants.pool.principal(normal.principal(name))
        return who

    def _pair(self, words: tuple[Texts | None, Texts | None], on: int, heard: Heard) -> int:
        """Return the number of the permissions that *words* give on a resource; -1 for none at all.

        What ALL stands for depends on the kind of resource; tables and what lies in them are of one.
        """
        pool = self._grants.pool
        tabular = pool.kinds[on] <= TABULAR
        known = self._words.get(words) if tabular else self._broad.get((words, on))
        if known is not None:
            return known
        names, options = words[0] or (), words[1] or ()
        noun = pool.noun(on)
        heard({*names, *options})
        parts = normal.grant_rows(None, noun, names, options)
        pair = _NOTHING
        if parts:
            given = frozenset().union(*(part.permissions for part in parts))
            passed = frozenset().union(*(part.grantable for part in parts))
            pair = pool.pair(expand(given, noun), expand(passed, noun))
        if tabular:
            self._words[words] = pair
        else:
            self._broad[words, on] = pair
        return pair

    # ------------------------------------------------------------------------------------------------------ resources
    def _resources(self, home: str) -> dict[bytes, int]:
        return self._spelt.setdefault(f"resources of {home}", {})

    def _resource(self, text: bytes, home: str, known: dict[bytes, int], careful: Careful) -> int:
        """Return the number of the resource that *text*, a JSON value, spells.

        Columns are as many as grants and are not kept in *known*. Their text is cut before the columns, and each part
        looked up by itself: inside a JSON text a quote is never bare, so that the cut falls between two members. So
        is that of filters, of which most are new, but once.
        """
        if (cut := text.find(_COLUMNS_FOLLOW)) > 0:
            head, tail = text[:cut], text[cut:]
            table, names = known.get(head), self._listed(tail)
            if table is None:
                table = self._keep(known, head, self._table_of_columns(head, home))
            if names is None:
                names = self._names(tail)
                if self._listed(tail) is None:
                    self._keep(self._tails, tail, names)
            if table >= 0 <= names:
                return self._grants.pool.columns_of(table, names >> 1, excluded=bool(names & 1))
        elif text.startswith(_FILTER_FOLLOWS) and (cut := text.rfind(_NAME_FOLLOWS)) > 0:
            head, tail = text[:cut], text[cut:]
            table, name = known.get(head), self._tails.get(tail)
            if table is None:
                table = self._keep(known, head, self._table_of_filter(head, home))
            if name is None:
                name = self._keep(self._tails, tail, self._filter_name(tail))
            if table >= 0 <= name:
                return self._keep(known, text, self._grants.pool.filter_of(table, name))
        number = self._carefully(text, home, careful)
        if isinstance(self._grants.pool.noun(number), UnknownResource):
            return number  # whoever reads it says so, on either side
        return self._keep(known, text, number)

    def _listed(self, tail: bytes) -> int | None:
        """Return what ``_names`` says of *tail*, if that is known.

        A list of columns that is spelt as the pool spells it need not be kept: it is known there.
        """
        for before, behind, excluded in _LISTS:
            if tail.startswith(before) and tail.endswith(behind):
                text = tail[len(before) : -len(behind)]
                names = self._grants.pool.known_names(text) if text != _NO_NAMES else None
                return self._tails.get(tail) if names is None else names << 1 | excluded
        return self._tails.get(tail)

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
        for before, behind, excluded in _LISTS:
            if tail.startswith(before) and tail.endswith(behind):
                listed = _read(_texts, tail[len(before) : -len(behind)])
                if listed:
                    return self._grants.pool.names(frozenset(map(normal.column_name, listed))) << 1 | excluded
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


def _looked_up(texts: list[Any], known: dict[Any, int], read: Callable[[Any], int]) -> list[int]:
    """Look all *texts* up, and read those that are not known."""
    found: list[int | None] = list(map(known.get, texts))
    if None in found:
        return [read(texts[index]) if number is None else number for index, number in enumerate(found)]
    return found  # type: ignore[return-value] # none is None
