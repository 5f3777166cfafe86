"""Who a principal is: the kinds of lake-formation principals, told from their spelling.

Source: https://docs.aws.amazon.com/lake-formation/latest/dg/lf-permissions-reference.html (principal formats),
https://docs.aws.amazon.com/lake-formation/latest/dg/granting-database-permissions.html (``IAMPrincipals``).
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache

from checks.model import EVERYONE, Principal


class Kind(StrEnum):
    """A principal's kind; ``UNKNOWN`` is treated as many people."""

    EVERYONE = "everyone that IAM lets in"
    ACCOUNT_PRINCIPALS = "every IAM principal of an account"
    ACCOUNT = "account"
    ORGANIZATION = "organization"
    ORGANIZATIONAL_UNIT = "organizational unit"
    USER = "IAM user"
    ROLE = "IAM role"
    SERVICE_LINKED_ROLE = "service-linked role"
    SAML_USER = "SAML user"
    SAML_GROUP = "SAML group"
    QUICK_USER = "Quick user"
    QUICK_GROUP = "Quick group"
    IDENTITY_CENTER_USER = "Identity Center user"
    IDENTITY_CENTER_GROUP = "Identity Center group"
    FUNCTION = "user-defined function"
    UNKNOWN = "unknown kind of principal"


_PATTERNS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    (Kind.ACCOUNT, re.compile(r"(?P<account>[0-9]{12})")),
    (Kind.ACCOUNT_PRINCIPALS, re.compile(r"(?P<account>[0-9]{12}):IAMPrincipals")),
    # Only AWS can make one: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html
    (
        Kind.SERVICE_LINKED_ROLE,
        re.compile(
            r"arn:[\w-]+:iam::(?P<account>[0-9]{12}):role/aws-service-role/[\w.-]+\.amazonaws\.com(\.cn)?/AWSServiceRole.*"
        ),
    ),
    (Kind.ROLE, re.compile(r"arn:[\w-]+:iam::(?P<account>[0-9]{12}):role/.+")),
    (Kind.USER, re.compile(r"arn:[\w-]+:iam::(?P<account>[0-9]{12}):user/.+")),
    (Kind.SAML_USER, re.compile(r"arn:[\w-]+:iam::(?P<account>[0-9]{12}):saml-provider/.+:user/.+")),
    (Kind.SAML_GROUP, re.compile(r"arn:[\w-]+:iam::(?P<account>[0-9]{12}):saml-provider/.+:group/.+")),
    (Kind.QUICK_USER, re.compile(r"arn:[\w-]+:quicksight:[\w-]*:(?P<account>[0-9]{12}):user/.+")),
    (Kind.QUICK_GROUP, re.compile(r"arn:[\w-]+:quicksight:[\w-]*:(?P<account>[0-9]{12}):group/.+")),
    (Kind.IDENTITY_CENTER_USER, re.compile(r"arn:[\w-]+:identitystore:::user/(?P<account>).+")),
    (Kind.IDENTITY_CENTER_GROUP, re.compile(r"arn:[\w-]+:identitystore:::group/(?P<account>).+")),
    (Kind.ORGANIZATION, re.compile(r"arn:[\w-]+:organizations::(?P<account>[0-9]{12}):organization/.+")),
    (Kind.ORGANIZATIONAL_UNIT, re.compile(r"arn:[\w-]+:organizations::(?P<account>[0-9]{12}):ou/.+")),
    (Kind.FUNCTION, re.compile(r"arn:[\w-]+:glue:[\w-]*:(?P<account>[0-9]{12}):userDefinedFunction/.+")),
)

_ONE = frozenset(
    {Kind.USER, Kind.ROLE, Kind.SERVICE_LINKED_ROLE, Kind.SAML_USER, Kind.QUICK_USER, Kind.IDENTITY_CENTER_USER}
)


@lru_cache(maxsize=65536)
def _classify(principal: Principal) -> tuple[Kind, str | None]:
    if principal == EVERYONE:
        return Kind.EVERYONE, None
    for kind, pattern in _PATTERNS:
        if match := pattern.fullmatch(principal):
            return kind, match["account"] or None
    return Kind.UNKNOWN, None


def kind_of(principal: Principal) -> Kind:
    """Tell the kind from the spelling; anything unheard of is ``UNKNOWN``."""
    return _classify(principal)[0]


def account_of(principal: Principal) -> str | None:
    """Return the account that a principal belongs to, or None where the spelling does not say."""
    return _classify(principal)[1]


def is_many(principal: Principal) -> bool:
    """Whether the principal stands for more people than one can count. A role counts as one."""
    return kind_of(principal) not in _ONE


def is_foreign(principal: Principal, account: str) -> bool:
    """Whether the principal lies outside *account*: another account's, an organization or one of its units."""
    kind, home = _classify(principal)
    if kind in {Kind.ORGANIZATION, Kind.ORGANIZATIONAL_UNIT}:
        return True
    return home is not None and home != account


def covers(group: Principal, principal: Principal) -> bool:
    """Whether whatever *group* is granted, *principal* has too.

    Only two containments are certain: a principal contains itself, and ``<account>:IAMPrincipals`` contains every IAM
    user and role of that account. ``IAM_ALLOWED_PRINCIPALS`` contains whom IAM admits, which is not in the grants.
    """
    if group == principal:
        return True
    kind, home = _classify(group)
    if kind is not Kind.ACCOUNT_PRINCIPALS:
        return False
    member, account = _classify(principal)
    return account == home and member in {Kind.USER, Kind.ROLE, Kind.SERVICE_LINKED_ROLE}


def groups_of(principal: Principal) -> tuple[Principal, ...]:
    """Return the principals whose grants *principal* certainly shares, itself first."""
    kind, home = _classify(principal)
    if kind in {Kind.USER, Kind.ROLE, Kind.SERVICE_LINKED_ROLE} and home:
        return (principal, Principal(f"{home}:IAMPrincipals"))
    return (principal,)


def role_name(arn: str) -> tuple[str, str] | None:
    """Return (account, role name without its path) of a role or of a session of it, or None.

    A session's ARN drops the role's path (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html).
    """
    if match := re.fullmatch(r"arn:[\w-]+:sts::([0-9]{12}):assumed-role/([^/]+)(/.*)?", arn):
        return match[1], match[2]
    if match := re.fullmatch(r"arn:[\w-]+:iam::([0-9]{12}):role/(?:.*/)?([^/]+)", arn):
        return match[1], match[2]
    return None
