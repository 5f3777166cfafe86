"""In which lake a declared resource lies: partition, account, region, and how we know.

Most Lake Formation resources carry no account in their state, so it is borrowed: from the provider's own
configuration, else from the ARNs of what the same provider made.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

    from checks.declared.document import Resource

_ACCOUNT: Final = re.compile(r"\d{12}")
_ARN: Final = re.compile(r"arn:[a-z0-9-]+:[a-z0-9-]+:([a-z0-9-]*):(\d{12})?:")
_ID_LAST: Final = re.compile(r"[^,]+,(\d{12})")
_REGION: Final = re.compile(r"[a-z]{2,}(-[a-z]+)+-\d+")

_PARTITIONS: Final = {
    "cn-": "aws-cn", "us-gov-": "aws-us-gov", "eusc-": "aws-eusc", "us-iso-": "aws-iso", "us-isob-": "aws-iso-b",
    "eu-isoe-": "aws-iso-e", "us-isof-": "aws-iso-f",
}  # fmt: skip
"""Start of a region's name → partition, where it is not ``aws`` (botocore, partitions.json)."""

PROVIDERS: Final = frozenset({"pulumi:providers:aws", "pulumi:providers:aws-native"})


class _TableData(msgspec.Struct, rename="camel", gc=False):
    table_catalog_id: Any = None


class Clues(msgspec.Struct, rename="camel", gc=False):
    """Members that may tell the lake. They are ``Any`` because a secret or an unknown may stand in their place."""

    region: Any = None
    catalog_id: Any = None
    catalog: Any = None
    table_catalog_id: Any = None
    table_data: Any = None
    arn: Any = None
    assume_roles: Any = None
    assume_role: Any = None
    allowed_account_ids: Any = None


_NO_CLUES: Final = Clues()
_NAMES: Final = frozenset(one.encode_name for one in msgspec.structs.fields(Clues))
_read: Final = msgspec.json.Decoder(Clues).decode


def _clues(raw: msgspec.Raw) -> Clues:
    """Read the clues; what is no object has none (the reader of the inputs will say so)."""
    try:
        return _read(raw)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return _NO_CLUES


def partition_of(region: str) -> str:
    """Tell the partition from the region: ``cn-north-1`` is in ``aws-cn``."""
    return next((name for start, name in _PARTITIONS.items() if region.startswith(start)), "aws")


def account_in(value: Any) -> str | None:
    """Take the account out of a catalog id: its first twelve digits (``111122223333:s3tablescatalog/b``)."""
    found = _ACCOUNT.match(value) if isinstance(value, str) else None
    return found.group() if found and value[12:13] in {"", ":"} else None


def _arn(value: Any) -> tuple[str | None, str | None]:
    """Account and region of an ARN, each None if it has none."""
    found = _ARN.match(value) if isinstance(value, str) else None
    return (found.group(2), found.group(1) or None) if found else (None, None)


def _region(value: Any) -> str | None:
    return value if isinstance(value, str) and _REGION.fullmatch(value) else None


class Places:
    """Answers where a resource lies, given all resources of the declaration."""

    def __init__(self, resources: Iterable[Resource], regions: Mapping[str, str], *, keep: bool = False) -> None:
        """Keep the providers at hand; ``regions`` are the stacks' own settings (``project/stack`` → region).

        ``keep`` what outputs tell between two looks at them: faster, at some 200 bytes for each resource.
        """
        self._providers: dict[str, Resource] = {}
        self._made: dict[str, list[Resource]] = {}
        self._borrowed: dict[str, str | None] = {}
        self._configured: dict[str, tuple[str | None, str | None]] = {}
        self._told: dict[object, tuple[str | None, str | None]] = {}
        self._outputs: dict[int, Clues] | None = {} if keep else None
        self._regions = regions
        for resource in resources:
            if resource.type in PROVIDERS:
                self._providers[f"{resource.urn}::{resource.id}"] = resource
                self._providers.setdefault(resource.urn, resource)
            elif resource.custom:
                self._made.setdefault(_reference(resource), []).append(resource)

    def locate(self, resource: Resource, inside: Mapping[str, Any]) -> tuple[str | None, str | None]:
        """Return account and region, each None if nothing in the declaration tells it.

        A catalog id ``inside`` the inputs names the catalog that a granted resource lies in, which may be another
        account's, so everything that tells the maker's own account goes before it.
        """
        silent = bool(inside) and _NAMES.isdisjoint(inside)
        account, region = self.told(resource, _NO_CLUES if silent else _clues(resource.inputs))
        return account or account_in(_nested_catalog(inside)), region

    def told(self, resource: Resource, inputs: Clues) -> tuple[str | None, str | None]:
        """Return account and region as ``locate`` does, without a look inside the inputs."""
        outputs = self._clues_out(resource)
        # A state repeats the few things that decide: each combination is looked at once.
        key = (
            resource.provider or resource.stack,
            resource.stack if self._regions else None,
            _id_account(resource),
            _SILENT if inputs is _NO_CLUES else _telling(inputs),
            _telling(outputs),
        )
        try:
            known = self._told.get(key)
        except TypeError:  # a secret, say, in the place of a text
            return self._tell(resource, inputs, outputs)
        if known is None:
            known = self._told[key] = self._tell(resource, inputs, outputs)
        return known

    def _tell(self, resource: Resource, inputs: Clues, outputs: Clues) -> tuple[str | None, str | None]:
        arn_account, arn_region = _arn(outputs.arn)
        provider_account, provider_region = self._provider(resource)
        region = (
            _region(inputs.region)
            or _region(outputs.region)
            or arn_region
            or provider_region
            or self._regions.get(resource.stack or "")
        )
        account = (
            _own_account(inputs, outputs)
            or _id_account(resource)
            or arn_account
            or provider_account
            or self._borrow(_reference(resource))
        )
        return account, region

    def maker(self, resource: Resource, inputs: Clues) -> object:
        """Return what is the same for resources that lie in the same lake, without a look at their outputs.

        A provider makes things in one account, and in one region unless the inputs name another. None if that is not
        enough to tell.
        """
        if not resource.provider:
            return None
        silent = inputs.region is None and inputs.catalog_id is None and inputs.catalog is None
        silent = silent and inputs.table_catalog_id is None and inputs.table_data is None and inputs.arn is None
        return resource.provider, _id_account(resource), None if silent else _telling(inputs)

    def _clues_out(self, resource: Resource) -> Clues:
        if self._outputs is None:
            return _clues(resource.outputs)
        found = self._outputs.get(id(resource))
        if found is None:
            found = self._outputs[id(resource)] = _clues(resource.outputs)
        return found

    def _provider(self, resource: Resource) -> tuple[str | None, str | None]:
        """Account and region of the provider that makes a resource. Configuration is text of JSON, or JSON."""
        reference = resource.provider or ""
        if reference not in self._configured:
            provider = self._providers.get(reference) or self._providers.get(reference.rpartition("::")[0])
            self._configured[reference] = _configuration(provider) if provider else (None, None)
        return self._configured[reference]

    def _borrow(self, reference: str) -> str | None:
        """Return the one account that everything made by the same provider agrees on."""
        if reference not in self._borrowed:
            made = self._made.get(reference, [])
            starts = {_start(self._clues_out(item).arn) for item in made}
            arns = {account for start in starts if start and (account := _arn(":".join((*start, "")))[0])}
            found = arns or {account for item in made if (account := _own(item))}
            self._borrowed[reference] = next(iter(found)) if len(found) == 1 else None
        return self._borrowed[reference]


