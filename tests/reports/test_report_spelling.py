"""How nouns are written, for scripts and for people."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_samples import ACCOUNT, HOSTILE, LAKE, MESSAGES, SELECT, UNKNOWN, finding

from checks import spelling
from checks.model import (
    EVERYONE,
    Access,
    AllExcept,
    AllTables,
    AnyResource,
    Catalog,
    ColumnRef,
    Columns,
    Database,
    DataCellsFilter,
    DataLocation,
    Evidence,
    Function,
    LFTag,
    Only,
    OptInRef,
    Permission,
    PolicyRef,
    Principal,
    Reach,
    RLSPolicy,
    SavedExpression,
    SettingRef,
    Side,
    Subject,
    Table,
    TableColumns,
    TagPolicy,
    TagRef,
    UnknownResource,
    Witness,
)

RAW = Database(ACCOUNT, "raw")
ORDERS = Table(ACCOUNT, "raw", "orders")
TAGS = (("domain", frozenset({"hr"})), ("sensitivity", frozenset({"public", "internal"})))

RESOURCES = [
    pytest.param(Catalog(ACCOUNT), {"kind": "catalog"}, f"catalog {ACCOUNT}", id="catalog"),
    pytest.param(RAW, {"kind": "database", "database": "raw"}, "database raw", id="database"),
    pytest.param(ORDERS, {"kind": "table", "database": "raw", "table": "orders"}, "raw.orders", id="table"),
    pytest.param(
        AllTables(ACCOUNT, "raw"),
        {"kind": "table", "database": "raw", "table": "*"},
        "every table of raw",
        id="table wildcard",
    ),
    pytest.param(
        TableColumns(ORDERS, Only(frozenset({"b", "a"}))),
        {"kind": "columns", "database": "raw", "table": "orders", "columns": ["a", "b"]},
        "raw.orders (columns a, b)",
        id="some columns",
    ),
    pytest.param(
        TableColumns(ORDERS, AllExcept(frozenset({"ssn"}))),
        {"kind": "columns", "database": "raw", "table": "orders", "columns": {"except": ["ssn"]}},
        "raw.orders (every column but ssn)",
        id="all columns but",
    ),
    pytest.param(
        DataLocation(ACCOUNT, "arn:aws:s3:::lake/raw"),
        {"kind": "data_location", "arn": "arn:aws:s3:::lake/raw"},
        "location arn:aws:s3:::lake/raw",
        id="location",
    ),
    pytest.param(
        DataCellsFilter(ORDERS, "eu"),
        {"kind": "data_cells_filter", "database": "raw", "table": "orders", "name": "eu"},
        "filter eu on raw.orders",
        id="filter",
    ),
    pytest.param(
        LFTag(ACCOUNT, "domain", frozenset({"*"})),
        {"kind": "lf_tag", "key": "domain", "values": ["*"]},
        "LF-tag domain = any value",
        id="tag with every value",
    ),
    pytest.param(
        TagPolicy(ACCOUNT, "TABLE", TAGS),
        {
            "kind": "lf_tag_policy",
            "resource_type": "TABLE",
            "expression": [
                {"key": "domain", "values": ["hr"]},
                {"key": "sensitivity", "values": ["internal", "public"]},
            ],
            "name": None,
        },
        "tables tagged domain = hr and sensitivity = internal or public",
        id="tag policy",
    ),
    pytest.param(
        TagPolicy(ACCOUNT, "DATABASE", (), "staff"),
        {"kind": "lf_tag_policy", "resource_type": "DATABASE", "expression": [], "name": "staff"},
        "databases that match the saved expression staff",
        id="tag policy by saved expression",
    ),
    pytest.param(
        SavedExpression(ACCOUNT, "staff"),
        {"kind": "lf_tag_expression", "name": "staff"},
        "saved expression staff",
        id="saved expression",
    ),
    pytest.param(RLSPolicy(ACCOUNT, "own"), {"kind": "rls_policy", "name": "own"}, "row-level policy own", id="rls"),
    pytest.param(
        Function(ACCOUNT, "raw", "*"),
        {"kind": "user_defined_function", "database": "raw", "name": "*"},
        "every function of raw",
        id="functions",
    ),
    pytest.param(
        AnyResource(ACCOUNT, "TABLE"),
        {"kind": "any_resource", "resource_type": "TABLE"},
        "every TABLE of the catalog",
        id="any resource",
    ),
    pytest.param(
        UnknownResource(ACCOUNT, '{"New":{}}'),
        {"kind": "unknown", "text": '{"New":{}}'},
        'a resource of unknown kind {"New":{}}',
        id="unknown",
    ),
    pytest.param(
        SettingRef("DataLakeAdmins"),
        {"kind": "setting", "catalog": None, "name": "DataLakeAdmins"},
        "setting DataLakeAdmins",
        id="setting",
    ),
    pytest.param(
        SettingRef("CreateTableDefaultPermissions", RAW),
        {"kind": "setting", "name": "CreateTableDefaultPermissions", "database": "raw"},
        "setting CreateTableDefaultPermissions of database raw",
        id="a database's default",
    ),
    pytest.param(
        TagRef(ColumnRef(ORDERS, "ssn"), "sensitivity"),
        {"kind": "columns", "database": "raw", "table": "orders", "columns": ["ssn"], "key": "sensitivity"},
        "tag sensitivity on raw.orders.ssn",
        id="tag on a column",
    ),
    pytest.param(PolicyRef(ACCOUNT), {"kind": "resource_policy"}, f"Glue resource policy of catalog {ACCOUNT}", id="p"),
    pytest.param(
        OptInRef(ORDERS), {"kind": "table", "database": "raw", "table": "orders"}, "opt-in on raw.orders", id="opt-in"
    ),
]


@pytest.mark.parametrize(("resource", "spelt", "words"), RESOURCES)
def test_resource(resource, spelt, words):
    empty = {"catalog": ACCOUNT, "database": None, "table": None, "columns": None, "arn": None}
    assert spelling.resource(resource) == empty | spelt
    assert list(spelling.resource(resource))[:6] == ["kind", "catalog", "database", "table", "columns", "arn"]
    assert spelling.words(resource) == words


@pytest.mark.parametrize(
    ("columns", "spelt"),
    [
        (None, None),
        (Only(frozenset({"b", "a"})), ["a", "b"]),
        (Only(frozenset()), []),
        (AllExcept(), "*"),
        (AllExcept(frozenset({"b", "a"})), {"except": ["a", "b"]}),
    ],
)
def test_columns(columns: Columns | None, spelt):
    assert spelling.columns(columns) == spelt


def test_columns_of_an_access_are_never_null():
    assert spelling.access(Access(Permission("CREATE_TABLE")))["columns"] == "*"


def test_many_principals_are_many():
    assert spelling.reach(Reach(None, 1, 2, 3))["principals"] == "many"
    assert spelling.reach_words(Reach(1200, 1, 9888, 40)) == "1,200 principals, 1 table, 9,888 columns (40 sensitive)"


def test_a_setting_of_a_lake_has_its_account_as_catalog():
    subject = Subject("setting", None, SettingRef("DataLakeAdmins"), LAKE)
    assert spelling.subject(subject)["resource"]["catalog"] == ACCOUNT


def test_a_witness_row_is_json_whatever_its_values():
    row = (("a", Decimal("1.50")), ("b", float("nan")), ("c", None), ("d", True), ("e", 7), ("f", 0.5))
    spelt = spelling.witness(Witness(None, "SELECT", row=row))["row"]
    assert spelt == {"a": "1.50", "b": "nan", "c": None, "d": True, "e": 7, "f": 0.5}
    json.dumps(spelt, allow_nan=False)


def test_finding_has_the_keys_of_the_contract():
    spelt = spelling.finding(finding())
    assert list(spelt["attribution"]) == ["last_updated_by", "last_updated"]
    assert spelt["id"] == "0000000000000001"
    assert spelt["evidence"][0]["pointer"] == "/response/PrincipalResourcePermissions/0"
    assert spelt["subject"]["resource"]["columns"] == ["message_id", "sent_at"]
    assert spelt["added"] == [{"permission": "SELECT", "columns": ["body", "sender"], "grantable": False, "rows": None}]
    assert spelling.finding(UNKNOWN)["witness"] is None


@pytest.mark.parametrize(
    ("principal", "words"),
    [
        (None, "a principal that could not be read"),
        (EVERYONE, "everyone whom IAM allows (IAM_ALLOWED_PRINCIPALS)"),
        ("444455556666", "account 444455556666"),
        ("444455556666:IAMPrincipals", "every IAM principal of account 444455556666"),
        ("arn:aws:iam::444455556666:root", "account 444455556666"),
        (f"arn:aws:iam::{ACCOUNT}:role/path/marketing", "role/path/marketing"),
        ("arn:aws:iam::444455556666:role/marketing", "role/marketing of account 444455556666"),
        ("arn:aws:identitystore:::group/a-b", "group/a-b"),
        (f"arn:aws:organizations::{ACCOUNT}:organization/o-1", "organization/o-1"),
        (f"arn:aws:iam::{ACCOUNT}:saml-provider/idp:user/x:y", "saml-provider/idp:user/x:y"),
        ("arn:aws:iam::", "arn:aws:iam::"),
        ("\u202eevil", "\\u202eevil"),
        ("١١١١٢٢٢٢٣٣٣٣", "١١١١٢٢٢٢٣٣٣٣"),
    ],
)
def test_principal_words(principal, words):
    assert spelling.principal_words(principal and Principal(principal), home=ACCOUNT) == words


def test_words_of_a_subject_a_witness_and_an_access():
    subject = Subject("grant", Principal(f"arn:aws:iam::{ACCOUNT}:role/marketing"), MESSAGES, LAKE)
    assert spelling.subject_words(subject) == "role/marketing on telemetry_raw.private_messages"
    unread = Subject("grant", None, MESSAGES, LAKE)
    assert spelling.subject_words(unread) == "a principal that could not be read on telemetry_raw.private_messages"
    assert spelling.subject_words(Subject("table", None, MESSAGES, LAKE)) == "telemetry_raw.private_messages"
    witness = Witness(
        "444455556666", "SELECT", ACCOUNT, "raw", "orders", "id", (("a", "o'k"), ("b", None), ("c", True))
    )
    assert spelling.witness_words(witness) == (
        "account 444455556666 can SELECT raw.orders.id where a = 'o''k' and b = NULL and c = TRUE"
    )
    assert spelling.witness_words(Witness(None, None)) == "somebody can reach the lake"
    access = Access(SELECT, AllExcept(frozenset({"ssn"})), grantable=True, rows="a = 1")
    assert spelling.access_words(access) == "SELECT on every column but ssn where a = 1, and may pass it on"


def test_words_of_evidence():
    declared = Evidence(Side.DECLARED, None, "/deployment/resources/3", "urn:x", "p/dev", "__main__.py#66")
    assert spelling.evidence_words(declared) == (
        "declared: program __main__.py#66, stack p/dev, urn:x, /deployment/resources/3"
    )
    assert spelling.evidence_words(Evidence(Side.LIVE, 12, "/response")) == "live: recording line 12, /response"


@given(st.text(st.characters()) | st.text(st.sampled_from("".join(HOSTILE.values()))))
def test_printable_text_cannot_move_colour_or_hide(text):
    shown = spelling.printable(text)
    assert shown.isprintable()
    assert spelling.printable(shown) == shown
    assert shown.encode("utf-8", "strict").decode() == shown


def test_printable_shows_escapes():
    assert spelling.printable("a\u202eb\x1b[0m\ud800\U000e0041\n") == "a\\u202eb\\u001b[0m\\ud800\\U000e0041\\u000a"


@given(st.text(max_size=60), st.integers(5, 40))
def test_shortened_keeps_both_ends(text, limit):
    short = spelling.shortened(text, limit)
    assert len(short) <= limit
    assert short == text if len(text) <= limit else (short[0] == text[0] and short[-1] == text[-1] and "…" in short)
