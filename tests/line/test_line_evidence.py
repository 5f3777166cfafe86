"""``-o evidence=DIR`` and ``verify``: a run that is kept can be performed again, and nobody touches it unseen."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
import stat
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from line_world import MARKETING, Ended, World, replay, run

from floodline import evidence, inputs, past, verifying
from floodline.cli import cli

SECRET = "hunter2-do-not-keep"
FILES = (
    "manifest.json", "report.html", "report.json", "report.text.txt", "declared/01-state.json",
    "live/01-retag-database.jsonl.gz", "settings/01-floodline.toml",
)  # fmt: skip
RUNS = range(3)
"""From a recording, from AWS, and from a recording once more."""


@dataclass
class Kept:
    """A folder with three runs, in the order of their chain."""

    path: Path
    runs: list[Path]

    def verify(self, *arguments: str) -> Ended:
        return run("verify", self.path, *arguments)

    def differs(self, *words: str) -> str:
        """The lines that verify ends with, which say where it differs."""
        ended = self.verify()
        lines = ended.out.splitlines()
        assert (ended.code, ended.err) == (2, ""), ended
        found = "\n".join(line for line in lines if line.startswith("DIFFERS  "))
        for word in words:
            assert word in found, (word, found)
        return found

    def manifest(self, number: int = 0) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.runs[number] / "manifest.json").read_bytes())
        return found

    def forge(self, number: int, path: str, data: bytes) -> None:
        """Change a file, and every hash of its manifest with it."""
        file = self.runs[number] / path
        file.write_bytes(data)
        told = self.manifest(number)
        (row,) = [one for one in told["files"] if one["path"] == path]
        row |= {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        self.sign(number, told)

    def sign(self, number: int, told: dict[str, Any]) -> None:
        told["digest"] = evidence.digest_of(told)
        (self.runs[number] / "manifest.json").write_bytes(evidence.canonical(told))


def in_order(path: Path) -> list[Path]:
    """Run folders in the order of their chain."""
    known = {}
    for one in path.iterdir():
        known[json.loads((one / "manifest.json").read_bytes())["previous"]] = one
    found: list[Path] = []
    before = None
    while before in known:
        found.append(known[before])
        before = hashlib.sha256((found[-1] / "manifest.json").read_bytes()).hexdigest()
    assert len(found) == len(known)
    return found


@pytest.fixture(scope="session")
def made(running: World) -> Kept:
    """Three runs on a state with secrets: made once, and never touched."""
    told = json.loads(running.state.read_bytes())
    latest = told["checkpoint"]["latest"]
    latest["secrets_providers"] = {"type": "passphrase", "state": {"salt": f"v1:{SECRET}"}}
    sealed = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": f"v1:{SECRET}"}
    other = {"urn": "urn:pulumi:dev::floodline::aws:rds/instance:Instance::x", "type": "aws:rds/instance:Instance"}
    latest["resources"].append({**other, "custom": True, "inputs": {"password": sealed}, "outputs": {"x": [sealed]}})
    home = running.folder / "evidence"
    home.mkdir()
    state = home / "state.json"
    state.write_text(json.dumps(told, indent=1))
    config = home / "floodline.toml"
    config.write_text('fail-on = "widened"\nlive = "/nowhere"\n[rules.everyone-granted]\n')
    recorded = running.recorded("retag-database")
    target = home / "kept"
    output = ("-o", f"evidence={target}", "-q")
    running.fresh()
    first = run("check", "--state", state, "--live", recorded, "--config", config, "-o", f"text={home / 'x'}", *output)
    running.play("retag-database")
    second = run("check", "--state", state, *output, env=running.env())
    third = run("check", "--state", state, "--live", recorded, "--region", "us-east-1", *output)
    running.fresh()
    assert [one.code for one in (first, second, third)] == [3, 3, 3], (first, second, third)
    return Kept(target, in_order(target))


@pytest.fixture
def kept(made: Kept, tmp_path: Path) -> Kept:
    path = tmp_path / "kept"
    shutil.copytree(made.path, path)
    return Kept(path, in_order(path))


# --------------------------------------------------------------------------------------------------------- what is kept
def test_an_untouched_folder_holds(made: Kept) -> None:
    ended = made.verify()
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert [line.split()[0] for line in lines[:3]] == ["ok"] * 3
    assert "1 finding performed again" in lines[0]


def test_one_run_alone_can_be_looked_at(made: Kept) -> None:
    for name in (made.runs[1].name, made.runs[1].name.partition("_")[2]):
        ended = made.verify("--run", name)
        assert ended.code == 0
        assert sum(line.startswith("ok ") for line in ended.out.splitlines()) == 1


def test_the_folder_holds_what_it_says_and_nobody_else_may_read_it(made: Kept) -> None:
    found = sorted(str(one.relative_to(made.runs[0])) for one in made.runs[0].rglob("*") if one.is_file())
    assert found == sorted(FILES)
    for one in [made.path, *made.path.rglob("*")]:
        assert stat.S_IMODE(one.stat().st_mode) == (0o700 if one.is_dir() else 0o600), one
    told = made.manifest()
    assert [one["path"] for one in told["files"]] == sorted(set(FILES) - {"manifest.json"})
    assert (told["schema"], told["previous"], told["run"]["command"]) == ("floodline/evidence/v1", None, "check")
    assert (made.runs[0] / "manifest.json").read_bytes() == evidence.canonical(told)


def test_manifests_are_a_chain(made: Kept) -> None:
    hashes = [hashlib.sha256((one / "manifest.json").read_bytes()).hexdigest() for one in made.runs]
    assert [made.manifest(number)["previous"] for number in RUNS] == [None, *hashes[:2]]


def test_no_secret_is_in_the_folder(made: Kept) -> None:
    for one in made.path.rglob("*"):
        if one.is_file():
            data = one.read_bytes()
            if one.suffix == ".zst":
                data = zstandard.ZstdDecompressor().decompressobj().decompress(data)
            data = gzip.decompress(data) if one.suffix == ".gz" else data
            assert SECRET.encode() not in data, one


def test_the_recording_is_a_copy_and_the_answers_of_aws_are_a_recording(made: Kept, running: World) -> None:
    copy = made.runs[0] / "live" / "01-retag-database.jsonl.gz"
    assert copy.read_bytes() == running.recorded("retag-database").read_bytes()
    from_aws = json.loads((made.runs[1] / "report.json").read_bytes())
    again = replay(running.state, made.runs[1] / "live" / "01-aws.jsonl.zst")
    assert again.report["ledger"] == from_aws["ledger"]
    assert [one["id"] for one in again.findings] == [one["id"] for one in from_aws["findings"]]


def test_each_finding_leads_to_the_answer_that_it_rests_on(made: Kept) -> None:
    for number in RUNS:
        report = json.loads((made.runs[number] / "report.json").read_bytes())
        pieces = [piece for one in report["findings"] for piece in one["evidence"]]
        assert {one["source"] for one in pieces} == {"live", "declared"}
        page = (made.runs[number] / "report.html").read_text()
        for piece in pieces:
            file = made.runs[number] / piece["file"]
            data = file.read_bytes()
            if piece["source"] == "live":
                plain = gzip.decompress(data) if file.suffix == ".gz" else _unpacked(data)
                told = json.loads(plain.splitlines()[piece["line"] - 1])
                assert f"{piece['file']} line {piece['line']}" in page
            else:
                told = json.loads(data)
            for part in piece["pointer"].split("/")[1:]:
                told = told[int(part)] if isinstance(told, list) else told[part]
            assert told
            assert piece["urn"] in (None, told.get("urn"))


def _unpacked(data: bytes) -> bytes:
    return bytes(zstandard.ZstdDecompressor().decompressobj().decompress(data))


def test_the_report_beside_the_folder_is_the_one_in_it(world: World, tmp_path: Path) -> None:
    ended = replay(world.state, world.recorded("retag-database"), "-o", f"evidence={tmp_path / 'kept'}")
    (kept,) = (tmp_path / "kept").iterdir()
    assert (kept / "report.json").read_text() == ended.out
    assert f"evidence: {kept.name}\n" in ended.err
    assert ended.report["run"]["evidence"]["folder"] == kept.name


def test_several_recordings_are_told_apart(world: World, tmp_path: Path) -> None:
    lines = world.lines("retag-database")
    other = lines.replace(b"us-east-1", b"eu-west-1")
    folder = tmp_path / "both"
    folder.mkdir()
    (folder / "a.jsonl").write_bytes(other)
    (folder / "b.jsonl").write_bytes(lines)
    ended = replay(world.state, folder, "-o", f"evidence={tmp_path / 'kept'}")
    found = {
        (one["subject"]["region"], piece["file"])
        for one in ended.findings
        for piece in one["evidence"]
        if piece["source"] == "live" and piece["line"] is not None
    }
    assert found == {("eu-west-1", "live/01-a.jsonl"), ("us-east-1", "live/02-b.jsonl")}
    assert run("verify", tmp_path / "kept").code == 0


def test_what_is_made_of_nothing_but_a_gap_is_performed_again_too(world: World, tmp_path: Path) -> None:
    """A document's name is in what is said of it: performed again, it has the name that it had."""
    steps = {"steps": [], "changeSummary": {"same": 3}}
    preview = tmp_path / "a preview.json"
    preview.write_text(json.dumps(steps))
    ended = run(
        "check", "--preview", preview, "--live", world.recorded(), "-o", f"evidence={tmp_path / 'kept'}", "-o", "json=-"
    )
    assert str(preview) in ended.out
    again = run("verify", tmp_path / "kept")
    assert again.code == 0, again.out


