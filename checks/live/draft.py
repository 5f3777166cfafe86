"""One lake while it is being read: each answer's rows become nouns at once, pages are not kept."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

import msgspec

from checks import normal
from checks.grants import BY_KIND, TARGETED, UNFILTERED, Grants
from checks.live import shapes
from checks.live.decode import MalformedError, Spec, decode, piece
from checks.live.listing import END, Listing
from checks.live.permissions import PermissionRows
from checks.model import (
    Assignment,
    Catalog,
    CatalogInfo,
    Column,
    ColumnRef,
    Database,
    DatabaseInfo,
    DataCellsFilter,
    Evidence,
    ExpressionBody,
    Facts,
    FilterBody,
    Function,
    FunctionInfo,
    Gap,
    IdentityCenter,
    Lake,
    LakeId,
    Location,
    OptIn,
    PartitionPlace,
    Resource,
    ResourcePolicy,
    RLSAttachment,
    SavedExpression,
    Settings,
    Side,
    Table,
    TableInfo,
    TagInfo,
    TagPolicy,
    TagTarget,
    UnknownResource,
)
from checks.semantics import PERMISSIONS, within

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from checks.grants import Pool
    from checks.live.answer import Answer, Listed
    from checks.live.permissions import Careful
    from checks.model import Caller

Call = tuple[str, str]
"""Service and operation."""


_CACHED_ROWS = 100_000
_CACHED_LAYOUTS = 4_000
_LONG_ROW = 600
"""Bytes of a row that it pays to recognise."""
_MAX_GAPS = 200
_PAGING = frozenset({"NextToken", "MaxResults"})
_IDLE: Final[Mapping[str, object]] = {
    "ResourceShareType": "ALL",
    "IncludeRelated": "FALSE",
    "Recursive": True,
    "IncludeRoot": True,
    "IncludeStatusDetails": False,
}
"""Request members that leave a listing whole."""

BY_TYPE: Final = frozenset({"ResourceType"})
"""The members of a request for the grants on one kind of resource, apart from paging."""
RESOURCE_TAGS: Final[Call] = ("lakeformation", "GetResourceLFTags")
TAGS: Final[Call] = ("lakeformation", "ListLFTags")
ENCRYPTION: Final[Call] = ("glue", "GetDataCatalogEncryptionSettings")
FUNCTIONS: Final[Call] = ("glue", "GetUserDefinedFunctions")
IDENTITY_CENTER: Final[Call] = ("lakeformation", "DescribeLakeFormationIdentityCenterConfiguration")
ROLE: Final[Call] = ("iam", "GetRole")
PARTITIONS: Final[Call] = ("glue", "GetPartitions")

NOT_FOUND: Final[Mapping[Call, frozenset[str]]] = {
    ("glue", "GetResourcePolicy"): frozenset({"EntityNotFoundException"}),
    IDENTITY_CENTER: frozenset({"EntityNotFoundException"}),
    ROLE: frozenset({"NoSuchEntity", "NoSuchEntityException"}),
}
"""Where "there is none" is an answer (contract §6.11)."""


def partition_of(region: str) -> str:
    """Return the AWS partition of a region: ``aws-cn``, ``aws-us-gov``, … or ``aws``."""
    prefixes = {"cn-": "aws-cn", "us-gov-": "aws-us-gov", "us-isob-": "aws-iso-b", "us-isof-": "aws-iso-f",
                "us-iso-": "aws-iso", "eu-isoe-": "aws-iso-e", "eusc-": "aws-eusc"}  # fmt: skip
    return next((found for prefix, found in prefixes.items() if region.startswith(prefix)), "aws")


class Gaps:
    """Gaps, each once; beyond a limit of one kind they are counted, not kept."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], dict[Gap, None]] = {}
        self._more: Counter[tuple[str, str]] = Counter()

    def add(self, gap: Gap) -> None:
        """Keep *gap*, unless the same is known."""
        key = (gap.source, gap.facts.value)
        known = self._found.setdefault(key, {})
        if gap in known:
            return
        if len(known) < _MAX_GAPS:
            known[gap] = None
        else:
            self._more[key] += 1

    def all(self) -> tuple[Gap, ...]:
        """Return the gaps in a steady order."""
        gaps = [gap for known in self._found.values() for gap in known]
        gaps += [Gap(Side.LIVE, source, f"and {count} more of this kind", Facts(facts))
                 for (source, facts), count in self._more.items()]  # fmt: skip
        return tuple(sorted(gaps, key=lambda gap: (gap.facts.value, gap.source, gap.reason, repr(gap.scope))))


@dataclass(slots=True)
class Tally:
    """What one operation was asked and gave. A row that came is ``used``, or counted in ``unused``."""

    calls: int = 0
    pages: int = 0
    rows: int = 0
    used: int = 0
    errors: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    unused: Counter[str] = field(default_factory=Counter)
    broken: bool = False


