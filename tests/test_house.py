"""The house itself: who may import whom, what is never committed, and that nothing here can change a lake."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from botocore import xform_name
from botocore.session import Session

ROOT = Path(__file__).parents[1]
JUDGES = ("checks", "reports", "policies")
"""The rooms that judge a lake, and must not be able to change one. The shell only calls them; the lab plays AWS."""

LINTER = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]


# ------------------------------------------------------------------------------------------- the direction of imports
def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(LINTER, cwd=folder, capture_output=True, text=True, check=False)


def test_imports_go_one_way() -> None:
    result = lint(ROOT)
    assert result.returncode == 0, result.stdout + result.stderr


PLANTS = {
    "rooms": ("checks/model.py", "import lake"),
    "pure": ("reports/__init__.py", "import os"),
    "edges": ("checks/normal.py", "from checks import live"),
    "pack": ("policies/adapter.py", "import boto3"),
}
"""Contract → a file and the import that breaks it."""


def test_each_contract_catches_a_planted_import(tmp_path: Path) -> None:
    for room in (*JUDGES, "floodline", "lake", "lab"):
        shutil.copytree(ROOT / room, tmp_path / room, ignore=lambda _, names: {n for n in names if n == "__pycache__"})
    pyproject = (ROOT / "pyproject.toml").read_text("utf-8")
    (tmp_path / "pyproject.toml").write_text(pyproject, "utf-8")
    names = dict(re.findall(r'\[\[tool\.importlinter\.contracts\]\]\nid = "(\w+)"\nname = "(.+)"', pyproject))
    assert names.keys() == PLANTS.keys(), "every contract has a planted import, and every plant a contract"
    for file, line in PLANTS.values():
        path = tmp_path / file
        path.write_text(f"{path.read_text('utf-8')}\n{line}\n", "utf-8")
    result = lint(tmp_path)
    broken = {contract for contract, name in names.items() if f"{name} BROKEN" in " ".join(result.stdout.split())}
    assert broken == PLANTS.keys(), result.stdout


# ------------------------------------------------------------------------------------------------- what is committed
ACCOUNTS = {"111122223333", "444455556666", "123456789012"}
"""The account numbers of AWS's own documentation; any other may be somebody's."""

FORBIDDEN = {
    "an absolute path of somebody's machine": r"(?<![\w.])/(root|home/\w+|Users/\w+|work)/",
    "a package registry's address": r"(pypi|pythonhosted|npmjs)\.(org|com)|registry\.\w+\.(org|com|io)",
    "an access key": r"\b(AKIA|ASIA)[0-9A-Z]{16}\b",
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY",
}


@cache
def committed() -> tuple[tuple[str, str], ...]:
    """Return (path, text) of every text file that git tracks."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    found = []
    for name in listed.stdout.decode().split("\0"):
        path = ROOT / name
        if name and path.is_file():
            found.append((name, path.read_bytes().decode("utf-8", "replace")))
    return tuple(found)


@pytest.mark.parametrize("what", FORBIDDEN)
def test_nothing_forbidden_is_committed(what: str) -> None:
    pattern = re.compile(FORBIDDEN[what])
    found = [
        f"{name}:{number}: {what}"
        for name, text in committed()
        if name != "tests/test_house.py"
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]
    assert found == []


def test_only_documentation_accounts_are_committed() -> None:
    twelve = re.compile(r"(?<![0-9A-Za-z._-])[0-9]{12}(?![0-9A-Za-z_-]|\.[0-9])")
    found = {
        f"{name}: {number}"
        for name, text in committed()
        if name != "requirements.lock"
        for number in twelve.findall(text)
        if number not in ACCOUNTS
    }
    assert found == set()


def test_the_lock_names_hashes_and_no_addresses() -> None:
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    assert "://" not in lock
    assert "--index" not in lock
    pinned = re.findall(r"^([a-z0-9-]+)==\S+(?: ;.*)? \\\n    --hash=sha256:[0-9a-f]{64}", lock, flags=re.MULTILINE)
    assert len(pinned) == len(re.findall(r"^[a-z]", lock, flags=re.MULTILINE))
    assert {"boto3", "pulumi", "pytest", "setuptools"} <= set(pinned)


# ------------------------------------------------------------------------------------------- read-only by construction
READS = re.compile(r"(batch_)?(get|list|describe|search|query|head|check|lookup|simulate|validate|decode|select|scan)_")
GIVES_CREDENTIALS = re.compile(r"get_(temporary|federation|session_token|unfiltered)|.*_access_token")


@cache
def mutations() -> dict[str, str]:
    """Return every operation that changes something or hands out credentials: either spelling → boto3's method name."""
    session = Session()
    found: dict[str, str] = {}
    for service in ("lakeformation", "glue", "iam", "s3", "s3control", "ram", "sts", "organizations"):
        for name in session.get_service_model(service).operation_names:
            method = xform_name(name)
            if not READS.match(method) or GIVES_CREDENTIALS.match(method):
                found |= {method: method, name: method}
    del found["assume_role"], found["AssumeRole"]  # reading another account's lake needs it
    return found


def calls(source: str) -> set[str]:
    """Return the mutating operations that a source names: as an attribute, or as a text that getattr could take."""
    named = [
        node.attr if isinstance(node, ast.Attribute) else node.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Attribute | ast.Constant)
    ]
    return {mutations()[name] for name in named if isinstance(name, str) and name in mutations()}


@pytest.mark.parametrize("room", [*JUDGES, "floodline"])
def test_nothing_that_judges_a_lake_can_change_one(room: str) -> None:
    found = {str(path.relative_to(ROOT)): calls(path.read_text("utf-8")) for path in (ROOT / room).rglob("*.py")}
    assert found
    assert {path: names for path, names in found.items() if names} == {}


def test_a_change_would_be_noticed() -> None:
    assert "put_data_lake_settings" in mutations()
    assert "list_permissions" not in mutations()
    assert "get_temporary_glue_table_credentials" in mutations()
    assert calls("client.grant_permissions(Principal={})") == {"grant_permissions"}
    assert calls("getattr(client, 'grant_permissions')()") == {"grant_permissions"}
    assert calls("call(client, 'GrantPermissions')") == {"grant_permissions"}
    assert calls("client.list_permissions()") == set()


# --------------------------------------------------------------------------------------------------------- the clock
CLOCK = re.compile(r"(?:\w+\.)*(?:date|datetime|time)\.(?:now|utcnow|today|time|perf_counter|monotonic)(?:_ns)?")


def test_checks_and_reports_are_told_what_time_it_is() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}: {ast.unparse(node)}"
        for room in ("checks", "reports")
        for path in sorted((ROOT / room).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and CLOCK.fullmatch(ast.unparse(node.func))
    ]
    assert found == []


# ----------------------------------------------------------------------------------------------------------- the shell
HEAVY = (
    "boto3",
    "botocore",
    "jinja2",
    "rich",
    "pulumi",
    "pulumi_aws",
    "grpc",
    "moto",
    "duckdb",
    "msgspec",
    "zstandard",
    "junitparser",
    "arro3",
)


def test_help_loads_nothing_heavy() -> None:
    program = f"import sys, floodline.cli; print([name for name in {HEAVY!r} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
