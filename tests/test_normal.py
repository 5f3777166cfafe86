"""The shared spelling: equal things are equal values, whichever edge they come from."""

from __future__ import annotations

import json
from typing import Any

import botocore.session
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks import normal
from checks.model import (
    ALL_ROWS,
    EVERYONE,
    AllExcept,
    AllTables,
    AnyResource,
    Catalog,
    CatalogInfo,
    Column,
    Database,
    DatabaseInfo,
    DataCellsFilter,
    DataLocation,
    Function,
    Grant,
    LFTag,
    Location,
    Only,
    Permission,
    Principal,
    RLSPolicy,
    SavedExpression,
    Table,
    TableColumns,
    TableInfo,
    TagPolicy,
    UnknownResource,
    Where,
)

ACCOUNT = "111122223333"
NESTED = f"{ACCOUNT}:s3tablescatalog/bucket"
ORDERS = Table(ACCOUNT, "sales", "orders")
IN = {"DatabaseName": "Sales", "Name": "Orders"}
MODEL = botocore.session.get_session().get_service_model("lakeformation")


# ----------------------------------------------------------------------------------------------------------- resources
RESOURCES: list[tuple[dict[str, Any], Any]] = [
    ({"Catalog": {}}, Catalog(ACCOUNT)),
    ({"Catalog": {"Id": NESTED}}, Catalog(NESTED)),
    ({"Database": {"Name": "Sales"}}, Database(ACCOUNT, "sales")),
    ({"Database": {"CatalogId": NESTED, "Name": "Sales"}}, Database(NESTED, "sales")),
    ({"Table": IN}, ORDERS),
    ({"Table": {"CatalogId": ACCOUNT, **IN}}, ORDERS),
    ({"Table": {"DatabaseName": "Sales", "TableWildcard": {}}}, AllTables(ACCOUNT, "sales")),
    ({"Table": {"DatabaseName": "Sales", "Name": "ALL_TABLES", "TableWildcard": {}}}, AllTables(ACCOUNT, "sales")),
    ({"Table": {"DatabaseName": "Sales", "Name": "ALL_TABLES"}}, AllTables(ACCOUNT, "sales")),
    ({"Table": {"DatabaseName": "Sales", "Name": "all_tables"}}, Table(ACCOUNT, "sales", "all_tables")),
    ({"TableWithColumns": {**IN, "ColumnWildcard": {}}}, ORDERS),
    ({"TableWithColumns": {**IN, "ColumnWildcard": {"ExcludedColumnNames": []}}}, ORDERS),
    ({"TableWithColumns": {**IN, "ColumnNames": [], "ColumnWildcard": {}}}, ORDERS),
    ({"TableWithColumns": {"DatabaseName": "Sales", "Name": "ALL_TABLES", "ColumnWildcard": {}}},
     AllTables(ACCOUNT, "sales")),
    ({"TableWithColumns": {**IN, "ColumnNames": ["SSN", "ssn"]}}, TableColumns(ORDERS, Only(frozenset({"ssn"})))),
    ({"TableWithColumns": {**IN, "ColumnWildcard": {"ExcludedColumnNames": ["SSN"]}}},
     TableColumns(ORDERS, AllExcept(frozenset({"ssn"})))),
    ({"DataLocation": {"ResourceArn": "arn:aws:s3:::Lake/raw/"}}, DataLocation(ACCOUNT, "arn:aws:s3:::Lake/raw")),
    ({"DataCellsFilter": {"TableCatalogId": ACCOUNT, "DatabaseName": "Sales", "TableName": "Orders", "Name": "EU"}},
     DataCellsFilter(ORDERS, "EU")),
    ({"LFTag": {"TagKey": "Domain", "TagValues": ["HR", "hr"]}}, LFTag(ACCOUNT, "domain", frozenset({"hr"}))),
    ({"LFTag": {"TagKey": "Domain", "TagValues": ["HR", "*"]}}, LFTag(ACCOUNT, "domain", frozenset({"*"}))),
    ({"LFTagPolicy": {"ResourceType": "TABLE", "Expression": [{"TagKey": "A", "TagValues": ["x"]}]}},
     TagPolicy(ACCOUNT, "TABLE", (("a", frozenset({"x"})),))),
    ({"LFTagPolicy": {"ResourceType": "DATABASE", "ExpressionName": "people"}},
     TagPolicy(ACCOUNT, "DATABASE", (), "people")),
    ({"LFTagExpression": {"Name": "people"}}, SavedExpression(ACCOUNT, "people")),
    ({"RLSPolicy": {"Name": "Rows"}}, RLSPolicy(ACCOUNT, "rows")),
    ({"UserDefinedFunction": {"DatabaseName": "Sales", "Name": "Mask"}}, Function(ACCOUNT, "sales", "mask")),
    ({"UserDefinedFunction": {"DatabaseName": "Sales", "UserDefinedFunctionWildcard": {}}},
     Function(ACCOUNT, "sales", "*")),
    ({"AnyResource": {"ResourceType": "TABLE"}}, AnyResource(ACCOUNT, "TABLE")),
]  # fmt: skip


