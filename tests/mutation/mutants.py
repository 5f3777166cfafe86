"""Small wrong versions of a source file: each mutant is one change that some test should notice.

What is mutated: comparisons, boolean and set operators, conditions, numbers (one more, one less), single words, returned
values, statements with an effect, cases and guards, loops' exits, displays, filters of comprehensions, ``any``/``all``,
default values and the tables of a module. What is not: annotations, decorators, assertions, prose (texts with a blank
in them, f-strings, what an error says) and ``strict=`` of zip, which no correct caller can tell apart.
"""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

Put = Callable[[], None]
Unit = ast.stmt | ast.match_case
T = TypeVar("T")


@dataclass(frozen=True)
class Mutant:
    """One change. ``put`` makes it in the tree that all mutants of the file share: for a process of its own."""

    file: str
    where: str
    """Qualified name of the innermost function or class, ``<module>`` outside."""
    text: str
    """The statement (of a compound one the head) with the change in it, as ``⟨before → after⟩``."""
    lines: range
    """Lines that run when the change may take effect."""
    owner: tuple[str, int] | None
    """Qualified name and first line of the outermost function; None for what runs when the module is imported."""
    tree: ast.Module = field(repr=False, compare=False)
    put: Put = field(repr=False, compare=False)

    @property
    def key(self) -> tuple[str, str]:
        """What names the mutant whatever its line."""
        return f"{self.file}::{self.where}", self.text


def mutants_of(path: Path, root: Path) -> list[Mutant]:
    """Return the mutants of a file in the order of its text."""
    walker = _Walker(path.relative_to(root).as_posix(), ast.parse(path.read_text("utf-8"), str(path)))
    walker.body(walker.tree.body)
    return walker.found


# ------------------------------------------------------------------------------------------------------- the operators
_SWAPS: dict[type[ast.AST], tuple[type[ast.AST], ...]] = {
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.And: (ast.Or,),
    ast.Or: (ast.And,),
    ast.BitOr: (ast.BitAnd,),
    ast.BitAnd: (ast.BitOr,),
    ast.BitXor: (ast.BitOr,),
    ast.Mult: (ast.FloorDiv,),
    ast.FloorDiv: (ast.Mult,),
    ast.Mod: (ast.FloorDiv,),
}
_NAMES = {"any": "all", "all": "any", "min": "max", "max": "min"}
_ALIAS = re.compile(r"_?[A-Z]\w*[a-z]\w*|__\w+__")
_WORD = re.compile(r"\S*")
_DEAD = ("AssertionError", "NotImplementedError")


def _not(test: ast.expr) -> ast.expr:
    return ast.UnaryOp(ast.Not(), test)


def _without(items: list[T]) -> Iterator[list[T]]:
    return (items[:i] + items[i + 1 :] for i in range(len(items)))


def _swapped(operator: ast.AST) -> Iterator[ast.AST]:
    return (other() for other in _SWAPS.get(type(operator), ()))


