"""The settings file: what it sets, and one clear line for everything that it cannot."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest
from line_world import World, replay, run

from checks import waivers
from checks.model import Severity
from checks.review import Stage
from floodline import config
from floodline.config import LONGEST_DAYS, Settings, Waiving
from floodline.errors import Usage


def settings(path: Path | None) -> Settings:
    return config.load(click.Context(click.Command("check")), click.Option(["--config"]), str(path) if path else None)


def told(tmp_path: Path, text: str) -> Settings:
    file = tmp_path / "set.toml"
    file.write_text(text, encoding="utf-8")
    return settings(file)


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


# ------------------------------------------------------------------------------------------------------------ what it sets
def test_without_a_file_everything_is_as_shipped(empty):
    found = settings(None)
    assert found == Settings()
    assert (found.path, found.found, dict(found.rules), dict(found.sensitivity)) == (None, False, {}, {})
    assert (found.waivers, found.review) == (Waiving(None, None, LONGEST_DAYS), ())


def test_every_table_is_understood(tmp_path):
    (tmp_path / "accepted.toml").touch()
    (tmp_path / "old.json").touch()
    found = told(
        tmp_path,
        """
        fail-on = ["widened", "posture"]
        [rules.everyone-granted]
        severity = "critical"
        [rules.default-permissions-open]
        enabled = false
        [sensitivity]
        shipped = false
        columns = ["badge_*"]
        [waivers]
        file = "accepted.toml"
        baseline = "old.json"
        longest-days = 30
        [[review]]
        name = "restricted data"
        when = { sensitive = true, severity = "high", rules = ["FL101", "tag-moved", "FL301"], databases = ["Sales_*"] }
        approvers = 2
        from = ["security", "legal", "security"]
        [[review]]
        name = "all"
        approvers = 1
        """,
    )
    assert found.rules["everyone-granted"]["severity"] == "critical"
    assert found.rules["default-permissions-open"]["enabled"] is False
    assert dict(found.sensitivity) == {"shipped": False, "columns": ["badge_*"]}
    assert found.waivers == Waiving(str(tmp_path / "accepted.toml"), str(tmp_path / "old.json"), 30)
    assert found.review == (
        Stage(
            "restricted data",
            2,
            ("security", "legal"),
            sensitive=True,
            severity=Severity.HIGH,
            rules=frozenset({"FL101", "tag-moved", "FL301"}),
            databases=("sales_*",),
        ),
        Stage("all", 1),
    )
    assert (found.path, found.found) == (str(tmp_path / "set.toml"), False)


def test_settings_cannot_be_changed(tmp_path):
    found = told(tmp_path, "[rules.everyone-granted]\nenabled = true\n[sensitivity]\nshipped = true\n")
    for table in (found.rules, found.rules["everyone-granted"], found.sensitivity):
        with pytest.raises(TypeError):
            table["x"] = 1  # type: ignore[index]


def test_waivers_beside_the_configuration_are_taken(tmp_path):
    assert told(tmp_path, "").waivers.file is None
    (tmp_path / "waivers.toml").touch()
    assert told(tmp_path, "").waivers.file == str(tmp_path / "waivers.toml")
    (tmp_path / "mine.toml").touch()
    assert told(tmp_path, "[waivers]\nfile = 'mine.toml'").waivers.file == str(tmp_path / "mine.toml")


# ------------------------------------------------------------------------------------------------------ what it cannot
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("fail_on = 'widened'", "unknown key `fail_on`; did you mean `fail-on`?"),
        ("waiver = 1", "unknown key `waiver`; did you mean `waivers`?"),
        ("state = [7]", "`state` must be a text or a list of texts"),
        ("quiet = 'yes'", "`quiet` must be true or false"),
        ("account = 1", "`account` must be a text"),
        ("rules = 1", "`rules` must be a table"),
        ("[rules.everyone-grantd]", "unknown rule `everyone-grantd`; did you mean `everyone-granted`?"),
        ("[rules.FL201]", "unknown rule `FL201`; did you mean `everyone-granted`?"),
        ("[rules.zzzzzzzzzzzzzzzzz]", "`floodline rules` lists them"),
        ("rules.everyone-granted = 1", "`rules.everyone-granted` must be a table"),
        ("[rules.everyone-granted]\nenabled = 'no'", "`rules.everyone-granted.enabled` must be true or false"),
        ("[rules.everyone-granted]\nseverity = 'grave'", "must be one of info, low, medium, high, critical"),
        ("sensitivity = []", "`sensitivity` must be a table"),
        ("[sensitivity]\ncolumn = []", "unknown key of [sensitivity] `column`; did you mean `columns`?"),
        ("[waivers]\nlongest_days = 3", "did you mean `longest-days`?"),
        ("[waivers]\nlongest-days = 0", "`waivers.longest-days` must be a whole number of days, at least 1"),
        ("[waivers]\nlongest-days = true", "`waivers.longest-days` must be"),
        ("[waivers]\nlongest-days = '30'", "`waivers.longest-days` must be"),
        ("[waivers]\nfile = 'none.toml'", "no file `none.toml` beside the configuration"),
        ("[waivers]\nfile = ''", "`waivers.file` must be a file's name"),
        ("[waivers]\nbaseline = ['x']", "`waivers.baseline` must be a file's name"),
        ("[review]\nname = 'x'", "each begun by `[[review]]`"),
        ("[[review]]\napprovers = 1", "a stage must have a `name`"),
        ("[[review]]\nname = 'x'", "review `x`: `approvers` must be a whole number, at least 1"),
        ("[[review]]\nname = 'x'\napprovers = 0", "`approvers` must be"),
        ("[[review]]\nname = 'x'\napprovers = true", "`approvers` must be"),
        ("[[review]]\nname = 'x'\napprover = 1", "did you mean `approvers`?"),
        ("[[review]]\nname = 'x'\napprovers = 2\nfrom = ['a', 'A ']", "names fewer people than the 2 approvers"),
        ("[[review]]\nname = 'x'\napprovers = 1\nfrom = 'a'", "must be a list of texts"),
        ("[[review]]\nname = 'x'\napprovers = 1\nwhen = 'always'", "`when` must be a table"),
        ("[[review]]\nname = 'x'\napprovers = 1\nwhen = { sensitiv = true }", "did you mean `sensitive`?"),
        ("[[review]]\nname = 'x'\napprovers = 1\nwhen = { sensitive = 1 }", "when.sensitive` must be true or false"),
        ("[[review]]\nname = 'x'\napprovers = 1\nwhen = { severity = 3 }", "must be one of"),
        ("[[review]]\nname = 'x'\napprovers = 1\nwhen = { rules = ['grant-widend'] }", "did you mean `grant-widened`?"),
        ("[[review]]\nname = 'x'\napprovers = 1\nwhen = { databases = 'x' }", "must be a list of texts"),
        (
            "[[review]]\nname='x'\napprovers=1\n[[review]]\nname='x'\napprovers=1",
            "two stages of [[review]] are named `x`",
        ),
        ("a = ", "not TOML"),
        ("a = " + "[" * 5000, "not TOML"),
        ('"\\u001b[31m\\u202e" = 1', "unknown key `\\u001b[31m\\u202e`"),
    ],
)
def test_what_nobody_understands_is_one_line_and_64(text, said, tmp_path):
    with pytest.raises(Usage) as caught:
        told(tmp_path, text)
    line = caught.value.format_message()
    assert said in line
    assert "set.toml: " in line
    assert line.isprintable()
    assert caught.value.exit_code == 64


def test_the_command_ends_with_64(tmp_path):
    file = tmp_path / "set.toml"
    file.write_text("[rules.nothing-like-it-at-all]")
    assert "unknown rule" in run("check", "--state", "x", "--config", file).refused(64)
    file.write_bytes(b"\xff")
    assert "not UTF-8" in run("check", "--state", "x", "--config", file).refused(64)
    assert "cannot read" in run("check", "--state", "x", "--config", tmp_path).refused(64)


# ------------------------------------------------------------------------------------------------- found in the folder
def test_the_folders_own_file_is_used_and_mentioned(world: World, empty):
    (empty / "floodline.toml").write_text('fail-on = "none"\n')
    recording = world.recorded("grant-option")
    ended = replay(world.state, recording)
    assert ended.code == 0
    assert ended.err.startswith("settings: floodline.toml of this folder\n")
    assert replay(world.state, recording, "-q").err == ""
    other = empty / "other.toml"
    other.write_text("quiet = true\n")
    named = replay(world.state, recording, "--config", other)
    assert (named.code, named.err) == (3, "")


def test_what_the_command_line_says_wins(world: World, empty):
    (empty / "floodline.toml").write_text('fail-on = "none"\n')
    assert replay(world.state, world.recorded("grant-option"), "--fail-on", "widened").code == 3


def test_a_broken_file_in_the_folder_is_not_passed_over(empty):
    (empty / "floodline.toml").write_text("fail-on = ")
    assert "floodline.toml: not TOML" in run("check", "--state", "x").refused(64)


# ----------------------------------------------------------------------------------------------------- the documentation
def test_the_documented_files_are_understood(tmp_path):
    text = (Path(__file__).parents[2] / "docs" / "waivers.md").read_text(encoding="utf-8")
    entry, file = re.findall(r"```toml\n(.*?)```", text, flags=re.DOTALL)
    (tmp_path / "waivers.toml").write_text(entry)
    (tmp_path / "baseline.json").touch()
    found = told(tmp_path, file)
    assert [stage.approvers for stage in found.review] == [2, 2]
    (made,) = waivers.read(entry, "waivers.toml").entries
    assert made.faults == ()
    assert set(re.findall(r"^\| `(FL4[0-9]{2})`", text, flags=re.MULTILINE)) == set(waivers.KINDS)
