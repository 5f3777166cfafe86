"""Every look-alike of a widening, by its number (12b), one case or more each: silence, or a remark that says why not.

Beside each stand its near misses, which are widenings.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from small_lakes import (
    ACCOUNT,
    ADMIN,
    ANALYST,
    AUDITOR,
    CATALOG,
    CLIENTS,
    EVERYBODY_HERE,
    MARKETING,
    NOTES,
    ORDERS,
    STRANGERS,
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
    table,
    tagged,
    whole,
)
from stories import Story, ends, numbers, stories, way

from checks import normal
from checks.live import facts as live_facts
from checks.live.answer import Answer
from checks.model import (
    AllExcept,
    Catalog,
    CatalogInfo,
    ExitCode,
    Grant,
    Lake,
    Location,
    Principal,
    Resource,
    Table,
    TableInfo,
)

READ_ID = give(ANALYST, "SELECT", columns("sales.orders", "id"))
READ = give(ANALYST, "SELECT", table("sales.orders"))
LENT = give(ANALYST, "SELECT", table("sales.orders"), "SELECT")
TAGGED = give(ANALYST, "SELECT DESCRIBE", tagged(sensitivity="internal"))
OPEN = {database("sales"): {"sensitivity": "internal"}, database("hr"): {"sensitivity": "restricted"}}
SSN = {column("sales.orders", "ssn"): {"sensitivity": "restricted"}}
EU = cells("sales.orders", "eu")
READ_EU = give(ANALYST, "SELECT", EU)
BODY = {EU: (AllExcept(), "email = 'a'")}
SETTINGS = {"DataLakeAdmins": [ADMIN], "ReadOnlyAdmins": [AUDITOR]}
PLACE = Location("arn:aws:s3:::lake")
NESTED = Catalog(f"{ACCOUNT}:finance")
SERVICE_WORDS = "role/aws-service-role/redshift.amazonaws.com/AWSServiceRoleForRedshift"
SERVICE = Principal(f"arn:aws:iam::{ACCOUNT}:{SERVICE_WORDS}")
MADE = replace(ORDERS, created_by=f"arn:aws:sts::{ACCOUNT}:assumed-role/deployer/run")
LINK = TableInfo(table("sales.link"), (), link_to=Table(STRANGERS, "shared", "orders"))
T = {"Table": {"DatabaseName": "sales", "Name": "orders"}}
TWC = {"TableWithColumns": {"DatabaseName": "sales", "Name": "orders", "ColumnWildcard": {}}}
ALLT = {"Table": {"DatabaseName": "sales", "Name": "ALL_TABLES", "TableWildcard": {}}}
ALLC = {"TableWithColumns": {"DatabaseName": "sales", "Name": "ALL_TABLES", "ColumnWildcard": {}}}


def read(form: dict[str, Any]) -> Resource:
    return normal.resource(form, ACCOUNT)


def rows(*told: tuple[dict[str, Any], str, str]) -> list[list[Grant]]:
    """Make grants of the analyst as AWS lists them."""
    return [list(normal.grant_rows(ANALYST, read(form), names.split(), lend.split())) for form, names, lend in told]


def others(*tables: TableInfo) -> list[TableInfo]:
    return [*tables, CLIENTS, NOTES]


def nested(*grants: list[Grant]) -> Lake:
    """Make a lake with a catalog inside its catalog."""
    base = lake(grants, tables=[ORDERS, CLIENTS, NOTES, replace(ORDERS, id=Table(NESTED.catalog, "books", "ledger"))])
    return replace(base, catalogs={NESTED: CatalogInfo(NESTED)})


ALIKE = [
    way("12b-01-all-and-its-members",
        lake([give(ANALYST, "ALL", table("sales.orders"))]),
        lake([give(ANALYST, "ALTER DELETE DESCRIBE DROP INSERT SELECT", table("sales.orders"))]), 0),
    way("12b-01-members-and-all-latent",
        lake([give(ANALYST, "ALTER DELETE DESCRIBE DROP INSERT SELECT", table("sales.orders"))]),
        lake([give(ANALYST, "ALL", table("sales.orders"))]), 0),
    way("12b-01-all-of-a-database",
        lake([give(ANALYST, "ALL", database("sales"))]),
        lake([give(ANALYST, "ALTER CREATE_TABLE DESCRIBE DROP", database("sales"))]), 0),
    way("12b-01-never-across-kinds",
        lake([give(ANALYST, "ALL", database("sales"))]),
        lake([give(ANALYST, "ALL", database("sales")), READ]), 3,
        Story("unmanaged FL102 high", "grant: grant on sales.orders to role/analyst",
              "role/analyst can SELECT sales.orders.email", "1 1 4 0")),
    way("12b-02-describe-beside-another",
        lake([READ]),
        lake([READ, give(ANALYST, "DESCRIBE", table("sales.orders")), give(ANALYST, "DESCRIBE", database("sales")),
            give(ANALYST, "DESCRIBE", CATALOG)]), 0),
    way("12b-02-describe-alone-is-real",
        lake([READ]),
        lake([READ, give(ANALYST, "DESCRIBE", table("hr.notes"))]), 3,
        Story("unmanaged FL102 medium", "grant: grant on hr.notes to role/analyst",
              "role/analyst can DESCRIBE hr.notes", "1 1 0 0")),
    way("12b-03-table-and-column-wildcard",
        lake([READ]),
        lake(rows((TWC, "SELECT", ""))), 0),
    way("12b-03-empty-exclusions-are-none",
        lake([READ]),
        lake(rows(({"TableWithColumns": {**TWC["TableWithColumns"], "ColumnWildcard": {"ExcludedColumnNames": []}}},
            "SELECT", ""))), 0),
    way("12b-04-one-grant-two-rows",
        lake([give(ANALYST, "SELECT DESCRIBE INSERT", table("sales.orders"))]),
        lake(rows((T, "DESCRIBE INSERT", ""), (TWC, "SELECT", ""))), 0),
    way("12b-05-list-of-all-declared-wildcard",
        lake([READ]),
        lake([give(ANALYST, "SELECT", columns("sales.orders", "id", "email", "ssn"))]), 0),
    way("12b-05-wildcard-declared-list-of-all",
        lake([give(ANALYST, "SELECT", columns("sales.orders", "id", "email", "ssn"))]),
        lake([READ]), 0,
        Story("latent FL160 low", "grant: grant on sales.orders to role/analyst", "-", "1 0 0 0")),
    way("12b-06-list-declared-exclusion",
        lake([give(ANALYST, "SELECT", but("sales.orders", "ssn"))]),
        lake([give(ANALYST, "SELECT", columns("sales.orders", "id", "email"))]), 0),
    way("12b-06-exclusion-declared-list",
        lake([give(ANALYST, "SELECT", columns("sales.orders", "id", "email"))]),
        lake([give(ANALYST, "SELECT", but("sales.orders", "ssn"))]), 0,
        Story("latent FL160 low", "grant: grant on sales.orders to role/analyst", "-", "1 0 0 0")),
    way("12b-06-exclusion-of-a-column-to-come-dropped",
        lake([give(ANALYST, "SELECT", but("sales.orders", "ssn", "later"))]),
        lake([give(ANALYST, "SELECT", but("sales.orders", "ssn"))]), 0,
        Story("latent FL160 low", "grant: grant on sales.orders to role/analyst", "-", "1 0 0 0")),
    way("12b-06-listed-column-to-come",
        lake([READ_ID]),
        lake([give(ANALYST, "SELECT", columns("sales.orders", "id", "later"))]), 0,
        Story("latent FL160 low", "grant: grant on sales.orders to role/analyst", "-", "1 0 0 0")),
    way("12b-07-all-tables-in-the-listing",
        lake([give(ANALYST, "SELECT INSERT", all_tables("sales"))]),
        lake(rows((ALLT, "INSERT", ""), (ALLC, "SELECT", ""))), 0),
    way("12b-07-a-table-of-that-name",
        lake([READ], tables=[*others(ORDERS), whole("sales.all_tables")]),
        lake([READ, *rows(({"Table": {"DatabaseName": "sales", "Name": "all_tables"}}, "SELECT", ""))], tables=[
            *others(ORDERS), whole("sales.all_tables")]), 3,
        Story("unmanaged FL102 high", "grant: grant on sales.all_tables to role/analyst",
              "role/analyst can SELECT sales.all_tables.email", "1 1 4 0")),
    way("12b-08-wildcard-declared-each",
        lake([READ, give(ANALYST, "SELECT", table("sales.clients"))]),
        lake([give(ANALYST, "SELECT", all_tables("sales"))]), 0,
        Story("latent FL160 low", "grant: grant on every table of sales to role/analyst", "-", "1 0 0 0")),
    way("12b-09-inside-a-tag-grant",
        lake([TAGGED], tags=OPEN),
        lake([TAGGED, give(ANALYST, "SELECT", columns("sales.orders", "id"))], tags=OPEN), 0),
    way("12b-09-inside-a-wildcard",
        lake([give(ANALYST, "SELECT", all_tables("sales"))]),
        lake([give(ANALYST, "SELECT", all_tables("sales")), READ]), 0),
    way("12b-09-inside-the-accounts-group",
        lake([give(EVERYBODY_HERE, "SELECT", table("sales.orders"))]),
        lake([give(EVERYBODY_HERE, "SELECT", table("sales.orders")), READ]), 0),
    way("12b-09-by-the-declared-tags",
        lake([TAGGED], tags={**OPEN, **SSN}),
        lake([TAGGED, READ], tags={**OPEN, column("sales.orders", "ssn"): {"sensitivity": "internal"}}), 3,
        Story("widened FL110 critical", "tag: tag sensitivity on sales.orders.ssn: restricted → internal",
              "role/analyst can SELECT sales.orders.ssn", "1 1 1 1")),
    way("12b-10-case-of-tags",
        lake([TAGGED], tags=OPEN),
        lake([give(ANALYST, "SELECT DESCRIBE", read({"LFTagPolicy": {"ResourceType": "TABLE", "Expression": [{
            "TagKey": "Sensitivity", "TagValues": ["INTERNAL"]}]}}))], tags=OPEN), 0),
    way("12b-10-case-of-principals-counts",
        lake([READ]),
        lake([give(role("Analyst"), "SELECT", table("sales.orders"))]), 3,
        Story("narrowed FL130 medium", "grant: grant on sales.orders to role/analyst is missing or narrower",
              "role/analyst can SELECT sales.orders.email", "1 1 4 0"),
        Story("unmanaged FL102 high", "grant: grant on sales.orders to role/Analyst",
              "role/Analyst can SELECT sales.orders.email", "1 1 4 0")),
    way("12b-11-order-and-duplicates",
        lake([give(ANALYST, "SELECT", columns("sales.orders", "id", "ssn")), give(MARKETING, "SELECT", tagged(
            sensitivity="internal"))], tags=OPEN),
        lake([give(MARKETING, "SELECT", tagged(sensitivity="internal"))] * 2 + [give(ANALYST, "SELECT", columns(
            "sales.orders", "ssn")), give(ANALYST, "SELECT", columns("sales.orders", "id"))], tags=OPEN), 0),
    way("12b-12-saved-and-inline-expression",
        lake([give(ANALYST, "SELECT", tagged(sensitivity="internal"))], tags=OPEN, saved={"s": tagged(
            sensitivity="internal")}),
        lake([give(ANALYST, "SELECT", tagged(saved="s"))], tags=OPEN, saved={"s": tagged(sensitivity="internal")}),
            0),
    way("12b-12-inline-declared-saved",
        lake([give(ANALYST, "SELECT", tagged(saved="s"))], tags=OPEN, saved={"s": tagged(sensitivity="internal")}),
        lake([give(ANALYST, "SELECT", tagged(sensitivity="internal"))], tags=OPEN, saved={"s": tagged(
            sensitivity="internal")}), 0),
    way("12b-13-catalog-id-spelt-out",
        lake([give(ADMIN, "CREATE_DATABASE", read({"Catalog": {}}))]),
        lake([give(ADMIN, "CREATE_DATABASE", read({"Catalog": {"Id": ACCOUNT}}))]), 0),
    way("12b-13-nested-ids-differ",
        nested(READ),
        nested(READ, give(ANALYST, "SELECT", read({"Table": {"CatalogId": NESTED.catalog, "DatabaseName": "books",
            "Name": "ledger"}}))), 3,
        Story("unmanaged FL102 high", "grant: grant on finance.books.ledger to role/analyst",
              "role/analyst can SELECT finance.books.ledger.email", "1 1 4 0")),
    way("12b-14-creator-with-evidence",
        lake([READ]),
        lake([READ, give(role("deployer"), "ALL", table("sales.orders"), "ALL")], tables=others(MADE)), 0),
    way("12b-14-creator-without-evidence",
        lake([READ]),
        lake([READ, give(role("deployer"), "ALL", table("sales.orders"), "ALL")]), 3,
        Story("unmanaged FL102 high", "grant: grant on sales.orders to role/deployer",
              "role/deployer can SELECT sales.orders.email", "1 1 4 0")),
    way("12b-14-creator-of-another-table",
        lake([READ]),
        lake([READ, give(role("deployer"), "ALL", table("sales.clients"), "ALL")], tables=others(MADE)), 3,
        Story("unmanaged FL102 high", "grant: grant on sales.clients to role/deployer",
              "role/deployer can SELECT sales.clients.email", "1 1 4 0")),
    way("12b-14-creator-of-an-undeclared-table",
        lake([give(ANALYST, "SELECT", table("sales.clients"))], tables=[CLIENTS, NOTES]),
        lake([give(ANALYST, "SELECT", table("sales.clients")), give(role("deployer"), "ALL", table("sales.orders"),
            "ALL")], tables=others(MADE)), 3,
        Story("unmanaged FL102 high", "grant: grant on sales.orders to role/deployer",
              "role/deployer can SELECT sales.orders.email", "1 1 4 0"),
        Story("unmanaged FL142 low idle", "table: sales.orders is undeclared", "-", "0 1 0 0")),
    way("12b-14-creator-of-the-database",
        lake([READ]),
        lake([READ, give(role("deployer"), "ALL", database("sales"), "ALL")], tables=[MADE, replace(CLIENTS,
            created_by=MADE.created_by), NOTES]), 0),
    way("12b-16-service-linked-role",
        lake([READ]),
        lake([READ, give(SERVICE, "SELECT", table("sales.orders"))]), 0,
        Story("unmanaged FL102 info idle",
              "grant: grant on sales.orders to "
              "role/aws-service-role/redshift.amazonaws.com/AWSServiceRoleForRedshift",
              f"{SERVICE_WORDS} can SELECT sales.orders.email", "1 1 4 0")),
    way("12b-16-service-linked-read-only-admin",
        lake([READ], settings=SETTINGS),
        lake([READ], settings={**SETTINGS, "ReadOnlyAdmins": [AUDITOR, SERVICE]}), 0,
        Story("unmanaged FL120 info idle",
              "setting: ReadOnlyAdmins: added "
              "arn:aws:iam::111122223333:role/aws-service-role/redshift.amazonaws.com/AWSServiceRoleForRedshift",
              f"{SERVICE_WORDS} can DESCRIBE catalog 111122223333", "1 3 0 0")),
    way("12b-16-a-role-that-only-sounds-like-one",
        lake([READ]),
        lake([READ, give(role("AWSServiceRoleForRedshift"), "SELECT", table("sales.orders"))]), 3,
        Story("unmanaged FL102 high", "grant: grant on sales.orders to role/AWSServiceRoleForRedshift",
              "role/AWSServiceRoleForRedshift can SELECT sales.orders.email", "1 1 4 0")),
    way("12b-17-metadata",
        lake([READ], locations=[PLACE], settings=SETTINGS),
        replace(lake([READ], locations=[PLACE], settings={**SETTINGS, "Parameters.SET_CONTEXT": "TRUE"}),
            grants=tuple(replace(one, updated="2026-01-01T00:00:00Z", updated_by="somebody") for one in READ)), 0),
    way("12b-18-rows-on-a-link",
        lake([READ], tables=[*others(ORDERS), LINK]),
        lake([READ, give(MARKETING, "DESCRIBE DROP", table("sales.link"))], tables=[*others(ORDERS), LINK]), 0),
    way("12b-18-a-link-is-no-target",
        lake([READ], tables=[*others(ORDERS), LINK]),
        lake([READ, give(MARKETING, "SELECT", table("sales.link"))], tables=[*others(ORDERS), LINK]), 0,
        Story("latent FL160 low", "grant: grant on sales.link to role/marketing", "-", "1 0 0 0")),
    way("12b-19-slashes-schemes-and-case",
        lake([give(ANALYST, "DATA_LOCATION_ACCESS", read({"DataLocation": {"ResourceArn": "s3://lake/raw/"}})), READ],
            locations=[PLACE]),
        lake([give(ANALYST, "DATA_LOCATION_ACCESS", location("lake/raw")), *rows(({"Table": {"DatabaseName": "Sales",
            "Name": "ORDERS"}}, "SELECT", ""))], locations=[PLACE]), 0),
    way("12b-19-no-prefix-of-strings",
        lake([give(ANALYST, "DATA_LOCATION_ACCESS", location("lake/raw"))], locations=[PLACE]),
        lake([give(ANALYST, "DATA_LOCATION_ACCESS", location("lake/raw")), give(ANALYST, "DATA_LOCATION_ACCESS",
            location("lake/raw2"))], locations=[PLACE]), 3,
        Story("unmanaged FL102 high", "grant: grant on location arn:aws:s3:::lake/raw2 to role/analyst",
              "role/analyst can DATA_LOCATION_ACCESS arn:aws:s3:::lake/raw2", "1 0 0 0")),
    way("12b-20-predicate-in-other-words",
        lake([READ_EU], filters={EU: (AllExcept(), "email != 'a' AND id in (1, 2)")}),
        lake([READ_EU], filters={EU: (AllExcept(), "( ID IN (2,1) ) and (email<>'a')")}), 0),
    way("12b-20-constants-keep-their-case",
        lake([READ_EU], filters=BODY),
        lake([READ_EU], filters={EU: (AllExcept(), "email = 'A'")}), 3,
        Story("narrowed FL131 medium",
              "filter: filter eu on sales.orders: every column; rows where email = 'a' → every column; rows "
              "where email = 'A'",
              "role/analyst can SELECT sales.orders.email where email = 'a'", "1 1 4 0"),
        Story("widened FL112 high",
              "filter: filter eu on sales.orders: every column; rows where email = 'a' → every column; rows "
              "where email = 'A'",
              "role/analyst can SELECT sales.orders.email where email = 'A'", "1 1 4 0")),
    way("12b-21-grant-on-what-is-gone",
        lake([READ]),
        lake([READ, give(ANALYST, "SELECT", table("sales.gone"))]), 0,
        Story("latent FL161 low", "grant: grant on sales.gone, a table that does not exist", "-", "1 0 0 0")),
    way("12b-21-declared-and-gone",
        lake([READ]),
        lake([READ], tables=[CLIENTS, NOTES]), 2,
        Story("narrowed FL132 medium", "table: sales.orders is missing", "-", "0 1 0 0")),
    way("12b-21-wildcard-of-a-database-that-is-gone",
        lake([READ]),
        lake([READ, give(ANALYST, "SELECT", all_tables("old"))]), 0,
        Story("latent FL161 low", "grant: grant on every table of old, a database that does not exist",
              "-", "1 0 0 0")),
    way("12b-21-database-that-is-gone",
        lake([READ]),
        lake([READ, give(ANALYST, "CREATE_TABLE", database("old"))]), 0,
        Story("latent FL161 low", "grant: grant on database old, a database that does not exist", "-", "1 0 0 0")),
    way("12b-21-in-a-nested-catalog",
        nested(READ),
        nested(READ, give(ANALYST, "SELECT", Table(NESTED.catalog, "books", "gone"))), 0,
        Story("latent FL161 low", "grant: grant on finance.books.gone, a table that does not exist", "-", "1 0 0 0")),
    way("12b-22-sharing-version-echoed",
        lake([READ], settings=SETTINGS),
        lake([READ], settings={**SETTINGS, "Parameters.CROSS_ACCOUNT_VERSION": "4"}), 0),
    way("12b-22-sharing-version-raised",
        lake([READ], settings={**SETTINGS, "Parameters.CROSS_ACCOUNT_VERSION": "3"}),
        lake([READ], settings={**SETTINGS, "Parameters.CROSS_ACCOUNT_VERSION": "5"}), 0,
        Story("changed FL140 info", "setting: Parameters.CROSS_ACCOUNT_VERSION: 3 → 5", "-", "0 0 0 0")),
    way("12b-24-a-write-that-is-new",
        lake([READ_ID]),
        lake([READ_ID, give(ANALYST, "ALTER", table("sales.orders"))]), 3,
        Story("widened FL101 high", "grant: grant on sales.orders to role/analyst loosened: ALTER",
              "role/analyst can ALTER sales.orders", "1 1 0 0")),
    way("12b-23-blocked-in-the-resource-share-is-reported-all-the-same",
        lake([READ]),
        lake([READ, give(STRANGERS, "DESCRIBE", table("sales.orders"))]), 3,
        Story("unmanaged FL105 medium", "grant: grant on sales.orders to account 444455556666",
              "account 444455556666 can DESCRIBE sales.orders", "many 1 0 0")),
    way("12b-24-partial-select-beside-a-declared-write",
        lake([give(ANALYST, "ALTER", table("sales.orders"))]),
        lake([give(ANALYST, "ALTER", table("sales.orders")), READ_ID]), 0,
        Story("latent FL160 low", "grant: grant on sales.orders to role/analyst", "-", "1 0 0 0")),
    way("12b-24-insert-reads-all-the-same",
        lake([give(ANALYST, "INSERT", table("sales.orders"))]),
        lake([give(ANALYST, "INSERT", table("sales.orders")), READ_ID]), 0,
        Story("latent FL160 low", "grant: grant on sales.orders to role/analyst", "-", "1 0 0 0")),
    way("12b-25-grant-option-on-describe",
        lake([LENT]),
        lake([LENT, give(ANALYST, "DESCRIBE", table("sales.orders"), "DESCRIBE")]), 0),
    way("12b-25-grant-option-on-describe-alone",
        lake([READ]),
        lake([READ, give(ANALYST, "DESCRIBE", table("sales.orders"), "DESCRIBE")]), 3,
        Story("widened FL103 medium",
              "grant: grant on sales.orders to role/analyst loosened: DESCRIBE, and may pass it on",
              "role/analyst can DESCRIBE sales.orders", "1 1 0 0")),
]  # fmt: skip


@pytest.mark.parametrize(("declared", "live", "code", "told"), ALIKE)
def test_the_whole_story(declared: Lake, live: Lake, code: ExitCode, told: list[Story]) -> None:
    assert stories(declared, live) == told
    assert ends(declared, live) == code


def test_no_lookalike_is_missing() -> None:
    assert numbers(ALIKE) | {15} == set(range(1, 26))


def test_12b_15_effective_permissions_are_no_grants() -> None:
    """An admin asked about with a resource has everything; that answer is of what is computed, not of what is granted."""
    row = {"Principal": {"DataLakePrincipalIdentifier": ADMIN}, "Resource": T, "Permissions": ["ALL"]}
    page = json.dumps({"PrincipalResourcePermissions": [row]}).encode()

    def answer(request: dict[str, Any]) -> Answer:
        return Answer(
            ACCOUNT, "us-east-1", "lakeformation", "ListPermissions", request, page, None, "2026-01-01T00:00:00Z", 2
        )

    asked = {"Principal": {"DataLakePrincipalIdentifier": ADMIN}, "Resource": T}
    (effective,) = live_facts.build([answer(asked)]).lakes
    (raw,) = live_facts.build([answer({})]).lakes
    assert not list(effective.grants)
    assert len(list(raw.grants)) == 1


def test_12b_17_what_aws_notes_beside_a_fact_is_no_fact() -> None:
    """Versions, times, verification and shares differ from day to day."""
    body = {"TableCatalogId": ACCOUNT, "DatabaseName": "sales", "TableName": "orders", "Name": "eu",
            "RowFilter": {"FilterExpression": "id = 1"}, "ColumnWildcard": {}}  # fmt: skip
    assert normal.filter_body(body, ACCOUNT) == normal.filter_body({**body, "VersionId": "7"}, ACCOUNT)
    place = {"ResourceArn": "arn:aws:s3:::lake", "RoleArn": role("register")}
    verified = {**place, "VerificationStatus": "VERIFIED", "LastModified": "2026-01-01"}
    assert normal.registered(place) == normal.registered(verified)
