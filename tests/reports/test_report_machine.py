"""Formats for machines: each is read by somebody else's reader or validator, and by none of ours."""

import csv as standard_csv
import io
import json
import re
from collections import Counter
from dataclasses import replace
from functools import cache
from importlib import resources
from pathlib import Path
from xml.etree import ElementTree as ET

import duckdb
import pytest
from botocore.session import Session
from botocore.validate import ParamValidator
from ocsf.v1_6_0.events import ComplianceFinding, IamAnalysisFinding
from report_samples import CHECKED, GAP, HOSTILE, TYPICAL, WAIVED, clean, crowd, finding, run
from trestle.oscal.assessment_results import AssessmentResults

from checks.model import (
    Catalog,
    ColumnRef,
    Database,
    DataLocation,
    LakeId,
    OptInRef,
    Origin,
    SettingRef,
    Severity,
    Subject,
    Table,
    TagPolicy,
    TagRef,
)
from reports.arns import arn
from reports.formats import asff, csv, junit, ocsf, oscal, parquet, sarif
from reports.moments import milliseconds, stamp
from reports.order import ordered
from reports.table import COLUMNS

each = pytest.mark.parametrize("which", CHECKED)


# ----------------------------------------------------------------------------------------------------------------- csv
def cells(report) -> list[list[str]]:
    return list(standard_csv.reader(io.StringIO(csv.render(report), newline=""), strict=True))


@each
def test_csv_is_read_as_it_was_written(which: str) -> None:
    report = CHECKED[which]
    header, *rows = cells(report)
    assert header == list(COLUMNS)
    assert {len(row) for row in rows} == {len(COLUMNS)}
    assert Counter(row[0] for row in rows) == Counter(run=1, gap=len(report.gaps), finding=len(report.findings))
    assert [row[1] for row in rows if row[0] == "finding"] == [one.id.strip() for one in ordered(report)]


@each
def test_csv_is_rfc_4180_to_another_reader(which: str, tmp_path: Path) -> None:
    path = tmp_path / "report.csv"
    path.write_bytes(csv.render(CHECKED[which]).encode())
    read = f"read_csv('{path}', header=true, all_varchar=true, strict_mode=true, delim=',', quote='\"', escape='\"')"
    connection = duckdb.connect()
    found = connection.execute(f"describe select * from {read}").fetchall()
    assert [row[0] for row in found] == list(COLUMNS)
    rows = connection.execute(f"select * from {read}").fetchall()
    connection.close()
    assert [[value or "" for value in row] for row in rows] == cells(CHECKED[which])[1:]


# ------------------------------------------------------------------------------------------------------------- parquet
@each
def test_parquet_is_read_by_another_engine(which: str, tmp_path: Path) -> None:
    report, path = CHECKED[which], tmp_path / "report.parquet"
    path.write_bytes(parquet.render(report))
    relation = duckdb.read_parquet(str(path))
    types = {str: "VARCHAR", int: "BIGINT", bool: "BOOLEAN"}
    assert dict(zip(relation.columns, map(str, relation.types), strict=True)) == {
        name: types[kind] for name, kind in COLUMNS.items()
    }
    rows = [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]
    assert rows[0]["record"] == "run"
    assert [row["id"] for row in rows if row["record"] == "finding"] == [one.id for one in ordered(report)]
    assert [row["reach_principals"] for row in rows if row["record"] == "finding"] == [
        one.reach.principals for one in ordered(report)
    ]
    assert {row["complete"] for row in rows} == {report.complete}


def test_parquet_keeps_names_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "report.parquet"
    path.write_bytes(parquet.render(CHECKED["nasty"]))
    rows = duckdb.read_parquet(str(path)).fetchall()
    names = {row[list(COLUMNS).index("name")] for row in rows if row[0] == "finding"}
    half = HOSTILE["surrogate"]
    assert names >= {text for text in HOSTILE.values() if text != half} | {"half\\ud800pair"}


def test_parquet_says_its_verdict_without_being_unpacked() -> None:
    assert b"CANNOT TELL" in parquet.render(CHECKED["partial"])
    assert parquet.render(TYPICAL) == parquet.render(TYPICAL)


# --------------------------------------------------------------------------------------------------------------- junit
def suites(report) -> dict[str, ET.Element]:
    root = ET.fromstring(junit.render(report))  # expat: refuses every character that XML does not allow
    assert root.tag == "testsuites"
    found = {str(one.get("name")): one for one in root}
    for suite in found.values():
        counted = Counter(child.tag for case in suite.iter("testcase") for child in case)
        assert int(suite.get("tests", "")) == len(list(suite.iter("testcase")))
        for tag, key in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
            assert int(suite.get(key, "")) == counted[tag]
    return found


