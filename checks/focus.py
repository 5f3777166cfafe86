"""One question about a lake, for readers that need not read everything: who, on which table.

A reader that is given a ``Focus`` leaves out what certainly does not bear on the question: other people's grants, other
tables, their tags, filters and partitions. It leaves out only what it can name; whatever it cannot name it reads.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from checks import normal
from checks.model import EVERYONE, Principal
from checks.principals import Kind, kind_of, role_name

_GROUPS = frozenset({Kind.EVERYONE, Kind.ACCOUNT_PRINCIPALS, Kind.FUNCTION})
"""Whoever asks, the principal may be among them (``principals.groups_of``), or execute it."""


@dataclass(frozen=True, slots=True)
class Focus:
    """The question, and the names that were passed over while it was answered.

    ``principal`` is as the user wrote it: an ARN, or the end of one (``role/marketing``, ``marketing``). ``database``
    and ``table`` are in lower case. ``people`` and ``passed`` (databases and tables, in any case) fill up while
    somebody reads: they are for saying what was perhaps meant.
    """

    principal: str
    database: str
    table: str
    people: set[str] = field(default_factory=set, compare=False)
    passed: list[tuple[str, str]] = field(default_factory=list, compare=False)
    _known: dict[str, bool] = field(default_factory=dict, compare=False, repr=False)

    def concerns(self, name: str) -> bool:
        """Whether what is granted to *name* bears on the question; *name* is noted."""
        found = self._known.get(name)
        if found is None:
            who = normal.principal(name)
            found = self._known[name] = is_called(who, self.principal) or kind_of(who) in _GROUPS
            self.people.add(who)
        return found

    def is_table(self, database: str, table: str) -> bool:
        """Whether these names, in any case, are the table's; others are noted."""
        if table.lower() == self.table and database.lower() == self.database:
            return True
        self.passed.append((database, table))
        return False

    @property
    def tables(self) -> set[str]:
        """The other tables, as ``database.table``."""
        return {f"{database}.{table}".lower() for database, table in self.passed}


def is_called(who: Principal, text: str) -> bool:
    """Whether *text* names a principal: exactly, by the end of its ARN, or as a session of a role."""
    if who == text or who.endswith(("/" + text, ":" + text)):
        return True
    if who == EVERYONE or normal.principal(text) == who:
        return normal.principal(text) == who
    return ":assumed-role/" in text and (role := role_name(text)) is not None and role_name(who) == role
