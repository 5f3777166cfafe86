"""Open what the user named: state files, previews, recordings, AWS. Every failure is one line and exit 5."""

from __future__ import annotations

import gc
import hashlib
import mmap
import os
import random
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from checks import declared
from checks.live import facts, recording
from checks.live.answer import Answer, Cut, Listed
from checks.model import SourceInfo
from checks.spelling import printable
from floodline import __version__
from floodline.errors import CannotStart
from floodline.past import past

if TYPE_CHECKING:
    from checks.focus import Focus
    from checks.grants import Pool
    from checks.live.collect import Limits, Place, Reading, Step
    from checks.live.collectors import Call
    from checks.live.journal import Journal
    from checks.model import LakeId
    from floodline.options import Whom


PART = ".part"
"""How the names end of what a reading that goes on, or broke off, keeps."""
RECORDINGS = (".jsonl", ".jsonl.gz", ".jsonl.zst")

_MAPPED = 8 << 20
"""Bytes from which a file is mapped."""
_DROP: int | None = getattr(mmap, "MADV_DONTNEED", None)
_CHUNK = 1 << 18


def now() -> datetime:
    """Return the time in UTC: the only clock. A run that is performed once more has the time of the first."""
    told = past()
    return datetime.now(UTC) if told is None else told.at


# ----------------------------------------------------------------------------------------------------------- declared
def declaration(
    states: Sequence[str], stacks: Sequence[str], previews: Sequence[str], focus: Focus | None = None
) -> declared.Declaration:
    """Read every declared source; with a *focus*, only what bears on that question.

    Raises:
        CannotStart: a file is missing or is no state that this version understands.

    """
    return declared_by(declared_sources(states, stacks, previews), focus)


def declared_sources(states: Sequence[str], stacks: Sequence[str], previews: Sequence[str]) -> list[declared.Source]:
    """Open every declared source.

    Raises:
        CannotStart: a file is missing, or a stack cannot be read.

    """
    told = past()
    if told is not None:
        return list(told.declared)
    if states.count("-") + previews.count("-") > 1:
        raise CannotStart("standard input can be read once only: name files for the others")
    sources = [declared.Source("state", _shown(path), document(path)) for path in states]
    sources += [declared.Source("state", f"stack {name}", _exported(name)) for name in stacks]
    sources += [declared.Source("preview", _shown(path), document(path)) for path in previews]
    return sources


def declared_by(sources: Iterable[declared.Source], focus: Focus | None = None) -> declared.Declaration:
    """Read sources that are open.

    Raises:
        CannotStart: one is none that this version understands.

    """
    try:
        return declared.read(sources, focus)
    except declared.StateError as error:
        raise CannotStart(str(error)) from error


def _shown(path: str) -> str:
    return "standard input" if path == "-" else path


def document(path: str) -> bytes | memoryview:
    """Read a file; a large one is mapped, not copied: pages that nobody looks at twice need not stay in memory."""
    try:
        if path == "-":
            return sys.stdin.buffer.read()
        with Path(path).open("rb") as file:
            if os.fstat(file.fileno()).st_size < _MAPPED:
                return file.read()
            return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except OSError as error:
        raise CannotStart(f"cannot read `{path}`: {(error.strerror or str(error)).lower()}") from error


def _exported(stack: str) -> bytes | memoryview:
    """Get a stack's state: from a self-managed backend in a folder, else through the Pulumi command line."""
    import shutil  # noqa: PLC0415 - what only a named stack needs
    import subprocess  # noqa: PLC0415
    from urllib.parse import unquote, urlparse  # noqa: PLC0415

    backend = os.environ.get("PULUMI_BACKEND_URL", "")
    if backend.startswith("file://"):
        found = _from_folder(Path(unquote(urlparse(backend).path or "/")).expanduser(), stack)
        if found is not None:
            return found
    pulumi = shutil.which("pulumi")
    if pulumi is None:
        raise CannotStart(
            f"cannot read stack `{stack}`: the `pulumi` command is not on PATH; "
            "export it where it is (`pulumi stack export > state.json`) and give `--state state.json`"
        )
    told = subprocess.run(  # noqa: S603 - a fixed command; the stack's name is an argument, never a shell word
        [pulumi, "stack", "export", "--non-interactive", "--stack", stack], capture_output=True, check=False
    )
    if told.returncode != 0:
        lines = told.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"]
        raise CannotStart(f"cannot read stack `{stack}`: pulumi says: {lines[-1]}")
    return told.stdout


