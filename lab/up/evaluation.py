"""Evaluate a program: serve the engine's half, run the program beside, collect what it declared."""

from __future__ import annotations

import collections
import concurrent.futures
import json
import os
import secrets
import subprocess
import sys
import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
from pulumi.runtime.proto import engine_pb2_grpc, resource_pb2_grpc

from lab.up import project as projects
from lab.up.aws import AwsProvider, OfflineProvider
from lab.up.deployment import Deployment
from lab.up.errors import ProgramError
from lab.up.monitor import MESSAGE, Monitor
from lab.up.sealing import Vault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import boto3

    from lab.up.creations import Progress
    from lab.up.project import Project
    from lab.up.provider import Provider

_RUNNER = Path(__file__).with_name("runner.py")
_TAIL = 20


def evaluate(
    project_dir: Path,
    *,
    provider: Provider,
    stack: str = "dev",
    config: Mapping[str, str] | None = None,
    organization: str = "organization",
    preview: bool = False,
    previous: Deployment | None = None,
    parallel: int = 16,
    log: Callable[[str], None] | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Deployment:
    """Run the project's program, unmodified, in a process of its own, and return what it declared.

    `config` wins over the project's files. A preview creates nothing; what the program then cannot know is
    Pulumi's mark of an unknown, unless `previous` (the state before) knows it. `log` gets the program's own lines.
    The interpreter is this one: the project's `virtualenv` option is not looked at.
    Raises an UpError (ProjectError, ProgramError, UnsupportedError, CreateError) with one line.
    """
    say = log or (lambda _line: None)
    project = projects.read(project_dir, stack, config)
    vault = Vault(os.environ.get("PULUMI_CONFIG_PASSPHRASE") or secrets.token_urlsafe(32))
    monitor = Monitor(
        project,
        provider,
        stack=stack,
        organization=organization,
        preview=preview,
        parallel=parallel,
        vault=vault,
        now=now,
        log=say,
        previous=previous,
    )
    with _served(monitor, parallel) as address:
        code, tail = _run(_command(project, address, stack, organization, parallel, preview=preview), project, say)
    if monitor.error is not None:
        raise monitor.error
    if monitor.messages or code != 0:
        raise ProgramError(_reason(code, monitor.messages, tail))
    provider.settle()
    return Deployment(
        project.name,
        stack,
        organization,
        tuple(monitor.entries.values()),
        time=now().strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        version=f"v{version('pulumi')}",
        salt=vault.salt,
        config={key: "[secret]" if key in project.secret_keys else value for key, value in project.config.items()},
    )


def up(
    project_dir: Path,
    *,
    endpoint: str,
    session: boto3.Session,
    region: str = "us-east-1",
    stack: str = "dev",
    config: Mapping[str, str] | None = None,
    organization: str = "organization",
    progress: Progress | None = None,
    log: Callable[[str], None] | None = None,
    threads: int = 8,
) -> Deployment:
    """Evaluate the program and create at `endpoint` what it declares; nothing is unknown to it.

    `session` carries the credentials; `region` is the default provider's unless the stack's configuration names one.
    `progress(done, total, what)` is called from worker threads, one at a time, after each resource; `total` is None
    until the program has ended.
    """
    chosen = {"aws:region": region, **projects.read(project_dir, stack, config).config}["aws:region"]
    with AwsProvider(session, endpoint, chosen, threads=threads, progress=progress) as provider:
        return evaluate(
            project_dir,
            provider=provider,
            stack=stack,
            config={**(config or {}), "aws:region": chosen},
            organization=organization,
            log=log,
        )


def preview(
    project_dir: Path,
    previous: Deployment,
    *,
    account: str,
    region: str = "us-east-1",
    stack: str = "dev",
    config: Mapping[str, str] | None = None,
    organization: str = "organization",
) -> dict[str, Any]:
    """Evaluate the program as a preview over the state before; nothing is created, and AWS is not asked.

    Returns what `pulumi preview --json --show-sames` would print (`Deployment.preview_json` says how far).
    """
    chosen = {"aws:region": region, **projects.read(project_dir, stack, config).config}["aws:region"]
    found = evaluate(
        project_dir,
        provider=OfflineProvider(account, chosen),
        stack=stack,
        config={**(config or {}), "aws:region": chosen},
        organization=organization,
        preview=True,
        previous=previous,
    )
    return found.preview_json(previous)


@contextmanager
def _served(monitor: Monitor, parallel: int) -> Iterator[str]:
    pool = concurrent.futures.ThreadPoolExecutor(max_workers=2 * parallel, thread_name_prefix="monitor")
    server = grpc.server(pool, options=MESSAGE)
    resource_pb2_grpc.add_ResourceMonitorServicer_to_server(monitor, server)
    engine_pb2_grpc.add_EngineServicer_to_server(monitor, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(grace=1).wait()
        pool.shutdown(wait=True, cancel_futures=True)


def _command(
    project: Project, address: str, stack: str, organization: str, parallel: int, *, preview: bool
) -> list[str]:
    flags = {
        "monitor": address,
        "engine": address,
        "project": project.name,
        "root_directory": str(project.root),
        "stack": stack,
        "pwd": str(project.program),
        "dry_run": "true" if preview else "false",
        "parallel": str(parallel),
        "organization": organization,
    }
    spelled = [part for flag, value in flags.items() for part in (f"--{flag}", value)]
    return [sys.executable, "-P", "-u", str(_RUNNER), *spelled, "."]


def _run(command: list[str], project: Project, log: Callable[[str], None]) -> tuple[int, list[str]]:
    """Run to the end; the exit code and the last lines that were printed."""
    # The program declares; it has no business with AWS, so it gets no credentials.
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "PULUMI_"))}
    environment["PULUMI_CONFIG"] = json.dumps(dict(project.config))
    environment["PULUMI_CONFIG_SECRET_KEYS"] = json.dumps(sorted(project.secret_keys))
    tail: collections.deque[str] = collections.deque(maxlen=_TAIL)
    process = subprocess.Popen(  # noqa: S603  our own command line
        command,
        cwd=project.root,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )

    def drain() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            tail.append(line.rstrip())
            log(line.rstrip())

    reader = threading.Thread(target=drain, daemon=True)
    reader.start()
    try:
        code = process.wait()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        reader.join(timeout=5)
        if process.stdout is not None:
            process.stdout.close()
    return code, list(tail)


def _reason(code: int, messages: list[str], tail: list[str]) -> str:
    if messages:
        return f"the program failed: {messages[0]}"
    if code < 0:
        return f"the program was killed by signal {-code}" + ("; is there enough memory" if code == -9 else "")
    last = next((line for line in reversed(tail) if line.strip()), "no output")
    return f"the program ended with exit code {code}: {last}"
