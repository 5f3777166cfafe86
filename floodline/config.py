"""``--config FILE``, else ``floodline.toml`` in the current folder: options and settings as one TOML file.

Options of the command line (``state``, ``fail-on``…) stand at the top, and what the command line says wins. The tables
``[rules.NAME]``, ``[sensitivity]``, ``[waivers]`` and ``[[review]]`` become one frozen :class:`Settings`. Files that
the tables name lie beside the configuration; those of options are meant as on the command line.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from floodline.errors import Usage
from floodline.past import Past

if TYPE_CHECKING:
    from checks.review import Stage

Command = TypeVar("Command", bound=Callable[..., Any])
Table = Mapping[str, object]

NAME = "floodline.toml"
"""The file that is taken when none is named."""

LONGEST_DAYS = 180

_LISTS = frozenset({"state", "stack", "preview", "live", "region", "output", "role-arn", "framework"})
_TEXTS = frozenset({
    "fail-on", "min-severity", "account", "profile", "organization", "accounts", "role-name", "external-id",
    "session-name",
})  # fmt: skip
_FLAGS = frozenset({"exit-zero", "explain-equal", "no-posture", "quiet"})
_TABLES = frozenset({"rules", "sensitivity", "waivers", "review"})
_KNOWN = _LISTS | _TEXTS | _FLAGS | _TABLES
_SENSITIVITY = frozenset({"tags", "parameters", "columns", "tables", "comments", "shipped", "spared"})
_STAGE = frozenset({"name", "when", "approvers", "from"})
_WHEN = frozenset({"sensitive", "severity", "rules", "databases"})


@dataclass(frozen=True, slots=True)
class Waiving:
    """What ``[waivers]`` says: where accepted findings are written down, and for how many days one may be accepted.

    ``file`` and ``baseline`` are paths that exist, or None.
    """

    file: str | None = None
    baseline: str | None = None
    longest_days: int = LONGEST_DAYS


@dataclass(frozen=True, slots=True)
class Settings:
    """A configuration file's tables. ``path`` is None where there is no file, ``found`` where nobody named it.

    ``rules`` is rule name → option → value, ``sensitivity`` key → value, both as written: their meaning is that of
    ``checks.rules`` and ``checks.sensitivity``.
    """

    path: str | None = None
    found: bool = False
    rules: Mapping[str, Table] = field(default_factory=lambda: MappingProxyType({}))
    sensitivity: Table = field(default_factory=lambda: MappingProxyType({}))
    waivers: Waiving = field(default_factory=Waiving)
    review: tuple[Stage, ...] = ()

    def mention(self, *, quiet: bool) -> None:
        """Say on stderr that a file was used which nobody named."""
        if self.found and not quiet:
            click.echo(f"settings: {NAME} of this folder", err=True)


def option(command: Command) -> Command:
    """Add ``--config``; the command gets ``settings``, and the file's other keys as defaults of its options."""
    return click.option(
        "--config",
        "settings",
        metavar="FILE",
        callback=load,
        is_eager=True,
        help=f"A TOML file with these options and more; without it {NAME} in this folder, if there is one.",
    )(command)


def load(ctx: click.Context, _parameter: click.Parameter, path: str | None) -> Settings:
    """Read the settings, and take the file's options as defaults (click's callback of ``--config``).

    Raises:
        Usage: the file cannot be read, is no TOML, or holds what nobody understands.

    """
    told = ctx.find_object(Past)
    if told is not None:
        return _as_then(told)
    found = path is None
    if path is None:
        if not Path(NAME).exists():
            return Settings()
        path = NAME
    given = document(path)
    defaults: dict[str, Any] = {}
    for key, value in given.items():
        if key not in _KNOWN:
            _unknown(path, "key", key, _KNOWN)
        if key not in _TABLES:
            defaults[key.replace("-", "_")] = _checked(path, key, value)
    ctx.default_map = {**defaults, **(ctx.default_map or {})}
    return replace(_settings(path, given), found=found, waivers=_waiving(path, given.get("waivers", {})))


def _settings(path: str, given: Table) -> Settings:
    return Settings(
        path=path,
        rules=_rules(path, given.get("rules", {})),
        sensitivity=_sensitivity(path, given.get("sensitivity", {})),
        review=_review(path, given.get("review", [])),
    )