def _from_folder(folder: Path, stack: str) -> bytes | memoryview | None:
    parts = [part for part in stack.split("/") if part != "organization"]
    stacks = folder / ".pulumi" / "stacks"
    if not stacks.is_dir() or any(part in {"..", "."} for part in parts):
        return None
    name = parts[-1]
    places = [stacks / parts[0]] if len(parts) > 1 else [stacks, *sorted(p for p in stacks.iterdir() if p.is_dir())]
    found = [
        path
        for place in places
        for suffix in (".json", ".json.gz", ".json.zst")
        if (path := place / f"{name}{suffix}").is_file()
    ]
    if len(found) > 1:
        raise CannotStart(f"stack `{stack}` is there {len(found)} times; name it as `project/{name}`")
    return document(str(found[0])) if found else None


# --------------------------------------------------------------------------------------------------------------- live
@dataclass(frozen=True, slots=True)
class Read:
    """The live side as facts, and where it came from."""

    live: facts.Live
    sources: tuple[SourceInfo, ...]
    homes: tuple[frozenset[tuple[str, str]], ...] = ()
    """Of which accounts and regions each recording is, where there are several."""


def recordings(paths: Sequence[str], focus: Focus | None = None, pool: Pool | None = None) -> Read:
    """Read recordings back, those of folders too; with a *focus*, only what bears on it, and they are not hashed.

    Raises:
        CannotStart: a file is missing or no recording.

    """
    told = past()
    named = [one for path in paths for one in recordings_at(path)] if told is None else list(told.recordings)
    digests: list[str | None] = []
    homes: list[set[tuple[str, str]]] = [set() for _ in named]
    try:
        with _no_collection():
            streams = _each(named, digests, homes if len(named) > 1 else (), hashed=focus is None)
            live = facts.build_many(streams, focus, pool)
        sources = tuple(SourceInfo("recording", _shown(path), None, digest)
                        for path, digest in zip(named, digests, strict=True))  # fmt: skip
    except recording.RecordingError as error:
        raise CannotStart(str(error)) from error
    except OSError as error:
        raise CannotStart(f"cannot read `{error.filename}`: {(error.strerror or str(error)).lower()}") from error
    if told is not None and told.asked:
        live = _watched(live)
    return Read(live, sources, tuple(frozenset(one) for one in homes))


