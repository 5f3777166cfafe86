"""Run one Pulumi program in this process: what stands where the command line's own executor stands.

Started as a file, not as a module, so that nothing but the SDK and the program is imported. Takes the executor's flags.
Exit codes: 0 done, 1 an error that Pulumi itself phrased, 32 an error that was reported to the engine.
"""

from __future__ import annotations

import argparse
import asyncio
import concurrent.futures
import gc
import os
import runpy
import sys
import traceback
from pathlib import Path
from typing import Any

import grpc
import pulumi
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

REPORTED = 32

# The SDK keeps every resource's futures until the end, so the collector walks an ever larger heap in vain: with
# Python's own thresholds that is more than half of the time of a program with a thousand tables, and saves no memory.
GENERATIONS = (200_000, 50, 1_000)


class Quiet:
    """The engine without its debug log, which would be about four blocking calls for each resource."""

    def __init__(self, address: str) -> None:
        self._engine = engine_pb2_grpc.EngineStub(grpc.insecure_channel(address))

    def Log(self, request: Any) -> Any:  # noqa: N802  the protocol's name
        """Send on what somebody might read."""
        return None if request.severity == engine_pb2.DEBUG else self._engine.Log(request)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)


def main(arguments: list[str]) -> int:
    """Evaluate the program and say how it went."""
    parser = argparse.ArgumentParser()
    for flag in ("project", "stack", "organization", "monitor", "engine", "pwd", "root_directory", "tracing"):
        parser.add_argument(f"--{flag}", default="")
    parser.add_argument("--parallel", type=int, default=16)
    parser.add_argument("--dry_run", default="false")
    parser.add_argument("program")
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    asked = parser.parse_args(arguments)

    gc.set_threshold(*GENERATIONS)
    runtime = pulumi.runtime
    runtime.set_all_config(runtime.get_config_env(), runtime.get_config_secret_keys_env())
    runtime.configure(
        runtime.Settings(
            project=asked.project,
            stack=asked.stack,
            organization=asked.organization,
            monitor=asked.monitor,
            engine=Quiet(asked.engine),
            parallel=asked.parallel,
            dry_run=asked.dry_run == "true",
            root_directory=asked.root_directory,
        )
    )
    os.chdir(asked.pwd)
    sys.path.insert(0, asked.pwd)
    sys.argv = [asked.program, *asked.arguments]
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    pool = concurrent.futures.ThreadPoolExecutor(max_workers=4 * asked.parallel)
    loop.set_default_executor(pool)

    def program() -> None:
        runpy.run_path(asked.program, run_name="__main__")

    try:
        loop.run_until_complete(pulumi.runtime.run_in_stack(program))
    except pulumi.RunError as error:
        pulumi.log.error(str(error))
        return 1
    except Exception as error:  # noqa: BLE001  reported to the engine, and the exit code says so
        pulumi.log.error(_told(error, Path(asked.root_directory)))
        traceback.print_exc()
        return REPORTED
    except SystemExit as error:
        pulumi.log.error(f"the program called exit with `{error.code}`")
        return REPORTED
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


def _told(error: Exception, root: Path) -> str:
    """The error in a line: its own words, its type where that says more, and the project's line it came from."""
    words = " ".join(str(error).split())
    if not isinstance(error, ValueError) or not words:
        words = f"{type(error).__name__}: {words}".rstrip(": ") if type(error) is not Exception else words
    own = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).is_relative_to(root) and "site-packages" not in frame.filename
    ]
    if isinstance(error, SyntaxError) and error.filename:
        return f"{words} ({_relative(error.filename, root)}:{error.lineno})"
    return f"{words} ({_relative(own[0].filename, root)}:{own[0].lineno})" if own else words


def _relative(filename: str, root: Path) -> str:
    path = Path(filename)
    return str(path.relative_to(root)) if path.is_relative_to(root) else path.name


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
