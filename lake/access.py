"""What a principal is given, as values: ``dataset.grant(principal, Select("orders", except_=["email"]))``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lake.permission import CatalogPermission, DatabasePermission, TablePermission, TagPermission


@dataclass(frozen=True, slots=True)
class Select:
    """Reading a table: the whole of it, only some columns, or all columns, also later ones, except some."""

    table: str
    columns: Sequence[str] | None = None
    except_: Sequence[str] | None = None
    grantable: bool = False


@dataclass(frozen=True, slots=True)
class OnTable:
    """Permissions on one table."""

    table: str
    permissions: Sequence[TablePermission]
    grantable: Sequence[TablePermission] = ()


@dataclass(frozen=True, slots=True)
class OnAllTables:
    """Permissions on every table of the dataset, now and later."""

    permissions: Sequence[TablePermission]
    grantable: Sequence[TablePermission] = ()


@dataclass(frozen=True, slots=True)
class OnDatabase:
    """Permissions on the dataset's database; they give nothing on its tables."""

    permissions: Sequence[DatabasePermission]
    grantable: Sequence[DatabasePermission] = ()


@dataclass(frozen=True, slots=True)
class OnTag:
    """Permissions on values of an LF-tag: who may see it, and who may put it on things."""

    key: str
    values: Sequence[str]
    permissions: Sequence[TagPermission]
    grantable: Sequence[TagPermission] = ()


@dataclass(frozen=True, slots=True)
class OnCatalog:
    """Permissions on the account's catalog."""

    permissions: Sequence[CatalogPermission]
    grantable: Sequence[CatalogPermission] = ()


DatasetAccess = Select | OnTable | OnAllTables | OnDatabase
GovernanceAccess = OnTag | OnCatalog
