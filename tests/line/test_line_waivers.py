"""From a report to a waiver or a baseline, and back into a check: through the command alone."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from line_world import UNTOUCHED, Ended, World, replay, run

from lab import incidents

SIGNED = ("--reason", "until the move", "--owner", "data platform", "--author", "pipelines")
BAD = "x\x1b[31m\u202e</script>\"'\n=cmd"


def days(number: int) -> str:
    return (datetime.now(UTC).date() + timedelta(days=number)).isoformat()


def reported(world: World, name: str, folder: Path, *arguments: str | Path) -> Path:
    path = folder / f"{name}.json"
    path.write_text(replay(world.state, world.recorded(name), *arguments).out)
    return path


def different(report: Path) -> dict[str, Any]:
    """The one difference of a report; what is risky on both sides stands beside it."""
    (found,) = [one for one in json.loads(report.read_text())["findings"] if one["verdict"] != "posture"]
    return dict(found)


def waive(report: Path, finding: str, *arguments: str, expires: str | None = None, approver: str = "security") -> Ended:
    rest = ("--approver", approver, "--ticket", "DATA-112", "--expires", expires or days(30))
    return run("waive", finding, "--report", report, *SIGNED, *rest, *arguments)


def waived(report: Path, folder: Path, *arguments: str) -> Path:
    """A waivers file that accepts every finding of a report that counts."""
    file = folder / "waivers.toml"
    text = ""
    for one in json.loads(report.read_text())["findings"]:
        if one["waived"] is None:
            ended = waive(report, one["id"], *arguments)
            assert ended.code == 0, ended.err
            text += ended.out
    file.write_text(text)
    return file


# --------------------------------------------------------------------------------------------------------------- waivers
@pytest.mark.parametrize("incident", [one.name for one in incidents.all()])
def test_every_incident_can_be_accepted_and_stays_in_the_report(incident: str, world: World, tmp_path):
    report = reported(world, incident, tmp_path)
    before = json.loads(report.read_text())
    file = waived(report, tmp_path)
    ended = replay(world.state, world.recorded(incident), "--waivers", file)
    assert ended.code == 0, ended.err
    assert [{**one, "waived": None} for one in ended.findings] == before["findings"]
    assert all(one["waived"]["ticket"] == "DATA-112" for one in ended.findings)
    assert ended.report["summary"]["waived"] == len(before["findings"])
    assert ended.report["outcome"]["verdict"] == "equal"


def test_a_waiver_for_one_incident_hides_no_other(world: World, tmp_path):
    file = waived(reported(world, "grant-option", tmp_path), tmp_path)
    ended = replay(world.state, world.recorded("loosened-filter"), "--waivers", file)
    assert ended.code == 3
    assert not any(one["waived"] for one in ended.findings if one["verdict"] != "posture")
    assert [one["rule"] for one in ended.findings if one["verdict"] == "posture" and one["rule"][:3] == "FL4"] == [
        "FL402"
    ]


def test_waivers_show_in_every_format(world: World, tmp_path):
    file = waived(reported(world, "new-admin", tmp_path), tmp_path)
    page, text, marks = (tmp_path / name for name in ("r.html", "r.txt", "r.md"))
    ended = run(
        "check", "--state", world.state, "--live", world.recorded("new-admin"), "--waivers", file,
        "-o", page, "-o", text, "-o", marks,
    )  # fmt: skip
    assert ended.code == 0
    for one in (page, text, marks):
        told = " ".join(one.read_text().split()).replace("\\-", "-")
        for word in ("data platform", "security", "DATA-112", days(30), "until the move"):
            assert word in told, (one.name, word)


def test_hostile_reasons_and_owners_harm_no_format(world: World, tmp_path):
    report = reported(world, "grant-option", tmp_path)
    one = different(report)
    made = run(
        "waive", one["id"], "--report", report, "--reason", BAD, "--owner", BAD, "--author", "a", "--approver", BAD,
        "--ticket", BAD, "--expires", days(3),
    )  # fmt: skip
    assert made.code == 0
    assert all(line.isprintable() and line.isascii() for line in made.out.splitlines())
    file = tmp_path / "w.toml"
    file.write_text(made.out)
    page, text, marks = (tmp_path / name for name in ("r.html", "r.txt", "r.md"))
    recording = world.recorded("grant-option")
    ended = run(
        "check", "--state", world.state, "--live", recording, "--waivers", file, "-o", page, "-o", text, "-o", marks
    )
    assert ended.code == 0
    for told in (page.read_text(), text.read_text(), marks.read_text(), ended.err):
        assert not {"\x1b", "\u202e"} & set(told)
    assert "</script>&#34;" in page.read_text().replace("&lt;/script&gt;", "</script>")
    assert page.read_text().count("</script>") == 1
    again = replay(world.state, recording, "--waivers", file)
    (accepted,) = [other for other in again.findings if other["id"] == one["id"]]
    assert accepted["waived"]["reason"] == BAD.strip()


def test_what_widens_after_the_waiver_fails_again(world: World, tmp_path):
    report = reported(world, "dropped-override", tmp_path)
    file = waived(report, tmp_path)
    text = file.read_text()
    assert "columns = 4\n" in text
    file.write_text(text.replace("columns = 4\n", "columns = 3\n"))
    ended = replay(world.state, world.recorded("dropped-override"), "--waivers", file)
    assert ended.code == 3
    (told,) = [one for one in ended.findings if one["rule"] == "FL407"]
    assert "4 columns, accepted were 3" in told["message"]
    assert told["subject"]["resource"]["kind"] == "waiver"


def test_the_waivers_of_the_configuration_are_used_and_the_option_wins(world: World, tmp_path):
    file = waived(reported(world, "grant-option", tmp_path), tmp_path)
    config = tmp_path / "set.toml"
    config.write_text("")
    recording = world.recorded("grant-option")
    assert replay(world.state, recording, "--config", config).code == 0
    config.write_text("[waivers]\nlongest-days = 10\n")
    ended = replay(world.state, recording, "--config", config)
    assert ended.code == 3
    assert "FL405" in {one["rule"] for one in ended.findings}
    none = tmp_path / "none.toml"
    none.write_text("")
    config.write_text("")
    assert replay(world.state, recording, "--config", config, "--waivers", none).code == 3
    assert file.exists()


def test_a_review_stage_of_the_configuration_is_asked(world: World, tmp_path):
    report = reported(world, "grant-option", tmp_path)
    config = tmp_path / "set.toml"
    config.write_text('[[review]]\nname = "two"\napprovers = 2\nfrom = ["security", "legal", "board"]\n')
    waived(report, tmp_path)
    ended = replay(world.state, world.recorded("grant-option"), "--config", config)
    assert ended.code == 3
    (told,) = [one for one in ended.findings if one["rule"] == "FL408"]
    assert "1 more approval from `legal` or `board`" in told["message"]
    waived(report, tmp_path, "--approver", "legal")
    assert replay(world.state, world.recorded("grant-option"), "--config", config).code == 0


def test_findings_about_waivers_decide_only_where_posture_does(world: World, tmp_path):
    file = waived(reported(world, "grant-option", tmp_path), tmp_path)
    untouched = world.recorded(UNTOUCHED)
    ended = run("check", "--state", world.state, "--live", untouched, "--waivers", file)
    assert ended.code == 0
    assert "waivers.toml" in ended.err.replace("\n", "")
    assert replay(world.state, untouched, "--waivers", file, "--fail-on", "posture").code == 2


@pytest.mark.parametrize(("text", "said"), [("[[waiver]", "not TOML"), ("[[waivers]]\n", "unknown key `waivers`")])
def test_a_waivers_file_that_is_none_is_64(text, said, world: World, tmp_path):
    file = tmp_path / "w.toml"
    file.write_text(text)
    told = ("check", "--state", world.state, "--live", world.recorded(), "--waivers")
    assert said in run(*told, file).refused(64)
    assert "cannot read" in run(*told, tmp_path / "none").refused(64)


# ---------------------------------------------------------------------------------------------------------------- waive
def test_waive_refuses_what_would_not_hold(world: World, tmp_path):
    report = reported(world, "grant-option", tmp_path)
    one = different(report)
    finding = one["id"]
    almost = finding[:-1] + ("0" if finding[-1] != "0" else "1")
    assert f"did you mean `{finding}`" in waive(report, almost).refused(64)
    assert "no finding" in waive(report, BAD).refused(64)
    assert "is over" in waive(report, finding, expires=days(-1)).refused(64)
    assert waive(report, finding, expires=days(0)).code == 0
    assert "is no day" in waive(report, finding, expires="soon").refused(64)
    assert "may last 180 days" in waive(report, finding, expires=days(181)).refused(64)
    assert waive(report, finding, "--approved", days(-1), expires=days(179)).code == 0
    assert "still to come" in waive(report, finding, "--approved", days(1)).refused(64)
    assert "own author" in waive(report, finding, approver="Pipelines").refused(64)
    file = waived(report, tmp_path)
    again = reported(world, "grant-option", tmp_path, "--waivers", file)
    assert "accepted already" in waive(again, finding).refused(64)


def test_waive_and_baseline_want_a_report(tmp_path):
    for text in (
        "",
        "{}",
        '{"schema": "floodline/report/v1"}',
        '{"schema": "floodline/report/v1", "findings": [7]}',
        "[" * 9999,
    ):
        file = tmp_path / "r.json"
        file.write_text(text)
        for ended in (
            waive(file, "0" * 16),
            run("baseline", "--report", file, "-o", "-", "--owner", "a", "--approver", "b"),
        ):
            assert "no JSON report" in ended.refused(5)
    assert "cannot read" in waive(tmp_path / "none", "0" * 16).refused(5)


def test_what_was_not_seen_cannot_be_waived(world: World, tmp_path):
    recording = tmp_path / "cut.jsonl"
    lines = [line for line in world.lines().splitlines(keepends=True) if b'"ListDataCellsFilter"' not in line]
    recording.write_bytes(b"".join(lines))
    report = tmp_path / "r.json"
    ended = replay(world.state, recording)
    assert ended.code == 4
    report.write_text(ended.out)
    unseen = [one for one in ended.findings if one["rule"] == "FL150"]
    assert unseen
    for one in unseen:
        assert "cannot be accepted" in waive(report, one["id"]).refused(64)
    signed = run("baseline", "--report", report, "-o", tmp_path / "b.json", "--owner", "a", "--approver", "b")
    assert "partial" in signed.err
    assert replay(world.state, recording, "--baseline", tmp_path / "b.json").code == 4


# ------------------------------------------------------------------------------------------------------------- baseline
def signed_off(report: Path, target: Path) -> Ended:
    return run(
        "baseline", "--report", report, "-o", target, "--owner", "data platform", "--approver", "security",
        "--ticket", "DATA-1",
    )  # fmt: skip


def test_a_baseline_lets_only_what_is_new_fail(world: World, tmp_path):
    report, target = reported(world, "grant-option", tmp_path), tmp_path / "baseline.json"
    ended = signed_off(report, target)
    count = len(json.loads(report.read_text())["findings"])
    assert (ended.code, ended.out, f"signed off: {count} finding" in ended.err) == (0, "", True)
    same = replay(world.state, world.recorded("grant-option"), "--baseline", target)
    assert same.code == 0
    assert [one["waived"]["kind"] for one in same.findings] == ["baseline"] * count
    new = replay(world.state, world.recorded("loosened-filter"), "--baseline", target)
    assert new.code == 3
    assert {one["rule"] for one in new.findings} >= {"FL410"}


def test_a_baseline_shrinks_in_its_place(world: World, tmp_path):
    target = tmp_path / "baseline.json"
    signed_off(reported(world, "iam-allowed-principals", tmp_path), target)
    before = {one["finding"] for one in json.loads(target.read_text())["findings"]}
    untouched = reported(world, UNTOUCHED, tmp_path, "--baseline", target)
    left = before & {one["id"] for one in json.loads(untouched.read_text())["findings"]}
    assert "is gone" in untouched.read_text() or "are gone" in untouched.read_text()
    ended = run("baseline", "--report", untouched, "--shrink", target)
    assert ended.code == 0
    assert f"{len(before - left)} gone, {len(left)} left" in ended.err
    assert before > left
    assert {one["finding"] for one in json.loads(target.read_text())["findings"]} == left
    assert replay(world.state, world.recorded("iam-allowed-principals"), "--baseline", target).code == 3
    assert "0 gone" in run("baseline", "--report", untouched, "--shrink", target).err


def test_a_partial_view_shrinks_nothing(world: World, tmp_path):
    target = tmp_path / "baseline.json"
    report = reported(world, "grant-option", tmp_path)
    signed_off(report, target)
    before = target.read_bytes()
    told = json.loads(report.read_text())
    told["outcome"]["complete"], told["findings"] = False, []
    report.write_text(json.dumps(told))
    assert "nobody can say what is gone" in run("baseline", "--report", report, "--shrink", target).refused(4)
    assert target.read_bytes() == before


def test_an_edited_baseline_is_64(world: World, tmp_path):
    target = tmp_path / "baseline.json"
    signed_off(reported(world, "grant-option", tmp_path), target)
    target.write_text(target.read_text().replace("security", "somebody"))
    told = ("check", "--state", world.state, "--live", world.recorded(), "--baseline", target)
    assert "edited after it was signed off" in run(*told).refused(64)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "give --owner"),
        (("--owner", "a"), "give --owner, and --approver"),
        (("--owner", "a", "--approver", "b"), "where to?"),
        (("--owner", "a", "--approver", "A", "-o", "-"), "other than its owner"),
        (("--owner", "a", "--approver", "b", "-o", "-", "--expires", "soon"), "is no day"),
        (("--owner", "a", "--approver", "b", "-o", "-", "--expires", "2020-01-01"), "is over"),
        (("--shrink", "b.json", "--owner", "a"), "adds nothing"),
        (("--shrink", "no-such-baseline.json"), "cannot read"),
    ],
)
def test_baseline_says_what_it_wants(arguments, said, world: World, tmp_path):
    report = reported(world, UNTOUCHED, tmp_path)
    assert said in run("baseline", "--report", report, *arguments).refused(64)


def test_a_baseline_may_go_to_standard_output_and_end(world: World, tmp_path):
    report = reported(world, "grant-option", tmp_path)
    ended = run("baseline", "--report", report, "-o", "-", "--owner", "a", "--approver", "b", "--expires", days(0))
    target = tmp_path / "b.json"
    target.write_text(ended.out)
    assert replay(world.state, world.recorded("grant-option"), "--baseline", target).code == 0
    assert json.loads(ended.out)["expires"] == days(0)


def test_the_codes_are_explained():
    assert "waiver-expired" in run("explain", "FL401").out
    assert {"FL401", "FL410"} <= {one["id"] for one in json.loads(run("rules", "--json").out)}
