"""State files, the order of creations, secrets, Check and the shapes of calls: each by itself, without a program."""

from __future__ import annotations

import gzip
import hashlib
import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import botocore.session
import pytest
import zstandard
from botocore import xform_name
from botocore.validate import ParamValidator
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.up import CreateError, Deployment, Goal, ProjectError, UnsupportedError, UpError
from lab.up import project as projects
from lab.up.aws import _HANDLERS
from lab.up.creations import BATCH, Creations, Job
from lab.up.deployment import Entry
from lab.up.place import Place
from lab.up.provider import SUPPORTED, check
from lab.up.sealing import Vault

URN = "urn:pulumi:dev::sample::aws:lakeformation/lfTag:LfTag::"


def stack(*entries: Entry, **more: Any) -> Deployment:
    return Deployment("sample", "dev", "organization", entries, time="2026-01-01T00:00:00Z", version="v3", **more)


def tag(name: str, values: list[str], **more: Any) -> Entry:
    fields = {"urn": URN + name, "custom": True, "id": name, "type": "aws:lakeformation/lfTag:LfTag"}
    return Entry.of(
        {**fields, "inputs": {"values": values, "__defaults": []}, "outputs": {"id": name}} | more, shares=True
    )


# --------------------------------------------------------------------------------------------------------- the files


def test_an_entry_leaves_out_what_is_empty_and_repeats_inputs_as_outputs() -> None:
    fields = tag("pii", ["none"], parent="", dependencies=[], propertyDependencies={"values": None}).fields()
    assert fields == {
        "urn": URN + "pii",
        "custom": True,
        "id": "pii",
        "type": "aws:lakeformation/lfTag:LfTag",
        "inputs": {"__defaults": [], "values": ["none"]},
        "outputs": {"id": "pii", "values": ["none"]},
        "propertyDependencies": {"values": None},
    }
    assert list(fields)[:4] == ["urn", "custom", "id", "type"]


@pytest.mark.parametrize("name", ["dev.json", "dev.json.gz", "dev.json.zst"])
def test_a_checkpoint_is_written_as_its_name_says_and_read_back(tmp_path: Path, name: str) -> None:
    state = stack(tag("pii", ["none"]), tag("domain", ["a", "b"]), salt="v1:x")
    path = tmp_path / name
    state.write(path)
    raw = path.read_bytes()
    if name.endswith(".gz"):
        raw = gzip.decompress(raw)
    elif name.endswith(".zst"):
        raw = zstandard.ZstdDecompressor().decompressobj().decompress(raw)
    assert json.loads(raw) == state.checkpoint()
    assert Deployment.read(path).checkpoint() == state.checkpoint()
    assert sorted(tmp_path.iterdir()) == [path]


def test_an_export_is_what_the_command_line_prints(tmp_path: Path) -> None:
    state = stack(tag("pii", ["none"]))
    state.write(tmp_path / "export.json", "export")
    found = json.loads((tmp_path / "export.json").read_text(encoding="utf-8"))
    assert found == state.export()
    assert found["version"] == 3
    assert found["deployment"]["manifest"]["magic"] == hashlib.sha256(b"v3").hexdigest()
    read = Deployment.read(tmp_path / "export.json")
    assert (read.project, read.stack) == ("sample", "dev")


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "dev.json"
    stack(tag("pii", ["none"])).write(path)
    before = path.read_bytes()
    with pytest.raises(ValueError):
        stack(tag("pii", ["none"]), Entry(URN + "cut", b'{"urn"', shares=False)).write(path)
    assert path.read_bytes() == before
    assert sorted(tmp_path.iterdir()) == [path]
    with pytest.raises(UpError, match=r"cannot write"):
        stack().write(tmp_path / "nowhere" / "dev.json")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": 4, "deployment": {}}', '{"version": 3}'])
def test_what_is_no_state_is_refused_in_one_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "dev.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UpError, match=r"is not a state of version 3: [^\n]*$"):
        Deployment.read(path)


