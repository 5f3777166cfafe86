"""What a deployment is about to do: previews, engine event logs and saved plans.

A preview lists steps with the resource before and after each; an event log says the same, one event a line; a plan
holds only what it adds to, takes from and changes in the inputs of before: the state says what they will be.

Formats: pulumi/pulumi, pkg/backend/display (preview digest), sdk/go/common/apitype (events, plans).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from checks.declared.document import (
    WANTED,
    Document,
    Entry,
    Patch,
    Resource,
    StateError,
    Step,
    decode,
    first_stack,
    refusal,
)
from checks.model import SourceInfo

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from checks.declared.document import Bytes, Source

_LASTING: Final = frozenset({
    "same", "create", "update", "replace", "create-replacement", "read", "read-replacement", "refresh", "import",
    "import-replacement",
})  # fmt: skip
_GOING: Final = frozenset({"delete", "discard"})
_OLD_HALF: Final = frozenset({"delete-replaced", "discard-replaced", "remove-pending-replace"})
CHANGING: Final = frozenset({
    "create", "update", "replace", "create-replacement", "delete", "delete-replaced", "import", "import-replacement",
})  # fmt: skip
"""Operations that write to AWS, or that take over what is there."""

_AGAIN: Final = "write it again with the Pulumi command line"
_COUNTED: Final = {
    "create": frozenset({"create"}),
    "update": frozenset({"update"}),
    "delete": frozenset({"delete"}),
    "replace": frozenset({"replace", "create-replacement", "delete-replaced"}),
}
"""Which steps show what a summary counts."""


# ------------------------------------------------------------------------------------------------------------- preview
class _Step(msgspec.Struct, rename="camel", gc=False):
    op: str = ""
    urn: str = ""
    old_state: Resource | None = None
    new_state: Resource | None = None


class _Diagnostic(msgspec.Struct, gc=False):
    severity: str = ""


class _Preview(msgspec.Struct, rename="camel", gc=False):
    steps: list[_Step] | msgspec.UnsetType | None = msgspec.UNSET
    config: dict[str, Any] | None = None
    diagnostics: list[_Diagnostic] | None = None
    change_summary: dict[str, int] | msgspec.UnsetType | None = msgspec.UNSET


def preview(source: Source, data: Bytes) -> Document:
    """Read a preview, an event log or a saved plan, told by their first members.

    Raises:
        StateError: it is none of them, or it is cut.

    """
    if _is_event(data):
        return _event_log(source, data)
    try:
        found = decode(source, data, _Preview)
    except StateError as error:
        raise (refusal(source, data) or error) from None
    if found.steps is msgspec.UNSET and found.change_summary is msgspec.UNSET:
        plan = decode(source, data, _Plan)
        if plan.resource_plans is not msgspec.UNSET:
            return _plan(source, plan.resource_plans or {}, plan.config)
        raise refusal(source, data) or StateError(f"`{source.name}` is no preview: give {WANTED['preview']}")
    return _document(
        source,
        [(f"/steps/{index}", "State", step) for index, step in enumerate(found.steps or [])],
        found.change_summary or {},
        failed=any(diagnostic.severity == "error" for diagnostic in found.diagnostics or ()),
        config=found.config,
    )


def _document(
    source: Source,
    steps: list[tuple[str, str, _Step]],
    summary: Mapping[str, int],
    *,
    failed: bool,
    config: Mapping[str, Any] | None,
) -> Document:
    """Sum steps up; of several steps on one URN the last that leaves a resource behind counts.

    Raises:
        StateError: the summary counts changes that no step shows.

    """
    _check_counts(source, steps, summary)
    entries: dict[str, Entry] = {}
    gone: set[str] = set()
    odd: list[tuple[str, Entry]] = []
    told: list[Step] = []
    for at, ending, step in steps:
        old, new = step.old_state, step.new_state
        before = None if old is None else Entry(old, f"{at}/old{ending}", source.name)
        after = None if new is None else Entry(new, f"{at}/new{ending}", source.name)
        urn = new.urn if new else step.urn
        told.append(Step(step.op[:40], urn, before, after))
        if step.op in _LASTING and after is not None:
            entries[urn] = after
            if old is not None and old.urn != urn:
                gone.add(old.urn)  # it was called otherwise: an alias
        elif step.op in _GOING:
            gone.add(urn)
        elif step.op not in _OLD_HALF:
            odd.append((step.op[:40], Entry(new or Resource(urn, type_in(urn)), at, source.name)))
    same = sum(step.op == "same" for _, _, step in steps)
    stack = first_stack(entries.values()) or next((Resource(urn).stack for urn in sorted(gone)), None)
    return Document(
        SourceInfo(source.kind, source.name, stack),
        tuple(entries.values()),
        gone=frozenset(gone - entries.keys()),
        odd=tuple(odd),
        untold=max(0, summary.get("same", 0) - same),
        whole=0 < summary.get("same", 0) <= same,
        failed=failed,
        region=_region(config),
        steps=tuple(told),
    )


def _check_counts(source: Source, steps: list[tuple[str, str, _Step]], summary: Mapping[str, int]) -> None:
    """See that every counted change has its step: what was cut out would pass unseen."""
    for op, shown in _COUNTED.items():
        urns = [step.urn or (step.new_state or Resource("")).urn for _, _, step in steps if step.op in shown]
        listed = len(urns) if op == "delete" else len(set(urns))  # several of one URN may wait to be deleted
        if summary.get(op, 0) > listed:
            raise StateError(
                f"`{source.name}` is cut: its summary counts {summary[op]} to {op}, its steps show {listed}; {_AGAIN}"
            )


def _region(config: Mapping[str, Any] | None) -> str | None:
    region = (config or {}).get("aws:region")
    return region if isinstance(region, str) else None


def type_in(urn: str) -> str:
    """Take the type out of ``urn:pulumi:STACK::PROJECT::PARENT$TYPE::NAME``."""
    parts = urn.split("::", 3)
    return parts[2].rpartition("$")[2] if len(parts) == 4 else ""


# ----------------------------------------------------------------------------------------------------------- event log
class _Metadata(msgspec.Struct, gc=False):
    op: str = ""
    urn: str = ""
    old: Resource | None = None
    new: Resource | None = None


class _Pre(msgspec.Struct, gc=False):
    metadata: _Metadata | None = None
    planning: bool = False


class _Prelude(msgspec.Struct, gc=False):
    config: dict[str, Any] | None = None


class _Summary(msgspec.Struct, rename="camel", gc=False):
    maybe_corrupt: bool = False
    resource_changes: dict[str, int] | None = None


class _Event(msgspec.Struct, rename="camel", gc=False):
    sequence: int | msgspec.UnsetType = msgspec.UNSET
    prelude_event: _Prelude | None = None
    resource_pre_event: _Pre | None = None
    summary_event: _Summary | None = None
    diagnostic_event: _Diagnostic | None = None
    error_event: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    res_op_failed_event: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


_event: Final = msgspec.json.Decoder(_Event).decode
_LONGEST: Final = 1 << 20
"""Bytes of the first event, the stack's configuration; a longer line is no event log."""


