"""Recordings, version 1: a header line and one API answer a line, plain, gzip or zstd.

Reading and writing stream: a page is the largest thing held in memory.
"""

from __future__ import annotations

import gzip
import io
import zlib
from dataclasses import dataclass
from functools import partial
from typing import IO, TYPE_CHECKING, Any, Final, Protocol, Self

import msgspec
import zstandard

from checks.live.answer import Answer, Cut, Failure, Listed
from checks.live.shapes import PlainPage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

VERSION: Final = 1
COMPRESSIONS: Final = {".gz": "gzip", ".zst": "zstd"}

_NOT_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_DAMAGED = (EOFError, OSError, zlib.error, zstandard.ZstdError)
_PIECE: Final = 1 << 18
"""Bytes unpacked at once: more would not stay in the processor's cache."""
_BEGINNING: Final = 1 << 10
"""Bytes of a line among which its operation stands, if it is one to be decoded at once."""
_LISTING: Final = b'"operation":"ListPermissions"'
_GZIP = b"\x1f\x8b"
ZSTD: Final = b"\x28\xb5\x2f\xfd"
"""How a zstd frame begins."""


class RecordingError(ValueError):
    """The input is no recording that can be read: one clear line."""


class Stream(Protocol):
    """What a recording is read from. One with a method ``lines`` gives a plain one's lines by it, from the first on."""

    def read(self, size: int, /) -> bytes:
        """Return at most so many bytes, none at the end."""


@dataclass(frozen=True, slots=True)
class Header:
    """When, and with what, the answers were recorded."""

    started: str = ""
    tool: str = ""
    botocore: str = ""


class _Header(msgspec.Struct):
    floodline_recording: int
    started: str = ""
    tool: str = ""
    botocore: str = ""


class _Failure(msgspec.Struct):
    code: str = "Unknown"
    message: str = ""
    http_status: int = 0


class _Line(msgspec.Struct, omit_defaults=True):
    account: str
    region: str
    service: str
    operation: str
    request: dict[str, Any] | None = None
    response: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    error: _Failure | None = None
    at: str = ""


class _PageLine(msgspec.Struct, gc=False):
    account: str
    region: str
    service: str
    operation: str
    response: PlainPage
    request: dict[str, Any] | None = None
    error: Any = None
    at: str = ""


_decode_page = msgspec.json.Decoder(_PageLine).decode
_decode_header = msgspec.json.Decoder(_Header).decode
_decode_line = msgspec.json.Decoder(_Line).decode
_decode_any = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


# ------------------------------------------------------------------------------------------------------------ reading
def read(stream: Stream, name: str) -> tuple[Header, Iterator[Answer | Cut]]:
    """Read the header of *stream* at once and the answers as they are asked for; see ``listed``."""
    header, answers = listed(stream, name)
    return header, (one.whole() if isinstance(one, Listed) else one for one in answers)


def listed(stream: Stream, name: str) -> tuple[Header, Iterator[Answer | Listed | Cut]]:
    """Read the header of *stream* at once and the answers as they are asked for; grants come decoded.

    A recording that was cut ends with a ``Cut``; *name* is used in messages only.

    Raises:
        RecordingError: no recording, an unknown version, and, while iterating, a line inside it that is no answer.

    """
    lines = _lines(stream)
    try:
        first = next(lines, b"")
    except _DAMAGED as error:
        raise RecordingError(f"`{name}` is no recording: it breaks off inside its first line ({error})") from None
    return _header(first, name), _answers(lines, name)


def _header(line: bytes, name: str) -> Header:
    if not line.strip():
        raise RecordingError(f"`{name}` is no recording: it is empty")
    try:
        header = _decode_header(line)
    except _NOT_JSON:
        raise RecordingError(
            f"`{name}` is no recording: its first line is not a header with `floodline_recording`; "
            "make one with `floodline collect`"
        ) from None
    if header.floodline_recording != VERSION:
        raise RecordingError(
            f"`{name}` is a recording of version {header.floodline_recording}; this floodline reads version {VERSION}"
        )
    return Header(header.started, header.tool, header.botocore)


