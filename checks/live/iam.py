"""What the caller must be allowed to do: the least that a complete reading needs, and what it must never do."""

from __future__ import annotations

from typing import Any, Final

from checks.live.collectors import collectors

DATA_ACCESS: Final = (
    "lakeformation:GetDataAccess",
    "lakeformation:GetTableObjects",
    "lakeformation:GetTemporary*",
    "lakeformation:GetWorkUnit*",
)
"""Read calls that hand out data or credentials for it."""

_CHANGES: Final = ("Add", "Attach", "Batch", "Cancel", "Commit", "Create", "Delete", "Deregister", "Detach", "Extend",
                   "Grant", "Put", "Register", "Remove", "Revoke", "Start", "Update")  # fmt: skip


def actions() -> tuple[str, ...]:
    """Return the IAM actions of every collector, sorted."""
    return tuple(sorted({action for one in collectors() for action in one.actions}))


def policy() -> dict[str, Any]:
    """Return the IAM policy of a reader: allow what is read, deny data access and every change.

    It does not make the reader see everything: for that it must also be a read-only admin of the lake.
    """
    # glue:BatchGet* would be caught by Batch, so Glue's batches are named one by one by what they change.
    changes = [f"lakeformation:{verb}*" for verb in _CHANGES]
    changes += [f"glue:{verb}*" for verb in _CHANGES if verb != "Batch"]
    changes += ["glue:BatchCreate*", "glue:BatchDelete*", "glue:BatchPut*", "glue:BatchStop*", "glue:BatchUpdate*"]
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
