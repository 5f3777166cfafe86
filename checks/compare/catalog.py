"""Compare what exists: databases, tables, LF-tag keys, and the facts about them that decide no access."""

from __future__ import annotations

import re
from collections.abc import Callable

from checks import normal, spelling
from checks.compare import findings as say
from checks.compare.beneath import reads_all, tables_of_view
from checks.compare.locations import tables_below
from checks.compare.retyped import doubtful
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
    IdentityCenter,
    LFTag,
    PartitionPlace,
    Permission,
    Principal,
    SettingRef,
    Severity,
    Subject,
    Table,
    TableInfo,
    Verdict,
    Witness,
)
from checks.semantics import CREATE_TABLE, FUTURE, RAW_READS, SELECT, within
from checks.view import access, database_access

_DIALECT = re.compile(r"(ATHENA|REDSHIFT|SPARK|): ", re.IGNORECASE)
"""How a view's text begins if it is a list of representations (``normal.view_text``), and not one plain text."""


def catalog(sides: Sides) -> None:
    """Compare catalogs, databases, tables and LF-tag keys."""
    _catalogs(sides)
    _databases(sides)
    _tables(sides)
    _partitions(sides)
    _tags(sides)
    _identity_centers(sides)
    _root_catalog(sides)


def _catalogs(sides: Sides) -> None:
    """Compare nested catalogs. A recording without ``GetCatalogs`` says nothing of them."""
    asked = sides.live.root_catalog is not None or bool(sides.live.catalogs)
    for catalog, told in sides.declared.catalogs.items():
        now = sides.live.catalogs.get(catalog)
        words = spelling.words(catalog)
        subject = say.subject("catalog", catalog, sides.id, declared=told.evidence)
        if now is not None:
            differences = _differences(
                told.hidden,
                ("description", told.description, now.description),
                ("parameters", *_declared_only(told.parameters, now.parameters)),
            )
            if differences:
                sides.findings.append(
                    _fact_changed(sides, "catalog", catalog, differences, told.evidence, now.evidence)
                )
            else:
                sides.equal += 1
        elif not asked:
            sides.findings.append(
                say.build(
                    "FL150",
                    Verdict.UNKNOWN,
                    subject,
                    f"{words} is declared, but the live catalogs were not read",
                    Cause("gap", f"{words} was not read"),
                    confidence=sides.confidence,
                    declared="exists",
                    live="not read",
                    evidence=[told.evidence],
                )
            )
        elif Facts.CATALOGS not in sides.dark:
            tables = sum(one.catalog == catalog.catalog for one in sides.declared.tables)
            sides.findings.append(
                say.build(
                    "FL132",
                    Verdict.NARROWED,
                    subject,
                    f"{words} is declared, but does not exist",
                    Cause("catalog", f"{words} is missing"),
                    confidence=sides.confidence,
                    reach=sides.reach((), {}, tables=tables),
                    declared="exists",
                    live="does not exist",
                    evidence=[told.evidence],
                )
            )
    for catalog, now in sides.live.catalogs.items():
        if catalog in sides.declared.catalogs or any(
            one.catalog == catalog.catalog for one in sides.declared.databases
        ):
            continue
        words = spelling.words(catalog)
        sides.findings.append(
            say.build(
                "FL142",
                Verdict.UNMANAGED,
                say.subject("catalog", catalog, sides.id),
                f"{words} is not declared by any stack",
                Cause("catalog", f"{words} is undeclared"),
                severity=Severity.INFO,
                confidence=sides.confidence,
                reach=sides.reach((), {}, tables=sum(one.catalog == catalog.catalog for one in sides.live.tables)),
                live="exists",
                evidence=[now.evidence],
            )
        )


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
        if told.location != now.location and "location" not in told.hidden:
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
        if (CREATE_TABLE, False) in database_access(sides.index_live, sides.view_live, who, told.id)
    ]
    narrower = now.location is not None and told.location is not None and within(now.location, told.location)
    if told.location is None and not (creators and now.location and _registered_around(sides, now.location)):
        return  # nothing is declared of it, and nobody gains files by it
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


