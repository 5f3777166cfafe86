"""Turn what a moved fact gives or takes into findings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from checks import spelling
from checks.compare import findings as say
from checks.compare.difference import FILES_READ
from checks.compare.moved.effects import NO_COLUMNS, Effect, Moved, Source, reads_files
from checks.compare.moved.world import World
from checks.compare.tagmatch import numbers
from checks.model import (
    EVERY_COLUMN,
    Access,
    Cause,
    Columns,
    Confidence,
    Evidence,
    Only,
    Reach,
    Severity,
    SubjectResource,
    Verdict,
)
from checks.semantics import DESCRIBE, SELECT

_GRANTS_SHOWN = 18
_FACTS_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Story:
    """What a report of a moved fact needs beside its effect."""

    rule: str
    subject_kind: str
    subject: SubjectResource
    cause: Cause
    moved: str
    declared: str
    live: str
    evidence: tuple[Evidence | None, ...]
    origin: Evidence | None
    managed: bool
    declare: str = ""
    revoke: str = ""


def tell(world: World, story: Story, gain: Effect | None, loss: Effect | None) -> bool:
    """Report gains as widened (or unmanaged), losses as narrowed, the undecided as unknown; say whether any was."""
    told = False
    for effect, widens in ((gain, True), (loss, False)):
        if effect:
            told = True
            (_gain if widens else _loss)(world, story, effect)
    if gain is not None and gain.unknown:
        told = True
        sides = world.sides
        sides.findings.append(
            say.build(
                "FL151",
                Verdict.UNKNOWN,
                say.subject(story.subject_kind, story.subject, sides.id, declared=story.origin),
                f"{story.moved}: whether that shows more cannot be decided: {min(gain.unknown)}",
                story.cause,
                confidence=sides.confidence,
                reach=_reach(world, gain.unsure, Effect()),
                evidence=story.evidence,
                declared=story.declared,
                live=story.live,
            )
        )
    return told


def _gain(world: World, story: Story, effect: Effect) -> None:
    sides = world.sides
    reach = _reach(world, effect.people, effect)
    mild = {permission for permission, _ in effect.atoms} <= {DESCRIBE}
    grave = reach.sensitive_columns or reach.principals is None
    exposed = (
        story.managed
        or any(sides.speaks_of_table(one) for one in effect.tables)
        or any(sides.speaks_of_database(one) for one in effect.databases)
    )
    severity = Severity.LOW if not exposed else Severity.MEDIUM if mild else Severity.HIGH
    if grave and severity is Severity.HIGH:
        severity = Severity.CRITICAL
    assert effect.best is not None
    sides.findings.append(
        say.build(
            story.rule,
            Verdict.WIDENED if story.managed else Verdict.UNMANAGED,
            say.subject(story.subject_kind, story.subject, sides.id, declared=story.origin),
            f"{story.moved}: {spelling.witness_words(effect.best.witness, home=sides.id.account)}, which is not "
            f"declared (in all {_reach_words(world, effect)}){_remarks(world, effect, widens=True)}",
            story.cause,
            severity=severity,
            confidence=Confidence.ASSUMED if effect.notes else sides.confidence,
            exposure=exposed,
            added=_pieces(effect),
            witness=effect.best.witness,
            reach=reach,
            evidence=_evidence(world, story, effect),
            declare=story.declare,
            revoke=story.revoke,
            declared=story.declared,
            live=story.live,
        )
    )


def _loss(world: World, story: Story, effect: Effect) -> None:
    sides = world.sides
    assert effect.best is not None
    sides.findings.append(
        say.build(
            "FL131",
            Verdict.NARROWED,
            say.subject(story.subject_kind, story.subject, sides.id, declared=story.origin),
            f"{story.moved}: declared, but not live: "
            f"{spelling.witness_words(effect.best.witness, home=sides.id.account)} "
            f"(in all {_reach_words(world, effect)}){_remarks(world, effect, widens=False)}",
            story.cause,
            confidence=Confidence.ASSUMED if effect.notes else sides.confidence,
            removed=_pieces(effect),
            witness=effect.best.witness,
            reach=_reach(world, effect.people, effect),
            evidence=_evidence(world, story, effect),
            declare=story.declare,
            revoke=story.revoke,
            declared=story.declared,
            live=story.live,
        )
    )


def changed(
    world: World, story: Story, *, managed: bool = True, severity: Severity | None = None, why: str = ""
) -> None:
    """Report a fact that differs although nobody's access does by it alone; *why* says what it takes."""
    sides = world.sides
    sides.findings.append(
        say.build(
            "FL140" if managed else "FL142",
            Verdict.CHANGED if managed else Verdict.UNMANAGED,
            say.subject(story.subject_kind, story.subject, sides.id, declared=story.origin),
            f"{story.moved}; {why or 'nobody reads more or less today by it'}",
            story.cause,
            severity=severity,
            confidence=sides.confidence,
            evidence=story.evidence,
            declared=story.declared,
            live=story.live,
            declare=story.declare,
            revoke=story.revoke,
        )
    )


