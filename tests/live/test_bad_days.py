"""Random lakes on random bad days: what was read is what is there, or the ledger has a gap where it is not."""

import os
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from in_process import ACCOUNT, AUDITOR, REGION, journal, read, reading

from checks.evaluate import Threshold, evaluate
from checks.live import iam, sampling
from checks.live.collect import CannotStartError
from checks.live.facts import build
from checks.model import Caller, ColumnRef, ExitCode, Facts, Lake, LakeId, Run, Side, Verdict
from lab.faults import CHANGES, UNKNOWN_VALUE, Fault, Plan
from lab.protocol import AwsError
from lab.server import Lab

PLANS = int(os.environ.get("FLOODLINE_PLANS", "500"))
AT_ONCE = int(os.environ.get("FLOODLINE_AT_ONCE", "1"))
"""Calls on their way at once: with one the same plan meets the same calls on every run; ``make soak`` takes more."""
ROLES = [f"arn:aws:iam::{ACCOUNT}:role/{name}" for name in ("analyst", "team/engineer", "marketing")]
PEOPLE = [*ROLES, f"{ACCOUNT}:IAMPrincipals", "444455556666"]
NAMES = ("calls", "keys", "screens", "notes")
DATABASES = ("hr", "raw", "web")
TAGS = {"domain": ["hr", "it"], "sensitivity": ["public", "internal", "restricted"]}
RUN = Run("run", "", "", "", "", Caller(), (), ())


# ------------------------------------------------------------------------------------------------------- random lakes
def ask(lab, service, operation, **parameters):
    return lab.call(service, operation, parameters)


def who(name):
    return {"DataLakePrincipalIdentifier": name}


def on_table(database, name):
    return {"Table": {"DatabaseName": database, "Name": name}}


@st.composite
def things(draw):
    """A lake as a list of what is done to make it, in order: (service, operation, parameters)."""
    made: list[tuple[str, str, dict[str, Any]]] = [("lakeformation", "PutDataLakeSettings", {"DataLakeSettings": {
        "DataLakeAdmins": [who(f"arn:aws:iam::{ACCOUNT}:role/lake-deployer")], "ReadOnlyAdmins": [who(AUDITOR)],
        "AllowExternalDataFiltering": draw(st.booleans())}})]  # fmt: skip
    tags = draw(st.sets(st.sampled_from(sorted(TAGS))))
    made += [("lakeformation", "CreateLFTag", {"TagKey": key, "TagValues": TAGS[key]}) for key in sorted(tags)]
    tables = []
    for database in draw(st.sets(st.sampled_from(DATABASES), min_size=1)):
        made.append(("glue", "CreateDatabase", {"DatabaseInput": {"Name": database}}))
        for name in sorted(draw(st.sets(st.sampled_from(NAMES)))):
            tables.append((database, name))
            made.append(("glue", "CreateTable", {"DatabaseName": database, "TableInput": {
                "Name": name, "TableType": "EXTERNAL_TABLE", "StorageDescriptor": {
                    "Columns": [{"Name": one, "Type": "string"} for one in ("person", "text")],
                    "Location": f"s3://lake/{database}/{name}"}}}))  # fmt: skip
    databases = sorted(
        {parameters["DatabaseInput"]["Name"] for _, name, parameters in made if name == "CreateDatabase"}
    )
    for database, name in draw(st.sets(st.sampled_from(tables))) if tables else ():
        made.append(("lakeformation", "CreateDataCellsFilter", {"TableData": {
            "TableCatalogId": ACCOUNT, "DatabaseName": database, "TableName": name, "Name": "mine",
            "ColumnNames": ["person"], "RowFilter": {"FilterExpression": "person = 'me'"}}}))  # fmt: skip
    if draw(st.booleans()):
        made.append(("lakeformation", "RegisterResource", {"ResourceArn": "arn:aws:s3:::lake", "RoleArn": ROLES[0],
                                                           "HybridAccessEnabled": draw(st.booleans())}))  # fmt: skip
    for key in sorted(tags):
        for target in draw(st.lists(st.sampled_from([*databases, *tables]), max_size=3, unique=True)):
            resource = {"Database": {"Name": target}} if isinstance(target, str) else on_table(*target)
            pair = {"TagKey": key, "TagValues": [draw(st.sampled_from(TAGS[key]))]}
            made.append(("lakeformation", "AddLFTagsToResource", {"Resource": resource, "LFTags": [pair]}))
    if tags and draw(st.booleans()):
        key = min(tags)
        made.append(("lakeformation", "CreateLFTagExpression", {"Name": "open", "Expression": [
            {"TagKey": key, "TagValues": TAGS[key][:1]}]}))  # fmt: skip
    if draw(st.booleans()):
        made.append(("lakeformation", "CreateLakeFormationOptIn", {
            "Principal": who(ROLES[1]), "Resource": {"Database": {"Name": databases[0]}}}))  # fmt: skip
    filtered = [one["TableData"] for _, name, one in made if name == "CreateDataCellsFilter"]
    made += [
        ("lakeformation", "GrantPermissions", one) for one in draw(grants(databases, tables, sorted(tags), filtered))
    ]
    return made


