"""Grants on data cells filters, table by table, for the tables that have filters.

The unfiltered listing may leave them out: the API offers them for one table at a time, with ``IncludeRelated``
(https://docs.aws.amazon.com/lake-formation/latest/APIReference/API_ListPermissions.html). Rows read twice are one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from checks.live.collectors import Call, Collector, Learnt

if TYPE_CHECKING:
    from collections.abc import Iterator


def _calls(learnt: Learnt) -> Iterator[Call]:
    for (database, table), catalog in sorted(learnt.get("filtered tables", {}).items()):
        place = {"CatalogId": catalog[0], "DatabaseName": database, "Name": table}
        request = {"Resource": {"Table": place}, "IncludeRelated": "TRUE", "MaxResults": 1000}
        yield Call("lakeformation", "ListPermissions", request)


COLLECTOR = Collector(
    name="filter grants",
    rank=45,
    operations=(("lakeformation", "ListPermissions"),),
    actions=("lakeformation:ListPermissions",),
    calls=_calls,
    after=("filters",),
    bracketed=True,
)
