"""What a handler of a resource type answers: the id and outputs, and the call that makes it so."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence

    from lab.up.place import Place
    from lab.up.provider import Goal

    Handler = Callable[[Place, Goal, dict[str, Any]], "Plan"]


@dataclass(frozen=True, slots=True)
class Plan:
    """One creation.

    `call` makes the resource and returns outputs that only the service knows. With `wait`, the program is answered
    after the call; otherwise id and outputs are certain beforehand. With `batch`, `payload` may go with others of its
    `group` in one call, which answers one error text (or None) per payload.
    """

    id: str
    outputs: Mapping[str, Any]
    call: Callable[[], Mapping[str, Any] | None] | None = None
    wait: bool = False
    group: Hashable | None = None
    payload: Any = None
    batch: Callable[[Sequence[Any]], Sequence[str | None]] | None = field(default=None)


def number(request: Mapping[str, Any]) -> str:
    """The id of a resource that AWS gives none: the CRC-32 of the request, in decimal."""
    return str(zlib.crc32(json.dumps(request, sort_keys=True, separators=(",", ":")).encode()))


def given(**members: Any) -> dict[str, Any]:
    """The members that are there: no None, no empty text."""
    return {key: value for key, value in members.items() if value is not None and value != ""}
