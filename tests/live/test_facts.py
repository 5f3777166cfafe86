"""Answers into facts: every noun, every way to be incomplete, and nothing that depends on order."""

import dataclasses
import io
import json
import re
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_aws import (
    ACCOUNT,
    ANALYST,
    AUDITOR,
    CATALOG,
    GRANTS,
    LAKE,
    ORDERS,
    REGION,
    SESSION,
    Aws,
    granted,
    needed,
    read,
    tag,
    who,
)

from checks.grants import Grants
from checks.live.answer import Answer, Cut, Failure
from checks.live.facts import build, build_many
from checks.live.recording import Header, Writer
from checks.live.recording import read as read_recording
from checks.model import (
    ALL_ROWS,
    EVERYONE,
    AllExcept,
    AllTables,
    AnyResource,
    Catalog,
    ColumnRef,
    Database,
    DataCellsFilter,
    DataLocation,
    Facts,
    Function,
    LFTag,
    Only,
    RLSPolicy,
    SavedExpression,
    Table,
    TableColumns,
    TagPolicy,
    UnknownResource,
    Where,
)
from checks.semantics import TABLE_MEMBERS

ORDERS_TABLE = Table(ACCOUNT, "sales", "orders")
SALES = Database(ACCOUNT, "sales")
WHOLE = needed(read(Aws()))
OPTIONAL = {"GetDataLakePrincipal", "GetCallerIdentity", "GetResourcePolicy", "GetResourcePolicies",
            "DescribeLakeFormationIdentityCenterConfiguration", "GetDataCatalogEncryptionSettings",
            "GetUserDefinedFunctions", "GetResourceLFTags"}  # fmt: skip


def lake_of(answers):
    (lake,) = build(answers).lakes
    return lake


def without(*operations, answers=WHOLE):
    return [one for one in answers if one.operation not in operations]


def with_response(operation, response, answers=WHOLE):
    """Replace the first answer of *operation* about the root catalog, and drop its other pages."""
    out, done = [], False
    for one in answers:
        if one.operation != operation:
            out.append(one)
        elif not done and "CatalogId" not in one.request:
            out.append(dataclasses.replace(one, response=json.dumps(response).encode(), error=None))
            done = True
    assert done
    return out


def extra(operation, request, response=None, error=None, service="lakeformation", **more):
    data = None if response is None else json.dumps(response).encode()
    return Answer(ACCOUNT, more.get("region", REGION), service, operation, request, data, error, "", 999)


def gaps_of(live, facts):
    return [gap for lake in live.lakes for gap in lake.gaps if gap.facts is facts]


# -------------------------------------------------------------------------------------------------------------- nouns
def test_every_kind_of_resource_and_principal_is_read():
    lake = lake_of(WHOLE)
    got = {(g.principal, g.resource, g.permissions, g.grantable, g.condition) for g in lake.grants}

    def has(who_, resource, *permissions, options=(), condition=None):
        return (who_, resource, frozenset(permissions), frozenset(options), condition) in got

    everybody_here = f"{ACCOUNT}:IAMPrincipals"
    assert has(ANALYST, Catalog(ACCOUNT), "CREATE_DATABASE")
    assert has(ANALYST, SALES, "DESCRIBE", "CREATE_TABLE")
    # ALL is spelt out, and SELECT, which AWS lists apart, is united with it.
    assert has(ANALYST, ORDERS_TABLE, *TABLE_MEMBERS, options=["INSERT"])
    columns = TableColumns(ORDERS_TABLE, Only(frozenset({"id", "amount"})))
    assert has("444455556666", columns, "SELECT", options=["SELECT"])
    all_but = TableColumns(ORDERS_TABLE, AllExcept(frozenset({"ssn"})))
    assert has(everybody_here, all_but, "SELECT", condition="context.iam.x == 1")
    assert has(everybody_here, all_but, "SELECT")
    assert has(EVERYONE, AllTables(ACCOUNT, "sales"), *TABLE_MEMBERS)
    assert has(ANALYST, AllTables(ACCOUNT, "sales"), "SELECT")
    assert has(ANALYST, Table(ACCOUNT, "sales", "all_tables"), "DROP"), "a real table may be named like the wildcard"
    assert has(f"arn:aws:iam::{ACCOUNT}:saml-provider/okta:group/hr", DataLocation(ACCOUNT, "arn:aws:s3:::lake/raw"),
               "DATA_LOCATION_ACCESS")  # fmt: skip
    assert has("arn:aws:identitystore:::group/g-1", DataCellsFilter(ORDERS_TABLE, "eu"), "SELECT")
    assert has("arn:aws:organizations::444455556666:ou/o-abc/ou-def",
               LFTag(ACCOUNT, "sensitivity", frozenset({"*"})), "ASSOCIATE", "DESCRIBE")  # fmt: skip
    expression = (("sensitivity", frozenset({"public", "internal"})),)
    assert has(f"arn:aws:quicksight:us-east-1:{ACCOUNT}:group/default/bi", TagPolicy(ACCOUNT, "TABLE", expression),
               "SELECT", "DESCRIBE")  # fmt: skip
    assert has(ANALYST, TagPolicy(ACCOUNT, "DATABASE", (), "open"), "DESCRIBE")
    assert has(ANALYST, SavedExpression(ACCOUNT, "open"), "DROP")
    assert has(ANALYST, RLSPolicy(ACCOUNT, "region"), "ASSOCIATE")
    assert has(ANALYST, Function(ACCOUNT, "sales", "*"), "EXECUTE")
    function = f"arn:aws:glue:us-east-1:{ACCOUNT}:userDefinedFunction/sales/mask"
    assert has(function, AnyResource(ACCOUNT, "TABLE"), "SELECT", "FLY"), "an unknown permission is kept"
    assert len(got) == len(lake.grants) == len(GRANTS) - 1
    (described,) = [g for g in lake.grants if g.resource == SALES]
    assert (described.updated, described.updated_by) == ("2026-11-23T10:00:00Z", AUDITOR)


