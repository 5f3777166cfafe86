"""The policy pack over Pulumi's analyzer protocol: every resource, then the stack, at any size.

    python -m bench.policy_pack [TABLES] [COLUMNS]

Each table comes with a grant and its LF-tags, so a stack of 15,000 tables has 45,000 resources. What is measured is the
pack's process: the engine is played by another one, which makes each message when it is sent.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import struct_pb2
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc

from bench.meter import MIB
from bench.state_gen import REGION, STACK, resources

PACK = Path(__file__).resolve().parent.parent / "policies"
LIMITS = [("grpc.max_receive_message_length", 400 << 20), ("grpc.max_send_message_length", 400 << 20)]
TOLD = {"PULUMI_PROJECT": "lake", "PULUMI_STACK": "bench", "PULUMI_DRY_RUN": "true", "PULUMI_CONFIG": "{}"}


@dataclass(slots=True)
class Figures:
    """CPU seconds and peak bytes of the pack's process."""

    each: float = 0.0
    stack: float = 0.0
    rest: int = 0
    peak: int = 0
    message: int = 0
    listed: int = 0
    said: int = 0


def main() -> int:
    asked = [int(one) for one in sys.argv[1:3]]
    tables, columns = (*asked, *(15_000, 20)[len(asked) :])
    found = measure(tables, columns)
    print(f"{found.listed:,} resources ({tables:,} tables of {columns} columns), {found.said} violations and doubts")
    print(f"  each resource   {found.each:8.2f} s CPU   {1000 * found.each / max(found.listed, 1):.2f} ms each")
    print(f"  the stack       {found.stack:8.2f} s CPU   a message of {found.message / MIB:,.0f} MiB")
    print(f"  peak            {found.peak / MIB:8,.0f} MiB     {found.rest / MIB:,.0f} MiB before the first resource")
    return 0


def measure(tables: int, columns: int, *, each: bool = True) -> Figures:
    """Play one run of the engine."""
    found = Figures()
    with pack() as (process, channel):
        analyzer = analyzer_pb2_grpc.AnalyzerStub(channel)
        analyzer.Configure(analyzer_pb2.ConfigureAnalyzerRequest())
        found.rest, before = peak(process), cpu(process)
        for one in _listed(tables, columns, "inputs") if each else ():
            request = analyzer_pb2.AnalyzeRequest(
                type=one.type, name=one.name, urn=one.urn, properties=one.properties, provider=one.provider
            )
            found.said += len(analyzer.Analyze(request).diagnostics)
        between = cpu(process)
        message = bytearray()
        for one in _listed(tables, columns, "outputs"):
            message += analyzer_pb2.AnalyzeStackRequest(resources=[one]).SerializeToString()
            found.listed += 1
        found.message = len(message)
        ask = channel.unary_unary(
            "/pulumirpc.Analyzer/AnalyzeStack", response_deserializer=analyzer_pb2.AnalyzeResponse.FromString
        )
        found.said += len(ask(bytes(message)).diagnostics)
        found.each, found.stack, found.peak = between - before, cpu(process) - between, peak(process)
    return found


def _listed(tables: int, columns: int, which: str) -> Iterator[Any]:
    """Every resource of the benches' state with its inputs or outputs, as the engine lists it."""
    settings = struct_pb2.Struct()
    settings.update({"region": REGION})
    provider = analyzer_pb2.AnalyzerProviderResource(
        type="pulumi:providers:aws", urn=f"{STACK}::pulumi:providers:aws::default", name="default", properties=settings
    )
    for one in resources(tables, columns):
        if not one["type"].startswith("pulumi:"):
            held = struct_pb2.Struct()
            held.update(one[which])
            name = one["urn"].rpartition("::")[2]
            yield analyzer_pb2.AnalyzerResource(
                type=one["type"], name=name, urn=one["urn"], properties=held, provider=provider
            )


@contextmanager
def pack() -> Iterator[tuple[int, grpc.Channel]]:
    """Start the pack as the engine does."""
    command = [sys.executable, "-u", "-m", "pulumi.policy", "127.0.0.1:0", "."]
    with subprocess.Popen(command, cwd=PACK, env=os.environ | TOLD, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            with grpc.insecure_channel(f"127.0.0.1:{int(process.stdout.readline())}", LIMITS) as channel:
                yield process.pid, channel
        finally:
            process.terminate()


def cpu(process: int) -> float:
    """CPU seconds of a process so far."""
    fields = Path(f"/proc/{process}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak(process: int) -> int:
    """Peak resident bytes of a process."""
    lines = Path(f"/proc/{process}/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM:"))


if __name__ == "__main__":
    began = time.perf_counter()
    code = main()
    print(f"  wall            {time.perf_counter() - began:8.2f} s, the engine's part included")
    raise SystemExit(code)
