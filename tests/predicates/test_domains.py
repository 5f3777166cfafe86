"""Classes of strings and numbers: complete, distinct, and as short as can be."""

import itertools
import math
import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from checks.predicates import domains
from checks.predicates.kernel import UndecidedError

quietly = settings(deadline=None, derandomize=True, database=None)
words = st.text(alphabet="ab !", max_size=3).filter(lambda word: not word.endswith(" "))
EVERY = ["".join(letters) for n in range(5) for letters in itertools.product("ab !", repeat=n)]


def like(pattern: str, text: str) -> bool:
    parts = {"%": ".*", "_": "."}
    return re.fullmatch("".join(parts.get(c, re.escape(c)) for c in pattern), text, re.DOTALL) is not None


@given(
    constants=st.sets(words, max_size=3).map(sorted),
    patterns=st.sets(st.text(alphabet="ab%_ ", max_size=4), max_size=3).map(sorted),
    ordered=st.booleans(),
    padded=st.booleans(),
)
@settings(quietly, max_examples=120)
def test_every_string_is_in_exactly_one_class_and_none_is_shorter(constants, patterns, ordered, padded):
    classes = domains.strings(tuple(constants), tuple(patterns), ordered=ordered, padded=padded)

    def signature(word: str) -> tuple[int, int]:
        seen = word.rstrip(" ") if padded else word
        equal = [2 * i + 1 for i, constant in enumerate(constants) if constant == seen]
        gap = 2 * sum(constant < seen for constant in constants) if ordered else 2 * len(constants)
        return (equal or [gap])[0], sum(1 << i for i, pattern in enumerate(patterns) if like(pattern, word))

    by_signature = {(each.place, each.matches): str(each.value) for each in classes}
    assert len(by_signature) == len(classes)
    for word in [*EVERY, *map(str, by_signature.values())]:
        assert signature(word) in by_signature
        if patterns or ordered:
            assert len(by_signature[signature(word)]) <= len(word)
    assert all(signature(word) == key for key, word in by_signature.items())


def test_the_bound_of_varchar():
    classes = domains.strings((), ("____",), ordered=False, longest=3)
    assert {(each.matches, each.today) for each in classes} == {(0, True), (1, False)}
    for octets, expected in ((False, [True]), (True, [False])):
        found = domains.strings((), ("é_",), ordered=False, longest=2, octets=octets)
        assert [c.today for c in found if c.matches] == expected


def test_no_string_lies_below_the_empty_one_and_surrogates_are_none():
    assert [each.place for each in domains.strings(("",), (), ordered=True)] == [1, 2]
    for constants in (("\x01",), ("\x00", "\x01"), ("\ue000", "\ue000\ue001", "\ue002"), ("\U0010ffff",)):
        places = [each.place for each in domains.strings(constants, (), ordered=True)]
        assert sorted(places) == [*range(2 * len(constants) + 1)]
    around = domains.strings(("\ud7ff", "\ue000"), (), ordered=True)
    assert all(not 0xD800 <= ord(char) <= 0xDFFF for each in around for char in str(each.value))


def test_many_patterns_cost_the_budget():
    with pytest.raises(UndecidedError, match="budget"):
        domains.strings((), tuple(f"%{a}{b}%" for a in "abcde" for b in "abcde"), ordered=False, budget=500)


@given(
    constants=st.sets(st.integers(-40, 40).map(lambda n: 2 * n), max_size=4).map(sorted),
    unit=st.sampled_from([2, 10]),
    bounds=st.tuples(st.integers(-6, 6), st.integers(-6, 6)).map(sorted),
    dense=st.booleans(),
)
@example(constants=[2, 4, 12, 16, 18], unit=10, bounds=[-6, 6], dense=True)
@example(constants=[-40, 40], unit=10, bounds=[-4, 4], dense=False)
@settings(quietly, max_examples=200)
def test_numbers(constants, unit, bounds, dense):
    low, high = (bound * unit for bound in bounds)
    classes = domains.grid(constants, unit, low, high, dense=dense)

    def place(value: int) -> int:
        return 2 * constants.index(value) + 1 if value in constants else 2 * sum(c < value for c in constants)

    assert all(place(int(each.value)) == each.place for each in classes)
    today = {each.place for each in classes if each.today}
    assert all(low <= each.value <= high and each.value % unit == 0 for each in classes if each.today)
    assert {place(value) for value in range(low, high + 1, unit)} == today
    ever = {place(value) for value in range(-120, 121, 1 if dense else unit)}
    assert ever == {each.place for each in classes}


@example(constants=[-1.7e308, 1.7e308])
@given(constants=st.sets(st.floats(allow_nan=False, allow_infinity=False), max_size=4).map(sorted))
@settings(quietly, max_examples=200)
def test_reals(constants):
    constants = sorted({value + 0.0 for value in constants})
    classes = domains.reals(constants)
    edges = [-math.inf, *constants, math.inf]
    for each in classes:
        i = each.place // 2
        if each.place % 2:
            assert each.value == constants[i]
        else:
            assert edges[i] <= each.value <= edges[i + 1]
            assert each.value not in constants
    gaps = {2 * i for i, (a, b) in enumerate(itertools.pairwise(edges)) if math.nextafter(a, b) < b or math.isinf(b)}
    assert gaps <= {each.place for each in classes}


@pytest.mark.parametrize(("below", "above"), [(0.0, 4.0), (-1.7e308, 1.7e308), (2.0, 3.0)])
def test_between_two_numbers_lies_their_middle(below, above):
    assert [each.value for each in domains.reals([below, above])][1:4] == [below, (below / 2 + above / 2), above]


def test_a_character_that_nobody_mentions_is_a_letter_while_there_is_one():
    small, capital = "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    for taken, fresh in (("", "a"), ("a", "b"), (small, "A"), (small + capital[:-1], "Z"), (small + capital, "\u0100")):
        assert domains._alphabet(frozenset(taken), False) == (fresh, *sorted(taken))


@pytest.mark.parametrize(
    ("low", "high", "char"),
    [
        (ord("a"), ord("b"), None),
        (ord("a"), ord("c"), "b"),
        (ord("z"), ord("z") + 2, "{"),
        (0xD7FF, 0xE000, None),
        (0xD7FF, 0xE001, "\ue000"),
        (0xD7FE, 0xE000, "\ud7ff"),
        (0x10FFFE, 0x110000, "\U0010ffff"),
        (-1, 0x110000, "a"),
        (-1, 1, "\0"),
    ],
)
def test_a_character_between_two(low, high, char):
    assert domains._between(low, high) == char


def test_between_two_neighbours_there_is_no_character_of_its_own():
    assert domains._alphabet(frozenset("ab"), True).count("b") == 1
    assert "\U0010ffff" in domains._alphabet(frozenset("\U0010fffe"), True)
