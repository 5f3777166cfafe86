"""Data cells filters: some rows and columns of a table, under a name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi_aws import lakeformation

from lake.mistake import Mistake, known, quoted
from lake.permission import FilterPermission, fitting
from lake.principal import Principal, label, later

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lake.dataset import Dataset

# https://docs.aws.amazon.com/lake-formation/latest/dg/partiql-support.html
_KEYWORDS = frozenset({"and", "or", "not", "in", "between", "like", "is", "null", "true", "false"})
_TOKEN = re.compile(
    r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"(?:\.\"(?:[^\"]|\"\")*\")*|[A-Za-z_][\w.]*|[\d.]+|[<>=!]+|[(),\s-]+|."
)
_LONGEST = 2048


class RowFilter(pulumi.ComponentResource):
    """The rows of a table for which ``where`` is true, with all columns, only some, or all except some."""

    def __init__(
        self,
        name: str,
        dataset: Dataset,
        table: str,
        *,
        where: str,
        columns: Sequence[str] | None = None,
        except_: Sequence[str] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        here = f"row filter {quoted(name)}"
        predicate(where, {c.name for t in [dataset.table(table, here)] for c in (*t.columns, *t.partition_keys)}, here)
        chosen: dict[str, Any] = {"wildcard": True}
        if columns is not None or except_ is not None:
            chosen = dataset.columns(table, columns, except_, here)
        cells: dict[str, Any] = (
            {"column_names": chosen["column_names"]}
            if "column_names" in chosen
            else {"column_wildcard": {"excluded_column_names": chosen.get("excluded_column_names", [])}}
        )
        super().__init__("floodline:lake:RowFilter", name, None, opts)
        self.name = name
        self._dataset = dataset
        self._target: dict[str, Any] = {
            "table_catalog_id": dataset.governance.account,
            "database_name": dataset.name,
            "table_name": table,
            "name": name,
        }
        self.filter = lakeformation.DataCellsFilter(
            name,
            lakeformation.DataCellsFilterArgs(
                table_data=lakeformation.DataCellsFilterTableDataArgs(
                    **self._target,
                    row_filter=lakeformation.DataCellsFilterTableDataRowFilterArgs(filter_expression=where),
                    **cells,
                )
            ),
            pulumi.ResourceOptions(parent=self, depends_on=[dataset.registered[table]]),
        )
        self.register_outputs({"name": name})

    def grant(
        self,
        principal: Principal,
        permissions: Sequence[FilterPermission] = ("SELECT",),
        *,
        grantable: Sequence[FilterPermission] = (),
        name: str | None = None,
    ) -> lakeformation.Permissions:
        """Let the principal read through the filter."""
        where = f"grant on row filter {quoted(self.name)}"
        fitting("a row filter", permissions, grantable, where)
        return lakeformation.Permissions(
            f"{name or label(principal, self._dataset.governance.account, where)}:{self.name}",
            lakeformation.PermissionsArgs(
                principal=later(principal, where),
                permissions=list(permissions),
                permissions_with_grant_options=list(grantable) or None,
                data_cells_filter=lakeformation.PermissionsDataCellsFilterArgs(**self._target),
            ),
            pulumi.ResourceOptions(parent=self, depends_on=[self.filter]),
        )


def predicate(text: str, columns: set[str], where: str) -> None:
    """Raise a Mistake for what AWS would refuse or read otherwise: unknown columns, open quotes, functions, length."""
    if not text.strip():
        raise Mistake(f"{where}: the predicate is empty; leave the filter out, or say which rows")
    if len(text) > _LONGEST:
        raise Mistake(f"{where}: the predicate has {len(text)} characters, more than {_LONGEST}")
    depth = 0
    tokens = [token for token in _TOKEN.findall(text) if token.strip()]
    for token in tokens:
        depth += token.count("(") - token.count(")") if token[0] not in "'\"" else 0
        if token in {"'", '"'} or depth < 0:
            raise Mistake(f"{where}: a quote or parenthesis is not closed in {quoted(text)}")
        if token[0] == '"' or "." in token or not re.match(r"[A-Za-z_]", token) or token.lower() in _KEYWORDS:
            continue
        known(token.lower(), columns, noun="column of the table", where=where)
    if depth:
        raise Mistake(f"{where}: a quote or parenthesis is not closed in {quoted(text)}")
