"""Controls: every rule bears on some, every id is one, and no result says more than the run shows."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from report_samples import TYPICAL, clean, finding, nasty

from checks import rules
from checks.drift import KINDS
from checks.model import Severity, Verdict, Waiver
from checks.waivers import KINDS as WAIVERS
from reports import controls
from reports.controls import Framework, FrameworkError, Result, chosen, frameworks, known_rules, matrix, of_rule
from reports.formats import html
from reports.formats import json as json_format

RULES = sorted({*KINDS, *WAIVERS, *(one.id for one in rules.discover())})
ALL = [pytest.param(one, id=one.id) for one in frameworks()]
CONTROLS = [
    pytest.param(framework, one, id=f"{framework.id} {one.id}")
    for framework in frameworks()
    for one in framework.controls
]


def row(report, framework: str, name: str):
    ((_, rows),) = matrix(report, [framework])
    (found,) = [one for one in rows if one.control.id == name]
    return found


# --------------------------------------------------------------------------------------------------------------- tables
def test_the_frameworks_are_those_that_were_promised() -> None:
    assert [one.id for one in frameworks()] == ["nist-800-53", "soc2", "iso-27001", "pci-dss", "hipaa", "gdpr"]


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_bears_on_a_control_of_nist(rule: str) -> None:
    assert of_rule(rule, ("nist-800-53",)), f"{rule} is in no family of reports/controls/families.yaml"
    assert len({one.framework for one in of_rule(rule)}) >= 3


def test_every_rule_is_known_and_every_known_rule_is_one() -> None:
    assert sorted(known_rules()) == RULES
    assert {rule for framework in frameworks() for one in framework.controls for rule in one.rules} <= set(RULES)


@pytest.mark.parametrize(("framework", "control"), CONTROLS)
def test_every_id_is_spelt_as_its_framework_spells_it(framework: Framework, control) -> None:
    assert re.fullmatch(framework.pattern, control.id)
    assert control.framework == framework.id
    assert control.says[0].isupper()
    assert not control.says.endswith(".")
    assert len(control.says) < 100


@pytest.mark.parametrize("framework", ALL)
def test_every_control_is_there_once_and_rests_on_something(framework: Framework) -> None:
    ids = [one.id for one in framework.controls]
    assert len(ids) == len(set(ids))
    assert framework.version
    assert framework.source.startswith("https://")
    for one in framework.controls:
        assert one.rules, one.id
        assert not one.by_run or {"FL150", "FL151"} <= one.rules


PATTERNS = {
    "nist-800-53": (["AC-3", "AC-6(10)"], ["AC3", "ac-3", "AC-0", "AC-3(0)", "AC-3 (7)"]),
    "soc2": (["CC6.1", "C1.1"], ["CC6", "6.1", "CC6.0"]),
    "iso-27001": (["A.5.15", "A.8.3"], ["A.9.1", "5.15", "A.5"]),
    "pci-dss": (["7.2.5.1", "12.8"], ["13.1", "7", "7.2.5.1.1"]),
    "hipaa": (["164.308(a)(1)(ii)(D)", "164.312(b)"], ["164.309", "308(a)"]),
    "gdpr": (["Art. 5(1)(f)", "Art. 44"], ["Article 5", "Art. 5(1)f"]),
}


@pytest.mark.parametrize(("framework", "cases"), PATTERNS.items(), ids=PATTERNS)
def test_a_pattern_tells_ids_from_others(framework: str, cases) -> None:
    (found,) = chosen([framework])
    assert all(re.fullmatch(found.pattern, one) for one in cases[0])
    assert not any(re.fullmatch(found.pattern, one) for one in cases[1])


def test_a_table_that_names_no_rule_is_refused() -> None:
    with pytest.raises(FrameworkError, match="`AC-3` names `FL999`, which is no rule and no family"):
        controls._expanded(["FL999"], {}, known_rules(), "AC-3")


@pytest.mark.parametrize(
    ("name", "means"), [("nist", "nist-800-53"), ("SOC2", "soc2"), ("g", "gdpr"), ("iso-27001", "iso-27001")]
)
def test_a_name_may_be_cut(name: str, means: str) -> None:
    assert [one.id for one in chosen([name])] == [means]


@pytest.mark.parametrize("name", ["", "x", "cis"])
def test_a_name_that_means_none_is_refused(name: str) -> None:
    with pytest.raises(FrameworkError, match="there is no framework"):
        chosen([name])


# --------------------------------------------------------------------------------------------------------------- results
def test_nothing_found_in_a_complete_view_supports_every_control() -> None:
    assert {one.result for _, rows in matrix(clean()) for one in rows} == {Result.SUPPORTED}


def test_a_partial_view_determines_nothing() -> None:
    report = replace(clean(), complete=False)
    rows = [one for _, found in matrix(report) for one in found]
    assert {(one.result, one.why) for one in rows} == {(Result.NOT_DETERMINED, "the view is partial")}


def test_an_open_finding_speaks_against_its_controls_and_no_others() -> None:
    report = replace(clean(), findings=(finding(rule="FL162", severity=Severity.LOW),))
    against = {(one.control.framework, one.control.id) for _, rows in matrix(report) for one in rows
               if one.result is Result.NOT_SUPPORTED}  # fmt: skip
    assert against == {(one.framework, one.id) for one in of_rule("FL162")}
    assert ("nist-800-53", "AC-2(3)") in against
    assert row(report, "nist-800-53", "AC-2(3)").findings == report.findings


def test_it_does_so_in_a_partial_view_too() -> None:
    report = replace(clean(), complete=False, findings=(finding(rule="FL162"),))
    assert row(report, "nist-800-53", "AC-2(3)").result is Result.NOT_SUPPORTED
    assert row(report, "nist-800-53", "CM-8").result is Result.NOT_DETERMINED


def test_an_accepted_finding_and_a_note_do_not() -> None:
    waived = finding(rule="FL162", waived=Waiver("0" * 16, "r", "o", "2030-01-01"))
    note = finding(rule="FL162", severity=Severity.INFO)
    found = row(replace(clean(), findings=(waived, note)), "nist-800-53", "AC-2(3)")
    assert (found.result, found.accepted, found.notes) == (Result.SUPPORTED, 1, 1)


def test_what_was_not_decided_determines_nothing() -> None:
    found = replace(clean(), findings=(finding(rule="FL151", verdict=Verdict.UNKNOWN),))
    rows = [one for _, listed in matrix(found) for one in listed]
    assert {(one.result, one.why) for one in rows} == {(Result.NOT_DETERMINED, "1 finding could not be decided")}


def test_what_was_not_looked_for_determines_nothing() -> None:
    report = replace(clean(), run=replace(clean().run, arguments=("floodline", "check", "--no-posture")))
    found = row(report, "nist-800-53", "AC-6")
    assert (found.result, found.why) == (Result.NOT_DETERMINED, "posture rules were left out")
    assert row(report, "nist-800-53", "CM-2").result is Result.SUPPORTED


def test_a_gate_determines_nothing_of_the_lake() -> None:
    report = replace(clean(), run=replace(clean().run, command="gate"))
    assert {one.result for _, rows in matrix(report) for one in rows} == {Result.NOT_DETERMINED}


def test_a_control_that_asks_for_looking_is_supported_by_looking() -> None:
    found = row(replace(clean(), findings=(finding(rule="FL101"),)), "nist-800-53", "CA-7")
    assert (found.result, found.findings) == (Result.SUPPORTED, ())


# --------------------------------------------------------------------------------------------------------------- formats
def test_json_names_the_controls_of_each_finding_and_can_be_filtered() -> None:
    for names in ((), ("soc2",), ("gdpr", "hipaa")):
        told = json.loads(json_format.render(replace(TYPICAL, frameworks=names)))
        for one in told["findings"]:
            wanted: dict[str, list[str]] = {}
            for control in of_rule(one["rule"], names):
                wanted.setdefault(control.framework, []).append(control.id)
            assert {found["framework"]: found["ids"] for found in one["controls"]} == wanted
            assert set(wanted) <= set(names or wanted)


def test_the_page_shows_the_matrix_and_can_be_filtered() -> None:
    page = html.render(TYPICAL)
    assert "It supports, does not by itself satisfy" in page
    for framework in frameworks():
        assert f'id="c-{framework.id}"' in page
        assert all(f"<td>{one.id}</td>" in page for one in framework.controls)
    assert [
        one.id for one in frameworks() if f'id="c-{one.id}"' in html.render(replace(nasty(), frameworks=("soc2",)))
    ] == ["soc2"]


def test_the_filter_changes_nothing_but_what_is_shown() -> None:
    told = json.loads(json_format.render(TYPICAL))
    less = json.loads(json_format.render(replace(TYPICAL, frameworks=("soc2",))))
    for one in (*told["findings"], *less["findings"]):
        del one["controls"]
    assert told == less
