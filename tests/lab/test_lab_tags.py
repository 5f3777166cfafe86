"""LF-tags: per key, inherited, overridden, found by search; saved expressions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import settings as law
from hypothesis import strategies as st
from lab_world import (
    ANALYST,
    AUDITOR,
    EVENTS,
    RAW,
    columns_of,
    glue,
    grant,
    lf,
    listed,
    make_table,
    pages,
    settle,
    tag,
    untag,
    who,
)

from lab.lakeformation import AwsError
from lab.server import Lab

COLUMNS = ["person", "text", "at", "day"]


def plain(pairs):
    return {pair["TagKey"]: pair["TagValues"][0] for pair in pairs or ()}


def tags_of(lab, resource, *, assigned=False):
    found = lf(lab, "GetResourceLFTags", Resource=resource, ShowAssignedLFTags=assigned)
    columns = {column["Name"]: plain(column["LFTags"]) for column in found.get("LFTagsOnColumns", ())}
    return plain(found.get("LFTagOnDatabase")), plain(found.get("LFTagsOnTable")), columns


def search(lab, principal=None, kind="Tables", **tags):
    expression = [{"TagKey": key, "TagValues": values} for key, values in tags.items()]
    member = "TableList" if kind == "Tables" else "DatabaseList"
    walk = pages(lambda **p: lf(lab, f"Search{kind}ByLFTags", principal, Expression=expression, **p))
    return [row for page in walk for row in page[member]]


def names(rows):
    return [row["Table"]["Name"] for row in rows]


# -------------------------------------------------------------------------------------------------------------- keys
def test_keys_and_values_are_stored_in_lower_case(lab):
    found = lf(lab, "GetLFTag", TagKey="SENSITIVITY")
    assert (found["TagKey"], found["TagValues"]) == ("sensitivity", ["public", "internal", "restricted"])
    with pytest.raises(AwsError, match="already exists"):
        lf(lab, "CreateLFTag", TagKey="sensitivitY", TagValues=["x"])


def test_a_value_that_something_carries_cannot_be_deleted(lab):
    tag(lab, columns_of("text"), Domain="HR")
    with pytest.raises(AwsError, match="still assigned"):
        lf(lab, "UpdateLFTag", TagKey="domain", TagValuesToDelete=["Hr"])
    untag(lab, columns_of("text"), domain="hr")
    lf(lab, "UpdateLFTag", TagKey="domain", TagValuesToDelete=["hr"], TagValuesToAdd=["Law"])
    assert lf(lab, "GetLFTag", TagKey="domain")["TagValues"] == ["it", "law"]


def test_retagging_and_deleting_objects_free_the_value(lab):
    make_table(lab, "gone")
    tag(lab, {"Table": {"DatabaseName": "raw", "Name": "gone"}}, domain="hr")
    tag(lab, columns_of("text", table="gone"), domain="hr")
    glue(lab, "DeleteTable", DatabaseName="raw", Name="gone")
    tag(lab, EVENTS, domain="hr")
    tag(lab, EVENTS, domain="it")
    lf(lab, "UpdateLFTag", TagKey="domain", TagValuesToDelete=["hr"])


def test_deleting_a_key_takes_it_from_every_object(lab):
    tag(lab, RAW, domain="hr", sensitivity="public")
    tag(lab, columns_of("text"), domain="it")
    lf(lab, "DeleteLFTag", TagKey="domain")
    _, table, columns = tags_of(lab, EVENTS)
    assert table == {"sensitivity": "public"}
    assert all(found == {"sensitivity": "public"} for found in columns.values())
    with pytest.raises(AwsError, match="EntityNotFoundException"):
        lf(lab, "GetLFTag", TagKey="domain")


def test_only_known_values_can_be_assigned(lab):
    failures = tag(lab, RAW, domain="nowhere", sensitivity="public")
    assert [(f["LFTag"]["TagKey"], f["Error"]["ErrorCode"]) for f in failures] == [
        ("domain", "EntityNotFoundException")
    ]
    assert tags_of(lab, RAW)[0] == {"sensitivity": "public"}
    with pytest.raises(AwsError, match="exactly one value"):
        lf(lab, "AddLFTagsToResource", Resource=RAW, LFTags=[{"TagKey": "domain", "TagValues": ["hr", "it"]}])


# ------------------------------------------------------------------------------------------------------- inheritance
def test_a_retag_replaces_per_key_and_leaves_the_others(lab):
    tag(lab, EVENTS, domain="hr", sensitivity="public")
    tag(lab, EVENTS, sensitivity="restricted")
    assert tags_of(lab, EVENTS)[1] == {"domain": "hr", "sensitivity": "restricted"}


def test_tags_flow_down_and_are_overridden(lab):
    tag(lab, RAW, domain="hr", sensitivity="public")
    tag(lab, EVENTS, sensitivity="internal")
    tag(lab, columns_of("text"), sensitivity="restricted")
    database, table, columns = tags_of(lab, EVENTS)
    assert database == {"domain": "hr", "sensitivity": "public"}
    assert table == {"domain": "hr", "sensitivity": "internal"}
    assert columns == {c: {"domain": "hr", "sensitivity": "restricted" if c == "text" else "internal"} for c in COLUMNS}
    assert tags_of(lab, EVENTS, assigned=True) == (
        {},
        {"sensitivity": "internal"},
        {"text": {"sensitivity": "restricted"}},
    )


def test_removing_an_override_brings_the_inherited_value_back(lab):
    tag(lab, RAW, sensitivity="public")
    tag(lab, EVENTS, sensitivity="restricted")
    assert untag(lab, EVENTS, sensitivity="restricted") == []
    assert tags_of(lab, EVENTS)[1] == {"sensitivity": "public"}


def test_an_inherited_value_cannot_be_removed_below(lab):
    tag(lab, RAW, sensitivity="public")
    assert len(untag(lab, EVENTS, sensitivity="public")) == 1
    assert tags_of(lab, EVENTS)[1] == {"sensitivity": "public"}


def test_column_tags_go_with_their_column(lab):
    tag(lab, columns_of("text"), domain="hr")
    names = [{"Name": "at", "Type": "string"}]
    table = {"Name": "events", "StorageDescriptor": {"Columns": names}}
    glue(lab, "UpdateTable", DatabaseName="raw", TableInput=table)
    names.append({"Name": "text", "Type": "string"})
    glue(lab, "UpdateTable", DatabaseName="raw", TableInput=table)
    assert tags_of(lab, EVENTS)[2] == {}


def test_a_column_wildcard_tags_every_column_of_today(lab):
    wildcard = {"DatabaseName": "raw", "Name": "events", "ColumnWildcard": {}}
    tag(lab, {"TableWithColumns": wildcard}, domain="hr")
    assert tags_of(lab, EVENTS) == ({}, {}, {column: {"domain": "hr"} for column in COLUMNS})


# ------------------------------------------------------------------------------------------------------------ search
def test_search_shows_the_searched_keys_on_every_level(lab):
    tag(lab, RAW, domain="hr", sensitivity="public")
    tag(lab, EVENTS, domain="it")
    tag(lab, columns_of("text"), domain="hr")
    events, keys, screens = search(lab, domain=["hr", "it"])
    assert plain(events["LFTagOnDatabase"]) == {"domain": "hr"}
    assert plain(events["LFTagsOnTable"]) == {"domain": "it"}
    assert {c["Name"]: plain(c["LFTags"])["domain"] for c in events["LFTagsOnColumns"]} == {
        c: "hr" if c == "text" else "it" for c in COLUMNS
    }
    assert [c["Name"] for c in screens["LFTagsOnColumns"]] == COLUMNS
    assert plain(keys["LFTagsOnTable"]) == {"domain": "hr"}


def test_search_finds_a_table_by_a_single_column(lab):
    tag(lab, columns_of("text"), domain="hr")
    (events,) = search(lab, domain=["hr"])
    assert events["Table"]["Name"] == "events"
    assert "LFTagsOnTable" not in events
    assert [c["Name"] for c in events["LFTagsOnColumns"]] == ["text"]


def test_search_is_and_over_keys_or_over_values(lab):
    tag(lab, EVENTS, domain="hr", sensitivity="public")
    tag(lab, {"Table": {"DatabaseName": "raw", "Name": "keys"}}, domain="it", sensitivity="internal")
    assert names(search(lab, domain=["hr", "it"])) == ["events", "keys"]
    assert names(search(lab, domain=["hr", "it"], sensitivity=["internal"])) == ["keys"]
    assert names(search(lab, domain=["hr"], sensitivity=["internal"])) == []


def test_search_takes_values_that_exist_and_no_star(lab):
    for values in (["*"], ["nowhere"]):
        with pytest.raises(AwsError, match="does not exist"):
            search(lab, domain=values)


def test_databases_are_searched_too(lab):
    tag(lab, RAW, domain="hr", sensitivity="public")
    (row,) = search(lab, kind="Databases", domain=["hr"])
    assert row["Database"]["Name"] == "raw"
    assert plain(row["LFTags"]) == {"domain": "hr"}


def test_search_answers_others_with_what_they_may_see(lab):
    tag(lab, RAW, domain="hr")
    assert search(lab, ANALYST, domain=["hr"]) == []
    grant(lab, ANALYST, EVENTS, "DESCRIBE")
    assert names(search(lab, ANALYST, domain=["hr"])) == ["events"]
    assert names(search(lab, AUDITOR, domain=["hr"])) == ["events", "keys", "screens"]


def test_tags_are_listed_to_those_who_hold_them(lab):
    assert lf(lab, "ListLFTags", ANALYST)["LFTags"] == []
    grant(lab, ANALYST, {"LFTag": {"TagKey": "domain", "TagValues": ["*"]}}, "DESCRIBE")
    assert [row["TagKey"] for row in lf(lab, "ListLFTags", ANALYST)["LFTags"]] == ["domain"]
    assert [row["TagKey"] for row in lf(lab, "ListLFTags", AUDITOR)["LFTags"]] == ["domain", "sensitivity"]


LEVELS = [RAW, EVENTS, columns_of("text"), columns_of("at")]
STEPS = st.lists(
    st.tuples(
        st.booleans(),
        st.integers(0, 3),
        st.sampled_from([("domain", "hr"), ("domain", "it"), ("sensitivity", "public")]),
    ),
    max_size=20,
)


@law(max_examples=60, deadline=None)
@given(STEPS)
def test_search_agrees_with_the_tags_of_the_resource(steps):
    """Whatever was tagged: a search for a value finds the table exactly if it or a column carries it."""
    with Lab.start() as lab:
        settle(lab)
        own = [{}, {}, {}, {}]
        for add, level, (key, value) in steps:
            (tag if add else untag)(lab, LEVELS[level], **{key: value})
            if add:
                own[level][key] = value
            elif own[level].get(key) == value:
                del own[level][key]
        table = {**own[0], **own[1]}
        columns = {"person": table, "day": table, "text": {**table, **own[2]}, "at": {**table, **own[3]}}
        assert tags_of(lab, EVENTS) == (own[0], table, {c: columns[c] for c in COLUMNS if columns[c]})
        for key, value in (("domain", "hr"), ("domain", "it"), ("sensitivity", "public")):
            found = "events" in names(search(lab, **{key: [value]}))
            assert found == any(tags.get(key) == value for tags in (table, *columns.values()))


# ------------------------------------------------------------------------------------------------- saved expressions
def policy(name):
    return {"LFTagPolicy": {"ResourceType": "TABLE", "ExpressionName": name}}


def test_an_edited_expression_changes_access_without_a_grant(lab):
    lf(lab, "CreateLFTagExpression", Name="hr", Expression=[{"TagKey": "Domain", "TagValues": ["HR"]}])
    grant(lab, ANALYST, policy("hr"), "SELECT")
    before = listed(lab)
    assert before[0]["Resource"]["LFTagPolicy"]["ExpressionName"] == "hr"
    assert "Expression" not in before[0]["Resource"]["LFTagPolicy"]
    tag(lab, EVENTS, domain="it")
    assert listed(lab, Principal=who(ANALYST), Resource=EVENTS) == []
    lf(lab, "UpdateLFTagExpression", Name="hr", Expression=[{"TagKey": "domain", "TagValues": ["it"]}])
    assert len(listed(lab, Principal=who(ANALYST), Resource=EVENTS)) == 1
    assert listed(lab) == before


def test_deleting_an_expression_deletes_its_grants(lab):
    for name in ("hr", "it"):
        lf(lab, "CreateLFTagExpression", Name=name, Expression=[{"TagKey": "domain", "TagValues": [name]}])
        grant(lab, ANALYST, policy(name), "SELECT")
        grant(lab, ANALYST, {"LFTagExpression": {"Name": name}}, "DESCRIBE")
    lf(lab, "DeleteLFTagExpression", Name="hr")
    assert [next(iter(row["Resource"])) for row in listed(lab)] == ["LFTagPolicy", "LFTagExpression"]
    with pytest.raises(AwsError, match="EntityNotFoundException"):
        lf(lab, "GetLFTagExpression", Name="hr")


def test_expressions_are_listed_to_those_who_may_describe_them(lab):
    lf(lab, "CreateLFTagExpression", Name="hr", Expression=[{"TagKey": "domain", "TagValues": ["hr"]}])
    assert lf(lab, "ListLFTagExpressions", ANALYST)["LFTagExpressions"] == []
    grant(lab, ANALYST, {"LFTagExpression": {"Name": "hr"}}, "DESCRIBE")
    assert len(lf(lab, "ListLFTagExpressions", ANALYST)["LFTagExpressions"]) == 1