# ------------------------------------------------------------------------------------------------------ what is touched
FLIPS: dict[str, Callable[[int], int]] = {
    "first": lambda _: 0,
    "middle": lambda size: size // 2,
    "last": lambda size: size - 1,
}


@pytest.mark.parametrize("where", FLIPS)
@pytest.mark.parametrize("file", FILES)
def test_a_flipped_byte_is_named(kept: Kept, file: str, where: str) -> None:
    path = kept.runs[0] / file
    data = bytearray(path.read_bytes())
    data[FLIPS[where](len(data))] ^= 1
    path.write_bytes(data)
    kept.differs(f"{kept.runs[0].name}/{file} was changed")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_flipped_bit_is_named(kept: Kept, data: st.DataObject) -> None:
    number = data.draw(st.sampled_from(RUNS))
    files = sorted(one for one in kept.runs[number].rglob("*") if one.is_file())
    path = data.draw(st.sampled_from(files))
    before = path.read_bytes()
    at, bit = data.draw(st.integers(0, len(before) - 1)), data.draw(st.integers(0, 7))
    path.write_bytes(before[:at] + bytes([before[at] ^ (1 << bit)]) + before[at + 1 :])
    try:
        ended = kept.verify("--run", kept.runs[number].name)
        assert ended.code == 2
        assert f"{path.relative_to(kept.path)} was changed" in ended.out
    finally:
        path.write_bytes(before)


