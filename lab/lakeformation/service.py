"""Lake Formation of one account and region: every operation that the lab knows, by AWS's name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lab.lakeformation.glue import Caller
from lab.lakeformation.objects import Objects
from lab.lakeformation.permissions import Permissions
from lab.lakeformation.tagging import Tagging
from lab.lakeformation.wire import Answer, Json


class LakeFormation(Permissions, Tagging, Objects):
    """The state, and the operations by AWS's names (``operations``)."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.glue.lake = self
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
