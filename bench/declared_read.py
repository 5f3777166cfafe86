"""Measure the declared side: seconds and peak memory of reading a state export, beside ``json.load``.

python bench/declared_read.py FILE [--json]
"""

from __future__ import annotations

import json
import mmap
import resource
import sys
import time
from pathlib import Path

from checks.declared import Source, read


def peak_mb() -> float:
    """Peak resident memory of this process in MB (Linux counts it in KiB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(path: str, *, plain: bool) -> None:
    size = Path(path).stat().st_size / 1e6
    before, started = peak_mb(), time.process_time()
    if plain:
        with Path(path).open("rb") as file:
            json.load(file)
        print(f"json.load: {size:.0f} MB of text, {time.process_time() - started:.1f} s CPU, peak {peak_mb():.0f} MB")
        return
    with Path(path).open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        data = mapped.read() if size < 1 else memoryview(mapped)
        declaration = read([Source("state", path, data)])
        parsed = time.process_time()
        lakes = declaration.place()
        placed = time.process_time()
        tables = sum(len(lake.tables) for lake in lakes)
        print(
            f"floodline: {size:.0f} MB of text, {tables} tables, {tables / (placed - started):.0f} tables/s,"
            f" read {parsed - started:.1f} s, place {placed - parsed:.1f} s CPU,"
            f" peak {peak_mb():.0f} MB (text included), start {before:.0f} MB"
        )
        del declaration, data


if __name__ == "__main__":
    main(sys.argv[1], plain="--json" in sys.argv)
