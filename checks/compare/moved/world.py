"""Both sides' grants as sets of principals: who holds what on a policy, a database, a table.

Thousands of principals hold the same few policies. So principals are numbered, a set of them is one Python integer, and
a question is answered for all of them by a handful of ``and`` and ``or``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from checks.compare.moved.effects import People
from checks.compare.sides import Sides
from checks.compare.tagmatch import Matcher, numbers
from checks.grants import Atom, Grants
from checks.model import (
    AnyResource,
    Catalog,
    Database,
    DataCellsFilter,
    Grant,
    Principal,
    Resource,
    Table,
    TagPolicy,
)
from checks.principals import Kind, is_many, kind_of
from checks.semantics import DESCRIBE, SELECT, SUPER_USER, TABLE_MEMBERS, catalog_within
from checks.view import View


@dataclass(slots=True)
class Offer:
    """What all grants on one resource under one condition give, and to whom."""

    resource: Resource
    condition: str | None
    plain: dict[Atom, People] = field(default_factory=dict)
    """Who holds each atom other than SELECT."""
    reads: People = 0
    lends: People = 0
    """Who may SELECT, and who may pass that on."""
    everyone: People = 0
    describers: People = 0
    """Who may pass DESCRIBE on."""

    def give(self, bit: People, permissions: Iterable[str], grantable: Iterable[str]) -> None:
        """Take up one grant."""
        self.everyone |= bit
        lendable = set(grantable)
        for permission in permissions:
            if permission == SELECT:
                self.reads |= bit
                if permission in lendable:
                    self.lends |= bit
                continue
            told = [(permission, False), (permission, True)] if permission in lendable else [(permission, False)]
            for atom in told:
                self.plain[atom] = self.plain.get(atom, 0) | bit  # type: ignore[index,arg-type]
        if DESCRIBE in lendable:
            self.describers |= bit

    def masks(self) -> Iterator[People]:
        """Yield the sets of principals that it tells apart."""
        yield from self.plain.values()
        yield from (self.reads, self.lends, self.everyone, self.describers)

    def shown(self, atom: Atom) -> People:
        """Return who holds an atom, SELECT too."""
        if atom[0] == SELECT:
            return self.lends if atom[1] else self.reads
        return self.plain.get(atom, 0)


Offers = dict[tuple[Resource, str | None], Offer]


class Book:
    """One side's grants. What names one table or database is looked up when it is asked for."""

    def __init__(self, world: World, index: Grants) -> None:
        """Sort the policies and what reaches every table."""
        self.index = index
        self.policies: dict[int, list[Offer]] = {}
        self.on_databases: list[Offer] = []
        """What is granted by policy on databases themselves."""
        self.wide: list[Offer] = []
        self._world = world
        self._held: dict[Database | Table, tuple[People, list[tuple[Principal, People]]]] = {}
        self._fill()

    def _fill(self) -> None:
        for offer in self._elsewhere():
            match offer.resource:
                case TagPolicy(resource_type="TABLE") as policy:
                    self.policies.setdefault(self._world.policy(policy), []).append(offer)
                case TagPolicy(resource_type="DATABASE"):
                    self.on_databases.append(offer)
                case AnyResource(resource_type="TABLE"):
                    self.wide.append(offer)
                case Catalog() as catalog:
                    everybody = offer.plain.get((SUPER_USER, False), 0)
                    if everybody:
                        whole = Offer(catalog, offer.condition)
                        whole.give(everybody, TABLE_MEMBERS, TABLE_MEMBERS)
                        self.wide.append(whole)
                case _:
                    pass

    def _elsewhere(self) -> Iterator[Offer]:
        """Yield the offers on policies, on whole catalogs and on any resource."""
        pool = self.index.pool
        bits = [0 if who is None else self._world.known_bit(who) for who in pool.principals]
        people: dict[tuple[int, int], dict[int, People]] = {}
        for who, on, condition, pair in self.index.numbered():
            held = people.setdefault((on, condition), {})
            held[pair] = held.get(pair, 0) | bits[who]
        for (on, condition), pairs in people.items():
            resource = pool.noun(on)
            if isinstance(resource, TagPolicy | AnyResource | Catalog):
                offer = Offer(resource, pool.conditions[condition])
                for pair, whom in pairs.items():
                    if whom:
                        offer.give(whom, *pool.pairs[pair])
                yield offer

    def _put(self, offers: Offers, grant: Grant) -> None:
        if grant.principal is None:
            return
        key = (grant.resource, grant.condition)
        offer = offers.get(key)
        if offer is None:
            offer = offers[key] = Offer(*key)
        offer.give(self._world.bit(grant.principal), grant.permissions, grant.grantable)

    def everywhere(self, table: Table) -> list[Offer]:
        """Return what reaches a table because it reaches every one."""
        return [one for one in self.wide if _reaches(one.resource, table)]

    def in_database(self, database: Database, among: People) -> list[Offer]:
        """Return the grants on all tables of a database that some principals hold."""
        offers: Offers = {}
        for who in self._among(database, among):
            for grant in self.index.in_database(who, database):
                self._put(offers, grant)
        return list(offers.values())

    def named(self, table: Table, among: People) -> list[Offer]:
        """Return the grants that name a table, or columns of it, and that some principals hold."""
        offers: Offers = {}
        for who in self._among(table, among):
            for grant in self.index.named(who, table):
                if not isinstance(grant.resource, DataCellsFilter):
                    self._put(offers, grant)
        return list(offers.values())

    def filters(self, table: Table, among: People) -> list[Offer]:
        """Return the grants on filters of a table that some principals hold."""
        offers: Offers = {}
        for who in self._among(table, among):
            for grant in self.index.named(who, table):
                if isinstance(grant.resource, DataCellsFilter):
                    self._put(offers, grant)
        return list(offers.values())

    def naming(self, place: Database | Table) -> People:
        """Return who holds a grant that names a table, or all tables of a database."""
        return self._holders(place)[0]

    def _among(self, place: Database | Table, among: People) -> list[Principal]:
        people, holders = self._holders(place)
        return [who for who, bit in holders if bit & among] if people & among else []

    def _holders(self, place: Database | Table) -> tuple[People, list[tuple[Principal, People]]]:
        known = self._held.get(place)
        if known is None:
            holders = [(who, self._world.bit(who)) for who in self.index.naming(place)]
            people = 0
            for _, bit in holders:
                people |= bit
            # One table is looked at after the other, one database after the other.
            self._held = {one: kept for one, kept in self._held.items() if type(one) is not type(place)}
            known = self._held[place] = (people, holders)
        return known