@pytest.mark.parametrize(("union", "expected"), RESOURCES)
def test_resources(union, expected):
    assert normal.resource(union, ACCOUNT) == expected


def test_every_member_of_the_model_is_read():
    """Fails when an update of botocore brings a member, or a member's member, that nobody here knows."""
    shape = MODEL.shape_for("Resource")
    assert {name: frozenset(inner.members) for name, inner in shape.members.items()} == normal._SHAPES
    assert {kind for union, _ in RESOURCES for kind in union} == shape.members.keys()


IN_A_CATALOG = [
    ({"TableWithColumns": {**IN, "ColumnWildcard": {}}}, Table(NESTED, "sales", "orders")),
    ({"Table": {"DatabaseName": "a", "TableWildcard": {}}}, AllTables(NESTED, "a")),
    ({"DataLocation": {"ResourceArn": "s3://b"}}, DataLocation(NESTED, "arn:aws:s3:::b")),
    ({"LFTag": {"TagKey": "a", "TagValues": []}}, LFTag(NESTED, "a", frozenset())),
    ({"LFTagPolicy": {"ResourceType": "table", "ExpressionName": "e"}}, TagPolicy(NESTED, "TABLE", (), "e")),
    ({"LFTagExpression": {"Name": "e"}}, SavedExpression(NESTED, "e")),
    ({"RLSPolicy": {"Name": "r"}}, RLSPolicy(NESTED, "r")),
    ({"UserDefinedFunction": {"DatabaseName": "a", "Name": "F"}}, Function(NESTED, "a", "f")),
    ({"AnyResource": {"ResourceType": "table"}}, AnyResource(NESTED, "TABLE")),
]


@pytest.mark.parametrize(("union", "expected"), IN_A_CATALOG)
def test_the_catalog_that_is_named_is_meant(union, expected):
    ((kind, body),) = union.items()
    assert normal.resource({kind: {**body, "CatalogId": NESTED}}, ACCOUNT) == expected


def test_a_filter_lies_in_its_tables_catalog():
    body: dict[str, Any] = {"TableCatalogId": NESTED, "DatabaseName": "a", "TableName": "b", "Name": "F"}
    expected = DataCellsFilter(Table(NESTED, "a", "b"), "F")
    assert normal.resource({"DataCellsFilter": body}, ACCOUNT) == expected
    body = {**body, "ColumnNames": ["x"], "RowFilter": {"AllRowsWildcard": {}}}
    assert normal.filter_body(body, ACCOUNT).id == expected
    del body["TableCatalogId"]
    assert normal.filter_body(body, ACCOUNT).id == DataCellsFilter(Table(ACCOUNT, "a", "b"), "F")
    body = {"DatabaseName": "a", "TableName": "b", "Name": "F"}
    assert normal.resource({"DataCellsFilter": body}, ACCOUNT) == DataCellsFilter(Table(ACCOUNT, "a", "b"), "F")


UNKNOWN = [
    {},
    {"Catalog": {}, "Database": {"Name": "a"}},
    {"Moat": {"Name": "a"}},
    {"Database": {"Name": "a", "Branch": "b"}},
    {"Database": {}},
    {"Database": {"Name": None}},
    {"Database": "sales"},
    {"Table": {"DatabaseName": "a"}},
    {"Table": {"DatabaseName": "a", "Name": "b", "TableWildcard": {}}},
    {"TableWithColumns": IN},
    {"TableWithColumns": {**IN, "ColumnNames": []}},
    {"TableWithColumns": {**IN, "ColumnNames": ["a"], "ColumnWildcard": {}}},
    {"TableWithColumns": {"DatabaseName": "a", "Name": "ALL_TABLES", "ColumnNames": ["a"]}},
    {"LFTagPolicy": {"ResourceType": "TABLE", "Expression": []}},
    {"DataLocation": {"ResourceArn": ""}},
    {"UserDefinedFunction": {"DatabaseName": "a"}},
]


