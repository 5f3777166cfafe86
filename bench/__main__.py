"""``python -m bench`` (``make bench``): wall and CPU seconds, tables per second and peak memory of each stage.

Every stage runs in a process of its own, whose peak resident memory is the stage's. Inputs are made once: the declared
program is evaluated and brought up in the lab, the lab is read over HTTP before and after an incident.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench import startup
from bench.meter import MIB, Measure, plain, told

ROOT = Path(__file__).resolve().parent.parent
KEPT = Path("out") / "bench"
INCIDENT = "retag-database"
EXPECTED = {"before": 0, "after": 3}
"""Exit codes of a check: any other, and it was not the right thing that was measured."""

REAL_UNTIL = 5000
"""Tables up to which the program itself declares the lake unless told otherwise; the SDK needs minutes for more."""

FORMATS = ("html", "json", "text")


class BenchError(Exception):
    """A stage did not do what it was to be measured at."""


@dataclass(slots=True)
class Size:
    """The measures of one size, in the order of the stages."""

    tables: int
    synthetic: bool
    stages: dict[str, Measure] = field(default_factory=dict)
    timeless: set[str] = field(default_factory=set)
    """Stages whose time does not depend on the number of tables."""

    def row(self, name: str, work: Measure, note: str = "", *, per_second: bool = True) -> None:
        """Keep a measure and print its row."""
        self.stages[name] = work
        if not per_second:
            self.timeless.add(name)
        print(
            f"  {name:<30}{work.wall:>9.2f}{work.cpu:>9.2f}{self.speed(name):>10}{work.peak / MIB:>9,.0f}  {note}",
            flush=True,
        )

    def speed(self, name: str) -> str:
        """Return tables per second of wall time."""
        known = name in self.stages and name not in self.timeless
        return f"{self.tables / max(self.stages[name].wall, 1e-4):,.0f}" if known else "-"

    def ratio(self, name: str, other: str) -> str:
        """Compare CPU seconds and memory of two stages."""
        mine, theirs = self.stages[name], self.stages[other]
        return f"{mine.cpu / max(theirs.cpu, 1e-4):.2f} x its CPU, {mine.peak / theirs.peak:.2f} x its memory"


def main() -> int:
    asked = _arguments()
    print(f"Python {platform.python_version()}, {os.cpu_count()} processors, {platform.system()} {platform.machine()}")
    sizes = []
    try:
        for tables in asked.tables:
            synthetic = asked.synthetic or (tables > REAL_UNTIL and not asked.full)
            with _folder(tables, synthetic=synthetic, keep=asked.keep or asked.reuse) as folder:
                sizes.append(_measure(tables, folder, synthetic=synthetic, reuse=asked.reuse))
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    starts = startup.measure(asked.startup) if asked.startup else None
    _table(sizes)
    if starts is not None:
        print(starts)
    if asked.json is not None:
        asked.json.write_text(json.dumps(_document(sizes, starts), indent=2) + "\n", "utf-8")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure time and memory of each stage.")
    parser.add_argument("--tables", type=int, nargs="+", default=[1000, 45_000], metavar="N", help="12 to 45000")
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--full", action="store_true", help="evaluate the program at every size: minutes at 45000")
    way.add_argument(
        "--synthetic",
        action="store_true",
        help=f"grow the lake from a small one at every size (by default above {REAL_UNTIL})",
    )
    parser.add_argument("--keep", action="store_true", help=f"keep the inputs in {KEPT}")
    parser.add_argument("--reuse", action="store_true", help=f"use the inputs in {KEPT} if they are there; keep them")
    parser.add_argument(
        "--startup", type=int, default=20, metavar="RUNS", help="runs of `floodline --help`; 0 for none"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the measures there too")
    asked = parser.parse_args()
    if not all(12 <= tables <= 45_000 for tables in asked.tables):
        parser.error("--tables: the program declares 12 to 45000 tables")
    return asked


@contextmanager
def _folder(tables: int, *, synthetic: bool, keep: bool) -> Iterator[Path]:
    if not keep:
        with tempfile.TemporaryDirectory(prefix="floodline-bench-") as name:
            yield Path(name)
        return
    folder = (KEPT / f"{tables}-{'synthetic' if synthetic else 'real'}").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    yield folder


# -------------------------------------------------------------------------------------------------------------- stages
def _measure(tables: int, folder: Path, *, synthetic: bool, reuse: bool) -> Size:
    size = Size(tables, synthetic)
    how = "grown from a small one" if synthetic else "declared by the program"
    print(f"\n{tables:,} tables, {how}")
    print(f"  {'stage':<30}{'wall s':>9}{'CPU s':>9}{'tables/s':>10}{'peak MiB':>9}")
    made = folder / "made.json"
    if reuse and made.is_file():
        found = {name: told(value) for name, value in json.loads(made.read_text("utf-8")).items()}
    else:
        made.unlink(missing_ok=True)
        found = _make(tables, folder, synthetic=synthetic)
        made.write_text(json.dumps({name: plain(work) for name, work in found.items()}), "utf-8")
    _show_up(size, found["program"], found["ours"])
    _read_state(size, folder)
    _show_collect(size, found["collect"])
    _read_live(size, folder)
    _compare(size, folder)
    for name in FORMATS:
        work = _stage("render", folder, name)
        note = f"{work.facts['bytes'] / 1e6:.2f} MB, {work.facts['findings']:,} findings"
        size.row(f"6 render {name}", work, note, per_second=False)
    _whole(size, folder)
    return size


def _make(tables: int, folder: Path, *, synthetic: bool) -> dict[str, Measure]:
    """Bring the lake up, and read it before and after the incident."""
    way = "synthetic" if synthetic else "real"
    playing = subprocess.Popen(
        [sys.executable, "-m", "bench.playing", str(tables), str(folder), way],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with playing:
        assert playing.stdin is not None
        assert playing.stdout is not None

        def answer(word: str = "") -> dict[str, Any]:
            assert playing.stdin is not None
            assert playing.stdout is not None
            if word:
                playing.stdin.write(f"{word}\n")
                playing.stdin.flush()
            line = playing.stdout.readline()
            if not line:
                raise BenchError(f"the lab ended at {tables} tables; what it said is above")
            found: dict[str, Any] = json.loads(line)
            return found

        ready = answer()
        found = {"program": told(ready["program"]), "ours": told(ready["ours"])}
        cpu = answer("usage")["cpu"]
        found["collect"] = _stage("collect", folder, "before", environment=ready["environment"])
        after = answer("usage")
        found["collect"].facts |= {"lab_cpu": round(after["cpu"] - cpu, 2), "lab_peak": after["peak"]}
        answer(INCIDENT)
        _stage("collect", folder, "after", environment=ready["environment"])
        playing.stdin.close()
    return found


def _show_up(size: Size, program: Measure, ours: Measure) -> None:
    parts = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in ours.parts.items())
    state = f"{ours.facts['resources']:,} resources, {ours.facts['bytes'] / 1e6:.1f} MB of state"
    if size.synthetic:
        size.row("1 lake grown, not evaluated", ours, f"{state}; {parts}", per_second=False)
        return
    size.row("1 up: the program", program, "the declaration under Pulumi's SDK; it takes as long as the row below")
    size.row("1 up: the lab", ours, f"{state}; {parts}")


def _show_collect(size: Size, work: Measure) -> None:
    facts = work.facts
    calls = f"{facts['calls']:,} calls ({facts['listings']:,} listings and their pages), {facts['rows']:,} rows"
    lab = f"the lab meanwhile {facts['lab_cpu']:.1f} s CPU"
    size.row("3 collect over HTTP", work, f"{calls}, {facts['bytes'] / 1e6:.1f} MB packed; {lab}")


def _read_state(size: Size, folder: Path) -> None:
    work = _stage("read-state", folder)
    parts = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in work.parts.items())
    megabytes = work.facts["bytes"] / 1e6
    size.row("2 state: read and place", work, f"{megabytes:.1f} MB, {megabytes / work.wall:.0f} MB/s; {parts}")
    size.row("  json.load, the same file", _stage("load-state", folder))
    print(f"  {'':<67}  ours is {size.ratio('2 state: read and place', '  json.load, the same file')}")


def _read_live(size: Size, folder: Path) -> None:
    work = _stage("read-live", folder, "before")
    if not work.facts["complete"]:
        raise BenchError("the recording does not give a complete view")
    size.row("4 recording to facts", work, f"{work.facts['rows']:,} rows, {work.facts['grants']:,} grants")
    size.row("  json.loads, the same lines", _stage("load-live", folder, "before"), "each line forgotten at once")
    print(f"  {'':<67}  ours is {size.ratio('4 recording to facts', '  json.loads, the same lines')}")


def _compare(size: Size, folder: Path) -> None:
    for name, what in (("before", "quiet"), ("after", INCIDENT)):
        work = _stage("compare", folder, name)
        if work.facts["exit_code"] != EXPECTED[name]:
            raise BenchError(f"the comparison {name} the incident gave exit code {work.facts['exit_code']}")
        found = ", ".join(f"{count:,} {word}" for word, count in work.facts["summary"].items())
        size.row(f"5 compare: {what}", work, f"{work.base / MIB:,.0f} MiB before it; {found}")


def _stage(name: str, folder: Path, argument: str = "", *, environment: Mapping[str, str] | None = None) -> Measure:
    command = [sys.executable, "-m", "bench.stages", name, str(folder), argument]
    done = subprocess.run(
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False, env={**os.environ, **(environment or {})}
    )
    if done.returncode != 0:
        raise BenchError(f"stage `{name}` ended with {done.returncode}; what it said is above")
    return told(json.loads(done.stdout))


def _whole(size: Size, folder: Path) -> None:
    """Run the command that a user runs, from nothing to two reports."""
    command = [
        sys.executable, "-c", "from floodline.cli import main; main()", "check", "-q",
        "--state", str(folder / "state.json"), "--live", str(folder / "after.jsonl.gz"),
        "-o", str(folder / "report.html"), "-o", str(folder / "report.json"),
    ]  # fmt: skip
    work = Measure()
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    work.wall = time.perf_counter() - began
    work.cpu = used.ru_utime + used.ru_stime
    # A child starts with its parent's peak; ours is small.
    work.peak = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    if process.returncode != EXPECTED["after"]:
        raise BenchError(f"`floodline check` ended with {process.returncode}")
    size.row("2+4+5+6 floodline check", work, "one process, from its start to the HTML and JSON reports")


# ------------------------------------------------------------------------------------------------------------- results
def _table(sizes: list[Size]) -> None:
    """Print what there is to remember: tables per second and peak memory, one column pair a size."""
    names = list(dict.fromkeys(name for size in sizes for name in size.stages))
    print(f"\n{'':<32}" + "".join(f"{f'{size.tables:,} tables':>26}" for size in sizes))
    print(f"{'stage':<32}" + f"{'tables/s':>12}{'peak MiB':>14}" * len(sizes))
    for name in names:
        cells = ""
        for size in sizes:
            work = size.stages.get(name)
            memory = "-" if work is None else f"{work.peak / MIB:,.0f}"
            cells += f"{size.speed(name):>12}{memory:>14}"
        print(f"{name:<32}{cells}")


def _document(sizes: list[Size], starts: startup.Startup | None) -> dict[str, Any]:
    return {
        "python": platform.python_version(),
        "processors": os.cpu_count(),
        "sizes": [
            {
                "tables": size.tables,
                "synthetic": size.synthetic,
                "stages": {name.strip(): plain(work) for name, work in size.stages.items()},
            }
            for size in sizes
        ],
        "startup_ms": None if starts is None else {"help": starts.help, "nothing": starts.nothing},
    }


if __name__ == "__main__":
    sys.exit(main())
