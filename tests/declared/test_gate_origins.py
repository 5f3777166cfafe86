"""What a deployment does: of its own, to what was done by hand, and as far as it can be known."""

from __future__ import annotations

from dataclasses import replace

import pytest
from gate_samples import (
    MARKETING,
    OPS,
    Resources,
    deployed,
    edited,
    grant,
    live,
    loud,
    of,
    previewed,
    stack,
    stated,
    table,
)
from state_samples import ACCOUNT, HOME, OTHER, ROLE, UNKNOWN, lakes, provider, resource, secret, state

from checks.declared import foresee
from checks.gate import Rules, gate
from checks.gate.projected import projected
from checks.model import Database, Finding, Origin, Severity, Table, Verdict
from checks.rules import settle

ORDERS = Table(ACCOUNT, "sales", "orders")
STACK = stack()
ADMINS = {"admins": [ROLE, OPS]}
WIDER_FILTER = {"tableData": {**STACK["filter"]["inputs"]["tableData"], "rowFilter": {"filterExpression": "id < 3"}}}
COLUMN = table("orders", "id", "region", "ssn", "typed")["inputs"]
WIDENINGS = {
    "a column under all but some": ({"orders": COLUMN}, "role/marketing SELECT sales.orders.typed"),
    "an override dropped": ({"orders_tags": None}, "role/analyst SELECT sales.orders"),
    "a filter": ({"filter": WIDER_FILTER}, "role/ops SELECT sales.clients"),
    "a grant": ({"new": grant("new", OPS, ["INSERT"])}, "role/ops INSERT sales.orders"),
    "to be passed on": (
        {"all_but": {"permissionsWithGrantOptions": ["SELECT"]}}, "role/marketing pass on SELECT sales.orders"),
    "a tag": ({"orders_tags": {"lfTags": [{"key": "level", "value": "open"}]}}, "role/analyst SELECT sales.orders"),
    "a tag policy": ({"open": {"lfTagPolicy": {
        "resourceType": "TABLE", "expressions": [{"key": "level", "values": ["open", "shut"]}]}}},
        "role/analyst SELECT sales.orders"),
}  # fmt: skip


@pytest.mark.parametrize(("edit", "words"), WIDENINGS.values(), ids=WIDENINGS)
def test_a_widening_is_the_deployment_s(edit, words):
    (found,) = [one for one in deployed(edited(STACK, **edit)) if one.widens]
    assert (found.origin, found.witness is not None) == (Origin.DEPLOYMENT, True)
    assert found.message.startswith(f"this deployment lets {words}")
    assert found.message.endswith(" (`__main__.py#66`)")
    assert found.evidence[0].position == "__main__.py#66"
    assert found.fix_declare
    assert not found.fix_revoke
    assert found.subject.urn


def test_an_admin_is_a_widening():
    (found,) = deployed(edited(STACK, settings=ADMINS))
    assert loud([found]) == [("deployment", "widened", "FL120")]
    assert "role/ops is in DataLakeAdmins" in found.message


@pytest.mark.parametrize(
    "edit",
    [
        {"db": {"description": "what was sold"}},
        {"orders": {"description": "x", "parameters": {"k": "v"}}},
        {"fresh": table("fresh", "id")},
        {"all_but": None},
        {"through": None, "filter": None},
        {"orders": table("orders", "id", "ssn")["inputs"]},
        {"settings": {"admins": []}},
        {"settings": None},
        {"db_tags": {"lfTags": [{"key": "level", "value": "shut"}]}},
        {"tag": {"values": ["open", "shut", "ajar"]}},
        {},
    ],
)
def test_nothing_wider_is_only_told(edit):
    assert loud(deployed(edited(STACK, **edit))) == []


def test_less_access_is_told():
    found = deployed(edited(STACK, all_but=None))
    assert [(one.verdict, one.severity, one.origin) for one in found] == [
        (Verdict.NARROWED, Severity.INFO, Origin.DEPLOYMENT)
    ]
    assert found[0].message.startswith("this deployment gives less: ")


