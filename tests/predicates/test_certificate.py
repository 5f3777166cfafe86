"""The query that confirms a verdict: run in DuckDB, it answers what it says it will."""

from collections.abc import Mapping
from decimal import Decimal

import duckdb
import pytest
from filters_at_random import TYPES, pairs
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.model import ALL_ROWS, Where
from checks.predicates import certificate as certificates
from checks.predicates import rows
from checks.predicates.certificate import Certificate, certificate, literal, quoted, sql_type
from checks.predicates.kernel import UndecidedError
from checks.predicates.rowfilter import column_type
from checks.predicates.rows import Engine, Proof, Relation

quietly = settings(deadline=None, derandomize=True, database=None)
STRUCTS = {
    "customer": "struct<address:string,id:bigint,home:struct<city:varchar(5),old:boolean>>",
    "year": "int",
    "candidates": "string",
    "floodline_row": "tinyint",
    'odd "name"': "string",
}


@pytest.fixture(scope="module")
def engine():
    connection = duckdb.connect()
    connection.execute("set threads = 1")
    return connection


def made(declared: str, live: str, types=TYPES, **options) -> Certificate:
    one, other = [Where(live)], [Where(declared)]
    return certificate(one, other, types, rows.compare(one, other, types), **options)


def answer(engine, sql: str) -> list[tuple]:
    return engine.execute(sql).fetchall()


def plain(row: Mapping[str, object]) -> dict[str, object]:
    """Decimals as numbers: a witness says ``0`` where DuckDB says ``0.00``."""
    return {name: value if name != "d" or value is None else Decimal(str(value)) for name, value in row.items()}


@given(pair=pairs(), limit=st.sampled_from([8, 60, 400]))
@settings(quietly, max_examples=350)
def test_duckdb_answers_what_the_certificate_says(engine, pair, limit):
    declared, live = pair
    verdict = rows.compare([Where(live)], [Where(declared)], TYPES)
    found = certificate([Where(live)], [Where(declared)], TYPES, verdict, limit=limit)
    told = answer(engine, found.sql)
    if "CAST('NaN' AS double)" in found.sql:  # DuckDB puts NaN above all numbers, Athena nowhere
        return
    assert [row[0] for row in told].count("live only") == found.gained
    assert [row[0] for row in told].count("declared only") == found.lost
    if verdict.proof in (Proof.EXACT, Proof.TODAY):
        assert (found.gained > 0, found.lost > 0) == (verdict.gained is not None, verdict.lost is not None)
        columns = [column[0] for column in engine.description]
        spelt = [(row[0], plain(dict(zip(columns, row, strict=True)))) for row in told]
        for word, witness in (("live only", verdict.gained), ("declared only", verdict.lost)):
            assert witness is None or any(by == word and plain(witness).items() <= row.items() for by, row in spelt)
    assert found.complete == (found.rows >= found.combinations)
    assert found.rows <= limit + 2


@given(pair=pairs())
@settings(quietly, max_examples=60)
def test_redshifts_certificate_reads_and_keeps_to_its_rows(engine, pair):
    declared, live = pair
    found = made(declared, live, engine=Engine.REDSHIFT, limit=40)
    told = answer(engine, found.sql)
    assert "VALUES" not in found.sql  # Redshift has no table of values
    if not any(f'"{name}"' in found.sql for name in "stcx"):  # blanks and NaN: Redshift's own rules
        assert [row[0] for row in told].count("live only") == found.gained
        assert [row[0] for row in told].count("declared only") == found.lost


@given(pair=pairs())
@settings(quietly, max_examples=40)
def test_the_same_question_gives_the_same_query(pair):
    assert made(*pair, limit=10) == made(*pair, limit=10)


@pytest.mark.parametrize(
    ("declared", "live"),
    [
        ("customer is not null", "customer.address = 'x'"),
        ("customer.home.city = 'a' or customer.id > 3", "customer.home is not null"),
        ("customer is null", "customer is null or customer.home.old = true"),
        ("customer.home is null", "customer.home.city is null"),
        ("customer is null", "not (customer is not null)"),
        ("candidates = 'a'", "candidates like 'a%' and floodline_row > 1"),
        ('"odd ""name""" = \'x\'', "\"odd \"\"name\"\"\" in ('x', 'y''s')"),
        ("year = 1", "false"),
        ("false", "true"),
    ],
)
def test_structs_and_names_that_clash(engine, declared, live):
    verdict = rows.compare([Where(live)], [Where(declared)], STRUCTS)
    found = made(declared, live, STRUCTS)
    told = [row[0] for row in answer(engine, found.sql)]
    assert found.complete
    assert (told.count("live only"), told.count("declared only")) == (found.gained, found.lost)
    assert (found.gained > 0, found.lost > 0) == (verdict.gained is not None, verdict.lost is not None)


