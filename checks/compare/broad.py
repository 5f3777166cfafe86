"""What an LF-tag grant gives on thousands of tables at once, beyond what else its holder has there.

A tag grant is never spelt out table by table. Tables that its expression means whole, and on which the other grants
give all or nothing, are judged as sets; a table whose columns carry tags of their own is judged by those few columns;
only a table that another grant names is left to the caller.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Final

from checks.compare import tagmatch
from checks.compare.sight import Matching, matching, sight
from checks.compare.spans import Bits, Register, bits_of, numbers
from checks.compare.tagmatch import Matcher
from checks.grants import Atom, Grants, Pool, atoms
from checks.model import AllTables, AnyResource, Catalog, Expression, Grant, Principal, Table, TagPolicy
from checks.principals import groups_of
from checks.semantics import DESCRIBE, FUTURE, SELECT, SUPER_USER, TABLE_MEMBERS, catalog_within
from checks.view import Tags, View, condition_fits

_REMAINS: Atom = (DESCRIBE, False)
_EVERYTHING = frozenset((permission, flag) for permission in TABLE_MEMBERS for flag in (False, True))


@dataclass(slots=True)
class Broad:
    """What is left of a tag grant."""

    whole: dict[Atom, Bits] = field(default_factory=dict)
    """Tables on which an atom is gained, SELECT on every column and on those to come."""
    some: list[tuple[Table, bool, frozenset[str]]] = field(default_factory=list)
    """Columns (``FUTURE`` for those to come) on which SELECT is gained, and whether to pass on."""
    rest: Bits = 0
    """Tables to be judged one by one."""
    reached: bool = False
    """Whether the grant reaches any table."""


_SORTED: Final = 2_000
"""Tables whose policies are kept at once."""


class Tagged:
    """One side's tables, and which policies mean them; a policy is known by its number."""

    def __init__(self, view: View, register: Register, policies: Sequence[TagPolicy]) -> None:
        """Index the tables of *register* as *view* tags them."""
        self.view = view
        self._register = register
        self._bodies: list[Expression | None] = [view.expression(one) for one in policies]
        self._matcher = Matcher(self._bodies)
        self._catalogs = [one.catalog for one in policies]
        self._among: dict[str, int] = defaultdict(int)
        self._bodiless = 0
        for number, policy in enumerate(policies):
            self._among[policy.catalog] |= 1 << number
            if self._bodies[number] is None:
                self._bodiless |= 1 << number
        self._matchings: dict[int, Matching] = {}
        self._known: dict[int, tuple[Bits, Bits]] = {}
        self._layers = [_Layer()]
        """What the tables' own tags say, and below that what the tags say of the first column that has tags of its own,
        of the second, and so on: as many layers as a table has such columns at most."""
        self.odd: dict[int, dict[str, int]] = {}
        """By the number of a table: in which layer each column with tags of its own is."""
        self._fill()

    def _fill(self) -> None:
        """Sort the tables, and the columns that carry tags of their own, by tags."""
        view, layers = self.view, self._layers
        for number, table in enumerate(self._register.tables):
            tags = view.table_tags(table)
            layers[0].add(number, tags)
            if not (overridden := view.tagged_columns(table)):
                continue
            told = view.columns(table)
            odd: dict[str, int] = {}
            for column in overridden:
                own = view.column_tags(table, column)
                if own != tags and (told is None or column in told[0]):
                    odd[column] = len(odd) + 1
                    if len(odd) == len(layers):
                        layers.append(_Layer())
                    layers[len(odd)].add(number, own)
            if odd:
                self.odd[number] = odd
        for layer in layers:
            layer.close(self._register.size)

    def of(self, number: int) -> Matching:
        """Say which policies mean a table, and which of its columns."""
        known = self._matchings.get(number)
        if known is None:
            table = self._register.tables[number]
            among = self._among.get(table.catalog, 0)
            known = self._matchings[number] = matching(self._matcher, among, sight(self.view, table))
        return known

    def means(self, policy: int) -> tuple[Bits, Bits]:
        """Return the tables that a policy means whole, and those of which it means at least a column."""
        known = self._known.get(policy)
        if known is None:
            full = some = self.fits(policy, 0)
            for depth, layer in enumerate(self._layers[1:], 1):
                fits = self.fits(policy, depth)
                some |= fits
                full &= ~(layer.members & ~fits)
            known = self._known[policy] = full, some
        return known

    @property
    def depth(self) -> int:
        """The number of layers."""
        return len(self._layers)

    def fits(self, policy: int, depth: int) -> Bits:
        """Return the tables that a policy means by what one layer says."""
        body, layer = self._bodies[policy], self._layers[depth]
        if body is None:
            return 0
        found = self._register.catalog.get(self._catalogs[policy], 0) & layer.members
        for key, values in body:
            found &= layer.holding(key, values)
        return found

    def may_mean(self, table: Table) -> Bits | None:
        """Return the policies that mean at least a column of a table, or have no body; None for a table not known."""
        number = self._register.number.get(table)
        return None if number is None else self.of(number).some | self._bodiless


