"""Every posture rule on a snapshot: a lake is read by the collectors, recorded, and the recording is read.

What a rule cannot see because nobody asks AWS for it, or because it is lost between an answer and the facts, shows here
and nowhere else: the rules' own examples begin with facts.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from toy_aws import ACCOUNT, AUDITOR, CATALOG, LAKE, REGION, SETTINGS, Aws, denied, granted, read, recorded, who

from checks import rules, spelling
from checks.live.answer import Answer, Failure
from checks.model import Finding
from checks.posture import Risks, look
from checks.sensitivity import SHIPPED
from floodline import inputs

ADMIN, ANALYST, STEWARD = (f"arn:aws:iam::{ACCOUNT}:role/{name}" for name in ("lake-admin", "analyst", "steward"))
PARTNER = "444455556666"
GROUP = "arn:aws:identitystore:::group/11112222-3333"
EVERYONE = "IAM_ALLOWED_PRINCIPALS"
MASK = f"arn:aws:glue:{REGION}:{ACCOUNT}:userDefinedFunction/hr/mask"


# ----------------------------------------------------------------------------------------------------- what is granted on
def whole(name: str = "staff", database: str = "hr") -> dict[str, Any]:
    return {"Table": {**CATALOG, "DatabaseName": database, "Name": name}}


def every(database: str = "hr") -> dict[str, Any]:
    return {"Table": {**CATALOG, "DatabaseName": database, "Name": "ALL_TABLES", "TableWildcard": {}}}


def some(*columns: str) -> dict[str, Any]:
    return {"TableWithColumns": {**CATALOG, "DatabaseName": "hr", "Name": "staff", "ColumnNames": list(columns)}}


def within(database: str) -> dict[str, Any]:
    return {"Database": {**CATALOG, "Name": database}}


def place(path: str) -> dict[str, Any]:
    return {"DataLocation": {**CATALOG, "ResourceArn": f"arn:aws:s3:::lake{path}"}}


def tagged(value: str, key: str = "domain") -> dict[str, Any]:
    pair = {"TagKey": key, "TagValues": [value]}
    return {"LFTagPolicy": {**CATALOG, "ResourceType": "TABLE", "Expression": [pair]}}


def values(*given: str) -> dict[str, Any]:
    return {"LFTag": {**CATALOG, "TagKey": "domain", "TagValues": list(given)}}


CELLS = {"DataCellsFilter": {"TableCatalogId": ACCOUNT, "DatabaseName": "hr", "TableName": "staff", "Name": "own"}}
CALL = {"UserDefinedFunction": {**CATALOG, "DatabaseName": "hr", "Name": "mask"}}
NESTED = f"{ACCOUNT}:finance"


def grant(on: dict[str, Any], *permissions: str, to: str = ANALYST, lend: bool = False) -> dict[str, Any]:
    return granted(to, on, *permissions, options=permissions if lend else ())


# --------------------------------------------------------------------------------------------------------------- snapshots
@dataclass(frozen=True)
class Snap:
    """A small lake as AWS would answer it: closed, registered, and with nothing in it that any rule flags."""

    grants: tuple[dict[str, Any], ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)
    location: dict[str, Any] = field(default_factory=dict)
    columns: tuple[str, ...] = ("team", "salary")
    staff: dict[str, Any] = field(default_factory=dict)
    storage: dict[str, Any] = field(default_factory=dict)
    databases: dict[str, dict[str, Any]] = field(default_factory=dict)
    tables: tuple[dict[str, Any], ...] = ()
    tags: dict[tuple[str, ...], str] = field(default_factory=lambda: {("hr", "staff"): "sensitivity=restricted"})
    """(database), (database, table) or (database, table, column) → LF-tag."""
    rows: str = "team = 'own'"
    """Of the filter ``own`` on the table."""
    answers: dict[str, Any] = field(default_factory=dict)
    told: tuple[Answer, ...] = ()
    """Answers to what the collectors do not ask, as another tool may have recorded them."""
    options: dict[str, dict[str, object]] = field(default_factory=dict)
    """``[rules.NAME]`` of the configuration file."""

    def lake(self) -> dict[str, Any]:
        """The script of a toy AWS."""
        named = {"hr": {"LocationUri": "s3://lake/hr/"}, "sandbox": {"LocationUri": "s3://lake/sandbox/"}}
        databases = [
            {**CATALOG, "Name": name, "CreateTableDefaultPermissions": [], **more, **self.databases.get(name, {})}
            for name, more in named.items()
        ]
        staff = {**self.table("staff", *self.columns), **self.staff}
        staff["StorageDescriptor"] = {**staff["StorageDescriptor"], **self.storage}
        tables = [staff, *self.tables]
        location = {"ResourceArn": "arn:aws:s3:::lake", "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/vending"}
        cells = {**CELLS["DataCellsFilter"], "RowFilter": {"FilterExpression": self.rows}, "ColumnWildcard": {}}
        closed = {"DataLakeAdmins": [who(ADMIN)], "ReadOnlyAdmins": [who(AUDITOR)]}
        return {
            **LAKE,
            "GetDataLakeSettings": {"DataLakeSettings": {**SETTINGS, **closed, **self.settings}},
            "ListPermissions": ("PrincipalResourcePermissions", self.listed),
            "ListLFTags": ("LFTags", [
                {**CATALOG, "TagKey": "sensitivity", "TagValues": ["public", "restricted"]},
                {**CATALOG, "TagKey": "domain", "TagValues": ["people", "sales"]},
            ]),
            "ListLFTagExpressions": ("LFTagExpressions", []),
            "ListDataCellsFilter": ("DataCellsFilters", [cells]),
            "ListResources": ("ResourceInfoList", [{**location, **self.location}]),
            "ListLakeFormationOptIns": ("LakeFormationOptInsInfoList", []),
            "ListRLSPolicies": ("RLSPolicies", []),
            "ListRLSPolicyAttachments": ("RLSPolicyAttachments", []),
            "GetCatalogs": ("CatalogList", [{"CatalogId": ACCOUNT, "Name": ACCOUNT}]),
            "GetDatabases": ("DatabaseList", lambda request: [] if "CatalogId" in request else databases),
            "GetTables": ("TableList", lambda request: [
                one for one in tables if one["DatabaseName"] == request["DatabaseName"]]),
            "SearchDatabasesByLFTags": ("DatabaseList", self.found_databases),
            "SearchTablesByLFTags": ("TableList", lambda request: self.found_tables(request, tables)),
            "GetResourceLFTags": lambda request: self.of_table(
                request["Resource"]["Table"]["DatabaseName"], request["Resource"]["Table"]["Name"]),
            "GetResourcePolicy": denied("GetResourcePolicy", "EntityNotFoundException", message="no policy"),
            "GetResourcePolicies": ("GetResourcePoliciesResponseList", []),
            "GetUserDefinedFunctions": ("UserDefinedFunctions", []),
            **self.answers,
        }  # fmt: skip

    def listed(self, request: dict[str, Any]) -> list[dict[str, Any]]:
        """Grants; with a table, those on its filters."""
        filters = [one for one in self.grants if "DataCellsFilter" in one["Resource"]]
        return filters if "Resource" in request else list(self.grants)

    @staticmethod
    def table(name: str, *columns: str, database: str = "hr", **more: Any) -> dict[str, Any]:
        storage = {"Columns": [{"Name": one, "Type": "string"} for one in columns],
                   "Location": f"s3://lake/{database}/{name}/"}  # fmt: skip
        return {**CATALOG, "Name": name, "DatabaseName": database, "TableType": "EXTERNAL_TABLE",
                "StorageDescriptor": storage, **more}  # fmt: skip

    def pairs(self, *on: str) -> list[dict[str, Any]]:
        key, _, value = self.tags.get(on, "").partition("=")
        return [{**CATALOG, "TagKey": key, "TagValues": [value]}] if key else []

    def of_table(self, database: str, name: str) -> dict[str, Any]:
        on = {one[2]: self.pairs(*one) for one in self.tags if one[:2] == (database, name) and len(one) == 3}
        told = {"LFTagOnDatabase": self.pairs(database), "LFTagsOnTable": self.pairs(database, name),
                "LFTagsOnColumns": [{"Name": column, "LFTags": tags} for column, tags in on.items()]}  # fmt: skip
        return {member: tags for member, tags in told.items() if tags}

    @staticmethod
    def asked(request: dict[str, Any], pairs: list[dict[str, Any]]) -> bool:
        (asked,) = request["Expression"]
        return any(one["TagKey"] == asked["TagKey"] and one["TagValues"][0] in asked["TagValues"] for one in pairs)

    def found_databases(self, request: dict[str, Any]) -> list[dict[str, Any]]:
        names = [on[0] for on in self.tags if len(on) == 1 and self.asked(request, self.pairs(*on))]
        return [{"Database": {**CATALOG, "Name": name}, "LFTags": self.pairs(name)} for name in names]

    def found_tables(self, request: dict[str, Any], tables: list[dict[str, Any]]) -> list[dict[str, Any]]:
        hits = []
        for one in tables:
            told = self.of_table(one["DatabaseName"], one["Name"])
            of_columns = [pair for column in told.get("LFTagsOnColumns", ()) for pair in column["LFTags"]]
            pairs = [*told.get("LFTagOnDatabase", ()), *told.get("LFTagsOnTable", ()), *of_columns]
            if self.asked(request, pairs):
                name = {**CATALOG, "DatabaseName": one["DatabaseName"], "Name": one["Name"]}
                hits.append({"Table": name, **told})
        return hits


def told(service: str, operation: str, request: dict[str, Any], response: Any = None, code: str = "") -> Answer:
    """An answer to a call that no collector makes."""
    body = None if response is None else json.dumps(response).encode()
    failure = Failure(code, "there is none", 404) if code else None
    return Answer(ACCOUNT, REGION, service, operation, request, body, failure, "2026-11-23T10:00:00Z", 0)


def check(snap: Snap, folder: Path) -> list[Finding]:
    """Collect, record, read the recording as the command does; return the risks."""
    recording = folder / "lake.jsonl"
    recording.write_bytes(recorded([*read(Aws(snap.lake(), empty=False, size=1000)), *snap.told]))
    live = inputs.recordings([str(recording)]).live
    assert live.complete, live.ledger
    (lake,) = live.lakes
    return look(None, lake, (), Risks(rules.settle(snap.options), SHIPPED))


# ------------------------------------------------------------------------------------------------------------------- twins
@dataclass(frozen=True)
class Twins:
    """A lake that a rule flags, with whom and where it says so; and the same lake but for one thing."""

    flagged: Snap
    passing: Snap
    principal: str | None
    where: str
    """A part of what the subject's resource is, spelled out."""


