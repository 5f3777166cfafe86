"""Grants: what AWS lists for what was granted, what it refuses, what a revoke leaves."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import settings as law
from hypothesis import strategies as st
from lab_world import (
    ACCOUNT,
    ANALYST,
    AUDITOR,
    EVENTS,
    EVERYONE,
    OTHER,
    RAW,
    brief,
    columns_of,
    glue,
    grant,
    lf,
    listed,
    make_table,
    revoke,
    settle,
    tag,
    who,
)

from lab.lakeformation import AwsError
from lab.lakeformation.resources import VALID, parse
from lab.server import Lab

EVERY_TABLE = {"Table": {"DatabaseName": "raw", "TableWildcard": {}}}
WHOLE = {"TableWithColumns": {"CatalogId": ACCOUNT, "DatabaseName": "raw", "Name": "events", "ColumnWildcard": {}}}
TABLE = {"Table": {"CatalogId": ACCOUNT, "DatabaseName": "raw", "Name": "events"}}
EXPANDED = ["ALL", "ALTER", "DELETE", "DESCRIBE", "DROP", "INSERT"]
PEOPLE = f"{ACCOUNT}:IAMPrincipals"


def filter_on(lab, name="some", table="events"):
    body = {
        "TableCatalogId": ACCOUNT,
        "DatabaseName": "raw",
        "TableName": table,
        "Name": name,
        "RowFilter": {"FilterExpression": "person = 'a'"},
        "ColumnWildcard": {},
    }
    lf(lab, "CreateDataCellsFilter", TableData=body)
    return {"DataCellsFilter": {"DatabaseName": "raw", "TableName": table, "Name": name}}


# ------------------------------------------------------------------------------------------------------ listing form
def test_select_is_split_from_the_other_permissions(lab):
    grant(lab, ANALYST, EVENTS, "SELECT", "DESCRIBE", "INSERT", grantable=["SELECT"])
    assert brief(listed(lab)) == [
        (ANALYST, TABLE, ["DESCRIBE", "INSERT"], []),
        (ANALYST, WHOLE, ["SELECT"], ["SELECT"]),
    ]


def test_select_alone_has_one_row(lab):
    grant(lab, ANALYST, EVENTS, "SELECT")
    assert brief(listed(lab)) == [(ANALYST, WHOLE, ["SELECT"], [])]


def test_all_brings_its_members_and_a_select_row(lab):
    grant(lab, ANALYST, EVENTS, "ALL", grantable=["ALL"])
    assert brief(listed(lab)) == [(ANALYST, TABLE, EXPANDED, EXPANDED), (ANALYST, WHOLE, ["SELECT"], ["SELECT"])]


def test_all_can_be_listed_alone():
    with Lab.start(expand_all=False) as lab:
        settle(lab)
        grant(lab, ANALYST, EVENTS, "ALL")
        assert brief(listed(lab)) == [(ANALYST, TABLE, ["ALL"], [])]


def test_all_of_a_database_brings_the_database_members(lab):
    grant(lab, ANALYST, RAW, "ALL")
    assert brief(listed(lab))[0][2] == ["ALL", "ALTER", "CREATE_TABLE", "DESCRIBE", "DROP"]


def test_all_for_everyone_stands_alone(lab):
    grant(lab, "IAMAllowedPrincipals", EVENTS, "ALL")
    assert brief(listed(lab)) == [(EVERYONE, TABLE, ["ALL"], [])]


def test_all_tables_are_listed_by_their_upper_case_name(lab):
    grant(lab, ANALYST, EVERY_TABLE, "ALL")
    table, columns = (row["Resource"] for row in listed(lab))
    assert table == {"Table": {"CatalogId": ACCOUNT, "DatabaseName": "raw", "Name": "ALL_TABLES", "TableWildcard": {}}}
    assert columns["TableWithColumns"] == {
        "CatalogId": ACCOUNT,
        "DatabaseName": "raw",
        "Name": "ALL_TABLES",
        "ColumnWildcard": {},
    }


def test_a_table_called_all_tables_is_a_table(lab):
    make_table(lab, "ALL_tables")
    grant(lab, ANALYST, {"Table": {"DatabaseName": "raw", "Name": "all_tables"}}, "DESCRIBE")
    (row,) = listed(lab)
    assert row["Resource"]["Table"]["Name"] == "all_tables"
    assert "TableWildcard" not in row["Resource"]["Table"]


def test_a_column_wildcard_without_exclusions_is_the_whole_table(lab):
    wildcard = {"DatabaseName": "raw", "Name": "events", "ColumnWildcard": {"ExcludedColumnNames": []}}
    grant(lab, ANALYST, {"TableWithColumns": wildcard}, "SELECT", "DESCRIBE")
    assert brief(listed(lab)) == [(ANALYST, TABLE, ["DESCRIBE"], []), (ANALYST, WHOLE, ["SELECT"], [])]


def test_columns_of_two_grants_add_up(lab):
    grant(lab, ANALYST, columns_of("text"), "SELECT")
    grant(lab, ANALYST, columns_of("at"), "SELECT")
    grant(lab, ANALYST, columns_of("person"), "SELECT", grantable=["SELECT"])
    plain, passable = listed(lab)
    assert plain["Resource"]["TableWithColumns"]["ColumnNames"] == ["text", "at"]
    assert passable["Resource"]["TableWithColumns"]["ColumnNames"] == ["person"]
    assert passable["PermissionsWithGrantOption"] == ["SELECT"]


def test_excluded_columns_are_their_own_row(lab):
    for excluded in (["text"], ["text", "at"]):
        wildcard = {"ExcludedColumnNames": excluded}
        resource = {"TableWithColumns": {"DatabaseName": "raw", "Name": "events", "ColumnWildcard": wildcard}}
        grant(lab, ANALYST, resource, "SELECT")
    found = [row["Resource"]["TableWithColumns"]["ColumnWildcard"]["ExcludedColumnNames"] for row in listed(lab)]
    assert found == [["text"], ["at", "text"]]


def test_lf_tag_permissions_have_a_row_each(lab):
    grant(lab, ANALYST, {"LFTag": {"TagKey": "DOMAIN", "TagValues": ["*"]}}, "DESCRIBE", "ASSOCIATE")
    assert [row["Permissions"] for row in listed(lab)] == [["ASSOCIATE"], ["DESCRIBE"]]
    assert listed(lab)[0]["Resource"]["LFTag"]["TagKey"] == "domain"


def test_grants_that_differ_in_condition_are_two(lab):
    grant(lab, PEOPLE, EVENTS, "SELECT")
    for _ in range(2):
        grant(lab, PEOPLE, EVENTS, "SELECT", Condition={"Expression": "true"})
    plain, conditional = listed(lab)
    assert "Condition" not in plain
    assert conditional["Condition"] == {"Expression": "true"}


def test_who_and_when_are_noted():
    with Lab.start(clock=lambda: 1_700_000_000.5) as lab:
        settle(lab)
        grant(lab, ANALYST, RAW, "DESCRIBE")
        (row,) = listed(lab)
        assert (row["LastUpdated"], row["LastUpdatedBy"]) == (1_700_000_000.5, lab.operator)


def test_a_tag_policy_comes_back_sorted_and_lower_case(lab):
    expression = [
        {"TagKey": "Sensitivity", "TagValues": ["Public", "internal"]},
        {"TagKey": "domain", "TagValues": ["hr"]},
    ]
    grant(lab, ANALYST, {"LFTagPolicy": {"ResourceType": "TABLE", "Expression": expression}}, "SELECT", "DESCRIBE")
    (row,) = listed(lab)
    assert row["Permissions"] == ["DESCRIBE", "SELECT"]
    assert row["Resource"]["LFTagPolicy"]["Expression"] == [
        {"TagKey": "domain", "TagValues": ["hr"]},
        {"TagKey": "sensitivity", "TagValues": ["internal", "public"]},
    ]


# ----------------------------------------------------------------------------------------------------------- filters
def test_lf_tag_policy_as_a_type_answers_database_policies_only(lab):
    for kind in ("DATABASE", "TABLE"):
        expression = [{"TagKey": "domain", "TagValues": ["hr"]}]
        grant(lab, ANALYST, {"LFTagPolicy": {"ResourceType": kind, "Expression": expression}}, "DESCRIBE")

    def kinds(asked):
        return [row["Resource"]["LFTagPolicy"]["ResourceType"] for row in listed(lab, ResourceType=asked)]

    assert kinds("LF_TAG_POLICY") == ["DATABASE"]
    assert kinds("LF_TAG_POLICY_DATABASE") == ["DATABASE"]
    assert kinds("LF_TAG_POLICY_TABLE") == ["TABLE"]


def test_filter_grants_show_only_with_related_rows(lab):
    grant(lab, ANALYST, filter_on(lab), "SELECT")
    grant(lab, OTHER, EVENTS, "SELECT")
    assert [row["Principal"] for row in listed(lab)] == [who(OTHER)]
    assert [row["Principal"] for row in listed(lab, ResourceType="TABLE")] == [who(OTHER)]
    assert [row["Principal"] for row in listed(lab, Resource=EVENTS)] == [who(OTHER)]
    related = listed(lab, Resource=EVENTS, IncludeRelated="TRUE")
    assert [next(iter(row["Resource"])) for row in related] == ["DataCellsFilter", "TableWithColumns"]


def test_related_rows_need_a_table_and_no_principal(lab):
    for wrong in ({}, {"Resource": RAW}, {"Resource": EVENTS, "Principal": who(ANALYST)}):
        with pytest.raises(AwsError, match="IncludeRelated"):
            listed(lab, IncludeRelated="TRUE", **wrong)


def test_a_table_is_asked_for_as_a_table(lab):
    grant(lab, ANALYST, columns_of("text"), "SELECT")
    grant(lab, ANALYST, EVERY_TABLE, "DESCRIBE")
    assert [next(iter(row["Resource"])) for row in listed(lab, Resource=EVENTS)] == ["TableWithColumns"]
    with pytest.raises(AwsError, match="TableWithColumns"):
        listed(lab, Resource=columns_of("text"))


def test_a_table_that_is_not_there_is_refused_not_empty(lab):
    with pytest.raises(AwsError, match="AccessDeniedException: Resource does not exist"):
        listed(lab, Resource={"Table": {"DatabaseName": "raw", "Name": "nowhere"}})


def test_identity_center_principals_are_traps(lab):
    group = "arn:aws:identitystore:::group/1"
    grant(lab, group, EVENTS, "SELECT")
    assert len(listed(lab)) == 1
    assert listed(lab, Principal=who(group)) == []
    with pytest.raises(AwsError, match="AccountId cannot be null or empty"):
        listed(lab, Principal=who("arn:aws:identitystore:::user/1"))


def test_principal_and_resource_together_answer_effective_permissions(lab):
    grant(lab, ANALYST, EVERY_TABLE, "DESCRIBE", "SELECT")
    grant(lab, ANALYST, EVENTS, "INSERT")
    assert brief(listed(lab, Principal=who(ANALYST), Resource=EVENTS)) == [
        (ANALYST, TABLE, ["DESCRIBE", "INSERT"], []),
        (ANALYST, WHOLE, ["SELECT"], []),
    ]
    assert brief(listed(lab, Principal=who(lab.operator), Resource=EVENTS)) == [
        (lab.operator, TABLE, EXPANDED, EXPANDED),
        (lab.operator, WHOLE, ["SELECT"], ["SELECT"]),
    ]


def test_effective_permissions_include_tag_policies(lab):
    expression = [{"TagKey": "domain", "TagValues": ["hr"]}]
    grant(lab, ANALYST, {"LFTagPolicy": {"ResourceType": "TABLE", "Expression": expression}}, "SELECT")
    assert listed(lab, Principal=who(ANALYST), Resource=EVENTS) == []
    tag(lab, RAW, domain="hr")
    assert brief(listed(lab, Principal=who(ANALYST), Resource=EVENTS)) == [(ANALYST, WHOLE, ["SELECT"], [])]


def test_effective_permissions_of_a_column_reader_name_the_columns(lab):
    grant(lab, ANALYST, columns_of("at"), "SELECT")
    (row,) = listed(lab, Principal=who(ANALYST), Resource=EVENTS)
    assert row["Resource"]["TableWithColumns"]["ColumnNames"] == ["at"]


# --------------------------------------------------------------------------------------------------------- who sees
def test_administrators_see_all_and_others_what_they_hold(lab):
    grant(lab, ANALYST, EVENTS, "ALTER", "SELECT")
    grant(lab, OTHER, EVENTS, "ALTER", "SELECT", "DROP")
    grant(lab, OTHER, RAW, "ALL")
    everything = listed(lab)
    assert brief(listed(lab, AUDITOR)) == brief(everything)
    seen = brief(listed(lab, ANALYST))
    assert [row for row in seen if row[0] == OTHER] == [
        (OTHER, TABLE, ["ALTER"], []),
        (OTHER, WHOLE, ["SELECT"], []),
    ]
    assert listed(lab, "arn:aws:iam::111122223333:role/nobody") == []


def test_glue_shows_others_only_what_they_hold(lab):
    grant(lab, ANALYST, EVENTS, "DESCRIBE")

    def tables(arn):
        return [table["Name"] for table in glue(lab, "GetTables", arn, DatabaseName="raw")["TableList"]]

    assert tables(ANALYST) == ["events"]
    assert tables(AUDITOR) == ["events", "keys", "screens"]
    assert [d["Name"] for d in glue(lab, "GetDatabases", ANALYST)["DatabaseList"]] == ["raw"]
    assert glue(lab, "GetDatabases", OTHER)["DatabaseList"] == []
    grant(lab, EVERYONE, EVERY_TABLE, "ALL")
    assert tables(OTHER) == ["events", "keys", "screens"]


def test_a_read_only_administrator_changes_nothing(lab):
    for arn in (AUDITOR, ANALYST):
        with pytest.raises(AwsError, match="AccessDeniedException"):
            grant(lab, ANALYST, RAW, "DESCRIBE", principal=arn)
        with pytest.raises(AwsError, match="AccessDeniedException"):
            lf(lab, "CreateLFTag", arn, TagKey="a", TagValues=["b"])
    with pytest.raises(AwsError, match="AccessDeniedException"):
        lf(lab, "PutDataLakeSettings", AUDITOR, DataLakeSettings={})


def test_the_grant_option_lets_a_reader_pass_it_on(lab):
    with pytest.raises(AwsError, match="AccessDeniedException"):
        grant(lab, OTHER, EVENTS, "SELECT", principal=ANALYST)
    grant(lab, ANALYST, EVENTS, "SELECT", "DESCRIBE", grantable=["SELECT"])
    grant(lab, OTHER, EVENTS, "SELECT", principal=ANALYST)
    with pytest.raises(AwsError, match="AccessDeniedException"):
        grant(lab, OTHER, EVENTS, "DESCRIBE", principal=ANALYST)


# ----------------------------------------------------------------------------------------------------------- refused
@pytest.mark.parametrize(
    ("resource", "permission"),
    [
        (RAW, "SELECT"),
        (EVENTS, "CREATE_TABLE"),
        ({"Catalog": {}}, "SELECT"),
        (columns_of("text"), "DESCRIBE"),
        ({"LFTag": {"TagKey": "domain", "TagValues": ["hr"]}}, "SELECT"),
        (
            {"LFTagPolicy": {"ResourceType": "DATABASE", "Expression": [{"TagKey": "domain", "TagValues": ["hr"]}]}},
            "SELECT",
        ),
    ],
)
def test_permissions_that_do_not_fit_the_resource_are_refused(lab, resource, permission):
    with pytest.raises(AwsError, match="InvalidInputException"):
        grant(lab, ANALYST, resource, permission)
    assert listed(lab) == []


@pytest.mark.parametrize(
    ("resource", "code"),
    [
        ({"Database": {"Name": "nowhere"}}, "EntityNotFoundException"),
        ({"Table": {"DatabaseName": "raw", "Name": "nowhere"}}, "EntityNotFoundException"),
        (columns_of("nowhere"), "InvalidInputException.*non-existent column"),
        ({"DataLocation": {"ResourceArn": "arn:aws:s3:::elsewhere"}}, "register the S3 path"),
        ({"LFTag": {"TagKey": "nowhere", "TagValues": ["x"]}}, "EntityNotFoundException"),
        ({"LFTag": {"TagKey": "domain", "TagValues": ["nowhere"]}}, "InvalidInputException"),
        ({"LFTagPolicy": {"ResourceType": "TABLE", "ExpressionName": "nowhere"}}, "EntityNotFoundException"),
        ({"DataCellsFilter": {"DatabaseName": "raw", "TableName": "events", "Name": "no"}}, "EntityNotFoundException"),
        ({"Database": {"Name": "raw"}, "Catalog": {}}, "exactly one member"),
        ({"Table": {"DatabaseName": "raw"}}, "Name or a TableWildcard"),
        ({"Database": {"CatalogId": "444455556666", "Name": "raw"}}, "EntityNotFoundException"),
    ],
)
def test_resources_that_are_not_there_are_refused(lab, resource, code):
    member = next(iter(resource))
    fitting = {"Catalog": "DESCRIBE", "Database": "DESCRIBE", "Table": "DESCRIBE", "LFTag": "DESCRIBE"}
    permission = fitting.get(member) or min(VALID[parse(resource, ACCOUNT)[0].kind] - {"ALL"})
    with pytest.raises(AwsError, match=code):
        grant(lab, ANALYST, resource, permission)
    assert listed(lab) == []


def test_what_a_partial_reader_cannot_be_given(lab):
    grant(lab, ANALYST, columns_of("at"), "SELECT")
    for permission in ("DESCRIBE", "ALTER", "INSERT"):
        with pytest.raises(AwsError, match="Permissions modification is invalid"):
            grant(lab, ANALYST, EVENTS, permission)
    grant(lab, OTHER, EVENTS, "INSERT")
    grant(lab, OTHER, columns_of("at"), "SELECT")
    assert len(listed(lab, Principal=who(OTHER))) == 2


def test_conditions_and_exclusions_carry_no_grant_option(lab):
    with pytest.raises(AwsError, match="IAMPrincipals"):
        grant(lab, ANALYST, EVENTS, "SELECT", Condition={"Expression": "true"})
    with pytest.raises(AwsError, match="with a condition"):
        grant(lab, PEOPLE, EVENTS, "SELECT", grantable=["SELECT"], Condition={"Expression": "true"})
    wildcard = {"DatabaseName": "raw", "Name": "events", "ColumnWildcard": {"ExcludedColumnNames": ["at"]}}
    with pytest.raises(AwsError, match="excluded columns"):
        grant(lab, ANALYST, {"TableWithColumns": wildcard}, "SELECT", grantable=["SELECT"])
    with pytest.raises(AwsError, match="must be among"):
        grant(lab, ANALYST, EVENTS, "SELECT", grantable=["DESCRIBE"])


def test_another_account_gets_no_drop_on_a_database(lab):
    for permission in ("ALL", "DROP"):
        with pytest.raises(AwsError, match="another account"):
            grant(lab, "444455556666", RAW, permission)
    grant(lab, "444455556666", RAW, "DESCRIBE", grantable=["DESCRIBE"])


# ----------------------------------------------------------------------------------------------------------- revokes
def test_revoking_nothing_is_an_error(lab):
    for _ in range(2):
        with pytest.raises(AwsError, match="No permissions revoked"):
            revoke(lab, ANALYST, EVENTS, "SELECT")
        grant(lab, ANALYST, EVENTS, "SELECT")
        revoke(lab, ANALYST, EVENTS, "SELECT")
    assert listed(lab) == []


def test_revoking_all_leaves_a_select_of_its_own(lab):
    grant(lab, ANALYST, EVENTS, "ALL", "SELECT")
    revoke(lab, ANALYST, EVENTS, "ALL")
    assert brief(listed(lab)) == [(ANALYST, WHOLE, ["SELECT"], [])]


def test_revoking_what_the_listing_shows_leaves_nothing(lab):
    grant(lab, ANALYST, EVENTS, "ALL")
    revoke(lab, ANALYST, EVENTS, "ALL", "ALTER", "DELETE", "DESCRIBE", "DROP", "INSERT", "SELECT")
    assert listed(lab) == []


def test_revoking_a_member_breaks_all_up(lab):
    grant(lab, ANALYST, EVENTS, "ALL")
    revoke(lab, ANALYST, EVENTS, "INSERT")
    assert brief(listed(lab)) == [
        (ANALYST, TABLE, ["ALTER", "DELETE", "DESCRIBE", "DROP"], []),
        (ANALYST, WHOLE, ["SELECT"], []),
    ]


def test_the_grant_option_alone_can_be_revoked(lab):
    grant(lab, ANALYST, EVENTS, "SELECT", grantable=["SELECT"])
    revoke(lab, ANALYST, EVENTS, grantable=["SELECT"])
    assert brief(listed(lab)) == [(ANALYST, WHOLE, ["SELECT"], [])]


def test_one_column_can_be_revoked(lab):
    grant(lab, ANALYST, columns_of("text", "at"), "SELECT")
    revoke(lab, ANALYST, columns_of("text"), "SELECT")
    assert listed(lab)[0]["Resource"]["TableWithColumns"]["ColumnNames"] == ["at"]


def test_a_batch_fails_entry_by_entry(lab):
    entry = {"Principal": who(ANALYST), "Permissions": ["DESCRIBE"]}
    entries = [
        {"Id": "good", **entry, "Resource": EVENTS},
        {"Id": "bad", **entry, "Resource": {"Database": {"Name": "nowhere"}}},
        {"Id": "none", **entry},
    ]
    failures = lf(lab, "BatchGrantPermissions", Entries=entries)["Failures"]
    assert [(f["RequestEntry"]["Id"], f["Error"]["ErrorCode"]) for f in failures] == [
        ("bad", "EntityNotFoundException"),
        ("none", "InvalidInputException"),
    ]
    assert len(listed(lab)) == 1
    assert [f["RequestEntry"]["Id"] for f in lf(lab, "BatchRevokePermissions", Entries=entries)["Failures"]] == [
        "bad",
        "none",
    ]
    with pytest.raises(AwsError, match="at most 20"):
        lf(lab, "BatchGrantPermissions", Entries=[{"Id": str(n), **entry, "Resource": RAW} for n in range(21)])


ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(["grant", "revoke"]),
        st.sampled_from([ANALYST, OTHER]),
        st.sampled_from(["raw", "events", "keys", "*"]),
        st.sets(st.sampled_from(["ALL", "DESCRIBE", "DROP", "ALTER"]), min_size=1),
        st.booleans(),
    ),
    max_size=25,
)


@law(max_examples=60, deadline=None)
@given(ACTIONS)
def test_what_is_listed_can_be_revoked_as_listed(actions):
    """Whatever happened, revoking every listed row as it stands leaves an empty listing."""
    with Lab.start(empty_pages=False) as lab:
        settle(lab)
        for verb, arn, where, permissions, passable in actions:
            resource = {"raw": RAW, "*": EVERY_TABLE}.get(where) or {"Table": {"DatabaseName": "raw", "Name": where}}
            if verb == "grant":
                grant(lab, arn, resource, *permissions, grantable=permissions if passable else ())
            else:
                with suppress(AwsError):
                    revoke(lab, arn, resource, *permissions)
        keys = [(row["Principal"]["DataLakePrincipalIdentifier"], str(row["Resource"])) for row in listed(lab)]
        assert len(keys) == len(set(keys))
        for row in listed(lab):
            assert set(row["PermissionsWithGrantOption"]) <= set(row["Permissions"])
        while rows := listed(lab):
            row = rows[0]
            revoke(lab, row["Principal"]["DataLakePrincipalIdentifier"], row["Resource"], *row["Permissions"])
        assert lab.lake().grants.held == {}