def _registered_around(sides: Sides, place: str) -> bool:
    """Whether Lake Formation hands out credentials at, above or below a place."""
    return any(within(place, arn) or within(arn, place) for arn in sides.live.locations)


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
        parts = [part(sides, told, now) for part in (_table_location, _table_additional, _table_view)]
        differences = _table_differences(told, now, sides.opened_columns.get(table, frozenset()))
        if differences:
            doubt = _in_doubt(sides, table) if any(name.startswith("type of ") for name, _, _ in differences) else ""
            sides.findings.append(_fact_changed(sides, "table", table, differences, told.evidence, now.evidence, doubt))
        elif not any(parts):
            sides.equal += 1
    for table, now in sides.live.tables.items():
        if table not in sides.declared.tables and table.parent in sides.declared.databases:
            if now.view_definer is not None and _new_view(sides, now, now.view_definer):
                continue
            sides.findings.append(
                say.build(
                    "FL142",
                    Verdict.UNMANAGED,
                    say.subject("table", table, sides.id),
                    f"{spelling.words(table)} is not declared by any stack, though its database is",
                    Cause("table", f"{spelling.words(table)} is undeclared"),
                    confidence=sides.confidence,
                    reach=sides.reach((), {}, tables=1),
                    live="exists",
                    declared="not declared",
                    evidence=[now.evidence],
                )
            )


def _in_doubt(sides: Sides, table: Table) -> str:
    """Say which row filters may show other rows because a column has another type."""
    names = sorted(spelling.words(one) for one in doubtful(sides) if one.table == table)
    more = f" and {len(names) - 3:,} more" if len(names) > 3 else ""
    return f"; whether {', '.join(names[:3])}{more} shows other rows by it is not decided" if names else ""


def _new_view(sides: Sides, now: TableInfo, by: str) -> bool:
    """Report an undeclared view that shows its readers tables which the declaration does not let them read.

    Such a view reads with its definer's rights
    (https://docs.aws.amazon.com/lake-formation/latest/dg/working-with-views.html); what of them it shows, its body
    decides, which is not understood here.
    """
    words, definer = spelling.words(now.id), spelling.principal_words(Principal(by))
    readers = sorted(_readers(sides, now.id))
    below = tables_of_view(sides, now.id)
    if not readers:
        return False
    subject = say.subject("table", now.id, sides.id)
    cause = Cause("view", f"view {words} is undeclared")
    shared: say.Said = {"declared": "no such view", "live": f"reads as {definer}", "evidence": [now.evidence]}
    if below is None:
        sides.findings.append(
            say.build(
                "FL151",
                Verdict.UNKNOWN,
                subject,
                f"no stack declares the view {words}, which reads with the rights of {definer}; which tables it shows "
                f"{spelling.principal_words(readers[0], home=sides.id.account)} is not known",
                cause,
                confidence=sides.confidence,
                reach=sides.reach(readers, {}, tables=1),
                **shared,
            )
        )
        return True
    opened = _opened(sides, readers, below)
    if not opened:
        return False
    first = next(iter(opened))
    shown = sorted({table for tables in opened.values() for table in tables}, key=spelling.words)
    sides.findings.append(
        say.build(
            "FL115",
            Verdict.UNMANAGED,
            subject,
            f"no stack declares the view {words}: {spelling.principal_words(first, home=sides.id.account)} reads "
            f"{spelling.words(min(opened[first], key=spelling.words))} through it with the rights of {definer}; which "
            "columns and rows it shows is not decided",
            cause,
            exposure=True,
            confidence=Confidence.ASSUMED,
            witness=Witness(first, SELECT, now.id.catalog, now.id.database, now.id.name),
            reach=sides.reach(opened, {}, tables=len(shown)),
            **shared,
        )
    )
    return True