def test_everything_else_is_read():
    lake = lake_of(WHOLE)
    assert lake.id.partition == "aws"
    assert set(lake.databases) == {
        SALES, Database(ACCOUNT, "empty"), Database(ACCOUNT, "link"), Database(f"{ACCOUNT}:nested", "inner"),
    }  # fmt: skip
    assert lake.databases[SALES].table_defaults == frozenset({(EVERYONE, frozenset({"ALL"}))})
    assert lake.databases[Database(ACCOUNT, "link")].link_to == Database("444455556666", "far")
    assert lake.databases[Database(ACCOUNT, "link")].table_defaults == frozenset(), "live, absent is empty"
    orders = lake.tables[ORDERS_TABLE]
    assert [column.name for column in orders.columns] == ["id", "amount", "ssn"]
    assert [column.name for column in orders.partition_keys] == ["day"]
    assert orders.location == "arn:aws:s3:::lake/sales/Orders"
    assert (orders.created_by, orders.registered) == (ANALYST, True)
    assert lake.tables[Table(ACCOUNT, "sales", "v")].view_text == "select 1"
    assert lake.tables[Table(ACCOUNT, "sales", "far")].link_to == Table("444455556666", "far", "t")
    assert set(lake.tags) == {"sensitivity", "domain"}, "tags of other accounts are not this lake's"
    assert lake.tags["sensitivity"].values == {"public", "internal", "restricted"}
    assert {target: {key: one.value for key, one in held.items()} for target, held in lake.assignments.items()} == {
        SALES: {"sensitivity": "internal"},
        ORDERS_TABLE: {"sensitivity": "internal"},
        ColumnRef(ORDERS_TABLE, "ssn"): {"sensitivity": "restricted"},
    }, "a column's inherited value says nothing more"
    (saved,) = lake.expressions.values()
    assert saved.expression == (("sensitivity", frozenset({"public", "internal"})),)
    eu, every = lake.filters[DataCellsFilter(ORDERS_TABLE, "eu")], lake.filters[DataCellsFilter(ORDERS_TABLE, "all")]
    assert (eu.columns, eu.rows) == (Only(frozenset({"id"})), Where("region = 'eu'"))
    assert (every.columns, every.rows) == (AllExcept(frozenset({"ssn"})), ALL_ROWS)
    (location,) = lake.locations.values()
    assert (location.arn, location.hybrid, location.federation) == ("arn:aws:s3:::lake", True, False)
    (optin,) = lake.optins
    assert (optin.principal, optin.resource) == (ANALYST, ORDERS_TABLE)
    assert {(one.policy, one.principal, one.default) for one in lake.rls} == {
        ("region", ANALYST, False), ("region", None, True),
    }  # fmt: skip
    assert [one.text for one in lake.policies] == ['{"Statement":[],"Version":"2012-10-17"}']
    assert dict(lake.settings[0].members)["ReadOnlyAdmins"] == frozenset({AUDITOR})
    assert list(lake.catalogs) == [Catalog(f"{ACCOUNT}:nested")]
    assert (lake.caller.data_lake_admin, lake.caller.read_only_admin) == (False, True)
    assert not lake.gaps


def test_evidence_points_at_the_row():
    stream = io.BytesIO()
    with Writer(stream, Header()) as writer:
        for answer in WHOLE:
            writer.write(answer)
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]

    def at(evidence):
        value = lines[evidence.line - 1]
        for part in evidence.pointer.split("/")[1:]:
            value = value[int(part)] if isinstance(value, list) else value[part]
        return value

    lake = lake_of(WHOLE)
    for grant in lake.grants:
        assert at(grant.evidence)["Principal"]["DataLakePrincipalIdentifier"].replace("IAMAllowed", "") != ""
    assert at(lake.tables[ORDERS_TABLE].evidence)["Name"] == "Orders"
    assert at(lake.settings[0].evidence)["ReadOnlyAdmins"] == [who(AUDITOR)]
    assert at(lake.policies[0].evidence)["PolicyInJson"]


def test_hostile_names_pass_through_unchanged():
    name = "</script>\u202e\x1b[31m=cmd\n"
    answers = with_response("ListPermissions", {"PrincipalResourcePermissions": [
        granted(name, {"Database": {**CATALOG, "Name": name}}, "DESCRIBE"), granted(ANALYST, {name: {}}, "SELECT"),
    ]})  # fmt: skip
    lake = lake_of(answers)
    named, unknown = lake.grants
    assert (named.principal, named.resource) == (name, Database(ACCOUNT, name.lower()))
    assert isinstance(unknown.resource, UnknownResource)


@pytest.mark.parametrize(
    ("region", "partition"),
    [("us-east-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov"), ("eusc-de-east-1", "aws-eusc")],
)
def test_the_partition_follows_from_the_region(region, partition):
    assert lake_of([dataclasses.replace(one, region=region) for one in WHOLE]).id.partition == partition


# ------------------------------------------------------------------------------------------------------- completeness
@pytest.mark.parametrize("operation", sorted(set(LAKE)))
def test_a_call_that_was_not_made_is_unknown_never_empty(operation):
    live = build(without(operation))
    (lake,) = live.lakes
    if operation in OPTIONAL:
        assert live.complete
        assert not lake.gaps
        return
    if operation == "GetCatalogs":  # not required; nested catalogs are then not known of
        assert live.complete
        return
    assert not live.complete
    assert any(gap.source.endswith(operation) and "not made" in gap.reason for gap in lake.gaps)
    (row,) = [row for row in live.ledger if row.operation == operation]
    assert (row.calls, row.complete) == (0, False)


