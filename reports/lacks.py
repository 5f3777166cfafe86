"""What a reading lacked, and how to get it: the first thing that a caller who sees too little must be told. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from checks.principals import role_name
from checks.spelling import principal_words, printable, shortened

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from checks.model import Caller, LedgerRow, Report

LONGEST: Final = 300
_NAMED: Final = 5
_REFUSED: Final = re.compile(r"^(AccessDenied|UnauthorizedOperation|NotAuthorized|Forbidden)", re.IGNORECASE)
_BY_LAKE: Final = re.compile(r"lake formation permission|data lake admin", re.IGNORECASE)
"""How Lake Formation words it that not IAM refuses, but itself: being an admin is what is missing then."""


def of_report(report: Report) -> tuple[str, ...]:
    """Say what the reading behind a report lacked; nothing where the view is complete."""
    return () if report.complete else lacks([report.run.caller], report.ledger)


def lacks(callers: Iterable[Caller], ledger: Sequence[LedgerRow]) -> tuple[str, ...]:
    """Say what is missing, each with the way to get it, in lines of its own below. Safe to show."""
    lines: list[str] = []
    arns = sorted({one.arn for one in callers if one.arn and one.data_lake_admin is False and not one.read_only_admin})
    lines += map(no_admin, arns)
    actions: dict[str, set[str]] = {}
    for row in ledger:
        place = f"{row.account}/{row.region}"
        if row.operation == "AssumeRole":
            lines.append(
                f"missing: {place} could not be entered: {shortened(printable(row.basis), LONGEST)}\n"
                "  let the role trust this caller (and its external id, if it asks for one), and allow this caller "
                "`sts:AssumeRole` on it"
            )
        elif any(_REFUSED.search(error) and not _BY_LAKE.search(error) for error in row.errors):
            actions.setdefault(f"{row.service}:{row.operation}", set()).add(place)
    if actions:
        named = sorted(actions)
        told = ", ".join(f"`{one}`" for one in named[:_NAMED])
        more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
        places = sorted(set().union(*actions.values()))
        where = places[0] if len(places) == 1 else f"{len(places)} lakes"
        lines.append(
            f"missing: IAM does not allow {told}{more} in {where}\n"
            "  allow it in the caller's policy: `floodline iam-policy` prints all that is needed"
        )
    return tuple(lines)


def no_admin(arn: str) -> str:
    """Say that a caller is no admin, and what makes it one."""
    return (
        f"missing: {shortened(principal_words(arn), LONGEST)} is no admin: Lake Formation shows it a part of the lake, "
        "and does not say so\n"
        "  make it a read-only admin, in the program that owns the settings (`floodline iam-policy --pulumi`):\n"
        f'  aws.lakeformation.DataLakeSettings(…, read_only_admins=[…, "{printable(lasting(arn))}"])'
    )


def lasting(arn: str) -> str:
    """Return the role behind a session: settings name roles, not sessions (whose ARNs lack the role's path)."""
    told = role_name(arn)
    if told is None or ":assumed-role/" not in arn:
        return arn
    account, name = told
    return f"arn:{arn.split(':')[1]}:iam::{account}:role/{name}"
