"""The nouns of floodline: read this first.

Everything here is frozen and knows nothing of files, clocks, AWS clients or Pulumi. Names of databases, tables and
columns are lower case (Glue folds them, https://docs.aws.amazon.com/glue/latest/dg/glue-dg.html), LF-tag keys and
values too (https://docs.aws.amazon.com/lake-formation/latest/dg/TBAC-assigning-tags.html); principals are exact.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Any, NewType

from msgspec import Struct

# --------------------------------------------------------------------------------------------------- who, what, where
Principal = NewType("Principal", str)
"""The identifier as Lake Formation spells it: an ARN, twelve digits, ``IAM_ALLOWED_PRINCIPALS``; see principals.py."""

Permission = NewType("Permission", str)
"""Lake Formation's spelling (``SELECT``). An open set: a permission nobody modelled is kept and reported."""

EVERYONE = Principal("IAM_ALLOWED_PRINCIPALS")


@dataclass(frozen=True, slots=True, order=True)
class LakeId:
    """One lake: partition (``aws``), account (12 digits), region."""

    partition: str
    account: str
    region: str

    def __str__(self) -> str:
        return f"{self.account}/{self.region}"


class _Name(Struct, frozen=True, cache_hash=True, gc=False):
    """Base of what names something: millions of these are keys, so they are compared and hashed (once) in C.

    They are read like frozen dataclasses. Names hold texts, sets of texts and other names: no cycles to collect.
    """


# ------------------------------------------------------------------------------------------------------------ columns
class Only(_Name, frozen=True):
    """Just these columns."""

    names: frozenset[str]


class AllExcept(_Name, frozen=True):
    """Every column, present and future, but these."""

    names: frozenset[str] = frozenset()


Columns = Only | AllExcept
EVERY_COLUMN = AllExcept()


# --------------------------------------------------------------------------------------------------------------- rows
@dataclass(frozen=True, slots=True)
class AllRows:
    """No row is filtered out."""


@dataclass(frozen=True, slots=True)
class Where:
    """Rows for which the filter expression is TRUE. ``text`` is as written."""

    text: str


Rows = AllRows | Where
ALL_ROWS = AllRows()


# ----------------------------------------------------------------------------------- resources: a closed union of nouns
class Catalog(_Name, frozen=True):
    """A Data Catalog; the root catalog's id is the account."""

    catalog: str


class Database(_Name, frozen=True):
    """One database."""

    catalog: str
    name: str


class Table(_Name, frozen=True):
    """One table or view, the whole of it."""

    catalog: str
    database: str
    name: str

    @property
    def parent(self) -> Database:
        """The database that holds the table."""
        return Database(self.catalog, self.database)


class AllTables(_Name, frozen=True):
    """Every table of one database, now and later (listed by AWS as ``ALL_TABLES``)."""

    catalog: str
    database: str

    @property
    def parent(self) -> Database:
        """The database whose tables are meant."""
        return Database(self.catalog, self.database)


class TableColumns(_Name, frozen=True):
    """Some columns of one table. ``AllExcept()`` is spelt ``Table``, so that equal access has one spelling."""

    table: Table
    columns: Columns


class DataLocation(_Name, frozen=True):
    """An S3 location as a normalised ARN without a trailing slash."""

    catalog: str
    arn: str


class DataCellsFilter(_Name, frozen=True):
    """A data cells filter by name; its body is a ``FilterBody``."""

    table: Table
    name: str


class LFTag(_Name, frozen=True):
    """Values of an LF-tag key; ``*`` stands for every value, also later ones."""

    catalog: str
    key: str
    values: frozenset[str]


Expression = tuple[tuple[str, frozenset[str]], ...]
"""An LF-tag expression: AND over keys (sorted), OR over the values of a key; ``*`` is any value of the key."""


class TagPolicy(_Name, frozen=True):
    """Every DATABASE or TABLE whose tags match; ``saved`` names a saved expression in place of ``expression``."""

    catalog: str
    resource_type: str
    expression: Expression
    saved: str | None = None


