"""One report of a deployment of all its lakes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from checks.compare import unseen
from checks.evaluate import sum_up
from checks.gate import Rules, gate
from checks.model import Facts, Gap, LakeId, Origin, Side

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from checks.evaluate import Threshold
    from checks.model import Finding, Lake, LedgerRow, Report, Run
    from checks.waivers import Acceptance


def report(
    lakes: Iterable[tuple[Lake, Lake]],
    touched: Mapping[str, str],
    live: Iterable[Lake],
    ledger: Sequence[LedgerRow],
    *,
    complete: bool,
    run: Run,
    threshold: Threshold,
    loose: Sequence[Gap] = (),
    acceptance: Acceptance | None = None,
    rules: Rules | None = None,
) -> Report:
    """Judge the deployment of each lake, given as (before, after), and sum up. *loose* are gaps of whole documents.

    ``complete`` is whether the live lakes were wholly seen; with none of them it is True. A lake that is deployed to
    but was not read, where others were, is a gap: what the deployment takes away there is not known.
    """
    seen = {lake.id: lake for lake in live}
    findings: list[Finding] = []
    gaps: list[Gap] = []
    told: list[LakeId] = []
    equal = 0
    for before, after in lakes:
        told.append(after.id)
        if seen and after.id not in seen:
            gaps.append(Gap(Side.LIVE, "aws", f"the lake {after.id} is deployed to, but was not read", Facts.CALLER))
            complete = False
        result = gate(before, after, touched, seen.get(after.id), rules)
        findings += result.findings
        gaps += result.gaps
        equal += result.equal
    home = next(iter(told), LakeId("aws", "", ""))
    findings += [_loose(gap, home) for gap in loose]
    gaps += loose
    return sum_up(
        findings,
        equal,
        ledger,
        complete=complete,
        run=run,
        threshold=threshold,
        gaps=gaps,
        lakes=sorted(told),
        acceptance=acceptance,
    )


def _loose(gap: Gap, home: LakeId) -> Finding:
    return replace(unseen(gap, home), origin=Origin.DEPLOYMENT)
