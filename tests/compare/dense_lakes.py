"""Lakes in which a dozen principals hold grants of every kind, at random but always the same ones.

Each holds some of ``OFFERS``: with the grant option on all of it, on a part or on nothing, under a condition or under
none, alone or beside a group that contains it. ``MOVES`` are single facts that may move, ``EDITS`` what else may differ.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import replace

from random_lakes import SALES_OR_HR, SALES_PEOPLE
from small_lakes import (
    ACCOUNT,
    ADMIN,
    ANALYST,
    CATALOG,
    EVERYBODY_HERE,
    MARKETING,
    STRANGERS,
    all_tables,
    but,
    cells,
    column,
    columns,
    database,
    give,
    lake,
    location,
    role,
    table,
    tagged,
    whole,
)
from test_compare_grid import body, retag, saved, shape

from checks.model import (
    EVERYONE,
    AllExcept,
    AllTables,
    AnyResource,
    Database,
    Facts,
    Function,
    Gap,
    Grant,
    Lake,
    LFTag,
    Location,
    Only,
    OptIn,
    Permission,
    Principal,
    Resource,
    Side,
    Table,
    TableInfo,
    TagPolicy,
    TagTarget,
)

Move = Callable[[Lake], Lake]
ORDERS, CLIENTS = "sales.orders", "sales.clients"
INTERNAL = {"sensitivity": "internal"}
SHOP = f"{ACCOUNT}/shop"
ITEMS = Table(SHOP, "web", "items")
OFFERS: dict[str, tuple[str, Resource]] = {
    "tag": ("SELECT DESCRIBE", tagged(domain="sales")),
    "tag writes": ("SELECT ALTER INSERT", tagged(domain="sales")),
    "tags": ("SELECT", tagged(domain="sales hr", sensitivity="internal restricted")),
    "tags alter": ("ALTER DROP", tagged(sensitivity="internal")),
    "any": ("SELECT DELETE", tagged(domain="*")),
    "saved": ("SELECT", tagged(saved="ours")),
    "saved all": ("ALL", tagged(saved="ours")),
    "describes": ("DESCRIBE", tagged(sensitivity="restricted internal")),
    "all": ("SELECT ALTER", all_tables("sales")),
    "table": ("SELECT DESCRIBE", table(ORDERS)),
    "few": ("SELECT", columns(ORDERS, "id", "email")),
    "but": ("SELECT", but(ORDERS, "ssn")),
    "rows": ("SELECT", cells(ORDERS, "rows")),
    "part": ("SELECT", cells(ORDERS, "part")),
    "pay": ("SELECT", columns("hr.pay", "id")),
    "on databases": ("ALTER CREATE_TABLE", tagged("DATABASE", domain="sales")),
    "on saved databases": ("DROP DESCRIBE", tagged("DATABASE", saved="ours")),
}
"""What is granted where the specification must follow."""
MORE: dict[str, tuple[str, Resource]] = {
    "odd": ("SELECT", cells(ORDERS, "odd")),
    "gone": ("SELECT", cells(CLIENTS, "gone")),
    "lost": ("SELECT", tagged(saved="lost")),
    "lost too": ("SELECT ALTER", tagged(saved="lost too")),
    "lost databases": ("ALTER", tagged("DATABASE", saved="lost")),
    "later": ("SELECT", columns(CLIENTS, "id", "later")),
    "nested": ("SELECT", columns(CLIENTS, '"address"."city"', "id")),
    "not nested": ("SELECT", but(CLIENTS, '"address"."city"')),
    "clients": ("ALL SELECT", table(CLIENTS)),
    "clients in part": ("SELECT DELETE ALTER", table(CLIENTS)),
    "nowhere": ("SELECT", table("sales.nowhere")),
    "every": ("SELECT DESCRIBE", AnyResource(ACCOUNT, "TABLE")),
    "super": ("SUPER_USER", CATALOG),
    "catalog": ("CREATE_DATABASE DESCRIBE", CATALOG),
    "database": ("CREATE_TABLE DESCRIBE", database("sales")),
    "database all": ("ALL", database("hr")),
    "place": ("DATA_LOCATION_ACCESS", location("lake/sales")),
    "places": ("DATA_LOCATION_ACCESS", location("lake")),
    "key": ("ASSOCIATE DESCRIBE", LFTag(ACCOUNT, "domain", frozenset({"sales"}))),
    "keys": ("ASSOCIATE", LFTag(ACCOUNT, "domain", frozenset({"*"}))),
    "function": ("EXECUTE", Function(ACCOUNT, "sales", "mask")),
    "functions": ("EXECUTE DROP", Function(ACCOUNT, "sales", "*")),
    "items": ("SELECT", ITEMS),
    "shop": ("SELECT INSERT", AllTables(SHOP, "web")),
    "shop by tag": ("SELECT", TagPolicy(SHOP, "TABLE", tagged(domain="sales").expression)),
    "web": ("CREATE_TABLE ALTER", Database(SHOP, "web")),
    "unheard": ("SELECT FLY", table(ORDERS)),
    "hr": ("SELECT", all_tables("hr")),
}
"""What else is."""
MOVES: dict[str, Move] = {
    "a table's tag is another": retag(table(CLIENTS), domain="hr"),
    "a table's tag opens it": retag(table("hr.pay"), domain="sales", sensitivity="confidential"),
    "a table's tags are worse": retag(table(ORDERS), sensitivity="confidential"),
    "a database's tag is another": retag(database("sales"), domain="hr", **INTERNAL),
    "a database's tag opens it": retag(database("hr"), domain="hr", **INTERNAL),
    "a column's tag goes": retag(column(ORDERS, "ssn")),
    "a column's tag is another": retag(column(ORDERS, "ssn"), sensitivity="internal"),
    "a column takes a tag": retag(column(ORDERS, "email"), sensitivity="public"),
    "a column takes back a tag": retag(column(CLIENTS, "ssn")),
    "a partition key takes a tag": retag(column(ORDERS, "day"), domain="hr"),
    "an expression is wider": saved(domain="sales"),
    "an expression is narrower": saved(domain="sales", sensitivity="public"),
    "an expression is another": saved(domain="hr"),
    "a filter shows every row": body("rows", ""),
    "a filter shows other rows": body("rows", "id > 3"),
    "a filter shows more columns": body("part", shown=Only(frozenset({"id", "email", "ssn"}))),
    "a filter shows other columns and rows": body("part", "email = 'b'", Only(frozenset({"ssn"}))),
    "a column came": shape(ORDERS, "id email ssn new"),
}


def base(grants: Iterable[list[Grant]], *tables: TableInfo) -> Lake:
    """Build the lake on which ``OFFERS`` are granted; *tables* come beside its own."""
    return lake(
        grants,
        [whole(ORDERS), whole(CLIENTS, "id email phone ssn address"), whole("hr.notes", "id body"),
         whole("hr.pay", "id ssn", days=False), *tables],
        tags={
            database("sales"): {"domain": "sales", **INTERNAL},
            database("hr"): {"domain": "hr", "sensitivity": "restricted"},
            column(ORDERS, "ssn"): {"sensitivity": "restricted"},
            column(CLIENTS, "ssn"): {"domain": "hr"},
            table("hr.pay"): {"sensitivity": "confidential"},
        },
        saved={"ours": tagged(domain="sales", sensitivity="internal")},
        filters={
            cells(ORDERS, "rows"): (AllExcept(), "id > 1"),
            cells(ORDERS, "part"): (Only(frozenset({"id", "email"})), "email = 'a'"),
        },
    )  # fmt: skip


def offer(
    who: Principal, named: tuple[str, Resource], chance: random.Random, condition: str | None = None
) -> list[Grant]:
    """Grant it, now and then so that some of it may be passed on."""
    names, on = named
    lend = "" if condition else chance.choice(("", names, names.split()[0], names.split()[-1]))
    return give(who, names, on, lend, condition)


def held(seed: int, *groups: Principal) -> list[list[Grant]]:
    """Grant every offer to a principal of its own, to every other one another beside it, and some to groups."""
    chance, found = random.Random(seed), []
    for number, name in enumerate(OFFERS):
        who = role(f"r{number}")
        found += [offer(who, OFFERS[one], chance) for one in (name, *chance.sample(list(OFFERS), number % 2))]
    for group in groups:
        for one in chance.sample(list(OFFERS), 3):
            found.append(offer(group, OFFERS[one], chance, chance.choice((None, SALES_PEOPLE, SALES_OR_HR))))
    return found


# ------------------------------------------------------------------------------------------------- anything at once
PEOPLE = (*(role(f"r{number}") for number in range(7)), ANALYST, MARKETING, EVERYBODY_HERE, STRANGERS, EVERYONE)
OTHER_MOVES: tuple[Move, ...] = (
    body("odd", "lower(email) = 'a'"),
    body("odd", "id > 2", AllExcept()),
    retag(database("sales")),
    retag(database("sales"), domain="sales", sensitivity="public"),
    retag(column(ORDERS, "ssn"), domain="hr"),
    retag(CATALOG, sensitivity="internal", domain="hr"),
    retag(Database(SHOP, "web"), domain="hr"),
    retag(ITEMS, domain="hr"),
    shape(ORDERS, "id email social"),
    shape(CLIENTS, "id email phone ssn"),
    shape("sales.fresh", "id email"),
    lambda one: replace(one, tables={key: info for key, info in one.tables.items() if key != table("hr.notes")}),
    lambda one: replace(one, filters={key: kept for key, kept in one.filters.items() if key.name != "part"}),
    lambda one: replace(one, expressions={}),
    lambda one: replace(one, locations={}),
    lambda one: replace(one, optins=(OptIn(ANALYST, table(ORDERS)),)),
    lambda one: replace(one, tags={key: info for key, info in one.tags.items() if key != "domain"}),
    lambda one: replace(one, databases={key: replace(info, table_defaults=frozenset({(EVERYONE, frozenset({Permission("ALL")}))}))
                                        for key, info in one.databases.items()}),
)  # fmt: skip
MORE_TAGS: dict[TagTarget, dict[str, str]] = {
    Database(SHOP, "web"): {"domain": "sales"}, column("sales.twin", "ssn"): {"sensitivity": "restricted"},
    column("sales.other", "ssn"): {"domain": "hr"},
}  # fmt: skip
DARK = (Facts.GRANTS, Facts.ASSIGNMENTS, Facts.FILTERS, Facts.EXPRESSIONS, Facts.TABLES, Facts.DATABASES, Facts.TAGS,
        Facts.OPTINS, Facts.LOCATIONS)  # fmt: skip


def pair(seed: int) -> tuple[Lake, Lake]:
    """Return a declared lake and a live one in which some grants and some facts differ."""
    chance = random.Random(seed)
    every = list((OFFERS | MORE).values())
    people = chance.sample(PEOPLE, 6)
    rows = [
        offer(who, named, chance, chance.choice((None, None, None, SALES_PEOPLE, SALES_OR_HR)))
        for who in people
        for named in chance.sample(every, chance.randint(1, 4))
    ]
    items = TableInfo(ITEMS, whole("web.items", "id name").columns, (), "s3://shop/web/items")
    declared = base(rows, items, whole("sales.twin"), whole("sales.other"))
    odd = lake(filters={cells(ORDERS, "odd"): (AllExcept(frozenset({"ssn"})), "upper(email) = 'A'")}).filters
    declared = replace(
        declared,
        filters={**declared.filters, **odd},
        assignments={**declared.assignments, **lake(tags=MORE_TAGS).assignments},
        locations={one.arn: one for one in [Location("arn:aws:s3:::lake", hybrid=chance.random() < 0.3)]},
    )
    live = _read_again(declared) if chance.random() < 0.5 else declared
    moves = (*MOVES.values(), *OTHER_MOVES)
    for number in sorted(chance.sample(range(len(moves)), chance.choice((0, 1, 1, 2, 2, 3)))):
        live = moves[number](live)
    live = replace(live, grants=tuple(_regranted(rows, people, every, chance)))
    if chance.random() < 0.2:
        declared = _silent(declared)
    if chance.random() < 0.2:
        gap = Gap(
            Side.LIVE, "lakeformation:Get", "denied", chance.choice(DARK), chance.choice((None, None, table(ORDERS)))
        )
        live = replace(live, gaps=(gap,))
    return (live, declared) if not live.gaps and chance.random() < 0.3 else (declared, live)


def _read_again(one: Lake) -> Lake:
    """Make every fact anew, as a reading does: it says the same."""
    return replace(
        one,
        tables={key: replace(info, columns=None if info.columns is None else tuple(map(replace, info.columns)))
                for key, info in one.tables.items()},
        filters={key: replace(info) for key, info in one.filters.items()},
        expressions={key: replace(info) for key, info in one.expressions.items()},
        assignments={key: {name: replace(held) for name, held in info.items()} for key, info in one.assignments.items()},
    )  # fmt: skip


def _regranted(
    rows: list[list[Grant]], people: list[Principal], every: list[tuple[str, Resource]], chance: random.Random
) -> Iterable[Grant]:
    """Take some grants away, lend or borrow others, and grant some more."""
    for row in rows:
        what = chance.random()
        if what < 0.06:
            continue
        for one in row:
            yield (
                replace(one, grantable=one.permissions - one.grantable if not one.condition else one.grantable)
                if what < 0.12
                else one
            )
    for _ in range(chance.choice((0, 0, 1, 2, 3))):
        yield from offer(
            chance.choice((*people, ADMIN)), chance.choice(every), chance, chance.choice((None, None, SALES_PEOPLE))
        )


def _silent(declared: Lake) -> Lake:
    """Leave a database to stacks that nobody gave."""
    return replace(
        declared,
        databases={key: one for key, one in declared.databases.items() if key.name != "hr"},
        tables={key: one for key, one in declared.tables.items() if key.database != "hr"},
        assignments={key: one for key, one in declared.assignments.items() if "hr" not in (getattr(key, "name", ""), getattr(key, "database", ""))},
    )  # fmt: skip
