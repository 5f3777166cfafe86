"""Grant conditions in the console's form; everything else is opaque."""

import pytest

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
