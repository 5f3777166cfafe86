"""Pages: whatever their size, the same rows; empty ones with a token; tokens that do not fit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import settings as law
from hypothesis import strategies as st
from lab_world import (
    ACCOUNT,
    AUDITOR,
    EVENTS,
    RAW,
    brief,
    glue,
    grant,
    lf,
    listed,
    make_table,
    pages,
    settle,
    tag,
    who,
)

from lab.lakeformation import AwsError
from lab.server import Lab

HR = [{"TagKey": "domain", "TagValues": ["hr"]}]


def role(number):
    return f"arn:aws:iam::{ACCOUNT}:role/r{number}"


@pytest.fixture(scope="module")
def full():
    """A lab in which every listing has a dozen rows or more, blank pages among them."""
    with Lab.start() as lab:
        settle(lab)
        tag(lab, RAW, domain="hr")
        for number in range(12):
            glue(lab, "CreateDatabase", DatabaseInput={"Name": f"d{number}"})
            tag(lab, {"Database": {"Name": f"d{number}"}}, domain="hr")
            make_table(lab, f"t{number}")
            make_table(lab, "only", database=f"d{number}")
            grant(lab, role(number), EVENTS, "SELECT", "DESCRIBE")
            lf(lab, "CreateLFTag", TagKey=f"k{number}", TagValues=["v"])
            lf(lab, "CreateLFTagExpression", Name=f"e{number}", Expression=HR)
            lf(lab, "RegisterResource", ResourceArn=f"arn:aws:s3:::b{number}", UseServiceLinkedRole=True)
            lf(lab, "CreateLakeFormationOptIn", Principal=who(role(number)), Resource=EVENTS)
            body = {"TableCatalogId": ACCOUNT, "DatabaseName": "raw", "TableName": "events", "Name": f"f{number}"}
            rows = {"RowFilter": {"AllRowsWildcard": {}}, "ColumnWildcard": {}}
            lf(lab, "CreateDataCellsFilter", TableData={**body, **rows})
            columns = [{"Name": "person", "Type": "string"}]
            lf(lab, "CreateRLSPolicy", Name=f"p{number}", AttachmentColumns=columns, FilterExpression="TRUE")
            lf(lab, "AttachRLSPolicy", Name=f"p{number}", Resource=EVENTS, Principal=who(role(number)))
            function = {"FunctionName": f"f{number}", "GovernanceMode": "LAKE_FORMATION"}
            glue(lab, "CreateUserDefinedFunction", DatabaseName="raw", FunctionInput=function)
            glue(lab, "CreateCatalog", Name=f"c{number}", CatalogInput={})
        yield lab
        assert lab.crashes == []


LISTINGS = [
    ("lakeformation", "ListPermissions", "PrincipalResourcePermissions", {}),
    ("lakeformation", "ListPermissions", "PrincipalResourcePermissions", {"ResourceType": "TABLE"}),
    ("lakeformation", "ListPermissions", "PrincipalResourcePermissions", {"Resource": EVENTS}),
    ("lakeformation", "ListLFTags", "LFTags", {}),
    ("lakeformation", "ListLFTagExpressions", "LFTagExpressions", {}),
    ("lakeformation", "ListResources", "ResourceInfoList", {}),
    ("lakeformation", "ListLakeFormationOptIns", "LakeFormationOptInsInfoList", {}),
    ("lakeformation", "ListDataCellsFilter", "DataCellsFilters", {}),
    ("lakeformation", "ListRLSPolicies", "RLSPolicies", {}),
    ("lakeformation", "ListRLSPolicyAttachments", "RLSPolicyAttachments", {}),
    ("lakeformation", "SearchTablesByLFTags", "TableList", {"Expression": HR}),
    ("lakeformation", "SearchDatabasesByLFTags", "DatabaseList", {"Expression": HR}),
    ("glue", "GetDatabases", "DatabaseList", {}),
    ("glue", "GetTables", "TableList", {"DatabaseName": "raw"}),
    ("glue", "GetUserDefinedFunctions", "UserDefinedFunctions", {"Pattern": "*"}),
    ("glue", "GetCatalogs", "CatalogList", {}),
]
IDS = [f"{operation}{n}" for n, (_, operation, _, _) in enumerate(LISTINGS)]


@pytest.mark.parametrize(("service", "operation", "member", "parameters"), LISTINGS, ids=IDS)
@law(max_examples=25, deadline=None)
@given(sizes=st.lists(st.integers(1, 100), min_size=1, max_size=6))
def test_pages_of_any_size_give_the_same_rows(full, service, operation, member, parameters, sizes):
    whole = [row for page in pages(lambda **p: full.call(service, operation, p), **parameters) for row in page[member]]
    rows, token, turn = [], None, 0
    while True:
        more = {} if token is None else {"NextToken": token}
        page = full.call(
            service, operation, {**parameters, **more, "MaxResults": sizes[turn % len(sizes)]}, principal=AUDITOR
        )
        assert len(page[member]) <= sizes[turn % len(sizes)]
        rows += page[member]
        turn += 1
        token = page.get("NextToken")
        if token is None:
            break
    assert rows == whole
    assert len(rows) >= 12


@pytest.mark.parametrize(("service", "operation", "member", "parameters"), LISTINGS, ids=IDS)
def test_an_empty_page_with_a_token_is_not_the_end(full, service, operation, member, parameters):
    walk = list(pages(lambda **p: full.call(service, operation, p), **parameters, MaxResults=4))
    counts = [len(page[member]) for page in walk]
    first = 0 if operation.startswith("Search") else 1
    assert counts[first] == 0
    assert "NextToken" in walk[first]
    assert sum(counts) >= 12


def test_pages_can_be_capped_for_all_listings():
    with Lab.start(page_limit=1, empty_pages=False) as lab:
        settle(lab)
        walk = list(pages(lambda **p: glue(lab, "GetTables", **p), DatabaseName="raw", MaxResults=100))
        assert [len(page["TableList"]) for page in walk] == [1, 1, 1]


def test_a_token_of_another_request_is_refused(full):
    token = lf(full, "ListPermissions", MaxResults=2)["NextToken"]
    for wrong in ({"ResourceType": "TABLE", "NextToken": token}, {"NextToken": "bm9uc2Vuc2U="}, {"NextToken": "é"}):
        with pytest.raises(AwsError, match="NextToken"):
            lf(full, "ListPermissions", **wrong)
    with pytest.raises(AwsError, match="NextToken"):
        lf(full, "ListLFTags", NextToken=token)


def test_page_sizes_that_aws_refuses_are_refused(full):
    for operation, size in (("ListPermissions", 1001), ("ListLFTags", 1001)):
        with pytest.raises(AwsError, match="InvalidInput"):
            lf(full, operation, MaxResults=size)
    with pytest.raises(AwsError, match="InvalidInput"):
        lf(full, "SearchTablesByLFTags", Expression=HR, MaxResults=101)
    with pytest.raises(AwsError, match="InvalidInput"):
        glue(full, "GetTables", DatabaseName="raw", MaxResults=101)


def test_a_change_between_two_pages_disturbs_no_other_row(lab):
    for number in range(6):
        grant(lab, role(number), RAW, "DESCRIBE")
    before = brief(listed(lab))
    page = lf(lab, "ListPermissions", MaxResults=3)
    revoke = {"Principal": who(role(0)), "Resource": RAW, "Permissions": ["DESCRIBE"]}
    lf(lab, "RevokePermissions", **revoke)
    grant(lab, role(4), RAW, "ALTER")
    rest = lf(lab, "ListPermissions", MaxResults=10, NextToken=page["NextToken"])
    assert [row[0] for row in brief(page["PrincipalResourcePermissions"] + rest["PrincipalResourcePermissions"])] == [
        row[0] for row in before
    ]
