"""What a waiver accepts, and when it does not: every rule with a day handed in."""

import json
import tomllib
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from waiver_samples import (
    ACCOUNT,
    EVERY_TABLE,
    EVERYTHING,
    GRANT,
    HIDDEN,
    INSERT,
    LAKE,
    ORDERS,
    SELECT,
    SETTING,
    SIGNED,
    TAG,
    TODAY,
    UNDECIDED,
    UNMANAGED,
    UNSEEN,
    access,
    applied,
    entry,
    on_subject,
    only,
    written,
)

from checks import spelling, waivers
from checks.evaluate import Threshold, exit_code
from checks.model import (
    EVERY_COLUMN,
    EVERYONE,
    Access,
    AllExcept,
    AnyResource,
    ExitCode,
    Finding,
    Function,
    LakeId,
    OptInRef,
    Origin,
    Reach,
    Severity,
    Subject,
    Verdict,
    WaiverRef,
)
from checks.waivers import KINDS, Acceptance, Book, WaiverError, read, toml_text, toml_value


# ---------------------------------------------------------------------------------------------------------- acceptance
@pytest.mark.parametrize("one", [GRANT, TAG, UNMANAGED, UNDECIDED, SETTING, EVERY_TABLE], ids=lambda one: one.rule)
def test_an_exact_finding_is_accepted_and_stays_in_the_report_with_its_waiver(one):
    book = read(written(entry(one)), "waivers.toml")
    (kept,) = waivers.apply([one], Acceptance(TODAY, book))
    assert replace(kept, waived=None) == one
    waiver = kept.waived
    assert waiver is not None
    assert (waiver.finding, waiver.rule, waiver.kind) == (one.id, one.rule, "waiver")
    assert (waiver.reason, waiver.owner, waiver.author) == (SIGNED["reason"], SIGNED["owner"], SIGNED["author"])
    assert (waiver.approvers, waiver.ticket, waiver.expires) == (("security",), "DATA-112", "2026-12-31")
    assert exit_code([kept], complete=True, threshold=Threshold()) is ExitCode.CLEAN


@pytest.mark.parametrize("one", [GRANT, TAG, UNMANAGED, UNDECIDED, SETTING], ids=lambda one: one.rule)
def test_a_rule_on_one_exact_subject_is_accepted(one):
    assert applied([on_subject(one)], [one]) == ([one.id], [])
    assert applied([on_subject(one, rule=one.name)], [one]) == ([one.id], [])


def test_a_subject_may_be_spelt_as_people_say_it():
    spelt = on_subject(GRANT, principal="role/marketing", resource="sales.orders")
    assert applied([spelt], [GRANT]) == ([GRANT.id], [])
    whole = on_subject(GRANT, resource={"kind": "table", "database": "sales", "table": "orders"})
    assert applied([whole], [GRANT]) == ([GRANT.id], []), "the catalog is the lake's own where nothing is said"


@pytest.mark.parametrize(
    "changes",
    [
        {"rule": "FL102"},
        {"principal": f"arn:aws:iam::{ACCOUNT}:role/Marketing"},
        {"resource": "sales.order"},
        {"resource": {"kind": "table", "database": "sales"}},
        {"resource": {"kind": "table", "database": "sales", "table": "orders", "name": "x"}},
        {"resource": {"kind": "table", "catalog": "444455556666", "database": "sales", "table": "orders"}},
        {"account": "444455556666"},
        {"region": "us-west-2"},
    ],
)
def test_another_subject_is_not_accepted(changes):
    assert applied([on_subject(GRANT, **changes)], [GRANT])[0] == []


def test_a_waiver_holds_for_its_finding_only():
    accepted, told = applied([entry(GRANT)], EVERYTHING)
    assert (accepted, told) == ([GRANT.id], [])


def test_a_waived_unknown_is_no_open_question_and_the_unseen_stays_one():
    accepted, told = applied([entry(UNDECIDED)], [UNDECIDED])
    assert (accepted, told) == ([UNDECIDED.id], [])


@pytest.mark.parametrize("one", [UNSEEN, HIDDEN])
def test_what_was_not_seen_cannot_be_accepted(one):
    accepted, told = applied([entry(one)], [one])
    assert accepted == []
    rule, words = only(told)
    assert (rule, "not seen" in words) == ("FL409", True)
    assert applied([on_subject(one)], [one])[0] == []


