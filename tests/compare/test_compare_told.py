"""What is told of the named cases, word for word: subject, message, access, witness, reach, cause, evidence and advice.

Each case is told as it is; in brief the other way round, between its live lake and another case's declaration, and
between lakes that are several cases at once. A change of a word shows as a diff of ``golden/``; ``pytest --accept``
takes it over.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from dense_lakes import pair
from test_compare_alike import ALIKE
from test_compare_corners import CORNERS
from test_compare_edges import EDGES
from test_compare_grid import GRID, MOVED
from test_compare_lookalikes import DIFFERENT, NARROWED, REMARKS, SILENT
from test_compare_ways import WAYS
from test_compare_widenings import CASES

from checks import spelling
from checks.compare import Comparison, compare
from checks.model import Evidence, Lake, Side

GOLDEN = Path(__file__).parent / "golden"
Pair = tuple[str, Lake, Lake]


def named(cases: list[Any]) -> list[Pair]:
    """Return the name and the two lakes of each case."""
    lakes = [(str(one.id), [value for value in one.values if isinstance(value, Lake)]) for one in cases]
    return [(name, declared, live) for name, (declared, live) in lakes]


def marked(lake: Lake, side: Side) -> Lake:
    """Say of every fact where it stands, and of live grants who made them."""
    line = itertools.count(1)

    def with_evidence(value: Any) -> Any:
        if isinstance(value, tuple) and not hasattr(value, "_fields"):
            return tuple(map(with_evidence, value))
        if isinstance(value, dict):
            return {key: with_evidence(one) for key, one in value.items()}
        names = {one.name for one in fields(value)} if is_dataclass(value) else set()
        if "evidence" not in names:
            return value
        number = next(line)
        urn = f"urn:pulumi:prod::lake::{number}" if side is Side.DECLARED else None
        changes: dict[str, Any] = {"evidence": Evidence(side, number, f"/{type(value).__name__}", urn, "lake/prod")}
        if "updated_by" in names and side is Side.LIVE:
            changes |= {"updated_by": f"someone {number}", "updated": "2026-01-01T00:00:00Z"}
        return replace(value, **changes)

    members = {
        one.name: with_evidence(getattr(lake, one.name)) for one in fields(lake) if one.name not in ("id", "grants")
    }
    return replace(lake, grants=tuple(map(with_evidence, lake.grants)), **members)


def lines(name: str, found: Comparison) -> Iterator[str]:
    """Tell a comparison, leaving out what is empty."""
    yield f"# {name}: {found.equal} equal"
    for one in found.findings:
        told = spelling.finding(one)
        yield ""
        yield f"{told.pop('verdict')} {told.pop('rule')} {told.pop('severity')} {told.pop('confidence')}: {told.pop('message')}"
        told["subject"] = {key: value for key, value in told["subject"].items() if key not in ("account", "region")}
        for key, value in told.items():
            if value not in (None, False, [], "", {}):
                yield f"  {key}: {value if isinstance(value, str) else json.dumps(_short(value), ensure_ascii=False)}"
    yield ""


def _short(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _short(one) for key, one in value.items() if one is not None}
    return [_short(one) for one in value] if isinstance(value, list) else value


def brief(name: str, found: Comparison) -> Iterator[str]:
    """Tell a comparison in a line for each finding; the end of it stands for all that is left out."""
    yield f"# {name}: {found.equal} equal"
    for one in found.findings:
        rest = hashlib.sha256("\n".join(lines("", replace(found, findings=(one,)))).encode()).hexdigest()[:8]
        far = one.reach
        reach = f"{'many' if far.principals is None else far.principals} {far.tables} {far.columns}"
        yield f"{one.verdict.value} {one.rule} {one.severity.word}: {spelling.shortened(one.message, 120)} | {reach} | {rest}"


def merged(lakes: list[Lake]) -> Lake:
    """Put several lakes into one; of facts that differ the first holds."""
    first = lakes[0]
    members: dict[str, Any] = {}
    for one in fields(first):
        values = [getattr(lake, one.name) for lake in lakes]
        if isinstance(values[0], Mapping):
            members[one.name] = {key: fact for value in reversed(values) for key, fact in value.items()}
        elif one.name in {"grants", "optins", "rls", "gaps", "partitions"}:
            members[one.name] = tuple(dict.fromkeys(fact for value in values for fact in value))
    return replace(first, **members)


FORTH = [pair for cases in (WAYS, ALIKE, CASES, SILENT, REMARKS, DIFFERENT, NARROWED) for pair in named(cases)] + EDGES


def across(step: int) -> list[Pair]:
    others = [*FORTH[step:], *FORTH[:step]]
    return [(f"{one[0]} against {other[0]}", other[1], one[2]) for one, other in zip(FORTH, others, strict=True)]


def several(number: int) -> list[Pair]:
    groups = [FORTH[at::number] for at in range(number)]
    groups = [group[at : at + 4] for group in groups for at in range(0, len(group), 4)]
    return [
        (" and ".join(one[0] for one in group), merged([one[1] for one in group]), merged([one[2] for one in group]))
        for group in groups
    ]


GROUPS: dict[str, tuple[Callable[[str, Comparison], Iterator[str]], Callable[[], list[Pair]]]] = {
    "forth": (lines, lambda: FORTH),
    "back": (brief, lambda: [(name, live, declared) for name, declared, live in FORTH]),
    "across": (brief, lambda: [*across(1)[::2], *across(29)[1::2]]),
    "several": (brief, lambda: [*several(1), *several(7), *several(23)]),
    "several-back": (brief, lambda: [(name, live, declared) for name, declared, live in [*several(5), *several(31)]]),
    "corners": (lines, lambda: CORNERS),
    "grid": (brief, lambda: GRID),
    "grid-moved": (brief, lambda: MOVED),
    "dense": (brief, lambda: [(str(seed), *pair(seed)) for seed in range(300)]),
    "alone": (brief, lambda: [(name, Lake(live.id), live) for name, _, live in FORTH[::4]]),
    "gone": (brief, lambda: [(name, declared, Lake(declared.id)) for name, declared, _ in FORTH[::4]]),
}


@pytest.mark.parametrize("group", GROUPS)
def test_every_word(group: str, accept: bool) -> None:
    tell, pairs = GROUPS[group]
    told = "".join(
        f"{line}\n"
        for name, declared, live in pairs()
        for line in tell(name, compare(marked(declared, Side.DECLARED), marked(live, Side.LIVE)))
    )
    golden = GOLDEN / f"{group}.txt"
    if accept:
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(told, "utf-8")
    assert told == golden.read_text("utf-8"), f"run `pytest --accept` and review the diff of {golden.name}"
