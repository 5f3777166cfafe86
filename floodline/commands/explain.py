"""``floodline explain``."""

from __future__ import annotations

import textwrap

import click

from checks import rules, spelling
from checks.declared import PlacementError
from checks.drift import KINDS
from checks.explain import Answer, Way, explain
from checks.model import Lake, Principal, Table
from checks.normal import column_name, database_name, table_name
from floodline.errors import CannotStart, Usage
from floodline.inputs import aws, declaration, only_regions, recordings
from floodline.options import sources


@click.command()
@click.argument("principal")
@click.argument("resource", required=False)
@sources
def command(
    principal: str,
    resource: str | None,
    state: tuple[str, ...],
    stack: tuple[str, ...],
    preview: tuple[str, ...],
    live: tuple[str, ...],
    region: tuple[str, ...],
    profile: str | None,
    account: str | None,
) -> int:
    """Say through what PRINCIPAL can read RESOURCE (database.table or database.table.column), declared and live.

    \b
    floodline explain role/marketing telemetry_raw.private_messages.body \\
        --state state.json --live lake.jsonl.gz
    floodline explain FL113
    """  # noqa: D301
    if resource is None:
        return _code(principal)
    if not (state or stack or preview or live):
        raise Usage("give `--state FILE`, `--live RECORDING`, or both")
    told = declaration(state, stack, preview)
    read = only_regions(recordings(live), region) if live else aws(region, profile, lambda _step: None)
    try:
        placed = told.place(
            account=account,
            region=region[0] if len(region) == 1 else None,
            live=tuple(lake.id for lake in read.live.lakes),
        )
    except PlacementError as error:
        raise CannotStart(str(error)) from error
    lakes = {lake.id: lake for lake in placed}
    seen = {lake.id: lake for lake in read.live.lakes}
    shown = False
    for lake_id in sorted(lakes.keys() | seen.keys()):
        declared, now = lakes.get(lake_id, Lake(lake_id)), seen.get(lake_id, Lake(lake_id))
        table, column = _place(resource, lake_id.account, declared, now)
        for who in _people(principal, declared, now, lake_id.account):
            _show(explain(declared, now, who, table, column), str(lake_id))
            shown = True
    if not shown:
        raise CannotStart(f"nobody called `{spelling.printable(principal)}` holds a grant on either side")
    for row in read.live.ledger:
        if not row.complete:
            click.echo(f"not seen: {row.service}:{row.operation}: {spelling.printable(row.basis)}", err=True)
    return 0


def _code(code: str) -> int:
    kind = KINDS.get(code.upper())
    rule = next((one for one in rules.discover() if one.id == code.upper()), None)
    if kind is None and rule is None:
        raise Usage(
            f"`{spelling.printable(code)}` is no code; `floodline rules` lists them; to explain access give "
            "a principal and a resource"
        )
    parts = (
        [kind.id, kind.name, kind.severity.word, kind.what, "", kind.fix, kind.source]
        if kind
        else [rule.id, rule.name, rule.severity.word, rule.what, rule.why, rule.fix, rule.source]
        if rule
        else []
    )
    code, name, severity, what, why, fix, source = parts
    click.echo(f"{code} {name} ({severity})\n")
    click.echo(textwrap.fill(what, 80))
    if why:
        click.echo("\nwhy: " + textwrap.fill(why, 75).strip())
    click.echo(f"\nfix: {textwrap.fill(fix, 75)}\n\nsource: {source}")
    return 0


def _place(text: str, account: str, *lakes: Lake) -> tuple[Table, str | None]:
    parts = text.split(".")
    if not 2 <= len(parts) <= 3 or not all(parts):
        raise Usage(f"`{spelling.printable(text)}`: write database.table or database.table.column")
    table = Table(account, database_name(parts[0]), table_name(parts[1]))
    for lake in lakes:
        for known in lake.tables:
            if (known.database, known.name) == (table.database, table.name):
                table = known
    return table, column_name(parts[2]) if len(parts) == 3 else None


def _people(text: str, declared: Lake, live: Lake, account: str) -> list[Principal]:
    known = {one.principal for lake in (declared, live) for one in lake.grants if one.principal is not None}
    for lake in (declared, live):
        for settings in lake.settings:
            for name in ("DataLakeAdmins", "ReadOnlyAdmins"):
                listed = dict(settings.members).get(name)
                if isinstance(listed, frozenset):
                    known |= {Principal(one) for one in listed}
    exact = [one for one in known if one == text]
    if exact:
        return exact
    if text.startswith("arn:") or text.isdigit():
        return [Principal(text)]
    ends = sorted(one for one in known if one.endswith(("/" + text, ":" + text)))
    return ends or ([Principal(f"arn:aws:iam::{account}:{text}")] if text.startswith(("role/", "user/")) else [])


def _show(answer: Answer, lake: str) -> None:
    what = spelling.words(answer.table) + (f".{spelling.printable(answer.column)}" if answer.column else "")
    click.echo(f"{spelling.principal_words(answer.principal)} on {what} ({lake})")
    click.echo(f"decided by: {answer.mode}")
    for name, ways in (("declared", answer.declared), ("live", answer.live)):
        click.echo(f"{name}:" + ("" if ways else " no way"))
        for way in ways:
            click.echo(_line(way, answer))
    for note in answer.notes:
        click.echo(f"note: {note}")
    more = {(way.grant, way.why, way.rows) for way in answer.live} - {
        (way.grant, way.why, way.rows) for way in answer.declared
    }
    if more:
        click.echo(
            f"live only: {len(more)} way{'s' if len(more) > 1 else ''}; "
            "`floodline check` says whether that is more access"
        )


def _line(way: Way, answer: Answer) -> str:
    holder = "" if way.holder == answer.principal else f", held by {spelling.principal_words(way.holder)}"
    columns = f", {spelling.columns_words(way.columns)}" if way.columns is not None and answer.column is None else ""
    rows = "" if way.rows == "every row" else f", {way.rows}"
    return f"  {way.grant} through {way.why}{columns}{rows}{holder}  [{way.pointer}]"
