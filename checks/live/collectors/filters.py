"""Data cells filters with their bodies, of all tables at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checks.live.collectors import Call, Collector, Learnt

if TYPE_CHECKING:
    from collections.abc import Iterator


def _calls(_: Learnt) -> Iterator[Call]:
    yield Call("lakeformation", "ListDataCellsFilter", {"MaxResults": 1000})


COLLECTOR = Collector(
    name="filters",
    rank=40,
    operations=(("lakeformation", "ListDataCellsFilter"),),
    actions=("lakeformation:ListDataCellsFilter",),
    calls=_calls,
)
