"""Tables of every database: columns, partition keys, locations, views, row-level security."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from checks.live import sampling
from checks.live.collectors import Call, Collector, Learnt

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Table(msgspec.Struct, gc=False):
    Name: str
    DatabaseName: str | None = None
    CatalogId: str | None = None
    TargetTable: msgspec.Raw | None = None


class _Page(msgspec.Struct):
    TableList: list[_Table] | None = None


_decode = msgspec.json.Decoder(_Page).decode


def _calls(learnt: Learnt) -> Iterator[Call]:
    for catalog, name in learnt.get("databases", {}):
        request: dict[str, Any] = {"CatalogId": catalog} if catalog else {}
        yield Call("glue", "GetTables", {**request, "DatabaseName": name, "MaxResults": 100})


def _learn(call: Call, body: bytes, learnt: Learnt) -> None:
    """Remember the names of tables, but of no resource links: their LF-tags are links' own."""
    known = learnt.setdefault("tables", {})
    for table in _decode(body).TableList or ():
        if table.TargetTable is None:
            catalog = table.CatalogId or call.request.get("CatalogId") or ""
            database = table.DatabaseName or call.request["DatabaseName"]
            known[sampling.spelt(catalog, database, table.Name), ""] = ()


COLLECTOR = Collector(
    name="tables",
    rank=60,
    operations=(("glue", "GetTables"),),
    actions=("glue:GetTables",),
    calls=_calls,
    learn=_learn,
    after=("databases",),
)
