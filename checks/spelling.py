"""How the nouns are written: as JSON for scripts, and in words for people. Pure.

JSON follows the report's published schema: keys may be added, never renamed or dropped. Words are always safe to show:
every name passes through :func:`printable`, because names of tables, tags and principals may be chosen by an attacker.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from checks.model import (
    EVERYONE,
    Access,
    AllExcept,
    AllTables,
    AnyResource,
    Catalog,
    ColumnRef,
    Columns,
    Database,
    DataCellsFilter,
    DataLocation,
    Evidence,
    Expression,
    Finding,
    Function,
    LFTag,
    Only,
    OptInRef,
    PolicyRef,
    Reach,
    RLSPolicy,
    SavedExpression,
    SettingRef,
    Subject,
    Table,
    TableColumns,
    TagPolicy,
    TagRef,
    UnknownResource,
    Waiver,
    WaiverRef,
    Witness,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from checks.model import Principal, SubjectResource

Json = dict[str, Any]
"""A JSON object, made of dict, list, str, int, float, bool and None only."""


# ------------------------------------------------------------------------------------------------------------ JSON
def columns(value: Columns | None) -> list[str] | str | Json | None:
    """Spell columns: a sorted list, ``"*"``, or ``{"except": [...]}``; None stays None."""
    match value:
        case None:
            return None
        case Only(names):
            return sorted(names)
        case AllExcept(names):
            return {"except": sorted(names)} if names else "*"


def expression(value: Expression) -> list[Json]:
    """Spell an LF-tag expression: ``[{"key": ..., "values": [...]}]``, keys and values sorted."""
    return [{"key": key, "values": sorted(values)} for key, values in sorted(value, key=lambda pair: pair[0])]


def _place(
    kind: str,
    catalog: str | None,
    database: str | None = None,
    table: str | None = None,
    *,
    chosen: Columns | None = None,
    arn: str | None = None,
    **own: Any,
) -> Json:
    """Return the six keys that every resource has, then the kind's own."""
    return {
        "kind": kind,
        "catalog": catalog,
        "database": database,
        "table": table,
        "columns": columns(chosen),
        "arn": arn,
        **own,
    }


def resource(value: SubjectResource | ColumnRef) -> Json:
    """Spell what a finding is about.

    Always has ``kind``, ``catalog``, ``database``, ``table``, ``columns`` and ``arn`` (None where they play no part);
    then the kind's own keys: ``name``, ``expression``, ``resource_type``, ``key``, ``values``. A table wildcard is
    ``"table": "*"``. A tag or an opt-in is spelt as the object that carries it; the subject's kind tells them apart.
    """
    match value:
        case Catalog(catalog):
            return _place("catalog", catalog)
        case Database(catalog, name):
            return _place("database", catalog, name)
        case Table(catalog, database, name):
            return _place("table", catalog, database, name)
        case AllTables(catalog, database):
            return _place("table", catalog, database, "*")
        case TableColumns(table, chosen):
            return _place("columns", table.catalog, table.database, table.name, chosen=chosen)
        case ColumnRef(table, column):
            return _place("columns", table.catalog, table.database, table.name, chosen=Only(frozenset({column})))
        case DataLocation(catalog, arn):
            return _place("data_location", catalog, arn=arn)
        case DataCellsFilter(table, name):
            return _place("data_cells_filter", table.catalog, table.database, table.name, name=name)
        case LFTag(catalog, key, values):
            return _place("lf_tag", catalog, key=key, values=sorted(values))
        case TagPolicy(catalog, resource_type, body, saved):
            return _place(
                "lf_tag_policy", catalog, resource_type=resource_type, expression=expression(body), name=saved
            )
        case SavedExpression(catalog, name):
            return _place("lf_tag_expression", catalog, name=name)
        case RLSPolicy(catalog, name):
            return _place("rls_policy", catalog, name=name)
        case Function(catalog, database, name):
            return _place("user_defined_function", catalog, database, name=name)
        case AnyResource(catalog, resource_type):
            return _place("any_resource", catalog, resource_type=resource_type)
        case UnknownResource(catalog, text):
            return _place("unknown", catalog, text=text)
        case SettingRef(name, database):
            if database is None:
                return _place("setting", None, name=name)
            return _place("setting", database.catalog, database.name, name=name)
        case TagRef(target, key):
            return resource(target) | {"key": key}
        case PolicyRef(catalog):
            return _place("resource_policy", catalog)
        case OptInRef(inner):
            return resource(inner)
        case WaiverRef(name):
            return _place("waiver", None, name=name)