@contextmanager
def _no_collection() -> Iterator[None]:
    """Look for no garbage meanwhile: of what reading makes nothing is a cycle, and millions of things are kept."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _each(
    paths: Sequence[str], digests: list[str | None], homes: Sequence[set[tuple[str, str]]] = (), *, hashed: bool
) -> Iterator[tuple[recording.Header | None, Iterable[Answer | Listed | Cut]]]:
    """Open recordings one after the other: there may be one for each region of each account, as *homes* are told.

    Once one was read, what its bytes hash to is added to *digests*; None of standard input, or if not *hashed*.
    """
    for number, path in enumerate(paths):
        if path == "-":
            yield recording.listed(sys.stdin.buffer, _shown(path))
            digests.append(None)
            continue
        with Path(path).open("rb") as stream:
            file = _File(stream, hashed=hashed)
            header, answers = recording.listed(file, path)
            yield header, _noting(answers, homes[number]) if homes else answers
            digests.append(file.digest())


def _noting(answers: Iterable[Answer | Listed | Cut], home: set[tuple[str, str]]) -> Iterator[Answer | Listed | Cut]:
    for one in answers:
        if not isinstance(one, Cut):
            said = one.envelope if isinstance(one, Listed) else one
            home.add((said.account, said.region))
        yield one


class _File:
    """A recording's file, hashed as it is read. A long one is mapped: its lines are copied once, not three times."""

    def __init__(self, file: IO[bytes], *, hashed: bool) -> None:
        self._file = file
        self._hash = hashlib.sha256() if hashed else None
        self._lines = 0
        """Bytes of the lines that were read."""

    def read(self, size: int, /) -> bytes:
        """Read as any stream does: what is packed is unpacked piece by piece."""
        data = self._file.read(size)
        self._heard(data)
        return data

    def lines(self) -> Iterator[bytes]:
        """Yield the lines from the first on, whatever was read."""
        self._hash = hashlib.sha256() if self._hash is not None else None
        self._file.seek(0)
        size = os.fstat(self._file.fileno()).st_size
        for line in self._mapped() if size >= _MAPPED else self._file:
            self._heard(line)
            self._lines += len(line)
            yield line

    def _mapped(self) -> Iterator[bytes]:
        with mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ) as whole:
            dropped = 0
            while line := whole.readline():
                yield line
                if (done := self._lines - dropped) >= _MAPPED and _DROP is not None:
                    done -= done % mmap.PAGESIZE  # what was read need not stay resident
                    whole.madvise(_DROP, dropped, done)
                    dropped += done
        self._file.seek(self._lines)

    def _heard(self, data: bytes) -> None:
        if self._hash is not None:
            self._hash.update(data)

    def digest(self) -> str | None:
        """Read what was left, and return the SHA-256 of the whole file."""
        if self._hash is None:
            return None
        if self._lines:
            self._file.seek(self._lines)
        while data := self._file.read(_CHUNK):
            self._hash.update(data)
        return self._hash.hexdigest()


def recordings_at(path: str) -> list[str]:
    """Return the recordings that *path* means: itself, or those of a folder that `collect -o FOLDER/` wrote.

    Raises:
        CannotStart: the folder has none, or its reading broke off: what it lacks would pass for what is not there.

    """
    if path == "-" or not Path(path).is_dir():
        return [path]
    names = sorted(one.name for one in Path(path).iterdir() if one.is_file())
    broken = next((name for name in names if name.endswith(PART)), None)
    if broken is not None:
        raise CannotStart(f"`{path}` holds a reading that broke off (`{broken}`): the same `collect` goes on with it")
    found = [str(Path(path) / name) for name in names if name.endswith(RECORDINGS)]
    if not found:
        raise CannotStart(f"`{path}` holds no recording: they end in {', '.join(RECORDINGS)}")
    return found


def clients(session: Any, region: str, limits: Limits) -> dict[str, Any]:
    """Make the clients of one lake: they keep bodies as they come, and leave it to the reading to try again.

    Raises:
        CannotStart: the session cannot make clients.

    """
    from botocore.config import Config  # noqa: PLC0415
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415

    from checks.live import wire  # noqa: PLC0415
    from checks.live.collect import services  # noqa: PLC0415

    options = Config(
        retries={"mode": "standard", "total_max_attempts": 1},
        user_agent_extra=f"floodline/{__version__}",
        connect_timeout=10,
        read_timeout=60,
        max_pool_connections=limits.concurrency,
    )
    try:
        made = {name: session.client(name, region_name=region, config=options) for name in services()}
    except BotoCoreError as error:
        raise CannotStart(f"cannot reach AWS: {error}") from error
    for client in made.values():
        wire.keep_bodies(client)
    return made


def header() -> recording.Header:
    """Return the header of a recording that begins now."""
    return recording.Header(stamp(now()), f"floodline {__version__}", version("botocore"))


