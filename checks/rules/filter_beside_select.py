"""A principal holds a filter on a table and plain SELECT beside it: the filter limits nothing.

Why: grants add up. Whoever may read a column without a filter, itself, through a group, by an LF-tag or with all tables
of the database, sees all its rows, whatever a data cells filter on the same table says. Both rows stand in the listing
of grants, and the one with the filter looks like the rule.

Fix: revoke the plain SELECT on the columns that the filter is about, or the filter if everything is meant.

Source: https://docs.aws.amazon.com/lake-formation/latest/dg/data-filters-about.html
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from checks.model import (
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
from checks.semantics import FUTURE, SELECT, SUPER_USER, matches
from checks.spelling import principal_words, words
from checks.view import access, condition_fits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from checks.model import Resource, TagTarget

_NAMED = 3


@dataclass(frozen=True, slots=True)
class _Pair:
    """A filter and what stands beside it, with a column that both are about."""

    filter: Grant
    beside: Grant
    column: str


def find(scene: Scene) -> Iterator[Hit]:
    """Yield, by principal, the filters that stand beside plain SELECT on the same columns."""
    packed, alike = scene.stage.packed, _Alike(scene)
    filtered: dict[int, list[int]] = defaultdict(list)
    for place in scene.places(on=(DataCellsFilter,), giving=(SELECT,)):
        filtered[packed.who_of[place]].append(place)
    plain = _Plain(scene) if filtered else None
    for number, places in filtered.items():
        who = packed.pool.principals[number]
        if who is None or plain is None:
            continue
        near = _Near(scene, who, alike, [plain.of(one) for one in groups_of(who)])
        found: dict[Table, _Pair] = {}
        for place in places:
            table = packed.pool.noun(packed.pool.owner[packed.on_of[place]])
            if isinstance(table, Table) and table not in found:
                pair = near.beside(place, table)
                if pair is not None:
                    found[table] = pair
        if found:
            yield _hit(scene, who, found)


@dataclass(slots=True)
class _Holds:
    """Places of one principal's grants that give SELECT without a filter."""

    named: dict[int, list[int]]
    """By the number of their table."""
    databases: dict[Database, list[int]]
    policies: list[tuple[TagPolicy, int]]
    wide: list[int]


class _Plain:
    """What principals hold besides filters that gives SELECT; of each principal once."""

    def __init__(self, scene: Scene) -> None:
        self._packed = packed = scene.stage.packed
        kinds = packed.pool.of_types
        named, others = kinds((Table, TableColumns)), kinds((AllTables, TagPolicy, AnyResource, Catalog))
        self._kinds = bytes(one | two << 1 for one, two in zip(named, others, strict=True))
        self._gives = bytes(SELECT in held or SUPER_USER in held for held, _ in packed.pool.pairs)
        self._hushed = scene.stage.hushed
        self._known: dict[Principal, _Holds] = {}

    def of(self, who: Principal) -> _Holds:
        """Return what a principal holds itself."""
        known = self._known.get(who)
        if known is None:
            known = self._known[who] = self._look(self._packed.pool.known_principal(who))
        return known

    def _look(self, number: int | None) -> _Holds:
        packed, pool = self._packed, self._packed.pool
        held = _Holds({}, {}, [], [])
        for place in packed.places_of(number) if number is not None else ():
            on = packed.on_of[place]
            kind = self._kinds[on]
            if not kind or not self._gives[packed.pair_of[place]] or place in self._hushed:
                continue
            if kind == 1:
                held.named.setdefault(pool.owner[on], []).append(place)
                continue
            match pool.noun(on):
                case AllTables() as tables:
                    held.databases.setdefault(tables.parent, []).append(place)
                case TagPolicy(resource_type="TABLE") as policy:
                    held.policies.append((policy, place))
                case AnyResource() | Catalog():
                    held.wide.append(place)
                case _:
                    pass
        return held