def test_what_is_new_with_access_to_it():
    """A new table under a wildcard is covered; one with a tag of its own is opened by that, and by a grant."""
    fresh = table("fresh", "id")
    everything = grant("everything", OPS, ["SELECT"], table={"databaseName": "sales", "wildcard": True})
    before = edited(STACK, everything=everything)
    assert loud(deployed(edited(before, fresh=fresh), before=before)) == []
    first = grant("first", MARKETING, ["SELECT"], table={"databaseName": "sales", "name": "fresh"})
    (found,) = [one for one in deployed(edited(before, fresh=fresh, first=first), before=before) if one.widens]
    assert "role/marketing SELECT sales.fresh" in found.message
    home = resource("aws:glue/catalogDatabase:CatalogDatabase", "hr", {"name": "hr"})
    there = grant("there", MARKETING, ["CREATE_TABLE"], database={"name": "hr"})
    (found,) = [one for one in deployed(edited(STACK, hr=home, there=there)) if one.widens]
    assert found.severity >= Severity.MEDIUM
    assert found.exposure


def test_the_first_deployment_opens_what_it_grants():
    only = {"provider": provider()}
    found = deployed(STACK, before=only)
    assert {one.rule for one in found if one.widens} >= {"FL120", "FL102"}
    assert not [one for one in found if one.verdict is Verdict.UNKNOWN]


# ------------------------------------------------------------------------------------- what other stacks have made
GRANTS_ONLY: Resources = {
    "provider": provider(),
    "one": grant("one", MARKETING, ["SELECT"], tableWithColumns={
        "databaseName": "sales", "name": "orders", "columnNames": ["id"]}),
}  # fmt: skip


@pytest.mark.parametrize(
    ("on", "column"),
    [
        ({"table": {"databaseName": "sales", "name": "orders"}}, "(any other)"),
        ({"tableWithColumns": {"databaseName": "sales", "name": "orders", "columnNames": ["id", "ssn"]}}, "ssn"),
        ({"tableWithColumns": {"databaseName": "sales", "name": "orders", "wildcard": True,
                               "excludedColumnNames": ["ssn"]}}, "(any other)"),
        ({"table": {"databaseName": "sales", "wildcard": True}}, None),
    ],
)  # fmt: skip
def test_tables_that_are_only_granted_on_exist(on, column):
    after = edited(GRANTS_ONLY, one=grant("one", MARKETING, ["SELECT"], **on))
    (found,) = [one for one in deployed(after, before=GRANTS_ONLY) if one.widens]
    assert found.witness is not None
    assert column is None or found.witness.column == column
    assert loud(deployed(edited(GRANTS_ONLY, one=grant("one", MARKETING, ["SELECT"], tableWithColumns={
        "databaseName": "sales", "name": "orders", "columnNames": ["ID"]})), before=GRANTS_ONLY)) == []  # fmt: skip


def test_tables_of_others_are_as_they_are_live():
    """A list of all the columns that the table has is no less than the table, until it grows."""
    listed = grant("one", MARKETING, ["SELECT"], tableWithColumns={
        "databaseName": "sales", "name": "clients", "columnNames": ["id", "mail"]})  # fmt: skip
    before = {**GRANTS_ONLY, "one": listed}
    after = edited(before, one=grant("one", MARKETING, ["SELECT"], table={"databaseName": "sales", "name": "clients"}))
    assert [one.verdict for one in deployed(after, before=before) if one.widens] == [Verdict.WIDENED]
    assert not [
        one
        for one in deployed(after, now=edited(STACK, one=listed), before=before)
        if one.widens and one.origin is Origin.DEPLOYMENT
    ]


def test_two_stacks_declare_the_settings():
    other = resource("aws:lakeformation/dataLakeSettings:DataLakeSettings", "theirs", {"admins": [OPS]}, stack="two")
    theirs = state(provider(), {**other, "provider": STACK["settings"]["provider"]}, name="two.json")
    same = foresee([stated(STACK), theirs, previewed(STACK, STACK)])
    ((before, after),) = same.place()
    assert loud(list(gate(before, after, same.touched).findings)) == []
    mine = edited(STACK, settings={"admins": [ROLE, MARKETING]})
    told = foresee([stated(STACK), theirs, previewed(STACK, mine)])
    ((before, after),) = told.place()
    (found,) = [one for one in gate(before, after, told.touched).findings if one.widens]
    assert "role/marketing" in found.message
    assert "role/ops" not in found.message


def test_settings_left_out_are_cleared_or_stay():
    start = edited(STACK, settings={"readOnlyAdmins": [OPS], "allowFullTableExternalDataAccess": True})
    after = edited(start)
    for member in ("readOnlyAdmins", "allowFullTableExternalDataAccess", "createTableDefaultPermissions"):
        del after["settings"]["inputs"][member]
    assert deployed(after, before=start) == []
    del after["settings"]["inputs"]["admins"]
    (found,) = deployed(after, before=start)
    assert (found.verdict, found.severity) == (Verdict.NARROWED, Severity.INFO)