@pytest.mark.parametrize("union", UNKNOWN)
def test_what_is_not_understood_is_kept_as_text(union):
    assert normal.resource(union, ACCOUNT) == UnknownResource(ACCOUNT, normal.canonical_json(union))


# ---------------------------------------------------------------------------------------------------------- small words
@pytest.mark.parametrize("name", ["IAM_ALLOWED_PRINCIPALS", "IAM_Allowed_Principals", "IAMAllowedPrincipals"])
def test_everyone(name):
    assert normal.principal(name) == EVERYONE


@pytest.mark.parametrize("name", [f"{ACCOUNT}:IAMPrincipals", "arn:aws:iam::111122223333:role/Path/X_y", "ALL", ""])
def test_other_principals_are_exact(name):
    assert normal.principal(name) == name


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, None),
        ("", None),
        ("  ", None),
        ("s3://b", "arn:aws:s3:::b"),
        ("S3A://b/p//", "arn:aws:s3:::b/p"),
        ("s3n://b/P q/", "arn:aws:s3:::b/P q"),
        ("arn:aws:s3:::b/p/", "arn:aws:s3:::b/p"),
        ("arn:aws-cn:s3:::b", "arn:aws-cn:s3:::b"),
        ("hdfs://host/p/", "hdfs://host/p"),
        ("db.schema.table", "db.schema.table"),
    ],
)
def test_locations(text, expected):
    assert normal.location(text) == expected


def test_locations_of_other_partitions():
    assert normal.location("s3://b/", "aws-us-gov") == "arn:aws-us-gov:s3:::b"


names = st.text("abAB", min_size=1, max_size=2)
pairs = st.lists(st.tuples(names, st.lists(names | st.just("*"), min_size=1, max_size=3)), max_size=4)


@settings(deadline=None)
@given(pairs, st.randoms())
def test_an_expression_does_not_depend_on_order_case_or_repetition(given_pairs, random):
    shuffled = [(key.swapcase(), random.sample(values * 2, len(values) * 2)) for key, values in given_pairs] * 2
    random.shuffle(shuffled)
    assert normal.expression(shuffled) == normal.expression(given_pairs)


@settings(deadline=None)
@given(pairs, st.dictionaries(st.sampled_from(["a", "b", "aa"]), st.sampled_from(["a", "b", "ab"]), max_size=3))
def test_an_expression_means_what_its_list_means(given_pairs, tags):
    def one(key, values):
        mine = tags.get(key.lower())
        return mine is not None and ("*" in values or mine in {value.lower() for value in values})

    found = normal.expression(given_pairs)
    assert all(one(key, values) for key, values in found) == all(one(key, values) for key, values in given_pairs)
    assert [key for key, _ in found] == sorted({key.lower() for key, _ in given_pairs})


def test_a_key_given_twice_must_match_twice():
    given_twice = [("A", ["x", "y"]), ("b", ["z"]), ("a", ["Y", "w"])]
    assert normal.expression(given_twice) == (("a", frozenset({"y"})), ("b", frozenset({"z"})))
    assert normal.expression([("a", ["*", "x"])]) == (("a", frozenset({"*"})),)
    for pairs_of_any in ([("a", ["*"]), ("a", ["x"])], [("a", ["x"]), ("a", ["*"])]):
        assert normal.expression(pairs_of_any) == (("a", frozenset({"x"})),)


def test_tag_expressions_values_and_saved_bodies():
    listed: list[dict[str, Any]] = [{"TagKey": "A", "TagValues": ["X"]}, {"TagKey": "b"}]
    expected: tuple[tuple[str, frozenset[str]], ...] = (("a", frozenset({"x"})), ("b", frozenset()))
    assert normal.tag_expression(listed) == expected
    assert normal.tag_expression(None) == ()
    assert normal.tag_values(None) == frozenset()
    assert normal.tag_values(["X", "y"]) == {"x", "y"}
    assert normal.tag_values(["X", "*"]) == {"*"}
    info = normal.tag_info("Domain", ["HR"])
    assert (info.key, info.values) == ("domain", frozenset({"hr"}))
    body = normal.expression_body({"Name": "People", "Expression": listed}, ACCOUNT)
    assert (body.id, body.expression) == (SavedExpression(ACCOUNT, "People"), normal.tag_expression(listed))
    assert normal.expression_body({"CatalogId": NESTED, "Name": "p"}, ACCOUNT).id == SavedExpression(NESTED, "p")


