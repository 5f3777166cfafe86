"""Compare data lake settings and the default permissions of databases: who is opened to what by default."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from checks import spelling
from checks.compare import findings as say
from checks.compare.sides import Sides
from checks.model import (
    CatalogInfo,
    Cause,
    Confidence,
    Database,
    DatabaseInfo,
    Permission,
    Principal,
    SettingRef,
    Settings,
    Severity,
    Subject,
    Verdict,
    Witness,
)
from checks.normal import SETTINGS
from checks.principals import Kind, kind_of
from checks.semantics import SELECT

Value = frozenset[str] | bool | str

# Left out of a declaration, the provider clears these: absent means empty
# (https://www.pulumi.com/registry/packages/aws/api-docs/lakeformation/datalakesettings/, notes on omitted arguments).
CLEARED_WHEN_ABSENT = frozenset(
    {
        "DataLakeAdmins",
        "CreateDatabaseDefaultPermissions",
        "CreateTableDefaultPermissions",
        "TrustedResourceOwners",
    }
)

# The service fills these in by itself, and they change nobody's access
# (https://docs.aws.amazon.com/lake-formation/latest/dg/optimize-ram.html: raising the version keeps permissions).
ECHOED = frozenset({"Parameters.SET_CONTEXT", "Parameters.CROSS_ACCOUNT_VERSION", "Parameters.SET_SOURCE_IDENTITY"})
_IDENTITY_ONLY = frozenset({"TrustedResourceOwners"})
_MEANING = {
    "DataLakeAdmins": "may grant anything to anyone, also to itself",
    "ReadOnlyAdmins": "sees all metadata, permissions and tags",
    "CreateDatabaseDefaultPermissions": "new databases are opened to it",
    "CreateTableDefaultPermissions": "new tables are opened to it",
    "TrustedResourceOwners": "sees the names of your users in its CloudTrail",
    "ExternalDataFilteringAllowList": "its engines fetch data and filter it themselves",
    "AuthorizedSessionTagValueList": "engines with this session tag fetch data and filter it themselves",
    "AllowExternalDataFiltering": "engines of other accounts fetch data and filter it themselves",
    "AllowFullTableExternalDataAccess": "whoever may read a whole table gets its files with any tool",
}
_SESSION_TAGS = "AuthorizedSessionTagValueList"
_POWER = {
    "ReadOnlyAdmins": "DESCRIBE",
    "TrustedResourceOwners": "DESCRIBE",
    "ExternalDataFilteringAllowList": SELECT,
    "AuthorizedSessionTagValueList": SELECT,
    "AllowExternalDataFiltering": SELECT,
    "AllowFullTableExternalDataAccess": SELECT,
}
"""What a member gives, of everything in the lake, where it is not ALL."""
_CATALOG_MEMBERS = (
    "CreateDatabaseDefaultPermissions",
    "CreateTableDefaultPermissions",
    "AllowFullTableExternalDataAccess",
)
_GRAVE = frozenset({"DataLakeAdmins", "CreateDatabaseDefaultPermissions", "CreateTableDefaultPermissions"})


def settings(sides: Sides) -> None:
    """Compare the settings of the lake and of its databases."""
    _settings(sides)
    _database_defaults(sides)
    _nested_catalogs(sides)


def _settings(sides: Sides) -> None:
    live = next(iter(sides.live.settings), None)
    declared = sides.declared.settings
    if live is None:
        return  # not read: the gap says so
    if not declared:
        sides.findings.append(
            say.build(
                "FL126",
                Verdict.UNMANAGED,
                say.subject("setting", SettingRef("DataLakeSettings"), sides.id),
                "no given stack declares the data lake settings: admins and defaults are outside the comparison",
                Cause("setting", "data lake settings are undeclared"),
                confidence=sides.confidence,
                live=_settings_words(live),
                evidence=[live.evidence],
            )
        )
        return
    for one in declared:
        _one_settings(sides, one, live)
    for first, second in pairwise(declared):
        if dict(first.members) != dict(second.members):
            stacks = [spelling.printable(one.evidence.stack or "?") for one in (first, second) if one.evidence]
            sides.findings.append(
                say.build(
                    "FL127",
                    Verdict.CHANGED,
                    say.subject("setting", SettingRef("DataLakeSettings"), sides.id, declared=second.evidence),
                    f"the stacks {' and '.join(stacks)} declare the settings of one lake differently: "
                    "whichever is deployed last wins",
                    Cause("setting", "data lake settings declared twice"),
                    confidence=sides.confidence,
                    declared=f"{_settings_words(first)}\n\n{_settings_words(second)}",
                    live=_settings_words(live),
                    evidence=[first.evidence, second.evidence],
                )
            )


def _settings_words(settings: Settings) -> str:
    return "\n".join(
        f"{spelling.printable(name)}: {_value_words(value)}"
        for name, value in sorted(settings.members)
        if value not in (frozenset(), False)
    )


def _value_words(value: Value | None) -> str:
    if isinstance(value, frozenset):
        return ", ".join(spelling.printable(one) for one in sorted(value)) or "nobody"
    return "nothing" if value is None else spelling.printable(str(value))


def _one_settings(sides: Sides, declared: Settings, live: Settings) -> None:
    told, seen = dict(declared.members), dict(live.members)
    for name in sorted(told.keys() | seen.keys()):
        if name not in told and name in SETTINGS and name not in declared.absent:
            continue  # declared, but not readable: the gap says so
        _member(sides, declared, live, name, told.get(name), seen.get(name))


def _empty(value: Value | None) -> bool:
    return value in (None, False, frozenset(), "")


def _member(
    sides: Sides, declared: Settings, live: Settings, name: str, before: Value | None, after: Value | None
) -> None:
    if before == after or (_empty(before) and _empty(after)):
        sides.equal += 1
        return
    if name not in SETTINGS and not name.startswith("Parameters."):
        _unheard_of(sides, declared, live, name, after)
        return
    if isinstance(before, str) or isinstance(after, str):  # members of ``Parameters`` are texts
        if before is None and (name in ECHOED):
            sides.equal += 1
            return
        _setting_changed(sides, declared, live, name, before, after)
        return
    was = before if isinstance(before, frozenset) else frozenset({"true"} if before else ())
    now = after if isinstance(after, frozenset) else frozenset({"true"} if after else ())
    speaks = before is not None or name in CLEARED_WHEN_ABSENT
    gained, lost = now - was, was - now
    by_aws = {one for one in gained if name == "ReadOnlyAdmins" and kind_of(Principal(one)) is Kind.SERVICE_LINKED_ROLE}
    gained -= by_aws  # AWS puts its own services there; it is told, without weight
    if by_aws:
        _setting_gain(sides, declared, live, name, by_aws, speaks=False, quiet=True)
    if gained:
        _setting_gain(sides, declared, live, name, gained, speaks=speaks, quiet=False)
    if lost:
        where = SettingRef(name)
        sides.findings.append(
            say.build(
                "FL131",
                Verdict.NARROWED,
                say.subject("setting", where, sides.id, declared=declared.evidence),
                f"{_value_words(lost)} is declared in {name}, but not live",
                Cause("setting", f"{name} is missing {_value_words(lost)}"),
                confidence=sides.confidence,
                declared=_value_words(before),
                live=_value_words(after),
                evidence=[declared.evidence, live.evidence],
            )
        )


def _holder(default: str) -> Principal:
    """Return whom a default permission (``principal: PERM,PERM``) opens things to."""
    return Principal(default.rpartition(":")[0].strip())


def _unheard_of(sides: Sides, declared: Settings, live: Settings, name: str, after: Value | None) -> None:
    """A member that this version does not know may open anything, and no program declares it."""
    words = spelling.printable(name)
    sides.findings.append(
        say.build(
            "FL120",
            Verdict.UNMANAGED,
            say.subject("setting", SettingRef(name), sides.id, declared=declared.evidence),
            f"the settings have a member {words} that this version does not know: what it opens nobody can tell",
            Cause("setting", f"{words} is set"),
            exposure=True,
            confidence=Confidence.ASSUMED,
            witness=Witness(None, None, sides.id.account),
            reach=sides.reach([None], {}, tables=sum(1 for _ in sides.tables())),
            declared="nothing",
            live=_value_words(after),
            evidence=[declared.evidence, live.evidence],
        )
    )


def _setting_gain(
    sides: Sides, declared: Settings, live: Settings, name: str, gained: Iterable[str], *, speaks: bool, quiet: bool
) -> None:
    gains = sorted(gained)
    flag = gains == ["true"]
    default = name.endswith("DefaultPermissions")
    # A switch and a session tag name nobody: whoever has the permission or carries the tag is meant.
    nameless = flag or name == _SESSION_TAGS
    people = [None] if nameless else [_holder(one) if default else Principal(one) for one in gains]
    tables = sum(1 for _ in sides.tables())
    told = (spelling.printable(one) for one in gains)
    named = told if nameless else (spelling.principal_words(one, home=sides.id.account) for one in people)
    who = "" if flag else ", ".join(named) + " "
    severity = (
        Severity.INFO
        if quiet
        else Severity.MEDIUM
        if name in _IDENTITY_ONLY or name == "ReadOnlyAdmins"
        else Severity.CRITICAL
        if name in _GRAVE
        else Severity.HIGH
    )
    meaning = _MEANING.get(name, "gains power over the lake")
    old, new = dict(declared.members).get(name), dict(live.members).get(name)
    sides.findings.append(
        say.build(
            "FL121" if default else "FL120",
            Verdict.WIDENED if speaks else Verdict.UNMANAGED,
            say.subject("setting", SettingRef(name), sides.id, declared=declared.evidence),
            f"{who}{'is on' if flag else 'is in'} {name}: {meaning}; the program does not declare "
            f"{'it' if flag or len(gains) == 1 else 'them'}".replace("is on " + name, f"{name} is on"),
            Cause("setting", f"{name}: added {_value_words(frozenset(gains))}"),
            severity=severity,
            confidence=sides.confidence,
            exposure=not quiet,
            witness=Witness(people[0], _POWER.get(name, "ALL"), sides.id.account),
            reach=sides.reach(people, {}, tables=tables),
            declared=_value_words(old),
            live=_value_words(new),
            evidence=[declared.evidence, live.evidence],
            declare=f"aws.lakeformation.DataLakeSettings: add {_value_words(frozenset(gains))} to {name}",
            revoke=f"put-data-lake-settings without {_value_words(frozenset(gains))} in {name} "
            "(the call replaces all members: read them first)",
        )
    )


def _setting_changed(
    sides: Sides, declared: Settings, live: Settings, name: str, before: Value | None, after: Value | None
) -> None:
    quiet = name in ECHOED and name != "Parameters.SET_SOURCE_IDENTITY"
    sides.findings.append(
        say.build(
            "FL140",
            Verdict.CHANGED,
            say.subject("setting", SettingRef(name), sides.id, declared=declared.evidence),
            f"{spelling.printable(name)} is {_value_words(after)} (declared {_value_words(before)})",
            Cause("setting", f"{spelling.printable(name)}: {_value_words(before)} → {_value_words(after)}"),
            severity=Severity.INFO if quiet else None,
            confidence=sides.confidence,
            declared=_value_words(before),
            live=_value_words(after),
            evidence=[declared.evidence, live.evidence],
        )
    )


def _database_defaults(sides: Sides) -> None:
    """Compare CreateTableDefaultPermissions of each database: whom its later tables are opened to."""
    for database, now in sides.live.databases.items():
        declared = sides.declared.databases.get(database)
        live = now.table_defaults or frozenset()
        if declared is None or (declared.table_defaults is None and not live):
            if live and declared is None and sides.speaks_of_database(database):
                _default_gain(sides, database, frozenset(), live, now, None, speaks=False)
            continue
        told = declared.table_defaults
        if told == live:
            sides.equal += 1
            continue
        if "table_defaults" in declared.hidden:
            continue  # the gap says so
        if told is None and live == _settings_default(sides):
            sides.equal += 1  # the database took what the declared settings say
            continue
        gained, lost = live - (told or frozenset()), (told or frozenset()) - live
        if gained:
            _default_gain(sides, database, told or frozenset(), gained, now, declared, speaks=told is not None)
        if lost:
            sides.findings.append(
                say.build(
                    "FL131",
                    Verdict.NARROWED,
                    say.subject(
                        "setting",
                        SettingRef("CreateTableDefaultPermissions", database),
                        sides.id,
                        declared=declared.evidence,
                    ),
                    f"a declared default permission of {spelling.words(database)} is not live",
                    Cause("setting", f"default permissions of {spelling.words(database)}"),
                    confidence=sides.confidence,
                    declared=_defaults_words(told),
                    live=_defaults_words(live),
                    evidence=[declared.evidence, now.evidence],
                )
            )


def _settings_default(sides: Sides) -> frozenset[tuple[Principal, frozenset[Permission]]] | None:
    for one in sides.declared.settings:
        value = dict(one.members).get("CreateTableDefaultPermissions")
        if isinstance(value, frozenset) and value:
            pairs = [text.rpartition(":") for text in value]
            return frozenset(
                (Principal(who.strip()), frozenset(Permission(p.strip()) for p in what.split(",")))
                for who, _, what in pairs
            )
    return None


def _defaults_words(value: frozenset[tuple[Principal, frozenset[Permission]]] | None) -> str:
    if not value:
        return "nobody"
    return "\n".join(sorted(f"{spelling.principal_words(who)}: {', '.join(sorted(what))}" for who, what in value))


def _default_gain(
    sides: Sides,
    database: Database,
    told: frozenset[tuple[Principal, frozenset[Permission]]],
    gained: frozenset[tuple[Principal, frozenset[Permission]]],
    now: DatabaseInfo,
    declared: DatabaseInfo | None,
    *,
    speaks: bool,
) -> None:
    people = sorted(who for who, _ in gained)
    where = spelling.words(database)
    sides.findings.append(
        say.build(
            "FL121",
            Verdict.WIDENED if speaks else Verdict.UNMANAGED,
            say.subject(
                "setting",
                SettingRef("CreateTableDefaultPermissions", database),
                sides.id,
                declared=declared.evidence if declared else None,
            ),
            f"every later table of {where} is opened to "
            f"{', '.join(spelling.principal_words(one, home=sides.id.account) for one in people)}",
            Cause("setting", f"CreateTableDefaultPermissions of {where}"),
            exposure=True,
            confidence=sides.confidence,
            witness=Witness(people[0], min(min(what) for _, what in gained), database.catalog, database.name),
            reach=sides.reach(people, {}, tables=len(sides.tables_of(database))),
            declared=_defaults_words(told),
            live=_defaults_words(gained),
            evidence=[now.evidence, declared.evidence if declared else None],
            declare=f"aws.glue.CatalogDatabase {where}: create_table_default_permissions",
            revoke=f"update-database of {where} with empty CreateTableDefaultPermissions",
        )
    )


def _nested_catalogs(sides: Sides) -> None:
    """Compare nested catalogs: their own defaults, and whether whole tables may be fetched by any tool.

    Source: https://docs.aws.amazon.com/glue/latest/webapi/API_CatalogInput.html.
    """
    for catalog, now in sides.live.catalogs.items():
        if catalog.catalog == sides.id.account:
            continue  # the root catalog's are the lake's settings
        told = sides.declared.catalogs.get(catalog)
        before, after = _catalog_members(told), _catalog_members(now)
        for name, value in after.items():
            if told is not None and name in told.hidden:
                continue  # the gap says so
            was, live = before[name], value or frozenset()
            gained, lost = live - (was or frozenset()), (was or frozenset()) - live
            if gained:
                _catalog_gain(sides, name, gained, told, now)
            if lost and told is not None:
                sides.findings.append(
                    say.build(
                        "FL131",
                        Verdict.NARROWED,
                        _catalog_subject(sides, name, told, now),
                        f"{_value_words(lost)} is declared in {name} of {spelling.words(catalog)}, but not live",
                        Cause("setting", f"{name} of {spelling.words(catalog)} is missing {_value_words(lost)}"),
                        confidence=sides.confidence,
                        declared=_value_words(was),
                        live=_value_words(live),
                        evidence=[told.evidence, now.evidence],
                    )
                )
            sides.equal += told is not None and not gained and not lost


def _catalog_members(info: CatalogInfo | None) -> dict[str, frozenset[str] | None]:
    """Spell a nested catalog's members as texts; None where nothing is said."""
    if info is None:
        return dict.fromkeys(_CATALOG_MEMBERS)
    flag = info.full_table_external
    values = _texts(info.database_defaults), _texts(info.table_defaults)
    return dict(
        zip(_CATALOG_MEMBERS, (*values, None if flag is None else frozenset({"true"} if flag else ())), strict=True)
    )


