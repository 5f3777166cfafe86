"""The sentence that every format leads with."""

from dataclasses import replace

import pytest
from report_samples import (
    FOREIGN,
    LATENT,
    LEDGER,
    NARROWED,
    POSTURE,
    TYPICAL,
    UNKNOWN,
    WAIVED,
    clean,
    finding,
    ledger,
    nasty,
    run,
    summary,
)

from checks.model import Caller, Facts, Gap, Severity, Side, Verdict
from reports.verdict import completeness, next_steps, sentence

GAP = Gap(Side.LIVE, "lakeformation:ListDataCellsFilter", "AccessDeniedException", Facts.FILTERS)


def report(*findings, complete=True, gaps=(), equal=10):
    return replace(TYPICAL, findings=findings, complete=complete, gaps=gaps, summary=summary(equal=equal))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        pytest.param(
            report(NARROWED, finding()),
            "WIDENED: 1 finding; role/marketing can now SELECT telemetry_raw.private_messages.body, "
            "which the program never allowed",
            id="widening wins over drift",
        ),
        pytest.param(
            report(FOREIGN, complete=False, gaps=(GAP,)),
            "WIDENED: 1 finding; account 444455556666 can now SELECT telemetry_raw.screen_captures.image_uri, "
            "which the program never allowed; the view is partial, so there may be more",
            id="an exposure in a partial view",
        ),
        pytest.param(
            report(finding(witness=None, message="a thing opened")),
            "WIDENED: 1 finding; a thing opened",
            id="a widening without a witness",
        ),
        pytest.param(
            report(NARROWED),
            "DRIFTED: 1 finding, nothing widened; "
            "role/analysts may no longer describe daily_activity, which the program allows",
            id="drift",
        ),
        pytest.param(
            report(NARROWED, UNKNOWN),
            "DRIFTED: 1 finding, whether anything widened is not known; "
            "role/analysts may no longer describe daily_activity, which the program allows",
            id="drift beside an unknown",
        ),
        pytest.param(
            report(complete=False, gaps=(GAP,)),
            "CANNOT TELL: part of the lake was not read "
            "(lakeformation:ListDataCellsFilter (filters): AccessDeniedException); nothing worse was found",
            id="a partial view is no all-clear",
        ),
        pytest.param(
            report(complete=False),
            "CANNOT TELL: part of the lake was not read; nothing worse was found",
            id="no gap named",
        ),
        pytest.param(
            report(UNKNOWN),
            "CANNOT TELL: 1 difference could not be decided; filter own_team cannot be ordered: "
            "regexp_like is no part of the documented grammar; nothing worse was found",
            id="an unknown in a complete view",
        ),
        pytest.param(
            report(LATENT, POSTURE),
            "LATENT: live is no wider than declared today, but would be tomorrow: 1 finding; role/analysts reads every "
            "column by wildcard where the program lists today's: the next one is open to it",
            id="latent",
        ),
        pytest.param(
            report(POSTURE, WAIVED),
            "RISKY: live is no wider than declared, but what is declared is risky: 1 finding; new tables of "
            "telemetry_curated are open to everyone whom IAM allows, and the program says so; "
            "1 accepted exception apart",
            id="posture",
        ),
        pytest.param(
            report(WAIVED),
            "EQUAL: live allows no more and no less than declared, but for 1 accepted exception "
            "(10 subjects, complete view)",
            id="all waived",
        ),
        pytest.param(
            report(replace(NARROWED, severity=Severity.INFO)),
            "EQUAL: live allows no more and no less than declared (10 subjects, complete view); 1 note",
            id="a note decides nothing",
        ),
        pytest.param(
            clean(),
            "EQUAL: live allows no more and no less than declared (1,204 subjects, complete view)",
            id="equal",
        ),
        pytest.param(
            report(equal=0), "EQUAL: neither side has anything to compare (complete view)", id="nothing on either side"
        ),
    ],
)
def test_sentence(given, said):
    assert sentence(given) == said


@pytest.mark.parametrize("verdict", list(Verdict))
@pytest.mark.parametrize("complete", [True, False])
def test_only_a_whole_view_without_open_findings_is_equal(verdict, complete):
    said = sentence(report(finding(verdict=verdict), complete=complete))
    assert not said.startswith("EQUAL")


def test_the_sentence_is_one_printable_line_even_of_nasty_names():
    for one in nasty().findings:
        assert sentence(report(replace(one, waived=None))).isprintable()


def test_completeness():
    assert completeness(clean()) == (
        "complete view: all 12 readings ended; caller assumed-role/floodline-audit/run is a read-only admin"
    )
    partial = replace(clean(), complete=False, gaps=(GAP,), ledger=(*LEDGER, ledger("ListFoo", complete=False)))
    assert completeness(partial) == (
        "partial view: 1 of 13 readings did not end; 1 gap, the first: "
        "lakeformation:ListDataCellsFilter (filters): AccessDeniedException"
    )
    assert completeness(replace(clean(), complete=False)) == "partial view: the caller may not have seen everything"


@pytest.mark.parametrize(
    ("caller", "said"),
    [
        (Caller(), "the caller could not be told"),
        (Caller("arn:aws:iam::111122223333:role/a", True, False), "caller role/a is a data lake admin"),
        (
            Caller("arn:aws:iam::111122223333:role/a", False, False),
            "caller role/a is no admin, so its view is filtered",
        ),
        (
            Caller("arn:aws:iam::111122223333:role/a", None, False),
            "caller role/a is perhaps no admin: it could not be told",
        ),
    ],
)
def test_caller(caller, said):
    assert completeness(replace(clean(), run=run(caller=caller))).endswith(said)


def test_next_steps_speak_of_the_worst_and_of_the_view():
    steps = next_steps(report(finding(), complete=False))
    assert [step.split(":")[0] for step in steps[:2]] == ["to close the worst", "if it is meant to be"]
    assert "floodline iam-policy" in steps[2]
    assert next_steps(clean()) == ()
    lines = next_steps(report(finding(fix_revoke="aws one \\\n  --two\x1b")))
    assert lines[0] == "to close the worst: aws one \\ --two\\u001b"
