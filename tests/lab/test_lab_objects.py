"""Settings, filters, locations, opt-ins, row-level policies, and what the catalog does to Lake Formation."""

from __future__ import annotations

import pytest
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
    settle,
    tag,
    who,
)

from lab.lakeformation import AwsError
from lab.server import Lab

OPEN = [{"Principal": who(EVERYONE), "Permissions": ["ALL"]}]
BODY = {
    "TableCatalogId": ACCOUNT,
    "DatabaseName": "Raw",
    "TableName": "EVENTS",
    "Name": "Some",
    "RowFilter": {"FilterExpression": "person = 'a'"},
    "ColumnNames": ["person"],
}
NAME = {key: BODY[key] for key in ("TableCatalogId", "DatabaseName", "TableName", "Name")}


# ---------------------------------------------------------------------------------------------------------- settings
def test_a_fresh_account_leaves_everything_to_iam():
    with Lab.start() as lab:
        found = lf(lab, "GetDataLakeSettings")["DataLakeSettings"]
        assert found["CreateDatabaseDefaultPermissions"] == found["CreateTableDefaultPermissions"] == OPEN
        assert found["DataLakeAdmins"] == found["ReadOnlyAdmins"] == []
        glue(lab, "CreateDatabase", DatabaseInput={"Name": "raw"})
        make_table(lab, "events")
        assert [(row[0], row[2]) for row in brief(listed(lab))] == [(EVERYONE, ["ALL"]), (EVERYONE, ["ALL"])]


def test_putting_settings_replaces_them_all(lab):
    given = {
        "DataLakeAdmins": [who(OTHER)],
        "AllowExternalDataFiltering": True,
        "Parameters": {"CROSS_ACCOUNT_VERSION": "4"},
    }
    lf(lab, "PutDataLakeSettings", DataLakeSettings=given)
    found = lf(lab, "GetDataLakeSettings")["DataLakeSettings"]
    assert found["ReadOnlyAdmins"] == []
    assert found["AllowExternalDataFiltering"] is True
    assert found["Parameters"] == {"CROSS_ACCOUNT_VERSION": "4", "SET_CONTEXT": "TRUE"}
    lf(lab, "PutDataLakeSettings", DataLakeSettings={})
    found = lf(lab, "GetDataLakeSettings")["DataLakeSettings"]
    assert (found["DataLakeAdmins"], found["AllowExternalDataFiltering"]) == ([], False)
    assert found["Parameters"]["CROSS_ACCOUNT_VERSION"] == "1"


def test_defaults_are_nothing_or_everything_for_everyone(lab):
    for wrong in (
        [{"Principal": who(ANALYST), "Permissions": ["ALL"]}],
        [{"Principal": who(EVERYONE), "Permissions": ["SELECT"]}],
    ):
        with pytest.raises(AwsError, match="InvalidInput"):
            lf(lab, "PutDataLakeSettings", DataLakeSettings={"CreateTableDefaultPermissions": wrong})
    with pytest.raises(AwsError, match="at most 30"):
        lf(lab, "PutDataLakeSettings", DataLakeSettings={"DataLakeAdmins": [who(f"{ANALYST}{n}") for n in range(31)]})


def test_the_caller_is_told_by_name(lab):
    assert lf(lab, "GetDataLakePrincipal", ANALYST) == {"Identity": ANALYST}
    assert lf(lab, "GetDataLakePrincipal") == {"Identity": lab.operator}


# ---------------------------------------------------------------------------------------------------------- catalog
def test_default_permissions_of_a_database_open_its_new_tables(lab):
    body = {"Name": "Open", "CreateTableDefaultPermissions": OPEN}
    glue(lab, "CreateDatabase", DatabaseInput=body)
    make_table(lab, "T", database="OPEN")
    table = {"Table": {"CatalogId": ACCOUNT, "DatabaseName": "open", "Name": "t"}}
    assert brief(listed(lab)) == [(EVERYONE, table, ["ALL"], [])]
    assert glue(lab, "GetDatabase", Name="open")["Database"]["CreateTableDefaultPermissions"] == OPEN
    assert glue(lab, "GetDatabase", Name="raw")["Database"]["CreateTableDefaultPermissions"] == []