def test_findings_about_waivers_cannot_be_accepted():
    stale = waivers.apply([], Acceptance(TODAY, read(written(entry(GRANT)), "waivers.toml")), lake=LAKE)[0]
    assert stale.rule == "FL402"
    accepted, told = applied([entry(stale)], [stale])
    assert accepted == []
    assert only(told)[0] == "FL409"


# ---------------------------------------------------------------------------------------------------------------- days
@pytest.mark.parametrize(("day", "holds"), [(30, True), (31, True), (32, False), (400, False)])
def test_the_last_day_is_inclusive(day, holds):
    today = date(2026, 12, 1) + timedelta(days=day - 1)
    accepted, told = applied([entry(GRANT)], [GRANT], today=today)
    assert accepted == ([GRANT.id] if holds else [])
    if not holds:
        rule, words = only(told)
        assert rule == "FL401"
        assert "2026-12-31" in words


def test_an_expired_waiver_leaves_its_finding_loud():
    book = read(written(entry(GRANT)), "waivers.toml")
    findings = waivers.apply([GRANT], Acceptance(date(2027, 1, 1), book))
    assert exit_code(findings, complete=True, threshold=Threshold()) is ExitCode.WIDENING


def test_the_cap_counts_from_today_where_no_approval_is_dated():
    last = TODAY + timedelta(days=180)
    assert applied([entry(GRANT, expires=last)], [GRANT]) == ([GRANT.id], [])
    accepted, told = applied([entry(GRANT, expires=last + timedelta(days=1))], [GRANT])
    assert accepted == []
    assert only(told)[0] == "FL405"
    assert "181 days" in only(told)[1]
    assert applied([entry(GRANT, expires=last)], [GRANT], longest_days=179)[0] == []


def test_the_cap_counts_from_the_day_of_approval():
    approved = TODAY - timedelta(days=100)
    held = entry(GRANT, approved=approved, expires=approved + timedelta(days=180))
    assert applied([held], [GRANT]) == ([GRANT.id], [])
    longer = entry(GRANT, approved=approved, expires=approved + timedelta(days=181))
    assert only(applied([longer], [GRANT])[1])[0] == "FL405"


def test_an_approval_to_come_does_not_lengthen_anything():
    accepted, told = applied([entry(GRANT, approved=TODAY + timedelta(days=1))], [GRANT])
    assert accepted == []
    assert only(told)[0] == "FL406"


def test_days_may_be_texts():
    assert applied([entry(GRANT, expires="2026-12-31", approved="2026-11-23")], [GRANT]) == ([GRANT.id], [])


# --------------------------------------------------------------------------------------------------- who answers for it
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"owner": None}, "no `owner`"),
        ({"owner": "  "}, "no `owner`"),
        ({"author": None}, "no `author`"),
        ({"approvers": None}, "nobody approved"),
        ({"approvers": []}, "nobody approved"),
        ({"approvers": [" "]}, "nobody approved"),
        ({"approvers": ["pipelines"]}, "own author"),
        ({"approvers": ["Pipelines ", "pipelines"]}, "own author"),
        ({"approvers": "pipelines"}, "own author"),
    ],
)
def test_an_unowned_waiver_waives_nothing(changes, said):
    accepted, told = applied([entry(GRANT, **changes)], [GRANT])
    assert accepted == []
    rule, words = only(told)
    assert (rule, said in words) == ("FL403", True), words


def test_the_author_may_be_among_the_approvers_if_somebody_else_is_too():
    assert applied([entry(GRANT, approvers=["pipelines", "security"])], [GRANT])[0] == [GRANT.id]
    assert applied([entry(GRANT, approvers="security")], [GRANT])[0] == [GRANT.id]