def _catalog_subject(sides: Sides, name: str, told: CatalogInfo | None, now: CatalogInfo) -> Subject:
    where = SettingRef(f"{name} of {now.id.catalog}")
    return say.subject("setting", where, sides.id, declared=told.evidence if told else None)


def _catalog_gain(sides: Sides, name: str, gained: frozenset[str], told: CatalogInfo | None, now: CatalogInfo) -> None:
    default = name.endswith("DefaultPermissions")
    before, after = _catalog_members(told)[name], _catalog_members(now)[name]
    who = _holder(min(gained)) if default else None
    whom = spelling.principal_words(who, home=sides.id.account) if default else "any tool"
    words = spelling.words(now.id)
    sides.findings.append(
        say.build(
            "FL121" if default else "FL120",
            Verdict.WIDENED if before is not None else Verdict.UNMANAGED,
            _catalog_subject(sides, name, told, now),
            f"{name} of {words} is open: {_MEANING[name].replace('to it', f'to {whom}')}",
            Cause("setting", f"{name} of {words}: added {_value_words(gained)}"),
            severity=Severity.LOW if told is None else None if default else Severity.HIGH,
            exposure=told is not None,
            confidence=sides.confidence,
            witness=Witness(who, _POWER.get(name, "ALL"), now.id.catalog),
            reach=sides.reach([who], {}, tables=sum(one.catalog == now.id.catalog for one in sides.tables())),
            declared=_value_words(before),
            live=_value_words(after),
            evidence=[now.evidence, told.evidence if told else None],
        )
    )


def _texts(value: frozenset[tuple[Principal, frozenset[Permission]]] | None) -> frozenset[str] | None:
    return None if value is None else frozenset(f"{who}: {','.join(sorted(what))}" for who, what in value)
