"""SARIF: what the official schema and validator say, and what GitHub makes of it."""

import json
import os
import subprocess
from dataclasses import replace
from functools import cache
from pathlib import Path

import jsonschema
import pytest
from report_samples import CHECKED, GAP, TYPICAL, WAIVED, crowd, deployment, finding, nasty, run
from sarif_pydantic import Sarif

from checks.model import Evidence, Severity, Side, SourceInfo
from checks.spelling import waiver_words
from reports.formats import sarif

KEPT = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "floodline" / "npm" / "node_modules"
"""Where `.ci/sarif` keeps the official validator."""


@cache
def official() -> tuple[Path, Path]:
    """Return the official validator and schema; skip where they are not installed, except in CI."""
    found = sorted(KEPT.glob("@microsoft/sarif-multitool-*/sarif-2.1.0.json"))
    if not found:
        if os.environ.get("CI") == "true":
            pytest.fail("the official SARIF validator is missing: `.ci/sarif` installs it")
        pytest.skip("the official SARIF validator is not installed; `.ci/sarif` does that where there is npm")
    return found[0].with_name("Sarif.Multitool"), found[0]


def log(report):
    return json.loads(sarif.render(report))


def only(report):
    (one,) = log(report)["runs"]
    return one


# --------------------------------------------------------------------------------------------------------- validators
@pytest.mark.parametrize("which", CHECKED)
def test_sarif_fits_the_official_schema(which: str) -> None:
    schema = json.loads(official()[1].read_text("utf-8"))
    validator = jsonschema.validators.validator_for(schema)(schema, format_checker=jsonschema.FormatChecker())
    assert [error.message for error in validator.iter_errors(log(CHECKED[which]))] == []


def test_sarif_satisfies_the_official_validator_and_githubs_rules(tmp_path: Path) -> None:
    for which, report in CHECKED.items():
        (tmp_path / f"{which}.sarif").write_text(sarif.render(report), "utf-8")
    (tmp_path / "wrong.sarif").write_text(sarif.render(TYPICAL).replace('"startLine":66', '"startLine":0'), "utf-8")
    told = validated(tmp_path)
    assert told.pop("wrong"), "a mistake is noticed"
    bare = {"SARIF2005"}  # the tool has no page on the web, and the nasty report a version that is no version
    assert {which: set(rules) - bare for which, rules in told.items()} == {which: set() for which in CHECKED}


