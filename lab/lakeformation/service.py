"""Lake Formation of one account and region: every operation that the lab knows, as AWS documents it.

Where AWS's documentation is silent the lab picks one behaviour and says so in docs/lab.md; where it would make a
reader's life easier than AWS might, it picks the harder one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from lab.lakeformation.glue import Caller, Glue
from lab.lakeformation.grants import Grants, Held, Key, View
from lab.lakeformation.resources import (
    DATABASE_MEMBERS,
    IAM_ALLOWED,
    LISTED_AS,
    TABLE_MEMBERS,
    VALID,
    Expression,
    Target,
    expression_of,
    expression_rows,
    location,
    parse,
    spell,
    within,
)
from lab.lakeformation.tags import LFTags, Tags, matches, pairs
from lab.lakeformation.wire import (
    Answer,
    AwsError,
    Json,
    Pages,
    Raw,
    Rows,
    by_key,
    denied,
    dumps,
    in_order,
    invalid,
    not_found,
)

EVERYONE_ALL: Final[Json] = {"Principal": {"DataLakePrincipalIdentifier": IAM_ALLOWED}, "Permissions": ["ALL"]}

RESOURCE_TYPES: Final = frozenset({*LISTED_AS.values(), "LF_TAG_POLICY"})

_PARTIAL_FORBIDS = frozenset(TABLE_MEMBERS)
"""Not grantable to somebody who has SELECT on some columns only (dg/lf-permissions-reference)."""


class LakeFormation:
    """The state, and the operations by AWS's names (``operations``)."""

    def __init__(
        self,
        glue: Glue,
        pages: Pages,
        clock: Callable[[], float],
        *,
        operator: str,
        filters_in_sweep: bool = False,
        expand_all: bool = True,
    ) -> None:
        self.account = glue.account
        self.region = glue.region
        self.glue = glue
        glue.lake = self
        self.pages = pages
        self.clock = clock
        self.operator = operator
        self.filters_in_sweep = filters_in_sweep
        self.grants = Grants(expand_all=expand_all)
        self.tags = LFTags()
        self.settings: Json = _fresh_settings()
        self._resources: dict[str, Json] = {}
        self._filters: dict[tuple[str, str, str, str], Json] = {}
        self._expressions: dict[tuple[str, str], Json] = {}
        self._optins: dict[tuple[Key, tuple[str, ...]], Json] = {}
        self._policies: dict[str, Json] = {}
        self._attachments: dict[tuple[str, str, str, str], Json] = {}
        self._defaults: dict[tuple[str, str, str], str] = {}
        self._identity_center: Json | None = None
        self._version = 0
        self.operations: dict[str, Callable[[Json, Caller], Answer]] = {
            "GetDataLakePrincipal": self.get_data_lake_principal,
            "GetDataLakeSettings": self.get_data_lake_settings,
            "PutDataLakeSettings": self.put_data_lake_settings,
            "GrantPermissions": self.grant_permissions,
            "RevokePermissions": self.revoke_permissions,
            "BatchGrantPermissions": self.batch_grant_permissions,
            "BatchRevokePermissions": self.batch_revoke_permissions,
            "ListPermissions": self.list_permissions,
            "GetEffectivePermissionsForPath": self.get_effective_permissions_for_path,
            "CreateLFTag": self.create_lf_tag,
            "UpdateLFTag": self.update_lf_tag,
            "DeleteLFTag": self.delete_lf_tag,
            "GetLFTag": self.get_lf_tag,
            "ListLFTags": self.list_lf_tags,
            "AddLFTagsToResource": self.add_lf_tags_to_resource,
            "RemoveLFTagsFromResource": self.remove_lf_tags_from_resource,
            "GetResourceLFTags": self.get_resource_lf_tags,
            "SearchTablesByLFTags": self.search_tables_by_lf_tags,
            "SearchDatabasesByLFTags": self.search_databases_by_lf_tags,
            "CreateLFTagExpression": self.create_lf_tag_expression,
            "UpdateLFTagExpression": self.update_lf_tag_expression,
            "DeleteLFTagExpression": self.delete_lf_tag_expression,
            "GetLFTagExpression": self.get_lf_tag_expression,
            "ListLFTagExpressions": self.list_lf_tag_expressions,
            "CreateDataCellsFilter": self.create_data_cells_filter,
            "UpdateDataCellsFilter": self.update_data_cells_filter,
            "DeleteDataCellsFilter": self.delete_data_cells_filter,
            "GetDataCellsFilter": self.get_data_cells_filter,
            "ListDataCellsFilter": self.list_data_cells_filter,
            "RegisterResource": self.register_resource,
            "UpdateResource": self.update_resource,
            "DeregisterResource": self.deregister_resource,
            "DescribeResource": self.describe_resource,
            "ListResources": self.list_resources,
            "CreateLakeFormationOptIn": self.create_opt_in,
            "DeleteLakeFormationOptIn": self.delete_opt_in,
            "ListLakeFormationOptIns": self.list_opt_ins,
            "CreateRLSPolicy": self.create_rls_policy,
            "UpdateRLSPolicy": self.update_rls_policy,
            "DeleteRLSPolicy": self.delete_rls_policy,
            "GetRLSPolicy": self.get_rls_policy,
            "ListRLSPolicies": self.list_rls_policies,
            "AttachRLSPolicy": self.attach_rls_policy,
            "DetachRLSPolicy": self.detach_rls_policy,
            "ListRLSPolicyAttachments": self.list_rls_policy_attachments,
            "CreateLakeFormationIdentityCenterConfiguration": self.create_identity_center,
            "UpdateLakeFormationIdentityCenterConfiguration": self.update_identity_center,
            "DeleteLakeFormationIdentityCenterConfiguration": self.delete_identity_center,
            "DescribeLakeFormationIdentityCenterConfiguration": self.describe_identity_center,
        }

    # --------------------------------------------------------------------------------------------- who may do and see
    def is_admin(self, caller: Caller) -> bool:
        """Whether the caller is a data lake administrator."""
        return caller.arn in _principals(self.settings["DataLakeAdmins"])

    def is_read_only_admin(self, caller: Caller) -> bool:
        """Whether the caller is a read-only administrator."""
        return caller.arn in _principals(self.settings["ReadOnlyAdmins"])

    def sees_everything(self, caller: Caller) -> bool:
        """Administrators of both kinds; and the operator, who made everything there is."""
        return caller.arn == self.operator or self.is_admin(caller) or self.is_read_only_admin(caller)

    def _changes(self, caller: Caller) -> None:
        if caller.arn != self.operator and not self.is_admin(caller):
            raise denied("Insufficient Lake Formation permission(s): Required admin permission.")

    def _reads(self, caller: Caller) -> None:
        if not self.sees_everything(caller):
            raise denied("Insufficient Lake Formation permission(s): Required admin or read only admin permission.")

    def _holds(self, caller: Caller, catalog: str, database: str, table: str | None) -> dict[str, bool]:
        """What the caller has on a table or database, named, by wildcard, by tags or as one of the account."""
        found: dict[str, bool] = {}
        everyone = {caller.arn, f"{caller.account}:IAMPrincipals", IAM_ALLOWED}
        places = (
            [(catalog, database, table)] if table is None else [(catalog, database, table), (catalog, database, None)]
        )
        for place in places:
            for held in self.grants.at(*place):
                kind, name = held.key.target.kind, held.key.target.parts[1:2]
                fits = (
                    kind == "database"
                    if table is None
                    else kind in {"table", "columns"} and name in {(table,), (None,)}
                )
                if fits and held.key.principal in everyone and held.key.condition is None:
                    _merge(found, held.full())
                    if held.columns:
                        _merge(found, {"SELECT": all(held.columns.values())})
        wanted = "policy DATABASE" if table is None else "policy TABLE"
        holder = (catalog, database) if table is None else (catalog, database, table)
        for principal in everyone:
            for held in self.grants.of_principal(principal):
                if held.key.target.kind == wanted and matches(self._body(held.key.target), self.tags.effective(holder)):
                    _merge(found, held.full())
        return found

    def sees_table(self, caller: Caller, catalog: str, database: str, table: str) -> bool:
        """Whether Glue shows the table: to whoever has any permission on it."""
        return self.sees_everything(caller) or bool(self._holds(caller, catalog, database, table))

    def sees_database(self, caller: Caller, catalog: str, database: str) -> bool:
        """Whether Glue shows the database: to whoever has any permission on it or on something inside."""
        if self.sees_everything(caller) or self._holds(caller, catalog, database, None):
            return True
        everyone = (caller.arn, f"{caller.account}:IAMPrincipals", IAM_ALLOWED)
        return any(
            held.key.target.holder is not None and held.key.target.holder[:2] == (catalog, database)
            for principal in everyone
            for held in self.grants.of_principal(principal)
        )

    def _view(self, caller: Caller) -> View:
        """Which rows of a listing the caller sees: all, or those permissions that the caller has on the resource too."""
        if self.sees_everything(caller):
            return lambda _: None
        memory: dict[Any, frozenset[str]] = {}

        def seen(held: Held) -> frozenset[str] | None:
            if held.key.principal == caller.arn:
                return None
            target = held.key.target
            holder = target.holder
            if target.kind in {"table", "columns", "database"} and holder is not None:
                if holder not in memory:
                    memory[holder] = frozenset(self._holds(caller, *holder))
                return memory[holder]
            if target not in memory:
                own = self.grants.held.get(Key(caller.arn, target, None))
                memory[target] = frozenset(own.full()) if own is not None else frozenset()
            return memory[target]

        return seen

    # ---------------------------------------------------------------------------------- what happens in the catalog
    def grant_defaults(self, resource: Json, defaults: Sequence[Json], caller: Caller) -> None:
        """The rows that default permissions leave on a new database or table."""
        for entry in defaults:
            if entry.get("Permissions"):
                target, columns = parse(resource, self.account)
                key = Key(_identifier(entry["Principal"]), target, None)
                self.grants.grant(key, entry["Permissions"], (), columns, self.clock(), caller.arn)

    def grant_creator(self, resource: Json, caller: Caller) -> None:
        """The rows that whoever creates something gets on it."""
        target, columns = parse(resource, self.account)
        if target.kind == "table":
            permissions: Sequence[str] = ("ALL", "SELECT", *TABLE_MEMBERS)
        elif target.kind == "database":
            permissions = ("ALL", *DATABASE_MEMBERS)
        else:
            permissions = ("ALL",)
        self.grants.grant(Key(caller.arn, target, None), permissions, permissions, columns, self.clock(), caller.arn)

    def forget_table(self, catalog: str, database: str, table: str) -> None:
        """The table is gone: so are its grants, filters, tags, opt-ins and attachments."""
        holder = catalog, database, table
        self.grants.drop_at(holder)
        self.tags.forget(holder)
        for name in [key for key in self._filters if key[:3] == holder]:
            del self._filters[name]
        self._drop_optins(holder)
        self._defaults.pop(holder, None)

    def forget_database(self, catalog: str, database: str) -> None:
        """The database is gone, its tables went before."""
        self.grants.drop_at((catalog, database, None))
        self.tags.forget((catalog, database))
        self._drop_optins((catalog, database, None))

    def _drop_optins(self, holder: tuple[str, str, str | None]) -> None:
        for key in [key for key in self._optins if key[0].target.holder == holder]:
            del self._optins[key]

    def forget_function(self, catalog: str, database: str, name: str) -> None:
        """The function is gone: nobody may execute it any more."""
        target = Target("function", catalog, (database, name))
        self.grants.drop([key for key in self.grants.held if key.target == target])

    def forget_catalog(self, catalog: str) -> None:
        """A nested catalog is gone."""
        self.grants.drop([key for key in self.grants.held if key.target.catalog == catalog])
        self.tags.forget((catalog,))

    def registered(self, text: str) -> bool:
        """Whether a location lies in a registered one."""
        if not text or not self._resources:
            return False
        arn = location(text)
        while ":::" in arn:
            if arn in self._resources:
                return True
            arn, slash, _ = arn.rpartition("/")
            if not slash:
                return False
        return False

    def default_policy(self, catalog: str, database: str, table: str) -> str | None:
        """The row-level policy that covers a table's readers by default."""
        return self._defaults.get((catalog, database, table)) if self._defaults else None

    # ----------------------------------------------------------------------------------------------------- settings
    def get_data_lake_principal(self, _: Json, caller: Caller) -> Answer:
        """The caller as Lake Formation knows them."""
        return {"Identity": caller.arn}

    def get_data_lake_settings(self, request: Json, _: Caller) -> Answer:
        """The settings; IAM alone decides who may read them."""
        self._catalog(request)
        return {"DataLakeSettings": self.settings}

    def put_data_lake_settings(self, request: Json, caller: Caller) -> Answer:
        """Replaces them all: what the request leaves out is emptied."""
        self._catalog(request)
        if self.is_read_only_admin(caller) and not self.is_admin(caller):
            raise denied("Insufficient Lake Formation permission(s): Required admin permission.")
        given: Json = request["DataLakeSettings"]
        for member in ("CreateDatabaseDefaultPermissions", "CreateTableDefaultPermissions"):
            entries = given.get(member) or []
            if entries and entries != [EVERYONE_ALL]:
                raise invalid(f"{member} takes nothing, or ALL for {IAM_ALLOWED}.")
        for member in ("DataLakeAdmins", "ReadOnlyAdmins"):
            if len(given.get(member) or []) > 30:
                raise invalid(f"{member} takes at most 30 principals.")
        both = _principals(given.get("DataLakeAdmins")) & _principals(given.get("ReadOnlyAdmins"))
        if both:
            raise invalid("A principal cannot be a data lake administrator and a read-only administrator.")
        fresh = {**_fresh_settings(), "CreateDatabaseDefaultPermissions": [], "CreateTableDefaultPermissions": []}
        settings = {member: given.get(member) or empty for member, empty in fresh.items()}
        settings["Parameters"] = {**fresh["Parameters"], **(given.get("Parameters") or {}), "SET_CONTEXT": "TRUE"}
        self.settings = settings
        return {}

    def _catalog(self, request: Mapping[str, Any]) -> str:
        catalog = str(request.get("CatalogId") or self.account)
        if catalog.partition(":")[0] != self.account:
            raise denied(f"Insufficient Lake Formation permission(s) on catalog {catalog}.")
        return catalog

    # ------------------------------------------------------------------------------------------------------- grants
    def grant_permissions(self, request: Json, caller: Caller) -> Answer:
        """Adds to what the principal holds."""
        self._catalog(request)
        self._grant(request, caller)
        return {}

    def revoke_permissions(self, request: Json, caller: Caller) -> Answer:
        """Takes from what the principal holds; nothing to take is an error."""
        self._catalog(request)
        self._revoke(request, caller)
        return {}

    def batch_grant_permissions(self, request: Json, caller: Caller) -> Answer:
        """Up to 20 grants; each that fails is answered, none stops the others."""
        return self._batch(request, caller, self._grant)

    def batch_revoke_permissions(self, request: Json, caller: Caller) -> Answer:
        """Up to 20 revokes, likewise."""
        return self._batch(request, caller, self._revoke)

    def _batch(self, request: Json, caller: Caller, each: Callable[[Json, Caller], None]) -> Answer:
        self._catalog(request)
        if len(request["Entries"]) > 20:
            raise invalid("A batch takes at most 20 entries.")
        failures = []
        for entry in request["Entries"]:
            try:
                if not entry.get("Principal") or not entry.get("Resource"):
                    raise invalid("Principal and Resource are required.")
                each(entry, caller)
            except AwsError as error:
                detail = {"ErrorCode": error.code, "ErrorMessage": error.message}
                failures.append({"RequestEntry": entry, "Error": detail})
        return {"Failures": failures}

    def _request(self, request: Json) -> tuple[Key, tuple[str, ...], list[str], list[str]]:
        principal = _identifier(request["Principal"])
        target, columns = parse(request["Resource"], self.account)
        condition = (request.get("Condition") or {}).get("Expression")
        permissions = _permissions(target, request.get("Permissions") or [])
        grantable = _permissions(target, request.get("PermissionsWithGrantOption") or [])
        return Key(principal, target, condition), columns, permissions, grantable

    def _grant(self, request: Json, caller: Caller) -> None:
        key, columns, permissions, grantable = self._request(request)
        if not permissions:
            raise invalid("Permissions must not be empty.")
        if not set(grantable) <= set(permissions):
            raise invalid("PermissionsWithGrantOption must be among Permissions.")
        self._may_pass_on(caller, key.target, permissions)
        self._exists(key.target, columns)
        self._fits(key, permissions, grantable)
        self.grants.grant(key, permissions, grantable, columns, self.clock(), caller.arn)

    def _revoke(self, request: Json, caller: Caller) -> None:
        key, columns, permissions, grantable = self._request(request)
        self._may_pass_on(caller, key.target, [*permissions, *grantable])
        if not self.grants.revoke(key, permissions, grantable, columns, self.clock(), caller.arn):
            raise invalid(f"No permissions revoked. Grantee has no permissions: {sorted({*permissions, *grantable})}")

    def _may_pass_on(self, caller: Caller, target: Target, permissions: Iterable[str]) -> None:
        if caller.arn == self.operator or self.is_admin(caller):
            return
        if target.kind in {"table", "columns", "database"} and target.holder is not None:
            held = self._holds(caller, *target.holder)
        else:
            own = self.grants.held.get(Key(caller.arn, target, None))
            held = own.full() if own is not None else {}
        lacking = sorted(p for p in permissions if not (held.get(p) or held.get("ALL")))
        if lacking:
            raise denied(f"Insufficient Lake Formation permission(s): Required {', '.join(lacking)} with grant option.")

    def _exists(self, target: Target, columns: Sequence[str]) -> None:
        """Refuses targets that are not there."""
        catalog, parts = target.catalog, target.parts
        if target.kind != "catalog":
            self.glue.catalog({"CatalogId": catalog})
        match target.kind:
            case "catalog":
                self.glue.catalog({"CatalogId": catalog})
            case "database":
                self.glue.database(catalog, parts[0])
            case "table" if parts[1] is None:
                self.glue.database(catalog, parts[0])
            case "table":
                self.glue.table(catalog, parts[0], parts[1])
            case "columns":
                known = {column.lower() for column in self.glue.table(catalog, parts[0], parts[1]).columns}
                unknown = sorted(({*columns, *parts[3]}) - known)
                if unknown:
                    raise invalid(f"Permissions modification is invalid: non-existent column {', '.join(unknown)}.")
            case "location":
                if not any(within(parts[0], registered) for registered in self._resources):
                    raise invalid(f"Permissions modification is invalid. Please register the S3 path {parts[0]} first.")
            case "filter":
                if (catalog, *parts) not in self._filters:
                    raise not_found(f"Data cells filter {parts[2]} not found.")
            case "tag":
                self._known_tags(((parts[0], parts[1]),))
            case "policy DATABASE" | "policy TABLE":
                self._known_tags(self._body(target, missing_is_error=True))
            case "expression":
                self._expression(catalog, parts[0])
            case "rls":
                self._policy(parts[0])
            case "function" if parts[1] is None:
                self.glue.database(catalog, parts[0])
            case "function":
                if not self.glue.has_function(catalog, *parts):
                    raise not_found(f"Function {parts[1]} not found.")
            case _:
                pass

    def _fits(self, key: Key, permissions: Sequence[str], grantable: Sequence[str]) -> None:
        """Refuses combinations that AWS refuses (dg/lf-permissions-reference, dg/abac-granting-permissions)."""
        principal, target, condition = key
        if condition is not None:
            if not principal.endswith(":IAMPrincipals"):
                raise invalid("A condition needs a principal of the form account:IAMPrincipals.")
            if grantable:
                raise invalid("Grantable permissions cannot be given with a condition.")
        if target.kind == "any" and ":userDefinedFunction/" not in principal:
            raise invalid("The principal of an AnyResource grant must be a user-defined function.")
        outside = len(principal) == 12 and principal.isdigit() and principal != self.account
        if target.kind == "database" and outside and {"ALL", "DROP"} & set(permissions):
            raise invalid("DROP and ALL on a database cannot be granted to another account.")
        if target.kind == "columns" and target.parts[2] == "except" and grantable:
            raise invalid("Permissions modification is invalid: grant option with excluded columns.")
        if target.kind == "table" and target.parts[1] is not None and _PARTIAL_FORBIDS & set(permissions):
            held = self.grants.at(target.catalog, *target.parts)
            if "ALL" not in permissions and any(
                one.key.principal == principal and one.key.target.kind == "columns" for one in held
            ):
                raise invalid("Permissions modification is invalid: the principal has SELECT on some columns only.")

    def list_permissions(self, request: Json, caller: Caller) -> Answer:
        """Explicit grants; with Principal and Resource together the effective permissions instead."""
        self._catalog(request)
        kind, related = request.get("ResourceType"), str(request.get("IncludeRelated") or "FALSE").upper()
        if kind is not None and kind not in RESOURCE_TYPES:
            raise invalid(f"Unknown ResourceType {kind}.")
        principal = _identifier(request["Principal"]) if request.get("Principal") else None
        target = self._asked(request["Resource"]) if request.get("Resource") else None
        if related == "TRUE" and (principal is not None or target is None or target.kind != "table"):
            raise invalid("IncludeRelated needs a Table as Resource, and no Principal.")
        if principal is not None and ":identitystore:" in principal and ":user/" in principal:
            raise invalid("AccountId cannot be null or empty")
        size = self.pages.size(request, 100, 1000)
        if principal is not None and target is not None:
            rows = self._effective(principal, target)
            numbered = dict(enumerate(rows))
            found, token = self.pages.cut("ListPermissions", request, by_key(numbered), size=size)
            return _listing("PrincipalResourcePermissions", map(dumps, found), token)
        view = self._view(caller)
        catalog = self._catalog(request)
        source = self._source(principal, target, kind, related=related == "TRUE")

        def texts(cursor: Any) -> Iterator[tuple[int, str]]:
            for place, (held, name) in source(cursor):
                if self._listed(held, catalog, kind, target, related=related == "TRUE"):
                    row = self.grants.spell(held, name, view(held))
                    if row is not None:
                        yield place, dumps(row)

        texts_found, token = self.pages.cut("ListPermissions", request, texts, size=size)
        return _listing("PrincipalResourcePermissions", texts_found, token)

    def _asked(self, resource: Json) -> Target:
        if "TableWithColumns" in resource:
            raise invalid("Resource must not be TableWithColumns; ask for the Table.")
        target, _ = parse(resource, self.account)
        if target.kind in {"table", "database"}:
            try:
                self._exists(target, ())
            except AwsError:
                raise denied("Resource does not exist or requester is not authorized to access it.") from None
        return target

    def _source(
        self, principal: str | None, target: Target | None, kind: str | None, *, related: bool
    ) -> Rows[tuple[Held, str]]:
        if target is not None:
            if target.holder is not None:
                kinds = {"table", "columns"} if target.kind == "table" else {target.kind}
                if related:
                    kinds.add("filter")
                at = self.grants.at(*target.holder)
                chosen = [held for held in at if held.key.target.kind in kinds]
                if target.kind in {"filter", "function"}:
                    chosen = [held for held in chosen if held.key.target == target]
            else:
                chosen = [held for key, held in self.grants.held.items() if key.target == target]
            return self.grants.rows_of(chosen)
        if principal is not None:
            # Nobody is a group: it never executes a query, so AWS answers nothing for it.
            nobody = ":identitystore:" in principal and ":group/" in principal
            return self.grants.rows_of([] if nobody else self.grants.of_principal(principal))
        # LF_TAG_POLICY was seen to answer database policies only (aws/aws-sdk-js#4583).
        return self.grants.everything("LF_TAG_POLICY_DATABASE" if kind == "LF_TAG_POLICY" else kind)

    def _listed(self, held: Held, catalog: str, kind: str | None, target: Target | None, *, related: bool) -> bool:
        found = held.key.target
        if found.catalog != catalog and found.kind != "catalog" and target is None:
            return False
        if found.kind == "filter" and not related and not self.filters_in_sweep:
            return target is not None and target.kind == "filter"
        if kind is not None and target is not None:
            return _listed_as(found.kind, kind)
        return kind is None or _listed_as(found.kind, kind)

    def _effective(self, principal: str, target: Target) -> list[Json]:
        """What Lake Formation would apply: every source of the principal's rights on one resource, taken together."""
        if ":identitystore:" in principal:
            return []
        parts = principal.split(":")
        account = parts[4] if len(parts) > 4 else ""
        caller = Caller(principal, principal)
        key = Key(principal, target, None)
        held = Held(key)
        if account and target.kind in {"table", "database"} and target.holder is not None:
            if self.is_admin(caller):
                members = ("ALL", "SELECT", *TABLE_MEMBERS) if target.kind == "table" else ("ALL", *DATABASE_MEMBERS)
                held.permissions = dict.fromkeys(members, True)
            else:
                held.permissions = self._whole(caller, target)
        else:
            own = self.grants.held.get(key)
            held.permissions = dict(own.permissions) if own is not None else {}
        rows = []
        for resource, permissions in held.rows(expand=True).values():
            rows.append(_row(principal, resource, permissions))
        if target.kind == "table" and target.parts[1] is not None and "SELECT" not in held.full():
            at = self.grants.at(target.catalog, *target.parts)
            for one in at:
                if one.key.principal == principal and one.key.target.kind == "columns":
                    rows += [_row(principal, *found) for found in one.rows(expand=True).values()]
        return rows

    def _whole(self, caller: Caller, target: Target) -> dict[str, bool]:
        """Permissions on every column; those on some columns are listed by themselves."""
        if target.holder is None:
            return {}
        found = self._holds(caller, *target.holder)
        everyone = {caller.arn, f"{caller.account}:IAMPrincipals", IAM_ALLOWED}
        if target.kind == "table" and "SELECT" in found and "ALL" not in found:
            holders = [self.grants.at(target.catalog, target.parts[0], t) for t in {target.parts[1], None}]
            whole = any(
                held.key.principal in everyone and held.key.target.kind == "table" and "SELECT" in held.full()
                for at in holders
                for held in at
            )
            if not whole:
                del found["SELECT"]
        return found

    def get_effective_permissions_for_path(self, request: Json, caller: Caller) -> Answer:
        """Grants on the location and on the databases and tables that lie in it."""
        catalog, arn = self._catalog(request), location(request["ResourceArn"])
        inside: list[Held] = [
            held
            for key, held in self.grants.held.items()
            if key.target.kind == "location" and within(arn, key.target.parts[0])
        ]
        for database in self.glue.databases(catalog):
            if within(location(str(self.glue.database(catalog, database).input.get("LocationUri") or "-")), arn):
                inside += [one for one in self.grants.at(catalog, database, None) if one.key.target.kind == "database"]
            for table in self.glue.tables(catalog, database):
                if within(location(self.glue.table(catalog, database, table).location or "-"), arn):
                    inside += [
                        one for one in self.grants.at(catalog, database, table) if one.key.target.kind != "filter"
                    ]
        view, source = self._view(caller), self.grants.rows_of(inside)

        def texts(cursor: Any) -> Iterator[tuple[int, str]]:
            for place, (held, name) in source(cursor):
                row = self.grants.spell(held, name, view(held))
                if row is not None:
                    yield place, dumps(row)

        size = self.pages.size(request, 100, 1000)
        found, token = self.pages.cut("GetEffectivePermissionsForPath", request, texts, size=size)
        return _listing("Permissions", found, token)

    # --------------------------------------------------------------------------------------------------------- tags
    def _known_tags(self, expression: Iterable[tuple[str, Sequence[str]]]) -> None:
        for key, values in expression:
            known = self.tags.keys.get(key)
            if known is None:
                raise not_found(f"Tag key {key} does not exist.")
            for value in values:
                if value != "*" and value not in known:
                    raise invalid(f"Tag value {value} does not exist for tag key {key}.")

    def create_lf_tag(self, request: Json, caller: Caller) -> Answer:
        """Keys and values are kept in lower case."""
        self._changes(caller)
        key, values = request["TagKey"].lower(), _lower(request["TagValues"])
        if key in self.tags.keys:
            raise invalid(f"Tag key {key} already exists.")
        if not values:
            raise invalid("TagValues must not be empty.")
        if len(values) > 50:
            raise invalid("A call takes at most 50 tag values.")
        self.tags.keys[key] = values
        return {}

    def _values(self, request: Json) -> tuple[str, list[str]]:
        key = request["TagKey"].lower()
        if key not in self.tags.keys:
            raise not_found(f"Tag key {key} does not exist.")
        return key, self.tags.keys[key]

    def update_lf_tag(self, request: Json, caller: Caller) -> Answer:
        """A value that something still carries cannot be deleted."""
        self._changes(caller)
        key, values = self._values(request)
        gone, new = _lower(request.get("TagValuesToDelete") or []), _lower(request.get("TagValuesToAdd") or [])
        if not gone and not new:
            raise invalid("Nothing to add or delete.")
        for value in gone:
            if value not in values:
                raise invalid(f"Tag value {value} does not exist for tag key {key}.")
            if self.tags.in_use(key, value):
                raise invalid(f"Tag value {value} of tag key {key} is still assigned to a resource.")
        left = [value for value in values if value not in gone]
        self.tags.keys[key] = left + [value for value in new if value not in left]
        return {}

    def delete_lf_tag(self, request: Json, caller: Caller) -> Answer:
        """Every resource loses the tag; policies that name it match nothing any more."""
        self._changes(caller)
        key, _ = self._values(request)
        self.tags.forget_key(key)
        return {}

    def _sees_tag(self, caller: Caller, key: str) -> bool:
        if self.sees_everything(caller):
            return True
        return any(
            held.key.target.kind == "tag" and held.key.target.parts[0] == key
            for held in self.grants.of_principal(caller.arn)
        )

    def get_lf_tag(self, request: Json, caller: Caller) -> Answer:
        """One key with its values."""
        key, values = self._values(request)
        if not self._sees_tag(caller, key):
            raise denied("Insufficient Lake Formation permission(s): Required DESCRIBE on tag.")
        return {"CatalogId": self.account, "TagKey": key, "TagValues": values}

    def list_lf_tags(self, request: Json, caller: Caller) -> Answer:
        """The keys that the caller may see."""
        self._catalog(request)
        own = request.get("ResourceShareType") != "FOREIGN"
        found = {
            key: {"CatalogId": self.account, "TagKey": key, "TagValues": values}
            for key, values in self.tags.keys.items()
            if own and self._sees_tag(caller, key)
        }
        return self._list("ListLFTags", "LFTags", request, by_key(found), 1000)

    def _list(self, operation: str, member: str, request: Json, rows: Rows[Json], most: int) -> Answer:
        size = self.pages.size(request, min(100, most), most)
        found, token = self.pages.cut(operation, request, rows, size=size)
        return _listing(member, map(dumps, found), token)

    def _tagged(self, request: Json) -> tuple[tuple[str, ...], list[str | None]]:
        """The object that a request tags, and its columns ([None] for the object itself)."""
        resource: Json = request["Resource"]
        target, columns = parse(resource, self.account)
        self._exists(target, columns)
        match target.kind:
            case "catalog":
                return (target.catalog,), [None]
            case "database":
                return (target.catalog, target.parts[0]), [None]
            case "table" if "TableWithColumns" in resource and target.parts[1] is not None:
                table = self.glue.table(target.catalog, *target.parts)
                return (target.catalog, *target.parts), [column.lower() for column in table.columns]
            case "table" if target.parts[1] is not None:
                return (target.catalog, *target.parts), [None]
            case "columns":
                holder = target.catalog, target.parts[0], target.parts[1]
                table = self.glue.table(*holder)
                rest = [column.lower() for column in table.columns if column.lower() not in target.parts[3]]
                return holder, list(columns) if target.parts[2] == "only" else list(rest)
            case _:
                raise invalid("LF-tags go on catalogs, databases, tables and columns.")

    def add_lf_tags_to_resource(self, request: Json, caller: Caller) -> Answer:
        """Sets one value per key; a key that is there already is replaced, the others stay."""
        self._changes(caller)
        holder, columns = self._tagged(request)
        failures = []
        for pair in request["LFTags"]:
            key, values = pair["TagKey"].lower(), _lower(pair["TagValues"])
            if len(values) != 1:
                raise invalid("A resource takes exactly one value per tag key.")
            if values[0] not in self.tags.keys.get(key, ()):
                failures.append(_failed(pair, "EntityNotFoundException", "Tag key or value does not exist."))
                continue
            for column in columns:
                self.tags.assign(holder, column, key, values[0])
        return {"Failures": failures}

    def remove_lf_tags_from_resource(self, request: Json, caller: Caller) -> Answer:
        """Takes direct assignments away; an inherited value comes back by itself."""
        self._changes(caller)
        holder, columns = self._tagged(request)
        failures = []
        for pair in request["LFTags"]:
            key = pair["TagKey"].lower()
            done = [
                self.tags.unassign(holder, column, key, value)
                for column in columns
                for value in _lower(pair["TagValues"])
            ]
            if not any(done):
                failures.append(_failed(pair, "EntityNotFoundException", "The tag is not assigned to the resource."))
        return {"Failures": failures}

    def get_resource_lf_tags(self, request: Json, caller: Caller) -> Answer:
        """Effective tags; with ShowAssignedLFTags only what the resource and its columns carry themselves."""
        holder, columns = self._tagged(request)
        self._reads(caller)
        catalog, assigned = holder[0], bool(request.get("ShowAssignedLFTags"))
        answer: Json = {}
        if len(holder) < 3:
            tags = self.tags.direct(holder) if assigned else self.tags.effective(holder)
            return {"LFTagOnDatabase": pairs(catalog, tags)} if tags else {}
        inherited = self.tags.effective(holder)
        if not assigned and (above := self.tags.effective(holder[:2])):
            answer["LFTagOnDatabase"] = pairs(catalog, above)
        if columns == [None] and (own := self.tags.direct(holder) if assigned else inherited):
            answer["LFTagsOnTable"] = pairs(catalog, own)
        wanted = None if columns == [None] else set(columns)
        found = []
        for column in self.glue.table(*holder).columns:
            name = column.lower()
            if wanted is None or name in wanted:
                direct = self.tags.direct_columns(holder).get(name, {})
                tags = direct if assigned else self.tags.on_column(holder, name, inherited)
                if tags:
                    found.append({"Name": column, "LFTags": pairs(catalog, tags)})
        if found:
            answer["LFTagsOnColumns"] = found
        return answer

    def _searched(self, request: Json) -> tuple[str, Expression]:
        expression = expression_of(request["Expression"])
        for key, values in expression:
            # Whether AWS expands ``*`` in a search is not documented: a reader must not lean on it.
            for value in values:
                if value not in self.tags.keys.get(key, ()):
                    raise invalid(f"Tag value {value} does not exist for tag key {key}.")
        return self._catalog(request), expression

    def search_databases_by_lf_tags(self, request: Json, caller: Caller) -> Answer:
        """Databases whose effective tags match, with their values of the searched keys."""
        catalog, expression = self._searched(request)
        keys = [key for key, _ in expression]

        def row(name: str) -> str | None:
            tags = self.tags.effective((catalog, name))
            if not matches(expression, tags) or not self.sees_database(caller, catalog, name):
                return None
            database = {"CatalogId": catalog, "Name": name}
            return dumps({"Database": database, "LFTags": pairs(catalog, tags, keys)})

        size = self.pages.size(request, 100, 100)
        rows = in_order(self.glue.databases(catalog), row)
        found, token = self.pages.cut("SearchDatabasesByLFTags", request, rows, size=size, blank_first=True)
        return _listing("DatabaseList", found, token)

    def search_tables_by_lf_tags(self, request: Json, caller: Caller) -> Answer:
        """Tables that match themselves or in a column, with the searched keys on database, table and every column.

        Inherited values are shown at each level, as the AWS CLI's own example has them.
        """
        catalog, expression = self._searched(request)
        keys = [key for key, _ in expression]
        all_seen = self.sees_everything(caller)

        def rows(cursor: Any) -> Iterator[tuple[tuple[str, str], str]]:
            for database in self.glue.databases(catalog):
                if cursor is not None and database < cursor[0]:
                    continue
                above = self.tags.effective((catalog, database))
                after = cursor[1] if cursor is not None and database == cursor[0] else None
                for table, _ in in_order(self.glue.tables(catalog, database), lambda name: name)(after):
                    holder = catalog, database, table
                    own = self.tags.direct(holder)
                    tags = {**above, **own} if own else above
                    columns = self.tags.direct_columns(holder)
                    if not matches(expression, tags) and not any(
                        matches(expression, {**tags, **mine}) for mine in columns.values()
                    ):
                        continue
                    if all_seen or self.sees_table(caller, *holder):
                        yield (database, table), self._tagged_table(holder, keys, above, tags, columns)

        size = self.pages.size(request, 100, 100)
        found, token = self.pages.cut("SearchTablesByLFTags", request, rows, size=size, blank_first=True)
        return _listing("TableList", found, token)

    def _tagged_table(
        self, holder: tuple[str, str, str], keys: Sequence[str], above: Tags, tags: Tags, columns: dict[str, Tags]
    ) -> str:
        catalog, database, name = holder
        table = {"CatalogId": catalog, "DatabaseName": database, "Name": name}
        common = dumps(pairs(catalog, tags, keys))
        on_columns = []
        for column in self.glue.table(*holder).columns:
            own = columns.get(column.lower())
            text = common if own is None else dumps(pairs(catalog, {**tags, **own}, keys))
            if text != "[]":
                on_columns.append(f'{{"Name":{dumps(column)},"LFTags":{text}}}')
        members = [f'"Table":{dumps(table)}']
        if on_database := pairs(catalog, above, keys):
            members.append(f'"LFTagOnDatabase":{dumps(on_database)}')
        if common != "[]":
            members.append(f'"LFTagsOnTable":{common}')
        if on_columns:
            members.append(f'"LFTagsOnColumns":[{",".join(on_columns)}]')
        return "{" + ",".join(members) + "}"

    # -------------------------------------------------------------------------------------------- saved expressions
    def _expression(self, catalog: str, name: str) -> Json:
        try:
            return self._expressions[catalog, name]
        except KeyError:
            raise not_found(f"LF-tag expression {name} not found.") from None

    def _body(self, target: Target, *, missing_is_error: bool = False) -> Expression:
        """The expression of a tag policy, looked up anew where it is a saved one."""
        inline, saved = target.parts
        if saved is None:
            found: Expression = inline
            return found
        if not missing_is_error and (target.catalog, saved) not in self._expressions:
            return (("", ()),)
        return expression_of(self._expression(target.catalog, saved)["Expression"])

    def create_lf_tag_expression(self, request: Json, caller: Caller) -> Answer:
        """Its tags must exist."""
        self._changes(caller)
        catalog, name = self._catalog(request), request["Name"]
        if (catalog, name) in self._expressions:
            raise invalid(f"LF-tag expression {name} already exists.")
        self._expressions[catalog, name] = self._saved(catalog, request)
        return {}

    def _saved(self, catalog: str, request: Json) -> Json:
        expression = expression_of(request["Expression"])
        self._known_tags(expression)
        body = {"Name": request["Name"], "CatalogId": catalog, "Expression": expression_rows(expression)}
        return {**body, "Description": request["Description"]} if request.get("Description") is not None else body

    def update_lf_tag_expression(self, request: Json, caller: Caller) -> Answer:
        """Takes effect at once on every grant that names it."""
        self._changes(caller)
        catalog = self._catalog(request)
        old = self._expression(catalog, request["Name"])
        self._expressions[catalog, request["Name"]] = {**old, **self._saved(catalog, request)}
        return {}

    def delete_lf_tag_expression(self, request: Json, caller: Caller) -> Answer:
        """Takes the grants that name it along."""
        self._changes(caller)
        catalog, name = self._catalog(request), request["Name"]
        self._expression(catalog, name)
        del self._expressions[catalog, name]
        self.grants.drop(
            [
                key
                for key in self.grants.held
                if key.target.catalog == catalog
                and (
                    (key.target.kind.startswith("policy") and key.target.parts[1] == name)
                    or (key.target.kind == "expression" and key.target.parts[0] == name)
                )
            ]
        )
        return {}

    def _sees_expression(self, caller: Caller, catalog: str, name: str) -> bool:
        own = Key(caller.arn, Target("expression", catalog, (name,)), None)
        return self.sees_everything(caller) or own in self.grants.held

    def get_lf_tag_expression(self, request: Json, caller: Caller) -> Answer:
        """One saved expression."""
        catalog = self._catalog(request)
        found = self._expression(catalog, request["Name"])
        if not self._sees_expression(caller, catalog, request["Name"]):
            raise denied("Insufficient Lake Formation permission(s): Required DESCRIBE on LF-tag expression.")
        return found

    def list_lf_tag_expressions(self, request: Json, caller: Caller) -> Answer:
        """Those that the caller may see."""
        catalog = self._catalog(request)
        found = {k: v for k, v in self._expressions.items() if k[0] == catalog and self._sees_expression(caller, *k)}
        return self._list("ListLFTagExpressions", "LFTagExpressions", request, by_key(found), 1000)

    # ---------------------------------------------------------------------------------------------------- filters
    def _filter_key(self, body: Json) -> tuple[str, str, str, str]:
        missing = [m for m in ("TableCatalogId", "DatabaseName", "TableName", "Name") if not body.get(m)]
        if missing:
            raise invalid(f"{', '.join(missing)} is required.")
        catalog = self._catalog({"CatalogId": body["TableCatalogId"]})
        return catalog, body["DatabaseName"].lower(), body["TableName"].lower(), body["Name"]

    def _filter(self, key: tuple[str, str, str, str]) -> Json:
        try:
            return self._filters[key]
        except KeyError:
            raise not_found(f"Data cells filter {key[3]} not found.") from None

    def _filter_body(self, body: Json, key: tuple[str, str, str, str]) -> Json:
        table = self.glue.table(*key[:3])
        only, wildcard = body.get("ColumnNames"), body.get("ColumnWildcard")
        if (not only) == (wildcard is None):
            raise invalid("A data cells filter takes ColumnNames or a ColumnWildcard.")
        known = {column.lower() for column in table.columns}
        named = only or (wildcard or {}).get("ExcludedColumnNames") or []
        unknown = sorted(name for name in named if not name.startswith('"') and name.lower() not in known)
        if unknown:
            raise invalid(f"Column(s) not found in table: {', '.join(unknown)}")
        rows: Json = body.get("RowFilter") or {}
        text, everything = rows.get("FilterExpression"), rows.get("AllRowsWildcard")
        if not text and everything is None:
            raise invalid("A data cells filter needs a row filter: FilterExpression or AllRowsWildcard.")
        if text and everything is not None and text.upper() != "TRUE":
            raise invalid("A row filter takes FilterExpression or AllRowsWildcard, not both.")
        self._version += 1
        found: Json = {
            "TableCatalogId": key[0],
            "DatabaseName": key[1],
            "TableName": key[2],
            "Name": key[3],
            # All rows come back with both members, as the AWS CLI's own example shows.
            "RowFilter": {"FilterExpression": text}
            if everything is None
            else {"FilterExpression": "TRUE", "AllRowsWildcard": {}},
            "VersionId": str(self._version),
        }
        if only:
            found["ColumnNames"] = list(only)
        else:
            excluded = (wildcard or {}).get("ExcludedColumnNames")
            found["ColumnWildcard"] = {"ExcludedColumnNames": list(excluded)} if excluded else {}
        return found

    def _owns(self, caller: Caller, catalog: str, database: str, table: str) -> bool:
        if self.sees_everything(caller):
            return True
        held = self._holds(caller, catalog, database, table)
        return bool(held.get("SELECT") or held.get("ALL"))

    def create_data_cells_filter(self, request: Json, caller: Caller) -> Answer:
        """For administrators and whoever may pass SELECT on."""
        body: Json = request["TableData"]
        key = self._filter_key(body)
        self.glue.table(*key[:3])
        if not self._owns(caller, *key[:3]) or self.is_read_only_admin(caller):
            raise denied("Insufficient Lake Formation permission(s): Required SELECT with grant option.")
        if key in self._filters:
            raise AwsError("AlreadyExistsException", f"Data cells filter {key[3]} already exists.")
        self._filters[key] = self._filter_body(body, key)
        return {}

    def update_data_cells_filter(self, request: Json, caller: Caller) -> Answer:
        """Replaces the body; grants on the filter stay as they are."""
        body: Json = request["TableData"]
        key = self._filter_key(body)
        self._filter(key)
        if not self._owns(caller, *key[:3]) or self.is_read_only_admin(caller):
            raise denied("Insufficient Lake Formation permission(s): Required SELECT with grant option.")
        if body.get("VersionId") not in {None, self._filters[key]["VersionId"]}:
            raise AwsError("ConcurrentModificationException", "The filter has changed since it was read.")
        self._filters[key] = self._filter_body(body, key)
        return {}

    def delete_data_cells_filter(self, request: Json, caller: Caller) -> Answer:
        """Takes the grants on it along."""
        self._changes(caller)
        key = self._filter_key({"TableCatalogId": self.account, **request})
        self._filter(key)
        del self._filters[key]
        target = Target("filter", key[0], key[1:])
        self.grants.drop([one.key for one in self.grants.at(*key[:3]) if one.key.target == target])
        return {}

    def get_data_cells_filter(self, request: Json, caller: Caller) -> Answer:
        """One filter with its body."""
        key = self._filter_key(request)
        found = self._filter(key)
        own = Key(caller.arn, Target("filter", key[0], key[1:]), None)
        if not self._owns(caller, *key[:3]) and own not in self.grants.held:
            raise denied("Insufficient Lake Formation permission(s): Required DESCRIBE on the filter.")
        return {"DataCellsFilter": found}

    def list_data_cells_filter(self, request: Json, caller: Caller) -> Answer:
        """Of one table, or all that the caller may see."""
        keys = set(self._filters)
        if request.get("Table"):
            target, _ = parse({"Table": request["Table"]}, self.account)
            self._exists(target, ())
            keys = {k for k in keys if k[:2] == (target.catalog, target.parts[0]) and target.parts[1] in {None, k[2]}}
        found = {key: self._filters[key] for key in keys if self._owns(caller, *key[:3])}
        return self._list("ListDataCellsFilter", "DataCellsFilters", request, by_key(found), 1000)

    # ---------------------------------------------------------------------------------------------------- locations
    def _resource(self, request: Json) -> tuple[str, Json]:
        arn = location(request["ResourceArn"])
        if arn not in self._resources:
            raise not_found("Entity not found")
        return arn, self._resources[arn]

    def register_resource(self, request: Json, caller: Caller) -> Answer:
        """Puts a location under Lake Formation, hybrid or not."""
        self._changes(caller)
        arn = location(request["ResourceArn"])
        if not arn.startswith("arn:") or ":s3:::" not in arn:
            raise invalid(f"{arn} is not an S3 location.")
        if arn in self._resources:
            raise AwsError("AlreadyExistsException", "Resource is already registered.")
        role = request.get("RoleArn")
        linked = bool(request.get("UseServiceLinkedRole"))
        if linked == bool(role):
            raise invalid("Either RoleArn or UseServiceLinkedRole is required.")
        service = f"arn:aws:iam::{self.account}:role/aws-service-role/lakeformation.amazonaws.com"
        info: Json = {
            "ResourceArn": arn,
            "RoleArn": role or f"{service}/AWSServiceRoleForLakeFormationDataAccess",
            "LastModified": self.clock(),
            "WithFederation": bool(request.get("WithFederation")),
            "HybridAccessEnabled": bool(request.get("HybridAccessEnabled")),
            "WithPrivilegedAccess": bool(request.get("WithPrivilegedAccess")),
            "VerificationStatus": "VERIFIED",
        }
        if owner := request.get("ExpectedResourceOwnerAccount"):
            info["ExpectedResourceOwnerAccount"] = owner
        self._resources[arn] = info
        return {}

    def update_resource(self, request: Json, caller: Caller) -> Answer:
        """Changes the role, and the flags that are given."""
        self._changes(caller)
        _, info = self._resource(request)
        for member in ("RoleArn", "WithFederation", "HybridAccessEnabled", "ExpectedResourceOwnerAccount"):
            if request.get(member) is not None:
                info[member] = request[member]
        info["LastModified"] = self.clock()
        return {}

    def deregister_resource(self, request: Json, caller: Caller) -> Answer:
        """From now on IAM alone decides about the location."""
        self._changes(caller)
        arn, _ = self._resource(request)
        del self._resources[arn]
        return {}

    def describe_resource(self, request: Json, _: Caller) -> Answer:
        """One registered location."""
        return {"ResourceInfo": self._resource(request)[1]}

    def list_resources(self, request: Json, _: Caller) -> Answer:
        """The registered locations that pass every condition."""
        conditions = request.get("FilterConditionList") or []
        found = {arn: info for arn, info in self._resources.items() if all(_passes(info, c) for c in conditions)}
        return self._list("ListResources", "ResourceInfoList", request, by_key(found), 1000)

    # ------------------------------------------------------------------------------------------------------ opt-ins
    def _optin_key(self, request: Json) -> tuple[Key, tuple[str, ...]]:
        target, columns = parse(request["Resource"], self.account)
        condition = (request.get("Condition") or {}).get("Expression")
        return Key(_identifier(request["Principal"]), target, condition), tuple(sorted(columns))

    def create_opt_in(self, request: Json, caller: Caller) -> Answer:
        """Lake Formation decides for this principal on this resource, even where IAM would."""
        self._changes(caller)
        key = self._optin_key(request)
        self._exists(key[0].target, key[1])
        if key in self._optins:
            raise invalid("The opt-in already exists.")
        resource = spell(key[0].target)
        if key[1]:
            resource["TableWithColumns"]["ColumnNames"] = list(key[1])
        info: Json = {
            "Resource": resource,
            "Principal": {"DataLakePrincipalIdentifier": key[0].principal},
            "LastModified": self.clock(),
            "LastUpdatedBy": caller.arn,
        }
        if key[0].condition is not None:
            info["Condition"] = {"Expression": key[0].condition}
        self._optins[key] = info
        return {}

    def delete_opt_in(self, request: Json, caller: Caller) -> Answer:
        """IAM decides again."""
        self._changes(caller)
        key = self._optin_key(request)
        if key not in self._optins:
            raise not_found("The opt-in does not exist.")
        del self._optins[key]
        return {}

    def list_opt_ins(self, request: Json, caller: Caller) -> Answer:
        """For administrators of both kinds only."""
        self._reads(caller)
        principal = _identifier(request["Principal"]) if request.get("Principal") else None
        target = parse(request["Resource"], self.account)[0] if request.get("Resource") else None
        found = {
            dumps([*key[0].principal, str(key[0].target), key[0].condition or "", *key[1]]): info
            for key, info in self._optins.items()
            if principal in {None, key[0].principal} and target in {None, key[0].target}
        }
        return self._list("ListLakeFormationOptIns", "LakeFormationOptInsInfoList", request, by_key(found), 1000)

    # -------------------------------------------------------------------------------------------- row-level policies
    def _policy(self, name: str) -> Json:
        try:
            return self._policies[name.lower()]
        except KeyError:
            raise not_found(f"RLS policy {name} not found.") from None

    def create_rls_policy(self, request: Json, caller: Caller) -> Answer:
        """A named row filter, not yet attached to anything."""
        self._changes(caller)
        name = request["Name"].lower()
        if name in self._policies:
            raise AwsError("AlreadyExistsException", f"RLS policy {name} already exists.")
        self._policies[name] = {
            "CatalogId": self.account,
            "Name": request["Name"],
            "AttachmentColumns": request["AttachmentColumns"],
            "FilterExpression": request["FilterExpression"],
        }
        return {}

    def update_rls_policy(self, request: Json, caller: Caller) -> Answer:
        """Takes effect on every attachment."""
        self._changes(caller)
        found = self._policy(request["Name"])
        if request.get("FilterExpression") is not None:
            found["FilterExpression"] = request["FilterExpression"]
        return {}

    def delete_rls_policy(self, request: Json, caller: Caller) -> Answer:
        """Takes its attachments along."""
        self._changes(caller)
        self._policy(request["Name"])
        name = request["Name"].lower()
        del self._policies[name]
        for key in [key for key in self._attachments if key[0] == name]:
            del self._attachments[key]
        for table in [table for table, policy in self._defaults.items() if policy.lower() == name]:
            del self._defaults[table]
        return {}

    def get_rls_policy(self, request: Json, caller: Caller) -> Answer:
        """One policy with its filter."""
        found = self._policy(request["Name"])
        self._reads(caller)
        return {"RLSPolicy": found}

    def list_rls_policies(self, request: Json, caller: Caller) -> Answer:
        """All policies, to administrators; others see none."""
        found = self._policies if self.sees_everything(caller) else {}
        return self._list("ListRLSPolicies", "RLSPolicies", request, by_key(found), 1000)

    def _attachment_key(self, request: Json) -> tuple[Target, tuple[str, str, str, str]]:
        target, _ = parse(request["Resource"], self.account)
        principal = (request.get("Principal") or {}).get("DataLakePrincipalIdentifier") or ""
        condition = (request.get("Condition") or {}).get("Expression") or ""
        return target, (request["Name"].lower(), dumps(spell(target)), principal, condition)

    def attach_rls_policy(self, request: Json, caller: Caller) -> Answer:
        """Opens the policy's rows to the principal, or with SetDefault to every reader of the table."""
        self._changes(caller)
        policy = self._policy(request["Name"])
        target, key = self._attachment_key(request)
        if target.kind not in {"table", "policy TABLE"}:
            raise invalid("An RLS policy is attached to a table or to a TABLE tag policy.")
        self._exists(target, ())
        if not key[2] and not request.get("SetDefault"):
            raise invalid("Principal or SetDefault is required.")
        if key in self._attachments:
            raise AwsError("AlreadyExistsException", "The RLS policy is attached already.")
        info: Json = {
            "CatalogId": self.account,
            "PolicyName": policy["Name"],
            "Resource": spell(target),
            "DefaultRLSPolicy": bool(request.get("SetDefault")),
        }
        if key[2]:
            info["Principal"] = {"DataLakePrincipalIdentifier": key[2]}
        if key[3]:
            info["Condition"] = {"Expression": key[3]}
        self._attachments[key] = info
        if info["DefaultRLSPolicy"] and target.kind == "table" and target.parts[1] is not None:
            self._defaults[target.catalog, target.parts[0], target.parts[1]] = policy["Name"]
        return {}

    def detach_rls_policy(self, request: Json, caller: Caller) -> Answer:
        """Undoes one attachment."""
        self._changes(caller)
        target, key = self._attachment_key(request)
        if key not in self._attachments:
            raise not_found("The RLS policy is not attached.")
        gone = self._attachments.pop(key)
        if (gone["DefaultRLSPolicy"] or request.get("RemoveDefault")) and target.kind == "table":
            self._defaults.pop((target.catalog, target.parts[0], target.parts[1]), None)
        return {}

    def list_rls_policy_attachments(self, request: Json, caller: Caller) -> Answer:
        """All attachments, or those of a resource, a principal or a policy."""
        resource = dumps(spell(parse(request["Resource"], self.account)[0])) if request.get("Resource") else None
        principal = _identifier(request["Principal"]) if request.get("Principal") else None
        name = request["PolicyName"].lower() if request.get("PolicyName") else None
        seen = self.sees_everything(caller)
        found = {
            key: info
            for key, info in self._attachments.items()
            if seen and name in {None, key[0]} and resource in {None, key[1]} and principal in {None, key[2]}
        }
        return self._list("ListRLSPolicyAttachments", "RLSPolicyAttachments", request, by_key(found), 1000)

    # ---------------------------------------------------------------------------------------------- identity center
    def create_identity_center(self, request: Json, caller: Caller) -> Answer:
        """Ties an Identity Center instance to the lake."""
        self._changes(caller)
        if self._identity_center is not None:
            raise AwsError("AlreadyExistsException", "The configuration already exists.")
        arn = f"arn:aws:sso::{self.account}:application/lab/apl-lab"
        body = {k: request[k] for k in ("InstanceArn", *_IDENTITY_CENTER) if request.get(k) is not None}
        self._identity_center = {"CatalogId": self._catalog(request), "ApplicationArn": arn, **body}
        return {"ApplicationArn": arn}

    def _centre(self) -> Json:
        if self._identity_center is None:
            raise not_found("Lake Formation Identity Center configuration not found.")
        return self._identity_center

    def update_identity_center(self, request: Json, caller: Caller) -> Answer:
        """Changes the members that are given."""
        self._changes(caller)
        self._centre().update({k: request[k] for k in _IDENTITY_CENTER if request.get(k) is not None})
        return {}

    def delete_identity_center(self, _: Json, caller: Caller) -> Answer:
        """Removes the tie."""
        self._changes(caller)
        self._centre()
        self._identity_center = None
        return {}

    def describe_identity_center(self, _: Json, __: Caller) -> Answer:
        """The configuration, or EntityNotFoundException."""
        return self._centre()


