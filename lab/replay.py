"""A recording as an AWS endpoint: every call that it holds is answered as AWS answered it, every other one is refused.

    with Replay.of(Path("lake.jsonl.zst")) as aws:
        boto3.client("glue", endpoint_url=aws.endpoint, **aws.keys()).get_databases(MaxResults=100)

Answers are turned into AWS's wire form once, at the start, into a temporary file; a call costs a look-up and a read.
Paging is by token alone: ``MaxResults`` may differ from the recorded one. A call that was recorded more than once is
answered in the recorded order, and from the first again after the last. Neither moto nor boto3 is imported.
"""

from __future__ import annotations

import hashlib
import io
import os
import socket
import socketserver
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, NamedTuple, Self
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

import botocore.session
import msgspec
from botocore.exceptions import BotoCoreError
from botocore.model import OperationNotFoundError

from checks.live import recording
from checks.live.answer import Answer, Cut
from lab import protocol
from lab.faults import Asked, Fault, Faults, Plan, strike
from lab.protocol import AwsError

if TYPE_CHECKING:
    from botocore.model import OperationModel, Shape

NOT_RECORDED: Final = "NotRecordedException"
_PAGING: Final = frozenset({"NextToken", "MaxResults"})
_EVERYWHERE: Final = frozenset({"account", "ec2", "iam", "organizations", "sts"})
"""Services that answer for the account, whichever region asks."""
_KEY: Final = "ASIAREPLAY"
_encode_sorted = msgspec.json.Encoder(order="sorted").encode
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


class _Page(NamedTuple):
    """Where an answer lies in the file; ``code`` names a refusal, whose message lies there."""

    offset: int
    length: int
    status: int
    code: str


class _Call(NamedTuple):
    account: str
    region: str
    service: str
    operation: str
    request: Mapping[str, Any]
    token: str

    def key(self) -> bytes:
        region = "" if self.service in _EVERYWHERE else self.region
        rest = {name: value for name, value in self.request.items() if name not in _PAGING}
        text = _encode_sorted([self.account, region, self.service, self.operation, rest, self.token])
        return hashlib.blake2b(text, digest_size=16).digest()


