"""From bytes to resources: state exports, self-managed checkpoints and previews, read but not yet understood.

Only the few fields that decide what a resource is are built; ``inputs`` and ``outputs`` stay raw JSON until somebody
needs them, so that a state of half a gigabyte costs little more than its own bytes.

Formats: pulumi/pulumi, sdk/go/common/apitype (deployments, checkpoints) and pkg/backend/display (preview digest).
"""

from __future__ import annotations

import gzip
import hashlib
import io
import zlib
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec
import zstandard

from checks.model import SourceInfo
from checks.spelling import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

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
_WANTED: Final = {
    "state": "what `pulumi stack export` prints, or a checkpoint file of a self-managed backend",
    "preview": "what `pulumi preview --json --show-sames` prints",
}
_INSTEAD: Final = {kind: f"give {what}" for kind, what in _WANTED.items()}

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
    view_of: str | None = None

    @property
    def stack(self) -> str | None:
        """``project/stack`` out of ``urn:pulumi:STACK::PROJECT::TYPE::NAME``; None if this is no such URN."""
        parts = self.urn.split("::", 2)
        return _stack_of(parts[0], parts[1]) if len(parts) == 3 else None


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


class _Step(msgspec.Struct, rename="camel", gc=False):
    op: str = ""
    urn: str = ""
    new_state: Resource | None = None


class _Diagnostic(msgspec.Struct, gc=False):
    severity: str = ""


class _Preview(msgspec.Struct, rename="camel", gc=False):
    steps: list[_Step] | msgspec.UnsetType | None = msgspec.UNSET
    config: dict[str, Any] | None = None
    diagnostics: list[_Diagnostic] | None = None
    change_summary: dict[str, int] | msgspec.UnsetType | None = msgspec.UNSET


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
class Document:
    """What one document says.

    ``entries`` are all resources as listed; ``pending`` those of interrupted operations with the operation's name;
    ``gone`` the URNs that a preview would delete; ``untold`` how many unchanged resources a preview leaves out;
    ``failed`` whether a preview ended with errors; ``region`` the stack's own setting where the document has it.
    """

    info: SourceInfo
    entries: tuple[Entry, ...] = ()
    pending: tuple[tuple[str, Entry], ...] = ()
    gone: frozenset[str] = frozenset()
    odd: tuple[tuple[str, Entry], ...] = ()
    untold: int = 0
    failed: bool = False
    region: str | None = None


def parse(source: Source, *, hashed: bool = True) -> Document:
    """Read one document; without ``hashed`` its ``info`` has no digest, which takes as long as reading.

    Raises:
        StateError: the bytes are no document of the kind asked for, or of a version nobody knows.

    """
    readers = {"preview": _preview, "state": _state}
    if source.kind not in readers:
        raise StateError(f"`{source.name}` is given as `{source.kind}`: only `state` and `preview` are known")
    document = readers[source.kind](source, text(source))
    if not hashed:
        return document
    return replace(document, info=replace(document.info, sha256=hashlib.sha256(source.data).hexdigest()))


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
    return StateError(f"`{source.name}` is not JSON: give {_WANTED[source.kind]}")


def _no_object(source: Source, data: Bytes) -> StateError:
    try:
        msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return _no_json(source)
    return StateError(f"`{source.name}` is JSON, but no {source.kind}: give {_WANTED[source.kind]}")


def _decode(source: Source, data: Bytes, kind: type[_T]) -> _T:
    """Decode into ``kind``, with one clear line for whatever is wrong. msgspec's own texts hold no values."""
    start = bytes(data[:256]).lstrip()[:1]
    if not start and len(data) <= 256:
        raise StateError(f"`{source.name}` is empty: give {_WANTED[source.kind]}")
    if start == b"[":
        raise StateError(f"`{source.name}` is a JSON list, but no {source.kind}: give {_WANTED[source.kind]}")
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


