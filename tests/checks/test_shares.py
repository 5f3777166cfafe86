"""Both sides of a share: whom a grant to another account reaches there, and that it is told once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from checks.evaluate import Threshold, evaluate
from checks.model import (
    AllTables,
    Caller,
    Catalog,
    Column,
    Database,
    DatabaseInfo,
    DataLocation,
    Facts,
    Finding,
    Gap,
    Grant,
    Lake,
    LakeId,
    Only,
    Permission,
    Principal,
    Report,
    Resource,
    Run,
    Settings,
    Side,
    Table,
    TableColumns,
    TableInfo,
    TagPolicy,
)
from checks.shares import overlaps

OWNER, OTHER = "111122223333", "444455556666"
HOME, THERE = LakeId("aws", OWNER, "us-east-1"), LakeId("aws", OTHER, "us-east-1")
RUN = Run("1", "", "", "", "", Caller(), (), ())
SALES, ORDERS = Database(OWNER, "sales"), Table(OWNER, "sales", "orders")
LINK = Table(OTHER, "mine", "orders_link")
STRANGERS, ORGANIZATION = Principal(OTHER), Principal(f"arn:aws:organizations::{OWNER}:organization/o-1")


def role(name: str, account: str = OTHER) -> Principal:
    return Principal(f"arn:aws:iam::{account}:role/{name}")


def grant(who: Principal, on: Resource, *names: str, may_pass_on: bool = False) -> Grant:
    held = frozenset(map(Permission, names))
    return Grant(who, on, held, held if may_pass_on else frozenset())


def owner(*grants: Grant) -> Lake:
    return Lake(
        HOME,
        grants=grants,
        databases={SALES: DatabaseInfo(SALES)},
        tables={ORDERS: TableInfo(ORDERS, (Column("id"), Column("amount")))},
    )


def recipient(*grants: Grant, admins: tuple[Principal, ...] = (role("admin"),), gaps: tuple[Gap, ...] = ()) -> Lake:
    return Lake(
        THERE,
        grants=grants,
        settings=(Settings((("DataLakeAdmins", frozenset(map(str, admins))),)),),
        gaps=gaps,
        tables={LINK: TableInfo(LINK, (), link_to=ORDERS)},
    )


def compared(*live: Lake, declared: Lake | None = None) -> Report:
    return evaluate([declared or owner()], live, (), complete=True, run=RUN, threshold=Threshold())


def told(report: Report, lake: LakeId = HOME) -> Finding:
    (found,) = [one for one in report.findings if one.subject.lake == lake and one.subject.kind == "grant"]
    return found


SHARE = grant(STRANGERS, ORDERS, "SELECT")


def test_alone_the_owner_s_side_says_many() -> None:
    found = told(compared(owner(SHARE)))
    assert found.reach.principals is None
    assert "in account" not in found.message


def test_with_the_recipient_s_side_those_who_hold_it_are_named_and_counted() -> None:
    alone = told(compared(owner(SHARE)))
    found = told(compared(owner(SHARE), recipient(grant(role("analyst"), ORDERS, "SELECT"))), HOME)
    assert found.reach == replace(alone.reach, principals=2)
    assert found.message == (
        f"{alone.message}; in account {OTHER} it is held by role/admin (data lake admin), role/analyst, "
        "through mine.orders_link"
    )
    assert (found.id, found.severity, found.verdict) == (alone.id, alone.severity, alone.verdict)


@pytest.mark.parametrize(
    ("held", "people"),
    [
        ([], 1),
        ([grant(role("admin"), ORDERS, "SELECT")], 1),
        ([grant(role("a"), ORDERS, "SELECT"), grant(role("b"), AllTables(OWNER, "sales"), "SELECT")], 3),
        ([grant(role("a"), TableColumns(ORDERS, Only(frozenset({"id"}))), "SELECT")], 2),
        ([grant(role("a"), TagPolicy(OWNER, "TABLE", (("k", frozenset({"v"})),)), "SELECT")], 2),
        ([grant(role("a"), ORDERS, "DROP")], 1),
        ([grant(role("a"), SALES, "SELECT")], 1),
        ([grant(role("a"), LINK, "SELECT")], 1),
        ([grant(role("a"), Table(OWNER, "sales", "other"), "SELECT")], 1),
        ([grant(Principal(f"{OTHER}:IAMPrincipals"), ORDERS, "SELECT")], None),
    ],
)
def test_who_counts(held: list[Grant], people: int | None) -> None:
    live = owner(SHARE), recipient(*held)
    assert told(compared(*live, declared=owner()), HOME).reach.principals == people


def test_nobody_holds_it_yet() -> None:
    found = told(compared(owner(SHARE), recipient(admins=())))
    assert found.reach.principals == 0
    assert f"in account {OTHER} nobody holds it yet" in found.message


@pytest.mark.parametrize("facts", [Facts.CALLER, Facts.SETTINGS, Facts.GRANTS, Facts.OTHER])
def test_a_recipient_that_was_not_wholly_read_stays_many(facts: Facts) -> None:
    gap = Gap(Side.LIVE, "x", "not read", facts)
    found = told(compared(owner(SHARE), recipient(gaps=(gap,))))
    assert found.reach.principals is None
    assert found.message.endswith(f"who holds it there is not known: account {OTHER} was not wholly read")


def test_another_region_is_another_lake() -> None:
    away = replace(recipient(), id=replace(THERE, region="eu-west-1"))
    assert told(compared(owner(SHARE), away)).reach.principals is None


def test_an_organization_stays_many_and_the_accounts_that_were_read_are_named() -> None:
    live = owner(grant(ORGANIZATION, ORDERS, "SELECT")), recipient(grant(role("analyst"), ORDERS, "SELECT"))
    found = told(compared(*live), HOME)
    assert found.reach.principals is None
    assert "role/analyst" in found.message


# ---------------------------------------------------------------------------------------------------- the other listing
def test_what_the_recipient_lists_of_the_owner_s_is_told_on_the_owner_s_side_alone() -> None:
    both = compared(owner(SHARE), recipient(SHARE))
    assert [one.subject.lake for one in both.findings if one.subject.kind == "grant"] == [HOME]
    declared = compared(owner(SHARE), recipient(SHARE), declared=owner(SHARE))
    assert not [one for one in declared.findings if one.subject.kind == "grant"]


def test_without_the_owner_s_side_it_is_told() -> None:
    alone = evaluate([], [recipient(SHARE)], (), complete=True, run=RUN, threshold=Threshold())
    assert told(alone, THERE).subject.principal == STRANGERS


@pytest.mark.parametrize(
    "live",
    [
        owner(),
        owner(grant(STRANGERS, ORDERS, "INSERT")),
        replace(owner(SHARE), gaps=(Gap(Side.LIVE, "x", "y", Facts.GRANTS),)),
    ],
    ids=["not there", "other permission", "not wholly read"],
)
def test_what_the_owner_does_not_show_is_told_where_it_was_seen(live: Lake) -> None:
    report = compared(live, recipient(SHARE), declared=owner(*live.grants))
    assert [one for one in report.findings if one.subject.lake == THERE and one.subject.kind == "grant"]


def test_a_recipient_s_own_grants_are_its_own() -> None:
    own = grant(role("analyst"), ORDERS, "SELECT")
    report = compared(owner(SHARE), recipient(SHARE, own), declared=owner(SHARE))
    assert told(report, THERE).subject.principal == role("analyst")


# -------------------------------------------------------------------------------------------------------------- overlap
def test_places_overlap_by_what_lies_in_what() -> None:
    assert overlaps(ORDERS, SALES)
    assert overlaps(SALES, SALES)
    assert not overlaps(SALES, ORDERS)
    assert overlaps(ORDERS, Catalog(OWNER))
    one, below = DataLocation(OWNER, "arn:aws:s3:::b/x"), DataLocation(OWNER, "arn:aws:s3:::b/x/y")
    assert overlaps(one, below)
    assert overlaps(below, one)
    assert not overlaps(one, DataLocation(OWNER, "arn:aws:s3:::b/x2"))
    assert not overlaps(one, ORDERS)