def test_a_null_struct_never_has_a_field(engine):
    found = made("customer is null", "customer.address = 'x'", STRUCTS)
    # NULL; or one that is there, with NULL, 'x' and another address
    assert (found.rows, found.combinations) == (4, 4)


def test_unions_and_all_rows(engine):
    one, other = [Where("i = 1"), Where("i = 2")], [Where("i in (1, 2)")]
    found = certificate(one, other, TYPES, rows.compare(one, other, TYPES))
    assert answer(engine, found.sql) == []
    assert "-- Expected: no row." in found.sql
    everything = certificate([ALL_ROWS], [], TYPES, rows.compare([ALL_ROWS], [], TYPES))
    assert answer(engine, everything.sql) == [("live only", 1)]


def test_a_sample_says_so_and_holds_the_witness(engine):
    many = " and ".join(f"i <> {n} and b <> {n} and d <> {n} and s <> '{n}'" for n in range(6))
    found = made(many, many.replace("s <> '3'", "s is not null"), limit=50)
    assert (found.rows, found.complete) == (50, False)
    assert f"a sample of the {found.combinations:,} combinations" in found.sql
    told = answer(engine, found.sql)
    assert told[0][:2] == ("live only", 1)
    for value in "012345":
        assert f"CAST('{value}' AS bigint)" in found.sql
    assert made(many, many.replace("s <> '3'", "s is not null"), limit=5000).rows > 1000


def test_a_query_stays_below_what_athena_takes(monkeypatch):
    monkeypatch.setattr(certificates, "LONGEST", 900)
    found = made("i in (1, 2, 3) and b in (1, 2, 3)", "i in (1, 2, 3, 4) and b > 0", limit=500)
    assert 1 < found.rows < found.combinations
    assert "a sample of" in found.sql


def test_the_engine_on_which_they_differ_shows_it():
    assert made("s like 'US'", "s = 'US'").gained == 0
    redshift = made("s like 'US'", "s = 'US'", engine=Engine.REDSHIFT)
    assert redshift.gained == 1
    assert "CAST('US ' AS varchar(65535))" in redshift.sql
    # and Athena's witness is none on Redshift
    assert "NaN" not in made("x > 5 or x <= 5", "x is not null", engine=Engine.REDSHIFT).sql
    assert made("x > 5 or x <= 5", "x is not null").gained == 1


def test_a_witness_too_long_for_the_other_engine_is_left_out():
    types = {"code": "varchar(2)"}
    assert made("false", "code like 'é_'", types).gained == 1
    assert made("false", "code like 'é_'", types, engine=Engine.REDSHIFT).gained == 0


@pytest.mark.parametrize(
    ("declared", "live", "types", "engine_", "reason"),
    [
        ("upper(s) = 'A'", "s = 'A'", TYPES, Engine.ATHENA, "functions"),
        ("customer is null", "true", STRUCTS, Engine.REDSHIFT, "struct"),
        ('"a\u202e" = 1', "true", {"a\u202e": "int"}, Engine.ATHENA, "cannot be shown"),
        ("s = 'a\u202e'", "true", TYPES, Engine.REDSHIFT, "cannot be shown"),
    ],
)
def test_where_there_is_none(declared, live, types, engine_, reason):
    with pytest.raises(UndecidedError, match=reason):
        made(declared, live, types, engine=engine_)


@given(text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12))
@settings(quietly, max_examples=150)
def test_a_constant_comes_back_as_it_was_and_cannot_move_a_terminal(engine, text):
    spelt = literal(text, Engine.ATHENA)
    assert spelt.isprintable()
    assert answer(engine, f"select {spelt}") == [(text,)]


def test_nothing_of_a_filter_leaves_its_place(engine):
    hostile = "s = 'x''); drop table t; --' or s = '\u202e\n\x1b[31m' or s like '%\x07%'"
    found = made(hostile, "s is not null")
    assert all(line.isprintable() for line in found.sql.splitlines())
    assert found.gained > 0
    told = answer(engine, found.sql)
    assert len(told) == found.gained
    assert quoted('a"b') == '"a""b"'


def test_blanks_between_tokens_are_ours():
    found = made("s='a'   or(i>-1 and\n\td  in(1.5,+2))", "true")
    assert "CASE WHEN (s = 'a' or (i > -1 and d in (1.5, +2))) THEN 1" in found.sql


def test_the_cuts_are_todays_values_and_null():
    found = rows.cuts([Where("t like '____' and i = 2147483647")], [Where("t is null or i > 0")], TYPES, Engine.ATHENA)
    assert found["t"].values[0] is None
    assert all(value is None or len(str(value)) <= 4 for value in found["t"].values)
    assert max(value for value in found["i"].values if value is not None) == 2147483647
    with pytest.raises(UndecidedError, match="live filter"):
        rows.cuts([Where("nowhere = 1")], [Where("s = 'a'")], TYPES, Engine.ATHENA)
    assert rows.compare([Where("true")], [Where("true")], TYPES).relation is Relation.EQUAL


