"""The state of one lake, and what every operation asks of it: who may do this, who sees that, does it exist."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from lab.lakeformation.glue import Caller, Glue
from lab.lakeformation.grants import Grants, Held, Key, View
from lab.lakeformation.resources import (
    DATABASE_MEMBERS,
    IAM_ALLOWED,
    TABLE_MEMBERS,
    Expression,
    Target,
    expression_of,
    location,
    parse,
    spell,
    within,
)
from lab.lakeformation.tags import LFTags, matches
from lab.lakeformation.wire import (
    Answer,
    Json,
    Pages,
    Raw,
    Rows,
    denied,
    dumps,
    invalid,
    not_found,
)

_SHARED: Final = {
    "database": 1,
    "table": 1,
    "columns": 1,
    "filter": 1,
    "policy DATABASE": 3,
    "policy TABLE": 3,
    "tag": 3,
}
"""What goes to other accounts through RAM, and since which version of the cross-account settings."""

EVERYONE_ALL: Final[Json] = {"Principal": {"DataLakePrincipalIdentifier": IAM_ALLOWED}, "Permissions": ["ALL"]}


class State:
    """What one lake holds, and the questions that every operation asks of it."""

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
        self.pages = pages
        self.clock = clock
        self.operator = operator
        self.filters_in_sweep = filters_in_sweep
        self.grants = Grants(expand_all=expand_all)
        self.tags = LFTags()
        self.settings: Json = fresh_settings()
        self.resources: dict[str, Json] = {}
        self.filters: dict[tuple[str, str, str, str], Json] = {}
        self.expressions: dict[tuple[str, str], Json] = {}
        self.optins: dict[tuple[Key, tuple[str, ...]], Json] = {}
        self.policies: dict[str, Json] = {}
        self.attachments: dict[tuple[str, str, str, str], Json] = {}
        self.defaults: dict[tuple[str, str, str], str] = {}
        self.identity_center: Json | None = None
        self.version = 0
        # The lakes of other accounts in this region, and what IAM lets a caller do: the lab knows, and tells.
        self.peers: Callable[[], Iterable[State]] = tuple
        self.permits: Callable[[Caller, str], bool] = lambda _, __: True

    # --------------------------------------------------------------------------------------------- who may do and see
    def is_admin(self, caller: Caller) -> bool:
        """Whether the caller is a data lake administrator."""
        return caller.arn in principals(self.settings["DataLakeAdmins"])

    def is_read_only_admin(self, caller: Caller) -> bool:
        """Whether the caller is a read-only administrator."""
        return caller.arn in principals(self.settings["ReadOnlyAdmins"])

    def sees_everything(self, caller: Caller) -> bool:
        """Administrators of both kinds; and the operator, who made everything there is."""
        return caller.arn == self.operator or self.is_admin(caller) or self.is_read_only_admin(caller)

    def changes(self, caller: Caller) -> None:
        """Refuses everybody but administrators and the operator."""
        if caller.arn != self.operator and not self.is_admin(caller):
            raise denied("Insufficient Lake Formation permission(s): Required admin permission.")

    def reads(self, caller: Caller) -> None:
        """Refuses whoever does not see everything."""
        if not self.sees_everything(caller):
            raise denied("Insufficient Lake Formation permission(s): Required admin or read only admin permission.")

    def holds(
        self, caller: Caller, catalog: str, database: str, table: str | None, *, whole: bool = False
    ) -> dict[str, bool]:
        """What the caller has on a table (None: the database), by name, wildcard, tags, or as one of the account.

        ``whole`` leaves out what covers some columns only.
        """
        found: dict[str, bool] = {}
        everyone = self._faces(caller)
        places: list[tuple[str, str, str | None]]
        holder: tuple[str, ...]
        if table is None:
            places, kinds, holder = [(catalog, database, None)], {"database"}, (catalog, database)
        else:
            places = [(catalog, database, table), (catalog, database, None)]
            kinds = {"table"} if whole else {"table", "columns"}
            holder = (catalog, database, table)
        for place in places:
            for held in self.grants.at(*place):
                if held.key.target.kind in kinds and held.key.principal in everyone and held.key.condition is None:
                    merge(found, held.full())
                    if held.columns:
                        merge(found, {"SELECT": all(held.columns.values())})
        wanted = "policy DATABASE" if table is None else "policy TABLE"
        for principal in everyone:
            for held in self.grants.policies_of(principal):
                if held.key.target.kind == wanted and matches(self.body(held.key.target), self.tags.effective(holder)):
                    merge(found, held.full())
        return found

    def sees_table(self, caller: Caller, catalog: str, database: str, table: str) -> bool:
        """Whether Glue shows the table: to whoever has any permission on it."""
        return self.sees_everything(caller) or bool(self.holds(caller, catalog, database, table))

    def sees_database(self, caller: Caller, catalog: str, database: str) -> bool:
        """Whether Glue shows the database: to whoever has any permission on it or on something inside."""
        if self.sees_everything(caller) or self.holds(caller, catalog, database, None):
            return True
        return any(self.grants.touches(principal, catalog, database) for principal in self._faces(caller))

    def sees_catalog(self, caller: Caller, catalog: str) -> bool:
        """Whether Glue shows a nested catalog: to whoever has anything on it or inside."""
        if self.sees_everything(caller):
            return True
        return any(
            held.key.target.catalog == catalog for p in self._faces(caller) for held in self.grants.of_principal(p)
        )

    def sees_function(self, caller: Caller, catalog: str, database: str, name: str) -> bool:
        """Whether Glue shows a function that is governed here: to whoever has any permission on it."""
        targets = {Target("function", catalog, (database, one)) for one in (name, None)}
        held = (one for principal in self._faces(caller) for one in self.grants.of_principal(principal))
        return any(one.key.target in targets for one in held)

    def _faces(self, caller: Caller) -> tuple[str, str, str]:
        """As whom a caller is granted something: themselves, one of their account, one of everyone.

        To other accounts everyone is nobody; there the account itself is granted what its people may have.
        """
        ours = caller.account == self.account
        return caller.arn, f"{caller.account}:IAMPrincipals", IAM_ALLOWED if ours else caller.account

    def view(self, caller: Caller) -> View:
        """Which permissions of a grant the caller sees: all, or those that the caller has on the resource too."""
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
                    memory[holder] = frozenset(self.holds(caller, *holder))
                return memory[holder]
            if target not in memory:
                own = self.grants.held.get(Key(caller.arn, target, None))
                memory[target] = frozenset(own.full()) if own is not None else frozenset()
            return memory[target]

        return seen

    # --------------------------------------------------------------------------------------------- other accounts
    def abroad(self, catalog: str) -> State | None:
        """The lake of another account, by a catalog of its; None for catalogs of this one and of nobody."""
        account = catalog.partition(":")[0]
        return None if account == self.account else next((p for p in self.peers() if p.account == account), None)

    def share(self, principal: str, target: Target) -> str | None:
        """The RAM share behind a grant; None for one that stays in the account.

        Since version 2 of the cross-account settings a recipient has one share for each kind of resource; grants by
        tag are shared through RAM since version 3 (dg/optimize-ram).
        """
        if principal.startswith(f"arn:aws:iam::{self.account}:") or target.kind not in _SHARED:
            return None
        # An account, everybody of one, or somebody or something named by an ARN.
        outside = principal.split(":")[4] if principal.count(":") >= 5 else principal.partition(":")[0]
        organisation = principal.startswith("arn:aws:organizations:")
        if not organisation and (not outside.isdigit() or len(outside) != 12 or outside == self.account):
            return None
        text = str(self.settings["Parameters"]["CROSS_ACCOUNT_VERSION"])
        version = int(text) if text.isdecimal() else 1
        if version < _SHARED[target.kind]:
            return None
        behind = [principal, str(target) if version == 1 else target.kind]
        name = uuid.uuid5(uuid.NAMESPACE_URL, dumps([self.account, self.region, *behind]))
        return f"arn:aws:ram:{self.region}:{self.account}:resource-share/{name}"

    def received(self) -> Iterator[tuple[State, Held]]:
        """What other accounts granted to this account as a whole; their grants to its people show only there."""
        for peer in self.peers():
            for held in peer.grants.of_principal(self.account):
                if peer.share(self.account, held.key.target) is not None:
                    yield peer, held

    # ---------------------------------------------------------------------------------- what happens in the catalog
    def grant_defaults(self, resource: Json, defaults: Sequence[Json], caller: Caller) -> None:
        """The rows that default permissions leave on a new database or table."""
        for entry in defaults:
            if entry.get("Permissions"):
                target, columns = parse(resource, self.account)
                key = Key(identifier(entry["Principal"]), target, None)
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
        for name in [key for key in self.filters if key[:3] == holder]:
            del self.filters[name]
        self._drop_optins(holder)
        self.defaults.pop(holder, None)
        text = dumps(spell(Target("table", catalog, (database, table))))
        for attached in [key for key in self.attachments if key[1] == text]:
            del self.attachments[attached]

    def forget_database(self, catalog: str, database: str) -> None:
        """The database is gone, its tables went before."""
        self.grants.drop_at((catalog, database, None))
        self.tags.forget((catalog, database))
        self._drop_optins((catalog, database, None))

    def _drop_optins(self, holder: tuple[str, str, str | None]) -> None:
        for key in [key for key in self.optins if key[0].target.holder == holder]:
            del self.optins[key]

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
        if not text or not self.resources:
            return False
        arn = location(text)
        while ":::" in arn:
            if arn in self.resources:
                return True
            arn, slash, _ = arn.rpartition("/")
            if not slash:
                return False
        return False

    def default_policy(self, catalog: str, database: str, table: str) -> str | None:
        """The row-level policy that covers a table's readers by default."""
        return self.defaults.get((catalog, database, table)) if self.defaults else None

    # ----------------------------------------------------------------------------------------------- what there is
    def catalog(self, request: Mapping[str, Any]) -> str:
        """The catalog that a request means; only those of this account are open."""
        catalog = str(request.get("CatalogId") or self.account)
        if catalog.partition(":")[0] != self.account:
            raise denied(f"Insufficient Lake Formation permission(s) on catalog {catalog}.")
        return catalog

    def exists(self, target: Target, columns: Sequence[str]) -> None:
        """Refuses targets that are not there."""
        catalog, parts = target.catalog, target.parts
        if (owner := self.abroad(catalog)) is not None and target.holder is not None:
            owner.exists(target, columns)
            member = f"arn:aws:iam::{self.account}:root"
            if not owner.holds(Caller(member, member), *target.holder):
                raise denied("Resource does not exist or requester is not authorized to access it.")
            return
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
                if not any(within(parts[0], registered) for registered in self.resources):
                    raise invalid(f"Permissions modification is invalid. Please register the S3 path {parts[0]} first.")
            case "filter":
                if (catalog, *parts) not in self.filters:
                    raise not_found(f"Data cells filter {parts[2]} not found.")
            case "tag":
                self.known_tags(((parts[0], parts[1]),))
            case "policy DATABASE" | "policy TABLE":
                self.known_tags(self.body(target, missing_is_error=True))
            case "expression":
                self.expression(catalog, parts[0])
            case "rls":
                self.policy(parts[0])
            case "function" if parts[1] is None:
                self.glue.database(catalog, parts[0])
            case "function":
                if not self.glue.has_function(catalog, *parts):
                    raise not_found(f"Function {parts[1]} not found.")
            case _:
                pass

    def known_tags(self, expression: Iterable[tuple[str, Sequence[str]]]) -> None:
        """Refuses tag keys and values that do not exist; ``*`` stands for every value."""
        for key, values in expression:
            known = self.tags.keys.get(key)
            if known is None:
                raise not_found(f"Tag key {key} does not exist.")
            for value in values:
                if value != "*" and value not in known:
                    raise invalid(f"Tag value {value} does not exist for tag key {key}.")

    def page_of(self, operation: str, member: str, request: Json, rows: Rows[Json], most: int) -> Answer:
        """One page of a listing, under AWS's name for its rows."""
        size = self.pages.size(request, min(100, most), most)
        found, token = self.pages.cut(operation, request, rows, size=size)
        return listing(member, map(dumps, found), token)

    def expression(self, catalog: str, name: str) -> Json:
        """A saved expression, or EntityNotFoundException."""
        try:
            return self.expressions[catalog, name]
        except KeyError:
            raise not_found(f"LF-tag expression {name} not found.") from None

    def body(self, target: Target, *, missing_is_error: bool = False) -> Expression:
        """The expression of a tag policy, looked up anew where it is a saved one."""
        inline, saved = target.parts
        if saved is None:
            found: Expression = inline
            return found
        if not missing_is_error and (target.catalog, saved) not in self.expressions:
            return (("", ()),)
        return expression_of(self.expression(target.catalog, saved)["Expression"])

    def policy(self, name: str) -> Json:
        """A row-level policy, or EntityNotFoundException."""
        try:
            return self.policies[name.lower()]
        except KeyError:
            raise not_found(f"RLS policy {name} not found.") from None


def fresh_settings() -> Json:
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


def identifier(principal: Json) -> str:
    """The principal's identifier; everyone is spelt one way, however it was written."""
    text = principal.get("DataLakePrincipalIdentifier")
    if not text:
        raise invalid("DataLakePrincipalIdentifier is required.")
    found = str(text)
    return IAM_ALLOWED if found.replace("_", "").upper() == "IAMALLOWEDPRINCIPALS" else found


def principals(entries: Iterable[Json] | None) -> set[str]:
    """Identifiers of a settings member."""
    return {entry["DataLakePrincipalIdentifier"] for entry in entries or ()}


def merge(found: dict[str, bool], more: Mapping[str, bool]) -> None:
    """Add permissions (→ grantable) to others; once grantable, always grantable."""
    for permission, grantable in more.items():
        found[permission] = found.get(permission, False) or grantable


def listing(member: str, rows: Iterable[str], token: str | None) -> Raw:
    """A page of rows that are JSON text already."""
    ending = "" if token is None else f',"NextToken":{dumps(token)}'
    return Raw(f'{{"{member}":[{",".join(rows)}]{ending}}}')
