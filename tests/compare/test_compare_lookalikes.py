"""What looks like drift and is none: the same access in other words is silence, or at most a remark of no weight."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from small_lakes import (
    ADMIN,
    ANALYST,
    AUDITOR,
    CLIENTS,
    EVERYBODY_HERE,
    MARKETING,
    NOTES,
    ORDERS,
    all_tables,
    but,
    cells,
    column,
    columns,
    database,
    give,
    lake,
    location,
    role,
    said,
    table,
    tagged,
    whole,
)

from checks.compare import compare
from checks.model import (
    AllExcept,
    DatabaseInfo,
    Facts,
    Gap,
    Lake,
    Location,
    Principal,
    Severity,
    Side,
    Table,
    TableInfo,
    Verdict,
)

READ_ORDERS = give(ANALYST, "SELECT", table("sales.orders"))
SALES = {database("sales"): {"sensitivity": "internal", "domain": "sales"}}
INTERNAL = give(ANALYST, "SELECT DESCRIBE", tagged(sensitivity="internal"))
EU = {cells("sales.orders", "eu"): (AllExcept(), "email = 'a' AND id > 3")}
READ_EU = give(ANALYST, "SELECT", cells("sales.orders", "eu"))
SETTINGS = {"DataLakeAdmins": [ADMIN], "ReadOnlyAdmins": [AUDITOR]}
MADE_HERE = replace(ORDERS, created_by="arn:aws:sts::111122223333:assumed-role/deployer/run")
LINK = TableInfo(table("sales.link"), (), link_to=Table("444455556666", "shared", "orders"))
SALES_DB = DatabaseInfo(database("sales"))
SERVICE = Principal("arn:aws:iam::111122223333:role/aws-service-role/redshift.amazonaws.com/AWSServiceRoleForRedshift")


def case(name: str, declared: Lake, live: Lake) -> object:
    return pytest.param(declared, live, id=name)


SILENT = [
    case("declared DESCRIBE that is implied", lake([READ_ORDERS, give(ANALYST, "DESCRIBE", table("sales.orders"))]),
         lake([READ_ORDERS])),
    case("two grants on columns and one", lake([give(ANALYST, "SELECT", columns("sales.orders", "id")),
                                                    give(ANALYST, "SELECT", columns("sales.orders", "email"))]),
         lake([give(ANALYST, "SELECT", columns("sales.orders", "id", "email"))])),
    case("two tag grants and one", lake([give(ANALYST, "SELECT", tagged(domain="sales")),
                                             give(ANALYST, "SELECT", tagged(domain="hr"))], tags=SALES),
         lake([give(ANALYST, "SELECT", tagged(domain="sales hr"))], tags=SALES)),
    case("a named subset of columns below an exclusion", lake([give(ANALYST, "SELECT", but("sales.orders", "ssn"))]),
         lake([give(ANALYST, "SELECT", but("sales.orders", "ssn")), give(ANALYST, "SELECT", columns("sales.orders", "id"))])),
    case("a partition key on the list changes nothing", lake([give(ANALYST, "SELECT", columns("sales.orders", "id"))]),
         lake([give(ANALYST, "SELECT", columns("sales.orders", "id", "day"))])),
    case("a new table under a declared wildcard", lake([give(ANALYST, "SELECT", all_tables("sales"))], databases=[]),
         lake([give(ANALYST, "SELECT", all_tables("sales"))], tables=[ORDERS, CLIENTS, NOTES, whole("sales.late")],
              databases=[])),
    case("a narrower wildcard tomorrow", lake([give(ANALYST, "SELECT", all_tables("hr"))]),
         lake([give(ANALYST, "SELECT", table("hr.notes"))])),
    case("a parameter that AWS adds", lake([READ_ORDERS]), lake([READ_ORDERS], tables=[
        replace(ORDERS, parameters=(("transient_lastDdlTime", "1"),)), CLIENTS, NOTES])),
    case("types in other blanks and capitals", lake([READ_ORDERS], tables=[ORDERS, NOTES]), lake([READ_ORDERS], tables=[
        replace(ORDERS, columns=tuple(replace(one, type=one.type.upper()) for one in ORDERS.columns or ())), NOTES])),
    case("no defaults declared and none live", lake([READ_ORDERS], databases=[SALES_DB]), lake([READ_ORDERS], databases=[
        DatabaseInfo(database("sales"), table_defaults=frozenset())])),
    case("DESCRIBE with grant option that is implied", lake([give(ANALYST, "SELECT", table("sales.orders"), "SELECT")]),
         lake([give(ANALYST, "SELECT", table("sales.orders"), "SELECT"), give(ANALYST, "DESCRIBE", table("sales.orders"), "DESCRIBE")])),
]  # fmt: skip


@pytest.mark.parametrize(("declared", "live"), SILENT)
def test_silent(declared: Lake, live: Lake) -> None:
    assert said(compare(declared, live).findings) == []


REMARKS = [
    pytest.param(lake([INTERNAL], tags=SALES), lake([give(ANALYST, "SELECT DESCRIBE", tagged(sensitivity="internal public"))],
                 tags=SALES), ["latent FL160"], id="a value that no table has"),
    pytest.param(lake([READ_ORDERS, INTERNAL], tags=SALES), lake([INTERNAL], tags=SALES), ["changed FL141"],
                 id="a missing row whose access others give"),
]  # fmt: skip


@pytest.mark.parametrize(("declared", "live", "expected"), REMARKS)
def test_a_remark_that_decides_no_exit_code(declared: Lake, live: Lake, expected: list[str]) -> None:
    findings = [one for one in compare(declared, live).findings if one.rule != "FL126"]
    assert said(findings) == expected
    assert not any(one.widens for one in findings)
    assert all(one.verdict is Verdict.LATENT or one.severity is Severity.INFO for one in findings)


DIFFERENT = [
    pytest.param(lake([READ_ORDERS]), lake([READ_ORDERS, give(ANALYST, "DESCRIBE", table("hr.notes"))]), ["unmanaged FL102"],
                 id="DESCRIBE alone is real"),
    pytest.param(lake([READ_ORDERS], tables=[ORDERS, whole("sales.all_tables")]),
                 lake([READ_ORDERS, give(ANALYST, "SELECT", table("sales.all_tables"))], tables=[ORDERS, whole("sales.all_tables")]),
                 ["unmanaged FL102"], id="a real table named all_tables is no wildcard"),
    pytest.param(lake([give(ANALYST, "ALL", database("sales"))]), lake([give(ANALYST, "ALL", database("sales")),
                 give(ANALYST, "SELECT", table("sales.orders"))]), ["unmanaged FL102"], id="a database gives nothing on its tables"),
    pytest.param(lake([READ_ORDERS], tables=[ORDERS]), lake([READ_ORDERS, give(role("deployer"), "ALL", table("sales.orders"), "ALL")],
                 tables=[ORDERS]), ["unmanaged FL102"], id="a creator's row without the evidence"),
    pytest.param(lake([READ_EU], filters=EU), lake([READ_EU], filters={cells("sales.orders", "eu"): (
                 AllExcept(), "email = 'A' AND id > 3")}), ["narrowed FL131", "widened FL112"], id="constants keep their case"),
    pytest.param(lake([give(role("a"), "SELECT", table("sales.orders"))]), lake([give(role("A"), "SELECT", table("sales.orders"))]),
                 ["narrowed FL130", "unmanaged FL102"], id="principals keep their case"),
    pytest.param(lake([give(ANALYST, "DATA_LOCATION_ACCESS", location("lake/sales"))]), lake([
                 give(ANALYST, "DATA_LOCATION_ACCESS", location("lake/sales")),
                 give(ANALYST, "DATA_LOCATION_ACCESS", location("lake/sales2"))]), ["unmanaged FL102"], id="sales2 is not below sales"),
    pytest.param(lake([give(EVERYBODY_HERE, "SELECT", table("sales.orders"), condition="c")]),
                 lake([give(EVERYBODY_HERE, "SELECT", table("sales.orders"), condition="c"), READ_ORDERS]), ["unmanaged FL102"],
                 id="a group under a condition contains nobody for certain"),
    pytest.param(lake([INTERNAL], tags={**SALES, column("sales.orders", "ssn"): {"sensitivity": "restricted"}}),
                 lake([INTERNAL, READ_ORDERS], tags={**SALES, column("sales.orders", "ssn"): {"sensitivity": "restricted"}}),
                 ["unmanaged FL102"], id="a tag grant does not cover an overridden column"),
]  # fmt: skip


@pytest.mark.parametrize(("declared", "live", "expected"), DIFFERENT)
def test_a_near_miss_of_a_lookalike_is_found(declared: Lake, live: Lake, expected: list[str]) -> None:
    assert said(compare(declared, live).findings) == expected


NARROWED = [
    pytest.param(lake([READ_ORDERS]), lake([]), ["narrowed FL130"], id="a grant is gone"),
    pytest.param(lake([give(ANALYST, "SELECT", table("sales.orders"), "SELECT")]), lake([READ_ORDERS]), ["narrowed FL130"],
                 id="a grant option is gone"),
    pytest.param(lake([INTERNAL], tags=SALES), lake([INTERNAL], tags={database("sales"): {"sensitivity": "restricted", "domain": "sales"}}),
                 ["narrowed FL131"], id="a tag moved away"),
    pytest.param(lake([READ_EU], filters=EU), lake([READ_EU], filters={cells("sales.orders", "eu"): (
                 AllExcept(), "email = 'a' AND id > 30")}), ["narrowed FL131"], id="a filter tightened"),
    pytest.param(lake([READ_ORDERS], settings=SETTINGS), lake([READ_ORDERS], settings={**SETTINGS, "DataLakeAdmins": []}),
                 ["narrowed FL131"], id="an admin is gone"),
    pytest.param(lake([READ_ORDERS]), lake([READ_ORDERS], tables=[ORDERS, NOTES]), ["narrowed FL132"], id="a table is gone"),
]  # fmt: skip


@pytest.mark.parametrize(("declared", "live", "expected"), NARROWED)
def test_less_than_declared_is_narrowed(declared: Lake, live: Lake, expected: list[str]) -> None:
    assert said(compare(declared, live).findings) == expected


@pytest.mark.parametrize("facts", list(Facts))
def test_what_was_not_seen_is_never_called_missing(facts: Facts) -> None:
    declared = lake(
        [READ_ORDERS, INTERNAL, READ_EU],
        tags=SALES,
        filters=EU,
        settings=SETTINGS,
        locations=[Location("arn:aws:s3:::lake")],
    )
    gap = Gap(Side.LIVE, "aws", "AccessDeniedException", facts)
    empty: dict[Facts, dict[str, Any]] = {
        Facts.GRANTS: {"grants": ()}, Facts.ASSIGNMENTS: {"assignments": {}}, Facts.FILTERS: {"filters": {}},
        Facts.TABLES: {"tables": {}}, Facts.DATABASES: {"databases": {}, "tables": {}}, Facts.SETTINGS: {"settings": ()},
        Facts.LOCATIONS: {"locations": {}}, Facts.TAGS: {"tags": {}},
        Facts.CALLER: {"grants": (), "databases": {}, "tables": {}, "tags": {}, "assignments": {}, "filters": {}, "locations": {},
                       "settings": ()},
    }  # fmt: skip
    live = replace(declared, gaps=(gap,), **empty.get(facts, {}))
    findings = compare(declared, live).findings
    assert {one.verdict for one in findings} == {Verdict.UNKNOWN}
    assert all(one.rule in {"FL150", "FL151"} for one in findings)


def test_a_partial_view_still_shows_what_it_shows() -> None:
    gap = Gap(Side.LIVE, "lakeformation:ListPermissions", "AccessDeniedException", Facts.GRANTS)
    live = lake([READ_ORDERS, give(MARKETING, "SELECT", table("hr.notes"))], gaps=[gap])
    assert said(compare(lake([READ_ORDERS]), live).findings) == ["unknown FL150", "unmanaged FL102"]


def test_a_column_declared_open_is_no_widening() -> None:
    """A declaration that does not fix the columns (a crawler does) covers whatever comes."""
    loose = replace(ORDERS, columns=None)
    assert said(compare(lake([READ_ORDERS], tables=[loose]), lake([READ_ORDERS], tables=[ORDERS])).findings) == []