class Replay:
    """A recording being served on 127.0.0.1. It is its own context manager.

    ``latency`` is how long every answer waits, in seconds. ``calls`` counts the calls by ``service:Operation``,
    ``missing`` names those that the recording does not hold.

    Raises:
        checks.live.recording.RecordingError: *stream* is no recording.

    """

    def __init__(
        self,
        stream: IO[bytes],
        name: str,
        *,
        latency: float = 0.0,
        port: int = 0,
        faults: Plan | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.calls: Counter[str] = Counter()
        self.missing: list[str] = []
        self.cut: str = ""
        self.latency = latency
        self.accounts: dict[str, None] = {}
        self.regions: dict[str, None] = {}
        self._sleep = sleep
        self._faults = Faults(faults)
        self._file = tempfile.TemporaryFile(prefix="floodline-replay-")  # noqa: SIM115 - closed by close()
        self._index: dict[bytes, list[_Page]] = {}
        self._turns: Counter[bytes] = Counter()
        self._lock = threading.Lock()
        self.connections: set[socket.socket] = set()
        self._closed = False
        try:
            self._unpack(stream, name)
            self._server = _Server(port, self)
        except BaseException:
            self._file.close()
            raise
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="replay", daemon=True)
        self._thread.start()

    @classmethod
    def of(cls, path: Path, **options: Any) -> Self:
        """Serve the recording at *path*; keyword arguments as of the class."""
        with path.open("rb") as stream:
            return cls(stream, str(path), **options)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop answering and drop the unpacked answers. Harmless the second time."""
        if self._closed:
            return
        self._closed = True
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        for connection in list(self.connections):
            with suppress(OSError):  # the client was quicker
                connection.shutdown(socket.SHUT_RDWR)
        with self._lock:
            self._file.close()

    @property
    def endpoint(self) -> str:
        """``http://127.0.0.1:PORT``."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def keys(self, account: str | None = None) -> dict[str, str]:
        """boto3's keyword arguments that make a client one of *account* (by default of the recording's first)."""
        told = self.credentials(account)
        return {
            "aws_access_key_id": told["AWS_ACCESS_KEY_ID"],
            "aws_secret_access_key": told["AWS_SECRET_ACCESS_KEY"],
            "region_name": told["AWS_REGION"],
        }

    def credentials(self, account: str | None = None) -> dict[str, str]:
        """Environment variables that make any AWS SDK ask the recording, whatever the machine is set up for."""
        region = next(iter(self.regions), "us-east-1")
        return {
            "AWS_ACCESS_KEY_ID": _KEY + (account or self._first()),
            "AWS_SECRET_ACCESS_KEY": "replay",
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def _first(self) -> str:
        return next(iter(self.accounts), "")

    # ---------------------------------------------------------------------------------------------------- unpacking
    def _unpack(self, stream: IO[bytes], name: str) -> None:
        _, answers = recording.read(stream, name)
        for answer in answers:
            if isinstance(answer, Cut):
                self.cut = answer.reason
                break
            self.accounts[answer.account] = None
            if answer.service not in _EVERYWHERE:
                self.regions[answer.region] = None
            self._keep(answer)
        for pages in self._index.values():
            # What never reached AWS (a repeated token, a lost connection) gives way to what AWS answered.
            if any(page.status for page in pages):
                pages[:] = [page for page in pages if page.status]
        self._file.flush()

    def _keep(self, answer: Answer) -> None:
        if answer.error is None:
            body, status, code = _on_the_wire(answer), 200, ""
        else:
            body, status, code = answer.error.message.encode(), answer.error.http_status, answer.error.code
        token = str(answer.request.get("NextToken") or "")
        request = answer.request if _is_json(answer.service) else _flat(answer.request)
        call = _Call(answer.account, answer.region, answer.service, answer.operation, request, token)
        page = _Page(self._file.tell(), len(body), status, code)
        self._file.write(body)
        self._index.setdefault(call.key(), []).append(page)

    # ------------------------------------------------------------------------------------------------------- answers
    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes, out: socket.socket) -> bool:
        """Answer one request on its connection; False if the connection is of no use any more."""
        target = headers.get("x-amz-target", "")
        signed = protocol.scope(headers.get("authorization", "")) or protocol.Scope("", "", "")
        service = signed.service
        spoilt: tuple[Fault, ...] = ()
        try:
            asked = self._asked_for(signed, protocol.action(service, target, method, path, body), body)
            spoilt = self._faults.before(asked) if self._faults else ()
            if self.latency:
                self._sleep(self.latency)
            found = self._find(asked)
            if self._faults:
                found = self._faults.after(asked, found)
        except AwsError as error:
            status, more, found = protocol.refusal(service, target, error)
            head = [f"HTTP/1.1 {status} Error", *(f"{key}: {value}" for key, value in more)]
        else:
            kind = protocol.JSON_TYPES.get(service) or ("application/json" if _is_json(service) else "text/xml")
            head = ["HTTP/1.1 200 OK", f"Content-Type: {kind}", "x-amzn-RequestId: replay"]
        lines = "\r\n".join([*head, f"Content-Length: {len(found)}", "", ""])
        message = lines.encode("latin-1") + found
        if spoilt:
            return strike(out, spoilt, message, len(found))
        out.sendall(message)
        return True

    def _asked_for(self, signed: protocol.Scope, operation: str, body: bytes) -> Asked:
        if not signed.service:
            raise AwsError("MissingAuthenticationToken", "the request is not signed", 403)
        account = signed.key.removeprefix(_KEY)
        account = account if account in self.accounts else self._first()
        with self._lock:
            self.calls[f"{signed.service}:{operation}"] += 1
        role = f"arn:aws:iam::{account}:role/replayed"
        return Asked(signed.service, operation, signed.region, account, role, role, body)

    def _find(self, asked: Asked) -> bytes:
        if asked.name == "sts:AssumeRole":
            return self._assume(dict(parse_qsl(asked.body.decode("utf-8", "replace"))))
        request = _request(asked.service, asked.body)
        token = str(request.get("NextToken") or "")
        call = _Call(asked.account, asked.region, asked.service, asked.operation, request, token)
        key = call.key()
        with self._lock:
            pages = self._index.get(key)
            if pages is None:
                self.missing.append(asked.name)
                raise AwsError(
                    NOT_RECORDED,
                    f"the recording holds no {asked.name} with this request for account {asked.account}"
                    f" in region {asked.region}",
                )
            page = pages[self._turns[key] % len(pages)]
            self._turns[key] += 1
        found = os.pread(self._file.fileno(), page.length, page.offset)
        if page.code:
            raise AwsError(page.code, found.decode("utf-8", "replace"), page.status or 400)
        return found

    def _assume(self, form: Mapping[str, str]) -> bytes:
        """Keys of a recorded account; other accounts cannot be entered."""
        role, session = form.get("RoleArn", ""), form.get("RoleSessionName", "")
        account = role.split(":")[4] if role.count(":") >= 5 else ""
        if account not in self.accounts:
            raise AwsError("AccessDeniedException", f"the recording holds nothing of the account of role {role}")
        arn = f"arn:aws:sts::{account}:assumed-role/{role.rpartition('/')[2]}/{session}"
        return (
            '<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>'
            f"<AccessKeyId>{_KEY}{account}</AccessKeyId><SecretAccessKey>replay</SecretAccessKey>"
            "<SessionToken>replay</SessionToken><Expiration>2100-01-01T00:00:00Z</Expiration></Credentials>"
            f"<AssumedRoleUser><AssumedRoleId>AROAREPLAY:{escape(session)}</AssumedRoleId><Arn>{escape(arn)}</Arn>"
            "</AssumedRoleUser></AssumeRoleResult></AssumeRoleResponse>"
        ).encode()


