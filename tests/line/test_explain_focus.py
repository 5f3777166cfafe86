"""What ``explain`` leaves unread changes nothing: focused on a question, both sides give the same answer as whole."""

from __future__ import annotations

import io
import itertools
import json
import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.declared import Source, StateError, read
from checks.focus import Focus
from checks.live import facts, recording
from floodline import inputs
from floodline.commands.explain import answers, paired, text
from floodline.errors import CannotStart

if TYPE_CHECKING:
    from line_world import World

ACCOUNT = "111122223333"
PEOPLE = [f"arn:aws:iam::{ACCOUNT}:role/a", f"arn:aws:iam::{ACCOUNT}:role/b", f"{ACCOUNT}:IAMPrincipals",
          "IAM_ALLOWED_PRINCIPALS", "iamallowedprincipals", "444455556666"]  # fmt: skip
DATABASES = ["d", "other"]
TABLES = ["t", "Größe", 'q"x']
SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:x"}


def told(focus: Focus, column: str | None, declared: Iterable[Any], live: Iterable[Any]) -> str:
    """The whole text of an answer, or a refusal, but for names that come near."""
    try:
        found = answers(focus, column, paired(declared, live))
    except CannotStart as error:
        return str(error).partition("; there is")[0]
    lines = [line for answer, pair in found for line in text(focus, answer, pair, declared=True)]
    return "\n".join(line.partition("; there is")[0] for line in lines)


# ------------------------------------------------------------------------------------------------------ the demo's lake
@pytest.mark.parametrize("name", ["untouched", "retag-database", "dropped-excluded-column", "new-admin"])
def test_the_demo_lake_focused_and_whole(world: World, name: str):
    path = str(world.recorded(name))
    live = inputs.recordings([path]).live.lakes
    declared = inputs.declaration([str(world.state)], [], []).place(live=tuple(lake.id for lake in live))
    tables = ["telemetry_raw.private_messages", "telemetry_curated.message_threads", "training_features.nothing",
              "telemetry_curated.keystroke_sessions"]  # fmt: skip
    for who, where in itertools.product(["role/marketing", "ml-engineer", "data-quality", "nobody"], tables):
        database, table = where.split(".")
        focus = Focus(who, database, table)
        seen = inputs.recordings([path], focus).live.lakes
        said = inputs.declaration([str(world.state)], [], [], focus).place(live=tuple(lake.id for lake in seen))
        assert len(said[0].tables) <= 2 < len(declared[0].tables)
        assert told(focus, None, said, seen) == told(Focus(who, database, table), None, declared, live)


# ------------------------------------------------------------------------------------------------------- random lakes
names = st.sampled_from(TABLES).flatmap(lambda name: st.sampled_from([name, name.upper(), name.lower()]))
databases = st.sampled_from(["d", "D", "other"])
values = st.sampled_from(["x", "y"])
tags = st.dictionaries(st.sampled_from(["k", "l"]), values, max_size=2)
people = st.sampled_from(PEOPLE)


@st.composite
def resources(draw: st.DrawFn) -> dict[str, Any]:
    """A resource of a grant, as AWS spells it."""
    place = {"DatabaseName": draw(databases), "Name": draw(names)}
    kind = draw(st.integers(0, 7))
    if kind == 0:
        return {"Table": {"DatabaseName": place["DatabaseName"], "TableWildcard": {}}}
    if kind == 1:
        return {"TableWithColumns": {**place, "ColumnNames": ["c"]}}
    if kind == 2:
        return {"TableWithColumns": {**place, "ColumnWildcard": {"ExcludedColumnNames": ["c"]}}}
    if kind == 3:
        pair = {"TagKey": draw(st.sampled_from(["k", "l"])), "TagValues": [draw(values)]}
        return {"LFTagPolicy": {"ResourceType": "TABLE", "Expression": [pair]}}
    if kind == 4:
        return {"DataCellsFilter": {"DatabaseName": place["DatabaseName"], "TableName": place["Name"], "Name": "f"}}
    if kind == 5:
        return {"Catalog": {}}
    if kind == 6:
        return {"Wormhole": {"Name": "w"}}
    return {"Table": place}


