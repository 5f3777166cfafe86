"""Compare what exists: databases, tables, LF-tag keys, and the facts about them that decide no access."""

from __future__ import annotations

from collections.abc import Callable

from checks import spelling
from checks.compare import findings as say
from checks.compare.locations import tables_below
from checks.compare.sides import Sides
from checks.model import (
    Catalog,
    Cause,
    Confidence,
    Database,
    DatabaseInfo,
    Evidence,
    Facts,
    Finding,
    SettingRef,
    Severity,
    Table,
    TableInfo,
    Verdict,
    Witness,
)
from checks.semantics import CREATE_TABLE, SELECT, within
from checks.view import access


def catalog(sides: Sides) -> None:
    """Compare databases, tables and LF-tag keys."""
    _databases(sides)
    _tables(sides)
    _tags(sides)
    _identity_centers(sides)


def _databases(sides: Sides) -> None:
    for database, told in sides.declared.databases.items():
        now = sides.live.databases.get(database)
        words = spelling.words(database)
        subject = say.subject("database", database, sides.id, declared=told.evidence)
        if now is None:
            if Facts.DATABASES not in sides.dark:
                tables = sum(one.parent == database for one in sides.declared.tables)
                sides.findings.append(
                    say.build(
                        "FL132",
                        Verdict.NARROWED,
                        subject,
                        f"{words} is declared, but does not exist",
                        Cause("database", f"{words} is missing"),
                        confidence=sides.confidence,
                        reach=sides.reach((), {}, tables=tables),
                        declared="exists",
                        live="does not exist",
                        evidence=[told.evidence],
                    )
                )
            continue
        if (told.location or None) != (now.location or None) and told.location is not None:
            _database_moved(sides, told, now)
        differences = _differences(
            told.hidden,
            ("description", told.description, now.description),
            ("parameters", *_declared_only(told.parameters, now.parameters)),
            ("target", told.link_to, now.link_to),
        )
        if differences:
            sides.findings.append(_fact_changed(sides, "database", database, differences, told.evidence, now.evidence))
        else:
            sides.equal += 1
    counted: dict[Database, int] = {}
    for table in sides.live.tables:
        counted[table.parent] = counted.get(table.parent, 0) + 1
    for database, now in sides.live.databases.items():
        if database in sides.declared.databases or sides.speaks_of_database(database):
            continue
        if any(table.parent == database for table in sides.declared.tables):
            continue
        words = spelling.words(database)
        number = counted.get(database, 0)
        sides.findings.append(
            say.build(
                "FL142",
                Verdict.UNMANAGED,
                say.subject("database", database, sides.id),
                f"{words} is not declared by any stack ({number:,} table{'s' if number != 1 else ''} in it)",
                Cause("database", f"{words} is undeclared"),
                severity=Severity.INFO,
                confidence=sides.confidence,
                reach=sides.reach((), {}, tables=number),
                live="exists",
                evidence=[now.evidence],
            )
        )


def _database_moved(sides: Sides, told: DatabaseInfo, now: DatabaseInfo) -> None:
    """A location further up gives whoever may create tables in the database more files to read.

    Source: https://docs.aws.amazon.com/lake-formation/latest/dg/access-control-underlying-data.html (implicit data
    location permission of a database's own location).
    """
    words = spelling.words(told.id)
    creators = [
        who
        for who in sides.index_live.principals()
        if any(
            CREATE_TABLE in grant.permissions and grant.resource == told.id
            for grant in sides.index_live.by_principal[who]
        )
    ]
    narrower = now.location is not None and told.location is not None and within(now.location, told.location)
    shared: say.Said = {
        "declared": spelling.printable(told.location or "no location"),
        "live": spelling.printable(now.location or "no location"),
        "evidence": [told.evidence, now.evidence],
    }
    subject = say.subject("location", told.id, sides.id, declared=told.evidence)
    cause = Cause("location", f"location of {words} moved")
    if now.location and creators and not narrower:
        sides.findings.append(
            say.build(
                "FL114",
                Verdict.WIDENED,
                subject,
                f"{spelling.principal_words(min(creators))} may create tables in {words} over "
                f"{spelling.printable(now.location)} and read its files",
                cause,
                confidence=Confidence.ASSUMED,
                witness=Witness(min(creators), CREATE_TABLE, told.id.catalog, told.id.name, location=now.location),
                reach=sides.reach(creators, {}, tables=len(tables_below(sides, now.location))),
                **shared,
            )
        )
    else:
        sides.findings.append(
            say.build(
                "FL140",
                Verdict.CHANGED,
                subject,
                f"{words} has another location than declared",
                cause,
                confidence=sides.confidence,
                **shared,
            )
        )


