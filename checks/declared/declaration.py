"""Several documents as one declaration, and the declaration as lakes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Final

from checks import normal
from checks.declared import classic, native
from checks.declared.build import Builder
from checks.declared.document import Document, Entry, Source, StateError
from checks.declared.foreseen import patched
from checks.declared.item import KINDS, Fact, Item, Kind
from checks.declared.narrow import Narrower
from checks.declared.parsing import parse
from checks.declared.shape import Shape, bare, members
from checks.declared.where import Places, partition_of
from checks.model import Database, Evidence, Facts, Gap, Grant, Lake, LakeId, Side, SourceInfo, Table
from checks.normal import NotUnderstoodError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from checks.declared.document import Resource
    from checks.focus import Focus

_MODULES: Final = ("aws:lakeformation/", "aws:glue/", "aws-native:lakeformation:", "aws-native:glue:")
_HARMLESS: Final = classic.HARMLESS | native.HARMLESS


class PlacementError(StateError):
    """Nothing tells which account or region a resource is in. One line, which names the URN and the way out."""


@dataclass(frozen=True, slots=True)
class Declared:
    """One resource of ours. ``kind`` is None where no reader knows the type; ``why`` are gaps found on the way."""

    entry: Entry
    kind: Kind | None
    why: tuple[str, ...] = ()
    usable: bool = True

    @property
    def evidence(self) -> Evidence:
        """Where the resource stands."""
        resource = self.entry.resource
        return Evidence(
            Side.DECLARED,
            None,
            self.entry.pointer,
            resource.urn,
            resource.stack,
            resource.position,
        )


@cache
def is_ours(kind: str) -> bool:
    """Tell whether a resource type decides access to a lake, or might."""
    return kind.startswith(_MODULES) and kind not in _HARMLESS


def read(sources: Iterable[Source], focus: Focus | None = None) -> Declaration:
    """Read all documents and unite them: a preview's resources replace a state's, by URN; stacks are united.

    With a *focus*, what does not bear on that question is left out, and the sources are not hashed.

    Raises:
        StateError: a document cannot be used.

    """
    documents = [parse(source, hashed=focus is None) for source in sources]
    return join(documents, focus)


def join(documents: list[Document], focus: Focus | None = None, places: Places | None = None) -> Declaration:
    """Unite documents; *places* may know where resources lie from more documents than these."""
    states = [document for document in documents if document.info.kind != "preview"]
    previews = [document for document in documents if document.info.kind == "preview"]
    listed, torn_states = _by_urn(states)
    previews = [_filled(document, listed) for document in previews]
    planned, torn_plans = _by_urn(previews)
    gone = {urn for preview in previews for urn in preview.gone}
    found = listed
    if previews:
        found = {urn: entry for urn, entry in listed.items() if urn not in gone and urn not in planned} | planned
    why: dict[str, list[str]] = {}
    for urn, reason in (torn_states | torn_plans).items():
        if urn in torn_plans or urn not in gone | planned.keys():
            why[urn] = [reason]
    unusable = set(why)
    for reason, entry in _doubts(documents):
        urn = entry.resource.urn
        why.setdefault(urn, []).append(reason)
        if found.setdefault(urn, entry) is entry:  # said nowhere else: it may come to be, or not
            unusable.add(urn)
    if places is None:
        places = places_of([*states, *previews], keep=focus is not None)
    bears = Narrower(focus, places).bears if focus is not None else None
    resources = tuple(
        Declared(entry, KINDS.get(entry.resource.type), tuple(why.get(urn, ())), urn not in unusable)
        for urn, entry in found.items()
        if is_ours(entry.resource.type) and (bears is None or urn in why or bears(entry.resource))
    )
    known = frozenset(document.info.stack for document in states)
    gaps = tuple(gap for document in previews for gap in _preview_gaps(document, known))
    return Declaration(tuple(document.info for document in documents), gaps, resources, places)


def _filled(document: Document, listed: Mapping[str, Entry]) -> Document:
    """Turn the differences of a saved plan into resources, over those that a state lists."""
    return replace(document, entries=patched(document, listed), patches={}) if document.patches else document


def places_of(documents: list[Document], *, keep: bool) -> Places:
    """Return what tells where the resources of documents lie."""
    everything = [entry.resource for document in documents for entry in document.entries]
    regions = {one.info.stack: one.region for one in documents if one.region and one.info.stack}
    return Places(everything, regions, keep=keep)


def _doubts(documents: list[Document]) -> Iterator[tuple[str, Entry]]:
    """Interrupted operations of states, and steps of previews that nobody here knows."""
    for document in documents:
        for kind, entry in document.pending:
            yield f"an interrupted update left it {_word(kind)}", entry
        for op, entry in document.odd:
            yield f"the preview's step {_word(op)} is not understood", entry


def _word(text: str) -> str:
    """Quote a word of the document: letters and dashes only, for it goes into a message."""
    return f"`{text}`" if text.replace("-", "").isalpha() and text.isascii() else "of an unknown name"


def _by_urn(documents: list[Document]) -> tuple[dict[str, Entry], dict[str, str]]:
    """Return what is declared by URN, and the URNs that are declared twice with different inputs.

    The old half of a replacement has its successor's URN and is no declaration. Two others of one URN are the same
    file twice, or a damaged or divided state: which of them is meant nobody can tell, so neither is used, and a gap
    says so. (Refusing the whole document would hide everything else that it says.)
    """
    found: dict[str, Entry] = {}
    torn: dict[str, str] = {}
    for document in documents:
        for entry in document.entries:
            resource = entry.resource
            if not resource.custom or resource.external or resource.delete or resource.pending_replacement:
                continue
            before = found.setdefault(resource.urn, entry)
            if before is not entry and is_ours(resource.type) and not _same(before, entry):
                torn[resource.urn] = "its URN is declared twice with different properties"
    return found, torn


def _same(one: Entry, other: Entry) -> bool:
    """Compare inputs as we read them: each export encrypts a secret anew, and defaults are the provider's."""
    if one.resource.type != other.resource.type:
        return False
    left, right = one.resource.inputs, other.resource.inputs
    try:
        return bytes(left) == bytes(right) or bare(members(left)) == bare(members(right))
    except NotUnderstoodError:
        return False


