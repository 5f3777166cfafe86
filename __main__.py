"""An employee-telemetry lake: what is typed, seen, written and done at work, and what models are trained on.

Three databases, from raw to trainable. Read it from the top: the rules that hold everywhere, the data, the readers.
"""

import pulumi

from lake import (
    Column,
    Dataset,
    Governance,
    Location,
    OnAllTables,
    OnCatalog,
    OnDatabase,
    OnTable,
    OnTag,
    OptIn,
    Readers,
    RowFilter,
    Select,
    Table,
    TagPolicyGrant,
    sampled,
    spread,
)

config = pulumi.Config("floodline")
account = config.get("account") or "111122223333"
total = config.get_int("tables") or 12
bucket: dict[str, str] = config.require_object("buckets")
role: dict[str, str] = config.require_object("roles")

# ------------------------------------------------------------------------------------------- what holds everywhere
governance = Governance(
    "telemetry",
    account_id=account,
    admins=[role["lake-admin"]],
    read_only_admins=[role["lake-auditor"]],
    parameters={"CROSS_ACCOUNT_VERSION": "4"},
    tags={
        "sensitivity": ["public", "internal", "confidential", "restricted"],
        "domain": ["telemetry", "messages", "features", "wellbeing"],
    },
    expressions={
        "shareable": {"sensitivity": ["public", "internal"]},
        "trainable": {"domain": ["features"], "sensitivity": ["public", "internal"]},
    },
)

raw_files = Location("raw", f"s3://{bucket['raw']}/", governance=governance, role=role["lake-storage"])
curated_files = Location("curated", f"s3://{bucket['curated']}/", governance=governance, role=role["lake-storage"])
# Training jobs still move over from their own S3 rights: hybrid, and whoever has moved is opted in below.
feature_files = Location(
    "features", f"s3://{bucket['features']}/", governance=governance, role=role["lake-storage"], hybrid=True
)

# --------------------------------------------------------------------------------------------------------- the data
employee = Column("employee_id", "bigint", "Who, by number in the staff directory")
device = Column("device_id", "string", "Serial number of the work device")
region = Column("region", "string", "Where the employment contract is: emea, amer or apac")
consent = Column("consent", "boolean", "Whether the employee agreed to training on this record")
at = Column("recorded_at", "timestamp", "When, in UTC")
day = Column("event_date", "date", "Day of the event in UTC")
week = Column("feature_week", "string", "ISO week, as in 2026-W07")

raw_tables = [
    Table(
        "keystrokes",
        description="Every key press on a work device",
        columns=[
            employee,
            device,
            region,
            consent,
            at,
            Column("application", "string", "Program in the foreground"),
            Column("key_text", "string", "What was typed, in clear"),
            Column("hold_ms", "int", "How long the key was down, in milliseconds"),
        ],
        partition_keys=[day],
    ),
    Table(
        "screen_captures",
        description="One picture of each screen every five minutes",
        columns=[
            employee,
            device,
            region,
            consent,
            at,
            Column("image_path", "string", "Where the picture lies, relative to the bucket"),
            Column("ocr_text", "string", "Text found in the picture"),
            Column("window_count", "int", "Windows visible in the picture"),
        ],
        partition_keys=[day],
    ),
    Table(
        "private_messages",
        description="Chat messages between two people",
        columns=[
            employee,
            region,
            consent,
            at,
            Column("recipient_id", "bigint", "To whom, by number in the staff directory"),
            Column("channel", "string", "Chat product"),
            Column("body", "string", "The message in clear"),
            Column("attachments", "array<string>", "Names of attached files"),
        ],
        partition_keys=[day],
        tags={"domain": "messages"},
    ),
    Table(
        "app_usage",
        description="Which program was in the foreground, by the minute",
        columns=[
            employee,
            device,
            region,
            at,
            Column("application", "string", "Program in the foreground"),
            Column("window_title", "string", "Title of the window, often a document's name"),
            Column("minutes", "int", "Minutes in the foreground"),
        ],
        partition_keys=[day],
        tags={"sensitivity": "internal"},
        column_tags={
            "employee_id": {"sensitivity": "confidential"},
            "window_title": {"sensitivity": "confidential"},
        },
    ),
]

