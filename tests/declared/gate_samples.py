"""A small stack to deploy to: its state, previews of edits of it, and live lakes that people changed by hand."""

from __future__ import annotations

import copy
import json
from typing import Any

from state_samples import ACCOUNT, OTHER, ROLE, lakes, provider, resource, state

from checks.declared import Deployment, Source, foresee
from checks.gate import gate
from checks.model import Finding, Lake, Origin, Verdict

Resources = dict[str, dict[str, Any]]

MARKETING = f"arn:aws:iam::{ACCOUNT}:role/marketing"
OPS = f"arn:aws:iam::{ACCOUNT}:role/ops"
PERMISSIONS = "aws:lakeformation/permissions:Permissions"
SETTINGS = "aws:lakeformation/dataLakeSettings:DataLakeSettings"


def grant(name: str, who: str, permissions: list[str], **on: Any) -> dict[str, Any]:
    on = on or {"table": {"databaseName": "sales", "name": "orders"}}
    return resource(PERMISSIONS, name, {"principal": who, "permissions": permissions, **on})


def stack() -> Resources:
    """The resources of the stack, by name."""
    found = [
        provider(),
        resource(SETTINGS, "settings", {"admins": [ROLE], "createDatabaseDefaultPermissions": [],
                                        "createTableDefaultPermissions": []}),
        resource("aws:glue/catalogDatabase:CatalogDatabase", "db", {"name": "sales", "description": "sold"}),
        table("orders", "id", "region", "ssn"),
        table("clients", "id", "mail"),
        resource("aws:lakeformation/lfTag:LfTag", "tag", {"key": "level", "values": ["open", "shut"]}),
        resource("aws:lakeformation/resourceLfTags:ResourceLfTags", "db-tags", {
            "lfTags": [{"key": "level", "value": "open"}], "database": {"name": "sales"}}),
        resource("aws:lakeformation/resourceLfTags:ResourceLfTags", "orders-tags", {
            "lfTags": [{"key": "level", "value": "shut"}], "table": {"databaseName": "sales", "name": "orders"}}),
        grant("open", ROLE, ["SELECT"], lfTagPolicy={
            "resourceType": "TABLE", "expressions": [{"key": "level", "values": ["open"]}]}),
        grant("all-but", MARKETING, ["SELECT"], tableWithColumns={
            "databaseName": "sales", "name": "orders", "wildcard": True, "excludedColumnNames": ["ssn"]}),
        resource("aws:lakeformation/dataCellsFilter:DataCellsFilter", "filter", {"tableData": {
            "databaseName": "sales", "tableName": "clients", "tableCatalogId": ACCOUNT, "name": "few",
            "columnWildcard": {}, "rowFilter": {"filterExpression": "id = 1"}}}),
        grant("through", OPS, ["SELECT"], dataCellsFilter={
            "databaseName": "sales", "tableName": "clients", "tableCatalogId": ACCOUNT, "name": "few"}),
    ]  # fmt: skip
    return {one["urn"].rpartition("::")[2]: one for one in found}


def table(name: str, *columns: str) -> dict[str, Any]:
    kinds = {"id": "bigint"}
    listed = [{"name": one, "type": kinds.get(one, "string")} for one in columns]
    return resource("aws:glue/catalogTable:CatalogTable", name, {
        "databaseName": "sales", "name": name, "storageDescriptor": {"columns": listed}})  # fmt: skip


def edited(resources: Resources, **inputs: Any) -> Resources:
    """Change inputs of named resources (``orders_tags=None`` takes one away, a whole resource adds it)."""
    found = copy.deepcopy(resources)
    for key, change in inputs.items():
        name = key.replace("_", "-")
        if change is None:
            del found[name]
        elif "urn" in change:
            found[name] = change
        else:
            found[name]["inputs"] |= change
    return found


