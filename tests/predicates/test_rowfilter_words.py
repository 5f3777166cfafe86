"""The row filters' lexer, parser and types, each by its own table: what is read, and where the rest is refused."""

import pytest

from checks.predicates.kernel import UndecidedError
from checks.predicates.rowfilter import (
    And,
    Like,
    Member,
    Name,
    Not,
    Null,
    Number,
    Or,
    Token,
    Truth,
    Type,
    column_type,
    parse,
    resolve,
    tokens,
)
from checks.predicates.rowfilter import (
    Test as Comparison,
)

A, B = (Name("a", quoted=False),), (Name("b", quoted=False),)


def number(text):
    whole, _, fraction = text.partition(".")
    return Number(int(whole + fraction), len(fraction), scientific=False, text=text)


ONE, TWO = number("1"), number("2")


# --------------------------------------------------------------------------------------------------------------- lexer
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [("end", "", 0)]),
        (" \t\r\n", [("end", "", 4)]),
        ("Abc_1 ", [("word", "abc_1", 0), ("end", "", 6)]),
        ('"A""b"', [("quoted", 'A"b', 0), ("end", "", 6)]),
        ("'it''s'", [("string", "it's", 0), ("end", "", 7)]),
        ("1.50 .5 2. 1e5", [("number", one, at) for one, at in (("1.50", 0), (".5", 5), ("2.", 8), ("1e5", 11))]
         + [("end", "", 14)]),
        ("a!=1", [("word", "a", 0), ("symbol", "<>", 1), ("number", "1", 3), ("end", "", 4)]),
        ("a<>-1", [("word", "a", 0), ("symbol", "<>", 1), ("symbol", "-", 3), ("number", "1", 4), ("end", "", 5)]),
        ("(a)", [("symbol", "(", 0), ("word", "a", 1), ("symbol", ")", 2), ("end", "", 3)]),
        ("in'x'", [("word", "in", 0), ("string", "x", 2), ("end", "", 5)]),
        ("'x' 1", [("string", "x", 0), ("number", "1", 4), ("end", "", 5)]),
        ("'x'and", [("string", "x", 0), ("word", "and", 3), ("end", "", 6)]),
        ('"a"=1', [("quoted", "a", 0), ("symbol", "=", 3), ("number", "1", 4), ("end", "", 5)]),
        ("1=a", [("number", "1", 0), ("symbol", "=", 1), ("word", "a", 2), ("end", "", 3)]),
    ],
)  # fmt: skip
def test_tokens_and_where_they_start(text, expected):
    assert tokens(text) == tuple((Token(kind, what), at) for kind, what, at in expected)


@pytest.mark.parametrize(
    ("text", "character"),
    [
        ("a ; b", 2),
        (";", 1),
        ("1a", 1),
        ("1_", 1),
        ("1'x'", 1),
        ('1"x"', 1),
        ("1..", 1),
        ("e'x'", 1),
        ('a"b"', 1),
        ('"a"b', 1),
        ('"a"1', 1),
        ("\"a\"'x'", 1),
        ("'x'\"a\"", 1),
        ("'x' 'y'", 5),
        ("a -- b", 3),
        ("'open", 1),
        ('""', 1),
        ("a \\", 2),
        ("é", 1),
    ],
)
def test_what_would_be_split_differently_somewhere_is_refused(text, character):
    with pytest.raises(UndecidedError, match=f"^character {character}: not in the row-filter grammar$"):
        tokens(text)


def test_a_text_that_is_too_long_is_refused():
    longest = "a" * 2048
    assert tokens(longest)[0][0] == Token("word", longest)
    with pytest.raises(UndecidedError, match=r"^longer than 2048 characters$"):
        tokens(longest + "a")


