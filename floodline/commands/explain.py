"""``floodline explain``."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import click

from checks import spelling
from checks.declared import PlacementError
from checks.explain import Answer, Question, SideAnswer, Way
from checks.focus import Focus, is_called
from checks.model import EVERYONE, Lake, LakeId, Principal, Table
from checks.normal import column_name, database_name, table_name
from checks.principals import role_name
from floodline.errors import CannotStart, Usage
from floodline.inputs import aws, declaration, only_regions, recordings
from floodline.options import Whom, sources

_LISTED = 10


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
    parts = resource.split(".")
    if not 2 <= len(parts) <= 3 or not all(parts):
        raise Usage(f"`{spelling.printable(resource)}`: write database.table or database.table.column")
    focus = Focus(principal, database_name(parts[0]), table_name(parts[1]))
    column = column_name(parts[2]) if len(parts) == 3 else None
    gc.disable()  # of what is read next to nothing is kept: looking for garbage in it would be half of the work
    try:
        told = declaration(state, stack, preview, focus)
        read = (
            only_regions(recordings(live, focus), region) if live else aws(Whom(region, profile), lambda _: None, focus)
        )
        placed = told.place(
            account=account,
            region=region[0] if len(region) == 1 else None,
            live=tuple(lake.id for lake in read.live.lakes),
        )
    except PlacementError as error:
        raise CannotStart(str(error)) from error
    finally:
        gc.enable()
    pairs = paired(placed, read.live.lakes)
    for answer, pair in answers(focus, column, pairs):
        click.echo("\n".join(text(focus, answer, pair, declared=bool(state or stack or preview))))
    for gap in told.gaps:
        click.echo(f"not seen: {spelling.printable(gap.source)}: {spelling.printable(gap.reason)}")
    return 0


# ------------------------------------------------------------------------------------------------------------ a code
def _code(code: str) -> int:
    from floodline import rulebook  # noqa: PLC0415 - what explains a code is not needed to explain access

    entry = rulebook.entries().get(code.upper())
    if entry is None:
        raise Usage(
            f"`{spelling.printable(code)}` is no code; `floodline rules` lists them; to explain access give "
            "a principal and a resource"
        )
    click.echo(rulebook.text(entry), nl=False)
    return 0


# -------------------------------------------------------------------------------------------------------- a question
@dataclass(frozen=True, slots=True)
class Pair:
    """Both sides of one lake; ``seen`` is False where nothing of it was read."""

    id: LakeId
    declared: Lake
    live: Lake
    seen: bool


def paired(declared: Iterable[Lake], live: Iterable[Lake]) -> list[Pair]:
    """Put the two sides of each lake together."""
    told, seen = {lake.id: lake for lake in declared}, {lake.id: lake for lake in live}
    return [
        Pair(one, told.get(one) or Lake(one), seen.get(one) or Lake(one), one in seen)
        for one in sorted(told.keys() | seen.keys())
    ]


def answers(focus: Focus, column: str | None, pairs: Sequence[Pair]) -> list[tuple[Answer, Pair]]:
    """Answer the question for each lake that may have the table, and each principal that may be meant.

    Raises:
        CannotStart: there is no such table, column or principal; the line names what comes near.

    """
    questions = [(Question(pair.declared, pair.live, _table(focus, pair), column), pair) for pair in pairs]
    known = [(question, pair) for question, pair in questions if question.is_known or not pair.seen]
    if not known:
        raise CannotStart(_no_table(focus))
    if column is not None:
        told = [question.columns() for question, _ in known]
        if all(names is not None and column not in names for names in told):
            raise CannotStart(_no_column(focus, column, {name for names in told for name in names or ()}))
    found = [
        (question.answer(who), pair) for question, pair in known for who in _people(focus, pair.id, question.people())
    ]
    if not found:
        raise CannotStart(_nobody(focus))
    return found


def _table(focus: Focus, pair: Pair) -> Table:
    """Return the table of these names in whichever catalog has one, else in the account's own."""
    for lake in (pair.live, pair.declared):
        for known in lake.tables:
            if (known.database, known.name) == (focus.database, focus.table):
                return known
    return Table(pair.id.account, focus.database, focus.table)


def _people(focus: Focus, lake: LakeId, known: Iterable[Principal]) -> list[Principal]:
    asked = focus.principal
    people = sorted({who for who in known if is_called(who, asked)})
    if asked in people:
        return [Principal(asked)]
    if people:
        return people
    role = role_name(asked)
    if role is not None and ":assumed-role/" in asked:
        return [Principal(f"arn:{lake.partition}:iam::{role[0]}:role/{role[1]}")]
    if asked.startswith("arn:") or asked.isdigit() or is_called(EVERYONE, asked):
        return [EVERYONE if is_called(EVERYONE, asked) else Principal(asked)]
    return [Principal(f"arn:{lake.partition}:iam::{lake.account}:{asked}")] if asked[:5] in {"role/", "user/"} else []


