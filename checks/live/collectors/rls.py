"""Row-level security policies, their bodies and where they are attached."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from checks.live.collectors import Call, Collector, Learnt

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def _calls(learnt: Learnt) -> Iterator[Call]:
    yield Call("lakeformation", "ListRLSPolicies", {"MaxResults": 1000})
    for (_, name), body in learnt.get("rls", {}).items():
        if not body:
            yield Call("lakeformation", "GetRLSPolicy", {"Name": name})
    yield Call("lakeformation", "ListRLSPolicyAttachments", {"MaxResults": 1000})


def _learn(call: Call, response: Mapping[str, Any], learnt: Learnt) -> None:
    if call.operation == "ListRLSPolicies":
        for policy in response.get("RLSPolicies") or ():
            body = ("body",) if policy.get("FilterExpression") else ()
            learnt.setdefault("rls", {})[policy.get("CatalogId") or "", policy["Name"]] = body


_OPERATIONS = ("ListRLSPolicies", "GetRLSPolicy", "ListRLSPolicyAttachments")

COLLECTOR = Collector(
    name="rls",
    rank=43,
    operations=tuple(("lakeformation", operation) for operation in _OPERATIONS),
    actions=tuple(f"lakeformation:{operation}" for operation in _OPERATIONS),
    calls=_calls,
    learn=_learn,
)
