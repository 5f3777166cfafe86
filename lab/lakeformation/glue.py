"""The Data Catalog of one lake: moto's store behind AWS's manners.

moto keeps databases and tables, and answers everything that is not in ``Glue.operations`` itself (partitions,
versions, crawlers …) from the same store. Its own listings know no pages, no folding of names, no default
permissions and no side effects on Lake Formation; those are here, without a copy of the store per call.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from moto.glue.models import FakeDatabase, FakeTable, GlueBackend

from lab.lakeformation.resources import IAM_ALLOWED
from lab.lakeformation.wire import Answer, AwsError, Json, Pages, Raw, by_key, dumps, in_order, invalid, not_found

if TYPE_CHECKING:
    from lab.lakeformation.service import LakeFormation

FOLDED = ("DatabaseName", "TableName")
"""Request members whose values Glue folds to lower case before it looks anything up."""

_DESCRIPTOR_DEFAULTS: Json = {
    "Compressed": False,
    "NumberOfBuckets": 0,
    "SortColumns": [],
    "StoredAsSubDirectories": False,
}


@dataclass(slots=True)
class Caller:
    """Who calls: ``arn`` as Lake Formation knows them (a role, not its session), ``session`` as CloudTrail would."""

    arn: str
    session: str

    @property
    def account(self) -> str:
        """The caller's account."""
        return self.arn.split(":")[4]


class Table(FakeTable):
    """moto's table with what AWS adds: who made it, and its JSON text, made once per version."""

    def __new__(cls, *_: Any, **__: Any) -> Self:
        """Not moto's way, which remembers every table ever made."""
        return object.__new__(cls)

    def __init__(self, catalog: str, database: str, name: str, body: Json, made_by: str, made: float) -> None:
        super().__init__(database, name, body, catalog_id=catalog)
        self.made_by = made_by
        self.made = made
        self.changed: float | None = None
        self._text: tuple[int, str] | None = None

    @property
    def body(self) -> Json:
        """TableInput as last written."""
        found: Json = self.versions[str(self._current_version)]
        return found

    @property
    def columns(self) -> list[str]:
        """Names of columns and partition keys, as stored."""
        body = self.body
        descriptor = body.get("StorageDescriptor") or {}
        return [c["Name"] for c in (*(descriptor.get("Columns") or ()), *(body.get("PartitionKeys") or ()))]

    @property
    def location(self) -> str:
        """Where the data lies; empty for a table without a location."""
        return str((self.body.get("StorageDescriptor") or {}).get("Location") or "")

    def text(self, *, registered: bool, default_policy: str | None) -> str:
        """The table as GetTables answers it."""
        version = self._current_version
        if self._text is None or self._text[0] != version:
            body = dict(self.body)
            if body.get("StorageDescriptor") is not None:
                body["StorageDescriptor"] = {**_DESCRIPTOR_DEFAULTS, **body["StorageDescriptor"]}
            table = {
                "Retention": 0,
                "PartitionKeys": [],
                **body,
                "Name": self.name,
                "DatabaseName": self.database_name,
                "CatalogId": self.catalog_id,
                "CreateTime": self.made,
                "UpdateTime": self.changed or self.made,
                "CreatedBy": self.made_by,
                "VersionId": str(version),
            }
            self._text = version, dumps({k: v for k, v in table.items() if v is not None})[:-1]
        policy = "" if default_policy is None else f',"RLSProperties":{{"DefaultRLSPolicy":{dumps(default_policy)}}}'
        return f'{self._text[1]},"IsRegisteredWithLakeFormation":{"true" if registered else "false"}{policy}}}'