@pytest.mark.parametrize("file", FILES)
def test_a_missing_file_is_named(kept: Kept, file: str) -> None:
    (kept.runs[0] / file).unlink()
    kept.differs(f"{kept.runs[0].name}/{file} is missing")


@pytest.mark.parametrize("file", ["new", "live/new.jsonl", "empty/", "link"])
def test_a_file_that_was_put_there_is_named(kept: Kept, file: str) -> None:
    path = kept.runs[1] / file
    if file == "link":
        path.symlink_to(kept.runs[0] / "report.json")
    elif file.endswith("/"):
        path.mkdir()
    else:
        path.write_bytes(b"")
    kept.differs(f"{kept.runs[1].name}/{file.rstrip('/')} is not of this run")


def test_a_link_in_place_of_a_file_is_named(kept: Kept) -> None:
    path = kept.runs[0] / "report.json"
    path.rename(kept.path.parent / "away.json")
    path.symlink_to(kept.path.parent / "away.json")
    kept.differs(f"{kept.runs[0].name}/report.json is no file")


LINES = [one for one in FILES if one != "manifest.json" and not one.startswith("live")]


@pytest.mark.parametrize("how", ["reordered", "cut", "doubled"])
@pytest.mark.parametrize("file", LINES)
def test_lines_in_another_order_are_named(kept: Kept, file: str, how: str) -> None:
    path = kept.runs[0] / file
    lines = path.read_bytes().splitlines(keepends=True)
    at = next(index for index in range(len(lines) - 1) if lines[index] != lines[index + 1])
    if how == "reordered":
        lines[at], lines[at + 1] = lines[at + 1], lines[at]
    elif how == "cut":
        del lines[at]
    else:
        lines.insert(at, lines[at])
    path.write_bytes(b"".join(lines))
    kept.differs(f"{kept.runs[0].name}/{file} was changed")


