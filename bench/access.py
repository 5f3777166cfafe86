"""``python -m bench.access``: the access engine at a million grants a side, its limits, and a peer on the same grants.

Each part runs in a process of its own, whose peak resident memory is the part's. MB are 10^6 bytes. The differences
between the sides are known (``bench.access_lake``), so the bench also says whether each of them was found, and nothing
else. It ends with 1 if one was not, or, without ``--no-limits``, if a limit of time or memory is missed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from bench.access_grants import Size
from bench.access_lake import add_arguments, size_of
from bench.meter import Measure, plain, told

ROOT: Final = Path(__file__).resolve().parent.parent
KEPT: Final = Path("out") / "bench"
MB: Final = 1_000_000

STATED: Final = 1_000_000
"""The number of grants for which the limits are stated, with the other sizes as they are by default."""
MAX_CPU: Final = 10.0
MAX_MEMORY: Final = 600 * MB
MAX_P99: Final = 3.0
LINEAR: Final = 3
MAX_GROWTH: Final = 1.1
"""How much dearer a grant may be at three times the size: a measure repeated differs by as much."""
PEER: Final = "0.11.0"
PEER_CPU: Final = 20.0
PEER_MEMORY: Final = 5.0
NO_PEER: Final = (
    f"`{{command}}` is not lfpolicy {PEER}: put it into an environment of its own "
    f"(`python -m venv out/lfpolicy`, `out/lfpolicy/bin/pip install lfpolicy=={PEER}`) "
    "and name it: `--peer out/lfpolicy/bin/lfpolicy`"
)


class BenchError(Exception):
    """Something could not be measured: one line."""


@dataclass(slots=True)
class Table:
    """The rows that were measured, and the limits they met or missed."""

    parts: dict[str, Measure] = field(default_factory=dict)
    limits: list[tuple[str, bool]] = field(default_factory=list)
    wrong: int = 0
    """How many of those that were missed are about what was found, and not about time or memory."""

    def row(self, name: str, work: Measure, note: str = "") -> Measure:
        """Keep a measure and print its row."""
        self.parts[name] = work
        print(f"  {name:<30}{work.wall:>9.2f}{work.cpu:>9.2f}{work.peak / MB:>9,.0f}  {note}", flush=True)
        return work

    def limit(self, what: str, *, met: bool) -> None:
        """Note whether a limit of time or memory is met."""
        self.limits.append((what, met))

    def right(self, what: str, *, met: bool) -> None:
        """Note whether what was found is what is there."""
        self.limits.append((what, met))
        self.wrong += not met


def main(arguments: Sequence[str] | None = None) -> int:
    asked = _arguments(arguments)
    size = size_of(asked)
    table = Table()
    print(f"Python {platform.python_version()}, {os.cpu_count()} processors, {platform.system()} {platform.machine()}")
    try:
        peer = _peer(asked.peer) if asked.peer else None
        with _lake(size, reuse=asked.reuse, peer=peer is not None) as folder:
            one = _measure(table, size, folder)
            if peer is not None:
                _against(table, size, folder, peer, one)
        if asked.linear:
            more = replace(size, grants=size.grants * LINEAR)
            with _lake(more, reuse=asked.reuse, peer=False) as folder:
                _heading(more)
                _linear(table, size, one, _total(table, more, folder))
        _row_filters(table)
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    print()
    for what, met in table.limits:
        print(f"{'met   ' if met else 'MISSED'}  {what}")
    if asked.json is not None:
        asked.json.write_text(json.dumps(_document(size, table), indent=2) + "\n", "utf-8")
    return 1 if table.wrong or not (asked.no_limits or all(met for _, met in table.limits)) else 0


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.access", description="Measure the access engine at size.")
    add_arguments(parser)
    parser.add_argument("--linear", action="store_true", help=f"measure {LINEAR} times the grants too")
    parser.add_argument("--peer", nargs="?", const="lfpolicy", metavar="COMMAND",
                        help=f"time lfpolicy {PEER} on the same grants: minutes at a million")  # fmt: skip
    parser.add_argument("--reuse", action="store_true", help=f"use the lake in {KEPT} if it is there; keep it")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the measures there too")
    parser.add_argument("--no-limits", action="store_true", help="let time and memory be what they are")
    return parser.parse_args(arguments)


@contextmanager
def _lake(size: Size, *, reuse: bool, peer: bool) -> Iterator[Path]:
    """Have the lake written by a process of its own: a child's peak memory begins with its parent's."""
    if not reuse:
        with tempfile.TemporaryDirectory(prefix="floodline-bench-") as name:
            _written(size, Path(name), peer=peer)
            yield Path(name)
        return
    folder = (KEPT / f"access-{size.grants}-{size.tables}").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    made = folder / "made.json"
    wanted = {**asdict(size), "code": _code()}
    have = json.loads(made.read_text("utf-8")) if made.is_file() else {}
    if {**have, "peer": None} != {**wanted, "peer": None} or (peer and not have["peer"]):
        made.unlink(missing_ok=True)
        _written(size, folder, peer=peer)
        made.write_text(json.dumps({**wanted, "peer": peer}), "utf-8")
    yield folder


def _code() -> str:
    """Return what changes with the modules that write the lake."""
    sources = (ROOT / "bench" / f"access_{name}.py" for name in ("grants", "lake"))
    return hashlib.sha256(b"".join(one.read_bytes() for one in sources)).hexdigest()


def _written(size: Size, folder: Path, *, peer: bool) -> None:
    options = [f"--{name.replace('_', '-')}={getattr(size, name)}" for name in asdict(size)
               if name not in ("columns", "expressions")]  # fmt: skip
    command = [sys.executable, "-m", "bench.access_lake", str(folder), *options, *(["--peer"] if peer else [])]
    if subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=False).returncode != 0:
        raise BenchError("the lake could not be written; what was said is above")


# --------------------------------------------------------------------------------------------------------------- parts
def _heading(size: Size) -> None:
    print(
        f"\n{size.grants:,} grants a side, {size.tables:,} tables of {size.columns} columns, "
        f"{size.databases:,} databases, {size.principals:,} principals, {size.filters:,} data cells filters, "
        f"{size.expressions} tag expressions"
    )
    print(f"  {'part':<30}{'wall s':>9}{'CPU s':>9}{'peak MB':>9}")


def _measure(table: Table, size: Size, folder: Path) -> Measure:
    _heading(size)
    work = _part("catalog", folder)
    table.row("catalog, live", work, f"{work.facts['tables']:,} tables and all but the grants")
    for name in ("live", "declared"):
        work = _part(f"parse-{name}", folder)
        table.row(f"parse {name}", work, f"a recording of {work.facts['bytes'] / MB:,.0f} MB")
    work = _part("compare", folder)
    table.row("compare", work, f"{work.base / MB:,.0f} MB before it")
    work = _total(table, size, folder)
    facts = work.facts
    table.right(
        f"every planted difference is found, and nothing else: {facts['missed']} missed, {facts['surplus']} surplus",
        met=not facts["missed"] and not facts["surplus"],
    )
    if size == replace(Size(), seed=size.seed):
        table.limit(f"parse and compare in {work.cpu:.1f} s of CPU, under {MAX_CPU:.0f}", met=work.cpu < MAX_CPU)
        table.limit(f"in {work.peak / MB:,.0f} MB, under {MAX_MEMORY / MB:.0f}", met=work.peak < MAX_MEMORY)
    return work


def _total(table: Table, size: Size, folder: Path) -> Measure:
    work = _part("total", folder)
    facts = work.facts
    if not facts["complete"]:
        raise BenchError("a recording does not give a complete view")
    found = ", ".join(f"{facts['found'].get(name, 0):,} of {count:,} {plural}" for name, plural, count in (
        (plural.removesuffix("s"), plural, count) for plural, count in facts["planted"].items()
    ))  # fmt: skip
    name = "parse both and compare" if size.grants == STATED else f"the same, {size.grants:,}"
    table.row(name, work, f"{facts['findings']:,} findings; planted differences found: {found}")
    parts = ", ".join(f"{part} {seconds:.2f} s" for part, seconds in work.parts.items())
    print(f"  {'':<57}  {parts}")
    for example in facts["examples"]:
        print(f"  {'':<57}  {example}")
    return work


def _linear(table: Table, size: Size, one: Measure, more: Measure) -> None:
    cpu, memory = more.cpu / one.cpu / LINEAR, more.peak / one.peak / LINEAR
    print(f"  {'':<57}  per grant {cpu:.2f} times the CPU and {memory:.2f} times the memory")
    what = f"from {size.grants:,} to {size.grants * LINEAR:,} grants"
    table.limit(f"{what} a grant costs {cpu:.2f} times the CPU, at most {MAX_GROWTH}", met=cpu <= MAX_GROWTH)
    table.limit(f"{what} a grant takes {memory:.2f} times the memory, at most {MAX_GROWTH}", met=memory <= MAX_GROWTH)
    met = not more.facts["missed"] and not more.facts["surplus"]
    table.right("there too every planted difference is found, and nothing else", met=met)


def _row_filters(table: Table) -> None:
    print()
    work = _part("row-filters", ROOT)
    facts = work.facts
    found = ", ".join(f"{count:,} {word}" for word, count in facts["relations"].items())
    note = f"p50 {facts['p50']:.2f}, p99 {facts['p99']:.2f}, max {facts['max']:.1f} ms; {found}"
    table.row(f"{facts['pairs']:,} pairs of row filters", work, note)
    for reason, count in facts["reasons"].items():
        print(f"  {'':<57}  unknown {count} times: {reason}")
    table.limit(f"p99 of a pair of row filters {facts['p99']:.2f} ms, under {MAX_P99:.0f}", met=facts["p99"] < MAX_P99)


def _part(name: str, folder: Path) -> Measure:
    command = [sys.executable, "-m", "bench.access_parts", name, str(folder)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise BenchError(f"part `{name}` ended with {done.returncode}; what it said is above")
    return told(json.loads(done.stdout))


# ---------------------------------------------------------------------------------------------------------------- peer
def _peer(command: str) -> str:
    """Return the path of the peer's command, of the version that the ratios are stated for."""
    path = shutil.which(command)
    if path is not None:
        said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout
        if said.split()[-1:] == [PEER]:
            return path
    raise BenchError(NO_PEER.format(command=command))


