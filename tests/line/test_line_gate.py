"""``floodline gate`` as a command: the pull-request demo, what it writes, and how it refuses."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from line_world import ACCOUNT, ROOT, World, run

from checks.waivers import acceptable, toml_value
from lab.changes import CHANGES, Change

HARMLESS, *OPENING = CHANGES


@pytest.fixture(scope="module")
def pulls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the demo leaves."""
    out = tmp_path_factory.mktemp("pulls")
    ended = run("demo", "--pull-request", "--tables", "14", "--out", out)
    assert (ended.code, ended.out) == (0, ""), ended
    for change in CHANGES:
        assert change.title in ended.err
    assert ended.err.count("exit code 3") == len(OPENING)
    assert ended.err.count("exit code 0") == 1
    return out / "pull-requests"


def gated(folder: Path, name: str, *arguments: Any) -> Any:
    preview, state = folder / f"{name}.json", folder / "state.json"
    return run("gate", "--preview", preview, "--state", state, "-o", "json=-", *arguments)


def test_a_harmless_change_passes_silently(pulls: Path) -> None:
    ended = gated(pulls, HARMLESS.name)
    assert ended.code == 0
    assert ended.err.startswith("NO WIDER: this deployment opens nothing")
    assert {one["severity"] for one in ended.findings} <= {"info"}
    assert (ended.complete, ended.report["outcome"]["verdict"]) == (True, "equal")


@pytest.mark.parametrize("change", OPENING, ids=lambda one: one.name)
def test_a_widening_is_stopped(pulls: Path, change: Change) -> None:
    """With the sentence, the witness and the line of the program."""
    ended = gated(pulls, change.name)
    assert ended.code == 3
    assert ended.err.startswith("WIDENED: ")
    assert "this deployment" in " ".join(ended.err.splitlines()[:3])
    worst = ended.findings[0]
    assert (worst["verdict"], worst["origin"], worst["severity"]) == ("widened", "deployment", "critical")
    assert change.opens in " ".join(one["message"] for one in ended.findings)
    assert worst["witness"]["principal"].startswith(f"arn:aws:iam::{ACCOUNT}:role/")
    position = worst["evidence"][0]["position"]
    assert position.startswith("__main__.py#")
    assert f"(`{position}`)" in worst["message"]
    assert worst["subject"]["urn"]
    assert ended.report["run"]["command"] == "gate"
    line = int(position.rpartition("#")[2])
    program = (ROOT / "__main__.py").read_text(encoding="utf-8").replace(change.old, change.new).splitlines()
    assert program[line - 1].rstrip().endswith("(")  # the call that declares it


def test_every_format_speaks_of_the_deployment(pulls: Path, tmp_path: Path) -> None:
    outputs = [f"html={tmp_path / 'r.html'}", f"markdown={tmp_path / 'r.md'}", f"text={tmp_path / 'r.txt'}"]
    ended = gated(pulls, "wider-filter", *(part for one in outputs for part in ("-o", one)))
    assert ended.code == 3
    for name in ("r.html", "r.md", "r.txt"):
        assert "this deployment lets" in (tmp_path / name).read_text(encoding="utf-8"), name
    assert (pulls / "wider-filter.md").read_text(encoding="utf-8").startswith("<!-- floodline:gate:")


def test_thresholds_and_waivers_are_those_of_check(pulls: Path, tmp_path: Path) -> None:
    assert gated(pulls, "new-admin", "--exit-zero").code == 0
    assert gated(pulls, "new-admin", "--fail-on", "none").code == 0
    (found,) = gated(pulls, "new-admin").findings
    waivers = tmp_path / "waivers.toml"
    entry = {"finding": found["id"], "reason": "moves over", "owner": "lake-team", "author": "one",
             "approvers": ["two"], "ticket": "LAKE-1", "command": "gate", **acceptable(found)}  # fmt: skip
    today = datetime.now(UTC).date()
    entry |= {"approved": today, "expires": today + timedelta(days=30)}
    lines = [f"{key} = {toml_value(value)}" for key, value in entry.items()]
    waivers.write_text("\n".join(["[[waiver]]", *lines]), encoding="utf-8")
    ended = gated(pulls, "new-admin", "--waivers", waivers)
    accepted = [one for one in ended.findings if one["id"] == found["id"]]
    assert accepted[0]["waived"], ended.err
    assert ended.code == 0


