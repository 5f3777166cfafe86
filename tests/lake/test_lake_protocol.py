"""The declared lake over Pulumi's own protocol, in a process of its own, as `pulumi preview` runs it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lab.up import OfflineProvider, ProgramError, evaluate

ROOT = Path(__file__).parents[2]


def preview(tables: int) -> list[dict[str, Any]]:
    offline = OfflineProvider("111122223333", "us-east-1")
    deployment = evaluate(ROOT, provider=offline, config={"tables": str(tables)}, preview=True)
    return list(deployment.resources())


@pytest.fixture(scope="module")
def resources() -> dict[str, dict[str, Any]]:
    return {str(resource["urn"]): resource for resource in preview(12)}


def test_everything_comes_after_the_settings(resources: dict[str, dict[str, Any]]) -> None:
    """Else a database is born with the account's old default, which opens its tables to everyone."""
    (settings,) = [urn for urn in resources if "DataLakeSettings::" in urn]

    def before(urn: str) -> set[str]:
        named = set(resources[urn].get("dependencies", []))
        return named.union(*(before(one) for one in named))

    late = [urn for urn, one in resources.items() if one.get("custom") and "::pulumi:providers:" not in urn]
    assert len(late) > 60
    assert [urn for urn in late if settings not in before(urn) and urn != settings] == []


def test_grants_come_after_what_they_name(resources: dict[str, dict[str, Any]]) -> None:
    for urn, one in resources.items():
        if "lakeformation/permissions:Permissions::" not in urn:
            continue
        inputs = one["inputs"]
        place = inputs.get("table") or inputs.get("tableWithColumns")
        if place and place.get("name"):
            (named,) = [other for other in resources if other.endswith(f"::{place['databaseName']}.{place['name']}")
                        and "CatalogTable::" in other]  # fmt: skip
            assert named in one["dependencies"]
        if policy := inputs.get("lfTagPolicy"):
            keys = {expression["key"] for expression in policy["expressions"]}
            assert {other.rpartition("::")[2] for other in one["dependencies"]} == keys


def test_a_mistake_ends_the_preview_with_its_sentence() -> None:
    with pytest.raises(ProgramError) as error:
        preview(11)
    assert "`floodline:tables`: 11 is not between 12 and 45000" in str(error.value)
    assert "Traceback" not in str(error.value)
