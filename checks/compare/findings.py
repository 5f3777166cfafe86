"""Build findings: identity, evidence, words and remedies in one place, so that every comparison sounds alike."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import TypedDict

from checks import spelling
from checks.drift import KINDS
from checks.model import (
    Access,
    AllTables,
    Assignment,
    Catalog,
    Cause,
    Confidence,
    Database,
    DataCellsFilter,
    DataLocation,
    Evidence,
    Finding,
    Grant,
    LakeId,
    LFTag,
    Only,
    Principal,
    Reach,
    Resource,
    Severity,
    Subject,
    SubjectResource,
    Table,
    TableColumns,
    TagPolicy,
    Verdict,
    Witness,
)

REACH_NOBODY = Reach(0)


class Words(TypedDict):
    """What each side has, in words."""

    declared: str
    live: str


class Said(Words, total=False):
    """Arguments of ``build`` that several findings of one comparison have in common."""

    evidence: Sequence[Evidence | None]
    updated_by: str | None
    updated: str | None


class Story(Said, total=False):
    """The same, with confidence, reach and witness."""

    confidence: Confidence
    reach: Reach
    witness: Witness | None


def fingerprint(parts: object) -> str:
    """Return 16 hex digits of the canonical JSON of *parts*: the same on every run, whatever the order of input."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return sha256(text.encode()).hexdigest()[:16]


def build(
    rule: str,
    verdict: Verdict,
    subject: Subject,
    message: str,
    cause: Cause,
    *,
    severity: Severity | None = None,
    confidence: Confidence = Confidence.PROVED,
    exposure: bool = False,
    added: Iterable[Access] = (),
    removed: Iterable[Access] = (),
    witness: Witness | None = None,
    reach: Reach = REACH_NOBODY,
    declared: str = "",
    live: str = "",
    updated_by: str | None = None,
    updated: str | None = None,
    evidence: Iterable[Evidence | None] = (),
    declare: str = "",
    revoke: str = "",
) -> Finding:
    """Build one finding. Its id rests on what it says, not on how far it reaches today nor on when it was seen."""
    kind = KINDS[rule]
    gained, lost = _ordered(added), _ordered(removed)
    identity = [
        rule,
        verdict.value,
        str(subject.lake),
        subject.lake.partition,
        spelling.subject(subject),
        [spelling.access(one) for one in gained],
        [spelling.access(one) for one in lost],
        cause.kind,
        cause.what,
    ]
    return Finding(
        id=fingerprint(identity),
        rule=rule,
        name=kind.name,
        severity=kind.severity if severity is None else severity,
        confidence=confidence,
        verdict=verdict,
        subject=subject,
        message=message,
        cause=cause,
        reach=reach,
        exposure=exposure or verdict is Verdict.WIDENED,
        latent=verdict is Verdict.LATENT,
        added=gained,
        removed=lost,
        witness=witness,
        declared=declared,
        live=live,
        updated_by=updated_by,
        updated=updated,
        evidence=tuple(
            sorted(
                {one for one in evidence if one is not None},
                key=lambda one: (one.source.value, one.line or 0, one.pointer, one.urn or ""),
            )
        ),
        fix_declare=declare or kind.fix,
        fix_revoke=revoke,
    )


def _ordered(pieces: Iterable[Access]) -> tuple[Access, ...]:
    return tuple(
        sorted(
            set(pieces),
            key=lambda one: (one.permission, one.grantable, str(spelling.columns(one.columns)), one.rows or ""),
        )
    )


def subject(
    kind: str,
    resource: SubjectResource,
    lake: LakeId,
    *,
    principal: Principal | None = None,
    declared: Evidence | None = None,
) -> Subject:
    """Name what a verdict is about; *declared* lends its URN and stack."""
    urn, stack = (declared.urn, declared.stack) if declared else (None, None)
    return Subject(kind, principal, resource, lake, urn, stack)


