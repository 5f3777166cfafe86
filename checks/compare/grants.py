"""What changed in the grants: rows that one side has and the other has not, over the same (live) facts.

A live row counts only for what declared grants do not give: neither over the live facts (else a tag or column moved,
which is ``moved``'s business) nor over the declared ones (else nobody gained anything). So every difference has one
cause, and equal access in another spelling is silence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from checks import spelling
from checks.compare import findings as say
from checks.compare.beneath import beneath
from checks.compare.cells import beyond_others
from checks.compare.difference import FILES_READ, MILD, Difference, lends, pieces, place, witness
from checks.compare.moved.through import stands, through, through_database
from checks.compare.rows import Excess, shows_nothing
from checks.compare.sides import Sides
from checks.grants import Atom, Grants, atoms, differences
from checks.model import (
    EVERYONE,
    Access,
    AllTables,
    AnyResource,
    Catalog,
    Cause,
    Confidence,
    Database,
    DataCellsFilter,
    DataLocation,
    Expression,
    Facts,
    Function,
    Grant,
    LFTag,
    Principal,
    Resource,
    SavedExpression,
    Severity,
    Subject,
    Table,
    TableColumns,
    TagPolicy,
    UnknownResource,
    Verdict,
    Witness,
)
from checks.predicates.tags import always_within
from checks.principals import Kind, groups_of, is_foreign, is_many, kind_of, role_name
from checks.semantics import (
    ALTER,
    CREATE_DATABASE,
    DELETE,
    DESCRIBE,
    DROP,
    FUTURE,
    INSERT,
    PERMISSIONS,
    RAW_READS,
    SELECT,
    SUPER_USER,
    TABLE_MEMBERS,
    catalog_within,
    database_of,
    matches,
    subject_of,
    tag_within,
    within,
)
from checks.view import View, access, condition_fits, database_access

_BY_REACH = (Table, TableColumns, AllTables, DataCellsFilter, AnyResource)
_REMAINS: frozenset[Atom] = frozenset({(DESCRIBE, False)})
"""What remains of a tag policy, whatever it gives, where it means some columns of a table only.

Source: https://docs.aws.amazon.com/lake-formation/latest/dg/lf-tag-considerations.html.
"""


# -------------------------------------------------------------------------------------------------------- on one table
def _reached(sides: Sides, grant: Grant, view: View) -> Iterable[Table]:
    """Yield the tables that a grant may reach, and one table that does not exist yet where it reaches later ones."""
    match grant.resource:
        case Table() as table:
            yield table
        case TableColumns(table=table) | DataCellsFilter(table=table):
            yield table
        case AllTables() as tables:
            yield from sides.tables_of(tables.parent)
            yield from _to_come(tables)
        case TagPolicy(catalog=catalog, resource_type="TABLE") as policy:
            expression = view.expression(policy)
            if expression is not None:
                yield from (one for one in sides.tables() if one.catalog == catalog and view.match(expression, one))
        case AnyResource(catalog=catalog, resource_type="TABLE") as anything:
            yield from (one for one in sides.tables() if one.catalog == catalog)
            yield from _to_come(anything)
        case Catalog(catalog) if SUPER_USER in grant.permissions:
            yield from (one for one in sides.tables() if catalog_within(one.catalog, catalog))
        case _:
            return


# --------------------------------------------------------------------------------------------------- on anything else
def _elsewhere(
    sides: Sides,
    grant: Grant,
    wanted: frozenset[Atom],
    index: Grants,
    views: Sequence[View],
    found: Difference,
    *,
    before: View | None = None,
) -> None:
    """Compare what lies outside tables: databases, catalogs, locations, tags, and objects known by name only.

    With *before*, only the databases count that a policy means by its facts too.
    """
    assert grant.principal is not None  # the index holds no other
    match grant.resource:
        case Database() as database:
            _on_database(sides, grant, wanted, index, views, database, found)
        case TagPolicy(resource_type="DATABASE") as policy:
            expression = views[0].expression(policy)
            if expression is None:
                found.unknown.add("the saved expression has no body")
                return
            was = expression if before is None else before.expression(policy)
            for database in sides.databases():
                if before is not None and (was is None or not matches(was, before.database_tags(database))):
                    continue
                if matches(expression, sides.view_live.database_tags(database)):
                    _on_database(sides, grant, wanted, index, views, database, found)
        case _:
            offers = [
                offer
                for who in groups_of(grant.principal)
                for offer in _offers(index, who, grant.resource)
                if condition_fits(offer.condition, grant.condition, maybe=found.maybe)
            ]
            for atom in wanted:
                if not _offered(sides, offers, grant.resource, atom, views):
                    found.plain.add(atom)


def _offers(index: Grants, principal: Principal, resource: Resource) -> list[Grant]:
    """Return the grants that may give something on what is no table and no database."""
    if isinstance(resource, Catalog):
        return index.of(principal)
    if isinstance(resource, DataCellsFilter):
        return index.on_object(principal, resource)
    return list(index.elsewhere(principal))


def _on_subject(index: Grants, principal: Principal, subject: Resource) -> list[Grant]:
    """Return a principal's grants on one subject: a table with its columns, or just this resource."""
    if isinstance(subject, Table):
        return [row for row in index.named(principal, subject) if subject_of(row.resource) == subject]
    return index.on_object(principal, subject)


def _wider(index: Grants, principal: Principal, resource: Resource) -> list[Grant]:
    """Return the grants that may contain one on *resource*: by name, by all tables of its database, or further."""
    database = database_of(resource)
    around = [] if database is None else index.in_database(principal, database)
    return [*index.on_object(principal, resource), *around, *index.elsewhere(principal)]


def _offered(sides: Sides, offers: Sequence[Grant], resource: Resource, atom: Atom, views: Sequence[View]) -> bool:
    """Whether grants together give one permission on something that is no table and no database."""
    permission, lendable = atom
    if isinstance(resource, LFTag):
        # What is granted value by value counts together; ``*`` is every value, also later ones.
        values: set[str] = set()
        for offer in offers:
            if isinstance(offer.resource, LFTag) and (offer.resource.catalog, offer.resource.key) == (
                resource.catalog,
                resource.key,
            ):
                have = atoms(offer)
                if atom in have or (permission == DESCRIBE and any(flag or not lendable for _, flag in have)):
                    values |= offer.resource.values
        known = sides.live.tags.get(resource.key) or sides.declared.tags.get(resource.key)
        needed = known.values if "*" in resource.values and known is not None else resource.values
        return "*" in values or needed <= values
    have = frozenset().union(*(atoms(offer) for offer in offers if _contains(offer.resource, resource)))
    if isinstance(resource, Catalog):
        have |= {one for offer in offers for one in _super_above(offer, resource)}
    if atom in have or (permission in {CREATE_DATABASE, DESCRIBE} and (SUPER_USER, False) in have):
        return True
    if permission != DESCRIBE:
        return False
    if isinstance(resource, Catalog):
        # Any permission on a table or database implies DESCRIBE on its catalog, but not one under a condition
        # (https://docs.aws.amazon.com/lake-formation/latest/dg/abac-considerations.html).
        inside = [one for one in offers if one.condition is None and _lies_in(sides, one.resource, resource, views)]
        have = have.union(*(atoms(one) for one in inside))
    return any(flag or not lendable for _, flag in have)


