"""Data lake settings: admins, defaults, external filtering."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checks.live.collectors import Call, Collector, Learnt

if TYPE_CHECKING:
    from collections.abc import Iterator


def _calls(_: Learnt) -> Iterator[Call]:
    yield Call("lakeformation", "GetDataLakeSettings")


COLLECTOR = Collector(
    name="settings",
    rank=10,
    operations=(("lakeformation", "GetDataLakeSettings"),),
    actions=("lakeformation:GetDataLakeSettings",),
    calls=_calls,
    bracketed=True,
)
