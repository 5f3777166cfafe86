"""One gate from inputs to report; what ``gate`` and the pull-request demo have in common."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from importlib.metadata import version

from checks import declared
from checks.evaluate import Threshold
from checks.gate import Rules
from checks.gate.report import report as make
from checks.model import Caller, Report, Run
from checks.rules import OptionError, settle
from checks.sensitivity import SensitivityError, settled
from checks.waivers import Acceptance
from floodline import __version__
from floodline.config import Settings
from floodline.errors import CannotStart, Usage
from floodline.evidence import arguments
from floodline.inputs import Read, declared_sources, now, stamp


def deployment(previews: Sequence[str], states: Sequence[str], stacks: Sequence[str] = ()) -> declared.Deployment:
    """Read what is about to be deployed, and what is declared before it.

    Raises:
        CannotStart: a file is missing, is none that this version understands, or does not tell enough.

    """
    return understood(declared_sources(states, stacks, previews))


def understood(sources: Sequence[declared.Source]) -> declared.Deployment:
    """Understand what is about to be deployed, and what is declared before it.

    Raises:
        CannotStart: a document is none that this version understands, or does not tell enough.

    """
    try:
        return declared.foresee(sources)
    except declared.StateError as error:
        raise CannotStart(str(error)) from error


def report(
    told: declared.Deployment,
    read: Read | None,
    *,
    account: str | None,
    region: str | None,
    threshold: Threshold,
    started: datetime,
    acceptance: Acceptance | None = None,
    rules: Rules | None = None,
) -> Report:
    """Judge a deployment; *read* is the live side, where somebody recorded it.

    Raises:
        CannotStart: nobody can tell which lake a declared resource is in.

    """
    live = read.live.lakes if read is not None else ()
    try:
        lakes = told.place(account=account, region=region, live=tuple(lake.id for lake in live))
    except declared.PlacementError as error:
        raise CannotStart(str(error)) from error
    callers = [lake.caller for lake in live if lake.caller is not None and lake.caller.arn is not None]
    run = Run(
        id=str(uuid.uuid4()),
        started=stamp(started),
        finished=stamp(now()),
        tool_version=__version__,
        botocore_version=version("botocore"),
        caller=min(callers, key=lambda one: bool(one.data_lake_admin or one.read_only_admin), default=Caller()),
        declared_sources=told.after.sources,
        live_sources=read.sources if read is not None else (),
        command="gate",
        arguments=arguments(),
    )
    return make(
        lakes,
        told.touched,
        live,
        read.live.ledger if read is not None else (),
        complete=read.live.complete if read is not None else True,
        run=run,
        threshold=threshold,
        loose=told.after.gaps,
        acceptance=acceptance,
        rules=rules,
    )


def rules(settings: Settings, *, everything: bool, decides: bool) -> Rules:
    """Understand what the settings say of posture rules and of what is sensitive.

    Raises:
        Usage: a rule, an option or a value that nobody understands.

    """
    try:
        return Rules(settle(settings.rules), settled(settings.sensitivity), everything, decides)
    except (OptionError, SensitivityError) as error:
        raise Usage(f"{settings.path or 'settings'}: {error}") from error
