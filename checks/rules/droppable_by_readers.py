"""Who only reads may alter or drop sensitive tables: a reader can move, rename or destroy what it is to look at.

Why: ``ALTER`` lets its holder point a table at other files and rename a column that grants exclude by name; ``DROP``
takes the table with every grant on it, and whoever makes it again owns it. A principal that writes nowhere needs
neither, and got it with an ``ALL`` or a wizard's default.

Fix: take ``ALTER`` and ``DROP`` from the readers' grants; leave them to the roles that deploy and to jobs that write.

Source: https://docs.aws.amazon.com/lake-formation/latest/dg/lf-permissions-reference.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from checks.model import (
    AllTables,
    Column,
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
from checks.rules import Example, Hit, Rule, Scene, Scope, held
from checks.semantics import ALTER, CREATE_DATABASE, CREATE_TABLE, DELETE, DROP, INSERT, SELECT, SUPER_USER
from checks.spelling import listing, principal_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from checks.model import Resource

_CHANGES = frozenset({ALTER, DROP})
_WRITES = frozenset({INSERT, DELETE, CREATE_TABLE, CREATE_DATABASE, SUPER_USER, Permission("DATA_LOCATION_ACCESS")})
_ON = (Table, AllTables, TagPolicy, Database)


def find(scene: Scene) -> Iterator[Hit]:
    """Yield, by principal and database, ``ALTER`` and ``DROP`` on sensitive tables of those who write nowhere."""
    packed = scene.stage.packed
    pairs = packed.pool.pairs
    suspects: set[int] = set()
    for place in scene.places(on=_ON, giving=_CHANGES):
        suspects.add(packed.who_of[place])
    readers: list[Principal] = []
    for number in sorted(suspects):
        who = packed.pool.principals[number]
        held_at = {packed.pair_of[place] for place in packed.places_of(number)}
        everything = frozenset[Permission]().union(*(pairs[one][0] for one in held_at))
        if who is not None and who not in scene.admins and SELECT in everything and not everything & _WRITES:
            readers.append(who)
    for one in scene.holdings(readers, _ON, _CHANGES) if readers else ():
        hot, columns = scene.sensitive_held(one, _ON, _CHANGES)
        if hot:
            name, may = principal_words(one.principal, home=scene.home), listing(one.permissions & _CHANGES)
            yield held(
                scene,
                one,
                f"{name} writes nowhere, and may {may} {one.where}, where {hot:,} "
                f"{'table has' if hot == 1 else 'tables have'} sensitive columns",
                "the principal writes nowhere, and may alter or drop sensitive tables",
                sensitive=columns,
            )


_LAKE = LakeId("aws", "111122223333", "eu-west-1")
_ANALYST = Principal("arn:aws:iam::111122223333:role/analyst")
_PAY, _PARTS = (Table("111122223333", "hr", name) for name in ("pay", "parts"))


def _may(on: Resource, *permissions: str, admin: bool = False, also: Grant | None = None) -> Example:
    tables = {
        _PAY: TableInfo(_PAY, (Column("employee"), Column("salary"))),
        _PARTS: TableInfo(_PARTS, (Column("number"), Column("weight_kg"))),
    }
    reads = Grant(_ANALYST, _PARTS, frozenset({SELECT}))
    grant = Grant(_ANALYST, on, frozenset(map(Permission, permissions)))
    admins = frozenset({_ANALYST}) if admin else frozenset[str]()
    settings = (Settings((("DataLakeAdmins", admins),)),)
    return Example(Lake(_LAKE, (reads, grant, *((also,) if also else ())), tables=tables, settings=settings))


RULE = Rule(
    id="FL228",
    name="readers-may-drop-sensitive-tables",
    severity=Severity.MEDIUM,
    doc=__doc__ or "",
    find=find,
    reads=frozenset({Facts.GRANTS, Facts.TABLES, Facts.ASSIGNMENTS, Facts.EXPRESSIONS, Facts.SETTINGS}),
    scope=Scope.STACK,
    flags=(
        _may(_PAY, "ALTER"),
        _may(_PAY, "DESCRIBE", "DROP"),
        _may(AllTables("111122223333", "hr"), "DROP"),
        _may(Database("111122223333", "hr"), "DROP"),
    ),
    passes=(
        _may(_PARTS, "ALTER", "DROP"),
        _may(_PAY, "DESCRIBE"),
        _may(_PAY, "ALTER", "INSERT"),
        _may(_PAY, "DROP", admin=True),
        _may(_PAY, "DROP", also=Grant(_ANALYST, Database("111122223333", "lab"), frozenset({CREATE_TABLE}))),
        _may(TableColumns(_PAY, Only(frozenset({"salary"}))), "SELECT"),
    ),
)
