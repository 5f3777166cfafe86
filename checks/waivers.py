"""Waivers: findings that somebody accepted, exactly, by name, and until a day. Pure; the day is handed in.

An entry of a waivers file names one finding by its fingerprint, or one rule on one exact subject. It carries what was
accepted (``added``, ``tables``…): as soon as the finding widens beyond that, the entry does not hold any more. An entry
that is broken in any way waives nothing, and is a finding itself (:data:`KINDS`). Such findings are posture: they are
in every report, and decide the exit code only where ``--fail-on`` names posture.

What nobody saw cannot be accepted: a gap stays unknown. A difference that could not be decided can be.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from difflib import get_close_matches
from hashlib import sha256
from typing import Literal

from checks import spelling
from checks.drift import Kind
from checks.model import (
    EVERY_COLUMN,
    Access,
    AllExcept,
    AllTables,
    AnyResource,
    Cause,
    Columns,
    Confidence,
    Evidence,
    Finding,
    Function,
    LakeId,
    Only,
    OptInRef,
    Permission,
    Reach,
    Severity,
    Side,
    Subject,
    Verdict,
    Waiver,
    WaiverRef,
)
from checks.normal import canonical_json
from checks.review import Stage, missing, person
from checks.semantics import minus
from checks.spelling import Json, printable

LONGEST_DAYS = 180
"""For how many days a finding may be accepted, where configuration says nothing."""

_DOCS = "https://docs.aws.amazon.com/wellarchitected/latest/security-pillar/sec_permissions_continuous_reduction.html"

KINDS = {
    kind.id: kind
    for kind in (
        Kind(
            "FL401",
            "waiver-expired",
            Severity.MEDIUM,
            "A waiver's last day is over: its finding counts again.",
            "Mend what the finding says and remove the entry, or have it approved anew.",
            _DOCS,
        ),
        Kind(
            "FL402",
            "waiver-unused",
            Severity.LOW,
            "A waiver accepts a finding that is not there any more.",
            "Remove the entry.",
            _DOCS,
        ),
        Kind(
            "FL403",
            "waiver-unowned",
            Severity.HIGH,
            "A waiver has no owner, no author, or nobody other than its author approved it: it waives nothing.",
            "Name the owner, the author, and an approver who is not the author.",
            _DOCS,
        ),
        Kind(
            "FL404",
            "waiver-too-wide",
            Severity.HIGH,
            "A waiver names no exact finding, or not how far it may reach: it waives nothing.",
            "Write the entry with `floodline waive`, which names the finding and what is accepted of it.",
            _DOCS,
        ),
        Kind(
            "FL405",
            "waiver-too-long",
            Severity.MEDIUM,
            "A waiver lasts longer than configuration allows: it waives nothing.",
            "Let it end earlier; `longest-days` of [waivers] says how many days it may last.",
            _DOCS,
        ),
        Kind(
            "FL406",
            "waiver-unreadable",
            Severity.HIGH,
            "A waiver's entry lacks something, or says what nobody understands: it waives nothing.",
            "Mend the entry, or write it with `floodline waive`.",
            _DOCS,
        ),
        Kind(
            "FL407",
            "waiver-reopened",
            Severity.HIGH,
            "A finding went beyond what was accepted of it: it counts again.",
            "Take back what came in addition, or have the finding as it is now approved.",
            _DOCS,
        ),
        Kind(
            "FL408",
            "review-incomplete",
            Severity.HIGH,
            "A waiver lacks approvals that a review stage demands for such a finding: it waives nothing.",
            "Ask those whom the message names, and add them to `approvers` once they have approved.",
            _DOCS,
        ),
        Kind(
            "FL409",
            "waiver-forbidden",
            Severity.MEDIUM,
            "A waiver accepts what nobody can: something that was not seen, or a finding about waivers.",
            "Remove the entry; give the reading role what it lacks, or mend the waiver that the finding is about.",
            _DOCS,
        ),
        Kind(
            "FL410",
            "baseline-shrank",
            Severity.INFO,
            "Some of what a baseline accepts is not there any more.",
            "`floodline baseline --shrink FILE` removes it, so that it cannot come back unseen.",
            _DOCS,
        ),
    )
}
"""What is found of waivers, by id; ids never change."""

FORBIDDEN = "FL409"
COMMANDS = frozenset({"check", "gate"})
"""Those whose findings can be accepted."""
_SHOWN = 5
"""Entries of a baseline that one message names."""
_LONGEST_LIVE = 200


class WaiverError(ValueError):
    """A file that is no file of waivers at all: one line, for the person who wrote it."""


# --------------------------------------------------------------------------------------------------------------- nouns
@dataclass(frozen=True, slots=True)
class Accepted:
    """How much of a finding was accepted; None is not recorded.

    ``live`` is what live has, as the finding says it, or ``sha256:`` and the digest of that where it is long.
    ``origin`` is that of a gate's finding: what stands today may be left alone, and not be declared for that.
    """

    added: tuple[Access, ...] | None = None
    removed: tuple[Access, ...] | None = None
    principals: int | Literal["many"] | None = None
    tables: int | None = None
    columns: int | None = None
    sensitive: int | None = None
    exposes: bool | None = None
    live: str | None = None
    origin: str | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """Why an entry does not hold: an id of :data:`KINDS`, and the words that follow the entry's name."""

    rule: str
    words: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as it was read.

    ``finding`` is a fingerprint; without one, ``rule``, ``principal`` and ``resource`` name the subject. With one they
    must agree with the finding, because they are what its approvers read. ``command`` limits the entry to ``check`` or
    ``gate``. ``faults`` are those that reading alone shows.
    """

    name: str
    waiver: Waiver
    finding: str | None = None
    rule: str | None = None
    principal: str | None = None
    resource: str | Mapping[str, object] | None = None
    account: str | None = None
    region: str | None = None
    command: str | None = None
    expires: date | None = None
    approved: date | None = None
    accepted: Accepted = field(default_factory=Accepted)
    where: str = ""
    pointer: str = ""
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class Book:
    """A file's entries; ``name`` is the file's, ``command`` the one whose findings they all are, where there is one."""

    name: str = ""
    entries: tuple[Entry, ...] = ()
    command: str | None = None


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Everything that may be accepted in one run, and by which rules.

    ``today`` is the day of the run in UTC, ``longest_days`` how long an entry may last from the day of its approval
    (``approved``), or from today where it does not say.
    """

    today: date
    waivers: Book = field(default_factory=Book)
    baseline: Book | None = None
    stages: tuple[Stage, ...] = ()
    longest_days: int = LONGEST_DAYS
    command: str = "check"