curated_tables = [
    Table(
        "keystroke_sessions",
        description="Key presses put together into sittings",
        columns=[
            Column("session_id", "string", "One sitting"),
            employee,
            region,
            consent,
            Column("typed_text", "string", "What was typed, passwords masked"),
            Column("keys_per_minute", "double", "Mean typing speed"),
            Column("correction_rate", "double", "Share of key presses that delete"),
        ],
        partition_keys=[day],
    ),
    Table(
        "screen_sessions",
        description="Screen captures put together into sittings",
        columns=[
            Column("session_id", "string", "One sitting"),
            employee,
            region,
            consent,
            Column("dominant_application", "string", "Program seen most"),
            Column("summary", "string", "One sentence on what was done"),
            Column("focus_minutes", "int", "Minutes without a change of window"),
        ],
        partition_keys=[day],
    ),
    Table(
        "message_threads",
        description="Private messages put together into conversations",
        columns=[
            Column("thread_id", "string", "One conversation"),
            region,
            consent,
            Column("participants", "array<bigint>", "Who took part"),
            Column("subject", "string", "What it was about, in a few words"),
            Column("sentiment", "double", "From -1 (angry) to 1 (pleased)"),
            Column("message_count", "int", "Messages in the conversation"),
        ],
        partition_keys=[day],
        tags={"sensitivity": "restricted", "domain": "messages"},
    ),
    Table(
        "daily_activity",
        description="One row for each employee and day",
        columns=[
            employee,
            region,
            Column("team", "string", "Team on that day"),
            Column("active_minutes", "int", "Minutes with any input"),
            Column("meeting_minutes", "int", "Minutes in meetings"),
            Column("message_count", "int", "Messages sent"),
        ],
        partition_keys=[day],
        tags={"sensitivity": "internal"},
        column_tags={"employee_id": {"sensitivity": "confidential"}},
    ),
]

feature_tables = [
    Table(
        "typing_features",
        description="How somebody types, for models of interruption",
        columns=[
            Column("subject_hash", "string", "Salted hash of the employee"),
            Column("speed_p50", "double", "Median keys per minute"),
            Column("speed_p95", "double", "95th percentile of keys per minute"),
            Column("pause_histogram", "array<double>", "Shares of pauses by length"),
        ],
        partition_keys=[week],
    ),
    Table(
        "screen_features",
        description="How somebody works on a screen, for models of focus",
        columns=[
            Column("subject_hash", "string", "Salted hash of the employee"),
            Column("switches_per_hour", "double", "Changes of window"),
            Column("focus_share", "double", "Share of time without a change"),
        ],
        partition_keys=[week],
    ),
    Table(
        "message_features",
        description="What conversations are like, for models of answers",
        columns=[
            Column("thread_hash", "string", "Salted hash of the conversation"),
            Column("language", "string", "ISO 639 code"),
            Column("sentiment", "double", "From -1 (angry) to 1 (pleased)"),
            Column("embedding", "array<float>", "Vector of the text; the text can be guessed from it"),
        ],
        partition_keys=[week],
        tags={"sensitivity": "confidential", "domain": "messages"},
        column_tags={"embedding": {"sensitivity": "restricted"}},
    ),
    Table(
        "activity_features",
        description="How much a company works, without anybody in it",
        columns=[
            Column("region", "string", "emea, amer or apac"),
            Column("active_minutes_mean", "double", "Mean over all employees"),
            Column("meeting_share", "double", "Share of time in meetings"),
        ],
        partition_keys=[week],
        tags={"sensitivity": "public"},
    ),
]

tables = spread(
    {"telemetry_raw": raw_tables, "telemetry_curated": curated_tables, "training_features": feature_tables}, total
)
telemetry_raw = Dataset(
    "telemetry_raw",
    description="As collected from work devices; nobody but the loaders reads whole tables",
    location=raw_files,
    governance=governance,
    tags={"sensitivity": "restricted", "domain": "telemetry"},
    tables=tables["telemetry_raw"],
)
telemetry_curated = Dataset(
    "telemetry_curated",
    description="Cleaned and put together, still about single people",
    location=curated_files,
    governance=governance,
    tags={"sensitivity": "confidential", "domain": "telemetry"},
    tables=tables["telemetry_curated"],
)
training_features = Dataset(
    "training_features",
    description="What models are trained on",
    location=feature_files,
    governance=governance,
    tags={"sensitivity": "internal", "domain": "features"},
    tables=tables["training_features"],
)

