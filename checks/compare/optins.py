"""Compare opt-ins: whom Lake Formation limits in hybrid access mode."""

from __future__ import annotations

from collections.abc import Iterable

from checks import spelling
from checks.compare import findings as say
from checks.compare.sides import Sides
from checks.model import (
    EVERYONE,
    AllTables,
    Cause,
    Database,
    Facts,
    OptIn,
    OptInRef,
    Severity,
    Table,
    TableColumns,
    Verdict,
    Witness,
)
from checks.semantics import SELECT, database_of, subject_of, within
from checks.view import access, condition_fits, database_access


def optins(sides: Sides) -> None:
    """Compare the opt-ins. One that is missing widens where it decided: only IAM and S3 limit the principal then."""

    def key(one: OptIn) -> tuple[object, ...]:
        return (one.principal, subject_of(one.resource), one.condition)

    live, told = {key(one): one for one in sides.live.optins}, {key(one): one for one in sides.declared.optins}
    for one, optin in told.items():
        if one in live or _still_in(optin, sides.live.optins):
            sides.equal += 1
            continue
        if Facts.OPTINS in sides.dark or optin.principal is None:
            continue
        who = spelling.principal_words(optin.principal, home=sides.id.account)
        where = spelling.words(optin.resource)
        table = subject_of(optin.resource)
        if not _decides(sides, optin):
            sides.findings.append(
                say.build(
                    "FL140",
                    Verdict.CHANGED,
                    say.subject(
                        "optin", OptInRef(optin.resource), sides.id, principal=optin.principal, declared=optin.evidence
                    ),
                    f"{who} is no longer opted in on {where}; that decides nothing there: no location of it is in "
                    "hybrid access mode, and IAM_ALLOWED_PRINCIPALS holds no grant on it",
                    Cause("optin", f"opt-in of {who} on {where} is gone"),
                    confidence=sides.confidence,
                    declared="opted in",
                    live="not opted in",
                    evidence=[optin.evidence],
                )
            )
            continue
        sides.findings.append(
            say.build(
                "FL123",
                Verdict.WIDENED,
                say.subject(
                    "optin", OptInRef(optin.resource), sides.id, principal=optin.principal, declared=optin.evidence
                ),
                f"{who} is no longer opted in on {where}: there Lake Formation's limits no longer hold for it, "
                "only IAM's and S3's",
                Cause("optin", f"opt-in of {who} on {where} is gone"),
                confidence=sides.confidence,
                witness=Witness(
                    optin.principal,
                    SELECT,
                    getattr(table, "catalog", None),
                    getattr(database_of(optin.resource), "name", None),
                    table.name if isinstance(table, Table) else None,
                ),
                reach=sides.reach(
                    [optin.principal], {}, tables=1 if isinstance(table, Table) else _below(sides, optin)
                ),
                declared="opted in",
                live="not opted in",
                evidence=[optin.evidence],
                revoke=f"aws lakeformation create-lake-formation-opt-in for {who} on {where}",
            )
        )
    for one, optin in live.items():
        if one in told:
            continue
        who = spelling.principal_words(optin.principal, home=sides.id.account)
        sides.findings.append(
            say.build(
                "FL142",
                Verdict.UNMANAGED,
                say.subject("optin", OptInRef(optin.resource), sides.id, principal=optin.principal),
                f"{who} is opted in on {spelling.words(optin.resource)}, which no stack declares; that only limits",
                Cause("optin", f"opt-in of {who} on {spelling.words(optin.resource)}"),
                confidence=sides.confidence,
                severity=Severity.LOW if sides.opens_declared(optin.resource) else Severity.INFO,
                live="opted in",
                declared="not opted in",
                evidence=[optin.evidence],
            )
        )


def _decides(sides: Sides, optin: OptIn) -> bool:
    """Whether an opt-in limits its principal: in hybrid access mode, or where IAM_ALLOWED_PRINCIPALS holds a grant.

    Elsewhere Lake Formation decides for everyone (registered) or for no one (not registered), opted in or not
    (https://docs.aws.amazon.com/lake-formation/latest/dg/hybrid-access-mode.html). Where it is not known which tables
    or locations there are, it is taken to decide; so it is where later tables are open to everyone whom IAM allows.
    """
    if sides.dark & {Facts.LOCATIONS, Facts.GRANTS, Facts.TABLES, Facts.DATABASES, Facts.ASSIGNMENTS}:
        return True
    subject, database = subject_of(optin.resource), database_of(optin.resource)
    if isinstance(subject, Table):
        tables = [subject]
    elif isinstance(optin.resource, Database | AllTables) and database is not None:
        info = sides.live.databases.get(database)
        if info is None or any(who == EVERYONE for who, _ in info.table_defaults or ()):
            return True
        if _hybrid(sides, info.location) or database_access(sides.index_live, sides.view_live, EVERYONE, database):
            return True
        tables = sides.tables_of(database)
    else:
        return True
    return any(_enforced_by_optin(sides, table) for table in tables)


def _enforced_by_optin(sides: Sides, table: Table) -> bool:
    info = sides.live.tables.get(table)
    if info is None or access(sides.index_live, sides.view_live, EVERYONE, table, groups=False):
        return True
    return any(_hybrid(sides, place) for place in (info.location, *info.additional))


def _hybrid(sides: Sides, place: str | None) -> bool:
    """Whether a place lies in a registration in hybrid access mode; of nested ones any counts."""
    return any(told.hybrid for arn, told in sides.live.locations.items() if place and within(place, arn))


def _below(sides: Sides, optin: OptIn) -> int:
    database = database_of(optin.resource)
    return len(sides.tables_of(database)) if database else 0


def _still_in(told: OptIn, live: Iterable[OptIn]) -> bool:
    """Whether another opt-in still holds the principal: on the same, the table's database, or all its tables.

    Source: https://docs.aws.amazon.com/lake-formation/latest/dg/hybrid-access-workflow.html.
    """
    return any(
        one.principal == told.principal
        and condition_fits(one.condition, told.condition)
        and (
            subject_of(one.resource) == subject_of(told.resource)
            or (
                isinstance(told.resource, Table | TableColumns)
                and isinstance(one.resource, Database | AllTables)
                and database_of(one.resource) == database_of(told.resource)
            )
        )
        for one in live
    )
