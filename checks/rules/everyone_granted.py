"""Everyone is granted access: everyone whom IAM allows, or every IAM principal of an account.

Why: a grant to ``IAM_ALLOWED_PRINCIPALS`` switches Lake Formation off for the resource: whoever has an IAM policy that
says ``glue:GetTable`` reads it, and in a registered location without any rights on S3. ``<account>:IAMPrincipals``
is everybody in that account, also those who come later.

Fix: grant to the roles that need it, then revoke the grant to everyone; where the two must live side by side for a
while, register the location in hybrid access mode and opt the roles in.

Source: https://docs.aws.amazon.com/lake-formation/latest/dg/upgrade-glue-lake-formation-background.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from checks.model import (
    EVERYONE,
    Database,
    Facts,
    Grant,
    Lake,
    LakeId,
    Permission,
    Principal,
    Severity,
    Table,
)
from checks.normal import principal as canonical
from checks.principals import Kind, kind_of
from checks.rules import Example, Hit, Rule, Scene, Scope, about, held, hidden
from checks.spelling import listing, principal_words

if TYPE_CHECKING:
    from collections.abc import Iterator


def _everyone(principal: Principal) -> bool:
    """Tell the groups that hold everybody."""
    who = canonical(principal)
    return kind_of(who) in {Kind.EVERYONE, Kind.ACCOUNT_PRINCIPALS} or who.upper() == "EVERYONE"


def find(scene: Scene) -> Iterator[Hit]:
    """Yield what everyone holds, place by place. A condition makes a group a subset: a choice, and not everyone."""
    lake = scene.lake
    for grant in scene.unread():
        yield hidden(about(lake, "grant", None, grant.resource, grant.evidence), "principal", grant.evidence)
    for one in scene.holdings(scene.people(_everyone), conditional=False):
        who = principal_words(one.principal, home=lake.id.account)
        # What is open to everyone is graver where it is sensitive (a rule of its own would say it twice).
        hot = scene.sensitive_read(one)[1]
        yield held(
            scene,
            one,
            f"{who} is granted {listing(one.permissions)} on {one.where}",
            "the principal is everyone: Lake Formation no longer decides who reads this resource",
            severity=Severity.CRITICAL if hot else None,
            sensitive=hot,
        )


_LAKE = LakeId("aws", "111122223333", "eu-west-1")
_TABLE = Table("111122223333", "telemetry_raw", "keystrokes")


def _granted(principal: str, condition: str | None = None) -> Example:
    who = Principal(principal)
    return Example(Lake(_LAKE, (Grant(who, _TABLE, frozenset({Permission("SELECT")}), condition=condition),)))


RULE = Rule(
    id="FL201",
    name="everyone-granted",
    severity=Severity.HIGH,
    doc=__doc__ or "",
    find=find,
    reads=frozenset({Facts.GRANTS}),
    scope=Scope.RESOURCE,
    flags=(
        _granted("IAM_ALLOWED_PRINCIPALS"),
        _granted("IAM_Allowed_Principals"),
        _granted("IAMAllowedPrincipals"),
        _granted("EVERYONE"),
        _granted("111122223333:IAMPrincipals"),
        _granted("444455556666:IAMPrincipals"),
        Example(Lake(_LAKE, (Grant(EVERYONE, Database("111122223333", "hr"), frozenset({Permission("DESCRIBE")})),))),
    ),
    passes=(
        Example(Lake(_LAKE)),
        _granted("arn:aws:iam::111122223333:role/analyst"),
        _granted("arn:aws:iam::111122223333:role/IAM_ALLOWED_PRINCIPALS"),
        _granted("111122223333"),
        _granted("111122223333:IAMPrincipals", 'context.iam.principalTags.hasTag("department")'),
    ),
)