def _preview_gaps(document: Document, known: frozenset[str | None]) -> Iterator[Gap]:
    """Say what a preview does not tell."""
    name = document.info.name
    if document.failed:
        reason = "the preview ended with errors: what it would have said after them is not known"
        yield Gap(Side.DECLARED, name, reason, Facts.OTHER)
    elsewhere = document.info.stack not in known if document.info.stack else not known  # one without steps names none
    if document.untold and elsewhere:
        reason = (
            f"the preview leaves out {document.untold} unchanged resources: add --show-sames, or give the state too"
        )
        yield Gap(Side.DECLARED, name, reason, Facts.OTHER)


@dataclass(frozen=True, slots=True)
class Declaration:
    """What all documents say together.

    ``gaps`` are about whole documents; those of a resource are in its lake. Facts need to know their account, so they
    are built by ``place``.
    """

    sources: tuple[SourceInfo, ...]
    gaps: tuple[Gap, ...]
    resources: tuple[Declared, ...] = field(repr=False)
    _places: Places = field(repr=False, compare=False)

    def place(
        self,
        *,
        account: str | None = None,
        region: str | None = None,
        live: tuple[LakeId, ...] = (),
        known: Known | None = None,
    ) -> tuple[Lake, ...]:
        """Put every fact into its lake; ``live`` lakes of which nothing is declared come back empty.

        ``account`` and ``region`` are what the user says where the declaration is silent; after them, the only lake
        that was read is assumed. Lakes come back in the order of their ids. Declarations that share resources read
        each once if they are placed with the same *known*.

        Raises:
            PlacementError: a resource's lake cannot be told, or there is none that a gap could be in.

        """
        lakes = {lake: Builder(lake) for lake in live}
        homes = _Homes(self._places, account, region, live)
        homeless: list[Gap] = []
        for declared in self.resources:
            resource = declared.entry.resource
            key = id(resource), declared.why, declared.usable
            placed = None if known is None else known.get(key)
            if placed is None:
                placed = _place(declared, homes)
                if known is not None:
                    known[key] = placed
            if placed.home is None:
                homeless.extend(placed.gaps)
                continue
            place, assumed = placed.home
            builder = lakes.get(place) or lakes.setdefault(place, Builder(place))
            builder.assumed = builder.assumed or assumed
            builder.gaps.extend(placed.gaps)
            for fact in placed.facts:
                builder.add(fact)
        if homeless and not lakes:
            raise PlacementError(f"nothing tells the lake of `{homeless[0].source}`: give --account and --region")
        for builder in lakes.values():  # a gap without a home may be in any lake
            builder.gaps.extend(homeless)
        return tuple(lakes[place].lake() for place in sorted(lakes))


@dataclass(frozen=True, slots=True)
class _Placed:
    """One resource as facts, and the lake they are in (with whether it was assumed); ``resource`` is kept alive."""

    resource: Resource
    home: tuple[LakeId, bool] | None
    gaps: tuple[Gap, ...] = ()
    facts: tuple[Fact, ...] = ()


Known = dict[tuple[int, tuple[str, ...], bool], _Placed]
"""Resources that have been read, by identity and by what is said of them."""


def _place(declared: Declared, homes: _Homes) -> _Placed:
    resource, kind = declared.entry.resource, declared.kind
    evidence = declared.evidence
    try:
        inputs: Shape | str = Shape(members(resource.inputs, kind.bulk if kind is not None else None))
    except NotUnderstoodError as error:
        inputs = str(error)
    ordinary = kind is not None and not declared.why and not resource.view_of and isinstance(inputs, Shape)
    gaps = () if ordinary else tuple(_gaps(declared, inputs, evidence))
    usable = kind is not None and declared.usable and isinstance(inputs, Shape)
    home = homes.of(declared, inputs, needed=usable)
    if home is None or kind is None or not isinstance(inputs, Shape):
        return _Placed(resource, home, gaps)
    place = home[0]
    facts = _facts(kind, _item(declared, kind, inputs, place, evidence))
    if gaps:
        gaps = tuple(_placed(gaps, facts, inputs, place))
    if not usable:
        return _Placed(resource, home, gaps)
    read = (next(_placed([fact], facts, inputs, place)) if isinstance(fact, Gap) else fact for fact in facts)
    return _Placed(resource, home, gaps, tuple(read))


