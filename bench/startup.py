"""Measure how soon ``floodline --help`` answers: ``python -m bench.startup [RUNS]``.

The interpreter alone is started in turn with it: what is left is floodline's own.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from dataclasses import dataclass

HELP = [sys.executable, "-c", "from floodline.cli import main; main(['--help'])"]
NOTHING = [sys.executable, "-c", "pass"]


@dataclass(frozen=True, slots=True)
class Startup:
    """Milliseconds of several runs, shortest first."""

    help: tuple[float, ...]
    nothing: tuple[float, ...]

    def __str__(self) -> str:
        return (
            f"floodline --help: {_spread(self.help)}; the interpreter alone: {_spread(self.nothing)};"
            f" {len(self.help)} runs each"
        )


def measure(runs: int) -> Startup:
    """Run both commands in turn; the first time, which fills caches, does not count."""
    times: dict[str, list[float]] = {"help": [], "nothing": []}
    for run in range(runs + 1):
        for name, command in (("help", HELP), ("nothing", NOTHING)):
            began = time.perf_counter()
            subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
            if run:
                times[name].append(1000 * (time.perf_counter() - began))
    return Startup(*(tuple(sorted(times[name])) for name in ("help", "nothing")))


def _spread(times: tuple[float, ...]) -> str:
    return f"min {times[0]:.0f}, median {statistics.median(times):.0f}, max {times[-1]:.0f} ms"


if __name__ == "__main__":
    print(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 20))
