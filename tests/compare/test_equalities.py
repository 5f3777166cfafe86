"""Why what looks like drift is none: the normalisations at work are named, and no others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from random_lakes import pairs
from small_lakes import (
    ACCOUNT,
    ANALYST,
    CLIENTS,
    EVERYBODY_HERE,
    NOTES,
    ORDERS,
    all_tables,
    cells,
    columns,
    database,
    give,
    lake,
    location,
    table,
    tagged,
)
from test_compare_alike import ALIKE
from test_compare_lookalikes import REMARKS, SILENT

from checks.compare import compare
from checks.equalities import ALWAYS, BY_ID, NORMALISATIONS, When, equalities
from checks.grants import Grants
from checks.model import (
    AllExcept,
    AnyResource,
    Catalog,
    DatabaseInfo,
    Evidence,
    ExitCode,
    Lake,
    LFTag,
    Location,
    OptIn,
    Permission,
    Side,
)

READ = give(ANALYST, "SELECT", table("sales.orders"))
EU = cells("sales.orders", "eu")
READ_EU = give(ANALYST, "SELECT", EU)
INSIDE = {
    "12b-09-inside-a-wildcard": {"N30"},
    "12b-09-inside-the-accounts-group": {"N31"},
    "12b-11-order-and-duplicates": {"N27"},
    "12b-22-sharing-version-raised": set(),  # declared, and so told as a change
    "12b-06-exclusion-of-a-column-to-come-dropped": {"N27"},
    "12b-06-listed-column-to-come": {"N27"},
}
"""Cases of 12b whose reason has an id other than the case's number."""


def ids(declared: Lake, live: Lake) -> set[str]:
    return {one.normalisation.id for one in equalities(declared, live)}


# ----------------------------------------------------------------------------------------------------------- the list
def test_the_list_is_whole_and_each_entry_says_why():
    assert [one.id for one in NORMALISATIONS] == [f"N{number:02}" for number in range(1, len(NORMALISATIONS) + 1)]
    assert len({one.name for one in NORMALISATIONS}) == len(NORMALISATIONS)
    for one in NORMALISATIONS:
        assert one.reason.endswith(".")
        assert one.certainty in set("DMCIP")
        assert one.source.startswith("https://")
        assert (one.name + one.reason).isprintable()
    assert all(one.when is When.READING for one in ALWAYS)


# ------------------------------------------------------------------------------------------------- each look-alike
@pytest.mark.parametrize(
    ("name", "declared", "live"),
    [(str(case.id), case.values[0], case.values[1]) for case in ALIKE if case.values[2] is ExitCode.CLEAN],
)
def test_each_lookalike_says_through_which_normalisation_it_is_equal(name: str, declared: Lake, live: Lake) -> None:
    number = f"N{name.split('-')[1]}"
    found = ids(declared, live)
    if name in INSIDE:
        assert INSIDE[name] <= found
    elif BY_ID[number].when in (When.READING, When.NOT_COMPARED):
        # Nothing is left to be made equal: both sides read as the same rows.
        assert BY_ID[number] in ALWAYS or BY_ID[number].when is When.NOT_COMPARED
        mine = Grants.packed(declared.grants)
        theirs = Grants.packed(live.grants, mine.pool)
        assert set(mine) == set(theirs)
        assert found <= {"N22"}
    else:
        assert number in found


@pytest.mark.parametrize(
    ("name", "declared", "live"),
    [(str(case.id), case.values[0], case.values[1]) for case in ALIKE if case.values[2] is not ExitCode.CLEAN],
)
def test_a_near_miss_is_not_explained_away(name: str, declared: Lake, live: Lake) -> None:
    expected = {"N09"} if name == "12b-09-by-the-declared-tags" else set()  # there the tag is what is told
    assert ids(declared, live) == expected


OTHERS = {
    "declared DESCRIBE that is implied": {"N02"},
    "two grants on columns and one": {"N27"},
    "two tag grants and one": {"N28"},
    "a named subset of columns below an exclusion": {"N06"},
    "a partition key on the list changes nothing": {"N27"},
    "a narrower wildcard tomorrow": {"N08"},
    "a parameter that AWS adds": {"N38"},
    "no defaults declared and none live": {"N37"},
    "DESCRIBE with grant option that is implied": {"N02", "N25"},
    "a value that no table has": {"N28"},
    "a missing row whose access others give": {"N09"},
}


