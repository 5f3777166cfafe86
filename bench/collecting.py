"""``python -m bench.collecting``: read a million grants and 45,000 tables over HTTP, each call 20 ms away.

The lake (``bench.whole_lake``) is replayed by ``floodline lab replay`` in a process of its own; ``floodline collect``
reads it in another, which is measured: CPU, peak resident memory, calls. Beside its calls stand those that a reading
table by table, lfpolicy 0.11.0 and ``pulumi refresh`` would make for the same lake. It ends with 1 if a limit is
missed (not with ``--no-limits``), or if the recording does not hold every row that is there.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from bench.access_grants import KEYS, Lake, Size
from bench.access_lake import add_arguments, size_of
from bench.access_lake import write as write_sides
from bench.meter import Measure, plain
from bench.whole_lake import write
from checks.live import recording
from checks.live.answer import Answer

ROOT: Final = Path(__file__).resolve().parent.parent
TOOL: Final = str(Path(sys.executable).with_name("floodline"))
MB: Final = 1_000_000
MAX_CPU: Final = 60.0
MAX_MEMORY: Final = 600 * MB

REFRESH: Final[Mapping[str, int]] = {
    "databases": 1,
    "tables": 2,
    "grants": 1,
    "filters": 1,
    "tags": 1,
    "tagged objects": 1,
}
"""Calls for each resource that ``pulumi refresh`` reads again, at least: the provider is Terraform's, which reads a
table with GetTable and GetPartitionIndexes, a grant with a listing of its own (ListPermissions, at least one page), and
everything else with one call (hashicorp/terraform-provider-aws, internal/service/glue/catalog_table.go,
internal/service/lakeformation/permissions.go)."""


def main(arguments: Sequence[str] | None = None) -> int:
    asked = _arguments(arguments)
    size = size_of(asked)
    with _folder(size, reuse=asked.reuse, column_tags=asked.column_tags) as folder:
        lake = Lake(size)
        source = folder / "whole.jsonl"
        if not source.is_file():
            print(f"writing {source}", flush=True)
            write(lake, source, column_tags=asked.column_tags)
        print(f"{size.grants:,} grants, {size.tables:,} tables of {size.columns} columns, {size.filters:,} filters; "
              f"{source.stat().st_size / MB:,.0f} MB to replay, {asked.latency} ms a call", flush=True)  # fmt: skip
        with _replayed(source, asked.latency) as environment:
            work = _collect(folder / f"read{asked.suffix}", environment, asked.concurrency)
        found = _counted(folder / f"read{asked.suffix}")
        work.facts |= {"calls": sum(found.calls.values()), "by": dict(found.calls), "rows": dict(found.rows),
                       "bytes": (folder / f"read{asked.suffix}").stat().st_size}  # fmt: skip
        others = _others(lake, found, folder, asked.peer)
    limits = _told(work, others, stated=size == replace(Size(), seed=size.seed))
    wrong = _wrong(lake, found)
    for line in wrong:
        print(f"  WRONG  {line}")
    if asked.json:
        asked.json.write_text(json.dumps({"collect": plain(work), "others": others}, indent=2), "utf-8")
    return int(bool(wrong) or (not asked.no_limits and not all(limits)))


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.collecting", description="Measure `floodline collect`.")
    parser.add_argument("--latency", type=int, default=20, metavar="MS", help="of each call (default 20)")
    parser.add_argument("--concurrency", type=int, metavar="N", help="calls in flight (default: the tool's own)")
    parser.add_argument("--suffix", default=".jsonl.zst", help="of the recording: .jsonl, .jsonl.gz, .jsonl.zst")
    parser.add_argument("--column-tags", action="store_true", help="searches show inherited tags on each column")
    parser.add_argument("--peer", metavar="COMMAND", help="lfpolicy 0.11.0, to count its calls")
    parser.add_argument("--reuse", action="store_true", help="keep the lake in out/bench")
    parser.add_argument("--no-limits", action="store_true", help="let time and memory be what they are")
    parser.add_argument("--json", type=Path, metavar="FILE")
    add_arguments(parser)
    return parser.parse_args(arguments)


@contextmanager
def _folder(size: Size, *, reuse: bool, column_tags: bool) -> Iterator[Path]:
    if not reuse:
        with tempfile.TemporaryDirectory() as made:
            yield Path(made)
        return
    kept = ROOT / "out" / "bench" / f"whole-{size.tables}-{size.grants}-{size.seed}{'-columns' * column_tags}"
    kept.mkdir(parents=True, exist_ok=True)
    yield kept


@contextmanager
def _replayed(source: Path, latency: int) -> Iterator[dict[str, str]]:
    """Serve the lake, and give the environment in which AWS is that lake."""
    command = [TOOL, "lab", "replay", str(source), "--latency", str(latency)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        found: dict[str, str] = {}
        assert process.stdout is not None
        while "AWS_ENDPOINT_URL" not in found or "AWS_SECRET_ACCESS_KEY" not in found:
            line = process.stdout.readline()
            if not line:
                raise SystemExit("bench: `floodline lab replay` ended before it listened; what it said is above")
            for word in shlex.split(line):
                name, given, value = word.partition("=")
                if given:
                    found[name] = value
        yield os.environ | {"AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true"} | found
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _collect(target: Path, environment: Mapping[str, str], concurrency: int | None) -> Measure:
    target.unlink(missing_ok=True)
    command = [TOOL, "collect", "-o", str(target), "--fresh"]
    command += [] if concurrency is None else ["--concurrency", str(concurrency)]
    work = Measure()
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, env=dict(environment))
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    work.wall = time.perf_counter() - began
    work.cpu = used.ru_utime + used.ru_stime
    work.peak = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    if process.returncode != 0:
        raise SystemExit(f"bench: `floodline collect` ended with {process.returncode}; what it said is above")
    return work


class _Found:
    """What a recording holds."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.rows: Counter[str] = Counter()


