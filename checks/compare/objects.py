"""Facts that are no grants: settings, locations, opt-ins, policies, and whether objects exist as declared."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from itertools import pairwise

from checks import spelling
from checks.compare import findings as say
from checks.compare.sides import Sides
from checks.model import (
    EVERYONE,
    Catalog,
    Cause,
    Confidence,
    Database,
    DatabaseInfo,
    DataLocation,
    Evidence,
    Facts,
    Finding,
    Location,
    OptIn,
    OptInRef,
    Permission,
    PolicyRef,
    Principal,
    RLSPolicy,
    SettingRef,
    Settings,
    Severity,
    Table,
    TableInfo,
    Verdict,
    Witness,
)
from checks.principals import Kind, kind_of
from checks.semantics import CREATE_TABLE, SELECT, database_of, subject_of, within
from checks.view import access

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
_ECHOED = frozenset({"Parameters.SET_CONTEXT", "Parameters.CROSS_ACCOUNT_VERSION", "Parameters.SET_SOURCE_IDENTITY"})
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
_GRAVE = frozenset({"DataLakeAdmins", "CreateDatabaseDefaultPermissions", "CreateTableDefaultPermissions"})


def objects(sides: Sides) -> None:
    """Compare everything but grants and the facts below them."""
    _settings(sides)
    _database_defaults(sides)
    _locations(sides)
    _optins(sides)
    _policies(sides)
    _rls(sides)
    _databases(sides)
    _tables(sides)
    _tags(sides)


# ----------------------------------------------------------------------------------------------------------- settings
def _settings(sides: Sides) -> None:
    live = sides.live.settings[0] if sides.live.settings else None
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
        _member(sides, declared, live, name, told.get(name), seen.get(name))


def _empty(value: Value | None) -> bool:
    return value in (None, False, frozenset(), "")


def _member(
    sides: Sides, declared: Settings, live: Settings, name: str, before: Value | None, after: Value | None
) -> None:
    if before == after or (_empty(before) and _empty(after)):
        sides.equal += 1
        return
    if name.startswith("Parameters.") or isinstance(before, str) or isinstance(after, str):
        if before is None and (name in _ECHOED):
            sides.equal += 1
            return
        _setting_changed(sides, declared, live, name, before, after)
        return
    was = before if isinstance(before, frozenset) else frozenset({"true"} if before else ())
    now = after if isinstance(after, frozenset) else frozenset({"true"} if after else ())
    speaks = before is not None or name in CLEARED_WHEN_ABSENT
    gained, lost = now - was, was - now
    by_aws = {one for one in gained if name == "ReadOnlyAdmins" and kind_of(Principal(one)) is Kind.SERVICE_LINKED_ROLE}
    if by_aws and not speaks | bool(gained - by_aws):
        _setting_gain(sides, declared, live, name, by_aws, speaks=False, quiet=True)
    elif gained:
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


def _setting_gain(
    sides: Sides, declared: Settings, live: Settings, name: str, gained: Iterable[str], *, speaks: bool, quiet: bool
) -> None:
    gains = sorted(gained)
    flag = gains == ["true"]
    default = name.endswith("DefaultPermissions")
    people = [Principal(one.split(":", 1)[0] if default and one.startswith(EVERYONE) else one) for one in gains]
    tables = sum(1 for _ in sides.tables())
    who = "" if flag else ", ".join(spelling.principal_words(one, home=sides.id.account) for one in people) + " "
    first = None if flag else people[0]
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
            witness=Witness(first, "DESCRIBE" if name == "ReadOnlyAdmins" else "ALL", sides.id.account),
            reach=sides.reach(people if not flag else [None], {}, tables=tables),
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
    quiet = name in _ECHOED and name != "Parameters.SET_SOURCE_IDENTITY"
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


# ---------------------------------------------------------------------------------------------------------- locations
def _locations(sides: Sides) -> None:
    for arn, told in sides.declared.locations.items():
        now = sides.live.locations.get(arn)
        where = DataLocation(sides.id.account, arn)
        words = spelling.words(where)
        readers = _tables_below(sides, arn)
        common: say.Story = {
            "confidence": sides.confidence,
            "declared": _location_words(told),
            "live": _location_words(now),
            "evidence": [told.evidence, now.evidence if now else None],
            "reach": sides.reach([None], {}, tables=len(readers)),
            "witness": _outside(readers, arn),
        }
        subject = say.subject("location", where, sides.id, declared=told.evidence)
        if now is None:
            if Facts.LOCATIONS not in sides.dark:
                sides.findings.append(
                    say.build(
                        "FL122",
                        Verdict.WIDENED,
                        subject,
                        f"{words} is no longer registered: Lake Formation cannot protect its files, only IAM and S3 decide",
                        Cause("location", f"{words} deregistered"),
                        revoke=f"aws lakeformation register-resource for {words}",
                        **common,
                    )
                )
            continue
        if (told.hybrid, told.privileged, told.federation, told.role) == (
            now.hybrid,
            now.privileged,
            now.federation,
            now.role or told.role,
        ) or _same_registration(told, now):
            sides.equal += 1
            continue
        if now.hybrid and not told.hybrid:
            sides.findings.append(
                say.build(
                    "FL122",
                    Verdict.WIDENED,
                    subject,
                    f"{words} is in hybrid access mode: principals who are not opted in bypass Lake Formation there",
                    Cause("location", f"{words} switched to hybrid access"),
                    **common,
                )
            )
        if now.privileged and not told.privileged:
            sides.findings.append(
                say.build(
                    "FL122",
                    Verdict.WIDENED,
                    subject,
                    f"{words} is registered with privileged access: its registrant holds every permission there",
                    Cause("location", f"{words} registered with privileged access"),
                    severity=Severity.CRITICAL,
                    **common,
                )
            )
        rest: say.Story = {
            "confidence": common["confidence"],
            "declared": common["declared"],
            "live": common["live"],
            "evidence": common["evidence"],
        }
        if (told.hybrid and not now.hybrid) or (told.privileged and not now.privileged):
            sides.findings.append(
                say.build(
                    "FL131",
                    Verdict.NARROWED,
                    subject,
                    f"{words} is registered more strictly than declared",
                    Cause("location", f"{words} registered more strictly"),
                    **rest,
                )
            )
        if told.federation != now.federation or (told.role and now.role and told.role != now.role):
            sides.findings.append(
                say.build(
                    "FL140",
                    Verdict.CHANGED,
                    subject,
                    f"{words} is registered with another role or federation flag than declared",
                    Cause("location", f"registration of {words}"),
                    severity=Severity.MEDIUM,
                    **rest,
                )
            )
    for arn, now in sides.live.locations.items():
        if arn in sides.declared.locations:
            continue
        where = DataLocation(sides.id.account, arn)
        words = spelling.words(where)
        overlaps = sides.opens_declared(where)
        opened = overlaps and (
            now.privileged
            or (
                now.hybrid
                and any(within(arn, one) and not told.hybrid for one, told in sides.declared.locations.items())
            )
        )
        sides.findings.append(
            say.build(
                "FL122" if opened else "FL142",
                Verdict.UNMANAGED,
                say.subject("location", where, sides.id),
                f"{words} is registered, and no stack declares it"
                + (": privileged or hybrid access opens it past Lake Formation's grants" if opened else ""),
                Cause("location", f"{words} registered"),
                exposure=bool(opened),
                severity=Severity.HIGH if opened else Severity.LOW if overlaps else Severity.INFO,
                confidence=sides.confidence,
                live=_location_words(now),
                evidence=[now.evidence],
                witness=_outside(_tables_below(sides, arn), arn) if opened else None,
            )
        )


def _same_registration(told: Location, now: Location) -> bool:
    """A declared service-linked role says no ARN; whatever AWS then lists is it."""
    return told.role is None and (told.hybrid, told.privileged, told.federation) == (
        now.hybrid,
        now.privileged,
        now.federation,
    )


def _location_words(location: Location | None) -> str:
    if location is None:
        return "not registered"
    flags = [
        name
        for name, on in (
            ("hybrid access", location.hybrid),
            ("federation", location.federation),
            ("privileged access", location.privileged),
        )
        if on
    ]
    role = f" through {spelling.principal_words(Principal(location.role))}" if location.role else ""
    return f"registered{role}" + (f", {', '.join(flags)}" if flags else "")


def _tables_below(sides: Sides, arn: str) -> list[Table]:
    return sorted(
        (table for table, info in sides.live.tables.items() if info.location and within(info.location, arn)),
        key=lambda one: (one.database, one.name),
    )


def _outside(tables: list[Table], arn: str) -> Witness:
    if not tables:
        return Witness(None, None, location=arn)
    table = tables[0]
    return Witness(None, SELECT, table.catalog, table.database, table.name, location=arn)


# ------------------------------------------------------------------------------------------------------------ opt-ins
def _optins(sides: Sides) -> None:
    def key(one: OptIn) -> tuple[object, ...]:
        return (one.principal, subject_of(one.resource), one.condition)

    live, told = {key(one): one for one in sides.live.optins}, {key(one): one for one in sides.declared.optins}
    for one, optin in told.items():
        if one in live:
            sides.equal += 1
            continue
        if Facts.OPTINS in sides.dark or optin.principal is None:
            continue
        who = spelling.principal_words(optin.principal, home=sides.id.account)
        where = spelling.words(optin.resource)
        table = subject_of(optin.resource)
        sides.findings.append(
            say.build(
                "FL123",
                Verdict.WIDENED,
                say.subject(
                    "optin", OptInRef(optin.resource), sides.id, principal=optin.principal, declared=optin.evidence
                ),
                f"{who} is no longer opted in on {where}: there Lake Formation's limits no longer hold for it, "
                "only IAM's and S3's",
                Cause("optin", f"opt-in of {who} on {where} is gone"),
                confidence=sides.confidence,
                witness=Witness(
                    optin.principal,
                    SELECT,
                    getattr(table, "catalog", None),
                    getattr(database_of(optin.resource), "name", None),
                    table.name if isinstance(table, Table) else None,
                ),
                reach=sides.reach(
                    [optin.principal], {}, tables=1 if isinstance(table, Table) else _below(sides, optin)
                ),
                declared="opted in",
                live="not opted in",
                evidence=[optin.evidence],
                revoke=f"aws lakeformation create-lake-formation-opt-in for {who} on {where}",
            )
        )
    for one, optin in live.items():
        if one in told:
            continue
        who = spelling.principal_words(optin.principal, home=sides.id.account)
        sides.findings.append(
            say.build(
                "FL142",
                Verdict.UNMANAGED,
                say.subject("optin", OptInRef(optin.resource), sides.id, principal=optin.principal),
                f"{who} is opted in on {spelling.words(optin.resource)}, which no stack declares; an opt-in only limits",
                Cause("optin", f"opt-in of {who} on {spelling.words(optin.resource)}"),
                confidence=sides.confidence,
                severity=Severity.LOW if sides.opens_declared(optin.resource) else Severity.INFO,
                live="opted in",
                declared="not opted in",
                evidence=[optin.evidence],
            )
        )


def _below(sides: Sides, optin: OptIn) -> int:
    database = database_of(optin.resource)
    return len(sides.tables_of(database)) if database else 0


# --------------------------------------------------------------------------------------------- policies of other kinds
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


# ------------------------------------------------------------------------------------------------------------ catalog
def _databases(sides: Sides) -> None:
    for database, told in sides.declared.databases.items():
        now = sides.live.databases.get(database)
        words = spelling.words(database)
        subject = say.subject("database", database, sides.id, declared=told.evidence)
        if now is None:
            if Facts.DATABASES not in sides.dark:
                tables = sum(one.parent == database for one in sides.declared.tables)
                sides.findings.append(
                    say.build(
                        "FL132",
                        Verdict.NARROWED,
                        subject,
                        f"{words} is declared, but does not exist",
                        Cause("database", f"{words} is missing"),
                        confidence=sides.confidence,
                        reach=sides.reach((), {}, tables=tables),
                        declared="exists",
                        live="does not exist",
                        evidence=[told.evidence],
                    )
                )
            continue
        if (told.location or None) != (now.location or None) and told.location is not None:
            _database_moved(sides, told, now)
        differences = _differences(
            ("description", told.description, now.description),
            ("parameters", *_declared_only(told.parameters, now.parameters)),
            ("target", told.link_to, now.link_to),
        )
        if differences:
            sides.findings.append(_fact_changed(sides, "database", database, differences, told.evidence, now.evidence))
        else:
            sides.equal += 1
    counted: dict[Database, int] = {}
    for table in sides.live.tables:
        counted[table.parent] = counted.get(table.parent, 0) + 1
    for database, now in sides.live.databases.items():
        if database in sides.declared.databases or sides.speaks_of_database(database):
            continue
        if any(table.parent == database for table in sides.declared.tables):
            continue
        words = spelling.words(database)
        number = counted.get(database, 0)
        sides.findings.append(
            say.build(
                "FL142",
                Verdict.UNMANAGED,
                say.subject("database", database, sides.id),
                f"{words} is not declared by any stack ({number:,} table{'s' if number != 1 else ''} in it)",
                Cause("database", f"{words} is undeclared"),
                severity=Severity.INFO,
                confidence=sides.confidence,
                reach=sides.reach((), {}, tables=number),
                live="exists",
                evidence=[now.evidence],
            )
        )


def _database_moved(sides: Sides, told: DatabaseInfo, now: DatabaseInfo) -> None:
    """A location further up gives whoever may create tables in the database more files to read.

    Source: https://docs.aws.amazon.com/lake-formation/latest/dg/access-control-underlying-data.html (implicit data
    location permission of a database's own location).
    """
    words = spelling.words(told.id)
    creators = [
        who
        for who in sides.index_live.principals()
        if any(
            CREATE_TABLE in grant.permissions and grant.resource == told.id
            for grant in sides.index_live.by_principal[who]
        )
    ]
    narrower = now.location is not None and told.location is not None and within(now.location, told.location)
    shared: say.Said = {
        "declared": spelling.printable(told.location or "no location"),
        "live": spelling.printable(now.location or "no location"),
        "evidence": [told.evidence, now.evidence],
    }
    subject = say.subject("location", told.id, sides.id, declared=told.evidence)
    cause = Cause("location", f"location of {words} moved")
    if now.location and creators and not narrower:
        sides.findings.append(
            say.build(
                "FL114",
                Verdict.WIDENED,
                subject,
                f"{spelling.principal_words(min(creators))} may create tables in {words} over "
                f"{spelling.printable(now.location)} and read its files",
                cause,
                confidence=Confidence.ASSUMED,
                witness=Witness(min(creators), CREATE_TABLE, told.id.catalog, told.id.name, location=now.location),
                reach=sides.reach(creators, {}, tables=len(_tables_below(sides, now.location))),
                **shared,
            )
        )
    else:
        sides.findings.append(
            say.build(
                "FL140",
                Verdict.CHANGED,
                subject,
                f"{words} has another location than declared",
                cause,
                confidence=sides.confidence,
                **shared,
            )
        )


def _tables(sides: Sides) -> None:
    for table, told in sides.declared.tables.items():
        now = sides.live.tables.get(table)
        if now is None:
            if sides.is_gone(table) and table.parent in sides.live.databases:
                sides.findings.append(
                    say.build(
                        "FL132",
                        Verdict.NARROWED,
                        say.subject("table", table, sides.id, declared=told.evidence),
                        f"{spelling.words(table)} is declared, but does not exist",
                        Cause("table", f"{spelling.words(table)} is missing"),
                        confidence=sides.confidence,
                        reach=sides.reach((), {}, tables=1),
                        declared="exists",
                        live="does not exist",
                        evidence=[told.evidence],
                    )
                )
            continue
        quiet = _table_location(sides, told, now) + _table_view(sides, told, now)
        differences = _table_differences(told, now, sides.opened_columns.get(table, frozenset()))
        if differences:
            sides.findings.append(_fact_changed(sides, "table", table, differences, told.evidence, now.evidence))
        elif not quiet:
            sides.equal += 1
    for table, now in sides.live.tables.items():
        if table not in sides.declared.tables and table.parent in sides.declared.databases:
            sides.findings.append(
                say.build(
                    "FL142",
                    Verdict.UNMANAGED,
                    say.subject("table", table, sides.id),
                    f"{spelling.words(table)} is not declared by any stack, though its database is; "
                    "whoever reads it does so by a declared grant",
                    Cause("table", f"{spelling.words(table)} is undeclared"),
                    confidence=sides.confidence,
                    reach=sides.reach((), {}, tables=1),
                    live="exists",
                    declared="not declared",
                    evidence=[now.evidence],
                )
            )


def _table_location(sides: Sides, told: TableInfo, now: TableInfo) -> int:
    """The same name over other files: whoever reads the table reads other data. A place further down shows less."""
    if told.location is None or told.location == now.location:
        return 0
    words = spelling.words(told.id)
    readers = [
        who
        for who in sides.index_live.principals()
        if access(sides.index_live, sides.view_live, who, told.id, groups=False).pieces
    ]
    narrower = now.location is not None and within(now.location, told.location)
    shared: say.Said = {
        "declared": spelling.printable(told.location),
        "live": spelling.printable(now.location or "no location"),
        "evidence": [told.evidence, now.evidence],
    }
    subject = say.subject("location", told.id, sides.id, declared=told.evidence)
    cause = Cause("location", f"location of {words} moved")
    if readers and now.location and not narrower:
        first = min(readers)
        sides.findings.append(
            say.build(
                "FL114",
                Verdict.WIDENED,
                subject,
                f"{words} points at {spelling.printable(now.location)}: {spelling.principal_words(first)} reads other data "
                "under the declared name",
                cause,
                confidence=Confidence.ASSUMED,
                reach=sides.reach(readers, {told.id: set()}),
                witness=Witness(first, SELECT, told.id.catalog, told.id.database, told.id.name, location=now.location),
                **shared,
            )
        )
    else:
        sides.findings.append(
            say.build(
                "FL140",
                Verdict.CHANGED,
                subject,
                f"{words} has another location than declared",
                cause,
                confidence=sides.confidence,
                **shared,
            )
        )
    return 1


def _table_view(sides: Sides, told: TableInfo, now: TableInfo) -> int:
    """A view's body decides what its readers see of other tables; two bodies are not ordered here."""
    if not told.view_text or " ".join(told.view_text.split()) == " ".join(now.view_text.split()):
        return 0
    sides.findings.append(
        say.build(
            "FL151",
            Verdict.UNKNOWN,
            say.subject("table", told.id, sides.id, declared=told.evidence),
            f"the body of the view {spelling.words(told.id)} differs; whether it shows more is not decided",
            Cause("view", f"body of the view {spelling.words(told.id)}"),
            confidence=sides.confidence,
            declared=spelling.printable(told.view_text),
            live=spelling.printable(now.view_text),
            evidence=[told.evidence, now.evidence],
        )
    )
    return 1