@pytest.mark.parametrize(
    ("name", "declared", "live"),
    [(str(case.id), *case.values[:2]) for case in (*SILENT, *REMARKS) if case.id in OTHERS],
)
def test_the_other_silent_cases(name: str, declared: Lake, live: Lake) -> None:
    assert OTHERS[name] <= ids(declared, live)


def test_a_grant_on_some_columns_is_no_list_of_all_of_them() -> None:
    whole, some = give(ANALYST, "SELECT", table("sales.orders")), give(ANALYST, "SELECT", columns("sales.orders", "id"))
    every = give(ANALYST, "SELECT", columns("sales.orders", "id", "email", "ssn"))
    assert "N05" in ids(lake([whole]), lake([every]))
    assert {"N27"} == ids(lake([whole]), lake([whole, some])) - {"N37"}


LINKED = "arn:aws:iam::111122223333:role/aws-service-role/lakeformation.amazonaws.com/AWSServiceRoleForLakeFormation"
PLACE = Location("arn:aws:s3:::lake")
STATEMENT = '{"Action":["glue:GetTable"],"Effect":"Allow","Principal":{"AWS":["arn:aws:iam::444455556666:root"]},"Resource":["*"]}'


def tags_of(*values: str) -> LFTag:
    return LFTag(ACCOUNT, "domain", frozenset(values))


@pytest.mark.parametrize(
    ("declared", "live", "expected"),
    [
        (lake([give(ANALYST, "SUPER_USER", Catalog(ACCOUNT))]), lake([give(ANALYST, "SUPER_USER", Catalog(ACCOUNT)), READ]), "N32"),
        (lake([give(ANALYST, "SELECT", AnyResource(ACCOUNT, "TABLE"))]),
         lake([give(ANALYST, "SELECT", AnyResource(ACCOUNT, "TABLE")), READ]), "N32"),
        (lake([give(ANALYST, "DATA_LOCATION_ACCESS", location("lake"))], locations=[PLACE]),
         lake([give(ANALYST, "DATA_LOCATION_ACCESS", location("lake")), give(ANALYST, "DATA_LOCATION_ACCESS", location("lake/raw"))],
              locations=[PLACE]), "N33"),
        (lake([READ]), lake([READ, READ_EU], filters={EU: (AllExcept(), "id = 1")}), "N34"),
        (lake([READ]), lake([READ, give(ANALYST, "SELECT", table("sales.orders"), condition="c")]), "N35"),
        (lake([READ], settings={"DataLakeAdmins": []}), lake([READ], settings={}), "N36"),
        (lake([READ], optins=[OptIn(ANALYST, table("sales.orders"))]), lake([READ], optins=[OptIn(ANALYST, database("sales"))]), "N41"),
        (lake([READ], locations=[PLACE]), lake([READ], locations=[replace(PLACE, role=LINKED)]), "N42"),
        (lake([give(ANALYST, "DESCRIBE", tags_of("sales")), give(ANALYST, "DESCRIBE", tags_of("hr"))]),
         lake([give(ANALYST, "DESCRIBE", tags_of("sales", "hr"))]), "N45"),
        (lake([READ], tags={database("sales"): {"domain": "sales"}}),
         lake([READ], tags={database("sales"): {"domain": "sales"}, table("sales.orders"): {"domain": "sales"}}), "N29"),
        (lake([give(EVERYBODY_HERE, "CREATE_TABLE", database("sales"))]),
         lake([give(EVERYBODY_HERE, "CREATE_TABLE", database("sales")), give(ANALYST, "CREATE_TABLE", database("sales"))]), "N31"),
        (lake([give(ANALYST, "CREATE_TABLE", tagged("DATABASE", domain="sales"))], tags={database("sales"): {"domain": "sales"}}),
         lake([give(ANALYST, "CREATE_TABLE", tagged("DATABASE", domain="sales")), give(ANALYST, "CREATE_TABLE", database("sales"))],
              tags={database("sales"): {"domain": "sales"}}), "N09"),
        (lake([READ_EU], filters={EU: (AllExcept(frozenset({"ssn"})), None)}),
         lake([READ_EU], filters={EU: (columns("sales.orders", "id", "email").columns, None)}), "N06"),
        (lake([give(ANALYST, "SELECT", tagged(saved="s"))], saved={"s": tagged(domain="sales hr")}),
         lake([give(ANALYST, "SELECT", tagged(saved="s"))], saved={"s": tagged(domain="hr sales")}), None),
        (lake([READ], tables=[replace(ORDERS, view_text="select  1"), NOTES]),
         lake([READ], tables=[replace(ORDERS, view_text="select\n1"), NOTES]), "N44"),
    ],
)  # fmt: skip
def test_further_normalisations(declared: Lake, live: Lake, expected: str | None) -> None:
    assert ids(declared, live) == (set() if expected is None else {expected})


