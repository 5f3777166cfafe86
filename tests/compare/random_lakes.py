"""Random small lakes: two databases, four tables, two tag keys, a handful of principals; most edits are small."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

from hypothesis import strategies as st
from small_lakes import (
    ACCOUNT,
    ANALYST,
    CATALOG,
    EVERYBODY_HERE,
    HERE,
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
    table,
    tagged,
    whole,
)

from checks.model import (
    EVERYONE,
    AllExcept,
    AnyResource,
    Grant,
    Lake,
    Only,
    Resource,
    TableInfo,
    TagPolicy,
    TagTarget,
)
from checks.predicates import replay, rowfilter
from checks.specification import Row, Universe

NAMES = ("s.a", "s.b", "h.c", "h.d")
PEOPLE = (ANALYST, MARKETING, EVERYBODY_HERE, EVERYONE, STRANGERS)
COLUMNS = ("id", "email", "ssn")
PREDICATES = (None, "id = 1", "id > 1", "id in (1, 2)", "id <> 2", "email = 'a'", "email like 'a%'",
              "id > 1 or email = 'a'", "email is null", "id between 1 and 3")  # fmt: skip
ROWS: tuple[Row, ...] = tuple(
    (("day", "d"), ("email", mail), ("id", number), ("new", "x"), ("ssn", "s"))
    for number in (None, 0, 1, 2, 3, 4) for mail in (None, "a", "ab", "b")
)  # fmt: skip
VALUES = ("public", "internal", "restricted")
FILTERS = tuple(cells(name, short) for name in NAMES[:2] for short in ("f", "g"))

some_columns = st.sets(st.sampled_from(COLUMNS), min_size=1, max_size=3)
values = st.sets(st.sampled_from((*VALUES, "*")), min_size=1, max_size=2).map(" ".join)
policies = st.one_of(
    st.builds(lambda kind, v: tagged(kind, sensitivity=v), st.sampled_from(("TABLE", "TABLE", "DATABASE")), values),
    st.builds(lambda v: tagged(domain=v), st.sampled_from(("sales", "hr", "sales hr"))),
    st.builds(lambda v, w: tagged(sensitivity=v, domain=w), values, st.sampled_from(("sales", "hr", "*"))),
    st.just(tagged(saved="shared")),
)
tables = st.sampled_from(NAMES).map(table)
selects: st.SearchStrategy[Resource] = st.one_of(
    tables,
    st.builds(lambda name, some: columns(name, *some), st.sampled_from(NAMES), some_columns),
    st.builds(lambda name, some: but(name, *some), st.sampled_from(NAMES), some_columns),
    st.sampled_from(("s", "h")).map(all_tables),
    policies.filter(lambda one: one.resource_type == "TABLE"),
    st.sampled_from(FILTERS),
)
wholes: st.SearchStrategy[Resource] = st.one_of(
    tables, st.sampled_from(("s", "h")).map(all_tables), policies.filter(lambda one: one.resource_type == "TABLE")
)
words = st.sets(
    st.sampled_from(("SELECT", "INSERT", "ALTER", "DESCRIBE", "DROP", "DELETE", "ALL")), min_size=1, max_size=3
)
database_words = st.sets(st.sampled_from(("CREATE_TABLE", "DESCRIBE", "ALTER", "ALL")), min_size=1, max_size=2)


@st.composite
def grants(draw: st.DrawFn) -> tuple[Grant, ...]:
    """One granted row."""
    who = draw(st.sampled_from(PEOPLE))
    condition = draw(st.sampled_from((None, None, None, None, "c")))
    kind = draw(st.integers(0, 19))
    if kind < 10:
        on, names = draw(selects), {"SELECT"}
    elif kind < 15:
        on, names = draw(wholes), draw(words)
        if isinstance(on, TagPolicy):
            # Where such a grant matches some columns only, DESCRIBE is all that remains: say it, so that both sides do.
            names = {*names, "DESCRIBE"}
    elif kind < 18:
        on = draw(
            st.one_of(
                st.sampled_from(("s", "h")).map(database), policies.filter(lambda p: p.resource_type == "DATABASE")
            )
        )
        names = draw(database_words)
    elif kind < 19:
        on, names = CATALOG, {"SUPER_USER"}
    else:
        on, names = AnyResource(ACCOUNT, "TABLE"), {"SELECT"}
    # Passing SUPER_USER itself on is a power over the catalog, about which the specification says nothing.
    lend = "" if names == {"SUPER_USER"} else draw(st.sampled_from(("", "", "", " ".join(sorted(names)))))
    return tuple(give(who, " ".join(sorted(names)), on, lend, condition))


targets: tuple[TagTarget, ...] = (database("s"), database("h"), *(table(name) for name in NAMES),
                                  column("s.a", "ssn"), column("s.a", "id"), column("h.c", "email"))  # fmt: skip


@st.composite
def tags(draw: st.DrawFn) -> dict[TagTarget, dict[str, str]]:
    """LF-tags of databases, and overrides below them."""
    found: dict[TagTarget, dict[str, str]] = {}
    for target in targets:
        if draw(st.integers(0, 2)) or target in targets[:2]:
            held = {}
            if draw(st.booleans()):
                held["sensitivity"] = draw(st.sampled_from(VALUES))
            if draw(st.integers(0, 3)) == 0:
                held["domain"] = draw(st.sampled_from(("sales", "hr")))
            if held:
                found[target] = held
    return found


@st.composite
def filters(draw: st.DrawFn) -> dict[Any, Any]:
    """Bodies of all data cells filters."""
    return {
        one: (draw(st.one_of(st.just(AllExcept()), some_columns.map(lambda some: Only(frozenset(some))),
                             some_columns.map(lambda some: AllExcept(frozenset(some))))), draw(st.sampled_from(PREDICATES)))
        for one in FILTERS
    }  # fmt: skip


def shapes(names: str = "id email ssn") -> list[TableInfo]:
    return [whole(name, names) for name in NAMES]


@st.composite
def lakes(draw: st.DrawFn) -> Lake:
    """One lake with up to six grants."""
    return lake(
        draw(st.lists(grants(), max_size=6)), shapes(), tags=draw(tags()), filters=draw(filters()),
        saved={"shared": draw(policies.filter(lambda one: one.saved is None))},
    )  # fmt: skip


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Lake, Lake]:
    """A declared lake and a live one that differs by a few edits."""
    declared = draw(lakes())
    live = declared
    for _ in range(draw(st.integers(0, 3))):
        live = _edited(draw, live)
    return declared, live


def _edited(draw: st.DrawFn, live: Lake) -> Lake:
    kind = draw(
        st.sampled_from(("grant", "grant", "revoke", "tag", "tag", "untag", "filter", "column", "saved", "table"))
    )
    if kind == "grant":
        return replace(live, grants=(*live.grants, *draw(grants())))
    if kind == "revoke" and live.grants:
        gone = draw(st.integers(0, len(live.grants) - 1))
        return replace(live, grants=tuple(one for number, one in enumerate(live.grants) if number != gone))
    fresh = lake((), shapes(), tags=draw(tags()), filters=draw(filters()),
                 saved={"shared": draw(policies.filter(lambda one: one.saved is None))})  # fmt: skip
    if kind == "tag":
        some = draw(st.sets(st.sampled_from(targets), max_size=2))
        return replace(
            live, assignments={**live.assignments, **{k: v for k, v in fresh.assignments.items() if k in some}}
        )
    if kind == "untag":
        gone_target = draw(st.sampled_from(targets))
        return replace(live, assignments={k: v for k, v in live.assignments.items() if k != gone_target})
    if kind == "filter":
        one = draw(st.sampled_from(FILTERS))
        return replace(live, filters={**live.filters, one: fresh.filters[one]})
    if kind == "column":
        changed = whole(draw(st.sampled_from(NAMES)), "id email ssn new")
        return replace(live, tables={**live.tables, changed.id: changed})
    if kind == "table":
        added = whole(draw(st.sampled_from(("s.late", "h.late"))))
        return replace(live, tables={**live.tables, added.id: added})
    return replace(live, expressions=fresh.expressions)


TYPES = {"id": "bigint", "email": "string", "ssn": "string", "day": "string", "new": "string"}


@cache
def shows(text: str, row: Row) -> bool:
    """Decide a filter on a row, by the evaluator that knows nothing of the kernel."""
    return replay.shows([rowfilter.parse(text)], dict(row), TYPES, blanks=True)


def universe(declared: Lake, live: Lake) -> Universe:
    """Everything either side speaks of, and what does not exist yet."""
    both = (*declared.grants, *live.grants)
    return Universe(
        frozenset(one.principal for one in both if one.principal) | {ANALYST, MARKETING},
        frozenset(one.condition for one in both if one.condition),
        frozenset({*declared.tables, *live.tables}), ROWS, shows, HERE.account,
    )  # fmt: skip
