"""The Data Catalog's nested and federated catalogs, with the defaults of what is made in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from checks.live.collectors import Call, Collector, Learnt

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def _calls(_: Learnt) -> Iterator[Call]:
    yield Call("glue", "GetCatalogs", {"Recursive": True, "IncludeRoot": True, "MaxResults": 1000})


def _learn(_: Call, response: Mapping[str, Any], learnt: Learnt) -> None:
    for catalog in response.get("CatalogList") or ():
        if ":" in (catalog.get("CatalogId") or ""):  # the root's id is the account alone
            learnt.setdefault("catalogs", {})[catalog["CatalogId"], catalog["Name"]] = ()


COLLECTOR = Collector(
    name="catalogs",
    rank=50,
    operations=(("glue", "GetCatalogs"),),
    actions=("glue:GetCatalogs",),
    calls=_calls,
    learn=_learn,
)