def _tables(sides: Sides) -> None:
    for table, told in sides.declared.tables.items():
        now = sides.live.tables.get(table)
        if now is None:
            if sides.is_gone(table) and table.parent in sides.live.databases:
                sides.findings.append(
                    say.build(
                        "FL132",
                        Verdict.NARROWED,
                        say.subject("table", table, sides.id, declared=told.evidence),
                        f"{spelling.words(table)} is declared, but does not exist",
                        Cause("table", f"{spelling.words(table)} is missing"),
                        confidence=sides.confidence,
                        reach=sides.reach((), {}, tables=1),
                        declared="exists",
                        live="does not exist",
                        evidence=[told.evidence],
                    )
                )
            continue
        quiet = _table_location(sides, told, now) + _table_view(sides, told, now)
        differences = _table_differences(told, now, sides.opened_columns.get(table, frozenset()))
        if differences:
            sides.findings.append(_fact_changed(sides, "table", table, differences, told.evidence, now.evidence))
        elif not quiet:
            sides.equal += 1
    for table, now in sides.live.tables.items():
        if table not in sides.declared.tables and table.parent in sides.declared.databases:
            sides.findings.append(
                say.build(
                    "FL142",
                    Verdict.UNMANAGED,
                    say.subject("table", table, sides.id),
                    f"{spelling.words(table)} is not declared by any stack, though its database is; "
                    "whoever reads it does so by a declared grant",
                    Cause("table", f"{spelling.words(table)} is undeclared"),
                    confidence=sides.confidence,
                    reach=sides.reach((), {}, tables=1),
                    live="exists",
                    declared="not declared",
                    evidence=[now.evidence],
                )
            )


def _table_location(sides: Sides, told: TableInfo, now: TableInfo) -> int:
    """The same name over other files: whoever reads the table reads other data. A place further down shows less."""
    if told.location is None or told.location == now.location:
        return 0
    words = spelling.words(told.id)
    readers = [
        who
        for who in sides.index_live.principals()
        if access(sides.index_live, sides.view_live, who, told.id, groups=False).pieces
    ]
    narrower = now.location is not None and within(now.location, told.location)
    shared: say.Said = {
        "declared": spelling.printable(told.location),
        "live": spelling.printable(now.location or "no location"),
        "evidence": [told.evidence, now.evidence],
    }
    subject = say.subject("location", told.id, sides.id, declared=told.evidence)
    cause = Cause("location", f"location of {words} moved")
    if readers and now.location and not narrower:
        first = min(readers)
        sides.findings.append(
            say.build(
                "FL114",
                Verdict.WIDENED,
                subject,
                f"{words} points at {spelling.printable(now.location)}: {spelling.principal_words(first)} reads other "
                "data under the declared name",
                cause,
                confidence=Confidence.ASSUMED,
                reach=sides.reach(readers, {told.id: set()}),
                witness=Witness(first, SELECT, told.id.catalog, told.id.database, told.id.name, location=now.location),
                **shared,
            )
        )
    else:
        sides.findings.append(
            say.build(
                "FL140",
                Verdict.CHANGED,
                subject,
                f"{words} has another location than declared",
                cause,
                confidence=sides.confidence,
                **shared,
            )
        )
    return 1


