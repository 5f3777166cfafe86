"""The Resource union as the lab keeps it: canonical targets, the permissions each kind takes, AWS's spelling back.

Valid permissions per kind: https://docs.aws.amazon.com/lake-formation/latest/dg/lf-permissions-reference.html
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from lab.lakeformation.wire import Json, invalid

IAM_ALLOWED: Final = "IAM_ALLOWED_PRINCIPALS"
ALL_TABLES: Final = "ALL_TABLES"

TABLE_MEMBERS: Final = ("ALTER", "DELETE", "DESCRIBE", "DROP", "INSERT")
"""What ALL on a table comes with in a listing, SELECT aside, which always has its own row."""
DATABASE_MEMBERS: Final = ("ALTER", "CREATE_TABLE", "DESCRIBE", "DROP")
FUNCTION_MEMBERS: Final = ("ALTER", "DESCRIBE", "DROP", "EXECUTE")

_TABLE = frozenset({"ALL", "SELECT", *TABLE_MEMBERS})
_DATABASE = frozenset({"ALL", *DATABASE_MEMBERS})
VALID: Final = {
    "catalog": frozenset(
        {
            "ALL",
            "ALTER",
            "CREATE_CATALOG",
            "CREATE_DATABASE",
            "CREATE_LF_TAG",
            "CREATE_LF_TAG_EXPRESSION",
            "DESCRIBE",
            "DROP",
            "SUPER_USER",
        }
    ),
    "database": _DATABASE,
    "table": _TABLE,
    "columns": frozenset({"SELECT"}),
    "location": frozenset({"ALL", "DATA_LOCATION_ACCESS"}),
    "filter": frozenset({"SELECT", "DESCRIBE", "DROP"}),
    "tag": frozenset({"ALTER", "ASSOCIATE", "DESCRIBE", "DROP", "GRANT_WITH_LF_TAG_EXPRESSION"}),
    "policy DATABASE": _DATABASE,
    "policy TABLE": _TABLE,
    "expression": frozenset({"ALTER", "DESCRIBE", "DROP", "GRANT_WITH_LF_TAG_EXPRESSION"}),
    "rls": frozenset({"ALTER", "ASSOCIATE", "DESCRIBE", "DROP"}),
    "function": frozenset({"ALL", *FUNCTION_MEMBERS}),
    "any": frozenset({"SELECT"}),
}

LISTED_AS: Final = {
    "catalog": "CATALOG",
    "database": "DATABASE",
    "table": "TABLE",
    "columns": "TABLE",
    "location": "DATA_LOCATION",
    "tag": "LF_TAG",
    "policy DATABASE": "LF_TAG_POLICY_DATABASE",
    "policy TABLE": "LF_TAG_POLICY_TABLE",
    "expression": "LF_NAMED_TAG_EXPRESSION",
    "function": "USER_DEFINED_FUNCTION",
    "any": "ANY_RESOURCE",
}
"""ResourceType of each kind; data cells filters and row-level policies have none."""


class Target(NamedTuple):
    """A resource as a key; what ``parts`` holds depends on the kind.

    catalog () · database (name) · table (database, name or None for all tables) · columns (database, table,
    "only", ()) or (database, table, "except", names) · location (arn) · filter (database, table, name) ·
    tag (key, values) · policy (expression or None, saved name or None) · expression (name) · rls (name) ·
    function (database, name or None for all) · any (type)

    An include list's columns stand beside the target, not in it: grants on columns of one table add up.
    """

    kind: str
    catalog: str
    parts: tuple[Any, ...] = ()

    @property
    def holder(self) -> tuple[str, str, str | None] | None:
        """(catalog, database, table) of what the target lies in or is; None for kinds outside the catalog's tree."""
        match self.kind:
            case "database":
                return self.catalog, self.parts[0], None
            case "table" | "columns" | "filter":
                return self.catalog, self.parts[0], self.parts[1]
            case "function":
                return self.catalog, self.parts[0], None
            case _:
                return None


Expression = tuple[tuple[str, tuple[str, ...]], ...]


