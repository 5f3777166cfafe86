"""Evaluates Pulumi programs in this process against mocks that accept everything and remember it."""

from __future__ import annotations

import asyncio
import runpy
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Never

import pytest
from pulumi.runtime import mocks, set_all_config
from pulumi.runtime.settings import reset_options
from pulumi.runtime.stack import run_pulumi_func

from lab.up.project import read

ROOT = Path(__file__).parents[2]


@dataclass
class Registered(mocks.Mocks):
    """What a program registered, in order: type, name, inputs."""

    resources: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        self.resources.append((args.typ, args.name, args.inputs))
        return args.name, args.inputs

    def call(self, args: mocks.MockCallArgs) -> Never:
        raise AssertionError(f"the program calls {args.token}")

    def of(self, kind: str) -> dict[str, dict[str, Any]]:
        """Inputs by name of the resources whose type ends so."""
        return {name: inputs for typ, name, inputs in self.resources if typ.endswith(f":{kind}")}


Evaluate = Callable[[Callable[[], None]], Registered]
Program = Callable[[int], Registered]


@pytest.fixture
def evaluate() -> Iterator[Evaluate]:
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    # The mock monitor answers in worker threads and would make a loop in each that has none, which nobody closes.
    loops = [asyncio.new_event_loop() for _ in range(8)]
    spare = iter(loops)
    loop.set_default_executor(ThreadPoolExecutor(8, initializer=lambda: asyncio.set_event_loop(next(spare))))

    def run(body: Callable[[], None]) -> Registered:
        registered = Registered()
        reset_options()
        mocks.set_mocks(registered, project="floodline", stack="dev", preview=False)
        loop.run_until_complete(run_pulumi_func(body))
        return registered

    yield run
    set_all_config({})
    reset_options()
    loop.run_until_complete(loop.shutdown_default_executor())
    asyncio.set_event_loop(None)
    for one in (*loops, loop):
        one.close()


@pytest.fixture
def program(evaluate: Evaluate, monkeypatch: pytest.MonkeyPatch) -> Program:
    """Evaluates the declared lake of this project at a size."""

    def run(tables: int) -> Registered:
        monkeypatch.chdir(ROOT)
        set_all_config(dict(read(ROOT, "dev", {"tables": str(tables)}).config))

        def body() -> None:
            runpy.run_path(str(ROOT), run_name="__main__")

        return evaluate(body)

    return run
