"""Turn comparisons into one report: completeness, counts, verdict and exit code. Pure; the clock is in ``Run``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from checks.compare import Comparison, compare, unseen
from checks.model import (
    ExitCode,
    Facts,
    Finding,
    Gap,
    Lake,
    LakeId,
    LedgerRow,
    Report,
    Run,
    Severity,
    Side,
    Verdict,
)
from checks.posture import Risks, look
from checks.sensitivity import Sensitivity
from checks.shares import Shares
from checks.waivers import Acceptance, apply

WORDS = ("widened", "unmanaged", "narrowed", "changed", "latent", "posture")
"""What ``--fail-on`` may name, besides ``none``."""

DEFAULT_FAIL_ON = frozenset({"widened", "unmanaged", "narrowed", "changed"})

_ORDER = (Verdict.NARROWED, Verdict.UNMANAGED, Verdict.CHANGED, Verdict.LATENT, Verdict.POSTURE)


@dataclass(frozen=True, slots=True)
class Threshold:
    """What decides the exit code. ``info`` never does, whatever *least* says (contract §2)."""

    fail_on: frozenset[str] = DEFAULT_FAIL_ON
    least: Severity = Severity.LOW
    exit_zero: bool = False

    def counts(self, finding: Finding) -> bool:
        """Whether a finding is at or above the threshold."""
        return (
            finding.waived is None
            and finding.verdict.value in self.fail_on
            and finding.severity >= max(self.least, Severity.LOW)
        )


def evaluate(
    declared: Iterable[Lake],
    live: Iterable[Lake],
    ledger: Sequence[LedgerRow],
    *,
    complete: bool,
    run: Run,
    threshold: Threshold,
    loose: Sequence[Gap] = (),
    acceptance: Acceptance | None = None,
    risks: Risks | None = None,
    sensitivity: Sensitivity | None = None,
) -> Report:
    """Compare every lake that either side knows, and sum up. *loose* are gaps of documents as wholes.

    A lake that is declared but was not read is a gap, never equal; a lake that was read but is not declared is
    compared with an empty declaration (contract, decision 13). What *acceptance* accepts stays in the report, marked.
    With *risks*, what is risky beside what differs is added (``posture.py``).
    """
    pairs: dict[LakeId, tuple[Lake | None, Lake | None]] = {lake.id: (lake, None) for lake in declared}
    for lake in live:
        pairs[lake.id] = (pairs.get(lake.id, (None, None))[0], lake)
    findings: list[Finding] = []
    gaps: list[Gap] = []
    equal = 0
    rows = list(ledger)
    for lake_id in sorted(pairs):
        told, seen = pairs[lake_id]
        if seen is None:
            assert told is not None
            gap = Gap(Side.LIVE, "aws", f"the lake {lake_id} is declared, but was not read", Facts.CALLER)
            findings += [unseen(one, lake_id) for one in (*told.gaps, gap)]
            gaps += [*told.gaps, gap]
            complete = False
            continue
        result = compare(told or Lake(lake_id), seen, sensitivity)
        findings += result.findings
        equal += result.equal
        rows = [_canary(row, result) for row in rows]
        gaps += [*(told.gaps if told else ()), *seen.gaps]
    findings = Shares(seen for _, seen in pairs.values() if seen is not None).join(findings)
    home = next(iter(sorted(pairs)), LakeId("aws", "", ""))
    findings += [unseen(one, home) for one in loose]
    if risks is not None:
        findings += [one for pair in pairs.values() for one in look(*pair, findings, risks)]
    gaps += loose
    return sum_up(
        findings,
        equal,
        rows,
        complete=complete,
        run=run,
        threshold=threshold,
        gaps=gaps,
        lakes=sorted(pairs),
        acceptance=acceptance,
    )


def sum_up(
    findings: Sequence[Finding],
    equal: int,
    ledger: Sequence[LedgerRow],
    *,
    complete: bool,
    run: Run,
    threshold: Threshold,
    gaps: Sequence[Gap],
    lakes: Sequence[LakeId],
    acceptance: Acceptance | None = None,
) -> Report:
    """Make a report of findings: what is accepted, counts, verdict and exit code."""
    if acceptance is not None:
        home = next(iter(lakes), LakeId("aws", "", ""))
        findings = apply(findings, acceptance, complete=complete, lake=home)
    return Report(
        run=run,
        exit_code=exit_code(findings, complete=complete, threshold=threshold),
        complete=complete,
        verdict=_verdict(findings, complete=complete, threshold=threshold),
        summary=_summary(findings, equal),
        findings=tuple(findings),
        ledger=tuple(ledger),
        gaps=tuple(gaps),
        lakes=tuple(lakes),
    )


def _canary(row: LedgerRow, result: Comparison) -> LedgerRow:
    """Say beside the listing of grants how many of the declared ones it holds: a listing that lacks them is suspect."""
    here = (row.account, row.region) == (result.lake.account, result.lake.region)
    if not here or not result.told or (row.service, row.operation) != ("lakeformation", "ListPermissions"):
        return row
    return replace(row, basis=f"{row.basis}; {result.seen:,} of {result.told:,} declared rows are among those seen")


def exit_code(findings: Sequence[Finding], *, complete: bool, threshold: Threshold) -> ExitCode:
    """Reduce to the contract's exit code: widening, then drift, then what could not be decided."""
    if threshold.exit_zero:
        return ExitCode.CLEAN
    loud = [one for one in findings if threshold.counts(one)]
    if any(one.widens for one in loud):
        return ExitCode.WIDENING
    if loud:
        return ExitCode.DRIFT
    if not complete or any(one.verdict is Verdict.UNKNOWN and one.waived is None for one in findings):
        return ExitCode.UNDECIDED
    return ExitCode.CLEAN


def _verdict(findings: Sequence[Finding], *, complete: bool, threshold: Threshold) -> str:
    loud = [one for one in findings if threshold.counts(one)]
    if any(one.widens for one in loud):
        return Verdict.WIDENED.value
    for verdict in _ORDER:
        if any(one.verdict is verdict for one in loud):
            return verdict.value
    if not complete or any(one.verdict is Verdict.UNKNOWN and one.waived is None for one in findings):
        return Verdict.UNKNOWN.value
    return "equal"


def _summary(findings: Sequence[Finding], equal: int) -> dict[str, int]:
    counted = Counter(one.verdict.value for one in findings)
    waived = sum(1 for one in findings if one.waived is not None)
    names = ("widened", "narrowed", "unmanaged", "changed", "unknown", "latent", "posture")
    return {"equal": equal, **{name: counted[name] for name in names}, "waived": waived}
