"""Reports to render: an ordinary one, a nasty one, an empty one, and a crowd."""

from dataclasses import replace
from typing import Any

from checks.model import (
    EVERYONE,
    Access,
    AllExcept,
    AllTables,
    Caller,
    Cause,
    ColumnRef,
    Confidence,
    Database,
    DataCellsFilter,
    DataLocation,
    Evidence,
    ExitCode,
    Facts,
    Finding,
    Gap,
    LakeId,
    LedgerRow,
    Only,
    Origin,
    Permission,
    Principal,
    Reach,
    Report,
    Run,
    SettingRef,
    Severity,
    Side,
    SourceInfo,
    Subject,
    Table,
    TableColumns,
    TagPolicy,
    TagRef,
    UnknownResource,
    Verdict,
    Waiver,
    Witness,
)

ACCOUNT = "111122223333"
LAKE = LakeId("aws", ACCOUNT, "us-east-1")
SELECT = Permission("SELECT")
RAW = "telemetry_raw"
MESSAGES = Table(ACCOUNT, RAW, "private_messages")
MARKETING = Principal(f"arn:aws:iam::{ACCOUNT}:role/marketing")
ANALYSTS = Principal(f"arn:aws:iam::{ACCOUNT}:role/analysts")
STACK = "employee-telemetry/dev"
URN = "urn:pulumi:dev::employee-telemetry::aws:lakeformation/permissions:Permissions::marketing-messages"

HOSTILE = {
    "script": "</script><script>alert(1)</script>",
    "image": '"><img src=x onerror=alert(1)>',
    "comment": "<!-- <script",
    "separator": "line\u2028separator\u2029end",
    "bidi": "safe\u202etxt.exe\u2066",
    "ansi": "\x1b[31mred\x1b[0m\x07\x9b2J",
    "formula": "=cmd|' /C calc'!A0",
    "quotes": 'it\'s "quoted" `so` \\ {{ 7*7 }} {% raw %}',
    "lines": "one\r\ntwo\tthree\x00",
    "markup": "[bold red]rich[/] :smile: [link=https://example.com]x[/link]",
    "mention": "@team <!channel> | ::error::",
    "surrogate": "half\ud800pair",
    "long": "n" * 400,
    "wide": "テーブル" * 20,
    "invisible": "a\u200bb\u00adc\ufeffd\u00a0e",
}


def run(**changes: Any) -> Run:
    values: dict[str, Any] = {
        "id": "20261123T100000Z-5f3c",
        "started": "2026-11-23T10:00:00Z",
        "finished": "2026-11-23T10:00:41Z",
        "tool_version": "0.1.0",
        "botocore_version": "1.44.5",
        "caller": Caller(f"arn:aws:sts::{ACCOUNT}:assumed-role/floodline-audit/run", False, True),
        "declared_sources": (SourceInfo("state", "dev.json", STACK, "0f" * 32),),
        "live_sources": (SourceInfo("recording", "lake.jsonl.gz", None, "a7" * 32),),
    }
    return Run(**(values | changes))


def ledger(operation: str, rows: int = 12, **changes: Any) -> LedgerRow:
    values: dict[str, Any] = {
        "account": ACCOUNT,
        "region": "us-east-1",
        "service": "glue"
        if operation.startswith(("GetDatabases", "GetTables", "GetResourcePolic"))
        else "lakeformation",
        "operation": operation,
        "calls": 1,
        "pages": 1,
        "rows": rows,
        "errors": (),
        "complete": True,
        "basis": "caller is a read-only admin; last page had no token",
    }
    return LedgerRow(**(values | changes))


