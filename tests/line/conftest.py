"""One lab for all tests of a worker: the program is brought up once, and put back before each test."""

from __future__ import annotations

import copy
from collections.abc import Iterator

import pytest
from line_world import REGION, ROOT, World

from lab.server import Lab
from lab.up import up


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("line")
    with Lab.start(page_limit=20) as lab:
        deployment = up(
            ROOT, endpoint=lab.endpoint, session=lab.session(), region=REGION, config={"floodline:tables": "14"}
        )
        state = folder / "state.json"
        deployment.write(state)
        yield World(lab, state, folder, copy.deepcopy(lab._lakes))
        assert lab.crashes == []


@pytest.fixture
def world(running: World) -> Iterator[World]:
    running.fresh()
    yield running
    running.fresh()