# -------------------------------------------------------------------------------------------------------------- parser
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a = 1", Comparison(A, "=", ONE)),
        ("a <> 1", Comparison(A, "<>", ONE)),
        ("a < 1", Comparison(A, "<", ONE)),
        ("a <= 1", Comparison(A, "<=", ONE)),
        ("a > 1", Comparison(A, ">", ONE)),
        ("a >= 1", Comparison(A, ">=", ONE)),
        ("1 = a", Comparison(A, "=", ONE)),
        ("1 != a", Comparison(A, "<>", ONE)),
        ("1 < a", Comparison(A, ">", ONE)),
        ("1 <= a", Comparison(A, ">=", ONE)),
        ("1 > a", Comparison(A, "<", ONE)),
        ("1 >= a", Comparison(A, "<=", ONE)),
        ("a = -1.50", Comparison(A, "=", Number(-150, 2, scientific=False, text="-1.50"))),
        ("a = +1", Comparison(A, "=", Number(1, 0, scientific=False, text="+1"))),
        ("a = 1e2", Comparison(A, "=", Number(0, 0, scientific=True, text="1e2"))),
        ("a = 1E2", Comparison(A, "=", Number(0, 0, scientific=True, text="1E2"))),
        ("a = 'x'", Comparison(A, "=", "x")),
        ("a = true", Comparison(A, "=", True)),
        ("a = FALSE", Comparison(A, "=", False)),
        ("a = null", Comparison(A, "=", None)),
        ("true = a", Comparison(A, "=", True)),
        ("true", Truth(value=True)),
        ("false", Truth(value=False)),
        ("a is null", Null(A)),
        ("a is not null", Not(Null(A))),
        ("a in (1)", Member(A, (ONE,))),
        ("a in (1, 2)", Member(A, (ONE, TWO))),
        ("a not in (1)", Not(Member(A, (ONE,)))),
        ("a between 1 and 2", And((Comparison(A, ">=", ONE), Comparison(A, "<=", TWO)))),
        ("a not between 1 and 2", Not(And((Comparison(A, ">=", ONE), Comparison(A, "<=", TWO))))),
        ("a like 'x%'", Like(A, "x%")),
        ("a not like 'x%'", Not(Like(A, "x%"))),
        ("not a = 1", Not(Comparison(A, "=", ONE))),
        ("not not a = 1", Comparison(A, "=", ONE)),
        ("not a not in (1)", Member(A, (ONE,))),
        ("(a = 1)", Comparison(A, "=", ONE)),
        ("not (a = 1 or b = 2)", Not(Or((Comparison(A, "=", ONE), Comparison(B, "=", TWO))))),
        ("a = 1 and b = 2", And((Comparison(A, "=", ONE), Comparison(B, "=", TWO)))),
        ("not a = 1 and b = 2", And((Not(Comparison(A, "=", ONE)), Comparison(B, "=", TWO)))),
        ("a = 1 or b = 2 and a = 2", Or((Comparison(A, "=", ONE), And((Comparison(B, "=", TWO), Comparison(A, "=", TWO)))))),
        ("(a = 1 or b = 2) and a = 2", And((Or((Comparison(A, "=", ONE), Comparison(B, "=", TWO))), Comparison(A, "=", TWO)))),
        ("a = 1 and (b = 2 and a = 2)", And((Comparison(A, "=", ONE), Comparison(B, "=", TWO), Comparison(A, "=", TWO)))),
        ("a = 1 or (b = 2 or a = 2)", Or((Comparison(A, "=", ONE), Comparison(B, "=", TWO), Comparison(A, "=", TWO)))),
        ('"A".b = 1', Comparison((Name("A", quoted=True), Name("b", quoted=False)), "=", ONE)),
        ('a."B" = 1', Comparison((Name("a", quoted=False), Name("B", quoted=True)), "=", ONE)),
        ('"date" = 1', Comparison((Name("date", quoted=True),), "=", ONE)),
    ],
)  # fmt: skip
def test_what_is_read(text, expected):
    assert parse(text) == expected
    assert type(parse(text)) is type(expected)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "character 1: constant expected"),
        ("a", "character 2: operator expected"),
        ("a =", "character 4: constant expected"),
        ("a = b", "character 5: constant expected"),
        ("a = - 'x'", "character 7: number expected"),
        ("1 a", "character 3: comparison operator expected"),
        ("1 + a", "character 3: comparison operator expected"),
        ("1 = 2", "character 5: column expected"),
        ("1 = null", "character 5: column expected"),
        ("date = 1", "character 1: `date` is a keyword, not a column, unless in double quotes"),
        ("a.1 = 1", "character 2: operator expected"),
        ("a. = 1", "character 4: field name expected"),
        ("f(a) = 1", "character 2: functions are not in the row-filter grammar"),
        ("a is 1", "character 6: `null` expected"),
        ("a between 1 or 2", "character 13: `and` expected"),
        ("a in 1", "character 6: `(` expected"),
        ("a in (1", "character 8: `)` expected"),
        ("a in (1,)", "character 9: constant expected"),
        ("a like b", "character 8: pattern expected"),
        ("a like 1", "character 8: pattern expected"),
        (r"a like 'x\_'", "character 8: what a backslash means in LIKE depends on the engine"),
        ("a like 'x' escape '!'", "character 19: ESCAPE is not in the row-filter grammar"),
        ("a = 1 b = 2", "character 7: the end, AND or OR expected"),
        ("a = 1)", "character 6: the end, AND or OR expected"),
        ("(a = 1", "character 7: `)` expected"),
        ("and a = 1", "character 1: constant expected"),
        ("true and = a", "character 10: constant expected"),
    ],
)
def test_where_the_grammar_ends(text, said):
    with pytest.raises(UndecidedError) as refused:
        parse(text)
    assert str(refused.value) == said