def _as_then(told: Past) -> Settings:
    """Read the settings of a run that is performed once more: its options are told, its files lie elsewhere."""
    kept = told.settings.get("config")
    if kept is None:
        return Settings()
    given = document(kept.path)
    days = {name: value for name, value in given.get("waivers", {}).items() if name == "longest-days"}
    return replace(_settings(kept.name, given), waivers=_waiving(kept.name, days))


def document(path: str) -> dict[str, Any]:
    """Read one TOML file.

    Raises:
        Usage: it cannot be read, or is no TOML.

    """
    return parsed(path, text(path))


def text(path: str) -> str:
    """Read one text file of UTF-8.

    Raises:
        Usage: it cannot be read, or is no text.

    """
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise Usage(f"cannot read `{path}`: {(error.strerror or str(error)).lower()}") from error
    except UnicodeDecodeError as error:
        raise Usage(f"{path}: not UTF-8: {error}") from error


def parsed(path: str, told: str) -> dict[str, Any]:
    """Understand a text as TOML.

    Raises:
        Usage: it is none.

    """
    try:
        return tomllib.loads(told)
    except tomllib.TOMLDecodeError as error:
        raise Usage(f"{path}: not TOML: {_shown(str(error))}") from error
    except RecursionError as error:
        raise Usage(f"{path}: not TOML: it is nested too deeply") from error


# ------------------------------------------------------------------------------------------------------------- options
def _checked(path: str, key: str, value: object) -> object:
    if key in _LISTS:
        listed = [value] if isinstance(value, str) else value
        if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
            raise Usage(f"{path}: `{key}` must be a text or a list of texts")
        return tuple(listed)
    if key in _FLAGS:
        return _flag(path, key, value)
    if isinstance(value, list) and key == "fail-on" and all(isinstance(one, str) for one in value):
        return ",".join(value)
    if not isinstance(value, str):
        raise Usage(f"{path}: `{key}` must be a text")
    return value


# -------------------------------------------------------------------------------------------------------------- tables
def _rules(path: str, value: object) -> Mapping[str, Table]:
    given = _table(path, "rules", value)
    if not given:
        return MappingProxyType({})
    from checks.rules import discover  # noqa: PLC0415 - only where rules are set

    known = {rule.name for rule in discover()}
    found: dict[str, Table] = {}
    for name, options in given.items():
        if name not in known:
            by_id = next((rule.name for rule in discover() if rule.id == name.upper()), None)
            _unknown(path, "rule", name, known, by_id, "`floodline rules` lists them")
        where = f"rules.{name}"
        table = _table(path, where, options)
        if "enabled" in table:
            _flag(path, f"{where}.enabled", table["enabled"])
        if "severity" in table:
            _severity(path, f"{where}.severity", table["severity"])
        found[name] = MappingProxyType(dict(table))
    return MappingProxyType(found)


def _sensitivity(path: str, value: object) -> Table:
    given = _table(path, "sensitivity", value)
    for key in given:
        if key not in _SENSITIVITY:
            _unknown(path, "key of [sensitivity]", key, _SENSITIVITY)
    return MappingProxyType(dict(given))


def _waiving(path: str, value: object) -> Waiving:
    given = _table(path, "waivers", value)
    known = {"file", "baseline", "longest-days"}
    for key in given:
        if key not in known:
            _unknown(path, "key of [waivers]", key, known)
    days = given.get("longest-days", LONGEST_DAYS)
    if not isinstance(days, int) or isinstance(days, bool) or days < 1:
        raise Usage(f"{path}: `waivers.longest-days` must be a whole number of days, at least 1")
    file = _beside(path, "waivers.file", given.get("file"))
    usual = Path(path).parent / "waivers.toml"
    if file is None and usual.exists():
        file = str(usual)
    return Waiving(file, _beside(path, "waivers.baseline", given.get("baseline")), days)


def _beside(path: str, key: str, value: object) -> str | None:
    """Find a file that the configuration names: beside it, unless the name is absolute."""
    if value is None:
        return None
    if not isinstance(value, str) or not value or "\0" in value:
        raise Usage(f"{path}: `{key}` must be a file's name")
    found = Path(path).parent / value
    if not found.exists():
        raise Usage(f"{path}: `{key}`: there is no file `{_shown(value)}` beside the configuration")
    return str(found)


