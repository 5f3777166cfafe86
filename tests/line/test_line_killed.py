"""A reading that is killed, again and again, is one reading at the end."""

from __future__ import annotations

import fcntl
import io
import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from line_world import ROOT, World, judged, replay, run

from checks.live import recording
from checks.live.answer import Answer, Cut

if TYPE_CHECKING:
    import pytest

KILLS = 10
WHO = "GetCallerIdentity"


def pages(part: Path) -> list[str]:
    """What is in a journal, as the calls that gave it; it is readable, and at worst its end is cut."""
    try:
        _, found = recording.read(io.BytesIO(part.read_bytes()), part.name)
    except recording.RecordingError:
        assert part.stat().st_size < 300, "only the first line may be cut"
        return []
    answers = list(found)
    assert not [one for one in answers[:-1] if isinstance(one, Cut)]
    return [spelt(one.operation, dict(one.request)) for one in answers if isinstance(one, Answer)]


def spelt(operation: str, request: dict[str, Any]) -> str:
    return f"{operation} {json.dumps(request, sort_keys=True)}"


def without_times(path: Path) -> list[dict[str, Any]]:
    """The answers of a recording, but for when they came and by which session they were asked."""
    found = [json.loads(line) for line in path.read_bytes().splitlines()[1:]]
    return [{**one, "at": ""} for one in found if one["operation"] != WHO]


