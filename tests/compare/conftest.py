"""The engine's tests judge sensitive columns by LF-tags alone: what names tell has tests of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from checks import sensitivity

if TYPE_CHECKING:
    from collections.abc import Iterator

BY_TAGS = sensitivity.settled({"shipped": False, "tags": {"sensitivity": ["confidential", "restricted"]}})


@pytest.fixture(scope="module", autouse=True)
def by_tags() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sensitivity, "SHIPPED", BY_TAGS)
        yield