# ---------------------------------------------------------------------------------------------- what is done by hand
def test_an_admin_added_by_hand_disappears_without_a_word():
    now = edited(STACK, settings=ADMINS)
    after = edited(STACK, settings={"readOnlyAdmins": [MARKETING]})
    (found,) = of(deployed(after, now), Origin.REVOKED)
    assert (found.verdict, found.severity >= Severity.MEDIUM) == (Verdict.NARROWED, True)
    assert "role/ops is taken out of DataLakeAdmins" in found.message
    assert found.subject.principal == OPS
    # Who is taken out on purpose is no silent revocation, and settings that nobody touches stay.
    gone = edited(STACK, settings={"admins": []})
    assert ["role/ops" in one.message for one in of(deployed(gone, now), Origin.REVOKED)] == [True]
    assert of(deployed(edited(STACK, db={"description": "x"}), now), Origin.REVOKED) == []


def test_a_hand_made_grant_on_what_is_granted_stays_and_one_of_the_same_permission_goes():
    by_hand = grant("hand", MARKETING, ["INSERT"])
    now = edited(STACK, hand=by_hand)
    after = edited(STACK, all_but=None)
    found = deployed(after, now)
    assert of(found, Origin.REVOKED) == []
    (stays,) = of(found, Origin.STANDING)
    assert (stays.widens, stays.severity) == (True, Severity.INFO)
    assert stays.message.startswith("live drift that stays: ")


def test_a_column_added_by_hand_goes_with_the_table_s_next_change():
    now = edited(STACK, orders=COLUMN)
    after = edited(STACK, orders={"description": "new words"})
    (found,) = of(deployed(after, now), Origin.REVOKED)
    assert "role/marketing loses SELECT sales.orders.typed" in found.message
    assert loud(deployed(after, now)) == [("revoked", "narrowed", found.rule)]


def test_a_filter_loosened_by_hand_is_put_back():
    now = edited(STACK, filter=WIDER_FILTER)
    body = {**STACK["filter"]["inputs"]["tableData"], "columnNames": ["id"]}
    body.pop("columnWildcard")
    found = deployed(edited(STACK, filter={"tableData": body}), now)
    assert [one.rule for one in of(found, Origin.REVOKED)] == ["FL131"]


def test_drift_that_the_program_takes_over():
    now = edited(STACK, hand=grant("hand", OPS, ["INSERT"]))
    after = edited(STACK, mine=grant("mine", OPS, ["INSERT"]))
    found = deployed(after, now)
    (adopted,) = [one for one in found if one.widens]
    assert adopted.origin is Origin.ADOPTED
    assert "live already" in adopted.message
    assert of(found, Origin.STANDING) == []
    narrower = edited(STACK, all_but=None)
    assert [one.verdict for one in of(deployed(narrower, narrower), Origin.ADOPTED)] == [Verdict.NARROWED]


def test_a_revocation_by_hand_is_undone():
    now = edited(STACK, all_but=None)
    after = edited(STACK, all_but={"tableWithColumns": {
        "databaseName": "sales", "name": "orders", "wildcard": True, "excludedColumnNames": ["ssn", "region"]}})  # fmt: skip
    found = deployed(after, now)
    (undone,) = of(found, Origin.UNDONE)
    assert (undone.severity, undone.verdict) == (Severity.INFO, Verdict.NARROWED)
    assert not [one for one in found if one.widens]


def test_a_tag_meets_a_grant_made_by_hand():
    """No declaration alone shows it: the deployment retags a table, and a grant that nobody declared reaches it."""
    ajar = {"key": "level", "values": ["ajar"]}
    start = edited(STACK, tag={"values": ["open", "shut", "ajar"]})
    by_hand = grant("hand", OPS, ["SELECT"], lfTagPolicy={"resourceType": "TABLE", "expressions": [ajar]})
    after = edited(start, orders_tags={"lfTags": [{"key": "level", "value": "ajar"}]})
    assert loud(deployed(after, before=start)) == []
    (found,) = [one for one in deployed(after, edited(start, hand=by_hand), start) if one.origin is Origin.DEPLOYMENT
                and one.widens]  # fmt: skip
    assert "role/ops SELECT sales.orders" in found.message
    assert "changed by hand" in found.message


