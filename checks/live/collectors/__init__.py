"""One file for each family of API calls. A file with a ``COLLECTOR`` is a collector: adding one is adding a file.

A collector only says which calls to make, and what must have been read before it: ``collect`` makes them, and only
those that it lists. Collectors that wait for nothing, or no longer, run at the same time.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Learnt = dict[str, dict[tuple[str, str], tuple[str, ...]]]
"""What was learnt: ``databases`` → (catalog, name) → details. A catalog is empty if it is the root."""

ALL_OTHERS: Final = "*"


@dataclass(frozen=True, slots=True)
class Call:
    """One call to make, its pages followed to the end. Names are botocore's."""

    service: str
    operation: str
    request: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Collector:
    """What to ask, and which IAM actions the caller needs for it. ``operations`` are all that it may ask for.

    ``calls`` is begun once every collector named in ``after`` has ended, and may read what those have learnt (not what
    its own pages teach: they may still be on their way). ``("*",)`` means all others that do not say so themselves.
    ``learn`` gets the JSON body of each page of its own calls and a mapping of its own, which the others see once the
    collector has ended; a body that it cannot decode teaches it nothing (``facts.build`` names it as a gap).

    ``rank`` is the place in a recording, nothing else. ``repeats`` names the collector whose calls this one makes a
    second time, later: if the answers differ, all ``bracketed`` collectors read again, a bounded number of times.
    """

    name: str
    rank: int
    operations: tuple[tuple[str, str], ...]
    actions: tuple[str, ...]
    calls: Callable[[Learnt], Iterator[Call]]
    learn: Callable[[Call, bytes, Learnt], None] | None = None
    after: tuple[str, ...] = ()
    bracketed: bool = False
    repeats: str = ""


ENTRIES: Final = frozenset({
    ("account", "ListRegions"), ("ec2", "DescribeRegions"), ("organizations", "ListAccounts"), ("sts", "AssumeRole"),
})  # fmt: skip
"""Calls that no collector makes: they lead to the lakes of other regions and accounts (``checks.live.entry``)."""


@cache
def collectors() -> tuple[Collector, ...]:
    """Return every collector, in the order of the recording."""
    found = [
        importlib.import_module(f"{__name__}.{module.name}").COLLECTOR for module in pkgutil.iter_modules(__path__)
    ]
    return tuple(sorted(found, key=lambda one: (one.rank, one.name)))


def allowed() -> frozenset[tuple[str, str]]:
    """Return the (service, operation) pairs that floodline may ever call."""
    return frozenset(pair for one in collectors() for pair in one.operations)
