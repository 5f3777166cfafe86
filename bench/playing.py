"""The lab in a process of its own, so that whoever reads from it is measured alone.

    python -m bench.playing TABLES FOLDER real|synthetic

Writes FOLDER/state.json, says in one line of JSON what that took and where the lab is, and then does what it is told on
standard input, one word a line, until that ends: ``usage``, or the name of an incident, which it plays. Each answer is
one line of JSON: CPU seconds and peak memory so far.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bench import meter
from bench.grow import create, grown, seed_of, with_more
from floodline.laboratory import AUDITOR, Running, project
from lab import incidents
from lab.server import Lab
from lab.up import up


def main(tables: int, folder: Path, *, synthetic: bool) -> None:
    with Lab.start() as lab:
        ours, program = bring_up(lab, tables, folder / "state.json", synthetic=synthetic)
        ready = {
            "ours": meter.plain(ours),
            "program": meter.plain(program),
            "environment": lab.credentials(AUDITOR),
            "region": lab.region,
        }
        print(json.dumps(ready), flush=True)
        running = Running(lab, int(ours.facts["resources"]))
        for line in sys.stdin:
            if line.strip() != "usage":
                incidents.get(line.strip()).play(running.clients())
            print(json.dumps({"cpu": time.process_time(), "peak": meter.peak()}), flush=True)


def bring_up(lab: Lab, tables: int, state: Path, *, synthetic: bool) -> tuple[meter.Measure, meter.Measure]:
    """Bring the lake up and write its state: what this process did for that, and what the program's process did."""
    ours = meter.Measure()
    show = _shown()
    with meter.children() as program, meter.measured(ours):
        deployment = up(
            project(),
            endpoint=lab.endpoint,
            session=lab.session(),
            region=lab.region,
            config={"floodline:tables": str(seed_of(tables) if synthetic else tables)},
            progress=lambda done, total, _what: show(done, total),
        )
        ours.part("evaluate and create")
        if synthetic:
            more = grown(deployment, tables)
            create(more, lab, lambda done: show(done, len(more)))
            deployment = with_more(deployment, more)
            ours.part("grow")
        deployment.write(state)
        ours.part("write state")
    ours.facts = {"resources": len(deployment.entries), "bytes": state.stat().st_size}
    return ours, program


def _shown() -> Callable[[int, int | None], None]:
    """Say how far it is, once a second, to whoever sits at a terminal."""
    last = time.monotonic()

    def show(done: int, total: int | None) -> None:
        nonlocal last
        if sys.stderr.isatty() and time.monotonic() - last > 1:
            last = time.monotonic()
            print(f"\r{done:,}" + (f" of {total:,}" if total else "") + " resources ", end="\r", file=sys.stderr)

    return show


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), synthetic=sys.argv[3] == "synthetic")