def test_what_two_resources_grant_one_takes_away():
    twice = edited(STACK, again=grant("again", OPS, ["INSERT"]), mine=grant("mine", OPS, ["INSERT"]))
    found = deployed(edited(twice, again=None), twice, twice)
    (lost,) = of(found, Origin.REVOKED)
    assert "another resource still declares it" in lost.message


def test_projected_live():
    before, after = STACK, edited(STACK, db_tags={"lfTags": [{"key": "level", "value": "shut"}]}, clients=None)
    told = foresee([stated(before), previewed(before, after)])
    ((was, will),) = told.place()
    seen = live(edited(STACK, hand=grant("hand", OPS, ["INSERT"])))
    # AWS shows a table with the tags that it inherits.
    inherited = {"level": replace(seen.assignments[Database(ACCOUNT, "sales")]["level"], target=Table(
        ACCOUNT, "sales", "clients"))}  # fmt: skip
    seen = replace(seen, assignments={**seen.assignments, Table(ACCOUNT, "sales", "clients"): inherited})
    then = projected(seen, was, will, told.touched)
    values = {str(target): held["level"].value for target, held in then.assignments.items()}
    assert set(values.values()) == {"shut"}
    assert Table(ACCOUNT, "sales", "clients") not in then.tables
    assert ORDERS in then.tables
    assert len(then.grants) == len(seen.grants)
    away = edited(STACK, db=None)
    told = foresee([stated(STACK), previewed(STACK, away)])
    ((was, will),) = told.place()
    assert not projected(seen, was, will, told.touched).tables  # Glue deletes a database with what is in it


# -------------------------------------------------------------------------------------------------- what is not known
def unknowns(found: list[Finding]) -> list[str]:
    return [one.message for one in found if one.verdict is Verdict.UNKNOWN]


def test_a_grant_to_somebody_who_is_not_known_yet():
    found = deployed(edited(STACK, new=grant("new", UNKNOWN, ["SELECT"])))
    (said,) = unknowns(found)
    assert said.startswith("possible widening: this deployment grants SELECT on sales.orders to somebody")
    assert "`principal` is not known yet" in said
    assert "Permissions::new" in said
    assert not [one for one in found if one.widens]


@pytest.mark.parametrize("edit", [
    {"orders_tags": {"lfTags": [{"key": "level", "value": UNKNOWN}]}},
    {"filter": {"tableData": {**STACK["filter"]["inputs"]["tableData"], "rowFilter": {"filterExpression": UNKNOWN}}}},
    {"open": {"lfTagPolicy": UNKNOWN}},
    {"settings": {"admins": [ROLE, UNKNOWN]}},
    {"orders": {"storageDescriptor": {"columns": UNKNOWN}}},
    {"orders": {"storageDescriptor": {**STACK["orders"]["inputs"]["storageDescriptor"], "location": UNKNOWN}}},
    {"db": {"name": "sales", "locationUri": UNKNOWN}},
])  # fmt: skip
def test_a_property_that_is_not_known_is_possible_and_never_a_difference(edit):
    found = deployed(edited(STACK, **edit))
    (said,) = unknowns(found)
    assert said.startswith("possible widening: ")
    assert "not known" in said
    (name,) = edit
    assert f"::{name.replace('_', '-')}`" in said
    assert loud(found) == [("deployment", "unknown", "FL151")]
    assert not [one for one in found if one.verdict is Verdict.NARROWED]


def test_what_is_certain_beside_what_is_not():
    after = edited(STACK, settings={"admins": [ROLE, OPS], "readOnlyAdmins": [UNKNOWN]})
    assert loud(deployed(after)) == [("deployment", "unknown", "FL151"), ("deployment", "widened", "FL120")]


def test_a_secret_principal():
    """A secret that nobody touches is as unknown before as after; one that is deployed is a possible widening."""
    start = edited(STACK, hidden=grant("hidden", secret(), ["INSERT"]))
    assert loud(deployed(edited(start, db={"description": "x"}), before=start)) == []
    again = edited(start, hidden=grant("hidden", "[secret]", ["INSERT", "DELETE"]))
    (said,) = unknowns(deployed(again, before=start))
    assert "`principal` is a secret" in said
    assert "v1:" not in said