# ------------------------------------------------------------------------------------------------------------ too wide
@pytest.mark.parametrize(
    ("made", "said"),
    [
        (entry(rule="FL101"), "neither a finding nor one rule"),
        (entry(), "neither a finding nor one rule"),
        (entry(rule="FL101", principal=GRANT.subject.principal), "neither a finding nor one rule"),
        (entry(resource="sales.orders"), "neither a finding nor one rule"),
        (on_subject(GRANT, resource="sales.*"), "wildcard"),
        (on_subject(GRANT, resource={"kind": "table", "database": "sales", "table": "*"}), "wildcard"),
        (on_subject(GRANT, principal=f"arn:aws:iam::{ACCOUNT}:role/*"), "wildcard"),
        (on_subject(GRANT, principal="role/m?rketing"), "wildcard"),
        (on_subject(GRANT, rule="FL1*"), "wildcard"),
        (entry(GRANT, finding="*"), "16 hex digits"),
        (entry(GRANT, finding="00000000000000a?"), "16 hex digits"),
        (on_subject(GRANT, added=None), "`added`"),
        (on_subject(GRANT, principal=None), "`principal`"),
    ],
)
def test_too_wide_a_waiver_waives_nothing(made, said):
    accepted, told = applied([made], [GRANT])
    assert accepted == []
    rule, words = only(told)
    assert (rule, said in words) == ("FL404", True), words


@pytest.mark.parametrize(
    "resource",
    [
        EVERY_TABLE.subject.resource,
        AnyResource(ACCOUNT, "Table"),
        Function(ACCOUNT, "sales", "*"),
        OptInRef(EVERY_TABLE.subject.resource),
    ],
)
def test_a_subject_that_grows_by_itself_is_no_exact_one(resource):
    one = replace(GRANT, subject=replace(GRANT.subject, resource=resource))
    accepted, told = applied([on_subject(one, resource=spelling.words(resource))], [one])
    assert accepted == []
    rule, words = only(told)
    assert (rule, one.id in words) == ("FL404", True), "the remedy is named"
    assert applied([entry(one)], [one])[0] == [one.id]


def test_one_subject_in_several_lakes_is_none():
    """Regions of one account have catalogs of the same number."""
    west = replace(GRANT, id="00000000000000a9", subject=replace(GRANT.subject, lake=replace(LAKE, region="us-west-2")))
    accepted, told = applied([on_subject(GRANT)], [GRANT, west])
    assert accepted == []
    assert only(told)[0] == "FL404"
    assert applied([on_subject(GRANT, region="us-west-2")], [GRANT, west]) == ([west.id], [])


@pytest.mark.parametrize(
    ("one", "keys"),
    [
        (TAG, {"principals": 35, "tables": 1200, "columns": 18000}),
        (replace(TAG, reach=Reach(None, 2)), {"principals": '"many"', "tables": 2}),
        (replace(TAG, reach=Reach(2, 1)), {"principals": 2}),
        (SETTING, {"tables": 14}),
    ],
)
def test_a_wide_reach_must_be_recorded_and_the_message_says_how(one, keys):
    bare = entry(one, principals=None, tables=None, columns=None, sensitive_columns=None)
    accepted, told = applied([bare], [one])
    assert accepted == []
    rule, words = only(told)
    assert rule == "FL404"
    assert all(f"`{key} = {value}`" in words for key, value in keys.items()), words
    complete = bare | {key: "many" if value == '"many"' else value for key, value in keys.items()}
    assert applied([complete], [one])[0] == [one.id], "the remedy helps"


def test_a_bare_fingerprint_is_enough_for_one_principal_on_one_table():
    bare = {"finding": GRANT.id} | SIGNED
    assert applied([bare], [GRANT]) == ([GRANT.id], [])
    everybody = replace(GRANT, subject=replace(GRANT.subject, principal=EVERYONE), reach=Reach(None, 1, 2))
    assert applied([bare], [everybody]) == ([GRANT.id], [])


def test_a_subject_must_say_what_is_live_and_whether_it_exposes():
    bare = on_subject(SETTING, live=None)
    assert '`live = "role/lake-admin, role/ml"`' in only(applied([bare], [SETTING])[1])[1]
    exposing = replace(UNMANAGED, exposure=True)
    bare = on_subject(exposing, exposes=None)
    assert "`exposes = true`" in only(applied([bare], [exposing])[1])[1]


