"""What is sensitive: one notion for the comparison, the rules and the reports.

A column is sensitive because somebody marked it (an LF-tag, a parameter of the column, its table or database, a word in
its comment) or because of what it is called. A mark on the thing itself beats what its name says: a column that is
tagged ``sensitivity=public`` is not sensitive, whatever its name; a tag that it merely inherits does not say so.

Names are read word by word (``user_email`` is ``user`` and ``email``), and a word that makes a measure of the thing
(``emails_sent_total``, ``address_count``, ``is_phone_verified``) makes it harmless. What is shipped: ``personal.py``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import translate
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from checks.personal import COLUMNS, COMMENTS, MEASURES, TABLES, Patterns

if TYPE_CHECKING:
    from checks.model import Column, Table, TableInfo
    from checks.view import Tags, View

_TAGS = frozenset(
    (key, value)
    for key, values in (
        ("sensitivity", ("confidential", "restricted", "sensitive", "secret", "pii", "high")),
        ("classification", ("confidential", "restricted", "sensitive", "secret", "pii", "phi", "pci")),
        ("data_classification", ("confidential", "restricted", "sensitive", "secret", "pii", "phi", "pci")),
        ("confidentiality", ("confidential", "restricted", "secret", "high")),
        ("pii", ("true", "yes", "*")),
        ("contains_pii", ("true", "yes")),
        ("phi", ("true", "yes")),
    )
    for value in values
)
_UNMARKED = frozenset({"false", "no", "none", "public", "internal", "low", "0"})
"""Values that say that a thing is harmless, where ``*`` takes any other value for a mark."""

_PARAMETERS = _TAGS | {("personal_data", "true"), ("personal_data", "yes"), ("gdpr", "true"), ("hipaa", "true")}

_SPLIT = re.compile(r"[^a-z0-9]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@dataclass(frozen=True)
class Sensitivity:
    """What counts as sensitive: marks (LF-tags, parameters) as (name, value) in lower case, and patterns of names.

    A value of ``*`` is any but those that say no (``false``, ``public`` and such). ``spared`` are patterns of columns
    that are never taken for sensitive by their name.
    """

    tags: frozenset[tuple[str, str]] = _TAGS
    parameters: frozenset[tuple[str, str]] = _PARAMETERS
    columns: Patterns = COLUMNS
    tables: Patterns = TABLES
    comments: Patterns = COMMENTS
    spared: tuple[str, ...] = ()
    keys: frozenset[str] = field(init=False, default=frozenset())
    """The LF-tag keys that mark."""

    def __post_init__(self) -> None:
        """Remember the keys."""
        object.__setattr__(self, "keys", frozenset(key for key, _ in self.tags))

    def tagged(self, tags: Tags) -> str | None:
        """Return the tag that marks an object, ``sensitivity=restricted``; None where no tag does."""
        for key in self.keys & tags.keys():
            if _marks(self.tags, key, tags[key]):
                return f"LF-tag {key}={tags[key]}"
        return None

    def parameter(self, parameters: Iterable[tuple[str, str]]) -> str | None:
        """Return the parameter that marks an object, or None."""
        for name, value in parameters:
            if _marks(self.parameters, name.lower(), value.lower()):
                return f"parameter {name.lower()}={value.lower()}"
        return None

    def column(self, name: str) -> str | None:
        """Return the kind of data that a column's name tells of, or None."""
        return _column(self, name)

    def table(self, name: str) -> str | None:
        """Return the kind of data that a table's name tells of, or None."""
        return _table(self, name)

    def comment(self, text: str) -> str | None:
        """Return the kind of data that a comment tells of, or None."""
        return _comment(self, text) if text else None


def _marks(marks: frozenset[tuple[str, str]], key: str, value: str) -> bool:
    return (key, value) in marks or ((key, "*") in marks and value not in _UNMARKED)


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


@lru_cache(maxsize=200_000)
def _column(of: Sensitivity, name: str) -> str | None:
    if any(_compiled(one).fullmatch(name) for one in of.spared):
        return None
    return _named(of.columns, name)


@lru_cache(maxsize=200_000)
def _table(of: Sensitivity, name: str) -> str | None:
    return _named(of.tables, name)


@lru_cache(maxsize=50_000)
def _comment(of: Sensitivity, text: str) -> str | None:
    return next((kind for kind, pattern in of.comments if _compiled(pattern).search(text)), None)


def _named(patterns: Patterns, name: str) -> str | None:
    """Return the first kind of which a name tells, if no other word makes a measure of it."""
    words = f"_{_SPLIT.sub('_', _CAMEL.sub('_', name).lower()).strip('_')}_"
    for kind, pattern in patterns:
        found = _compiled(pattern).search(words)
        if found is not None:
            rest = (words[: found.start()] + "_" + words[found.end() :]).split("_")
            if not MEASURES.intersection(rest):
                return kind
    return None


