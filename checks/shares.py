"""Both sides of a share, where both were read: who in the recipient's account holds what the owner's grants give it.

An owner's listing ends at the recipient's account: "many". The recipient's own listing says who goes on from there: its
data lake admins hold what the account was granted, and whoever they grant it to; a recipient grants only inside its own
account (https://docs.aws.amazon.com/lake-formation/latest/dg/cross-account-permissions.html). A resource link gives
nothing on its target, but names the way (dg/resource-links-about).

Where the recipient's settings, grants or caller were not wholly read it stays "many". The accounts of an organization
are not known from the grants: it stays "many" too, and those that were read are named.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from checks import spelling
from checks.model import (
    AllTables,
    DataLocation,
    Facts,
    Finding,
    Grant,
    Lake,
    LakeId,
    Principal,
    Resource,
    Side,
    Table,
    Verdict,
)
from checks.principals import Kind, is_many, kind_of
from checks.semantics import ALL, DESCRIBE, SUPER_USER, database_of, table_of, within

_NEEDED = frozenset({Facts.CALLER, Facts.SETTINGS, Facts.GRANTS})
_MANY_ACCOUNTS = frozenset({Kind.ORGANIZATION, Kind.ORGANIZATIONAL_UNIT})
_NAMED = 4


@dataclass(frozen=True, slots=True)
class Held:
    """Who holds a share in one account that was read: its admins, whom they granted it, and the links to it."""

    account: str
    admins: frozenset[Principal]
    granted: frozenset[Principal]
    links: tuple[str, ...]

    @property
    def people(self) -> frozenset[Principal]:
        """Everyone who holds it."""
        return self.admins | self.granted

    @property
    def count(self) -> int | None:
        """How many that are; None for many."""
        return None if any(map(is_many, self.people)) else len(self.people)


class Shares:
    """The lakes that were read, as owners and recipients of shares."""

    def __init__(self, lakes: Iterable[Lake]) -> None:
        """Take the live lakes of one comparison."""
        self._lakes = {lake.id: lake for lake in lakes}
        self._foreign: dict[LakeId, list[Grant]] = {}

    def join(self, findings: Sequence[Finding]) -> list[Finding]:
        """Say of grants that leave an account whom they reach; leave out what the owner's side already tells."""
        if len(self._lakes) < 2:
            return list(findings)
        return [self._joined(one) for one in findings if not self._is_owners(one)]

    # ------------------------------------------------------------------------------------------------- the recipient's
    def _is_owners(self, finding: Finding) -> bool:
        """Whether a recipient's finding is a grant of the owner's, which is listed there just as well.

        A recipient lists what its account as a whole was granted beside its own grants; the owner's lake was compared
        with what declares it.
        """
        subject = finding.subject
        resource, lake = subject.resource, subject.lake
        if finding.verdict is not Verdict.UNMANAGED or subject.kind != "grant" or not isinstance(resource, Resource):
            return False
        if subject.principal is None or not (
            subject.principal == lake.account or kind_of(subject.principal) in _MANY_ACCOUNTS
        ):
            return False
        owner = self._lakes.get(replace(lake, account=_owner(resource)))
        if owner is None or owner.id == lake or not _whole(owner, frozenset({Facts.CALLER, Facts.GRANTS})):
            return False
        wanted = {(one.permission, one.grantable) for one in finding.added}
        there = [one for one in owner.grants if one.principal == subject.principal
                 and _same_object(one.resource, resource)]  # fmt: skip
        given = {(name, flag) for one in there for flag, names in ((False, one.permissions), (True, one.grantable))
                 for name in names}  # fmt: skip
        return bool(there) and wanted <= given | {(DESCRIBE, False)}

    # ----------------------------------------------------------------------------------------------------- the owner's
    def _joined(self, finding: Finding) -> Finding:
        subject = finding.subject
        who, resource = subject.principal, subject.resource
        if who is None or subject.kind != "grant" or not isinstance(resource, Resource) or not finding.added:
            return finding
        kind = kind_of(who)
        if kind is Kind.ACCOUNT and who != subject.lake.account:
            recipient = self._lakes.get(replace(subject.lake, account=str(who)))
            if recipient is None:
                return finding
            if not _whole(recipient, _NEEDED):
                return replace(
                    finding, message=f"{finding.message}; who holds it there is not known: account {who} was not "
                    "wholly read"
                )  # fmt: skip
            held = self._held(recipient, subject.lake, finding, resource)
            reach = finding.reach
            if reach.principals is None:
                reach = replace(reach, principals=held.count)
            return replace(finding, reach=reach, message=f"{finding.message}; {_words(held)}")
        if kind in _MANY_ACCOUNTS:
            others = [lake for _, lake in sorted(self._lakes.items()) if _beside(lake.id, subject.lake)]
            found = [self._held(lake, subject.lake, finding, resource) for lake in others if _whole(lake, _NEEDED)]
            told = [_words(one) for one in found if one.granted or one.links]
            return replace(finding, message="; ".join([finding.message, *told]))
        return finding

    def _held(self, recipient: Lake, owner: LakeId, finding: Finding, resource: Resource) -> Held:
        """Find who holds what a finding says was added, as far as grants on the owner's resources tell."""
        wanted = {one.permission for one in finding.added}
        members = dict(recipient.settings[0].members) if recipient.settings else {}
        names = ["DataLakeAdmins", *(["ReadOnlyAdmins"] if wanted <= {DESCRIBE} else [])]
        admins = frozenset(Principal(who) for name in names for who in _texts(members, name))
        granted = frozenset(
            one.principal
            for one in self._granted_on(recipient, owner)
            if one.principal is not None
            and overlaps(one.resource, resource)
            and (wanted <= {DESCRIBE} or one.permissions & (wanted | {ALL, SUPER_USER}))
        )
        links = [
            *(spelling.words(one) for one, info in recipient.databases.items()
              if info.link_to is not None and _in(info.link_to.catalog, owner) and overlaps(info.link_to, resource)),
            *(spelling.words(one) for one, info in recipient.tables.items()
              if info.link_to is not None and _in(info.link_to.catalog, owner) and overlaps(info.link_to, resource)),
        ]  # fmt: skip
        return Held(recipient.id.account, admins, granted - admins, tuple(sorted(links)))

    def _granted_on(self, recipient: Lake, owner: LakeId) -> list[Grant]:
        """Return a recipient's own grants on what others own: to its people, not to itself as a whole."""
        known = self._foreign.get(recipient.id)
        if known is None:
            known = self._foreign[recipient.id] = [
                one for one in recipient.grants
                if one.principal != recipient.id.account and _owner(one.resource) != recipient.id.account
                and (one.principal is None or kind_of(one.principal) not in _MANY_ACCOUNTS)
            ]  # fmt: skip
        return [one for one in known if _owner(one.resource) == owner.account]


