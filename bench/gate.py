"""Measure the gate: CPU seconds and peak memory of ``floodline gate`` as a whole process, cold start included.

    python -m bench.gate [--tables N] [--grants N] [--columns N] [--runs N]

A state is made here, and previews of a deployment that adds a column to a table, a grant and an administrator: as
``pulumi preview --json`` prints it (what changes, beside the state), with ``--show-sames`` (everything twice, without a
state), and as an engine event log. Beside them a preview that changes nothing. The least CPU of the runs counts.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, TextIO

from bench.state_gen import ACCOUNT, resource, resources

ROOT = Path(__file__).parent.parent
MIB = 1 << 20
SETTINGS = "aws:lakeformation/dataLakeSettings:DataLakeSettings"
PERMISSIONS = "aws:lakeformation/permissions:Permissions"
WIDENING = 3
_json = json.JSONEncoder(separators=(",", ":")).encode


def role(name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:role/{name}"


def declared(tables: int, grants: int, columns: int) -> Iterator[dict[str, Any]]:
    """Yield the stack: *tables* tables with tags, and *grants* grants, one by a tag policy."""
    yield from resources(tables, columns)
    yield resource(SETTINGS, "settings", "settings", {"admins": [role("lake-admin")]}, 5)
    policy = {"resourceType": "TABLE", "expressions": [{"key": "sensitivity", "values": ["public"]}]}
    yield resource(PERMISSIONS, "public", "p", {"principal": role("everyone"), "permissions": ["SELECT"],
                                                "lfTagPolicy": policy}, 6)  # fmt: skip
    for number in range(max(0, grants - tables - 1)):
        yield grant(f"more-{number}", f"writer-{number % 40}", "INSERT", number % tables)


def grant(name: str, who: str, permission: str, table: int) -> dict[str, Any]:
    on = {"databaseName": f"db_{table // 1000}", "name": f"table_{table}"}
    return resource(PERMISSIONS, name, name, {"principal": role(who), "permissions": [permission], "table": on}, 60)


def changed(old: dict[str, Any]) -> dict[str, Any] | None:
    """Return what the deployment makes of a resource, or None where it stays."""
    name = old["urn"].rpartition("::")[2]
    if name not in {"table_7", "settings"}:
        return None
    new = copy.deepcopy(old)
    if name == "settings":
        new["inputs"]["admins"].append(role("marketing"))
    else:
        new["inputs"]["storageDescriptor"]["columns"].append({"name": "typed_text", "type": "string"})
    return new


@dataclass(frozen=True, slots=True)
class Files:
    """What was written: the state, and previews by name with whether they need it."""

    state: Path
    previews: dict[str, tuple[Path, bool]]


def write(folder: Path, tables: int, grants: int, columns: int) -> Files:
    """Write the state and the previews, one resource at a time."""
    state, small, log = folder / "state.json", folder / "preview.json", folder / "events.log"
    whole, same = folder / "sames.json", folder / "nothing.json"
    new = grant("new", "marketing", "SELECT", 3)
    edits, count, number = [], 0, 0
    with state.open("w") as out, whole.open("w") as every, log.open("w") as events:
        out.write('{"version":3,"deployment":{"manifest":{},"resources":[')
        every.write('{"config":{},"steps":[')
        _event(events, 0, {"preludeEvent": {"config": {}}})
        for number, old in enumerate(declared(tables, grants, columns)):
            out.write(("," if number else "") + _json(old))
            after = changed(old)
            step = {"op": "update" if after else "same", "urn": old["urn"], "oldState": old, "newState": after or old}
            every.write(("," if number else "") + _json(step))
            if after:
                edits.append(step)
                told = {"op": "update", "urn": old["urn"], "old": old, "new": after}
                _event(events, number + 1, {"resourcePreEvent": {"metadata": told, "planning": True}})
            count += after is None
        edits.append({"op": "create", "urn": new["urn"], "newState": new})
        _event(events, number + 2, {"resourcePreEvent": {"planning": True, "metadata": {
            "op": "create", "urn": new["urn"], "new": new}}})  # fmt: skip
        summary = {"same": count, "update": 2, "create": 1}
        _event(events, number + 3, {"summaryEvent": {"resourceChanges": summary}})
        every.write("," + _json(edits[-1]) + '],"changeSummary":' + _json(summary) + "}")
        out.write("]}}")
    small.write_text(_json({"steps": edits, "changeSummary": summary}))
    same.write_text(_json({"steps": [], "changeSummary": {"same": count + 2}}))
    return Files(
        state,
        {
            "preview and state": (small, True),
            "event log and state": (log, True),
            "nothing changes": (same, True),
            "preview with --show-sames": (whole, False),
        },
    )


def _event(out: TextIO, number: int, event: dict[str, Any]) -> None:
    out.write(_json({"sequence": number, "timestamp": 1, **event}) + "\n")


def gated(preview: Path, state: Path | None) -> tuple[float, float, int]:
    """Run the command from nothing to its reports: CPU and wall seconds, bytes at the peak."""
    folder = preview.parent
    command = [
        sys.executable, "-c", "from floodline.cli import main; main()", "gate", "-q", "--preview", str(preview),
        *chain.from_iterable(["--state", str(one)] for one in [state] if one), "--account", ACCOUNT,
        "-o", f"markdown={folder / 'gate.md'}", "-o", f"json={folder / 'gate.json'}",
    ]  # fmt: skip
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - began
    wanted = 0 if preview.stem == "nothing" else WIDENING
    if process.returncode != wanted:
        raise SystemExit(f"`floodline gate` ended with {process.returncode}, not {wanted}")
    return used.ru_utime + used.ru_stime, wall, used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def measure(tables: int, grants: int, columns: int, runs: int) -> None:
    """Print one line a preview."""
    with tempfile.TemporaryDirectory(prefix="floodline-bench-") as place:
        files = write(Path(place), tables, grants, columns)
        size = files.state.stat().st_size / 1e6
        print(f"{tables:,} tables of {columns} columns, {grants:,} grants: {size:.0f} MB of state")
        for name, (path, joined) in files.previews.items():
            found = [gated(path, files.state if joined else None) for _ in range(runs)]
            cpu, wall, peak = min(found)
            print(f"  {name:<28}{path.stat().st_size / 1e6:>8.1f} MB  {cpu:>6.1f} s CPU  {wall:>6.1f} s wall"
                  f"  {peak / MIB:>6,.0f} MiB", flush=True)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.gate", description="The gate as a whole process.")
    parser.add_argument("--tables", type=int, default=45_000)
    parser.add_argument("--grants", type=int, default=100_000)
    parser.add_argument("--columns", type=int, default=12)
    parser.add_argument("--runs", type=int, default=2)
    asked = parser.parse_args()
    measure(asked.tables, asked.grants, asked.columns, asked.runs)


if __name__ == "__main__":
    main()
