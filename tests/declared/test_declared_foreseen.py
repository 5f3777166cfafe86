"""Previews, event logs and saved plans: the same deployment, and what of them cannot be used."""

from __future__ import annotations

import json

import pytest
from gate_samples import (
    OPS,
    deployed,
    edited,
    grant,
    judged,
    logged,
    planned,
    previewed,
    stack,
    stated,
    steps,
    table,
)
from state_samples import UNKNOWN, export, preview, provider, resource, secret, state, step, unordered

from checks.declared import Source, StateError, foresee, read
from checks.model import Origin, Verdict

STACK = stack()
AFTER = edited(
    STACK, settings={"admins": [OPS]}, new=grant("new", OPS, ["INSERT"]), through=None,
    orders=table("orders", "id", "region", "ssn", "typed")["inputs"],
    all_but={"permissionsWithGrantOptions": ["SELECT"]},
)  # fmt: skip
FORMS = {
    "preview with sames": (previewed(STACK, AFTER, same=True),),
    "preview with sames and state": (stated(STACK), previewed(STACK, AFTER, same=True)),
    "preview": (stated(STACK), previewed(STACK, AFTER)),
    "event log": (stated(STACK), logged(STACK, AFTER, same=False)),
    "event log alone": (logged(STACK, AFTER),),
    "plan": (stated(STACK), planned(STACK, AFTER)),
}
DELETED = {STACK["through"]["urn"]: "delete"}
TOUCHED = {
    AFTER[name]["urn"]: op
    for name, op in (("settings", "update"), ("new", "create"), ("orders", "update"), ("all-but", "replace"))
} | DELETED


@pytest.mark.parametrize("sources", FORMS.values(), ids=FORMS)
def test_every_form_says_the_same(sources):
    told = foresee(sources)
    ((before, after),) = told.place()
    assert unordered(before) == unordered(read([stated(STACK)]).place()[0])
    assert unordered(after) == unordered(read([stated(AFTER)]).place()[0])
    assert told.touched == TOUCHED
    assert {one.id for one in judged(told)} == {one.id for one in deployed(AFTER)}
    assert [one.info.kind if hasattr(one, "info") else one.kind for one in told.after.sources] == [
        one.kind for one in sources
    ]


@pytest.mark.parametrize("source", [previewed(STACK, AFTER), logged(STACK, AFTER), planned(STACK, AFTER)])
def test_check_reads_them_too(source):
    (found,) = read([stated(STACK), source]).place()
    assert unordered(found) == unordered(read([stated(AFTER)]).place()[0])


def test_what_is_read_once_is_shared():
    told = foresee([stated(STACK), previewed(STACK, AFTER)])
    ((before, after),) = told.place()
    shared = [info for table_, info in before.tables.items() if after.tables[table_] is info]
    assert [info.id.name for info in shared] == ["clients"]


def test_an_alias_is_no_deletion():
    """A resource that is called otherwise goes with its old name."""
    renamed = {**STACK["clients"], "urn": STACK["clients"]["urn"] + "-again"}
    told = foresee([stated(STACK), preview(step("update", renamed, oldState=STACK["clients"]))])
    ((before, after),) = told.place()
    assert before.tables.keys() == after.tables.keys()
    assert not after.gaps
    assert told.touched == {renamed["urn"]: "update", STACK["clients"]["urn"]: "rename"}


def test_lines_of_a_component_s_resources():
    frames = ["project:///lake/table.py#9", "project:///lake/dataset.py#80", "project:///__main__.py#12",
              "project:///run.py#1"]  # fmt: skip
    made = {
        **table("made", "id"),
        "parent": "urn:pulumi:dev::lake::acme:Dataset::d",
        "sourcePosition": frames[0],
        "stackTrace": [{"sourcePosition": one} for one in frames],
    }
    own = {**table("own", "id"), "parent": "urn:pulumi:dev::lake::pulumi:pulumi:Stack::lake-dev",
           "sourcePosition": frames[2], "stackTrace": [{"sourcePosition": frames[2]}]}  # fmt: skip
    beside = {**made, "urn": made["urn"] + "2", "sourcePosition": "project:///parts.py#3",
              "inputs": table("beside", "id")["inputs"],
              "stackTrace": [{"sourcePosition": "project:///parts.py#3"}, {"sourcePosition": "project:///parts.py#8"},
                             {"sourcePosition": frames[2]}]}  # fmt: skip
    odd = {**made, "urn": made["urn"] + "3", "inputs": table("odd", "id")["inputs"], "stackTrace": 7}
    (found,) = read([state(provider(), made, own, beside, odd)]).place()
    lines = {info.id.name: info.evidence.position for info in found.tables.values() if info.evidence}
    assert lines == {"made": "__main__.py#12", "own": "__main__.py#12", "beside": "__main__.py#12",
                     "odd": "lake/table.py#9"}  # fmt: skip


# ------------------------------------------------------------------------------------------------------- bad documents
def cut(source: Source, at: int) -> Source:
    return Source(source.kind, source.name, bytes(source.data)[:at])


