"""What changed below the grants: tags, columns, filter bodies and saved expressions that decide what a grant reaches.

The declared grants are evaluated over the declared and over the live facts. What they gain or lose by that is put down
to the fact that moved: one finding per fact, however many principals and tables it touches.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from checks import spelling
from checks.compare import findings as say
from checks.compare.grants import beyond_others, witness
from checks.compare.rows import Excess
from checks.compare.sides import Sides
from checks.grants import atoms
from checks.model import (
    EVERY_COLUMN,
    Access,
    AllRows,
    Assignment,
    Cause,
    ColumnRef,
    Columns,
    Confidence,
    Database,
    DataCellsFilter,
    Evidence,
    Expression,
    Facts,
    FilterBody,
    Grant,
    Only,
    Permission,
    Principal,
    SavedExpression,
    Severity,
    SubjectResource,
    Table,
    TableColumns,
    TagPolicy,
    TagRef,
    TagTarget,
    Verdict,
    Witness,
)
from checks.predicates.tags import always_within
from checks.principals import groups_of, is_many
from checks.semantics import DESCRIBE, FUTURE, RAW_READS, SELECT, matches
from checks.view import Access as TableAccess
from checks.view import View, access, database_access, show

Moved = TagRef | DataCellsFilter | SavedExpression | TableColumns
"""The fact that moved; ``TableColumns`` are columns that only the live table has."""


@dataclass(slots=True)
class Effect:
    """What moved facts give or take."""

    principals: set[Principal] = field(default_factory=set)
    cells: dict[Table, set[str]] = field(default_factory=dict)
    tables: set[Table] = field(default_factory=set)
    databases: set[Database] = field(default_factory=set)
    atoms: set[tuple[Permission, bool]] = field(default_factory=set)
    witnesses: list[Witness] = field(default_factory=list)
    grants: dict[int, Grant] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)
    notes: set[str] = field(default_factory=set)
    others: set[str] = field(default_factory=set)
    """Further facts that had to move too."""

    def __bool__(self) -> bool:
        return bool(self.atoms)

    def add(self, other: Effect) -> None:
        """Take up what another fact of the same cause gives or takes."""
        self.principals |= other.principals
        self.tables |= other.tables
        self.atoms |= other.atoms
        self.witnesses += other.witnesses
        self.grants |= other.grants
        self.unknown |= other.unknown
        self.notes |= other.notes
        for table, columns in other.cells.items():
            self.cells.setdefault(table, set()).update(columns)


@dataclass(slots=True)
class Effects:
    """Gains and losses by the fact that moved."""

    gains: dict[Moved, Effect] = field(default_factory=lambda: defaultdict(Effect))
    losses: dict[Moved, Effect] = field(default_factory=lambda: defaultdict(Effect))


def moved(sides: Sides) -> None:
    """Compare the facts below the grants and report each that moved."""
    effects = Effects()
    tag_differences = _tag_differences(sides)
    for table in _affected(sides, tag_differences):
        for principal, condition in _holders(sides, table):
            _on_one(sides, effects, principal, table, condition)
    _on_databases(sides, effects, tag_differences)
    _edits(sides, effects)
    _report_tags(sides, effects, tag_differences)
    _report_columns(sides, effects)
    _report_filters(sides, effects)
    _report_expressions(sides, effects)


# ------------------------------------------------------------------------------------------------------- what differs
def _tag_differences(sides: Sides) -> dict[TagRef, tuple[str | None, str | None]]:
    """Return each (object, key) whose effective value differs, unless its parent's difference explains it."""
    found: dict[TagRef, tuple[str | None, str | None]] = {}
    declared, live = sides.view_declared, sides.view_live
    databases = {*sides.databases(), *(t for t in sides.declared.assignments if isinstance(t, Database))}
    for database in sorted(databases, key=lambda one: (one.catalog, one.name)):
        if Facts.DATABASES not in sides.dark and database not in sides.live.databases:
            continue
        before, after = declared.database_tags(database), live.database_tags(database)
        for key in _differing(before, after):
            found[TagRef(database, key)] = (before.get(key), after.get(key))
    for table in sides.tables():
        before, after = declared.table_tags(table), live.table_tags(table)
        above = declared.database_tags(table.parent), live.database_tags(table.parent)
        for key in _differing(before, after):
            if before.get(key) == above[0].get(key) and after.get(key) == above[1].get(key):
                continue
            found[TagRef(table, key)] = (before.get(key), after.get(key))
        for column in sorted({*declared.tagged_columns(table), *live.tagged_columns(table)}):
            was, now = declared.column_tags(table, column), live.column_tags(table, column)
            for key in _differing(was, now):
                if was.get(key) == before.get(key) and now.get(key) == after.get(key):
                    continue
                found[TagRef(ColumnRef(table, column), key)] = (was.get(key), now.get(key))
    return found