def subject(value: Subject) -> Json:
    """Spell the subject. A setting's catalog is the lake's account: a setting has no other place."""
    place = resource(value.resource)
    if place["catalog"] is None:
        place["catalog"] = value.lake.account
    return {
        "kind": value.kind,
        "principal": value.principal,
        "resource": place,
        "urn": value.urn,
        "stack": value.stack,
        "account": value.lake.account,
        "region": value.lake.region,
    }


def access(value: Access) -> Json:
    """Spell a piece of access. ``columns`` is ``"*"`` also where columns play no part: none is left out."""
    return {
        "permission": value.permission,
        "columns": "*" if value.columns is None else columns(value.columns),
        "grantable": value.grantable,
        "rows": value.rows,
    }


def plain(value: Any) -> Any:
    """Return a witness value as JSON: numbers that JSON cannot carry exactly (decimals, NaN) become text."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    return str(value)


def witness(value: Witness) -> Json:
    """Spell a witness; ``row`` is an object of column → value, or None."""
    return {
        "principal": value.principal,
        "permission": value.permission,
        "catalog": value.catalog,
        "database": value.database,
        "table": value.table,
        "column": value.column,
        "row": None if value.row is None else {name: plain(cell) for name, cell in value.row},
        "location": value.location,
    }


def reach(value: Reach) -> Json:
    """Spell a reach; ``principals`` is a number or ``"many"``."""
    return {
        "principals": "many" if value.principals is None else value.principals,
        "tables": value.tables,
        "columns": value.columns,
        "sensitive_columns": value.sensitive_columns,
    }


def evidence(value: Evidence) -> Json:
    """Spell a pointer to where a fact was read."""
    found: Json = {
        "source": value.source.value,
        "line": value.line,
        "pointer": value.pointer,
        "urn": value.urn,
        "stack": value.stack,
        "position": value.position,
    }
    if value.file is not None:
        found["file"] = value.file
    return found


def waiver(value: Waiver | None) -> Json | None:
    """Spell a waiver, or None."""
    if value is None:
        return None
    return {
        "kind": value.kind,
        "finding": value.finding,
        "rule": value.rule,
        "reason": value.reason,
        "owner": value.owner,
        "author": value.author,
        "approvers": list(value.approvers),
        "ticket": value.ticket,
        "expires": value.expires,
    }


def finding(value: Finding) -> Json:
    """Spell one finding; the order of keys is the order in which a person would read them."""
    return {
        "id": value.id,
        "rule": value.rule,
        "name": value.name,
        "severity": value.severity.word,
        "confidence": value.confidence.value,
        "verdict": value.verdict.value,
        "exposure": value.exposure,
        "latent": value.latent,
        "origin": None if value.origin is None else value.origin.value,
        "waived": waiver(value.waived),
        "subject": subject(value.subject),
        "added": [access(item) for item in value.added],
        "removed": [access(item) for item in value.removed],
        "witness": None if value.witness is None else witness(value.witness),
        "reach": reach(value.reach),
        "cause": {"kind": value.cause.kind, "what": value.cause.what},
        "attribution": {"last_updated_by": value.updated_by, "last_updated": value.updated},
        "message": value.message,
        "declared": value.declared,
        "live": value.live,
        "evidence": [evidence(item) for item in value.evidence],
        "fix": {"declare": value.fix_declare, "revoke": value.fix_revoke},
    }


# ------------------------------------------------------------------------------------------------------------ words
def printable(text: str) -> str:
    r"""Show every control, bidi, zero-width, separator and unassigned character as an escape such as ``\u202e``.

    Only ASCII space is left as blank space. The result is one line, and cannot colour, move or reorder anything.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escape(char) for char in text)


def _escape(char: str) -> str:
    code = ord(char)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def shortened(text: str, limit: int) -> str:
    """Cut a long text in the middle, so that both ends stay readable; never longer than *limit* (at least 5)."""
    if len(text) <= limit:
        return text
    tail = (limit - 1) // 3
    return f"{text[: limit - 1 - tail]}…{text[len(text) - tail :]}"