@pytest.mark.parametrize(
    ("value", "expected"),
    [(True, True), (False, False), (None, False), ("True", True), ("true", True), ("False", False), ("", False)],
)
def test_flags(value, expected):
    assert normal.flag(value) is expected


def test_parameters_are_texts_by_name():
    given = {"b": 1.0, "a": True, "c": False, "d": None, "e": 1.5, "f": [1, "x"], "g": "text", "h": 2, "i": "ü"}
    assert normal.parameters(given) == (
        ("a", "true"),
        ("b", "1"),
        ("c", "false"),
        ("d", ""),
        ("e", "1.5"),
        ("f", '[1,"x"]'),
        ("g", "text"),
        ("h", "2"),
        ("i", "ü"),
    )
    assert normal.parameters(None) == ()
    assert normal.canonical_json({"b": "ü", "a": [1]}) == '{"a":[1],"b":"ü"}'
    assert normal.locations(None) == frozenset()
    assert normal.locations(["s3://b/", "", "s3://c"], "aws-cn") == {"arn:aws-cn:s3:::b", "arn:aws-cn:s3:::c"}


# ------------------------------------------------------------------------------------------------------------- grants
def rows(on, permissions, options=()):
    return {
        (row.resource, row.permissions, row.grantable) for row in normal.grant_rows(EVERYONE, on, permissions, options)
    }


def test_a_granted_row_equals_what_aws_lists_for_it():
    every = ["ALL", "ALTER", "DELETE", "DESCRIBE", "DROP", "INSERT", "SELECT"]
    for on in (ORDERS, AllTables(ACCOUNT, "sales")):
        listed = rows(on, every[:-1], ["DROP"]) | rows(on, ["SELECT"], ["SELECT"])
        assert rows(on, every, ["DROP", "SELECT"]) == listed
        assert len(listed) == 2


def test_select_is_kept_with_others_where_aws_keeps_it():
    policy = TagPolicy(ACCOUNT, "TABLE", (("a", frozenset({"x"})),))
    assert rows(policy, ["SELECT", "DESCRIBE"]) == {(policy, frozenset({"SELECT", "DESCRIBE"}), frozenset())}


def test_all_on_a_location_is_access_to_it():
    place = DataLocation(ACCOUNT, "arn:aws:s3:::b")
    access = frozenset({"DATA_LOCATION_ACCESS"})
    assert rows(place, ["ALL"], ["ALL"]) == {(place, access, access)} == rows(place, access, access)
    assert rows(ORDERS, ["ALL"]) == {(ORDERS, frozenset({"ALL"}), frozenset())}


def test_what_may_be_passed_on_is_held():
    assert rows(ORDERS, [], ["DROP"]) == {(ORDERS, frozenset({"DROP"}), frozenset({"DROP"}))}
    assert rows(ORDERS, None, None) == set()


def test_a_row_keeps_its_condition_and_history():
    (row,) = normal.grant_rows(EVERYONE, ORDERS, ["DROP"], (), "c", None, "me", "today")
    assert row == Grant(EVERYONE, ORDERS, frozenset({Permission("DROP")}), frozenset(), "c")
    assert (row.updated_by, row.updated) == ("me", "today")


def test_conditions():
    assert normal.condition({"Expression": "a"}) == "a" == normal.condition("a")
    assert normal.condition(None) is None is normal.condition("")
    assert normal.condition({}) is None


def test_default_permissions():
    entry = {"Principal": {"DataLakePrincipalIdentifier": "IAMAllowedPrincipals"}, "Permissions": ["ALL"]}
    empty = {**entry, "Permissions": []}
    more = {**entry, "Permissions": ["SELECT"]}
    assert normal.default_permissions(None) == frozenset() == normal.default_permissions([empty, {}])
    assert normal.default_permissions([entry, more]) == {(EVERYONE, frozenset({"ALL", "SELECT"}))}
    assert normal.default_texts(normal.default_permissions([more, entry])) == {"IAM_ALLOWED_PRINCIPALS: ALL,SELECT"}


