"""LF-tag expressions: now and later."""

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from checks.model import Expression
from checks.predicates import tags
from checks.predicates.kernel import Budget, Relation, relation

KNOWN = {"domain": frozenset({"hr", "fin", "ops"}), "level": frozenset({"low", "high"})}
quietly = settings(deadline=None, derandomize=True, database=None)


def of(**keys: str) -> Expression:
    return tuple(sorted((key, frozenset(values.split())) for key, values in keys.items()))


def test_a_list_of_all_values_equals_the_star_until_a_value_is_added():
    verdict = tags.compare([of(domain="*")], [of(domain="hr fin ops")], KNOWN)
    assert (verdict.now, verdict.later) == (Relation.EQUAL, Relation.WIDER)
    assert verdict.gained is None
    assert verdict.gained_later == {"domain": "new-value"}
    assert tags.implies(of(domain="*"), [of(domain="hr fin ops")], KNOWN) == (True, False)
    assert tags.implies(of(domain="hr fin ops"), [of(domain="*")], KNOWN) == (True, True)


def test_two_grants_cover_what_neither_covers_alone():
    assert tags.implies(of(domain="hr fin"), [of(domain="hr"), of(domain="fin")], KNOWN) == (True, True)
    assert tags.implies(of(domain="hr fin"), [of(domain="hr")], KNOWN) == (False, False)
    halves = [of(domain="hr", level="low"), of(domain="hr", level="high")]
    assert tags.implies(of(domain="hr"), halves, KNOWN) == (False, False)  # a table without the tag `level`
    assert tags.implies(of(domain="hr", level="*"), halves, KNOWN) == (True, False)


def test_fewer_keys_match_more():
    verdict = tags.compare([of(domain="hr")], [of(domain="hr", level="low")], KNOWN)
    assert verdict.now is Relation.WIDER
    assert verdict.gained == {"domain": "hr", "level": None}


def test_a_value_that_is_not_defined_matters_later_only():
    verdict = tags.compare([of(domain="hr legal")], [of(domain="hr")], KNOWN)
    assert (verdict.now, verdict.later) == (Relation.EQUAL, Relation.WIDER)
    assert verdict.gained_later == {"domain": "legal"}


def test_edges():
    assert tags.compare([()], [of(domain="hr")], KNOWN).now is Relation.UNKNOWN
    assert tags.compare([], [], KNOWN).now is Relation.EQUAL
    assert tags.compare([], [of(domain="hr")], KNOWN).now is Relation.NARROWER
    assert tags.compare([of(other="*")], [], KNOWN).now is Relation.EQUAL
    assert tags.compare([of(other="*")], [], KNOWN).later is Relation.WIDER
    assert tags.compare([(("domain", frozenset()),)], [], KNOWN).later is Relation.EQUAL
    assert tags.compare([of(domain="new-value")], [of(domain="*")], KNOWN).later is Relation.NARROWER


values = st.sets(st.sampled_from(["hr", "fin", "ops", "legal", "*", "low", "high"]), min_size=1, max_size=3)
expressions = st.dictionaries(st.sampled_from(["domain", "level"]), values, min_size=1).map(
    lambda keys: tuple(sorted((key, frozenset(wanted)) for key, wanted in keys.items()))
)


@given(live=st.lists(expressions, max_size=3), declared=st.lists(expressions, max_size=3))
@settings(quietly, max_examples=250)
def test_the_verdict_is_what_trying_every_tag_set_says(live, declared):
    def expected(worlds: dict[str, list[str | None]]) -> Relation:
        sets = [dict(zip(worlds, choice, strict=True)) for choice in itertools.product(*worlds.values())]
        both = [
            (any(tags.matches(e, each) for e in live), any(tags.matches(e, each) for e in declared)) for each in sets
        ]
        return relation(gained=(True, False) in both, lost=(False, True) in both)

    now = {key: [None, *sorted(known)] for key, known in KNOWN.items()}
    later = {key: [*known, "hr", "fin", "ops", "legal", "low", "high", "?"] for key, known in now.items()}
    verdict = tags.compare(live, declared, KNOWN)
    assert (verdict.now, verdict.later) == (expected(now), expected(later))


def test_always_within_by_name():
    within = tags.always_within
    assert within(of(domain="hr", level="low"), [of(domain="hr fin")])
    assert within(of(domain="hr"), [of(domain="*")])
    assert within(of(domain="*"), [of(domain="hr fin ops")]) is False  # a value to come
    assert within(of(domain="hr"), [of(domain="hr", level="*")]) is False  # an object without the key
    assert within(of(domain="hr fin"), [of(domain="hr"), of(domain="fin")])
    assert within(of(domain="hr"), []) is False
    assert within((("domain", frozenset()),), []) is True  # nothing at all
    assert within((), [()]) is True
    assert within((), [of(domain="hr")]) is None
    assert within(of(domain="hr"), [()]) is None


empty_too = st.dictionaries(
    st.sampled_from(["domain", "level", "team"]), st.just(frozenset()) | values, min_size=1
).map(lambda keys: tuple(sorted((key, frozenset(wanted)) for key, wanted in keys.items())))


@given(inner=empty_too, outers=st.lists(empty_too, max_size=5))
@settings(quietly, max_examples=400)
def test_always_within_is_what_trying_every_tag_set_says(inner, outers):
    worlds = [None, "hr", "fin", "ops", "legal", "low", "high", "?"]
    keys = sorted({key for each in (inner, *outers) for key, _ in each})
    every = (dict(zip(keys, choice, strict=True)) for choice in itertools.product(worlds, repeat=len(keys)))
    expected = all(any(tags.matches(e, each) for e in outers) for each in every if tags.matches(inner, each))
    assert tags.always_within(inner, outers) is expected
    assert tags.implies(inner, outers, {})[1] is expected


def test_always_within_gives_up_rather_than_guess(monkeypatch):
    whole, parts = of(domain="hr fin", level="a b"), [of(domain="hr", level="a"), of(domain="fin"), of(level="b")]
    assert tags.always_within(whole, parts) is True
    monkeypatch.setattr(tags, "Budget", lambda: Budget(0))
    assert tags.always_within(whole, parts) is None


def test_a_value_to_come_has_a_name_that_is_not_taken():
    taken = {"domain": frozenset({"hr", "new-value"})}
    assert tags.compare([of(domain="*")], [of(domain="hr new-value")], taken).gained_later == {"domain": "new-value-"}
    named, few = [of(domain="hr new-value new-value-")], {"domain": frozenset({"hr"})}
    assert tags.compare([of(domain="*")], named, few).gained_later == {"domain": "new-value--"}


def test_a_verdict_says_why_only_where_it_is_undecided():
    assert tags.compare([of(domain="hr")], [of(domain="hr")], KNOWN).reason == ""
    assert tags.compare([()], [of(domain="hr")], KNOWN) == tags.TagVerdict(
        Relation.UNKNOWN, Relation.UNKNOWN, reason="a tag expression without keys"
    )
    lost = tags.compare([of(domain="hr")], [of(domain="hr fin")], KNOWN)
    assert (lost.lost, lost.gained, lost.gained_later) == ({"domain": "fin"}, None, None)