# --------------------------------------------------------------------------------------------------------------- types
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tinyint", Type("integer", low=-128, high=127)),
        ("SMALLINT", Type("integer", low=-32768, high=32767)),
        ("int", Type("integer", low=-(2**31), high=2**31 - 1)),
        ("integer", Type("integer", low=-(2**31), high=2**31 - 1)),
        ("bigint", Type("integer", low=-(2**63), high=2**63 - 1)),
        (" long ", Type("integer", low=-(2**63), high=2**63 - 1)),
        ("string", Type("string")),
        ("varchar", Type("string")),
        ("varchar(1)", Type("string", length=1)),
        ("varchar ( 20 )", Type("string", length=20)),
        ("char(3)", Type("char", length=3)),
        ("double", Type("double")),
        ("boolean", Type("boolean")),
        ("float", Type("real")),
        ("real", Type("real")),
        ("decimal", Type("decimal", low=-(10**10 - 1), high=10**10 - 1)),
        ("numeric", Type("decimal", low=-(10**10 - 1), high=10**10 - 1)),
        ("decimal(1)", Type("decimal", low=-9, high=9)),
        ("decimal(5,2)", Type("decimal", low=-99999, high=99999, scale=2)),
        ("numeric( 38 , 38 )", Type("decimal", low=-(10**38 - 1), high=10**38 - 1, scale=38)),
        ("struct<a:int>", Type("struct", fields=(("a", "int"),))),
        (
            "struct<A : decimal(5,2), b:struct<c:int,d:int>,e:array<int>>",
            Type("struct", fields=(("A", "decimal(5,2)"), ("b", "struct<c:int,d:int>"), ("e", "array<int>"))),
        ),
    ],
)
def test_types_that_a_filter_may_speak_about(text, expected):
    assert column_type(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "char", "char(0)", "varchar(0)", "varchar(5,2)", "decimal(0)", "decimal(39)", "decimal(5,6)", "date", "array<int>",
     "struct<a:int", "struct", "timestamp", "map<string,int>", "int(4)", "decimal(123456)"],
)  # fmt: skip
def test_types_that_it_may_not(text):
    with pytest.raises(UndecidedError) as refused:
        column_type(text)
    assert str(refused.value) == f"columns of type `{text}` are not in the row-filter grammar"


TYPES = {"a": "int", "s": "struct<x:int,Y:string,t:struct<u:boolean>>", "p": "struct<q:int>", "p.q": "int"}


def path(text):
    return tuple(Name(part.strip('"'), quoted=part.startswith('"')) for part in text.split("."))


@pytest.mark.parametrize(
    ("text", "name", "kind"),
    [
        ("a", "a", "integer"),
        ('"A"', "a", "integer"),
        ("s.x", "s.x", "integer"),
        ('s."x"', "s.x", "integer"),
        ("s.y", "s.y", "string"),
        ("s.t.u", "s.t.u", "boolean"),
        ("s", "s", "struct"),
    ],
)
def test_a_column_or_a_field_is_found(text, name, kind):
    found, type_of_it = resolve(path(text), TYPES)
    assert (found, type_of_it.kind) == (name, kind)


@pytest.mark.parametrize(
    ("column", "said"),
    [
        (path("z"), "unknown column `z`"),
        (path("s.z"), "unknown field `z` of `s`"),
        (path("s.t.z"), "unknown field `z` of `s.t`"),
        (path('s."y"'), "unknown field `y` of `s`"),
        (path('s."Y"'), "`Y`: whether the case of a field matters depends on the engine"),
        (path("a.x"), "unknown field `x` of `a`"),
        (path("p.q"), "`p.q` is a path and a column's name"),
        ((Name("p.q", quoted=True),), "`p.q`: a dot inside a name can be read as a path"),
        ((Name("s", quoted=False), Name("x.y", quoted=True)), "`s.x.y`: a dot inside a name can be read as a path"),
    ],
)
def test_what_could_be_another_column_is_refused(column, said):
    with pytest.raises(UndecidedError) as refused:
        resolve(column, TYPES)
    assert str(refused.value) == said
