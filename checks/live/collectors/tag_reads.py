"""The LF-tags of every table, each asked for on its own: only where the sample shows that searches are wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checks.live import sampling
from checks.live.collectors import Call, Collector, Learnt
from checks.live.collectors.tag_sample import request

if TYPE_CHECKING:
    from collections.abc import Iterator


def _calls(learnt: Learnt) -> Iterator[Call]:
    asked = [name for name, _ in learnt.get("sampled", {})]
    if sampling.disagree(learnt, asked, sampling.own_tags(learnt)):
        for name, _ in sorted(learnt.get("tables", {}).keys() - {(name, "") for name in asked}):
            yield request(name)


COLLECTOR = Collector(
    name="tag_reads",
    rank=72,
    operations=(("lakeformation", "GetResourceLFTags"),),
    actions=("lakeformation:GetResourceLFTags",),
    calls=_calls,
    after=("tag_sample", "tag_search"),
    bracketed=True,
)
