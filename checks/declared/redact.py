"""Declared documents without their secrets, for keeping: what is read of them afterwards is the very same.

Removed are the values of secrets, sealed or plain (``SIGNATURE`` objects, wherever they stand), the state of the
secrets provider (an encrypted key, a salt), values of configuration, what a provider is configured with beyond what
tells its account and region, outputs that a resource names as secret, and outputs that repeat a secret of the same
resource in plain. Every other byte stays: places are found in the text and cut out there, so that JSON pointers lead
where they led.

A document without any secret is given back as it came, packed or not.

Sources: pulumi/pulumi, sdk/go/common/apitype (secrets providers, resources), sdk/go/common/resource (signatures).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

import msgspec

from checks.declared.document import StateError, text
from checks.declared.shape import MASKED, SECRET, SIGNATURE, UNKNOWN
from checks.declared.where import Clues

if TYPE_CHECKING:
    from collections.abc import Iterator

    from checks.declared.document import Bytes, Source

_ALWAYS: Final = 1 << 20
"""Bytes. What is longer is gone into without a look whether it is worth it: a look would copy it."""
_ECHO: Final = 6
"""Characters that a plain secret must have for its echoes to be cut out: shorter ones are words like ``true``."""
_DEEPEST: Final = 200
_MARKS: Final = (
    SIGNATURE.encode(), b"\\u", b"additionalSecretOutputs", b"secrets_providers", b'"config"',
)  # fmt: skip
_PROVIDER: Final = "pulumi:providers:"
_OF_PROVIDER: Final = re.compile(rb'"type"\s*:\s*"pulumi:providers:')
_KEPT: Final = frozenset(one.encode_name for one in msgspec.structs.fields(Clues)) | {"version", "name"}
"""Members that tell where a resource is, and what it is called: they are read of outputs and of providers."""

_VALUES: Final = frozenset({"inputs", "outputs", "adds", "updates"})
"""Where values stand: in a resource of a state or a preview, and in a saved plan's differences."""

_KEY: Final = re.compile(rb'[\s,{]*"(?:[^"\\]|\\.)*"\s*:\s*', re.DOTALL)
_GAP: Final = re.compile(rb"\s*")
_OPEN: Final = re.compile(rb"\[\s*")
_BETWEEN: Final = re.compile(rb"[\s,]*")
_END: Final = re.compile(rb"\s*[}\]]")

_members: Final = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_items: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode
_any: Final = msgspec.json.Decoder().decode
_ODD: Final = (msgspec.DecodeError, UnicodeError, RecursionError)
_HIDDEN: Final = {SIGNATURE: SECRET, "ciphertext": ""}


@dataclass(frozen=True, slots=True)
class Redacted:
    """A document for keeping: its bytes in pieces, and how many places were cut out; none: it is as it came."""

    pieces: tuple[Bytes, ...]
    removed: int


def redact(source: Source) -> Redacted:
    """Take the secrets out of a document.

    Raises:
        StateError: it is damaged, or nested so deeply that nobody can tell what it holds.

    """
    data = memoryview(text(source))
    edits: list[tuple[int, int, bytes]] = []
    at = 0
    try:
        for line in _documents(data):
            edits += _Walk(at).edits(line)
            at += len(line)
    except (*_ODD, _TooDeepError):
        raise StateError(f"`{source.name}` cannot be kept: its secrets cannot be told from the rest") from None
    if not edits:
        return Redacted((source.data,), 0)
    pieces: list[Bytes] = []
    at = 0
    for start, end, said in edits:
        pieces += (data[at:start], said)
        at = end
    pieces.append(data[at:])
    return Redacted(tuple(pieces), len(edits))


def _documents(data: memoryview) -> Iterator[memoryview]:
    """Give the one JSON value, or, where each line is one (an event log), the lines."""
    try:
        msgspec.json.decode(data, type=msgspec.Raw)
    except msgspec.DecodeError:
        at = 0
        while at < len(data):
            end = at
            while end < len(data):
                piece = bytes(data[end : end + _ALWAYS])
                found = piece.find(b"\n")
                end += len(piece) if found < 0 else found + 1
                if found >= 0:
                    break
            yield data[at:end]
            at = end
        return
    yield data


class _TooDeepError(Exception):
    """Nobody nests like this but to hide something."""