class _Alike:
    """Which LF-tag policies mean which tables: tables that are tagged alike are decided once."""

    def __init__(self, scene: Scene) -> None:
        self._view = scene.stage.view
        self._kinds: dict[frozenset[tuple[str, str]], int] = {}
        self._kind_of: dict[Table, int] = {}
        self._known: dict[tuple[TagPolicy, int], bool] = {}

    def means(self, policy: TagPolicy, table: Table) -> bool:
        """Whether a policy means the whole of a table none of whose columns is tagged on its own."""
        kind = self._kind_of.get(table)
        if kind is None:
            tags = frozenset(self._view.table_tags(table).items())
            kind = self._kind_of[table] = self._kinds.setdefault(tags, len(self._kinds))
        known = self._known.get((policy, kind))
        if known is None:
            expression = self._view.expression(policy)
            known = expression is not None and matches(expression, self._view.table_tags(table))
            self._known[policy, kind] = known
        return known


class _Near:
    """What one principal holds besides filters, itself or by its group, table by table."""

    def __init__(self, scene: Scene, who: Principal, alike: _Alike, held: list[_Holds]) -> None:
        self._packed, self._view = scene.stage.packed, scene.stage.view
        self._who, self._alike, self._held = who, alike, held

    def beside(self, place: int, table: Table) -> _Pair | None:
        """Return what stands beside a filter on a table and shows, in all rows, a column that it limits."""
        packed = self._packed
        condition = packed.pool.conditions[packed.condition_of[place]]
        for other in self._on(table):
            if condition_fits(packed.pool.conditions[packed.condition_of[other]], condition):
                filtered, plain = packed.at(place), packed.at(other)
                column = self._column(filtered, plain, table)
                if column is not None:
                    return _Pair(filtered, plain, column)
        return None

    def _on(self, table: Table) -> Iterator[int]:
        """Yield the places of what may show the table."""
        tagged = any(True for _ in self._view.tagged_columns(table))
        number = self._packed.pool.known(table)
        for held in self._held:
            if number is not None:
                yield from held.named.get(number, ())
            yield from held.databases.get(table.parent, ())
            for policy, place in held.policies:
                if policy.catalog == table.catalog and (tagged or self._alike.means(policy, table)):
                    yield place
            yield from held.wide

    def _column(self, filtered: Grant, plain: Grant, table: Table) -> str | None:
        """Return a column that both show; partition keys do not count, they cannot be limited."""
        assert isinstance(filtered.resource, DataCellsFilter)
        body = self._view.body(filtered.resource)
        names, partitions = self._view.columns(table) or (frozenset[str](), frozenset[str]())
        if isinstance(plain.resource, Table | AllTables) and body is not None:  # whole: whatever the filter shows
            shown = body.columns.names if isinstance(body.columns, Only) else names - body.columns.names
            return min(shown - partitions, default=FUTURE)
        pieces = access(self._packed, self._view, self._who, table, only=plain).pieces
        both = {one for piece in pieces for one in piece.columns} - partitions
        if body is not None:
            limited = access(self._packed, self._view, self._who, table, only=filtered).pieces
            both &= {one for piece in limited for one in piece.columns}
        return min(both - {FUTURE}, default=FUTURE) if both else None


def _hit(scene: Scene, who: Principal, found: dict[Table, _Pair]) -> Hit:
    tables = sorted(found, key=lambda one: (one.database, one.name))
    first = tables[0]
    pair = found[first]
    databases = {table.parent for table in tables}
    name = principal_words(who, home=scene.home)
    holder = pair.beside.principal
    also = "" if holder == who else f", held by {principal_words(holder, home=scene.home)}"
    more = f" and {len(tables) - _NAMED:,} more" if len(tables) > _NAMED else ""
    several = f"{len(tables):,} tables ({', '.join(words(one) for one in tables[:_NAMED])}{more})"
    resource: Resource = Catalog(scene.home)
    if len(tables) == 1:
        resource = pair.filter.resource
    elif len(databases) == 1:
        resource = first.parent
    at = (pair.filter.evidence, pair.beside.evidence)
    return Hit(
        about(scene.lake, "grant", who, resource, pair.filter.evidence),
        f"{name} holds a filter on {words(first) if len(tables) == 1 else several}, and SELECT without one beside it: "
        f"{words(pair.beside.resource)}{also}",
        "the principal holds a filter and plain SELECT on the same columns: the filter limits nothing",
        tuple(one for one in at if one is not None),
        witness=Witness(
            who, SELECT, first.catalog, first.database, first.name, None if pair.column == FUTURE else pair.column
        ),
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
