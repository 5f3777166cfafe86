"""Row filters by name: what is decided, with which witness, on which engine, and what stays unknown."""

import itertools

import pytest

from checks.model import ALL_ROWS, Where
from checks.predicates import replay, rows
from checks.predicates.rows import Proof, Relation, RowVerdict, compare

TYPES = {
    "country": "string",
    "year": "int",
    "id": "bigint",
    "amt": "decimal(10,2)",
    "wide": "decimal(38,0)",
    "code": "varchar(3)",
    "state": "char(2)",
    "active": "boolean",
    "x": "double",
    "r": "float",
    "customer": "struct<customerId:bigint,address:string>",
    "s": "struct<name:string,Name2:string>",
    "at": "timestamp",
    "day": "date",
    "list": "array<string>",
}


def against(declared: str, live: str) -> RowVerdict:
    return rows.compare([Where(live)], [Where(declared)], TYPES)


@pytest.mark.parametrize(
    ("declared", "live", "relation", "proof"),
    [
        ("year > 2010 and country != 'US'", "country <> 'US' and year >= 2011", "equal", "exact"),
        ("country between 'Z' and 'U' and year=2018", "false", "equal", "exact"),
        ("country like '%ited%'", "country like 'United%'", "narrower", "exact"),
        ("country='US'", "country is not null and not (country <> 'US')", "equal", "exact"),
        ("country is not null", "country='US' or country<>'US'", "equal", "exact"),
        ("country not in ('US',null)", "false", "equal", "exact"),
        ("country like 'a%'", "country >= 'a' and country < 'b'", "equal", "exact"),
        ("amt > 1.255", "amt >= 1.26", "equal", "exact today only"),
        ("id > 3 and id < 5", "id = 4", "equal", "exact"),
        ("amt > 3 and amt < 5", "amt = 4", "narrower", "exact"),
        ("code like '____'", "false", "equal", "exact today only"),
        ("year = 2147483648", "false", "equal", "exact today only"),
        ("year in (1,2,3)", "year between 1 and 3", "equal", "exact"),
        ("active = true", "active <> false", "equal", "exact"),
        ("customer.customerId <> 1", "customer.customerid > 1 or customer.customerid < 1", "equal", "exact"),
        ("country = 'US'", "country like 'US'", "narrower", "exact on Redshift"),
        ("amt > 9999999999", "false", "equal", "exact today only"),
        ("amt = 1.50", "amt in (1.5)", "equal", "exact"),
        ("active is not null", "active in (true, false)", "equal", "exact"),
        ("active", "active = true", "unknown", "none"),
        ("5 < year", "year >= 6", "equal", "exact"),
        ('"YEAR" = 1', "year = +1", "equal", "exact"),
        ("not (country = 'a' or country = 'b')", "country not in ('b', 'a')", "equal", "exact"),
        ("year = 1e0", "year = 1", "equal", "exact"),
        ("year > 15e-1", "year >= 2", "equal", "exact"),
        ("year >= 15e-1 and year < 35e-1", "year in (2, 3)", "equal", "exact"),
        ("year = 15e-1", "false", "equal", "exact"),
        ("year = null", "false", "equal", "exact"),
        ("not (year <> null)", "false", "equal", "exact"),
        ("year = null or year = 1", "year = 1", "equal", "exact"),
        ("country = ''", "country like ''", "narrower", "exact on Redshift"),
        ("state = 'NY'", "state in ('NY', 'LONGER')", "equal", "exact today only"),
        ("r = 0.5", "r = 5e-1", "equal", "exact"),
    ],
)
def test_documented_forms(declared, live, relation, proof):
    verdict = against(declared, live)
    assert (verdict.relation, verdict.proof) == (relation, proof)
    assert (verdict.gained is None) == (relation in ("equal", "narrower", "unknown"))
    assert (verdict.lost is None) == (relation in ("equal", "wider", "unknown"))