def _table_location(sides: Sides, told: TableInfo, now: TableInfo) -> bool:
    """The same name over other files: whoever reads the table reads other data. A place further down shows less."""
    if told.location is None or told.location == now.location:
        return False
    words = spelling.words(told.id)
    readers, columns = _file_readers(sides, told.id)
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
                reach=sides.reach(readers, {told.id: columns}),
                witness=Witness(
                    first, readers[first], told.id.catalog, told.id.database, told.id.name, location=now.location
                ),
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
    return True


def _readers(sides: Sides, table: Table) -> list[Principal]:
    return [
        who
        for who in sides.index_live.reaching(table)
        if access(sides.index_live, sides.view_live, who, table, groups=False).pieces
    ]


def _file_readers(sides: Sides, table: Table) -> tuple[dict[Principal, Permission], set[str]]:
    """Return who reads a table's files, by which permission, and the columns they read there together.

    INSERT and DELETE read them past every column and row limit
    (https://docs.aws.amazon.com/lake-formation/latest/dg/lf-permissions-reference.html).
    """
    readers: dict[Principal, Permission] = {}
    columns: set[str] = set()
    names, partitions = sides.view_live.columns(table) or (frozenset(), frozenset())
    for who in sides.index_live.reaching(table):
        held = access(sides.index_live, sides.view_live, who, table, groups=False)
        raw = [one for one in sorted(RAW_READS) if (one, False) in held.others]
        if held.pieces or raw:
            readers[who] = SELECT if held.pieces else raw[0]
            columns.update(names | partitions if raw else (), *(one.columns for one in held.pieces))
    return readers, columns - {FUTURE}


def _table_additional(sides: Sides, told: TableInfo, now: TableInfo) -> bool:
    """A table may have files in further places; one outside the declared places shows its readers other data."""
    homes = [one for one in (told.location, *told.additional) if one]
    if not homes or told.additional == now.additional or "location" in told.hidden:
        return False
    new = sorted(one for one in now.additional if not any(within(one, home) for home in homes))
    before, after = (
        ", ".join(spelling.printable(one) for one in sorted(places)) or "no additional location"
        for places in (told.additional, now.additional)
    )
    if new:
        shown = ", ".join(spelling.printable(one) for one in new)
        what = f"{spelling.words(told.id)} also points at {shown}"
    else:
        what = f"{spelling.words(told.id)} has other additional locations than declared"
    cause = Cause("location", f"additional locations of {spelling.words(told.id)}: {before} → {after}")
    _other_data(sides, told, new, what, cause, before, after, now.evidence)
    return True


def _other_data(
    sides: Sides,
    told: TableInfo,
    new: list[str],
    what: str,
    cause: Cause,
    before: str,
    after: str,
    evidence: Evidence | None,
) -> None:
    """Report files in other places than declared: widened if they are new and somebody reads the table."""
    readers, columns = _file_readers(sides, told.id) if new else ({}, set())
    subject = say.subject("location", told.id, sides.id, declared=told.evidence)
    shared: say.Said = {"declared": before, "live": after, "evidence": [told.evidence, evidence]}
    if not readers:
        sides.findings.append(
            say.build("FL140", Verdict.CHANGED, subject, what, cause, confidence=sides.confidence, **shared)
        )
        return
    first = min(readers)
    sides.findings.append(
        say.build(
            "FL114",
            Verdict.WIDENED,
            subject,
            f"{what}: {spelling.principal_words(first)} reads other data under the declared name",
            cause,
            confidence=Confidence.ASSUMED,
            reach=sides.reach(readers, {told.id: columns}),
            witness=Witness(first, readers[first], told.id.catalog, told.id.database, told.id.name, location=new[0]),
            **shared,
        )
    )


