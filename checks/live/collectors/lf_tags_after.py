"""LF-tags once more, after everything else: they must not have changed while the lake was read."""

from __future__ import annotations

from dataclasses import replace

from checks.live.collectors import ALL_OTHERS
from checks.live.collectors.lf_tags import COLLECTOR as BEFORE

COLLECTOR = replace(
    BEFORE, name="lf_tags_after", rank=97, after=(ALL_OTHERS,), bracketed=False, repeats=BEFORE.name, learn=None
)