class SavedExpression(_Name, frozen=True):
    """A saved LF-tag expression as an object."""

    catalog: str
    name: str


class RLSPolicy(_Name, frozen=True):
    """A row-level security policy as an object."""

    catalog: str
    name: str


class Function(_Name, frozen=True):
    """A user-defined function; ``name`` is ``*`` for all functions of the database."""

    catalog: str
    database: str
    name: str


class AnyResource(_Name, frozen=True):
    """Every resource of one type in the catalog, also later ones."""

    catalog: str
    resource_type: str


class UnknownResource(_Name, frozen=True):
    """A member of the Resource union that this version does not know: kept as canonical JSON, and reported."""

    catalog: str
    text: str


Resource = (
    Catalog | Database | Table | AllTables | TableColumns | DataLocation | DataCellsFilter | LFTag | TagPolicy
    | SavedExpression | RLSPolicy | Function | AnyResource | UnknownResource
)  # fmt: skip


# ----------------------------------------------------------------------------------------------------------- evidence
class Side(StrEnum):
    """Where a fact comes from."""

    DECLARED = "declared"
    LIVE = "live"


class Evidence(Struct, frozen=True, gc=False):
    """Points at the place a fact was read from.

    ``line`` counts from 1 in a recording (the header is line 1) and is None for a state file; ``pointer`` is a JSON
    pointer into that line or file; ``urn``, ``stack`` (``project/stack``) and ``position`` (``__main__.py#66``) are
    the declared side's.
    """

    source: Side
    line: int | None
    pointer: str
    urn: str | None = None
    stack: str | None = None
    position: str | None = None
    file: str | None = None
    """The file of an evidence folder that is meant; None outside of one."""


# -------------------------------------------------------------------------------------------------------------- facts
@dataclass(frozen=True, slots=True)
class Grant:
    """One principal's permissions on one resource, ``grantable`` being those it may pass on (a subset).

    The edge has already split rows: SELECT on tables stands alone, ALL has been expanded where the resource kind is
    known (``semantics.expand``), ``Table`` means every column. ``condition`` is the Cedar text or None. A principal
    of None could not be read (encrypted, or not yet known).
    """

    principal: Principal | None
    resource: Resource
    permissions: frozenset[Permission]
    grantable: frozenset[Permission] = frozenset()
    condition: str | None = None
    evidence: Evidence | None = field(default=None, compare=False)
    updated_by: str | None = field(default=None, compare=False)
    updated: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Column:
    """A column; ``type`` is Glue's (``bigint``, ``decimal(10,2)``) or empty."""

    name: str
    type: str = ""
    comment: str = ""
    parameters: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class DatabaseInfo:
    """A database. ``table_defaults`` are CreateTableDefaultPermissions; None where nothing is said of them."""

    id: Database
    location: str | None = None
    description: str = ""
    parameters: tuple[tuple[str, str], ...] = ()
    table_defaults: frozenset[tuple[Principal, frozenset[Permission]]] | None = None
    link_to: Database | None = None
    evidence: Evidence | None = field(default=None, compare=False)
    hidden: frozenset[str] = field(default=frozenset(), compare=False)
    """Declared but not readable (a secret, not yet known): ``description``, ``parameters.NAME``. Not to be compared."""


@dataclass(frozen=True, slots=True)
class TableInfo:
    """A table or view. ``columns`` is None where the declaration does not fix them (a crawler does)."""

    id: Table
    columns: tuple[Column, ...] | None = None
    partition_keys: tuple[Column, ...] = ()
    location: str | None = None
    table_type: str = ""
    description: str = ""
    parameters: tuple[tuple[str, str], ...] = ()
    format: str = ""
    view_text: str = ""
    link_to: Table | None = None
    created_by: str | None = field(default=None, compare=False)
    registered: bool | None = field(default=None, compare=False)
    evidence: Evidence | None = field(default=None, compare=False)
    hidden: frozenset[str] = field(default=frozenset(), compare=False)
    """As in ``DatabaseInfo``; of a column: ``columns.NAME.comment``."""
    view_definer: str | None = None
    """With whose rights a view reads its tables; None where nothing is said of it."""
    additional: frozenset[str] = frozenset()
    """Further places of the table's files (``AdditionalLocations``), spelt as ``location``."""
    view_reads: frozenset[Table] | None = None
    """The tables below a view that reads with its definer's rights; None where nothing is said of them."""