def _partitions(sides: Sides) -> None:
    """A partition has a place of its own: one elsewhere shows the table's readers other data.

    Only recordings that hold ``GetPartitions`` say anything of it. Places that lie where the live table does are told
    with the table.
    """
    elsewhere: dict[Table, list[PartitionPlace]] = {}
    declared: dict[Table, set[str]] = {}
    for one in sides.declared.partitions:
        declared.setdefault(one.table, set()).add(one.location)
    for one in sides.live.partitions:
        told, now = sides.declared.tables.get(one.table), sides.live.tables.get(one.table)
        if told is None or now is None:
            continue
        homes = {told.location, *told.additional, now.location, *now.additional} - {None}
        homes |= declared.get(one.table, set())
        if homes and not any(within(one.location, home) for home in homes if home):
            elsewhere.setdefault(one.table, []).append(one)
    for table, places in elsewhere.items():
        told = sides.declared.tables[table]
        new = sorted(one.location for one in places)
        words = spelling.words(table)
        more = f" and {len(new) - 1:,} more" if len(new) > 1 else ""
        shown = spelling.printable(new[0])
        first = min(places, key=lambda one: one.location)
        _other_data(
            sides,
            told,
            new,
            f"partitions of {words} lie in {shown}{more}",
            Cause("location", f"partitions of {words} in {shown}{more}"),
            spelling.printable(told.location or "") or "the table's location",
            f"partitions in {shown}{more}",
            first.evidence,
        )


def _table_view(sides: Sides, told: TableInfo, now: TableInfo) -> bool:
    """A view's body decides what its readers see of other tables, its definer with whose rights; neither is ordered."""
    if now.view_definer is not None and not _may_be_definers(told, now):
        _became_view(sides, told, now, now.view_definer)
        return True
    found = False
    if told.view_definer is not None and told.view_definer != now.view_definer:
        before, after = (
            spelling.principal_words(Principal(one)) if one else "no definer"
            for one in (told.view_definer, now.view_definer)
        )
        words = spelling.words(told.id)
        sides.findings.append(
            say.build(
                "FL151",
                Verdict.UNKNOWN,
                say.subject("table", told.id, sides.id, declared=told.evidence),
                f"the view {words} reads its tables with the rights of {after}, not of {before} as declared; whether "
                "that shows more is not decided",
                Cause("view", f"definer of the view {words}"),
                confidence=sides.confidence,
                declared=before,
                live=after,
                evidence=[told.evidence, now.evidence],
            )
        )
        found = True
    if _same_body(told, now) or "view_text" in told.hidden:
        return found
    differs = "differs" if told.view_text and now.view_text else "is gone" if told.view_text else "is not declared"
    sides.findings.append(
        say.build(
            "FL151",
            Verdict.UNKNOWN,
            say.subject("table", told.id, sides.id, declared=told.evidence),
            f"the body of the view {spelling.words(told.id)} {differs}; whether it shows more is not decided",
            Cause("view", f"body of the view {spelling.words(told.id)}"),
            confidence=sides.confidence,
            declared=spelling.printable(told.view_text) or "no body",
            live=spelling.printable(now.view_text) or "no body",
            evidence=[told.evidence, now.evidence],
        )
    )
    return True


def _may_be_definers(told: TableInfo, now: TableInfo) -> bool:
    """Whether the declaration says of a view that it reads with a definer's rights, or leaves it open.

    Who makes a view without naming a definer is its definer: the same representations, one for each dialect, were then
    declared (https://docs.aws.amazon.com/glue/latest/webapi/API_ViewDefinition.html).
    """
    listed = _DIALECT.match(told.view_text) is not None and _same_body(told, now)
    return told.view_definer is not None or "view_text" in told.hidden or listed


def _same_body(told: TableInfo, now: TableInfo) -> bool:
    return told.view_text.split() == now.view_text.split()