def asked(
    where: Sequence[Place], journal: Journal, limits: Limits, progress: Callable[[Step], None]
) -> tuple[Reading, list[tuple[str, str]]]:
    """Read every place into *journal*: the reading, and the lakes in their order.

    Raises:
        CannotStart: no credentials, AWS cannot be reached, or the journal was begun by somebody else.

    """
    from checks.live.collect import CannotStartError, Means, Reading  # noqa: PLC0415

    reading = Reading(where, journal, Means(now, random=random.random), limits, progress)
    try:
        return reading, reading.run()
    except CannotStartError as error:
        raise CannotStart(str(error)) from error


@dataclass(frozen=True, slots=True)
class Reader:
    """AWS, read into a journal: facts as often as they are wanted, and second questions."""

    reading: Reading
    journal: Journal
    lakes: tuple[tuple[str, str], ...]

    def read(self, focus: Focus | None = None) -> Read:
        """Build the facts of everything that was answered so far."""
        live = _watched(facts.build(self.journal.answers(self.lakes), self.journal.header, focus))
        return Read(live, (SourceInfo("aws", ", ".join(str(lake.id) for lake in live.lakes) or "nothing", None, None),))

    def more(self, calls: Mapping[LakeId, Sequence[Call]]) -> None:
        """Ask second questions.

        Raises:
            CannotStart: the credentials ran out.

        """
        from checks.live.collect import CannotStartError  # noqa: PLC0415

        try:
            self.reading.more({(lake.account, lake.region): asked for lake, asked in calls.items()})
        except CannotStartError as error:
            raise CannotStart(str(error)) from error


@contextmanager
def asking(whom: Whom, progress: Callable[[Step], None], limits: Limits | None = None) -> Iterator[Reader]:
    """Read AWS by way of a journal that goes at the end.

    Raises:
        CannotStart: as of ``asked``.

    """
    from checks.live.collect import Limits  # noqa: PLC0415
    from checks.live.journal import Journal  # noqa: PLC0415
    from floodline.accounts import note, planned  # noqa: PLC0415

    limits = limits or Limits()
    plan = planned(whom, limits)
    for words in plan.notes:
        click.echo(printable(words), err=True)
    with tempfile.TemporaryFile() as file:
        journal = Journal(file, header())
        note(plan, journal)
        reading, lakes = asked(plan.places, journal, limits, progress)
        lakes += [one for one in plan.lakes if one not in lakes]
        yield Reader(reading, journal, tuple(lakes))


def aws(whom: Whom, progress: Callable[[Step], None], focus: Focus | None = None) -> Read:
    """Read AWS into facts.

    Raises:
        CannotStart: as of ``asked``.

    """
    with asking(whom, progress) as reader:
        return reader.read(focus)


def _watched(live: facts.Live) -> facts.Live:
    """Add to the ledger what the installed botocore knows of, and floodline does not."""
    from botocore.loaders import Loader  # noqa: PLC0415

    from checks.live import sentinel  # noqa: PLC0415

    models = {name: Loader().load_service_model(name, "service-2") for name in sentinel.SERVICES}
    rows = sentinel.ledger(models, version("botocore"), [lake.id for lake in live.lakes])
    return replace(live, ledger=(*live.ledger, *rows))


def only_regions(read: Read, regions: Sequence[str]) -> Read:
    """Keep the lakes of the named regions (recordings may hold more than is asked for)."""
    told = past()
    if not regions or "all" in regions or (told is not None and told.asked):
        return read
    lakes = tuple(lake for lake in read.live.lakes if lake.id.region in regions)
    missing = sorted(set(regions) - {lake.id.region for lake in lakes})
    if missing:
        raise CannotStart(f"the recording has nothing of region {', '.join(missing)}")
    ledger = tuple(row for row in read.live.ledger if row.region in {*regions, ""})
    return replace(read, live=replace(read.live, lakes=lakes, ledger=ledger))


def stamp(at: datetime) -> str:
    """Spell a time as the contract does: ISO 8601, UTC, seconds."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
