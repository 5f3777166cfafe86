"""Reads a row filter: the documented grammar, strictly, and the column types it speaks about.

Grammar: https://docs.aws.amazon.com/lake-formation/latest/dg/partiql-support.html (column, operator, constant; AND,
OR, NOT, parentheses; at most 2,048 characters). Everything else, however harmless it looks, is UndecidedError with
the position: a filter that is not understood must never be called equal. Own parser, since reading this language is
part of the access model: SQL parsers accept far more (comments, ``1_000``, ILIKE) and differ by dialect.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple

from checks.predicates.kernel import UndecidedError

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST = 2048


# ---------------------------------------------------------------------------------------------------------- the filter
class Name(NamedTuple):
    """One part of a column reference; ``text`` is folded to lower case unless ``quoted``."""

    text: str
    quoted: bool


Reference = tuple[Name, ...]
"""A column, or a path into a struct."""


class Number(NamedTuple):
    """A numeric constant, ``digits`` / 10**``scale``; ``scientific`` ones are binary doubles (``text`` says which)."""

    digits: int
    scale: int
    scientific: bool
    text: str


Constant = str | Number | bool | None
Operator = Literal["=", "<>", "<", "<=", ">", ">="]


class Truth(NamedTuple):
    """The literal TRUE or FALSE."""

    value: bool


class Test(NamedTuple):
    """Column, operator, constant."""

    column: Reference
    operator: Operator
    constant: Constant


class Member(NamedTuple):
    """Column IN (constants)."""

    column: Reference
    constants: tuple[Constant, ...]


class Like(NamedTuple):
    """Column LIKE pattern, without escape."""

    column: Reference
    pattern: str


class Null(NamedTuple):
    """Column IS NULL."""

    column: Reference


class Not(NamedTuple):
    """NOT part."""

    part: Filter


class And(NamedTuple):
    """AND over two parts or more."""

    parts: tuple[Filter, ...]


class Or(NamedTuple):
    """OR over two parts or more."""

    parts: tuple[Filter, ...]


Filter = Truth | Test | Member | Like | Null | Not | And | Or


# --------------------------------------------------------------------------------------------------------------- lexer
class Token(NamedTuple):
    """``kind`` is word, quoted, string, number, symbol or end."""

    kind: str
    text: str


_TOKEN = re.compile(
    r"""[\ \t\r\n]*(?:
      (?P<string>'(?:[^'\x00\ud800-\udfff]|'')*')
    | (?P<quoted>"(?:[^"\x00\ud800-\udfff]|"")+")
    | (?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
    | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<symbol><>|!=|<=|>=|--|[=<>(),.+-])
    | (?P<end>\Z)
    )""",
    re.VERBOSE | re.ASCII,
)
_WORD = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
_KEYWORDS = frozenset({"and", "between", "false", "in", "is", "like", "not", "null", "or", "true"})
# Words that Trino reserves, and words that Trino or Redshift reads as a value or as the start of a typed literal.
# As a bare column name they are an error or something else than the column.
_RESERVED = frozenset(
    re.findall(
        r"\w+",
        """
        alter as by case cast constraint create cross cube current_catalog current_date current_path current_role
        current_schema current_time current_timestamp current_user current_user_id date deallocate delete describe
        distinct drop else end escape except execute exists extract for from full group grouping having inner insert
        intersect interval into join left localtime localtimestamp natural normalize on order outer prepare
        recursive right rollup select session_user sysdate table then time timestamp trim uescape union unnest user
        using values when where with
        """,
    )
)


@lru_cache(maxsize=2048)
def tokens(text: str) -> tuple[tuple[Token, int], ...]:
    """Split into tokens with their offsets; raises UndecidedError where the text leaves the lexical grammar.

    Two texts with the same tokens are the same filter in every engine, even where the grammar does not know them:
    so whatever would make the split depend on blanks or dialect (comments, ``E'…'``, ``1and``) is refused here.
    """
    if len(text) > LONGEST:
        raise UndecidedError(f"longer than {LONGEST} characters")
    found: list[tuple[Token, int]] = []
    at = 0
    while True:
        match = _TOKEN.match(text, at)
        kind = match.lastgroup if match else None
        if match is None or kind is None:
            raise UndecidedError(f"character {at + 1}: not in the row-filter grammar")
        raw, start, at = match[kind], match.start(kind), match.end()
        following = text[at : at + 1]
        glued = (
            (kind == "number" and (following in _WORD or following in ("'", '"', ".")) and following)
            or (kind == "word" and following in ("'", '"') and raw.lower() not in _KEYWORDS)
            or (kind == "quoted" and following and (following in _WORD or following == "'"))
            or (kind == "string" and following == '"')
            or (kind == "string" and found and found[-1][0].kind == "string")
            or raw == "--"
        )
        if glued:
            raise UndecidedError(f"character {start + 1}: not in the row-filter grammar")
        if kind == "string":
            value = raw[1:-1].replace("''", "'")
        elif kind == "quoted":
            value = raw[1:-1].replace('""', '"')
        elif kind == "word":
            value = raw.lower()
        else:
            value = "<>" if raw == "!=" else raw
        found.append((Token(kind, value), start))
        if kind == "end":
            return tuple(found)


# -------------------------------------------------------------------------------------------------------------- parser
_FLIP: dict[str, Operator] = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_OPERATORS: dict[str, Operator] = {"=": "=", "<>": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}


def negation(part: Filter) -> Filter:
    """NOT, which undoes itself in three-valued logic too."""
    return part.part if isinstance(part, Not) else Not(part)


def _joined(kind: type[And | Or], parts: list[Filter]) -> Filter:
    if len(parts) == 1:
        return parts[0]
    flat: list[Filter] = []
    for part in parts:
        if isinstance(part, kind):
            flat += part.parts
        else:
            flat.append(part)
    return kind(tuple(flat))


class _Level:
    """What has been read inside one pair of parentheses: ors of ands, and a NOT that waits for its operand."""

    __slots__ = ("ands", "negated", "ors")

    def __init__(self) -> None:
        self.ors: list[Filter] = []
        self.ands: list[Filter] = []
        self.negated = False


class _Parser:
    """Operator precedence with its own stack: depth is bounded by the text, not by Python."""

    def __init__(self, text: str) -> None:
        self._tokens = tokens(text)
        self._next = 0

    def _peek(self) -> Token:
        return self._tokens[self._next][0]

    def _fail(self, what: str) -> UndecidedError:
        return UndecidedError(f"character {self._tokens[self._next][1] + 1}: {what}")

    def _take(self) -> Token:
        token = self._peek()
        self._next += 1
        return token

    def _accept(self, kind: str, text: str) -> bool:
        token = self._peek()
        if token.kind == kind and token.text == text:
            self._next += 1
            return True
        return False

    def _expect(self, kind: str, text: str) -> None:
        if not self._accept(kind, text):
            raise self._fail(f"`{text}` expected")

    def parse(self) -> Filter:
        levels = [_Level()]
        while True:
            while self._accept("word", "not"):
                levels[-1].negated = not levels[-1].negated
            if self._accept("symbol", "("):
                levels.append(_Level())
                continue
            operand = self._predicate()
            while True:
                level = levels[-1]
                level.ands.append(negation(operand) if level.negated else operand)
                level.negated = False
                if self._accept("word", "and"):
                    break
                level.ors.append(_joined(And, level.ands))
                level.ands = []
                if self._accept("word", "or"):
                    break
                operand = _joined(Or, level.ors)
                levels.pop()
                if not levels:
                    if self._peek().kind != "end":
                        raise self._fail("the end, AND or OR expected")
                    return operand
                self._expect("symbol", ")")

    def _predicate(self) -> Filter:
        token = self._peek()
        if token.kind == "quoted" or (token.kind == "word" and token.text not in _KEYWORDS):
            return self._test(self._reference())
        if token.kind == "word" and token.text in ("true", "false"):
            after = self._tokens[self._next + 1][0]
            if after.text not in _OPERATORS or after.kind != "symbol":
                self._next += 1
                return Truth(token.text == "true")
        constant = self._constant()
        operator = self._peek()
        if operator.kind != "symbol" or operator.text not in _FLIP:
            raise self._fail("comparison operator expected")
        self._next += 1
        return Test(self._reference(), _FLIP[operator.text], constant)

    def _reference(self) -> Reference:
        token = self._peek()
        if token.kind not in ("word", "quoted") or (token.kind == "word" and token.text in _KEYWORDS):
            raise self._fail("column expected")
        if token.kind == "word" and token.text in _RESERVED:
            raise self._fail(f"`{token.text}` is a keyword, not a column, unless in double quotes")
        self._next += 1
        parts = [Name(token.text, quoted=token.kind == "quoted")]
        while self._accept("symbol", "."):
            token = self._peek()
            if token.kind not in ("word", "quoted"):
                raise self._fail("field name expected")
            self._next += 1
            parts.append(Name(token.text, quoted=token.kind == "quoted"))
        if self._peek() == ("symbol", "("):
            raise self._fail("functions are not in the row-filter grammar")
        return tuple(parts)

    def _constant(self) -> Constant:
        sign = ""
        if self._peek() in (("symbol", "-"), ("symbol", "+")):
            sign = self._take().text
            if self._peek().kind != "number":
                raise self._fail("number expected")
        token = self._peek()
        if token.kind == "string":
            self._next += 1
            return token.text
        if token.kind == "number":
            self._next += 1
            return _number(sign + token.text)
        if token.kind == "word" and token.text in ("true", "false", "null"):
            self._next += 1
            return None if token.text == "null" else token.text == "true"
        raise self._fail("constant expected")

    def _test(self, column: Reference) -> Filter:
        operator = self._peek()
        if operator.kind == "symbol" and operator.text in _OPERATORS:
            self._next += 1
            return Test(column, _OPERATORS[operator.text], self._constant())
        if self._accept("word", "is"):
            negated = self._accept("word", "not")
            self._expect("word", "null")
            return Not(Null(column)) if negated else Null(column)
        negated = self._accept("word", "not")
        found: Filter
        if self._accept("word", "between"):
            low = self._constant()
            self._expect("word", "and")
            found = And((Test(column, ">=", low), Test(column, "<=", self._constant())))
        elif self._accept("word", "in"):
            self._expect("symbol", "(")
            constants = [self._constant()]
            while self._accept("symbol", ","):
                constants.append(self._constant())
            self._expect("symbol", ")")
            found = Member(column, tuple(constants))
        elif self._accept("word", "like"):
            if self._peek().kind != "string":
                raise self._fail("pattern expected")
            pattern = self._peek().text
            if "\\" in pattern:
                raise self._fail("what a backslash means in LIKE depends on the engine")
            self._next += 1
            if self._accept("word", "escape"):
                raise self._fail("ESCAPE is not in the row-filter grammar")
            found = Like(column, pattern)
        else:
            raise self._fail("operator expected")
        return negation(found) if negated else found


def _number(text: str) -> Number:
    if "e" in text or "E" in text:
        return Number(0, 0, scientific=True, text=text)
    whole, _, fraction = text.partition(".")
    return Number(int(whole + fraction), len(fraction), scientific=False, text=text)


@lru_cache(maxsize=2048)
def parse(text: str) -> Filter:
    """Read one filter; raises UndecidedError("character N: …") outside the documented grammar."""
    return _Parser(text).parse()


# --------------------------------------------------------------------------------------------------------------- types
class Type(NamedTuple):
    """A Glue column type that a row filter may speak about.

    ``kind`` is string, char, integer, decimal, double, real, boolean or struct. ``length`` bounds strings; numbers
    run from ``low`` to ``high`` in units of 10**-``scale`` (both given in those units).
    """

    kind: str
    length: int | None = None
    low: int = 0
    high: int = 0
    scale: int = 0
    fields: tuple[tuple[str, str], ...] = ()


_BITS = {"tinyint": 8, "smallint": 16, "int": 32, "integer": 32, "bigint": 64, "long": 64}
_SIZED = re.compile(r"(varchar|char|decimal|numeric)\s*\(\s*([0-9]{1,5})\s*(?:,\s*([0-9]{1,2})\s*)?\)", re.ASCII)


@lru_cache(maxsize=4096)
def column_type(text: str) -> Type:
    """Read Glue's spelling of a type; raises UndecidedError for types outside the documented list."""
    name = text.strip().lower()
    if name in _BITS:
        top = 1 << _BITS[name] - 1
        return Type("integer", low=-top, high=top - 1)
    if name in ("string", "varchar"):
        return Type("string")
    if name in ("double", "boolean"):
        return Type(name)
    if name in ("float", "real"):
        return Type("real")
    if name in ("decimal", "numeric"):
        name = "decimal(10,0)"  # Hive's default
    sized = _SIZED.fullmatch(name)
    if sized:
        size, scale = int(sized[2]), int(sized[3] or 0)
        if sized[1] in ("varchar", "char"):
            if sized[3] is None and size:
                return Type("char" if sized[1] == "char" else "string", length=size)
        elif 0 < size <= 38 and scale <= size:
            return Type("decimal", low=1 - 10**size, high=10**size - 1, scale=scale)
    if name.startswith("struct<") and name.endswith(">"):
        return Type("struct", fields=_fields(text.strip()[7:-1]))
    raise UndecidedError(f"columns of type `{text}` are not in the row-filter grammar")


