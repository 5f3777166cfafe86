"""Rules as Pulumi policies: resources that Pulumi hands over become facts, hits become violations.

A rule that one resource can decide is asked before that resource is made; a rule that must see more is asked when all
resources are known. What counts is what the program asks for: a provider's answers hold more than was asked, and in a
preview less is known of them. So each resource's inputs are kept, packed, until the stack is judged.

A message names principals and resources, unless a value among the judged resources is a secret: then no message holds
any value.
"""

from __future__ import annotations

import re
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

from checks.declared.declaration import Declaration, Declared, is_ours
from checks.declared.document import Entry, Resource
from checks.declared.item import KINDS
from checks.declared.where import Places
from checks.model import Facts
from checks.model import Severity as Grade
from checks.rules import Chosen, OptionError, Rule, Scope, discover, settle
from checks.scene import Stage
from checks.sensitivity import SHIPPED, SensitivityError, settled
from checks.spelling import printable
from policies.wire import Properties, properties, some

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from checks.model import Evidence, Lake
    from checks.rules import Hit

NAME: Final = "floodline"
DOUBTS: Final = "could-not-be-decided"
SETTINGS: Final = "settings"

_AWS: Final = ("aws:", "aws-native:")
_CLUES: Final = ("arn", "catalogId", "name", "region")
"""Answers of a provider that tell where a resource lies and what it is called."""

_NOWHERE: Final = "unknown"
"""Account and region where nothing tells them. No rule takes it for an account: it has no twelve digits."""

_FORMS: Final = {"account": re.compile(r"[0-9]{12}"), "region": re.compile(r"[a-z]{2,}(-[a-z]+)+-[0-9]+")}
_WANTED: Final = {"account": "twelve digits, as a text", "region": "a region such as `eu-west-1`"}

_SHOWN: Final = 20
"""So many undecided places are named one by one; in a stack of thousands the rest are counted."""

_GRADES: Final = {
    Grade.INFO: Severity.LOW,
    Grade.LOW: Severity.LOW,
    Grade.MEDIUM: Severity.MEDIUM,
    Grade.HIGH: Severity.HIGH,
    Grade.CRITICAL: Severity.CRITICAL,
}


@dataclass(frozen=True, slots=True)
class Said:
    """One violation: of which policy, in which words, of which resource."""

    policy: Policy
    text: str
    urn: str | None
    severity: Severity


@dataclass(frozen=True, slots=True)
class _Doubt:
    """What a rule hangs on and nobody knows: `urn`, and in words which property."""

    urn: str | None
    why: str


@dataclass(slots=True)
class _Judged:
    """What one look at resources found."""

    hits: list[tuple[Chosen, Hit]] = field(default_factory=list)
    doubts: dict[_Doubt, list[Rule]] = field(default_factory=dict)


