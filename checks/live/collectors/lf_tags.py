"""LF-tags with their values, those shared with the account included."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from checks.live.collectors import Call, Collector, Learnt

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Tag(msgspec.Struct):
    TagKey: str
    TagValues: list[str]
    CatalogId: str | None = None


class _Page(msgspec.Struct):
    LFTags: list[_Tag] | None = None


_decode = msgspec.json.Decoder(_Page).decode


def _calls(_: Learnt) -> Iterator[Call]:
    yield Call("lakeformation", "ListLFTags", {"ResourceShareType": "ALL", "MaxResults": 1000})


def _learn(_: Call, body: bytes, learnt: Learnt) -> None:
    for tag in _decode(body).LFTags or ():
        key = tag.CatalogId or "", tag.TagKey
        known = learnt.setdefault("lf_tags", {}).get(key, ())
        learnt["lf_tags"][key] = tuple(dict.fromkeys((*known, *tag.TagValues)))


COLLECTOR = Collector(
    name="lf_tags",
    rank=30,
    operations=(("lakeformation", "ListLFTags"),),
    actions=("lakeformation:ListLFTags",),
    calls=_calls,
    learn=_learn,
    bracketed=True,
)
