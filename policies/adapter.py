"""Rules as Pulumi policies: resources that Pulumi hands over become facts, hits become violations.

A rule that one resource can decide is asked before that resource is made; a rule that must see more is asked when all
resources are known. What counts is what the program asks for: a provider's answers hold more than was asked, and in a
preview less is known of them. So each resource's inputs are kept until the stack is judged.

Pulumi's policy library hands secrets over in clear text and does not say which they are. No message holds a value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Final

import msgspec
from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyConfigSchema,
    ResourceValidationPolicy,
    Severity,
    StackValidationPolicy,
)
from pulumi_policy.deserialize import serialize_properties
from pulumi_policy.proxy import (
    UNKNOWN_ARCHIVE_VALUE,
    UNKNOWN_ARRAY_VALUE,
    UNKNOWN_ASSET_VALUE,
    UNKNOWN_BOOLEAN_VALUE,
    UNKNOWN_NUMBER_VALUE,
    UNKNOWN_OBJECT_VALUE,
    UNKNOWN_STRING_VALUE,
    UnknownValueError,
)

from checks.declared.declaration import Declaration, Declared, is_ours
from checks.declared.document import Entry, Resource
from checks.declared.item import KINDS
from checks.declared.shape import UNKNOWN
from checks.declared.where import Places
from checks.model import Facts
from checks.model import Severity as Grade
from checks.rules import Rule, Scope, discover

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pulumi_policy import (
        PolicyProviderResource,
        PolicyResource,
        ReportViolation,
        ResourceValidationArgs,
        StackValidationArgs,
    )

    from checks.model import Evidence, Lake
    from checks.rules import Hit

NAME: Final = "floodline"

_UNKNOWNS: Final = (
    UNKNOWN_ARCHIVE_VALUE, UNKNOWN_ARRAY_VALUE, UNKNOWN_ASSET_VALUE, UNKNOWN_BOOLEAN_VALUE, UNKNOWN_NUMBER_VALUE,
    UNKNOWN_OBJECT_VALUE, UNKNOWN_STRING_VALUE,
)  # fmt: skip
_CLUES: Final = ("arn", "catalogId", "name", "region")
"""Answers of a provider that tell where a resource lies and what it is called."""

_NOWHERE: Final = "unknown"
"""Account and region where nothing tells them. No rule takes it for an account: it has no twelve digits."""

_SHOWN: Final = 20
"""So many undecided places are named one by one; in a stack of thousands the rest are counted."""

_GRADES: Final = {
    Grade.INFO: Severity.LOW,
    Grade.LOW: Severity.LOW,
    Grade.MEDIUM: Severity.MEDIUM,
    Grade.HIGH: Severity.HIGH,
    Grade.CRITICAL: Severity.CRITICAL,
}


class Undecided(UnknownValueError):  # noqa: N818 - it is no error of ours, and the library looks for its base
    """Tells the library that a rule could not be decided: it is then reported as advisory at every level."""

    def __init__(self, doubts: Iterable[str]) -> None:
        """Name each place and property in doubt, and no value."""
        super().__init__(UNKNOWN_STRING_VALUE, [])
        listed = sorted(set(doubts))
        more = f"; and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""
        self.message = f"could not be decided: {'; '.join(listed[:_SHOWN])}{more}"


@dataclass(slots=True)
class Requests:
    """What the program asked for, by URN, as JSON: kept from one resource to the end of the run."""

    asked: dict[str, bytes] = field(default_factory=dict)

    def keep(self, args: ResourceValidationArgs) -> None:
        """Remember a resource's inputs."""
        self.asked[args.urn] = _json(args.props)

    def recall(self, seen: PolicyResource) -> Resource:
        """Put what was asked in place of what was answered; where nobody was asked, the answer must do."""
        inputs = self.asked.get(seen.urn)
        answers = b"{}" if inputs is None else _json(_clues(seen.props))
        return _resource(seen.urn, seen.resource_type, inputs or _json(seen.props), answers, seen.provider)


def _resource(urn: str, kind: str, inputs: bytes, outputs: bytes, maker: PolicyProviderResource | None) -> Resource:
    provider = maker.urn if maker is not None else None
    return Resource(urn, kind, custom=True, inputs=msgspec.Raw(inputs), outputs=msgspec.Raw(outputs), provider=provider)


def _json(properties: Mapping[str, Any]) -> bytes:
    """Write properties as a state would hold them, with one mark for whatever is not known yet."""
    data = msgspec.json.encode(serialize_properties(properties))
    for mark in _UNKNOWNS:
        data = data.replace(mark.encode(), UNKNOWN.encode())
    return data