@dataclass(frozen=True, slots=True)
class PartitionPlace:
    """A place in which files of a table's partitions lie; ``location`` normalised as in ``DataLocation``."""

    table: Table
    location: str
    evidence: Evidence | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class CatalogInfo:
    """A nested catalog. The defaults are those of databases and tables made in it; None where nothing is said."""

    id: Catalog
    description: str = ""
    parameters: tuple[tuple[str, str], ...] = ()
    database_defaults: frozenset[tuple[Principal, frozenset[Permission]]] | None = None
    table_defaults: frozenset[tuple[Principal, frozenset[Permission]]] | None = None
    full_table_external: bool | None = None
    evidence: Evidence | None = field(default=None, compare=False)
    hidden: frozenset[str] = field(default=frozenset(), compare=False)


@dataclass(frozen=True, slots=True)
class IdentityCenter:
    """The IAM Identity Center instance that a lake trusts for its users and groups."""

    instance: str
    evidence: Evidence | None = field(default=None, compare=False)
    recipients: frozenset[str] = frozenset()
    """Accounts, organizations and units with which the instance's application is shared; not declarable."""
    targets: frozenset[str] = frozenset()
    """Applications that may filter data themselves; empty where external filtering is off. Not declarable."""


@dataclass(frozen=True, slots=True)
class FunctionInfo:
    """A user-defined function. ``code`` are the places of its code; ``governed`` is whether Lake Formation decides."""

    id: Function
    class_name: str = ""
    code: frozenset[str] = frozenset()
    governed: bool | None = None
    """None where nothing is said of it."""
    evidence: Evidence | None = field(default=None, compare=False)


class ColumnRef(_Name, frozen=True):
    """A column as a carrier of LF-tags."""

    table: Table
    column: str


TagTarget = Catalog | Database | Table | ColumnRef


@dataclass(frozen=True, slots=True)
class Assignment:
    """One LF-tag value on one object. A live search answer also carries inherited ones: see ``Lake.assignments``."""

    target: TagTarget
    key: str
    value: str
    evidence: Evidence | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class TagInfo:
    """An LF-tag key and the values it may take."""

    key: str
    values: frozenset[str]
    evidence: Evidence | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class ExpressionBody:
    """The body of a saved LF-tag expression."""

    id: SavedExpression
    expression: Expression
    evidence: Evidence | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class FilterBody:
    """The body of a data cells filter."""

    id: DataCellsFilter
    columns: Columns
    rows: Rows
    evidence: Evidence | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Location:
    """A registered S3 location; ``arn`` normalised as in ``DataLocation``."""

    arn: str
    role: str | None = None
    hybrid: bool = False
    federation: bool = False
    privileged: bool = False
    evidence: Evidence | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class OptIn:
    """One principal opted in to Lake Formation on one resource (it narrows: a missing one widens)."""

    principal: Principal | None
    resource: Resource
    condition: str | None = None
    evidence: Evidence | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Settings:
    """Data lake settings: member name (AWS spelling) → canonical value.

    Lists are frozensets of text; default permissions are frozensets of ``principal: PERM,PERM`` texts; flags are
    bool; ``Parameters`` is split into members ``Parameters.NAME``. ``absent`` names the members the declaration
    leaves out; the provider clears some of them (compare.py knows which).
    """

    members: tuple[tuple[str, frozenset[str] | bool | str], ...]
    absent: frozenset[str] = frozenset()
    evidence: Evidence | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class ResourcePolicy:
    """The Glue catalog's resource policy as canonical JSON text (keys sorted, no blanks)."""

    text: str
    evidence: Evidence | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class RLSAttachment:
    """A row-level security policy attached to a table or tag policy: additive, and not declarable."""

    policy: str
    resource: Resource
    principal: Principal | None
    default: bool = False
    evidence: Evidence | None = field(default=None, compare=False)
    condition: str | None = None