def test_a_database_that_names_no_defaults_takes_the_accounts(lab):
    lf(lab, "PutDataLakeSettings", DataLakeSettings={"CreateTableDefaultPermissions": OPEN})
    glue(lab, "CreateDatabase", DatabaseInput={"Name": "silent"})
    glue(lab, "CreateDatabase", DatabaseInput={"Name": "closed", "CreateTableDefaultPermissions": []})
    found = {d["Name"]: d["CreateTableDefaultPermissions"] for d in glue(lab, "GetDatabases")["DatabaseList"]}
    assert found == {"raw": [], "silent": OPEN, "closed": []}
    glue(lab, "UpdateDatabase", Name="silent", DatabaseInput={"Name": "silent", "Description": "d"})
    assert glue(lab, "GetDatabase", Name="silent")["Database"]["CreateTableDefaultPermissions"] == OPEN


def test_names_are_folded_and_tables_keep_what_they_are_given(lab):
    table = glue(lab, "GetTable", DatabaseName="RAW", Name="Events")["Table"]
    assert (table["Name"], table["DatabaseName"], table["CatalogId"]) == ("events", "raw", ACCOUNT)
    assert [c["Name"] for c in table["StorageDescriptor"]["Columns"]] == ["person", "text", "at"]
    assert table["CreatedBy"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/lake-deployer/floodline"
    with pytest.raises(AwsError, match="AlreadyExistsException"):
        make_table(lab, "EVENTS")


def test_an_update_is_a_new_version(lab):
    body = {"Name": "events", "StorageDescriptor": {"Location": "s3://elsewhere/"}}
    glue(lab, "UpdateTable", DatabaseName="raw", TableInput=body)
    table = glue(lab, "GetTable", DatabaseName="raw", Name="events")["Table"]
    assert (table["VersionId"], table["StorageDescriptor"]["Location"]) == ("2", "s3://elsewhere/")
    assert table["PartitionKeys"] == []


def test_creators_get_their_rows_only_if_the_lab_is_told_so():
    with Lab.start(creator_grants=True) as lab:
        settle(lab)
        rows = listed(lab)
        assert {row["Principal"]["DataLakePrincipalIdentifier"] for row in rows} == {lab.operator}
        assert len(rows) == 1 + 2 * 3
        assert rows[0]["PermissionsWithGrantOption"] == rows[0]["Permissions"]


def test_deleting_a_table_takes_all_that_hangs_on_it(lab):
    lf(lab, "CreateDataCellsFilter", TableData=BODY)
    cells = {"DataCellsFilter": {"DatabaseName": "raw", "TableName": "events", "Name": "Some"}}
    for resource in (EVENTS, columns_of("text"), cells):
        grant(lab, ANALYST, resource, "SELECT")
    tag(lab, EVENTS, domain="hr")
    lf(lab, "CreateLakeFormationOptIn", Principal=who(ANALYST), Resource=EVENTS)
    glue(lab, "DeleteTable", DatabaseName="raw", Name="events")
    make_table(lab, "events")
    assert listed(lab) == []
    assert lf(lab, "ListDataCellsFilter")["DataCellsFilters"] == []
    assert lf(lab, "ListLakeFormationOptIns")["LakeFormationOptInsInfoList"] == []
    assert lf(lab, "GetResourceLFTags", Resource=EVENTS) == {}


def test_deleting_a_database_takes_its_tables_and_their_grants(lab):
    grant(lab, ANALYST, RAW, "DESCRIBE")
    grant(lab, ANALYST, {"Table": {"DatabaseName": "raw", "TableWildcard": {}}}, "SELECT")
    grant(lab, ANALYST, EVENTS, "SELECT")
    glue(lab, "DeleteDatabase", Name="raw")
    assert listed(lab) == []
    with pytest.raises(AwsError, match="EntityNotFoundException"):
        glue(lab, "GetTables", DatabaseName="raw")


def test_functions_can_be_granted_and_go_with_their_grants(lab):
    body = {"FunctionName": "Mask", "GovernanceMode": "LAKE_FORMATION"}
    glue(lab, "CreateUserDefinedFunction", DatabaseName="raw", FunctionInput=body)
    function = {"UserDefinedFunction": {"DatabaseName": "raw", "Name": "mask"}}
    grant(lab, ANALYST, function, "EXECUTE")
    assert len(listed(lab, ResourceType="USER_DEFINED_FUNCTION")) == 1
    glue(lab, "DeleteUserDefinedFunction", DatabaseName="raw", FunctionName="MASK")
    assert listed(lab) == []


def test_nested_catalogs_have_databases_of_their_own(lab):
    nested = f"{ACCOUNT}:sub"
    glue(lab, "CreateCatalog", Name="sub", CatalogInput={"CreateTableDefaultPermissions": OPEN})
    glue(lab, "CreateDatabase", CatalogId=nested, DatabaseInput={"Name": "raw"})
    body = {"Name": "t", "StorageDescriptor": {"Columns": [{"Name": "c", "Type": "int"}]}}
    glue(lab, "CreateTable", CatalogId=nested, DatabaseName="raw", TableInput=body)
    assert [t["Name"] for t in glue(lab, "GetTables", CatalogId=nested, DatabaseName="raw")["TableList"]] == ["t"]
    assert len(glue(lab, "GetTables", DatabaseName="raw")["TableList"]) == 3
    assert listed(lab) == []
    assert [row[0] for row in brief(listed(lab, CatalogId=nested))] == [EVERYONE]
    grant(lab, ANALYST, {"Catalog": {"Id": nested}}, "SUPER_USER")
    assert listed(lab, ResourceType="CATALOG")[0]["Resource"] == {"Catalog": {"Id": nested}}


def test_the_overwrite_flag_reopens_a_catalog(lab):
    nested = f"{ACCOUNT}:sub"
    glue(lab, "CreateCatalog", Name="sub", CatalogInput={})
    glue(lab, "CreateDatabase", CatalogId=nested, DatabaseInput={"Name": "d"})
    glue(lab, "CreateTable", CatalogId=nested, DatabaseName="d", TableInput={"Name": "t"})
    table = {"Table": {"CatalogId": nested, "DatabaseName": "d", "Name": "t"}}
    grant(lab, ANALYST, table, "SELECT")
    body = {"CreateTableDefaultPermissions": OPEN, "OverwriteChildResourcePermissionsWithDefault": "Accept"}
    glue(lab, "UpdateCatalog", CatalogId=nested, CatalogInput=body)
    assert brief(listed(lab, CatalogId=nested)) == [(EVERYONE, table, ["ALL"], [])]


# ---------------------------------------------------------------------------------------------------------- filters
def test_an_update_replaces_the_body_and_leaves_the_grants(lab):
    lf(lab, "CreateDataCellsFilter", TableData=BODY)
    grant(lab, ANALYST, {"DataCellsFilter": NAME}, "SELECT")
    rows = listed(lab, Resource=EVENTS, IncludeRelated="TRUE")
    everything = {**NAME, "RowFilter": {"AllRowsWildcard": {}}, "ColumnWildcard": {"ExcludedColumnNames": ["text"]}}
    lf(lab, "UpdateDataCellsFilter", TableData=everything)
    found = lf(lab, "GetDataCellsFilter", **NAME)["DataCellsFilter"]
    assert found.pop("VersionId") == "2"
    assert found == {
        "TableCatalogId": ACCOUNT,
        "DatabaseName": "raw",
        "TableName": "events",
        "Name": "Some",
        "RowFilter": {"FilterExpression": "TRUE", "AllRowsWildcard": {}},
        "ColumnWildcard": {"ExcludedColumnNames": ["text"]},
    }
    assert listed(lab, Resource=EVENTS, IncludeRelated="TRUE") == rows
    lf(lab, "DeleteDataCellsFilter", **NAME)
    assert listed(lab, Resource=EVENTS, IncludeRelated="TRUE") == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ColumnNames": ["nowhere"]}, "not found in table"),
        ({"ColumnNames": None}, "ColumnNames or a ColumnWildcard"),
        ({"ColumnWildcard": {}}, "ColumnNames or a ColumnWildcard"),
        ({"RowFilter": None}, "needs a row filter"),
        ({"RowFilter": {"FilterExpression": "a = 1", "AllRowsWildcard": {}}}, "not both"),
        ({"TableName": "nowhere"}, "EntityNotFoundException"),
    ],
)
def test_filters_that_make_no_sense_are_refused(lab, change, message):
    body = {key: value for key, value in {**BODY, **change}.items() if value is not None}
    with pytest.raises(AwsError, match=message):
        lf(lab, "CreateDataCellsFilter", TableData=body)
    assert lf(lab, "ListDataCellsFilter")["DataCellsFilters"] == []


