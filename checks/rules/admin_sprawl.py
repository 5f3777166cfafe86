"""Administrators are too many, or are no roles of this account: each of them may grant itself everything.

Why: a data lake administrator may grant anything to anybody, to itself too, and no grant shows that power. Each more
is a way into every table. A user has lasting credentials; an administrator of another account is run by others; a
group or an account as read-only administrator shows all metadata, grants and tags to whoever joins it.

Fix: keep few roles as ``admins``, the one that deploys among them; give the rest ``readOnlyAdmins`` or grants of their
own. More than ``most`` can be allowed once somebody has counted them.

Source: https://docs.aws.amazon.com/lake-formation/latest/dg/implicit-permissions.html
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from checks.model import Facts, Lake, LakeId, Principal, SettingRef, Settings, Severity
from checks.principals import Kind, is_foreign, kind_of
from checks.rules import Example, Hit, Option, Rule, Scene, Scope, about, hidden
from checks.spelling import listing, principal_words

if TYPE_CHECKING:
    from collections.abc import Iterator

_ADMINS, _READERS = "DataLakeAdmins", "ReadOnlyAdmins"
_MOST = Option(
    "most", "a whole number: how many administrators there may be", "[0-9]{1,4}", frozenset({"5"}), single=True
)
_ROLES = frozenset({Kind.ROLE, Kind.SERVICE_LINKED_ROLE})
_PERSON = frozenset({Kind.USER, Kind.SAML_USER, Kind.QUICK_USER, Kind.IDENTITY_CENTER_USER})


def _odd(who: Principal, home: str, *, reader: bool) -> tuple[str, Severity] | None:
    """Say what is wrong with an administrator, and how grave it is; None for a role of the account."""
    kind = kind_of(who)
    if home.isdigit() and is_foreign(who, home):
        return "belongs to another account", Severity.HIGH
    if who.endswith(":root"):
        return "is the root of an account", Severity.HIGH
    if kind in _ROLES or (reader and kind in _PERSON):
        return None
    if kind in _PERSON:
        return "is a user, not a role", Severity.MEDIUM
    return f"stands for many: {kind.value}", Severity.MEDIUM if reader else Severity.HIGH


def find(scene: Scene) -> Iterator[Hit]:
    """Yield a list of administrators that is too long, and each of them that is not a role of the account."""
    for settings in scene.lake.settings:
        members, at = dict(settings.members), settings.evidence
        for name in (_ADMINS, _READERS):
            setting, listed = SettingRef(name), members.get(name)
            if listed is None and name not in settings.absent:
                subject = about(scene.lake, "setting", None, setting, at)
                yield hidden(subject, "admins" if name == _ADMINS else "readOnlyAdmins", at)
            if not isinstance(listed, frozenset):
                continue
            if name == _ADMINS and len(listed) > scene.number("most"):
                yield Hit(
                    about(scene.lake, "setting", None, setting, at),
                    f"{len(listed)} data lake administrators: "
                    f"{listing(principal_words(one, home=scene.home) for one in listed)}",
                    "the lake has more administrators than `most`",
                    (at,) if at else (),
                    principals=len(listed),
                )
            for one in sorted(listed):
                odd = _odd(Principal(one), scene.home, reader=name == _READERS)
                if odd is not None:
                    what = "a data lake administrator" if name == _ADMINS else "a read-only administrator"
                    hit = Hit(
                        about(scene.lake, "setting", Principal(one), setting, at),
                        f"{what}, {principal_words(one, home=scene.home)}, {odd[0]}",
                        f"{what} {odd[0]}",
                        (at,) if at else (),
                    )
                    yield replace(hit, severity=odd[1])


_LAKE = LakeId("aws", "111122223333", "eu-west-1")
_ROLE = "arn:aws:iam::111122223333:role/admin-"


def _settings(name: str, *who: str, most: str = "5") -> Example:
    absent = frozenset({_ADMINS, _READERS}) - {name}
    lake = Lake(_LAKE, settings=(Settings(((name, frozenset(who)),), absent),))
    return Example(lake, {_MOST.name: frozenset({most})})


RULE = Rule(
    id="FL204",
    name="admin-sprawl",
    severity=Severity.MEDIUM,
    doc=__doc__ or "",
    find=find,
    reads=frozenset({Facts.SETTINGS}),
    scope=Scope.RESOURCE,
    options=(_MOST,),
    flags=(
        _settings(_ADMINS, *(f"{_ROLE}{letter}" for letter in "abcdef")),
        _settings(_ADMINS, f"{_ROLE}a", f"{_ROLE}b", most="1"),
        _settings(_ADMINS, "arn:aws:iam::111122223333:user/alex"),
        _settings(_ADMINS, "arn:aws:iam::444455556666:role/partner"),
        _settings(_ADMINS, "arn:aws:iam::111122223333:root"),
        _settings(_READERS, "arn:aws:iam::444455556666:role/auditor"),
        _settings(_READERS, "111122223333:IAMPrincipals"),
    ),
    passes=(
        _settings(_ADMINS),
        _settings(_ADMINS, *(f"{_ROLE}{letter}" for letter in "abcde")),
        _settings(_ADMINS, *(f"{_ROLE}{letter}" for letter in "abcdef"), most="6"),
        _settings(_READERS, "arn:aws:iam::111122223333:user/auditor"),
        _settings(_READERS, *(f"{_ROLE}{letter}" for letter in "abcdefgh")),
    ),
)
