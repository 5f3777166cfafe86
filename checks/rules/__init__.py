"""Posture rules: what is risky although it is declared. One file each, discovered; nothing here is registered.

A rule is a module of this package that offers ``RULE``. Its docstring is its documentation (what it flags, then
``Why:``, ``Fix:`` and ``Source:``), its examples are its tests. Ids ``FL2xx`` are unique and never reused. ``find``
looks at one :class:`~checks.scene.Scene`, a lake that is declared or live, and yields a :class:`Hit` for each root
cause, not for each table it reaches; it decides nothing about exit codes, waivers or enforcement.

Two ids stay free, for what is told elsewhere: ``FL222`` (an undeclared object in a declared database needs both sides:
``FL142``, and ``FL102`` for grants) and ``FL225`` (everyone granted on sensitive columns: ``FL201`` is critical there).
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum
from functools import cached_property, lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING

from checks import spelling
from checks.model import (
    Cause,
    Confidence,
    Evidence,
    Facts,
    Finding,
    Lake,
    Reach,
    Severity,
    Subject,
    Verdict,
    Witness,
)
from checks.normal import canonical_json
from checks.principals import is_many
from checks.scene import Holding, Scene, Stage
from checks.sensitivity import SHIPPED, Sensitivity

if TYPE_CHECKING:
    from checks.model import Grant, Principal, Resource, SubjectResource

__all__ = [
    "Chosen", "Example", "Hit", "Holding", "Option", "OptionError", "Options", "Rule", "Scene", "Scope", "about",
    "discover", "fingerprint", "held", "hidden", "posture", "settle",
]  # fmt: skip

Options = Mapping[str, frozenset[str]]
"""A rule's settings by name, defaults filled in; every option is a list of texts, a single one a list of one."""


class Scope(StrEnum):
    """How much a rule must see. What one resource shows can be stopped before that resource is made."""

    RESOURCE = "resource"
    STACK = "stack"


@dataclass(frozen=True, slots=True)
class Option:
    """A setting that a rule understands: a list of texts. ``pattern`` is what each text must match as a whole.

    A ``single`` one is one text or one whole number, and reaches the rule as a list of one: ``Scene.number``.
    """

    name: str
    doc: str
    pattern: str = ".+"
    default: frozenset[str] = frozenset()
    single: bool = False


@dataclass(frozen=True, slots=True)
class Hit:
    """One place where a rule holds, or, with ``undecided``, where it may hold and what is not known would decide it.

    ``message`` is a plain sentence that names principals and resources, safe to show. ``plain`` says the same without
    any value out of the declaration, for places where a value may be a secret that nobody marked as one. ``severity``
    overrides the rule's where this place is graver or milder. ``tables`` is how many tables the one cause reaches,
    None for those behind the subject.
    """

    subject: Subject
    message: str
    plain: str
    evidence: tuple[Evidence, ...] = ()
    undecided: bool = False
    witness: Witness | None = None
    tables: int | None = None
    columns: int = 0
    sensitive: int = 0
    severity: Severity | None = None
    principals: int | None = 1
    """How many gain by it; None for many. It counts only where the subject names nobody."""


HIDDEN = "is a secret or not known yet"
"""How a hit says of a property that its value is hidden; see :func:`hidden`."""


def hidden(subject: Subject, member: str, at: Evidence | None) -> Hit:
    """Build the hit of a rule that hangs on a hidden value: ``member`` is the property, as Pulumi spells it."""
    plain = f"`{member}` {HIDDEN}"
    message = f"{spelling.words(subject.resource)} could not be decided: {plain}"
    return Hit(subject, message, plain, (at,) if at else (), undecided=True)


def held(
    scene: Scene, holding: Holding, message: str, plain: str, *, severity: Severity | None = None, sensitive: int = 0
) -> Hit:
    """Build the hit about what one principal holds in one place (``Scene.holdings``)."""
    at = holding.first.evidence
    return Hit(
        about(scene.lake, "grant", holding.principal, holding.resource, at),
        message,
        plain,
        (at,) if at else (),
        witness=_witness(scene, holding.first),
        tables=holding.tables,
        sensitive=sensitive,
        severity=severity,
    )


def _witness(scene: Scene, grant: Grant) -> Witness | None:
    """Return one thing that a grant gives, where it gives anything on a table that there is."""
    behind = scene.reached(grant.resource)
    if grant.principal is None or not grant.permissions or not behind:
        return None
    table = min(behind, key=lambda one: (one.database, one.name))
    permission = "SELECT" if "SELECT" in grant.permissions else min(grant.permissions)
    return Witness(grant.principal, permission, table.catalog, table.database, table.name)


