"""Which places are read: regions and accounts become places, each account with a session of its own.

An account that lets nobody in is no place but a refusal: it stands in the recording, the ledger names it, and the view
is not complete. Sessions of roles renew themselves: a long reading outlives the hour that STS gives them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from floodline.errors import CannotStart, Usage
from floodline.options import Whom

if TYPE_CHECKING:
    from checks.live.answer import Answer
    from checks.live.asking import Clients, Failed
    from checks.live.collect import Limits, Place
    from checks.live.journal import Journal

_AT_ONCE = 8
_HOME = "us-east-1"
"""Where account-wide questions are asked if no region is named."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be read, what cannot be and why, and what was left out and is worth a word."""

    places: Sequence[Place]
    refused: Sequence[Answer] = ()
    notes: Sequence[str] = ()

    @property
    def scope(self) -> list[str]:
        """What is read, for whoever resumes it."""
        named = [f"{one.account}/{one.region}" if one.account else one.region for one in self.places]
        return named + [f"{one.account}/{one.region}" for one in self.refused if one.operation == "AssumeRole"]

    @property
    def lakes(self) -> list[tuple[str, str]]:
        """Every place of which account and region are known, in their order, each once."""
        known = [(one.account, one.region) for one in self.places if one.account]
        return list(dict.fromkeys([*known, *((one.account, one.region) for one in self.refused)]))


@dataclass(slots=True)
class _Found:
    """What one account gave."""

    places: list[Place] = field(default_factory=list)
    refused: list[Answer] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def planned(whom: Whom, limits: Limits, *, identify: bool = False) -> Plan:
    """Find out what is to be read: ask for regions and accounts, and assume the roles.

    One region of the caller's own account needs no question, unless *identify* wants the account's number.

    Raises:
        CannotStart: no region, no credentials, or the organization's accounts cannot be listed.

    """
    from checks.live.collect import Place  # noqa: PLC0415 - botocore, which --help need not pay for
    from floodline.inputs import clients  # noqa: PLC0415

    base = _session(whom.profile)
    named = whom.named or tuple(one for one in [base.region_name] if one and not whom.every_region)
    if not named and not whom.every_region:
        raise CannotStart("no region: give `--region us-east-1`, or set AWS_REGION")
    if not (whom.elsewhere or whom.every_region or identify) and len(named) == 1:
        return Plan([Place(named[0], partial(clients, base, named[0], limits))])
    home = base.region_name or (named[0] if named else _HOME)
    hub = _clients(base, home, ("sts", "organizations"))
    own, partition = _caller(hub)
    if not whom.elsewhere:
        found = _regions(whom, base, own, home)
        return _plan([_placed(found, base, own, limits, beside=len(found.names) > 1)])
    roles, notes = _roles(whom, hub, partition)
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="floodline") as pool:
        entered = list(pool.map(lambda role: _enter(whom, hub, role, home, limits), roles))
    return _plan([_Found(notes=notes), *entered])


def note(plan: Plan, journal: Journal, *, only: tuple[str, str] | None = None) -> None:
    """Write the refusals into a journal, in place of what it says of an earlier try (*only*: those of one place)."""
    from checks.live.entry import ENTRY  # noqa: PLC0415
    from checks.live.journal import Part  # noqa: PLC0415

    for place in plan.lakes if only is None else [only]:
        number = journal.round(*place, ENTRY)
        if journal.resumed:
            number += 1
            journal.settle(*place, ENTRY, number)
        for one in plan.refused:
            if (one.account, one.region) == place:
                journal.add(one, Part(ENTRY, number))


# ---------------------------------------------------------------------------------------------------------- sessions
def _session(profile: str | None) -> Any:
    import boto3  # noqa: PLC0415 - a third of a second that --help and --live need not pay
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415

    try:
        core = _core(profile)
        return boto3.Session(botocore_session=core, region_name=core.get_config_variable("region"))
    except BotoCoreError as error:
        raise CannotStart(f"cannot reach AWS: {error}") from error


