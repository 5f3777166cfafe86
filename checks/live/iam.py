"""What the caller must be allowed to do: the least that a complete reading needs, and what it must never do."""

from __future__ import annotations

from typing import Any, Final

from checks.live.collectors import ENTRIES, collectors

DATA_ACCESS: Final = (
    "glue:GetConnection*",
    "glue:GetEntityRecords",
    "glue:GetSessionEndpoint",
    "glue:GetStatement",
    "glue:GetUnfiltered*",
    "glue:ListStatements",
    "lakeformation:AssumeDecoratedRoleWithSAML",
    "lakeformation:GetDataAccess",
    "lakeformation:GetTableObjects",
    "lakeformation:GetTemporary*",
    "lakeformation:GetWorkUnit*",
)
"""Calls that hand out data, credentials for it, or what lies behind a filter."""

CHANGES: Final = (
    "Add", "Associate", "Attach", "BatchCreate", "BatchDelete", "BatchGrant", "BatchPut", "BatchRevoke", "BatchStop",
    "BatchUpdate", "Cancel", "Commit", "Create", "Delete", "Deregister", "Detach", "Disassociate", "Extend", "Grant",
    "Import", "Modify", "Publish", "Put", "Register", "Remove", "Reset", "Resume", "Revoke", "Run", "Start", "Stop",
    "Tag", "Test", "Untag", "Update",
)  # fmt: skip
"""How the names of calls begin that change something or set something going."""

READER: Final = """\
# IAM rights are not enough: Lake Formation shows a caller only what the caller's own permissions allow, and does not
# say what it leaves out. Make the reading role a read-only admin as well, in the one program that owns the lake's
# settings:

settings = aws.lakeformation.DataLakeSettings(
    "settings",
    admins=[...],  # the admins that there are: this resource replaces the whole list
    read_only_admins=[..., reader.arn],  # those that there are, and the reading role
    create_database_default_permissions=[],
    create_table_default_permissions=[],
    parameters={...},  # as they are, CROSS_ACCOUNT_VERSION among them
    trusted_resource_owners=[...],
)

# A lake has one such resource for each region, and PutDataLakeSettings replaces everything: what is left out is
# cleared, admins too. Before you add it to a program, see what is there and write it down in the program:
#     aws lakeformation get-data-lake-settings
# If a program declares the settings already, add `reader.arn` to its `read_only_admins`, and nothing else.
"""
"""How a Pulumi program makes the reader see everything, and keeps the admins that there are."""


def actions() -> tuple[str, ...]:
    """Return the IAM actions of every collector, sorted."""
    return tuple(sorted({action for one in collectors() for action in one.actions}))


def policy(hub: str | None = None) -> dict[str, Any]:
    """Return the IAM policy of a reader: allow what is read, deny data access and every change.

    It does not make the reader see everything: for that it must also be a read-only admin of the lake. With *hub*, a
    role's name: also what leads to the lakes of other accounts and regions, in statements of their own.
    """
    entries = [
        {"Sid": "EnterAccounts", "Effect": "Allow", "Action": "sts:AssumeRole",
         "Resource": f"arn:*:iam::*:role/{hub}"},
        {"Sid": "ListAccountsAndRegions", "Effect": "Allow",
         "Action": sorted(f"{service}:{name}" for service, name in ENTRIES if service != "sts"), "Resource": "*"},
    ]  # fmt: skip
    changes = [f"{service}:{verb}*" for service in ("glue", "lakeformation") for verb in CHANGES]
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": "Read", "Effect": "Allow", "Action": list(actions()), "Resource": "*"},
            {
                "Sid": "NeverDataNorChanges",
                "Effect": "Deny",
                "Action": sorted([*DATA_ACCESS, *changes]),
                "Resource": "*",
            },
            *(entries if hub is not None else ()),
        ],
    }
