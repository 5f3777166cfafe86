"""Ask AWS: every call that the collectors name, one after the other, each page an ``Answer``.

Only calls that read are made (``ForbiddenCallError`` guards it), and none that hands out data or credentials. What is
refused or fails becomes an answer with an error, and the reading goes on: the ledger says what is missing.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec
from botocore import xform_name
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    HTTPClientError,
    NoAuthTokenError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
)
from botocore.exceptions import ConnectionError as AwsConnectionError
from botocore.parsers import ResponseParserError

from checks.live.answer import Answer, Failure
from checks.live.collectors import Call, Collector, Learnt, allowed, collectors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Clients = Mapping[str, Any]
"""Service name → boto3 client of one account and region."""

MAX_PAGES: Final = 100_000
WAITS: Final = (1.0, 2.0, 4.0, 8.0, 16.0)
"""Seconds between tries of a throttled call, on top of botocore's own retries, which do not know the wrapped form."""

REPEATED_TOKEN: Final = "RepeatedToken"  # noqa: S105  an error code
TOO_MANY_PAGES: Final = "TooManyPages"
UNKNOWN_OPERATION: Final = "UnknownOperation"

_THROTTLED = frozenset({
    "Throttling", "ThrottlingException", "ThrottledException", "TooManyRequestsException", "RequestLimitExceeded",
    "SlowDown", "RequestThrottled", "RequestThrottledException", "LimitExceededException",
})  # fmt: skip
_BAD_CREDENTIALS = frozenset({
    "ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException", "AuthFailure",
    "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidSignatureException", "IncompleteSignature",
    "MissingAuthenticationToken", "MissingAuthenticationTokenException", "RequestExpired", "InvalidToken",
})  # fmt: skip
_NO_CREDENTIALS = (CredentialRetrievalError, NoAuthTokenError, NoCredentialsError, PartialCredentialsError,
                   ProfileNotFound, SSOError, TokenRetrievalError)  # fmt: skip
_encode = msgspec.json.Encoder().encode


class CannotStartError(RuntimeError):
    """Nothing can be read at all: one clear line."""


class ForbiddenCallError(RuntimeError):
    """A call that no collector names was about to be made: a fault in floodline, not in the lake."""


@dataclass(frozen=True, slots=True)
class Step:
    """How far the reading is: the last answer's operation, and what was read so far."""

    collector: str
    operation: str
    answers: int
    rows: int


def _silent(_step: Step) -> None:
    """Report nothing."""


def services() -> tuple[str, ...]:
    """Return the services that ``collect`` needs a client of."""
    return tuple(sorted({service for service, _ in allowed()}))


def collect(
    clients: Clients,
    *,
    region: str,
    now: Callable[[], datetime],
    account: str | None = None,
    progress: Callable[[Step], None] = _silent,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Answer]:
    """Read one lake: give each answer as it comes, numbered as lines of a recording (the first is line 2).

    *clients* should retry by themselves (botocore's adaptive mode). Without *account* the caller's own is read.

    Raises:
        CannotStartError: there are no credentials, they are not valid, or AWS cannot be reached. Raised by the first
            answer, before anything was given.

    """
    return _Reading(clients, region, now, account, progress, sleep).answers()


def join(readings: Iterator[Iterator[Answer]]) -> Iterator[Answer]:
    """Number the answers of several readings (regions, accounts) as one recording."""
    line = 1
    for reading in readings:
        for answer in reading:
            line += 1
            yield Answer(answer.account, answer.region, answer.service, answer.operation, answer.request,
                         answer.response, answer.error, answer.at, line)  # fmt: skip


