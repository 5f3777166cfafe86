"""The catalog's resource policy, and those that shares through RAM have made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checks.live.collectors import Call, Collector, Learnt

if TYPE_CHECKING:
    from collections.abc import Iterator


def _calls(_: Learnt) -> Iterator[Call]:
    yield Call("glue", "GetResourcePolicy")
    yield Call("glue", "GetResourcePolicies", {"MaxResults": 1000})


_OPERATIONS = ("GetResourcePolicy", "GetResourcePolicies")

COLLECTOR = Collector(
    name="resource_policies",
    rank=90,
    operations=tuple(("glue", operation) for operation in _OPERATIONS),
    actions=tuple(f"glue:{operation}" for operation in _OPERATIONS),
    calls=_calls,
)
