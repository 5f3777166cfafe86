"""Where a reading is kept: the journal beside the output while it runs, the recording when it is done.

The recording appears whole or not at all. The journal, ``<output>.part``, stays where a reading breaks off, and the
same command goes on with it.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import click

from checks.live import recording
from checks.live.journal import Journal
from floodline.errors import CannotStart
from floodline.inputs import PART, RECORDINGS, header

COLLECTING = "collecting" + PART
"""In a folder: which of its recordings are done, while others are not."""


def part_of(output: str) -> Path:
    """Return where the journal of a recording is."""
    target = Path(os.path.realpath(output))
    return target.with_name(target.name + PART)


@contextmanager
def journal(output: str, scope: Sequence[str], *, fresh: bool, alone: bool = True) -> Iterator[Journal]:
    """Open the journal of *output*, or begin it; *scope* is what is read, and the same where it goes on.

    Where it is one of many (not *alone*), somebody else says what is kept.

    Raises:
        CannotStart: another run writes it, it is of something else, or it cannot be written.

    """
    part = part_of(output)
    try:
        with open(os.open(part, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:  # noqa: PTH123 - a file descriptor
            _lock(file, output)
            if fresh:
                file.truncate()
            found = _resumed(file, part, scope) or Journal(file, header(), scope)
            try:
                yield found
            except (CannotStart, KeyboardInterrupt) as error:
                if not len(found):
                    part.unlink()
                    raise
                if not alone:
                    raise
                kept = f"`{part.name}` keeps what was read, and the same command goes on from there"
                if isinstance(error, CannotStart):
                    raise CannotStart(f"{error.message}; {kept}") from error
                click.echo(kept, err=True)
                raise
    except OSError as error:
        raise CannotStart(f"cannot write `{error.filename or output}`: {_why(error)}") from error


@dataclass(frozen=True, slots=True)
class Lacking:
    """What a reading did not get: calls that were refused, with AWS's codes, and what is missing, in words."""

    refused: dict[str, str] = field(default_factory=dict)
    words: tuple[str, ...] = ()

    def __or__(self, other: Lacking) -> Lacking:
        """Unite two; what both lack is said once."""
        return Lacking(self.refused | other.refused, tuple(dict.fromkeys((*self.words, *other.words))))

    def __bool__(self) -> bool:
        """Whether anything is missing."""
        return bool(self.refused or self.words)


class Progress:
    """Which recordings of a folder are done: name → what is missing in them."""

    def __init__(self, file: IO[bytes], done: dict[str, Lacking]) -> None:
        """*file* is the folder's own note, open at its end."""
        self._file = file
        self.done = done

    def finish(self, name: str, lacking: Lacking) -> None:
        """Note that a recording stands in the folder, whole."""
        self.done[name] = lacking
        note = {"done": name, "refused": lacking.refused, "words": lacking.words}
        self._file.write(json.dumps(note).encode() + b"\n")
        self._file.flush()


@contextmanager
def folder(output: str, scope: Sequence[str], *, fresh: bool) -> Iterator[Progress]:
    """Open a folder of recordings, or make it; a run that broke off there goes on, if *scope* is the same.

    Raises:
        CannotStart: another run writes it, it is of something else, or it cannot be written.

    """
    note = Path(output) / COLLECTING
    try:
        Path(output).mkdir(parents=True, exist_ok=True)
        with open(os.open(note, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:  # noqa: PTH123 - a file descriptor
            _lock(file, output)
            if fresh:
                file.truncate()
                for left in Path(output).glob(f"*{RECORDINGS[-1]}{PART}"):
                    left.unlink()
            done = _done(file, note, scope)
            try:
                yield Progress(file, done)
            except (CannotStart, KeyboardInterrupt) as error:
                if not any(one.name.endswith(PART) and one != note for one in Path(output).iterdir()) and not done:
                    note.unlink()
                    raise
                kept = f"`{output}` keeps what was read, and the same command goes on from there"
                if isinstance(error, CannotStart):
                    raise CannotStart(f"{error.message}; {kept}") from error
                click.echo(kept, err=True)
                raise
            note.unlink()
    except OSError as error:
        raise CannotStart(f"cannot write `{error.filename or output}`: {_why(error)}") from error


def _done(file: IO[bytes], note: Path, scope: Sequence[str]) -> dict[str, Lacking]:
    """Read which recordings are done; a line that is cut is one that is not."""
    file.seek(0)
    lines = []
    whole = 0
    for line in file:
        try:
            lines.append(json.loads(line))
        except ValueError:
            break
        whole += len(line)
    if lines and (not isinstance(lines[0], dict) or lines[0].get("scope") != list(scope)):
        raise CannotStart(
            f"`{note}` is of other regions or accounts than are to be read now; begin anew with `--fresh`"
        )
    file.seek(whole)
    file.truncate()
    if not lines:
        file.write(json.dumps({"scope": list(scope)}).encode() + b"\n")
        file.flush()
    return {
        one["done"]: Lacking(one["refused"], tuple(one.get("words", ())))
        for one in lines[1:]
        if (note.parent / one["done"]).is_file()
    }


def _resumed(file: IO[bytes], part: Path, scope: Sequence[str]) -> Journal | None:
    try:
        found = Journal.resume(file, str(part))
    except recording.RecordingError as error:
        raise CannotStart(f"{error}; `--fresh` begins anew") from error
    if found is None:
        return None
    if found.scope != tuple(scope):
        raise CannotStart(
            f"`{part.name}` is of {', '.join(found.scope) or 'something else'}, which is not what is to be read now; "
            "read the same, or begin anew with `--fresh`"
        )
    now = header()
    if (found.header.tool, found.header.botocore) != (now.tool, now.botocore):
        raise CannotStart(
            f"`{part.name}` was begun by {found.header.tool} with botocore {found.header.botocore}; "
            "begin anew with `--fresh`"
        )
    return found


def _lock(file: IO[bytes], output: str) -> None:
    try:
        import fcntl  # noqa: PLC0415 - not on every system; where it is missing nothing is locked
    except ImportError:
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise CannotStart(f"another run is reading into `{output}`: wait for it, or name another file") from None


def write(journal: Journal, lakes: Iterable[tuple[str, str]], output: str) -> int:
    """Write the recording of *lakes*, in plan order, whole or not at all; give the number of answers.

    Raises:
        CannotStart: it cannot be written.

    """
    target = Path(os.path.realpath(output))
    beside = target.with_name(f".{target.name[:200]}.{secrets.token_hex(4)}.tmp")
    count = 0
    try:
        with (
            beside.open("xb") as file,
            recording.Writer(file, journal.header, recording.compression_of(target.name)) as out,
        ):
            for line in journal.lines(lakes):
                out.line(line)
                count += 1
        beside.replace(target)
    except OSError as error:
        raise CannotStart(f"cannot write `{output}`: {_why(error)}") from error
    finally:
        beside.unlink(missing_ok=True)
    return count


def _why(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