def _reaches(resource: Resource, table: Table) -> bool:
    match resource:
        case AnyResource(catalog=catalog):
            return catalog == table.catalog
        case Catalog(catalog):
            return catalog_within(table.catalog, catalog)
        case _:
            return False


class World:
    """Both sides, and the numbers of principals and policies that they share."""

    def __init__(self, sides: Sides) -> None:
        """Number principals and policies."""
        self.sides = sides
        self.people = sides.people
        self._number = {who: number for number, who in enumerate(sides.people)}
        self.groups: list[tuple[People, People]] = []
        """Each principal that contains others, with those others."""
        for who in sides.people:
            if kind_of(who) is Kind.ACCOUNT_PRINCIPALS and (inside := sides.members(who)):
                self.groups.append((self.bit(who), sum(map(self.bit, inside))))
        self.many = sum(self.bit(who) for who in sides.people if is_many(who))
        """Those that stand for more people than one can count."""
        self.named_policies: list[TagPolicy] = []
        self._policies: dict[TagPolicy, int] = {}

    @cached_property
    def books(self) -> tuple[Book, Book]:
        """The declared and the live grants."""
        return Book(self, self.sides.index_declared), Book(self, self.sides.index_live)

    @cached_property
    def matchers(self) -> tuple[Matcher, Matcher]:
        """What the policies mean by the declared and by the live facts."""
        assert self.books  # they number the policies
        return self._matcher(self.sides.view_declared), self._matcher(self.sides.view_live)

    @cached_property
    def catalogs(self) -> dict[str, int]:
        """The policies of each catalog."""
        found: dict[str, int] = {}
        for number, policy in enumerate(self.named_policies):
            found[policy.catalog] = found.get(policy.catalog, 0) | 1 << number
        return found

    def _matcher(self, view: View) -> Matcher:
        return Matcher([view.expression(policy) for policy in self.named_policies])

    def policy(self, resource: TagPolicy) -> int:
        """Return a policy's number."""
        number = self._policies.get(resource)
        if number is None:
            number = self._policies[resource] = len(self.named_policies)
            self.named_policies.append(resource)
        return number

    def bit(self, who: Principal) -> People:
        """Return the set of one principal."""
        return 1 << self._number[who]

    def known_bit(self, who: Principal) -> People:
        """Return the set of one principal, or of nobody where it holds nothing on either side."""
        number = self._number.get(who)
        return 0 if number is None else 1 << number

    def first(self, people: People) -> Principal:
        """Return the first principal of a set, by name."""
        return self.people[(people & -people).bit_length() - 1]

    def names(self, people: People) -> list[Principal]:
        """Return the principals of a set, by name."""
        return [self.people[number] for number in numbers(people)]

    def with_groups(self, people: People) -> People:
        """Add to a set every principal that contains one in it."""
        for group, inside in self.groups:
            if people & inside:
                people |= group
        return people

    def spread(self, people: People) -> People:
        """Add to a set everyone whom a principal in it contains."""
        for group, inside in self.groups:
            if people & group:
                people |= inside
        return people
