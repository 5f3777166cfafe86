"""Findings told in the words that matter, for cases that say the whole story: verdict, cause, witness, reach."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from small_lakes import HERE

from checks import spelling
from checks.compare import compare
from checks.evaluate import DEFAULT_FAIL_ON, Threshold, exit_code
from checks.model import ExitCode, Finding, Lake, Verdict


@dataclass(frozen=True, slots=True)
class Story:
    """One finding: ``widened FL101 high``, the cause, the witness, and principals, tables, columns, sensitive columns.

    ``idle`` after the severity says that an undeclared thing opens nothing that is declared.
    """

    what: str
    cause: str
    witness: str = "-"
    reach: str = "-"


def story(finding: Finding) -> Story:
    """Tell a finding."""
    idle = " idle" if finding.verdict is Verdict.UNMANAGED and not finding.exposure else ""
    seen, far = finding.witness, finding.reach
    people = "many" if far.principals is None else far.principals
    return Story(
        f"{finding.verdict.value} {finding.rule} {finding.severity.word}{idle}",
        f"{finding.cause.kind}: {finding.cause.what}",
        "-" if seen is None else spelling.witness_words(seen, home=HERE.account),
        f"{people} {far.tables} {far.columns} {far.sensitive_columns}",
    )


def stories(declared: Lake, live: Lake) -> list[Story]:
    """Tell every finding but the remark that no stack declares the settings."""
    told = [story(one) for one in compare(declared, live).findings if one.rule != "FL126"]
    return sorted(told, key=lambda one: (one.what, one.cause))


def ends(declared: Lake, live: Lake) -> ExitCode:
    """Return the exit code of ``floodline check`` on a whole view."""
    return exit_code(compare(declared, live).findings, complete=True, threshold=Threshold(DEFAULT_FAIL_ON))


def way(name: str, declared: Lake, live: Lake, code: int, *told: Story, faulty: str = "") -> object:
    """Make one case: a name that begins with its number, two lakes, the exit code, and what is told.

    *faulty* says why floodline does not say this yet.
    """
    marks = [pytest.mark.xfail(strict=True, reason=faulty)] if faulty else []
    return pytest.param(
        declared, live, ExitCode(code), sorted(told, key=lambda one: (one.what, one.cause)), id=name, marks=marks
    )


def numbers(cases: list[object]) -> set[int]:
    """Return the numbers of the cases' names (``12a-07-…``)."""
    return {int(str(one.id).split("-")[1]) for one in cases}  # type: ignore[attr-defined]