@pytest.mark.parametrize(
    ("declared", "live", "gained"),
    [
        ("country like 'United%'", "country like '%ited%'", {"country": "ited"}),
        ("country='US' or country<>'US'", "true", {"country": None}),
        ("country not in ('US','UK')", "country<>'US'", {"country": "UK"}),
        ("year > 5", "year >= 5", {"year": 5}),
        ("amt > 1.25", "amt >= 1.25", {"amt": "1.25"}),
        ("active = true", "active = true or active is null", {"active": None}),
        ("x < 1", "x <= 1", {"x": 1.0}),
        ("x <= 1.7976931348623157e308", "x > 1 or x <= 1", {"x": "Infinity"}),
        ("customer is null", "customer is not null or customer is null", {"customer": "not null"}),
    ],
)
def test_wider_shows_the_row(declared, live, gained):
    verdict = against(declared, live)
    assert (verdict.relation, verdict.gained, verdict.lost) == (Relation.WIDER, gained, None)


def test_trailing_blanks_count_on_athena_and_not_on_redshift():
    verdict = against("country like 'US'", "country = 'US'")
    assert (verdict.relation, verdict.proof) == (Relation.WIDER, Proof.REDSHIFT)
    assert verdict.gained == {"country": "US "}
    assert verdict.reason == "equal on Athena, wider on Redshift"
    assert against("country <> 'US'", "country not like 'US'").proof is Proof.REDSHIFT
    both = against("country not in ('US')", "country not like 'U_'")
    assert (both.relation, both.reason) == (Relation.OVERLAP, "narrower on Athena, overlap on Redshift")


@pytest.mark.parametrize(("declared", "live"), [("x > 5 or x <= 5", "x is not null"), ("x <= 5", "not (x > 5)")])
def test_nan_is_neither_above_nor_below_on_athena(declared, live):
    verdict = against(declared, live)
    assert (verdict.relation, verdict.gained, verdict.proof) == (Relation.WIDER, {"x": "NaN"}, Proof.ATHENA)
    swapped = against(live, declared)
    assert (swapped.relation, swapped.lost, swapped.proof) == (Relation.NARROWER, {"x": "NaN"}, Proof.ATHENA)


def test_nan_and_blanks_together_are_undecided_on_redshift():
    verdict = against(
        "(country like 'US' and not (x > 5)) or (country = 'US' and x <= 5)", "country = 'US' and not (x > 5)"
    )
    assert (verdict.relation, "NaN" in verdict.reason) == (Relation.UNKNOWN, True)


@pytest.mark.parametrize("column", ["id", "wide"])
def test_scientific_notation_rounds_the_column(column):
    verdict = against(f"{column} > 9007199254740992e0", f"{column} >= 9007199254740993")
    assert verdict.relation is Relation.WIDER
    assert verdict.gained == {column: 9007199254740993 if column == "id" else "9007199254740993"}
    # what is not refuted is not proved either
    assert against(f"{column} >= 9007199254740993", f"{column} > 9007199254740992e0").relation is Relation.UNKNOWN
    assert against(f"{column} = 1e3", f"{column} = 1000").relation is Relation.UNKNOWN


def test_a_null_struct_has_null_fields():
    impossible = "customer is null and customer.address is not null"
    assert against("false", impossible).relation is Relation.EQUAL
    assert against("customer is not null", "customer.address = 'x'").relation is Relation.NARROWER
    assert against("customer.address = 'x'", "customer is not null").gained is not None


UNDECIDED = [
    "upper(country)='US'",
    r"country like 'a\%'",
    "country like 'a!%' escape '!'",
    "1=2",
    "country = 'US '",
    "state like 'N_'",
    "state > 'NY'",
    "id = '3'",
    "country = 3",
    "active = 1",
    "nowhere = 1",
    "date = 1",
    "at is null",
    "day > '2020-01-01'",
    "list = 'x'",
    "\"customer.address\" = 'x'",
    '"s"."Name" = \'x\'',
    "s.\"name2\" = 'x'",
    "customer.nothing = 'x'",
    "customer = 'x'",
    "country.x = 'x'",
    "year = ٣",
    "year =\u00a03",
    "year = 1_000",
    "year = 1L",
    "year == 1",
    "year = 1; drop table x",
    "year = 1 -- comment",
    "country ilike 'us'",
    "country = E'US'",
    "country = 'US' 'X'",
    "year = id",
    "year in (select 1)",
    "year in ()",
    "year + 1 = 2",
    "country is true",
    "",
    "()",
    "not",
    "r = 0.1",
    "x = 0.1 or x = 0.1000000000000000000001",
    "x = 1e999",
    "amt = 1e2",
    "wide = 1.5",
    "year = 1 " + "and year = 1 " * 170,
    "country = '\x00'",
    "country = '\ud800'",
]