# ------------------------------------------------------------------------------------------------------------- reading
_TEXTS = ("rule", "principal", "account", "region", "reason", "owner", "author", "ticket", "command", "live", "origin")
_COUNTS = ("tables", "columns", "sensitive-columns")
_KEYS = (
    "finding", *_TEXTS, "resource", "approvers", "approved", "expires", "added", "removed", "principals", *_COUNTS,
    "exposes",
)  # fmt: skip
_FINGERPRINT = re.compile(r"[0-9a-f]{16}")
_HEADING = re.compile(r"^[ \t]*\[\[[ \t]*waiver[ \t]*\]\]", re.MULTILINE)


def read(text: str, name: str) -> Book:
    """Understand a waivers file: TOML with one ``[[waiver]]`` for each accepted finding.

    Raises:
        WaiverError: it is no TOML, or holds anything but such tables.

    """
    try:
        told = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise WaiverError(f"{printable(name)}: not TOML: {printable(str(error))}") from error
    except RecursionError as error:
        raise WaiverError(f"{printable(name)}: not TOML: it is nested too deeply") from error
    for key in told:
        if key != "waiver":
            raise WaiverError(f"{printable(name)}: unknown key `{printable(key)}`; entries begin with `[[waiver]]`")
    entries = told.get("waiver", [])
    if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
        raise WaiverError(f"{printable(name)}: `waiver` must be entries, each begun by `[[waiver]]`")
    lines = [text.count("\n", 0, found.start()) + 1 for found in _HEADING.finditer(text)]
    known = len(lines) == len(entries)  # a heading inside a longer text would shift them
    return Book(
        name,
        tuple(
            _entry(one, f"{name} line {lines[number]}" if known else f"{name} entry {number + 1}", f"/waiver/{number}")
            for number, one in enumerate(entries)
        ),
    )


