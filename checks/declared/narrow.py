"""Resources that do not bear on one question about access, told without reading them whole.

Left out are other tables, their tags, filters and partitions, and grants to other people: tens of thousands where the
rest are a few. What names are hidden, odd or not where they are looked for is kept; so are all other resources.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from checks.declared.shape import MASKED, UNKNOWN
from checks.declared.where import Clues

if TYPE_CHECKING:
    from collections.abc import Callable

    from checks.declared.document import Resource
    from checks.declared.where import Places
    from checks.focus import Focus


class _Inputs(Clues, gc=False):
    """What the inputs are told by. ``Any`` because a secret may stand there."""

    name: Any = None
    database_name: Any = None
    table_name: Any = None
    principal: Any = None
    database: Any = None
    table: Any = None
    table_with_columns: Any = None
    lf_tag: Any = None
    lf_tags: Any = None


_LEAST: Final = len(UNKNOWN)
_read: Final = msgspec.json.Decoder(_Inputs).decode
_ODD: Final = (msgspec.DecodeError, UnicodeError, RecursionError)


class Narrower:
    """Tells, resource after resource, which bear on the question of *focus*."""

    def __init__(self, focus: Focus, places: Places) -> None:
        """Start; *places* knows in which lake a resource lies."""
        self._focus = focus
        self._places = places
        self._makers: set[object] = set()
        self._told: set[object] = set()
        """Lakes, tag keys and databases of which one resource has been kept: the next adds nothing."""
        self._ways: dict[str, Callable[[_Inputs], bool | tuple[object, ...]]] = {
            "aws:glue/catalogTable:CatalogTable": self._table,
            "aws:glue/partition:Partition": lambda seen: self._near(seen.database_name, seen.table_name),
            "aws:lakeformation/permissions:Permissions": self._grant,
            "aws:lakeformation/resourceLfTag:ResourceLfTag": self._tagging,
            "aws:lakeformation/resourceLfTags:ResourceLfTags": self._tagging,
            "aws:lakeformation/dataCellsFilter:DataCellsFilter": self._filter,
        }

    def bears(self, resource: Resource) -> bool:
        """Whether the resource may bear on the question, or is the first that says something of a lake."""
        way = self._ways.get(resource.type)
        if way is None:
            return True
        try:
            seen = _read(resource.inputs)
        except _ODD:
            return True
        found = way(seen)
        if found is True:
            return True
        maker = self._places.maker(resource, seen)
        if not found and maker in self._makers:
            return False
        account, region = self._places.told(resource, seen)
        if account is None:  # where it lies is told, if at all, by what only a reader sees
            return True
        if maker is not None:
            self._makers.add(maker)
        new = {(account, region)}.union((account, region, one) for one in found or ()) - self._told
        self._told |= new
        return bool(new)

    def _near(self, database: Any, table: Any) -> bool:
        return not (_plain(database) and _plain(table)) or self._focus.is_table(database, table)

    def _table(self, seen: _Inputs) -> bool | tuple[object, ...]:
        """Besides the table itself, one more of its database: whether there are any others matters to wildcards."""
        if self._near(seen.database_name, seen.name):
            return True
        return ("database",) if seen.database_name.lower() == self._focus.database else ()

    def _grant(self, seen: _Inputs) -> bool:
        return not _plain(seen.principal) or self._focus.concerns(seen.principal)

    def _tagging(self, seen: _Inputs) -> bool | tuple[object, ...]:
        """Tags of another table matter by their keys alone: a key that is assigned somewhere is the declaration's."""
        on = seen.table if seen.table is not None else seen.table_with_columns
        if seen.database is not None or not isinstance(on, dict) or self._near(on.get("databaseName"), on.get("name")):
            return True
        tags = [seen.lf_tag] if isinstance(seen.lf_tag, dict) else seen.lf_tags
        if not isinstance(tags, list) or not all(isinstance(one, dict) and _plain(one.get("key")) for one in tags):
            return True
        return tuple(("key", one["key"].lower()) for one in tags)

    def _filter(self, seen: _Inputs) -> bool:
        on = seen.table_data
        return not isinstance(on, dict) or self._near(on.get("databaseName"), on.get("tableName"))


def _plain(value: Any) -> bool:
    """Whether a value is a text that can be read."""
    return type(value) is str and value not in {"", MASKED} and (len(value) < _LEAST or UNKNOWN not in value)