def _answers(lines: Iterator[bytes], name: str) -> Iterator[Answer | Listed | Cut]:
    number = 1
    while True:
        number += 1
        try:
            line = next(lines, None)
        except _DAMAGED:
            yield Cut(number, "the compressed recording is cut or damaged")
            return
        if line is None:
            return
        if not line or line.isspace():
            continue
        found = _listed(line, number, name) or _whole(line, number, name)
        yield found
        if isinstance(found, Cut):
            return


def _listed(line: bytes, number: int, name: str) -> Listed | None:
    """Decode a page of ``ListPermissions`` with its line; None for other lines, and for a page that is not plain."""
    if line.find(_LISTING, 0, _BEGINNING) < 0:
        return None
    try:
        parsed = _decode_page(line)
    except _NOT_JSON:
        return None
    if (
        (parsed.service, parsed.operation) != ("lakeformation", "ListPermissions")
        or parsed.error is not None
        or not (parsed.account.strip() and parsed.region.strip())
    ):
        return None
    page = parsed.response
    response = _encode(PlainPage([], page.NextToken))
    envelope = Answer(parsed.account, parsed.region, parsed.service, parsed.operation, parsed.request or {}, response,
                      None, parsed.at, number)  # fmt: skip
    return Listed(envelope, page.PrincipalResourcePermissions, partial(_whole, line, number, name))


def _whole(line: bytes, number: int, name: str) -> Answer | Cut:
    try:
        parsed = _decode_line(line)
    except _NOT_JSON as error:
        if not line.endswith(b"\n") and not _is_json(line):
            return Cut(number, "the recording is cut inside its last line")
        raise RecordingError(f"`{name}` line {number} is no answer: {_why(error)}") from None
    for member, value in (("account", parsed.account), ("region", parsed.region)):
        if not value.strip():
            raise RecordingError(f"`{name}` line {number} is no answer: `{member}` is empty")
    return _answer(parsed, number)


def _is_json(line: bytes) -> bool:
    try:
        _decode_any(line)
    except _NOT_JSON:
        return False
    return True


def _why(error: Exception) -> str:
    """Say what is wrong with a line; msgspec names members and types, never values."""
    return str(error) if isinstance(error, msgspec.ValidationError) else "it is not JSON"


def _answer(line: _Line, number: int) -> Answer:
    response: bytes | None = b"" if line.response is msgspec.UNSET else bytes(line.response)
    error = None
    if line.error is not None:
        response, error = None, Failure(line.error.code, line.error.message, line.error.http_status)
    elif response in (b"", b"null"):
        response, error = None, Failure("NoAnswer", "the line holds neither a response nor an error")
    return Answer(line.account, line.region, line.service, line.operation, line.request or {}, response, error,
                  line.at, number)  # fmt: skip


def _lines(stream: Stream) -> Iterator[bytes]:
    """Lines of a plain, gzip or zstd stream, told apart by the first bytes; it need not be seekable."""
    magic = b""
    while len(magic) < len(ZSTD) and (more := stream.read(len(ZSTD) - len(magic))):
        magic += more
    lines = getattr(stream, "lines", None)
    if lines is not None and magic != ZSTD and not magic.startswith(_GZIP):
        plain: Iterator[bytes] = lines()
        return plain
    buffered = io.BufferedReader(_Raw(magic, stream), 1 << 20)
    if magic.startswith(_GZIP):
        return iter(io.BufferedReader(_Gzip(buffered), _PIECE))
    if magic == ZSTD:
        return iter(io.BufferedReader(_Zstd(buffered), 1 << 20))
    return iter(buffered)


class _Raw(io.RawIOBase):
    """Any readable byte stream as a raw one, after the bytes that were already taken from it."""

    def __init__(self, head: bytes, stream: Stream) -> None:
        self._head = head
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data, self._head = self._head or self._stream.read(len(buffer)), b""
        buffer[: len(data)] = data
        return len(data)


