"""The tool that holds the tests to account: what it changes, and that it says so when nothing notices."""

import ast
import subprocess
import sys
from pathlib import Path

import gate
import pytest
from mutants import mutants_of

GATE = Path(__file__).with_name("gate.py")
ROOT = GATE.parents[2]


def texts(tmp_path, source):
    path = tmp_path / "toy.py"
    path.write_text(source, "utf-8")
    return [one.text for one in mutants_of(path, tmp_path)]


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("return a < b", ["⟨a < b → None⟩", "a <⟨ → =⟩ b", "a ⟨< → >=⟩ b"]),
        ("return not a", ["⟨not a → None⟩", "⟨not  → ⟩a"]),
        ("return a | b", ["⟨a | b → None⟩", "a ⟨| → &⟩ b"]),
        ("return a - b", ["⟨a - b → None⟩", "a⟨ - b → ⟩"]),
        ("return any(a)", ["⟨any(a) → None⟩", "⟨any → all⟩(a)"]),
        ("return {a, b}", ["⟨{a, b} → None⟩", "{⟨a,  → ⟩b}", "{a⟨, b → ⟩}", "⟨{a, b} → set()⟩"]),
        ("return True", ["⟨True → False⟩"]),
        ("return 3", ["⟨3 → 4⟩", "⟨3 → 2⟩"]),
        ("return 'word'", ["'⟨word → XXword⟩'"]),
        ("return 'some prose'", []),
        ("return", []),
        ("raise AssertionError", []),
        ("assert a == b", []),
    ],
)
def test_each_change_of_a_statement(tmp_path, statement, expected):
    found = texts(tmp_path, f"def toy(a: int = None) -> bool:\n    {statement}\n")
    assert [one.removeprefix("return ") for one in found] == expected


def test_statements_with_an_effect_are_left_out_and_conditions_turned(tmp_path):
    source = "def toy(a):\n    for one in a:\n        if one and a:\n            a.add(one)\n            break\n"
    assert sorted(texts(tmp_path, source)) == [
        "if one ⟨and → or⟩ a:",
        "if ⟨one and a → not (one and a)⟩:",
        "⟨a.add(one) → pass⟩",
        "⟨break → continue⟩",
    ]


def test_cases_alternatives_and_guards_go(tmp_path):
    source = (
        "def toy(a):\n    match a:\n        case 1 | 2 if a > 1:\n            pass\n        case _:\n            pass\n"
    )
    assert texts(tmp_path, source) == [
        "⟨case 1 | 2 if a > 1: → ⟩",
        "case ⟨1 → 2⟩ | 2 if a > 1:",
        "case 1 | ⟨2 → 1⟩ if a > 1:",
        "case 1 | 2 if ⟨a > 1 → True⟩:",
        "case 1 | 2 if a >⟨ → =⟩ 1:",
        "case 1 | 2 if a ⟨> → <=⟩ 1:",
        "case 1 | 2 if a > ⟨1 → 2⟩:",
        "case 1 | 2 if a > ⟨1 → 0⟩:",
    ]


@pytest.mark.parametrize("pattern", gate.ENGINE)
def test_every_mutant_compiles_and_looking_for_them_changes_nothing(pattern):
    for path in sorted(ROOT.glob(pattern)):
        found = mutants_of(path, ROOT)
        for one in found[:: 1 if len(found) < 200 else 3]:
            place = next(node for node in one.tree.body if node.lineno <= one.lines.start <= (node.end_lineno or 0))
            one.put()
            compile(ast.fix_missing_locations(ast.Module([place], [])), str(path), "exec", dont_inherit=True)
            one.put()
        for one in found[-1:]:
            assert ast.unparse(one.tree) == ast.unparse(ast.parse(path.read_text("utf-8")))


SOURCE = "LIMIT = 3\n\n\ndef small(number):\n    return number < LIMIT\n"
TESTS = "from checks.principals import small\n\n\ndef test_small():\n    assert small(1)\n{more}"


@pytest.mark.parametrize(
    ("more", "code", "said"),
    [
        ("    assert small(2)\n    assert not small(3)\n", 0, "mutation score: 100.0 % of 5 mutants"),
        ("", 1, "unnoticed: checks/principals.py:5: small: return number <⟨ → =⟩ LIMIT"),
        ("    assert not small(2)\n", 1, "the tests fail without any mutant"),
    ],
)
def test_the_gate_passes_good_tests_and_names_what_weak_ones_miss(tmp_path, more, code, said):
    for name in gate.TESTS:
        (tmp_path / "tests" / name).parent.mkdir(parents=True, exist_ok=True)
        place = tmp_path / "tests" / name
        place.touch() if place.suffix else place.mkdir(exist_ok=True)
    for name, text in {
        "pyproject.toml": '[tool.pytest.ini_options]\npythonpath = ["."]\n',
        "checks/__init__.py": "",
        "checks/principals.py": SOURCE,
        "tests/checks/test_small.py": TESTS.format(more=more),
        "tests/mutation/gate.py": GATE.read_text("utf-8"),
        "tests/mutation/mutants.py": GATE.with_name("mutants.py").read_text("utf-8"),
        "tests/mutation/equivalent.toml": "",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    command = [sys.executable, str(tmp_path / "tests/mutation/gate.py")]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (result.returncode, said in result.stdout + result.stderr) == (code, True), result.stdout + result.stderr
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
