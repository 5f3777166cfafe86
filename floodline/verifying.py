"""Hold an evidence folder to its manifests, and its findings to what they were made from.

First the chain and every file: a byte that differs, a file that is missing or was put there is named. Then each run is
performed once more from what is kept in it, at the time of then, and what it says is compared with what it said.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from checks.declared import Source
from checks.model import Kept, Report, Run, SourceInfo
from checks.spelling import printable
from floodline import __version__, evidence, past
from floodline.errors import CannotStart
from floodline.inputs import document
from reports import formats

if TYPE_CHECKING:
    from collections.abc import Iterable

_PATH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)?")
_HASH = re.compile(r"[0-9a-f]{64}")
_REPORT = "report.json"
_ELSEWHERE = frozenset({
    "live", "record", "output", "profile", "role-arn", "external-id", "session-name", "organization", "accounts",
    "role-name", "concurrency", "max-rps", "quiet", "config", "waivers", "baseline",
})  # fmt: skip
"""Options that say where to read or write, or how fast: what they led to is in the folder."""
_SAID = 20
"""Differences of one run that are told one by one."""


@dataclass(slots=True)
class Checked:
    """What was found of one run folder. ``faults`` are lines that name the file or finding, ``notes`` no faults."""

    name: str
    files: int = 0
    findings: int | None = None
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Kept:
    """A run folder's manifest, and the hash that the next one names."""

    path: Path
    checked: Checked
    sha256: str
    manifest: dict[str, Any] | None


def verify(path: str, run: str | None = None) -> tuple[list[str], list[Checked]]:
    """Check a folder that ``-o evidence=DIR`` wrote: faults of the chain, and each run's in the order of their time.

    With *run* (an id, or a run folder's name) only the files of that one are looked at, and the whole chain.

    Raises:
        CannotStart: this is no evidence folder, or it has no such run.

    """
    folder = Path(path)
    try:
        names = sorted(one.name for one in folder.iterdir())
        runs = [_opened(folder / name) for name in names if evidence.RUN_FOLDER.fullmatch(name)]
    except OSError as error:
        raise CannotStart(f"cannot read `{path}`: {(error.strerror or str(error)).lower()}") from error
    if not runs:
        hint = "; it is one run of one: name the folder above" if evidence.MANIFEST in names else ""
        raise CannotStart(f"`{path}` is no evidence folder: it holds no run{hint}")
    chosen = [one for one in runs if run is None or run in {one.checked.name, one.checked.name.partition("_")[2]}]
    if not chosen:
        raise CannotStart(f"`{path}` holds no run `{run}`")
    chain = [
        f"`{printable(name)}` is no run folder: no manifest tells of it"
        for name in names
        if not evidence.RUN_FOLDER.fullmatch(name)
    ]
    chain += _chain(runs)
    try:
        for one in chosen:
            _files(one)
            if not one.checked.faults and one.manifest is not None:
                _perform(one)
    except OSError as error:
        raise CannotStart(f"cannot read `{error.filename}`: {(error.strerror or str(error)).lower()}") from error
    return chain, [one.checked for one in chosen]


# ------------------------------------------------------------------------------------------------------------ manifests
def _opened(path: Path) -> _Kept:
    checked = Checked(path.name)
    found = _Kept(path, checked, "", None)
    file = path / evidence.MANIFEST
    if path.is_symlink() or not path.is_dir() or file.is_symlink() or not file.is_file():
        checked.faults.append(f"{path.name}/{evidence.MANIFEST} is missing, or no file")
        return found
    data = file.read_bytes()
    found.sha256 = hashlib.sha256(data).hexdigest()
    why = ""
    try:
        told = json.loads(data)
        why = _odd(told, data, path.name)
    except (ValueError, RecursionError):
        why = "it is not JSON"
    if why:
        checked.faults.append(f"{path.name}/{evidence.MANIFEST} was changed: {why}")
    else:
        found.manifest = told
    return found


def _odd(told: Any, data: bytes, name: str) -> str:
    """Say why this is no manifest that floodline wrote; empty if it may be."""
    if not isinstance(told, dict) or told.get("schema") != evidence.SCHEMA:
        return f"it is no `{evidence.SCHEMA}`"
    try:
        spelt = evidence.canonical(told)
    except (ValueError, RecursionError):
        return "it is not spelt as floodline spells it"
    if spelt != data:
        return "it is not spelt as floodline spells it"
    if told.get("digest") != evidence.digest_of(told):
        return "what it says does not have the hash that it names"
    if told.get("run", {}).get("folder") != name:
        return f"it is of the run folder `{printable(str(told.get('run', {}).get('folder')))}`"
    paths = [one.get("path") for one in told.get("files", [])]
    if not all(isinstance(one, str) and _PATH.fullmatch(one) for one in paths) or len(set(paths)) != len(paths):
        return "it names files that floodline would not write"
    return ""


