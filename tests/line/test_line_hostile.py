"""Names are other people's: none of them disturbs a terminal or a page, and JSON gives each back as it is."""

from __future__ import annotations

import html
import json
from html.parser import HTMLParser
from typing import Any

import pytest
from line_world import UNTOUCHED, World, replay, run, without_places

NAMES = {
    "script": "</script><img src=x onerror=alert(1)>",
    "quotes": "\"'`;--<!--${{7*7}}",
    "formula": "=cmd|' /c calc'!a0",
    "escape": "\x1b[2j\x1b]0;owned\x07\r\nverdict: equal\x00\x7f\x9b31m",
    "bidi": "\u202eelbat\u2066x\u2069\u200b\ufeff\u2028\u2029\U000e0041",
    "long": "x" * 5000,
    "markup": "[bold red]{evil}[/]%s\\n:warning:",
    "backslash": "c:\\new\\table\\",
}
"""All lower case, as Glue keeps them."""

# What is renamed: a word of the declared program that an incident's findings name.
PLACES = {
    "database": ("telemetry_raw", "retag-database"),
    "table": ("screen_sessions", "grant-option"),
    "column": ("typed_text", "dropped-excluded-column"),
    "tag": ("sensitivity", "retag-database"),
    "value": ("restricted", "retag-database"),
    "principal": ("role/analyst", "retag-database"),
    "filter": ("emea_with_consent", "loosened-filter"),
}


def spelt(data: bytes, word: str, name: str) -> bytes:
    """A document in which every *word* is called *name*, written as JSON writes it."""
    return data.replace(word.encode(), json.dumps(name)[1:-1].encode())


