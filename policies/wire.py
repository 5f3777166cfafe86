"""What Pulumi's engine sends, read once: properties as JSON, with secrets and unknown values told apart.

The protocol's values are protobuf ``Struct``s (pulumi/pulumi, proto/pulumi/analyzer.proto); in them a secret, an asset
or a reference is an object with a signature, and an unknown value a text with one of seven marks. A stack of 45,000
tables is a message of a few hundred megabytes: it is read resource by resource, so that never more than one of them is
spread out in memory.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec
from google.protobuf.message import DecodeError
from pulumi.runtime.proto import analyzer_pb2
from pulumi_policy.proxy import (
    UNKNOWN_ARCHIVE_VALUE,
    UNKNOWN_ARRAY_VALUE,
    UNKNOWN_ASSET_VALUE,
    UNKNOWN_BOOLEAN_VALUE,
    UNKNOWN_NUMBER_VALUE,
    UNKNOWN_OBJECT_VALUE,
    UNKNOWN_STRING_VALUE,
)

from checks.declared.shape import SECRET, SIGNATURE, UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Iterator

_UNKNOWNS: Final = (
    UNKNOWN_ARCHIVE_VALUE, UNKNOWN_ARRAY_VALUE, UNKNOWN_ASSET_VALUE, UNKNOWN_BOOLEAN_VALUE, UNKNOWN_NUMBER_VALUE,
    UNKNOWN_OBJECT_VALUE, UNKNOWN_STRING_VALUE,
)  # fmt: skip
_RESOURCES: Final = analyzer_pb2.AnalyzeStackRequest.DESCRIPTOR.fields_by_name["resources"].number
_LENGTH: Final = 2
_FIXED: Final = {1: 8, 5: 4}
"""Bytes of the wire types that have a fixed size (https://protobuf.dev/programming-guides/encoding/)."""


@dataclass(frozen=True, slots=True)
class Properties:
    """A resource's properties as JSON, packed; ``secret`` is whether any value among them is one."""

    packed: bytes
    secret: bool

    @property
    def json(self) -> bytes:
        """The JSON text: secrets in clear, unknown values as a state would hold them."""
        return zlib.decompress(self.packed)


def properties(struct: Any, *, without: str | None = None) -> Properties:
    """Read a ``Struct``, *without* a member that nobody asks for."""
    found, secret = plain(struct)
    if without is not None:
        found.pop(without, None)
    return Properties(zlib.compress(msgspec.json.encode(found), 1), secret)


def plain(struct: Any) -> tuple[dict[str, Any], bool]:
    """Return a ``Struct`` as JSON values with secrets laid open, and whether there was one."""
    reader = _Reader()
    return {name: reader.value(value) for name, value in struct.fields.items()}, reader.secret


def some(struct: Any, names: tuple[str, ...]) -> tuple[dict[str, Any], bool]:
    """Return these members of a ``Struct`` as far as they are known texts, and whether one was a secret."""
    fields, reader, found = struct.fields, _Reader(), {}
    for name in names:
        if name in fields:
            value = reader.value(fields[name])
            if isinstance(value, str) and UNKNOWN not in value:
                found[name] = value
    return found, reader.secret


class _Reader:
    """Turns protobuf values into JSON values, and notes whether there was a secret."""

    def __init__(self) -> None:
        self.secret = False

    def value(self, value: Any) -> Any:
        match value.WhichOneof("kind"):
            case "string_value":
                return _text(value.string_value)
            case "struct_value":
                return self._object(value.struct_value.fields)
            case "list_value":
                return [self.value(one) for one in value.list_value.values]
            case "bool_value":
                return value.bool_value
            case "number_value":
                number = value.number_value
                return int(number) if number.is_integer() else number
            case _:
                return None

    def _object(self, fields: Any) -> Any:
        if SIGNATURE in fields and fields[SIGNATURE].string_value == SECRET:
            self.secret = True
            return self.value(fields["value"]) if "value" in fields else UNKNOWN
        return {name: self.value(value) for name, value in fields.items()}


def _text(text: str) -> str:
    """Return a text with one mark for whatever is not known yet."""
    return UNKNOWN if text in _UNKNOWNS else text


# ---------------------------------------------------------------------------------------------- a message, in pieces
def resources(message: bytes) -> Iterator[Any]:
    """Yield the resources of an ``AnalyzeStackRequest`` one by one.

    Raises:
        ValueError: the bytes are no such message.

    """
    view, at = memoryview(message), 0
    while at < len(view):
        tag, at = _varint(view, at)
        kind, start = tag & 7, at
        if kind == _LENGTH:
            size, start = _varint(view, at)
            at = start + size
        elif kind in _FIXED:
            at += _FIXED[kind]
        elif kind == 0:
            _, at = _varint(view, at)
        else:
            raise ValueError(f"the request holds a member of wire type {kind}")
        if at > len(view):
            raise ValueError("the request ends in the middle of a member")
        if kind == _LENGTH and tag >> 3 == _RESOURCES:
            try:
                found = analyzer_pb2.AnalyzerResource.FromString(bytes(view[start:at]))
            except DecodeError:
                raise ValueError("the request holds a resource that cannot be read") from None
            yield found


def _varint(view: memoryview, at: int) -> tuple[int, int]:
    """Read a number of seven bits a byte, and return where it ends."""
    value = shift = 0
    while at < len(view) and shift < 70:
        byte = view[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
    raise ValueError("the request ends in the middle of a number")
