"""Several causes at once: each is named, what took several is told once, and what each would have done alone is said."""

from __future__ import annotations

import pytest
from small_lakes import (
    ANALYST,
    CLIENTS,
    MARKETING,
    NOTES,
    ORDERS,
    cells,
    column,
    columns,
    database,
    give,
    lake,
    table,
    tagged,
    whole,
)

from checks.compare import compare
from checks.model import AllExcept, Finding, Lake, Only, Verdict

INTERNAL, BOTH = tagged(sensitivity="internal"), tagged(sensitivity="internal", domain="sales")
READER, NARROW = give(ANALYST, "SELECT", INTERNAL), give(ANALYST, "SELECT", BOTH)
BEFORE = {database("sales"): {"sensitivity": "restricted"}}
AFTER = {database("sales"): {"sensitivity": "internal"}}
EU, US = cells("sales.orders", "eu"), cells("sales.orders", "us")
READ_EU = give(ANALYST, "SELECT", EU)
ONE = {EU: (AllExcept(), "email = 'a'")}
EVERY = {EU: (AllExcept(), None)}
LONGER = [whole("sales.orders", "id email ssn phone"), CLIENTS, NOTES]
PLAIN = give(ANALYST, "SELECT", table("sales.orders"))
SENSITIVITY = "tag sensitivity on database sales"


def told(declared: Lake, live: Lake) -> dict[str, Finding]:
    """Return the findings by rule; each rule once."""
    found = [one for one in compare(declared, live).findings if one.rule != "FL126"]
    assert len({one.rule for one in found}) == len(found), [one.message for one in found]
    return {one.rule: one for one in found}


def test_a_tag_moved_and_a_policy_loosened_open_a_table_only_together() -> None:
    found = told(lake([NARROW], tags=BEFORE), lake([READER], tags=AFTER))
    assert set(found) == {"FL101", "FL140"}
    assert found["FL101"].message.endswith(f"only because {SENSITIVITY} moved as well")
    assert "together with this it does: tag policy of role/analyst" in found["FL140"].message


def test_a_tag_moved_and_a_policy_granted_open_a_table_only_together() -> None:
    read = give(ANALYST, "SELECT", columns("sales.orders", "id"))
    more = give(MARKETING, "SELECT", INTERNAL)
    found = told(lake([read], tags=BEFORE), lake([read, more], tags=AFTER))
    assert f"only because {SENSITIVITY} moved as well" in found["FL102"].message
    assert "together with this it does: grant on" in found["FL140"].message


def test_a_policy_on_databases_and_the_tag_of_one() -> None:
    narrow, wide = (give(ANALYST, "ALTER", tagged("DATABASE", **keys)) for keys in (
        {"sensitivity": "internal", "domain": "sales"}, {"sensitivity": "internal"}))  # fmt: skip
    found = told(lake([narrow], tags=BEFORE), lake([wide], tags=AFTER))
    assert f"only because {SENSITIVITY} moved as well" in found["FL101"].message


def test_a_policy_alone_is_not_told_of_a_tag_that_moved_elsewhere() -> None:
    tags = {**AFTER, database("hr"): {"sensitivity": "restricted"}}
    found = told(lake([NARROW], tags=tags), lake([READER], tags={**tags, database("hr"): {"sensitivity": "public"}}))
    assert "moved as well" not in found["FL101"].message
    assert found["FL140"].message.endswith("nobody reads more or less today by it")


@pytest.mark.parametrize("second", [database("sales"), table("sales.orders")])
def test_two_tags_of_one_expression(second: object) -> None:
    live = {database("sales"): dict(AFTER[database("sales")])}
    live.setdefault(second, {})["domain"] = "sales"
    found = told(lake([NARROW], tags=BEFORE), lake([NARROW], tags=live))
    assert set(found) == {"FL110", "FL140"}
    assert found["FL110"].cause.what.startswith("tag domain on")
    assert f"only because {SENSITIVITY} moved as well" in found["FL110"].message
    assert "together with tag domain on" in found["FL140"].message