@pytest.mark.parametrize("text", UNDECIDED)
def test_never_equal_by_accident(text):
    for live, declared in ((text, "year = 3"), ("year = 3", text)):
        verdict = against(declared, live)
        assert verdict.relation is Relation.UNKNOWN
        assert verdict.reason
        assert verdict.proof is Proof.NONE
    assert against(text, text).proof is Proof.IDENTICAL


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("UPPER(country)='US'", "upper( Country ) = 'US'", True),
        ("upper(country)='US'", "upper(country)='us'", False),
        ("nowhere != 1", "NOWHERE <> 1", True),
        ("customer.address = 'x'", "\"customer.address\" = 'x'", False),
        ('"s"."Name" = \'x\'', '"s"."name" = \'x\'', False),
        ("upper(s) = 'a' -- x\n or s = 'b'", "upper(s) = 'a' -- x or s = 'b'", False),
        ("f('a'\n'b')", "f('a' 'b')", False),
    ],
)
def test_the_same_tokens_are_the_same_filter(one, other, same):
    assert (against(one, other).relation is Relation.EQUAL) == same


@pytest.mark.parametrize(
    ("types", "text"),
    [
        ({"a.b": "string", "a": "struct<b:string>"}, "\"a.b\" = 'x'"),
        ({"a.b": "string", "a": "struct<b:string>"}, "a.b = 'x'"),
        ({"a.b": "string"}, "\"a.b\" = 'x'"),
        ({"a": "struct<B:string>"}, "a.\"B\" = 'x'"),
        ({"a": "struct<B:string>"}, "a.\"b\" = 'x'"),
        ({"a": "struct<b:string,B:string>"}, "a.b = 'x'"),
    ],
)
def test_names_that_engines_may_read_differently(types, text):
    assert rows.compare([Where(text)], [Where("false")], types).relation is Relation.UNKNOWN


def test_a_witness_that_does_not_replay_is_no_finding(monkeypatch):
    monkeypatch.setattr(replay, "shows", lambda *_args, **_options: False)
    verdict = against("year > 5", "year > 4")
    assert (verdict.relation, verdict.reason) == (Relation.UNKNOWN, "witness did not replay")


def test_unions():
    us, uk = Where("country = 'US'"), Where("country = 'UK'")
    both = Where("country in ('US', 'UK')")
    assert rows.compare([both], [us, uk], TYPES).relation is Relation.EQUAL
    assert rows.compare([us, uk], [uk, us], TYPES).proof is Proof.IDENTICAL
    assert rows.compare([us], [us, uk], TYPES).relation is Relation.NARROWER
    assert rows.compare([us, ALL_ROWS], [us, uk], TYPES).relation is Relation.WIDER
    assert rows.compare([ALL_ROWS], [us, ALL_ROWS], TYPES).proof is Proof.IDENTICAL
    assert rows.compare([ALL_ROWS], [Where("true")], TYPES).relation is Relation.EQUAL
    assert rows.compare([], [], TYPES).relation is Relation.EQUAL
    assert rows.compare([], [Where("false")], TYPES).relation is Relation.EQUAL
    assert rows.compare([], [us], TYPES) == RowVerdict(Relation.NARROWER, None, {"country": "US"}, "", Proof.EXACT)
    assert rows.compare([us], [], TYPES).relation is Relation.WIDER


def test_bounds_of_varchar_count_bytes_on_redshift():
    types = {"code": "varchar(2)"}
    verdict = rows.compare([Where("code like 'é_'")], [Where("false")], types)
    assert (verdict.relation, verdict.proof) == (Relation.WIDER, Proof.ATHENA)
    assert verdict.reason == "wider on Athena, equal on Redshift"


def test_long_chains_are_decided():
    names = [f"c{i}" for i in range(41)]
    types = dict.fromkeys(names, "int")
    clauses = [f"({a} > 1 or {b} < 5)" for a, b in itertools.pairwise(names)]
    chain = " and ".join(clauses)
    verdict = rows.compare([Where(" and ".join(reversed(clauses)))], [Where(chain)], types)
    assert verdict.relation is Relation.EQUAL
    assert rows.compare([Where(chain)], [Where(" and ".join(clauses[1:]))], types).relation is Relation.NARROWER


