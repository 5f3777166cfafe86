"""The answers we read, member by member: what is known, what must be there, and of which type.

A page that fits is decoded once, in C. One that does not fit is looked at row by row (``decode.py``): an unknown member
is named in the ledger, a malformed row becomes a gap. Names, types and required members are botocore's; a test holds
them against the installed service models. ``Raw`` members are decoded later, and only once for each distinct text.
"""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, Raw, Struct, UnsetType


class Shape(Struct, forbid_unknown_fields=True, gc=False):
    """A structure of the service model."""


# ------------------------------------------------------------------------------------------------------------- shared
class Principal(Shape):
    """``DataLakePrincipal``."""

    DataLakePrincipalIdentifier: str


class Condition(Shape):
    """A Cedar condition."""

    Expression: str | None = None


class Default(Shape):
    """``PrincipalPermissions``: one default permission."""

    Principal: Principal | None = None
    Permissions: list[str] | None = None


class Pair(Shape):
    """An LF-tag key with values, in an expression or assigned to something."""

    TagKey: str
    TagValues: list[str]
    CatalogId: str | None = None


class ColumnPairs(Shape):
    """The LF-tags of one column, a list of ``Pair``."""

    Name: str
    LFTags: Raw | UnsetType = UNSET


class Wildcard(Shape):
    """``ColumnWildcard``."""

    ExcludedColumnNames: list[str] | None = None


class Nothing(Shape):
    """A structure without members."""


# ---------------------------------------------------------------------------------------------------------- resources
class CatalogResource(Shape):
    """A catalog; without an id the root."""

    Id: str | None = None


class DatabaseName(Shape):
    """A database as Lake Formation names it."""

    Name: str
    CatalogId: str | None = None


class TableResource(Shape):
    """A table, or with a wildcard all tables of a database."""

    DatabaseName: str
    Name: str | None = None
    CatalogId: str | None = None
    TableWildcard: Nothing | None = None


class ColumnsResource(Shape):
    """Columns of a table."""

    DatabaseName: str
    Name: str
    CatalogId: str | None = None
    ColumnNames: list[str] | None = None
    ColumnWildcard: Wildcard | None = None


class LocationResource(Shape):
    """A data location."""

    ResourceArn: str
    CatalogId: str | None = None


class FilterResource(Shape):
    """A data cells filter by name."""

    DatabaseName: str
    TableName: str
    Name: str
    TableCatalogId: str | None = None


class PolicyResource(Shape):
    """An LF-tag policy."""

    ResourceType: str
    Expression: list[Pair] | None = None
    ExpressionName: str | None = None
    CatalogId: str | None = None


class NamedResource(Shape):
    """A saved expression or a row-level security policy."""

    Name: str
    CatalogId: str | None = None


class FunctionResource(Shape):
    """A function, or with a wildcard all functions of a database."""

    DatabaseName: str
    Name: str | None = None
    UserDefinedFunctionWildcard: Nothing | None = None
    CatalogId: str | None = None


class AnyOne(Shape):
    """Every resource of a type."""

    ResourceType: str
    CatalogId: str | None = None


class Resource(Shape):
    """The union of what can be granted on; one member is set."""

    Catalog: CatalogResource | None = None
    Database: DatabaseName | None = None
    Table: TableResource | None = None
    TableWithColumns: ColumnsResource | None = None
    DataLocation: LocationResource | None = None
    DataCellsFilter: FilterResource | None = None
    LFTag: Pair | None = None
    LFTagPolicy: PolicyResource | None = None
    LFTagExpression: NamedResource | None = None
    RLSPolicy: NamedResource | None = None
    UserDefinedFunction: FunctionResource | None = None
    AnyResource: AnyOne | None = None


# ------------------------------------------------------------------------------------------------ sts, lakeformation
class CallerIdentity(Shape):
    """sts:GetCallerIdentity."""

    Arn: str
    UserId: str | None = None
    Account: str | None = None


class LakePrincipal(Shape):
    """lakeformation:GetDataLakePrincipal."""

    Identity: str


class DataLakeSettings(Shape):
    """Members of the settings."""

    DataLakeAdmins: list[Principal] | None = None
    ReadOnlyAdmins: list[Principal] | None = None
    CreateDatabaseDefaultPermissions: list[Default] | None = None
    CreateTableDefaultPermissions: list[Default] | None = None
    Parameters: dict[str, str] | None = None
    TrustedResourceOwners: list[str] | None = None
    AllowExternalDataFiltering: bool | None = None
    AllowFullTableExternalDataAccess: bool | None = None
    ExternalDataFilteringAllowList: list[Principal] | None = None
    AuthorizedSessionTagValueList: list[str] | None = None