# ------------------------------------------------------------------------------------------------------------ settings
def test_every_member_of_the_settings_is_known():
    assert MODEL.shape_for("DataLakeSettings").members.keys() == normal.SETTINGS.keys()


def test_settings():
    found = normal.settings({
        "DataLakeAdmins": [{"DataLakePrincipalIdentifier": "b"}, {"DataLakePrincipalIdentifier": "a"}],
        "ReadOnlyAdmins": [],
        "CreateTableDefaultPermissions": [
            {"Principal": {"DataLakePrincipalIdentifier": "IAM_ALLOWED_PRINCIPALS"}, "Permissions": ["ALL"]}],
        "Parameters": {"CROSS_ACCOUNT_VERSION": "4", "SET_CONTEXT": True},
        "TrustedResourceOwners": [ACCOUNT],
        "AllowExternalDataFiltering": "True",
        "AllowFullTableExternalDataAccess": None,
        "Moat": {"b": 1, "a": 2},
    })  # fmt: skip
    assert dict(found.members) == {
        "DataLakeAdmins": {"a", "b"},
        "ReadOnlyAdmins": frozenset(),
        "CreateTableDefaultPermissions": {"IAM_ALLOWED_PRINCIPALS: ALL"},
        "Parameters.CROSS_ACCOUNT_VERSION": "4",
        "Parameters.SET_CONTEXT": "true",
        "TrustedResourceOwners": {ACCOUNT},
        "AllowExternalDataFiltering": True,
        "Moat": '{"a":2,"b":1}',
    }
    assert found.absent == {
        "AllowFullTableExternalDataAccess", "AuthorizedSessionTagValueList", "CreateDatabaseDefaultPermissions",
        "ExternalDataFilteringAllowList",
    }  # fmt: skip
    assert normal.settings({}).absent == normal.SETTINGS.keys()


# ------------------------------------------------------------------------------------------------------------- filters
FILTER = {"TableCatalogId": ACCOUNT, "DatabaseName": "Sales", "TableName": "Orders", "Name": "eu"}


@pytest.mark.parametrize(
    ("body", "columns", "expected"),
    [
        ({"ColumnNames": ["A"], "RowFilter": {"AllRowsWildcard": {}}}, Only(frozenset({"a"})), ALL_ROWS),
        (
            {"ColumnWildcard": {}, "RowFilter": {"FilterExpression": " True ", "AllRowsWildcard": {}}},
            AllExcept(),
            ALL_ROWS,
        ),
        ({"ColumnNames": [], "ColumnWildcard": {}, "RowFilter": {"FilterExpression": "TRUE"}}, AllExcept(), ALL_ROWS),
        (
            {"ColumnNames": ["a"], "RowFilter": {"FilterExpression": "x = 'A'"}},
            Only(frozenset({"a"})),
            Where("x = 'A'"),
        ),
    ],
)
def test_filter_bodies(body, columns, expected):
    found = normal.filter_body({**FILTER, **body}, ACCOUNT)
    assert (found.id, found.columns, found.rows) == (DataCellsFilter(ORDERS, "eu"), columns, expected)


@pytest.mark.parametrize(
    "body",
    [
        {"RowFilter": {"AllRowsWildcard": {}}},
        {"ColumnNames": ["a"], "ColumnWildcard": {}, "RowFilter": {"AllRowsWildcard": {}}},
        {"ColumnNames": ["a"]},
        {"ColumnNames": ["a"], "RowFilter": {}},
        {"ColumnNames": ["a"], "RowFilter": {"FilterExpression": " "}},
    ],
)
def test_a_filter_that_does_not_say_all_is_refused(body):
    with pytest.raises(normal.NotUnderstoodError):
        normal.filter_body({**FILTER, **body}, ACCOUNT)


def test_registered_locations():
    row = {"ResourceArn": "arn:aws:s3:::b/", "RoleArn": "r", "HybridAccessEnabled": True, "WithFederation": None}
    found = normal.registered(row)
    assert (found.arn, found.role, found.hybrid, found.federation, found.privileged) == (
        "arn:aws:s3:::b", "r", True, False, False)  # fmt: skip
    with pytest.raises(normal.NotUnderstoodError):
        normal.registered({"RoleArn": "r"})


