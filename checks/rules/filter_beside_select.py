"""A principal holds a filter on a table and plain SELECT beside it: the filter limits nothing.

Why: grants add up. Whoever may read a column without a filter, itself, through a group, by an LF-tag or with all tables
of the database, sees all its rows, whatever a data cells filter on the same table says. Both rows stand in the listing
of grants, and the one with the filter looks like the rule.

Fix: revoke the plain SELECT on the columns that the filter is about, or the filter if everything is meant.

Source: https://docs.aws.amazon.com/lake-formation/latest/dg/data-filters-about.html
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from checks.model import (
    ALL_ROWS,
    AllTables,
    AnyResource,
    Assignment,
    Catalog,
    Column,
    Database,
    DataCellsFilter,
    Facts,
    FilterBody,
    Grant,
    Lake,
    LakeId,
    Only,
    Permission,
    Principal,
    Severity,
    Table,
    TableColumns,
    TableInfo,
    TagPolicy,
    Where,
    Witness,
)
from checks.principals import groups_of
from checks.rules import Example, Hit, Rule, Scene, Scope, about
from checks.semantics import FUTURE, SELECT, SUPER_USER
from checks.spelling import listing, principal_words, words
from checks.view import access, condition_fits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from checks.model import Resource, TagTarget

_NAMED = 3


def find(scene: Scene) -> Iterator[Hit]:
    """Yield, by principal and database, filters that stand beside plain SELECT on the same columns."""
    packed = scene.stage.packed
    filtered: dict[int, list[int]] = defaultdict(list)
    for place in scene.places(on=(DataCellsFilter,), giving=(SELECT,)):
        filtered[packed.who_of[place]].append(place)
    for number, places in filtered.items():
        who = packed.pool.principals[number]
        if who is not None:
            yield from _of(scene, who, places)


def _of(scene: Scene, who: Principal, places: list[int]) -> Iterator[Hit]:
    """Look at one principal's filters. Only tables that something else may reach are looked at closely."""
    packed = scene.stage.packed
    near = _Near(scene, who)
    found: dict[Database, dict[Table, tuple[Grant, Grant, str]]] = defaultdict(dict)
    for place in places:
        table = packed.pool.noun(packed.pool.owner[packed.on_of[place]])
        if not isinstance(table, Table) or table in found[table.parent] or not near.may_reach(table):
            continue
        grant = packed.at(place)
        beside = _beside(scene, who, grant, table)
        if beside is not None:
            found[table.parent][table] = (grant, *beside)
    for database, tables in found.items():
        if tables:
            yield _hit(scene, who, database, tables)


class _Near:
    """Which tables one principal may reach by anything but a filter, told without building grants."""

    def __init__(self, scene: Scene, who: Principal) -> None:
        packed = scene.stage.packed
        pool = packed.pool
        groups = groups_of(who)
        self._named = {
            pool.owner[packed.on_of[place]] for place in scene.places(groups, (Table, TableColumns), (SELECT,))
        }
        self._known = pool.known
        wide = [one.resource for one in scene.grants(groups, (AllTables, TagPolicy, AnyResource), (SELECT,))]
        self._databases = {one.parent for one in wide if isinstance(one, AllTables)}
        self._policies = [one for one in wide if isinstance(one, TagPolicy)]
        self._all = any(isinstance(one, AnyResource) for one in wide) or any(
            scene.grants(groups, (Catalog,), (SUPER_USER,))
        )
        self._view = scene.stage.view

    def may_reach(self, table: Table) -> bool:
        if self._all or table.parent in self._databases or self._known(table) in self._named:
            return True
        for policy in self._policies:
            body = self._view.expression(policy)
            if body is not None and self._view.match(body, table):
                return True
        return False


def _beside(scene: Scene, who: Principal, grant: Grant, table: Table) -> tuple[Grant, str] | None:
    """Return a grant that shows, without a filter, a column that the filter limits, and that column."""
    packed, view = scene.stage.packed, scene.stage.view
    assert isinstance(grant.resource, DataCellsFilter)
    body = view.body(grant.resource)
    limited = {one for piece in access(packed, view, who, table, only=grant).pieces for one in piece.columns}
    # Partition keys cannot be limited: whoever sees a column sees them.
    partitions = (view.columns(table) or (frozenset(), frozenset()))[1]
    for piece in access(packed, view, who, table).pieces:
        if isinstance(piece.grant.resource, DataCellsFilter) or piece.rows != ALL_ROWS:
            continue
        if not condition_fits(piece.grant.condition, grant.condition):
            continue
        both = (piece.columns & limited if body is not None else piece.columns) - partitions
        if both:
            return piece.grant, min(both - {FUTURE}, default=FUTURE)
    return None