@dataclass(slots=True)
class _Reading:
    """One entry being read: values by kind, faults on the way."""

    told: Mapping[str, object]
    faults: list[Fault] = field(default_factory=list)

    def bad(self, words: str, rule: str = "FL406") -> None:
        self.faults.append(Fault(rule, words))

    def text(self, key: str) -> str:
        value = self.told.get(key, "")
        if isinstance(value, str):
            return value.strip()
        self.bad(f"`{key}` must be a text")
        return ""

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.told.get(key, [])
        listed = [value] if isinstance(value, str) else value
        if isinstance(listed, list) and all(isinstance(one, str) for one in listed):
            return tuple(one.strip() for one in listed if one.strip())
        self.bad(f"`{key}` must be a list of texts")
        return ()

    def day(self, key: str) -> date | None:
        value = self.told.get(key)
        if isinstance(value, str):
            try:
                value = date.fromisoformat(value)
            except ValueError:
                self.bad(f"`{key}` is no day: write it as 2026-12-31")
                return None
        if value is None or (isinstance(value, date) and not isinstance(value, datetime)):
            return value
        self.bad(f"`{key}` must be a day, such as 2026-12-31")
        return None


def _entry(told: Mapping[str, object], where: str, pointer: str) -> Entry:
    reading = _Reading(told)
    for key in told:
        if key not in _KEYS:
            close = get_close_matches(key, _KEYS, n=1)
            hint = f"; did you mean `{close[0]}`?" if close else ""
            reading.bad(f"unknown key `{printable(key)}`{hint}")
    words = {key: reading.text(key) for key in _TEXTS}
    finding = told.get("finding")
    if finding is not None and not (isinstance(finding, str) and _FINGERPRINT.fullmatch(finding)):
        wide = isinstance(finding, str) and bool(set("*?") & set(finding))
        reading.bad(
            "`finding` must be one fingerprint: 16 hex digits, as a report has them", "FL404" if wide else "FL406"
        )
        finding = None
    resource = told.get("resource")
    if resource is not None and not (isinstance(resource, dict) or (isinstance(resource, str) and resource.strip())):
        reading.bad("`resource` must be a text such as `sales.orders`, or a table as in a report")
        resource = None
    accepted = recorded(told, reading.bad)
    _exact(reading, words, resource)
    if words["command"] not in {"", *COMMANDS}:
        reading.bad("`command` must be `check` or `gate`")
    expires, approved = reading.day("expires"), reading.day("approved")
    for key in ("reason", "ticket", "expires"):
        if told.get(key) in (None, "") or (key in words and not words[key]):
            reading.bad(f"it has no `{key}`")
    if expires and approved and expires < approved:
        reading.bad("it ends before the day on which it was approved")
    approvers = reading.texts("approvers")
    _owned(reading, words, approvers)
    shown = resource if isinstance(resource, str) else canonical_json(resource) if resource else ""
    return Entry(
        name=finding if isinstance(finding, str) else " on ".join(one for one in (words["rule"], shown) if one),
        waiver=Waiver(
            finding if isinstance(finding, str) else "",
            words["reason"],
            words["owner"],
            expires.isoformat() if expires else "",
            words["rule"],
            words["author"],
            approvers,
            words["ticket"],
        ),
        finding=finding if isinstance(finding, str) else None,
        rule=words["rule"] or None,
        principal=words["principal"] or None,
        resource=resource if isinstance(resource, str | dict) else None,
        account=words["account"] or None,
        region=words["region"] or None,
        command=words["command"] or None,
        expires=expires,
        approved=approved,
        accepted=accepted,
        where=where,
        pointer=pointer,
        faults=tuple(dict.fromkeys(reading.faults)),
    )


def _exact(reading: _Reading, words: Mapping[str, str], resource: object) -> None:
    """Check that an entry without a fingerprint names one rule, one exact subject, and what is accepted there."""
    if "finding" in reading.told:
        return
    if not words["rule"] or resource is None:
        reading.bad(
            "it names neither a finding nor one rule on one exact subject (`rule`, `principal`, `resource`)", "FL404"
        )
        return
    if set("*?") & {*words["principal"], *words["rule"], *canonical_json(resource)}:
        reading.bad("it has a wildcard: a waiver is for one exact subject", "FL404")
    if "added" not in reading.told:
        reading.bad("it does not say what access is accepted: write `added` (`[]` if the finding adds none)", "FL404")


