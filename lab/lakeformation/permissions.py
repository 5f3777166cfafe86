"""Settings, grants and their listings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from lab.lakeformation.glue import Caller
from lab.lakeformation.grants import Held, Key
from lab.lakeformation.resources import (
    DATABASE_MEMBERS,
    IAM_ALLOWED,
    LISTED_AS,
    TABLE_MEMBERS,
    VALID,
    Target,
    location,
    parse,
    within,
)
from lab.lakeformation.state import EVERYONE_ALL, State, fresh_settings, identifier, listing, principals
from lab.lakeformation.wire import (
    Answer,
    AwsError,
    Json,
    Rows,
    by_key,
    denied,
    dumps,
    invalid,
)

_ABROAD: Final = 1 << 48
"""Place in a listing behind every row of the lake's own."""
RESOURCE_TYPES: Final = frozenset({*LISTED_AS.values(), "LF_TAG_POLICY"})

_PARTIAL_FORBIDS = frozenset(TABLE_MEMBERS)
"""Not grantable to somebody who has SELECT on some columns only (dg/lf-permissions-reference)."""


class Permissions(State):
    """The operations on settings and grants."""

    # ----------------------------------------------------------------------------------------------------- settings
    def get_data_lake_principal(self, _: Json, caller: Caller) -> Answer:
        """The caller as Lake Formation knows them."""
        return {"Identity": caller.arn}

    def get_data_lake_settings(self, request: Json, _: Caller) -> Answer:
        """The settings; IAM alone decides who may read them."""
        self.catalog(request)
        return {"DataLakeSettings": self.settings}

    def put_data_lake_settings(self, request: Json, caller: Caller) -> Answer:
        """Replaces them all: what the request leaves out is emptied."""
        self.catalog(request)
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
        both = principals(given.get("DataLakeAdmins")) & principals(given.get("ReadOnlyAdmins"))
        if both:
            raise invalid("A principal cannot be a data lake administrator and a read-only administrator.")
        fresh = {**fresh_settings(), "CreateDatabaseDefaultPermissions": [], "CreateTableDefaultPermissions": []}
        settings = {member: given.get(member) or empty for member, empty in fresh.items()}
        settings["Parameters"] = {**fresh["Parameters"], **(given.get("Parameters") or {}), "SET_CONTEXT": "TRUE"}
        self.settings = settings
        return {}

    # ------------------------------------------------------------------------------------------------------- grants
    def grant_permissions(self, request: Json, caller: Caller) -> Answer:
        """Adds to what the principal holds."""
        self.catalog(request)
        self._grant(request, caller)
        return {}

    def revoke_permissions(self, request: Json, caller: Caller) -> Answer:
        """Takes from what the principal holds; nothing to take is an error."""
        self.catalog(request)
        self._revoke(request, caller)
        return {}

    def batch_grant_permissions(self, request: Json, caller: Caller) -> Answer:
        """Up to 20 grants; each that fails is answered, none stops the others."""
        return self._batch(request, caller, self._grant)

    def batch_revoke_permissions(self, request: Json, caller: Caller) -> Answer:
        """Up to 20 revokes, likewise."""
        return self._batch(request, caller, self._revoke)

    def _batch(self, request: Json, caller: Caller, each: Callable[[Json, Caller], None]) -> Answer:
        self.catalog(request)
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
        principal = identifier(request["Principal"])
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
        self.exists(key.target, columns)
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
            held = self.holds(caller, *target.holder)
        else:
            own = self.grants.held.get(Key(caller.arn, target, None))
            held = own.full() if own is not None else {}
        lacking = sorted(p for p in permissions if not (held.get(p) or held.get("ALL")))
        if lacking:
            raise denied(f"Insufficient Lake Formation permission(s): Required {', '.join(lacking)} with grant option.")

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
        self.catalog(request)
        kind, related = request.get("ResourceType"), str(request.get("IncludeRelated") or "FALSE").upper()
        if kind is not None and kind not in RESOURCE_TYPES:
            raise invalid(f"Unknown ResourceType {kind}.")
        principal = identifier(request["Principal"]) if request.get("Principal") else None
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
            return listing("PrincipalResourcePermissions", map(dumps, found), token)
        view = self.view(caller)
        catalog = self.catalog(request)
        source = self._source(principal, target, kind, related=related == "TRUE")

        whole = target is None and catalog == self.account and self.sees_everything(caller)

        def texts(cursor: Any) -> Iterator[tuple[int, str]]:
            for place, (held, name) in source(cursor):
                if self._listed(held, catalog, kind, target, related=related == "TRUE"):
                    row = self._spelt(held, name, view(held))
                    if row is not None:
                        yield place, dumps(row)
            if whole and principal in {None, self.account}:
                yield from self._from_abroad(kind, cursor)

        texts_found, token = self.pages.cut("ListPermissions", request, texts, size=size)
        return listing("PrincipalResourcePermissions", texts_found, token)

    def _spelt(self, held: Held, name: str, seen: frozenset[str] | None) -> Json | None:
        row = self.grants.spell(held, name, seen)
        if row is not None and (share := self.share(held.key.principal, held.key.target)) is not None:
            row["AdditionalDetails"] = {"ResourceShare": [share]}
        return row

    def _from_abroad(self, kind: str | None, cursor: Any) -> Iterator[tuple[int, str]]:
        """The rows that other accounts granted to this one, behind all rows of its own."""
        place = _ABROAD
        for peer, held in self.received():
            if held.key.target.kind == "filter" or not (kind is None or _listed_as(held.key.target.kind, kind)):
                continue
            for name in held.places:
                place += 1
                row = peer.grants.spell(held, name, None)
                if row is not None and (cursor is None or cursor < place):
                    row["AdditionalDetails"] = {"ResourceShare": [peer.share(self.account, held.key.target)]}
                    yield place, dumps(row)

    def _asked(self, resource: Json) -> Target:
        if "TableWithColumns" in resource:
            raise invalid("Resource must not be TableWithColumns; ask for the Table.")
        target, _ = parse(resource, self.account)
        if target.kind in {"table", "database"}:
            try:
                self.exists(target, ())
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
        # Of another account's resources, those that were passed on here are listed with the account's own.
        elsewhere = catalog != self.account or found.catalog.partition(":")[0] == self.account
        if found.catalog != catalog and found.kind != "catalog" and target is None and elsewhere:
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
                held.permissions = self.holds(caller, *target.holder, whole=True)
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

    def disturb(self, change: str, number: int) -> None:
        """Change the lake while somebody reads it, as a fault plan asks: see ``lab.faults.CHANGES``."""
        passer_by = f"arn:aws:iam::{self.account}:role/passer-by-{number}"
        databases = self.glue.databases(self.account)
        match change:
            case "revoke":
                if (last := self.grants.last()) is not None:
                    self.grants.drop([last])
            case "settings":
                admins = [*self.settings["ReadOnlyAdmins"], {"DataLakePrincipalIdentifier": passer_by}]
                self.settings = {**self.settings, "ReadOnlyAdmins": admins}
            case "tag":
                if databases and self.tags.keys:
                    holder = self.account, databases[0]
                    key, values = min(self.tags.keys.items())
                    now = self.tags.direct(holder).get(key)
                    after = values.index(now) + 1 if now in values else 0
                    self.tags.assign(holder, None, key, values[after % len(values)])
            case _:
                kind, parts = ("database", (databases[0],)) if databases else ("catalog", ())
                new = Key(passer_by, Target(kind, self.account, parts), None)
                self.grants.grant(new, ["DESCRIBE"], (), (), self.clock(), self.operator)

    def get_effective_permissions_for_path(self, request: Json, caller: Caller) -> Answer:
        """Grants on the location and on the databases and tables that lie in it."""
        catalog, arn = self.catalog(request), location(request["ResourceArn"])
        inside: list[Held] = [
            held
            for key, held in self.grants.held.items()
            if key.target.kind == "location" and within(arn, key.target.parts[0])
        ]
        hidden = self.glue.encrypted and not self.permits(caller, "kms:Decrypt")
        for database in () if hidden else self.glue.databases(catalog):
            if within(location(str(self.glue.database(catalog, database).input.get("LocationUri") or "-")), arn):
                inside += [one for one in self.grants.at(catalog, database, None) if one.key.target.kind == "database"]
            for table in self.glue.tables(catalog, database):
                if within(location(self.glue.table(catalog, database, table).location or "-"), arn):
                    inside += [
                        one for one in self.grants.at(catalog, database, table) if one.key.target.kind != "filter"
                    ]
        view, source = self.view(caller), self.grants.rows_of(inside)

        def texts(cursor: Any) -> Iterator[tuple[int, str]]:
            for place, (held, name) in source(cursor):
                row = self._spelt(held, name, view(held))
                if row is not None:
                    yield place, dumps(row)

        size = self.pages.size(request, 100, 1000)
        found, token = self.pages.cut("GetEffectivePermissionsForPath", request, texts, size=size)
        return listing("Permissions", found, token)


def _permissions(target: Target, given: Iterable[str]) -> list[str]:
    """Checks what the kind of resource takes; ALL on a location is the one permission there is."""
    permissions = list(dict.fromkeys(given))
    wrong = sorted(set(permissions) - VALID[target.kind])
    if wrong:
        raise invalid(f"Permissions modification is invalid: {', '.join(wrong)} on {target.kind}.")
    return ["DATA_LOCATION_ACCESS" if target.kind == "location" else p for p in permissions]


def _listed_as(kind: str, asked: str) -> bool:
    return LISTED_AS.get(kind) == ("LF_TAG_POLICY_DATABASE" if asked == "LF_TAG_POLICY" else asked)


def _row(principal: str, resource: Json, permissions: Mapping[str, bool]) -> Json:
    return {
        "Principal": {"DataLakePrincipalIdentifier": principal},
        "Resource": resource,
        "Permissions": sorted(permissions),
        "PermissionsWithGrantOption": sorted(p for p, g in permissions.items() if g),
    }
