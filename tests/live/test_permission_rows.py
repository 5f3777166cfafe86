"""Rows of ListPermissions read by their bytes mean what ``normal`` says they mean, however they are written."""

from __future__ import annotations

import io
import json
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from checks import normal
from checks.grants import Grants, atoms
from checks.live import facts, recording, shapes
from checks.live.answer import Answer, Listed
from checks.live.decode import decode
from checks.live.draft import READERS, Draft
from checks.model import Resource, UnknownResource
from checks.semantics import PERMISSIONS, expand

ACCOUNT = "111122223333"
CALL = ("lakeformation", "ListPermissions")
names = st.sampled_from(
    ["sales", "Orders", "ALL_TABLES", "all_tables", "", 'a,"Name":"b', ',"ColumnNames":["x"]', "é\u2028"]
)
columns = st.lists(st.sampled_from(["id", "SSN", "ssn", "a]}", 'b,"Column']), max_size=3)
catalog = st.sampled_from([{}, {"CatalogId": ACCOUNT}, {"CatalogId": "444455556666"}])


@st.composite
def resources(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(
        st.sampled_from(["Table", "TableWithColumns", "TableWithColumns", "DataCellsFilter", "Database", "Odd"])
    )
    body: dict[str, Any] = {**draw(catalog), "DatabaseName": draw(names), "Name": draw(names)}
    match kind:
        case "Table":
            body |= draw(st.sampled_from([{}, {"TableWildcard": {}}]))
        case "TableWithColumns":
            named = st.fixed_dictionaries({"ColumnNames": columns})
            but = st.fixed_dictionaries({"ColumnWildcard": st.one_of(
                st.just({}), st.fixed_dictionaries({"ExcludedColumnNames": columns}))})  # fmt: skip
            body |= draw(st.one_of(st.just({}), named, but, st.tuples(named, but).map(lambda two: two[0] | two[1])))
        case "DataCellsFilter":
            body = {"TableCatalogId": body.pop("CatalogId", ACCOUNT), "TableName": draw(names), **body}
        case "Database":
            del body["DatabaseName"]
        case _:
            return {"Table": body, "Database": {"Name": "x"}} if draw(st.booleans()) else {kind: body}
    if draw(st.integers(0, 9)) == 0:
        body["Novelty"] = draw(st.sampled_from([1, "x", [',"ColumnNames":']]))
    return {kind: dict(draw(st.permutations(list(body.items()))))}


@st.composite
def rows(draw: st.DrawFn) -> dict[str, Any]:
    permissions = draw(st.lists(st.sampled_from(["SELECT", "ALL", "INSERT", "DESCRIBE", "FLY"]), max_size=3))
    lent = draw(st.lists(st.sampled_from(permissions), max_size=2)) if permissions else []
    row: dict[str, Any] = {
        "Principal": {"DataLakePrincipalIdentifier": draw(st.sampled_from(["IAM_Allowed_Principals", ACCOUNT]))},
        "Resource": draw(resources()),
        "Permissions": permissions,
        "PermissionsWithGrantOption": lent,
    }
    if draw(st.booleans()):
        row["Condition"] = {"Expression": "context.x == 1"}
    return row


def meant(row: dict[str, Any]) -> Resource:
    """Read a row's resource by ``normal`` and the service model."""
    try:
        msgspec.convert(row["Resource"], shapes.Resource)
    except msgspec.ValidationError:
        return UnknownResource(ACCOUNT, normal.canonical_json(row["Resource"]))
    return normal.resource(row["Resource"], ACCOUNT)


def slowly(page: list[dict[str, Any]]) -> dict[Any, set[Any]]:
    """Read rows by ``normal`` alone."""
    found: dict[Any, set[Any]] = {}
    for row in page:
        on = meant(row)
        who = normal.principal(row["Principal"]["DataLakePrincipalIdentifier"])
        key = who, on, normal.condition(row.get("Condition"))
        for one in normal.grant_rows(who, on, row["Permissions"], row["PermissionsWithGrantOption"]):
            held, passed = expand(one.permissions, on), expand(one.grantable, on)
            found.setdefault(key, set()).update({(name, False) for name in held} | {(name, True) for name in passed})
    return found


def quickly(pages: list[list[dict[str, Any]]], blanks: bool) -> Draft:
    draft = Draft(ACCOUNT, "us-east-1")
    for line, page in enumerate(pages, 2):
        body = {"PrincipalResourcePermissions": page}
        text = json.dumps(body, indent=1 if blanks else None, separators=None if blanks else (",", ":"))
        draft.add(Answer(ACCOUNT, "us-east-1", *CALL, {}, text.encode(), None, "", line))
    return draft


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(rows(), max_size=6), max_size=3), st.booleans())
def test_rows_read_by_their_bytes_mean_what_they_say(pages: list[list[dict[str, Any]]], blanks: bool) -> None:
    draft = quickly(pages, blanks)
    got = {(one.principal, one.resource, one.condition): set(atoms(one)) for one in draft.grants}
    assert got == slowly([row for page in pages for row in page])
    unheard = {name for page in pages for row in page for name in row["Permissions"]} - PERMISSIONS
    assert (
        {one for one in draft.tallies[CALL].unknown if one.startswith("permission ")}
        == {f"permission {name}" for name in unheard}
        if pages
        else True
    )
    unknown = {slow for page in pages for row in page if isinstance(slow := meant(row), UnknownResource)}
    assert {gap.scope for gap in draft.gaps.all()} == unknown


