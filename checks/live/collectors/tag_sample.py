"""The LF-tags of a few tables, each asked for on its own: what searches find must be the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from checks.live import sampling
from checks.live.collectors import Call, Collector, Learnt

if TYPE_CHECKING:
    from collections.abc import Iterator

_decode = msgspec.json.Decoder(sampling.Tags).decode


def request(name: str) -> Call:
    """Return the call for the LF-tags of one table, inherited ones included."""
    return Call("lakeformation", "GetResourceLFTags", {"Resource": sampling.resource(name)})


def _calls(learnt: Learnt) -> Iterator[Call]:
    if sampling.own_tags(learnt):
        for name in sampling.draw(name for name, _ in learnt.get("tables", {})):
            yield request(name)


def _learn(call: Call, body: bytes, learnt: Learnt) -> None:
    table = call.request["Resource"]["Table"]
    name = sampling.spelt(table.get("CatalogId"), table["DatabaseName"], table["Name"])
    tags = _decode(body)
    learnt.setdefault("sampled", {})[name, ""] = ()
    sampling.say(learnt, sampling.ASKED, name, tags, sampling.keys_of(tags))


COLLECTOR = Collector(
    name="tag_sample",
    rank=71,
    operations=(("lakeformation", "GetResourceLFTags"),),
    actions=("lakeformation:GetResourceLFTags",),
    calls=_calls,
    learn=_learn,
    after=("lf_tags", "tables"),
    bracketed=True,
)
