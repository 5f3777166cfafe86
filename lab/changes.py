"""Changes of the example program as pull requests bring them: one harmless, and four that open the lake.

Each is an edit of ``__main__.py``: a text that stands there once, and what is put in its place.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from difflib import unified_diff
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_PROGRAM = "__main__.py"
_PARTS = ("Pulumi.yaml", "Pulumi.dev.yaml", _PROGRAM, "lake")


@dataclass(frozen=True, slots=True)
class Change:
    """One pull request. ``exit_code`` is what a gate with default thresholds ends with; ``opens`` says what it finds.

    ``opens`` are words of the finding's sentence: who gains what, or nothing.
    """

    name: str
    title: str
    story: str
    old: str
    new: str
    exit_code: int
    opens: str = ""

    def write(self, project: Path, folder: Path) -> list[str]:
        """Copy the program of *project* into *folder*, which must not be there, with the change in it.

        Returns the lines of the difference. Raises LookupError if the program no longer has what is changed.
        """
        folder.mkdir(parents=True)
        for part in _PARTS:
            if (project / part).is_dir():
                shutil.copytree(project / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
            elif (project / part).exists():
                shutil.copy(project / part, folder / part)
        before = (folder / _PROGRAM).read_text(encoding="utf-8")
        if before.count(self.old) != 1:
            raise LookupError(f"`{_PROGRAM}` does not have what `{self.name}` changes, or has it more than once")
        after = before.replace(self.old, self.new)
        (folder / _PROGRAM).write_text(after, encoding="utf-8")
        found = unified_diff(before.splitlines(), after.splitlines(), _PROGRAM, _PROGRAM, n=0, lineterm="")
        return [line for line in found if not line.startswith(("---", "+++"))]


_LAST = '            Column("correction_rate", "double", "Share of key presses that delete"),\n'

CHANGES = (
    Change(
        "better-words",
        "describe a table better",
        "A description changes. Nobody gains anything, so nobody is asked.",
        'description="Every key press on a work device",',
        'description="Every key press on a work device, as its agent sends it",',
        0,
    ),
    Change(
        "new-column",
        "keep what was copied beside what was typed",
        "keystroke_sessions gets a column. The training role reads all columns but two that are named, so it would "
        "read the clipboard as well.",
        _LAST,
        f'{_LAST}            Column("clipboard_text", "string", "What was copied, in clear"),\n',
        3,
        "SELECT telemetry_curated.keystroke_sessions.clipboard_text",
    ),
    Change(
        "dropped-override",
        "tidy up the tags of message_features",
        "The table's own tag is taken for a repetition of its database's, which is weaker: the analysts' tag grant "
        "would reach it.",
        'tags={"sensitivity": "confidential", "domain": "messages"},\n        column_tags={"embedding"',
        'tags={"domain": "messages"},\n        column_tags={"embedding"',
        3,
        "role/analyst SELECT training_features.message_features",
    ),
    Change(
        "new-admin",
        "let the engineers help themselves",
        "A role becomes an administrator of the lake, and may from then on grant anything to anyone.",
        'admins=[role["lake-admin"]],',
        'admins=[role["lake-admin"], role["ml-engineer"]],',
        3,
        "role/ml-engineer is in DataLakeAdmins",
    ),
    Change(
        "wider-filter",
        "the consent flag is checked upstream now",
        "The row filter loses half of its condition: messages of people who did not agree would be shown.",
        "where=\"region = 'emea' AND consent = true\",",
        "where=\"region = 'emea'\",",
        3,
        "role/analyst SELECT telemetry_curated.message_threads",
    ),
)
