"""The grants once more, one listing for each kind of resource: what they show must be in the whole listing too.

The kinds are those of the installed botocore, so that a new one is asked for as soon as botocore knows it. Data cells
filters and row-level security policies are of no kind.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from checks.live.collectors import Call, Collector, Learnt

if TYPE_CHECKING:
    from collections.abc import Iterator


@cache
def kinds() -> tuple[str, ...]:
    """Return the kinds of resource by which ListPermissions lists, as the installed botocore knows them."""
    from botocore.loaders import Loader  # noqa: PLC0415 - only a reading of AWS needs it

    model = Loader().load_service_model("lakeformation", "service-2")
    shapes = model["shapes"]
    return tuple(shapes[shapes["ListPermissionsRequest"]["members"]["ResourceType"]["shape"]]["enum"])


def _calls(_: Learnt) -> Iterator[Call]:
    for kind in kinds():
        yield Call("lakeformation", "ListPermissions", {"ResourceType": kind, "MaxResults": 1000})


COLLECTOR = Collector(
    name="sweeps",
    rank=21,
    operations=(("lakeformation", "ListPermissions"),),
    actions=("lakeformation:ListPermissions",),
    calls=_calls,
    after=("settings", "lf_tags"),
    bracketed=True,
)