def test_without_any_resource_policy_call_the_policies_are_unknown():
    live = build(without("GetResourcePolicy", "GetResourcePolicies"))
    assert not live.complete
    assert gaps_of(live, Facts.POLICIES)


def test_not_found_is_an_answer():
    failure = Failure("EntityNotFoundException", "Policy not found", 400)
    answers = without("GetResourcePolicy", "GetResourcePolicies")
    live = build([*answers, extra("GetResourcePolicy", {}, error=failure, service="glue")])
    assert live.complete
    assert not live.lakes[0].policies
    role = extra(
        "GetRole", {"RoleName": "x"}, error=Failure("NoSuchEntity", "", 404), service="iam", region="us-east-1"
    )
    assert build([*WHOLE, role]).complete
    elsewhere = extra("ListResources", {}, error=failure)
    assert not build([*without("ListResources"), elsewhere]).complete


@pytest.mark.parametrize("operation", sorted(name for name, answer in LAKE.items() if isinstance(answer, tuple)))
def test_a_last_page_with_a_token_is_no_end(operation):
    pages = [one for one in WHOLE if one.operation == operation and b'"NextToken"' not in one.response]
    cut = json.loads(pages[-1].response) | {"NextToken": "more"}
    live = build([
        dataclasses.replace(one, response=json.dumps(cut).encode()) if one is pages[-1] else one for one in WHOLE
    ])  # fmt: skip
    assert not live.complete
    assert any("still carries a token" in gap.reason for gap in live.lakes[0].gaps)


def test_a_missing_page_in_the_middle_is_seen():
    pages = [one for one in WHOLE if one.operation == "ListPermissions"]
    assert not build([one for one in WHOLE if one is not pages[3]]).complete
    assert not build([one for one in WHOLE if one is not pages[0]]).complete


def test_a_later_try_makes_a_failure_good():
    page = next(one for one in WHOLE if one.operation == "ListPermissions" and "NextToken" in one.request)
    failed = dataclasses.replace(page, response=None, error=Failure("InternalServiceException", "", 500))
    live = build([failed, *WHOLE])
    assert live.complete
    (row,) = [row for row in live.ledger if row.operation == "ListPermissions"]
    assert row.errors == ("InternalServiceException",)


def test_sweeps_and_effective_permissions_add_no_doubt_and_no_grants():
    other = granted("444455556666", {"Database": {**CATALOG, "Name": "sales"}}, "DROP")
    page = {"PrincipalResourcePermissions": [other]}
    effective = extra("ListPermissions", {"Principal": who(ANALYST), "Resource": {"Table": ORDERS}}, page)
    live = build([*WHOLE, effective])
    assert live.complete
    assert live.lakes[0].grants == lake_of(WHOLE).grants
    assert any("effective permissions" in row.basis for row in live.ledger)
    sweep = extra("ListPermissions", {"ResourceType": "DATABASE"}, page)
    assert len(lake_of([*WHOLE, sweep]).grants) == len(lake_of(WHOLE).grants) + 1
    refused = extra("ListPermissions", {"ResourceType": "CATALOG"}, error=Failure("InvalidInputException", "", 400))
    assert build([*WHOLE, refused]).complete
    assert not build([*without("ListPermissions"), sweep]).complete, "a sweep by type is not the whole listing"


def test_names_only_are_no_tables():
    live = build([dataclasses.replace(one, request={**one.request, "AttributesToGet": ["NAME"]})
                  if one.operation == "GetTables" else one for one in WHOLE])  # fmt: skip
    assert not live.complete
    assert not live.lakes[0].tables


def test_filters_may_be_read_table_by_table():
    tables = [Table(ACCOUNT, "sales", name) for name in ("orders", "all_tables", "v")]
    by_table = [
        extra("ListDataCellsFilter", {"Table": {**CATALOG, "DatabaseName": one.database, "Name": one.name}},
              {"DataCellsFilters": []})
        for one in tables
    ]  # fmt: skip
    refused = extra("ListDataCellsFilter", {}, error=Failure("InvalidInputException", "", 400))
    assert build([*without("ListDataCellsFilter"), refused, *by_table]).complete
    live = build([*without("ListDataCellsFilter"), *by_table[1:]])
    assert not live.complete
    assert [gap.scope for gap in gaps_of(live, Facts.FILTERS)] == [ORDERS_TABLE]


def test_without_the_filters_the_grants_on_them_are_in_doubt_too():
    refused = extra("ListDataCellsFilter", {}, error=Failure("AccessDeniedException", "", 400))
    live = build([*without("ListDataCellsFilter"), refused])
    assert gaps_of(live, Facts.FILTERS)
    assert [gap.source for gap in gaps_of(live, Facts.GRANTS)] == ["lakeformation:ListDataCellsFilter"]


def test_grants_on_a_tables_filters_that_were_refused_are_a_gap():
    page = next(one for one in WHOLE if "IncludeRelated" in one.request)
    refused = dataclasses.replace(page, response=None, error=Failure("AccessDeniedException", "", 400))
    live = build([refused, *[one for one in WHOLE if "IncludeRelated" not in one.request]])
    assert not live.complete
    assert [gap.scope for gap in gaps_of(live, Facts.GRANTS)] == [ORDERS_TABLE]


def test_a_cut_is_a_gap_even_if_every_listing_ended():
    live = build([*WHOLE, Cut(80, "the recording is cut inside its last line")])
    assert not live.complete
    assert any("cut" in gap.reason and "80" in gap.reason for gap in live.lakes[0].gaps)
    nothing = build([Cut(2, "cut")])
    assert (nothing.lakes, nothing.complete) == ((), False)
    assert not nothing.ledger[0].complete


def test_nothing_read_is_not_complete():
    assert not build([]).complete


