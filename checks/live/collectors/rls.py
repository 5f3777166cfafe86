"""Row-level security policies and where they are attached."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from checks.live.collectors import Call, Collector, Learnt

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Policy(msgspec.Struct):
    Name: str
    CatalogId: str | None = None
    FilterExpression: str | None = None


class _Page(msgspec.Struct):
    RLSPolicies: list[_Policy] | None = None


_decode = msgspec.json.Decoder(_Page).decode


def _calls(_: Learnt) -> Iterator[Call]:
    yield Call("lakeformation", "ListRLSPolicies", {"MaxResults": 1000})
    yield Call("lakeformation", "ListRLSPolicyAttachments", {"MaxResults": 1000})


def _learn(call: Call, body: bytes, learnt: Learnt) -> None:
    if call.operation == "ListRLSPolicies":
        for policy in _decode(body).RLSPolicies or ():
            known = ("body",) if policy.FilterExpression else ()
            learnt.setdefault("rls", {})[policy.CatalogId or "", policy.Name] = known


_OPERATIONS = ("ListRLSPolicies", "ListRLSPolicyAttachments")

COLLECTOR = Collector(
    name="rls",
    rank=43,
    operations=tuple(("lakeformation", operation) for operation in _OPERATIONS),
    actions=tuple(f"lakeformation:{operation}" for operation in _OPERATIONS),
    calls=_calls,
    learn=_learn,
)
