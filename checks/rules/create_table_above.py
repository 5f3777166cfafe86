"""Whoever may create tables in a database may put them over the files of other tables.

Why: with ``CREATE_TABLE`` a principal makes a table anywhere below the database's location without any right on that
location, and holds everything on what it made: it reads the files of all tables there, past their columns and rows.

Fix: give the database a location of its own that no other table lies in, or none; or revoke ``CREATE_TABLE``.

Source: https://docs.aws.amazon.com/lake-formation/latest/dg/access-control-underlying-data.html
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from checks.model import (
    Column,
    Database,
    DatabaseInfo,
    Facts,
    Grant,
    Lake,
    LakeId,
    Permission,
    Principal,
    Severity,
    Table,
    TableInfo,
    TagPolicy,
    Witness,
)
from checks.principals import is_many
from checks.rules import Example, Hit, Rule, Scene, Scope, about
from checks.semantics import CREATE_TABLE, matches
from checks.spelling import principal_words, printable, words

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAMED = 3


def find(scene: Scene) -> Iterator[Hit]:
    """Yield each database in whose location other databases' tables lie, and in which somebody may create tables."""
    holders: dict[Database, list[Grant]] = defaultdict(list)
    policies = []
    for grant in scene.grants(on=(Database, TagPolicy), giving=(CREATE_TABLE,)):
        if grant.principal is None or grant.principal in scene.admins:
            continue
        if isinstance(grant.resource, Database):
            holders[grant.resource].append(grant)
        elif isinstance(grant.resource, TagPolicy):
            policies.append((scene.stage.view.expression(grant.resource), grant))
    for database, info in scene.lake.databases.items():
        if not info.location:
            continue
        tags = scene.tags(database)
        grants = holders.get(database, []) + [one for body, one in policies if body is not None and matches(body, tags)]
        if not grants:
            continue
        others = [table for table in scene.stage.below(info.location) if table.parent != database]
        if others:
            yield _hit(scene, info, grants, others)


def _hit(scene: Scene, info: DatabaseInfo, grants: list[Grant], others: list[Table]) -> Hit:
    people = sorted({one.principal for one in grants if one.principal is not None})
    hot = sum(len(scene.sensitive(table)) for table in others)
    table = min(others, key=lambda one: (not scene.sensitive(one), one.database, one.name))
    told = [principal_words(one, home=scene.home) for one in people]
    who = ", ".join(told[:_NAMED]) + (f" and {len(told) - _NAMED:,} more" if len(told) > _NAMED else "")
    many = any(map(is_many, people))
    at = info.evidence or grants[0].evidence
    return Hit(
        about(scene.lake, "database", None, info.id, at),
        f"{who} may create tables in {words(info.id)}, whose location {printable(info.location or '')} holds the files "
        f"of {len(others):,} other table{'' if len(others) == 1 else 's'}, such as {words(table)}",
        "tables may be created in the database over the files of other databases' tables",
        (at,) if at else (),
        witness=Witness(people[0], CREATE_TABLE, table.catalog, table.database, table.name, location=info.location),
        tables=len(others),
        sensitive=hot,
        severity=None if hot else Severity.MEDIUM,
        principals=None if many else len(people),
    )


_LAKE = LakeId("aws", "111122223333", "eu-west-1")
_SANDBOX, _HR = Database("111122223333", "sandbox"), Database("111122223333", "hr")
_STAFF = Table("111122223333", "hr", "staff")
_ROLE = Principal("arn:aws:iam::111122223333:role/analyst")


def _lake(location: str | None, given: str = "CREATE_TABLE", on: Database = _SANDBOX) -> Example:
    info = TableInfo(_STAFF, (Column("salary", "decimal(10,2)"),), location="arn:aws:s3:::lake/hr/staff")
    grant = Grant(_ROLE, on, frozenset({Permission(given)}))
    return Example(Lake(_LAKE, (grant,), {on: DatabaseInfo(on, location)}, {_STAFF: info}))


RULE = Rule(
    id="FL209",
    name="create-table-above",
    severity=Severity.HIGH,
    doc=__doc__ or "",
    find=find,
    reads=frozenset({Facts.GRANTS, Facts.DATABASES, Facts.TABLES, Facts.ASSIGNMENTS, Facts.EXPRESSIONS}),
    scope=Scope.STACK,
    flags=(
        _lake("arn:aws:s3:::lake"),
        _lake("arn:aws:s3:::lake/hr/staff"),
    ),
    passes=(
        _lake("arn:aws:s3:::lake/sandbox"),
        _lake("arn:aws:s3:::lake/hr/staff2"),
        _lake(None),
        _lake("arn:aws:s3:::lake", "DESCRIBE"),
        _lake("arn:aws:s3:::lake/hr", on=_HR),
    ),
)
