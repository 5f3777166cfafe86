"""Every format in one run; one that cannot be written ends the run before anybody is asked anything."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from line_world import World, run

from reports import formats


def test_one_run_writes_every_format(world: World, tmp_path: Path) -> None:
    wanted = [f"{name}={tmp_path / name}" for name in formats.names()]
    told = [part for one in wanted for part in ("-o", one)]
    ended = run("check", "--state", world.state, "--live", world.recorded("retag-database"), *told)
    assert (ended.code, ended.out) == (3, "")
    assert {one.name for one in tmp_path.iterdir()} == set(formats.names())
    key = json.loads((tmp_path / "json").read_bytes())["findings"][0]["id"]
    for name in formats.names():
        data = (tmp_path / name).read_bytes()
        assert data
        assert name == "parquet" or key.encode() in data  # packed


def test_a_missing_library_is_told_before_aws_is_asked(world: World, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "arro3.io", None)
    told = ("check", "--state", world.state, "-o", tmp_path / "report.parquet")
    assert "pip install 'floodline[parquet]'" in run(*told, env=world.env()).refused(64)
    assert world.lab.calls.total() == 0
    assert list(tmp_path.iterdir()) == []
