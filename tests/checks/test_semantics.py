"""The lattice of permissions, columns as sets, locations by segment, LF-tag expressions, and where things are."""

import itertools

import pytest

from checks.model import (
    AllExcept,
    AllTables,
    AnyResource,
    Catalog,
    Database,
    DataCellsFilter,
    DataLocation,
    Function,
    LFTag,
    Only,
    Permission,
    RLSPolicy,
    SavedExpression,
    Table,
    TableColumns,
    TagPolicy,
    UnknownResource,
)
from checks.semantics import (
    ALL,
    FUTURE,
    RAW_READS,
    READS,
    SELECT,
    columns_of,
    database_of,
    expand,
    holder,
    implied,
    location_of,
    matches,
    members,
    minus,
    subject_of,
    table_of,
    tag_within,
    visible,
    within,
)

HOME = "111122223333"
SALES = Database(HOME, "sales")
ORDERS = Table(HOME, "sales", "orders")
EMAIL = TableColumns(ORDERS, Only(frozenset({"email"})))
EU = DataCellsFilter(ORDERS, "eu")
MASK = Function(HOME, "sales", "mask")
PLACE = DataLocation(HOME, "arn:aws:s3:::lake/raw")
DOMAIN = (("domain", frozenset({"hr"})),)

ON_TABLES: set[str] = {"SELECT", "INSERT", "DELETE", "ALTER", "DROP", "DESCRIBE"}
ON_DATABASES = {"CREATE_TABLE", "ALTER", "DROP", "DESCRIBE"}
RESOURCES = [
    # resource, what ALL is on it, its subject, its database, its table, its location
    (Catalog(HOME), {"CREATE_DATABASE", "DESCRIBE", "ALTER", "DROP"}, None, None, None),
    (SALES, ON_DATABASES, SALES, None, None),
    (AllTables(HOME, "sales"), ON_TABLES, SALES, None, None),
    (ORDERS, ON_TABLES, SALES, ORDERS, None),
    (EMAIL, ON_TABLES, SALES, ORDERS, None),
    (EU, ON_TABLES, SALES, ORDERS, None),
    (MASK, {"EXECUTE", "DESCRIBE", "ALTER", "DROP"}, SALES, None, None),
    (AnyResource(HOME, "TABLE"), ON_TABLES, None, None, None),
    (TagPolicy(HOME, "TABLE", DOMAIN), ON_TABLES, None, None, None),
    (TagPolicy(HOME, "DATABASE", DOMAIN), ON_DATABASES, None, None, None),
    (TagPolicy(HOME, "FUNCTION", DOMAIN), set(), None, None, None),
    (LFTag(HOME, "domain", frozenset({"hr"})), set(), None, None, None),
    (SavedExpression(HOME, "people"), set(), None, None, None),
    (RLSPolicy(HOME, "rows"), set(), None, None, None),
    (PLACE, set(), None, None, "arn:aws:s3:::lake/raw"),
    (UnknownResource(HOME, "{}"), set(), None, None, None),
]


@pytest.mark.parametrize(("resource", "everything", "database", "table", "place"), RESOURCES)
def test_what_all_means_on_it_and_where_it_is(resource, everything, database, table, place):
    assert members(resource) == everything
    assert isinstance(members(resource), frozenset)
    assert database_of(resource) == database
    assert table_of(resource) == table
    assert location_of(resource) == place
    assert subject_of(resource) == (ORDERS if resource is EMAIL else resource)
    assert columns_of(resource) == (Only(frozenset({"email"})) if resource is EMAIL else AllExcept())


@pytest.mark.parametrize(("resource", "everything", "database", "table", "place"), RESOURCES)
def test_all_and_its_members_are_one_thing(resource, everything, database, table, place):
    assert expand(frozenset({ALL}), resource) == (everything or {ALL})
    assert expand(frozenset({ALL, Permission("NEW")}), resource) == {"NEW"} | (everything or {ALL})
    assert expand(frozenset({SELECT}), resource) == {"SELECT"}
    assert expand(frozenset(), resource) == set()


def test_which_permissions_read():
    assert {"INSERT", "DELETE"} == RAW_READS
    assert {"SELECT", "INSERT", "DELETE", "ALL"} == READS


def test_any_permission_implies_describe_and_none_implies_nothing():
    assert implied(frozenset({SELECT})) == {"SELECT", "DESCRIBE"}
    assert implied(frozenset()) == set()


