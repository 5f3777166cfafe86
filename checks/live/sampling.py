"""A sample of tables, the same whoever draws it: those whose names hash lowest.

Searches for LF-tags answer for many tables at once; GetResourceLFTags answers for one. To hold the one against the
other, both keep what they say of the sample, without knowing of each other or of how many tables there are: a table
that is among the lowest of all is among the lowest of those that a search finds.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from checks.live.collectors import Learnt

SIZE: Final = 25
SEARCHED: Final = "tags searched"
ASKED: Final = "tags asked"
"""Where collectors keep what they learnt: (table, key) → ``=value`` of the table, ``column=value`` where it differs."""
_LOWEST: Final = "lowest"


class Pair(msgspec.Struct):
    """An LF-tag with its values."""

    TagKey: str
    TagValues: list[str]


class OnColumn(msgspec.Struct):
    """The LF-tags of a column."""

    Name: str
    LFTags: list[Pair] | None = None


class Tags(msgspec.Struct):
    """What an answer says of one table."""

    LFTagOnDatabase: list[Pair] | None = None
    LFTagsOnTable: list[Pair] | None = None
    LFTagsOnColumns: list[OnColumn] | None = None


def spelt(catalog: str | None, database: str, table: str) -> str:
    """Return a table's name as one text; the root catalog is not named, whatever it is called."""
    nested = catalog if catalog and ":" in catalog else ""
    return f"{nested}\0{database.lower()}\0{table.lower()}"


def resource(name: str) -> dict[str, dict[str, str]]:
    """Return the ``Resource`` of a table that ``spelt`` names."""
    nested, database, table = name.split("\0", 2)
    place = {"CatalogId": nested} if nested else {}
    return {"Table": {**place, "DatabaseName": database, "Name": table}}


def weight(name: str) -> str:
    """Return a number that says nothing of the name, as text of one length."""
    return blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def draw(names: Iterable[str]) -> list[str]:
    """Return the sample of *names*, sorted."""
    return sorted(sorted(set(names), key=lambda one: (weight(one), one))[:SIZE])


def drawn(own: Learnt, name: str) -> bool:
    """Whether *name* is among the lowest that *own* has come by; the highest gives way."""
    lowest = own.setdefault(_LOWEST, {})
    key = weight(name), name
    if key in lowest:
        return True
    lowest[key] = ()
    if len(lowest) <= SIZE:
        return True
    last = max(lowest)
    del lowest[last]
    return last != key


def say(own: Learnt, store: str, name: str, tags: Tags, keys: Iterable[str]) -> None:
    """Keep in *store* what an answer says of a table and its columns, for each key."""
    said = own.setdefault(store, {})
    above, here = _values(tags.LFTagOnDatabase), _values(tags.LFTagsOnTable)
    columns = [(one.Name.lower(), _values(one.LFTags)) for one in tags.LFTagsOnColumns or ()]
    for key in keys:
        value = here.get(key, above.get(key))
        words = {f"{column}={held[key]}" for column, held in columns if held.get(key, value) != value}
        words |= set() if value is None else {f"={value}"}
        said[name, key] = tuple(sorted({*said.get((name, key), ()), *words}))


def keys_of(tags: Tags) -> set[str]:
    """Return the keys of every LF-tag in an answer."""
    columns = (one.LFTags for one in tags.LFTagsOnColumns or ())
    return {key for pairs in (tags.LFTagOnDatabase, tags.LFTagsOnTable, *columns) for key in _values(pairs)}


def own_tags(learnt: Learnt) -> dict[str, tuple[str, ...]]:
    """Return the account's own LF-tags with their values: only those can be on its objects."""
    account = next(iter(learnt.get("account", {"": ()})))[0]
    return {key: values for (catalog, key), values in learnt.get("lf_tags", {}).items() if catalog in ("", account)}


def disagree(learnt: Learnt, names: Iterable[str], keys: Iterable[str]) -> bool:
    """Whether searches and single answers say different things of *names*."""
    searched, asked = learnt.get(SEARCHED, {}), learnt.get(ASKED, {})
    wanted = [key.lower() for key in keys]
    return any(
        (searched.get((name, key)) or searched.get((_database(name), key), ())) != asked.get((name, key), ())
        for name in names
        for key in wanted
    )


def _database(name: str) -> str:
    """Return how the tags of a table's database are kept: what a search does not find of the table, it inherits."""
    return f"{name.rpartition(chr(0))[0]}\0"


def _values(pairs: Iterable[Pair] | None) -> Mapping[str, str]:
    return {pair.TagKey.lower(): ",".join(pair.TagValues).lower() for pair in pairs or ()}