_IDENTITY_CENTER = ("ExternalFiltering", "ShareRecipients", "ServiceIntegrations")


def _fresh_settings() -> Json:
    """What an account has that nobody has touched: IAM decides about everything new."""
    return {
        "DataLakeAdmins": [],
        "ReadOnlyAdmins": [],
        "CreateDatabaseDefaultPermissions": [EVERYONE_ALL],
        "CreateTableDefaultPermissions": [EVERYONE_ALL],
        "Parameters": {"CROSS_ACCOUNT_VERSION": "1", "SET_CONTEXT": "TRUE"},
        "TrustedResourceOwners": [],
        "AllowExternalDataFiltering": False,
        "AllowFullTableExternalDataAccess": False,
        "ExternalDataFilteringAllowList": [],
        "AuthorizedSessionTagValueList": [],
    }


def _identifier(principal: Json) -> str:
    text = principal.get("DataLakePrincipalIdentifier")
    if not text:
        raise invalid("DataLakePrincipalIdentifier is required.")
    found = str(text)
    return IAM_ALLOWED if found.replace("_", "").upper() == "IAMALLOWEDPRINCIPALS" else found


def _principals(entries: Iterable[Json] | None) -> set[str]:
    return {entry["DataLakePrincipalIdentifier"] for entry in entries or ()}


