"""Is the view of a lake complete? Contract §6.11, listing by listing, with a gap for everything that is missing."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from checks import normal, spelling
from checks.live.draft import (
    BY_TYPE,
    ENCRYPTION,
    FUNCTIONS,
    IDENTITY_CENTER,
    PARTITIONS,
    READERS,
    RESOURCE_TAGS,
    ROLE,
    TAGS,
    Tally,
    asked_for,
    pairs_of,
    resource_of,
)
from checks.live.listing import END, START
from checks.model import (
    Caller,
    Database,
    Facts,
    Grant,
    LedgerRow,
    Resource,
    RLSPolicy,
    Table,
    TagInfo,
)
from checks.principals import role_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from collections.abc import Set as AbstractSet

    from checks.live.draft import Call, Draft
    from checks.live.listing import Listing

NOT_MADE: Final = "the call was not made"
_MAX_SINGLE_GAPS = 100

_LF, _GLUE = "lakeformation", "glue"
_IDENTITY: Final = (_LF, "GetDataLakePrincipal")
_SESSION: Final = ("sts", "GetCallerIdentity")
_SETTINGS: Final = (_LF, "GetDataLakeSettings")
_GRANTS: Final = (_LF, "ListPermissions")
_TAGS: Final = TAGS
_FILTERS: Final = (_LF, "ListDataCellsFilter")
_RLS: Final = (_LF, "ListRLSPolicies")
_RLS_BODY: Final = (_LF, "GetRLSPolicy")
_RESOURCE_TAGS: Final = RESOURCE_TAGS
_SEARCHES: Final = ((_LF, "SearchDatabasesByLFTags"), (_LF, "SearchTablesByLFTags"))
_CATALOGS: Final = (_GLUE, "GetCatalogs")
_DATABASES: Final = (_GLUE, "GetDatabases")
_TABLES: Final = (_GLUE, "GetTables")
_POLICIES: Final = ((_GLUE, "GetResourcePolicy"), (_GLUE, "GetResourcePolicies"))

_WHOLE: Final = (
    _SETTINGS, _GRANTS, _TAGS, (_LF, "ListLFTagExpressions"), (_LF, "ListResources"),
    (_LF, "ListLakeFormationOptIns"), _RLS, (_LF, "ListRLSPolicyAttachments"), _DATABASES,
)  # fmt: skip
"""Listings that must have been read without any filter."""

_NO_SUCH_QUESTION: Final = frozenset({"InvalidInputException", "EntityNotFoundException"})

_BESIDE: Final = {
    ROLE: "tells which roles do not exist",
    PARTITIONS: "tells partitions outside their table's location",
}
"""Calls whose answers add something where they were made, and whose absence takes nothing away."""

_UNFILTERED: Final = frozenset({_IDENTITY, _SESSION, _SETTINGS})
"""Calls whose answers do not depend on what the caller may see."""


@dataclass(frozen=True, slots=True)
class Proof:
    """Who read the lake, what was asked, and whether that is everything that decides access."""

    caller: Caller
    ledger: tuple[LedgerRow, ...]
    complete: bool


def prove(draft: Draft) -> Proof:
    """Check *draft*, adding a gap for everything that is missing; call it once, when every answer is in."""
    draft.drop_linked_tables()
    draft.settle_tags()
    return _Checker(draft).proof()


class _Checker:
    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.missing: defaultdict[Call, list[str]] = defaultdict(list)
        self.words: defaultdict[Call, list[str]] = defaultdict(list)
        """What more the ledger says of an operation."""

    def proof(self) -> Proof:
        caller, shown = self.caller()
        for call in _WHOLE:
            self.need(call, "{}", READERS[call].facts)
        self.settings()
        self.tags()
        self.listed_by_type()
        self.filters()
        self.filter_grants()
        self.rls()
        self.catalogs()
        self.tables()
        self.policies()
        self.assignments()
        for call in (_IDENTITY, _SESSION, IDENTITY_CENTER, _CATALOGS, ENCRYPTION, FUNCTIONS):
            if call in self.draft.listings:
                for listing in self.draft.listings[call].values():
                    self.settled(call, listing, READERS[call].facts)
        self.reconcile()
        broken = any(tally.broken for tally in self.draft.tallies.values()) or self.draft.conflicts
        complete = shown is not None and not self.missing and not broken
        calls = self.draft.tallies.keys() | self.missing.keys()
        return Proof(caller, tuple(self.row(call, shown) for call in sorted(calls)), complete)

    # --------------------------------------------------------------------------------------------------------- pieces
    def need(self, call: Call, request: str, facts: Facts, scope: Resource | None = None, about: str = "") -> bool:
        """Require that a listing was read to its end; *request* is its canonical text without paging."""
        listing = self.draft.listings.get(call, {}).get(request)
        if listing is None:
            self.lack(call, about + NOT_MADE, facts, scope)
            return False
        return self.settled(call, listing, facts, scope, about)

    def settled(
        self, call: Call, listing: Listing, facts: Facts, scope: Resource | None = None, about: str = ""
    ) -> bool:
        """Require that *listing*, once begun, was read to its end."""
        why = listing.missing(":".join(call))
        if why is not None:
            self.lack(call, about + why, facts, scope)
        return why is None

    def lack(self, call: Call, why: str, facts: Facts, scope: Resource | None = None) -> None:
        self.missing[call].append(why)
        self.draft.gap(call, why, facts, scope)

    def ended(self, call: Call) -> Iterable[Listing]:
        """Return the listings of an operation that were read to their end."""
        return [one for one in self.draft.listings.get(call, {}).values() if one.missing("") is None]

    def whole(self, call: Call) -> bool:
        listing = self.draft.listings.get(call, {}).get("{}")
        return listing is not None and listing.missing("") is None

    # --------------------------------------------------------------------------------------------------------- caller
    def caller(self) -> tuple[Caller, str | None]:
        """Tell who asked, and what shows that they see everything (None: nothing does).

        Lake Formation's own word for the caller must be in a list as it stands. A session (assumed role) has lost its
        role's path; role names are unique in an account whatever their path (IAM user guide, reference_iam-quotas), so
        account and name decide, unless Lake Formation's own word for the caller says another role or another path.
        """
        draft = self.draft
        arn = draft.session or draft.identity
        settings = draft.latest_settings()
        if not settings:
            draft.gap(_SETTINGS, "without the settings the caller is not shown to be an admin", Facts.CALLER)
            return Caller(arn), None
        if arn is None:
            draft.gap(_IDENTITY, "the caller is unknown: neither `GetDataLakePrincipal` nor `GetCallerIdentity` "
                      "was answered", Facts.CALLER)  # fmt: skip
            return Caller(None), None
        members = dict(settings[0].members)
        admin, reader = (self._among(members.get(name)) for name in ("DataLakeAdmins", "ReadOnlyAdmins"))
        if not admin and not reader:
            why = (
                f"the caller `{arn}` is neither a data lake admin nor a read-only admin: "
                "answers may leave out what it may not see; add it to the read-only admins"
            )
            draft.gap(_SETTINGS, why, Facts.CALLER)
            return Caller(arn, data_lake_admin=False, read_only_admin=False), None
        shown = "caller is a data lake admin" if admin else "caller is a read-only admin"
        return Caller(arn, admin, reader), shown

    def _among(self, listed: object) -> bool:
        if not isinstance(listed, frozenset):
            return False
        identity, session = self.draft.identity, self.draft.session or self.draft.identity
        if identity is not None and identity in listed:
            return True
        role = role_name(session) if session is not None and ":assumed-role/" in session else None
        if role is None:
            return identity is None and session in listed
        if identity is not None and (role_name(identity) != role or "/" in identity.partition(":role/")[2]):
            return False
        return any(role_name(one) == role for one in listed)

    # --------------------------------------------------------------------------------------------------------- facts
    def settings(self) -> None:
        if len(self.draft.settings) > 1:
            self.lack(_SETTINGS, "two answers disagree: they were changed while the lake was read", Facts.SETTINGS)
        elif (tally := self.draft.tallies.get(_SETTINGS)) is not None and tally.used > 1:
            self.words[_SETTINGS].append("read again after the grants: the same")

    def tags(self) -> None:
        """Compare the listings of LF-tags that were read before and after the grants."""
        for request, pages in self.draft.tag_pages.items():
            if len(_contents(pages)) > 1:
                self.lack(_TAGS, "two listings disagree: LF-tags were changed while the lake was read", Facts.TAGS)
            elif self.draft.tag_listings[request] > 1:
                self.words[_TAGS].append("listed again after the grants: the same")

    def listed_by_type(self) -> None:
        """Hold the whole listing of grants against those of one kind of resource, and of single resources.

        The whole listing is what a view rests on: a row that only another listing shows means that it left rows out.
        Data cells filters have no kind and may show with ``IncludeRelated`` alone.
        """
        listings = [one for one in self.draft.listings.get(_GRANTS, {}).values() if one.request.keys() == BY_TYPE]
        self.second_reads()
        if self.whole(_GRANTS):
            extra = list(self.draft.grants.asked_elsewhere())
            if extra:
                first = min(map(_row_words, extra))
                more = f" and {len(extra) - 1:,} more" if len(extra) > 1 else ""
                self.lack(_GRANTS, f"the whole listing leaves out what listings of a kind of resource, or of one "
                          f"resource, show: {first}{more}", Facts.GRANTS)  # fmt: skip
        if not listings:
            return
        refused = sorted(str(one.request["ResourceType"]) for one in listings if one.missing("") is not None)
        if refused:
            self.words[_GRANTS].append(f"of the listings by kind of resource {_some(refused)} did not end")
        if self.whole(_GRANTS) and _GRANTS not in self.missing:
            ended = len(listings) - len(refused)
            alone = self.draft.grants.of_no_kind() if not refused else 0
            others = f", but for {alone:,} that no kind lists" if alone else ""
            self.words[_GRANTS].append(
                f"{ended} listing{'' if ended == 1 else 's'} by kind of resource: no other grants{others}"
            )

    def second_reads(self) -> None:
        """Grants on one resource are asked for again where the whole listing lacks what is declared.

        One that was refused leaves open whether the grant is there. One that AWS does not take (it lists the grants on
        some resources in no other way than all together) or whose resource is gone says nothing.
        """
        singly = [one for one in self.draft.listings.get(_GRANTS, {}).values() if one.request.keys() == {"Resource"}]
        for listing in singly:
            if listing.missing("") is not None and listing.failures - _NO_SUCH_QUESTION:
                scope = resource_of(self.draft, listing.request)
                about = f"grants on {spelling.words(scope)}: " if scope is not None else ""
                self.settled(_GRANTS, listing, Facts.GRANTS, scope, about)
        if singly:
            self.words[_GRANTS].append(
                f"grants on {len(singly):,} resource{'' if len(singly) == 1 else 's'} asked for again"
            )

    def filters(self) -> None:
        """Require the data cells filters: all at once, or table by table."""
        if self.whole(_FILTERS):
            return
        read = {normal.canonical_json(_table_of(one, self.draft)) for one in self.ended(_FILTERS)}
        tables = [table for table, info in self.draft.tables.items() if info.link_to is None]
        by_table = len(self.draft.listings.get(_FILTERS, {})) > ("{}" in self.draft.listings.get(_FILTERS, {}))
        if not by_table or not tables:
            self.need(_FILTERS, "{}", Facts.FILTERS)
            return
        unread = [table for table in tables if normal.canonical_json(_name_of(table)) not in read]
        self.single(_FILTERS, "its data cells filters were not read", Facts.FILTERS, unread)

    def filter_grants(self) -> None:
        """Require the grants on a table's filters, where they were asked for: the whole listing may lack them."""
        if _FILTERS in self.missing:
            why = "the data cells filters were not all read, so grants on them may not have been asked for"
            self.draft.gap(_FILTERS, why, Facts.GRANTS)
        for listing in self.draft.listings.get(_GRANTS, {}).values():
            if listing.request.get("IncludeRelated") == "TRUE" and "Principal" not in listing.request:
                table = asked_for(self.draft, listing.request)
                about = f"data cells filters of `{table.database}.{table.name}`: " if isinstance(table, Table) else ""
                self.settled(_GRANTS, listing, Facts.GRANTS, table, about)

    def rls(self) -> None:
        for name, has_body in sorted(self.draft.rls_bodies.items()):
            if has_body:
                continue
            scope = RLSPolicy(self.draft.account, name)
            found = [one for one in self.draft.listings.get(_RLS_BODY, {}).values()
                     if str(one.request.get("Name")).lower() == name]  # fmt: skip
            for listing in found:
                self.settled(_RLS_BODY, listing, Facts.RLS, scope, f"policy `{name}`: ")
            if not found:
                self.lack(_RLS_BODY, f"policy `{name}`: {NOT_MADE}", Facts.RLS, scope)

    def catalogs(self) -> None:
        """Nested catalogs of this account have databases of their own."""
        for catalog in sorted(self.draft.catalogs, key=str):
            if catalog.catalog.startswith(f"{self.draft.account}:"):
                request = normal.canonical_json({"CatalogId": catalog.catalog})
                self.need(_DATABASES, request, Facts.DATABASES, catalog, f"catalog `{catalog.catalog}`: ")

    def tables(self) -> None:
        if not self.whole(_DATABASES):
            self.lack(_TABLES, "the databases were not all read, so tables may be missing", Facts.TABLES)
        for database, info in sorted(self.draft.databases.items(), key=str):
            if info.link_to is not None:  # its tables are its target's
                continue
            request: dict[str, str] = {"DatabaseName": database.name}
            # A row may name a catalog of its own although the listing was asked for none.
            alone = Database(self.draft.account, database.name) not in self.draft.databases
            named = normal.canonical_json(request) in self.draft.listings.get(_TABLES, {})
            if database.catalog != self.draft.account and not (alone and named):
                request["CatalogId"] = database.catalog
            self.need(_TABLES, normal.canonical_json(request), Facts.TABLES, database, f"database `{database.name}`: ")

    def policies(self) -> None:
        made = [call for call in _POLICIES if call in self.draft.listings]
        self.encrypted(made)
        for call in made:
            for listing in self.draft.listings[call].values():
                self.settled(call, listing, Facts.POLICIES)
        if not made:
            self.lack(_POLICIES[1], NOT_MADE, Facts.POLICIES)

    def encrypted(self, made: list[Call]) -> None:
        """Where metadata is encrypted, the listing of policies lacks the catalog's own if KMS is denied to the caller.

        Source: botocore's model of Glue, ``GetResourcePolicies``. GetResourcePolicy fails instead of leaving it out.
        """
        one, many = _POLICIES
        mode = self.draft.encryption
        if mode is None:
            return
        if mode == "DISABLED":
            self.words[ENCRYPTION].append("the catalog's metadata is not encrypted with a KMS key")
            return
        self.words[ENCRYPTION].append(f"the catalog's metadata is encrypted (`{mode}`)")
        if one not in made:
            why = "the catalog's metadata is encrypted, so the listing may leave out the catalog's own policy; "
            self.lack(one, f"{why}`GetResourcePolicy`, which would tell, was not asked", Facts.POLICIES)
        elif many in made and self.draft.policy_of.get(one[1], set()) - self.draft.policy_of.get(many[1], set()):
            self.words[many].append("it leaves out the catalog's own policy, which GetResourcePolicy shows: the caller "
                                    "lacks `kms:Decrypt` on the catalog's key")  # fmt: skip

    def reconcile(self) -> None:
        """Rows that came are rows that were used, or not used with a reason. Anything else is floodline's fault."""
        for call, tally in sorted(self.draft.tallies.items()):
            lost = tally.rows - tally.used - sum(tally.unused.values())
            if call in READERS and lost:
                self.lack(call, f"{tally.rows:,} rows came and {lost:,} of them are not accounted for", Facts.OTHER)

    # ----------------------------------------------------------------------------------------------------- tags
    def assignments(self) -> None:
        """LF-tags on databases and tables: searched for by every key and value, or read one by one."""
        read = {asked_for(self.draft, one.request) for one in self.ended(_RESOURCE_TAGS)}
        self.disagreements(read)
        databases = self.whole(_DATABASES)
        tables = databases and _TABLES not in self.missing
        self._assigned(_SEARCHES[0], databases, set(self.draft.databases) - read, bool(read))
        self._assigned(_SEARCHES[1], tables, set(self.draft.tables) - read, bool(read))

    def disagreements(self, read: AbstractSet[Database | Table | None]) -> None:
        """What searches found, and what GetResourceLFTags says of single tables: where they differ, only it counts."""
        listings = self.draft.listings.get(_RESOURCE_TAGS, {})
        if not listings or not any(one in self.draft.listings for one in _SEARCHES):
            return
        asked = len(read - {None})
        refused = len(listings) - sum(1 for _ in self.ended(_RESOURCE_TAGS))
        if not asked:
            # Nothing that searches found could be held against what an object says of itself.
            for listing in listings.values():
                self.settled(_RESOURCE_TAGS, listing, Facts.ASSIGNMENTS)
            return
        words = f"{asked:,} {'object was' if asked == 1 else 'objects were'} asked about singly"
        if refused:
            words += f", {refused:,} more in vain"
        differing = sorted(map(spelling.words, self.draft.disagreeing))
        if not differing:
            self.words[_RESOURCE_TAGS].append(f"{words}: the same as searches found")
            return
        words += f": searches found other LF-tags on {_some(differing)}"
        unread = {one for one, info in self.draft.tables.items() if info.link_to is None} - read
        if unread:
            scope = next(iter(self.draft.disagreeing)) if len(differing) == 1 else None
            why = f"{words}, and {len(unread):,} tables were not asked about"
            self.lack(_SEARCHES[1], why, Facts.ASSIGNMENTS, scope)
        else:
            self.words[_RESOURCE_TAGS].append(f"{words}; what each object says of itself counts")

    def _assigned(self, search: Call, known: bool, unread: set[Database] | set[Table], one_by_one: bool) -> None:
        searched = self.draft.listings.get(search, {})
        failed = any(one.failed for one in searched.values())
        if known and one_by_one and not unread and not failed:
            # By search or one by one (contract, decision 11): what each object says of itself counts for more anyway.
            # A search that was refused stays a hole, as every call that was made and refused does.
            return
        if known and one_by_one and not searched:
            self.single(_RESOURCE_TAGS, "its LF-tags were not read", Facts.ASSIGNMENTS, unread)
            return
        if not self.whole(_TAGS):
            self.lack(search, "the LF-tags were not all read, so not every assignment was searched for",
                      Facts.ASSIGNMENTS)  # fmt: skip
        covered: defaultdict[str, set[str]] = defaultdict(set)
        reasons: dict[str, str] = {}
        for listing in searched.values():
            keys = normal.tag_expression(pairs_of(listing))
            why = listing.missing(":".join(search))
            for key, values in keys:
                if why is not None:
                    reasons[key] = why
                elif len(keys) == 1:
                    covered[key] |= values
        for key, tag in sorted(self.draft.tags.items()):
            if not self._covers(covered[key], tag):
                why = reasons.get(key, "not every value was searched for" if covered[key] else NOT_MADE)
                self.lack(search, f"LF-tag `{key}`: {why}", Facts.ASSIGNMENTS)

    def _covers(self, searched: set[str], tag: TagInfo) -> bool:
        """Whether a search saw every value. That ``*`` finds all is believed only where it found something."""
        if normal.ANY_VALUE in searched and any(tag.key in self.draft.hits.get(op, ()) for _, op in _SEARCHES):
            return True
        return tag.values <= searched

    def single(self, call: Call, why: str, facts: Facts, unread: Iterable[Database | Table]) -> None:
        """Note each of a few objects, or that there are many."""
        some = sorted(unread, key=str)
        if len(some) > _MAX_SINGLE_GAPS:
            self.lack(call, f"{why}: {len(some)} of them", facts)
            return
        for one in some:
            self.lack(call, why, facts, one)

    # --------------------------------------------------------------------------------------------------------- ledger
    def row(self, call: Call, shown: str | None) -> LedgerRow:
        draft = self.draft
        tally = draft.tallies.get(call, Tally())
        errors = tuple(sorted(tally.errors))
        words, complete = self._basis(call, tally, shown)
        if tally.unknown:
            words.append("listed, not analysed: " + ", ".join(f"`{name}`" for name in sorted(tally.unknown)))
        words += self.words.get(call, [])
        if call in READERS and tally.rows:
            all_used = "all used" if tally.used == tally.rows else f"{tally.used:,} used"
            words.append(f"{tally.rows:,} row{'' if tally.rows == 1 else 's'} read, {all_used}")
        words += [
            f"{count} row{'' if count == 1 else 's'} not used: {why}" for why, count in sorted(tally.unused.items())
        ]
        return LedgerRow(draft.id.account, draft.id.region, *call, tally.calls, tally.pages, tally.rows, errors,
                         complete, "; ".join(words))  # fmt: skip

    def _basis(self, call: Call, tally: Tally, shown: str | None) -> tuple[list[str], bool]:
        if call in _BESIDE:
            ended = not any(one.missing("") for one in _listings_of(self.draft, call))
            basis = f"{_BESIDE[call]}; nothing requires it"
            return [basis if ended else f"{basis}; not all of it was read"], ended and not tally.broken
        if call not in READERS:
            return ["nothing is read out of this operation: kept, not analysed"], not tally.errors
        lacks = sorted(set(self.missing.get(call, ())))
        if lacks:
            more = f"; and {len(lacks) - 3} more" if len(lacks) > 3 else ""
            return ["; ".join(lacks[:3]) + more], False
        if tally.broken:
            return ["some of it is malformed and could not be read"], False
        if call in _UNFILTERED:
            return ["answered"], True
        if shown is None:
            return ["read, but the caller is not shown to be an admin: rows may have been left out"], False
        paged = READERS[call].spec.member is not None
        return [f"{shown}; " + ("last page had no token" if paged else "answered")], True