class _Layer:
    """Tables by the tags that stand on one layer of them."""

    def __init__(self) -> None:
        self.members: Bits = 0
        self._alike: dict[int, tuple[Tags, list[int]]] = {}
        """By identity: most tables have the very tags of their database."""
        self._values: dict[str, dict[str, Bits]] = {}

    def add(self, number: int, tags: Tags) -> None:
        """Take a table's number and the tags that it has on this layer."""
        known = self._alike.get(id(tags))
        if known is None:
            known = self._alike[id(tags)] = tags, []
        known[1].append(number)

    def close(self, size: int) -> None:
        """Sort what was added, all of it numbered below *size*."""
        held: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        for tags, numbers_of in self._alike.values():
            for key, value in tags.items():
                held[key][value] += numbers_of
        self.members = bits_of(chain.from_iterable(some for _, some in self._alike.values()), size)
        self._alike = {}
        self._values = {key: {one: bits_of(some, size) for one, some in by.items()} for key, by in held.items()}

    def holding(self, key: str, values: frozenset[str]) -> Bits:
        """Return the tables with one of some values of a key, ``*`` for any."""
        held = self._values.get(key)
        if held is None:
            return 0
        found = 0
        for tables in held.values() if "*" in values else (held.get(value, 0) for value in values):
            found |= tables
        return found


