"""Random row filters over a small table, and DuckDB as their judge. Shared by the tests of this folder."""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping
from typing import Any

import duckdb
from hypothesis import strategies as st

from checks.model import Where
from checks.predicates import rowfilter, rows
from checks.predicates.rowfilter import And, Filter, Like, Member, Not, Null, Number, Or, Truth

TYPES = {
    "s": "string",
    "t": "varchar(4)",
    "c": "char(3)",
    "i": "int",
    "b": "bigint",
    "d": "decimal(6,2)",
    "x": "double",
    "f": "boolean",
}
SQL_TYPES = {**TYPES, "s": "varchar", "t": "varchar", "c": "varchar"}

# ------------------------------------------------------------------------------------------------------------- filters
# short words over a small alphabet, so that constants and patterns meet
_words = st.text(alphabet="abU é~'", max_size=4).filter(lambda word: not word.endswith(" "))
_patterns = st.text(alphabet="aabU%%_ é", max_size=5)
_whole = st.sampled_from(["0", "1", "2", "3", "4", "-1", "10", "-0", "+2"])
_numbers = {
    "i": _whole | st.sampled_from(["1.5", "2147483647", "-2147483648", "2147483648", "1e0", "25e-1"]),
    "b": _whole | st.sampled_from([".5", "9223372036854775807", "-9223372036854775808", "9223372036854775808"]),
    "d": _whole
    | st.sampled_from(["1.5", "2.25", "1.255", "9999.99", "10000", "-9999.99", "0.01", "2.01", "2.02", "3."]),
    "x": _whole | st.sampled_from(["0.1", "0.25", "1e10", "-1e-3", "1.5"]),
}


def _literal(column: str) -> st.SearchStrategy[str]:
    if column in "stc":
        return _words.map(lambda word: "'" + word.replace("'", "''") + "'")
    return st.sampled_from(["true", "FALSE"]) if column == "f" else _numbers[column]


@st.composite
def atoms(draw: st.DrawFn, columns: str = "ssttiiddbxfc") -> str:
    column = draw(st.sampled_from(columns))
    literal = _literal(column)
    kinds = ["compare", "compare", "in", "null", "equal"]
    if column not in "cf":
        kinds += ["between", "range", "flipped"]
    if column in "st":
        kinds += ["like", "like", "likes"]
    kind = draw(st.sampled_from(kinds))
    negation = draw(st.sampled_from(["", "not "]))
    if kind == "null":
        return f"{column} is {negation}null"
    if kind == "in":
        items = draw(st.lists(literal, min_size=1, max_size=3))
        if draw(st.integers(0, 9)) == 0:
            items.append("null")
        return f"{column} {negation}in ({', '.join(items)})"
    if kind == "between":
        return f"{column} {negation}BETWEEN {draw(literal)} and {draw(literal)}"
    if kind == "range":
        return f"({column} > {draw(literal)} and {column} < {draw(literal)})"
    if kind in ("like", "likes"):
        first = f"{column} {negation}like '{draw(_patterns)}'"
        return f"({first} and {column} not like '{draw(_patterns)}')" if kind == "likes" else first
    operators = ["=", "<>", "!="] if column == "c" or kind == "equal" else ["=", "<>", "<", "<=", ">", ">="]
    operator = draw(st.sampled_from(operators))
    return f"{draw(literal)} {operator} {column}" if kind == "flipped" else f"{column} {operator} {draw(literal)}"


def _larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    word = st.sampled_from(["and", "or", "OR"])
    return st.one_of(
        inner.map(lambda part: f"not ({part})"),
        st.tuples(inner, word, inner).map(lambda t: f"({t[0]}) {t[1]} ({t[2]})"),
        # unparenthesised: precedence matters
        st.tuples(atoms(), word, atoms(), word, atoms()).map(" ".join),
        atoms().map(lambda part: f"not {part}"),
    )


