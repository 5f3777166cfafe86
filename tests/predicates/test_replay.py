"""The second opinion: values in, verdict out."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.predicates import replay, rowfilter

TYPES = {
    "s": "varchar(4)",
    "i": "tinyint",
    "d": "decimal(4,1)",
    "f": "boolean",
    "x": "double",
    "r": "real",
    "p": "struct<q:int>",
}


def shows(text, row, *, blanks=True):
    return replay.shows([rowfilter.parse(text)], row, TYPES, blanks=blanks)


@given(pattern=st.text(alphabet="ab%_", max_size=7), text=st.text(alphabet="ab", max_size=8))
@settings(deadline=None, derandomize=True, database=None, max_examples=400)
def test_like(pattern, text):
    parts = {"%": ".*", "_": "."}
    expected = re.fullmatch("".join(parts.get(char, char) for char in pattern), text) is not None
    assert replay._like(pattern, text) == expected


@pytest.mark.parametrize(
    ("text", "row", "expected"),
    [
        ("s = 'a'", {"s": None}, False),
        ("not (s = 'a')", {"s": None}, False),
        ("not (s = 'a' and i = 1)", {"s": None, "i": 2}, True),
        ("s not in ('b', null)", {"s": "a"}, False),
        ("d = 1.50", {"d": "1.5"}, True),
        ("d between 1 and 2", {"d": "2"}, True),
        ("f > false", {"f": True}, True),
        ("x <> 5 and not (x > 5) and not (x <= 5)", {"x": "NaN"}, True),
        ("x > 1e300", {"x": "Infinity"}, True),
        ("x < -1e300", {"x": "-Infinity"}, True),
        ("r < 2", {"r": 1.5}, True),
        ("r <> 2", {"r": 2.0}, False),
        ("i <> 2", {"i": 3}, True),
        ("i <> 2", {"i": 2}, False),
        ("p is not null", {"p": "not null", "p.q": 3}, True),
    ],
)
def test_values(text, row, expected):
    assert shows(text, row) is expected


def test_blanks_count_or_not():
    assert not shows("s = 'a'", {"s": "a "}, blanks=True)
    assert shows("s = 'a'", {"s": "a "}, blanks=False)
    assert not shows("s like 'a'", {"s": "a "}, blanks=False)


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ("s = 'a'", {}),
        ("s = 'a'", {"s": "abcde"}),
        ("i = 1", {"i": 128}),
        ("i = 'one'", {"i": 1}),
        ("x > true", {"x": 1.5}),
        ("s like 'a%'", {"s": 1}),
        ("i = 1", {"i": 1.0}),
        ("i = 1", {"i": True}),
        ("i = 1", {"i": "1"}),
        ("d = 1", {"d": "1.25"}),
        ("d = 1", {"d": 1}),
        ("f = true", {"f": 1}),
        ("x = 1", {"x": "one"}),
        ("r = 1", {"r": 1}),
        ("p is null", {"p": None, "p.q": 3}),
    ],
)
def test_rows_that_cannot_be(text, row):
    with pytest.raises(replay.MisfitError):
        shows(text, row)