class _Reading:
    def __init__(
        self,
        clients: Clients,
        region: str,
        now: Callable[[], datetime],
        account: str | None,
        progress: Callable[[Step], None],
        sleep: Callable[[float], None],
    ) -> None:
        self.clients = clients
        self.region = region
        self.now = now
        self.account = account
        self.progress = progress
        self.sleep = sleep
        self.line = 1
        self.rows = 0
        self.learnt: Learnt = {}

    def answers(self) -> Iterator[Answer]:
        for collector in collectors():
            for call in collector.calls(self.learnt):
                yield from self.listing(collector, call)

    def listing(self, collector: Collector, call: Call) -> Iterator[Answer]:
        """Make one call and follow its pages: an empty page with a token is not the last; a repeated token is wrong."""
        token = ""
        seen: set[str] = set()
        for _ in range(MAX_PAGES):
            request = {**call.request, "NextToken": token} if token else dict(call.request)
            response, failure = self.ask(call, request)
            if self.line == 1:
                self.start(response, failure)
            yield self.answer(collector, call, request, response, failure)
            if response is None:
                return
            self.learn(collector, call, _encode(response))
            token = response.get("NextToken") or ""
            if not token:
                return
            if token in seen:
                break
            seen.add(token)
        else:
            why = Failure(TOO_MANY_PAGES, f"the listing did not end after {MAX_PAGES} pages")
            yield self.answer(collector, call, {**call.request, "NextToken": token}, None, why)
            return
        why = Failure(REPEATED_TOKEN, "the same NextToken came twice, so the listing has no end")
        yield self.answer(collector, call, {**call.request, "NextToken": token}, None, why)

    def start(self, response: Mapping[str, Any] | None, failure: _Failed | None) -> None:
        """Judge the first answer, which says who we are."""
        if failure is not None and failure.fatal:
            raise CannotStartError(failure.fatal)
        if self.account is None:
            found = (response or {}).get("Account")
            if not isinstance(found, str) or not found:
                code = f" (`{failure.code}`)" if failure is not None else ""
                raise CannotStartError(f"cannot tell the AWS account: sts:GetCallerIdentity gave none{code}")
            self.account = found
        self.learnt["account"] = {(self.account, ""): ()}

    def answer(
        self,
        collector: Collector,
        call: Call,
        request: Mapping[str, Any],
        response: Mapping[str, Any] | None,
        failure: Failure | None,
    ) -> Answer:
        self.line += 1
        if response is not None:
            self.rows += max((len(value) for value in response.values() if isinstance(value, list)), default=0)
        at = self.now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        data = None if response is None else _encode(response)
        error = None if failure is None else Failure(failure.code, failure.message, failure.http_status)
        answer = Answer(self.account or "", self.region, call.service, call.operation, request, data, error, at,
                        self.line)  # fmt: skip
        self.progress(Step(collector.name, call.operation, self.line - 1, self.rows))
        return answer

    def learn(self, collector: Collector, call: Call, body: bytes) -> None:
        if collector.learn is None:
            return
        try:
            collector.learn(call, body, self.learnt)
        except msgspec.MsgspecError:
            # A malformed row: facts.build names it as a gap. What it would have led to is not asked for.
            return

    # ------------------------------------------------------------------------------------------------------- one call
    def ask(self, call: Call, request: Mapping[str, Any]) -> tuple[dict[str, Any] | None, _Failed | None]:
        """Make one call; a throttled one is tried again, a bounded number of times."""
        for wait in (*WAITS, None):
            try:
                response = perform(self.clients, call.service, call.operation, request)
            except ClientError as error:
                failure = _refused(error)
                if wait is not None and _is_throttled(failure):
                    self.sleep(wait)
                    continue
                return None, failure
            except (BotoCoreError, ResponseParserError) as error:
                return None, _unreached(error)
            if response is None:
                text = f"the installed botocore does not know {call.service}:{call.operation}"
                return None, _Failed(UNKNOWN_OPERATION, text)
            return _plain(response), None
        raise AssertionError("the last try returns")


@dataclass(frozen=True, slots=True)
class _Failed(Failure):
    """A failure, with the line to end on if it happens before anything was read."""

    fatal: str = ""


def perform(clients: Clients, service: str, operation: str, request: Mapping[str, Any]) -> Any:
    """Make one API call: the only place where floodline asks AWS. None if the client does not know the operation.

    Raises:
        ForbiddenCallError: no collector names the operation.

    """
    if (service, operation) not in allowed():
        raise ForbiddenCallError(f"`{service}:{operation}` is no call that a collector names")
    method = getattr(clients[service], xform_name(operation), None)
    return None if method is None else method(**request)


def _refused(error: ClientError) -> _Failed:
    details = error.response.get("Error", {})
    code = str(details.get("Code") or "Unknown")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    fatal = (
        f"the AWS credentials are not valid (`{code}`): renew them and try again" if code in _BAD_CREDENTIALS else ""
    )
    return _Failed(code, _line(details.get("Message")), status if isinstance(status, int) else 0, fatal)


def _unreached(error: BotoCoreError | ResponseParserError) -> _Failed:
    name, text = type(error).__name__, _line(error)
    fatal = ""
    if isinstance(error, _NO_CREDENTIALS):
        fatal = f"there are no usable AWS credentials: {text}"
    elif isinstance(error, AwsConnectionError | HTTPClientError):
        fatal = f"AWS cannot be reached: {text}"
    return _Failed(name, text, 0, fatal)


def _is_throttled(failure: Failure) -> bool:
    """Lake Formation may wrap Glue's throttling: ``InvalidInputException`` with ``Rate exceeded`` inside."""
    return failure.code in _THROTTLED or "rate exceeded" in failure.message.lower()


def _line(text: object) -> str:
    return " ".join(str(text or "").split())


def _plain(response: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer as JSON has it: times as ISO 8601 text in UTC, no ``ResponseMetadata``."""
    plain = {name: value for name, value in response.items() if name != "ResponseMetadata"}
    todo: list[Any] = [plain]
    while todo:
        item = todo.pop()
        for key, value in item.items() if isinstance(item, dict) else enumerate(item):
            if isinstance(value, dict | list):
                todo.append(value)
            elif isinstance(value, datetime):
                item[key] = _utc(value)
    return plain


def _utc(at: datetime) -> str:
    text = (at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)).isoformat()
    return text.removesuffix("+00:00") + "Z"