class _Shown:
    """What some policies show of tables, table by table."""

    def __init__(self, tagged: Tagged, policies: int) -> None:
        self._tagged = tagged
        which = list(numbers(policies))
        self._layers = []
        for depth in range(tagged.depth):
            fits = 0
            for policy in which:
                fits |= tagged.fits(policy, depth)
            self._layers.append(fits.to_bytes((fits.bit_length() + 7) // 8, "little"))

    def odd(self, place: int) -> Mapping[str, int]:
        """Return the columns of a table that carry tags of their own."""
        return self._tagged.odd.get(place, _NOTHING)

    def on(self, place: int, column: str | None) -> bool:
        """Whether a column of a table is shown; None for those without tags of their own."""
        depth = 0 if column is None else self._tagged.odd.get(place, _NOTHING).get(column, 0)
        layer = self._layers[depth]
        byte = place >> 3
        return byte < len(layer) and bool(layer[byte] >> (place & 7) & 1)

    def any(self, place: int) -> bool:
        """Whether anything of a table is shown."""
        return self.on(place, None) or any(self.on(place, column) for column in self.odd(place))


_NOTHING: Mapping[str, int] = {}


Others = tuple[tuple[Grants, Tagged], ...]
"""Grants, each over the facts of a side."""


@dataclass(slots=True)
class _Cover:
    """What other grants of the same holder give."""

    whole: dict[Atom, Bits] = field(default_factory=lambda: defaultdict(int))
    """Tables on which an atom is given, SELECT on every column."""
    part: dict[bool, Bits] = field(default_factory=lambda: defaultdict(int))
    """Tables on which SELECT is given on some columns."""
    selecting: dict[bool, list[tuple[Tagged, int]]] = field(default_factory=lambda: defaultdict(list))
    """The policies that give SELECT."""
    named: Bits = 0

    def give(self, given: frozenset[Atom], full: Bits, some: Bits) -> None:
        """Take up a grant that means tables whole, and of some just columns."""
        for atom in given:
            self.whole[atom] |= full
        if not given:
            return
        # Any permission implies DESCRIBE; of a table of which only columns match, SELECT and DESCRIBE remain.
        self.whole[(DESCRIBE, False)] |= some
        lent = {permission for permission, flag in given if flag}
        if lent:
            self.whole[(DESCRIBE, True)] |= some if lent & {SELECT, DESCRIBE} else full
        for flag in (False, True):
            if (SELECT, flag) in given:
                self.part[flag] |= some & ~full


class Breadth:
    """Judges tag grants as sets of tables."""

    def __init__(self, register: Register, declared: View, live: View, *indices: Grants) -> None:
        """Number the policies of all grants that are to be compared, the declared ones and the live ones."""
        self._register = register
        policies = {
            policy: None for index in indices for policy in index.granted_policies() if policy.resource_type == "TABLE"
        }
        self._mine, self._theirs = indices
        self._number = {policy: number for number, policy in enumerate(policies)}
        self.declared = Tagged(declared, register, list(policies))
        self.live = Tagged(live, register, list(policies))
        self._named: dict[tuple[int, Principal], Bits] = {}
        self._pool = indices[0].pool if indices and all(one.pool is indices[0].pool for one in indices) else None
        known = [self._pool.known(policy) for policy in policies] if self._pool is not None else []
        self._pooled = [-1 if one is None else one for one in known]  # each is known: grants are on it
        for view, tagged in ((declared, self.declared), (live, self.live)):
            view.sorter = self._sorter(tagged)
        self._reshaped = register.bits(
            one for one in register.tables if declared.columns(one) is not live.columns(one)
            and declared.columns(one) != live.columns(one)
        )  # fmt: skip

    def _sorter(self, tagged: Tagged) -> Callable[[Pool, Table], Container[int] | None]:
        """Return what says by a pool's numbers which policies may mean a table."""
        known: dict[Table, frozenset[int] | None] = {}

        def sort(pool: Pool, table: Table) -> Container[int] | None:
            if pool is not self._pool:
                return None
            if table not in known:
                if len(known) >= _SORTED:
                    known.clear()  # what is asked of one table is asked in a row
                some = tagged.may_mean(table)
                known[table] = None if some is None else frozenset(self._pooled[one] for one in tagmatch.numbers(some))
            return known[table]

        return sort

    def means(self, tagged: Tagged, policy: TagPolicy) -> tuple[Bits, Bits]:
        """Return the tables that a granted policy means whole, and those of which it means at least a column."""
        return tagged.means(self._number[policy])

    def reaches(self, tagged: Tagged, policy: TagPolicy) -> Bits:
        """Return the tables that any policy means at least a column of, granted or not."""
        if policy in self._number:
            return self.means(tagged, policy)[1]
        body, view = tagged.view.expression(policy), tagged.view
        tables = self._register.tables
        return self._register.bits(
            one for one in tables if body is not None and one.catalog == policy.catalog and view.match(body, one)
        )

    def beyond(
        self, grant: Grant, wanted: frozenset[Atom], others: Others, *, maybe: bool, before: Tagged | None = None
    ) -> Broad:
        """Return what a grant gives over the live facts that *others* do not; with *before*, only what it gave then.

        The grant is on an LF-tag policy of tables or on all tables of a database.
        """
        number: int | None = None
        match grant.resource:
            case TagPolicy() as policy:
                number = self._number[policy]
                full, some = self.live.means(number)
                if before is not None:
                    was_full, was = before.means(number)
                    full, some = full & was_full, some & was
            case AllTables() as tables:
                full = some = self._register.database.get(tables.parent, 0)
            case _:
                raise TypeError(grant.resource)
        cover = self._cover(grant, others, maybe=maybe)
        found = Broad(rest=some & (cover.named | self._register.blank | self._reshaped), reached=bool(some))
        left, told = some & ~found.rest, atoms(grant)
        for atom in wanted:
            permission, flag = atom
            given = cover.whole.get(atom, 0)
            if permission != SELECT:
                # DESCRIBE is all that remains of a policy where it means some columns only; else it is implied.
                part = left & ~full if atom == _REMAINS and atom not in told else left
                found.whole[atom] = (part if permission == DESCRIBE else left & full) & ~given
                continue
            found.whole[atom] = whole = left & full & ~given & ~cover.part.get(flag, 0)
            rest = left & ~given & ~whole
            if not rest:
                continue
            own = [] if number is None else [_Shown(one, 1 << number) for one in (self.live, before) if one is not None]
            others_show = [_Shown(tagged, policies) for tagged, policies in cover.selecting.get(flag, ())]
            for place in numbers(rest):
                columns = self._columns(place, own, others_show)
                if columns:
                    found.some.append((self._register.tables[place], flag, columns))
        if _REMAINS not in told and (remains := found.whole.pop(_REMAINS, 0)):
            shown = self._register.bits(table for table, _, columns in found.some if columns - {FUTURE})
            found.whole[_REMAINS] = remains & ~shown
        found.whole = {atom: tables for atom, tables in found.whole.items() if tables}
        return found

    def _cover(self, grant: Grant, others: Others, *, maybe: bool) -> _Cover:
        assert grant.principal is not None
        found = _Cover()
        for index, tagged in others:
            policies: dict[bool, int] = defaultdict(int)
            for who in groups_of(grant.principal):
                found.named |= self._names(index, who)
                for resource, condition, given in index.held_broadly(who):
                    if not condition_fits(condition, grant.condition, maybe=maybe):
                        continue
                    match resource:
                        case TagPolicy(resource_type="TABLE") as policy:
                            number = self._number[policy]
                            found.give(given, *tagged.means(number))
                            if index is self._mine and tagged is self.live and given - self._held(who, grant, policy):
                                # What is not held so any more counts by what a live grant shares of it: one by one.
                                found.named |= self._moved(number)
                            for flag in (False, True):
                                if (SELECT, flag) in given:
                                    policies[flag] |= 1 << number
                        case AllTables() as tables:
                            inside = self._register.database.get(tables.parent, 0)
                            found.give(given, inside, inside)
                        case AnyResource(resource_type="TABLE", catalog=catalog):
                            inside = self._register.catalog.get(catalog, 0)
                            found.give(given, inside, inside)
                        case Catalog(catalog) if (SUPER_USER, False) in given:
                            for name, inside in self._register.catalog.items():
                                if catalog_within(name, catalog):
                                    found.give(_EVERYTHING, inside, inside)
                        case _:
                            pass
            for flag, some in policies.items():
                found.selecting[flag].append((tagged, some))
        return found

    def _held(self, who: Principal, grant: Grant, policy: TagPolicy) -> frozenset[Atom]:
        """Return what a live grant on a policy gives a principal, where it holds what a grant does."""
        return frozenset().union(
            *(
                atoms(one)
                for one in self._theirs.on_object(who, policy)
                if condition_fits(one.condition, grant.condition)
            )
        )

    def _moved(self, policy: int) -> Bits:
        """Return the tables of which a policy means another part than declared, or some columns at least."""
        (full, some), (was_full, was) = self.live.means(policy), self.declared.means(policy)
        return (full ^ was_full) | (some ^ was) | ((some & ~full) & (was & ~was_full))

    def _names(self, index: Grants, who: Principal) -> Bits:
        key = (id(index), who)
        known = self._named.get(key)
        if known is None:
            known = self._named[key] = self._register.pooled(index.pool, index.tables_of(who))
        return known

    def _columns(self, place: int, own: Sequence[_Shown], others: Sequence[_Shown]) -> frozenset[str]:
        """Return the columns of a table that all of *own* show and none of *others* does."""
        told = self.live.view.columns(self._register.tables[place])
        assert told is not None  # else it is judged by itself
        names, partitions = told
        odd: set[str] = set()
        for one in (*own, *others):
            if some := one.odd(place):
                odd.update(some)
        odd &= names
        found = {column for column in odd if _left(place, column, own, others)}
        if _left(place, None, own, others):
            found |= names - odd
            found.add(FUTURE)
        if not any(one.any(place) for one in others):
            found |= partitions
        return frozenset(found)


def _left(place: int, column: str | None, own: Sequence[_Shown], others: Sequence[_Shown]) -> bool:
    """Whether all of *own* show a column of a table, and none of *others* does."""
    for one in own:
        if not one.on(place, column):
            return False
    for one in others:  # noqa: SIM110 - asked of each table, column by column: no generators
        if one.on(place, column):
            return False
    return True
