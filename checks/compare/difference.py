"""What one side's rows give a principal on one subject beyond the other side's, and how that is spelt."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from checks.compare.broad import Broad
from checks.compare.rows import Excess
from checks.compare.sides import Sides
from checks.compare.spans import Bits, Cells, Register, Tables
from checks.grants import Atom
from checks.model import (
    EVERY_COLUMN,
    Access,
    AllExcept,
    AllTables,
    Columns,
    Database,
    DataCellsFilter,
    DataLocation,
    Function,
    Grant,
    Only,
    Principal,
    Resource,
    Table,
    TableColumns,
    Witness,
)
from checks.semantics import DESCRIBE, FUTURE, SELECT, SUPER_USER

MILD = frozenset({DESCRIBE})
"""Permissions that show no data."""
FILES_READ = "INSERT and DELETE also read the table's files, past every column and row limit"


@dataclass(slots=True)
class Difference:
    """What one side's rows give a principal on one subject beyond the other side's."""

    register: Register
    principal: Principal
    resource: Resource
    rows: list[Grant] = field(default_factory=list)
    cells: Cells = field(init=False)
    """Columns that are read, by SELECT or otherwise."""
    tables: Tables = field(init=False)
    plain: set[Atom] = field(default_factory=set)
    where: dict[Atom, Table] = field(default_factory=dict)
    """The first table, by name, on which an atom other than SELECT was found."""
    select: dict[bool, Cells] = field(default_factory=dict)
    notes: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    row: dict[tuple[Table, str], tuple[tuple[str, object], ...]] = field(default_factory=dict)
    future: bool = False
    raw: bool = False
    """Whether files are read past every column and row limit."""
    databases: set[Database] = field(default_factory=set)
    maybe: bool = False
    """Whether the other side's grants count whose conditions cannot be ordered."""
    blank: set[Table] = field(default_factory=set)
    """Tables whose columns nobody knows: there a wildcard is access today."""

    def __post_init__(self) -> None:
        """Start with no cells."""
        self.cells = Cells(self.register)
        self.tables = Tables(self.register)

    def __bool__(self) -> bool:
        return bool(self.plain or self.select)

    def take(self, table: Table, plain: Iterable[Atom], chosen: Iterable[tuple[bool, Excess]]) -> None:
        """Add what was found on one table; columns and tables that are yet to come only set ``future``."""
        for atom in plain:
            if table.name == FUTURE:
                self.future = True
                continue
            self.tables.some.add(table)
            self._plainly(atom, table)
        for flag, excess in chosen:
            if excess.unknown is not None:
                self.unknown.add(excess.unknown)
                continue
            if FUTURE in excess.columns:
                self.future = True
            if not excess.today and not (FUTURE in excess.columns and table in self.blank):
                continue
            if table.name == FUTURE:
                continue
            self._selected(flag).add(table, excess.columns)
            self.cells.add(table, excess.columns)
            self.tables.some.add(table)
            if excess.row is not None:
                for column in excess.columns:
                    self.row.setdefault((table, column), excess.row)
            if excess.note:
                self.notes.add(excess.note)

    def take_broad(self, broad: Broad) -> None:
        """Add what was found on sets of tables."""
        for atom, tables in broad.whole.items():
            self.tables.whole |= tables
            if atom[0] == SELECT:
                self.future = True
                self._selected(atom[1]).whole |= tables
                self.cells.whole |= tables
            else:
                self._plainly(atom, self._first(tables))
        for table, flag, columns in broad.some:
            self.take(table, (), [(flag, Excess(columns))])

    def _plainly(self, atom: Atom, table: Table) -> None:
        self.plain.add(atom)
        first = self.where.setdefault(atom, table)
        if (table.database, table.name) < (first.database, first.name):
            self.where[atom] = table

    def _first(self, tables: Bits) -> Table:
        return self.register.tables[(tables & -tables).bit_length() - 1]

    def _selected(self, flag: bool) -> Cells:
        known = self.select.get(flag)
        if known is None:
            known = self.select[flag] = Cells(self.register)
        return known


