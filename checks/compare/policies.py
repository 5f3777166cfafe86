"""Compare the Glue resource policy, and report row-level policies, which no program can declare."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from itertools import product

from checks import spelling
from checks.compare import findings as say
from checks.compare.sides import Sides
from checks.model import (
    Cause,
    Confidence,
    Facts,
    PolicyRef,
    Principal,
    Resource,
    ResourcePolicy,
    RLSPolicy,
    Severity,
    Table,
    TagPolicy,
    Verdict,
    Witness,
)
from checks.semantics import SELECT, database_of, matches, subject_of


def policies(sides: Sides) -> None:
    """Compare the policies that stand beside the grants."""
    _policies(sides)
    _rls(sides)


@dataclass(frozen=True, slots=True)
class _Statement:
    """A statement taken apart. ``text`` is the whole of it; ``opaque`` where it says what it does *not* mean."""

    text: str
    allows: bool
    principals: frozenset[tuple[str, str]]
    actions: frozenset[str]
    resources: frozenset[str]
    conditions: frozenset[str]
    opaque: bool


_KNOWN = frozenset({"Sid", "Effect", "Principal", "Action", "Resource", "Condition"})
_MOST = 100_000
"""How many combinations of principal, action and resource of one statement are looked at."""


def _statements(text: str) -> list[_Statement] | None:
    """Read a policy's statements; None where it cannot be read."""
    try:
        listed = json.loads(text)["Statement"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    found = [_statement(one) for one in (listed if isinstance(listed, list) else [listed])]
    return None if None in found else [one for one in found if one is not None]


def _statement(given: object) -> _Statement | None:
    if not isinstance(given, dict) or given.get("Effect") not in {"Allow", "Deny"}:
        return None
    body = {name: _canonical(value) for name, value in given.items() if name != "Sid"}
    principals = _principals(given.get("Principal"))
    actions, resources = _texts(given.get("Action")), _texts(given.get("Resource"))
    tests = given.get("Condition") or {}
    conditions = frozenset(
        json.dumps([operator, key, _canonical(value)], sort_keys=True)
        for operator, keys in (tests.items() if isinstance(tests, dict) else ())
        for key, value in (keys.items() if isinstance(keys, dict) else [("", keys)])
    )
    whole = principals and actions and resources and isinstance(tests, dict) and given.keys() <= _KNOWN
    return _Statement(
        json.dumps(body, sort_keys=True),
        given["Effect"] == "Allow",
        principals or frozenset(),
        frozenset("glue:*" if one == "*" else one.lower() for one in actions or ()),
        resources or frozenset(),
        conditions,
        not whole,
    )


def _principals(value: object) -> frozenset[tuple[str, str]] | None:
    """Return (kind, identifier) pairs; of ``*`` the kind is ``*`` too."""
    if value == "*":
        return frozenset({("*", "*")})
    if not isinstance(value, dict):
        return None
    found = {kind: _texts(listed) for kind, listed in value.items()}
    if None in found.values():
        return None
    return frozenset((kind, one) for kind, listed in found.items() for one in listed or ())


def _texts(value: object) -> frozenset[str] | None:
    listed: list[object] = value if isinstance(value, list) else [value]
    texts = frozenset(one for one in listed if isinstance(one, str))
    return texts if listed and all(isinstance(one, str) for one in listed) else None


def _canonical(value: object) -> object:
    if isinstance(value, list):
        told = sorted({json.dumps(_canonical(one), sort_keys=True) for one in value})
        return json.loads(told[0]) if len(told) == 1 else [json.loads(one) for one in told]
    if isinstance(value, dict):
        return {key: _canonical(one) for key, one in value.items()}
    return value


def _who_covers(wide: tuple[str, str], narrow: tuple[str, str]) -> bool:
    if wide in (narrow, ("*", "*")):
        return True
    # A resource policy means the same by both spellings of everyone (IAM user guide, reference_policies_elements).
    return wide == ("AWS", "*") and narrow[0] in {"AWS", "*"}


def _glob(wide: str, narrow: str) -> bool:
    """Whether one IAM pattern contains another: ``*`` is anything, ``?`` one sign or ``?``, never a ``*``.

    It goes back to the last ``*`` only, which takes time in proportion to both lengths whatever they hold.
    """
    at = star = mark = 0
    starred = False
    to = 0
    while to < len(narrow):
        here = wide[at] if at < len(wide) else None
        if here == "*":
            starred, star, mark = True, at, to
            at += 1
        elif here == narrow[to] or (here == "?" and narrow[to] != "*"):
            at, to = at + 1, to + 1
        elif starred:
            mark += 1
            at, to = star + 1, mark
        else:
            return False
    return not wide[at:].strip("*")


def _among(narrow: str, wide: frozenset[str]) -> bool:
    return narrow in wide or any(_glob(one, narrow) for one in wide)


class _Answer(IntEnum):
    """Whether a statement says something that others do not."""

    NO = 0
    UNDECIDED = 1
    YES = 2


def _beyond(one: _Statement, others: list[_Statement]) -> tuple[_Answer, tuple[str | None, str | None]]:
    """Tell whether a statement meets a request that none of *others* does, with its principal and action.

    Statements are united, so what one of the others contains is nothing new: principals, actions (whatever their case)
    and resources lie in its own, and each of its conditions is among the statement's, word by word. A condition only
    takes away; whether two different ones exclude each other is not decided.
    """
    nothing = None, None
    if any(one.text == other.text for other in others):
        return _Answer.NO, nothing
    others = [other for other in others if _may_concern(other, one)]
    plain = [other for other in others if not other.opaque]
    if one.opaque:
        return (_Answer.UNDECIDED if others else _Answer.YES), nothing
    if len(one.principals) * len(one.actions) * len(one.resources) > _MOST:
        return _Answer.UNDECIDED, nothing
    met = [
        (
            {who for who in one.principals if any(_who_covers(wide, who) for wide in other.principals)},
            {what for what in one.actions if _among(what, other.actions)},
            {where for where in one.resources if _among(where, other.resources)},
            other,
        )
        for other in plain
    ]
    answer = _Answer.NO
    example: tuple[str | None, str | None] = nothing
    for who, what, where in product(sorted(one.principals), sorted(one.actions), sorted(one.resources)):
        holding = [other for whos, whats, wheres, other in met if who in whos and what in whats and where in wheres]
        if any(other.conditions <= one.conditions for other in holding):
            continue
        # Without a condition that all the others have, the statement meets more; between different ones nobody knows.
        dropped = all(one.conditions < other.conditions for other in holding)
        this = _Answer.YES if dropped and len(plain) == len(others) else _Answer.UNDECIDED
        if this > answer:
            answer, example = this, (who[1], what)
    return answer, example


def _may_concern(other: _Statement, one: _Statement) -> bool:
    """Whether a principal of *one* may be among the other's, which may say only whom it does not mean."""
    if not other.principals or not one.principals:
        return True
    return any(_who_covers(wide, who) for wide in other.principals for who in one.principals)


def _most(ones: list[_Statement], others: list[_Statement]) -> tuple[_Answer, tuple[str | None, str | None]]:
    return max((_beyond(one, others) for one in ones), key=lambda found: found[0], default=(_Answer.NO, (None, None)))


def _policies(sides: Sides) -> None:
    """Compare the Glue resource policies statement by statement, by what they mean as far as that can be shown."""
    declared, live = sides.declared.policies, sides.live.policies
    subject = say.subject(
        "policy", PolicyRef(sides.id.account), sides.id, declared=declared[0].evidence if declared else None
    )
    told, now = _joined(declared), _joined(live)
    shared: say.Said = {
        "declared": "\n".join(spelling.printable(one.text) for one in declared) or "no policy",
        "live": "\n".join(spelling.printable(one.text) for one in live) or "no policy",
        "evidence": [one.evidence for one in (*declared, *live)],
    }
    cause = Cause("policy", "Glue resource policy of the catalog")

    def undecided(message: str) -> None:
        sides.findings.append(
            say.build("FL151", Verdict.UNKNOWN, subject, message, cause, confidence=sides.confidence, **shared)
        )

    if told is None or now is None:
        undecided("the Glue resource policy cannot be read as a policy document")
        return
    if {one.text for one in told} == {one.text for one in now}:
        sides.equal += bool(live)
        return
    if Facts.POLICIES in sides.dark and not live:
        return
    if any(gap.facts is Facts.POLICIES for gap in sides.declared.gaps):
        return  # a declared policy that cannot be read, and has said so, may allow any of this
    allowed, denied = [one for one in told if one.allows], [one for one in told if not one.allows]
    allows, denies = [one for one in now if one.allows], [one for one in now if not one.allows]
    more, witness = _most(allows, allowed)
    undenied, freed = _most(denied, denies)
    less = max(_most(allowed, allows)[0], _most(denies, denied)[0])
    if max(more, undenied) is _Answer.YES:
        what = "allows more than" if more is _Answer.YES else "lacks a Deny that is in"
        who, action = witness if more is _Answer.YES else freed
        sides.findings.append(
            say.build(
                "FL124",
                Verdict.WIDENED if declared else Verdict.UNMANAGED,
                subject,
                f"the Glue resource policy {what} the declared one"
                if declared
                else "a Glue resource policy allows what no stack declares",
                cause,
                exposure=True,
                confidence=Confidence.ASSUMED,
                witness=Witness(who, action, sides.id.account),
                reach=sides.reach([None], {}, tables=sum(1 for _ in sides.tables())),
                **shared,
            )
        )
    elif max(more, undenied) is _Answer.UNDECIDED:
        undecided("the Glue resource policy differs from the declared one; whether it allows more is not decided")
    if less is _Answer.YES:
        sides.findings.append(
            say.build(
                "FL131",
                Verdict.NARROWED if declared else Verdict.UNMANAGED,
                subject,
                "the Glue resource policy allows less than is declared"
                if declared
                else "a Glue resource policy denies what no stack denies",
                cause,
                confidence=Confidence.ASSUMED,
                severity=None if declared else Severity.LOW,
                **shared,
            )
        )
    elif less is _Answer.UNDECIDED and max(more, undenied) is not _Answer.UNDECIDED:
        undecided("the Glue resource policy differs from the declared one; whether it allows less is not decided")
    if max(more, undenied, less) is _Answer.NO:
        sides.equal += 1


def _joined(policies: Iterable[ResourcePolicy]) -> list[_Statement] | None:
    """Unite policies; statements that say the same count once."""
    found: dict[str, _Statement] = {}
    for policy in policies:
        parsed = _statements(policy.text)
        if parsed is None:
            return None
        found.update((one.text, one) for one in parsed)
    return list(found.values())


def _rls(sides: Sides) -> None:
    """Report row-level policies: they cannot be declared, and an attachment only ever adds rows (R: not proved)."""
    for one in sides.live.rls:
        where = spelling.words(one.resource)
        exposed = sides.opens_declared(one.resource)
        who = spelling.principal_words(one.principal, home=sides.id.account) if one.principal else "every principal"
        sides.findings.append(
            say.build(
                "FL125",
                Verdict.UNMANAGED,
                say.subject("policy", RLSPolicy(sides.id.account, one.policy), sides.id, principal=one.principal),
                f"row-level policy {spelling.printable(one.policy)} is attached to {where} for {who}; attachments only "
                "add rows, and no program can declare one",
                Cause("policy", f"row-level policy {spelling.printable(one.policy)} on {where}"),
                exposure=exposed,
                severity=Severity.MEDIUM if exposed else Severity.LOW,
                confidence=Confidence.ASSUMED,
                witness=_first_table(one.principal, subject_of(one.resource)),
                reach=sides.reach([one.principal], {}, tables=_tables_under(sides, one.resource)),
                live=f"attached to {where}",
                evidence=[one.evidence],
            )
        )


def _first_table(principal: Principal | None, resource: object) -> Witness:
    if isinstance(resource, Table):
        return Witness(principal, SELECT, resource.catalog, resource.database, resource.name)
    return Witness(principal, SELECT, getattr(resource, "catalog", None))


def _tables_under(sides: Sides, resource: Resource) -> int:
    """Count the tables that a policy attached to *resource* filters today."""
    if not isinstance(resource, TagPolicy):
        return 1
    expression = sides.view_live.expression(resource)
    if expression is None:
        return 0
    if resource.resource_type == "DATABASE":
        return sum(
            matches(expression, sides.view_live.database_tags(database))
            for table in sides.tables()
            if (database := database_of(table)) is not None
        )
    return sum(bool(sides.view_live.match(expression, table)) for table in sides.tables())
