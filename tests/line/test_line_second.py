"""A check on AWS asks once more before it says that a declared grant is gone, or that an LF-tag moved."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from line_world import World


def test_a_grant_that_looks_lost_is_asked_for_again(world: World) -> None:
    plain = world.check()
    assert "asked for again" not in plain.row("ListPermissions")["basis"]
    before = world.lab.calls["lakeformation:ListPermissions"]
    world.play("revoked-grant")
    world.lab.calls.clear()
    ended = world.check()
    assert ended.code == 2
    assert ended.complete
    assert {one["verdict"] for one in ended.findings if one["severity"] != "info"} == {"narrowed"}
    assert world.lab.calls["lakeformation:ListPermissions"] > before


def test_a_tag_that_looks_moved_is_asked_for_again(world: World) -> None:
    world.check()
    before = world.lab.calls["lakeformation:GetResourceLFTags"]
    world.play("retag-database")
    world.lab.calls.clear()
    ended = world.check()
    assert ended.code == 3
    assert world.lab.calls["lakeformation:GetResourceLFTags"] > before


def test_the_recording_of_a_check_holds_the_second_reads(world: World, tmp_path: Path) -> None:
    world.play("revoked-grant")
    kept = tmp_path / "lake.jsonl.zst"
    asked = world.check("--record", kept)
    again = world.check("--live", kept)
    assert again.code == asked.code == 2
    assert again.findings == asked.findings
    assert again.report["ledger"] == asked.report["ledger"]
