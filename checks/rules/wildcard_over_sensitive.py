"""A grant of everything there is, and of what comes later, reaches sensitive columns.

Why: a grant on every table of a database, on every table of the catalog, or on any value of an LF-tag holds for each
table and column that is made later. Nobody decides about the next sensitive column: it is open when it appears.

Fix: grant the tables that are meant, by name, or by an LF-tag whose values say how sensitive a thing is; exclude the
sensitive columns, or give them a tag of their own that the grant does not ask for.

Source: https://docs.aws.amazon.com/lake-formation/latest/dg/granting-table-permissions.html
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from checks.model import (
    AllTables,
    AnyResource,
    Assignment,
    Column,
    Database,
    Facts,
    Grant,
    Lake,
    LakeId,
    Permission,
    Principal,
    Severity,
    Table,
    TableInfo,
    TagPolicy,
    Witness,
)
from checks.principals import is_many
from checks.rules import Example, Hit, Rule, Scene, Scope, about
from checks.semantics import READS, SELECT
from checks.spelling import principal_words, printable, words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from checks.model import Resource, TagTarget

_NAMED = 3


def find(scene: Scene) -> Iterator[Hit]:
    """Yield each wildcard that shows sensitive columns, once, with all to whom it does."""
    holders: dict[Resource, list[int]] = defaultdict(list)
    packed = scene.stage.packed
    for place in scene.places(on=(AllTables, AnyResource, TagPolicy), giving=READS):
        holders[packed.pool.noun(packed.on_of[place])].append(place)
    for resource, places in holders.items():
        if isinstance(resource, TagPolicy) and not _any_value(scene, resource):
            continue
        hot: dict[Table, frozenset[str]] = {}
        people: list[Principal] = []
        for place in places:
            who = packed.pool.principals[packed.who_of[place]]
            if who is None or who in scene.admins:
                continue
            shown = scene.sensitive_shown(packed.at(place))
            if shown:
                people.append(who)
                hot.update(shown)
        if hot:
            yield _hit(scene, resource, packed.at(places[0]), list(dict.fromkeys(people)), hot)


def _any_value(scene: Scene, policy: TagPolicy) -> bool:
    """Whether an LF-tag policy of tables takes any value of a key, and no other key says how sensitive they are."""
    body = scene.stage.view.expression(policy) if policy.resource_type == "TABLE" else None
    marks = scene.sensitivity.keys
    return (
        body is not None
        and any("*" in values for _, values in body)
        and not any(key in marks and "*" not in values for key, values in body)
    )


def _hit(
    scene: Scene, resource: Resource, first: Grant, people: list[Principal], hot: dict[Table, frozenset[str]]
) -> Hit:
    table = min(hot, key=lambda one: (one.database, one.name))
    column, number = min(hot[table]), sum(map(len, hot.values()))
    told = [principal_words(one, home=scene.home) for one in sorted(people)]
    who = ", ".join(told[:_NAMED]) + (f" and {len(told) - _NAMED:,} more" if len(told) > _NAMED else "")
    columns = f"{number:,} sensitive column{'' if number == 1 else 's'}"
    tables = f"{len(hot):,} table{'' if len(hot) == 1 else 's'}"
    at = first.evidence
    alone = people[0] if len(people) == 1 else None
    kind = "tag" if isinstance(resource, TagPolicy) else "table"
    return Hit(
        about(scene.lake, kind, alone, resource, at),
        f"{who} may read {words(resource)}, what comes later too: {columns} in {tables}, such as "
        f"{words(table)}.{printable(column)} ({scene.sensitive(table).get(column) or 'sensitive'})",
        "the grant takes in whatever comes later, and what it reaches is sensitive",
        (at,) if at else (),
        witness=Witness(people[0], SELECT, table.catalog, table.database, table.name, column),
        tables=scene.tables_below(resource),
        sensitive=number,
        severity=Severity.HIGH if any(map(is_many, people)) else None,
        principals=None if any(map(is_many, people)) else len(people),
    )


_LAKE = LakeId("aws", "111122223333", "eu-west-1")
_HR = Database("111122223333", "hr")
_STAFF = Table("111122223333", "hr", "staff")
_ROLE = Principal("arn:aws:iam::111122223333:role/analyst")
_SELECT = frozenset({Permission("SELECT")})


def _lake(resource: Resource, column: str, *, who: Principal = _ROLE, tag: str = "") -> Example:
    tables = {_STAFF: TableInfo(_STAFF, (Column("team", "string"), Column(column, "string")))}
    given: dict[TagTarget, dict[str, Assignment]] = {_HR: {"domain": Assignment(_HR, "domain", "hr")}}
    if tag:
        given[_HR]["sensitivity"] = Assignment(_HR, "sensitivity", tag)
    return Example(Lake(_LAKE, (Grant(who, resource, _SELECT),), tables=tables, assignments=dict(given)))


def _tagged(*pairs: tuple[str, str]) -> TagPolicy:
    return TagPolicy("111122223333", "TABLE", tuple((key, frozenset({value})) for key, value in pairs))


RULE = Rule(
    id="FL207",
    name="wildcard-over-sensitive",
    severity=Severity.MEDIUM,
    doc=__doc__ or "",
    find=find,
    reads=frozenset({Facts.GRANTS, Facts.TABLES, Facts.ASSIGNMENTS, Facts.EXPRESSIONS}),
    scope=Scope.STACK,
    flags=(
        _lake(AllTables("111122223333", "hr"), "home_address"),
        _lake(AnyResource("111122223333", "TABLE"), "home_address"),
        _lake(_tagged(("domain", "*")), "home_address"),
        _lake(_tagged(("sensitivity", "*")), "score", tag="restricted"),
    ),
    passes=(
        _lake(AllTables("111122223333", "hr"), "address_count"),
        _lake(AnyResource("111122223333", "TABLE"), "address_count"),
        _lake(_tagged(("domain", "hr")), "home_address"),
        _lake(_tagged(("sensitivity", "*")), "score", tag="public"),
        _lake(_STAFF, "home_address"),
    ),
)
