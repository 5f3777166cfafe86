"""Posture rules: what is risky although it is declared. One file each, discovered; nothing here is registered.

A rule is a module of this package that offers ``RULE``. Its docstring is its documentation (what it flags, then
``Why:``, ``Fix:`` and ``Source:``), its examples are its tests. Ids ``FL2xx`` are unique and never reused. ``find``
reads one lake, declared or live, and yields a :class:`Hit` for each place; it decides nothing about exit codes,
waivers or enforcement.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property, lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING

from checks import spelling
from checks.model import (
    AllTables,
    Catalog,
    Cause,
    Confidence,
    Database,
    Evidence,
    Facts,
    Finding,
    Lake,
    Reach,
    SettingRef,
    Severity,
    Subject,
    Table,
    TableColumns,
    Verdict,
)
from checks.normal import canonical_json
from checks.principals import is_many

if TYPE_CHECKING:
    from checks.model import Principal, SubjectResource

Options = Mapping[str, frozenset[str]]
"""A rule's settings by name; every option is a list of texts, and an option that is not given is its default."""


class Scope(StrEnum):
    """How much a rule must see. What one resource shows can be stopped before that resource is made."""

    RESOURCE = "resource"
    STACK = "stack"


@dataclass(frozen=True, slots=True)
class Option:
    """A setting that a rule understands: a list of texts. ``pattern`` is what each text must match as a whole."""

    name: str
    doc: str
    pattern: str = ".+"
    default: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Hit:
    """One place where a rule holds, or, with ``undecided``, where it may hold and what is not known would decide it.

    ``message`` is a plain sentence that names principals and resources, safe to show. ``plain`` says the same without
    any value out of the declaration, for places where a value may be a secret that nobody marked as one.
    """

    subject: Subject
    message: str
    plain: str
    evidence: tuple[Evidence, ...] = ()
    undecided: bool = False


HIDDEN = "is a secret or not known yet"
"""How a hit says of a property that its value is hidden; see :func:`hidden`."""


def hidden(subject: Subject, member: str, at: Evidence | None) -> Hit:
    """Build the hit of a rule that hangs on a hidden value: ``member`` is the property, as Pulumi spells it."""
    plain = f"`{member}` {HIDDEN}"
    message = f"{spelling.words(subject.resource)} could not be decided: {plain}"
    return Hit(subject, message, plain, (at,) if at else (), undecided=True)


@dataclass(frozen=True, slots=True)
class Example:
    """A lake, and the options it is read with, that a rule flags or passes."""

    lake: Lake
    options: Options = field(default_factory=dict)


@dataclass(frozen=True)
class Rule:
    """One posture rule.

    ``reads`` names the kinds of facts that decide it: where such a fact could not be read at all, the rule could not be
    decided, which is never a pass. Of a fact that was read in part, ``find`` itself says what it misses.
    ``flags`` and ``passes`` are its tests; each passing twin differs from a flagged one in what matters.
    """

    id: str
    name: str
    severity: Severity
    doc: str
    find: Callable[[Lake, Options], Iterator[Hit]]
    reads: frozenset[Facts]
    scope: Scope
    flags: tuple[Example, ...]
    passes: tuple[Example, ...]
    options: tuple[Option, ...] = ()

    @cached_property
    def what(self) -> str:
        """The first sentence: what is flagged."""
        return self._part("")

    @cached_property
    def why(self) -> str:
        """Why it matters."""
        return self._part("Why:")

    @cached_property
    def fix(self) -> str:
        """How to fix it."""
        return self._part("Fix:")

    @cached_property
    def source(self) -> str:
        """The page that the rule rests on."""
        return self._part("Source:")

    def _part(self, heading: str) -> str:
        parts = re.split(r"^(Why:|Fix:|Source:)", self.doc, flags=re.MULTILINE)
        found = dict(zip(["", *parts[1::2]], parts[::2], strict=True))
        return " ".join(found.get(heading, "").split())

    def settle(self, options: Mapping[str, object]) -> Options:
        """Check options that a person wrote, and fill in the defaults.

        Raises:
            OptionError: a name that this rule does not have, or a value that is no list of matching texts.

        """
        known = {option.name: option for option in self.options}
        for name in options:
            if name not in known:
                hint = ", ".join(f"`{one}`" for one in sorted(known)) or "none"
                raise OptionError(f"rule `{self.name}` has no option `{name}`; it has {hint}")
        return {option.name: self._settled(option, options.get(option.name)) for option in self.options}

    def _settled(self, option: Option, value: object) -> frozenset[str]:
        if value is None:
            return option.default
        texts = frozenset(one for one in value if isinstance(one, str)) if isinstance(value, list | tuple) else None
        if texts is None or not all(isinstance(one, str) for one in value):  # type: ignore[attr-defined]
            raise OptionError(f"rule `{self.name}`: option `{option.name}` must be a list of texts")
        for text in sorted(texts):
            if not re.fullmatch(option.pattern, text):
                shown = spelling.printable(text)
                raise OptionError(f"rule `{self.name}`: option `{option.name}`: `{shown}` is not {option.doc}")
        return texts


