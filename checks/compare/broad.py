"""What an LF-tag grant gives on thousands of tables at once, beyond what else its holder has there.

A tag grant is never spelt out table by table. Tables that its expression means whole, and on which the other grants
give all or nothing, are judged as sets; a table whose columns carry tags of their own is judged by those few columns;
only a table that another grant names is left to the caller.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from checks.compare.sight import Matching, matching, sight
from checks.compare.spans import Bits, Register, bits_of, numbers
from checks.compare.tagmatch import Matcher
from checks.grants import Atom, Grants, atoms
from checks.model import AllTables, AnyResource, Catalog, Expression, Grant, Principal, Table, TagPolicy
from checks.principals import groups_of
from checks.semantics import DESCRIBE, FUTURE, SELECT, SUPER_USER, TABLE_MEMBERS
from checks.view import View, condition_fits

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
        for number, policy in enumerate(policies):
            self._among[policy.catalog] |= 1 << number
        self._matchings: dict[int, Matching] = {}
        self._known: dict[int, tuple[Bits, Bits]] = {}
        self._full: dict[int, list[int]] = defaultdict(list)
        self._part: dict[int, list[int]] = defaultdict(list)
        self._values: dict[str, dict[str, Bits]] = {}
        self._odd: Bits = 0
        self._fill()

    def _fill(self) -> None:
        """Sort the tables by tags; those with columns that carry tags of their own are matched with every policy."""
        held: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        odd: list[int] = []
        for number, table in enumerate(self._register.tables):
            if any(True for _ in self.view.tagged_columns(table)):
                odd.append(number)
                found = self.of(number)
                for policy in numbers(found.full):
                    self._full[policy].append(number)
                for policy in numbers(found.some & ~found.full):
                    self._part[policy].append(number)
            else:
                for key, value in self.view.table_tags(table).items():
                    held[key][value].append(number)
        size = self._register.size
        self._odd = bits_of(odd, size)
        self._values = {key: {one: bits_of(some, size) for one, some in by.items()} for key, by in held.items()}

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
            size = self._register.size
            plain = self._plain(policy)
            full = plain | bits_of(self._full.get(policy, ()), size)
            known = self._known[policy] = full, full | bits_of(self._part.get(policy, ()), size)
        return known

    def _plain(self, policy: int) -> Bits:
        body = self._bodies[policy]
        if body is None:
            return 0
        found = self._register.catalog.get(self._catalogs[policy], 0) & ~self._odd
        for key, values in body:
            held = self._values.get(key, {})
            either = 0
            for tables in held.values() if "*" in values else (held.get(value, 0) for value in values):
                either |= tables
            found &= either
        return found


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
        self._reshaped = register.bits(
            one for one in register.tables if declared.columns(one) is not live.columns(one)
            and declared.columns(one) != live.columns(one)
        )  # fmt: skip

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
            for place in numbers(left & ~given & ~whole):
                columns = self._columns(place, number, cover.selecting.get(flag, ()), before)
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
                                if name == catalog or name.startswith(catalog + "/"):
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

    def _columns(
        self, place: int, policy: int | None, selecting: Iterable[tuple[Tagged, int]], before: Tagged | None
    ) -> frozenset[str]:
        """Return the columns of a table that a policy shows and none of others does."""
        own = [tagged.of(place) for tagged in (self.live, before) if tagged is not None and policy is not None]
        bit = 0 if policy is None else 1 << policy
        given = [(tagged.of(place), policies) for tagged, policies in selecting]
        told = self.live.view.columns(self._register.tables[place])
        assert told is not None  # else it is judged by itself
        names, partitions = told
        base = all(one.whole & bit for one in own) and not any(one.whole & some for one, some in given)
        odd = names & frozenset().union(*(one.odd for one in own), *(one.odd for one, _ in given))
        found = {
            column
            for column in odd
            if all(one.odd.get(column, one.whole) & bit for one in own)
            and not any(one.odd.get(column, one.whole) & some for one, some in given)
        }
        if base:
            found |= names - odd
            found.add(FUTURE)
        if not any(one.some & some for one, some in given):
            found |= partitions
        return frozenset(found)