def _became_view(sides: Sides, told: TableInfo, now: TableInfo, by: str) -> None:
    """Report a declared table, or view that reads with its reader's rights, that reads with a definer's rights live.

    Nothing of it is equal: under the declared name stands whatever the view shows of the tables below it
    (https://docs.aws.amazon.com/lake-formation/latest/dg/working-with-views.html).
    """
    words, home = spelling.words(now.id), sides.id.account
    definer = spelling.principal_words(Principal(by), home=home)
    subject = say.subject("table", now.id, sides.id, declared=told.evidence)
    cause = Cause("view", f"{words} became a view that reads with the rights of {definer}")
    shared: say.Said = {
        "declared": "no definer",
        "live": f"reads as {definer}",
        "evidence": [told.evidence, now.evidence],
    }
    readers, below = sorted(_readers(sides, now.id)), tables_of_view(sides, now.id)
    start = f"{words} is declared without a definer, but is a view that reads with the rights of {definer}"
    if below is None:
        sides.findings.append(
            say.build(
                "FL151",
                Verdict.UNKNOWN,
                subject,
                f"{start}; which tables it shows is not known",
                cause,
                confidence=sides.confidence,
                reach=sides.reach(readers, {}, tables=1),
                **shared,
            )
        )
        return
    opened = _opened(sides, readers, below)
    if not opened:
        sides.findings.append(
            say.build(
                "FL140",
                Verdict.CHANGED,
                subject,
                f"{start}; whoever reads it may read the tables below it anyway"
                if readers
                else f"{start}; nobody reads it",
                cause,
                confidence=sides.confidence,
                **shared,
            )
        )
        return
    first = next(iter(opened))
    shown = {table for tables in opened.values() for table in tables}
    sides.findings.append(
        say.build(
            "FL115",
            Verdict.WIDENED,
            subject,
            f"{start}: {spelling.principal_words(first, home=home)} reads "
            f"{spelling.words(min(opened[first], key=spelling.words))} through it; which columns and rows it shows is "
            "not decided",
            cause,
            confidence=Confidence.ASSUMED,
            witness=Witness(first, SELECT, now.id.catalog, now.id.database, now.id.name),
            reach=sides.reach(opened, {}, tables=len(shown)),
            **shared,
        )
    )


