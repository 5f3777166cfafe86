"""The declared lake as it registers: every kind of grant, the right counts at any size, and nothing open by default."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pulumi
import pytest

from lake import Column, Dataset, Governance, Mistake, OnDatabase, OnTable, Readers, Select, Table

if TYPE_CHECKING:
    from lake_mocks import Evaluate, Program, Registered

ADMIN = "arn:aws:iam::111122223333:role/lake-admin"


def forms(registered: Registered) -> Counter[str]:
    """How often each form of grant occurs."""
    count: Counter[str] = Counter()
    for grant in registered.of("Permissions").values():
        if table := grant.get("table"):
            count["all tables" if table.get("wildcard") else "table"] += 1
        elif columns := grant.get("tableWithColumns"):
            count["all columns except" if columns.get("wildcard") else "columns only"] += 1
        elif policy := grant.get("lfTagPolicy"):
            count["tag policy " + policy["resourceType"]] += 1
        else:
            count[
                next(key for key in grant if key not in {"principal", "permissions", "permissionsWithGrantOptions"})
            ] += 1
    return count


def test_every_declarable_kind_of_grant_occurs(program: Program) -> None:
    assert set(forms(program(12))) == {
        "table", "all tables", "columns only", "all columns except", "database", "dataLocation", "dataCellsFilter",
        "tag policy TABLE", "tag policy DATABASE", "lfTag", "catalogResource",
    }  # fmt: skip


@pytest.mark.parametrize("total", [12, 30, 250])
def test_counts_follow_the_size(program: Program, total: int) -> None:
    registered = program(total)
    tables = registered.of("CatalogTable")
    assert len(tables) == total
    by_database = Counter(table["databaseName"] for table in tables.values())
    assert set(by_database) == {"telemetry_raw", "telemetry_curated", "training_features"}
    assert max(by_database.values()) - min(by_database.values()) <= 4
    assert len(registered.of("CatalogDatabase")) == 3
    named = forms(registered)["table"]
    # Twelve base tables and two more by name, then one in ten of the copies.
    assert 14 <= named <= 14 + total // 10
    assert forms(program(12)) - forms(registered) == Counter()


def test_nothing_is_open_by_default(program: Program) -> None:
    registered = program(12)
    (settings,) = registered.of("DataLakeSettings").values()
    assert settings["createDatabaseDefaultPermissions"] == []
    assert settings["createTableDefaultPermissions"] == []
    assert settings["admins"] == [ADMIN]
    assert settings["readOnlyAdmins"] == ["arn:aws:iam::111122223333:role/lake-auditor"]
    assert all(
        database["createTableDefaultPermissions"] == [] for database in registered.of("CatalogDatabase").values()
    )
    assert "IAM_ALLOWED_PRINCIPALS" not in json.dumps([inputs for _, _, inputs in registered.resources])


def test_columns_are_typed_and_commented_and_tables_are_partitioned(program: Program) -> None:
    for name, table in program(12).of("CatalogTable").items():
        columns = table["storageDescriptor"]["columns"] + table["partitionKeys"]
        assert all(column["type"] and column["comment"] for column in columns), name
        assert table["partitionKeys"], name
        assert table["storageDescriptor"]["location"].endswith(f"/{table['name']}/"), name


def test_tags_sit_on_databases_tables_and_columns(program: Program) -> None:
    registered = program(12)
    carriers = Counter(
        next(kind for kind in ("database", "table", "tableWithColumns") if kind in assignment)
        for assignment in registered.of("ResourceLfTags").values()
    )
    assert carriers["database"] == 3
    assert carriers["table"] >= 5
    assert carriers["tableWithColumns"] >= 3
    assert set(registered.of("LfTag")) == {"sensitivity", "domain"}
    assert registered.of("LfTagExpression")


def test_one_location_is_hybrid_and_has_opt_ins(program: Program) -> None:
    registered = program(12)
    hybrid = [location for location in registered.of("Resource").values() if location["hybridAccessEnabled"]]
    assert [location["arn"] for location in hybrid] == ["arn:aws:s3:::example-training-features"]
    opted_in = {
        (target.get("table") or target["database"]).get("databaseName", "training_features")
        for opt_in in registered.of("OptIn").values()
        for target in opt_in.get("resourceDatas", [])
    }
    assert opted_in == {"training_features"}


def test_a_size_below_the_base_is_refused(program: Program) -> None:
    with pytest.raises(Mistake, match="`floodline:tables`: 11 is not between 12 and 45000"):
        program(11)


def declare(evaluate: Evaluate, *, more: dict[str, Any] | None = None) -> Registered:
    """A dataset and its readers, as in the package's own example."""

    def body() -> None:
        lake = Governance(
            "lake", account_id="111122223333", admins=[ADMIN], tags={"sensitivity": ["internal"]}, **(more or {})
        )
        rides = Table("rides", columns=[Column("ride_id", "bigint"), Column("rider", "string")])
        trips = Dataset("trips", location="s3://example-trips", governance=lake, tables=[rides])
        trips.grant("444455556666", OnTable("rides", ["SELECT"], grantable=["SELECT"]))
        trips.grant(pulumi.Output.from_input(ADMIN), OnDatabase(["DESCRIBE"]), name="later")
        Readers("team", ["arn:aws:iam::111122223333:role/analyst"], [(trips, Select("rides", except_=["rider"]))])

    return evaluate(body)


def test_the_example_registers_what_it_says(evaluate: Evaluate) -> None:
    grants = declare(evaluate).of("Permissions")
    assert grants["role/analyst:trips.rides:columns"] == {
        "principal": "arn:aws:iam::111122223333:role/analyst",
        "permissions": ["SELECT"],
        "tableWithColumns": {
            "databaseName": "trips",
            "name": "rides",
            "wildcard": True,
            "excludedColumnNames": ["rider"],
        },
    }
    assert grants["444455556666:trips.rides:select"]["permissionsWithGrantOptions"] == ["SELECT"]
    assert grants["later:trips:describe"]["principal"] == ADMIN


def test_a_principal_of_another_resource_needs_a_name(evaluate: Evaluate) -> None:
    said: list[str] = []

    def body() -> None:
        lake = Governance("lake", account_id="111122223333", admins=[ADMIN], tags={"k": ["v"]})
        trips = Dataset("trips", location="s3://example-trips", governance=lake, tables=[])
        with pytest.raises(Mistake) as error:
            trips.grant(pulumi.Output.from_input(ADMIN), OnDatabase(["DESCRIBE"]))
        said.append(str(error.value))

    evaluate(body)
    assert said == ["grant on `trips`: a principal that is not known yet needs a name for its grant (`name=`)"]
