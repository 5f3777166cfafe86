"""One declared resource on its way to facts, and the table of readers: one function for each resource type."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import msgspec

from checks import normal
from checks.declared.shape import NOT_KNOWN, Hidden, Shape, members
from checks.model import (
    AllTables,
    Catalog,
    CatalogInfo,
    Columns,
    Database,
    DatabaseInfo,
    Evidence,
    ExpressionBody,
    Facts,
    FilterBody,
    Gap,
    Grant,
    IdentityCenter,
    Location,
    OptIn,
    PartitionPlace,
    Principal,
    Resource,
    ResourcePolicy,
    Settings,
    Side,
    Table,
    TableInfo,
    TagInfo,
    UnknownResource,
)
from checks.normal import NotUnderstoodError

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Tagging:
    """A declared tag on an object, or, with ``columns``, on columns of a table; spread when all tables are known."""

    target: Catalog | Database | Table | AllTables
    key: str
    value: str
    columns: Columns | None = None
    evidence: Evidence | None = field(default=None, compare=False)


Fact = (
    Grant | CatalogInfo | DatabaseInfo | TableInfo | TagInfo | Tagging | ExpressionBody | FilterBody | Settings
    | Location | OptIn | ResourcePolicy | IdentityCenter | PartitionPlace | Gap
)  # fmt: skip
Reader = Callable[["Item"], Iterator[Fact]]


@dataclass(frozen=True, slots=True)
class Kind:
    """How a resource type is read, and which facts are in the dark when it cannot be."""

    facts: Facts
    read: Reader
    bulk: tuple[str, str] | None = None
    """The member of a member that most of such a resource's text is, left undecoded (``shape.members``)."""


KINDS: Final[dict[str, Kind]] = {}
"""Resource type → how it is read. Filled by ``reads``; a type without an entry is a gap, or none of our business."""


def reads(kind: str, facts: Facts, bulk: tuple[str, str] | None = None) -> Callable[[Reader], Reader]:
    """Register the reader of one resource type: adding a type is adding one function."""

    def register(reader: Reader) -> Reader:
        KINDS[kind] = Kind(facts, reader, bulk)
        return reader

    return register


class _Name(msgspec.Struct, gc=False):
    name: Any = None


@dataclass(slots=True)
class Item:
    """A resource whose lake is known."""

    type: str
    id: Any
    inputs: Shape
    outputs: msgspec.Raw
    account: str
    partition: str
    evidence: Evidence
    facts: Facts

    def gap(self, reason: str, facts: Facts | None = None, scope: Resource | None = None) -> Gap:
        """Say what of this resource could not be read."""
        return Gap(Side.DECLARED, self.evidence.urn or self.type, reason, facts or self.facts, scope, self.evidence)

    def catalog(self, name: str = "catalogId") -> str:
        """Return the catalog that the inputs name, else the account's own."""
        return self.inputs.maybe(name) or self.account

    def name(self, shape: Shape, member: str = "name") -> str:
        """Return the name that was asked for, else the one that was given: in the outputs, or at the end of the id."""
        named = shape.maybe(member)
        if named:
            return named
        given = _hidden_name(self.outputs)
        if isinstance(given, str) and given:
            return given
        if isinstance(self.id, str) and self.id:
            last = self.id.partition(",")[0] if "," in self.id else self.id.replace("|", ":").rpartition(":")[2]
            if last:
                return last
        why = given.why if isinstance(given, Hidden) else NOT_KNOWN.why
        raise NotUnderstoodError(f"`{shape.at(member)}` {why}")

    def resource(self, union: Mapping[str, Any]) -> Resource:
        """Build Lake Formation's ``Resource`` from its AWS spelling.

        Raises:
            NotUnderstoodError: it is none that can be relied on.

        """
        found = normal.resource(union, self.account)
        if isinstance(found, UnknownResource):
            raise NotUnderstoodError(f"`{next(iter(union), 'resource')}` names no resource that can be relied on")
        return found

    def principal(self, shape: Shape, member: str, on: Resource) -> tuple[Principal | None, list[Gap]]:
        """Return the principal; one that is hidden is None, and a gap that says why.

        A grant to somebody unknown is still a grant: without it, what that somebody holds would look undeclared.
        """
        value = shape.found.get(member)
        if isinstance(value, Hidden):
            return None, [self.gap(f"`{shape.at(member)}` {value.why}", scope=on)]
        return normal.principal(shape.text(member)), []


def _hidden_name(outputs: msgspec.Raw) -> Any:
    """Return ``outputs.name``, hidden or not; None where outputs have none."""
    try:
        name = msgspec.json.decode(outputs, type=_Name).name
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    return members(msgspec.Raw(msgspec.json.encode({"name": name}))).get("name")