def _super_above(offer: Grant, inner: Catalog) -> frozenset[Atom]:
    """Return SUPER_USER as a grant of it on a catalog gives it on one inside."""
    match offer.resource:
        case Catalog(outer) if catalog_within(inner.catalog, outer):
            return frozenset(one for one in atoms(offer) if one[0] == SUPER_USER)
        case _:
            return frozenset()


def _lies_in(sides: Sides, resource: Resource, catalog: Catalog, views: Sequence[View]) -> bool:
    """Whether a grant on *resource* is one on databases or tables of a catalog, of which there are some in a view."""
    match resource:
        case TagPolicy(resource_type=kind) as policy if policy.catalog == catalog.catalog:
            judge = sides.breadth
            for view in views:
                expression = view.expression(policy)
                if expression is None:
                    continue
                if kind == "DATABASE":
                    found = any(matches(expression, view.database_tags(one)) for one in sides.databases())
                else:
                    found = bool(judge.reaches(judge.live if view is sides.view_live else judge.declared, policy))
                if found:
                    return True
            return False
        case AnyResource():
            return resource.catalog == catalog.catalog
        case _:
            home = database_of(resource)
            return home is not None and not isinstance(resource, Function) and home.catalog == catalog.catalog


def _home(resource: Resource) -> Resource:
    return getattr(resource, "table", resource)


def _contains(outer: Resource, inner: Resource) -> bool:
    match outer, inner:
        case DataLocation(arn=above), DataLocation(arn=below):
            return within(below, above)
        case LFTag() as above, LFTag() as below:
            return tag_within(below, above)
        case Function(name="*") as above, Function() as below:
            return (above.catalog, above.database) == (below.catalog, below.database)
        case _:
            return outer == inner


def _on_database(
    sides: Sides,
    grant: Grant,
    wanted: frozenset[Atom],
    index: Grants,
    views: Sequence[View],
    database: Database,
    found: Difference,
) -> None:
    assert grant.principal is not None
    have: set[Atom] = set()
    for view in views:
        if index is sides.index_declared and view is sides.view_live:
            have |= through_database(sides, grant.principal, database, grant.condition, maybe=found.maybe)
        else:
            have |= database_access(
                index, view, grant.principal, database, condition=grant.condition, maybe=found.maybe
            )
    for atom in wanted - have:
        if atom[0] == DESCRIBE and (
            any(flag or not atom[1] for _, flag in have) or _below(sides, index, views, grant.principal, database, atom)
        ):
            continue
        found.plain.add(atom)
        found.databases.add(database)


def _counts(sides: Sides, index: Grants, view: View, offer: Grant, principal: Principal) -> bool:
    """Whether a grant counts over a side's facts: a declared one over the live facts only where it is live too."""
    if index is not sides.index_declared or view is not sides.view_live:
        return True
    return Facts.GRANTS in sides.dark or stands(sides, offer, principal, offer.condition)


def _below(
    sides: Sides, index: Grants, views: Sequence[View], principal: Principal, database: Database, atom: Atom
) -> bool:
    """Whether a permission on a table inside implies DESCRIBE on the database (grant option likewise).

    Source: https://docs.aws.amazon.com/lake-formation/latest/dg/lf-permissions-reference.html (DESCRIBE), except for
    grants under a condition (https://docs.aws.amazon.com/lake-formation/latest/dg/abac-considerations.html).
    """
    judge, inside = sides.breadth, sides.register.database.get(database, 0)
    tagged = [judge.live if view is sides.view_live else judge.declared for view in views]
    for who in groups_of(principal):
        for offer in (*index.inside(who, database), *index.elsewhere(who)):
            if offer.condition is not None or (atom[1] and not offer.grantable):
                continue
            match offer.resource:
                case TagPolicy(resource_type="TABLE") as policy:
                    for view, tables in zip(views, tagged, strict=True):
                        expression = view.expression(policy)
                        if not _counts(sides, index, view, offer, principal):
                            continue
                        if expression is not None and (
                            matches(expression, view.database_tags(database)) or judge.means(tables, policy)[1] & inside
                        ):
                            return True
                case AnyResource(resource_type="TABLE", catalog=catalog):
                    if inside and catalog == database.catalog:
                        return True
                case Database():
                    continue
                case resource if database_of(resource) == database:
                    return True
                case _:
                    continue
    return False


# ------------------------------------------------------------------------------------------------------------ widening
def widened(sides: Sides) -> set[tuple[Principal, Resource]]:
    """Find what live rows give beyond the declared ones; returns the subjects that got a finding."""
    rows = (
        (grant, wanted)
        for grant, wanted in differences(sides.index_live, sides.index_declared)
        if grant.principal is not None and not _expected(sides, grant)
    )
    told = set()
    for (principal, _, subject), group in _by_subject(rows).items():
        difference = Difference(sides.register, principal, subject)
        for grant, wanted in group:
            difference.rows.append(grant)
            _measure(sides, grant, wanted, difference)
        found = _settled(sides, difference, _measure)
        place = len(sides.findings)
        if _report_gain(sides, found):
            told.add((principal, subject))
            if found and len(sides.findings) > place:
                sides.gained.append((principal, found.rows, place))
    return told


_Rows = list[tuple[Grant, frozenset[Atom]]]


def _by_subject(
    rows: Iterable[tuple[Grant, frozenset[Atom]]],
) -> dict[tuple[Principal, str | None, Resource], _Rows]:
    """Group rows that make one difference; each is judged and told before the next, since one may span a whole lake."""
    groups: dict[tuple[Principal, str | None, Resource], _Rows] = {}
    for grant, wanted in rows:
        if grant.principal is not None:
            key = (grant.principal, grant.condition, subject_of(grant.resource))
            groups.setdefault(key, []).append((grant, wanted))
    return groups


def _settled(
    sides: Sides,
    found: Difference,
    measure: Callable[[Sides, Grant, frozenset[Atom], Difference], None],
) -> Difference:
    """Return a difference as it is, or an undecided one if the other side's grants under other conditions may give it.

    Conditions in the console's form are ordered; of others nothing is known (``predicates.abac``).
    """
    if not found or found.rows[0].condition is None:
        return found
    again = Difference(found.register, found.principal, found.resource, found.rows, maybe=True)
    for row in found.rows:
        measure(sides, row, atoms(row), again)
    if again:
        return found
    again.unknown.add("the conditions of the grants cannot be ordered")
    return again


