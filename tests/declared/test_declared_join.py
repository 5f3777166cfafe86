"""Several documents: previews over states, what is skipped, what is said twice, what was interrupted."""

from __future__ import annotations

import pytest
from state_samples import (
    ACCOUNT,
    HOME,
    ROLE,
    UNKNOWN,
    lake,
    lakes,
    preview,
    provider,
    reasons,
    resource,
    secret,
    state,
    step,
)

from checks.declared import read
from checks.model import Database, Facts


def database(name: str, urn: str | None = None, **more):
    return resource("aws:glue/catalogDatabase:CatalogDatabase", urn or name, {"name": name}, **more)


def names(found) -> set[str]:
    return {one.name for one in found.databases}


def test_a_preview_replaces_by_urn_and_leaves_the_rest():
    before = state(provider(), database("a"), database("b"), database("c"), database("d"))
    after = preview(
        step("update", database("b2", urn="b")),
        step("delete", database("c")),
        step("create", database("e")),
        step("same", database("d")),
        changeSummary={"same": 1, "update": 1, "delete": 1, "create": 1},
    )
    for order in ((before, after), (after, before)):
        (found,) = lakes(*order)
        assert names(found) == {"a", "b2", "d", "e"}
        assert found.gaps == ()
        assert [source.kind for source in read(order).sources] == [one.kind for one in order]


def test_a_replacement_is_no_deletion():
    new = database("b2", urn="b")
    steps = [step("create-replacement", new), step("replace", new), step("delete-replaced", database("b"))]
    for order in (steps, steps[::-1]):
        (found,) = lakes(state(provider(), database("b")), preview(*order))
        assert names(found) == {"b2"}


@pytest.mark.parametrize("op", ["read", "read-replacement"])
def test_what_a_preview_only_reads_is_not_declared(op):
    (found,) = lakes(state(provider(), database("a")), preview(step(op, database("x", external=True))))
    assert names(found) == {"a"}


def test_a_step_nobody_knows_is_a_gap():
    before = state(provider(), database("a"))
    (found,) = lakes(before, preview(step("mend", database("a"))))
    assert names(found) == {"a"}
    assert reasons(found) == ["the preview's step `mend` is not understood"]
    (found,) = lakes(before, preview({"op": "mend", "urn": database("b")["urn"]}))
    assert names(found) == {"a"}
    assert len(found.gaps) == 1
    (found,) = lakes(before, preview({"op": "create", "urn": database("b")["urn"]}))
    assert len(found.gaps) == 1
    (found,) = lakes(before, preview(step("x\u202e y", database("a"))))
    assert reasons(found) == ["the preview's step of an unknown name is not understood"]


def test_a_preview_alone_and_what_it_leaves_out():
    steps = [step("same", provider()), step("create", database("a"))]
    whole = read([preview(*steps, changeSummary={"same": 1, "create": 1})])
    assert whole.gaps == ()
    part = read([preview(*steps, changeSummary={"same": 8, "create": 1})])
    (gap,) = part.gaps
    assert gap.reason.startswith("the preview leaves out 7 unchanged resources")
    assert (gap.source, gap.facts) == ("preview.json", Facts.OTHER)
    assert read([preview(*steps, changeSummary={"same": 8}), state(provider(), database("b"))]).gaps == ()


def test_a_failed_preview_is_a_gap():
    found = read([preview(step("create", database("a")), diagnostics=[{"severity": "error", "message": "x"}])])
    assert "errors" in found.gaps[0].reason
    assert read([preview(diagnostics=[{"severity": "warning"}])]).gaps == ()


def test_the_region_of_the_stack_s_own_setting():
    item = {**database("a"), "id": f"{ACCOUNT}:a"}
    (found,) = lakes(preview(step("create", item), config={"aws:region": HOME.region}))
    assert found.id == HOME


def test_unknown_ids_of_a_preview():
    grant = resource("aws:lakeformation/permissions:Permissions", "g", {
        "principal": UNKNOWN, "permissions": ["SELECT"], "table": {"databaseName": "a", "name": "b"}}, id=UNKNOWN,
        provider=f"urn:pulumi:dev::lake::pulumi:providers:aws::default::{UNKNOWN}")  # fmt: skip
    (found,) = lakes(preview(step("create", {**provider(), "id": UNKNOWN}), step("create", grant)))
    assert [one.principal for one in found.grants] == [None]