class _Homes:
    """In which lake each resource lies, with what the user says and what was read where the declaration is silent."""

    def __init__(self, places: Places, account: str | None, region: str | None, live: tuple[LakeId, ...]) -> None:
        self._places = places
        self._account, self._region, self._live = account, region, live
        self._known: dict[tuple[str | None, str | None], tuple[LakeId, bool] | str] = {}

    def of(self, declared: Declared, inputs: Shape | str, *, needed: bool) -> tuple[LakeId, bool] | None:
        """Return the lake, and whether it was assumed; None if it cannot be told and need not be.

        Raises:
            PlacementError: it cannot be told, and must be.

        """
        entry = declared.entry
        told = self._places.locate(entry.resource, inputs.found if isinstance(inputs, Shape) else {})
        found = self._known.get(told)
        if found is None:
            found = self._known[told] = self._home(*told)
        if not isinstance(found, str):
            return found
        if not needed:
            return None
        options = " and ".join(f"--{word}" for word in found.split(" and "))
        raise PlacementError(f"nothing tells the {found} of `{entry.resource.urn}` in `{entry.source}`: give {options}")

    def _home(self, own_account: str | None, own_region: str | None) -> tuple[LakeId, bool] | str:
        """Return the lake and whether it was assumed, or in words what is missing."""
        live = self._live
        where, who = own_region or self._region, own_account or self._account
        accounts = {lake.account for lake in live if where in {None, lake.region}} or {lake.account for lake in live}
        account = who or (accounts.pop() if len(accounts) == 1 else None)
        regions = {lake.region for lake in live if account in {None, lake.account}}
        region = where or (regions.pop() if len(regions) == 1 else None)
        if account and region:
            return LakeId(partition_of(region), account, region), not (who and where)
        return " and ".join(word for word, value in (("account", account), ("region", region)) if not value)


def _gaps(declared: Declared, inputs: Shape | str, evidence: Evidence) -> Iterator[Gap]:
    kind, resource = declared.kind, declared.entry.resource
    facts = kind.facts if kind else Facts.OTHER
    reasons = list(declared.why)
    if kind is None:
        reasons.append(f"resources of type `{resource.type}` are not understood")
    if resource.view_of:
        reasons.append("it is a view of another resource, which this version does not follow")
    if isinstance(inputs, str):
        reasons.append(inputs)
    for reason in reasons:
        yield Gap(Side.DECLARED, resource.urn, reason, facts, None, evidence)


def _item(declared: Declared, kind: Kind, inputs: Shape, place: LakeId, evidence: Evidence) -> Item:
    resource = declared.entry.resource
    return Item(
        resource.type, resource.id, inputs, resource.outputs, place.account, place.partition, evidence, kind.facts
    )


def _facts(kind: Kind, item: Item) -> list[Fact]:
    """Read one resource; if it cannot be understood, that is the one fact of it."""
    try:
        return list(kind.read(item))
    except NotUnderstoodError as error:
        return [item.gap(str(error))]


def _placed(gaps: Iterable[Gap], facts: Iterable[Fact], inputs: Shape, place: LakeId) -> Iterator[Gap]:
    """Say of whom and of what a gap is, as far as the rest of the resource tells."""
    grant = next((fact for fact in facts if isinstance(fact, Grant)), None)
    where = grant.resource if grant is not None else _roughly(inputs, place.account)
    who = grant.principal if grant is not None else _plain(inputs.found.get("principal"))
    for gap in gaps:
        if gap.facts is not Facts.GRANTS or gap.scope is not None:
            yield gap
        else:
            yield replace(gap, scope=where, principal=normal.principal(who) if isinstance(who, str) else None)


def _plain(value: object) -> str | None:
    if isinstance(value, dict):  # aws-native
        value = value.get("dataLakePrincipalIdentifier")
    return value if isinstance(value, str) else None


def _roughly(inputs: Shape, account: str) -> Table | Database | None:
    """Return the table or database that a grant names, where what it says of it cannot be read in full."""
    found = inputs.found.get("resource")
    for named in (inputs.found, found if isinstance(found, dict) else {}):
        for member in ("tableWithColumns", "table", "database", "dataCellsFilter"):
            body = named.get(member)
            if not isinstance(body, dict):
                continue
            catalog = _plain(body.get("catalogId")) or account
            database = _plain(body.get("name" if member == "database" else "databaseName"))
            name = _plain(body.get("tableName" if member == "dataCellsFilter" else "name"))
            if database and member == "database":
                return Database(catalog, normal.database_name(database))
            if database and name:
                return Table(catalog, normal.database_name(database), normal.table_name(name))
    return None
