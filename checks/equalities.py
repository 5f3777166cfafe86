"""Why two lakes that are spelt differently are the same access: every normalisation with its id, reason and source.

``NORMALISATIONS`` is the whole list, and what ``floodline rules --equalities`` prints. ``equalities`` says which of
them were at work in one comparison, how often, with an example each; an ordinary check does not pay for that. What is
made one while reading (names, order, ``ALL``) leaves no trace to count: it is always at work.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice

from checks import spelling
from checks.compare import compare
from checks.compare.settings import ECHOED
from checks.compare.sides import Sides
from checks.grants import Grants, differences
from checks.model import (
    ALL_ROWS,
    EVERY_COLUMN,
    AllTables,
    AnyResource,
    Catalog,
    ColumnRef,
    Columns,
    Database,
    DataCellsFilter,
    DataLocation,
    Finding,
    Grant,
    Lake,
    LFTag,
    Only,
    Permission,
    Principal,
    Resource,
    Rows,
    Table,
    TableColumns,
    TagPolicy,
    TagTarget,
    Verdict,
    Where,
)
from checks.normal import SETTINGS
from checks.predicates import rows as row_filters
from checks.predicates.tags import always_within
from checks.principals import Kind, groups_of, kind_of, role_name
from checks.semantics import (
    ALTER,
    DELETE,
    DESCRIBE,
    DROP,
    FUTURE,
    INSERT,
    SELECT,
    SUPER_USER,
    catalog_within,
    matches,
    subject_of,
    within,
)
from checks.view import Piece, View, access, condition_fits

_DG = "https://docs.aws.amazon.com/lake-formation/latest/dg/"
_API = "https://docs.aws.amazon.com/lake-formation/latest/APIReference/"
_GLUE = "https://docs.aws.amazon.com/glue/latest/"
_IAM = "https://docs.aws.amazon.com/IAM/latest/UserGuide/"


class When(StrEnum):
    """Where a normalisation is at work, and so whether it can be counted."""

    READING = "while reading"
    COMPARING = "while comparing"
    REMARK = "told as a remark"
    NOT_COMPARED = "not compared"
    NOT_EQUAL = "not taken as equal"


@dataclass(frozen=True, slots=True)
class Normalisation:
    """One way in which different spellings are one thing.

    ``certainty`` is D (AWS documentation), M (AWS's service model), C (seen in public code), I (follows from those)
    or P (proved by floodline itself).
    """

    id: str
    name: str
    when: When
    reason: str
    certainty: str
    source: str


@dataclass(frozen=True, slots=True)
class Applied:
    """A normalisation that was at work, the number of rows or facts it made equal, and one of them in words."""

    normalisation: Normalisation
    count: int
    example: str


def _(id_: str, name: str, when: When, reason: str, certainty: str, source: str) -> Normalisation:
    return Normalisation(id_, name, when, reason, certainty, source)


_R, _C, _M, _N = When.READING, When.COMPARING, When.REMARK, When.NOT_COMPARED

NORMALISATIONS: tuple[Normalisation, ...] = (
    _("N01", "all-and-its-members", _R,
      "ALL on a table, database or function is exactly its members listed; never across kinds of resource.",
      "D", _DG + "lf-permissions-reference.html"),
    _("N02", "implied-describe", _C,
      "Any permission on an object implies DESCRIBE on it and its parents; DESCRIBE alone is a grant of its own.",
      "D", _DG + "lf-permissions-reference.html"),
    _("N03", "select-on-every-column", _R,
      "SELECT on a table, and SELECT on its column wildcard that excludes nothing, are one grant in two listings.",
      "C", _API + "API_ListPermissions.html"),
    _("N04", "grant-listed-in-pieces", _R,
      "One grant may be listed as several rows of one principal, resource and condition: they are united.",
      "C", _API + "API_ListPermissions.html"),
    _("N05", "columns-listed-or-all", _C,
      "A list of all of today's columns shows what the wildcard shows; a live wildcard over a declared list is latent.",
      "I", _DG + "data-filtering.html"),
    _("N06", "columns-listed-or-excluded", _C,
      "A list of columns shows what excluding all others shows; a live exclusion over a declared list is latent.",
      "I", _DG + "data-filtering.html"),
    _("N07", "all-tables-by-name", _R,
      "A table wildcard is listed as the table ALL_TABLES, in capitals; a real table may be called all_tables.",
      "C", _API + "API_TableResource.html"),
    _("N08", "tables-listed-or-all", _C,
      "Grants on each of today's tables give what the wildcard gives; a live wildcard over declared tables is latent.",
      "I", _DG + "lf-permissions-reference.html"),
    _("N09", "tag-grant-and-named-grant", _C,
      "Grants on LF-tags and on named resources unite: what one gives, another row need not give again.",
      "D", _DG + "lf-tag-considerations.html"),
    _("N10", "tags-in-lower-case", _R,
      "LF-tag keys and values are stored in lower case.", "D", _DG + "TBAC-assigning-tags.html"),
    _("N11", "order-and-duplicates", _R,
      "Permissions, columns, tag values and rows are sets: neither order nor repetition means anything.",
      "M", _API + "API_GrantPermissions.html"),
    _("N12", "saved-or-inline-expression", _C,
      "A saved expression acts through its body, as the same body written out does; only later edits differ.",
      "M", _API + "API_UpdateLFTagExpression.html"),
    _("N13", "own-catalog", _R,
      "Without a catalog id the caller's account is meant; an empty catalog resource is the account's.",
      "M", _API + "API_Resource.html"),
    _("N14", "creators-own-rows", _C,
      "Whoever creates a table holds everything on it; expected if Glue names that very role, on a declared table.",
      "D", _DG + "implicit-permissions.html"),
    _("N15", "admins-rows", _N,
      "An administrator's implicit rights are read from the settings; listings of effective permissions are not used.",
      "D", _DG + "implicit-permissions.html"),
    _("N16", "service-linked-rows", _M,
      "A grant to a role below aws-service-role/ is made by AWS's own services: listed, without weight.",
      "D", _DG + "service-linked-roles.html"),
    _("N17", "metadata-of-rows", _N,
      "Who updated a row and when, versions of filters, verification and share details say nothing about access.",
      "M", _API + "API_PrincipalResourcePermissions.html"),
    _("N18", "resource-links", _C,
      "DESCRIBE and DROP on a resource link give nothing on its target.", "D", _DG + "resource-links-about.html"),
    _("N19", "places-and-names", _R,
      "s3://, s3a://, s3n:// and ARN forms, trailing slashes, and the case of database, table and column names.",
      "D", _GLUE + "dg/glue-dg.html"),
    _("N20", "row-filters-alike", _C,
      "Filters that let the same rows through under the rules of Athena and of Redshift; constants keep their case.",
      "P", _DG + "partiql-support.html"),
    _("N21", "grant-on-nothing", _M,
      "A grant on what no longer exists gives nothing now; whoever creates it again opens it: latent.",
      "I", _API + "API_ListPermissions.html"),
    _("N22", "settings-that-aws-fills-in", _C,
      "The cross-account version and the context flags are echoed although nobody declared them; grants stay the same.",
      "D", _DG + "optimize-ram.html"),
    _("N23", "share-not-accepted", When.NOT_EQUAL,
      "A grant whose share waits in RAM gives nothing yet; RAM is not read, so the grant counts as access.",
      "D", _DG + "optimize-ram.html"),
    _("N24", "select-without-effect", _M,
      "SELECT on some columns beside ALTER, DROP, DELETE or INSERT on the table has no effect; latent.",
      "D", _DG + "lf-permissions-reference.html"),
    _("N25", "implied-grant-option", _C,
      "The grant option on DESCRIBE follows from the grant option on any other permission on the object.",
      "I", _DG + "lf-permissions-reference.html"),
    _("N26", "group-words", _R,
      "IAM_ALLOWED_PRINCIPALS and <account>:IAMPrincipals in any case and with or without underscores; other "
      "principals are exact.", "D", _DG + "granting-database-permissions.html"),
    _("N27", "columns-together", _C,
      "Several grants on columns of one table show what they show together; one on some of them gives nothing beside "
      "one on more.", "D", _DG + "metadata-permissions.html"),
    _("N28", "tag-expressions-together", _C,
      "Tag expressions that match the same objects, whatever tags these carry or will carry.",
      "P", _DG + "managing-tag-expressions.html"),
    _("N29", "inherited-tags", _C,
      "A tag that an object inherits, and the same value assigned to it, are one effective tag.",
      "D", _DG + "tag-based-access-control.html"),
    _("N30", "within-all-tables", _C,
      "A grant on a table inside a grant on all tables of its database.", "D", _DG + "lf-permissions-reference.html"),
    _("N31", "within-the-accounts-group", _C,
      "What <account>:IAMPrincipals holds, every IAM user and role of that account holds.",
      "D", _DG + "granting-database-permissions.html"),
    _("N32", "within-the-catalog", _C,
      "SUPER_USER on a catalog, and a grant on any resource, reach every table inside.",
      "D", _DG + "lf-permissions-reference.html"),
    _("N33", "within-a-location", _C,
      "A grant on a location holds for every path below it, by path segment.",
      "D", _DG + "access-control-underlying-data.html"),
    _("N34", "filters-unite", _C,
      "Data cells filters act per cell and unite; beside an unfiltered SELECT a filter takes nothing away.",
      "D", _DG + "data-filtering.html"),
    _("N35", "conditions-alike", _C,
      "A grant without a condition holds wherever one under a condition does; conditions in the console's form are "
      "ordered.", "I", _DG + "abac-granting-permissions.html"),
    _("N36", "absent-is-empty", _C,
      "A settings member that is left out, and one that is empty.",
      "C", "https://www.pulumi.com/registry/packages/aws/api-docs/lakeformation/datalakesettings/"),
    _("N37", "no-defaults", _C,
      "Default permissions of a database that are left out, and none live.",
      "M", _GLUE + "webapi/API_DatabaseInput.html"),
    _("N38", "parameters-nobody-declared", _C,
      "Crawlers, engines and AWS add parameters of their own all the time: only declared ones are compared.",
      "D", _GLUE + "dg/table-properties-crawler.html"),
    _("N39", "policies-as-sets", _R,
      "Statements, actions, resources and principals of a policy are sets, one is a list of one, and an account is "
      "its root.", "D", _IAM + "reference_policies_elements.html"),
    _("N40", "policies-alike", _C,
      "Resource policies of other statements that allow the same.",
      "P", _IAM + "reference_policies_evaluation-logic.html"),
    _("N41", "opted-in-above", _C,
      "An opt-in on the database or on all its tables holds a principal on each of them.",
      "D", _DG + "hybrid-access-workflow.html"),
    _("N42", "registered-with-the-service-role", _C,
      "A location declared with the service-linked role names no role; AWS lists that role.",
      "D", _DG + "registration-role.html"),
    _("N43", "types-as-read", _R,
      "Blanks and capitals in the types of columns.", "D", _GLUE + "webapi/API_Column.html"),
    _("N44", "view-text-blanks", _C,
      "Blanks and line ends in the text of a view.", "D", _GLUE + "webapi/API_ViewDefinition.html"),
    _("N45", "tag-values-one-by-one", _C,
      "Values of an LF-tag granted one by one count together; * is all of them, also later ones.",
      "D", _DG + "TBAC-granting-tags.html"),
    _("N46", "reaches-nothing", _C,
      "A grant on tags or on all tables that reaches nothing that exists gives nothing today.",
      "I", _DG + "tag-based-access-control.html"),
)  # fmt: skip

BY_ID = {one.id: one for one in NORMALISATIONS}
ALWAYS = tuple(one for one in NORMALISATIONS if one.when is When.READING)

_READERS = "ReadOnlyAdmins"
_BY_AWS = Kind.SERVICE_LINKED_ROLE
_SAMPLE = 20
"""So many of the tables that a grant reaches are asked for the reason."""
_EXPLAINED = 50_000
"""So many rows are asked for their reason; beyond that the counts are of these."""


def equalities(declared: Lake, live: Lake, findings: Iterable[Finding] | None = None) -> tuple[Applied, ...]:
    """Say which normalisations made the two lakes equal where they are, by id.

    ``findings`` are those of ``compare`` on the same two lakes; without them the lakes are compared here. Rows about
    which there is a finding are not called equal, but for remarks of no weight (latent, redundant, made by AWS).
    """
    found = tuple(compare(declared, live).findings if findings is None else findings)
    tally = _Tally()
    sides = Sides(declared, live)
    told = _Told(found)
    mine, theirs = sides.index_declared, sides.index_live
    for one, other, is_live in ((theirs, mine, True), (mine, theirs, False)):
        for grant, wanted in islice(differences(one, other), _EXPLAINED):
            if grant.principal is None or told.covers(grant):
                continue
            why = ("N21",) if told.gone(grant) else _row(sides, grant, grant.principal, wanted, is_live=is_live)
            for name in sorted(set(why)):
                tally.add(name, _row_words(grant, sides, is_live=is_live))
    _filters(sides, tally)
    _expressions(sides, tally)
    _settings(sides, tally)
    _catalog(sides, tally)
    _tags(sides, tally)
    _others(sides, tally, told)
    return tally.applied()


class _Tally:
    def __init__(self) -> None:
        self._found: dict[str, tuple[int, str]] = {}

    def add(self, name: str, example: str) -> None:
        count, first = self._found.get(name, (0, example))
        self._found[name] = (count + 1, first)

    def applied(self) -> tuple[Applied, ...]:
        return tuple(
            Applied(BY_ID[name], count, spelling.shortened(spelling.printable(example), 200))
            for name, (count, example) in sorted(self._found.items())
        )


class _Told:
    """What findings of weight speak about."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        weighty = [one for one in findings if not _is_remark(one)]
        self._subjects = {(one.subject.principal, one.subject.resource) for one in weighty}
        self._evidence = {evidence for one in weighty for evidence in one.evidence}
        self._gone = {(one.subject.principal, one.subject.resource) for one in findings if one.rule == "FL161"}
        self.kinds = {one.subject.kind for one in weighty}
        self.rules = {one.rule for one in weighty}

    def covers(self, grant: Grant) -> bool:
        """Whether a finding of weight is about the row."""
        subject = (grant.principal, subject_of(grant.resource))
        return subject in self._subjects or (grant.evidence is not None and grant.evidence in self._evidence)

    def gone(self, grant: Grant) -> bool:
        """Whether the row is on what does not exist."""
        return (grant.principal, subject_of(grant.resource)) in self._gone


def _is_remark(finding: Finding) -> bool:
    if finding.verdict in (Verdict.LATENT, Verdict.POSTURE) or finding.rule == "FL141":
        return True
    who = finding.subject.principal
    return finding.verdict is Verdict.UNMANAGED and not finding.exposure and who is not None and kind_of(who) is _BY_AWS


def _row_words(grant: Grant, sides: Sides, *, is_live: bool) -> str:
    who = spelling.principal_words(grant.principal, home=sides.id.account)
    what = ", ".join(sorted(grant.permissions))
    return f"{'live' if is_live else 'declared'}: {who} has {what} on {spelling.words(grant.resource)}"


# --------------------------------------------------------------------------------------------------------------- grants
_Atom = tuple[Permission, bool]
_WRITES = frozenset({ALTER, DROP, DELETE, INSERT})


def _row(sides: Sides, grant: Grant, who: Principal, wanted: frozenset[_Atom], *, is_live: bool) -> Iterator[str]:
    """Yield the ids of what makes a row equal to what the other side has."""
    subject = subject_of(grant.resource)
    if is_live and (special := _special(sides, who, subject)):
        yield special
        return
    other = sides.index_declared if is_live else sides.index_live
    views = (sides.view_live, sides.view_declared) if is_live else (sides.view_live,)
    tables = list(islice(_reached(sides, grant), _SAMPLE))
    if not tables:
        found = list(_outside(sides, other, grant, who, wanted, views))
        idle = isinstance(grant.resource, TagPolicy | AllTables)
        yield from found or (["N46"] if idle else [])
        return
    for table in tables:
        own = access(other, views[0], who, table, only=grant)
        theirs = [access(other, view, who, table, condition=grant.condition) for view in views]
        for atom in wanted & own.others.keys():
            offer = next((found.others[atom] for found in theirs if atom in found.others), None)
            yield from _implied(atom) if offer is None else _between(grant, offer, views)
        if any(permission == SELECT for permission, _ in wanted):
            pieces = [piece for found in theirs for piece in found.pieces]
            yield from _shown(grant, own.pieces, pieces, views)
            if not pieces and any(permission in _WRITES for found in theirs for permission, _ in found.others):
                yield "N24"


def _special(sides: Sides, who: Principal, subject: Resource) -> str | None:
    """Rows that AWS itself makes, or that give nothing."""
    info = sides.live.tables.get(subject) if isinstance(subject, Table) else None
    known = sides.live.databases.get(subject) if isinstance(subject, Database) else None
    if (info and info.link_to) or (known and known.link_to):
        return "N18"
    if kind_of(who) is _BY_AWS:
        return "N16"
    database = subject if isinstance(subject, Database) else None
    made = [info] if info else [sides.live.tables[one] for one in sides.tables_of(database)] if database else []
    mine = [one.created_by for one in made if one.id in sides.declared.tables]
    return "N14" if mine and all(one and _same_role(one, who) for one in mine) else None


def _same_role(creator: str, who: Principal) -> bool:
    return creator == who or (role_name(creator) is not None and role_name(creator) == role_name(who))


def _reached(sides: Sides, grant: Grant) -> Iterable[Table]:
    match grant.resource:
        case Table() as table:
            return (table,)
        case TableColumns(table=table) | DataCellsFilter(table=table):
            return (table,)
        case AllTables() as tables:
            return sides.tables_of(tables.parent)
        case TagPolicy(resource_type="TABLE") as policy:
            body = sides.view_live.expression(policy)
            return () if body is None else (one for one in sides.tables() if sides.view_live.match(body, one))
        case AnyResource():
            return sides.tables()
        case Catalog() if SUPER_USER in grant.permissions:
            return sides.tables()
        case _:
            return ()


def _implied(atom: _Atom) -> tuple[str, ...]:
    return (("N25" if atom[1] else "N02"),) if atom[0] == DESCRIBE else ()


def _shown(grant: Grant, own: Sequence[Piece], theirs: Sequence[Piece], views: Sequence[View]) -> Iterator[str]:
    """Say through what the columns and rows of a grant are shown by others: by one alone if there is one."""
    others = list({(one.grant, one.columns, one.rows): one for one in theirs}.values())  # two views may say the same
    for piece in own:
        today = piece.columns - {FUTURE}
        whole = [one for one in others if today <= one.columns]
        alone = next((one for one in whole if one.rows in (ALL_ROWS, piece.rows)), None)
        chosen = [alone] if alone else whole or [one for one in others if today & one.columns]
        for one in chosen:
            yield from _between(grant, one.grant, views)
            if isinstance(one.rows, Where) and one.rows != piece.rows:
                yield "N20"
        if len(chosen) > 1 and not whole:
            yield "N27"


def _between(grant: Grant, offer: Grant, views: Sequence[View]) -> Iterator[str]:
    """Yield the ids of the differences between a row and one that gives the same."""
    if offer.principal != grant.principal:
        yield "N31"
    if offer.condition != grant.condition:
        yield "N35"
    match grant.resource, offer.resource:
        case DataCellsFilter(), _ if isinstance(offer.resource, Table | TableColumns | DataCellsFilter):
            yield "N34"
        case Table() | TableColumns(), DataCellsFilter():
            yield "N34"
        case Table() | TableColumns() as one, Table() | TableColumns() as two:
            table = one.table if isinstance(one, TableColumns) else one
            yield from _columns(_columns_of(one), _columns_of(two), [view.columns(table) for view in views])
        case AllTables(), Table() | TableColumns() | DataCellsFilter():
            yield "N08"
        case one, AllTables() if not isinstance(one, AllTables | TagPolicy):
            yield "N30"
        case TagPolicy() as one, TagPolicy() as two:
            if one != two:
                same = (one.saved is None) != (two.saved is None) and any(
                    view.expression(one) == view.expression(two) for view in views
                )
                yield "N12" if same else "N28"
        case TagPolicy(), _:
            yield "N09"
        case _, TagPolicy():
            yield "N09"
        case one, Catalog() | AnyResource() if one != offer.resource:
            yield "N32"
        case DataLocation() as one, DataLocation() as two if one != two:
            yield "N33"
        case LFTag() as one, LFTag() as two if one != two:
            yield "N45"
        case _:
            pass


def _columns_of(resource: Resource) -> Columns:
    return resource.columns if isinstance(resource, TableColumns) else EVERY_COLUMN


_Shape = tuple[frozenset[str], frozenset[str]] | None
"""A table's columns and partition keys, as far as they are known."""


def _columns(one: Columns, two: Columns, shapes: Sequence[_Shape]) -> Iterator[str]:
    """Yield the id of the difference between two ways to name columns of a table of one of these shapes."""
    if one == two:
        return
    if isinstance(one, Only) == isinstance(two, Only):
        yield "N27"
    elif EVERY_COLUMN not in (one, two):
        yield "N06"
    else:
        listed = frozenset[str]().union(*(some.names for some in (one, two) if isinstance(some, Only)))
        yield "N05" if any(shape is None or shape[0] <= listed for shape in shapes) else "N27"


def _outside(
    sides: Sides, other: Grants, grant: Grant, who: Principal, wanted: frozenset[_Atom], views: Sequence[View]
) -> Iterator[str]:
    """Explain a row on what is no table: a database, a catalog, a location, a tag, an object by its name."""
    offers = [
        offer
        for holder in groups_of(who)
        for offer in other.of(holder)
        if condition_fits(offer.condition, grant.condition) and _on_same(sides, grant.resource, offer.resource, views)
    ]
    for atom in wanted:
        giving = [offer for offer in offers if atom[0] in (offer.grantable if atom[1] else offer.permissions)]
        if not giving:
            yield from _implied(atom)
        for offer in giving:
            yield from _between(grant, offer, views)


def _on_same(sides: Sides, mine: Resource, theirs: Resource, views: Sequence[View]) -> bool:
    match mine, theirs:
        case DataLocation(arn=below), DataLocation(arn=above):
            return within(below, above)
        case LFTag() as one, LFTag() as two:
            return (one.catalog, one.key) == (two.catalog, two.key)
        case Database() as database, TagPolicy(resource_type="DATABASE") as policy:
            return any(_reaches(view, policy, database) for view in views)
        case TagPolicy(resource_type="DATABASE") as policy, Database() as database:
            return _reaches(sides.view_live, policy, database)
        case TagPolicy() as one, TagPolicy() as two:
            return one.resource_type == two.resource_type
        case Database(catalog=catalog), Catalog(catalog=above):
            return catalog_within(catalog, above)
        case Catalog(catalog=catalog), Catalog(catalog=above):
            return catalog_within(catalog, above)
        case _:
            return mine == theirs


def _reaches(view: View, policy: TagPolicy, database: Database) -> bool:
    body = view.expression(policy)
    return body is not None and matches(body, view.database_tags(database))


# ---------------------------------------------------------------------------------------------------------- other facts
def _filters(sides: Sides, tally: _Tally) -> None:
    for name, told in sides.declared.filters.items():
        now = sides.live.filters.get(name)
        if now is None or (told.columns, told.rows) == (now.columns, now.rows):
            continue
        types = sides.view_live.types(name.table)
        verdict = row_filters.compare([now.rows], [told.rows], types)
        known = sides.view_live.columns(name.table)
        shown = [_today(body.columns, known[0] if known else frozenset()) for body in (told, now)]
        words = spelling.words(name)
        if told.rows != now.rows and verdict.relation == "equal":
            tally.add(
                "N20", f"{words}: declared {_rows_words(told.rows)}, live {_rows_words(now.rows)} ({verdict.proof})"
            )
        if told.columns != now.columns and known and shown[0] == shown[1]:
            for id_ in _columns(told.columns, now.columns, [known]):
                tally.add(id_, f"{words}: columns")


def _rows_words(rows: Rows) -> str:
    return rows.text if isinstance(rows, Where) else "every row"


def _today(columns: Columns, names: frozenset[str]) -> frozenset[str]:
    return columns.names & names if isinstance(columns, Only) else names - columns.names


def _expressions(sides: Sides, tally: _Tally) -> None:
    for name, told in sides.declared.expressions.items():
        now = sides.live.expressions.get(name)
        if now is None or now.expression == told.expression:
            continue
        if always_within(now.expression, [told.expression]) and always_within(told.expression, [now.expression]):
            tally.add("N28", f"saved expression {spelling.words(name)}")


def _settings(sides: Sides, tally: _Tally) -> None:
    live = sides.live.settings[0] if sides.live.settings else None
    for declared in sides.declared.settings if live else ():
        assert live is not None
        told, now = dict(declared.members), dict(live.members)
        admins, more = told.get(_READERS), now.get(_READERS)
        for one in more if isinstance(more, frozenset) else ():
            if not (isinstance(admins, frozenset) and one in admins) and kind_of(Principal(one)) is _BY_AWS:
                tally.add("N16", f"{_READERS}: {one}")
        for name in sorted({*SETTINGS, *told, *now}):
            before, after = told.get(name), now.get(name)
            if before is None and after and name in ECHOED:
                tally.add("N22", f"{name} = {after}")
            elif (name in told) != (name in now) and not before and not after:
                tally.add("N36", f"{name} is left out on one side, empty on the other")


def _catalog(sides: Sides, tally: _Tally) -> None:
    for database, declared in sides.declared.databases.items():
        known = sides.live.databases.get(database)
        if known is None:
            continue
        if declared.table_defaults != known.table_defaults and not declared.table_defaults and not known.table_defaults:
            tally.add("N37", spelling.words(database))
        _parameters(tally, spelling.words(database), declared.parameters, known.parameters)
    for table, told in sides.declared.tables.items():
        now = sides.live.tables.get(table)
        if now is None:
            continue
        _parameters(tally, spelling.words(table), told.parameters, now.parameters)
        if told.view_text != now.view_text and told.view_text.split() == now.view_text.split():
            tally.add("N44", f"view {spelling.words(table)}")


_Parameters = tuple[tuple[str, str], ...]


def _parameters(tally: _Tally, words: str, told: _Parameters, now: _Parameters) -> None:
    more = sorted({name for name, _ in now} - {name for name, _ in told})
    if more:
        tally.add("N38", f"{words}: {', '.join(more)}")


def _tags(sides: Sides, tally: _Tally) -> None:
    """Count values that one side assigns to an object which on the other inherits the same."""
    pairs = (("live", sides.live, sides.declared, sides.view_declared),
             ("declared", sides.declared, sides.live, sides.view_live))  # fmt: skip
    for side, lake, other, view in pairs:
        for target, held in lake.assignments.items():
            there = other.assignments.get(target, {})
            for key, one in held.items():
                if key not in there and _effective(view, target).get(key) == one.value:
                    tally.add("N29", f"{side}: {key} = {one.value} on {spelling.words(target)}")


def _effective(view: View, target: TagTarget) -> Mapping[str, str]:
    match target:
        case Database():
            return view.database_tags(target)
        case Table():
            return view.table_tags(target)
        case ColumnRef(table=table, column=column):
            return view.column_tags(table, column)
        case Catalog():
            return view.own_tags(target)


def _others(sides: Sides, tally: _Tally, told: _Told) -> None:
    declared, live = sides.declared, sides.live
    texts = [{one.text for one in lake.policies} for lake in (declared, live)]
    if all(texts) and texts[0] != texts[1] and "policy" not in told.kinds:
        tally.add("N40", "the catalog's resource policy")
    if "FL123" not in told.rules:
        there = {(one.principal, subject_of(one.resource), one.condition) for one in live.optins}
        for optin in declared.optins:
            if optin.principal and (optin.principal, subject_of(optin.resource), optin.condition) not in there:
                who = spelling.principal_words(optin.principal, home=sides.id.account)
                tally.add("N41", f"{who} on {spelling.words(optin.resource)}")
    if "location" not in told.kinds:
        for arn, location in declared.locations.items():
            now = live.locations.get(arn)
            if now is not None and location.role is None and now.role is not None:
                tally.add("N42", f"{arn}: {now.role}")
