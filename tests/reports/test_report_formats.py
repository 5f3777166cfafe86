"""Every format: goldens of a nasty and of an empty report, and the laws that no golden shows."""

import json
import re
import sys
import unicodedata
from collections import Counter
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from report_samples import HOSTILE, LEDGER, TYPICAL, clean, crowd, deployment, finding, ledger, nasty, summary
from rich.cells import cell_len

import reports
from checks.model import Cause, Facts, Gap, Side
from reports import formats
from reports.formats import Format, discover, html, of_path
from reports.formats import json as json_format
from reports.formats import text as text_format

GOLDEN = Path(__file__).parent / "golden"
FORMATS = discover()
REPORTS = {"nasty": nasty(), "clean": clean(), "gate": deployment()}
SCHEMA = jsonschema.Draft202012Validator(reports.schema())


@pytest.mark.parametrize("name", list(FORMATS))
@pytest.mark.parametrize("which", list(REPORTS))
def test_report_matches_golden(name: str, which: str, accept: bool) -> None:
    raw = _bytes(FORMATS[name].render(REPORTS[which]))
    golden = GOLDEN / f"{which}{FORMATS[name].suffixes[0]}"
    if accept:
        golden.write_bytes(raw)
    assert raw == golden.read_bytes(), f"run `pytest --accept` and review the diff of {golden.name}"


def test_ten_thousand_findings_match_their_digests(accept: bool) -> None:
    """Whole files of this size would tell nobody anything; a digest tells that something changed."""
    many = crowd(10_000)
    found = {name: sha256(_bytes(one.render(many))).hexdigest() for name, one in FORMATS.items()}
    golden = GOLDEN / "crowd.digests.json"
    if accept:
        golden.write_text(json.dumps(found, indent=2) + "\n", "utf-8")
    assert found == json.loads(golden.read_text("utf-8"))


def _bytes(rendered: str | bytes) -> bytes:
    return rendered.encode() if isinstance(rendered, str) else rendered


@pytest.mark.parametrize("name", list(FORMATS))
def test_order_of_what_came_in_changes_no_byte(name: str) -> None:
    backwards = replace(TYPICAL, findings=TYPICAL.findings[::-1], summary=dict(reversed(TYPICAL.summary.items())))
    assert FORMATS[name].render(backwards) == FORMATS[name].render(TYPICAL)


@pytest.mark.parametrize("name", list(FORMATS))
def test_no_format_ever_congratulates(name: str) -> None:
    for complete in (True, False):
        rendered = FORMATS[name].render(replace(clean(), complete=complete))
        assert not re.search(r"(?i)congrat|well done|all clear|🎉", str(rendered))


@pytest.mark.parametrize("name", list(FORMATS))
def test_a_partial_view_without_findings_says_so(name: str) -> None:
    rendered = str(FORMATS[name].render(replace(clean(), complete=False, verdict="unknown")))
    assert "EQUAL:" not in rendered
    assert '"complete": false' in rendered or "CANNOT TELL" in rendered


# ------------------------------------------------------------------------------------------------------------ discovery
def test_formats_are_found_by_their_files() -> None:
    published = {"asff", "csv", "html", "json", "junit", "markdown", "ocsf", "oscal", "parquet", "sarif", "text"}
    assert published <= set(FORMATS) == set(formats.names())
    assert all(name == one.name for name, one in FORMATS.items())
    with pytest.raises(KeyError):
        formats.load("telex")


def test_a_suffix_names_the_format() -> None:
    wanted = {
        "a/report.HTML": "html",
        "x.json": "json",
        "x.txt": "text",
        "x.docx": None,
        "json": None,
        "x.md": "markdown",
        "x.sarif": "sarif",
        "x.sarif.json": "sarif",
        "x.csv": "csv",
        "x.parquet": "parquet",
        "TEST-x.xml": "junit",
        "x.ocsf.jsonl": "ocsf",
        "x.asff.jsonl": "asff",
        "x.oscal.json": "oscal",
    }
    guessed = {path: of_path(path) for path in wanted}
    assert {path: one and one.name for path, one in guessed.items()} == wanted


def test_a_format_without_its_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    formats.load("parquet").ready()
    monkeypatch.setitem(sys.modules, "arro3.io", None)
    with pytest.raises(formats.NotReadyError) as caught:
        formats.load("parquet").ready()
    assert str(caught.value) == "the format `parquet` needs `arro3`; install it with `pip install 'floodline[parquet]'`"


def test_a_file_without_a_format_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_format, "FORMAT", Format("yaml", (".yaml",), json_format.render))
    with pytest.raises(TypeError, match=r"reports\.formats\.json must define FORMAT"):
        formats.load("json")


# ----------------------------------------------------------------------------------------------------------------- json
def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(reports.schema())


@pytest.mark.parametrize("report", [nasty(), clean(), TYPICAL, crowd(50)], ids=["nasty", "clean", "typical", "crowd"])
def test_json_fits_its_schema(report) -> None:
    SCHEMA.validate(json.loads(json_format.render(report)))


