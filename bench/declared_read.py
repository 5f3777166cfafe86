"""Measure the declared side: CPU seconds and peak memory of reading a state export, beside ``json.load`` of it.

    python -m bench.declared_read FILE... [--runs N]

Each reading is a process of its own, ours and ``json.load`` in turn; the least CPU of the runs counts. Memory is split:
``text`` are pages of the mapped file, which the system can take back at any time; the rest is what a process holds.
"""

from __future__ import annotations

import argparse
import gc
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from floodline import inputs

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
    megabytes = Path(path).stat().st_size / 1e6
    return (
        f"{Path(path).name}: {megabytes:.0f} MB, {ours['tables']:,} tables; CPU {ours['cpu']:.1f} s (read"
        f" {ours['read']:.1f}), json.load {plain['cpu']:.1f} s: {ours['cpu'] / plain['cpu']:.2f} times; held at the peak"
        f" {ours['held'] / 1e6:.0f} MB of which {ours['left'] / 1e6:.0f} are the result, json.load"
        f" {plain['held'] / 1e6:.0f} MB; peak with mapped text {ours['peak'] / 1e6:.0f} and {plain['peak'] / 1e6:.0f} MB"
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.declared_read", description="Reading beside json.load.")
    parser.add_argument("files", nargs="+", metavar="FILE")
    parser.add_argument("--runs", type=int, default=2)
    parser.add_argument("--way", choices=sorted(WAYS), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.way:
        print(json.dumps(measured(asked.way, str(Path(asked.files[0]).resolve()))))
        return
    for path in asked.files:
        print(compare(str(Path(path).resolve()), asked.runs), flush=True)


if __name__ == "__main__":
    main()
