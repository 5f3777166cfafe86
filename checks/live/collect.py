"""Read lakes: every call that the collectors name, several at a time, each page into the journal as it comes.

One thread decides what is asked next; the others only wait for answers. What is refused or fails becomes an answer with
an error, and the reading goes on: the ledger says what is missing. A reading that was broken off goes on from its
journal: listings that ended are not asked again, and one in the middle continues with its last token.
"""

from __future__ import annotations

import io
import time
from collections import Counter, deque
from collections.abc import Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from hashlib import blake2b
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any, Final, Protocol, Self

import msgspec

from checks.live.answer import Answer, Failure
from checks.live.asking import Clients, Failed, ForbiddenCallError, ask, perform
from checks.live.collectors import ALL_OTHERS, Call, Collector, Learnt, allowed, collectors
from checks.live.journal import SECOND, SECOND_RANK, Journal, Part, key_of
from checks.live.recording import Header

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from types import TracebackType

    from checks.live.journal import Key, LakeKey

__all__ = ["Clients", "ForbiddenCallError", "perform"]

REPEATED_TOKEN: Final = "RepeatedToken"  # noqa: S105  an error code
TOO_MANY_PAGES: Final = "TooManyPages"
MALFORMED: Final = "MalformedAnswer"
NOTHING_THERE: Final = frozenset({"EntityNotFoundException", "NoSuchEntity", "NoSuchEntityException"})
"""Failures that are answers (contract, decision 11): asking again would not tell more."""

_CALLER: Final = "caller"
_IDENTITY: Final = Call("sts", "GetCallerIdentity")
_BROKEN: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
_any = msgspec.json.Decoder().decode
_sorted = msgspec.json.Encoder(order="deterministic").encode


class CannotStartError(RuntimeError):
    """Nothing can be read at all: one clear line."""


class StoppedError(CannotStartError):
    """The reading cannot go on (the credentials ran out); what was read is in the journal."""


class ResumeError(CannotStartError):
    """What is read now is not what the journal was begun with."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How hard to ask, and when to give up.

    ``concurrency``: calls on their way at once, for each region. ``max_rps``: calls a second, all regions together.
    ``tries`` of one call (``no_way_tries`` where nothing listens), with waits of a random part of ``base`` seconds,
    doubled each time up to ``cap`` (full jitter). ``restarts`` of a listing whose page token AWS refuses. ``rounds``:
    how often the grants are read again where settings or LF-tags changed meanwhile. ``places``: lakes read at once.
    """

    concurrency: int = 8
    max_rps: float | None = None
    tries: int = 10
    no_way_tries: int = 4
    base: float = 0.5
    cap: float = 20.0
    restarts: int = 2
    rounds: int = 2
    max_pages: int = 100_000
    places: int = 4