LEDGER = (
    ledger("GetDataLakeSettings", 1, basis="answered"),
    ledger("GetDataLakePrincipal", 1, basis="answered"),
    ledger("ListPermissions", 2104, calls=3, pages=3),
    ledger("ListLFTags", 2),
    ledger("ListLFTagExpressions", 1),
    ledger("ListDataCellsFilter", 4),
    ledger("ListResources", 3),
    ledger("ListLakeFormationOptIns", 2),
    ledger("GetResourceLFTags", 1204, calls=1204, pages=1204),
    ledger("GetDatabases", 3),
    ledger("GetTables", 1201, calls=15, pages=15),
    ledger("GetResourcePolicy", 0, basis="answered: there is none"),
)


def finding(number: int = 1, **changes: Any) -> Finding:
    values: dict[str, Any] = {
        "id": f"{number:016x}",
        "rule": "FL101",
        "name": "grant-widened",
        "severity": Severity.CRITICAL,
        "confidence": Confidence.PROVED,
        "verdict": Verdict.WIDENED,
        "subject": Subject(
            "grant", MARKETING, TableColumns(MESSAGES, Only(frozenset({"message_id", "sent_at"}))), LAKE, URN, STACK
        ),
        "message": "role/marketing may read body and sender of private messages; the program allows id and time only",
        "cause": Cause("grant", "the live grant names four columns, the declared one names two"),
        "reach": Reach(1, 1, 2, 2),
        "added": (Access(SELECT, Only(frozenset({"body", "sender"}))),),
        "witness": Witness(MARKETING, "SELECT", ACCOUNT, RAW, "private_messages", "body"),
        "declared": "SELECT on columns message_id, sent_at",
        "live": "SELECT on columns body, message_id, sender, sent_at",
        "updated_by": f"arn:aws:iam::{ACCOUNT}:role/console-admin",
        "updated": "2026-11-22T23:14:05Z",
        "evidence": (
            Evidence(Side.LIVE, 12, "/response/PrincipalResourcePermissions/0"),
            Evidence(Side.DECLARED, None, "/deployment/resources/41", URN, STACK, "__main__.py#66"),
        ),
        "fix_declare": "add `body` and `sender` to `columns` of `marketing-messages` in __main__.py#66",
        "fix_revoke": "aws lakeformation revoke-permissions"
        " --principal DataLakePrincipalIdentifier=arn:aws:iam::111122223333:role/marketing --permissions SELECT"
        ' --resource \'{"TableWithColumns": {"DatabaseName": "telemetry_raw", "Name": "private_messages",'
        ' "ColumnNames": ["body", "sender"]}}\'',
    }
    return Finding(**(values | changes))


def summary(**counts: int) -> dict[str, int]:
    names = ("equal", "widened", "narrowed", "unmanaged", "changed", "unknown", "latent", "posture", "waived")
    return dict.fromkeys(names, 0) | counts


