"""Signed-off baselines: what an old lake is accepted with, so that only what is new or wider counts. Pure.

A baseline is JSON: every finding that was accepted, by its fingerprint, with what was accepted of it; who signed it
off, and when; and the SHA-256 of all that. The digest shows an edit by hand, no more: whoever may write the file can
sign it anew, so its place is under review. It shrinks (:func:`shrunk`), it never grows.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any

from checks.model import Waiver
from checks.review import person
from checks.spelling import Json, printable
from checks.waivers import KINDS, Book, Entry, WaiverError, acceptable, recorded

VERSION = 1


@dataclass(frozen=True, slots=True)
class Signed:
    """Who signed a baseline off, and why; ``written`` is ISO 8601, ``expires`` an ISO date or empty."""

    owner: str
    approvers: tuple[str, ...]
    reason: str
    ticket: str
    written: str
    expires: str = ""


@dataclass(frozen=True, slots=True)
class Baseline:
    """A baseline as it was read: its document, and its entries as a book that ``waivers.apply`` takes."""

    document: Mapping[str, Any]
    book: Book


def write(report: Json, signed: Signed) -> str:
    """Make a baseline of a JSON report: of each finding that counts, or that a former baseline accepted.

    What a waiver accepts stays the waiver's. What was not seen, and what is said of waivers, nobody can accept.

    Raises:
        WaiverError: nobody other than the owner approved it.

    """
    if not {person(one) for one in signed.approvers} - {person(signed.owner), ""}:
        raise WaiverError("a baseline wants an approver other than its owner")
    entries = [_entry(one) for one in report["findings"] if _belongs(one)]
    return _sealed({
        "floodline_baseline": VERSION,
        "command": report["run"].get("command", "check"),
        "written": signed.written,
        "owner": signed.owner,
        "approvers": list(signed.approvers),
        "reason": signed.reason,
        "ticket": signed.ticket,
        "expires": signed.expires,
        "findings": sorted(entries, key=lambda one: (one["rule"], one["finding"])),
    })  # fmt: skip


def shrunk(baseline: Baseline, live: Collection[str]) -> tuple[str, int]:
    """Return the baseline without the findings whose fingerprints are not in *live*, and how many went."""
    kept = [one for one in baseline.document["findings"] if one["finding"] in live]
    gone = len(baseline.document["findings"]) - len(kept)
    return _sealed({**baseline.document, "findings": kept}), gone


def read(text: str, name: str) -> Baseline:
    """Understand a baseline.

    Raises:
        WaiverError: it is none, of a later version, or was edited since it was written.

    """
    shown = printable(name)
    try:
        told = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise WaiverError(f"{shown}: no baseline: not JSON") from error
    if not isinstance(told, dict) or "floodline_baseline" not in told:
        raise WaiverError(f"{shown}: no baseline: write one with `floodline baseline`")
    if told["floodline_baseline"] != VERSION:
        raise WaiverError(f"{shown}: a baseline of another version than {VERSION}: write it anew")
    if told.get("sha256") != _digest(told):
        raise WaiverError(
            f"{shown}: the baseline was edited after it was signed off (its sha256 differs): write it anew"
        )
    if not _whole(told):
        raise WaiverError(f"{shown}: the baseline lacks what a baseline has: write it anew")
    faults: list[str] = []
    entries = tuple(_read(one, told, number, faults) for number, one in enumerate(told["findings"]))
    if faults:
        raise WaiverError(f"{shown}: the baseline says what nobody understands ({faults[0]}): write it anew")
    return Baseline(told, Book(name, entries, told["command"]))


def accepts(finding: Json) -> bool:
    """Whether a report's finding may be accepted at all: ``waivers.waivable``, on its JSON."""
    gap = finding["verdict"] == "unknown" and finding["cause"]["kind"] == "gap"
    return not (finding["rule"] == "FL150" or gap or finding["rule"] in KINDS)


def _belongs(finding: Json) -> bool:
    by_waiver = finding["waived"] is not None and finding["waived"].get("kind") != "baseline"
    return accepts(finding) and not by_waiver


def _entry(finding: Json) -> Json:
    subject = finding["subject"]
    return {
        "finding": finding["id"],
        "rule": finding["rule"],
        "principal": subject["principal"],
        "resource": subject["resource"],
        "account": subject["account"],
        "region": subject["region"],
        **acceptable(finding),
    }


def _read(told: Mapping[str, Any], whole: Mapping[str, Any], number: int, faults: list[str]) -> Entry:
    waiver = Waiver(
        told["finding"],
        whole["reason"],
        whole["owner"],
        whole["expires"],
        told["rule"],
        whole["owner"],
        tuple(whole["approvers"]),
        whole["ticket"],
        "baseline",
    )
    return Entry(
        name=told["finding"],
        waiver=waiver,
        finding=told["finding"],
        rule=told["rule"],
        principal=told.get("principal"),
        resource=told.get("resource"),
        account=told.get("account"),
        region=told.get("region"),
        expires=date.fromisoformat(whole["expires"]) if whole["expires"] else None,
        accepted=recorded(told, faults.append),
        pointer=f"/findings/{number}",
    )


def _whole(told: Mapping[str, Any]) -> bool:
    texts = ("command", "written", "owner", "reason", "ticket", "expires")
    return (
        all(isinstance(told.get(key), str) for key in texts)
        and _is_day(told["expires"])
        and _are_texts(told.get("approvers"))
        and isinstance(told.get("findings"), list)
        and all(isinstance(one, dict) and _are_texts([one.get("finding"), one.get("rule")]) for one in told["findings"])
    )


def _is_day(text: str) -> bool:
    try:
        return not text or bool(date.fromisoformat(text))
    except ValueError:
        return False


def _are_texts(values: object) -> bool:
    return isinstance(values, list) and all(isinstance(one, str) for one in values)


def _digest(told: Mapping[str, Any]) -> str:
    body = {key: value for key, value in told.items() if key != "sha256"}
    return sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _sealed(told: Mapping[str, Any]) -> str:
    return json.dumps({**told, "sha256": _digest(told)}, indent=2, ensure_ascii=True) + "\n"