# ---------------------------------------------------------------------------------------------------------- re-opening
GROWN = [
    (TAG, replace(TAG, reach=Reach(36, 1200, 18000, 40)), "36 principals, accepted were 35"),
    (TAG, replace(TAG, reach=Reach(None, 1200, 18000, 40)), "many principals, accepted were 35"),
    (TAG, replace(TAG, reach=Reach(35, 1201, 18000, 40)), "1,201 tables, accepted were 1,200"),
    (TAG, replace(TAG, reach=Reach(35, 1200, 18001, 40)), "18,001 columns, accepted were 18,000"),
    (TAG, replace(TAG, reach=Reach(35, 1200, 18000, 41)), "41 sensitive columns, accepted were 40"),
    (GRANT, replace(GRANT, added=(access("card", "name", "iban"),)), "adds SELECT on column iban"),
    (GRANT, replace(GRANT, added=(Access(GRANT.added[0].permission, EVERY_COLUMN),)), "every column but card, name"),
    (GRANT, replace(GRANT, added=(*GRANT.added, access(permission=INSERT))), "adds INSERT"),
    (GRANT, replace(GRANT, added=(replace(GRANT.added[0], grantable=True),)), "may pass it on"),
    (GRANT, replace(GRANT, removed=(access("id"),)), "takes SELECT on column id"),
    (UNMANAGED, replace(UNMANAGED, exposure=True), "opens what a stack declares"),
    (
        replace(GRANT, origin=Origin.STANDING),
        replace(GRANT, origin=Origin.ADOPTED),
        "its origin is adopted, accepted was standing",
    ),
    (SETTING, replace(SETTING, live="role/lake-admin, role/ml, role/new"), "accepted was role/lake-admin, role/ml"),
    (SETTING, replace(SETTING, live="role/lake-admin, " * 30), "something else"),
]


@pytest.mark.parametrize(("before", "now", "said"), GROWN)
@pytest.mark.parametrize("spelt", [entry, on_subject])
def test_what_widens_further_is_open_again_and_both_are_named(before, now, said, spelt):
    accepted, told = applied([spelt(before)], [now])
    assert accepted == []
    rule, words = only(told)
    assert (rule, said in words) == ("FL407", True), words
    assert now.id in words


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (TAG, replace(TAG, reach=Reach(34, 2, 3, 0))),
        (replace(TAG, reach=Reach(None, 3)), replace(TAG, reach=Reach(12, 3))),
        (GRANT, replace(GRANT, added=(access("name"),))),
        (GRANT, replace(GRANT, added=(access("name"), access("card")))),
        (replace(GRANT, added=(access("name"), access("card"))), GRANT),
        (
            replace(GRANT, added=(access(),)),
            replace(GRANT, added=(Access(SELECT, AllExcept(frozenset({"x"}))),)),
        ),
        (replace(GRANT, added=(access("name", "card", grantable=True),)), GRANT),
        (GRANT, replace(GRANT, added=(access("card", "name", rows="region = 'EU'"),))),
        (replace(UNMANAGED, exposure=True), UNMANAGED),
        (GRANT, replace(GRANT, live="something else in words")),
    ],
)
@pytest.mark.parametrize("spelt", [entry, on_subject])
def test_what_only_narrows_stays_accepted(before, now, spelt):
    assert applied([spelt(before)], [now]) == ([now.id], [])


def test_rows_that_were_accepted_are_those_rows():
    europe = replace(GRANT, added=(access("card", rows="region = 'EU'"),))
    assert applied([on_subject(europe)], [europe])[0] == [GRANT.id]
    for rows in (None, "region = 'US'"):
        assert applied([on_subject(europe)], [replace(europe, added=(access("card", rows=rows),))])[0] == []


def test_a_finding_with_another_fingerprint_on_the_same_subject_is_named():
    now = replace(GRANT, id="00000000000000ff", added=(*GRANT.added, access(permission=INSERT)))
    subject = {"rule": "FL101", "principal": GRANT.subject.principal, "resource": "sales.orders"}
    accepted, told = applied([entry(GRANT, **subject)], [now])
    assert accepted == []
    rule, words = only(told)
    assert rule == "FL407"
    assert "00000000000000a1" in words
    assert "00000000000000ff" in words
    assert "adds INSERT" in words


