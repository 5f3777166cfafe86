"""Grants in a hybrid location limit nobody: their principals are not opted in, and everyone's grant still stands.

Why: in hybrid access mode Lake Formation limits only principals that are opted in. Where ``IAM_ALLOWED_PRINCIPALS``
still stands on a table, whoever is not opted in goes by IAM alone: the columns and rows that its grant names are no
limit, though every listing of grants shows them.

Fix: opt the principals in on the tables that they are granted (``aws.lakeformation.OptIn``), or finish the move: revoke
``IAM_ALLOWED_PRINCIPALS`` and register the location without hybrid access.

Source: https://docs.aws.amazon.com/lake-formation/latest/dg/hybrid-access-mode.html
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from checks.model import (
    EVERYONE,
    AllTables,
    AnyResource,
    Catalog,
    Database,
    DataCellsFilter,
    DataLocation,
    Facts,
    Grant,
    Lake,
    LakeId,
    Location,
    OptIn,
    Principal,
    Severity,
    Table,
    TableColumns,
    TableInfo,
    TagPolicy,
    Witness,
)
from checks.model import Only as OnlyColumns
from checks.principals import groups_of
from checks.rules import Example, Hit, Rule, Scene, Scope, about
from checks.semantics import SELECT, table_of, within
from checks.spelling import principal_words, printable, words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from checks.model import Resource

_NAMED = 3


@dataclass(slots=True)
class _Gap:
    """Who is granted what below one location without being opted in."""

    tables: set[Table] = field(default_factory=set)
    people: set[Principal] = field(default_factory=set)
    first: Grant | None = None


def find(scene: Scene) -> Iterator[Hit]:
    """Yield, by hybrid location, the grants on open tables to principals that are not opted in."""
    places = {arn: one for arn, one in scene.lake.locations.items() if one.hybrid}
    tables = _open(scene, places) if places else {}
    if not tables:
        return
    opted = _Opted(scene)
    gaps: dict[str, _Gap] = defaultdict(_Gap)

    def note(who: Principal | None, table: Table, grant: Grant | None = None, place: int | None = None) -> None:
        if who is None or who == EVERYONE or opted.covers(who, table):
            return
        gap = gaps[tables[table]]
        gap.tables.add(table)
        gap.people.add(who)
        if gap.first is None:
            gap.first = scene.stage.packed.at(place) if place is not None else grant

    packed = scene.stage.packed
    pool = packed.pool
    numbers = {number: table for table in tables if (number := pool.known(table)) is not None}
    for place in scene.places(on=(Table, TableColumns, DataCellsFilter)):
        table = numbers.get(pool.owner[packed.on_of[place]])
        if table is not None:
            note(pool.principals[packed.who_of[place]], table, place=place)
    for grant in scene.grants(on=(AllTables, TagPolicy)):
        if isinstance(grant.resource, TagPolicy) and grant.resource.resource_type != "TABLE":
            continue
        for table in scene.reached(grant.resource):
            if table in tables:
                note(grant.principal, table, grant)
    for arn, gap in gaps.items():
        yield _hit(scene, arn, places[arn], gap)


def _open(scene: Scene, places: Mapping[str, Location]) -> dict[Table, str]:
    """Return the tables on which everyone's grant stands, with the hybrid location that they lie in.

    Of nested registrations the most specific one counts.
    """
    registered = sorted(scene.lake.locations, key=len, reverse=True)
    found: dict[Table, str] = {}
    for grant in scene.grants((EVERYONE,), (Table, AllTables)):
        for table in scene.reached(grant.resource):
            info = scene.lake.tables.get(table)
            if table in found or info is None or info.location is None:
                continue
            place = next((arn for arn in registered if within(info.location, arn)), None)
            if place is not None and place in places:
                found[table] = place
    return found


class _Opted:
    """Who is opted in on what. An opt-in under a condition holds for some of a group only: it closes no gap."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._by: dict[Principal, list[Resource]] = defaultdict(list)
        for one in scene.lake.optins:
            if one.principal is not None and one.condition is None:
                self._by[one.principal].append(one.resource)
        self._known: dict[tuple[Principal, Table], bool] = {}

    def covers(self, who: Principal, table: Table) -> bool:
        """Whether a principal, itself or by its group, is opted in on a table."""
        key = (who, table)
        known = self._known.get(key)
        if known is None:
            held = [one for group in groups_of(who) for one in self._by.get(group, ())]
            known = self._known[key] = any(self._is_on(one, table) for one in held)
        return known

    def _is_on(self, resource: Resource, table: Table) -> bool:
        match resource:
            case Table() | TableColumns() | DataCellsFilter():
                return table_of(resource) == table
            case Database(catalog, name) | AllTables(catalog, name):
                return (catalog, name) == (table.catalog, table.database)
            case Catalog(catalog) | AnyResource(catalog):
                return catalog == table.catalog
            case TagPolicy(resource_type="TABLE") as policy:
                expression = self._scene.stage.view.expression(policy)
                return expression is not None and bool(self._scene.stage.view.match(expression, table))
            case _:
                return False


