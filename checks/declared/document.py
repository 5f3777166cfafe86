"""From bytes to resources: state exports and self-managed checkpoints, read but not yet understood.

Only the few fields that decide what a resource is are built; ``inputs`` and ``outputs`` stay raw JSON until somebody
needs them, so that a state of half a gigabyte costs little more than its own bytes.

What is foreseen (previews, event logs, plans) is read in ``foreseen``. Formats: pulumi/pulumi, sdk/go/common/apitype
(deployments, checkpoints).
"""

from __future__ import annotations

import gzip
import io
import zlib
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec
import zstandard

from checks.model import SourceInfo
from checks.spelling import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

LARGEST: Final = 2 << 30
"""Bytes. A packed document that unpacks to more is refused: 45,000 tables take half a gigabyte."""

_CHUNK: Final = 1 << 20
_PIECE: Final = 1 << 10
_GZIP: Final = b"\x1f\x8b"
_ZSTD: Final = b"\x28\xb5\x2f\xfd"
_LARGEST_WINDOW: Final = 1 << 27

VERSIONS: Final = (3, 4)
FEATURES: Final = frozenset({
    "byteString", "extensionParameterization", "hooks", "refreshBeforeUpdate", "replaceWith", "snippets-prototype",
    "taint", "views",
})  # fmt: skip
"""Features that a version 4 deployment may name (pulumi/pulumi, pkg/resource/stack)."""

_EXPORT: Final = "write it again with the Pulumi command line"
WANTED: Final = {
    "state": "what `pulumi stack export` prints, or a checkpoint file of a self-managed backend",
    "preview": "what `pulumi preview --json` prints (best with --show-sames), an engine event log, or a saved plan",
}
_INSTEAD: Final = {kind: f"give {what}" for kind, what in WANTED.items()}

Bytes = bytes | bytearray | memoryview


class StateError(Exception):
    """A document that cannot be used. The text is one line: what, where, what to do; never a value of the document."""

    def __init__(self, text: str) -> None:
        """Keep the text printable: names of files and URNs are other people's."""
        super().__init__(printable(text))


@dataclass(frozen=True, slots=True)
class Source:
    """A document: ``kind`` is ``state`` or ``preview``, ``name`` what messages call it, ``data`` its bytes as found."""

    kind: str
    name: str
    data: Bytes


# ------------------------------------------------------------------------------------------- what is read of the JSON
class Resource(msgspec.Struct, rename="camel", gc=False):
    """The fields of apitype.ResourceV3 that matter here."""

    urn: str
    type: str = ""
    custom: bool = False
    delete: bool = False
    external: bool = False
    pending_replacement: bool = False
    id: Any = None
    inputs: msgspec.Raw = msgspec.Raw(b"{}")
    outputs: msgspec.Raw = msgspec.Raw(b"{}")
    provider: str | None = None
    source_position: str | None = None
    stack_trace: msgspec.Raw = msgspec.Raw(b"")
    parent: str | None = None
    view_of: str | None = None

    @property
    def position(self) -> str | None:
        """The line of the program that has it (``__main__.py#66``); None where the document does not tell."""
        made_by = "" if self.parent is None else self.parent.partition("::")[2].partition("::")[2]
        above = bytes(self.stack_trace) if made_by and not made_by.startswith("pulumi:pulumi:Stack::") else b""
        return _line_of(self.source_position or "", above) or None

    @property
    def stack(self) -> str | None:
        """``project/stack`` out of ``urn:pulumi:STACK::PROJECT::TYPE::NAME``; None if this is no such URN."""
        parts = self.urn.split("::", 2)
        return _stack_of(parts[0], parts[1]) if len(parts) == 3 else None


class _Frame(msgspec.Struct, rename="camel", gc=False):
    source_position: str = ""


