"""The lab's AWS: one HTTP endpoint on 127.0.0.1, in this process.

Glue's Data Catalog and Lake Formation are the lab's own (``lab.lakeformation``), per Lab; every other service and Glue
operation is moto's, and labs that run at the same time share those (buckets, IAM roles).

    with Lab.start() as lab:
        lab.session().client("glue").create_database(DatabaseInput={"Name": "raw"})
        lab.session("arn:aws:iam::111122223333:role/lake-auditor").client("lakeformation").list_permissions()
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import secrets
import socket
import threading
import time
from base64 import b32encode
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

import boto3
import botocore.session
from botocore.validate import ParamValidator
from moto.backends import get_backend
from moto.core.base_backend import BackendDict
from moto.core.model_instances import reset_model_data
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from lab.lakeformation import AwsError, Caller, Glue, Json, LakeFormation, Pages, Raw
from lab.lakeformation.wire import dumps

if TYPE_CHECKING:
    from botocore.model import OperationModel, ServiceModel

ACCOUNT: Final = "111122223333"
REGION: Final = "us-east-1"

_StartResponse = Callable[[str, list[tuple[str, str]]], Any]
_FOLDED: Final = ("DatabaseName", "TableName")


@dataclass(slots=True)
class _Request:
    """What the endpoint makes of one HTTP request."""

    service: str
    action: str
    region: str
    caller: Caller
    body: bytes
    environ: dict[str, Any]

    @property
    def name(self) -> str:
        """``lakeformation:ListPermissions``, as IAM spells actions."""
        return f"{self.service}:{self.action}"


@dataclass(slots=True)
class _Fault:
    pattern: str
    principal: str | None
    error: AwsError
    left: int | None


class LabSession(boto3.Session):  # type: ignore[misc]
    """A boto3 Session whose clients talk to the lab."""

    def __init__(self, endpoint: str, **options: Any) -> None:
        session = botocore.session.get_session()
        # Models are megabytes of JSON: read them once, not once per session.
        session.register_component("data_loader", _loader())
        super().__init__(botocore_session=session, **options)
        self.endpoint = endpoint

    def client(self, *args: Any, **options: Any) -> Any:
        """Like boto3's, with the lab's endpoint unless another is given."""
        options.setdefault("endpoint_url", self.endpoint)
        return super().client(*args, **options)

    def resource(self, *args: Any, **options: Any) -> Any:
        """Like boto3's, with the lab's endpoint unless another is given."""
        options.setdefault("endpoint_url", self.endpoint)
        return super().resource(*args, **options)


class Lab:
    """A running lab. Make one with ``Lab.start``; it is its own context manager.

    ``operator`` is who acts where no principal is named: everything is allowed to them, and as the maker of
    everything they see everything, but they are no administrator unless the settings say so.
    """

    _running: ClassVar[int] = 0
    _gate: ClassVar[threading.RLock] = threading.RLock()

    def __init__(
        self,
        *,
        account: str = ACCOUNT,
        region: str = REGION,
        port: int = 0,
        page_limit: int | None = None,
        empty_pages: bool = True,
        operator: str | None = None,
        creator_grants: bool = False,
        filters_in_sweep: bool = False,
        expand_all: bool = True,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.account = account
        self.region = region
        self.operator = operator or f"arn:aws:iam::{account}:role/lake-deployer"
        self.calls: Counter[str] = Counter()
        self.crashes: list[str] = []
        self._pages = Pages(page_limit, blanks=empty_pages)
        self._options: dict[str, Any] = {"filters_in_sweep": filters_in_sweep, "expand_all": expand_all}
        self._creator_grants = creator_grants
        self._clock: Callable[[], float] = lambda: round(clock(), 3)
        self._lakes: dict[tuple[str, str], LakeFormation] = {}
        self._keys: dict[str, tuple[Caller, str]] = {}
        self._faults: list[_Fault] = []
        self._lock = threading.RLock()
        self._moto = DomainDispatcherApplication(create_backend_app)
        with Lab._gate:
            if Lab._running == 0:
                _reset_moto()
            Lab._running += 1
        self._open: set[socket.socket] = set()
        self._server = make_server("127.0.0.1", port, self, threaded=True, request_handler=self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="lab", daemon=True)
        self._thread.start()
        self._closed = False

    @classmethod
    def start(cls, **options: Any) -> Self:
        """Start a lab: keyword arguments as of the class (account, region, port, page_limit, …)."""
        return cls(**options)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop answering, drop every connection and everything that was made. Harmless the second time."""
        if self._closed:
            return
        self._closed = True
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        for connection in list(self._open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # the client was quicker
        with Lab._gate:
            Lab._running -= 1
            if Lab._running == 0:
                _reset_moto()
        self._lakes.clear()

    @property
    def endpoint(self) -> str:
        """``http://127.0.0.1:PORT``."""
        return f"http://127.0.0.1:{self._server.server_port}"

    # -------------------------------------------------------------------------------------------------- principals
    def _mint(self, principal: str, session: str) -> tuple[str, str, str]:
        """Access key, secret and token under which a principal is known here."""
        if principal.count(":") < 5:
            raise ValueError(f"`{principal}` is no ARN of a role or user")
        digest = hashlib.sha256(f"{principal} {session}".encode()).digest()
        key = "ASIA" + b32encode(digest).decode()[:16]
        with self._lock:
            if key not in self._keys:
                self._keys[key] = Caller(principal, _session_arn(principal, session)), secrets.token_urlsafe(30)
            secret = self._keys[key][1]
        return key, secret, f"lab-{key}"

    def session(self, principal_arn: str | None = None, *, region: str | None = None) -> LabSession:
        """A boto3 Session that acts as a role or user (by default as the operator)."""
        key, secret, token = self._mint(principal_arn or self.operator, "floodline")
        return LabSession(
            self.endpoint,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            aws_session_token=token,
            region_name=region or self.region,
        )

    def credentials(self, principal_arn: str | None = None) -> dict[str, str]:
        """Environment variables that make any AWS SDK act as a principal here, whatever the machine is set up for."""
        key, secret, token = self._mint(principal_arn or self.operator, "floodline")
        return {
            "AWS_ACCESS_KEY_ID": key,
            "AWS_SECRET_ACCESS_KEY": secret,
            "AWS_SESSION_TOKEN": token,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def caller(self, principal_arn: str | None = None) -> Caller:
        """Who a principal is to the lab."""
        principal = principal_arn or self.operator
        return Caller(principal, _session_arn(principal, "floodline"))

    def lake(self, account: str | None = None, region: str | None = None) -> LakeFormation:
        """The Lake Formation of one account and region; made empty when first asked for."""
        key = account or self.account, region or self.region
        with self._lock:
            if key not in self._lakes:
                glue = Glue(*key, self._pages, self._clock, creator_grants=self._creator_grants)
                operator = self.operator.replace(f"::{self.account}:", f"::{key[0]}:")
                self._lakes[key] = LakeFormation(glue, self._pages, self._clock, operator=operator, **self._options)
            return self._lakes[key]

    # ------------------------------------------------------------------------------------------------------ faults
    def deny(self, action: str, principal: str | None = None) -> None:
        """Refuse an IAM action (``glue:GetTables``, ``lakeformation:*``) to one principal or to all."""
        self._faults.append(_Fault(action, principal, AwsError("AccessDeniedException", "", 400), None))

    def allow(self, action: str | None = None) -> None:
        """Take back the refusals and throttles of an action, or all of them."""
        self._faults[:] = [fault for fault in self._faults if action not in {None, fault.pattern}]

    def throttle(self, action: str, times: int, code: str = "ThrottlingException", status: int = 400) -> None:
        """Answer the next calls of an action with a throttling error."""
        self._faults.append(_Fault(action, None, AwsError(code, "Rate exceeded", status), times))

    def _fault(self, request: _Request) -> None:
        with self._lock:
            for fault in self._faults:
                if not fnmatchcase(request.name, fault.pattern):
                    continue
                if fault.principal not in {None, request.caller.arn} or fault.left == 0:
                    continue
                if fault.left is None:
                    who, what = request.caller.session, request.name
                    message = f"User: {who} is not authorized to perform: {what} on resource: *"
                    raise AwsError(fault.error.code, message, fault.error.status)
                fault.left -= 1
                raise fault.error

    # -------------------------------------------------------------------------------------------------------- calls
    def call(self, service: str, action: str, parameters: Json | None = None, *, principal: str | None = None) -> Json:
        """Run one Lake Formation or Glue operation without HTTP, under the same rules; raises ``AwsError``.

        For building big lakes: some twenty times quicker than a client. Times come back as seconds since 1970.
        """
        body = dumps(parameters or {}).encode()
        request = _Request(service, action, self.region, self.caller(principal), body, {})
        handler = self._own(request)
        if handler is None:
            raise AwsError("NotImplemented", f"{request.name} is not the lab's own.", 501)
        answer = self._run(handler, request)
        found: Json = json.loads(answer)
        return found

    def _own(self, request: _Request) -> Callable[[Json, Caller], Json | Raw] | None:
        if request.service not in {"lakeformation", "glue"}:
            return None
        lake = self.lake(request.caller.account, request.region)
        found = (lake if request.service == "lakeformation" else lake.glue).operations.get(request.action)
        if found is None and request.service == "lakeformation":
            raise AwsError("NotImplemented", f"The lab does not know lakeformation:{request.action}.", 501)
        return found

    def _run(self, handler: Callable[[Json, Caller], Json | Raw], request: _Request) -> bytes:
        self.calls[request.name] += 1
        self._fault(request)
        parameters = _parameters(request)
        with self._lock:
            answer = handler(parameters, request.caller)
            text = answer.text if isinstance(answer, Raw) else dumps(answer)
        return text.encode()

    # --------------------------------------------------------------------------------------------------------- HTTP
    def _handler(self) -> type[MotoRequestHandler]:
        connections = self._open

        class Handler(MotoRequestHandler):
            """Werkzeug's, but quiet, keeping connections open, and known to the lab while it is open.

            Werkzeug's own closes every connection because it cannot drain a request; here the body is read first.
            """

            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def setup(self) -> None:
                super().setup()
                connections.add(self.connection)

            def finish(self) -> None:
                connections.discard(self.connection)
                super().finish()

            def run_wsgi(self) -> None:
                if self.headers.get("Expect", "").lower().strip() == "100-continue":
                    self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                environ = self.make_environ()
                _read(environ)
                head: list[str] = []

                def start_response(status: str, headers: list[tuple[str, str]], _: Any = None) -> Any:
                    head[:] = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers)]

                body = b"".join(self.server.app(environ, start_response))
                if not any(line.lower().startswith("content-length:") for line in head):
                    head.append(f"Content-Length: {len(body)}")
                if self.command == "HEAD":
                    body = b""
                self.wfile.write("\r\n".join([*head, "", ""]).encode("latin-1") + body)

            def log(self, *_: Any) -> None:
                """Say nothing."""

        return Handler

    def __call__(self, environ: dict[str, Any], start_response: _StartResponse) -> Iterable[bytes]:
        """The WSGI application."""
        service, region, key = _scope(environ)
        if service is None:
            return self._through_moto(environ, start_response, None)
        body = _read(environ)
        caller = self._who(key)
        request = _Request(service, _action(service, environ, body), region, caller, body, environ)
        try:
            handler = self._own(request) or self._sts(request)
            if handler is not None:
                return _answer(start_response, request, self._run(handler, request))
            self.calls[request.name] += 1
            self._fault(request)
        except AwsError as error:
            return _refuse(start_response, request, error)
        except Exception as error:  # noqa: BLE001 - the client is to see AWS's shape, the test the crash
            self.crashes.append(f"{request.name}: {error!r}")
            return _refuse(start_response, request, AwsError("InternalServiceException", repr(error), 500))
        return self._through_moto(environ, start_response, request)

    def _who(self, key: str) -> Caller:
        with self._lock:
            if key in self._keys:
                return self._keys[key][0]
        users: Any = get_backend("iam")[self.account]["aws"]
        found = users.access_keys.get(key)
        if found is not None and getattr(found, "user_name", None):
            arn = f"arn:aws:iam::{self.account}:user/{found.user_name}"
            return Caller(arn, arn)
        return self.caller()

    def _sts(self, request: _Request) -> Callable[[Json, Caller], Json | Raw] | None:
        """AssumeRole and GetCallerIdentity, for the lab mints the keys itself."""
        if request.service != "sts" or request.action not in {"AssumeRole", "GetCallerIdentity"}:
            return None
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}

        def identity(_: Json, caller: Caller) -> Raw:
            name = escape(caller.session.rpartition("/")[2])
            return _xml(
                "GetCallerIdentity",
                f"<Arn>{escape(caller.session)}</Arn><UserId>AROAEXAMPLE:{name}</UserId>"
                f"<Account>{caller.account}</Account>",
            )

        def assume(_: Json, __: Caller) -> Raw:
            role, name = form.get("RoleArn", ""), form.get("RoleSessionName", "")
            if role.count(":") < 5 or ":role/" not in role or not name:
                raise AwsError("ValidationError", "RoleArn and RoleSessionName are required.")
            key, secret, token = self._mint(role, name)
            expires = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self._clock() + 3600))
            return _xml(
                "AssumeRole",
                f"<Credentials><AccessKeyId>{key}</AccessKeyId><SecretAccessKey>{secret}</SecretAccessKey>"
                f"<SessionToken>{token}</SessionToken><Expiration>{expires}</Expiration></Credentials>"
                f"<AssumedRoleUser><AssumedRoleId>AROAEXAMPLE:{escape(name)}</AssumedRoleId>"
                f"<Arn>{escape(_session_arn(role, name))}</Arn></AssumedRoleUser>",
            )

        return identity if request.action == "GetCallerIdentity" else assume

    def _through_moto(
        self, environ: dict[str, Any], start_response: _StartResponse, request: _Request | None
    ) -> Iterable[bytes]:
        environ["HTTP_X_MOTO_ACCOUNT_ID"] = self.account if request is None else request.caller.account
        if request is None or request.service != "glue":
            return list(self._moto(environ, start_response))
        body = _fold(request.body)
        environ["wsgi.input"] = io.BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))
        lake = self.lake(request.caller.account, request.region)
        stores: Any = get_backend("glue")
        with Lab._gate, self._lock:
            # moto finds its store by account and region: let it find this lab's.
            stores[request.caller.account][request.region] = lake.glue.store
            return list(self._moto(environ, start_response))


