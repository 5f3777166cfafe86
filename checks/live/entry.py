"""Before a lake is read: which accounts an organisation has, which regions they use, and a role's session in each.

These are the only calls beside the collectors'. None of them changes anything; AssumeRole hands out credentials, which
stay in the process: only its refusals are written down.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec

from checks.live.answer import Answer
from checks.live.asking import Clients, Failed, ask

if TYPE_CHECKING:
    from collections.abc import Mapping

ENTRY: Final = "entry"
"""The name under which refusals stand in a journal."""

_ENABLED: Final = ("ENABLED", "ENABLED_BY_DEFAULT")
_ACTIVE: Final = "ACTIVE"
_MAX_PAGES: Final = 10_000
_any = msgspec.json.Decoder().decode


@dataclass(frozen=True, slots=True)
class Member:
    """An account of an organisation; ``state`` is AWS's word (``ACTIVE``, ``SUSPENDED``)."""

    account: str
    state: str

    @property
    def active(self) -> bool:
        """Whether it can be entered."""
        return self.state == _ACTIVE


def caller(clients: Clients) -> dict[str, Any] | Failed:
    """Say who we are: ``Account`` and ``Arn``."""
    return _asked(clients, "sts", "GetCallerIdentity", {})


def assumed(clients: Clients, request: Mapping[str, Any]) -> dict[str, Any] | Failed:
    """Take a role's session: STS's ``Credentials``."""
    found = _asked(clients, "sts", "AssumeRole", request)
    if isinstance(found, Failed):
        return found
    keys = found.get("Credentials")
    return keys if isinstance(keys, dict) else Failed("MalformedAnswer", "sts:AssumeRole gave no credentials")


def members(clients: Clients) -> list[Member] | Failed:
    """List the accounts of the caller's organisation, sorted; all of them or none."""
    rows = _listed(clients, "organizations", "ListAccounts", {}, "Accounts")
    if isinstance(rows, Failed):
        return rows
    # `State` has come to replace `Status` (botocore's model of Organizations).
    return sorted(
        (Member(str(row.get("Id")), str(row.get("State") or row.get("Status"))) for row in rows),
        key=lambda one: one.account,
    )


def regions(clients: Clients) -> list[str] | Failed:
    """List the regions that the account of *clients* has enabled, sorted; two services know, either will do."""
    rows = _listed(clients, "account", "ListRegions", {"RegionOptStatusContains": list(_ENABLED)}, "Regions")
    if isinstance(rows, Failed):
        again = _listed(clients, "ec2", "DescribeRegions", {}, "Regions")
        if isinstance(again, Failed):
            return rows
        rows = again
    return sorted({str(row["RegionName"]) for row in rows if row.get("RegionName")})


def refusal(place: tuple[str, str], call: tuple[str, str], request: Mapping[str, Any], why: Failed, at: str) -> Answer:
    """Return the answer that says in a recording why a place was not entered."""
    return Answer(*place, *call, request, None, why.plain(), at, 0)


def _listed(
    clients: Clients, service: str, operation: str, request: Mapping[str, Any], member: str
) -> list[dict[str, Any]] | Failed:
    """Follow a listing to its end: half of one would leave out accounts or regions without a word."""
    rows: list[dict[str, Any]] = []
    token = ""
    seen: set[str] = set()
    while len(seen) < _MAX_PAGES:
        found = _asked(clients, service, operation, {**request, "NextToken": token} if token else dict(request))
        if isinstance(found, Failed):
            return found
        listed = found.get(member)
        if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
            return Failed("MalformedAnswer", f"{service}:{operation} gave no list of {member}")
        rows += listed
        token = found.get("NextToken") or ""
        if not token:
            return rows
        if not isinstance(token, str) or token in seen:
            break
        seen.add(token)
    return Failed("RepeatedToken", f"the pages of {service}:{operation} have no end")


def _asked(clients: Clients, service: str, operation: str, request: Mapping[str, Any]) -> dict[str, Any] | Failed:
    body = ask(clients, service, operation, request)
    if isinstance(body, Failed):
        return body
    found = _any(body)
    return found if isinstance(found, dict) else Failed("MalformedAnswer", f"{service}:{operation} gave no object")