def _measure(sides: Sides, grant: Grant, wanted: frozenset[Atom], found: Difference) -> None:
    principal, resource = grant.principal, grant.resource
    assert principal is not None
    if isinstance(resource, TagPolicy) and sides.view_live.expression(resource) is None:
        found.unknown.add("the saved expression it names has no body")
        return
    if isinstance(resource, UnknownResource):
        found.unknown.add("this kind of resource is not known to this version")
        return
    tabular = isinstance(resource, _BY_REACH) or (isinstance(resource, TagPolicy) and resource.resource_type == "TABLE")
    if isinstance(resource, DataCellsFilter):
        others = frozenset(atom for atom in wanted if atom[0] != SELECT)
        _elsewhere(sides, grant, others, sides.index_declared, (sides.view_live, sides.view_declared), found)
        if sides.view_live.body(resource) is None and (wanted - others):
            found.unknown.add("the filter it names has no body")
    elif not tabular:
        _elsewhere(sides, grant, wanted, sides.index_declared, (sides.view_live, sides.view_declared), found)
        _later(sides, grant, found)
        if not (isinstance(resource, Catalog) and SUPER_USER in grant.permissions):
            return
    only_wanted = wanted
    if isinstance(resource, Catalog):
        only_wanted = frozenset((one, flag) for one in TABLE_MEMBERS for flag in (False, True))
    elif isinstance(resource, TagPolicy):
        only_wanted |= _REMAINS
    tables = _reached(sides, grant, sides.view_live)
    if _is_broad(grant):
        tables = [*_measure_broad(sides, grant, only_wanted, found), *_to_come(resource)]
    for table in tables:
        if sides.view_live.columns(table) is None:
            found.blank.add(table)
        own = access(sides.index_live, sides.view_live, principal, table, only=grant)
        declared = [
            through(sides, principal, table, grant.condition, maybe=found.maybe),
            access(
                sides.index_declared, sides.view_declared, principal, table, condition=grant.condition,
                maybe=found.maybe,
            ),
        ]  # fmt: skip
        types = sides.view_live.types(table)
        plain, chosen = _apart(grant, *beyond_others(own, only_wanted, declared, types))
        if any(one.unknown is not None for _, one in chosen):
            # A filter that was edited into what cannot be decided hides nothing: what goes beyond the declared filter
            # as it is declared is a gain, whatever the live one shows.
            certain = [one for one in beyond_others(own, only_wanted, declared[1:], types)[1] if one[1].unknown is None]
            sure = {(flag, column) for flag, one in certain for column in one.columns}
            left = [
                one for one in chosen if one[1].unknown is None or not {(one[0], c) for c in one[1].columns} <= sure
            ]
            chosen = [*left, *certain] if len(left) < len(chosen) else chosen
        found.take(table, plain, chosen)
        told = sides.view_live.columns(table)
        if told and any(permission in RAW_READS and not flag for permission, flag in plain):
            # The files themselves are read: every column counts.
            found.cells.add(table, told[0] | told[1])
            found.raw = True
    if isinstance(resource, TagPolicy) and not found and not found.future:
        found.future = not _covered_tomorrow(sides, grant, resource)


def _apart(
    grant: Grant, plain: list[Atom], chosen: list[tuple[bool, Excess]]
) -> tuple[list[Atom], list[tuple[bool, Excess]]]:
    """Leave out the DESCRIBE that remains of a tag policy where more of it does: that implies it."""
    more = len(plain) > 1 or any(one.today for _, one in chosen)
    if not more or not isinstance(grant.resource, TagPolicy) or atoms(grant) & _REMAINS:
        return plain, chosen
    return [atom for atom in plain if atom not in _REMAINS], chosen


def _is_broad(grant: Grant) -> bool:
    resource = grant.resource
    return isinstance(resource, AllTables) or (isinstance(resource, TagPolicy) and resource.resource_type == "TABLE")


def _to_come(resource: Resource) -> list[Table]:
    """Return a table that does not exist yet, of a grant that reaches later ones."""
    match resource:
        case AllTables(catalog, database):
            return [Table(catalog, database, FUTURE)]
        case AnyResource(catalog=catalog, resource_type="TABLE"):
            return [Table(catalog, FUTURE, FUTURE)]
        case _:
            return []


def _measure_broad(sides: Sides, grant: Grant, wanted: frozenset[Atom], found: Difference) -> Iterable[Table]:
    """Measure a tag grant as sets of tables, and return those that are left to be measured one by one."""
    judge = sides.breadth
    declared = ((sides.index_declared, judge.live), (sides.index_declared, judge.declared))
    broad = judge.beyond(grant, wanted, declared, maybe=found.maybe)
    found.take_broad(broad)
    for permission in RAW_READS:
        if files := broad.whole.get((permission, False)):
            found.cells.whole |= files
            found.raw = True
    return sides.register.named(broad.rest)


def _later(sides: Sides, grant: Grant, found: Difference) -> None:
    """Say whether a grant outside tables that gives nothing more today would give more tomorrow."""
    resource = grant.resource
    if found:
        return
    if isinstance(resource, TagPolicy):
        found.future = not _covered_tomorrow(sides, grant, resource)
    elif isinstance(resource, LFTag) and "*" in resource.values and grant.principal is not None:
        found.future = not any(
            isinstance(offer.resource, LFTag) and tag_within(resource, offer.resource) and atoms(grant) <= atoms(offer)
            for who in groups_of(grant.principal)
            for offer in sides.index_declared.elsewhere(who)
        )


def _covered_tomorrow(sides: Sides, grant: Grant, policy: TagPolicy) -> bool:
    """Whether the declared grants also cover what *grant* would reach with other tags than today's.

    SELECT may be covered by several expressions together. For the rest it takes one: of a table whose columns match
    them in turns each gives SELECT and DESCRIBE only
    (https://docs.aws.amazon.com/lake-formation/latest/dg/lf-tag-considerations.html).
    """
    assert grant.principal is not None
    expression = sides.view_live.expression(policy)
    if expression is None:
        return False
    bodies: dict[Atom, list[Expression]] = {atom: [] for atom in atoms(grant)}
    whole: set[Atom] = set()
    for who in groups_of(grant.principal):
        for offer in sides.index_declared.policies(who, policy.resource_type):
            body = sides.view_declared.expression(offer.resource) if isinstance(offer.resource, TagPolicy) else None
            if body is not None and condition_fits(offer.condition, grant.condition):
                for atom, some in bodies.items():
                    if _gives(atoms(offer), atom):
                        some.append(body)
        for wide in (Catalog(policy.catalog), AnyResource(policy.catalog, policy.resource_type)):
            for offer in sides.index_declared.on_object(who, wide):
                if condition_fits(offer.condition, grant.condition):
                    everything = SUPER_USER in offer.permissions
                    whole |= {atom for atom in bodies if everything or _spans(offer, atom)}
    return all(
        atom in whole
        or (
            always_within(expression, some) is True
            if atom[0] == SELECT
            else any(always_within(expression, [body]) is True for body in some)
        )
        for atom, some in bodies.items()
    )