@each
def test_junit_is_well_formed_and_counts_right(which: str) -> None:
    report = CHECKED[which]
    found = suites(report)
    assert list(found) == ["floodline view", "floodline access", "floodline findings"]
    assert int(found["floodline findings"].get("tests", "")) == len(report.findings)
    names = [(case.get("classname"), case.get("name")) for case in found["floodline findings"].iter("testcase")]
    assert len(set(names)) == len(names)


def test_junit_fails_what_is_wider_skips_what_is_accepted_and_passes_what_is_only_said() -> None:
    said = {
        re.findall(r"\[(\w+)\]", str(case.get("name")))[-1]: next((child.tag for child in case), "")
        for case in suites(TYPICAL)["floodline findings"].iter("testcase")
    }
    assert said == {
        "0000000000000001": "failure",
        "0000000000000002": "failure",
        "0000000000000003": "failure",
        "0000000000000004": "failure",
        "0000000000000005": "failure",
        "0000000000000006": "error",
        "0000000000000007": "system-out",
        "0000000000000008": "system-out",
        "0000000000000009": "skipped",
    }


@pytest.mark.parametrize(
    ("report", "results"),
    [
        (clean(), [[], []]),
        (replace(clean(), complete=False), [["error"], ["error"]]),
        (replace(clean(), findings=(finding(5, severity=Severity.INFO),)), [[], []]),
        (TYPICAL, [["failure"], ["failure"]]),
        (replace(TYPICAL, findings=(WAIVED,)), [[], []]),
    ],
    ids=["clean", "partial", "note", "typical", "accepted"],
)
def test_junit_promises_only_what_was_shown(report, results) -> None:
    cases = suites(report)["floodline access"].iter("testcase")
    assert [[child.tag for child in case] for case in cases] == results


def test_junit_of_a_partial_view_is_an_error_and_caps_its_gaps() -> None:
    view = suites(replace(clean(), complete=False, gaps=(GAP,) * (junit.GAPS + 7)))["floodline view"]
    assert int(view.get("errors", "")) == 1 + junit.GAPS + 1
    assert "7 more gaps" in ET.tostring(view, "unicode")


# ---------------------------------------------------------------------------------------------------------------- ocsf
def lines(text: str) -> list[dict]:
    assert text.isascii()
    return [json.loads(line) for line in text.splitlines()]


@cache
def vocabulary() -> frozenset[str]:
    """Return every attribute name of OCSF 1.6, so that a misspelt one is noticed: the models let others pass."""
    schema = json.loads(resources.files("ocsf").joinpath("schemas", "v1_6_0.json").read_text("utf-8"))
    return frozenset(schema["dictionary"]["attributes"])


def words_of(value) -> set[str]:
    match value:
        case dict():
            own = {key: inner for key, inner in value.items() if key != "unmapped"}
            return set(own).union(*map(words_of, own.values()))
        case list():
            return set().union(*map(words_of, value))
    return set()


@each
def test_ocsf_is_valid(which: str) -> None:
    report = CHECKED[which]
    view, *events = lines(ocsf.render(report))
    ComplianceFinding.model_validate(view)
    assert len(events) == len(report.findings)
    for event in (view, *events):
        assert words_of(event) - {"unmapped"} <= vocabulary()
        assert event["type_uid"] == event["class_uid"] * 100 + event["activity_id"]
    for event in events:
        IamAnalysisFinding.model_validate(event)
        assert event["class_uid"] == 2008
        assert event["metadata"]["version"] == "1.6.0"
        assert event["access_analysis_result"]["accessors"]


def test_ocsf_says_who_gained_what() -> None:
    view, worst, *_ = lines(ocsf.render(TYPICAL))
    assert view["compliance"]["status"] == "Pass"
    assert worst["finding_info"]["uid"] == "0000000000000001"
    assert worst["resources"][0]["uid"] == "arn:aws:glue:us-east-1:111122223333:table/telemetry_raw/private_messages"
    assert worst["access_analysis_result"]["accessors"][0]["name"] == "role/marketing"
    assert worst["access_analysis_result"]["granted_privileges"] == ["SELECT on columns body, sender"]
    assert worst["severity_id"] == 5
    assert worst["time"] == 1795428041000
    states = {one["finding_info"]["uid"]: one["status"] for one in lines(ocsf.render(TYPICAL))}
    assert {key for key, state in states.items() if state == "Suppressed"} == {"0000000000000009"}


