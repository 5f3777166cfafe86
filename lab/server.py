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
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
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

from lab import protocol
from lab.faults import ALWAYS, Asked, Fault, Faults, Plan, strike
from lab.lakeformation import AwsError, Caller, Glue, Json, LakeFormation, Pages, Raw
from lab.lakeformation.wire import by_key, dumps

if TYPE_CHECKING:
    from botocore.model import OperationModel, ServiceModel

ACCOUNT: Final = "111122223333"
REGION: Final = "us-east-1"

_StartResponse = Callable[[str, list[tuple[str, str]]], Any]
_FOLDED: Final = ("DatabaseName", "TableName")
_WIRE: Final = "lab.wire"
"""Where the faults of a call's connection wait in its environ."""
_REGIONS: Final = {
    "ap-southeast-2": "ENABLED_BY_DEFAULT",
    "eu-central-1": "ENABLED_BY_DEFAULT",
    "eu-south-1": "DISABLED",
    "eu-south-2": "ENABLED",
    "eu-west-1": "ENABLED_BY_DEFAULT",
    "us-east-1": "ENABLED_BY_DEFAULT",
    "us-east-2": "ENABLED_BY_DEFAULT",
    "us-west-2": "ENABLED_BY_DEFAULT",
}
"""Regions of every account here, and whether it uses them."""


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


