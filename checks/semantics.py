"""What access means: the lattice of permissions, columns as sets, LF-tag expressions as sets of objects.

Each rule names the page it rests on. Nothing here knows two lakes: that is ``compare``.
"""

from __future__ import annotations

from collections.abc import Mapping

from checks.model import (
    AllExcept,
    AllTables,
    AnyResource,
    Catalog,
    Columns,
    Database,
    DataCellsFilter,
    DataLocation,
    Expression,
    Function,
    LFTag,
    Only,
    Permission,
    Principal,
    Resource,
    Table,
    TableColumns,
    TagPolicy,
)

ALL = Permission("ALL")
SELECT = Permission("SELECT")
INSERT = Permission("INSERT")
DELETE = Permission("DELETE")
ALTER = Permission("ALTER")
DROP = Permission("DROP")
DESCRIBE = Permission("DESCRIBE")
CREATE_TABLE = Permission("CREATE_TABLE")
CREATE_DATABASE = Permission("CREATE_DATABASE")
SUPER_USER = Permission("SUPER_USER")
ASSOCIATE = Permission("ASSOCIATE")
EXECUTE = Permission("EXECUTE")

PERMISSIONS = frozenset(map(Permission, (
    "ALL", "SELECT", "ALTER", "DROP", "DELETE", "INSERT", "DESCRIBE", "CREATE_DATABASE", "CREATE_TABLE",
    "DATA_LOCATION_ACCESS", "CREATE_LF_TAG", "ASSOCIATE", "GRANT_WITH_LF_TAG_EXPRESSION", "CREATE_LF_TAG_EXPRESSION",
    "CREATE_CATALOG", "SUPER_USER", "EXECUTE",
    # named in the guide, not in the API model (lake-formation dg, rls-policies-managing)
    "CREATE_RLS_POLICY", "MANAGE_TAG_POLICY",
)))  # fmt: skip
"""The permissions whose meaning is known here. What any other gives is unknown, whatever it is granted on."""

# ALL on a table or database stands for exactly these
# (https://docs.aws.amazon.com/lake-formation/latest/dg/lf-permissions-reference.html, "Super").
TABLE_MEMBERS = frozenset({SELECT, INSERT, DELETE, ALTER, DROP, DESCRIBE})
DATABASE_MEMBERS = frozenset({CREATE_TABLE, ALTER, DROP, DESCRIBE})
FUNCTION_MEMBERS = frozenset({EXECUTE, DESCRIBE, ALTER, DROP})
CATALOG_MEMBERS = frozenset({CREATE_DATABASE, DESCRIBE, ALTER, DROP})

# Both let their holder read the files below the table, past every column and row limit (same page, INSERT and DELETE).
RAW_READS = frozenset({INSERT, DELETE})
READS = frozenset({SELECT, INSERT, DELETE, ALL})

FUTURE = "*"
"""Stands for a column, table or tag value that does not exist yet; no real name can be ``*``."""


def members(resource: Resource) -> frozenset[Permission]:
    """Return what ALL stands for on this kind of resource; empty where ALL has no meaning of its own."""
    match resource:
        case Table() | AllTables() | TableColumns() | AnyResource() | DataCellsFilter():
            return TABLE_MEMBERS
        case TagPolicy(resource_type="TABLE"):
            return TABLE_MEMBERS
        case Database():
            return DATABASE_MEMBERS
        case TagPolicy(resource_type="DATABASE"):
            return DATABASE_MEMBERS
        case Function():
            return FUNCTION_MEMBERS
        case Catalog():
            return CATALOG_MEMBERS
        case _:
            return frozenset()


def expand(permissions: frozenset[Permission], resource: Resource) -> frozenset[Permission]:
    """Spell ALL out, so that ALL and its members are one thing (``ALL`` itself goes)."""
    if ALL not in permissions:
        return permissions
    spelt = members(resource)
    return (permissions - {ALL}) | spelt if spelt else permissions


def implied(permissions: frozenset[Permission]) -> frozenset[Permission]:
    """Add what follows on the same object: any permission implies DESCRIBE (same page, "DESCRIBE")."""
    return permissions | {DESCRIBE} if permissions else permissions


def columns_of(resource: Resource) -> Columns:
    """Return the columns a table-like resource speaks about."""
    return resource.columns if isinstance(resource, TableColumns) else AllExcept()


def minus(left: Columns, right: Columns) -> Columns:
    """Return what *left* shows that *right* does not; ``Only(frozenset())`` if it is no wider."""
    match left, right:
        case Only(a), Only(b):
            return Only(a - b)
        case Only(a), AllExcept(b):
            return Only(a & b)
        case AllExcept(a), Only(b):
            return AllExcept(a | b)
        case AllExcept(a), AllExcept(b):
            return Only(b - a)
    raise AssertionError  # the union is closed