# ------------------------------------------------------------------------------------------------ who moves the data
etl = role["etl"]
governance.grant(etl, OnCatalog(["CREATE_DATABASE"]))
telemetry_raw.grant(etl, OnAllTables(["SELECT", "INSERT", "ALTER", "DESCRIBE"]))
for dataset, files in ((telemetry_curated, curated_files), (training_features, feature_files)):
    files.grant(etl)
    dataset.grant(etl, OnDatabase(["CREATE_TABLE", "ALTER", "DESCRIBE"]))
    dataset.grant(etl, OnAllTables(["ALL"]))

# ------------------------------------------------------------------------------------------------- who looks after it
steward = role["data-steward"]
governance.grant(steward, OnTag("sensitivity", ["public", "internal", "confidential"], ["ASSOCIATE", "DESCRIBE"]))
governance.grant(steward, OnTag("domain", ["telemetry", "messages", "features"], ["ASSOCIATE", "DESCRIBE"]))
telemetry_curated.grant(steward, OnTable("daily_activity", ["SELECT", "DESCRIBE"], grantable=["SELECT", "DESCRIBE"]))
telemetry_raw.grant(role["privacy-officer"], OnAllTables(["DESCRIBE"]))
TagPolicyGrant(
    "privacy-officer-reads-messages",
    governance,
    role["privacy-officer"],
    tags={"domain": ["messages"]},
    permissions=["SELECT", "DESCRIBE"],
)
# Samples one table of each family, and one in ten of its copies.
for dataset in (telemetry_raw, telemetry_curated, training_features):
    for table in sampled(dataset.tables, every=10):
        dataset.grant(role["data-quality"], OnTable(table, ["SELECT", "DESCRIBE"]))

# ---------------------------------------------------------------------------------------------------- who reads it
TagPolicyGrant(
    "analyst-reads-shareable",
    governance,
    role["analyst"],
    tags={"sensitivity": ["public", "internal"]},
    permissions=["SELECT", "DESCRIBE"],
)
TagPolicyGrant(
    "analyst-sees-databases",
    governance,
    role["analyst"],
    on="DATABASE",
    tags={"sensitivity": ["public", "internal", "confidential"], "domain": ["telemetry", "features"]},
    permissions=["DESCRIBE"],
)
TagPolicyGrant(
    "ml-engineer-reads-trainable",
    governance,
    role["ml-engineer"],
    tags={"domain": ["features"], "sensitivity": ["public", "internal"]},
    permissions=["SELECT", "DESCRIBE"],
)
TagPolicyGrant(
    "marketing-reads-public", governance, role["marketing"], tags={"sensitivity": ["public"]}, permissions=["SELECT"]
)
telemetry_curated.grant(role["ml-engineer"], Select("keystroke_sessions", except_=["employee_id", "typed_text"]))
telemetry_curated.grant(role["ml-engineer"], OnTable("screen_sessions", ["SELECT", "DESCRIBE"]))
Readers(
    "typing-speed",
    [role["analyst"], role["marketing"]],
    [(telemetry_curated, Select("keystroke_sessions", columns=["region", "keys_per_minute"]))],
)
RowFilter(
    "emea_with_consent",
    telemetry_curated,
    "message_threads",
    where="region = 'emea' AND consent = true",
    except_=["participants", "subject"],
).grant(role["analyst"])

# Those who have moved over to Lake Formation for the training bucket.
OptIn("ml-engineer-on-features", role["ml-engineer"], training_features)
OptIn("analyst-on-features", role["analyst"], training_features, tables=["activity_features"])

pulumi.export("databases", [telemetry_raw.name, telemetry_curated.name, training_features.name])
pulumi.export("tables", total)
