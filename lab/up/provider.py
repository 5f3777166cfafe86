"""What a provider is to the monitor: check, create, read, invoke. And the stand-in's Check, which needs no AWS.

Check follows the bridged aws provider: names that the program left out are made up from the logical name, a few
schema defaults are filled in, and every object (not every map) lists in `__defaults` what was filled in.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from lab.up.errors import UnsupportedError
from lab.up.sealing import SIGNATURE
from lab.up.wire import MAPS

if TYPE_CHECKING:
    from collections.abc import Mapping

SUPPORTED = frozenset(
    {
        "aws:glue/catalog:Catalog",
        "aws:glue/catalogDatabase:CatalogDatabase",
        "aws:glue/catalogTable:CatalogTable",
        "aws:glue/resourcePolicy:ResourcePolicy",
        "aws:iam/role:Role",
        "aws:iam/rolePolicy:RolePolicy",
        "aws:lakeformation/dataCellsFilter:DataCellsFilter",
        "aws:lakeformation/dataLakeSettings:DataLakeSettings",
        "aws:lakeformation/lfTag:LfTag",
        "aws:lakeformation/lfTagExpression:LfTagExpression",
        "aws:lakeformation/optIn:OptIn",
        "aws:lakeformation/permissions:Permissions",
        "aws:lakeformation/resource:Resource",
        "aws:lakeformation/resourceLfTag:ResourceLfTag",
        "aws:lakeformation/resourceLfTags:ResourceLfTags",
        "aws:s3/bucket:Bucket",
        "aws:s3/bucketV2:BucketV2",
    }
)

_LOWER = frozenset({"aws:glue", "aws:s3"})
_NAMED = {
    "aws:glue/catalog:Catalog": "name",
    "aws:glue/catalogDatabase:CatalogDatabase": "name",
    "aws:glue/catalogTable:CatalogTable": "name",
    "aws:iam/role:Role": "name",
    "aws:iam/rolePolicy:RolePolicy": "name",
    "aws:lakeformation/lfTagExpression:LfTagExpression": "name",
    "aws:s3/bucket:Bucket": "bucket",
    "aws:s3/bucketV2:BucketV2": "bucket",
}
_DEFAULTS: dict[str, dict[str, Any]] = {
    "aws:iam/role:Role": {"forceDetachPolicies": False, "maxSessionDuration": 3600, "path": "/"},
    "aws:lakeformation/permissions:Permissions": {"catalogResource": False},
    "aws:s3/bucket:Bucket": {"forceDestroy": False},
    "aws:s3/bucketV2:BucketV2": {"forceDestroy": False},
}
_NESTED: dict[str, dict[str, dict[str, Any]]] = {
    kind: {"table": {"wildcard": False}, "tableWithColumns": {"wildcard": False}}
    for kind in ("aws:lakeformation/permissions:Permissions", "aws:lakeformation/resourceLfTags:ResourceLfTags")
}


@dataclass(frozen=True, slots=True)
class Goal:
    """One resource that the program asks for. `inputs` in wire form, after Check; `configuration` its provider's."""

    urn: str
    kind: str
    name: str
    inputs: Mapping[str, Any]
    configuration: Mapping[str, Any]
    dependencies: tuple[str, ...] = ()
    import_id: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True)
class Created:
    """The provider's answer: the id, and what the outputs hold beyond (or other than) the inputs."""

    id: str
    outputs: Mapping[str, Any]


class Provider(Protocol):
    """The engine's side of a provider. Methods are called from several threads; errors are UpErrors."""

    def create(self, goal: Goal) -> Created:
        """Create (or adopt, with `import_id`) the resource; may return before it exists, if the answer is certain."""

    def read(self, goal: Goal) -> Created:
        """Look up the existing resource with `goal.id`."""

    def invoke(self, token: str, args: Mapping[str, Any], configuration: Mapping[str, Any]) -> Mapping[str, Any]:
        """Answer a function call of the program."""

    def settle(self) -> None:
        """Return when everything that was promised exists."""


def check(urn: str, kind: str, name: str, inputs: dict[str, Any]) -> dict[str, Any]:
    """The inputs as state keeps them. Raises UnsupportedError for a type that the lab does not know."""
    if kind not in SUPPORTED:
        raise UnsupportedError(f"resource type `{kind}` (`{name}`) is not known to the lab")
    checked = {key: _marked(value, key) for key, value in inputs.items()}
    filled: list[str] = []
    naming = _NAMED.get(kind)
    if naming is not None and naming not in inputs and f"{naming}Prefix" not in inputs:
        checked[naming] = made_up_name(urn, kind, name)
        filled.append(naming)
    for key, value in _DEFAULTS.get(kind, {}).items():
        if key not in inputs:
            checked[key] = value
            filled.append(key)
    for block, defaults in _NESTED.get(kind, {}).items():
        inner = checked.get(block)
        if isinstance(inner, dict) and SIGNATURE not in inner:
            missing = [key for key in defaults if key not in inner]
            checked[block] = {**inner, **{key: defaults[key] for key in missing}, "__defaults": missing}
    checked["__defaults"] = sorted(filled)
    return checked


def made_up_name(urn: str, kind: str, name: str) -> str:
    """The logical name with seven hex digits, as the bridge names things; here the same on every run."""
    base = name.lower() if kind.partition("/")[0] in _LOWER else name
    return f"{base}-{hashlib.sha256(urn.encode()).hexdigest()[:7]}"


def _marked(value: Any, key: str) -> Any:
    if isinstance(value, dict):
        if key in MAPS or SIGNATURE in value:
            return value
        return {**{inner: _marked(item, inner) for inner, item in value.items()}, "__defaults": []}
    if isinstance(value, list):
        return [_marked(item, "") for item in value]
    return value