@pytest.mark.parametrize("how", ["reordered", "cut"])
def test_lines_of_a_recording_in_another_order_are_named(kept: Kept, how: str) -> None:
    path = kept.runs[0] / "live" / "01-retag-database.jsonl.gz"
    lines = gzip.decompress(path.read_bytes()).splitlines(keepends=True)
    if how == "reordered":
        lines[3], lines[4] = lines[4], lines[3]
    else:
        del lines[3]
    path.write_bytes(gzip.compress(b"".join(lines), mtime=0))
    kept.differs("live/01-retag-database.jsonl.gz was changed")


# ------------------------------------------------------------------------------------------------------------- the chain
@pytest.mark.parametrize("number", [0, 1])
def test_a_missing_run_is_told_by_the_one_after_it(kept: Kept, number: int) -> None:
    shutil.rmtree(kept.runs[number])
    kept.differs(f"{kept.runs[number + 1].name}/manifest.json names a run before it", "missing or was changed")


def test_a_run_that_was_signed_anew_breaks_the_chain(kept: Kept) -> None:
    told = kept.manifest(1)
    told["run"]["finished"] = "2020-01-01T00:00:00Z"
    kept.sign(1, told)
    kept.differs(f"{kept.runs[2].name}/manifest.json names a run before it")


def test_a_run_that_was_put_beside_another_is_named(kept: Kept) -> None:
    name = kept.runs[1].name
    copy = kept.path / f"{name[:-1]}{'1' if name.endswith('0') else '0'}"
    shutil.copytree(kept.runs[1], copy)
    found = kept.differs(f"{copy.name}/manifest.json was changed: it is of the run folder")
    told = json.loads((copy / "manifest.json").read_bytes())
    told["run"]["folder"] = copy.name
    told["digest"] = evidence.digest_of(told)
    (copy / "manifest.json").write_bytes(evidence.canonical(told))
    assert "comes after the same run" in kept.differs() != found


def test_what_is_no_run_folder_is_named(kept: Kept) -> None:
    (kept.path / "notes.txt").write_text("mine")
    kept.differs("`notes.txt` is no run folder")


def test_a_manifest_in_another_spelling_is_named(kept: Kept) -> None:
    path = kept.runs[2] / "manifest.json"
    path.write_bytes(json.dumps(kept.manifest(2), indent=1).encode())
    kept.differs(f"{kept.runs[2].name}/manifest.json was changed: it is not spelt as floodline spells it")


@pytest.mark.parametrize("path", ["../../../etc/passwd", "/etc/passwd", "a/b/c", ".hidden"])
def test_a_manifest_that_leads_elsewhere_is_not_followed(kept: Kept, path: str) -> None:
    told = kept.manifest(2)
    told["files"][0]["path"] = path
    kept.sign(2, told)
    kept.differs("it names files that floodline would not write")