def _core(profile: str | None) -> Any:
    """Return a botocore session; all share what reads the models, which are megabytes of JSON."""
    import botocore.session  # noqa: PLC0415

    core = botocore.session.Session(profile=profile)
    core.register_component("data_loader", _loader(core.get_config_variable("data_path")))
    return core


@cache
def _loader(path: str | None) -> Any:
    from botocore.loaders import create_loader  # noqa: PLC0415

    return create_loader(path)


def _assuming(profile: str | None, region: str, first: dict[str, Any], again: Callable[[], dict[str, Any]]) -> Any:
    """Return a session with a role's credentials, which *again* renews before they end."""
    import boto3  # noqa: PLC0415
    from botocore.credentials import CredentialProvider, CredentialResolver, RefreshableCredentials  # noqa: PLC0415

    renewed = RefreshableCredentials.create_from_metadata(first, refresh_using=again, method="floodline-role")

    class Assumed(CredentialProvider):  # type: ignore[misc]
        METHOD = "floodline-role"

        def load(self) -> RefreshableCredentials:
            return renewed

    core = _core(profile)
    core.register_component("credential_provider", CredentialResolver([Assumed()]))
    return boto3.Session(botocore_session=core, region_name=region)


def _clients(session: Any, region: str, services: Iterable[str]) -> dict[str, Any]:
    """Make clients that try again by themselves: outside a reading nobody else does."""
    from botocore.config import Config  # noqa: PLC0415
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415

    from floodline import __version__  # noqa: PLC0415

    options = Config(
        retries={"mode": "standard", "total_max_attempts": 5},
        user_agent_extra=f"floodline/{__version__}",
        connect_timeout=10,
        read_timeout=60,
        max_pool_connections=_AT_ONCE,
    )
    try:
        return {name: session.client(name, region_name=region, config=options) for name in services}
    except BotoCoreError as error:
        raise CannotStart(f"cannot reach AWS: {error}") from error


class _Lazy(dict[str, Any]):
    """Clients made when they are first needed: EC2's model alone takes a second to read."""

    def __init__(self, session: Any, region: str) -> None:
        super().__init__()
        self._session, self._region = session, region

    def __missing__(self, name: str) -> Any:
        self[name] = _clients(self._session, self._region, [name])[name]
        return self[name]


# ----------------------------------------------------------------------------------------------------------- accounts
def _caller(hub: Clients) -> tuple[str, str]:
    """Return our own account and partition."""
    from checks.live import entry  # noqa: PLC0415
    from checks.live.asking import Failed  # noqa: PLC0415

    found = entry.caller(hub)
    if isinstance(found, Failed):
        _fatal(found)
        raise CannotStart(f"cannot tell the AWS account: sts:GetCallerIdentity gave none (`{found.code}`)")
    account, arn = found.get("Account"), str(found.get("Arn") or "")
    if not isinstance(account, str):
        raise CannotStart("cannot tell the AWS account: sts:GetCallerIdentity gave none")
    return account, arn.split(":")[1] if arn.startswith("arn:") else "aws"


def _fatal(failed: Failed) -> None:
    if failed.fatal:
        raise CannotStart(failed.fatal)
    if failed.passing and not failed.http_status:
        raise CannotStart(f"AWS cannot be reached: {failed.message}")


def _roles(whom: Whom, hub: Clients, partition: str) -> tuple[list[str], list[str]]:
    """Return the roles to assume, and a word on the accounts that are left out."""
    from checks.live import entry  # noqa: PLC0415
    from checks.live.asking import Failed  # noqa: PLC0415

    named = [*whom.role_arns, *(f"arn:{partition}:iam::{one}:role/{whom.role_name}" for one in whom.accounts)]
    if whom.organization is None:
        return named, []
    members = entry.members(hub)
    if isinstance(members, Failed):
        _fatal(members)
        raise CannotStart(
            f"cannot list the organization's accounts: organizations:ListAccounts gave {members.code}: "
            f"{members.message or 'no reason'}; allow it in the management or a delegated account, or name accounts "
            "with `--accounts`"
        )
    out = [one for one in members if not one.active]
    notes = [f"left out: account {one.account} is {one.state.lower()}" for one in out]
    roles = [f"arn:{partition}:iam::{one.account}:role/{whom.organization}" for one in members if one.active]
    if not roles:
        raise CannotStart("the organization has no active account: nothing to read")
    return roles, notes


