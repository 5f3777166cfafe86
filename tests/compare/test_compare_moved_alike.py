"""Judging kinds of tables, all principals at once, says what judging each principal on each table says."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from random_lakes import lakes, pairs

from checks.compare.moved import alike as kinds
from checks.compare.moved import movement
from checks.compare.moved.judge import Judge
from checks.compare.sides import Sides
from checks.compare.tagmatch import numbers
from checks.model import Database, Finding, Lake, Table

some = settings(max_examples=120, deadline=None, derandomize=True,
                suppress_health_check=list(HealthCheck))  # fmt: skip


def told(declared: Lake, live: Lake) -> dict[str, tuple[object, ...]]:
    """Return what is said of moved facts, but for the evidence."""
    sides = Sides(declared, live)
    movement.moved(sides)
    return {one.id: _said(one) for one in sides.findings}


def _said(one: Finding) -> tuple[object, ...]:
    return one.message, one.severity, one.reach, one.witness, one.added, one.removed, one.exposure


def one_by_one(declared: Lake, live: Lake) -> dict[str, tuple[object, ...]]:
    """Judge each table by itself, and on it each principal by itself."""

    def alone(sides: Sides, database: Database, tables: list[Table]) -> list[kinds.Alike]:
        return [kind for table in tables for kind in kinds.alike(sides, database, [table])]

    def everybody(_world: Any, _found: Any, judge: Judge, _table: Table) -> int:
        return (1 << len(judge.sides.people)) - 1

    def each(_judge: Judge, _table: Table, people: int) -> list[int]:
        return [1 << number for number in numbers(people)]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(movement, "alike", alone)
        patch.setattr(movement, "_filtered", everybody)
        patch.setattr(Judge, "equals", each)
        return told(declared, live)


@some
@given(pairs())
def test_kinds_of_tables_are_judged_as_each_of_them(pair: tuple[Lake, Lake]) -> None:
    assert told(*pair) == one_by_one(*pair)


@some
@given(lakes(), lakes())
def test_kinds_of_tables_are_judged_as_each_of_them_on_strangers(declared: Lake, live: Lake) -> None:
    assert told(declared, live) == one_by_one(declared, live)