@pytest.mark.parametrize(
    "path",
    [
        ("run",),
        ("outcome", "complete"),
        ("summary", "waived"),
        ("run", "caller", "arn"),
        ("findings", 0, "id"),
        ("findings", 0, "subject", "resource", "arn"),
        ("findings", 0, "reach", "principals"),
        ("findings", 0, "fix", "revoke"),
        ("findings", 0, "added", 0, "columns"),
        ("ledger", 0, "basis"),
    ],
    ids=lambda path: ".".join(map(str, path)),
)
def test_the_schema_misses_every_dropped_key(path) -> None:
    document = json.loads(json_format.render(TYPICAL))
    inner = document
    for step in path[:-1]:
        inner = inner[step]
    del inner[path[-1]]
    with pytest.raises(jsonschema.ValidationError):
        SCHEMA.validate(document)


def test_keys_may_be_added() -> None:
    document = json.loads(json_format.render(TYPICAL))
    document["new"] = document["findings"][0]["new"] = document["run"]["caller"]["new"] = document["summary"]["new"] = 1
    SCHEMA.validate(document)


def test_json_is_ascii_without_control_characters_and_loses_nothing() -> None:
    rendered = json_format.render(nasty())
    assert rendered.isascii()
    assert all(char == "\n" or char.isprintable() for char in rendered)
    loaded = json.loads(rendered)
    messages = {one["message"] for one in loaded["findings"]}
    assert {f"{name}: {text}" for name, text in HOSTILE.items()} <= messages


def test_findings_are_ordered_by_severity_then_verdict_then_subject() -> None:
    found = json.loads(json_format.render(TYPICAL))["findings"]
    assert [(one["severity"], one["verdict"], one["subject"]["kind"]) for one in found] == [
        ("critical", "widened", "grant"),
        ("critical", "unmanaged", "grant"),
        ("high", "widened", "filter"),
        ("high", "widened", "tag"),
        ("high", "unmanaged", "location"),
        ("medium", "narrowed", "grant"),
        ("medium", "unknown", "filter"),
        ("low", "latent", "grant"),
        ("low", "posture", "setting"),
    ]


# ----------------------------------------------------------------------------------------------------------------- text
@pytest.mark.parametrize("width", [40, 80, 132])
@pytest.mark.parametrize("report", [nasty(), clean(), TYPICAL, crowd(50)], ids=["nasty", "clean", "typical", "crowd"])
def test_text_keeps_to_its_width_and_to_printable_characters(report, width: int) -> None:
    rendered = text_format.summarise(report, width=width)
    for line in rendered.splitlines():
        assert cell_len(line) <= width
        assert line == line.rstrip()
    assert all(char == "\n" or char.isprintable() for char in rendered)


@pytest.mark.parametrize("color", [False, True])
def test_text_holds_no_command_for_a_log(color: bool) -> None:
    words = " ".join(["::error::x", "##[error]x", "##vso[task.complete]"] * 40)
    one = finding(message=words, cause=Cause("grant", words), fix_declare=words, fix_revoke=words, witness=None)
    for width in range(40, 100):
        told = text_format.summarise(replace(TYPICAL, findings=(one,)), width=width, color=color)
        bare = re.sub(r"\x1b\[[0-9;]*m", "", told)
        assert "::error" in bare
        assert not re.search(r"^\s*::|##\[|##vso\[", bare, re.MULTILINE)
        assert max(map(cell_len, bare.splitlines())) <= width


def test_text_in_colour_says_the_same_words() -> None:
    colour = text_format.summarise(TYPICAL, color=True)
    assert "\x1b[" in colour
    bare = re.sub(r"\x1b\[[0-9;]*m", "", colour)
    assert "\x1b" not in bare
    assert [line.rstrip() for line in bare.splitlines()] == text_format.render(TYPICAL).splitlines()


def test_text_ignores_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    before = text_format.render(TYPICAL)
    for name, value in {"FORCE_COLOR": "1", "COLUMNS": "200", "LINES": "3", "TERM": "dumb"}.items():
        monkeypatch.setenv(name, value)
    assert text_format.render(TYPICAL) == before


def test_text_of_the_ordinary_incident() -> None:
    lines = text_format.render(TYPICAL).splitlines()
    assert lines[0] == "WIDENED: 4 findings; role/marketing can now SELECT"
    assert any(line.startswith("complete view: all 12 readings ended") for line in lines)
    assert any("account 444455556666 can SELECT telemetry_raw.screen_captures.image_uri" in line for line in lines)
    assert lines[-1].endswith("exit code 3")


def test_text_counts_what_it_leaves_out() -> None:
    rendered = text_format.render(replace(crowd(2500), complete=False, gaps=(GAP,) * 7))
    assert "and 2,480 more; `-o report.html` shows them, `-o json=FILE` has every one" in rendered.replace("\n", " ")
    assert "and 2 more, all of them in the other formats" in rendered