# ------------------------------------------------------------------------------------------------- the findings themselves
def test_a_finding_that_was_forged_with_all_its_hashes_is_named(kept: Kept) -> None:
    report = json.loads((kept.runs[2] / "report.json").read_bytes())
    name = report["findings"][0]["id"]
    report["findings"][0]["severity"] = "info"
    kept.forge(2, "report.json", (json.dumps(report, indent=2) + "\n").encode())
    kept.differs(f"{kept.runs[2].name}/report.json: finding {name} differs in severity")


def test_a_finding_that_was_taken_out_with_all_its_hashes_is_named(kept: Kept) -> None:
    report = json.loads((kept.runs[2] / "report.json").read_bytes())
    name = report["findings"].pop(0)["id"]
    report["outcome"] = {"exit_code": 0, "complete": True, "verdict": "equal"}
    kept.forge(2, "report.json", (json.dumps(report, indent=2) + "\n").encode())
    kept.differs(f"finding {name} was not told", "`outcome` was")


def test_a_page_that_was_forged_with_all_its_hashes_is_named(kept: Kept) -> None:
    page = (kept.runs[2] / "report.html").read_bytes()
    kept.forge(2, "report.html", page.replace(b"critical", b"low"))
    kept.differs(f"{kept.runs[2].name}/report.html says something else than what it was made from")


def test_an_answer_that_was_forged_with_all_its_hashes_is_named(kept: Kept) -> None:
    path = kept.runs[2] / "live" / "01-retag-database.jsonl.gz"
    lines = [one for one in gzip.decompress(path.read_bytes()).splitlines(keepends=True) if b"public" not in one]
    kept.forge(2, "live/01-retag-database.jsonl.gz", gzip.compress(b"".join(lines)))
    kept.differs(f"{kept.runs[2].name}/report.json: ")


def test_a_declaration_that_cannot_be_read_is_told(kept: Kept) -> None:
    kept.forge(2, "declared/01-state.json", b"{}")
    kept.differs(f"{kept.runs[2].name} cannot be performed again: ")


def test_another_version_says_so_and_performs_it_all_the_same(made: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verifying, "__version__", "9.9.9")
    ended = made.verify()
    assert ended.code == 0
    assert ended.out.count("made by floodline 0.1.0 with botocore") == 3


def test_a_run_is_performed_at_its_own_time(made: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    class Watched(past.Past):
        def __init__(self, **told: Any) -> None:
            seen.append(told["at"])
            super().__init__(**told)

    monkeypatch.setattr(past, "Past", Watched)
    assert made.verify().code == 0
    started = [made.manifest(number)["run"]["started"] for number in RUNS]
    assert sorted(one.strftime("%Y-%m-%dT%H:%M:%SZ") for one in seen) == sorted(started)


# -------------------------------------------------------------------------------------------------------------- refusals
def test_no_evidence_to_look_at(tmp_path: Path, made: Kept) -> None:
    (tmp_path / "empty").mkdir()
    assert "is no evidence folder" in run("verify", tmp_path / "empty").refused(5)
    assert "cannot read" in run("verify", tmp_path / "missing").refused(5)
    assert "name the folder above" in run("verify", made.runs[0]).refused(5)
    assert "holds no run `x`" in made.verify("--run", "x").refused(5)


REFUSED: dict[str, tuple[Callable[[Path], object], str]] = {
    "something else in it": (
        lambda one: (one / "mine.txt").write_text("x"),
        "holds `mine.txt`, which is no run folder",
    ),
    "a folder without a manifest": (lambda one: (one / "20260101T000000Z_x").mkdir(), "which is no run folder"),
    "a hostile name": (lambda one: (one / "a\x1b[31m\u202e").write_text("x"), r"holds `a\u001b[31m\u202e`"),
}


@pytest.mark.parametrize(("spoil", "words"), REFUSED.values(), ids=REFUSED)
def test_a_folder_of_something_else_is_refused_before_anything_is_read(world, tmp_path, spoil, words) -> None:
    spoil(tmp_path)
    ended = run("check", "--state", "/nowhere", "-o", f"evidence={tmp_path}", env=world.env())
    assert words in ended.refused(64)
    assert sum(world.lab.calls.values()) == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-o", "evidence="], "name a folder"),
        (["-o", "evidence=-"], "name a folder"),
        (["-o", "evidence=a", "-o", "evidence=b"], "more than once"),
        (["-o", "evidence=/nowhere/at/all"], "does not exist"),
        (["-o", "evidence=/dev/null"], "no folder"),
        (["-o", "evidence=x", "--live", "-"], "standard input is gone"),
    ],
)
def test_a_folder_that_cannot_be_written_is_refused(arguments: list[str], words: str) -> None:
    assert words in run("check", "--state", "/nowhere", *arguments).refused(64)