def _fields(text: str) -> tuple[tuple[str, str], ...]:
    """``a:int,b:struct<c:string>`` → ((a, int), (b, struct<c:string>)), names as spelt."""
    parts, depth, start = [], 0, 0
    for i, char in enumerate(text):
        depth += (char in "<(") - (char in ">)")
        if char == "," and depth == 0:
            parts.append(text[start:i])
            start = i + 1
    parts.append(text[start:])
    named = (part.partition(":") for part in parts)
    return tuple((name.strip(), kind.strip()) for name, _, kind in named)


def resolve(column: Reference, types: Mapping[str, str]) -> tuple[str, Type]:
    """Find a column's canonical name (a path joined by dots) and its type.

    Glue folds column names, so top-level names fold even when quoted; fields keep the case they are quoted in, so a
    quoted field must be in lower case to be the one that engines that fold would read. Raises UndecidedError for
    unknown or ambiguous names.
    """
    top = column[0].text.lower()
    if any("." in part.text for part in column):
        raise UndecidedError(f"`{'.'.join(part.text for part in column)}`: a dot inside a name can be read as a path")
    if top not in types:
        raise UndecidedError(f"unknown column `{top}`")
    path, kind = top, column_type(types[top])
    for part in column[1:]:
        if part.quoted and part.text != part.text.lower():
            raise UndecidedError(f"`{part.text}`: whether the case of a field matters depends on the engine")
        matches = [(name, text) for name, text in kind.fields if name.lower() == part.text]
        if len(matches) != 1 or (part.quoted and matches[0][0] != part.text):
            raise UndecidedError(f"unknown field `{part.text}` of `{path}`")
        path, kind = f"{path}.{part.text}", column_type(matches[0][1])
        if path in types:
            raise UndecidedError(f"`{path}` is a path and a column's name")
    return path, kind
