"""Cells of very many tables: a set of tables is one Python integer, and whole tables are not spelt out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from checks.model import Database, Table
from checks.semantics import FUTURE
from checks.sensitivity import Senses, Sensitivity

if TYPE_CHECKING:
    from checks.grants import Pool
    from checks.view import View

Bits = int
"""A set of tables: table *n* of a ``Register`` is bit *n*."""


def numbers(bits: Bits) -> Iterator[int]:
    """Yield the members of a set, smallest first; cheap for few members in a wide set and for many."""
    data = bits.to_bytes((bits.bit_length() + 7) // 8, "little")
    for place, byte in enumerate(data):
        if byte:
            for bit in _BITS[byte]:
                yield place * 8 + bit


_BITS = [[bit for bit in range(8) if byte >> bit & 1] for byte in range(256)]


def bits_of(members: Iterable[int], size: int) -> Bits:
    """Return a set of members below *size*."""
    data = bytearray((size + 7) // 8)
    for one in members:
        data[one >> 3] |= 1 << (one & 7)
    return int.from_bytes(data, "little")


Cell = tuple[Table, str]


class Register:
    """The tables that exist, numbered by name, and what is asked of many of them at once."""

    def __init__(
        self, tables: Iterable[Table], views: Iterable[View], live: View, sensitivity: Sensitivity | None = None
    ) -> None:
        """Number *tables*; *views* are those of both sides, for what is sensitive; *live* knows the columns."""
        self.tables = sorted(tables, key=lambda one: (one.database, one.name, one.catalog))
        self.size = len(self.tables)
        self._senses = [Senses(sensitivity, view) for view in views]
        self._live = live
        self._pool: Pool | None = None
        self._pooled: dict[int, int] = {}

    @cached_property
    def number(self) -> Mapping[Table, int]:
        """Return the number of each table."""
        return {table: number for number, table in enumerate(self.tables)}

    @cached_property
    def database(self) -> Mapping[Database, Bits]:
        """Return the tables of each database."""
        found: dict[Database, list[int]] = defaultdict(list)
        for number, table in enumerate(self.tables):
            found[table.parent].append(number)
        return {parent: bits_of(some, self.size) for parent, some in found.items()}

    @cached_property
    def catalog(self) -> Mapping[str, Bits]:
        """Return the tables of each catalog."""
        found: dict[str, Bits] = defaultdict(int)
        for database, tables in self.database.items():
            found[database.catalog] |= tables
        return found

    def bits(self, tables: Iterable[Table]) -> Bits:
        """Return a set of tables; one that does not exist is in none."""
        return bits_of((number for one in tables if (number := self.number.get(one)) is not None), self.size)

    def pooled(self, pool: Pool, members: Iterable[int]) -> Bits:
        """Return a set of tables that are known by a pool's numbers."""
        known = self._numbers_of(pool)
        return bits_of((known[one] for one in members if one in known), self.size)

    def strange(self, pool: Pool, members: Iterable[int]) -> list[int]:
        """Return those of a pool's numbers that are no table which exists."""
        known = self._numbers_of(pool)
        return [one for one in members if one not in known]

    def _numbers_of(self, pool: Pool) -> Mapping[int, int]:
        if self._pool is not pool:
            self._pool = pool
            known = ((pool.known(table), number) for table, number in self.number.items())
            self._pooled = {on: number for on, number in known if on is not None}
        return self._pooled

    def named(self, bits: Bits) -> Iterator[Table]:
        """Yield the tables of a set by name."""
        tables = self.tables
        return (tables[number] for number in numbers(bits))

    def every(self, table: Table) -> frozenset[str]:
        """Return all columns of a table, those to come too."""
        told = self._live.columns(table)
        return frozenset({FUTURE}) if told is None else told[0] | told[1] | {FUTURE}

    def partitions(self, table: Table) -> frozenset[str]:
        """Return a table's partition keys."""
        told = self._live.columns(table)
        return told[1] if told is not None else frozenset()

    @cached_property
    def blank(self) -> Bits:
        """Return the tables whose columns nobody knows."""
        return self.bits(table for table in self.tables if self._live.columns(table) is None)

    # -------------------------------------------------------------------------------------------------- sensitive cells
    def sensitive(self, table: Table, columns: frozenset[str]) -> frozenset[str]:
        """Return those of some columns that are sensitive on either side (``sensitivity.py``)."""
        found: frozenset[str] = frozenset()
        for sense in self._senses:
            some = sense.among(table, columns)
            if len(some) == len(columns):
                return columns
            found = found | some if found else some
        return found

    @cached_property
    def _counts(self) -> tuple[Mapping[int, Bits], Mapping[int, Bits]]:
        """Return the tables by their number of columns, and by their number of sensitive ones."""
        wide: dict[int, list[int]] = defaultdict(list)
        hot: dict[int, list[int]] = defaultdict(list)
        for number, table in enumerate(self.tables):
            columns = self.every(table) - {FUTURE}
            wide[len(columns)].append(number)
            hot[len(self.sensitive(table, columns))].append(number)
        size = self.size
        return {n: bits_of(some, size) for n, some in wide.items()}, {n: bits_of(some, size) for n, some in hot.items()}

    def count(self, bits: Bits) -> tuple[int, int]:
        """Count the columns of whole tables, and the sensitive ones among them."""
        wide, hot = (sum(n * (bits & some).bit_count() for n, some in classes.items()) for classes in self._counts)
        return wide, hot

    @cached_property
    def telling(self) -> tuple[Bits, Bits, Bits]:
        """Return the tables with a sensitive column that is no partition key, with a sensitive, with a plain one."""
        found: tuple[list[int], list[int], list[int]] = ([], [], [])
        for number, table in enumerate(self.tables):
            columns = self.every(table) - {FUTURE}
            hot, partitions = self.sensitive(table, columns), self.partitions(table)
            for some, kind in zip(found, (hot - partitions, hot, columns - partitions), strict=True):
                if kind:
                    some.append(number)
        one, two, three = (bits_of(some, self.size) for some in found)
        return one, two, three