def test_a_preview_tells_create_update_same_and_delete() -> None:
    before = stack(tag("kept", ["a"]), tag("moved", ["a"]), tag("gone", ["a"]))
    secret = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:a:b"}
    after = stack(tag("kept", ["a"]), tag("moved", ["a", "b"]), tag("new", ["a"], outputs={"key": secret}))
    told = after.preview_json(before)
    assert {step["urn"].removeprefix(URN): step["op"] for step in told["steps"]} == {
        "kept": "same",
        "moved": "update",
        "new": "create",
        "gone": "delete",
    }
    assert told["changeSummary"] == {"create": 1, "delete": 1, "same": 1, "update": 1}
    moved = told["steps"][1]
    assert moved["detailedDiff"] == {"values": {"kind": "update", "inputDiff": True}}
    assert (moved["oldState"]["inputs"]["values"], moved["newState"]["inputs"]["values"]) == (["a"], ["a", "b"])
    assert told["steps"][2]["newState"]["outputs"]["key"] == "[secret]"


# ------------------------------------------------------------------------------------------------------- the secrets


def test_a_sealed_value_opens_with_its_passphrase_only(tmp_path: Path) -> None:
    vault = Vault("right")
    sealed = vault.seal({"a": [1, "hush"]})["ciphertext"]
    assert "hush" not in sealed
    assert vault.salt is not None
    assert json.loads(Vault("right", vault.salt).open_text(sealed, where="here")) == {"a": [1, "hush"]}
    with pytest.raises(ProjectError, match=r"^here: the passphrase does not open this secret$"):
        Vault("wrong", vault.salt).open_text(sealed, where="here")


def test_a_secure_value_of_the_stack_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vault = Vault("right")
    sealed = vault.seal("hush")["ciphertext"].strip()
    (tmp_path / "Pulumi.yaml").write_text("name: sample\nruntime: python\n", encoding="utf-8")
    text = f"encryptionsalt: {vault.salt}\nconfig:\n  token:\n    secure: {sealed}\n"
    (tmp_path / "Pulumi.dev.yaml").write_text(text, encoding="utf-8")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "right")
    found = projects.read(tmp_path, "dev")
    assert found.secret_keys == {"sample:token"}
    assert found.config["sample:token"] == '"hush"'
    assert projects.read(tmp_path, "dev", {"token": "plain"}).secret_keys == frozenset()


# ------------------------------------------------------------------------------------------------------ the creations


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sets(st.integers(0, 30), max_size=4), st.booleans()), min_size=1, max_size=40))
def test_nothing_is_made_before_what_it_depends_on(graph: list[tuple[set[int], bool]]) -> None:
    """For any graph whose edges point back, and with any mix of single and grouped jobs."""
    made: list[str] = []
    lock = threading.Lock()

    def run(payloads: Sequence[Any]) -> Sequence[str | None]:
        assert len(payloads) <= BATCH
        with lock:
            for _, after in payloads:
                assert after <= set(made)
            made.extend(name for name, _ in payloads)
        return [None for _ in payloads]

    creations = Creations(threads=3, limit=5)
    try:
        for number, (before, grouped) in enumerate(graph):
            after = {str(other) for other in before if other < number}
            job = Job(str(number), "x", (str(number), after), run, "group" if grouped else None)
            creations.submit(job, after)
        creations.settle()
    finally:
        creations.close()
    assert sorted(made) == sorted(str(number) for number in range(len(graph)))


def test_the_first_refusal_stops_the_rest_and_is_told() -> None:
    creations = Creations(threads=1)
    seen: list[str] = []

    def refuse(_payloads: Sequence[Any]) -> Sequence[str | None]:
        return ["AccessDenied: no"]

    def note(payloads: Sequence[Any]) -> Sequence[str | None]:
        seen.extend(payloads)
        return [None]

    try:
        creations.submit(Job("first", "x", None, refuse), ())
        with pytest.raises(CreateError, match=r"^cannot create `first`: AccessDenied: no$"):
            creations.settle()
        with pytest.raises(CreateError, match="`first`"):
            creations.submit(Job("second", "x", "second", note), ("first",))
    finally:
        creations.close()
    assert seen == []


