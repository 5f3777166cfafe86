"""The bench of the access engine measures the right thing. Nothing here looks at a time."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.access import literal
from bench.access_grants import SHARES, Grant, Lake, Scramble, Size, TooSmallError
from bench.access_lake import planted, write
from bench.access_parts import judged
from bench.row_filters import TYPES, Filters
from checks.compare import Comparison, compare
from checks.model import Where
from checks.predicates import rows
from floodline import inputs

ROOT = Path(__file__).parents[2]
SMALL = Size(grants=3000, tables=500, principals=100, moved_tags=10, edited_filters=5, added_columns=5)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("access")
    write(Lake(SMALL), made, peer=True)
    return made


def lakes(folder: Path) -> Comparison:
    read = [inputs.recordings([str(folder / f"{name}.jsonl")]).live for name in ("declared", "live")]
    assert all(one.complete for one in read), [row for one in read for row in one.ledger if not row.complete]
    assert not any(lake.gaps for one in read for lake in one.lakes)
    (declared,), (live,) = (one.lakes for one in read)
    return compare(declared, live)


# ----------------------------------------------------------------------------------------------------------- the bench
def test_every_part_is_measured_and_every_difference_found(tmp_path: Path) -> None:
    document = tmp_path / "access.json"
    done = subprocess.run(
        [
            sys.executable, "-m", "bench.access", "--grants", "1000", "--tables", "300", "--principals", "90",
            "--moved-tags", "4", "--edited-filters", "2", "--added-columns", "2", "--linear", "--no-limits",
            "--json", str(document),
        ],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(document.read_text("utf-8"))
    names = ["catalog, live", "parse live", "parse declared", "compare", "the same, 1,000", "the same, 3,000"]
    assert list(told["parts"]) == [*names, "5,000 pairs of row filters"]
    for work in told["parts"].values():
        assert work["peak"] > 1 << 20
    facts = told["parts"]["the same, 1,000"]["facts"]
    assert facts["planted"] == {"grants": 5, "tags": 4, "filters": 2, "columns": 2}
    assert (facts["missed"], facts["surplus"]) == (0, 0)
    assert told["parts"]["5,000 pairs of row filters"]["facts"]["relations"].keys() == {
        "equal", "narrower", "overlap", "wider",
    }  # fmt: skip


def test_a_peer_that_is_not_there_is_named_with_how_to_get_it(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench.access", "--peer", str(tmp_path / "lfpolicy")],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "pip install lfpolicy==0.11.0" in done.stderr


def test_a_finding_too_few_or_too_many_is_noticed(folder: Path) -> None:
    wanted = json.loads((folder / "planted.json").read_text("utf-8"))
    found = lakes(folder)
    right = judged(wanted, found)
    assert (right["missed"], right["surplus"]) == (0, 0), right["examples"]
    grant = next(one for one in found.findings if one.subject.kind == "grant")
    without = Comparison(found.lake, tuple(one for one in found.findings if one is not grant), found.equal)
    assert (judged(wanted, without)["missed"], judged(wanted, without)["surplus"]) == (1, 0)
    for part in ("grants", "tags", "filters", "columns"):
        less = {**wanted, part: wanted[part][1:]}
        assert (judged(less, found)["missed"], judged(less, found)["surplus"]) == (0, 1), part
    turned = [{**wanted["grants"][0], "gained": not wanted["grants"][0]["gained"]}, *wanted["grants"][1:]]
    assert judged({**wanted, "grants": turned}, found)["missed"] == 1


# ------------------------------------------------------------------------------------------------------------ the lake
def test_the_same_arguments_give_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    write(Lake(SMALL), tmp_path, peer=True)
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["current.json", "declared.jsonl", "desired.json", "live.jsonl", "planted.json"]
    for name in names:
        assert (folder / name).read_bytes() == (tmp_path / name).read_bytes()


def test_the_mix_is_exact_and_nothing_is_granted_twice() -> None:
    lake = Lake(SMALL)
    grants = [lake.grant(number) for number in range(SMALL.grants)]
    assert Counter(one.kind for one in grants) == {kind: share * 30 for kind, share in SHARES.items()}
    assert len({(one.kind, one.principal, one.place) for one in grants}) == SMALL.grants
    inverted = [one.inverted for one in grants if one.columns]
    assert 0.4 < sum(inverted) / len(inverted) < 0.6
    assert 0.015 < sum(1 for one in grants if one.options) / SMALL.grants < 0.045


def test_both_sides_hold_the_same_but_for_what_is_planted() -> None:
    lake = Lake(SMALL)
    declared, live = (Counter(lake.side(live=live)) for live in (False, True))
    differ = Counter(one.declared for one in lake.planted.values()), Counter(one.live for one in lake.planted.values())
    for one in differ:
        one.pop(None, None)
    assert declared - live == differ[0] - differ[1]
    assert live - declared == differ[1] - differ[0]
    assert list(lake.side(live=False))[:100] != list(lake.side(live=True))[:100]
    assert len(lake.planted) == SMALL.grants * SMALL.drift


def test_tags_are_spread_as_said() -> None:
    size = Size(grants=100, tables=5000, principals=50)
    tags = Lake(size).declared
    assert 0.7 < sum(map(len, tags.databases)) / (8 * len(tags.databases)) < 0.9
    assert 0.37 < len(tags.tables) / size.tables < 0.43
    assert 0.27 < len(tags.columns) / size.tables < 0.33


def test_more_grants_than_pairs_are_refused() -> None:
    with pytest.raises(TooSmallError):
        Lake(Size(grants=100_000, tables=100, principals=10))


@given(st.integers(1, 5000), st.integers(0, 1 << 30), st.data())
def test_a_scramble_can_be_undone(size: int, seed: int, data: st.DataObject) -> None:
    scramble = Scramble(size, random.Random(seed))
    number = data.draw(st.integers(0, size - 1))
    assert 0 <= scramble(number) < size
    assert scramble.undo(scramble(number)) == number


# ------------------------------------------------------------------------------------------------------------ the peer
def test_the_peer_gets_the_same_grants_filters_and_tags(folder: Path) -> None:
    for ours, theirs in (("declared", "desired"), ("live", "current")):
        told = json.loads((folder / f"{theirs}.json").read_text("utf-8"))
        answers: dict[str, list[Any]] = {}
        for line in (folder / f"{ours}.jsonl").read_text("utf-8").splitlines()[1:]:
            answer = json.loads(line)
            answers.setdefault(answer["operation"], []).append(answer["response"])
        grants = [row for page in answers["ListPermissions"] for row in page["PrincipalResourcePermissions"]]
        assert [one["principal"] for one in told["grants"]] == [
            one["Principal"]["DataLakePrincipalIdentifier"] for one in grants
        ]
        assert [sorted(one["permissions"]) for one in told["grants"]] == [sorted(one["Permissions"]) for one in grants]
        filters = [row for page in answers["ListDataCellsFilter"] for row in page["DataCellsFilters"]]
        assert [one["row_filter"] for one in told["data_cells_filters"]] == [
            one["RowFilter"]["FilterExpression"] for one in filters
        ]
        assert len(told["lf_tags"]) == len(answers["ListLFTags"][0]["LFTags"])


def test_literal_differences_are_counted_as_a_literal_comparison_finds_them(folder: Path) -> None:
    desired, current = (json.loads((folder / f"{name}.json").read_text("utf-8")) for name in ("desired", "current"))

    def keyed(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
        return {json.dumps([one["principal"], one["resource"]], sort_keys=True): one for one in document["grants"]}

    declared, live = keyed(desired), keyed(current)
    count = len(declared.keys() ^ live.keys())
    for key in declared.keys() & live.keys():
        one, other = declared[key], live[key]
        count += bool({*one["permissions"]} - {*other["permissions"]})
        more = {*other["permissions"]} - {*one["permissions"]}
        count += bool(more or other.get("grantable_permissions", []) != one.get("grantable_permissions", []))
    count += sum(
        one != other for one, other in zip(*(d["data_cells_filters"] for d in (desired, current)), strict=True)
    )
    count += 2 * sum(
        one["tags"][key] != other["tags"][key]
        for one, other in zip(*(d["resource_tags"] for d in (desired, current)), strict=True) for key in one["tags"]
    )  # fmt: skip
    assert literal(json.loads((folder / "planted.json").read_text("utf-8"))) == count


# -------------------------------------------------------------------------------------------------------- row filters
def test_row_filters_drawn_are_decided() -> None:
    drawn = Filters(3)
    for _ in range(200):
        declared, live = drawn.pair()
        verdict = rows.compare([Where(live)], [Where(declared)], TYPES)
        assert verdict.relation is not rows.Relation.UNKNOWN, (declared, live, verdict.reason)


def test_what_is_planted_is_told_as_json() -> None:
    lake = Lake(SMALL)
    told = planted(lake)
    assert [len(told[name]) for name in ("grants", "tags", "filters", "columns")] == [15, 10, 5, 5]
    assert json.loads(json.dumps(told))["grants"][0]["principal"].startswith(
        "arn:aws:iam::111122223333:role/lake/role-"
    )
    assert isinstance(lake.grant(0), Grant)