SAMPLE = """\
-- Certificate for Athena: which rows does only one of two row filters let through?
-- 7 rows: a sample of the 48 combinations of the values that the
-- filters can tell apart: the witness if there is one, then each value of each column, then others spread evenly.
-- Expected: 4 rows `live only` and 0 rows `declared only`; the witness is among them.
-- Any other answer means that Athena evaluates a filter otherwise than floodline assumes.
WITH candidates_ AS (
  SELECT * FROM (VALUES
    (1, CAST(ROW(CAST('' AS varchar(5))) AS ROW("city" varchar(5))), CAST('2' AS integer), CAST('it''s' AS varchar)),
    (2, CAST(NULL AS ROW("city" varchar(5))), CAST(NULL AS integer), CAST(NULL AS varchar)),
    (3, CAST(ROW(CAST(NULL AS varchar(5))) AS ROW("city" varchar(5))), CAST('2' AS integer), CAST('it''s' AS varchar)),
    (4, CAST(ROW(CAST('a' AS varchar(5))) AS ROW("city" varchar(5))), CAST('3' AS integer), CAST('' AS varchar)),
    (5, CAST(ROW(CAST('' AS varchar(5))) AS ROW("city" varchar(5))), CAST('4' AS integer), CAST(NULL AS varchar)),
    (6, CAST(ROW(CAST(NULL AS varchar(5))) AS ROW("city" varchar(5))), CAST('4' AS integer), CAST('it''s' AS varchar)),
    (7, CAST(ROW(CAST('a' AS varchar(5))) AS ROW("city" varchar(5))), CAST('3' AS integer), CAST(NULL AS varchar))
  ) AS classes ("floodline_row", "s", "year", "candidates")
), judged AS (
  SELECT "floodline_row", "s", "year", "candidates",
    CASE WHEN (s is not null and year > 3 or candidates = 'it''s') THEN 1 ELSE 0 END AS floodline_live,
    CASE WHEN (s.city = 'a' and year > 3) THEN 1 ELSE 0 END AS floodline_declared
  FROM candidates_
)
SELECT CASE WHEN floodline_live = 1 THEN 'live only' ELSE 'declared only' END AS floodline_shown_by, "floodline_row", "s", "year", "candidates"
FROM judged
WHERE floodline_live <> floodline_declared
ORDER BY floodline_row
"""
NOTHING_IN_IT = """\
-- Certificate for Athena: which rows does only one of two row filters let through?
-- 2 rows: every combination of the values that the filters can tell apart.
-- Expected: 0 rows `live only` and 1 row `declared only`; the witness is among them.
-- Any other answer means that Athena evaluates a filter otherwise than floodline assumes.
WITH candidates AS (
  SELECT * FROM (VALUES
    (1, CAST(NULL AS ROW("anything" boolean))),
    (2, CAST(ROW(true) AS ROW("anything" boolean)))
  ) AS classes ("floodline_row", "s")
), judged AS (
  SELECT "floodline_row", "s",
    CASE WHEN (s is not null) THEN 1 ELSE 0 END AS floodline_live,
    CASE WHEN (true) THEN 1 ELSE 0 END AS floodline_declared
  FROM candidates
)
SELECT CASE WHEN floodline_live = 1 THEN 'live only' ELSE 'declared only' END AS floodline_shown_by, "floodline_row", "s"
FROM judged
WHERE floodline_live <> floodline_declared
ORDER BY floodline_row
"""
REDSHIFTS = """\
-- Certificate for Redshift: which rows does only one of two row filters let through?
-- 12 rows: every combination of the values that the filters can tell apart.
-- Expected: 1 row `live only` and 2 rows `declared only`; the witness is among them.
-- Any other answer means that Redshift evaluates a filter otherwise than floodline assumes.
WITH candidates AS (
  SELECT 1 AS "floodline_row_", CAST('3' AS integer) AS "year", CAST('x' AS char(3)) AS "floodline_row"
  UNION ALL SELECT 2 AS "floodline_row_", CAST('4' AS integer) AS "year", CAST('' AS char(3)) AS "floodline_row"
  UNION ALL SELECT 3 AS "floodline_row_", CAST(NULL AS integer) AS "year", CAST(NULL AS char(3)) AS "floodline_row"
  UNION ALL SELECT 4 AS "floodline_row_", CAST('2' AS integer) AS "year", CAST(NULL AS char(3)) AS "floodline_row"
  UNION ALL SELECT 5 AS "floodline_row_", CAST('3' AS integer) AS "year", CAST(NULL AS char(3)) AS "floodline_row"
  UNION ALL SELECT 6 AS "floodline_row_", CAST('4' AS integer) AS "year", CAST(NULL AS char(3)) AS "floodline_row"
  UNION ALL SELECT 7 AS "floodline_row_", CAST(NULL AS integer) AS "year", CAST('x' AS char(3)) AS "floodline_row"
  UNION ALL SELECT 8 AS "floodline_row_", CAST('2' AS integer) AS "year", CAST('x' AS char(3)) AS "floodline_row"
  UNION ALL SELECT 9 AS "floodline_row_", CAST('4' AS integer) AS "year", CAST('x' AS char(3)) AS "floodline_row"
  UNION ALL SELECT 10 AS "floodline_row_", CAST(NULL AS integer) AS "year", CAST('' AS char(3)) AS "floodline_row"
  UNION ALL SELECT 11 AS "floodline_row_", CAST('2' AS integer) AS "year", CAST('' AS char(3)) AS "floodline_row"
  UNION ALL SELECT 12 AS "floodline_row_", CAST('3' AS integer) AS "year", CAST('' AS char(3)) AS "floodline_row"
), judged AS (
  SELECT "floodline_row_", "year", "floodline_row",
    CASE WHEN (year >= 3 and floodline_row = 'x') THEN 1 ELSE 0 END AS floodline_live,
    CASE WHEN (year > 3) THEN 1 ELSE 0 END AS floodline_declared
  FROM candidates
)
SELECT CASE WHEN floodline_live = 1 THEN 'live only' ELSE 'declared only' END AS floodline_shown_by, "floodline_row_", "year", "floodline_row"
FROM judged
WHERE floodline_live <> floodline_declared
ORDER BY floodline_row_
"""


