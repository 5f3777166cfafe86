"""Tables with Lake Formation grants lie where Lake Formation does not, or not alone, decide who reads the files.

Why: grants on a table whose location is not registered protect its description only: IAM and bucket policies decide
about the files. In a location registered in hybrid access mode they decide for all principals that are not opted in.

Fix: register the location (``aws.lakeformation.Resource``), take the rights on its bucket away from everybody but the
registration's role, and leave hybrid access mode once all readers are opted in.

Source: https://docs.aws.amazon.com/lake-formation/latest/dg/access-control-underlying-data.html
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from checks.model import (
    EVERYONE,
    AllTables,
    Caller,
    Database,
    DataLocation,
    Facts,
    Grant,
    Lake,
    LakeId,
    Location,
    Permission,
    Principal,
    Severity,
    Side,
    Table,
    TableInfo,
    TagPolicy,
)
from checks.rules import Example, Hit, Rule, Scene, Scope, about
from checks.spelling import printable, words

if TYPE_CHECKING:
    from collections.abc import Iterator

_S3 = ":s3:::"


def find(scene: Scene) -> Iterator[Hit]:
    """Yield each database with granted tables outside registered locations, and each hybrid location with tables.

    Where no location is known at all, only the live lake says that there is none: another stack may register them.
    """
    lake = scene.lake
    if (not lake.locations and lake.caller is None) or _unread(lake):
        return
    granted = _granted(scene)
    open_: dict[Database, list[Table]] = defaultdict(list)
    for table in granted:
        info = lake.tables.get(table)
        if info is not None and _outside(info, lake):
            open_[table.parent].append(table)
    for database, tables in open_.items():
        yield _unregistered(scene, database, tables)
    for location in lake.locations.values():
        if location.hybrid:
            below = [one for one in scene.stage.below(location.arn) if one in granted]
            if below:
                yield _hybrid(scene, location, below)


def _unread(lake: Lake) -> bool:
    return any(gap.side is Side.LIVE and gap.facts is Facts.LOCATIONS for gap in lake.gaps)


def _outside(info: TableInfo, lake: Lake) -> bool:
    """Whether a table's files lie in S3 and outside every registered location."""
    if info.registered or info.link_to is not None or not info.location or _S3 not in info.location:
        return False
    place = info.location
    while place not in lake.locations:
        place, slash, _ = place.rpartition("/")
        if not slash:
            return True
    return False


def _granted(scene: Scene) -> set[Table]:
    """Return the tables that Lake Formation grants to anybody but everyone whom IAM allows."""
    packed = scene.stage.packed
    pool, found, seen = packed.pool, set[Table](), set[int]()
    everyone = pool.known_principal(EVERYONE)
    for who in packed.people():
        if who != everyone:
            seen.update(map(packed.on_of.__getitem__, packed.places_of(who)))
    for number in {pool.owner[one] for one in seen}:
        noun = pool.noun(number)
        if isinstance(noun, Table):
            found.add(noun)
        elif isinstance(noun, AllTables) or (isinstance(noun, TagPolicy) and noun.resource_type == "TABLE"):
            found.update(scene.reached(noun))
    return found


def _unregistered(scene: Scene, database: Database, tables: list[Table]) -> Hit:
    first = min(tables, key=lambda one: (not scene.sensitive(one), one.name))
    info = scene.lake.tables[first]
    hot = sum(len(scene.sensitive(one)) for one in tables)
    number = f"{len(tables):,} granted table{'' if len(tables) == 1 else 's'}"
    subject = about(scene.lake, "database", None, database, info.evidence)
    return Hit(
        subject,
        f"{number} of {words(database)} lie outside registered locations, such as {words(first)} in "
        f"{printable(info.location or '')}: IAM and bucket policies alone decide who reads the files",
        "tables that are granted lie in no registered location",
        (info.evidence,) if info.evidence else (),
        tables=len(tables),
        sensitive=hot,
        severity=Severity.HIGH if hot else None,
        principals=None,
    )


def _hybrid(scene: Scene, location: Location, below: list[Table]) -> Hit:
    at = location.evidence
    number = f"{len(below):,} granted table{'' if len(below) == 1 else 's'}"
    place = DataLocation(scene.home, location.arn)
    return Hit(
        about(scene.lake, "location", None, place, at),
        f"{words(place)} is registered in hybrid access mode: for {number} below it IAM decides about principals that "
        "are not opted in",
        "the location is registered in hybrid access mode",
        (at,) if at else (),
        tables=len(below),
        sensitive=sum(len(scene.sensitive(one)) for one in below),
        severity=Severity.LOW,
        principals=None,
    )


_LAKE = LakeId("aws", "111122223333", "eu-west-1")
_ORDERS = Table("111122223333", "sales", "orders")
_ROLE = Principal("arn:aws:iam::111122223333:role/analyst")


def _lake(*locations: Location, who: Principal = _ROLE, live: bool = False, registered: bool | None = None) -> Example:
    info = TableInfo(_ORDERS, location="arn:aws:s3:::lake/sales/orders", registered=registered)
    grants = (Grant(who, _ORDERS, frozenset({Permission("SELECT")})),)
    places = {one.arn: one for one in locations}
    return Example(Lake(_LAKE, grants, tables={_ORDERS: info}, locations=places, caller=Caller() if live else None))


RULE = Rule(
    id="FL211",
    name="location-not-protected",
    severity=Severity.MEDIUM,
    doc=__doc__ or "",
    find=find,
    reads=frozenset({Facts.GRANTS, Facts.TABLES, Facts.LOCATIONS, Facts.ASSIGNMENTS, Facts.EXPRESSIONS}),
    scope=Scope.STACK,
    flags=(
        _lake(live=True),
        _lake(Location("arn:aws:s3:::lake/sales2")),
        _lake(Location("arn:aws:s3:::lake/sales", hybrid=True)),
    ),
    passes=(
        _lake(),
        _lake(Location("arn:aws:s3:::lake/sales")),
        _lake(Location("arn:aws:s3:::lake/sales/orders")),
        _lake(live=True, registered=True),
        _lake(live=True, who=EVERYONE),
        _lake(Location("arn:aws:s3:::lake"), Location("arn:aws:s3:::other", hybrid=True)),
    ),
)