class Draft:
    """The lake of one account and region, so far."""

    def __init__(self, account: str, region: str, pool: Pool | None = None) -> None:
        """Start empty; *pool* numbers what grants name, and is shared by sides that are to be compared."""
        self.id = LakeId(partition_of(region), account, region)
        self.gaps = Gaps()
        self.tallies: dict[Call, Tally] = {}
        self.listings: dict[Call, dict[str, Listing]] = {}
        self.identity: str | None = None
        self.session: str | None = None
        self.settings: dict[Settings, str] = {}
        self.tags: dict[str, TagInfo] = {}
        self.databases: dict[Database, DatabaseInfo] = {}
        self.tables: dict[Table, TableInfo] = {}
        self.catalogs: dict[Catalog, CatalogInfo] = {}
        self.hits: dict[str, set[str]] = {}
        """The LF-tag keys by which each kind of search found something."""
        self.conflicts = False
        """Whether two answers about LF-tags disagree."""
        self.rls_bodies: dict[str, bool] = {}
        """Row-level security policies, and whether an answer held their body."""
        self.grants = Grants(pool)
        self._permission_rows = PermissionRows(self.grants)
        self._resources: dict[Resource, Resource] = {}
        self._pairs: dict[bytes, dict[str, str]] = {}
        self._columns: dict[bytes, Column] = {}
        self._told_of: dict[tuple[str, str], dict[str, str]] = {}
        """The tags last read of a database beside one of its tables."""
        self._layouts: dict[bytes, tuple[Column, ...]] = {}
        self._seen: set[bytes] = set()
        self._nouns: dict[tuple[str, str, str], Table] = {}
        self._unknown: set[str] = set()
        self._through: dict[Table, Database] = {}
        self._assignments: dict[TagTarget, dict[str, Assignment]] = {}
        self.expressions: dict[SavedExpression, ExpressionBody] = {}
        self.filters: dict[DataCellsFilter, FilterBody] = {}
        self.locations: dict[str, Location] = {}
        self.optins: dict[OptIn, OptIn] = {}
        self.policies: dict[ResourcePolicy, ResourcePolicy] = {}
        self.rls: dict[RLSAttachment, RLSAttachment] = {}
        self.identity_centers: dict[str, IdentityCenter] = {}
        self.root_catalog: CatalogInfo | None = None
        self.roles: dict[str, bool] = {}
        """Names of the account's roles that were asked for, and whether an answer held the role."""
        self.partitions: dict[tuple[Table, str], PartitionPlace] = {}
        self.default_rls: dict[Table, tuple[str, Evidence]] = {}
        """The default row-level policy that Glue shows of a table."""
        self.functions: dict[Function, FunctionInfo] = {}
        self.encryption: str | None = None
        """How the catalog's metadata is encrypted, in AWS's word; None where nobody said."""
        self.policy_of: dict[str, set[str]] = {}
        """The resource policies that each operation answered."""
        self.tag_listings: Counter[str] = Counter()
        """How often LF-tags were listed, by request."""
        self.tag_pages: dict[str, dict[str, set[tuple[frozenset[tuple[str, ...]], str]]]] = {}
        """Listings of LF-tags: request → token → what that page held, and the token it carried."""
        self.disagreeing: set[Table | Database] = set()
        """Where what was asked of one object is not what searches found of it."""
        self._told: dict[TagTarget, dict[str, Assignment]] = {}
        """What was asked of one object at a time: it wins over what searches find."""

    @property
    def account(self) -> str:
        """The lake's account."""
        return self.id.account

    # -------------------------------------------------------------------------------------------------------- answers
    def add(self, answer: Answer, *, counted: bool = True) -> None:
        """Take one answer in; *counted* is False for one that another lake's ledger already counts."""
        call = answer.service, answer.operation
        tally = self.tallies.setdefault(call, Tally()) if counted else Tally()
        tally.calls += 1
        listing = self._listing(call, answer.request)
        asked = answer.request.get("NextToken") or ""
        asked = asked if isinstance(asked, str) else json.dumps(asked)
        failure = answer.error
        if answer.response is None or failure is not None:
            if failure is not None and failure.code in NOT_FOUND.get(call, ()):
                tally.pages += 1
                listing.page(asked, END)
                if call == ROLE and isinstance(name := answer.request.get("RoleName"), str):
                    self.roles.setdefault(name, False)
            elif failure is not None:
                tally.errors.add(f"{failure.code}: {failure.message}" if failure.message else failure.code)
                listing.fail(asked, failure)
            return
        tally.pages += 1
        reader = READERS.get(call)
        if reader is None:
            if call == ROLE and isinstance(name := answer.request.get("RoleName"), str):
                self.roles[name] = True
            listing.page(asked, _token(answer.response))
            return
        try:
            found = decode(reader.spec, answer.response)
        except MalformedError as error:
            self._broken(answer, tally, reader.facts, "/response", str(error))
            return
        listing.page(asked, found.token)
        tally.unknown |= found.unknown
        tally.rows += len(found.rows) + len(found.broken)
        for pointer, reason in found.broken:
            self._broken(answer, tally, reader.facts, pointer, reason, rows=1)
        if call == TAGS:
            self._tag_page(answer.request, asked, found.token, found.rows)
        skip = reader.unused(answer.request)
        if skip:
            tally.unused[skip] += len(found.rows)
            return
        if reader.page is not None:
            reader.page(self, found.rows, answer, tally)
        for index, row in found.rows if reader.page is None else ():
            pointer = _pointer(reader.spec.member, index)
            try:
                unused = reader.take(self, row, Evidence(Side.LIVE, answer.line, pointer), answer)
            except normal.NotUnderstoodError as error:
                self._broken(answer, tally, reader.facts, pointer, str(error), rows=1)
                continue
            if unused:
                tally.unused[unused] += 1
            else:
                tally.used += 1
        tally.unknown |= self._unknown
        self._unknown.clear()

    def take(self, page: Listed) -> bool:
        """Take a page of ListPermissions in, if each of its rows is understood; else change nothing."""
        answer = page.envelope
        call = answer.service, answer.operation
        reader = READERS.get(call)
        if reader is None or reader.page is None or answer.response is None or reader.unused(answer.request):
            return False
        rows, silent = self._permission_rows, self._permission_rows.silent
        taken = rows.take_plain(
            page.rows, self._home(answer), answer.line,
            careful=self._careful(call), heard=self._heard, asked=self._asked(answer),
        )  # fmt: skip
        if taken is None:
            return False
        self.add(answer)
        tally = self.tallies[call]
        tally.rows += len(page.rows)
        self._told_grants(tally, taken, silent)
        return True

    def _listing(self, call: Call, request: Mapping[str, Any]) -> Listing:
        kept = {
            name: value.lower() if name == "DatabaseName" and isinstance(value, str) else value
            for name, value in request.items()
            if name not in _PAGING and value is not None and _IDLE.get(name, _PAGING) != value
            and not (name == "CatalogId" and value == self.account)
        }  # fmt: skip
        key = normal.canonical_json(kept)
        listings = self.listings.setdefault(call, {})
        if key not in listings:
            listings[key] = Listing(kept)
        return listings[key]

    def _tag_page(self, request: Mapping[str, Any], asked: str, token: str, rows: list[tuple[int, Any]]) -> None:
        kept = normal.canonical_json({name: value for name, value in request.items() if name not in _PAGING})
        self.tag_listings[kept] += not asked
        held = frozenset((row.get("CatalogId") or "", row["TagKey"], *sorted(row["TagValues"])) for _, row in rows)
        self.tag_pages.setdefault(kept, {}).setdefault(asked, set()).add((held, token))

    def _broken(self, answer: Answer, tally: Tally, facts: Facts, pointer: str, reason: str, rows: int = 0) -> None:
        tally.broken = True
        if rows:
            tally.unused[MALFORMED] += rows
        evidence = Evidence(Side.LIVE, answer.line, pointer)
        text = f"line {answer.line} {pointer}: {reason}"
        self.gaps.add(Gap(Side.LIVE, f"{answer.service}:{answer.operation}", text, facts, evidence=evidence))

    def gap(self, call: Call, reason: str, facts: Facts, scope: Resource | None = None) -> None:
        """Note something that was not read or not understood."""
        self.gaps.add(Gap(Side.LIVE, ":".join(call), reason, facts, scope))

    # --------------------------------------------------------------------------------------------------------- grants
    def take_grants(self, rows: list[tuple[int, shapes.PermissionRow]], answer: Answer, tally: Tally) -> None:
        """Take a page of ListPermissions."""
        silent = self._permission_rows.silent

        def broken(index: int, reason: str) -> None:
            pointer = f"/response/PrincipalResourcePermissions/{index}"
            self._broken(answer, tally, Facts.GRANTS, pointer, reason, rows=1)

        taken = self._permission_rows.take(
            rows, self._home(answer), answer.line, careful=self._careful((answer.service, answer.operation)),
            piece=self.piece, heard=self._heard, broken=broken, asked=self._asked(answer),
        )  # fmt: skip
        self._told_grants(tally, taken, silent)

    def _told_grants(self, tally: Tally, taken: int, silent: int) -> None:
        """Count the rows that were taken, and those that were silent since there were *silent*."""
        tally.used += taken
        if self._permission_rows.silent > silent:
            tally.unused["they grant nothing"] += self._permission_rows.silent - silent

    def _home(self, answer: Answer) -> str:
        """Return the catalog of what names none."""
        catalog = answer.request.get("CatalogId")
        return catalog if isinstance(catalog, str) else self.account

    def _asked(self, answer: Answer) -> int:
        """Say how grants were asked for."""
        filters = self._listing((answer.service, answer.operation), answer.request).request.keys()
        return BY_KIND if filters == BY_TYPE else TARGETED if filters else UNFILTERED

    def _heard(self, names: set[str]) -> None:
        self._unknown |= {f"permission {name}" for name in names - PERMISSIONS}

    def _careful(self, call: Call) -> Careful:
        return lambda union, home: self.resource(union, call, home, Facts.GRANTS)

    def resource(self, union: Mapping[str, Any], call: Call, home: str, facts: Facts) -> Resource:
        """Read a ``Resource`` of the catalog *home*; one that is not known is kept, and noted as not understood."""
        found = normal.resource(union, home)
        try:
            msgspec.convert(union, shapes.Resource)
        except msgspec.ValidationError:
            found = UnknownResource(self.account, normal.canonical_json(union))
        found = self._resources.setdefault(found, found)
        if isinstance(found, UnknownResource):
            members = ", ".join(f"`{name}`" for name in sorted(union)) or "no member"
            self.gap(call, f"a resource with {members} is not understood", facts, found)
        return found

    # ----------------------------------------------------------------------------------------------------------- tags
    def assign(self, target: TagTarget, key: str, value: str, evidence: Evidence, *, told: bool = False) -> None:
        """Note that *target* carries a tag. An object has one value of a key: two answers that differ are a gap.

        *told*: it was asked for on its own, not searched for.
        """
        held = (self._told if told else self._assignments).setdefault(target, {})
        known = held.get(key)
        if known is None or value < known.value:
            held[key] = Assignment(target, key, value, evidence)
        if known is not None and known.value != value:
            scope = target.table if isinstance(target, ColumnRef) else target
            self.gap(("lakeformation", "GetResourceLFTags"), f"two answers disagree on LF-tag `{key}`: it was changed "
                     "while the lake was read", Facts.ASSIGNMENTS, scope)  # fmt: skip
            self.conflicts = True

    def take_tags(
        self, table: Table, row: shapes.TaggedTable | shapes.TagsAnswer, evidence: Evidence, *, told: bool = False
    ) -> set[str]:
        """Take the tags of a table and its columns, and return their keys.

        A column's tag that its table has too says nothing more; of millions of columns only the others are kept.
        """
        above, own = self.pairs(row.LFTagOnDatabase), self.pairs(row.LFTagsOnTable)
        store = self._told if told else self._assignments
        if told:
            store.setdefault(table, {})
        if above:
            # The tables of a database come one after the other, and each repeats the database's tags.
            place = (table.catalog, table.database)
            if told or self._told_of.get(place) is not above:
                if not told:
                    self._told_of[place] = above
                parent = table.parent
                for key, value in above.items():
                    self.assign(parent, key, value, evidence, told=told)
        if own:
            held = store.get(table)
            if held is None:
                held = store[table] = {}
            for key, value in own.items():
                known = held.get(key)
                if known is None:
                    held[key] = Assignment(table, key, value, evidence)
                elif known.value != value:
                    self.assign(table, key, value, evidence, told=told)
        found = {*above, *own}
        if row.LFTagsOnColumns:
            inherited = {**above, **own}
            for column in row.LFTagsOnColumns:
                pairs = self.pairs(column.LFTags)
                if pairs == inherited:
                    continue
                found |= pairs.keys()
                for key, value in pairs.items():
                    if inherited.get(key) != value:
                        where = ColumnRef(table, normal.column_name(column.Name))
                        self.assign(where, key, value, evidence, told=told)
        return found

    def tell(self, target: Database) -> None:
        """Note that a database's tags were asked for on their own."""
        self._told.setdefault(target, {})

    def settle_tags(self) -> None:
        """Let what was asked of one object win over what searches found of it, and note where the two disagree."""
        columns: dict[Table, set[ColumnRef]] = {}
        for store in (self._assignments, self._told):
            for target in store:
                if isinstance(target, ColumnRef) and target.table in self._told:
                    columns.setdefault(target.table, set()).add(target)
        searched = {Database: self._searched(_SEARCH_DATABASES), Table: self._searched(_SEARCH_TABLES)}
        for target in list(self._told):
            if isinstance(target, ColumnRef):
                continue
            around = columns.get(target, set()) if isinstance(target, Table) else set()
            parents = (target.parent,) if isinstance(target, Table) else ()
            if self._same_tags(target, around, parents):
                continue
            keys = searched.get(type(target), frozenset())
            if isinstance(target, Table | Database) and not self._same_tags(target, around, parents, keys):
                self.disagreeing.add(target)
            for one in (target, *around):
                self._assignments.pop(one, None)
                if told := self._told.get(one):
                    self._assignments[one] = told

    def _searched(self, search: Call) -> frozenset[str]:
        """Return the keys of LF-tags by which objects were searched for, each search to its end."""
        ended: dict[str, bool] = {}
        for listing in self.listings.get(search, {}).values():
            for key, _ in normal.tag_expression(pairs_of(listing)):
                ended[key] = ended.get(key, True) and listing.missing("") is None
        return frozenset(key for key, whole in ended.items() if whole)

    def _same_tags(
        self, target: TagTarget, around: set[ColumnRef], parents: tuple[Database, ...],
        keys: frozenset[str] | None = None,
    ) -> bool:  # fmt: skip
        """Whether searches give an object and its columns the same tags of *keys*, inherited ones included."""
        above = {key: one.value for parent in parents for store in (self._assignments, self._told)
                 for key, one in store.get(parent, {}).items()}  # fmt: skip
        for one in (target, *around):
            found, told = ({**above, **_values(store.get(target)), **_values(store.get(one))}
                           for store in (self._assignments, self._told))  # fmt: skip
            if any(
                found.get(key) != told.get(key) for key in found.keys() | told.keys() if keys is None or key in keys
            ):
                return False
        return True

    def pairs(self, data: msgspec.Raw | msgspec.UnsetType) -> dict[str, str]:
        """Read assigned tags; an object has one value of a key (lake-formation dg, TBAC-assigning-tags)."""
        if data is msgspec.UNSET:
            return {}
        text = bytes(data)
        known = self._pairs.get(text)
        if known is None:
            if len(self._pairs) >= _CACHED_ROWS:
                self._pairs.clear()
            known = {}
            for pair in self.piece(list[shapes.Pair] | None, data, "LFTags") or ():
                if len(pair.TagValues) != 1:
                    raise normal.NotUnderstoodError("an object carries other than one value of an LF-tag")
                known[normal.tag_key(pair.TagKey)] = normal.tag_value(pair.TagValues[0])
            self._pairs[text] = known
        return known

    def columns(self, data: msgspec.Raw | msgspec.UnsetType) -> tuple[Column, ...]:
        """Read a list of columns; a lake repeats lists and columns, so each distinct text is read once."""
        if data is msgspec.UNSET:
            return ()
        whole = bytes(data)
        known = self._layouts.get(whole)
        if known is None:
            if len(self._layouts) >= _CACHED_LAYOUTS:
                self._layouts.clear()
            listed = self.piece(list[msgspec.Raw] | None, data, "Columns")
            known = self._layouts[whole] = tuple(self._column(one) for one in listed or ())
        return known

    def _column(self, data: msgspec.Raw) -> Column:
        text = bytes(data)
        known = self._columns.get(text)
        if known is None:
            if len(self._columns) >= _CACHED_ROWS:
                self._columns.clear()
            one = self.piece(shapes.ColumnRow, data, "Columns")
            known = normal.column(one.Name, one.Type or "", one.Comment or "", normal.parameters(one.Parameters))
            self._columns[text] = known
        return known

    def table_named(self, catalog: str, database: str, name: str) -> Table:
        """Return a table by names as an answer spells them, the same object each time."""
        key = (catalog, database, name)
        known = self._nouns.get(key)
        if known is None:
            known = Table(catalog, normal.database_name(database), normal.table_name(name))
            self._nouns[key] = known
        return known

    def again(self, row: msgspec.Raw) -> bool:
        """Whether a row was seen before, byte for byte: a search for each key finds most tables several times."""
        if memoryview(row).nbytes < _LONG_ROW:
            return False
        digest = blake2b(row, digest_size=16).digest()
        if digest in self._seen:
            return True
        self._seen.add(digest)
        return False

    def piece(self, kind: Any, data: msgspec.Raw, path: str) -> Any:
        """Decode a member that was left as it came; see ``decode.piece``."""
        try:
            return piece(kind, data, path, self._unknown)
        except MalformedError as error:
            raise normal.NotUnderstoodError(str(error)) from None

    # ---------------------------------------------------------------------------------------------------------- other
    def put_table(self, info: TableInfo, asked: Database) -> None:
        """Add a table that the listing of *asked* holds."""
        self.tables[info.id] = info
        if self._through.get(info.id) != info.id.parent:
            self._through[info.id] = asked

    def drop_linked_tables(self) -> None:
        """Leave out tables that were seen through a resource link: they are another lake's, or listed on their own."""
        for table, asked in self._through.items():
            info = self.databases.get(asked)
            if table.parent != asked and (table.database != asked.name or (info is not None and info.link_to)):
                del self.tables[table]
                tally = self.tallies[_TABLES]
                tally.unused["tables seen through a resource link"] += 1
                tally.used -= 1

    def lake(self, caller: Caller) -> Lake:
        """Return what was read."""
        return Lake(
            self.id,
            self.grants,
            self.databases,
            self.tables,
            self.tags,
            self._assignments,
            self.expressions,
            self.filters,
            self.latest_settings(),
            self.locations,
            tuple(self.optins),
            tuple(sorted(self.policies, key=lambda one: one.text)),
            (*self.rls, *self._default_attachments()),
            self.gaps.all(),
            caller,
            catalogs=self.catalogs,
            identity_centers=tuple(one for _, one in sorted(self.identity_centers.items())),
            identity_center_read=any(
                one.missing("") is None for one in self.listings.get(IDENTITY_CENTER, {}).values()
            ),
            missing_roles=frozenset((self.account, name) for name, exists in self.roles.items() if not exists),
            partitions=self._partitions_elsewhere(),
            root_catalog=self.root_catalog,
            functions=self.functions,
        )

    def _default_attachments(self) -> list[RLSAttachment]:
        """Return the default policies that Glue shows and the listing of attachments does not.

        A default policy covers every principal (lakeformation, AttachRLSPolicy: SetDefault), so none is named; one
        that a tag policy gives to its tables is in the listing under the tag policy.
        """
        listed = {(one.policy, one.resource) for one in self.rls if one.default}
        by_tags = {one.policy for one in self.rls if one.default and isinstance(one.resource, TagPolicy)}
        return [
            RLSAttachment(policy, table, None, default=True, evidence=evidence)
            for table, (policy, evidence) in sorted(self.default_rls.items(), key=lambda one: str(one[0]))
            if table in self.tables and policy not in by_tags and (policy, table) not in listed
        ]

    def _partitions_elsewhere(self) -> tuple[PartitionPlace, ...]:
        """Return the partitions whose files do not lie where their table's do."""
        return tuple(
            one
            for (table, place), one in sorted(self.partitions.items(), key=str)
            if (info := self.tables.get(table)) is None
            or not any(within(place, home) for home in (info.location, *info.additional) if home)
        )

    def latest_settings(self) -> tuple[Settings, ...]:
        """Return the settings as last answered: a lake has one."""
        last = max(self.settings.items(), key=lambda one: (one[1], repr(one[0].members)), default=None)
        return () if last is None else (last[0],)