class _Gzip(io.RawIOBase):
    """Decompressed gzip members, one after the other: what ``gzip.GzipFile`` reads, in less than half of its time.

    A member without its end is an EOFError; zeros after the last one are padding.
    """

    def __init__(self, stream: io.BufferedReader[_Raw]) -> None:
        self._stream = stream
        self._member: Any = None
        self._input = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while True:
            self._input = self._input or self._stream.read1(1 << 16)
            if not self._input:
                if self._member is not None:
                    raise EOFError("compressed data ends before its last member does")
                return 0
            if self._member is None:
                self._input = self._input.lstrip(b"\0")
                if not self._input:
                    continue
                self._member = zlib.decompressobj(16 + zlib.MAX_WBITS)
            data = self._member.decompress(self._input, len(buffer))
            self._input = self._member.unconsumed_tail
            if self._member.eof:
                self._input, self._member = self._member.unused_data, None
            if data:
                buffer[: len(data)] = data
                return len(data)


class _Zstd(io.RawIOBase):
    """Decompressed zstd frames, one after the other.

    zstandard's own stream reader ends silently where the input is cut; here a frame without its end is an EOFError.
    """

    def __init__(self, stream: io.BufferedReader[_Raw]) -> None:
        self._stream = stream
        self._factory = zstandard.ZstdDecompressor()
        self._frame: Any = None
        self._input = b""
        self._output = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._output:
            self._input = self._input or self._stream.read1(1 << 16)
            if not self._input:
                if self._frame is not None:
                    raise EOFError("compressed data ends before its last frame does")
                return 0
            if self._frame is None:
                self._frame = self._factory.decompressobj()
            self._output = memoryview(self._frame.decompress(self._input))
            self._input = self._frame.unused_data if self._frame.eof else b""
            if self._frame.eof:
                self._frame = None
        size = min(len(buffer), len(self._output))
        buffer[:size] = self._output[:size]
        self._output = self._output[size:]
        return size


# ------------------------------------------------------------------------------------------------------------ writing
def compression_of(name: str) -> str:
    """``gzip``, ``zstd`` or nothing, by the suffix of a file name."""
    return next((kind for suffix, kind in COMPRESSIONS.items() if name.endswith(suffix)), "")


def header_line(header: Header) -> bytes:
    """Return the first line of a recording, without its end."""
    return _encode(_Header(VERSION, header.started, header.tool, header.botocore))


def line(answer: Answer) -> bytes:
    """Return an answer as a line of a recording, without its end."""
    error = answer.error
    response: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    if answer.response is not None:
        one_line = b"\n" not in answer.response
        response = msgspec.Raw(answer.response if one_line else msgspec.json.format(answer.response, indent=-1))
    return _encode(
        _Line(
            answer.account,
            answer.region,
            answer.service,
            answer.operation,
            dict(answer.request),
            response,
            None if error is None else _Failure(error.code, error.message, error.http_status),
            answer.at,
        )
    )


def answer_of(data: bytes, number: int) -> Answer:
    """Read a line that ``line`` wrote, extra members or not, as the answer of line *number*."""
    return _answer(_decode_line(data), number)


class Writer:
    """Writes a recording to a byte stream, which stays open: close the writer, then the stream.

    The same answers give the same bytes. Use it in a ``with`` block; an answer whose ``line`` is N becomes line N.
    """

    def __init__(self, stream: IO[bytes], header: Header, compression: str = "") -> None:
        """Write the header line; *compression* is ``gzip``, ``zstd`` or empty."""
        self._stream: Any = stream
        if compression == "gzip":
            self._stream = gzip.GzipFile(filename="", mode="wb", fileobj=stream, compresslevel=6, mtime=0)
        elif compression == "zstd":
            compressor = zstandard.ZstdCompressor(level=3, write_checksum=True)
            self._stream = compressor.stream_writer(stream, closefd=False)
        elif compression:
            raise ValueError(f"unknown compression `{compression}`; use gzip or zstd")
        self._own = bool(compression)
        self.line(header_line(header) + b"\n")

    def write(self, answer: Answer) -> None:
        """Write one answer."""
        self.line(line(answer) + b"\n")

    def line(self, data: bytes) -> None:
        """Write an answer that is a line already."""
        self._stream.write(data)

    def close(self) -> None:
        """Finish the compression; the stream itself stays open."""
        if self._own:
            self._stream.close()
            self._own = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        self.close()
