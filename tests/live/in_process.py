"""A lab that is asked without a network: botocore's requests go straight into it, and faults of the wire are raised."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from functools import cache
from urllib.parse import urlsplit

from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError

from checks.live import wire
from checks.live.collect import Limits, Means, Place, Reading, services
from checks.live.facts import build
from checks.live.journal import Journal
from checks.live.recording import Header
from lab.server import ACCOUNT, REGION, Lab

AUDITOR = f"arn:aws:iam::{ACCOUNT}:role/lake-auditor"
ONCE = Config(retries={"total_max_attempts": 1, "mode": "standard"})


class _Body(io.BytesIO):
    def stream(self, **_):
        yield self.read()


class Wire:
    """Where the shared clients' requests go: one lab at a time."""

    lab: Lab

    def __call__(self, request, **_):
        url = urlsplit(request.url)
        body = request.body or b""
        body = body.encode() if isinstance(body, str) else body
        environ = {"REQUEST_METHOD": request.method, "PATH_INFO": url.path, "QUERY_STRING": url.query,
                   "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body)), "HTTP_HOST": url.netloc,
                   "SERVER_NAME": "lab", "SERVER_PORT": "80", "wsgi.url_scheme": "http"}  # fmt: skip
        for name, value in request.headers.items():
            text = value.decode() if isinstance(value, bytes) else str(value)
            environ["HTTP_" + name.upper().replace("-", "_")] = text
        status, headers = 0, {}

        def start(line, given, _=None):
            nonlocal status
            status = int(line.split()[0])
            headers.update((name.lower(), value) for name, value in given)

        answer = b"".join(self.lab(environ, start))
        for fault in environ.get("lab.wire") or ():
            match fault.kind:
                case "timeout":
                    raise ReadTimeoutError(endpoint_url=request.url)
                case "reset":
                    raise ConnectionClosedError(endpoint_url=request.url)
                case "truncated":
                    answer = answer[: len(answer) // 2]
        return AWSResponse(request.url, status, headers, _Body(answer))


WIRE = Wire()


@cache
def _clients():
    with Lab.start() as lab:
        session = lab.session(AUDITOR)
        made = {name: session.client(name, config=ONCE) for name in services()}
    for client in made.values():
        wire.keep_bodies(client)
        client.meta.events.register("before-send", WIRE)
    return made


class Clock:
    """Seconds that pass only while somebody sleeps."""

    def __init__(self):
        self.seconds = 0.0

    def __call__(self):
        return self.seconds

    def sleep(self, seconds):
        self.seconds += seconds


def clients(lab):
    """Return clients of the lab's auditor; only the lab that was given last is asked."""
    lab.credentials(AUDITOR)
    WIRE.lab = lab
    return _clients()


def journal():
    return Journal(io.BytesIO(), Header("2026-11-23T10:00:00Z"))


def reading(lab, kept, **limits):
    """Return a reading of the lab into a journal, not begun."""
    clock = Clock()
    means = Means(lambda: datetime(2026, 11, 23, 10, tzinfo=UTC), clock, clock.sleep, lambda: 0.5)
    return Reading([Place(REGION, lambda: clients(lab))], kept, means, Limits(**limits))


def read(lab, kept=None, **limits):
    """Read the lab once, and build its facts."""
    kept = kept or journal()
    return build(kept.answers(reading(lab, kept, **limits).run()), kept.header)
