"""What an evaluation leaves: the stack's resources in the order they came, as Pulumi's state version 3 writes them.

An entry is kept as compact JSON, and outputs that repeat the inputs are kept once, so that 45,000 tables stay small;
files are written entry by entry.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any, Literal, cast

import msgspec
import zstandard

from lab.up.errors import UpError
from lab.up.sealing import SIGNATURE
from lab.up.wire import masked, without_defaults

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_ORDER = [
    "urn",
    "custom",
    "id",
    "type",
    "inputs",
    "outputs",
    "parent",
    "protect",
    "external",
    "dependencies",
    "provider",
    "propertyDependencies",
    "additionalSecretOutputs",
    "customTimeouts",
    "importID",
    "retainOnDelete",
    "deletedWith",
    "replaceWith",
    "created",
    "modified",
    "sourcePosition",
    "stackTrace",
    "ignoreChanges",
    "hideDiff",
    "replaceOnChanges",
]
_encoder = msgspec.json.Encoder(order="sorted")
_decoder = msgspec.json.Decoder(dict[str, Any])


@dataclass(frozen=True, slots=True)
class Entry:
    """One resource. With `shares`, the body's outputs hold only what goes beyond the inputs."""

    urn: str
    body: bytes
    shares: bool

    @classmethod
    def of(cls, fields: Mapping[str, Any], *, shares: bool = False) -> Entry:
        """An entry of a state resource's fields; what is empty is left out."""
        kept = {key: value for key, value in fields.items() if value is False or value not in (None, "", [], {}, ())}
        if kept.get("custom") is False or "custom" not in kept:
            kept["custom"] = False
        return cls(str(fields["urn"]), _encoder.encode(kept), shares)

    def fields(self) -> dict[str, Any]:
        """The resource as state writes it, keys in the engine's order."""
        found = _decoder.decode(self.body)
        if self.shares:
            found["outputs"] = dict(
                sorted({**without_defaults(found.get("inputs") or {}), **(found.get("outputs") or {})}.items())
            )
        ordered = {key: found[key] for key in _ORDER if key in found}
        return ordered | {key: found[key] for key in found if key not in ordered}

    def with_outputs(self, outputs: Mapping[str, Any]) -> Entry:
        """The same component with the outputs that the program registered for it."""
        return Entry.of({**self.fields(), "outputs": outputs})


@dataclass(frozen=True, slots=True)
class Deployment:
    """A stack after an evaluation. `time` is RFC 3339; `salt` the passphrase provider's, None without secrets."""

    project: str
    stack: str
    organization: str
    entries: tuple[Entry, ...]
    time: str = ""
    version: str = ""
    salt: str | None = None
    config: Mapping[str, str] = field(default_factory=dict)

    def resources(self) -> Iterator[dict[str, Any]]:
        """The resources as state writes them, one at a time."""
        for entry in self.entries:
            yield entry.fields()

    def index(self) -> dict[str, Entry]:
        """Entries by URN."""
        return {entry.urn: entry for entry in self.entries}

    def export(self) -> dict[str, Any]:
        """What `pulumi stack export` prints, version 3."""
        head, tail = self._frame()
        return {"version": 3, "deployment": {**head, "resources": list(self.resources()), **tail}}

    def checkpoint(self) -> dict[str, Any]:
        """What a self-managed backend stores, version 3."""
        head, tail = self._frame()
        latest = {**head, "resources": list(self.resources()), **tail}
        return {"version": 3, "checkpoint": {"stack": self._name(), "latest": latest}}

    def write(self, path: Path, form: Literal["checkpoint", "export"] = "checkpoint") -> None:
        """Write to `path`, compressed if it ends in `.gz` or `.zst`: beside it first, then renamed into place."""
        beside = path.with_name(f".{path.name}.{os.getpid()}.part")
        try:
            with beside.open("wb") as raw, _compressed(raw, path.name) as out:
                for piece in self._pieces(form):
                    out.write(piece)
            beside.replace(path)
        except OSError as error:
            raise UpError(f"cannot write `{path}`: {error.strerror or error}") from None
        finally:
            beside.unlink(missing_ok=True)

    @classmethod
    def read(cls, path: Path) -> Deployment:
        """A state file of either form, version 3, as written by `write` or by Pulumi."""
        try:
            raw = path.read_bytes()
        except OSError as error:
            raise UpError(f"cannot read `{path}`: {error.strerror}") from None
        try:
            if raw.startswith(_GZIP):
                raw = gzip.decompress(raw)
            elif raw.startswith(_ZSTD):
                raw = zstandard.ZstdDecompressor().decompressobj().decompress(raw)
            return _parsed(raw)
        except (msgspec.DecodeError, OSError, EOFError, zstandard.ZstdError, KeyError) as error:
            raise UpError(f"`{path}` is not a state of version 3: {error}") from None

    def preview_json(self, previous: Deployment | None = None) -> dict[str, Any]:
        """The shape of `pulumi preview --json --show-sames`, this being the preview and `previous` the state before.

        An imitation, for goldens and demonstrations: the engine and the real provider decide more finely what is
        replaced. Here changed inputs of a custom resource are an `update` (of Permissions and tags on resources a
        `replace`), and two secrets count as the same.
        """
        before = {fields["urn"]: fields for fields in previous.resources()} if previous is not None else {}
        steps = [_step(fields, before.get(fields["urn"])) for fields in self.resources()]
        planned = {step["urn"] for step in steps}
        steps += [
            {"op": "delete", "urn": urn, **_provider(fields), "oldState": masked(fields)}
            for urn, fields in reversed(before.items())
            if urn not in planned and not fields.get("external") and fields["type"] != "pulumi:pulumi:Stack"
        ]
        summary: dict[str, int] = {}
        for step in steps:
            summary[step["op"]] = summary.get(step["op"], 0) + 1
        return {
            "config": dict(self.config),
            "steps": steps,
            "duration": 0,
            "changeSummary": dict(sorted(summary.items())),
        }

    def _name(self) -> str:
        return f"{self.organization}/{self.project}/{self.stack}"

    def _frame(self) -> tuple[dict[str, Any], dict[str, Any]]:
        magic = hashlib.sha256(self.version.encode()).hexdigest()
        head: dict[str, Any] = {"manifest": {"time": self.time, "magic": magic, "version": self.version}}
        if self.salt is not None:
            head["secrets_providers"] = {"type": "passphrase", "state": {"salt": self.salt}}
        return head, {"metadata": {}}

    def _pieces(self, form: str) -> Iterator[bytes]:
        head, tail = self._frame()
        if form == "export":
            yield b'{"version":3,"deployment":'
        else:
            yield b'{"version":3,"checkpoint":{"stack":' + msgspec.json.encode(self._name()) + b',"latest":'
        yield msgspec.json.encode(head)[:-1] + b',"resources":['
        for number, fields in enumerate(self.resources()):
            yield (b"," if number else b"") + msgspec.json.encode(fields)
        yield b"]," + msgspec.json.encode(tail)[1:]
        yield b"}" if form == "export" else b"}}"