def test_a_saved_expression_edited_and_a_tag_moved() -> None:
    saved = give(ANALYST, "SELECT", tagged(saved="s"))
    declared = lake([saved], tags=BEFORE, saved={"s": BOTH})
    found = told(declared, lake([saved], tags=AFTER, saved={"s": INTERNAL}))
    assert f"only because {SENSITIVITY} moved as well" in found["FL111"].message
    assert "together with saved expression s it does" in found["FL140"].message


def test_a_saved_expression_whose_edit_opens_nothing_leaves_the_gain_to_the_tag() -> None:
    saved = give(ANALYST, "SELECT", tagged(saved="s"))
    declared = lake([saved], tags=BEFORE, saved={"s": INTERNAL})
    found = told(declared, lake([saved], tags=AFTER, saved={"s": tagged(sensitivity="internal public")}))
    assert found["FL110"].reach.tables == 2
    assert "moved as well" not in found["FL110"].message
    assert found["FL160"].subject.kind == "expression"


def test_a_filter_edited_and_a_plain_grant() -> None:
    (only,) = told(lake([READ_EU], filters=ONE), lake([READ_EU, PLAIN], filters=EVERY)).values()
    assert only.rule == "FL112"
    assert "the grant on sales.orders to role/analyst gives it too" in only.message


def test_a_tag_moved_and_a_plain_grant() -> None:
    (only,) = told(lake([READER], tags=BEFORE), lake([READER, PLAIN], tags=AFTER)).values()
    assert only.rule == "FL110"
    assert "the grant on sales.orders to role/analyst gives it too" in only.message


def test_a_column_added_and_a_tag_moved() -> None:
    found = told(lake([READER], tags=BEFORE), lake([READER], LONGER, tags=AFTER))
    assert set(found) == {"FL110", "FL113"}
    assert found["FL110"].reach.columns == 8
    assert found["FL113"].reach.columns == 1
    assert f"only because {SENSITIVITY} moved as well" in found["FL113"].message


def test_a_column_added_and_a_list_replaced_by_the_wildcard() -> None:
    declared = lake([give(ANALYST, "SELECT", columns("sales.orders", "id"))])
    found = told(declared, lake([PLAIN], LONGER))
    assert "in part only because sales.orders (column phone) moved as well" in found["FL101"].message


def test_a_column_added_and_a_filter_edited() -> None:
    found = told(lake([READ_EU], filters={EU: (Only(frozenset({"id"})), None)}), lake([READ_EU], LONGER, filters=EVERY))
    assert set(found) == {"FL112", "FL113"}
    assert "only because filter eu on sales.orders moved as well" in found["FL113"].message
    assert "moved as well" not in found["FL112"].message


def test_two_filters_each_of_which_opens_the_same_rows() -> None:
    read = [READ_EU, give(ANALYST, "SELECT", US)]
    declared = lake(read, filters={**ONE, US: (AllExcept(), "email = 'b'")})
    live = lake(read, filters={EU: (AllExcept(), "email in ('a', 'c')"), US: (AllExcept(), "email in ('b', 'c')")})
    found = told(declared, live)
    assert set(found) == {"FL112", "FL140"}
    assert "filter us on sales.orders would have done it too" in found["FL112"].message
    assert "what it opens is told of filter eu on sales.orders" in found["FL140"].message


def test_two_filters_that_open_different_rows_are_two_findings() -> None:
    read = [READ_EU, give(ANALYST, "SELECT", US)]
    declared = lake(read, filters={**ONE, US: (AllExcept(), "email = 'b'")})
    live = lake(read, filters={EU: (AllExcept(), "email in ('a', 'c')"), US: (AllExcept(), "email in ('b', 'd')")})
    found = [one for one in compare(declared, live).findings if one.rule == "FL112"]
    assert sorted(one.witness.row for one in found if one.witness and one.witness.row) == [
        (("email", "c"),),
        (("email", "d"),),
    ]


def test_rows_that_an_edited_filter_opens_to_whom_it_is_no_longer_granted_are_no_gain() -> None:
    twin = give(ANALYST, "SELECT", US)
    bodies = {US: (AllExcept(), "email = 'a'")}
    found = told(lake([READ_EU, twin], filters={**ONE, **bodies}), lake([twin], filters={**EVERY, **bodies}))
    assert not [one for one in found.values() if one.widens]