class Pack:
    """Every rule as a policy. One run of the engine: configure, each resource, the stack."""

    def __init__(self) -> None:
        """Offer the rules that there are."""
        self._rules = {rule.name: rule for rule in discover()}
        self._policies = {rule.name: _policy(rule) for rule in self._rules.values()}
        self._doubts, self._settings = _doubts_policy(), _settings_policy()
        self._chosen: tuple[Chosen, ...] = ()
        self._sensitivity = SHIPPED
        self._place = (_NOWHERE, _NOWHERE)
        self._asked: dict[str, Properties] = {}
        self.configure({})

    def policies(self) -> list[Policy]:
        """Return every rule as a policy, what could not be decided as another, and the pack's own settings."""
        return [self._settings, self._doubts, *self._policies.values()]

    def configure(self, config: Mapping[str, Mapping[str, object]]) -> None:
        """Take each policy's properties, and forget what was seen before.

        Raises:
            OptionError: an option that the rule does not have, or a value that nobody understands.

        """
        self._chosen = settle({name: config[name] for name in self._rules if name in config})
        told = dict(config.get(SETTINGS, {}))
        try:
            self._sensitivity = settled(_object(told.pop("sensitivity", {})))
        except SensitivityError as error:
            raise OptionError(f"policy `{SETTINGS}`: {error}") from None
        self._place = _known(told.pop("account", None), "account"), _known(told.pop("region", None), "region")
        for name in sorted(told):
            raise OptionError(
                f"policy `{SETTINGS}` has no `{printable(name)}`; it has `account`, `region`, `sensitivity`"
            )
        self._asked = {}

    # ------------------------------------------------------------------------------------------------------- judging
    def resource(self, request: Any, enabled: Callable[[Policy], bool]) -> Iterator[Said]:
        """Judge an ``AnalyzeRequest`` by the rules that one resource can decide, and keep it for the stack."""
        if not is_ours(request.type):
            return
        asked = self._asked[request.urn] = properties(request.properties)
        seen = _Seen()
        seen.provider(request)
        seen.add(request, asked, {})
        yield from self._judge(seen, Scope.RESOURCE, enabled)

    def stack(self, listed: Iterable[Any], enabled: Callable[[Policy], bool]) -> Iterator[Said]:
        """Judge ``AnalyzerResource``s together by the rules that must see more than one."""
        seen = _Seen()
        for one in listed:
            if one.type.startswith(_AWS):
                seen.provider(one)
                clues, secret = some(one.properties, _CLUES)
                seen.secret = seen.secret or (secret and is_ours(one.type))
                asked = self._asked.get(one.urn)
                if not is_ours(one.type):
                    seen.add(one, None, clues)
                elif asked is None:  # nobody was asked: the answer must do
                    seen.add(one, properties(one.properties, without="id"), {})
                else:
                    seen.add(one, asked, clues)
        yield from self._judge(seen, Scope.STACK, enabled)

    def _judge(self, seen: _Seen, scope: Scope, enabled: Callable[[Policy], bool]) -> Iterator[Said]:
        rules = [one for one in self._chosen if one.rule.scope is scope and enabled(self._policies[one.rule.name])]
        reads = frozenset[Facts]().union(*(one.rule.reads for one in rules))
        found = _Judged()
        for lake in seen.lakes(reads, self._place):
            self._ask(lake, rules, found)
        for one, hit in found.hits:
            text = f"{hit.plain if seen.secret else hit.message} ({one.rule.id})"
            severity = one.severity if one.severity is not None else hit.severity or one.rule.severity
            yield Said(self._policies[one.rule.name], text, hit.subject.urn, _GRADES[severity])
        if enabled(self._doubts):
            for text, urn in _told(found.doubts):
                yield Said(self._doubts, text, urn, Severity.LOW)

    def _ask(self, lake: Lake, rules: list[Chosen], found: _Judged) -> None:
        dark = list(_not_understood(lake))
        stage = Stage(lake, self._sensitivity)
        for one in rules:
            for facts, doubt in dark:
                if facts in one.rule.reads or facts is Facts.OTHER:
                    found.doubts.setdefault(doubt, []).append(one.rule)
            for hit in one.rule.find(stage.under(one.options)):
                if hit.undecided:
                    found.doubts.setdefault(_Doubt(hit.subject.urn, hit.plain), []).append(one.rule)
                else:
                    found.hits.append((one, hit))


class _Seen:
    """Resources and their providers, on the way to facts."""

    def __init__(self) -> None:
        self._resources: list[Resource] = []
        self._providers: dict[str, Resource] = {}
        self.secret = False
        """Whether any value is one."""

    def provider(self, one: Any) -> None:
        """Note who makes a resource: it tells the region and often the account."""
        maker = one.provider
        if one.HasField("provider") and maker.urn not in self._providers:
            self._providers[maker.urn] = _resource(maker, properties(maker.properties).json, b"{}", None)

    def add(self, one: Any, asked: Properties | None, clues: Mapping[str, Any]) -> None:
        """Note a resource with what was asked for; None where that is none of our business."""
        inputs = b"{}" if asked is None else asked.json
        self.secret = self.secret or (asked is not None and asked.secret)
        maker = one.provider.urn if one.HasField("provider") else None
        self._resources.append(_resource(one, inputs, msgspec.json.encode(clues), maker))

    def lakes(self, reads: frozenset[Facts], place: tuple[str, str]) -> tuple[Lake, ...]:
        """Read what rules need of the resources, exactly as a state that holds them would be read.

        *place* are the account and the region of what does not tell its own.
        """
        ours = tuple(
            Declared(Entry(resource, "", "deployment"), kind)
            for resource in self._resources
            if is_ours(resource.type) and ((kind := KINDS.get(resource.type)) is None or kind.facts in reads)
        )
        declaration = Declaration((), (), ours, Places([*self._providers.values(), *self._resources], {}))
        return declaration.place(account=place[0], region=place[1])


def _resource(one: Any, inputs: bytes, outputs: bytes, provider: str | None) -> Resource:
    raw = msgspec.Raw(inputs), msgspec.Raw(outputs)
    return Resource(one.urn, one.type, custom=True, inputs=raw[0], outputs=raw[1], provider=provider)


