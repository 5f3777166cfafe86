"""Findings to accept, and entries that accept them."""

from dataclasses import replace
from datetime import date

from checks import spelling, waivers
from checks.model import (
    Access,
    AllTables,
    Cause,
    Confidence,
    Database,
    Finding,
    LakeId,
    Only,
    Permission,
    Principal,
    Reach,
    SettingRef,
    Severity,
    Subject,
    Table,
    TagRef,
    Verdict,
)
from checks.waivers import Acceptance, acceptable, toml_value

ACCOUNT = "111122223333"
LAKE = LakeId("aws", ACCOUNT, "us-east-1")
TODAY = date(2026, 11, 23)
MARKETING = Principal(f"arn:aws:iam::{ACCOUNT}:role/marketing")
SALES = Database(ACCOUNT, "sales")
ORDERS = Table(ACCOUNT, "sales", "orders")
SELECT, INSERT = Permission("SELECT"), Permission("INSERT")


def access(*columns, permission=SELECT, grantable=False, rows=None):
    return Access(permission, Only(frozenset(columns)) if columns else None, grantable, rows)


GRANT = Finding(
    id="00000000000000a1",
    rule="FL101",
    name="grant-widened",
    severity=Severity.HIGH,
    confidence=Confidence.PROVED,
    verdict=Verdict.WIDENED,
    subject=Subject("grant", MARKETING, ORDERS, LAKE),
    message="role/marketing can SELECT sales.orders.card",
    cause=Cause("grant", "more columns"),
    reach=Reach(1, 1, 2, 1),
    exposure=True,
    added=(access("card", "name"),),
    live="SELECT on sales.orders",
)
TAG = replace(
    GRANT,
    id="00000000000000b2",
    rule="FL110",
    name="tag-moved",
    severity=Severity.CRITICAL,
    subject=Subject("tag", None, TagRef(SALES, "sensitivity"), LAKE),
    message="tag sensitivity of database sales: internal → public",
    cause=Cause("tag", "internal → public"),
    reach=Reach(35, 1200, 18000, 40),
    added=(access(),),
    live="sensitivity = public",
)
UNMANAGED = replace(
    GRANT,
    id="00000000000000c3",
    rule="FL102",
    name="grant-undeclared",
    verdict=Verdict.UNMANAGED,
    exposure=False,
    severity=Severity.LOW,
    subject=Subject("grant", MARKETING, Table(ACCOUNT, "lab", "notes"), LAKE),
)
UNDECIDED = replace(
    GRANT,
    id="00000000000000d4",
    rule="FL151",
    name="not-decided",
    verdict=Verdict.UNKNOWN,
    exposure=False,
    severity=Severity.MEDIUM,
    cause=Cause("filter", "regexp_like cannot be ordered"),
    added=(),
)
UNSEEN = replace(UNDECIDED, id="00000000000000e5", rule="FL150", name="not-observed", cause=Cause("gap", "denied"))
HIDDEN = replace(UNSEEN, id="00000000000000f6", rule="FL151", name="not-decided")
SETTING = replace(
    TAG,
    id="0000000000000107",
    rule="FL120",
    name="setting-widened",
    subject=Subject("setting", None, SettingRef("DataLakeAdmins"), LAKE),
    reach=Reach(1, 14),
    added=(),
    live="role/lake-admin, role/ml",
)
EVERY_TABLE = replace(
    GRANT, id="0000000000000118", subject=Subject("grant", MARKETING, AllTables(ACCOUNT, "sales"), LAKE)
)
EVERYTHING = (GRANT, TAG, UNMANAGED, UNDECIDED, UNSEEN, HIDDEN, SETTING, EVERY_TABLE)

SIGNED = {
    "reason": "until the move to the new lake",
    "owner": "data platform",
    "author": "pipelines",
    "approvers": ["security"],
    "ticket": "DATA-112",
    "expires": date(2026, 12, 31),
}


def entry(one=None, **changes):
    """The keys of an entry that accepts the finding as it is; None takes a key away."""
    named = {"finding": one.id} | acceptable(spelling.finding(one)) if one else {}
    keys = named | SIGNED | {key.replace("_", "-"): value for key, value in changes.items()}
    return {key: value for key, value in keys.items() if value is not None}


def on_subject(one, **changes):
    """The same by rule and subject."""
    subject = spelling.subject(one.subject)
    resource = {key: value for key, value in subject["resource"].items() if value is not None}
    told = {"finding": None, "rule": one.rule, "principal": subject["principal"], "resource": resource}
    return entry(one, **(told | changes))


def written(*entries):
    lines = []
    for one in entries:
        lines += ["[[waiver]]", *(f"{key} = {toml_value(value)}" for key, value in one.items()), ""]
    return "\n".join(lines)


def applied(entries, findings, *, today=TODAY, complete=True, **more):
    """What the entries make of the findings: the accepted ones' ids, and (rule, message) of what is told of waivers."""
    book = waivers.read(written(*entries), "waivers.toml")
    result = waivers.apply(findings, Acceptance(today, book, **more), complete=complete, lake=LAKE)
    kept, told = result[: len(findings)], result[len(findings) :]
    assert [replace(one, waived=None) for one in kept] == list(findings), "nothing else of a finding changes"
    assert all(one.rule in waivers.KINDS and one.verdict is Verdict.POSTURE and not one.widens for one in told)
    assert len({one.id for one in told}) == len(told)
    return [one.id for one in kept if one.waived], [(one.rule, one.message) for one in told]


def only(told):
    """The words of the one finding that is told, after the entry's name, and its rule."""
    ((rule, message),) = told
    return rule, message
