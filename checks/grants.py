"""The grants of one side, packed: a million of them are the ordinary case, and all but a few say nothing new.

``Grants`` is a collection of ``Grant`` that builds one only when it is looked at. Rows are in normal form: one for each
(principal, condition, resource), ``ALL`` spelt out. Two sides that share a ``Pool`` are compared by number; what one
has and the other has not is ``differences``.
"""

from __future__ import annotations

import json
from array import array
from collections import deque
from collections.abc import Collection, Container, Iterable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from itertools import chain, compress, count, repeat
from operator import and_, ne, not_, rshift
from typing import Any, Final, NamedTuple

import msgspec

from checks.model import (
    AllExcept,
    AllTables,
    AnyResource,
    Catalog,
    Columns,
    Database,
    DataCellsFilter,
    Evidence,
    Grant,
    Only,
    Permission,
    Principal,
    Resource,
    Side,
    Table,
    TableColumns,
    TagPolicy,
)
from checks.semantics import expand

Atom = tuple[Permission, bool]
"""A permission, and whether it is about passing it on."""

_TABLE, _ONLY, _EXCEPT, _FILTER, _ALL_TABLES, _DATABASE, _POLICY, _WIDE, _OTHER = range(9)
TABULAR: Final = _ALL_TABLES
"""Kinds up to this one are tables and what lies in them: ALL stands for the same on each."""
_COLUMNS: Final = frozenset({_ONLY, _EXCEPT})


def _kinds(wanted: Iterable[int]) -> bytes:
    """Return a table that translates these kinds to 1, and others to 0."""
    chosen = {*wanted}
    return bytes(kind in chosen for kind in range(256))


_NAMED: Final = _kinds(range(_ALL_TABLES + 1))
_BROAD: Final = _kinds(range(_ALL_TABLES, _OTHER + 1))
_FOLDED: Final = _kinds(_COLUMNS)
_FOLDED_OR_POLICY: Final = _kinds({*_COLUMNS, _POLICY})
_NO_PAIR: Final = (1 << 32) - 1
RESOURCE_BITS: Final = 32
_PRINCIPAL_BITS: Final = 28
_RESOURCE: Final = (1 << RESOURCE_BITS) - 1
_PRINCIPAL: Final = (1 << _PRINCIPAL_BITS) - 1
_CONDITION: Final = RESOURCE_BITS + _PRINCIPAL_BITS
_STAMP: Final = 32
"""Bytes for a time as boto3 spells it; a longer one is kept apart."""
_BUILT: Final = 20_000
"""Rows that are kept as they were built."""
_ASKED: Final = 8
"""So often all rows are searched for who names one table, before all tables are indexed."""
_NO_TIME: Final = b" " * _STAMP

UNFILTERED, BY_KIND, TARGETED = range(3)
"""How a page of grants was asked for: all of them, those on one kind of resource, or those on one resource."""
NOT_SEEN: Final = -1

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(list[str]).decode


def atoms(grant: Grant | None) -> frozenset[Atom]:
    """Split a grant into permissions to use and permissions to pass on."""
    if grant is None:
        return frozenset()
    return _atoms(grant.permissions, grant.grantable)


def _atoms(held: Iterable[Permission], lent: Iterable[Permission]) -> frozenset[Atom]:
    return frozenset(chain(((one, False) for one in held), ((one, True) for one in lent)))


class Row(NamedTuple):
    """One row of a page, in the pool's numbers. ``item``: its number on the page; ``time`` may be empty."""

    who: int
    on: int
    condition: int
    pair: int
    item: int
    by: int
    time: str


