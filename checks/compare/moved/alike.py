"""Tables that are just like one another: the same tags and columns on either side, in one database."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from checks.compare.moved.world import World
from checks.compare.sides import Sides
from checks.compare.sight import Matching, Sight, matching, sight
from checks.compare.tagmatch import Bits
from checks.model import Database, Table


@dataclass(slots=True)
class Alike:
    """Tables of one database that both sides' facts describe alike; ``tables`` by name."""

    database: Database
    before: Sight
    after: Sight
    tables: list[Table] = field(default_factory=list)

    @property
    def reshaped(self) -> bool:
        """Whether the columns differ."""
        return self.before.columns != self.after.columns

    def matched(self, world: World) -> tuple[Matching, Matching]:
        """Decide which policies mean these tables before and after."""
        before, after = world.matchers
        among = world.catalogs.get(self.database.catalog, 0)
        return matching(before, among, self.before), matching(after, among, self.after)


def changed(before: Matching, after: Matching) -> Bits:
    """Return the policies that mean something else than before, columns apart."""
    found = before.whole ^ after.whole
    for column in before.odd.keys() | after.odd.keys():
        found |= before.odd.get(column, before.whole) ^ after.odd.get(column, after.whole)
    return found


def alike(sides: Sides, database: Database, tables: Iterable[Table]) -> list[Alike]:
    """Group tables of one database."""
    groups: dict[object, Alike] = {}
    for table in tables:
        one, two = sight(sides.view_declared, table), sight(sides.view_live, table)
        key = (table in sides.declared.tables, *(_key(each) for each in (one, two)))
        group = groups.get(key)
        if group is None:
            group = groups[key] = Alike(database, one, two)
        group.tables.append(table)
    return list(groups.values())


def _key(one: Sight) -> object:
    odd = frozenset((column, frozenset(tags.items())) for column, tags in one.odd.items()) if one.odd else None
    return frozenset(one.tags.items()), odd, one.columns
