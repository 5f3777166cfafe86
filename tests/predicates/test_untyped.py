"""Filters without column types: nothing is called equal because of a guess."""

import pytest
from filters_at_random import pairs
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.model import ALL_ROWS, Where
from checks.predicates import rows, untyped
from checks.predicates.rows import Proof, Relation

quietly = settings(deadline=None, derandomize=True, database=None)


def ask(declared: str, live: str, **types: str) -> untyped.Answer:
    return untyped.compare([Where(live)], [Where(declared)], types)


@pytest.mark.parametrize(
    ("declared", "live", "assumed", "relation"),
    [
        ("s = 'a'", "s like 'a%'", {"s": "string"}, "wider"),
        ("f = true", "f <> false", {"f": "boolean"}, "equal"),
        ("f is null", "true", {"f": "string"}, "wider"),
        ("i = 3", "i in (3, 4)", {"i": "bigint"}, "wider"),
        ("i > 3", "i >= 3", {"i": "bigint"}, "wider"),
        ("d = 1.5", "d >= 1.5", {"d": "decimal(38,10)"}, "wider"),
        ("d = 1.12345678901", "true", {"d": "decimal(38,11)"}, "wider"),
        ("x = 1e0", "x = 1.5", {"x": "double"}, "overlap"),
        ("i = 99999999999999999999", "i = 1", {"i": "decimal(38,10)"}, "overlap"),
        ("i = 9999999999999999999999999999999999", "i = 1", {"i": "decimal(38,4)"}, "overlap"),
        ("A.b = 'x' and a.c.d = 1", "a.c.d = 1", {"a": "struct<b:string,c:struct<d:bigint>>"}, "wider"),
        ("a is null", "a.b is null", {"a": "struct<b:string>"}, "wider"),
        ("true", "false", {}, "narrower"),
    ],
)
def test_types_follow_from_constants(declared, live, assumed, relation):
    answer = ask(declared, live)
    assert (dict(answer.chief.assumed), answer.verdict.relation) == (assumed, relation)
    assert answer.chief.types == assumed


@pytest.mark.parametrize(
    ("declared", "live", "reason"),
    [
        ("i > 3 and i < 5", "i = 4", "the type of `i`: equal as bigint, narrower as decimal(38,10) or double"),
        ("x > 5", "not (x <= 5)", "equal as bigint or decimal(38,10), wider as double"),
        ("s = 'a'", "s = 1", "constant for `s` is not of type"),
        ("upper(s) = 'a'", "s = 'a'", "functions are not in the row-filter grammar"),
        ("\"a.b\" = 'x'", "true", "a dot inside a name"),
        ("a.\"B\" = 'x'", "true", "case of a field"),
        ("a = 1 and a.b = 2", "true", "comparison of the struct"),
    ],
)
def test_what_a_guess_cannot_decide_is_unknown(declared, live, reason):
    verdict = ask(declared, live).verdict
    assert verdict.relation is Relation.UNKNOWN
    assert reason in verdict.reason


def test_a_type_that_is_given_settles_it():
    assert ask("i > 3 and i < 5", "i = 4", i="int").verdict.relation is Relation.EQUAL
    assert ask("i > 3 and i < 5", "i = 4", i="decimal(4,1)").verdict.relation is Relation.NARROWER
    assert ask("i = 4", "i = 4 and j = 'x'", i="int").chief.types == {"i": "int", "j": "string"}
    assert ask("a.b = 1", "a.c = 1", a="struct<b:int>").verdict.relation is Relation.UNKNOWN


def test_the_same_text_needs_no_types():
    assert ask("upper(s) = 'a'", "UPPER(s)='a'").verdict.proof is Proof.IDENTICAL
    assert untyped.compare([ALL_ROWS], [Where("i = 1")], {}).verdict.relation is Relation.WIDER


kinds = st.fixed_dictionaries(
    {
        **{name: st.sampled_from(["bigint", "decimal(22,4)", "double"]) for name in "ibd"},
        **{name: st.just("string") for name in "stc"},
        "x": st.just("double"),
        "f": st.just("boolean"),
    }
)


@given(pair=pairs(), types=kinds)
@settings(quietly, max_examples=250)
def test_whatever_the_types_turn_out_to_be_no_row_is_gained_that_was_denied(pair, types):
    declared, live = pair
    answer = ask(declared, live).verdict
    truth = rows.compare([Where(live)], [Where(declared)], types)
    if truth.relation is Relation.UNKNOWN:
        return
    if answer.relation in (Relation.EQUAL, Relation.NARROWER):
        assert truth.gained is None
    if answer.relation in (Relation.EQUAL, Relation.WIDER):
        assert truth.lost is None


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("i = 1", ["bigint", "decimal(38,10)", "double"]),
        ("i = 9223372036854775807", ["bigint", "decimal(38,10)", "double"]),
        ("i = 9223372036854775808", ["decimal(38,10)", "double"]),
        ("i = 1.5", ["decimal(38,10)", "double"]),
        ("i in (1.5, 1.123456789012)", ["decimal(38,12)", "double"]),
        ("i = 12345678901234567890123456789012.5", ["decimal(38,6)", "double"]),
        ("i in (1, 1e5)", ["double"]),
        ("i = 10000000000000000000000000000000.5", ["decimal(38,6)", "double"]),
        ("s = 'a'", ["string"]),
        ("s like 'a%'", ["string"]),
        ("s is null", ["string"]),
        ("s = true", ["boolean"]),
    ],
)
def test_every_type_that_the_constants_allow_is_tried(text, kinds):
    found = ask(text + " and 1 = z", text)
    tried = [one.assumed[text[0]] for one in found.readings]
    assert list(dict.fromkeys(tried)) == kinds
    assert found.chief is found.readings[0]
    assert all(one.types == one.assumed for one in found.readings)
