"""Write a state export of any size: databases, tables, tags and grants in the shapes that pulumi-aws leaves behind.

    python -m bench.state_gen TABLES COLUMNS FILE [compact]

The text is indented as the command line indents it, or compact as self-managed backends keep it: 45,000 tables are
half a gigabyte with 6 columns each indented, with 47 compact.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

ACCOUNT = "111122223333"
REGION = "us-east-1"
STACK = "urn:pulumi:bench::lake"
PROVIDER = f"{STACK}::pulumi:providers:aws::default"
TYPES = ("bigint", "string", "decimal(10,2)", "timestamp", "boolean")


def resource(kind: str, name: str, ident: str, inputs: dict[str, Any], line: int) -> dict[str, Any]:
    outputs = {key: value for key, value in inputs.items() if key != "__defaults"}
    if kind.startswith("aws:glue/"):
        outputs |= {"arn": f"arn:aws:glue:{REGION}:{ACCOUNT}:{name}", "catalogId": ACCOUNT}
    return {
        "urn": f"{STACK}::{kind}::{name}",
        "custom": True,
        "id": ident,
        "type": kind,
        "inputs": {"__defaults": [], **inputs},
        "outputs": {**outputs, "id": ident, "region": REGION},
        "parent": f"{STACK}::pulumi:pulumi:Stack::lake-bench",
        "provider": f"{PROVIDER}::0000",
        "propertyDependencies": dict.fromkeys(inputs),
        "created": "2026-01-01T00:00:00Z",
        "modified": "2026-01-01T00:00:00Z",
        "sourcePosition": f"project:///__main__.py#{line}",
    }


def resources(tables: int, columns: int) -> Iterator[dict[str, Any]]:
    yield {
        "urn": PROVIDER,
        "custom": True,
        "id": "0000",
        "type": "pulumi:providers:aws",
        "inputs": {"region": REGION, "version": "7.51.1"},
        "outputs": {"region": REGION, "version": "7.51.1"},
    }
    tag = {"key": "sensitivity", "values": ["public", "internal", "restricted"]}
    yield resource("aws:lakeformation/lfTag:LfTag", "sensitivity", f"{ACCOUNT}:sensitivity", tag, 10)
    for number in range(max(1, tables // 1000)):
        database = {"name": f"db_{number}", "createTableDefaultPermissions": [], "locationUri": f"s3://lake/{number}/"}
        yield resource(
            "aws:glue/catalogDatabase:CatalogDatabase", f"db{number}", f"{ACCOUNT}:db_{number}", database, 20
        )
    for number in range(tables):
        yield from table(number, columns)


def table(number: int, columns: int) -> Iterator[dict[str, Any]]:
    database, name = f"db_{number // 1000}", f"table_{number}"
    listed = [
        {"__defaults": [], "name": f"c{at}_{number % 97}", "type": TYPES[at % len(TYPES)], "comment": f"column {at}"}
        for at in range(columns)
    ]
    inputs = {
        "name": name,
        "databaseName": database,
        "tableType": "EXTERNAL_TABLE",
        "parameters": {"classification": "parquet", "EXTERNAL": "TRUE"},
        "partitionKeys": [{"__defaults": [], "name": "day", "type": "date"}],
        "storageDescriptor": {
            "__defaults": [],
            "columns": listed,
            "location": f"s3://lake/{database}/{name}/",
            "inputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
            "outputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
            "serDeInfo": {
                "__defaults": [],
                "serializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
            },
        },
    }
    yield resource("aws:glue/catalogTable:CatalogTable", name, f"{ACCOUNT}:{database}:{name}", inputs, 30)
    grant = {
        "principal": f"arn:aws:iam::{ACCOUNT}:role/reader-{number % 50}",
        "permissions": ["SELECT"],
        "permissionsWithGrantOptions": [],
        "tableWithColumns": {
            "__defaults": [],
            "databaseName": database,
            "name": name,
            "wildcard": True,
            "excludedColumnNames": [f"c0_{number % 97}"],
        },
    }
    yield resource("aws:lakeformation/permissions:Permissions", f"grant-{name}", str(number), grant, 40)
    tags = {
        "table": {"__defaults": [], "databaseName": database, "name": name},
        "lfTags": [{"__defaults": [], "key": "sensitivity", "value": "internal"}],
    }
    yield resource("aws:lakeformation/resourceLfTags:ResourceLfTags", f"tags-{name}", str(number), tags, 50)


def write(out: TextIO, tables: int, columns: int, *, compact: bool = False) -> None:
    if compact:
        text = json.JSONEncoder(separators=(",", ":")).encode
        out.write('{"version":3,"deployment":{"manifest":{},"resources":[')
        out.writelines(("," if index else "") + text(item) for index, item in enumerate(resources(tables, columns)))
        out.write("]}}")
        return
    out.write('{\n    "version": 3,\n    "deployment": {\n        "manifest": {},\n        "resources": [\n')
    for index, item in enumerate(resources(tables, columns)):
        text_of = json.dumps(item, indent=4).replace("\n", "\n            ")
        out.write(("," if index else "") + "\n            " + text_of)
    out.write("\n        ]\n    }\n}\n")


if __name__ == "__main__":
    with Path(sys.argv[3]).open("w", encoding="utf-8") as file:
        write(file, int(sys.argv[1]), int(sys.argv[2]), compact="compact" in sys.argv[4:])