# ------------------------------------------------------------------------------------------------------------ readers
@dataclass(frozen=True, slots=True)
class Reader:
    """How an operation's answers become facts.

    ``take`` gets one row and returns why it is not used, or None. ``unused`` says why a request's rows are not used at
    all (a partial or computed answer), or None.
    """

    spec: Spec
    facts: Facts
    take: Callable[[Draft, Any, Evidence, Answer], str | None]
    unused: Callable[[Mapping[str, Any]], str | None] = lambda _: None
    page: Callable[[Draft, list[tuple[int, Any]], Answer, Tally], None] | None = None
    """In place of ``take``, for the listing of a million rows: takes a page."""


MALFORMED: Final = "malformed"
_SEARCH_DATABASES: Final = ("lakeformation", "SearchDatabasesByLFTags")
_SEARCH_TABLES: Final = ("lakeformation", "SearchTablesByLFTags")
_TABLES: Final = ("glue", "GetTables")
_TABLE_MEMBERS: Final = ("Name", "Description", "TableType", "Parameters", "ViewOriginalText", "ViewExpandedText",
                         "CreatedBy", "IsRegisteredWithLakeFormation")  # fmt: skip
"""What ``normal.table_info_of`` reads of a table, as it is."""
_loads = msgspec.json.Decoder().decode


