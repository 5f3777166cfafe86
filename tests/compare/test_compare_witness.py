"""The witness says what is really new: which permission, whether only to pass on, and a row where rows decide."""

from __future__ import annotations

from dataclasses import replace

import pytest
from small_lakes import (
    ACCOUNT,
    ANALYST,
    CLIENTS,
    EVERYBODY_HERE,
    MARKETING,
    NOTES,
    ORDERS,
    all_tables,
    cells,
    columns,
    database,
    give,
    lake,
    location,
    role,
    said,
    table,
    tagged,
)
from stories import ends

from checks.compare import compare
from checks.model import AllExcept, Confidence, ExitCode, Finding, Grant, Lake, Only, Resource, Severity

DEPLOYER = f"arn:aws:sts::{ACCOUNT}:assumed-role/marketing/run"
EVERYBODY_READS = give(EVERYBODY_HERE, "SELECT", all_tables("sales"))


def found(declared: Lake, live: Lake) -> list[Finding]:
    return [one for one in compare(declared, live).findings if one.rule != "FL126"]


# ------------------------------------------------------------------------------------------------- what is really new
@pytest.mark.parametrize(
    ("names", "lend", "start", "message"),
    [
        ("ALTER SELECT", "", "ALTER", "role/analyst can ALTER sales.orders, which"),
        ("ALTER SELECT", "ALTER SELECT", "ALTER", "role/analyst can ALTER sales.orders, which"),
        ("ALTER SELECT DESCRIBE", "SELECT", "ALTER", "role/analyst can ALTER sales.orders, which"),
        ("SELECT", "SELECT", "SELECT", "role/analyst can SELECT sales.orders.email and pass that on to others, which"),
        (
            "SELECT DESCRIBE",
            "SELECT DESCRIBE",
            "SELECT",
            "role/analyst can SELECT sales.orders.email and pass that on to others, which",
        ),
        (
            "DESCRIBE",
            "DESCRIBE",
            "DESCRIBE",
            "role/analyst can DESCRIBE sales.orders and pass that on to others, which",
        ),
    ],
)
def test_what_a_group_gives_already_is_no_witness(names: str, lend: str, start: str, message: str) -> None:
    declared = lake([EVERYBODY_READS])
    (finding,) = found(declared, lake([EVERYBODY_READS, give(ANALYST, names, table("sales.orders"), lend)]))
    assert finding.witness is not None
    assert finding.witness.permission == start
    assert finding.message.startswith(message)


def test_a_lost_permission_is_told_before_a_lost_grant_option() -> None:
    declared = lake([EVERYBODY_READS, give(ANALYST, "ALTER SELECT", table("sales.orders"), "SELECT")])
    (finding,) = found(declared, lake([EVERYBODY_READS]))
    assert finding.message == "declared, but not live: role/analyst can ALTER sales.orders"


# ------------------------------------------------------------------------------------------------- where rows decide
EU = cells("sales.orders", "eu")
READ_EU = give(ANALYST, "SELECT", EU)
NEVER = "email = 'US' and email = 'UK'"


@pytest.mark.parametrize(
    ("text", "row", "note"),
    [
        ("email = 'EU'", (("email", "EU"),), ""),
        ("id > 3 and active_day is null", None, "which rows is not decided: live filter"),
        ("upper(email) = 'EU'", None, "which rows is not decided: live filter"),
        ("id between 3 and 3", (("id", 3),), ""),
        ("email is null", (("email", None),), ""),
        ("true", None, ""),
        (None, None, ""),
    ],
)
def test_a_new_grant_on_a_filter_shows_a_row_of_it(text: str | None, row: object, note: str) -> None:
    (finding,) = found(lake(filters={EU: (AllExcept(), text)}), lake([READ_EU], filters={EU: (AllExcept(), text)}))
    assert said([finding]) == ["unmanaged FL102"]
    assert finding.exposure
    assert finding.witness is not None
    assert finding.witness.row == row
    assert (note in finding.message) if note else ("(" not in finding.message)
    assert finding.confidence is (Confidence.ASSUMED if note else Confidence.PROVED)


