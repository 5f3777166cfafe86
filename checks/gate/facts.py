"""The facts of a lake one by one, with the URN of the resource that states each."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from checks.model import Evidence, Lake

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

MAPPED = ("databases", "tables", "tags", "expressions", "filters", "locations", "catalogs", "functions")
"""Members of a lake that hold facts by key."""
LISTED = ("grants", "optins", "policies", "identity_centers", "partitions")
"""Members of a lake that hold facts in a row; settings and LF-tags on objects have forms of their own."""

assert {*MAPPED, *LISTED} < {one.name for one in fields(Lake)}


def urn(fact: Any) -> str | None:
    """Return the URN of the resource that states a fact."""
    evidence = getattr(fact, "evidence", None)
    return evidence.urn if isinstance(evidence, Evidence) else None


def each(lake: Lake) -> Iterator[Any]:
    """Yield every fact of a lake."""
    for name in MAPPED:
        yield from getattr(lake, name).values()
    for name in LISTED:
        yield from getattr(lake, name)
    yield from lake.settings
    for held in lake.assignments.values():
        yield from held.values()


def urns(lake: Lake) -> frozenset[str]:
    """Return the URNs of the resources that state at least one readable fact; a grant to somebody unknown is none."""
    return frozenset(
        found for fact in each(lake) if getattr(fact, "principal", "") is not None and (found := urn(fact)) is not None
    )


def members(lake: Lake, keep: Callable[[Any], bool]) -> dict[str, Any]:
    """Return the facts to *keep* as members of a lake, for ``dataclasses.replace``; settings are not among them."""
    found: dict[str, Any] = {
        name: {key: fact for key, fact in getattr(lake, name).items() if keep(fact)} for name in MAPPED
    }
    found |= {name: tuple(fact for fact in getattr(lake, name) if keep(fact)) for name in LISTED}
    found["assignments"] = {
        target: kept
        for target, held in lake.assignments.items()
        if (kept := {key: one for key, one in held.items() if keep(one)})
    }
    return found


def united(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """Unite members of lakes; what the second says of the same thing counts."""
    found: dict[str, Any] = {name: {**first[name], **second[name]} for name in MAPPED}
    found |= {name: _listed((*first[name], *second[name])) for name in LISTED}
    found["assignments"] = {
        target: {**first["assignments"].get(target, {}), **second["assignments"].get(target, {})}
        for target in (*first["assignments"], *second["assignments"])
    }
    return found


def _listed(facts: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(facts)
