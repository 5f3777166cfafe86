"""Registered S3 locations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checks.live.collectors import Call, Collector, Learnt

if TYPE_CHECKING:
    from collections.abc import Iterator


def _calls(_: Learnt) -> Iterator[Call]:
    yield Call("lakeformation", "ListResources", {"MaxResults": 1000})


COLLECTOR = Collector(
    name="locations",
    rank=99,  # last: a recording that is cut anywhere lacks it, and so is never taken for whole
    operations=(("lakeformation", "ListResources"),),
    actions=("lakeformation:ListResources",),
    calls=_calls,
    after=("*",),
)
