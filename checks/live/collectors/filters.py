"""Data cells filters with their bodies, of all tables at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from checks.live.collectors import Call, Collector, Learnt

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Filter(msgspec.Struct):
    DatabaseName: str | None = None
    TableName: str | None = None
    TableCatalogId: str | None = None


class _Page(msgspec.Struct):
    DataCellsFilters: list[_Filter] | None = None


_decode = msgspec.json.Decoder(_Page).decode


def _calls(_: Learnt) -> Iterator[Call]:
    yield Call("lakeformation", "ListDataCellsFilter", {"MaxResults": 1000})


def _learn(_call: Call, body: bytes, learnt: Learnt) -> None:
    """Remember which tables have filters; what is malformed is ``facts``'s business."""
    known = learnt.setdefault("filtered tables", {})
    for one in _decode(body).DataCellsFilters or ():
        if one.DatabaseName and one.TableName and one.TableCatalogId:
            known[one.DatabaseName, one.TableName] = (one.TableCatalogId,)


COLLECTOR = Collector(
    name="filters",
    rank=40,
    operations=(("lakeformation", "ListDataCellsFilter"),),
    actions=("lakeformation:ListDataCellsFilter",),
    calls=_calls,
    learn=_learn,
)