grants = st.fixed_dictionaries({
    "Principal": st.fixed_dictionaries({"DataLakePrincipalIdentifier": people}),
    "Resource": resources(),
    "Permissions": st.sampled_from([["SELECT"], ["DESCRIBE", "SELECT"], ["ALL"], ["INSERT"], ["SUPER_USER"]]),
})  # fmt: skip
filters = st.fixed_dictionaries({
    "TableCatalogId": st.just(ACCOUNT), "DatabaseName": databases, "TableName": names, "Name": st.just("f"),
    "RowFilter": st.sampled_from([{"AllRowsWildcard": {}}, {"FilterExpression": "c = 1"}]),
    "ColumnWildcard": st.just({}),
})  # fmt: skip


def pairs(found: dict[str, str]) -> list[dict[str, Any]]:
    return [{"TagKey": key, "TagValues": [value]} for key, value in found.items()]


@st.composite
def hits(draw: st.DrawFn) -> dict[str, Any]:
    """A hit of a search for tables, which may show tags of its database."""
    found: dict[str, Any] = {"Table": {"DatabaseName": draw(databases), "Name": draw(names)}}
    for member in ("LFTagOnDatabase", "LFTagsOnTable"):
        if draw(st.booleans()):
            found[member] = pairs(draw(tags))
    if draw(st.booleans()):
        found["LFTagsOnColumns"] = [{"Name": "c", "LFTags": pairs(draw(tags))}]
    return found


@st.composite
def tables(draw: st.DrawFn) -> dict[str, Any]:
    location = draw(st.sampled_from(["s3://lake/d/", "s3://elsewhere/"]))
    found = {
        "Name": draw(names),
        "StorageDescriptor": {"Columns": [{"Name": "c"}, {"Name": "e"}], "Location": location},
    }
    return {**found, "DatabaseName": draw(databases)} if draw(st.booleans()) else found


@st.composite
def recorded(draw: st.DrawFn) -> bytes:
    """A recording: listings of a page or two, in any order, some refused, some never asked for, some cut off."""
    every = {"Expression": [{"TagKey": "k", "TagValues": draw(st.sampled_from([["x", "y"], ["x"], ["*"]]))}]}
    listings: list[tuple[str, str, dict[str, Any], str, st.SearchStrategy[Any]]] = [
        ("lakeformation", "ListPermissions", {}, "PrincipalResourcePermissions", grants),
        ("lakeformation", "ListDataCellsFilter", {}, "DataCellsFilters", filters),
        ("lakeformation", "SearchTablesByLFTags", every, "TableList", hits()),
        ("glue", "GetTables", {"DatabaseName": "d"}, "TableList", tables()),
        ("glue", "GetTables", {"DatabaseName": "other"}, "TableList", tables()),
    ]
    settings = {
        "DataLakeSettings": {"DataLakeAdmins": [{"DataLakePrincipalIdentifier": PEOPLE[draw(st.integers(0, 1))]}]}
    }
    lines: list[dict[str, Any]] = []

    def line(service: str, operation: str, request: dict[str, Any], **rest: Any) -> None:
        lines.append({"account": ACCOUNT, "region": "us-east-1", "service": service, "operation": operation,
                      "request": request, **rest})  # fmt: skip

    line("sts", "GetCallerIdentity", {}, response={"Arn": PEOPLE[0]})
    line("lakeformation", "GetDataLakeSettings", {}, response=settings)
    whole = {
        "ListLFTags": {"LFTags": [{"TagKey": "k", "TagValues": ["x", "y"]}]},
        "ListLFTagExpressions": {"LFTagExpressions": []},
        "ListLakeFormationOptIns": {"LakeFormationOptInsInfoList": []},
        "ListRLSPolicies": {"RLSPolicies": []},
        "ListRLSPolicyAttachments": {"RLSPolicyAttachments": []},
        "ListResources": {"ResourceInfoList": [{"ResourceArn": "arn:aws:s3:::lake"}]},
        "SearchDatabasesByLFTags": {"DatabaseList": [{"Database": {"Name": "d"}, "LFTags": pairs(draw(tags))}]},
    }
    for operation, answer in whole.items():
        line("lakeformation", operation, every if operation.startswith("Search") else {}, response=answer)
    line("glue", "GetDatabases", {}, response={"DatabaseList": [{"Name": "d"}, {"Name": "OTHER"}]})
    line("glue", "GetResourcePolicies", {}, response={"GetResourcePoliciesResponseList": []})
    for service, operation, request, member, rows in listings:
        how = draw(st.integers(0, 14))
        if how == 0:
            continue
        if how == 1:
            line(service, operation, request, error={"code": "AccessDeniedException", "message": "no"})
            continue
        token = ""
        for page in range(draw(st.integers(1, 3))):
            response: dict[str, Any] = {member: draw(st.lists(rows, max_size=4)), "NextToken": f"{operation}{page}"}
            line(service, operation, {**request, **({"NextToken": token} if token else {})}, response=response)
            token = response["NextToken"]
        if how != 2:
            del response["NextToken"]
    if draw(st.booleans()):
        for database, name in draw(st.lists(st.tuples(databases, names), max_size=3)):
            on = {"Resource": {"Table": {"DatabaseName": database, "Name": name}}}
            line("lakeformation", "GetResourceLFTags", on, response={"LFTagsOnTable": pairs(draw(tags))})
    order = draw(st.permutations(lines)) if draw(st.booleans()) else lines
    ascii_only = draw(st.booleans())
    head = {"floodline_recording": 1}
    return b"".join(json.dumps(one, ensure_ascii=ascii_only).encode() + b"\n" for one in (head, *order))


