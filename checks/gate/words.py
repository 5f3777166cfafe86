"""How a deployment's findings are worded: what it does, to whom, with the line of the program that does it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from checks import spelling
from checks.model import Cause, Evidence, Finding, Origin, Severity, Side, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

_GRANTS: Final = frozenset({
    "FL101", "FL102", "FL103", "FL104", "FL105", "FL106", "FL110", "FL111", "FL112", "FL113",
})  # fmt: skip
"""Rules whose witness is the whole sentence."""

_LESS: Final = re.compile(r"\b(has|allows) less\b.*\b(cannot be|is not) decided\b")

_BEFORE: Final = (
    (re.compile(r"; the program does not declare (it|them)$"), ""),
    (re.compile(r"^declared, but not live: "), ""),
    (re.compile(r" is declared in (\S+), but not live$"), r" is taken out of \1"),
    (re.compile(r" is declared, but (does not exist|not set up)$"), " is removed"),
    (re.compile(r" is not declared by any stack\b(, though its database is)?"), " is new"),
    (re.compile(r"\ba declared default permission of (.*) is not live"), r"a default permission of \1 goes"),
    (re.compile(r": only today's (.*) are declared"), r": before, only today's \1 were"),
    (re.compile(r"\(declared "), "(before: "),
    (re.compile(r", (and|which) no stack declares( it)?\b"), ""),
    (re.compile(r": declared (.*), live "), r": before \1, now "),
    (re.compile(r" lacks a column that is declared: "), " loses the column "),
    (re.compile(r" lacks columns that are declared: "), " loses the columns "),
    (re.compile(r", but with the live tags it would$"), ", but with the new tags it would"),
    (re.compile(r" has a column that no stack declares: "), " gets the column "),
    (re.compile(r" has columns that no stack declares: "), " gets the columns "),
    (re.compile(r" under the declared name"), " under the same name"),
    (re.compile(r"\bthe undeclared (column|columns) "), r"the new \1 "),
    (re.compile(r"\bthe declared (column|columns) "), r"the \1 "),
    (re.compile(r"\b(that|which) no (given )?(stack|program) (declares|can declare)\b"), r"\1 is new"),
    (re.compile(r"\bno stack declares the "), "there is a new "),
    (re.compile(r"\bthan (is )?declared\b"), "than before"),
    (re.compile(r"\bwhich is not declared\b"), "which is new"),
    (re.compile(r"\bthe declared one\b"), "the one before"),
    (re.compile(r"\bthe declared grant\b"), "the grant"),
    (re.compile(r"\bother declared grants\b"), "other grants"),
    (re.compile(r"\bas declared\b"), "as before"),
    (re.compile(r", which is declared$"), ""),
)  # fmt: skip
"""Words of a comparison with a live lake → words of a deployment, so that one engine's sentences serve both."""


def told(one: Finding, touched: Mapping[str, str], program: Mapping[str, Evidence]) -> Finding:
    """Word a difference between before and after, and point at the program first.

    *program* are the places of what is touched in the program as it will be.
    """
    evidence = ordered(one.evidence, touched)
    first = evidence[0] if evidence else None
    if first is not None and _is_old(first) and (now := program.get(first.urn or "")) is not None:
        evidence = tuple(dict.fromkeys((now, *evidence)))
    first = evidence[0] if evidence else None
    subject = one.subject
    if subject.urn is None and first is not None:
        subject = replace(subject, urn=first.urn, stack=first.stack)
    return replace(
        one,
        message=f"{_message(one)}{position(first)}",
        cause=Cause(one.cause.kind, neutral(one.cause.what)),
        subject=subject,
        evidence=evidence,
        fix_declare=_close(one, first, touched),
        fix_revoke="",
        updated_by=None,
        updated=None,
    )


def ordered(evidence: tuple[Evidence, ...], touched: Mapping[str, str]) -> tuple[Evidence, ...]:
    """Put what the deployment touches first, and of that what comes before what goes."""
    return tuple(sorted(evidence, key=lambda one: (one.urn not in touched, _is_old(one), one.pointer, one.urn or "")))


def _is_old(one: Evidence) -> bool:
    foreseen = one.pointer.startswith(("/steps/", "/resourcePlans/")) or "/resourcePreEvent/" in one.pointer
    return not foreseen or one.pointer.endswith(("/oldState", "/old"))


def position(first: Evidence | None) -> str:
    """Say where the program has it: `` (`__main__.py#66`)``."""
    if first is None or first.position is None:
        return ""
    return f" (`{spelling.printable(first.position)}`)"


