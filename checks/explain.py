"""Through what a principal can read a table: every grant that reaches it, on each side, and who decides there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from checks import spelling
from checks.grants import Grants
from checks.model import (
    EVERYONE,
    AllRows,
    AllTables,
    AnyResource,
    Catalog,
    ColumnRef,
    Columns,
    Database,
    DataCellsFilter,
    DataLocation,
    Evidence,
    Facts,
    Function,
    Gap,
    Grant,
    Lake,
    Only,
    Principal,
    Resource,
    Side,
    Table,
    TableColumns,
    TagPolicy,
    TagTarget,
    UnknownResource,
)
from checks.principals import groups_of
from checks.semantics import EXECUTE, FUTURE, RAW_READS, SELECT, catalog_within, function_name, table_of, within
from checks.view import Access, View, access

_BORROWED = frozenset({Facts.TABLES, Facts.FILTERS, Facts.EXPRESSIONS})
_ASIDE = frozenset({Facts.IDENTITY_CENTER, Facts.POLICIES, Facts.CATALOGS, Facts.TAGS})
"""Facts that change no way to a table: which tags there are, say, while what carries them is another matter."""
_MISSES = 5
_ADMINS = {"DataLakeAdmins": "may grant itself anything", "ReadOnlyAdmins": "sees metadata, reads no data"}


@dataclass(frozen=True, slots=True)
class Way:
    """One grant that reaches the table: who holds it, what it gives, on which columns and rows.

    ``why`` says what it was granted on, ``because`` which tags make it apply here; ``pointer`` where it stands.
    """

    holder: Principal
    gives: str
    columns: Columns | None
    rows: str
    why: str
    because: str = ""
    pointer: str = ""
    past: str = ""
    """How it reads past the limits of columns and rows, where it does."""

    @property
    def access(self) -> tuple[object, ...]:
        """What is the same on both sides if the way is."""
        return self.holder, self.gives, self.columns, self.rows, self.why, self.past


@dataclass(frozen=True, slots=True)
class SideAnswer:
    """One side's ways; where there is none, ``misses`` say what comes near; ``unknown`` what could not be seen."""

    ways: tuple[Way, ...]
    misses: tuple[str, ...]
    unknown: tuple[str, ...]
    mode: str | None
    """What enforces the limits; None where the side does not say."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The ways on each side, and what is to be known about them."""

    principal: Principal
    table: Table
    column: str | None
    declared: SideAnswer
    live: SideAnswer
    notes: tuple[str, ...] = ()
    is_known: bool = True
    """Whether the principal holds a grant (itself or through a group), or is an admin, on either side."""


