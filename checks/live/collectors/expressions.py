"""Saved LF-tag expressions with their bodies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checks.live.collectors import Call, Collector, Learnt

if TYPE_CHECKING:
    from collections.abc import Iterator


def _calls(_: Learnt) -> Iterator[Call]:
    yield Call("lakeformation", "ListLFTagExpressions", {"MaxResults": 1000})


COLLECTOR = Collector(
    name="expressions",
    rank=31,
    operations=(("lakeformation", "ListLFTagExpressions"),),
    actions=("lakeformation:ListLFTagExpressions",),
    calls=_calls,
)
