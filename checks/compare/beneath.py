"""What a gained grant reaches beyond its own resource: files below a location, tables below a view or a function.

Each of these needs a further step (creating a table, running a query through the view), so it is said beside the grant
and counted in its reach; the grant itself is the difference.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from checks import spelling
from checks.compare.locations import tables_below
from checks.compare.sides import Sides
from checks.model import (
    ALL_ROWS,
    Catalog,
    Database,
    DataLocation,
    Function,
    LFTag,
    Permission,
    Principal,
    Resource,
    Table,
    TagPolicy,
)
from checks.principals import groups_of
from checks.semantics import (
    ALTER,
    ASSOCIATE,
    CREATE_DATABASE,
    CREATE_TABLE,
    EXECUTE,
    SUPER_USER,
    database_of,
    function_name,
    within,
)
from checks.view import access

_PLACE = Permission("DATA_LOCATION_ACCESS")


@dataclass(slots=True)
class Beneath:
    """The tables that lie beneath, with the columns known to be read, and sentences that say through what."""

    cells: dict[Table, set[str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def take(self, sides: Sides, tables: Iterable[Table], *, columns: bool) -> None:
        """Add tables; with *columns* every column of theirs."""
        for table in tables:
            told = sides.view_live.columns(table) if columns else None
            self.cells.setdefault(table, set()).update(told[0] | told[1] if told else ())


def beneath(
    sides: Sides,
    principal: Principal,
    resource: Resource,
    gained: Collection[Permission],
    selected: Iterable[Table],
    databases: Collection[Database],
) -> Beneath:
    """Say what lies beneath permissions that *principal* gained on *resource*.

    *selected* are the tables on which it gained SELECT, *databases* those on which it gained something.
    """
    found = Beneath()
    for view in sorted(selected, key=lambda one: (one.database, one.name)):
        _through_view(sides, found, principal, view)
    if isinstance(resource, Function) and EXECUTE in gained:
        _through_function(sides, found, resource)
    if CREATE_TABLE in gained:
        for database in sorted(databases, key=lambda one: one.name):
            _by_creating(sides, found, principal, database)
    if isinstance(resource, DataLocation) and _PLACE in gained:
        _in_place(sides, found, principal, resource)
    if isinstance(resource, Catalog) and CREATE_DATABASE in gained:
        found.notes.append("it holds every permission on the databases that it creates")
    if isinstance(resource, LFTag) and ASSOCIATE in gained:
        _by_retagging(sides, found, principal, resource)
    return found


# ---------------------------------------------------------------------------------------------------- views, functions
def _through_view(sides: Sides, found: Beneath, principal: Principal, view: Table) -> None:
    """A view with a definer reads its tables with the definer's rights.

    Source: https://docs.aws.amazon.com/lake-formation/latest/dg/working-with-views.html.
    """
    info = sides.live.tables.get(view)
    if info is None or info.view_definer is None:
        return
    whose = f"through the view {spelling.words(view)} with the rights of {_who(sides, info.view_definer)}"
    below = tables_of_view(sides, view)
    if below is None:
        found.notes.append(f"it also reads {whose}; which tables that are is not known")
        return
    more = sorted((one for one in below if not reads_all(sides, principal, one)), key=spelling.words)
    if more:
        found.take(sides, more, columns=False)
        listed = ", ".join(map(spelling.words, more[:3])) + (f" and {len(more) - 3:,} more" if len(more) > 3 else "")
        found.notes.append(f"it also reads {listed} {whose}; which columns and rows the view shows is not decided")


def tables_of_view(sides: Sides, view: Table) -> frozenset[Table] | None:
    """Return the tables below a view, through further views; None where one of them does not say."""
    found: set[Table] = set()
    seen, waiting = set(), [view]
    while waiting:
        one = waiting.pop()
        if one in seen:
            continue
        seen.add(one)
        info = sides.live.tables.get(one)
        if info is None or info.view_definer is None:
            found.add(one)
        elif info.view_reads is None:
            return None
        else:
            waiting += info.view_reads
    return frozenset(found - {view})


def reads_all(sides: Sides, principal: Principal, table: Table) -> bool:
    """Whether the declaration lets a principal read every row of every column that the live table has."""
    told = sides.view_live.columns(table)
    pieces = access(sides.index_declared, sides.view_declared, principal, table).pieces
    shown = frozenset().union(*(one.columns for one in pieces if one.rows == ALL_ROWS))
    return bool(shown) and (told is None or told[0] | told[1] <= shown)


def _through_function(sides: Sides, found: Beneath, resource: Function) -> None:
    """Whoever may execute a function reads what the function holds SELECT on.

    Source: botocore's model of Lake Formation, ``Resource.AnyResource`` and ``GetGlueFunctionSessionContext``.
    """
    for who in sides.index_live.principals():
        name = function_name(resource, who)
        if name is None:
            continue
        tables = [one for one in sides.tables() if access(sides.index_live, sides.view_live, who, one).pieces]
        if tables:
            found.take(sides, tables, columns=True)
            number = f"{len(tables):,} table{'s' if len(tables) != 1 else ''}"
            said = f"function {spelling.printable(f'{resource.database}.{name}')} reads {number}"
            info = sides.live.functions.get(Function(resource.catalog, resource.database, name.lower()))
            if info is not None and info.code:
                said += f", by the code at {spelling.printable(min(info.code))}"
            found.notes.append(said)


# --------------------------------------------------------------------------------------------------- files of a place
def _by_creating(sides: Sides, found: Beneath, principal: Principal, database: Database) -> None:
    """Whoever creates a table over files reads them, past every grant on the tables that already lie there.

    In a database's own registered location that needs no further permission, elsewhere one on the location
    (https://docs.aws.amazon.com/lake-formation/latest/dg/access-control-underlying-data.html).
    """
    info = sides.live.databases.get(database)
    own = info.location if info is not None else None
    places = [own] if own and any(within(own, arn) for arn in sides.live.locations) else []
    places += [one.arn for who in groups_of(principal) for one in _held_places(sides, who)]
    _files(sides, found, places, f"it may create tables in {spelling.words(database)} over")
    apart = {one.arn for who in sides.members(principal) for one in _held_places(sides, who)} - {*places}
    _files(sides, found, apart, f"members of it may create tables in {spelling.words(database)} over")


def _in_place(sides: Sides, found: Beneath, principal: Principal, place: DataLocation) -> None:
    """A location is read by a table that one creates, or alters, there."""
    if any(_makes(sides, who) for who in groups_of(principal)):
        _files(sides, found, [place.arn], "it may place tables over")
    elif any(_makes(sides, who) for who in sides.members(principal)):
        _files(sides, found, [place.arn], "members of it may place tables over")
    else:
        found.notes.append("it takes CREATE_TABLE on a database, or ALTER on a table, to read the files there")


def _makes(sides: Sides, principal: Principal) -> bool:
    """Whether a principal's own grants let it make a table, or move one."""
    return any(
        grant.permissions & {CREATE_TABLE, CREATE_DATABASE, ALTER, SUPER_USER}
        for grant in sides.index_live.of(principal)
        if isinstance(grant.resource, Catalog | TagPolicy) or database_of(grant.resource) is not None
    )


def _held_places(sides: Sides, principal: Principal) -> list[DataLocation]:
    return [one.resource for one in sides.index_live.elsewhere(principal) if isinstance(one.resource, DataLocation)]


def _files(sides: Sides, found: Beneath, places: Iterable[str], how: str) -> None:
    for place in sorted(set(places)):
        tables = tables_below(sides, place)
        found.take(sides, tables, columns=True)
        number = f"{len(tables):,} table{'s' if len(tables) != 1 else ''}"
        found.notes.append(f"{how} {spelling.printable(place)} and so read the files of {number}")


def _by_retagging(sides: Sides, found: Beneath, principal: Principal, tag: LFTag) -> None:
    """Whoever may assign a tag fits what it owns to its own tag grants."""
    mine = any(
        isinstance(grant.resource, TagPolicy)
        and any(key == tag.key for key, _ in sides.view_live.expression(grant.resource) or ())
        for who in groups_of(principal)
        for grant in sides.index_live.of(who)
    )
    if mine:
        found.notes.append("it holds grants by this tag, and may so widen their reach")


def _who(sides: Sides, principal: str) -> str:
    return spelling.principal_words(Principal(principal), home=sides.id.account)