class Question:
    """One table in two lakes, and what both say of it. Answers it for one principal after the other."""

    def __init__(self, declared: Lake, live: Lake, table: Table, column: str | None) -> None:
        """Look at both sides as ``compare`` does: each borrows from the other what it cannot know itself."""
        self.table, self.column = table, column
        declared, live = (replace(one, gaps=tuple(self._near(one.gaps))) for one in (declared, live))
        self.declared, self.live = declared, live
        dark = {gap.facts for gap in live.gaps if gap.side is Side.LIVE}
        dark = set(Facts) if Facts.CALLER in dark else dark
        bare = View(live, named=False)
        self._view_declared = View(declared, fallback=bare, borrow=_BORROWED, named=True, stranger=bare)
        borrowed = dark & (_BORROWED | {Facts.ASSIGNMENTS})
        self._view_live = View(live, fallback=self._view_declared, named=False, borrow=frozenset(borrowed))
        self._grants_declared, self._grants_live = (Grants.packed(one.grants) for one in (declared, live))

    def _near(self, gaps: Iterable[Gap]) -> Iterator[Gap]:
        """Yield the gaps that may hide something about the table."""
        for gap in gaps:
            if gap.facts not in _ASIDE and self._may_be(gap.scope):
                yield gap

    def _may_be(self, scope: Resource | None) -> bool:
        match scope:
            case Table() | TableColumns() | DataCellsFilter():
                return table_of(scope) == self.table
            case Database(catalog, name) | AllTables(catalog, name):
                return (catalog, name) == (self.table.catalog, self.table.database)
            case UnknownResource():  # told where somebody holds a grant on it
                return False
            case _:
                return True

    # ------------------------------------------------------------------------------------------------------ existence
    @property
    def is_known(self) -> bool:
        """Whether the table is in either catalog, or may be since the tables were not all seen."""
        unseen = {gap.facts for gap in (*self.live.gaps, *self.declared.gaps)}
        return (
            self.table in self.live.tables
            or self.table in self.declared.tables
            or bool(unseen & {Facts.TABLES, Facts.DATABASES, Facts.CALLER, Facts.OTHER})
        )

    def columns(self) -> frozenset[str] | None:
        """Return the names of the table's columns on either side; None where one does not say."""
        found: set[str] = set()
        for lake in (self.declared, self.live):
            info = lake.tables.get(self.table)
            if info is not None and info.columns is None:
                return None
            found |= {one.name for one in (*(info.columns or ()), *info.partition_keys)} if info is not None else set()
        return frozenset(found) or None

    def people(self) -> set[Principal]:
        """Return who holds a grant on either side, or is an admin there."""
        found = {*self._grants_declared.principals(), *self._grants_live.principals()}
        for lake in (self.declared, self.live):
            for settings in lake.settings:
                for name in _ADMINS:
                    listed = dict(settings.members).get(name)
                    found |= {Principal(one) for one in listed} if isinstance(listed, frozenset) else set()
        return found

    # --------------------------------------------------------------------------------------------------------- answer
    def answer(self, principal: Principal) -> Answer:
        """Find every way by which *principal* reaches the table (or its column), declared and live."""
        declared = self._side(self.declared, self._grants_declared, self._view_declared, principal)
        live = self._side(self.live, self._grants_live, self._view_live, principal)
        known = principal in self.people() or bool(declared.ways or live.ways)
        return Answer(principal, self.table, self.column, declared, live, tuple(self._notes(principal)), known)

    def _side(self, lake: Lake, grants: Grants, view: View, principal: Principal) -> SideAnswer:
        ways: list[Way] = []
        misses: list[str] = []
        unknown: list[str] = []
        holders = _holders(principal)
        opted = principal != EVERYONE and any(
            one.condition is None and one.principal in holders and self._covers(view, one.resource)
            for one in lake.optins
        )
        for holder in holders:
            for grant in grants.on_table(holder, self.table):
                if holder == EVERYONE and opted:
                    if access(grants, view, holder, self.table, only=grant):
                        misses.append(
                            f"{spelling.words(grant.resource)}, held by {spelling.principal_words(holder)}: the "
                            "principal is opted in, so that Lake Formation's other grants decide"
                        )
                    continue
                one = access(grants, view, holder, self.table, only=grant)
                way = self._way(view, holder, grant, one)
                if way is not None:
                    ways.append(way)
                elif one.unresolved:
                    unknown.append(f"{_held(grant, principal)}: its body is not known")
                elif miss := self._miss(view, grant, one):
                    misses.append(miss)
            ways += self._through_functions(grants, view, holder)
            unknown += [
                f"{_held(grant, principal)}: this version does not know what that is"
                for grant in grants.elsewhere(holder)
                if isinstance(grant.resource, UnknownResource)
            ]
        hidden = sum(bool(access(grants, view, EVERYONE, self.table, only=grant)) for grant in grants.of(None))
        if hidden:
            unknown.append(f"{hidden} grant{'s' if hidden > 1 else ''} on it to somebody whose name cannot be read")
        unknown += [
            f"{spelling.printable(gap.source)}: {spelling.printable(gap.reason)}"
            for gap in lake.gaps
            if gap.principal is None or gap.principal in holders
        ]
        return SideAnswer(
            tuple(ways),
            () if ways else tuple(misses[:_MISSES]),
            tuple(dict.fromkeys(unknown)),
            self._mode(lake, grants, view, principal),
        )

    def _way(self, view: View, holder: Principal, grant: Grant, one: Access) -> Way | None:
        others = {permission for permission, _ in one.others}
        shown = [piece for piece in one.pieces if self.column is None or self.column in piece.columns]
        raw = sorted(others & RAW_READS)
        if not shown and not (raw if self.column is not None else others):
            return None
        gives = ", ".join(sorted(spelling.printable(name) for name in others | ({SELECT} if shown else set())))
        rows = "every row"
        columns: Columns | None = None
        if shown:
            piece = shown[0]
            columns = (
                None
                if FUTURE in piece.columns and not isinstance(grant.resource, DataCellsFilter)
                else Only(frozenset(piece.columns - {FUTURE}))
            )
            rows = (
                "every row" if isinstance(piece.rows, AllRows) else f"rows where {spelling.printable(piece.rows.text)}"
            )
        why = spelling.words(grant.resource)
        because = ""
        if isinstance(grant.resource, TagPolicy):
            expression = view.expression(grant.resource) or ()
            if grant.resource.saved is not None:
                why += f" ({spelling.expression_words(expression)})"
            because = self._tags(view, (key for key, _ in expression))
        if grant.condition:
            why += f" if {spelling.printable(grant.condition)}"
        lends = ", and may pass it on" if grant.grantable else ""
        # INSERT and DELETE read the table's files, past columns and rows:
        # https://docs.aws.amazon.com/lake-formation/latest/dg/lf-permissions-reference.html
        whole = bool(shown) and columns is None and rows == "every row"
        past = f"{' and '.join(map(spelling.printable, raw))} reads the files, every column and row" if raw else ""
        return Way(holder, gives + lends, columns, rows, why, because, _pointer(grant), "" if whole else past)

    def _through_functions(self, grants: Grants, view: View, holder: Principal) -> Iterator[Way]:
        """Yield the ways through functions that *holder* may execute: it reads what they hold SELECT on.

        Source: botocore's model of Lake Formation, ``Resource.AnyResource`` and ``GetGlueFunctionSessionContext``.
        """
        for mine in grants.elsewhere(holder):
            if not isinstance(mine.resource, Function) or EXECUTE not in mine.permissions:
                continue
            for who in sorted(grants.principals()):
                name = function_name(mine.resource, who)
                for theirs in grants.on_table(who, self.table) if name else ():
                    way = self._way(view, who, theirs, access(grants, view, who, self.table, only=theirs))
                    if way is None or not (SELECT in way.gives.replace(",", " ").split() or way.past):
                        continue
                    function = spelling.printable(f"{mine.resource.database}.{name}")
                    why = f"function {function}, which has {way.gives} through {way.why}"
                    yield replace(way, holder=holder, gives=EXECUTE, why=why, pointer=_pointer(mine))

    def _miss(self, view: View, grant: Grant, one: Access) -> str | None:
        """Say of a grant that does not reach the table or column how near it comes."""
        if isinstance(grant.resource, TagPolicy):
            expression = view.expression(grant.resource) or ()
            what = spelling.words(grant.resource)
            if grant.resource.saved is not None:
                what += f" ({spelling.expression_words(expression)})"
            return f"{what}: {self._tags(view, (key for key, _ in expression))}"
        if one and self.column is not None:
            return f"{spelling.words(grant.resource)}: not this column"
        return None

    # ----------------------------------------------------------------------------------------------------------- tags
    def _tags(self, view: View, keys: Iterable[str]) -> str:
        """Say which value of each tag the table or column has, and from where."""
        table = self.table
        tags = view.table_tags(table) if self.column is None else view.column_tags(table, self.column)
        said = []
        for key in keys:
            value = tags.get(key)
            if value is None:
                said.append(f"it has no {spelling.printable(key)}")
                continue
            origin = self._origin(view, key, value)
            said.append(f"{spelling.printable(key)} = {spelling.printable(value)}{origin}")
        return ", ".join(said)

    def _origin(self, view: View, key: str, value: str) -> str:
        """Say on what the tag stands: the highest of those above that has the same value, with none between."""
        levels: list[tuple[str, TagTarget]] = [
            ("of the table", self.table),
            (f"of its {spelling.words(self.table.parent)}", self.table.parent),
            ("of its catalog", Catalog(self.table.catalog)),
        ]
        if self.column is not None:
            levels.insert(0, ("of the column", ColumnRef(self.table, self.column)))
        found = ""
        for words, target in levels:
            if isinstance(target, ColumnRef):
                own = value if view.table_tags(self.table).get(key) != value else None
            else:
                own = view.own_tags(target).get(key)
            if own is not None and own != value:
                break
            if own == value:
                listed = view.lake.assignments.get(target, {}).get(key)
                place = listed.evidence.position if listed is not None and listed.evidence is not None else None
                found = f" {words}" + (f", {spelling.printable(place)}" if place else "")
        return found

    # ----------------------------------------------------------------------------------------------------------- mode
    def _mode(self, lake: Lake, grants: Grants, view: View, principal: Principal) -> str | None:
        """Say what enforces the limits on the table: Lake Formation, or IAM and S3 alone.

        Source: https://docs.aws.amazon.com/lake-formation/latest/dg/hybrid-access-workflow.html.
        """
        is_live = lake is self.live
        opted = any(one.principal in _holders(principal) and self._covers(view, one.resource) for one in lake.optins)
        if access(grants, view, EVERYONE, self.table, groups=False) and not opted:
            return "IAM: IAM_ALLOWED_PRINCIPALS holds a grant here and the principal is not opted in; IAM and S3 decide"
        info = self.live.tables.get(self.table) or self.declared.tables.get(self.table)
        place = info.location if info else None
        known = [one for arn, one in lake.locations.items() if place and within(place, arn)]
        best = max(known, key=lambda one: len(one.arn), default=None)
        if best is not None:
            if not best.hybrid:
                return "Lake Formation"
            if opted:
                return "Lake Formation: the location is hybrid, and the principal is opted in"
            return "hybrid: the principal is not opted in, so its own IAM and S3 rights decide about the files"
        if not is_live:
            return None  # another stack may register it
        if Facts.LOCATIONS in {gap.facts for gap in lake.gaps}:
            return "unknown: the registered locations were not read"
        if info is not None and place is None:
            return "Lake Formation for metadata; the table names no location of its own"
        return "Lake Formation for metadata; the location is not registered, so IAM and S3 decide about the files"

    def _covers(self, view: View, resource: Resource) -> bool:
        match resource:
            case Table() | TableColumns() | DataCellsFilter():
                return table_of(resource) == self.table
            case Database(catalog, name) | AllTables(catalog, name):
                return (catalog, name) == (self.table.catalog, self.table.database)
            case Catalog(catalog):
                return catalog_within(self.table.catalog, catalog)
            case AnyResource(catalog):
                return catalog == self.table.catalog
            case TagPolicy(resource_type="TABLE") as policy:
                expression = view.expression(policy)
                return expression is not None and bool(view.match(expression, self.table))
            case DataLocation() | _:
                return False

    # ---------------------------------------------------------------------------------------------------------- notes
    def _notes(self, principal: Principal) -> Iterator[str]:
        if self.table not in self.live.tables and self.table not in self.declared.tables:
            yield f"{spelling.words(self.table)} is in neither catalog, as far as they were seen"
        info = self.live.tables.get(self.table) or self.declared.tables.get(self.table)
        if info is not None and info.link_to is not None:
            yield (
                f"it is a resource link to {spelling.words(info.link_to)} in catalog "
                f"{spelling.printable(info.link_to.catalog)}: what may be read is decided there"
            )
        if info is not None and info.view_definer:
            yield (
                f"it is a view that reads with the rights of {spelling.principal_words(info.view_definer)}: "
                "what it shows does not depend on rights on the tables below it"
            )
        yield from self._admins(principal)
        for one in self.live.rls:
            if (one.principal is None or one.principal in _holders(principal)) and self._covers(
                self._view_live, one.resource
            ):
                name = spelling.printable(one.policy)
                yield f"row-level policy {name} is attached: which rows it shows is not told here"

    def _admins(self, principal: Principal) -> Iterator[str]:
        for lake, side in ((self.declared, "declared"), (self.live, "live")):
            for settings in lake.settings:
                members = dict(settings.members)
                for name, power in _ADMINS.items():
                    listed = members.get(name)
                    if isinstance(listed, frozenset) and principal in listed:
                        yield f"{side}: it is one of the {name}: {power}"


def _holders(principal: Principal) -> list[Principal]:
    return [*groups_of(principal), *([EVERYONE] if principal != EVERYONE else [])]


def _held(grant: Grant, principal: Principal) -> str:
    who = "" if grant.principal == principal else f" (held by {spelling.principal_words(grant.principal)})"
    return f"a grant on {spelling.words(grant.resource)}{who}"


def _pointer(grant: Grant) -> str:
    """Say where a grant stands, and who set it."""
    evidence = grant.evidence
    place = "" if evidence is None else spelling.printable(_place(evidence))
    if not grant.updated_by:
        return place
    when = f" at {spelling.printable(grant.updated)}" if grant.updated else ""
    return f"{place}; set by {spelling.principal_words(grant.updated_by)}{when}"


def _place(evidence: Evidence) -> str:
    return evidence.position or evidence.urn or f"line {evidence.line} {evidence.pointer}"
