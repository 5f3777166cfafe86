"""Databases of the root catalog and of every nested one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from checks.live.collectors import Call, Collector, Learnt

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Database(msgspec.Struct):
    Name: str
    TargetDatabase: dict[str, Any] | None = None


class _Page(msgspec.Struct):
    DatabaseList: list[_Database] | None = None


_decode = msgspec.json.Decoder(_Page).decode


def _calls(learnt: Learnt) -> Iterator[Call]:
    yield Call("glue", "GetDatabases", {"MaxResults": 100})
    for catalog, _ in learnt.get("catalogs", {}):
        yield Call("glue", "GetDatabases", {"CatalogId": catalog, "MaxResults": 100})


def _learn(call: Call, body: bytes, learnt: Learnt) -> None:
    for database in _decode(body).DatabaseList or ():
        if not database.TargetDatabase:  # a resource link's tables are its target's
            learnt.setdefault("databases", {})[call.request.get("CatalogId", ""), database.Name] = ()


COLLECTOR = Collector(
    name="databases",
    rank=51,
    operations=(("glue", "GetDatabases"),),
    actions=("glue:GetDatabases",),
    calls=_calls,
    after=("catalogs",),
    learn=_learn,
)
