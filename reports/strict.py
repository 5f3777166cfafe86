"""JSON that the strictest reader takes. Pure."""

from __future__ import annotations

import json
import re
from typing import Any, Final

_HALF: Final = re.compile("[\ud800-\udfff]")


def clean(value: Any) -> Any:
    r"""Return a JSON value with halves of characters (lone surrogates, which many readers refuse) as ``\ud800``."""
    if isinstance(value, str):
        return value if value.isascii() else _HALF.sub(lambda found: f"\\u{ord(found[0]):04x}", value)
    if isinstance(value, list):
        return [clean(one) for one in value]
    if isinstance(value, dict):
        return {clean(key): clean(one) for key, one in value.items()}
    return value


def line(value: Any) -> str:
    """Return a JSON value in one line of ASCII, the keys in the order they have."""
    return json.dumps(clean(value), ensure_ascii=True, allow_nan=False, separators=(",", ":")) + "\n"