def _is_event(data: Bytes) -> bool:
    """Whether the first line is an engine event: all have a sequence number."""
    first = bytes(data[:_LONGEST]).lstrip().partition(b"\n")[0]
    if not first.rstrip().endswith(b"}") or b'"sequence"' not in first:
        return False
    try:
        return _event(first).sequence is not msgspec.UNSET
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return False


def _event_log(source: Source, data: Bytes) -> Document:
    """Read an event log, one event a line. It holds no program lines, and leaves default providers out."""
    steps: list[tuple[str, str, _Step]] = []
    planned: list[bool] = []
    summary: _Summary | None = None
    config: dict[str, Any] | None = None
    failed = False
    for number, line in enumerate(bytes(data).split(b"\n")):
        if not line.strip():
            continue
        try:
            event = _event(line)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            raise StateError(
                f"`{source.name}` is cut or damaged: its line {number + 1} is no engine event; {_AGAIN}"
            ) from None
        if event.resource_pre_event is not None and event.resource_pre_event.metadata is not None:
            told = event.resource_pre_event.metadata
            steps.append((f"/{number}/resourcePreEvent/metadata", "", _Step(told.op, told.urn, told.old, told.new)))
            planned.append(event.resource_pre_event.planning)
        config = event.prelude_event.config if event.prelude_event is not None else config
        summary = event.summary_event or summary
        failed = failed or (event.diagnostic_event is not None and event.diagnostic_event.severity == "error")
        failed = failed or event.error_event is not msgspec.UNSET or event.res_op_failed_event is not msgspec.UNSET
    if summary is None and not failed:
        raise StateError(f"`{source.name}` is cut: the event log has no summary at its end; {_AGAIN}")
    if any(planned):  # the log of an update holds its preview too
        steps = [step for step, before in zip(steps, planned, strict=True) if before]
    corrupt = summary is not None and summary.maybe_corrupt
    changes = (summary.resource_changes if summary is not None else None) or {}
    return _document(source, steps, changes, failed=failed or corrupt, config=config)


