"""What the caller must be allowed to do: the least that a complete reading needs, and what it must never do."""

from __future__ import annotations

from typing import Any, Final

from checks.live.collectors import collectors

DATA_ACCESS: Final = (
    "glue:GetConnection*",
    "lakeformation:AssumeDecoratedRoleWithSAML",
    "lakeformation:GetDataAccess",
    "lakeformation:GetTableObjects",
    "lakeformation:GetTemporary*",
    "lakeformation:GetWorkUnit*",
)
"""Calls that hand out data, or credentials for it."""

CHANGES: Final = (
    "Add", "Associate", "Attach", "BatchCreate", "BatchDelete", "BatchGrant", "BatchPut", "BatchRevoke", "BatchStop",
    "BatchUpdate", "Cancel", "Commit", "Create", "Delete", "Deregister", "Detach", "Disassociate", "Extend", "Grant",
    "Import", "Modify", "Publish", "Put", "Register", "Remove", "Reset", "Resume", "Revoke", "Run", "Start", "Stop",
    "Tag", "Test", "Untag", "Update",
)  # fmt: skip
"""How the names of calls begin that change something or set something going."""


def actions() -> tuple[str, ...]:
    """Return the IAM actions of every collector, sorted."""
    return tuple(sorted({action for one in collectors() for action in one.actions}))


def policy() -> dict[str, Any]:
    """Return the IAM policy of a reader: allow what is read, deny data access and every change.

    It does not make the reader see everything: for that it must also be a read-only admin of the lake.
    """
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
        ],
    }
