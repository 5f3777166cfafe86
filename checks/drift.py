"""The kinds of differences between a declared and a live lake: id, name, usual severity, meaning, remedy, source.

``compare`` finds them; this table is their documentation and what ``floodline rules`` prints. Ids never change.
"""

from __future__ import annotations

from dataclasses import dataclass

from checks.model import Severity

_DG = "https://docs.aws.amazon.com/lake-formation/latest/dg/"
_API = "https://docs.aws.amazon.com/lake-formation/latest/APIReference/"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of difference. ``severity`` is the usual one; a finding may carry a higher or lower one and says why."""

    id: str
    name: str
    severity: Severity
    what: str
    fix: str
    source: str


_KINDS = (
    Kind(
        "FL101",
        "grant-widened",
        Severity.HIGH,
        "A principal holds more on a resource than is declared for it.",
        "Revoke the extra permissions, or declare them.",
        _DG + "lf-permissions-reference.html",
    ),
    Kind(
        "FL102",
        "grant-undeclared",
        Severity.HIGH,
        "A principal holds a grant that no stack declares.",
        "Revoke the grant, or declare it.",
        _DG + "lf-permissions-reference.html",
    ),
    Kind(
        "FL103",
        "grant-option-added",
        Severity.HIGH,
        "A principal may pass on what it was only meant to use: one click can become many grants.",
        "Revoke the grant option, or declare it.",
        _API + "API_GrantPermissions.html",
    ),
    Kind(
        "FL104",
        "everyone-granted",
        Severity.CRITICAL,
        "IAM_ALLOWED_PRINCIPALS holds a grant: Lake Formation no longer decides there, IAM alone does.",
        "Revoke the IAM_ALLOWED_PRINCIPALS grant.",
        _DG + "upgrade-glue-lake-formation-background.html",
    ),
    Kind(
        "FL105",
        "foreign-granted",
        Severity.CRITICAL,
        "An account, organization or principal outside the lake's account holds an undeclared grant.",
        "Revoke the grant and its resource share, or declare it.",
        _DG + "cross-account-permissions.html",
    ),
    Kind(
        "FL106",
        "many-granted",
        Severity.CRITICAL,
        "Every IAM principal of an account, or a principal of a kind nobody modelled, holds an undeclared grant.",
        "Revoke the grant, or declare it.",
        _DG + "granting-database-permissions.html",
    ),
    Kind(
        "FL110",
        "tag-moved",
        Severity.HIGH,
        "An LF-tag of an object differs from its declared value, and so opens it to tag grants.",
        "Set the declared value again, or declare the new one.",
        _DG + "tag-based-access-control.html",
    ),
    Kind(
        "FL111",
        "expression-edited",
        Severity.HIGH,
        "The body of a saved LF-tag expression differs: every grant that names it reaches other objects.",
        "Restore the declared body, or declare the new one.",
        _API + "API_UpdateLFTagExpression.html",
    ),
    Kind(
        "FL112",
        "filter-loosened",
        Severity.HIGH,
        "A data cells filter lets through rows or columns it should not.",
        "Restore the declared filter, or declare the new one.",
        _DG + "data-filtering.html",
    ),
    Kind(
        "FL113",
        "column-added",
        Severity.HIGH,
        "A declared table has a column that is not declared, and a grant on every or on all other columns opens it.",
        "Declare the column (and tag or exclude it), or drop it.",
        _DG + "lf-permissions-reference.html",
    ),
    Kind(
        "FL114",
        "location-moved",
        Severity.HIGH,
        "A table or database points at other data than declared: the same grants now read something else.",
        "Restore the declared location, or declare the new one.",
        _DG + "access-control-underlying-data.html",
    ),
    Kind(
        "FL115",
        "view-undeclared",
        Severity.HIGH,
        "A view that no stack declares as one of its definer's rights reads with them tables that its readers may not "
        "read.",
        "Drop the view, or declare it.",
        _DG + "working-with-views.html",
    ),
    Kind(
        "FL120",
        "setting-opened",
        Severity.CRITICAL,
        "A data lake setting gives more power than is declared.",
        "Restore the declared settings, or declare the new ones.",
        _API + "API_DataLakeSettings.html",
    ),
    Kind(
        "FL121",
        "default-permissions-open",
        Severity.HIGH,
        "New tables or databases are opened to everybody whom IAM lets in.",
        "Empty the default permissions.",
        _DG + "change-settings.html",
    ),
    Kind(
        "FL122",
        "location-unprotected",
        Severity.HIGH,
        "A declared location is no longer registered, or is registered with weaker protection.",
        "Register the location as declared.",
        _DG + "access-control-underlying-data.html",
    ),
    Kind(
        "FL123",
        "opt-in-missing",
        Severity.HIGH,
        "A declared opt-in is gone: in hybrid mode the principal is back to what IAM and S3 allow.",
        "Create the opt-in again.",
        _DG + "hybrid-access-mode.html",
    ),
    Kind(
        "FL124",
        "catalog-policy",
        Severity.HIGH,
        "The Glue catalog's resource policy says more than is declared.",
        "Restore the declared policy, or declare the new one.",
        "https://docs.aws.amazon.com/glue/latest/dg/security_iam_resource-based-policy-examples.html",
    ),
    Kind(
        "FL125",
        "row-policy-attached",
        Severity.MEDIUM,
        "A row-level security policy is attached; it cannot be declared, and attachments only ever add rows.",
        "Detach the policy if nobody meant it.",
        _DG + "rls-policies.html",
    ),
    Kind(
        "FL126",
        "settings-undeclared",
        Severity.INFO,
        "No given stack declares the data lake settings.",
        "Declare them (aws.lakeformation.DataLakeSettings), so that admins are under review.",
        _API + "API_DataLakeSettings.html",
    ),
    Kind(
        "FL127",
        "settings-conflict",
        Severity.MEDIUM,
        "Several stacks declare the settings of one lake differently.",
        "Keep them in one stack: the last deployment wins.",
        _API + "API_PutDataLakeSettings.html",
    ),
    Kind(
        "FL130",
        "grant-narrowed",
        Severity.MEDIUM,
        "A principal lacks access that is declared for it.",
        "Deploy the stack again, or remove the declaration.",
        _DG + "lf-permissions-reference.html",
    ),
    Kind(
        "FL131",
        "fact-narrowed",
        Severity.MEDIUM,
        "A tag, filter, expression or setting gives less than is declared.",
        "Deploy the stack again, or change the declaration.",
        _DG + "tag-based-access-control.html",
    ),
    Kind(
        "FL132",
        "object-missing",
        Severity.MEDIUM,
        "A declared object does not exist.",
        "Deploy the stack again, or remove the declaration.",
        _API + "Welcome.html",
    ),
    Kind(
        "FL140",
        "fact-changed",
        Severity.LOW,
        "A declared fact differs; nobody is known to have more or less by it.",
        "Deploy the stack again, or change the declaration.",
        _API + "Welcome.html",
    ),
    Kind(
        "FL141",
        "grant-redundant",
        Severity.INFO,
        "A declared grant is missing, but other declared grants give the same access.",
        "Deploy the stack again, or drop the declaration.",
        _DG + "lf-permissions-reference.html",
    ),
    Kind(
        "FL142",
        "object-undeclared",
        Severity.LOW,
        "An object that no stack declares; nobody gains access by it.",
        "Declare it, or delete it.",
        _API + "Welcome.html",
    ),
    Kind(
        "FL150",
        "not-observed",
        Severity.MEDIUM,
        "Something could not be read, so nobody can say that it is right.",
        "Give the reading role what it lacks; `floodline doctor` and `floodline iam-policy` say what.",
        _API + "API_ListPermissions.html",
    ),
    Kind(
        "FL151",
        "not-decided",
        Severity.MEDIUM,
        "Two descriptions of access could not be ordered.",
        "Look at both by hand; spell them alike if they mean the same.",
        _DG + "partiql-support.html",
    ),
    Kind(
        "FL160",
        "latent-widening",
        Severity.LOW,
        "The same access today, wider as soon as a new column, table or tag value appears.",
        "Grant as declared.",
        _DG + "lf-permissions-reference.html",
    ),
    Kind(
        "FL161",
        "orphan-grant",
        Severity.LOW,
        "A grant on a table that does not exist: whoever creates the table opens it to the grantee.",
        "Revoke the grant.",
        _DG + "lf-permissions-reference.html",
    ),
    Kind(
        "FL162",
        "orphan-principal",
        Severity.LOW,
        "Grants to a role that does not exist: whoever creates a role of that name holds them.",
        "Revoke the grants, or create the role again.",
        _API + "API_GrantPermissions.html",
    ),
)

KINDS = {kind.id: kind for kind in _KINDS}
