"""A small settled lab for each test, without blank pages unless a test wants them."""

from __future__ import annotations

import pytest
from lab_world import settle

from lab.server import Lab


@pytest.fixture
def lab():
    with Lab.start(empty_pages=False) as running:
        yield settle(running)
        assert running.crashes == []
