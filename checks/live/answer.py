"""One answer of one AWS API call: what a line of a recording holds, and what ``collect`` gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from checks.live.shapes import PlainRow


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a call got no answer. ``code`` is AWS's, or the exception's name where AWS was not reached (status 0)."""

    code: str
    message: str
    http_status: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """One page of one listing, one plain answer, or one refused call.

    ``service`` and ``operation`` are botocore's names. ``response`` is the answer's JSON without ``ResponseMetadata``,
    kept as bytes: each reader decodes it once, into just what it needs. Either ``response`` or ``error`` is None.
    ``at`` is an ISO 8601 time; ``line`` is the answer's line in a recording (the header is line 1).
    """

    account: str
    region: str
    service: str
    operation: str
    request: Mapping[str, Any]
    response: bytes | None
    error: Failure | None
    at: str
    line: int


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of ``ListPermissions``, decoded with its line: grants are most of what a recording holds.

    ``envelope`` is the answer without its rows.
    """

    envelope: Answer
    rows: list[PlainRow]
    whole: Callable[[], Answer | Cut]
    """Gives the answer itself."""


@dataclass(frozen=True, slots=True)
class Cut:
    """The stream of answers broke off here: what came before stays usable, and the view is incomplete."""

    line: int
    reason: str