def test_filters_are_listed_by_table_and_to_those_who_own_them(lab):
    for table in ("events", "keys"):
        lf(lab, "CreateDataCellsFilter", TableData={**BODY, "TableName": table})

    def tables(principal=None, **more):
        return [f["TableName"] for f in lf(lab, "ListDataCellsFilter", principal, **more)["DataCellsFilters"]]

    assert tables() == tables(AUDITOR) == ["events", "keys"]
    assert tables(Table=EVENTS["Table"]) == ["events"]
    assert tables(ANALYST) == []
    grant(lab, ANALYST, EVENTS, "SELECT", grantable=["SELECT"])
    assert tables(ANALYST) == ["events"]


# -------------------------------------------------------------------------------------------------------- locations
def register(lab, arn, **flags):
    lf(lab, "RegisterResource", ResourceArn=arn, RoleArn=f"arn:aws:iam::{ACCOUNT}:role/register", **flags)


def test_a_location_keeps_every_flag(lab):
    flags = {"HybridAccessEnabled": True, "WithFederation": True, "WithPrivilegedAccess": True}
    register(lab, "arn:aws:s3:::lake/raw/", **flags, ExpectedResourceOwnerAccount=ACCOUNT)
    (found,) = lf(lab, "ListResources")["ResourceInfoList"]
    assert found["ResourceArn"] == "arn:aws:s3:::lake/raw"
    assert {flag: found[flag] for flag in flags} == flags
    assert found["ExpectedResourceOwnerAccount"] == ACCOUNT
    lf(lab, "UpdateResource", ResourceArn="arn:aws:s3:::lake/raw", RoleArn=ANALYST, HybridAccessEnabled=False)
    found = lf(lab, "DescribeResource", ResourceArn="s3://lake/raw")["ResourceInfo"]
    assert (found["RoleArn"], found["HybridAccessEnabled"], found["WithFederation"]) == (ANALYST, False, True)


