"""One file per format. Each offers ``FORMAT``; nothing else has to be told of it."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from checks.model import Report


@dataclass(frozen=True, slots=True)
class Format:
    """A way to write a report.

    ``name`` is what ``-o NAME=PATH`` takes; ``suffixes`` (``.json``) let ``-o PATH`` guess it; ``render`` is pure and
    gives the same bytes for the same report.
    """

    name: str
    suffixes: tuple[str, ...]
    render: Callable[[Report], str | bytes]


def names() -> tuple[str, ...]:
    """Return the formats' names without importing any of them (for ``--help``)."""
    return tuple(sorted(info.name for info in pkgutil.iter_modules(__path__)))


def load(name: str) -> Format:
    """Import one format.

    Raises:
        KeyError: there is no such format.
        TypeError: its file does not offer ``FORMAT`` under its own name.

    """
    if name not in names():
        raise KeyError(name)
    module = importlib.import_module(f"{__name__}.{name}")
    offered = getattr(module, "FORMAT", None)
    if not isinstance(offered, Format) or offered.name != name:
        raise TypeError(f"{module.__name__} must define FORMAT: Format, named `{name}`")
    return offered


def discover() -> dict[str, Format]:
    """Return every format by name."""
    return {name: load(name) for name in names()}


def of_path(path: str) -> Format | None:
    """Return the format whose suffix *path* ends in, the longest suffix first; None if there is none."""
    fits = [
        (len(suffix), offered)
        for offered in discover().values()
        for suffix in offered.suffixes
        if path.lower().endswith(suffix)
    ]
    return max(fits, key=lambda fit: fit[0])[1] if fits else None
