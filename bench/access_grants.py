"""The grants of ``bench.access_lake``: as many as one likes, computed, with differences between the sides that count.

Tables have 60 columns and lie fifty to a database. Of a hundred grants 55 are on tables, 20 on columns (half of them
all but some), 10 on data cells filters, 6 on databases, 4 on all tables of a database and 5 by LF-tags. Three in a
hundred carry the grant option. No principal is granted the same thing twice, as in Lake Formation itself.

Nothing is kept but the tags and the differences: what the n-th grant is, and whether a principal holds a certain grant,
is computed, since a scrambled count gives the pair of principal and resource, and the pair gives back the count.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

TABLES_OF_DATABASE: Final = 50
KEYS: Final = {"domain": 40, "sensitivity": 5, "env": 4, "zone": 5, "pii": 2, "region": 10, "owner": 100, "tier": 3}
"""LF-tag keys and how many values each has."""

TABLE, COLUMNS, FILTER, DATABASE, WILDCARD, TAG = range(6)
SHARES: Final = {TABLE: 55, COLUMNS: 20, FILTER: 10, DATABASE: 6, WILDCARD: 4, TAG: 5}
_HUNDRED: Final = 100
_LAYOUTS: Final = 61
_COLUMN_SETS: Final = 1 << 14
_MASK: Final = (1 << 64) - 1

ON_TABLES: Final[tuple[tuple[str, ...], ...]] = (
    ("SELECT",), ("SELECT", "DESCRIBE"), ("DESCRIBE",), ("ALL",), ("SELECT", "INSERT"),
    ("ALTER", "DROP", "DELETE", "INSERT"),
)  # fmt: skip
ON_DATABASES: Final[tuple[tuple[str, ...], ...]] = (("DESCRIBE",), ("CREATE_TABLE", "DESCRIBE"), ("ALL",))
_BY_TAG: Final[tuple[tuple[str, ...], ...]] = (("SELECT",), ("SELECT", "DESCRIBE"), ("DESCRIBE",))
_DATABASES_BY_TAG: Final = ON_DATABASES[:2]

MORE: Final[Mapping[tuple[str, ...], tuple[str, ...]]] = {
    ("SELECT",): ("SELECT", "INSERT"),
    ("SELECT", "DESCRIBE"): ("SELECT", "DESCRIBE", "DELETE"),
    ("ALTER", "DROP", "DELETE", "INSERT"): ("ALTER", "DROP", "DELETE", "INSERT", "SELECT"),
}
LESS: Final[Mapping[tuple[str, ...], tuple[str, ...]]] = {
    ("SELECT", "DESCRIBE"): ("DESCRIBE",),
    ("SELECT", "INSERT"): ("SELECT",),
    ("ALL",): ("DESCRIBE",),
    ("CREATE_TABLE", "DESCRIBE"): ("DESCRIBE",),
    ("ALTER", "DROP", "DELETE", "INSERT"): ("ALTER", "DROP"),
}
GAINED: Final = frozenset({"only live", "permission more", "grant option more", "column more"})
CHANGES: Final = ("only live", "only declared", "permission more", "permission less", "grant option more",
                   "column more")  # fmt: skip


class TooSmallError(ValueError):
    """There are more grants to be made than pairs of principal and resource."""


# ---------------------------------------------------------------------------------------------------------------- size
@dataclass(frozen=True, slots=True)
class Size:
    """How much of everything. ``drift`` is the share of grants that differ; the three after it change no grant."""

    grants: int = 1_000_000
    tables: int = 45_000
    principals: int = 5_000
    columns: int = 60
    expressions: int = 600
    drift: float = 0.005
    moved_tags: int = 20
    edited_filters: int = 20
    added_columns: int = 20
    seed: int = 7

    @property
    def databases(self) -> int:
        """Fifty tables each."""
        return -(-self.tables // TABLES_OF_DATABASE)

    @property
    def filters(self) -> int:
        """Two on every fifth table."""
        return 2 * -(-self.tables // 5)


class Grant(NamedTuple):
    """One grant. ``place`` is the number of a table, filter, database or expression, as ``kind`` says."""

    kind: int
    principal: int
    place: int
    permissions: tuple[str, ...]
    options: tuple[str, ...]
    columns: tuple[int, ...]
    inverted: bool
    """All columns but ``columns``; of a grant by tags: it is on databases."""


class Planted(NamedTuple):
    """What a grant is on each side; None where it is not there."""

    change: str
    declared: Grant | None
    live: Grant | None


class Scramble:
    """A bijection of the numbers below *size* that looks random."""

    __slots__ = ("_add", "_bits", "_first", "_mask", "_second", "_undo_first", "_undo_second", "size")

    def __init__(self, size: int, chance: random.Random) -> None:
        self.size = size
        self._bits = max(2, (size - 1).bit_length())
        self._mask = (1 << self._bits) - 1
        self._first, self._second = (chance.getrandbits(self._bits) | 1 for _ in range(2))
        self._add = chance.getrandbits(self._bits)
        self._undo_first, self._undo_second = (pow(one, -1, self._mask + 1) for one in (self._first, self._second))

    def __call__(self, number: int) -> int:
        """Scramble a number."""
        half, mask = (self._bits + 1) // 2, self._mask
        while True:
            number = (number * self._first + self._add) & mask
            number ^= number >> half
            number = number * self._second & mask
            number ^= number >> half
            if number < self.size:
                return number

    def undo(self, number: int) -> int:
        """Return the number of which this is the scrambled one."""
        half, mask = (self._bits + 1) // 2, self._mask
        while True:
            number ^= number >> half
            number = number * self._undo_second & mask
            number ^= number >> half
            number = (number - self._add) * self._undo_first & mask
            if number < self.size:
                return number


# ---------------------------------------------------------------------------------------------------------------- tags
Values = dict[str, int]


@dataclass(slots=True)
class Tags:
    """Who carries which LF-tag on one side: databases, tables that override one, columns that override one."""

    databases: list[Values]
    tables: dict[int, Values]
    columns: dict[int, dict[int, tuple[str, int]]]

    def on_table(self, table: int) -> Values:
        """Return a table's own and inherited tags."""
        return {**self.databases[table // TABLES_OF_DATABASE], **self.tables.get(table, {})}


Expression = tuple[tuple[str, tuple[int, ...]], ...]


def _tags(size: Size, chance: random.Random) -> Tags:
    databases = [
        {key: chance.randrange(values) for key, values in KEYS.items() if chance.random() < 0.8}
        for _ in range(size.databases)
    ]
    tables: dict[int, Values] = {}
    columns: dict[int, dict[int, tuple[str, int]]] = {}
    names = list(KEYS)
    for table in range(size.tables):
        inherited = databases[table // TABLES_OF_DATABASE]
        if chance.random() < 0.4:
            keys = chance.sample(names, chance.choice((1, 2)))
            tables[table] = {key: _another(chance, key, inherited.get(key)) for key in keys}
        if chance.random() < 0.3:
            columns[table] = {
                chance.randrange(size.columns): ("pii", 1) if chance.random() < 0.5 else
                ("sensitivity", chance.randrange(KEYS["sensitivity"]))
                for _ in range(chance.randint(1, 4))
            }  # fmt: skip
    return Tags(databases, tables, columns)


def _another(chance: random.Random, key: str, value: int | None) -> int:
    """Return a value of *key* that is not *value*."""
    if value is None:
        return chance.randrange(KEYS[key])
    return (value + chance.randrange(1, KEYS[key])) % KEYS[key]


def _expressions(size: Size, chance: random.Random) -> list[Expression]:
    found: dict[Expression, None] = {}
    while len(found) < size.expressions:
        keys = sorted(chance.sample(list(KEYS), chance.randint(1, 3)))
        one = tuple(
            (key, tuple(sorted(chance.sample(range(KEYS[key]), chance.randint(1, min(3, KEYS[key] - 1))))))
            for key in keys
        )
        found[one] = None
    return list(found)


# ---------------------------------------------------------------------------------------------------------------- lake
class Lake:
    """The lake on both sides. Every grant can be asked for by its number; nothing is kept but tags and differences."""

    def __init__(self, size: Size) -> None:
        """Decide everything that is not computed.

        Raises:
            TooSmallError: so many grants cannot all be different.

        """
        self.size = size
        chance = random.Random(size.seed)
        spaces = {
            TABLE: size.tables, FILTER: size.filters, DATABASE: size.databases, WILDCARD: size.databases,
            TAG: size.expressions,
        }  # fmt: skip
        self._scrambles = {kind: Scramble(size.principals * places, chance) for kind, places in spaces.items()}
        # Tables and columns share their pairs: nobody is granted a table twice.
        self._shares = {**SHARES, TABLE: SHARES[TABLE] + SHARES[COLUMNS]}
        del self._shares[COLUMNS]
        for kind, share in self._shares.items():
            if (size.grants // _HUNDRED + 1) * share > self._scrambles[kind].size:
                raise TooSmallError(f"{size.grants} grants are too many for so few principals and tables")
        self._layouts = [_layout(chance) for _ in range(_LAYOUTS)]
        self._order = Scramble(size.grants, chance)
        self._salt = chance.getrandbits(64) | 1
        sets = min(_COLUMN_SETS, 64 + size.grants)
        wide = min(12, size.columns - 1)
        self._column_sets = [
            tuple(sorted(chance.sample(range(size.columns), chance.randint(1, wide)))) for _ in range(sets)
        ]
        self.expressions = _expressions(size, chance)
        self.declared = _tags(size, chance)
        self._chance = chance
        self.moved: list[tuple[str, int, bool, int, int]] = []
        """Tags that differ: key, number of the database or table, whether it is a database, declared and live value."""
        self.live = self._moved()
        self.added_columns = self._few(size.added_columns, size.tables)
        self.edited_filters = self._few(size.edited_filters, size.filters)
        self.planted = dict(self._plant())

    def _few(self, count: int, of: int) -> tuple[int, ...]:
        return tuple(sorted(self._chance.sample(range(of), min(count, of // 4))))

    def _moved(self) -> Tags:
        """Move tags: one in ten on a database, the others on tables that override one."""
        chance, declared = self._chance, self.declared
        live = Tags([*declared.databases], {**declared.tables}, declared.columns)
        count = min(self.size.moved_tags, len(declared.tables) // 4)
        for table in sorted(chance.sample(sorted(declared.tables), count - count // 10)):
            key = chance.choice(sorted(declared.tables[table]))
            before = declared.tables[table][key]
            inherited = declared.databases[table // TABLES_OF_DATABASE].get(key)
            after = chance.choice([v for v in range(KEYS[key]) if v not in (before, inherited)] or [before])
            if after != before:
                live.tables[table] = {**declared.tables[table], key: after}
                self.moved.append((key, table, False, before, after))
        some = [one for one in range(self.size.databases) if declared.databases[one]]
        for database in sorted(chance.sample(some, min(count // 10, len(some)))):
            key = chance.choice(sorted(declared.databases[database]))
            before = declared.databases[database][key]
            after = _another(chance, key, before)
            live.databases[database] = {**declared.databases[database], key: after}
            self.moved.append((key, database, True, before, after))
        return live

    # --------------------------------------------------------------------------------------------------------- grants
    def grant(self, number: int) -> Grant:
        """Return a grant as it is where it does not differ; *number* is below the size."""
        block, at = divmod(number, _HUNDRED)
        kind, offset = self._layouts[block % _LAYOUTS][at]
        return self._nth(kind, block * self._shares[kind] + offset)

    def _nth(self, kind: int, number: int) -> Grant:
        place, principal = divmod(self._scrambles[kind](number), self.size.principals)
        bits = (number * 0x9E3779B97F4A7C15 + kind) * self._salt & _MASK
        bits ^= bits >> 29
        bits = bits * 0xBF58476D1CE4E5B9 & _MASK
        bits ^= bits >> 32
        columns: tuple[int, ...] = ()
        inverted = False
        bits, choice = divmod(bits, 60)
        bits, option = divmod(bits, _HUNDRED)
        if kind == TABLE and number % self._shares[TABLE] >= SHARES[TABLE]:
            kind, permissions = COLUMNS, _BY_TAG[0]
            inverted = bool(number & 1)
            columns = self._column_sets[bits % len(self._column_sets)]
        elif kind in (TABLE, WILDCARD):
            permissions = ON_TABLES[choice % len(ON_TABLES)]
        elif kind == FILTER:
            permissions = _BY_TAG[0]
        elif kind == DATABASE:
            permissions = ON_DATABASES[choice % len(ON_DATABASES)]
        else:
            inverted = bits & 3 == 3
            permissions = _DATABASES_BY_TAG[choice % 2] if inverted else _BY_TAG[choice % len(_BY_TAG)]
        options = permissions if option < 3 else ()
        return Grant(kind, principal, place, permissions, options, columns, inverted)

    def _count(self, kind: int) -> int:
        """Return how many grants of a kind of pair there are."""
        blocks, rest = divmod(self.size.grants, _HUNDRED)
        layout = self._layouts[blocks % _LAYOUTS]
        return blocks * self._shares[kind] + sum(1 for one, _ in layout[:rest] if one == kind)

    def _held(self, kind: int, principal: int, place: int) -> bool:
        """Whether a principal holds a grant on something, on either side."""
        number = self._scrambles[kind].undo(place * self.size.principals + principal)
        if number < self.size.grants // _HUNDRED * self._shares[kind]:
            return True
        return number < self._count(kind) + self._shares[kind]  # the last block is not whole: take it as held

    def side(self, *, live: bool) -> Iterator[Grant]:
        """Give the grants of one side; the sides differ in their order too."""
        planted, grant = self.planted, self.grant
        for position in range(self.size.grants):
            number = position if live else self._order(position)
            other = planted.get(number)
            if other is None:
                yield grant(number)
            elif (one := other.live if live else other.declared) is not None:
                yield one

    # ---------------------------------------------------------------------------------------------------- differences
    def _plant(self) -> Iterator[tuple[int, Planted]]:
        """Decide which grants differ: only such whose difference nothing else that their principal holds makes up."""
        wanted = round(self.size.grants * self.size.drift)
        for turn in range(wanted):
            first, last = (one * self.size.grants // wanted for one in (turn, turn + 1))
            for number in range(first, last):
                grant = self.grant(number)
                found = self._changed(grant, CHANGES[turn % len(CHANGES)])
                if found is not None and self._alone(grant):
                    yield number, found
                    break

    def _changed(self, grant: Grant, change: str) -> Planted | None:
        """Change a grant in one way, if that way is open to it and says more than DESCRIBE, which much implies."""
        permissions = grant.permissions
        if grant.options:
            return None
        if change in ("only live", "only declared", "grant option more"):
            if permissions == ("DESCRIBE",):
                return None
            other = grant._replace(options=permissions) if change == "grant option more" else None
            return Planted(change, grant, other) if change != "only live" else Planted(change, None, grant)
        if change == "column more":
            if grant.kind != COLUMNS or (len(grant.columns) < 2 and grant.inverted):
                return None
            free = (one for one in range(self.size.columns) if one not in grant.columns)
            more = grant.columns[1:] if grant.inverted else tuple(sorted((*grant.columns, next(free))))
            return Planted(change, grant, grant._replace(columns=more))
        if grant.kind in (COLUMNS, FILTER):
            return None
        if change == "permission less":
            less = LESS.get(permissions)
        elif permissions == ("DESCRIBE",):
            on_databases = grant.kind == DATABASE or (grant.kind == TAG and grant.inverted)
            less = ("DESCRIBE", "CREATE_TABLE" if on_databases else "SELECT")
        else:
            less = MORE.get(permissions) if grant.kind in (TABLE, WILDCARD) else None
        return None if less is None else Planted(change, grant, grant._replace(permissions=less))

    def _alone(self, grant: Grant) -> bool:
        """Whether there is something that the principal can reach by this grant only; says no where it is unsure."""
        who, place = grant.principal, grant.place
        if grant.kind in (TABLE, COLUMNS):
            return self._spare(who, place, but=grant)
        if grant.kind == FILTER:
            return place not in self.edited_filters and self._spare(who, self.table_of(place), but=grant)
        if grant.kind == WILDCARD:
            start = place * TABLES_OF_DATABASE
            tables = range(start, min(start + TABLES_OF_DATABASE, self.size.tables))
            return any(self._spare(who, table, but=grant) for table in tables)
        if grant.kind == DATABASE:
            return self._spare_database(who, place, but=grant)
        if grant.inverted:
            matched = (one for one in range(self.size.databases) if self._reached(place, one, databases=True))
            return any(self._spare_database(who, one, but=grant) for one in matched)
        matched = (one for one in self._matching(place) if one not in self._unsteady)
        return any(self._spare(who, table, but=grant) for _, table in zip(range(50), matched, strict=False))

    def _spare(self, who: int, table: int, *, but: Grant) -> bool:
        """Whether nothing but one grant opens a table to a principal."""
        direct = but.kind in (TABLE, COLUMNS) and but.place == table
        if table in self._unsteady or (not direct and self._held(TABLE, who, table)):
            return False
        database = table // TABLES_OF_DATABASE
        if not (but.kind == WILDCARD and but.place == database) and self._held(WILDCARD, who, database):
            return False
        for one in self.filters_of(table):
            if not (but.kind == FILTER and but.place == one) and self._held(FILTER, who, one):
                return False
        return not any(
            self._reached(one, table, databases=False) for one, databases in self._by_tag[who]
            if not databases and not (but.kind == TAG and but.place == one)
        )  # fmt: skip

    def _spare_database(self, who: int, database: int, *, but: Grant) -> bool:
        if any(place == database for _, place, on_database, _, _ in self.moved if on_database):
            return False
        if but.kind != DATABASE and self._held(DATABASE, who, database):
            return False
        return not any(
            self._reached(one, database, databases=True) for one, databases in self._by_tag[who]
            if databases and not (but.kind == TAG and but.place == one)
        )  # fmt: skip

    def _reached(self, expression: int, place: int, *, databases: bool) -> bool:
        """Whether an expression may match a database, or a table or any of its columns."""
        carried = self.declared.databases[place] if databases else self.declared.on_table(place)
        columns = {} if databases else self.declared.columns.get(place, {})
        return all(
            carried.get(key) in values or (key, True) in ((name, value in values) for name, value in columns.values())
            for key, values in self.expressions[expression]
        )

    def _matching(self, expression: int) -> Iterator[int]:
        """Give tables that an expression matches whole, in an order of its own."""
        first, *others = sorted(
            (sum(len(self._carriers[key, value]) for value in values), key, values)
            for key, values in self.expressions[expression]
        )
        for value in first[2]:
            for table in self._carriers[first[1], value]:
                carried = self.declared.on_table(table)
                if table not in self.declared.columns and all(carried.get(key) in values for _, key, values in others):
                    yield table

    @cached_property
    def _carriers(self) -> Mapping[tuple[str, int], list[int]]:
        found: defaultdict[tuple[str, int], list[int]] = defaultdict(list)
        for table in range(self.size.tables):
            for pair in self.declared.on_table(table).items():
                found[pair].append(table)
        return found

    @cached_property
    def _unsteady(self) -> frozenset[int]:
        """Tables on which something differs that is no grant."""
        moved = {place for _, place, on_database, _, _ in self.moved if not on_database}
        below = {
            place * TABLES_OF_DATABASE + one
            for _, place, on_database, _, _ in self.moved if on_database for one in range(TABLES_OF_DATABASE)
        }  # fmt: skip
        return frozenset({*self.added_columns, *map(self.table_of, self.edited_filters), *moved, *below})

    @cached_property
    def _by_tag(self) -> list[list[tuple[int, bool]]]:
        """Grants by LF-tags of each principal: expression, and whether it is on databases."""
        found: list[list[tuple[int, bool]]] = [[] for _ in range(self.size.principals)]
        for number in range(self._count(TAG)):
            grant = self._nth(TAG, number)
            found[grant.principal].append((grant.place, grant.inverted))
        return found

    # -------------------------------------------------------------------------------------------------------- filters
    @staticmethod
    def table_of(number: int) -> int:
        """Return the table of a data cells filter."""
        return number // 2 * 5

    def filters_of(self, table: int) -> tuple[int, ...]:
        """Return the data cells filters of a table."""
        return () if table % 5 else (table // 5 * 2, table // 5 * 2 + 1)

    def filter_body(self, number: int, *, live: bool) -> str:
        """Return a filter's rows: over columns that have these types in every table."""
        first, second = number * 7 % 97, number * 13 % 89
        body = (
            f"c01 = 'r{first}' and c02 >= {second}",
            f"c01 in ('r{first}', 'r{second}') or c02 between {first} and {first + second}",
            f"c01 like 'r{first}%' and not c03 = true",
            f"c04 > {first}.{second:02d} and c01 is not null",
            f"c00 <> {number} and c02 < {1000 + first}",
        )[number % 5]
        return f"({body}) or c02 = -1" if live and number in self.edited_filters else body

    def filter_columns(self, number: int) -> tuple[tuple[int, ...], bool]:
        """Return a filter's columns, and whether they are left out instead."""
        chosen = self._column_sets[number % len(self._column_sets)]
        return ((), True) if number % 3 == 0 else (chosen, number % 3 == 1)


def _layout(chance: random.Random) -> list[tuple[int, int]]:
    """Return the kinds of a hundred grants in some order, each with its number among its kind."""
    kinds = [kind for kind, share in SHARES.items() if kind != COLUMNS for _ in range(share)] + [TABLE] * SHARES[
        COLUMNS
    ]
    chance.shuffle(kinds)
    seen = [0] * len(SHARES)
    found = []
    for kind in kinds:
        found.append((kind, seen[kind]))
        seen[kind] += 1
    return found