@cache
def _pointers(member: str) -> list[str]:
    return [f"/response/{member}/{index}" for index in range(1000)]


def _pointer(member: str | None, index: int) -> str:
    if member is None:
        return "/response"
    known = _pointers(member)
    return known[index] if index < len(known) else f"/response/{member}/{index}"


def _token(response: bytes) -> str:
    """Find the token of an answer nobody modelled."""
    try:
        page = _loads(response)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return END
    token = page.get("NextToken") if isinstance(page, dict) else None
    return token if isinstance(token, str) else END


def _catalog_of(draft: Draft, named: str | None, answer: Answer) -> str:
    asked = answer.request.get("CatalogId")
    return named or (asked if isinstance(asked, str) else None) or draft.account


def _take_caller(draft: Draft, row: Mapping[str, Any], _: Evidence, __: Answer) -> str | None:
    draft.session = row["Arn"]
    return None


def _take_identity(draft: Draft, row: Mapping[str, Any], _: Evidence, __: Answer) -> str | None:
    draft.identity = row["Identity"]
    return None


def _take_settings(draft: Draft, _: Mapping[str, Any], evidence: Evidence, answer: Answer) -> str | None:
    # The members are taken from the answer itself: one that nobody modelled may open the lake, and is kept.
    members = _loads(answer.response or b"{}")["DataLakeSettings"]
    where = Evidence(Side.LIVE, evidence.line, "/response/DataLakeSettings")
    found = normal.settings(members, where)
    draft.settings[found] = max(answer.at, draft.settings.get(found, ""))
    return None