told = st.fixed_dictionaries({}, optional={
    "LastUpdated": st.sampled_from(["2026-11-23T10:00:00Z", "2026-11-23T10:00:00.123000Z", "\u0663 o'clock", "", None, 1.5]),
    "LastUpdatedBy": st.sampled_from(["arn:aws:iam::111122223333:role/a", "b", None, 5]),
    "AdditionalDetails": st.sampled_from([{}, {"ResourceShare": ["arn"]}]),
    "Novelty": st.just(1),
})  # fmt: skip


@st.composite
def told_rows(draw: st.DrawFn) -> dict[str, Any]:
    row = {**draw(rows()), **(draw(told) if draw(st.integers(0, 3)) == 0 else {"LastUpdated": "2026-01-01T00:00:00Z"})}
    if draw(st.integers(0, 9)) == 0:
        row |= draw(st.sampled_from([{"Principal": {}}, {"Permissions": "x"}, {"Resource": []}, {"Permissions": None}]))
    return dict(draw(st.permutations(list(row.items()))))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(told_rows(), max_size=5), max_size=4), st.booleans(), st.integers(0, 60))
def test_pages_decoded_with_their_line_say_what_pages_by_themselves_say(
    pages: list[list[dict[str, Any]]], blanks: bool, cut: int
) -> None:
    lines: list[dict[str, Any]] = [{"floodline_recording": 1}]
    first = {"account": ACCOUNT, "region": "us-east-1"}
    lines.append({**first, "service": "lakeformation", "operation": "ListLFTags", "response": {"LFTags": []}})
    for number, page in enumerate(pages):
        token = {"NextToken": f"{number}"} if number + 1 < len(pages) else {}
        asked = {"request": {"NextToken": f"{number - 1}"} if number else {}}
        lines.append({**first, "service": CALL[0], "operation": CALL[1], **asked,
                      "response": {"PrincipalResourcePermissions": page, **token}})  # fmt: skip
    text = b"".join(json.dumps(one, separators=None if blanks else (",", ":")).encode() + b"\n" for one in lines)
    if cut < 40:
        text = text[: -cut or None]
    slow, fast = (facts.build_many([way(io.BytesIO(text), "lake")]) for way in (recording.read, recording.listed))
    assert fast == slow
    assert repr(fast) == repr(slow)


