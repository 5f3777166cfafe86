"""A page's bytes into rows: in one go where the page is as modelled, row by row where it is not."""

from __future__ import annotations

import types
import typing
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

import msgspec

from checks.live.shapes import Shape

MALFORMED: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_loads = msgspec.json.Decoder().decode
_dumps = msgspec.json.Encoder().encode


class MalformedError(ValueError):
    """The answer as a whole is not what its operation answers."""


@dataclass(frozen=True, slots=True)
class Spec:
    """Where an operation's rows are: in the list ``member`` of ``page``, or, if it is None, the page is the row."""

    page: type[Shape]
    member: str | None
    row: type[Shape]
    structs: bool = False
    """Rows as structures, not as mappings: for the listings that are long."""


@dataclass(slots=True)
class Rows:
    """What a page holds. ``rows`` are (index, row); ``unknown`` names members; ``broken`` are (pointer, reason)."""

    token: str = ""
    rows: list[tuple[int, Any]] = field(default_factory=list)
    unknown: set[str] = field(default_factory=set)
    broken: list[tuple[str, str]] = field(default_factory=list)


def decode(spec: Spec, data: bytes) -> Rows:
    """Decode one answer.

    Raises:
        MalformedError: the answer has not even the form of a page.

    """
    try:
        page = _decoder(spec.page).decode(data)
    except msgspec.ValidationError:
        return _slowly(spec, data)
    except MALFORMED:
        raise MalformedError("the answer is not JSON") from None
    token = getattr(page, "NextToken", None) or ""
    if spec.member is None:
        return Rows(token, [(0, page if spec.structs else _loads(data))])
    rows = getattr(page, spec.member) if spec.structs else _loads(data).get(spec.member)
    return Rows(token, list(enumerate(rows or ())))


def _slowly(spec: Spec, data: bytes) -> Rows:
    page = _loads(data)
    if not isinstance(page, dict):
        raise MalformedError("the answer is not an object")
    if page.pop("ResponseMetadata", None) is not None:  # another tool's recording
        return decode(spec, _dumps(page))
    token = page.get("NextToken") or ""
    if not isinstance(token, str):
        raise MalformedError("`NextToken` is not a text")
    found = Rows(token)
    if spec.member is None:
        _row(spec, 0, page, "", found)
        return found
    found.unknown |= page.keys() - _hints(spec.page).keys()
    listed = page.get(spec.member)
    if not isinstance(listed, list) and (listed is not None or spec.member in _required(spec.page)):
        raise MalformedError(f"`{spec.member}` is not a list")
    for index, row in enumerate(listed or ()):
        _row(spec, index, row, f"{spec.member}[].", found)
    return found


def piece(kind: Any, data: msgspec.Raw, path: str, unknown: set[str]) -> Any:
    """Decode a ``Raw`` member as *kind*; members that it does not have are added to *unknown*.

    Raises:
        MalformedError: it is not of that kind.

    """
    try:
        return _decoder(kind).decode(data)
    except msgspec.ValidationError:
        pass
    except MALFORMED:
        raise MalformedError(f"`{path}` is not JSON") from None
    try:
        return msgspec.convert(_known(_loads(data), kind, f"{path}.", unknown), kind)
    except (msgspec.ValidationError, RecursionError) as error:
        raise MalformedError(f"`{path}` is malformed: {error}") from None


def _row(spec: Spec, index: int, row: object, prefix: str, found: Rows) -> None:
    clean = _known(row, spec.row, prefix, found.unknown)
    try:
        typed = _decoder(spec.row).decode(_dumps(clean))
    except (msgspec.ValidationError, RecursionError) as error:
        pointer = "/response" if spec.member is None else f"/response/{spec.member}/{index}"
        found.broken.append((pointer, str(error)))
        return
    found.rows.append((index, typed if spec.structs else clean))


def _known(value: object, kind: Any, path: str, unknown: set[str]) -> object:
    """Return *value* without the members that *kind* does not have, which are added to *unknown*."""
    if isinstance(kind, types.UnionType):
        kind = next(one for one in kind.__args__ if one is not type(None))
    if typing.get_origin(kind) is list and isinstance(value, list):
        (item,) = typing.get_args(kind)
        return [_known(one, item, path, unknown) for one in value]
    if not (isinstance(kind, type) and issubclass(kind, Shape) and isinstance(value, dict)):
        return value
    hints = _hints(kind)
    unknown |= {f"{path}{name}" for name in value.keys() - hints.keys()}
    return {name: _known(one, hints[name], f"{path}{name}.", unknown) for name, one in value.items() if name in hints}


@cache
def _hints(kind: type[Shape]) -> dict[str, Any]:
    return typing.get_type_hints(kind)


@cache
def _required(kind: type[Shape]) -> frozenset[str]:
    return frozenset(one.name for one in msgspec.structs.fields(kind) if one.required)


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)
