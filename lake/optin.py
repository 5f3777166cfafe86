"""Opt-ins: who goes through Lake Formation where a location is hybrid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi
from pulumi_aws import lakeformation

from lake.mistake import quoted
from lake.principal import Principal, later

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lake.dataset import Dataset


class OptIn(pulumi.ComponentResource):
    """Holds a principal to its Lake Formation grants on a dataset in a hybrid location.

    Opts in on the database and on all its tables, or only on the named ``tables``.
    """

    def __init__(
        self,
        name: str,
        principal: Principal,
        dataset: Dataset,
        *,
        tables: Sequence[str] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        where = f"opt-in {quoted(name)}"
        chosen = [dataset.table(table, where).name for table in tables or ()]
        whom = later(principal, where)
        super().__init__("floodline:lake:OptIn", name, None, opts)
        catalog = dataset.governance.account
        targets: dict[str, dict[str, Any]] = {"database": {"database": {"name": dataset.name, "catalog_id": catalog}}}
        if tables is None:
            targets["tables"] = {
                "table": {"database_name": dataset.name, "catalog_id": catalog, "wildcard": True},
            }
        for table in chosen:
            targets[table] = {"table": {"database_name": dataset.name, "catalog_id": catalog, "name": table}}
        anchors = [dataset.database, *(dataset.registered[table] for table in chosen)]
        self.opt_ins = [
            lakeformation.OptIn(
                f"{name}:{target}",
                principals=[{"data_lake_principal_identifier": whom}],
                resource_datas=[lakeformation.OptInResourceDataArgs(**data)],
                opts=pulumi.ResourceOptions(parent=self, depends_on=anchors),
            )
            for target, data in targets.items()
        ]
        self.register_outputs({})
