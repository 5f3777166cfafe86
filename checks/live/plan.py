"""What a reading would cost, without a call: the real scheduler and collectors read a lake that is imagined.

Every call that a collector would make is counted because the collector makes it here too; only the answers are made
up, from a former recording or from stated sizes, and time passes by a clock of its own: each call takes as long as is
assumed, as many are on their way at once as the limits let.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, partial
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final, Self

import msgspec
import zstandard

from checks.live.answer import Answer, Cut
from checks.live.asking import Failed
from checks.live.collect import MALFORMED, NOTHING_THERE, REPEATED_TOKEN, TOO_MANY_PAGES, Limits, Means, Place, Reading
from checks.live.collectors import ENTRIES, collectors
from checks.live.journal import Journal
from checks.live.recording import Header
from checks.model import (
    AllTables,
    AnyResource,
    Catalog,
    ColumnRef,
    Database,
    DataLocation,
    Function,
    LFTag,
    SavedExpression,
    Table,
    TableColumns,
    TagPolicy,
)

if TYPE_CHECKING:
    from types import TracebackType

    from checks.live.journal import LakeKey, Part
    from checks.model import Lake, Resource

Ask = Callable[[str, str, Mapping[str, Any]], bytes | Failed]
"""An imagined lake: service, operation and request → the JSON of an answer."""

NOBODY: Final = "0" * 12
"""The account of a lake that is imagined from sizes alone."""
TABLES_A_DATABASE: Final = 100
"""Where only the number of tables is stated."""
MOST_TAGS: Final = 50
"""LF-tags on one object, at most
(https://docs.aws.amazon.com/lake-formation/latest/dg/lf-limitations.html, "LF-tags per Data Catalog resource")."""

_PAGE: Final = 1000
_OURS: Final = frozenset({REPEATED_TOKEN, TOO_MANY_PAGES, MALFORMED})
"""Failures that the reading itself found: it will find them again."""
_TABLE: Final = ("glue", "GetTables")
_PER_TABLE: Final = ("SearchTablesByLFTags", "GetResourceLFTags")
"""What is asked of tables' LF-tags: one call for each table would take the place of it."""
_encode = msgspec.json.Encoder(order="deterministic").encode
_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
_any = msgspec.json.Decoder().decode


# ------------------------------------------------------------------------------------------------------------ the plan
@dataclass(frozen=True, slots=True)
class Planned:
    """What a reading would take: calls and listings by ``service:operation``, and seconds.

    ``apart`` is how many calls one for each table's LF-tags would make of it, ``apart_seconds`` how long they take at
    least.
    """

    lakes: int
    tables: int
    calls: Mapping[str, int]
    listings: Mapping[str, int]
    seconds: float
    apart: int
    apart_seconds: float

    @property
    def total(self) -> int:
        """All calls."""
        return sum(self.calls.values())


def planned(lakes: Mapping[LakeKey, Ask], limits: Limits, latency: float) -> Planned:
    """Read imagined *lakes*, each call *latency* seconds away; no real time passes but that of counting."""
    clock = _Clock()
    seen = _Seen()
    places = [
        Place(region, partial(_clients, seen.counted(ask)), account, beside=True)
        for (account, region), ask in lakes.items()
    ]
    means = Means(
        now=lambda: datetime.fromtimestamp(0, UTC),
        clock=lambda: clock.now,
        sleep=clock.sleep,
        ask=_ask,
        pool=lambda _most: _Imagined(clock, latency),
    )
    reading = Reading(places, _Nothing(io.BytesIO(), Header()), means, limits)
    reading.run()
    calls = reading.budget.calls
    total = calls.total()
    apart = total + seen.tables - sum(made for name, made in calls.items() if name.partition(":")[2] in _PER_TABLE)
    together = limits.concurrency * max(1, min(limits.places, len(places)))
    pace = min(together / latency, limits.max_rps or float("inf")) if latency else limits.max_rps or float("inf")
    return Planned(
        len(places), seen.tables, dict(calls), dict(seen.listings), reading.budget.seconds, apart, apart / pace
    )


class _Clock:
    """Seconds that pass only where somebody waits."""

    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class _Imagined:
    """Calls on their way, whose answers come *latency* seconds later by an imagined clock."""

    def __init__(self, clock: _Clock, latency: float) -> None:
        self._clock = clock
        self._latency = latency
        self._due: dict[Future[bytes | Failed], float] = {}

    def submit(self, fn: Callable[..., bytes | Failed], /, *args: Any) -> Future[bytes | Failed]:
        future: Future[bytes | Failed] = Future()
        future.set_result(fn(*args))
        self._due[future] = self._clock.now + self._latency
        return future

    def first(self, flight: Iterable[Future[bytes | Failed]], seconds: float | None) -> set[Future[bytes | Failed]]:
        soonest = min(self._due[future] for future in flight)
        if seconds is not None and self._clock.now + seconds < soonest:
            self._clock.now += seconds
            return set()
        self._clock.now = max(self._clock.now, soonest)
        back = {future for future in flight if self._due[future] <= self._clock.now}
        for future in back:
            del self._due[future]
        return back

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        self._due.clear()


class _Nothing(Journal):
    """A journal that keeps nothing: what was imagined is not wanted back."""

    def add(self, answer: Answer, part: Part) -> None:
        """Forget an answer."""


class _Seen:
    """What passes by: listings by operation, and tables."""

    def __init__(self) -> None:
        self.tables = 0
        self.listings: Counter[str] = Counter()

    def counted(self, ask: Ask) -> Ask:
        def answer(service: str, operation: str, request: Mapping[str, Any]) -> bytes | Failed:
            if "NextToken" not in request:
                self.listings[f"{service}:{operation}"] += 1
            found = ask(service, operation, request)
            if (service, operation) == _TABLE and isinstance(found, bytes):
                self.tables += len(_list(_members(found).get("TableList", b"[]")))
            return found

        return answer


def _clients(ask: Ask) -> Mapping[str, Any]:
    return {"": ask}


def _ask(clients: Mapping[str, Any], service: str, operation: str, request: Mapping[str, Any]) -> bytes | Failed:
    ask: Ask = clients[""]
    return ask(service, operation, request)


# ------------------------------------------------------------------------------------------------- a former recording
class Recorded:
    """Lakes that answer as they did when they were recorded: the same pages, the same refusals.

    ``unknown`` counts, by operation, the pages that were asked for and are not in the recording (a collector that is
    newer than it, a recording that was cut): each is taken for one call. ``refused`` are the calls that were refused
    then: what is behind them is not known, and each is one call too.
    """

    def __init__(self, answers: Iterable[Answer | Cut]) -> None:
        """Keep what leads to further calls, packed; of every other page only that it was there."""
        self.unknown: Counter[str] = Counter()
        self.refused: set[str] = set()
        self._pages: dict[LakeKey, dict[bytes, bytes | Failed]] = {}
        self._open: set[LakeKey] = set()
        self._unpack = zstandard.ZstdDecompressor()
        taught = {pair for one in collectors() if one.learn is not None for pair in one.operations}
        pack = zstandard.ZstdCompressor(level=1, write_content_size=True)
        for one in answers:
            if isinstance(one, Cut) or (one.service, one.operation) in ENTRIES:
                continue
            lake = one.account, one.region
            pages = self._pages.setdefault(lake, {})
            key = _key(one.service, one.operation, one.request)
            if one.response is not None:
                self._open.add(lake)
                whole = (one.service, one.operation) in taught or one.service == "sts"
                pages[key] = pack.compress(one.response if whole else _token_of(one.response))
            elif one.error is not None and one.error.code not in _OURS:
                pages.setdefault(key, Failed(one.error.code, one.error.message, one.error.http_status))

    @property
    def lakes(self) -> dict[LakeKey, Ask]:
        """Every lake of which anything was answered."""
        return {lake: partial(self._answer, pages) for lake, pages in self._pages.items() if lake in self._open}

    def _answer(
        self, pages: Mapping[bytes, bytes | Failed], service: str, operation: str, request: Mapping[str, Any]
    ) -> bytes | Failed:
        found = pages.get(_key(service, operation, request))
        if found is None:
            self.unknown[f"{service}:{operation}"] += 1
            return b"{}"
        if isinstance(found, Failed) and found.code not in NOTHING_THERE:
            self.refused.add(f"{service}:{operation}")
        return self._unpack.decompress(found) if isinstance(found, bytes) else found


def _key(service: str, operation: str, request: Mapping[str, Any]) -> bytes:
    return blake2b(_encode([service, operation, request]), digest_size=16).digest()


def _token_of(body: bytes) -> bytes:
    """Return of a page just the token of the next one; what is no object stays, and is judged again."""
    try:
        token = _members(body).get("NextToken")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return body
    return b"{}" if token is None else b'{"NextToken":' + bytes(token) + b"}"


# ------------------------------------------------------------------------------------------------------- stated sizes
@dataclass(frozen=True, slots=True)
class Sizes:
    """What lies in one lake, as far as it makes calls.

    ``databases``: (catalog, empty for the root; name) → number of tables. ``tags``: key → value → what carries it, as
    (databases, tables), anything that tells them apart. ``grants``: kind of resource as ListPermissions names it, empty
    where it has none → rows. ``filters``: (database, table) of each filter. ``rows``: operation → rows, of listings
    that lead to nothing.
    """

    databases: Mapping[tuple[str, str], int] = field(default_factory=dict)
    tags: Mapping[str, Mapping[str, tuple[Collection[object], Collection[object]]]] = field(default_factory=dict)
    grants: Mapping[str, int] = field(default_factory=dict)
    filters: Sequence[tuple[str, str]] = ()
    rows: Mapping[str, int] = field(default_factory=dict)

    @property
    def tables(self) -> int:
        """All tables."""
        return sum(self.databases.values())


def stated(tables: int, grants: int, tags: int) -> Sizes:
    """Return a lake of round numbers: 100 tables a database, grants on tables, each table with as many tags as may be.

    With more than 50 keys, each is on its share of the tables: an object carries no more.
    """
    places = -(-tables // TABLES_A_DATABASE)
    last = tables - TABLES_A_DATABASE * (places - 1)
    share = min(1.0, MOST_TAGS / tags) if tags else 0.0
    carriers = range(round(places * share)), range(round(tables * share))
    return Sizes(
        {("", f"d{number}"): TABLES_A_DATABASE if number < places - 1 else last for number in range(places)},
        {f"k{number}": {"v": carriers} for number in range(tags)},
        {"TABLE": grants},
    )


def sizes_of(lake: Lake) -> Sizes:
    """Return how much a lake holds; one that is declared has what else lies there left out."""
    root = lake.id.account
    databases: Counter[tuple[str, str]] = Counter()
    for database, known in lake.databases.items():
        if known.link_to is None:
            databases[_place(database, root)] += 0
    for table in lake.tables:
        databases[_place(table.parent, root)] += 1
    kinds = Counter(_kind(grant.resource) for grant in lake.grants)
    kinds["LF_TAG_POLICY"] = kinds["LF_TAG_POLICY_DATABASE"] + kinds["LF_TAG_POLICY_TABLE"]
    return Sizes(
        dict(databases),
        _carriers(lake),
        dict(kinds),
        [(one.table.database, one.table.name) for one in lake.filters],
        {
            "ListLFTagExpressions": len(lake.expressions),
            "ListResources": len(lake.locations),
            "ListLakeFormationOptIns": len(lake.optins),
            "GetUserDefinedFunctions": len(lake.functions),
        },
    )


def _place(database: Database, root: str) -> tuple[str, str]:
    return "" if database.catalog == root else database.catalog, database.name


def _carriers(lake: Lake) -> dict[str, dict[str, tuple[set[object], set[object]]]]:
    """Return which databases and tables a search finds under each key and value: tables inherit, columns stand out."""
    found: dict[str, dict[str, tuple[set[object], set[object]]]] = {
        key: {value: (set(), set()) for value in info.values} for key, info in lake.tags.items()
    }

    def carries(key: str, value: str, target: object) -> None:
        of = found.setdefault(key, {}).setdefault(value, (set(), set()))
        of[isinstance(target, Table)].add(target)

    for target, tags in lake.assignments.items():
        for key, one in tags.items():
            carries(key, one.value, target.table if isinstance(target, ColumnRef) else target)
    for table in lake.tables:
        own = lake.assignments.get(table, {})
        for key, one in lake.assignments.get(table.parent, {}).items():
            if key not in own:
                carries(key, one.value, table)
    return found


def _kind(resource: Resource) -> str:
    """Return the ResourceType by which a listing of grants finds a resource; empty: none."""
    match resource:
        case Catalog():
            return "CATALOG"
        case Database():
            return "DATABASE"
        case Table() | AllTables() | TableColumns():
            return "TABLE"
        case DataLocation():
            return "DATA_LOCATION"
        case LFTag():
            return "LF_TAG"
        case TagPolicy():
            return f"LF_TAG_POLICY_{resource.resource_type}"
        case SavedExpression():
            return "LF_NAMED_TAG_EXPRESSION"
        case Function():
            return "USER_DEFINED_FUNCTION"
        case AnyResource():
            return "ANY_RESOURCE"
        case _:
            return ""


class Imagined:
    """A lake of stated sizes: full pages of rows that say no more than is needed to ask further."""

    def __init__(self, sizes: Sizes, account: str = NOBODY) -> None:
        """Nothing is made before it is asked for."""
        self._sizes = sizes
        self._account = account
        self._catalogs = sorted({catalog for catalog, _ in sizes.databases if catalog})
        self._per_table = Counter(sizes.filters)
        self._found: dict[tuple[str, tuple[str, ...], bool], int] = {}

    def __call__(self, _service: str, operation: str, request: Mapping[str, Any]) -> bytes | Failed:
        """Answer one page; what has no size here is one empty page."""
        sizes = self._sizes
        if operation == "GetCallerIdentity":
            return _encode({"Account": self._account, "Arn": f"arn:aws:iam::{self._account}:role/imagined"})
        if operation == "ListPermissions":
            return _page("PrincipalResourcePermissions", self._grants(request), request)
        if operation == "GetTables":
            held = sizes.databases.get((request.get("CatalogId", ""), request["DatabaseName"]), 0)
            return _page("TableList", held, request, '{{"Name":"t{}"}}')
        if operation in {"SearchDatabasesByLFTags", "SearchTablesByLFTags"}:
            which = operation == "SearchTablesByLFTags"
            return _page("TableList" if which else "DatabaseList", self._hits(request["Expression"], which), request)
        if operation in _NAMED:
            member, rows = _NAMED[operation]
            return _page(member, rows(self, request), request)
        return _page("Rows", sizes.rows.get(operation, 0), request)

    def _hits(self, expression: Sequence[Mapping[str, Any]], tables: bool) -> int:
        """Return how many objects a search finds; every page of it asks again."""
        (pair,) = expression
        search = pair["TagKey"], tuple(pair["TagValues"]), tables
        if search not in self._found:
            values = self._sizes.tags.get(pair["TagKey"], {})
            self._found[search] = len({one for value in pair["TagValues"] for one in values[value][tables]})
        return self._found[search]

    def _grants(self, request: Mapping[str, Any]) -> int:
        grants = self._sizes.grants
        if "Resource" in request:
            place = request["Resource"]["Table"]
            return self._per_table[place["DatabaseName"], place["Name"]]
        if "ResourceType" in request:
            return grants.get(request["ResourceType"], 0)
        return sum(rows for kind, rows in grants.items() if kind != "LF_TAG_POLICY")

    def _tags(self, _: Mapping[str, Any]) -> list[object]:
        return [{"TagKey": key, "TagValues": list(values)} for key, values in self._sizes.tags.items()]

    def _filters(self, _: Mapping[str, Any]) -> list[object]:
        return [{"TableCatalogId": self._account, "DatabaseName": database, "TableName": table}
                for database, table in self._sizes.filters]  # fmt: skip

    def _nested(self, _: Mapping[str, Any]) -> list[object]:
        return [{"CatalogId": one, "Name": one.rpartition(":")[2]} for one in (self._account, *self._catalogs)]

    def _databases(self, request: Mapping[str, Any]) -> list[object]:
        return [{"Name": name} for catalog, name in self._sizes.databases if catalog == request.get("CatalogId", "")]


_NAMED: Final[Mapping[str, tuple[str, Callable[[Imagined, Mapping[str, Any]], list[object]]]]] = {
    "ListLFTags": ("LFTags", Imagined._tags),  # noqa: SLF001 - its own
    "ListDataCellsFilter": ("DataCellsFilters", Imagined._filters),  # noqa: SLF001
    "GetCatalogs": ("CatalogList", Imagined._nested),  # noqa: SLF001
    "GetDatabases": ("DatabaseList", Imagined._databases),  # noqa: SLF001
}


def _page(member: str, rows: int | Sequence[object], request: Mapping[str, Any], row: str = "{{}}") -> bytes:
    """Return the page of a listing that its token asks for; *rows* alike, or each its own."""
    start, most = int(request.get("NextToken", 0)), request.get("MaxResults", _PAGE)
    whole = rows if isinstance(rows, int) else len(rows)
    end = min(start + most, whole)
    body = _alike(row, start, end) if isinstance(rows, int) else _encode(rows[start:end])
    token = b',"NextToken":"%d"' % end if end < whole else b""
    return b'{"%s":%s%s}' % (member.encode(), body, token)


def _alike(row: str, start: int, end: int) -> bytes:
    return _filled(row, *((0, end - start) if row == "{{}}" else (start, end)))


@cache
def _filled(row: str, start: int, end: int) -> bytes:
    """Return rows of a page: few differ from each other, so they are kept."""
    return f"[{','.join(row.format(number) for number in range(start, end))}]".encode()