def test_ocsf_of_a_partial_view_fails() -> None:
    (view,) = lines(ocsf.render(CHECKED["partial"]))
    assert view["compliance"]["status_id"] == 3
    assert view["message"].startswith("CANNOT TELL")


# ---------------------------------------------------------------------------------------------------------------- asff
@cache
def asked_for():
    return Session().get_service_model("securityhub").operation_model("BatchImportFindings").input_shape


@each
def test_asff_is_what_the_api_takes(which: str) -> None:
    found = []
    for request in lines(asff.render(CHECKED[which])):
        errors = ParamValidator().validate(request, asked_for())
        assert not errors.has_errors(), errors.generate_report()
        assert len(request["Findings"]) <= 100
        assert len({(one["AwsAccountId"], one["Region"]) for one in request["Findings"]}) == 1
        found += request["Findings"]
    for one in found:
        fields = one.get("ProductFields", {})
        assert 1 <= len(one["Title"]) <= 256
        assert 1 <= len(one["Description"]) <= 1024
        assert len(json.dumps(one)) <= asff.FINDING
        assert len(fields) <= 50
        assert all(len(key) <= 128 and 0 < len(value) <= 2048 for key, value in fields.items())
        assert all(len(resource["Id"]) <= 512 for resource in one["Resources"])
        related = one["Compliance"].get("RelatedRequirements", ["-"])
        assert 1 <= len(related) <= 32
        assert max(map(len, related)) <= 64
        assert len(one.get("Remediation", {}).get("Recommendation", {}).get("Text", "")) <= 512
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", one["UpdatedAt"])
        _no_blank(one)
    assert len(found) == len(CHECKED[which].findings) + (0 if CHECKED[which].complete else len(CHECKED[which].lakes))


def _no_blank(value) -> None:
    """Hold every text against the API's NonEmptyString, whose pattern botocore does not check."""
    match value:
        case dict():
            for inner in value.values():
                _no_blank(inner)
        case list():
            for inner in value:
                _no_blank(inner)
        case str():
            assert value.strip()
            assert value.isprintable()


def test_a_wrong_shape_would_be_noticed() -> None:
    (request,) = lines(asff.render(TYPICAL))
    del request["Findings"][0]["Title"]
    request["Findings"][1]["Confidence"] = "high"
    assert ParamValidator().validate(request, asked_for()).generate_report().count("\n") == 1


def test_asff_comes_in_batches_of_one_account_and_region() -> None:
    elsewhere = LakeId("aws", "444455556666", "eu-west-1")
    away = finding(7, subject=replace(finding().subject, lake=elsewhere))
    report = replace(crowd(150), findings=(*crowd(150).findings, away))
    told = [(one["Findings"][0]["AwsAccountId"], len(one["Findings"])) for one in lines(asff.render(report))]
    assert told == [("111122223333", 100), ("111122223333", 50), ("444455556666", 1)]


def test_asff_tells_exposure_acceptance_and_doubt_apart() -> None:
    found = {one["Id"].rpartition("/")[2]: one for one in lines(asff.render(TYPICAL))[0]["Findings"]}
    assert found["0000000000000001"]["Types"] == ["Effects/Data Exposure"]
    assert found["0000000000000001"]["Severity"]["Label"] == "CRITICAL"
    assert found["0000000000000009"]["Workflow"] == {"Status": "SUPPRESSED"}
    assert found["0000000000000006"]["Compliance"] == {"Status": "NOT_AVAILABLE"}
    assert found["0000000000000008"]["Compliance"] == {"Status": "WARNING"}
    assert asff.render(clean()) == ""


# --------------------------------------------------------------------------------------------------------------- oscal
def results(report):
    document = json.loads(oscal.render(report))
    read = AssessmentResults(**document["assessment-results"])
    return read, read.results[0]


@each
def test_oscal_is_valid(which: str) -> None:
    report = CHECKED[which]
    document, result = results(report)
    assert len(result.observations) == len(report.findings) + 1
    keys = [one.uuid for one in result.observations]
    assert len(set(keys)) == len(keys)
    for one in result.findings:
        assert {related.observation_uuid for related in one.related_observations} <= set(keys)
    plan = document.import_ap.href.removeprefix("#")
    assert plan in {one.uuid for one in document.back_matter.resources}
    assert "" not in {one.value for observation in result.observations for one in observation.props}


