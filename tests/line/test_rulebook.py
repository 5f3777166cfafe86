"""The documentation of rules is made from them: what is committed is what they say now."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from line_world import run

from floodline import rulebook

DOCS = Path(__file__).parents[2] / "docs" / "rules"


def test_the_pages_are_what_the_rules_say():
    """If this fails: `floodline rules --docs docs/rules`."""
    assert {path.name: path.read_text("utf-8") for path in DOCS.iterdir()} == dict(rulebook.pages())


def test_docs_writes_every_page_and_removes_those_of_no_rule(tmp_path: Path):
    (tmp_path / "FL999.md").write_text("once")
    (tmp_path / "notes.md").write_text("ours")
    assert run("rules", "--docs", tmp_path).code == 0
    assert {path.name for path in tmp_path.iterdir()} == {*rulebook.pages(), "notes.md"}


def test_every_rule_is_listed_with_its_family_and_severity():
    listed = json.loads(run("rules", "--json").out)
    assert [one["id"] for one in listed] == sorted(rulebook.entries())
    assert {one["family"] for one in listed} == set(rulebook.FAMILIES)
    told = run("rules").out
    for one in listed:
        assert re.search(rf"^{one['id']}  {one['severity']} +{one['family']} +{one['name']}$", told, re.MULTILINE)


@pytest.mark.parametrize("code", sorted(rulebook.entries()))
def test_each_is_explained(code: str):
    told = run("explain", code.lower())
    entry = rulebook.entries()[code]
    assert told.code == 0
    assert told.out.startswith(f"{code} {entry.name} ({entry.severity})")
    assert entry.source in told.out
    assert entry.family != "posture" or ("why:" in told.out and "for example:" in told.out)
