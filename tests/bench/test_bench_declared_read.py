"""The measures of reading: both kinds of export are read, and what is printed is about them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.declared_read import compare
from bench.state_gen import write


@pytest.mark.parametrize("compact", [True, False])
def test_an_export_is_read_beside_json_load(tmp_path: Path, *, compact: bool):
    path = tmp_path / "state.json"
    with path.open("w", encoding="utf-8") as file:
        write(file, 12, 3, compact=compact)
    assert len(json.loads(path.read_text("utf-8"))["deployment"]["resources"]) == 3 + 3 * 12
    first, *rest = compare(str(path), 1).splitlines()
    assert first.startswith("state.json: 0.")
    assert first.endswith(" MB, 12 tables")
    assert [line.split()[0] for line in rest] == ["CPU", "held", "resident"]
