"""The grants of one side, packed: a million of them are the ordinary case, and all but a few say nothing new.

``Grants`` is a collection of ``Grant`` that builds one only when it is looked at. Rows are in normal form: one for each
(principal, condition, resource), ``ALL`` spelt out. Two sides that share a ``Pool`` are compared by number; what one
has and the other has not is ``differences``.
"""

from __future__ import annotations

import json
from array import array
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from itertools import chain, compress, count
from operator import eq, itemgetter
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
_HELD: Final = _kinds(range(_DATABASE, _OTHER + 1))
_NONE: Final[Sequence[int]] = array("I")
_FIRST: Final = itemgetter(0)
RESOURCE_BITS: Final = 32
_PRINCIPAL_BITS: Final = 28
_PRINCIPAL: Final = (1 << _PRINCIPAL_BITS) - 1
_BUILT: Final = 2_000
"""Rows that are kept as they were built."""
_ASKED: Final = 8
"""So often all rows are searched for who names one table, before all tables are indexed."""
_BYTE: Final = 256
_ZERO: Final = ord("0")
_DIGITS: Final = b"0123456789"
_NO_DIGITS: Final = bytes(one for one in range(_BYTE) if one not in _DIGITS)
_SHAPE: Final = bytes.maketrans(_DIGITS, b"0" * len(_DIGITS))