def _enter(whom: Whom, hub: Clients, role: str, home: str, limits: Limits) -> _Found:
    """Assume a role, and find the places of its account."""
    from botocore.exceptions import CredentialRetrievalError  # noqa: PLC0415

    from checks.live import entry  # noqa: PLC0415
    from checks.live.asking import Failed  # noqa: PLC0415
    from floodline.inputs import now, stamp  # noqa: PLC0415

    account = role.split(":")[4]
    request = {"RoleArn": role, "RoleSessionName": whom.session_name}
    secret = {"ExternalId": whom.external_id} if whom.external_id is not None else {}
    keys = entry.assumed(hub, {**request, **secret})
    if isinstance(keys, Failed):
        _fatal(keys)
        call, at = ("sts", "AssumeRole"), stamp(now())
        return _Found(refused=[entry.refusal((account, one), call, request, keys, at) for one in _one(whom, home)])

    def again() -> dict[str, Any]:
        fresh = entry.assumed(hub, {**request, **secret})
        if isinstance(fresh, Failed):
            raise CredentialRetrievalError(provider="sts:AssumeRole", error_msg=f"{role}: {fresh.code}")
        return _metadata(fresh)

    session = _assuming(whom.profile, home, _metadata(keys), again)
    return _placed(_regions(whom, session, account, home), session, account, limits, beside=True)


def _metadata(keys: dict[str, Any]) -> dict[str, Any]:
    """Spell STS's credentials as botocore's refreshable ones want them."""
    return {
        "access_key": keys.get("AccessKeyId"),
        "secret_key": keys.get("SecretAccessKey"),
        "token": keys.get("SessionToken"),
        "expiry_time": keys.get("Expiration"),
    }


# ------------------------------------------------------------------------------------------------------------ regions
def _one(whom: Whom, home: str) -> list[str]:
    return list(whom.named) or [home]


@dataclass(frozen=True, slots=True)
class _Regions:
    names: list[str]
    refused: list[Answer] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def _regions(whom: Whom, session: Any, account: str, home: str) -> _Regions:
    """Return the regions of an account that are read, and why not all if that is so."""
    from checks.live import entry  # noqa: PLC0415
    from checks.live.asking import Failed  # noqa: PLC0415
    from floodline.inputs import now, stamp  # noqa: PLC0415

    if not whom.every_region:
        return _Regions(_one(whom, home))
    found = entry.regions(_Lazy(session, home))
    if isinstance(found, Failed):
        _fatal(found)
        names = _one(whom, home)
        request = {"RegionOptStatusContains": ["ENABLED", "ENABLED_BY_DEFAULT"]}
        call = ("account", "ListRegions")
        return _Regions(names, [entry.refusal((account, names[0]), call, request, found, stamp(now()))])
    known = session.get_available_regions("lakeformation", session.get_partition_for_region(home))
    beyond = [one for one in found if one not in known]
    words = f"left out: {', '.join(beyond)} of account {account}: the installed botocore knows no Lake Formation there"
    names = [one for one in sorted({*found, *whom.named}) if one not in beyond or one in whom.named]
    if not names:
        raise CannotStart(f"account {account} has no region with Lake Formation enabled")
    return _Regions(names, notes=[words] if beyond else [])


def _placed(found: _Regions, session: Any, account: str, limits: Limits, *, beside: bool) -> _Found:
    from checks.live.collect import Place  # noqa: PLC0415
    from floodline.inputs import clients  # noqa: PLC0415

    places = [Place(one, partial(clients, session, one, limits), account, beside) for one in found.names]
    return _Found(places, found.refused, found.notes)


def _plan(found: Sequence[_Found]) -> Plan:
    plan = Plan(
        [place for one in found for place in one.places],
        [answer for one in found for answer in one.refused],
        [note for one in found for note in one.notes],
    )
    homes = [(one.account, one.region) for one in plan.places]
    if len(set(homes)) != len(homes):
        raise Usage("the same account is to be read by two roles")
    return plan