class Glue:
    """One account's Data Catalog in one region."""

    def __init__(
        self, account: str, region: str, pages: Pages, clock: Callable[[], float], *, creator_grants: bool
    ) -> None:
        self.account = account
        self.region = region
        self.store: Any = GlueBackend(region, account)
        self.pages = pages
        self.clock = clock
        self.creator_grants = creator_grants
        self.lake: LakeFormation  # set by the lake that stands on this catalog
        self._databases: dict[str, dict[str, FakeDatabase]] = {account: self.store.databases}
        self._sorted: dict[tuple[str, ...], list[str]] = {}
        self._functions: dict[tuple[str, str, str], Json] = {}
        self._catalogs: dict[str, Json] = {}
        self._encryption: Json = {}
        self.operations: dict[str, Callable[[Json, Caller], Answer]] = {
            "CreateDatabase": self.create_database,
            "UpdateDatabase": self.update_database,
            "DeleteDatabase": self.delete_database,
            "GetDatabase": self.get_database,
            "GetDatabases": self.get_databases,
            "CreateTable": self.create_table,
            "UpdateTable": self.update_table,
            "DeleteTable": self.delete_table,
            "BatchDeleteTable": self.batch_delete_table,
            "GetTable": self.get_table,
            "GetTables": self.get_tables,
            "CreateUserDefinedFunction": self.create_function,
            "UpdateUserDefinedFunction": self.update_function,
            "DeleteUserDefinedFunction": self.delete_function,
            "GetUserDefinedFunction": self.get_function,
            "GetUserDefinedFunctions": self.get_functions,
            "CreateCatalog": self.create_catalog,
            "UpdateCatalog": self.update_catalog,
            "DeleteCatalog": self.delete_catalog,
            "GetCatalog": self.get_catalog,
            "GetCatalogs": self.get_catalogs,
            "GetResourcePolicy": self.get_resource_policy,
            "GetResourcePolicies": self.get_resource_policies,
            "GetDataCatalogEncryptionSettings": self.get_encryption,
            "PutDataCatalogEncryptionSettings": self.put_encryption,
        }

    # ---------------------------------------------------------------------------------------- what the lake asks for
    def catalog(self, request: Mapping[str, Any]) -> str:
        """The catalog that a request means; it must exist in this account."""
        catalog = str(request.get("CatalogId") or self.account)
        if catalog not in self._databases:
            raise not_found(f"Catalog {catalog} not found.")
        return catalog

    def databases(self, catalog: str) -> list[str]:
        """Names of the databases of a catalog, in order."""
        return self._order((catalog,), self._databases.get(catalog, {}))

    def tables(self, catalog: str, database: str) -> list[str]:
        """Names of the tables of a database, in order."""
        return self._order((catalog, database), self.database(catalog, database).tables)

    def _order(self, key: tuple[str, ...], names: Mapping[str, Any]) -> list[str]:
        found = self._sorted.get(key)
        if found is None:
            found = self._sorted[key] = sorted(names)
        return found

    def has_database(self, catalog: str, name: str) -> bool:
        """Whether a database exists."""
        return name in self._databases.get(catalog, {})

    def has_function(self, catalog: str, database: str, name: str) -> bool:
        """Whether a function exists."""
        return (catalog, database, name) in self._functions

    def database(self, catalog: str, name: str) -> FakeDatabase:
        """A database, or EntityNotFoundException."""
        try:
            return self._databases[catalog][name]
        except KeyError:
            raise not_found(f"Database {name} not found.") from None

    def table(self, catalog: str, database: str, name: str) -> Table:
        """A table, or EntityNotFoundException."""
        found = self.database(catalog, database).tables.get(name)
        if not isinstance(found, Table):
            raise not_found(f"Table {name} not found.")
        return found

    # ---------------------------------------------------------------------------------------------------- databases
    def create_database(self, request: Json, caller: Caller) -> Answer:
        """Stores the account's default where the request names no permissions for new tables, and grants by it."""
        catalog = self.catalog(request)
        body = dict(request["DatabaseInput"])
        name = body["Name"] = body["Name"].lower()
        if name in self._databases[catalog]:
            raise AwsError("AlreadyExistsException", "Database already exists.")
        if body.get("CreateTableDefaultPermissions") is None:
            body["CreateTableDefaultPermissions"] = self._default(catalog, "CreateTableDefaultPermissions")
        self._databases[catalog][name] = FakeDatabase(name, body, catalog_id=catalog)
        self._sorted.pop((catalog,), None)
        defaults = self._default(catalog, "CreateDatabaseDefaultPermissions")
        target = {"Database": {"CatalogId": catalog, "Name": name}}
        self.lake.grant_defaults(target, defaults, caller)
        if self.creator_grants and not _opens_to_all(defaults):
            self.lake.grant_creator(target, caller)
        return {}

    def _default(self, catalog: str, member: str) -> list[Json]:
        source = self._catalogs.get(catalog, self.lake.settings)
        return list(source.get(member) or [])

    def update_database(self, request: Json, _: Caller) -> Answer:
        """Replaces the input; permissions for new tables that it does not name stay."""
        catalog = self.catalog(request)
        found = self.database(catalog, request["Name"].lower())
        body = dict(request["DatabaseInput"])
        body["Name"] = found.name
        if body.get("CreateTableDefaultPermissions") is None:
            body["CreateTableDefaultPermissions"] = found.input.get("CreateTableDefaultPermissions")
        found.input = body
        return {}

    def delete_database(self, request: Json, _: Caller) -> Answer:
        """Takes its tables, functions, grants and tags along."""
        catalog, name = self.catalog(request), request["Name"].lower()
        for table in list(self.database(catalog, name).tables):
            self._forget_table(catalog, name, table)
        del self._databases[catalog][name]
        for key in [key for key in self._functions if key[:2] == (catalog, name)]:
            del self._functions[key]
        self._sorted.pop((catalog,), None)
        self._sorted.pop((catalog, name), None)
        self.lake.forget_database(catalog, name)
        return {}

    def _spell_database(self, found: FakeDatabase, catalog: str) -> Json:
        body = found.input
        spelt: Json = {
            **{k: body[k] for k in _DATABASE_MEMBERS if body.get(k) is not None},
            "Name": found.name,
            "CreateTime": found.created_time.timestamp(),
            "CatalogId": catalog,
        }
        return spelt

    def get_database(self, request: Json, caller: Caller) -> Answer:
        """One database."""
        if (owner := self._abroad(request)) is not None:
            return owner.get_database(request, caller)
        self._decrypts(caller)
        catalog, name = self.catalog(request), request["Name"].lower()
        found = self.database(catalog, name)
        if not self.lake.sees_database(caller, catalog, name):
            raise AwsError("AccessDeniedException", f"Insufficient Lake Formation permission(s) on {name}")
        return {"Database": self._spell_database(found, catalog)}

    def get_databases(self, request: Json, caller: Caller) -> Answer:
        """The databases that the caller may see, by name; those of other accounts only when asked for."""
        if (owner := self._abroad(request)) is not None:
            return owner.get_databases(request, caller)
        self._decrypts(caller)
        catalog = self.catalog(request)
        size = self.pages.size(request, 100, 100)
        if (kind := request.get("ResourceShareType")) is not None:
            rows, token = self.pages.cut(
                "GetDatabases", request, by_key(self._shared(catalog, caller, kind)), size=size
            )
            return _page("DatabaseList", rows, token)

        def row(name: str) -> Json | None:
            if not self.lake.sees_database(caller, catalog, name):
                return None
            return self._spell_database(self._databases[catalog][name], catalog)

        rows, token = self.pages.cut("GetDatabases", request, in_order(self.databases(catalog), row), size=size)
        return _page("DatabaseList", rows, token)

    def _shared(self, catalog: str, caller: Caller, kind: str) -> dict[tuple[str, str], Json]:
        """Databases by ResourceShareType: of other accounts (FOREIGN), with the own ones (ALL), federated ones."""
        found = {}
        for name in () if kind == "FOREIGN" else self.databases(catalog):
            own = self._databases[catalog][name]
            if self.lake.sees_database(caller, catalog, name) and (kind == "ALL" or own.input.get("FederatedDatabase")):
                found[catalog, name] = self._spell_database(own, catalog)
        for peer in () if kind == "FEDERATED" else self.lake.peers():
            glue = peer.glue
            for name in glue.databases(peer.account):
                if peer.sees_database(caller, peer.account, name):
                    database = glue.database(peer.account, name)
                    found[peer.account, name] = glue._spell_database(database, peer.account)  # noqa: SLF001
        return found

    def _abroad(self, request: Mapping[str, Any]) -> Glue | None:
        """The catalog of another account that a request asks for."""
        asked = request.get("CatalogId")
        owner = self.lake.abroad(str(asked)) if asked else None
        return None if owner is None else owner.glue

    # ------------------------------------------------------------------------------------------------------- tables
    def create_table(self, request: Json, caller: Caller) -> Answer:
        """Grants by the database's own default permissions, and to the creator if the lab was told to."""
        catalog, database = self.catalog(request), request["DatabaseName"].lower()
        if "TableInput" not in request:
            raise invalid("TableInput is required.")
        body = dict(request["TableInput"])
        name = body["Name"] = body["Name"].lower()
        home = self.database(catalog, database)
        if name in home.tables:
            raise AwsError("AlreadyExistsException", "Table already exists.")
        home.tables[name] = Table(catalog, database, name, body, caller.session, self.clock())
        self._sorted.pop((catalog, database), None)
        defaults = home.input.get("CreateTableDefaultPermissions") or []
        target = {"Table": {"CatalogId": catalog, "DatabaseName": database, "Name": name}}
        self.lake.grant_defaults(target, defaults, caller)
        if self.creator_grants and not _opens_to_all(defaults):
            self.lake.grant_creator(target, caller)
        return {}

    def update_table(self, request: Json, _: Caller) -> Answer:
        """A new version; tags of columns that are gone go with them."""
        catalog, database = self.catalog(request), request["DatabaseName"].lower()
        body = dict(request.get("TableInput") or {})
        name = str(body.get("Name") or request.get("Name") or "").lower()
        found = self.table(catalog, database, name)
        body["Name"] = name
        found.update(body)
        found.changed = self.clock()
        self.lake.tags.keep_columns((catalog, database, name), [column.lower() for column in found.columns])
        return {}

    def delete_table(self, request: Json, _: Caller) -> Answer:
        """Takes its grants, filters and tags along."""
        catalog, database = self.catalog(request), request["DatabaseName"].lower()
        name = request["Name"].lower()
        self.table(catalog, database, name)
        self._forget_table(catalog, database, name)
        return {}

    def batch_delete_table(self, request: Json, _: Caller) -> Answer:
        """Deletes what exists and reports what does not."""
        catalog, database = self.catalog(request), request["DatabaseName"].lower()
        home, errors = self.database(catalog, database), []
        for name in request["TablesToDelete"]:
            if name.lower() in home.tables:
                self._forget_table(catalog, database, name.lower())
            else:
                detail = {"ErrorCode": "EntityNotFoundException", "ErrorMessage": "Table not found"}
                errors.append({"TableName": name, "ErrorDetail": detail})
        return {"Errors": errors} if errors else {}

    def _forget_table(self, catalog: str, database: str, name: str) -> None:
        del self._databases[catalog][database].tables[name]
        self._sorted.pop((catalog, database), None)
        self.lake.forget_table(catalog, database, name)

    def _spell_table(self, found: Table) -> str:
        default = self.lake.default_policy(found.catalog_id, found.database_name, found.name)
        return found.text(registered=self.lake.registered(found.location), default_policy=default)

    def get_table(self, request: Json, caller: Caller) -> Answer:
        """One table."""
        if (owner := self._abroad(request)) is not None:
            return owner.get_table(request, caller)
        self._decrypts(caller)
        catalog, database = self.catalog(request), request["DatabaseName"].lower()
        found = self.table(catalog, database, request["Name"].lower())
        if not self.lake.sees_table(caller, catalog, database, found.name):
            raise AwsError("AccessDeniedException", f"Insufficient Lake Formation permission(s) on {found.name}")
        return Raw(f'{{"Table":{self._spell_table(found)}}}')

    def get_tables(self, request: Json, caller: Caller) -> Answer:
        """The tables of a database that the caller may see, by name."""
        if (owner := self._abroad(request)) is not None:
            return owner.get_tables(request, caller)
        self._decrypts(caller)
        catalog, database = self.catalog(request), request["DatabaseName"].lower()
        wanted = _pattern(request.get("Expression"))
        only_names = request.get("AttributesToGet") == ["NAME"]
        tables = self.database(catalog, database).tables
        all_seen = self.lake.sees_everything(caller)

        def row(name: str) -> str | None:
            found = tables.get(name)
            if not isinstance(found, Table) or (wanted is not None and wanted.fullmatch(name) is None):
                return None
            if not all_seen and not self.lake.sees_table(caller, catalog, database, name):
                return None
            return dumps({"Name": name}) if only_names else self._spell_table(found)

        size = self.pages.size(request, 100, 100)
        names = self.tables(catalog, database)
        rows, token = self.pages.cut("GetTables", request, in_order(names, row), size=size)
        ending = "" if token is None else f',"NextToken":{dumps(token)}'
        return Raw(f'{{"TableList":[{",".join(rows)}]{ending}}}')

    # ---------------------------------------------------------------------------------------------------- functions
    def create_function(self, request: Json, _: Caller) -> Answer:
        """A user-defined function; one in LAKE_FORMATION mode can be granted and can be a principal."""
        catalog, database = self.catalog(request), request["DatabaseName"].lower()
        self.database(catalog, database)
        body = dict(request["FunctionInput"])
        name = str(body.get("FunctionName") or "").lower()
        if not name:
            raise invalid("FunctionName is required.")
        if (catalog, database, name) in self._functions:
            raise AwsError("AlreadyExistsException", "Function already exists.")
        self._functions[catalog, database, name] = {
            **body,
            "FunctionName": name,
            "DatabaseName": database,
            "CatalogId": catalog,
            "CreateTime": self.clock(),
        }
        return {}

    def _function(self, request: Json) -> tuple[str, str, str]:
        key = self.catalog(request), request["DatabaseName"].lower(), request["FunctionName"].lower()
        if key not in self._functions:
            raise not_found("Function not found.")
        return key

    def update_function(self, request: Json, _: Caller) -> Answer:
        """Replaces the body."""
        key = self._function(request)
        old = self._functions[key]
        kept = {k: old[k] for k in ("FunctionName", "DatabaseName", "CatalogId", "CreateTime")}
        self._functions[key] = {**request["FunctionInput"], **kept}
        return {}

    def delete_function(self, request: Json, _: Caller) -> Answer:
        """Takes its grants along."""
        key = self._function(request)
        del self._functions[key]
        self.lake.forget_function(*key)
        return {}

    def _sees_function(self, caller: Caller, key: tuple[str, str, str]) -> bool:
        """Functions that Lake Formation governs are shown to whoever holds something on them; others to all."""
        if self._functions[key].get("GovernanceMode") != "LAKE_FORMATION" or self.lake.sees_everything(caller):
            return True
        return self.lake.sees_function(caller, *key)

    def get_function(self, request: Json, caller: Caller) -> Answer:
        """One function."""
        key = self._function(request)
        if not self._sees_function(caller, key):
            raise AwsError("AccessDeniedException", f"Insufficient Lake Formation permission(s) on {key[2]}")
        return {"UserDefinedFunction": self._functions[key]}

    def get_functions(self, request: Json, caller: Caller) -> Answer:
        """The functions of a database, or of the catalog where no database is named."""
        catalog, database = self.catalog(request), request.get("DatabaseName")
        wanted = _pattern(request["Pattern"])
        found = {
            key: body
            for key, body in self._functions.items()
            if key[0] == catalog
            and database in {None, key[1]}
            and (wanted is None or wanted.fullmatch(key[2]))
            and request.get("FunctionType") in {None, body.get("FunctionType")}
            and self._sees_function(caller, key)
        }
        size = self.pages.size(request, 100, 100)
        rows, token = self.pages.cut("GetUserDefinedFunctions", request, by_key(found), size=size)
        return _page("UserDefinedFunctions", rows, token)

    # ----------------------------------------------------------------------------------------------------- catalogs
    def create_catalog(self, request: Json, caller: Caller) -> Answer:
        """A catalog below the account's own; below another one where the name is a path.

        AWS takes no paths: what lies in a federated catalog is there by itself. Here somebody must put it there.
        """
        name = request["Name"].lower()
        catalog = f"{self.account}:{name}"
        if "/" in name:
            self._nested(catalog.rpartition("/")[0])
        if catalog in self._catalogs:
            raise AwsError("AlreadyExistsException", "Catalog already exists.")
        self._catalogs[catalog] = self._spell_catalog(catalog, name, request["CatalogInput"], self.clock())
        self._databases[catalog] = {}
        if self.creator_grants:
            self.lake.grant_creator({"Catalog": {"Id": catalog}}, caller)
        return {}

    def _spell_catalog(self, catalog: str, name: str, body: Json, made: float) -> Json:
        kept = {k: v for k, v in body.items() if k != "OverwriteChildResourcePermissionsWithDefault"}
        arn = f"arn:aws:glue:{self.region}:{self.account}:catalog/{name}"
        spelt = {
            "CreateTableDefaultPermissions": [],
            "CreateDatabaseDefaultPermissions": [],
            **kept,
            "CatalogId": catalog,
            "Name": name.rpartition("/")[2],
            "ResourceArn": arn,
            "CreateTime": made,
            "UpdateTime": self.clock(),
        }
        return {k: v for k, v in spelt.items() if v is not None}

    def _nested(self, catalog: str) -> Json:
        try:
            return self._catalogs[catalog]
        except KeyError:
            raise not_found(f"Catalog {catalog} not found.") from None

    def update_catalog(self, request: Json, caller: Caller) -> Answer:
        """Replaces the input; with the overwrite flag every grant below gives way to the defaults."""
        catalog = request["CatalogId"]
        old, body = self._nested(catalog), request["CatalogInput"]
        name = catalog.partition(":")[2]
        new = self._catalogs[catalog] = self._spell_catalog(catalog, name, body, old["CreateTime"])
        if body.get("OverwriteChildResourcePermissionsWithDefault") == "Accept":
            for database, home in self._databases[catalog].items():
                self.lake.grants.drop_at((catalog, database, None))
                target = {"Database": {"CatalogId": catalog, "Name": database}}
                self.lake.grant_defaults(target, new["CreateDatabaseDefaultPermissions"], caller)
                for name in home.tables:
                    self.lake.grants.drop_at((catalog, database, name))
                    table = {"Table": {"CatalogId": catalog, "DatabaseName": database, "Name": name}}
                    self.lake.grant_defaults(table, new["CreateTableDefaultPermissions"], caller)
        return {}

    def delete_catalog(self, request: Json, _: Caller) -> Answer:
        """Only when it is empty."""
        catalog = request["CatalogId"]
        self._nested(catalog)
        if self._databases[catalog] or any(other.startswith(catalog + "/") for other in self._catalogs):
            raise invalid("Catalog is not empty.")
        del self._catalogs[catalog], self._databases[catalog]
        self.lake.forget_catalog(catalog)
        return {}

    def _root(self) -> Json:
        settings = self.lake.settings
        return {
            "CatalogId": self.account,
            "Name": self.account,
            "ResourceArn": f"arn:aws:glue:{self.region}:{self.account}:catalog",
            "CreateTableDefaultPermissions": settings["CreateTableDefaultPermissions"],
            "CreateDatabaseDefaultPermissions": settings["CreateDatabaseDefaultPermissions"],
        }

    def get_catalog(self, request: Json, caller: Caller) -> Answer:
        """One catalog; the account's own is called by its number."""
        catalog = request["CatalogId"]
        if catalog in self._catalogs and not self.lake.sees_catalog(caller, catalog):
            raise AwsError("AccessDeniedException", f"Insufficient Lake Formation permission(s) on {catalog}")
        return {"Catalog": self._root() if catalog == self.account else self._nested(catalog)}

    def get_catalogs(self, request: Json, caller: Caller) -> Answer:
        """The catalogs right below the parent, with Recursive all below it; the account's own if asked for."""
        parent = request.get("ParentCatalogId") or self.account
        if parent != self.account:
            self._nested(parent)
        above = f"{self.account}:" if parent == self.account else f"{parent}/"
        found = {
            catalog: body
            for catalog, body in self._catalogs.items()
            if catalog.startswith(above)
            and (request.get("Recursive") or "/" not in catalog[len(above) :])
            and request.get("HasDatabases") in {None, bool(self._databases[catalog])}
            and self.lake.sees_catalog(caller, catalog)
        }
        if request.get("IncludeRoot") and parent == self.account:
            found[self.account] = self._root()
        size = self.pages.size(request, 100, 1000)
        rows, token = self.pages.cut("GetCatalogs", request, by_key(found), size=size)
        return _page("CatalogList", rows, token)

    # ------------------------------------------------------------------------------------------------- encryption
    @property
    def encrypted(self) -> bool:
        """Whether the catalog's metadata is encrypted with a key of the account's."""
        return str((self._encryption.get("EncryptionAtRest") or {}).get("CatalogEncryptionMode", "")).startswith("SSE")

    def get_encryption(self, _: Json, __: Caller) -> Answer:
        """The settings; both parts are there whether or not anybody has set them."""
        fresh = {
            "EncryptionAtRest": {"CatalogEncryptionMode": "DISABLED"},
            "ConnectionPasswordEncryption": {"ReturnConnectionPasswordEncrypted": False},
        }
        return {"DataCatalogEncryptionSettings": {**fresh, **self._encryption}}

    def put_encryption(self, request: Json, _: Caller) -> Answer:
        """Replaces the parts that are given."""
        given = request["DataCatalogEncryptionSettings"]
        self._encryption = {**self._encryption, **{k: v for k, v in given.items() if v is not None}}
        return {}

    def _decrypts(self, caller: Caller) -> None:
        if self.encrypted and not self.lake.permits(caller, "kms:Decrypt"):
            raise AwsError("GlueEncryptionException", f"{caller.session} is not authorized to perform: kms:Decrypt")

    # ---------------------------------------------------------------------------------------------- resource policy
    def get_resource_policy(self, request: Json, _: Caller) -> Answer:
        """The catalog's policy; AWS answers EntityNotFoundException where there is none."""
        found = self.store.resource_policies.get(request.get("ResourceArn") or self.store.default_catalog_arn)
        if found is None:
            raise not_found("Policy not found")
        return _spell_policy(found)

    def get_resource_policies(self, request: Json, caller: Caller) -> Answer:
        """Every policy, the catalog's among them; an empty list where there is none.

        Without a word it leaves out the catalog's where that is encrypted and the caller may not decrypt it.
        """
        size = self.pages.size(request, 100, 1000)
        found = self.store.resource_policies
        if self.encrypted and not self.lake.permits(caller, "kms:Decrypt"):
            found = {arn: row for arn, row in found.items() if arn != self.store.default_catalog_arn}
        rows, token = self.pages.cut("GetResourcePolicies", request, by_key(found), size=size)
        return _page("GetResourcePoliciesResponseList", [_spell_policy(row) for row in rows], token)