GAP = Gap(Side.LIVE, "lakeformation:ListResources", "AccessDeniedException", Facts.LOCATIONS)


# ----------------------------------------------------------------------------------------------------------------- html
class Outline(HTMLParser):
    """The structure of a page: tags with their attributes' names, ids, and links."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: Counter[tuple[str, ...]] = Counter()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.stack: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag, *sorted(name for name, _ in attrs)] += 1
        for name, value in attrs:
            if name == "id":
                self.ids.append(str(value))
            if name in {"href", "src", "action", "srcset", "xlink:href"}:
                self.links.append(str(value))


def test_html_names_never_become_markup() -> None:
    plain = _with_text("x")
    for text in HOSTILE.values():
        assert Outline(html.render(_with_text(text))).tags == Outline(html.render(plain)).tags


@settings(max_examples=60, deadline=None)
@given(st.text(st.sampled_from("<>&\"'/=!-abcs \n\u2028\u202e\x00`{}%#;")).filter(lambda text: text.strip("\n")))
def test_html_structure_does_not_depend_on_names(text: str) -> None:
    assert Outline(html.render(_with_text(text))).tags == OUTLINE.tags


def _with_text(text: str):
    one = finding(
        message=text,
        name=text,
        rule=text,
        cause=Cause(text, text),
        declared=text,
        live=text,
        fix_declare=text,
        fix_revoke=text,
        updated_by=text,
        updated=text,
    )
    return replace(
        TYPICAL,
        findings=(one,),
        complete=False,
        gaps=(Gap(Side.LIVE, text, text, Facts.OTHER),),
        ledger=(ledger(text, basis=text, errors=(text,), complete=False),),
    )


OUTLINE = Outline(html.render(_with_text("x")))


@pytest.mark.parametrize("report", [nasty(), clean(), TYPICAL], ids=["nasty", "clean", "typical"])
def test_html_asks_for_nothing_and_links_only_into_itself(report) -> None:
    outline = Outline(html.render(report))
    assert len(outline.ids) == len(set(outline.ids))
    assert all(link == "data:," or link.removeprefix("#") in outline.ids for link in outline.links)
    inline = {name for tag in outline.tags for name in tag[1:] if name.startswith("on") or name == "style"}
    assert inline == set()


def test_html_policy_allows_only_its_own_style_and_script() -> None:
    page = html.render(nasty())
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    assert policy is not None
    said = policy[1].replace("&#39;", "'")
    assert said.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in said
    assert "http" not in said
    assert page.count("<script") == page.count("<style") == 1


def test_html_shows_no_control_or_bidi_character() -> None:
    page = html.render(nasty())
    kinds = {unicodedata.category(char) for char in page if char != "\n"}
    assert not kinds & {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
    assert "safe\\u202etxt.exe\\u2066" in page
    assert "444455556666/&lt;!-- &lt;scriptsafe\\u202etxt.exe" in page


def test_html_keeps_the_lines_of_a_fix() -> None:
    page = html.render(replace(TYPICAL, findings=(finding(fix_declare="first\n  <second>\x1b"),)))
    assert "<pre><code>first\n  &lt;second&gt;\\u001b</code></pre>" in page


def test_html_refuses_to_show_none() -> None:
    with pytest.raises(TypeError, match="None"):
        html.finalize(None)


def test_html_states_its_cap() -> None:
    page = html.render(crowd(2500))
    outline = Outline(page)
    assert sum(one.startswith("f-") for one in outline.ids) == html.LISTED
    assert page.count('<article class="card') == html.CARDS
    assert (
        "The page holds the worst 2,000 of 2,500 findings; the other 500 were left out and are in the JSON report"
        in page
    )
    whole = html.render(crowd(10))
    assert "left out" not in whole
    assert sum(one.startswith("f-") for one in Outline(whole).ids) == 10


def test_html_caps_ledger_and_gaps_with_a_sentence() -> None:
    wide = replace(
        clean(),
        complete=False,
        ledger=(*(LEDGER[0],) * html.LEDGER, ledger("ListFoo", complete=False)),
        gaps=(GAP,) * (html.GAPS + 3),
        summary=summary(),
    )
    page = html.render(wide)
    assert "1 more row not shown here" in page
    assert "ListFoo" in page
    assert "3 more gaps not shown here" in page


def test_html_of_a_very_long_name() -> None:
    page = html.render(replace(TYPICAL, findings=(finding(message="n" * 30_000),)))
    title = re.search("<title>(.*?)</title>", page)
    assert title is not None
    assert len(title[1]) < 600


def test_html_titles_with_the_verdict() -> None:
    page = html.render(TYPICAL)
    said = (
        "4 findings; role/marketing can now SELECT telemetry_raw.private_messages.body, which the program never allowed"
    )
    assert f"<title>WIDENED: {said}</title>" in page
    assert f'<h1><span class="word">WIDENED:</span> {said}</h1>' in page
