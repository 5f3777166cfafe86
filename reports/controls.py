"""Which controls of which framework a rule's findings bear on, and what a report says of each control.

The tables are ``controls/*.yaml``, one framework each: ids and a line of our own for each, never a framework's text.
A control names rules, or families of rules (``families.yaml``). What floodline finds supports a control or speaks
against it; it never satisfies one by itself. Pure, but for reading its own package's tables.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from checks import rules
from checks.drift import KINDS
from checks.model import Finding, Severity, Verdict
from checks.waivers import KINDS as WAIVERS
from reports.order import ordered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checks.model import Report

_FAMILIES = "families.yaml"
_NO_POSTURE = "--no-posture"
"""The option that leaves the rules out which look for risks that are declared."""
FIRST = ("nist-800-53", "soc2", "iso-27001", "pci-dss", "hipaa", "gdpr")
"""The order of frameworks; any other comes after them, by name."""

WORDS = "supports, does not by itself satisfy"
"""How a result is to be read."""


class Result(StrEnum):
    """What one report says of one control."""

    SUPPORTED = "supported"
    NOT_SUPPORTED = "not supported"
    NOT_DETERMINED = "not determined"


@dataclass(frozen=True, slots=True)
class Control:
    """One control: its id in the framework, a line of our own, and the ids of the rules that bear on it.

    ``by_run`` controls ask for looking, not for what is found: a complete run is their evidence.
    """

    framework: str
    id: str
    says: str
    rules: frozenset[str]
    checks: tuple[str, ...] = ()
    """The families and rules that its table names."""
    by_run: bool = False


@dataclass(frozen=True, slots=True)
class Framework:
    """A framework: ``pattern`` is what each id of it must match as a whole."""

    id: str
    name: str
    version: str
    source: str
    pattern: str
    controls: tuple[Control, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A control's line of the matrix: what was checked, the result, why, and the findings it rests on.

    ``findings`` are open and above ``info``, the worst first; ``accepted`` and ``notes`` count the accepted ones and
    those of ``info``.
    """

    control: Control
    result: Result
    why: str
    findings: tuple[Finding, ...] = ()
    accepted: int = 0
    notes: int = 0


class FrameworkError(ValueError):
    """There is no such framework: one line."""


@cache
def frameworks() -> tuple[Framework, ...]:
    """Return every framework, NIST first.

    Raises:
        FrameworkError: a table names a rule or family that does not exist.

    """
    folder = resources.files("reports").joinpath("controls")
    known = known_rules()
    families = {name: _expanded(told, {}, known, name) for name, told in _read(folder, _FAMILIES).items()}
    names = sorted(one.name for one in folder.iterdir() if one.name.endswith(".yaml") and one.name != _FAMILIES)
    found = [_framework(_read(folder, name), families, known) for name in names]
    return tuple(sorted(found, key=lambda one: (FIRST.index(one.id) if one.id in FIRST else len(FIRST), one.id)))


def _read(folder: Any, name: str) -> dict[str, Any]:
    import yaml  # type: ignore[import-untyped]  # noqa: PLC0415 - only where controls are asked for

    found: dict[str, Any] = yaml.safe_load(folder.joinpath(name).read_text(encoding="utf-8"))
    return found


def _framework(told: Mapping[str, Any], families: Mapping[str, frozenset[str]], known: frozenset[str]) -> Framework:
    name = told["framework"]
    controls = tuple(
        Control(name, str(one["id"]), one["says"], _expanded(one["rules"], families, known, one["id"]),
                tuple(one["rules"]), one.get("basis") == "run")
        for one in told["controls"]
    )  # fmt: skip
    return Framework(name, told["name"], told["version"], told["source"], told["id"], controls)