def _counted(path: Path) -> _Found:
    """Count the calls and the rows of the whole listings."""
    found = _Found()
    with path.open("rb") as file:
        _, answers = recording.read(file, path.name)
        for answer in answers:
            if not isinstance(answer, Answer):
                raise SystemExit(f"bench: the recording is cut at line {answer.line}")
            found.calls[answer.operation] += 1
            if answer.response is not None and not {"ResourceType", "Resource"} & answer.request.keys():
                rows = json.loads(answer.response)
                found.rows[answer.operation] += sum(len(value) for value in rows.values() if isinstance(value, list))
    return found


def _wrong(lake: Lake, found: _Found) -> list[str]:
    """Return what the recording lacks."""
    wanted = {
        "ListPermissions": sum(1 for _ in lake.side(live=True)),
        "GetTables": lake.size.tables,
        "GetDatabases": lake.size.databases,
        "ListDataCellsFilter": lake.size.filters,
    }
    return [
        f"{name}: {found.rows[name]:,} rows, {count:,} are there"
        for name, count in wanted.items() if found.rows[name] != count
    ]  # fmt: skip


def _others(lake: Lake, found: _Found, folder: Path, peer: str | None) -> dict[str, int]:
    """Return how many calls other ways of reading the same lake take."""
    size = lake.size
    searches = found.calls["SearchTablesByLFTags"] + found.calls["GetResourceLFTags"]
    counts = {
        "databases": size.databases,
        "tables": size.tables,
        "grants": size.grants,
        "filters": size.filters,
        "tags": len(KEYS),
        "tagged objects": sum(map(bool, lake.declared.databases)) + sum(map(bool, lake.declared.tables.values())),
    }
    others = {
        "one call for each table's tags": sum(found.calls.values()) - searches + size.tables,
        "pulumi refresh, at least": sum(count * REFRESH[name] for name, count in counts.items()),
    }
    if peer is not None:
        python = Path(shutil.which(peer) or peer).resolve().parent / "python"
        if not (folder / "desired.json").is_file():
            write_sides(lake, folder, peer=True)
        done = subprocess.run([str(python), str(ROOT / "bench" / "peer_calls.py"), str(folder / "desired.json")],
                              stdout=subprocess.PIPE, text=True, check=True)  # fmt: skip
        others["lfpolicy 0.11.0, at least"] = sum(json.loads(done.stdout).values())
    return others


def _told(work: Measure, others: Mapping[str, int], *, stated: bool) -> list[bool]:
    calls = work.facts["calls"]
    by: Mapping[str, Any] = work.facts["by"]
    print(f"  collect: {work.wall:.1f} s, {work.cpu:.1f} s CPU, {work.peak / MB:,.0f} MB; {calls:,} calls, "
          f"{work.facts['bytes'] / MB:,.1f} MB recorded")  # fmt: skip
    for name, count in sorted(by.items(), key=lambda item: (-item[1], item[0])):
        print(f"    {name:<52}{count:>10,}")
    for name, count in others.items():
        print(f"  {name:<54}{count:>10,} calls, {count / calls:,.1f} times ours")
    if not stated:
        return []
    limits = [work.cpu < MAX_CPU, work.peak < MAX_MEMORY]
    print(f"  {'held  ' if limits[0] else 'MISSED'}  under {MAX_CPU:.0f} s CPU")
    print(f"  {'held  ' if limits[1] else 'MISSED'}  under {MAX_MEMORY / MB:.0f} MB")
    return limits


if __name__ == "__main__":
    sys.exit(main())
