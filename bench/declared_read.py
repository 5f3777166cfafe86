"""Measure the declared side: CPU seconds and peak memory of reading a state export, beside ``json.load`` of it.

    python -m bench.declared_read [--tables N] [--runs N]     two exports, made here: compact and indented
    python -m bench.declared_read FILE... [--runs N]

At 45,000 tables both are some 480 MB. Each reading is a process of its own, ours and ``json.load`` in turn; the least
CPU of the runs counts. What is held is a process's own memory; resident are also pages of the mapped file, which the
system takes back whenever it likes.
"""

from __future__ import annotations

import argparse
import gc
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.state_gen import write
from floodline import inputs

COLUMNS = {"compact": 47, "indented": 6}
OURS, PLAIN = "floodline", "json.load"


def _status(name: str) -> int:
    """Return a figure of this process's memory in bytes (Linux)."""
    for line in Path("/proc/self/status").read_text("ascii", "replace").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    return 0


def _ours(path: str) -> tuple[Any, dict[str, Any]]:
    gc.set_threshold(200_000, 50, 1_000)  # as `floodline check` does
    began = time.process_time()
    declaration = inputs.declaration([path], [], [])
    read = time.process_time() - began
    lakes = declaration.place()
    return lakes, {"read": read, "tables": sum(len(lake.tables) for lake in lakes)}


def _plain(path: str) -> tuple[Any, dict[str, Any]]:
    with Path(path).open("rb") as file:
        return json.load(file), {}


WAYS: dict[str, Callable[[str], tuple[Any, dict[str, Any]]]] = {OURS: _ours, PLAIN: _plain}


def measured(way: str, path: str) -> dict[str, Any]:
    """Read a file in this process: CPU seconds; bytes at the peak, and what is left of them with the result alone."""
    held = 0
    stop = threading.Event()

    def watch() -> None:
        nonlocal held
        while not stop.wait(0.02):
            held = max(held, _status("RssAnon"))

    before = _status("RssAnon")
    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    began = time.process_time()
    result, facts = WAYS[way](path)
    cpu = time.process_time() - began
    stop.set()
    watcher.join()
    peak, held = _status("VmHWM"), max(held, _status("RssAnon"))
    gc.collect()
    left = _status("RssAnon")
    del result
    return {"cpu": cpu, "peak": peak, "held": held - before, "left": left - before, **facts}


def _apart(way: str, path: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.declared_read", path, "--way", way]
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parent.parent)
    found: dict[str, Any] = json.loads(told.stdout)
    return found


def compare(path: str, runs: int) -> str:
    """Return one line about a file."""
    found: dict[str, list[dict[str, Any]]] = {way: [] for way in WAYS}
    for _ in range(runs):
        for way, told in found.items():
            told.append(_apart(way, path))
    ours, plain = (min(found[way], key=lambda one: float(one["cpu"])) for way in (OURS, PLAIN))
    size = Path(path).stat().st_size
    return (
        f"{Path(path).name}: {size / 1e6:.1f} MB, {ours['tables']:,} tables\n"
        f"  CPU {ours['cpu']:.2f} s (read {ours['read']:.2f}), json.load {plain['cpu']:.2f} s:"
        f" {ours['cpu'] / plain['cpu']:.2f} times\n"
        f"  held at the peak {ours['held'] / 1e6:.0f} MB, of which the result {ours['left'] / 1e6:.0f};"
        f" json.load {plain['held'] / 1e6:.0f}\n"
        f"  resident at the peak, text included, {ours['peak'] / 1e6:.0f} MB; json.load {plain['peak'] / 1e6:.0f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.declared_read", description="Reading beside json.load.")
    parser.add_argument("files", nargs="*", metavar="FILE")
    parser.add_argument("--tables", type=int, default=45_000)
    parser.add_argument("--runs", type=int, default=2)
    parser.add_argument("--way", choices=sorted(WAYS), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.way:
        print(json.dumps(measured(asked.way, str(Path(asked.files[0]).resolve()))))
        return
    for path in asked.files:
        print(compare(str(Path(path).resolve()), asked.runs), flush=True)
    if asked.files:
        return
    with tempfile.TemporaryDirectory(prefix="floodline-bench-") as folder:
        for name, columns in COLUMNS.items():
            path = Path(folder) / f"{name}.json"
            with path.open("w", encoding="utf-8") as file:
                write(file, asked.tables, columns, compact=name == "compact")
            print(compare(str(path), asked.runs), flush=True)
            path.unlink()


if __name__ == "__main__":
    main()