def test_a_broken_chain_is_not_gone_on_with(kept: Kept, world: World) -> None:
    shutil.rmtree(kept.runs[1])
    ended = run("check", "--state", world.state, "--live", world.recorded(), "-o", f"evidence={kept.path}")
    assert "is broken: `floodline verify" in ended.refused(5)


def test_two_runs_do_not_write_at_once(world: World, tmp_path: Path) -> None:
    pytest.importorskip("fcntl")
    opened = evidence._locked(tmp_path)
    assert opened is not None
    try:
        ended = run("check", "--state", world.state, "--live", world.recorded(), "-o", f"evidence={tmp_path}")
        assert "another run is writing" in ended.refused(5)
    finally:
        os.close(opened)


def test_nothing_is_left_of_a_run_that_broke_off(world: World, tmp_path: Path, monkeypatch) -> None:
    arguments = ("check", "--state", world.state, "--live", world.recorded(), "-q", "-o", f"evidence={tmp_path}")

    def full(*_: object) -> object:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(evidence, "rendered", full)
        assert "no space left on device" in run(*arguments).refused(5)
    assert list(tmp_path.iterdir()) == []
    left = tmp_path / ".0123456789abcdef.part"
    left.mkdir()
    (left / "report.json").write_text("{")
    assert run(*arguments).code == 0
    assert len(list(tmp_path.iterdir())) == 1


def test_a_recording_that_changes_meanwhile_is_no_evidence(world: World, tmp_path: Path, monkeypatch) -> None:
    recording = tmp_path / "lake.jsonl.gz"
    shutil.copy(world.recorded(), recording)
    before = evidence.Folder._recordings

    def changed(self, read):
        recording.write_bytes(world.recorded("retag-database").read_bytes())
        return before(self, read)

    monkeypatch.setattr(evidence.Folder, "_recordings", changed)
    ended = run("check", "--state", world.state, "--live", recording, "-q", "-o", f"evidence={tmp_path / 'kept'}")
    assert "changed while it was read" in ended.refused(5)


def test_without_evidence_nothing_is_different(world: World) -> None:
    plain = replay(world.state, world.recorded("retag-database"))
    assert "evidence" not in plain.report["run"]
    assert all("file" not in piece for one in plain.findings for piece in one["evidence"])
    assert plain.report["run"]["arguments"][:2] == ["floodline", "check"]
    assert "verify" in cli.commands or cli.get_command(None, "verify") is not None  # type: ignore[arg-type]


