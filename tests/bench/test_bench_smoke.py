"""The bench runs and says something about every stage. Nothing here looks at a time."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

STAGES = (
    "1 up: the program",
    "1 up: the lab",
    "2 state: read and place",
    "3 collect over HTTP",
    "4 recording to facts",
    "5 compare: quiet",
    "5 compare: retag-database",
    "6 render html",
    "6 render json",
    "6 render text",
    "2+4+5+6 floodline check",
)


def test_every_stage_is_measured_at_twelve_tables(tmp_path: Path) -> None:
    document = tmp_path / "bench.json"
    done = subprocess.run(
        [sys.executable, "-m", "bench", "--tables", "12", "--startup", "1", "--json", str(document)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for stage in STAGES:
        assert done.stdout.count(stage) >= 2, f"{stage} is missing in the rows or in the table at the end"
    assert "floodline --help: min" in done.stdout
    (size,) = json.loads(document.read_text("utf-8"))["sizes"]
    assert size["tables"] == 12
    for stage in STAGES:
        measure = size["stages"][stage]
        assert measure["wall"] > 0
        assert measure["peak"] > 1 << 20, f"{stage}: its memory was not seen"
    assert size["stages"]["5 compare: quiet"]["facts"]["findings"] == 0
    assert size["stages"]["5 compare: retag-database"]["facts"]["findings"] > 0
