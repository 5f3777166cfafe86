"""What one side's facts say of a table to LF-tag expressions, and which of many policies mean it."""

from __future__ import annotations

from dataclasses import dataclass

from checks.compare.tagmatch import Bits, Matcher
from checks.model import Table
from checks.semantics import FUTURE
from checks.view import Tags, View

Columns = tuple[frozenset[str], frozenset[str]]
"""The columns that can be restricted, and the partition keys."""


class Whole:
    """Stands for a whole table."""


WHOLE = Whole()
Shown = Whole | frozenset[str] | None
"""What a policy means on a table: all of it, some columns (with ``FUTURE`` for later ones), or nothing."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What one side's facts say of a table. ``odd`` are the columns that carry tags of their own."""

    tags: Tags
    odd: dict[str, Tags]
    columns: Columns | None

    @property
    def names(self) -> frozenset[str]:
        """The columns that a policy can tell apart."""
        return self.columns[0] if self.columns is not None else frozenset(self.odd)

    @property
    def partitions(self) -> frozenset[str]:
        """The partition keys."""
        return self.columns[1] if self.columns is not None else frozenset()

    @property
    def every(self) -> frozenset[str]:
        """All columns of the table, ``FUTURE`` for those that nobody knows."""
        return self.columns[0] | self.columns[1] if self.columns is not None else frozenset({FUTURE})

    def of(self, column: str | None) -> Tags:
        """Return the effective tags of a column, or of the table."""
        return self.tags if column is None else self.odd.get(column, self.tags)

    def shown(self, matching: Matching, number: int) -> Shown:
        """Say what policy *number* means on the table.

        Source: https://docs.aws.amazon.com/lake-formation/latest/dg/lf-tag-considerations.html.
        """
        bit = 1 << number
        if not matching.some & bit:
            return None
        if matching.full & bit:
            return WHOLE
        fitting = {column for column, mask in matching.odd.items() if mask & bit}
        if matching.whole & bit:
            return (self.names - matching.odd.keys()) | fitting | self.partitions | {FUTURE}
        return self.partitions | fitting


@dataclass(frozen=True, slots=True)
class Matching:
    """The policies that mean a table, by what of it they mean."""

    whole: Bits
    """By the table's own tags."""
    odd: dict[str, Bits]
    """By the tags of a column with tags of its own."""
    some: Bits
    full: Bits


def matching(matcher: Matcher, among: Bits, sight: Sight) -> Matching:
    """Decide which policies of a catalog mean a table, or columns of it."""
    whole = matcher.match(sight.tags) & among
    odd: dict[str, Bits] = {}
    some = full = whole
    for column, tags in sight.odd.items():
        if column in sight.names:
            odd[column] = mask = matcher.match(tags) & among
            some |= mask
            full &= mask
    return Matching(whole, odd, some, full)


def sight(view: View, table: Table) -> Sight:
    """Look at a table with one side's facts."""
    tags = view.table_tags(table)
    odd = {column: own for column in view.tagged_columns(table) if (own := view.column_tags(table, column)) != tags}
    return Sight(tags, odd, view.columns(table))
