"""Every kind of grant beside every other: declared and live, held together while facts move, for members and groups.

Each cell of a grid is a principal of its own, so that one comparison holds a whole grid. What is told of ``GRID`` is
held word for word (``test_compare_told.py``); here the grids are held to what must be true of each cell.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from small_lakes import (
    ACCOUNT,
    ANALYST,
    CATALOG,
    EVERYBODY_HERE,
    NOTES,
    ORDERS,
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

from checks.compare import compare
from checks.model import (
    ALL_ROWS,
    EVERYONE,
    AllExcept,
    AnyResource,
    FilterBody,
    Function,
    Grant,
    Lake,
    LFTag,
    Only,
    Principal,
    Resource,
    Where,
)

Pair = tuple[str, Lake, Lake]
SALES, HR = database("sales"), database("hr")
CLIENTS = whole("sales.clients", "id email phone ssn")
SHOWS: dict[str, Resource] = {
    "table": table("sales.orders"),
    "sibling": table("sales.clients"),
    "all": all_tables("sales"),
    "few": columns("sales.orders", "id", "email"),
    "ssn": columns("sales.orders", "ssn", "day"),
    "but": but("sales.orders", "ssn"),
    "rows": cells("sales.orders", "rows"),
    "part": cells("sales.orders", "part"),
    "odd": cells("sales.orders", "odd"),
    "tag": tagged(domain="sales"),
    "tags": tagged(domain="sales hr", sensitivity="internal restricted"),
    "any": tagged(domain="*"),
    "saved": tagged(saved="ours"),
    "lost": tagged(saved="lost"),
    "every": AnyResource(ACCOUNT, "TABLE"),
}
"""What SELECT may be granted on."""
HOLDS: dict[str, tuple[str, Resource]] = {
    "super": ("SUPER_USER", CATALOG),
    "catalog": ("CREATE_DATABASE DESCRIBE", CATALOG),
    "database": ("CREATE_TABLE DESCRIBE", SALES),
    "database all": ("ALL", SALES),
    "databases": ("CREATE_TABLE ALTER", tagged("DATABASE", domain="sales")),
    "saved databases": ("ALTER DROP", tagged("DATABASE", saved="ours")),
    "table all": ("ALL SELECT", table("sales.orders")),
    "table some": ("SELECT ALTER INSERT", table("sales.orders")),
    "table describe": ("DESCRIBE", table("sales.orders")),
    "tables all": ("ALL SELECT", all_tables("sales")),
    "tag some": ("ALTER DESCRIBE SELECT", tagged(domain="sales")),
    "tag describe": ("DESCRIBE", tagged(domain="sales hr")),
    "place": ("DATA_LOCATION_ACCESS", location("lake/sales")),
    "places": ("DATA_LOCATION_ACCESS", location("lake")),
    "key": ("ASSOCIATE DESCRIBE", LFTag(ACCOUNT, "domain", frozenset({"sales"}))),
    "keys": ("ASSOCIATE", LFTag(ACCOUNT, "domain", frozenset({"*"}))),
    "function": ("EXECUTE", Function(ACCOUNT, "sales", "mask")),
    "functions": ("EXECUTE DROP", Function(ACCOUNT, "sales", "*")),
    **{name: ("SELECT", on) for name, on in SHOWS.items() if name in ("few", "rows", "tags")},
}
"""What else may be held."""
SELECTS = {name: ("SELECT", on) for name, on in SHOWS.items()}
Held = dict[str, tuple[str, Resource]]


def facts(grants: list[list[Grant]]) -> Lake:
    orders, odd = "sales.orders", cells("sales.orders", "odd")
    return lake(
        grants,
        [ORDERS, CLIENTS, NOTES, whole("hr.pay", "id ssn")],
        tags={
            SALES: {"domain": "sales", "sensitivity": "internal"},
            HR: {"domain": "hr", "sensitivity": "restricted"},
            column(orders, "ssn"): {"sensitivity": "restricted"},
            column("sales.clients", "ssn"): {"domain": "hr"},
            table("hr.pay"): {"sensitivity": "confidential"},
        },
        saved={"ours": tagged(domain="sales", sensitivity="internal")},
        filters={
            cells(orders, "rows"): (AllExcept(), "id < 5"),
            cells(orders, "part"): (Only(frozenset({"id", "email"})), "email = 'a'"),
            odd: (AllExcept(frozenset({"ssn"})), "upper(email) = 'A'"),
        },
    )


def who(*names: str) -> Principal:
    return role("-".join(names).replace(" ", "_"))


def grid(name: str, told: Held, now: Held, lend: tuple[str, str] = ("", ""), group: Principal | None = None) -> Pair:
    """Declare one grant of each principal, or of its group, and give it another."""
    before, after = [], []
    for one, (names, on) in told.items():
        for other, (others, where) in now.items():
            before.append(give(group or who(one, other), names, on, names if lend[0] else ""))
            after.append(give(who(one, other), others, where, others if lend[1] else ""))
            after.append(before[-1] if group else [])
    return name, facts(before), facts(after)


def added(name: str, held: Held, more: Held) -> Pair:
    """Give each principal another grant beside its own."""
    rows = [(who(one, other), *held[one], *more[other]) for one in held for other in more]
    before = [give(one, names, on) for one, names, on, _, _ in rows]
    return name, facts(before), facts([*before, *(give(one, names, on) for one, _, _, names, on in rows)])


def together(held: Held, *groups: Principal) -> list[list[Grant]]:
    """Give every pair of grants to a principal of its own, and some of them to groups."""
    rows = [
        give(who(one, other), *held[name])
        for one in held
        for other in held
        if one <= other
        for name in sorted({one, other})
    ]
    return [*rows, *(give(group, *held[name]) for group, name in zip(groups, held, strict=False))]


def retag(target: Any, **tags: str) -> Callable[[Lake], Lake]:
    def move(one: Lake) -> Lake:
        assigned = lake(tags={target: tags}).assignments.get(target, {})
        return replace(one, assignments={**{k: v for k, v in one.assignments.items() if k != target}, target: assigned})

    return move


def body(short: str, text: str | None = None, shown: Any = None) -> Callable[[Lake], Lake]:
    def move(one: Lake) -> Lake:
        target = cells("sales.orders", short)
        was = one.filters[target]
        rows = was.rows if text is None else Where(text) if text else ALL_ROWS
        return replace(one, filters={**one.filters, target: FilterBody(target, shown or was.columns, rows)})

    return move


def saved(**keys: str) -> Callable[[Lake], Lake]:
    return lambda one: replace(one, expressions=lake(saved={"ours": tagged(**keys)}).expressions)


def shape(name: str, names: str) -> Callable[[Lake], Lake]:
    def move(one: Lake) -> Lake:
        made = whole(name, names)
        return replace(one, tables={**one.tables, made.id: made})

    return move


def two(*moves: Callable[[Lake], Lake]) -> Callable[[Lake], Lake]:
    def move(one: Lake) -> Lake:
        for each in moves:
            one = each(one)
        return one

    return move


INTERNAL = {"sensitivity": "internal"}
MOVES: dict[str, Callable[[Lake], Lake]] = {
    "a table's tag is another": retag(table("sales.clients"), domain="hr"),
    "a table's tag goes": retag(table("hr.pay")),
    "a table takes all tags": retag(table("hr.notes"), domain="sales", **INTERNAL),
    "a table's tags are worse": retag(table("sales.orders"), sensitivity="confidential"),
    "a database's tag is another": retag(SALES, domain="hr", **INTERNAL),
    "a database's tag opens it": retag(HR, domain="sales", **INTERNAL),
    "a database's tags go": retag(SALES),
    "a column's tag goes": retag(column("sales.orders", "ssn")),
    "a column's tag is another": retag(column("sales.orders", "ssn"), domain="hr"),
    "a column takes a tag": retag(column("sales.orders", "email"), sensitivity="public"),
    "a column takes back a tag": retag(column("sales.clients", "ssn"), domain="sales"),
    "the catalog takes a tag": retag(CATALOG, sensitivity="internal", domain="hr"),
    "an expression is wider": saved(domain="sales"),
    "an expression is narrower": saved(domain="sales", sensitivity="public"),
    "an expression is another": saved(domain="hr"),
    "an expression means more tomorrow": saved(domain="sales", sensitivity="internal public"),
    "a filter shows every row": body("rows", ""),
    "a filter shows more rows": body("rows", "id < 9"),
    "a filter shows other rows": body("rows", "id > 3"),
    "a filter shows fewer rows": body("part", "email = 'a' and id = 1"),
    "a filter says it otherwise": body("rows", "not (id >= 5)"),
    "a filter cannot be ordered": body("odd", "lower(email) = 'a'"),
    "a filter shows more columns": body("part", shown=Only(frozenset({"id", "email", "ssn"}))),
    "a filter shows columns to come": body("part", shown=AllExcept(frozenset({"ssn"}))),
    "a filter shows fewer columns": body("odd", shown=Only(frozenset({"id"}))),
    "a filter shows other columns and rows": body("part", "email = 'b'", Only(frozenset({"ssn"}))),
    "a column came": shape("sales.orders", "id email ssn card"),
    "a column is called otherwise": shape("sales.orders", "id email social"),
    "a table came": shape("sales.fresh", "id email"),
    "a table of another database came": shape("hr.fresh", "id"),
    "two tags": two(retag(HR, domain="sales", **INTERNAL), retag(column("sales.orders", "ssn"))),
    "a tag and an expression": two(retag(table("hr.pay"), domain="sales"), saved(domain="sales")),
    "a tag on the way in, an expression on the way out": two(retag(HR, domain="sales", **INTERNAL), saved(domain="hr")),
    "a filter and a column": two(body("rows", ""), shape("sales.orders", "id email ssn card")),
    "two filters": two(body("rows", "id < 9"), body("part", "")),
    "a table and a tag": two(shape("sales.fresh", "id"), retag(table("sales.fresh"), sensitivity="restricted")),
}
HELD: dict[str, list[list[Grant]]] = {
    "members": together({name: one for name, one in (SELECTS | HOLDS).items() if name in (
        "few", "but", "rows", "part", "odd", "tag", "tags", "saved", "tag some", "databases", "saved databases")}),
    "groups": together({"saved": SELECTS["saved"], "tag": SELECTS["tag"], "rows": SELECTS["rows"], "few": SELECTS["few"]}, EVERYBODY_HERE, EVERYBODY_HERE, EVERYBODY_HERE),
    "everyone": [*together({"tags": SELECTS["tags"], "part": SELECTS["part"]}), *(give(EVERYONE, *SELECTS[name]) for name in ("tags", "part"))],
    "one": [give(ANALYST, *SELECTS[name]) for name in ("rows", "tag", "saved")],
}  # fmt: skip


def while_moving(name: str, grants: list[list[Grant]], move: Callable[[Lake], Lake]) -> list[Pair]:
    before = facts(grants)
    after = move(before)
    return [(name, before, after), (f"{name}, and back", after, before)]


def meanwhile(name: str, move: Callable[[Lake], Lake]) -> Pair:
    """Let grants come and go while a fact moves."""
    before = together({name: SELECTS[name] for name in ("few", "rows", "tag", "saved")})
    after = together({name: SELECTS[name] for name in ("few", "part", "tags", "saved")})
    return name, facts(before), move(facts(after))


GRID: list[Pair] = [
    grid("SELECT for SELECT", SELECTS, SELECTS),
    grid("SELECT with the grant option for SELECT", SELECTS, SELECTS, ("", "lent")),
    grid("SELECT for SELECT with the grant option", SELECTS, SELECTS, ("lent", "")),
    grid("anything for anything", HOLDS, HOLDS),
    grid("anything with the grant option for anything with it", HOLDS, HOLDS, ("lent", "lent")),
    added("SELECT beside SELECT", SELECTS, SELECTS),
    added("anything beside anything", HOLDS, HOLDS),
    *(grid(f"SELECT beside the account's on {name}", {name: SELECTS[name]}, SELECTS, group=EVERYBODY_HERE) for name in ("table", "few", "rows", "tag", "all", "tags")),
    *(grid(f"anything beside everyone's on {name}", {name: HOLDS[name]}, HOLDS, group=EVERYONE) for name in ("database", "table some", "tag some", "databases")),
]  # fmt: skip
"""Name, declared, live."""
MOVED: list[Pair] = [
    *(pair for name, move in MOVES.items() for held, grants in HELD.items() for pair in while_moving(f"{name} ({held})", grants, move)),
    *(meanwhile(f"{name} while grants come and go", move) for name, move in MOVES.items()),
]  # fmt: skip


@pytest.mark.parametrize(("name", "declared", "live"), GRID[:7], ids=[one[0] for one in GRID[:7]])
def test_a_cell_whose_grant_stays_is_silent(name: str, declared: Lake, live: Lake) -> None:
    same = {one.principal for one in live.grants} - {one.principal for one in {*live.grants} - {*declared.grants}}
    assert not [one.message for one in compare(declared, live).findings if one.subject.principal in same]


@pytest.mark.parametrize("held", HELD)
def test_what_does_not_move_is_silent(held: str) -> None:
    one = facts(HELD[held])
    assert not [found.message for found in compare(one, one).findings if found.rule not in {"FL126", "FL151"}]