def states(report) -> dict[str, tuple[str, str]]:
    found = results(report)[1].findings
    return {one.target.target_id: (one.target.status.state.value, one.target.status.reason) for one in found}


def test_oscal_satisfies_only_what_was_seen() -> None:
    assert set(states(clean()).values()) == {("satisfied", "pass")}
    assert set(states(CHECKED["partial"]).values()) == {("not-satisfied", "other")}
    assert states(replace(TYPICAL, findings=(WAIVED,)))["ac-3_obj"] == ("satisfied", "pass")
    told = states(TYPICAL)
    assert told["ac-3_obj"] == told["ac-6_obj"] == ("not-satisfied", "fail")
    assert told["ca-7_obj"] == ("not-satisfied", "other")
    assert "ac-6.1_obj" in told
    undecided = [one for one in TYPICAL.findings if one.rule == "FL301"]
    assert states(replace(TYPICAL, findings=tuple(undecided)))["ac-3_obj"] == ("not-satisfied", "other")


def test_oscal_names_of_things_stay_from_run_to_run() -> None:
    first = json.loads(oscal.render(TYPICAL))["assessment-results"]
    later = json.loads(oscal.render(replace(TYPICAL, run=run(id="later"))))["assessment-results"]
    assert first["uuid"] != later["uuid"]
    assert first["results"][0]["observations"] == later["results"][0]["observations"]


def test_a_wrong_document_would_be_noticed() -> None:
    document = json.loads(oscal.render(TYPICAL))["assessment-results"]
    document["results"][0]["observations"][0]["methods"] = []
    document["results"][0]["findings"][0]["target"]["type"] = "thing"
    with pytest.raises(ValueError, match="2 validation errors"):
        AssessmentResults(**document)


# --------------------------------------------------------------------------------------------------------- small pieces
HOME = LakeId("aws-cn", "111122223333", "cn-north-1")
GLUE = "arn:aws-cn:glue:cn-north-1:111122223333:"


@pytest.mark.parametrize(
    ("resource", "said"),
    [
        (Table("111122223333", "a", "b"), f"{GLUE}table/a/b"),
        (Database("111122223333", "a"), f"{GLUE}database/a"),
        (Catalog("111122223333"), f"{GLUE}catalog"),
        (SettingRef("DataLakeAdmins"), f"{GLUE}catalog"),
        (SettingRef("CreateTableDefaultPermissions", Database("111122223333", "a")), f"{GLUE}database/a"),
        (DataLocation("111122223333", "arn:aws-cn:s3:::x"), "arn:aws-cn:s3:::x"),
        (OptInRef(Table("111122223333", "a", "b")), f"{GLUE}table/a/b"),
        (TagRef(ColumnRef(Table("111122223333", "a", "b"), "c"), "k"), f"{GLUE}table/a/b"),
        (TagPolicy("111122223333", "TABLE", (("k", frozenset({"v"})),)), f"{GLUE}catalog#tables tagged k = v"),
        (Table("111122223333", "a\x1b", "b"), f"{GLUE}table/a\\u001b/b"),
    ],
)
def test_arns(resource, said: str) -> None:
    assert arn(Subject("grant", None, resource, HOME)) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2026-11-23T10:00:41Z", "2026-11-23T10:00:41Z"),
        ("2026-11-23T10:00:41.123456+02:00", "2026-11-23T08:00:41Z"),
        ("2026-13-23T10:00:41Z", "1970-01-01T00:00:00Z"),
        ("0001-01-01T00:00:00+10:00", "1970-01-01T00:00:00Z"),
        ("</script>", "1970-01-01T00:00:00Z"),
        ("", "1970-01-01T00:00:00Z"),
    ],
)
def test_moments(text: str, said: str) -> None:
    assert stamp(text) == said
    assert milliseconds(said) >= 0


@each
def test_origins_reach_every_machine(which: str) -> None:
    report = CHECKED[which]
    origins = {one.origin for one in report.findings} - {None}
    assert origins == (set(Origin) if which == "gate" else set())
    for origin in origins:
        for render in (csv.render, ocsf.render, asff.render, oscal.render):
            assert origin.value in render(report)


def test_controls_reach_every_machine() -> None:
    only = replace(TYPICAL, frameworks=("soc2",))
    for render in (csv.render, ocsf.render, asff.render, sarif.render):
        assert "nist-800-53 AC-6" in render(TYPICAL)
        assert "nist-800-53" not in render(only)
        assert "soc2 CC6.1" in render(only)
