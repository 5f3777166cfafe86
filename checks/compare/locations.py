"""Compare registered locations: what Lake Formation protects, and how."""

from __future__ import annotations

from checks import spelling
from checks.compare import findings as say
from checks.compare.sides import Sides
from checks.model import (
    Cause,
    DataLocation,
    Facts,
    Location,
    Principal,
    Severity,
    Table,
    Verdict,
    Witness,
)
from checks.semantics import SELECT, within


def locations(sides: Sides) -> None:
    """Compare the registrations of S3 locations."""
    for arn, told in sides.declared.locations.items():
        now = sides.live.locations.get(arn)
        where = DataLocation(sides.id.account, arn)
        words = spelling.words(where)
        readers = tables_below(sides, arn)
        common: say.Story = {
            "confidence": sides.confidence,
            "declared": _location_words(told),
            "live": _location_words(now),
            "evidence": [told.evidence, now.evidence if now else None],
            "reach": sides.reach([None], {}, tables=len(readers)),
            "witness": _outside(readers, arn),
        }
        subject = say.subject("location", where, sides.id, declared=told.evidence)
        if now is None:
            if Facts.LOCATIONS not in sides.dark:
                sides.findings.append(
                    say.build(
                        "FL122",
                        Verdict.WIDENED,
                        subject,
                        f"{words} is no longer registered: Lake Formation cannot protect its files, IAM and S3 decide",
                        Cause("location", f"{words} deregistered"),
                        revoke=f"aws lakeformation register-resource for {words}",
                        **common,
                    )
                )
            continue
        if (told.hybrid, told.privileged, told.federation, told.role) == (
            now.hybrid,
            now.privileged,
            now.federation,
            now.role or told.role,
        ) or _same_registration(told, now):
            sides.equal += 1
            continue
        if now.hybrid and not told.hybrid:
            sides.findings.append(
                say.build(
                    "FL122",
                    Verdict.WIDENED,
                    subject,
                    f"{words} is in hybrid access mode: principals who are not opted in bypass Lake Formation there",
                    Cause("location", f"{words} switched to hybrid access"),
                    **common,
                )
            )
        if now.privileged and not told.privileged:
            sides.findings.append(
                say.build(
                    "FL122",
                    Verdict.WIDENED,
                    subject,
                    f"{words} is registered with privileged access: its registrant holds every permission there",
                    Cause("location", f"{words} registered with privileged access"),
                    severity=Severity.CRITICAL,
                    **common,
                )
            )
        rest: say.Story = {
            "confidence": common["confidence"],
            "declared": common["declared"],
            "live": common["live"],
            "evidence": common["evidence"],
        }
        if (told.hybrid and not now.hybrid) or (told.privileged and not now.privileged):
            sides.findings.append(
                say.build(
                    "FL131",
                    Verdict.NARROWED,
                    subject,
                    f"{words} is registered more strictly than declared",
                    Cause("location", f"{words} registered more strictly"),
                    **rest,
                )
            )
        if told.federation != now.federation or (told.role and now.role and told.role != now.role):
            sides.findings.append(
                say.build(
                    "FL140",
                    Verdict.CHANGED,
                    subject,
                    f"{words} is registered with another role or federation flag than declared",
                    Cause("location", f"registration of {words}"),
                    severity=Severity.MEDIUM,
                    **rest,
                )
            )
    for arn, now in sides.live.locations.items():
        if arn in sides.declared.locations:
            continue
        where = DataLocation(sides.id.account, arn)
        words = spelling.words(where)
        overlaps = sides.opens_declared(where)
        nested = any(within(arn, one) or within(one, arn) for one in sides.declared.locations)
        opened = overlaps and (
            now.privileged
            or (
                now.hybrid
                and any(within(arn, one) and not told.hybrid for one, told in sides.declared.locations.items())
            )
        )
        below = tables_below(sides, arn) if opened else []
        sides.findings.append(
            say.build(
                "FL122" if opened else "FL142",
                Verdict.UNMANAGED,
                say.subject("location", where, sides.id),
                f"{words} is registered, and no stack declares it"
                + (": privileged or hybrid access opens it past Lake Formation's grants" if opened else ""),
                Cause("location", f"{words} registered"),
                exposure=bool(opened),
                severity=Severity.HIGH if opened else Severity.LOW if nested else Severity.INFO,
                confidence=sides.confidence,
                live=_location_words(now),
                evidence=[now.evidence],
                witness=_outside(below, arn) if opened else None,
                reach=sides.reach([None], {}, tables=len(below)) if opened else say.REACH_NOBODY,
            )
        )
    _contradicted(sides)


def _contradicted(sides: Sides) -> None:
    """Glue says of each table whether it is registered: where that denies the registration, neither is believed.

    Of nested registrations the innermost counts; under hybrid access the answer rests on opt-ins and says nothing
    here. Source: https://docs.aws.amazon.com/glue/latest/webapi/API_Table.html (IsRegisteredWithLakeFormation).
    """
    for table, info in sides.live.tables.items():
        if info.registered is not False or not info.location or info.link_to is not None:
            continue
        above = [arn for arn in sides.live.locations if within(info.location, arn)]
        if not above or not sides.speaks_of_table(table):
            continue
        registered = sides.live.locations[max(above, key=len)]
        if registered.hybrid:
            continue
        told = sides.declared.tables.get(table)
        words = spelling.words(table)
        sides.findings.append(
            say.build(
                "FL151",
                Verdict.UNKNOWN,
                say.subject("table", table, sides.id, declared=told.evidence if told else None),
                f"`ListResources` registers the files of {words}, and `GetTables` says that they are not registered: "
                "whether Lake Formation protects them is not decided",
                Cause("location", f"registration of {words} contradicted"),
                confidence=sides.confidence,
                reach=sides.reach((), {}, tables=1),
                live=f"{spelling.printable(registered.arn)} is registered; the table is said not to be",
                evidence=[registered.evidence, info.evidence],
            )
        )


def _same_registration(told: Location, now: Location) -> bool:
    """A declared service-linked role says no ARN; whatever AWS then lists is it."""
    return told.role is None and (told.hybrid, told.privileged, told.federation) == (
        now.hybrid,
        now.privileged,
        now.federation,
    )


def _location_words(location: Location | None) -> str:
    if location is None:
        return "not registered"
    flags = [
        name
        for name, on in (
            ("hybrid access", location.hybrid),
            ("federation", location.federation),
            ("privileged access", location.privileged),
        )
        if on
    ]
    role = f" through {spelling.principal_words(Principal(location.role))}" if location.role else ""
    return f"registered{role}" + (f", {', '.join(flags)}" if flags else "")


def tables_below(sides: Sides, arn: str) -> list[Table]:
    """Return the live tables whose files lie at or below a location."""
    return sides.tables_below(arn)


def _outside(tables: list[Table], arn: str) -> Witness:
    if not tables:
        return Witness(None, None, location=arn)
    table = tables[0]
    return Witness(None, SELECT, table.catalog, table.database, table.name, location=arn)
