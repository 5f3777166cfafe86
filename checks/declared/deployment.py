"""A deployment that has not happened yet: what is declared before it, and what will be declared after it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from checks.declared.declaration import Declaration, Known, is_ours, join, places_of
from checks.declared.document import Document, StateError
from checks.declared.foreseen import CHANGING, changes, type_in
from checks.declared.parsing import parse
from checks.model import Lake

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from checks.declared.document import Entry, Resource, Source
    from checks.model import LakeId

_FRESH = frozenset({"create", "import"})
"""Operations on what the state does not have yet."""

_FIRST = _FRESH | {"read"}
"""All that a stack's first deployment does."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """Both declarations, and the operation (``create``, ``update``, ``replace``, ``delete``, ``import``) by URN."""

    before: Declaration
    after: Declaration
    touched: Mapping[str, str]

    def place(
        self, *, account: str | None = None, region: str | None = None, live: tuple[LakeId, ...] = ()
    ) -> tuple[tuple[Lake, Lake], ...]:
        """Put both declarations into lakes: (before, after) for each lake, in the order of their ids.

        What stays as it is, is read once. Where neither the declaration nor the user says in which lake a new
        resource lies, it is the only lake of before.

        Raises:
            PlacementError: a resource's lake cannot be told.

        """
        known: Known = {}
        before = {lake.id: lake for lake in self.before.place(account=account, region=region, live=live, known=known)}
        after = {
            lake.id: lake
            for lake in self.after.place(account=account, region=region, live=live or tuple(before), known=known)
        }
        return tuple((before.get(one, Lake(one)), after.get(one, Lake(one))) for one in sorted({*before, *after}))


def foresee(sources: Iterable[Source]) -> Deployment:
    """Read previews, and the states from which they were made.

    A preview that shows unchanged resources too (``--show-sames``) tells by itself what was before. States of other
    stacks are declared on both sides.

    Raises:
        StateError: a document cannot be used, or nothing tells what was before.

    """
    documents = [parse(source) for source in sources]
    states = [one for one in documents if one.info.kind != "preview"]
    if all(one.info.kind != "preview" for one in documents):
        raise StateError("nothing is to be deployed: give what `pulumi preview --json` prints with --preview")
    known = {one.info.stack for one in states} - {None}
    listed = {entry.resource.urn: entry for state in states for entry in state.entries}
    documents = [_shared(one, listed) if one.info.kind == "preview" else one for one in documents]
    previews = [one for one in documents if one.info.kind == "preview"]
    past = list(states)
    for preview in previews:
        if preview.info.stack in known or (preview.info.stack is None and states):
            _fits(preview, states)
        else:
            past.append(_before(preview, states))
    after = join(documents)
    places = places_of([*past, *previews], keep=False)
    touched: dict[str, str] = {}
    for preview in previews:
        touched |= changes(preview.steps)
    return Deployment(replace(join(past), _places=places), replace(after, _places=places), touched)


def _shared(preview: Document, listed: Mapping[str, Entry]) -> Document:
    """Take what a preview leaves as it is from the side of before: what is one resource is read once."""
    olds = {step.new.resource.urn: step.old for step in preview.steps if step.old is not None and step.new is not None}
    entries = tuple(
        before if before is not None and _alike(before.resource, entry.resource) else entry
        for entry in preview.entries
        for before in [listed.get(entry.resource.urn) or olds.get(entry.resource.urn)]
    )
    return replace(preview, entries=entries)


def _alike(one: Resource, other: Resource) -> bool:
    """Whether two resources are the same byte for byte, as far as anything is read of them."""
    return (
        one.inputs == other.inputs
        and one.outputs == other.outputs
        and (one.type, one.provider, one.id, one.custom, one.external, one.delete, one.pending_replacement)
        == (other.type, other.provider, other.id, other.custom, other.external, other.delete, other.pending_replacement)
        and (one.parent, one.source_position) == (other.parent, other.source_position)
        and one.stack_trace == other.stack_trace
    )


def _fits(preview: Document, states: Sequence[Document]) -> None:
    """See that a preview was made from the state: an older or newer one would hide what the deployment does."""
    listed = [entry.resource for state in states for entry in state.entries]
    has = {one.urn for one in listed}
    # What only waits to be deleted, or is read and not owned, may be created anew.
    owned = {one.urn for one in listed if not (one.delete or one.pending_replacement or one.external)}
    for step in preview.steps:
        urn = step.old.resource.urn if step.old is not None else step.urn
        wrong = urn in owned if step.op in _FRESH else urn not in has
        if step.op in CHANGING and is_ours(type_in(urn)) and wrong:
            raise StateError(
                f"`{preview.info.name}` was not made from the given state: it is to {_verb(step.op)} `{urn}`, which "
                f"the state {'has already' if urn in has else 'does not have'}; export the state and preview again"
            )


def _verb(op: str) -> str:
    return "replace" if op not in {"create", "update", "delete", "import"} else op


def _before(preview: Document, states: Sequence[Document]) -> Document:
    """Take what was before out of a preview that tells it all: it lists what stays too, or nothing was there yet.

    Raises:
        StateError: it does not.

    """
    name, stack = preview.info.name, preview.info.stack
    olds: dict[str, Entry] = {}
    silent = 0
    for step in preview.steps:
        if step.old is not None:
            olds.setdefault(step.old.resource.urn, step.old)
        elif step.op not in _FRESH and (step.new is None or not step.new.resource.external):
            silent += 1
    first = all(step.op in _FIRST for step in preview.steps)
    if preview.untold or silent or not (preview.whole or first):
        of = f" of `{stack}`" if stack else ""
        others = ", ".join(sorted(f"`{one.info.stack}`" for one in states if one.info.stack))
        given = f" (the given state is of {others})" if others else ""
        raise StateError(
            f"`{name}` does not tell what was before{given}: give the state{of} from which it was made "
            "(`pulumi stack export`) with --state, or preview with --show-sames"
        )
    info = replace(preview.info, kind="state")
    return Document(info, tuple(olds.values()), region=preview.region)