def test_progress_counts_up_and_knows_the_total_at_the_end() -> None:
    told: list[tuple[int, int | None, str]] = []
    creations = Creations(threads=2, progress=lambda done, total, what: told.append((done, total, what)))
    gate = threading.Event()

    def wait(_payloads: Sequence[Any]) -> Sequence[str | None]:
        assert gate.wait(10)
        return [None]

    try:
        creations.count("Role")
        creations.submit(Job("a", "Table", None, wait), ())
        threading.Timer(0.05, gate.set).start()
        creations.settle()
    finally:
        creations.close()
    assert told == [(1, None, "Role"), (2, 2, "Table")]


# ------------------------------------------------------------------------------------------------ Check and the calls


def test_every_supported_type_has_a_handler() -> None:
    assert set(_HANDLERS) == SUPPORTED


def test_check_names_defaults_and_refuses_what_it_does_not_know() -> None:
    kind = "aws:lakeformation/permissions:Permissions"
    found = check("urn", kind, "g", {"principal": "p", "table": {"databaseName": "d", "name": "t"}})
    assert found == {
        "principal": "p",
        "table": {"databaseName": "d", "name": "t", "wildcard": False, "__defaults": ["wildcard"]},
        "catalogResource": False,
        "__defaults": ["catalogResource"],
    }
    with pytest.raises(UnsupportedError, match=r"`aws:sqs/queue:Queue` \(`q`\) is not known to the lab"):
        check("urn", "aws:sqs/queue:Queue", "q", {})


class Recorder:
    """Stands for a boto3 client: checks each request against botocore's own shapes, and remembers it."""

    calls: list[tuple[str, dict[str, Any]]]

    def __init__(self, service: str) -> None:
        self._model = botocore.session.get_session().get_service_model(service)
        self._names = {xform_name(name): name for name in self._model.operation_names}
        self.calls = []

    def __getattr__(self, method: str) -> Any:
        def call(**request: Any) -> dict[str, Any]:
            shape = self._model.operation_model(self._names[method]).input_shape
            report = ParamValidator().validate(request, shape)
            assert not report.has_errors(), report.generate_report()
            self.calls.append((self._names[method], request))
            return {"Database": {}, "ResourceInfo": {}}

        return call


PERMISSIONS = "aws:lakeformation/permissions:Permissions"
OPT_IN = "aws:lakeformation/optIn:OptIn"
TABLE = {"databaseName": "d", "name": "t"}


@pytest.mark.parametrize(
    ("block", "resource"),
    [
        ({"catalogResource": True}, {"Catalog": {}}),
        (
            {"database": {"name": "d", "catalogId": "111122223333"}},
            {"Database": {"Name": "d", "CatalogId": "111122223333"}},
        ),
        ({"table": TABLE}, {"Table": {"DatabaseName": "d", "Name": "t"}}),
        ({"table": {"databaseName": "d", "wildcard": True}}, {"Table": {"DatabaseName": "d", "TableWildcard": {}}}),
        (
            {"tableWithColumns": {**TABLE, "columnNames": ["a"]}},
            {"TableWithColumns": {"DatabaseName": "d", "Name": "t", "ColumnNames": ["a"]}},
        ),
        (
            {"tableWithColumns": {**TABLE, "wildcard": True, "excludedColumnNames": ["b"]}},
            {"TableWithColumns": {"DatabaseName": "d", "Name": "t", "ColumnWildcard": {"ExcludedColumnNames": ["b"]}}},
        ),
        (
            {"tableWithColumns": {**TABLE, "wildcard": True}},
            {"TableWithColumns": {"DatabaseName": "d", "Name": "t", "ColumnWildcard": {}}},
        ),
        ({"dataLocation": {"arn": "arn:aws:s3:::b/x"}}, {"DataLocation": {"ResourceArn": "arn:aws:s3:::b/x"}}),
        (
            {"dataCellsFilter": {**TABLE, "tableName": "t", "tableCatalogId": "111122223333", "name": "f"}},
            {
                "DataCellsFilter": {
                    "TableCatalogId": "111122223333",
                    "DatabaseName": "d",
                    "TableName": "t",
                    "Name": "f",
                }
            },
        ),
        ({"lfTag": {"key": "k", "values": ["v"]}}, {"LFTag": {"TagKey": "k", "TagValues": ["v"]}}),
        (
            {"lfTagPolicy": {"resourceType": "TABLE", "expressions": [{"key": "k", "values": ["v", "w"]}]}},
            {"LFTagPolicy": {"ResourceType": "TABLE", "Expression": [{"TagKey": "k", "TagValues": ["v", "w"]}]}},
        ),
    ],
)
def test_each_kind_of_grant_is_the_apis_resource(block: dict[str, Any], resource: dict[str, Any]) -> None:
    client = Recorder("lakeformation")
    inputs = {"principal": "p", "permissions": ["SELECT"], "permissionsWithGrantOptions": ["SELECT"], **block}
    plan = _plan(client, PERMISSIONS, inputs)
    assert plan.batch is not None
    plan.batch([plan.payload])
    wanted = {
        "Principal": {"DataLakePrincipalIdentifier": "p"},
        "Resource": resource,
        "Permissions": ["SELECT"],
        "PermissionsWithGrantOption": ["SELECT"],
    }
    assert client.calls == [("GrantPermissions", wanted)]
    assert plan.id.isdigit()