# ---------------------------------------------------------------------------------------------------------- requests
def _request(service: str, body: bytes) -> Mapping[str, Any]:
    if not _is_json(service):
        form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
        return {name: value for name, value in form.items() if name not in {"Action", "Version"}}
    try:
        found = _decode(body or b"{}")
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise AwsError("SerializationException", "the body is not JSON") from None
    if not isinstance(found, dict):
        raise AwsError("SerializationException", "the body is not a JSON object")
    return found


def _flat(request: Mapping[str, Any]) -> dict[str, str]:
    """A request as a form has it."""
    found: dict[str, str] = {}

    def put(name: str, value: Any) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                put(f"{name}.{key}" if name else key, inner)
        elif isinstance(value, list):
            for number, inner in enumerate(value, 1):
                put(f"{name}.member.{number}", inner)
        else:
            found[name] = str(value).lower() if isinstance(value, bool) else str(value)

    put("", request)
    return found


# ----------------------------------------------------------------------------------------------------------- answers
@cache
def _session() -> Any:
    return botocore.session.get_session()


@cache
def _model(service: str, operation: str) -> OperationModel | None:
    """Botocore's model; None for a service or an operation that the installed one does not know."""
    try:
        found: OperationModel = _session().get_service_model(service).operation_model(operation)
    except (BotoCoreError, OperationNotFoundError):
        return None
    return found


@cache
def _is_json(service: str) -> bool:
    try:
        return bool(_session().get_service_model(service).resolved_protocol in {"json", "rest-json"})
    except BotoCoreError:
        return True


def _on_the_wire(answer: Answer) -> bytes:
    """The answer's body as the service sends it: JSON with times as numbers, or XML."""
    body = answer.response or b"{}"
    model = _model(answer.service, answer.operation)
    shape = model.output_shape if model is not None else None
    if model is None or shape is None:
        return body
    if not _is_json(answer.service):
        return _xml(answer.operation, shape, _decode(body)).encode()
    times = _times_of(answer.service, answer.operation)
    if times is None:
        return body
    found = _decode(body)
    _number(found, times)
    return _encode(found)


@cache
def _times_of(service: str, operation: str) -> dict[str, Any] | None:
    model = _model(service, operation)
    found = None if model is None or model.output_shape is None else _times(model.output_shape, frozenset())
    return found if isinstance(found, dict) else None


