"""The policy pack in the real engine, where a ``pulumi`` is on the path: no account, no AWS, no download.

The program is the test's own (Pulumi's automation hands it to the command line), the aws provider a stand-in that says
yes to everything: what is looked at is what the engine does with the pack's answers.
"""

from __future__ import annotations

import os
import shutil
import sys
from concurrent import futures
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import pulumi
import pytest
from google.protobuf import empty_pb2
from pulumi import automation
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(shutil.which("pulumi") is None, reason="there is no `pulumi` on the path"),
]


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """Takes what it is given: inputs come back as they went, and nothing is made."""

    def Attach(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        return empty_pb2.Empty()

    def GetPluginInfo(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        return plugin_pb2.PluginInfo(version="7.51.1")

    def CheckConfig(self, request: Any, _context: Any) -> Any:  # noqa: N802
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    def Configure(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True, acceptResources=True)

    def Check(self, request: Any, _context: Any) -> Any:  # noqa: N802
        return provider_pb2.CheckResponse(inputs=request.news)

    def Create(self, request: Any, _context: Any) -> Any:  # noqa: N802
        return provider_pb2.CreateResponse(properties=request.properties)


@pytest.fixture
def provider() -> Iterator[int]:
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Provider(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield port
    server.stop(None)


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """A team's own folder, as docs/policy-pack.md shows it."""
    folder = tmp_path / "pack"
    folder.mkdir()
    (folder / "PulumiPolicy.yaml").write_text("name: floodline\nversion: 1.0.0\nruntime: python\n")
    shutil.copy(ROOT / "policies" / "__main__.py", folder)
    return folder


def preview(tmp_path: Path, pack: Path, port: int, principal: str) -> str:
    """Preview a program with one grant; return what was printed, whether it ended well or not."""

    def program() -> None:
        fields = {"principal": principal, "permissions": ["SELECT"], "table": {"databaseName": "hr", "name": "days"}}
        pulumi.CustomResource("aws:lakeformation/permissions:Permissions", "grant", fields)

    (tmp_path / "state").mkdir()
    environment = {
        "PULUMI_BACKEND_URL": (tmp_path / "state").as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": "test",
        "PULUMI_DEBUG_PROVIDERS": f"aws:{port}",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_HOME": str(tmp_path / "home"),
        "PYTHONPATH": str(ROOT),
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])),
    }
    options = automation.LocalWorkspaceOptions(env_vars=environment)
    stack = automation.create_stack("dev", project_name="lake", program=program, opts=options)
    said: list[str] = []
    try:
        stack.preview(policy_packs=[str(pack)], on_output=said.append)
    except automation.CommandError as error:
        return "failed\n" + "\n".join(said) + str(error)
    return "\n".join(said)


def test_a_grant_to_everyone_fails_the_preview(tmp_path: Path, pack: Path, provider: int) -> None:
    said = preview(tmp_path, pack, provider, "IAM_ALLOWED_PRINCIPALS")
    assert said.startswith("failed")
    assert "everyone-granted" in said
    assert "(FL201)" in said


def test_a_grant_to_a_role_passes(tmp_path: Path, pack: Path, provider: int) -> None:
    said = preview(tmp_path, pack, provider, "arn:aws:iam::111122223333:role/analyst")
    assert not said.startswith("failed")
    assert "everyone-granted" not in said