def test_a_renewed_entry_beside_the_old_one_is_named_as_unused():
    now = replace(GRANT, id="00000000000000ff")
    subject = {"rule": "FL101", "principal": GRANT.subject.principal, "resource": "sales.orders"}
    for entries in ([entry(GRANT, **subject), entry(now, **subject)], [entry(now, **subject), entry(GRANT, **subject)]):
        accepted, told = applied(entries, [now])
        assert accepted == [now.id]
        assert only(told)[0] == "FL402"


@pytest.mark.parametrize(
    "changes",
    [
        {"rule": "FL102"},
        {"principal": "role/sales"},
        {"resource": "sales.customers"},
        {"resource": {"kind": "database", "database": "sales"}},
        {"account": "444455556666"},
        {"region": "eu-west-1"},
    ],
)
def test_what_is_written_beside_a_fingerprint_must_be_so(changes):
    """Approvers read the words, not the fingerprint."""
    accepted, told = applied([entry(GRANT, **changes)], [GRANT])
    assert accepted == []
    rule, words = only(told)
    assert (rule, "sales.orders" in words) == ("FL406", True)


# ------------------------------------------------------------------------------------------------------- unused entries
def test_an_entry_whose_finding_is_gone_is_told():
    accepted, told = applied([entry(TAG)], [GRANT])
    assert accepted == []
    rule, words = only(told)
    assert (rule, "not there any more" in words) == ("FL402", True)
    assert "partial" not in words


def test_a_partial_view_does_not_say_that_it_is_gone_for_sure():
    book = read(written(entry(TAG)), "waivers.toml")
    (told,) = waivers.apply([], Acceptance(TODAY, book), complete=False, lake=LAKE)
    assert "partial" in told.message
    assert told.confidence.value == "assumed"


def test_two_entries_for_one_finding_are_one_too_many():
    accepted, told = applied([entry(GRANT), entry(GRANT)], [GRANT])
    assert accepted == [GRANT.id]
    rule, words = only(told)
    assert (rule, "another entry" in words) == ("FL402", True)


def test_an_entry_of_the_other_command_is_left_alone():
    assert applied([entry(GRANT, command="gate")], [GRANT]) == ([], [])
    assert applied([entry(GRANT, command="gate")], [GRANT], command="gate") == ([GRANT.id], [])
    assert applied([entry(GRANT)], [], command="gate") == ([], []), "it may be for check"
    assert only(applied([entry(GRANT, command="gate")], [], command="gate")[1])[0] == "FL402"


# ------------------------------------------------------------------------------------------------------ broken entries
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"reason": None}, "no `reason`"),
        ({"reason": " "}, "no `reason`"),
        ({"ticket": None}, "no `ticket`"),
        ({"expires": None}, "no `expires`"),
        ({"expires": "soon"}, "`expires` is no day"),
        ({"expires": "2026-02-30"}, "`expires` is no day"),
        ({"expires": 20261231}, "`expires` must be a day"),
        ({"approved": "2027-01-01", "expires": "2026-12-31"}, "ends before"),
        ({"finding": "00000000000000A1"}, "16 hex digits"),
        ({"finding": 7}, "16 hex digits"),
        ({"reason": 7}, "`reason` must be a text"),
        ({"approvers": [7]}, "`approvers` must be a list"),
        ({"resource": 7}, "`resource`"),
        ({"resource": ""}, "`resource`"),
        ({"tables": -1}, "`tables` must be a number"),
        ({"tables": True}, "`tables` must be a number"),
        ({"principals": "some"}, "`principals`"),
        ({"exposes": "yes"}, "`exposes`"),
        ({"added": "SELECT"}, "`added`"),
        ({"added": [{"permission": 7}]}, "`added`"),
        ({"added": [{"permission": "SELECT", "column": ["id"]}]}, "`added`"),
        ({"removed": [{"permission": "SELECT", "columns": {"but": ["id"]}}]}, "`removed`"),
        ({"command": "chekc"}, "`command`"),
        ({"approver": "security"}, "did you mean `approvers`"),
        ({"expiry": "2026-12-31"}, "unknown key `expiry`"),
    ],
)
def test_a_broken_entry_waives_nothing(changes, said):
    accepted, told = applied([entry(GRANT, **changes)], [GRANT])
    assert accepted == []
    assert any(rule == "FL406" and said in words for rule, words in told), told


