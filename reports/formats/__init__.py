"""One file per format. Each offers ``FORMAT``; nothing else has to be told of it."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from checks.model import Report


class NotReadyError(Exception):
    """A format lacks a library; the text is one line that says which, and how to get it."""


def _ready() -> None:
    """Most formats need nothing but what is always there."""


@dataclass(frozen=True, slots=True)
class Format:
    """A way to write a report.

    ``name`` is what ``-o NAME=PATH`` takes; ``suffixes`` (``.json``) let ``-o PATH`` guess it; ``render`` is pure and
    gives the same bytes for the same report. ``ready`` raises :class:`NotReadyError` where it could not be written, and
    is asked before anything is read. A module imports what is heavy only when one of the two is called.
    """

    name: str
    suffixes: tuple[str, ...]
    render: Callable[[Report], str | bytes]
    ready: Callable[[], None] = _ready


def needs(name: str, extra: str, *modules: str) -> None:
    """Import the modules that the format *name* needs beyond the usual ones.

    Raises:
        NotReadyError: one is missing; installing the *extra* brings it.

    """
    try:
        for module in modules:
            importlib.import_module(module)
    except ImportError as error:
        lacking = (error.name or str(error)).partition(".")[0]
        raise NotReadyError(
            f"the format `{name}` needs `{lacking}`; install it with `pip install 'floodline[{extra}]'`"
        ) from error


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