def _refusal(source: Source, data: Bytes) -> StateError | None:
    """Say what a document is that we cannot use, if it is one we have heard of."""
    head, unset = _head(data), msgspec.UNSET
    name = source.name
    if head is None:
        return None
    if head.sequence is not unset:
        return StateError(f"`{name}` is an engine event log, which is not read yet: {_INSTEAD[source.kind]}")
    if head.resource_plans is not unset:
        return StateError(f"`{name}` is an update plan, which holds only differences: {_INSTEAD[source.kind]}")
    if head.steps is not unset or head.change_summary is not unset:
        return StateError(f"`{name}` is a preview: give it with --preview") if source.kind == "state" else None
    if head.deployment is unset and head.checkpoint is unset:
        if head.latest is not unset:
            return StateError(f"`{name}` is a checkpoint of version 0, from before 2018: {_INSTEAD['state']}")
        if head.resources is not unset:
            return StateError(f"`{name}` is a deployment without its `version`: {_INSTEAD['state']}")
        return StateError(f"`{name}` is JSON, but no {source.kind}: give {_WANTED[source.kind]}")
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
def _state(source: Source, data: Bytes) -> Document:
    try:
        state = _decode(source, data, _State)
    except StateError as error:
        raise (_refusal(source, data) or error) from None
    known = type(state.version) is int and state.version in VERSIONS and not _unknown_features(state.features)
    said = state.deployment is not msgspec.UNSET or state.checkpoint is not msgspec.UNSET
    if not known or not said:
        raise _refusal(source, data) or StateError(f"`{source.name}` is no state: give {_WANTED['state']}")
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
    return Document(SourceInfo(source.kind, source.name, _first_stack(entries) or stack), entries, pending)


def _stack_name(text: str | None) -> str | None:
    """``organization/P/S`` is ``P/S``; older checkpoints say only ``S``, which names no project."""
    parts = (text or "").split("/")
    return "/".join(parts[-2:]) if len(parts) >= 2 else None


def _first_stack(entries: Iterable[Entry]) -> str | None:
    return next((entry.resource.stack for entry in entries if entry.resource.stack), None)


# ------------------------------------------------------------------------------------------------------------- preview
_LASTING: Final = frozenset({
    "same", "create", "update", "replace", "create-replacement", "read", "read-replacement", "refresh", "import",
    "import-replacement",
})  # fmt: skip
_GOING: Final = frozenset({"delete", "discard"})
_OLD_HALF: Final = frozenset({"delete-replaced", "discard-replaced", "remove-pending-replace"})


def _type_in(urn: str) -> str:
    """Take the type out of ``urn:pulumi:STACK::PROJECT::PARENT$TYPE::NAME``."""
    parts = urn.split("::", 3)
    return parts[2].rpartition("$")[2] if len(parts) == 4 else ""


def _preview(source: Source, data: Bytes) -> Document:
    """Read steps; of several steps on one URN the last that leaves a resource behind counts."""
    try:
        preview = _decode(source, data, _Preview)
    except StateError as error:
        raise (_refusal(source, data) or error) from None
    if preview.steps is msgspec.UNSET and preview.change_summary is msgspec.UNSET:
        raise _refusal(source, data) or StateError(f"`{source.name}` is no preview: give {_WANTED['preview']}")
    steps = preview.steps or []
    entries: dict[str, Entry] = {}
    gone: set[str] = set()
    odd: list[tuple[str, Entry]] = []
    for index, step in enumerate(steps):
        at = f"/steps/{index}"
        state = step.new_state
        urn = state.urn if state else step.urn
        if step.op in _LASTING and state is not None:
            entries[urn] = Entry(state, f"{at}/newState", source.name)
        elif step.op in _GOING:
            gone.add(urn)
        elif step.op not in _OLD_HALF:
            odd.append((step.op[:40], Entry(state or Resource(urn, _type_in(urn)), at, source.name)))
    same = sum(step.op == "same" for step in steps)
    summary = preview.change_summary or {}
    untold = max(0, summary.get("same", 0) - same)
    stack = _first_stack(entries.values()) or next((Resource(urn).stack for urn in sorted(gone)), None)
    region = (preview.config or {}).get("aws:region")
    return Document(
        SourceInfo(source.kind, source.name, stack),
        tuple(entries.values()),
        gone=frozenset(gone - entries.keys()),
        odd=tuple(odd),
        untold=untold,
        failed=any(diagnostic.severity == "error" for diagnostic in preview.diagnostics or ()),
        region=region if isinstance(region, str) else None,
    )