def _take_tag(draft: Draft, row: Mapping[str, Any], evidence: Evidence, _: Answer) -> str | None:
    if row.get("CatalogId") not in (None, draft.account):
        return "LF-tags of other accounts"
    found = normal.tag_info(row["TagKey"], row["TagValues"], evidence)
    known = draft.tags.get(found.key)
    draft.tags[found.key] = found if known is None else TagInfo(found.key, known.values | found.values, known.evidence)
    return None


def _take_expression(draft: Draft, row: Mapping[str, Any], evidence: Evidence, _: Answer) -> str | None:
    body = normal.expression_body(row, draft.account, evidence)
    draft.expressions.setdefault(body.id, body)
    return None


def _take_filter(draft: Draft, row: Mapping[str, Any], evidence: Evidence, _: Answer) -> str | None:
    body = normal.filter_body(row, draft.account, evidence)
    draft.filters.setdefault(body.id, body)
    return None


def _take_location(draft: Draft, row: Mapping[str, Any], evidence: Evidence, _: Answer) -> str | None:
    found = normal.registered(row, evidence)
    draft.locations.setdefault(found.arn, found)
    return None


def _on(draft: Draft, union: Mapping[str, Any], answer: Answer, facts: Facts) -> Resource:
    catalog = answer.request.get("CatalogId")
    home = catalog if isinstance(catalog, str) else draft.account
    return draft.resource(union, (answer.service, answer.operation), home, facts)