class SettingsAnswer(Shape):
    """lakeformation:GetDataLakeSettings."""

    DataLakeSettings: DataLakeSettings


class PermissionRow(Shape):
    """One row of ListPermissions."""

    Principal: Raw
    Resource: Raw
    Permissions: Raw
    PermissionsWithGrantOption: Raw | UnsetType = UNSET
    Condition: Condition | None = None
    AdditionalDetails: Raw | UnsetType = UNSET
    LastUpdated: Raw | UnsetType = UNSET
    LastUpdatedBy: Raw | UnsetType = UNSET


class PermissionPage(Shape):
    """lakeformation:ListPermissions."""

    PrincipalResourcePermissions: list[PermissionRow] | None = None
    NextToken: str | None = None


class PlainRow(Shape):
    """A ``PermissionRow`` decoded at once, but for its resource and its permissions: those repeat, text by text."""

    Principal: Principal
    Resource: Raw
    Permissions: Raw
    PermissionsWithGrantOption: Raw = Raw(b"null")
    Condition: Condition | None = None
    AdditionalDetails: Raw | UnsetType = UNSET
    LastUpdated: str | None = None
    LastUpdatedBy: str | None = None


class PlainPage(Shape):
    """lakeformation:ListPermissions, a million rows of it: nearly all pages are as plain as this."""

    PrincipalResourcePermissions: list[PlainRow]
    NextToken: str | None = None


class TagPage(Shape):
    """lakeformation:ListLFTags."""

    LFTags: list[Pair] | None = None
    NextToken: str | None = None


class ExpressionRow(Shape):
    """A saved expression."""

    Name: str
    Expression: list[Pair]
    Description: str | None = None
    CatalogId: str | None = None


class ExpressionPage(Shape):
    """lakeformation:ListLFTagExpressions."""

    LFTagExpressions: list[ExpressionRow] | None = None
    NextToken: str | None = None


class RowFilter(Shape):
    """The rows of a data cells filter."""

    FilterExpression: str | None = None
    AllRowsWildcard: Nothing | None = None


class FilterRow(Shape):
    """A data cells filter."""

    TableCatalogId: str
    DatabaseName: str
    TableName: str
    Name: str
    RowFilter: RowFilter | None = None
    ColumnNames: list[str] | None = None
    ColumnWildcard: Wildcard | None = None
    VersionId: str | None = None


class FilterPage(Shape):
    """lakeformation:ListDataCellsFilter."""

    DataCellsFilters: list[FilterRow] | None = None
    NextToken: str | None = None


class LocationRow(Shape):
    """A registered location."""

    ResourceArn: str
    RoleArn: str | None = None
    LastModified: Any = None
    WithFederation: bool | None = None
    HybridAccessEnabled: bool | None = None
    WithPrivilegedAccess: bool | None = None
    VerificationStatus: str | None = None
    ExpectedResourceOwnerAccount: str | None = None


class LocationPage(Shape):
    """lakeformation:ListResources."""

    ResourceInfoList: list[LocationRow] | None = None
    NextToken: str | None = None


class OptInRow(Shape):
    """An opt-in."""

    Principal: Principal
    Resource: dict[str, Any]
    Condition: Condition | None = None
    LastModified: Any = None
    LastUpdatedBy: str | None = None


class OptInPage(Shape):
    """lakeformation:ListLakeFormationOptIns."""

    LakeFormationOptInsInfoList: list[OptInRow] | None = None
    NextToken: str | None = None


class RLSColumn(Shape):
    """A column that a row-level security policy needs."""

    Name: str
    Type: str | None = None


class RLSRow(Shape):
    """A row-level security policy."""

    Name: str
    CatalogId: str | None = None
    AttachmentColumns: list[RLSColumn] | None = None
    FilterExpression: str | None = None


class RLSPage(Shape):
    """lakeformation:ListRLSPolicies."""

    RLSPolicies: list[RLSRow] | None = None
    NextToken: str | None = None


class RLSAnswer(Shape):
    """lakeformation:GetRLSPolicy."""

    RLSPolicy: RLSRow


class AttachmentRow(Shape):
    """An attachment of a row-level security policy; the default policy's has no principal."""

    PolicyName: str
    Resource: dict[str, Any]
    CatalogId: str | None = None
    Principal: Principal | None = None
    Condition: Condition | None = None
    DefaultRLSPolicy: bool | None = None


