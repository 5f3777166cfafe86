"""The page in a real browser: opened from disk, with everything that it says or asks for written down."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from report_samples import TYPICAL, clean, crowd, nasty

import reports
from reports.formats import html
from reports.verdict import sentence

pytestmark = pytest.mark.browser

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
REPORTS = {"typical": TYPICAL, "nasty": nasty(), "clean": clean(), "crowd": crowd(2500)}
DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        if os.environ.get("CI") == "true":
            pytest.fail("no Chromium on PATH; install Debian's `chromium` package")
        pytest.skip("no Chromium on PATH; install Debian's `chromium` package")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("reports")
    for name, report in REPORTS.items():
        reports.write(made / f"{name}.html", html.render(report))
    return made


@dataclass
class Watched:
    """A page, and all that it asked for or complained of."""

    page: Page
    address: str
    noise: list[str] = field(default_factory=list)

    def open(self, fragment: str = "") -> Page:
        self.page.goto(self.address + fragment)
        return self.page


@pytest.fixture
def opened(browser: Browser, folder: Path) -> Iterator:
    contexts: list[BrowserContext] = []

    def watch(name: str, **options) -> Watched:
        context = browser.new_context(**({"viewport": DESKTOP} | options))
        contexts.append(context)
        page = context.new_page()
        watched = Watched(page, (folder / f"{name}.html").as_uri())
        page.on("console", lambda message: watched.noise.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: watched.noise.append(f"error: {error}"))
        page.on("dialog", lambda dialog: watched.noise.append(f"dialog: {dialog.message}"))
        page.on(
            "request",
            lambda request: (
                None
                if request.url.split("#")[0] == watched.address or request.url.startswith("data:")
                else watched.noise.append(f"request: {request.url}")
            ),
        )
        return watched

    yield watch
    for context in contexts:
        context.close()


VIEWS = [
    pytest.param(name, viewport, scheme, id=f"{name}, {viewport['width']}, {scheme}")
    for name in ("typical", "nasty", "clean")
    for viewport in (DESKTOP, PHONE)
    for scheme in ("light", "dark")
]


@pytest.mark.parametrize(("name", "viewport", "scheme"), [*VIEWS, pytest.param("crowd", PHONE, "light", id="crowd")])
def test_page_is_quiet_titled_and_as_wide_as_the_screen(opened, name: str, viewport, scheme: str) -> None:
    watched = opened(name, viewport=viewport, color_scheme=scheme)
    page = watched.open()
    assert page.title() == sentence(REPORTS[name])
    assert page.locator("h1").inner_text() == sentence(REPORTS[name])
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    brightness = sum(int(part) for part in ground.removeprefix("rgb(").removesuffix(")").split(","))
    assert (brightness > 600) == (scheme == "light")
    assert watched.noise == []


@pytest.mark.parametrize("name", list(REPORTS))
def test_page_is_whole_without_scripts(opened, name: str) -> None:
    watched = opened(name, java_script_enabled=False)
    page = watched.open()
    shown = min(len(REPORTS[name].findings), html.LISTED)
    assert page.locator("[id^=f-]:visible").count() == shown
    assert page.locator(".filter").is_hidden()
    assert watched.noise == []


def test_a_deep_link_leads_to_its_finding(opened) -> None:
    watched = opened("typical")
    page = watched.open("#f-0000000000000005")
    card = page.locator("#f-0000000000000005")
    assert card.bounding_box()["y"] < DESKTOP["height"]
    assert page.evaluate("document.querySelector(':target').id") == "f-0000000000000005"
    assert "private_messages.body" in page.locator("#f-0000000000000001").inner_text()
    for link in page.locator("nav a").all():
        link.click()
        assert page.evaluate("document.querySelector(':target') !== null")
    assert watched.noise == []


def test_filter_hides_what_does_not_match_and_lives_in_the_address(opened) -> None:
    watched = opened("typical")
    page = watched.open()
    status = page.locator("#shown")
    assert status.inner_text() == "9 of 9 findings shown"
    page.fill("#q", "Foreign 444455556666")
    assert status.inner_text() == "0 of 9 findings shown"
    page.fill("#q", "444455556666 PASS")
    assert status.inner_text() == "1 of 9 findings shown"
    assert page.locator(".card:visible").get_attribute("id") == "f-0000000000000004"
    page.click("#clear")
    page.uncheck("input[value=critical]")
    page.select_option("#verdict", "widened")
    assert status.inner_text() == "2 of 9 findings shown"

    again = opened("typical").open("#" + page.url.split("#")[1])
    assert again.locator("#shown").inner_text() == "2 of 9 findings shown"
    assert not again.is_checked("input[value=critical]")
    again.goto(again.url.split("#")[0] + "#f-0000000000000001")
    assert again.locator("#f-0000000000000001").is_visible(), "a deep link wins over a filter"
    assert again.locator("#shown").inner_text() == "9 of 9 findings shown"
    assert watched.noise == []


@pytest.mark.parametrize(
    "fragment", ["#?s=nonsense&v=<script>&q=%00", "#?q=%E0%A4%A", "#%E0%A4%A", '#"><script>alert(1)</script>']
)
def test_a_mangled_address_does_no_harm(opened, fragment: str) -> None:
    watched = opened("typical")
    page = watched.open(fragment)
    assert page.locator("#shown").inner_text().endswith("of 9 findings shown")
    assert watched.noise == []


def test_the_policy_stops_what_a_name_could_smuggle_in(opened) -> None:
    watched = opened("typical")
    page = watched.open()
    page.evaluate(
        """() => {
            const script = document.createElement("script");
            script.textContent = "window.ran = true";
            document.body.append(script);
            const image = new Image();
            image.src = "https://example.com/x.png";
            document.body.append(image);
        }"""
    )
    page.wait_for_timeout(100)
    assert page.evaluate("window.ran") is None
    assert len([one for one in watched.noise if "Content Security Policy" in one]) == 2


def test_print_holds_every_finding_whatever_the_screen_shows(opened) -> None:
    watched = opened("typical")
    page = watched.open()
    page.emulate_media(media="print")
    assert page.locator(".card:visible").count() == len(TYPICAL.findings)
    assert page.locator("nav").is_hidden()
    assert page.locator("#q").is_hidden()
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")


# Each colour scheme and each width once: axe walks every node. Its slowest rule, contrast, sees the same colours on the
# nasty page as on the typical one, and is left out there.
@pytest.mark.parametrize(
    ("name", "viewport", "scheme"),
    [
        pytest.param("typical", DESKTOP, "light", id="typical, light"),
        pytest.param("typical", PHONE, "dark", id="typical, dark"),
        pytest.param("nasty", DESKTOP, "dark", id="nasty"),
        pytest.param("clean", PHONE, "light", id="clean"),
    ],
)
def test_axe_finds_nothing(opened, name: str, viewport, scheme: str) -> None:
    axe = resources.files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    page = opened(name, viewport=viewport, color_scheme=scheme, bypass_csp=True).open()
    page.evaluate(axe)
    options = {"runOnly": RULES, "rules": {"color-contrast": {"enabled": name != "nasty"}}}
    found = page.evaluate("options => axe.run(document, options)", options)
    assert [(one["id"], one["nodes"][0]["html"][:200]) for one in found["violations"]] == []
