"""A view or a function reads further than those who may use it: through it they get at what is kept from them.

Why: a Data Catalog view reads with its definer's rights, a governed function with its own. Whoever may select from the
one or execute the other needs no grant on the tables below, and what it reads changes with its body: no grant changes.

Fix: let the definer hold only what the view's readers may know; grant ``EXECUTE`` on functions that read whole tables
to jobs, not to people; never give a function ``SELECT`` on any table there is.

Source: https://docs.aws.amazon.com/lake-formation/latest/dg/working-with-views.html
"""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING

from checks.model import (
    AnyResource,
    Catalog,
    Column,
    Facts,
    Function,
    FunctionInfo,
    Grant,
    Lake,
    LakeId,
    Permission,
    Principal,
    Severity,
    Table,
    TableColumns,
    TableInfo,
    TagPolicy,
    Witness,
)
from checks.model import Only as OnlyColumns
from checks.principals import Kind, is_many
from checks.rules import Example, Hit, Rule, Scene, Scope, about
from checks.semantics import EXECUTE, READS, SELECT, SUPER_USER, function_name, within
from checks.spelling import principal_words, printable, words
from checks.view import access

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from checks.model import Resource

_NAMED = 3


def find(scene: Scene) -> Iterator[Hit]:
    """Yield views over sensitive columns that their readers may not read, and functions that read more than callers."""
    yield from _views(scene)
    yield from _functions(scene)


# --------------------------------------------------------------------------------------------------------------- views
def _views(scene: Scene) -> Iterator[Hit]:
    readers = _Readers(scene)
    for view, info in scene.lake.tables.items():
        if info.view_definer is None:
            continue
        at = info.evidence
        if info.view_reads is None:
            plain = "the tables that the view reads with its definer's rights are not known"
            subject = about(scene.lake, "table", None, view, at)
            yield Hit(subject, f"{words(view)}: {plain}", plain, (at,) if at else (), undecided=True)
            continue
        below = {table: hot for table in info.view_reads if (hot := scene.sensitive(table))}
        if below:
            yield from _view(scene, view, info, below, readers.of(view))


def _view(
    scene: Scene, view: Table, info: TableInfo, below: Mapping[Table, Mapping[str, str]], readers: Iterable[Principal]
) -> Iterator[Hit]:
    packed, facts = scene.stage.packed, scene.stage.view
    further: list[Principal] = []
    example: tuple[Table, str] | None = None
    for who in readers:
        if who == info.view_definer or who in scene.admins or not access(packed, facts, who, view).pieces:
            continue
        for table, hot in sorted(below.items(), key=lambda one: (one[0].database, one[0].name)):
            hidden = hot.keys() - _seen(scene, who, table)
            if hidden:
                further.append(who)
                example = example or (table, min(hidden))
                break
    if example is None:
        return
    at, (table, column) = info.evidence, example
    many = any(is_many(one) for one in further)
    definer = principal_words(info.view_definer, home=scene.home)
    yield Hit(
        about(scene.lake, "table", None, view, at),
        f"view {words(view)} reads {words(table)} with the rights of {definer}: {_people(scene, further)} may select "
        f"from it, and not read {printable(column)} there",
        "a view reads sensitive columns with its definer's rights that its readers may not read themselves",
        (at,) if at else (),
        witness=Witness(further[0], SELECT, view.catalog, view.database, view.name),
        tables=len(below),
        sensitive=sum(map(len, below.values())),
        severity=Severity.HIGH if many else None,
        principals=None if many else len(further),
    )


def _seen(scene: Scene, who: Principal, table: Table) -> set[str]:
    """Return the columns of a table that a principal may read, in whichever rows."""
    return {one for piece in access(scene.stage.packed, scene.stage.view, who, table).pieces for one in piece.columns}


def _people(scene: Scene, people: list[Principal]) -> str:
    named = ", ".join(sorted(principal_words(one, home=scene.home) for one in people)[:_NAMED])
    return named + (f" and {len(people) - _NAMED:,} more" if len(people) > _NAMED else "")


