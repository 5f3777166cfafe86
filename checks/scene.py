"""What a rule looks at: one lake with its settings, and answers that never walk through a million grants as nouns.

A ``Scene`` is one rule's view of a ``Stage``, which all rules of a run share: what one of them looked up, the next one
has for nothing. Grants are chosen by number (who, on what kind of thing, which permissions) and only the chosen ones
are built; ``holdings`` folds them, so that one cause on thousands of tables is one thing to talk about.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from itertools import compress, count
from operator import and_
from typing import TYPE_CHECKING

from checks import normal, spelling
from checks.grants import Grants
from checks.model import (
    AllTables,
    AnyResource,
    Catalog,
    Database,
    DataCellsFilter,
    DataLocation,
    Function,
    SettingRef,
    Table,
    TableColumns,
    TagPolicy,
)
from checks.principals import groups_of, kind_of
from checks.semantics import RAW_READS, READS, SELECT, SUPER_USER, database_of, matches, within
from checks.sensitivity import SHIPPED, Senses, Sensitivity
from checks.view import NO_TAGS, View, access

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from checks.model import Expression, Grant, Lake, Permission, Principal, Resource, SubjectResource
    from checks.principals import Kind
    from checks.view import Tags

    Said = tuple[Principal | None, Resource]

_MANY = 8
"""In more databases than this what a principal holds is one thing, not one for each database."""
_NAMED = 3
"""So many tables are named in words before the rest are counted."""


@dataclass(frozen=True, slots=True)
class Holding:
    """What one principal holds in one place, folded: on one resource, or on several of one database.

    ``resource`` is that one resource; the database where it is several of one; the catalog where it is several of very
    many databases. ``tables`` counts the tables there are behind it. ``first`` is the first of the ``rows`` grants.
    """

    principal: Principal | None
    resource: Resource
    permissions: frozenset[Permission]
    grantable: frozenset[Permission]
    tables: int
    rows: int
    where: str
    """In words, safe to show: ``telemetry_raw.keystrokes``; ``12 tables of database hr (a, b, c and 9 more)``."""
    first: Grant


@dataclass(frozen=True, slots=True)
class Readable:
    """Sets of tables that somebody may read whole, not united: what is asked of them is a few tables."""

    parts: tuple[AbstractSet[Table], ...]

    def __contains__(self, table: Table) -> bool:
        return any(table in part for part in self.parts)


class Stage:
    """One lake and what is looked up in it, shared by the scenes of all rules."""

    def __init__(self, lake: Lake, sensitivity: Sensitivity = SHIPPED, said: Iterable[Said] = ()) -> None:
        """Take a lake; nothing is looked up yet.

        *said* are (principal, resource) of grants that a difference already speaks about: no need to say it again.
        """
        self.lake = lake
        self.sensitivity = sensitivity
        self._said = said
        self._chosen: dict[tuple[object, ...], tuple[int, ...]] = {}
        self._reached: dict[Resource, tuple[Table, ...]] = {}
        self._fitting: dict[tuple[type[Resource], ...], bytes] = {}
        self._readable: dict[Principal, Readable] = {}
        self._wholly: dict[Resource, frozenset[Table]] = {}
        self._shown: dict[tuple[Resource, bool], Mapping[Table, frozenset[str]]] = {}
        self._hot: dict[SubjectResource, tuple[int, int, tuple[Table, str, str] | None]] = {}

    @cached_property
    def packed(self) -> Grants:
        """Return the lake's grants as numbers."""
        return Grants.packed(self.lake.grants)

    @cached_property
    def view(self) -> View:
        """Return the lake's catalog as the access engine sees it."""
        return View(self.lake, named=True)

    @cached_property
    def senses(self) -> Senses:
        """Return what is sensitive in it."""
        return Senses(self.sensitivity, self.view)

    @cached_property
    def hushed(self) -> frozenset[int]:
        """Return the places of the grants that a difference already speaks about."""
        packed = self.packed
        found: set[int] = set()
        packed.people()  # settles the rows
        for who, resource in self._said:
            person, on = packed.pool.known_principal(who), packed.pool.known(resource)
            if person is not None and on is not None:
                found.update(packed.find(person, on))
        return frozenset(found)

    @cached_property
    def admins(self) -> frozenset[Principal]:
        """Return the data lake administrators, as far as the settings tell: they may do everything anyway."""
        told = (dict(one.members).get("DataLakeAdmins") for one in self.lake.settings)
        return frozenset(normal.principal(one) for found in told if isinstance(found, frozenset) for one in found)

    @cached_property
    def counts(self) -> Counter[Database]:
        """Return the number of tables of each database."""
        return Counter(Database(table.catalog, table.database) for table in self.lake.tables)

    @cached_property
    def by_database(self) -> dict[Database, list[Table]]:
        """Return the tables of each database."""
        found: dict[Database, list[Table]] = defaultdict(list)
        for table in self.lake.tables:
            found[Database(table.catalog, table.database)].append(table)
        return dict(found)

    @cached_property
    def by_tags(self) -> tuple[list[tuple[Tags, list[Table]]], list[Table]]:
        """Return tables by their effective tags, and apart from them those with a column tagged on its own."""
        view = self.view
        groups: dict[frozenset[tuple[str, str]], tuple[Tags, list[Table]]] = {}
        apart: list[Table] = []
        for table in self.lake.tables:
            if view.tagged_columns(table):
                apart.append(table)
                continue
            tags = view.table_tags(table)
            key = frozenset(tags.items())
            if key not in groups:
                groups[key] = (tags, [])
            groups[key][1].append(table)
        return list(groups.values()), apart

    def reached(self, resource: SubjectResource) -> tuple[Table, ...]:
        """Return the tables that there are behind a resource."""
        match resource:
            case Table():
                return (resource,)
            case TableColumns(table=table) | DataCellsFilter(table=table):
                return (table,)
            case AllTables() as every:
                return tuple(self.by_database.get(every.parent, ()))
            case Database():
                return tuple(self.by_database.get(resource, ()))
            case SettingRef(database=Database() as database):
                return tuple(self.by_database.get(database, ()))
            case TagPolicy() | Catalog() | AnyResource() | DataLocation():
                if resource not in self._reached:
                    self._reached[resource] = tuple(self._search(resource))
                return self._reached[resource]
            case SettingRef():
                return tuple(self.lake.tables)
            case _:
                return ()

    def _search(self, resource: TagPolicy | Catalog | AnyResource | DataLocation) -> Iterator[Table]:
        match resource:
            case TagPolicy(resource_type="TABLE"):
                yield from self._tagged(resource)
            case TagPolicy(resource_type="DATABASE"):
                body = self.view.expression(resource)
                for database, tables in self.by_database.items():
                    if body is not None and matches(body, self.view.database_tags(database)):
                        yield from tables
            case Catalog(catalog):
                for database, tables in self.by_database.items():
                    if _in_catalog(database.catalog, catalog):
                        yield from tables
            case AnyResource(catalog=catalog):
                for database, tables in self.by_database.items():
                    if database.catalog == catalog:
                        yield from tables
            case DataLocation(arn=arn):
                yield from self.below(arn)
            case _:
                return

    @cached_property
    def _located(self) -> tuple[list[str], list[Table]]:
        """Return the places of tables' files in order, and beside each its table."""
        places = [
            (place, table)
            for table, info in self.lake.tables.items()
            for place in (*((info.location,) if info.location else ()), *info.additional)
        ]
        places.sort(key=lambda one: (one[0], one[1].database, one[1].name))
        return [place for place, _ in places], [table for _, table in places]

    def below(self, arn: str) -> Iterator[Table]:
        """Yield the tables whose files lie at or below a location, each once."""
        places, tables = self._located
        spans = ((arn, arn + "\0"), (arn + "/", arn + "0"))  # what comes after `/` in a text is `0`
        found = {
            table: None for one, two in spans for table in tables[bisect_left(places, one) : bisect_left(places, two)]
        }
        return iter(found)

    def readable(self, principal: Principal) -> Readable:
        """Return the tables that a principal may read whole, through groups that certainly contain it, too."""
        if principal not in self._readable:
            pool, named = self.packed.pool, set[Table]()
            reads = [self._whole(one.resource) for who in groups_of(principal) for one in self._reads(who)]
            for who in groups_of(principal):
                number = pool.known_principal(who)
                for place in self.packed.places_of(number) if number is not None else ():
                    noun = pool.plain(self.packed.on_of[place])
                    if noun is not None and SELECT in pool.pairs[self.packed.pair_of[place]][0]:
                        named.add(noun)
            self._readable[principal] = Readable((named, *reads))
        return self._readable[principal]

    def _whole(self, resource: Resource) -> frozenset[Table]:
        """Return the tables that SELECT on a resource reads whole; what many hold is looked up once."""
        if resource not in self._wholly:
            found: Iterable[Table] = ()
            match resource:
                case TagPolicy() as policy:
                    body = self.view.expression(policy)
                    found = (
                        table
                        for table in self.reached(policy)
                        if not self.view.tagged_columns(table)
                        or (body is not None and self.view.match(body, table).columns is None)
                    )
                case Catalog() | AnyResource() | AllTables():
                    found = self.reached(resource)
                case _:
                    pass
            self._wholly[resource] = frozenset(found)
        return self._wholly[resource]

    def _reads(self, who: Principal) -> Iterator[Grant]:
        """Yield the grants of whole tables by anything but their names."""
        for place in self.choose((who,), (AllTables, TagPolicy, AnyResource, Catalog), frozenset(), lending=False):
            held = self.packed.pool.pairs[self.packed.pair_of[place]][0]
            if (SELECT in held or SUPER_USER in held) and not self.packed.condition_of[place]:
                grant = self.packed.at(place)
                wide = isinstance(grant.resource, Catalog)
                if wide == (SUPER_USER in held) and getattr(grant.resource, "resource_type", "TABLE") == "TABLE":
                    yield grant

    @cached_property
    def _valued(self) -> tuple[_Carriers, _Carriers]:
        """Return, by key and value, the numbers of the groups of ``by_tags`` and of the tables apart that carry it.

        A table apart counts for what it or one of its columns carries.
        """
        groups, apart = self.by_tags
        among, single = _Carriers(), _Carriers()
        for number, (tags, _) in enumerate(groups):
            among.add(number, tags.items())
        for number, table in enumerate(apart):
            single.add(number, self.view.table_tags(table).items())
            for column in self.view.tagged_columns(table):
                single.add(number, self.view.column_tags(table, column).items())
        return among, single

    def _tagged(self, policy: TagPolicy) -> Iterator[Table]:
        """Yield the tables that a policy matches; of those apart only what carries a value of each key is looked at."""
        body = self.view.expression(policy)
        if body is None:
            return
        groups, apart = self.by_tags
        among, single = self._valued
        for number in among.of(body, len(groups)):
            yield from (table for table in groups[number][1] if table.catalog == policy.catalog)
        for number in single.of(body, len(apart)):
            table = apart[number]
            if table.catalog == policy.catalog and self.view.match(body, table):
                yield table

    def tables(self, resource: SubjectResource) -> int:
        """Count the tables that there are behind a resource; one that is named counts whether it is there or not."""
        match resource:
            case Table() | TableColumns() | DataCellsFilter():
                return 1
            case AllTables() as every:
                return self.counts[every.parent]
            case Database():
                return self.counts[resource]
            case SettingRef(database=Database() as database):
                return self.counts[database]
            case SettingRef():
                return self.counts.total()
            case _:
                return len(self.reached(resource))

    def sensitive_below(self, resource: SubjectResource) -> tuple[int, int, tuple[Table, str, str] | None]:
        """Count the sensitive tables and columns behind a resource; see ``Scene.sensitive_below``."""
        known = self._hot.get(resource)
        if known is not None:
            return known
        hot = [table for table in self.reached(resource) if self.senses.columns(table)]
        example = None
        if hot:
            table = min(hot, key=lambda one: (one.database, one.name))
            why = self.senses.columns(table)
            example = (table, min(why), why[min(why)])
        told = self._hot[resource] = (len(hot), sum(len(self.senses.columns(one)) for one in hot), example)
        return told

    def sensitive_shown(self, grant: Grant) -> Mapping[Table, frozenset[str]]:
        """Return the sensitive columns that a grant shows; what is granted to many on one thing is looked up once."""
        key = (grant.resource, bool(grant.permissions & RAW_READS))
        if key not in self._shown:
            tables = self.reached(grant.resource) if grant.permissions & READS else ()
            self._shown[key] = {table: columns for table in tables if (columns := self._columns_of(grant, table))}
        return self._shown[key]

    def _columns_of(self, grant: Grant, table: Table) -> frozenset[str]:
        hot = self.senses.columns(table)
        partial = isinstance(grant.resource, TableColumns | DataCellsFilter) or (
            isinstance(grant.resource, TagPolicy) and any(True for _ in self.view.tagged_columns(table))
        )
        if not hot or not partial or grant.principal is None:
            return frozenset(hot)
        given = access(self.packed, self.view, grant.principal, table, only=grant)
        if any((permission, False) in given.others for permission in RAW_READS):
            return frozenset(hot)  # the files, past every limit of columns
        return frozenset(hot) & {one for piece in given.pieces for one in piece.columns}

    def choose(
        self,
        who: Collection[Principal] | None,
        on: tuple[type[Resource], ...] | None,
        giving: frozenset[Permission],
        *,
        lending: bool,
    ) -> tuple[int, ...]:
        """Return the places of grants, in order; see ``Scene.grants``."""
        key = (None if who is None else frozenset(who), on, giving, lending)
        if key not in self._chosen:
            self._chosen[key] = tuple(self._choose(who, on, giving, lending=lending))
        return self._chosen[key]

    def _choose(
        self,
        who: Collection[Principal] | None,
        on: tuple[type[Resource], ...] | None,
        giving: frozenset[Permission],
        *,
        lending: bool,
    ) -> Iterable[int]:
        packed = self.packed
        packed.people()  # settles the rows: the columns below are whole from here on
        if who is not None:
            numbers = (packed.pool.known_principal(one) for one in who)
            places: Iterable[int] = sorted(
                place for one in numbers if one is not None for place in packed.places_of(one)
            )
            if on is not None:
                fits = self._kinds(on)
                places = (place for place in places if fits[packed.on_of[place]])
            if giving or lending:
                pairs = self._pairs(giving, lending=lending)
                places = (place for place in places if pairs[packed.pair_of[place]])
            return places
        tests = []
        if giving or lending:
            tests.append(map(self._pairs(giving, lending=lending).__getitem__, packed.pair_of))
        if on is not None:
            tests.append(map(self._kinds(on).__getitem__, packed.on_of))
        match tests:
            case []:
                return range(len(packed))
            case [only]:
                return compress(count(), only)
            case _:
                return compress(count(), map(and_, *tests))

    def _pairs(self, giving: frozenset[Permission], *, lending: bool) -> bytes:
        """Return a 1 for each pair of permissions that gives, or lends, one of *giving* (of any, where it is empty)."""
        chosen = (lent if lending else held for held, lent in self.packed.pool.pairs)
        return bytes(bool(some & giving if giving else some) for some in chosen)

    def _kinds(self, on: tuple[type[Resource], ...]) -> bytes:
        """Return a 1 for each resource that is of one of these kinds."""
        known = self._fitting.get(on)
        if known is None or len(known) < len(self.packed.pool.kinds):
            known = self._fitting[on] = self.packed.pool.of_types(on)
        return known

    def under(self, options: Mapping[str, frozenset[str]]) -> Scene:
        """Return this stage as one rule sees it."""
        return Scene(self.lake, options, self.sensitivity, self)