# ------------------------------------------------------------------------------------------------------------ caller
def caller_live(*, identity=None, session=None, admins=(), readers=()):
    answers = without("GetCallerIdentity", "GetDataLakePrincipal")
    answers = with_response(
        "GetDataLakeSettings",
        {
            "DataLakeSettings": {
                "DataLakeAdmins": [who(one) for one in admins],
                "ReadOnlyAdmins": [who(one) for one in readers],
            }
        },
        answers,
    )
    if identity:
        answers.append(extra("GetDataLakePrincipal", {}, {"Identity": identity}))
    if session:
        answers.append(extra("GetCallerIdentity", {}, {"Arn": session}, service="sts"))
    return build(answers)


ROOT_ROLE = f"arn:aws:iam::{ACCOUNT}:role/reader"
OTHER_PATH = f"arn:aws:iam::{ACCOUNT}:role/other/reader"
USER = f"arn:aws:iam::{ACCOUNT}:user/owner"


@pytest.mark.parametrize(
    ("known", "shown"),
    [
        ({"identity": AUDITOR, "readers": [AUDITOR]}, True),
        ({"identity": AUDITOR, "admins": [AUDITOR]}, True),
        ({"identity": AUDITOR, "readers": [OTHER_PATH]}, False),
        ({"identity": AUDITOR, "readers": [ROOT_ROLE]}, False),
        ({"identity": AUDITOR, "readers": ["arn:aws:iam::444455556666:role/audit/reader"]}, False),
        ({"identity": ROOT_ROLE, "readers": [AUDITOR]}, False),
        ({"session": SESSION, "readers": [AUDITOR]}, True),
        ({"session": SESSION, "admins": [ROOT_ROLE]}, True),
        ({"session": SESSION, "admins": [f"{ROOT_ROLE}2"]}, False),
        ({"session": SESSION, "admins": ["arn:aws:iam::444455556666:role/reader"]}, False),
        ({"session": SESSION, "admins": [f"arn:aws:iam::{ACCOUNT}:user/reader"]}, False),
        ({"session": SESSION, "identity": ROOT_ROLE, "readers": [AUDITOR]}, True),
        ({"session": SESSION, "identity": OTHER_PATH, "readers": [AUDITOR]}, False),
        ({"session": SESSION, "identity": ANALYST, "readers": [AUDITOR]}, False),
        ({"session": USER, "admins": [USER]}, True),
        ({"session": USER, "admins": [AUDITOR]}, False),
        ({"session": f"arn:aws:iam::{ACCOUNT}:root", "admins": [USER]}, False),
        ({"admins": [USER]}, None),
    ],
)
def test_who_is_shown_to_be_an_admin(known, shown):
    live = caller_live(**known)
    (lake,) = live.lakes
    assert live.complete is bool(shown)
    assert bool(gaps_of(live, Facts.CALLER)) is not bool(shown)
    admin = lake.caller.data_lake_admin, lake.caller.read_only_admin
    assert admin == (None, None) if shown is None else any(admin) is shown
    rows = [row for row in live.ledger if row.operation == "ListPermissions"]
    assert rows[0].complete is bool(shown), "who is no admin may see less"


def test_who_asks_holds_for_every_lake_of_the_account():
    asks = [one for one in WHOLE if one.service == "sts"]
    rest = without("GetCallerIdentity", "GetDataLakePrincipal")
    west = [dataclasses.replace(one, region="us-west-2") for one in rest]
    live = build([*asks, *rest, *west])
    assert [lake.id.region for lake in live.lakes] == ["us-east-1", "us-west-2"]
    assert live.complete
    globally = [dataclasses.replace(one, region="aws-global") for one in asks]
    assert [lake.id.region for lake in build([*globally, *rest]).lakes] == ["us-east-1"]
    assert build([*globally, *rest]).complete
    foreign = [dataclasses.replace(one, account="444455556666") for one in asks]
    assert not build([*foreign, *rest]).complete


def test_several_recordings_of_one_lake_are_joined():
    half = len(WHOLE) // 2
    joined = build_many([(Header(), WHOLE[:half]), (Header(), iter(WHOLE[half:]))])
    assert joined == build(WHOLE)


# --------------------------------------------------------------------------------------------------------------- tags
def tagged_reads(*, databases=("sales", "empty", "link"), tables=("orders", "all_tables", "v", "far"), assigned=True):
    def ask(resource, response):
        return extra("GetResourceLFTags", {"Resource": resource, "ShowAssignedLFTags": assigned}, response)

    answers = [ask({"Database": {"Name": name}}, {"LFTagOnDatabase": [tag("internal")] if name == "sales" else []})
               for name in databases]  # fmt: skip
    answers += [ask({"Database": {"CatalogId": f"{ACCOUNT}:nested", "Name": "inner"}}, {})]
    answers += [
        ask({"Table": {**CATALOG, "DatabaseName": "sales", "Name": name}},
            {"LFTagOnDatabase": [tag("internal")], "LFTagsOnTable": [] if assigned else [tag("internal")],
             "LFTagsOnColumns": [{"Name": "ssn", "LFTags": [tag("restricted")]}] if name == "orders" else []})
        for name in tables
    ]  # fmt: skip
    return answers


SEARCHES = ("SearchDatabasesByLFTags", "SearchTablesByLFTags")


@pytest.mark.parametrize("assigned", [True, False])
def test_tags_may_be_read_one_by_one(assigned):
    live = build([*without(*SEARCHES), *tagged_reads(assigned=assigned)])
    assert live.complete
    assert live.lakes[0].assignments[ColumnRef(ORDERS_TABLE, "ssn")]["sensitivity"].value == "restricted"