def _gives(have: frozenset[Atom], atom: Atom) -> bool:
    """Whether atoms include one, DESCRIBE by implication too."""
    return atom in have or (atom[0] == DESCRIBE and any(flag or not atom[1] for _, flag in have))


def _spans(offer: Grant, atom: Atom) -> bool:
    return isinstance(offer.resource, AnyResource) and _gives(atoms(offer), atom)


def _expected(sides: Sides, grant: Grant) -> bool:
    """Whether AWS itself made the row on something that the stack owns, or the row gives nothing.

    Creator rows: https://docs.aws.amazon.com/lake-formation/latest/dg/implicit-permissions.html; only where Glue says
    that this very role created the table, and the table is declared. A creator of whom the declaration says what it
    may do there may not do more by having made it again. Resource links: permissions on a link give nothing on its
    target (https://docs.aws.amazon.com/lake-formation/latest/dg/resource-links-about.html).
    """
    resource = subject_of(grant.resource)
    if isinstance(resource, Table):
        info = sides.live.tables.get(resource)
        if info is not None and info.link_to is not None:
            return grant.permissions <= {DESCRIBE, DROP}
        made = info is not None and _made_by(info.created_by, grant.principal)
        return made and resource in sides.declared.tables and not _is_limited(sides, grant.principal, resource)
    if isinstance(resource, Database):
        known = sides.live.databases.get(resource)
        if known is not None and known.link_to is not None:
            return grant.permissions <= {DESCRIBE, DROP}
        inside = [one for one in sides.tables_of(resource) if one in sides.declared.tables]
        return (
            resource in sides.declared.databases
            and bool(inside)
            and all(
                _made_by(sides.live.tables[one].created_by, grant.principal)
                for one in inside
                if one in sides.live.tables
            )
            and not _is_limited(sides, grant.principal, resource)
        )
    return False


def _is_limited(sides: Sides, principal: Principal | None, resource: Table | Database) -> bool:
    """Whether a declared grant of the principal itself, under whatever condition, is on the resource or reaches it."""
    index, view = sides.index_declared, sides.view_declared
    if principal is None:
        return False
    if isinstance(resource, Table):
        reached = (access(index, view, principal, resource, only=one) for one in index.on_table(principal, resource))
        return any(one or one.unresolved for one in reached)
    return bool(index.on_object(principal, resource)) or any(
        matches(body, view.database_tags(resource))
        for one in index.policies(principal, "DATABASE")
        if isinstance(one.resource, TagPolicy) and (body := view.expression(one.resource)) is not None
    )


def _is_linked_here(sides: Sides, principal: Principal) -> bool:
    """Whether the principal is a service-linked role of the lake's own account: another's is nobody's default."""
    return kind_of(principal) is Kind.SERVICE_LINKED_ROLE and not is_foreign(principal, sides.id.account)


def _made_by(creator: str | None, principal: Principal | None) -> bool:
    if not creator or principal is None or kind_of(principal) is Kind.SERVICE_LINKED_ROLE:
        return False
    return creator == principal or (role_name(creator) is not None and role_name(creator) == role_name(principal))


def _contained_subjects(sides: Sides, grant: Grant) -> list[Resource]:
    """Return the declared subjects of the same principal that a live grant contains (contract, decision 4)."""
    principal, live = grant.principal, grant.resource
    assert principal is not None
    index, same = sides.index_declared, subject_of(live)
    if _on_subject(index, principal, same):
        return [same]
    mine: Iterable[Grant]
    match live:
        case Table() | TableColumns():
            mine = index.named(principal, live if isinstance(live, Table) else live.table)
        case DataLocation() | LFTag() | Function():
            mine = index.elsewhere(principal)
        case AllTables() as tables:
            mine = [*index.inside(principal, tables.parent), *index.policies(principal, "TABLE")]
        case TagPolicy() as policy:
            mine = [*_on_whole_tables(sides, principal, policy), *index.elsewhere(principal)]
        case Catalog():
            mine = index.of(principal)
        case _:
            return []
    found: set[Resource] = set()
    for one in mine:
        if not (one.permissions & grant.permissions) and SUPER_USER not in grant.permissions:
            continue
        table = one.resource if isinstance(one.resource, Table) else getattr(one.resource, "table", None)
        inside = False
        match live:
            case Table() | TableColumns():
                inside = isinstance(one.resource, DataCellsFilter) and table == same
            case AllTables() as tables:
                inside = (isinstance(table, Table) and table.parent == tables.parent) or (
                    isinstance(one.resource, TagPolicy) and _policy_inside(sides, one.resource, tables)
                )
            case TagPolicy() as policy:
                inside = _policy_contains(sides, policy, one.resource)
            case Catalog(catalog):
                home = getattr(_home(one.resource), "catalog", None)
                inside = SUPER_USER in grant.permissions and home is not None and catalog_within(home, catalog)
            case DataLocation() | LFTag() | Function():
                inside = _contains(live, one.resource)
        if inside:
            found.add(subject_of(one.resource))
    return sorted(found, key=spelling.words)


def _on_whole_tables(sides: Sides, principal: Principal, policy: TagPolicy) -> list[Grant]:
    """Return a principal's declared grants on tables that a live policy means whole, as far as that is known."""
    if policy.resource_type != "TABLE":
        return []
    index, register, judge = sides.index_declared, sides.register, sides.breadth
    numbers = index.tables_of(principal)
    named = register.pooled(index.pool, numbers)
    elsewhere = ~register.catalog.get(policy.catalog, 0)  # nothing is known of these: they are asked one by one
    tables: list[Resource] = [*register.named(named & (judge.means(judge.live, policy)[0] | elsewhere))]
    tables += [index.pool.noun(one) for one in register.strange(index.pool, numbers)]
    return [grant for table in tables for grant in index.on_object(principal, table)]


def _policy_inside(sides: Sides, policy: TagPolicy, tables: AllTables) -> bool:
    """Whether all that a declared tag policy reaches lies in one database."""
    if policy.resource_type != "TABLE":
        return False
    reached = sides.breadth.means(sides.breadth.declared, policy)[1]
    return bool(reached) and not reached & ~sides.register.database.get(tables.parent, 0)


def _reaches_all(sides: Sides, declared: TagPolicy, live: TagPolicy) -> bool:
    """Whether a live policy reaches today whatever a declared one does, and that is something."""
    judge = sides.breadth
    was_full, was = judge.means(judge.declared, declared)
    now_full, now = judge.means(judge.live, live)
    if not was or was & ~now or was_full & ~now_full:
        return False
    mine, body = sides.view_declared.expression(declared), sides.view_live.expression(live)
    assert mine is not None  # each reaches something
    assert body is not None
    for table in sides.register.named(was & ~now_full):
        part, whole = sides.view_declared.match(mine, table).columns, sides.view_live.match(body, table).columns
        if part is None or whole is None or not part <= whole:
            return False
    return True


