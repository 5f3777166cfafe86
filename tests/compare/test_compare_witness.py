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
    columns,
    database,
    give,
    lake,
    said,
    table,
    tagged,
)

from checks.compare import compare
from checks.model import Finding, Grant, Lake, Resource

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