def test_a_table_whose_tags_were_not_read_is_a_gap():
    live = build([*without(*SEARCHES), *tagged_reads(tables=("orders", "v", "far"))])
    assert not live.complete
    assert [gap.scope for gap in gaps_of(live, Facts.ASSIGNMENTS)] == [Table(ACCOUNT, "sales", "all_tables")]


def test_databases_by_search_and_tables_one_by_one():
    assert build([*without("SearchTablesByLFTags"), *tagged_reads()]).complete


@pytest.mark.parametrize("operation", SEARCHES)
def test_a_value_nobody_searched_for_is_a_gap(operation):
    short = [one for one in WHOLE
             if one.operation != operation or "d55" not in str(one.request)]  # fmt: skip
    live = build(short)
    assert not live.complete
    (gap,) = gaps_of(live, Facts.ASSIGNMENTS)
    assert "`domain`" in gap.reason
    assert "not every value" in gap.reason


def test_a_search_for_two_keys_at_once_proves_nothing():
    both = [{"TagKey": "domain", "TagValues": [f"d{number}" for number in range(60)]},
            {"TagKey": "sensitivity", "TagValues": ["public", "internal", "restricted"]}]  # fmt: skip
    live = build([*without("SearchTablesByLFTags"), extra("SearchTablesByLFTags", {"Expression": both},
                                                          {"TableList": []})])  # fmt: skip
    assert not live.complete


def test_a_search_for_every_value_is_believed_only_where_it_finds_something():
    def star(operation, key, answer):
        return extra(operation, {"Expression": [{"TagKey": key, "TagValues": ["*"]}]}, answer)

    tags = with_response("ListLFTags", {"LFTags": [{**CATALOG, "TagKey": "sensitivity", "TagValues": ["internal"]}]})
    base = without(*SEARCHES, answers=tags)
    none = [star(SEARCHES[0], "sensitivity", {"DatabaseList": []}), star(SEARCHES[1], "sensitivity", {"TableList": []})]
    assert not build([*base, *none]).complete
    hit = {"TableList": [{"Table": ORDERS, "LFTagsOnTable": [tag("internal")]}]}
    assert build([*base, none[0], star(SEARCHES[1], "sensitivity", hit)]).complete


def test_without_lf_tags_nothing_needs_to_be_searched():
    answers = without(*SEARCHES, answers=with_response("ListLFTags", {"LFTags": []}))
    assert build(answers).complete


def test_two_answers_that_disagree_on_a_tag_are_a_gap():
    other = extra("GetResourceLFTags", {"Resource": {"Table": ORDERS}}, {"LFTagsOnTable": [tag("public")]})
    for answers in ([*WHOLE, other], [other, *WHOLE]):
        live = build(answers)
        assert not live.complete
        assert gaps_of(live, Facts.ASSIGNMENTS)[0].scope == ORDERS_TABLE
        assert live.lakes[0].assignments[ORDERS_TABLE]["sensitivity"].value == "public", (
            "what an object says of itself counts"
        )


def test_settings_that_changed_meanwhile_are_a_gap():
    later = dataclasses.replace(
        extra("GetDataLakeSettings", {}, {"DataLakeSettings": {"ReadOnlyAdmins": [who(AUDITOR)]}}), at="2027-01-01"
    )
    for answers in ([*WHOLE, later], [later, *WHOLE]):
        live = build(answers)
        assert not live.complete
        assert gaps_of(live, Facts.SETTINGS)
        assert len(dict(live.lakes[0].settings[0].members)) == 1, "the later answer"
    assert build([*WHOLE, *[one for one in WHOLE if one.operation == "GetDataLakeSettings"]]).complete


# ------------------------------------------------------------------------------------------------ unknown, malformed
def test_unknown_services_operations_and_members_are_kept_and_named():
    answers = [
        *with_response("ListResources", {"ResourceInfoList": [{"ResourceArn": "arn:aws:s3:::lake", "Novelty": 1}],
                                         "Extra": {}}),
        extra("ListMarvels", {}, {"Marvels": []}),
        extra("DescribeKey", {}, {"Key": 1}, service="kms"),
    ]  # fmt: skip
    live = build(answers)
    assert live.complete
    rows = {row.operation: row for row in live.ledger}
    assert "`Extra`, `ResourceInfoList[].Novelty`" in rows["ListResources"].basis
    assert "kept, not analysed" in rows["ListMarvels"].basis
    assert rows["DescribeKey"].service == "kms"
    assert len(live.lakes[0].locations) == 1


@pytest.mark.parametrize(
    "resource",
    [
        {"Teapot": {"Name": "x"}},
        {"Database": {"Name": "sales", "Branch": "dev"}},
        {"Database": {"Name": 5}},
        {"LFTag": {"TagKey": "k", "TagValues": "abc"}},
        {"Database": {"Name": "sales"}, "Table": ORDERS},
        {},
    ],
)
def test_a_resource_nobody_knows_is_kept_as_it_is_and_a_gap(resource):
    live = build(with_response("ListPermissions", {"PrincipalResourcePermissions": [
        granted(ANALYST, resource, "SELECT")]}))  # fmt: skip
    (grant,) = live.lakes[0].grants
    assert isinstance(grant.resource, UnknownResource)
    (gap,) = gaps_of(live, Facts.GRANTS)
    assert gap.scope == grant.resource
    assert live.complete, "it was read; what it means is undecided"


def test_response_metadata_is_passed_over():
    answers = [
        one if one.response is None else dataclasses.replace(one, response=json.dumps(
            {**json.loads(one.response), "ResponseMetadata": {"HTTPStatusCode": 200}}).encode())
        for one in WHOLE
    ]  # fmt: skip
    assert build(answers) == build(WHOLE)


def test_null_members_are_absent_ones():
    answers = [
        one if one.response is None else dataclasses.replace(one, response=json.dumps(
            {"NextToken": None, **json.loads(one.response)} if one.operation.startswith(("List", "Search"))
            else json.loads(one.response)).encode())
        for one in WHOLE
    ]  # fmt: skip
    assert build(answers) == build(WHOLE)


