"""Review stages: whose approval a waiver needs, and who is named as missing."""

from dataclasses import replace

import pytest
from waiver_samples import GRANT, ORDERS, SETTING, TAG, UNMANAGED, applied, entry, on_subject, only

from checks.model import Database, DataLocation, Reach, Severity, TagRef
from checks.review import Stage, missing, person

TWO = Stage("restricted data", 2, sensitive=True)
LISTED = Stage("privacy", 2, ("security", "Data Protection", "legal"), databases=("sales",))


@pytest.mark.parametrize(
    ("stage", "one", "covered"),
    [
        (Stage("all", 1), GRANT, True),
        (TWO, GRANT, True),
        (TWO, replace(GRANT, reach=Reach(1, 1, 2, 0)), False),
        (Stage("plain", 1, sensitive=False), GRANT, False),
        (Stage("plain", 1, sensitive=False), SETTING, True),
        (Stage("grave", 1, severity=Severity.HIGH), GRANT, True),
        (Stage("grave", 1, severity=Severity.HIGH), TAG, True),
        (Stage("grave", 1, severity=Severity.CRITICAL), GRANT, False),
        (Stage("by id", 1, rules=frozenset({"FL101"})), GRANT, True),
        (Stage("by name", 1, rules=frozenset({"grant-widened"})), GRANT, True),
        (Stage("by id", 1, rules=frozenset({"FL101"})), TAG, False),
        (Stage("there", 1, databases=("sales",)), GRANT, True),
        (Stage("there", 1, databases=("sa*",)), GRANT, True),
        (Stage("there", 1, databases=("sales",)), TAG, True),
        (Stage("there", 1, databases=("sale", "lab")), GRANT, False),
        (Stage("there", 1, databases=("lab",)), UNMANAGED, True),
        (Stage("both", 1, sensitive=True, databases=("lab",)), GRANT, False),
    ],
)
def test_every_condition_of_a_stage_must_be_met(stage, one, covered):
    assert stage.covers(one) is covered


@pytest.mark.parametrize(
    "one", [SETTING, replace(SETTING, subject=replace(SETTING.subject, resource=DataLocation("", "arn:aws:s3:::x")))]
)
def test_what_lies_in_no_one_database_may_reach_each(one):
    assert Stage("there", 1, databases=("lab",)).covers(one)


@pytest.mark.parametrize(
    ("stage", "approvers", "said"),
    [
        (TWO, ["security", "legal"], None),
        (TWO, ["security"], "1 more approval from somebody other than the author"),
        (TWO, ["security", "Security "], "1 more approval from"),
        (TWO, ["security", "pipelines"], "1 more approval from"),
        (TWO, [], "2 more approvals"),
        (TWO, ["", " "], "2 more approvals"),
        (LISTED, ["security", "data protection"], None),
        (LISTED, ["security", "governance"], "1 more approval from `Data Protection` or `legal`"),
        (LISTED, ["governance", "board"], "2 more approvals from `security`, `Data Protection` or `legal`"),
        (Stage("x", 1, ("legal",)), ["security"], "1 more approval from `legal`"),
        (Stage("x\x1b", 1, ("l\u202e",)), [], "review `x\\u001b` wants 1 more approval from `l\\u202e`"),
    ],
)
def test_who_is_missing_is_named(stage, approvers, said):
    found = stage.lacks(approvers, "pipelines")
    assert (found is None) is (said is None)
    assert found is None or said is None or said in found


def test_the_author_is_not_named_as_one_who_may_approve():
    told = Stage("x", 2, ("pipelines", "legal", "security")).lacks([], "Pipelines")
    assert told == "review `x` wants 2 more approvals from `legal` or `security`"


def test_every_stage_that_covers_is_asked():
    assert len(missing([TWO, LISTED, Stage("other", 9, rules=frozenset({"FL999"}))], GRANT, ["a"], "b")) == 2


# ----------------------------------------------------------------------------------------------------------- in waivers
def test_a_waiver_that_lacks_an_approval_does_not_hold():
    accepted, told = applied([entry(GRANT)], [GRANT], stages=(TWO,))
    assert accepted == []
    rule, words = only(told)
    assert rule == "FL408"
    assert "review `restricted data` wants 1 more approval" in words
    assert applied([entry(GRANT, approvers=["security", "legal"])], [GRANT], stages=(TWO,)) == ([GRANT.id], [])


def test_a_stage_asks_by_the_finding_as_it_is_today():
    quiet = replace(GRANT, reach=Reach(1, 1, 2, 0))
    assert applied([on_subject(quiet)], [quiet], stages=(TWO,)) == ([GRANT.id], [])
    assert applied([on_subject(quiet, sensitive_columns=None)], [GRANT], stages=(TWO,))[0] == []


def test_the_samples_lie_where_the_stages_look():
    assert ORDERS.database == "sales"
    assert TAG.subject.resource == TagRef(Database(ORDERS.catalog, "sales"), "sensitivity")


@pytest.mark.parametrize(
    "other",
    ["Alice", " alice ", "ali\u200bce", "alice\u2060", "\uff41lice", "ali\u00adce", "alice\ufe0f", "\u202ealice"],
)
def test_what_nobody_sees_makes_no_other_person(other):
    assert person(other) == person("alice")
    assert missing((Stage("two", 1),), GRANT, (other,), "alice")


def test_another_letter_is_another_person():
    assert len({person(one) for one in ("alice", "alicia", "al ice", "\u00e1lice", "\u200b")}) == 5