def _owned(reading: _Reading, words: Mapping[str, str], approvers: Sequence[str]) -> None:
    for key in ("owner", "author"):
        if not words[key]:
            reading.bad(f"it has no `{key}`", "FL403")
    if not approvers:
        reading.bad("nobody approved it: `approvers` is empty", "FL403")
    elif words["author"] and {person(one) for one in approvers} <= {person(words["author"]), ""}:
        reading.bad("only its own author approved it", "FL403")


def recorded(told: Mapping[str, object], bad: Callable[[str], None]) -> Accepted:
    """Understand what an entry says was accepted; *bad* is told of each value that is none."""
    counts: dict[str, int | None] = {}
    for key in _COUNTS:
        value = told.get(key)
        wrong = value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 0)
        if wrong:
            bad(f"`{key}` must be a number")
        counts[key] = value if isinstance(value, int) and not wrong else None
    principals = told.get("principals")
    if (
        principals is not None
        and principals != "many"
        and (not isinstance(principals, int) or isinstance(principals, bool) or principals < 0)
    ):
        bad('`principals` must be a number, or "many"')
        principals = None
    exposes = told.get("exposes")
    if exposes is not None and not isinstance(exposes, bool):
        bad("`exposes` must be true or false")
        exposes = None
    live, origin = told.get("live"), told.get("origin")
    return Accepted(
        _pieces(told, "added", bad),
        _pieces(told, "removed", bad),
        "many" if principals == "many" else principals if isinstance(principals, int) else None,
        counts["tables"],
        counts["columns"],
        counts["sensitive-columns"],
        exposes if isinstance(exposes, bool) else None,
        live if isinstance(live, str) else None,
        origin if isinstance(origin, str) else None,
    )


def _pieces(told: Mapping[str, object], key: str, bad: Callable[[str], None]) -> tuple[Access, ...] | None:
    value = told.get(key)
    if value is None:
        return None
    found = [_piece(one) for one in value] if isinstance(value, list) else [None]
    if None in found:
        bad(f'`{key}` must be a list of access, such as [{{ permission = "SELECT", columns = ["id"] }}]')
    return tuple(one for one in found if one is not None)


def _piece(value: object) -> Access | None:
    if not isinstance(value, dict) or not value.keys() <= {"permission", "columns", "grantable", "rows"}:
        return None
    permission, grantable, rows = value.get("permission"), value.get("grantable", False), value.get("rows")
    columns = _columns(value.get("columns", "*"))
    fits = isinstance(permission, str) and isinstance(grantable, bool) and (rows is None or isinstance(rows, str))
    if not fits or columns is None:
        return None
    return Access(Permission(str(permission)), columns, bool(grantable), rows if isinstance(rows, str) else None)


def _columns(value: object) -> Columns | None:
    if value == "*":
        return EVERY_COLUMN
    names = value.get("except") if isinstance(value, dict) and value.keys() == {"except"} else value
    if not isinstance(names, list) or not all(isinstance(one, str) for one in names):
        return None
    return AllExcept(frozenset(names)) if isinstance(value, dict) else Only(frozenset(names))


def acceptable(finding: Json) -> Json:
    """Return what accepting a finding as it is now accepts: the keys of an entry, from the finding's JSON."""
    reach = finding["reach"]
    told: Json = {
        "added": [_lean(one) for one in finding["added"]],
        "removed": [_lean(one) for one in finding["removed"]],
        "principals": reach["principals"],
        "tables": reach["tables"],
        "columns": reach["columns"],
        "sensitive-columns": reach["sensitive_columns"],
        "exposes": finding["exposure"],
    }
    if finding["subject"]["kind"] != "grant" and finding.get("live"):
        told["live"] = _told_live(finding["live"])
    if finding.get("origin") is not None:
        told["origin"] = finding["origin"]
    return told


def _lean(piece: Json) -> Json:
    """Leave out of a piece of access what is so where nothing is said."""
    usual: Json = {"columns": "*", "grantable": False, "rows": None}
    return {key: value for key, value in piece.items() if key not in usual or value != usual[key]}


def _told_live(text: str) -> str:
    return text if len(text) <= _LONGEST_LIVE and text.isprintable() else f"sha256:{sha256(text.encode()).hexdigest()}"


# ------------------------------------------------------------------------------------------------------------ applying
def unseen(finding: Finding) -> bool:
    """Whether a finding says that something was not seen; nobody can accept that."""
    return finding.rule == "FL150" or (finding.verdict is Verdict.UNKNOWN and finding.cause.kind == "gap")


