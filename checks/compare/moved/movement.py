"""Find what moved, judge what it touches, and tell of it."""

from __future__ import annotations

from checks.compare.difference import witness
from checks.compare.moved.alike import Alike, alike
from checks.compare.moved.changes import Changes, changes
from checks.compare.moved.databases import databases
from checks.compare.moved.effects import Effects, Share, seen
from checks.compare.moved.joint import joint
from checks.compare.moved.judge import Judge
from checks.compare.moved.reports import report
from checks.compare.moved.single import single
from checks.compare.moved.world import World
from checks.compare.sides import Sides
from checks.model import Table
from checks.semantics import SELECT


def moved(sides: Sides) -> None:
    """Compare the facts below the grants and report each that moved."""
    world, effects, found = World(sides), Effects(), changes(sides)
    touched = list(found.tables(sides))
    for index in (sides.index_declared, sides.index_live):
        index.expect(database for database, _ in touched)
        index.expect(table for _, tables in touched for table in tables)
    for database, tables in touched:
        for kind in alike(sides, database, tables):
            _judge(world, found, effects, kind)
    databases(world, found, effects)
    _edits(world, effects)
    report(world, found, effects, joint(world, found))


def _judge(world: World, found: Changes, effects: Effects, kind: Alike) -> None:
    """Judge tables that are alike: together, and each of those apart on which somebody holds a grant of its own."""
    judge = Judge(world, kind)
    common: list[Share] | None = None
    for table in kind.tables:
        if not judge.touched and table not in found.filters:
            continue
        apart = _filtered(world, found, judge, table)
        if apart:
            for equals in judge.equals(table, apart & judge.reaching(table)):
                for share in single(world, kind, table, world.first(equals)):
                    effects.take(share.of(equals), table)
        if not judge.touched:
            continue
        naming = world.books[0].naming(table) | world.books[1].naming(table)
        if apart or world.spread(naming) & judge.touched:
            shares = judge.shares(table, named=True, apart=apart)
        else:
            if common is None:
                common = judge.shares(table, named=False)
            shares = common
        for share in shares:
            effects.take(share, table)


def _filtered(world: World, found: Changes, judge: Judge, table: Table) -> int:
    """Return whose access to a table a row filter limits and a moved fact may touch."""
    differ = found.filters.get(table, set())
    among = -1 if differ else world.with_groups(judge.touched)
    mine, theirs = (book.filters(table, among) for book in world.books)
    live = {(one.resource, one.condition): one.everyone for one in theirs}
    people = 0
    for one in (*mine, *theirs):
        people |= world.spread(one.everyone) & judge.retagged
        if judge.touched == -1 or one.resource in differ:
            # What members gain by what a group still holds is told of the group.
            people |= one.everyone | world.spread(one.everyone & ~live.get((one.resource, one.condition), 0))
    return people


def _edits(world: World, effects: Effects) -> None:
    """Add what live grants gain that name an edited expression, though no declared grant does."""
    sides = world.sides
    for name, differences in sides.edits.items():
        effect = effects.gains[name]
        effect.joint = False
        for one in differences:
            bit = world.bit(one.principal)
            effect.people |= bit
            effect.tables |= set(one.tables)
            effect.databases |= one.databases
            effect.atoms |= one.plain | {(SELECT, flag) for flag in one.select}
            example = witness(one)
            place = Table(example.catalog or "", example.database or "", example.table or "")
            column = example.column
            told = sides.view_live.columns(place)
            effect.show(
                seen(
                    example,
                    sensitive=column is not None and sides.is_sensitive(place, column),
                    partition=told is not None and column in told[1],
                )
            )
            effect.sources_of({(row.resource, row.condition): bit for row in one.rows})
            for table, columns in one.cells.items():
                sensitive = frozenset(column for column in columns if sides.is_sensitive(table, column))
                effect.spread(table, frozenset(columns), sensitive)
