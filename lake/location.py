"""S3 locations that Lake Formation guards."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pulumi
from pulumi_aws import lakeformation

from lake.mistake import Mistake, quoted
from lake.principal import Principal, checked, label, later

if TYPE_CHECKING:
    from lake.governance import Governance

_S3 = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?:/[^/]+)*/?")


def s3(url: str, where: str) -> str:
    """Put a slash at the location's end; raise a Mistake unless it is ``s3://bucket/prefix/``."""
    if not _S3.fullmatch(url):
        raise Mistake(f"{where}: {quoted(url)} is no location; write `s3://bucket/prefix/`")
    return url.rstrip("/") + "/"


class Location(pulumi.ComponentResource):
    """A registered location: Lake Formation lends out the credentials of ``role`` for what lies below it.

    With ``hybrid`` only principals that are opted in go through Lake Formation; the others keep their own S3 rights.
    """

    def __init__(
        self,
        name: str,
        url: str,
        *,
        governance: Governance,
        role: str,
        hybrid: bool = False,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        where = f"location {quoted(name)}"
        self.url = s3(url, where)
        self.arn = "arn:aws:s3:::" + self.url.removeprefix("s3://").rstrip("/")
        checked(role, where)
        if ":role/" not in role:
            raise Mistake(f"{where}: {quoted(role)} is no role; a location is read through a role's credentials")
        super().__init__("floodline:lake:Location", name, None, opts)
        self._home = governance.account
        self.registration = lakeformation.Resource(
            name,
            arn=self.arn,
            role_arn=role,
            hybrid_access_enabled=hybrid,
            # Registering is an admin's right: the settings that name the admins come first.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[governance.settings]),
        )
        self.register_outputs({"arn": self.arn})

    def grant(
        self, principal: Principal, *, grantable: bool = False, name: str | None = None
    ) -> lakeformation.Permissions:
        """Let the principal create tables whose files lie here (it is not needed for reading)."""
        where = f"location {quoted(self._name)}"
        permissions = ["DATA_LOCATION_ACCESS"]
        return lakeformation.Permissions(
            name or f"{label(principal, self._home, where)}:{self._name}",
            principal=later(principal, where),
            permissions=permissions,
            permissions_with_grant_options=permissions if grantable else None,
            data_location={"arn": self.arn},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[self.registration]),
        )