class Facts(StrEnum):
    """Kinds of facts that a gap can leave in the dark."""

    CALLER = "caller"
    SETTINGS = "settings"
    GRANTS = "grants"
    TAGS = "tags"
    ASSIGNMENTS = "assignments"
    EXPRESSIONS = "expressions"
    FILTERS = "filters"
    LOCATIONS = "locations"
    OPTINS = "optins"
    CATALOGS = "catalogs"
    DATABASES = "databases"
    TABLES = "tables"
    POLICIES = "policies"
    RLS = "rls"
    IDENTITY_CENTER = "identity center"
    FUNCTIONS = "functions"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that was not read, not understood or not decided. Never silence.

    ``source`` is ``lakeformation:ListPermissions`` or a URN; ``facts`` what is in the dark, ``scope`` where (None:
    the whole lake), ``principal`` of whom (None: anybody). A gap never carries a hidden value: it may be a secret.
    """

    side: Side
    source: str
    reason: str
    facts: Facts
    scope: Resource | None = None
    evidence: Evidence | None = field(default=None, compare=False)
    principal: Principal | None = None


@dataclass(frozen=True, slots=True)
class Caller:
    """Who read the lake; None where it could not be told."""

    arn: str | None = None
    data_lake_admin: bool | None = None
    read_only_admin: bool | None = None


@dataclass(frozen=True, slots=True)
class Lake:
    """All facts of one lake on one side.

    ``assignments`` hold what each object carries. On the live side the values may be direct or already inherited:
    adding the parents' values below the object's own gives the effective tags in both cases.
    """

    id: LakeId
    grants: Collection[Grant] = ()
    databases: Mapping[Database, DatabaseInfo] = field(default_factory=dict)
    tables: Mapping[Table, TableInfo] = field(default_factory=dict)
    tags: Mapping[str, TagInfo] = field(default_factory=dict)
    assignments: Mapping[TagTarget, Mapping[str, Assignment]] = field(default_factory=dict)
    expressions: Mapping[SavedExpression, ExpressionBody] = field(default_factory=dict)
    filters: Mapping[DataCellsFilter, FilterBody] = field(default_factory=dict)
    settings: tuple[Settings, ...] = ()
    locations: Mapping[str, Location] = field(default_factory=dict)
    optins: tuple[OptIn, ...] = ()
    policies: tuple[ResourcePolicy, ...] = ()
    rls: tuple[RLSAttachment, ...] = ()
    gaps: tuple[Gap, ...] = ()
    caller: Caller | None = None
    assumed: bool = False
    """True where the lake's account or region was not in the declaration but taken from the only lake that was read."""
    catalogs: Mapping[Catalog, CatalogInfo] = field(default_factory=dict)
    identity_centers: tuple[IdentityCenter, ...] = ()
    identity_center_read: bool = False
    """Whether the live side was asked for its Identity Center configuration, and answered."""
    missing_roles: frozenset[tuple[str, str]] = frozenset()
    """(account, role name) of roles that IAM says do not exist."""
    partitions: tuple[PartitionPlace, ...] = ()
    """Where files of partitions lie; on the live side only places outside the table's own."""
    root_catalog: CatalogInfo | None = None
    """What Glue says of the root catalog: its defaults are the settings' in other words."""
    functions: Mapping[Function, FunctionInfo] = field(default_factory=dict)


# ----------------------------------------------------------------------------------------------------------- findings
class Severity(IntEnum):
    """Ordered: ``Severity.LOW < Severity.HIGH``."""

    INFO = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4

    @property
    def word(self) -> str:
        """Spelling in reports: ``critical``."""
        return self.name.lower()


