"""A program evaluated over Pulumi's own protocol: what it declares, what it may know, how it fails."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lab.up import Deployment, OfflineProvider, ProgramError, ProjectError, UnsupportedError, UpError, evaluate
from lab.up.wire import UNKNOWN

SAMPLE = Path(__file__).with_name("programs") / "sample"
HEAD = "urn:pulumi:dev::sample::"
DATABASE = f"{HEAD}sample:lake:Domain$aws:glue/catalogDatabase:CatalogDatabase::sales"
TABLE = f"{HEAD}aws:glue/catalogTable:CatalogTable::orders0"


def preview(previous: Deployment | None = None, **config: str) -> Deployment:
    """The sample program, previewed without AWS."""
    provider = OfflineProvider("111122223333", "us-east-1")
    return evaluate(SAMPLE, provider=provider, preview=True, config=config, previous=previous)


@pytest.fixture(scope="module")
def previewed() -> Deployment:
    """The sample program's preview, once for all tests."""
    return preview()


@pytest.fixture(scope="module")
def declared(previewed: Deployment) -> dict[str, dict[str, Any]]:
    """Its resources by URN."""
    return {resource["urn"]: resource for resource in previewed.resources()}


def test_every_declaration_has_its_urn(declared: dict[str, dict[str, Any]]) -> None:
    """The Stack's type never enters a URN, a component's does; what is made inside `apply` is not there yet."""
    assert sorted(declared) == sorted(
        [
            f"{HEAD}pulumi:pulumi:Stack::sample-dev",
            f"{HEAD}pulumi:providers:aws::default_7_51_1",
            f"{HEAD}pulumi:providers:aws::ireland",
            f"{HEAD}sample:lake:Domain::sales",
            f"{HEAD}sample:lake:Domain$aws:s3/bucket:Bucket::raw",
            DATABASE,
            TABLE,
            f"{HEAD}aws:iam/role:Role::analyst",
            f"{HEAD}aws:lakeformation/lfTag:LfTag::pii",
            f"{HEAD}aws:lakeformation/permissions:Permissions::analyst-orders0",
            f"{HEAD}aws:glue/catalogDatabase:CatalogDatabase::abroad",
        ]
    )


def test_inputs_are_the_wires_and_checked(declared: dict[str, dict[str, Any]]) -> None:
    table = declared[TABLE]["inputs"]
    assert table["storageDescriptor"] == {
        "columns": [
            {"name": "id", "type": "string", "__defaults": []},
            {"name": "salary", "type": "string", "__defaults": []},
        ],
        "__defaults": [],
    }
    assert table["retention"] == 5
    assert isinstance(table["retention"], int)
    assert "__defaults" not in table["parameters"]
    grant = declared[f"{HEAD}aws:lakeformation/permissions:Permissions::analyst-orders0"]["inputs"]
    assert grant["principal"] == UNKNOWN
    assert grant["tableWithColumns"]["excludedColumnNames"] == ["salary"]
    abroad = declared[f"{HEAD}aws:glue/catalogDatabase:CatalogDatabase::abroad"]["inputs"]
    assert abroad["__defaults"] == ["name"]
    assert abroad["name"].startswith("abroad-")


def test_options_provider_and_line_are_kept(declared: dict[str, dict[str, Any]]) -> None:
    table = declared[TABLE]
    lines = (SAMPLE / "__main__.py").read_text(encoding="utf-8").splitlines()
    path, _, line = table["sourcePosition"].partition("#")
    assert path == "project:///__main__.py"
    assert "aws.glue.CatalogTable(" in lines[int(line) - 1]
    assert (table["protect"], table["ignoreChanges"]) == (True, ["parameters"])
    assert table["dependencies"] == [DATABASE]
    assert table["propertyDependencies"]["databaseName"] == [DATABASE]
    assert table["propertyDependencies"]["tableType"] is None
    assert table["provider"] == f"{HEAD}pulumi:providers:aws::default_7_51_1::{UNKNOWN}"
    assert declared[DATABASE]["parent"] == f"{HEAD}sample:lake:Domain::sales"
    assert declared[f"{HEAD}sample:lake:Domain::sales"]["custom"] is False
    ireland = declared[f"{HEAD}pulumi:providers:aws::ireland"]
    assert ireland["inputs"]["region"] == "eu-west-1"
    assert "aws.Provider(" in lines[int(ireland["sourcePosition"].rpartition("#")[2]) - 1]


