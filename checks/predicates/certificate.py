"""Writes a comparison of row filters as a query that anybody can run on their own engine.

A comparison rests on a model of the engine: each column falls into classes of values, and on one class every atom of
both filters is constant. The query holds one row for each combination of classes and asks which of them only one side
lets through. Equal filters give no row, others the witness. So it tests what cannot be tested offline: whether the
engine evaluates the filters as modelled. It needs no table and reads no data.

Nothing of the filters is written unless it was read by the strict grammar: names and constants are quoted again, and
characters that a terminal might obey are spelt ``chr(8238)``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from checks.model import AllRows, Rows
from checks.predicates import replay, rowfilter
from checks.predicates.kernel import UndecidedError
from checks.predicates.rows import Cut, Engine, RowVerdict, Value, cuts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from checks.predicates.rowfilter import Token, Type

LONGEST = 200_000
"""Characters of one query: Athena takes 262,144 bytes
(https://docs.aws.amazon.com/athena/latest/ug/service-limits.html)."""

_Row = dict[str, Value]


@dataclass(frozen=True, slots=True)
class Certificate:
    """A query, and what it is expected to answer.

    ``rows`` of ``combinations`` are tried. ``gained`` rows are expected as ``live only``, ``lost`` as ``declared
    only``, by the replay's own evaluation of each row.
    """

    engine: Engine
    sql: str
    rows: int
    combinations: int
    complete: bool
    """Whether every combination of classes is tried."""
    gained: int
    lost: int


def certificate(
    live: Sequence[Rows],
    declared: Sequence[Rows],
    types: Mapping[str, str],
    verdict: RowVerdict,
    *,
    engine: Engine = Engine.ATHENA,
    limit: int = 200,
) -> Certificate:
    """Write the query for a verdict that ``rows.compare`` gave on the same filters and types.

    At most ``limit`` rows: where there are more combinations, the witnesses, then each class of each column, then a
    spread of the others; always the same ones. Raises UndecidedError with the reason where no query can be written:
    an unknown verdict, names that cannot be quoted safely, struct fields on Redshift.
    """
    found = cuts(live, declared, types, engine)
    tree = _tree(found)
    chosen = _chosen(tree, [row for row in (verdict.gained, verdict.lost) if row is not None], engine, limit)
    writer = _Writer(engine, [part.name for part in tree.parts])
    lines = writer.lines(tree, chosen)
    parsed = [[None if isinstance(one, AllRows) else rowfilter.parse(one.text) for one in side] for side in
              (live, declared)]  # fmt: skip
    blanks = engine is Engine.ATHENA
    shown = [[replay.shows(side, row, types, blanks=blanks) for side in parsed] for row in chosen[: len(lines)]]
    made = Certificate(
        engine,
        "",
        len(lines),
        tree.count,
        tree.count <= limit and len(lines) == len(chosen),
        sum(here and not there for here, there in shown),
        sum(there and not here for here, there in shown),
    )
    head = _head(made, whole=len(lines) >= 2 + max((part.count for part in tree.parts), default=1))
    sql = writer.query(head, lines, _either(live, engine), _either(declared, engine))
    return replace(made, sql=sql)


# --------------------------------------------------------------------------------------------- combinations of classes
class _Leaf:
    """A column or a field without fields of interest."""

    def __init__(self, path: str, cut: Cut) -> None:
        self.path, self.name, self.cut = path, path.rpartition(".")[2], cut
        self.count: int = len(cut.values)

    def pick(self, number: int) -> _Row:
        return {self.path: self.cut.values[number]}


class _Struct:
    """A struct: NULL, where that is asked for, or any combination of its fields. A NULL struct has NULL fields."""

    def __init__(self, path: str, *, nullable: bool, parts: Sequence[_Node]) -> None:
        self.path, self.name, self.nullable, self.parts = path, path.rpartition(".")[2], nullable, parts
        self.count: int = math.prod(part.count for part in parts) + int(nullable)

    def pick(self, number: int) -> _Row:
        own: _Row = {self.path: "not null"} if self.nullable else {}
        if self.nullable and number == 0:
            return dict.fromkeys([self.path, *(path for part in self.parts for path in part.pick(0))])
        number -= self.nullable
        for part in self.parts:
            own.update(part.pick(number % part.count))
            number //= part.count
        return own


_Node = _Leaf | _Struct


def _tree(found: Mapping[str, Cut]) -> _Struct:
    """Hang fields below their structs, however little of these the filters mention."""

    def below(path: str) -> list[_Node]:
        start = path + "." if path else ""
        names = dict.fromkeys(name[len(start) :].partition(".")[0] for name in found if name.startswith(start))
        nodes: list[_Node] = []
        for name in names:
            inner = below(start + name)
            if inner or found[start + name].type.kind == "struct":
                nodes.append(_Struct(start + name, nullable=start + name in found, parts=inner))
            else:
                nodes.append(_Leaf(start + name, found[start + name]))
        return nodes

    return _Struct("", nullable=False, parts=below(""))


def _chosen(tree: _Struct, witnesses: Iterable[Mapping[str, Value]], engine: Engine, limit: int) -> list[_Row]:
    rows: dict[tuple[Value, ...], _Row] = {}

    def take(row: _Row) -> None:
        rows.setdefault(tuple(row.values()), row)

    order = list(tree.pick(0))
    for witness in witnesses:
        if _fits(tree, witness, engine):
            take({path: witness[path] for path in order})
    if tree.count <= limit:
        for number in range(tree.count):
            take(tree.pick(number))
        return list(rows.values())
    for number in range(max(part.count for part in tree.parts)):
        take({path: value for part in tree.parts for path, value in part.pick(number % part.count).items()})
    step = tree.count * 618_034 // 1_000_000
    while math.gcd(step, tree.count) != 1:
        step += 1
    number = 0
    while len(rows) < limit:
        take(tree.pick(number))
        number = (number + step) % tree.count
    return list(rows.values())[:limit]


def _fits(node: _Node, row: Mapping[str, Value], engine: Engine) -> bool:
    """Whether a witness, which may come from the other engine, is a row of this one."""
    if isinstance(node, _Struct):
        return all(_fits(part, row, engine) for part in node.parts)
    value, length = row[node.path], node.cut.type.length
    if engine is Engine.ATHENA or not isinstance(value, str):
        return True
    return value != "NaN" and (length is None or len(value.encode()) <= length)


# ------------------------------------------------------------------------------------------------------------- writing
class _Writer:
    """Spells values, names and the query for one engine."""

    def __init__(self, engine: Engine, columns: Sequence[str]) -> None:
        self._engine = engine
        self._columns = columns

    def _own(self, name: str) -> str:
        """Make a name of ours that is none of the columns'."""
        while name in self._columns:
            name += "_"
        return name

    def lines(self, tree: _Struct, rows: Sequence[_Row]) -> list[str]:
        """Spell the rows, as many as one query holds."""
        lines: list[str] = []
        size = 0
        for number, row in enumerate(rows, 1):
            cells = [str(number), *(self._cell(part, row) for part in tree.parts)]
            if self._engine is Engine.ATHENA:
                line = f"({', '.join(cells)})"
            else:
                names = [self._own("floodline_row"), *self._columns]
                line = "SELECT " + ", ".join(
                    f"{cell} AS {quoted(name)}" for cell, name in zip(cells, names, strict=True)
                )
            size += len(line.encode())
            if lines and size > LONGEST:
                break
            lines.append(line)
        return lines

    def _cell(self, node: _Node, row: _Row) -> str:
        if isinstance(node, _Leaf):
            value = row[node.path]
            spelt = "NULL" if value is None else literal(_text(value), self._engine)
            return f"CAST({spelt} AS {sql_type(node.cut.type, self._engine)})"
        if self._engine is Engine.REDSHIFT:
            raise UndecidedError(f"struct `{node.path}`: Redshift has no structs of its own to try it with")
        if node.nullable and row[node.path] is None:
            return f"CAST(NULL AS {self._row_type(node)})"
        inner = ", ".join(self._cell(part, row) for part in node.parts) or "true"
        return f"CAST(ROW({inner}) AS {self._row_type(node)})"

    def _row_type(self, node: _Node) -> str:
        if isinstance(node, _Leaf):
            return sql_type(node.cut.type, self._engine)
        parts = [f"{quoted(part.name)} {self._row_type(part)}" for part in node.parts]
        return f"ROW({', '.join(parts) or quoted('anything') + ' boolean'})"

    def query(self, head: Sequence[str], lines: Sequence[str], live: str, declared: str) -> str:
        """Put the query together."""
        number, here, there, by = (self._own(f"floodline_{name}") for name in ("row", "live", "declared", "shown_by"))
        names = ", ".join(quoted(name) for name in (number, *self._columns))
        table, tried, judged = (self._own(name) for name in ("classes", "candidates", "judged"))
        if self._engine is Engine.ATHENA:
            body = "  SELECT * FROM (VALUES\n    " + ",\n    ".join(lines) + f"\n  ) AS {table} ({names})"  # noqa: S608 - all quoted here
        else:
            body = "  " + "\n  UNION ALL ".join(lines)
        return "\n".join(
            (
                *(f"-- {line}" for line in head),
                f"WITH {tried} AS (",
                body,
                f"), {judged} AS (",
                f"  SELECT {names},",
                f"    CASE WHEN {live} THEN 1 ELSE 0 END AS {here},",
                f"    CASE WHEN {declared} THEN 1 ELSE 0 END AS {there}",
                f"  FROM {tried}",
                ")",
                f"SELECT CASE WHEN {here} = 1 THEN 'live only' ELSE 'declared only' END AS {by}, {names}",
                f"FROM {judged}",
                f"WHERE {here} <> {there}",
                f"ORDER BY {number}",
                "",
            )
        )


def _head(made: Certificate, *, whole: bool) -> list[str]:
    head = [f"Certificate for {made.engine}: which rows does only one of two row filters let through?"]
    if made.complete:
        head.append(f"{_counted(made.rows)}: every combination of the values that the filters can tell apart.")
    else:
        each = "each value of each column, then " if whole else ""
        head.append(f"{_counted(made.rows)}: a sample of the {made.combinations:,} combinations of the values that the")
        head.append(f"filters can tell apart: the witness if there is one, then {each}others spread evenly.")
    if made.gained or made.lost:
        counts = f"{_counted(made.gained)} `live only` and {_counted(made.lost)} `declared only`"
        head.append(f"Expected: {counts}; the witness is among them.")
    else:
        head.append("Expected: no row.")
    head.append(f"Any other answer means that {made.engine} evaluates a filter otherwise than floodline assumes.")
    return head


def _counted(number: int) -> str:
    return f"{number:,} row{'' if number == 1 else 's'}"


def _either(union: Sequence[Rows], engine: Engine) -> str:
    """Spell a union of filters; the tokens stay the user's, the blanks between them are ours."""
    parts = ["true" if isinstance(one, AllRows) else one_line(one.text, engine) for one in union]
    return " OR ".join(f"({part})" for part in parts) or "false"


def one_line(text: str, engine: Engine = Engine.ATHENA) -> str:
    """Spell a filter in one line that is safe to show; raises UndecidedError where it cannot be split into tokens."""
    spelt, before = "", ""
    for token, _ in rowfilter.tokens(text):
        here = _token(token, engine)
        tight = (
            before in ("", "(", ".") or here in (")", ",", ".", "") or (before in ("-", "+") and token.kind == "number")
        )
        spelt += here if tight else " " + here
        before = here
    return spelt


def _token(token: Token, engine: Engine) -> str:
    if token.kind == "string":
        return literal(token.text, engine)
    return quoted(token.text) if token.kind == "quoted" else token.text


def quoted(name: str) -> str:
    """Quote an identifier; raises UndecidedError where a terminal might obey it."""
    if not name.isprintable():
        raise UndecidedError("a column's name has characters that cannot be shown")
    return '"' + name.replace('"', '""') + '"'


def literal(text: str, engine: Engine) -> str:
    """Spell a string constant; what cannot be shown, and a backslash on Redshift, becomes ``chr(number)``."""
    parts: list[str] = []
    plain = ""
    for char in text:
        if char.isprintable() and not (char == "\\" and engine is Engine.REDSHIFT):
            plain += char
            continue
        if engine is Engine.REDSHIFT and not char.isascii():
            raise UndecidedError("a constant has characters that cannot be shown, nor written otherwise for Redshift")
        parts += ["'" + plain.replace("'", "''") + "'"] if plain else []
        parts.append(f"chr({ord(char)})")
        plain = ""
    parts += ["'" + plain.replace("'", "''") + "'"] if plain or not parts else []
    return parts[0] if len(parts) == 1 else f"({' || '.join(parts)})"


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, float) else str(value)


_INTEGERS = {1 << 7: "tinyint", 1 << 15: "smallint", 1 << 31: "integer", 1 << 63: "bigint"}


def sql_type(kind: Type, engine: Engine) -> str:
    """Spell a Glue type as the engine does."""
    redshift = engine is Engine.REDSHIFT
    match kind.kind:
        case "string":
            bound = kind.length or (65535 if redshift else None)
            return "varchar" if bound is None else f"varchar({bound})"
        case "char":
            return f"char({kind.length})"
        case "integer":
            name = _INTEGERS[kind.high + 1]
            return "smallint" if redshift and name == "tinyint" else name
        case "decimal":
            return f"decimal({len(str(kind.high))}, {kind.scale})"
        case "double":
            return "double precision" if redshift else "double"
        case name:
            return name
