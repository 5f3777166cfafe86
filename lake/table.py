"""Tables and their columns, as values; a Dataset registers them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from lake.mistake import Mistake, known, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

# https://docs.aws.amazon.com/athena/latest/ug/data-types.html
# fmt: off
TYPES = frozenset((
    "array", "bigint", "binary", "boolean", "char", "date", "decimal", "double", "float", "int",
    "integer", "map", "smallint", "string", "struct", "timestamp", "tinyint", "varchar",
))
# fmt: on
# Glue folds names to lower case: one spelling here spares a difference there.
_COPY = re.compile(r"_(\d{4})$")
_NAME = re.compile(r"[a-z0-9_]{1,255}")


def name(text: str, noun: str, where: str) -> str:
    """Give back a name in the one spelling that Glue keeps as written; raise a Mistake otherwise."""
    if not _NAME.fullmatch(text):
        raise Mistake(f"{where}: {quoted(text)} is no {noun} name; use lower-case letters, digits and `_`")
    return text


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, Glue's type (``bigint``, ``decimal(10,2)``, ``array<string>``) and what it means."""

    name: str
    type: str
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table of Parquet files. ``location`` is ``s3://…/``, by default the dataset's own with the table's name.

    ``tags`` override the dataset's LF-tags on the table, ``column_tags`` on single columns.
    """

    name: str
    columns: Sequence[Column]
    partition_keys: Sequence[Column] = ()
    description: str = ""
    location: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    column_tags: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def check(self, where: str) -> None:
        """Raise a Mistake for names, types or column tags that cannot be meant."""
        name(self.name, "table", where)
        here = f"{where} table {quoted(self.name)}"
        if not self.columns:
            raise Mistake(f"{here}: a table needs at least one column")
        seen: set[str] = set()
        for column in (*self.columns, *self.partition_keys):
            name(column.name, "column", here)
            if column.name in seen:
                raise Mistake(f"{here}: column {quoted(column.name)} is there twice")
            seen.add(column.name)
            head = re.split(r"[<(]", column.type, maxsplit=1)[0]
            known(head, TYPES, noun=f"type for column {quoted(column.name)}", where=here)
        for column_name in self.column_tags:
            self.column(column_name, here)

    def column(self, column_name: str, where: str) -> str:
        """Give back the name of a column that a grant or tag can single out; partition keys are always visible."""
        if column_name in {key.name for key in self.partition_keys}:
            raise Mistake(f"{where}: {quoted(column_name)} is a partition key, which everybody sees; leave it out")
        return known(column_name, (c.name for c in self.columns), noun=f"column of {quoted(self.name)}", where=where)


# Every so many copies one carries the overrides of its first: a few percent of all tables, as in a lake that grew.
_OVERRIDES_EVERY = 20


def spread(families: Mapping[str, Sequence[Table]], total: int) -> dict[str, list[Table]]:
    """Scale a lake of few tables to ``total`` by numbered copies (``keystrokes_0002``), evenly over its databases.

    ``families`` are the tables of each database. A Mistake if ``total`` is less than there are, or above 45,000.
    """
    firsts = [(database, table) for row in zip(*(_pairs(*item) for item in families.items()), strict=True)
              for database, table in row]  # fmt: skip
    if not len(firsts) <= total <= 45_000:
        raise Mistake(f"`floodline:tables`: {total} is not between {len(firsts)} and 45000")
    spread_out: dict[str, list[Table]] = {database: [] for database in families}
    for number in range(total):
        copy, family = divmod(number, len(firsts))
        database, table = firsts[family]
        spread_out[database].append(numbered(table, copy + 1))
    return spread_out


def numbered(table: Table, copy: int) -> Table:
    """Give the table itself for copy 1, else a copy under its own name and location."""
    if copy == 1:
        return table
    kept = table if copy % _OVERRIDES_EVERY == 0 else replace(table, tags={}, column_tags={})
    return replace(kept, name=f"{table.name}_{copy:04d}", location=None)


def sampled(names: Iterable[str], every: int) -> list[str]:
    """Pick each table that is no copy, and of its copies one in ``every`` (copy 11, 21, … for ten)."""
    copies = {name: _COPY.search(name) for name in names}
    return [name for name, copy in copies.items() if copy is None or int(copy[1]) % every == 1]


def _pairs(database: str, tables: Sequence[Table]) -> list[tuple[str, Table]]:
    return [(database, table) for table in tables]