UNFILTERED, BY_KIND, TARGETED = range(3)
"""How a page of grants was asked for: all of them, those on one kind of resource, or those on one resource."""

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

    def plain(self, number: int) -> Table | None:
        """Return the table of a number if it is a whole one's."""
        noun = self._nouns[number] if self.kinds[number] == _TABLE else None
        return noun if isinstance(noun, Table) else None

    def of_types(self, wanted: tuple[type[Resource], ...]) -> bytes:
        """Return a 1 for each resource that is of one of these types, by number."""
        plain = {Table: _TABLE, AllTables: _ALL_TABLES, Database: _DATABASE, TagPolicy: _POLICY,
                 DataCellsFilter: _FILTER}  # fmt: skip
        kinds = {kind for noun, kind in plain.items() if noun in wanted}
        if TableColumns in wanted:
            kinds |= _COLUMNS
        found = bytearray(self.kinds.translate(_kinds(kinds)))
        for number, noun in self._nouns.items():
            if not isinstance(noun, Table) and isinstance(noun, wanted):
                found[number] = 1
        return bytes(found)

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
        self.who_of = array("B")
        """By place, which is the order of appearance: the principal's number, and so the next four."""
        self.on_of = array("I")
        self.condition_of = array("B")
        self.pair_of = array("B")
        self.shown_by = bytearray()
        """A bit for each way of asking that showed the row."""
        self.short: dict[int, int] = {}
        """Place → pair that unfiltered pages showed, of rows of which other pages showed more."""
        self._taken = 0
        """How many rows came, those included that were united since."""
        self._came: array[int] | None = None
        """By place, which of the rows that came it is; None: places are still those."""
        self._firsts: list[int] = []
        self._pages: list[_Page] = []
        self.writers: list[str | None] = [None]
        self.known_writers: dict[str | None, int] = {None: 0}
        self._given: dict[int, Grant] = {}
        """By what ``_came`` says."""
        self._made: dict[int, Grant] = {}
        self._settled = 0
        """How many of the rows that came were looked at for those to be united."""
        self._places: dict[int, array[int]] = {}
        """By principal, in order of appearance: places, by the number of what the row is on."""
        self._ons: dict[int, array[int]] = {}
        """What these rows are on."""
        self._conditions: dict[int, None] = {0: None}
        self._holders: dict[int, list[int]] = {}
        """Places by principal of what speaks neither of one table nor of something known by name only."""
        self._held: dict[int, dict[int, list[int]]] = {}
        """And these by the kind of what they are on, of those who were asked for."""
        self._shared: Grants | None = None
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
        came, pair = self._taken, pool.pair(held, lent)
        self._put(
            (pool.principal(grant.principal),),
            (pool.resource(grant.resource),),
            (pool.condition(grant.condition),),
            (pair,),
            UNFILTERED,
        )
        same = held is grant.permissions and lent is grant.grantable and lent <= held
        self._given[came] = grant if same else self._spelt(grant, pair)

    def _spelt(self, grant: Grant, pair: int) -> Grant:
        held, lent = self.pool.pairs[pair]
        return Grant(grant.principal, grant.resource, held, lent, grant.condition, grant.evidence, grant.updated_by,
                     grant.updated)  # fmt: skip

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
        pairs: Sequence[int],
        by: Sequence[int],
        times: Sequence[str],
        items: Sequence[int] | None = None,
        asked: int = UNFILTERED,
    ) -> int:
        """Take a page as ``take_page`` does, a column of it at a time; see ``Row``.

        *items* are the rows' numbers on the page; None if the page gave all of its rows.
        """
        if people:
            self._firsts.append(self._taken)
            self._pages.append(_Page(line, None if items is None else _small(items), _small(by), _packed(times)))
            self._put(people, on, conditions, pairs, asked)
        return len(people)

    def _put(
        self, people: Sequence[int], on: Sequence[int], conditions: Sequence[int], pairs: Sequence[int], asked: int
    ) -> None:
        self.who_of = _fitting(self.who_of, people)
        self.who_of.extend(people)
        self.on_of.extend(on)
        self.condition_of = _fitting(self.condition_of, conditions)
        self.condition_of.extend(conditions)
        self.pair_of = _fitting(self.pair_of, pairs)
        self.pair_of.extend(pairs)
        self.shown_by += bytes((1 << asked,)) * len(people)
        if self._came is not None:
            self._came.extend(range(self._taken, self._taken + len(people)))
        self._taken += len(people)

    # A million rows are walked through by the interpreter's own loops (``map``, ``compress``): a tenth of the time of
    # a loop that is written out.
    def _settle(self) -> None:
        """Order the rows, and unite those of one principal on one resource; who looks anything up has this done."""
        if self._settled == self._taken:
            return
        self._sort()
        dead = [place for who in self._places for place in self._united(who)]
        if dead:
            self._bury(dead)
            self._sort()
        self._settled = self._taken
        self._conditions = dict.fromkeys((0, *self.condition_of))
        self._holders, self._held = {}, {}
        for place in self._of_kinds(_HELD):
            self._holders.setdefault(self.who_of[place], []).append(place)
        self._made.clear()
        self._broadly = self._broad = self._used = self._apart = None
        self._naming, self._asked = {}, 0

    def _sort(self) -> None:
        places = [array("I") for _ in self.pool.principals]
        deque(map(array.append, map(places.__getitem__, self.who_of), count()), maxlen=0)
        on = self.on_of.__getitem__
        self._places = {who: array("I", sorted(places[who], key=on)) for who in dict.fromkeys(self.who_of)}
        del places  # what follows is as big, and takes its room
        self._ons = {who: array("I", list(map(on, mine))) for who, mine in self._places.items()}

    def _united(self, who: int) -> Iterator[int]:
        """Unite rows of a principal that say something of the same; yield the places of those that say no more."""
        places, on = self._places[who], self._ons[who]
        if not any(map(eq, on, on[1:])):
            return
        kept: dict[int, int] = {}
        for place in places:
            first = kept.setdefault(self.seat(place), place)
            if first != place:
                self._unite(first, place)
                yield place

    def _unite(self, first: int, place: int) -> None:
        """Add a row to an earlier one; what only filtered listings show is kept apart in ``short``."""
        mine, more, whole = self.shown_by[first], self.shown_by[place], 1 << UNFILTERED
        before, pair = self.pair_of[first], self.pair_of[place]
        self.shown_by[first] = mine | more
        if before == pair and first not in self.short:
            return
        after = self.pool.united(before, pair)
        self.pair_of = _fitting(self.pair_of, (after,))
        self.pair_of[first] = after
        shown = self.short.pop(first, before) if mine & whole else None
        if more & whole:
            shown = pair if shown is None else self.pool.united(shown, pair)
        if shown is not None and shown != after:
            self.short[first] = shown
        came = self._which(first)
        if came in self._given:
            self._given[came] = self._spelt(self._given[came], after)

    def _bury(self, dead: list[int]) -> None:
        """Forget rows that were united with others."""
        alive = bytearray(b"\1") * len(self.who_of)
        for place in dead:
            alive[place] = 0
            self._given.pop(self._which(place), None)
        if self.short:
            now = dict(zip(compress(count(), alive), count()))
            self.short = {now[place]: pair for place, pair in self.short.items()}
        self._came = array("I", compress(self._came or count(), alive))
        self.who_of = array(self.who_of.typecode, compress(self.who_of, alive))
        self.on_of = array("I", compress(self.on_of, alive))
        self.condition_of = array(self.condition_of.typecode, compress(self.condition_of, alive))
        self.pair_of = array(self.pair_of.typecode, compress(self.pair_of, alive))
        self.shown_by = bytearray(compress(self.shown_by, alive))

    def seat(self, place: int) -> int:
        """Return what a row is on, under its condition, in the pool's numbers."""
        return self.condition_of[place] << RESOURCE_BITS | self.on_of[place]

    def _which(self, place: int) -> int:
        return place if self._came is None else self._came[place]

    def asked_elsewhere(self) -> Iterator[Grant]:
        """Yield the rows of which filtered listings show more than unfiltered pages do.

        Not those on data cells filters: they may show with their table alone.
        """
        self._settle()
        kinds, whole = self.pool.kinds, 1 << UNFILTERED
        more = sorted({*self.short, *(place for place, by in enumerate(self.shown_by) if not by & whole)})
        return (self._build(place) for place in more if kinds[self.on_of[place]] != _FILTER)

    def of_no_kind(self) -> int:
        """Count the rows that unfiltered pages show and no listing of one kind of resource does."""
        self._settle()
        return sum(self.shown_by.count(1 << UNFILTERED | other) for other in (0, 1 << TARGETED))

    def writer(self, name: str | None) -> int:
        """Return the number of who updated rows last."""
        number = self.known_writers.get(name)
        if number is None:
            number = self.known_writers[name] = len(self.writers)
            self.writers.append(name)
        return number

    # ------------------------------------------------------------------------------------------------ as a collection
    def __len__(self) -> int:
        self._settle()
        return len(self.who_of)

    def __iter__(self) -> Iterator[Grant]:
        self._settle()
        return map(self._build, range(len(self.who_of)))

    def __contains__(self, grant: object) -> bool:
        return isinstance(grant, Grant) and self.same(grant) == grant

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Collection):
            return NotImplemented
        return len(self) == len(other) and all(one == two for one, two in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Grants({list(self)!r})"

    def _build(self, place: int) -> Grant:
        came = self._which(place)
        given = self._given.get(came)
        if given is not None:
            return given
        pool = self.pool
        held, lent = pool.pairs[self.pair_of[place]]
        number = bisect_right(self._firsts, came) - 1
        page, row = self._pages[number], came - self._firsts[number]
        item = row if page.items is None else page.items[row]
        return Grant(
            pool.principals[self.who_of[place]],
            pool.noun(self.on_of[place]),
            held,
            lent,
            pool.conditions[self.condition_of[place]],
            Evidence(Side.LIVE, page.line, f"/response/PrincipalResourcePermissions/{item}"),
            self.writers[page.by[row]],
            _unpacked(page.times, row) or None,
        )

    def at(self, place: int) -> Grant:
        """Build a row, and keep it for whoever asks again soon."""
        made = self._made.get(place)
        if made is None:
            if len(self._made) >= _BUILT:
                self._made.clear()
            made = self._made[place] = self._build(place)
        return made

    # -------------------------------------------------------------------------------------------------------- look-ups
    def find(self, who: int, on: int) -> Sequence[int]:
        """Return the places of a principal's rows on a resource, by their conditions."""
        ons = self._ons.get(who, _NONE)
        first = last = bisect_left(ons, on)
        while last < len(ons) and ons[last] == on:
            last += 1
        if last == first:
            return _NONE
        found = self._places[who][first:last]
        if last - first > 1:
            return sorted(found, key=lambda place: (self.condition_of[place] != 0, place))
        return found

    def find_row(self, who: int, on: int, condition: int) -> int | None:
        """Return the place of a row, if there is such a one."""
        return next((place for place in self.find(who, on) if self.condition_of[place] == condition), None)

    def _found(self, who: int, on: int) -> Iterator[Grant]:
        for place in self.find(who, on):
            yield from self._one(place)

    def _one(self, place: int) -> Iterator[Grant]:
        if self._shared is None or self._shared.has(self, place):
            yield self.at(place)

    def has(self, other: Grants, place: int) -> bool:
        """Whether this side gives at least what a row of *other* does, by the very same row."""
        self._settle()
        mine = self.find_row(other.who_of[place], other.on_of[place], other.condition_of[place])
        if mine is None:
            return False
        one, two = other.pair_of[place], self.pair_of[mine]
        return one == two or self.pool.atoms[one] <= self.pool.atoms[two]

    def shared(self, other: Grants) -> Grants:
        """Return a view of these grants: the rows that *other* has too."""
        self._settle()
        view = copy(self)
        view._shared = other  # noqa: SLF001 - its own class
        return view

    def _number(self, who: Principal | None) -> int | None:
        """Return the number of a principal that holds something."""
        self._settle()
        number = self.pool.known_principal(who)
        return number if number in self._places else None

    def principals(self) -> list[Principal]:
        """Return everyone who holds a grant, as far as could be read."""
        self._settle()
        names = self.pool.principals
        return [name for number in self._places if (name := names[number]) is not None]

    def of(self, principal: Principal | None) -> list[Grant]:
        """Return all grants of a principal; of None those whose principal could not be read."""
        who = self._number(principal)
        if who is None:
            return []
        return [grant for place in sorted(self._places[who]) for grant in self._one(place)]

    def _of_kinds(self, wanted: bytes) -> Iterator[int]:
        """Yield the places of the rows on resources of the kinds for which *wanted* holds a 1, in order."""
        fits = self.pool.kinds.translate(wanted)
        return compress(count(), map(fits.__getitem__, self.on_of))

    def people(self) -> Collection[int]:
        """Return the numbers of those who hold something, in order of appearance."""
        self._settle()
        return self._places.keys()

    def places_of(self, who: int) -> Sequence[int]:
        """Return the places of a principal's rows, by the number of what they are on."""
        self._settle()
        return self._places.get(who, _NONE)

    def ons_of(self, who: int) -> Sequence[int]:
        """Return what the rows of ``places_of`` are on."""
        self._settle()
        return self._ons.get(who, _NONE)

    def _held_on(self, who: int | None, kind: int) -> Sequence[int]:
        """Return a principal's places of ``elsewhere`` on one kind of resource, in order."""
        if who is None:
            return _NONE
        known = self._held.get(who)
        if known is None:
            known = self._held[who] = {}
            for place in self._holders.get(who, ()):
                known.setdefault(self.pool.kinds[self.on_of[place]], []).append(place)
        return known.get(kind, _NONE)

    def _broad_places(self, who: int) -> Iterable[int]:
        """Return a principal's places on anything but single tables."""
        if self._broadly is None:
            self._broadly = {}
            for place in self._of_kinds(_BROAD):
                self._broadly.setdefault(self.who_of[place], []).append(place)
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
        place = self.find_row(who, on, self.pool.condition(grant.condition))
        return None if place is None else next(self._one(place), None)

    def named(self, principal: Principal, table: Table) -> list[Grant]:
        """Return the grants that name the table, its columns or its filters."""
        who, on = self._number(principal), self.pool.known(table)
        if who is None or on is None:
            return []
        parts = (on, *self.pool.below.get(on, ()))
        return [grant for part in parts for place in self.find(who, part) for grant in self._one(place)]

    def in_database(self, principal: Principal, database: Database) -> list[Grant]:
        """Return the ``ALL_TABLES`` grants in a database."""
        return self.on_object(principal, AllTables(database.catalog, database.name))

    def over(self, principal: Principal, database: Database) -> Iterator[Grant]:
        """Yield the grants that may give something on a database itself: policies without asking whether they match."""
        who, pool = self._number(principal), self.pool
        if who is None:
            return
        this = pool.known(database)
        policies = (one for one in self._held_on(who, _POLICY) if pool.means_databases(self.on_of[one]))
        on_itself = () if this is None else self.find(who, this)
        for place in sorted((*on_itself, *self._held_on(who, _WIDE), *policies)):
            yield from self._one(place)

    def elsewhere(self, principal: Principal) -> Iterator[Grant]:
        """Yield the grants that name neither one table nor all tables of a database."""
        who = self._number(principal)
        for place in self._holders.get(who, ()) if who is not None else ():
            yield from self._one(place)

    def conditions(self) -> Collection[int]:
        """Return the numbers of the conditions under which there are grants; 0, none, is always among them."""
        self._settle()
        return self._conditions.keys()

    def held_broadly(self, principal: Principal) -> Iterator[tuple[Resource, str | None, frozenset[Atom]]]:
        """Yield what a principal holds on anything but single tables: the resource, the condition, the atoms."""
        pool, who = self.pool, self._number(principal)
        for place in self._broad_places(who) if who is not None else ():
            if self._shared is None or self._shared.has(self, place):
                condition = pool.conditions[self.condition_of[place]]
                yield pool.noun(self.on_of[place]), condition, pool.atoms[self.pair_of[place]]

    def tables_of(self, principal: Principal) -> set[int]:
        """Return the tables that a principal's grants name, as numbers of the pool."""
        kinds, owner, who = self.pool.kinds, self.pool.owner, self._number(principal)
        ons = self._ons[who] if who is not None else _NONE
        return {owner[on] for on in ons if kinds[on] < _ALL_TABLES}

    def _of_kind(self, principal: Principal, kind: int, among: Container[int] | None = None) -> Iterator[Grant]:
        for place in self._held_on(self._number(principal), kind):
            if among is None or self.on_of[place] in among:
                yield from self._one(place)

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
        self._settle()
        for places in self._holders.values():
            for place in places:
                for grant in self._one(place):
                    if isinstance(grant.resource, kinds):
                        yield grant

    def numbered(self) -> Iterator[tuple[int, int, int, int]]:
        """Yield (principal, resource, condition, permissions), in the pool's numbers, of the rows of ``elsewhere``.

        Of every principal, and without building anything: there are few such resources, and many rows.
        """
        self._settle()
        for who, places in self._holders.items():
            for place in places:
                yield who, self.on_of[place], self.condition_of[place], self.pair_of[place]

    def all_policies(self) -> Iterator[Grant]:
        """Yield the LF-tag policy grants of every principal."""
        return self.everywhere(TagPolicy)

    def granted_policies(self) -> list[TagPolicy]:
        """Return the LF-tag policies that grants are on, each once."""
        self._settle()
        kinds = self.pool.kinds
        seen = {
            on: None
            for places in self._holders.values()
            for place in places
            if kinds[on := self.on_of[place]] == _POLICY
        }
        return [noun for number in seen if isinstance(noun := self.pool.noun(number), TagPolicy)]

    def inside(self, principal: Principal, database: Database) -> Iterator[Grant]:
        """Yield a principal's grants on tables of a database: one of them, columns or filters of it, or all."""
        pool, who = self.pool, self._number(principal)
        owner, inside = pool.owner, pool.inside(database)
        for place in sorted(self._places[who]) if who is not None else ():
            if owner[self.on_of[place]] in inside:
                yield from self._one(place)

    def wide(self) -> Iterator[Grant]:
        """Yield the grants of every principal on whole catalogs and on any resource."""
        return self.everywhere(Catalog, AnyResource)

    def naming(self, resource: Table | Database) -> list[Principal]:
        """Return who holds a grant that names a table (its columns, its filters), or all tables of a database."""
        self._settle()
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
                self._index(self.pool.kinds.translate(_NAMED).__getitem__)
        return [name for number in self._naming.get(on, ()) if (name := names[number]) is not None]

    def expect(self, resources: Iterable[Table | Database]) -> None:
        """Get ready for ``naming`` each of these: one search through all rows serves them all."""
        self._settle()
        wanted: set[int] = set()
        for resource in resources:
            on = self._naming_number(resource)
            if on is not None and on not in self._naming:
                self._naming[on] = []
                wanted |= {on, *self.pool.below.get(on, ())}
        if wanted and self._asked is not None:
            self._index(wanted.__contains__)

    def _naming_number(self, resource: Table | Database) -> int | None:
        noun = resource if isinstance(resource, Table) else AllTables(resource.catalog, resource.name)
        return self.pool.known(noun)

    def _index(self, wanted: Callable[[int], object]) -> None:
        owner, found = self.pool.owner, self._naming
        fits = list(map(wanted, self.on_of))
        for who, on in zip(compress(self.who_of, fits), compress(self.on_of, fits), strict=True):
            found.setdefault(owner[on], []).append(who)
        for on, people in found.items():
            found[on] = list(dict.fromkeys(people))

    def reaching(self, table: Table) -> set[Principal]:
        """Return whom a grant of their own may let reach a table; tag policies without asking whether they match."""
        self._settle()
        names, kinds = self.pool.principals, self.pool.kinds
        if self._broad is None:
            self._broad = {
                name
                for who, places in self._holders.items()
                if (name := names[who]) is not None
                and any(kinds[self.on_of[place]] in (_POLICY, _WIDE) for place in places)
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
        self._settle()
        if self._used is None or len(self._used) < len(self.pool.kinds):
            self._used = bytearray(len(self.pool.kinds))
            for on in self.on_of:
                self._used[on] = 1
        return self._used


@dataclass(frozen=True, slots=True)
class _Page:
    """What rows of one page have for evidence: numbers on the page (None: all, in order), writers, times."""

    line: int
    items: Sequence[int] | None
    by: Sequence[int]
    times: _Times | bytes


@dataclass(frozen=True, slots=True)
class _Times:
    """Times of a page: two digits a byte, and what stands around the digits, with zeros for them.

    ``which`` says which of the shapes a row has; None: all have the first.
    """

    shapes: tuple[bytes, ...]
    which: bytes | None
    digits: bytes


def _fitting(column: array[int], more: Sequence[int]) -> array[int]:
    """Return a column that has room for further numbers: a byte each, then two, then four."""
    if column.typecode == "I" or (most := max(more, default=0)) < _BYTE:
        return column
    kind = "H" if most < _BYTE**2 else "I"
    return array(kind, column) if kind > column.typecode else column


def _small(numbers: Sequence[int]) -> Sequence[int]:
    """Keep numbers in as few bytes as their size allows."""
    return bytes(numbers) if max(numbers, default=0) < _BYTE else array("I", numbers)


def _packed(times: Sequence[str]) -> _Times | bytes:
    """Keep times in a third of their bytes: a page's differ in their digits, hardly in anything else."""
    whole = "".join(times).encode("utf-8", "surrogatepass")
    shapes: tuple[bytes, ...] = (times[0].encode("utf-8", "surrogatepass").translate(_SHAPE),)
    which = None
    if whole.translate(_SHAPE) != shapes[0] * len(times):
        each = [time.encode("utf-8", "surrogatepass").translate(_SHAPE) for time in times]
        shapes = tuple(dict.fromkeys(each))
        if len(shapes) > _BYTE:
            return _encode(times)
        which = bytes(map({shape: number for number, shape in enumerate(shapes)}.__getitem__, each))
    digits = whole.translate(None, _NO_DIGITS)
    return _Times(shapes, which, bytes.fromhex((digits + b"0" * (len(digits) & 1)).decode("ascii")))


def _unpacked(times: _Times | bytes, row: int) -> str:
    """Return the time of one row of a page."""
    if isinstance(times, bytes):
        return _decode(times)[row]
    counts = [shape.count(b"0") for shape in times.shapes]
    if times.which is None:
        shape, start = times.shapes[0], row * counts[0]
    else:
        shape, start = times.shapes[times.which[row]], sum(map(counts.__getitem__, times.which[:row]))
    wanted = times.digits[start // 2 : (start + shape.count(b"0") + 1) // 2]
    digits = iter(wanted.hex().encode("ascii")[start & 1 :])
    text = bytes(next(digits) if one == _ZERO else one for one in shape)
    return text.decode("utf-8", "surrogatepass")


@dataclass(frozen=True, slots=True)
class Apart:
    """The rows that two sides do not have alike, of each side in its order: place, the other's place or None."""

    sides: tuple[Grants, Grants]
    sizes: tuple[int, int]
    rows: tuple[list[tuple[int, int | None]], list[tuple[int, int | None]]]


def _apart(one: Grants, two: Grants) -> Apart:
    """Find what two sides do not have alike, once for both."""
    sizes = len(one), len(two)
    for known in (one._apart, two._apart):  # noqa: SLF001 - this module's
        if known is not None and {*map(id, known.sides)} == {id(one), id(two)} and known.sizes == (
            len(known.sides[0]), len(known.sides[1])
        ):  # fmt: skip
            return known
    one.pool.forget()
    mine: list[tuple[int, int | None]] = []
    theirs: list[tuple[int, int | None]] = []
    conditional = len(one.conditions()) > 1 or len(two.conditions()) > 1
    for who in dict.fromkeys((*one.people(), *two.people())):
        if not conditional:
            _walk(one, two, who, mine, theirs)
            continue
        here, there = one.places_of(who), two.places_of(who)
        held, lies = ({side.seat(place): place for place in places} for side, places in ((one, here), (two, there)))
        for seat, place in held.items():
            other = lies.get(seat)
            if other is None or one.pair_of[place] != two.pair_of[other]:
                mine.append((place, other))
                if other is not None:
                    theirs.append((other, place))
        theirs += [(place, None) for seat, place in lies.items() if seat not in held]
    mine.sort(key=_FIRST)
    theirs.sort(key=_FIRST)
    found = one._apart = Apart((one, two), sizes, (mine, theirs))  # noqa: SLF001
    return found


def _walk(
    one: Grants, two: Grants, who: int, mine: list[tuple[int, int | None]], theirs: list[tuple[int, int | None]]
) -> None:
    """Add what two sides do not have alike of one principal; rows of either have resources of their own, in order."""
    here, there = one.places_of(who), two.places_of(who)
    ons, others = one.ons_of(who), two.ons_of(who)
    pairs = array("I", map(one.pair_of.__getitem__, here))
    more = array("I", map(two.pair_of.__getitem__, there))
    at = to = 0
    while at < len(ons) and to < len(others):
        # Most rows are alike: runs of them are skipped, twice as many at a time, then half as many.
        step, growing = 1, True
        while step:
            end, until = at + step, to + step
            if end <= len(ons) and until <= len(others) and (
                ons[at:end] == others[to:until] and pairs[at:end] == more[to:until]
            ):  # fmt: skip
                at, to = end, until
                step = step * 2 if growing else step // 2
            else:
                step, growing = step // 2, False
        if at == len(ons) or to == len(others):
            break
        if ons[at] == others[to]:
            mine.append((here[at], there[to]))
            theirs.append((there[to], here[at]))
        elif ons[at] < others[to]:
            mine.append((here[at], None))
            to -= 1
        else:
            theirs.append((there[to], None))
            at -= 1
        at, to = at + 1, to + 1
    mine += [(place, None) for place in here[at:]]
    theirs += [(place, None) for place in there[to:]]


def _unlike(mine: Grants, theirs: Grants) -> list[tuple[int, int | None]]:
    found = _apart(mine, theirs)
    return found.rows[0 if found.sides[0] is mine else 1]


def differences(mine: Grants, theirs: Grants) -> Iterator[tuple[Grant, frozenset[Atom]]]:
    """Yield each row of one side with what the same row of the other side does not give. Both share a pool."""
    pool_atoms = mine.pool.atoms
    for place, other in _unlike(mine, theirs):
        left = pool_atoms[mine.pair_of[place]]
        if other is not None:
            left -= pool_atoms[theirs.pair_of[other]]
        if left:
            yield mine.at(place), left


def matched(mine: Grants, theirs: Grants) -> int:
    """Count the rows of one side of which the other has one too, whatever it gives. Both share a pool."""
    return len(mine) - sum(other is None for _, other in _unlike(mine, theirs))


class Subjects:
    """The (principal, resource) subjects of two sides that share a pool; columns of a table count as the table.

    With *shared* only those that both sides have; with *policies* False none of LF-tag policies.
    """

    def __init__(self, one: Grants, two: Grants, *, shared: bool, policies: bool) -> None:
        """Count them: those of one side, and what the rows that it lacks add, or take away."""
        self._sides = one, two
        self._shared = shared
        self._policies = policies
        pool = one.pool
        kinds = pool.kinds
        self._about = array("I", (owner if kind in _COLUMNS else on for on, (owner, kind) in
                                  enumerate(zip(pool.owner, kinds, strict=True))))  # fmt: skip
        """By a resource's number, what a row on it is about: of columns their table."""
        small, big = (one, two) if len(one) <= len(two) else (two, one)
        lone = {
            (small.who_of[place], self._about[on])
            for place, other in _unlike(small, big)
            if other is None and self._counts(on := small.on_of[place])
        }
        beyond = sum(not self._has(big, *subject) for subject in lone)
        self._count = self._number(small) - beyond if shared else self._number(big) + beyond

    def _counts(self, on: int) -> bool:
        return self._policies or self._sides[0].pool.kinds[on] != _POLICY

    @staticmethod
    def _has(side: Grants, who: int, on: int) -> bool:
        """Whether a side has a row on a subject."""
        if side.find(who, on):
            return True
        pool = side.pool
        return pool.kinds[on] == _TABLE and any(
            pool.kinds[part] in _COLUMNS and side.find(who, part) for part in pool.below.get(on, ())
        )

    def _number(self, side: Grants) -> int:
        """Count the subjects of one side."""
        kinds, about = side.pool.kinds, self._about.__getitem__
        found = 0
        for who in side.people():
            subjects = set(map(about, side.ons_of(who)))
            found += len(subjects)
            if not self._policies:
                found -= sum(kinds[on] == _POLICY for on in subjects)
        return found

    def __len__(self) -> int:
        return self._count

    def __contains__(self, subject: tuple[Principal, Resource]) -> bool:
        pool = self._sides[0].pool
        who, on = pool.known_principal(subject[0]), pool.known(subject[1])
        if who is None or on is None or not self._counts(on):
            return False
        held = [self._has(side, who, on) for side in self._sides]
        return all(held) if self._shared else any(held)
