"""What declared LF-tag policies gain or lose on databases themselves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from checks.compare.moved.blame import failing
from checks.compare.moved.changes import Changes
from checks.compare.moved.effects import Effects, Moved, seen
from checks.compare.moved.tagmatch import Matcher, numbers
from checks.compare.moved.world import World
from checks.grants import Grants, atoms
from checks.model import Database, Facts, Grant, Principal, SavedExpression, TagPolicy, TagRef, Witness
from checks.semantics import DESCRIBE
from checks.view import database_access


@dataclass(slots=True)
class _Policies:
    """The declared DATABASE policies, by number, and who holds them."""

    resources: list[TagPolicy] = field(default_factory=list)
    holders: list[dict[Principal, list[Grant]]] = field(default_factory=list)


def databases(world: World, changes: Changes, effects: Effects) -> None:
    """Evaluate the declared DATABASE policies on the databases whose tags moved, or on all if a saved body did.

    Only whom a policy reaches that means another set of databases than before is looked at.
    """
    sides = world.sides
    policies = _policies(sides.index_declared)
    if not policies.resources:
        return
    before, after = (
        Matcher([view.expression(policy) for policy in policies.resources])
        for view in (sides.view_declared, sides.view_live)
    )
    every = sides.databases() if changes.edited else changes.databases
    for database in sorted(every, key=lambda one: (one.catalog, one.name)):
        one, two = sides.view_declared.database_tags(database), sides.view_live.database_tags(database)
        touched: dict[Principal, list[Grant]] = defaultdict(list)
        for number in numbers(before.match(one) ^ after.match(two)):
            for principal, grants in policies.holders[number].items():
                touched[principal] += grants
        for principal, grants in touched.items():
            for condition in sorted({grant.condition for grant in grants}, key=lambda each: each or ""):
                _on_database(world, effects, principal, condition, grants, database)


def _policies(index: Grants) -> _Policies:
    found = _Policies()
    known: dict[TagPolicy, int] = {}
    for grant in index.all_policies():
        policy = grant.resource
        if isinstance(policy, TagPolicy) and policy.resource_type == "DATABASE" and grant.principal is not None:
            number = known.setdefault(policy, len(known))
            if number == len(found.resources):
                found.resources.append(policy)
                found.holders.append({})
            found.holders[number].setdefault(grant.principal, []).append(grant)
    return found


def _on_database(
    world: World,
    effects: Effects,
    principal: Principal,
    condition: str | None,
    policies: list[Grant],
    database: Database,
) -> None:
    sides = world.sides
    before = database_access(sides.index_declared, sides.view_declared, principal, database, condition=condition)
    after = database_access(sides.index_declared, sides.view_live, principal, database, condition=condition)
    held = database_access(sides.index_live, sides.view_live, principal, database, condition=condition)
    dark = Facts.GRANTS in sides.dark
    gained, lost = (after - before, set()) if dark else ((after - before) & held, before - after - held)
    for pairs, gain in ((gained, True), (lost, False)):
        for atom in sorted(pairs):
            if atom[0] == DESCRIBE and any(flag or not atom[1] for _, flag in (before if gain else held)):
                continue  # any other permission implies it
            giving = [one for one in policies if atom in atoms(one)]
            blamed = min(
                ((_blame(world, database, one.resource, gain=gain), one) for one in giving),
                key=lambda pair: (len(pair[0]), repr(pair[0])),
                default=None,
            )
            if blamed is None or not blamed[0]:
                continue
            facts, grant = blamed
            effect = (effects.gains if gain else effects.losses)[facts[0]]
            effect.people |= world.bit(principal)
            effect.databases.add(database)
            effect.atoms.add(atom)
            effect.others.update(facts[1:])
            effect.joint &= len(facts) > 1
            effect.sources_of({(grant.resource, grant.condition): world.bit(principal)})
            witness = Witness(principal, atom[0], database.catalog, database.name)
            effect.show(seen(witness, sensitive=False, partition=False))


def _blame(world: World, database: Database, policy: object, *, gain: bool) -> tuple[Moved, ...]:
    """Return the facts without which the policy would not mean the database (or still would)."""
    sides = world.sides
    if not isinstance(policy, TagPolicy):
        return ()
    views = (sides.view_declared, sides.view_live) if gain else (sides.view_live, sides.view_declared)
    edit: Iterable[Moved] = ()
    body, was = views[1].expression(policy), views[0].expression(policy)
    if body is None:
        return ()
    if policy.saved is not None and body != was:
        edit = (SavedExpression(policy.catalog, policy.saved),)
    tags = views[0].database_tags(database)
    moved = tuple(TagRef(database, key) for key in failing(body, tags))
    return (*edit, *moved) if gain else (*edit, *moved)[:1]