class _Carriers:
    """Which numbers carry which value of which LF-tag key."""

    def __init__(self) -> None:
        self._by_value: dict[str, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))

    def add(self, number: int, tags: Iterable[tuple[str, str]]) -> None:
        """Note what one carries."""
        for key, value in tags:
            self._by_value[key][value].add(number)

    def of(self, body: Expression, total: int) -> list[int]:
        """Return those that carry a value of each key, in order; ``*`` is any value, and no key is everything."""
        found: set[int] | None = None
        for key, values in body:
            told = self._by_value.get(key, {})
            sets = told.values() if "*" in values else [told[value] for value in values if value in told]
            carriers = set[int]().union(*sets)
            found = carriers if found is None else found & carriers
        return list(range(total)) if found is None else sorted(found)


def _in_catalog(inner: str, outer: str) -> bool:
    return within(inner, outer) or inner.startswith(outer + ":")


@dataclass(frozen=True)
class Scene:
    """What one rule looks at: the lake, the rule's options with their defaults, and what counts as sensitive."""

    lake: Lake
    options: Mapping[str, frozenset[str]] = field(default_factory=dict)
    sensitivity: Sensitivity = SHIPPED
    shared: Stage | None = field(default=None, repr=False, compare=False)

    @cached_property
    def stage(self) -> Stage:
        """Return what is looked up in the lake, for all rules."""
        return self.shared or Stage(self.lake, self.sensitivity)

    # ------------------------------------------------------------------------------------------------------- options
    def texts(self, name: str) -> frozenset[str]:
        """Return an option that is a list of texts."""
        return self.options.get(name, frozenset())

    def number(self, name: str) -> int:
        """Return an option that is one number."""
        (text,) = self.options[name]
        return int(text)

    # ------------------------------------------------------------------------------------------------------ principals
    @property
    def home(self) -> str:
        """Return the lake's own account: twelve digits, or a word where nobody knows it."""
        return self.lake.id.account

    def principals(self) -> list[tuple[Principal, Kind]]:
        """Return everyone who holds a grant, each once, with the kind."""
        return [(one, kind_of(one)) for one in self.stage.packed.principals()]

    def people(self, test: Callable[[Principal], bool]) -> tuple[Principal, ...]:
        """Return those who hold a grant and pass a test."""
        return tuple(one for one in self.stage.packed.principals() if test(one))

    @property
    def admins(self) -> frozenset[Principal]:
        """Return the data lake administrators."""
        return self.stage.admins

    # ---------------------------------------------------------------------------------------------------------- grants
    def grants(
        self,
        who: Collection[Principal] | None = None,
        on: tuple[type[Resource], ...] | None = None,
        giving: Collection[str] = (),
        *,
        lending: bool = False,
    ) -> Iterator[Grant]:
        """Yield the grants of some principals, on some kinds of resources, that give one of some permissions.

        Each test is left out where it is not given; *lending* asks for permissions that may be passed on. Only what is
        yielded is built. Grants that a difference already speaks about are left out.
        """
        packed = self.stage.packed
        return (packed.at(place) for place in self.places(who, on, giving, lending=lending))

    def places(
        self,
        who: Collection[Principal] | None = None,
        on: tuple[type[Resource], ...] | None = None,
        giving: Collection[str] = (),
        *,
        lending: bool = False,
    ) -> Iterable[int]:
        """Return the places of ``grants`` in ``stage.packed``, for what is to be counted without building it."""
        chosen = self.stage.choose(who, on, frozenset(giving), lending=lending)  # type: ignore[arg-type]
        hushed = self.stage.hushed
        return [place for place in chosen if place not in hushed] if hushed else chosen

    def grants_of(self, *who: Principal) -> Iterator[Grant]:
        """Yield all grants of some principals."""
        return self.grants(who)

    def grants_on(self, *kinds: type[Resource]) -> Iterator[Grant]:
        """Yield the grants on some kinds of resources."""
        return self.grants(on=kinds)

    def grantable(self, who: Collection[Principal] | None = None) -> Iterator[Grant]:
        """Yield the grants with something that may be passed on."""
        return self.grants(who, lending=True)

    def unread(self) -> Iterator[Grant]:
        """Yield the grants whose principal could not be read."""
        packed = self.stage.packed
        number = packed.pool.known_principal(None)
        for place in packed.places_of(number) if number is not None else ():
            yield packed.at(place)

    def holdings(
        self,
        who: Collection[Principal] | None = None,
        on: tuple[type[Resource], ...] | None = None,
        giving: Collection[str] = (),
        *,
        lending: bool = False,
        conditional: bool = True,
        test: Callable[[Grant], bool] | None = None,
    ) -> Iterator[Holding]:
        """Yield what ``grants`` would, folded by principal and database, then by principal where it is very many.

        Without *conditional*, grants under a condition are left out. *test* is asked of each grant: that builds each,
        so it is for few. Those without a principal are left out.
        """
        packed = self.stage.packed
        places = self.places(who, on, giving, lending=lending)
        if not conditional:
            places = (place for place in places if not packed.condition_of[place])
        if test is not None:
            places = (place for place in places if test(packed.at(place)))
        return self.folded(places)

    def folded(self, places: Iterable[int]) -> Iterator[Holding]:
        """Fold grants, given by their places, as ``holdings`` does."""
        packed = self.stage.packed
        pool, who_of, on_of = packed.pool, packed.who_of, packed.on_of
        folds: dict[int, dict[Resource, list[int]]] = {}
        homes: dict[int, Resource] = {}
        for place in places:
            person = who_of[place]
            if pool.principals[person] is None:
                continue
            owner = pool.owner[on_of[place]]
            home = homes.get(owner)
            if home is None:
                noun = pool.noun(owner)
                home = homes[owner] = database_of(noun) or noun
            folds.setdefault(person, {}).setdefault(home, []).append(place)
        for person, held in folds.items():
            inside = [home for home in held if isinstance(home, Database)]
            if len(inside) > _MANY:
                every = [place for home in inside for place in held.pop(home)]
                yield self._holding(person, Catalog(self.home), every, f"{len(inside):,} databases")
            for home, some in held.items():
                yield self._holding(person, home, some)

    def _holding(self, person: int, home: Resource, places: list[int], databases: str = "") -> Holding:
        packed = self.stage.packed
        pool = packed.pool
        held: frozenset[Permission] = frozenset()
        lent: frozenset[Permission] = frozenset()
        for pair in {packed.pair_of[place] for place in places}:
            more, passed = pool.pairs[pair]
            held, lent = held | more, lent | passed
        numbers = {packed.on_of[place] for place in places}
        owners = [pool.noun(one) for one in {pool.owner[one]: None for one in map(packed.on_of.__getitem__, places)}]
        single = len(numbers) == 1
        resource = pool.noun(next(iter(numbers))) if single else owners[0] if len(owners) == 1 else home
        named = [one for one in owners if isinstance(one, Table)]
        wide = [one for one in owners if not isinstance(one, Table | Function)]
        apart = {one.parent for one in wide if isinstance(one, AllTables)} | {
            one for one in wide if isinstance(one, Database)
        }
        tables = sum(table.parent not in apart for table in named) + sum(map(self.stage.tables, apart))
        if not apart and not named:
            tables = self.stage.tables(resource)
        where = spelling.words(resource) if len(owners) == 1 else self._where(home, owners, named, databases)
        return Holding(pool.principals[person], resource, held, lent, tables, len(places), where, packed.at(places[0]))

    @staticmethod
    def _where(home: Resource, owners: list[Resource], named: list[Table], databases: str) -> str:
        place = databases or spelling.words(home)
        if len(named) < len(owners):
            whole = [one for one in owners if not isinstance(one, Table)]
            first = place if databases else " and ".join(sorted({spelling.words(one) for one in whole}))
            return first + (f" and {len(named):,} {'table' if len(named) == 1 else 'tables'}" if named else "")
        names = sorted(table.name for table in named)
        said = spelling.listing(names[:_NAMED])
        more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
        return f"{len(names):,} tables of {place} ({said}{more})"

    # ---------------------------------------------------------------------------------------------------------- catalog
    def reached(self, resource: SubjectResource) -> tuple[Table, ...]:
        """Return the tables that there are behind a resource: in a database, under a tag policy, below a location."""
        return self.stage.reached(resource)

    def tables_below(self, resource: SubjectResource) -> int:
        """Count the tables behind a resource; cheap."""
        return self.stage.tables(resource)

    def tables_by_database(self) -> Mapping[Database, list[Table]]:
        """Return the tables of each database that has one."""
        return self.stage.by_database

    def tags(self, target: Table | Database | Catalog) -> Tags:
        """Return an object's effective tags."""
        match target:
            case Table():
                return self.stage.view.table_tags(target)
            case Database():
                return self.stage.view.database_tags(target)
            case _:
                return self.stage.view.own_tags(target) or NO_TAGS

    def column_tags(self, table: Table, column: str) -> Tags:
        """Return a column's effective tags."""
        return self.stage.view.column_tags(table, column)

    # -------------------------------------------------------------------------------------------------------- sensitive
    def sensitive(self, table: Table) -> Mapping[str, str]:
        """Return a table's sensitive columns, each with why it is taken for one; cheap."""
        return self.stage.senses.columns(table)

    def guessed(self, table: Table) -> Mapping[str, str]:
        """Return the columns that names, comments and parameters call sensitive, whatever their tags say."""
        return self.stage.senses.guessed(table)

    def sensitive_below(self, resource: SubjectResource) -> tuple[int, int, tuple[Table, str, str] | None]:
        """Return, of the tables behind a resource: how many have sensitive columns, how many such columns, the first.

        The first is (table, column, why): by name, so that it is the same on every run.
        """
        return self.stage.sensitive_below(resource)

    def sensitive_held(
        self, holding: Holding, on: tuple[type[Resource], ...] | None, giving: Collection[str]
    ) -> tuple[int, int]:
        """Count the sensitive tables behind a holding, and their sensitive columns.

        What is folded is looked up grant by grant: *on* and *giving* are what it was asked for with.
        """
        found = {table: len(self.sensitive(table)) for _, table in self._behind(holding, on, giving)}
        return sum(bool(columns) for columns in found.values()), sum(found.values())

    def sensitive_read(self, holding: Holding) -> tuple[int, int]:
        """Count as ``sensitive_held`` does, but only the columns that a holding lets its principal read."""
        found: dict[Table, frozenset[str]] = {}
        for grant, table in self._behind(holding, None, READS):
            columns = self.sensitive_shown(grant).get(table)
            if columns:
                found[table] = found.get(table, columns) | columns
        return len(found), sum(map(len, found.values()))

    def _behind(
        self, holding: Holding, on: tuple[type[Resource], ...] | None, giving: Collection[str]
    ) -> Iterator[tuple[Grant, Table]]:
        if holding.principal is None:
            return
        for grant in self.grants((holding.principal,), on, giving):
            if holding.rows == 1 and grant.resource != holding.resource:
                continue
            for table in self.reached(grant.resource):
                if (
                    holding.rows == 1
                    or holding.resource in (table, table.parent)
                    or isinstance(holding.resource, Catalog)
                ):
                    yield grant, table

    def sensitive_shown(self, grant: Grant) -> Mapping[Table, frozenset[str]]:
        """Return, of each table that a grant reaches, the sensitive columns that it lets its principal read."""
        return self.stage.sensitive_shown(grant)

    def gives_everything(self, grant: Grant) -> bool:
        """Whether a grant on a catalog gives everything in it."""
        return isinstance(grant.resource, Catalog) and SUPER_USER in grant.permissions
