"""Compare a declared with a live lake: who may now do what the declaration never allowed.

``compare(declared, live)`` is the one public function. What changed in the grants is ``grants``'s business, what
changed in the facts that decide what a grant reaches is ``moved``'s; each other kind of fact has its own module.
What could not be seen becomes an "unknown" finding of its own; nothing that rests on it is called missing or equal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from checks import spelling
from checks.compare import findings as say
from checks.compare.catalog import catalog
from checks.compare.grants import narrowed, widened
from checks.compare.locations import locations
from checks.compare.moved import moved
from checks.compare.optins import optins
from checks.compare.orphans import orphans
from checks.compare.policies import policies
from checks.compare.retyped import retyped
from checks.compare.settings import settings
from checks.compare.sides import Sides
from checks.grants import Subjects, matched
from checks.model import (
    Catalog,
    Cause,
    Facts,
    Finding,
    Gap,
    Lake,
    LakeId,
    Reach,
    Side,
    UnknownResource,
    Verdict,
)

if TYPE_CHECKING:
    from checks.sensitivity import Sensitivity

__all__ = ["Comparison", "compare", "unseen"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The findings of one lake, and the number of subjects on which both sides agree."""

    lake: LakeId
    findings: tuple[Finding, ...]
    equal: int
    told: int = 0
    """Rows of grants that are declared."""
    seen: int = 0
    """How many of them are among the live rows, with whatever permissions."""


def compare(declared: Lake, live: Lake, sensitivity: Sensitivity | None = None) -> Comparison:
    """Compare two lakes of one id. Deterministic: the same facts in any order give the same findings.

    *sensitivity* says which columns count as sensitive; None: what is shipped.
    """
    sides = Sides(declared, live, sensitivity)
    found = widened(sides) | narrowed(sides)
    moved(sides)
    for part in (retyped, settings, locations, optins, policies, catalog, orphans):
        part(sides)
    subjects = _seen(sides)
    for gap in (*declared.gaps, *live.gaps):
        sides.findings.append(unseen(gap, sides.id))
    unique = {one.id: one for one in sides.findings}
    silent = len(subjects) - sum(one in subjects for one in found)
    told = sides.index_declared
    seen = matched(told, sides.index_live)
    return Comparison(sides.id, tuple(unique.values()), sides.equal + silent, len(told), seen)


def _seen(sides: Sides) -> Subjects:
    """Return the (principal, resource) subjects that were wholly seen; what was not seen is never counted as equal."""
    return Subjects(
        sides.index_declared,
        sides.index_live,
        shared=Facts.GRANTS in sides.dark,
        policies=not sides.dark & {Facts.ASSIGNMENTS, Facts.TAGS, Facts.EXPRESSIONS},
    )


_KINDS = {
    "grants": "grant",
    "settings": "setting",
    "assignments": "tag",
    "tags": "tag",
    "filters": "filter",
    "locations": "location",
    "optins": "optin",
    "tables": "table",
    "databases": "database",
    "policies": "policy",
    "rls": "policy",
    "expressions": "expression",
    "catalogs": "catalog",
    "caller": "role",
    "functions": "function",
}


def unseen(gap: Gap, lake: LakeId) -> Finding:
    """Turn a gap into a finding: what was not seen, and why."""
    where = gap.scope if gap.scope is not None else Catalog(lake.account)
    place = "" if gap.scope is None or isinstance(gap.scope, UnknownResource) else f" of {spelling.words(gap.scope)}"
    source = spelling.printable(gap.source)
    reason = f"{source}: {spelling.printable(gap.reason)}"
    side = "is declared" if gap.side is Side.DECLARED else "is live"
    if gap.facts is Facts.CALLER:
        message = f"the view may be partial: {reason}"
    elif gap.facts is Facts.OTHER:
        message = f"something could not be understood: {reason}"
    else:
        message = f"what {side} of {gap.facts.value}{place} is not wholly known: {reason}"
    return say.build(
        "FL150" if gap.side is Side.LIVE else "FL151",
        Verdict.UNKNOWN,
        say.subject(
            _KINDS.get(gap.facts.value, gap.facts.value), where, lake, principal=gap.principal, declared=gap.evidence
        ),
        message,
        Cause("gap", reason),
        reach=Reach(0),
        evidence=[gap.evidence],
    )
