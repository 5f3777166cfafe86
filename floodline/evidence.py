"""``-o evidence=DIR``: the run folder, from which the run can be performed once more.

Layout: ``DIR/<UTC time>_<run id>/`` holds what the report rests on (``live/``, ``declared/``, ``settings/``), the
report in every chosen format, and ``manifest.json``: the sha256 of every file, and that of the manifest of the run
before (a chain; the first has none). A run folder is made beside and renamed: it is there whole, or not at all.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol

import click
from msgspec import structs

from checks import declared
from checks.model import Evidence, Finding, Gap, Kept, Report, Run, Side
from checks.spelling import printable
from floodline import keeping
from floodline.errors import CannotStart, Usage
from floodline.past import past
from reports import formats

if TYPE_CHECKING:
    from checks.declared import Declaration, Source
    from checks.live.journal import Journal
    from floodline.inputs import Read
    from floodline.outputs import Output

NAME = "evidence"
SCHEMA = "floodline/evidence/v1"
MANIFEST = "manifest.json"
RUN_FOLDER = re.compile(r"[0-9]{8}T[0-9]{6}Z_[0-9A-Za-z-]{1,64}")

_LEFT = re.compile(r"\.[0-9a-f]{16}\.part")
_PACKED = 8 << 20
"""Bytes from which a plain document is packed."""
_ALWAYS = ("json", "html")
_REDACTED = "[redacted]"
_EXTERNAL_ID = re.compile(rb"^(\s*[\"']?external-id[\"']?\s*=\s*)[^\r\n]*", re.MULTILINE)
_PRIVATE = frozenset({"external-id"})


def canonical(value: Any) -> bytes:
    """Spell JSON in the one way that is hashed: sorted keys, no blanks, ASCII, one line end."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode() + b"\n"


def digest_of(manifest: Mapping[str, Any]) -> str:
    """Return the hash over everything that a manifest says, the hashes of all files among it."""
    said = {name: value for name, value in manifest.items() if name != "digest"}
    return hashlib.sha256(canonical(said)).hexdigest()


# ------------------------------------------------------------------------------------------------------------ the hook
class Keeper(Protocol):
    """Who keeps a run, or performs one again."""

    def journal(self, journal: Journal, lakes: Sequence[tuple[str, str]]) -> None:
        """Take what AWS answered."""

    def keep(
        self,
        report: Report,
        sources: Sequence[Source],
        declarations: Sequence[Declaration],
        read: Read | None,
        outputs: Sequence[Output],
        settings: Mapping[str, str | None],
    ) -> Report:
        """Take the run; give the report that says where each fact is kept."""


def keeper(output: Sequence[str], live: Sequence[str] = ()) -> tuple[Keeper | None, tuple[str, ...]]:
    """Take ``evidence=DIR`` out of the ``-o`` options, and make the folder ready before anything is read.

    Raises:
        Usage: it is named twice, cannot be written, or holds something else.

    """
    context = click.get_current_context()
    again = context.find_object(Rerun)
    if again is not None:
        return again, ()
    rest = tuple(one for one in output if not one.startswith(f"{NAME}="))
    named = [one.removeprefix(f"{NAME}=") for one in output if one.startswith(f"{NAME}=")]
    if not named:
        return None, rest
    if len(named) > 1:
        raise Usage("`-o evidence=` is there more than once: a run is kept in one folder")
    if not named[0] or named[0] == "-":
        raise Usage("`-o evidence=`: name a folder: evidence=DIR")
    if "-" in live:
        raise Usage("`-o evidence=` with `--live -`: what came through standard input is gone; name the file")
    folder = Folder(named[0], options(context), context.info_name or "")
    context.call_on_close(folder.close)
    return folder, rest


def options(context: click.Context) -> dict[str, Any]:
    """Return what a command was told, by the command line or a file: the option's name → its value."""
    found: dict[str, Any] = {}
    for one in context.command.params:
        if one.name is None or context.get_parameter_source(one.name) is click.core.ParameterSource.DEFAULT:
            continue
        name = max(one.opts, key=len).lstrip("-")
        value = context.params.get(one.name)
        if name in _PRIVATE:
            value = _REDACTED
        if isinstance(value, str | int | float | bool) or value is None:
            found[name] = value
        elif isinstance(value, tuple | list):
            found[name] = [str(item) for item in value]
        else:  # settings, which their file tells
            found[name] = str(getattr(value, "path", None) or "")
    return found


