"""Rules over a whole stack, through the analyzer protocol: aws and aws-native, settings, secrets, and size."""

from __future__ import annotations

import json
import re
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import analyzer_pb2 as wire
from test_pack import (
    ANALYST,
    GRANT,
    NATIVE_GRANT,
    PACK,
    SECRET,
    SETTINGS,
    UNKNOWN,
    Engine,
    engine,
    grant,
    names,
    resource,
    struct,
)

__all__ = ["engine"]  # the fixture

TABLE = "aws:glue/catalogTable:CatalogTable"
NATIVE_TABLE = "aws-native:glue:Table"
FILTER = "aws:lakeformation/dataCellsFilter:DataCellsFilter"
NATIVE_FILTER = "aws-native:lakeformation:DataCellsFilter"
ACCOUNT = "111122223333"
GROUP = "arn:aws:identitystore:::group/11112222-3333"


@pytest.fixture(autouse=True)
def _fresh(engine: Engine) -> None:
    engine.configure()


def table(*columns: str, name: str = "salaries", **more: Any) -> dict[str, Any]:
    descriptor = {"columns": [{"name": one, "type": "string"} for one in columns], "location": f"s3://lake/hr/{name}"}
    inputs = {"name": name, "databaseName": "hr", "catalogId": ACCOUNT, "storageDescriptor": descriptor}
    return resource(TABLE, name, inputs | more)


def native_table(*columns: str, name: str = "salaries") -> dict[str, Any]:
    descriptor = {"columns": [{"name": one, "type": "string"} for one in columns], "location": f"s3://lake/hr/{name}"}
    inputs = {"catalogId": ACCOUNT, "databaseName": "hr", "tableInput": {"name": name, "storageDescriptor": descriptor}}
    return resource(NATIVE_TABLE, name, inputs)


def cells(text: str) -> dict[str, Any]:
    body = {
        "databaseName": "hr",
        "name": "some",
        "tableCatalogId": ACCOUNT,
        "tableName": "salaries",
        "rowFilter": {"filterExpression": text},
        "columnNames": ["team", "salary"],
    }
    return resource(FILTER, "some", {"tableData": body})


def native_cells(text: str) -> dict[str, Any]:
    inputs = {
        "databaseName": "hr",
        "name": "some",
        "tableCatalogId": ACCOUNT,
        "tableName": "salaries",
        "rowFilter": {"filterExpression": text},
        "columnNames": ["team", "salary"],
    }
    return resource(NATIVE_FILTER, "some", inputs)


def on_filter() -> dict[str, Any]:
    named = {"databaseName": "hr", "name": "some", "tableCatalogId": ACCOUNT, "tableName": "salaries"}
    return resource(GRANT, "on-filter", {"principal": ANALYST, "permissions": ["SELECT"], "dataCellsFilter": named})


def policies(said: list[wire.AnalyzeDiagnostic]) -> set[str]:
    return {one.policyName for one in said}