def _spelt(sides: Sides, found: Difference, cells: Cells) -> Columns:
    """Spell the columns of a difference: exact for one table, every column for many.

    Partition keys come with every column and cannot be restricted: they are named only where nothing else is.
    """
    if len(cells) != 1:
        return EVERY_COLUMN
    table, columns = next(iter(cells.items()))
    told = sides.view_live.columns(table)
    names, partitions = told or (frozenset(), frozenset())
    if FUTURE not in columns:
        return Only(frozenset(columns - partitions or columns))
    if told is None:
        return AllExcept(
            frozenset(
                column
                for row in sides.index_declared.named(found.principal, table)
                if isinstance(row.resource, TableColumns) and isinstance(row.resource.columns, Only)
                for column in row.resource.columns.names
            )
        )
    return AllExcept(names - frozenset(columns))


def pieces(sides: Sides, found: Difference) -> tuple[Access, ...]:
    """Spell what was added or removed; a permission that may also be passed on is said once, with that."""
    if any(permission == SUPER_USER for permission, _ in found.plain):
        return tuple(Access(SUPER_USER, None, flag) for permission, flag in found.plain if permission == SUPER_USER)
    result = []
    lent = {permission for permission, flag in found.plain if flag}
    for permission, flag in found.plain:
        if flag or permission not in lent:
            result.append(Access(permission, None, flag))
    lent_cells = found.select.get(True)
    if lent_cells:
        result.append(Access(SELECT, _spelt(sides, found, lent_cells), grantable=True))
    if plain_cells := found.select.get(False):
        rest = plain_cells - lent_cells if lent_cells else plain_cells
        if rest:
            result.append(Access(SELECT, _spelt(sides, found, rest), rows=_predicates(sides, found)))
    return tuple(result)


def _predicates(sides: Sides, found: Difference) -> str | None:
    """Return the filter expression where every row of the difference comes through one filter."""
    texts = set()
    for row in found.rows:
        body = sides.view_live.body(row.resource) if isinstance(row.resource, DataCellsFilter) else None
        texts.add(getattr(body.rows, "text", None) if body else None)
    return texts.pop() if len(texts) == 1 else None


def witness(found: Difference) -> Witness:
    """Choose the smallest telling example: a sensitive column if there is one, else the first by name.

    What may only be passed on from now on was held before: it is told last, and said to be that (``lends``).
    """
    told = [atom for atom in found.plain if atom[0] != SUPER_USER or not found.tables]
    best_atom = min(told, key=lambda one: (one[0] in MILD, one[1], one[0]), default=(DESCRIBE, False))
    telling = best_atom in told and best_atom[0] not in MILD and not best_atom[1]
    for flag in (False,) if telling else (False, True):
        if cells := found.select.get(flag):
            best = cells.best()
            table, column = best
            return Witness(
                found.principal,
                SELECT,
                table.catalog,
                table.database,
                table.name,
                None if column == FUTURE else column,
                found.row.get(best),
            )
    permission = best_atom[0]
    if best_atom in found.where:
        table = found.where[best_atom]
        return Witness(found.principal, permission, table.catalog, table.database, table.name)
    if found.databases:
        database = min(found.databases, key=lambda one: one.name)
        return Witness(found.principal, permission, database.catalog, database.name)
    return place(found.principal, permission, found.resource)


def lends(found: Difference, seen: Witness) -> bool:
    """Whether a witness is of a permission that was held before, and may only be passed on from now on."""
    permission = seen.permission
    if permission == SELECT:
        return not found.select.get(False) and (SELECT, False) not in found.plain
    return any(one == permission for one, _ in found.plain) and not any(
        one == permission and not flag for one, flag in found.plain
    )


def place(principal: Principal | None, permission: str | None, resource: Resource) -> Witness:
    """Make a witness of a resource that lies outside tables."""
    match resource:
        case Database(catalog, name):
            return Witness(principal, permission, catalog, name)
        case Table(catalog, database, name):
            return Witness(principal, permission, catalog, database, name)
        case DataLocation(catalog, arn):
            return Witness(principal, permission, catalog, location=arn)
        case AllTables(catalog, database):
            return Witness(principal, permission, catalog, database, FUTURE)
        case DataCellsFilter(table=Table(catalog, database, name)):
            return Witness(principal, permission, catalog, database, name)
        case Function(catalog, database, _):
            return Witness(principal, permission, catalog, database)
        case _:
            return Witness(principal, permission, getattr(resource, "catalog", None))
