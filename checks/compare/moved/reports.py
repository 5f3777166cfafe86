"""Tell of each tag, table, filter and saved expression that differs: as the cause of what it gives, or by itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from checks import spelling
from checks.compare import findings as say
from checks.compare.cells import beyond_others
from checks.compare.moved.alone import Alone
from checks.compare.moved.blame import failing
from checks.compare.moved.changes import Changes, Values, assignment, own_assignment
from checks.compare.moved.effects import Effect, Effects, Moved
from checks.compare.moved.roles import Roles
from checks.compare.moved.telling import Story, changed, latent, tell
from checks.compare.moved.world import World
from checks.compare.retyped import doubtful
from checks.compare.rows import Excess
from checks.compare.tagmatch import numbers
from checks.model import (
    AllRows,
    Assignment,
    Cause,
    ColumnRef,
    Database,
    DataCellsFilter,
    Expression,
    ExpressionBody,
    Facts,
    FilterBody,
    Grant,
    Only,
    SavedExpression,
    Severity,
    Table,
    TableColumns,
    TagPolicy,
    TagRef,
    TagTarget,
    Verdict,
)
from checks.predicates.tags import always_within
from checks.semantics import FUTURE, SELECT
from checks.view import Access, View, show


def report(world: World, changes: Changes, effects: Effects, partners: Mapping[Moved, set[str]]) -> None:
    """Report whatever differs; *partners* are what facts took part in without deciding it."""
    roles = Roles(effects, partners, Alone(world, changes).changes_access)
    for ref, values in changes.tags.items():
        _tag(world, effects, roles, ref, values)
    _columns(world, effects)
    for cells, body in world.sides.declared.filters.items():
        _filter(world, effects, roles, cells, body)
    for cells, body in world.sides.live.filters.items():
        if cells not in world.sides.declared.filters:
            _strange_filter(world, cells, body)
    _expressions(world, effects, roles)


# ---------------------------------------------------------------------------------------------------------------- tags
def _tag(world: World, effects: Effects, roles: Roles, ref: TagRef, values: Values) -> None:
    sides = world.sides
    target, (before, after) = ref.target, values
    declared = assignment(sides.view_declared, target, ref.key)
    live = assignment(sides.view_live, target, ref.key)
    where, key = spelling.words(target), spelling.printable(ref.key)
    direct = own_assignment(sides.view_declared, target, ref.key)
    back = direct is not None and after is not None and _inherits(sides.view_live, target, ref.key, after)
    gone = back and isinstance(target, ColumnRef) and _is_gone(world, target)
    if gone:
        after = None  # the table's tag is on no column that is not there
    was, now = _value(before), _value(after)
    if gone:
        words = f"tag {key} of {where} is gone with the column (declared {was})"
    elif after is None:
        words = f"tag {key} of {where} is gone (declared {was})"
    elif back:
        words = f"tag {key} of {where} lost its own value {was}: the inherited value {now} is back"
    else:
        words = f"tag {key} of {where} is {now} (declared {was})"
    table = target.table if isinstance(target, ColumnRef) else target
    told = table in sides.declared.tables or table in sides.declared.databases or declared is not None
    story = Story(
        "FL110",
        "tag",
        ref,
        Cause("tag", f"tag {key} on {where}: {was} → {now}"),
        words,
        f"{key} = {was}",
        f"{key} = {now}",
        (declared.evidence if declared else None, live.evidence if live else None),
        declared.evidence if declared else None,
        told or (isinstance(table, Table) and sides.declares_table_itself(table)),
        declare=f"aws.lakeformation.ResourceLfTags on {where}: {key} = {now}" if after is not None else "",
        revoke=say.tag_command(Assignment(target, ref.key, before)) if before is not None else "",
    )
    gain = effects.gains.get(ref)
    heard = tell(world, story, gain, effects.losses.get(ref))
    why = "" if heard else roles.of(ref)
    if not _opens(gain) and not why and _opens_later(world, ref):
        latent(world, story, f"nobody reads more today, but later {_LATER[type(target)]} would be open by it")
        return
    if heard or (Facts.ASSIGNMENTS in sides.dark and after is None):
        return
    if told:
        changed(world, story, why=why)
    else:
        inside = isinstance(table, Table) and table.parent in sides.declared.databases
        changed(world, story, managed=False, severity=Severity.LOW if inside else Severity.INFO, why=why)


def _is_gone(world: World, column: ColumnRef) -> bool:
    """Whether the live table stands there without the column."""
    sides = world.sides
    names = sides.view_live.columns(column.table)
    return column.table in sides.live.tables and names is not None and column.column not in names[0] | names[1]


_LATER: Mapping[type[TagTarget], str] = {Database: "tables", Table: "columns"}
"""What inherits a tag that nothing of today does."""


def _opens(gain: Effect | None) -> bool:
    """Whether a fact shows more today, or nobody knows."""
    return gain is not None and bool(gain or gain.unknown)


def _opens_later(world: World, ref: TagRef) -> bool:
    """Whether a tag policy held live newly means what is to come below a database or a table, by this very tag.

    What is made there inherits the tags (https://docs.aws.amazon.com/lake-formation/latest/dg/tag-based-access-control.html).
    """
    sides, target = world.sides, ref.target
    if not isinstance(target, Database | Table):
        return False
    tags = [
        view.table_tags(target) if isinstance(target, Table) else view.database_tags(target)
        for view in (sides.view_declared, sides.view_live)
    ]
    before, after = (matcher.match(one) for matcher, one in zip(world.matchers, tags, strict=True))
    for number in numbers(after & ~before & world.catalogs.get(target.catalog, 0)):
        body = sides.view_live.expression(world.named_policies[number])
        offers = world.books[1].policies.get(number, ())
        # Of a table only columns are to come: they are read, nothing else.
        if any(one.reads or isinstance(target, Database) for one in offers) and (
            body is not None and ref.key in failing(body, tags[0])
        ):
            return True
    return False


def _value(value: str | None) -> str:
    return "no value" if value is None else spelling.printable(value)


def _inherits(view: View, target: TagTarget, key: str, value: str) -> bool:
    if isinstance(target, ColumnRef):
        return view.table_tags(target.table).get(key) == value
    return isinstance(target, Table) and view.database_tags(target.parent).get(key) == value


# ------------------------------------------------------------------------------------------------------------- columns
def _columns(world: World, effects: Effects) -> None:
    """Report columns that only one side's table has and that grants open: one finding per table and direction."""
    sides = world.sides
    for part, gain in ((effects.gains, True), (effects.losses, False)):
        tables: dict[Table, set[str]] = defaultdict(set)
        for fact in part:
            if isinstance(fact, TableColumns) and isinstance(fact.columns, Only):
                tables[fact.table] |= fact.columns.names
        for table, names in sorted(tables.items(), key=lambda one: (one[0].database, one[0].name)):
            sides.opened_columns[table] = sides.opened_columns.get(table, frozenset()) | names
            live = sides.view_live.columns(table)
            there = names & (live[0] | live[1]) if live else set()
            for some, fresh in ((there, True), (names - there, False)):
                if some:
                    whole = Effect()
                    for name in sorted(some):
                        whole.add(part[TableColumns(table, Only(frozenset({name})))])
                    _table(world, table, some, whole, fresh=fresh, gain=gain)


def _table(world: World, table: Table, names: set[str], effect: Effect, *, fresh: bool, gain: bool) -> None:
    sides = world.sides
    told, now = sides.declared.tables.get(table), sides.live.tables.get(table)
    listed, words = spelling.listing(names), spelling.words(table)
    some = "a column" if len(names) == 1 else "columns"
    fixed = sides.view_declared.columns(table)
    before = f"columns {spelling.listing(fixed[0] | fixed[1])}" if fixed else ""
    story = Story(
        "FL113",
        "table",
        TableColumns(table, Only(frozenset(names))),
        Cause(
            "column",
            f"{words} has {some} that no stack declares: {listed}"
            if fresh
            else f"{words} lacks {some} that {'is' if len(names) == 1 else 'are'} declared: {listed}",
        ),
        f"{words} has the undeclared {'column' if len(names) == 1 else 'columns'} {listed}"
        if fresh
        else f"{words} lacks the declared {'column' if len(names) == 1 else 'columns'} {listed}",
        before,
        f"also {listed}" if fresh else f"not {listed}",
        (told.evidence if told else None, now.evidence if now else None),
        told.evidence if told else None,
        managed=True,
        declare=f"aws.glue.CatalogTable {words}: {'add' if fresh else 'drop'} {listed}",
    )
    tell(world, story, effect if gain else None, None if gain else effect)


# ------------------------------------------------------------------------------------------------------------- filters
def body_words(body: FilterBody | None) -> str:
    """Say a filter's body: ``columns user_id, app where region = 'EU'``."""
    if body is None:
        return "no such filter"
    rows = "all rows" if isinstance(body.rows, AllRows) else f"rows where {spelling.printable(body.rows.text)}"
    return f"{spelling.columns_words(body.columns)}; {rows}"


def _filter(world: World, effects: Effects, roles: Roles, cells: DataCellsFilter, body: FilterBody) -> None:
    sides = world.sides
    now = sides.live.filters.get(cells)
    if now is None:
        if Facts.FILTERS not in sides.dark:
            _missing(world, "filter", cells, body_words(body), body)
        return
    gain, loss = effects.gains.get(cells), effects.losses.get(cells)
    if body.columns == now.columns and body.rows == now.rows and not gain and not loss:
        sides.equal += 1
        return
    where = spelling.words(cells)
    story = Story(
        "FL112",
        "filter",
        cells,
        Cause("filter", f"{where}: {body_words(body)} → {body_words(now)}"),
        f"{where} now shows {body_words(now)} (declared {body_words(body)})",
        body_words(body),
        body_words(now),
        (body.evidence, now.evidence),
        body.evidence,
        managed=True,
        declare=f"aws.lakeformation.DataCellsFilter {spelling.printable(cells.name)}: {body_words(now)}",
    )
    if tell(world, story, gain, loss):
        if not _opens(gain) and sides.index_live.mentions(cells) and _shows_later(_excess(world, body, now)[0]):
            latent(world, story, _LATER_COLUMN)
        return
    if why := roles.of(cells):
        changed(world, story, why=why)
    else:
        _without_effect(world, story, cells, body, now)


_LATER_COLUMN = "nobody reads more today, but a later column would show"


def _excess(world: World, body: FilterBody, now: FilterBody) -> tuple[list[Excess], list[Excess]]:
    """Return what a filter's live body shows beyond the declared one, and the other way round."""
    sides, cells = world.sides, body.id
    before, after = Access(), Access()
    probe = Grant(None, cells, frozenset({SELECT}))
    show(before, sides.view_declared, cells.table, body.columns, body.rows, probe)
    show(after, sides.view_live, cells.table, now.columns, now.rows, probe)
    wanted, types = frozenset({(SELECT, False)}), sides.view_live.types(cells.table)
    gained, lost = (beyond_others(one, wanted, (other,), types)[1] for one, other in ((after, before), (before, after)))
    return [one for _, one in gained], [one for _, one in lost]


def _shows_later(gained: Iterable[Excess]) -> bool:
    return any(FUTURE in one.columns and one.unknown is None for one in gained)


def _missing(
    world: World, kind: str, name: DataCellsFilter | SavedExpression, before: str, body: FilterBody | ExpressionBody
) -> None:
    """Report a filter or a saved expression that is declared and does not exist."""
    sides, where = world.sides, spelling.words(name)
    sides.findings.append(
        say.build(
            "FL132",
            Verdict.NARROWED,
            say.subject(kind, name, sides.id, declared=body.evidence),
            f"{where} is declared, but does not exist",
            Cause(kind, f"{where} is missing"),
            confidence=sides.confidence,
            declared=before,
            live=f"no such {kind}",
            evidence=[body.evidence],
        )
    )


def _strange_filter(world: World, cells: DataCellsFilter, body: FilterBody) -> None:
    sides = world.sides
    if sides.hides(Facts.FILTERS, cells):
        return
    inside = cells.table.parent in sides.declared.databases or cells.table in sides.declared.tables
    sides.findings.append(
        say.build(
            "FL142",
            Verdict.UNMANAGED,
            say.subject("filter", cells, sides.id),
            f"{spelling.words(cells)} is not declared by any stack; a grant decides who reads by it",
            Cause("filter", f"{spelling.words(cells)} is undeclared"),
            severity=Severity.LOW if inside else Severity.INFO,
            confidence=sides.confidence,
            declared="no such filter",
            live=body_words(body),
            evidence=[body.evidence],
        )
    )


_TYPES = "whether it shows other rows is not decided, since a column that it names has another type than declared"


def _without_effect(world: World, story: Story, cells: DataCellsFilter, body: FilterBody, now: FilterBody) -> None:
    """Two bodies that differ in text and in nobody's access: the same rows in other words, or a filter nobody holds."""
    sides = world.sides
    gained, lost = _excess(world, body, now)
    if not gained and not lost:
        sides.equal += 1
        return
    held = sides.index_declared.mentions(cells) or sides.index_live.mentions(cells)
    decided = held and not any(one.unknown is None and one.today for one in (*gained, *lost))
    # What is held, and differs only for columns to come or cannot be ordered, was decided on the table already.
    if not decided or any(one.unknown for one in gained):
        changed(world, story, why=_TYPES if cells in doubtful(sides) else "")
    elif _shows_later(gained):
        latent(world, story, _LATER_COLUMN)
    else:
        sides.equal += 1


# --------------------------------------------------------------------------------------------------- saved expressions
def _expressions(world: World, effects: Effects, roles: Roles) -> None:
    sides = world.sides
    for name, body in sides.declared.expressions.items():
        now = sides.live.expressions.get(name)
        before = spelling.expression_words(body.expression)
        if now is None:
            if Facts.EXPRESSIONS not in sides.dark:
                _missing(world, "expression", name, before, body)
            continue
        if now.expression == body.expression:
            sides.equal += 1
            continue
        where, after = spelling.words(name), spelling.expression_words(now.expression)
        story = Story(
            "FL111",
            "expression",
            name,
            Cause("expression", f"{where}: {before} → {after}"),
            f"{where} is now {after} (declared {before})",
            before,
            after,
            (body.evidence, now.evidence),
            body.evidence,
            managed=True,
            declare=f"aws.lakeformation.LfTagExpression {spelling.printable(name.name)}: {after}",
        )
        gain = effects.gains.get(name)
        heard = tell(world, story, gain, effects.losses.get(name))
        if not heard and (why := roles.of(name)):
            changed(world, story, why=why)
        elif not _opens(gain) and name.name in _saved(world) and not _within(now.expression, body.expression):
            latent(world, story, "nobody reads more today, but other tags would open more")
        elif not heard:
            changed(world, story)
    for name, now in sides.live.expressions.items():
        if name not in sides.declared.expressions:
            sides.findings.append(
                say.build(
                    "FL142",
                    Verdict.UNMANAGED,
                    say.subject("expression", name, sides.id),
                    f"{spelling.words(name)} is not declared by any stack",
                    Cause("expression", f"{spelling.words(name)} is undeclared"),
                    severity=Severity.INFO,
                    confidence=sides.confidence,
                    live=spelling.expression_words(now.expression),
                    evidence=[now.evidence],
                )
            )


def _within(after: Expression, before: Expression) -> bool:
    return always_within(after, [before]) is True


def _saved(world: World) -> set[str]:
    """Return the saved expressions that a live grant names."""
    return {
        policy.saved
        for grant in world.sides.index_live.all_policies()
        if isinstance(policy := grant.resource, TagPolicy) and policy.saved is not None
    }
