"""What is cut, foreign or garbled is one clear line or a ledger entry; nothing is half-written, nothing passes as equal."""

from __future__ import annotations

import gzip
import json
import os
import random
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import zstandard
from line_world import AUDITOR, UNTOUCHED, World, judged, replay, run, run_apart, without_places

PACK = {"": lambda data: data, ".gz": gzip.compress, ".zst": zstandard.ZstdCompressor().compress}
SECRET_SIGNATURE = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def nothing_but(folder: Path, *names: str) -> None:
    assert {one.name for one in folder.iterdir()} == set(names)


def stated(world: World) -> dict[str, Any]:
    return dict(json.loads(world.state.read_bytes()))


# --------------------------------------------------------------------------------------------------------------- state
@pytest.mark.parametrize("suffix", PACK)
def test_a_state_cut_anywhere_cannot_start(suffix: str, world: World, tmp_path):
    whole = PACK[suffix](world.state.read_bytes())
    recorded, report = world.recorded(), tmp_path / "report.json"
    for size in (1, 3, 11, len(whole) // 4, len(whole) // 2, len(whole) * 3 // 4, len(whole) - 3):
        cut = written(tmp_path / f"state.json{suffix}", whole[:size])
        line = run("check", "--state", cut, "--live", recorded, "-o", report).refused(5)
        assert str(cut) in line
    nothing_but(tmp_path, f"state.json{suffix}")


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_a_packed_state_is_the_state(suffix: str, world: World, tmp_path):
    packed = written(tmp_path / f"state.json{suffix}", PACK[suffix](world.state.read_bytes()))
    assert replay(packed, world.recorded()).code == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "empty"),
        (b"[]", "list"),
        (b"hello", "not JSON"),
        (b'{"version": 3}', "no state"),
        (b'{"version": 99, "deployment": {}}', "99"),
        (b'{"version": 4, "features": ["teleport"], "deployment": {"resources": []}}', "`teleport`"),
        (b'{"version": "3\\u001b[31m", "deployment": {}}', "version"),
        (b'{"version": 3, "deployment": {"resources": [{"urn": 7}]}}', "urn"),
        (b"\x1f\x8bnot gzip at all", "gzip"),
        (b'{"floodline_recording": 1}\n', "state"),
    ],
)
def test_what_is_no_state_is_refused_in_one_line(text: bytes, said: str, world: World, tmp_path):
    state = written(tmp_path / "state.json", text)
    assert said in run("check", "--state", state, "--live", world.recorded()).refused(5)
    piped = run("check", "--state", "-", "--live", world.recorded(), stdin=text)
    assert "standard input" in piped.refused(5)


@pytest.mark.parametrize("deployment", [{"resources": []}, {}, None])
def test_a_stack_without_a_lake_makes_everything_undeclared(deployment: Any, world: World, tmp_path):
    """It is a valid stack: everything live is then undeclared."""
    state = written(tmp_path / "state.json", json.dumps({"version": 3, "deployment": deployment}).encode())
    ended = replay(state, world.recorded())
    assert ended.code == 2
    assert ended.complete is True
    assert {one["verdict"] for one in ended.findings} <= {"unmanaged", "changed"}
    assert ended.report["summary"]["unmanaged"] > 10


def test_an_encrypted_principal_is_unknown_and_not_printed(world: World, tmp_path):
    state = stated(world)
    hidden = {**SECRET_SIGNATURE, "ciphertext": "v1:bm90IGZvciBleWVz:c2VjcmV0"}
    grants = [
        one
        for one in state["checkpoint"]["latest"]["resources"]
        if one["type"] == "aws:lakeformation/permissions:Permissions" and "marketing" in json.dumps(one["inputs"])
    ]
    assert grants
    grants[0]["inputs"]["principal"] = grants[0]["outputs"]["principal"] = hidden
    ended = replay(written(tmp_path / "state.json", json.dumps(state).encode()), world.recorded())
    unknown = [one for one in ended.findings if one["verdict"] == "unknown"]
    assert unknown
    assert any(one["subject"]["urn"] == grants[0]["urn"] or grants[0]["urn"] in one["message"] for one in unknown)
    assert ended.code in {3, 4}
    assert "bm90" not in ended.out + ended.err