def _clues(answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is known of where a resource lies; what is not known yet is no clue."""
    found = {}
    for name in _CLUES:
        try:
            found[name] = answers[name]
        except (KeyError, UnknownValueError):
            continue
    return found


def _providers(seen: Iterable[ResourceValidationArgs | PolicyResource]) -> list[Resource]:
    """Every provider once; it tells the region and often the account."""
    makers = {one.provider.urn: one.provider for one in seen if one.provider is not None}
    return [_resource(maker.urn, maker.resource_type, _json(maker.props), b"{}", None) for maker in makers.values()]


# --------------------------------------------------------------------------------------------------------------- asking
def _lakes(resources: list[Resource], providers: list[Resource], rule: Rule) -> tuple[Lake, ...]:
    """Read what a rule needs of these resources, exactly as a state that holds them would be read."""
    ours = tuple(
        Declared(Entry(resource, "", "deployment"), kind)
        for resource in resources
        if is_ours(resource.type) and ((kind := KINDS.get(resource.type)) is None or kind.facts in rule.reads)
    )
    declaration = Declaration((), (), ours, Places([*providers, *resources], {}))
    return declaration.place(account=_NOWHERE, region=_NOWHERE)


def _ask(rule: Rule, lakes: Iterable[Lake], config: Mapping[str, Any], report: ReportViolation) -> None:
    """Report each hit with its URN, then say what could not be decided.

    Raises:
        OptionError: the pack's configuration names an option that the rule does not have.
        Undecided: something that the rule hangs on is not known, or was not understood.

    """
    options = rule.settle(config)
    doubts: list[str] = []
    for lake in lakes:
        doubts.extend(_not_understood(lake, rule))
        for hit in rule.find(lake, options):
            if hit.undecided:
                doubts.append(f"`{hit.subject.urn}` {hit.plain}")
            else:
                report(_text(rule, hit), hit.subject.urn)
    if doubts:
        raise Undecided(doubts)


def _text(rule: Rule, hit: Hit) -> str:
    return f"{hit.plain} ({rule.id})"


def _not_understood(lake: Lake, rule: Rule) -> Iterator[str]:
    """Say which resources gave none of the facts that a rule reads. Of a fact in part, the rule itself says so."""
    told = {at.urn for at in _evidence(lake) if at is not None}
    for gap in lake.gaps:
        if gap.source not in told and (gap.facts in rule.reads or gap.facts is Facts.OTHER):
            yield f"`{gap.source}` {gap.reason}"


def _evidence(lake: Lake) -> Iterator[Evidence | None]:
    """Where each fact of a lake was read; a gap is no fact."""
    for facts in (getattr(lake, one.name) for one in fields(lake) if one.name != "gaps"):
        for fact in _flat(facts):
            yield getattr(fact, "evidence", None)


def _flat(facts: object) -> Iterator[object]:
    if isinstance(facts, Mapping):
        for inner in facts.values():
            yield from _flat(inner)
    elif isinstance(facts, tuple):
        yield from facts
    else:
        yield facts


# ------------------------------------------------------------------------------------------------------------- offering
def _before(rule: Rule) -> Policy:
    """Ask a rule about each resource before it is made."""

    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        if is_ours(args.resource_type):
            one = _resource(args.urn, args.resource_type, _json(args.props), b"{}", args.provider)
            _ask(rule, _lakes([one], _providers([args]), rule), args.get_config(), report)

    return ResourceValidationPolicy(validate=validate, **_about(rule))


def _after(rule: Rule, requests: Requests) -> Policy:
    """Ask a rule about all resources of the stack together."""

    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        seen = [one for one in args.resources if one.resource_type.startswith(("aws:", "aws-native:"))]
        resources = [requests.recall(one) for one in seen]
        _ask(rule, _lakes(resources, _providers(seen), rule), args.get_config(), report)

    return StackValidationPolicy(validate=validate, **_about(rule))


def _memory(requests: Requests) -> Policy:
    """Keep what is asked for. It reports nothing; without it, stack rules fall back on the providers' answers."""

    def validate(args: ResourceValidationArgs, _: ReportViolation) -> None:
        if is_ours(args.resource_type):
            requests.keep(args)

    what = "Remembers what the program asks for, so that rules over the stack judge that and not the answers."
    return ResourceValidationPolicy(
        "requests", what, validate, EnforcementLevel.ADVISORY, display_name="floodline's memory"
    )


def _about(rule: Rule) -> dict[str, Any]:
    """Describe a rule to Pulumi. What is grave stops a deployment unless the pack's configuration says otherwise."""
    grave = rule.severity >= Grade.HIGH
    texts = {"type": "array", "items": {"type": "string"}}
    return {
        "name": rule.name,
        "description": rule.what,
        "enforcement_level": EnforcementLevel.MANDATORY if grave else EnforcementLevel.ADVISORY,
        "config_schema": PolicyConfigSchema({one.name: texts | {"description": one.doc} for one in rule.options})
        if rule.options
        else None,
        "display_name": f"{rule.id} {rule.name}",
        "severity": _GRADES[rule.severity],
        "remediation_steps": rule.fix,
        "url": rule.source,
    }


def policies() -> list[Policy]:
    """Return every rule as a policy, and the memory that rules over the stack need."""
    requests = Requests()
    rules = [_before(rule) if rule.scope is Scope.RESOURCE else _after(rule, requests) for rule in discover()]
    return [_memory(requests), *rules]