class _Body(msgspec.Struct):
    manifest: dict[str, Any] = {}
    secrets_providers: dict[str, Any] | None = None
    resources: list[msgspec.Raw] | None = None


class _Checkpoint(msgspec.Struct):
    stack: str = ""
    latest: _Body | None = None


class _File(msgspec.Struct):
    version: int
    deployment: _Body | None = None
    checkpoint: _Checkpoint | None = None


class _Urn(msgspec.Struct):
    urn: str


def _parsed(raw: bytes) -> Deployment:
    file = msgspec.json.decode(raw, type=_File)
    body = file.deployment or (file.checkpoint.latest if file.checkpoint is not None else None)
    if file.version != 3 or body is None:
        raise KeyError(f"version {file.version}")
    urn = msgspec.json.Decoder(_Urn)
    entries = tuple(Entry(urn.decode(one).urn, bytes(one), shares=False) for one in body.resources or ())
    organization, project, stack = ["organization", "", ""]
    if file.checkpoint is not None and file.checkpoint.stack.count("/") == 2:
        organization, project, stack = file.checkpoint.stack.split("/")
    elif entries:
        _, _, stack, _, project, *_ = [*entries[0].urn.split(":", 5), "", ""]
        stack, project = entries[0].urn.split("::")[0].rpartition(":")[2], entries[0].urn.split("::")[1]
    salt = ((body.secrets_providers or {}).get("state") or {}).get("salt")
    manifest = body.manifest
    return Deployment(
        project, stack, organization, entries, manifest.get("time", ""), manifest.get("version", ""), salt
    )


def _compressed(raw: IO[bytes], name: str) -> IO[bytes]:
    if name.endswith(".gz"):
        return cast("IO[bytes]", gzip.GzipFile(filename="", mode="wb", fileobj=raw, compresslevel=6, mtime=0))
    if name.endswith(".zst"):
        return cast("IO[bytes]", zstandard.ZstdCompressor(level=3).stream_writer(raw, closefd=False))
    return io.BufferedWriter(_Kept(raw))


class _Kept(io.RawIOBase):
    """A file that outlives the writer around it."""

    def __init__(self, inner: IO[bytes]) -> None:
        self._inner = inner

    def writable(self) -> bool:
        """Say yes."""
        return True

    def write(self, data: Any) -> int:
        """Hand on."""
        return self._inner.write(data)


_REPLACED = ("aws:lakeformation/permissions:", "aws:lakeformation/resourceLfTag")


def same(one: Any, other: Any) -> bool:
    """Whether two inputs are equal; a secret equals any secret, since a sealed one cannot be looked into."""
    if isinstance(one, dict) and isinstance(other, dict):
        if (
            SIGNATURE in one
            and one.get(SIGNATURE) == other.get(SIGNATURE)
            and ("ciphertext" in one or "ciphertext" in other)
        ):
            return True
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def _step(fields: dict[str, Any], old: dict[str, Any] | None) -> dict[str, Any]:
    step: dict[str, Any] = {"op": "", "urn": fields["urn"], **_provider(fields), "newState": masked(fields)}
    if fields.get("external"):
        step["op"] = "read"
        return step
    if old is None:
        step["op"] = "import" if fields.get("importID") else "create"
        return step
    step["oldState"] = masked(old)
    inputs, olds = fields.get("inputs") or {}, old.get("inputs") or {}
    changed = [
        key
        for key in sorted((inputs.keys() | olds.keys()) - {"__defaults"})
        if key not in inputs or key not in olds or not same(inputs[key], olds[key])
    ]
    if not changed or not fields.get("custom"):
        step["op"] = "same"
        return step
    replaced = str(fields["type"]).startswith(_REPLACED)
    step["op"] = "replace" if replaced else "update"
    step["diffReasons"] = changed
    if replaced:
        step["replaceReasons"] = changed
    step["detailedDiff"] = {
        key: {"kind": _kind(key, inputs, olds) + ("-replace" if replaced else ""), "inputDiff": True} for key in changed
    }
    return step


def _kind(key: str, new: Mapping[str, Any], old: Mapping[str, Any]) -> str:
    if key not in old:
        return "add"
    return "update" if key in new else "delete"


def _provider(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {"provider": fields["provider"]} if "provider" in fields else {}