def test_files_that_are_not_there(world: World, tmp_path):
    gone = tmp_path / "gone.json"
    assert str(gone) in run("check", "--state", gone, "--live", world.recorded()).refused(5)
    assert str(gone) in run("check", "--state", world.state, "--live", gone).refused(5)
    assert str(tmp_path) in run("check", "--state", tmp_path, "--live", world.recorded()).refused(5)


# ----------------------------------------------------------------------------------------------------------- recording
def test_a_recording_cut_after_any_line_is_never_equal(world: World, tmp_path):
    lines = world.lines().splitlines(keepends=True)
    for count in range(1, len(lines)):
        cut = written(tmp_path / "lake.jsonl", b"".join(lines[:count]))
        ended = run("check", "--state", world.state, "--live", cut, "-o", "json=-")
        assert ended.code in {2, 3, 4}, (count, ended.err)
        assert ended.complete is False


def test_a_recording_cut_inside_its_last_line_says_so(world: World, tmp_path):
    """The last line is the one that a cut would spare if it were taken for whole."""
    whole = world.lines()
    cut = written(tmp_path / "lake.jsonl", whole[:-20])
    ended = replay(world.state, cut)
    assert (ended.code, ended.complete) == (4, False)
    assert ended.row("read")["errors"] == ["the recording is cut inside its last line"]


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_a_packed_recording_cut_anywhere_is_never_equal(suffix: str, world: World, tmp_path):
    whole = PACK[suffix](world.lines())
    for size in (6, 30, len(whole) // 3, len(whole) * 2 // 3, len(whole) - 9, len(whole) - 1):
        cut = written(tmp_path / f"lake.jsonl{suffix}", whole[:size])
        ended = run("check", "--state", world.state, "--live", cut, "-o", "json=-")
        if ended.code == 5:
            ended.refused(5)
        else:
            assert ended.code in {2, 3, 4}, (size, ended.err)
            assert ended.complete is False


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "empty"),
        (b"{", "header"),
        (b'{"floodline_recording": 2}\n', "version 2"),
        (b'{"version": 3, "deployment": {}}\n', "`floodline_recording`"),
        (b'{"floodline_recording": 1}\nhello\n', "line 2"),
        (
            b'{"floodline_recording": 1}\n{"account": "", "region": "r", "service": "s", "operation": "o"}\n',
            "`account`",
        ),
    ],
)
def test_what_is_no_recording_is_refused_in_one_line(text: bytes, said: str, world: World, tmp_path):
    bad = written(tmp_path / "lake.jsonl", text)
    assert said in run("check", "--state", world.state, "--live", bad, "-o", tmp_path / "r.json").refused(5)
    nothing_but(tmp_path, "lake.jsonl")


@pytest.mark.parametrize("name", [UNTOUCHED, "retag-database", "dropped-excluded-column"])
def test_the_order_of_lines_changes_nothing_but_the_evidence(name: str, world: World, tmp_path):
    header, *lines = world.lines(name).splitlines(keepends=True)
    expected = replay(world.state, world.recorded(name))
    for seed in range(3):
        mixed = random.Random(seed).sample(lines, len(lines))
        assert mixed != lines
        ended = replay(world.state, written(tmp_path / "lake.jsonl", b"".join([header, *mixed])))
        assert ended.code == expected.code
        assert without_places(ended.findings) == without_places(expected.findings)
        assert ended.report["ledger"] == expected.report["ledger"]


def test_lines_given_twice_change_no_finding(world: World, tmp_path):
    header, *lines = world.lines("grant-option").splitlines(keepends=True)
    twice = written(tmp_path / "lake.jsonl", b"".join([header, *chain.from_iterable(zip(lines, lines, strict=True))]))
    ended, expected = replay(world.state, twice), replay(world.state, world.recorded("grant-option"))
    assert ended.code == 3
    assert without_places(ended.findings) == without_places(expected.findings)