def _differing(before: object, after: object) -> list[str]:
    assert isinstance(before, dict)
    assert isinstance(after, dict)
    if before == after:
        return []
    return sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))


def _affected(sides: Sides, tags: Iterable[TagRef]) -> Iterable[Table]:
    """Yield each existing table on which some fact that a grant may read differs."""
    changed_databases = {one.target for one in tags if isinstance(one.target, Database)}
    changed_tables = {one.target.table if isinstance(one.target, ColumnRef) else one.target for one in tags}
    filters = {
        cells.table
        for cells in {**sides.declared.filters, **sides.live.filters}
        if sides.view_declared.body(cells) != sides.view_live.body(cells)
    }
    saved = [
        body
        for name in sides.declared.expressions
        if (body := sides.view_declared.saved(name)) != sides.view_live.saved(name)
    ]
    for table in sides.tables():
        if (
            table in changed_tables
            or table.parent in changed_databases
            or table in filters
            or saved
            or sides.view_declared.columns(table) != sides.view_live.columns(table)
        ):
            yield table


def _holders(sides: Sides, table: Table) -> list[tuple[Principal, str | None]]:
    """Return whom a declared grant may let reach the table, itself or through a group, and under which condition."""
    index = sides.index_declared
    found = []
    direct = index.reaching(table)
    for who in sorted(direct.union(*(sides.members(one) for one in direct))):
        conditions = {grant.condition for group in groups_of(who) for grant in index.on_table(group, table)}
        found += [(who, condition) for condition in sorted(conditions, key=lambda one: one or "")]
    return found


# ---------------------------------------------------------------------------------------------------------- one table
def _on_one(sides: Sides, effects: Effects, principal: Principal, table: Table, condition: str | None) -> None:
    """Put down to moved facts what a principal gains or loses on one table by declared grants.

    What it has through a group is told of the group, unless only the member still holds it live.
    """
    index = sides.index_declared
    before = access(index, sides.view_declared, principal, table, condition=condition)
    after = access(index, sides.view_live, principal, table, condition=condition)
    wanted = _everything(before) | _everything(after)
    if not wanted:
        return
    types = sides.view_live.types(table)
    dark = Facts.GRANTS in sides.dark
    held = None if dark else access(sides.index_live, sides.view_live, principal, table, condition=condition)
    plain, chosen = beyond_others(after, wanted, (before,), types)
    for atom in plain:
        grant = after.others[atom]
        if _holds(held, atom, None) and not _told_of_group(sides, grant, principal, table, condition, atom, None):
            _gain(sides, effects.gains, principal, table, grant, [(atom, Excess(frozenset()))])
    for flag, excess in chosen:
        for column, grant in _sources(after, excess, flag=flag):
            atom = (SELECT, flag)
            shown = Excess(frozenset({column}), excess.row, excess.unknown, excess.note)
            if _holds(held, atom, column) and not _told_of_group(
                sides, grant, principal, table, condition, atom, column
            ):
                _gain(sides, effects.gains, principal, table, grant, [(atom, shown)])
    if held is None or Facts.ASSIGNMENTS in sides.dark:
        return
    plain, chosen = beyond_others(before, wanted, (after, held), types)
    existing = sides.view_live.columns(table)
    names = None if existing is None else existing[0] | existing[1]
    for atom in plain:
        if before.others[atom].principal == principal:
            _gain(sides, effects.losses, principal, table, before.others[atom], [(atom, Excess(frozenset()))])
    for flag, excess in chosen:
        for column, grant in _sources(before, excess, flag=flag):
            fixed = sides.view_declared.columns(table) if table in sides.declared.tables else None
            there = names is None or column in names or (fixed is not None and column in fixed[0] | fixed[1])
            if column != FUTURE and there and excess.unknown is None and grant.principal == principal:
                shown = Excess(frozenset({column}), excess.row)
                _gain(sides, effects.losses, principal, table, grant, [((SELECT, flag), shown)])