TAGGED = finding(
    2,
    rule="FL110",
    name="tag-widened",
    severity=Severity.HIGH,
    subject=Subject("tag", None, TagRef(Database(ACCOUNT, "training_features"), "sensitivity"), LAKE, URN, STACK),
    message="database training_features was retagged from confidential to internal, which opens 412 tables to 35 roles",
    cause=Cause("tag", "sensitivity on database training_features: confidential is declared, internal is live"),
    reach=Reach(35, 412, 9888, 120),
    added=(Access(SELECT, AllExcept()), Access(Permission("DESCRIBE"))),
    witness=Witness(ANALYSTS, "SELECT", ACCOUNT, "training_features", "keystroke_rhythm", "employee_id"),
    declared="sensitivity = confidential",
    live="sensitivity = internal",
    fix_declare='set `sensitivity` to "internal" on `training_features` in __main__.py#31',
    fix_revoke="aws lakeformation add-lf-tags-to-resource --resource Database={Name=training_features}"
    " --lf-tags TagKey=sensitivity,TagValues=confidential",
)
FILTERED = finding(
    3,
    rule="FL112",
    name="filter-widened",
    severity=Severity.HIGH,
    subject=Subject(
        "filter",
        None,
        DataCellsFilter(Table(ACCOUNT, "telemetry_curated", "daily_activity"), "eu_only"),
        LAKE,
        URN,
        STACK,
    ),
    message="filter eu_only lets rows of every region through; the program lets EU rows through only",
    cause=Cause("filter", "the row filter region = 'EU' became region = 'EU' OR region LIKE '%'"),
    reach=Reach(4, 1, 11, 1),
    added=(Access(SELECT, AllExcept(frozenset({"manager_note"})), rows="region <> 'EU'"),),
    witness=Witness(
        ANALYSTS, "SELECT", ACCOUNT, "telemetry_curated", "daily_activity", "active_minutes", (("region", "US"),)
    ),
    declared="rows where region = 'EU'",
    live="rows where region = 'EU' OR region LIKE '%'",
    updated_by=None,
    updated=None,
)
FOREIGN = finding(
    4,
    rule="FL102",
    name="grant-unmanaged",
    severity=Severity.CRITICAL,
    verdict=Verdict.UNMANAGED,
    exposure=True,
    subject=Subject("grant", Principal("444455556666"), AllTables(ACCOUNT, RAW), LAKE),
    message="account 444455556666 may read every table of telemetry_raw and pass it on; no stack declares it",
    cause=Cause("grant", "a grant that no given stack declares"),
    reach=Reach(None, 12, 148, 31),
    added=(Access(SELECT, AllExcept(), grantable=True), Access(Permission("DESCRIBE"), None, grantable=True)),
    witness=Witness("444455556666", "SELECT", ACCOUNT, RAW, "screen_captures", "image_uri"),
    declared="",
    live="SELECT, DESCRIBE on every table, with grant option",
    evidence=(Evidence(Side.LIVE, 13, "/response/PrincipalResourcePermissions/731"),),
    fix_declare="declare it in a stack that owns telemetry_raw",
)
NARROWED = finding(
    5,
    rule="FL201",
    name="grant-narrowed",
    severity=Severity.MEDIUM,
    verdict=Verdict.NARROWED,
    subject=Subject("grant", ANALYSTS, Table(ACCOUNT, "telemetry_curated", "daily_activity"), LAKE, URN, STACK),
    message="role/analysts may no longer describe daily_activity, which the program allows",
    cause=Cause("grant", "the live grant lacks DESCRIBE"),
    reach=Reach(1, 1, 0, 0),
    added=(),
    removed=(Access(Permission("DESCRIBE")),),
    witness=None,
    declared="DESCRIBE, SELECT",
    live="SELECT",
)
UNKNOWN = finding(
    6,
    rule="FL301",
    name="filter-undecided",
    severity=Severity.MEDIUM,
    confidence=Confidence.ASSUMED,
    verdict=Verdict.UNKNOWN,
    subject=Subject("filter", None, DataCellsFilter(MESSAGES, "own_team"), LAKE, URN, STACK),
    message="filter own_team cannot be ordered: regexp_like is no part of the documented grammar",
    cause=Cause("filter", "the row filter calls a function"),
    reach=Reach(2, 1, 0, 0),
    added=(),
    witness=None,
    declared="rows where team = 'mine'",
    live="rows where regexp_like(team, '^m')",
)
LATENT = finding(
    7,
    rule="FL160",
    name="latent-widening",
    severity=Severity.LOW,
    verdict=Verdict.LATENT,
    latent=True,
    subject=Subject("grant", ANALYSTS, Table(ACCOUNT, "telemetry_curated", "daily_activity"), LAKE, URN, STACK),
    message="role/analysts reads every column by wildcard where the program lists today's: the next one is open to it",
    cause=Cause("grant", "a wildcard stands against today's full list"),
    reach=Reach(1, 1, 0, 0),
    added=(),
    witness=None,
    declared="SELECT on 11 listed columns",
    live="SELECT on every column",
)
POSTURE = finding(
    8,
    rule="FL501",
    name="default-permissions-open",
    severity=Severity.LOW,
    verdict=Verdict.POSTURE,
    subject=Subject(
        "setting",
        EVERYONE,
        SettingRef("CreateTableDefaultPermissions", Database(ACCOUNT, "telemetry_curated")),
        LAKE,
        URN,
        STACK,
    ),
    message="new tables of telemetry_curated are open to everyone whom IAM allows, and the program says so",
    cause=Cause("setting", "CreateTableDefaultPermissions grants ALL to IAM_ALLOWED_PRINCIPALS"),
    reach=Reach(None, 0, 0, 0),
    added=(),
    witness=None,
    evidence=(),
    updated_by=None,
    updated=None,
)
WAIVED = finding(
    9,
    severity=Severity.HIGH,
    verdict=Verdict.UNMANAGED,
    exposure=True,
    subject=Subject(
        "location",
        Principal(f"arn:aws:iam::{ACCOUNT}:role/backfill"),
        DataLocation(ACCOUNT, "arn:aws:s3:::telemetry-raw/backfill"),
        LAKE,
    ),
    message="role/backfill has access to the location telemetry-raw/backfill",
    cause=Cause("grant", "a grant that no given stack declares"),
    waived=Waiver(
        f"{9:016x}",
        "backfill of October",
        "data platform team",
        "2026-12-31",
        "FL101",
        "pipelines",
        ("governance", "security"),
        "DATA-112",
    ),
)
TYPICAL = Report(
    run(),
    ExitCode.WIDENING,
    True,
    "widened",
    summary(equal=1204, widened=3, unmanaged=1, narrowed=1, unknown=1, latent=1, posture=1, waived=1),
    (TAGGED, WAIVED, finding(), POSTURE, FILTERED, LATENT, FOREIGN, NARROWED, UNKNOWN),
    LEDGER,
    (),
    (LAKE,),
)