def _reference(resource: Resource) -> str:
    """Name the maker: the provider reference, or the stack for resources that were written without one."""
    return resource.provider or f"stack {resource.stack}"


def _telling(clues: Clues) -> tuple[object, ...]:
    """Return what of the clues decides: all but the end of the ARN."""
    table = clues.table_data
    return (
        clues.region,
        clues.catalog_id,
        clues.catalog,
        clues.table_catalog_id,
        table.get("tableCatalogId") if isinstance(table, dict) else None,
        _start(clues.arn),
    )


def _start(arn: Any) -> tuple[str, ...] | None:
    """Return the part of an ARN that tells partition, region and account, in its pieces."""
    return tuple(arn.split(":", 5)[:5]) if isinstance(arn, str) else None


_SILENT: Final = _telling(_NO_CLUES)


def _own_account(inputs: Clues, outputs: Clues) -> str | None:
    for clues in (inputs, outputs):
        table = clues.table_data.get("tableCatalogId") if isinstance(clues.table_data, dict) else None
        for value in (clues.catalog_id, clues.catalog, clues.table_catalog_id, table):
            if value and (found := account_in(value)):
                return found
    return None


def _nested_catalog(inputs: Mapping[str, Any]) -> str | None:
    """Find a catalog id inside the inputs, for want of anything better: the first, two levels down at most."""
    for value in inputs.values():
        if isinstance(value, dict):
            for inner in (value, *(item for item in value.values() if isinstance(item, dict))):
                found = inner.get("catalogId") or inner.get("tableCatalogId")
                if isinstance(found, str):
                    return found
    return None


def _id_account(resource: Resource) -> str | None:
    """Ids begin with the account (``111122223333:sales:orders``); a saved expression's ends with it."""
    name = resource.id
    if not isinstance(name, str):
        return None
    if resource.type == "aws:lakeformation/lfTagExpression:LfTagExpression":
        found = _ID_LAST.fullmatch(name)
        return found.group(1) if found else None
    return name[:12] if name[12:13] == ":" and _ACCOUNT.match(name) else None


def _own(resource: Resource) -> str | None:
    """Account of one of our own resources by catalog id or id; ids of other types mean other things."""
    if ":glue" not in resource.type and ":lakeformation" not in resource.type:
        return None
    return _own_account(_clues(resource.inputs), _clues(resource.outputs)) or _id_account(resource)


def _configuration(provider: Resource) -> tuple[str | None, str | None]:
    """Account of the role that is assumed last, else the only allowed one; and the region."""
    inputs = _clues(provider.inputs)
    roles = [_json(inputs.assume_role), *_listed(_json(inputs.assume_roles))]
    arns = [role.get("roleArn") for role in roles if isinstance(role, Mapping)]
    account = next((found for arn in reversed(arns) if (found := _arn(arn)[0])), None)
    allowed = [found for value in _listed(_json(inputs.allowed_account_ids)) if (found := account_in(value))]
    return account or (allowed[0] if len(allowed) == 1 else None), _region(_json(inputs.region))


def _json(value: Any) -> Any:
    """Undo the JSON inside a text that providers keep structured configuration as."""
    if isinstance(value, str) and value[:1] in {"[", "{", '"'}:
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return None
    return value


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
