"""Documents that are kept hold no secret, and say what they said."""

from __future__ import annotations

import copy
import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from state_samples import (
    ACCOUNT,
    HOME,
    SECRET,
    SIGNATURE,
    UNKNOWN,
    export,
    preview,
    provider,
    resource,
    secret,
    state,
    step,
    unordered,
    whole_lake,
)

from checks.declared import Source, StateError, read, redact

LEAK = "hunter2-do-not-keep"
WAYS: dict[str, Any] = {
    "sealed": secret(f"v1:{LEAK}"),
    "plain": secret(json.dumps(LEAK), "plaintext"),
    "plain object": secret(json.dumps({"deep": [LEAK]}), "plaintext"),
    "wire": secret(LEAK, "value"),
    "lost": secret("null", "plaintext"),
    "unknown on the wire": secret(UNKNOWN, "value"),
    "not first": {"ciphertext": f"v1:{LEAK}", SIGNATURE: SECRET},
    "output": {SIGNATURE: "d0e6a833031e9bbcd3f4e8bde6ca49a4", "value": LEAK, "secret": True},
    "masked": "[secret]",
}


def kept(source: Source) -> Source:
    return Source(source.kind, source.name, b"".join(bytes(one) for one in redact(source).pieces))


def facts(source: Source) -> Any:
    found = read([source])
    return found.gaps, [unordered(one) for one in found.place(account=ACCOUNT, region=HOME.region)]


def spots(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in items:
        yield (*path, name)
        yield from spots(inner, (*path, name))


def put(value: Any, path: tuple[Any, ...], new: Any) -> None:
    for part in path[:-1]:
        value = value[part]
    value[path[-1]] = new


OURS = whole_lake()
SPOTS = [(number, "inputs", *path) for number, one in enumerate(OURS) for path in spots(one["inputs"])]


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(SPOTS), st.sampled_from(sorted(WAYS))), min_size=1, max_size=3), st.booleans()
)
def test_facts_and_gaps_stay_and_no_secret_does(chosen, escaped) -> None:
    resources = copy.deepcopy(OURS)
    for path, way in chosen:
        try:
            put(resources, path, copy.deepcopy(WAYS[way]))
        except (KeyError, IndexError, TypeError):
            continue  # an earlier one stands above it
    data = export(*resources)
    if escaped:
        data = data.replace(SIGNATURE.encode(), b"\\u0034" + SIGNATURE[1:].encode())
    source = Source("state", "state.json", data)
    after = kept(source)
    assert LEAK.encode() not in after.data
    assert facts(after) == facts(source)


SECRETIVE = {
    "outputs": resource("aws:rds/instance:Instance", "r", {}, outputs={"a": {"b": [WAYS["sealed"]]}}),
    "named output": resource("aws:rds/x:X", "r", {}, outputs={"pw": LEAK}, additionalSecretOutputs=["pw"]),
    "echoed output": resource("aws:rds/x:X", "r", {"pw": WAYS["plain"]}, outputs={"x": [LEAK]}),
    "echo of a part": resource("aws:rds/x:X", "r", {"pw": WAYS["plain object"]}, outputs={"x": {"y": LEAK}}),
    "provider": provider({"region": HOME.region, "secretKey": LEAK, "token": LEAK}),
    "provider, JSON in text": provider({"assumeRole": json.dumps({"externalId": WAYS["plain"], "roleArn": "r"})}),
    "a name twice": {**resource("aws:rds/x:X", "r", {}), "inputs": {"twice": 1, "pw": WAYS["sealed"]}},
    "stack outputs": {
        "urn": "urn:pulumi:dev::lake::pulumi:pulumi:Stack::s",
        "type": "pulumi:pulumi:Stack",
        "outputs": {"k": WAYS["sealed"]},
    },
}


@pytest.mark.parametrize("one", SECRETIVE.values(), ids=SECRETIVE)
def test_secrets_of_other_resources_go_too(one) -> None:
    data = export(*whole_lake(), one).replace(b'"twice": 1', b'"twice": 1, "twice": "' + LEAK.encode() + b'"')
    source = Source("state", "state.json", data)
    after = redact(source)
    assert after.removed == (2 if (LEAK in str(one.get("outputs")) and one.get("inputs")) or "token" in str(one) else 1)
    text = b"".join(after.pieces)
    if b"twice" not in data:
        assert LEAK.encode() not in text
    assert b"v1:hunter2" not in text
    assert facts(Source("state", "state.json", text)) == facts(source)


PROVIDERS = {
    "passphrase": {"type": "passphrase", "state": {"salt": f"v1:{LEAK}"}},
    "cloud": {"type": "cloud", "state": {"url": "awskms://alias/k", "encryptedkey": LEAK}},
    "odd": {"type": {"x": LEAK}, "state": LEAK},
}


@pytest.mark.parametrize("given_as", PROVIDERS.values(), ids=PROVIDERS)
@pytest.mark.parametrize("checkpoint", [True, False])
def test_the_state_of_the_secrets_provider_goes(given_as, checkpoint) -> None:
    inside = {"secrets_providers": given_as, "resources": whole_lake()}
    document: dict[str, Any] = {"version": 3, "deployment": inside}
    if checkpoint:
        stack = {"stack": "organization/lake/dev", "config": {"lake:password": LEAK, "aws:region": "eu-west-1"}}
        document = {"version": 3, "checkpoint": {**stack, "latest": inside}}
    source = Source("state", "state.json", json.dumps(document, indent=4).encode())
    after = kept(source)
    assert LEAK.encode() not in after.data
    assert facts(after) == facts(source)
    if isinstance(given_as["type"], str):
        assert f'"type":"{given_as["type"]}"' in bytes(after.data).decode()