def expression_of(rows: Iterable[Json]) -> Expression:
    """LF-tag conditions, lower case and sorted, as AWS stores them."""
    found: dict[str, set[str]] = {}
    for row in rows:
        key = str(row["TagKey"]).lower()
        if key in found:
            raise invalid(f"Duplicate tag key {key} in the expression.")
        found[key] = {str(value).lower() for value in row["TagValues"]}
        if not found[key]:
            raise invalid(f"No values given for tag key {key}.")
    if not found:
        raise invalid("An LF-tag expression needs at least one tag.")
    return tuple((key, tuple(sorted(values))) for key, values in sorted(found.items()))


def expression_rows(expression: Expression) -> list[Json]:
    """AWS's spelling of an expression."""
    return [{"TagKey": key, "TagValues": list(values)} for key, values in expression]


def location(text: str) -> str:
    """An S3 location as an ARN without a trailing slash."""
    for scheme in ("s3://", "s3a://", "s3n://"):
        if text.startswith(scheme):
            text = "arn:aws:s3:::" + text[len(scheme) :]
    return text.rstrip("/")


def within(arn: str, parent: str) -> bool:
    """Whether a location is the parent or lies below it, by path segment."""
    return arn == parent or arn.startswith(parent + "/")


def parse(resource: Json, account: str) -> tuple[Target, tuple[str, ...]]:
    """A Resource as a target and, for an include list, its columns. Exactly one member must be set."""
    members = [key for key, value in resource.items() if value is not None]
    if len(members) != 1:
        raise invalid("Resource must have exactly one member set.")
    member = members[0]
    body: Json = resource[member]
    catalog = str(body.get("CatalogId") or account)
    match member:
        case "Catalog":
            return Target("catalog", str(body.get("Id") or account)), ()
        case "Database":
            return Target("database", catalog, (body["Name"].lower(),)), ()
        case "Table":
            return _table(catalog, body), ()
        case "TableWithColumns":
            return _columns(catalog, body)
        case "DataLocation":
            return Target("location", catalog, (location(body["ResourceArn"]),)), ()
        case "DataCellsFilter":
            missing = [key for key in ("DatabaseName", "TableName", "Name") if not body.get(key)]
            if missing:
                raise invalid(f"DataCellsFilter lacks {', '.join(missing)}.")
            names = body["DatabaseName"].lower(), body["TableName"].lower(), body["Name"]
            return Target("filter", str(body.get("TableCatalogId") or account), names), ()
        case "LFTag":
            values = tuple(sorted({value.lower() for value in body["TagValues"]}))
            return Target("tag", catalog, (body["TagKey"].lower(), values)), ()
        case "LFTagPolicy":
            if body.get("Expression") and body.get("ExpressionName"):
                raise invalid("LFTagPolicy takes Expression or ExpressionName, not both.")
            saved = body.get("ExpressionName")
            expression = None if saved else expression_of(body.get("Expression") or [])
            if body["ResourceType"] not in {"DATABASE", "TABLE"}:
                raise invalid(f"Unknown ResourceType {body['ResourceType']}.")
            return Target(f"policy {body['ResourceType']}", catalog, (expression, saved)), ()
        case "LFTagExpression":
            return Target("expression", catalog, (body["Name"],)), ()
        case "RLSPolicy":
            return Target("rls", catalog, (body["Name"].lower(),)), ()
        case "UserDefinedFunction":
            name = None if body.get("UserDefinedFunctionWildcard") is not None else body.get("Name")
            if name is None and body.get("UserDefinedFunctionWildcard") is None:
                raise invalid("UserDefinedFunction takes a Name or a wildcard.")
            return Target(
                "function", catalog, (body["DatabaseName"].lower(), None if name is None else str(name).lower())
            ), ()
        case "AnyResource":
            return Target("any", catalog, (body["ResourceType"],)), ()
        case _:
            raise invalid(f"Unknown Resource member {member}.")


