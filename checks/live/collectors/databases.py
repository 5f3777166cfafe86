"""Databases of the root catalog and of every nested one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from checks.live.collectors import Call, Collector, Learnt

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def _calls(learnt: Learnt) -> Iterator[Call]:
    yield Call("glue", "GetDatabases", {"MaxResults": 100})
    for catalog, _ in learnt.get("catalogs", {}):
        yield Call("glue", "GetDatabases", {"CatalogId": catalog, "MaxResults": 100})


def _learn(call: Call, response: Mapping[str, Any], learnt: Learnt) -> None:
    for database in response.get("DatabaseList") or ():
        if not database.get("TargetDatabase"):  # a resource link's tables are its target's
            learnt.setdefault("databases", {})[call.request.get("CatalogId", ""), database["Name"]] = ()


COLLECTOR = Collector(
    name="databases",
    rank=51,
    operations=(("glue", "GetDatabases"),),
    actions=("glue:GetDatabases",),
    calls=_calls,
    learn=_learn,
)
