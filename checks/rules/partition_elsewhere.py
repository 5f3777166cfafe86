"""Files of a table lie outside its own location: in a partition, or in an additional location, somewhere else.

Why: a query on the table reads those files too. Where they lie in another table's location, its rows are read by
whoever may read this one; where no location is registered, Lake Formation does not guard them at all. Partitions are
not collected: only recordings that hold GetPartitions show theirs.

Fix: keep partitions below the table's location, or register the other place and grant on it as on the table.

Source: https://docs.aws.amazon.com/lake-formation/latest/dg/access-control-underlying-data.html
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from checks.model import (
    Database,
    Evidence,
    Facts,
    Lake,
    LakeId,
    Location,
    PartitionPlace,
    Severity,
    Table,
    TableInfo,
)
from checks.rules import Example, Hit, Rule, Scene, Scope, about
from checks.semantics import within
from checks.spelling import listing, printable, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_NAMED = 3


@dataclass(slots=True)
class _Strays:
    """Places outside their tables, of one database."""

    places: dict[Table, set[str]] = field(default_factory=lambda: defaultdict(set))
    evidence: list[Evidence] = field(default_factory=list)
    foreign: dict[str, Table] = field(default_factory=dict)
    """Places that are another table's."""
    open: set[str] = field(default_factory=set)
    """Places that no registered location holds, of tables that one does."""


def find(scene: Scene) -> Iterator[Hit]:
    """Yield, by database, the tables of which files lie elsewhere; and what of it cannot be told."""
    found: dict[Database, _Strays] = defaultdict(_Strays)
    dark: dict[Database, list[PartitionPlace]] = defaultdict(list)
    tables = scene.lake.tables
    for one in scene.lake.partitions:
        info = tables.get(one.table)
        if info is None or (info.location is None and "location" in info.hidden):
            dark[one.table.parent].append(one)
        elif info.location is not None and not within(one.location, info.location):
            _take(found, info, one.location, one.evidence)
    for info in tables.values():
        for place in info.additional:
            if info.location is None or not within(place, info.location):
                _take(found, info, place, info.evidence)
    if found:
        _judge(scene, found.values())
    for database, strays in found.items():
        yield _hit(scene, database, strays)
    for database, places in dark.items():
        first = places[0]
        plain = "the partition's table, or its location, is not known: whether the partition lies in it is not decided"
        names = listing(sorted({one.table.name for one in places})[:_NAMED])
        yield Hit(
            about(scene.lake, "location", None, database, first.evidence),
            f"{words(database)} ({names}): {plain}",
            plain,
            (first.evidence,) if first.evidence else (),
            undecided=True,
            tables=len({one.table for one in places}),
        )


def _take(found: dict[Database, _Strays], info: TableInfo, place: str, at: Evidence | None) -> None:
    strays = found[info.id.parent]
    strays.places[info.id].add(place)
    if at is not None and len(strays.evidence) < _NAMED:
        strays.evidence.append(at)


def _judge(scene: Scene, found: Iterable[_Strays]) -> None:
    """Tell whose the places are, and whether they are guarded where their table is."""
    own = {info.location: table for table, info in scene.lake.tables.items() if info.location}
    registered = tuple(scene.lake.locations)
    for strays in found:
        for table, places in strays.places.items():
            home = scene.lake.tables[table].location
            guarded = home is not None and any(within(home, one) for one in registered)
            for place in places:
                owner = next((own[one] for one in _above(place) if one in own), None)
                if owner is not None and owner != table:
                    strays.foreign[place] = owner
                if guarded and not any(within(place, one) for one in registered):
                    strays.open.add(place)


def _above(place: str) -> Iterator[str]:
    """Yield a place and all that hold it, nearest first."""
    while place:
        yield place
        place = place.rpartition("/")[0]


def _hit(scene: Scene, database: Database, strays: _Strays) -> Hit:
    tables = sorted(strays.places, key=lambda one: one.name)
    first = min(strays.places[tables[0]])
    names = listing(one.name for one in tables[:_NAMED])
    more = f" and {len(tables) - _NAMED:,} more" if len(tables) > _NAMED else ""
    said = f"files of {words(database)} ({names}{more}) lie outside their table's location, in {printable(first)}"
    if strays.foreign:
        place, owner = min(strays.foreign.items(), key=lambda one: one[0])
        said += f"; {printable(place)} belongs to {words(owner)}"
    if strays.open:
        said += f"; {printable(min(strays.open))} lies in no registered location"
    graver = strays.foreign or strays.open
    return Hit(
        about(scene.lake, "location", None, database, strays.evidence[0] if strays.evidence else None),
        said,
        "files of a table lie outside its own location",
        tuple(strays.evidence),
        tables=len(tables),
        severity=Severity.MEDIUM if graver else None,
    )


_LAKE = LakeId("aws", "111122223333", "eu-west-1")
_TABLE, _OTHER = (Table("111122223333", "sales", name) for name in ("orders", "pay"))
_ROOT = "arn:aws:s3:::lake"


def _placed(*partitions: str, additional: frozenset[str] = frozenset()) -> Example:
    tables = {
        _TABLE: TableInfo(_TABLE, location=f"{_ROOT}/orders", additional=additional),
        _OTHER: TableInfo(_OTHER, location=f"{_ROOT}/pay"),
    }
    places = tuple(PartitionPlace(_TABLE, one) for one in partitions)
    return Example(Lake(_LAKE, tables=tables, partitions=places, locations={_ROOT: Location(_ROOT)}))


RULE = Rule(
    id="FL226",
    name="partition-outside-the-table",
    severity=Severity.LOW,
    doc=__doc__ or "",
    find=find,
    reads=frozenset({Facts.TABLES, Facts.LOCATIONS}),
    scope=Scope.STACK,
    flags=(
        _placed(f"{_ROOT}/orders/day=1", f"{_ROOT}/orders2/day=1"),
        _placed(f"{_ROOT}/pay/day=1"),
        _placed("arn:aws:s3:::elsewhere/orders"),
        _placed(additional=frozenset({f"{_ROOT}/pay"})),
    ),
    passes=(
        _placed(),
        _placed(f"{_ROOT}/orders"),
        _placed(f"{_ROOT}/orders/day=1", f"{_ROOT}/orders/day=2"),
        _placed(additional=frozenset({f"{_ROOT}/orders/more"})),
    ),
)
