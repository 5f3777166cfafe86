"""A report as one table, for spreadsheets and data lakes: a row for the run, one for each gap, one for each finding.

The run's row comes first and says the verdict, so that a table without findings does not look like an answer. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from checks import spelling
from checks.spelling import access_words, resource, waiver_words, witness_words, words
from reports.catalogue import controls
from reports.order import ordered
from reports.place import program
from reports.verdict import sentence

if TYPE_CHECKING:
    from checks.model import Finding, Gap, Report

COLUMNS: Final[dict[str, type]] = {
    "record": str,  # run, gap or finding
    "id": str,
    "rule": str,
    "name": str,
    "severity": str,
    "verdict": str,
    "confidence": str,
    "exposure": bool,
    "latent": bool,
    "origin": str,
    "waived": str,
    "subject_kind": str,
    "principal": str,
    "resource": str,
    "resource_kind": str,
    "catalog": str,
    "database": str,
    "table": str,
    "columns": str,
    "account": str,
    "region": str,
    "stack": str,
    "urn": str,
    "program": str,
    "message": str,
    "cause_kind": str,
    "cause": str,
    "declared": str,
    "live": str,
    "added": str,
    "removed": str,
    "witness": str,
    "reach_many": bool,
    "reach_principals": int,
    "reach_tables": int,
    "reach_columns": int,
    "reach_sensitive_columns": int,
    "last_updated_by": str,
    "last_updated": str,
    "fix_declare": str,
    "fix_revoke": str,
    "controls": str,
    "complete": bool,
    "run": str,
}
"""Name to type; columns may be added at the end, never renamed or dropped."""

Row = dict[str, str | int | bool | None]


def rows(report: Report) -> Iterator[Row]:
    """Yield the rows, every column in each; what plays no part is None."""
    for own in _parts(report):
        yield dict.fromkeys(COLUMNS) | own | {"complete": report.complete, "run": report.run.id}


def _parts(report: Report) -> Iterator[dict[str, Any]]:
    yield {"record": "run", "verdict": report.verdict, "message": sentence(report)}
    for gap in report.gaps:
        yield _gap(gap)
    for one in ordered(report):
        yield _finding(one) | {"controls": "; ".join(controls(one, report)) or None}


def _gap(gap: Gap) -> dict[str, Any]:
    return {
        "record": "gap",
        "name": gap.source,
        "verdict": "unknown",
        "subject_kind": gap.facts.value,
        "principal": gap.principal,
        "message": gap.reason,
        **({} if gap.scope is None else {"resource": words(gap.scope)} | _place(resource(gap.scope))),
    }


def _finding(one: Finding) -> dict[str, Any]:
    known, at = spelling.finding(one), program(one)
    subject = known["subject"]
    return {
        "record": "finding",
        **{
            key: known[key] for key in ("id", "rule", "name", "severity", "verdict", "confidence", "exposure", "latent")
        },
        **{key: known[key] for key in ("origin", "message", "declared", "live")},
        "waived": None if one.waived is None else waiver_words(one.waived),
        "subject_kind": subject["kind"],
        **{key: subject[key] for key in ("principal", "account", "region", "stack", "urn")},
        "resource": words(one.subject.resource),
        **_place(subject["resource"]),
        "program": None if at is None else str(at),
        "cause_kind": one.cause.kind,
        "cause": one.cause.what,
        "added": "; ".join(map(access_words, one.added)) or None,
        "removed": "; ".join(map(access_words, one.removed)) or None,
        "witness": None if one.witness is None else witness_words(one.witness),
        "reach_many": one.reach.principals is None,
        "reach_principals": one.reach.principals,
        "reach_tables": one.reach.tables,
        "reach_columns": one.reach.columns,
        "reach_sensitive_columns": one.reach.sensitive_columns,
        "last_updated_by": one.updated_by,
        "last_updated": one.updated,
        "fix_declare": one.fix_declare or None,
        "fix_revoke": one.fix_revoke or None,
    }


def _place(place: spelling.Json) -> dict[str, Any]:
    match place["columns"]:
        case None:
            columns = None
        case list() as names:
            columns = ", ".join(names)
        case {"except": names}:
            columns = f"* but {', '.join(names)}"
        case other:
            columns = str(other)
    return {"resource_kind": place["kind"], "columns": columns} | {
        key: place[key] for key in ("catalog", "database", "table")
    }