@pytest.mark.parametrize(
    ("kind", "inputs", "identity", "operation", "request_"),
    [
        (
            "aws:glue/catalogTable:CatalogTable",
            {
                "databaseName": "d",
                "name": "t",
                "parameters": {"classification": "parquet"},
                "storageDescriptor": {
                    "serDeInfo": {"serializationLibrary": "x"},
                    "columns": [{"name": "a", "type": "int"}],
                },
            },
            "111122223333:d:t",
            "CreateTable",
            {
                "DatabaseName": "d",
                "TableInput": {
                    "Name": "t",
                    "Parameters": {"classification": "parquet"},
                    "StorageDescriptor": {
                        "SerdeInfo": {"SerializationLibrary": "x"},
                        "Columns": [{"Name": "a", "Type": "int"}],
                    },
                },
            },
        ),
        (
            "aws:glue/catalogDatabase:CatalogDatabase",
            {
                "name": "d",
                "createTableDefaultPermissions": [
                    {"permissions": ["ALL"], "principal": {"dataLakePrincipalIdentifier": "IAM_ALLOWED_PRINCIPALS"}}
                ],
            },
            "111122223333:d",
            "CreateDatabase",
            {
                "DatabaseInput": {
                    "Name": "d",
                    "CreateTableDefaultPermissions": [
                        {
                            "Permissions": ["ALL"],
                            "Principal": {"DataLakePrincipalIdentifier": "IAM_ALLOWED_PRINCIPALS"},
                        }
                    ],
                }
            },
        ),
        (
            "aws:lakeformation/dataLakeSettings:DataLakeSettings",
            {"admins": ["arn:a"], "createTableDefaultPermissions": [{"principal": "p", "permissions": ["ALL"]}]},
            None,
            "PutDataLakeSettings",
            {
                "DataLakeSettings": {
                    "DataLakeAdmins": [{"DataLakePrincipalIdentifier": "arn:a"}],
                    "ReadOnlyAdmins": [],
                    "CreateDatabaseDefaultPermissions": [],
                    "CreateTableDefaultPermissions": [
                        {"Principal": {"DataLakePrincipalIdentifier": "p"}, "Permissions": ["ALL"]}
                    ],
                    "TrustedResourceOwners": [],
                    "ExternalDataFilteringAllowList": [],
                    "AuthorizedSessionTagValueList": [],
                }
            },
        ),
        (
            "aws:lakeformation/resource:Resource",
            {"arn": "arn:aws:s3:::b", "hybridAccessEnabled": True},
            "arn:aws:s3:::b",
            "RegisterResource",
            {"ResourceArn": "arn:aws:s3:::b", "UseServiceLinkedRole": True, "HybridAccessEnabled": True},
        ),
        (
            "aws:lakeformation/lfTag:LfTag",
            {"key": "k", "values": ["v"]},
            "111122223333:k",
            "CreateLFTag",
            {"TagKey": "k", "TagValues": ["v"]},
        ),
        (
            "aws:lakeformation/lfTagExpression:LfTagExpression",
            {"name": "e", "expressions": [{"tagKey": "k", "tagValues": ["v"]}]},
            "e,111122223333",
            "CreateLFTagExpression",
            {"Name": "e", "Expression": [{"TagKey": "k", "TagValues": ["v"]}]},
        ),
        (
            "aws:lakeformation/resourceLfTags:ResourceLfTags",
            {"database": {"name": "d"}, "lfTags": [{"key": "k", "value": "v"}]},
            None,
            "AddLFTagsToResource",
            {"Resource": {"Database": {"Name": "d"}}, "LFTags": [{"TagKey": "k", "TagValues": ["v"]}]},
        ),
        (
            "aws:lakeformation/resourceLfTag:ResourceLfTag",
            {"tableWithColumns": {**TABLE, "columnNames": ["a"]}, "lfTag": {"key": "k", "value": "v"}},
            None,
            "AddLFTagsToResource",
            {
                "Resource": {"TableWithColumns": {"DatabaseName": "d", "Name": "t", "ColumnNames": ["a"]}},
                "LFTags": [{"TagKey": "k", "TagValues": ["v"]}],
            },
        ),
        (
            "aws:lakeformation/dataCellsFilter:DataCellsFilter",
            {
                "tableData": {
                    "databaseName": "d",
                    "name": "f",
                    "tableCatalogId": "111122223333",
                    "tableName": "t",
                    "rowFilter": {"allRowsWildcard": {}},
                    "columnWildcard": {"excludedColumnNames": ["x"]},
                }
            },
            "d,f,111122223333,t",
            "CreateDataCellsFilter",
            {
                "TableData": {
                    "TableCatalogId": "111122223333",
                    "DatabaseName": "d",
                    "TableName": "t",
                    "Name": "f",
                    "RowFilter": {"AllRowsWildcard": {}},
                    "ColumnWildcard": {"ExcludedColumnNames": ["x"]},
                }
            },
        ),
        (
            OPT_IN,
            {
                "principals": [{"dataLakePrincipalIdentifier": "p"}],
                "resourceDatas": [{"table": TABLE}],
                "conditions": [{"expression": "context.user == 'x'"}],
            },
            None,
            "CreateLakeFormationOptIn",
            {
                "Principal": {"DataLakePrincipalIdentifier": "p"},
                "Resource": {"Table": {"DatabaseName": "d", "Name": "t"}},
                "Condition": {"Expression": "context.user == 'x'"},
            },
        ),
        (
            "aws:glue/resourcePolicy:ResourcePolicy",
            {"policy": "{}", "enableHybrid": "TRUE"},
            "us-east-1",
            "PutResourcePolicy",
            {"PolicyInJson": "{}", "EnableHybrid": "TRUE"},
        ),
        (
            "aws:glue/catalog:Catalog",
            {"name": "c", "createTableDefaultPermissions": [], "allowFullTableExternalDataAccess": "False"},
            "111122223333:c",
            "CreateCatalog",
            {
                "Name": "c",
                "CatalogInput": {"CreateTableDefaultPermissions": [], "AllowFullTableExternalDataAccess": "False"},
            },
        ),
    ],
)
def test_each_type_is_the_apis_call(
    kind: str, inputs: dict[str, Any], identity: str | None, operation: str, request_: dict[str, Any]
) -> None:
    client = Recorder("glue" if kind.startswith("aws:glue") else "lakeformation")
    plan = _plan(client, kind, inputs)
    assert plan.call is not None
    plan.call()
    assert client.calls[0] == (operation, request_)
    assert plan.id == identity if identity is not None else plan.id.isdigit()


def test_a_grant_on_nothing_is_refused() -> None:
    with pytest.raises(CreateError, match="one resource block is needed, found none"):
        _plan(Recorder("lakeformation"), PERMISSIONS, {"principal": "p", "permissions": ["SELECT"]})


def _plan(client: Recorder, kind: str, inputs: dict[str, Any]) -> Any:
    place = Place("111122223333", "us-east-1", {}, {}, lambda _service: client)
    return _HANDLERS[kind](place, Goal("urn", kind, "x", inputs, {}), inputs)
