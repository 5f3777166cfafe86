"""One spelling for equal things: both edges, declared and live, build their nouns through these functions.

Shapes go in as AWS spells them (``{"TableWithColumns": {"DatabaseName": …}}``, the ``lakeformation`` and ``glue``
models of botocore), nouns of ``model`` come out. The declared edge first renames what Pulumi calls differently; after
that, a grant that is declared and the same grant as AWS lists it are equal values.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from sys import intern
from typing import Any, Final, TypeVar

from checks.model import (
    ALL_ROWS,
    EVERYONE,
    AllExcept,
    AllTables,
    AnyResource,
    Catalog,
    CatalogInfo,
    Column,
    Columns,
    Database,
    DatabaseInfo,
    DataCellsFilter,
    DataLocation,
    Evidence,
    Expression,
    ExpressionBody,
    FilterBody,
    Function,
    Grant,
    LFTag,
    Location,
    Only,
    Permission,
    Principal,
    Resource,
    ResourcePolicy,
    RLSPolicy,
    Rows,
    SavedExpression,
    Settings,
    Table,
    TableColumns,
    TableInfo,
    TagInfo,
    TagPolicy,
    UnknownResource,
    Where,
)

Json = Mapping[str, Any]
_NONE: Final[frozenset[str]] = frozenset()
ANY_VALUE: Final = "*"
"""Stands for every value of an LF-tag key, also later ones."""

_Text = TypeVar("_Text", str, str | None)
_SELECT = Permission("SELECT")
_ALL = Permission("ALL")
_DATA_LOCATION_ACCESS = Permission("DATA_LOCATION_ACCESS")
_ALL_TABLES = "ALL_TABLES"


class NotUnderstoodError(ValueError):
    """A shape that says nothing we can rely on. The text names members, never values."""


# ------------------------------------------------------------------------------------------------------------- names
@lru_cache(maxsize=4096)  # hundreds of databases, each named by every table in it: one text, not thousands
def database_name(text: str) -> str:
    """Glue folds database names to lower case (glue dg, Database API)."""
    return intern(text.lower())


def table_name(text: str) -> str:
    """Glue folds table names to lower case. Test for ``ALL_TABLES`` first: a real table may be named like it."""
    return intern(text.lower())


def column_name(text: str) -> str:
    """Columns compare without regard to case, as Glue and Athena read them."""
    return text.lower()


@lru_cache(maxsize=4096)
def tag_key(text: str) -> str:
    """LF-tag keys are stored in lower case (lake-formation dg, TBAC-assigning-tags)."""
    return text.lower()


@lru_cache(maxsize=4096)
def tag_value(text: str) -> str:
    """LF-tag values are stored in lower case, as keys are."""
    return text.lower()


def principal(text: str) -> Principal:
    """The two group words in any spelling become ``IAM_ALLOWED_PRINCIPALS`` and ``<account>:IAMPrincipals``.

    Every other principal is exact.

    The API model says ``IAM_ALLOWED_PRINCIPALS``, a guide's example ``IAM_Allowed_Principals``, the console
    ``IAMAllowedPrincipals``.
    """
    if text.replace("_", "").upper() == "IAMALLOWEDPRINCIPALS":
        return EVERYONE
    account, colon, group = text.partition(":")
    if colon and group.replace("_", "").upper() == "IAMPRINCIPALS":
        return Principal(f"{account}:IAMPrincipals")
    return Principal(text)


def location(text: str | None, partition: str = "aws") -> str | None:
    """``s3://``, ``s3a://``, ``s3n://`` and ARN forms become ``arn:aws:s3:::bucket/prefix`` without trailing slash.

    Nothing stays nothing. What is not S3 (``jdbc``, ``hdfs://``) is kept as written, but for a trailing slash.
    """
    if not text or not text.strip():
        return None
    text = text.strip()
    scheme, found, rest = text.partition("://")
    if found and scheme.lower() in ("s3", "s3a", "s3n"):
        text = f"arn:{partition}:s3:::{rest}"
    return text.rstrip("/") or None


_NOWHERE: Final[frozenset[str]] = frozenset()


def locations(texts: Iterable[str] | None, partition: str = "aws") -> frozenset[str]:
    """Spell several locations; ``None`` is none."""
    if not texts:
        return _NOWHERE
    return frozenset(found for text in texts if (found := location(text, partition))) if texts else _NONE


def condition(value: Json | str | None) -> str | None:
    """Take the Cedar text of ``{"Expression": …}`` or of a bare text; None where there is none."""
    text = value.get("Expression") if isinstance(value, Mapping) else value
    return text or None


def parameters(mapping: Json | None) -> tuple[tuple[str, str], ...]:
    """Sort the parameters of a table, database or column by name."""
    if not mapping:
        return ()
    return _shared(tuple(sorted((str(name), _text(value)) for name, value in mapping.items())))


@lru_cache(maxsize=4096)  # most tables of a lake have the same few parameters
def _shared(pairs: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    return pairs


def _text(value: object) -> str:
    """Pulumi may hold a number or a flag where Glue stores a string: ``1.0`` is ``1``, ``True`` is ``true``."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else value if isinstance(value, str) else canonical_json(value)


def canonical_json(value: object) -> str:
    """Keys sorted, no blanks: the same value always gives the same text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)


# --------------------------------------------------------------------------------------------------------- resources
def expression(pairs: Iterable[tuple[str, Iterable[str]]]) -> Expression:
    """AND over keys, OR over values. A key given twice must match twice: its values are intersected."""
    keys: dict[str, frozenset[str]] = {}
    for key, given in pairs:
        name, values = tag_key(key), frozenset(tag_value(value) for value in given)
        values = frozenset((ANY_VALUE,)) if ANY_VALUE in values else values
        before = keys.get(name)
        if before is None or ANY_VALUE in before:
            keys[name] = values
        elif ANY_VALUE not in values:
            keys[name] = before & values
    return tuple(sorted(keys.items()))


def tag_expression(items: Iterable[Json] | None) -> Expression:
    """Read ``[{"TagKey": …, "TagValues": […]}]`` as ``expression`` does."""
    return expression((item["TagKey"], item.get("TagValues") or ()) for item in items or ())


def tag_values(values: Iterable[str] | None) -> frozenset[str]:
    """Values of an LF-tag; ``*`` swallows the others."""
    found = frozenset(tag_value(value) for value in values or ())
    return frozenset((ANY_VALUE,)) if ANY_VALUE in found else found


def columns(names: Iterable[str] | None, wildcard: Json | None) -> Columns | None:
    """Only the names, or all but the excluded ones; None where neither or both are given.

    Excluding nothing excludes nothing: ``{"ExcludedColumnNames": []}`` is every column. AWS answers may echo an empty
    list beside the wildcard.
    """
    if names:
        return None if wildcard is not None else Only(frozenset(column_name(name) for name in names))
    if wildcard is None:
        return None
    return AllExcept(frozenset(column_name(name) for name in wildcard.get("ExcludedColumnNames") or ()))


def table_columns(table: Table, which: Columns) -> Table | TableColumns:
    """Every column of a table is the table."""
    return table if which == AllExcept() else TableColumns(table, which)


_SHAPES: Final[Mapping[str, frozenset[str]]] = {
    "Catalog": frozenset({"Id"}),
    "Database": frozenset({"CatalogId", "Name"}),
    "Table": frozenset({"CatalogId", "DatabaseName", "Name", "TableWildcard"}),
    "TableWithColumns": frozenset({"CatalogId", "DatabaseName", "Name", "ColumnNames", "ColumnWildcard"}),
    "DataLocation": frozenset({"CatalogId", "ResourceArn"}),
    "DataCellsFilter": frozenset({"TableCatalogId", "DatabaseName", "TableName", "Name"}),
    "LFTag": frozenset({"CatalogId", "TagKey", "TagValues"}),
    "LFTagPolicy": frozenset({"CatalogId", "ResourceType", "Expression", "ExpressionName"}),
    "LFTagExpression": frozenset({"CatalogId", "Name"}),
    "RLSPolicy": frozenset({"CatalogId", "Name"}),
    "UserDefinedFunction": frozenset({"CatalogId", "DatabaseName", "Name", "UserDefinedFunctionWildcard"}),
    "AnyResource": frozenset({"CatalogId", "ResourceType"}),
}


def resource(union: Json, account: str) -> Resource:
    """Lake Formation's ``Resource`` as a noun; ``account`` is the catalog where none is named.

    A member, or a member's member, that we do not know makes the whole an ``UnknownResource``: dropping a word that
    narrows or widens would be guessing.
    """
    return _known(union, account) or UnknownResource(account, canonical_json(union))


def _known(union: Json, account: str) -> Resource | None:
    if len(union) != 1:
        return None
    ((kind, body),) = union.items()
    if kind not in _SHAPES or not isinstance(body, Mapping) or not _SHAPES[kind] >= body.keys():
        return None
    try:
        return _resource(kind, body, account)
    except (KeyError, TypeError, AttributeError):
        return None


def _resource(kind: str, body: Json, account: str) -> Resource | None:
    """Read one member of the union; None, KeyError and the like mean that it is not as the model has it."""
    catalog: str = body.get("CatalogId") or account
    match kind:
        case "Catalog":
            return Catalog(body.get("Id") or account)
        case "Database":
            return Database(catalog, database_name(body["Name"]))
        case "Table":
            return _table(body, catalog)
        case "TableWithColumns":
            return _table_with_columns(body, catalog)
        case "DataLocation":
            arn = location(body["ResourceArn"])
            return DataLocation(catalog, arn) if arn else None
        case "DataCellsFilter":
            home = body.get("TableCatalogId") or account
            table = Table(home, database_name(body["DatabaseName"]), table_name(body["TableName"]))
            return DataCellsFilter(table, body["Name"])
        case "LFTag":
            return LFTag(catalog, tag_key(body["TagKey"]), tag_values(body["TagValues"]))
        case "LFTagPolicy":
            saved = body.get("ExpressionName") or None
            found = () if saved else tag_expression(body.get("Expression"))
            return TagPolicy(catalog, body["ResourceType"].upper(), found, saved) if saved or found else None
        case "LFTagExpression":
            return SavedExpression(catalog, body["Name"])
        case "RLSPolicy":  # names are case-insensitive (lake-formation dg, rls-policies)
            return RLSPolicy(catalog, body["Name"].lower())
        case "UserDefinedFunction":
            name = "*" if body.get("UserDefinedFunctionWildcard") is not None else body["Name"].lower()
            return Function(catalog, database_name(body["DatabaseName"]), name)
        case _:
            return AnyResource(catalog, body["ResourceType"].upper())


def _table(body: Json, catalog: str) -> Table | AllTables | None:
    """``TableWildcard``, or the listing's ``ALL_TABLES`` in capitals, is every table; see lower-casing above."""
    database, name = database_name(body["DatabaseName"]), body.get("Name")
    if body.get("TableWildcard") is not None:
        return AllTables(catalog, database) if name in (None, "", _ALL_TABLES) else None
    if name == _ALL_TABLES:
        return AllTables(catalog, database)
    return Table(catalog, database, table_name(name)) if name else None


def _table_with_columns(body: Json, catalog: str) -> Table | AllTables | TableColumns | None:
    """Columns of one table. SELECT on all tables is listed here with the name ``ALL_TABLES``."""
    which = columns(body.get("ColumnNames"), body.get("ColumnWildcard"))
    database, name = database_name(body["DatabaseName"]), body["Name"]
    if which is None or not name:
        return None
    if name == _ALL_TABLES:
        return AllTables(catalog, database) if which == AllExcept() else None
    return table_columns(Table(catalog, database, table_name(name)), which)


# ------------------------------------------------------------------------------------------------------------ grants
def permissions(names: Iterable[str] | None) -> frozenset[Permission]:
    """Permission names as a set. The set is open: a name nobody modelled is kept."""
    return frozenset(Permission(name) for name in names or ())


def grant_rows(
    who: Principal | None,
    on: Resource,
    names: Iterable[str] | None,
    grantable: Iterable[str] | None = (),
    condition: str | None = None,
    evidence: Evidence | None = None,
    updated_by: str | None = None,
    updated: str | None = None,
) -> tuple[Grant, ...]:
    """One granted or listed row as one or two grants; a row without permissions is none.

    AWS keeps SELECT on tables apart: ``ALL, SELECT`` on a table is listed as ``ALL`` on ``Table`` and ``SELECT`` on
    ``TableWithColumns``, so SELECT always stands alone here. ``ALL`` is left as it is (``semantics.expand`` knows what
    it means), but for a data location, where it can only mean DATA_LOCATION_ACCESS. What may be passed on is held.
    """
    apart = isinstance(on, Table | AllTables | TableColumns)
    parts = _parts(tuple(names or ()), tuple(grantable or ()), isinstance(on, DataLocation), apart)
    return tuple(Grant(who, on, part, lent, condition, evidence, updated_by, updated) for part, lent in parts)


@lru_cache(maxsize=4096)  # thousands of grants give the same few permissions
def _parts(
    names: tuple[str, ...], grantable: tuple[str, ...], location: bool, apart: bool
) -> tuple[tuple[frozenset[Permission], frozenset[Permission]], ...]:
    options = permissions(grantable)
    held = permissions(names) | options
    if location:
        held, options = _access_only(held), _access_only(options)
    parts = (held - {_SELECT}, held & {_SELECT}) if apart else (held,)
    return tuple((part, part & options) for part in parts if part)


def _access_only(names: frozenset[Permission]) -> frozenset[Permission]:
    return names - {_ALL} | {_DATA_LOCATION_ACCESS} if _ALL in names else names


def default_permissions(entries: Iterable[Json] | None) -> frozenset[tuple[Principal, frozenset[Permission]]]:
    """Read ``[{"Principal": {"DataLakePrincipalIdentifier": …}, "Permissions": […]}]``.

    An entry that grants nothing is none; two entries of one principal are one.
    """
    found: dict[Principal, frozenset[Permission]] = {}
    for entry in entries or ():
        name = (entry.get("Principal") or {}).get("DataLakePrincipalIdentifier")
        given = permissions(entry.get("Permissions"))
        if given and name:
            who = principal(name)
            found[who] = found.get(who, frozenset()) | given
    return frozenset(found.items())


def default_texts(entries: Iterable[tuple[Principal, frozenset[Permission]]]) -> frozenset[str]:
    """Default permissions as ``Settings`` has them: ``IAM_ALLOWED_PRINCIPALS: ALL``."""
    return frozenset(f"{who}: {','.join(sorted(given))}" for who, given in entries)


# ---------------------------------------------------------------------------------------------------------- settings
SETTINGS: Final[Mapping[str, frozenset[str] | bool]] = {
    "DataLakeAdmins": frozenset(),
    "ReadOnlyAdmins": frozenset(),
    "CreateDatabaseDefaultPermissions": frozenset(),
    "CreateTableDefaultPermissions": frozenset(),
    "Parameters": frozenset(),
    "TrustedResourceOwners": frozenset(),
    "AllowExternalDataFiltering": False,
    "AllowFullTableExternalDataAccess": False,
    "ExternalDataFilteringAllowList": frozenset(),
    "AuthorizedSessionTagValueList": frozenset(),
}
"""Members of ``DataLakeSettings`` and what they are when AWS leaves them out. ``Parameters`` is split by name."""

_PRINCIPAL_LISTS = frozenset({"DataLakeAdmins", "ReadOnlyAdmins", "ExternalDataFilteringAllowList"})
_DEFAULTS = frozenset({"CreateDatabaseDefaultPermissions", "CreateTableDefaultPermissions"})


def settings(mapping: Json, evidence: Evidence | None = None) -> Settings:
    """``DataLakeSettings`` as AWS spells them; ``absent`` names the known members that are not in ``mapping``.

    On the live side an absent member is empty (see ``SETTINGS``). A member nobody modelled is kept as JSON text.
    """
    members: dict[str, frozenset[str] | bool | str] = {}
    for name, value in mapping.items():
        if value is None:
            continue
        if name == "Parameters":
            members.update({f"Parameters.{key}": text for key, text in parameters(value)})
        elif name in _PRINCIPAL_LISTS:
            members[name] = frozenset(principal(item["DataLakePrincipalIdentifier"]) for item in value)
        elif name in _DEFAULTS:
            members[name] = default_texts(default_permissions(value))
        elif isinstance(SETTINGS.get(name), bool):
            members[name] = flag(value)
        elif name in SETTINGS:
            members[name] = frozenset(str(item) for item in value)
        else:
            members[name] = canonical_json(value)
    absent = frozenset(name for name in SETTINGS if mapping.get(name) is None)
    return Settings(tuple(sorted(members.items())), absent, evidence)


def flag(value: object) -> bool:
    """Read a flag that may be spelt as text (Glue's catalogs say ``"True"``)."""
    return value.lower() == "true" if isinstance(value, str) else bool(value)


# --------------------------------------------------------------------------------------------- tags, filters, places
def tag_info(key: str, values: Iterable[str], evidence: Evidence | None = None) -> TagInfo:
    """Build an LF-tag key with its values."""
    return TagInfo(tag_key(key), frozenset(tag_value(value) for value in values), evidence)


def expression_body(mapping: Json, account: str, evidence: Evidence | None = None) -> ExpressionBody:
    """``{"Name", "CatalogId", "Expression": […]}`` as Lake Formation lists saved expressions."""
    name = SavedExpression(mapping.get("CatalogId") or account, mapping["Name"])
    return ExpressionBody(name, tag_expression(mapping.get("Expression")), evidence)


def rows(mapping: Json | None) -> Rows:
    """``RowFilter``: the wildcard, or ``TRUE`` as AWS echoes it, filters nothing.

    Raises:
        NotUnderstoodError: neither a wildcard nor an expression is there.

    """
    if mapping and mapping.get("AllRowsWildcard") is not None:
        return ALL_ROWS
    text = (mapping or {}).get("FilterExpression")
    if not isinstance(text, str) or not text.strip():
        raise NotUnderstoodError("the row filter has neither an expression nor a wildcard")
    return ALL_ROWS if text.strip().lower() == "true" else Where(text)


def filter_body(mapping: Json, account: str, evidence: Evidence | None = None) -> FilterBody:
    """``DataCellsFilter``: table, name, columns, rows.

    Raises:
        NotUnderstoodError: the columns or the rows are not said, or said twice.

    """
    which = columns(mapping.get("ColumnNames"), mapping.get("ColumnWildcard"))
    if which is None:
        raise NotUnderstoodError("the columns must be either column names or a column wildcard")
    home = mapping.get("TableCatalogId") or account
    table = Table(home, database_name(mapping["DatabaseName"]), table_name(mapping["TableName"]))
    return FilterBody(DataCellsFilter(table, mapping["Name"]), which, rows(mapping.get("RowFilter")), evidence)


def registered(mapping: Json, evidence: Evidence | None = None) -> Location:
    """``ResourceInfo`` of ListResources.

    Raises:
        NotUnderstoodError: no ARN is there.

    """
    arn = location(mapping.get("ResourceArn"))
    if not arn:
        raise NotUnderstoodError("the registered location has no ARN")
    return Location(
        arn,
        mapping.get("RoleArn") or None,
        flag(mapping.get("HybridAccessEnabled")),
        flag(mapping.get("WithFederation")),
        flag(mapping.get("WithPrivilegedAccess")),
        evidence,
    )


# ------------------------------------------------------------------------------------------------- databases, tables
def database_info(
    mapping: Json, account: str, partition: str = "aws", evidence: Evidence | None = None
) -> DatabaseInfo:
    """Glue's ``Database`` (or ``DatabaseInput``). ``table_defaults`` is None where the member is not there."""
    catalog = mapping.get("CatalogId") or account
    target = mapping.get("TargetDatabase")
    defaults = mapping.get("CreateTableDefaultPermissions")
    return DatabaseInfo(
        Database(catalog, database_name(mapping["Name"])),
        location(mapping.get("LocationUri"), partition),
        mapping.get("Description") or "",
        parameters(mapping.get("Parameters")),
        None if defaults is None else default_permissions(defaults),
        Database(target.get("CatalogId") or account, database_name(target["DatabaseName"])) if target else None,
        evidence,
    )


def catalog_info(mapping: Json, account: str, evidence: Evidence | None = None) -> CatalogInfo:
    """Glue's ``Catalog``: ``CatalogId`` is its full id (``111122223333:name``); without one the account leads it."""
    database, table = (mapping.get(f"Create{kind}DefaultPermissions") for kind in ("Database", "Table"))
    full = mapping.get("AllowFullTableExternalDataAccess")
    return CatalogInfo(
        Catalog(mapping.get("CatalogId") or f"{account}:{mapping['Name']}"),
        mapping.get("Description") or "",
        parameters(mapping.get("Parameters")),
        None if database is None else default_permissions(database),
        None if table is None else default_permissions(table),
        None if full is None else flag(full),
        evidence,
    )


@lru_cache(maxsize=1 << 16)  # a lake repeats its columns; one value each keeps 45,000 tables small
def column(name: str, kind: str = "", comment: str = "", given: tuple[tuple[str, str], ...] = ()) -> Column:
    """Build one column; its type is read without regard to case or blanks."""
    return Column(column_name(name), "".join(kind.split()).lower(), comment, given)


def column_list(items: Iterable[Json] | None) -> tuple[Column, ...]:
    """Read Glue's ``Column`` list, in order."""
    return tuple(
        column(
            item["Name"],
            item.get("Type") or "",
            item.get("Comment") or "",
            parameters(item["Parameters"]) if item.get("Parameters") else (),
        )
        for item in items or ()
    )


def table_info(mapping: Json, account: str, partition: str = "aws", evidence: Evidence | None = None) -> TableInfo:
    """Glue's ``Table`` (or ``TableInput`` with ``DatabaseName``). No columns at all means that nobody fixed them."""
    storage: Json = mapping.get("StorageDescriptor") or {}
    fixed, keys = column_list(storage.get("Columns")), column_list(mapping.get("PartitionKeys"))
    return table_info_of(mapping, account, partition, fixed=fixed, keys=keys, evidence=evidence)


_TABLE_ARN = r"arn:[\w-]+:glue:[\w-]*:(?P<catalog>[0-9]{12}):table/(?P<database>[^/]+)/(?P<table>[^/]+)"


def table_info_of(
    mapping: Json,
    account: str,
    partition: str,
    *,
    fixed: tuple[Column, ...],
    keys: tuple[Column, ...],
    evidence: Evidence | None = None,
) -> TableInfo:
    """As ``table_info``, with the columns and partition keys already read."""
    catalog = mapping.get("CatalogId") or account
    storage: Json = mapping.get("StorageDescriptor") or {}
    target = mapping.get("TargetTable")
    return TableInfo(
        Table(catalog, database_name(mapping["DatabaseName"]), table_name(mapping["Name"])),
        fixed or None,
        keys,
        location(storage.get("Location"), partition),
        _same(mapping.get("TableType") or ""),
        _same(mapping.get("Description") or ""),
        parameters(mapping.get("Parameters")),
        table_format(mapping),
        view_text(mapping),
        _link(target, account) if target else None,
        _same(mapping.get("CreatedBy")),
        mapping.get("IsRegisteredWithLakeFormation"),
        evidence,
        view_definer=(mapping.get("ViewDefinition") or {}).get("Definer") or None,
        additional=locations(storage.get("AdditionalLocations"), partition),
        view_reads=_view_reads(mapping),
    )


def _view_reads(mapping: Json) -> frozenset[Table] | None:
    """Read ``SubObjects``: the ARNs of a view's tables; None where they are not said, or not all understood.

    Source: https://docs.aws.amazon.com/glue/latest/webapi/API_ViewDefinition.html.
    """
    told = (mapping.get("ViewDefinition") or {}).get("SubObjects")
    found = [re.fullmatch(_TABLE_ARN, one) for one in told or () if isinstance(one, str)]
    if not told or len(found) != len(told) or None in found:
        return None
    return frozenset(
        Table(one["catalog"], database_name(one["database"]), table_name(one["table"])) for one in found if one
    )


@lru_cache(maxsize=4096)
def _same(text: _Text) -> _Text:
    """Return the text that was seen before: tables made by one program say much in the same words."""
    return text


def _link(target: Json, account: str) -> Table:
    catalog = target.get("CatalogId") or account
    return Table(catalog, database_name(target["DatabaseName"]), table_name(target["Name"]))


def table_format(mapping: Json) -> str:
    """How a table's files are read: ``iceberg``, or its serialisation library, input and output format.

    Iceberg tables keep their format in a parameter; the ``OpenTableFormatInput`` that made one is never echoed.
    """
    if mapping.get("OpenTableFormatInput"):
        return "iceberg"
    named = {name.lower(): text for name, text in parameters(mapping.get("Parameters"))}.get("table_type", "")
    if named.lower() == "iceberg":
        return "iceberg"
    storage: Json = mapping.get("StorageDescriptor") or {}
    library = (storage.get("SerdeInfo") or {}).get("SerializationLibrary")
    return _joined(library, storage.get("InputFormat"), storage.get("OutputFormat"))


@lru_cache(maxsize=4096)
def _joined(*parts: str | None) -> str:
    return " ".join(part for part in parts if part)


def view_text(mapping: Json) -> str:
    """Collect what a view says, one line for each dialect; empty for a table."""
    body: Json = mapping.get("ViewDefinition") or {}
    lines = [
        f"{item.get('Dialect') or ''}: {item.get('ViewOriginalText') or item.get('ViewExpandedText') or ''}"
        for item in body.get("Representations") or ()
    ]
    return "\n".join(sorted(lines)) or mapping.get("ViewOriginalText") or mapping.get("ViewExpandedText") or ""


# ---------------------------------------------------------------------------------------------------- resource policies
_ONE_OR_MANY = frozenset({"Action", "NotAction", "Resource", "NotResource"})


def resource_policy(text: str, evidence: Evidence | None = None, partition: str = "aws") -> ResourcePolicy:
    """Spell a policy document canonically: statements, actions, resources, principals are sets, one is a list of one.

    Raises:
        NotUnderstoodError: the text is no JSON object.

    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise NotUnderstoodError("the policy is not JSON") from None
    if not isinstance(document, dict):
        raise NotUnderstoodError("the policy is not a JSON object")
    statements = document.get("Statement")
    if statements is not None:
        listed = statements if isinstance(statements, list) else [statements]
        parts = {canonical_json(_statement(item, partition)) for item in listed}
        document["Statement"] = [json.loads(part) for part in sorted(parts)]
    return ResourcePolicy(canonical_json(document), evidence)


def _statement(statement: Any, partition: str) -> Any:
    if not isinstance(statement, dict):
        return statement
    found = {name: _many(value) if name in _ONE_OR_MANY else value for name, value in statement.items()}
    for name in ("Principal", "NotPrincipal"):
        who = found.get(name)
        if isinstance(who, dict):
            found[name] = {kind: _many([_root(one, partition) for one in _listed(v)]) for kind, v in who.items()}
    tests = found.get("Condition")
    if isinstance(tests, dict):
        found["Condition"] = {
            operator: {key: _many(v) for key, v in keys.items()} if isinstance(keys, dict) else keys
            for operator, keys in tests.items()
        }
    return found


def _root(one: Any, partition: str) -> Any:
    """Spell an account number as principal by its root (IAM user guide, AWS account principals)."""
    return f"arn:{partition}:iam::{one}:root" if isinstance(one, str) and len(one) == 12 and one.isdigit() else one


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _many(value: Any) -> list[Any]:
    return [json.loads(text) for text in sorted({canonical_json(one) for one in _listed(value)})]