def steps(before: Resources, after: Resources, *, same: bool = False) -> list[dict[str, Any]]:
    """What a preview lists; with *same*, what stays as it is too."""
    found = []
    for name in [*after, *(one for one in before if one not in after)]:
        old, new = before.get(name), after.get(name)
        op = "create" if old is None else "delete" if new is None else "same" if old == new else "update"
        if op == "update" and new is not None and new["type"] == PERMISSIONS:
            op = "replace"
        if op == "same" and not same:
            continue
        both = {key: one for key, one in (("oldState", old), ("newState", new)) if one is not None}
        found.append({"op": op, "urn": (new or old or {})["urn"], **both})
    return found


def counts(before: Resources, after: Resources) -> dict[str, int]:
    found: dict[str, int] = {}
    for one in steps(before, after, same=True):
        found[one["op"]] = found.get(one["op"], 0) + 1
    return found


def previewed(before: Resources, after: Resources, *, same: bool = False, **more: Any) -> Source:
    """``pulumi preview --json``, with or without ``--show-sames``."""
    body = {"steps": steps(before, after, same=same), "changeSummary": counts(before, after), **more}
    return Source("preview", "preview.json", json.dumps(body).encode())


def logged(before: Resources, after: Resources, *, same: bool = True) -> Source:
    """The engine's event log of a preview."""
    events: list[dict[str, Any]] = [{"preludeEvent": {"config": {"aws:region": "eu-central-1"}}}]
    for one in steps(before, after, same=same):
        metadata = {"op": one["op"], "urn": one["urn"], "old": one.get("oldState"), "new": one.get("newState")}
        events.append({"resourcePreEvent": {"metadata": metadata, "planning": True}})
    events.append({"summaryEvent": {"maybeCorrupt": False, "resourceChanges": counts(before, after)}})
    lines = [json.dumps({"sequence": number, "timestamp": 1, **one}) for number, one in enumerate(events)]
    return Source("preview", "events.log", "\n".join(lines).encode() + b"\n")


def planned(before: Resources, after: Resources) -> Source:
    """A saved plan: differences of inputs by URN."""
    plans: dict[str, Any] = {}
    for one in steps(before, after, same=True):
        new = one.get("newState")
        was = one.get("oldState", {}).get("inputs", {})
        now = {} if new is None else new["inputs"]
        diff = {
            "adds": {key: value for key, value in now.items() if key not in was},
            "deletes": [key for key in was if key not in now],
            "updates": {key: value for key, value in now.items() if key in was and was[key] != value},
        }
        goal = None if new is None else {
            "type": new["type"], "name": "n", "custom": True, "inputDiff": {k: v for k, v in diff.items() if v},
            "outputDiff": {}, "provider": new.get("provider", "")}  # fmt: skip
        ops = ["create-replacement", "replace", "delete-replaced"] if one["op"] == "replace" else [one["op"]]
        plans[one["urn"]] = {"goal": goal, "steps": ops, "state": None, "seed": "00"}
    return Source("preview", "plan.json", json.dumps({"manifest": {}, "resourcePlans": plans}).encode())


def stated(resources: Resources) -> Source:
    return state(*resources.values())


def live(resources: Resources) -> Lake:
    """The live lake that these resources would make."""
    (found,) = lakes(stated(resources))
    return found


def judged(told: Deployment, now: Lake | None = None) -> list[Finding]:
    ((before, after),) = told.place(live=() if now is None else (now.id,))
    return list(gate(before, after, told.touched, now).findings)


def deployed(after: Resources, now: Resources | None = None, before: Resources | None = None) -> list[Finding]:
    """Judge the deployment of *after* over the stack, where live is *now*."""
    before = before or stack()
    told = foresee([stated(before), previewed(before, after)])
    return judged(told, None if now is None else live(now))


def loud(found: list[Finding]) -> list[tuple[str, str, str]]:
    """Origin, verdict and rule of what is more than told."""
    return sorted(
        (one.origin.value if one.origin else "", one.verdict.value, one.rule)
        for one in found
        if one.severity.word != "info" or one.verdict is Verdict.UNKNOWN
    )


def of(found: list[Finding], origin: Origin) -> list[Finding]:
    return [one for one in found if one.origin is origin]


__all__ = ["OTHER"]