def test_the_row_of_a_column_that_was_shown_under_other_rows_is_a_new_one() -> None:
    us = cells("sales.orders", "us")
    filters = {EU: (AllExcept(frozenset({"ssn"})), "email = 'EU'"), us: (AllExcept(), "email in ('EU', 'US')")}
    declared = lake([READ_EU], filters=filters)
    (finding,) = found(declared, lake([READ_EU, give(ANALYST, "SELECT", us)], filters=filters))
    assert finding.witness is not None
    assert (finding.witness.column, finding.witness.row) == ("email", (("email", "US"),))


def test_a_filter_that_shows_more_columns_shows_a_row_of_them() -> None:
    declared = lake([READ_EU], filters={EU: (Only(frozenset({"id"})), "email = 'EU'")})
    live = lake([READ_EU], filters={EU: (Only(frozenset({"id", "email"})), "email = 'EU'")})
    (finding,) = found(declared, live)
    assert said([finding]) == ["widened FL112"]
    assert finding.witness is not None
    assert (finding.witness.column, finding.witness.row) == ("email", (("email", "EU"),))


def test_a_filter_that_never_shows_a_row_opens_nothing() -> None:
    filters = {EU: (AllExcept(), NEVER)}
    (finding,) = found(lake(filters=filters), lake([READ_EU], filters=filters))
    assert said([finding]) == ["unmanaged FL102"]
    assert (finding.exposure, finding.severity, finding.witness) == (False, Severity.LOW, None)
    assert finding.message.endswith("it reaches nothing that exists today, since the filter shows no row")
    assert ends(lake(filters=filters), lake([READ_EU], filters=filters)) is ExitCode.DRIFT


@pytest.mark.parametrize("other", [columns("sales.orders", "id"), cells("sales.orders", "other")])
def test_nor_does_it_to_who_is_declared_to_read_there(other: Resource) -> None:
    filters = {EU: (AllExcept(), NEVER), cells("sales.orders", "other"): (AllExcept(), NEVER)}
    reads = give(ANALYST, "SELECT", other)
    assert found(lake([reads], filters=filters), lake([reads, READ_EU], filters=filters)) == []


def test_the_loss_of_a_grant_that_showed_no_row_is_no_loss() -> None:
    filters = {EU: (AllExcept(), NEVER)}
    (finding,) = found(lake([READ_EU], filters=filters), lake(filters=filters))
    assert said([finding]) == ["changed FL141"]
    assert finding.message.endswith("does not exist; it would reach nothing today")


def test_a_condition_stands_beside_the_row() -> None:
    filters = {EU: (AllExcept(), "email = 'EU'")}
    live = lake([give(ANALYST, "SELECT", EU, condition='context.x == "y"')], filters=filters)
    (finding,) = found(lake(filters=filters), live)
    assert "where email = 'EU' and where context.x" in finding.message


# ------------------------------------------------------------------------------------------- creators that are limited
MADE = replace(ORDERS, created_by=DEPLOYER)
ROWS = give(MARKETING, "ALL", table("sales.orders"), "ALL")


@pytest.mark.parametrize(
    ("limit", "rule"),
    [
        (give(MARKETING, "SELECT", table("sales.orders")), "widened FL101"),
        (give(MARKETING, "SELECT", table("sales.orders"), condition='context.x == "y"'), "widened FL101"),
        (give(MARKETING, "SELECT", columns("sales.orders", "id")), "widened FL101"),
        (give(MARKETING, "SELECT", all_tables("sales")), "unmanaged FL102"),
        (give(MARKETING, "SELECT", tagged(domain="sales")), "unmanaged FL102"),
        (give(MARKETING, "SELECT", table("sales.clients")), None),
        (give(MARKETING, "SELECT", tagged(domain="hr")), None),
        (give(EVERYBODY_HERE, "SELECT", table("sales.orders")), None),
        (give(ANALYST, "SELECT", table("sales.orders")), None),
    ],
)
def test_a_creator_holds_no_more_than_is_declared_for_it(limit: list[Grant], rule: str | None) -> None:
    tags = {database("sales"): {"domain": "sales"}}
    live = lake([limit, ROWS], tables=[MADE, CLIENTS, NOTES], tags=tags)
    assert said(found(lake([limit], tags=tags), live)) == ([rule] if rule else [])