def test_a_preview_keeps_its_regions_and_no_other_configuration() -> None:
    grant = {"principal": WAYS["plain"], "permissions": ["SELECT"], "table": {"databaseName": "s", "name": "t"}}
    steps = [step("create", one) for one in [resource("aws:lakeformation/permissions:Permissions", "g", grant)]]
    source = preview(*steps, config={"aws:region": HOME.region, "lake:password": LEAK, "lake:k": {"value": LEAK}})
    after = kept(source)
    assert LEAK.encode() not in after.data
    assert json.loads(bytes(after.data))["config"] == {
        "aws:region": HOME.region,
        "lake:password": "[secret]",
        "lake:k": "[secret]",
    }
    assert facts(after) == facts(source)


PACKED = {"plain": bytes, "gzip": gzip.compress, "zstd": zstandard.ZstdCompressor().compress}


@pytest.mark.parametrize("pack", PACKED.values(), ids=PACKED)
def test_what_has_no_secret_stays_as_it_came(pack) -> None:
    data = json.dumps({"version": 3, "deployment": {"resources": whole_lake()}}, indent=3).encode()
    source = Source("state", "state.json", pack(data))
    after = redact(source)
    assert (after.removed, b"".join(after.pieces)) == (0, source.data)


@pytest.mark.parametrize("pack", PACKED.values(), ids=PACKED)
def test_every_byte_around_a_secret_stays(pack) -> None:
    before, behind = (
        b'{ "version" :3,\n "deployment":{"resources":[ {"urn":"u", "type":"t","inputs" :{"x": ',
        b" }} ]}}\n",
    )
    source = Source("state", "state.json", pack(before + json.dumps(WAYS["sealed"]).encode() + behind))
    after = redact(source)
    assert after.removed == 1
    hidden = json.dumps({SIGNATURE: SECRET, "ciphertext": ""}, separators=(",", ":")).encode()
    assert b"".join(after.pieces) == before + hidden + behind


def test_it_is_done_once() -> None:
    source = state(
        *whole_lake(), provider({"secretKey": LEAK}, "second"), resource("aws:a/b:B", "b", {"x": WAYS["wire"]})
    )
    after = kept(source)
    assert after.data != source.data
    assert redact(after).removed == 0


def test_lines_of_a_log_are_taken_one_by_one() -> None:
    line = json.dumps({"sequence": 1, "metadata": {"new": {"inputs": {"x": WAYS["sealed"]}}}}).encode()
    source = Source("preview", "events.jsonl", b"\n".join([line, b'{"sequence": 2}', line, b""]))
    after = redact(source)
    assert after.removed == 2
    assert [json.loads(one).get("sequence") for one in b"".join(after.pieces).splitlines()] == [1, 2, 1]
    assert LEAK.encode() not in b"".join(after.pieces)


def test_a_saved_plan_is_emptied_of_its_providers_too() -> None:
    inputs = {"region": HOME.region, "secretKey": LEAK, "assumeRole": WAYS["sealed"]}
    goal = {"type": "pulumi:providers:aws", "custom": True, "inputDiff": {"adds": inputs, "deletes": ["secretKey"]}}
    plans = {"urn:pulumi:dev::lake::pulumi:providers:aws::p": {"goal": goal, "steps": ["create"]}}
    config = {"aws:region": HOME.region, "lake:password": {"secure": f"v1:{LEAK}"}}
    source = Source("preview", "plan.json", json.dumps({"resourcePlans": plans, "config": config}).encode())
    after = kept(source)
    assert LEAK.encode() not in after.data
    told = json.loads(bytes(after.data))
    (plan,) = told["resourcePlans"].values()
    assert plan["goal"]["inputDiff"]["adds"]["region"] == HOME.region == told["config"]["aws:region"]
    assert plan["goal"]["inputDiff"]["deletes"] == ["secretKey"]


def test_an_event_of_a_provider_is_emptied() -> None:
    new = {**provider({"region": HOME.region, "secretKey": LEAK}), "outputs": {"secretKey": LEAK}}
    told = {"op": "create", "urn": new["urn"], "type": new["type"], "new": new}
    lines = [{"sequence": 0, "preludeEvent": {"config": {"lake:password": LEAK}}},
             {"sequence": 1, "resourcePreEvent": {"metadata": told}}]  # fmt: skip
    source = Source("preview", "events.jsonl", b"\n".join(json.dumps(one).encode() for one in lines))
    after = redact(source)
    assert (after.removed, LEAK.encode() in b"".join(after.pieces)) == (3, False)


def test_a_large_document_is_gone_into_without_a_copy() -> None:
    many = [resource("aws:a/b:B", str(number), {"x": "y" * 300}) for number in range(6000)]
    source = state(*many, resource("aws:a/b:B", "b", {"x": WAYS["wire"]}))
    after = redact(source)
    assert (after.removed, len(after.pieces)) == (1, 3)
    assert len(json.loads(b"".join(after.pieces))["deployment"]["resources"]) == 6001


@pytest.mark.parametrize(
    "data", [b'{"a":' * 5000, b'{"x": "' + SIGNATURE.encode() + b'"', b"[" * 300 + b'"\\u0034"' + b"]" * 300]
)
def test_what_cannot_be_told_is_not_kept(data) -> None:
    with pytest.raises(StateError, match="cannot be kept"):
        redact(Source("state", "state.json", data))
