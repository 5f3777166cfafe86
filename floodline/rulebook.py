"""Everything that a finding may be an instance of, as one list, one page each and an index: made from the code."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from checks import rules
from checks.drift import KINDS
from checks.waivers import KINDS as WAIVERS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from checks.drift import Kind
    from checks.rules import Rule

FAMILIES = {
    "drift": "What is live beside what is declared, or what a deployment opens",
    "posture": "What is risky although declared",
    "waivers": "What is wrong with what was accepted",
}
_SHOWN = 4
"""So many examples of what is said are on a page."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One rule or kind of difference. Texts are one line each; ``options`` are (name, meaning, default)."""

    id: str
    name: str
    severity: str
    family: str
    what: str
    why: str
    fix: str
    source: str
    options: tuple[tuple[str, str, str], ...] = ()
    said: tuple[str, ...] = ()
    """What a finding of it says, of its examples."""


def entries() -> dict[str, Entry]:
    """Return everything that ``floodline explain`` knows, by id."""
    found = [
        *(_kind(one, "drift") for one in KINDS.values()),
        *(_rule(one) for one in rules.discover()),
        *(_kind(one, "waivers") for one in WAIVERS.values()),
    ]
    return {one.id: one for one in sorted(found, key=lambda one: one.id)}


def _kind(kind: Kind, family: str) -> Entry:
    return Entry(kind.id, kind.name, kind.severity.word, family, kind.what, "", kind.fix, kind.source)


def _rule(rule: Rule) -> Entry:
    return Entry(
        rule.id,
        rule.name,
        rule.severity.word,
        "posture",
        rule.what,
        rule.why,
        rule.fix,
        rule.source,
        tuple((one.name, one.doc, ", ".join(sorted(one.default))) for one in rule.options),
        _said(rule),
    )


def _said(rule: Rule) -> tuple[str, ...]:
    hits = (hit.message for example in rule.flags for hit in rule.find(rule.scene(example)))
    return tuple(dict.fromkeys(hits))[:_SHOWN]


def text(entry: Entry) -> str:
    """Return a page for the terminal, ending with a line end."""
    parts = [f"{entry.id} {entry.name} ({entry.severity})\n", textwrap.fill(entry.what, 80)]
    if entry.why:
        parts.append("\nwhy: " + textwrap.fill(entry.why, 75).strip())
    parts.append(f"\nfix: {textwrap.fill(entry.fix, 75)}")
    if entry.said:
        told = (textwrap.fill(one, 80, initial_indent="  - ", subsequent_indent="    ") for one in entry.said)
        parts.append("\nfor example:\n" + "\n".join(told))
    for name, doc, default in entry.options:
        parts.append("\n" + textwrap.fill(f"option {name}: {doc}; default {default or 'none'}", 80))
    if entry.source:
        parts.append(f"\nsource: {entry.source}")
    return "\n".join(parts) + "\n"


def pages() -> Mapping[str, str]:
    """Return the documentation as Markdown: file name → text, ``README.md`` being the index."""
    known = entries()
    return {"README.md": _index(known), **{f"{one.id}.md": _page(one) for one in known.values()}}


def _index(known: Mapping[str, Entry]) -> str:
    parts = [
        "# Rules\n",
        "Made by `floodline rules --docs docs/rules`; `floodline explain ID` prints a page. Ids are never reused.\n",
    ]
    for family, what in FAMILIES.items():
        parts.append(f"## {what}\n\n| id | name | severity | what |\n|---|---|---|---|")
        listed = (one for one in known.values() if one.family == family)
        parts += [f"| [{one.id}]({one.id}.md) | {one.name} | {one.severity} | {_cell(one.what)} |" for one in listed]
        parts.append("")
    return "\n".join(parts)


def _page(entry: Entry) -> str:
    parts = [f"# {entry.id} {entry.name}\n", f"{FAMILIES[entry.family]}. Severity: {entry.severity}.\n", entry.what]
    if entry.why:
        parts.append(f"\n## Why\n\n{_prose(entry.why)}")
    parts.append(f"\n## Fix\n\n{_prose(entry.fix)}")
    if entry.said:
        parts.append("\n## For example\n\n" + "\n".join(f"- {_plain(one)}" for one in entry.said))
    if entry.family == "posture":
        listed = [f"- `{name}`: {doc}; default: {default or 'none'}" for name, doc, default in entry.options]
        parts.append(
            f"\n## Settings\n\n`[rules.{entry.name}]` in `floodline.toml` takes `severity` and `enabled`"
            + (", and:\n\n" + "\n".join(listed) if listed else ".")
        )
    if entry.source:
        parts.append(f"\nSource: <{entry.source}>")
    return "\n".join(parts) + "\n"


def _prose(said: str) -> str:
    return said[:1].upper() + said[1:].replace("``", "`")


def _cell(said: str) -> str:
    return _plain(said).replace("|", "\\|")


def _plain(said: str) -> str:
    """Keep what Markdown would take for markup as it is."""
    return said.replace("*", "\\*").replace("<", "&lt;").replace("_", "\\_")