def _hostile(number: int, name: str, text: str) -> Finding:
    """One finding with the hostile text in every field that can carry text."""
    verdicts = tuple(Verdict)
    table = Table(ACCOUNT, text, text)
    resources = (
        TableColumns(table, Only(frozenset({text, "other"}))),
        TagRef(ColumnRef(table, text), text),
        DataCellsFilter(table, text),
        TagPolicy(ACCOUNT, "TABLE", ((text, frozenset({text, "b"})),)),
        SettingRef(text, Database(ACCOUNT, text)),
        DataLocation(ACCOUNT, f"arn:aws:s3:::{text}"),
        UnknownResource(ACCOUNT, text),
    )
    principal = Principal(f"arn:aws:iam::{ACCOUNT}:role/{text}")
    verdict = verdicts[number % len(verdicts)]
    return Finding(
        id=f"{number + 0xF0:016x}",
        rule="FL999",
        name=text,
        severity=Severity(number % len(Severity)),
        confidence=Confidence.ASSUMED if number % 2 else Confidence.PROVED,
        verdict=verdict,
        subject=Subject(
            "grant", principal, resources[number % len(resources)], LAKE, f"urn:pulumi:dev::p::t::{text}", text
        ),
        message=f"{name}: {text}",
        cause=Cause(text, text),
        reach=Reach(None if number % 3 == 0 else number, number, number * 7, number % 4),
        exposure=verdict is Verdict.UNMANAGED and number % 2 == 1,
        latent=verdict is Verdict.LATENT,
        added=(
            Access(Permission(text), Only(frozenset({text, "plain"})), rows=text),
            Access(SELECT, AllExcept(frozenset({text})), grantable=True),
        ),
        removed=(Access(SELECT, Only(frozenset({f"lost {text}"}))),) if number % 2 else (),
        witness=Witness(text, text, text, text, text, text, ((text, text), ("n", 1.5), ("none", None)), text),
        declared=text,
        live=text,
        updated_by=text,
        updated=text,
        evidence=(Evidence(Side.LIVE, 7, text), Evidence(Side.DECLARED, None, text, text, text, text)),
        fix_declare=text,
        fix_revoke=text,
        waived=Waiver(text, text, text, text, text, text, (text, f"b{text}"), text) if number % 5 == 4 else None,
    )