def test_attachments_that_differ_in_their_condition_are_two():
    row = {"PolicyName": "p", "Resource": {"Table": ORDERS}, "Principal": who(ANALYST)}
    live = build(with_response("ListRLSPolicyAttachments", {"RLSPolicyAttachments": [
        row, {**row, "Condition": {"Expression": "x"}}]}))  # fmt: skip
    assert len(live.lakes[0].rls) == 2


def test_an_unknown_setting_is_kept():
    live = build(with_response("GetDataLakeSettings", {"DataLakeSettings": {
        "ReadOnlyAdmins": [who(AUDITOR)], "OpenToAll": True}}))  # fmt: skip
    assert dict(live.lakes[0].settings[0].members)["OpenToAll"] == "true"
    assert live.complete
    assert any("`DataLakeSettings.OpenToAll`" in row.basis for row in live.ledger)


def test_an_unknown_member_of_a_row_does_not_cost_the_row():
    rows = [{**one, "Risk": "low"} for one in json.loads(json.dumps(GRANTS, default=str))]
    live = build(with_response("ListPermissions", {"PrincipalResourcePermissions": rows}))
    assert set(live.lakes[0].grants) == set(lake_of(WHOLE).grants)
    assert live.complete


@pytest.mark.parametrize(
    ("operation", "response", "facts", "where"),
    [
        ("ListPermissions", {"PrincipalResourcePermissions": [granted(ANALYST, "x", "SELECT")]}, Facts.GRANTS, "/0"),
        ("ListPermissions", {"PrincipalResourcePermissions": [{"Resource": {}}]}, Facts.GRANTS, "/0"),
        ("ListPermissions", {"PrincipalResourcePermissions": [granted(ANALYST, {"Catalog": {}}, 7)]}, Facts.GRANTS,
         "/0"),
        ("ListPermissions", {"PrincipalResourcePermissions": {}}, Facts.GRANTS, "/response"),
        ("ListPermissions", [], Facts.GRANTS, "/response"),
        ("ListPermissions", {"NextToken": 5}, Facts.GRANTS, "/response"),
        ("GetTables", {"TableList": [{"Name": 5}]}, Facts.TABLES, "/response/TableList/0"),
        ("GetTables", {"TableList": [{"Name": "t", "StorageDescriptor": {"Columns": [5]}}]}, Facts.TABLES, "/0"),
        ("GetDatabases", {}, Facts.DATABASES, "/response"),
        ("GetDatabases", {"DatabaseList": ["x"]}, Facts.DATABASES, "/0"),
        ("GetDataLakeSettings", {}, Facts.SETTINGS, "/response"),
        ("GetDataLakeSettings", {"DataLakeSettings": {"ReadOnlyAdmins": [{}]}}, Facts.SETTINGS, "/response"),
        ("ListDataCellsFilter", {"DataCellsFilters": [{"TableCatalogId": "1", "DatabaseName": "d", "TableName": "t",
                                                       "Name": "f"}]}, Facts.FILTERS, "/0"),
        ("SearchTablesByLFTags", {"TableList": [{"Table": ORDERS, "LFTagsOnTable": [
            {"TagKey": "k", "TagValues": ["a", "b"]}]}]}, Facts.ASSIGNMENTS, "/0"),
        ("GetResourcePolicy", {"PolicyInJson": "{"}, Facts.POLICIES, "/response"),
        ("GetCallerIdentity", {"Arn": None}, Facts.CALLER, "/response"),
    ],
)  # fmt: skip
def test_malformed_answers_are_gaps_that_name_line_and_place(operation, response, facts, where):
    live = build(with_response(operation, response))
    assert not live.complete
    found = [gap for gap in gaps_of(live, facts) if where in gap.reason]
    assert found
    assert all(gap.reason.startswith(f"line {gap.evidence.line} /response") for gap in found)
    (row,) = [row for row in live.ledger if row.operation == operation]
    assert not row.complete


@pytest.mark.parametrize(
    "tags", [[{"TagKey": "k", "TagValues": ["a", "b"]}], [{"TagKey": "k"}], [{"TagKey": 5, "TagValues": ["a"]}], "x"]
)
def test_malformed_tags_are_a_gap_each_time_they_come(tags):
    rows = [{"Table": {**ORDERS, "Name": f"t{number}"}, "LFTagsOnTable": tags} for number in range(3)]
    live = build(with_response("SearchTablesByLFTags", {"TableList": rows}))
    assert len([gap for gap in gaps_of(live, Facts.ASSIGNMENTS) if "TableList" in gap.reason]) == 3


def test_unknown_members_of_tags_and_columns_are_named():
    answers = with_response(
        "SearchTablesByLFTags", {"TableList": [{"Table": ORDERS, "LFTagsOnTable": [{**tag("internal"), "Since": 1}]}]}
    )
    answers = with_response(
        "GetTables",
        {
            "TableList": [
                {
                    "Name": "t",
                    "DatabaseName": "sales",
                    "StorageDescriptor": {"Columns": [{"Name": "x", "Masked": True}]},
                }
            ]
        },
        answers,
    )
    live = build(answers)
    bases = {row.operation: row.basis for row in live.ledger}
    assert "`LFTags.Since`" in bases["SearchTablesByLFTags"]
    assert "`Columns.Masked`" in bases["GetTables"]
    assert live.lakes[0].assignments[ORDERS_TABLE]["sensitivity"].value == "internal"
    assert [one.name for one in live.lakes[0].tables[Table(ACCOUNT, "sales", "t")].columns or ()] == ["x"]


