"""Measure ``floodline explain`` as a whole process: ``python -m bench.explaining FOLDER [RUNS]``.

FOLDER holds what ``python -m bench --keep`` leaves in ``out/bench``: ``state.json`` and ``after.jsonl.gz``. It
is read packed and, from a copy that lasts as long as this, plain. The interpreter's start and all imports count.
"""

from __future__ import annotations

import gzip
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

QUESTION = ("role/marketing", "telemetry_raw.private_messages.body")
ANSWER = b"SELECT through tables tagged sensitivity = public"
"""What the answer must hold after the incident: else something else was measured."""


def once(state: Path, live: Path) -> tuple[float, float, int]:
    """Ask once: CPU seconds, wall seconds, peak resident bytes."""
    command = [sys.executable, "-c", "from floodline.cli import main; main()", "explain", *QUESTION,
               "--state", str(state), "--live", str(live)]  # fmt: skip
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parent.parent) as process:
        assert process.stdout is not None
        said = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - began
    if process.returncode != 0 or ANSWER not in said:
        raise SystemExit(f"`floodline explain` ended with {process.returncode} and another answer than expected")
    return used.ru_utime + used.ru_stime, wall, used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def told(name: str, state: Path, live: Path, runs: int) -> str:
    """Return one line: the least and the middle of several runs."""
    found = [once(state, live) for _ in range(runs)]
    cpu, wall, peak = ([one[at] for one in found] for at in range(3))
    return (
        f"explain, {name} recording: CPU {min(cpu):.2f} s (median {statistics.median(cpu):.2f}),"
        f" wall {min(wall):.2f} s (median {statistics.median(wall):.2f}), peak {max(peak) / 1e6:.0f} MB"
    )


def main(folder: Path, runs: int) -> None:
    state, packed = folder / "state.json", folder / "after.jsonl.gz"
    print(told("packed", state, packed, runs), flush=True)
    with tempfile.TemporaryDirectory(prefix="floodline-bench-") as name:
        plain = Path(name) / "after.jsonl"
        with gzip.open(packed, "rb") as source, plain.open("wb") as target:
            shutil.copyfileobj(source, target)
        print(told("plain", state, plain, runs), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), int(sys.argv[2]) if len(sys.argv) > 2 else 5)