def twins(flagged: Snap, principal: str | None, where: str, **changed: Any) -> Twins:
    """Twins that differ in what is *changed*; without, the passing one is the base."""
    return Twins(flagged, replace(flagged, **changed) if changed else Snap(), principal, where)


def holds(one: dict[str, Any], other: dict[str, Any], principal: str | None, where: str, *beside: Any) -> Twins:
    """Twins that differ in one grant."""
    flagged = Snap((one, *beside))
    return Twins(flagged, replace(flagged, grants=(other, *beside)), principal, where)


PAY = Snap.table("pay", "team", "total", database="sandbox")
VIEW = Snap.table("pay", "team", "total", database="sandbox", TableType="VIRTUAL_VIEW", ViewDefinition={
    "Definer": STEWARD, "SubObjects": [f"arn:aws:glue:{REGION}:{ACCOUNT}:table/hr/staff"]})  # fmt: skip
MASKS = [{"FunctionName": "mask", "DatabaseName": "hr", **CATALOG, "GovernanceMode": "LAKE_FORMATION"}]
OPEN = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{PARTNER}:root"}, "Action": "glue:GetTable*", "Resource": "*"}]}  # fmt: skip
KEPT = json.loads(json.dumps(OPEN).replace(PARTNER, ACCOUNT))
POLICY = {"PolicyInJson": json.dumps(OPEN), "PolicyHash": "h"}
ALONE = {"PolicyInJson": json.dumps(KEPT), "PolicyHash": "h"}
HYBRID = Snap((grant(whole(), "SELECT"), grant(whole(), "ALL", to=EVERYONE)), location={"HybridAccessEnabled": True})
RLS = {"ListRLSPolicies": ("RLSPolicies", [{**CATALOG, "Name": "own", "FilterExpression": "id > 0"}])}
ATTACHED = {**CATALOG, "PolicyName": "own", "Principal": who(ANALYST), "Resource": whole()}
PARTITION = {"Values": ["1"], "DatabaseName": "hr", "TableName": "staff", **CATALOG}


