"""A program brought up in the lab: what is then live, what state says, and what a failure leaves."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from lab.server import ACCOUNT, Lab
from lab.up import CreateError, Deployment, OfflineProvider, evaluate, up
from lab.up.__main__ import main

SAMPLE = Path(__file__).with_name("programs") / "sample"
GOLDEN = Path(__file__).with_name("up_state.golden.json")
HEAD = "urn:pulumi:dev::sample::"


@pytest.fixture
def lab() -> Iterator[Lab]:
    with Lab.start() as running:
        yield running


@pytest.fixture(scope="module")
def state() -> Deployment:
    """The sample as it stands after an up, once for all tests that only look. Labs share IAM, so this one is over."""
    with Lab.start() as running:
        return bring_up(running)


def bring_up(lab: Lab, **config: str) -> Deployment:
    return up(SAMPLE, endpoint=lab.endpoint, session=lab.session(), config=config)


def masked(deployment: Deployment) -> list[dict[str, Any]]:
    """The resources by URN, without what differs from run to run."""
    text = json.dumps(sorted(deployment.resources(), key=lambda resource: str(resource["urn"])), indent=1)
    text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "<uuid>", text)
    text = re.sub(r"20\d\d-\d\d-\d\dT[0-9:.]+(Z|\+00:00)", "<time>", text)
    text = re.sub(r'"v1:[^"]+"', '"<sealed>"', text)
    text = re.sub(r'("uniqueId": )"\w+"', r'\1"<unique>"', text)
    found: list[dict[str, Any]] = json.loads(text)
    return found


def test_state_is_as_pulumi_writes_it(state: Deployment) -> None:
    """The golden is rewritten with ACCEPT=1 in the environment; look at the difference."""
    found = masked(state)
    if os.environ.get("ACCEPT"):
        GOLDEN.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    assert found == json.loads(GOLDEN.read_text(encoding="utf-8"))


def test_what_is_declared_is_live(lab: Lab) -> None:
    deployment = bring_up(lab, tables="30")
    glue, lake = lab.session().client("glue"), lab.session().client("lakeformation")
    tables = glue.get_tables(DatabaseName="sales")["TableList"]
    assert {table["Name"] for table in tables} == {f"orders{number}" for number in range(30)}
    assert tables[0]["Parameters"]["apiToken"] == "hush"
    assert glue.get_table(DatabaseName="sales", Name="orders3")["Table"]["Retention"] == 5
    tags = {tag["TagKey"]: tag["TagValues"] for tag in lake.list_lf_tags()["LFTags"]}
    # Made inside `apply`, from an id; Lake Formation lower-cases it.
    assert tags == {"pii": ["none", "high"], "late": [f"for {lab.account}:sales"]}
    abroad = boto3.Session.client(lab.session(), "glue", endpoint_url=lab.endpoint, region_name="eu-west-1")
    assert [database["Name"][:7] for database in abroad.get_databases()["DatabaseList"]] == ["abroad-"]
    grants = {f"{HEAD}aws:lakeformation/permissions:Permissions::analyst-orders{number}" for number in range(30)}
    assert grants <= {entry.urn for entry in deployment.entries}
    assert sum(lab.calls[f"lakeformation:{call}"] for call in ("GrantPermissions", "BatchGrantPermissions")) <= 30
    assert lab.crashes == []


def test_outputs_are_known_to_the_program(state: Deployment) -> None:
    index = state.index()
    outputs = index[f"{HEAD}pulumi:pulumi:Stack::sample-dev"].fields()["outputs"]
    assert (outputs["database"], outputs["account"]) == ("Sales", ACCOUNT)
    assert "ciphertext" in outputs["token"]
    assert b"hush" not in b"".join(entry.body for entry in index.values())
    grant = index[f"{HEAD}aws:lakeformation/permissions:Permissions::analyst-orders0"].fields()
    assert grant["inputs"]["principal"] == f"arn:aws:iam::{ACCOUNT}:role/analyst"
    table = index[f"{HEAD}aws:glue/catalogTable:CatalogTable::orders0"].fields()
    assert table["id"] == f"{ACCOUNT}:Sales:orders0"
    assert "__defaults" not in json.dumps(table["outputs"])


def test_an_existing_resource_is_read_and_not_owned(lab: Lab) -> None:
    glue = lab.session().client("glue")
    glue.create_database(DatabaseInput={"Name": "legacy", "Description": "from before"})
    index = bring_up(lab, broken="get").index()
    legacy = index[f"{HEAD}aws:glue/catalogDatabase:CatalogDatabase::legacy"].fields()
    assert (legacy["external"], legacy["id"], legacy["outputs"]["name"]) == (True, "111122223333:legacy", "legacy")
    assert index[f"{HEAD}pulumi:pulumi:Stack::sample-dev"].fields()["outputs"]["legacy"] == "from before"
    assert lab.calls["glue:CreateDatabase"] == 3


def test_a_preview_after_up_changes_nothing(state: Deployment) -> None:
    provider = OfflineProvider(ACCOUNT, "us-east-1")
    preview = evaluate(SAMPLE, provider=provider, preview=True, previous=state)
    told = preview.preview_json(state)
    assert {step["op"] for step in told["steps"]} == {"same"}
    assert len(told["steps"]) == len(state.entries)


ORPHAN = (
    f"error: cannot create `{HEAD}aws:glue/catalogTable:CatalogTable::orphan`: CreateTable: EntityNotFoundException"
)


@pytest.mark.parametrize(
    ("broken", "said"),
    [("", ""), ("raise", "error: the program failed: permission `SELET` is not"), ("refused", ORPHAN)],
)
def test_the_command_writes_a_state_or_nothing(
    lab: Lab,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    broken: str,
    said: str,
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    path = tmp_path / "dev.json.zst"
    asked = ["lab.up", str(SAMPLE), str(path), "--endpoint", lab.endpoint, "--config", f"broken={broken}"]
    monkeypatch.setattr("sys.argv", asked)
    assert main() == (1 if broken else 0)
    assert [found.name for found in tmp_path.iterdir()] == ([] if broken else ["dev.json.zst"])
    last = "".join(capsys.readouterr().err.splitlines()[-1:])
    assert last.startswith(said) if broken else "error" not in last


def test_no_lab_is_one_clear_line() -> None:
    session = boto3.Session("testing", "testing", region_name="us-east-1")
    with pytest.raises(CreateError, match=r"^[^\n]*cannot reach the lab at `http://127\.0\.0\.1:9`: [^\n]*$"):
        up(SAMPLE, endpoint="http://127.0.0.1:9", session=session)