class Verdict(StrEnum):
    """What was found of a subject; ``equal`` is counted, not listed."""

    WIDENED = "widened"
    UNMANAGED = "unmanaged"
    NARROWED = "narrowed"
    CHANGED = "changed"
    UNKNOWN = "unknown"
    LATENT = "latent"
    POSTURE = "posture"


class Origin(StrEnum):
    """Where a difference that ``gate`` found comes from; ``check`` has no such question."""

    DEPLOYMENT = "deployment"
    """The deployment itself does it: before → after."""
    REVOKED = "revoked"
    """Live access that no declaration ever spoke of, and that the deployment takes away without a word."""
    ADOPTED = "adopted"
    """Live drift that the new program declares: from now on it is official."""
    UNDONE = "undone"
    """Live drift that the deployment overwrites."""
    STANDING = "standing"
    """Live drift that stays as it is."""


class Confidence(StrEnum):
    """``proved`` rests on documented behaviour only; ``assumed`` names its assumption in the message."""

    PROVED = "proved"
    ASSUMED = "assumed"


@dataclass(frozen=True, slots=True)
class SettingRef:
    """A settings member, or a database's own default permissions."""

    name: str
    database: Database | None = None


class TagRef(_Name, frozen=True):
    """One tag key on one object, as the subject of a finding."""

    target: TagTarget
    key: str


@dataclass(frozen=True, slots=True)
class PolicyRef:
    """The Glue catalog's resource policy."""

    catalog: str


@dataclass(frozen=True, slots=True)
class OptInRef:
    """An opt-in on a resource."""

    resource: Resource


@dataclass(frozen=True, slots=True)
class WaiverRef:
    """An entry of a waivers file, or a whole baseline, as the subject of a finding; ``name`` says which."""

    name: str


SubjectResource = Resource | SettingRef | TagRef | PolicyRef | OptInRef | WaiverRef


@dataclass(frozen=True, slots=True)
class Subject:
    """What a verdict is about; ``kind`` is the contract's: grant, tag, filter, setting, location, optin, table."""

    kind: str
    principal: Principal | None
    resource: SubjectResource
    lake: LakeId
    urn: str | None = None
    stack: str | None = None


@dataclass(frozen=True, slots=True)
class Access:
    """A piece of access that was added or removed. ``columns`` is None where columns play no part."""

    permission: Permission
    columns: Columns | None = None
    grantable: bool = False
    rows: str | None = None


@dataclass(frozen=True, slots=True)
class Witness:
    """The smallest concrete example of a difference; a row as column → value where rows decide."""

    principal: str | None
    permission: str | None
    catalog: str | None = None
    database: str | None = None
    table: str | None = None
    column: str | None = None
    row: tuple[tuple[str, Any], ...] | None = None
    location: str | None = None

    def sentence(self) -> str:
        """Say it in words: ``role/marketing can SELECT private_messages.body``."""
        who = self.principal or "somebody"
        what = self.permission or "reach"
        where = ".".join(part for part in (self.database, self.table, self.column) if part)
        where = where or self.location or (f"catalog {self.catalog}" if self.catalog else "the lake")
        rows = "" if self.row is None else " where " + ", ".join(f"{k} = {v!r}" for k, v in self.row)
        return f"{who} can {what} {where}{rows}"


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a difference goes. ``principals`` is None for "many" (an account, a group, everyone)."""

    principals: int | None
    tables: int = 0
    columns: int = 0
    sensitive_columns: int = 0


@dataclass(frozen=True, slots=True)
class Cause:
    """The one change behind a finding: ``kind`` is grant, tag, expression, filter, column, setting and so on."""

    kind: str
    what: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One verdict on one subject, with its cause, reach and witness.

    ``id`` is 16 hex digits, the same for the same finding on every run. ``declared`` and ``live`` say in words what
    each side has, for reading side by side.
    """

    id: str
    rule: str
    name: str
    severity: Severity
    confidence: Confidence
    verdict: Verdict
    subject: Subject
    message: str
    cause: Cause
    reach: Reach
    exposure: bool = False
    latent: bool = False
    added: tuple[Access, ...] = ()
    removed: tuple[Access, ...] = ()
    witness: Witness | None = None
    declared: str = ""
    live: str = ""
    updated_by: str | None = None
    updated: str | None = None
    evidence: tuple[Evidence, ...] = ()
    fix_declare: str = ""
    fix_revoke: str = ""
    waived: Waiver | None = None
    origin: Origin | None = None

    @property
    def widens(self) -> bool:
        """Whether somebody gained access: widened, or unmanaged with exposure."""
        return self.verdict is Verdict.WIDENED or (self.verdict is Verdict.UNMANAGED and self.exposure)


