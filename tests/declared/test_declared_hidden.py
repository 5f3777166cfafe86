"""Secrets and unknowns: never printed, never taken for a value, never silence where access hangs on them."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from state_samples import ACCOUNT, HOME, ROLE, UNKNOWN, lake, lakes, reasons, resource, secret, state, whole_lake

from checks.declared import read
from checks.model import Column, Database, DataLocation, Facts, Lake, Table

LEAK = "hunter2-do-not-print"
ORDERS = Table(ACCOUNT, "sales", "orders")

HIDDEN = {
    "encrypted": (secret(LEAK), "is a secret"),
    "in the clear": (secret(f'"{LEAK}"', "plaintext"), "is a secret"),
    "on the wire": (secret(LEAK, "value"), "is a secret"),
    "wrong passphrase": (secret("null", "plaintext"), "is not known yet"),
    "masked": ("[secret]", "is a secret"),
    "unknown": (UNKNOWN, "is not known yet"),
    "part unknown": (f"arn:aws:iam::{UNKNOWN}:role/x", "is not known yet"),
}


@pytest.mark.parametrize(("value", "why"), HIDDEN.values(), ids=HIDDEN)
def test_a_grant_to_somebody_hidden_is_still_a_grant(value, why):
    inputs = {"principal": value, "permissions": ["SELECT"], "table": {"databaseName": "sales", "name": "orders"}}
    found = lake(resource("aws:lakeformation/permissions:Permissions", "g", inputs))
    (grant,) = found.grants
    assert (grant.principal, grant.resource, grant.permissions) == (None, ORDERS, {"SELECT"})
    (gap,) = found.gaps
    assert gap.reason == f"`principal` {why}"
    assert (gap.facts, gap.scope) == (Facts.GRANTS, ORDERS)
    assert gap.source == "urn:pulumi:dev::lake::aws:lakeformation/permissions:Permissions::g"
    assert LEAK not in repr(found)


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize(("value", "why"), HIDDEN.values(), ids=HIDDEN)
def test_the_other_provider_too(value, why, whole):
    inputs = {
        "principal": value if whole else {"dataLakePrincipalIdentifier": value},
        "permissions": ["SELECT"],
        "resource": {"table": {"catalogId": ACCOUNT, "databaseName": "sales", "name": "orders"}},
    }
    found = lake(resource("aws-native:lakeformation:PrincipalPermissions", "g", inputs))
    assert [grant.principal for grant in found.grants] == [None]
    path = "principal" if whole else "principal.dataLakePrincipalIdentifier"
    assert reasons(found) == [f"`{path}` {why}"]


@pytest.mark.parametrize(("value", "why"), HIDDEN.values(), ids=HIDDEN)
def test_an_opt_in_of_somebody_hidden(value, why):
    inputs = {
        "principals": [{"dataLakePrincipalIdentifier": value}],
        "resourceDatas": [{"database": {"name": "sales"}}],
    }
    found = lake(resource("aws:lakeformation/optIn:OptIn", "o", inputs))
    assert [(one.principal, one.resource) for one in found.optins] == [(None, Database(ACCOUNT, "sales"))]
    assert reasons(found) == [f"`principals[0].dataLakePrincipalIdentifier` {why}"]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"permissions": secret(LEAK)}, "permissions"),
        ({"permissions": ["SELECT", secret(LEAK)]}, "permissions[1]"),
        ({"permissionsWithGrantOptions": [UNKNOWN]}, "permissionsWithGrantOptions[0]"),
        ({"table": UNKNOWN}, "table"),
        ({"table": {"databaseName": "sales", "name": secret(LEAK)}}, "table.name"),
        ({"catalogId": secret(LEAK)}, "catalogId"),
    ],
)
def test_what_a_grant_hangs_on_is_a_gap(change, path):
    inputs = {"principal": ROLE, "permissions": ["SELECT"], "table": {"databaseName": "a", "name": "b"}, **change}
    found = lake(resource("aws:lakeformation/permissions:Permissions", "g", inputs))
    assert found.grants == ()
    assert reasons(found)[0].startswith(f"`{path}` is ")
    assert LEAK not in repr(found)


def test_what_does_not_decide_access_is_left_out_and_noted():
    table = whole_lake()[2]
    table["inputs"] |= {
        "description": secret(LEAK),
        "parameters": {"classification": "parquet", "token": secret(LEAK), "nested": {"a": [secret(LEAK)]}},
        "viewOriginalText": "select 1",
    }
    table["inputs"]["storageDescriptor"]["columns"][1] |= {
        "comment": secret(LEAK),
        "parameters": {"pii": "yes", "key": UNKNOWN},
    }
    found = lake(table)
    assert found.gaps == ()
    info = found.tables[ORDERS]
    assert info.hidden == {
        "description", "parameters.token", "parameters.nested", "columns.ssn.comment", "columns.ssn.parameters.key",
    }  # fmt: skip
    assert info.parameters == (("classification", "parquet"),)
    assert info.columns == (Column("id", "bigint"), Column("ssn", "string", "", (("pii", "yes"),)))
    assert LEAK not in repr(found)


def test_a_hidden_location_is_a_gap_and_noted():
    database, table = whole_lake()[1:3]
    database["inputs"]["locationUri"] = UNKNOWN
    table["inputs"]["storageDescriptor"]["location"] = secret(LEAK)
    found = lake(database, table)
    assert {gap.scope for gap in found.gaps} == {ORDERS, ORDERS.parent}
    assert found.tables[ORDERS].hidden == {"location"} == found.databases[ORDERS.parent].hidden
    assert found.tables[ORDERS].columns is not None


@pytest.mark.parametrize(
    "change",
    [
        {"storageDescriptor": secret(LEAK)},
        {"storageDescriptor": {"columns": UNKNOWN}},
        {"storageDescriptor": {"columns": [{"name": "a"}, UNKNOWN]}},
        {"storageDescriptor": {"columns": [{"name": secret(LEAK), "type": "string"}]}},
        {"partitionKeys": [{"name": UNKNOWN}]},
    ],
)
def test_hidden_columns_are_a_gap_and_not_fixed(change):
    table = whole_lake()[2]
    table["inputs"] |= change
    found = lake(table)
    info = found.tables[ORDERS]
    assert info.columns is None
    assert "columns" in info.hidden
    assert ORDERS in {gap.scope for gap in found.gaps}


def test_one_hidden_admin_hides_the_list():
    inputs = {"admins": [ROLE, UNKNOWN], "parameters": {"CROSS_ACCOUNT_VERSION": secret(LEAK)}}
    found = lake(resource("aws:lakeformation/dataLakeSettings:DataLakeSettings", "s", inputs))
    (settings,) = found.settings
    assert settings.members == ()
    assert not {"DataLakeAdmins", "Parameters"} & settings.absent
    assert reasons(found) == ["`admins[1]` is not known yet", "`parameters.CROSS_ACCOUNT_VERSION` is a secret"]


def test_a_hidden_role_leaves_the_location():
    inputs = {"arn": "arn:aws:s3:::lake", "roleArn": UNKNOWN}
    found = lake(resource("aws:lakeformation/resource:Resource", "r", inputs))
    assert [place.role for place in found.locations.values()] == [None]
    assert [gap.scope for gap in found.gaps] == [DataLocation(ACCOUNT, "arn:aws:s3:::lake")]


@pytest.mark.parametrize("inputs", [secret(LEAK), UNKNOWN, [1], "text", None])
def test_inputs_that_are_no_object(inputs):
    found = lake(resource("aws:lakeformation/permissions:Permissions", "g", inputs), whole_lake()[1])
    assert found.grants == ()
    assert len(found.gaps) == 1
    assert LEAK not in repr(found)


def test_an_asset_is_not_taken_for_a_value():
    asset = {"4dabf18193072939515e22adb298388d": "c44067f5952c0a294b673a41bacd8c17", "text": LEAK}
    inputs = {"principal": ROLE, "permissions": ["ALL"], "database": {"name": asset}}
    found = lake(resource("aws:lakeformation/permissions:Permissions", "g", inputs))
    assert reasons(found) == ["`database.name` is an asset or a reference"]
    assert LEAK not in repr(found)


# ---------------------------------------------------------------------------------------------------------------- laws
def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict):
        for name, item in value.items():
            if name != "__defaults":
                yield from leaves(item, (*path, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from leaves(item, (*path, index))
    if path:
        yield path


PLACES = [(index, path) for index, item in enumerate(whole_lake()) if index for path in leaves(item["inputs"])]


def changed(index: int, path: tuple[Any, ...], value: Any) -> list[dict]:
    items = copy.deepcopy(whole_lake())
    inside = items[index]["inputs"]
    for name in path[:-1]:
        inside = inside[name]
    inside[path[-1]] = value
    return items


def only_lake(items: list[dict]) -> Lake:
    (found,) = lakes(state(*items), account=ACCOUNT)
    return found


@pytest.mark.parametrize(("index", "path"), PLACES, ids=[f"{i}-{'.'.join(map(str, p))}" for i, p in PLACES])
@pytest.mark.parametrize("value", [secret(f'"{LEAK}"', "plaintext"), UNKNOWN])
def test_hiding_any_value_is_said_and_declares_nothing_new(index, path, value):
    before, after = only_lake(whole_lake()), only_lake(changed(index, path, value))
    assert LEAK not in repr(after)
    noted = [info.hidden for facts in (after.tables, after.databases, after.catalogs) for info in facts.values()]
    assert after.gaps or any(noted)
    assert {grant for grant in after.grants if grant.principal is not None} <= set(before.grants)
    assert {grant.resource for grant in after.grants} <= {grant.resource for grant in before.grants}
    for facts in ("filters", "locations", "expressions", "tags", "policies", "assignments"):
        assert len(getattr(after, facts)) <= len(getattr(before, facts))


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


@settings(deadline=None)
@given(st.sampled_from(PLACES), anything)
def test_any_value_anywhere_is_read_or_said(place: Any, value: Any) -> None:
    index, path = place[0], place[1]
    found = only_lake(changed(index, path, value))
    assert found.id == HOME or found.gaps == ()


@settings(deadline=None)
@given(anything)
def test_any_inputs_of_any_kind(value):
    items = [{**item, "inputs": value} for item in whole_lake()[1:]]
    assert read([state(*items)]).place(account=ACCOUNT, region="eu-west-1")
