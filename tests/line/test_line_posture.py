"""Risks in the report of a check: beside the differences, never in their way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from line_world import World, run

if TYPE_CHECKING:
    from pathlib import Path


def check(world: World, name: str | None, *more: str):
    recording = world.recorded() if name is None else world.recorded(name)
    return run("check", "--state", world.state, "--live", recording, "-o", "json=-", *more, posture=True)


def risks(report):
    return [one for one in report["findings"] if one["verdict"] == "posture"]


def test_the_untouched_lake_ends_with_0_and_names_its_risks(world: World):
    ended = check(world, None)
    assert ended.code == 0
    found = risks(ended.report)
    assert found
    assert ended.report["findings"] == found
    assert ended.report["summary"]["posture"] == len(found)
    assert all(one["rule"].startswith("FL2") and one["message"] and one["fix"]["declare"] for one in found)
    assert len({one["id"] for one in found}) == len(found)


def test_risks_point_at_what_is_declared(world: World):
    found = risks(check(world, None).report)
    told = [one for one in found if one["subject"]["urn"]]
    assert told
    for one in told:
        assert {at["source"] for at in one["evidence"]} >= {"declared"}


def test_risks_decide_the_exit_code_only_when_asked(world: World):
    assert check(world, None, "--fail-on", "posture").code == 2
    assert check(world, None, "--fail-on", "widened").code == 0


@pytest.mark.parametrize("name", ["iam-allowed-principals", "foreign-account", "grant-option", "default-permissions"])
def test_what_a_difference_says_no_risk_repeats(name: str, world: World):
    report = check(world, name).report
    differing = [one for one in report["findings"] if one["verdict"] not in {"posture", "unknown"}]
    alone = run("check", "--state", world.state, "--live", world.recorded(name), "-o", "json=-").report
    assert differing == alone["findings"]
    subjects = {(one["subject"]["principal"], str(one["subject"]["resource"])) for one in differing}
    assert not any((one["subject"]["principal"], str(one["subject"]["resource"])) in subjects for one in risks(report))
    assert report["outcome"]["verdict"] == alone["outcome"]["verdict"]


def test_settings_turn_a_rule_off_and_change_its_severity(world: World, tmp_path: Path):
    found = risks(check(world, None).report)
    rule, name = found[0]["rule"], found[0]["name"]
    config = tmp_path / "settings.toml"
    config.write_text(f'[rules.{name}]\nseverity = "info"\n')
    changed = risks(check(world, None, "--config", str(config)).report)
    assert {one["severity"] for one in changed if one["rule"] == rule} == {"info"}
    config.write_text(f"[rules.{name}]\nenabled = false\n")
    assert rule not in {one["rule"] for one in risks(check(world, None, "--config", str(config)).report)}


def test_a_rule_that_nobody_knows_is_a_mistake_of_the_settings(world: World, tmp_path: Path):
    config = tmp_path / "settings.toml"
    config.write_text("[rules.admin-sprawl]\nmost = 'many'\n")
    ended = check(world, None, "--config", str(config))
    assert ended.code == 64
    assert "admin-sprawl" in ended.err