def listing(names: Iterable[str]) -> str:
    """Join names, sorted: ``body, sender``."""
    return ", ".join(printable(name) for name in sorted(names))


def columns_words(value: Columns | None) -> str:
    """Say columns: ``columns body, sender``, ``every column but body``, ``every column``."""
    match value:
        case Only(names):
            return f"{'column' if len(names) == 1 else 'columns'} {listing(names)}" if names else "no column"
        case AllExcept(names):
            return f"every column but {listing(names)}" if names else "every column"
        case None:
            return ""


def expression_words(value: Expression) -> str:
    """Say an LF-tag expression: ``domain = hr and sensitivity = public or internal``."""
    parts = []
    for key, values in sorted(value, key=lambda pair: pair[0]):
        said = "any value" if "*" in values else " or ".join(printable(one) for one in sorted(values))
        parts.append(f"{printable(key)} = {said}")
    return " and ".join(parts) if parts else "an empty expression"


def _dotted(*parts: str) -> str:
    return ".".join(printable(part) for part in parts)


def _inside(catalog: str | None) -> tuple[str, ...]:
    """Return the name of a nested catalog (``111122223333:finance``); nothing for a root one."""
    account, _, nested = (catalog or "").partition(":")
    return (nested,) if nested and _is_account(account) else ()


def words(value: SubjectResource | ColumnRef) -> str:
    """Say a resource: ``telemetry_raw.private_messages (columns body, sender)``. Safe to show.

    What lies in a nested catalog is told with its name: ``finance.books.ledger``.
    """
    match value:
        case Catalog(catalog):
            return f"catalog {printable(catalog)}"
        case Database(catalog, name):
            return f"database {_dotted(*_inside(catalog), name)}"
        case Table(catalog, database, name):
            return _dotted(*_inside(catalog), database, name)
        case AllTables(catalog, database):
            return f"every table of {_dotted(*_inside(catalog), database)}"
        case TableColumns(table, chosen):
            return f"{words(table)} ({columns_words(chosen)})"
        case ColumnRef(table, column):
            return _dotted(*_inside(table.catalog), table.database, table.name, column)
        case DataLocation(_, arn):
            return f"location {printable(arn)}"
        case DataCellsFilter(table, name):
            return f"filter {printable(name)} on {words(table)}"
        case LFTag(_, key, values):
            return f"LF-tag {expression_words(((key, values),))}"
        case TagPolicy(_, resource_type, body, saved):
            what = {"TABLE": "tables", "DATABASE": "databases"}.get(resource_type, printable(resource_type))
            if saved is not None:
                return f"{what} that match the saved expression {printable(saved)}"
            return f"{what} tagged {expression_words(body)}"
        case SavedExpression(_, name):
            return f"saved expression {printable(name)}"
        case RLSPolicy(_, name):
            return f"row-level policy {printable(name)}"
        case Function(catalog, database, name):
            home = _dotted(*_inside(catalog), database)
            return f"every function of {home}" if name == "*" else f"function {home}.{printable(name)}"
        case AnyResource(_, resource_type):
            return f"every {printable(resource_type)} of the catalog"
        case UnknownResource(_, text):
            return f"a resource of unknown kind {printable(text)}"
        case SettingRef(name, database):
            return f"setting {printable(name)}" + ("" if database is None else f" of {words(database)}")
        case TagRef(target, key):
            return f"tag {printable(key)} on {words(target)}"
        case PolicyRef(catalog):
            return f"Glue resource policy of catalog {printable(catalog)}"
        case OptInRef(inner):
            return f"opt-in on {words(inner)}"
        case WaiverRef(name):
            return f"the waiver of {printable(name)}"


def principal_words(value: Principal | str | None, *, home: str | None = None) -> str:
    """Say a principal briefly: ``role/marketing``, ``account 444455556666``. Safe to show.

    An ARN is cut to its resource part; with *home* (an account), a principal of another account says which:
    ``role/marketing of account 444455556666``.
    """
    if value is None:
        return "a principal that could not be read"
    if not value.strip():
        return "a principal without a name"
    if value == EVERYONE:
        return "everyone whom IAM allows (IAM_ALLOWED_PRINCIPALS)"
    if _is_account(value):
        return f"account {value}"
    account, colon, group = value.partition(":")
    if colon and _is_account(account) and group == "IAMPrincipals":
        return f"every IAM principal of account {account}"
    parts = value.split(":", 5)
    if parts[0] != "arn" or len(parts) < 6 or not parts[5]:
        return printable(value)
    if parts[5] == "root":
        return f"account {printable(parts[4])}"
    foreign = f" of account {printable(parts[4])}" if home and parts[4] and parts[4] != home else ""
    return printable(parts[5]) + foreign