# ------------------------------------------------------------------------------------------------------------- skipped
@pytest.mark.parametrize(
    "mark", [{"external": True}, {"delete": True}, {"pendingReplacement": True}, {"custom": False}]
)
def test_what_the_stack_does_not_own(mark):
    found = lake(database("a"), database("old", **mark))
    assert names(found) == {"a"}
    assert found.gaps == ()
    new = database("new", urn="x")
    for order in ([new, database("old", urn="x", **mark)], [database("old", urn="x", **mark), new]):
        assert names(lake(*order)) == {"new"}


def test_the_same_urn_twice():
    one, same, other = (
        database("a"),
        {**database("a"), "inputs": {"__defaults": [], "name": "a"}},
        database("b", urn="a"),
    )
    hidden = {**one, "inputs": {"name": "a", "description": secret("v1:one")}}
    again = {**one, "inputs": {"name": "a", "description": secret("v1:two")}}
    for twins in ((one, database("a")), (one, same), (hidden, again)):
        assert (names(lake(*twins)), lake(*twins).gaps) == ({"a"}, ())
    for order in ((one, other), (other, one)):
        found = lake(*order)
        assert reasons(found) == ["its URN is declared twice with different properties"]
        assert names(found) == set()
    assert names(lakes(state(provider(), one), state(provider(), one, name="copy.json"))[0]) == {"a"}
    (torn,) = lakes(state(provider(), one), state(provider(), other, name="older.json"))
    assert len(torn.gaps) == 1
    (mended,) = lakes(state(provider(), one, other), preview(step("same", one)))
    assert (names(mended), mended.gaps) == ({"a"}, ())


@pytest.mark.parametrize("op", ["creating", "updating", "deleting"])
def test_an_interrupted_update_is_a_gap(op):
    def pending(name: str):
        return [{"type": op, "resource": database(name)}]

    (known,) = lakes(state(provider(), database("a"), pending=pending("a")))
    assert names(known) == {"a"}
    assert reasons(known) == [f"an interrupted update left it `{op}`"]
    (new,) = lakes(state(provider(), database("a"), pending=pending("b")))
    assert names(new) == {"a"}
    assert new.gaps[0].source == database("b")["urn"]
    assert new.gaps[0].evidence is not None
    assert new.gaps[0].evidence.pointer == "/deployment/pending_operations/0/resource"


def test_interrupted_operations_elsewhere_do_not_matter():
    other = [{"type": "creating", "resource": resource("aws:s3/bucket:Bucket", "b", {})}]
    assert lakes(state(provider(), database("a"), pending=other))[0].gaps == ()


def test_a_view_of_another_resource_is_said():
    found = lake(database("a", viewOf=database("b")["urn"]))
    assert len(found.gaps) == 1


def test_two_stacks_that_say_different_things_of_one_object():
    tag = "aws:lakeformation/lfTag:LfTag"
    one = state(provider(), resource(tag, "t", {"key": "a", "values": ["x"]}))
    two = state(provider(), resource(tag, "t", {"key": "A", "values": ["y"]}, project="hr"), name="two")
    (found,) = lakes(one, two)
    assert reasons(found) == [f"declared differently by urn:pulumi:dev::lake::{tag}::t"]
    assert found.tags["a"].values == {"x"}


def test_settings_of_several_stacks_stand_side_by_side():
    kind = "aws:lakeformation/dataLakeSettings:DataLakeSettings"
    one = state(provider(), resource(kind, "s", {"admins": [ROLE]}))
    two = state(provider(), resource(kind, "s", {"admins": []}, project="hr"), name="two")
    (found,) = lakes(one, two)
    assert [dict(said.members) for said in found.settings] == [
        {"DataLakeAdmins": {ROLE}},
        {"DataLakeAdmins": frozenset()},
    ]
    assert [said.evidence.stack for said in found.settings if said.evidence] == ["lake/dev", "hr/dev"]


def test_position_of_a_component_s_child():
    item = database("a")
    item["urn"] = "urn:pulumi:dev::lake::acme:lake:Domain$aws:glue/catalogDatabase:CatalogDatabase::a::b"
    found = lake(item)
    evidence = found.databases[Database(ACCOUNT, "a")].evidence
    assert evidence is not None
    assert (evidence.stack, evidence.urn) == ("lake/dev", item["urn"])