_DATABASE_MEMBERS = (
    "Description",
    "LocationUri",
    "Parameters",
    "CreateTableDefaultPermissions",
    "TargetDatabase",
    "FederatedDatabase",
)


def _spell_policy(found: Json) -> Json:
    return {
        "PolicyInJson": found["PolicyInJson"],
        "PolicyHash": hashlib.md5(found["PolicyInJson"].encode(), usedforsecurity=False).hexdigest(),
        "CreateTime": found["CreateTime"].timestamp(),
        "UpdateTime": found["UpdateTime"].timestamp(),
    }


def _opens_to_all(defaults: Sequence[Json]) -> bool:
    return any(entry["Principal"]["DataLakePrincipalIdentifier"] == IAM_ALLOWED for entry in defaults)


def _page(member: str, rows: Sequence[Any], token: str | None) -> Json:
    return {member: list(rows)} if token is None else {member: list(rows), "NextToken": token}


def _pattern(text: str | None) -> re.Pattern[str] | None:
    """Glue's name patterns: a regular expression in which a lone ``*`` stands for anything."""
    if not text or text == "*":
        return None
    try:
        return re.compile(re.sub(r"(?<![.)\]])\*", ".*", text), re.IGNORECASE)
    except re.error:
        raise invalid(f"Invalid expression {text}.") from None