def test_a_plain_page_is_read_with_its_line() -> None:
    row = {"Principal": {"DataLakePrincipalIdentifier": ACCOUNT}, "Resource": {"Database": {"Name": "d"}},
           "Permissions": ["DESCRIBE"]}  # fmt: skip
    line: dict[str, Any] = {"account": ACCOUNT, "region": "r", "service": CALL[0], "operation": CALL[1],
                            "response": {"PrincipalResourcePermissions": [row]}}  # fmt: skip
    text = b'{"floodline_recording":1}\n' + json.dumps(line, separators=(",", ":")).encode()
    _, answers = recording.listed(io.BytesIO(text), "lake")
    (page,) = answers
    assert isinstance(page, Listed)
    draft = Draft(ACCOUNT, "r")
    assert draft.take(page)
    assert [one.permissions for one in draft.grants] == [{"DESCRIBE"}]


def test_columns_before_the_tables_name_are_not_overlooked() -> None:
    # Columns that are named and columns that are left out at once: what stands before the table counts as well.
    for body in (
        {"ColumnNames": ["id"], "DatabaseName": "d", "Name": "t", "ColumnWildcard": {"ExcludedColumnNames": ["ssn"]}},
        {"ColumnWildcard": {"ExcludedColumnNames": ["ssn"]}, "DatabaseName": "d", "Name": "t", "ColumnNames": ["id"]},
    ):
        row = {"Principal": {"DataLakePrincipalIdentifier": ACCOUNT}, "Resource": {"TableWithColumns": body},
               "Permissions": ["SELECT"]}  # fmt: skip
        draft = quickly([[row]], blanks=False)
        assert [one.resource for one in draft.grants] == [meant(row)]


def test_evidence_points_at_the_row_and_says_who_wrote_it_and_when() -> None:
    def row(name: str, **more: Any) -> dict[str, Any]:
        return {
            "Principal": {"DataLakePrincipalIdentifier": ACCOUNT},
            "Resource": {"Database": {"Name": name}},
            "Permissions": ["DESCRIBE"],
            **more,
        }

    long = "2026-11-23T10:00:00.000000000000000+00:00"
    told: list[dict[str, Any]] = [{"LastUpdated": "2026-11-23T10:00:00Z", "LastUpdatedBy": "arn:x"}, {"LastUpdated": None}, {"LastUpdated": long},
            {"LastUpdated": 1.5, "LastUpdatedBy": None}, {}]  # fmt: skip
    draft = quickly([[row(f"d{n}", **more) for n, more in enumerate(told)], [row("d9"), row("d0")]], blanks=False)
    found = list(draft.grants)
    assert [(one.evidence.line, one.evidence.pointer[-2:]) for one in found if one.evidence] == [
        (2, "/0"), (2, "/1"), (2, "/2"), (2, "/3"), (2, "/4"), (3, "/0"),
    ]  # fmt: skip
    assert [(one.updated, one.updated_by) for one in found] == [
        ("2026-11-23T10:00:00Z", "arn:x"), (None, None), (long, None), (None, None), (None, None), (None, None),
    ]  # fmt: skip


def test_a_malformed_row_is_a_gap_and_the_others_are_read() -> None:
    good = {"Principal": {"DataLakePrincipalIdentifier": ACCOUNT}, "Resource": {"Database": {"Name": "d"}},
            "Permissions": ["DESCRIBE"]}  # fmt: skip
    for bad in ({"Principal": {}}, {"Principal": 5}, {"Permissions": "x"}, {"Permissions": [1]}, {"Resource": []},
                {"LastUpdatedBy": 5}, {"PermissionsWithGrantOption": {}}):  # fmt: skip
        draft = quickly([[{**good, **bad}, good]], blanks=False)
        assert [one.permissions for one in draft.grants] == [{"DESCRIBE"}], bad
        (gap,) = draft.gaps.all()
        assert "line 2" in gap.reason, bad


def test_the_page_as_a_whole_is_typed() -> None:
    spec = READERS[CALL].spec
    found = decode(spec, b'{"PrincipalResourcePermissions":[],"NextToken":"t"}')
    assert (found.token, found.rows) == ("t", [])
    assert isinstance(Grants(), Grants)
