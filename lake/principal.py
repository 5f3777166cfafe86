"""Who may hold a grant, checked by spelling before AWS sees it.

The kinds are those of https://docs.aws.amazon.com/lake-formation/latest/dg/lf-permissions-reference.html.
"""

from __future__ import annotations

import re

import pulumi

from lake.mistake import Mistake, quoted

Principal = str | pulumi.Output[str]
"""An ARN, twelve digits of an account, ``IAM_ALLOWED_PRINCIPALS``, …; or the output of a role in the same program."""

_ACCOUNT = r"[0-9]{12}"
_IAM = rf"arn:aws(?:-cn|-us-gov)?:iam::{_ACCOUNT}:"
_KINDS = tuple(
    re.compile(pattern, re.ASCII)
    for pattern in (
        rf"{_IAM}(?:user|role)/[\w+=,.@/-]+",
        rf"{_IAM}saml-provider/[\w.-]+:(?:user|group)/.+",
        rf"arn:aws(?:-cn|-us-gov)?:quicksight:[a-z0-9-]+:{_ACCOUNT}:(?:user|group)/default/.+",
        r"arn:aws(?:-cn|-us-gov)?:identitystore:::(?:user|group)/[\w-]+",
        rf"arn:aws(?:-cn|-us-gov)?:organizations::{_ACCOUNT}:(?:organization/o-[a-z0-9]+|ou/o-[a-z0-9]+/ou-[a-z0-9-]+)",
        _ACCOUNT,
        rf"{_ACCOUNT}:IAMPrincipals",
        "IAM_ALLOWED_PRINCIPALS",
    )
)
# Spellings that look right and are refused by AWS, with what to write in their place.
_NEARLY = (
    (re.compile(r"arn:[^:]*:sts::\d*:assumed-role/.*"), "is a session; name the role itself"),
    (re.compile(r"arn:[^:]*:iam::\d*:group/.*"), "is an IAM group, which cannot hold grants; name its users or a role"),
    (re.compile(r"arn:[^:]*:iam::\d*:root"), "is an account's root; write the account's twelve digits"),
    (re.compile(r"\d+"), "is no account; an account has twelve digits"),
    (re.compile(r"(?:user|role)/.*"), "is no ARN; write `arn:aws:iam::ACCOUNT:` before it"),
)


def checked(principal: str, where: str) -> str:
    """Give the principal back as it is; raise a Mistake if Lake Formation knows no such kind."""
    if any(kind.fullmatch(principal) for kind in _KINDS):
        return principal
    for nearly, advice in _NEARLY:
        if nearly.fullmatch(principal):
            raise Mistake(f"{where}: {quoted(principal)} {advice}")
    raise Mistake(f"{where}: {quoted(principal)} is no principal; write a role's or user's ARN or an account's digits")


def account(digits: str, where: str) -> str:
    """Give back the twelve digits of an account; raise a Mistake otherwise."""
    if not re.fullmatch(_ACCOUNT, digits):
        raise Mistake(f"{where}: {quoted(digits)} is no account; an account has twelve digits")
    return digits


def later(principal: Principal, where: str) -> Principal:
    """Check now what is known now; what another resource will give is checked when it does."""
    if isinstance(principal, str):
        return checked(principal, where)
    return principal.apply(lambda text: checked(text, where))


def label(principal: Principal, home: str, where: str) -> str:
    """Shorten the principal for resource names: ``role/analyst`` at home, ``444455556666/role/analyst`` abroad."""
    if not isinstance(principal, str):
        raise Mistake(f"{where}: a principal that is not known yet needs a name for its grant (`name=`)")
    return re.sub(r"^arn:aws[a-z-]*:iam::", "", principal).removeprefix(f"{home}:").replace(":", "/")