def _policy_contains(sides: Sides, live: TagPolicy, declared: Resource) -> bool:
    body = sides.view_live.expression(live)
    if body is None:
        return False
    match declared:
        case TagPolicy() as policy if policy.resource_type == live.resource_type:
            mine = sides.view_declared.expression(policy)
            if mine is None or always_within(mine, [body]) is True:
                return mine is not None
            return live.resource_type == "TABLE" and _reaches_all(sides, policy, live)
        case Table() as table:
            whole = sides.view_live.match(body, table)
            return live.resource_type == "TABLE" and whole.table and whole.columns is None
        case Database() as database:
            return live.resource_type == "DATABASE" and matches(body, sides.view_live.database_tags(database))
        case _:
            return False


def _report_gain(sides: Sides, found: Difference) -> bool:
    rows = found.rows
    principal = found.principal
    live = rows[0]
    gone = [row for row in rows if sides.is_gone(row.resource)]
    subjects = _contained_subjects(sides, live)
    resource = subjects[0] if len(subjects) == 1 else subject_of(live.resource)
    declared_rows = [row for one in subjects or [resource] for row in _on_subject(sides.index_declared, principal, one)]
    origin = sides.origin(*declared_rows)
    evidence = [*(row.evidence for row in rows), *(row.evidence for row in declared_rows)]
    who = spelling.principal_words(principal, home=sides.id.account)
    where = spelling.words(subject_of(live.resource))
    told: say.Said = {
        "declared": say.held(declared_rows) or "no grant on this resource",
        "live": say.held(rows),
        "updated_by": live.updated_by,
        "updated": live.updated,
        "evidence": evidence,
    }
    subject = say.subject("grant", resource, sides.id, principal=principal, declared=origin)
    if found.unknown and not found:
        sides.findings.append(
            say.build(
                "FL151",
                Verdict.UNKNOWN,
                subject,
                f"whether {who} has more on {where} than declared cannot be decided: {min(found.unknown)}",
                Cause("grant", f"grant on {where} to {who}"),
                confidence=sides.confidence,
                reach=sides.reach([principal], {}),
                **told,
            )
        )
        return True
    if gone:
        what = "table" if isinstance(live.resource, _BY_REACH) else "database"
        what = "database" if isinstance(live.resource, AllTables) else what
        sides.findings.append(
            say.build(
                "FL161",
                Verdict.LATENT,
                subject,
                f"{who} holds a grant on {where}, which does not exist: whoever creates it opens it to {who}",
                Cause("grant", f"grant on {where}, a {what} that does not exist"),
                confidence=sides.confidence,
                reach=sides.reach([principal], {}),
                **told,
            )
        )
        return True
    if not found:
        if _is_blind(sides, live):
            return _report_idle(sides, found, subject, told, blind=True)
        if not found.future:
            return False
        if not subjects and not any(_reaches_something(sides, row) for row in rows):
            return _report_idle(sides, found, subject, told)
        strange = frozenset().union(*(row.permissions for row in rows)) - PERMISSIONS
        if strange := strange.difference(*(row.permissions for row in declared_rows)):
            sides.findings.append(
                say.build(
                    "FL151",
                    Verdict.UNKNOWN,
                    subject,
                    f"{who} holds `{spelling.printable(min(strange))}` on {where}, which no stack declares and this "
                    "floodline does not know: whether it gives anything today cannot be told",
                    Cause("grant", f"grant on {where} to {who}"),
                    confidence=sides.confidence,
                    reach=sides.reach([principal], {}),
                    **told,
                )
            )
            return True
        sides.findings.append(
            say.build(
                "FL160",
                Verdict.LATENT,
                subject,
                f"{who} reads nothing more today, but {where} also opens what is yet to come: only today's "
                "columns, tables or tag values are declared",
                Cause("grant", f"grant on {where} to {who}"),
                confidence=sides.confidence,
                reach=sides.reach([principal], {}),
                **told,
            )
        )
        return True
    if idle := _idle(sides, found):
        sides.findings.append(
            say.build(
                "FL160",
                Verdict.LATENT,
                subject,
                f"{who} holds SELECT on some columns of {where}, which has no effect beside {idle}; once that is "
                "revoked it shows columns that are not declared",
                Cause("grant", f"grant on {where} to {who}"),
                confidence=Confidence.ASSUMED,
                reach=sides.reach([principal], {}),
                **told,
            )
        )
        return True
    if (name := _edited(sides, live)) is not None:
        sides.edits.setdefault(name, []).append(found)  # reported once, with everybody whom the edit reaches
        return True
    if _hidden(sides, found, live):
        sides.findings.append(
            say.build(
                "FL151",
                Verdict.UNKNOWN,
                subject,
                f"{who} has a grant on {where} that may be a declared one that could not be read in full",
                Cause("grant", f"grant on {where} to {who}"),
                confidence=Confidence.ASSUMED,
                reach=sides.reach([principal], found.cells),
                witness=witness(found),
                **told,
            )
        )
        return True
    added = pieces(sides, found)
    verdict = Verdict.WIDENED if subjects else Verdict.UNMANAGED
    exposure = verdict is Verdict.WIDENED or sides.opens_declared(live.resource)
    made_by_aws = verdict is Verdict.UNMANAGED and _is_linked_here(sides, principal)
    rule = _rule(sides, found, verdict, principal)
    seen = witness(found)
    gained = {permission for permission, flag in _gained(found) if not flag}
    selected = found.select.get(False)
    views = [one for one in sides.definer_views if selected is not None and one in selected]
    under = beneath(sides, principal, found.resource, gained, views, found.databases)
    further = sum(table not in found.tables and table.parent not in found.databases for table in under.cells)
    cells = found.cells.joined(under.cells)
    reach = sides.reach([principal], cells, tables=_tables_touched(sides, found) + further)
    cause = _cause(sides, found, subjects, declared_rows, who, where)
    notes = sorted(found.notes)
    if found.raw and (SELECT, False) not in found.plain and False not in found.select:
        notes.append(FILES_READ)
    notes += under.notes
    note = f" ({'; '.join(notes)})" if notes else ""
    sides.findings.append(
        say.build(
            rule,
            verdict,
            subject,
            f"{_seen(sides, found, seen)}{_again(seen, found)}{_if(rows, seen)}, "
            f"which {'goes beyond what is declared' if subjects else 'no stack declares'}{note}",
            cause,
            severity=_severity(sides, found, principal, exposure=exposure and not made_by_aws, reads=reach),
            confidence=Confidence.ASSUMED if found.notes else sides.confidence,
            exposure=exposure and not made_by_aws,
            added=added,
            witness=seen,
            reach=reach,
            declare="\n".join(_declare(row) for row in rows),
            revoke="\n".join(
                filter(
                    None,
                    (
                        say.revoke_command(
                            row,
                            _taken(row, _gained(found)),
                            {p for p, f in _gained(found) if f and p in row.grantable},
                        )
                        for row in rows
                    ),
                )
            ),
            **told,
        )
    )
    if found.unknown:
        sides.findings.append(
            say.build(
                "FL151",
                Verdict.UNKNOWN,
                subject,
                f"whether {who} reads more rows of {where} cannot be decided: {min(found.unknown)}",
                Cause("grant", f"grant on {where} to {who}"),
                confidence=sides.confidence,
                reach=sides.reach([principal], {}),
                evidence=evidence,
            )
        )
    return True


