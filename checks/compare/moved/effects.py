"""What moved facts give or take, gathered by the fact: one running total each, whatever it touches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from checks import spelling
from checks.grants import Atom
from checks.model import (
    ColumnRef,
    Database,
    DataCellsFilter,
    Principal,
    Resource,
    SavedExpression,
    Table,
    TableColumns,
    TagRef,
    Witness,
)
from checks.semantics import RAW_READS, SELECT

Moved = TagRef | DataCellsFilter | SavedExpression | TableColumns
"""The fact that moved; ``TableColumns`` are columns that only one side's table has."""

People = int
"""A set of principals: bit *n* is the one of number *n* (``World.people``)."""

NO_COLUMNS: frozenset[str] = frozenset()
Source = tuple[Resource, str | None]
"""What the grants that show a gain are on, and under which condition."""

Rival = tuple[Principal, str]
"""A principal, and on what it holds a grant in words."""


def moved_to(fact: Moved, table: Table) -> Moved:
    """Say of *table* what *fact* says of a table just like it."""
    match fact:
        case TagRef(target=Table(), key=key):
            return TagRef(table, key)
        case TagRef(target=ColumnRef(column=column), key=key):
            return TagRef(ColumnRef(table, column), key)
        case TableColumns(columns=columns):
            return TableColumns(table, columns)
        case _:
            return fact


@dataclass(slots=True)
class Seen:
    """A candidate for the witness; the smallest rank is shown."""

    rank: tuple[object, ...]
    witness: Witness

    def on(self, table: Table) -> tuple[object, ...]:
        """Return the rank that it would have on another table."""
        return (*self.rank[:5], table.database, table.name, *self.rank[7:])

    def of(self, table: Table) -> Seen:
        """Say the same of another table just like this one's."""
        witness = replace(self.witness, catalog=table.catalog, database=table.database, table=table.name)
        return Seen(self.on(table), witness)


def seen(witness: Witness, *, sensitive: bool, partition: bool) -> Seen:
    """Rank a witness: a column that is read, sensitive if there is one, no partition key, then the first by name."""
    rank = (
        witness.table is None,
        witness.permission not in {SELECT, *RAW_READS},
        witness.column is None,
        not sensitive,
        partition,
        witness.database or "",
        witness.table or "",
        witness.column or "",
        witness.principal or "",
        witness.permission or "",
        str(witness.row),
    )
    return Seen(rank, witness)


@dataclass(slots=True)
class Share:
    """What one moved fact gives or takes on one table, and on every table just like it."""

    facts: tuple[Moved, ...]
    """The decisive fact, then those that had to move too."""
    gain: bool
    people: People = 0
    atoms: set[Atom] = field(default_factory=set)
    columns: frozenset[str] = NO_COLUMNS
    sensitive: frozenset[str] = NO_COLUMNS
    """Of the columns, and of those in files that are read, the sensitive ones."""
    sources: dict[Source, People] = field(default_factory=dict)
    best: Seen | None = None
    unsure: People = 0
    unknown: set[str] = field(default_factory=set)
    notes: set[str] = field(default_factory=set)
    either: set[Moved] = field(default_factory=set)
    """Facts that would each have done it too; of a loss, those that had to move as well."""
    rivals: set[Rival] = field(default_factory=set)
    """Undeclared grants that would have given it by themselves; of a loss, declared grants that are gone as well."""
    files: frozenset[str] = NO_COLUMNS
    """All columns of a table whose files are read past every column and row limit (INSERT and DELETE do)."""

    def add(self, other: Share) -> None:
        """Take up another share of the same facts."""
        self.people |= other.people
        self.atoms |= other.atoms
        self.columns |= other.columns
        self.sensitive |= other.sensitive
        self.files |= other.files
        for source, people in other.sources.items():
            self.sources[source] = self.sources.get(source, 0) | people
        if other.best is not None and (self.best is None or other.best.rank < self.best.rank):
            self.best = other.best
        self.unsure |= other.unsure
        self.unknown |= other.unknown
        self.notes |= other.notes
        self.either |= other.either
        self.rivals |= other.rivals

    def of(self, people: People) -> Share:
        """Say of principals that hold the same what is said of the first of them."""
        self.people = people if self.people else 0
        self.unsure = people if self.unsure else 0
        self.sources = dict.fromkeys(self.sources, people)
        return self


def merged(shares: list[Share]) -> list[Share]:
    """Unite the shares of the same facts."""
    found: dict[tuple[tuple[Moved, ...], bool], Share] = {}
    for one in shares:
        known = found.setdefault((one.facts, one.gain), one)
        if known is not one:
            known.add(one)
    return list(found.values())


