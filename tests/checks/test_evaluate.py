"""The report: which lakes are compared, what is counted, the verdict, and the exit code of the contract."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from checks import evaluate as room
from checks.compare import Comparison
from checks.evaluate import DEFAULT_FAIL_ON, WORDS, Threshold, evaluate, exit_code
from checks.model import (
    Caller,
    Catalog,
    Cause,
    Column,
    Confidence,
    Database,
    DatabaseInfo,
    ExitCode,
    Facts,
    Finding,
    Gap,
    Grant,
    Lake,
    LakeId,
    LedgerRow,
    Permission,
    Principal,
    Reach,
    Run,
    Severity,
    Side,
    Subject,
    Table,
    TableInfo,
    Verdict,
    Waiver,
)
from checks.waivers import Acceptance, Accepted, Book, Entry

EAST, WEST = LakeId("aws", "111122223333", "us-east-1"), LakeId("aws", "111122223333", "us-west-2")
RUN = Run("1", "", "", "", "", Caller(), (), ())
GAP = Gap(Side.DECLARED, "state", "it is secret", Facts.GRANTS)
LOOSE = Gap(Side.DECLARED, "preview", "it is no deployment", Facts.OTHER)
ANALYST = Principal("arn:aws:iam::111122223333:role/analyst")
ORDERS = Table("111122223333", "sales", "orders")
READS = Grant(ANALYST, ORDERS, frozenset({Permission("SELECT")}))
SALES = Database("111122223333", "sales")
EVERYBODY = Principal("111122223333:IAMPrincipals")
ROW = LedgerRow(
    EAST.account,
    EAST.region,
    "lakeformation",
    "ListPermissions",
    1,
    1,
    1,
    (),
    complete=True,
    basis="the last page had no token",
)


def found(verdict, severity=Severity.MEDIUM, *, exposure=False, waived=False):
    return Finding(
        id="0" * 16,
        rule="FL101",
        name="",
        severity=severity,
        confidence=Confidence.PROVED,
        verdict=verdict,
        subject=Subject("grant", None, Catalog("111122223333"), EAST),
        message="",
        cause=Cause("grant", ""),
        reach=Reach(1),
        exposure=exposure,
        waived=Waiver("0" * 16, "", "", "2026-12-31") if waived else None,
    )


def code(*findings, complete=True, **threshold):
    return exit_code(findings, complete=complete, threshold=Threshold(**threshold))


def judged(declared, live, *, complete=True, loose=(), threshold=Threshold()):  # noqa: B008 - frozen
    return evaluate(declared, live, [ROW], complete=complete, run=RUN, threshold=threshold, loose=loose)


# ----------------------------------------------------------------------------------------------------------- exit codes
def test_what_decides_unless_told_otherwise():
    assert set(WORDS) == {one.value for one in Verdict} - {"unknown"}
    assert {"widened", "unmanaged", "narrowed", "changed"} == DEFAULT_FAIL_ON
    assert Threshold() == Threshold(DEFAULT_FAIL_ON, Severity.LOW, exit_zero=False)


@pytest.mark.parametrize(
    ("finding", "expected"),
    [
        (found(Verdict.WIDENED), ExitCode.WIDENING),
        (found(Verdict.UNMANAGED, exposure=True), ExitCode.WIDENING),
        (found(Verdict.UNMANAGED), ExitCode.DRIFT),
        (found(Verdict.NARROWED), ExitCode.DRIFT),
        (found(Verdict.CHANGED), ExitCode.DRIFT),
        (found(Verdict.UNKNOWN), ExitCode.UNDECIDED),
        (found(Verdict.LATENT), ExitCode.CLEAN),
        (found(Verdict.POSTURE), ExitCode.CLEAN),
        (found(Verdict.WIDENED, Severity.LOW), ExitCode.WIDENING),
        (found(Verdict.WIDENED, Severity.INFO), ExitCode.CLEAN),
        (found(Verdict.WIDENED, waived=True), ExitCode.CLEAN),
        (found(Verdict.UNKNOWN, waived=True), ExitCode.CLEAN),
    ],
)
def test_one_finding_alone(finding, expected):
    assert code(finding) is expected
    assert code(finding, complete=False) is (ExitCode.UNDECIDED if expected is ExitCode.CLEAN else expected)
    assert code(finding, complete=False, exit_zero=True) is ExitCode.CLEAN


def test_widening_then_drift_then_what_is_undecided():
    widened, narrowed, unknown = found(Verdict.WIDENED), found(Verdict.NARROWED), found(Verdict.UNKNOWN)
    assert code(unknown, narrowed, widened) is ExitCode.WIDENING
    assert code(unknown, narrowed) is ExitCode.DRIFT
    assert code(unknown, found(Verdict.POSTURE)) is ExitCode.UNDECIDED
    assert code() is ExitCode.CLEAN
    assert code(complete=False) is ExitCode.UNDECIDED


def test_the_threshold_is_a_set_of_words_and_a_least_severity():
    assert code(found(Verdict.WIDENED), fail_on=frozenset({"narrowed"})) is ExitCode.CLEAN
    assert code(found(Verdict.LATENT), fail_on=frozenset({"latent"})) is ExitCode.DRIFT
    assert code(found(Verdict.WIDENED, Severity.MEDIUM), least=Severity.HIGH) is ExitCode.CLEAN
    assert code(found(Verdict.WIDENED, Severity.HIGH), least=Severity.HIGH) is ExitCode.WIDENING
    assert code(found(Verdict.WIDENED, Severity.INFO), least=Severity.INFO) is ExitCode.CLEAN


def lake(place, grants=(), gaps=()):
    tables = {ORDERS: TableInfo(ORDERS, (Column("id", "bigint"),))}
    return Lake(place, grants, {SALES: DatabaseInfo(SALES)}, tables, gaps=tuple(gaps))


# --------------------------------------------------------------------------------------------------------- whole lakes
SEEN = replace(ROW, basis=f"{ROW.basis}; 1 of 1 declared rows are among those seen")


def test_equal_lakes_are_counted_and_nothing_is_found():
    report = judged([lake(EAST, [READS])], [lake(EAST, [READS])])
    assert (report.findings, report.verdict, report.exit_code) == ((), "equal", ExitCode.CLEAN)
    assert report.complete
    assert report.summary["equal"] > 0
    assert sum(report.summary.values()) == report.summary["equal"]
    assert (report.ledger, report.gaps, report.lakes, report.run) == ((SEEN,), (), (EAST,), RUN)


def test_each_lake_is_compared_with_its_own_declaration_and_counts_add_up():
    one = judged([lake(EAST, [READS])], [lake(EAST, [READS])]).summary["equal"]
    report = judged([lake(WEST, [READS]), lake(EAST, [READS])], [lake(EAST, [READS]), lake(WEST, [READS])])
    assert (report.findings, report.lakes) == ((), (EAST, WEST))
    assert report.summary["equal"] == 2 * one


def test_a_lake_that_was_not_read_is_unknown_and_the_others_are_still_compared():
    report = judged([lake(EAST, gaps=(GAP,)), lake(WEST, [READS])], [lake(WEST)])
    assert [(one.verdict, one.subject.lake) for one in report.findings] == [
        (Verdict.UNKNOWN, EAST),
        (Verdict.UNKNOWN, EAST),
        (Verdict.NARROWED, WEST),
    ]
    assert not report.complete
    assert (report.verdict, report.exit_code) == ("narrowed", ExitCode.DRIFT)
    assert [(one.side, one.source, one.facts) for one in report.gaps] == [
        (Side.DECLARED, "state", Facts.GRANTS),
        (Side.LIVE, "aws", Facts.CALLER),
    ]
    assert "us-east-1" in report.gaps[1].reason
    assert (report.summary["unknown"], report.summary["narrowed"], report.summary["widened"]) == (2, 1, 0)


def test_a_lake_that_nobody_declares_is_compared_with_nothing():
    report = judged([], [lake(EAST, [READS], gaps=(replace(GAP, side=Side.LIVE),))])
    assert Verdict.UNMANAGED in {one.verdict for one in report.findings}
    assert [one.side for one in report.gaps] == [Side.LIVE]


def test_gaps_of_both_sides_and_of_whole_documents_are_told():
    told = lake(EAST, gaps=(GAP,))
    seen = lake(EAST, gaps=(replace(GAP, side=Side.LIVE),))
    report = judged([told], [seen], loose=[LOOSE])
    assert [one.side for one in report.gaps] == [Side.DECLARED, Side.LIVE, Side.DECLARED]
    assert report.gaps[2] == LOOSE
    assert "it is no deployment" in report.findings[-1].message
    assert report.findings[-1].subject.lake == EAST
    assert report.complete


def test_documents_without_any_lake_are_not_equal():
    report = judged([], [], loose=[LOOSE])
    assert [one.subject.lake for one in report.findings] == [LakeId("aws", "", "")]
    assert (report.verdict, report.exit_code, report.lakes) == ("unknown", ExitCode.UNDECIDED, ())


def test_the_verdict_names_the_worst_that_counts():
    widened = judged([lake(EAST, [READS])], [lake(EAST, [READS, replace(READS, principal=EVERYBODY)])])
    assert (widened.verdict, widened.exit_code) == ("widened", ExitCode.WIDENING)
    ignored = judged([lake(EAST, [READS])], [lake(EAST)], threshold=Threshold(frozenset()))
    assert (ignored.verdict, ignored.exit_code) == ("equal", ExitCode.CLEAN)
    assert judged([lake(EAST)], [lake(EAST)], complete=False).verdict == "unknown"


def reported(monkeypatch, *findings, complete=True, **threshold):
    monkeypatch.setattr(room, "compare", lambda _, live, __: Comparison(live.id, findings, 5))
    return judged([lake(EAST)], [lake(EAST)], complete=complete, threshold=Threshold(**threshold))


def test_findings_are_counted_by_verdict_and_the_waived_ones_once_more(monkeypatch):
    findings = [found(verdict) for number, verdict in enumerate(Verdict, 1) for _ in range(number)]
    summary = reported(monkeypatch, *findings, found(Verdict.CHANGED, waived=True)).summary
    assert summary == {
        "equal": 5,
        "widened": 1,
        "unmanaged": 2,
        "narrowed": 3,
        "changed": 5,
        "unknown": 5,
        "latent": 6,
        "posture": 7,
        "waived": 1,
    }


@pytest.mark.parametrize(
    ("findings", "verdict"),
    [
        ([], "equal"),
        ([found(Verdict.POSTURE)], "posture"),
        ([found(Verdict.POSTURE), found(Verdict.LATENT)], "latent"),
        ([found(Verdict.LATENT), found(Verdict.CHANGED)], "changed"),
        ([found(Verdict.CHANGED), found(Verdict.UNMANAGED)], "unmanaged"),
        ([found(Verdict.UNMANAGED), found(Verdict.NARROWED)], "narrowed"),
        ([found(Verdict.NARROWED), found(Verdict.UNMANAGED, exposure=True)], "widened"),
        ([found(Verdict.NARROWED), found(Verdict.WIDENED)], "widened"),
        ([found(Verdict.UNKNOWN), found(Verdict.POSTURE)], "posture"),
        ([found(Verdict.UNKNOWN)], "unknown"),
        ([found(Verdict.NARROWED, Severity.INFO)], "equal"),
        ([found(Verdict.NARROWED, waived=True)], "equal"),
        ([found(Verdict.UNKNOWN, waived=True)], "equal"),
    ],
)
def test_the_worst_that_counts_names_the_report(monkeypatch, findings, verdict):
    everything = frozenset(WORDS)
    assert reported(monkeypatch, *findings, fail_on=everything).verdict == verdict
    partly = reported(monkeypatch, *findings, fail_on=everything, complete=False)
    assert partly.verdict == ("unknown" if verdict == "equal" else verdict)


def test_what_is_accepted_counts_no_more_and_stays(monkeypatch):
    one = found(Verdict.UNKNOWN)
    monkeypatch.setattr(room, "compare", lambda _, live, __: Comparison(live.id, (one,), 5))
    day = date(2026, 11, 23)
    waiver = Waiver("0" * 16, "reason", "owner", "2026-11-23", author="a", approvers=("b",))
    entry = Entry("0" * 16, waiver, "0" * 16, expires=day, accepted=Accepted(principals=1))

    def report(today):
        accepted = Acceptance(today, Book("w.toml", (entry,)))
        return evaluate(
            [lake(EAST)], [lake(EAST)], [ROW], complete=True, run=RUN, threshold=Threshold(), acceptance=accepted
        )

    kept = report(day)
    assert (kept.exit_code, kept.verdict, kept.summary["unknown"], kept.summary["waived"]) == (0, "equal", 1, 1)
    assert [(other.id, other.waived is None) for other in kept.findings] == [(one.id, False)]
    over = report(day + timedelta(days=1))
    assert (over.exit_code, over.verdict, over.summary["waived"]) == (4, "unknown", 0)
    assert [other.rule for other in over.findings] == ["FL101", "FL401"]
    assert over.findings[1].subject.lake == EAST


def test_what_was_found_before_a_lake_that_was_not_read_is_kept():
    report = judged([lake(EAST, [READS], gaps=[GAP]), lake(WEST)], [lake(EAST)])
    assert [(one.verdict, one.subject.lake) for one in report.findings] == [
        (Verdict.NARROWED, EAST),
        (Verdict.UNKNOWN, EAST),
        (Verdict.UNKNOWN, WEST),
    ]
    assert [one.side for one in report.gaps] == [Side.DECLARED, Side.LIVE]