def _expanded(
    given: Sequence[str], families: Mapping[str, frozenset[str]], known: frozenset[str], where: str
) -> frozenset[str]:
    found: set[str] = set()
    for word in given:
        if word in families:
            found |= families[word]
        elif word in known:
            found.add(word)
        elif word.endswith("*"):
            found |= {rule for rule in known if fnmatchcase(rule, word)}
        else:
            raise FrameworkError(f"`{where}` names `{word}`, which is no rule and no family of rules")
    return frozenset(found)


@cache
def known_rules() -> frozenset[str]:
    """Return the ids of everything that can be found."""
    return frozenset({*KINDS, *WAIVERS, *(one.id for one in rules.discover())})


def chosen(names: Sequence[str]) -> tuple[Framework, ...]:
    """Return the named frameworks, or every one; a name may be cut (``nist``).

    Raises:
        FrameworkError: a name means none, or several.

    """
    found = [_named(name) for name in dict.fromkeys(names)]
    return tuple(one for one in frameworks() if one in found or not found)


def _named(name: str) -> Framework:
    fits = [one for one in frameworks() if one.id == name.lower()]
    fits = fits or [one for one in frameworks() if name and one.id.startswith(name.lower())]
    if len(fits) != 1:
        raise FrameworkError(f"there is no framework `{name}`; there are {', '.join(one.id for one in frameworks())}")
    return fits[0]


@cache
def of_rule(rule: str, names: tuple[str, ...] = ()) -> tuple[Control, ...]:
    """Return the controls that findings of a rule bear on."""
    return tuple(one for framework in chosen(names) for one in framework.controls if rule in one.rules)


def matrix(report: Report, names: Sequence[str] = ()) -> tuple[tuple[Framework, tuple[Row, ...]], ...]:
    """Say of every control what the report says of it."""
    by_rule: dict[str, list[Finding]] = {}
    for one in ordered(report):
        by_rule.setdefault(one.rule, []).append(one)
    unseen = [one for one in report.findings if one.verdict is Verdict.UNKNOWN and one.waived is None]
    why = _dark(report, len(unseen))
    posture = _NO_POSTURE not in report.run.arguments
    left = frozenset() if posture else frozenset(one for one in known_rules() if one.startswith("FL2"))
    return tuple(
        (framework, tuple(_row(one, by_rule, why or _left_out(one, left)) for one in framework.controls))
        for framework in chosen(names)
    )


def _dark(report: Report, unseen: int) -> str:
    """Say why nobody can say that nothing is wrong; empty if somebody can."""
    if report.run.command == "gate":
        return "a gate looks at a deployment, not at the lake"
    if not report.complete:
        return "the view is partial"
    return f"{unseen:,} finding{'' if unseen == 1 else 's'} could not be decided" if unseen else ""


def _left_out(control: Control, left: Collection[str]) -> str:
    """Say that checks of a control were left out; empty if none were."""
    return "posture rules were left out" if not control.rules.isdisjoint(left) else ""


def _row(control: Control, by_rule: Mapping[str, Sequence[Finding]], dark: str) -> Row:
    here = [one for rule in sorted(control.rules) for one in by_rule.get(rule, ())]
    accepted = sum(one.waived is not None for one in here)
    opened = [one for one in here if one.waived is None and one.verdict is not Verdict.UNKNOWN]
    loud = sorted((one for one in opened if one.severity > Severity.INFO), key=lambda one: -one.severity)
    notes = len(opened) - len(loud)
    if control.by_run:
        result = Result.NOT_DETERMINED if dark else Result.SUPPORTED
        return Row(control, result, dark or "this run is the evidence: it saw everything", (), accepted, notes)
    if loud:
        said = f"{len(loud):,} open finding{'' if len(loud) == 1 else 's'}"
        return Row(control, Result.NOT_SUPPORTED, said, tuple(loud), accepted, notes)
    if dark:
        return Row(control, Result.NOT_DETERMINED, dark, (), accepted, notes)
    return Row(control, Result.SUPPORTED, "nothing was found", (), accepted, notes)
