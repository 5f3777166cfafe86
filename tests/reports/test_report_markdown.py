"""The comment on a pull request: nothing in it is markup but our own, it fits, and it speaks of the deployment."""

import html
import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from report_samples import (
    FOREIGN,
    HOSTILE,
    NARROWED,
    POSTURE,
    TYPICAL,
    UNKNOWN,
    clean,
    crowd,
    finding,
    nasty,
    run,
    summary,
)

from checks.model import Cause, Facts, Gap, Origin, Severity, Side, SourceInfo, Waiver, Witness
from reports.formats import markdown
from reports.verdict import sentence

RENDERER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
"""An independent reading of GitHub's dialect, with raw HTML let through as GitHub lets ours through."""


class Outline(HTMLParser):
    """Tags of what a reader would see, and its text outside of code."""

    def __init__(self, comment: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.text = ""
        self.code = 0
        self.feed(RENDERER.render(comment))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.tags.update(f"{tag} {name}" for name, _ in attrs if name != "class")
        self.code += tag == "code"

    def handle_endtag(self, tag: str) -> None:
        self.code -= tag == "code"

    def handle_data(self, data: str) -> None:
        if not self.code:
            self.text += data


def with_text(text: str, command: str = "check"):
    one = finding(
        message=text,
        name=text,
        rule=text,
        cause=Cause(text, text),
        declared=f"d{text}",
        live=f"l{text}",
        fix_declare=f"d{text}",
        fix_revoke=f"r{text}",
        updated_by=f"u{text}",
        updated=f"t{text}",
        witness=Witness(text, text, None, "d", "t", text, ((text, text),)),
    )
    waived = replace(one, id="0" * 16, waived=Waiver(one.id, text, text, text))
    return replace(
        TYPICAL,
        run=run(tool_version=text, finished=text, command=command),
        findings=(one, waived),
        complete=False,
        gaps=(Gap(Side.LIVE, text, text, Facts.OTHER),),
    )


# ---------------------------------------------------------------------------------------------------- hostile names
@pytest.mark.parametrize("command", ["check", "gate"])
def test_markdown_names_never_become_markup(command: str) -> None:
    plain = Outline(markdown.render(with_text("x", command))).tags
    for text in HOSTILE.values():
        assert (
            Outline(markdown.render(with_text(text[:150], command))).tags == plain
        )  # a longer one takes a paragraph more


@settings(max_examples=150, deadline=None)
@given(
    st.text(st.sampled_from("\\`*_{}[]()<>#+-.!|~&$^=\"': \n\ta1x@/w\u2028\u202e\x00")).filter(
        lambda text: text.strip()
    )
)
def test_markdown_structure_does_not_depend_on_names(text: str) -> None:
    assert Outline(markdown.render(with_text(text))).tags == PLAIN


PLAIN = Outline(markdown.render(with_text("x"))).tags

TEMPTING = {
    "mention": ("@octo/team, (@octo) and\t@octo", r"@\w"),
    "issue": ("fixes #12, GH-7, octo/repo#1", r"#\d|GH-\d"),
    "address": ("https://example.com ftp://x www.example.com", r"://|www\."),
    "picture": ("/:white_check_mark: :+1:", r"(?<!\w):[+\w]+:"),
    "mail": ("someone@example.com", r"@\w"),
}


@pytest.mark.parametrize("what", TEMPTING)
def test_markdown_gives_nothing_that_is_linked_after_rendering(what: str) -> None:
    text, found_by = TEMPTING[what]
    seen = Outline(markdown.render(with_text(text))).text
    assert re.search(found_by, text)
    assert not re.search(found_by, seen)
    assert text.replace("\t", "\\u0009") in seen.replace("\u200b", "")


@settings(max_examples=100, deadline=None)
@given(st.text())
def test_markdown_shows_a_name_as_it_is(text: str) -> None:
    shown = html.unescape(markdown.escaped(text)).replace("\u200b", "")
    assert shown == "".join(
        char if char.isprintable() else f"\\u{ord(char):04x}" if ord(char) < 65536 else f"\\U{ord(char):08x}"
        for char in text
    )


@pytest.mark.parametrize("report", [nasty(), clean(), TYPICAL], ids=["nasty", "clean", "typical"])
def test_markdown_holds_printable_characters_only(report) -> None:
    assert all(char == "\n" or char.isprintable() for char in markdown.render(report))


def test_markdown_code_ends_where_it_is_meant_to() -> None:
    told = markdown.fence("a\n````\n<b>\x1b\n::error::x\n##[group]y")
    assert told == "`````text\na\n````\n<b>\\u001b\n\\u003a\\u003aerror::x\n\\u0023\\u0023[group]y\n`````\n"


# ------------------------------------------------------------------------------------------------------------- its size
def placeless(report):
    return replace(report, findings=tuple(replace(one, evidence=()) for one in report.findings))


BUSY = replace(
    nasty(),
    gaps=(Gap(Side.LIVE, "<" * 400, "`" * 400, Facts.OTHER),) * 3000,
    findings=tuple(
        finding(
            number,
            severity=Severity(number % 5),
            message="|" * 600,
            fix_revoke="`" * 4000,
            cause=Cause("<" * 500, "<" * 500),
            waived=Waiver("x", "|" * 500, "|" * 500, "|" * 500) if number % 2 else None,
        )
        for number in range(1000)
    ),
)


@pytest.mark.parametrize(
    "report", [crowd(10_000), BUSY, placeless(BUSY), nasty()], ids=["crowd", "busy", "placeless", "nasty"]
)
@pytest.mark.parametrize("command", ["check", "gate"])
def test_markdown_fits_into_a_comment(report, command: str) -> None:
    told = markdown.render(replace(report, run=replace(report.run, command=command)))
    assert len(told.encode()) <= markdown.LIMIT < 65_536
    outline = Outline(told)
    assert told.count("<details>") == told.count("</details>") == outline.tags["details"]


def test_markdown_says_what_it_leaves_out_and_shows_the_worst() -> None:
    told = markdown.render(placeless(crowd(10_000)))
    said = re.search(
        r"\*\*Not all is here\*\*.*hold (\d+) of 10,000 findings.*given for (\d+) of (\d+)\. `-o html", told
    )
    assert said is not None
    rows = re.findall(r"^\| \*\*(\w+)\*\* \|", told, re.MULTILINE)
    assert len(rows) == int(said[1]) == int(said[3])
    assert set(rows) == {"critical"}
    assert told.count("<details>") == int(said[2]) > 0
    assert "Not all" not in markdown.render(TYPICAL)
    small = markdown.fitted(TYPICAL, 8000)
    assert len(small) <= 8000
    assert "Not all is here" in small


def test_markdown_tells_what_one_line_brings_by_a_few_and_their_number() -> None:
    told = markdown.render(crowd(10_000))
    assert "Not all" not in told
    rows = re.findall(r"^\| \*\*(\w+)\*\* \|(.*)", told, re.MULTILINE)
    counted = [row for _, row in rows if "1,995 more like these: FL101 grant-widened" in row]
    assert len(counted) == 5
    assert all("main" in row and ":66</code>" in row for row in counted)
    assert len(rows) == 5 * (markdown.ALIKE + 1)
    assert told.count("<details>") == 4 * markdown.ALIKE, "what is only worth knowing has no details"


# ----------------------------------------------------------------------------------------------------------- its marker
def test_markdown_marker_stays_the_same_from_push_to_push() -> None:
    other = replace(TYPICAL, run=run(id="another", finished="later"), findings=())
    assert markdown.marker(other) == markdown.marker(TYPICAL)
    assert markdown.render(other).startswith(f"{markdown.marker(TYPICAL)}\n")
    assert re.fullmatch(r"<!-- floodline:check:[0-9a-f]{12} -->", markdown.marker(TYPICAL))
    stack = replace(TYPICAL, run=run(declared_sources=(SourceInfo("state", "dev.json", "employee-telemetry/prod"),)))
    gate = replace(TYPICAL, run=run(command="gate"))
    assert len({markdown.marker(one) for one in (TYPICAL, stack, gate)}) == 3


# -------------------------------------------------------------------------------------------------------------- the gate
def gate(*found, complete: bool = True):
    return replace(
        TYPICAL,
        run=run(command="gate", live_sources=()),
        findings=found,
        complete=complete,
        ledger=(),
        summary=summary(),
    )


OPENED = finding(origin=Origin.DEPLOYMENT, message="this deployment lets role/marketing SELECT private_messages.body")
ADOPTED = replace(FOREIGN, origin=Origin.ADOPTED)
REVOKED = replace(NARROWED, origin=Origin.REVOKED, message="role/analysts loses DESCRIBE, which no program declared")
UNDONE = finding(21, origin=Origin.UNDONE, severity=Severity.INFO)
STANDING = finding(22, origin=Origin.STANDING, severity=Severity.INFO)
NOTED = replace(NARROWED, id="0" * 15 + "f", origin=Origin.DEPLOYMENT, severity=Severity.INFO)


@pytest.mark.parametrize(
    ("report", "said"),
    [
        pytest.param(
            gate(OPENED, ADOPTED),
            "WIDENED: this deployment lets role/marketing SELECT telemetry_raw.private_messages.body; "
            "2 findings of that kind",
            id="opens",
        ),
        pytest.param(
            gate(replace(OPENED, witness=None)),
            "WIDENED: this deployment lets role/marketing SELECT private_messages.body",
            id="opens, without a witness",
        ),
        pytest.param(
            gate(ADOPTED),
            "WIDENED: this deployment makes official that account 444455556666 can SELECT "
            "telemetry_raw.screen_captures.image_uri, which the program never allowed",
            id="adopts",
        ),
        pytest.param(
            gate(REVOKED, complete=False),
            "REVOKES: whether this deployment opens something is not known, but it takes away what no program declared: "
            "role/analysts loses DESCRIBE, which no program declared; 1 finding; the view is partial, so there may be more",
            id="revokes",
        ),
        pytest.param(
            gate(replace(UNKNOWN, origin=Origin.DEPLOYMENT)),
            "CANNOT TELL: whether this deployment opens something is not known: filter own_team cannot be ordered: "
            "regexp_like is no part of the documented grammar; 1 difference could not be decided",
            id="unknown",
        ),
        pytest.param(
            gate(POSTURE),
            "RISKY: this deployment opens nothing, but what it declares is risky: 1 finding; "
            "new tables of telemetry_curated are open to everyone whom IAM allows, and the program says so",
            id="risky",
        ),
        pytest.param(gate(NOTED), "NO WIDER: this deployment opens nothing", id="harmless"),
        pytest.param(
            gate(UNDONE, STANDING, replace(OPENED, waived=Waiver("x", "y", "z", "2026-12-31"))),
            "NO WIDER: this deployment opens nothing; 1 widening of the live lake stays open whatever is deployed; "
            "1 widening of the live lake is closed by it; 1 accepted exception apart",
            id="drift beside it",
        ),
        pytest.param(
            gate(complete=False),
            "CANNOT TELL: whether this deployment opens something is not known: not all was read; "
            "the view is partial, so there may be more",
            id="partial",
        ),
    ],
)
def test_a_gate_speaks_of_the_deployment(report, said: str) -> None:
    assert sentence(report) == said
    assert said in html.unescape(markdown.render(report)).replace("\u200b", "")


def test_markdown_of_a_gate_has_a_section_for_each_origin() -> None:
    told = markdown.render(gate(STANDING, NOTED, UNDONE, POSTURE, REVOKED, ADOPTED, UNKNOWN, OPENED))
    assert re.findall(r"^### (.+)", told, re.MULTILINE) == [
        "What this deployment opens (1)",
        "What could not be decided (1)",
        "What drift it makes official (1)",
        "What it silently takes away (1)",
        "What it is risky to declare (1)",
        "What else it changes (1)",
        "What drift it undoes (1)",
        "What drift it leaves standing (1)",
        "Details",
    ]
    assert "the live lake was not asked" in told
    assert "- before: SELECT on columns" in told
    assert "have its owner accept it" in told
