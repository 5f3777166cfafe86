"""A group that nobody here can count reads sensitive columns: who is in it is decided elsewhere.

Why: membership of a directory's group, or of an account, changes without a grant and without a line of the program.
Whoever is added to it tomorrow reads what it reads, and none of the listings of the lake says so.

Fix: grant sensitive columns to roles, or keep the group's grants to tables and tags without them; put a group that is
reviewed where it is kept into ``allowedGroups``.

Source: https://docs.aws.amazon.com/lake-formation/latest/dg/lf-permissions-reference.html
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from checks.model import (
    AllTables,
    Assignment,
    Column,
    ColumnRef,
    Database,
    DataCellsFilter,
    Evidence,
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
from checks.principals import Kind, is_foreign, is_many, kind_of
from checks.rules import Example, Hit, Option, Rule, Scene, Scope, about
from checks.semantics import INSERT, RAW_READS, SELECT
from checks.spelling import principal_words, printable, words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from checks.model import Resource, TagTarget

_GROUPS = Option("allowedGroups", "a principal, as Lake Formation spells it, that may read sensitive columns")
_APART = frozenset({Kind.EVERYONE, Kind.ACCOUNT_PRINCIPALS, Kind.FUNCTION})
"""Everyone is another rule's; a function is no group."""


def find(scene: Scene) -> Iterator[Hit]:
    """Yield, by group and database, the sensitive columns that it may read, by whatever grants."""
    allowed = scene.texts(_GROUPS.name)
    for who, kind in scene.principals():
        if kind in _APART or not is_many(who) or is_foreign(who, scene.home) or who in allowed:
            continue
        found: dict[Database, dict[Table, tuple[frozenset[str], Grant]]] = defaultdict(dict)
        for grant in scene.grants((who,), None, (SELECT, *RAW_READS)):
            for table, columns in scene.sensitive_shown(grant).items():
                known = found[table.parent].get(table)
                if known is None or not columns <= known[0]:
                    found[table.parent][table] = (columns | (known[0] if known else frozenset()), grant)
        for database, tables in found.items():
            if tables:
                yield _hit(scene, who, database, tables)


def _hit(scene: Scene, who: Principal, database: Database, tables: dict[Table, tuple[frozenset[str], Grant]]) -> Hit:
    first = min(tables, key=lambda one: one.name)
    columns, grant = tables[first]
    column = min(columns)
    count = sum(len(found) for found, _ in tables.values())
    kind = kind_of(who)
    name = principal_words(who, home=scene.home)
    named = name if kind is Kind.ACCOUNT else f"{kind} {name}"
    more = f"{words(first)}.{printable(column)}"
    if count > 1:
        places = f" in {len(tables):,} tables of {words(database)}" if len(tables) > 1 else ""
        more += f" and {count - 1:,} more sensitive {'column' if count == 2 else 'columns'}{places}"
    at: tuple[Evidence, ...] = (grant.evidence,) if grant.evidence is not None else ()
    resource: Resource = grant.resource if len(tables) == 1 else database
    return Hit(
        about(scene.lake, "grant", who, resource, grant.evidence),
        f"{named} may read {more} ({printable(scene.sensitive(first)[column])}), by {words(grant.resource)}",
        "a group reads sensitive columns, and who is in it is decided elsewhere",
        at,
        witness=Witness(who, SELECT, first.catalog, first.database, first.name, column),
        tables=len(tables),
        columns=count,
        sensitive=count,
        principals=None,
    )


_LAKE = LakeId("aws", "111122223333", "eu-west-1")
_CATALOG = "111122223333"
_TABLE = Table(_CATALOG, "crm", "contacts")
_CELLS = DataCellsFilter(_TABLE, "some")
_GROUP = "arn:aws:identitystore:::group/11112222-3333"
_PUBLIC = TagPolicy(_CATALOG, "TABLE", (("audience", frozenset({"public"})),))


def _granted(
    who: str,
    on: Resource = _TABLE,
    permission: Permission = SELECT,
    allowed: frozenset[str] = frozenset(),
    override: str = "",
) -> Example:
    info = TableInfo(_TABLE, (Column("id", "bigint"), Column("email", "string")))
    body = FilterBody(_CELLS, Only(frozenset({"id"})), Where("id > 5"))
    tags: dict[TagTarget, dict[str, Assignment]] = {_TABLE: {"audience": Assignment(_TABLE, "audience", "public")}}
    if override:
        column = ColumnRef(_TABLE, "email")
        tags[column] = {"audience": Assignment(column, "audience", override)}
    grant = Grant(Principal(who), on, frozenset({permission}))
    lake = Lake(_LAKE, (grant,), tables={_TABLE: info}, filters={_CELLS: body}, assignments=tags)
    return Example(lake, {_GROUPS.name: allowed})


RULE = Rule(
    id="FL227",
    name="group-reads-sensitive",
    severity=Severity.MEDIUM,
    doc=__doc__ or "",
    find=find,
    reads=frozenset({Facts.GRANTS, Facts.TABLES, Facts.ASSIGNMENTS, Facts.EXPRESSIONS, Facts.FILTERS}),
    scope=Scope.STACK,
    options=(_GROUPS,),
    flags=(
        _granted(_GROUP),
        _granted("111122223333"),
        _granted("arn:aws:iam::111122223333:saml-provider/idp:group/sales", AllTables(_CATALOG, "crm")),
        _granted("ALLAPPUSERS", TableColumns(_TABLE, Only(frozenset({"email"})))),
        _granted(_GROUP, _PUBLIC),
        _granted(_GROUP, permission=INSERT),
    ),
    passes=(
        _granted("arn:aws:iam::111122223333:role/analyst"),
        _granted(_GROUP, TableColumns(_TABLE, Only(frozenset({"id"})))),
        _granted(_GROUP, _PUBLIC, override="internal"),
        _granted(_GROUP, _CELLS),
        _granted(_GROUP, permission=Permission("DESCRIBE")),
        _granted(_GROUP, allowed=frozenset({_GROUP})),
        _granted(_GROUP, AllTables(_CATALOG, "hr")),
    ),
)