def _holds(held: TableAccess | None, atom: tuple[Permission, bool], column: str | None) -> bool:
    """Whether live grants give an atom (on a column); what could not be read may give anything."""
    if held is None:
        return True
    if column is None:
        return atom in held.others
    return any(column in one.columns and (one.grantable or not atom[1]) for one in held.pieces)


def _told_of_group(
    sides: Sides,
    grant: Grant,
    principal: Principal,
    table: Table,
    condition: str | None,
    atom: tuple[Permission, bool],
    column: str | None,
) -> bool:
    """Whether a gain comes through a group that holds it live itself: then the finding is the group's."""
    if grant.principal is None or grant.principal == principal or Facts.GRANTS in sides.dark:
        return grant.principal != principal
    return _holds(access(sides.index_live, sides.view_live, grant.principal, table, condition=condition), atom, column)


def _everything(found: TableAccess) -> frozenset[tuple[Permission, bool]]:
    return frozenset(found.others) | {(SELECT, flag) for one in found.pieces for flag in {False, one.grantable}}


def _sources(found: TableAccess, excess: Excess, *, flag: bool) -> Iterable[tuple[str, Grant]]:
    """Yield each column of an excess with the grant that shows it; one that depends on a moved fact first."""
    for column in sorted(excess.columns):
        showing = [one for one in found.pieces if column in one.columns and (one.grantable or not flag)]
        if showing:
            best = min(showing, key=lambda one: not isinstance(one.grant.resource, TagPolicy | DataCellsFilter))
            yield column, best.grant


def _gain(
    sides: Sides,
    into: dict[Moved, Effect],
    principal: Principal,
    table: Table,
    grant: Grant,
    found: Iterable[tuple[tuple[Permission, bool], Excess]],
) -> None:
    for atom, excess in found:
        column = next(iter(excess.columns), None)
        if column == FUTURE:
            continue
        blame = _blame(sides, table, column, grant)
        if not blame:
            continue
        effect = into[blame[0]]
        if excess.unknown is not None:
            effect.unknown.add(excess.unknown)
            effect.principals.add(principal)
            continue
        effect.others.update(_named(one) for one in blame[1:])
        effect.principals.add(principal)
        effect.tables.add(table)
        effect.atoms.add(atom)
        effect.grants.setdefault(id(grant), grant)
        if excess.note:
            effect.notes.add(excess.note)
        if column is not None:
            effect.cells.setdefault(table, set()).add(column)
        effect.witnesses.append(
            Witness(principal, atom[0], table.catalog, table.database, table.name, column, excess.row)
        )


def _named(fact: Moved) -> str:
    return spelling.words(fact)


def _blame(sides: Sides, table: Table, column: str | None, grant: Grant) -> list[Moved]:
    """Return the facts that moved and opened (or closed) a column to a grant, the decisive one first."""
    declared, live = sides.view_declared, sides.view_live
    if column is not None and table in sides.declared.tables:
        fixed, there = declared.columns(table), live.columns(table)
        if fixed and there and (column in there[0] | there[1]) != (column in fixed[0] | fixed[1]):
            return [TableColumns(table, Only(frozenset({column})))]
    match grant.resource:
        case DataCellsFilter() as cells:
            return [cells]
        case TagPolicy() as policy:
            before, after = declared.expression(policy), live.expression(policy)
            if before != after and policy.saved is not None:
                return [SavedExpression(policy.catalog, policy.saved)]
            return _blamed_tags(sides, table, column, after or ())
        case _:
            return []


