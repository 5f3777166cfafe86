"""A few words for building lakes by hand: ``lake(grants=[give(ANALYST, "SELECT", columns("sales.orders", "id"))])``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from checks import normal
from checks.model import (
    ALL_ROWS,
    AllExcept,
    AllTables,
    Assignment,
    Catalog,
    Column,
    ColumnRef,
    Columns,
    Database,
    DatabaseInfo,
    DataCellsFilter,
    DataLocation,
    Evidence,
    ExpressionBody,
    FilterBody,
    Finding,
    Gap,
    Grant,
    Lake,
    LakeId,
    Location,
    Only,
    OptIn,
    Permission,
    Principal,
    Resource,
    ResourcePolicy,
    RLSAttachment,
    SavedExpression,
    Settings,
    Side,
    Table,
    TableColumns,
    TableInfo,
    TagInfo,
    TagPolicy,
    TagTarget,
    Where,
)

ACCOUNT = "111122223333"
HERE = LakeId("aws", ACCOUNT, "us-east-1")


def role(name: str, account: str = ACCOUNT) -> Principal:
    return Principal(f"arn:aws:iam::{account}:role/{name}")


ANALYST, MARKETING, ENGINEER = role("analyst"), role("marketing"), role("engineer")
ADMIN, AUDITOR = role("lake-admin"), role("lake-auditor")
EVERYBODY_HERE = Principal(f"{ACCOUNT}:IAMPrincipals")
STRANGERS = Principal("444455556666")


def table(name: str) -> Table:
    database, _, short = name.partition(".")
    return Table(ACCOUNT, database, short)


def database(name: str) -> Database:
    return Database(ACCOUNT, name)


def columns(name: str, *names: str) -> TableColumns:
    return TableColumns(table(name), Only(frozenset(names)))


def but(name: str, *names: str) -> Resource:
    return normal.table_columns(table(name), AllExcept(frozenset(names)))


def all_tables(name: str) -> AllTables:
    return AllTables(ACCOUNT, name)


def cells(name: str, short: str) -> DataCellsFilter:
    return DataCellsFilter(table(name), short)


def location(path: str) -> DataLocation:
    return DataLocation(ACCOUNT, f"arn:aws:s3:::{path}")


def tagged(kind: str = "TABLE", saved: str | None = None, **keys: str) -> TagPolicy:
    body = normal.expression((key, values.split()) for key, values in keys.items())
    return TagPolicy(ACCOUNT, kind, body, saved)


def give(who: Principal | None, names: str, on: Resource, lend: str = "", condition: str | None = None) -> list[Grant]:
    return list(normal.grant_rows(who, on, names.split(), lend.split(), condition))


def whole(name: str, names: str = "id email ssn", *, days: bool = True, place: str | None = None) -> TableInfo:
    info = table(name)
    keys = (Column("day", "string"),) if days else ()
    kinds = {"id": "bigint", "amount": "decimal(10,2)", "active": "boolean"}
    return TableInfo(info, tuple(Column(one, kinds.get(one, "string")) for one in names.split()), keys,
                     place or f"arn:aws:s3:::lake/{info.database}/{info.name}")  # fmt: skip


ORDERS, CLIENTS = whole("sales.orders"), whole("sales.clients", "id email phone")
NOTES = whole("hr.notes", "id body")


def lake(
    grants: Iterable[Iterable[Grant]] = (),
    tables: Iterable[TableInfo] = (ORDERS, CLIENTS, NOTES),
    databases: Iterable[DatabaseInfo] | None = None,
    tags: Mapping[TagTarget, Mapping[str, str]] | None = None,
    keys: Mapping[str, str] | None = None,
    filters: Mapping[DataCellsFilter, tuple[Columns, str | None]] | None = None,
    saved: Mapping[str, TagPolicy] | None = None,
    settings: Mapping[str, object] | None = None,
    locations: Iterable[Location] = (),
    optins: Iterable[OptIn] = (),
    policies: Iterable[str] = (),
    rls: Iterable[RLSAttachment] = (),
    gaps: Iterable[Gap] = (),
    side: Side = Side.LIVE,
) -> Lake:
    """Build a lake; its databases are those of its tables unless they are given."""
    tables = list(tables)
    if databases is None:
        databases = [DatabaseInfo(one) for one in dict.fromkeys(info.id.parent for info in tables)]
    tags = tags or {}
    every = {"sensitivity": "public internal confidential restricted", "domain": "sales hr"} if keys is None else keys
    return Lake(
        HERE,
        grants=tuple(one for some in grants for one in some),
        databases={one.id: one for one in databases},
        tables={one.id: one for one in tables},
        tags={key: TagInfo(key, frozenset(values.split())) for key, values in every.items()},
        assignments={
            target: {key: Assignment(target, key, value) for key, value in held.items()}
            for target, held in tags.items()
        },
        expressions={
            SavedExpression(ACCOUNT, name): ExpressionBody(SavedExpression(ACCOUNT, name), policy.expression)
            for name, policy in (saved or {}).items()
        },
        filters={
            one: FilterBody(one, shown, ALL_ROWS if text is None else Where(text))
            for one, (shown, text) in (filters or {}).items()
        },
        settings=() if settings is None else (given_settings(settings),),
        locations={one.arn: one for one in locations},
        optins=tuple(optins),
        policies=tuple(ResourcePolicy(text) for text in policies),
        rls=tuple(rls),
        gaps=tuple(gaps),
    )


def given_settings(members: Mapping[str, object]) -> Settings:
    spelt = []
    for name, value in members.items():
        spelt.append((name, frozenset(value) if isinstance(value, list | tuple | set) else value))
    absent = frozenset(normal.SETTINGS) - members.keys()
    return Settings(tuple(sorted(spelt)), absent, Evidence(Side.DECLARED, None, "/settings"))  # type: ignore[arg-type]


def column(name: str, short: str) -> ColumnRef:
    return ColumnRef(table(name), short)


def said(findings: Iterable[Finding]) -> list[str]:
    """Say findings in a word each, without the remark that nobody declares the settings."""
    return sorted(f"{one.verdict.value} {one.rule}" for one in findings if one.rule != "FL126")


CATALOG = Catalog(ACCOUNT)
ALL = Permission("ALL")
