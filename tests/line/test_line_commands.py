"""The other commands: what they print is useful, and true."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from line_world import AUDITOR, MARKETING, ROOT, World, run, run_apart

from checks import rules
from checks.drift import KINDS
from checks.live.collectors import ENTRIES, allowed
from checks.waivers import KINDS as WAIVERS
from lab import incidents

TABLE = "telemetry_raw.private_messages"


# ------------------------------------------------------------------------------------------------------------- explain
def explained(world: World, name: str, *arguments: str) -> str:
    ended = run("explain", *arguments, "--state", world.state, "--live", world.recorded(name))
    assert (ended.code, ended.err) == (0, "")
    return ended.out


def test_explain_says_through_what_somebody_reads(world: World):
    before = explained(world, "untouched", "role/marketing", TABLE)
    near = "  not through tables tagged sensitivity = public: sensitivity = restricted of its database telemetry_raw"
    declared, missed, live, also = before.splitlines()[2:]
    assert (declared, live, also) == ("declared: no way", "live: no way", near)
    assert missed.startswith(near + ", __main__.py#")
    after = explained(world, "retag-database", "role/marketing", TABLE)
    assert after.startswith(f"role/marketing on {TABLE} (111122223333/us-east-1)\n")
    assert "live:\n  SELECT through tables tagged sensitivity = public (sensitivity = public of its database" in after
    assert "; set by role/" in after
    assert "live only: 1 way" in after


def test_explain_speaks_of_one_column(world: World):
    whole = explained(world, "untouched", "role/ml-engineer", "telemetry_curated.keystroke_sessions")
    assert "every column but employee_id, typed_text" in whole
    hidden = explained(world, "untouched", "role/ml-engineer", "telemetry_curated.keystroke_sessions.typed_text")
    assert "no way" in hidden
    opened = explained(
        world, "dropped-excluded-column", "role/ml-engineer", "telemetry_curated.keystroke_sessions.typed_text"
    )
    assert "declared: no way\n  not through telemetry_curated.keystroke_sessions (every column but " in opened
    assert "typed_text): not this column\n" in opened
    assert "\nlive:\n  SELECT through telemetry_curated.keystroke_sessions (every column but employee_id)  [" in opened


def test_explain_reads_aws_too(world: World):
    world.play("retag-database")
    ended = run("explain", MARKETING, TABLE, "--state", world.state, env=world.env())
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == explained(world, "retag-database", MARKETING, TABLE)


def test_explain_names_what_it_has_not_seen(world: World):
    world.lab.deny("lakeformation:ListPermissions", AUDITOR)
    ended = run("explain", "role/marketing", TABLE, "--state", world.state, env=world.env())
    assert (ended.code, ended.err) == (0, "")
    assert "\nlive: no way that was seen\n  not seen: lakeformation:ListPermissions: refused with " in ended.out


def test_explain_of_nobody_and_of_nowhere(world: World, tmp_path):
    sources = ("--state", world.state, "--live", world.recorded())
    assert "`nobody`" in run("explain", "nobody", TABLE, *sources).refused(5)
    assert run("explain", "marketting", TABLE, *sources).refused(5).endswith("; there is `marketing`, `role/marketing`")
    near = "note: it holds no grant and is no admin on either side; there is `role/marketing`\n"
    assert run("explain", "role/marketting", TABLE, *sources).out.endswith(near)
    mistyped = run("explain", "role/marketing", "telemetry_raw.private_mesages", *sources).refused(5)
    assert mistyped.startswith("floodline: no table `telemetry_raw.private_mesages` is declared or live; there is ")
    assert f"`{TABLE}`" in mistyped
    elsewhere = run("explain", "role/marketing", "telemetry_curated.private_messages", *sources).refused(5)
    assert elsewhere.endswith(f"; there is `{TABLE}`")
    column = run("explain", "role/marketing", f"{TABLE}.bodi", *sources).refused(5)
    assert column == f"floodline: `{TABLE}` has no column `bodi`, declared or live; there is `body`"
    assert "database.table" in run("explain", "role/marketing", "telemetry_raw", *sources).refused(64)
    assert "`--state FILE`" in run("explain", "role/marketing", TABLE).refused(64)
    homeless = tmp_path / "state.json"
    urn = "urn:pulumi:dev::lake::aws:lakeformation/permissions:Permissions::reader"
    kind = urn.split("::")[2]
    inputs = {"principal": "role", "permissions": ["SELECT"], "table": {"databaseName": "d", "name": "t"}}
    resources = [{"urn": urn, "type": kind, "custom": True, "inputs": inputs}]
    homeless.write_text(json.dumps({"version": 3, "deployment": {"resources": resources}}), encoding="utf-8")
    empty = tmp_path / "lake.jsonl"
    empty.write_text('{"floodline_recording": 1}\n', encoding="utf-8")
    assert "--account" in run("explain", "role/x", "d.t", "--state", homeless, "--live", empty).refused(5)
    assert "--account" in run("check", "--state", homeless, "--live", empty).refused(5)


def codes() -> list[str]:
    return [*KINDS, *WAIVERS, *(one.id for one in rules.discover())]


@pytest.mark.parametrize("code", codes())
def test_explain_knows_every_code(code: str):
    ended = run("explain", code.lower())
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith(f"{code} ")
    assert "\nfix: " in ended.out
    assert "\nsource: https://" in ended.out or "\nsource: " in ended.out


# ------------------------------------------------------------------------------------------------- rules, schema, policy
def test_rules_lists_every_code_once(world: World):
    listed = json.loads(run("rules", "--json").out)
    assert sorted(one["id"] for one in listed) == sorted(codes())
    assert all(one["what"] and one["fix"] and one["source"] and one["severity"] for one in listed)
    text = run("rules").out
    assert [line.split()[0] for line in text.splitlines() if line.startswith("FL")] == [one["id"] for one in listed]
    found = {one["rule"] for name in ("retag-database", "new-admin") for one in world.replayed(name).findings}
    assert found <= {one["id"] for one in listed}


def test_the_schema_is_one_and_a_report_with_a_hole_fails_it(world: World):
    ended = run("schema")
    schema = json.loads(ended.out)
    assert (ended.code, ended.err) == (0, "")
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    report = world.replayed("retag-database").report
    validator.validate(report)
    for member in ("run", "outcome", "summary", "findings", "ledger"):
        assert not validator.is_valid({key: value for key, value in report.items() if key != member})
    worse = json.loads(json.dumps(report))
    worse["findings"][0]["verdict"] = "fine"
    assert not validator.is_valid(worse)


def test_the_policy_allows_what_is_called_and_nothing_else(world: World):
    ended = run("iam-policy")
    assert ended.code == 0
    read, never = json.loads(ended.out)["Statement"]
    assert (read["Effect"], never["Effect"]) == ("Allow", "Deny")
    assert set(read["Action"]) == {f"{service}:{operation}" for service, operation in allowed()}
    assert "lakeformation:GetDataAccess" in never["Action"]
    world.lab.calls.clear()
    world.check()
    assert set(world.lab.calls) <= set(read["Action"])
    assert "read_only_admins" in ended.err


def test_the_policy_of_a_hub_names_what_leads_to_other_accounts():
    statements = json.loads(run("iam-policy", "--hub", "path/audit").out)["Statement"]
    assert statements[:2] == json.loads(run("iam-policy").out)["Statement"]
    enter, listing = statements[2:]
    assert (enter["Action"], enter["Resource"]) == ("sts:AssumeRole", "arn:*:iam::*:role/path/audit")
    named = {enter["Action"], *listing["Action"]}
    assert named == {f"{service}:{operation}" for service, operation in ENTRIES}
    denied = statements[1]["Action"]
    assert not [one for one in named if any(fnmatchcase(one, pattern) for pattern in denied)]
    assert "no role's name" in run("iam-policy", "--hub", "*").refused(64)


# -------------------------------------------------------------------------------------------------------------- doctor
def test_doctor_is_content_with_an_auditor(world: World):
    ended = run("doctor", env=world.env())
    assert ended.code == 0
    assert "is read-only admin" in ended.out
    assert "everything that decides access can be read" in ended.out
    assert "MISSING" not in ended.out


def test_doctor_says_what_a_caller_lacks(world: World):
    ended = run("doctor", env=world.env(MARKETING))
    assert ended.code == 5
    assert "is no admin" in ended.out
    assert f'read_only_admins=["{MARKETING}"]' in ended.out
    assert "assumed-role/marketing/floodline is no admin" in ended.out
    assert "`floodline iam-policy`" in ended.out


def test_doctor_names_every_refused_call(world: World):
    for call in ("glue:GetTables", "lakeformation:ListResources"):
        world.lab.deny(call, AUDITOR)
    ended = run("doctor", env=world.env())
    assert ended.code == 5
    missing = [line.split()[1] for line in ended.out.splitlines() if line.lstrip().startswith("MISSING")]
    assert "glue:GetTables" in missing
    assert "lakeformation:ListResources" in missing
    assert "lakeformation:ListPermissions" not in missing


def test_doctor_without_credentials(tmp_path):
    bare = {"HOME": str(tmp_path), "AWS_EC2_METADATA_DISABLED": "true"}
    assert "no region" in run_apart("doctor", env=bare).out
    ended = run_apart("doctor", "--region", "us-east-1", env=bare)
    assert (ended.code, ended.err) == (5, "")
    assert "no usable AWS credentials" in ended.out


# ------------------------------------------------------------------------------------------------------ collect and help
def test_collect_says_what_it_wrote(world: World, tmp_path):
    target = tmp_path / "lake.jsonl"
    ended = run("collect", "-o", target, env=world.env())
    lines = target.read_bytes().splitlines()
    assert (ended.code, ended.out) == (0, "")
    written, cost, most = ended.err.splitlines()
    assert written == f"written: {target} ({len(lines) - 1} answers)"
    assert cost.startswith(f"cost: {sum(world.lab.calls.values())} calls in ")
    assert most.startswith("most: ")
    header = json.loads(lines[0])
    assert header["floodline_recording"] == 1
    assert {*header} == {"floodline_recording", "started", "tool", "botocore"}
    for line in lines[1:]:
        answer: dict[str, Any] = json.loads(line)
        assert {*answer} - {"response", "error"} == {"account", "region", "service", "operation", "request", "at"}
        assert ("response" in answer) != ("error" in answer)
        assert "ResponseMetadata" not in answer.get("response", {})
    assert [one.name for one in tmp_path.iterdir()] == [target.name]


def test_collect_reads_only(world: World, tmp_path):
    run("collect", "-o", tmp_path / "lake.jsonl", env=world.env())
    assert world.lab.calls.keys() <= {f"{service}:{operation}" for service, operation in allowed()}


def test_help_is_quick_to_import():
    """What makes ``--help`` slow is never imported by it."""
    program = (
        "import sys; from floodline.cli import main\ntry: main(['--help'])\nexcept SystemExit: print(*sys.modules)"
    )
    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env={"PYTHONPATH": str(ROOT)}
    ).stdout
    assert told.startswith("Usage: ")
    heavy = {"boto3", "botocore", "rich", "jinja2", "msgspec", "moto", "pulumi", "zstandard", "checks", "reports"}
    assert not heavy & set(told.split())


@pytest.mark.parametrize(
    "command", ["check", "collect", "explain", "rules", "schema", "iam-policy", "doctor", "demo", "lab"]
)
def test_every_command_has_help(command: str):
    listed = run("--help").out
    assert f"\n  {command} " in listed
    ended = run(command, "--help")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith(f"Usage: floodline {command} ")
    assert max(map(len, ended.out.splitlines())) <= 80


# ----------------------------------------------------------------------------------------------------------------- lab
def test_the_lab_lists_its_incidents():
    lines = run("lab", "incidents").out.splitlines()
    assert [(line.split()[0], int(line.split()[1])) for line in lines] == [
        (one.name, one.exit_code) for one in incidents.all()
    ]


def test_an_incident_needs_a_lab(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "`floodline lab up`" in run("lab", "incident", "new-admin").refused(5)


def test_a_lab_in_a_shell_of_its_own(tmp_path):
    """As the README says it: a lab, an incident from another shell, and a check that sees it."""
    lab = subprocess.Popen(
        [sys.executable, "-c", "from floodline.cli import main; main()", "lab", "up", "--state", "state.json.gz"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert lab.stdout is not None
        env: dict[str, str] = {}
        while "AWS_SESSION_TOKEN" not in env:
            line = lab.stdout.readline()
            assert line, lab.communicate()
            name, _, value = shlex.split(line.removeprefix("export "))[0].partition("=")
            env[name] = value
        note = tmp_path / ".lab" / "lab.json"
        assert json.loads(note.read_text("utf-8"))["endpoint"] == env["AWS_ENDPOINT_URL"]
        check = ("check", "-q", "--state", tmp_path / "state.json.gz", "-o", "json=-")
        assert run(*check, env=env).code == 0
        played = run_apart("lab", "incident", "new-admin", env={}, cwd=tmp_path)
        assert played.code == 0, played.err
        assert "a check should now end with 3" in played.err
        assert run(*check, env=env).code == 3
        lab.send_signal(signal.SIGTERM)
        _, errors = lab.communicate(timeout=30)
        assert lab.returncode == 0, errors
        assert errors.endswith("lab stopped\n")
        assert not note.exists()
    finally:
        lab.kill()
        lab.communicate()


def test_the_demo_shows_a_mishap(tmp_path):
    """The whole line in one command, as ``make demo`` calls it, but small."""
    ended = run_apart("demo", "--tables", "12", env={"HOME": str(tmp_path)}, cwd=tmp_path)
    assert ended.code == 0, ended.err
    assert ended.out == f"report: {Path('out') / 'report.html'}\n"
    quiet, found = ended.err.index("EQUAL: "), ended.err.index("WIDENED: ")
    assert quiet < found
    assert "role/" in ended.err[found:].splitlines()[0]
    out = tmp_path / "out"
    assert {one.name for one in out.iterdir()} == {
        "state.json",
        "before.jsonl.gz",
        "after.jsonl.gz",
        "report.html",
        "report.json",
    }
    again = run("check", "--state", out / "state.json", "--live", out / "after.jsonl.gz", "-o", "json=-")
    told = json.loads((out / "report.json").read_text("utf-8"))
    assert again.code == told["outcome"]["exit_code"] == 3
    assert again.findings == told["findings"]