def _chain(runs: Sequence[_Kept]) -> Iterator[str]:
    """Follow the hashes from run to run: each names one that is there, and no two the same."""
    known = {one.sha256: one for one in runs}
    named: dict[str | None, str] = {}
    for one in runs:
        if one.manifest is None:
            continue
        place = f"{one.checked.name}/{evidence.MANIFEST}"
        before = one.manifest.get("previous")
        if before is not None and before not in known:
            yield f"{place} names a run before it (sha256 {printable(str(before))}) that is missing or was changed"
        elif before in named:
            what = "is the first of the chain" if before is None else "comes after the same run"
            yield f"{place} {what}, as does {named[before]}: one of them does not belong here"
        named.setdefault(before, place)
    if None not in named and all(one.manifest is not None for one in runs):
        yield "the first run of the chain is missing"


# ---------------------------------------------------------------------------------------------------------------- files
def _files(run: _Kept) -> None:
    """Compare what is there with the manifest: names, sizes and hashes."""
    if run.manifest is None:
        return
    checked, name = run.checked, run.checked.name
    told = {one["path"]: one for one in run.manifest["files"]}
    found = set()
    for path in sorted(run.path.rglob("*")):
        inside = path.relative_to(run.path).as_posix()
        if path.is_dir() and not path.is_symlink() and any(one.startswith(f"{inside}/") for one in told):
            continue
        found.add(inside)
        if inside == evidence.MANIFEST:
            continue
        if inside not in told:
            checked.faults.append(f"{name}/{printable(inside)} is not of this run: no manifest tells of it")
        elif path.is_symlink() or not path.is_file():
            checked.faults.append(f"{name}/{inside} is no file")
        elif path.stat().st_size != told[inside]["bytes"]:
            size = f"{path.stat().st_size:,} bytes instead of {told[inside]['bytes']:,}"
            checked.faults.append(f"{name}/{inside} was changed: {size}")
        elif evidence.sha256(path) != told[inside]["sha256"]:
            checked.faults.append(f"{name}/{inside} was changed: its sha256 is another one")
        else:
            checked.files += 1
    checked.faults += [f"{name}/{one} is missing" for one in sorted(set(told) - found)]


# ----------------------------------------------------------------------------------------------------- performed again
def _perform(run: _Kept) -> None:
    """Perform a run once more, from its own inputs and at its own time, and compare every byte that it wrote."""
    assert run.manifest is not None
    checked, told = run.checked, run.manifest["run"]
    made = (told["tool_version"], told["botocore_version"])
    alike = made == (__version__, version("botocore"))
    if not alike:
        checked.notes.append(
            f"made by floodline {made[0]} with botocore {made[1]}, performed again by floodline {__version__} with "
            f"botocore {version('botocore')}: differences may be theirs"
        )
    before = json.loads((run.path / _REPORT).read_bytes())
    try:
        report = _again(run, before["run"])
    except click.ClickException as error:
        checked.faults.append(f"{checked.name} cannot be performed again: {printable(error.format_message())}")
        return
    checked.findings = len(report.findings)
    names = [one["path"] for one in run.manifest["files"]]
    forms = {evidence.file_of(one): one for one in formats.discover().values()}
    chosen = [form for name, form in forms.items() if name in names]
    written = dict(evidence.rendered(report, chosen if alike else ()))
    faults = list(_differences(before, json.loads(written[_REPORT])))
    if not faults and alike:
        for name in (one for one in names if one.startswith("report.")):
            if name not in written:
                checked.notes.append(f"{name} was not written again: this floodline does not know its format")
            elif (run.path / name).read_bytes() != written[name]:
                faults.append(f"{name} says something else than what it was made from")
    checked.faults += [f"{checked.name}/{one}" for one in faults[:_SAID]]
    if len(faults) > _SAID:
        checked.faults.append(f"{checked.name}: and {len(faults) - _SAID:,} more differences")