# ------------------------------------------------------------------------------------------------------ glue's objects
def test_tables():
    found = normal.table_info(
        {
            "DatabaseName": "Sales", "Name": "Orders", "TableType": "EXTERNAL_TABLE", "CreatedBy": "me",
            "IsRegisteredWithLakeFormation": True, "Parameters": {"b": 1.0, "a": True},
            "PartitionKeys": [{"Name": "Day", "Type": "DATE"}],
            "StorageDescriptor": {
                "Columns": [{"Name": "A", "Type": "decimal(10, 2)", "Comment": "c", "Parameters": {"k": "v"}}],
                "Location": "s3://b/p/", "InputFormat": "i", "SerdeInfo": {"SerializationLibrary": "s"},
            },
        },
        ACCOUNT,
    )  # fmt: skip
    assert found.id == ORDERS
    assert found.columns == (Column("a", "decimal(10,2)", "c", (("k", "v"),)),)
    assert found.partition_keys == (Column("day", "date"),)
    assert (found.location, found.format, found.created_by, found.registered) == ("arn:aws:s3:::b/p", "s i", "me", True)
    assert found.parameters == (("a", "true"), ("b", "1"))
    assert normal.table_info({"DatabaseName": "a", "Name": "b"}, ACCOUNT).columns is None


def test_an_iceberg_table_is_one_however_it_was_made():
    made = normal.table_info({"DatabaseName": "a", "Name": "b", "OpenTableFormatInput": True}, ACCOUNT)
    read = normal.table_info({"DatabaseName": "a", "Name": "b", "Parameters": {"table_type": "ICEBERG"}}, ACCOUNT)
    assert made.format == read.format == "iceberg"


def test_databases_and_catalogs():
    found = normal.database_info(
        {"Name": "Near", "TargetDatabase": {"CatalogId": NESTED, "DatabaseName": "Far"}, "LocationUri": ""}, ACCOUNT
    )
    assert (found.id, found.link_to) == (Database(ACCOUNT, "near"), Database(NESTED, "far"))
    assert (found.location, found.table_defaults) == (None, None)
    catalog = normal.catalog_info(
        {"CatalogId": NESTED, "Name": "x", "AllowFullTableExternalDataAccess": "True"}, ACCOUNT
    )
    assert (catalog.id, catalog.full_table_external) == (Catalog(NESTED), True)
    assert normal.catalog_info({"Name": "x"}, ACCOUNT).id == Catalog(f"{ACCOUNT}:x")


def test_a_database_has_all_that_glue_says_of_it():
    everyone = {"Principal": {"DataLakePrincipalIdentifier": "IAM_ALLOWED_PRINCIPALS"}, "Permissions": ["ALL"]}
    found = normal.database_info(
        {
            "CatalogId": NESTED,
            "Name": "Sales",
            "LocationUri": "s3://b/sales/",
            "Description": "what was sold",
            "Parameters": {"k": "v"},
            "CreateTableDefaultPermissions": [everyone],
            "TargetDatabase": {"DatabaseName": "Far"},
        },
        ACCOUNT,
        "aws-cn",
    )
    assert found == DatabaseInfo(
        Database(NESTED, "sales"),
        "arn:aws-cn:s3:::b/sales",
        "what was sold",
        (("k", "v"),),
        frozenset({(EVERYONE, frozenset({Permission("ALL")}))}),
        Database(ACCOUNT, "far"),
    )
    bare = normal.database_info({"Name": "sales", "CreateTableDefaultPermissions": []}, ACCOUNT)
    assert bare == DatabaseInfo(Database(ACCOUNT, "sales"), table_defaults=frozenset())


def test_a_catalog_has_all_that_glue_says_of_it():
    given = [{"Principal": {"DataLakePrincipalIdentifier": ACCOUNT}, "Permissions": ["ALL"]}]
    granted = frozenset({(Principal(ACCOUNT), frozenset({Permission("ALL")}))})
    found = normal.catalog_info(
        {
            "CatalogId": NESTED,
            "Description": "d",
            "Parameters": {"k": "v"},
            "CreateDatabaseDefaultPermissions": given,
            "CreateTableDefaultPermissions": [],
            "AllowFullTableExternalDataAccess": "False",
        },
        ACCOUNT,
    )
    assert found == CatalogInfo(Catalog(NESTED), "d", (("k", "v"),), granted, frozenset(), full_table_external=False)
    swapped = {"Name": "x", "CreateDatabaseDefaultPermissions": [], "CreateTableDefaultPermissions": given}
    assert normal.catalog_info(swapped, ACCOUNT) == CatalogInfo(
        Catalog(f"{ACCOUNT}:x"), database_defaults=frozenset(), table_defaults=granted
    )
    assert normal.catalog_info({"Name": "x"}, ACCOUNT) == CatalogInfo(Catalog(f"{ACCOUNT}:x"))