@st.composite
def declared(draw: st.DrawFn) -> bytes:
    """A state of tables, tags, grants and filters, some of them secret, odd or in another region."""

    def text(value: str) -> Any:
        how = draw(st.integers(0, 16))
        return SECRET if how == 0 else None if how == 1 else value

    def place() -> dict[str, Any]:
        return {"databaseName": text(draw(databases)), "name": text(draw(names))}

    kinds = {
        "aws:glue/catalogTable:CatalogTable": lambda: {
            **place(), "storageDescriptor": {"columns": [{"name": "c"}], "location": "s3://lake/d/"}},
        "aws:glue/catalogDatabase:CatalogDatabase": lambda: {"name": draw(databases)},
        "aws:lakeformation/permissions:Permissions": lambda: {
            "principal": text(draw(people)), "permissions": ["SELECT"],
            **draw(st.sampled_from([
                {"table": place()}, {"table": {"databaseName": "d", "wildcard": True}}, {"catalogResource": True},
                {"tableWithColumns": {**place(), "columnNames": ["c"]}},
                {"lfTagPolicy": {"resourceType": "TABLE", "expressions": [{"key": "k", "values": ["x"]}]}},
            ]))},
        "aws:lakeformation/resourceLfTags:ResourceLfTags": lambda: {
            **draw(st.sampled_from([{"table": place()}, {"database": {"name": "d"}},
                                    {"table": {"databaseName": draw(databases), "wildcard": True}}])),
            "lfTags": [{"key": text(key), "value": value} for key, value in draw(tags).items()]},
        "aws:lakeformation/resourceLfTag:ResourceLfTag": lambda: {
            "table": place(), "lfTag": {"key": "m", "value": "x"}},
        "aws:lakeformation/dataCellsFilter:DataCellsFilter": lambda: {
            "tableData": {"databaseName": "d", "tableName": text(draw(names)), "name": "f",
                          "columnWildcard": {}, "rowFilter": {"filterExpression": "c = 2"}}},
        "aws:glue/newThing:NewThing": dict,
    }  # fmt: skip
    found = []
    for index in range(draw(st.integers(0, 10))):
        kind = draw(st.sampled_from(sorted(kinds)))
        inputs = {name: value for name, value in kinds[kind]().items() if value is not None}
        if draw(st.integers(0, 5)) == 0:
            inputs["region"] = "eu-west-1"
        ident = draw(st.sampled_from([f"{ACCOUNT}:d:t", "4242", "444455556666:d:t"]))
        outputs = draw(st.sampled_from([{}, {"arn": f"arn:aws:glue:us-east-1:{ACCOUNT}:table/d/t"}, {"name": "t"}]))
        found.append({"urn": f"urn:pulumi:dev::lake::{kind}::{index}", "type": kind, "custom": True, "id": ident,
                      "inputs": inputs, "outputs": outputs,
                      "provider": draw(st.sampled_from(["urn:pulumi:dev::lake::pulumi:providers:aws::p::0", None]))})  # fmt: skip
    if draw(st.booleans()):
        found.insert(0, {"urn": "urn:pulumi:dev::lake::pulumi:providers:aws::p", "type": "pulumi:providers:aws",
                         "custom": True, "id": "0", "inputs": {"region": "us-east-1"}})  # fmt: skip
    ascii_only = draw(st.booleans())
    return json.dumps({"version": 3, "deployment": {"resources": found}}, ensure_ascii=ascii_only).encode()