def _taken(row: Grant, gained: set[Atom]) -> frozenset[str]:
    """Return what to revoke of a row: what is gained, or all of it where just the DESCRIBE that remains of it is."""
    found = frozenset(permission for permission, flag in atoms(row) & gained)
    return found or (row.permissions if gained & _REMAINS else frozenset())


def _idle(sides: Sides, found: Difference) -> str:
    """Name a declared and live permission that keeps a SELECT on some columns without effect; empty where none does.

    Source: https://docs.aws.amazon.com/lake-formation/latest/dg/data-filtering-notes.html.
    """
    table = found.resource
    if not isinstance(table, Table) or found.plain or True in found.select:
        return ""
    if not all(isinstance(row.resource, TableColumns) and row.condition is None for row in found.rows):
        return ""
    declared, live = (
        {one for row in index.on_object(found.principal, table) if row.condition is None for one in row.permissions}
        for index in (sides.index_declared, sides.index_live)
    )
    return min(declared & live & {ALTER, DELETE, DROP, INSERT}, default="")


def _edited(sides: Sides, live: Grant) -> SavedExpression | None:
    """Return the saved expression that the grant names, if its declared body would give nothing new: it was edited."""
    policy = live.resource
    if not isinstance(policy, TagPolicy) or policy.saved is None:
        return None
    name = SavedExpression(policy.catalog, policy.saved)
    body = sides.declared.expressions.get(name)
    if body is None or body.expression == sides.view_live.saved(name):
        return None
    declared = TagPolicy(policy.catalog, policy.resource_type, body.expression)
    return name if _covered_tomorrow(sides, replace(live, resource=declared), declared) else None


def _gained(found: Difference) -> set[Atom]:
    return found.plain | {(SELECT, flag) for flag in found.select}


def _seen(sides: Sides, found: Difference, seen: Witness) -> str:
    """Say the witness; what lies in no database or location is said by its own name."""
    if (seen.database or seen.location) and not isinstance(found.resource, Function):
        return spelling.witness_words(seen, home=sides.id.account)
    who = spelling.principal_words(found.principal, home=sides.id.account)
    return f"{who} holds {spelling.printable(seen.permission or 'a permission')} on {spelling.words(found.resource)}"


def _if(rows: Sequence[Grant], seen: Witness) -> str:
    """Say that a grant holds under a condition only."""
    conditions = sorted({row.condition for row in rows if row.condition})
    link = "where" if seen.row is None else "and where"
    return f" {link} {spelling.shortened(spelling.printable(' or '.join(conditions)), 200)}" if conditions else ""


def _again(seen: Witness, found: Difference) -> str:
    """Say that the gain is about passing on, where it is only that."""
    return " and pass that on to others" if lends(found, seen) else ""


def _is_blind(sides: Sides, live: Grant) -> bool:
    """Whether a grant is on a filter that never shows a row, to somebody of whom the declaration says nothing there."""
    body = sides.view_live.body(live.resource) if isinstance(live.resource, DataCellsFilter) else None
    if body is None or live.principal is None:
        return False
    table = body.id.table
    spoken_for = access(sides.index_declared, sides.view_declared, live.principal, table)
    return not spoken_for and shows_nothing(body.rows, sides.view_live.types(table))


def _report_idle(sides: Sides, found: Difference, subject: Subject, told: say.Said, *, blind: bool = False) -> bool:
    """Report an undeclared grant that reaches nothing that exists: nobody reads more today.

    A *blind* one is on a filter that never shows a row: that opens nothing, whatever comes.
    """
    live = found.rows[0]
    opens = not blind and sides.opens_declared(live.resource)
    who = spelling.principal_words(found.principal, home=sides.id.account)
    sides.findings.append(
        say.build(
            _rule(sides, found, Verdict.UNMANAGED, found.principal),
            Verdict.UNMANAGED,
            subject,
            f"{who} holds a grant on {spelling.words(live.resource if blind else subject_of(live.resource))} that no "
            f"stack declares; it reaches nothing that exists today{', since the filter shows no row' if blind else ''}",
            Cause("grant", f"grant on {spelling.words(live.resource)} to {who}"),
            severity=Severity.HIGH if opens else Severity.LOW,
            exposure=opens,
            confidence=sides.confidence,
            added=[Access(one, None, one in live.grantable) for one in live.permissions],
            witness=None if blind else place(found.principal, min(live.permissions), live.resource),
            reach=sides.reach([found.principal], {}),
            declare=_declare(live),
            revoke=say.revoke_command(live, live.permissions, live.grantable),
            **told,
        )
    )
    return True


def _reaches_something(sides: Sides, grant: Grant) -> bool:
    """Whether a grant reaches anything that exists today: a table, a database, or a value of a tag."""
    match grant.resource:
        case TagPolicy(catalog=catalog, resource_type="DATABASE") as policy:
            body, view = sides.view_live.expression(policy), sides.view_live
            return body is not None and any(
                one.catalog == catalog and matches(body, view.database_tags(one)) for one in sides.databases()
            )
        case LFTag(key=key):
            return key in sides.live.tags
        case _:
            return any(table.name != FUTURE for table in _reached(sides, grant, sides.view_live))


def _hidden(sides: Sides, found: Difference, live: Grant) -> bool:
    """Whether a declared grant that could not be read in full may explain the gain."""
    wanted = _gained(found)
    hidden = [row for row in sides.index_declared.of(None) if row.resource == live.resource]
    if not hidden and sides.hides(Facts.GRANTS, subject_of(live.resource), live.principal):
        return True
    return any(wanted <= atoms(row) | {(DESCRIBE, False)} for row in hidden)


def _tables_touched(sides: Sides, found: Difference) -> int:
    """Count the tables a difference reaches; what is above tables reaches those below it (contract, spelling)."""
    if found.databases:
        return sum(len(sides.tables_of(database)) for database in found.databases)
    if found.tables:
        return len(found.tables)
    if isinstance(found.resource, Catalog):
        return sum(catalog_within(one.catalog, found.resource.catalog) for one in sides.tables())
    if isinstance(found.resource, AllTables):
        return len(sides.tables_of(found.resource.parent))
    return 0


def _rule(sides: Sides, found: Difference, verdict: Verdict, principal: Principal) -> str:
    if principal == EVERYONE:
        return "FL104"
    gained = _gained(found)
    if verdict is Verdict.WIDENED:
        return "FL103" if gained and all(flag for _, flag in gained) else "FL101"
    if is_foreign(principal, sides.id.account):
        return "FL105"
    return "FL106" if is_many(principal) else "FL102"


