"""Which permission fits which kind of resource.

The table of https://docs.aws.amazon.com/lake-formation/latest/dg/lf-permissions-reference.html, as literal types (so
that an editor and mypy know them) and again at run time (so that a preview does).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

from lake.mistake import Mistake, hint, quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

CatalogPermission = Literal["CREATE_DATABASE", "CREATE_CATALOG", "CREATE_LF_TAG", "CREATE_LF_TAG_EXPRESSION"]
DatabasePermission = Literal["ALL", "ALTER", "CREATE_TABLE", "DESCRIBE", "DROP"]
TablePermission = Literal["ALL", "ALTER", "DELETE", "DESCRIBE", "DROP", "INSERT", "SELECT"]
TagPermission = Literal["ALTER", "ASSOCIATE", "DESCRIBE", "DROP", "GRANT_WITH_LF_TAG_EXPRESSION"]
FilterPermission = Literal["DESCRIBE", "DROP", "SELECT"]

FITTING: dict[str, tuple[str, ...]] = {
    "a catalog": get_args(CatalogPermission),
    "a database": get_args(DatabasePermission),
    "a table": get_args(TablePermission),
    "some columns": ("SELECT",),
    "a data location": ("DATA_LOCATION_ACCESS",),
    "a row filter": get_args(FilterPermission),
    "an LF-tag": get_args(TagPermission),
}


def fitting(kind: str, permissions: Sequence[str], grantable: Sequence[str], where: str) -> None:
    """Raise a Mistake unless the permissions fit the kind of resource and the grantable ones are among them."""
    if isinstance(permissions, str) or isinstance(grantable, str):
        raise Mistake(f"{where}: permissions are a list, {quoted(permissions)} is text")
    if not permissions:
        raise Mistake(f"{where}: a grant without permissions grants nothing")
    for word in (*permissions, *grantable):
        if word in FITTING[kind]:
            continue
        elsewhere = [other for other, words in FITTING.items() if word in words]
        if elsewhere:
            raise Mistake(f"{where}: {quoted(word)} is a permission on {elsewhere[0]}, not on {kind}")
        raise Mistake(f"{where}: {quoted(word)} is no permission on {kind}{hint(word, FITTING[kind])}")
    for word in grantable:
        if word not in permissions:
            raise Mistake(f"{where}: {quoted(word)} can be passed on only by who holds it; add it to the permissions")
