"""One call to AWS, and what its failure means: try again, begin the listing again, give up, or stop altogether.

Only calls that read are made (``ForbiddenCallError`` guards it), and none that hands out data or credentials.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from botocore import xform_name
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
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

from checks.live import wire
from checks.live.answer import Failure
from checks.live.collectors import ENTRIES, allowed

if TYPE_CHECKING:
    from collections.abc import Callable

Clients = Mapping[str, Any]
"""Service name → boto3 client of one account and region. Clients may be used by several threads at once."""

UNKNOWN_OPERATION: Final = "UnknownOperation"

_THROTTLED = frozenset({
    "Throttling", "ThrottlingException", "ThrottledException", "TooManyRequestsException", "RequestLimitExceeded",
    "SlowDown", "RequestThrottled", "RequestThrottledException", "LimitExceededException",
})  # fmt: skip
_PASSING = frozenset({
    "InternalServiceException", "InternalServiceError", "InternalServerError", "InternalServerException",
    "InternalFailure", "InternalError", "ServiceUnavailable", "ServiceUnavailableException", "ServiceException",
    "OperationTimeoutException", "RequestTimeout", "RequestTimeoutException", "PriorRequestNotComplete",
})  # fmt: skip
"""Codes of failures that pass by themselves (botocore's standard mode, and Lake Formation's and Glue's models)."""
_BAD_CREDENTIALS = frozenset({
    "ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException", "AuthFailure",
    "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidSignatureException", "IncompleteSignature",
    "MissingAuthenticationToken", "MissingAuthenticationTokenException", "RequestExpired", "InvalidToken",
})  # fmt: skip
_NO_CREDENTIALS = (CredentialRetrievalError, NoAuthTokenError, NoCredentialsError, PartialCredentialsError,
                   ProfileNotFound, SSOError, TokenRetrievalError)  # fmt: skip
_NOT_REACHED = (AwsConnectionError, HTTPClientError)
_NO_WAY = (EndpointConnectionError, ConnectTimeoutError)
_PAGE_TOKEN = frozenset({
    "InvalidInputException", "ValidationException", "ExpiredException", "ExpiredTokenException",
    "InvalidPaginationTokenException", "ExpiredNextTokenException", "InvalidNextTokenException", "InvalidNextToken",
})  # fmt: skip
_NOT_IMPLEMENTED: Final = 501


class ForbiddenCallError(RuntimeError):
    """A call that no collector names was about to be made: a fault in floodline, not in the lake."""


@dataclass(frozen=True, slots=True)
class Failed(Failure):
    """A failed call. ``fatal`` is the line to end on where nothing else can be read either."""

    fatal: str = ""
    throttled: bool = False
    passing: bool = False
    """Whether trying again may help."""
    no_way: bool = False
    """Whether nothing listens there: not worth many tries."""

    def plain(self) -> Failure:
        """Return what a recording keeps."""
        return Failure(self.code, self.message, self.http_status)

    def names_page_token(self) -> bool:
        """Whether AWS refused the token of a page: expired, or no longer known."""
        text = self.message.lower()
        named = "token" in text and "security token" not in text and not self.throttled
        return self.code in _PAGE_TOKEN and named


def ask(clients: Clients, service: str, operation: str, request: Mapping[str, Any]) -> bytes | Failed:
    """Make one call, once: the JSON of its answer as a recording holds it, or why there is none.

    Raises:
        ForbiddenCallError: no collector names the operation.

    """
    try:
        body = perform(clients, service, operation, request)
    except ClientError as error:
        return _refused(error)
    except (BotoCoreError, ResponseParserError) as error:
        return _unreached(error)
    except wire.BrokenBodyError as error:
        return Failed("BrokenAnswer", _line(error), passing=True)
    if body is None:
        return Failed(UNKNOWN_OPERATION, f"the installed botocore does not know {service}:{operation}")
    return body


def perform(clients: Clients, service: str, operation: str, request: Mapping[str, Any]) -> bytes | None:
    """Make one API call: the only place where floodline asks AWS. None if the client does not know the operation.

    Raises:
        ForbiddenCallError: no collector names the operation.

    """
    if (service, operation) not in allowed() | ENTRIES:
        raise ForbiddenCallError(f"`{service}:{operation}` is no call that a collector names, and leads to none")
    client = clients[service]
    method: Callable[..., Any] | None = getattr(client, xform_name(operation), None)
    return None if method is None else wire.answer_of(client, operation, method(**request))


def _refused(error: ClientError) -> Failed:
    details = error.response.get("Error", {})
    code, message = str(details.get("Code") or "Unknown"), _line(details.get("Message"))
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    status = status if isinstance(status, int) else 0
    # Lake Formation may wrap Glue's throttling: InvalidInputException with "Rate exceeded" inside.
    throttled = code in _THROTTLED or "rate exceeded" in message.lower()
    passing = throttled or code in _PASSING or (status >= 500 and status != _NOT_IMPLEMENTED)
    fatal = (
        f"the AWS credentials are not valid (`{code}`): renew them and try again" if code in _BAD_CREDENTIALS else ""
    )
    return Failed(code, message, status, fatal, throttled, passing and status != _NOT_IMPLEMENTED)


def _unreached(error: BotoCoreError | ResponseParserError) -> Failed:
    name, text = type(error).__name__, _line(error)
    if isinstance(error, _NO_CREDENTIALS):
        return Failed(name, text, fatal=f"there are no usable AWS credentials: {text}")
    if isinstance(error, _NOT_REACHED):
        return Failed(name, text, passing=True, no_way=isinstance(error, _NO_WAY))
    return Failed(name, text, passing=isinstance(error, ResponseParserError))


def _line(text: object) -> str:
    return " ".join(str(text or "").split())