class Pool(Protocol):
    """Where calls are on their way: used in a ``with`` block, which ends when all of them have come back."""

    def submit(self, fn: Callable[..., bytes | Failed], /, *args: Any) -> Future[bytes | Failed]:
        """Begin a call."""

    def first(self, flight: Iterable[Future[bytes | Failed]], seconds: float | None) -> set[Future[bytes | Failed]]:
        """Wait until a call of *flight* has come back, at most *seconds*; give those that have."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None, /
    ) -> bool | None: ...


class Threads(ThreadPoolExecutor):
    """A thread for each call that may be on its way."""

    def __init__(self, most: int) -> None:
        """At most *most* threads."""
        super().__init__(most, thread_name_prefix="floodline")

    def first(self, flight: Iterable[Future[bytes | Failed]], seconds: float | None) -> set[Future[bytes | Failed]]:
        """Wait for the first that comes back."""
        return wait(flight, seconds, FIRST_COMPLETED).done


@dataclass(frozen=True, slots=True)
class Means:
    """What a reading has of the world: the date, a clock of seconds that never goes back, sleep, chance in [0, 1).

    ``ask`` makes a call in a ``pool``; a plan (``checks.live.plan``) has others of both, and a clock of its own.
    """

    now: Callable[[], datetime]
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    random: Callable[[], float] = lambda: 1.0
    ask: Callable[[Clients, str, str, Mapping[str, Any]], bytes | Failed] = ask
    pool: Callable[[int], Pool] = Threads


@dataclass(frozen=True, slots=True)
class Place:
    """One lake to read: a region, and clients of one session, made when its turn comes.

    Without *account* it is the caller's own. *beside*: others are read too, so that one that lets nobody in (a region
    that is not enabled) is an answer like any other refusal, and not the end. *journal*: where it has one of its own.
    """

    region: str
    clients: Callable[[], Clients]
    account: str | None = None
    beside: bool = False
    journal: Journal | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """How far the reading is: what was answered last, and what was read so far.

    ``known`` are the listings that are known of, ``ended`` those of them that were read; both grow. ``waiting`` is how
    many calls wait because AWS asked for patience.
    """

    collector: str
    operation: str
    answers: int
    rows: int
    calls: int = 0
    ended: int = 0
    known: int = 0
    waiting: int = 0
    seconds: float = 0.0


@dataclass(slots=True)
class Budget:
    """What a reading cost: calls and tries again by operation, seconds from start to end and spent waiting to retry."""

    calls: Counter[str] = field(default_factory=Counter)
    retries: Counter[str] = field(default_factory=Counter)
    throttled: int = 0
    seconds: float = 0.0
    kept: int = 0
    """Answers that were in the journal already."""
    rounds: int = 0
    """How often grants were read again because settings or LF-tags had changed meanwhile."""

    def __add__(self, other: Budget) -> Budget:
        """Sum what two readings cost, one after the other."""
        return Budget(self.calls + other.calls, self.retries + other.retries, self.throttled + other.throttled,
                      self.seconds + other.seconds, self.kept + other.kept, self.rounds + other.rounds)  # fmt: skip


def _silent(_step: Step) -> None:
    """Report nothing."""


def services() -> tuple[str, ...]:
    """Return the services that ``collect`` needs a client of."""
    return tuple(sorted({service for service, _ in allowed()}))


def collect(
    clients: Clients,
    *,
    region: str,
    now: Callable[[], datetime],
    account: str | None = None,
    progress: Callable[[Step], None] = _silent,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
    limits: Limits | None = None,
) -> Iterator[Answer]:
    """Read one lake with a journal in memory: its answers in plan order, numbered as lines of a recording from 2.

    Raises:
        CannotStartError: there are no credentials, they are not valid, or AWS cannot be reached.

    """
    journal = Journal(io.BytesIO(), Header())
    reading = Reading([Place(region, lambda: clients, account)], journal, Means(now, clock, sleep), limits, progress)
    yield from journal.answers(reading.run())


class _Listing:
    """One call, and how far its pages were followed."""

    __slots__ = ("attempt", "call", "digest", "key", "page", "restarts", "run", "seen", "token", "tries")

    def __init__(self, run: _Run, call: Call, key: Key) -> None:
        self.run = run
        self.call = call
        self.key = key
        self.attempt = 1
        self.tries = self.restarts = 0
        self.restart()

    def restart(self) -> None:
        self.page = 1
        self.token = ""
        self.seen: set[str] = set()
        self.digest: list[bytes] = []

    def request(self) -> dict[str, Any]:
        return {**self.call.request, "NextToken": self.token} if self.token else dict(self.call.request)


class _Run:
    """One collector at work on one lake, in one round."""

    __slots__ = ("calls", "collector", "digests", "ended", "failed", "lake", "learnt", "number", "open")

    def __init__(self, lake: _Lake, collector: Collector, number: int) -> None:
        self.lake = lake
        self.collector = collector
        self.number = number
        self.calls: Iterator[Call] | None = None
        self.open = 0
        self.ended = self.failed = False
        self.learnt: Learnt = {}
        self.digests: list[tuple[Key, list[bytes]]] = []


class _Lake:
    """One place while it is read."""

    def __init__(self, place: Place, number: int, allowance: int, journal: Journal) -> None:
        self.place = place
        self.journal = journal if place.journal is None else place.journal
        self.number = number
        self.clients = place.clients()
        self.account = ""
        self.allowance = float(allowance)
        self.in_flight = 0
        self.slowed = 0
        self.round = 0
        self.identified = False
        self.heard = False
        """Whether any call was answered."""
        self.refused = False
        """Whether the place let nobody in."""
        self.runs: dict[str, _Run] = {}
        self.ready: deque[_Listing] = deque()

    def idle(self) -> bool:
        """Whether everything was read."""
        return self.identified and all(run.ended for run in self.runs.values())

    @property
    def key(self) -> LakeKey:
        return self.account, self.place.region


class Reading:
    """Read places into a journal: begin it with ``run``, ask more with ``more``."""

    def __init__(
        self,
        places: Sequence[Place],
        journal: Journal,
        means: Means,
        limits: Limits | None = None,
        progress: Callable[[Step], None] = _silent,
    ) -> None:
        """Nothing is asked yet."""
        self.budget = Budget()
        self._journal = journal
        self._means = means
        self._limits = limits or Limits()
        self._progress = progress
        self._waiting = deque(enumerate(places))
        self._lakes: list[_Lake] = []
        self._done: list[_Lake] = []
        self._flight: dict[Future[bytes | Failed], tuple[_Lake, _Listing, int]] = {}
        self._delayed: list[tuple[float, int, _Lake, _Listing]] = []
        self._submitted = 0
        self._next_call = 0.0
        self._answers = self._rows = self._known = self._ended = 0
        self._again = {one.repeats for one in collectors() if one.repeats} | {
            one.name for one in collectors() if one.repeats
        }
        self._pool: Pool

    def run(self) -> list[LakeKey]:
        """Read every place; give the lakes in the order of the places, as ``Journal.answers`` wants them.

        Raises:
            CannotStartError: there are no credentials, they are not valid, or AWS cannot be reached.
            StoppedError: credentials ran out in the middle.
            ResumeError: the journal was begun by another caller.

        """
        self._work()
        return [lake.key for lake in sorted(self._done, key=lambda lake: lake.number)]

    def more(self, calls: Mapping[LakeKey, Sequence[Call]]) -> None:
        """Ask second questions of lakes that were read; their answers stand in the journal under ``second``."""
        for lake in self._done:
            asked = list(calls.get(lake.key, ()))
            if not asked or lake.refused:
                continue
            second = Collector(SECOND, SECOND_RANK, tuple(allowed()), (), partial(_these, asked))
            lake.runs[SECOND] = _Run(lake, second, 0)
            self._lakes.append(lake)
        self._done = [lake for lake in self._done if lake not in self._lakes]
        self._work()

    # ---------------------------------------------------------------------------------------------------- the one loop
    def _work(self) -> None:
        began = self._means.clock()
        spent = self.budget.seconds
        threads = self._limits.concurrency * min(self._limits.places, len(self._waiting) + len(self._lakes))
        with self._means.pool(max(1, threads)) as self._pool:
            try:
                while self._step():
                    self.budget.seconds = spent + self._means.clock() - began
            finally:
                for future in self._flight:
                    future.cancel()
        self.budget.seconds = spent + self._means.clock() - began

    def _step(self) -> bool:
        """Submit what may be, then wait for the first thing that happens; False when nothing is left."""
        while self._waiting and len(self._lakes) < self._limits.places:
            number, place = self._waiting.popleft()
            self._lakes.append(self._begin(place, number))
        until = self._submit()
        for lake in [one for one in self._lakes if one.idle()]:
            if self._read_again(lake):
                return True
            self._lakes.remove(lake)
            self._done.append(lake)
        if not self._lakes:
            return bool(self._waiting)
        if self._flight:
            left = None if until is None else max(0.0, until - self._means.clock())
            done = self._pool.first(self._flight, left)
            for future in sorted(done, key=lambda future: self._flight[future][2]):
                self._answered(future)
            return True
        if until is not None:
            self._means.sleep(max(0.0, until - self._means.clock()))
            return True
        raise AssertionError("collectors wait for each other")

    def _submit(self) -> float | None:
        """Submit calls as far as the limits let; say when to look again if time alone will change that."""
        now = self._means.clock()
        while self._delayed and self._delayed[0][0] <= now:
            _, _, late, delayed = heappop(self._delayed)
            late.ready.appendleft(delayed)
        moved = True
        while moved:
            moved = False
            for lake in self._lakes:
                if lake.in_flight >= int(lake.allowance):
                    continue
                if now < self._next_call:
                    return self._next_call
                listing = self._next(lake)
                if listing is None:
                    continue
                self._send(lake, listing, now)
                moved = True
        return self._delayed[0][0] if self._delayed else None

    def _send(self, lake: _Lake, listing: _Listing, now: float) -> None:
        if self._limits.max_rps:
            self._next_call = now + 1 / self._limits.max_rps
        call = listing.call
        name = f"{call.service}:{call.operation}"
        self.budget.calls[name] += 1
        if listing.tries:
            self.budget.retries[name] += 1
        self._submitted += 1
        future = self._pool.submit(self._means.ask, lake.clients, call.service, call.operation, listing.request())
        self._flight[future] = lake, listing, self._submitted
        lake.in_flight += 1

    # ------------------------------------------------------------------------------------------------- what to ask next
    def _begin(self, place: Place, number: int) -> _Lake:
        lake = _Lake(place, number, self._limits.concurrency, self._journal)
        for one in collectors():
            lake.runs[one.name] = _Run(lake, one, 0)
        run = lake.runs[_CALLER]
        lake.ready.append(_Listing(run, _IDENTITY, key_of(_CALLER, *_called(_IDENTITY))))
        run.open += 1
        self._known += 1
        return lake

    def _next(self, lake: _Lake) -> _Listing | None:
        """Return the next call of a lake: pages that follow before listings that have not begun."""
        if lake.ready:
            return lake.ready.popleft()
        if not lake.identified:
            return None
        moved = True
        while moved:
            moved = False
            for run in lake.runs.values():
                if run.ended or not (run.calls is not None or self._may_begin(lake, run)):
                    continue
                if run.calls is None:
                    run.calls = run.collector.calls(_merged(lake))
                for call in run.calls:
                    begun = self._listing(lake, run, call)
                    if begun is not None:
                        return begun
                if not run.open:
                    run.ended = moved = True
        return None

    def _may_begin(self, lake: _Lake, run: _Run) -> bool:
        after = run.collector.after
        if ALL_OTHERS in after:
            return all(other.ended for other in lake.runs.values() if ALL_OTHERS not in other.collector.after)
        return all(lake.runs[name].ended for name in after if name in lake.runs)

    def _listing(self, lake: _Lake, run: _Run, call: Call) -> _Listing | None:
        """Begin a listing, or go on with it where the journal leaves off; None if it has ended there."""
        name = run.collector.name
        if name == _CALLER and _called(call) == _called(_IDENTITY):
            return None  # asked before anything else
        listing = _Listing(run, call, key_of(name, *_called(call)))
        self._known += 1
        run.open += 1
        kept = lake.journal.kept(*lake.key, name, listing.key)
        if kept is None:
            return listing
        listing.attempt = kept.attempt
        while (where := kept.pages.get(listing.page)) is not None:
            answer = lake.journal.page(where)
            if answer.response is None:
                if answer.error is not None and answer.error.code in NOTHING_THERE:
                    self._over(listing)
                    return None
                break  # it failed then, and is asked for anew
            self.budget.kept += 1
            token, why = self._page(listing, answer.response)
            if why is not None:
                listing.attempt += 1
                listing.restart()
                break
            if token is None:
                self._over(listing)
                return None
        return listing

    # -------------------------------------------------------------------------------------------------- what came back
    def _answered(self, future: Future[bytes | Failed]) -> None:
        lake, listing, number = self._flight.pop(future)
        lake.in_flight -= 1
        found = future.result()
        if lake.refused:
            return
        if isinstance(found, Failed):
            self._failed(lake, listing, found, number)
            return
        # One call more at once when all that may be on their way came back well: slowly up, quickly down.
        lake.allowance = min(float(self._limits.concurrency), lake.allowance + 1 / lake.allowance)
        listing.tries = 0
        lake.heard = True
        if not lake.identified:
            self._identify(lake, listing, found, None)
        self._write(lake, listing, found, None)
        token, why = self._page(listing, found)
        if why is not None:
            listing.token = token or listing.token
            self._write(lake, listing, None, why)
            listing.run.failed = True
        self._step_done(lake, listing, over=token is None or why is not None)

    def _failed(self, lake: _Lake, listing: _Listing, failed: Failed, number: int) -> None:
        if failed.throttled:
            self.budget.throttled += 1
            if number > lake.slowed:  # calls sent before the last halving say nothing about it
                lake.slowed = self._submitted
                lake.allowance = max(1.0, lake.allowance / 2)
        if listing.token and failed.names_page_token() and listing.restarts < self._limits.restarts:
            listing.restarts += 1
            listing.attempt += 1
            listing.tries = 0
            listing.restart()
            lake.ready.append(listing)
            return
        if failed.fatal:
            if lake.place.beside and not lake.heard:
                self._refused(lake, listing, failed)
                return
            if lake.identified:
                raise StoppedError(f"{failed.fatal}; {self._answers:,} answers had been read")
            raise CannotStartError(failed.fatal)
        listing.tries += 1
        most = self._limits.no_way_tries if failed.no_way or not lake.identified else self._limits.tries
        if failed.passing and listing.tries < most:
            # Full jitter: clients that were throttled together do not come back together.
            longest = min(self._limits.cap, self._limits.base * 2.0 ** (listing.tries - 1))
            due = self._means.clock() + longest * self._means.random()
            heappush(self._delayed, (due, number, lake, listing))
            return
        if not lake.identified:
            if failed.passing and not failed.http_status:
                if lake.place.beside:
                    self._refused(lake, listing, failed)
                    return
                raise CannotStartError(f"AWS cannot be reached: {failed.message}")
            self._identify(lake, listing, None, failed)
        listing.run.failed = True
        self._write(lake, listing, None, failed.plain())
        self._step_done(lake, listing, over=True)

    def _refused(self, lake: _Lake, listing: _Listing, failed: Failed) -> None:
        """Write down that a place lets nobody in, and ask nothing more of it."""
        if not lake.identified:
            self._identify(lake, listing, None, failed)
        self._write(lake, listing, None, failed.plain())
        self._step_done(lake, listing, over=True)
        lake.refused = True
        lake.ready.clear()
        for run in lake.runs.values():
            run.ended = True

    def _step_done(self, lake: _Lake, listing: _Listing, *, over: bool) -> None:
        if over:
            self._over(listing)
        else:
            lake.ready.append(listing)
        self._progress(
            Step(listing.run.collector.name, listing.call.operation, self._answers, self._rows,
                 self.budget.calls.total(), self._ended, self._known, len(self._delayed), self.budget.seconds)
        )  # fmt: skip

    def _over(self, listing: _Listing) -> None:
        run = listing.run
        self._ended += 1
        run.open -= 1
        if run.collector.name in self._again:
            run.digests.append((listing.key, sorted(set(listing.digest))))

    def _page(self, listing: _Listing, body: bytes) -> tuple[str | None, Failure | None]:
        """Take a page in: the token of the next one (None: there is none), and why the listing cannot go on."""
        run = listing.run
        listing.page += 1
        try:
            members = _members(body)
            token = _any(members.get("NextToken", b"null")) or ""
            self._rows += max(
                (len(_list(value)) for value in members.values() if bytes(memoryview(value)[:1]) == b"["), default=0
            )
            if run.collector.name in self._again:
                listing.digest += _digests(members)
        except _BROKEN:
            return "", Failure(MALFORMED, "the answer is no JSON object")
        if run.collector.learn is not None:
            # A malformed row: facts.build names it as a gap. What it would have led to is not asked for.
            with suppress(*_BROKEN):
                run.collector.learn(listing.call, body, run.learnt)
        if not isinstance(token, str):
            return "", Failure(MALFORMED, "the answer's NextToken is no text")
        if not token:
            return None, None
        if token in listing.seen:
            return token, Failure(REPEATED_TOKEN, "the same NextToken came twice, so the listing has no end")
        listing.seen.add(token)
        listing.token = token
        if listing.page > self._limits.max_pages:
            return token, Failure(TOO_MANY_PAGES, f"the listing did not end after {self._limits.max_pages} pages")
        return token, None

    def _write(self, lake: _Lake, listing: _Listing, body: bytes | None, failure: Failure | None) -> None:
        self._answers += 1
        call = listing.call
        at = self._means.now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        answer = Answer(*lake.key, call.service, call.operation, listing.request(), body, failure, at, 0)
        run = listing.run
        lake.journal.add(answer, Part(run.collector.name, run.number, listing.page, listing.attempt))

    # --------------------------------------------------------------------------------------------------- who is asking
    def _identify(self, lake: _Lake, listing: _Listing, body: bytes | None, failure: Failure | None) -> None:
        """Judge the first answer, which says who we are; settle how far the journal is."""
        found = _caller(body)
        account = lake.place.account or found.get("Account")
        if not account:
            code = f" (`{failure.code}`)" if failure is not None else ""
            raise CannotStartError(f"cannot tell the AWS account: sts:GetCallerIdentity gave none{code}")
        lake.account = account
        lake.identified = True
        journal = lake.journal
        others = [one for one in journal.accounts(lake.place.region) if one != account]
        if lake.place.account is None and others:
            raise ResumeError(f"what was read before is of account {others[0]}, and these credentials are of {account}")
        kept = journal.kept(*lake.key, _CALLER, key_of(_CALLER, *_called(_IDENTITY)))
        if kept is not None and 1 in kept.pages:
            before, now = (_principal(one) for one in (_caller(journal.page(kept.pages[1]).response), found))
            if before and now and before != now:
                raise ResumeError(
                    f"what was read before was read as `{before}`, and now the caller is `{now}`, "
                    "who may see something else"
                )
            listing.attempt = kept.attempt + 1
        lake.round = max((journal.round(*lake.key, run.collector.name) for run in lake.runs.values()), default=0)
        self._settle(lake)

    def _settle(self, lake: _Lake) -> None:
        """Say to the journal which round counts of the collectors that read again."""
        for run in lake.runs.values():
            if run.collector.bracketed or run.collector.repeats:
                run.number = lake.round
                lake.journal.settle(*lake.key, run.collector.name, lake.round)

    # ----------------------------------------------------------------------------------------------------- the bracket
    def _read_again(self, lake: _Lake) -> bool:
        """Begin another round where settings or LF-tags changed while the grants were read; False if all is well."""
        if lake.round >= self._limits.rounds or not any(
            _differ(lake.runs.get(run.collector.repeats), run) for run in list(lake.runs.values())
        ):
            return False
        lake.round += 1
        self.budget.rounds += 1
        for name, run in lake.runs.items():
            if run.collector.bracketed or run.collector.repeats:
                lake.runs[name] = _Run(lake, run.collector, lake.round)
        self._settle(lake)
        return True


def _these(calls: Sequence[Call], _: Learnt) -> Iterator[Call]:
    return iter(calls)


def _called(call: Call) -> tuple[str, str, Mapping[str, Any]]:
    return call.service, call.operation, call.request


def _merged(lake: _Lake) -> Learnt:
    """Return what the collectors that have ended learnt; what two learnt under one name is united."""
    found: Learnt = {"account": {(lake.account, ""): ()}}
    for run in lake.runs.values():
        for topic, known in run.learnt.items() if run.ended else ():
            found[topic] = {**found[topic], **known} if topic in found else known
    return found


def _digests(members: Mapping[str, msgspec.Raw]) -> list[bytes]:
    """Return a digest of each row of a page, and of what else it says."""
    values = [(name.encode(), _any(raw)) for name, raw in members.items() if name != "NextToken"]
    rows = [(name, one) for name, value in values for one in (value if isinstance(value, list) else (value,))]
    return [blake2b(name + _sorted(one), digest_size=16).digest() for name, one in rows]


def _differ(before: _Run | None, after: _Run) -> bool:
    """Whether a second reading of the same calls gave something else; what was not read to its end cannot tell."""
    if before is None or before.failed or after.failed:
        return False
    return sorted(before.digests) != sorted(after.digests)


def _caller(body: bytes | None) -> dict[str, str]:
    try:
        found = _any(body) if body is not None else {}
    except _BROKEN:
        return {}
    members = found.items() if isinstance(found, dict) else ()
    return {name: value for name, value in members if isinstance(value, str)}


def _principal(caller: Mapping[str, str]) -> str:
    """Return who asks: a session without its name, which differs from one login to the next."""
    arn = caller.get("Arn", "")
    return "/".join(arn.split("/")[:2]) if ":assumed-role/" in arn else arn