# ------------------------------------------------------------------------------------------------- what is not there
def _no_table(focus: Focus) -> str:
    here, tables = f"{focus.database}.{focus.table}", sorted(focus.tables)
    elsewhere = [name for name in tables if name.partition(".")[2] == focus.table]
    beside = [name for name in tables if name.startswith(f"{focus.database}.")]
    close = elsewhere[:3] or get_close_matches(here, beside or tables, n=3)
    return f"no table `{spelling.printable(here)}` is declared or live{_perhaps(close)}"


def _no_column(focus: Focus, column: str, names: set[str]) -> str:
    where = spelling.printable(f"{focus.database}.{focus.table}")
    close = get_close_matches(column, sorted(names), n=3) or sorted(names)
    return f"`{where}` has no column `{spelling.printable(column)}`, declared or live{_perhaps(close)}"


def _nobody(focus: Focus) -> str:
    asked = spelling.printable(focus.principal)
    return f"nobody called `{asked}` holds a grant on either side{_perhaps(_alike(focus))}"


def _alike(focus: Focus) -> list[str]:
    """Return the names of those who hold something that come near the one asked about, spelt as it was."""
    names = sorted(focus.people)
    if not focus.principal.startswith("arn:"):
        names = sorted({spelling.principal_words(Principal(name)) for name in names})
        names += sorted({name.rpartition("/")[2] for name in names}) if "/" not in focus.principal else []
    return get_close_matches(focus.principal, names, n=3, cutoff=0.75)


def _perhaps(names: Sequence[str]) -> str:
    if not names:
        return ""
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    listed = ", ".join(f"`{spelling.printable(name)}`" for name in list(dict.fromkeys(names))[:_LISTED])
    return f"; there is {listed}{more}"


# ---------------------------------------------------------------------------------------------------------- the text
def text(focus: Focus, answer: Answer, pair: Pair, *, declared: bool) -> list[str]:
    """Say an answer in lines, safe to show."""
    column = f".{spelling.printable(answer.column)}" if answer.column else ""
    who, lake = spelling.principal_words(answer.principal), spelling.printable(str(pair.id))
    lines = [f"{who} on {spelling.words(answer.table)}{column} ({lake})"]
    if pair.seen:
        lines.append(f"decided by: {answer.live.mode}")
    if answer.declared.mode is not None and (answer.declared.mode != answer.live.mode or not pair.seen):
        lines.append(f"as declared, decided by: {answer.declared.mode}")
    lines += _side("declared", answer, answer.declared) if declared else ["declared: no state was given"]
    lines += _side("live", answer, answer.live) if pair.seen else ["live: nothing was read of this lake"]
    lines += [f"note: {note}" for note in answer.notes]
    if not answer.is_known:
        lines.append(f"note: it holds no grant and is no admin on either side{_perhaps(_alike(focus))}")
    more = {way.access for way in answer.live.ways} - {way.access for way in answer.declared.ways}
    if more and declared:
        ways = f"{len(more)} way{'s' if len(more) > 1 else ''}"
        lines.append(f"live only: {ways}; `floodline check` says whether that is more access")
    return lines


def _side(name: str, answer: Answer, side: SideAnswer) -> list[str]:
    none = " no way that was seen" if side.unknown else " no way"
    return [
        f"{name}:" + ("" if side.ways else none),
        *(_line(way, answer) for way in side.ways),
        *(f"  not through {miss}" for miss in side.misses),
        *(f"  not seen: {unknown}" for unknown in side.unknown[:_LISTED]),
        *([f"  and {len(side.unknown) - _LISTED} more not seen"] if len(side.unknown) > _LISTED else []),
    ]


def _line(way: Way, answer: Answer) -> str:
    holder = "" if way.holder == answer.principal else f", held by {spelling.principal_words(way.holder)}"
    columns = f", {spelling.columns_words(way.columns)}" if way.columns is not None and answer.column is None else ""
    rows = "" if way.rows == "every row" else f", {way.rows}"
    because = f" ({way.because})" if way.because else ""
    past = f"; {way.past}" if way.past else ""
    return f"  {way.gives} through {way.why}{because}{columns}{rows}{past}{holder}  [{way.pointer}]"