FLAGGED = [
    pytest.param(
        "filter-always-true", (table("team", "salary"), cells("team IS NULL OR team IS NOT NULL")), id="filter"
    ),
    pytest.param(
        "filter-always-true",
        (native_table("team", "salary"), native_cells("team IS NULL OR team IS NOT NULL")),
        id="filter, aws-native",
    ),
    pytest.param(
        "filter-beside-plain-select",
        (table("team", "salary"), cells("team = 'a'"), on_filter(), grant(ANALYST)),
        id="filter beside SELECT",
    ),
    pytest.param("group-reads-sensitive", (table("team", "salary"), grant(GROUP)), id="group"),
    pytest.param(
        "group-reads-sensitive",
        (
            native_table("team", "salary"),
            resource(
                NATIVE_GRANT,
                "g",
                {
                    "principal": {"dataLakePrincipalIdentifier": GROUP},
                    "permissions": ["SELECT"],
                    "permissionsWithGrantOption": [],
                    "resource": {"table": {"catalogId": ACCOUNT, "databaseName": "hr", "tableWildcard": {}}},
                },
            ),
        ),
        id="group, aws-native",
    ),
    pytest.param(
        "sensitive-column-without-restricting-tag", (table("team", "email"), grant(ANALYST)), id="column without a tag"
    ),
    pytest.param(
        "readers-may-drop-sensitive-tables",
        (table("team", "salary"), grant(ANALYST, permissions=["SELECT", "DROP"])),
        id="a reader may drop",
    ),
    pytest.param(
        "tag-administrators-can-retag-themselves-in",
        (
            resource(
                GRANT,
                "tag",
                {
                    "principal": ANALYST,
                    "permissions": ["ASSOCIATE"],
                    "lfTag": {"key": "s", "values": ["low"], "catalogId": ACCOUNT},
                },
            ),
            resource(
                GRANT,
                "policy",
                {
                    "principal": ANALYST,
                    "permissions": ["SELECT"],
                    "lfTagPolicy": {
                        "resourceType": "TABLE",
                        "catalogId": ACCOUNT,
                        "expressions": [{"key": "s", "values": ["low", "mid"]}],
                    },
                },
            ),
        ),
        id="tags",
    ),
    pytest.param(
        "catalog-resource-policy-open",
        (
            resource(
                "aws:glue/resourcePolicy:ResourcePolicy",
                "p",
                {"policy": '{"Statement":[{"Effect":"Allow","Principal":"*","Action":"glue:*","Resource":"*"}]}'},
            ),
        ),
        id="resource policy",
    ),
    pytest.param(
        "partition-outside-the-table",
        (
            table("team"),
            resource(
                "aws:glue/partition:Partition",
                "part",
                {
                    "databaseName": "hr",
                    "tableName": "salaries",
                    "partitionValues": ["1"],
                    "catalogId": ACCOUNT,
                    "storageDescriptor": {"location": "s3://elsewhere/hr/day=1"},
                },
            ),
        ),
        id="partition",
    ),
    pytest.param(
        "not-opted-in-under-hybrid-access",
        (
            table("team"),
            grant("IAM_ALLOWED_PRINCIPALS", "everyone"),
            grant(ANALYST, "mine"),
            resource(
                "aws:lakeformation/resource:Resource",
                "location",
                {"arn": "arn:aws:s3:::lake", "hybridAccessEnabled": True, "useServiceLinkedRole": True},
            ),
        ),
        id="opt-in",
    ),
]


@pytest.mark.parametrize(("policy", "stack"), FLAGGED)
def test_what_a_stack_is_stopped_for(engine: Engine, policy: str, stack: tuple[dict[str, Any], ...]) -> None:
    said = engine.analyze(*stack)
    assert policy in policies(said)
    assert "could-not-be-decided" not in policies(said)
    assert {one.urn for one in said if one.policyName == policy} <= {one["urn"] for one in stack}


def test_a_harmless_stack_passes_in_silence(engine: Engine) -> None:
    closed = resource(SETTINGS, "s", {"admins": [], "createTableDefaultPermissions": []})
    only = grant(
        ANALYST, table=None, tableWithColumns={"databaseName": "hr", "name": "salaries", "columnNames": ["floor"]}
    )
    assert engine.analyze(closed, table("team", "salary", "floor"), cells("team = 'a'"), on_filter(), only) == []


def test_what_is_sensitive_is_configured_for_all_rules(engine: Engine) -> None:
    stack = (table("team", "mood", name="days"), grant(GROUP, table={"databaseName": "hr", "name": "days"}))
    assert "group-reads-sensitive" not in policies(engine.analyze(*stack))
    engine.configure(settings={"options": {"sensitivity": {"columns": ["moo?"], "tags": {"s": ["high"]}}}})
    said = [one for one in engine.analyze(*stack) if one.policyName == "group-reads-sensitive"]
    assert len(said) == 1
    assert "hr.days.mood" in said[0].message


def test_a_teams_own_severity_is_said(engine: Engine) -> None:
    engine.configure(everyone_granted={"options": {"severity": "critical"}})
    (said,) = engine.analyze(grant("IAM_ALLOWED_PRINCIPALS"))
    assert said.severity == wire.POLICY_SEVERITY_CRITICAL


