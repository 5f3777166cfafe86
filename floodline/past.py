"""A run that is performed once more: its time, its documents and its recordings stand in place of today's.

The command line is the same, and so is every line of code behind it; only the clock, and what would be opened, are told
by whoever performs it again (``floodline verify``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from checks.declared import Source


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that told a run something: where it is kept, and what it was called."""

    path: str
    name: str


@dataclass(frozen=True, slots=True)
class Past:
    """What a run was given. ``asked``: whether it asked AWS; ``settings`` are ``config``, ``waivers``, ``baseline``."""

    at: datetime
    declared: tuple[Source, ...]
    recordings: tuple[str, ...]
    asked: bool
    settings: Mapping[str, Kept]


def past() -> Past | None:
    """Return the run that is performed once more, if this is one."""
    context = click.get_current_context(silent=True)
    return None if context is None else context.find_object(Past)
