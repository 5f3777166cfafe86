"""Grant conditions in the console's form; everything else is opaque."""

import itertools
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.predicates import abac
from checks.predicates.kernel import Relation

TAGS = "context.iam.principalTags."


def tag(key: str, *values: str) -> str:
    each = [f'{TAGS}hasTag("{key}") && {TAGS}getTag("{key}") == "{value}"' for value in values]
    return each[0] if len(each) == 1 else "(" + " || ".join(f"({one})" for one in each) + ")"


@pytest.mark.parametrize(
    ("declared", "live", "relation", "gained"),
    [
        (tag("team", "a"), None, "wider", {"team": None}),
        (None, tag("team", "a"), "narrower", None),
        (tag("team", "a", "b"), tag("team", "b", "a"), "equal", None),
        (tag("team", "a"), tag("team", "a", "b"), "wider", {"team": "b"}),
        (tag("team", "a"), tag("team", "a") + " && " + tag("site", "x"), "narrower", None),
        (tag("team", "a"), f'{TAGS}hasTag("team")', "wider", {"team": "other"}),
        (tag("team", "a", "b"), f'{TAGS}hasTag("team") && ({TAGS}getTag("team") == "a")', "narrower", None),
        (tag("team", "a"), tag("Team", "a"), "overlap", {"team": None, "Team": "a"}),
    ],
)
def test_console_form(declared, live, relation, gained):
    verdict = abac.compare(live, declared)
    assert verdict.relation == relation
    assert verdict.gained == gained


@pytest.mark.parametrize(
    "opaque",
    [
        "true",
        "",
        f'!{TAGS}hasTag("a")',
        f'{TAGS}getTag("a") != "b"',
        f'{TAGS}getTag("a") == "b" || {TAGS}hasTag("c")',
        f'{TAGS}hasTag("a\\"b")',
        f'{TAGS}hasTag("a") &&',
        f'({TAGS}hasTag("a")',
        f'{TAGS}hasTag("a") {TAGS}hasTag("b")',
        "(" * 100,
        f'{TAGS}hasTag("{"a" * 3000}")',
    ],
)
def test_everything_else_is_opaque(opaque):
    verdict = abac.compare(opaque, tag("team", "a"))
    assert verdict.relation is Relation.UNKNOWN
    assert verdict.reason
    assert abac.compare(opaque, opaque).relation is Relation.EQUAL


def test_reading_a_tag_unguarded_is_fine_where_no_error_can_change_the_answer():
    unguarded = f'{TAGS}getTag("team") == "a"'
    assert abac.compare(unguarded, tag("team", "a")).relation is Relation.EQUAL


TEAM = tag("team", "a")
OPAQUE = f'!{TAGS}hasTag("a")'


@pytest.mark.parametrize(
    ("offered", "wanted", "covers"),
    [
        (None, None, True),
        (None, TEAM, True),
        (None, OPAQUE, True),
        (TEAM, TEAM, True),
        (OPAQUE, OPAQUE, True),
        (TEAM, None, False),
        (OPAQUE, None, None),
        (TEAM, OPAQUE, None),
        (OPAQUE, TEAM, None),
        (tag("team", "a", "b"), TEAM, True),
        (TEAM, tag("team", "a", "b"), False),
        (TEAM, TEAM + " && " + tag("site", "x"), True),
        (f'{TAGS}hasTag("team")', TEAM, True),
        (f'{TAGS}getTag("a") == "b" || {TAGS}hasTag("c")', TEAM, None),
    ],
)
def test_what_a_condition_covers(offered, wanted, covers):
    assert abac.covers_condition(offered, wanted) is covers