def gained(one: Finding) -> str:
    """Say what somebody gains: ``role/marketing SELECT telemetry_raw.private_messages.body``; empty where none can."""
    if one.witness is None or one.witness.permission is None:
        return ""
    said = spelling.witness_words(one.witness, home=one.subject.lake.account)
    lends = one.added and all(piece.grantable for piece in one.added)
    return said.replace(" can ", " pass on " if lends else " ", 1)


def neutral(message: str) -> str:
    """Say a comparison's message in words of a deployment."""
    for pattern, words in _BEFORE:
        message = pattern.sub(words, message)
    return message


def is_less(one: Finding) -> bool:
    """Whether a finding that is not decided asks only for less: nobody could gain by it."""
    return _LESS.search(one.message) is not None


def _message(one: Finding) -> str:
    said = neutral(one.message)
    if one.verdict is Verdict.UNKNOWN:
        start = "" if said.startswith("possible widening") else "possible widening: "
        return f"{start}{said}"
    if one.widens and one.rule in _GRANTS and "reaches nothing that exists" not in said and (who := gained(one)):
        return f"this deployment lets {who}: {neutral(one.cause.what)}{_reach(one)}"
    if one.verdict is Verdict.LATENT:
        return f"nothing today, more tomorrow: {said}"
    if one.verdict is Verdict.NARROWED:
        return f"this deployment gives less: {said if one.witness is None else neutral(one.cause.what)}"
    if one.verdict is Verdict.CHANGED:
        return f"this deployment changes no access: {said}"
    return f"with this deployment {said}"


def _reach(one: Finding) -> str:
    reach = one.reach
    if reach.principals == 1 and reach.tables <= 1:
        return ""
    return f" (in all {spelling.reach_words(reach)})"


def _close(one: Finding, first: Evidence | None, touched: Mapping[str, str]) -> str:
    if not one.widens or first is None or first.urn not in touched:
        return ""
    where = f" at {spelling.printable(first.position)}" if first.position else ""
    what = {"delete": "leave it in the program", "update": f"take the change back{where}"}.get(
        touched[first.urn or ""], f"take it out of the program{where}"
    )
    return f"{what}: {spelling.printable(first.urn or '')}"


# --------------------------------------------------------------------------------------------------------------- drift
def adopted(one: Finding, drifted: Finding) -> Finding:
    """Word a widening that is live already."""
    by = f" by {spelling.principal_words(drifted.updated_by)}" if drifted.updated_by else ""
    when = f" on {spelling.printable(drifted.updated[:10])}" if drifted.updated else ""
    said = one.message if one is not drifted else neutral(one.message)
    return replace(
        one,
        origin=Origin.ADOPTED,
        message=f"{said}; it is live already, made by hand{by}{when}: this deployment makes it official",
        updated_by=drifted.updated_by,
        updated=drifted.updated,
        evidence=tuple(dict.fromkeys((*one.evidence, *(e for e in drifted.evidence if e.source is Side.LIVE)))),
    )


def together(one: Finding, touched: Mapping[str, str]) -> Finding:
    """Word what the deployment opens by meeting what was done by hand."""
    who = gained(one)
    said = f"this deployment lets {who}: {neutral(one.cause.what)}{_reach(one)}" if who else neutral(one.message)
    evidence = ordered(one.evidence, touched)
    return replace(
        one,
        origin=Origin.DEPLOYMENT,
        message=f"{said}, together with what was changed by hand{position(_program(evidence))}",
        evidence=evidence,
        fix_declare="put the lake back before deploying: `floodline check` says what was changed by hand",
        fix_revoke="",
    )


def _program(evidence: tuple[Evidence, ...]) -> Evidence | None:
    return next((one for one in evidence if one.position is not None), None)


def revoked(one: Finding, *, declared: bool) -> Finding:
    """Word access that the deployment takes away without a word."""
    lost = spelling.witness_words(one.witness, home=one.subject.lake.account) if one.witness else one.cause.what
    lost = lost.replace(" can ", " loses ", 1)
    why = "another resource still declares it" if declared else "it was given by hand, and no program declares it"
    return replace(
        one,
        origin=Origin.REVOKED,
        severity=max(one.severity, Severity.MEDIUM),
        message=f"this deployment takes away without a word: {lost}{_reach(one)}; {why}",
        fix_declare="declare it before deploying, if it is to stay",
    )


def standing(one: Finding) -> Finding:
    """Word drift that the deployment does not touch."""
    return replace(one, origin=Origin.STANDING, message=f"live drift that stays: {one.message}")


def undone(one: Finding) -> Finding:
    """Word drift that the deployment overwrites."""
    return replace(one, origin=Origin.UNDONE, message=f"live drift that this deployment undoes: {one.message}")


def official(one: Finding) -> Finding:
    """Word drift without more access that the program now declares."""
    return replace(one, origin=Origin.ADOPTED, message=f"live drift that the program now declares: {one.message}")
