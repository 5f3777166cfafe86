"""LF-tags of one lake: keys and values, assignments, inheritance.

A lower assignment of the same key overrides, all other keys flow down; taking an override away brings the inherited
value back (https://docs.aws.amazon.com/lake-formation/latest/dg/tag-based-access-control.html).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from lab.lakeformation.resources import Expression
from lab.lakeformation.wire import Json

Tags = dict[str, str]
Holder = tuple[str, ...]
"""(catalog,), (catalog, database) or (catalog, database, table)."""


class LFTags:
    """Keys with their values, and what is assigned to whom. Everything is lower case."""

    def __init__(self) -> None:
        self.keys: dict[str, list[str]] = {}
        self._on: dict[Holder, Tags] = {}
        self._on_columns: dict[Holder, dict[str, Tags]] = {}
        self._uses: Counter[tuple[str, str]] = Counter()

    # ------------------------------------------------------------------------------------------------------- change
    def assign(self, holder: Holder, column: str | None, key: str, value: str) -> None:
        """Set one key on one object; the other keys stay as they are."""
        tags = self._tags(holder, column)
        if key in tags:
            self._uses[key, tags[key]] -= 1
        tags[key] = value
        self._uses[key, value] += 1

    def unassign(self, holder: Holder, column: str | None, key: str, value: str) -> bool:
        """Take one direct assignment away; False if the object does not carry just that value itself."""
        tags = self._tags(holder, column)
        if tags.get(key) != value:
            return False
        del tags[key]
        self._uses[key, value] -= 1
        return True

    def _tags(self, holder: Holder, column: str | None) -> Tags:
        if column is None:
            return self._on.setdefault(holder, {})
        return self._on_columns.setdefault(holder, {}).setdefault(column, {})

    def in_use(self, key: str, value: str) -> bool:
        """Whether any object carries the value itself."""
        return self._uses[key, value] > 0

    def forget_key(self, key: str) -> None:
        """Delete a key; every object loses it."""
        del self.keys[key]
        for tags in (*self._on.values(), *(t for columns in self._on_columns.values() for t in columns.values())):
            if key in tags:
                self._uses[key, tags.pop(key)] -= 1

    def forget(self, holder: Holder) -> None:
        """An object is gone, and its columns with it."""
        for key, value in self._on.pop(holder, {}).items():
            self._uses[key, value] -= 1
        self.keep_columns(holder, ())

    def keep_columns(self, holder: Holder, names: Iterable[str]) -> None:
        """Drop the tags of columns that a table no longer has."""
        columns = self._on_columns.get(holder)
        if columns is None:
            return
        for name in columns.keys() - set(names):
            for key, value in columns.pop(name).items():
                self._uses[key, value] -= 1
        if not columns:
            del self._on_columns[holder]

    # --------------------------------------------------------------------------------------------------------- read
    def direct(self, holder: Holder) -> Tags:
        """What is assigned to the object itself."""
        return self._on.get(holder, {})

    def direct_columns(self, holder: Holder) -> dict[str, Tags]:
        """Column → what is assigned to it itself, columns without tags left out."""
        return self._on_columns.get(holder, {})

    def effective(self, holder: Holder) -> Tags:
        """Tags with those of the parents below them."""
        found: Tags = {}
        for depth in range(1, len(holder) + 1):
            found.update(self._on.get(holder[:depth], {}))
        return found

    def on_column(self, holder: Holder, column: str, inherited: Tags) -> Tags:
        """A column's tags above its table's effective ones."""
        own = self._on_columns.get(holder, {}).get(column)
        return {**inherited, **own} if own else inherited


def matches(expression: Expression, tags: Tags) -> bool:
    """AND over keys, OR over values; an object without the key never matches."""
    for key, values in expression:
        value = tags.get(key)
        if value is None or (value not in values and "*" not in values):
            return False
    return True


def pairs(catalog: str, tags: Tags, keys: Iterable[str] | None = None) -> list[Json]:
    """AWS's spelling of an object's tags, cut down to some keys."""
    chosen = sorted(tags) if keys is None else [key for key in sorted(keys) if key in tags]
    return [{"CatalogId": catalog, "TagKey": key, "TagValues": [tags[key]]} for key in chosen]