def _take_optin(draft: Draft, row: Mapping[str, Any], evidence: Evidence, answer: Answer) -> str | None:
    who = normal.principal(row["Principal"]["DataLakePrincipalIdentifier"])
    on = _on(draft, row["Resource"], answer, Facts.OPTINS)
    found = OptIn(who, on, normal.condition(row.get("Condition")), evidence)
    draft.optins.setdefault(found, found)
    return None


def _take_rls(draft: Draft, row: Mapping[str, Any], _: Evidence, __: Answer) -> str | None:
    name = row["Name"].lower()
    draft.rls_bodies[name] = draft.rls_bodies.get(name, False) or bool(row.get("FilterExpression"))
    return None


def _take_one_rls(draft: Draft, row: Mapping[str, Any], evidence: Evidence, answer: Answer) -> str | None:
    return _take_rls(draft, row["RLSPolicy"], evidence, answer)


def _take_attachment(draft: Draft, row: Mapping[str, Any], evidence: Evidence, answer: Answer) -> str | None:
    who = (row.get("Principal") or {}).get("DataLakePrincipalIdentifier")
    on = _on(draft, row["Resource"], answer, Facts.RLS)
    condition = normal.condition(row.get("Condition"))
    found = RLSAttachment(row["PolicyName"].lower(), on, normal.principal(who) if who else None,
                          bool(row.get("DefaultRLSPolicy")), evidence, condition)  # fmt: skip
    draft.rls.setdefault(found, found)
    return None


def _take_identity_center(draft: Draft, row: Mapping[str, Any], evidence: Evidence, _: Answer) -> str | None:
    filtering = row.get("ExternalFiltering") or {}
    enabled = filtering.get("Status") not in (None, "DISABLED")
    recipients = {one["DataLakePrincipalIdentifier"] for one in row.get("ShareRecipients") or ()}
    targets = set(filtering.get("AuthorizedTargets") or ()) if enabled else set()
    instance = row["InstanceArn"]
    known = draft.identity_centers.get(instance)
    if known is not None:  # asked more than once: what either answer shows
        recipients, targets = recipients | known.recipients, targets | known.targets
        evidence = known.evidence or evidence
    draft.identity_centers[instance] = IdentityCenter(instance, evidence, frozenset(recipients), frozenset(targets))
    return None


def _take_tagged_database(draft: Draft, row: shapes.TaggedDatabase, evidence: Evidence, answer: Answer) -> str | None:
    name = row.Database
    target = Database(_catalog_of(draft, name.CatalogId, answer), normal.database_name(name.Name))
    for key, value in draft.pairs(row.LFTags).items():
        draft.assign(target, key, value, evidence)
        draft.hits.setdefault(answer.operation, set()).add(key)
    return None


def _take_tagged_table(
    draft: Draft, found: shapes.TaggedTable | msgspec.Raw, evidence: Evidence, answer: Answer
) -> str | None:
    if isinstance(found, msgspec.Raw):
        if draft.again(found):
            return None
        row: shapes.TaggedTable = draft.piece(shapes.TaggedTable, found, "TableList[]")
    else:
        row = found
    name = row.Table
    table = draft.table_named(_catalog_of(draft, name.CatalogId, answer), name.DatabaseName, name.Name)
    draft.hits.setdefault(answer.operation, set()).update(draft.take_tags(table, row, evidence))
    return None


def _take_resource_tags(draft: Draft, row: shapes.TagsAnswer, evidence: Evidence, answer: Answer) -> str | None:
    on = asked_for(draft, answer.request)
    if isinstance(on, Table):
        draft.take_tags(on, row, evidence, told=True)
        return None
    if isinstance(on, Database):
        draft.tell(on)
        for key, value in draft.pairs(row.LFTagOnDatabase).items():
            draft.assign(on, key, value, evidence, told=True)
        return None
    return "LF-tags of something that is neither a database nor a table"


