"""What is said when a declaration cannot be meant: one sentence, before anything is registered."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

import pulumi

if TYPE_CHECKING:
    from collections.abc import Iterable

# Longer lists help nobody find a misspelt name: then only the close matches are named.
_LISTABLE = 12


class Mistake(pulumi.RunError):
    """A declaration that cannot be meant. Pulumi prints the sentence without a stack trace and stops the preview."""


def quoted(name: object) -> str:
    """Put the name in backticks, with whatever a terminal would act upon (control and bidi characters) escaped."""
    return "`" + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in str(name)) + "`"


def listed(words: Iterable[str], join: str = "and") -> str:
    """Join names as in ``a``, ``b`` and ``c``."""
    names = [quoted(word) for word in words]
    return " ".join(part for part in (", ".join(names[:-1]), join if names[1:] else "", *names[-1:]) if part)


def known(word: str, words: Iterable[str], *, noun: str, where: str) -> str:
    """Give back ``word`` if it is one of ``words``; else raise a Mistake that names the close ones.

    ``noun`` is what it should have been (``column``), ``where`` the place (```telemetry_raw.keystrokes```).
    """
    choices = sorted(words)
    if word in choices:
        return word
    raise Mistake(f"{where}: {quoted(word)} is no {noun}{hint(word, choices)}")


def hint(word: str, choices: Iterable[str]) -> str:
    """``; did you mean `x`?``, or else the whole list when it is short."""
    pool = {choice.casefold(): choice for choice in choices}
    close = [pool[match] for match in get_close_matches(str(word).casefold(), pool, n=3, cutoff=0.6)]
    if close:
        return f"; did you mean {listed(close, 'or')}?"
    if not pool:
        return "; there are none"
    return f"; there is {listed(pool.values())}" if len(pool) <= _LISTABLE else ""
