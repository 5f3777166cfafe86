"""What carries which LF-tag: a search for every key and all its values, in place of a call for every table.

Searches take at most 50 values and answer at most 100 objects a page; pages may be empty and still not be the last.
Only the account's own LF-tags can be on its objects.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from checks.live import sampling
from checks.live.collectors import Call, Collector, Learnt

if TYPE_CHECKING:
    from collections.abc import Iterator

_VALUES = 50
_OPERATIONS = ("SearchDatabasesByLFTags", "SearchTablesByLFTags")


def _calls(learnt: Learnt) -> Iterator[Call]:
    for key, values in sampling.own_tags(learnt).items():
        for start in range(0, len(values), _VALUES):
            wanted = [{"TagKey": key, "TagValues": list(values[start : start + _VALUES])}]
            for operation in _OPERATIONS:
                yield Call("lakeformation", operation, {"Expression": wanted, "MaxResults": 100})


class _Name(msgspec.Struct, gc=False):
    DatabaseName: str
    Name: str
    CatalogId: str | None = None


class _Hit(msgspec.Struct, gc=False):
    Table: _Name
    LFTagOnDatabase: msgspec.Raw = msgspec.Raw(b"null")
    LFTagsOnTable: msgspec.Raw = msgspec.Raw(b"null")
    LFTagsOnColumns: msgspec.Raw = msgspec.Raw(b"null")


class _Page(msgspec.Struct):
    TableList: list[_Hit] | None = None


class _Place(msgspec.Struct):
    Name: str
    CatalogId: str | None = None


class _Database(msgspec.Struct):
    Database: _Place
    LFTags: list[sampling.Pair] | None = None


class _Databases(msgspec.Struct):
    DatabaseList: list[_Database] | None = None


_databases = msgspec.json.Decoder(_Databases).decode
_decode = msgspec.json.Decoder(_Page).decode
_pairs = msgspec.json.Decoder(list[sampling.Pair] | None).decode
_columns = msgspec.json.Decoder(list[sampling.OnColumn] | None).decode


def _learn(call: Call, body: bytes, learnt: Learnt) -> None:
    """Keep what is found of databases, and of the tables that may be in the sample."""
    key = call.request["Expression"][0]["TagKey"].lower()
    if call.operation == _OPERATIONS[0]:
        for found in _databases(body).DatabaseList or ():
            name = sampling.spelt(found.Database.CatalogId, found.Database.Name, "")
            sampling.say(learnt, sampling.SEARCHED, name, sampling.Tags(None, found.LFTags), [key])
        return
    for hit in _decode(body).TableList or ():
        name = sampling.spelt(hit.Table.CatalogId, hit.Table.DatabaseName, hit.Table.Name)
        if sampling.drawn(learnt, name):
            tags = sampling.Tags(_pairs(hit.LFTagOnDatabase), _pairs(hit.LFTagsOnTable), _columns(hit.LFTagsOnColumns))
            sampling.say(learnt, sampling.SEARCHED, name, tags, [key])


COLLECTOR = Collector(
    name="tag_search",
    rank=70,
    operations=tuple(("lakeformation", operation) for operation in _OPERATIONS),
    actions=tuple(f"lakeformation:{operation}" for operation in _OPERATIONS),
    calls=_calls,
    learn=_learn,
    after=("lf_tags",),
    bracketed=True,
)
