"""The policy pack over Pulumi's own analyzer protocol: the process is the engine's, only the engine is played here."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime.proto import analyzer_pb2 as wire
from pulumi.runtime.proto import analyzer_pb2_grpc

from checks.rules import discover

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PACK = Path(__file__).parents[2] / "policies"
SIZE = 400 << 20
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
UNKNOWN_LIST = "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2"
SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}

GRANT = "aws:lakeformation/permissions:Permissions"
SETTINGS = "aws:lakeformation/dataLakeSettings:DataLakeSettings"
DATABASE = "aws:glue/catalogDatabase:CatalogDatabase"
NATIVE_GRANT = "aws-native:lakeformation:PrincipalPermissions"
NATIVE_DATABASE = "aws-native:glue:Database"
ANALYST = "arn:aws:iam::111122223333:role/analyst"


class Engine:
    """What the engine does with a pack: start, configure, ask about each resource, then about the stack, end it."""

    def __init__(self, port: int) -> None:
        limits = [("grpc.max_receive_message_length", SIZE), ("grpc.max_send_message_length", SIZE)]
        self.channel = grpc.insecure_channel(f"127.0.0.1:{port}", limits)
        self.pack = analyzer_pb2_grpc.AnalyzerStub(self.channel)

    def configure(self, **policies: Mapping[str, Any]) -> None:
        """Hand over the pack's configuration: policy → enforcementLevel (a number) and properties."""
        config = {
            name.replace("_", "-"): wire.PolicyConfig(
                enforcementLevel=given.get("enforcementLevel", wire.MANDATORY),
                properties=struct(given.get("options", {})),
            )
            for name, given in policies.items()
        }
        self.pack.Configure(wire.ConfigureAnalyzerRequest(policyConfig=config))

    def analyze(self, *resources: Mapping[str, Any]) -> list[wire.AnalyzeDiagnostic]:
        """Ask about each resource, then about all of them, as one run of the engine does."""
        said: list[wire.AnalyzeDiagnostic] = []
        for resource in resources:
            said += self.pack.Analyze(request(resource)).diagnostics
        return said + self.stack(*resources)

    def stack(self, *resources: Mapping[str, Any]) -> list[wire.AnalyzeDiagnostic]:
        """Ask about the stack: its resources come with outputs in place of inputs."""
        listed = [
            wire.AnalyzerResource(**{k: v for k, v in r.items() if k != "outputs"} | {"properties": r["outputs"]})
            for r in resources
        ]
        return list(self.pack.AnalyzeStack(wire.AnalyzeStackRequest(resources=listed)).diagnostics)


def request(resource: Mapping[str, Any]) -> wire.AnalyzeRequest:
    return wire.AnalyzeRequest(**{name: value for name, value in resource.items() if name != "outputs"})


def struct(value: Mapping[str, Any]) -> struct_pb2.Struct:
    made = struct_pb2.Struct()
    made.update(value)
    return made


def urn(kind: str, name: str) -> str:
    return f"urn:pulumi:dev::lake::{kind}::{name}"


def resource(
    kind: str, name: str, inputs: Mapping[str, Any], outputs: Mapping[str, Any] | None = None, **provider: Any
) -> dict[str, Any]:
    maker = kind.partition(":")[0]
    return {
        "type": kind,
        "name": name,
        "urn": urn(kind, name),
        "properties": struct(inputs),
        "outputs": struct(dict(inputs) | dict(outputs or {})),
        "provider": wire.AnalyzerProviderResource(
            type=f"pulumi:providers:{maker}",
            urn=urn(f"pulumi:providers:{maker}", "default"),
            name="default",
            properties=struct(provider or {"region": "eu-west-1"}),
        ),
    }


