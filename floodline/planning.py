"""``floodline collect --plan``: what a reading would cost, printed before anything is read. AWS is not asked."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from checks.live import recording
from floodline.errors import CannotStart, Usage
from floodline.inputs import declaration, recordings_at
from floodline.progress import spoken

if TYPE_CHECKING:
    from rich.table import Table

    from checks.live.answer import Answer, Cut
    from checks.live.collect import Limits
    from checks.live.journal import LakeKey
    from checks.live.plan import Ask, Planned, Recorded
    from checks.model import Lake
    from floodline.options import Whom

LATENCY: Final = 0.1
"""Seconds that a call is taken to last."""
_EXAMPLES: Final = ((1_000, 10_000, 5), (10_000, 100_000, 10), (45_000, 1_000_000, 10))
"""Tables, grants, LF-tags where no size is given."""
_WIDTH: Final = 80
_REGION: Final = "us-east-1"


@dataclass(frozen=True, slots=True)
class Given:
    """What a plan is made from: files, or sizes of one lake (None: not given)."""

    state: tuple[str, ...] = ()
    live: tuple[str, ...] = ()
    tables: int | None = None
    grants: int | None = None
    tags: int | None = None

    @property
    def sized(self) -> bool:
        """Whether any size is stated."""
        return any(one is not None for one in (self.tables, self.grants, self.tags))

    def __bool__(self) -> bool:
        """Whether anything is given."""
        return bool(self.state or self.live or self.sized)


def show(given: Given, whom: Whom, limits: Limits) -> None:
    """Print the plan on stdout.

    Raises:
        Usage: sizes and files at once, or no lake in the regions that are named.
        CannotStart: a file cannot be read.

    """
    if given.sized and (given.state or given.live):
        raise Usage("--plan: give sizes (--tables, --grants, --tags) or files (--state, --live), not both")
    if not given:
        _examples(limits)
        return
    from checks.live.plan import planned  # noqa: PLC0415 - botocore, which --help need not pay for

    notes: list[str] = []
    recorded = _recorded(given.live) if given.live else None
    lakes = _stated(given, whom, notes) if given.sized else _filed(recorded, given.state, whom, notes)
    found = planned(lakes, limits, LATENCY)
    if recorded is not None and recorded.unknown:
        notes.append(f"{recorded.unknown.total():,} pages that no recording holds are one call each: "
                     f"{_words(recorded.unknown)}")  # fmt: skip
    if recorded is not None and recorded.refused:
        notes.append(f"what was refused when it was recorded is refused again: {_words(recorded.refused)}")
    _print(_calls(found))
    places = "" if found.lakes == 1 else f" for {found.lakes:,} lakes (account and region)"
    _say(f"in all: {found.total:,} calls{places}, about {spoken(found.seconds)} ({_pace(limits)})")
    _say(f"one call for each table's LF-tags instead: {found.apart:,} calls, at least {spoken(found.apart_seconds)}")
    _notes(notes, whom)


def _examples(limits: Limits) -> None:
    """Print what a few sizes take."""
    from checks.live.plan import NOBODY, Imagined, planned, stated  # noqa: PLC0415

    table = _table("tables", "grants", "LF-tags", "calls", "about", "a call a table", "at least")
    for size in _EXAMPLES:
        one = planned({(NOBODY, _REGION): Imagined(stated(*size))}, limits, LATENCY)
        table.add_row(*(f"{number:,}" for number in (*size, one.total)), spoken(one.seconds), f"{one.apart:,}",
                      spoken(one.apart_seconds))  # fmt: skip
    _print(table)
    _say(f"for one lake (account and region), {_pace(limits)}; a call a table: for its LF-tags")
    _say("your own: --live RECORDING (the most exact), --state FILE, or --tables N --grants N --tags N")
    _notes([_ROUND], None)


_ROUND: Final = "100 tables a database, grants on tables, every LF-tag on every table (50 at most)"


def _say(line: str) -> None:
    click.echo(textwrap.fill(line, _WIDTH, subsequent_indent="  ", break_on_hyphens=False))


def _words(operations: Iterable[str]) -> str:
    return ", ".join(sorted({name.partition(":")[2] for name in operations}))


def _notes(notes: Sequence[str], whom: Whom | None) -> None:
    """Print what the plan takes for granted."""
    _say("assumed: full pages, no throttling, no change while it is read")
    for one in notes:
        _say(f"assumed: {one}")
    if whom is not None and (whom.elsewhere or whom.every_region):
        _say("not counted: finding and entering accounts and regions, a few calls each")


def _pace(limits: Limits) -> str:
    most = f", at most {limits.max_rps:g} a second" if limits.max_rps else ""
    return f"{limits.concurrency} at once, {LATENCY * 1000:.0f} ms a call{most}"


def _calls(found: Planned) -> Table:
    table = _table("operation", "listings", "calls")
    for name, made in sorted(found.calls.items(), key=lambda one: (-one[1], one[0])):
        table.add_row(name.partition(":")[2], f"{found.listings[name]:,}", f"{made:,}")
    return table


def _table(*heads: str) -> Table:
    from rich.table import Table  # noqa: PLC0415 - only where one is drawn

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for head in heads:
        table.add_column(head, justify="left" if head == "operation" else "right", no_wrap=True)
    return table


def _print(table: Table) -> None:
    from rich.console import Console  # noqa: PLC0415

    Console(file=sys.stdout, width=None if sys.stdout.isatty() else _WIDTH, highlight=False).print(table)


# -------------------------------------------------------------------------------------------------- what is imagined
def _stated(given: Given, whom: Whom, notes: list[str]) -> dict[LakeKey, Ask]:
    """Return a lake of the stated sizes for each region and account that is named."""
    from checks.live.plan import NOBODY, Imagined, stated  # noqa: PLC0415

    sizes = stated(given.tables or 0, given.grants or 0, given.tags or 0)
    accounts = [*(arn.split(":")[4] for arn in whom.role_arns), *whom.accounts] or [NOBODY]
    keys = [(account, region) for account in accounts for region in whom.named or (_REGION,)]
    left_out = [f"no {word}" for word, number in (("tables", given.tables), ("grants", given.grants),
                                                  ("LF-tags", given.tags)) if number is None]  # fmt: skip
    notes.append(f"{_ROUND}; nothing else there")
    if left_out:
        notes.append(f"{', '.join(left_out)} (not given)")
    if len(keys) > 1:
        notes.append("these sizes in each account and region")
    if whom.organization is not None or whom.every_region:
        notes.append("this once for all that is not named: accounts and regions are known only once AWS is asked")
    return {key: Imagined(sizes, key[0]) for key in keys}


def _filed(recorded: Recorded | None, state: Sequence[str], whom: Whom, notes: list[str]) -> dict[LakeKey, Ask]:
    """Return the lakes of the files: as recorded, else as declared."""
    from checks.live.plan import Imagined, sizes_of  # noqa: PLC0415

    lakes: dict[LakeKey, Ask] = dict(recorded.lakes) if recorded is not None else {}
    declared = {(lake.id.account, lake.id.region): lake for lake in _declared(state, whom)}
    if declared.keys() - lakes.keys():
        notes.append("nothing lies there but what is declared")
    lakes |= {key: Imagined(sizes_of(declared[key]), key[0]) for key in sorted(declared.keys() - lakes.keys())}
    if whom.named and not whom.every_region:
        lakes = {key: ask for key, ask in lakes.items() if key[1] in whom.named}
    if not lakes:
        raise Usage("--plan: the files speak of no lake, or of none in the regions that are named")
    return lakes


def _recorded(paths: Sequence[str]) -> Recorded:
    """Read recordings, or those of folders, as one."""
    from checks.live.plan import Recorded  # noqa: PLC0415

    try:
        return Recorded(one for path in paths for name in recordings_at(path) for one in _answers(name))
    except recording.RecordingError as error:
        raise CannotStart(str(error)) from error
    except OSError as error:
        raise CannotStart(f"cannot read `{error.filename}`: {(error.strerror or str(error)).lower()}") from error


def _answers(path: str) -> Iterator[Answer | Cut]:
    if path == "-":
        yield from recording.read(sys.stdin.buffer, "standard input")[1]
        return
    with Path(path).open("rb") as file:
        yield from recording.read(file, path)[1]


def _declared(states: Sequence[str], whom: Whom) -> tuple[Lake, ...]:
    """Place what is declared; where nothing tells the account or the region, in one that stands for it."""
    if not states:
        return ()
    from checks.declared import PlacementError  # noqa: PLC0415
    from checks.live.plan import NOBODY  # noqa: PLC0415

    found = declaration(states, (), ())
    try:
        return found.place(region=whom.only)
    except PlacementError:
        return found.place(account=NOBODY, region=whom.only or _REGION)