def _opened(sides: Sides, readers: list[Principal], below: frozenset[Table]) -> dict[Principal, list[Table]]:
    """Return of each reader the tables below a view that the declaration does not let it read whole."""
    opened = {who: [one for one in below if not reads_all(sides, who, one)] for who in readers}
    return {who: tables for who, tables in opened.items() if tables}


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
        ("type", told.table_type, told.table_type and now.table_type),  # what is not declared is left open
        ("format", told.format, told.format and now.format),
        ("parameters", *_declared_only(told.parameters, now.parameters)),
        ("target", told.link_to, now.link_to),
    )
    same = told.columns == now.columns and told.partition_keys == now.partition_keys
    if told.columns is not None and now.columns is not None and not same:
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
        if keys[0] != keys[1] and not (set(keys[0]) ^ set(keys[1])) <= opened:
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
    resource: Catalog | Database | Table,
    differences: list[tuple[str, str, str]],
    declared: Evidence | None,
    live: Evidence | None,
    doubt: str = "",
) -> Finding:
    words = spelling.words(resource)
    show: Callable[[str], str] = spelling.printable
    return say.build(
        "FL140",
        Verdict.CHANGED,
        say.subject(kind, resource, sides.id, declared=declared),
        f"{words} differs in {', '.join(show(name) for name, _, _ in differences)}{doubt}",
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
        subject = say.subject("tag", LFTag(sides.id.account, key, told.values), sides.id, declared=told.evidence)
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
                    say.subject("tag", LFTag(sides.id.account, key, now.values), sides.id),
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
        words = f"Identity Center instance {spelling.printable(instance)}"
        before, after = told.get(instance), now.get(instance)
        shared = after is not None and _identity_center_shared(sides, before, after, words)
        if before and after:
            sides.equal += not shared
            continue
        if before and Facts.IDENTITY_CENTER in sides.dark:
            continue
        if before and not sides.live.identity_center_read:
            sides.findings.append(
                say.build(
                    "FL150",
                    Verdict.UNKNOWN,
                    _identity_center_subject(sides, before),
                    f"{words} is declared, but the live configuration was not read",
                    Cause("gap", f"{words} was not read"),
                    confidence=sides.confidence,
                    declared=spelling.printable(instance),
                    live="not read",
                    evidence=[before.evidence],
                )
            )
            continue
        trusts = after is not None
        verdict = Verdict.NARROWED if not trusts else Verdict.WIDENED if told else Verdict.UNMANAGED
        sides.findings.append(
            say.build(
                "FL120" if told and trusts else "FL142" if trusts else "FL132",
                verdict,
                _identity_center_subject(sides, before),
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


def _identity_center_subject(sides: Sides, told: IdentityCenter | None) -> Subject:
    evidence = told.evidence if told else None
    return say.subject("setting", SettingRef("IdentityCenter"), sides.id, declared=evidence)


def _identity_center_shared(sides: Sides, told: IdentityCenter | None, now: IdentityCenter, words: str) -> bool:
    """Report with whom the configuration is shared, and who filters data itself: no program can declare either.

    Source: https://docs.aws.amazon.com/lake-formation/latest/APIReference/API_ExternalFilteringConfiguration.html.
    """
    recipients, targets = now.recipients - {sides.id.account}, now.targets
    if not recipients and not targets:
        return False
    found = [
        (f"is shared with {', '.join(map(spelling.printable, sorted(recipients)))}", recipients),
        (f"lets {', '.join(map(spelling.printable, sorted(targets)))} fetch data and filter it", targets),
    ]
    shown = " and ".join(text for text, some in found if some)
    sides.findings.append(
        say.build(
            "FL120",
            Verdict.UNMANAGED,
            _identity_center_subject(sides, told),
            f"{words} {shown}, which no program can declare",
            Cause("setting", f"{words} {shown}"),
            severity=Severity.HIGH,
            confidence=sides.confidence,
            exposure=True,
            witness=Witness(min(recipients | targets), None, sides.id.account),
            reach=sides.reach([None], {}, tables=sum(1 for _ in sides.tables())),
            declared="not declarable",
            live=shown,
            evidence=[told.evidence if told else None, now.evidence],
        )
    )
    return True


def _root_catalog(sides: Sides) -> None:
    """Glue shows the settings' defaults as the root catalog's: where the two answers disagree, neither is believed.

    Where no stack declares the settings they are outside the declaration, and so is this.
    """
    root, live = sides.live.root_catalog, next(iter(sides.live.settings), None)
    if root is None or live is None or not sides.declared.settings:
        return
    members = dict(live.members)
    defaults = {
        "CreateDatabaseDefaultPermissions": root.database_defaults,
        "CreateTableDefaultPermissions": root.table_defaults,
    }
    shown: dict[str, tuple[object, object]] = {
        name: (members.get(name, frozenset()), normal.default_texts(told))
        for name, told in defaults.items()
        if told is not None
    }
    if root.full_table_external is not None:
        name = "AllowFullTableExternalDataAccess"
        shown[name] = bool(members.get(name, False)), root.full_table_external
    for name, (setting, glue) in shown.items():
        if setting == glue:
            continue
        sides.findings.append(
            say.build(
                "FL151",
                Verdict.UNKNOWN,
                say.subject("setting", SettingRef(name), sides.id, declared=sides.declared.settings[0].evidence),
                f"`GetDataLakeSettings` and `GetCatalogs` of the root catalog disagree on {name}: which of them holds "
                "is not decided",
                Cause("setting", f"{name} of the root catalog contradicts the settings"),
                confidence=sides.confidence,
                live=f"settings: {_member(setting)}\nroot catalog: {_member(glue)}",
                evidence=[live.evidence, root.evidence],
            )
        )


def _member(value: object) -> str:
    return (
        ", ".join(map(spelling.printable, sorted(value))) or "nothing" if isinstance(value, frozenset) else str(value)
    )