@lru_cache(maxsize=4096)  # a loop in the program makes thousands of resources on one line
def _line_of(own: str, above: bytes) -> str:
    """Return a resource's own line; of one that a component made (*above*: the lines that led there), who asked for it.

    A component's resources stand in its class: what a reader looks for is where its folder, else its file, was left.
    """
    start = "project:///"
    own = own.removeprefix(start)
    try:
        lines = [one.source_position.removeprefix(start) for one in msgspec.json.decode(above, type=list[_Frame])]
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return own
    file = own.rpartition("#")[0]
    folder = file.rpartition("/")[0]
    outside = [one for one in lines if one.rpartition("#")[0].rpartition("/")[0] != folder]
    others = [one for one in lines if one.rpartition("#")[0] != file]
    return next(iter([*outside, *others]), own)


@lru_cache(maxsize=256)
def _stack_of(head: str, project: str) -> str | None:
    start = "urn:pulumi:"
    return f"{project}/{head.removeprefix(start)}" if head.startswith(start) else None


class _Operation(msgspec.Struct, gc=False):
    resource: Resource
    type: str = ""


class _Deployment(msgspec.Struct, gc=False):
    resources: list[Resource] | None = None
    pending_operations: list[_Operation] | None = None


class _Checkpoint(msgspec.Struct, gc=False):
    stack: str | None = None
    latest: _Deployment | None = None


class _State(msgspec.Struct, gc=False):
    version: Any = None
    features: Any = None
    deployment: _Deployment | msgspec.UnsetType | None = msgspec.UNSET
    checkpoint: _Checkpoint | msgspec.UnsetType = msgspec.UNSET


class _Head(msgspec.Struct, rename="camel", gc=False):
    """What tells a document that was refused from others. Raw members are skipped over, not built."""

    version: Any = None
    features: Any = None
    deployment: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    checkpoint: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    steps: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    change_summary: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    latest: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    resources: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    resource_plans: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    sequence: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


# ----------------------------------------------------------------------------------------------------------- documents
@dataclass(frozen=True, slots=True)
class Entry:
    """One resource and the place it was read from: a JSON pointer into the document called ``source``."""

    resource: Resource
    pointer: str
    source: str


@dataclass(frozen=True, slots=True)
class Step:
    """What a preview does with one resource: the operation in Pulumi's words, and the resource on either side of it."""

    op: str
    urn: str
    old: Entry | None = None
    new: Entry | None = None


@dataclass(frozen=True, slots=True)
class Patch:
    """What a saved plan changes of a resource's inputs; ``bare`` is the resource without them."""

    bare: Entry
    adds: Mapping[str, Any]
    deletes: frozenset[str]
    whole: bool
    """Whether nothing was there before, so that what is added is everything."""


@dataclass(frozen=True, slots=True)
class Document:
    """What one document says.

    ``entries`` are all resources as listed; ``pending`` those of interrupted operations with the operation's name;
    ``gone`` the URNs that a preview would delete; ``untold`` how many unchanged resources a preview leaves out;
    ``whole`` whether it proves to leave out none: it counts some, and lists as many;
    ``failed`` whether a preview ended with errors; ``region`` the stack's own setting where the document has it.
    ``steps`` are what a preview does, one by one; ``patches`` what a saved plan holds in place of ``entries``.
    """

    info: SourceInfo
    entries: tuple[Entry, ...] = ()
    pending: tuple[tuple[str, Entry], ...] = ()
    gone: frozenset[str] = frozenset()
    odd: tuple[tuple[str, Entry], ...] = ()
    untold: int = 0
    whole: bool = False
    failed: bool = False
    region: str | None = None
    steps: tuple[Step, ...] = ()
    patches: Mapping[str, Patch] = field(default_factory=dict)


# ----------------------------------------------------------------------------------------------------------- unpacking
def unpack(source: Source, largest: int = LARGEST) -> Bytes:
    """Undo gzip or zstd, told by the first bytes; anything else is given back as it is.

    Raises:
        StateError: the packed data is cut or damaged, or grows over ``largest`` bytes.

    """
    start = bytes(source.data[:4])
    if start.startswith(_GZIP):
        return _gunzip(source, largest)
    if start == _ZSTD:
        return _unzstd(source, largest)
    return source.data


