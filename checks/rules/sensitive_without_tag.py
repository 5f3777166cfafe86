"""A column looks sensitive and no LF-tag says so, while grants on whole tables show it: nothing keeps it back.

Why: grants by LF-tag keep a column from people only where the column, its table or its database carries a tag that
says what it is. A column called ``email`` without one is shown by each grant on the table and by each wildcard; so will
be the next one like it.

Fix: put the tag that your grants go by on the column (``aws.lakeformation.ResourceLfTags``), or grant the tables
without the column. Where it is harmless, tag it so, or spare its name in the settings of what is sensitive.

Source: https://docs.aws.amazon.com/lake-formation/latest/dg/tag-based-access-control.html
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from checks.model import (
    AllExcept,
    AllTables,
    Assignment,
    Catalog,
    Column,
    ColumnRef,
    Database,
    Facts,
    Grant,
    Lake,
    LakeId,
    Only,
    Permission,
    Principal,
    Settings,
    Severity,
    Table,
    TableColumns,
    TableInfo,
    TagPolicy,
)
from checks.principals import is_many
from checks.rules import Example, Hit, Rule, Scene, Scope, about
from checks.semantics import SELECT, SUPER_USER, matches, within
from checks.spelling import listing, principal_words, printable, words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from checks.model import Resource, TagTarget

_NAMED = 3


@dataclass(slots=True)
class _Shown:
    """Tables of one database with such columns, and to whom grants show them."""

    columns: dict[Table, list[str]] = field(default_factory=dict)
    groups: dict[int, set[Principal]] = field(default_factory=dict)

    @property
    def people(self) -> set[Principal]:
        """Everyone to whom one of the tables is shown."""
        return set[Principal]().union(*self.groups.values())


def find(scene: Scene) -> Iterator[Hit]:
    """Yield, by database, columns that look sensitive, carry no tag that says so, and are shown by broad grants."""
    bare = _untagged(scene)
    if not bare:
        return
    people = _People(scene, bare)
    found: dict[Database, _Shown] = defaultdict(_Shown)
    for table, columns in bare.items():
        groups = people.of(table)
        if groups:
            shown = found[table.parent]
            shown.columns[table] = sorted(columns)
            shown.groups.update((id(one), one) for one in groups)
    for database, shown in found.items():
        yield _hit(scene, database, shown, bare)


def _untagged(scene: Scene) -> dict[Table, dict[str, str]]:
    """Return sensitive columns, with why, that neither they themselves nor what holds them is tagged for."""
    keys, view = scene.sensitivity.keys, scene.stage.view
    found = {}
    for table in scene.lake.tables:
        hot = scene.sensitive(table)
        if not hot or keys & view.table_tags(table).keys():
            continue
        tagged = {
            name for name in view.tagged_columns(table) if name in hot and keys & view.column_tags(table, name).keys()
        }
        left = {name: why for name, why in hot.items() if name not in tagged} if tagged else dict(hot)
        if left:
            found[table] = left
    return found


class _People:
    """To whom grants on whole tables, or all of them, show tables; administrators do not count."""

    def __init__(self, scene: Scene, bare: dict[Table, dict[str, str]]) -> None:
        self._scene, self._view, self._bare = scene, scene.stage.view, bare
        self._by_table: dict[Table, set[Principal]] = defaultdict(set)
        self._by_database: dict[Database, set[Principal]] = defaultdict(set)
        self._by_tags: dict[frozenset[tuple[str, str]], set[Principal]] = {}
        self._everywhere: dict[str, set[Principal]] = defaultdict(set)
        self._policies: dict[TagPolicy, set[Principal]] = defaultdict(set)
        self._named()
        for grant in self._of(AllTables, SELECT):
            if isinstance(grant.resource, AllTables) and grant.principal is not None:
                self._by_database[grant.resource.parent].add(grant.principal)
        packed = scene.stage.packed
        for place in scene.places(on=(TagPolicy,), giving=(SELECT,)):
            policy, who = packed.pool.noun(packed.on_of[place]), packed.pool.principals[packed.who_of[place]]
            if isinstance(policy, TagPolicy) and who is not None and who not in scene.admins:
                self._policies[policy].add(who)
        for grant in self._of(Catalog, SUPER_USER):
            if isinstance(grant.resource, Catalog) and grant.principal is not None:
                self._everywhere[grant.resource.catalog].add(grant.principal)

    def _of(self, kind: type[Resource], permission: Permission) -> Iterator[Grant]:
        admins = self._scene.admins
        return (one for one in self._scene.grants(on=(kind,), giving=(permission,)) if one.principal not in admins)

    def _named(self) -> None:
        """Take the grants that name a table, or every column of it but some."""
        packed, bare = self._scene.stage.packed, self._bare
        pool, names, admins = packed.pool, packed.pool.principals, self._scene.admins
        numbers = {number: table for table in bare if (number := pool.known(table)) is not None}
        for place in self._scene.places(on=(Table,), giving=(SELECT,)):
            table = numbers.get(packed.on_of[place])
            who = names[packed.who_of[place]] if table is not None else None
            if table is not None and who is not None and who not in admins:
                self._by_table[table].add(who)
        for place in self._scene.places(on=(TableColumns,), giving=(SELECT,)):
            on = packed.on_of[place]
            table = numbers.get(pool.owner[on])
            if table is None or table in self._by_table:  # one that is shown whole is shown
                continue
            noun, who = pool.noun(on), names[packed.who_of[place]]
            if who is None or who in admins or not isinstance(noun, TableColumns):
                continue
            if isinstance(noun.columns, AllExcept) and bare[table].keys() - noun.columns.names:
                self._by_table[table].add(who)

    def of(self, table: Table) -> list[set[Principal]]:
        """Return the groups of people to whom a table is shown."""
        view, found = self._view, [self._by_table.get(table), self._by_database.get(table.parent)]
        found += [people for catalog, people in self._everywhere.items() if within(table.catalog, catalog)]
        if any(True for _ in view.tagged_columns(table)):
            found.append(self._tagged(table))
        else:
            tags = frozenset(view.table_tags(table).items())
            if tags not in self._by_tags:
                self._by_tags[tags] = self._alike(dict(tags))
            found.append(self._by_tags[tags])
        return [one for one in found if one]

    def _alike(self, tags: dict[str, str]) -> set[Principal]:
        """Return whom LF-tag policies give the tables with these tags, whose columns have none of their own."""
        found: set[Principal] = set()
        for policy, people in self._policies.items():
            expression = self._view.expression(policy)
            if policy.resource_type == "TABLE" and expression is not None and matches(expression, tags):
                found |= people
        return found

    def _tagged(self, table: Table) -> set[Principal]:
        found: set[Principal] = set()
        view = self._view
        values: dict[str, set[str]] = defaultdict(set)
        for tags in (view.table_tags(table), *(view.column_tags(table, one) for one in view.tagged_columns(table))):
            for key, value in tags.items():
                values[key].add(value)
        for policy, people in self._policies.items():
            expression = view.expression(policy)
            if policy.resource_type != "TABLE" or expression is None or policy.catalog != table.catalog:
                continue
            if not all(key in values and ("*" in asked or asked & values[key]) for key, asked in expression):
                continue  # neither the table nor any column of it carries what is asked for
            match = view.match(expression, table)
            if match and (match.columns is None or not match.columns.isdisjoint(self._bare[table])):
                found |= people
        return found


def _hit(scene: Scene, database: Database, shown: _Shown, bare: dict[Table, dict[str, str]]) -> Hit:
    tables = sorted(shown.columns, key=lambda one: one.name)
    first = tables[0]
    column = shown.columns[first][0]
    why = bare[first][column]
    more = f" and {len(tables) - _NAMED:,} more" if len(tables) > _NAMED else ""
    everyone = shown.people
    people = sorted(principal_words(one, home=scene.home) for one in everyone)
    others = f" and {len(people) - _NAMED:,} more" if len(people) > _NAMED else ""
    many = any(is_many(one) for one in everyone)
    columns = sum(map(len, shown.columns.values()))
    info = scene.lake.tables[first]
    return Hit(
        about(scene.lake, "database", None, database, info.evidence),
        f"{len(tables):,} {'table' if len(tables) == 1 else 'tables'} of {words(database)} "
        f"({listing(one.name for one in tables[:_NAMED])}{more}) {'has' if len(tables) == 1 else 'have'} columns that "
        f"look sensitive and carry no LF-tag that says so ({printable(column)}: {printable(why)}); grants on whole "
        f"tables show them to {', '.join(people[:_NAMED])}{others}",
        "columns look sensitive, carry no LF-tag that says so, and are shown by grants on whole tables",
        (info.evidence,) if info.evidence else (),
        tables=len(tables),
        columns=columns,
        sensitive=columns,
        principals=None if many else len(people),
    )


_LAKE = LakeId("aws", "111122223333", "eu-west-1")
_CATALOG = "111122223333"
_TABLE = Table(_CATALOG, "crm", "contacts")
_ANALYST = Principal("arn:aws:iam::111122223333:role/analyst")


def _example(
    *on: Resource, tags: dict[TagTarget, str] | None = None, column: str = "email", admin: bool = False
) -> Example:
    info = TableInfo(_TABLE, (Column("id", "bigint"), Column(column, "string")))
    assigned: dict[TagTarget, dict[str, Assignment]] = {
        target: {key: Assignment(target, key, value)}
        for target, text in (tags or {}).items()
        for key, _, value in [text.partition("=")]
    }
    grants = tuple(Grant(_ANALYST, one, frozenset({SELECT})) for one in on)
    settings = (Settings((("DataLakeAdmins", frozenset({_ANALYST}) if admin else frozenset[str]()),)),)
    return Example(Lake(_LAKE, grants, tables={_TABLE: info}, assignments=assigned, settings=settings))


_DOMAIN = TagPolicy(_CATALOG, "TABLE", (("domain", frozenset({"crm"})),))

RULE = Rule(
    id="FL221",
    name="sensitive-column-without-restricting-tag",
    severity=Severity.MEDIUM,
    doc=__doc__ or "",
    find=find,
    reads=frozenset({Facts.GRANTS, Facts.TABLES, Facts.ASSIGNMENTS, Facts.EXPRESSIONS, Facts.SETTINGS}),
    scope=Scope.STACK,
    flags=(
        _example(_TABLE),
        _example(AllTables(_CATALOG, "crm")),
        _example(TableColumns(_TABLE, AllExcept(frozenset({"id"})))),
        _example(_DOMAIN, tags={_TABLE: "domain=crm"}),
        _example(_TABLE, column="home_address"),
    ),
    passes=(
        _example(),
        _example(_TABLE, column="weight_kg"),
        _example(_TABLE, admin=True),
        _example(_TABLE, tags={_TABLE: "sensitivity=restricted"}),
        _example(_TABLE, tags={Database(_CATALOG, "crm"): "sensitivity=public"}),
        _example(_TABLE, tags={ColumnRef(_TABLE, "email"): "sensitivity=restricted"}),
        _example(TableColumns(_TABLE, Only(frozenset({"id"})))),
        _example(TableColumns(_TABLE, AllExcept(frozenset({"email"})))),
        _example(_DOMAIN, tags={_TABLE: "domain=sales"}),
    ),
)