@pytest.mark.parametrize(("name", "code"), [(UNTOUCHED, 0), ("revoked-grant", 2), ("retag-database", 3)])
def test_what_nobody_knows_is_kept_and_named(name: str, code: int, world: World, tmp_path):
    place = {"account": "111122223333", "region": "us-east-1", "at": "2026-11-23T10:00:01Z", "request": {}}
    more = [
        {**place, "service": "lakeformation", "operation": "ListFloods", "response": {"Floods": [{"Name": "x"}]}},
        {**place, "service": "tides", "operation": "ListTides", "response": {"Tides": []}},
    ]
    lines = world.lines(name) + b"".join(json.dumps(one).encode() + b"\n" for one in more)
    lines = lines.replace(b'"response":{"DatabaseList":', b'"response":{"Tide":"high","DatabaseList":', 1)
    ended = replay(world.state, written(tmp_path / "lake.jsonl", lines))
    assert ended.code == code
    assert ended.complete is True
    assert without_places(ended.findings) == without_places(replay(world.state, world.recorded(name)).findings)
    assert "not analysed" in ended.row("ListFloods")["basis"]
    assert ended.row("ListFloods")["service"] == "lakeformation"
    assert "`Tide`" in " ".join(row["basis"] for row in ended.report["ledger"])