def waivable(finding: Finding) -> bool:
    """Whether anybody can accept a finding: not what was not seen, not what is said of waivers."""
    return finding.rule not in KINDS and not unseen(finding)


def apply(
    findings: Iterable[Finding], acceptance: Acceptance, *, complete: bool = True, lake: LakeId | None = None
) -> tuple[Finding, ...]:
    """Mark the findings that are accepted, in their order, and add what is found of the waivers themselves.

    Nothing else of a finding changes, none goes, and what no entry holds for stays as it is. *complete* is whether the
    whole lake was seen, *lake* the one that findings about waivers are told of (the first, where there are several).
    """
    given = tuple(findings)
    home = lake or next((one.subject.lake for one in given), LakeId("aws", "", ""))
    run = _Run(given, acceptance, home, complete=complete)
    run.waivers(acceptance.waivers)
    if acceptance.baseline is not None:
        run.baseline(acceptance.baseline)
    accepted = (
        replace(one, waived=run.held[number]) if number in run.held else one for number, one in enumerate(given)
    )
    return (*accepted, *run.told)


class _Run:
    """One application: which findings are held by now, and what was found of the entries."""

    def __init__(self, findings: tuple[Finding, ...], acceptance: Acceptance, home: LakeId, *, complete: bool) -> None:
        self.findings = findings
        self.acceptance = acceptance
        self.home = home
        self.complete = complete
        self.held: dict[int, Waiver] = {}
        self.told: list[Finding] = []
        self._by_id: defaultdict[str, list[int]] = defaultdict(list)
        for number, one in enumerate(findings):
            self._by_id[one.id].append(number)
        self._by_resource: defaultdict[str, list[int]] | None = None
        self._said: Counter[tuple[str, str]] = Counter()

    def waivers(self, book: Book) -> None:
        """Apply the entries of a waivers file; then, when it is known what holds, tell all that is wrong with them."""
        others = COMMANDS - {self.acceptance.command}
        entries = [one for one in book.entries if one.command not in others]
        faults = {}
        idle = []
        for place, entry in enumerate(entries):
            found = [*entry.faults, *self._dated(entry)]
            if not found:
                used, found = self._hold(entry, self._meant(entry))
                if not used and not found:
                    idle.append(place)
            faults[place] = found
        for place in idle:
            faults[place] = self._why_idle(entries[place])
        for place, entry in enumerate(entries):
            name = printable(entry.name) or "nothing"
            for fault in dict.fromkeys(faults[place]):
                words = f"{printable(entry.where)}: the waiver of {name}: {fault.words}"
                self._tell(fault.rule, entry.name or entry.pointer, words, fault.words, entry.pointer)

    def baseline(self, book: Book) -> None:
        """Apply a baseline: what does not hold, or is gone, is told in one finding of each kind."""
        over = next((one.expires for one in book.entries if one.expires and one.expires < self.acceptance.today), None)
        if over is not None:
            self._tell("FL401", book.name, f"{printable(book.name)}: the baseline's last day was {over}")
            return
        wrong: defaultdict[str, list[str]] = defaultdict(list)
        gone = []
        for entry in book.entries:
            numbers = self._meant(entry)
            if not numbers:
                gone.append(entry)
            elif any(number not in self.held for number in numbers):
                _, faults = self._hold(entry, numbers)
                for fault in faults:
                    wrong[fault.rule].append(f"{entry.name}: {fault.words}")
        if gone:
            wrong["FL407"] += self._changed(gone)
        name = printable(book.name)
        for rule in sorted(wrong):
            some = wrong[rule]
            more = f"; and {len(some) - _SHOWN:,} more" if len(some) > _SHOWN else ""
            if some:
                self._tell(rule, book.name, f"{name}: {'; '.join(some[:_SHOWN])}{more}")
        if gone and self.complete and book.command in {None, self.acceptance.command}:
            shrank = f"{len(gone):,} of {len(book.entries):,} {'is' if len(gone) == 1 else 'are'} gone"
            words = f"{name}: the baseline shrank: {shrank}; write it anew (`floodline baseline --shrink`)"
            self._tell("FL410", book.name, words)

    def _changed(self, gone: Iterable[Entry]) -> list[str]:
        """Name what is, in place of an accepted finding, another one of the same rule on the same subject."""
        now: defaultdict[str, list[Finding]] = defaultdict(list)
        for number, one in enumerate(self.findings):
            if number not in self.held and waivable(one):
                now[_place(one.rule, one.subject.principal, spelling.subject(one.subject)["resource"])].append(one)
        return [
            f"{entry.name}: {_not_the_same(entry, one)}"
            for entry in gone
            for one in now.get(_place(entry.rule, entry.principal, entry.resource), ())[:1]
        ]

    def _meant(self, entry: Entry) -> list[int]:
        if entry.finding is not None:
            return self._by_id.get(entry.finding, [])
        if entry.rule is None or entry.resource is None:
            return []
        return [number for number in self._near(entry) if _is_of(entry, self.findings[number])]

    def _near(self, entry: Entry) -> Sequence[int]:
        """Return what may be on the entry's resource, so that not every finding is asked for every entry."""
        if self._by_resource is None:
            self._by_resource = defaultdict(list)
            for number, one in enumerate(self.findings):
                resource = one.subject.resource
                for key in (spelling.words(resource), _bare(spelling.resource(resource))):
                    self._by_resource[key].append(number)
        told = entry.resource
        return self._by_resource.get(told if isinstance(told, str) else _bare(told or {}), ())

    def _dated(self, entry: Entry) -> list[Fault]:
        today, cap = self.acceptance.today, self.acceptance.longest_days
        faults = []
        if entry.approved and entry.approved > today:
            faults.append(Fault("FL406", f"it was approved on {entry.approved}, which is still to come"))
        if entry.expires is None:
            return faults
        if entry.expires < today:
            return [*faults, Fault("FL401", f"its last day was {entry.expires}")]
        since = min(entry.approved or today, today)
        lasts = (entry.expires - since).days
        if lasts > cap:
            start = f"its approval on {since}" if entry.approved else "today"
            faults.append(
                Fault("FL405", f"it ends on {entry.expires}, {lasts:,} days from {start}; it may last {cap:,} days")
            )
        return faults

    def _hold(self, entry: Entry, numbers: Sequence[int]) -> tuple[bool, list[Fault]]:
        """Let an entry hold for each finding that it means and covers; say why it does not for the others."""
        places = {self.findings[number].subject.lake for number in numbers}
        if len(places) > 1 and entry.finding is None:
            return False, [Fault("FL404", "it means findings of several lakes: name the `account` and the `region`")]
        used, faults = False, []
        for number in numbers:
            one = self.findings[number]
            found = self._against(entry, one)
            faults += found
            if not found and number not in self.held:
                self.held[number] = replace(entry.waiver, finding=one.id, rule=one.rule)
                used = True
        return used, faults

    def _against(self, entry: Entry, one: Finding) -> list[Fault]:
        if not waivable(one):
            why = "it was not seen" if unseen(one) else "it is about a waiver"
            return [Fault(FORBIDDEN, f"nobody can accept {one.rule}: {why}")]
        if entry.finding is not None and not _agrees(entry, one):
            said = f"{one.rule} on {spelling.subject_words(one.subject)}"
            return [Fault("FL406", f"it describes another finding than the one with this fingerprint, which is {said}")]
        if entry.finding is None and _open_ended(one):
            words = spelling.subject_words(one.subject)
            return [Fault("FL404", f"{words} is no exact subject: name the finding, {one.id}")]
        unsaid = _unrecorded(entry, one)
        if unsaid:
            return [Fault("FL404", f"it does not say how far it may reach: write {', '.join(unsaid)}")]
        beyond = excess(one, entry.accepted)
        if beyond:
            said = f"{one.rule} on {spelling.subject_words(one.subject)} went beyond what was accepted"
            return [Fault("FL407", f"{said}: {'; '.join(beyond)} (finding {one.id})")]
        waiver = entry.waiver
        return [
            Fault("FL408", words) for words in missing(self.acceptance.stages, one, waiver.approvers, waiver.author)
        ]

    def _why_idle(self, entry: Entry) -> list[Fault]:
        """Say why an entry without a fault holds for nothing."""
        if self._meant(entry):
            return [Fault("FL402", "another entry accepts the same finding already: remove one")]
        near = (self.findings[number] for number in self._near(entry) if number not in self.held)
        similar = [one for one in near if waivable(one) and _is_like(entry, one)]
        if entry.finding is not None and similar:
            return [Fault("FL407", _not_the_same(entry, similar[0]))]
        if entry.principal is None and similar:
            return [Fault("FL404", "it names no `principal`: a waiver is for one exact subject")]
        if entry.command is None and self.acceptance.command != "check":
            return []  # the file is that of `check` too, whose findings a gate does not see
        doubt = "" if self.complete else "; the view is partial, so it may be there unseen"
        return [Fault("FL402", f"its finding is not there any more{doubt}")]

    def _tell(self, rule: str, name: str, message: str, why: str = "", pointer: str = "") -> None:
        kind = KINDS[rule]
        subject = Subject("waiver", None, WaiverRef(name), self.home)
        self._said[rule, name] += 1
        identity = json.dumps([rule, self._said[rule, name], spelling.subject(subject)], sort_keys=True)
        self.told.append(
            Finding(
                id=sha256(identity.encode()).hexdigest()[:16],
                rule=rule,
                name=kind.name,
                severity=kind.severity,
                confidence=Confidence.PROVED if self.complete or rule != "FL402" else Confidence.ASSUMED,
                verdict=Verdict.POSTURE,
                subject=subject,
                message=message,
                cause=Cause("waiver", why or kind.what),
                reach=Reach(0),
                evidence=(Evidence(Side.DECLARED, None, pointer),) if pointer else (),
                fix_declare=kind.fix,
            )
        )


