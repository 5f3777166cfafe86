"""Whether a listing was read to its end: pages are joined by their tokens, not by where they stand in a recording."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from checks.live.answer import Failure

START = END = ""
DENIED = frozenset({"AccessDeniedException", "AccessDenied", "UnauthorizedOperation", "AccessDeniedFault"})


class Listing:
    """One listing: every page and failure of one request, whatever their order and number.

    A listing was read when a chain of tokens leads from the page that was asked for without one to a page that answers
    none. Pages read twice, and failures that a later try made good, change nothing.
    """

    __slots__ = ("_failures", "_pages", "request")

    def __init__(self, request: Mapping[str, Any]) -> None:
        """Start the listing that *request* asks for (without paging members)."""
        self.request = request
        self._pages: defaultdict[str, set[str]] = defaultdict(set)
        self._failures: dict[str, Failure] = {}

    def page(self, asked: str, answered: str) -> None:
        """Add the page that token *asked* gave, with the token it carries; empty is none."""
        self._pages[asked].add(answered)

    def fail(self, asked: str, failure: Failure) -> None:
        """Add a failed call."""
        self._failures[asked] = min(failure, self._failures.get(asked, failure), key=lambda f: (f.code, f.message))

    @property
    def failures(self) -> frozenset[str]:
        """The codes of the calls that failed."""
        return frozenset(one.code for one in self._failures.values())

    @property
    def failed(self) -> bool:
        """Whether a call failed that no later try made good."""
        return bool(self._failures) and self.missing("") is not None

    def missing(self, action: str) -> str | None:
        """Say what is missing, or None where the listing was read to its end; *action* names what the caller needs."""
        seen: set[str] = set()
        todo = [START]
        loose: list[str] = []
        while todo:
            token = todo.pop()
            if token in seen:
                continue
            seen.add(token)
            if token not in self._pages:
                loose.append(token)
            elif END in self._pages[token]:
                return None
            else:
                todo.extend(self._pages[token])
        failures = [self._failures[token] for token in sorted(loose) if token in self._failures]
        failures = failures or [self._failures[token] for token in sorted(self._failures)]
        if failures:
            return _refusal(failures[0], action)
        if START in loose:
            return "the first page is missing"
        return "the last page still carries a token" if loose else "a token came twice, so the listing has no end"


def _refusal(failure: Failure, action: str) -> str:
    if failure.code in DENIED:
        return f"refused with `{failure.code}`: the caller needs `{action}`"
    return f"failed with `{failure.code}`"