def grant(principal: Any, name: str = "g", **more: Any) -> dict[str, Any]:
    return resource(
        GRANT,
        name,
        {"principal": principal, "permissions": ["SELECT"], "table": {"databaseName": "hr", "name": "salaries"}} | more,
    )


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    told = {
        "PULUMI_PROJECT": "lake",
        "PULUMI_STACK": "dev",
        "PULUMI_ORGANIZATION": "organization",
        "PULUMI_DRY_RUN": "true",
        "PULUMI_CONFIG": "{}",
    }
    command = [sys.executable, "-u", "-m", "pulumi.policy", "127.0.0.1:0", "."]
    with subprocess.Popen(command, cwd=PACK, env=os.environ | told, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            found = Engine(int(process.stdout.readline()))
            with contextlib.suppress(grpc.RpcError):  # the engine goes on where a pack knows no handshake
                found.pack.Handshake(wire.AnalyzerHandshakeRequest(engine_address="127.0.0.1:0"))
            found.pack.ConfigureStack(
                wire.AnalyzerStackConfigureRequest(
                    stack="dev", project="lake", organization="organization", dry_run=True
                )
            )
            yield found
            found.channel.close()
        finally:
            process.terminate()


@pytest.fixture(autouse=True)
def _fresh(engine: Engine) -> None:
    engine.configure()


def names(said: list[wire.AnalyzeDiagnostic]) -> list[tuple[str, str]]:
    return [(one.policyName, wire.EnforcementLevel.Name(one.enforcementLevel)) for one in said]


# ---------------------------------------------------------------------------------------------------- what it offers
def test_the_pack_offers_every_rule_with_its_documentation(engine: Engine) -> None:
    info = engine.pack.GetAnalyzerInfo(empty_pb2.Empty())
    assert info.name == "floodline"
    assert info.supportsConfig
    offered = {policy.name: policy for policy in info.policies}
    for rule in discover():
        policy = offered[rule.name]
        assert policy.description == rule.what
        assert policy.remediation_steps == rule.fix
        assert policy.url == rule.source
        assert rule.id in policy.displayName
    schema = json_format.MessageToDict(offered["grant-option-outside"].configSchema.properties)
    assert schema["allowedAccounts"]["type"] == "array"


# ------------------------------------------------------------------------------------------------- flags and passes
FLAGGED = [
    pytest.param("everyone-granted", grant("IAM_ALLOWED_PRINCIPALS"), id="everyone"),
    pytest.param("everyone-granted", grant("IAMAllowedPrincipals"), id="everyone, as the console spells it"),
    pytest.param("everyone-granted", grant("111122223333:IAMPrincipals"), id="everyone of an account"),
    pytest.param(
        "everyone-granted",
        resource(
            NATIVE_GRANT,
            "g",
            {
                "principal": {"dataLakePrincipalIdentifier": "IAM_ALLOWED_PRINCIPALS"},
                "permissions": ["SELECT"],
                "permissionsWithGrantOption": [],
                "resource": {"table": {"catalogId": "111122223333", "databaseName": "hr", "tableWildcard": {}}},
            },
        ),
        id="everyone, aws-native",
    ),
    pytest.param(
        "default-permissions-open",
        resource(
            SETTINGS,
            "s",
            {"createTableDefaultPermissions": [{"principal": "IAM_ALLOWED_PRINCIPALS", "permissions": ["ALL"]}]},
        ),
        id="settings",
    ),
    pytest.param(
        "default-permissions-open",
        resource(
            DATABASE,
            "d",
            {
                "name": "hr",
                "createTableDefaultPermissions": [
                    {"principal": {"dataLakePrincipalIdentifier": "IAM_ALLOWED_PRINCIPALS"}, "permissions": ["ALL"]}
                ],
            },
        ),
        id="database",
    ),
    pytest.param(
        "default-permissions-open",
        resource(
            NATIVE_DATABASE,
            "d",
            {
                "catalogId": "111122223333",
                "databaseInput": {
                    "name": "hr",
                    "createTableDefaultPermissions": [
                        {"principal": {"dataLakePrincipalIdentifier": "IAM_ALLOWED_PRINCIPALS"}, "permissions": ["ALL"]}
                    ],
                },
            },
        ),
        id="database, aws-native",
    ),
    pytest.param(
        "grant-option-outside",
        grant("444455556666", permissionsWithGrantOptions=["SELECT"], catalogId="111122223333"),
        id="grant option to an account",
    ),
    pytest.param(
        "grant-option-outside",
        grant("arn:aws:organizations::111122223333:organization/o-abcdefghij", permissionsWithGrantOptions=["SELECT"]),
        id="grant option to an organization",
    ),
]

PASSED = [
    pytest.param(grant(ANALYST), id="a role"),
    pytest.param(grant(ANALYST, permissionsWithGrantOptions=["SELECT"], catalogId="111122223333"), id="at home"),
    pytest.param(grant(ANALYST, permissionsWithGrantOptions=[]), id="no grant option"),
    pytest.param(
        resource(SETTINGS, "s", {"createTableDefaultPermissions": [], "admins": [ANALYST]}), id="settings closed"
    ),
    pytest.param(resource(DATABASE, "d", {"name": "hr", "locationUri": UNKNOWN}), id="an unknown that decides nothing"),
    pytest.param(resource("aws:s3/bucket:Bucket", "b", {"acl": UNKNOWN}), id="none of our business"),
    pytest.param(resource("aws:glue/job:Job", "j", {"roleArn": UNKNOWN}), id="a job"),
]


@pytest.mark.parametrize(("policy", "flagged"), FLAGGED)
def test_what_is_flagged(engine: Engine, policy: str, flagged: dict[str, Any]) -> None:
    said = engine.analyze(flagged)
    assert names(said) == [(policy, "MANDATORY")]
    assert said[0].urn in {"", flagged["urn"]}
    assert said[0].severity == wire.POLICY_SEVERITY_HIGH


@pytest.mark.parametrize("passed", PASSED)
def test_what_passes(engine: Engine, passed: dict[str, Any]) -> None:
    assert engine.analyze(passed) == []


def test_the_stack_knows_the_account_that_a_grant_does_not(engine: Engine) -> None:
    outside = grant("444455556666", permissionsWithGrantOptions=["SELECT"])
    database = resource(DATABASE, "d", {"name": "hr"}, {"catalogId": "111122223333"})
    said = engine.analyze(outside, database)
    assert names(said) == [("grant-option-outside", "MANDATORY")]
    assert said[0].urn == outside["urn"]
    home = grant(ANALYST, permissionsWithGrantOptions=["SELECT"])
    assert engine.analyze(home, database) == []


def test_what_was_asked_for_counts_not_what_the_provider_answers(engine: Engine) -> None:
    asked = grant("444455556666", catalogId="111122223333")
    asked["outputs"] = struct({"permissionsWithGrantOptions": UNKNOWN_LIST, "principal": "444455556666"})
    assert names(engine.analyze(asked)) == [("foreign-granted-outside", "ADVISORY")]


def test_a_stack_whose_requests_were_not_seen_is_decided_on_its_answers(engine: Engine) -> None:
    unseen = grant("444455556666", "never-analyzed", permissionsWithGrantOptions=["SELECT"], catalogId="111122223333")
    unseen["outputs"].update({"id": "123", "region": "eu-west-1"})  # as every provider answers
    assert names(engine.stack(unseen)) == [("grant-option-outside", "MANDATORY")]


# ---------------------------------------------------------------------------------------------- unknowns and secrets
@pytest.mark.parametrize(
    ("unknown", "rules", "where"),
    [
        pytest.param(grant(UNKNOWN), {"FL201"}, "`principal`", id="principal"),
        pytest.param(
            grant("444455556666", permissionsWithGrantOptions=UNKNOWN_LIST, catalogId="111122223333"),
            {"FL201", "FL203"},
            "`permissionsWithGrantOptions`",
            id="grant option",
        ),
        pytest.param(
            resource(SETTINGS, "s", {"createTableDefaultPermissions": UNKNOWN_LIST}),
            {"FL202"},
            "`createTableDefaultPermissions`",
            id="settings",
        ),
        pytest.param(
            resource(DATABASE, "d", {"name": "hr", "createTableDefaultPermissions": UNKNOWN}),
            {"FL202"},
            "`createTableDefaultPermissions`",
            id="database",
        ),
    ],
)
def test_an_unknown_value_is_advisory_and_never_a_pass(
    engine: Engine, unknown: dict[str, Any], rules: set[str], where: str
) -> None:
    said = engine.analyze(unknown)
    assert {*names(said)} == {("could-not-be-decided", "ADVISORY")}
    assert {one.urn for one in said} == {unknown["urn"]}
    text = " ".join(one.message for one in said if f"could not be decided: `{unknown['urn']}` {where}" in one.message)
    assert rules <= {*re.findall(r"FL\d{3}", text)}


def test_one_doubt_is_said_once_whatever_hangs_on_it(engine: Engine) -> None:
    said = engine.pack.Analyze(request(resource("aws:glue/somethingNew:SomethingNew", "n", {"name": "x"}))).diagnostics
    assert len(said) == 1
    assert "`aws:glue/somethingNew:SomethingNew` are not understood" in said[0].message


def test_a_team_may_stop_at_what_could_not_be_decided(engine: Engine) -> None:
    engine.configure(could_not_be_decided={"enforcementLevel": wire.MANDATORY})
    assert {*names(engine.analyze(grant(UNKNOWN)))} == {("could-not-be-decided", "MANDATORY")}
    engine.configure(could_not_be_decided={"enforcementLevel": wire.DISABLED})
    assert engine.analyze(grant(UNKNOWN)) == []


def test_in_a_stack_of_doubts_the_first_are_named_and_the_rest_counted(engine: Engine) -> None:
    unknown = [grant("444455556666", f"g{n}", permissionsWithGrantOptions=UNKNOWN_LIST) for n in range(50)]
    said = engine.stack(*unknown)
    assert len(said) == 21
    assert said[-1].message.endswith("could not be decided: 30 more properties or resources")


def test_an_unknown_account_is_advisory_until_the_account_is_listed(engine: Engine) -> None:
    lent = grant("444455556666", permissionsWithGrantOptions=["SELECT"])
    said = engine.analyze(lent)
    assert names(said) == [("could-not-be-decided", "ADVISORY")]
    assert f"could not be decided: `{lent['urn']}`" in said[0].message
    engine.configure(grant_option_outside={"options": {"allowedAccounts": ["444455556666"]}})
    assert engine.analyze(lent) == []


def test_a_secret_is_judged_and_never_printed(engine: Engine) -> None:
    hidden = "arn:aws:iam::444455556666:role/very-secret"
    said = engine.analyze(
        grant(
            {**SECRET, "value": hidden},
            permissionsWithGrantOptions=["SELECT"],
            catalogId="111122223333",
            table={"databaseName": {**SECRET, "value": "hush_db"}, "name": "salaries"},
        ),
        grant({**SECRET, "value": "111122223333:IAMPrincipals"}, "everyone"),
    )
    assert {policy for policy, _ in names(said)} == {"grant-option-outside", "everyone-granted"}
    text = "".join(str(one) for one in said)
    assert "very-secret" not in text
    assert "hush_db" not in text
    assert "IAMPrincipals" not in text.replace(discover()[0].what, "")


def test_what_is_not_understood_is_advisory(engine: Engine) -> None:
    odd = grant(ANALYST, somethingNew={"narrows": True})
    said = engine.analyze(odd)
    assert {level for _, level in names(said)} == {"ADVISORY"}
    assert "`somethingNew`" in said[0].message


# -------------------------------------------------------------------------------------------------- its configuration
def test_levels_and_options_come_from_the_packs_configuration(engine: Engine) -> None:
    everyone = grant("IAM_ALLOWED_PRINCIPALS")
    engine.configure(everyone_granted={"enforcementLevel": wire.ADVISORY})
    assert names(engine.analyze(everyone)) == [("everyone-granted", "ADVISORY")]
    engine.configure(everyone_granted={"enforcementLevel": wire.DISABLED})
    assert engine.analyze(everyone) == []


def test_an_option_that_nobody_understands_stops_the_run(engine: Engine) -> None:
    with pytest.raises(grpc.RpcError, match="has no option `allowedAccount`"):
        engine.configure(grant_option_outside={"options": {"allowedAccount": ["444455556666"]}})


def test_a_violation_names_who_and_what(engine: Engine) -> None:
    (said,) = engine.analyze(grant("111122223333:IAMPrincipals"))
    assert said.message.splitlines()[0] == discover()[0].what
    assert "is granted SELECT on" in said.message
    assert "hr.salaries" in said.message
    assert said.message.endswith("(FL201)")