def test_configuration_reaches_program_and_provider(declared: dict[str, dict[str, Any]]) -> None:
    assert declared[f"{HEAD}aws:iam/role:Role::analyst"]["inputs"]["description"] == "0123"
    inputs = declared[f"{HEAD}pulumi:providers:aws::default_7_51_1"]["inputs"]
    assert inputs == {
        "__internal": {},
        "defaultTags": '{"tags":{"owner":"data"}}',
        "region": "us-east-1",
        "version": "7.51.1",
    }
    assert len(preview(tables="3").entries) == len(declared) + 4


def test_no_secret_is_left_in_plain(previewed: Deployment) -> None:
    assert b"hush" not in b"".join(entry.body for entry in previewed.entries)
    assert previewed.salt is not None
    assert previewed.export()["deployment"]["secrets_providers"]["type"] == "passphrase"


def test_what_the_state_knows_is_known_in_a_preview(previewed: Deployment) -> None:
    bucket = f"{HEAD}sample:lake:Domain$aws:s3/bucket:Bucket::raw"
    index = previewed.index()
    made = {**index[bucket].fields(), "id": "raw-1", "outputs": {"arn": "arn:aws:s3:::raw-1"}}
    role = f"{HEAD}aws:iam/role:Role::analyst"
    arn = "arn:aws:iam::111122223333:role/analyst"
    played = {**index[role].fields(), "id": "analyst", "outputs": {"arn": arn}}
    entries = [
        type(entry).of({bucket: made, role: played}[entry.urn]) if entry.urn in (bucket, role) else entry
        for entry in previewed.entries
    ]
    state = Deployment(previewed.project, previewed.stack, previewed.organization, tuple(entries))
    grant = preview(previous=state).index()[f"{HEAD}aws:lakeformation/permissions:Permissions::analyst-orders0"]
    assert grant.fields()["inputs"]["principal"] == arn


def test_a_transform_changes_inputs_and_options() -> None:
    after = preview(broken="transform").index()[f"{HEAD}aws:glue/catalogDatabase:CatalogDatabase::after"].fields()
    assert after["inputs"]["description"] == "told"
    assert after["protect"] is True


@pytest.mark.parametrize(
    ("broken", "kind", "said"),
    [
        ("duplicate", UpError, f"Duplicate resource URN '{HEAD}aws:lakeformation/lfTag:LfTag::pii'; try giving"),
        ("raise", ProgramError, "the program failed: permission `SELET` is not one of SELECT, DESCRIBE (__main__.py:"),
        ("type", UnsupportedError, "resource type `aws:sqs/queue:Queue` (`queue`) is not known to the lab"),
        ("argument", ProgramError, "unexpected keyword argument 'keys' (__main__.py:"),
        ("log", ProgramError, "the owner is missing"),
        ("exit", ProgramError, "the program called exit with `7`"),
        ("function", UnsupportedError, "function `aws:index/getAvailabilityZones:getAvailabilityZones` is not known"),
    ],
)
def test_a_failing_program_says_why_in_one_line(broken: str, kind: type[UpError], said: str) -> None:
    with pytest.raises(kind) as caught:
        preview(broken=broken)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "`{root}/Pulumi.yaml` not found; give the folder that holds the Pulumi project"),
        ({"Pulumi.yaml": "runtime: python"}, "`{root}/Pulumi.yaml` has no `name`"),
        ({"Pulumi.yaml": "name: x\nruntime: go"}, "`{root}/Pulumi.yaml`: runtime `go` is not `python`"),
        ({"Pulumi.yaml": "name: [x"}, "`{root}/Pulumi.yaml` is not YAML: "),
        (
            {"Pulumi.yaml": "name: x\nruntime: python", "Pulumi.dev.yaml": "config:\n  key:\n    secure: v1:a:b"},
            "`{root}/Pulumi.dev.yaml` has a secure value but no `encryptionsalt`; only passphrase secrets can be",
        ),
    ],
)
def test_a_project_that_cannot_be_read_says_why(tmp_path: Path, files: dict[str, str], said: str) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(ProjectError) as caught:
        evaluate(tmp_path, provider=OfflineProvider("111122223333", "us-east-1"))
    assert str(caught.value).startswith(said.format(root=tmp_path.resolve()))
