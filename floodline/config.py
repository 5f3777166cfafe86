"""``--config FILE``: the options of ``check`` as a TOML table; what stands on the command line wins."""

from __future__ import annotations

import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from floodline.errors import Usage

if TYPE_CHECKING:
    import click

_LISTS = frozenset({"state", "stack", "preview", "live", "region", "output", "role-arn"})
_TEXTS = frozenset({
    "fail-on", "min-severity", "account", "profile", "organization", "accounts", "role-name", "external-id",
    "session-name",
})  # fmt: skip
_FLAGS = frozenset({"exit-zero", "explain-equal", "quiet"})
_KNOWN = sorted(_LISTS | _TEXTS | _FLAGS)


def load(ctx: click.Context, _parameter: click.Parameter, path: str | None) -> str | None:
    """Take a file's values as defaults (click's callback of ``--config``).

    Raises:
        Usage: the file cannot be read, is no TOML, or holds a key that ``check`` does not know.

    """
    if path is None:
        return None
    try:
        told = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise Usage(f"cannot read `{path}`: {(error.strerror or str(error)).lower()}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Usage(f"{path}: not TOML: {error}") from error
    defaults: dict[str, Any] = {}
    for key, value in told.items():
        if key not in _KNOWN:
            close = get_close_matches(key, _KNOWN, n=1)
            raise Usage(f"{path}: unknown key `{key}`" + (f"; did you mean `{close[0]}`?" if close else ""))
        defaults[key.replace("-", "_")] = _checked(path, key, value)
    ctx.default_map = {**defaults, **(ctx.default_map or {})}
    return path


def _checked(path: str, key: str, value: object) -> object:
    if key in _LISTS:
        listed = [value] if isinstance(value, str) else value
        if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
            raise Usage(f"{path}: `{key}` must be a text or a list of texts")
        return tuple(listed)
    if key in _FLAGS:
        if not isinstance(value, bool):
            raise Usage(f"{path}: `{key}` must be true or false")
        return value
    if isinstance(value, list) and key == "fail-on" and all(isinstance(one, str) for one in value):
        return ",".join(value)
    if not isinstance(value, str):
        raise Usage(f"{path}: `{key}` must be a text")
    return value