# --------------------------------------------------------------------------------------------------------------- wire
def _reset_moto() -> None:
    BackendDict.reset()
    reset_model_data()


def _session_arn(principal: str, session: str) -> str:
    """STS's name for a role's session (without the role's path); users are called by their own name."""
    parts = principal.split(":")
    if len(parts) < 6 or not parts[5].startswith("role/"):
        return principal
    return f"arn:{parts[1]}:sts::{parts[4]}:assumed-role/{parts[5].rpartition('/')[2]}/{session}"


def _scope(environ: dict[str, Any]) -> tuple[str | None, str, str]:
    """Service, region and access key of a signed request; no service for an unsigned one."""
    _, found, rest = str(environ.get("HTTP_AUTHORIZATION") or "").partition("Credential=")
    parts = rest.partition(",")[0].split("/")
    if not found or len(parts) < 5:
        return None, REGION, ""
    return parts[3].lower(), parts[2], parts[0]


def _read(environ: dict[str, Any]) -> bytes:
    if environ.get("wsgi.input_terminated"):
        body: bytes = environ["wsgi.input"].read()
    else:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(length) if length else b""
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def _action(service: str, environ: dict[str, Any], body: bytes) -> str:
    target = str(environ.get("HTTP_X_AMZ_TARGET") or "")
    if target:
        return target.rpartition(".")[2]
    if service == "lakeformation":
        return str(environ.get("PATH_INFO") or "").strip("/")
    if body.startswith(b"Action=") or b"&Action=" in body:
        return parse_qs(body.decode("utf-8", "replace"))["Action"][0]
    return f"{environ.get('REQUEST_METHOD')} {environ.get('PATH_INFO')}"