def _blamed_tags(sides: Sides, table: Table, column: str | None, expression: Expression) -> list[Moved]:
    declared, live = sides.view_declared, sides.view_live
    if column is None or column == FUTURE:
        before, after = dict(declared.table_tags(table)), dict(live.table_tags(table))
    else:
        before, after = dict(declared.column_tags(table, column)), dict(live.column_tags(table, column))
    keys = [key for key, _ in expression if before.get(key) != after.get(key)]
    if not keys and column is None:
        # The table's own tags are the same: the last odd column was retagged, and a partial match became a whole one.
        for odd in sorted({*declared.tagged_columns(table), *live.tagged_columns(table)}):
            was, now = declared.column_tags(table, odd), live.column_tags(table, odd)
            changed = [key for key, _ in expression if was.get(key) != now.get(key)]
            if changed:
                return [_carrier(sides, table, odd, changed[0])]
    alone = [key for key in keys if matches(expression, {**before, **({key: after[key]} if key in after else {})})]
    ordered = [*alone[:1], *(key for key in keys if key not in alone)] if alone else keys
    return [_carrier(sides, table, column, key) for key in ordered]


def _carrier(sides: Sides, table: Table, column: str | None, key: str) -> TagRef:
    """Return the object whose tag moved: the highest one that explains the difference."""
    declared, live = sides.view_declared, sides.view_live
    on_table = declared.table_tags(table).get(key), live.table_tags(table).get(key)
    if column is not None and column != FUTURE:
        own = declared.column_tags(table, column).get(key), live.column_tags(table, column).get(key)
        if own != on_table:
            return TagRef(ColumnRef(table, column), key)
    above = declared.database_tags(table.parent).get(key), live.database_tags(table.parent).get(key)
    return TagRef(table if on_table != above else table.parent, key)


# ---------------------------------------------------------------------------------------------------------- databases
def _on_databases(sides: Sides, effects: Effects, tags: Iterable[TagRef]) -> None:
    """Evaluate the declared DATABASE tag policies on the databases whose tags moved, or all if a saved body did."""
    keys: dict[Database, list[str]] = defaultdict(list)
    for one in tags:
        if isinstance(one.target, Database):
            keys[one.target].append(one.key)
    edited = any(sides.view_declared.saved(name) != sides.view_live.saved(name) for name in sides.declared.expressions)
    index = sides.index_declared
    for principal in index.principals():
        policies = list(index.policies(principal, "DATABASE"))
        for condition in sorted({grant.condition for grant in policies}, key=lambda one: one or ""):
            for database in sides.databases() if edited else keys:
                _on_database(sides, effects, principal, condition, policies, database, keys.get(database, []))


def _on_database(
    sides: Sides,
    effects: Effects,
    principal: Principal,
    condition: str | None,
    policies: list[Grant],
    database: Database,
    keys: list[str],
) -> None:
    index = sides.index_declared
    before = database_access(index, sides.view_declared, principal, database, condition=condition)
    after = database_access(index, sides.view_live, principal, database, condition=condition)
    held = database_access(sides.index_live, sides.view_live, principal, database, condition=condition)
    dark = Facts.GRANTS in sides.dark
    gained, lost = (after - before, set()) if dark else ((after - before) & held, before - after - held)
    for into, pairs in ((effects.gains, gained), (effects.losses, lost)):
        for atom in sorted(pairs):
            if atom[0] == DESCRIBE and any(
                flag or not atom[1] for _, flag in (before if into is effects.gains else held)
            ):
                continue  # any other permission implies it
            grant = next((one for one in policies if atom in atoms(one)), None)
            if grant is None or not isinstance(grant.resource, TagPolicy):
                continue
            fact: Moved = TagRef(database, next(iter(keys), ""))
            policy = grant.resource
            body = sides.view_live.expression(policy)
            if policy.saved is not None and body != sides.view_declared.expression(policy):
                fact = SavedExpression(policy.catalog, policy.saved)
            elif key := next((one for one, _ in body or () if one in keys), None):
                fact = TagRef(database, key)
            effect = into[fact]
            effect.principals.add(principal)
            effect.databases.add(database)
            effect.atoms.add(atom)
            effect.grants.setdefault(id(grant), grant)
            effect.witnesses.append(Witness(principal, atom[0], database.catalog, database.name))