def _listings_of(draft: Draft, call: Call) -> Iterable[Listing]:
    return draft.listings.get(call, {}).values()


def _table_of(listing: Listing, draft: Draft) -> object:
    union = listing.request.get("Table")
    found = normal.resource({"Table": union}, draft.account) if isinstance(union, dict) else None
    return _name_of(found) if isinstance(found, Table) else None


def _name_of(table: Table) -> object:
    return [table.catalog, table.database, table.name]


def _contents(pages: Mapping[str, set[tuple[frozenset[tuple[str, ...]], str]]]) -> set[frozenset[object]]:
    """Return what chains of pages from the first to a last hold: of a listing that was made twice, two things or one.

    Whichever way answers stand in a recording, and if they stand there twice, that is the same.
    """
    found: set[frozenset[object]] = set()
    todo: list[tuple[str, frozenset[object], frozenset[str]]] = [(START, frozenset(), frozenset())]
    while todo and len(found) < 2:
        token, held, passed = todo.pop()
        if token in passed:
            continue
        for rows, then in pages.get(token, ()):
            if then == END:
                found.add(held | rows)
            else:
                todo.append((then, held | rows, passed | {token}))
    return found


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3:,} more" if len(names) > 3 else "")


def _row_words(grant: Grant) -> str:
    who = spelling.printable(str(grant.principal))
    return f"`{who}` on {spelling.words(grant.resource)}"