# ------------------------------------------------------------------------------------------------------------ matching
def _is_of(entry: Entry, one: Finding) -> bool:
    """Whether a finding is of the entry's rule and exact subject."""
    return _is_like(entry, one) and _same_principal(entry, one)


def _is_like(entry: Entry, one: Finding) -> bool:
    """The same, where an entry that names no principal means anybody: to say what may be meant, never to waive."""
    if entry.rule is None or entry.resource is None or entry.rule not in {one.rule, one.name}:
        return False
    subject = one.subject
    if entry.account not in {None, subject.lake.account} or entry.region not in {None, subject.lake.region}:
        return False
    return _same_resource(entry, one) and (entry.principal is None or _same_principal(entry, one))


def _agrees(entry: Entry, one: Finding) -> bool:
    """Whether what an entry with a fingerprint says beside it is so."""
    subject = one.subject
    return (
        entry.rule in {None, one.rule, one.name}
        and (entry.resource is None or _same_resource(entry, one))
        and (entry.principal is None or _same_principal(entry, one))
        and entry.account in {None, subject.lake.account}
        and entry.region in {None, subject.lake.region}
    )


def _same_principal(entry: Entry, one: Finding) -> bool:
    who = one.subject.principal
    if who is None or entry.principal is None:
        return who is None and entry.principal is None
    return entry.principal in {who, spelling.principal_words(who, home=one.subject.lake.account)}