def other_stack(*, project: str = "lake", stack_name: str = "dev") -> Source:
    body = export(*STACK.values()).decode()
    return Source("state", "other.json", body.replace("urn:pulumi:dev::lake::",
                  f"urn:pulumi:{stack_name}::{project}::").encode())  # fmt: skip


def without(*ops: str, same: bool = False, **more: object) -> Source:
    """A preview that lost its steps of some operations, or its summary (``changeSummary={}``)."""
    body = json.loads(bytes(previewed(STACK, AFTER, same=same).data)) | more
    return preview(*(one for one in body.pop("steps") if one["op"] not in ops), **body)


NO_COUNTS = without("create", changeSummary={})
FAILED = [{"severity": "error", "message": "no"}]
REFUSED = {
    "no preview": ([stated(STACK)], "nothing is to be deployed"),
    "a preview without state": ([previewed(STACK, AFTER)], "does not tell what was before"),
    "an event log without state": ([logged(STACK, AFTER, same=False)], "does not tell what was before"),
    "a plan without state": ([planned(STACK, AFTER)], "give the state"),
    "a preview of another stack": ([other_stack(stack_name="prod"), previewed(STACK, AFTER)], "`lake/prod`"),
    "a state of another project": ([other_stack(project="pond"), previewed(STACK, AFTER)], "`pond/dev`"),
    "a plan of another stack": ([other_stack(stack_name="prod"), planned(STACK, AFTER)], "give the state"),
    "a cut preview": ([stated(STACK), cut(previewed(STACK, AFTER), -20)], "is cut"),
    "a cut event log": ([stated(STACK), cut(logged(STACK, AFTER), -30)], "line"),
    "an event log without its end": (
        [stated(STACK), Source("preview", "e", b"\n".join(bytes(logged(STACK, AFTER).data).split(b"\n")[:-2]))],
        "no summary at its end",
    ),
    "a cut plan": ([stated(STACK), cut(planned(STACK, AFTER), -20)], "is cut"),
    "an older state": ([stated(edited(STACK, all_but=None)), previewed(STACK, AFTER)], "does not have"),
    "a newer state": ([stated(AFTER | STACK), previewed(STACK, AFTER)], "has already"),
    "a newer state and a plan": ([stated(AFTER | STACK), planned(STACK, AFTER)], "has already"),
    "a state as preview": ([Source("preview", "s", export(*STACK.values()))], "--state"),
    "an event log as state": ([Source("state", "s", logged(STACK, AFTER).data)], "--preview"),
    "a plan as state": ([Source("state", "s", planned(STACK, AFTER).data)], "--preview"),
    "odd steps": ([stated(STACK), Source("preview", "p", b'{"steps": [{"op": 3}]}')], "steps"),
    "odd plans": ([stated(STACK), Source("preview", "p", b'{"resourcePlans": {"u": 3}}')], "resourcePlans"),
    "odd events": ([stated(STACK), Source("preview", "p", b'{"sequence": 0}\n{"resourcePreEvent": 3}\n')], "line 2"),
    "no counts and a state of another stack": ([other_stack(stack_name="prod"), NO_COUNTS], "`lake/prod`"),
    "no counts and an empty state": ([state(), NO_COUNTS], "does not tell what was before"),
    "no counts and no state": ([NO_COUNTS], "does not tell what was before"),
    "a state that holds another stack's name only": (
        [state(provider(), *(one for one in STACK.values() if one["type"] == "pulumi:providers:aws")), NO_COUNTS],
        "does not have",
    ),
    "no unchanged resource and no state": (
        [without("same", same=True, changeSummary={"update": 2})], "does not tell what was before"),
    "no steps": ([stated(STACK), preview(changeSummary={"update": 1})], "counts 1 to update, its steps show 0"),
    "no steps but counts of sames": ([stated(STACK), preview(changeSummary={"update": 1, "same": 3})], "is cut"),
    "no creations": ([stated(STACK), without("create")], "counts 1 to create"),
    "no updates": ([stated(STACK), without("update")], "counts 2 to update"),
    "no deletions": ([stated(STACK), without("delete")], "counts 1 to delete"),
    "no replacements": ([stated(STACK), without("replace")], "counts 1 to replace"),
    "an event log without a step": (
        [stated(STACK), Source("preview", "e", b"\n".join(
            one for one in bytes(logged(STACK, AFTER).data).split(b"\n") if b'"op": "update"' not in one))],
        "counts 2 to update",
    ),
    "only sames, and they are left out": ([previewed(STACK, STACK)], "does not tell what was before"),
}  # fmt: skip


@pytest.mark.parametrize(("sources", "words"), REFUSED.values(), ids=REFUSED)
def test_refused_with_one_clear_line(sources, words):
    with pytest.raises(StateError) as caught:
        foresee(sources)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("op", ["create-replacement", "delete-replaced", "replace"])