@dataclass(frozen=True, slots=True)
class Example:
    """A lake, and the options it is read with, that a rule flags or passes; options left out have their defaults."""

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
    find: Callable[[Scene], Iterator[Hit]]
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

    def scene(self, example: Example) -> Scene:
        """Return what this rule looks at in an example."""
        return Scene(example.lake, {one.name: one.default for one in self.options} | dict(example.options))

    def _settled(self, option: Option, value: object) -> frozenset[str]:
        if value is None:
            return option.default
        if option.single:
            # Pulumi hands numbers over as floating-point ones.
            whole = isinstance(value, int | float) and not isinstance(value, bool) and value == int(value)
            text = str(int(value)) if whole else value  # type: ignore[call-overload]
            if not isinstance(text, str) or not re.fullmatch(option.pattern, text):
                raise OptionError(f"rule `{self.name}`: option `{option.name}` must be {option.doc}")
            return frozenset({text})
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


@dataclass(frozen=True, slots=True)
class Chosen:
    """A rule as a team wants it: its options, and a severity of their own, if they have one."""

    rule: Rule
    options: Options
    severity: Severity | None = None


def settle(settings: Mapping[str, Mapping[str, object]] | None = None) -> tuple[Chosen, ...]:
    """Return the rules that are to be asked, as *settings* want them.

    Args:
        settings: rule name to that rule's options as a person wrote them, and for every rule ``severity`` (a word) and
            ``enabled`` (a flag).

    Raises:
        OptionError: a rule, an option or a value that nobody understands.

    """
    given = dict(settings or {})
    names = {rule.name for rule in discover()}
    for name in given:
        if name not in names:
            close = get_close_matches(name, names, n=1)
            hint = f"did you mean `{close[0]}`?" if close else "`floodline rules` lists them"
            raise OptionError(f"there is no rule `{spelling.printable(name)}`; {hint}")
    found = []
    for rule in discover():
        options = dict(given.get(rule.name, {}))
        enabled, word = options.pop("enabled", True), options.pop("severity", None)
        if not isinstance(enabled, bool):
            raise OptionError(f"rule `{rule.name}`: `enabled` must be true or false")
        severity = next((one for one in Severity if one.word == word), None)
        if word is not None and severity is None:
            words = ", ".join(one.word for one in sorted(Severity, reverse=True))
            raise OptionError(f"rule `{rule.name}`: `severity` must be one of {words}")
        chosen = Chosen(rule, rule.settle(options), severity)
        if enabled:
            found.append(chosen)
    return tuple(found)


def posture(
    lake: Lake,
    settings: Mapping[str, Mapping[str, object]] | Iterable[Chosen] | None = None,
    *,
    sensitivity: Sensitivity = SHIPPED,
    said: Iterable[tuple[Principal | None, Resource]] = (),
) -> tuple[Finding, ...]:
    """Return what every rule finds in one lake, as findings: posture, or unknown where a rule cannot be decided.

    Args:
        lake: all facts of one side.
        settings: as a person wrote them, or what ``settle`` made of them.
        sensitivity: what counts as sensitive.
        said: (principal, resource) of the grants that need not be spoken about again.

    Raises:
        OptionError: a rule, an option or a value that nobody understands.

    """
    chosen = settle(settings) if settings is None or isinstance(settings, Mapping) else tuple(settings)
    stage = Stage(lake, sensitivity, said)
    found: dict[str, Finding] = {}
    doubts: set[tuple[Subject, str]] = set()
    for one in chosen:
        for hit in one.rule.find(stage.under(one.options)):
            if hit.undecided:  # what is not known of one thing is said once, whatever hangs on it
                if (hit.subject, hit.plain) in doubts:
                    continue
                doubts.add((hit.subject, hit.plain))
            finding = _finding(one, hit, stage)
            known = found.get(finding.id)
            # One root cause is one finding: what a rule says twice of one subject is said once, the graver.
            if known is None or known.severity < finding.severity:
                found[finding.id] = finding
    return tuple(found.values())


def _finding(chosen: Chosen, hit: Hit, stage: Stage) -> Finding:
    rule, subject, lake = chosen.rule, hit.subject, stage.lake
    many = subject.principal is not None and is_many(subject.principal)
    people = None if many else hit.principals if subject.principal is None else 1
    tables = stage.tables(subject.resource) if hit.tables is None else hit.tables
    return Finding(
        id=fingerprint(rule, subject),
        rule=rule.id,
        name=rule.name,
        severity=chosen.severity if chosen.severity is not None else hit.severity or rule.severity,
        confidence=Confidence.ASSUMED if lake.assumed else Confidence.PROVED,
        verdict=Verdict.UNKNOWN if hit.undecided else Verdict.POSTURE,
        subject=subject,
        message=hit.message,
        cause=Cause(subject.kind, rule.what),
        reach=Reach(people, tables, hit.columns, hit.sensitive),
        witness=hit.witness,
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