def _same_resource(entry: Entry, one: Finding) -> bool:
    if isinstance(entry.resource, str):
        return entry.resource == spelling.words(one.subject.resource)
    spelt = spelling.subject(one.subject)["resource"]
    told = {"catalog": one.subject.lake.account, **(entry.resource or {})}
    return told.keys() <= spelt.keys() and all(told.get(key) == value for key, value in spelt.items())


def _open_ended(one: Finding) -> bool:
    """Whether a subject's resource grows by itself: no exact one."""
    resource = one.subject.resource
    inner = resource.resource if isinstance(resource, OptInRef) else resource
    return isinstance(inner, AllTables | AnyResource) or (isinstance(inner, Function) and inner.name == "*")


def _bare(resource: Mapping[str, object]) -> str:
    """Spell a resource without what may be left out of an entry: absent members, and the catalog."""
    kept = {key: one for key, one in resource.items() if one is not None and key != "catalog"}
    return json.dumps(kept, sort_keys=True, default=str)


def _place(rule: str | None, principal: str | None, resource: object) -> str:
    return json.dumps([rule, principal, resource], sort_keys=True)


def _not_the_same(entry: Entry, one: Finding) -> str:
    beyond = excess(one, entry.accepted)
    how = f": {'; '.join(beyond)}" if beyond else ""
    said = f"{one.rule} on {spelling.subject_words(one.subject)}"
    return f"{said} is not what was accepted any more{how} (finding {one.id})"


