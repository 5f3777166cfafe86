"""Signed-off baselines: only what is new or wider counts; they shrink, and show when they were edited."""

import json
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from waiver_samples import EVERYTHING, GRANT, HIDDEN, INSERT, LAKE, SETTING, TAG, TODAY, UNMANAGED, UNSEEN, access

from checks import baseline, spelling, waivers
from checks.baseline import Signed
from checks.evaluate import Threshold, exit_code
from checks.model import ExitCode, Reach, Waiver
from checks.review import Stage
from checks.waivers import Acceptance, WaiverError

SIGNED = Signed("data platform", ("security",), "there at adoption", "DATA-1", "2026-11-01T10:00:00Z")


def report(*findings, command="check"):
    return {
        "run": {"command": command},
        "findings": [json.loads(json.dumps(spelling.finding(one))) for one in findings],
    }


def made(*findings, signed=SIGNED, command="check"):
    return baseline.read(baseline.write(report(*findings, command=command), signed), "baseline.json")


def applied(found, findings, *, today=TODAY, complete=True, **more):
    after = waivers.apply(findings, Acceptance(today, baseline=found.book, **more), complete=complete, lake=LAKE)
    return after[: len(findings)], [(one.rule, one.message) for one in after[len(findings) :]]


def test_everything_that_can_be_accepted_is():
    kept, told = applied(made(*EVERYTHING), EVERYTHING)
    assert [one.id for one in kept if one.waived is None] == [UNSEEN.id, HIDDEN.id]
    assert told == []
    waiver = kept[0].waived
    assert waiver == Waiver(
        GRANT.id,
        "there at adoption",
        "data platform",
        "",
        "FL101",
        "data platform",
        ("security",),
        "DATA-1",
        "baseline",
    )


def test_only_what_is_new_counts():
    new = replace(
        GRANT, id="00000000000000ff", added=(access("iban"),), subject=replace(GRANT.subject, principal="role/new")
    )
    kept, told = applied(made(GRANT, TAG), [GRANT, new, TAG])
    assert [one.waived is None for one in kept] == [False, True, False]
    assert told == []
    assert exit_code(kept, complete=True, threshold=Threshold()) is ExitCode.WIDENING


def test_what_widens_further_is_open_again():
    now = replace(TAG, reach=Reach(35, 1201, 18000, 40))
    kept, told = applied(made(GRANT, TAG), [GRANT, now])
    assert kept[1].waived is None
    ((rule, words),) = told
    assert (rule, "1,201 tables, accepted were 1,200" in words, TAG.id in words) == ("FL407", True, True)


def test_what_replaced_an_accepted_finding_is_named():
    now = replace(GRANT, id="00000000000000ff", added=(*GRANT.added, access(permission=INSERT)))
    kept, told = applied(made(GRANT, TAG), [now, TAG])
    assert kept[0].waived is None
    rules = dict(told)
    assert set(rules) == {"FL407", "FL410"}
    assert "adds INSERT" in rules["FL407"]
    assert now.id in rules["FL407"]


def test_many_reopened_are_one_finding_that_names_the_first():
    ones = [replace(TAG, id=f"{number:016x}") for number in range(12)]
    now = [replace(one, reach=Reach(36, 1200, 18000, 40)) for one in ones]
    kept, told = applied(made(*ones), now)
    assert not any(one.waived for one in kept)
    ((rule, words),) = told
    assert (rule, words.count("36 principals"), "and 7 more" in words) == ("FL407", 5, True)


def test_a_baseline_that_shrank_says_so():
    kept, told = applied(made(GRANT, TAG, SETTING), [TAG])
    assert kept[0].waived is not None
    ((rule, words),) = told
    assert rule == "FL410"
    assert "shrank: 2 of 3 are gone; write it anew" in words
    assert applied(made(GRANT, TAG, SETTING), [TAG], complete=False)[1] == [], "it may be there unseen"
    assert applied(made(GRANT, command="gate"), [])[1] == [], "another command's findings"


