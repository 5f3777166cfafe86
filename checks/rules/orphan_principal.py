"""A role that does not exist holds grants or administers the lake: whoever creates one of that name has them.

Why: grants are tied to the text of the role's ARN. They stay when the role is deleted, and hold for a new role of the
same name, with another trust policy and other people behind it, from the moment it is made. Whether a role exists is
told by IAM's GetRole, which ``collect`` does not ask: only recordings that hold its answers show this.

Fix: revoke what the role holds and take it off the administrators; or create the role where it was deleted by mistake.

Source: https://docs.aws.amazon.com/lake-formation/latest/APIReference/API_GrantPermissions.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from checks.model import (
    Catalog,
    Facts,
    Grant,
    Lake,
    LakeId,
    Permission,
    Principal,
    SettingRef,
    Settings,
    Severity,
    Table,
)
from checks.principals import role_name
from checks.rules import Example, Hit, Rule, Scene, Scope, about
from checks.spelling import principal_words

if TYPE_CHECKING:
    from collections.abc import Iterator

_ADMINS = "DataLakeAdmins"


def find(scene: Scene) -> Iterator[Hit]:
    """Yield each role that IAM says does not exist and that holds something; only a live lake knows."""
    missing = scene.lake.missing_roles
    if not missing:
        return
    packed = scene.stage.packed
    for who in scene.people(lambda one: role_name(one) in missing):
        number = packed.pool.known_principal(who)
        places = packed.places_of(number) if number is not None else ()
        at = packed.at(places[0]).evidence if places else None
        words = principal_words(who, home=scene.home)
        yield Hit(
            about(scene.lake, "role", who, Catalog(scene.home), at),
            f"{words} does not exist; whoever creates a role of that name holds its {len(places):,} "
            f"grant{'' if len(places) == 1 else 's'}",
            "grants are held by a role that does not exist",
            (at,) if at else (),
            tables=len({table for place in places if (table := packed.pool.plain(packed.on_of[place])) is not None}),
        )
    for settings in scene.lake.settings:
        listed, at = dict(settings.members).get(_ADMINS), settings.evidence
        for one in sorted(listed) if isinstance(listed, frozenset) else ():
            if role_name(one) in missing:
                words = principal_words(one, home=scene.home)
                yield Hit(
                    about(scene.lake, "setting", Principal(one), SettingRef(_ADMINS), at),
                    f"{words} administers the lake and does not exist: whoever creates a role of that name does",
                    "an administrator is a role that does not exist",
                    (at,) if at else (),
                    severity=Severity.HIGH,
                )


_LAKE = LakeId("aws", "111122223333", "eu-west-1")
_GONE = "arn:aws:iam::111122223333:role/team/gone"
_TABLE = Table("111122223333", "sales", "orders")


def _lake(missing: str, *, admin: bool = False) -> Example:
    grants = () if admin else (Grant(Principal(_GONE), _TABLE, frozenset({Permission("SELECT")})),)
    settings = (Settings(((_ADMINS, frozenset({_GONE})),)),) if admin else ()
    return Example(Lake(_LAKE, grants, settings=settings, missing_roles=frozenset({("111122223333", missing)})))


RULE = Rule(
    id="FL214",
    name="orphan-principal",
    severity=Severity.LOW,
    doc=__doc__ or "",
    find=find,
    reads=frozenset({Facts.GRANTS, Facts.SETTINGS}),
    scope=Scope.STACK,
    flags=(_lake("gone"), _lake("gone", admin=True)),
    passes=(_lake("other"), _lake("other", admin=True)),
)