@cache
def _loader() -> Any:
    session: Any = botocore.session.get_session()
    return session.get_component("data_loader")


@cache
def _model(service: str) -> ServiceModel:
    return botocore.session.get_session().get_service_model(service)


@cache
def _operation(service: str, action: str) -> OperationModel:
    return _model(service).operation_model(action)


def _parameters(request: _Request) -> Json:
    """The request's JSON, checked against AWS's own input shape (enums are the operations' business)."""
    if request.service == "sts":
        return {}
    try:
        found = json.loads(request.body or b"{}")
    except ValueError:
        raise AwsError("SerializationException", "The body is not JSON.") from None
    if not isinstance(found, dict):
        raise AwsError("SerializationException", "The body is not a JSON object.")
    shape = _operation(request.service, request.action).input_shape
    if shape is not None:
        report = ParamValidator().validate(found, shape)
        if report.has_errors():
            code = "InvalidInputException" if request.service == "lakeformation" else "ValidationException"
            raise AwsError(code, report.generate_report())
    return found


def _fold(body: bytes) -> bytes:
    """Names as Glue looks them up: lower case."""
    try:
        found = json.loads(body or b"{}")
    except ValueError:
        return body
    if isinstance(found, dict):
        for member in _FOLDED:
            if isinstance(found.get(member), str):
                found[member] = found[member].lower()
    return dumps(found).encode()