@dataclass(frozen=True, slots=True)
class Waiver:
    """An accepted finding: exact, owned, and mortal (``expires`` is an ISO date, inclusive).

    ``finding`` is the fingerprint of what it accepts. ``kind`` is ``waiver`` or ``baseline``; of a baseline's entry
    ``expires`` may be empty. Texts are as a person wrote them: to be escaped wherever they are shown.
    """

    finding: str
    reason: str
    owner: str
    expires: str
    rule: str = ""
    author: str = ""
    approvers: tuple[str, ...] = ()
    ticket: str = ""
    kind: str = "waiver"


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """What was asked of AWS (or of a recording), and whether the answer is whole. ``basis`` says why we think so."""

    account: str
    region: str
    service: str
    operation: str
    calls: int
    pages: int
    rows: int
    errors: tuple[str, ...]
    complete: bool
    basis: str


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """A document that was read: ``kind`` is state, preview, recording or aws; ``sha256`` None for aws."""

    kind: str
    name: str
    stack: str | None = None
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """A file of an evidence folder that a report rests on.

    ``path`` lies in the run folder; ``kind`` is state, preview, recording or settings; ``name`` is what it was called.
    ``sha256`` and ``size`` (bytes) are the file's, ``original`` is the sha256 of what was read, where that was a file:
    another one where ``removed`` secrets were taken out, or where it was packed.
    """

    path: str
    kind: str
    name: str
    sha256: str
    size: int
    original: str | None = None
    removed: int = 0


@dataclass(frozen=True, slots=True)
class Run:
    """The run's own metadata: everything that may differ between two runs on the same input."""

    id: str
    started: str
    finished: str
    tool_version: str
    botocore_version: str
    caller: Caller
    declared_sources: tuple[SourceInfo, ...]
    live_sources: tuple[SourceInfo, ...]
    command: str = "check"
    """``check`` compares the declaration with live, ``gate`` a deployment's before with its after."""
    arguments: tuple[str, ...] = ()
    """The command line, whatever file it was told by, without what nobody else should know."""
    folder: str | None = None
    """The run folder, where the run is kept as evidence."""
    kept: tuple[Kept, ...] = ()


@dataclass(frozen=True, slots=True)
class Equality:
    """A normalisation that was at work in one lake (``equalities``): how often, and one example in words."""

    lake: LakeId
    id: str
    name: str
    count: int
    example: str


class ExitCode(IntEnum):
    """Exit codes of the contract. The numbers rank nothing: never max()."""

    CLEAN = 0
    CRASH = 1
    DRIFT = 2
    WIDENING = 3
    UNDECIDED = 4
    CANNOT_START = 5
    USAGE = 64


@dataclass(frozen=True, slots=True)
class Report:
    """Everything a reader gets; every format is a pure function of it."""

    run: Run
    exit_code: ExitCode
    complete: bool
    verdict: str
    summary: Mapping[str, int]
    findings: tuple[Finding, ...]
    ledger: tuple[LedgerRow, ...]
    gaps: tuple[Gap, ...] = ()
    lakes: tuple[LakeId, ...] = ()
    equalities: tuple[Equality, ...] | None = None
    """Why what is spelt differently is the same; None where nobody asked."""
    frameworks: tuple[str, ...] = ()
    """The frameworks whose controls are shown; empty: every one."""
