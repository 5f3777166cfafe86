"""Two declarations made fit to be compared as a declaration and a live lake.

A live lake is whole: what it does not hold does not exist. A declaration is not: it grants on tables that other stacks
or crawlers make, it leaves out what the provider then clears or keeps, and a preview does not know everything yet.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from checks.compare.settings import CLEARED_WHEN_ABSENT
from checks.gate.facts import MAPPED, members, united, urn
from checks.model import (
    AllTables,
    Catalog,
    CatalogInfo,
    Column,
    ColumnRef,
    Database,
    DatabaseInfo,
    DataCellsFilter,
    Lake,
    Settings,
    Table,
    TableColumns,
    TableInfo,
)
from checks.normal import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from checks.model import Gap

OTHERS = "(any other)"
"""The name of the columns and tables that exist beside those that the program names, where it declares no more."""

NOTHING = Settings((), frozenset(SETTINGS))
"""Settings that say nothing: what the provider puts when they are deleted."""


def even(before: Lake, after: Lake, unread: Iterable[Gap], live: Lake | None) -> tuple[Lake, Lake]:
    """Return both sides of a deployment, as whole as they can be known.

    What of *after* could not be read (*unread*) stays as it was before: that it may be otherwise is a finding of its
    own. Tables that are granted on but declared nowhere are taken as they are *live*, else as having further columns.
    """
    after = filled(before, after, unread)
    old, new = _settings(before, after)
    tables, databases = _mentioned(before, after, live)
    root = CatalogInfo(Catalog(after.id.account))  # says nothing: nested catalogs that are not there do not exist
    return (
        replace(before, settings=old, tables={**tables, **before.tables}, databases={**databases, **before.databases}),
        replace(
            after,
            settings=new,
            tables={**tables, **after.tables},
            databases={**databases, **after.databases},
            root_catalog=root,
            identity_center_read=True,
        ),
    )


# ---------------------------------------------------------------------------------------------- what is not known yet
def filled(before: Lake, after: Lake, gaps: Iterable[Gap]) -> Lake:
    """Take from *before* what *after* does not tell (*gaps*): whole resources, and hidden members of objects."""
    unread = frozenset(gap.source for gap in gaps)
    if unread:
        # Of a resource that could be read in part, what could be read counts.
        kept = members(before, lambda fact: urn(fact) in unread)
        after = replace(after, **united(kept, members(after, lambda _: True)))
    hidden: dict[str, dict[Any, Any]] = {}
    for name in ("tables", "databases", "catalogs"):
        known: Mapping[Any, Any] = getattr(before, name)
        seen = {
            key: _seen(known[key], info) for key, info in getattr(after, name).items() if info.hidden and key in known
        }
        if seen:
            hidden[name] = {**getattr(after, name), **seen}
    return replace(after, **hidden) if hidden else after  # type: ignore[arg-type]


def _seen(before: Any, after: Any) -> Any:
    """Take hidden members of one object from what it was before."""
    found: dict[str, Any] = {}
    for path in after.hidden:
        name, _, rest = path.partition(".")
        if name == "columns" and rest:
            was = {one.name: one for one in (*(before.columns or ()), *before.partition_keys)}
            for part in ("columns", "partition_keys"):
                own = found.get(part, getattr(after, part)) or ()
                at = rest.rpartition(".")[0]
                found[part] = tuple(was.get(one.name, one) if one.name == at else one for one in own)
        elif name == "parameters" and rest:
            was_texts, texts = dict(before.parameters), dict(found.get("parameters", after.parameters))
            if rest in was_texts:
                texts[rest] = was_texts[rest]
            found["parameters"] = tuple(sorted(texts.items()))
        elif hasattr(before, name):
            found[name] = getattr(before, name)
    return replace(after, **found)


# ------------------------------------------------------------------------------------------------------------ settings
def _settings(before: Lake, after: Lake) -> tuple[tuple[Settings, ...], tuple[Settings, ...]]:
    """Return the one declaration of settings that the deployment changes, or none where it changes none.

    Of several stacks the one that is deployed replaces what another has put (contract, decision 2).
    """
    was, will = ({_stack(one): one for one in side.settings} for side in (before, after))
    for stack in sorted({*was, *will}):
        old, new = was.get(stack), will.get(stack)
        if old is not None and new is not None and (old.members, old.absent) == (new.members, new.absent):
            continue
        start = old or next(iter(was.values()), NOTHING)
        return (start,), (put(start, new) if new is not None else NOTHING,)
    return before.settings[:1], after.settings[:1]


def _stack(settings: Settings) -> str:
    return (settings.evidence.stack if settings.evidence else None) or ""


def put(start: Settings, new: Settings) -> Settings:
    """Return what stands after *new* has been put over *start*: members left out are cleared, or stay as they are.

    Source: https://www.pulumi.com/registry/packages/aws/api-docs/lakeformation/datalakesettings/, notes on omitted
    arguments. Members that cannot be read are neither there nor absent; they stay too.
    """
    said = dict(new.members)
    stays = {
        name: value
        for name, value in start.members
        if name in SETTINGS and name not in said and not (name in new.absent and name in CLEARED_WHEN_ABSENT)
    }
    return replace(new, members=tuple(sorted({**said, **stays}.items())), absent=new.absent - stays.keys())


# --------------------------------------------------------------------------------------------- what nobody declares
def _mentioned(
    before: Lake, after: Lake, live: Lake | None
) -> tuple[dict[Table, TableInfo], dict[Database, DatabaseInfo]]:
    """Return tables and databases that either side speaks of and neither declares: they exist all the same."""
    declared = {*before.tables, *after.tables}
    told: dict[Table, set[str]] = {}
    homes: set[Database] = set()

    def note(table: Table, columns: Iterable[str] = ()) -> None:
        if table not in declared:
            told.setdefault(table, set()).update(columns)

    for side in (before, after):
        for on in {grant.resource for grant in side.grants} | {one.resource for one in side.optins}:
            match on:
                case Table() as table:
                    note(table)
                case TableColumns(table=table, columns=columns):
                    note(table, columns.names)
                case DataCellsFilter(table=table):
                    note(table)
                case Database() as database:
                    homes.add(database)
                case AllTables() as inside:
                    homes.add(inside.parent)
                case _:
                    pass
        for cells, body in side.filters.items():
            note(cells.table, body.columns.names)
        for target in side.assignments:
            match target:
                case Table() as table:
                    note(table)
                case ColumnRef(table=table, column=name):
                    note(table, [name])
                case Database() as database:
                    homes.add(database)
                case _:
                    pass
    homes |= {table.parent for table in (*declared, *told)}
    homes -= {*before.databases, *after.databases}
    known: Mapping[Table, TableInfo] = live.tables if live is not None else {}
    tables = {table: known.get(table) or _table(table, names) for table, names in told.items()}
    if live is not None:
        tables |= {table: info for table, info in known.items() if table.parent in homes and table not in declared}
    else:
        strangers = (Table(home.catalog, home.name, OTHERS) for home in homes)
        tables |= {table: _table(table, ()) for table in strangers}
    databases = live.databases if live is not None else {}
    return tables, {home: databases.get(home) or DatabaseInfo(home) for home in homes}


def _table(table: Table, names: Iterable[str]) -> TableInfo:
    return TableInfo(table, tuple(Column(name) for name in (*sorted(names), OTHERS)))


assert set(MAPPED) >= {"tables", "databases"}
