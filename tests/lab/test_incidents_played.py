"""Each incident, played on the declared lake: it does what its name says, and something can be seen of it."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lab import incidents
from lab.incidents import Clients, Incident
from lab.incidents._acts import listed
from lab.server import Lab
from lab.up import up

ROOT = Path(__file__).parents[2]
DATABASES = ("telemetry_raw", "telemetry_curated", "training_features")
# Harmless but not invisible: what is stored in another spelling shows in these listings only.
METADATA = ("LastUpdated", "LastUpdatedBy", "LastModified", "UpdateTime", "VersionId")

Seen = dict[str, frozenset[str]]


@dataclass
class World:
    """A lab with the declared lake in it, put back as it was before each test."""

    lab: Lab
    lakes: dict[Any, Any]

    def fresh(self) -> Clients:
        self.lab._lakes.clear()
        self.lab._lakes.update(copy.deepcopy(self.lakes))
        session = self.lab.session("arn:aws:iam::111122223333:role/lake-admin")
        return Clients(glue=session.client("glue"), lakeformation=session.client("lakeformation"))


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with Lab.start() as lab:
        up(ROOT, endpoint=lab.endpoint, session=lab.session(), config={"tables": "14"})
        yield World(lab, copy.deepcopy(lab._lakes))
        assert lab.crashes == []


def seen(clients: Clients) -> Seen:
    """Everything that an admin can read of the lake and that bears on access, as sets of JSON."""
    lake, glue = clients.lakeformation, clients.glue
    tables = {name: listed(glue.get_tables, "TableList", DatabaseName=name) for name in DATABASES}
    targets: list[dict[str, Any]] = [{"Database": {"Name": name}} for name in DATABASES]
    targets += [{"Table": {"DatabaseName": d, "Name": t["Name"]}} for d, some in tables.items() for t in some]
    tags = [
        {"Of": target, **{key: value for key, value in answer.items() if key != "ResponseMetadata"}}
        for target in targets
        for answer in [lake.get_resource_lf_tags(Resource=target, ShowAssignedLFTags=True)]
    ]
    return {
        "grants": _plain(listed(lake.list_permissions, "PrincipalResourcePermissions")),
        "settings": _plain([lake.get_data_lake_settings()["DataLakeSettings"]]),
        "filters": _plain(listed(lake.list_data_cells_filter, "DataCellsFilters")),
        "locations": _plain(listed(lake.list_resources, "ResourceInfoList")),
        "opt-ins": _plain(listed(lake.list_lake_formation_opt_ins, "LakeFormationOptInsInfoList")),
        "expressions": _plain(listed(lake.list_lf_tag_expressions, "LFTagExpressions")),
        "tables": _plain([table for some in tables.values() for table in some]),
        "tags": _plain(tags),
    }


def _plain(rows: list[dict[str, Any]]) -> frozenset[str]:
    return frozenset(
        json.dumps({k: v for k, v in row.items() if k not in METADATA}, default=str, sort_keys=True) for row in rows
    )


# What an incident must touch, and nothing else.
TOUCHED = {
    "account-wide": {"grants"},
    "all-tables": {"grants"},
    "covered-grant": {"grants"},
    "default-permissions": {"settings"},
    "dropped-column-override": {"tags"},
    "dropped-excluded-column": {"grants"},
    "dropped-override": {"tags"},
    "foreign-account": {"grants"},
    "grant-option": {"grants"},
    "iam-allowed-principals": {"grants"},
    "insert-to-reader": {"grants"},
    "location-hybrid": {"locations"},
    "loosened-filter": {"filters"},
    "new-admin": {"settings"},
    "new-column": {"tables"},
    "optin-deleted": {"opt-ins"},
    "outside-engines": {"settings"},
    # Its only traces are the date and the author.
    "regranted": set(),
    "removed-grant-option": {"grants"},
    "repointed-table": {"tables"},
    "respelled": {"grants", "filters"},
    "retag-database": {"tags"},
    "revoked-grant": {"grants"},
    "saved-expression": {"grants", "expressions"},
    "shrunk-policy": {"grants"},
    "unused-value": {"grants"},
}


@pytest.mark.parametrize("incident", incidents.all(), ids=lambda incident: str(incident.name))
def test_it_touches_what_it_is_about_and_nothing_else(incident: Incident, world: World) -> None:
    clients = world.fresh()
    before = seen(clients)
    incident.play(clients)
    after = seen(clients)
    assert {kind for kind in before if before[kind] != after[kind]} == TOUCHED[incident.name]


def test_a_grant_made_again_has_a_new_date(world: World) -> None:
    clients = world.fresh()

    def dates() -> set[Any]:
        return {row["LastUpdated"] for row in listed(clients.lakeformation.list_permissions, KEY)}

    before = dates()
    incidents.get("regranted").play(clients)
    assert dates() - before


KEY = "PrincipalResourcePermissions"


def reach(clients: Clients, who: str) -> set[tuple[str, str]]:
    """Tables and columns that a tag policy of a role reaches, by the tags that AWS calls effective."""
    expressions = [
        row["Resource"]["LFTagPolicy"]["Expression"]
        for row in listed(clients.lakeformation.list_permissions, KEY)
        if row["Principal"]["DataLakePrincipalIdentifier"].endswith(f":role/{who}")
        and row["Resource"].get("LFTagPolicy", {}).get("ResourceType") == "TABLE"
        and "SELECT" in row["Permissions"]
    ]
    found: set[tuple[str, str]] = set()
    for database in DATABASES:
        for table in listed(clients.glue.get_tables, "TableList", DatabaseName=database):
            target = {"Table": {"DatabaseName": database, "Name": table["Name"]}}
            answer = clients.lakeformation.get_resource_lf_tags(Resource=target, ShowAssignedLFTags=False)
            below = {one["TagKey"]: one["TagValues"][0] for one in answer.get("LFTagOnDatabase", [])}
            below |= {one["TagKey"]: one["TagValues"][0] for one in answer.get("LFTagsOnTable", [])}
            own = {one["Name"]: one["LFTags"] for one in answer.get("LFTagsOnColumns", [])}
            for column in table["StorageDescriptor"]["Columns"]:
                tags = below | {one["TagKey"]: one["TagValues"][0] for one in own.get(column["Name"], [])}
                if any(all(tags.get(one["TagKey"]) in one["TagValues"] for one in e) for e in expressions):
                    found.add((f"{database}.{table['Name']}", column["Name"]))
    return found


@pytest.mark.parametrize(
    ("name", "who", "opened"),
    [
        ("retag-database", "marketing", ("telemetry_raw.private_messages", "body")),
        ("retag-database", "analyst", ("telemetry_raw.keystrokes", "key_text")),
        ("dropped-override", "analyst", ("training_features.message_features", "sentiment")),
        ("dropped-column-override", "analyst", ("telemetry_raw.app_usage", "window_title")),
    ],
)
def test_moved_tags_open_what_was_shut(name: str, who: str, opened: tuple[str, str], world: World) -> None:
    clients = world.fresh()
    before = reach(clients, who)
    incidents.get(name).play(clients)
    after = reach(clients, who)
    assert opened in after - before
    assert before <= after


def test_columns_with_a_tag_of_their_own_stay_shut(world: World) -> None:
    clients = world.fresh()
    incidents.get("retag-database").play(clients)
    incidents.get("dropped-override").play(clients)
    reached = reach(clients, "analyst")
    assert ("telemetry_raw.app_usage", "window_title") not in reached
    assert ("training_features.message_features", "embedding") not in reached


def test_covered_grants_are_inside_what_tags_give(world: World) -> None:
    clients = world.fresh()
    assert ("training_features.typing_features", "speed_p50") in reach(clients, "analyst")
    assert {
        column for table, column in reach(clients, "marketing") if table == "training_features.activity_features"
    } >= {
        "region",
        "meeting_share",
    }


def test_incidents_speak_for_the_account_they_are_given() -> None:
    assert Clients(None, None, account="444455556666").role("etl") == "arn:aws:iam::444455556666:role/etl"