SHIPPED = Sensitivity()


# ------------------------------------------------------------------------------------------------------------ one lake
@dataclass(frozen=True, slots=True)
class Judged:
    """What is known of one table before its columns' names are read: is all of it sensitive, and what is not."""

    whole: str | None
    """Why every column is, those to come too."""
    marked: Mapping[str, str]
    """Columns that are marked themselves, or told of in a comment."""
    spared: frozenset[str]
    """Columns whose own tag says that they are harmless."""


_NOTHING: Mapping[str, str] = {}
_NOBODY: frozenset[str] = frozenset()


class Senses:
    """What is sensitive in one lake. Names repeat: each is read once; so do lists of columns."""

    def __init__(self, sensitivity: Sensitivity | None, view: View) -> None:
        """Take what counts as sensitive (None: what is shipped), and the lake's catalog."""
        self.sensitivity = SHIPPED if sensitivity is None else sensitivity
        self._view = view
        self._judged: dict[Table, Judged] = {}
        self._databases: dict[object, str | None] = {}
        self._told: dict[tuple[int, int], tuple[object, Mapping[str, str]]] = {}
        self._columns: dict[Table, Mapping[str, str]] = {}
        self._alike: dict[tuple[object, ...], tuple[object, Mapping[str, str]]] = {}
        self._named: dict[frozenset[str], frozenset[str]] = {}

    # ----------------------------------------------------------------------------------------------------- by one table
    def columns(self, table: Table) -> Mapping[str, str]:
        """Return a table's sensitive columns, partition keys included, each with why."""
        known = self._columns.get(table)
        if known is None:
            known = self._columns[table] = self._read(table)
        return known

    def guessed(self, table: Table) -> Mapping[str, str]:
        """Return the columns that names, comments and parameters call sensitive, whatever any tag says."""
        info = self._view.lake.tables.get(table)
        if info is None or info.columns is None:
            return _NOTHING
        whole = self._by_itself(table, info) or self.sensitivity.table(table.name)
        told = self._comments(info)
        found = {}
        for column in (*info.columns, *info.partition_keys):
            why = told.get(column.name) or self.sensitivity.column(column.name) or whole
            if why is not None:
                found[column.name] = why
        return found

    def _read(self, table: Table) -> Mapping[str, str]:
        told = self._view.columns(table)
        if told is None:
            return _NOTHING
        judged = self.judged(table)
        if judged.whole is not None:
            found = {name: judged.whole for part in told for name in part if name not in judged.spared}
            found.update((name, why) for name, why in judged.marked.items() if name in found)
            return found
        key = (id(told), id(judged.marked), judged.spared)
        if key not in self._alike:
            names = self.named(told[0]) | self.named(told[1])
            found = {name: self.sensitivity.column(name) or "" for name in names - judged.spared}
            found.update((name, why) for name, why in judged.marked.items() if name in told[0] or name in told[1])
            self._alike[key] = ((told, judged.marked), found or _NOTHING)
        return self._alike[key][1]

    def among(self, table: Table, columns: frozenset[str]) -> frozenset[str]:
        """Return those of some columns that are sensitive; they may be columns that the table does not have (yet)."""
        judged = self.judged(table)
        if judged.whole is not None:
            return columns - judged.spared if judged.spared else columns
        found = self.named(columns)
        if judged.spared:
            found -= judged.spared
        return found | (columns & judged.marked.keys()) if judged.marked else found

    def named(self, columns: frozenset[str]) -> frozenset[str]:
        """Return those of some columns whose names tell of something sensitive."""
        known = self._named.get(columns)
        if known is None:
            read = self.sensitivity.column
            known = self._named[columns] = frozenset(name for name in columns if read(name) is not None)
        return known

    def judged(self, table: Table) -> Judged:
        """Return what is known of a table before its columns' names are read."""
        known = self._judged.get(table)
        if known is None:
            known = self._judged[table] = self._judge(table)
        return known

    def _judge(self, table: Table) -> Judged:
        view, sensitivity = self._view, self.sensitivity
        info = view.lake.tables.get(table)
        tags = view.table_tags(table)
        whole = sensitivity.tagged(tags) if tags else None
        if whole is None and info is not None:
            whole = self._by_itself(table, info)
        if whole is None and not (tags and sensitivity.keys & tags.keys()):
            whole = sensitivity.table(table.name)
        marked = self._comments(info) if info is not None else _NOTHING
        spared: set[str] = set()
        own = dict[str, str]()
        for name in view.tagged_columns(table):
            held = view.column_tags(table, name)
            why = sensitivity.tagged(held)
            if why is not None:
                own[name] = why
            elif any(held[key] != tags.get(key) for key in sensitivity.keys & held.keys()):
                spared.add(name)
        if own or (spared and marked):
            marked = {name: why for name, why in {**marked, **own}.items() if name not in spared}
        return Judged(whole, marked, frozenset(spared) if spared else _NOBODY)

    def _by_itself(self, table: Table, info: TableInfo) -> str | None:
        """Return why a parameter or a description marks all of a table, or its database."""
        found = self.sensitivity.parameter(info.parameters) if info.parameters else None
        if found is None and info.description:
            found = self.sensitivity.comment(info.description)
        return found or self._by_database(table)

    def _by_database(self, table: Table) -> str | None:
        key = (table.catalog, table.database)
        if key not in self._databases:
            info = self._view.lake.databases.get(table.parent)
            self._databases[key] = None if info is None else self.sensitivity.parameter(info.parameters)
        return self._databases[key]

    def _comments(self, info: TableInfo) -> Mapping[str, str]:
        """Return the columns that comments or parameters of their own mark."""
        if info.columns is None:
            return _NOTHING
        shape = id(info.columns), id(info.partition_keys)
        known = self._told.get(shape)
        if known is None:
            found = {}
            for column in (*info.columns, *info.partition_keys):
                if column.comment or column.parameters:
                    why = self._marked(column)
                    if why is not None:
                        found[column.name] = why
            known = self._told[shape] = (info.columns, info.partition_keys), found or _NOTHING
        return known[1]

    def _marked(self, column: Column) -> str | None:
        return self.sensitivity.parameter(column.parameters) or self.sensitivity.comment(column.comment)