def answered(focus: Focus, column: str | None, state: bytes, live: bytes, *, narrow: bool) -> str:
    given = focus if narrow else None
    header, stream = recording.read(io.BytesIO(live), "live")
    lakes = facts.build(stream, header, given).lakes
    try:
        placed = read([Source("state", "state", state)], given).place(live=tuple(lake.id for lake in lakes))
    except StateError as error:
        return str(error)
    return told(focus, column, placed, lakes)


@settings(max_examples=int(os.environ.get("FLOODLINE_PAIRS", "1000")) // 8, deadline=None, derandomize=True)
@given(declared(), recorded(), st.sampled_from(["role/a", PEOPLE[1], "b", "IAM_ALLOWED_PRINCIPALS", "444455556666"]),
       names, databases, st.sampled_from([None, "c", "e"]))  # fmt: skip
def test_random_lakes_focused_and_whole(
    state: bytes, live: bytes, who: str, table: str, database: str, column: str | None
):
    question = who, database.lower(), table.lower()
    focused = answered(Focus(*question), column, state, live, narrow=True)
    assert focused == answered(Focus(*question), column, state, live, narrow=False)


# ------------------------------------------------------------------------------------------- what chance hardly ever hits
def line(service: str, operation: str, response: Any, **request: Any) -> bytes:
    found = {"account": ACCOUNT, "region": "us-east-1", "service": service, "operation": operation,
             "request": request, "response": response}  # fmt: skip
    return json.dumps(found).encode() + b"\n"


def state(*found: tuple[str, dict[str, Any]], provider: str | None = None) -> bytes:
    listed = [
        {
            "urn": f"urn:pulumi:dev::lake::{kind}::{index}",
            "type": kind,
            "custom": True,
            "inputs": inputs,
            "provider": provider,
        }
        for index, (kind, inputs) in enumerate(found)
    ]
    return json.dumps({"version": 3, "deployment": {"resources": listed}}).encode()


HEAD = b'{"floodline_recording": 1}\n'
TAGS = "aws:lakeformation/resourceLfTags:ResourceLfTags"
GRANT = "aws:lakeformation/permissions:Permissions"


def test_a_tag_key_of_another_table_is_the_declarations_own():
    """A database about which nothing is declared keeps live tags, but those whose keys some stack assigns elsewhere."""
    policy = {"resourceType": "TABLE", "expressions": [{"key": "k", "values": ["x"]}]}
    held = (GRANT, {"principal": PEOPLE[0], "permissions": ["SELECT"], "lfTagPolicy": policy})
    elsewhere = (TAGS, {"table": {"databaseName": "other", "name": "u"}, "lfTags": [{"key": "K", "value": "y"}]})
    live = HEAD + line("glue", "GetTables", {"TableList": [{"Name": "t"}]}, DatabaseName="d")
    live += line("lakeformation", "SearchTablesByLFTags", {"TableList": [
        {"Table": {"DatabaseName": "d", "Name": "t"}, "LFTagsOnTable": pairs({"k": "x"})}]}, Expression=[])  # fmt: skip
    for found, way in (((held,), True), ((held, elsewhere), False)):
        both = {
            answered(Focus("role/a", "d", "t"), None, state(*found), live, narrow=narrow) for narrow in (True, False)
        }
        assert len(both) == 1
        assert ("declared:\n  SELECT through tables tagged k = x" in both.pop()) is way


def test_whose_lake_nobody_tells_is_asked_as_ever():
    homeless = state(
        (GRANT, {"principal": "x", "permissions": ["SELECT"], "table": {"databaseName": "d", "name": "t"}})
    )
    for narrow in (True, False):
        assert "--account" in answered(Focus("role/a", "d", "t"), None, homeless, HEAD, narrow=narrow)


def test_the_account_inside_a_grant_to_others_counts():
    """The catalog that a grant names tells the lake where nothing else does: another lake, of which nothing was read."""
    inside = {"catalogId": "444455556666", "databaseName": "d", "name": "t"}
    other = (GRANT, {"principal": PEOPLE[1], "permissions": ["SELECT"], "table": inside, "region": "us-east-1"})
    live = HEAD + line("glue", "GetTables", {"TableList": [{"Name": "t"}]}, DatabaseName="d")
    both = {answered(Focus(PEOPLE[0], "d", "t"), None, state(other), live, narrow=narrow) for narrow in (True, False)}
    assert len(both) == 1
    assert "(444455556666/us-east-1)" in both.pop()


@pytest.mark.parametrize("read_too", [["t"], ["t", "u"]])
def test_tags_read_one_by_one_need_the_other_tables(read_too: list[str]):
    """Whether every table was asked about shows only beside the names of all."""
    live = HEAD + line("glue", "GetDatabases", {"DatabaseList": [{"Name": "d"}]})
    live += line("glue", "GetTables", {"TableList": [{"Name": "t"}], "NextToken": "1"}, DatabaseName="d")
    live += line("glue", "GetTables", {"TableList": [{"Name": "u"}]}, DatabaseName="d", NextToken="1")
    live += line("lakeformation", "ListLFTags", {"LFTags": [{"TagKey": "k", "TagValues": ["x"]}]})
    live += line("lakeformation", "SearchTablesByLFTags", {"TableList": [], "NextToken": "1"},
                 Expression=pairs({"k": "x"}))  # fmt: skip
    for name in read_too:
        live += line("lakeformation", "GetResourceLFTags", {}, Resource={"Table": {"DatabaseName": "d", "Name": name}})
    both = {answered(Focus(PEOPLE[0], "d", "t"), None, state(), live, narrow=narrow) for narrow in (True, False)}
    assert len(both) == 1
    assert ("SearchTablesByLFTags" in both.pop()) is (read_too == ["t"])


def test_the_names_of_what_was_left_out_are_kept():
    focus = Focus("role/a", "d", "none")
    rows = [{"Principal": {"DataLakePrincipalIdentifier": PEOPLE[1]}, "Resource": {"Catalog": {}}, "Permissions": []}]
    live = HEAD + line("glue", "GetTables", {"TableList": [{"Name": "Tables"}]}, DatabaseName="d")
    live += line("lakeformation", "ListPermissions", {"PrincipalResourcePermissions": rows})
    header, stream = recording.read(io.BytesIO(live), "live")
    (lake,) = facts.build(stream, header, focus).lakes
    assert (len(lake.tables), len(lake.grants)) == (0, 0)
    assert (focus.tables, focus.people) == ({"d.tables"}, {PEOPLE[1]})