def partition(path: str) -> Answer:
    row = {**PARTITION, "StorageDescriptor": {"Location": f"s3://lake/{path}"}}
    return told("glue", "GetPartitions", {"DatabaseName": "hr", "TableName": "staff"}, {"Partitions": [row]})


def role(code: str = "") -> Answer:
    return told("iam", "GetRole", {"RoleName": "analyst"}, None if code else {"Role": {}}, code)


READS = grant(whole(), "SELECT")
BARE: dict[tuple[str, ...], str] = {}

TABLE: dict[str, tuple[Twins, ...]] = {
    "FL201": (holds(grant(whole(), "SELECT", to=EVERYONE), READS, "IAM_ALLOWED_PRINCIPALS", "staff"),
              holds(grant(whole(), "SELECT", to=f"{ACCOUNT}:IAMPrincipals"), READS, f"{ACCOUNT}:IAMPrincipals", "staff")),
    "FL202": (twins(Snap(settings={"CreateTableDefaultPermissions": [
                  {"Principal": who(EVERYONE), "Permissions": ["ALL"]}]}), None, "CreateTableDefaultPermissions"),
              twins(Snap(databases={"hr": {"CreateTableDefaultPermissions": [
                  {"Principal": who(EVERYONE), "Permissions": ["ALL"]}]}}), None, "hr")),
    "FL203": (holds(grant(whole(), "SELECT", to=PARTNER, lend=True), grant(whole(), "SELECT", to=PARTNER), PARTNER, "staff"),),
    "FL204": (twins(Snap(settings={"DataLakeAdmins": [who(f"arn:aws:iam::{ACCOUNT}:user/alex")]}),
                    f"arn:aws:iam::{ACCOUNT}:user/alex", "DataLakeAdmins"),
              twins(Snap(settings={"DataLakeAdmins": [who(f"{ADMIN}-{n}") for n in range(6)]}), None, "DataLakeAdmins",
                    settings={"DataLakeAdmins": [who(f"{ADMIN}-{n}") for n in range(5)]})),
    "FL205": (holds(grant(whole(), "SELECT", to=GROUP, lend=True), grant(whole(), "SELECT", to=GROUP), GROUP, "staff"),),
    "FL206": (twins(Snap((grant(whole(), "SELECT", to=PARTNER),)), PARTNER, "staff",
                    options={"foreign-granted-outside": {"allowedAccounts": [PARTNER]}}),),
    "FL207": (holds(grant(every(), "SELECT"), READS, ANALYST, "hr"),
              twins(Snap((grant(tagged("*"), "SELECT"),), tags={("hr",): "domain=people"}), ANALYST, "domain",
                    grants=(grant(tagged("people"), "SELECT"),))),
    "FL208": (holds(grant(whole(), "INSERT"), grant(whole(), "INSERT", "SELECT"), ANALYST, "staff"),),
    "FL209": (twins(Snap((grant(within("sandbox"), "CREATE_TABLE"),), databases={"sandbox": {"LocationUri": "s3://lake/"}}),
                    None, "sandbox", databases={}),),
    "FL210": (holds(grant(place("/hr"), "DATA_LOCATION_ACCESS"), grant(place("/sandbox"), "DATA_LOCATION_ACCESS"), ANALYST,
                    "lake/hr", grant(within("sandbox"), "CREATE_TABLE")),),
    "FL211": (twins(Snap((READS,), location={"ResourceArn": "arn:aws:s3:::other"}), None, "hr", location={}),
              twins(Snap((READS,), location={"HybridAccessEnabled": True}), None, "s3:::lake", location={})),
    "FL212": (twins(Snap(location={"WithPrivilegedAccess": True}), None, "s3:::lake"),),
    "FL213": (twins(Snap(settings={"AllowFullTableExternalDataAccess": True}), None, "AllowFullTableExternalDataAccess"),
              twins(Snap(settings={"AllowExternalDataFiltering": True, "ExternalDataFilteringAllowList": [who(PARTNER)]}),
                    None, "AllowExternalDataFiltering"),
              twins(Snap(answers={"GetCatalogs": ("CatalogList", [
                  {"CatalogId": ACCOUNT, "Name": ACCOUNT, "CatalogProperties": {"DataLakeAccessProperties": {}},
                   "AllowFullTableExternalDataAccess": "True"}])}), None, ACCOUNT),
              twins(Snap(answers={"DescribeLakeFormationIdentityCenterConfiguration": {
                  "InstanceArn": "arn:aws:sso:::instance/ssoins-1234", "ExternalFiltering": {
                      "Status": "ENABLED", "AuthorizedTargets": ["arn:aws:sso::aws:application/apl-1234"]}}}),
                    None, "IdentityCenter")),
    "FL214": (twins(Snap((READS,), told=(role("NoSuchEntity"),)), ANALYST, "", told=(role(),)),),
    "FL215": (holds(grant({"Catalog": {"Id": NESTED}}, "SUPER_USER"), grant({"Catalog": {"Id": NESTED}}, "DESCRIBE"), ANALYST,
                    NESTED),),
    "FL216": (holds(grant(values("people"), "ASSOCIATE"), grant(values("sales"), "ASSOCIATE"), ANALYST, "domain",
                    grant(tagged("people"), "DESCRIBE")),),
    "FL217": (twins(Snap(rows="TRUE"), None, "own", rows="team = 'a'"),),
    "FL218": (holds(READS, grant(whole(), "SELECT", to=STEWARD), ANALYST, "own", grant(CELLS, "SELECT")),),
    "FL219": (twins(Snap(answers={**RLS, "ListRLSPolicyAttachments": ("RLSPolicyAttachments", [ATTACHED])}), ANALYST, "own",
                    answers=RLS),),
    "FL220": (twins(Snap((grant(whole("pay", "sandbox"), "SELECT"),), tables=(VIEW,)), None, "pay", tables=(PAY,)),
              twins(Snap((grant(CALL, "EXECUTE"), grant(whole(), "SELECT", to=MASK)),
                         answers={"GetUserDefinedFunctions": ("UserDefinedFunctions", MASKS)}), MASK, "staff",
                    grants=(grant(CALL, "EXECUTE"), grant(whole(), "SELECT", to=MASK), READS))),
    "FL221": (twins(Snap((READS,), tags=BARE), None, "hr", tags={("hr", "staff", "salary"): "sensitivity=restricted"}),),
    "FL223": (twins(Snap(answers={"GetResourcePolicy": POLICY}), None, "", answers={"GetResourcePolicy": ALONE}),),
    "FL224": (twins(HYBRID, None, "s3:::lake", answers={"ListLakeFormationOptIns": ("LakeFormationOptInsInfoList", [
        {"Resource": whole(), "Principal": who(ANALYST)}])}),),
    "FL226": (twins(Snap(storage={"AdditionalLocations": ["s3://lake/sandbox/x/"]}), None, "hr",
                    storage={"AdditionalLocations": ["s3://lake/hr/staff/x/"]}),
              twins(Snap(told=(partition("sandbox/day=1"),)), None, "hr", told=(partition("hr/staff/day=1"),))),
    "FL227": (twins(Snap((grant(whole(), "SELECT", to=GROUP),), tags={("hr", "staff", "salary"): "sensitivity=restricted"}),
                    GROUP, "staff", grants=(grant(some("team"), "SELECT", to=GROUP),)),),
    "FL228": (holds(grant(whole(), "DROP", "SELECT"), READS, ANALYST, "staff"),),
}  # fmt: skip


def test_every_rule_has_a_snapshot():
    assert [rule.id for rule in rules.discover()] == sorted(TABLE)


@pytest.mark.parametrize(("rule", "pair"), [
    pytest.param(rule, pair, id=f"{rule}-{number}")
    for rule, pairs in TABLE.items() for number, pair in enumerate(pairs, 1)
])  # fmt: skip
def test_a_rule_fires_on_its_snapshot_and_not_on_the_twin(rule: str, pair: Twins, tmp_path: Path):
    found = [one for one in check(pair.flagged, tmp_path) if one.rule == rule]
    assert [one.subject.principal for one in found] == [pair.principal]
    assert pair.where in json.dumps(spelling.subject(found[0].subject), default=str)
    assert "could not be decided" not in found[0].message
    assert [one.message for one in check(pair.passing, tmp_path) if one.rule == rule] == []


def test_nothing_is_risky_in_the_base(tmp_path: Path):
    assert check(Snap(), tmp_path) == []