def overlaps(held: Resource, shared: Resource) -> bool:
    """Whether a grant on *held* may give something of *shared*; what nobody can tell does.

    Tables lie in databases; a grant on a database alone gives nothing on its tables. Tag policies, saved expressions
    and what is of no known kind may mean anything in the catalog.
    """
    if isinstance(held, DataLocation) or isinstance(shared, DataLocation):
        both = isinstance(held, DataLocation) and isinstance(shared, DataLocation)
        return both and (within(held.arn, shared.arn) or within(shared.arn, held.arn))  # type: ignore[union-attr]
    one, other = database_of(held), database_of(shared)
    if one is None or other is None:
        return True
    if one != other:
        return False
    mine, theirs = table_of(held), table_of(shared)
    if theirs is None:
        return True
    return mine == theirs if mine is not None else isinstance(held, AllTables)


def _same_object(one: Resource, other: Resource) -> bool:
    """Whether two resources are one object, whichever columns are meant."""
    mine, theirs = table_of(one), table_of(other)
    return one == other or (mine is not None and mine == theirs and isinstance(other, Table))


def _owner(resource: Resource) -> str:
    """Return the account in whose catalog a resource lies; empty where that is not told."""
    table = table_of(resource)
    catalog = table.catalog if table is not None else getattr(resource, "catalog", "")
    return str(catalog).partition(":")[0]


def _in(catalog: str, owner: LakeId) -> bool:
    return catalog.partition(":")[0] == owner.account


def _beside(one: LakeId, other: LakeId) -> bool:
    """Whether two accounts' lakes lie in the same region: shares do not leave it."""
    return one != other and (one.partition, one.region) == (other.partition, other.region)


def _whole(lake: Lake, facts: frozenset[Facts]) -> bool:
    return not any(gap.side is Side.LIVE and (gap.facts in facts or gap.facts is Facts.OTHER) for gap in lake.gaps)


def _texts(members: Mapping[str, frozenset[str] | bool | str], name: str) -> frozenset[str]:
    found = members.get(name)
    return found if isinstance(found, frozenset) else frozenset()


def _words(held: Held) -> str:
    """Say who holds a share: ``in account 444455556666 it is held by role/a (data lake admin), role/b``."""
    people = [
        *(f"{spelling.principal_words(one)} (data lake admin)" for one in sorted(held.admins)),
        *(spelling.principal_words(one) for one in sorted(held.granted)),
    ]
    if not people:
        return f"in account {held.account} nobody holds it yet: it has no data lake admin and granted it to nobody"
    via = f", through {_some(held.links)}" if held.links else ""
    return f"in account {held.account} it is held by {_some(people)}{via}"


def _some(words: Sequence[str]) -> str:
    return ", ".join(words[:_NAMED]) + (f" and {len(words) - _NAMED:,} more" if len(words) > _NAMED else "")