filters = st.recursive(atoms() | st.sampled_from(["true", "false"]), _larger, max_leaves=6)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[str, str]:
    """Two filters; most often the second is a change of the first, as edits are."""
    first = draw(filters)
    kind = draw(st.sampled_from(["or", "and", "same", "before", "other", "other"]))
    if kind == "other":
        return first, draw(filters)
    if kind == "same":
        return first, f"not (not ({first}))"
    extra = draw(atoms())
    if kind == "before":
        return first, f"{extra} {draw(st.sampled_from(['or', 'and']))} {first}"
    return first, f"({first}) {kind} ({extra})"


# --------------------------------------------------------------------------------------------------------------- judge
def _quoted(value: object) -> str:
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return value.text if isinstance(value, Number) else "null" if value is None else str(value)


def sql(node: Filter | None, *, blanks: bool, nan: bool) -> str:
    """The filter for DuckDB under an engine's rules: do trailing blanks count, is NaN outside the order."""
    if node is None:
        return "true"
    if isinstance(node, Truth):
        return str(node.value)
    if isinstance(node, Not):
        return f"(not {sql(node.part, blanks=blanks, nan=nan)})"
    if isinstance(node, And | Or):
        word = " and " if isinstance(node, And) else " or "
        return "(" + word.join(sql(part, blanks=blanks, nan=nan) for part in node.parts) + ")"
    name = node.column[0].text
    if isinstance(node, Null):
        return f"({name} is null)"
    if isinstance(node, Like):
        return f"({name} like {_quoted(node.pattern)})"
    column = name if name not in ("s", "t", "c") or (blanks and name != "c") else f"rtrim({name}, ' ')"
    operator = "in" if isinstance(node, Member) else node.operator
    constants = (
        "(" + ", ".join(map(_quoted, node.constants)) + ")" if isinstance(node, Member) else _quoted(node.constant)
    )
    test = f"({column} {operator} {constants})"
    if name == "x" and nan:
        unless = "null::boolean" if "null" in constants else str(operator == "<>")
        return f"(case when isnan(x) then {unless} else {test} end)"
    return test


class Judge:
    """A DuckDB with a table of random rows."""

    def __init__(self, seed: int, size: int = 1500) -> None:
        chance = random.Random(seed)
        self.chance = chance

        def word(longest: int) -> str:
            return "".join(chance.choice("aabbU é~'\x01Z😀") for _ in range(chance.randint(0, longest)))

        whole = [0, 1, 2, 3, 4, 5, -1, -2, 9, 10, 11]
        pools: dict[str, list[Any]] = {
            "s": [None, *(word(5) for _ in range(300))],
            "t": [None, *(word(4) for _ in range(200))],
            "c": [None, *(word(3).rstrip(" ") for _ in range(60))],
            "i": [None, *whole, 2**31 - 1, -(2**31), 2**31 - 2],
            "b": [None, *whole, 2**63 - 1, -(2**63), 2**31],
            "d": [
                None,
                *map(str, whole),
                *["1.5", "1.51", "1.25", "1.26", "2.25", "2.24", "0.01", "2.01", "2.02", "9999.99", "-9999.99"],
            ],
            "x": [None, *map(float, whole), 0.1, 0.25, 0.2, 1e10, 1e300, float("nan"), float("inf"), -1e-3],
            "f": [True, False, None],
        }
        self.rows = [{name: chance.choice(pool) for name, pool in pools.items()} for _ in range(size)]
        self.connection = duckdb.connect()
        self.connection.execute("set threads = 1")
        columns, values = self._columns(self.rows)
        self.connection.execute(f"create table r as select {columns}", values)

    def _columns(self, table: list[dict[str, Any]]) -> tuple[str, list[Any]]:
        names = ", ".join(f"unnest(?::{kind}[]) as {name}" for name, kind in SQL_TYPES.items())
        return names, [[row.get(name) for row in table] for name in SQL_TYPES]

    def count(self, conditions: list[str], extra: list[dict[str, Any]]) -> list[int]:
        """How many rows, random or extra, meet each condition."""
        wanted = ", ".join(f"count(*) filter (where {condition})" for condition in conditions)
        source, values = "select * from r", []
        if extra:
            columns, values = self._columns(extra)
            source += f" union all select {columns}"
        found = self.connection.execute(f"select {wanted} from ({source})", values).fetchone()
        assert found is not None
        return list(found)

    def verdicts(self, condition: str, table: list[dict[str, Any]]) -> list[bool | None]:
        columns, values = self._columns(table)
        found = self.connection.execute(f"select ({condition}) from (select {columns})", values).fetchall()
        return [row[0] for row in found]

    def representatives(self, question: rows._Question, limit: int = 400) -> tuple[list[dict[str, Any]], bool]:
        """Today's classes of both engines as rows, and whether all combinations are there."""
        table, whole = [], True
        for engine in (rows._ATHENA, rows._REDSHIFT):
            model = rows._Model(question, engine, {})
            values = {
                name: [None, *(v for i, v in enumerate(axis.values) if axis.today >> i + 1 & 1)]
                for name, axis in model.axes.items()
            }
            size = 1
            for choices in values.values():
                size *= len(choices)
            whole &= size <= limit
            if size <= limit:
                combined = [dict(zip(values, row, strict=True)) for row in itertools.product(*values.values())]
            else:
                combined = [{n: self.chance.choice(v) for n, v in values.items()} for _ in range(limit)]
            table += combined
        return [unspelt(row) for row in table], whole