def _again(run: _Kept, before: Mapping[str, Any]) -> Report:
    assert run.manifest is not None
    inputs, told = run.manifest["inputs"], run.manifest["run"]
    given = past.Past(
        at=datetime.strptime(told["started"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC),
        declared=tuple(
            Source(one["kind"], one["name"], document(str(run.path / one["file"]))) for one in inputs["declared"]
        ),
        recordings=tuple(str(run.path / one["file"]) for one in inputs["live"]),
        asked=inputs["asked"],
        settings={one["option"]: past.Kept(str(run.path / one["file"]), one["name"]) for one in inputs["settings"]},
    )
    taker = evidence.Rerun(lambda now: _as_then(now, before))
    name = told["command"]
    if name not in {"check", "gate"}:
        raise CannotStart(f"this floodline does not keep runs of `{printable(str(name))}`")
    command: click.Command = importlib.import_module(f"floodline.commands.{name}").command
    above = click.Context(click.Command("verify"), obj=taker)
    silent = io.StringIO()
    with (
        contextlib.redirect_stderr(silent),
        contextlib.redirect_stdout(silent),
        command.make_context(name, list(_arguments(run.manifest)), parent=above, obj=given) as context,
    ):
        command.invoke(context)
    assert taker.report is not None
    return taker.report


def _arguments(manifest: Mapping[str, Any]) -> Iterator[str]:
    """Give the options of then; the files they name are the kept ones."""
    for name, value in manifest["options"].items():
        if name in _ELSEWHERE:
            continue
        if value is True:
            yield f"--{name}"
        elif value not in (None, False):
            for item in value if isinstance(value, list) else [value]:
                yield f"--{name}={item}"
    for one in manifest["inputs"]["live"][:1]:
        yield f"--live={one['name']}"


def _as_then(now: Run, before: Mapping[str, Any]) -> Run:
    """Put the run's own metadata of then in place of today's; who called is what the answers say."""
    folder = before.get("evidence") or {}
    return replace(
        now,
        id=before["id"],
        started=before["started"],
        finished=before["finished"],
        tool_version=before["tool_version"],
        botocore_version=before["botocore_version"],
        declared_sources=_sources(before["declared_sources"]),
        live_sources=_sources(before["live_sources"]),
        arguments=tuple(before.get("arguments", ())),
        folder=folder.get("folder"),
        kept=tuple(
            Kept(one["path"], one["kind"], one["name"], one["sha256"], one["bytes"], one["original_sha256"],
                 one["removed"])
            for one in folder.get("files", ())
        ),
    )  # fmt: skip


def _sources(given: Iterable[Mapping[str, Any]]) -> tuple[SourceInfo, ...]:
    return tuple(SourceInfo(one["kind"], one["name"], one["stack"], one["sha256"]) for one in given)


# ---------------------------------------------------------------------------------------------------------- differences
def _differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """Say how two reports differ, finding by finding; from the outcome on, in canonical JSON."""
    names = [one for one in dict.fromkeys((*before, *after)) if one not in {"schema", "run"}]
    yield from _findings(before.get("findings", []), after.get("findings", []))
    for name in names:
        if name == "findings" or evidence.canonical(before.get(name)) == evidence.canonical(after.get(name)):
            continue
        then, now = before.get(name), after.get(name)
        if isinstance(then, list) and isinstance(now, list):
            lines = {evidence.canonical(one) for one in then} ^ {evidence.canonical(one) for one in now}
            what = f"{len(lines):,} of its entries differ" if lines else "the order of its entries differs"
            yield f"{_REPORT}: `{name}`: {what}"
        else:
            yield f"{_REPORT}: `{name}` was {_short(then)}, and is {_short(now)}"
    if evidence.canonical(before["run"]["caller"]) != evidence.canonical(after["run"]["caller"]):
        yield f"{_REPORT}: `run.caller` was {_short(before['run']['caller'])}, and is {_short(after['run']['caller'])}"


def _findings(before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    then, now = {one["id"]: one for one in before}, {one["id"]: one for one in after}
    for name in then.keys() - now.keys():
        yield f"{_REPORT}: finding {name} is not found again: {printable(str(then[name]['message']))}"
    for name in now.keys() - then.keys():
        yield f"{_REPORT}: finding {name} was not told: {printable(str(now[name]['message']))}"
    for name, one in then.items():
        other = now.get(name, one)
        if evidence.canonical(one) != evidence.canonical(other):
            members = [key for key in dict.fromkeys((*one, *other)) if one.get(key) != other.get(key)]
            yield f"{_REPORT}: finding {name} differs in {', '.join(members) or 'the order of its members'}"
    same = set(then) == set(now) and len(before) == len(then)
    if same and [one["id"] for one in before] != [one["id"] for one in after]:
        yield f"{_REPORT}: the findings stand in another order"


def _short(value: Any) -> str:
    text = printable(json.dumps(value, sort_keys=True))
    return text if len(text) <= 120 else f"{text[:120]}…"
