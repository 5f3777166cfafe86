"""Who may write a table may read its files, and is not allowed to read all of it.

Why: ``INSERT`` and ``DELETE`` let their holder read the files below the table; the credentials that Lake Formation
hands out know neither columns nor rows. Whoever may write what it may read in part only, or not at all, reads it all.

Fix: revoke ``INSERT`` and ``DELETE`` where reading is meant to be limited, and let a role that may read the whole
table write it; or grant ``SELECT`` too, so that what it reads is plain to see.

Source: https://docs.aws.amazon.com/lake-formation/latest/dg/lf-permissions-reference.html
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from checks.model import (
    AllTables,
    Column,
    Database,
    Facts,
    Grant,
    Lake,
    LakeId,
    Only,
    Permission,
    Principal,
    Severity,
    Table,
    TableColumns,
    TableInfo,
)
from checks.rules import Example, Hit, Rule, Scene, Scope, held
from checks.semantics import RAW_READS, SELECT, database_of
from checks.spelling import listing, principal_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from checks.model import Resource


def find(scene: Scene) -> Iterator[Hit]:
    """Yield what principals may write without being allowed to read all of it, by principal and database."""
    places = list(_beyond(scene))
    hot = _sensitive(scene, places)
    for one in scene.folded(places):
        who, home = principal_words(one.principal, home=scene.home), database_of(one.resource)
        counts = hot[one.principal]
        number = counts.total() if home is None else counts[home]
        yield held(
            scene,
            one,
            f"{who} may {listing(one.permissions & RAW_READS)} on {one.where}, and so read the files, past what it may "
            "SELECT",
            "who may write the table may read its files, past every limit of its columns and rows",
            severity=Severity.HIGH if number else None,
            sensitive=number,
        )


def _sensitive(scene: Scene, places: list[int]) -> dict[Principal | None, Counter[Database]]:
    """Count the sensitive columns of what grants are on, by principal and database, without building the grants."""
    packed = scene.stage.packed
    found: dict[Principal | None, Counter[Database]] = defaultdict(Counter)
    for place in places:
        counts = found[packed.pool.principals[packed.who_of[place]]]
        on = packed.pool.noun(packed.on_of[place])
        for table in scene.reached(on):
            counts[table.parent] += len(scene.sensitive(table))
    return found


def _beyond(scene: Scene) -> Iterator[int]:
    """Yield the places of grants to write tables of which the same principal may not read all."""
    packed = scene.stage.packed
    pool, view = packed.pool, scene.stage
    whole = {number: SELECT in held for number, (held, _) in enumerate(pool.pairs)}
    for place in scene.places(on=(Table, AllTables), giving=RAW_READS):
        who = pool.principals[packed.who_of[place]]
        if whole[packed.pair_of[place]] or who is None or who in scene.admins:
            continue
        on = packed.on_of[place]
        table, readable = pool.plain(on), view.readable(who)
        inside = all(one in readable for one in ([table] if table is not None else view.reached(pool.noun(on))))
        if not inside:
            yield place


_LAKE = LakeId("aws", "111122223333", "eu-west-1")
_STAFF = Table("111122223333", "hr", "staff")
_TEAM = TableColumns(_STAFF, Only(frozenset({"team"})))
_EVERY = AllTables("111122223333", "hr")
_ROLE = Principal("arn:aws:iam::111122223333:role/loader")


def _lake(*grants: tuple[Resource, str], principal: Principal = _ROLE) -> Example:
    rows = tuple(Grant(principal, on, frozenset(map(Permission, given.split()))) for on, given in grants)
    info = TableInfo(_STAFF, (Column("team", "string"), Column("home_address", "string")))
    return Example(Lake(_LAKE, rows, tables={_STAFF: info}))


RULE = Rule(
    id="FL208",
    name="write-reads-files",
    severity=Severity.MEDIUM,
    doc=__doc__ or "",
    find=find,
    reads=frozenset({Facts.GRANTS, Facts.TABLES, Facts.ASSIGNMENTS, Facts.EXPRESSIONS}),
    scope=Scope.STACK,
    flags=(
        _lake((_STAFF, "INSERT DESCRIBE")),
        _lake((_STAFF, "DELETE"), (_TEAM, "SELECT")),
        _lake((_EVERY, "INSERT")),
    ),
    passes=(
        _lake((_STAFF, "INSERT SELECT")),
        _lake((_STAFF, "DELETE"), (_EVERY, "SELECT")),
        _lake((_EVERY, "INSERT SELECT DELETE")),
        _lake((_TEAM, "SELECT"), (_STAFF, "DESCRIBE")),
    ),
)
