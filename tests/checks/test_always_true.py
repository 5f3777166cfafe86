"""Filters that hold for every row, beside DuckDB and the kernel's own verdicts."""

from __future__ import annotations

import pytest

from checks.model import ALL_ROWS, Where
from checks.predicates.always import always

TYPES = {"country": "string", "amount": "bigint", "ok": "boolean"}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("TRUE", True),
        ("NOT FALSE", True),
        ("FALSE", False),
        ("country IS NULL OR country IS NOT NULL", True),
        ("country = 'DE' OR country <> 'DE'", False),
        ("country = 'DE' OR country <> 'DE' OR country IS NULL", True),
        ("country LIKE '%' OR country IS NULL", True),
        ("amount > 5 OR amount <= 5 OR amount IS NULL", True),
        ("amount > 5 OR amount < 5 OR amount IS NULL", False),
        ("amount IS NULL OR amount IS NOT NULL AND country = 'DE'", False),
        ("NOT (amount IS NULL AND amount IS NOT NULL)", True),
        ("ok = TRUE OR ok = FALSE OR ok IS NULL", True),
        ("TRUE OR country = 'x'", True),
        ("NOT (country = 'x')", False),
    ],
)
def test_what_holds_for_every_row(text: str, holds: bool) -> None:
    assert always(Where(text), TYPES).holds is holds


def test_all_rows_is_every_row() -> None:
    assert always(ALL_ROWS, {}).holds is True


@pytest.mark.parametrize(
    "text", ["upper(country) = 'DE' OR TRUE", "missing IS NULL OR missing IS NOT NULL AND missing <> 5", "("]
)
def test_what_is_not_understood_is_not_decided(text: str) -> None:
    found = always(Where(text), TYPES)
    assert found.holds is None
    assert found.reason


def test_without_types_a_row_of_nulls_decides_what_it_can() -> None:
    assert always(Where("country = 'DE' AND amount > 5"), {}).holds is False
    assert always(Where("country IS NULL"), {}).holds is None
