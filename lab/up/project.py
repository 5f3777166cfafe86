"""Pulumi.yaml and Pulumi.<stack>.yaml: the project's name, its program's folder and the stack's configuration.

Shapes follow what the Pulumi command line accepts: keys without a namespace belong to the project; a value that is no
scalar travels as JSON text; `secure:` values are opened with the passphrase of the environment.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml  # type: ignore[import-untyped]

from lab.up.errors import ProjectError
from lab.up.sealing import Vault

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Project:
    """One project with one stack's configuration; `config` maps `namespace:key` to text."""

    name: str
    root: Path
    program: Path
    config: Mapping[str, str] = field(default_factory=dict)
    secret_keys: frozenset[str] = frozenset()


def read(root: Path, stack: str, overrides: Mapping[str, str] | None = None) -> Project:
    """Read the project in `root` for `stack`; `overrides` win over both files.

    Raises ProjectError when a file is missing or malformed, or a secret cannot be opened.
    """
    root = root.resolve()
    typed, _ = _load(root / "Pulumi.yaml", required=True)
    name = typed.get("name")
    if not isinstance(name, str) or not name:
        raise ProjectError(f"`{root / 'Pulumi.yaml'}` has no `name`")
    runtime = typed.get("runtime")
    language = runtime.get("name") if isinstance(runtime, dict) else runtime
    if language != "python":
        raise ProjectError(f"`{root / 'Pulumi.yaml'}`: runtime `{language}` is not `python`")
    config, secret = _defaults(root / "Pulumi.yaml", name)
    folder = root / str(typed.get("stackConfigDir") or "")
    more, more_secret = _stack(folder / f"Pulumi.{stack}.yaml", name)
    config |= more
    secret = (secret - more.keys()) | more_secret
    for key, value in (overrides or {}).items():
        full = _full(key, name)
        config[full] = value
        secret.discard(full)
    return Project(name, root, (root / str(typed.get("main") or "")).resolve(), config, frozenset(secret))


def _load(path: Path, *, required: bool) -> tuple[dict[str, Any], dict[str, Any]]:
    """The file twice: with YAML's types, and with every scalar as the text that stands there."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        if required:
            raise ProjectError(f"`{path}` not found; give the folder that holds the Pulumi project") from None
        return {}, {}
    except OSError as error:
        raise ProjectError(f"cannot read `{path}`: {error.strerror}") from None
    try:
        typed = yaml.safe_load(text)
        plain = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506  the base loader builds text, lists and maps only
    except yaml.YAMLError as error:
        raise ProjectError(f"`{path}` is not YAML: {str(error).splitlines()[0]}") from None
    if typed is None:
        return {}, {}
    if not isinstance(typed, dict):
        raise ProjectError(f"`{path}` is not a mapping")
    return typed, plain


def _full(key: str, project: str) -> str:
    return key if ":" in key else f"{project}:{key}"


def _text(typed: Any, plain: Any) -> str:
    """A configuration value as the program receives it: `0123` stays `0123`, a list becomes JSON."""
    return plain if isinstance(plain, str) else json.dumps(typed, separators=(",", ":"), default=str)


def _section(path: Path, typed: dict[str, Any], plain: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    section = typed.get("config") or {}
    if not isinstance(section, dict):
        raise ProjectError(f"`{path}`: `config` is not a mapping")
    return [(str(key), value, plain["config"].get(str(key))) for key, value in section.items()]


def _defaults(path: Path, project: str) -> tuple[dict[str, str], set[str]]:
    config: dict[str, str] = {}
    for key, typed, plain in _section(path, *_load(path, required=True)):
        for wanted in ("value", "default"):
            if isinstance(typed, dict) and wanted in typed:
                config[_full(key, project)] = _text(typed[wanted], plain[wanted])
                break
        else:
            if not isinstance(typed, dict):
                config[_full(key, project)] = _text(typed, plain)
    return config, set()


def _stack(path: Path, project: str) -> tuple[dict[str, str], set[str]]:
    config: dict[str, str] = {}
    secret: set[str] = set()
    typed_file, plain_file = _load(path, required=False)
    vault: Vault | None = None
    for key, typed, plain in _section(path, typed_file, plain_file):
        full = _full(key, project)
        if not (isinstance(typed, dict) and set(typed) == {"secure"}):
            config[full] = _text(typed, plain)
            continue
        if vault is None:
            vault = _vault(path, typed_file)
        config[full] = vault.open_text(str(typed["secure"]), where=f"`{path}`, `{key}`")
        secret.add(full)
    return config, secret


def _vault(path: Path, typed: dict[str, Any]) -> Vault:
    salt = typed.get("encryptionsalt")
    passphrase = os.environ.get("PULUMI_CONFIG_PASSPHRASE")
    if not isinstance(salt, str):
        raise ProjectError(
            f"`{path}` has a secure value but no `encryptionsalt`; only passphrase secrets can be opened"
        )
    if passphrase is None:
        raise ProjectError(f"`{path}` has a secure value; set PULUMI_CONFIG_PASSPHRASE to open it")
    return Vault(passphrase, salt)