def _severity(sides: Sides, found: Difference, principal: Principal, *, exposure: bool, reads: object) -> Severity:
    if not exposure:
        return Severity.INFO if _is_linked_here(sides, principal) else Severity.LOW
    gained = _gained(found)
    if {permission for permission, _ in gained} <= MILD:
        return Severity.MEDIUM
    sensitive = getattr(reads, "sensitive_columns", 0)
    outside = is_many(principal) or is_foreign(principal, sides.id.account)
    return Severity.CRITICAL if sensitive or outside else Severity.HIGH


def _cause(
    sides: Sides, found: Difference, subjects: Sequence[Resource], declared: Sequence[Grant], who: str, where: str
) -> Cause:
    live = found.rows[0].resource
    if isinstance(live, TagPolicy) and len(subjects) == 1 and isinstance(subjects[0], TagPolicy):
        if subjects[0] != live:
            return Cause("expression", f"tag policy of {who}: declared {spelling.words(subjects[0])}, live {where}")
    elif isinstance(live, DataCellsFilter) and not subjects:
        return Cause("grant", f"grant on {spelling.words(live)} to {who}")
    condition = found.rows[0].condition
    others = [row for row in declared if row.resource == live and row.condition != condition]
    if others and len(others) == len(declared) and _gained(found) <= frozenset().union(*map(atoms, others)):
        before = " or ".join(sorted(_condition_words(row.condition) for row in others))
        after = _condition_words(condition)
        return Cause("condition", f"condition of the grant on {where} to {who}: {before} → {after}")
    if subjects and declared:
        gained = ", ".join(sorted(spelling.access_words(one) for one in pieces(sides, found)))
        return Cause("grant", f"grant on {where} to {who} loosened: {gained}")
    return Cause("grant", f"grant on {where} to {who}")


def _condition_words(text: str | None) -> str:
    return "none" if text is None else spelling.shortened(spelling.printable(text), 300)


def _declare(grant: Grant) -> str:
    """Say which declaration would make the row right."""
    who = spelling.printable(grant.principal or "")
    told = ", ".join(sorted(grant.permissions))
    lent = f", grant option on {', '.join(sorted(grant.grantable))}" if grant.grantable else ""
    return f"aws.lakeformation.Permissions: principal {who}, {told} on {spelling.words(grant.resource)}{lent}"


# ----------------------------------------------------------------------------------------------------------- narrowing
def narrowed(sides: Sides) -> set[tuple[Principal, Resource]]:
    """Find what declared rows give that live grants do not, over the same facts; returns the subjects concerned."""
    if Facts.GRANTS in sides.dark:
        return set()
    missing: list[Grant] = []
    told = set()
    for (principal, _, subject), group in _by_subject(differences(sides.index_declared, sides.index_live)).items():
        if (isinstance(subject, Table) and sides.is_gone(subject)) or sides.hides(Facts.GRANTS, subject, principal):
            continue
        difference = Difference(sides.register, principal, subject)
        for grant, wanted in group:
            before = bool(difference)
            difference.rows.append(grant)
            _measure_loss(sides, grant, wanted, difference)
            if not before and not difference and sides.index_live.same(grant) is None:
                missing.append(grant)
        found = _settled(sides, difference, _measure_loss)
        if found:
            _report_loss(sides, found)
        elif difference:
            _report_unordered(sides, found)
        if difference:
            told.add((principal, subject))
    _report_redundant(sides, [one for one in missing if (one.principal, subject_of(one.resource)) not in told])
    return told


def _report_unordered(sides: Sides, found: Difference) -> None:
    who = spelling.principal_words(found.principal, home=sides.id.account)
    where = spelling.words(found.resource)
    sides.findings.append(
        say.build(
            "FL151",
            Verdict.UNKNOWN,
            say.subject(
                "grant", found.resource, sides.id, principal=found.principal, declared=sides.origin(*found.rows)
            ),
            f"whether {who} has less on {where} than declared cannot be decided: {min(found.unknown)}",
            Cause("grant", f"grant on {where} to {who}"),
            confidence=sides.confidence,
            reach=sides.reach([found.principal], {}),
            declared=say.held(found.rows),
            live=say.held(_on_subject(sides.index_live, found.principal, found.resource)),
            evidence=[row.evidence for row in found.rows],
        )
    )


def _measure_loss(sides: Sides, grant: Grant, wanted: frozenset[Atom], found: Difference) -> None:
    principal, resource = grant.principal, grant.resource
    assert principal is not None
    tabular = isinstance(resource, _BY_REACH) or (isinstance(resource, TagPolicy) and resource.resource_type == "TABLE")
    if isinstance(resource, DataCellsFilter):
        others = frozenset(atom for atom in wanted if atom[0] != SELECT)
        _elsewhere(sides, grant, others, sides.index_live, (sides.view_live,), found)
    elif not tabular:
        _elsewhere(sides, grant, wanted, sides.index_live, (sides.view_live,), found, before=sides.view_declared)
        return
    tables = _reached(sides, grant, sides.view_live)
    if isinstance(resource, TagPolicy):
        wanted |= _REMAINS
    if _is_broad(grant):
        judge = sides.breadth
        broad = judge.beyond(grant, wanted, ((sides.index_live, judge.live),), maybe=found.maybe, before=judge.declared)
        found.take_broad(broad)
        tables = sides.register.named(broad.rest)
    for table in tables:
        if table.name == FUTURE or sides.is_gone(table):
            continue
        own = access(sides.index_declared, sides.view_live, principal, table, only=grant)
        before = access(sides.index_declared, sides.view_declared, principal, table, only=grant)
        if not before:
            continue
        if isinstance(resource, TagPolicy) and own:
            for each in (own, before):
                each.others.setdefault((DESCRIBE, False), grant)
        live = access(sides.index_live, sides.view_live, principal, table, condition=grant.condition, maybe=found.maybe)
        if sides.view_live.columns(table) is None:
            found.blank.add(table)
        types = sides.view_live.types(table)
        plain, chosen = beyond_others(own, wanted, (live,), types)
        # Over the live facts a grant may give more than was declared, columns or rows: that is nothing to lose.
        shown = frozenset().union(*(piece.columns for piece in before.pieces))
        if [one.rows for one in before.pieces] != [one.rows for one in own.pieces]:
            lost = beyond_others(before, wanted, (live,), types)[1]
            if not any(one.unknown is not None for _, one in lost):
                shown &= frozenset().union(*(one.columns for _, one in lost))
                rows = {column: one.row for _, one in lost for column in one.columns}
                chosen = [
                    (flag, replace(one, row=next((rows[c] for c in sorted(one.columns) if c in rows), one.row)))
                    for flag, one in chosen
                ]
        found.take(
            table,
            *_apart(
                grant,
                [atom for atom in plain if atom in before.others],
                [(flag, replace(one, columns=one.columns & shown)) for flag, one in chosen if one.columns & shown],
            ),
        )