def arguments() -> tuple[str, ...]:
    """Return the command line that would do the same, without what nobody else should know."""
    context = click.get_current_context(silent=True)
    if context is None:
        return ()
    said = [f"{context.find_root().info_name or 'floodline'}", context.info_name or ""]
    for name, value in options(context).items():
        if value is True:
            said.append(f"--{name}")
        elif value not in (None, False, ""):
            for item in value if isinstance(value, list) else [value]:
                said += [f"--{name}", str(item)]
    return tuple(said)


# ------------------------------------------------------------------------------------------------------------- writing
class Folder:
    """A folder of run folders, open for one more."""

    def __init__(self, path: str, options: Mapping[str, Any], command: str) -> None:
        """Make it if it is missing, and see that nothing else is in it.

        Raises:
            Usage: it cannot be written, or holds something else.
            CannotStart: another run is writing to it, or its chain is broken.

        """
        self.path = Path(path)
        self._options = dict(options)
        self._command = command
        self._lock: int | None = None
        self._staged: Path | None = None
        self._live: list[Kept] = []
        self._asked = False
        try:
            made = not self.path.exists()
            if made:
                self.path.mkdir(mode=0o700)
            self._lock = _locked(self.path)
            self.previous = self._tip()
            self._staged = self.path / f".{secrets.token_hex(8)}.part"
            self._staged.mkdir(mode=0o700)
        except FileNotFoundError as error:
            raise Usage(f"cannot write `{path}`: the folder that it lies in does not exist; create it first") from error
        except NotADirectoryError as error:
            raise Usage(f"cannot write `{path}`: it is no folder; name one that is empty or not there yet") from error
        except OSError as error:
            raise Usage(f"cannot write `{path}`: {_why(error)}") from error

    def _tip(self) -> str | None:
        """Return the hash of the last manifest; take away what a run that broke off left."""
        names = []
        for one in sorted(self.path.iterdir()):
            if _LEFT.fullmatch(one.name):
                shutil.rmtree(one)
            elif RUN_FOLDER.fullmatch(one.name) and (one / MANIFEST).is_file():
                names.append(one.name)
            else:
                shown = printable(one.name)
                raise Usage(
                    f"`{self.path}` holds `{shown}`, which is no run folder: name a folder that is empty, not there "
                    "yet, or was made by `-o evidence=`"
                )
        hashes: dict[str, str | None] = {}
        for name in names:
            data = (self.path / name / MANIFEST).read_bytes()
            hashes[hashlib.sha256(data).hexdigest()] = _previous(data)
        tips = sorted(set(hashes) - {one for one in hashes.values() if one is not None})
        if len(tips) > 1 or (names and not tips):
            raise CannotStart(f"the chain of `{self.path}` is broken: `floodline verify {self.path}` says where")
        return tips[0] if tips else None

    def close(self) -> None:
        """Leave nothing half written behind."""
        if self._staged is not None:
            shutil.rmtree(self._staged, ignore_errors=True)
            self._staged = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def journal(self, journal: Journal, lakes: Sequence[tuple[str, str]]) -> None:
        """Write what AWS answered as a recording.

        Raises:
            CannotStart: it cannot be written.

        """
        target = self._place("live/01-aws.jsonl.zst")
        keeping.write(journal, lakes, str(target))
        target.chmod(0o600)
        self._live = [self._kept("live/01-aws.jsonl.zst", "recording", "what AWS answered", None)]
        self._asked = True

    def keep(
        self,
        report: Report,
        sources: Sequence[Source],
        declarations: Sequence[Declaration],
        read: Read | None,
        outputs: Sequence[Output],
        settings: Mapping[str, str | None],
    ) -> Report:
        """Write the run folder, and give the report as it stands there.

        Raises:
            CannotStart: something cannot be written, or changed while it was read.

        """
        assert self._staged is not None
        try:
            return self._write(report, sources, declarations, read, outputs, settings)
        except declared.StateError as error:
            raise CannotStart(str(error)) from error
        except OSError as error:
            raise CannotStart(f"cannot write the evidence to `{self.path}`: {_why(error)}") from error

    def _write(
        self,
        report: Report,
        sources: Sequence[Source],
        declarations: Sequence[Declaration],
        read: Read | None,
        outputs: Sequence[Output],
        settings: Mapping[str, str | None],
    ) -> Report:
        assert self._staged is not None
        told = [self._declared(number, source) for number, source in enumerate(sources, 1)]
        live = self._live or self._recordings(read)
        given = {name: path for name, path in settings.items() if path is not None}
        named = [self._setting(number, path) for number, path in enumerate(given.values(), 1)]
        name = f"{re.sub('[-:]', '', report.run.started)}_{report.run.id}"
        run = replace(report.run, folder=name, kept=(*live, *told, *named))
        report = placed(replace(report, run=run), declarations, sources, read)
        for path, data in rendered(report, [one.form for one in outputs]):
            with self._open(path) as file:
                file.write(data)
        manifest = self._manifest(report, sources, live, told, list(zip(given, named, strict=True)))
        with self._open(MANIFEST) as file:
            file.write(canonical(manifest))
            file.flush()
            os.fsync(file.fileno())
        self._staged.rename(self.path / name)
        self._staged = None
        return report

    def _declared(self, number: int, source: Source) -> Kept:
        safe = declared.redact(source)
        size = sum(len(one) for one in safe.pieces)
        start = bytes(safe.pieces[0][:4]) if safe.pieces else b""
        packing = ".gz" if start[:2] == b"\x1f\x8b" else ".zst" if start == b"\x28\xb5\x2f\xfd" else ""
        pack = not packing and size > _PACKED
        stem = re.sub(r"\.(gz|zst|json)", "", Path(source.name).name)
        path = f"declared/{number:02}-{_plain(stem)}.json{packing or ('.zst' if pack else '')}"
        with self._open(path) as file:
            if pack:
                import zstandard  # noqa: PLC0415 - only for large documents

                with zstandard.ZstdCompressor(level=3, write_checksum=True).stream_writer(file, closefd=False) as out:
                    for piece in safe.pieces:
                        for at in range(0, len(piece), 1 << 20):
                            out.write(piece[at : at + (1 << 20)])
            else:
                file.writelines(safe.pieces)
        original = hashlib.sha256(source.data).hexdigest()
        return self._kept(path, source.kind, source.name, original, safe.removed)

    def _recordings(self, read: Read | None) -> list[Kept]:
        found = []
        for number, source in enumerate(read.sources if read is not None else (), 1):
            path = f"live/{number:02}-{_plain(Path(source.name).name)}"
            with Path(source.name).open("rb") as given, self._open(path) as file:
                shutil.copyfileobj(given, file, 1 << 20)
            kept = self._kept(path, source.kind, source.name, source.sha256)
            if source.sha256 is not None and kept.sha256 != source.sha256:
                raise CannotStart(f"`{source.name}` changed while it was read: what was compared is gone; run it again")
            found.append(kept)
        return found

    def _setting(self, number: int, given: str) -> Kept:
        path = f"settings/{number:02}-{_plain(Path(given).name)}"
        data = Path(given).read_bytes()
        safe, removed = _EXTERNAL_ID.subn(rb'\1"' + _REDACTED.encode() + b'"', data)
        with self._open(path) as file:
            file.write(safe)
        return self._kept(path, "settings", given, hashlib.sha256(data).hexdigest(), removed)

    def _manifest(
        self,
        report: Report,
        sources: Sequence[Source],
        live: Sequence[Kept],
        told: Sequence[Kept],
        named: Sequence[tuple[str, Kept]],
    ) -> dict[str, Any]:
        assert self._staged is not None
        run = report.run
        files = []
        for path in sorted(one for one in self._staged.rglob("*") if one.is_file()):
            name = path.relative_to(self._staged).as_posix()
            files.append({"path": name, "bytes": path.stat().st_size, "sha256": sha256(path)})
        manifest: dict[str, Any] = {
            "schema": SCHEMA,
            "run": {
                "id": run.id,
                "folder": run.folder,
                "command": self._command,
                "started": run.started,
                "finished": run.finished,
                "tool_version": run.tool_version,
                "botocore_version": run.botocore_version,
                "python_version": platform.python_version(),
            },
            "previous": self.previous,
            "options": self._options,
            "outcome": {
                "exit_code": int(report.exit_code),
                "verdict": report.verdict,
                "complete": report.complete,
                "findings": len(report.findings),
            },
            "inputs": {
                "declared": [
                    {"file": kept.path, "kind": source.kind, "name": source.name, "sha256": kept.original}
                    for source, kept in zip(sources, told, strict=True)
                ],
                "live": [{"file": one.path, "name": one.name, "sha256": one.original} for one in live],
                "asked": self._asked,
                "settings": [{"option": name, "file": one.path, "name": one.name} for name, one in named],
            },
            "files": files,
        }
        return {**manifest, "digest": digest_of(manifest)}

    def _place(self, path: str) -> Path:
        assert self._staged is not None
        target = self._staged / path
        target.parent.mkdir(mode=0o700, exist_ok=True)
        return target

    def _open(self, path: str) -> IO[bytes]:
        opened = os.open(self._place(path), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        return open(opened, "wb")  # noqa: PTH123 - a file descriptor

    def _kept(self, path: str, kind: str, name: str, original: str | None, removed: int = 0) -> Kept:
        target = self._place(path)
        return Kept(path, kind, name, sha256(target), target.stat().st_size, original, removed)


def rendered(report: Report, forms: Iterable[formats.Format]) -> Iterator[tuple[str, bytes]]:
    """Give the report in every format of the folder: name of the file, and its bytes."""
    for form in dict.fromkeys((*map(formats.load, _ALWAYS), *forms)):
        data = form.render(report)
        yield file_of(form), data.encode("utf-8", "backslashreplace") if isinstance(data, str) else data


def file_of(form: formats.Format) -> str:
    """Name the file of a format: no two are the same."""
    suffix = form.suffixes[0] if form.suffixes else ""
    return f"report{suffix}" if form.name in _ALWAYS else f"report.{form.name}{suffix}"


def sha256(path: Path) -> str:
    """Hash a file piece by piece."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _previous(manifest: bytes) -> str | None:
    try:
        found = json.loads(manifest)
    except (ValueError, RecursionError):
        return None
    said = found.get("previous") if isinstance(found, dict) else None
    return said if isinstance(said, str) else None


def _locked(path: Path) -> int | None:
    try:
        import fcntl  # noqa: PLC0415 - not on every system; where it is missing nothing is locked
    except ImportError:
        return None
    opened = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(opened)
        raise CannotStart(f"another run is writing to `{path}`: wait for it, or name another folder") from None
    except OSError:
        os.close(opened)
        raise
    return opened


def _plain(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip(".-")[-80:] or "unnamed"


def _why(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


# ---------------------------------------------------------------------------------------------- where each fact is kept
def placed(report: Report, declarations: Sequence[Declaration], sources: Sequence[Source], read: Read | None) -> Report:
    """Name the file of the folder beside each piece of evidence; one that cannot be told apart is left without."""
    kept = report.run.kept
    recordings = [one.path for one in kept if one.kind == "recording"]
    documents = [one for one in kept if one.kind in {"state", "preview"}]
    by_name = {source.name: one.path for source, one in zip(sources, documents, strict=True)}
    pieces = [one for finding in report.findings for one in finding.evidence]
    pieces += [gap.evidence for gap in report.gaps if gap.evidence is not None]
    wanted = {(one.urn, one.pointer) for one in pieces if one.source is Side.DECLARED}
    told: dict[tuple[str | None, str], str | None] = {}
    for declaration in declarations if wanted else ():
        for one in declaration.resources:
            key = one.entry.resource.urn, one.entry.pointer
            if key in wanted:
                told[key] = by_name.get(one.entry.source)
    homes = read.homes if read is not None and len(recordings) > 1 else ()

    def recorded(home: tuple[str, str] | None) -> str | None:
        fits = [path for path, has in zip(recordings, homes, strict=True) if home in has] if homes else recordings
        return fits[0] if len(fits) == 1 else None

    def marked(one: Evidence, home: tuple[str, str] | None) -> Evidence:
        if one.source is Side.DECLARED:
            return structs.replace(one, file=told.get((one.urn, one.pointer)))
        return structs.replace(one, file=None if one.line is None else recorded(home))

    def found(one: Finding) -> Finding:
        home = one.subject.lake.account, one.subject.lake.region
        return replace(one, evidence=tuple(marked(piece, home) for piece in one.evidence))

    def dark(one: Gap) -> Gap:
        return one if one.evidence is None else replace(one, evidence=marked(one.evidence, None))

    return replace(
        report,
        findings=tuple(found(one) for one in report.findings),
        gaps=tuple(dark(one) for one in report.gaps),
    )


# ------------------------------------------------------------------------------------------------------ performed again
@dataclass(slots=True)
class Rerun:
    """Takes the report of a run that is performed once more, as it would stand in its folder.

    ``run`` puts the metadata of then in place of today's.
    """

    run: Callable[[Run], Run]
    report: Report | None = None

    def journal(self, journal: Journal, lakes: Sequence[tuple[str, str]]) -> None:
        """Nothing is asked again."""

    def keep(
        self,
        report: Report,
        sources: Sequence[Source],
        declarations: Sequence[Declaration],
        read: Read | None,
        outputs: Sequence[Output],  # noqa: ARG002
        settings: Mapping[str, str | None],  # noqa: ARG002
    ) -> Report:
        """Keep the report for whoever asked."""
        assert past() is not None
        self.report = placed(replace(report, run=self.run(report.run)), declarations, sources, read)
        return self.report