def _edits(sides: Sides, effects: Effects) -> None:
    """Add what live grants gain that name an edited expression, though no declared grant does."""
    for name, differences in sides.edits.items():
        effect = effects.gains[name]
        for one in differences:
            effect.principals.add(one.principal)
            effect.tables |= one.tables
            effect.databases |= one.databases
            effect.atoms |= one.plain | {(SELECT, flag) for flag in one.select}
            effect.witnesses.append(witness(sides, one))
            effect.grants |= {id(row): row for row in one.rows}
            for table, columns in one.cells.items():
                effect.cells.setdefault(table, set()).update(columns)


# ---------------------------------------------------------------------------------------------------------- reporting
def _best(effect: Effect, sides: Sides) -> Witness:
    def order(one: Witness) -> tuple[object, ...]:
        table = Table(one.catalog or "", one.database or "", one.table or "")
        plain = sides.view_live.columns(table)
        return (
            one.table is None,
            one.permission not in {SELECT, *RAW_READS},
            one.column is None,
            one.column is None or not sides.is_sensitive(table, one.column),
            plain is not None and one.column in plain[1],
            one.database or "",
            one.table or "",
            one.column or "",
            one.principal or "",
            one.permission or "",
            str(one.row),
        )

    return min(effect.witnesses, key=order)


def _pieces(effect: Effect) -> list[Access]:
    lent = {permission for permission, flag in effect.atoms if flag}
    columns: Columns | None = None
    if len(effect.cells) == 1:
        columns = Only(frozenset(next(iter(effect.cells.values()))))
    elif effect.cells:
        columns = EVERY_COLUMN
    return [
        Access(permission, columns if permission == SELECT else None, permission in lent)
        for permission in sorted({permission for permission, _ in effect.atoms})
    ]


def _reach_words(sides: Sides, effect: Effect) -> str:
    people = len(effect.principals)
    who = (
        "many principals"
        if any(is_many(one) for one in effect.principals)
        else (f"{people:,} principal{'s' if people != 1 else ''}")
    )
    count = sum(len(sides.tables_of(one)) for one in effect.databases) if effect.databases else 0
    tables = len(effect.tables) or count
    return f"{who}, {tables:,} table{'s' if tables != 1 else ''}"


@dataclass(frozen=True, slots=True)
class _Story:
    """What a report of a moved fact needs beside its effect."""

    rule: str
    subject_kind: str
    subject: SubjectResource
    cause: Cause
    moved: str
    declared: str
    live: str
    evidence: tuple[Evidence | None, ...]
    origin: Evidence | None
    managed: bool
    declare: str = ""
    revoke: str = ""


