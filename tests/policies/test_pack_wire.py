"""What the engine sends, taken apart."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from google.protobuf import struct_pb2
from hypothesis import given
from hypothesis import strategies as st
from pulumi.runtime.proto import analyzer_pb2 as wire

from policies.wire import plain, properties, resources, some

SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def struct(value: dict[str, Any]) -> struct_pb2.Struct:
    made = struct_pb2.Struct()
    made.update(value)
    return made


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text().filter(lambda t: t != SIGNATURE), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(st.dictionaries(st.text(min_size=1), VALUES, max_size=4))
def test_values_come_back_as_they_went(value: dict[str, Any]) -> None:
    assert plain(struct(value)) == (value, False)
    assert json.loads(properties(struct(value)).json) == value


def test_secrets_are_laid_open_and_told() -> None:
    hidden = {SIGNATURE: SECRET, "value": [{"a": "b"}]}
    assert plain(struct({"x": [hidden]})) == ({"x": [[{"a": "b"}]]}, True)
    assert properties(struct({"x": {"y": hidden}})).secret
    assert plain(struct({"x": {SIGNATURE: SECRET}})) == ({"x": UNKNOWN}, True)
    asset = {SIGNATURE: "c44067f5952c0a294b673a41bacd8c17", "text": "t"}
    assert plain(struct({"x": asset})) == ({"x": asset}, False)


@pytest.mark.parametrize(
    "mark",
    [
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "e48ece36-62e2-4504-bad9-02848725956a",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
        UNKNOWN,
    ],
)
def test_every_mark_of_the_unknown_becomes_the_one(mark: str) -> None:
    assert plain(struct({"x": {"y": [mark]}})) == ({"x": {"y": [UNKNOWN]}}, False)


def test_clues_are_known_texts_only() -> None:
    held = struct({"arn": "a", "name": UNKNOWN, "region": {SIGNATURE: SECRET, "value": "r"}, "catalogId": 5, "x": "y"})
    assert some(held, ("arn", "name", "region", "catalogId", "missing")) == ({"arn": "a", "region": "r"}, True)


def test_a_stack_is_read_resource_by_resource() -> None:
    listed = [wire.AnalyzerResource(type="t" * n, urn=f"u{n}", properties=struct({"n": n})) for n in range(200)]
    message = wire.AnalyzeStackRequest(resources=listed).SerializeToString()
    assert list(resources(message)) == listed
    assert list(resources(b"")) == []


def test_members_that_nobody_knows_are_passed_over() -> None:
    known = wire.AnalyzeStackRequest(resources=[wire.AnalyzerResource(urn="u")]).SerializeToString()
    odd = bytes((0x78, 0x96, 0x01)) + bytes((0x79, *range(8))) + bytes((0x7D, *range(4))) + bytes((0x7A, 2, 1, 1))
    assert [one.urn for one in resources(odd + known + odd)] == ["u"]


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(b"\x0a\x05abc", id="short member"),
        pytest.param(b"\x0a", id="no length"),
        pytest.param(b"\xff" * 12, id="endless number"),
        pytest.param(b"\x0b", id="a group"),
        pytest.param(b"\x79\x01", id="short number"),
        pytest.param(b"\x0a\x02\xff\xff", id="no resource"),
    ],
)
def test_what_is_no_message_is_refused(message: bytes) -> None:
    with pytest.raises(ValueError, match="the request"):
        list(resources(message))


@given(st.binary(max_size=60))
def test_no_bytes_break_the_reader_otherwise(message: bytes) -> None:
    with contextlib.suppress(ValueError):
        list(resources(message))