def _table_view(sides: Sides, told: TableInfo, now: TableInfo) -> int:
    """A view's body decides what its readers see of other tables; two bodies are not ordered here."""
    if not told.view_text or " ".join(told.view_text.split()) == " ".join(now.view_text.split()):
        return 0
    sides.findings.append(
        say.build(
            "FL151",
            Verdict.UNKNOWN,
            say.subject("table", told.id, sides.id, declared=told.evidence),
            f"the body of the view {spelling.words(told.id)} differs; whether it shows more is not decided",
            Cause("view", f"body of the view {spelling.words(told.id)}"),
            confidence=sides.confidence,
            declared=spelling.printable(told.view_text),
            live=spelling.printable(now.view_text),
            evidence=[told.evidence, now.evidence],
        )
    )
    return 1


def _declared_only(
    told: tuple[tuple[str, str], ...], now: tuple[tuple[str, str], ...]
) -> tuple[tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]]:
    """Keep the parameters that are declared: crawlers, engines and AWS itself add their own all the time."""
    names = {name for name, _ in told}
    return told, tuple(pair for pair in now if pair[0] in names)


def _table_differences(told: TableInfo, now: TableInfo, opened: frozenset[str]) -> list[tuple[str, str, str]]:
    """Return what differs of a table; columns in *opened* are told as a widening of their own."""
    found = _differences(
        told.hidden,
        ("description", told.description, now.description),
        ("type", told.table_type, now.table_type) if told.table_type else ("type", "", ""),
        ("format", told.format, now.format) if told.format else ("format", "", ""),
        ("parameters", *_declared_only(told.parameters, now.parameters)),
        ("target", told.link_to, now.link_to),
    )
    if told.columns is not None and now.columns is not None:
        before = {column.name: column for column in (*told.columns, *told.partition_keys)}
        after = {column.name: column for column in (*now.columns, *now.partition_keys)}
        for name in sorted((before.keys() | after.keys()) - opened):
            old, new = before.get(name), after.get(name)
            if old is None or new is None:
                found.append(
                    (
                        f"column {name}",
                        "absent" if old is None else _type(old.type),
                        "absent" if new is None else _type(new.type),
                    )
                )
            elif f"columns.{name}.type" in told.hidden:
                continue
            elif old.type.replace(" ", "").lower() != new.type.replace(" ", "").lower():
                found.append((f"type of {name}", _type(old.type), _type(new.type)))
            elif old.comment != new.comment and f"columns.{name}.comment" not in told.hidden:
                found.append((f"comment of {name}", old.comment, new.comment))
        keys = [one.name for one in told.partition_keys], [one.name for one in now.partition_keys]
        if keys[0] != keys[1]:
            found.append(("partition keys", ", ".join(keys[0]) or "none", ", ".join(keys[1]) or "none"))
    return found


def _type(text: str) -> str:
    return text or "untyped"


def _differences(hidden: frozenset[str], *pairs: tuple[str, object, object]) -> list[tuple[str, str, str]]:
    """Return what differs, but for what the declaration hides (a secret, or not yet known)."""
    return [
        (name, _plain(before), _plain(after)) for name, before, after in pairs if before != after and name not in hidden
    ]


