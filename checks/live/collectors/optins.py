"""Who has opted in to Lake Formation where IAM still decides too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checks.live.collectors import Call, Collector, Learnt

if TYPE_CHECKING:
    from collections.abc import Iterator


def _calls(_: Learnt) -> Iterator[Call]:
    yield Call("lakeformation", "ListLakeFormationOptIns", {"MaxResults": 1000})


COLLECTOR = Collector(
    name="optins",
    rank=42,
    operations=(("lakeformation", "ListLakeFormationOptIns"),),
    actions=("lakeformation:ListLakeFormationOptIns",),
    calls=_calls,
)