def _table(catalog: str, body: Json) -> Target:
    name, wildcard = body.get("Name"), body.get("TableWildcard") is not None
    # Upper case tells the wildcard from a table that happens to be called all_tables.
    if wildcard and name not in {None, ALL_TABLES}:
        raise invalid("Table takes a Name or a TableWildcard, not both.")
    if not wildcard and not name:
        raise invalid("Table needs a Name or a TableWildcard.")
    everything = wildcard or name == ALL_TABLES
    return Target("table", catalog, (body["DatabaseName"].lower(), None if everything else str(name).lower()))


def _columns(catalog: str, body: Json) -> tuple[Target, tuple[str, ...]]:
    only, wildcard = body.get("ColumnNames"), body.get("ColumnWildcard")
    if (not only) == (wildcard is None):
        raise invalid("TableWithColumns takes ColumnNames or a ColumnWildcard.")
    database, name = body["DatabaseName"].lower(), body["Name"]
    excluded = tuple(sorted({column.lower() for column in (wildcard or {}).get("ExcludedColumnNames") or []}))
    if name == ALL_TABLES:
        if only or excluded:
            raise invalid("Columns cannot be chosen for all tables of a database.")
        return Target("table", catalog, (database, None)), ()
    if only:
        return Target("columns", catalog, (database, name.lower(), "only", ())), tuple(c.lower() for c in only)
    if excluded:
        return Target("columns", catalog, (database, name.lower(), "except", excluded)), ()
    return Target("table", catalog, (database, name.lower())), ()


def spell(target: Target) -> Json:
    """AWS's spelling of a target; for an include list the caller adds the columns."""
    catalog, parts = target.catalog, target.parts
    match target.kind:
        case "catalog":
            return {"Catalog": {"Id": catalog}}
        case "database":
            return {"Database": {"CatalogId": catalog, "Name": parts[0]}}
        case "table":
            body: Json = {"CatalogId": catalog, "DatabaseName": parts[0], "Name": parts[1] or ALL_TABLES}
            if parts[1] is None:
                body["TableWildcard"] = {}
            return {"Table": body}
        case "columns":
            body = {"CatalogId": catalog, "DatabaseName": parts[0], "Name": parts[1]}
            if parts[2] == "except":
                body["ColumnWildcard"] = {"ExcludedColumnNames": list(parts[3])}
            return {"TableWithColumns": body}
        case "location":
            return {"DataLocation": {"CatalogId": catalog, "ResourceArn": parts[0]}}
        case "filter":
            return {
                "DataCellsFilter": {
                    "TableCatalogId": catalog,
                    "DatabaseName": parts[0],
                    "TableName": parts[1],
                    "Name": parts[2],
                }
            }
        case "tag":
            return {"LFTag": {"CatalogId": catalog, "TagKey": parts[0], "TagValues": list(parts[1])}}
        case "policy DATABASE" | "policy TABLE":
            body = {"CatalogId": catalog, "ResourceType": target.kind.removeprefix("policy ")}
            if parts[1] is None:
                body["Expression"] = expression_rows(parts[0])
            else:
                body["ExpressionName"] = parts[1]
            return {"LFTagPolicy": body}
        case "expression":
            return {"LFTagExpression": {"CatalogId": catalog, "Name": parts[0]}}
        case "rls":
            return {"RLSPolicy": {"CatalogId": catalog, "Name": parts[0]}}
        case "function":
            body = {"CatalogId": catalog, "DatabaseName": parts[0]}
            if parts[1] is None:
                body["UserDefinedFunctionWildcard"] = {}
            else:
                body["Name"] = parts[1]
            return {"UserDefinedFunction": body}
        case _:
            return {"AnyResource": {"CatalogId": catalog, "ResourceType": parts[0]}}


def whole_columns(target: Target) -> Json:
    """The second form of a table: every column, where SELECT is listed. All tables keep only their upper-case name."""
    database, name = target.parts
    return {
        "TableWithColumns": {
            "CatalogId": target.catalog,
            "DatabaseName": database,
            "Name": name or ALL_TABLES,
            "ColumnWildcard": {},
        }
    }