class AttachmentPage(Shape):
    """lakeformation:ListRLSPolicyAttachments."""

    RLSPolicyAttachments: list[AttachmentRow] | None = None
    NextToken: str | None = None


class ExternalFiltering(Shape):
    """Which applications may fetch data and filter it themselves."""

    Status: str
    AuthorizedTargets: list[str]


class IdentityCenterAnswer(Shape):
    """lakeformation:DescribeLakeFormationIdentityCenterConfiguration."""

    InstanceArn: str
    CatalogId: str | None = None
    ApplicationArn: str | None = None
    ExternalFiltering: ExternalFiltering | None = None
    ShareRecipients: list[Principal] | None = None
    ServiceIntegrations: Any = None
    ResourceShare: str | None = None


class TableName(Shape):
    """A table as Lake Formation names it."""

    DatabaseName: str
    Name: str
    CatalogId: str | None = None
    TableWildcard: Nothing | None = None


class TaggedDatabase(Shape):
    """A hit of a search for databases."""

    Database: DatabaseName
    LFTags: Raw | UnsetType = UNSET


class DatabaseSearchPage(Shape):
    """lakeformation:SearchDatabasesByLFTags."""

    DatabaseList: list[TaggedDatabase] | None = None
    NextToken: str | None = None


class TaggedTable(Shape):
    """A hit of a search for tables."""

    Table: TableName
    LFTagOnDatabase: Raw | UnsetType = UNSET
    LFTagsOnTable: Raw | UnsetType = UNSET
    LFTagsOnColumns: list[ColumnPairs] | None = None


class TableSearchPage(Shape):
    """lakeformation:SearchTablesByLFTags."""

    TableList: list[Raw] | None = None
    NextToken: str | None = None


class TagsAnswer(Shape):
    """lakeformation:GetResourceLFTags."""

    LFTagOnDatabase: Raw | UnsetType = UNSET
    LFTagsOnTable: Raw | UnsetType = UNSET
    LFTagsOnColumns: list[ColumnPairs] | None = None


# --------------------------------------------------------------------------------------------------------------- glue
class DatabaseLink(Shape):
    """The target of a resource link to a database."""

    DatabaseName: str
    CatalogId: str | None = None
    Region: str | None = None


class TableLink(Shape):
    """The target of a resource link to a table."""

    DatabaseName: str
    Name: str
    CatalogId: str | None = None
    Region: str | None = None


class DatabaseRow(Shape):
    """A Glue database."""

    Name: str
    Description: str | None = None
    LocationUri: str | None = None
    Parameters: dict[str, str] | None = None
    CreateTime: Any = None
    CreateTableDefaultPermissions: list[Default] | None = None
    TargetDatabase: DatabaseLink | None = None
    CatalogId: str | None = None
    FederatedDatabase: Any = None


class DatabasePage(Shape):
    """glue:GetDatabases."""

    DatabaseList: list[DatabaseRow]
    NextToken: str | None = None


class ColumnRow(Shape):
    """A Glue column: an item of ``Columns`` and ``PartitionKeys``."""

    Name: str
    Type: str | None = None
    Comment: str | None = None
    Parameters: dict[str, str] | None = None


class Serde(Shape):
    """How rows are read from files."""

    Name: str | None = None
    SerializationLibrary: str | None = None
    Parameters: dict[str, str] | None = None


class Storage(Shape):
    """Where and how a table is stored."""

    Columns: Raw | UnsetType = UNSET
    Location: str | None = None
    AdditionalLocations: list[str] | None = None
    InputFormat: str | None = None
    OutputFormat: str | None = None
    Compressed: Any = None
    NumberOfBuckets: Any = None
    SerdeInfo: Serde | None = None
    BucketColumns: Any = None
    SortColumns: Any = None
    Parameters: Any = None
    SkewedInfo: Any = None
    StoredAsSubDirectories: Any = None
    SchemaReference: Any = None


class Representation(Shape):
    """A view's body in one dialect."""

    Dialect: str | None = None
    DialectVersion: str | None = None
    ViewOriginalText: str | None = None
    ViewExpandedText: str | None = None
    ValidationConnection: str | None = None
    IsStale: Any = None


class View(Shape):
    """A view of several dialects."""

    IsProtected: Any = None
    IsManaged: Any = None
    Definer: str | None = None
    ViewVersionId: Any = None
    ViewVersionToken: Any = None
    RefreshSeconds: Any = None
    LastRefreshType: Any = None
    SubObjects: list[str] | None = None
    SubObjectVersionIds: Any = None
    SubObjectsStatistics: Any = None
    Representations: list[Representation] | None = None
    SparkPipelineInfo: Any = None


