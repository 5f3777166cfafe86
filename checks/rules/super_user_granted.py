"""Everything in a catalog is granted at once: each database and table in it, also those to come, with grant option.

Why: ``SUPER_USER`` on a catalog makes its holder the administrator of all in it. No limit of columns or rows holds for
it, it may pass everything on, and whatever is made later is its too.

Fix: grant databases or LF-tags in place of the catalog; keep ``SUPER_USER`` for the role that deploys, listed in
``allowedRoles``.

Source: https://docs.aws.amazon.com/lake-formation/latest/dg/lf-permissions-reference.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from checks.model import Catalog, Facts, Grant, Lake, LakeId, Permission, Principal, Severity
from checks.principals import is_many
from checks.rules import Example, Hit, Option, Rule, Scene, Scope, held
from checks.semantics import SUPER_USER
from checks.spelling import principal_words

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROLES = Option("allowedRoles", "the ARN of a principal that may hold everything in a catalog", "arn:.+")


def find(scene: Scene) -> Iterator[Hit]:
    """Yield who holds everything in a catalog, catalog by catalog; administrators and allowed roles apart."""
    allowed = scene.texts(_ROLES.name)
    people = scene.people(lambda who: who not in scene.admins and who not in allowed)
    for one in scene.holdings(people, (Catalog,), (SUPER_USER,)):
        assert one.principal is not None
        hot = scene.sensitive_below(one.resource)[1]
        yield held(
            scene,
            one,
            f"{principal_words(one.principal, home=scene.home)} is SUPER_USER of {one.where}: everything in it, now "
            "and later, and may pass it on",
            "everything in a catalog is granted, now and later, with the grant option",
            severity=Severity.CRITICAL if is_many(one.principal) else None,
            sensitive=hot,
        )


_LAKE = LakeId("aws", "111122223333", "eu-west-1")
_ROLE = "arn:aws:iam::111122223333:role/analyst"


def _granted(permission: str, who: str = _ROLE, *allowed: str) -> Example:
    grant = Grant(Principal(who), Catalog("111122223333:finance"), frozenset({Permission(permission)}))
    return Example(Lake(_LAKE, (grant,)), {_ROLES.name: frozenset(allowed)})


RULE = Rule(
    id="FL215",
    name="super-user-granted",
    severity=Severity.HIGH,
    doc=__doc__ or "",
    find=find,
    reads=frozenset({Facts.GRANTS, Facts.SETTINGS, Facts.TABLES, Facts.ASSIGNMENTS}),
    scope=Scope.STACK,
    options=(_ROLES,),
    flags=(
        _granted("SUPER_USER"),
        _granted("SUPER_USER", "arn:aws:identitystore:::group/11112222-3333"),
    ),
    passes=(
        _granted("CREATE_DATABASE"),
        _granted("SUPER_USER", _ROLE, _ROLE),
    ),
)