def held(grants: Iterable[Grant | None]) -> str:
    """Say in words what grants give, one line each: ``SELECT on telemetry_raw.keystrokes``."""
    lines = []
    for grant in grants:
        if grant is None:
            continue
        lendable = f" (may pass on {', '.join(sorted(grant.grantable))})" if grant.grantable else ""
        told = ", ".join(spelling.printable(one) for one in sorted(grant.permissions))
        lines.append(
            f"{told} on {spelling.words(grant.resource)}{lendable}" + (" under a condition" if grant.condition else "")
        )
    return "\n".join(sorted(lines))


# ----------------------------------------------------------------------------------------------------------- remedies
def revoke_command(grant: Grant, permissions: Iterable[str], lendable: Iterable[str]) -> str:
    """Return the AWS CLI command that takes the difference back. It is text for a person: floodline never runs it."""
    told, passed = sorted(permissions), sorted(lendable)
    wire = _wire(grant.resource)
    if wire is None or grant.principal is None or not (told or passed):
        return ""
    parts = [
        "aws",
        "lakeformation",
        "revoke-permissions",
        "--principal",
        f"DataLakePrincipalIdentifier={grant.principal}",
        "--resource",
        json.dumps(wire, separators=(",", ":")),
        "--permissions",
        *(told or passed),
    ]
    if passed:
        parts += ["--permissions-with-grant-option", *passed]
    if grant.condition:
        parts += ["--condition", json.dumps({"Expression": grant.condition})]
    return spelling.printable(shlex.join(parts))


def tag_command(assignment: Assignment) -> str:
    """Return the AWS CLI command that sets an LF-tag to the given assignment's value."""
    wire = _wire(assignment.target) if isinstance(assignment.target, Catalog | Database | Table) else None
    if wire is None:
        return ""
    tags = [{"TagKey": assignment.key, "TagValues": [assignment.value]}]
    parts = [
        "aws",
        "lakeformation",
        "add-lf-tags-to-resource",
        "--resource",
        json.dumps(wire, separators=(",", ":")),
        "--lf-tags",
        json.dumps(tags, separators=(",", ":")),
    ]
    return spelling.printable(shlex.join(parts))


def _wire(resource: Resource) -> dict[str, object] | None:
    """Spell a resource as the Lake Formation API wants it."""
    match resource:
        case Catalog(catalog):
            return {"Catalog": {"Id": catalog}}
        case Database(catalog, name):
            return {"Database": {"CatalogId": catalog, "Name": name}}
        case Table(catalog, database, name):
            return {"Table": {"CatalogId": catalog, "DatabaseName": database, "Name": name}}
        case AllTables(catalog, database):
            return {"Table": {"CatalogId": catalog, "DatabaseName": database, "TableWildcard": {}}}
        case TableColumns(Table(catalog, database, name), columns):
            body: dict[str, object] = {"CatalogId": catalog, "DatabaseName": database, "Name": name}
            if isinstance(columns, Only):
                body["ColumnNames"] = sorted(columns.names)
            else:
                body["ColumnWildcard"] = {"ExcludedColumnNames": sorted(columns.names)}
            return {"TableWithColumns": body}
        case DataLocation(catalog, arn):
            return {"DataLocation": {"CatalogId": catalog, "ResourceArn": arn}}
        case DataCellsFilter(Table(catalog, database, table), name):
            return {
                "DataCellsFilter": {
                    "TableCatalogId": catalog,
                    "DatabaseName": database,
                    "TableName": table,
                    "Name": name,
                }
            }
        case LFTag(catalog, key, values):
            return {"LFTag": {"CatalogId": catalog, "TagKey": key, "TagValues": sorted(values)}}
        case TagPolicy(catalog, resource_type, expression, saved):
            policy: dict[str, object] = {"CatalogId": catalog, "ResourceType": resource_type}
            if saved is not None:
                policy["ExpressionName"] = saved
            else:
                policy["Expression"] = [{"TagKey": key, "TagValues": sorted(values)} for key, values in expression]
            return {"LFTagPolicy": policy}
        case _:
            return None
