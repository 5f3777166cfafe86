"""The stages, each run in a process of its own: ``python -m bench.stages NAME FOLDER [ARGUMENT]``.

FOLDER holds what earlier stages wrote: ``state.json``, ``before.jsonl.gz``, ``after.jsonl.gz`` and ``after.report``.
What a stage needs in memory is made before its clock starts; ``base`` is the peak until then.
"""

from __future__ import annotations

import gzip
import json
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bench.meter import Measure, measured, tell
from checks.evaluate import Threshold, evaluate
from checks.live.collect import Limits
from checks.model import Caller, Report, Run
from floodline import inputs, keeping
from floodline.accounts import planned
from floodline.options import Whom
from reports import formats

STATE: Final = "state.json"


def read_state(folder: Path, _: str) -> Measure:
    """Read the state and put its facts into their lake, as ``check`` does."""
    with measured() as work:
        declaration = inputs.declaration([str(folder / STATE)], [], [])
        work.part("read")
        lakes = declaration.place()
        work.part("place")
    work.facts = {
        "bytes": (folder / STATE).stat().st_size,
        "tables": sum(len(lake.tables) for lake in lakes),
        "grants": sum(len(lake.grants) for lake in lakes),
    }
    return work


def load_state(folder: Path, _: str) -> Measure:
    """Read the same file with ``json.load``, which gives less: the yardstick."""
    with measured() as work, (folder / STATE).open("rb") as file:
        found = json.load(file)
    work.facts = {"resources": len(found["checkpoint"]["latest"]["resources"])}
    return work


def collect(folder: Path, name: str) -> Measure:
    """Read the lab over HTTP into a recording, as ``collect`` does."""
    rows = 0
    target = folder / f"{name}.jsonl.gz"

    def progress(step: object) -> None:
        nonlocal rows
        rows = getattr(step, "rows", 0)

    with measured() as work:
        limits = Limits()
        with keeping.journal(str(target), [], fresh=True) as journal:
            _, lakes = inputs.asked(planned(Whom(), limits).places, journal, limits, progress)
            pages = keeping.write(journal, lakes, str(target))
            listings = journal.listings()
        keeping.part_of(str(target)).unlink()
    work.facts = {"calls": pages, "listings": listings, "rows": rows, "bytes": target.stat().st_size}
    return work


def read_live(folder: Path, name: str) -> Measure:
    """Read a recording into facts."""
    path = folder / f"{name}.jsonl.gz"
    with measured() as work:
        read = inputs.recordings([str(path)])
    (lake,) = read.live.lakes
    work.facts = {
        "tables": len(lake.tables),
        "grants": len(lake.grants),
        "rows": sum(row.rows for row in read.live.ledger),
        "bytes": path.stat().st_size,
        "complete": read.live.complete,
    }
    return work


def load_live(folder: Path, name: str) -> Measure:
    """Read the same recording with ``json.loads``, line by line, and keep nothing: the yardstick."""
    with measured() as work, gzip.open(folder / f"{name}.jsonl.gz", "rb") as file:
        lines = sum(1 for line in file if json.loads(line))
    work.facts = {"lines": lines}
    return work


def compare(folder: Path, name: str) -> Measure:
    """Compare both sides; the report goes to NAME.report for the stages after."""
    report, work = _compared(folder, name)
    with (folder / f"{name}.report").open("wb") as file:
        pickle.dump(report, file)
    counted = {key: count for key, count in report.summary.items() if count}
    work.facts = {"exit_code": int(report.exit_code), "findings": len(report.findings), "summary": counted}
    return work


def _compared(folder: Path, name: str) -> tuple[Report, Measure]:
    read = inputs.recordings([str(folder / f"{name}.jsonl.gz")])
    declaration = inputs.declaration([str(folder / STATE)], [], [])
    lakes = declaration.place(live=tuple(lake.id for lake in read.live.lakes))
    at = inputs.stamp(inputs.now())
    run = Run("bench", at, at, "bench", "bench", Caller(), declaration.sources, read.sources)
    with measured() as work:
        report = evaluate(
            lakes, read.live.lakes, read.live.ledger, complete=read.live.complete, run=run, threshold=Threshold(),
            loose=declaration.gaps,
        )  # fmt: skip
    return report, work


def render(folder: Path, name: str) -> Measure:
    """Render the report after the incident in one format."""
    with (folder / "after.report").open("rb") as file:
        report: Report = pickle.load(file)
    form = formats.load(name)
    with measured() as work:
        data = form.render(report)
    work.facts = {"bytes": len(data.encode() if isinstance(data, str) else data), "findings": len(report.findings)}
    return work


STAGES: Final[dict[str, Callable[[Path, str], Measure]]] = {
    one.__name__.replace("_", "-"): one
    for one in (read_state, load_state, collect, read_live, load_live, compare, render)
}
if __name__ == "__main__":
    tell(STAGES[sys.argv[1]](Path(sys.argv[2]), *sys.argv[3:] or [""]))
