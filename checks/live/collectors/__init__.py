"""One file for each family of API calls. A file with a ``COLLECTOR`` is a collector: adding one is adding a file.

Collectors run one after the other, by ``rank``; what one learns (names of databases, keys of LF-tags) the later ones
may ask for. A collector only says which calls to make: ``collect`` makes them, and only those that it lists.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Learnt = dict[str, dict[tuple[str, str], tuple[str, ...]]]
"""What earlier collectors learnt: ``databases`` → (catalog, name) → details. A catalog is empty if it is the root."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call to make, its pages followed to the end. Names are botocore's."""

    service: str
    operation: str
    request: Mapping[str, Any] = field(default_factory=dict)


def _nothing(_call: Call, _response: Mapping[str, Any], _learnt: Learnt) -> None:
    """Learn nothing."""


@dataclass(frozen=True, slots=True)
class Collector:
    """What to ask, in which order (``rank``), and which IAM actions the caller needs for it.

    ``calls`` may read what was learnt so far; ``learn`` gets each page of its own calls. ``operations`` are the only
    (service, operation) pairs that it may ask for.
    """

    name: str
    rank: int
    operations: tuple[tuple[str, str], ...]
    actions: tuple[str, ...]
    calls: Callable[[Learnt], Iterator[Call]]
    learn: Callable[[Call, Mapping[str, Any], Learnt], None] = _nothing


@cache
def collectors() -> tuple[Collector, ...]:
    """Return every collector, in the order in which they run."""
    found = [
        importlib.import_module(f"{__name__}.{module.name}").COLLECTOR for module in pkgutil.iter_modules(__path__)
    ]
    return tuple(sorted(found, key=lambda one: (one.rank, one.name)))


def allowed() -> frozenset[tuple[str, str]]:
    """Return the (service, operation) pairs that floodline may ever call."""
    return frozenset(pair for one in collectors() for pair in one.operations)