@st.composite
def grants(draw, databases, tables, tags, filtered):
    kinds = [st.builds(lambda name: ({"Database": {"Name": name}}, ["DESCRIBE", "CREATE_TABLE"]),
                       st.sampled_from(databases)),
             st.builds(lambda name: ({"Table": {"DatabaseName": name, "TableWildcard": {}}}, ["SELECT", "DESCRIBE"]),
                       st.sampled_from(databases)),
             st.just(({"Catalog": {}}, ["CREATE_DATABASE"]))]  # fmt: skip
    if tables:
        one = st.sampled_from(tables)
        kinds += [
            st.builds(lambda place: (on_table(*place), ["SELECT", "INSERT", "ALTER"]), one),
            st.builds(lambda place, names: ({"TableWithColumns": {"DatabaseName": place[0], "Name": place[1],
                                                                  "ColumnNames": names}}, ["SELECT"]),
                      one, st.sampled_from([["person"], ["text"], ["person", "text"]])),
        ]  # fmt: skip
    if tags:
        kinds.append(st.builds(
            lambda key, kind: ({"LFTagPolicy": {"ResourceType": kind, "Expression": [
                {"TagKey": key, "TagValues": TAGS[key][:2]}]}}, ["DESCRIBE"]),
            st.sampled_from(tags), st.sampled_from(["TABLE", "DATABASE"])))  # fmt: skip
    if filtered:
        kinds.append(st.builds(lambda one: ({"DataCellsFilter": {
            name: one[name] for name in ("TableCatalogId", "DatabaseName", "TableName", "Name")}}, ["SELECT"]),
            st.sampled_from(filtered)))  # fmt: skip
    found = []
    for resource, permissions in draw(st.lists(st.one_of(kinds), max_size=8)):
        some = draw(st.lists(st.sampled_from(permissions), min_size=1, unique=True))
        person = draw(st.sampled_from(ROLES if "Catalog" in resource or "LFTagPolicy" in resource else PEOPLE[:4]))
        options = some if draw(st.booleans()) and person in ROLES else []
        found.append({"Principal": who(person), "Resource": resource, "Permissions": some,
                      "PermissionsWithGrantOption": options})  # fmt: skip
    return found


# ---------------------------------------------------------------------------------------------------- random bad days
OPERATIONS = sorted(action for action in iam.actions() if action.partition(":")[0] in {"glue", "lakeformation"})
KINDS = ("throttle", "throttle_wrapped", "server_error", "denied", "expired_credentials", "expired_token", "timeout",
         "reset", "truncated", "repeated_token", "duplicate_rows", "unknown_enum", "unknown_member",
         "change_while_read")  # fmt: skip
FAULTS = st.builds(
    Fault,
    st.sampled_from(KINDS),
    st.one_of(st.sampled_from(OPERATIONS), st.sampled_from(["*", "glue:*", "lakeformation:List*"])),
    skip=st.sampled_from([0, 0, 0, 1, 2, 3, 6]),
    times=st.one_of(st.none(), st.integers(0, 14)),
    chance=st.sampled_from([1.0, 0.5]),
    change=st.sampled_from(CHANGES),
)
BAD_DAYS = st.builds(
    lambda faults, seed: Plan.of(*faults, seed=seed), st.lists(FAULTS, min_size=1, max_size=4), st.integers(0, 99)
)


def facts_of(lake: Lake) -> dict[Facts, set[Any]]:
    """Return what is known of a lake by kind of fact, without where it was read."""
    # What is inherited may be listed or not (Lake.assignments): what holds is what counts.
    own = {target: {key: one.value for key, one in held.items()} for target, held in lake.assignments.items()}
    above = {table: own.get(table.parent, {}) | own.get(table, {}) for table in lake.tables}
    below = {one: above.get(one.table, {}) | held for one, held in own.items() if isinstance(one, ColumnRef)}
    assigned: set[object] = {
        (target, key, value) for target, held in (own | above | below).items() for key, value in held.items()
    }  # fmt: skip
    return {
        Facts.SETTINGS: set(lake.settings),
        Facts.GRANTS: {
            (one.principal, one.resource, one.condition, permission, permission in one.grantable)
            for one in lake.grants for permission in one.permissions
        },
        Facts.TAGS: {(key, value) for key, tag in lake.tags.items() for value in tag.values},
        Facts.ASSIGNMENTS: assigned,
        Facts.EXPRESSIONS: set(lake.expressions.values()),
        Facts.FILTERS: set(lake.filters.values()),
        Facts.LOCATIONS: set(lake.locations.values()),
        Facts.OPTINS: set(lake.optins),
        Facts.DATABASES: set(lake.databases.values()),
        Facts.TABLES: set(lake.tables.values()),
        Facts.POLICIES: set(lake.policies),
        Facts.RLS: set(lake.rls),
        Facts.CATALOGS: set(lake.catalogs.values()),
        Facts.IDENTITY_CENTER: set(lake.identity_centers),
        Facts.FUNCTIONS: set(lake.functions.values()),
    }  # fmt: skip