def _declared_only(
    told: tuple[tuple[str, str], ...], now: tuple[tuple[str, str], ...]
) -> tuple[tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]]:
    """Keep the parameters that are declared: crawlers, engines and AWS itself add their own all the time."""
    names = {name for name, _ in told}
    return told, tuple(pair for pair in now if pair[0] in names)


def _table_differences(told: TableInfo, now: TableInfo, opened: frozenset[str]) -> list[tuple[str, str, str]]:
    """Return what differs of a table; columns in *opened* are told as a widening of their own."""
    found = _differences(
        ("description", told.description, now.description),
        ("type", told.table_type, now.table_type) if told.table_type else ("type", "", ""),
        ("format", told.format, now.format) if told.format else ("format", "", ""),
        ("parameters", *_declared_only(told.parameters, now.parameters)),
        ("target", told.link_to, now.link_to),
    )
    if told.columns is not None and now.columns is not None:
        before = {column.name: column for column in (*told.columns, *told.partition_keys)}
        after = {column.name: column for column in (*now.columns, *now.partition_keys)}
        for name in sorted((before.keys() | after.keys()) - opened):
            old, new = before.get(name), after.get(name)
            if old is None or new is None:
                found.append(
                    (
                        f"column {name}",
                        "absent" if old is None else _type(old.type),
                        "absent" if new is None else _type(new.type),
                    )
                )
            elif old.type.replace(" ", "").lower() != new.type.replace(" ", "").lower():
                found.append((f"type of {name}", _type(old.type), _type(new.type)))
            elif old.comment != new.comment:
                found.append((f"comment of {name}", old.comment, new.comment))
        keys = [one.name for one in told.partition_keys], [one.name for one in now.partition_keys]
        if keys[0] != keys[1]:
            found.append(("partition keys", ", ".join(keys[0]) or "none", ", ".join(keys[1]) or "none"))
    return found