def test_registration_shows_on_tables_by_path_segment(lab):
    register(lab, "arn:aws:s3:::lake/raw/event")

    def registered():
        tables = glue(lab, "GetTables", DatabaseName="raw")["TableList"]
        return [table["Name"] for table in tables if table["IsRegisteredWithLakeFormation"]]

    assert registered() == []
    register(lab, "arn:aws:s3:::lake/raw/events")
    assert registered() == ["events"]
    register(lab, "arn:aws:s3:::lake")
    assert registered() == ["events", "keys", "screens"]
    lf(lab, "DeregisterResource", ResourceArn="arn:aws:s3:::lake")
    assert registered() == ["events"]


def test_location_grants_need_a_registered_parent(lab):
    register(lab, "arn:aws:s3:::lake/raw")
    grant(lab, ANALYST, {"DataLocation": {"ResourceArn": "s3://lake/raw/events/"}}, "ALL")
    (row,) = listed(lab)
    assert row["Permissions"] == ["DATA_LOCATION_ACCESS"]
    assert row["Resource"]["DataLocation"]["ResourceArn"] == "arn:aws:s3:::lake/raw/events"
    with pytest.raises(AwsError, match="register the S3 path"):
        grant(lab, ANALYST, {"DataLocation": {"ResourceArn": "arn:aws:s3:::lake/rawest"}}, "DATA_LOCATION_ACCESS")


def test_registering_twice_and_forgetting_the_unknown_are_refused(lab):
    register(lab, "arn:aws:s3:::lake")
    with pytest.raises(AwsError, match="AlreadyExistsException"):
        register(lab, "arn:aws:s3:::lake/")
    with pytest.raises(AwsError, match="EntityNotFoundException"):
        lf(lab, "DeregisterResource", ResourceArn="arn:aws:s3:::other")
    with pytest.raises(AwsError, match="RoleArn or UseServiceLinkedRole"):
        lf(lab, "RegisterResource", ResourceArn="arn:aws:s3:::other")