def _hit(scene: Scene, arn: str, place: Location, gap: _Gap) -> Hit:
    people = sorted(principal_words(one, home=scene.home) for one in gap.people)
    table = min(gap.tables, key=lambda one: (one.database, one.name))
    first = gap.first
    others = f" and {len(people) - _NAMED:,} more" if len(people) > _NAMED else ""
    many = f"{len(gap.tables):,} tables ({words(table)} and others)" if len(gap.tables) > 1 else words(table)
    at = (place.evidence, first.evidence if first is not None else None)
    return Hit(
        about(scene.lake, "location", None, DataLocation(scene.home, arn), place.evidence),
        f"location {printable(arn)} is in hybrid access mode: {', '.join(people[:_NAMED])}{others} "
        f"{'holds' if len(people) == 1 else 'hold'} grants on {many} without being opted in, and everyone whom IAM "
        "allows (IAM_ALLOWED_PRINCIPALS) stands beside them",
        "grants in a hybrid location limit nobody: principals are not opted in, and everyone's grant stands",
        tuple(one for one in at if one is not None),
        witness=Witness(min(gap.people), SELECT, table.catalog, table.database, table.name),
        tables=len(gap.tables),
        sensitive=sum(len(scene.sensitive(one)) for one in gap.tables),
        principals=len(gap.people),
    )


_LAKE = LakeId("aws", "111122223333", "eu-west-1")
_CATALOG = "111122223333"
_TABLE = Table(_CATALOG, "hr", "pay")
_ROOT = "arn:aws:s3:::lake"
_ANALYST = Principal("arn:aws:iam::111122223333:role/analyst")
_OTHER = Principal("arn:aws:iam::111122223333:role/other")


def _hybrid(
    *optins: Resource,
    on: Resource = _TABLE,
    hybrid: bool = True,
    everyone: bool = True,
    who: Principal = _ANALYST,
    opted: Principal = _ANALYST,
    condition: str | None = None,
) -> Example:
    mine = Grant(who, on, frozenset({SELECT}))
    open_to = Grant(EVERYONE, _TABLE, frozenset({SELECT}))
    return Example(
        Lake(
            _LAKE,
            (mine, open_to) if everyone else (mine,),
            tables={_TABLE: TableInfo(_TABLE, location=f"{_ROOT}/hr/pay")},
            locations={_ROOT: Location(_ROOT, hybrid=hybrid)},
            optins=tuple(OptIn(opted, one, condition) for one in optins),
        )
    )


RULE = Rule(
    id="FL224",
    name="not-opted-in-under-hybrid-access",
    severity=Severity.MEDIUM,
    doc=__doc__ or "",
    find=find,
    reads=frozenset({Facts.GRANTS, Facts.LOCATIONS, Facts.OPTINS, Facts.TABLES}),
    scope=Scope.STACK,
    flags=(
        _hybrid(),
        _hybrid(on=AllTables(_CATALOG, "hr")),
        _hybrid(on=TableColumns(_TABLE, OnlyColumns(frozenset({"team"})))),
        _hybrid(Table(_CATALOG, "hr", "other")),
        _hybrid(_TABLE, opted=_OTHER),
        _hybrid(_TABLE, condition='context.iam.principalTags.hasTag("team")'),
    ),
    passes=(
        _hybrid(_TABLE),
        _hybrid(Database(_CATALOG, "hr")),
        _hybrid(AllTables(_CATALOG, "hr"), on=AllTables(_CATALOG, "hr")),
        _hybrid(_TABLE, opted=Principal("111122223333:IAMPrincipals")),
        _hybrid(hybrid=False),
        _hybrid(everyone=False),
        _hybrid(on=Table(_CATALOG, "hr", "other")),
        _hybrid(who=EVERYONE),
    ),
)