def reads_files(atom: Atom) -> bool:
    """Whether an atom lets its holder read a table's files, past every column and row limit."""
    permission, lendable = atom
    return permission in RAW_READS and not lendable


@dataclass(slots=True)
class Effect:
    """What one moved fact gives or takes in all."""

    people: People = 0
    unsure: People = 0
    """For whom it cannot be decided."""
    cells: dict[Table, frozenset[str]] = field(default_factory=dict)
    sensitive: dict[Table, frozenset[str]] = field(default_factory=dict)
    """Of the columns, and of those in files that are read, the sensitive ones, where there are any."""
    files: dict[Table, frozenset[str]] = field(default_factory=dict)
    """All columns of tables whose files are read past every column and row limit."""
    tables: set[Table] = field(default_factory=set)
    databases: set[Database] = field(default_factory=set)
    atoms: set[Atom] = field(default_factory=set)
    best: Seen | None = None
    sources: dict[Source, People] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)
    notes: set[str] = field(default_factory=set)
    others: dict[Moved, tuple[Moved, ...]] = field(default_factory=dict)
    """Further facts that had to move too, each with all that had to move together."""
    joint: bool = True
    """Whether all of it took more than one fact."""
    either: set[Moved] = field(default_factory=set)
    rivals: set[Rival] = field(default_factory=set)

    def __bool__(self) -> bool:
        return bool(self.atoms)

    def show(self, one: Seen) -> None:
        """Keep the better witness."""
        if self.best is None or one.rank < self.best.rank:
            self.best = one

    def take(self, share: Share, table: Table) -> None:
        """Take up a share on a table."""
        self.unsure |= share.unsure
        self.unknown |= share.unknown
        if not share.atoms:
            return
        self.people |= share.people
        self.atoms |= share.atoms
        self.notes |= share.notes
        self.rivals |= share.rivals
        self.tables.add(table)
        self.needing([moved_to(one, table) for one in share.facts])
        self.joint &= len(share.facts) > 1
        self.either.update(moved_to(one, table) for one in share.either)
        self.sources_of(share.sources)
        if share.columns or share.files:
            self.spread(table, share.columns, share.sensitive, share.files)
        if share.best is not None and (self.best is None or share.best.on(table) < self.best.rank):
            self.best = share.best.of(table)

    def needing(self, facts: Sequence[Moved]) -> None:
        """Keep which facts had to move beside the first."""
        for one in facts[1:]:
            self._needs(one, tuple(facts))

    def _needs(self, one: Moved, facts: tuple[Moved, ...]) -> None:
        known = self.others.get(one)
        if known is None or (known != facts and _order(facts) < _order(known)):
            self.others[one] = facts

    def sources_of(self, sources: dict[Source, People]) -> None:
        """Keep through what it is read."""
        for source, people in sources.items():
            self.sources[source] = self.sources.get(source, 0) | people

    def spread(
        self, table: Table, columns: frozenset[str], sensitive: frozenset[str], files: frozenset[str] = NO_COLUMNS
    ) -> None:
        """Count columns of a table; equal sets are kept once."""
        for part, more in ((self.cells, columns), (self.files, files)):
            if more:
                known = part.get(table)
                part[table] = more if known is None or known <= more else known | more
        if sensitive:
            self.sensitive[table] = self.sensitive.get(table, NO_COLUMNS) | sensitive

    def add(self, other: Effect) -> None:
        """Take up what another fact of the same cause gives or takes."""
        self.people |= other.people
        self.unsure |= other.unsure
        self.tables |= other.tables
        self.databases |= other.databases
        self.atoms |= other.atoms
        self.unknown |= other.unknown
        self.notes |= other.notes
        for fact, facts in other.others.items():
            self._needs(fact, facts)
        self.joint &= other.joint
        self.either |= other.either
        self.rivals |= other.rivals
        self.sources_of(other.sources)
        if other.best is not None:
            self.show(other.best)
        for table in other.cells.keys() | other.files.keys():
            columns, files = (part.get(table, NO_COLUMNS) for part in (other.cells, other.files))
            self.spread(table, columns, other.sensitive.get(table, NO_COLUMNS), files)


def _order(facts: Sequence[Moved]) -> tuple[int, list[str]]:
    return len(facts), [spelling.words(fact) for fact in facts]


@dataclass(slots=True)
class Effects:
    """Gains and losses by the fact that moved."""

    gains: dict[Moved, Effect] = field(default_factory=lambda: defaultdict(Effect))
    losses: dict[Moved, Effect] = field(default_factory=lambda: defaultdict(Effect))

    def take(self, share: Share, table: Table) -> None:
        """Put a share on a table down to its fact."""
        part = self.gains if share.gain else self.losses
        part[moved_to(share.facts[0], table)].take(share, table)
