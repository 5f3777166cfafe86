"""What carries which LF-tag: a search for every key and all its values, in place of a call for every table.

Searches take at most 50 values and answer at most 100 objects a page; pages may be empty and still not be the last.
Only the account's own LF-tags can be on its objects.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from checks.live.collectors import Call, Collector, Learnt

if TYPE_CHECKING:
    from collections.abc import Iterator

_VALUES = 50
_OPERATIONS = ("SearchDatabasesByLFTags", "SearchTablesByLFTags")


def _calls(learnt: Learnt) -> Iterator[Call]:
    account = next(iter(learnt.get("account", {"": ()})))[0]
    for (catalog, key), values in learnt.get("lf_tags", {}).items():
        if catalog not in ("", account):
            continue
        for start in range(0, len(values), _VALUES):
            wanted = [{"TagKey": key, "TagValues": list(values[start : start + _VALUES])}]
            for operation in _OPERATIONS:
                yield Call("lakeformation", operation, {"Expression": wanted, "MaxResults": 100})


COLLECTOR = Collector(
    name="tag_search",
    rank=70,
    operations=tuple(("lakeformation", operation) for operation in _OPERATIONS),
    actions=tuple(f"lakeformation:{operation}" for operation in _OPERATIONS),
    calls=_calls,
    after=("lf_tags",),
    bracketed=True,
)