# --------------------------------------------------------------------------------------------------------- as settings
class SensitivityError(ValueError):
    """Settings of sensitivity that nobody understands: one line, for the person who wrote them."""


_KEYS = ("shipped", "tags", "parameters", "columns", "tables", "comments", "spared")


def settled(told: Mapping[str, Any]) -> Sensitivity:
    """Build what counts as sensitive out of settings as a person wrote them.

    ``tags`` and ``parameters`` are tables of name → value or list of values; ``columns``, ``tables``, ``comments`` and
    ``spared`` lists of patterns with ``*`` and ``?`` for whole names (for a comment: a text that it contains). They add
    to what is shipped, unless ``shipped`` is false.

    Raises:
        SensitivityError: a key or a value of another shape.

    """
    for key in told:
        if key not in _KEYS:
            raise SensitivityError(f"sensitivity has no `{key}`; it has {', '.join(f'`{one}`' for one in _KEYS)}")
    shipped = told.get("shipped", True)
    if not isinstance(shipped, bool):
        raise SensitivityError("sensitivity: `shipped` must be true or false")
    base = SHIPPED if shipped else Sensitivity(frozenset(), frozenset(), (), (), ())
    patterns = {key: _patterns(told, key) for key in ("columns", "tables", "comments", "spared")}
    return replace(
        base,
        tags=base.tags | _marked(told, "tags"),
        parameters=base.parameters | _marked(told, "parameters"),
        columns=(*(("configured", f"(?s:^_{one}_$)") for one in patterns["columns"]), *base.columns),
        tables=(*(("configured", f"(?s:^_{one}_$)") for one in patterns["tables"]), *base.tables),
        comments=(*(("configured", f"(?i){one}") for one in patterns["comments"]), *base.comments),
        spared=tuple(patterns["spared"]),
    )


def _patterns(told: Mapping[str, Any], key: str) -> list[str]:
    given = told.get(key, [])
    if not isinstance(given, list | tuple) or not all(isinstance(one, str) and one for one in given):
        raise SensitivityError(f"sensitivity: `{key}` must be a list of texts")
    if key == "comments":
        return [re.escape(one) for one in given]
    return [re.sub(r"\(\?s:(.*)\)\\[zZ]", r"\1", translate(one.lower())) for one in given]


def _marked(told: Mapping[str, Any], key: str) -> frozenset[tuple[str, str]]:
    given = told.get(key, {})
    if not isinstance(given, Mapping):
        raise SensitivityError(f"sensitivity: `{key}` must be a table of names and values")
    found = set()
    for name, values in given.items():
        listed = [values] if isinstance(values, str) else values
        if not isinstance(listed, list | tuple) or not all(isinstance(one, str) for one in listed):
            raise SensitivityError(f"sensitivity: `{key}.{name}` must be a text or a list of texts")
        found |= {(str(name).lower(), one.lower()) for one in listed}
    return frozenset(found)