def _tell(sides: Sides, story: _Story, gain: Effect | None, loss: Effect | None) -> bool:
    """Report gains as widened (or unmanaged), losses as narrowed, the undecided as unknown."""
    told = False
    about = say.subject(story.subject_kind, story.subject, sides.id, declared=story.origin)
    shared: say.Words = {"declared": story.declared, "live": story.live}
    for effect, widens in ((gain, True), (loss, False)):
        if effect is None or not effect:
            continue
        told = True
        seen = _best(effect, sides)
        evidence = [*story.evidence, *(grant.evidence for grant in effect.grants.values())][:20]
        reach = sides.reach(
            effect.principals,
            effect.cells,
            tables=len(effect.tables) or sum(len(sides.tables_of(one)) for one in effect.databases),
        )
        joint = f"; {', '.join(sorted(effect.others))} moved as well" if effect.others else ""
        note = f" ({'; '.join(sorted(effect.notes))})" if effect.notes else ""
        mild = {permission for permission, _ in effect.atoms} <= {DESCRIBE}
        grave = reach.sensitive_columns or reach.principals is None
        confidence = Confidence.ASSUMED if effect.notes else sides.confidence
        if widens:
            verdict = Verdict.WIDENED if story.managed else Verdict.UNMANAGED
            exposed = (
                story.managed
                or any(sides.speaks_of_table(one) for one in effect.tables)
                or any(sides.speaks_of_database(one) for one in effect.databases)
            )
            severity = (
                Severity.LOW
                if not exposed
                else Severity.MEDIUM
                if mild
                else Severity.CRITICAL
                if grave
                else Severity.HIGH
            )
            sides.findings.append(
                say.build(
                    story.rule,
                    verdict,
                    about,
                    f"{story.moved}: {spelling.witness_words(seen, home=sides.id.account)}, which is not declared "
                    f"(in all {_reach_words(sides, effect)}){joint}{note}",
                    story.cause,
                    severity=severity,
                    confidence=confidence,
                    exposure=exposed,
                    added=_pieces(effect),
                    witness=seen,
                    reach=reach,
                    evidence=evidence,
                    declare=story.declare,
                    revoke=story.revoke,
                    **shared,
                )
            )
        else:
            sides.findings.append(
                say.build(
                    "FL131",
                    Verdict.NARROWED,
                    about,
                    f"{story.moved}: declared, but not live: {spelling.witness_words(seen, home=sides.id.account)} "
                    f"(in all {_reach_words(sides, effect)}){joint}{note}",
                    story.cause,
                    confidence=confidence,
                    removed=_pieces(effect),
                    witness=seen,
                    reach=reach,
                    evidence=evidence,
                    declare=story.declare,
                    revoke=story.revoke,
                    **shared,
                )
            )
    undecided = {reason for effect in (gain, loss) if effect for reason in effect.unknown} | (
        gain.unknown if gain is not None else set()
    )
    if undecided:
        told = True
        sides.findings.append(
            say.build(
                "FL151",
                Verdict.UNKNOWN,
                about,
                f"{story.moved}: whether that shows more cannot be decided: {min(undecided)}",
                story.cause,
                confidence=sides.confidence,
                reach=sides.reach(gain.principals if gain else (), {}),
                evidence=story.evidence,
                **shared,
            )
        )
    return told


def _changed(sides: Sides, story: _Story, *, managed: bool = True, severity: Severity | None = None) -> None:
    """Report a fact that differs although nobody's access does."""
    about = say.subject(story.subject_kind, story.subject, sides.id, declared=story.origin)
    sides.findings.append(
        say.build(
            "FL140" if managed else "FL142",
            Verdict.CHANGED if managed else Verdict.UNMANAGED,
            about,
            f"{story.moved}; nobody reads more or less today by it",
            story.cause,
            severity=severity,
            confidence=sides.confidence,
            evidence=story.evidence,
            declared=story.declared,
            live=story.live,
            declare=story.declare,
            revoke=story.revoke,
        )
    )


def _report_tags(sides: Sides, effects: Effects, tags: dict[TagRef, tuple[str | None, str | None]]) -> None:
    for ref, (before, after) in tags.items():
        target = ref.target
        declared = _assignment(sides.view_declared, target, ref.key)
        live = _assignment(sides.view_live, target, ref.key)
        where, key = spelling.words(target), spelling.printable(ref.key)
        was, now = _value(before), _value(after)
        direct = _own(sides.view_declared, target, ref.key)
        if after is None:
            moved_words = f"tag {key} of {where} is gone (declared {was})"
        elif direct is not None and _inherits(sides.view_live, target, ref.key, after):
            moved_words = f"tag {key} of {where} lost its own value {was}: the inherited value {now} is back"
        else:
            moved_words = f"tag {key} of {where} is {now} (declared {was})"
        table = target.table if isinstance(target, ColumnRef) else target
        managed = (
            table in sides.declared.tables
            or table in sides.declared.databases
            or declared is not None
            or (isinstance(table, Table) and sides.declares_table_itself(table))
        )
        story = _Story(
            "FL110",
            "tag",
            ref,
            Cause("tag", f"tag {key} on {where}: {was} → {now}"),
            moved_words,
            f"{key} = {was}",
            f"{key} = {now}",
            (declared.evidence if declared else None, live.evidence if live else None),
            declared.evidence if declared else None,
            managed,
            declare=f"aws.lakeformation.ResourceLfTags on {where}: {key} = {now}" if after is not None else "",
            revoke=say.tag_command(Assignment(target, ref.key, before)) if before is not None else "",
        )
        if _tell(sides, story, effects.gains.get(ref), effects.losses.get(ref)):
            continue
        if Facts.ASSIGNMENTS in sides.dark and after is None:
            continue
        if declared is not None or table in sides.declared.tables or table in sides.declared.databases:
            _changed(sides, story)
        else:
            inside = isinstance(table, Table) and table.parent in sides.declared.databases
            _changed(sides, story, managed=False, severity=Severity.LOW if inside else Severity.INFO)


