"""The ARN of what a finding is about, as other tools name it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checks.model import (
    AllTables,
    Catalog,
    ColumnRef,
    Database,
    DataCellsFilter,
    DataLocation,
    OptInRef,
    SettingRef,
    Table,
    TableColumns,
    TagRef,
)
from checks.spelling import printable, words

if TYPE_CHECKING:
    from checks.model import LakeId, Subject, SubjectResource


def arn(subject: Subject) -> str:
    """Return the subject's ARN: that of its table, database or location, else of its catalog with its name behind it.

    The forms are those of https://docs.aws.amazon.com/glue/latest/dg/glue-specifying-resource-arns.html.
    """
    return printable(_arn(subject.resource, subject.lake))


def _arn(resource: SubjectResource | ColumnRef, lake: LakeId) -> str:
    glue = f"arn:{lake.partition}:glue:{lake.region}:{lake.account}:"
    match resource:
        case Table(_, database, name):
            return f"{glue}table/{database}/{name}"
        case AllTables(_, database):
            return f"{glue}table/{database}/*"
        case TableColumns(table, _) | ColumnRef(table, _) | DataCellsFilter(table, _):
            return _arn(table, lake)
        case Database(_, name):
            return f"{glue}database/{name}"
        case SettingRef(_, Database() as database):
            return _arn(database, lake)
        case DataLocation(_, location):
            return location
        case Catalog() | SettingRef():
            return f"{glue}catalog"
        case TagRef(target, _):
            return _arn(target, lake)
        case OptInRef(inner):
            return _arn(inner, lake)
        case other:
            return f"{glue}catalog#{words(other)}"
