"""What is measured, and how: wall and CPU seconds of a piece of work, peak resident memory of its process."""

from __future__ import annotations

import json
import resource
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

MIB = 1 << 20


@dataclass(slots=True)
class Measure:
    """One piece of work. ``wall`` and ``cpu`` in seconds, ``peak`` in bytes, ``base`` what was resident before it.

    ``parts`` splits ``wall``; ``facts`` are counts that say what was worked on.
    """

    wall: float = 0.0
    cpu: float = 0.0
    peak: int = 0
    base: int = 0
    parts: dict[str, float] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)

    def part(self, name: str) -> None:
        """End one part of the work, and begin the next."""
        self.parts[name] = time.perf_counter() - self.wall - sum(self.parts.values())


def peak() -> int:
    """Return this process's peak resident memory in bytes.

    Linux's VmHWM where there is one: ``ru_maxrss`` outlives an exec, so that a child begins with its parent's.
    """
    found = _high_water(Path("/proc/self/status"))
    return found if found is not None else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _UNIT


_UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes in one of ``ru_maxrss``."""


def _high_water(status: Path) -> int | None:
    try:
        lines = status.read_text("ascii", "replace").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), None)


@contextmanager
def measured(work: Measure | None = None) -> Iterator[Measure]:
    """Measure what is done inside, this process's threads and no other's."""
    work = work or Measure()
    work.base = peak()
    cpu, work.wall = time.process_time(), time.perf_counter()
    yield work
    work.wall = time.perf_counter() - work.wall
    work.cpu = time.process_time() - cpu
    work.peak = peak()


@contextmanager
def children(every: float = 0.25) -> Iterator[Measure]:
    """Measure the child processes that come and go inside: CPU in all, and the highest peak of a single one."""
    found = Measure()
    stop = threading.Event()

    def look() -> None:
        while not stop.wait(every):
            for listing in Path("/proc/self/task").glob("*/children"):
                for pid in _words(listing):
                    found.peak = max(found.peak, _high_water(Path(f"/proc/{pid}/status")) or 0)

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    try:
        yield found
    finally:
        stop.set()
        watcher.join()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        found.wall = time.perf_counter() - began
        found.cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        found.peak = found.peak or after.ru_maxrss * _UNIT


def _words(listing: Path) -> list[str]:
    try:
        return listing.read_text("ascii").split()
    except OSError:  # the thread has ended
        return []


def tell(work: Measure) -> None:
    """Hand a measure to the process that waits for it: one line of JSON."""
    print(json.dumps(plain(work)), flush=True)


def plain(work: Measure) -> dict[str, Any]:
    """Return a measure as JSON values."""
    return {
        "wall": round(work.wall, 4),
        "cpu": round(work.cpu, 4),
        "peak": work.peak,
        "base": work.base,
        "parts": {name: round(seconds, 4) for name, seconds in work.parts.items()},
        "facts": work.facts,
    }


def told(value: dict[str, Any]) -> Measure:
    """Understand what ``plain`` gave."""
    return Measure(**value)
