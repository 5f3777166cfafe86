"""Grants to roles that do not exist: they wait for whoever creates a role of that name."""

from __future__ import annotations

from checks import spelling
from checks.compare import findings as say
from checks.compare.sides import Sides
from checks.model import Catalog, Cause, Grant, Principal, Verdict, Witness
from checks.principals import role_name
from checks.semantics import database_of, subject_of, table_of

_SHOWN = 20
"""How many grants are named as evidence."""


def orphans(sides: Sides) -> None:
    """Report each role that IAM says does not exist, and that holds live grants, declared or not.

    A grant is tied to the text of the ARN
    (https://docs.aws.amazon.com/lake-formation/latest/APIReference/API_GrantPermissions.html): a new role of the name
    holds it. Names are unique in an account whatever the path (IAM user guide, reference_iam-quotas), so that one
    answer about the name speaks of every ARN with it.
    """
    if not sides.live.missing_roles:
        return
    for who in sides.index_live.principals():
        if role_name(who) in sides.live.missing_roles:
            _orphan(sides, who, sides.index_live.of(who))


def _orphan(sides: Sides, who: Principal, held: list[Grant]) -> None:
    words = spelling.principal_words(who, home=sides.id.account)
    number = len({(subject_of(one.resource), one.condition) for one in held})
    count = f"{number:,} grant{'s' if number != 1 else ''}"
    ordered = sorted(held, key=lambda one: (spelling.words(one.resource), sorted(one.permissions)))
    first = ordered[0]
    tables = {table_of(one.resource) for one in held} - {None}
    table, database = table_of(first.resource), database_of(first.resource)
    sides.findings.append(
        say.build(
            "FL162",
            Verdict.LATENT,
            say.subject("role", Catalog(sides.id.account), sides.id, principal=who),
            f"{words} does not exist; whoever creates a role of that name holds its {count}",
            Cause("role", f"{words} is missing"),
            confidence=sides.confidence,
            reach=sides.reach([who], {}, tables=len(tables)),
            witness=Witness(
                who,
                min(first.permissions, default=None),
                sides.id.account,
                database.name if database else None,
                table.name if table else None,
            ),
            live=count,
            evidence=[one.evidence for one in ordered[:_SHOWN]],
        )
    )
