"""Facts beside the grants: views, places, policies, Identity Center, roles that are gone, answers at odds."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_lakes import (
    ACCOUNT,
    ANALYST,
    CLIENTS,
    MARKETING,
    NOTES,
    ORDERS,
    STRANGERS,
    cells,
    columns,
    give,
    lake,
    role,
    said,
    table,
    tagged,
)

from checks.compare import compare
from checks.compare.orphans import orphans
from checks.compare.policies import _glob
from checks.compare.sides import Sides
from checks.model import (
    AllExcept,
    Catalog,
    CatalogInfo,
    Evidence,
    Facts,
    Finding,
    Gap,
    IdentityCenter,
    Lake,
    Location,
    PartitionPlace,
    Principal,
    RLSAttachment,
    Severity,
    Side,
    Table,
    TableInfo,
    Verdict,
)

READ = give(ANALYST, "SELECT", table("sales.orders"))
INSTANCE = "arn:aws:sso:::instance/ssoins-1"
PRIVATE = "arn:aws:s3:::lake/hr/notes"


def found(declared: Lake, live: Lake) -> list[Finding]:
    return [one for one in compare(declared, live).findings if one.rule != "FL126"]


def orders(**members: object) -> list[TableInfo]:
    return [replace(ORDERS, **members), CLIENTS, NOTES]


# --------------------------------------------------------------------------------------------------------------- views
@pytest.mark.parametrize(
    ("told", "now", "expected"),
    [
        (role("admin"), role("admin"), []),
        (role("admin"), role("other"), ["unknown FL151"]),
        (role("admin"), None, ["unknown FL151"]),
        (None, role("other"), []),
    ],
)
def test_the_definer_of_a_view(told: str | None, now: str | None, expected: list[str]) -> None:
    body = "spark: select id from hr.notes"
    declared = lake([READ], tables=orders(view_text=body, view_definer=told))
    live = lake([READ], tables=orders(view_text=body, view_definer=now))
    assert said(found(declared, live)) == expected


BELOW = frozenset({table("hr.notes")})
READ_NOTES = give(ANALYST, "SELECT", table("hr.notes"))


@pytest.mark.parametrize(
    ("told", "now"), [("", ""), ("", "ATHENA: select 1"), ("select 1", "select 1"), ("select 1", "ATHENA: select 1")]
)
@pytest.mark.parametrize(
    ("grants", "reads", "expected"),
    [
        ([READ], BELOW, "widened FL115"),
        ([READ], frozenset({Table("444455556666", "hr", "pay")}), "widened FL115"),
        ([READ], None, "unknown FL151"),
        ([], None, "unknown FL151"),
        ([READ, READ_NOTES], BELOW, "changed FL140"),
        ([], BELOW, "changed FL140"),
    ],
)
def test_a_declared_table_that_became_a_definers_view(
    told: str, now: str, grants: list, reads: frozenset[Table] | None, expected: str
) -> None:
    declared = lake(grants, tables=orders(view_text=told))
    live = lake(grants, tables=orders(view_text=now, view_definer=role("admin"), view_reads=reads))
    (finding,) = found(declared, live)
    assert said([finding]) == [expected]
    if expected == "widened FL115":
        assert finding.witness is not None
        assert (finding.witness.principal, finding.witness.table) == (ANALYST, "orders")


def test_the_definer_and_the_body_of_a_view_are_two_findings() -> None:
    declared = lake(tables=orders(view_text="a", view_definer=role("admin")))
    live = lake(tables=orders(view_text="b", view_definer=role("other")))
    assert len({one.id for one in found(declared, live)}) == 2


@pytest.mark.parametrize(
    ("told", "now", "expected"),
    [
        ("", "", None),
        ("select 1", "select\n1", None),
        ("", "select 1", "the body of the view sales.orders is not declared; whether it shows more is not decided"),
        ("select 1", "", "the body of the view sales.orders is gone; whether it shows more is not decided"),
        ("select 1", "select 2", "the body of the view sales.orders differs; whether it shows more is not decided"),
    ],
)
def test_a_body_that_came_went_or_differs_is_never_equal(told: str, now: str, expected: str | None) -> None:
    some = found(lake([READ], tables=orders(view_text=told)), lake([READ], tables=orders(view_text=now)))
    assert [one.message for one in some] == ([expected] if expected else [])
    assert said(some) == (["unknown FL151"] if expected else [])


def test_a_body_that_is_a_secret_is_not_compared() -> None:
    declared = lake([READ], tables=orders(view_text="", hidden=frozenset({"view_text"})))
    assert found(declared, lake([READ], tables=orders(view_text="select 1"))) == []


# --------------------------------------------------------------------------------------------- the types behind filters
SOME = cells("sales.orders", "some")
READ_SOME, READ_EMAIL = give(ANALYST, "SELECT", SOME), give(ANALYST, "SELECT", columns("sales.orders", "email"))


@pytest.mark.parametrize(
    ("text", "kind", "grants", "expected"),
    [
        ("id > 3 and id < 5", "double", [READ_SOME], {"changed FL140", "unknown FL151"}),
        ("not known(ID)", "double", [READ_SOME], {"changed FL140", "unknown FL151"}),
        ("not known(day)", "double", [READ_SOME], {"changed FL140"}),
        ('"id" = 3', "double", [READ_SOME, READ_EMAIL], {"changed FL140", "unknown FL151"}),
        ("id > 3 and id < 5", "double", [READ_SOME, READ], {"changed FL140"}),
        ("id > 3 and id < 5", "double", [READ], {"changed FL140"}),
        ("email = 'id'", "double", [READ_SOME], {"changed FL140"}),
        (None, "double", [READ_SOME], {"changed FL140"}),
        ("id > 3 and id < 5", "int", [READ_SOME], {"changed FL140", "unknown FL151"}),
        ("id > 3 and id < 5", "BIGINT", [READ_SOME], set()),
    ],
)
def test_a_filter_of_the_same_text_over_another_type_is_not_equal(
    text: str | None, kind: str, grants: list, expected: set[str]
) -> None:
    names = [replace(one, type=kind) if one.name == "id" else one for one in ORDERS.columns or ()]
    filters = {SOME: (AllExcept(), text)}
    declared = lake(grants, filters=filters)
    live = lake(grants, tables=orders(columns=tuple(names)), filters=filters)
    findings = found(declared, live)
    assert set(said(findings)) == expected
    for one in findings:
        assert one.verdict is not Verdict.UNKNOWN or "id: bigint → " + kind in one.message


def test_a_retyped_column_hides_no_certain_widening() -> None:
    names = [replace(one, type="double") if one.name == "id" else one for one in ORDERS.columns or ()]
    declared = lake([READ_SOME], filters={SOME: (AllExcept(), "id = 4")})
    wider = lake([READ_SOME], tables=orders(columns=tuple(names)), filters={SOME: (AllExcept(), None)})
    assert "widened FL112" in said(found(declared, wider))
    beside = lake([READ_SOME, READ], tables=orders(columns=tuple(names)), filters={SOME: (AllExcept(), "id = 4")})
    assert "widened FL101" in said(found(declared, beside))


def test_what_is_lost_are_rows_of_the_declared_types() -> None:
    names = [replace(one, type="double") if one.name == "id" else one for one in ORDERS.columns or ()]
    declared = lake([READ_SOME], filters={SOME: (AllExcept(), "id > 3 and id < 5")})
    same = lake([READ_SOME], tables=orders(columns=tuple(names)), filters={SOME: (AllExcept(), "id = 4")})
    assert "unknown FL151" in said(found(declared, same))
    undecided = sorted(one.message.rpartition("; ")[2] for one in found(declared, same) if one.rule == "FL140")
    assert undecided == [
        "whether filter some on sales.orders shows other rows by it is not decided",
        "whether it shows other rows is not decided, since a column that it names has another type than declared",
    ]
    assert not [one for one in found(declared, same) if one.verdict is Verdict.NARROWED]
    less = lake([READ_SOME], tables=orders(columns=tuple(names)), filters={SOME: (AllExcept(), "id = 5")})
    (lost,) = (one for one in found(declared, less) if one.verdict is Verdict.NARROWED)
    assert lost.witness is not None
    assert dict(lost.witness.row or ())["id"] == 4


# -------------------------------------------------------------------------------------------------------------- places
@pytest.mark.parametrize(
    ("told", "now", "grants", "expected"),
    [
        ((), (PRIVATE,), [READ], ["widened FL114"]),
        ((), (PRIVATE,), [], ["changed FL140"]),
        ((PRIVATE,), (PRIVATE,), [READ], []),
        ((PRIVATE,), (f"{PRIVATE}/2026",), [READ], ["changed FL140"]),
        ((PRIVATE,), (f"{PRIVATE}2",), [READ], ["widened FL114"]),
        ((PRIVATE,), (), [READ], ["changed FL140"]),
        ((), (f"{ORDERS.location}/2026",), [READ], ["changed FL140"]),
    ],
)
def test_additional_locations(told: tuple[str], now: tuple[str], grants: list, expected: list[str]) -> None:
    declared = lake(grants, tables=orders(additional=frozenset(told)))
    live = lake(grants, tables=orders(additional=frozenset(now)))
    findings = found(declared, live)
    assert said(findings) == expected
    if expected == ["widened FL114"]:
        assert findings[0].cause.kind == "location"
        assert findings[0].witness is not None
        assert findings[0].witness.location in now


@pytest.mark.parametrize(
    ("place", "grants", "expected"),
    [
        (PRIVATE, [READ], ["widened FL114"]),
        (PRIVATE, [], ["changed FL140"]),
        (f"{ORDERS.location}/day=1", [READ], []),
    ],
)
def test_partitions_elsewhere(place: str, grants: list, expected: list[str]) -> None:
    evidence = Evidence(Side.LIVE, 7, "/response/Partitions/0")
    live = replace(lake(grants), partitions=(PartitionPlace(table("sales.orders"), place, evidence),))
    findings = found(lake(grants), live)
    assert said(findings) == expected
    assert all(evidence in one.evidence for one in findings)


def test_a_declared_partition_may_lie_elsewhere() -> None:
    place = PartitionPlace(table("sales.orders"), PRIVATE)
    live = replace(lake([READ]), partitions=(place, PartitionPlace(place.table, "arn:aws:s3:::lake/secret")))
    (one,) = found(replace(lake([READ]), partitions=(place,)), live)
    assert one.witness is not None
    assert one.witness.location == "arn:aws:s3:::lake/secret"


def test_partitions_of_a_moved_table_are_told_with_the_table() -> None:
    live = replace(
        lake([READ], tables=orders(location=PRIVATE)),
        partitions=(PartitionPlace(table("sales.orders"), f"{PRIVATE}/day=1"),),
    )
    assert said(found(lake([READ]), live)) == ["widened FL114"]


@pytest.mark.parametrize(
    ("registered", "locations", "expected"),
    [
        (False, [Location("arn:aws:s3:::lake")], ["unknown FL151"]),
        (True, [Location("arn:aws:s3:::lake")], []),
        (None, [Location("arn:aws:s3:::lake")], []),
        (False, [Location("arn:aws:s3:::lake", hybrid=True)], []),
        (False, [Location("arn:aws:s3:::lake"), Location(str(ORDERS.location), hybrid=True)], []),
        (False, [Location("arn:aws:s3:::other")], []),
    ],
)
def test_a_registration_that_the_table_denies(
    registered: bool | None, locations: list[Location], expected: list[str]
) -> None:
    live = lake([READ], tables=orders(registered=registered), locations=locations)
    findings = found(lake([READ], locations=locations), live)
    assert said(findings) == expected
    assert all(one.subject.resource == table("sales.orders") for one in findings)


# ----------------------------------------------------------------------------------------------------- Identity Center
def center(recipients: frozenset[str] = frozenset(), targets: frozenset[str] = frozenset()) -> Lake:
    one = IdentityCenter(INSTANCE, None, recipients, targets)
    return replace(lake(), identity_centers=(one,), identity_center_read=True)


@pytest.mark.parametrize("declared", [center(), lake()])
@pytest.mark.parametrize("members", [{"recipients": frozenset({STRANGERS})}, {"targets": frozenset({"arn:app"})}])
def test_what_identity_center_shares_is_never_declared(declared: Lake, members: dict[str, frozenset[str]]) -> None:
    (shared,) = [
        one
        for one in found(declared, center(members.get("recipients", frozenset()), members.get("targets", frozenset())))
        if one.rule == "FL120"
    ]
    assert (shared.verdict, shared.exposure, shared.severity) == (Verdict.UNMANAGED, True, Severity.HIGH)
    assert min(frozenset().union(*members.values())) in shared.message


def test_identity_center_without_shares_is_equal() -> None:
    assert not found(center(), center())
    assert not found(center(), center(recipients=frozenset({ACCOUNT})))


def test_a_declared_identity_center_that_nobody_asked_for_is_unknown() -> None:
    assert said(found(center(), lake())) == ["unknown FL150"]
    assert said(found(center(), replace(lake(), identity_center_read=True))) == ["narrowed FL132"]


# ------------------------------------------------------------------------------------------------------------- orphans
def orphaned(declared: Lake, live: Lake) -> list[Finding]:
    sides = Sides(declared, live)
    orphans(sides)
    return sides.findings


def test_a_role_that_is_gone_keeps_its_grants_for_the_next_of_its_name() -> None:
    grants = [READ, give(ANALYST, "DESCRIBE", table("sales.clients")), give(MARKETING, "SELECT", table("sales.orders"))]
    live = replace(lake(grants), missing_roles=frozenset({(ACCOUNT, "analyst"), (ACCOUNT, "engineer")}))
    for declared in (lake(grants), lake()):
        (one,) = orphaned(declared, live)
        assert (one.rule, one.verdict, one.severity) == ("FL162", Verdict.LATENT, Severity.LOW)
        assert (one.subject.kind, one.subject.principal) == ("role", ANALYST)
        assert "2 grants" in one.message
        assert one.reach.tables == 2


def test_a_role_of_another_account_or_without_grants_is_no_orphan() -> None:
    live = replace(lake([READ]), missing_roles=frozenset({("444455556666", "analyst"), (ACCOUNT, "Analyst")}))
    assert not orphaned(lake([READ]), live)
    assert not orphaned(lake([READ]), lake([READ]))


def test_a_path_is_no_part_of_a_roles_name() -> None:
    who = Principal(f"arn:aws:iam::{ACCOUNT}:role/team/analyst")
    live = replace(lake([give(who, "SELECT", table("sales.orders"))]), missing_roles=frozenset({(ACCOUNT, "analyst")}))
    assert [one.subject.principal for one in orphaned(lake(), live)] == [who]


# ----------------------------------------------------------------------------------------------------- resource policy
def allow(
    actions: object = "glue:GetTable",
    who: object = "arn:aws:iam::444455556666:root",
    on: object = "*",
    effect: str = "Allow",
    **more: object,
) -> dict[str, object]:
    named = {} if who is None else {"Principal": who if who == "*" else {"AWS": who}}
    does = {} if actions is None else {"Action": actions}
    return {"Effect": effect, **named, **does, "Resource": on, **more}


def policy(*statements: object) -> str:
    return json.dumps({"Statement": list(statements)})


def told_of(declared: Iterable[str], live: Iterable[str]) -> list[str]:
    return said(found(lake(policies=declared), lake(policies=live)))


ORGANISATION = {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}
OTHER_ORGANISATION = {"StringEquals": {"aws:PrincipalOrgID": "o-2"}}
BOTH = {"StringEquals": {"aws:PrincipalOrgID": "o-1", "aws:SourceAccount": "444455556666"}}
TWO = ["glue:GetTable", "glue:GetDatabase"]
ROOTS = ["arn:aws:iam::444455556666:root", "arn:aws:iam::123456789012:root"]
WIDER, NARROWER, UNKNOWN = ["widened FL124"], ["narrowed FL131"], ["unknown FL151"]


@pytest.mark.parametrize(
    ("small", "large"),
    [
        (allow(), allow(TWO)),
        (allow(TWO), allow("glue:Get*")),
        (allow("glue:GetTables"), allow("glue:get?ables")),
        (allow("glue:Get*"), allow("*")),
        (allow(), allow(who=ROOTS)),
        (allow(who=ROOTS), allow(who="*")),
        (allow(on="arn:aws:glue:us-east-1:111122223333:table/sales/orders"), allow(on="arn:aws:glue:*:table/sales/*")),
        (allow(Condition=ORGANISATION), allow()),
        (allow(Condition=BOTH), allow(Condition=ORGANISATION)),
    ],
)
def test_a_statement_inside_another(small: dict[str, object], large: dict[str, object]) -> None:
    assert told_of([policy(small)], [policy(large)]) == WIDER
    assert told_of([policy(large)], [policy(small)]) == NARROWER
    assert told_of([policy(large)], [policy(small, large)]) == []
    # A Deny that forbids less frees what it no longer forbids.
    small, large = {**small, "Effect": "Deny"}, {**large, "Effect": "Deny"}
    every = allow("glue:*", "*")
    assert told_of([policy(every, large)], [policy(every, small)]) == WIDER
    assert told_of([policy(every, small)], [policy(every, large)]) == NARROWER
    assert told_of([policy(every, large)], [policy(every, large, small)]) == []


@pytest.mark.parametrize(
    ("declared", "live", "expected"),
    [
        ([allow(TWO)], [allow("GLUE:gettable"), allow("glue:GetDatabase")], []),
        ([allow()], [allow(who="arn:aws:iam::123456789012:root")], [*NARROWER, *WIDER]),
        ([allow("glue:Get*")], [allow("glue:*Table")], [*NARROWER, *WIDER]),
        ([allow(Condition=ORGANISATION)], [allow(Condition=OTHER_ORGANISATION)], UNKNOWN),
        ([allow(None, NotAction="glue:Delete*")], [allow()], UNKNOWN),
        ([allow()], [allow(None, NotAction="glue:Delete*")], UNKNOWN),
        ([allow(who=None, NotPrincipal={"AWS": "x"})], [allow()], UNKNOWN),
        ([allow(), allow(None, NotAction="glue:Delete*", who="arn:aws:iam::123456789012:root")], [allow(TWO)],
         [*NARROWER, *WIDER]),
        ([], [allow(None, NotAction="glue:Delete*")], ["unmanaged FL124"]),
        ([], [allow(effect="Deny")], ["unmanaged FL131"]),
        ([allow()], [], NARROWER),
        ([allow(), allow(effect="Deny", on="a")], [allow()], WIDER),
        ([allow(Brand="new")], [allow()], UNKNOWN),
    ],
)  # fmt: skip
def test_policies_that_differ(declared: list[object], live: list[object], expected: list[str]) -> None:
    one, other = ([policy(*some)] if some else [] for some in (declared, live))
    assert told_of(one, other) == expected


def test_the_witness_of_a_wider_policy_is_what_was_not_declared() -> None:
    (one,) = found(lake(policies=[policy(allow())]), lake(policies=[policy(allow(TWO, ROOTS))]))
    assert one.witness is not None
    assert (one.witness.principal, one.witness.permission) != (ROOTS[0], "glue:gettable")


def test_a_declared_policy_that_cannot_be_read_is_unknown_only() -> None:
    gap = Gap(Side.DECLARED, "urn:p", "the policy is not JSON", Facts.POLICIES)
    assert said(found(lake(gaps=[gap]), lake(policies=[policy(allow())]))) == UNKNOWN


@pytest.mark.parametrize("text", ["[]", '{"Statement": 3}', '{"Statement": [{"Effect": "May"}]}', "no JSON"])
def test_a_policy_that_is_none_is_unknown(text: str) -> None:
    assert told_of([policy(allow())], [text]) == UNKNOWN


SIGNS = st.text("ab*?", max_size=6)


@given(SIGNS, SIGNS, st.text("ab", max_size=6))
def test_what_a_contained_pattern_matches_the_containing_one_matches(wide: str, narrow: str, text: str) -> None:
    if _glob(wide, narrow) and _glob(narrow, text):
        assert _glob(wide, text)


def test_a_hostile_pattern_takes_no_time() -> None:
    assert not _glob("*a" * 2000 + "b", "a" * 10_000)


# -------------------------------------------------------------------------------------------------- row-level policies
@pytest.mark.parametrize(("value", "tables"), [("internal", 1), ("restricted", 0)])
def test_a_policy_on_tags_reaches_the_tables_that_carry_them(value: str, tables: int) -> None:
    attached = RLSAttachment("p", tagged(sensitivity=value), ANALYST)
    tags = {table("sales.orders"): {"sensitivity": "internal"}}
    (one,) = found(lake([READ], tags=tags), lake([READ], tags=tags, rls=[attached]))
    assert one.rule == "FL125"
    assert one.reach.tables == tables


def test_an_undeclared_table_says_nothing_of_readers() -> None:
    (one,) = found(lake(tables=[ORDERS]), lake(tables=[ORDERS, CLIENTS]))
    assert one.message == "sales.clients is not declared by any stack, though its database is"


# -------------------------------------------------------------------------------------------------------- root catalog
OPEN = frozenset({(Principal("IAM_ALLOWED_PRINCIPALS"), frozenset({"ALL"}))})
SETTINGS = {"CreateTableDefaultPermissions": (), "AllowFullTableExternalDataAccess": False}


@pytest.mark.parametrize(
    ("root", "expected"),
    [
        ({}, 0),
        ({"table_defaults": frozenset(), "full_table_external": False}, 0),
        ({"table_defaults": OPEN}, 1),
        ({"table_defaults": OPEN, "database_defaults": OPEN, "full_table_external": True}, 3),
    ],
)
def test_a_root_catalog_at_odds_with_the_settings_is_unknown(root: dict, expected: int) -> None:
    live = replace(lake(settings=SETTINGS), root_catalog=CatalogInfo(Catalog(ACCOUNT), **root))
    findings = found(lake(settings=SETTINGS), live)
    assert said(findings) == UNKNOWN * expected
    assert all("GetDataLakeSettings" in one.message and "GetCatalogs" in one.message for one in findings)
    assert not found(lake(), live)