def _report_loss(sides: Sides, found: Difference) -> None:
    principal, rows = found.principal, found.rows
    live_rows = _on_subject(sides.index_live, principal, found.resource)
    seen = witness(found)
    who = spelling.principal_words(principal, home=sides.id.account)
    where = spelling.words(found.resource)
    lost_lending = all(flag for _, flag in _gained(found))
    if kind_of(principal) is Kind.UNKNOWN:
        sides.findings.append(
            say.build(
                "FL151",
                Verdict.UNKNOWN,
                say.subject("grant", found.resource, sides.id, principal=principal, declared=sides.origin(*rows)),
                f"the declared principal {who} is of no kind that Lake Formation knows",
                Cause("grant", f"grant on {where} to {who}"),
                confidence=sides.confidence,
                reach=sides.reach([principal], {}),
                declared=say.held(rows),
                live=say.held(live_rows) or "no grant on this resource",
                evidence=[row.evidence for row in rows],
            )
        )
        return
    message = (
        f"{who} may no longer pass on {seen.permission} on {where}, which is declared"
        if lost_lending
        else f"declared, but not live: {_seen(sides, found, seen)}{_if(rows, seen)}"
    )
    origin = sides.origin(*rows)
    sides.findings.append(
        say.build(
            "FL130",
            Verdict.NARROWED,
            say.subject("grant", found.resource, sides.id, principal=principal, declared=origin),
            message,
            Cause("grant", f"grant on {where} to {who} is missing or narrower"),
            confidence=sides.confidence,
            removed=pieces(sides, found),
            witness=seen,
            reach=sides.reach([principal], found.cells, tables=_tables_touched(sides, found)),
            declared=say.held(rows),
            live=say.held(live_rows) or "no grant on this resource",
            evidence=[*(row.evidence for row in rows), *(row.evidence for row in live_rows)],
            declare="Deploy the stack again, or remove the declaration of what is no longer wanted.",
        )
    )


def _swallows(sides: Sides, live: Grant, declared: Grant) -> bool:
    """Whether a live row gives all that a declared one does, on whatever there is or will be."""
    if not atoms(declared) <= atoms(live):
        return False
    match live.resource, declared.resource:
        case TagPolicy() as outer, TagPolicy() as inner if outer.resource_type == inner.resource_type:
            wide, slim = sides.view_live.expression(outer), sides.view_live.expression(inner)
            return wide is not None and slim is not None and always_within(slim, [wide]) is True
        case AllTables() as outer, Table() | TableColumns():
            return database_of(declared.resource) == outer.parent
        case outer, inner:
            return _contains(outer, inner)


def _had_nothing(sides: Sides, missing: Grant) -> bool:
    """Whether a policy meant nothing as declared, means something by the live facts, and no live grant gives that."""
    judge, policy = sides.breadth, missing.resource
    if not isinstance(policy, TagPolicy):
        return False
    assert missing.principal is not None
    left = Difference(sides.register, missing.principal, policy)
    if policy.resource_type == "DATABASE":
        if _databases(sides, sides.view_declared, policy) or not _databases(sides, sides.view_live, policy):
            return False
        _elsewhere(sides, missing, atoms(missing), sides.index_live, (sides.view_live,), left)
    elif judge.means(judge.declared, policy)[1]:
        return False
    else:
        broad = judge.beyond(missing, atoms(missing), ((sides.index_live, judge.live),), maybe=False)
        left.take_broad(broad)
    return bool(left)


def _databases(sides: Sides, view: View, policy: TagPolicy) -> bool:
    """Whether a tag policy means any database by one side's facts."""
    expression = view.expression(policy)
    return expression is not None and any(matches(expression, view.database_tags(one)) for one in sides.databases())


def _report_redundant(sides: Sides, missing: Sequence[Grant]) -> None:
    """Report declared rows that are missing although their access is not: other declared grants, live too, give it."""
    if not missing:
        return
    common = sides.index_declared.shared(sides.index_live)
    for grant in missing:
        if grant.permissions <= MILD and not grant.grantable:
            continue  # implied by what is there
        if isinstance(grant.resource, DataCellsFilter) and sides.view_live.body(grant.resource) is None:
            continue  # the filter itself is missing, which is a finding of its own
        assert grant.principal is not None
        left = Difference(sides.register, grant.principal, subject_of(grant.resource))
        rest: Iterable[Table]
        if _is_broad(grant):
            judge = sides.breadth
            broad = judge.beyond(grant, atoms(grant), ((common, judge.live),), maybe=False)
            left.take_broad(broad)
            rest, tables = sides.register.named(broad.rest), broad.reached
        else:
            reached = [one for one in _reached(sides, grant, sides.view_live) if one.name != FUTURE]
            rest, tables = reached, False
        for table in rest:
            own = access(sides.index_declared, sides.view_live, grant.principal, table, only=grant)
            types = sides.view_live.types(table)
            shown = (one for one in own.pieces if one.columns)
            tables = tables or bool(own.others) or any(not shows_nothing(one.rows, types) for one in shown)
            others = access(common, sides.view_live, grant.principal, table, condition=grant.condition)
            plain, chosen = beyond_others(own, atoms(grant), (others,), types)
            left.take(table, plain, chosen)
        tabular = isinstance(grant.resource, _BY_REACH) or (
            isinstance(grant.resource, TagPolicy) and grant.resource.resource_type == "TABLE"
        )
        if not tabular:
            _elsewhere(sides, grant, atoms(grant), common, (sides.view_live,), left)
            tables = not isinstance(grant.resource, TagPolicy) or _databases(sides, sides.view_live, grant.resource)
        unreached = bool(left) and _had_nothing(sides, grant)
        if left and not unreached:
            continue  # wider rows give it: the same access in another spelling
        if (
            not unreached
            and not tables
            and any(_swallows(sides, row, grant) for row in _wider(sides.index_live, grant.principal, grant.resource))
        ):
            continue
        who = spelling.principal_words(grant.principal, home=sides.id.account)
        where = spelling.words(grant.resource)
        sides.findings.append(
            say.build(
                "FL141",
                Verdict.CHANGED,
                say.subject(
                    "grant", subject_of(grant.resource), sides.id, principal=grant.principal, declared=grant.evidence
                ),
                f"the declared grant on {where} to {who} does not exist; as declared it would reach nothing, but with "
                "the live tags it would"
                if unreached
                else f"the declared grant on {where} to {who} does not exist, but other declared grants give the same "
                "access"
                if tables
                else f"the declared grant on {where} to {who} does not exist; it would reach nothing today",
                Cause("grant", f"grant on {where} to {who} is missing"),
                confidence=sides.confidence,
                reach=sides.reach([grant.principal], {}),
                declared=say.held([grant]),
                live="no such grant",
                evidence=[grant.evidence],
            )
        )