class _Page(HTMLParser):
    """What a browser makes of a page: its elements, attributes and text."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.handlers: list[str] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.handlers += [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.text += data


def tame(text: str) -> None:
    """Nothing in a text colours, moves, reorders or hides anything: line ends and printable characters only."""
    odd = {char for char in text if not (char.isprintable() or char == "\n")}
    assert not odd, odd


def texts(value: Any) -> list[str]:
    match value:
        case str():
            return [value]
        case dict():
            return [text for key, one in value.items() for text in (key, *texts(one))]
        case list():
            return [text for one in value for text in texts(one)]
        case _:
            return []


@pytest.fixture
def files(world: World, tmp_path):
    """Write a state and a recording with names changed on both sides, or on one."""

    def write(incident: str, word: str, name: str, *, declared: bool = True, live: bool = True):
        state, recording = tmp_path / "state.json", tmp_path / "lake.jsonl"
        told, seen = world.state.read_bytes(), world.lines(incident)
        assert word.encode() in told
        assert word.encode() in seen
        state.write_bytes(spelt(told, word, name) if declared else told)
        recording.write_bytes(spelt(seen, word, name) if live else seen)
        return state, recording

    return write


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", NAMES)
def test_a_hostile_name_on_both_sides(kind: str, place: str, files, world: World, tmp_path):
    word, incident = PLACES[place]
    name = NAMES[kind]
    new = f"role/{name}" if place == "principal" else name
    state, recording = files(incident, word, new)
    page, summary = tmp_path / "report.html", tmp_path / "report.txt"
    ended = replay(state, recording, "-o", page, "-o", f"text={summary}")
    # The same finding as with tame names, and JSON that gives the name back.
    expected = world.replayed(incident)
    assert ended.code == expected.code == 3
    assert [one["verdict"] for one in ended.findings] == [one["verdict"] for one in expected.findings]
    assert ended.report["summary"] == expected.report["summary"]
    if place not in {"value", "principal"}:  # the words of a message, and perhaps not of the one witness
        assert any(name in text for text in texts(ended.findings))
    # Nothing of it gets through.
    tame(ended.err)
    tame(summary.read_text("utf-8"))
    tame(ended.out)
    assert ended.out.isascii()
    harmless(page.read_text("utf-8"))


def harmless(page: str) -> None:
    tame(page)
    found = _Page(page)
    assert "img" not in found.tags
    assert found.handlers == []
    assert "alert(1)" not in page or "&lt;img src=x onerror=alert(1)&gt;" in page
    assert "<img" not in page.lower()


@pytest.mark.parametrize("kind", ["script", "escape", "bidi", "long"])
@pytest.mark.parametrize("side", ["declared", "live"])
@pytest.mark.parametrize("place", ["database", "principal", "tag"])
def test_a_hostile_name_on_one_side(place: str, side: str, kind: str, files, tmp_path):
    """What only one side knows is found, or not decided, and shown without harm."""
    word, name = PLACES[place][0], NAMES[kind]
    new = f"role/{name}" if place == "principal" else name
    state, recording = files(UNTOUCHED, word, new, declared=side == "declared", live=side == "live")
    page = tmp_path / "report.html"
    ended = replay(state, recording, "-o", page)
    assert ended.code in {2, 3}
    assert ended.findings
    tame(ended.err)
    tame(ended.out)
    harmless(page.read_text("utf-8"))


@pytest.mark.parametrize("place", PLACES)
def test_half_a_character_is_refused_in_one_line(place: str, files, tmp_path):
    """JSON may spell half a surrogate pair, which is no text: no report is made of it, nor a traceback."""
    word, incident = PLACES[place]
    page = tmp_path / "report.html"
    state, recording = files(incident, word, "half\ud800")
    ended = replay(state, recording, "-o", page)
    assert (ended.code, ended.out, page.exists()) == (5, "", False)
    assert ended.err.startswith("floodline: ")
    assert ended.err.count("\n") == 1
    tame(ended.err)


def test_names_are_told_apart_however_alike_they_look(files, world: World):
    """A name that only looks like another, or is longer where no page shows it, is another."""
    for name in ("telemetry_raw\u200b", "telemetry_r\u0430w", "\u202eelemetry_raw", "x" * 4000):
        state, recording = files(UNTOUCHED, "telemetry_raw", name, live=False)
        assert replay(state, recording).code in {2, 3}, ascii(name)


@pytest.mark.parametrize("kind", NAMES)
def test_explain_prints_no_hostile_name(kind: str, files):
    name = NAMES[kind].replace("\x00", "")  # no argument holds a NUL
    state, recording = files("retag-database", "role/analyst", f"role/{name}")
    who = f"arn:aws:iam::111122223333:role/{name}"
    ended = run("explain", who, "telemetry_raw.app_usage", "--state", state, "--live", recording)
    assert ended.code == 0, ended.err
    tame(ended.out)
    tame(ended.err)
    assert "declared:" in ended.out


def test_arguments_are_not_echoed_raw(world: World, tmp_path):
    bad = "\x1b[31m\u202e"
    for arguments in (
        ["check", "--state", tmp_path / bad, "--live", "x"],
        ["check", "--state", world.state, "--live", tmp_path / bad],
        ["check", "--state", world.state, "-o", f"{bad}=x"],
        ["check", "--state", world.state, "-o", tmp_path / bad / "r.json"],
        ["check", "--state", world.state, "--fail-on", bad],
        ["check", "--state", world.state, "--region", bad, "--live", world.recorded()],
        ["check", "--state", world.state, "--config", tmp_path / bad],
        ["explain", bad],
        ["explain", "role/x", f"a.{bad}.c.d", "--state", world.state, "--live", world.recorded()],
        ["lab", "incident", bad],
        [bad],
    ):
        ended = run(*arguments)
        assert ended.code in {5, 64}, arguments
        assert len(ended.err.splitlines()) == 1, ended.err
        tame(ended.err)


def test_a_refusal_with_a_hostile_message_is_shown_without_harm(world: World, tmp_path):
    """AWS repeats names in its messages."""
    lines = []
    for line in world.lines().splitlines():
        one = json.loads(line)
        if one.get("operation") == "ListLFTagExpressions":
            del one["response"]
            one["error"] = {"code": "AccessDenied\x1b[31m", "message": f"no {NAMES['bidi']}{NAMES['script']}"}
        lines.append(json.dumps(one))
    recording, page = tmp_path / "lake.jsonl", tmp_path / "report.html"
    recording.write_text("\n".join(lines) + "\n", encoding="utf-8")
    ended = replay(world.state, recording, "-o", page)
    assert (ended.code, ended.complete) == (4, False)
    tame(ended.err)
    tame(ended.out)
    harmless(page.read_text("utf-8"))
    assert NAMES["script"] in " ".join(texts(ended.report["ledger"]))


@pytest.mark.parametrize("kind", ["script", "quotes", "formula", "bidi", "markup", "long"])
def test_hostile_names_that_live_aws_answers(kind: str, world: World, tmp_path):
    """The same over HTTP: a role and a database that somebody made behind the declaration's back."""
    name = NAMES[kind][:120]
    clients = world.clients()
    clients.glue.create_database(DatabaseInput={"Name": name, "Description": name})
    clients.lakeformation.grant_permissions(
        Principal={"DataLakePrincipalIdentifier": f"arn:aws:iam::111122223333:role/{name}"},
        Resource={"Table": {"DatabaseName": "telemetry_raw", "Name": "app_usage"}},
        Permissions=["SELECT"],
    )
    page = tmp_path / "report.html"
    ended = world.check("-o", page)
    assert ended.code == 3
    assert ended.complete is True
    tame(ended.err)
    tame(ended.out)
    harmless(page.read_text("utf-8"))
    assert f"arn:aws:iam::111122223333:role/{name}" in texts(ended.findings)
    target = tmp_path / "lake.jsonl.zst"
    assert run("collect", "-o", target, env=world.env()).code == 0
    assert without_places(replay(world.state, target).findings) == without_places(ended.findings)


def test_a_page_says_hostile_names_as_text(files, tmp_path):
    state, recording = files("retag-database", "telemetry_raw", NAMES["script"])
    page = tmp_path / "report.html"
    replay(state, recording, "-o", page)
    assert NAMES["script"] in html.unescape(_Page(page.read_text("utf-8")).text)
