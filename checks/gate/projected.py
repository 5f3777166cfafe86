"""The live lake as a deployment would leave it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from checks.gate.even import NOTHING, put
from checks.gate.facts import LISTED, MAPPED, urn
from checks.model import (
    Catalog,
    CatalogInfo,
    ColumnRef,
    Database,
    Grant,
    Lake,
    OptIn,
    Permission,
    Principal,
    Resource,
    Settings,
    Table,
    TableInfo,
)

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping

    from checks.model import Assignment, TagTarget

ALL = Permission("ALL")
_Row = tuple[Principal | None, Resource, str | None]


def projected(live: Lake, before: Lake, after: Lake, touched: Container[str]) -> Lake:
    """Return *live* with the deployment's edits: what the touched resources declared goes, what they declare comes.

    Grants are given and taken permission by permission; objects, filters and settings are replaced whole, as the
    providers do it; what nobody touches stays, whoever made it. With *before* in place of *after* the edits put back
    what was declared.
    """
    found: dict[str, Any] = {}
    for name in MAPPED:
        gone, come = (_keyed(side, name, touched) for side in (before, after))
        if gone or come:
            kept = {key: fact for key, fact in getattr(live, name).items() if key not in gone or key in come}
            found[name] = kept | {key: _over(kept.get(key), fact) for key, fact in come.items()}
            if name == "databases":
                found["tables"] = _inside(found.get("tables", live.tables), gone.keys() - come.keys())
    if "tables" in found and "databases" in found:
        found["tables"] = _inside(
            found["tables"], _keyed(before, "databases", touched).keys() - _keyed(after, "databases", touched).keys()
        )
    for name in LISTED:
        gone_rows, come_rows = ([one for one in getattr(side, name) if urn(one) in touched] for side in (before, after))
        if name == "grants" and (gone_rows or come_rows):
            found[name] = _grants(live.grants, gone_rows, come_rows)
        elif gone_rows or come_rows:
            kept_rows = [one for one in getattr(live, name) if _plain(one) not in {_plain(row) for row in gone_rows}]
            found[name] = tuple(dict.fromkeys((*kept_rows, *come_rows)))
    found["assignments"] = _assignments(live, before, after, touched)
    settings = _settings(live, before, after, touched)
    if settings is not None:
        root = CatalogInfo(Catalog(live.id.account)) if live.root_catalog is not None else None
        found |= {"settings": (settings,), "root_catalog": root}
    return replace(live, **found)


def _keyed(side: Lake, name: str, touched: Container[str]) -> dict[Any, Any]:
    return {key: fact for key, fact in getattr(side, name).items() if urn(fact) in touched}


def _over(live: Any, fact: Any) -> Any:
    """Return a table that is put over a live one: columns that the program leaves to others stay."""
    if isinstance(live, TableInfo) and isinstance(fact, TableInfo):
        columns = live.columns if fact.columns is None else fact.columns
        return replace(fact, columns=columns, created_by=live.created_by, registered=live.registered)
    return fact


def _inside(tables: Mapping[Table, TableInfo], gone: Container[Database]) -> dict[Table, TableInfo]:
    """Leave out the tables of databases that are deleted: Glue deletes them with it.

    Source: https://docs.aws.amazon.com/glue/latest/webapi/API_DeleteDatabase.html.
    """
    return {table: info for table, info in tables.items() if table.parent not in gone}


def _plain(fact: Any) -> Any:
    return (fact.principal, fact.resource) if isinstance(fact, OptIn) else fact


# -------------------------------------------------------------------------------------------------------------- grants
def _row(grant: Grant) -> _Row:
    return grant.principal, grant.resource, grant.condition


def _grants(live: Iterable[Grant], gone: Iterable[Grant], come: Iterable[Grant]) -> tuple[Grant, ...]:
    """Revoke and grant. What was granted by another on the same resource goes too where the permission is the same."""
    taken: dict[_Row, tuple[set[Permission], set[Permission]]] = {}
    for grant in gone:
        permissions, grantable = taken.setdefault(_row(grant), (set(), set()))
        permissions |= grant.permissions
        grantable |= grant.permissions | grant.grantable
    kept = []
    for grant in live:
        lost = taken.get(_row(grant))
        if lost is None:
            kept.append(grant)
        elif ALL not in lost[0]:
            left = replace(grant, permissions=grant.permissions - lost[0], grantable=grant.grantable - lost[1])
            kept += [left] if left.permissions else []
    return (*kept, *come)


# ---------------------------------------------------------------------------------------------------------------- tags
def _assignments(
    live: Lake, before: Lake, after: Lake, touched: Container[str]
) -> Mapping[TagTarget, Mapping[str, Assignment]]:
    """Take away and assign LF-tags; objects below, which live shows with the tags they inherit, follow."""
    edits: dict[TagTarget, dict[str, Assignment | None]] = {}
    for target, held in before.assignments.items():
        for key, one in held.items():
            if urn(one) in touched:
                edits.setdefault(target, {})[key] = None
    for target, held in after.assignments.items():
        for key, one in held.items():
            if urn(one) in touched:
                edits.setdefault(target, {})[key] = one
    if not edits:
        return live.assignments
    found: dict[TagTarget, dict[str, Assignment]] = {target: dict(held) for target, held in live.assignments.items()}
    own = {(target, key) for side in (before, after) for target, held in side.assignments.items() for key in held}
    moved = {
        (target, key): known.value
        for target, held in edits.items()
        for key in held
        if (known := found.get(target, {}).get(key)) is not None
    }
    for target, held in list(found.items()):
        for key, one in list(held.items()):
            above = _source(target, key, own, moved)
            if above is not None and moved[above, key] == one.value and (target, key) not in own:
                now = edits[above][key]
                if now is None:
                    del held[key]
                else:
                    held[key] = replace(now, target=target)
    for target, changed in edits.items():
        held = found.setdefault(target, {})
        for key, edit in changed.items():
            if edit is None:
                held.pop(key, None)
            else:
                held[key] = edit
    return found


def _source(
    target: TagTarget, key: str, own: Container[object], moved: Mapping[tuple[TagTarget, str], str]
) -> TagTarget | None:
    """Return the object above whose edited tag *target* shows, unless something in between has a tag of its own."""
    above: TagTarget | None = target
    while above is not None:
        above = (
            above.table if isinstance(above, ColumnRef)
            else above.parent if isinstance(above, Table)
            else Catalog(above.catalog) if isinstance(above, Database)
            else None
        )  # fmt: skip
        if above is not None and (above, key) in moved:
            return above
        if above is not None and (above, key) in own:
            return None
    return None


# ------------------------------------------------------------------------------------------------------------ settings
def _settings(live: Lake, before: Lake, after: Lake, touched: Container[str]) -> Settings | None:
    gone, come = ([one for one in side.settings if urn(one) in touched] for side in (before, after))
    if come:
        return put(next(iter(live.settings), NOTHING), come[-1])
    return replace(NOTHING, absent=frozenset()) if gone else None
