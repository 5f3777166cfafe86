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
        found: dict[Table, tuple[int, int]] = {}
        for place in places:
            table = packed.pool.noun(packed.pool.owner[packed.on_of[place]])
            if isinstance(table, Table) and table not in found:
                other = near.beside(place, table)
                if other is not None:
                    found[table] = place, other
        if found:
            yield _hit(scene, who, found, near)


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
        self._values: dict[Table, dict[str, set[str]]] = {}

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

    def may_mean(self, policy: TagPolicy, table: Table) -> bool:
        """Whether a table whose columns are tagged on their own carries, somewhere, what a policy asks for."""
        values = self._values.get(table)
        if values is None:
            values = self._values[table] = defaultdict(set)
            view = self._view
            for tags in (view.table_tags(table), *(view.column_tags(table, one) for one in view.tagged_columns(table))):
                for key, value in tags.items():
                    values[key].add(value)
        expression = self._view.expression(policy)
        return expression is not None and all(
            key in values and ("*" in asked or not asked.isdisjoint(values[key])) for key, asked in expression
        )


class _Near:
    """What one principal holds besides filters, itself or by its group, table by table."""

    def __init__(self, scene: Scene, who: Principal, alike: _Alike, held: list[_Holds]) -> None:
        self._packed, self._view = scene.stage.packed, scene.stage.view
        self._who, self._alike, self._held = who, alike, held

    def beside(self, place: int, table: Table) -> int | None:
        """Return the place of what stands beside a filter on a table and shows, in all rows, a column it limits."""
        packed = self._packed
        condition = packed.pool.conditions[packed.condition_of[place]]
        for other, whole in self._on(table):
            if condition_fits(packed.pool.conditions[packed.condition_of[other]], condition) and (
                whole or self.column(place, other, table) is not None
            ):
                return other
        return None

    def _on(self, table: Table) -> Iterator[tuple[int, bool]]:
        """Yield the places of what may show the table, and whether it certainly shows the whole of it."""
        tagged = any(True for _ in self._view.tagged_columns(table))
        number = self._packed.pool.known(table)
        for held in self._held:
            if number is not None:
                for place in held.named.get(number, ()):
                    yield place, self._packed.on_of[place] == number
            for place in held.databases.get(table.parent, ()):
                yield place, True
            for policy, place in held.policies:
                means = self._alike.may_mean if tagged else self._alike.means
                if policy.catalog == table.catalog and means(policy, table):
                    yield place, not tagged
            for place in held.wide:
                yield place, False

    def column(self, place: int, other: int, table: Table) -> str | None:
        """Return a column that a filter limits and something else shows; partition keys cannot be limited."""
        filtered, plain = self._packed.at(place), self._packed.at(other)
        assert isinstance(filtered.resource, DataCellsFilter)
        partitions = (self._view.columns(table) or (frozenset[str](), frozenset[str]()))[1]
        shown = access(self._packed, self._view, self._who, table, only=plain).pieces
        both = {one for piece in shown for one in piece.columns} - partitions
        if self._view.body(filtered.resource) is not None:
            limited = access(self._packed, self._view, self._who, table, only=filtered).pieces
            both &= {one for piece in limited for one in piece.columns}
        return min(both - {FUTURE}, default=FUTURE) if both else None


def _hit(scene: Scene, who: Principal, found: dict[Table, tuple[int, int]], near: _Near) -> Hit:
    tables = sorted(found, key=lambda one: (one.database, one.name))
    first = tables[0]
    filtered, beside = map(scene.stage.packed.at, found[first])
    column = near.column(*found[first], first)
    databases = {table.parent for table in tables}
    name = principal_words(who, home=scene.home)
    also = "" if beside.principal == who else f", held by {principal_words(beside.principal, home=scene.home)}"
    more = f" and {len(tables) - _NAMED:,} more" if len(tables) > _NAMED else ""
    several = f"{len(tables):,} tables ({', '.join(words(one) for one in tables[:_NAMED])}{more})"
    resource: Resource = Catalog(scene.home)
    if len(tables) == 1:
        resource = filtered.resource
    elif len(databases) == 1:
        resource = first.parent
    return Hit(
        about(scene.lake, "grant", who, resource, filtered.evidence),
        f"{name} holds a filter on {words(first) if len(tables) == 1 else several}, and SELECT without one beside it: "
        f"{words(beside.resource)}{also}",
        "the principal holds a filter and plain SELECT on the same columns: the filter limits nothing",
        tuple(one for one in (filtered.evidence, beside.evidence) if one is not None),
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