def test_policies_of_other_statements():
    wider = STATEMENT.replace("glue:GetTable", "glue:Get*")
    declared = lake([READ], policies=[f'{{"Statement":[{STATEMENT},{wider}]}}'])
    live = lake([READ], policies=[f'{{"Statement":[{wider}]}}'])
    assert ids(declared, live) == {"N40"}
    assert ids(live, lake([READ], policies=[f'{{"Statement":[{STATEMENT}]}}'])) == set()


# --------------------------------------------------------------------------------------------------------------- laws
def test_counts_and_examples():
    declared = lake([give(ANALYST, "SELECT", all_tables("sales"))], tables=[ORDERS, CLIENTS, NOTES])
    live = lake([give(ANALYST, "SELECT", all_tables("sales")), READ, give(ANALYST, "SELECT", table("sales.clients"))])
    (one,) = equalities(declared, live)
    assert (one.normalisation.id, one.count) == ("N30", 2)
    assert one.example == "live: role/analyst has SELECT on sales.orders"


def test_a_row_with_a_finding_is_never_called_equal():
    seen = Evidence(Side.LIVE, 3, "/response/x/0")
    rows = [replace(one, evidence=seen) for one in give(ANALYST, "SELECT", all_tables("sales"))]
    declared, live = lake([READ]), lake([rows, give(ANALYST, "SELECT", table("hr.notes"))])
    assert [one.verdict.value for one in compare(declared, live).findings if one.exposure]
    assert ids(declared, live) <= {"N08", "N30"}  # the declared row, which the wildcard gives too
    assert all("live:" not in one.example for one in equalities(declared, live))


def test_hostile_names_do_not_reach_the_example():
    hostile = give(ANALYST, "SELECT", table("sales.\u202e\x1b[31m"))
    declared = lake([give(ANALYST, "SELECT", all_tables("sales"))])
    live = lake([give(ANALYST, "SELECT", all_tables("sales")), hostile], tables=[
        ORDERS, CLIENTS, NOTES, replace(ORDERS, id=table("sales.\u202e\x1b[31m"))])  # fmt: skip
    assert all(one.example.isprintable() for one in equalities(declared, live))
    assert ids(declared, live) == {"N30"}


def test_findings_may_be_handed_in():
    declared = lake([READ])
    live = lake([READ, give(ANALYST, "DESCRIBE", table("sales.orders"))])
    assert equalities(declared, live, compare(declared, live).findings) == equalities(declared, live)


def test_no_defaults_is_not_said_of_defaults():
    told = lake([READ], databases=[DatabaseInfo(database("sales"), table_defaults=frozenset())])
    now = lake([READ], databases=[
        DatabaseInfo(database("sales"), table_defaults=frozenset({(ANALYST, frozenset({Permission("SELECT")}))}))])  # fmt: skip
    assert ids(told, now) == set()


@given(both=pairs())
@settings(deadline=None, derandomize=True, database=None, max_examples=60)
def test_it_answers_on_any_lakes_and_a_lake_needs_no_excuse_before_itself(both: Any) -> None:
    declared, live = both
    assert equalities(live, live) == ()
    for one in equalities(declared, live):
        assert one.normalisation.when in (When.COMPARING, When.REMARK)
        assert one.count > 0
        assert one.example