# ---------------------------------------------------------------------------------------------------------- saved plan
class _Diff(msgspec.Struct, gc=False):
    adds: dict[str, Any] | None = None
    deletes: list[str] | None = None
    updates: dict[str, Any] | None = None


class _Goal(msgspec.Struct, rename="camel", gc=False):
    type: str = ""
    custom: bool = False
    input_diff: _Diff | None = None
    provider: str | None = None


class _Planned(msgspec.Struct, gc=False):
    goal: _Goal | None = None
    steps: list[str] | None = None


class _Plan(msgspec.Struct, rename="camel", gc=False):
    resource_plans: dict[str, _Planned] | msgspec.UnsetType | None = msgspec.UNSET
    config: dict[str, Any] | None = None


def _plan(source: Source, plans: Mapping[str, _Planned], config: Mapping[str, Any] | None) -> Document:
    patches: dict[str, Patch] = {}
    gone: set[str] = set()
    odd: list[tuple[str, Entry]] = []
    steps: list[Step] = []
    for urn in sorted(plans):
        planned = plans[urn]
        goal, ops = planned.goal, [op[:40] for op in planned.steps or ()]
        at = "/resourcePlans/" + urn.replace("~", "~0").replace("/", "~1")
        bare = Entry(
            Resource(urn, goal.type if goal else type_in(urn), custom=bool(goal and goal.custom),
                     external="read" in ops, provider=goal.provider if goal else None),
            at, source.name,
        )  # fmt: skip
        steps += [Step(op, urn) for op in ops]
        odd += [(op, bare) for op in ops if op not in _LASTING | _GOING | _OLD_HALF]
        if any(op in _LASTING for op in ops) and goal is not None:
            diff = goal.input_diff or _Diff()
            fresh = set(ops) <= {"create", "import", "read"}
            patches[urn] = Patch(bare, (diff.adds or {}) | (diff.updates or {}), frozenset(diff.deletes or ()), fresh)
        elif any(op in _GOING for op in ops):
            gone.add(urn)
    stack = next((found for urn in sorted(plans) if (found := Resource(urn).stack)), None)
    return Document(
        SourceInfo(source.kind, source.name, stack),
        gone=frozenset(gone),
        odd=tuple(odd),
        region=_region(config),
        steps=tuple(steps),
        patches=patches,
    )


def patched(document: Document, known: Mapping[str, Entry]) -> tuple[Entry, ...]:
    """Return the resources that a saved plan leaves behind: *known* ones with their inputs changed, and new ones.

    Raises:
        StateError: the plan changes a resource that is not known.

    """
    return tuple(_patched(document, urn, patch, known.get(urn)) for urn, patch in document.patches.items())


def _patched(document: Document, urn: str, patch: Patch, old: Entry | None) -> Entry:
    bare = patch.bare
    if patch.whole or not bare.resource.custom:
        old = None if patch.whole else old
    elif old is None:
        raise StateError(
            f"`{document.info.name}` is a saved plan, which holds only differences, and changes `{urn}`, which no "
            "given state has: give the state from which it was made (`pulumi stack export`) with --state"
        )
    if old is not None and not patch.adds and not patch.deletes:
        return old
    inputs: dict[str, Any] = {}
    if old is not None:
        inputs = msgspec.json.decode(old.resource.inputs, type=dict[str, Any])
    inputs = {name: value for name, value in inputs.items() if name not in patch.deletes} | dict(patch.adds)
    resource = msgspec.structs.replace(
        old.resource if old is not None else bare.resource,
        inputs=msgspec.Raw(msgspec.json.encode(inputs)),
        provider=bare.resource.provider or (old.resource.provider if old is not None else None),
    )
    return Entry(resource, bare.pointer, bare.source)


def changes(steps: Iterable[Step]) -> dict[str, str]:
    """Return the operation by URN of every resource that is changed; what is replaced counts as replaced."""
    found: dict[str, str] = {}
    for step in steps:
        if step.op in CHANGING:
            word = step.op.removesuffix("-replacement") if step.op != "create-replacement" else "replace"
            word = "replace" if word == "delete-replaced" else word
            if found.get(step.urn) != "replace":
                found[step.urn] = word
            if step.old is not None and step.old.resource.urn != step.urn:
                found.setdefault(step.old.resource.urn, "rename")
    return found