@dataclass(frozen=True, slots=True)
class _Around:
    """What is known of where a value stands."""

    resource: bool = False
    provider: bool = False
    outputs: bool = False
    top: bool = False
    """Whether the members here are a resource's inputs or outputs themselves."""
    inside: bool = False
    """Whether this is one of them, or within one."""
    named: frozenset[str] = frozenset()
    echoes: frozenset[str] = frozenset()

    @property
    def everything(self) -> bool:
        """Whether something may have to go that no mark shows."""
        return self.provider or bool(self.named) or bool(self.echoes)


@dataclass(slots=True)
class _Walk:
    start: int
    found: list[tuple[int, int, bytes]] = field(default_factory=list)

    def edits(self, data: memoryview) -> list[tuple[int, int, bytes]]:
        """Return (start, end, what stands there instead), in order."""
        gap = _GAP.match(data)
        at = gap.end() if gap else 0
        self._value(data[at:], self.start + at, _Around(), 0)
        return self.found

    def _cut(self, at: int, length: int, said: Any) -> None:
        self.found.append((at, at + length, said if isinstance(said, bytes) else _dumped(said)))

    def _value(self, data: memoryview, at: int, around: _Around, depth: int) -> None:
        if depth > _DEEPEST:
            raise _TooDeepError
        first = bytes(data[:1])
        if len(data) <= _ALWAYS and not around.everything and not _marked(bytes(data)):
            return
        if first == b"{":
            self._object(data, at, around, depth)
        elif first == b"[":
            for raw, place in _listed(data):
                self._value(raw, at + place, around, depth + 1)
        elif first == b'"':
            self._text(data, at, around)

    def _object(self, data: memoryview, at: int, around: _Around, depth: int) -> None:
        pairs = _paired(data)
        if pairs is None:  # a name that is there twice: the last one counts, and it alone is kept
            self._cut(at, len(data), cleaned(_any(data), around))
            return
        names = {name: raw for name, raw, _ in pairs}
        if SIGNATURE in names:
            value = _any(data)
            said = _signed(value)
            if said != value:
                self._cut(at, len(data), said)
            return
        inner = _within(names, around)
        for name, raw, place in pairs:
            said = _instead(name, raw, inner)
            if said is _WALK:
                self._value(raw, at + place, _below(name, inner), depth + 1)
            elif said is not _LEAVE:
                self._cut(at + place, len(raw), said)

    def _text(self, data: memoryview, at: int, around: _Around) -> None:
        value = _any(data)
        said = _clean_text(value, around)
        if said != value:
            self._cut(at, len(data), said)


_WALK: Final = object()
_LEAVE: Final = object()


def _marked(data: bytes) -> bool:
    return any(mark in data for mark in _MARKS) or _OF_PROVIDER.search(data) is not None


def _paired(data: memoryview) -> list[tuple[str, memoryview, int]] | None:
    """Give an object's members with the place of each value; None if a name is there twice."""
    at, found = 0, []
    for name, raw in _members(data).items():
        key = _KEY.match(data, at)
        if key is None:
            return None
        size = len(memoryview(raw))
        found.append((name, data[key.end() : key.end() + size], key.end()))
        at = key.end() + size
    return found if not found or _END.match(data, at) else None


def _listed(data: memoryview) -> Iterator[tuple[memoryview, int]]:
    at = 0
    for raw in _items(data):
        gap = (_OPEN if at == 0 else _BETWEEN).match(data, at)
        assert gap is not None  # it matches nothing, too
        size = len(memoryview(raw))
        yield data[gap.end() : gap.end() + size], gap.end()
        at = gap.end() + size


# --------------------------------------------------------------------------------------------------- what goes, and why
def _within(names: dict[str, Any], around: _Around) -> _Around:
    """Say what is known inside an object: whether it is a resource, and of which kind."""
    kind = _plain(names.get("type"))
    of_state = "urn" in names and ("inputs" in names or "outputs" in names)
    if around.resource or not isinstance(kind, str) or not (of_state or "inputDiff" in names):
        return around
    named = _plain(names.get("additionalSecretOutputs"))
    listed = named if isinstance(named, list) else []
    return _Around(
        resource=True,
        provider=kind.startswith(_PROVIDER),
        named=frozenset(one for one in listed if isinstance(one, str)) - _KEPT,
        echoes=frozenset(_secrets(names.get("inputs"))) | frozenset(_secrets(names.get("outputs"))),
    )


def _below(name: str, around: _Around) -> _Around:
    if not around.resource:
        return around
    if around.inside:
        return replace(around, top=False, named=frozenset())
    outputs = around.outputs or name in {"outputs", "outputDiff"}
    values = name in _VALUES
    return replace(around, outputs=outputs, top=values, inside=values)


