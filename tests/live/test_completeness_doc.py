"""The document on completeness names every collector with its operations and actions, and no others."""

import re
from pathlib import Path

from checks.live.collectors import collectors

TEXT = (Path(__file__).parents[2] / "docs" / "completeness.md").read_text("utf-8")


def test_the_table_of_what_is_read_is_that_of_the_collectors():
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in TEXT.partition("## What is read")[2].partition("\n## ")[0].splitlines()
        if line.startswith("| ") and not line.startswith("| collector")
    ]
    told = {name: (re.findall(r"`(\w+)`", ops), re.findall(r"`([\w:]+)`", actions)) for name, ops, actions, _ in rows}
    assert told == {one.name: ([op for _, op in one.operations], list(one.actions)) for one in collectors()}
    assert all(decides for *_, decides in rows)