def test_a_day_with_a_time_is_no_day():
    text = written(entry(GRANT, expires=None)) + "expires = 2026-12-31T10:00:00Z\n"
    found = waivers.apply([GRANT], Acceptance(TODAY, read(text, "w.toml")))
    assert found[0].waived is None
    assert "must be a day" in found[1].message


def test_every_fault_of_an_entry_is_told_with_its_line():
    made = entry(GRANT, owner=None, reason=None, expires=date(2026, 1, 1), tables="x")
    text = written(entry(TAG), made)
    line = text.splitlines().index("[[waiver]]", 1) + 1
    found = waivers.apply([GRANT, TAG], Acceptance(TODAY, read(text, "waivers.toml")))
    assert sorted(one.rule for one in found[2:]) == ["FL401", "FL403", "FL406", "FL406"]
    assert all(f"waivers.toml line {line}" in one.message for one in found[2:])
    assert {one.evidence[0].pointer for one in found[2:]} == {"/waiver/1"}


def test_a_resource_of_odd_values_is_nobodys():
    text = written(on_subject(GRANT, resource=None)) + "resource = { kind = 2026-01-01, n = 1.5 }\n"
    found = waivers.apply([GRANT], Acceptance(TODAY, read(text, "w.toml")))
    assert [one.rule for one in found[1:]] == ["FL402"]


def test_a_heading_inside_a_text_shifts_no_line():
    text = written(entry(GRANT, reason=None)) + 'reason = """\n[[waiver]]\n"""\nowner2 = 1\n'
    (_, told) = waivers.apply([GRANT], Acceptance(TODAY, read(text, "w.toml")))
    assert told.message.startswith("w.toml entry 1: ")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[waiver]", "not TOML"),
        ("a = [" + "[" * 5000, "not TOML"),
        ("[[waivers]]\nfinding = 'x'", "unknown key `waivers`"),
        ("[waiver]\nfinding = 'x'", "`[[waiver]]`"),
        ("waiver = ['x']", "`[[waiver]]`"),
        ("\x1b[31m = 1", "not TOML"),
    ],
)
def test_a_file_that_is_none_is_one_line(text, said):
    with pytest.raises(WaiverError) as caught:
        read(text, "bad\x1b.toml")
    assert said in str(caught.value)
    assert str(caught.value).isprintable()


def test_an_empty_file_is_fine():
    assert read("", "w.toml") == Book("w.toml")


# ------------------------------------------------------------------------------------------------- how they are reported
def test_ids_of_the_rules_are_their_own():
    assert list(KINDS) == [f"FL{number}" for number in range(401, 411)]
    assert len({kind.name for kind in KINDS.values()}) == len(KINDS)


@pytest.mark.parametrize("complete", [True, False])
def test_findings_about_waivers_decide_nothing_unless_posture_does(complete):
    stale = waivers.apply([], Acceptance(TODAY, read(written(entry(GRANT)), "w.toml")), lake=LAKE)
    expected = ExitCode.CLEAN if complete else ExitCode.UNDECIDED
    assert exit_code(stale, complete=complete, threshold=Threshold()) is expected
    assert exit_code(stale, complete=complete, threshold=Threshold(frozenset({"posture"}))) is ExitCode.DRIFT


def test_ids_stay_the_same_from_day_to_day():
    def ids(today):
        book = read(written(entry(GRANT, expires=date(2027, 12, 31)), entry(GRANT, owner=None), entry(TAG)), "w.toml")
        return [one.id for one in waivers.apply([], Acceptance(today, book), lake=LAKE)]

    assert ids(TODAY) == ids(TODAY + timedelta(days=3))


def test_a_run_without_any_lake_still_tells():
    (told,) = waivers.apply([], Acceptance(TODAY, read(written(entry(GRANT)), "w.toml")))
    assert told.subject == Subject("waiver", None, WaiverRef(GRANT.id), LakeId("aws", "", ""))


