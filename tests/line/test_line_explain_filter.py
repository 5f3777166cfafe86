"""``floodline explain-filter``: verdict, row, query, exit code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from line_world import World, run

DECIMAL = "amount:decimal(10,2)"


def document(*arguments: str, code: int) -> dict[str, Any]:
    ended = run("explain-filter", *arguments, "--format", "json")
    assert (ended.code, ended.err) == (code, "")
    found: dict[str, Any] = json.loads(ended.out)
    assert found["exit_code"] == code
    return found


@pytest.mark.parametrize(
    ("declared", "live", "code", "verdict", "confidence"),
    [
        ("year = 1", "year in (1)", 0, "equal", "assumed"),
        ("year = 1", "YEAR  =  1", 0, "equal", "proved"),
        ("year in (1, 2)", "year = 1", 2, "narrower", "assumed"),
        ("year = 1", "year in (1, 2)", 3, "wider", "assumed"),
        ("year = 1", "year = 2", 3, "overlap", "assumed"),
        ("upper(year) = 'A'", "year = 1", 4, "unknown", None),
        ("false", "true", 3, "wider", "proved"),
        ("", "true", 4, "unknown", None),
    ],
)
def test_the_exit_code_is_the_contracts(declared, live, code, verdict, confidence):
    found = document(declared, live, code=code)
    assert (found["verdict"], found["confidence"]) == (verdict, confidence)
    assert found["schema"] == "floodline/filter/v1"


def test_it_says_verdict_row_and_query():
    ended = run("explain-filter", "country = 'US'", "country like 'U%'")
    assert (ended.code, ended.err) == (3, "")
    lines = ended.out.splitlines()
    assert lines[:7] == [
        "declared:      country = 'US'",
        "live:          country like 'U%'",
        "verdict:       wider: live shows more than declared",
        "proof:         exact",
        "confidence:    assumed",
        "live only:     country = 'U'",
        "assumed:       country is string; give --column country:TYPE if you know",
    ]
    query = ended.out.partition("\n\n")[2]
    assert duckdb.execute(query).fetchall() == [("live only", 1, "U")]


def test_the_query_alone_goes_to_stdout():
    ended = run("explain-filter", "year = 1", "year = 1 or year > 4", "--sql", "--column", "year:int")
    assert ended.code == 3
    assert ended.err.startswith("declared:      year = 1\n")
    assert [row[0] for row in duckdb.execute(ended.out).fetchall()] == ["live only"]
    unknown = run("explain-filter", "f(a) = 1", "a = 1", "--sql")
    assert (unknown.code, unknown.out) == (4, "")
    assert "certificate:   none" in unknown.err


def test_the_engine_is_named_where_it_matters():
    found = document("country like 'US'", "country = 'US'", "--column", "country:string", code=3)
    assert (found["engine"], found["proof"], found["confidence"]) == ("Redshift", "exact on Redshift", "assumed")
    assert found["reason"] == "equal on Athena, wider on Redshift"
    assert found["gained"] == {"country": "US "}
    assert found["certificate"]["engine"] == "Redshift"
    asked = document("country like 'US'", "country = 'US'", "--engine", "athena", code=3)
    assert (asked["certificate"]["engine"], asked["certificate"]["expected"]) == (
        "Athena",
        {"live_only": 0, "declared_only": 0},
    )


def test_types_are_given_or_assumed():
    found = document("amount > 3 and amount < 5", "amount = 4", code=4)
    assert "it depends on the type of `amount`" in found["reason"]
    assert [one["verdict"] for one in found["readings"]] == ["equal", "narrower", "narrower"]
    assert found["certificate"] == {"none": "there is nothing to confirm"}
    given = document("amount > 1.255", "amount >= 1.26", "--column", DECIMAL, code=0)
    assert (given["proof"], given["confidence"]) == ("exact today only", "assumed")
    assert (given["types"], given["assumed"]) == ({"amount": "decimal(10,2)"}, {})
    exact = document("amount > 1.25", "not (amount <= 1.25)", "--column", DECIMAL, code=0)
    assert exact["confidence"] == "proved"


def test_types_of_a_table(world: World):
    table = "telemetry_raw.keystrokes"
    both = ("--table", table, "--state", str(world.state), "--live", str(world.recorded("untouched")))
    found = document("application = 'a'", "application in ('a', 'b')", *both, code=3)
    assert found["types"]["application"] == "string"
    assert found["assumed"] == {}
    assert document("application = 'a'", "application = 'a' or nowhere = 1", *both, code=4)["reason"] == (
        "live filter, unknown column `nowhere`"
    )
    state_only = document("application = 'a'", "application = 'b'", *both[:4], code=3)
    assert state_only["types"] == found["types"]
    overridden = document("application = 1", "application = 2", *both, "--column", "application:int", code=3)
    assert overridden["types"]["application"] == "int"


def test_a_column_of_two_types_is_undecided(world: World, tmp_path: Path):
    text = world.state.read_text()
    other = tmp_path / "state.json"
    other.write_text(text.replace('"name": "application", "type": "string"', '"name": "application", "type": "int"')
                     .replace('"name":"application","type":"string"', '"name":"application","type":"int"'))  # fmt: skip
    assert other.read_text() != text
    found = document(
        *("application = 'a'", "application in ('a')", "--table", "telemetry_raw.keystrokes"),
        *("--state", str(other), "--live", str(world.recorded("untouched"))),
        code=4,
    )
    assert found["reason"] == "`application` has two types: int, and live string"


def test_filters_from_files(tmp_path: Path):
    declared, live = tmp_path / "declared.sql", tmp_path / "live.sql"
    declared.write_text("country = 'US'\n\tand year > 3\n")
    live.write_text("country = 'US'")
    ended = run("explain-filter", f"@{declared}", f"@{live}")
    assert ended.code == 3
    assert ended.out.startswith("declared:      country = 'US' and year > 3\n")
    live.write_bytes(b"\xff")
    for path, told in ((live, "it is not UTF-8 text"), (tmp_path / "none.sql", "no such file or directory")):
        bad = run("explain-filter", "a = 1", f"@{path}")
        assert (bad.code, bad.out, bad.err) == (5, "", f"floodline: cannot read `{path}`: {told}\n")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--column", "year"], "write NAME:TYPE"),
        (["--column", ":int"], "write NAME:TYPE"),
        (["--column", "a:int", "--column", "A:bigint"], "`a` already has the type `int`"),
        (["--table", "a.b"], "give `--state FILE`"),
        (["--state", "x.json"], "--table DATABASE.TABLE"),
        (["--rows", "9"], "--rows"),
        (["--sql", "--format", "json"], "give one of them"),
    ],
)
def test_bad_usage(arguments, told):
    ended = run("explain-filter", "a = 1", "a = 2", *arguments)
    assert (ended.code, ended.out) == (64, "")
    assert told in ended.err


def test_a_table_that_is_not_there(world: World):
    for table, code, told in (("a.b", 5, "no table `a.b`"), ("a", 64, "write DATABASE.TABLE"), ("a.b.c", 64, "write")):
        ended = run("explain-filter", "a = 1", "a = 2", "--table", table, "--state", str(world.state))
        assert (ended.code, ended.out) == (code, "")
        assert told in ended.err


def test_nothing_hostile_reaches_the_terminal():
    for declared, live in (
        ("country = '\u202e</script>\x1b[31m'", "country is not null"),
        ("f('\u202e') = 1", "country = '\x1b[31m'"),
        ('"\u202e" = 1', "true"),
    ):
        ended = run("explain-filter", declared, live, "--column", "\u202e:int")
        assert all(line.isprintable() for line in (ended.out + ended.err).splitlines())
        assert json.loads(run("explain-filter", declared, live, "--format", "json").out)["declared"] == declared