def _permissions(target: Target, given: Iterable[str]) -> list[str]:
    """Checks what the kind of resource takes; ALL on a location is the one permission there is."""
    permissions = list(dict.fromkeys(given))
    wrong = sorted(set(permissions) - VALID[target.kind])
    if wrong:
        raise invalid(f"Permissions modification is invalid: {', '.join(wrong)} on {target.kind}.")
    return ["DATA_LOCATION_ACCESS" if target.kind == "location" else p for p in permissions]


def _merge(found: dict[str, bool], more: Mapping[str, bool]) -> None:
    for permission, grantable in more.items():
        found[permission] = found.get(permission, False) or grantable


def _listed_as(kind: str, asked: str) -> bool:
    return LISTED_AS.get(kind) == ("LF_TAG_POLICY_DATABASE" if asked == "LF_TAG_POLICY" else asked)


def _row(principal: str, resource: Json, permissions: Mapping[str, bool]) -> Json:
    return {
        "Principal": {"DataLakePrincipalIdentifier": principal},
        "Resource": resource,
        "Permissions": sorted(permissions),
        "PermissionsWithGrantOption": sorted(p for p, g in permissions.items() if g),
    }


def _listing(member: str, rows: Iterable[str], token: str | None) -> Raw:
    ending = "" if token is None else f',"NextToken":{dumps(token)}'
    return Raw(f'{{"{member}":[{",".join(rows)}]{ending}}}')


