"""AWS on the wire, as far as the lab and a replayed recording share it: errors, who asks for what, refusals.

Nothing here imports moto or botocore.
"""

from __future__ import annotations

import json
import secrets
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

JSON_TYPES: Final = {"lakeformation": "application/json", "glue": "application/x-amz-json-1.1"}
"""Content types of the services that answer JSON whatever was asked."""
REST_JSON: Final = {"lakeformation", "account"}
"""Services whose operation is the path."""


class AwsError(Exception):
    """An error that the caller is to see: ``code`` as AWS spells it, ``status`` the HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


class Scope(NamedTuple):
    """What a request is signed for."""

    service: str
    region: str
    key: str


def scope(authorization: str) -> Scope | None:
    """Service, region and access key of a signed request; None for an unsigned one."""
    _, found, rest = authorization.partition("Credential=")
    parts = rest.partition(",")[0].split("/")
    return Scope(parts[3].lower(), parts[2], parts[0]) if found and len(parts) >= 5 else None


def action(service: str, target: str, method: str, path: str, body: bytes) -> str:
    """The operation that a request asks for, by botocore's name; method and path for protocols that name none."""
    if target:
        return target.rpartition(".")[2]
    if service in REST_JSON:
        name = path.strip("/")
        return name[:1].upper() + name[1:]
    if body.startswith(b"Action=") or b"&Action=" in body:
        return parse_qs(body.decode("utf-8", "replace"))["Action"][0]
    return f"{method} {path}"


def dumps(value: Any) -> str:
    """Compact JSON text."""
    return json.dumps(value, separators=(",", ":"))


def request_id() -> str:
    """An id like those that AWS gives every answer."""
    return secrets.token_hex(8)


def unauthorised(session: str, name: str, account: str, region: str) -> AwsError:
    """IAM's refusal, as AWS words it where no policy allows the action.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
    """
    resource = _RESOURCES.get(name.partition(":")[0])
    on = "" if resource is None else " on resource: " + resource.format(account=account, region=region)
    return AwsError(
        "AccessDeniedException",
        f"User: {session} is not authorized to perform: {name}{on}"
        f" because no identity-based policy allows the {name} action",
    )


_RESOURCES: Final = {
    "glue": "arn:aws:glue:{region}:{account}:catalog",
    "lakeformation": "arn:aws:lakeformation:{region}:{account}:catalog:{account}",
    "sts": "*",
    "s3": "*",
    "iam": "*",
    "organizations": "*",
}


def refusal(service: str, target: str, error: AwsError) -> tuple[int, list[tuple[str, str]], bytes]:
    """Status, headers and body of an error, in the shape of the service's protocol."""
    headers = [("x-amzn-RequestId", request_id())]
    code, message = error.code, error.message
    if service in JSON_TYPES or service in REST_JSON or target:
        body = dumps({"__type": code, "Message": message}).encode()
        headers += [("Content-Type", "application/x-amz-json-1.1"), ("x-amzn-ErrorType", code)]
        return error.status, headers, body
    code = _QUERY_CODES.get(service, {}).get(code) or _QUERY_CODES[""].get(code, code)
    inner = f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
    if service == "s3":
        text = f"<Error>{inner}</Error>"
    elif service == "ec2":
        text = f"<Response><Errors><Error>{inner}</Error></Errors><RequestID>{headers[0][1]}</RequestID></Response>"
    else:
        text = f"<ErrorResponse><Error>{inner}</Error></ErrorResponse>"
    headers.append(("Content-Type", "text/xml"))
    return _QUERY_STATUS.get(error.code, error.status), headers, text.encode()


_QUERY_CODES: Final[dict[str, dict[str, str]]] = {
    "": {
        "AccessDeniedException": "AccessDenied",
        "ExpiredTokenException": "ExpiredToken",
        "ThrottlingException": "Throttling",
        "InternalServiceException": "InternalFailure",
    },
    "ec2": {
        "AccessDeniedException": "UnauthorizedOperation",
        "ExpiredTokenException": "RequestExpired",
        "ThrottlingException": "RequestLimitExceeded",
        "InternalServiceException": "InternalError",
    },
}
"""Older protocols spell the common errors otherwise."""
_QUERY_STATUS: Final = {"AccessDeniedException": 403, "ExpiredTokenException": 403}
