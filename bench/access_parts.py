"""The parts of ``bench.access``, each run in a process of its own: ``python -m bench.access_parts NAME FOLDER``.

FOLDER holds what ``bench.access_lake`` wrote. What a part needs is read before its clock starts; ``base`` is the peak
until then. Both sides are recordings and go through one reader: a Pulumi state of a million grants is another matter,
measured by ``bench.declared_read``.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from bench.meter import Measure, measured, tell
from bench.row_filters import TYPES, Filters
from checks.compare import Comparison, compare
from checks.grants import Pool
from checks.model import (
    AllTables,
    Database,
    DataCellsFilter,
    Finding,
    Lake,
    Table,
    TableColumns,
    TagPolicy,
    TagRef,
    Where,
)
from checks.predicates import rows
from floodline import inputs

_GRANTS: Final = b'"operation":"ListPermissions"'
_ENVELOPE: Final = 200
"""Bytes of a line in which its operation stands."""

COLLECTING: Final = (200_000, 50, 1_000)
"""How often garbage is collected: as ``floodline check`` has it."""

Key = tuple[object, ...]


def catalog(folder: Path) -> Measure:
    """Read the live recording without its grants."""
    part = folder / "catalog.jsonl"
    with (folder / "live.jsonl").open("rb") as whole, part.open("wb") as file:
        file.writelines(line for line in whole if _GRANTS not in line[:_ENVELOPE])
    try:
        with measured() as work:
            lake, _ = _read(part)
    finally:
        part.unlink()
    work.facts = {"tables": len(lake.tables), "grants": len(lake.grants)}
    return work


def parse_live(folder: Path) -> Measure:
    """Read the live recording."""
    return _parse(folder / "live.jsonl")


def parse_declared(folder: Path) -> Measure:
    """Read the declared recording."""
    return _parse(folder / "declared.jsonl")


def _parse(path: Path) -> Measure:
    with measured() as work:
        lake, complete = _read(path)
    work.facts = {"grants": len(lake.grants), "bytes": path.stat().st_size, "complete": complete}
    return work


def compared(folder: Path) -> Measure:
    """Compare both sides, read before."""
    pool = Pool()
    declared, live = (_read(folder / f"{name}.jsonl", pool)[0] for name in ("declared", "live"))
    with measured() as work:
        found = compare(declared, live)
    work.facts = {"findings": len(found.findings)}
    return work


def total(folder: Path) -> Measure:
    """Read both sides and compare them; then hold the findings against what was planted."""
    gc.set_threshold(*COLLECTING)
    with measured() as work:
        pool = Pool()
        declared, whole = _read(folder / "declared.jsonl", pool)
        work.part("parse declared")
        live, seen = _read(folder / "live.jsonl", pool)
        work.part("parse live")
        found = compare(declared, live)
        work.part("compare")
    planted = json.loads((folder / "planted.json").read_text("utf-8"))
    work.facts = {"complete": whole and seen, "findings": len(found.findings), "equal": found.equal,
                  **judged(planted, found)}  # fmt: skip
    return work


def _read(path: Path, pool: Pool | None = None) -> tuple[Lake, bool]:
    """Read one side; sides that are to be compared share a pool."""
    live = inputs.recordings([str(path)], pool=pool).live
    (lake,) = live.lakes
    return lake, live.complete


# ------------------------------------------------------------------------------------------------------------ judgment
_TAGGED: Final = 5
"""Members of the key of a grant by LF-tags: a word, gained or not, who, on what type, by which expression."""


def judged(planted: Mapping[str, Any], found: Comparison) -> dict[str, Any]:
    """Hold the findings against the differences that were planted.

    ``missed`` are differences without a finding, ``surplus`` findings without a difference; a few of each are named.
    """
    wanted = set(_wanted(planted))
    got = Counter(_key(one) for one in found.findings)
    missed = {key for key in wanted if key not in got}
    surplus = {key for key in got if key not in wanted}
    for key in sorted(missed, key=lambda one: (len(one) == _TAGGED, str(one))):  # those that say more of where first
        told = next((one for one in sorted(surplus, key=str) if _tells(one, key)), None)
        if told is not None:
            missed.discard(key)
            surplus.discard(told)
    twice = [key for key, count in got.items() if count > 1 and key[0] == "grant"]
    return {
        "planted": {name: len(some) for name, some in planted.items()},
        "found": dict(Counter(str(key[0]) for key in wanted - missed)),
        "missed": len(missed),
        "surplus": len(surplus) + len(twice),
        "examples": [
            *(f"missed: {key}" for key in sorted(missed, key=str)[:5]),
            *(f"surplus: {key}" for key in [*sorted(surplus, key=str), *twice][:5]),
        ],
    }


def _tells(found: Key, wanted: Key) -> bool:
    """Whether a finding tells of a broad grant that gained, on the one declared subject it exceeds (decision 4)."""
    if wanted[:2] != ("grant", True) or found[:3] != wanted[:3]:
        return False
    if len(wanted) != _TAGGED:
        return bool(wanted[4] == "*" and found[3] == wanted[3])
    if len(found) != _TAGGED:
        return True
    inner: Any = found[4]
    outer: Any = wanted[4]
    held = dict(inner)
    return found[3] == wanted[3] and all(key in held and held[key] <= values for key, values in outer)


def _wanted(planted: Mapping[str, Any]) -> Iterable[Key]:
    for one in planted["grants"]:
        where: Key = (one.get("database"), one.get("table"), one.get("name"))
        if one["kind"] == "all_tables":
            where = (one["database"], "*", None)
        if one["kind"] == "lf_tag_policy":
            where = (
                one["resource_type"],
                frozenset((i["TagKey"], frozenset(i["TagValues"])) for i in one["expression"]),
            )
        yield ("grant", one["gained"], one["principal"], *where)
    for one in planted["tags"]:
        yield "tag", one["database"], one["table"], one["key"]
    for one in planted["filters"]:
        yield "filter", one["database"], one["table"], one["name"]
    for one in planted["columns"]:
        yield "column", one["database"], one["table"], one["column"]


def _key(finding: Finding) -> Key:
    """Say what a finding is about as ``planted`` does."""
    on = finding.subject.resource
    match on:
        case TagRef(target=Database(name=name), key=key):
            return "tag", name, None, key
        case TagRef(target=Table(database=database, name=name), key=key):
            return "tag", database, name, key
        case DataCellsFilter(table=table, name=name) if finding.subject.principal is None:
            return "filter", table.database, table.name, name
        case TableColumns(table=table, columns=columns) if finding.subject.principal is None:
            return ("column", table.database, table.name, *sorted(getattr(columns, "names", ())))
        case _:
            pass
    where: Key
    match on:
        case Table(database=database, name=name) | TableColumns(table=Table(database=database, name=name)):
            where = (database, name, None)
        case DataCellsFilter(table=table, name=name):
            where = (table.database, table.name, name)
        case AllTables(database=database):
            where = (database, "*", None)
        case Database(name=name):
            where = (name, None, None)
        case TagPolicy(resource_type=kind, expression=expression) if expression is not None:
            where = (kind, frozenset(expression))
        case _:
            where = (str(on),)
    return (finding.subject.kind, finding.widens, finding.subject.principal, *where)


# -------------------------------------------------------------------------------------------------------- row filters
PAIRS: Final = 5_000


def row_filters(_folder: Path) -> Measure:
    """Compare pairs of random row filters, each for the first time."""
    drawn = Filters(7)
    pairs = [drawn.pair() for _ in range(PAIRS)]
    drawn = Filters(8)
    for _ in range(100):  # modules, caches of patterns and the like
        _decided(*drawn.pair())
    times: list[float] = []
    relations: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    with measured() as work:
        for declared, live in pairs:
            began = time.process_time_ns()
            verdict = _decided(declared, live)
            times.append((time.process_time_ns() - began) / 1e6)
            relations[str(verdict.relation.value)] += 1
            if verdict.relation is rows.Relation.UNKNOWN:
                reasons[verdict.reason] += 1
    times.sort()
    p50, p99 = (times[int(len(times) * share)] for share in (0.5, 0.99))
    work.facts = {
        "pairs": len(pairs), "p50": round(p50, 3), "p99": round(p99, 3), "max": round(times[-1], 3),
        "relations": dict(sorted(relations.items())), "reasons": dict(reasons.most_common(3)),
    }  # fmt: skip
    return work


def _decided(declared: str, live: str) -> rows.RowVerdict:
    return rows.compare([Where(live)], [Where(declared)], TYPES)


PARTS: Final[dict[str, Callable[[Path], Measure]]] = {
    "catalog": catalog,
    "parse-live": parse_live,
    "parse-declared": parse_declared,
    "compare": compared,
    "total": total,
    "row-filters": row_filters,
}
if __name__ == "__main__":
    gc.set_threshold(200_000, 50, 1_000)  # as `floodline check` does
    tell(PARTS[sys.argv[1]](Path(sys.argv[2])))
