"""The IAM Identity Center instance that the lake trusts. Most lakes have none: "not found" is an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checks.live.collectors import Call, Collector, Learnt

if TYPE_CHECKING:
    from collections.abc import Iterator


def _calls(_: Learnt) -> Iterator[Call]:
    yield Call("lakeformation", "DescribeLakeFormationIdentityCenterConfiguration")


COLLECTOR = Collector(
    name="identity_center",
    rank=44,
    operations=(("lakeformation", "DescribeLakeFormationIdentityCenterConfiguration"),),
    actions=("lakeformation:DescribeLakeFormationIdentityCenterConfiguration",),
    calls=_calls,
)
