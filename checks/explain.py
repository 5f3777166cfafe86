"""Through what a principal can read a table: every grant that reaches it, on each side, and who decides there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from checks import spelling
from checks.compare.sides import Sides
from checks.grants import Grants
from checks.model import EVERYONE, AllRows, Columns, DataCellsFilter, Grant, Lake, Only, Principal, Table, TagPolicy
from checks.principals import groups_of
from checks.semantics import FUTURE, SELECT, within
from checks.view import Access, View, access


@dataclass(frozen=True, slots=True)
class Way:
    """One grant that reaches the table: who holds it, what it gives, on which columns and rows."""

    holder: Principal
    grant: str
    gives: tuple[str, ...]
    columns: Columns | None
    rows: str
    why: str
    pointer: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The ways on each side, and what enforces them."""

    principal: Principal
    table: Table
    column: str | None
    mode: str
    declared: tuple[Way, ...]
    live: tuple[Way, ...]
    notes: tuple[str, ...] = ()


def explain(declared: Lake, live: Lake, principal: Principal, table: Table, column: str | None) -> Answer:
    """Find every way by which *principal* reaches *table* (or one column of it), declared and live."""
    sides = Sides(declared, live)
    notes = []
    if not (sides.view_live.has_table(table) or sides.view_declared.has_table(table)):
        notes.append(f"{spelling.words(table)} is in neither catalog")
    told = sides.view_live.columns(table)
    if column is not None and told is not None and column not in told[0] | told[1]:
        notes.append(f"{spelling.words(table)} has no column {spelling.printable(column)}")
    for one, side in ((sides.live, "live"), (sides.declared, "declared")):
        for settings in one.settings:
            members = dict(settings.members)
            for name in ("DataLakeAdmins", "ReadOnlyAdmins"):
                listed = members.get(name)
                if isinstance(listed, frozenset) and principal in listed:
                    power = "may grant itself anything" if name == "DataLakeAdmins" else "sees metadata, reads no data"
                    notes.append(f"{side}: it is one of the {name}: {power}")
    return Answer(
        principal,
        table,
        column,
        _mode(sides, principal, table),
        tuple(_ways(sides.index_declared, sides.view_declared, principal, table, column)),
        tuple(_ways(sides.index_live, sides.view_live, principal, table, column)),
        tuple(notes),
    )


def _ways(index: Grants, view: View, principal: Principal, table: Table, column: str | None) -> Iterable[Way]:
    holders = [*groups_of(principal), *([EVERYONE] if principal != EVERYONE else [])]
    for holder in holders:
        for grant in index.on_table(holder, table):
            one = access(index, view, holder, table, only=grant)
            found = _way(view, holder, table, column, grant, one)
            if found is not None:
                yield found


def _way(view: View, holder: Principal, table: Table, column: str | None, grant: Grant, one: Access) -> Way | None:
    others = {permission for permission, _ in one.others}
    shown = [piece for piece in one.pieces if column is None or column in piece.columns]
    if not shown and (column is not None or not others):
        return None
    gives = sorted(others | ({SELECT} if shown else set()))
    rows = "every row"
    columns: Columns | None = None
    if shown:
        piece = shown[0]
        columns = (
            None
            if FUTURE in piece.columns and not isinstance(grant.resource, DataCellsFilter)
            else Only(frozenset(piece.columns - {FUTURE}))
        )
        rows = "every row" if isinstance(piece.rows, AllRows) else f"rows where {spelling.printable(piece.rows.text)}"
    why = spelling.words(grant.resource)
    if isinstance(grant.resource, TagPolicy):
        tags = view.table_tags(table) if column is None else view.column_tags(table, column)
        told = ", ".join(f"{spelling.printable(k)} = {spelling.printable(v)}" for k, v in sorted(tags.items()))
        why += f" (its tags: {told or 'none'})"
    if grant.condition:
        why += f" if {spelling.printable(grant.condition)}"
    evidence = grant.evidence
    pointer = "" if evidence is None else evidence.position or evidence.urn or f"line {evidence.line}{evidence.pointer}"
    lends = ", and may pass it on" if grant.grantable else ""
    return Way(holder, f"{', '.join(gives)}{lends}", tuple(gives), columns, rows, why, spelling.printable(pointer))


def _mode(sides: Sides, principal: Principal, table: Table) -> str:
    """Say what enforces the limits on the table: Lake Formation, or IAM and S3 alone.

    Source: https://docs.aws.amazon.com/lake-formation/latest/dg/hybrid-access-workflow.html.
    """
    open_to_all = bool(access(sides.index_live, sides.view_live, EVERYONE, table, groups=False))
    opted = any(one.principal == principal and _covers(one.resource, table) for one in sides.live.optins)
    info = sides.live.tables.get(table) or sides.declared.tables.get(table)
    place = info.location if info else None
    known = [one for arn, one in sides.live.locations.items() if place and within(place, arn)]
    best = max(known, key=lambda one: len(one.arn), default=None)
    if open_to_all and not opted:
        return "IAM: IAM_ALLOWED_PRINCIPALS holds a grant here and the principal is not opted in; IAM and S3 decide"
    if best is None:
        return "Lake Formation for metadata; the location is not registered, so IAM and S3 decide about the files"
    if best.hybrid and not opted:
        return "hybrid: the principal is not opted in, so its own IAM and S3 rights decide about the files"
    return "Lake Formation"


def _covers(resource: object, table: Table) -> bool:
    return resource in (table, table.parent) or getattr(resource, "parent", None) == table.parent