def test_hostile_texts_never_reach_a_message_raw():
    bad = "x\x1b[31m\u202e</script>\n"
    entries = [
        entry(GRANT, owner=bad, reason=bad, author=bad, approvers=[bad], ticket=bad),
        entry(rule=bad, principal=bad, resource=bad, added=[]),
        entry(GRANT, resource=bad),
        {**entry(TAG), bad: 1},
    ]
    text = "\n".join(
        "[[waiver]]\n" + "\n".join(f"{toml_text(key)} = {toml_value(value)}" for key, value in one.items())
        for one in entries
    )
    for one in waivers.apply([GRANT, TAG], Acceptance(TODAY, read(text, f"w{bad}.toml"))):
        assert one.message.isprintable()


# ----------------------------------------------------------------------------------------------------------------- laws
PEOPLE = st.sampled_from(["security", "pipelines", "governance", "Pipelines", ""])
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "owner": st.sampled_from(["data platform", "", None]),
        "approvers": st.lists(PEOPLE, max_size=3),
        "expires": st.dates(date(2026, 11, 1), date(2027, 9, 1)) | st.none(),
        "approved": st.dates(date(2026, 9, 1), date(2026, 12, 1)),
        "tables": st.integers(0, 1500) | st.none(),
        "principals": st.integers(0, 40) | st.just("many") | st.none(),
        "exposes": st.booleans() | st.none(),
        "command": st.sampled_from(["check", "gate", "other"]),
        "region": st.sampled_from(["us-east-1", "us-west-2"]),
    },
)
FINDINGS = st.lists(st.sampled_from([*EVERYTHING, *(now for _, now, _ in GROWN)]), max_size=8)


@st.composite
def entries(draw):
    one, spelt = draw(st.sampled_from(EVERYTHING)), draw(st.sampled_from([entry, on_subject]))
    return spelt(one, **draw(CHANGES))


@given(FINDINGS, st.lists(entries(), max_size=5), st.booleans())
def test_waivers_change_nothing_but_what_they_accept(findings, given_entries, complete):
    book = read(written(*given_entries), "waivers.toml")
    after = waivers.apply(findings, Acceptance(TODAY, book), complete=complete, lake=LAKE)
    kept, told = after[: len(findings)], after[len(findings) :]
    assert [replace(one, waived=None) for one in kept] == findings
    assert all(one.waived is None and one.verdict is Verdict.POSTURE for one in told)
    named = {one.get("finding") for one in given_entries} | {
        (one.get("rule"), one.get("principal")) for one in given_entries
    }
    for one in kept:
        if one.waived is not None:
            assert one.id in named or (one.rule, one.subject.principal) in named
            assert waivers.waivable(one)
            assert date.fromisoformat(one.waived.expires) >= TODAY
    loud = any(one.widens and one.waived is None and one.severity > Severity.INFO for one in kept)
    assert (exit_code(after, complete=complete, threshold=Threshold()) is ExitCode.WIDENING) is loud
    if not complete or any(one.verdict is Verdict.UNKNOWN and one.waived is None for one in kept):
        assert exit_code(after, complete=complete, threshold=Threshold()) is not ExitCode.CLEAN


@given(FINDINGS, st.lists(entries(), max_size=5))
def test_the_order_of_entries_decides_nothing_about_what_is_accepted(findings, given_entries):
    def accepted(told):
        after = waivers.apply(findings, Acceptance(TODAY, read(written(*told), "w.toml")), lake=LAKE)
        return [one.id for one in after if one.waived]

    assert accepted(given_entries) == accepted(given_entries[::-1])


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_every_text_survives_toml(text):
    line = toml_text(text)
    assert line.isascii()
    assert line.isprintable()
    assert tomllib.loads(f"a = {line}")["a"] == text


def test_half_a_character_is_told_as_none():
    assert tomllib.loads(f"a = {toml_text(chr(0xD800))}")["a"] == "\ufffd"


def test_values_that_toml_does_not_have_are_refused():
    assert toml_value({"a b": [1, True, "x"], "n": None}) == '{ "a b" = [1, true, "x"] }'
    with pytest.raises(TypeError):
        toml_value(1.5)


def test_the_samples_are_findings_as_reports_have_them():
    assert all(json.loads(json.dumps(spelling.finding(one)))["id"] == one.id for one in EVERYTHING)
    assert isinstance(GRANT, Finding)
    assert GRANT.subject.resource == ORDERS
