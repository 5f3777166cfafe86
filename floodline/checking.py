"""One check from inputs to report; what ``check`` and ``demo`` have in common."""

from __future__ import annotations

import uuid
from datetime import datetime
from importlib.metadata import version

from checks import declared
from checks.evaluate import Threshold, evaluate
from checks.model import Caller, Report, Run
from checks.posture import Risks
from checks.sensitivity import Sensitivity
from checks.waivers import Acceptance
from floodline import __version__
from floodline.errors import CannotStart
from floodline.evidence import arguments
from floodline.inputs import Read, now, stamp


def report(
    declaration: declared.Declaration,
    read: Read,
    *,
    account: str | None,
    region: str | None,
    threshold: Threshold,
    started: datetime,
    acceptance: Acceptance | None = None,
    risks: Risks | None = None,
    sensitivity: Sensitivity | None = None,
) -> Report:
    """Compare what was declared with what was read.

    Raises:
        CannotStart: nobody can tell which lake a declared resource is in.

    """
    live = read.live
    try:
        lakes = declaration.place(account=account, region=region, live=tuple(lake.id for lake in live.lakes))
    except declared.PlacementError as error:
        raise CannotStart(str(error)) from error
    callers = [lake.caller for lake in live.lakes if lake.caller is not None and lake.caller.arn is not None]
    # Of several callers the report names one that sees too little, if there is one.
    caller = min(callers, key=lambda one: bool(one.data_lake_admin or one.read_only_admin), default=Caller())
    run = Run(
        id=str(uuid.uuid4()),
        started=stamp(started),
        finished=stamp(now()),
        tool_version=__version__,
        botocore_version=version("botocore"),
        caller=caller,
        declared_sources=declaration.sources,
        live_sources=read.sources,
        arguments=arguments(),
    )
    return evaluate(
        lakes,
        live.lakes,
        live.ledger,
        complete=live.complete,
        run=run,
        threshold=threshold,
        loose=declaration.gaps,
        acceptance=acceptance,
        risks=risks,
        sensitivity=sensitivity,
    )
