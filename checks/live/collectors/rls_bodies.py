"""Bodies of the row-level security policies whose listing left them out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checks.live.collectors import Call, Collector, Learnt

if TYPE_CHECKING:
    from collections.abc import Iterator


def _calls(learnt: Learnt) -> Iterator[Call]:
    for (_, name), body in sorted(learnt.get("rls", {}).items()):
        if not body:
            yield Call("lakeformation", "GetRLSPolicy", {"Name": name})


COLLECTOR = Collector(
    name="rls_bodies",
    rank=43,
    operations=(("lakeformation", "GetRLSPolicy"),),
    actions=("lakeformation:GetRLSPolicy",),
    calls=_calls,
    after=("rls",),
)