def _value(value: str | None) -> str:
    return "no value" if value is None else spelling.printable(value)


def _own(view: View, target: TagTarget, key: str) -> Assignment | None:
    return view.lake.assignments.get(target, {}).get(key)


def _assignment(view: View, target: TagTarget, key: str) -> Assignment | None:
    """Return the assignment that decides a key on an object: its own, else the nearest parent's."""
    chain: list[TagTarget] = [target]
    if isinstance(target, ColumnRef):
        chain += [target.table, target.table.parent]
    elif isinstance(target, Table):
        chain.append(target.parent)
    for one in chain:
        if (found := _own(view, one, key)) is not None:
            return found
    return None


def _inherits(view: View, target: TagTarget, key: str, value: str) -> bool:
    if isinstance(target, ColumnRef):
        return view.table_tags(target.table).get(key) == value
    return isinstance(target, Table) and view.database_tags(target.parent).get(key) == value


def _report_columns(sides: Sides, effects: Effects) -> None:
    """Report columns that only one side's table has and that grants open: one finding per table and direction."""
    for part, fresh in ((effects.gains, True), (effects.losses, False)):
        tables: dict[Table, set[str]] = defaultdict(set)
        for fact in part:
            if isinstance(fact, TableColumns) and isinstance(fact.columns, Only):
                tables[fact.table] |= fact.columns.names
        for table, names in sorted(tables.items(), key=lambda one: (one[0].database, one[0].name)):
            sides.opened_columns[table] = sides.opened_columns.get(table, frozenset()) | names
            whole = Effect()
            for name in sorted(names):
                whole.add(part[TableColumns(table, Only(frozenset({name})))])
            _report_table(sides, table, names, whole, fresh=fresh)


