"""After every incident the check ends as the incident says, in numbers, words and a witness; before it, quietly."""

from __future__ import annotations

import io

import pytest
from line_world import UNTOUCHED, World, judged, replay, run, run_apart

from checks.live import recording
from checks.live.answer import Answer
from lab import incidents
from lab.incidents import Incident

IDENTITY_CENTER = "DescribeLakeFormationIdentityCenterConfiguration"
ALL = [pytest.param(one, id=one.name) for one in incidents.all()]


def test_there_are_incidents_of_every_kind():
    """What the tests below go through is not little by accident."""
    codes = [one.exit_code for one in incidents.all()]
    assert len(codes) >= 8
    assert {0, 2, 3} <= set(codes)
    assert {one.expect for one in incidents.all()} >= {"widened", "narrowed", "equal"}


def test_the_untouched_lake_is_equal(world: World):
    ended = replay(world.state, world.recorded())
    report = ended.report
    assert ended.code == 0
    assert report["outcome"] == {"exit_code": 0, "complete": True, "verdict": "equal"}
    assert report["findings"] == []
    assert report["summary"]["equal"] > 50
    assert all(row["complete"] for row in report["ledger"])
    assert report["run"]["caller"]["read_only_admin"] is True
    assert ended.err.startswith("EQUAL: ")


@pytest.mark.parametrize("incident", ALL)
def test_an_incident_ends_as_it_says(incident: Incident, world: World):
    ended = replay(world.state, world.recorded(incident.name))
    report = ended.report
    assert ended.code == report["outcome"]["exit_code"] == incident.exit_code
    assert report["outcome"]["complete"] is True
    standing = [one for one in report["findings"] if one["severity"] != "info"]
    verdicts = {one["verdict"] for one in standing}
    # One mishap may need several findings, but never of several kinds, and none twice.
    assert len({one["cause"]["kind"] for one in standing}) <= 1
    assert len({one["id"] for one in report["findings"]}) == len(report["findings"])
    match incident.expect:
        case "widened":
            assert report["outcome"]["verdict"] == "widened"
            assert ended.err.startswith("WIDENED: ")
            wide = [one for one in standing if one["verdict"] == "widened" or one["exposure"]]
            assert wide
            assert all(one["cause"]["kind"] and one["cause"]["what"] for one in wide)
            assert any(one["witness"] for one in wide)
        case "narrowed":
            assert report["outcome"]["verdict"] == "narrowed"
            assert verdicts == {"narrowed"}
            assert ended.err.startswith("DRIFTED: ")
        case "equal":
            assert report["outcome"]["verdict"] == "equal"
            assert standing == []
        case "latent":
            assert verdicts == {"latent"}
            assert report["summary"]["latent"] >= 1
            assert report["summary"]["widened"] == 0


@pytest.mark.parametrize(
    "name",
    ["retag-database", "dropped-override", "loosened-filter", "new-column", "location-hybrid", "outside-engines"],
)
def test_what_opens_much_is_one_finding(name: str, world: World):
    """One object moved: one finding with a reach, not one for each grant that it opens."""
    (found,) = replay(world.state, world.recorded(name)).findings
    assert found["cause"]["kind"] != "grant"
    assert found["subject"]["kind"] != "grant"
    assert found["reach"]["tables"] >= 1


def test_a_retagged_database_tells_who_and_what(world: World):
    (found,) = replay(world.state, world.recorded("retag-database")).findings
    assert (found["verdict"], found["subject"]["kind"], found["cause"]["kind"]) == ("widened", "tag", "tag")
    assert found["subject"]["resource"]["database"] == "telemetry_raw"
    assert found["reach"]["tables"] > 1
    witness = found["witness"]
    assert witness["permission"] == "SELECT"
    assert witness["database"] == "telemetry_raw"
    assert witness["principal"].startswith("arn:aws:iam::111122223333:role/")
    assert found["fix"]["revoke"]
    assert all(place["source"] in {"live", "declared"} for place in found["evidence"])


@pytest.mark.parametrize("name", [UNTOUCHED, "retag-database", "revoked-grant", "unused-value"])
def test_a_process_of_its_own_says_the_same(name: str, world: World):
    """The real command: its exit code, and nothing but JSON on stdout."""
    recorded = world.recorded(name)
    arguments = ("check", "--state", world.state, "--live", recorded, "-o", "json=-")
    ended = run_apart(*arguments, env={})
    assert judged(ended) == judged(run(*arguments))
    assert ended.code == ended.report["outcome"]["exit_code"]
    assert ended.code == (0 if name == UNTOUCHED else incidents.get(name).exit_code)


@pytest.mark.parametrize("name", [UNTOUCHED, "retag-database", "loosened-filter", "removed-grant-option"])
def test_the_lake_and_its_recording_give_the_same_bytes(name: str, world: World):
    recorded = world.recorded(name)
    world.play(name)
    over_http = world.check()
    assert world.lab.calls["lakeformation:ListPermissions"] > 1
    replayed = replay(world.state, recorded)
    assert judged(over_http) == judged(replayed)
    assert over_http.code == replayed.code
    assert {one["kind"] for one in over_http.report["run"]["live_sources"]} == {"aws"}
    assert {one["kind"] for one in replayed.report["run"]["live_sources"]} == {"recording"}


def test_a_check_twice_gives_the_same_bytes(world: World):
    recorded = world.recorded("retag-database")
    assert judged(replay(world.state, recorded)) == judged(replay(world.state, recorded))


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
def test_recordings_and_states_may_come_packed_or_by_stdin(suffix: str, world: World, tmp_path):
    target = tmp_path / f"lake.jsonl{suffix}"
    world.play("grant-option")
    assert run("collect", "-q", "-o", target, env=world.env()).err == ""
    plain = replay(world.state, target)
    assert plain.code == 3
    piped = run("check", "--state", world.state, "--live", "-", "-o", "json=-", stdin=target.read_bytes())
    assert judged(piped) == judged(plain)
    declared = run("check", "--state", "-", "--live", target, "-o", "json=-", stdin=world.state.read_bytes())
    # Evidence names the document: that is where they differ.
    assert declared.code == 3
    assert [one["id"] for one in declared.findings] == [one["id"] for one in plain.findings]


def test_what_collect_wrote_is_a_recording_of_version_1(world: World):
    header, answers = recording.read(io.BytesIO(world.recorded().read_bytes()), "lake")
    assert header.tool.startswith("floodline ")
    found = list(answers)
    assert {getattr(one, "account", None) for one in found} == {"111122223333"}
    refused = {one.operation: one.error.code for one in found if isinstance(one, Answer) and one.error}
    assert refused == {IDENTITY_CENTER: "EntityNotFoundException", "GetResourcePolicy": "EntityNotFoundException"}


def test_a_lake_is_its_region(world: World):
    recorded = world.recorded()
    ended = run("check", "--state", world.state, "--live", recorded, "--region", "eu-central-1", "-o", "json=-")
    assert "eu-central-1" in ended.refused(5)


def test_a_declared_lake_that_was_not_read_is_never_equal(world: World, tmp_path):
    elsewhere = tmp_path / "elsewhere.jsonl"
    elsewhere.write_bytes(world.lines().replace(b'"region":"us-east-1"', b'"region":"eu-central-1"'))
    ended = replay(world.state, elsewhere)
    assert ended.code == 2  # a lake that nobody declares, beside one that nobody read
    assert ended.complete is False
    assert "was not read" in ended.err
