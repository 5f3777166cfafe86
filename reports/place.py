"""The line of the Pulumi program that a finding rests on. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from checks.model import Side

if TYPE_CHECKING:
    from checks.model import Finding


@dataclass(frozen=True, slots=True)
class Line:
    """A file of the program, relative to its root, and a line from 1 (None where only the file is known)."""

    file: str
    number: int | None

    def __str__(self) -> str:
        return self.file if self.number is None else f"{self.file}:{self.number}"


def program(finding: Finding) -> Line | None:
    """Return the first line of the program that a finding's evidence names (``__main__.py#66``), or None."""
    for one in finding.evidence:
        if one.source is Side.DECLARED and one.position:
            file, _, number = one.position.rpartition("#")
            if file and number.isascii() and number.isdigit() and int(number[:9]) > 0:
                return Line(file, int(number[:9]))
            return Line(one.position, None)
    return None
