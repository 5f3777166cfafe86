"""The grants of one lake: kept as granted, listed as AWS lists them.

What AWS returns is not what was granted: SELECT on a table always has a row of its own (TableWithColumns with an
empty ColumnWildcard), all tables are called ``ALL_TABLES``, ALL brings its members along. The store keeps what was
granted and makes the rows when they are read; a row keeps its place in the listing for as long as it lives.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple

from lab.lakeformation.resources import (
    DATABASE_MEMBERS,
    FUNCTION_MEMBERS,
    IAM_ALLOWED,
    LISTED_AS,
    TABLE_MEMBERS,
    Target,
    spell,
    whole_columns,
)
from lab.lakeformation.wire import Json

MEMBERS = {
    "table": TABLE_MEMBERS,
    "database": DATABASE_MEMBERS,
    "function": FUNCTION_MEMBERS,
    "policy DATABASE": DATABASE_MEMBERS,
    "policy TABLE": (*TABLE_MEMBERS, "SELECT"),
}
"""What ALL is listed with, by kind."""


class Key(NamedTuple):
    """What makes a grant one grant. Two that differ only in condition are two."""

    principal: str
    target: Target
    condition: str | None


class Held:
    """What one principal holds on one target: permission (or column) → whether it may be passed on."""

    __slots__ = ("by", "columns", "key", "permissions", "places", "updated")

    def __init__(self, key: Key) -> None:
        self.key = key
        self.permissions: dict[str, bool] = {}
        self.columns: dict[str, bool] = {}
        self.places: dict[str, int] = {}
        self.updated = 0.0
        self.by = ""

    def full(self, *, expand: bool = True) -> dict[str, bool]:
        """Permissions with ALL's members beside it."""
        found = dict(self.permissions)
        if expand and "ALL" in found and self.key.principal != IAM_ALLOWED:
            for member in MEMBERS.get(self.key.target.kind, ()):
                found[member] = found.get(member, False) or found["ALL"]
            if self.key.target.kind == "table":
                found["SELECT"] = found.get("SELECT", False) or found["ALL"]
        return found

    def rows(self, *, expand: bool) -> dict[str, tuple[Json, dict[str, bool]]]:
        """Listing rows by a name of their own: (resource, permission → grantable)."""
        target = self.key.target
        permissions = self.full(expand=expand)
        match target.kind:
            case "table":
                found: dict[str, tuple[Json, dict[str, bool]]] = {}
                whole = {p: g for p, g in permissions.items() if p != "SELECT"}
                if whole:
                    found["table"] = spell(target), whole
                if "SELECT" in permissions:
                    found["select"] = whole_columns(target), {"SELECT": permissions["SELECT"]}
                return found
            case "columns" if target.parts[2] == "only":
                return self._column_rows()
            case "tag":
                # One row per permission, as the AWS CLI's own example of LF_TAG shows.
                return {p: (spell(target), {p: g}) for p, g in sorted(permissions.items())}
            case _:
                return {"main": (spell(target), permissions)} if permissions else {}

    def _column_rows(self) -> dict[str, tuple[Json, dict[str, bool]]]:
        found: dict[str, tuple[Json, dict[str, bool]]] = {}
        for name, grantable in (("plain", False), ("grantable", True)):
            columns = [column for column, g in self.columns.items() if g is grantable]
            if columns:
                resource = spell(self.key.target)
                resource["TableWithColumns"]["ColumnNames"] = columns
                found[name] = resource, {"SELECT": grantable}
        return found

    @property
    def empty(self) -> bool:
        """Whether nothing is left."""
        return not self.permissions and not self.columns


View = Callable[[Held], frozenset[str] | None]
"""Which permissions of a grant the caller may see; None for all of them."""


