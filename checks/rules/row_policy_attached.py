"""A row-level policy is attached: it can only show more rows, never fewer, and no program declares it.

Why: row-level policies add up with each other and with data cells filters. Attaching one, changing its expression or
making it the default opens rows to principals whose grants stay as they were, and what the expression says may hang on
rows of yet another table.

Fix: where rows are to be limited, use data cells filters, which a program declares; detach the policy. Where policies
are wanted, accept each one by its finding, with an owner.

Source: https://docs.aws.amazon.com/lake-formation/latest/dg/rls-policies.html
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from checks.model import (
    Facts,
    Lake,
    LakeId,
    Principal,
    RLSAttachment,
    RLSPolicy,
    Severity,
    Table,
    TagPolicy,
)
from checks.rules import Example, Hit, Rule, Scene, Scope, about
from checks.spelling import principal_words, printable, words

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAMED = 3


def find(scene: Scene) -> Iterator[Hit]:
    """Yield, by policy and principal, where row-level policies are attached."""
    found: dict[tuple[str, Principal | None], list[RLSAttachment]] = defaultdict(list)
    for one in scene.lake.rls:
        found[one.policy, one.principal].append(one)
    for (policy, who), attached in found.items():
        first = attached[0]
        default = any(one.default for one in attached)
        tables = {table for one in attached for table in scene.reached(one.resource)}
        where = ", ".join(sorted(words(one.resource) for one in attached)[:_NAMED])
        more = f" and {len(attached) - _NAMED:,} more places" if len(attached) > _NAMED else ""
        name = principal_words(who, home=scene.home) if who is not None else "every principal"
        yield Hit(
            about(scene.lake, "policy", who, RLSPolicy(scene.home, policy), first.evidence),
            f"row-level policy {printable(policy)} is attached to {where}{more} for {name}"
            + (", as the default for whoever has none of their own" if default else "")
            + ": it can only show more rows",
            "a row-level policy is attached, which can only show more rows",
            tuple(one.evidence for one in attached[:_NAMED] if one.evidence is not None),
            tables=len(tables),
            sensitive=sum(len(scene.sensitive(table)) for table in tables),
            severity=Severity.HIGH if default else None,
            principals=None,
        )


_LAKE = LakeId("aws", "111122223333", "eu-west-1")
_TABLE = Table("111122223333", "sales", "orders")
_ANALYST = Principal("arn:aws:iam::111122223333:role/analyst")


def _attached(*attached: RLSAttachment) -> Example:
    return Example(Lake(_LAKE, rls=attached))


RULE = Rule(
    id="FL219",
    name="row-level-policy-attached",
    severity=Severity.MEDIUM,
    doc=__doc__ or "",
    find=find,
    reads=frozenset({Facts.RLS}),
    scope=Scope.STACK,
    flags=(
        _attached(RLSAttachment("by_country", _TABLE, _ANALYST)),
        _attached(RLSAttachment("by_country", _TABLE, None, default=True)),
        _attached(
            RLSAttachment("by_team", TagPolicy("111122223333", "TABLE", (("team", frozenset({"a"})),)), _ANALYST)
        ),
    ),
    passes=(
        _attached(),
        Example(Lake(_LAKE, tables={})),
    ),
)
