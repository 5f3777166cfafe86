"""Inputs of a resource as typed members: whatever cannot be read is said by its property path, never by its value.

Secrets and values that are not known yet are told from everything else here and nowhere else:
a secret is ``{SIGNATURE: SECRET, "ciphertext" | "plaintext" | "value": …}`` in a state and the text ``[secret]`` in a
preview, an unknown is a text with ``UNKNOWN`` in it (pulumi/pulumi, sdk/go/common/resource: properties, sig.go;
pkg/resource/stack: deployment.go).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import msgspec

from checks.normal import NotUnderstoodError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105  a signature, the same in every state
UNKNOWN: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
MASKED: Final = "[secret]"
_DEFAULTS: Final = "__defaults"
_SIGNATURE, _UNKNOWN, _MASKED = SIGNATURE.encode(), UNKNOWN.encode(), MASKED.encode()


_raws: Final = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_any: Final = msgspec.json.Decoder().decode


@dataclass(frozen=True, slots=True)
class Hidden:
    """Stands where a value cannot be read; ``why`` completes "`principal` …"."""

    why: str


IS_SECRET: Final = Hidden("is a secret")
NOT_KNOWN: Final = Hidden("is not known yet")


def members(raw: msgspec.Raw, bulk: tuple[str, str] | None = None) -> Mapping[str, Any]:
    """Decode an object and put ``Hidden`` in place of secrets and unknowns.

    What stands at ``bulk`` (a member, and a member of that) is left ``msgspec.Raw`` if it is there and nothing in the
    object is hidden: who reads it may know it from other objects.

    Raises:
        NotUnderstoodError: it is no object, or no JSON.

    """
    data = bytes(raw)
    marked = _marked(data)
    if bulk is not None and not marked:
        try:
            return _loosely(data, *bulk)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            pass  # odd in some way: said below
    try:
        found = msgspec.json.decode(data or b"{}")
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise NotUnderstoodError("the properties cannot be read") from None
    if marked:  # walking every value of a large state would take longer than reading it
        found = _hide(found)
    if found is None:
        return {}
    if isinstance(found, Hidden):
        raise NotUnderstoodError("all properties are secret" if found is IS_SECRET else "no property is known yet")
    if not isinstance(found, dict):
        raise NotUnderstoodError("the properties are no object")
    return found


def _marked(data: bytes) -> bool:
    """Whether something may be hidden here; an escape may spell any mark."""
    return b"\\u" in data or _SIGNATURE in data or _UNKNOWN in data or _MASKED in data


def _loosely(data: bytes, outer: str, inner: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in _raws(data).items():
        if name != outer:
            found[name] = _any(value)
            continue
        found[name] = {deep: part if deep == inner else _any(part) for deep, part in _raws(value).items()}
    return found


def _hide(value: Any) -> Any:
    if isinstance(value, str):
        return IS_SECRET if value == MASKED else NOT_KNOWN if UNKNOWN in value else value
    if isinstance(value, list):
        return [_hide(item) for item in value]
    if isinstance(value, dict):
        if SIGNATURE in value:
            return _hidden(value)
        return {name: _hide(item) for name, item in value.items()}
    return value


def _hidden(value: Mapping[str, Any]) -> Any:
    """Tell a secret from the other special values (assets, references), which no shape of ours may hold.

    A wrong passphrase exports every secret as the plain text ``null`` (pulumi/pulumi#23476): that one is unknown.
    """
    if value[SIGNATURE] != SECRET:
        return Hidden("is an asset or a reference")
    return NOT_KNOWN if value.get("plaintext") == "null" or value.get("value") == UNKNOWN else IS_SECRET


def bare(value: Any) -> Any:
    """Leave out at every level the note of what the provider filled in."""
    if isinstance(value, dict):
        return {name: bare(item) for name, item in value.items() if name != _DEFAULTS}
    return [bare(item) for item in value] if isinstance(value, list) else value


@dataclass(slots=True)
class Shape:
    """An object with the property path that leads to it.

    A member that is absent, null or hidden is told apart: absent and null read as nothing, hidden raises. Reading a
    member softly instead leaves it out and notes its path in ``hidden``: for members that do not decide access.
    """

    found: Mapping[str, Any]
    path: str = ""
    hidden: set[str] = field(default_factory=set)

    def at(self, name: str) -> str:
        """Return the property path of a member: ``tableWithColumns.name``."""
        return f"{self.path}.{name}" if self.path else name

    def __contains__(self, name: str) -> bool:
        return self.found.get(name) is not None

    def only(self, *known: str) -> None:
        """Refuse members nobody here knows: one of them may narrow or widen.

        Raises:
            NotUnderstoodError: there is one.

        """
        odd = [name for name, value in self.found.items() if name not in known and value is not None]
        if odd and odd != [_DEFAULTS]:
            first = min(name for name in odd if name != _DEFAULTS)
            raise NotUnderstoodError(f"`{self.at(first)}` is a member that this version does not know")

    def value(self, name: str) -> Any:
        """Return a member as it is, or None.

        Raises:
            NotUnderstoodError: the member is hidden.

        """
        value = self.found.get(name)
        if isinstance(value, Hidden):
            raise NotUnderstoodError(f"`{self.at(name)}` {value.why}")
        return value

    def maybe(self, name: str) -> str | None:
        """Return a text, or None. The empty text is nothing: the providers treat it so."""
        value = self.found.get(name)
        if value is None or type(value) is str:
            return value or None
        self.value(name)
        raise self._odd(name, "text")

    def text(self, name: str) -> str:
        """Return a text that must be there."""
        value = self.maybe(name)
        if value is None:
            raise NotUnderstoodError(f"`{self.at(name)}` is missing")
        return value

    def flag(self, name: str) -> bool | None:
        """Return a flag, or None; flags may be spelt as text."""
        value = self.value(name)
        if isinstance(value, bool) or value is None:
            return value
        if isinstance(value, str) and value.lower() in {"true", "false", ""}:
            return value.lower() == "true" if value else None
        raise self._odd(name, "flag")

    def texts(self, name: str) -> list[str] | None:
        """Return a list of texts, or None."""
        items = self._list(name)
        if items is None:
            return None
        for index, item in enumerate(items):
            if isinstance(item, Hidden):
                raise NotUnderstoodError(f"`{self.at(name)}[{index}]` {item.why}")
            if not isinstance(item, str):
                raise self._odd(f"{name}[{index}]", "text")
        return items

    def shape(self, name: str) -> Shape | None:
        """Return an object, or None; a list of one is that one (a block that an older provider let repeat)."""
        value = self.value(name)
        if isinstance(value, list):
            if len(value) > 1:
                raise NotUnderstoodError(f"`{self.at(name)}` is given more than once")
            return self.shapes(name)[0] if value else None
        if value is None:
            return None
        if not isinstance(value, dict):
            raise self._odd(name, "object")
        return Shape(value, self.at(name), self.hidden)

    def shapes(self, name: str) -> list[Shape]:
        """Return a list of objects; nothing is the empty list."""
        items = []
        for index, item in enumerate(self._list(name) or ()):
            at = f"{name}[{index}]"
            if isinstance(item, Hidden):
                raise NotUnderstoodError(f"`{self.at(at)}` {item.why}")
            if not isinstance(item, dict):
                raise self._odd(at, "object")
            items.append(Shape(item, self.at(at), self.hidden))
        return items

    def _list(self, name: str) -> list[Any] | None:
        value = self.value(name)
        if value is None:
            return None
        if isinstance(value, dict):  # a block that an older provider did not let repeat
            return [value]
        if not isinstance(value, list):
            raise self._odd(name, "list")
        return value

    def _odd(self, name: str, wanted: str) -> NotUnderstoodError:
        return NotUnderstoodError(f"`{self.at(name)}` is no {wanted}")

    # -------------------------------------------------------------------------------------- members that may be hidden
    def soft(self, name: str, note: str | None = None) -> str:
        """Return a text; a hidden one is noted as ``note`` (or its path) and read as empty."""
        value = self.found.get(name)
        if value is None or type(value) is str:
            return value or ""
        if isinstance(value, Hidden):
            self.hidden.add(note or self.at(name))
            return ""
        return self.maybe(name) or ""

    def soft_map(self, name: str) -> dict[str, Any]:
        """Return the readable entries of a map, each hidden one noted by its path; ``Any`` maps may be JSON text."""
        value = self.found.get(name)
        if isinstance(value, Hidden):
            self.hidden.add(self.at(name))
            return {}
        if isinstance(value, str):
            value = members(msgspec.Raw(value.encode())) if value else {}
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise self._odd(name, "map")
        if all(type(item) is str for item in value.values()) and _DEFAULTS not in value:
            return value
        self.hidden.update(f"{self.at(name)}.{key}" for key, item in value.items() if _holds_hidden(item))
        return {key: item for key, item in value.items() if key != _DEFAULTS and not _holds_hidden(item)}

    def soft_shape(self, name: str) -> Shape:
        """Return an object; what is hidden or absent reads as empty."""
        if isinstance(self.found.get(name), Hidden):
            self.hidden.add(self.at(name))
            return Shape({}, self.at(name), self.hidden)
        return self.shape(name) or Shape({}, self.at(name), self.hidden)


def _holds_hidden(value: Any) -> bool:
    return any(isinstance(item, Hidden) for item in _leaves(value))


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for item in value.values():
            yield from _leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    else:
        yield value