def asked_for(draft: Draft, request: Mapping[str, Any]) -> Database | Table | None:
    """Return the database or table that a request names."""
    on = resource_of(draft, request)
    return on if isinstance(on, Database | Table) else None


def resource_of(draft: Draft, request: Mapping[str, Any]) -> Resource | None:
    """Return the resource that a request names."""
    union = request.get("Resource")
    if not isinstance(union, dict):
        return None
    catalog = request.get("CatalogId")
    try:
        msgspec.convert(union, shapes.Resource)
    except msgspec.ValidationError:
        return None
    on = normal.resource(union, catalog if isinstance(catalog, str) else draft.account)
    return None if isinstance(on, UnknownResource) else on


def pairs_of(listing: Listing) -> list[dict[str, object]]:
    """Return the well-formed pairs of the expression that a search asks for."""
    items = listing.request.get("Expression")
    return [
        one for one in items if isinstance(one, dict) and isinstance(one.get("TagKey"), str)
        and isinstance(one.get("TagValues"), list) and all(isinstance(value, str) for value in one["TagValues"])
    ] if isinstance(items, list) else []  # fmt: skip


def _take_database(draft: Draft, row: Mapping[str, Any], evidence: Evidence, answer: Answer) -> str | None:
    # Live, a missing member is an empty one: AWS leaves out what is null.
    full = {"CreateTableDefaultPermissions": (), "CatalogId": _catalog_of(draft, None, answer), **_said(row)}
    info = normal.database_info(full, draft.account, draft.id.partition, evidence)
    draft.databases[info.id] = info
    return None


def _take_table(draft: Draft, row: shapes.TableRow, evidence: Evidence, answer: Answer) -> str | None:
    asked, catalog = answer.request.get("DatabaseName"), answer.request.get("CatalogId")
    name = row.DatabaseName or asked
    if not isinstance(name, str):
        raise normal.NotUnderstoodError("the table's database is not said")
    storage = row.StorageDescriptor
    fixed = draft.columns(storage.Columns if storage is not None else msgspec.UNSET)
    keys = draft.columns(row.PartitionKeys)
    full = {
        **{member: getattr(row, member) for member in _TABLE_MEMBERS},
        "DatabaseName": name,
        "CatalogId": _catalog_of(draft, row.CatalogId, answer),
        "StorageDescriptor": None if storage is None else {
            "Location": storage.Location,
            "AdditionalLocations": storage.AdditionalLocations,
            "InputFormat": storage.InputFormat,
            "OutputFormat": storage.OutputFormat,
            "SerdeInfo": None if storage.SerdeInfo is None else msgspec.structs.asdict(storage.SerdeInfo),
        },
        "TargetTable": None if row.TargetTable is None else msgspec.structs.asdict(row.TargetTable),
        "ViewDefinition": None if row.ViewDefinition is None else msgspec.to_builtins(row.ViewDefinition),
    }  # fmt: skip
    home = Database(catalog if isinstance(catalog, str) else draft.account,
                    normal.database_name(asked if isinstance(asked, str) else name))  # fmt: skip
    info = normal.table_info_of(full, draft.account, draft.id.partition, fixed=fixed, keys=keys, evidence=evidence)
    draft.put_table(info, home)
    policy = row.RLSProperties.DefaultRLSPolicy if row.RLSProperties is not None else None
    if policy:
        draft.default_rls[info.id] = policy.lower(), evidence
    return None


def _take_partition(draft: Draft, row: shapes.PartitionRow, evidence: Evidence, answer: Answer) -> str | None:
    database = row.DatabaseName or answer.request.get("DatabaseName")
    name = row.TableName or answer.request.get("TableName")
    if not isinstance(database, str) or not isinstance(name, str):
        raise normal.NotUnderstoodError("the partition's table is not said")
    catalog = _catalog_of(draft, row.CatalogId, answer)
    table = Table(catalog, normal.database_name(database), normal.table_name(name))
    storage = row.StorageDescriptor
    for place in normal.locations((storage.Location or "", *(storage.AdditionalLocations or ())), draft.id.partition
                                  ) if storage is not None else ():  # fmt: skip
        draft.partitions.setdefault((table, place), PartitionPlace(table, place, evidence))
    return None


def _take_function(draft: Draft, row: Mapping[str, Any], evidence: Evidence, answer: Answer) -> str | None:
    catalog = _catalog_of(draft, row.get("CatalogId"), answer)
    found = Function(catalog, normal.database_name(row["DatabaseName"]), row["FunctionName"].lower())
    places = {one.get("Uri") for one in row.get("ResourceUris") or ()} | {row.get("ArtifactLocation")}
    mode = row.get("GovernanceMode")
    code = frozenset(place for place in places if place)
    governed = None if mode is None else mode == "LAKE_FORMATION"
    draft.functions.setdefault(found, FunctionInfo(found, row.get("ClassName") or "", code, governed, evidence))
    return None


def _take_encryption(draft: Draft, row: Mapping[str, Any], _: Evidence, __: Answer) -> str | None:
    at_rest = row["DataCatalogEncryptionSettings"].get("EncryptionAtRest") or {}
    draft.encryption = at_rest.get("CatalogEncryptionMode") or "DISABLED"
    return None


def _take_policy(draft: Draft, row: Mapping[str, Any], evidence: Evidence, answer: Answer) -> str | None:
    text = row.get("PolicyInJson")
    if not text:
        return "without a policy"
    found = normal.resource_policy(text, evidence, draft.id.partition)
    draft.policy_of.setdefault(answer.operation, set()).add(found.text)
    draft.policies.setdefault(found, found)
    return None


def _take_catalog(draft: Draft, row: Mapping[str, Any], evidence: Evidence, _: Answer) -> str | None:
    if row.get("CatalogId") == draft.account:
        draft.root_catalog = normal.catalog_info(row, draft.account, evidence)
        return None
    info = normal.catalog_info(row, draft.account, evidence)
    draft.catalogs[info.id] = info
    return None