ANYWHERE = {Facts.CALLER, Facts.OTHER}
"""Gaps of these kinds say that anything may be missing."""


def held(before, after, live, *, moving=False):
    """Hold what was read against what was there before and after; return the one lake that was read.

    With *moving* the lake changed more than once meanwhile: what it was in between may have been seen too.
    """
    (lake,) = live.lakes
    here, then, now = facts_of(lake), facts_of(before), facts_of(after)
    dark = {gap.facts for gap in lake.gaps}
    for kind, found in here.items():
        missing, more = (then[kind] & now[kind]) - found, found - (then[kind] | now[kind])
        if any(UNKNOWN_VALUE in repr(one) for one in more):
            continue  # so AWS answered: it is kept as it came, and no declaration can hold it
        if missing or (more and not moving):
            assert dark & {kind, *ANYWHERE}, f"{kind}: without {missing}, with {more}; gaps: {lake.gaps}"
    assert not live.complete or all(row.complete for row in live.ledger)
    return lake


def judged(declared, live):
    """Check the lake against a declaration of just what was there."""
    return evaluate([replace(declared, gaps=(), caller=None)], live.lakes, live.ledger, complete=live.complete,
                    run=RUN, threshold=Threshold())  # fmt: skip


@st.composite
def days(draw):
    return draw(things()), draw(BAD_DAYS), draw(st.integers(1, 3)), draw(st.booleans())


@settings(max_examples=PLANS, suppress_health_check=list(HealthCheck), deadline=None)
@given(days())
def test_what_is_read_on_a_bad_day_is_what_is_there_or_a_gap_says_so(day):
    made, plan, page, sweep = day
    with Lab.start(page_limit=page, filters_in_sweep=sweep) as lab:
        for service, operation, parameters in made:
            try:
                ask(lab, service, operation, **parameters)
            except AwsError as error:  # some permissions exclude each other
                assert "Permissions modification is invalid" in error.message, error  # noqa: PT017
        calm = read(lab)
        assert calm.complete
        (before,) = calm.lakes
        assert not before.gaps
        lab.plan(plan)
        kept = journal()
        try:
            live = build(kept.answers(reading(lab, kept, concurrency=AT_ONCE).run()), kept.header)
        except CannotStartError:
            event("cannot start, or stopped")
            live = None
        strikes = lab.struck[:]
        struck = {kind for kind, _ in strikes}
        lab.plan(Plan())
        (after,) = read(lab).lakes if "change_while_read" in struck else (before,)
        event(f"struck {len(struck)} kinds; " + ("nothing read" if live is None else f"complete: {live.complete}"))
        if live is not None:
            moving = [kind for kind, _ in strikes].count("change_while_read") > 1
            lake = held(before, after, live, moving=moving)
            found = judged(before, live)
            if not live.complete or lake.gaps or UNKNOWN_VALUE in repr(facts_of(lake)):
                assert found.exit_code is not ExitCode.CLEAN, lake.gaps
            if lake.gaps and struck.isdisjoint({"unknown_enum", "unknown_member", "change_while_read"}):
                wrong = [one for one in found.findings if one.verdict not in {Verdict.UNKNOWN, Verdict.CHANGED}]
                assert not wrong, [one.message for one in wrong]
        # Another day: the same journal goes on, and everything is known.
        if "change_while_read" not in struck and "unknown_enum" not in struck and "unknown_member" not in struck:
            again = build(kept.answers(reading(lab, kept, concurrency=AT_ONCE).run()), kept.header)
            if "duplicate_rows" not in struck and "denied" not in struck:
                assert again.complete, again.lakes[0].gaps
            held(before, after, again)
        assert lab.crashes == []


@pytest.fixture(scope="module")
def rich():
    """A lake with something of everything, and what is there."""
    with Lab.start(page_limit=5) as lab:
        for service, operation, parameters in everything():
            ask(lab, service, operation, **parameters)
        calm = read(lab)
        assert calm.complete
        yield lab, calm
        assert lab.crashes == []