class Grants:
    """All grants of one lake, in the order they were made."""

    def __init__(self, *, expand_all: bool = True) -> None:
        self.expand_all = expand_all
        self.held: dict[Key, Held] = {}
        self._rows: list[tuple[Held, str] | None] = []
        self._of_type: dict[str, list[int]] = {}
        self._of_principal: dict[str, dict[Key, None]] = {}
        self._policies_of: dict[str, dict[Key, None]] = {}
        self._at: dict[tuple[str, str, str | None], dict[Key, None]] = {}
        self._inside: Counter[tuple[str, str, str]] = Counter()

    # ------------------------------------------------------------------------------------------------------- change
    def grant(
        self,
        key: Key,
        permissions: Iterable[str],
        grantable: Iterable[str],
        columns: Iterable[str],
        now: float,
        by: str,
    ) -> None:
        """Add permissions (SELECT on ``columns`` for an include list) to what is held."""
        held = self.held.get(key)
        if held is None:
            held = self.held[key] = Held(key)
            self._of_principal.setdefault(key.principal, {})[key] = None
            if key.target.kind.startswith("policy"):
                self._policies_of.setdefault(key.principal, {})[key] = None
            if (holder := key.target.holder) is not None:
                self._at.setdefault(holder, {})[key] = None
                self._inside[key.principal, holder[0], holder[1]] += 1
        passable = set(grantable)
        if _by_column(key):
            for column in columns:
                held.columns[column] = held.columns.get(column, False) or "SELECT" in passable
        else:
            for permission in permissions:
                held.permissions[permission] = held.permissions.get(permission, False) or permission in passable
        held.updated, held.by = now, by
        self._place(held)

    def revoke(
        self,
        key: Key,
        permissions: Iterable[str],
        grantable: Iterable[str],
        columns: Iterable[str],
        now: float,
        by: str,
    ) -> bool:
        """Take permissions away, and the grant option of ``grantable``; False if none of them was there.

        Taking a member of ALL from a holder of ALL leaves the other members.
        """
        held = self.held.get(key)
        if held is None:
            return False
        permissions, grantable = set(permissions), set(grantable)
        done = self._revoke_columns(held, permissions, grantable, columns) if _by_column(key) else False
        full = held.full()
        if "ALL" in held.permissions and "ALL" not in permissions and permissions & full.keys():
            held.permissions = {p: g for p, g in full.items() if p != "ALL"}
        for permission in permissions & held.permissions.keys():
            del held.permissions[permission]
            done = True
        for permission in grantable & held.permissions.keys():
            done = done or held.permissions[permission]
            held.permissions[permission] = False
        if not done:
            return False
        held.updated, held.by = now, by
        self._place(held)
        if held.empty:
            self._forget(key)
        return True

    @staticmethod
    def _revoke_columns(held: Held, permissions: set[str], grantable: set[str], columns: Iterable[str]) -> bool:
        done = False
        for column in columns:
            if "SELECT" in permissions:
                done = held.columns.pop(column, None) is not None or done
            elif "SELECT" in grantable and held.columns.get(column):
                held.columns[column] = False
                done = True
        return done

    def drop(self, keys: Iterable[Key]) -> None:
        """Remove grants whole, as when their resource is deleted."""
        for key in list(keys):
            for place in self.held[key].places.values():
                self._rows[place] = None
            self._forget(key)

    def drop_at(self, holder: tuple[str, str, str | None]) -> None:
        """Remove every grant on a table, or on a database and on all its tables together."""
        self.drop(self._at.get(holder, ()))

    def _forget(self, key: Key) -> None:
        del self.held[key]
        del self._of_principal[key.principal][key]
        if key.target.kind.startswith("policy"):
            del self._policies_of[key.principal][key]
        if (holder := key.target.holder) is not None:
            del self._at[holder][key]
            self._inside[key.principal, holder[0], holder[1]] -= 1

    def _place(self, held: Held) -> None:
        names = held.rows(expand=self.expand_all).keys()
        for name in held.places.keys() - names:
            self._rows[held.places.pop(name)] = None
        for name in names:
            if name not in held.places:
                place = held.places[name] = len(self._rows)
                self._rows.append((held, name))
                if (kind := LISTED_AS.get(held.key.target.kind)) is not None:
                    self._of_type.setdefault(kind, []).append(place)

    # --------------------------------------------------------------------------------------------------------- read
    def last(self) -> Key | None:
        """The grant that a listing shows last."""
        return next((row[0].key for row in reversed(self._rows) if row is not None), None)

    def of_principal(self, principal: str) -> Iterator[Held]:
        """What one principal holds, by its exact name."""
        return (self.held[key] for key in self._of_principal.get(principal, ()))

    def policies_of(self, principal: str) -> Iterator[Held]:
        """The tag policies of one principal: few, where grants may be many."""
        return (self.held[key] for key in self._policies_of.get(principal, ()))

    def touches(self, principal: str, catalog: str, database: str) -> bool:
        """Whether the principal holds anything on a database or inside it."""
        return self._inside[principal, catalog, database] > 0

    def at(self, catalog: str, database: str, table: str | None) -> Iterator[Held]:
        """What is held on a table, or on a database itself and on all its tables together."""
        return (self.held[key] for key in self._at.get((catalog, database, table), ()))

    def everything(self, kind: str | None) -> Callable[[Any], Iterator[tuple[int, tuple[Held, str]]]]:
        """All rows, or those listed under one ResourceType; resumes behind a place."""
        places: list[int] | range = range(len(self._rows)) if kind is None else self._of_type.get(kind, [])

        def rows(cursor: Any) -> Iterator[tuple[int, tuple[Held, str]]]:
            start = 0 if cursor is None else bisect_right(places, cursor)
            for place in islice(places, start, None):
                row = self._rows[place]
                if row is not None:
                    yield place, row

        return rows

    def rows_of(self, held: Iterable[Held]) -> Callable[[Any], Iterator[tuple[int, tuple[Held, str]]]]:
        """The rows of some grants, in the order of the listing."""
        found = sorted((place, name) for one in held for name, place in one.places.items())

        def rows(cursor: Any) -> Iterator[tuple[int, tuple[Held, str]]]:
            for place, _ in found:
                if cursor is None or place > cursor:
                    row = self._rows[place]
                    if row is not None:
                        yield place, row

        return rows

    def spell(self, held: Held, name: str, seen: frozenset[str] | None) -> Json | None:
        """One row as AWS answers it, cut down to the permissions ``seen``; None if nothing is left."""
        resource, permissions = held.rows(expand=self.expand_all)[name]
        if seen is not None:
            permissions = {p: g for p, g in permissions.items() if p in seen}
            if not permissions:
                return None
        row: Json = {
            "Principal": {"DataLakePrincipalIdentifier": held.key.principal},
            "Resource": resource,
            "Permissions": sorted(permissions),
            "PermissionsWithGrantOption": sorted(p for p, g in permissions.items() if g),
            "LastUpdated": held.updated,
            "LastUpdatedBy": held.by,
        }
        if held.key.condition is not None:
            row["Condition"] = {"Expression": held.key.condition}
        return row


def _by_column(key: Key) -> bool:
    return key.target.kind == "columns" and key.target.parts[2] == "only"
