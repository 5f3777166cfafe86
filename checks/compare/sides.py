"""Both sides of one lake, indexed, with what could not be read marked dark."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from checks.compare.broad import Breadth
from checks.compare.spans import Cells, Register
from checks.grants import Grants
from checks.model import (
    AllTables,
    Catalog,
    ColumnRef,
    Confidence,
    Database,
    DataCellsFilter,
    DataLocation,
    Evidence,
    Facts,
    Finding,
    Function,
    Grant,
    Lake,
    LakeId,
    LFTag,
    Principal,
    Reach,
    Resource,
    RLSPolicy,
    SavedExpression,
    Side,
    Table,
    TableColumns,
    TagPolicy,
)
from checks.principals import Kind, covers, is_many, kind_of
from checks.semantics import FUTURE, database_of, matches, subject_of, table_of, within
from checks.view import View

if TYPE_CHECKING:
    from checks.compare.difference import Difference
    from checks.sensitivity import Sensitivity

_BORROWED = frozenset({Facts.TABLES, Facts.FILTERS, Facts.EXPRESSIONS})


@dataclass(slots=True)
class Sides:
    """The two lakes of one comparison. ``dark`` are the live facts that are not wholly known."""

    declared: Lake
    live: Lake
    sensitivity: Sensitivity | None = None
    """What counts as sensitive; None: what is shipped."""
    id: LakeId = field(init=False)
    dark: frozenset[Facts] = field(init=False)
    index_declared: Grants = field(init=False)
    index_live: Grants = field(init=False)
    people: list[Principal] = field(init=False)
    """Everyone who holds a grant on either side."""
    view_declared: View = field(init=False)
    view_live: View = field(init=False)
    findings: list[Finding] = field(default_factory=list)
    equal: int = 0
    opened_columns: dict[Table, frozenset[str]] = field(default_factory=dict)
    """Undeclared columns that a finding already names."""
    edits: dict[SavedExpression, list[Difference]] = field(default_factory=dict)
    """What live grants gain by naming a saved expression whose body was edited."""
    gained: list[tuple[Principal, list[Grant], int]] = field(default_factory=list)
    """Whose live rows got a finding because they give more, and its place among the findings."""
    doubtful: dict[DataCellsFilter, tuple[str, list[Principal]]] | None = None
    """Filters over a column of another type than declared (``retyped``), once that was asked."""
    _register: Register | None = None
    _breadth: Breadth | None = None
    _places: list[tuple[str, Table]] | None = None
    _below: dict[str, list[Table]] = field(default_factory=dict)
    _definer_views: list[Table] | None = None
    _members: dict[Principal, frozenset[Principal]] = field(default_factory=dict)
    _databases: set[Database] = field(init=False)
    _tables: set[Table] = field(init=False)
    _holding: set[Database] = field(init=False)
    _locations: set[str] = field(init=False)
    _tables_of: dict[Database, list[Table]] = field(init=False)

    def __post_init__(self) -> None:
        """Index both sides."""
        self.id = self.live.id
        dark = {gap.facts for gap in self.live.gaps if gap.side is Side.LIVE}
        if Facts.CALLER in dark:
            # AWS shows a caller who is no admin a part of everything and says nothing of the rest
            # (https://docs.aws.amazon.com/lake-formation/latest/APIReference/API_ListPermissions.html).
            dark = set(Facts)
        self.dark = frozenset(dark)
        self.index_live = Grants.packed(self.live.grants)
        self.index_declared = Grants.packed(self.declared.grants, self.index_live.pool)
        self.people = sorted({*self.index_declared.principals(), *self.index_live.principals()})
        bare = View(self.live, named=False)
        self.view_declared = View(self.declared, fallback=bare, borrow=_BORROWED, named=True, stranger=bare)
        self.view_live = View(
            self.live, fallback=self.view_declared, named=False, borrow=self.dark & (_BORROWED | {Facts.ASSIGNMENTS})
        )
        self._spoken_for()
        self._tables_of = defaultdict(list)
        for table in self.live.tables:
            self._tables_of[table.parent].append(table)
        if Facts.TABLES in self.dark:
            for table in self.declared.tables:
                if table not in self.live.tables:
                    self._tables_of[table.parent].append(table)

    def _spoken_for(self) -> None:
        """Collect what the declaration speaks about: declared, tagged, or granted on (contract, decision 6)."""
        self._databases = set(self.declared.databases)
        self._tables = set(self.declared.tables)
        self._locations = set(self.declared.locations)
        for target in self.declared.assignments:
            match target:
                case Database():
                    self._databases.add(target)
                case Table():
                    self._tables.add(target)
                case ColumnRef(table=table):
                    self._tables.add(table)
                case Catalog():
                    pass
        for resource in self.index_declared.resources():
            match resource:
                case Database() as database:
                    self._databases.add(database)
                case AllTables() as tables:
                    self._databases.add(tables.parent)
                case Table() as table:
                    self._tables.add(table)
                case DataLocation(arn=arn):
                    self._locations.add(arn)
                case _:
                    pass
        self._tables |= {one.table for one in self.declared.filters}
        for known in self.declared.databases.values():
            if known.location:
                self._locations.add(known.location)
        for info in self.declared.tables.values():
            if info.location:
                self._locations.add(info.location)
        # What a stack only grants on lies where it lies live.
        self._locations |= {
            one.location for table in self._tables if (one := self.live.tables.get(table)) and one.location
        }
        self._holding = self._databases | {table.parent for table in self._tables}

    # --------------------------------------------------------------------------------------------------- declaredness
    def hides(self, facts: Facts, resource: Resource, principal: Principal | None = None) -> bool:
        """Whether the declaration says something of *resource* that could not be read: its gap has that scope."""
        return any(
            gap.facts is facts
            and (gap.principal is None or principal is None or gap.principal == principal)
            # Where the resource is what is hidden, whatever the named principal holds may be it.
            and (gap.principal is not None if gap.scope is None else subject_of(gap.scope) == resource)
            for gap in self.declared.gaps
        )

    def speaks_of_database(self, database: Database) -> bool:
        """Whether a stack declares the database, or grants on it or on all its tables."""
        return database in self._databases

    def speaks_of_table(self, table: Table) -> bool:
        """Whether a stack declares the table, its database, or grants on either."""
        return table in self._tables or table.parent in self._databases

    def declares_table_itself(self, table: Table) -> bool:
        """Whether a stack declares or grants on the table itself."""
        return table in self._tables

    def opens_declared(self, resource: Resource) -> bool:
        """Whether a live grant on *resource* opens something that a stack declares, or an ancestor of it.

        What nobody knows is taken to open everything.
        """
        match resource:
            case Table() | TableColumns() | DataCellsFilter():
                table = table_of(resource)
                return table is not None and self.speaks_of_table(table)
            case Database() | AllTables():
                database = database_of(resource)
                return database in self._holding
            case Catalog(catalog):
                mine = bool(self.declared.settings) and catalog == self.id.account
                return (
                    mine or resource in self.declared.catalogs or any(one.catalog == catalog for one in self._holding)
                )
            case DataLocation(arn=arn):
                return any(within(arn, one) or within(one, arn) for one in self._locations)
            case LFTag(key=key):
                return key in self.declared.tags or any(key in held for held in self.declared.assignments.values())
            case TagPolicy() as policy:
                return self._policy_opens(policy)
            case SavedExpression():
                return resource in self.declared.expressions
            case Function():
                return database_of(resource) in self._holding
            case RLSPolicy(name=name):
                return any(one.policy == name and self.opens_declared(one.resource) for one in self.live.rls)
            case _:
                return True

    def _policy_opens(self, policy: TagPolicy) -> bool:
        expression = self.view_live.expression(policy)
        if expression is None:
            return True
        if policy.resource_type == "DATABASE":
            return any(
                self.speaks_of_database(one) and matches(expression, self.view_live.database_tags(one))
                for one in self.databases()
            )
        return any(
            self.speaks_of_table(one)
            for one in self.register.named(self.breadth.reaches(self.breadth.live, policy))
            if one in self.live.tables
        )

    # ----------------------------------------------------------------------------------------------------- the catalog
    def databases(self) -> Iterable[Database]:
        """Return the databases that exist, and where that is dark the declared ones too."""
        if Facts.DATABASES in self.dark:
            return {**self.live.databases, **self.declared.databases}
        return self.live.databases

    def tables_of(self, database: Database) -> list[Table]:
        """Return the tables of a database that exist, and where that is dark the declared ones too."""
        return self._tables_of.get(database, [])

    def tables(self) -> Iterable[Table]:
        """Return every table that exists."""
        for tables in self._tables_of.values():
            yield from tables

    def is_gone(self, resource: Resource) -> bool:
        """Whether a resource's table or database is known not to exist: in a catalog that was wholly read, without it.

        The root catalog is read with the lake, a nested one where Glue lists it.
        """
        table, database = table_of(resource), database_of(resource)
        if database is None or Facts.DATABASES in self.dark:
            return False
        if database.catalog != self.id.account and Catalog(database.catalog) not in self.live.catalogs:
            return False
        if table is None:
            return database not in self.live.databases and not self._tables_of.get(database)
        return table not in self.live.tables and Facts.TABLES not in self.dark

    def tables_below(self, arn: str) -> list[Table]:
        """Return the live tables whose files lie at or below a location, by name."""
        if self._places is None:
            found = [(info.location, table) for table, info in self.live.tables.items() if info.location]
            self._places = sorted(found, key=lambda one: one[0])
        known = self._below.get(arn)
        if known is None:
            # What lies below begins with the location and a slash, and "0" is the character after it.
            at, below, after = (
                bisect_left(self._places, text, key=lambda one: one[0]) for text in (arn, arn + "/", arn + "0")
            )
            end = at
            while end < len(self._places) and self._places[end][0] == arn:
                end += 1
            tables = [table for _, table in (*self._places[at:end], *self._places[below:after])]
            known = self._below[arn] = sorted(tables, key=lambda one: (one.database, one.name))
        return known

    @property
    def register(self) -> Register:
        """The tables that exist, numbered."""
        if self._register is None:
            self._register = Register(
                self.tables(), (self.view_declared, self.view_live), self.view_live, self.sensitivity
            )
        return self._register

    @property
    def definer_views(self) -> list[Table]:
        """The views that read with the rights of somebody else."""
        if self._definer_views is None:
            self._definer_views = [table for table, info in self.live.tables.items() if info.view_definer is not None]
        return self._definer_views

    @property
    def breadth(self) -> Breadth:
        """Judges LF-tag grants as sets of tables."""
        if self._breadth is None:
            self._breadth = Breadth(
                self.register, self.view_declared, self.view_live, self.index_declared, self.index_live
            )
        return self._breadth

    def is_sensitive(self, table: Table, column: str) -> bool:
        """Whether the column is sensitive on either side."""
        return bool(self.register.sensitive(table, frozenset({column})))

    def members(self, group: Principal) -> frozenset[Principal]:
        """Return the principals of either side that a group certainly contains, itself apart."""
        if group not in self._members:
            if kind_of(group) is Kind.ACCOUNT_PRINCIPALS:
                self._members[group] = frozenset(one for one in self.people if one != group and covers(group, one))
            else:
                self._members[group] = frozenset()
        return self._members[group]

    @property
    def confidence(self) -> Confidence:
        """``assumed`` where the declaration does not say which lake it is about."""
        return Confidence.ASSUMED if self.declared.assumed else Confidence.PROVED

    def reach(
        self, principals: Iterable[Principal | None], cells: Mapping[Table, set[str]] | Cells, tables: int | None = None
    ) -> Reach:
        """Count who and what a difference touches; the columns of *cells* without those that are yet to come."""
        people = set(principals)
        many = any(one is None or is_many(one) for one in people)
        if not isinstance(cells, Cells):
            cells = Cells(self.register, {table: columns for table, columns in cells.items() if table.name != FUTURE})
        columns, sensitive = cells.count()
        return Reach(None if many else len(people), len(cells) if tables is None else tables, columns, sensitive)

    def origin(self, *facts: object) -> Evidence | None:
        """Return the first evidence among declared facts."""
        for fact in facts:
            evidence = getattr(fact, "evidence", None)
            if isinstance(evidence, Evidence):
                return evidence
        return None
