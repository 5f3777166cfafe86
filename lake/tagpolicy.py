"""Grants by tag: whatever carries the tags, now and later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pulumi
from pulumi_aws import lakeformation

from lake.mistake import Mistake, known, quoted
from lake.permission import DatabasePermission, TablePermission, fitting
from lake.principal import Principal, later

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lake.governance import Condition, Governance

_KIND = {"DATABASE": "a database", "TABLE": "a table"}


class TagPolicyGrant(pulumi.ComponentResource):
    """Permissions on every table (or database) whose LF-tags match: AND over keys, OR over the values of a key."""

    def __init__(
        self,
        name: str,
        governance: Governance,
        principal: Principal,
        *,
        on: Literal["DATABASE", "TABLE"] = "TABLE",
        tags: Condition,
        permissions: Sequence[TablePermission | DatabasePermission],
        grantable: Sequence[TablePermission | DatabasePermission] = (),
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        where = f"tag policy {quoted(name)}"
        known(on, _KIND, noun="resource type of a tag policy", where=where)
        fitting(_KIND[on], permissions, grantable, where)
        if not tags:
            raise Mistake(f"{where}: a policy without tags would match nothing; name at least one key")
        governance.check_condition(tags, where)
        whom = later(principal, where)
        super().__init__("floodline:lake:TagPolicyGrant", name, None, opts)
        self.permissions = lakeformation.Permissions(
            name,
            principal=whom,
            permissions=list(permissions),
            permissions_with_grant_options=list(grantable) or None,
            lf_tag_policy={
                "resource_type": on,
                "expressions": [{"key": key, "values": list(values)} for key, values in tags.items()],
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=[governance.tags[key] for key in tags]),
        )
        self.register_outputs({})
