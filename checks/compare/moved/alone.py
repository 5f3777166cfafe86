"""Whether one moved fact alone, with all else as it is declared, would change what the declared grants give."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from checks.compare.cells import beyond_others
from checks.compare.moved.alike import Alike, changed
from checks.compare.moved.changes import Changes, own_assignment
from checks.compare.moved.effects import Moved
from checks.compare.moved.holding import Claim, Holding, both_ways
from checks.compare.moved.judge import Judge
from checks.compare.moved.world import World
from checks.compare.sight import Sight, matching, sight
from checks.compare.tagmatch import Matcher, numbers
from checks.model import ColumnRef, Database, DataCellsFilter, Grant, SavedExpression, Table, TagPolicy, TagRef
from checks.semantics import SELECT
from checks.view import Access, Tags, access, condition_fits, show


@dataclass(frozen=True, slots=True)
class Alone:
    """Judges facts one by one. Of tags and expressions, who reads by row filters too is judged by the other grants."""

    world: World
    changes: Changes

    def changes_access(self, fact: Moved) -> bool:
        """Whether declared grants would give somebody more or less today if just this had moved."""
        match fact:
            case TagRef() if fact in self.changes.tags:
                return self._tag(fact)
            case SavedExpression():
                return self._expression(fact)
            case DataCellsFilter():
                return self._filter(fact)
            case _:
                return False

    def _tag(self, ref: TagRef) -> bool:
        sides, target, key = self.world.sides, ref.target, ref.key
        value = self.changes.tags[ref][1]
        matcher = self.world.matchers[0]
        tables: Iterable[Table]
        match target:
            case Database():
                before = sides.view_declared.database_tags(target)
                if self._on_database(target, before, _with(before, key, value)):
                    return True
                tables = sides.tables_of(target)
            case Table():
                tables = [target]
            case ColumnRef(table=table):
                tables = [table]
            case _:
                return False
        return any(
            self._differs(table, one, self._moved(table, one, ref, value), matcher, matcher)
            for table in tables
            if (one := sight(sides.view_declared, table))
        )

    def _moved(self, table: Table, one: Sight, ref: TagRef, value: str | None) -> Sight:
        """Look at a table as it is declared, but for one tag."""
        view, target, key = self.world.sides.view_declared, ref.target, ref.key
        if isinstance(target, ColumnRef):
            return Sight(one.tags, {**one.odd, target.column: _with(one.of(target.column), key, value)}, one.columns)
        if isinstance(target, Database) and own_assignment(view, table, key) is not None:
            return one
        odd = {
            column: tags if own_assignment(view, ColumnRef(table, column), key) else _with(tags, key, value)
            for column in view.tagged_columns(table)
            if (tags := view.column_tags(table, column)) is not None
        }
        return Sight(_with(one.tags, key, value), odd, one.columns)

    def _expression(self, name: SavedExpression) -> bool:
        sides, world = self.world.sides, self.world
        views = sides.view_declared, sides.view_live
        bodies = [
            views[policy.saved == name.name and policy.catalog == name.catalog].expression(policy)
            for policy in world.named_policies
        ]
        before, after = world.matchers[0], Matcher(bodies)
        if any(
            isinstance(offer.resource, TagPolicy) and offer.resource.saved == name.name
            for offer in world.books[0].on_databases
        ):
            was, now = (Matcher([view.saved(name)]) for view in views)
            if any(was.match(tags) != now.match(tags) for tags in map(views[0].database_tags, sides.databases())):
                return True
        return any(
            self._differs(table, one, one, before, after)
            for table in sides.tables()
            if (one := sight(sides.view_declared, table))
        )

    def _on_database(self, database: Database, before: Tags, after: Tags) -> bool:
        view = self.world.sides.view_declared
        matcher = Matcher(
            [
                view.expression(offer.resource) if isinstance(offer.resource, TagPolicy) else None
                for offer in self.world.books[0].on_databases
                if offer.resource.catalog == database.catalog  # type: ignore[union-attr]
            ]
        )
        return matcher.match(before) != matcher.match(after)

    def _filter(self, cells: DataCellsFilter) -> bool:
        sides, table = self.world.sides, cells.table
        body, view = sides.view_live.body(cells), sides.view_declared
        if body is None:
            return False
        types, wanted = view.types(table), frozenset({(SELECT, False)})
        for who in sides.index_declared.naming(table):
            if not sides.index_declared.on_object(who, cells):
                continue
            before = access(sides.index_declared, view, who, table)
            after = Access([one for one in before.pieces if one.grant.resource != cells])
            show(after, view, table, body.columns, body.rows, Grant(who, cells, frozenset({SELECT})))
            for own, other in ((before, after), (after, before)):
                if any(one.columns & types.keys() for _, one in beyond_others(own, wanted, (other,), types)[1]):
                    return True
        return False

    def _differs(self, table: Table, one: Sight, two: Sight, before: Matcher, after: Matcher) -> bool:
        """Whether the declared grants give somebody something else on a table."""
        world = self.world
        among, book = world.catalogs.get(table.catalog, 0), world.books[0]
        was, now = matching(before, among, one), matching(after, among, two)
        touched = 0
        for number in numbers(changed(was, now) & (was.some | now.some)):
            for offer in book.policies.get(number, ()):
                touched |= offer.everyone
        if not touched:
            return False
        judge = Judge(world, Alike(table.parent, one, two, [table]))
        claims = [
            Claim(offer, one.shown(was, number), two.shown(now, number))
            for number in numbers(was.some | now.some)
            for offer in book.policies.get(number, ())
        ]
        claims += judge.broad(book, table, world.with_groups(world.spread(touched)), named=True)
        return any(_some(world, one, two, judge, some) for some in _by_condition(claims))


def _some(world: World, one: Sight, two: Sight, judge: Judge, claims: list[Claim]) -> bool:
    before, after = Holding(one.every), Holding(two.every)
    for claim in claims:
        before.take(claim, gain=False)
        after.take(claim, gain=True)
    for each in (before, after):
        each.close(world)
    regions = [region for region in judge.regions(claims) if region.known]
    return any(
        mine.has(atom, region) & ~other.implies(atom, region)
        for mine, other in ((before, after), (after, before))
        for atom, region in (*((atom, None) for atom in mine.plain), *both_ways(regions))
    )


def _by_condition(claims: list[Claim]) -> Iterator[list[Claim]]:
    for condition in {one.offer.condition for one in claims}:
        yield [one for one in claims if condition_fits(one.offer.condition, condition)]


def _with(tags: Tags, key: str, value: str | None) -> dict[str, str]:
    rest = {one: held for one, held in tags.items() if one != key}
    return rest if value is None else {**rest, key: value}
