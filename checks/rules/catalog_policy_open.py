"""The catalog's resource policy lets strangers in: it allows everybody, or another account, without a condition.

Why: the Glue resource policy stands beside Lake Formation's grants. Whomever it allows reads names, columns and places
of files without any grant, and where ``IAM_ALLOWED_PRINCIPALS`` still stands on a table, that is all it takes.

Fix: name the accounts that are meant, give each statement a condition (``aws:PrincipalOrgID``,
``glue:EvaluatedByLakeFormationTags``), or share with Lake Formation grants. Add an account that somebody has agreed to
trust to ``allowedAccounts``.

Source: https://docs.aws.amazon.com/glue/latest/dg/security_iam_resource-based-policy-examples.html
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from checks.model import Facts, Lake, LakeId, PolicyRef, ResourcePolicy, Severity
from checks.normal import canonical_json
from checks.rules import Example, Hit, Option, Rule, Scene, Scope, about
from checks.spelling import listing, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from checks.rules import Options

_NUMBER = re.compile(r"[0-9]{12}")
_ARN = re.compile(r"arn:[\w-]+:(?:iam|sts)::([0-9]{12}):.*")
_ACCOUNTS = Option(
    "allowedAccounts", "an account (12 digits) that the policy may allow without a condition", _NUMBER.pattern
)
_ANYBODY = "*"
_SHOWN = 3


def find(scene: Scene) -> Iterator[Hit]:
    """Yield each policy that allows everybody or a foreign account without a condition."""
    allowed = scene.texts(_ACCOUNTS.name)
    for policy in scene.lake.policies:
        at = policy.evidence
        subject = about(scene.lake, "policy", None, PolicyRef(scene.home), at)
        evidence = (at,) if at else ()
        statements = _statements(policy.text)
        if statements is None:
            plain = "the resource policy cannot be read as a policy document"
            yield Hit(subject, f"{plain}: whom it lets in could not be decided", plain, evidence, undecided=True)
            continue
        strangers = {who for one in statements for who in _unconditional(one)}
        open_to = {who for who in strangers if who == _ANYBODY or who not in {scene.home, *allowed}}
        if not open_to:
            continue
        what = listing({str(action) for one in statements for action in _actions(one) if _unconditional(one)})
        tables = len(scene.lake.tables)
        if _ANYBODY in open_to:
            text = f"the catalog's resource policy allows everybody, in every account, without a condition: {what}"
            plain = "the resource policy allows everybody without a condition"
            yield Hit(subject, text, plain, evidence, tables=tables, severity=Severity.CRITICAL, principals=None)
            continue
        named = ", ".join(f"account {printable(one)}" for one in sorted(open_to)[:_SHOWN])
        more = f" and {len(open_to) - _SHOWN:,} more" if len(open_to) > _SHOWN else ""
        undecided = not _NUMBER.fullmatch(scene.home)
        doubt = ": the lake's own account is not known; list it in `allowedAccounts`" if undecided else ""
        yield Hit(
            subject,
            f"the catalog's resource policy allows {named}{more} without a condition: {what}{doubt}",
            f"the resource policy allows an account outside `allowedAccounts` without a condition{doubt}",
            evidence,
            tables=tables,
            principals=None,
            undecided=undecided,
        )


def _statements(text: str) -> list[dict[str, Any]] | None:
    """Return the statements that allow something; None where the text is no policy."""
    try:
        listed = json.loads(text)["Statement"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    found = listed if isinstance(listed, list) else [listed]
    if not all(isinstance(one, dict) and one.get("Effect") in {"Allow", "Deny"} for one in found):
        return None
    return [one for one in found if one["Effect"] == "Allow"]


def _unconditional(statement: dict[str, Any]) -> set[str]:
    """Return the accounts that a statement allows without a condition; ``*`` is everybody."""
    if statement.get("Condition"):
        return set()
    if "NotPrincipal" in statement:
        return {_ANYBODY}  # whoever is not named
    principal = statement.get("Principal")
    if isinstance(principal, str):
        return {_ANYBODY} if principal == "*" else _account(principal)
    listed = principal.get("AWS", []) if isinstance(principal, dict) else []
    texts = [listed] if isinstance(listed, str) else listed
    return {account for text in texts if isinstance(text, str) for account in _account(text)}


def _account(text: str) -> set[str]:
    if text == "*":
        return {_ANYBODY}
    found = _ARN.fullmatch(text)
    return {found[1]} if found else {text} if _NUMBER.fullmatch(text) else set()


def _actions(statement: dict[str, Any]) -> list[str]:
    actions = statement.get("Action", "glue:*")
    return [actions] if isinstance(actions, str) else [one for one in actions if isinstance(one, str)]


_LAKE = LakeId("aws", "111122223333", "eu-west-1")


def _policy(
    principal: object, *, allowed: frozenset[str] = frozenset(), effect: str = "Allow", **more: object
) -> Example:
    statement = {"Effect": effect, "Principal": principal, "Action": "glue:GetTable*", "Resource": "*", **more}
    text = canonical_json({"Version": "2012-10-17", "Statement": [statement]})
    options: Options = {_ACCOUNTS.name: allowed}
    return Example(Lake(_LAKE, policies=(ResourcePolicy(text),)), options)


_ORGANIZATION = {"StringEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}}

RULE = Rule(
    id="FL223",
    name="catalog-resource-policy-open",
    severity=Severity.HIGH,
    doc=__doc__ or "",
    find=find,
    reads=frozenset({Facts.POLICIES}),
    scope=Scope.STACK,
    options=(_ACCOUNTS,),
    flags=(
        _policy("*"),
        _policy({"AWS": "*"}),
        _policy({"AWS": ["arn:aws:iam::111122223333:root", "*"]}),
        _policy({"AWS": "arn:aws:iam::444455556666:root"}),
        _policy({"AWS": "444455556666"}, allowed=frozenset({"123456789012"})),
        _policy({"AWS": "arn:aws:iam::444455556666:role/partner"}),
    ),
    passes=(
        Example(Lake(_LAKE)),
        _policy({"AWS": "arn:aws:iam::111122223333:root"}),
        _policy({"AWS": "*"}, Condition=_ORGANIZATION),
        _policy({"AWS": "arn:aws:iam::444455556666:root"}, Condition=_ORGANIZATION),
        _policy({"AWS": "arn:aws:iam::444455556666:root"}, allowed=frozenset({"444455556666"})),
        _policy({"Service": "ram.amazonaws.com"}),
        _policy("*", effect="Deny"),
    ),
)
