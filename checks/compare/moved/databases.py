"""What declared LF-tag policies gain or lose on databases themselves."""

from __future__ import annotations

from collections import defaultdict

from checks.compare.moved.blame import blame_database
from checks.compare.moved.changes import Changes
from checks.compare.moved.effects import Effects, seen
from checks.compare.moved.through import reaches_database, staying_database, through_database
from checks.compare.moved.world import Offer, World
from checks.compare.tagmatch import Matcher, numbers
from checks.model import Database, Facts, Principal, TagPolicy, Witness
from checks.semantics import DESCRIBE
from checks.view import database_access


def databases(world: World, changes: Changes, effects: Effects) -> None:
    """Evaluate the declared DATABASE policies on the databases whose tags moved, or on all if a saved body did.

    Only whom a policy reaches that means another set of databases than before is looked at.
    """
    sides = world.sides
    every = sides.databases() if changes.edited else changes.databases
    if not every:
        return
    offers = [(offer, offer.resource) for offer in world.books[0].on_databases]
    before, after = (
        Matcher([view.expression(policy) if isinstance(policy, TagPolicy) else None for _, policy in offers])
        for view in (sides.view_declared, sides.view_live)
    )
    for database in sorted(every, key=lambda one: (one.catalog, one.name)):
        one, two = sides.view_declared.database_tags(database), sides.view_live.database_tags(database)
        touched: dict[Principal, list[Offer]] = defaultdict(list)
        for number in numbers(before.match(one) ^ after.match(two)):
            for principal in world.names(offers[number][0].everyone):
                touched[principal].append(offers[number][0])
        for principal, some in touched.items():
            for condition in sorted({offer.condition for offer in some}, key=lambda each: each or ""):
                _on_database(world, effects, principal, condition, some, database)


def _on_database(
    world: World,
    effects: Effects,
    principal: Principal,
    condition: str | None,
    offers: list[Offer],
    database: Database,
) -> None:
    sides = world.sides
    before = database_access(sides.index_declared, sides.view_declared, principal, database, condition=condition)
    after = through_database(sides, principal, database, condition)
    stays = staying_database(sides, principal, database, condition)
    held = database_access(sides.index_live, sides.view_live, principal, database, condition=condition)
    dark = Facts.GRANTS in sides.dark
    gained, lost = after - before, set() if dark else before - stays - held
    for pairs, gain in ((gained, True), (lost, False)):
        for atom in sorted(pairs):
            if atom[0] == DESCRIBE and any(flag or not atom[1] for _, flag in (before if gain else held)):
                continue  # any other permission implies it
            giving = [one for one in offers if one.shown(atom) & world.bit(principal)]
            blamed = [
                (facts, one)
                for one in giving
                if (facts := blame_database(sides, database, one.resource, gain=gain))
                and (not gain or reaches_database(sides, principal, database, condition, facts, atom))
            ]
            if not blamed:
                continue
            facts, offer = min(blamed, key=lambda pair: (len(pair[0]), repr(pair[0])))
            effect = (effects.gains if gain else effects.losses)[facts[0]]
            effect.people |= world.bit(principal)
            effect.databases.add(database)
            effect.atoms.add(atom)
            effect.needing(facts)
            effect.joint &= len(facts) > 1
            effect.sources_of({(offer.resource, offer.condition): world.bit(principal)})
            witness = Witness(principal, atom[0], database.catalog, database.name)
            effect.show(seen(witness, sensitive=False, partition=False))