# ----------------------------------------------------------------------------------------------------------------- AWS
@pytest.mark.parametrize("command", ["check", "collect"])
def test_without_credentials_nothing_starts(command: str, world: World, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    bare = {"HOME": str(home), "AWS_EC2_METADATA_DISABLED": "true"}
    target = home / "out.json"
    arguments = ["check", "--state", world.state, "-o", target] if command == "check" else ["collect", "-o", target]
    assert "no region" in run_apart(*arguments, env=bare).refused(5)
    assert "credentials" in run_apart(*arguments, "--region", "us-east-1", env=bare).refused(5)
    assert "(nobody)" in run_apart(*arguments, "--profile", "nobody", env=bare).refused(5)
    nothing_but(home)


def test_an_endpoint_that_nobody_serves_cannot_be_reached(world: World, tmp_path):
    target = tmp_path / "lake.jsonl"
    target.write_bytes(b"what stood here before")
    env = {**world.env(), "AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_MAX_ATTEMPTS": "1"}
    line = run_apart("collect", "-o", target, env=env).refused(5)
    assert "cannot be reached" in line
    assert target.read_bytes() == b"what stood here before"
    nothing_but(tmp_path, "lake.jsonl")


@pytest.mark.parametrize("call", ["lakeformation:ListPermissions", "glue:GetTables", "sts:GetCallerIdentity"])
def test_a_throttled_page_is_asked_for_again(call: str, world: World):
    recorded = world.recorded("retag-database")
    world.play("retag-database")
    before = judged(world.check())
    world.lab.calls.clear()
    world.lab.throttle(call, 1)
    ended = world.check()
    assert judged(ended) == before
    assert (ended.code, ended.complete) == (3, True)
    asked = world.lab.calls[call]
    world.lab.allow()
    world.lab.calls.clear()
    assert judged(world.check()) == before
    assert asked == world.lab.calls[call] + 1
    assert replay(world.state, recorded).code == 3


def test_a_token_that_comes_back_ends_the_listing_as_incomplete(world: World):
    def listing(request: Any, _caller: Any) -> dict[str, Any]:
        return {"ResourceInfoList": [], "NextToken": "again"}

    world.lab.lake().operations["ListResources"] = listing
    ended = world.check()
    assert (ended.code, ended.complete) == (4, False)
    assert world.lab.calls["lakeformation:ListResources"] <= 3
    row = ended.row("ListResources")
    assert row["complete"] is False
    assert "RepeatedToken" in " ".join(row["errors"])


def test_a_recording_whose_last_page_has_a_token_is_incomplete(world: World, tmp_path):
    lines = world.lines().splitlines(keepends=True)
    last = json.loads(lines[-1])
    assert last["operation"] == "ListResources"
    last["response"]["NextToken"] = "more"
    ended = replay(
        world.state, written(tmp_path / "lake.jsonl", b"".join([*lines[:-1], json.dumps(last).encode() + b"\n"]))
    )
    assert (ended.code, ended.complete) == (4, False)
    assert ended.row("ListResources")["complete"] is False


# -------------------------------------------------------------------------------------------------------------- output
@pytest.mark.parametrize("where", ["missing/report.json", "json=missing/report", "json=.", "html=missing/a/b.html"])
def test_a_report_that_cannot_be_written_fails_before_anything_is_read(where: str, world: World, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ended = run("check", "--state", "no-such-state", "-o", "first.json", "-o", where, env=world.env())
    assert ended.refused(64).startswith("floodline: cannot write `")
    assert world.lab.calls.total() == 0
    nothing_but(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_the_right_to_write(world: World, tmp_path):
    tmp_path.chmod(0o500)
    assert "permission denied" in run("check", "--state", "x", "-o", tmp_path / "r.json").refused(64)


def test_a_full_disk_leaves_nothing_half_written(world: World, tmp_path):
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    ended = run("check", "-q", "--state", world.state, "--live", world.recorded(), "-o", "json=/dev/full")
    assert "no space left" in ended.refused(64)


def test_collect_writes_whole_or_not_at_all(world: World, tmp_path):
    assert "cannot write" in run("collect", "-o", tmp_path / "no" / "lake.jsonl", env=world.env()).refused(64)
    assert world.lab.calls.total() == 0
    world.lab.deny("sts:GetCallerIdentity", AUDITOR)
    run("collect", "-o", tmp_path / "lake.jsonl", env=world.env()).refused(5)
    nothing_but(tmp_path)


# --------------------------------------------------------------------------------------------------------------- usage
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["check", "--state", "x", "-o", "pdf=report"], "no format `pdf`"),
        (["check", "--state", "x", "-o", "report.pdf"], "FORMAT=PATH"),
        (["check", "--state", "x", "-o", "report"], "FORMAT=PATH"),
        (["check", "--state", "x", "-o", "json="], "no path"),
        (["check", "--state", "x", "-o", "json=-", "-o", "html=-"], "only one"),
        (["check"], "nothing is declared"),
        (["check", "--state", "-", "--live", "-"], "once only"),
        (["check", "--state", "x", "--fail-on", "flood"], "`flood`"),
        (["check", "--state", "x", "--account", "12"], "twelve digits"),
        (["check", "--state", "x", "--config", "no-such.toml"], "no-such.toml"),
        (["chekc"], "did you mean `check`"),
        (["lab", "incident", "flood"], "no incident"),
        (["explain", "FL999"], "no code"),
    ],
)
def test_bad_usage_is_one_line_and_64(arguments: list[str], said: str):
    assert said in run(*arguments).refused(64)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["check", "--flood"], "--flood"),
        (["--flood"], "--flood"),
        (["check", "--state"], "--state"),
        (["check", "--min-severity", "flood"], "flood"),
        (["rules", "extra"], "extra"),
        (["collect"], "--output"),
        (["lab", "up", "--tables", "3"], "--tables"),
    ],
)
def test_unknown_words_name_themselves_and_the_help(arguments: list[str], said: str):
    ended = run(*arguments)
    assert (ended.code, ended.out) == (64, "")
    first, *rest = ended.err.splitlines()
    assert first.startswith("floodline: ")
    assert said in first
    assert len(rest) <= 1
    assert all(line.startswith("try `floodline") for line in rest)


@pytest.mark.parametrize(("arguments", "name"), [([], "floodline"), (["lab"], "floodline lab")])
def test_no_command_shows_the_help(arguments: list[str], name: str):
    ended = run(*arguments)
    assert (ended.code, ended.out) == (64, "")
    assert ended.err.startswith(f"Usage: {name} [OPTIONS] COMMAND")
    assert ended.err == run(*arguments, "--help").out