# --------------------------------------------------------------------------------------------------- what is in doubt
def _told(doubts: Mapping[_Doubt, list[Rule]]) -> Iterator[tuple[str, str | None]]:
    """Say what could not be decided, and by which rules; beyond the first ones the resources are counted."""
    for number, (doubt, rules) in enumerate(doubts.items()):
        if number == _SHOWN:
            yield f"could not be decided: {len(doubts) - _SHOWN:,} more properties or resources", None
            return
        ids = ", ".join(sorted({rule.id for rule in rules}))
        yield f"could not be decided: `{doubt.urn}` {doubt.why} ({ids})", doubt.urn


def _not_understood(lake: Lake) -> Iterator[tuple[Facts, _Doubt]]:
    """Say which resources gave none of their facts. Of a fact in part, the rule itself says so."""
    if not lake.gaps:
        return
    told = {at.urn for at in _evidence(lake) if at is not None}
    for gap in lake.gaps:
        if gap.source not in told:
            yield gap.facts, _Doubt(gap.source, gap.reason)


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


# ------------------------------------------------------------------------------------------------------------ offering
def _served(*_: object) -> None:
    raise NotImplementedError("floodline's policies are judged together by `policies.server`, not one by one")


def _policy(rule: Rule) -> Policy:
    """Describe a rule to Pulumi. What is grave stops a deployment unless the pack's configuration says otherwise."""
    grave = rule.severity >= Grade.HIGH
    texts: dict[str, Any] = {"type": "array", "items": {"type": "string"}}
    single: dict[str, Any] = {"type": ["string", "integer"]}
    words = [one.word for one in sorted(Grade, reverse=True)]
    about: dict[str, Any] = {
        "name": rule.name,
        "description": rule.what,
        "enforcement_level": EnforcementLevel.MANDATORY if grave else EnforcementLevel.ADVISORY,
        "config_schema": PolicyConfigSchema(
            {one.name: (single if one.single else texts) | {"description": one.doc} for one in rule.options}
            | {"severity": {"type": "string", "enum": words, "description": "in place of the rule's own"}}
        ),
        "display_name": f"{rule.id} {rule.name}",
        "severity": _GRADES[rule.severity],
        "remediation_steps": rule.fix,
        "url": rule.source,
    }
    if rule.scope is Scope.RESOURCE:
        return ResourceValidationPolicy(validate=_served, **about)
    return StackValidationPolicy(validate=_served, **about)


def _doubts_policy() -> Policy:
    what = "Something that rules hang on is not known yet, or is not understood: no rule can say that it is harmless."
    return StackValidationPolicy(
        DOUBTS,
        what,
        _served,
        EnforcementLevel.ADVISORY,
        display_name="floodline could not decide",
        severity=Severity.LOW,
    )


def _settings_policy() -> Policy:
    """Carry what all rules share: Pulumi's configuration is by policy."""
    texts = {"type": "array", "items": {"type": "string"}}
    marks = {"type": "object", "additionalProperties": {"anyOf": [{"type": "string"}, texts]}}
    sensitivity = {
        "type": "object",
        "description": "what counts as sensitive, beside what is shipped",
        "properties": {
            "shipped": {"type": "boolean", "description": "whether the shipped patterns count too"},
            "tags": marks | {"description": "LF-tag key to the value or values that mark"},
            "parameters": marks | {"description": "parameter of a column, table or database to its value or values"},
            "columns": texts | {"description": "names of columns, with * and ?"},
            "tables": texts | {"description": "names of tables, with * and ?"},
            "comments": texts | {"description": "texts in comments"},
            "spared": texts | {"description": "names of columns that are harmless, with * and ?"},
        },
    }
    account = {"type": "string", "pattern": "^[0-9]{12}$", "description": "of resources that do not tell their own"}
    region = {"type": "string", "description": "of resources that do not tell their own"}
    return StackValidationPolicy(
        SETTINGS,
        "Says what counts as sensitive and where the lake lies, for all rules. It reports nothing.",
        _served,
        EnforcementLevel.ADVISORY,
        PolicyConfigSchema({"sensitivity": sensitivity, "account": account, "region": region}),
        display_name="floodline's settings",
        severity=Severity.LOW,
    )


def _object(told: object) -> Mapping[str, Any]:
    if not isinstance(told, Mapping):
        raise OptionError(f"policy `{SETTINGS}`: `sensitivity` must be an object")
    return told


def _known(told: object, name: str) -> str:
    if told is None:
        return _NOWHERE
    if not isinstance(told, str) or not _FORMS[name].fullmatch(told):
        raise OptionError(f"policy `{SETTINGS}`: `{name}` must be {_WANTED[name]}")
    return told