def _type(text: str) -> str:
    return text or "untyped"


def _differences(*pairs: tuple[str, object, object]) -> list[tuple[str, str, str]]:
    return [(name, _plain(before), _plain(after)) for name, before, after in pairs if before != after]


def _plain(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(f"{name}={text}" for name, text in value) or "nothing"
    return "nothing" if value in (None, "") else str(value)


def _fact_changed(
    sides: Sides,
    kind: str,
    resource: Database | Table,
    differences: list[tuple[str, str, str]],
    declared: Evidence | None,
    live: Evidence | None,
) -> Finding:
    words = spelling.words(resource)
    show: Callable[[str], str] = spelling.printable
    return say.build(
        "FL140",
        Verdict.CHANGED,
        say.subject(kind, resource, sides.id, declared=declared),
        f"{words} differs in {', '.join(show(name) for name, _, _ in differences)}",
        Cause(
            kind,
            f"{words}: "
            + "; ".join(f"{show(name)}: {show(before)} → {show(after)}" for name, before, after in differences),
        ),
        confidence=sides.confidence,
        declared="\n".join(f"{show(n)}: {show(b)}" for n, b, _ in differences),
        live="\n".join(f"{show(n)}: {show(a)}" for n, _, a in differences),
        evidence=[declared, live],
    )


def _tags(sides: Sides) -> None:
    """Compare the LF-tag keys and their values: names that grants and assignments may use."""
    for key, told in sides.declared.tags.items():
        now = sides.live.tags.get(key)
        words = f"LF-tag {spelling.printable(key)}"
        subject = say.subject("tag", Catalog(sides.id.account), sides.id, declared=told.evidence)
        before = ", ".join(spelling.printable(one) for one in sorted(told.values))
        if now is None:
            if Facts.TAGS not in sides.dark:
                sides.findings.append(
                    say.build(
                        "FL132",
                        Verdict.NARROWED,
                        subject,
                        f"{words} is declared, but does not exist",
                        Cause("tag", f"{words} is missing"),
                        confidence=sides.confidence,
                        declared=before,
                        live="does not exist",
                        evidence=[told.evidence],
                    )
                )
            continue
        if now.values == told.values:
            sides.equal += 1
            continue
        after = ", ".join(spelling.printable(one) for one in sorted(now.values))
        sides.findings.append(
            say.build(
                "FL140",
                Verdict.CHANGED,
                subject,
                f"{words} may take the values {after} (declared {before})",
                Cause("tag", f"values of {words}: {before} → {after}"),
                confidence=sides.confidence,
                declared=before,
                live=after,
                evidence=[told.evidence, now.evidence],
            )
        )
    for key, now in sides.live.tags.items():
        if key not in sides.declared.tags:
            sides.findings.append(
                say.build(
                    "FL142",
                    Verdict.UNMANAGED,
                    say.subject("tag", Catalog(sides.id.account), sides.id),
                    f"LF-tag {spelling.printable(key)} is not declared by any stack",
                    Cause("tag", f"LF-tag {spelling.printable(key)} is undeclared"),
                    severity=Severity.INFO,
                    confidence=sides.confidence,
                    live=", ".join(spelling.printable(one) for one in sorted(now.values)),
                    evidence=[now.evidence],
                )
            )
