"""Default permissions are left open: databases or tables that are made later are open to everyone.

Why: fresh accounts give ``IAM_ALLOWED_PRINCIPALS`` everything on each new database and table. A declared lake stays
closed only until the next crawler, job or person makes a table, because the default is applied when it is made.

Fix: set ``createDatabaseDefaultPermissions`` and ``createTableDefaultPermissions`` of the data lake settings to empty
lists, and ``createTableDefaultPermissions`` of each database too: a database keeps its own default.

Source: https://docs.aws.amazon.com/lake-formation/latest/dg/change-settings.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from checks.model import (
    EVERYONE,
    Database,
    DatabaseInfo,
    Facts,
    Lake,
    LakeId,
    Permission,
    Principal,
    SettingRef,
    Settings,
    Severity,
)
from checks.normal import principal as canonical
from checks.rules import Example, Hit, Rule, Scene, Scope, about, hidden
from checks.spelling import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from checks.model import Evidence

_DATABASES, _TABLES = "CreateDatabaseDefaultPermissions", "CreateTableDefaultPermissions"


def find(scene: Scene) -> Iterator[Hit]:
    """Yield each default of the lake's settings that grants anything, and each database's that grants to everyone."""
    lake = scene.lake
    for settings in lake.settings:
        members = dict(settings.members)
        for name, what in ((_DATABASES, "database"), (_TABLES, "table")):
            if members.get(name):
                yield _hit(lake, SettingRef(name), settings.evidence, f"every new {what} is opened by default")
            elif name not in members and name not in settings.absent:
                yield _hidden(lake, SettingRef(name), settings.evidence)
    for database, info in lake.databases.items():
        setting = SettingRef(_TABLES, database)
        if any(canonical(principal) == EVERYONE for principal, _ in info.table_defaults or ()):
            said = f"every new table of database {printable(database.name)} is open to everyone whom IAM allows"
            yield _hit(lake, setting, info.evidence, said)
        elif "table_defaults" in info.hidden:
            yield _hidden(lake, setting, info.evidence)


def _hidden(lake: Lake, setting: SettingRef, at: Evidence | None) -> Hit:
    member = setting.name[:1].lower() + setting.name[1:]
    return hidden(about(lake, "setting", None, setting, at), member, at)


def _hit(lake: Lake, setting: SettingRef, at: Evidence | None, message: str) -> Hit:
    subject = about(lake, "setting", None, setting, at)
    plain = f"`{setting.name}` is not empty: what is made later is open"
    return Hit(subject, message, plain, (at,) if at else (), principals=None)


_LAKE = LakeId("aws", "111122223333", "eu-west-1")
_HR = Database("111122223333", "hr")


def _settings(name: str, *texts: str) -> Example:
    absent = frozenset({_DATABASES, _TABLES, "DataLakeAdmins"}) - {name}
    return Example(Lake(_LAKE, settings=(Settings(((name, frozenset(texts)),), absent),)))


def _database(*principals: str) -> Example:
    entries = frozenset((Principal(one), frozenset({Permission("ALL")})) for one in principals)
    return Example(Lake(_LAKE, databases={_HR: DatabaseInfo(_HR, table_defaults=entries)}))


RULE = Rule(
    id="FL202",
    name="default-permissions-open",
    severity=Severity.HIGH,
    doc=__doc__ or "",
    find=find,
    reads=frozenset({Facts.SETTINGS, Facts.DATABASES}),
    scope=Scope.RESOURCE,
    flags=(
        _settings(_DATABASES, "IAM_ALLOWED_PRINCIPALS: ALL"),
        _settings(_TABLES, "IAM_ALLOWED_PRINCIPALS: ALL"),
        _database("IAM_ALLOWED_PRINCIPALS"),
        _database("arn:aws:iam::111122223333:role/etl", "IAMAllowedPrincipals"),
    ),
    passes=(
        _settings(_DATABASES),
        _settings(_TABLES),
        _settings("DataLakeAdmins", "arn:aws:iam::111122223333:role/lake-admin"),
        _database(),
        _database("arn:aws:iam::111122223333:role/etl"),
        Example(Lake(_LAKE, databases={_HR: DatabaseInfo(_HR)})),
    ),
)