def _gunzip(source: Source, largest: int) -> bytearray:
    out = bytearray()
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(source.data)) as packed:
            while piece := packed.read(_CHUNK):
                out += piece
                _check_size(source, out, largest)
    except EOFError:
        raise _cut(source, "gzip") from None
    except (gzip.BadGzipFile, zlib.error):
        raise StateError(f"`{source.name}` is damaged: its gzip data cannot be unpacked; {_EXPORT}") from None
    return out


def _unzstd(source: Source, largest: int) -> bytearray:
    """Feed little pieces: four bytes may unpack to 128 KiB, so that a piece stays under 32 MiB."""
    out, rest = bytearray(), memoryview(source.data)
    frame = None
    try:
        while rest:
            frame = frame or zstandard.ZstdDecompressor(max_window_size=_LARGEST_WINDOW).decompressobj()
            out += frame.decompress(rest[:_PIECE])
            _check_size(source, out, largest)
            unused = len(frame.unused_data) if frame.eof else 0
            rest = rest[min(_PIECE, len(rest)) - unused :]
            frame = None if frame.eof else frame
    except zstandard.ZstdError:
        raise StateError(f"`{source.name}` is damaged: its zstd data cannot be unpacked; {_EXPORT}") from None
    if frame is not None:
        raise _cut(source, "zstd")
    return out


def _cut(source: Source, packing: str) -> StateError:
    return StateError(f"`{source.name}` is cut: its {packing} data ends in the middle; {_EXPORT}")


def _check_size(source: Source, out: bytearray, largest: int) -> None:
    """Stop early: at the size limit, or at once when what comes out is no JSON object."""
    if len(out) > largest:
        raise StateError(f"`{source.name}` unpacks to more than {largest >> 20} MiB: no state is that large")
    first = bytes(out[:64]).lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")[:1]
    if first not in {b"{", b"[", b""}:
        raise _no_json(source)


def text(source: Source) -> Bytes:
    """Return the document unpacked, as UTF-8 without a byte order mark (PowerShell's ``>`` writes UTF-16)."""
    data = unpack(source)
    start = bytes(data[:3])
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return bytes(data).decode("utf-16").encode()
        except UnicodeError:
            raise _no_json(source) from None
    return data[3:] if start == b"\xef\xbb\xbf" else data


# ---------------------------------------------------------------------------------------------------------- which one?
_T = TypeVar("_T")


def _no_json(source: Source) -> StateError:
    return StateError(f"`{source.name}` is not JSON: give {WANTED[source.kind]}")


def _no_object(source: Source, data: Bytes) -> StateError:
    try:
        msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return _no_json(source)
    return StateError(f"`{source.name}` is JSON, but no {source.kind}: give {WANTED[source.kind]}")


def decode(source: Source, data: Bytes, kind: type[_T]) -> _T:
    """Decode into ``kind``, with one clear line for whatever is wrong. msgspec's own texts hold no values."""
    start = bytes(data[:256]).lstrip()[:1]
    if not start and len(data) <= 256:
        raise StateError(f"`{source.name}` is empty: give {WANTED[source.kind]}")
    if start == b"[":
        raise StateError(f"`{source.name}` is a JSON list, but no {source.kind}: give {WANTED[source.kind]}")
    if start != b"{":
        raise _no_object(source, data)
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.ValidationError as error:
        raise StateError(f"`{source.name}` is not a {source.kind}: {_lower(error)}; {_EXPORT}") from None
    except msgspec.DecodeError as error:
        if "truncated" in str(error):
            raise StateError(f"`{source.name}` is cut: the JSON ends in the middle; {_EXPORT}") from None
        raise StateError(f"`{source.name}` is damaged: {_lower(error)}; {_EXPORT}") from None
    except (RecursionError, UnicodeError):
        raise StateError(f"`{source.name}` cannot be read: nested too deeply or not UTF-8; {_EXPORT}") from None


def _lower(error: Exception) -> str:
    text = str(error)
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def _head(data: Bytes) -> _Head | None:
    """Read the outermost members of a document, or of its first line if each line is one."""
    for text in (data, bytes(data[:_CHUNK]).lstrip().partition(b"\n")[0]):
        try:
            return msgspec.json.decode(text, type=_Head)
        except (msgspec.DecodeError, RecursionError, UnicodeError):
            continue
    return None