def test_a_creator_whose_declared_rows_are_all_it_holds_is_equal() -> None:
    assert found(lake([ROWS]), lake([ROWS], tables=[MADE, CLIENTS, NOTES])) == []


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        (database("sales"), ["widened FL101"]),
        (tagged("DATABASE", domain="sales"), ["unmanaged FL102"]),
        (tagged("DATABASE", domain="hr"), []),
        (database("hr"), []),
    ],
)
def test_nor_does_the_creator_of_all_tables_of_a_database(on: Resource, expected: list[str]) -> None:
    tags = {database("sales"): {"domain": "sales"}}
    limit = give(MARKETING, "DESCRIBE", on)
    made = [MADE, replace(CLIENTS, created_by=DEPLOYER), NOTES]
    live = lake([limit, give(MARKETING, "ALL", database("sales"), "ALL")], tables=made, tags=tags)
    assert said(found(lake([limit], tags=tags), live)) == expected


# ------------------------------------------------------------------------------------------------------ reach of files
PLACE = location("lake/hr")
MAKES = give(ANALYST, "CREATE_TABLE", database("sales"))


@pytest.mark.parametrize(
    ("granted", "beside", "how"),
    [
        (give(ANALYST, "DATA_LOCATION_ACCESS", PLACE), MAKES, "it may place tables over"),
        (give(EVERYBODY_HERE, "DATA_LOCATION_ACCESS", PLACE), MAKES, "members of it may place tables over"),
        (
            give(ANALYST, "DATA_LOCATION_ACCESS", PLACE),
            give(EVERYBODY_HERE, "CREATE_TABLE", database("sales")),
            "it may place tables over",
        ),
        (MAKES, give(EVERYBODY_HERE, "DATA_LOCATION_ACCESS", PLACE), "it may create tables in database sales over"),
        (
            give(EVERYBODY_HERE, "CREATE_TABLE", database("sales")),
            give(ANALYST, "DATA_LOCATION_ACCESS", PLACE),
            "members of it may create tables in database sales over",
        ),
    ],
)
def test_a_place_and_the_right_to_make_tables_meet_in_a_member(
    granted: list[Grant], beside: list[Grant], how: str
) -> None:
    (finding,) = found(lake([beside]), lake([beside, granted]))
    assert f"{how} arn:aws:s3:::lake/hr and so read the files of 1 table" in finding.message
    further = 0 if "place tables" in how else 2  # the tables of the database on which the right is
    assert (finding.reach.tables, finding.reach.columns) == (1 + further, 3)


def test_a_place_alone_reaches_no_file() -> None:
    (finding,) = found(
        lake([give(role("other", "444455556666"), "CREATE_TABLE", database("sales"))]),
        lake(
            [
                give(EVERYBODY_HERE, "DATA_LOCATION_ACCESS", PLACE),
                give(role("other", "444455556666"), "CREATE_TABLE", database("sales")),
            ]
        ),
    )
    assert "it takes CREATE_TABLE" in finding.message
    assert (finding.reach.tables, finding.reach.columns) == (0, 0)


@pytest.mark.parametrize(
    ("grants", "permission", "reach"),
    [
        (give(ANALYST, "SELECT", table("sales.orders")), "SELECT", 4),
        (give(ANALYST, "SELECT", columns("sales.orders", "id")), "SELECT", 2),
        (give(ANALYST, "INSERT", table("sales.orders")), "INSERT", 4),
        (give(ANALYST, "SELECT", columns("sales.orders", "id")) + give(MARKETING, "DELETE", table("sales.orders")),
         "SELECT", 4),
    ],
)  # fmt: skip
@pytest.mark.parametrize("further", [False, True])
def test_who_reads_files_in_another_place_reads_its_columns_there(
    grants: list[Grant], permission: str, reach: int, further: bool
) -> None:
    other = "arn:aws:s3:::lake/hr/secret"
    moved = replace(ORDERS, additional=frozenset({other})) if further else replace(ORDERS, location=other)
    (finding,) = found(lake([grants]), lake([grants], tables=[moved, CLIENTS, NOTES]))
    assert said([finding]) == ["widened FL114"]
    assert finding.witness is not None
    assert (finding.witness.permission, finding.reach.columns) == (permission, reach)


def test_nobody_reads_files_by_altering_a_table() -> None:
    grants = give(ANALYST, "ALTER", table("sales.orders"))
    moved = replace(ORDERS, location="arn:aws:s3:::lake/hr/secret")
    assert said(found(lake([grants]), lake([grants], tables=[moved, CLIENTS, NOTES]))) == ["changed FL140"]