def latent(world: World, story: Story, why: str) -> None:
    """Report a fact that gives nobody more today, but would tomorrow."""
    sides = world.sides
    sides.findings.append(
        say.build(
            "FL160",
            Verdict.LATENT,
            say.subject(story.subject_kind, story.subject, sides.id, declared=story.origin),
            f"{story.moved}; {why}",
            story.cause,
            confidence=sides.confidence,
            declared=story.declared,
            live=story.live,
            evidence=story.evidence,
        )
    )


# --------------------------------------------------------------------------------------------------------------- words
def _tables(world: World, effect: Effect) -> int:
    """Count the tables that are touched; what is about databases counts those in them (contract, spelling)."""
    return len(effect.tables) or sum(len(world.sides.tables_of(one)) for one in effect.databases)


def _reach(world: World, people: int, effect: Effect) -> Reach:
    return Reach(
        None if people & world.many else people.bit_count(),
        _tables(world, effect),
        sum(len(columns) for table, columns in effect.cells.items() if table not in effect.files)
        + sum(len(columns | effect.cells.get(table, NO_COLUMNS)) for table, columns in effect.files.items()),
        sum(len(columns) for columns in effect.sensitive.values()),
    )


def _reach_words(world: World, effect: Effect) -> str:
    count = effect.people.bit_count()
    who = "many principals" if effect.people & world.many else f"{count:,} principal{'s' if count != 1 else ''}"
    tables = _tables(world, effect)
    return f"{who}, {tables:,} table{'s' if tables != 1 else ''}"


def fact_words(facts: Iterable[Moved]) -> str:
    """List facts, the first few by name: ``tag domain of sales.orders and 2 more``."""
    told = sorted(_fact(one) for one in facts)
    rest = len(told) - _FACTS_SHOWN
    return ", ".join(told[:_FACTS_SHOWN]) + (f" and {rest:,} more" if rest > 0 else "")


def _fact(fact: Moved) -> str:
    return spelling.words(fact)


def _remarks(world: World, effect: Effect, *, widens: bool) -> str:
    """Say what else is behind it: facts that had to move too, grants that would have given it without."""
    text = ""
    if effect.others:
        part = "" if effect.joint else "in part "
        text += f"; {part}only because {fact_words(effect.others)} moved as well"
    if effect.either:
        text += f"; {fact_words(effect.either)} {'would have done it too' if widens else 'moved as well'}"
    if effect.rivals:
        who, what = min(effect.rivals)
        name = spelling.principal_words(who, home=world.sides.id.account)
        text += f"; the grant on {what} to {name} {'gives it too' if widens else 'does not exist any more either'}"
    notes = sorted(effect.notes)
    if widens and any(map(reads_files, effect.atoms)):
        further = any(files - effect.cells.get(table, NO_COLUMNS) for table, files in effect.files.items())
        if further or (SELECT, False) not in effect.atoms:
            notes.append(FILES_READ)
    return text + (f" ({'; '.join(notes)})" if notes else "")


def _pieces(effect: Effect) -> list[Access]:
    lent = {permission for permission, flag in effect.atoms if flag}
    columns: Columns | None = None
    if len(effect.cells) == 1:
        columns = Only(next(iter(effect.cells.values())))
    elif effect.cells:
        columns = EVERY_COLUMN
    return [
        Access(permission, columns if permission == SELECT else None, permission in lent)
        for permission in sorted({permission for permission, _ in effect.atoms})
    ]


def _evidence(world: World, story: Story, effect: Effect) -> list[Evidence | None]:
    """Return where the fact is told, and the first of the grants that read it."""
    found = list(story.evidence)
    index = world.sides.index_declared, world.sides.index_live

    def order(source: Source) -> tuple[str, str]:
        return spelling.words(source[0]), source[1] or ""

    left = _GRANTS_SHOWN
    for source in sorted(effect.sources, key=order):
        for number in numbers(effect.sources[source]):
            if not left:
                return found
            told = [
                grant
                for side in index
                for grant in side.on_object(world.people[number], source[0])
                if grant.condition == source[1]
            ]
            if told:
                found.append(told[0].evidence)
                left -= 1
    return found