class Pool:
    """Numbers for what grants name. Numbers only grow; the same thing in any spelling the edge allows has one number.

    Columns and filters of tables, of which there are as many as grants, become nouns only when asked for.
    """

    def __init__(self) -> None:
        """Start empty."""
        self.principals: list[Principal | None] = [None]
        self._principals: dict[Principal | None, int] = {None: 0}
        self.conditions: list[str | None] = [None]
        self._conditions: dict[str | None, int] = {None: 0}
        self.pairs: list[tuple[frozenset[Permission], frozenset[Permission]]] = []
        self._pairs: dict[tuple[frozenset[Permission], frozenset[Permission]], int] = {}
        self.atoms: list[frozenset[Atom]] = []
        self.kinds = bytearray()
        self.owner = array("I")
        """The table's number of what lies on a table; a resource's own otherwise."""
        self._detail = array("I")
        self._nouns: dict[int, Resource] = {}
        self._numbers: dict[Resource, int] = {}
        self._parts: dict[int, int] = {}
        self._lists: list[bytes] = []
        self._list_numbers: dict[bytes, int] = {}
        self._name_numbers: dict[bytes, int] = {}
        self.below: dict[int, list[int]] = {}
        """Numbers of columns and filters by their table's."""
        self._inside: dict[tuple[str, str], set[int]] = {}
        self._sorted = 0
        self.spelt: dict[str, dict[Any, int]] = {}
        """What readers recognise by how it is spelt, until ``forget``."""

    # ------------------------------------------------------------------------------------------------------- numbers
    def principal(self, who: Principal | None) -> int:
        """Return a principal's number."""
        number = self._principals.get(who)
        if number is None:
            number = self._principals[who] = len(self.principals)
            if number > _PRINCIPAL:
                raise OverflowError("more principals than can be told apart")
            self.principals.append(who)
        return number

    def known_principal(self, who: Principal | None) -> int | None:
        """Return a principal's number if it has one."""
        return self._principals.get(who)

    def condition(self, text: str | None) -> int:
        """Return a condition's number; 0 is none."""
        number = self._conditions.get(text)
        if number is None:
            number = self._conditions[text] = len(self.conditions)
            self.conditions.append(text)
        return number

    def forget(self) -> None:
        """Let go of what only reading needs."""
        self.spelt = {}

    def pair(self, held: frozenset[Permission], lent: frozenset[Permission]) -> int:
        """Return the number of permissions with those that may be passed on; what may be passed on is held."""
        key = (held | lent, lent)
        number = self._pairs.get(key)
        if number is None:
            number = self._pairs[key] = len(self.pairs)
            self.pairs.append(key)
            self.atoms.append(_atoms(*key))
        return number

    def united(self, one: int, two: int) -> int:
        """Return the number of what two pairs give together."""
        if one == two:
            return one
        (held, lent), (more, passed) = self.pairs[one], self.pairs[two]
        return self.pair(held | more, lent | passed)

    def resource(self, noun: Resource) -> int:
        """Return a resource's number."""
        match noun:
            case TableColumns(table=table, columns=columns):
                kind = _ONLY if isinstance(columns, Only) else _EXCEPT
                return self.part(self.resource(table), kind, self.names(columns.names))
            case DataCellsFilter(table=table, name=name):
                return self.part(self.resource(table), _FILTER, self.filter_name(name))
            case _:
                number = self._numbers.get(noun)
                if number is None:
                    number = self._numbers[noun] = self._new(_kind(noun), None, 0)
                    self._nouns[number] = noun
                return number

    def known(self, noun: Resource) -> int | None:
        """Return a resource's number if it has one."""
        match noun:
            case TableColumns() | DataCellsFilter():
                return self.resource(noun)
            case _:
                return self._numbers.get(noun)

    def columns_of(self, table: int, names: int, *, excluded: bool) -> int:
        """Return the number of columns of a table, *names* being the number of a set of names."""
        return self.part(table, _EXCEPT if excluded else _ONLY, names)

    def filter_of(self, table: int, name: int) -> int:
        """Return the number of a data cells filter of a table, *name* being the number of its name."""
        return self.part(table, _FILTER, name)

    def filter_name(self, name: str) -> int:
        """Return the number of a filter's name."""
        return self._text(self._name_numbers, name.encode("utf-8", "surrogatepass"))

    def names(self, columns: frozenset[str]) -> int:
        """Return the number of a set of column names."""
        try:
            return self._text(self._list_numbers, _encode(sorted(columns)))
        except UnicodeEncodeError:  # half of a character: JSON may spell it, UTF-8 may not
            return self._text(self._list_numbers, json.dumps(sorted(columns)).encode())

    def known_names(self, text: bytes) -> int | None:
        """Return the number of a set of column names, if *text* is how ``names`` spelt one."""
        return self._list_numbers.get(text)

    def part(self, table: int, kind: int, detail: int) -> int:
        """Return the number of a part of a table."""
        key = (table << 32 | detail) << 2 | (kind - _ONLY)
        number = self._parts.get(key)
        if number is None:
            number = self._parts[key] = self._new(kind, table, detail)
            self.below.setdefault(table, []).append(number)
        return number

    def _text(self, numbers: dict[bytes, int], text: bytes) -> int:
        number = numbers.get(text)
        if number is None:
            number = numbers[text] = len(self._lists)
            self._lists.append(text)
        return number

    def _new(self, kind: int, owner: int | None, detail: int) -> int:
        number = len(self.kinds)
        self.kinds.append(kind)
        self.owner.append(number if owner is None else owner)
        self._detail.append(detail)
        return number

    # --------------------------------------------------------------------------------------------------------- nouns
    def noun(self, number: int) -> Resource:
        """Return the resource of a number."""
        known = self._nouns.get(number)
        if known is not None:
            return known
        table = self._nouns[self.owner[number]]
        assert isinstance(table, Table)
        kind, text = self.kinds[number], self._lists[self._detail[number]]
        if kind == _FILTER:
            return DataCellsFilter(table, text.decode("utf-8", "surrogatepass"))
        try:
            names = frozenset(_decode(text))
        except msgspec.DecodeError:
            names = frozenset(json.loads(text))
        columns: Columns = Only(names) if kind == _ONLY else AllExcept(names)
        return TableColumns(table, columns)

    def means_databases(self, number: int) -> bool:
        """Whether a resource is an LF-tag policy of databases."""
        noun = self._nouns.get(number)
        return isinstance(noun, TagPolicy) and noun.resource_type == "DATABASE"

    def inside(self, database: Database) -> set[int]:
        """Return the numbers of the tables of a database, and of all its tables."""
        if self._sorted < len(self.kinds):
            for number in range(self._sorted, len(self.kinds)):
                noun = self._nouns.get(number)
                if isinstance(noun, Table | AllTables):
                    self._inside.setdefault((noun.catalog, noun.database), set()).add(number)
            self._sorted = len(self.kinds)
        return self._inside.get((database.catalog, database.name), set())


