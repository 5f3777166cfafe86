"""A lake that the bench grows is the lake that the program declares, and the lab takes it."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from bench.grow import FAMILIES, create, grown, seed_of, with_more
from lab.server import Lab
from lab.up import Deployment, OfflineProvider, evaluate

ROOT = Path(__file__).parents[2]
TABLES = 24 * FAMILIES + 5  # the last copy is there in part
STACK = "pulumi:pulumi:Stack"  # it has the number of tables for an output


@cache
def declared(tables: int) -> Deployment:
    """What the program declares, nothing created."""
    provider = OfflineProvider("111122223333", "us-east-1")
    return evaluate(ROOT, provider=provider, config={"floodline:tables": str(tables)}, preview=True)


def facts(deployment: Deployment) -> dict[str, Any]:
    """Everything that is declared; not what a hash or a clock decides."""
    found = {entry.urn: json.loads(entry.body) for entry in deployment.entries}
    for body in found.values():
        body.get("outputs", {}).pop("id", None)
        for member in ("id", "created", "modified", "provider"):
            body.pop(member, None)
    return {urn: body for urn, body in found.items() if body["type"] != STACK}


def test_a_grown_lake_is_the_declared_one() -> None:
    seed = declared(seed_of(TABLES))
    both = with_more(seed, grown(seed, TABLES))
    assert len(seed.entries) < len(both.entries) == len(both.index())
    assert facts(both) == facts(declared(TABLES))


def test_a_lake_that_is_as_small_as_its_seed_does_not_grow() -> None:
    for tables in (12, 251, 252, 260, 263):
        assert seed_of(tables) == tables
    assert grown(declared(seed_of(TABLES)), seed_of(TABLES)) == ()


def is_of_tables(resource: dict[str, Any]) -> bool:
    """Whatever a copy of a table needs or brings; locations answer with times, which come over HTTP only."""
    kind = resource["type"].rpartition(":")[2]
    kinds = {"LfTag", "CatalogDatabase", "CatalogTable", "ResourceLfTags", "Permissions", "DataCellsFilter"}
    return kind in kinds and "dataLocation" not in resource["inputs"]


def test_the_lab_takes_it_without_http() -> None:
    seed = declared(seed_of(TABLES))
    ours = tuple(entry for entry in (*seed.entries, *grown(seed, TABLES)) if is_of_tables(json.loads(entry.body)))
    with Lab.start(empty_pages=False) as lab:
        create(ours, lab, lambda _done: None)
        assert lab.calls["glue:CreateTable"] == TABLES
        assert lab.call("glue", "GetTable", {"DatabaseName": "telemetry_raw", "Name": "screen_captures_0025"})
        where = {"DatabaseName": "telemetry_raw", "Name": "app_usage_0020"}
        told = lab.call("lakeformation", "GetResourceLFTags", {"Resource": {"Table": where}})
        assert told["LFTagOnDatabase"] != told["LFTagsOnTable"]