def test_any_step_of_a_replacement_counts_as_one(op):
    one = step(op, AFTER["all-but"], oldState=STACK["all-but"])
    told = foresee([stated(STACK), preview(one, changeSummary={"replace": 1, "same": len(STACK) - 1})])
    assert told.touched == {AFTER["all-but"]["urn"]: "replace"}


def test_several_of_one_name_may_wait_to_be_deleted():
    waiting = {**STACK, "again": {**STACK["through"], "delete": True}}
    gone = step("delete", STACK["through"], oldState=STACK["through"])
    assert foresee([stated(waiting), preview(gone, gone, changeSummary={"delete": 2})]).touched == DELETED


@pytest.mark.parametrize("at", range(1, 400, 13))
@pytest.mark.parametrize("form", [previewed, logged, planned])
def test_a_document_cut_anywhere_is_refused(form, at):
    source = form(STACK, AFTER)
    with pytest.raises(StateError):
        foresee([stated(STACK), cut(source, len(bytes(source.data)) * at // 400)])


@pytest.mark.parametrize("mark", [{"delete": True}, {"external": True}, {"pendingReplacement": True}])
def test_what_is_there_no_more_may_be_created_anew(mark):
    waiting = {**STACK, "new": {**AFTER["new"], **mark}}
    told = foresee([stated(waiting), previewed(STACK, AFTER)])
    assert told.touched == TOUCHED
    gone = step("delete-replaced", waiting["new"], oldState=waiting["new"])
    gone.pop("newState")
    assert foresee([stated(waiting), preview(gone)]).touched == {AFTER["new"]["urn"]: "replace"}


def test_a_preview_that_failed_is_never_a_pass():
    told = foresee([stated(STACK), previewed(STACK, STACK, diagnostics=FAILED)])
    assert [gap.source for gap in told.after.gaps] == ["preview.json"]
    log = bytes(logged(STACK, STACK).data).replace(b'"maybeCorrupt": false', b'"maybeCorrupt": true')
    assert foresee([Source("preview", "e", log)]).after.gaps


def test_nothing_to_deploy():
    told = foresee([stated(STACK), previewed(STACK, STACK)])
    assert (judged(told), told.touched) == ([], {})
    told = foresee([stated(STACK), preview(changeSummary={"same": len(STACK)})])
    assert judged(told) == []


def test_a_new_stack_beside_others():
    """The state of another stack is context: what it declares is declared on both sides."""
    theirs = resource("aws:glue/catalogDatabase:CatalogDatabase", "hr", {"name": "hr"}, stack="two")
    new = grant("new", OPS, ["SELECT"], table={"databaseName": "hr", "name": "notes"})
    first = [step("create", provider()), step("create", new)]
    told = foresee([state(provider(), theirs, name="two.json"), preview(*first, changeSummary={"create": 2})])
    ((before, after),) = told.place()
    assert before.databases == after.databases
    assert [one.rule for one in judged(told) if one.widens] == ["FL102"]


def test_a_step_that_nobody_knows_is_possible():
    told = foresee([stated(STACK), preview(step("mend", AFTER["settings"], oldState=STACK["settings"]))])
    (found,) = judged(told)
    assert (found.verdict, found.origin) == (Verdict.UNKNOWN, Origin.DEPLOYMENT)
    assert "step `mend` is not understood" in found.message


def test_an_event_log_of_an_update_counts_its_preview_only():
    lines = bytes(logged(STACK, AFTER).data).decode().splitlines()
    done = [line.replace('"planning": true', '"planning": false').replace('"op": "create"', '"op": "same"')
            for line in lines[1:-1]]  # fmt: skip
    both = Source("preview", "up.log", "\n".join([*lines[:-1], *done, lines[-1]]).encode())
    assert foresee([stated(STACK), both]).touched == TOUCHED


def test_a_plan_keeps_secrets_and_what_is_not_known():
    hidden = edited(STACK, hidden=grant("hidden", OPS, ["INSERT"]))
    hidden["hidden"]["inputs"]["principal"] = secret()
    after = edited(hidden, hidden={"permissions": ["DELETE"]}, later=grant("later", UNKNOWN, ["SELECT"]))
    told = foresee([stated(hidden), planned(hidden, after)])
    said = sorted(one.message for one in judged(told) if one.verdict is Verdict.UNKNOWN)
    assert len(said) == 2
    assert "`principal` is not known yet" in said[1]
    assert "`principal` is a secret" in said[0]


def test_the_region_of_the_stack_s_own_setting():
    """An event log leaves default providers out; it has the configuration."""
    after = {name: dict(one) for name, one in AFTER.items() if "provider" in one}
    for one in after.values():
        one["id"] = "111122223333:x"
    told = foresee([logged({}, after)])
    ((_, found),) = told.place(account="111122223333")
    assert found.id.region == "eu-central-1"


def test_steps_of_the_samples():
    assert {one["op"] for one in steps(STACK, AFTER, same=True)} == {"same", "create", "update", "replace", "delete"}
    assert json.loads(bytes(previewed(STACK, AFTER).data))["changeSummary"]["same"] == len(STACK) - 4
