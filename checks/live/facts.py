"""Answers into facts: one lake for each account and region, a ledger of what was asked, and whether that is everything.

The order of answers and answers given twice change nothing. What was refused, cut, malformed or never asked becomes a
``Gap``; a call without an answer in the stream was not made, and what depends on it is unknown, never empty.

``complete`` is contract §6.11: the caller is shown to be an admin or a read-only admin, and every listing that decides
access was read to its end. A call that nothing requires but that was made and refused (a nested catalog, the Identity
Center configuration) is a hole too. A listing by kind of resource is not: the whole listing stands beside it. Nor is a
sample, unless all of it was refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from checks.live.answer import Answer, Cut
from checks.live.draft import Draft
from checks.live.narrow import Narrower
from checks.live.proof import prove
from checks.model import Facts, Gap, LedgerRow, Side

if TYPE_CHECKING:
    from collections.abc import Iterable

    from checks.focus import Focus
    from checks.grants import Pool
    from checks.live.recording import Header
    from checks.model import Lake

LAKE_SERVICES = frozenset({"lakeformation", "glue"})
RECORDING = "recording"


@dataclass(frozen=True, slots=True)
class Live:
    """What was read: the lakes, sorted, the ledger, and whether every lake's view is complete."""

    lakes: tuple[Lake, ...]
    ledger: tuple[LedgerRow, ...]
    complete: bool


def build(answers: Iterable[Answer | Cut], header: Header | None = None, focus: Focus | None = None) -> Live:
    """Build the lakes of one stream of answers; with a *focus*, only what bears on that question.

    Raises:
        RecordingError: the stream is a recording with a line inside it that is no answer.

    """
    return build_many([(header, answers)], focus)


def build_many(
    inputs: Iterable[tuple[Header | None, Iterable[Answer | Cut]]],
    focus: Focus | None = None,
    pool: Pool | None = None,
) -> Live:
    """Build the lakes of several streams, as ``build`` does: facts about one lake are joined wherever they stand.

    *pool* numbers what grants name; sides that are to be compared share one.
    """
    narrower = Narrower(focus) if focus is not None else None
    drafts: dict[tuple[str, str], Draft] = {}
    account_wide: list[Answer] = []
    rows: list[LedgerRow] = []
    for _, answers in inputs:
        touched: set[tuple[str, str]] = set()
        count = 0
        for answer in answers:
            if isinstance(answer, Cut):
                rows += [_cut(drafts, place, answer, count) for place in sorted(touched) or [("", "")]]
                continue
            count += 1
            place = answer.account, answer.region
            if answer.service not in LAKE_SERVICES:
                account_wide.append(answer)
                continue
            touched.add(place)
            _draft(drafts, place, pool).add(answer if narrower is None else narrower.narrow(answer))
    for answer in narrower.late() if narrower is not None else ():
        drafts[answer.account, answer.region].add(answer, counted=False)
    # Who the caller is holds for an account, whatever region the answer is filed under; it makes a lake only if
    # nothing else was read there.
    for answer in account_wide:
        homes = [place for place in sorted(drafts) if place[0] == answer.account]
        place = answer.account, answer.region
        for home in homes or [place]:
            _draft(drafts, home, pool).add(answer, counted=place == home or (place not in drafts and home == homes[0]))
    lakes, complete = [], bool(drafts) and not rows
    for place in sorted(drafts):
        proof = prove(drafts[place])
        complete = complete and proof.complete
        rows += proof.ledger
        lakes.append(drafts[place].lake(proof.caller))
    rows.sort(key=lambda row: (row.account, row.region, row.service, row.operation))
    return Live(tuple(lakes), tuple(rows), complete)


def _draft(drafts: dict[tuple[str, str], Draft], place: tuple[str, str], pool: Pool | None) -> Draft:
    known = drafts.get(place)
    if known is None:
        known = drafts[place] = Draft(*place, pool)
    return known


def _cut(drafts: dict[tuple[str, str], Draft], place: tuple[str, str], cut: Cut, count: int) -> LedgerRow:
    if place in drafts:
        drafts[place].gaps.add(Gap(Side.LIVE, RECORDING, f"{cut.reason} (line {cut.line})", Facts.OTHER))
    return LedgerRow(*place, RECORDING, "read", count, count, count, (cut.reason,), complete=False,
                     basis=f"cut at line {cut.line}: what would follow was not read")  # fmt: skip
