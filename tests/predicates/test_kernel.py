"""The search against trying everything."""

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from checks.predicates import kernel
from checks.predicates.kernel import All, Budget, Lit, Node, Relation, Some

FULL = [0b111, 0b1111, 0b11]
quietly = settings(deadline=None, derandomize=True, database=None)

literals = st.integers(0, 2).flatmap(
    lambda attribute: st.integers(0, FULL[attribute]).map(lambda mask: kernel.lit(attribute, mask))
)
nodes = st.recursive(
    literals | st.booleans(),
    lambda part: (
        st.lists(part, max_size=4).map(kernel.conj)
        | st.lists(part, max_size=4).map(kernel.disj)
        | part.map(lambda node: kernel.complement(node, FULL))
    ),
    max_leaves=14,
)


def holds(node: Node, point: tuple[int, ...]) -> bool:
    if isinstance(node, bool):
        return node
    if isinstance(node, Lit):
        return bool(node.mask >> point[node.attribute] & 1)
    return (all if isinstance(node, All) else any)(holds(part, point) for part in node.parts)


POINTS = list(itertools.product(*(range(mask.bit_length()) for mask in FULL)))


@given(inner=nodes, outer=nodes, domain=st.tuples(*(st.integers(1, mask) for mask in FULL)))
@settings(quietly, max_examples=500)
def test_a_model_is_found_if_there_is_one_and_all_its_choices_are_models(inner, outer, domain):
    here = [p for p in POINTS if all(mask >> i & 1 for mask, i in zip(domain, p, strict=True))]
    expected = [p for p in here if holds(inner, p) and not holds(outer, p)]
    found = kernel.satisfy(kernel.escape(inner, outer, FULL), domain, Budget())
    if found is None:
        assert expected == []
    else:
        assert all(found)
        chosen = [p for p in POINTS if all(mask >> i & 1 for mask, i in zip(found, p, strict=True))]
        assert set(chosen) <= set(expected)


WIDE = [0b111] * 5
clauses = st.lists(
    st.tuples(st.integers(0, 4), st.integers(1, 6)).map(lambda pair: kernel.lit(*pair)), min_size=2, max_size=3
).map(kernel.disj)


@given(formula=st.lists(clauses, min_size=1, max_size=14).map(kernel.conj))
@settings(quietly, max_examples=300)
def test_clauses_that_call_for_backtracking(formula):
    expected = {point for point in itertools.product(range(3), repeat=5) if holds(formula, point)}
    found = kernel.satisfy([formula], WIDE, Budget())
    assert (found is None) == (not expected)
    if found is not None:
        choices = itertools.product(*([i for i in range(3) if mask >> i & 1] for mask in found))
        assert set(choices) <= expected


def test_a_failed_component_leaves_no_trace():
    # the first case splits into two components of which one fails; the second case needs what the first had narrowed
    pair = Some((Lit(0, 0b01), Lit(1, 0b01)))
    odd = [Some((Lit(2, a), Lit(3, b))) for a in (1, 2) for b in (1, 2)]
    domain = [0b11] * 4
    assert kernel.satisfy([kernel.conj([pair, *odd])], domain, Budget()) is None
    assert domain == [0b11] * 4
    other = All((Lit(0, 0b10), Lit(1, 0b10)))
    assert kernel.satisfy([kernel.conj([pair, *odd]), other], domain, Budget()) == [0b10, 0b10, 0b11, 0b11]
    either = Some((All((pair, *odd)), other))
    assert kernel.satisfy([either], domain, Budget()) == [0b10, 0b10, 0b11, 0b11]


@given(node=nodes)
@settings(quietly, max_examples=200)
def test_the_complement_is_the_rest(node):
    rest = kernel.complement(node, FULL)
    assert all(holds(node, point) != holds(rest, point) for point in POINTS)


@given(parts=st.lists(nodes, max_size=4))
@settings(quietly, max_examples=200)
def test_joining_keeps_the_meaning_and_the_shape(parts):
    for joined, meaning in ((kernel.conj(parts), all), (kernel.disj(parts), any)):
        assert all(holds(joined, point) == meaning(holds(part, point) for part in parts) for point in POINTS)
        if isinstance(joined, All | Some):
            literal = [part.attribute for part in joined.parts if isinstance(part, Lit)]
            assert len(literal) == len(set(literal))
            assert not any(isinstance(part, type(joined)) for part in joined.parts)


def test_components_are_solved_apart():
    # many satisfiable pairs beside one contradiction: backtracking between them would take 3 ** 12 steps
    pairs = [Some((Lit(2 * i, 0b01), Lit(2 * i + 1, 0b01))) for i in range(12)]
    odd = [Some((Lit(24, a), Lit(25, b))) for a in (1, 2) for b in (1, 2)]
    assert kernel.satisfy([kernel.conj([*pairs, *odd])], [0b11] * 26, Budget(3000)) is None
    assert kernel.satisfy([kernel.conj([*pairs, *odd[1:]])], [0b11] * 26, Budget(3000)) is not None


def test_relations():
    assert kernel.relation(gained=False, lost=False) is Relation.EQUAL
    assert kernel.relation(gained=True, lost=False) is Relation.WIDER
    assert kernel.relation(gained=False, lost=True) is Relation.NARROWER
    assert kernel.relation(gained=True, lost=True) is Relation.OVERLAP