def _against(table: Table, size: Size, folder: Path, peer: str, one: Measure) -> None:
    """Time the peer on the same grants; its time counts only if it found what literal comparison has to find."""
    out = folder / "peer.json"
    command = [
        peer, "audit", "--desired", str(folder / "desired.json"), "--current-snapshot", str(folder / "current.json"),
        "--output", "json", "--output-file", str(out),
    ]  # fmt: skip
    work = Measure()
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    work.wall = time.perf_counter() - began
    work.cpu = used.ru_utime + used.ru_stime
    work.peak = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    if process.returncode != 0:
        raise BenchError(f"lfpolicy ended with {process.returncode}; what it said is above")
    found = len(json.loads(out.read_text("utf-8"))["findings"])
    out.unlink()
    wanted = literal(json.loads((folder / "planted.json").read_text("utf-8")))
    work.facts = {"findings": found, "expected": wanted, "version": PEER}
    size_mb = sum((folder / name).stat().st_size for name in ("desired.json", "current.json")) / MB
    note = f"{found:,} findings; {size_mb:,.0f} MB: the same grants, filters and tags, but no tables and columns"
    table.row(f"lfpolicy {PEER} audit", work, note)
    cpu, memory = work.cpu / one.cpu, work.peak / one.peak
    print(f"  {'':<57}  {cpu:.1f} times our CPU, {memory:.1f} times our memory")
    table.right(f"lfpolicy finds {found:,} literal differences of {wanted:,} planted: its time counts",
                met=found == wanted)  # fmt: skip
    if size == replace(Size(), seed=size.seed):
        table.limit(f"lfpolicy takes {cpu:.1f} times our CPU, at least {PEER_CPU:.0f}", met=cpu >= PEER_CPU)
        table.limit(f"and {memory:.1f} times our memory, at least {PEER_MEMORY:.0f}", met=memory >= PEER_MEMORY)


def literal(planted: Mapping[str, Any]) -> int:
    """Return how many findings a literal comparison of keys and permission sets has to give.

    A grant on other columns is one missing and one unmanaged, a grant with other permissions one for those that are
    missing and one for those that are too many, a tag one for its value missing and one for the other.
    """
    count = 2 * len(planted["tags"]) + len(planted["filters"])
    for one in planted["grants"]:
        declared, live = set(one["declared"]), set(one["live"])
        if one["change"] == "column more":
            count += 2
        elif one["change"].startswith("permission"):
            count += bool(declared - live) + bool(live - declared)
        else:
            count += 1
    return count


def _document(size: Size, table: Table) -> dict[str, Any]:
    return {
        "python": platform.python_version(),
        "processors": os.cpu_count(),
        "size": asdict(size),
        "parts": {name: plain(work) for name, work in table.parts.items()},
        "limits": [{"what": what, "met": met} for what, met in table.limits],
    }


if __name__ == "__main__":
    sys.exit(main())