def visible(columns: Columns, universe: frozenset[str], *, named: bool) -> frozenset[str]:
    """Spell columns out over a universe, with ``FUTURE`` for what may come.

    *named* keeps names outside the universe: a declaration that names a column means it, an AWS grant on a column
    that is gone gives nothing. A part of a column (``"customer"."address"``) is there if the column is; a column that
    is shown but for some parts has a name of its own, which says so (see ``shown_in``).
    """
    match columns:
        case Only(names):
            return names if named else frozenset(name for name in names if name in universe or holder(name) in universe)
        case AllExcept(names):
            parts = {name for name in names if holder(name) in universe} - universe
            whole = (universe - names) - {holder(name) for name in parts}
            cut: dict[str, list[str]] = {}
            for name in sorted(parts):
                if holder(name) not in names:
                    cut.setdefault(str(holder(name)), []).append(name)
            return whole | {f"{name}{_WITHOUT}{', '.join(inner)}" for name, inner in cut.items()} | {FUTURE}


_WITHOUT = " without "


def holder(name: str) -> str | None:
    """Return the top-level column of a nested path in double quotes, None for a plain name.

    Source: https://docs.aws.amazon.com/lake-formation/latest/dg/data-filters-about.html (nested columns).
    """
    if not name.startswith('"'):
        return None
    first = name[1:].split('"."', maxsplit=1)[0]
    return first.removesuffix('"').replace('""', '"').lower()


def shown_in(column: str, columns: frozenset[str]) -> bool:
    """Whether columns show one: itself, or what it is a part of."""
    if column in columns:
        return True
    if _WITHOUT in column:
        return column.split(_WITHOUT, maxsplit=1)[0] in columns
    above = holder(column)
    if above is None:
        return False
    steps = column.split('"."')
    return above in columns or any('"."'.join(steps[:n]) + '"' in columns for n in range(2, len(steps)))


def within(inner: str, outer: str) -> bool:
    """Whether a location lies at or below another: by path segment, so ``b/sales2`` is not below ``b/sales``.

    Source: https://docs.aws.amazon.com/lake-formation/latest/dg/access-control-underlying-data.html.
    """
    return inner == outer or inner.startswith(outer + "/")


def catalog_within(inner: str, outer: str) -> bool:
    """Whether a catalog is another or lies inside it; all catalogs of an account lie in its root, whose id it bears.

    Source: https://docs.aws.amazon.com/glue/latest/webapi/API_Catalog.html (``CatalogId``: ``111122223333:shop/eu``).
    """
    return inner == outer or inner.startswith((f"{outer}/", f"{outer}:"))


# ------------------------------------------------------------------------------------------------- LF-tag expressions
def matches(expression: Expression, tags: Mapping[str, str]) -> bool:
    """Whether an object with these effective tags is meant; an object without the key never matches.

    AND over keys, OR over values, ``*`` is any value
    (https://docs.aws.amazon.com/lake-formation/latest/dg/tag-based-access-control.html).
    """
    return all(
        (value := tags.get(key)) is not None and (value in values or "*" in values) for key, values in expression
    )


def _values_within(inner: frozenset[str], outer: frozenset[str]) -> bool:
    return "*" in outer or inner <= outer


# -------------------------------------------------------------------------------------------------- where things are
def subject_of(resource: Resource) -> Resource:
    """Return the resource a verdict is about: a table, whichever of its columns a grant names."""
    return resource.table if isinstance(resource, TableColumns) else resource


def location_of(resource: Resource) -> str | None:
    """Return the S3 location that a grant speaks about, if it is one on a location."""
    return resource.arn if isinstance(resource, DataLocation) else None


def database_of(resource: Resource) -> Database | None:
    """Return the database in which a resource lies, None for what lies in none."""
    match resource:
        case Database():
            return resource
        case Table() | AllTables():
            return resource.parent
        case TableColumns() | DataCellsFilter():
            return resource.table.parent
        case Function():
            return Database(resource.catalog, resource.database)
        case _:
            return None


def table_of(resource: Resource) -> Table | None:
    """Return the one table that a resource is or belongs to."""
    match resource:
        case Table():
            return resource
        case TableColumns() | DataCellsFilter():
            return resource.table
        case _:
            return None


def tag_within(inner: LFTag, outer: LFTag) -> bool:
    """Whether *outer* speaks about all values that *inner* does."""
    return inner.catalog == outer.catalog and inner.key == outer.key and _values_within(inner.values, outer.values)


def function_name(resource: Function, who: Principal) -> str | None:
    """Return the name of a principal that is a function which *resource* names, or all of a database; else None.

    Source: botocore's model of Lake Formation, ``Resource.AnyResource`` and ``GetGlueFunctionSessionContext``.
    """
    place, _, name = who.partition(f":userDefinedFunction/{resource.database}/")
    here = place.startswith("arn:") and f":{resource.catalog}" in f"{place}:"
    return name if here and name and resource.name in ("*", name.lower()) else None