guarded = st.builds(tag, st.sampled_from(["team", "site"]), st.sampled_from(["a", "b"])) | st.builds(
    '{}hasTag("{}")'.format, st.just(TAGS), st.sampled_from(["team", "site"])
)
console = st.recursive(
    guarded, lambda inner: st.builds("({}) {} ({})".format, inner, st.sampled_from(["&&", "||"]), inner), max_leaves=5
)
WORLDS = [
    {key: value for key, value in zip(("team", "site"), choice, strict=True) if value is not None}
    for choice in itertools.product((None, "a", "b", "c"), repeat=2)
]


def admits(condition, tags):
    """Python's own reading of the same text: ``and`` and ``or`` stop early, as Cedar's do."""
    text = re.sub(r"context\.iam\.principalTags\.hasTag\((.*?)\)", r"(\1 in tags)", condition)
    text = re.sub(r"context\.iam\.principalTags\.getTag\((.*?)\)", r"tags[\1]", text)
    return bool(eval(text.replace("&&", "and").replace("||", "or"), {"tags": tags}))


@given(offered=console, wanted=console)
@settings(deadline=None, derandomize=True, database=None, max_examples=250)
def test_covering_is_what_trying_every_principal_says(offered, wanted):
    expected = all(admits(offered, tags) for tags in WORLDS if admits(wanted, tags))
    assert abac.covers_condition(offered, wanted) is expected


HAS, IS = f'{TAGS}hasTag("a")', f'{TAGS}getTag("a") == "b"'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("true", "condition, character 1: not the form that the console writes"),
        (f"{HAS} && true", f"condition, character {len(HAS) + 4}: not the form that the console writes"),
        (f"{HAS} &&", f"condition, character {len(HAS) + 4}: not the form that the console writes"),
        (f"{HAS} {HAS}", f"condition, character {len(HAS) + 1}: end expected"),
        (f"({HAS}", "condition: `)` expected"),
        ("(" * 41 + HAS + ")" * 41, "condition, character 41: not the form that the console writes"),
        (HAS + " " * 3000, "condition is longer than 3000 characters"),
    ],
)
def test_why_a_text_is_opaque(text, said):
    assert abac.compare(text, TEAM).reason == f"live {said}"
    assert abac.compare(TEAM, text).reason == f"declared {said}"


def test_what_is_just_within_the_form():
    deep = "(" * 40 + HAS + ")" * 40
    assert abac.compare(deep, HAS).relation is Relation.EQUAL
    assert abac.compare(HAS + " " * (3000 - len(HAS)), HAS).relation is Relation.EQUAL
    assert abac.compare(f"{HAS}\t&&\r\n{IS}", f"{HAS} && {IS.replace(' == ', '==')}").relation is Relation.EQUAL


def test_an_unguarded_tag_and_the_same_text_say_so():
    assert abac.compare(f'{IS} || {TAGS}hasTag("c")', TEAM).reason == "a tag is read before it is known to be there"
    assert abac.compare(OPAQUE, OPAQUE) == abac.ConditionVerdict(Relation.EQUAL, reason="the same text")
    assert abac.compare(TEAM, f"({TEAM})").reason == ""


def test_a_witness_takes_a_value_that_nobody_mentions():
    verdict = abac.compare(f'{TAGS}hasTag("team")', tag("team", "other", "other-"))
    assert verdict.gained == {"team": "other--"}
    assert abac.compare(tag("team", "a"), tag("team", "b")).lost == {"team": "b"}


@pytest.mark.parametrize(
    ("text", "cedar"),
    [
        # where the tag is missing Cedar stops with an error, unless it has stopped before
        (f"{HAS} && {IS}", True),
        (f"{IS} && {HAS}", True),
        (f"{HAS} || {IS}", True),
        (f'{TAGS}hasTag("c") || {IS}', True),
        (f'{IS} || {TAGS}hasTag("c")', False),
        (f'({IS} && {HAS}) || {TAGS}hasTag("c")', False),
    ],
)
def test_an_error_matters_only_where_it_hides_what_would_admit(text, cedar):
    assert (abac.compare(text, TEAM).relation is not Relation.UNKNOWN) is cedar