def _kind(noun: Resource) -> int:
    match noun:
        case Table():
            return _TABLE
        case AllTables():
            return _ALL_TABLES
        case Database():
            return _DATABASE
        case TagPolicy():
            return _POLICY
        case Catalog() | AnyResource():
            return _WIDE
        case _:
            return _OTHER


class Grants(Collection[Grant]):
    """One side's grants, by principal, and below that by what they may reach.

    Looking one up builds it, once. A row that was read from a recording is kept as numbers; one that was given as a
    ``Grant`` keeps it. Fill it before looking things up: look-ups index what is there.
    """

    def __init__(self, pool: Pool | None = None) -> None:
        """Start empty; *pool* is shared by sides that are to be compared."""
        self.pool = pool if pool is not None else Pool()
        self.rows: dict[int, int] = {}
        """Key (condition, principal, resource) → place in the arrays below, in order of appearance."""
        self.pair_of = array("I")
        self.lines = array("I")
        self.items = array("I")
        self.by = array("I")
        self.times = bytearray()
        self.writers: list[str | None] = [None]
        self.known_writers: dict[str | None, int] = {None: 0}
        self._given: dict[int, Grant] = {}
        self._made: dict[int, Grant] = {}
        self._holders: dict[int, list[int]] = {}
        """Keys by principal of what speaks neither of one table nor of something known by name only."""
        self._long: dict[int, bytes] = {}
        self.short: dict[int, int] = {}
        """Place → pair that unfiltered pages showed (``NOT_SEEN``: none), where other pages showed more."""
        self.by_kind = bytearray()
        """For each place 1 where a listing of one kind of resource showed the row."""
        self._people: dict[int, None] = {}
        self._conditions: dict[int, None] = {0: None}
        self._shared: Grants | None = None
        self._on: array[int] | None = None
        self._rows_of: list[list[int]] | None = None
        self._broadly: dict[int, list[int]] | None = None
        self._naming: dict[int, list[int]] = {}
        self._asked: int | None = 0
        """How often ``naming`` searched all rows; None once it has indexed them."""
        self._broad: set[Principal] | None = None
        self._used: bytearray | None = None
        self._apart: Apart | None = None

    @classmethod
    def packed(cls, grants: Iterable[Grant], pool: Pool | None = None) -> Grants:
        """Pack *grants*; those that are packed with the same pool are returned as they are."""
        if isinstance(grants, Grants) and (pool is None or grants.pool is pool):
            return grants
        packed = cls(pool)
        for grant in grants:
            packed.add(grant)
        return packed

    # -------------------------------------------------------------------------------------------------------- filling
    def add(self, grant: Grant) -> None:
        """Take one grant; rows in pieces and duplicates are united, and keep the first one's evidence.

        Source: https://docs.aws.amazon.com/lake-formation/latest/dg/lf-permissions-reference.html ("Super", and SELECT
        listed apart from its fellows).
        """
        pool = self.pool
        held, lent = expand(grant.permissions, grant.resource), expand(grant.grantable, grant.resource)
        known = len(self.rows)
        place = self.put(
            pool.principal(grant.principal),
            pool.resource(grant.resource),
            pool.condition(grant.condition),
            pool.pair(held, lent),
        )
        if place == known:
            same = held is grant.permissions and lent is grant.grantable and lent <= held
            self._given[place] = grant if same else self._spelt(grant, place)
        elif place in self._given:
            self._given[place] = self._spelt(self._given[place], place)

    def _spelt(self, grant: Grant, place: int) -> Grant:
        held, lent = self.pool.pairs[self.pair_of[place]]
        return Grant(grant.principal, grant.resource, held, lent, grant.condition, grant.evidence, grant.updated_by,
                     grant.updated)  # fmt: skip

    def put(self, who: int, on: int, condition: int, pair: int) -> int:
        """Take one row by its numbers and return its place; it unites with one that says the same of the same."""
        key = condition << _CONDITION | who << RESOURCE_BITS | on
        place = self.rows.get(key)
        if place is None:
            place = len(self.rows)
            self.take_columns(0, (who,), (on,), (condition,), (pair,), (0,), ("",))
        else:
            self.unite(place, pair)
        return place

    def take_page(self, line: int, page: Iterable[Row], asked: int = UNFILTERED) -> int:
        """Take the rows of one page of a recording, *line* being its line, and return their number.

        *asked* is how they were asked for.
        """
        columns = list(zip(*page, strict=True))
        if not columns:
            return 0
        people, on, conditions, pairs, items, by, times = columns
        return self.take_columns(line, people, on, conditions, pairs, by, times, items, asked)

    def take_columns(
        self,
        line: int,
        people: Sequence[int],
        on: Sequence[int],
        conditions: Sequence[int],
        pairs_of: Sequence[int],
        by_whom: Sequence[int],
        times_of: Sequence[str],
        items_of: Sequence[int] | None = None,
        asked: int = UNFILTERED,
    ) -> int:
        """Take a page as ``take_page`` does, a column of it at a time; see ``Row``.

        *items_of* are the rows' numbers on the page; None if the page gave all of its rows.
        """
        keys = [who << RESOURCE_BITS | number for who, number in zip(people, on, strict=True)]
        if any(conditions):
            keys = [condition << _CONDITION | key for condition, key in zip(conditions, keys, strict=True)]
        numbers = range(len(keys)) if items_of is None else items_of
        rows, noted, kinds = self.rows, self._people, self.pool.kinds
        place = first = len(rows)
        pair_of, by_kind = self.pair_of, self.by_kind
        repeated = 0
        pairs: list[int] = []
        items: list[int] = []
        writers: list[int] = []
        times: list[bytes] = []
        for key, pair, item, by, time in zip(keys, pairs_of, numbers, by_whom, times_of, strict=True):
            held = rows.setdefault(key, place)
            if held != place:
                repeated += 1
                if held >= first:  # earlier on this page
                    pairs[held - first] = self.pool.united(pairs[held - first], pair)
                elif pair_of[held] != pair or held in self.short:
                    self._again(held, pair, asked)
                elif asked == BY_KIND:  # a listing by kind repeats what the whole listing said
                    by_kind[held] = 1
                continue
            place += 1
            pairs.append(pair)
            items.append(item)
            writers.append(by)
            times.append(time.encode("utf-8", "surrogatepass"))
            if kinds[key & _RESOURCE] > TABULAR or key >> _CONDITION or key >> RESOURCE_BITS not in noted:
                self._noted(key)
        self.pair_of.extend(pairs)
        self.items.extend(items)
        self.by.extend(writers)
        self.lines.extend([line] * len(pairs))
        self.times += b"".join([one.ljust(_STAMP) if len(one) <= _STAMP else _NO_TIME for one in times])
        odd = [number for number, one in enumerate(times) if len(one) > _STAMP or one.endswith(b" ")]
        self._long |= {first + number: times[number] for number in odd}
        self.by_kind += bytes((asked == BY_KIND,)) * len(pairs)
        if asked != UNFILTERED:
            self.short |= dict.fromkeys(range(first, place), NOT_SEEN)
        return len(pairs) + repeated

    def _again(self, place: int, pair: int, asked: int) -> None:
        """Take a row that an earlier page held; what only filtered listings show is kept apart in ``short``."""
        before = self.pair_of[place]
        self.unite(place, pair)
        after = self.pair_of[place]
        if asked == UNFILTERED:
            shown = self.short.get(place)
            if shown is not None:
                shown = pair if shown == NOT_SEEN else self.pool.united(shown, pair)
                if shown == after:
                    del self.short[place]
                else:
                    self.short[place] = shown
            return
        if after != before:
            self.short.setdefault(place, before)
        if asked == BY_KIND:
            self.by_kind[place] = 1

    def asked_elsewhere(self) -> Iterator[Grant]:
        """Yield the rows of which filtered listings show more than unfiltered pages do.

        Not those on data cells filters: they may show with their table alone.
        """
        kinds, keys = self.pool.kinds, list(self.rows) if self.short else []
        return (
            self._build(keys[place], place) for place in sorted(self.short) if kinds[keys[place] & _RESOURCE] != _FILTER
        )

    def of_no_kind(self) -> int:
        """Count the rows that unfiltered pages show and no listing of one kind of resource does."""
        return self.by_kind.count(0) - sum(
            shown == NOT_SEEN and not self.by_kind[place] for place, shown in self.short.items()
        )

    def _noted(self, key: int) -> None:
        """Keep the indices up to date with a new row."""
        who = key >> RESOURCE_BITS & _PRINCIPAL
        self._people[who] = None
        if self.pool.kinds[key & _RESOURCE] >= _DATABASE:
            self._holders.setdefault(who, []).append(key)
        if key >> _CONDITION:
            self._conditions[key >> _CONDITION] = None

    def unite(self, place: int, pair: int) -> None:
        """Add permissions to a row."""
        self.pair_of[place] = self.pool.united(self.pair_of[place], pair)

    def writer(self, name: str | None) -> int:
        """Return the number of who updated rows last."""
        number = self.known_writers.get(name)
        if number is None:
            number = self.known_writers[name] = len(self.writers)
            self.writers.append(name)
        return number

    # ------------------------------------------------------------------------------------------------ as a collection
    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Grant]:
        return (self._build(key, place) for key, place in self.rows.items())

    def __contains__(self, grant: object) -> bool:
        return isinstance(grant, Grant) and self.same(grant) == grant

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Collection):
            return NotImplemented
        return len(self) == len(other) and all(one == two for one, two in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Grants({list(self)!r})"

    def _build(self, key: int, place: int) -> Grant:
        given = self._given.get(place)
        if given is not None:
            return given
        pool = self.pool
        held, lent = pool.pairs[self.pair_of[place]]
        line, item = self.lines[place], self.items[place]
        return Grant(
            pool.principals[key >> RESOURCE_BITS & _PRINCIPAL],
            pool.noun(key & _RESOURCE),
            held,
            lent,
            pool.conditions[key >> _CONDITION],
            Evidence(Side.LIVE, line, f"/response/PrincipalResourcePermissions/{item}"),
            self.writers[self.by[place]],
            _time(self._long.get(place) or bytes(self.times[place * _STAMP : (place + 1) * _STAMP]).rstrip(b" ")),
        )

    def at(self, key: int, place: int) -> Grant:
        """Build a row, and keep it for whoever asks again soon."""
        made = self._made.get(place)
        if made is None:
            if len(self._made) >= _BUILT:
                self._made.clear()
            made = self._made[place] = self._build(key, place)
        return made

    # -------------------------------------------------------------------------------------------------------- look-ups
    def _found(self, who: int, on: int) -> Iterator[Grant]:
        key = who << RESOURCE_BITS | on
        for condition in self._conditions:
            yield from self._one(condition << _CONDITION | key)

    def _one(self, key: int) -> Iterator[Grant]:
        place = self.rows.get(key)
        if place is not None and (self._shared is None or self._shared.has(self, key, place)):
            yield self.at(key, place)

    def has(self, other: Grants, key: int, place: int) -> bool:
        """Whether this side gives at least what a row of *other* does, by the very same row."""
        mine = self.rows.get(key)
        if mine is None:
            return False
        one, two = other.pair_of[place], self.pair_of[mine]
        return one == two or self.pool.atoms[one] <= self.pool.atoms[two]

    def shared(self, other: Grants) -> Grants:
        """Return a view of these grants: the rows that *other* has too."""
        view = copy(self)
        view._shared = other  # noqa: SLF001 - its own class
        return view

    def _number(self, who: Principal | None) -> int | None:
        """Return the number of a principal that holds something."""
        number = self.pool.known_principal(who)
        return number if number in self._people else None

    def principals(self) -> list[Principal]:
        """Return everyone who holds a grant, as far as could be read."""
        names = self.pool.principals
        return [name for number in self._people if (name := names[number]) is not None]

    def of(self, principal: Principal | None) -> list[Grant]:
        """Return all grants of a principal; of None those whose principal could not be read."""
        who = self._number(principal)
        if who is None:
            return []
        return [grant for key in self._keys_of(who) for grant in self._one(key)]

    # A million rows are walked through by the interpreter's own loops (``map``, ``compress``): a tenth of the time of
    # a loop that is written out.
    def _numbers_on(self) -> array[int]:
        """Return the resource's number of each row, in order."""
        if self._on is None or len(self._on) != len(self.rows):
            self._on = array("I", map(and_, self.rows, repeat(_RESOURCE)))
        return self._on

    def _holder_of(self) -> Iterator[int]:
        """Yield the principal's number of each row, in order."""
        found = map(rshift, self.rows, repeat(RESOURCE_BITS))
        return map(and_, found, repeat(_PRINCIPAL)) if len(self._conditions) > 1 else found

    def keys_of_kinds(self, wanted: bytes) -> Iterator[int]:
        """Yield the keys of the rows on resources of the kinds for which *wanted* holds a 1, in order."""
        fits = self.pool.kinds.translate(wanted)
        return compress(self.rows, map(fits.__getitem__, self._numbers_on()))

    def _keys_of(self, who: int) -> Iterable[int]:
        if self._rows_of is None:
            lists: list[list[int]] = [[] for _ in self.pool.principals]
            deque(map(list.append, map(lists.__getitem__, self._holder_of()), self.rows), maxlen=0)
            self._rows_of = lists
        return self._rows_of[who] if who < len(self._rows_of) else ()

    def _broad_keys(self, who: int) -> Iterable[int]:
        """Return a principal's keys on anything but single tables."""
        if self._broadly is None:
            self._broadly = {}
            for key in self.keys_of_kinds(_BROAD):
                self._broadly.setdefault(key >> RESOURCE_BITS & _PRINCIPAL, []).append(key)
        return self._broadly.get(who, ())

    def on_object(self, principal: Principal, resource: Resource) -> list[Grant]:
        """Return a principal's grants on exactly this resource."""
        who, on = self._number(principal), self.pool.known(resource)
        return [] if who is None or on is None else list(self._found(who, on))

    def same(self, grant: Grant) -> Grant | None:
        """Return the row on the same resource, of the same principal, under the same condition."""
        who, on = self._number(grant.principal), self.pool.known(grant.resource)
        if who is None or on is None:
            return None
        key = self.pool.condition(grant.condition) << _CONDITION | who << RESOURCE_BITS | on
        return next(self._one(key), None)

    def named(self, principal: Principal, table: Table) -> list[Grant]:
        """Return the grants that name the table, its columns or its filters."""
        who, on = self._number(principal), self.pool.known(table)
        if who is None or on is None:
            return []
        rows, holder = self.rows, who << RESOURCE_BITS
        parts = [holder | number for number in (on, *self.pool.below.get(on, ()))]
        if len(self._conditions) > 1:
            parts = [condition << _CONDITION | key for key in parts for condition in self._conditions]
        return [grant for key in parts if key in rows for grant in self._one(key)]

    def in_database(self, principal: Principal, database: Database) -> list[Grant]:
        """Return the ``ALL_TABLES`` grants in a database."""
        return self.on_object(principal, AllTables(database.catalog, database.name))

    def over(self, principal: Principal, database: Database) -> Iterator[Grant]:
        """Yield the grants that may give something on a database itself: policies without asking whether they match."""
        who, kinds, pool = self._number(principal), self.pool.kinds, self.pool
        this = pool.known(database)
        for key in self._holders.get(who, ()) if who is not None else ():
            on = key & _RESOURCE
            if on == this or kinds[on] == _WIDE or (kinds[on] == _POLICY and pool.means_databases(on)):
                yield from self._one(key)

    def elsewhere(self, principal: Principal) -> Iterator[Grant]:
        """Yield the grants that name neither one table nor all tables of a database."""
        who = self._number(principal)
        for key in self._holders.get(who, ()) if who is not None else ():
            yield from self._one(key)

    def conditions(self) -> Collection[int]:
        """Return the numbers of the conditions under which there are grants; 0, none, is always among them."""
        return self._conditions.keys()

    def held_broadly(self, principal: Principal) -> Iterator[tuple[Resource, str | None, frozenset[Atom]]]:
        """Yield what a principal holds on anything but single tables: the resource, the condition, the atoms."""
        pool, who = self.pool, self._number(principal)
        for key in self._broad_keys(who) if who is not None else ():
            place = self.rows[key]
            if self._shared is None or self._shared.has(self, key, place):
                yield pool.noun(key & _RESOURCE), pool.conditions[key >> _CONDITION], pool.atoms[self.pair_of[place]]

    def tables_of(self, principal: Principal) -> set[int]:
        """Return the tables that a principal's grants name, as numbers of the pool."""
        kinds, owner, who = self.pool.kinds, self.pool.owner, self._number(principal)
        keys = self._keys_of(who) if who is not None else ()
        return {owner[on] for key in keys if kinds[on := key & _RESOURCE] < _ALL_TABLES}

    def _of_kind(self, principal: Principal, kind: int, among: Container[int] | None = None) -> Iterator[Grant]:
        who, kinds = self._number(principal), self.pool.kinds
        for key in self._holders.get(who, ()) if who is not None else ():
            on = key & _RESOURCE
            if kinds[on] == kind and (among is None or on in among):
                yield from self._one(key)

    def policies(
        self, principal: Principal, resource_type: str, among: Container[int] | None = None
    ) -> Iterator[Grant]:
        """Yield a principal's LF-tag policy grants of one type; with *among* only those on these of the pool's."""
        for grant in self._of_kind(principal, _POLICY, among):
            if isinstance(grant.resource, TagPolicy) and grant.resource.resource_type == resource_type:
                yield grant

    def on_table(self, principal: Principal, table: Table, among: Container[int] | None = None) -> Iterator[Grant]:
        """Yield the grants that may reach a table; tag policies without asking whether they match, or *among* some."""
        yield from self.named(principal, table)
        yield from self.in_database(principal, table.parent)
        yield from self.policies(principal, "TABLE", among)
        yield from self._of_kind(principal, _WIDE)

    def everywhere(self, *kinds: type[Resource]) -> Iterator[Grant]:
        """Yield the grants of every principal on what is neither a table nor all tables, of these kinds."""
        for keys in self._holders.values():
            for key in keys:
                for grant in self._one(key):
                    if isinstance(grant.resource, kinds):
                        yield grant

    def numbered(self) -> Iterator[tuple[int, int, int, int]]:
        """Yield (principal, resource, condition, permissions), in the pool's numbers, of the rows of ``elsewhere``.

        Of every principal, and without building anything: there are few such resources, and many rows.
        """
        pairs, rows = self.pair_of, self.rows
        for who, keys in self._holders.items():
            for key in keys:
                yield who, key & _RESOURCE, key >> _CONDITION, pairs[rows[key]]

    def all_policies(self) -> Iterator[Grant]:
        """Yield the LF-tag policy grants of every principal."""
        return self.everywhere(TagPolicy)

    def granted_policies(self) -> list[TagPolicy]:
        """Return the LF-tag policies that grants are on, each once."""
        kinds = self.pool.kinds
        seen = {
            key & _RESOURCE: None
            for keys in self._holders.values()
            for key in keys
            if kinds[key & _RESOURCE] == _POLICY
        }
        return [noun for number in seen if isinstance(noun := self.pool.noun(number), TagPolicy)]

    def inside(self, principal: Principal, database: Database) -> Iterator[Grant]:
        """Yield a principal's grants on tables of a database: one of them, columns or filters of it, or all."""
        pool, who = self.pool, self._number(principal)
        owner, inside = pool.owner, pool.inside(database)
        for key in self._keys_of(who) if who is not None else ():
            if owner[key & _RESOURCE] in inside:
                yield from self._one(key)

    def wide(self) -> Iterator[Grant]:
        """Yield the grants of every principal on whole catalogs and on any resource."""
        return self.everywhere(Catalog, AnyResource)

    def naming(self, resource: Table | Database) -> list[Principal]:
        """Return who holds a grant that names a table (its columns, its filters), or all tables of a database."""
        names = self.pool.principals
        on = self._naming_number(resource)
        if on is None:
            return []
        if on not in self._naming and self._asked is not None:
            if self._asked < _ASKED:
                self._asked += 1
                self.expect((resource,))
            else:
                self._asked = None
                self._naming = {}
                self._index(self.keys_of_kinds(_NAMED))
        return [name for number in self._naming.get(on, ()) if (name := names[number]) is not None]

    def expect(self, resources: Iterable[Table | Database]) -> None:
        """Get ready for ``naming`` each of these: one search through all rows serves them all."""
        wanted: set[int] = set()
        for resource in resources:
            on = self._naming_number(resource)
            if on is not None and on not in self._naming:
                self._naming[on] = []
                wanted |= {on, *self.pool.below.get(on, ())}
        if wanted and self._asked is not None:
            self._index(compress(self.rows, map(wanted.__contains__, self._numbers_on())))

    def _naming_number(self, resource: Table | Database) -> int | None:
        noun = resource if isinstance(resource, Table) else AllTables(resource.catalog, resource.name)
        return self.pool.known(noun)

    def _index(self, keys: Iterable[int]) -> None:
        owner, found = self.pool.owner, self._naming
        for key in keys:
            found.setdefault(owner[key & _RESOURCE], []).append(key >> RESOURCE_BITS & _PRINCIPAL)
        for on, people in found.items():
            found[on] = list(dict.fromkeys(people))

    def reaching(self, table: Table) -> set[Principal]:
        """Return whom a grant of their own may let reach a table; tag policies without asking whether they match."""
        names, kinds = self.pool.principals, self.pool.kinds
        if self._broad is None:
            self._broad = {
                name
                for who, keys in self._holders.items()
                if (name := names[who]) is not None and any(kinds[key & _RESOURCE] in (_POLICY, _WIDE) for key in keys)
            }
        return {*self.naming(table), *self.naming(table.parent), *self._broad}

    def resources(self) -> Iterator[Resource]:
        """Yield each resource that a grant is on once; of columns and filters their table, once."""
        seen = bytearray(len(self.pool.kinds))
        for owner in compress(self.pool.owner, self._on_which()):
            seen[owner] = 1
        return (self.pool.noun(number) for number in compress(count(), seen))

    def mentions(self, resource: Resource) -> bool:
        """Whether anybody holds a grant on exactly this resource."""
        on = self.pool.known(resource)
        return on is not None and bool(self._on_which()[on])

    def _on_which(self) -> bytearray:
        """Return a 1 for each resource that a grant is on, by number."""
        if self._used is None or len(self._used) < len(self.pool.kinds):
            self._used = bytearray(len(self.pool.kinds))
            for on in self._numbers_on():
                self._used[on] = 1
        return self._used


def _time(text: bytes) -> str | None:
    """Return a time; None where nothing was said."""
    return text.decode("utf-8", "surrogatepass") or None


@dataclass(frozen=True, slots=True)
class Apart:
    """The rows that two sides do not have alike, of each side in its order: key, place, the other's place or None."""

    sides: tuple[Grants, Grants]
    sizes: tuple[int, int]
    rows: tuple[list[tuple[int, int, int | None]], list[tuple[int, int, int | None]]]


def _apart(one: Grants, two: Grants) -> Apart:
    """Find what two sides do not have alike, once for both."""
    for known in (one._apart, two._apart):  # noqa: SLF001 - this module's
        if known is not None and {*map(id, known.sides)} == {id(one), id(two)} and known.sizes == (
            len(known.sides[0]), len(known.sides[1])
        ):  # fmt: skip
            return known
    one.pool.forget()
    absent = len(two.rows)
    pairs = two.pair_of + array("I", [_NO_PAIR])
    places = array("I", map(two.rows.get, one.rows, repeat(absent)))
    others = array("I", map(pairs.__getitem__, places))
    unlike = list(compress(zip(one.rows, count(), places), map(ne, one.pair_of, others)))
    met = bytearray(absent + 1)
    for place in places:
        met[place] = 1
    theirs: list[tuple[int, int, int | None]] = [
        (key, place, None) for key, place in compress(zip(two.rows, count()), map(not_, met))
    ]
    theirs += [(key, other, place) for key, place, other in unlike if other != absent]
    theirs.sort(key=lambda row: row[1])
    mine = [(key, place, None if other == absent else other) for key, place, other in unlike]
    found = one._apart = Apart((one, two), (len(one), len(two)), (mine, theirs))  # noqa: SLF001
    return found


def _unlike(mine: Grants, theirs: Grants) -> list[tuple[int, int, int | None]]:
    found = _apart(mine, theirs)
    return found.rows[0 if found.sides[0] is mine else 1]


def differences(mine: Grants, theirs: Grants) -> Iterator[tuple[Grant, frozenset[Atom]]]:
    """Yield each row of one side with what the same row of the other side does not give. Both share a pool."""
    pairs, other_pairs, pool_atoms = mine.pair_of, theirs.pair_of, mine.pool.atoms
    for key, place, other in _unlike(mine, theirs):
        left = pool_atoms[pairs[place]]
        if other is not None:
            left -= pool_atoms[other_pairs[other]]
        if left:
            yield mine.at(key, place), left


class Subjects:
    """The (principal, resource) subjects of two sides that share a pool; columns of a table count as the table.

    With *shared* only those that both sides have; with *policies* False none of LF-tag policies.
    """

    def __init__(self, one: Grants, two: Grants, *, shared: bool, policies: bool) -> None:
        """Count them: those of one side, and what the rows that it lacks add, or take away."""
        self._sides = one, two
        self._shared = shared
        self._policies = policies
        small, big = (one, two) if len(one) <= len(two) else (two, one)
        lone = {self._subject(key) for key, _, other in _unlike(small, big) if other is None and self._counts(key)}
        beyond = sum(not self._has(big, key) for key in lone)
        self._count = self._number(small) - beyond if shared else self._number(big) + beyond

    def _counts(self, key: int) -> bool:
        return self._policies or self._sides[0].pool.kinds[key & _RESOURCE] != _POLICY

    def _subject(self, key: int) -> int:
        """Return what a row is about: without a condition, of columns their table."""
        pool, on = self._sides[0].pool, key & _RESOURCE
        return key & _PRINCIPAL << RESOURCE_BITS | (pool.owner[on] if pool.kinds[on] in _COLUMNS else on)

    def _has(self, side: Grants, subject: int) -> bool:
        """Whether a side has a row on a subject."""
        rows, conditions = side.rows, side.conditions()
        if any(condition << _CONDITION | subject in rows for condition in conditions):
            return True
        pool, on = side.pool, subject & _RESOURCE
        if pool.kinds[on] != _TABLE:
            return False
        who = subject ^ on
        return any(
            condition << _CONDITION | who | part in rows
            for part in pool.below.get(on, ())
            if pool.kinds[part] in _COLUMNS
            for condition in conditions
        )

    def _number(self, side: Grants) -> int:
        """Count the subjects of one side."""
        rows, conditional = side.rows, len(side.conditions()) > 1
        folded = {self._subject(key) for key in side.keys_of_kinds(_FOLDED)}
        standing = len(rows) - sum(1 for _ in side.keys_of_kinds(_FOLDED if self._policies else _FOLDED_OR_POLICY))
        if conditional:
            some = [key for key in rows if key >> _CONDITION and self._counts(key)]
            standing -= sum(pool_kind not in _COLUMNS for pool_kind in (side.pool.kinds[k & _RESOURCE] for k in some))
            folded.update(map(self._subject, some))
        return standing + sum(key not in rows for key in folded)

    def __len__(self) -> int:
        return self._count

    def __contains__(self, subject: tuple[Principal, Resource]) -> bool:
        pool = self._sides[0].pool
        who, on = pool.known_principal(subject[0]), pool.known(subject[1])
        if who is None or on is None or (not self._policies and pool.kinds[on] == _POLICY):
            return False
        key = who << RESOURCE_BITS | on
        held = [self._has(side, key) for side in self._sides]
        return all(held) if self._shared else any(held)