def _hit(scene: Scene, who: Principal, database: Database, tables: dict[Table, tuple[Grant, Grant, str]]) -> Hit:
    first = min(tables, key=lambda one: one.name)
    grant, beside, column = tables[first]
    name = principal_words(who, home=scene.home)
    also = "" if beside.principal == who else f", held by {principal_words(beside.principal, home=scene.home)}"
    more = f" and {len(tables) - _NAMED:,} more" if len(tables) > _NAMED else ""
    several = f"{len(tables):,} tables of {words(database)} ({listing(sorted(t.name for t in tables)[:_NAMED])}{more})"
    where = words(first) if len(tables) == 1 else several
    resource: Resource = grant.resource if len(tables) == 1 else database
    at = tuple(dict.fromkeys(one.evidence for one in (grant, beside) if one.evidence is not None))
    return Hit(
        about(scene.lake, "grant", who, resource, grant.evidence),
        f"{name} holds a filter on {where}, and SELECT without one beside it: {words(beside.resource)}{also}",
        "the principal holds a filter and plain SELECT on the same columns: the filter limits nothing",
        at,
        witness=Witness(who, SELECT, first.catalog, first.database, first.name, None if column == FUTURE else column),
        tables=len(tables),
    )


_LAKE = LakeId("aws", "111122223333", "eu-west-1")
_ANALYST = Principal("arn:aws:iam::111122223333:role/analyst")
_EVERY = Principal("111122223333:IAMPrincipals")
_TABLE = Table("111122223333", "sales", "orders")
_CELLS = DataCellsFilter(_TABLE, "eu_only")
_PUBLIC = TagPolicy("111122223333", "TABLE", (("sensitivity", frozenset({"public"})),))


def _beside_filter(*grants: Grant, columns: frozenset[str] = frozenset({"country", "amount"})) -> Example:
    info = TableInfo(_TABLE, (Column("country", "string"), Column("amount", "bigint"), Column("note", "string")),
                     (Column("day", "date"),))  # fmt: skip
    body = FilterBody(_CELLS, Only(columns), Where("country = 'DE'"))
    mine = Grant(_ANALYST, _CELLS, frozenset({SELECT}))
    tags: dict[TagTarget, dict[str, Assignment]] = {
        _TABLE: {"sensitivity": Assignment(_TABLE, "sensitivity", "public")}
    }
    return Example(Lake(_LAKE, (mine, *grants), tables={_TABLE: info}, filters={_CELLS: body}, assignments=tags))


def _select(
    on: Resource, who: Principal = _ANALYST, permission: Permission = SELECT, condition: str | None = None
) -> Grant:
    return Grant(who, on, frozenset({permission}), condition=condition)


RULE = Rule(
    id="FL218",
    name="filter-beside-plain-select",
    severity=Severity.HIGH,
    doc=__doc__ or "",
    find=find,
    reads=frozenset({Facts.GRANTS, Facts.FILTERS, Facts.TABLES, Facts.ASSIGNMENTS, Facts.EXPRESSIONS}),
    scope=Scope.STACK,
    flags=(
        _beside_filter(_select(_TABLE)),
        _beside_filter(_select(_TABLE, _EVERY)),
        _beside_filter(_select(AllTables("111122223333", "sales"))),
        _beside_filter(_select(TableColumns(_TABLE, Only(frozenset({"amount"}))))),
        _beside_filter(_select(_PUBLIC)),
    ),
    passes=(
        _beside_filter(),
        _beside_filter(_select(TableColumns(_TABLE, Only(frozenset({"note"}))))),
        _beside_filter(_select(Table("111122223333", "sales", "others"))),
        _beside_filter(_select(AllTables("111122223333", "hr"))),
        _beside_filter(_select(_TABLE, Principal("arn:aws:iam::111122223333:role/steward"))),
        _beside_filter(_select(_TABLE, _EVERY, condition='context.iam.principalTags.hasTag("department")')),
        _beside_filter(_select(_TABLE, permission=Permission("DESCRIBE"))),
        _beside_filter(_select(TagPolicy("111122223333", "TABLE", (("sensitivity", frozenset({"restricted"})),)))),
    ),
)