@dataclass(frozen=True, slots=True)
class _Trust:
    """Who may assume a role: everybody, whoever knows the external id, or nobody."""

    external_id: str | None
    closed: bool


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
        faults: Plan | None = None,
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
        self._trusts: dict[str, _Trust] = {}
        self._members: dict[str, Json] | None = None
        self._lock = threading.RLock()
        self._faults = Faults(faults, self._disturb)
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
        """Start a lab: keyword arguments as of the class (account, region, port, page_limit, faults, …)."""
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
                lake = LakeFormation(glue, self._pages, self._clock, operator=operator, **self._options)
                lake.peers = lambda: [
                    other for (account, region), other in self._lakes.items() if region == key[1] and account != key[0]
                ]
                lake.permits = lambda caller, action: not self._faults.denies(action, caller.arn, key[1])
                self._lakes[key] = lake
            return self._lakes[key]

    def role(self, arn: str, *, external_id: str | None = None, closed: bool = False) -> None:
        """Say who may assume a role: only who gives the external id, or nobody. Other roles trust everybody."""
        self._trusts[arn] = _Trust(external_id, closed)

    def organise(self, accounts: Mapping[str, str]) -> None:
        """Found an organisation, account → name, led by the lab's own account: organizations:ListAccounts lists it.

        A name that ends in `(suspended)` makes its account a suspended one.
        """
        members = {self.account: "management", **accounts}
        self._members = {
            account: {
                "Id": account,
                "Arn": f"arn:aws:organizations::{self.account}:account/o-lab0000000/{account}",
                "Email": f"{account}@example.com",
                "Name": name,
                "Status": (status := "SUSPENDED" if name.endswith("(suspended)") else "ACTIVE"),
                "State": status,
                "JoinedMethod": "INVITED",
                "JoinedTimestamp": self._clock(),
            }
            for account, name in members.items()
        }

    # ------------------------------------------------------------------------------------------------------ faults
    def plan(self, faults: Plan) -> None:
        """Let another plan decide what goes wrong from now on, from its beginning; refusals end too."""
        self._faults.use(faults)

    @property
    def struck(self) -> list[tuple[str, str]]:
        """Which faults struck so far: (kind, ``service:Operation``), in order."""
        return self._faults.struck

    def deny(self, action: str, principal: str | None = None) -> None:
        """Refuse an IAM action (``glue:GetTables``, ``lakeformation:*``) to one principal or to all."""
        self._faults.add(Fault("denied", action, principal=principal or "*"))

    def allow(self, action: str | None = None) -> None:
        """Take back the refusals, throttles and other faults of an action, or all of them."""
        self._faults.drop(action)

    def throttle(self, action: str, times: int, code: str = "ThrottlingException", status: int = 400) -> None:
        """Answer the next calls of an action with a throttling error."""
        if times != ALWAYS:
            self._faults.add(Fault("throttle", action, times=times, code=code, status=status))

    def _asked(self, request: _Request) -> Asked:
        caller = request.caller
        return Asked(
            request.service, request.action, request.region, caller.account, caller.arn, caller.session, request.body
        )

    def _before(self, request: _Request) -> Asked | None:
        """Count the call; refuse it if it is to be refused; None where nothing can go wrong."""
        self.calls[request.name] += 1
        if not self._faults:
            return None
        asked = self._asked(request)
        request.environ[_WIRE] = self._faults.before(asked)
        return asked

    def _disturb(self, asked: Asked, change: str, number: int) -> None:
        with self._lock:
            self.lake(asked.account, asked.region).disturb(change, number)

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
        asked = self._before(request)
        parameters = _parameters(request)
        with self._lock:
            answer = handler(parameters, request.caller)
            body = (answer.text if isinstance(answer, Raw) else dumps(answer)).encode()
            return body if asked is None else self._faults.after(asked, body)

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
                answer = "\r\n".join([*head, "", ""]).encode("latin-1") + body
                if spoilt := environ.get(_WIRE):
                    self.close_connection = not strike(self.connection, spoilt, answer, len(body))
                else:
                    self.wfile.write(answer)

            def log(self, *_: Any) -> None:
                """Say nothing."""

        return Handler

    def __call__(self, environ: dict[str, Any], start_response: _StartResponse) -> Iterable[bytes]:
        """The WSGI application."""
        signed = protocol.scope(str(environ.get("HTTP_AUTHORIZATION") or ""))
        if signed is None:
            return self._through_moto(environ, start_response, None)
        body = _read(environ)
        target = str(environ.get("HTTP_X_AMZ_TARGET") or "")
        method, path = str(environ.get("REQUEST_METHOD")), str(environ.get("PATH_INFO"))
        action = protocol.action(signed.service, target, method, path, body)
        request = _Request(signed.service, action, signed.region, self._who(signed.key), body, environ)
        try:
            handler = self._own(request) or self._around(request)
            if handler is not None:
                return _answer(start_response, request, self._run(handler, request))
            self._before(request)
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

    def _around(self, request: _Request) -> Callable[[Json, Caller], Json | Raw] | None:
        """What is not the lake's: STS, for the lab mints the keys itself, the account's regions, the organisation."""
        match request.name:
            case "sts:GetCallerIdentity":
                return self._identity
            case "sts:AssumeRole":
                form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
                return lambda _, caller: self._assume(form, caller)
            case "account:ListRegions":
                return self._regions
            case "organizations:ListAccounts":
                # One that was founded through the API is moto's.
                theirs: Any = get_backend("organizations")[request.caller.account]["aws"]
                return None if self._members is None and theirs.org is not None else self._list_accounts
            case _:
                return None

    def _identity(self, _: Json, caller: Caller) -> Raw:
        name = escape(caller.session.rpartition("/")[2])
        return _xml(
            "GetCallerIdentity",
            f"<Arn>{escape(caller.session)}</Arn><UserId>AROAEXAMPLE:{name}</UserId><Account>{caller.account}</Account>",
        )

    def _assume(self, form: Mapping[str, str], caller: Caller) -> Raw:
        role, name = form.get("RoleArn", ""), form.get("RoleSessionName", "")
        if role.count(":") < 5 or ":role/" not in role or not name:
            raise AwsError("ValidationError", "RoleArn and RoleSessionName are required.")
        trust = self._trusts.get(role)
        if trust is not None and (trust.closed or trust.external_id not in {None, form.get("ExternalId")}):
            # AWS does not say whether the role exists, nor that an external id is what is missing.
            message = f"User: {caller.session} is not authorized to perform: sts:AssumeRole on resource: {role}"
            raise AwsError("AccessDeniedException", message)
        key, secret, token = self._mint(role, name)
        expires = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self._clock() + 3600))
        return _xml(
            "AssumeRole",
            f"<Credentials><AccessKeyId>{key}</AccessKeyId><SecretAccessKey>{secret}</SecretAccessKey>"
            f"<SessionToken>{token}</SessionToken><Expiration>{expires}</Expiration></Credentials>"
            f"<AssumedRoleUser><AssumedRoleId>AROAEXAMPLE:{escape(name)}</AssumedRoleId>"
            f"<Arn>{escape(_session_arn(role, name))}</Arn></AssumedRoleUser>",
        )

    def _regions(self, request: Json, _: Caller) -> Json:
        wanted = request.get("RegionOptStatusContains") or tuple(sorted({*_REGIONS.values()}))
        found = {
            name: {"RegionName": name, "RegionOptStatus": status}
            for name, status in _REGIONS.items()
            if status in wanted
        }
        size = self._pages.size(request, 20, 50)
        rows, token = self._pages.cut("ListRegions", request, by_key(found), size=size)
        return {"Regions": rows} if token is None else {"Regions": rows, "NextToken": token}

    def _list_accounts(self, request: Json, _: Caller) -> Json:
        if self._members is None:
            raise AwsError("AWSOrganizationsNotInUseException", "Your account is not a member of an organization.")
        size = self._pages.size(request, 20, 20)
        rows, token = self._pages.cut("ListAccounts", request, by_key(self._members), size=size)
        return {"Accounts": rows} if token is None else {"Accounts": rows, "NextToken": token}

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


def _read(environ: dict[str, Any]) -> bytes:
    if environ.get("wsgi.input_terminated"):
        body: bytes = environ["wsgi.input"].read()
    else:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(length) if length else b""
    environ["wsgi.input"] = io.BytesIO(body)
    return body


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
        return {}  # a form, not JSON
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


def _answer(start_response: _StartResponse, request: _Request, body: bytes) -> list[bytes]:
    kind = protocol.JSON_TYPES.get(request.service)
    if kind is None:
        kind = "text/xml" if body.startswith(b"<") else "application/json"
    headers = [
        ("Content-Type", kind),
        ("Content-Length", str(len(body))),
        ("x-amzn-RequestId", protocol.request_id()),
    ]
    start_response("200 OK", headers)
    return [body]


def _refuse(start_response: _StartResponse, request: _Request, error: AwsError) -> list[bytes]:
    """An error in the shape of the service's protocol."""
    target = str(request.environ.get("HTTP_X_AMZ_TARGET") or "")
    status, headers, body = protocol.refusal(request.service, target, error)
    start_response(f"{status} Error", [*headers, ("Content-Length", str(len(body)))])
    return [body]