def _expressions(node: ast.expr) -> Iterator[ast.expr]:
    """Yield what may stand in an expression's place."""
    match node:
        case ast.Compare(left, ops, comparators):
            for i, operator in enumerate(ops):
                for other in _swapped(operator):
                    yield ast.Compare(left, [*ops[:i], other, *ops[i + 1 :]], comparators)  # type: ignore[list-item]
        case ast.BoolOp(operator, values):
            yield from (ast.BoolOp(other, values) for other in _swapped(operator))  # type: ignore[arg-type]
        case ast.UnaryOp(ast.Not(), operand):
            yield operand
        case ast.BinOp(left, ast.Add() | ast.Sub(), _):
            yield left
        case ast.BinOp(left, operator, right):
            yield from (ast.BinOp(left, other, right) for other in _swapped(operator))  # type: ignore[arg-type]
        case ast.Constant(bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(int(value)):
            yield from (ast.Constant(value + 1), ast.Constant(value - 1))
        case ast.Constant(str(value)) if _WORD.fullmatch(value):
            yield ast.Constant("XX" + value)
        case ast.Set(elements) | ast.List(elements, ast.Load()):
            again = type(node)
            yield from (again(rest) for rest in _without(elements) if rest and again is ast.Set)
            yield ast.parse("set()" if again is ast.Set else "[]", mode="eval").body
        case ast.Dict([_, *_]):
            yield ast.Dict([], [])
        case ast.Call(ast.Name(name), arguments, keywords) if name in _NAMES:
            yield ast.Call(ast.Name(_NAMES[name], ast.Load()), arguments, keywords)


def _statements(node: ast.stmt) -> Iterator[ast.stmt]:
    """Yield what may stand in a statement's place."""
    match node:
        case ast.Expr(ast.Call() | ast.Yield() | ast.YieldFrom()) | ast.Delete():
            yield ast.Pass()
        case ast.Raise(ast.Call(ast.Name(name)) | ast.Name(name)) if name not in _DEAD:
            yield ast.Pass()
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            yield ast.Pass()
        case ast.AugAssign(target, operator, value):
            yield ast.Pass()
            yield ast.Assign([target], value)
            yield from (ast.AugAssign(target, other, value) for other in _swapped(operator))  # type: ignore[arg-type]
        case ast.Return(value) if value is not None and not isinstance(value, ast.Constant):
            yield ast.Return(ast.Constant(None))
        case ast.Break():
            yield ast.Continue()
        case ast.Continue():
            yield ast.Break()


def _simple(test: ast.expr) -> bool:
    """Whether the negation of a condition is among its other mutants."""
    return isinstance(test, ast.UnaryOp) or (isinstance(test, ast.Compare) and len(test.ops) == 1)


def _falls_through(case: ast.match_case) -> bool:
    """Whether a function does without the case what it does with it, for it does nothing or returns nothing."""
    match case:
        case ast.match_case(ast.MatchAs(None), None, [ast.Pass() | ast.Return(None | ast.Constant(None))]):
            return True
    return False


# ------------------------------------------------------------------------------------------------------------ the walk
class _Walker:
    def __init__(self, file: str, tree: ast.Module) -> None:
        self.file, self.tree = file, tree
        self.found: list[Mutant] = []
        self._names: list[str] = []
        self._owner: tuple[str, int] | None = None
        self._unit: Unit | None = None

    def body(self, statements: list[ast.stmt]) -> None:
        for index, statement in enumerate(statements):
            self._unit = statement
            for other in _statements(statement):
                ast.copy_location(other, statement)
                self._add(statement, _setter(statements, index, other), other)
            self._statement(statement)

    def _statement(self, node: ast.stmt) -> None:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                for holder in (node.args.defaults, node.args.kw_defaults):
                    self._list(holder)  # evaluated where the function is defined
                self._inside(node, function=True)
            case ast.ClassDef():
                self._inside(node, function=False)
            case ast.Assert() | ast.Raise() | ast.Import() | ast.ImportFrom() | ast.Expr(ast.Constant()):
                pass
            case ast.Assign(targets=[ast.Name(name)]) if not self._names and _ALIAS.fullmatch(name):
                pass  # a name for a type
            case ast.AnnAssign():
                self._field(node, "value")
            case ast.Match():
                self._match(node)
            case _:
                for name in ("test", "iter", "value", "targets", "target", "items"):
                    if hasattr(node, name):
                        self._field(node, name)
                for block in ("body", "orelse", "finalbody"):
                    self.body(getattr(node, block, []))
                for handler in getattr(node, "handlers", []):
                    self.body(handler.body)

    def _inside(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, *, function: bool) -> None:
        outer = self._owner
        self._names.append(node.name)
        if function and outer is None:
            first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
            self._owner = ".".join(self._names), first
        if function:
            self._names.append("<locals>")
        self.body(node.body)
        self._owner = outer
        del self._names[-2 if function else -1 :]

    def _match(self, node: ast.Match) -> None:
        self._field(node, "subject")
        for case in node.cases:
            self._unit = case
            if len(node.cases) > 1 and not _falls_through(case):
                rest = [one for one in node.cases if one is not case]
                self._add(case, _setter(node, "cases", rest), None)
            for pattern in ast.walk(case.pattern):
                if isinstance(pattern, ast.MatchOr):
                    for fewer in _without(pattern.patterns):
                        left = fewer if len(fewer) > 1 else fewer * 2  # one alternative alone does not compile
                        self._add(pattern, _setter(pattern, "patterns", left), pattern)
            if case.guard is not None:
                always = ast.copy_location(ast.Constant(value=True), case.guard)
                self._add(case.guard, _setter(case, "guard", always), case.guard)
                self._field(case, "guard")
            self.body(case.body)

    def _field(self, parent: ast.AST, name: str) -> None:
        value = getattr(parent, name)
        if isinstance(value, list):
            self._list(value)
        elif isinstance(value, ast.AST):
            if name in {"test", "guard"} and isinstance(value, ast.expr) and not _simple(value):
                self._add(value, _setter(parent, name, _not(value)), value)
            self._expression(value, partial(_setter, parent, name))

    def _list(self, holder: list) -> None:
        for index, value in enumerate(holder):
            if isinstance(value, ast.AST):
                self._expression(value, partial(_setter, holder, index))

    def _expression(self, node: ast.AST, place: Callable[[ast.AST], Put]) -> None:
        match node:
            case ast.expr():
                for other in _expressions(node):
                    self._add(node, place(ast.copy_location(other, node)), other)
            case ast.comprehension(ifs=[_, *_]):
                for rest in _without(node.ifs):
                    self._add(node.ifs[0], _setter(node, "ifs", rest), node)
        match node:
            case ast.Call(ast.Name("isinstance" | "issubclass"), [_, _]):
                self._expression(node.args[0], partial(_setter, node.args, 0))
            case ast.Call(ast.Name("cast" | "TypeVar" | "NewType")) | ast.keyword(arg="strict"):
                pass
            case ast.JoinedStr():
                for value in node.values:
                    if isinstance(value, ast.FormattedValue):
                        self._field(value, "value")
            case _:
                for name in node._fields:
                    self._field(node, name)

    def _add(self, node: ast.AST, put: Put, other: ast.AST | None) -> None:
        """Note the change that *put* makes; it is made and taken back here, to see how it reads."""
        unit = self._unit
        assert unit is not None
        before = _read(unit)
        if isinstance(node, ast.stmt) or other is None:
            after = _read(other) if isinstance(other, ast.stmt) else ""
        else:
            put()
            after = _read(unit)
            put.undo()  # type: ignore[attr-defined]
        if before != after:
            where = ".".join(name for name in self._names if name != "<locals>") or "<module>"
            text = _marked(before, after)
            self.found.append(Mutant(self.file, where, text, _lines(unit), self._owner, self.tree, put))


class _setter:  # noqa: N801 - called like the function it is
    """Puts a value into an attribute or an item, and back."""

    def __init__(self, holder: object, name: str | int, value: object) -> None:
        self._holder, self._name, self._value = holder, name, value

    def _swap(self) -> None:
        if isinstance(self._holder, list):
            self._holder[self._name], self._value = self._value, self._holder[self._name]  # type: ignore[index]
        else:
            held = getattr(self._holder, str(self._name))
            setattr(self._holder, str(self._name), self._value)
            self._value = held

    __call__ = undo = _swap


def _read(unit: Unit) -> str:
    """Return the text of a simple statement, or the head of a compound one, in one line."""
    bare = copy.copy(unit)
    for block in ("body", "orelse", "finalbody", "handlers", "cases", "decorator_list"):
        if isinstance(getattr(bare, block, None), list):
            setattr(bare, block, [])
    return " ".join(ast.unparse(bare).split())


def _marked(before: str, after: str) -> str:
    old, new = (re.findall(r"\w+|\s+|\W", text) for text in (before, after))
    head = 0
    while head < min(len(old), len(new)) and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    kept = old[len(old) - tail :]
    change = f"⟨{''.join(old[head : len(old) - tail])} → {''.join(new[head : len(new) - tail])}⟩"
    return "".join([*old[:head], change, *kept])


def _lines(unit: Unit) -> range:
    if isinstance(unit, ast.match_case):
        return range(unit.pattern.lineno, max(unit.pattern.lineno + 1, unit.body[0].lineno))
    body = getattr(unit, "body", None)
    if body:
        return range(unit.lineno, max(unit.lineno + 1, body[0].lineno))
    if isinstance(unit, ast.Match):
        return range(unit.lineno, unit.cases[0].pattern.lineno)
    return range(unit.lineno, (unit.end_lineno or unit.lineno) + 1)