def _instead(name: str, value: Any, around: _Around) -> Any:
    """Say what stands in place of a member's value: ``_LEAVE``, ``_WALK``, or something else."""
    if not around.resource:
        if name == "secrets_providers":
            return _provider_of_secrets(_plain(value))
        if name == "config":
            return _configuration(_plain(value))
        return _WALK
    if around.top and ((around.provider and name not in _KEPT) or (around.outputs and name in around.named)):
        said = _plain(value)
        if isinstance(said, dict) and SIGNATURE in said:
            return _WALK
        return _LEAVE if said in (None, "", MASKED) or (isinstance(said, str) and UNKNOWN in said) else _HIDDEN
    if around.top and around.outputs and name in _KEPT and not _marked(bytes(value) if value is not None else b""):
        return _LEAVE
    return _WALK


def _provider_of_secrets(value: Any) -> Any:
    """Keep which provider it is. Its state holds an encrypted key, a salt, an address."""
    if not isinstance(value, dict) or set(value) <= {"type"}:
        return _LEAVE
    return {"type": value["type"]} if isinstance(value.get("type"), str) else {}


def _configuration(value: Any) -> Any:
    """Keep the names, and regions: some values are secrets in plain, and nothing tells which."""
    if not isinstance(value, dict):
        return _WALK
    said = {name: one if _open(name, one) else MASKED for name, one in value.items()}
    return said if said != value else _LEAVE


def _open(name: str, value: Any) -> bool:
    return value == MASKED or (name.endswith(":region") and not (isinstance(value, dict) and value.get("secure")))


def _signed(value: dict[str, Any]) -> dict[str, Any]:
    """Empty a special value. What says that it is not known yet, or was lost, is no secret and says so on."""
    if value[SIGNATURE] != SECRET:
        if not value.get("secret"):
            return {name: cleaned(one, _Around(resource=True)) for name, one in value.items()}
        return {SIGNATURE: value[SIGNATURE], "secret": True}
    if value.get("plaintext") == "null":
        return {SIGNATURE: SECRET, "plaintext": "null"}
    if value.get("value") == UNKNOWN:
        return {SIGNATURE: SECRET, "value": UNKNOWN}
    return dict(_HIDDEN)


def _clean_text(value: str, around: _Around) -> Any:
    """Clean a text that is JSON itself (how providers keep structured configuration), and one that repeats a secret."""
    if around.outputs and value in around.echoes:
        return _HIDDEN
    if SIGNATURE not in value:
        return value
    try:
        inner = json.loads(value)
    except (ValueError, RecursionError):
        return value
    said = cleaned(inner, _Around(resource=True))
    return value if said == inner else json.dumps(said, separators=(",", ":"))


def cleaned(value: Any, around: _Around) -> Any:
    """Do to a decoded value what is done to text elsewhere."""
    if isinstance(value, str):
        return _clean_text(value, around)
    if isinstance(value, list):
        return [cleaned(one, around) for one in value]
    if not isinstance(value, dict):
        return value
    if SIGNATURE in value:
        return _signed(value)
    raws = {name: _dumped(one) for name, one in value.items()}
    inner = _within(raws, around)
    found = {}
    for name, one in value.items():
        said = _instead(name, raws[name], inner)
        found[name] = cleaned(one, _below(name, inner)) if said is _WALK else one if said is _LEAVE else said
    return found


def _secrets(raw: Any) -> Iterator[str]:
    """Give the texts inside secrets that stand there in plain (``--show-secrets``)."""
    if raw is None or (SIGNATURE.encode() not in bytes(raw) and b"\\u" not in bytes(raw)):
        return
    yield from _plain_secrets(_plain(raw))


def _plain_secrets(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for one in value:
            yield from _plain_secrets(one)
    elif isinstance(value, dict):
        if value.get(SIGNATURE) == SECRET:
            yield from _leaves(_undone(value["plaintext"]) if "plaintext" in value else value.get("value"))
            return
        for one in value.values():
            yield from _plain_secrets(one)


def _undone(value: Any) -> Any:
    try:
        return json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        return value


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if len(value) >= _ECHO and value != UNKNOWN:
            yield value
    elif isinstance(value, list | dict):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _leaves(one)


def _plain(raw: Any) -> Any:
    return None if raw is None else _any(raw)


def _dumped(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")
