"""A principal may put tables over a location that holds files it is not allowed to read.

Why: ``DATA_LOCATION_ACCESS`` is not needed to query. With it, and with ``CREATE_TABLE`` or ``CREATE_DATABASE`` or
``ALTER`` anywhere, a principal points a table of its own at the files below the location, and reads them past every
grant, column and row that limits it on the tables there.

Fix: grant ``DATA_LOCATION_ACCESS`` on the prefix that the principal writes to, not on one above other tables.

Source: https://docs.aws.amazon.com/lake-formation/latest/dg/access-control-underlying-data.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from checks.model import (
    Column,
    Database,
    DataLocation,
    Facts,
    Grant,
    Lake,
    LakeId,
    Permission,
    Principal,
    Severity,
    Table,
    TableInfo,
    Witness,
)
from checks.principals import groups_of
from checks.rules import Example, Hit, Rule, Scene, Scope, about
from checks.semantics import ALTER, CREATE_DATABASE, CREATE_TABLE
from checks.spelling import principal_words, printable, words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from checks.model import Resource

_ACCESS = Permission("DATA_LOCATION_ACCESS")
_MAKING = (CREATE_TABLE, CREATE_DATABASE, ALTER)


def find(scene: Scene) -> Iterator[Hit]:
    """Yield each right on a location that holds tables which its holder may not read whole, and could get at."""
    makers: dict[Principal, bool] = {}
    for grant in scene.grants(on=(DataLocation,), giving=(_ACCESS,)):
        who, place = grant.principal, grant.resource
        if who is None or who in scene.admins or not isinstance(place, DataLocation):
            continue
        if who not in makers:
            makers[who] = any(True for _ in scene.stage.choose(groups_of(who), None, frozenset(_MAKING), lending=False))
        if not makers[who]:
            continue
        below = scene.reached(place)
        closed = [table for table in below if table not in scene.stage.readable(who)]
        if closed:
            yield _hit(scene, grant, place, closed)


def _hit(scene: Scene, grant: Grant, place: DataLocation, closed: list[Table]) -> Hit:
    who, at = principal_words(grant.principal, home=scene.home), grant.evidence
    hot = sum(len(scene.sensitive(table)) for table in closed)
    table = min(closed, key=lambda one: (not scene.sensitive(one), one.database, one.name))
    return Hit(
        about(scene.lake, "grant", grant.principal, place, at),
        f"{who} may put tables over {printable(place.arn)}, where the files of {len(closed):,} "
        f"table{'' if len(closed) == 1 else 's'} lie that it may not read whole, such as {words(table)}",
        "tables may be put over a location that holds files of tables which the principal may not read",
        (at,) if at else (),
        witness=Witness(grant.principal, _ACCESS, table.catalog, table.database, table.name, location=place.arn),
        tables=len(closed),
        sensitive=hot,
        severity=None if hot else Severity.MEDIUM,
    )


_LAKE = LakeId("aws", "111122223333", "eu-west-1")
_SANDBOX = Database("111122223333", "sandbox")
_STAFF = Table("111122223333", "hr", "staff")
_ROLE = Principal("arn:aws:iam::111122223333:role/analyst")


def _lake(location: str, *grants: tuple[Resource, str]) -> Example:
    info = TableInfo(_STAFF, (Column("salary", "decimal(10,2)"),), location="arn:aws:s3:::lake/hr/staff")
    held = ((DataLocation("111122223333", location), _ACCESS), *grants)
    rows = tuple(Grant(_ROLE, on, frozenset({Permission(given)})) for on, given in held)
    return Example(Lake(_LAKE, rows, tables={_STAFF: info}))


RULE = Rule(
    id="FL210",
    name="location-access",
    severity=Severity.HIGH,
    doc=__doc__ or "",
    find=find,
    reads=frozenset({Facts.GRANTS, Facts.TABLES, Facts.ASSIGNMENTS, Facts.EXPRESSIONS}),
    scope=Scope.STACK,
    flags=(
        _lake("arn:aws:s3:::lake", (_SANDBOX, "CREATE_TABLE")),
        _lake("arn:aws:s3:::lake/hr/staff", (_STAFF, "ALTER")),
    ),
    passes=(
        _lake("arn:aws:s3:::lake", (_SANDBOX, "DESCRIBE")),
        _lake("arn:aws:s3:::lake/hr/staff", (_STAFF, "SELECT"), (_SANDBOX, "CREATE_TABLE")),
        _lake("arn:aws:s3:::lake/sandbox", (_SANDBOX, "CREATE_TABLE")),
    ),
)