def _plain(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(f"{name}={text}" for name, text in value) or "nothing"
    return "nothing" if value in (None, "") else str(value)


def _fact_changed(
    sides: Sides,
    kind: str,
    resource: Database | Table,
    differences: list[tuple[str, str, str]],
    declared: Evidence | None,
    live: Evidence | None,
) -> Finding:
    words = spelling.words(resource)
    show: Callable[[str], str] = spelling.printable
    return say.build(
        "FL140",
        Verdict.CHANGED,
        say.subject(kind, resource, sides.id, declared=declared),
        f"{words} differs in {', '.join(show(name) for name, _, _ in differences)}",
        Cause(
            kind,
            f"{words}: "
            + "; ".join(f"{show(name)}: {show(before)} → {show(after)}" for name, before, after in differences),
        ),
        confidence=sides.confidence,
        declared="\n".join(f"{show(n)}: {show(b)}" for n, b, _ in differences),
        live="\n".join(f"{show(n)}: {show(a)}" for n, _, a in differences),
        evidence=[declared, live],
    )


def _tags(sides: Sides) -> None:
    """Compare the LF-tag keys and their values: names that grants and assignments may use."""
    for key, told in sides.declared.tags.items():
        now = sides.live.tags.get(key)
        words = f"LF-tag {spelling.printable(key)}"
        subject = say.subject("tag", Catalog(sides.id.account), sides.id, declared=told.evidence)
        before = ", ".join(spelling.printable(one) for one in sorted(told.values))
        if now is None:
            if Facts.TAGS not in sides.dark:
                sides.findings.append(
                    say.build(
                        "FL132",
                        Verdict.NARROWED,
                        subject,
                        f"{words} is declared, but does not exist",
                        Cause("tag", f"{words} is missing"),
                        confidence=sides.confidence,
                        declared=before,
                        live="does not exist",
                        evidence=[told.evidence],
                    )
                )
            continue
        if now.values == told.values:
            sides.equal += 1
            continue
        after = ", ".join(spelling.printable(one) for one in sorted(now.values))
        sides.findings.append(
            say.build(
                "FL140",
                Verdict.CHANGED,
                subject,
                f"{words} may take the values {after} (declared {before})",
                Cause("tag", f"values of {words}: {before} → {after}"),
                confidence=sides.confidence,
                declared=before,
                live=after,
                evidence=[told.evidence, now.evidence],
            )
        )
    for key, now in sides.live.tags.items():
        if key not in sides.declared.tags:
            sides.findings.append(
                say.build(
                    "FL142",
                    Verdict.UNMANAGED,
                    say.subject("tag", Catalog(sides.id.account), sides.id),
                    f"LF-tag {spelling.printable(key)} is not declared by any stack",
                    Cause("tag", f"LF-tag {spelling.printable(key)} is undeclared"),
                    severity=Severity.INFO,
                    confidence=sides.confidence,
                    live=", ".join(spelling.printable(one) for one in sorted(now.values)),
                    evidence=[now.evidence],
                )
            )


def _identity_centers(sides: Sides) -> None:
    """Compare the Identity Center instances: whose users and groups the lake trusts."""
    told = {one.instance: one for one in sides.declared.identity_centers}
    now = {one.instance: one for one in sides.live.identity_centers}
    for instance in sorted(told.keys() | now.keys()):
        if instance in told and instance in now:
            sides.equal += 1
            continue
        if instance in told and Facts.IDENTITY_CENTER in sides.dark:
            continue
        words = f"Identity Center instance {spelling.printable(instance)}"
        before, after = told.get(instance), now.get(instance)
        trusts = after is not None
        verdict = Verdict.NARROWED if not trusts else Verdict.WIDENED if told else Verdict.UNMANAGED
        sides.findings.append(
            say.build(
                "FL120" if told and trusts else "FL142" if trusts else "FL132",
                verdict,
                say.subject(
                    "setting", SettingRef("IdentityCenter"), sides.id, declared=before.evidence if before else None
                ),
                f"the lake trusts {words}, which no stack declares"
                if trusts
                else f"{words} is declared, but not set up",
                Cause("setting", words),
                severity=Severity.LOW if trusts and not told else None,
                confidence=sides.confidence,
                witness=Witness(None, None, sides.id.account) if trusts and told else None,
                reach=sides.reach([None] if trusts and told else (), {}),
                declared=", ".join(map(spelling.printable, told)) or "none",
                live=", ".join(map(spelling.printable, now)) or "none",
                evidence=[one.evidence for one in (before, after) if one],
            )
        )