def test_a_good_row_beside_a_malformed_one_is_read():
    good = granted(ANALYST, {"Catalog": {}}, "CREATE_DATABASE")
    live = build(with_response("ListPermissions", {"PrincipalResourcePermissions": [{"Resource": 5}, good]}))
    assert len(live.lakes[0].grants) == 1


def test_too_many_gaps_are_counted():
    rows = [granted(ANALYST, {"Teapot": {"Name": str(number)}}, "SELECT") for number in range(500)]
    gaps = gaps_of(build(with_response("ListPermissions", {"PrincipalResourcePermissions": rows})), Facts.GRANTS)
    assert len(gaps) == 201
    assert any(gap.reason == "and 300 more of this kind" for gap in gaps)


def test_tables_behind_a_resource_link_are_left_out():
    far = {"CatalogId": "444455556666", "DatabaseName": "far", "Name": "t"}
    live = build([*WHOLE, extra("GetTables", {"DatabaseName": "link"}, {"TableList": [far]}, service="glue")])
    assert Table("444455556666", "far", "t") not in live.lakes[0].tables
    assert live.complete
    assert any("resource link" in row.basis for row in live.ledger)


# ---------------------------------------------------------------------------------------------------------------- laws
def comparable(live):
    """Return a lake's facts without their order."""
    (lake,) = live.lakes
    facts = {}
    for one in dataclasses.fields(lake):
        value = getattr(lake, one.name)
        listed = isinstance(value, tuple | Grants) and one.name != "id"
        facts[one.name] = Counter(value) if listed else value
    return facts


PAGED = needed(read(Aws(size=3)))


def said_of(row):
    """Return a row's basis without what counts answers: one that came twice is counted twice."""
    return [part for part in row.basis.split("; ") if not re.search(r"row\w* (read|not used)|again after", part)]


@settings(max_examples=40, deadline=None)
@given(st.permutations(range(len(PAGED))), st.lists(st.integers(0, len(PAGED) - 1), max_size=20))
def test_order_and_repetition_change_nothing(order, again):
    live, plain = build([PAGED[number] for number in [*order, *again]]), build(PAGED)
    assert comparable(live) == comparable(plain)
    assert live.complete
    assert [(row.operation, row.complete, said_of(row)) for row in live.ledger] == [
        (row.operation, row.complete, said_of(row)) for row in plain.ledger
    ]


@settings(max_examples=40, deadline=None)
@given(st.sets(st.integers(0, len(PAGED) - 1), min_size=1, max_size=3))
def test_whatever_is_missing_no_fact_is_invented_and_completeness_is_not_claimed(missing):
    whole = build(PAGED).lakes[0]
    live = build([one for number, one in enumerate(PAGED) if number not in missing])
    (lake,) = live.lakes
    assert set(lake.grants) <= set(whole.grants)
    assert lake.tables.items() <= whole.tables.items()
    # The grants on one table's filters are asked for on top of the whole listing: without any of it nothing is said.
    related = {number for number, one in enumerate(PAGED) if one.request.get("IncludeRelated")}
    beside = related if related <= missing else set()
    gone = {PAGED[number].operation for number in missing - beside}
    if not gone <= OPTIONAL | {"GetCatalogs"}:
        assert not live.complete
        assert lake.gaps


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


