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

from checks.live.answer import Answer, Cut, Listed
from checks.live.collectors import ENTRIES
from checks.live.draft import Draft
from checks.live.narrow import Narrower
from checks.live.proof import prove
from checks.model import Caller, Facts, Gap, LedgerRow, Side

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from collections.abc import Set as AbstractSet

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
    inputs: Iterable[tuple[Header | None, Iterable[Answer | Listed | Cut]]],
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
        for given in answers:
            if isinstance(given, Listed):
                place = given.envelope.account, given.envelope.region
                if narrower is None and _draft(drafts, place, pool).take(given):
                    touched.add(place)
                    count += 1
                    continue
            answer = given.whole() if isinstance(given, Listed) else given
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
    read = frozenset(drafts)
    entries = [one for one in account_wide if one.error is not None and _is_entry(one, read)]
    for answer in account_wide:
        if answer.error is not None and _is_entry(answer, read):
            continue
        homes = [place for place in sorted(drafts) if place[0] == answer.account]
        place = answer.account, answer.region
        for home in homes or [place]:
            _draft(drafts, home, pool).add(answer, counted=place == home or (place not in drafts and home == homes[0]))
    lakes, complete = [], bool(drafts) and not rows and not entries
    for place, gap in _unentered(entries, rows):
        if place in drafts:
            drafts[place].gaps.add(gap)
        else:
            unread = Draft(*place, pool)
            unread.gaps.add(gap)
            lakes.append(unread.lake(Caller()))
    for place in sorted(drafts):
        proof = prove(drafts[place])
        complete = complete and proof.complete
        rows += proof.ledger
        lakes.append(drafts[place].lake(proof.caller))
    lakes.sort(key=lambda lake: lake.id)
    rows.sort(key=lambda row: (row.account, row.region, row.service, row.operation))
    return Live(tuple(lakes), tuple(rows), complete)


def _is_entry(answer: Answer, read: AbstractSet[tuple[str, str]]) -> bool:
    """Whether a refusal kept somebody out of a place, or left open which places there are."""
    out = answer.service == "sts" and (answer.account, answer.region) not in read
    return out or (answer.service, answer.operation) in ENTRIES


def _unentered(entries: Sequence[Answer], rows: list[LedgerRow]) -> Iterator[tuple[tuple[str, str], Gap]]:
    """Give one gap for each place that nobody got into, and one for each account whose regions are not known."""
    found: dict[tuple[str, str, str, str], set[str]] = {}
    for one in entries:
        assert one.error is not None
        why = f"{one.error.code}: {one.error.message}" if one.error.message else one.error.code
        found.setdefault((one.account, one.region, one.service, one.operation), set()).add(why)
    for (account, region, service, operation), errors in sorted(found.items()):
        whys = tuple(sorted(errors))
        role = next((str(one.request["RoleArn"]) for one in entries if one.account == account
                     and "RoleArn" in one.request), "the role")  # fmt: skip
        if service != "sts":
            basis = ("which regions are enabled is not known, so other regions were not read: allow "
                     "`account:ListRegions` (or `ec2:DescribeRegions`), or name the regions")  # fmt: skip
        elif operation == "AssumeRole":
            basis = f"the account was not read: `{role}` could not be assumed"
        else:
            basis = "the region was not read: it takes no call with these credentials"
        reason = f"{basis} ({'; '.join(whys)})"
        rows.append(LedgerRow(account, region, service, operation, len(errors), 0, 0, whys, complete=False,
                              basis=basis))  # fmt: skip
        kind = Facts.CALLER if service == "sts" else Facts.OTHER
        yield (account, region), Gap(Side.LIVE, f"{service}:{operation}", reason, kind)


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
