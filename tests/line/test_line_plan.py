"""`collect --plan`: what a reading would cost, before anything is read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from line_world import ACCOUNT, REGION, Ended, World, run

from lab.lakeformation.wire import Pages

OFFLINE = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_REGION": REGION}


def planned(*arguments: str | Path) -> Ended:
    ended = run("collect", "--plan", *arguments, env=OFFLINE)
    assert (ended.code, ended.err) == (0, ""), ended
    assert max(map(len, ended.out.splitlines())) <= 80
    return ended


def calls(ended: Ended) -> dict[str, int]:
    found = re.findall(r"^(\w+) +[\d,]+ +([\d,]+)$", ended.out, re.MULTILINE)
    return {name: int(count.replace(",", "")) for name, count in found}


def asked(world: World, target: Path) -> dict[str, int]:
    """What `collect` really asks of the lab."""
    world.lab.calls.clear()
    assert run("collect", "-o", target, env=world.env()).code == 0
    return {name.partition(":")[2]: count for name, count in world.lab.calls.items() if count}


def test_a_former_recording_gives_exactly_the_calls_of_the_next_reading(world: World, tmp_path: Path) -> None:
    target = tmp_path / "lake.jsonl.gz"
    real = asked(world, target)
    ended = planned("--live", target)
    assert calls(ended) == real
    assert f"in all: {sum(real.values()):,} calls, about" in ended.out
    assert "no recording holds" not in ended.out


def test_the_state_gives_the_calls_of_a_lake_that_is_as_declared(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("limit", "blanks"):  # full pages, which is what a plan takes for granted
        monkeypatch.setattr(Pages, name, property(lambda _: None), raising=False)
    real = asked(world, tmp_path / "lake.jsonl.gz")
    found = calls(planned("--state", world.state))
    assert found == real


def test_a_recording_wins_over_the_state_of_the_same_lake(world: World) -> None:
    both = planned("--state", world.state, "--live", world.recorded())
    assert both == planned("--live", world.recorded())


def test_without_sizes_a_few_are_shown() -> None:
    ended = planned()
    assert [line.split()[0] for line in ended.out.splitlines()[1:4]] == ["1,000", "10,000", "45,000"]
    assert "8 at once, 100 ms a call" in ended.out


def test_sizes_are_of_each_account_and_region() -> None:
    sizes = ("--tables", "200", "--grants", "5000", "--tags", "2")
    one = calls(planned(*sizes))
    ended = planned(*sizes, "--region", "us-east-1", "--region", "eu-west-1",
                    "--role-arn", f"arn:aws:iam::{ACCOUNT}:role/reader")  # fmt: skip
    assert calls(ended) == {name: 2 * count for name, count in one.items()}
    assert "2 lakes" in ended.out
    assert "not counted: finding and entering" in ended.out


def test_what_was_refused_when_it_was_recorded_is_said(world: World, tmp_path: Path) -> None:
    target = tmp_path / "lake.jsonl.gz"
    world.lab.deny("glue:GetDatabases")
    assert run("collect", "-o", target, env=world.env()).code == 4
    assert "refused again: GetDatabases" in planned("--live", target).out


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--plan", "--tables", "5", "--live", "x"], 64, "not both"),
        (["--tables", "5", "-o", "x.jsonl"], 64, "they go with --plan"),
        ([], 64, "FILE is missing"),
        (["--plan", "--live", "nowhere.jsonl"], 5, "cannot read `nowhere.jsonl`: no such file"),
    ],
)
def test_words_that_make_no_plan(arguments: list[str], code: int, words: str) -> None:
    assert words in run("collect", *arguments, env=OFFLINE).refused(code)


def test_a_region_of_which_the_files_know_nothing(world: World) -> None:
    ended = run("collect", "--plan", "--live", world.recorded(), "--region", "eu-west-1", env=OFFLINE)
    assert "of none in the regions that are named" in ended.refused(64)