class RLSProperties(Shape):
    """What Glue says of a table's row-level security."""

    DefaultRLSPolicy: str | None = None


class TableRow(Shape):
    """A Glue table."""

    Name: str
    DatabaseName: str | None = None
    Description: str | None = None
    Owner: str | None = None
    CreateTime: Any = None
    UpdateTime: Any = None
    LastAccessTime: Any = None
    LastAnalyzedTime: Any = None
    Retention: Any = None
    StorageDescriptor: Storage | None = None
    PartitionKeys: Raw | UnsetType = UNSET
    ViewOriginalText: str | None = None
    ViewExpandedText: str | None = None
    TableType: str | None = None
    Parameters: dict[str, str] | None = None
    CreatedBy: str | None = None
    IsRegisteredWithLakeFormation: bool | None = None
    TargetTable: TableLink | None = None
    CatalogId: str | None = None
    VersionId: Any = None
    FederatedTable: Any = None
    ViewDefinition: View | None = None
    IsMultiDialectView: Any = None
    IsMaterializedView: Any = None
    IcebergTableMetadata: Any = None
    Status: Any = None
    RLSProperties: RLSProperties | None = None


class TablePage(Shape):
    """glue:GetTables."""

    TableList: list[TableRow] | None = None
    NextToken: str | None = None


class PartitionRow(Shape):
    """A partition of a Glue table."""

    StorageDescriptor: Storage | None = None
    DatabaseName: str | None = None
    TableName: str | None = None
    CatalogId: str | None = None
    Values: Any = None
    CreationTime: Any = None
    LastAccessTime: Any = None
    LastAnalyzedTime: Any = None
    Parameters: Any = None


class PartitionPage(Shape):
    """glue:GetPartitions."""

    Partitions: list[PartitionRow] | None = None
    NextToken: str | None = None


class PolicyAnswer(Shape):
    """glue:GetResourcePolicy, and a row of glue:GetResourcePolicies."""

    PolicyInJson: str | None = None
    PolicyHash: str | None = None
    CreateTime: Any = None
    UpdateTime: Any = None


class PolicyPage(Shape):
    """glue:GetResourcePolicies."""

    GetResourcePoliciesResponseList: list[PolicyAnswer] | None = None
    NextToken: str | None = None


class CodeUri(Shape):
    """A file with a function's code."""

    ResourceType: str | None = None
    Uri: str | None = None
    LastModified: Any = None


class FunctionRow(Shape):
    """A user-defined function."""

    FunctionName: str
    DatabaseName: str
    ClassName: str | None = None
    OwnerName: str | None = None
    FunctionType: str | None = None
    OwnerType: str | None = None
    CreateTime: Any = None
    ResourceUris: list[CodeUri] | None = None
    ArtifactLocation: str | None = None
    GovernanceMode: str | None = None
    CatalogId: str | None = None


class FunctionPage(Shape):
    """glue:GetUserDefinedFunctions."""

    UserDefinedFunctions: list[FunctionRow] | None = None
    NextToken: str | None = None


class EncryptionAtRest(Shape):
    """How the Data Catalog's metadata is encrypted."""

    CatalogEncryptionMode: str
    SseAwsKmsKeyId: str | None = None
    CatalogEncryptionServiceRole: str | None = None


class EncryptionSettings(Shape):
    """Members of the encryption settings."""

    EncryptionAtRest: EncryptionAtRest | None = None
    ConnectionPasswordEncryption: Any = None


class EncryptionAnswer(Shape):
    """glue:GetDataCatalogEncryptionSettings."""

    DataCatalogEncryptionSettings: EncryptionSettings


class CatalogRow(Shape):
    """A Glue catalog."""

    Name: str
    CatalogId: str | None = None
    ResourceArn: str | None = None
    Description: str | None = None
    Parameters: dict[str, str] | None = None
    CreateTime: Any = None
    UpdateTime: Any = None
    TargetRedshiftCatalog: Any = None
    FederatedCatalog: Any = None
    CatalogProperties: Any = None
    CreateTableDefaultPermissions: list[Default] | None = None
    CreateDatabaseDefaultPermissions: list[Default] | None = None
    AllowFullTableExternalDataAccess: str | None = None


class CatalogPage(Shape):
    """glue:GetCatalogs."""

    CatalogList: list[CatalogRow]
    NextToken: str | None = None
