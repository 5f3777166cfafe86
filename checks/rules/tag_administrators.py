"""Who is granted access by LF-tags can put those tags on: it opens to itself what it was not meant to read.

Why: with ``ASSOCIATE`` on a tag's value, and rights of its own on a table, a principal puts the value on that table;
where its own grant asks for that very value, it reads the table from then on, and no grant was made. With
``GRANT_WITH_LF_TAG_EXPRESSION`` it grants by the tag, to itself too. Who may create LF-tags grants by those it made.

Fix: keep those who assign LF-tags apart from those who read by them: revoke ``ASSOCIATE`` from the reader, or grant it
its tables by name. ``CREATE_LF_TAG`` belongs to a few roles that deploy.

Source: https://docs.aws.amazon.com/lake-formation/latest/dg/TBAC-assigning-tags.html
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from checks.model import (
    Catalog,
    Database,
    Evidence,
    Facts,
    Grant,
    Lake,
    LakeId,
    LFTag,
    Permission,
    Principal,
    Settings,
    Severity,
    Table,
    TagPolicy,
)
from checks.principals import covers, groups_of, is_many
from checks.rules import Example, Hit, Rule, Scene, Scope, about, held
from checks.semantics import ASSOCIATE
from checks.spelling import listing, principal_words, printable, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_BY_TAG = Permission("GRANT_WITH_LF_TAG_EXPRESSION")
_CREATE = Permission("CREATE_LF_TAG")


@dataclass(slots=True)
class _Power:
    """What one principal may do with the values of one key, and where that is granted."""

    values: set[str] = field(default_factory=set)
    grants: list[Grant] = field(default_factory=list)


def find(scene: Scene) -> Iterator[Hit]:
    """Yield who may assign the tags that its own grants ask for, by tag key, and to how many tags may be created."""
    assigning: dict[tuple[Principal, LFTag], _Power] = defaultdict(_Power)
    for grant in scene.grants(on=(LFTag,), giving=(ASSOCIATE, _BY_TAG)):
        tag, who = grant.resource, grant.principal
        if who is None or who in scene.admins or not isinstance(tag, LFTag):
            continue
        if _BY_TAG in grant.permissions:
            yield _granting(scene, grant, tag, who)
        else:
            power = assigning[who, LFTag(tag.catalog, tag.key, frozenset())]
            power.values |= tag.values
            power.grants.append(grant)
    for (who, tag), power in assigning.items():
        yield from _retagging(scene, who, tag, power)
    for holding in scene.holdings(scene.people(is_many), (Catalog,), (_CREATE,), conditional=False):
        name = principal_words(holding.principal, home=scene.home)
        yield held(
            scene,
            holding,
            f"{name} may create LF-tags, and grant by those that it created",
            "many principals may create LF-tags, and grant by those that they created",
            severity=Severity.LOW,
        )


def _granting(scene: Scene, grant: Grant, tag: LFTag, who: Principal) -> Hit:
    at = grant.evidence
    return Hit(
        about(scene.lake, "grant", who, tag, at),
        f"{principal_words(who, home=scene.home)} may grant, to itself too, by {words(tag)}",
        "the principal is no administrator, and may grant to itself by an LF-tag",
        (at,) if at else (),
    )


def _retagging(scene: Scene, who: Principal, tag: LFTag, power: _Power) -> Iterator[Hit]:
    """Yield the hit of who assigns values of a key and is granted access, itself or its group, by one of them."""
    used: set[str] = set()
    reads: list[Grant] = []
    unread: Grant | None = None
    for grant in scene.grants(_kin(scene, who), (TagPolicy,)):
        policy = grant.resource
        if not isinstance(policy, TagPolicy) or policy.catalog != tag.catalog:
            continue
        expression = scene.stage.view.expression(policy)
        if expression is None:
            unread = unread or grant
            continue
        asked = dict(expression).get(tag.key)
        if asked is not None and (both := _both(power.values, asked)):
            used |= both
            reads.append(grant)
    name, first = principal_words(who, home=scene.home), power.grants[0]
    subject = about(scene.lake, "grant", who, LFTag(tag.catalog, tag.key, frozenset(power.values)), first.evidence)
    if reads:
        values = "any value" if "*" in used else " or ".join(printable(one) for one in sorted(used))
        also = "" if reads[0].principal == who else f" (granted to {principal_words(reads[0].principal)})"
        lends = _lends(scene, who)
        yield Hit(
            subject,
            f"{name} may put LF-tag {printable(tag.key)} = {values} on what it has rights on, and that very tag gives "
            f"it {listing({name for one in reads for name in one.permissions})}{also}"
            + (f"; it may pass on {lends}" if lends else ""),
            "the principal may assign an LF-tag value by which it is granted access",
            _evidence((*power.grants, *reads)),
            severity=Severity.HIGH if lends else None,
        )
    elif unread is not None:
        reason = "a saved LF-tag expression by which the principal is granted access is not known"
        yield Hit(subject, f"{name}: {reason}", reason, _evidence([unread]), undecided=True)


def _kin(scene: Scene, who: Principal) -> list[Principal]:
    """Return a principal, the groups that hold it, and those that it holds."""
    groups = groups_of(who)
    inside = [one for one in scene.stage.packed.principals() if covers(who, one)] if is_many(who) else []
    return list(dict.fromkeys((*groups, *inside)))


def _both(assigned: Iterable[str], asked: frozenset[str]) -> set[str]:
    """Return the values that may be assigned and are asked for; ``*`` is any."""
    mine = set(assigned)
    if "*" in mine:
        return set(asked)
    return mine if "*" in asked else mine & asked


def _lends(scene: Scene, who: Principal) -> str:
    """Return what it may pass on of tables and databases: who owns them assigns tags to them."""
    held = [one for one in scene.grantable(groups_of(who)) if not isinstance(one.resource, LFTag)]
    return f"{listing(held[0].grantable)} on {words(held[0].resource)}" if held else ""


def _evidence(grants: Iterable[Grant]) -> tuple[Evidence, ...]:
    return tuple(dict.fromkeys(one.evidence for one in grants if one.evidence is not None))[:4]


_LAKE = LakeId("aws", "111122223333", "eu-west-1")
_CATALOG = "111122223333"
_STEWARD = Principal("arn:aws:iam::111122223333:role/steward")
_EVERY = Principal("111122223333:IAMPrincipals")
_SELECT = Permission("SELECT")


def _tag(who: Principal, *values: str, may: str = "ASSOCIATE", key: str = "sensitivity") -> Grant:
    return Grant(who, LFTag(_CATALOG, key, frozenset(values)), frozenset({Permission(may)}))


def _reads(who: Principal, *values: str, saved: str | None = None) -> Grant:
    expression = () if saved else (("sensitivity", frozenset(values)),)
    return Grant(who, TagPolicy(_CATALOG, "TABLE", expression, saved), frozenset({_SELECT}))


def _lake(*grants: Grant, admins: frozenset[str] = frozenset()) -> Example:
    return Example(Lake(_LAKE, grants, settings=(Settings((("DataLakeAdmins", admins),)),)))


_OWNER = Grant(_STEWARD, Table(_CATALOG, "hr", "pay"), frozenset({_SELECT}), frozenset({_SELECT}))

RULE = Rule(
    id="FL216",
    name="tag-administrators-can-retag-themselves-in",
    severity=Severity.MEDIUM,
    doc=__doc__ or "",
    find=find,
    reads=frozenset({Facts.GRANTS, Facts.EXPRESSIONS, Facts.SETTINGS}),
    scope=Scope.STACK,
    flags=(
        _lake(_tag(_STEWARD, "public"), _reads(_STEWARD, "public", "internal")),
        _lake(_tag(_STEWARD, "*"), _reads(_STEWARD, "public"), _OWNER),
        _lake(_tag(_STEWARD, "public"), _reads(_STEWARD, "*")),
        _lake(_tag(_STEWARD, "public"), _reads(_EVERY, "public")),
        _lake(_tag(_EVERY, "public"), _reads(_STEWARD, "public")),
        _lake(_tag(_STEWARD, "public", may=_BY_TAG)),
        _lake(Grant(_EVERY, Catalog(_CATALOG), frozenset({_CREATE}))),
    ),
    passes=(
        _lake(),
        _lake(_tag(_STEWARD, "public")),
        _lake(_tag(_STEWARD, "restricted"), _reads(_STEWARD, "public", "internal")),
        _lake(_tag(_STEWARD, "public", key="domain"), _reads(_STEWARD, "public")),
        _lake(_tag(_STEWARD, "public", may="DESCRIBE"), _reads(_STEWARD, "public")),
        _lake(_tag(_STEWARD, "public"), _reads(Principal("arn:aws:iam::111122223333:role/analyst"), "public")),
        _lake(_tag(_STEWARD, "public"), _reads(_STEWARD, "public"), admins=frozenset({_STEWARD})),
        _lake(Grant(_STEWARD, Catalog(_CATALOG), frozenset({_CREATE}))),
        _lake(Grant(_EVERY, Database(_CATALOG, "hr"), frozenset({Permission("DESCRIBE")}))),
    ),
)