def everything():
    pair = {"TagKey": "domain", "TagValues": ["hr"]}
    place = {"TableCatalogId": ACCOUNT, "DatabaseName": "raw", "TableName": "keys", "Name": "mine"}
    return [
        ("lakeformation", "PutDataLakeSettings", {"DataLakeSettings": {
            "DataLakeAdmins": [who(f"arn:aws:iam::{ACCOUNT}:role/lake-deployer")], "ReadOnlyAdmins": [who(AUDITOR)]}}),
        ("lakeformation", "CreateLFTag", {"TagKey": "domain", "TagValues": ["hr", "it"]}),
        ("glue", "CreateDatabase", {"DatabaseInput": {"Name": "raw"}}),
        ("glue", "CreateTable", {"DatabaseName": "raw", "TableInput": {"Name": "keys", "StorageDescriptor": {
            "Columns": [{"Name": "person", "Type": "string"}], "Location": "s3://lake/raw/keys"}}}),
        # More tables than the sample asks about singly: searches are needed.
        *[("glue", "CreateTable", {"DatabaseName": "raw", "TableInput": {"Name": f"t{number}", "StorageDescriptor": {
            "Columns": [{"Name": "person", "Type": "string"}], "Location": f"s3://lake/raw/t{number}"}}})
          for number in range(sampling.SIZE)],
        ("lakeformation", "AddLFTagsToResource", {"Resource": on_table("raw", "keys"), "LFTags": [pair]}),
        ("lakeformation", "CreateLFTagExpression", {"Name": "open", "Expression": [pair]}),
        ("lakeformation", "CreateDataCellsFilter", {"TableData": {
            **place, "ColumnNames": ["person"], "RowFilter": {"FilterExpression": "person = 'me'"}}}),
        ("lakeformation", "RegisterResource", {"ResourceArn": "arn:aws:s3:::lake", "RoleArn": ROLES[0]}),
        ("lakeformation", "CreateLakeFormationOptIn", {"Principal": who(ROLES[1]), "Resource": on_table("raw", "keys")}),
        ("lakeformation", "CreateRLSPolicy", {"Name": "own", "AttachmentColumns": [
            {"Name": "person", "Type": "string"}], "FilterExpression": "person = 'me'"}),
        ("lakeformation", "GrantPermissions", {"Principal": who(ROLES[0]), "Resource": on_table("raw", "keys"),
                                               "Permissions": ["SELECT"]}),
        ("lakeformation", "GrantPermissions", {"Principal": who(ROLES[1]), "Resource": {"DataCellsFilter": place},
                                               "Permissions": ["SELECT"]}),
        ("lakeformation", "GrantPermissions", {"Principal": who(ROLES[2]), "Resource": {"LFTagPolicy": {
            "ResourceType": "TABLE", "Expression": [pair]}}, "Permissions": ["SELECT"]}),
    ]  # fmt: skip


@pytest.mark.parametrize("action", iam.actions())
def test_an_action_less_leaves_its_facts_unknown_and_the_rest_right(rich, action):
    """Acceptance 2: each IAM action in turn is taken from the caller."""
    lab, calm = rich
    (before,) = calm.lakes
    lab.plan(Plan.of(Fault("denied", action, principal=AUDITOR)))
    try:
        if action == "sts:GetCallerIdentity":
            with pytest.raises(CannotStartError, match="GetCallerIdentity"):
                read(lab)
            return
        live = read(lab)
    finally:
        struck = lab.struck[:]
        lab.plan(Plan())
    if not [name for _, name in struck if name == action]:
        assert action == "lakeformation:GetRLSPolicy"  # asked for only where a listing left the body out
        assert live.complete
        return
    lake = held(before, before, live)
    found = judged(before, live)
    assert not live.complete
    assert found.exit_code is ExitCode.UNDECIDED, [one.message for one in found.findings]
    told = [row for row in live.ledger if not row.complete and action in row.basis]
    assert told, f"no ledger row names {action}: {[row.basis for row in live.ledger if not row.complete]}"
    assert any(action in gap.reason for gap in lake.gaps), lake.gaps
    wrong = [one.message for one in found.findings if one.verdict is not Verdict.UNKNOWN]
    assert not wrong


def test_the_lake_that_was_declared_is_the_one_that_was_read(rich):
    _, calm = rich
    (lake,) = calm.lakes
    assert lake.id == LakeId("aws", ACCOUNT, REGION)
    assert judged(lake, calm).exit_code is ExitCode.CLEAN
    empty = {kind for kind, found in facts_of(lake).items() if not found}
    assert empty <= {Facts.POLICIES, Facts.RLS, Facts.CATALOGS, Facts.IDENTITY_CENTER, Facts.FUNCTIONS}
    assert all(one.evidence is not None and one.evidence.source is Side.LIVE for one in lake.grants)
