"""Data cells filters, registered locations, opt-ins, row-level policies, Identity Center."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from lab.lakeformation.glue import Caller
from lab.lakeformation.grants import Key
from lab.lakeformation.resources import (
    Target,
    location,
    parse,
    spell,
)
from lab.lakeformation.state import State, identifier
from lab.lakeformation.wire import (
    Answer,
    AwsError,
    Json,
    by_key,
    denied,
    dumps,
    invalid,
    not_found,
)

_IDENTITY_CENTER = ("ExternalFiltering", "ShareRecipients", "ServiceIntegrations")


class Objects(State):
    """The operations on everything that is neither a grant nor a tag."""

    # ---------------------------------------------------------------------------------------------------- filters
    def _filter_key(self, body: Json) -> tuple[str, str, str, str]:
        missing = [m for m in ("TableCatalogId", "DatabaseName", "TableName", "Name") if not body.get(m)]
        if missing:
            raise invalid(f"{', '.join(missing)} is required.")
        catalog = self.catalog({"CatalogId": body["TableCatalogId"]})
        return catalog, body["DatabaseName"].lower(), body["TableName"].lower(), body["Name"]

    def _filter(self, key: tuple[str, str, str, str]) -> Json:
        try:
            return self.filters[key]
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
        self.version += 1
        found: Json = {
            "TableCatalogId": key[0],
            "DatabaseName": key[1],
            "TableName": key[2],
            "Name": key[3],
            # All rows come back with both members, as the AWS CLI's own example shows.
            "RowFilter": {"FilterExpression": text}
            if everything is None
            else {"FilterExpression": "TRUE", "AllRowsWildcard": {}},
            "VersionId": str(self.version),
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
        held = self.holds(caller, catalog, database, table)
        return bool(held.get("SELECT") or held.get("ALL"))

    def create_data_cells_filter(self, request: Json, caller: Caller) -> Answer:
        """For administrators and whoever may pass SELECT on."""
        body: Json = request["TableData"]
        key = self._filter_key(body)
        self.glue.table(*key[:3])
        if not self._owns(caller, *key[:3]) or self.is_read_only_admin(caller):
            raise denied("Insufficient Lake Formation permission(s): Required SELECT with grant option.")
        if key in self.filters:
            raise AwsError("AlreadyExistsException", f"Data cells filter {key[3]} already exists.")
        self.filters[key] = self._filter_body(body, key)
        return {}

    def update_data_cells_filter(self, request: Json, caller: Caller) -> Answer:
        """Replaces the body; grants on the filter stay as they are."""
        body: Json = request["TableData"]
        key = self._filter_key(body)
        self._filter(key)
        if not self._owns(caller, *key[:3]) or self.is_read_only_admin(caller):
            raise denied("Insufficient Lake Formation permission(s): Required SELECT with grant option.")
        if body.get("VersionId") not in {None, self.filters[key]["VersionId"]}:
            raise AwsError("ConcurrentModificationException", "The filter has changed since it was read.")
        self.filters[key] = self._filter_body(body, key)
        return {}

    def delete_data_cells_filter(self, request: Json, caller: Caller) -> Answer:
        """Takes the grants on it along."""
        self.changes(caller)
        key = self._filter_key({"TableCatalogId": self.account, **request})
        self._filter(key)
        del self.filters[key]
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
        keys = set(self.filters)
        if request.get("Table"):
            target, _ = parse({"Table": request["Table"]}, self.account)
            self.exists(target, ())
            keys = {k for k in keys if k[:2] == (target.catalog, target.parts[0]) and target.parts[1] in {None, k[2]}}
        found = {key: self.filters[key] for key in keys if self._owns(caller, *key[:3])}
        return self.page_of("ListDataCellsFilter", "DataCellsFilters", request, by_key(found), 1000)

    # ---------------------------------------------------------------------------------------------------- locations
    def _resource(self, request: Json) -> tuple[str, Json]:
        arn = location(request["ResourceArn"])
        if arn not in self.resources:
            raise not_found("Entity not found")
        return arn, self.resources[arn]

    def register_resource(self, request: Json, caller: Caller) -> Answer:
        """Puts a location under Lake Formation, hybrid or not."""
        self.changes(caller)
        arn = location(request["ResourceArn"])
        if not arn.startswith("arn:") or ":s3:::" not in arn:
            raise invalid(f"{arn} is not an S3 location.")
        if arn in self.resources:
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
        self.resources[arn] = info
        return {}

    def update_resource(self, request: Json, caller: Caller) -> Answer:
        """Changes the role, and the flags that are given."""
        self.changes(caller)
        _, info = self._resource(request)
        for member in ("RoleArn", "WithFederation", "HybridAccessEnabled", "ExpectedResourceOwnerAccount"):
            if request.get(member) is not None:
                info[member] = request[member]
        info["LastModified"] = self.clock()
        return {}

    def deregister_resource(self, request: Json, caller: Caller) -> Answer:
        """From now on IAM alone decides about the location."""
        self.changes(caller)
        arn, _ = self._resource(request)
        del self.resources[arn]
        return {}

    def describe_resource(self, request: Json, _: Caller) -> Answer:
        """One registered location."""
        return {"ResourceInfo": self._resource(request)[1]}

    def list_resources(self, request: Json, _: Caller) -> Answer:
        """The registered locations that pass every condition."""
        conditions = request.get("FilterConditionList") or []
        found = {arn: info for arn, info in self.resources.items() if all(_passes(info, c) for c in conditions)}
        return self.page_of("ListResources", "ResourceInfoList", request, by_key(found), 1000)

    # ------------------------------------------------------------------------------------------------------ opt-ins
    def _optin_key(self, request: Json) -> tuple[Key, tuple[str, ...]]:
        target, columns = parse(request["Resource"], self.account)
        condition = (request.get("Condition") or {}).get("Expression")
        return Key(identifier(request["Principal"]), target, condition), tuple(sorted(columns))

    def create_opt_in(self, request: Json, caller: Caller) -> Answer:
        """Lake Formation decides for this principal on this resource, even where IAM would."""
        self.changes(caller)
        key = self._optin_key(request)
        self.exists(key[0].target, key[1])
        if key in self.optins:
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
        self.optins[key] = info
        return {}

    def delete_opt_in(self, request: Json, caller: Caller) -> Answer:
        """IAM decides again."""
        self.changes(caller)
        key = self._optin_key(request)
        if key not in self.optins:
            raise not_found("The opt-in does not exist.")
        del self.optins[key]
        return {}

    def list_opt_ins(self, request: Json, caller: Caller) -> Answer:
        """For administrators of both kinds only."""
        self.reads(caller)
        principal = identifier(request["Principal"]) if request.get("Principal") else None
        target = parse(request["Resource"], self.account)[0] if request.get("Resource") else None
        found = {
            dumps([*key[0].principal, str(key[0].target), key[0].condition or "", *key[1]]): info
            for key, info in self.optins.items()
            if principal in {None, key[0].principal} and target in {None, key[0].target}
        }
        return self.page_of("ListLakeFormationOptIns", "LakeFormationOptInsInfoList", request, by_key(found), 1000)

    # -------------------------------------------------------------------------------------------- row-level policies

    def create_rls_policy(self, request: Json, caller: Caller) -> Answer:
        """A named row filter, not yet attached to anything."""
        self.changes(caller)
        name = request["Name"].lower()
        if name in self.policies:
            raise AwsError("AlreadyExistsException", f"RLS policy {name} already exists.")
        self.policies[name] = {
            "CatalogId": self.account,
            "Name": request["Name"],
            "AttachmentColumns": request["AttachmentColumns"],
            "FilterExpression": request["FilterExpression"],
        }
        return {}

    def update_rls_policy(self, request: Json, caller: Caller) -> Answer:
        """Takes effect on every attachment."""
        self.changes(caller)
        found = self.policy(request["Name"])
        if request.get("FilterExpression") is not None:
            found["FilterExpression"] = request["FilterExpression"]
        return {}

    def delete_rls_policy(self, request: Json, caller: Caller) -> Answer:
        """Takes its attachments along."""
        self.changes(caller)
        self.policy(request["Name"])
        name = request["Name"].lower()
        del self.policies[name]
        for key in [key for key in self.attachments if key[0] == name]:
            del self.attachments[key]
        for table in [table for table, policy in self.defaults.items() if policy.lower() == name]:
            del self.defaults[table]
        return {}

    def get_rls_policy(self, request: Json, caller: Caller) -> Answer:
        """One policy with its filter."""
        found = self.policy(request["Name"])
        self.reads(caller)
        return {"RLSPolicy": found}

    def list_rls_policies(self, request: Json, caller: Caller) -> Answer:
        """All policies, to administrators; others see none."""
        found = self.policies if self.sees_everything(caller) else {}
        return self.page_of("ListRLSPolicies", "RLSPolicies", request, by_key(found), 1000)

    def _attachment_key(self, request: Json) -> tuple[Target, tuple[str, str, str, str]]:
        target, _ = parse(request["Resource"], self.account)
        principal = (request.get("Principal") or {}).get("DataLakePrincipalIdentifier") or ""
        condition = (request.get("Condition") or {}).get("Expression") or ""
        return target, (request["Name"].lower(), dumps(spell(target)), principal, condition)

    def attach_rls_policy(self, request: Json, caller: Caller) -> Answer:
        """Opens the policy's rows to the principal, or with SetDefault to every reader of the table."""
        self.changes(caller)
        policy = self.policy(request["Name"])
        target, key = self._attachment_key(request)
        if target.kind not in {"table", "policy TABLE"}:
            raise invalid("An RLS policy is attached to a table or to a TABLE tag policy.")
        self.exists(target, ())
        if not key[2] and not request.get("SetDefault"):
            raise invalid("Principal or SetDefault is required.")
        if key in self.attachments:
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
        self.attachments[key] = info
        if info["DefaultRLSPolicy"] and target.kind == "table" and target.parts[1] is not None:
            self.defaults[target.catalog, target.parts[0], target.parts[1]] = policy["Name"]
        return {}

    def detach_rls_policy(self, request: Json, caller: Caller) -> Answer:
        """Undoes one attachment."""
        self.changes(caller)
        target, key = self._attachment_key(request)
        if key not in self.attachments:
            raise not_found("The RLS policy is not attached.")
        gone = self.attachments.pop(key)
        if (gone["DefaultRLSPolicy"] or request.get("RemoveDefault")) and target.kind == "table":
            self.defaults.pop((target.catalog, target.parts[0], target.parts[1]), None)
        return {}

    def list_rls_policy_attachments(self, request: Json, caller: Caller) -> Answer:
        """All attachments, or those of a resource, a principal or a policy."""
        resource = dumps(spell(parse(request["Resource"], self.account)[0])) if request.get("Resource") else None
        principal = identifier(request["Principal"]) if request.get("Principal") else None
        name = request["PolicyName"].lower() if request.get("PolicyName") else None
        seen = self.sees_everything(caller)
        found = {
            key: info
            for key, info in self.attachments.items()
            if seen and name in {None, key[0]} and resource in {None, key[1]} and principal in {None, key[2]}
        }
        return self.page_of("ListRLSPolicyAttachments", "RLSPolicyAttachments", request, by_key(found), 1000)

    # ---------------------------------------------------------------------------------------------- identity center
    def create_identity_center(self, request: Json, caller: Caller) -> Answer:
        """Ties an Identity Center instance to the lake."""
        self.changes(caller)
        if self.identity_center is not None:
            raise AwsError("AlreadyExistsException", "The configuration already exists.")
        arn = f"arn:aws:sso::{self.account}:application/lab/apl-lab"
        body = {k: request[k] for k in ("InstanceArn", *_IDENTITY_CENTER) if request.get(k) is not None}
        self.identity_center = {"CatalogId": self.catalog(request), "ApplicationArn": arn, **body}
        return {"ApplicationArn": arn}

    def _centre(self) -> Json:
        if self.identity_center is None:
            raise not_found("Lake Formation Identity Center configuration not found.")
        return self.identity_center

    def update_identity_center(self, request: Json, caller: Caller) -> Answer:
        """Changes the members that are given."""
        self.changes(caller)
        self._centre().update({k: request[k] for k in _IDENTITY_CENTER if request.get(k) is not None})
        return {}

    def delete_identity_center(self, _: Json, caller: Caller) -> Answer:
        """Removes the tie."""
        self.changes(caller)
        self._centre()
        self.identity_center = None
        return {}

    def describe_identity_center(self, _: Json, __: Caller) -> Answer:
        """The configuration, or EntityNotFoundException; recipients in other accounts have it through a RAM share."""
        found = self._centre()
        if not found.get("ShareRecipients"):
            return found
        name = uuid.uuid5(uuid.NAMESPACE_URL, found["ApplicationArn"] + self.region)
        return {**found, "ResourceShare": f"arn:aws:ram:{self.region}:{self.account}:resource-share/{name}"}


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