def _values(held: Mapping[str, Assignment] | None) -> dict[str, str]:
    return {key: one.value for key, one in (held or {}).items()}


def _said(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value is not None}


def _effective(request: Mapping[str, Any]) -> str | None:
    """With a principal and a resource, ListPermissions computes effective permissions: those are no grants."""
    return "effective permissions, not grants" if request.get("Principal") and request.get("Resource") else None


def _names_only(request: Mapping[str, Any]) -> str | None:
    return "some attributes only" if request.get("AttributesToGet") else None


def _databases_unused(request: Mapping[str, Any]) -> str | None:
    return "databases of other accounts" if request.get("ResourceShareType") == "FOREIGN" else _names_only(request)


def _whole_page(_: Draft, __: object, ___: Evidence, ____: Answer) -> str | None:
    raise AssertionError("this listing is taken by the page")


def _of_time(request: Mapping[str, Any]) -> str | None:
    return "tables of another time" if request.get("QueryAsOfTime") else _names_only(request)


def _one(page: type[shapes.Shape], *, structs: bool = False) -> Spec:
    return Spec(page, None, page, structs)


_LF, _GLUE = "lakeformation", "glue"
READERS: Final[Mapping[Call, Reader]] = {
    ("sts", "GetCallerIdentity"): Reader(_one(shapes.CallerIdentity), Facts.CALLER, _take_caller),
    (_LF, "GetDataLakePrincipal"): Reader(_one(shapes.LakePrincipal), Facts.CALLER, _take_identity),
    (_LF, "GetDataLakeSettings"): Reader(_one(shapes.SettingsAnswer), Facts.SETTINGS, _take_settings),
    (_LF, "ListPermissions"): Reader(
        Spec(shapes.PermissionPage, "PrincipalResourcePermissions", shapes.PermissionRow, structs=True),
        Facts.GRANTS, _whole_page, _effective, Draft.take_grants),
    (_LF, "ListLFTags"): Reader(Spec(shapes.TagPage, "LFTags", shapes.Pair), Facts.TAGS, _take_tag),
    (_LF, "ListLFTagExpressions"): Reader(
        Spec(shapes.ExpressionPage, "LFTagExpressions", shapes.ExpressionRow), Facts.EXPRESSIONS, _take_expression),
    (_LF, "ListDataCellsFilter"): Reader(
        Spec(shapes.FilterPage, "DataCellsFilters", shapes.FilterRow), Facts.FILTERS, _take_filter),
    (_LF, "ListResources"): Reader(
        Spec(shapes.LocationPage, "ResourceInfoList", shapes.LocationRow), Facts.LOCATIONS, _take_location),
    (_LF, "ListLakeFormationOptIns"): Reader(
        Spec(shapes.OptInPage, "LakeFormationOptInsInfoList", shapes.OptInRow), Facts.OPTINS, _take_optin),
    (_LF, "ListRLSPolicies"): Reader(Spec(shapes.RLSPage, "RLSPolicies", shapes.RLSRow), Facts.RLS, _take_rls),
    (_LF, "GetRLSPolicy"): Reader(_one(shapes.RLSAnswer), Facts.RLS, _take_one_rls),
    (_LF, "ListRLSPolicyAttachments"): Reader(
        Spec(shapes.AttachmentPage, "RLSPolicyAttachments", shapes.AttachmentRow), Facts.RLS, _take_attachment),
    IDENTITY_CENTER: Reader(
        _one(shapes.IdentityCenterAnswer), Facts.IDENTITY_CENTER, _take_identity_center),
    (_LF, "SearchDatabasesByLFTags"): Reader(
        Spec(shapes.DatabaseSearchPage, "DatabaseList", shapes.TaggedDatabase, structs=True), Facts.ASSIGNMENTS,
        _take_tagged_database),
    (_LF, "SearchTablesByLFTags"): Reader(
        Spec(shapes.TableSearchPage, "TableList", shapes.TaggedTable, structs=True), Facts.ASSIGNMENTS,
        _take_tagged_table),
    (_LF, "GetResourceLFTags"): Reader(_one(shapes.TagsAnswer, structs=True), Facts.ASSIGNMENTS, _take_resource_tags),
    (_GLUE, "GetCatalogs"): Reader(
        Spec(shapes.CatalogPage, "CatalogList", shapes.CatalogRow), Facts.CATALOGS, _take_catalog),
    (_GLUE, "GetDatabases"): Reader(
        Spec(shapes.DatabasePage, "DatabaseList", shapes.DatabaseRow), Facts.DATABASES, _take_database,
        _databases_unused),
    PARTITIONS: Reader(
        Spec(shapes.PartitionPage, "Partitions", shapes.PartitionRow, structs=True), Facts.TABLES, _take_partition,
        _of_time),
    _TABLES: Reader(
        Spec(shapes.TablePage, "TableList", shapes.TableRow, structs=True), Facts.TABLES, _take_table, _of_time),
    (_GLUE, "GetResourcePolicy"): Reader(_one(shapes.PolicyAnswer), Facts.POLICIES, _take_policy),
    (_GLUE, "GetResourcePolicies"): Reader(
        Spec(shapes.PolicyPage, "GetResourcePoliciesResponseList", shapes.PolicyAnswer), Facts.POLICIES, _take_policy),
    ENCRYPTION: Reader(_one(shapes.EncryptionAnswer), Facts.POLICIES, _take_encryption),
    FUNCTIONS: Reader(
        Spec(shapes.FunctionPage, "UserDefinedFunctions", shapes.FunctionRow), Facts.FUNCTIONS, _take_function),
}  # fmt: skip