def refusal(source: Source, data: Bytes) -> StateError | None:
    """Say what a document is that we cannot use, if it is one we have heard of."""
    head, unset = _head(data), msgspec.UNSET
    name = source.name
    if head is None:
        return None
    if head.sequence is not unset and source.kind == "state":
        return StateError(f"`{name}` is an engine event log: give it with --preview")
    if head.resource_plans is not unset and source.kind == "state":
        return StateError(f"`{name}` is a saved plan: give it with --preview")
    if head.steps is not unset or head.change_summary is not unset:
        return StateError(f"`{name}` is a preview: give it with --preview") if source.kind == "state" else None
    if head.deployment is unset and head.checkpoint is unset:
        if head.latest is not unset:
            return StateError(f"`{name}` is a checkpoint of version 0, from before 2018: {_INSTEAD['state']}")
        if head.resources is not unset:
            return StateError(f"`{name}` is a deployment without its `version`: {_INSTEAD['state']}")
        return StateError(f"`{name}` is JSON, but no {source.kind}: give {WANTED[source.kind]}")
    if source.kind == "preview":
        return StateError(f"`{name}` is a state: give it with --state")
    if type(head.version) is not int or head.version not in VERSIONS:
        said = f"version {head.version}" if type(head.version) is int else "no version"
        return StateError(f"`{name}` has {said}, and only versions 3 and 4 are known: {_INSTEAD['state']}")
    unknown = _unknown_features(head.features)
    if unknown:
        return StateError(f"`{name}` uses {unknown}, which this version of floodline does not know: update floodline")
    return None


def _unknown_features(features: Any) -> str:
    """Name the features of a version 4 deployment that we do not know; empty if there is none."""
    if features is None:
        return ""
    if not isinstance(features, list):
        return "`features` that are no list"
    odd = sorted({str(name)[:60] for name in features} - FEATURES)
    return "the feature " + ", ".join(f"`{name}`" for name in odd) if odd else ""


# --------------------------------------------------------------------------------------------------------------- state
def state(source: Source, data: Bytes) -> Document:
    """Read a state export or a checkpoint, versions 3 and 4.

    Raises:
        StateError: it is neither, cut, or of a version or with features that nobody knows.

    """
    try:
        state = decode(source, data, _State)
    except StateError as error:
        raise (refusal(source, data) or error) from None
    known = type(state.version) is int and state.version in VERSIONS and not _unknown_features(state.features)
    said = state.deployment is not msgspec.UNSET or state.checkpoint is not msgspec.UNSET
    if not known or not said:
        raise refusal(source, data) or StateError(f"`{source.name}` is no state: give {WANTED['state']}")
    if isinstance(state.checkpoint, _Checkpoint):
        at, deployment, stack = "/checkpoint/latest", state.checkpoint.latest, _stack_name(state.checkpoint.stack)
    else:
        at, deployment, stack = "/deployment", state.deployment or None, None
    deployment = deployment or _Deployment()
    entries = tuple(
        Entry(resource, f"{at}/resources/{index}", source.name)
        for index, resource in enumerate(deployment.resources or ())
    )
    pending = tuple(
        (operation.type, Entry(operation.resource, f"{at}/pending_operations/{index}/resource", source.name))
        for index, operation in enumerate(deployment.pending_operations or ())
    )
    return Document(SourceInfo(source.kind, source.name, first_stack(entries) or stack), entries, pending)


def _stack_name(text: str | None) -> str | None:
    """``organization/P/S`` is ``P/S``; older checkpoints say only ``S``, which names no project."""
    parts = (text or "").split("/")
    return "/".join(parts[-2:]) if len(parts) >= 2 else None


def first_stack(entries: Iterable[Entry]) -> str | None:
    """Return ``project/stack`` of the first resource that tells it."""
    return next((entry.resource.stack for entry in entries if entry.resource.stack), None)
