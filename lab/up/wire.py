"""Values on Pulumi's wire: protobuf Structs to Python and back, and the signatures that mark special values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lab.up.sealing import SECRET, SIGNATURE

if TYPE_CHECKING:
    from google.protobuf import struct_pb2

    from lab.up.sealing import Vault

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
REFERENCE = "5cf8f73096256a8f31e491e813e4eb8e"
_EXACT = 2**53

# Members of aws inputs that are maps of the user's own keys, not objects: their keys are data, never property names.
MAPS = frozenset({"parameters", "tags", "tagsAll", "customProperties", "skewedColumnValueLocationMaps", "properties"})


def from_struct(struct: struct_pb2.Struct) -> dict[str, Any]:
    """A Struct as a dict. Numbers arrive as doubles; a whole one becomes an int, as the engine writes it."""
    return {key: _from(value) for key, value in struct.fields.items()}


def _from(value: struct_pb2.Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return value.string_value
    if kind == "struct_value":
        return {key: _from(inner) for key, inner in value.struct_value.fields.items()}
    if kind == "list_value":
        return [_from(inner) for inner in value.list_value.values]
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() and abs(number) < _EXACT else number
    if kind == "bool_value":
        return value.bool_value
    return None


def fill(struct: struct_pb2.Struct, values: dict[str, Any]) -> None:
    """Set `values` in `struct`, replacing keys that are already there."""
    struct.update(values)


def is_secret(value: Any) -> bool:
    """Whether a value carries the mark of a secret, open or sealed."""
    return isinstance(value, dict) and value.get(SIGNATURE) == SECRET


def contains_unknown(value: Any) -> bool:
    """Whether the mark of an unknown stands anywhere in a value."""
    if isinstance(value, str):
        return UNKNOWN in value
    if isinstance(value, dict):
        return any(contains_unknown(inner) for inner in value.values())
    return isinstance(value, list) and any(contains_unknown(inner) for inner in value)


def plain(value: Any) -> Any:
    """The value that a provider sees: secrets opened, a reference to a resource as its id, `__defaults` dropped."""
    if isinstance(value, dict):
        mark = value.get(SIGNATURE)
        if mark == SECRET:
            return plain(value.get("value"))
        if mark == REFERENCE:
            return value.get("id")
        return {key: plain(inner) for key, inner in value.items() if key != "__defaults"}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return value


def without_defaults(value: Any) -> Any:
    """A copy without the provider's `__defaults` marks."""
    if isinstance(value, dict):
        return {key: without_defaults(inner) for key, inner in value.items() if key != "__defaults"}
    if isinstance(value, list):
        return [without_defaults(inner) for inner in value]
    return value


def sealed(value: Any, vault: Vault) -> Any:
    """The value as state may hold it: every secret encrypted."""
    if isinstance(value, dict):
        if value.get(SIGNATURE) == SECRET:
            return value if "ciphertext" in value else vault.seal(plain(value))
        return {key: sealed(inner, vault) for key, inner in value.items()}
    if isinstance(value, list):
        return [sealed(inner, vault) for inner in value]
    return value


def masked(value: Any) -> Any:
    """The value as a preview shows it: every secret is the text `[secret]`."""
    if isinstance(value, dict):
        if value.get(SIGNATURE) == SECRET:
            return "[secret]"
        return {key: masked(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [masked(inner) for inner in value]
    return value
