"""Many regions and accounts: each is read by a session of its own, and one that lets nobody in is never forgotten."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from line_world import ACCOUNT, REGION, Ended, World, run, without_places

from floodline.laboratory import AUDITOR

OTHER, THIRD = "444455556666", "123456789012"
ENTERING = {"sts:AssumeRole", "organizations:ListAccounts", "account:ListRegions", "ec2:DescribeRegions"}
ENABLED = ["ap-southeast-2", "eu-central-1", "eu-south-2", "eu-west-1", "us-east-1", "us-east-2", "us-west-2"]


def role(account: str, name: str = "lake-auditor") -> str:
    return f"arn:aws:iam::{account}:role/{name}"


def open_to_auditors(world: World, account: str, region: str = REGION) -> None:
    """Make the auditor of an account a read-only admin of its lake."""
    lake = world.lab.lake(account, region)
    lake.settings["ReadOnlyAdmins"] = [{"DataLakePrincipalIdentifier": role(account)}]


@pytest.fixture
def hub(world: World) -> Iterator[World]:
    """The caller may assume a role in each of three accounts."""
    for account in (ACCOUNT, OTHER, THIRD):
        open_to_auditors(world, account)
    yield world
    world.lab._members = None
    world.lab._trusts.clear()


def rows(ended: Ended, operation: str) -> list[dict[str, Any]]:
    return [row for row in ended.report["ledger"] if row["operation"] == operation]


def lakes(ended: Ended) -> set[tuple[str, str]]:
    return {(row["account"], row["region"]) for row in rows(ended, "ListPermissions") if row["complete"]}


# ------------------------------------------------------------------------------------------------------------ accounts
def test_each_account_is_read_by_its_own_role(hub: World) -> None:
    ended = hub.check("--role-arn", role(ACCOUNT), "--role-arn", role(OTHER))
    assert (ended.code, ended.complete) == (0, True), ended.err
    assert lakes(ended) == {(ACCOUNT, REGION), (OTHER, REGION)}
    assert hub.lab.calls["sts:AssumeRole"] == 2


@pytest.mark.parametrize("given", ["ids", "file"])
def test_accounts_are_named_by_ids_or_in_a_file(given: str, hub: World, tmp_path: Path) -> None:
    path = tmp_path / "accounts.txt"
    path.write_text(f"# ours\n{ACCOUNT}\n{OTHER}  # theirs\n")
    told = str(path) if given == "file" else f"{ACCOUNT},{OTHER}"
    ended = hub.check("--accounts", told, "--role-name", "lake-auditor")
    assert lakes(ended) == {(ACCOUNT, REGION), (OTHER, REGION)}
    assert ended.code == 0


def test_an_organisation_is_read_without_its_suspended_accounts(hub: World) -> None:
    hub.lab.organise({OTHER: "consumer", THIRD: "old (suspended)"})
    ended = hub.check("--organization", "lake-auditor")
    assert lakes(ended) == {(ACCOUNT, REGION), (OTHER, REGION)}
    assert f"left out: account {THIRD} is suspended" in ended.err
    assert ended.code == 0


def test_an_organisation_that_cannot_be_listed_is_one_line(hub: World) -> None:
    line = hub.check("--organization", "lake-auditor").refused(5)
    assert "organizations:ListAccounts gave AWSOrganizationsNotInUseException" in line
    hub.lab.organise({OTHER: "consumer"})
    hub.lab.deny("organizations:ListAccounts")
    assert "organizations:ListAccounts gave AccessDenied" in hub.check("--organization", "lake-auditor").refused(5)


def test_external_id_and_session_name_are_handed_over(hub: World) -> None:
    hub.lab.role(role(OTHER), external_id="sesame")
    told = "--role-arn", role(OTHER), "--role-arn", role(ACCOUNT)
    assert hub.check(*told).code == 4
    ended = hub.check(*told, "--external-id", "sesame", "--session-name", "night-watch")
    assert ended.code == 0, ended.err
    assert ended.report["run"]["caller"]["arn"].endswith("assumed-role/lake-auditor/night-watch")
    assert "sesame" not in ended.out


def test_an_account_that_cannot_be_assumed_is_a_row_and_one_gap(hub: World) -> None:
    hub.lab.role(role(OTHER), closed=True)
    ended = hub.check("--role-arn", role(ACCOUNT), "--role-arn", role(OTHER))
    assert (ended.code, ended.complete) == (4, False)
    (row,) = rows(ended, "AssumeRole")
    assert (row["account"], row["region"], row["complete"]) == (OTHER, REGION, False)
    assert "AccessDenied" in row["errors"][0]
    assert role(OTHER) in row["basis"]
    assert [one["source"] for one in ended.report["gaps"]] == ["sts:AssumeRole"]
    (finding,) = ended.findings
    assert finding["verdict"] == "unknown"
    assert finding["subject"]["account"] == OTHER
    assert lakes(ended) == {(ACCOUNT, REGION)}
    assert {row["operation"] for row in ended.report["ledger"] if row["account"] == OTHER} == {"AssumeRole"}


def test_a_widening_elsewhere_is_still_told(hub: World) -> None:
    hub.lab.role(role(OTHER), closed=True)
    hub.play("retag-database")
    ended = hub.check("--role-arn", role(ACCOUNT), "--role-arn", role(OTHER))
    assert (ended.code, ended.complete) == (3, False)


def test_a_declared_lake_that_cannot_be_entered_is_unknown_not_narrowed(hub: World) -> None:
    hub.lab.role(role(ACCOUNT), closed=True)
    ended = hub.check("--role-arn", role(ACCOUNT))
    assert (ended.code, ended.complete) == (4, False)
    assert {one["verdict"] for one in ended.findings} == {"unknown"}
    assert ended.report["summary"]["equal"] == 0
    assert "could not be assumed" in ended.err


# ------------------------------------------------------------------------------------------------------------- regions
def test_all_regions_are_those_that_are_enabled(hub: World) -> None:
    for region in ENABLED:
        open_to_auditors(hub, ACCOUNT, region)
    ended = hub.check("--region", "all")
    assert lakes(ended) == {(ACCOUNT, region) for region in ENABLED}
    assert ended.complete


def test_the_other_service_is_asked_for_regions(hub: World) -> None:
    hub.lab.deny("account:ListRegions")
    ended = hub.check("--region", "all")
    assert hub.lab.calls["ec2:DescribeRegions"] == 1
    assert lakes(ended) == {(ACCOUNT, REGION)}
    assert {row["region"] for row in rows(ended, "ListPermissions")} > set(ENABLED)
    assert "left out: cn-north-1" in ended.err


def test_a_recording_is_a_file(world: World) -> None:
    assert "not standard output" in run("collect", "-o", "-", env=world.env()).refused(64)


def test_without_a_list_of_regions_the_named_ones_are_read_and_the_rest_is_a_gap(hub: World) -> None:
    hub.lab.deny("account:ListRegions")
    hub.lab.deny("ec2:DescribeRegions")
    ended = hub.check("--region", "all")
    assert (ended.code, ended.complete) == (4, False)
    assert lakes(ended) == {(ACCOUNT, REGION)}
    (row,) = rows(ended, "ListRegions")
    assert not row["complete"]
    assert "allow `account:ListRegions`" in row["basis"]
    assert [one["source"] for one in ended.report["gaps"]] == ["account:ListRegions"]


def test_a_region_that_takes_no_call_does_not_stop_the_others(hub: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from lab.lakeformation import AwsError  # noqa: PLC0415

    before = hub.lab._before

    def closed(request: Any) -> Any:
        if request.region == "eu-west-1":
            raise AwsError("InvalidClientTokenId", "The security token included in the request is invalid.", 403)
        return before(request)

    monkeypatch.setattr(hub.lab, "_before", closed)
    ended = hub.check("--region", REGION, "--region", "eu-west-1")
    assert (ended.code, ended.complete) == (4, False)
    assert lakes(ended) == {(ACCOUNT, REGION)}
    away = [row for row in ended.report["ledger"] if row["region"] == "eu-west-1"]
    assert [(row["operation"], row["complete"]) for row in away] == [("GetCallerIdentity", False)]
    assert "InvalidClientTokenId" in away[0]["errors"][0]
    assert "not valid" in hub.check("--region", "eu-west-1").refused(5)


# ---------------------------------------------------------------------------------------------------------- recordings
TOLD = ("--role-arn", role(ACCOUNT), "--role-arn", role(OTHER))


def test_a_folder_has_one_recording_for_each_lake_and_checks_the_same(hub: World, tmp_path: Path) -> None:
    hub.lab.role(role(THIRD), closed=True)
    told = (*TOLD, "--role-arn", role(THIRD))
    target = tmp_path / "lakes"
    ended = run("collect", "-o", f"{target}/", *told, env=hub.env())
    assert (ended.code, ended.out) == (4, "")
    assert sorted(one.name for one in target.iterdir()) == [
        f"{account}.{REGION}.jsonl.zst" for account in sorted((ACCOUNT, OTHER, THIRD))
    ]
    assert f"refused: sts:AssumeRole ({THIRD}/{REGION}): AccessDenied" in ended.err.splitlines()
    replayed = run("check", "--state", hub.state, "--live", target, "-o", "json=-")
    live = hub.check(*told)
    assert (live.code, replayed.code) == (4, 4)
    assert live.report["gaps"] == replayed.report["gaps"]
    assert without_places(live.findings) == without_places(replayed.findings)
    whole = tmp_path / "all.jsonl"
    assert run("collect", "-o", whole, *told, env=hub.env()).code == 4
    again = run("check", "--state", hub.state, "--live", whole, "-o", "json=-")
    assert again.report["ledger"] == replayed.report["ledger"]


def test_a_folder_that_broke_off_goes_on_and_is_not_read_before(hub: World, tmp_path: Path) -> None:
    target = tmp_path / "lakes"
    assert run("collect", "-q", "-o", f"{target}/", *TOLD, env=hub.env()).code == 0
    whole = {one.name: one.stat().st_mtime_ns for one in target.iterdir()}
    scope = [f"{ACCOUNT}/{REGION}", f"{OTHER}/{REGION}"]
    done = f"{ACCOUNT}.{REGION}.jsonl.zst"
    lines = [{"scope": scope}, {"done": done, "refused": {}}]
    (target / "collecting.part").write_text("".join(json.dumps(one) + "\n" for one in lines) + '{"don')
    assert "broke off" in run("check", "--state", hub.state, "--live", target).refused(5)
    hub.lab.calls.clear()
    ended = run("collect", "-o", f"{target}/", *TOLD, env=hub.env())
    assert ended.code == 0
    assert "going on: 1 recordings are there, 1 are not" in ended.err
    after = {one.name: one.stat().st_mtime_ns for one in target.iterdir()}
    assert after.keys() == whole.keys()
    assert {name for name, at in whole.items() if after[name] != at} == {f"{OTHER}.{REGION}.jsonl.zst"}
    (target / "collecting.part").write_text(json.dumps({"scope": ["x"]}) + "\n")
    assert "`--fresh`" in run("collect", "-q", "-o", f"{target}/", *TOLD, env=hub.env()).refused(5)
    assert run("collect", "-q", "-o", f"{target}/", "--fresh", *TOLD, env=hub.env()).code == 0


def test_an_empty_folder_is_no_recording(world: World, tmp_path: Path) -> None:
    assert "holds no recording" in run("check", "--state", world.state, "--live", tmp_path).refused(5)


def test_entering_reads_only(hub: World, tmp_path: Path) -> None:
    from checks.live.collectors import ENTRIES, allowed  # noqa: PLC0415

    hub.lab.organise({OTHER: "consumer"})
    hub.lab.calls.clear()
    run("collect", "-o", tmp_path / "lakes.jsonl", "--organization", "lake-auditor", "--region", "all", env=hub.env())
    made = set(hub.lab.calls)
    assert {f"{service}:{operation}" for service, operation in ENTRIES} == ENTERING
    assert made - {f"{service}:{operation}" for service, operation in allowed()} == ENTERING - {"ec2:DescribeRegions"}
    text = (tmp_path / "lakes.jsonl").read_text()
    assert "SecretAccessKey" not in text
    assert "AssumeRole" not in text


# --------------------------------------------------------------------------------------------------------------- usage
@pytest.mark.parametrize(
    ("told", "words"),
    [
        (("--role-arn", AUDITOR, "--role-arn", role(ACCOUNT, "other")), "two roles"),
        (("--role-arn", "lake-auditor"), "no ARN of a role"),
        (("--accounts", OTHER), "--role-name"),
        (("--role-name", "x"), "--accounts"),
        (("--accounts", "nowhere.txt", "--role-name", "x"), "neither account ids nor a file"),
        (("--organization", "x", "--role-arn", AUDITOR), "name no others"),
        (("--external-id", "x"), "--role-arn"),
        (("--role-arn", AUDITOR, "--session-name", "a b"), "--session-name"),
        (("--organization", "/x"), "no role's name"),
    ],
)
def test_what_makes_no_sense_is_usage(told: tuple[str, ...], words: str, world: World) -> None:
    assert words in world.check(*told).refused(64)


# -------------------------------------------------------------------------------------------------------------- shares
def grant(world: World, who: str, table: dict[str, str], by: str | None = None, *, pass_on: bool = False) -> None:
    world.lab.call(
        "lakeformation",
        "GrantPermissions",
        {
            "Principal": {"DataLakePrincipalIdentifier": who},
            "Resource": {"Table": table},
            "Permissions": ["SELECT"],
            "PermissionsWithGrantOption": ["SELECT"] if pass_on else [],
        },
        principal=by,
    )


def test_both_sides_of_a_share_are_joined_where_both_were_read(hub: World) -> None:
    database = next(iter(hub.lab.lake().glue.store.databases))
    name = next(iter(hub.lab.lake().glue.store.databases[database].tables))
    table = {"CatalogId": ACCOUNT, "DatabaseName": database, "Name": name}
    there = hub.lab.lake(OTHER)
    there.settings["DataLakeAdmins"] = [{"DataLakePrincipalIdentifier": role(OTHER, "keeper")}]
    grant(hub, OTHER, table, pass_on=True)
    grant(hub, role(OTHER, "guest"), table, role(OTHER, "keeper"))
    alone = [one for one in hub.check().findings if one["subject"]["principal"] == OTHER]
    assert {one["reach"]["principals"] for one in alone} == {"many"}
    ended = hub.check(*TOLD)
    assert ended.complete
    found = [one for one in ended.findings if one["subject"]["principal"] == OTHER]
    assert {one["id"] for one in found} == {one["id"] for one in alone}
    assert {one["reach"]["principals"] for one in found} == {2}
    assert "held by role/keeper (data lake admin), role/guest" in found[0]["message"]
    hub.lab.role(role(OTHER), closed=True)
    closed = [one for one in hub.check(*TOLD).findings if one["subject"]["principal"] == OTHER]
    assert {one["reach"]["principals"] for one in closed} == {"many"}


# ------------------------------------------------------------------------------------------------------------ sessions
def test_a_session_that_ends_is_renewed(hub: World, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = hub.lab._clock
    monkeypatch.setattr(hub.lab, "_clock", lambda: clock() - 3600 + 60)  # what STS gives ends in a minute
    ended = hub.check("--role-arn", role(ACCOUNT))
    assert (ended.code, ended.complete) == (0, True)
    assert hub.lab.calls["sts:AssumeRole"] > 1


def test_a_session_that_ends_before_it_is_used_is_a_refusal(hub: World, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, entered = hub.lab._clock, []

    def ending() -> float:
        entered.append(1)
        return clock() - 3600 + 60

    monkeypatch.setattr(hub.lab, "_clock", ending)
    before = hub.lab._before

    def once(request: Any) -> Any:
        if request.name == "sts:AssumeRole" and entered:
            hub.lab.role(role(ACCOUNT), closed=True)
        return before(request)

    monkeypatch.setattr(hub.lab, "_before", once)
    ended = hub.check("--role-arn", role(ACCOUNT))
    assert (ended.code, ended.complete) == (4, False)
    (row,) = [row for row in ended.report["ledger"] if row["service"] == "sts"]
    assert "sts:AssumeRole" in row["errors"][0]
    assert {one["verdict"] for one in ended.findings} == {"unknown"}