def test_two_policies_lost_by_two_tags_are_lost_together() -> None:
    both = [READER, give(ANALYST, "SELECT", tagged(domain="sales"))]
    tags = {database("sales"): {"sensitivity": "internal", "domain": "sales"}}
    found = told(lake(both, tags=tags), lake(both, tags={database("sales"): {"sensitivity": "public", "domain": "hr"}}))
    assert set(found) == {"FL131", "FL140"}
    assert "moved as well" in found["FL131"].message
    assert "together with tag" in found["FL140"].message


def test_all_odd_columns_of_a_table_had_to_be_retagged() -> None:
    writer = give(ANALYST, "SELECT INSERT", INTERNAL)
    odd = {column("sales.orders", name): {"sensitivity": "restricted"} for name in ("ssn", "email")}
    found = compare(lake([writer], tags={**AFTER, **odd}), lake([writer], tags=AFTER)).findings
    (insert,) = (one for one in found if any(piece.permission == "INSERT" for piece in one.added))
    assert "in part only because tag sensitivity on sales.orders.ssn moved as well" in insert.message


def test_an_odd_column_that_is_gone_makes_the_whole_table_match() -> None:
    writer = give(ANALYST, "SELECT INSERT", INTERNAL)
    tags = {**AFTER, column("sales.orders", "ssn"): {"sensitivity": "restricted"}}
    short = [whole("sales.orders", "id email"), CLIENTS, NOTES]
    found = compare(lake([writer], tags=tags), lake([writer], short, tags=AFTER)).findings
    (insert,) = (one for one in found if one.added)
    assert (insert.rule, insert.verdict) == ("FL113", Verdict.WIDENED)
    assert insert.cause.what == "sales.orders lacks a column that is declared: ssn"


def test_a_table_of_unknown_columns_that_a_tag_opens() -> None:
    blank = [ORDERS, CLIENTS, NOTES, whole("sales.blank", "")]
    unknown = [*blank[:3], type(ORDERS)(table("sales.blank"))]
    tags = {table("sales.blank"): {"sensitivity": "restricted"}}
    found = told(lake([READER], unknown, tags=tags), lake([READER], unknown, tags={
        table("sales.blank"): {"sensitivity": "internal"}}))  # fmt: skip
    assert found["FL110"].verdict is Verdict.WIDENED
    assert found["FL110"].reach.tables == 1


def test_a_tag_moved_under_a_condition_that_only_the_live_grant_has() -> None:
    other = give(ANALYST, "SELECT", tagged(domain="hr"))
    found = told(lake([READER, other], tags=BEFORE),
                 lake([give(ANALYST, "SELECT", INTERNAL, condition="c"), other], tags=AFTER))  # fmt: skip
    assert "FL110" in found


# ------------------------------------------------------------------------------------------- what each does without others
LOOSER = give(ANALYST, "SELECT", tagged(sensitivity="internal", domain="sales hr"))
INHERITED = {database("sales"): {"domain": "sales"}}


def test_a_tag_that_would_open_alone_what_another_takes_back_and_a_policy_gives_again() -> None:
    """Three changes: the second undoes what the first alone would do, the third what the second does."""
    live = {**INHERITED, table("sales.orders"): {"domain": "hr", "sensitivity": "internal"}}
    found = compare(lake([NARROW], tags=INHERITED), lake([LOOSER], tags=live)).findings
    (opened,) = (one for one in found if one.widens)
    assert opened.rule == "FL101"
    assert opened.message.endswith("only because tag sensitivity on sales.orders moved as well")
    said = {one.cause.what.split(":")[0]: one.message for one in found if one.rule == "FL140"}
    assert (
        "alone it would change access too, but beside the other changes it does so only together with this: tag policy"
        in (said["tag sensitivity on sales.orders"])
    )
    assert said["tag domain on sales.orders"].endswith("nobody reads more or less today by it")


