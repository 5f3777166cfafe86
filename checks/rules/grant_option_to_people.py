"""A person or a group of people may pass permissions on: who reads the lake is then decided outside the declaration.

Why: what a user, an Identity Center group or a federated user grants to others with the grant option is made by hand,
is in no program, and stays when its grantor leaves. A group passes the power on to whoever joins it.

Fix: take the grant option away (``permissionsWithGrantOptions`` empty); let the role that deploys make grants.

Source: https://docs.aws.amazon.com/lake-formation/latest/dg/lf-permissions-overview.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from checks.model import Database, Facts, Grant, Lake, LakeId, Permission, Principal, Severity, Table
from checks.principals import Kind, kind_of
from checks.rules import Example, Hit, Rule, Scene, Scope, about, held, hidden
from checks.spelling import listing, principal_words

if TYPE_CHECKING:
    from collections.abc import Iterator

_PEOPLE = frozenset({
    Kind.USER, Kind.SAML_USER, Kind.SAML_GROUP, Kind.QUICK_USER, Kind.QUICK_GROUP, Kind.IDENTITY_CENTER_USER,
    Kind.IDENTITY_CENTER_GROUP,
})  # fmt: skip


def find(scene: Scene) -> Iterator[Hit]:
    """Yield what people may pass on, person by person. An administrator may do so anyway (FL204)."""
    for grant in scene.unread():
        if grant.grantable:
            yield hidden(about(scene.lake, "grant", None, grant.resource, grant.evidence), "principal", grant.evidence)
    people = scene.people(lambda who: kind_of(who) in _PEOPLE and who not in scene.admins)
    for one in scene.holdings(people, lending=True):
        assert one.principal is not None
        who, kind = principal_words(one.principal, home=scene.home), kind_of(one.principal).value
        hot = scene.sensitive_read(one)[1]
        yield held(
            scene,
            one,
            f"{who} ({kind}) may pass on {listing(one.grantable)} on {one.where}",
            f"the grant option is held by people: {kind}",
            severity=Severity.HIGH if hot else None,
            sensitive=hot,
        )


_LAKE = LakeId("aws", "111122223333", "eu-west-1")


def _lent(principal: str, *, grantable: bool = True) -> Example:
    select = frozenset({Permission("SELECT")})
    table = Table("111122223333", "sales", "orders")
    lent = select if grantable else frozenset[Permission]()
    return Example(Lake(_LAKE, (Grant(Principal(principal), table, select, lent),)))


_CREATE = frozenset({Permission("CREATE_TABLE")})

RULE = Rule(
    id="FL205",
    name="grant-option-to-people",
    severity=Severity.MEDIUM,
    doc=__doc__ or "",
    find=find,
    reads=frozenset({Facts.GRANTS}),
    scope=Scope.RESOURCE,
    flags=(
        _lent("arn:aws:iam::111122223333:user/alex"),
        _lent("arn:aws:identitystore:::group/11112222-3333"),
        _lent("arn:aws:iam::111122223333:saml-provider/idp:user/alex"),
        Example(
            Lake(
                _LAKE,
                (
                    Grant(
                        Principal("arn:aws:iam::111122223333:user/alex"),
                        Database("111122223333", "sales"),
                        _CREATE,
                        _CREATE,
                    ),
                ),
            )
        ),
    ),
    passes=(
        _lent("arn:aws:iam::111122223333:user/alex", grantable=False),
        _lent("arn:aws:identitystore:::group/11112222-3333", grantable=False),
        _lent("arn:aws:iam::111122223333:role/steward"),
    ),
)