def _times(shape: Shape, above: frozenset[str]) -> dict[str, Any] | str | None:
    """Where times are: ``number`` or ``text`` for one, members (``*`` for all) for what holds some."""
    if shape.type_name == "timestamp":
        # JSON protocols send seconds since 1970 unless the model says otherwise.
        return "number" if shape.serialization.get("timestampFormat", "unixTimestamp") == "unixTimestamp" else "text"
    if shape.name in above:
        return None
    above |= {shape.name}
    inner: dict[str, Any] = {}
    if shape.type_name == "structure":
        inner = {name: found for name, member in shape.members.items() if (found := _times(member, above)) is not None}
    elif shape.type_name in {"list", "map"}:
        found = _times(shape.member if shape.type_name == "list" else shape.value, above)
        inner = {} if found is None else {"*": found}
    return inner or None


def _number(value: Any, times: Mapping[str, Any]) -> None:
    """Turn the times inside a value into numbers, in place; what is no time stays."""
    places: Iterator[tuple[Any, Any]]
    if isinstance(value, list):
        places = ((place, times.get("*")) for place in range(len(value)))
    elif isinstance(value, dict):
        names = value.keys() if "*" in times else value.keys() & times.keys()
        places = ((name, times.get("*", times.get(name))) for name in names)
    else:
        return
    for place, inside in places:
        if isinstance(inside, dict):
            _number(value[place], inside)
        elif inside == "number" and isinstance(value[place], str):
            with suppress(ValueError):
                value[place] = datetime.fromisoformat(value[place]).timestamp()


def _xml(operation: str, shape: Shape, value: Any) -> str:
    wrapper = shape.serialization.get("resultWrapper")
    inner = "".join(_elements(shape, value))
    if wrapper:
        inner = f"<{wrapper}>{inner}</{wrapper}>"
    return f"<{operation}Response>{inner}</{operation}Response>"


def _elements(shape: Shape, value: Any) -> Iterator[str]:
    for name, member in shape.members.items():
        if not isinstance(value, dict) or name not in value:
            continue
        tag = member.serialization.get("name", name)
        if member.type_name == "list" and member.serialization.get("flattened"):
            tag = member.member.serialization.get("name", tag)
            yield from (_element(tag, member.member, one) for one in value[name])
        else:
            yield _element(tag, member, value[name])


def _element(tag: str, shape: Shape, value: Any) -> str:
    if shape.type_name == "structure":
        inner = "".join(_elements(shape, value))
    elif shape.type_name == "list":
        each = shape.member.serialization.get("name", "member")
        inner = "".join(_element(each, shape.member, one) for one in value)
    elif isinstance(value, bool):
        inner = str(value).lower()
    else:
        inner = escape(str(value))
    return f"<{tag}>{inner}</{tag}>"


# ------------------------------------------------------------------------------------------------------------- server
class _Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, port: int, replay: Replay) -> None:
        self.replay = replay
        super().__init__(("127.0.0.1", port), _Handler)

    def handle_error(self, *_: object) -> None:
        """Say nothing: the client hung up."""


class _Handler(socketserver.StreamRequestHandler):
    """As much HTTP as an AWS SDK speaks; connections stay open."""

    disable_nagle_algorithm = True
    server: _Server
    rfile: io.BufferedReader

    def handle(self) -> None:
        self.server.replay.connections.add(self.connection)
        try:
            while self._one():
                pass
        finally:
            self.server.replay.connections.discard(self.connection)

    def _one(self) -> bool:
        first = self.rfile.readline(1 << 16).split()
        if len(first) != 3:
            return False
        headers: dict[str, str] = {}
        while (line := self.rfile.readline(1 << 16)) not in {b"\r\n", b"\n", b""}:
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.strip().lower()] = value.strip()
        if headers.get("expect", "").lower() == "100-continue":
            self.connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        length = headers.get("content-length", "0")
        if not length.isdecimal():
            return False
        body = self.rfile.read(int(length))
        method, path = first[0].decode("latin-1"), first[1].decode("latin-1")
        return self.server.replay.answer(method, path, headers, body, self.connection)