# ------------------------------------------------------------------------------------------------------------- columns
UNIVERSE = frozenset("abc")
NAMES = [frozenset(names) for size in range(4) for names in itertools.combinations("abc", size)]
COLUMNS = [kind(names) for kind in (Only, AllExcept) for names in NAMES]


@pytest.mark.parametrize("left", COLUMNS)
@pytest.mark.parametrize("right", COLUMNS)
def test_what_is_beyond_is_the_difference_of_what_is_visible(left, right):
    beyond = minus(left, right)
    assert visible(beyond, UNIVERSE, named=True) == (
        visible(left, UNIVERSE, named=True) - visible(right, UNIVERSE, named=True)
    )
    assert isinstance(beyond, AllExcept) is (isinstance(left, AllExcept) and isinstance(right, Only))


@pytest.mark.parametrize(
    ("shown", "named", "expected"),
    [
        (Only(frozenset("ad")), True, set("ad")),
        (Only(frozenset("ad")), False, set("a")),
        (AllExcept(frozenset("ad")), True, {*"bc", FUTURE}),
        (AllExcept(frozenset("ad")), False, {*"bc", FUTURE}),
        (AllExcept(), False, {*"abc", FUTURE}),
        (Only(frozenset({'"a"."x"', '"d"."x"'})), False, {'"a"."x"'}),
        (AllExcept(frozenset({'"a"."x"'})), False, {*"bc", 'a without "a"."x"', FUTURE}),
        (AllExcept(frozenset({'"a"."x"', '"a"."y"', "b"})), True, {"c", 'a without "a"."x", "a"."y"', FUTURE}),
        (AllExcept(frozenset({'"a"."x"', "a"})), True, {*"bc", FUTURE}),
    ],
)
def test_visible_columns_and_those_to_come(shown, named, expected):
    assert visible(shown, UNIVERSE, named=named) == expected


def test_what_is_to_come_is_spelt_as_no_name_can_be():
    assert FUTURE == "*"


# ----------------------------------------------------------------------------------------------------------- locations
@pytest.mark.parametrize(
    ("inner", "outer", "inside"),
    [
        ("b/sales", "b/sales", True),
        ("b/sales/eu", "b/sales", True),
        ("b/sales2", "b/sales", False),
        ("b", "b/sales", False),
        ("c/sales", "b/sales", False),
    ],
)
def test_a_location_is_within_by_segment(inner, outer, inside):
    assert within(inner, outer) is inside


# ---------------------------------------------------------------------------------------------------------------- tags
@pytest.mark.parametrize(
    ("expression", "tags", "meant"),
    [
        ({"domain": {"hr"}}, {"domain": "hr"}, True),
        ({"domain": {"hr", "it"}}, {"domain": "it", "level": "1"}, True),
        ({"domain": {"hr"}}, {"domain": "it"}, False),
        ({"domain": {"hr"}}, {}, False),
        ({"domain": {"*"}}, {"domain": "it"}, True),
        ({"domain": {"*"}}, {"level": "it"}, False),
        ({"domain": {"hr"}, "level": {"1"}}, {"domain": "hr"}, False),
        ({"domain": {"hr"}, "level": {"1"}}, {"domain": "hr", "level": "2"}, False),
        ({"domain": {"hr"}, "level": {"1"}}, {"domain": "hr", "level": "1"}, True),
        ({}, {}, True),
    ],
)
def test_an_expression_means_objects_with_all_its_keys(expression, tags, meant):
    assert matches(tuple((key, frozenset(values)) for key, values in expression.items()), tags) is meant


@pytest.mark.parametrize(
    ("inner", "outer", "inside"),
    [
        (("a", "x"), ("a", "x"), True),
        (("a", "x"), ("a", "xy"), True),
        (("a", "xy"), ("a", "x"), False),
        (("a", "xy"), ("a", "*"), True),
        (("a", "*"), ("a", "xy"), False),
        (("a", "x"), ("b", "x"), False),
    ],
)
def test_a_tag_is_within_a_tag_by_its_values(inner, outer, inside):
    small, big = (LFTag(HOME, key, frozenset(values)) for key, values in (inner, outer))
    assert tag_within(small, big) is inside
    assert tag_within(small, LFTag("444455556666", big.key, big.values)) is False


def test_a_quoted_name_alone_is_a_column_in_quotes():
    assert holder('"Customer"') == "customer"
    assert holder('"a""b"."c"') == 'a"b'
    assert holder("customer") is None


def test_a_column_whose_name_looks_like_a_part_of_another_is_itself():
    universe = frozenset({"id", '"id"'})
    assert visible(AllExcept(frozenset({'"id"'})), universe, named=False) == {"id", "*"}
