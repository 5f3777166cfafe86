"""A grant option goes to an account outside the list: another account may pass the lake's permissions on.

Why: whoever holds a permission with the grant option gives it to others without asking. In another account that is
done by people whom the lake's owner does not know, and the grants they make there are not in the owner's listing.

Fix: take the grant option away (``permissionsWithGrantOptions`` empty), grant to the roles that need it, or add the
account to ``allowedAccounts`` once somebody has agreed to trust it with that.

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
_ACCOUNTS = Option(
    "allowedAccounts", "an account (12 digits) that may hold a grant option besides the lake's own", _NUMBER.pattern
)
_AT_HOME = frozenset({Kind.EVERYONE, Kind.IDENTITY_CENTER_USER, Kind.IDENTITY_CENTER_GROUP})
"""Principals that carry no account and cannot be another account's: no cross-account grants reach them."""


def _account(principal: Principal) -> str | None:
    """Return the account, also of an ARN of no kind that we know: its fifth field is the account in every ARN."""
    parts = principal.split(":", 5)
    found = parts[4] if len(parts) == 6 and parts[0] == "arn" else ""
    return account_of(principal) or (found if _NUMBER.fullmatch(found) else None)


def _outside(principal: Principal, home: str, allowed: frozenset[str]) -> bool | None:
    """Tell whether a principal lies outside; None where the lake's own account, and so the answer, is not known."""
    kind, account = kind_of(principal), _account(principal)
    if kind in _AT_HOME:
        return False
    if kind in {Kind.ORGANIZATION, Kind.ORGANIZATIONAL_UNIT} or account is None:
        return True  # many accounts, or a spelling that nobody knows: not a listed account
    if account in allowed:
        return False
    return account != home if _NUMBER.fullmatch(home) else None


def find(scene: Scene) -> Iterator[Hit]:
    """Yield the grant options that leave the lake's own account and the listed ones."""
    lake, allowed = scene.lake, scene.texts(_ACCOUNTS.name)
    for grant in scene.unread():
        if grant.grantable:
            yield hidden(about(lake, "grant", None, grant.resource, grant.evidence), "principal", grant.evidence)
    outside = {who: _outside(who, lake.id.account, allowed) for who, _ in scene.principals()}
    doubt = "the lake's own account is not known; list it in `allowedAccounts`"
    for one in scene.holdings([who for who, out in outside.items() if out is not False], lending=True):
        assert one.principal is not None
        out = outside[one.principal]
        who = principal_words(one.principal, home=lake.id.account)
        hit = held(
            scene,
            one,
            f"{who} may pass on {listing(one.grantable)} on {one.where}" + ("" if out else f": {doubt}"),
            "the grant option goes to an account outside `allowedAccounts`" if out else doubt,
        )
        yield replace(hit, undecided=out is None)


_LAKE = LakeId("aws", "111122223333", "eu-west-1")


def _lent(principal: str, *allowed: str, grantable: bool = True) -> Example:
    select = frozenset({Permission("SELECT")})
    table = Table("111122223333", "telemetry_curated", "daily_activity")
    grant = Grant(Principal(principal), table, select, select if grantable else frozenset())
    return Example(Lake(_LAKE, (grant,)), {_ACCOUNTS.name: frozenset(allowed)})


RULE = Rule(
    id="FL203",
    name="grant-option-outside",
    severity=Severity.HIGH,
    doc=__doc__ or "",
    find=find,
    reads=frozenset({Facts.GRANTS}),
    scope=Scope.STACK,
    options=(_ACCOUNTS,),
    flags=(
        _lent("444455556666"),
        _lent("444455556666", "123456789012"),
        _lent("arn:aws:iam::444455556666:role/partner"),
        _lent("444455556666:IAMPrincipals"),
        _lent("arn:aws:organizations::111122223333:organization/o-abcdefghij"),
        _lent("something that nobody has heard of"),
    ),
    passes=(
        _lent("444455556666", grantable=False),
        _lent("444455556666", "444455556666"),
        _lent("arn:aws:iam::444455556666:role/partner", "444455556666"),
        _lent("arn:aws:iam::111122223333:role/steward"),
        _lent("111122223333"),
        _lent("arn:aws:iam::111122223333:root"),
        _lent("arn:aws:identitystore:::group/11112222-3333"),
    ),
)