def test_shrinking_removes_and_never_adds():
    old = made(GRANT, TAG, SETTING)
    text, gone = baseline.shrunk(old, {TAG.id, UNMANAGED.id})
    left = baseline.read(text, "b.json")
    assert gone == 2
    assert [one.finding for one in left.book.entries] == [TAG.id]
    assert {key: value for key, value in left.document.items() if key not in {"findings", "sha256"}} == {
        key: value for key, value in old.document.items() if key not in {"findings", "sha256"}
    }
    assert baseline.shrunk(left, {TAG.id}) == (text, 0)


@given(st.permutations(EVERYTHING), st.sets(st.sampled_from([one.id for one in EVERYTHING])))
def test_a_baseline_has_one_spelling(findings, live):
    text = baseline.write(report(*findings), SIGNED)
    assert text == baseline.write(report(*EVERYTHING), SIGNED)
    before = baseline.read(text, "b.json")
    after = baseline.read(baseline.shrunk(before, live)[0], "b.json")
    assert {one.finding for one in after.book.entries} == {one.finding for one in before.book.entries} & live


def test_an_edit_shows():
    text = baseline.write(report(GRANT, TAG), SIGNED)
    for old, new in (
        ('"tables": 1200', '"tables": 9999'),
        ("security", "me"),
        (GRANT.id, "0" * 16),
        ('"DATA-1"', '""'),
    ):
        assert old in text
        with pytest.raises(WaiverError, match="edited after it was signed off"):
            baseline.read(text.replace(old, new), "b.json")
    reordered = json.dumps(dict(reversed(json.loads(text).items())))
    assert baseline.read(reordered, "b.json").book.entries, "spelling is no edit"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "no baseline"),
        ("{}", "no baseline"),
        ('{"schema": "floodline/report/v1"}', "no baseline"),
        ('{"floodline_baseline": 2}', "another version"),
        ('{"floodline_baseline": 1}', "edited"),
    ],
)
def test_what_is_no_baseline_is_one_line(text, said):
    with pytest.raises(WaiverError, match=said) as caught:
        baseline.read(text, "b\x1b.json")
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "changes",
    [
        {"owner": 7},
        {"expires": "soon"},
        {"approvers": "security"},
        {"findings": {}},
        {"findings": [{"finding": 7, "rule": "FL101"}]},
        {"findings": [{"finding": GRANT.id, "rule": "FL101", "tables": "all"}]},
    ],
)
def test_a_sealed_file_that_lacks_something_is_one_line_too(changes):
    text = baseline._sealed({**made(GRANT).document, **changes})
    with pytest.raises(WaiverError, match="write it anew"):
        baseline.read(text, "b.json")


@pytest.mark.parametrize("approvers", [(), ("Data  Platform",), ("",)])
def test_a_baseline_wants_an_approver_other_than_its_owner(approvers):
    with pytest.raises(WaiverError, match="approver"):
        baseline.write(report(GRANT), replace(SIGNED, approvers=approvers))


def test_the_last_day_of_a_baseline_is_inclusive():
    ending = made(GRANT, signed=replace(SIGNED, expires="2026-11-23"))
    assert applied(ending, [GRANT])[0][0].waived is not None
    kept, told = applied(ending, [GRANT], today=date(2026, 11, 24))
    assert kept[0].waived is None
    ((rule, words),) = told
    assert (rule, "2026-11-23" in words) == ("FL401", True)


def test_a_waiver_comes_before_the_baseline_and_stays_the_waivers():
    waived = replace(GRANT, waived=Waiver(GRANT.id, "r", "o", "2026-12-31"))
    former = replace(TAG, waived=Waiver(TAG.id, "r", "o", "", kind="baseline"))
    assert [one.finding for one in made(waived, former).book.entries] == [TAG.id]


def test_review_stages_ask_baselines_too():
    kept, told = applied(made(GRANT), [GRANT], stages=(Stage("restricted", 2, sensitive=True),))
    assert kept[0].waived is None
    assert [rule for rule, _ in told] == ["FL408"]


@given(st.lists(st.sampled_from(EVERYTHING), max_size=8), st.lists(st.sampled_from(EVERYTHING), max_size=8))
def test_a_baseline_accepts_what_it_holds_and_nothing_else(old, now):
    kept, _ = applied(made(*old), now)
    held = {one.id for one in old if waivers.waivable(one)}
    assert [one.waived is not None for one in kept] == [one.id in held for one in now]
    assert [replace(one, waived=None) for one in kept] == now