def test_three_facts_of_which_none_does_anything_without_both_others() -> None:
    saved = give(ANALYST, "SELECT", tagged(saved="s"))
    live = {database("sales"): {"domain": "hr"}, table("sales.orders"): {"sensitivity": "internal"}}
    found = compare(
        lake([saved], saved={"s": BOTH}),
        lake([saved], saved={"s": tagged(sensitivity="internal", domain="hr")}, tags=live),
    ).findings
    said = {one.cause.what.split(":")[0]: one.message for one in found if one.rule == "FL140"}
    assert said["tag domain on database sales"].endswith(
        "alone it changes nobody's access, together with saved expression s, tag sensitivity on sales.orders it does"
    )
    assert said["tag sensitivity on sales.orders"].endswith(
        "alone it changes nobody's access, together with saved expression s, tag domain on database sales it does"
    )


def test_two_tags_and_a_policy_granted() -> None:
    live = {database("sales"): {"domain": "sales"}, table("sales.orders"): {"sensitivity": "internal"}}
    found = compare(lake([give(MARKETING, "SELECT", ORDERS.id)]), lake([NARROW], tags=live)).findings
    said = {one.cause.what.split(":")[0]: one.message for one in found if one.rule in ("FL140", "FL142")}
    assert said["tag domain on database sales"].endswith(
        "together with this it does: grant on tables tagged domain = sales and sensitivity = internal to role/analyst, "
        "and tag sensitivity on sales.orders"
    )


PARTNER = tagged(sensitivity="internal", domain="hr")


@pytest.mark.parametrize(
    ("beside", "alone"),
    [
        ([], True),
        ([PLAIN], False),  # it reads the table anyway
        ([give(ANALYST, "SELECT", columns("sales.orders", "id", "email"))], True),
    ],
)
def test_what_a_tag_would_do_alone_depends_on_what_else_is_declared(beside: list[object], alone: bool) -> None:
    """The gain is another table's: there the tag needs the policy that is new."""
    tags = {
        database("sales"): {"domain": "hr", "sensitivity": "restricted"},
        table("sales.clients"): {"domain": "sales"},
    }
    live = {**tags, database("sales"): {"domain": "hr", "sensitivity": "internal"}}
    declared = lake([give(ANALYST, "SELECT", PARTNER), *beside], tags=tags)
    found = compare(declared, lake([NARROW, *beside], tags=live)).findings
    (moved,) = (one for one in found if one.rule in ("FL140", "FL110") and one.subject.kind == "tag")
    assert ("alone it would change access too" in moved.message) is alone
    assert ("alone it changes nobody's access" in moved.message) is not alone


@pytest.mark.parametrize("kind", ["TABLE", "DATABASE"])
@pytest.mark.parametrize("alone", [True, False])
def test_what_a_saved_expression_would_do_alone(kind: str, alone: bool) -> None:
    """Who is declared to hold it has lost it, and somebody else holds it now."""
    right = "SELECT" if kind == "TABLE" else "CREATE_TABLE"
    names = tagged(kind, saved="s")
    tags = {database("sales"): {"domain": "hr"}}
    found = compare(
        lake([give(MARKETING, right, names)] if alone else [], saved={"s": tagged(domain="sales")}, tags=tags),
        lake([give(ANALYST, right, names)], saved={"s": tagged(domain="hr")}, tags=tags),
    ).findings
    (edited,) = (one for one in found if one.subject.kind == "expression")
    assert ("alone it would change access too" in edited.message) is alone
    assert ("alone it changes nobody's access" in edited.message) is not alone


@pytest.mark.parametrize("alone", [True, False])
def test_what_an_edited_filter_would_do_alone_beside_a_new_column(alone: bool) -> None:
    """The new column shows by the edit; what else it shows is read anyway, but by one who has lost the filter."""
    short = whole("sales.orders", "id email")
    shown = Only(frozenset({"id", "email"}))
    cells_of = {EU: (Only(frozenset({"id"})), None)}, {EU: (Only(shown.names | {"ssn"}), None)}
    other = give(ANALYST, "SELECT", columns("sales.orders", "id", "email"))
    gone = [give(MARKETING, "SELECT", EU)] if alone else []
    found = compare(
        lake([READ_EU, other, *gone], [short, CLIENTS, NOTES], filters=cells_of[0]),
        lake([READ_EU, other], filters=cells_of[1]),
    ).findings
    (edited,) = (one for one in found if one.subject.kind == "filter")
    assert ("alone it would change access too" in edited.message) is alone