def test_the_account_may_be_configured_where_nothing_tells_it(engine: Engine) -> None:
    lent = grant("444455556666", permissionsWithGrantOptions=["SELECT"])
    engine.configure(settings={"options": {"account": "111122223333", "region": "eu-west-1"}})
    assert ("grant-option-outside", "MANDATORY") in names(engine.analyze(lent))
    engine.configure(settings={"options": {"account": "444455556666"}})
    assert "grant-option-outside" not in policies(engine.analyze(lent))


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"acount": "111122223333"}, "`settings` has no `acount`"),
        ({"account": "1111"}, "`account` must be twelve digits"),
        ({"account": 111122223333}, "`account` must be twelve digits"),
        ({"region": "mars"}, "`region` must be a region"),
        ({"sensitivity": ["x"]}, "`sensitivity` must be an object"),
        ({"sensitivity": {"colums": []}}, "sensitivity has no `colums`"),
    ],
)
def test_settings_that_nobody_understands_stop_the_run(engine: Engine, options: dict[str, Any], text: str) -> None:
    with pytest.raises(grpc.RpcError, match=text):
        engine.configure(settings={"options": options})


@pytest.mark.parametrize("severity", ["grave", "", "HIGH"])
def test_a_severity_that_there_is_not_stops_the_run(engine: Engine, severity: str) -> None:
    with pytest.raises(grpc.RpcError, match="`severity` must be one of critical, high"):
        engine.configure(everyone_granted={"options": {"severity": severity}})


def test_no_name_is_told_where_a_value_is_a_secret(engine: Engine) -> None:
    hidden = table("team", "salary", description={**SECRET, "value": "hush hush"})
    said = engine.analyze(hidden, grant(GROUP))
    assert "group-reads-sensitive" in policies(said)
    assert "salaries" not in "".join(one.message for one in said)
    assert "hush" not in str(said)


def test_an_unknown_column_list_is_a_doubt_of_the_rules_that_need_it(engine: Engine) -> None:
    unknown = table("team")
    unknown["properties"] = struct({"name": "salaries", "databaseName": UNKNOWN, "catalogId": ACCOUNT})
    unknown["outputs"] = unknown["properties"]
    said = engine.analyze(unknown, grant(GROUP))
    assert ("could-not-be-decided", "ADVISORY") in names(said)


def test_a_damaged_request_is_refused(engine: Engine) -> None:
    ask = engine.channel.unary_unary("/pulumirpc.Analyzer/AnalyzeStack")
    with pytest.raises(grpc.RpcError, match="the request ends"):
        ask(b"\x0a\x05abc")


def test_a_stack_of_45_000_resources(engine: Engine) -> None:
    made = bytearray()
    for number in range(15_000):
        name = f"t{number}"
        for one in (
            table("id", "email", name=name),
            grant(ANALYST, f"g{number}", table={"databaseName": "hr", "name": name}),
            grant(
                f"arn:aws:iam::{ACCOUNT}:role/r{number % 40}", f"h{number}", table={"databaseName": "hr", "name": name}
            ),
        ):
            listed = wire.AnalyzerResource(
                **{name: value for name, value in one.items() if name not in {"outputs", "properties"}},
                properties=one["outputs"],
            )
            made += wire.AnalyzeStackRequest(resources=[listed]).SerializeToString()
    ask = engine.channel.unary_unary(
        "/pulumirpc.Analyzer/AnalyzeStack", response_deserializer=wire.AnalyzeResponse.FromString
    )
    said = list(ask(bytes(made)).diagnostics)
    assert policies(said) == {"sensitive-column-without-restricting-tag"}
    assert len(said) == 1
    assert "15,000 tables" in said[0].message


def test_the_documented_configuration_is_understood(engine: Engine) -> None:
    text = (PACK.parent / "docs" / "policy-pack.md").read_text("utf-8")
    found = re.search(r"```json\n(.*?)```", text, re.DOTALL)
    assert found
    config = {name: given for name, given in json.loads(found[1]).items() if isinstance(given, dict)}
    asked = {
        name: {one: value for one, value in given.items() if one != "enforcementLevel"}
        for name, given in config.items()
    }
    engine.configure(**{name.replace("-", "_"): {"options": given} for name, given in asked.items()})
    offered = {one.name for one in engine.pack.GetAnalyzerInfo(empty_pb2.Empty()).policies}
    assert {*json.loads(found[1])} - {"all"} <= offered