def nasty() -> Report:
    """Return a partial view with every kind of hostile name in every field."""
    hostile = tuple(_hostile(number, name, text) for number, (name, text) in enumerate(HOSTILE.items()))
    everything = "".join(text for name, text in HOSTILE.items() if name != "long")
    return Report(
        run(
            caller=Caller(f"arn:aws:iam::{ACCOUNT}:role/{HOSTILE['bidi']}", False, None),
            tool_version=HOSTILE["script"],
            declared_sources=tuple(SourceInfo("state", text, text, "0f" * 32) for text in HOSTILE.values()),
            live_sources=(
                SourceInfo("aws", HOSTILE["image"]),
                SourceInfo("recording", HOSTILE["ansi"], None, "a7" * 32),
            ),
        ),
        ExitCode.WIDENING,
        False,
        "widened",
        summary(equal=3, widened=3, unmanaged=3, narrowed=2, changed=2, unknown=3, latent=2, posture=2, waived=3),
        (*hostile, *TYPICAL.findings),
        (
            *LEDGER[:3],
            ledger(
                "ListDataCellsFilter",
                0,
                errors=(f"AccessDeniedException: {everything}", HOSTILE["script"]),
                complete=False,
                pages=0,
                basis=HOSTILE["ansi"],
            ),
            ledger(HOSTILE["image"], 0, service=HOSTILE["script"], complete=False, basis=everything),
        ),
        (
            Gap(Side.LIVE, "lakeformation:ListDataCellsFilter", "AccessDeniedException", Facts.FILTERS),
            *(Gap(Side.DECLARED, text, text, Facts.OTHER, Table(ACCOUNT, text, text)) for text in HOSTILE.values()),
        ),
        (LAKE, LakeId("aws", "444455556666", HOSTILE["comment"] + HOSTILE["bidi"])),
    )


def clean() -> Report:
    """Return a complete view without any finding."""
    return replace(TYPICAL, exit_code=ExitCode.CLEAN, verdict="equal", findings=(), summary=summary(equal=1204))


def crowd(number: int = 2500) -> Report:
    """Return a report with more findings than a page can show."""
    order = (Severity.LOW, Severity.HIGH, Severity.MEDIUM, Severity.CRITICAL, Severity.INFO)
    findings = tuple(
        finding(
            index,
            severity=order[index % 5],
            subject=Subject(
                "grant", Principal(f"arn:aws:iam::{ACCOUNT}:role/reader-{index:05d}"), MESSAGES, LAKE, URN, STACK
            ),
            message=f"role/reader-{index:05d} may read columns that the program does not give it",
            witness=Witness(
                f"arn:aws:iam::{ACCOUNT}:role/reader-{index:05d}", "SELECT", ACCOUNT, RAW, "private_messages", "body"
            ),
        )
        for index in range(number)
    )
    return replace(TYPICAL, findings=findings, summary=summary(equal=9, widened=number))


GAP = Gap(Side.LIVE, "lakeformation:ListResources", "AccessDeniedException", Facts.LOCATIONS)


def deployment() -> Report:
    """Return what a gate says of a hostile deployment: every origin, with every verdict."""
    report = nasty()
    origins = (*Origin, None)
    return replace(
        report,
        run=replace(report.run, command="gate"),
        findings=tuple(replace(one, origin=origins[at % len(origins)]) for at, one in enumerate(report.findings)),
    )


CHECKED = {
    "nasty": nasty(),
    "clean": clean(),
    "typical": TYPICAL,
    "gate": deployment(),
    "partial": replace(clean(), complete=False, verdict="unknown", gaps=(GAP,)),
    "crowd": crowd(300),
}
"""Reports that every machine format is validated with."""
