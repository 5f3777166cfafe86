"""Tables of every database: columns, partition keys, locations, views."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from checks.live.collectors import Call, Collector, Learnt

if TYPE_CHECKING:
    from collections.abc import Iterator


def _calls(learnt: Learnt) -> Iterator[Call]:
    for catalog, name in learnt.get("databases", {}):
        request: dict[str, Any] = {"CatalogId": catalog} if catalog else {}
        yield Call("glue", "GetTables", {**request, "DatabaseName": name, "MaxResults": 100})


COLLECTOR = Collector(
    name="tables",
    rank=60,
    operations=(("glue", "GetTables"),),
    actions=("glue:GetTables",),
    calls=_calls,
    after=("databases",),
)
