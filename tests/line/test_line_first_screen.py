"""Who sees too little is told so first: what is missing, and how to get it."""

from __future__ import annotations

from pathlib import Path

import pytest
from line_world import ACCOUNT, MARKETING, REGION, World, run

from floodline.laboratory import AUDITOR

FIRST = 6
"""Lines of a first screen that nobody overlooks."""


def screen(world: World, command: str, principal: str, folder: Path) -> str:
    """The first lines that a command leaves on the terminal, as one text."""
    told = {
        "check": ("check", "--state", world.state),
        "collect": ("collect", "-o", folder / "lake.jsonl"),
        "collect into a folder": ("collect", "-o", f"{folder}/lakes/"),
        "doctor": ("doctor",),
    }[command]
    ended = run(*told, env=world.env(principal))
    assert ended.code == (5 if command == "doctor" else 4)
    return " ".join(" ".join((ended.out or ended.err).splitlines()[: FIRST + 4 * (command == "check")]).split())


COMMANDS = pytest.mark.parametrize("command", ["check", "collect", "collect into a folder", "doctor"])


@COMMANDS
def test_a_role_that_is_no_admin_is_told_how_to_become_one(command: str, world: World, tmp_path: Path) -> None:
    said = screen(world, command, MARKETING, tmp_path)
    assert "assumed-role/marketing/floodline is no admin" in said
    assert f'"{MARKETING}"])' in said
    assert "aws.lakeformation.DataLakeSettings(" in said
    assert "`floodline iam-policy --pulumi`" in said


@COMMANDS
def test_a_role_that_iam_refuses_is_told_the_action(command: str, world: World, tmp_path: Path) -> None:
    world.lab.deny("glue:GetTables", AUDITOR)
    said = screen(world, command, AUDITOR, tmp_path)
    assert "glue:GetTables" in said
    assert f"{ACCOUNT}/{REGION}" in said
    assert "`floodline iam-policy` prints" in said


def test_who_sees_everything_is_told_nothing(world: World, tmp_path: Path) -> None:
    ended = run("collect", "-o", tmp_path / "lake.jsonl", env=world.env())
    assert ended.code == 0
    assert "missing" not in ended.err + world.check().err
