"""The whole line for the tests: one lab with the declared lake in it, put back in milliseconds, and the command."""

from __future__ import annotations

import copy
import gzip
import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
from click.testing import CliRunner

import reports
from floodline.cli import cli
from floodline.laboratory import AUDITOR, OPERATOR
from lab import incidents
from lab.incidents import Clients
from lab.server import Lab

ROOT = Path(__file__).parents[2]
ACCOUNT = "111122223333"
REGION = "us-east-1"
MARKETING = f"arn:aws:iam::{ACCOUNT}:role/marketing"
UNTOUCHED = "untouched"


@dataclass(frozen=True)
class Ended:
    """How a run of the command ended."""

    code: int
    out: str
    err: str

    @property
    def report(self) -> dict[str, Any]:
        """The JSON on stdout, valid by our own schema."""
        found: dict[str, Any] = json.loads(self.out)
        validator().validate(found)
        return found

    @property
    def findings(self) -> list[dict[str, Any]]:
        return list(self.report["findings"])

    @property
    def complete(self) -> bool:
        return bool(self.report["outcome"]["complete"])

    def row(self, operation: str) -> dict[str, Any]:
        """The one ledger row of an operation."""
        (found,) = [row for row in self.report["ledger"] if row["operation"] == operation]
        return dict(found)

    def refused(self, code: int) -> str:
        """The one line that a run which cannot go on leaves; nothing goes to stdout."""
        assert (self.code, self.out) == (code, ""), self
        (line,) = self.err.splitlines()
        assert line.startswith("floodline: "), line
        assert line.isprintable()
        return line


@cache
def validator() -> Any:
    schema = reports.schema()
    kind = jsonschema.validators.validator_for(schema)
    kind.check_schema(schema)
    return kind(schema)


def run(
    *arguments: str | os.PathLike[str],
    env: dict[str, str] | None = None,
    stdin: bytes | None = None,
    posture: bool = False,
) -> Ended:
    """Run the command in this process; whatever it does not catch itself is this test's failure.

    A check says what differs, and with *posture* what is risky too.
    """
    if arguments and arguments[0] == "check" and not posture:
        arguments = ("check", "--no-posture", *arguments[1:])
    bare = {name: None for name in os.environ if name.startswith(("AWS_", "PULUMI_"))}
    result = CliRunner().invoke(
        cli,
        [os.fspath(one) for one in arguments],
        input=stdin,
        env={**bare, "CI": None, **(env or {})},
        catch_exceptions=False,
        prog_name="floodline",
    )
    return Ended(result.exit_code, result.stdout, result.stderr)


def run_apart(
    *arguments: str | os.PathLike[str], env: dict[str, str], stdin: bytes | None = None, cwd: Path | None = None
) -> Ended:
    """Run the command in a process of its own that knows no other environment than *env*; a check without risks."""
    if arguments and arguments[0] == "check":
        arguments = ("check", "--no-posture", *arguments[1:])
    told = subprocess.run(
        [sys.executable, "-c", "from floodline.cli import main; main()", *(os.fspath(one) for one in arguments)],
        input=stdin or b"",
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **env},
        capture_output=True,
        check=False,
        timeout=120,
        cwd=cwd,
    )
    return Ended(told.returncode, told.stdout.decode(), told.stderr.decode())


@dataclass
class World:
    """A lab with the program's lake in it, its state, and recordings of it as it was and after each incident."""

    lab: Lab
    state: Path
    folder: Path
    lakes: dict[Any, Any]
    _recorded: dict[str, Path] = field(default_factory=dict)
    _replayed: dict[str, Ended] = field(default_factory=dict)

    def fresh(self) -> None:
        """Put the lake back as the program declared it, and take back every refusal."""
        self.lab._lakes.clear()
        self.lab._lakes.update(copy.deepcopy(self.lakes))
        self.lab.allow()
        self.lab.calls.clear()

    def clients(self, principal: str = OPERATOR) -> Clients:
        session = self.lab.session(principal)
        return Clients(session.client("glue"), session.client("lakeformation"), self.lab.account)

    def play(self, name: str) -> None:
        if name != UNTOUCHED:
            incidents.get(name).play(self.clients())

    def env(self, principal: str = AUDITOR) -> dict[str, str]:
        return self.lab.credentials(principal)

    def check(self, *arguments: str | os.PathLike[str], principal: str = AUDITOR) -> Ended:
        """Check the lab over HTTP against its state; the report is JSON on stdout."""
        return run("check", "--state", self.state, "-o", "json=-", *arguments, env=self.env(principal))

    def recorded(self, name: str = UNTOUCHED) -> Path:
        """A recording of the lake after an incident, as `collect` writes it: made once, and left alone."""
        if name not in self._recorded:
            self.fresh()
            self.play(name)
            target = self.folder / f"{name}.jsonl.gz"
            ended = run("collect", "-o", target, env=self.env())
            assert (ended.code, ended.out) == (0, ""), ended
            self._recorded[name] = target
            self.fresh()
        return self._recorded[name]

    def lines(self, name: str = UNTOUCHED) -> bytes:
        """The same recording, unpacked."""
        return gzip.decompress(self.recorded(name).read_bytes())

    def replayed(self, name: str = UNTOUCHED) -> Ended:
        """How a check of that recording ends, for tests that compare with it."""
        if name not in self._replayed:
            self._replayed[name] = replay(self.state, self.recorded(name))
        return self._replayed[name]


def replay(state: os.PathLike[str], recording: os.PathLike[str], *arguments: str | os.PathLike[str]) -> Ended:
    """Check a recording against a state; the report is JSON on stdout. No AWS is in reach."""
    return run("check", "--state", state, "--live", recording, "-o", "json=-", *arguments)


def judged(ended: Ended) -> str:
    """The bytes of a report from its outcome on: everything but the run's own metadata."""
    assert ended.report  # it is JSON, and valid
    _, found, rest = ended.out.partition('\n  "outcome": ')
    assert found
    return rest


def without_places(findings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Findings without their evidence, which names lines."""
    return [{**one, "evidence": None} for one in findings]
