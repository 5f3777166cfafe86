"""What AWS refuses is never taken for nothing: each call in turn, all of them, and a caller who is no admin."""

from __future__ import annotations

from typing import Any

import pytest
from line_world import MARKETING, UNTOUCHED, World, judged, replay, run

from checks.live.collectors import allowed
from floodline.laboratory import AUDITOR

WHOAMI = ("sts", "GetCallerIdentity")
CALLS = sorted(allowed())
READS = [call for call in CALLS if call != WHOAMI]

# A mishap that is only seen through one listing, so that any other refusal must not hide it.
SEEN_THROUGH = {
    "foreign-account": "ListPermissions",
    "loosened-filter": "ListDataCellsFilter",
    "default-permissions": "GetDataLakeSettings",
    "location-hybrid": "ListResources",
}


def known(call: tuple[str, str]) -> Any:
    return pytest.param(call, id=":".join(call))


def refuse(world: World, service: str, operation: str) -> None:
    """Refuse one call, after making sure that a reading makes it at all."""
    if operation == "GetRLSPolicy":  # asked for only where the listing leaves a policy's body out
        with_policy_without_body(world)
    world.lab.deny(f"{service}:{operation}", AUDITOR)


def with_policy_without_body(world: World) -> None:
    lake = world.lab.lake()
    world.lab.call(
        "lakeformation",
        "CreateRLSPolicy",
        {"Name": "office", "FilterExpression": "region = 'eu'", "AttachmentColumns": [{"Name": "region"}]},
    )

    def listing(_request: Any, _caller: Any) -> dict[str, Any]:
        return {"RLSPolicies": [{"CatalogId": lake.account, "Name": "office"}]}

    lake.operations["ListRLSPolicies"] = listing


def test_a_policy_without_its_body_is_asked_for(world: World):
    """What ``refuse`` relies on."""
    with_policy_without_body(world)
    ended = world.check()
    assert world.lab.calls["lakeformation:GetRLSPolicy"] == 1
    assert ended.complete is True


def test_every_call_that_floodline_may_make_is_walked():
    assert len(CALLS) >= 20
    assert WHOAMI in CALLS


@pytest.mark.parametrize("call", [known(call) for call in READS])
def test_one_refused_call_is_named_and_never_equal(call: tuple[str, str], world: World):
    service, operation = call
    refuse(world, service, operation)
    ended = world.check()
    assert world.lab.calls[f"{service}:{operation}"] >= 1
    report = ended.report
    assert ended.code == 4, ended.err
    assert report["outcome"] == {"exit_code": 4, "complete": False, "verdict": "unknown"}
    assert {one["verdict"] for one in report["findings"]} == {"unknown"}
    row = ended.row(operation)
    assert row["complete"] is False
    assert any(text.startswith("AccessDeniedException: User: arn:aws:sts::") for text in row["errors"])
    gaps = [one for one in report["gaps"] if one["source"] == f"{service}:{operation}"]
    assert any("AccessDenied" in one["reason"] for one in gaps)
    assert f"{service}:{operation}" in ended.err
    assert ended.err.startswith("CANNOT TELL: ")


@pytest.mark.parametrize("call", READS, ids=":".join)
def test_a_refused_call_does_not_hide_a_widening_that_others_show(call: tuple[str, str], world: World):
    service, operation = call
    refuse(world, service, operation)
    for name in SEEN_THROUGH:
        world.play(name)
    ended = world.check()
    assert ended.code == 3
    assert ended.complete is False
    assert ended.report["outcome"]["verdict"] == "widened"
    assert ended.err.startswith("WIDENED: ")
    assert "the view is partial" in " ".join(ended.err.split())


@pytest.mark.parametrize(("name", "operation"), SEEN_THROUGH.items())
def test_a_widening_that_only_the_refused_call_shows_is_undecided(name: str, operation: str, world: World):
    world.lab.deny(f"lakeformation:{operation}", AUDITOR)
    world.play(name)
    ended = world.check()
    assert (ended.code, ended.complete) == (4, False)


def test_without_an_account_nothing_starts(world: World):
    world.lab.deny(":".join(WHOAMI))
    ended = world.check()
    assert "sts:GetCallerIdentity" in ended.refused(5)
    assert sum(count for name, count in world.lab.calls.items() if not name.startswith("sts:")) == 0


def test_everything_refused_is_undecided(world: World):
    for service, operation in READS:
        world.lab.deny(f"{service}:{operation}", AUDITOR)
    ended = world.check()
    assert (ended.code, ended.complete) == (4, False)
    report = ended.report
    assert {one["verdict"] for one in report["findings"]} == {"unknown"}
    asked = [row for row in report["ledger"] if row["operation"] != "GetCallerIdentity"]
    assert not [row for row in asked if row["complete"]]


@pytest.mark.parametrize("call", [("lakeformation", "ListPermissions"), ("glue", "GetTables")], ids=":".join)
def test_a_refused_call_reads_the_same_from_a_recording(call: tuple[str, str], world: World, tmp_path):
    world.lab.deny(":".join(call))
    over_http = world.check()
    target = tmp_path / "lake.jsonl"
    collected = run("collect", "-o", target, env=world.env())
    assert collected.code == 4
    assert f"refused: {':'.join(call)}: AccessDeniedException" in collected.err.splitlines()
    replayed = replay(world.state, target)
    assert judged(replayed) == judged(over_http)
    assert replayed.code == 4


def test_what_was_not_read_is_not_counted_as_equal(world: World):
    for service, operation in READS:
        world.lab.deny(f"{service}:{operation}", AUDITOR)
    assert world.check().report["summary"]["equal"] == 0


def test_exit_zero_still_says_that_the_view_is_partial(world: World):
    world.lab.deny("glue:GetTables")
    ended = world.check("--exit-zero")
    assert ended.code == 0
    assert ended.complete is False
    assert ended.err.startswith("CANNOT TELL: ")


# ------------------------------------------------------------------------------------------------------------ no admin
def test_a_caller_who_is_no_admin_cannot_tell(world: World):
    ended = world.check(principal=MARKETING)
    assert (ended.code, ended.complete) == (4, False)
    caller = ended.report["run"]["caller"]
    assert (caller["data_lake_admin"], caller["read_only_admin"]) == (False, False)
    assert caller["arn"].endswith("assumed-role/marketing/floodline")
    told = " ".join(ended.err.split())
    assert "read-only admin" in told
    assert "`floodline iam-policy`" in told
    assert not ended.row("ListPermissions")["complete"]


def test_no_admin_sees_a_widening_of_its_own_but_not_all(world: World):
    """Rows that a filtered view does show are true."""
    world.play("retag-database")
    ended = world.check(principal=MARKETING)
    assert ended.code in {3, 4}
    assert ended.complete is False


def test_both_kinds_of_admin_see_everything(world: World):
    owner = world.check(principal="arn:aws:iam::111122223333:role/lake-admin")
    auditor = world.check()
    assert owner.code == auditor.code == 0
    assert owner.complete is True
    assert owner.report["run"]["caller"]["data_lake_admin"] is True
    assert owner.findings == auditor.findings == replay(world.state, world.recorded(UNTOUCHED)).findings
