"""Engines outside get whole files: limits of columns and rows are kept by them, or by nobody.

Why: with external data filtering the engines of the accounts on a list fetch all data and filter it themselves. With
full table external access whoever may read a whole table gets its files with any tool. An Identity Center application
with external filtering does so for its users. Lake Formation then trusts what it cannot check.

Fix: set ``allowExternalDataFiltering`` and ``allowFullTableExternalDataAccess`` to false; where an engine needs it,
list the accounts and session tags of that engine only.

Source: https://docs.aws.amazon.com/lake-formation/latest/dg/full-table-credential-vending.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from checks.model import (
    Catalog,
    CatalogInfo,
    Facts,
    IdentityCenter,
    Lake,
    LakeId,
    SettingRef,
    Settings,
    Severity,
)
from checks.rules import Example, Hit, Rule, Scene, Scope, about, hidden
from checks.spelling import listing, principal_words, printable, words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from checks.model import Evidence

_FILTERING, _ACCOUNTS = "AllowExternalDataFiltering", "ExternalDataFilteringAllowList"
_FULL, _TAGS = "AllowFullTableExternalDataAccess", "AuthorizedSessionTagValueList"


def find(scene: Scene) -> Iterator[Hit]:
    """Yield each setting, catalog and application that lets others filter data."""
    for settings in scene.lake.settings:
        yield from _settings(scene, settings)
    for info in (*scene.lake.catalogs.values(), *((scene.lake.root_catalog,) if scene.lake.root_catalog else ())):
        if info.full_table_external and not _same(info, scene):
            said = f"whoever may read a whole table of {words(info.id)} gets its files with any tool"
            yield _hit(scene, "catalog", info.id, said, info.evidence)
    for center in scene.lake.identity_centers:
        if center.targets:
            said = f"applications of Identity Center filter data themselves: {listing(center.targets)}"
            yield _hit(scene, "setting", SettingRef("IdentityCenter"), said, center.evidence, Severity.MEDIUM)


def _same(info: CatalogInfo, scene: Scene) -> bool:
    """Whether the settings say the same of the root catalog already."""
    return info.id == Catalog(scene.home) and any(dict(one.members).get(_FULL) is True for one in scene.lake.settings)


def _settings(scene: Scene, settings: Settings) -> Iterator[Hit]:
    members, at = dict(settings.members), settings.evidence
    for name in (_FILTERING, _FULL):
        if name not in members and name not in settings.absent:
            subject = about(scene.lake, "setting", None, SettingRef(name), at)
            yield hidden(subject, name[:1].lower() + name[1:], at)
    if members.get(_FILTERING) is True:
        listed = members.get(_ACCOUNTS)
        accounts = listed if isinstance(listed, frozenset) else frozenset[str]()
        who = ", ".join(principal_words(one, home=scene.home) for one in sorted(accounts)) or "no account yet"
        outside = any(one != scene.home for one in accounts)
        said = f"engines fetch whole tables and filter them themselves; trusted are {who}"
        yield _hit(scene, "setting", SettingRef(_FILTERING), said, at, Severity.HIGH if outside else Severity.MEDIUM)
    if members.get(_FULL) is True:
        tags = members.get(_TAGS)
        said = "whoever may read a whole table gets its files with any tool"
        if isinstance(tags, frozenset) and tags:
            said += f"; engines with the session tag {printable(', '.join(sorted(tags)))} filter themselves"
        yield _hit(scene, "setting", SettingRef(_FULL), said, at)


def _hit(
    scene: Scene,
    kind: str,
    resource: SettingRef | Catalog,
    message: str,
    at: Evidence | None,
    severity: Severity | None = None,
) -> Hit:
    subject = about(scene.lake, kind, None, resource, at)
    plain = "limits of columns and rows are left to engines outside"
    return Hit(subject, message, plain, (at,) if at else (), severity=severity, principals=None)


_LAKE = LakeId("aws", "111122223333", "eu-west-1")
_NESTED = Catalog("111122223333:finance")


def _set(**members: bool | frozenset[str]) -> Example:
    absent = frozenset({_FILTERING, _FULL, _ACCOUNTS, _TAGS}) - members.keys()
    return Example(Lake(_LAKE, settings=(Settings(tuple(members.items()), absent),)))


def _nested(*, full: bool) -> Example:
    return Example(Lake(_LAKE, catalogs={_NESTED: CatalogInfo(_NESTED, full_table_external=full)}))


def _center(*targets: str) -> Example:
    center = IdentityCenter("arn:aws:sso:::instance/ssoins-1234", targets=frozenset(targets))
    return Example(Lake(_LAKE, identity_centers=(center,)))


RULE = Rule(
    id="FL213",
    name="filtered-elsewhere",
    severity=Severity.MEDIUM,
    doc=__doc__ or "",
    find=find,
    reads=frozenset({Facts.SETTINGS, Facts.CATALOGS, Facts.IDENTITY_CENTER}),
    scope=Scope.RESOURCE,
    flags=(
        _set(AllowExternalDataFiltering=True, ExternalDataFilteringAllowList=frozenset({"444455556666"})),
        _set(AllowFullTableExternalDataAccess=True),
        _set(AllowFullTableExternalDataAccess=True, AuthorizedSessionTagValueList=frozenset({"engine"})),
        _nested(full=True),
        _center("arn:aws:sso::111122223333:application/ssoins-1234/apl-1234"),
    ),
    passes=(
        _set(AllowExternalDataFiltering=False, ExternalDataFilteringAllowList=frozenset({"444455556666"})),
        _set(AllowFullTableExternalDataAccess=False),
        _set(),
        _nested(full=False),
        _center(),
    ),
)
