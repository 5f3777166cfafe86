"""What a deployment does that cannot be known yet: it may widen, so it is never passed over."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from checks import spelling
from checks.compare import findings as say
from checks.compare import unseen
from checks.gate.facts import urn
from checks.model import Cause, Facts, Finding, Gap, Lake, Origin, Verdict
from checks.semantics import subject_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_WHAT = {
    Facts.SETTINGS: "change who administers the lake",
    Facts.ASSIGNMENTS: "change LF-tags, and so open what carries them",
    Facts.TAGS: "change an LF-tag's values",
    Facts.EXPRESSIONS: "change what a saved expression means",
    Facts.FILTERS: "change which rows and columns a filter shows",
    Facts.LOCATIONS: "change how a location is registered",
    Facts.OPTINS: "change who is opted in",
    Facts.POLICIES: "change the catalog's resource policy",
    Facts.TABLES: "change a table",
    Facts.DATABASES: "change a database",
    Facts.CATALOGS: "change a catalog",
}


def unknown(gap: Gap, after: Lake, touched: Mapping[str, str]) -> Finding:
    """Say what the deployment may do, and which property of which resource would tell."""
    source, reason = spelling.printable(gap.source), spelling.printable(gap.reason)
    why = f"{reason} (`{source}`)"
    rows = [one for one in after.grants if urn(one) == gap.source and one.principal is None]
    if rows:
        what = "; ".join(
            f"{', '.join(sorted(spelling.printable(name) for name in row.permissions))} on "
            f"{spelling.words(row.resource)}"
            for row in sorted(rows, key=lambda row: sorted(row.permissions))
        )
        finding = say.build(
            "FL151",
            Verdict.UNKNOWN,
            say.subject("grant", subject_of(rows[0].resource), after.id, declared=gap.evidence),
            f"possible widening: this deployment grants {what} to somebody who cannot be told: {why}",
            Cause("gap", f"{source}: {reason}"),
            live=say.held(rows),
            evidence=[gap.evidence],
        )
        return replace(finding, origin=Origin.DEPLOYMENT)
    finding = replace(unseen(gap, after.id), origin=Origin.DEPLOYMENT)
    if gap.source not in touched:
        return finding
    where = "" if gap.scope is None else f" ({spelling.words(gap.scope)})"
    may = _WHAT.get(gap.facts, f"change {gap.facts.value}")
    return replace(finding, message=f"possible widening: this deployment may {may}{where}: {why}")


def possible(found: Iterable[Finding], unread: frozenset[str]) -> Iterator[Finding]:
    """Make what widens only against a declaration that could not be read (*unread*, by URN) a possible widening."""
    for one in found:
        if one.widens and unread and any(evidence.urn in unread for evidence in one.evidence):
            yield replace(
                one,
                verdict=Verdict.UNKNOWN,
                exposure=False,
                message=f"possible widening, for what was declared before could not be read: {one.message}",
            )
        else:
            yield one