class _Readers:
    """Who may reach a table, found once for all policies."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    @cached_property
    def _by_policy(self) -> dict[TagPolicy, set[Principal]]:
        found: dict[TagPolicy, set[Principal]] = defaultdict(set)
        for grant in self._scene.grants(on=(TagPolicy,), giving=(SELECT,)):
            if grant.principal is not None and isinstance(grant.resource, TagPolicy):
                found[grant.resource].add(grant.principal)
        return found

    @cached_property
    def _wide(self) -> set[Principal]:
        whole = self._scene.grants(on=(Catalog, AnyResource), giving=(SELECT, SUPER_USER))
        return {one.principal for one in whole if one.principal is not None}

    def of(self, table: Table) -> list[Principal]:
        """Return whoever holds a grant that reaches a table."""
        packed, view = self._scene.stage.packed, self._scene.stage.view
        found = {*packed.naming(table), *packed.naming(table.parent), *self._wide}
        for policy, people in self._by_policy.items():
            expression = view.expression(policy)
            if expression is not None and policy.catalog == table.catalog and view.match(expression, table):
                found |= people
        return sorted(found)


# ----------------------------------------------------------------------------------------------------------- functions
def _functions(scene: Scene) -> Iterator[Hit]:
    functions = [who for who, kind in scene.principals() if kind is Kind.FUNCTION]
    if not functions:
        return
    calls = list(scene.grants(on=(Function,), giving=(EXECUTE,)))
    for function in sorted(functions):
        callers = [
            one
            for one in calls
            if one.principal is not None
            and isinstance(one.resource, Function)
            and function_name(one.resource, function) is not None
            and one.principal not in scene.admins
        ]
        reads = [one for one in scene.grants_of(function) if one.permissions & READS]
        if callers and reads:
            yield from _function(scene, function, callers, reads)


def _function(scene: Scene, function: Principal, callers: list[Grant], reads: list[Grant]) -> Iterator[Hit]:
    people = list(dict.fromkeys(one.principal for one in callers if one.principal is not None))
    anything = next((one for one in reads if isinstance(one.resource, AnyResource)), None)
    found = next(_unread(scene, function, people, reads), None) if anything is None else (anything, None)
    if found is None:
        return
    grant, table = found
    many = any(is_many(one) for one in people)
    named = function.rpartition("userDefinedFunction/")[2].replace("/", ".")
    what = "every table that there is" if anything is not None else words(grant.resource)
    at = tuple(one.evidence for one in (grant, callers[0]) if one.evidence is not None)
    hot = len(scene.sensitive(table)) if table is not None else scene.sensitive_below(grant.resource)[1]
    yield Hit(
        about(scene.lake, "grant", function, grant.resource, grant.evidence),
        f"function {printable(named)} reads {what}, and {_people(scene, people)} may execute it without that right"
        + _code(scene, callers),
        "a function reads tables that those who may execute it may not read themselves",
        at,
        tables=scene.tables_below(grant.resource),
        sensitive=hot,
        severity=Severity.HIGH if anything is not None or many or hot else None,
    )


def _unread(
    scene: Scene, function: Principal, people: list[Principal], reads: list[Grant]
) -> Iterator[tuple[Grant, Table | None]]:
    """Yield what a function reads and one of its callers does not."""
    packed, view = scene.stage.packed, scene.stage.view
    for grant in reads:
        for table in scene.reached(grant.resource):
            pieces = access(packed, view, function, table, only=grant).pieces
            shown = {one for piece in pieces for one in piece.columns}
            if any(not shown <= _seen(scene, one, table) for one in people):
                yield grant, table


def _code(scene: Scene, callers: list[Grant]) -> str:
    """Say of a function's code whether whoever writes to some bucket may change it."""
    places = sorted(
        place
        for one in callers
        if isinstance(one.resource, Function) and (info := scene.lake.functions.get(one.resource)) is not None
        for place in info.code
        if not any(within(place, arn) for arn in scene.lake.locations)
    )
    return f"; its code lies in {printable(places[0])}, which no registered location holds" if places else ""


_LAKE = LakeId("aws", "111122223333", "eu-west-1")
_CATALOG = "111122223333"
_PAY = Table(_CATALOG, "hr", "pay")
_VIEW = Table(_CATALOG, "hr", "pay_by_team")
_DEFINER, _ANALYST = (Principal(f"arn:aws:iam::111122223333:role/{name}") for name in ("steward", "analyst"))
_MASK = Principal("arn:aws:glue:eu-west-1:111122223333:userDefinedFunction/hr/mask")
_CALLABLE = Function(_CATALOG, "hr", "mask")


def _grant(who: Principal, on: Resource, permission: Permission = SELECT) -> Grant:
    return Grant(who, on, frozenset({permission}))


def _example(*grants: Grant, reads: frozenset[Table] | None = None, definer: str | None = None) -> Example:
    tables = {
        _PAY: TableInfo(_PAY, (Column("team"), Column("salary"))),
        _VIEW: TableInfo(_VIEW, (Column("team"), Column("total")), view_definer=definer, view_reads=reads),
    }
    functions = {
        _CALLABLE: FunctionInfo(_CALLABLE, "com.example.Mask", frozenset({"arn:aws:s3:::code/mask.jar"}), governed=True)
    }
    return Example(Lake(_LAKE, grants, tables=tables, functions=functions))


_OVER_PAY = frozenset({_PAY})

RULE = Rule(
    id="FL220",
    name="function-reaches-further",
    severity=Severity.MEDIUM,
    doc=__doc__ or "",
    find=find,
    reads=frozenset({Facts.GRANTS, Facts.TABLES, Facts.FUNCTIONS, Facts.ASSIGNMENTS, Facts.EXPRESSIONS}),
    scope=Scope.STACK,
    flags=(
        _example(_grant(_ANALYST, _VIEW), reads=_OVER_PAY, definer=_DEFINER),
        _example(
            _grant(_ANALYST, _VIEW),
            _grant(_ANALYST, TableColumns(_PAY, OnlyColumns(frozenset({"team"})))),
            reads=_OVER_PAY,
            definer=_DEFINER,
        ),
        _example(_grant(_ANALYST, _CALLABLE, EXECUTE), _grant(_MASK, _PAY)),
        _example(
            _grant(_ANALYST, Function(_CATALOG, "hr", "*"), EXECUTE),
            _grant(_ANALYST, _PAY),
            _grant(_MASK, AnyResource(_CATALOG, "TABLE")),
        ),
    ),
    passes=(
        _example(),
        _example(_grant(_ANALYST, _VIEW), _grant(_ANALYST, _PAY), reads=_OVER_PAY, definer=_DEFINER),
        _example(_grant(_DEFINER, _VIEW), reads=_OVER_PAY, definer=_DEFINER),
        _example(_grant(_ANALYST, _VIEW)),
        _example(_grant(_ANALYST, _VIEW), reads=frozenset({_VIEW}), definer=_DEFINER),
        _example(_grant(_ANALYST, _CALLABLE, EXECUTE), _grant(_ANALYST, _PAY), _grant(_MASK, _PAY)),
        _example(_grant(_ANALYST, _CALLABLE, EXECUTE)),
        _example(_grant(_MASK, _PAY)),
        _example(_grant(_ANALYST, Function(_CATALOG, "sales", "*"), EXECUTE), _grant(_MASK, _PAY)),
    ),
)