def _review(path: str, value: object) -> tuple[Stage, ...]:
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise Usage(f"{path}: `review` must be stages, each begun by `[[review]]`")
    stages = tuple(_stage(path, f"review {number}", one) for number, one in enumerate(value, 1))
    names = [stage.name for stage in stages]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise Usage(f"{path}: two stages of [[review]] are named `{_shown(twice)}`: give each a name of its own")
    return stages


def _stage(path: str, where: str, given: Table) -> Stage:
    from checks.review import Stage, person  # noqa: PLC0415 - only where there are stages

    for key in given:
        if key not in _STAGE:
            _unknown(path, "key of [[review]]", key, _STAGE)
    name = given.get("name")
    if not isinstance(name, str) or not name.strip():
        raise Usage(f"{path}: `{where}`: a stage must have a `name`")
    where = f"review `{_shown(name)}`"
    approvers = given.get("approvers")
    if not isinstance(approvers, int) or isinstance(approvers, bool) or approvers < 1:
        raise Usage(f"{path}: {where}: `approvers` must be a whole number, at least 1")
    who = _texts(path, f"{where}: `from`", given.get("from", []))
    if who and len({person(one) for one in who}) < approvers:
        raise Usage(f"{path}: {where}: `from` names fewer people than the {approvers} approvers that are wanted")
    when = given.get("when", {})
    if not isinstance(when, dict):
        raise Usage(f"{path}: {where}: `when` must be a table, such as {{ sensitive = true }}")
    for key in when:
        if key not in _WHEN:
            _unknown(path, f"key of `when` in {where}:", key, _WHEN)
    sensitive = when.get("sensitive")
    if sensitive is not None:
        _flag(path, f"{where}: when.sensitive", sensitive)
    severity = when.get("severity")
    rules = _texts(path, f"{where}: `when.rules`", when.get("rules", []))
    for rule in rules:
        _known_rule(path, where, rule)
    return Stage(
        name,
        approvers,
        who,
        sensitive,
        None if severity is None else _severity(path, f"{where}: when.severity", severity),
        frozenset(rules),
        tuple(one.lower() for one in _texts(path, f"{where}: `when.databases`", when.get("databases", []))),
    )


def rule_words() -> dict[str, str]:
    """Return every rule's name by its id: drift, posture, and what is found of waivers."""
    from checks.drift import KINDS  # noqa: PLC0415
    from checks.rules import discover  # noqa: PLC0415
    from checks.waivers import KINDS as WAIVERS  # noqa: PLC0415

    kinds = {kind.id: kind.name for kind in (*KINDS.values(), *WAIVERS.values())}
    return kinds | {rule.id: rule.name for rule in discover()}


def _known_rule(path: str, where: str, word: str) -> None:
    if re.fullmatch(r"FL[0-9]{3}", word):
        return
    known = rule_words()
    if word not in known.values():
        _unknown(path, f"rule in {where}:", word, known.values(), hint="`floodline rules` lists them")


# --------------------------------------------------------------------------------------------------------------- words
def _table(path: str, key: str, value: object) -> Table:
    if not isinstance(value, dict):
        raise Usage(f"{path}: `{_shown(key)}` must be a table: [{_shown(key)}]")
    return value


def _flag(path: str, key: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise Usage(f"{path}: `{_shown(key)}` must be true or false")
    return value


def _texts(path: str, where: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) and one.strip() for one in value):
        raise Usage(f"{path}: {where} must be a list of texts")
    return tuple(dict.fromkeys(value))


def _severity(path: str, key: str, value: object) -> Any:
    from checks.model import Severity  # noqa: PLC0415 - `--help` needs it not

    words = [one.word for one in sorted(Severity)]
    if not isinstance(value, str) or value not in words:
        raise Usage(f"{path}: `{_shown(key)}` must be one of {', '.join(words)}")
    return Severity[value.upper()]


def _unknown(
    path: str, what: str, word: str, known: Iterable[str], meant: str | None = None, hint: str = ""
) -> NoReturn:
    close = [meant] if meant else get_close_matches(word, sorted(known), n=1)
    there = hint or f"there are {', '.join(sorted(known))}"
    raise Usage(f"{path}: unknown {what} `{_shown(word)}`; " + (f"did you mean `{close[0]}`?" if close else there))


def _shown(words: str) -> str:
    from checks.spelling import printable  # noqa: PLC0415 - only when it went wrong

    return printable(words)