def _unrecorded(entry: Entry, one: Finding) -> list[str]:
    """Say which keys an entry must have, so that a finding that grows can be told from the one that was accepted."""
    told, reach = entry.accepted, one.reach
    lacks = []
    if told.principals is None and one.subject.principal is None and reach.principals not in {0, 1}:
        lacks.append(f"`principals = {reach.principals}`" if reach.principals is not None else '`principals = "many"`')
    if reach.tables > 1:
        lacks += [f"`tables = {reach.tables}`"] if told.tables is None else []
        lacks += [f"`columns = {reach.columns}`"] if told.columns is None and reach.columns else []
    if entry.finding is None and told.exposes is None and one.verdict is Verdict.UNMANAGED and one.exposure:
        lacks.append("`exposes = true`")
    if entry.finding is None and told.live is None and one.live and one.subject.kind != "grant":
        lacks.append(f"`live = {toml_text(_told_live(one.live))}`")
    return lacks


def excess(one: Finding, told: Accepted) -> list[str]:
    """Say in what a finding goes beyond what was accepted; what was not recorded is not compared."""
    reach = one.reach
    beyond = []
    for key, now, was in (
        ("tables", reach.tables, told.tables),
        ("columns", reach.columns, told.columns),
        ("sensitive columns", reach.sensitive_columns, told.sensitive),
    ):
        if was is not None and now > was:
            beyond.append(f"it reaches {now:,} {key}, accepted were {was:,}")
    if isinstance(told.principals, int) and (reach.principals is None or reach.principals > told.principals):
        now_many = "many" if reach.principals is None else f"{reach.principals:,}"
        beyond.append(f"it reaches {now_many} principals, accepted were {told.principals:,}")
    for said, pieces, known in (("adds", one.added, told.added), ("takes", one.removed, told.removed)):
        if known is not None:
            more = [left for piece in pieces if (left := _beyond(piece, known)) is not None]
            beyond += [f"it {said} {spelling.access_words(left)}, which was not accepted" for left in more]
    if told.exposes is False and one.exposure:
        beyond.append("it opens what a stack declares, which it did not when it was accepted")
    if told.origin is not None and one.origin is not None and told.origin != one.origin.value:
        beyond.append(f"its origin is {one.origin.value}, accepted was {printable(told.origin)}")
    if told.live is not None and one.live and told.live not in {one.live, _told_live(one.live)}:
        beyond.append(_something_else(one.live, told.live))
    return beyond


def _something_else(now: str, was: str) -> str:
    if was.startswith("sha256:") or _told_live(now) != now:
        return "live has something else than what was accepted"
    return f"live has {printable(now)}, accepted was {printable(was)}"


def _beyond(piece: Access, known: Iterable[Access]) -> Access | None:
    """Return what a piece of access has beyond all the known ones together; None if nothing."""
    left = EVERY_COLUMN if piece.columns is None else piece.columns
    for one in known:
        if one.permission == piece.permission and one.grantable >= piece.grantable and one.rows in {None, piece.rows}:
            left = minus(left, EVERY_COLUMN if one.columns is None else one.columns)
    if left == Only(frozenset()):
        return None
    return piece if piece.columns is None else replace(piece, columns=left)


# ------------------------------------------------------------------------------------------------------------- writing
def toml_text(text: str) -> str:
    r"""Write a text as a TOML basic string, with everything that a terminal may stumble over as an escape."""
    said = "".join(
        f"\\{char}" if char in '"\\' else char if char.isascii() and char.isprintable() else _escaped(char)
        for char in text
    )
    return f'"{said}"'


def _escaped(char: str) -> str:
    code = ord(char)
    if 0xD800 <= code <= 0xDFFF:  # half a character: TOML has no escape for it
        return "\\uFFFD"
    return f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"


def toml_value(value: object) -> str:
    """Write a value of an entry as TOML, in one line.

    Raises:
        TypeError: TOML has no such value.

    """
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case str():
            return toml_text(value)
        case date():
            return value.isoformat()
        case list() | tuple():
            return f"[{', '.join(toml_value(one) for one in value)}]"
        case dict():
            pairs = (f"{_key(key)} = {toml_value(one)}" for key, one in value.items() if one is not None)
            return f"{{ {', '.join(pairs)} }}"
        case _:
            raise TypeError(f"no TOML for {type(value).__name__}")


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else toml_text(key)