def _xml(action: str, inner: str) -> Raw:
    return Raw(
        f'<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result>{inner}</{action}Result>'
        f"<ResponseMetadata><RequestId>{secrets.token_hex(8)}</RequestId></ResponseMetadata></{action}Response>"
    )


_TYPES: Final = {"lakeformation": "application/json", "glue": "application/x-amz-json-1.1"}


def _answer(start_response: _StartResponse, request: _Request, body: bytes) -> list[bytes]:
    headers = [
        ("Content-Type", _TYPES.get(request.service, "text/xml")),
        ("Content-Length", str(len(body))),
        ("x-amzn-RequestId", secrets.token_hex(8)),
    ]
    start_response("200 OK", headers)
    return [body]


def _refuse(start_response: _StartResponse, request: _Request, error: AwsError) -> list[bytes]:
    """An error in the shape of the service's protocol."""
    headers = [("x-amzn-RequestId", secrets.token_hex(8))]
    if request.service in _TYPES or request.environ.get("HTTP_X_AMZ_TARGET"):
        body = dumps({"__type": error.code, "Message": error.message}).encode()
        headers += [("Content-Type", "application/x-amz-json-1.1"), ("x-amzn-ErrorType", error.code)]
    else:
        code = error.code.removesuffix("Exception") if error.code == "AccessDeniedException" else error.code
        inner = f"<Code>{escape(code)}</Code><Message>{escape(error.message)}</Message>"
        text = (
            f"<Error>{inner}</Error>"
            if request.service == "s3"
            else f"<ErrorResponse><Error>{inner}</Error></ErrorResponse>"
        )
        body = text.encode()
        headers.append(("Content-Type", "text/xml"))
    headers.append(("Content-Length", str(len(body))))
    status = 403 if request.service not in _TYPES and error.code == "AccessDeniedException" else error.status
    start_response(f"{status} Error", headers)
    return [body]
