"""One self-contained page: opens from disk, asks nobody for anything, works without scripts, prints.

Every expression of the templates passes through :func:`finalize`, then through autoescape: a name cannot become markup,
script, or an invisible change of direction. The page's own style and script are the only ones its policy lets run.
"""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from checks import spelling
from checks.model import ExitCode, Severity, Verdict
from reports import controls, definitions
from reports.formats import Format
from reports.order import ordered, severities, standing, summary
from reports.picture import picture
from reports.verdict import caller, completeness, headline

if TYPE_CHECKING:
    from checks.model import LakeId, Report

CARDS = 150
"""Findings shown in full, the worst first; this many fit a page that stays quick to open and possible to print."""
LISTED = 2000
"""Findings on the page in all; those beyond ``CARDS`` take one line each."""
LEDGER = 2000
GAPS = 500
"""Rows of the ledger and of the gaps, the incomplete ones first."""

TIME = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?(?:Z|\+00:00)")


def render(report: Report) -> str:
    """Return the page. The same report gives the same bytes."""
    waived = tuple(one for one in ordered(report) if one.waived is not None)
    findings = standing(report) + waived
    ledger = sorted(report.ledger, key=lambda row: row.complete)
    style, script = _asset("report.css"), _asset("report.js")
    page = _environment().get_template("report.html.j2")
    return page.render(
        report=report,
        run=report.run,
        headline=headline(report),
        completeness=completeness(report),
        caller=caller(report),
        counts=summary(report),
        severity_counts=severities(report),
        verdict_counts=[(verdict, sum(1 for one in findings if one.verdict is verdict)) for verdict in Verdict],
        cards=findings[:CARDS],
        listed=findings[CARDS:LISTED],
        left_out=max(len(findings) - LISTED, 0),
        total=len(findings),
        ledger=ledger[:LEDGER],
        ledger_left_out=max(len(ledger) - LEDGER, 0),
        gaps=report.gaps[:GAPS],
        gaps_left_out=max(len(report.gaps) - GAPS, 0),
        waived=waived[:LISTED],
        matrix=controls.matrix(report, report.frameworks),
        shown=frozenset(one.id for one in findings[:LISTED]),
        places=_places(report),
        style=style,
        script=script,
        policy=_policy(style, script),
    )


@cache
def _grouped(rule: str, frameworks: tuple[str, ...]) -> list[tuple[str, str]]:
    """Give the controls of a rule: name of the framework, and its ids in words."""
    found = []
    for one in controls.chosen(frameworks):
        ids = [control.id for control in controls.of_rule(rule, frameworks) if control.framework == one.id]
        if ids:
            found.append((one.name, ", ".join(ids)))
    return found


def _places(report: Report) -> list[tuple[LakeId, int, int, int]]:
    """Give each lake with its readings, how many of them are whole, and the rows that they gave."""
    found = []
    for lake in report.lakes:
        rows = [row for row in report.ledger if (row.account, row.region) == (lake.account, lake.region)]
        found.append((lake, len(rows), sum(row.complete for row in rows), sum(row.rows for row in rows)))
    return found


def finalize(value: object) -> object:
    """Make one value safe to show: text becomes printable; nothing is not a value."""
    if value is None:
        raise TypeError("a template shows None; say what is absent")
    if isinstance(value, Markup | int | float):
        return value
    return spelling.printable(str(value))


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("reports", "templates"),
        undefined=StrictUndefined,
        autoescape=True,
        finalize=finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "number": lambda value: f"{value:,}",
        "time": _time,
        "resource": spelling.words,
        "principal": spelling.principal_words,
        "subject": spelling.subject_words,
        "witness": spelling.witness_words,
        "reach": spelling.reach_words,
        "access": spelling.access_words,
        "evidence": spelling.evidence_words,
        "waiver": spelling.waiver_words,
        "listing": spelling.listing,
        "picture": picture,
        "controls": _grouped,
        "plural": lambda value, noun: f"{value:,} {noun}" if value == 1 else f"{value:,} {noun}s",
    }
    environment.globals |= {
        "VERDICTS": definitions.VERDICTS,
        "EQUAL": definitions.EQUAL,
        "WAIVED": definitions.WAIVED,
        "SEVERITIES": sorted(definitions.SEVERITIES.items(), reverse=True),
        "CONFIDENCES": definitions.CONFIDENCES,
        "EXIT_CODES": definitions.EXIT_CODES,
        "Severity": Severity,
        "CLEAN": ExitCode.CLEAN,
        "SUPPORTS": controls.WORDS,
        "OUT_OF_SCOPE": definitions.OUT_OF_SCOPE,
    }
    return environment


@cache
def _asset(name: str) -> Markup:
    """Return the page's own style or script: ours, so it is not escaped."""
    return Markup(resources.files("reports").joinpath("templates", name).read_text(encoding="utf-8"))  # noqa: S704


def _policy(style: str, script: str) -> str:
    return (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _time(text: str) -> str:
    """Say an ISO 8601 time in UTC; anything else as it is."""
    match = TIME.fullmatch(text)
    return f"{match[1]} {match[2]} UTC" if match else text


FORMAT = Format("html", (".html", ".htm"), render)
