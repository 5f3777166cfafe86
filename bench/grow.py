"""A big lake without the SDK's minutes: the program's own lake of some 252 tables, its numbered copies copied on.

The program numbers its tables (``keystrokes_0002``), grants one copy in ten to the sampler, and lets one copy in twenty
carry the tags of its first; the first 21 copies of each family show all that later ones repeat. So a lake of any size
is that seed and, for every further copy, the resources of a like one under its own number: just what the program would
have declared, but for ids that are hashes. It is created in the lab by the lab's own provider, past HTTP.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec
from botocore import xform_name

from lab.up import AwsProvider, Deployment, Goal
from lab.up.deployment import Entry

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.server import Lab

FAMILIES = 12
COPIES = 21
_NUMBER = re.compile(r"_(\d{4})(?!\d)")
_TABLE = "aws:glue/catalogTable:CatalogTable"


def seed_of(tables: int) -> int:
    """Return how many tables the program is to declare for a lake of *tables* to be grown from it.

    A lake whose last copy is there in part needs a seed with the same part.
    """
    small = FAMILIES * COPIES + tables % FAMILIES
    return min(tables, small)


def grown(seed: Deployment, tables: int) -> tuple[Entry, ...]:
    """Return what a lake of *tables* tables has beyond its *seed*: copy by copy, tables first."""
    of_copy: dict[int, list[Entry]] = defaultdict(list)
    for entry in seed.entries:
        number = _NUMBER.search(_name(entry))
        if number is not None:
            of_copy[int(number[1])].append(entry)
    for entries in of_copy.values():
        entries.sort(key=lambda entry: _TABLE not in entry.urn)
    part = {_family(entry) for entry in of_copy[COPIES + 1]}
    last = tables // FAMILIES + 1
    found: list[Entry] = []
    for copy in range(COPIES + 1, last + 1):
        for entry in of_copy[_like(copy)]:
            inside = _family(entry) in part
            if (copy > COPIES + 1 or not inside) and (copy < last or inside):
                found.append(_numbered(entry, copy))
    return tuple(found)


def _like(copy: int) -> int:
    """Return the copy of the seed that a later one is like."""
    if copy % 20 == 0:
        return 20
    return 11 if copy % 10 == 1 else 2


def _name(entry: Entry) -> str:
    return entry.urn.rpartition("::")[2]


def _family(entry: Entry) -> str:
    """Return ``telemetry_raw.keystrokes`` for whatever belongs to a copy of that table."""
    return _NUMBER.split(_name(entry))[0].rpartition(":")[2]


def _numbered(entry: Entry, copy: int) -> Entry:
    number = f"_{copy:04d}"
    body = _NUMBER.sub(number, entry.body.decode()).encode()
    return Entry(_NUMBER.sub(number, entry.urn), body, entry.shares)


def create(entries: tuple[Entry, ...], lab: Lab, progress: Callable[[int], None]) -> None:
    """Create the resources in a running lab; *progress* is called with how many are under way."""
    decode = msgspec.json.Decoder(dict[str, Any]).decode
    with AwsProvider(_Session(lab), lab.endpoint, lab.region, threads=1) as provider:
        for number, entry in enumerate(entries):
            body = decode(entry.body)
            goal = Goal(entry.urn, body["type"], _name(entry), body["inputs"], {}, tuple(body.get("dependencies", ())))
            provider.create(goal)
            if number % 1000 == 0:
                progress(number)
        provider.settle()


def with_more(seed: Deployment, entries: tuple[Entry, ...]) -> Deployment:
    """Return the seed's deployment with more resources."""
    return replace(seed, entries=seed.entries + entries)


class _Session:
    """Stands where boto3's session stands: its clients call the lab without HTTP."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def client(self, service: str, **options: Any) -> Any:
        """Return a client; who the caller is, is asked over HTTP as ever."""
        real = self._lab.session().client(service, **options)
        return real if service == "sts" else _Client(self._lab, service, real.meta.service_model.operation_names)


class _Client:
    def __init__(self, lab: Lab, service: str, operations: list[str]) -> None:
        for name in operations:
            setattr(self, xform_name(name), self._method(lab, service, name))

    @staticmethod
    def _method(lab: Lab, service: str, operation: str) -> Callable[..., dict[str, Any]]:
        return lambda **request: lab.call(service, operation, request)