def _failed(pair: Json, code: str, message: str) -> Json:
    return {"LFTag": pair, "Error": {"ErrorCode": code, "ErrorMessage": message}}


def _lower(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(str(value).lower() for value in values))


def _passes(info: Json, condition: Json) -> bool:
    """One FilterCondition of ListResources; times compare as numbers."""
    field = {"RESOURCE_ARN": "ResourceArn", "ROLE_ARN": "RoleArn", "LAST_MODIFIED": "LastModified"}
    value, wanted = info[field[condition["Field"]]], condition.get("StringValueList") or []
    try:
        given: list[Any] = [float(text) for text in wanted] if isinstance(value, float) else list(wanted)
    except ValueError:
        raise invalid("LAST_MODIFIED compares with seconds since 1970.") from None
    if not given:
        raise invalid("StringValueList must not be empty.")
    first = given[0]
    operator = condition["ComparisonOperator"]
    tests: dict[str, Callable[[], bool]] = {
        "EQ": lambda: value == first,
        "NE": lambda: value != first,
        "LE": lambda: value <= first,
        "LT": lambda: value < first,
        "GE": lambda: value >= first,
        "GT": lambda: value > first,
        "CONTAINS": lambda: str(first) in str(value),
        "NOT_CONTAINS": lambda: str(first) not in str(value),
        "BEGINS_WITH": lambda: str(value).startswith(str(first)),
        "IN": lambda: value in given,
        "BETWEEN": lambda: len(given) == 2 and given[0] <= value <= given[1],
    }
    if operator not in tests:
        raise invalid(f"Unknown ComparisonOperator {operator}.")
    return tests[operator]()