@pytest.mark.parametrize(
    ("declared", "live", "options", "expected"),
    [
        ("s.city = 'a' and year > 3", "s is not null and year > 3 or candidates = 'it''s'", {"limit": 7}, SAMPLE),
        ("true", "s is not null", {}, NOTHING_IN_IT),
        ("year > 3", "year >= 3 and floodline_row = 'x'", {"engine": Engine.REDSHIFT}, REDSHIFTS),
    ],
)
def test_whole_queries(engine, declared, live, options, expected):
    types = {
        "year": "int",
        "s": "struct<city:varchar(5),old:boolean>",
        "candidates": "string",
        "floodline_row": "char(3)",
    }
    found = made(declared, live, types, **options)
    assert found.sql == expected
    told = [row[0] for row in answer(engine, found.sql)]
    assert (told.count("live only"), told.count("declared only")) == (found.gained, found.lost)


@pytest.mark.parametrize(
    ("given", "athena", "redshift"),
    [
        ("string", "varchar", "varchar(65535)"),
        ("varchar(5)", "varchar(5)", "varchar(5)"),
        ("char(3)", "char(3)", "char(3)"),
        ("tinyint", "tinyint", "smallint"),
        ("smallint", "smallint", "smallint"),
        ("int", "integer", "integer"),
        ("bigint", "bigint", "bigint"),
        ("decimal(5,2)", "decimal(5, 2)", "decimal(5, 2)"),
        ("double", "double", "double precision"),
        ("float", "real", "real"),
        ("boolean", "boolean", "boolean"),
    ],
)
def test_each_engines_name_of_a_type(given, athena, redshift):
    assert sql_type(column_type(given), Engine.ATHENA) == athena
    assert sql_type(column_type(given), Engine.REDSHIFT) == redshift


@pytest.mark.parametrize(
    ("text", "athena", "redshift"),
    [
        ("", "''", "''"),
        ("it's", "'it''s'", "'it''s'"),
        ("a\\b", "'a\\b'", "('a' || chr(92) || 'b')"),
        ("\n", "chr(10)", "chr(10)"),
        ("it's\n\tit's", "('it''s' || chr(10) || chr(9) || 'it''s')", "('it''s' || chr(10) || chr(9) || 'it''s')"),
        ("\u202ea", "(chr(8238) || 'a')", None),
        ("é", "'é'", "'é'"),
    ],
)
def test_each_engines_spelling_of_a_constant(text, athena, redshift):
    assert literal(text, Engine.ATHENA) == athena
    if redshift is None:
        with pytest.raises(UndecidedError, match="cannot be shown, nor written otherwise"):
            literal(text, Engine.REDSHIFT)
    else:
        assert literal(text, Engine.REDSHIFT) == redshift


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a . b = -  1.5", "a.b = -1.5"),
        ("( a   in ( 1 ,2 ) )", "(a in (1, 2))"),
        ("\n\tnot\ra=+1  ", "not a = +1"),
        ("\"A\".b = 'x''y'", "\"A\".b = 'x''y'"),
        ("a = - 'x'", "a = - 'x'"),
        ("1 - a", "1 - a"),
    ],
)
def test_a_filter_in_one_line(text, line):
    assert certificates.one_line(text) == line
