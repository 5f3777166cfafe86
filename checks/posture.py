"""What is risky in a lake beside what differs: the rules, asked of one run's lakes, in words that repeat no difference.

The rules look at the live lake; of kinds of facts that were not read, at what is declared. A risk that a difference of
the same subject speaks about already is left out. Where the same fact is declared, the finding points there too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from checks import rules
from checks.grants import Grants
from checks.model import (
    AllTables,
    Catalog,
    Confidence,
    Database,
    DataCellsFilter,
    DataLocation,
    Evidence,
    Facts,
    Finding,
    Lake,
    SettingRef,
    Table,
    Verdict,
)
from checks.semantics import database_of
from checks.sensitivity import Sensitivity

if TYPE_CHECKING:
    from checks.model import Principal, Resource, SubjectResource

_SPEAKING = frozenset({Verdict.WIDENED, Verdict.UNMANAGED, Verdict.LATENT})
_MEMBERS = {
    Facts.SETTINGS: ("settings",),
    Facts.GRANTS: ("grants",),
    Facts.TAGS: ("tags",),
    Facts.ASSIGNMENTS: ("assignments",),
    Facts.EXPRESSIONS: ("expressions",),
    Facts.FILTERS: ("filters",),
    Facts.LOCATIONS: ("locations",),
    Facts.CATALOGS: ("catalogs",),
    Facts.DATABASES: ("databases",),
    Facts.TABLES: ("tables",),
    Facts.POLICIES: ("policies",),
    Facts.FUNCTIONS: ("functions",),
}
"""Members of a lake that hold the facts of a kind which declarations can tell."""


@dataclass(frozen=True, slots=True)
class Risks:
    """How a run looks for risks: with which rules, what counts as sensitive, and whether risks decide the exit code."""

    chosen: tuple[rules.Chosen, ...]
    sensitivity: Sensitivity
    strict: bool = False
    """Then what could not be decided is unknown, never a pass; otherwise it is named among the risks."""


def look(told: Lake | None, seen: Lake | None, differences: Sequence[Finding], risks: Risks) -> list[Finding]:
    """Return the risks of one lake, declared or live or both, that no difference speaks about."""
    lake = _whole(told, seen)
    if lake is None:
        return []
    here = [one for one in differences if one.subject.lake == lake.id and one.verdict in _SPEAKING]
    said = _granted(here)
    spoken = {(one.subject.principal, one.subject.resource) for one in here}
    found = [
        one
        for one in rules.posture(lake, risks.chosen, sensitivity=risks.sensitivity, said=said)
        if (one.subject.principal, one.subject.resource) not in spoken
        and not (isinstance(one.subject.resource, SettingRef) and (None, one.subject.resource) in spoken)
    ]
    found = [one if risks.strict else _soft(one) for one in found]
    return found if told is None or told is lake else list(_pointed(found, told))


def _whole(told: Lake | None, seen: Lake | None) -> Lake | None:
    """Return the live lake, with what is declared in place of kinds of facts that nobody could read."""
    if seen is None or told is None:
        return seen or told
    dark = {gap.facts for gap in seen.gaps if gap.scope is None}
    if Facts.CALLER in dark:
        dark |= set(Facts)
    lent = {
        name: getattr(told, name)
        for facts in dark
        for name in _MEMBERS.get(facts, ())
        if not len(getattr(seen, name)) and len(getattr(told, name))
    }
    return replace(seen, **lent) if lent else seen


def _granted(differences: Iterable[Finding]) -> Iterator[tuple[Principal | None, Resource]]:
    for one in differences:
        if one.subject.kind == "grant" and not isinstance(one.subject.resource, SettingRef):
            yield one.subject.principal, one.subject.resource  # type: ignore[misc]


def _soft(finding: Finding) -> Finding:
    """Say what could not be decided as a risk that is assumed: no exit code hangs on it."""
    if finding.verdict is not Verdict.UNKNOWN:
        return finding
    said = finding.message if "could not be decided" in finding.message else f"could not be decided: {finding.message}"
    return replace(finding, verdict=Verdict.POSTURE, confidence=Confidence.ASSUMED, message=said)


# ------------------------------------------------------------------------------------------------- where it is declared
def _pointed(findings: Iterable[Finding], told: Lake) -> Iterator[Finding]:
    """Add to each finding where the same fact is declared, if it is: its URN, stack and line in the program."""
    packed: Grants | None = None
    for one in findings:
        if one.subject.urn is not None:
            yield one
            continue
        at = _fact(one.subject.resource, told)
        if at is None and one.subject.kind == "grant" and one.subject.principal is not None:
            packed = packed or Grants.packed(told.grants)
            at = _grant(packed, one.subject.principal, one.subject.resource)
        if at is None:
            yield one
        else:
            subject = replace(one.subject, urn=at.urn, stack=at.stack)
            yield replace(one, subject=subject, evidence=(*one.evidence, at))


def _fact(resource: SubjectResource, told: Lake) -> Evidence | None:
    """Return where a thing that is no grant is declared."""
    match resource:
        case SettingRef(database=None):
            return next((one.evidence for one in told.settings if one.evidence), None)
        case SettingRef(database=Database() as database):
            held = told.databases.get(database)
            return held.evidence if held else None
        case DataLocation(arn=arn):
            place = told.locations.get(arn)
            return place.evidence if place else None
        case DataCellsFilter():
            body = told.filters.get(resource)
            return body.evidence if body else None
        case _:
            return None


def _grant(packed: Grants, who: Principal, resource: SubjectResource) -> Evidence | None:
    """Return where a principal's grant on a resource is declared; what is folded points at the first of it."""
    if isinstance(resource, SettingRef):
        return None
    for grant in packed.on_object(who, resource):  # type: ignore[arg-type]
        if grant.evidence is not None:
            return grant.evidence
    if isinstance(resource, Database | AllTables | Table | Catalog):
        for grant in packed.of(who):
            home = database_of(grant.resource)
            inside = home == resource or (isinstance(resource, Catalog) and home is not None)
            if inside and grant.evidence is not None:
                return grant.evidence
    return None
