"""What every operation of the lab's services shares: errors in AWS's shape, opaque tokens, pages.

A page may be empty and still carry a token; the lab sends such pages at fixed places (see ``Pages``), because AWS's
own text warns of them (SearchTablesByLFTags) and because readers get this wrong.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from lab.protocol import AwsError, dumps

Json = dict[str, Any]
T = TypeVar("T")
Rows = Callable[[Any], Iterator[tuple[Any, T]]]
"""Rows in a fixed order, resumable: called with the cursor of the last row seen (None at the start)."""

__all__ = [
    "Answer",
    "AwsError",
    "Json",
    "Pages",
    "Raw",
    "Rows",
    "by_key",
    "denied",
    "dumps",
    "in_order",
    "invalid",
    "not_found",
]


def invalid(message: str) -> AwsError:
    """The request cannot be carried out as it stands."""
    return AwsError("InvalidInputException", message)


def not_found(message: str) -> AwsError:
    """Something that the request names does not exist."""
    return AwsError("EntityNotFoundException", message)


def denied(message: str) -> AwsError:
    """Lake Formation refuses the caller (IAM's refusals are worded in server.py)."""
    return AwsError("AccessDeniedException", message)


@dataclass(frozen=True, slots=True)
class Raw:
    """A response body that is JSON text already: listings are joined, not built and dumped."""

    text: str


Answer = Json | Raw


@dataclass(slots=True)
class _Place:
    cursor: Any
    page: int
    blank: bool


class Pages:
    """Cuts listings into pages.

    ``limit`` caps every page whatever the caller asks for (None: no cap). With ``blanks`` on, an empty page with a
    token stands in second place of every listing that has more than one page, and again after every tenth; searches
    start with one. A token only fits the operation and the filters it was made for.
    """

    def __init__(self, limit: int | None = None, *, blanks: bool = True) -> None:
        self.limit = limit
        self.blanks = blanks

    def size(self, request: Mapping[str, Any], default: int, most: int) -> int:
        """How many rows this page may hold; refuses a MaxResults outside 1..``most``."""
        asked = request.get("MaxResults")
        if asked is not None and not 1 <= asked <= most:
            raise invalid(f"MaxResults must be between 1 and {most}.")
        size = asked or default
        return size if self.limit is None else min(size, self.limit)

    def _digest(self, operation: str, request: Mapping[str, Any]) -> str:
        rest = {k: v for k, v in request.items() if k not in {"NextToken", "MaxResults"}}
        text = operation + json.dumps(rest, sort_keys=True, default=str)
        return hashlib.blake2s(text.encode(), digest_size=6).hexdigest()

    def _token(self, digest: str, place: _Place) -> str:
        text = json.dumps([digest, place.cursor, place.page, place.blank])
        return base64.urlsafe_b64encode(text.encode()).decode()

    def _place(self, digest: str, token: str) -> _Place:
        try:
            made_for, cursor, page, blank = json.loads(base64.urlsafe_b64decode(token.encode()))
        except (ValueError, binascii.Error, TypeError):
            raise invalid("The NextToken is not valid.") from None
        if made_for != digest:
            raise invalid("The NextToken was made for another request.")
        return _Place(tuple(cursor) if isinstance(cursor, list) else cursor, page, blank)

    def cut(
        self,
        operation: str,
        request: Mapping[str, Any],
        rows: Rows[T],
        *,
        size: int,
        blank_first: bool = False,
    ) -> tuple[list[T], str | None]:
        """One page of ``rows`` and the token of the next (None at the end)."""
        digest = self._digest(operation, request)
        token = request.get("NextToken")
        place = self._place(digest, token) if token else _Place(None, 0, self.blanks and blank_first)
        if place.blank and next(iter(rows(place.cursor)), None) is not None:
            return [], self._token(digest, _Place(place.cursor, place.page + 1, blank=False))
        found = list(islice(rows(place.cursor), size + 1))
        if len(found) <= size:
            return [row for _, row in found], None
        found.pop()
        page = place.page + 1
        following = _Place(found[-1][0], page, self.blanks and page % 10 == 1)
        return [row for _, row in found], self._token(digest, following)


def in_order(keys: Sequence[Any], row: Callable[[Any], T | None]) -> Rows[T]:
    """Rows by their sorted ``keys``; a row of None is left out. Rows that come and go disturb no others."""

    def rows(cursor: Any) -> Iterator[tuple[Any, T]]:
        start = 0 if cursor is None else bisect_right(keys, cursor)
        for key in islice(keys, start, None):
            found = row(key)
            if found is not None:
                yield key, found

    return rows


def by_key(table: Mapping[Any, T]) -> Rows[T]:
    """A small mapping ordered by key."""
    return in_order(sorted(table), table.get)
