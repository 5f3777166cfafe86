"""Review stages: what configuration demands of a waiver beyond one approver. Pure.

A stage names findings (those on restricted data, say) and how many people must have approved their waiver. A waiver
that lacks an approval does not hold, and the report says who is missing.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from checks import spelling
from checks.model import Finding, Severity

_UNSEEN = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Mn", "Me"})
"""Categories of characters that leave no mark of their own (Unicode, UAX #44)."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage. A condition that is None or empty is no condition; all that are given must be met.

    ``severity`` is the least one; ``rules`` are ids or names; ``databases`` are names, ``*`` in them any text. A
    finding that lies in no one database (an admin, an LF-tag, a location) may reach each of them, so it is meant too.
    ``who`` are those whose approval counts; empty: anybody's but the author's.
    """

    name: str
    approvers: int
    who: tuple[str, ...] = ()
    sensitive: bool | None = None
    severity: Severity | None = None
    rules: frozenset[str] = frozenset()
    databases: tuple[str, ...] = ()

    def covers(self, finding: Finding) -> bool:
        """Whether a waiver of this finding needs the stage's approvals."""
        if self.sensitive is not None and self.sensitive is not (finding.reach.sensitive_columns > 0):
            return False
        if self.severity is not None and finding.severity < self.severity:
            return False
        if self.rules and not {finding.rule, finding.name} & self.rules:
            return False
        return not self.databases or self._holds(finding)

    def _holds(self, finding: Finding) -> bool:
        database = spelling.resource(finding.subject.resource)["database"]
        return database is None or any(fnmatchcase(database, pattern) for pattern in self.databases)

    def lacks(self, approvers: Iterable[str], author: str) -> str | None:
        """Say whose approval is missing; None where there are enough."""
        given = {person(one) for one in approvers} - {person(author), ""}
        counted = given & {person(one) for one in self.who} if self.who else given
        short = self.approvers - len(counted)
        if short <= 0:
            return None
        left = [one for one in self.who if person(one) not in {*counted, person(author)}]
        more = f"{short} more {'approval' if short == 1 else 'approvals'}"
        whose = f" from {_either(left)}" if left else " from somebody other than the author"
        return f"review `{spelling.printable(self.name)}` wants {more}{whose}"


def person(text: str) -> str:
    """Fold a person's name: case, blanks, widths and what nobody sees do not make another person."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    seen = (one if one.isspace() else "" if unicodedata.category(one) in _UNSEEN else one for one in folded)
    return " ".join("".join(seen).split())


def missing(stages: Iterable[Stage], finding: Finding, approvers: Collection[str], author: str) -> tuple[str, ...]:
    """Say for every stage that covers the finding what it still lacks."""
    told = (stage.lacks(approvers, author) for stage in stages if stage.covers(finding))
    return tuple(one for one in told if one is not None)


def _either(names: list[str]) -> str:
    shown = [f"`{spelling.printable(one)}`" for one in names]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} or {shown[-1]}"