def test_locations_can_be_filtered(lab):
    for name in ("a", "b", "c"):
        register(lab, f"arn:aws:s3:::{name}")

    def found(operator, *values):
        condition = {"Field": "RESOURCE_ARN", "ComparisonOperator": operator, "StringValueList": list(values)}
        rows = lf(lab, "ListResources", FilterConditionList=[condition])["ResourceInfoList"]
        return [row["ResourceArn"][-1] for row in rows]

    assert found("EQ", "arn:aws:s3:::b") == ["b"]
    assert found("NE", "arn:aws:s3:::b") == ["a", "c"]
    assert found("IN", "arn:aws:s3:::a", "arn:aws:s3:::c") == ["a", "c"]
    assert found("BETWEEN", "arn:aws:s3:::a", "arn:aws:s3:::b") == ["a", "b"]
    assert found("CONTAINS", ":::c") == ["c"]


# ---------------------------------------------------------------------------------------------------------- opt-ins
def test_opt_ins_are_made_listed_and_undone(lab):
    for resource in (RAW, EVENTS):
        for arn in (ANALYST, OTHER):
            lf(lab, "CreateLakeFormationOptIn", Principal=who(arn), Resource=resource)

    def count(**more):
        return len(lf(lab, "ListLakeFormationOptIns", AUDITOR, **more)["LakeFormationOptInsInfoList"])

    assert (count(), count(Principal=who(ANALYST)), count(Principal=who(ANALYST), Resource=RAW)) == (4, 2, 1)
    lf(lab, "DeleteLakeFormationOptIn", Principal=who(ANALYST), Resource=RAW)
    assert count(Principal=who(ANALYST), Resource=RAW) == 0
    with pytest.raises(AwsError, match="EntityNotFoundException"):
        lf(lab, "DeleteLakeFormationOptIn", Principal=who(ANALYST), Resource=RAW)
    with pytest.raises(AwsError, match="AccessDeniedException"):
        lf(lab, "ListLakeFormationOptIns", ANALYST)


# ----------------------------------------------------------------------------------------- row-level policies and more
def test_row_level_policies_are_attached_and_shown_on_the_table(lab):
    columns = [{"Name": "person", "Type": "string"}]
    lf(lab, "CreateRLSPolicy", Name="Own", AttachmentColumns=columns, FilterExpression="person = 'a'")
    lf(lab, "AttachRLSPolicy", Name="own", Resource=EVENTS, SetDefault=True)
    lf(lab, "AttachRLSPolicy", Name="OWN", Resource=EVENTS, Principal=who(ANALYST))
    attachments = lf(lab, "ListRLSPolicyAttachments", Principal=who(ANALYST))["RLSPolicyAttachments"]
    assert [(a["PolicyName"], a["DefaultRLSPolicy"]) for a in attachments] == [("Own", False)]
    assert glue(lab, "GetTable", DatabaseName="raw", Name="events")["Table"]["RLSProperties"] == {
        "DefaultRLSPolicy": "Own"
    }
    lf(lab, "DeleteRLSPolicy", Name="own")
    assert lf(lab, "ListRLSPolicyAttachments")["RLSPolicyAttachments"] == []
    assert "RLSProperties" not in glue(lab, "GetTable", DatabaseName="raw", Name="events")["Table"]


def test_there_is_no_identity_center_unless_somebody_made_it(lab):
    with pytest.raises(AwsError, match="EntityNotFoundException"):
        lf(lab, "DescribeLakeFormationIdentityCenterConfiguration")


def test_permissions_for_a_path_gather_locations_databases_and_tables(lab):
    register(lab, "arn:aws:s3:::lake")
    grant(lab, ANALYST, {"DataLocation": {"ResourceArn": "arn:aws:s3:::lake"}}, "DATA_LOCATION_ACCESS")
    grant(lab, ANALYST, RAW, "DESCRIBE")
    grant(lab, ANALYST, EVENTS, "SELECT")
    grant(lab, ANALYST, {"Table": {"DatabaseName": "raw", "Name": "keys"}}, "SELECT")

    def kinds(arn):
        rows = lf(lab, "GetEffectivePermissionsForPath", ResourceArn=arn)["Permissions"]
        return [next(iter(row["Resource"])) for row in rows]

    assert kinds("arn:aws:s3:::lake/raw") == ["DataLocation", "Database", "TableWithColumns", "TableWithColumns"]
    assert kinds("arn:aws:s3:::lake/raw/events") == ["DataLocation", "TableWithColumns"]