@dataclass(slots=True)
class Cells:
    """Columns of tables: spelt out for some tables, ``whole`` for those with every column, those to come too."""

    register: Register
    some: dict[Table, set[str]] = field(default_factory=dict)
    whole: Bits = 0

    def __bool__(self) -> bool:
        return bool(self.some or self.whole)

    def __len__(self) -> int:
        """Count the tables."""
        return self.whole.bit_count() + sum(1 for _ in self._spelt())

    def _spelt(self) -> Iterable[tuple[Table, set[str]]]:
        """Give the tables that are not among the whole ones."""
        if not self.whole or not self.some:
            return self.some.items()
        number, size = self.register.number, self.register.size
        whole = self.whole.to_bytes((size + 7) // 8, "little")
        return [
            (table, columns)
            for table, columns in self.some.items()
            if (at := number.get(table)) is None or not whole[at >> 3] >> (at & 7) & 1
        ]

    def __contains__(self, table: Table) -> bool:
        return table in self.some or self._is_whole(table)

    def __iter__(self) -> Iterator[Table]:
        return (table for table, _ in self.items())

    def _is_whole(self, table: Table) -> bool:
        if not self.whole:
            return False
        number = self.register.number.get(table)
        return number is not None and bool(self.whole >> number & 1)

    def items(self) -> Iterator[tuple[Table, frozenset[str] | set[str]]]:
        """Spell all of it out, table by table."""
        yield from self._spelt()
        for table in self.register.named(self.whole):
            yield table, self.register.every(table)

    def add(self, table: Table, columns: Iterable[str]) -> None:
        """Add columns of one table."""
        self.some.setdefault(table, set()).update(columns)

    def __sub__(self, other: Cells) -> Cells:
        found = Cells(self.register, whole=self.whole & ~other.whole)
        if other.some:
            for table in self.register.named(found.whole & self.register.bits(other.some)):
                found.whole &= ~(1 << self.register.number[table])
                found.some[table] = {*self.register.every(table)} - other.some[table]
        for table, columns in self.some.items():
            if not other._is_whole(table):
                found.some.setdefault(table, set()).update(columns - other.some.get(table, set()))
        found.some = {table: columns for table, columns in found.some.items() if columns}
        return found

    def joined(self, more: Mapping[Table, Iterable[str]]) -> Cells:
        """Return these cells with further ones, or themselves where there are none."""
        if not more:
            return self
        found = Cells(self.register, {table: {*columns} for table, columns in self.some.items()}, self.whole)
        for table, columns in more.items():
            found.add(table, columns)
        return found

    def count(self) -> tuple[int, int]:
        """Count the columns that exist, and the sensitive ones among them."""
        wide, hot = self.register.count(self.whole) if self.whole else (0, 0)
        for table, columns in self._spelt():
            told = frozenset(columns)
            wide += len(told) - (FUTURE in told)
            found = self.register.sensitive(table, told)
            hot += len(found) - (FUTURE in found)
        return wide, hot

    def best(self) -> tuple[Table, str]:
        """Return the most telling cell: a sensitive one if there is one, no partition key if it can be; by name."""
        register = self.register
        tables: list[tuple[Table, Iterable[str]]] = [*self.some.items()]
        for kind in (*register.telling, -1):
            if found := self.whole & kind:
                table = register.tables[(found & -found).bit_length() - 1]
                tables.append((table, register.every(table)))
                break
        if len(tables) == 1:
            ((table, some),) = tables
            return _telling(register, table, frozenset(some))[-1]
        # The kind of a table's best column goes before its name: of each kind only the first table by name can win.
        tables.sort(key=lambda one: (one[0].database, one[0].name))
        best: list[tuple[Table, frozenset[str]]] = []
        kind = len(_KINDS)
        for table, some in tables:
            columns = frozenset(some)
            rank = _rank(register, table, columns)
            same = best and (best[0][0].database, best[0][0].name) == (table.database, table.name)
            if rank < kind:
                best, kind = [(table, columns)], rank
            elif rank == kind and same:  # in another catalog, or among both
                best.append((table, columns))
            elif kind == 0:
                break
        told = [_telling(register, table, columns) for table, columns in best]
        return min(told, key=lambda one: (*one[:-1], one[-1][0].catalog))[-1]


_KINDS = ("sensitive", "sensitive partition key", "plain", "plain partition key")


def _rank(register: Register, table: Table, columns: frozenset[str]) -> int:
    """Return the kind of the most telling one among some columns of a table, as a place in ``_KINDS``."""
    told = columns - {FUTURE} or columns
    hot, partitions = register.sensitive(table, told), register.partitions(table)
    if hot:
        return 1 if hot <= partitions else 0
    return 3 if told <= partitions else 2


def _telling(register: Register, table: Table, columns: frozenset[str]) -> tuple[bool, bool, str, str, str, Cell]:
    told = columns - {FUTURE} or columns
    hot = register.sensitive(table, told)
    partitions = register.partitions(table)
    column = min(told, key=lambda one: (one not in hot, one in partitions, one))
    return column not in hot, column in partitions, table.database, table.name, column, (table, column)


@dataclass(slots=True)
class Tables:
    """A set of tables, few of them named, many as bits."""

    register: Register
    some: set[Table] = field(default_factory=set)
    whole: Bits = 0

    def __bool__(self) -> bool:
        return bool(self.some or self.whole)

    def __len__(self) -> int:
        return (self.whole | self.register.bits(self.some)).bit_count() + sum(
            one not in self.register.number for one in self.some
        )

    def __contains__(self, table: Table) -> bool:
        number = self.register.number.get(table)
        return table in self.some or (number is not None and bool(self.whole >> number & 1))

    def __iter__(self) -> Iterator[Table]:
        return iter({*self.some, *self.register.named(self.whole)})

    def first(self) -> Table:
        """Return the first table by name."""
        few = list(self.some)
        if self.whole:
            few.append(self.register.tables[(self.whole & -self.whole).bit_length() - 1])
        return min(few, key=lambda one: (one.database, one.name, one.catalog))
