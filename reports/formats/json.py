"""JSON to the published schema, version 1: for scripts. ASCII only, so that no name can disturb a terminal."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from checks import spelling
from reports import controls
from reports.formats import Format
from reports.order import ordered, summary

if TYPE_CHECKING:
    from checks.model import Equality, Finding, Gap, Kept, LedgerRow, Report, Run, SourceInfo
    from checks.spelling import Json

SCHEMA = "floodline/report/v1"


def render(report: Report) -> str:
    """Return the report as indented JSON with a final line end; keys and findings always in the same order."""
    return json.dumps(document(report), indent=2, ensure_ascii=True, allow_nan=False) + "\n"


def document(report: Report) -> Json:
    """Return the report as JSON values."""
    found: Json = {
        "schema": SCHEMA,
        "run": _run(report.run),
        "outcome": {"exit_code": int(report.exit_code), "complete": report.complete, "verdict": report.verdict},
        "summary": summary(report),
        "findings": [_finding(finding, report.frameworks) for finding in ordered(report)],
        "ledger": [_ledger(row) for row in report.ledger],
        "gaps": [_gap(gap) for gap in report.gaps],
        "lakes": [
            {"partition": lake.partition, "account": lake.account, "region": lake.region} for lake in report.lakes
        ],
    }
    if report.equalities is not None:
        found["equalities"] = [_equality(one) for one in report.equalities]
    return found


def _finding(finding: Finding, frameworks: tuple[str, ...]) -> Json:
    listed: dict[str, list[str]] = {}
    for one in controls.of_rule(finding.rule, frameworks):
        listed.setdefault(one.framework, []).append(one.id)
    return spelling.finding(finding) | {"controls": [{"framework": name, "ids": ids} for name, ids in listed.items()]}


def _equality(one: Equality) -> Json:
    lake = {"partition": one.lake.partition, "account": one.lake.account, "region": one.lake.region}
    return {"id": one.id, "name": one.name, "count": one.count, "example": one.example, "lake": lake}


def _run(run: Run) -> Json:
    found: Json = {
        "id": run.id,
        "command": run.command,
        "started": run.started,
        "finished": run.finished,
        "tool_version": run.tool_version,
        "botocore_version": run.botocore_version,
        "caller": {
            "arn": run.caller.arn,
            "data_lake_admin": run.caller.data_lake_admin,
            "read_only_admin": run.caller.read_only_admin,
        },
        "declared_sources": [_source(source) for source in run.declared_sources],
        "live_sources": [_source(source) for source in run.live_sources],
    }
    if run.arguments:
        found["arguments"] = list(run.arguments)
    if run.folder is not None:
        found["evidence"] = {"folder": run.folder, "files": [kept(one) for one in run.kept]}
    return found


def kept(value: Kept) -> Json:
    """Spell a file of an evidence folder."""
    return {
        "path": value.path,
        "kind": value.kind,
        "name": value.name,
        "sha256": value.sha256,
        "bytes": value.size,
        "original_sha256": value.original,
        "removed": value.removed,
    }


def _source(source: SourceInfo) -> Json:
    return {"kind": source.kind, "name": source.name, "stack": source.stack, "sha256": source.sha256}


def _ledger(row: LedgerRow) -> Json:
    return {
        "account": row.account,
        "region": row.region,
        "service": row.service,
        "operation": row.operation,
        "calls": row.calls,
        "pages": row.pages,
        "rows": row.rows,
        "errors": list(row.errors),
        "complete": row.complete,
        "basis": row.basis,
    }


def _gap(gap: Gap) -> Json:
    return {
        "side": gap.side.value,
        "source": gap.source,
        "reason": gap.reason,
        "facts": gap.facts.value,
        "scope": None if gap.scope is None else spelling.resource(gap.scope),
        "evidence": None if gap.evidence is None else spelling.evidence(gap.evidence),
    }


FORMAT = Format("json", (".json",), render)
