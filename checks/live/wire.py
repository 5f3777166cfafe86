"""Answers as AWS sent them: the body's own bytes, but for times, which a recording spells as ISO 8601 text.

botocore signs, sends, tries again and reads errors. Its parser walks every value of an answer by the service model and
drops what the model does not know; a page of a thousand grants takes it some twenty times as long as the decoding
does. Here an answer's body is kept as it came: a member or a union member that the installed botocore has not heard of
reaches the recording, and the facts, which say that they do not know it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import msgspec
from botocore.utils import parse_timestamp

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.model import OperationModel, Shape

_BODY: Final = "floodline body"
_JSON: Final = frozenset({"json", "rest-json"})
_OK: Final = 300

Plan = dict[str, Any]
"""Members that are times (True), or objects or lists of objects that hold some (a plan of their own)."""

_EACH: Final = ""
"""In a plan: the members of every object of a list, or of a mapping's every value."""

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode
_NOT_JSON: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class BrokenBodyError(ValueError):
    """The body of an answer is no JSON object: cut, or not from AWS. Its text is never shown."""


def keep_bodies(client: Any) -> None:
    """Have *client* hand over the bodies of its answers unread; what it raises for refusals stays as it is.

    Source: botocore's events (``before-parse``, boto3 guide, "Extensibility"): each client has its own.
    """
    client.meta.events.register("before-parse", _keep)


def _keep(
    operation_model: OperationModel,
    response_dict: dict[str, Any],
    customized_response_dict: dict[str, Any],
    **_: object,
) -> None:
    if response_dict["status_code"] >= _OK or operation_model.service_model.resolved_protocol not in _JSON:
        return
    customized_response_dict[_BODY] = response_dict["body"]
    response_dict["body"] = b"{}"


def answer_of(client: Any, operation: str, response: Mapping[str, Any]) -> bytes:
    """Return what a recording holds of an answer: its JSON without ``ResponseMetadata``, times as ISO 8601 text.

    *response* is what the client's method returned, of a client that keeps bodies or of any other.

    Raises:
        BrokenBodyError: the body is no JSON object.

    """
    body = response.get(_BODY)
    if body is None:
        return _encode(_spelt({name: value for name, value in response.items() if name != "ResponseMetadata"}))
    return plain(client.meta.service_model.operation_model(operation), body)


def plain(model: OperationModel, body: bytes) -> bytes:
    """Return the body of an answer as a recording holds it; only times are spelt anew.

    Raises:
        BrokenBodyError: the body is no JSON object. botocore takes a cut body for an empty answer, which would pass
            for the end of a listing.

    """
    text = bytes(body).strip()
    if not (text.startswith(b"{") and text.endswith(b"}")):
        raise BrokenBodyError("the answer's body is no JSON object: it is cut or not from AWS")
    shape = model.output_shape
    try:
        text.decode()  # the decoder below does not look inside texts that it only passes on
        return bytes(_timed(text, _plan(shape.name, model) if shape is not None else {}))
    except _NOT_JSON:
        raise BrokenBodyError("the answer's body is not JSON: it is cut or not from AWS") from None


@cache
def _plan(_name: str, model: OperationModel) -> Plan:
    plan = _times(model.output_shape, frozenset())
    return plan if isinstance(plan, dict) else {}


def _times(shape: Shape, above: frozenset[str]) -> Plan | bool:
    """Find the times in a shape; one that holds itself is not followed round."""
    if shape.type_name == "timestamp":
        return True
    if shape.name in above:
        return False
    above |= {shape.name}
    if shape.type_name == "structure":
        found = {name: plan for name, member in shape.members.items() if (plan := _times(member, above))}
        return found or False
    if shape.type_name in {"list", "map"}:
        inner = _times(shape.member if shape.type_name == "list" else shape.value, above)
        return {_EACH: inner} if inner else False
    return False


_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_objects = msgspec.json.Decoder(list[dict[str, msgspec.Raw]]).decode
_list = msgspec.json.Decoder(list[msgspec.Raw]).decode


def _timed(text: bytes | msgspec.Raw, plan: Plan | bool) -> bytes | msgspec.Raw:
    """Spell the times of a JSON text anew, and check that it is JSON; what is not as planned stays."""
    first = bytes(memoryview(text)[:1])
    if plan is True:
        return _encode(_time(text))
    assert isinstance(plan, dict)
    each = plan.get(_EACH)
    if first == b"{":
        found = _object(text)
        for name in found if each else plan.keys() & found.keys():
            found[name] = msgspec.Raw(_timed(found[name], each or plan[name]))
        return _encode(found)
    if first == b"[" and each:
        return _encode(_in_list(text, each))
    return text


def _in_list(text: bytes | msgspec.Raw, each: Plan | bool) -> list[Any]:
    if isinstance(each, dict) and _EACH not in each:
        try:
            rows: list[dict[str, Any]] = list(_objects(text))
        except msgspec.ValidationError:  # a row that is no object: facts name it
            return [msgspec.Raw(_timed(one, each)) for one in _list(text)]
        for name, plan in each.items():
            for row in rows:
                if name in row:
                    row[name] = _time(row[name]) if plan is True else msgspec.Raw(_timed(row[name], plan))
        return rows
    return [msgspec.Raw(_timed(one, each)) for one in _list(text)]


def _time(text: bytes | msgspec.Raw) -> object:
    """Read a time as botocore does: seconds since 1970, or a text. What cannot be one stays as it came."""
    try:
        return datetime.fromtimestamp(float(bytes(text)), UTC)
    except (ValueError, OverflowError, OSError):
        value = _decode(text)
    if isinstance(value, str):
        try:
            at = parse_timestamp(value)
        except (ValueError, OverflowError):
            return value
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    return value


def _spelt(response: dict[str, Any]) -> dict[str, Any]:
    """Spell the times of a parsed answer."""
    todo: list[Any] = [response]
    while todo:
        item = todo.pop()
        for key, value in item.items() if isinstance(item, dict) else enumerate(item):
            if isinstance(value, dict | list):
                todo.append(value)
            elif isinstance(value, datetime):
                item[key] = _utc(value)
    return response


def _utc(at: datetime) -> str:
    text = (at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)).isoformat()
    return text.removesuffix("+00:00") + "Z"