def test_a_table_has_all_that_glue_says_of_it():
    read = f"arn:aws:glue:us-east-1:{ACCOUNT}:table/Sales/Orders"
    found = normal.table_info(
        {
            "CatalogId": NESTED,
            "DatabaseName": "Sales",
            "Name": "Recent",
            "TableType": "VIRTUAL_VIEW",
            "Description": "d",
            "Parameters": {"k": "v"},
            "StorageDescriptor": {
                "Columns": [{"Name": "Id"}],
                "AdditionalLocations": ["s3://b/more/"],
                "InputFormat": "i",
                "OutputFormat": "o",
            },
            "TargetTable": {"DatabaseName": "Far", "Name": "Away"},
            "ViewDefinition": {"Definer": "someone", "SubObjects": [read], "Representations": []},
            "ViewOriginalText": "select 1",
            "ViewExpandedText": "select one",
        },
        ACCOUNT,
        "aws-cn",
    )
    assert found == TableInfo(
        Table(NESTED, "sales", "recent"),
        (Column("id"),),
        table_type="VIRTUAL_VIEW",
        description="d",
        parameters=(("k", "v"),),
        format="i o",
        view_text="select 1",
        link_to=Table(ACCOUNT, "far", "away"),
        view_definer="someone",
        additional=frozenset({"arn:aws-cn:s3:::b/more"}),
        view_reads=frozenset({ORDERS}),
    )
    far = {"CatalogId": NESTED, "DatabaseName": "a", "Name": "b"}
    linked = normal.table_info({"DatabaseName": "x", "Name": "y", "TargetTable": far}, ACCOUNT)
    assert linked == TableInfo(Table(ACCOUNT, "x", "y"), link_to=Table(NESTED, "a", "b"))


@pytest.mark.parametrize(
    ("told", "read"),
    [
        ([f"arn:aws:glue:us-east-1:{ACCOUNT}:table/sales/orders"] * 2, {ORDERS}),
        ([f"arn:aws:glue:us-east-1:{ACCOUNT}:table/sales/orders", "orders"], None),
        ([f"arn:aws:glue:us-east-1:{ACCOUNT}:table/sales/orders", None], None),
        ([], None),
        (None, None),
    ],
)
def test_what_a_view_reads_is_known_only_if_all_of_it_is(told, read):
    found = normal.table_info({**IN, "ViewDefinition": {"SubObjects": told}}, ACCOUNT)
    assert found.view_reads == read


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({}, ""),
        ({"ViewExpandedText": "expanded"}, "expanded"),
        ({"ViewOriginalText": "original", "ViewExpandedText": "expanded"}, "original"),
        (
            {
                "ViewOriginalText": "original",
                "ViewDefinition": {
                    "Representations": [
                        {"Dialect": "SPARK", "ViewOriginalText": "b", "ViewExpandedText": "x"},
                        {"Dialect": "ATHENA", "ViewExpandedText": "a"},
                        {},
                    ]
                },
            },
            ": \nATHENA: a\nSPARK: b",
        ),
    ],
)
def test_what_a_view_says_one_line_for_each_dialect(given, text):
    assert normal.view_text(given) == text


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, ""),
        ({"OpenTableFormatInput": {"IcebergInput": {}}}, "iceberg"),
        ({"Parameters": {"TABLE_TYPE": "Iceberg"}}, "iceberg"),
        ({"Parameters": {"table_type": "hudi"}, "StorageDescriptor": {"InputFormat": "i"}}, "i"),
        (
            {
                "StorageDescriptor": {
                    "SerdeInfo": {"SerializationLibrary": "s"},
                    "InputFormat": "i",
                    "OutputFormat": "o",
                }
            },
            "s i o",
        ),
    ],
)
def test_how_a_tables_files_are_read(given, expected):
    assert normal.table_format(given) == expected


