"""What a deployment does to the lake as it is today: what it takes away, makes official, undoes and leaves standing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from checks import spelling
from checks.compare import compare
from checks.compare import findings as say
from checks.gate import words
from checks.gate.projected import projected
from checks.model import Cause, Finding, Lake, Origin, Principal, SettingRef, Severity, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_Key = tuple[str, object, object]


def drift(
    deployed: Iterable[Finding], before: Lake, after: Lake, old: Lake, new: Lake, live: Lake, touched: Mapping[str, str]
) -> list[Finding]:
    """Return the deployment's own findings, and what it does to live drift.

    *old* and *new* are *before* and *after* made even. Five comparisons: each declaration with live, *after* with live
    as it will be, and live with that and with live as it would be if what was declared were only put back.
    """
    then = projected(live, before, after, touched)
    back = projected(live, before, before, touched)
    was, would, will = (compare(*pair).findings for pair in ((before, live), (after, live), (after, then)))
    lost = compare(live, then).findings
    unsaid = compare(live, back).findings
    found = _official(list(deployed), was, would)
    found += _together(found, was, lost, touched)
    gone = [*_revoked(was, will, lost, unsaid), *_settings(old, new, live, then)]
    found += gone
    found += _left(was, would, will, {_place(one) for one in gone})
    return found


def _place(one: Finding) -> _Key:
    return one.subject.kind, one.subject.principal, one.subject.resource


def _drift(one: Finding) -> tuple[bool, Verdict | None, _Key]:
    """What makes two findings the same drift, though another declaration may word it otherwise."""
    return one.widens, None if one.widens else one.verdict, _place(one)


def _drifts(found: Iterable[Finding]) -> list[Finding]:
    return [one for one in found if one.verdict is not Verdict.UNKNOWN and one.rule != "FL126"]


def _official(deployed: list[Finding], was: Iterable[Finding], would: Iterable[Finding]) -> list[Finding]:
    """Mark the widenings that are live already: the deployment makes them official."""
    later = list(would)
    same, still = {one.id for one in later}, {_place(one) for one in later if one.widens}
    drifted = {_place(one): one for one in _drifts(was) if one.widens and one.id not in same}
    found = []
    for one in deployed:
        known = drifted.pop(_place(one), None) if one.widens else None
        found.append(one if known is None else words.adopted(one, known))
    return [*found, *(words.adopted(one, one) for place, one in drifted.items() if place not in still)]


def _together(
    deployed: Iterable[Finding], was: Iterable[Finding], lost: Iterable[Finding], touched: Mapping[str, str]
) -> list[Finding]:
    """Return what the deployment opens only because of what was done by hand: no declaration alone shows it."""
    known = {_place(one) for one in deployed if one.widens}
    restored = {_place(one) for one in was if one.verdict is Verdict.NARROWED}
    return [
        words.together(one, touched)
        for one in lost
        if one.widens and one.rule != "FL126" and _place(one) not in known and _place(one) not in restored
    ]


def _revoked(
    was: Iterable[Finding], will: Iterable[Finding], lost: Iterable[Finding], unsaid: Iterable[Finding]
) -> list[Finding]:
    """Return the access that goes although it was never declared, or although it stays declared."""
    never = {_place(one) for one in unsaid if one.verdict is Verdict.NARROWED}
    before = {_place(one) for one in was if one.verdict is Verdict.NARROWED}
    still = {_place(one) for one in will if one.verdict is Verdict.NARROWED} - before
    return [
        words.revoked(one, declared=_place(one) not in never)
        for one in lost
        if one.verdict is Verdict.NARROWED
        and not isinstance(one.subject.resource, SettingRef)
        and _place(one) in never | still
    ]


def _settings(old: Lake, new: Lake, live: Lake, then: Lake) -> list[Finding]:
    """Return who is taken out of the settings that a deployment replaces whole, though no program put them there."""
    if not live.settings or live.settings == then.settings:
        return []
    now, later = dict(live.settings[0].members), dict(then.settings[0].members)
    before = dict(old.settings[0].members) if old.settings else {}
    evidence = next((one.evidence for one in new.settings if one.evidence), None)
    found = []
    for name in sorted(now):
        held, left, said = now[name], later.get(name), before.get(name)
        if isinstance(held, frozenset):
            gone = held - _texts(left) - _texts(said)
        else:
            gone = frozenset({"true"}) if held is True and not left and not said else frozenset()
        for text in sorted(gone):
            who = None if text == "true" else spelling.principal_words(Principal(text), home=live.id.account)
            what = f"{who} is taken out of {name}" if who else f"{name} is switched off"
            found.append(
                say.build(
                    "FL131",
                    Verdict.NARROWED,
                    say.subject(
                        "setting",
                        SettingRef(name),
                        live.id,
                        principal=None if who is None else Principal(text),
                        declared=evidence,
                    ),
                    f"this deployment takes away without a word what was set by hand: {what}, for it writes the "
                    "settings whole, and no program declares that",
                    Cause("setting", f"{name} is replaced whole: {spelling.printable(text)} goes"),
                    declared=", ".join(sorted(map(spelling.printable, _texts(held)))),
                    live=", ".join(sorted(map(spelling.printable, _texts(left)))) or "nobody",
                    evidence=[evidence, live.settings[0].evidence],
                    declare=f"aws.lakeformation.DataLakeSettings: add {spelling.printable(text)} to {name}, "
                    "if it is to stay",
                )
            )
    return [replace(one, origin=Origin.REVOKED) for one in found]


def _texts(value: object) -> frozenset[str]:
    return value if isinstance(value, frozenset) else frozenset({"true"} if value is True else ())


def _left(
    was: Iterable[Finding], would: Iterable[Finding], will: Iterable[Finding], revoked: set[_Key]
) -> list[Finding]:
    """Return the drift that stays, and that which is overwritten or made official although nobody gains by it."""
    after, then = {_drift(one) for one in would}, {_drift(one) for one in will}
    found = []
    for one in _drifts(was):
        if _drift(one) in then:
            found.append(words.standing(one))
        elif _drift(one) not in after:
            if not one.widens:
                found.append(words.official(one))
        elif not one.widens or not any(kind == one.subject.kind for kind, _, _ in revoked):
            found.append(words.undone(one))
    return [replace(one, severity=Severity.INFO) for one in found]