class OptionError(ValueError):
    """A rule's option that nobody understands: one line, for the person who wrote it."""


@lru_cache(maxsize=1)
def discover() -> tuple[Rule, ...]:
    """Return every rule of this package, ordered by id.

    Raises:
        TypeError: a module offers no ``RULE``, or two rules share an id or a name.

    """
    found: list[Rule] = []
    for info in sorted(pkgutil.iter_modules(__path__), key=lambda one: one.name):
        module = importlib.import_module(f"{__name__}.{info.name}")
        offered = getattr(module, "RULE", None)
        if not isinstance(offered, Rule):
            raise TypeError(f"{module.__name__} must define RULE: Rule")
        if any(offered.id == other.id or offered.name == other.name for other in found):
            raise TypeError(f"{module.__name__}: id `{offered.id}` or name `{offered.name}` is taken")
        found.append(offered)
    return tuple(sorted(found, key=lambda rule: rule.id))


def posture(lake: Lake, options: Mapping[str, Mapping[str, object]] | None = None) -> tuple[Finding, ...]:
    """Return what every rule finds in one lake, as findings: posture, or unknown where a rule cannot be decided.

    Args:
        lake: all facts of one side.
        options: rule name to that rule's options, as a person wrote them.

    Raises:
        OptionError: a rule or option that does not exist.

    """
    given = dict(options or {})
    rules, tables = discover(), Counter(table.parent for table in lake.tables)
    for name in given:
        if name not in {rule.name for rule in rules}:
            raise OptionError(f"there is no rule `{name}`; `floodline rules` lists them")
    return tuple(
        _finding(rule, hit, lake, tables)
        for rule in rules
        for hit in rule.find(lake, rule.settle(given.get(rule.name, {})))
    )


def _finding(rule: Rule, hit: Hit, lake: Lake, tables: Counter[Database]) -> Finding:
    subject = hit.subject
    return Finding(
        id=fingerprint(rule, subject),
        rule=rule.id,
        name=rule.name,
        severity=rule.severity,
        confidence=Confidence.ASSUMED if lake.assumed else Confidence.PROVED,
        verdict=Verdict.UNKNOWN if hit.undecided else Verdict.POSTURE,
        subject=subject,
        message=hit.message,
        cause=Cause(subject.kind, rule.what),
        reach=_reach(subject, tables),
        evidence=hit.evidence,
        fix_declare=rule.fix,
    )


def fingerprint(rule: Rule, subject: Subject) -> str:
    """Name a finding by what it is about, not by where that is declared: the same on every run, 16 hex digits."""
    said = {name: value for name, value in spelling.subject(subject).items() if name not in {"urn", "stack"}}
    return sha256(f"{rule.id} {canonical_json(said)}".encode()).hexdigest()[:16]


def about(
    lake: Lake, kind: str, principal: Principal | None, resource: SubjectResource, at: Evidence | None
) -> Subject:
    """Build a hit's subject; the declaration's URN and stack come from the evidence, where there is any."""
    if at is None:
        return Subject(kind, principal, resource, lake.id)
    return Subject(kind, principal, resource, lake.id, at.urn, at.stack)


def _reach(subject: Subject, tables: Counter[Database]) -> Reach:
    """Count whom and how many tables the subject touches; a database or a setting counts the tables below it."""
    many = subject.principal is None or is_many(subject.principal)
    return Reach(None if many else 1, _tables(subject.resource, tables))


def _tables(resource: SubjectResource, tables: Counter[Database]) -> int:
    match resource:
        case Table() | TableColumns():
            return 1
        case AllTables():
            return tables[resource.parent]
        case Database():
            return tables[resource]
        case SettingRef(database=Database() as database):
            return tables[database]
        case Catalog() | SettingRef():
            return tables.total()
        case _:
            return 0