def test_what_was_changed_by_hand(pulls: Path, world: World, tmp_path: Path) -> None:
    """A recording of the live lake: an admin added by hand becomes official, goes, or stays."""
    recording = world.recorded("new-admin")
    ended = gated(pulls, "new-admin", "--live", recording)
    (adopted,) = [one for one in ended.findings if one["verdict"] == "widened"]
    assert (adopted["origin"], ended.code) == ("adopted", 3)
    another = (pulls / "new-admin.json").read_text().replace("role/ml-engineer", "role/etl")
    (tmp_path / "another.json").write_text(another)
    ended = run("gate", "--preview", tmp_path / "another.json", "--state", pulls / "state.json", "--live", recording,
                "--fail-on", "narrowed", "-o", "json=-")  # fmt: skip
    (revoked,) = [one for one in ended.findings if one["origin"] == "revoked"]
    assert (revoked["rule"], revoked["verdict"]) == ("FL131", "narrowed")
    assert "role/ml-engineer is taken out of DataLakeAdmins" in revoked["message"]
    assert ended.code == 2
    ended = gated(pulls, HARMLESS.name, "--live", recording)
    (standing,) = [one for one in ended.findings if one["origin"] == "standing" and one["verdict"] == "widened"]
    assert (standing["severity"], ended.code) == ("info", 0)
    assert "stays open" in " ".join(ended.err.split())


def test_the_same_input_gives_the_same_findings(pulls: Path) -> None:
    one, other = gated(pulls, "new-column"), gated(pulls, "new-column")
    assert one.findings == other.findings


def test_refused_with_one_line(pulls: Path, tmp_path: Path) -> None:
    preview, state = pulls / "new-admin.json", pulls / "state.json"
    assert "does not tell what was before" in run("gate", "--preview", preview).refused(5)
    assert "nothing is to be deployed" in run("gate", "--state", state).refused(64).partition("\n")[0]
    assert "--state" in run("gate", "--preview", state, "--state", state).refused(5)
    assert "no such file" in run("gate", "--preview", tmp_path / "none", "--state", state).refused(5)
    cut = tmp_path / "cut.json"
    cut.write_bytes(preview.read_bytes()[:-20])
    assert "is cut" in run("gate", "--preview", cut, "--state", state).refused(5)
    other = tmp_path / "other.json"
    other.write_text(state.read_text().replace("urn:pulumi:dev::", "urn:pulumi:prod::"))
    assert "floodline/prod" in run("gate", "--preview", preview, "--state", other).refused(5)
    odd = tmp_path / "odd.json"
    odd.write_text(json.dumps({"hello": "\u202e</script>"}))
    assert "no preview" in run("gate", "--preview", odd, "--state", state).refused(5)


def test_nothing_is_taken_for_harmless_because_it_was_left_out(pulls: Path, tmp_path: Path) -> None:
    """A preview that lost its steps, and one without counts beside a state of another stack, end with 5."""
    state, whole = pulls / "state.json", json.loads((pulls / "new-admin.json").read_text())
    lost, uncounted = tmp_path / "lost.json", tmp_path / "uncounted.json"
    lost.write_text(json.dumps({**whole, "steps": []}))
    assert "is cut" in run("gate", "--preview", lost, "--state", state).refused(5)
    uncounted.write_text(json.dumps({**whole, "changeSummary": {}}))
    assert run("gate", "--preview", uncounted, "--state", state).code == 3
    other, empty = tmp_path / "other.json", tmp_path / "empty.json"
    other.write_text(state.read_text().replace("urn:pulumi:dev::", "urn:pulumi:prod::"))
    empty.write_text(json.dumps({"version": 3, "deployment": {"resources": []}}))
    for wrong in (other, empty):
        told = run("gate", "--preview", uncounted, "--state", wrong).refused(5)
        assert "does not tell what was before" in told
