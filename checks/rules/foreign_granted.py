"""Another account or an organization is granted access, and is not among those that may be.

Why: within an account that is granted access, its own administrators decide who reads; in an organization or one of its
units whoever joins it later reads too. A grant to a role of another account is not even in that account's listings.

Fix: grant to roles of this account, or add the account to ``allowedAccounts`` or the organization to
``allowedOrganizations`` once somebody has agreed to share with them.

Source: https://docs.aws.amazon.com/lake-formation/latest/dg/cross-account-permissions.html
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from checks.model import Facts, Grant, Lake, LakeId, Permission, Principal, Severity, Table
from checks.principals import Kind, account_of, kind_of
from checks.rules import Example, Hit, Option, Rule, Scene, Scope, about, held, hidden
from checks.spelling import listing, principal_words

if TYPE_CHECKING:
    from collections.abc import Iterator

_NUMBER = re.compile(r"[0-9]{12}")
_ACCOUNTS = Option("allowedAccounts", "an account (12 digits) that may be granted access", _NUMBER.pattern)
_ORGANIZATIONS = Option(
    "allowedOrganizations",
    "the id of an organization or one of its units (`o-…`, `ou-…`) that may be granted access",
    r"o-[a-z0-9]{10,32}|ou-[a-z0-9-]{4,68}",
)
_ORGANIZED = frozenset({Kind.ORGANIZATION, Kind.ORGANIZATIONAL_UNIT})


def _outside(who: Principal, scene: Scene) -> bool | None:
    """Tell whether a principal lies outside; None where the lake's own account, and so the answer, is not known.

    Not knowing it, a role or a user is taken for one of this account: nearly all are, and a program that hides its
    account hides it from each of them.
    """
    if kind_of(who) in _ORGANIZED:
        return not scene.texts(_ORGANIZATIONS.name).intersection(who.split("/"))
    account = account_of(who)
    if account is None or account in scene.texts(_ACCOUNTS.name):
        return False
    if _NUMBER.fullmatch(scene.home):
        return account != scene.home
    return None if kind_of(who) is Kind.ACCOUNT else False


def _alone(grant: Grant) -> bool:
    """Whether no other rule speaks about the grant."""
    assert grant.principal is not None
    everybody = kind_of(grant.principal) is Kind.ACCOUNT_PRINCIPALS and grant.condition is None
    return not grant.grantable and not everybody


def find(scene: Scene) -> Iterator[Hit]:
    """Yield what those outside hold, place by place.

    What they may pass on is another rule's (FL203), and so is everybody in an account (FL201).
    """
    for grant in scene.unread():
        yield hidden(about(scene.lake, "grant", None, grant.resource, grant.evidence), "principal", grant.evidence)
    outside = {who: _outside(who, scene) for who, _ in scene.principals()}
    doubt = "the lake's own account is not known; list it in `allowedAccounts`"
    chosen = [who for who, out in outside.items() if out is not False]
    for one in scene.holdings(chosen, test=_alone):
        assert one.principal is not None
        out = outside[one.principal]
        who = principal_words(one.principal, home=scene.home)
        hot = scene.sensitive_read(one)[1]
        grave = hot or kind_of(one.principal) in _ORGANIZED
        hit = held(
            scene,
            one,
            f"{who} is granted {listing(one.permissions)} on {one.where}" + ("" if out else f": {doubt}"),
            "the principal lies outside the account and what is allowed" if out else doubt,
            severity=Severity.HIGH if grave else None,
            sensitive=hot,
        )
        yield replace(hit, undecided=out is None)


_LAKE = LakeId("aws", "111122223333", "eu-west-1")
_ORGANIZATION = "arn:aws:organizations::111122223333:organization/o-abcdefghij"


def _granted(principal: str, accounts: tuple[str, ...] = (), organizations: tuple[str, ...] = ()) -> Example:
    table = Table("111122223333", "sales", "orders")
    grant = Grant(Principal(principal), table, frozenset({Permission("SELECT")}))
    options = {_ACCOUNTS.name: frozenset(accounts), _ORGANIZATIONS.name: frozenset(organizations)}
    return Example(Lake(_LAKE, (grant,)), options)


RULE = Rule(
    id="FL206",
    name="foreign-granted-outside",
    severity=Severity.MEDIUM,
    doc=__doc__ or "",
    find=find,
    reads=frozenset({Facts.GRANTS}),
    scope=Scope.STACK,
    options=(_ACCOUNTS, _ORGANIZATIONS),
    flags=(
        _granted("444455556666"),
        _granted("arn:aws:iam::444455556666:role/partner", ("123456789012",)),
        _granted(_ORGANIZATION),
        _granted("arn:aws:organizations::111122223333:ou/o-abcdefghij/ou-abcd-12345678", (), ("o-klmnopqrst",)),
    ),
    passes=(
        _granted("444455556666", ("444455556666",)),
        _granted("arn:aws:iam::444455556666:role/partner", ("444455556666",)),
        _granted(_ORGANIZATION, (), ("o-abcdefghij",)),
        _granted("arn:aws:organizations::111122223333:ou/o-abcdefghij/ou-abcd-12345678", (), ("o-abcdefghij",)),
        _granted("arn:aws:iam::111122223333:role/analyst"),
        _granted("arn:aws:identitystore:::group/11112222-3333"),
    ),
)
