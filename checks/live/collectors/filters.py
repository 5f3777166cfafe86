"""Data cells filters with their bodies, of all tables at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from checks.live.collectors import Call, Collector, Learnt

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def _calls(_: Learnt) -> Iterator[Call]:
    yield Call("lakeformation", "ListDataCellsFilter", {"MaxResults": 1000})


def _learn(_call: Call, response: Mapping[str, Any], learnt: Learnt) -> None:
    """Remember which tables have filters; what is malformed is ``facts``'s business."""
    known = learnt.setdefault("filtered tables", {})
    for one in response.get("DataCellsFilters") or ():
        place = [one.get(name) for name in ("DatabaseName", "TableName", "TableCatalogId")] if one else []
        if place and all(isinstance(text, str) and text for text in place):
            known[(place[0], place[1])] = (place[2],)


COLLECTOR = Collector(
    name="filters",
    rank=40,
    operations=(("lakeformation", "ListDataCellsFilter"),),
    actions=("lakeformation:ListDataCellsFilter",),
    calls=_calls,
    learn=_learn,
)
