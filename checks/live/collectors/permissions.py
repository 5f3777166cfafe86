"""Every grant, unfiltered: a filter would turn the answer into computed permissions, or lose rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checks.live.collectors import Call, Collector, Learnt

if TYPE_CHECKING:
    from collections.abc import Iterator


def _calls(_: Learnt) -> Iterator[Call]:
    yield Call("lakeformation", "ListPermissions", {"MaxResults": 1000})


COLLECTOR = Collector(
    name="permissions",
    rank=20,
    operations=(("lakeformation", "ListPermissions"),),
    actions=("lakeformation:ListPermissions",),
    calls=_calls,
    after=("settings", "lf_tags"),
    bracketed=True,
)