class Assassin:
    """Counts the lab's requests, and kills the reader at one of them: before it is answered, or a moment after."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[str] = []
        self.victim: subprocess.Popen[bytes] | None = None
        self.left = 0
        before = world.lab._before

        def counted(request: Any) -> Any:
            body = json.loads(request.body) if request.body.startswith(b"{") else {}
            self.asked.append(spelt(request.action, body))
            self.left -= 1
            if self.victim is not None and self.left == 0:
                os.kill(self.victim.pid, signal.SIGKILL)
            return before(request)

        monkeypatch.setattr(world.lab, "_before", counted)


def test_killed_at_ten_moments_it_reads_every_page_once(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    whole = tmp_path / "whole.jsonl"
    assassin = Assassin(world, monkeypatch)
    assert run("collect", "-q", "-o", whole, env=world.env()).code == 0
    total = len(assassin.asked)
    assert total > 5 * KILLS

    target, chance = tmp_path / "lake.jsonl", random.Random(20261123)
    part = target.with_name(target.name + ".part")
    broken = 0
    for number in range(KILLS):
        kept = pages(part) if part.exists() else []
        assassin.asked.clear()
        assassin.left = chance.randint(2, total // KILLS)
        with subprocess.Popen(
            [sys.executable, "-c", "from floodline.cli import main; main()", "collect", "-q", "-o", target],
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **world.env()},
        ) as assassin.victim:
            code = assassin.victim.wait(timeout=60)
        assassin.victim = None
        assert code == -signal.SIGKILL, number
        assert not target.exists(), "the recording appears when it is whole"
        again = [one for one in assassin.asked if one in kept and not one.startswith(twice())]
        assert again == []
        after = pages(part)
        assert after[: len(kept)] == kept, "what was read stays"
        broken += len([one for one in assassin.asked if one not in after])
        if after:
            looked = run("check", "--state", world.state, "--live", part, "-o", "json=-")
            assert looked.code in {2, 3, 4}
            assert looked.complete is False
    assert broken, "some calls were on their way when it was killed"

    kept = pages(part)
    assassin.asked.clear()
    ended = run("collect", "-o", target, env=world.env())
    assert ended.code == 0
    assert ended.err.startswith("going on: ")
    assert not [one for one in assassin.asked if one in kept and not one.startswith(twice())]
    assert not part.exists()
    assert without_times(target) == without_times(whole)
    assert judged(replay(world.state, target)) == judged(replay(world.state, whole))


def twice() -> tuple[str, ...]:
    """What is asked more than once by design: who is asking, and what is read before and after the grants."""
    return (WHO, "GetDataLakeSettings", "ListLFTags ")


def test_an_earlier_run_is_forgotten_on_request(world: World, tmp_path: Path):
    target = tmp_path / "lake.jsonl"
    part = target.with_name(target.name + ".part")
    part.write_bytes(b"not a reading")
    assert "`--fresh` begins anew" in run("collect", "-o", target, env=world.env()).refused(5)
    assert part.read_bytes() == b"not a reading"
    ended = run("collect", "--fresh", "-o", target, env=world.env())
    assert (ended.code, part.exists()) == (0, False)


def test_another_region_does_not_go_on_with_it(world: World, tmp_path: Path):
    target = tmp_path / "lake.jsonl"
    part = target.with_name(target.name + ".part")
    world.lab.deny("glue:GetTables")
    stop(world, target)
    kept = part.read_bytes()
    line = run("collect", "-o", target, "--region", "eu-west-1", env=world.env()).refused(5)
    assert "is of us-east-1" in line
    assert part.read_bytes() == kept


def stop(world: World, target: Path) -> None:
    """Read until the credentials run out."""
    world.lab.throttle("glue:GetDatabases", 1, "ExpiredTokenException")
    line = run("collect", "-o", target, env=world.env()).refused(5)
    assert "renew them" in line
    assert f"`{target.name}.part` keeps what was read" in line


def test_credentials_that_run_out_leave_what_was_read(world: World, tmp_path: Path):
    target = tmp_path / "lake.jsonl"
    stop(world, target)
    world.lab.calls.clear()
    ended = run("collect", "-o", target, env=world.env())
    assert ended.code == 0
    assert world.lab.calls["lakeformation:GetDataLakeSettings"] == 1, "the second of two"
    assert "answers were there already" in ended.err
    assert judged(replay(world.state, target)) == judged(world.check())


def test_two_readers_of_one_file_are_one_too_many(world: World, tmp_path: Path):
    target = tmp_path / "lake.jsonl"
    part = target.with_name(target.name + ".part")
    with part.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert "another run" in run("collect", "-o", target, env=world.env()).refused(5)
    assert run("collect", "-o", target, env=world.env()).code == 0


def test_a_check_keeps_its_recording_on_request(world: World, tmp_path: Path):
    world.play("retag-database")
    target = tmp_path / "lake.jsonl.zst"
    ended = world.check("--record", target)
    assert ended.code == 3
    assert judged(replay(world.state, target)) == judged(ended)
    assert "--live" in world.check("--record", target, "--live", target).refused(64)
    assert "cannot write" in world.check("--record", tmp_path / "no" / "lake.jsonl").refused(64)


def test_a_row_that_a_listing_left_out_is_asked_for_before_it_is_called_lost(world: World, tmp_path: Path):
    """Every sweep drops the grants of one table; asked about that table alone, AWS shows them."""
    operations = world.lab.lake().operations
    whole = operations["ListPermissions"]

    def forgetful(request: Any, caller: Any) -> Any:
        answer = whole(request, caller)
        if "Resource" in request:
            return answer
        found = json.loads(answer.text) if hasattr(answer, "text") else answer
        member = "PrincipalResourcePermissions"
        return {**found, member: [one for one in found[member] if "keystroke_sessions" not in json.dumps(one)]}

    target = tmp_path / "lake.jsonl"
    operations["ListPermissions"] = forgetful
    ended = world.check("--record", target)
    collected = tmp_path / "collected.jsonl"
    assert run("collect", "-q", "-o", collected, env=world.env()).code == 0
    lost = [one for one in replay(world.state, collected).findings if one["verdict"] == "narrowed"]
    assert lost, "who only reads the sweeps is taken in"
    assert not [one for one in ended.findings if one["verdict"] == "narrowed"]
    assert ended.code != 0, "sweeps that leave out rows are no complete view"
    assert judged(replay(world.state, target)) == judged(ended)