def test_a_declaration_that_could_not_be_read_makes_a_widening_possible():
    start = edited(STACK, filter={"tableData": {**STACK["filter"]["inputs"]["tableData"], "rowFilter": secret()}})
    found = deployed(STACK, before=start)
    assert not [one for one in found if one.widens]


def test_gaps_that_the_deployment_does_not_touch_are_no_findings():
    odd = resource("aws:lakeformation/fancy:Fancy", "odd", {"x": 1})
    start = edited(STACK, odd=odd)
    told = foresee([stated(start), previewed(start, edited(start, db={"description": "x"}))])
    ((before, after),) = told.place()
    found = gate(before, after, told.touched)
    assert not [one for one in found.findings if one.verdict is Verdict.UNKNOWN]
    assert [gap.source for gap in found.gaps] == [odd["urn"]]
    changed = edited(start, odd={"x": 2})
    assert loud(deployed(changed, before=start)) == [("deployment", "unknown", "FL151")]


def test_what_was_not_understood_and_goes_or_changes_is_unknown():
    """An opt-in that could not be read and is taken away may end what Lake Formation enforced."""
    odd = resource("aws:lakeformation/optIn:OptIn", "odd", {"principal": {"oddIdentifier": ROLE}})
    start = edited(STACK, odd=odd)
    (found,) = [one for one in deployed(STACK, before=start) if one.verdict is Verdict.UNKNOWN]
    assert (found.rule, found.origin) == ("FL151", Origin.DEPLOYMENT)
    assert "this deployment may change who is opted in" in found.message
    assert loud(deployed(start, before=start)) == []
    lost = edited(STACK, lost=grant("lost", secret(), ["SELECT"]))
    assert loud(deployed(STACK, before=lost)) == []  # fewer rows, whoever held them


def test_a_foreign_account_is_critical():
    (found,) = [one for one in deployed(edited(STACK, new=grant("new", OTHER, ["SELECT"]))) if one.widens]
    assert (found.rule, found.severity) == ("FL105", Severity.CRITICAL)


def test_the_lake_of_a_new_resource_is_that_of_the_stack():
    new = grant("new", OPS, ["INSERT"])
    new["provider"] = f"urn:pulumi:dev::lake::pulumi:providers:aws::later::{UNKNOWN}"
    told = foresee([stated(STACK), previewed(STACK, edited(STACK, new=new))])
    ((_, after),) = told.place()
    assert after.id == HOME
    assert lakes(stated(STACK))[0].id == HOME


# -------------------------------------------------------------------------------------------- risky although declared
def test_new_risks_are_told_and_old_ones_are_not():
    everyone = grant("everyone", "IAM_ALLOWED_PRINCIPALS", ["DESCRIBE"])
    risky = edited(STACK, everyone=everyone)
    also = edited(risky, new=grant("new", OPS, ["DESCRIBE"]))
    rules = Rules(settle(None))

    def risks(before, after, rules=rules):
        told = foresee([stated(before), previewed(before, after)])
        ((was, will),) = told.place()
        return [one for one in gate(was, will, told.touched, rules=rules).findings if one.verdict is Verdict.POSTURE]

    brought, left = risks(STACK, risky), risks(risky, also)
    assert {one.origin for one in brought} <= {Origin.DEPLOYMENT}
    assert not [one for one in left if one.subject.principal == "IAM_ALLOWED_PRINCIPALS"]
    everything = risks(risky, also, Rules(settle(None), everything=True))
    assert [one for one in everything if one.subject.principal == "IAM_ALLOWED_PRINCIPALS"]
    assert risks(STACK, edited(STACK, db={"description": "x"})) == []
    opened = [{"permissions": ["ALL"], "principal": "IAM_ALLOWED_PRINCIPALS"}]
    (found,) = [
        one
        for one in risks(STACK, edited(STACK, settings={"createTableDefaultPermissions": opened}))
        if one.rule == "FL202"
    ]
    assert found.message.endswith("(`__main__.py#66`)")


def test_what_may_only_be_less_is_no_open_question():
    """A filter that nobody can order is edited: more is possible, and said; what is only less is told."""
    odd = {**STACK["filter"]["inputs"]["tableData"], "rowFilter": {"filterExpression": "mail like 'a!%' escape '!'"}}
    found = deployed(edited(STACK, filter={"tableData": odd}))
    assert unknowns(found)
    assert all(" less " not in one for one in unknowns(found))