# ------------------------------------------------------------------------------------------------ settings, and the clock
def test_a_waiver_holds_as_it_did_then(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It expired long ago, and its file is gone: what was accepted at the time of the run is accepted again."""
    report = tmp_path / "report.json"
    ended = replay(world.state, world.recorded("retag-database"))
    report.write_text(ended.out)
    home = tmp_path / "home"
    home.mkdir()

    class Then(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return datetime(2020, 1, 10, 12, tzinfo=tz)

    with monkeypatch.context() as patch:
        patch.setattr(inputs, "datetime", Then)
        told = run(
            "waive", ended.findings[0]["id"], "--report", report, "--reason", "r", "--owner", "o", "--author", "a",
            "--approver", "b", "--ticket", "T-1", "--expires", "2020-02-01",
        )  # fmt: skip
        assert told.code == 0, told
        (home / "waivers.toml").write_text(told.out)
        (home / "floodline.toml").write_text("[waivers]\nlongest-days = 90\n")
        kept = tmp_path / "kept"
        arguments = ("--config", home / "floodline.toml", "-o", f"evidence={kept}")
        first = replay(world.state, world.recorded("retag-database"), *arguments)
    assert first.code == 0, first
    assert first.findings[0]["waived"]["expires"] == "2020-02-01"
    (folder,) = kept.iterdir()
    assert sorted(one.name for one in (folder / "settings").iterdir()) == ["01-floodline.toml", "02-waivers.toml"]
    shutil.rmtree(home)
    assert run("verify", kept).code == 0
    assert replay(world.state, world.recorded("retag-database")).code == 3


@pytest.mark.parametrize("live", [True, False])
def test_a_gate_is_kept_and_performed_again(world: World, tmp_path: Path, live: bool) -> None:
    kind = "aws:lakeformation/permissions:Permissions"
    state = json.loads(world.state.read_bytes())["checkpoint"]["latest"]["resources"]
    like = next(one for one in state if one["type"] == kind)
    table = next(one for one in state if one["type"] == "aws:glue/catalogTable:CatalogTable")["inputs"]
    inputs = {"principal": MARKETING, "permissions": ["SELECT"], "table": {
        "databaseName": table["databaseName"], "name": table["name"]}}  # fmt: skip
    new = {**like, "urn": f"{like['urn']}-new", "inputs": inputs, "outputs": {}}
    preview = tmp_path / "preview.json"
    preview.write_text(json.dumps({"steps": [{"op": "create", "urn": new["urn"], "newState": new}],
                                   "config": {"floodline:password": SECRET}}))  # fmt: skip
    given = ("--live", world.recorded()) if live else ()
    kept = tmp_path / "kept"
    ended = run("gate", "--preview", preview, "--state", world.state, *given, "-o", f"evidence={kept}", "-o", "json=-")
    assert ended.code == 3, ended
    assert ended.report["run"]["command"] == "gate"
    files = {piece.get("file") for one in ended.findings for piece in one["evidence"] if piece["source"] == "declared"}
    assert "declared/02-preview.json" in files
    (folder,) = kept.iterdir()
    assert SECRET.encode() not in (folder / "declared" / "02-preview.json").read_bytes()
    again = run("verify", kept)
    assert again.code == 0, again
    (folder / "declared" / "01-state.json").write_bytes(b"{}")
    assert run("verify", kept).code == 2


def test_an_external_id_is_kept_nowhere(world: World, tmp_path: Path) -> None:
    auditor = "arn:aws:iam::111122223333:role/lake-auditor"
    world.lab.role(auditor, external_id="sesame")
    config = tmp_path / "floodline.toml"
    config.write_text('external-id = "sesame"\n')
    kept = tmp_path / "kept"
    try:
        ended = world.check("--role-arn", auditor, "--config", config, "-o", f"evidence={kept}")
    finally:
        world.lab._trusts.clear()
    assert ended.code == 0, ended
    assert "sesame" not in ended.out
    for one in kept.rglob("*"):
        if one.is_file():
            data = one.read_bytes()
            assert b"sesame" not in (_unpacked(data) if one.suffix == ".zst" else data), one
    (folder,) = kept.iterdir()
    assert json.loads((folder / "manifest.json").read_bytes())["options"]["external-id"] == "[redacted]"
    assert run("verify", kept).code == 0


def test_a_configuration_nearby_is_not_taken_for_that_of_then(made: Kept, tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "floodline.toml").write_text('fail-on = "none"\naccount = "444455556666"\n')
    monkeypatch.chdir(tmp_path)
    assert made.verify().code == 0
