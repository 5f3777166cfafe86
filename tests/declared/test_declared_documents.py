"""Formats: what is read, what is refused, and that a refusal is one clear line."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from state_samples import HOME, ROLE, export, lakes, provider, resource, state, unordered, whole_lake

from checks.declared import Source, StateError, read
from checks.declared.document import unpack

SMALL = export(
    provider(),
    resource("aws:glue/catalogDatabase:CatalogDatabase", "db", {"name": "sales", "__defaults": []}),
)


def refusal(data: bytes, kind: str = "state", name: str = "stack.json") -> str:
    with pytest.raises(StateError) as caught:
        read([Source(kind, name, data)])
    text = str(caught.value)
    assert text.startswith(f"`{name}`")
    assert text.isprintable()
    assert ("give" in text) or ("write it again" in text) or ("update" in text) or ("MiB" in text), text
    return text


def pack_zstd(data: bytes) -> bytes:
    return zstandard.ZstdCompressor(write_checksum=True).compress(data)


PACKED: dict[str, Callable[[bytes], Any]] = {
    "gzip": lambda data: gzip.compress(data, mtime=0),
    "zstd": pack_zstd,
    "two gzip members": lambda data: gzip.compress(data[:50]) + gzip.compress(data[50:]),
    "two zstd frames": lambda data: pack_zstd(data[:50]) + pack_zstd(data[50:]),
    "byte order mark": lambda data: b"\xef\xbb\xbf" + data,
    "UTF-16": lambda data: data.decode().encode("utf-16"),
    "bytearray": bytearray,
    "memoryview": memoryview,
}


@pytest.mark.parametrize("pack", PACKED.values(), ids=PACKED)
def test_packing_and_encoding_change_nothing(pack):
    assert lakes(Source("state", "s", pack(export(*whole_lake())))) == lakes(state(*whole_lake()))


@pytest.mark.parametrize("pack", [bytes, gzip.compress, pack_zstd], ids=["plain", "gzip", "zstd"])
def test_a_document_cut_anywhere_is_refused(pack):
    data = pack(SMALL)
    for end in range(len(data)):
        refusal(data[:end])


def test_a_packed_document_stays_within_its_bound():
    data = b'{"version": 3, "x": "' + b"a" * 3_000_000 + b'"}'
    for pack in (gzip.compress, pack_zstd):
        with pytest.raises(StateError, match="unpacks to more than 1 MiB"):
            unpack(Source("state", "bomb", pack(data)), largest=1 << 20)
        assert unpack(Source("state", "fine", pack(data)), largest=len(data)) == data


def test_packed_rubbish_is_refused_at_once():
    assert "not JSON" in refusal(pack_zstd(b"\0" * 50_000_000))
    assert "damaged" in refusal(gzip.compress(SMALL)[:-8] + b"\0" * 8)
    assert "damaged" in refusal(pack_zstd(SMALL) + b"rest")


@pytest.mark.parametrize("version", [3, 4])
def test_both_versions_both_forms(version):
    deployment = json.loads(export(*whole_lake()))["deployment"]
    checkpoint = {"version": version, "checkpoint": {"stack": "organization/lake/dev", "latest": deployment}}
    exported = state(*whole_lake(), version=version)
    assert lakes(Source("state", "s", json.dumps(checkpoint).encode())) == lakes(exported)
    (lake,) = lakes(exported)
    assert lake.id == HOME
    assert lake.gaps == ()


def test_known_features_pass():
    assert lakes(state(*whole_lake(), version=4, features=["views", "refreshBeforeUpdate"]))


NOTHING = {
    "no resources": {"version": 3, "deployment": {"manifest": {}}},
    "null resources": {"version": 3, "deployment": {"resources": None}},
    "null deployment": {"version": 3, "deployment": None},
    "never deployed": {"version": 3, "checkpoint": {"stack": "organization/lake/dev"}},
    "destroyed": {"version": 3, "checkpoint": {"stack": "organization/lake/dev", "latest": None}},
}


@pytest.mark.parametrize("document", NOTHING.values(), ids=NOTHING)
def test_a_stack_that_declares_nothing_is_valid(document):
    found = read([Source("state", "s", json.dumps(document).encode())])
    assert found.place() == ()
    (lake,) = found.place(live=(HOME,))
    assert (lake.id, lake.grants, lake.gaps, lake.assumed) == (HOME, (), (), False)


REFUSED = {
    "empty": (b"", "is empty"),
    "blank": (b" \n", "is empty"),
    "no JSON": (b"hello", "not JSON"),
    "YAML": (b"version: 3\n", "not JSON"),
    "a list": (b"[]", "JSON list"),
    "a number": (b"3", "JSON, but no state"),
    "null": (b"null", "JSON, but no state"),
    "a number and more": (b"3 apples", "not JSON"),
    "a sign that JSON does not have": (b'{"version": 3, "deployment": {"resources": [NaN]}}', "damaged: JSON is malformed"),
    "any object": (b"{}", "no state"),
    "only a version": (b'{"version": 3}', "no state"),
    "version 1": (b'{"version": 1, "checkpoint": {"latest": {"resources": [{"urn": 7}]}}}', "version 1"),
    "version 2": (b'{"version": 2, "deployment": {}}', "version 2"),
    "version 5": (b'{"version": 5, "deployment": {}}', "version 5"),
    "version true": (b'{"version": true, "deployment": {}}', "no version"),
    "version text": (b'{"version": "3", "deployment": {}}', "no version"),
    "no version": (b'{"deployment": {"resources": []}}', "no version"),
    "version 0": (b'{"target": "dev", "latest": {"resources": []}}', "version 0"),
    "bare deployment": (b'{"manifest": {}, "resources": []}', "without its `version`"),
    "feature": (b'{"version": 4, "features": ["tides"], "deployment": {}}', "`tides`"),
    "features": (b'{"version": 4, "features": 1, "deployment": {}}', "no list"),
    "preview": (b'{"steps": [], "changeSummary": {}}', "--preview"),
    "plan": (b'{"manifest": {}, "resourcePlans": {}}', "saved plan"),
    "event log": (b'{"sequence": 1, "preludeEvent": {}}\n{"sequence": 2}\n', "event log"),
    "one event": (b'{"sequence": 1, "timestamp": 2}', "event log"),
    "no URN": (b'{"version": 3, "deployment": {"resources": [{"type": "a:b:C"}]}}', "`urn`"),
    "odd resources": (b'{"version": 3, "deployment": {"resources": {}}}', "resources"),
    "rest": (b'{"version": 3, "deployment": {}} x', "damaged"),
    "deep": (b'{"version": 3, "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deeply"),
    "latin": (b'{"version": 3, "deployment": {"resources": [{"urn": "\xe9"}]}}', ""),
}  # fmt: skip


@pytest.mark.parametrize(("data", "words"), REFUSED.values(), ids=REFUSED)
def test_refused_with_one_clear_line(data, words):
    assert words in refusal(data)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (SMALL, "--state"),
        (b'{"sequence": 1}\n{"sequence": 2}', "event log"),
        (b"{}", "no preview"),
        (b'{"steps": 3}', "steps"),
        (b'{"steps": [{"op": 3}]}', "op"),
        (b"", "empty"),
    ],
)
def test_refused_previews(data, words):
    assert words in refusal(data, "preview")


def test_a_kind_nobody_knows_is_refused():
    with pytest.raises(StateError, match="only `state` and `preview`"):
        read([Source("recording", "r", b"{}")])


def test_names_in_messages_are_printable():
    with pytest.raises(StateError) as caught:
        read([Source("state", "a\n\x1b[31m\u202eb", b"x")])
    assert str(caught.value).isprintable()


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data):
    for start in (b"", b"{", b'{"version": 3, "deployment": ', b"\x1f\x8b", b"\x28\xb5\x2f\xfd"):
        with suppress(StateError):
            read([Source("state", "s", start + data)])


def test_where_a_fact_was_read():
    (lake,) = lakes(state(*whole_lake()))
    (grant,) = lake.grants
    assert grant.principal == ROLE
    where = grant.evidence
    assert where is not None
    assert where.pointer == "/deployment/resources/10"
    assert where.urn == "urn:pulumi:dev::lake::aws:lakeformation/permissions:Permissions::grant"
    assert (where.stack, where.position, where.line, where.source) == ("lake/dev", "__main__.py#66", None, "declared")


def test_sources_are_named():
    found = read([state(*whole_lake())])
    (source,) = found.sources
    assert (source.kind, source.name, source.stack) == ("state", "state.json", "lake/dev")
    assert source.sha256
    assert len(source.sha256) == 64


@settings(deadline=None)
@given(st.permutations(whole_lake()))
def test_the_order_of_resources_is_irrelevant(resources):
    (one,), (other,) = lakes(state(*resources)), lakes(state(*whole_lake()))
    assert unordered(one) == unordered(other)
