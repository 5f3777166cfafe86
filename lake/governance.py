"""What holds for the whole lake: its settings and its vocabulary of LF-tags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi
from pulumi_aws import lakeformation

from lake.access import GovernanceAccess, OnTag
from lake.mistake import Mistake, known, quoted
from lake.permission import fitting
from lake.principal import Principal, account, checked, label, later

Condition = Mapping[str, Sequence[str]]
"""A tag expression: every key must match (AND), each with one of its values (OR)."""


class Governance(pulumi.ComponentResource):
    """Settings of the lake (one per account and region), LF-tags, saved expressions.

    Both default permissions are emptied, so that no new database or table is open to whoever IAM lets in. ``tags``
    map each key to the values it may take; ``expressions`` are saved tag expressions by name.
    """

    def __init__(
        self,
        name: str,
        *,
        account_id: str,
        admins: Sequence[str],
        read_only_admins: Sequence[str] = (),
        tags: Mapping[str, Sequence[str]],
        expressions: Mapping[str, Condition] | None = None,
        parameters: Mapping[str, str] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        where = f"governance {quoted(name)}"
        self.account = account(account_id, where)
        if not admins:
            raise Mistake(f"{where}: a lake without an admin can never be changed again; name at least one")
        for admin in (*admins, *read_only_admins):
            checked(admin, where)
        for key, values in tags.items():
            if not values:
                raise Mistake(f"{where}: LF-tag {quoted(key)} has no values")
            for word in (key, *values):
                # Lake Formation stores keys and values in lower case.
                if word != word.lower():
                    raise Mistake(f"{where}: LF-tag text {quoted(word)} is stored in lower case; write it so")
        self._tags = {key: tuple(values) for key, values in tags.items()}
        for saved, condition in (expressions or {}).items():
            self.check_condition(condition, f"saved expression {quoted(saved)}")

        super().__init__("floodline:lake:Governance", name, None, opts)
        self._labels: set[str] = set()
        self.settings = lakeformation.DataLakeSettings(
            name,
            catalog_id=self.account,
            admins=list(admins),
            read_only_admins=list(read_only_admins),
            create_database_default_permissions=[],
            create_table_default_permissions=[],
            parameters=dict(parameters or {}),
            opts=pulumi.ResourceOptions(parent=self),
        )
        after = pulumi.ResourceOptions(parent=self, depends_on=[self.settings])
        self.tags = {
            key: lakeformation.LfTag(key, key=key, values=list(values), opts=after)
            for key, values in self._tags.items()
        }
        self.expressions = {
            saved: lakeformation.LfTagExpression(
                saved,
                name=saved,
                expressions=[{"tag_key": key, "tag_values": list(values)} for key, values in condition.items()],
                opts=pulumi.ResourceOptions(parent=self, depends_on=[self.tags[key] for key in condition]),
            )
            for saved, condition in (expressions or {}).items()
        }
        self.register_outputs({"account": self.account})

    def check_tags(self, tags: Mapping[str, str], where: str) -> None:
        """Raise a Mistake unless every key and value is in the vocabulary."""
        self.check_condition({key: [value] for key, value in tags.items()}, where)

    def check_condition(self, condition: Condition, where: str) -> None:
        """Raise a Mistake unless every key and value of a tag expression is in the vocabulary."""
        for key, values in condition.items():
            known(key, self._tags, noun="LF-tag", where=where)
            if isinstance(values, str) or not values:
                raise Mistake(f"{where}: LF-tag {quoted(key)} takes a list of values")
            for value in values:
                known(value, self._tags[key], noun=f"value of LF-tag {quoted(key)}", where=where)

    def grant(
        self, principal: Principal, what: GovernanceAccess, *, name: str | None = None
    ) -> lakeformation.Permissions:
        """Grant permissions on LF-tag values or on the catalog."""
        tag = what if isinstance(what, OnTag) else None
        place = f"LF-tag {quoted(tag.key)}" if tag else "the catalog"
        where = f"grant on {place}"
        fitting("an LF-tag" if tag else "a catalog", what.permissions, what.grantable, where)
        if tag and list(tag.values) != ["*"]:
            self.check_condition({tag.key: tag.values}, where)
        slug = "-".join(word.lower() for word in sorted(what.permissions))
        resource_name = name or f"{label(principal, self.account, where)}:{tag.key if tag else 'catalog'}:{slug}"
        if resource_name in self._labels:
            raise Mistake(f"{where}: {quoted(resource_name)} is granted twice; make it one grant")
        self._labels.add(resource_name)
        return lakeformation.Permissions(
            resource_name,
            principal=later(principal, where),
            permissions=list(what.permissions),
            permissions_with_grant_options=list(what.grantable) or None,
            lf_tag={"key": tag.key, "values": list(tag.values)} if tag else None,
            catalog_resource=None if tag else True,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[self.tags[tag.key] if tag else self.settings]),
        )
