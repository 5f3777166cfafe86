"""Every way in which access widens, by its number (12a), one case or more each: verdict, cause, witness and reach.

A way whose facts floodline does not have is listed as not modelled, so that none is silently missing.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from small_lakes import (
    ACCOUNT,
    ADMIN,
    ANALYST,
    AUDITOR,
    CATALOG,
    CLIENTS,
    ENGINEER,
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

from checks.compare import compare
from checks.model import (
    EVERYONE,
    AllExcept,
    AnyResource,
    Catalog,
    CatalogInfo,
    DatabaseInfo,
    ExitCode,
    Finding,
    Function,
    Grant,
    Lake,
    Location,
    Only,
    OptIn,
    PartitionPlace,
    Permission,
    Principal,
    RLSAttachment,
    Table,
    TableInfo,
    Verdict,
)

READ_ID = give(ANALYST, "SELECT", columns("sales.orders", "id"))
READ = give(ANALYST, "SELECT", table("sales.orders"))
TAGGED = give(ANALYST, "SELECT DESCRIBE", tagged(sensitivity="internal"))
BOTH = give(ANALYST, "SELECT", tagged(sensitivity="internal", domain="sales"))
CLOSED = {database("sales"): {"sensitivity": "restricted"}, database("hr"): {"sensitivity": "restricted"}}
OPEN = {**CLOSED, database("sales"): {"sensitivity": "internal"}}
SSN = {column("sales.orders", "ssn"): {"sensitivity": "restricted"}}
EU, US = cells("sales.orders", "eu"), cells("sales.orders", "us")
READ_EU = give(ANALYST, "SELECT", EU)
BODY = {EU: (AllExcept(), "email = 'a'")}
OPENED = frozenset({(EVERYONE, frozenset({Permission("ALL")}))})
SALES, HR = DatabaseInfo(database("sales"), table_defaults=frozenset()), DatabaseInfo(database("hr"))
SETTINGS = {"DataLakeAdmins": [ADMIN], "ReadOnlyAdmins": [AUDITOR]}
PLACE = Location("arn:aws:s3:::lake")
DEPARTMENT = 'context.iam.principalTags.hasTag("department") && context.iam.principalTags.getTag("department") == "{}"'
SALES_PEOPLE = DEPARTMENT.format("sales")
SALES_OR_HR = f"{SALES_PEOPLE} || {DEPARTMENT.format('hr')}"
FUNCTION = Principal(f"arn:aws:glue:us-east-1:{ACCOUNT}:userDefinedFunction/sales/f")
NESTED = Catalog(f"{ACCOUNT}:finance")
LEDGER = Table(NESTED.catalog, "books", "ledger")
ORGANIZATION = Principal("arn:aws:organizations::111122223333:organization/o-abcdefghij")
UNIT = Principal("arn:aws:organizations::111122223333:ou/o-abcdefghij/ou-abcd-12345678")
PARTNER_POLICY = (
    '{"Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::444455556666:root"},'
    '"Action":"glue:GetTable","Resource":"*"}]}'
)


def others(*tables: TableInfo) -> list[TableInfo]:
    return [*tables, CLIENTS, NOTES]


def nested(*grants: list[Grant], **members: Any) -> Lake:
    """Make a lake with a catalog inside its catalog."""
    base = lake(grants, tables=[ORDERS, CLIENTS, NOTES, replace(ORDERS, id=LEDGER)])
    return replace(base, catalogs={NESTED: CatalogInfo(NESTED, **members)})


def sub(*grants: list[Grant]) -> Lake:
    """Make a lake with a catalog inside a catalog inside its catalog."""
    one = Catalog(f"{NESTED.catalog}/emea")
    base = lake(grants, tables=[ORDERS, CLIENTS, NOTES, replace(ORDERS, id=Table(one.catalog, "books", "ledger"))])
    return replace(base, catalogs={NESTED: CatalogInfo(NESTED), one: CatalogInfo(one)})


def view(
    text: str = "spark: select id, body from hr.notes",
    definer: Principal = ADMIN,
    reads: list[str] | None = ["hr.notes"],  # noqa: B006 - never changed
) -> TableInfo:
    below = None if reads is None else frozenset(map(table, reads))
    return replace(
        ORDERS, id=table("sales.report"), view_text=text, view_definer=definer, view_reads=below, location=None
    )


WAYS = [
    way("12a-01-new-named-grant",
        lake([READ_ID]),
        lake([READ_ID, give(MARKETING, "SELECT", table("hr.notes"))]), 3,
        Story("unmanaged FL102 high", "grant: grant on hr.notes to role/marketing",
              "role/marketing can SELECT hr.notes.body", "1 1 3 0")),
    way("12a-01-on-the-table-of-others",
        lake([READ_ID], tags=SSN),
        lake([READ_ID, give(MARKETING, "SELECT", columns("sales.orders", "ssn"))], tags=SSN), 3,
        Story("unmanaged FL102 critical", "grant: grant on sales.orders to role/marketing",
              "role/marketing can SELECT sales.orders.ssn", "1 1 2 1")),
    way("12a-02-permission-added-to-a-row",
        lake([READ]),
        lake([READ, give(ANALYST, "ALTER", table("sales.orders"))]), 3,
        Story("widened FL101 high", "grant: grant on sales.orders to role/analyst loosened: ALTER",
              "role/analyst can ALTER sales.orders", "1 1 0 0")),
    way("12a-02-delete-added",
        lake([READ]),
        lake([give(ANALYST, "SELECT DELETE", table("sales.orders"))]), 3,
        Story("widened FL101 high", "grant: grant on sales.orders to role/analyst loosened: DELETE",
              "role/analyst can DELETE sales.orders", "1 1 4 0")),
    way("12a-03-grant-option-added",
        lake([READ]),
        lake([give(ANALYST, "SELECT", table("sales.orders"), "SELECT")]), 3,
        Story("widened FL103 high",
              "grant: grant on sales.orders to role/analyst loosened: SELECT on every column, and may pass it on",
              "role/analyst can SELECT sales.orders.email", "1 1 4 0")),
    way("12a-04-condition-removed",
        lake([give(EVERYBODY_HERE, "SELECT", table("sales.orders"), condition=SALES_PEOPLE)]),
        lake([give(EVERYBODY_HERE, "SELECT", table("sales.orders"))]), 3,
        Story("widened FL101 critical",
              "condition: condition of the grant on sales.orders to every IAM principal of account "
              '111122223333: context.iam.principalTags.hasTag("department") && '
              'context.iam.principalTags.getTag("department") == "sales" → none',
              "every IAM principal of account 111122223333 can SELECT sales.orders.email", "many 1 4 0")),
    way("12a-04-condition-loosened",
        lake([give(EVERYBODY_HERE, "SELECT", table("sales.orders"), condition=SALES_PEOPLE)]),
        lake([give(EVERYBODY_HERE, "SELECT", table("sales.orders"), condition=SALES_OR_HR)]), 3,
        Story("widened FL101 critical",
              "condition: condition of the grant on sales.orders to every IAM principal of account "
              '111122223333: context.iam.principalTags.hasTag("department") && '
              'context.iam.principalTags.getTag("department") == "sales" → '
              'context.iam.principalTags.hasTag("department") && '
              'context.iam.principalTags.getTag("department") == "sales" || '
              'context.iam.principalTags.hasTag("department") && '
              'context.iam.principalTags.getTag("department") == "hr"',
              "every IAM principal of account 111122223333 can SELECT sales.orders.email", "many 1 4 0")),
    way("12a-04-condition-tightened-is-none",
        lake([give(EVERYBODY_HERE, "SELECT", table("sales.orders"), condition=SALES_OR_HR)]),
        lake([give(EVERYBODY_HERE, "SELECT", table("sales.orders"), condition=SALES_PEOPLE)]), 2,
        Story("narrowed FL130 medium",
              "grant: grant on sales.orders to every IAM principal of account 111122223333 is missing or narrower",
              "every IAM principal of account 111122223333 can SELECT sales.orders.email", "many 1 4 0")),
    way("12a-05-column-added-to-the-list",
        lake([READ_ID]),
        lake([give(ANALYST, "SELECT", columns("sales.orders", "id", "ssn"))]), 3,
        Story("widened FL101 high", "grant: grant on sales.orders to role/analyst loosened: SELECT on column ssn",
              "role/analyst can SELECT sales.orders.ssn", "1 1 1 0")),
    way("12a-06-column-taken-off-the-exclusions",
        lake([give(ANALYST, "SELECT", but("sales.orders", "ssn", "email"))]),
        lake([give(ANALYST, "SELECT", but("sales.orders", "email"))]), 3,
        Story("widened FL101 high", "grant: grant on sales.orders to role/analyst loosened: SELECT on column ssn",
              "role/analyst can SELECT sales.orders.ssn", "1 1 1 0")),
    way("12a-07-list-replaced-by-wildcard",
        lake([READ_ID]),
        lake([READ]), 3,
        Story("widened FL101 high",
              "grant: grant on sales.orders to role/analyst loosened: SELECT on every column but id",
              "role/analyst can SELECT sales.orders.email", "1 1 2 0")),
    way("12a-08-one-table-replaced-by-all",
        lake([READ]),
        lake([give(ANALYST, "SELECT", all_tables("sales"))]), 3,
        Story("widened FL101 high",
              "grant: grant on every table of sales to role/analyst loosened: SELECT on every column",
              "role/analyst can SELECT sales.clients.email", "1 1 4 0")),
    way("12a-09-new-column-under-a-wildcard",
        lake([READ]),
        lake([READ], tables=others(whole("sales.orders", "id email ssn phone"))), 3,
        Story("widened FL113 high", "column: sales.orders has a column that no stack declares: phone",
              "role/analyst can SELECT sales.orders.phone", "1 1 1 0")),
    way("12a-09-new-column-under-an-exclusion",
        lake([give(ANALYST, "SELECT", but("sales.orders", "ssn"))]),
        lake([give(ANALYST, "SELECT", but("sales.orders", "ssn"))], tables=others(whole("sales.orders",
            "id email ssn phone"))), 3,
        Story("widened FL113 high", "column: sales.orders has a column that no stack declares: phone",
              "role/analyst can SELECT sales.orders.phone", "1 1 1 0")),
    way("12a-10-excluded-column-renamed",
        lake([give(ANALYST, "SELECT", but("sales.orders", "ssn"))]),
        lake([give(ANALYST, "SELECT", but("sales.orders", "ssn"))], tables=others(whole("sales.orders",
            "id email social"))), 3,
        Story("changed FL140 low", "table: sales.orders: column ssn: string → absent", "-", "0 0 0 0"),
        Story("widened FL113 high", "column: sales.orders has a column that no stack declares: social",
              "role/analyst can SELECT sales.orders.social", "1 1 1 0")),
    way("12a-11-new-table-open-by-default",
        lake([READ_ID], databases=[SALES, HR]),
        lake([READ_ID, give(EVERYONE, "ALL", table("sales.late"))], databases=[SALES, HR], tables=[ORDERS, CLIENTS,
            NOTES, whole("sales.late")]), 3,
        Story("unmanaged FL104 critical",
              "grant: grant on sales.late to everyone whom IAM allows (IAM_ALLOWED_PRINCIPALS)",
              "everyone whom IAM allows (IAM_ALLOWED_PRINCIPALS) can SELECT sales.late.email", "many 1 4 0"),
        Story("unmanaged FL142 low idle", "table: sales.late is undeclared", "-", "0 1 0 0")),
    way("12a-11-new-table-under-a-declared-wildcard-is-covered",
        lake([give(ANALYST, "SELECT", all_tables("sales"))]),
        lake([give(ANALYST, "SELECT", all_tables("sales"))], tables=[ORDERS, CLIENTS, NOTES, whole("sales.late")]), 2,
        Story("unmanaged FL142 low idle", "table: sales.late is undeclared", "-", "0 1 0 0")),
    way("12a-12-everyone-on-a-table",
        lake([READ_ID]),
        lake([READ_ID, give(EVERYONE, "ALL", table("sales.orders"))]), 3,
        Story("unmanaged FL104 critical",
              "grant: grant on sales.orders to everyone whom IAM allows (IAM_ALLOWED_PRINCIPALS)",
              "everyone whom IAM allows (IAM_ALLOWED_PRINCIPALS) can SELECT sales.orders.email", "many 1 4 0")),
    way("12a-12-everyone-on-a-database",
        lake([READ_ID]),
        lake([READ_ID, give(EVERYONE, "ALL", database("sales"))]), 3,
        Story("unmanaged FL104 critical",
              "grant: grant on database sales to everyone whom IAM allows (IAM_ALLOWED_PRINCIPALS)",
              "everyone whom IAM allows (IAM_ALLOWED_PRINCIPALS) can ALTER sales", "many 2 0 0")),
    way("12a-13-every-principal-of-the-account",
        lake([READ_ID]),
        lake([READ_ID, give(EVERYBODY_HERE, "SELECT", table("sales.orders"))]), 3,
        Story("unmanaged FL106 critical",
              "grant: grant on sales.orders to every IAM principal of account 111122223333",
              "every IAM principal of account 111122223333 can SELECT sales.orders.email", "many 1 4 0")),
    way("12a-14-account",
        lake([READ_ID]),
        lake([READ_ID, give(STRANGERS, "SELECT", table("sales.orders"))]), 3,
        Story("unmanaged FL105 critical", "grant: grant on sales.orders to account 444455556666",
              "account 444455556666 can SELECT sales.orders.email", "many 1 4 0")),
    way("12a-14-organization",
        lake([READ_ID]),
        lake([READ_ID, give(ORGANIZATION, "SELECT", table("sales.orders"))]), 3,
        Story("unmanaged FL105 critical", "grant: grant on sales.orders to organization/o-abcdefghij",
              "organization/o-abcdefghij can SELECT sales.orders.email", "many 1 4 0")),
    way("12a-14-organizational-unit",
        lake([READ_ID], tags=OPEN),
        lake([READ_ID, give(UNIT, "SELECT", tagged(sensitivity="internal"))], tags=OPEN), 3,
        Story("unmanaged FL105 critical",
              "grant: grant on tables tagged sensitivity = internal to ou/o-abcdefghij/ou-abcd-12345678",
              "ou/o-abcdefghij/ou-abcd-12345678 can SELECT sales.clients.email", "many 2 8 0")),
    way("12a-15-role-of-another-account",
        lake([READ_ID]),
        lake([READ_ID, give(role("guest", STRANGERS), "SELECT", table("sales.orders"))]), 3,
        Story("unmanaged FL105 critical", "grant: grant on sales.orders to role/guest of account 444455556666",
              "role/guest of account 444455556666 can SELECT sales.orders.email", "1 1 4 0")),
    way("12a-16-tag-policy-granted",
        lake([READ_ID], tags=OPEN),
        lake([READ_ID, give(MARKETING, "SELECT", tagged(sensitivity="internal"))], tags=OPEN), 3,
        Story("unmanaged FL102 high", "grant: grant on tables tagged sensitivity = internal to role/marketing",
              "role/marketing can SELECT sales.clients.email", "1 2 8 0")),
    way("12a-16-tag-policy-on-databases",
        lake([READ_ID], tags=OPEN),
        lake([READ_ID, give(MARKETING, "CREATE_TABLE", tagged("DATABASE", sensitivity="internal"))], tags=OPEN), 3,
        Story("unmanaged FL102 high", "grant: grant on databases tagged sensitivity = internal to role/marketing",
              "role/marketing can CREATE_TABLE sales", "1 2 0 0")),
    way("12a-17-value-added-to-an-expression",
        lake([TAGGED], tags=CLOSED),
        lake([give(ANALYST, "SELECT DESCRIBE", tagged(sensitivity="internal restricted"))], tags=CLOSED), 3,
        Story("widened FL101 critical",
              "expression: tag policy of role/analyst: declared tables tagged sensitivity = internal, live "
              "tables tagged sensitivity = internal or restricted",
              "role/analyst can SELECT hr.notes.body", "1 3 11 11")),
    way("12a-18-key-removed-from-an-expression",
        lake([BOTH], tags=OPEN),
        lake([give(ANALYST, "SELECT", tagged(sensitivity="internal"))], tags=OPEN), 3,
        Story("widened FL101 high",
              "expression: tag policy of role/analyst: declared tables tagged domain = sales and sensitivity = "
              "internal, live tables tagged sensitivity = internal",
              "role/analyst can SELECT sales.clients.email", "1 2 8 0")),
    way("12a-19-values-replaced-by-a-star",
        lake([TAGGED], tags=OPEN),
        lake([give(ANALYST, "SELECT DESCRIBE", tagged(sensitivity="*"))], tags=OPEN), 3,
        Story("widened FL101 critical",
              "expression: tag policy of role/analyst: declared tables tagged sensitivity = internal, live "
              "tables tagged sensitivity = any value",
              "role/analyst can SELECT hr.notes.body", "1 1 3 3")),
    way("12a-20-saved-expression-edited",
        lake([give(ANALYST, "SELECT", tagged(saved="s"))], tags=CLOSED, saved={"s": tagged(sensitivity="internal")}),
        lake([give(ANALYST, "SELECT", tagged(saved="s"))], tags=CLOSED, saved={"s": tagged(
            sensitivity="internal restricted")}), 3,
        Story("widened FL111 critical",
              "expression: saved expression s: sensitivity = internal → sensitivity = internal or restricted",
              "role/analyst can SELECT hr.notes.body", "1 3 11 11")),
    way("12a-21-database-tag-changed",
        lake([TAGGED], tags=CLOSED),
        lake([TAGGED], tags=OPEN), 3,
        Story("widened FL110 critical", "tag: tag sensitivity on database sales: restricted → internal",
              "role/analyst can SELECT sales.clients.email", "1 2 8 8")),
    way("12a-21-table-tag-set",
        lake([TAGGED], tags=CLOSED),
        lake([TAGGED], tags={**CLOSED, table("hr.notes"): {"sensitivity": "internal"}}), 3,
        Story("widened FL110 critical", "tag: tag sensitivity on hr.notes: restricted → internal",
              "role/analyst can SELECT hr.notes.body", "1 1 3 3")),
    way("12a-21-column-tag-changed",
        lake([TAGGED], tags={**OPEN, **SSN}),
        lake([TAGGED], tags={**OPEN, column("sales.orders", "ssn"): {"sensitivity": "internal"}}), 3,
        Story("widened FL110 critical", "tag: tag sensitivity on sales.orders.ssn: restricted → internal",
              "role/analyst can SELECT sales.orders.ssn", "1 1 1 1")),
    way("12a-22-table-override-removed",
        lake([TAGGED], tags={**OPEN, table("sales.orders"): {"sensitivity": "restricted"}}),
        lake([TAGGED], tags=OPEN), 3,
        Story("widened FL110 critical", "tag: tag sensitivity on sales.orders: restricted → internal",
              "role/analyst can SELECT sales.orders.email", "1 1 4 4")),
    way("12a-22-column-override-removed",
        lake([TAGGED], tags={**OPEN, **SSN}),
        lake([TAGGED], tags=OPEN), 3,
        Story("widened FL110 critical", "tag: tag sensitivity on sales.orders.ssn: restricted → internal",
              "role/analyst can SELECT sales.orders.ssn", "1 1 1 1")),
    way("12a-23-database-retag-spares-overrides",
        lake([TAGGED], tags={**CLOSED, table("sales.orders"): {"sensitivity": "confidential"}}),
        lake([TAGGED], tags={**OPEN, table("sales.orders"): {"sensitivity": "confidential"}}), 3,
        Story("widened FL110 critical", "tag: tag sensitivity on database sales: restricted → internal",
              "role/analyst can SELECT sales.clients.email", "1 1 4 4")),
    way("12a-24-last-odd-column-retagged",
        lake([give(ANALYST, "SELECT INSERT DELETE", tagged(sensitivity="internal"))], tags={**OPEN, **SSN}),
        lake([give(ANALYST, "SELECT INSERT DELETE", tagged(sensitivity="internal"))], tags=OPEN), 3,
        Story("widened FL110 critical", "tag: tag sensitivity on sales.orders.ssn: restricted → internal",
              "role/analyst can SELECT sales.orders.ssn", "1 1 4 1")),
    way("12a-25-predicate-loosened",
        lake([READ_EU], filters=BODY),
        lake([READ_EU], filters={EU: (AllExcept(), "email in ('a', 'b')")}), 3,
        Story("widened FL112 high",
              "filter: filter eu on sales.orders: every column; rows where email = 'a' → every column; rows "
              "where email in ('a', 'b')",
              "role/analyst can SELECT sales.orders.email where email = 'b'", "1 1 4 0")),
    way("12a-26-filter-shows-all-rows",
        lake([READ_EU], filters=BODY),
        lake([READ_EU], filters={EU: (AllExcept(), None)}), 3,
        Story("widened FL112 high",
              "filter: filter eu on sales.orders: every column; rows where email = 'a' → every column; all rows",
              "role/analyst can SELECT sales.orders.email where email = ''", "1 1 4 0")),
    way("12a-26-filter-shows-more-columns",
        lake([READ_EU], filters={EU: (Only(frozenset({"id"})), None)}),
        lake([READ_EU], filters={EU: (Only(frozenset({"id", "ssn"})), None)}), 3,
        Story("widened FL112 high",
              "filter: filter eu on sales.orders: column id; all rows → columns id, ssn; all rows",
              "role/analyst can SELECT sales.orders.ssn", "1 1 1 0")),
    way("12a-27-second-filter",
        lake([READ_EU], filters={**BODY, US: (AllExcept(), "email = 'b'")}),
        lake([READ_EU, give(ANALYST, "SELECT", US)], filters={**BODY, US: (AllExcept(), "email = 'b'")}), 3,
        Story("unmanaged FL102 high", "grant: grant on filter us on sales.orders to role/analyst",
              "role/analyst can SELECT sales.orders.email where email = 'b'", "1 1 4 0")),
    way("12a-28-plain-select-beside-a-filter",
        lake([READ_EU], filters=BODY),
        lake([READ_EU, READ], filters=BODY), 3,
        Story("widened FL101 high", "grant: grant on sales.orders to role/analyst loosened: SELECT on every column",
              "role/analyst can SELECT sales.orders.email where email = ''", "1 1 4 0")),
    way("12a-29-row-policy-attached",
        lake([READ_ID]),
        lake([READ_ID], rls=[RLSAttachment("p", table("sales.orders"), ANALYST)]), 3,
        Story("unmanaged FL125 medium", "policy: row-level policy p on sales.orders",
              "role/analyst can SELECT sales.orders", "1 1 0 0")),
    way("12a-29-row-policy-made-the-default",
        lake([READ_ID]),
        lake([READ_ID], rls=[RLSAttachment("p", table("sales.orders"), None, default=True)]), 3,
        Story("unmanaged FL125 medium", "policy: row-level policy p on sales.orders",
              "somebody can SELECT sales.orders", "many 1 0 0")),
    way("12a-30-insert-to-a-column-reader",
        lake([READ_ID]),
        lake([READ_ID, give(ANALYST, "INSERT", table("sales.orders"))]), 3,
        Story("widened FL101 high", "grant: grant on sales.orders to role/analyst loosened: INSERT",
              "role/analyst can INSERT sales.orders", "1 1 4 0")),
    way("12a-30-delete-to-a-column-reader",
        lake([READ_ID], tags=SSN),
        lake([READ_ID, give(ANALYST, "DELETE", table("sales.orders"))], tags=SSN), 3,
        Story("widened FL101 critical", "grant: grant on sales.orders to role/analyst loosened: DELETE",
              "role/analyst can DELETE sales.orders", "1 1 4 1")),
    way("12a-31-create-table",
        lake([READ_ID], databases=[replace(SALES, location="arn:aws:s3:::lake"), HR], locations=[PLACE]),
        lake([READ_ID, give(ANALYST, "CREATE_TABLE", database("sales"))], databases=[replace(SALES,
            location="arn:aws:s3:::lake"), HR], locations=[PLACE]), 3,
        Story("unmanaged FL102 high", "grant: grant on database sales to role/analyst",
              "role/analyst can CREATE_TABLE sales", "1 3 11 0")),
    way("12a-31-data-location-access",
        lake([READ_ID], locations=[PLACE]),
        lake([READ_ID, give(ANALYST, "DATA_LOCATION_ACCESS", location("lake/hr"))], locations=[PLACE]), 3,
        Story("unmanaged FL102 high", "grant: grant on location arn:aws:s3:::lake/hr to role/analyst",
              "role/analyst can DATA_LOCATION_ACCESS arn:aws:s3:::lake/hr", "1 0 0 0")),
    way("12a-31-data-location-access-beside-create-table",
        lake([give(ANALYST, "CREATE_TABLE", database("sales"))], locations=[PLACE]),
        lake([give(ANALYST, "CREATE_TABLE", database("sales")), give(ANALYST, "DATA_LOCATION_ACCESS", location(
            "lake/hr"))], locations=[PLACE]), 3,
        Story("unmanaged FL102 high", "grant: grant on location arn:aws:s3:::lake/hr to role/analyst",
              "role/analyst can DATA_LOCATION_ACCESS arn:aws:s3:::lake/hr", "1 1 3 0")),
    way("12a-31-alter",
        lake([READ_ID]),
        lake([READ_ID, give(ANALYST, "ALTER", table("sales.orders"))]), 3,
        Story("widened FL101 high", "grant: grant on sales.orders to role/analyst loosened: ALTER",
              "role/analyst can ALTER sales.orders", "1 1 0 0")),
    way("12a-32-database-location-moved-up",
        lake([give(ANALYST, "CREATE_TABLE", database("sales"))], databases=[replace(SALES,
            location="arn:aws:s3:::lake/sales"), HR]),
        lake([give(ANALYST, "CREATE_TABLE", database("sales"))], databases=[replace(SALES,
            location="arn:aws:s3:::lake"), HR]), 3,
        Story("widened FL114 high", "location: location of database sales moved",
              "role/analyst can CREATE_TABLE sales", "1 3 0 0")),
    way("12a-33-table-repointed",
        lake([READ]),
        lake([READ], tables=others(whole("sales.orders", place="arn:aws:s3:::lake/hr/notes"))), 3,
        Story("widened FL114 high", "location: location of sales.orders moved",
              "role/analyst can SELECT sales.orders", "1 1 4 0")),
    way("12a-33-partition-repointed",
        lake([READ]),
        replace(lake([READ]), partitions=(PartitionPlace(table("sales.orders"), "arn:aws:s3:::lake/hr/notes"),)), 3,
        Story("widened FL114 high", "location: partitions of sales.orders in arn:aws:s3:::lake/hr/notes",
              "role/analyst can SELECT sales.orders", "1 1 4 0")),
    way("12a-34-opt-in-deleted",
        lake([READ_ID], optins=[OptIn(ANALYST, table("sales.orders"))], locations=[replace(PLACE, hybrid=True)]),
        lake([READ_ID], locations=[replace(PLACE, hybrid=True)]), 3,
        Story("widened FL123 high", "optin: opt-in of role/analyst on sales.orders is gone",
              "role/analyst can SELECT sales.orders", "1 1 0 0")),
    way("12a-35-location-made-hybrid",
        lake([READ_ID], locations=[PLACE]),
        lake([READ_ID], locations=[replace(PLACE, hybrid=True)]), 3,
        Story("widened FL122 high", "location: location arn:aws:s3:::lake switched to hybrid access",
              "somebody can SELECT hr.notes", "many 3 0 0")),
    way("12a-35-location-deregistered",
        lake([READ_ID], locations=[PLACE]),
        lake([READ_ID]), 3,
        Story("widened FL122 high", "location: location arn:aws:s3:::lake deregistered",
              "somebody can SELECT hr.notes", "many 3 0 0")),
    way("12a-36-privileged-registration",
        lake([READ_ID], locations=[PLACE]),
        lake([READ_ID], locations=[replace(PLACE, privileged=True)]), 3,
        Story("widened FL122 critical", "location: location arn:aws:s3:::lake registered with privileged access",
              "somebody can SELECT hr.notes", "many 3 0 0")),
    way("12a-36-privileged-registration-undeclared",
        lake([READ_ID]),
        lake([READ_ID], locations=[replace(PLACE, privileged=True)]), 3,
        Story("unmanaged FL122 high", "location: location arn:aws:s3:::lake registered",
              "somebody can SELECT hr.notes", "many 3 0 0")),
    way("12a-37-admin-added",
        lake([READ_ID], settings=SETTINGS),
        lake([READ_ID], settings={**SETTINGS, "DataLakeAdmins": [ADMIN, ENGINEER]}), 3,
        Story("widened FL120 critical", "setting: DataLakeAdmins: added arn:aws:iam::111122223333:role/engineer",
              "role/engineer can ALL catalog 111122223333", "1 3 0 0")),
    way("12a-37-read-only-admin-added",
        lake([READ_ID], settings=SETTINGS),
        lake([READ_ID], settings={**SETTINGS, "ReadOnlyAdmins": [AUDITOR, ENGINEER]}), 3,
        Story("widened FL120 medium", "setting: ReadOnlyAdmins: added arn:aws:iam::111122223333:role/engineer",
              "role/engineer can DESCRIBE catalog 111122223333", "1 3 0 0")),
    way("12a-38-table-default-of-the-lake",
        lake([READ_ID], settings=SETTINGS),
        lake([READ_ID], settings={**SETTINGS, "CreateTableDefaultPermissions": ["IAM_ALLOWED_PRINCIPALS: ALL"]}), 3,
        Story("widened FL121 critical", "setting: CreateTableDefaultPermissions: added IAM_ALLOWED_PRINCIPALS: ALL",
              "everyone whom IAM allows (IAM_ALLOWED_PRINCIPALS) can ALL catalog 111122223333", "many 3 0 0")),
    way("12a-38-database-default-of-the-lake",
        lake([READ_ID], settings=SETTINGS),
        lake([READ_ID], settings={**SETTINGS, "CreateDatabaseDefaultPermissions": ["IAM_ALLOWED_PRINCIPALS: ALL"]}),
            3,
        Story("widened FL121 critical",
              "setting: CreateDatabaseDefaultPermissions: added IAM_ALLOWED_PRINCIPALS: ALL",
              "everyone whom IAM allows (IAM_ALLOWED_PRINCIPALS) can ALL catalog 111122223333", "many 3 0 0")),
    way("12a-38-default-of-a-database",
        lake([READ_ID], databases=[SALES, HR]),
        lake([READ_ID], databases=[replace(SALES, table_defaults=OPENED), HR]), 3,
        Story("widened FL121 high", "setting: CreateTableDefaultPermissions of database sales",
              "everyone whom IAM allows (IAM_ALLOWED_PRINCIPALS) can ALL sales", "many 2 0 0")),
    way("12a-38-default-of-a-nested-catalog",
        nested(READ_ID, table_defaults=frozenset(), database_defaults=frozenset()),
        nested(READ_ID, table_defaults=OPENED, database_defaults=OPENED), 3,
        Story("widened FL121 high",
              "setting: CreateDatabaseDefaultPermissions of catalog 111122223333:finance: added "
              "IAM_ALLOWED_PRINCIPALS: ALL",
              "everyone whom IAM allows (IAM_ALLOWED_PRINCIPALS) can ALL catalog 111122223333:finance", "many 1 0 0"),
        Story("widened FL121 high",
              "setting: CreateTableDefaultPermissions of catalog 111122223333:finance: added "
              "IAM_ALLOWED_PRINCIPALS: ALL",
              "everyone whom IAM allows (IAM_ALLOWED_PRINCIPALS) can ALL catalog 111122223333:finance", "many 1 0 0")),
    way("12a-39-children-overwritten-with-the-defaults",
        lake([READ_ID]),
        lake([READ_ID, give(EVERYONE, "ALL", database("sales")), give(EVERYONE, "ALL", table("sales.orders")), give(
            EVERYONE, "ALL", table("sales.clients"))]), 3,
        Story("unmanaged FL104 critical",
              "grant: grant on database sales to everyone whom IAM allows (IAM_ALLOWED_PRINCIPALS)",
              "everyone whom IAM allows (IAM_ALLOWED_PRINCIPALS) can ALTER sales", "many 2 0 0"),
        Story("unmanaged FL104 critical",
              "grant: grant on sales.clients to everyone whom IAM allows (IAM_ALLOWED_PRINCIPALS)",
              "everyone whom IAM allows (IAM_ALLOWED_PRINCIPALS) can SELECT sales.clients.email", "many 1 4 0"),
        Story("unmanaged FL104 critical",
              "grant: grant on sales.orders to everyone whom IAM allows (IAM_ALLOWED_PRINCIPALS)",
              "everyone whom IAM allows (IAM_ALLOWED_PRINCIPALS) can SELECT sales.orders.email", "many 1 4 0")),
    way("12a-40-whole-tables-to-any-engine",
        lake([READ_ID], settings={**SETTINGS, "AllowFullTableExternalDataAccess": False}),
        lake([READ_ID], settings={**SETTINGS, "AllowFullTableExternalDataAccess": True}), 3,
        Story("widened FL120 high", "setting: AllowFullTableExternalDataAccess: added true",
              "somebody can SELECT catalog 111122223333", "many 3 0 0")),
    way("12a-40-whole-tables-to-any-engine-unsaid",
        lake([READ_ID], settings=SETTINGS),
        lake([READ_ID], settings={**SETTINGS, "AllowFullTableExternalDataAccess": True}), 3,
        Story("unmanaged FL120 high", "setting: AllowFullTableExternalDataAccess: added true",
              "somebody can SELECT catalog 111122223333", "many 3 0 0")),
    way("12a-40-engines-filter-themselves",
        lake([READ_ID], settings={**SETTINGS, "AllowExternalDataFiltering": False}),
        lake([READ_ID], settings={**SETTINGS, "AllowExternalDataFiltering": True}), 3,
        Story("widened FL120 high", "setting: AllowExternalDataFiltering: added true",
              "somebody can SELECT catalog 111122223333", "many 3 0 0")),
    way("12a-40-account-of-engines-added",
        lake([READ_ID], settings={**SETTINGS, "ExternalDataFilteringAllowList": []}),
        lake([READ_ID], settings={**SETTINGS, "ExternalDataFilteringAllowList": [STRANGERS]}), 3,
        Story("widened FL120 high", "setting: ExternalDataFilteringAllowList: added 444455556666",
              "account 444455556666 can SELECT catalog 111122223333", "many 3 0 0")),
    way("12a-40-session-tag-added",
        lake([READ_ID], settings={**SETTINGS, "AuthorizedSessionTagValueList": ["emr"]}),
        lake([READ_ID], settings={**SETTINGS, "AuthorizedSessionTagValueList": ["emr", "any"]}), 3,
        Story("widened FL120 high", "setting: AuthorizedSessionTagValueList: added any",
              "somebody can SELECT catalog 111122223333", "many 3 0 0")),
    way("12a-40-nested-catalog-to-any-engine",
        nested(READ_ID, full_table_external=False),
        nested(READ_ID, full_table_external=True), 3,
        Story("widened FL120 high",
              "setting: AllowFullTableExternalDataAccess of catalog 111122223333:finance: added true",
              "somebody can SELECT catalog 111122223333:finance", "many 1 0 0")),
    way("12a-41-super-user",
        lake([READ_ID]),
        lake([READ_ID, give(MARKETING, "SUPER_USER", CATALOG)]), 3,
        Story("unmanaged FL102 high", "grant: grant on catalog 111122223333 to role/marketing",
              "role/marketing can SELECT hr.notes.body", "1 3 11 0")),
    way("12a-41-super-user-on-a-nested-catalog",
        nested(READ_ID),
        nested(READ_ID, give(MARKETING, "SUPER_USER", NESTED)), 3,
        Story("unmanaged FL102 high", "grant: grant on catalog 111122223333:finance to role/marketing",
              "role/marketing can SELECT finance.books.ledger.email", "1 1 4 0")),
    way("12a-41-super-user-reaches-sub-catalogs",
        sub(READ_ID),
        sub(READ_ID, give(MARKETING, "SUPER_USER", NESTED)), 3,
        Story("unmanaged FL102 high", "grant: grant on catalog 111122223333:finance to role/marketing",
              "role/marketing can SELECT finance/emea.books.ledger.email", "1 1 4 0")),
    way("12a-42-view-granted",
        lake([READ_ID], tables=[*others(ORDERS), view()]),
        lake([READ_ID, give(MARKETING, "SELECT", table("sales.report"))], tables=[*others(ORDERS), view()]), 3,
        Story("unmanaged FL102 high", "grant: grant on sales.report to role/marketing",
              "role/marketing can SELECT sales.report.email", "1 2 4 0")),
    way("12a-42-view-granted-that-says-not-what-it-reads",
        lake([READ_ID], tables=[*others(ORDERS), view(reads=None)]),
        lake([READ_ID, give(MARKETING, "SELECT", table("sales.report"))], tables=[*others(ORDERS), view(reads=None)]),
            3,
        Story("unmanaged FL102 high", "grant: grant on sales.report to role/marketing",
              "role/marketing can SELECT sales.report.email", "1 1 4 0")),
    way("12a-42-new-view-under-a-declared-wildcard",
        lake([give(ANALYST, "SELECT", all_tables("sales"))]),
        lake([give(ANALYST, "SELECT", all_tables("sales"))], tables=[*others(ORDERS), view()]), 3,
        Story("unmanaged FL115 high", "view: view sales.report is undeclared",
              "role/analyst can SELECT sales.report", "1 1 0 0")),
    way("12a-42-new-view-that-says-not-what-it-reads",
        lake([give(ANALYST, "SELECT", all_tables("sales"))]),
        lake([give(ANALYST, "SELECT", all_tables("sales"))], tables=[*others(ORDERS), view(reads=None)]), 4,
        Story("unknown FL151 medium", "view: view sales.report is undeclared", "-", "1 1 0 0")),
    way("12a-42-new-view-of-what-its-readers-read-is-none",
        lake([give(ANALYST, "SELECT", all_tables("sales"))]),
        lake([give(ANALYST, "SELECT", all_tables("sales"))], tables=[*others(ORDERS), view(reads=["sales.clients"])]),
            2,
        Story("unmanaged FL142 low idle", "table: sales.report is undeclared", "-", "0 1 0 0")),
    way("12a-42-view-body-changed",
        lake([READ_ID], tables=[*others(ORDERS), view()]),
        lake([READ_ID], tables=[*others(ORDERS), view("spark: select * from hr.notes")]), 4,
        Story("unknown FL151 medium", "view: body of the view sales.report", "-", "0 0 0 0")),
    way("12a-42-view-definer-changed",
        lake([READ_ID], tables=[*others(ORDERS), view()]),
        lake([READ_ID], tables=[*others(ORDERS), view(definer=ENGINEER)]), 4,
        Story("unknown FL151 medium", "view: definer of the view sales.report", "-", "0 0 0 0")),
    way("12a-43-any-table-to-a-function",
        lake([READ_ID]),
        lake([READ_ID, give(FUNCTION, "SELECT", AnyResource(ACCOUNT, "TABLE"))]), 3,
        Story("unmanaged FL106 critical", "grant: grant on every TABLE of the catalog to userDefinedFunction/sales/f",
              "userDefinedFunction/sales/f can SELECT hr.notes.body", "many 3 11 0")),
    way("12a-43-execute-granted",
        lake([READ_ID]),
        lake([READ_ID, give(MARKETING, "EXECUTE", Function(ACCOUNT, "sales", "f"))]), 3,
        Story("unmanaged FL102 high", "grant: grant on function sales.f to role/marketing",
              "role/marketing can EXECUTE sales", "1 0 0 0")),
    way("12a-43-execute-on-a-function-that-reads",
        lake([READ_ID, give(FUNCTION, "SELECT", AnyResource(ACCOUNT, "TABLE"))], tags=SSN),
        lake([READ_ID, give(FUNCTION, "SELECT", AnyResource(ACCOUNT, "TABLE")), give(MARKETING, "EXECUTE", Function(
            ACCOUNT, "sales", "f"))], tags=SSN), 3,
        Story("unmanaged FL102 critical", "grant: grant on function sales.f to role/marketing",
              "role/marketing can EXECUTE sales", "1 3 11 1")),
    way("12a-43-function-replaced-by-all",
        lake([give(MARKETING, "EXECUTE", Function(ACCOUNT, "sales", "f"))]),
        lake([give(MARKETING, "EXECUTE", Function(ACCOUNT, "sales", "*"))]), 3,
        Story("widened FL101 high", "grant: grant on every function of sales to role/marketing loosened: EXECUTE",
              "role/marketing can EXECUTE sales", "1 0 0 0")),
    way("12a-45-catalog-policy",
        lake([READ_ID]),
        lake([READ_ID], policies=[PARTNER_POLICY]), 3,
        Story("unmanaged FL124 high", "policy: Glue resource policy of the catalog",
              "account 444455556666 can glue:gettable catalog 111122223333", "many 3 0 0")),
    way("12a-46-grants-of-a-role-that-is-gone",
        lake([READ_ID]),
        replace(lake([READ_ID]), missing_roles=frozenset({(ACCOUNT, "analyst")})), 0,
        Story("latent FL162 low", "role: role/analyst is missing",
              "role/analyst can SELECT sales.orders", "1 1 0 0")),
    way("12a-46-undeclared-grants-of-a-role-that-is-gone",
        lake([READ_ID]),
        replace(lake([READ_ID, give(MARKETING, "SELECT", table("hr.notes"))]), missing_roles=frozenset({(ACCOUNT,
            "marketing")})), 3,
        Story("latent FL162 low", "role: role/marketing is missing",
              "role/marketing can SELECT hr.notes", "1 1 0 0"),
        Story("unmanaged FL102 high", "grant: grant on hr.notes to role/marketing",
              "role/marketing can SELECT hr.notes.body", "1 1 3 0")),
]  # fmt: skip

NOT_MODELLED = {
    29: "reference tables of row-level policies",
    44: "role trust and group membership",
    45: "S3 bucket policies, KMS",
    46: "whether a role was created again",
}
"""Ways, or parts of them, whose facts are read nowhere, with the words in which docs/access-model.md says so."""


@pytest.mark.parametrize(("declared", "live", "code", "told"), WAYS)
def test_the_whole_story(declared: Lake, live: Lake, code: ExitCode, told: list[Story]) -> None:
    assert stories(declared, live) == told
    assert ends(declared, live) == code


def test_no_way_is_missing() -> None:
    assert numbers(WAYS) | NOT_MODELLED.keys() == set(range(1, 47))
    assert numbers(WAYS) | {44} == set(range(1, 47))


@pytest.mark.parametrize("number", NOT_MODELLED)
def test_what_is_not_modelled_is_said(number: int) -> None:
    text = (Path(__file__).parents[2] / "docs" / "access-model.md").read_text(encoding="utf-8")
    assert NOT_MODELLED[number] in " ".join(text.split("## What is not modelled")[1].split())


def test_12a_44_what_no_fact_shows_is_silence() -> None:
    """Trust policies, members of groups and tags of principals are no facts of a lake: the same facts are equal."""
    group = Principal(f"arn:aws:iam::{ACCOUNT}:saml-provider/idp:group/analysts")
    for who, condition in ((ANALYST, None), (group, None), (EVERYBODY_HERE, SALES_PEOPLE)):
        one = lake([give(who, "SELECT", table("sales.orders"), condition=condition)])
        assert stories(one, one) == []


@pytest.mark.parametrize(("declared", "live", "code", "told"), WAYS)
def test_every_gain_has_a_witness_a_cause_and_a_reach(
    declared: Lake, live: Lake, code: ExitCode, told: list[Story]
) -> None:
    findings: list[Finding] = [one for one in compare(declared, live).findings if one.widens]
    assert bool(findings) == (code is ExitCode.WIDENING)
    for finding in findings:
        assert finding.witness is not None
        assert finding.cause.what
        assert finding.reach.principals is None or finding.reach.principals > 0
        assert finding.message == finding.message.strip()
        assert finding.confidence in {"proved", "assumed"}
    assert len(told) == len([one for one in compare(declared, live).findings if one.rule != "FL126"])


@pytest.mark.parametrize(("declared", "live", "code", "told"), WAYS)
def test_a_lake_compared_with_itself_is_silent(declared: Lake, live: Lake, code: ExitCode, told: list[Story]) -> None:
    # Row-level policies cannot be declared; a role that is gone is told of declared grants too.
    quiet = {"FL126", "FL125", "FL162"}
    for one in (declared, live):
        assert not [found for found in compare(one, one).findings if found.rule not in quiet]
    del code, told


def test_what_lies_beneath_is_said() -> None:
    """A view's tables, a function's, and the files of a location are named in the message."""
    told = {str(one.id): (one.values[0], one.values[1]) for one in WAYS}
    for name, words in {
        "12a-31-create-table": "it may create tables in database sales over arn:aws:s3:::lake and so read the files of "
        "3 tables",
        "12a-31-data-location-access": "it takes CREATE_TABLE on a database, or ALTER on a table",
        "12a-31-data-location-access-beside-create-table": "so read the files of 1 table",
        "12a-30-insert-to-a-column-reader": "past every column and row limit",
        "12a-42-view-granted": "it also reads hr.notes through the view sales.report with the rights of role/lake-admin",
        "12a-42-view-granted-that-says-not-what-it-reads": "which tables that are is not known",
        "12a-43-execute-on-a-function-that-reads": "function sales.f reads 3 tables",
    }.items():
        (finding,) = (one for one in compare(*told[name]).findings if one.widens)
        assert finding.verdict in {Verdict.UNMANAGED, Verdict.WIDENED}
        assert words in finding.message
