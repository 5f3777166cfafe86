"""Every rule against its own examples; ids, documentation and options as a whole."""

from __future__ import annotations

import importlib
import re
import types

import pytest

from checks.model import (
    EVERYONE,
    AllTables,
    Confidence,
    Database,
    DatabaseInfo,
    Grant,
    Lake,
    LakeId,
    Permission,
    Principal,
    Settings,
    Table,
    TableInfo,
    Verdict,
)
from checks.rules import Example, OptionError, Rule, discover, posture

RULES = discover()
HOME = LakeId("aws", "111122223333", "eu-west-1")
LEND = frozenset({Permission("SELECT")})


def examples(kind: str) -> list[object]:
    return [
        pytest.param(rule, example, id=f"{rule.name}-{number}")
        for rule in RULES
        for number, example in enumerate(getattr(rule, kind))
    ]


@pytest.mark.parametrize(("rule", "example"), examples("flags"))
def test_flagged_examples_are_flagged(rule: Rule, example: Example) -> None:
    hits = list(rule.find(rule.scene(example)))
    assert hits
    assert not any(hit.undecided for hit in hits)


@pytest.mark.parametrize(("rule", "example"), examples("passes"))
def test_passing_examples_pass(rule: Rule, example: Example) -> None:
    assert list(rule.find(rule.scene(example))) == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_documents_itself(rule: Rule) -> None:
    assert re.fullmatch(r"FL2\d\d", rule.id)
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", rule.name)
    assert rule.what.endswith(".")
    assert rule.why.endswith(".")
    assert rule.fix.endswith(".")
    assert rule.source.startswith("https://docs.aws.amazon.com/")
    assert rule.flags
    assert rule.passes
    assert rule.reads


def test_a_module_without_a_rule_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib, "import_module", types.ModuleType)
    with pytest.raises(TypeError, match="must define RULE: Rule"):
        discover.__wrapped__()


def test_two_rules_never_share_an_id(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("twin")
    module.RULE = RULES[0]  # type: ignore[attr-defined]
    monkeypatch.setattr(importlib, "import_module", lambda _: module)
    with pytest.raises(TypeError, match=r"id `FL201` or name `everyone-granted` is taken"):
        discover.__wrapped__()


def test_posture_turns_hits_into_findings_with_lasting_ids() -> None:
    tables = {Table("111122223333", "hr", name): TableInfo(Table("111122223333", "hr", name)) for name in "abc"}
    grants = (Grant(EVERYONE, AllTables("111122223333", "hr"), LEND), Grant(EVERYONE, Database("1", "x"), LEND))
    found = posture(Lake(HOME, grants, tables=tables))
    again = posture(Lake(HOME, grants[::-1], tables=tables, assumed=True))
    assert [finding.rule for finding in found] == ["FL201", "FL201"]
    assert {finding.id for finding in found} == {finding.id for finding in again}
    assert all(re.fullmatch(r"[0-9a-f]{16}", finding.id) for finding in found)
    assert found[0].reach.tables == 3
    assert found[0].reach.principals is None
    assert found[0].verdict is Verdict.POSTURE
    assert (found[0].confidence, again[0].confidence) == (Confidence.PROVED, Confidence.ASSUMED)
    assert "revoke" in found[0].fix_declare


def test_an_unknown_home_account_is_undecided_unless_listed() -> None:
    lake = Lake(
        LakeId("aws", "unknown", "unknown"),
        (Grant(Principal("arn:aws:iam::444455556666:role/a"), Table("", "d", "t"), LEND, LEND),),
    )
    (finding,) = posture(lake)
    assert finding.verdict is Verdict.UNKNOWN
    assert posture(lake, {"grant-option-outside": {"allowedAccounts": ["444455556666"]}}) == ()


def test_a_hidden_value_is_undecided_in_each_rule_that_hangs_on_it() -> None:
    table, database = Table("111122223333", "hr", "pay"), Database("111122223333", "hr")
    grants = (Grant(None, table, LEND, LEND),)
    databases = {database: DatabaseInfo(database, hidden=frozenset({"table_defaults", "location"}))}
    settings = (Settings((("DataLakeAdmins", frozenset()),), frozenset({"CreateDatabaseDefaultPermissions"})),)
    lake = Lake(HOME, grants, databases, settings=settings)
    hits = [(rule.id, hit) for rule in RULES for hit in rule.find(rule.scene(Example(lake)))]
    assert all(hit.undecided for _, hit in hits)
    names = [(rule, hit.plain.split()[0].strip("`")) for rule, hit in hits]
    on_table = [rule for rule, name in names if name == "principal"]
    assert {"FL201", "FL203", "FL205", "FL206"} <= {*on_table}
    assert names.count(("FL202", "createTableDefaultPermissions")) == 2
    assert ("FL204", "readOnlyAdmins") in names
    assert ("FL213", "allowExternalDataFiltering") in names
    # What nobody knows is said once, by the first rule that hangs on it.
    assert [one.rule for one in posture(lake) if one.subject.kind == "grant"] == ["FL201"]
    assert posture(Lake(HOME, (Grant(None, table, LEND),)))[0].verdict is Verdict.UNKNOWN
    known = {database: DatabaseInfo(database, hidden=frozenset({"location"}))}
    assert posture(Lake(HOME, databases=known)) == ()


def test_hostile_names_are_escaped_and_never_in_the_plain_text() -> None:
    name = "evil\x1b[31m\u202e</script>"
    lake = Lake(HOME, (Grant(EVERYONE, Table("111122223333", name, name), LEND, LEND),))
    for rule in RULES:
        for hit in rule.find(rule.scene(Example(lake))):
            assert "\x1b" not in hit.message
            assert "\u202e" not in hit.message
            assert "evil" not in hit.plain


@pytest.mark.parametrize(
    ("options", "text"),
    [
        pytest.param({"nobody": {}}, "there is no rule `nobody`", id="rule"),
        pytest.param({"everyone-granted": {"x": []}}, "has no option `x`; it has none", id="no options"),
        pytest.param({"grant-option-outside": {"accounts": []}}, "it has `allowedAccounts`", id="option"),
        pytest.param({"grant-option-outside": {"allowedAccounts": "444455556666"}}, "a list of texts", id="text"),
        pytest.param({"grant-option-outside": {"allowedAccounts": [444455556666]}}, "a list of texts", id="number"),
        pytest.param({"grant-option-outside": {"allowedAccounts": ["4444\x1b"]}}, r"`4444\\u001b` is not", id="form"),
    ],
)
def test_options_that_nobody_understands_are_refused(options: dict[str, dict[str, object]], text: str) -> None:
    with pytest.raises(OptionError, match=text):
        posture(Lake(HOME), options)