def _is_account(text: str) -> bool:
    return len(text) == 12 and text.isascii() and text.isdigit()


def access_words(value: Access) -> str:
    """Say a piece of access: ``SELECT on every column but body where region = 'EU', and may pass it on``."""
    said = printable(value.permission)
    if value.columns is not None:
        said += f" on {columns_words(value.columns)}"
    if value.rows:
        said += f" where {printable(value.rows)}"
    return f"{said}, and may pass it on" if value.grantable else said


def witness_words(value: Witness, *, home: str | None = None) -> str:
    """Say a witness: ``role/marketing can SELECT telemetry_raw.private_messages.body where region = 'EU'``."""
    who = "somebody" if value.principal is None else principal_words(value.principal, home=home)
    what = "reach" if value.permission is None else printable(value.permission)
    where = _dotted(*(part for part in (value.database, value.table, value.column) if part))
    where = _dotted(*_inside(value.catalog), where) if where else where
    if not where and value.location:
        where = printable(value.location)
    if not where:
        where = f"catalog {printable(value.catalog)}" if value.catalog else "the lake"
    said = f"{who} can {what} {where}"
    if value.row:
        cells = (f"{printable(name)} = {printable(_literal(cell))}" for name, cell in value.row)
        said += " where " + " and ".join(cells)
    return said


def _literal(cell: Any) -> str:
    if cell is None:
        return "NULL"
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    return "'" + cell.replace("'", "''") + "'" if isinstance(cell, str) else str(cell)


def reach_words(value: Reach) -> str:
    """Say a reach: ``35 principals, 1,200 tables, 18,000 columns (40 sensitive)``."""
    parts = [
        "many principals" if value.principals is None else _counted(value.principals, "principal"),
        *([_counted(value.tables, "table")] if value.tables else []),
        *([_counted(value.columns, "column")] if value.columns else []),
    ]
    return ", ".join(parts) + (f" ({value.sensitive_columns:,} sensitive)" if value.sensitive_columns else "")


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def waiver_words(value: Waiver) -> str:
    """Say a waiver: ``accepted by data platform, approved by security, ticket DATA-112, until 2026-12-31: reason``."""
    parts = [
        f"accepted {'in the baseline ' if value.kind == 'baseline' else ''}by {printable(value.owner)}",
        *([f"approved by {listing(value.approvers)}"] if value.approvers else []),
        *([f"ticket {printable(value.ticket)}"] if value.ticket else []),
        f"until {printable(value.expires)}" if value.expires else "without a last day",
    ]
    return f"{', '.join(parts)}: {printable(value.reason)}"


def subject_words(value: Subject) -> str:
    """Say a subject: ``role/marketing on telemetry_raw.private_messages (column body)``."""
    place = words(value.resource)
    if value.principal is None:
        if value.kind == "grant" and isinstance(value.resource, Catalog):
            return f"the grants of {place}"  # a listing that was not read, not one grant
        return f"{principal_words(None)} on {place}" if value.kind == "grant" else place
    return f"{principal_words(value.principal, home=value.lake.account)} on {place}"


def evidence_words(value: Evidence) -> str:
    """Say where a fact was read: ``live: recording line 12, /response/PrincipalResourcePermissions/0``.

    Where the file is kept as evidence, it is named: ``live: live/01-lake.jsonl.gz line 12, …``.
    """
    line = "" if value.line is None else f"line {value.line}"
    place = f"{value.file or ('recording' if line else '')} {line}".strip()
    parts = [
        *([f"program {printable(value.position)}"] if value.position else []),
        *([f"stack {printable(value.stack)}"] if value.stack else []),
        *([printable(value.urn)] if value.urn else []),
        *([printable(place)] if place else []),
        *([printable(value.pointer)] if value.pointer else []),
    ]
    return f"{value.source.value}: {', '.join(parts) or 'no pointer'}"