def test_registered_locations_have_all_that_is_said_of_them():
    bare = {"ResourceArn": "s3://b"}
    assert normal.registered(bare) == Location("arn:aws:s3:::b")
    place = "arn:aws:s3:::b"
    assert normal.registered({**bare, "HybridAccessEnabled": True}) == Location(place, hybrid=True)
    assert normal.registered({**bare, "WithFederation": True}) == Location(place, federation=True)
    assert normal.registered({**bare, "WithPrivilegedAccess": True}) == Location(place, privileged=True)
    assert normal.registered({**bare, "RoleArn": ""}).role is None


# ------------------------------------------------------------------------------------------------------------ policies
def test_a_policy_document_is_spelt_whole():
    statement = {
        "Sid": "one",
        "Principal": {"AWS": [ACCOUNT, "arn:aws:iam::444455556666:role/x", "12345678901", "*"], "Service": "glue"},
        "NotPrincipal": "*",
        "Action": "glue:*",
        "NotResource": ["b", "a", "b"],
        "Condition": {"StringLike": {"k": "v"}, "Odd": "kept"},
    }
    found = json.loads(normal.resource_policy(json.dumps({"Statement": [statement, statement]}), None, "aws-cn").text)
    assert found == {
        "Statement": [
            {
                "Sid": "one",
                "Principal": {
                    "AWS": [
                        "*",
                        "12345678901",
                        "arn:aws-cn:iam::111122223333:root",
                        "arn:aws:iam::444455556666:role/x",
                    ],
                    "Service": ["glue"],
                },
                "NotPrincipal": "*",
                "Action": ["glue:*"],
                "NotResource": ["a", "b"],
                "Condition": {"StringLike": {"k": ["v"]}, "Odd": "kept"},
            }
        ]
    }
    other = {"NotPrincipal": {"AWS": ACCOUNT}, "Resource": "a", "NotAction": "b"}
    assert json.loads(normal.resource_policy(json.dumps({"Statement": other})).text) == {
        "Statement": [
            {"NotPrincipal": {"AWS": [f"arn:aws:iam::{ACCOUNT}:root"]}, "Resource": ["a"], "NotAction": ["b"]}
        ]
    }
    assert normal.resource_policy('{"Version": 1}').text == '{"Version":1}'
    assert normal.resource_policy('{"Statement": ["text"]}').text == '{"Statement":["text"]}'


def test_policies_that_mean_the_same_are_the_same_text():
    one = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "glue:GetTable", "Resource": ["b", "a", "a"]},
        {"Effect": "Deny", "Principal": "*", "NotAction": ["glue:*"], "Resource": "*",
         "Condition": {"StringEquals": {"k": ["y", "x"]}}}]}  # fmt: skip
    two = {"Statement": [
        {"Condition": {"StringEquals": {"k": ["x", "y"]}}, "Effect": "Deny", "NotAction": "glue:*",
         "Principal": "*", "Resource": ["*"]},
        {"Action": ["glue:GetTable"], "Effect": "Allow", "Principal": {"AWS": [f"arn:aws:iam::{ACCOUNT}:root"]},
         "Resource": ["a", "b"]}], "Version": "2012-10-17"}  # fmt: skip
    assert normal.resource_policy(json.dumps(one)) == normal.resource_policy(json.dumps(two, indent=2))
    single = {**two, "Statement": two["Statement"][0]}
    assert normal.resource_policy(json.dumps(single)) == normal.resource_policy(
        json.dumps({**two, "Statement": [two["Statement"][0]]})
    )
    assert normal.resource_policy(json.dumps(one)) != normal.resource_policy(json.dumps(single))


@pytest.mark.parametrize("text", ["", "{", "[]", '"x"', "[" * 100_000])
def test_what_is_no_policy_is_refused(text):
    with pytest.raises(normal.NotUnderstoodError):
        normal.resource_policy(text)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(json_values)
def test_any_policy_has_one_canonical_text(value):
    policy = normal.resource_policy(json.dumps({"Statement": value}))
    assert normal.resource_policy(policy.text) == policy


def test_the_group_of_an_account_in_any_spelling():
    assert normal.principal(f"{ACCOUNT}:iamprincipals") == f"{ACCOUNT}:IAMPrincipals"
    assert normal.principal(f"{ACCOUNT}:IAM_Principals") == f"{ACCOUNT}:IAMPrincipals"
    assert normal.principal(f"{ACCOUNT}:others") == f"{ACCOUNT}:others"
