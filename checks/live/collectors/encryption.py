"""Whether the catalog's metadata is encrypted: then a listing of policies may leave out the catalog's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checks.live.collectors import Call, Collector, Learnt

if TYPE_CHECKING:
    from collections.abc import Iterator


def _calls(_: Learnt) -> Iterator[Call]:
    yield Call("glue", "GetDataCatalogEncryptionSettings")


COLLECTOR = Collector(
    name="encryption",
    rank=89,
    operations=(("glue", "GetDataCatalogEncryptionSettings"),),
    actions=("glue:GetDataCatalogEncryptionSettings",),
    calls=_calls,
)
