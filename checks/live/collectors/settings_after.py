"""Data lake settings once more, after everything else: they must not have changed while the lake was read."""

from __future__ import annotations

from dataclasses import replace

from checks.live.collectors import ALL_OTHERS
from checks.live.collectors.settings import COLLECTOR as BEFORE

COLLECTOR = replace(
    BEFORE, name="settings_after", rank=96, after=(ALL_OTHERS,), bracketed=False, repeats=BEFORE.name, learn=None
)