def _report_table(sides: Sides, table: Table, names: set[str], effect: Effect, *, fresh: bool) -> None:
    told, now = sides.declared.tables.get(table), sides.live.tables.get(table)
    listed, words = spelling.listing(names), spelling.words(table)
    some = "a column" if len(names) == 1 else "columns"
    fixed = sides.view_declared.columns(table)
    before = f"columns {spelling.listing(fixed[0] | fixed[1])}" if fixed else ""
    story = _Story(
        "FL113",
        "table",
        TableColumns(table, Only(frozenset(names))),
        Cause(
            "column",
            f"{words} has {some} that no stack declares: {listed}"
            if fresh
            else f"{words} lacks {some} that are declared: {listed}",
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
    _tell(sides, story, effect if fresh else None, None if fresh else effect)


def body_words(body: FilterBody | None) -> str:
    """Say a filter's body: ``columns user_id, app where region = 'EU'``."""
    if body is None:
        return "no such filter"
    rows = "all rows" if isinstance(body.rows, AllRows) else f"rows where {spelling.printable(body.rows.text)}"
    return f"{spelling.columns_words(body.columns)}; {rows}"


def _report_filters(sides: Sides, effects: Effects) -> None:
    for cells, body in sides.declared.filters.items():
        now = sides.live.filters.get(cells)
        where = spelling.words(cells)
        if now is None:
            if Facts.FILTERS not in sides.dark:
                sides.findings.append(
                    say.build(
                        "FL132",
                        Verdict.NARROWED,
                        say.subject("filter", cells, sides.id, declared=body.evidence),
                        f"{where} is declared, but does not exist",
                        Cause("filter", f"{where} is missing"),
                        confidence=sides.confidence,
                        declared=body_words(body),
                        live="no such filter",
                        evidence=[body.evidence],
                    )
                )
            continue
        gain, loss = effects.gains.get(cells), effects.losses.get(cells)
        same = body.columns == now.columns and body.rows == now.rows
        if same and not gain and not loss:
            sides.equal += 1
            continue
        story = _Story(
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
        if not _tell(sides, story, gain, loss):
            _unheld(sides, story, cells, body, now)
    for cells, now in sides.live.filters.items():
        if cells not in sides.declared.filters and not sides.hides(Facts.FILTERS, cells):
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
                    live=body_words(now),
                    evidence=[now.evidence],
                )
            )


def _unheld(sides: Sides, story: _Story, cells: DataCellsFilter, body: FilterBody, now: FilterBody) -> None:
    """Two bodies that differ in text and in nobody's access: the same rows in other words, or a filter nobody holds."""
    types = sides.view_live.types(cells.table)
    before = TableAccess()
    after = TableAccess()
    probe = Grant(None, cells, frozenset({SELECT}))
    show(before, sides.view_declared, cells.table, body.columns, body.rows, probe)
    show(after, sides.view_live, cells.table, now.columns, now.rows, probe)
    wanted = frozenset({(SELECT, False)})
    gained = beyond_others(after, wanted, (before,), types)[1]
    lost = beyond_others(before, wanted, (after,), types)[1]
    if not gained and not lost:
        sides.equal += 1
        return
    held = sides.index_declared.mentions(cells) or sides.index_live.mentions(cells)
    if held and not any(one.unknown is None and one.today for _, one in (*gained, *lost)):
        # What is held, and differs only for columns to come or cannot be ordered, was decided on the table already.
        reasons = [one.unknown for _, one in gained if one.unknown]
        if not reasons:
            future = any(FUTURE in one.columns for _, one in gained)
            if not future:
                sides.equal += 1
                return
            sides.findings.append(
                say.build(
                    "FL160",
                    Verdict.LATENT,
                    say.subject("filter", cells, sides.id, declared=body.evidence),
                    f"{story.moved}; nobody reads more today, but a later column would show",
                    story.cause,
                    confidence=sides.confidence,
                    declared=story.declared,
                    live=story.live,
                    evidence=story.evidence,
                )
            )
            return
    _changed(sides, story)


def _report_expressions(sides: Sides, effects: Effects) -> None:
    for name, body in sides.declared.expressions.items():
        now = sides.live.expressions.get(name)
        where = spelling.words(name)
        before = spelling.expression_words(body.expression)
        if now is None:
            if Facts.EXPRESSIONS not in sides.dark:
                sides.findings.append(
                    say.build(
                        "FL132",
                        Verdict.NARROWED,
                        say.subject("expression", name, sides.id, declared=body.evidence),
                        f"{where} is declared, but does not exist",
                        Cause("expression", f"{where} is missing"),
                        confidence=sides.confidence,
                        declared=before,
                        live="no such expression",
                        evidence=[body.evidence],
                    )
                )
            continue
        if now.expression == body.expression:
            sides.equal += 1
            continue
        after = spelling.expression_words(now.expression)
        story = _Story(
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
        if not _tell(sides, story, effects.gains.get(name), effects.losses.get(name)):
            _latent_expression(sides, story, name, body.expression, now.expression)
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


def _latent_expression(
    sides: Sides, story: _Story, name: SavedExpression, before: Expression, after: Expression
) -> None:
    held = any(
        isinstance(grant.resource, TagPolicy) and grant.resource.saved == name.name
        for grant in sides.index_live.all_policies()
    )
    if held and always_within(after, [before]) is not True:
        sides.findings.append(
            say.build(
                "FL160",
                Verdict.LATENT,
                say.subject("expression", name, sides.id, declared=story.origin),
                f"{story.moved}; nobody reads more today, but other tags would open more",
                story.cause,
                confidence=sides.confidence,
                declared=story.declared,
                live=story.live,
                evidence=story.evidence,
            )
        )
        return
    _changed(sides, story)
