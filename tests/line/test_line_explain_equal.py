"""``check --explain-equal`` and ``rules --equalities``: why what is spelt differently is the same."""

from __future__ import annotations

import json

from line_world import World, run

from checks.equalities import ALWAYS, NORMALISATIONS


def test_the_list():
    told = json.loads(run("rules", "--equalities", "--json").out)
    assert [one["id"] for one in told] == [one.id for one in NORMALISATIONS]
    assert told[1]["when"] == "while comparing"
    ended = run("rules", "--equalities")
    assert (ended.code, ended.err) == (0, "")
    assert "N02  implied-describe (while comparing)\n" in ended.out
    assert "FL101" not in ended.out


def test_a_check_says_why(world: World):
    files = ("--state", world.state, "--live", world.recorded("untouched"))
    plain = run("check", *files, "-o", "json=-", "-q")
    ended = run("check", *files, "-o", "json=-", "-q", "--explain-equal")
    assert ended.code == plain.code == 0
    assert json.loads(ended.out)["findings"] == json.loads(plain.out)["findings"]
    assert plain.err == ""
    assert "equalities" not in plain.report
    told = ended.report["equalities"]
    assert told
    assert all(one["count"] and one["example"] and one["lake"]["region"] == "us-east-1" for one in told)
    assert [one["id"] for one in told] == sorted({one["id"] for one in told})
    first, *rest, last = ended.err.splitlines()
    assert first == "equal in 111122223333/us-east-1, although spelt otherwise:"
    assert rest[0].startswith("  N")
    assert last.startswith(f"made one while reading, and not counted: {ALWAYS[0].id}, ")
    assert ended.err.isprintable() or all(line.isprintable() for line in ended.err.splitlines())


def test_a_widening_is_not_explained_away(world: World):
    files = ("--state", world.state, "--live", world.recorded("retag-database"))
    ended = run("check", *files, "-q", "--explain-equal")
    assert ended.code == 3
    assert "e.g. live: role/marketing" not in ended.err