def test_an_exhausted_budget_is_unknown():
    # pigeons: every column takes one of seven values, no two the same, and there are eight of them
    names = [f"c{i}" for i in range(8)]
    clash = [
        Where(" or ".join(f"({a} = {n} and {b} = {n})" for n in range(1, 8)))
        for i, a in enumerate(names)
        for b in names[:i]
    ]
    elsewhere = [Where(f"{name} is null or {name} not between 1 and 7") for name in names]
    verdict = rows.compare([ALL_ROWS], [*clash, *elsewhere], dict.fromkeys(names, "int"))
    assert verdict.relation is Relation.UNKNOWN
    assert verdict.reason == "budget"


def test_deep_nesting_is_read():
    deep = "(" * 900 + "year = 1" + ")" * 900
    assert against(deep, "year = 1").relation is Relation.EQUAL
    nested = "year = 1"
    while len(nested) < 2000:
        nested = f"(id=1 or ({nested} and id=2))"
    assert against(nested, "id = 2").relation is not Relation.UNKNOWN
    negated = "year=1"
    while len(negated) < 2000:
        negated = f"not(id=1 and {negated})"
    assert against(negated, "id = 2").relation is not Relation.UNKNOWN


@pytest.mark.parametrize(
    ("declared", "live", "relation", "row"),
    [
        ("x > 4", "x > 5", Relation.NARROWER, None),
        ("x > 5", "x > 4", Relation.WIDER, {"x": 4.5}),
        ("x = 1", "x = 2", Relation.OVERLAP, {"x": 2.0}),
    ],
)
def test_doubles_are_decided_for_both_engines_at_once(declared, live, relation, row):
    verdict = rows.compare([Where(live)], [Where(declared)], {"x": "double"})
    assert (verdict.relation, verdict.proof, verdict.reason) == (relation, Proof.EXACT, "")
    assert row is None or verdict.gained == row


def _infixes(count: int, join: str, negated: str = "") -> Where:
    return Where(f" {join} ".join(f"name {negated}like '%{chr(97 + n)}{chr(98 + n)}%'" for n in range(count)))


@pytest.mark.parametrize("count", [7, 16, 17, 24])
@pytest.mark.parametrize(("join", "negated", "more"), [("or", "", "wider"), ("and", "not ", "narrower")])
def test_many_infixes_in_a_row_are_decided(count, join, negated, more):
    one, two = _infixes(count, join, negated), _infixes(count + 1, join, negated)
    types = {"name": "string", "id": "bigint"}
    back = "narrower" if more == "wider" else "wider"
    assert compare([two], [one], types).relation == more
    assert compare([one], [two], types).relation == back
    assert compare([one, Where("id = 3")], [Where("id = 3"), one], types).relation == "equal"


def test_many_infixes_at_once_cost_the_budget():
    verdict = compare([_infixes(17, "and")], [_infixes(16, "and")], {"name": "string"})
    assert (verdict.relation, verdict.reason) == ("unknown", "budget")


@pytest.mark.parametrize("declared", ["{}", "not ({})", "id = 1 and ({})", "({}) or id is null", "true", "false"])
@pytest.mark.parametrize(
    "live",
    [
        (
            "name like '%a%' or name like 'b%' and name not like '%c' or name like '_d%' or name like '%e_' or name like 'f'"
            " or name like '%gg%' or name like 'h_h'"
        ),
        (
            "name like '%a%' and (name like 'b%' or name not like '%c') and not (name like '_d%' and name like '%e_') or"
            " name > 'f' and name like '%gg%' or name like 'h_h' and id = 2"
        ),
    ],
)
def test_leaving_out_what_cannot_matter_changes_no_verdict(monkeypatch, live, declared):
    """The walk that leaves classes out says what the whole walk says, with a row that replays."""
    two = Where(declared.format(live.replace("'%gg%'", "'%g%'")))
    types = {"name": "string", "id": "bigint"}
    first = [compare([Where(live)], [two], types).relation, compare([two], [Where(live)], types).relation]
    monkeypatch.setattr(rows, "_MANY", 99)
    assert [compare([Where(live)], [two], types).relation, compare([two], [Where(live)], types).relation] == first
    assert "unknown" not in first