def validated(folder: Path) -> dict[str, list[str]]:
    """Return the rules that the validator says each log breaks, those of GitHub included."""
    told = {file.stem: [] for file in folder.glob("*.sarif")}
    for kind in ("Sarif", "Gh"):
        output = folder / f"{kind}.out"
        command = [*map(str, (official()[0], "validate", folder / "*.sarif", "--output", output, "--rule-kind", kind))]
        environment = os.environ | {"DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        assert output.is_file(), done.stdout + done.stderr
        for one in json.loads(output.read_text("utf-8-sig"))["runs"]:
            for result in one.get("results", []):
                uri = result["locations"][0]["physicalLocation"]["artifactLocation"]
                index = uri.get("index")
                name = uri.get("uri") or one["artifacts"][index]["location"]["uri"]
                told[Path(name).stem].append(result["ruleId"])
    return told


@pytest.mark.parametrize("which", CHECKED)
def test_sarif_is_read_by_a_library(which: str) -> None:
    read = Sarif.model_validate_json(sarif.render(CHECKED[which]))
    assert len(read.runs[0].results or []) == len(CHECKED[which].findings)


# ------------------------------------------------------------------------------------------------------------ contents
def test_a_result_stands_at_the_line_of_the_program() -> None:
    results = only(TYPICAL)["results"]
    places = [one["locations"][0]["physicalLocation"] for one in results]
    assert places[0] == {"artifactLocation": {"uri": "__main__.py"}, "region": {"startLine": 66}}
    assert places[1] == {"artifactLocation": {"uri": "Pulumi.yaml"}, "region": {"startLine": 1}}
    named = results[0]["locations"][0]["logicalLocations"][0]["fullyQualifiedName"]
    assert named == "111122223333/us-east-1/telemetry_raw.private_messages (columns message_id, sent_at)"


@pytest.mark.parametrize(
    ("position", "uri", "line"),
    [
        ("./infra/la ke.py#7", "infra/la%20ke.py", 7),
        ("x.ts", "x.ts", 1),
        ("../../etc/passwd#3", "Pulumi.yaml", 1),
        ("/root.py#3", "Pulumi.yaml", 1),
        ("a//b#3", "Pulumi.yaml", 1),
        ("https://x#3", "Pulumi.yaml", 1),
        ("a\\b#3", "Pulumi.yaml", 1),
        ("a\nb#3", "Pulumi.yaml", 1),
        ("c:x#3", "c%3Ax", 3),
        ("x.py#0", "x.py%230", 1),
        ("x.py#²", "x.py%23%C2%B2", 1),
    ],
)
def test_a_place_stays_inside_the_repository(position: str, uri: str, line: int) -> None:
    at = Evidence(Side.DECLARED, None, "/deployment", position=position)
    place = only(replace(TYPICAL, findings=(finding(evidence=(at,)),)))["results"][0]["locations"][0][
        "physicalLocation"
    ]
    assert (place["artifactLocation"]["uri"], place["region"]["startLine"]) == (uri, line)


def test_the_fingerprint_is_the_findings_own() -> None:
    moved = finding(evidence=(Evidence(Side.DECLARED, None, "/x", position="other.py#1"),))
    prints = [
        only(replace(TYPICAL, findings=found))["results"][0]["partialFingerprints"]
        for found in ((finding(),), (moved,), (finding(2),))
    ]
    assert prints[0] == prints[1] == {"primaryLocationLineHash": "0000000000000001:1"}
    assert prints[2] != prints[0]
    twins = only(replace(TYPICAL, findings=(finding(), finding())))["results"]
    assert len({one["partialFingerprints"]["primaryLocationLineHash"] for one in twins}) == 2


def test_a_waiver_is_a_suppression() -> None:
    said = {
        one["partialFingerprints"]["primaryLocationLineHash"]: one["suppressions"] for one in only(TYPICAL)["results"]
    }
    assert said.pop("0000000000000009:1") == [
        {
            "kind": "external",
            "status": "accepted",
            "justification": waiver_words(WAIVED.waived),
        }
    ]
    assert set(map(str, said.values())) == {"[]"}


def test_an_incomplete_view_is_a_failed_execution() -> None:
    (whole,) = only(TYPICAL)["invocations"]
    assert (whole["executionSuccessful"], whole["toolExecutionNotifications"], whole["exitCode"]) == (True, [], 3)
    (partial,) = only(replace(TYPICAL, complete=False, gaps=(GAP,) * (sarif.GAPS + 4)))["invocations"]
    assert partial["executionSuccessful"] is False
    notes = partial["toolExecutionNotifications"]
    assert [one["level"] for one in notes] == ["error"] + ["warning"] * (sarif.GAPS + 1)
    assert "lakeformation:ListResources (locations): AccessDeniedException" in notes[1]["message"]["text"]
    assert notes[-1]["message"]["text"] == "and 4 more gaps"


def test_rules_are_documented_and_as_severe_as_their_worst_finding() -> None:
    found = (finding(), finding(2, severity=Severity.LOW), finding(3, rule="FL140", severity=Severity.LOW))
    rules = {one["id"]: one for one in only(replace(TYPICAL, findings=found))["tool"]["driver"]["rules"]}
    assert list(rules) == ["FL101", "FL140"]
    assert rules["FL101"]["properties"]["security-severity"] == "9.5"
    assert rules["FL101"]["helpUri"].startswith("https://docs.aws.amazon.com/")
    assert "Revoke the extra permissions" in rules["FL101"]["help"]["text"]
    assert rules["FL140"]["properties"]["security-severity"] == "2.0"


def test_a_message_holds_no_link_and_no_placeholder() -> None:
    shown = only(replace(TYPICAL, findings=(finding(message="[x](https://example.com) {0}", witness=None),)))
    assert shown["results"][0]["message"]["text"] == "\\[x\\](https://example.com) {{0}}"


def test_the_category_keeps_stacks_apart_and_runs_together() -> None:
    def category(**changes) -> str:
        told = only(replace(TYPICAL, run=run(**changes)))["automationDetails"]["id"]
        return told.rpartition("/")[0]

    assert category() == category(id="later") == "floodline/check/employee-telemetry/dev"
    assert category(command="gate") == "floodline/gate/employee-telemetry/dev"
    two = category(declared_sources=(SourceInfo("state", "a"), SourceInfo("state", "b")))
    assert two not in {category(), category(declared_sources=(SourceInfo("state", "a"),))}


# -------------------------------------------------------------------------------------------------------------- limits
def test_what_is_too_much_for_github_is_left_out_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif, "RESULTS", 40)
    one = only(crowd(50))
    assert len(one["results"]) == 40
    assert {result["level"] for result in one["results"]} == {"error", "warning", "note"}
    assert one["results"][0]["properties"]["subject"]["principal"].endswith("reader-00003")
    (note,) = one["invocations"][0]["toolExecutionNotifications"]
    assert note["message"]["text"].startswith("10 milder findings were left out")
    monkeypatch.setattr(sarif, "PACKED", 1500)
    assert 0 < len(only(crowd(50))["results"]) < 40


def test_sarif_is_ascii() -> None:
    text = sarif.render(nasty())
    assert text.isascii()
    assert all(char == "\n" or char.isprintable() for char in text)


def test_a_gates_results_name_their_origin() -> None:
    assert {one["properties"]["origin"] for one in only(deployment())["results"]} >= {
        "deployment",
        "adopted",
        "revoked",
    }
