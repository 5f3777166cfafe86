"""Compare the Glue resource policy, and report row-level policies, which no program can declare."""

from __future__ import annotations

import json
from collections.abc import Iterable

from checks import spelling
from checks.compare import findings as say
from checks.compare.sides import Sides
from checks.model import (
    Cause,
    Confidence,
    Evidence,
    Facts,
    PolicyRef,
    Principal,
    RLSPolicy,
    Severity,
    Table,
    Verdict,
    Witness,
)
from checks.semantics import SELECT, subject_of


def policies(sides: Sides) -> None:
    """Compare the policies that stand beside the grants."""
    _policies(sides)
    _rls(sides)


def _statements(text: str) -> tuple[set[str], set[str]] | None:
    """Return (allows, denies) as canonical texts, Sid left out; None where the policy cannot be read."""
    try:
        policy = json.loads(text)
        listed = policy["Statement"]
    except (ValueError, KeyError, TypeError):
        return None
    allows: set[str] = set()
    denies: set[str] = set()
    for one in listed if isinstance(listed, list) else [listed]:
        if not isinstance(one, dict):
            return None
        body = {key: _canonical(value) for key, value in one.items() if key != "Sid"}
        effect = body.get("Effect")
        if effect not in {"Allow", "Deny"}:
            return None
        (allows if effect == "Allow" else denies).add(json.dumps(body, sort_keys=True))
    return allows, denies


def _canonical(value: object) -> object:
    if isinstance(value, list):
        told = sorted({json.dumps(_canonical(one), sort_keys=True) for one in value})
        return json.loads(told[0]) if len(told) == 1 else [json.loads(one) for one in told]
    if isinstance(value, dict):
        return {key: _canonical(one) for key, one in value.items()}
    return value


def _policies(sides: Sides) -> None:
    """Compare the Glue resource policy statement by statement; whether one contains another is not decided here."""
    subject = say.subject(
        "policy",
        PolicyRef(sides.id.account),
        sides.id,
        declared=sides.declared.policies[0].evidence if sides.declared.policies else None,
    )
    told = _joined([one.text for one in sides.declared.policies])
    now = _joined([one.text for one in sides.live.policies])
    evidence: list[Evidence | None] = [one.evidence for one in (*sides.declared.policies, *sides.live.policies)]
    shared: say.Said = {
        "declared": "\n".join(spelling.printable(one.text) for one in sides.declared.policies) or "no policy",
        "live": "\n".join(spelling.printable(one.text) for one in sides.live.policies) or "no policy",
        "evidence": evidence,
    }
    cause = Cause("policy", "Glue resource policy of the catalog")
    if told is None or now is None:
        sides.findings.append(
            say.build(
                "FL151",
                Verdict.UNKNOWN,
                subject,
                "the Glue resource policy cannot be read as a policy document",
                cause,
                confidence=sides.confidence,
                **shared,
            )
        )
        return
    if told == now:
        sides.equal += bool(sides.live.policies)
        return
    if Facts.POLICIES in sides.dark and not sides.live.policies:
        return
    more = sorted(now[0] - told[0])
    if more or told[1] - now[1]:
        declared = bool(sides.declared.policies)
        what = "allows more than" if more else "lacks a Deny that is in"
        first = json.loads(more[0]) if more else {}
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
                witness=Witness(_policy_principal(first), _first(first.get("Action")), sides.id.account),
                reach=sides.reach([None], {}, tables=sum(1 for _ in sides.tables())),
                **shared,
            )
        )
    if told[0] - now[0] or now[1] - told[1]:
        sides.findings.append(
            say.build(
                "FL131",
                Verdict.NARROWED if sides.declared.policies else Verdict.UNMANAGED,
                subject,
                "the Glue resource policy allows less than is declared",
                cause,
                confidence=Confidence.ASSUMED,
                severity=None if sides.declared.policies else Severity.LOW,
                **shared,
            )
        )


def _joined(texts: Iterable[str]) -> tuple[set[str], set[str]] | None:
    allows: set[str] = set()
    denies: set[str] = set()
    for text in texts:
        parsed = _statements(text)
        if parsed is None:
            return None
        allows |= parsed[0]
        denies |= parsed[1]
    return allows, denies


def _first(value: object) -> str | None:
    return value if isinstance(value, str) else str(value[0]) if isinstance(value, list) and value else None


def _policy_principal(statement: dict[str, object]) -> str | None:
    principal = statement.get("Principal")
    return _first(next(iter(principal.values()), None)) if isinstance(principal, dict) else _first(principal)


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
                reach=sides.reach([one.principal], {}, tables=1),
                live=f"attached to {where}",
                evidence=[one.evidence],
            )
        )


def _first_table(principal: Principal | None, resource: object) -> Witness:
    if isinstance(resource, Table):
        return Witness(principal, SELECT, resource.catalog, resource.database, resource.name)
    return Witness(principal, SELECT, getattr(resource, "catalog", None))
