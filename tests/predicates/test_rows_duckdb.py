"""Random pairs of filters against DuckDB, and the laws that any answer keeps."""

import random

import pytest
from filters_at_random import TYPES, Judge, disagreement, filters, pairs, spelt, sql
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.model import Where
from checks.predicates import replay, rowfilter, rows
from checks.predicates.rows import Relation

quietly = settings(deadline=None, derandomize=True, database=None)
SWAPPED = {Relation.NARROWER: Relation.WIDER, Relation.WIDER: Relation.NARROWER}


@pytest.fixture(scope="module")
def judge():
    return Judge(seed=11)


@given(pair=pairs())
@settings(quietly, max_examples=350)
def test_duckdb_agrees(judge, pair):
    assert disagreement(judge, *pair) is None


@given(text=filters, blanks=st.booleans(), seed=st.integers(0, 10**6))
@settings(quietly, max_examples=80)
def test_the_replay_agrees_with_duckdb(judge, text, blanks, seed):
    table = random.Random(seed).sample(judge.rows, 25)
    parsed = rowfilter.parse(text)
    expected = judge.verdicts(sql(parsed, blanks=blanks, nan=True), table)
    for row, verdict in zip(table, expected, strict=True):
        assert replay.shows([parsed], spelt(row), TYPES, blanks=blanks) is (verdict is True)


@given(pair=pairs())
@settings(quietly, max_examples=150)
def test_swapping_the_sides_swaps_the_verdict(pair):
    one, other = (Where(text) for text in pair)
    there, back = rows.compare([one], [other], TYPES), rows.compare([other], [one], TYPES)
    assert back.relation is SWAPPED.get(there.relation, there.relation)
    assert (back.gained is None, back.lost is None) == (there.lost is None, there.gained is None)


@given(text=filters)
@settings(quietly, max_examples=60)
def test_a_filter_equals_itself_however_it_is_written(text):
    same = f"( {text} ) and (({text}))"
    assert rows.compare([Where(text)], [Where(text)], TYPES).proof is rows.Proof.IDENTICAL
    assert rows.compare([Where(same)], [Where(text)], TYPES).relation is Relation.EQUAL


@given(first=pairs(), more=filters)
@settings(quietly, max_examples=120)
def test_declaring_more_never_widens_and_granting_more_never_narrows(first, more):
    live, declared = (Where(text) for text in first)
    before = rows.compare([live], [declared], TYPES)
    declared_more = rows.compare([live], [declared, Where(more)], TYPES)
    live_more = rows.compare([live, Where(more)], [declared], TYPES)
    assert before.gained is not None or declared_more.gained is None
    assert before.lost is not None or live_more.lost is None


PIECES = st.sampled_from(
    [
        "year",
        "country",
        "=",
        "<>",
        "(",
        ")",
        "and",
        "or",
        "not",
        "in",
        "like",
        "between",
        "is",
        "null",
        "'a'",
        "'%a_'",
        "1",
        "-",
        ".5",
        "1e3",
        '"s"',
        ".",
        ",",
        "true",
        "'",
        '"',
        "--",
        "\\",
        "escape",
        "é",
    ]
) | st.sampled_from(["\t", "\u2028", "\x00", "\n", "s = 'a'", "i > 1"])


@given(text=st.lists(PIECES, max_size=14).map(" ".join) | st.text(max_size=30))
@settings(quietly, max_examples=300)
def test_whatever_the_text_there_is_a_verdict(text):
    verdict = rows.compare([Where(text)], [Where("s = 'a' and i > 1")], TYPES)
    assert verdict.relation is not Relation.UNKNOWN or verdict.reason


@given(kind=st.text(max_size=20) | st.sampled_from(["struct<", "struct<>", "decimal(0,0)", "decimal(99,1)", "char(0)"]))
@settings(quietly, max_examples=80)
def test_whatever_the_type_there_is_a_verdict(kind):
    assert rows.compare([Where("s = 'a'")], [Where("s <> 'a'")], {"s": kind}).relation is not Relation.EQUAL
