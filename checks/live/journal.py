"""The journal of a reading: every answer as it came, on disk at once; given back in an order that is always the same.

A journal is a recording that can be read as it stands (one zstd frame a line, so that a reading that is broken off at
any moment loses at most the line it was writing). Each line says in an extra member, ``part``, which page of whose
listing it is; readers of recordings pass over it.

Answers come in another order on every run. Those that count are given back in *plan order*: by collector (its rank,
then its name), operation, request and page. Of a listing that was begun again only the last attempt counts, of
collectors that read again (a bracket that did not close) only the last round.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from functools import cache
from typing import IO, TYPE_CHECKING, Any, Final

import msgspec
import zstandard

from checks import normal
from checks.live import recording
from checks.live.collectors import collectors
from checks.live.recording import Header, RecordingError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from checks.live.answer import Answer

SECOND: Final = "second"
"""The name under which second reads stand: questions that a first comparison left."""
SECOND_RANK: Final = 100
"""Last: the lines of all others are those of a recording without second reads."""

_PART: Final = b',"part":'
_PIECE: Final = 1 << 18
_PAGING: Final = frozenset({"NextToken", "MaxResults"})
_NOT_JSON: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Part(msgspec.Struct, frozen=True):
    """Which page an answer is. ``attempt`` counts from 1, as pages do; ``round`` from 0."""

    collector: str
    round: int = 0
    page: int = 1
    attempt: int = 1


class _Head(msgspec.Struct):
    part: _Scope


class _Scope(msgspec.Struct):
    scope: tuple[str, ...]


class _Line(msgspec.Struct):
    account: str
    region: str
    service: str
    operation: str
    part: Part
    request: dict[str, Any] = {}
    error: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


_encode = msgspec.json.Encoder().encode
_line = msgspec.json.Decoder(_Line).decode
_head = msgspec.json.Decoder(_Head).decode

LakeKey = tuple[str, str]
"""Account and region."""
Key = tuple[int, str]
"""A listing of a collector: the operation's place among the collector's, and the canonical request without paging."""


@dataclass(slots=True)
class Kept:
    """The pages of one listing that are in the journal: page → where its line is."""

    attempt: int = 1
    pages: dict[int, tuple[int, int]] = field(default_factory=dict)
    failed: set[int] = field(default_factory=set)


@dataclass(slots=True)
class _Of:
    """What is kept of one collector in one lake."""

    round: int = 0
    listings: dict[Key, Kept] = field(default_factory=dict)


class Journal:
    """A journal on a byte stream that can be read, written, sought and cut; it stays open when the journal is done."""

    def __init__(self, stream: IO[bytes], header: Header, scope: Sequence[str] = ()) -> None:
        """Begin on an empty *stream*; *scope* names what is read, for whoever resumes it."""
        self.header = header
        self.scope = tuple(scope)
        self.resumed = False
        self._start(stream)
        head = recording.header_line(header)
        self._append(head[:-1] + _PART + _encode(_Scope(self.scope)) + b"}\n")

    def _start(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._end = 0
        self._lakes: dict[LakeKey, dict[str, _Of]] = {}
        self._pack = zstandard.ZstdCompressor(level=3, write_checksum=True)
        self._unpack = zstandard.ZstdDecompressor()

    @classmethod
    def resume(cls, stream: IO[bytes], name: str) -> Journal | None:
        """Go on with a journal; a line that is cut is dropped. None if not even its first line is whole.

        Raises:
            RecordingError: the file was not begun by a reading.

        """
        self = cls.__new__(cls)
        self._start(stream)
        self.resumed = True
        first = True
        stream.seek(0)
        for start, end, data in _frames(stream):
            if first:
                self._read_head(data, name)
                first = False
            else:
                try:
                    found = _line(data)
                except _NOT_JSON:
                    break
                self._index(found, (start, end - start))
            self._end = end
        if first:
            stream.seek(0)
            start_bytes = stream.read(len(recording.ZSTD))
            if start_bytes and not recording.ZSTD.startswith(start_bytes):
                raise RecordingError(f"`{name}` is no reading that was broken off: it is something else")
            stream.seek(0)
            stream.truncate()
            return None
        stream.seek(self._end)
        stream.truncate()
        return self

    def _read_head(self, data: bytes, name: str) -> None:
        try:
            self.header, _ = recording.read(io.BytesIO(data), name)
            self.scope = _head(data).part.scope
        except _NOT_JSON:
            raise RecordingError(f"`{name}` is no reading that was broken off: it is a recording, or damaged") from None

    # ------------------------------------------------------------------------------------------------------- writing
    def add(self, answer: Answer, part: Part) -> None:
        """Write one answer; it is with the operating system when this returns."""
        where = self._append(recording.line(answer)[:-1] + _PART + _encode(part) + b"}\n")
        error = msgspec.UNSET if answer.error is None else msgspec.Raw()
        self._index(_Line(answer.account, answer.region, answer.service, answer.operation, part, dict(answer.request),
                          error), where)  # fmt: skip

    def _append(self, line: bytes) -> tuple[int, int]:
        frame = self._pack.compress(line)
        self._stream.seek(self._end)
        self._stream.write(frame)
        self._stream.flush()
        start, self._end = self._end, self._end + len(frame)
        return start, len(frame)

    def _index(self, line: _Line, where: tuple[int, int]) -> None:
        part = line.part
        self.settle(line.account, line.region, part.collector, part.round)
        of = self._lakes[line.account, line.region][part.collector]
        if part.round < of.round:
            return
        kept = of.listings.setdefault(key_of(part.collector, line.service, line.operation, line.request), Kept())
        if part.attempt > kept.attempt:
            kept.attempt = part.attempt
            kept.pages.clear()
            kept.failed.clear()
        if part.attempt == kept.attempt:
            kept.pages[part.page] = where
            kept.failed.discard(part.page)
            if line.error is not msgspec.UNSET:
                kept.failed.add(part.page)

    def settle(self, account: str, region: str, collector: str, number: int) -> None:
        """Say which round of a collector counts: what is kept of earlier ones is passed over from now on."""
        of = self._lakes.setdefault((account, region), {}).setdefault(collector, _Of())
        if number > of.round:
            of.round = number
            of.listings.clear()

    def forget(self, collector: str) -> None:
        """Pass over everything that a collector read."""
        for lake in self._lakes.values():
            lake.pop(collector, None)

    # ------------------------------------------------------------------------------------------------------- reading
    def accounts(self, region: str) -> list[str]:
        """Return the accounts of which something of *region* is kept."""
        return sorted(account for account, other in self._lakes if other == region)

    def round(self, account: str, region: str, collector: str) -> int:
        """Return the round of a collector that counts."""
        of = self._lakes.get((account, region), {}).get(collector)
        return of.round if of is not None else 0

    def kept(self, account: str, region: str, collector: str, key: Key) -> Kept | None:
        """Return what is kept of one listing."""
        of = self._lakes.get((account, region), {}).get(collector)
        return of.listings.get(key) if of is not None else None

    def page(self, where: tuple[int, int]) -> Answer:
        """Read one answer back."""
        return recording.answer_of(self._read(where), 0)

    def __len__(self) -> int:
        """How many answers count."""
        return sum(len(kept.pages) for lake in self._lakes.values() for of in lake.values()
                   for kept in of.listings.values())  # fmt: skip

    def listings(self) -> int:
        """How many listings there are."""
        return sum(len(of.listings) for lake in self._lakes.values() for of in lake.values())

    def lines(self, lakes: Iterable[LakeKey]) -> Iterator[bytes]:
        """Give the lines of the recording that this journal becomes, after its header, in plan order."""
        ranks = {one.name: one.rank for one in collectors()} | {SECOND: SECOND_RANK}
        for lake in lakes:
            found = self._lakes.get(lake, {})
            for name in sorted(found, key=lambda name: (ranks.get(name, SECOND_RANK), name)):
                for _, kept in sorted(found[name].listings.items()):
                    for page in sorted(kept.pages):
                        line = self._read(kept.pages[page])
                        yield line[: line.rindex(_PART)] + b"}\n"

    def answers(self, lakes: Iterable[LakeKey]) -> Iterator[Answer]:
        """Give the answers in plan order, numbered as the lines of the recording (the first is line 2)."""
        for number, line in enumerate(self.lines(lakes), 2):
            yield recording.answer_of(line, number)

    def answers_of(self, lakes: Iterable[LakeKey], collectors: Iterable[str]) -> Iterator[Answer]:
        """Give the answers of some collectors only, without lines' numbers: what they say, not where it stands."""
        names = tuple(collectors)
        for lake in lakes:
            for name in names:
                of = self._lakes.get(lake, {}).get(name, _Of())
                for _, kept in sorted(of.listings.items()):
                    yield from (self.page(kept.pages[page]) for page in sorted(kept.pages))

    def failures(self, lakes: Iterable[LakeKey]) -> Iterator[Answer]:
        """Give the answers that count and are failures."""
        for lake in lakes:
            for of in self._lakes.get(lake, {}).values():
                for kept in of.listings.values():
                    for where in kept.failed & kept.pages.keys():
                        yield self.page(kept.pages[where])

    def _read(self, where: tuple[int, int]) -> bytes:
        start, size = where
        self._stream.seek(start)
        return bytes(self._unpack.decompress(self._stream.read(size)))


def key_of(collector: str, service: str, operation: str, request: Mapping[str, Any]) -> Key:
    """Return what tells the listings of a collector apart."""
    pairs = _operations().get(collector, ())
    place = pairs.index((service, operation)) if (service, operation) in pairs else len(pairs)
    kept = {name: value for name, value in request.items() if name not in _PAGING}
    return place, f"{operation} {normal.canonical_json(kept)}" if collector == SECOND else normal.canonical_json(kept)


@cache
def _operations() -> dict[str, tuple[tuple[str, str], ...]]:
    return {one.name: one.operations for one in collectors()}


def _frames(stream: IO[bytes]) -> Iterator[tuple[int, int, bytes]]:
    """Give (start, end, line) of every whole frame; what follows a damaged one cannot be told apart."""
    factory = zstandard.ZstdDecompressor()
    start = position = 0
    rest = b""
    while True:
        frame, data = factory.decompressobj(), []
        while not frame.eof:
            rest = rest or stream.read(_PIECE)
            if not rest:
                return
            position += len(rest)
            try:
                data.append(frame.decompress(rest))
            except zstandard.ZstdError:
                return
            rest = frame.unused_data if frame.eof else b""
            position -= len(rest)
        yield start, position, b"".join(data)
        start = position
