"""Who asks: as STS and as Lake Formation see it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checks.live.collectors import Call, Collector, Learnt

if TYPE_CHECKING:
    from collections.abc import Iterator


def _calls(_: Learnt) -> Iterator[Call]:
    yield Call("sts", "GetCallerIdentity")
    yield Call("lakeformation", "GetDataLakePrincipal")


COLLECTOR = Collector(
    name="caller",
    rank=0,
    operations=(("sts", "GetCallerIdentity"), ("lakeformation", "GetDataLakePrincipal")),
    actions=("sts:GetCallerIdentity", "lakeformation:GetDataLakePrincipal"),
    calls=_calls,
)