def places(value, path=()):
    yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from places(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from places(inner, (*path, index))


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_whatever_an_answer_holds_is_never_a_traceback(data):
    number = data.draw(st.sampled_from([n for n, one in enumerate(PAGED) if one.response is not None]))
    response = json.loads(PAGED[number].response)
    path = data.draw(st.sampled_from(list(places(response))))
    junk = data.draw(JSON)
    if path:
        *above, last = path
        target = response
        for part in above:
            target = target[part]
        target[last] = junk
    else:
        response = junk
    changed = dataclasses.replace(PAGED[number], response=json.dumps(response).encode())
    live = build([*PAGED[:number], changed, *PAGED[number + 1 :]])
    assert live.lakes
    stream = io.BytesIO()
    with Writer(stream, Header()) as writer:
        writer.write(changed)
    (back,) = read_recording(io.BytesIO(stream.getvalue()), "x")[1]
    assert isinstance(back, Answer)
    assert changed.response in {back.response, b"null"}


# ------------------------------------------------------------------------------------- facts that stand beside others
def seen(*tables, request=None):
    """Answer GetTables for ``sales`` with these tables only."""
    asked = {"DatabaseName": "sales", **(request or {})}
    kept = [one for one in WHOLE if one.operation != "GetTables" or one.request.get("DatabaseName") != "sales"]
    rows = [{"Name": "orders", "DatabaseName": "sales", "CatalogId": ACCOUNT, **one} for one in tables]
    return [*kept, extra("GetTables", asked, {"TableList": rows}, service="glue")]


def test_a_views_definer_and_further_locations_are_read():
    table = {"ViewDefinition": {"Definer": ANALYST, "Representations": [{"Dialect": "SPARK"}]},
             "StorageDescriptor": {"Location": "s3://lake/a/", "AdditionalLocations": ["s3a://lake/b/", "s3://lake/c"]}}  # fmt: skip
    info = lake_of(seen(table)).tables[ORDERS_TABLE]
    assert info.view_definer == ANALYST
    assert info.additional == {"arn:aws:s3:::lake/b", "arn:aws:s3:::lake/c"}
    info = lake_of(seen({})).tables[ORDERS_TABLE]
    assert info.view_definer is None
    assert not info.additional


def attached(**row):
    """Answer the listing of attachments with one, or none."""
    rows = [{"Resource": {"Table": ORDERS}, **row}] if row else []
    return {"RLSPolicyAttachments": rows}


@pytest.mark.parametrize(
    ("listed", "count"),
    [
        (attached(), 1),
        (attached(PolicyName="P1", DefaultRLSPolicy=True), 1),
        (attached(PolicyName="p1", Principal=who(ANALYST)), 2),
        (attached(PolicyName="p2", DefaultRLSPolicy=True), 2),
        (attached(PolicyName="p1", DefaultRLSPolicy=True, Resource={"LFTagPolicy": {
            "ResourceType": "TABLE", "Expression": [{"TagKey": "sensitivity", "TagValues": ["public"]}]}}), 1),
    ],
)  # fmt: skip
def test_a_default_row_policy_that_only_the_table_shows_is_an_attachment(listed, count):
    table = {"RLSProperties": {"DefaultRLSPolicy": "P1"}}
    answers = with_response("ListRLSPolicyAttachments", listed, seen(table))
    for order in (answers, answers[::-1]):
        lake = lake_of(order)
        assert len(lake.rls) == count
        of_table = [one for one in lake.rls if one.default and one.policy == "p1" and one.resource == ORDERS_TABLE]
        for one in of_table:
            assert one.principal is None
            assert one.evidence.pointer.startswith("/response/")
        assert of_table or count == 1


def identity_center(**members):
    call = "DescribeLakeFormationIdentityCenterConfiguration"
    return [*without(call), extra(call, {}, {"InstanceArn": "arn:aws:sso:::instance/x", **members})]


@pytest.mark.parametrize(("status", "targets"), [("ENABLED", {"arn:app"}), ("DISABLED", set())])
def test_with_whom_identity_center_shares_is_read(status, targets):
    lake = lake_of(identity_center(ShareRecipients=[who("444455556666")],
                                   ExternalFiltering={"Status": status, "AuthorizedTargets": ["arn:app"]}))  # fmt: skip
    (one,) = lake.identity_centers
    assert one.recipients == {"444455556666"}
    assert one.targets == targets
    assert lake.identity_center_read


def test_two_answers_of_identity_center_are_one_with_what_either_shows():
    more = identity_center(ShareRecipients=[who("444455556666")])[-1]
    answers = [*identity_center(ShareRecipients=[who("123456789012")]), more]
    for order in (answers, answers[::-1]):
        (one,) = lake_of(order).identity_centers
        assert one.recipients == {"444455556666", "123456789012"}


def test_whether_identity_center_was_asked_for():
    call = "DescribeLakeFormationIdentityCenterConfiguration"
    assert lake_of(WHOLE).identity_center_read
    assert lake_of(WHOLE).identity_centers == ()
    assert not lake_of(without(call)).identity_center_read
    refused = extra(call, {}, error=Failure("AccessDeniedException", "no", 400))
    assert not lake_of([*without(call), refused]).identity_center_read


def test_roles_that_do_not_exist():
    gone = Failure("NoSuchEntity", "gone", 404)
    asked = [
        extra("GetRole", {"RoleName": "analyst"}, error=gone, service="iam"),
        extra("GetRole", {"RoleName": "engineer"}, {"Role": {"RoleName": "engineer"}}, service="iam"),
        extra("GetRole", {"RoleName": "hidden"}, error=Failure("AccessDenied", "no", 403), service="iam"),
        extra("GetRole", {"RoleName": "back"}, error=gone, service="iam"),
        extra("GetRole", {"RoleName": "back"}, {"Role": {"RoleName": "back"}}, service="iam"),
    ]
    for order in ([*WHOLE, *asked], [*asked[::-1], *WHOLE]):
        live = build(order)
        assert live.lakes[0].missing_roles == {(ACCOUNT, "analyst")}
        (row,) = [one for one in live.ledger if one.operation == "GetRole"]
        assert "which roles do not exist" in row.basis
        assert not row.complete
        assert live.complete


def partitions(*places, **more):
    rows = [{"Values": ["1"], "StorageDescriptor": {"Location": place}} for place in places]
    request = {"DatabaseName": "sales", "TableName": "Orders"}
    return extra("GetPartitions", request, {"Partitions": rows, **more}, service="glue")


def test_partitions_elsewhere_are_kept_and_never_asked_for():
    assert not any(one.operation == "GetPartitions" for one in WHOLE)
    table = {"StorageDescriptor": {"Location": "s3://lake/a", "AdditionalLocations": ["s3://lake/b"]}}
    page = partitions("s3://lake/a/day=1", "s3://lake/b/day=2", "s3://lake/c/day=3", "s3://lake/ab")
    for order in ([*seen(table), page], [page, page, *seen(table)]):
        live = build(order)
        places = live.lakes[0].partitions
        assert [one.location for one in places] == ["arn:aws:s3:::lake/ab", "arn:aws:s3:::lake/c/day=3"]
        assert all(one.table == ORDERS_TABLE for one in places)
        assert places[1].evidence is not None
        assert places[1].evidence.pointer == "/response/Partitions/2"
        assert live.complete
    cut = build([*seen(table), partitions("s3://lake/c", NextToken="t")])
    assert cut.complete  # nothing requires them
    (row,) = [one for one in cut.ledger if one.operation == "GetPartitions"]
    assert not row.complete


def test_what_glue_says_of_the_root_catalog_is_kept_apart():
    everyone = [{"Principal": who("IAM_ALLOWED_PRINCIPALS"), "Permissions": ["ALL"]}]
    root = {"CatalogId": ACCOUNT, "Name": ACCOUNT, "CreateTableDefaultPermissions": everyone,
            "AllowFullTableExternalDataAccess": "True"}  # fmt: skip
    lake = lake_of([*without("GetCatalogs"), extra("GetCatalogs", {}, {"CatalogList": [root]}, service="glue")])
    assert lake.catalogs == {}
    assert lake.root_catalog.table_defaults == {(EVERYONE, frozenset({"ALL"}))}
    assert lake.root_catalog.database_defaults is None
    assert lake.root_catalog.full_table_external is True