def spelt(row: dict[str, Any]) -> dict[str, Any]:
    """DuckDB's row with NaN and infinity as a witness spells them."""
    words = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
    return {name: words.get(str(value), value) if isinstance(value, float) else value for name, value in row.items()}


def unspelt(row: Mapping[str, Any]) -> dict[str, Any]:
    """The reverse."""
    words = ("NaN", "Infinity", "-Infinity")
    return {name: float(value) if name == "x" and value in words else value for name, value in row.items()}


def disagreement(judge: Judge, declared: str, live: str) -> str | None:
    """Compare, ask DuckDB on representatives and random rows under both engines, and say what does not fit."""
    verdict = rows.compare([Where(live)], [Where(declared)], TYPES)
    if verdict.relation is rows.Relation.UNKNOWN:
        return f"unexpected unknown: {verdict.reason}"
    question = rows._Question(TYPES)
    question.read("live", Where(live))
    question.read("declared", Where(declared))
    extra, whole = judge.representatives(question)
    a, b = rowfilter.parse(live), rowfilter.parse(declared)
    conditions = []
    for blanks, nan in ((True, True), (False, False)):
        shown, meant = (f"coalesce({sql(node, blanks=blanks, nan=nan)}, false)" for node in (a, b))
        conditions += [f"{shown} and not {meant}", f"{meant} and not {shown}"]
    plain = not any(name in question.columns for name in ("x", "c"))
    if plain:  # the texts themselves: DuckDB's parser beside ours
        shown, meant = f"coalesce(({live}), false)", f"coalesce(({declared}), false)"
        conditions += [f"{shown} and not {meant}", f"{meant} and not {shown}"]
    counts = judge.count(conditions, extra)
    gained, lost = any(counts[::2]), any(counts[1::2])
    if (gained and verdict.gained is None) or (lost and verdict.lost is None):
        return f"duckdb contradicts {verdict}: {counts}"
    if whole and ((verdict.gained is not None and not gained) or (verdict.lost is not None and not lost)):
        return f"duckdb finds no witness for {verdict}: {counts}"
    for row, signs in ((verdict.gained, conditions[::2]), (verdict.lost, conditions[1::2])):
        if row is not None and not any(judge.verdicts(sign, [unspelt(row)]) == [True] for sign in signs):
            return f"bad witness {verdict}"
    return None
