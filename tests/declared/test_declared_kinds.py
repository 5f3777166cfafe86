"""Every resource type, in the spelling of both providers where both have it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from state_samples import ACCOUNT, HOME, OTHER, ROLE, lake, provider, reasons, resource, whole_lake

from checks.declared.classic import HARMLESS as CLASSIC_HARMLESS
from checks.declared.item import KINDS
from checks.model import (
    ALL_ROWS,
    EVERYONE,
    AllExcept,
    AllTables,
    Assignment,
    Catalog,
    Column,
    ColumnRef,
    Database,
    DataCellsFilter,
    DataLocation,
    Facts,
    Grant,
    LFTag,
    Location,
    Only,
    OptIn,
    Permission,
    SavedExpression,
    Table,
    TableColumns,
    TagInfo,
    TagPolicy,
    Where,
)

DB = Database(ACCOUNT, "sales")
ORDERS = Table(ACCOUNT, "sales", "orders")
PERMISSIONS = "aws:lakeformation/permissions:Permissions"
NATIVE = "aws-native:lakeformation:PrincipalPermissions"
PARTITIONS = {"aws:glue/partition:Partition", "aws-native:glue:Partition"}
"""Read beside the others: see ``test_where_a_partition_lies``."""


def granted(inputs: dict, kind: str = PERMISSIONS) -> set[Grant]:
    found = lake(resource(kind, "g", inputs))
    assert found.gaps == ()
    return set(found.grants)


def classic(permissions: list[str], options: Sequence[str] = (), **target: object) -> set[Grant]:
    return granted(
        {"principal": ROLE, "permissions": permissions, "permissionsWithGrantOptions": list(options), **target}
    )


def native(permissions: list[str], options: Sequence[str] = (), **target: object) -> set[Grant]:
    inputs = {
        "principal": {"dataLakePrincipalIdentifier": ROLE},
        "permissions": permissions,
        "permissionsWithGrantOption": list(options),
        "resource": target,
    }
    return granted(inputs, NATIVE)


def grant(on, *permissions: str, options: tuple[str, ...] = ()) -> Grant:
    return Grant(ROLE, on, frozenset(map(Permission, permissions)), frozenset(map(Permission, options)))


IN = {"databaseName": "Sales", "name": "Orders"}
HERE = {"catalogId": ACCOUNT}

GRANTS = {
    "catalog": ({"catalogResource": True}, {"catalog": {}}, ["CREATE_DATABASE"], Catalog(ACCOUNT)),
    "database": ({"database": {"name": "Sales"}}, {"database": {"name": "Sales", **HERE}}, ["DESCRIBE"], DB),
    "table": ({"table": IN}, {"table": {**IN, **HERE}}, ["DROP"], ORDERS),
    "table, select": ({"table": IN}, {"table": {**IN, **HERE}}, ["SELECT"], ORDERS),
    "all tables": (
        {"table": {"databaseName": "Sales", "wildcard": True}},
        {"table": {"databaseName": "Sales", "tableWildcard": {}, **HERE}},
        ["SELECT"],
        AllTables(ACCOUNT, "sales"),
    ),
    "columns": (
        {"tableWithColumns": {**IN, "columnNames": ["ID", "id"]}},
        {"tableWithColumns": {**IN, **HERE, "columnNames": ["id"]}},
        ["SELECT"],
        TableColumns(ORDERS, Only(frozenset({"id"}))),
    ),
    "all columns but": (
        {"tableWithColumns": {**IN, "wildcard": True, "excludedColumnNames": ["SSN"]}},
        {"tableWithColumns": {**IN, **HERE, "columnWildcard": {"excludedColumnNames": ["ssn"]}}},
        ["SELECT"],
        TableColumns(ORDERS, AllExcept(frozenset({"ssn"}))),
    ),
    "all columns": (
        {"tableWithColumns": {**IN, "wildcard": True, "excludedColumnNames": []}},
        {"tableWithColumns": {**IN, **HERE, "columnWildcard": {}}},
        ["SELECT"],
        ORDERS,
    ),
    "location": (
        {"dataLocation": {"arn": "arn:aws:s3:::lake/raw/"}},
        {"dataLocation": {"resourceArn": "arn:aws:s3:::lake/raw", **HERE}},
        ["DATA_LOCATION_ACCESS"],
        DataLocation(ACCOUNT, "arn:aws:s3:::lake/raw"),
    ),
    "filter": (
        {"dataCellsFilter": {"tableCatalogId": ACCOUNT, "databaseName": "Sales", "tableName": "Orders", "name": "eu"}},
        {"dataCellsFilter": {"tableCatalogId": ACCOUNT, "databaseName": "Sales", "tableName": "Orders", "name": "eu"}},
        ["SELECT"],
        DataCellsFilter(ORDERS, "eu"),
    ),
    "tag": (
        {"lfTag": {"key": "Domain", "values": ["HR"]}},
        {"lfTag": {"tagKey": "domain", "tagValues": ["hr"], **HERE}},
        ["ASSOCIATE"],
        LFTag(ACCOUNT, "domain", frozenset({"hr"})),
    ),
    "tag policy": (
        {"lfTagPolicy": {"resourceType": "TABLE", "expressions": [{"key": "Domain", "values": ["HR", "*"]}]}},
        {"lfTagPolicy": {"resourceType": "TABLE", "expression": [{"tagKey": "domain", "tagValues": ["*"]}], **HERE}},
        ["SELECT"],
        TagPolicy(ACCOUNT, "TABLE", (("domain", frozenset({"*"})),)),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("aws", "cfn", "permissions", "on"), GRANTS.values(), ids=GRANTS)
def test_a_grant_in_both_spellings(aws, cfn, permissions, on):
    assert classic(permissions, permissions, **aws) == {grant(on, *permissions, options=tuple(permissions))}
    assert native(permissions, permissions, **cfn) == {grant(on, *permissions, options=tuple(permissions))}


def test_select_stands_alone_on_tables():
    expected = {grant(ORDERS, "ALL", "DROP", options=("DROP",)), grant(ORDERS, "SELECT")}
    assert classic(["DROP", "SELECT", "ALL"], ["DROP"], table=IN) == expected
    assert classic(["ALL", "DROP", "SELECT"], ["DROP"], table=IN) == expected


def test_what_the_provider_fills_in_is_ignored():
    assert classic(
        ["DESCRIBE"], catalogResource=False, database={"name": "sales", "__defaults": []}, __defaults=[]
    ) == {grant(DB, "DESCRIBE")}


def test_a_catalog_of_its_own():
    nested = f"{ACCOUNT}:s3tablescatalog/b"
    assert classic(["SELECT"], catalogId=nested, table=IN) == {grant(Table(nested, "sales", "orders"), "SELECT")}


def test_everyone_is_everyone_in_any_spelling():
    for name in ("IAM_ALLOWED_PRINCIPALS", "IAMAllowedPrincipals", "iam_allowed_principals"):
        inputs = {"principal": name, "permissions": ["ALL"], "database": {"name": "sales"}}
        assert {row.principal for row in granted(inputs)} == {EVERYONE}


UNCLEAR = {
    "nothing": ({}, "exactly one"),
    "two": ({"database": {"name": "a"}, "table": IN}, "exactly one"),
    "no name": ({"table": {"databaseName": "a"}}, "name or a wildcard"),
    "name and wildcard": ({"table": {**IN, "wildcard": True}}, "name or a wildcard"),
    "no columns": ({"tableWithColumns": IN}, "column names or a wildcard"),
    "both columns": ({"tableWithColumns": {**IN, "columnNames": ["a"], "wildcard": True}}, "both"),
    "no expression": ({"lfTagPolicy": {"resourceType": "TABLE"}}, "expression"),
    "no values": ({"lfTag": {"key": "k", "values": []}}, "no tag values"),
    "new member": ({"database": {"name": "a", "branch": "b"}}, "`database.branch` is a member"),
    "new condition": ({"database": {"name": "a"}, "condition": {"expression": "x"}}, "`condition` is a member"),
    "new kind": ({"rlsPolicy": {"name": "a"}}, "`rlsPolicy` is a member"),
    "odd shape": ({"database": "sales"}, "`database` is no object"),
    "odd name": ({"database": {"name": 7}}, "`database.name` is no text"),
    "no principal": ({"database": {"name": "a"}, "principal": None}, "`principal` is missing"),
    "odd permissions": ({"database": {"name": "a"}, "permissions": [3]}, "`permissions[0]` is no text"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "words"), UNCLEAR.values(), ids=UNCLEAR)
def test_a_grant_that_is_not_understood_is_a_gap(change, words):
    found = lake(resource(PERMISSIONS, "g", {"principal": ROLE, "permissions": ["SELECT"], **change}))
    (gap,) = found.gaps
    assert words in gap.reason
    assert gap.facts is Facts.GRANTS
    assert gap.source.endswith("::g")
    assert found.grants == ()


def test_every_kind_is_read():
    found = lake(*whole_lake(), with_provider=False)
    assert found.gaps == ()
    assert found.id == HOME
    assert {item["type"] for item in whole_lake()} - {"pulumi:providers:aws"} == {
        kind for kind in KINDS if kind.startswith("aws:")
    } - PARTITIONS
    assert found.databases[DB].location == "arn:aws:s3:::lake/sales"
    assert found.databases[DB].table_defaults == {(EVERYONE, frozenset({"ALL"}))}
    table = found.tables[ORDERS]
    assert table.columns == (Column("id", "bigint"), Column("ssn", "string", "c"))
    assert table.partition_keys == (Column("day", "date"),)
    assert (table.location, table.format, table.table_type) == (
        "arn:aws:s3:::lake/sales/orders", "parquet", "EXTERNAL_TABLE")  # fmt: skip
    assert found.tags == {"domain": TagInfo("domain", frozenset({"hr", "sales"}))}
    assert found.assignments == {
        DB: {"domain": Assignment(DB, "domain", "sales")},
        ColumnRef(ORDERS, "ssn"): {"domain": Assignment(ColumnRef(ORDERS, "ssn"), "domain", "hr")},
    }
    assert found.expressions[SavedExpression(ACCOUNT, "people")].expression == (("domain", frozenset({"hr"})),)
    body = found.filters[DataCellsFilter(ORDERS, "eu")]
    assert (body.columns, body.rows) == (Only(frozenset({"id"})), Where("region = 'EU'"))
    assert found.locations == {"arn:aws:s3:::lake": Location("arn:aws:s3:::lake", ROLE)}
    assert found.optins == (OptIn(ROLE, DB),)
    assert len(found.policies) == 1
    assert found.catalogs[Catalog(f"{ACCOUNT}:nested")].table_defaults == frozenset()
    assert found.catalogs[Catalog(f"{ACCOUNT}:nested")].full_table_external is True
    assert found.identity_centers[0].instance == "arn:aws:sso:::instance/ssoins-1"
    (settings,) = found.settings
    assert dict(settings.members) == {
        "AllowExternalDataFiltering": True,
        "CreateDatabaseDefaultPermissions": frozenset(),
        "CreateTableDefaultPermissions": {"IAM_ALLOWED_PRINCIPALS: ALL"},
        "DataLakeAdmins": {ROLE},
        "Parameters.CROSS_ACCOUNT_VERSION": "4",
        "TrustedResourceOwners": {OTHER},
    }
    assert settings.absent == {
        "AllowFullTableExternalDataAccess", "AuthorizedSessionTagValueList", "ExternalDataFilteringAllowList",
        "ReadOnlyAdmins",
    }  # fmt: skip


def native_lake() -> list[dict]:
    """What ``whole_lake`` declares, as far as the other provider has the types."""
    storage = {
        "location": "s3://lake/sales/orders/",
        "columns": [{"name": "ID", "type": "bigint"}, {"name": "ssn", "type": "string", "comment": "c"}],
        "serdeInfo": {"serializationLibrary": "parquet"},
    }
    return [
        provider(kind="aws-native"),
        resource("aws-native:glue:Database", "db", {"catalogId": ACCOUNT, "databaseInput": {
            "name": "Sales", "description": "d", "locationUri": "s3://lake/sales/", "parameters": {"k": "v"},
            "createTableDefaultPermissions": [
                {"permissions": ["ALL"], "principal": {"dataLakePrincipalIdentifier": "IAM_ALLOWED_PRINCIPALS"}}]}}),
        resource("aws-native:glue:Table", "orders", {
            "catalogId": ACCOUNT, "databaseName": "sales", "tableInput": {
                "name": "orders", "tableType": "EXTERNAL_TABLE", "parameters": '{"classification": "parquet"}',
                "partitionKeys": [{"name": "day", "type": "date"}], "storageDescriptor": storage}}),
        resource("aws-native:lakeformation:Tag", "tag", {"tagKey": "Domain", "tagValues": ["HR", "sales"]}),
        resource("aws-native:lakeformation:TagAssociation", "one", {
            "lfTags": [{"catalogId": ACCOUNT, "tagKey": "domain", "tagValues": ["sales"]}],
            "resource": {"database": {"catalogId": ACCOUNT, "name": "sales"}}}),
        resource("aws-native:lakeformation:TagAssociation", "many", {
            "lfTags": [{"catalogId": ACCOUNT, "tagKey": "domain", "tagValues": ["hr"]}],
            "resource": {"tableWithColumns": {
                "catalogId": ACCOUNT, "databaseName": "sales", "name": "orders", "columnNames": ["ssn"]}}}),
        resource("aws-native:lakeformation:DataCellsFilter", "filter", {
            "databaseName": "sales", "tableName": "orders", "tableCatalogId": ACCOUNT, "name": "eu",
            "columnNames": ["id"], "rowFilter": {"filterExpression": "region = 'EU'"}}),
        resource("aws-native:lakeformation:PrincipalPermissions", "grant", {
            "principal": {"dataLakePrincipalIdentifier": ROLE}, "permissions": ["SELECT"],
            "permissionsWithGrantOption": [], "resource": {"tableWithColumns": {
                "catalogId": ACCOUNT, "databaseName": "sales", "name": "orders",
                "columnWildcard": {"excludedColumnNames": ["ssn"]}}}}),
        resource("aws-native:glue:Catalog", "nested", {
            "name": "nested", "createTableDefaultPermissions": [], "allowFullTableExternalDataAccess": "True"}),
    ]  # fmt: skip


def test_the_other_provider_gives_the_same_nouns():
    native = native_lake()
    for item in native[1:]:
        item["provider"] = "urn:pulumi:dev::lake::pulumi:providers:aws-native::default::0"
    one, other = lake(*native, with_provider=False), lake(*whole_lake(), with_provider=False)
    assert one.gaps == ()
    assert {item["type"] for item in native[1:]} == {
        kind for kind in KINDS if kind.startswith("aws-native:")
    } - PARTITIONS
    for facts in ("grants", "databases", "tables", "tags", "assignments", "filters", "catalogs", "gaps"):
        assert getattr(one, facts) == getattr(other, facts), facts


# --------------------------------------------------------------------------------------------------------- tag targets
ORDERS_RESOURCE = whole_lake()[2]
TAGS = {"lfTags": [{"key": "pii", "value": "High"}]}
MANY = "aws:lakeformation/resourceLfTags:ResourceLfTags"


def tagged(inputs: dict, *others: dict) -> tuple[set, list[str]]:
    found = lake(resource(MANY, "t", {**TAGS, **inputs}), *others)
    assert all(said.keys() == {"pii"} and said["pii"].value == "high" for said in found.assignments.values())
    return set(found.assignments), reasons(found)


def test_tags_on_columns_by_wildcard_spread_over_the_declared_columns():
    refs = {ColumnRef(ORDERS, name) for name in ("id", "ssn", "day")}
    for columns in ({}, {"wildcard": True}, {"columnNames": []}, {"columnWildcard": {}}):
        assert tagged({"tableWithColumns": {**IN, **columns}}, ORDERS_RESOURCE) == (refs, [])
    but = {"wildcard": True, "excludedColumnNames": ["SSN"]}
    assert tagged({"tableWithColumns": {**IN, **but}}, ORDERS_RESOURCE) == (refs - {ColumnRef(ORDERS, "ssn")}, [])


def test_tags_on_columns_of_an_undeclared_table_are_a_gap():
    found, gaps = tagged({"tableWithColumns": {**IN, "wildcard": True}})
    assert found == set()
    assert gaps == ["tags all columns of a table whose columns no given stack declares"]
    named, gaps = tagged({"tableWithColumns": {**IN, "columnNames": ["a"]}})
    assert (named, gaps) == ({ColumnRef(ORDERS, "a")}, [])


def test_tags_on_all_tables_reach_each_declared_one():
    inputs = {"table": {"databaseName": "sales", "wildcard": True}}
    assert tagged(inputs, ORDERS_RESOURCE) == ({ORDERS}, [])
    found, gaps = tagged(inputs)
    assert found == set()
    assert len(gaps) == 1


def test_contradicting_tags_are_a_gap():
    one = resource(MANY, "a", {**TAGS, "database": {"name": "sales"}})
    two = resource(MANY, "b", {"lfTags": [{"key": "PII", "value": "low"}], "database": {"name": "Sales"}})
    found = lake(one, two)
    assert reasons(found) == [f"declared differently by {one['urn']}"]
    assert found.gaps[0].source == two["urn"]
    assert lake(one, {**one, "urn": one["urn"] + "2"}).gaps == ()


# ------------------------------------------------------------------------------------------------------ other details
FILTER = "aws:lakeformation/dataCellsFilter:DataCellsFilter"


@pytest.mark.parametrize(
    ("body", "columns", "rows"),
    [
        ({"columnNames": ["A"], "rowFilter": {"allRowsWildcard": {}}}, Only(frozenset({"a"})), ALL_ROWS),
        ({"columnWildcard": {}, "rowFilter": {"filterExpression": "true"}}, AllExcept(), ALL_ROWS),
        ({"columnNames": [], "columnWildcard": {"excludedColumnNames": ["B"]},
          "rowFilter": {"filterExpression": "x=1"}}, AllExcept(frozenset({"b"})), Where("x=1")),
        ({"rowFilter": {"filterExpression": "x=1"}}, None, "columns"),
        ({"columnNames": ["a"], "columnWildcard": {}, "rowFilter": {"filterExpression": "x=1"}}, None, "columns"),
        ({"columnNames": ["a"]}, None, "row filter"),
        ({"columnNames": ["a"], "rowFilter": {}}, None, "row filter"),
        ({"columnNames": ["a"], "rowFilter": {"filterExpression": "x=1", "allRowsWildcard": {}}}, None, "both"),
        ({"columnNames": ["a"], "rowFilter": {"filterExpression": "x=1", "engine": "new"}}, None, "rowFilter.engine"),
    ],
)  # fmt: skip
def test_filters(body, columns, rows):
    table = {"databaseName": "sales", "tableName": "orders", "tableCatalogId": ACCOUNT, "name": "f"}
    found = lake(resource(FILTER, "f", {"tableData": {**table, **body}}))
    name = DataCellsFilter(ORDERS, "f")
    if columns is None:
        (gap,) = found.gaps
        assert rows in gap.reason
        assert gap.scope == name
        assert found.filters == {}
    else:
        assert (found.filters[name].columns, found.filters[name].rows) == (columns, rows)


def test_a_location_without_a_role_is_registered_with_the_service_linked_one():
    inputs = {"arn": "arn:aws:s3:::lake/raw/", "hybridAccessEnabled": True, "withPrivilegedAccess": "true"}
    (place,) = lake(resource("aws:lakeformation/resource:Resource", "r", inputs)).locations.values()
    role = "aws-service-role/lakeformation.amazonaws.com/AWSServiceRoleForLakeFormationDataAccess"
    assert place == Location(
        "arn:aws:s3:::lake/raw", f"arn:aws:iam::{ACCOUNT}:role/{role}", hybrid=True, privileged=True
    )


def test_opt_ins_of_several_principals_with_a_condition():
    inputs = {
        "principals": [{"dataLakePrincipalIdentifier": ROLE}, {"dataLakePrincipalIdentifier": OTHER}],
        "conditions": [{"expression": "true"}],
        "resourceDatas": [{"lfTagPolicies": [{"resourceType": "TABLE", "expressionName": "people"}]}],
    }
    found = lake(resource("aws:lakeformation/optIn:OptIn", "o", inputs))
    on = TagPolicy(ACCOUNT, "TABLE", (), "people")
    assert set(found.optins) == {OptIn(ROLE, on, "true"), OptIn(OTHER, on, "true")}


def test_names_that_the_provider_made_up():
    for outputs, ident in (({"name": "sales-1"}, ""), ({}, f"{ACCOUNT}:sales-1"), ({}, "sales-1")):
        item = resource("aws:glue/catalogDatabase:CatalogDatabase", "db", {}, outputs=outputs, id=ident)
        assert set(lake(item).databases) == {Database(ACCOUNT, "sales-1")}
    nameless = lake(resource("aws:glue/catalogDatabase:CatalogDatabase", "db", {}))
    assert reasons(nameless) == ["`name` is not known yet"]


def test_database_defaults_absent_and_empty_differ():
    kind = "aws:glue/catalogDatabase:CatalogDatabase"
    for defaults, expected in (({}, None), ({"createTableDefaultPermissions": []}, frozenset())):
        found = lake(resource(kind, "db", {"name": "sales", **defaults}))
        assert found.databases[DB].table_defaults == expected


def test_links_views_and_iceberg():
    target = {"catalogId": OTHER, "databaseName": "Far"}
    link = resource("aws:glue/catalogDatabase:CatalogDatabase", "l", {"name": "near", "targetDatabase": target})
    table_link = resource("aws:glue/catalogTable:CatalogTable", "tl", {
        "name": "near", "databaseName": "sales", "targetTable": {**target, "name": "T"}})  # fmt: skip
    view = resource("aws:glue/catalogTable:CatalogTable", "v", {
        "name": "v", "databaseName": "sales", "tableType": "VIRTUAL_VIEW", "viewDefinition": {
            "representations": [{"dialect": "SPARK", "viewOriginalText": "select 1"}]}})  # fmt: skip
    iceberg = resource("aws:glue/catalogTable:CatalogTable", "i", {
        "name": "i", "databaseName": "sales", "openTableFormatInput": {"icebergInput": {
            "metadataOperation": "CREATE", "icebergTableInput": {
                "location": "s3://lake/i", "schema": {"fields": [
                    {"id": 1, "name": "A", "type": "long", "required": True},
                    {"id": 2, "name": "b", "type": "struct<x: int>", "required": True}]}}}}})  # fmt: skip
    found = lake(link, table_link, view, iceberg)
    assert found.gaps == ()
    assert found.databases[Database(ACCOUNT, "near")].link_to == Database(OTHER, "far")
    assert found.tables[Table(ACCOUNT, "sales", "near")].link_to == Table(OTHER, "far", "t")
    assert found.tables[Table(ACCOUNT, "sales", "v")].view_text == "SPARK: select 1"
    made = found.tables[Table(ACCOUNT, "sales", "i")]
    assert made.columns == (Column("a", "bigint"), Column("b", ""))
    assert (made.format, made.location) == ("iceberg", "arn:aws:s3:::lake/i")


def test_a_table_without_columns_leaves_them_open():
    for storage in ({}, {"storageDescriptor": {"columns": []}}):
        item = resource(
            "aws:glue/catalogTable:CatalogTable", "t", {"name": "orders", "databaseName": "sales", **storage}
        )
        assert lake(item).tables[ORDERS].columns is None


def test_a_new_member_of_a_table_is_a_gap_and_the_table_stays():
    item = resource("aws:glue/catalogTable:CatalogTable", "t", {
        "name": "orders", "databaseName": "sales", "rowLevelSecurity": {}})  # fmt: skip
    found = lake(item)
    assert reasons(found) == ["`rowLevelSecurity` is a member that this version does not know"]
    assert set(found.tables) == {ORDERS}


def test_settings_hide_member_by_member():
    kind = "aws:lakeformation/dataLakeSettings:DataLakeSettings"
    found = lake(resource(kind, "s", {"admins": [ROLE, 3], "readOnlyAdmins": [ROLE], "moat": True}))
    (settings,) = found.settings
    assert dict(settings.members) == {"ReadOnlyAdmins": {ROLE}}
    assert "DataLakeAdmins" not in settings.absent
    assert "TrustedResourceOwners" in settings.absent
    assert sorted(reasons(found)) == [
        "`admins[1]` is no text",
        "`moat` is a member that this version does not know",
    ]


@pytest.mark.parametrize("policy", ["{", "[]", "7"])
def test_a_policy_that_is_none_is_a_gap(policy):
    found = lake(resource("aws:glue/resourcePolicy:ResourcePolicy", "p", {"policy": policy}))
    assert found.policies == ()
    assert found.gaps[0].facts is Facts.POLICIES


# ------------------------------------------------------------------------------------------------------- unknown types
@pytest.mark.parametrize(
    "kind",
    [
        "aws:lakeformation/rlsPolicy:RlsPolicy",
        "aws-native:lakeformation:Resource",
        "aws:glue/userDefinedFunction:UserDefinedFunction",
        "aws:glue/catalogGate:CatalogGate",
    ],
)
def test_a_type_of_our_modules_that_nobody_reads_is_a_gap(kind):
    found = lake(resource(kind, "x", {"name": "n"}))
    (gap,) = found.gaps
    assert gap.reason == f"resources of type `{kind}` are not understood"
    assert gap.facts is Facts.OTHER


@pytest.mark.parametrize("kind", [*sorted(CLASSIC_HARMLESS), "aws-native:glue:Job", "aws:s3/bucket:Bucket"])
def test_types_that_open_nothing_are_passed_over(kind):
    assert lake(resource(kind, "x", {"name": "n"}), whole_lake()[1]).gaps == ()


def test_no_type_is_both_read_and_passed_over():
    assert not CLASSIC_HARMLESS & KINDS.keys()


def test_the_provider_package_has_no_type_that_we_have_not_judged():
    """Fails when an update of the provider brings a type: read it, or say why it opens nothing."""
    module = pytest.importorskip("pulumi_aws")
    home = Path(module.__file__).parent
    text = "".join(file.read_text() for name in ("glue", "lakeformation") for file in (home / name).glob("*.py"))
    types = set(re.findall(r"'(aws:(?:glue|lakeformation)/\w+:[A-Z]\w+)'", text))
    judged = KINDS.keys() | CLASSIC_HARMLESS | {"aws:glue/userDefinedFunction:UserDefinedFunction"}
    assert len(types) > 20
    assert types - judged == set()


@pytest.mark.parametrize("kind", ["aws:glue/catalogTable:CatalogTable", "aws-native:glue:Table"])
def test_a_views_definer_and_further_locations(kind: str) -> None:
    members = {
        "viewDefinition": {"definer": ROLE, "representations": [{"dialect": "SPARK", "viewOriginalText": "x"}]},
        "storageDescriptor": {"location": "s3://lake/a", "additionalLocations": ["s3://lake/b/"]},
    }
    native = kind.startswith("aws-native")
    inputs = {"databaseName": "sales", "name": "v", **({"tableInput": members} if native else members)}
    found = lake(resource(kind, "v", inputs))
    assert not found.gaps
    (info,) = found.tables.values()
    assert info.view_definer == ROLE
    assert info.additional == {"arn:aws:s3:::lake/b"}


def test_a_definer_or_a_further_location_that_is_hidden_is_a_gap() -> None:
    hidden = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:x"}
    kind = "aws:glue/catalogTable:CatalogTable"
    for members in (
        {"viewDefinition": {"definer": hidden}},
        {"storageDescriptor": {"location": "s3://lake/a", "additionalLocations": [hidden]}},
        {"storageDescriptor": {"location": "s3://lake/a", "additionalLocations": hidden}},
    ):
        found = lake(resource(kind, "v", {"databaseName": "sales", "name": "v", **members}))
        assert [gap.facts for gap in found.gaps] == [Facts.TABLES]


@pytest.mark.parametrize("kind", sorted(PARTITIONS))
def test_where_a_partition_lies(kind: str) -> None:
    members = {"storageDescriptor": {"location": "s3://lake/b/day=1/"}}
    native = kind.startswith("aws-native")
    inputs = {"databaseName": "Sales", "tableName": "Orders", **({"partitionInput": members} if native else members)}
    found = lake(resource(kind, "p", inputs))
    assert found.gaps == ()
    assert [(one.table, one.location) for one in found.partitions] == [(ORDERS, "arn:aws:s3:::lake/b/day=1")]
    assert lake(resource(kind, "p", {"databaseName": "sales", "tableName": "orders"})).partitions == ()
