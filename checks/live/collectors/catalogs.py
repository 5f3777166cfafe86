"""The Data Catalog's nested and federated catalogs, with the defaults of what is made in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from checks.live.collectors import Call, Collector, Learnt

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Catalog(msgspec.Struct):
    CatalogId: str | None = None
    Name: str | None = None


class _Page(msgspec.Struct):
    CatalogList: list[_Catalog] | None = None


_decode = msgspec.json.Decoder(_Page).decode


def _calls(_: Learnt) -> Iterator[Call]:
    yield Call("glue", "GetCatalogs", {"Recursive": True, "IncludeRoot": True, "MaxResults": 1000})


def _learn(_: Call, body: bytes, learnt: Learnt) -> None:
    for catalog in _decode(body).CatalogList or ():
        if ":" in (catalog.CatalogId or ""):  # the root's id is the account alone
            learnt.setdefault("catalogs", {})[catalog.CatalogId or "", catalog.Name or ""] = ()


COLLECTOR = Collector(
    name="catalogs",
    rank=50,
    operations=(("glue", "GetCatalogs"),),
    actions=("glue:GetCatalogs",),
    calls=_calls,
    learn=_learn,
)
