"""Fault plans: what goes wrong on a bad day, said beforehand, so that it goes wrong the same way again.

A plan is TOML (or JSON):

    [[fault]]
    kind = "throttle_wrapped"
    on = "lakeformation:ListPermissions"
    skip = 2                              # the first two calls go well
    times = 3                             # the next three do not

Every fault counts the calls that it fits, for each operation on its own: the same calls in the same order meet the
same faults. Only ``expired_credentials`` counts over all operations. Nothing here imports moto or boto3.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import socket
import struct
import threading
import time
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from functools import cache
from typing import Any, Final, Self

from lab.protocol import AwsError, dumps, unauthorised

Json = dict[str, Any]

ALWAYS: Final = 0
"""``times`` of a fault that does not stop."""

KINDS: Final = {
    "throttle": "refused as too fast: ThrottlingException",
    "throttle_wrapped": "refused as too fast in Lake Formation's wrapping: InvalidInputException, `Rate exceeded`",
    "server_error": "InternalServiceException, HTTP 500",
    "denied": "IAM refuses; from then on unless `times` is given",
    "expired_credentials": "ExpiredTokenException; from then on unless `times` is given; counts all operations as one",
    "expired_token": "a call with a NextToken is refused, and so is that token until the listing is begun again",
    "timeout": "no answer, until the client hangs up or `seconds` (30) are over",
    "slow": "an answer after `seconds` (0.02)",
    "reset": "the connection is reset in the middle of the answer",
    "truncated": "the answer's JSON stops in the middle",
    "repeated_token": "a later page carries the token that it was asked with",
    "duplicate_rows": "a page repeats the last row of the page before, or, being the first, its own first row",
    "unknown_enum": "a row holds an enum value that nobody knows",
    "unknown_member": "a row more holds a union member that nobody knows (without a union: a row gains a member)",
    "change_while_read": "after a page that is not the last the lab itself changes the lake, see `change`",
}
CHANGES: Final = ("grant", "revoke", "settings", "tag")
"""What ``change_while_read`` does: a grant more, the last grant less, an administrator more, a database's tag."""

_ENDLESS: Final = {"denied", "expired_credentials"}
_WIRE: Final = {"timeout", "slow", "reset", "truncated"}
_LATER: Final = {"repeated_token", "duplicate_rows", "unknown_enum", "unknown_member", "change_while_read"}
_SECONDS: Final = {"timeout": 30.0, "slow": 0.02}

UNKNOWN_VALUE: Final = "LAB_UNKNOWN_VALUE"
UNKNOWN_MEMBER: Final = "LabUnknownMember"


class PlanError(ValueError):
    """The plan cannot be used: one clear line."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong.

    ``on`` is an IAM action, ``service:Operation``, with ``*`` and ``?``; ``principal`` (an ARN, likewise) and
    ``region`` narrow it. Of the calls that fit, ``skip`` go well and the next ``times`` do not (0: all that follow;
    None: as the kind has it, once or always). ``chance`` below 1 strikes only some of them, chosen by the plan's seed.
    ``seconds`` belongs to timeouts and slow answers, ``code``, ``message`` and ``status`` replace those of a refusal.

    Raises:
        PlanError: a value is not allowed.

    """

    kind: str
    on: str = "*"
    skip: int = 0
    times: int | None = None
    principal: str = "*"
    region: str = "*"
    seconds: float | None = None
    chance: float = 1.0
    change: str = "grant"
    code: str = ""
    message: str = ""
    status: int = 0

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        if self.kind not in KINDS:
            raise PlanError(f"`kind` is `{_brief(self.kind)}`{_meant(str(self.kind), KINDS)}")
        if self.on != "*" and not self.on.partition(":")[2]:
            raise PlanError(f"`on` is `{_brief(self.on)}`; write `service:Operation`, such as `glue:GetTables`")
        if self.change not in CHANGES:
            raise PlanError(f"`change` is `{_brief(self.change)}`{_meant(self.change, CHANGES)}")
        for name, low, high in _BOUNDS:
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise PlanError(f"`{name}` is {value}; it must lie between {low} and {high}")

    @property
    def limit(self) -> int:
        """How often it strikes; ``ALWAYS`` for no end."""
        if self.times is not None:
            return self.times
        return ALWAYS if self.kind in _ENDLESS else 1

    @property
    def wait(self) -> float:
        """Seconds that it takes."""
        return _SECONDS.get(self.kind, 0.0) if self.seconds is None else self.seconds


_BOUNDS: Final = (
    ("skip", 0, 10**9),
    ("times", 0, 10**9),
    ("seconds", 0, 3600),
    ("chance", 0, 1),
    ("status", 0, 599),
)
_TYPES: Final[dict[str, tuple[type, ...]]] = {
    "kind": (str,),
    "on": (str,),
    "skip": (int,),
    "times": (int,),
    "principal": (str,),
    "region": (str,),
    "seconds": (int, float),
    "chance": (int, float),
    "change": (str,),
    "code": (str,),
    "message": (str,),
    "status": (int,),
}


@dataclass(frozen=True, slots=True)
class Plan:
    """Faults, and the seed of those that strike by chance."""

    faults: tuple[Fault, ...] = ()
    seed: int = 0

    @classmethod
    def of(cls, *faults: Fault, seed: int = 0) -> Self:
        """Make a plan of some faults."""
        return cls(faults, seed)

    @classmethod
    def read(cls, text: str, name: str = "the fault plan") -> Self:
        """Read a plan from TOML, or from JSON if it begins with a brace; *name* is used in messages.

        Raises:
            PlanError: it is no plan.

        """
        try:
            found = json.loads(text) if text.lstrip().startswith("{") else tomllib.loads(text)
        except (ValueError, RecursionError) as error:
            raise PlanError(f"`{name}` is no fault plan: {' '.join(str(error).split())}") from None
        if unknown := sorted(found.keys() - {"fault", "seed"}):
            raise PlanError(f"`{name}` has an unknown key `{_brief(unknown[0])}`; a plan has `seed` and `[[fault]]`")
        seed, rows = found.get("seed", 0), found.get("fault", [])
        if not isinstance(seed, int) or isinstance(seed, bool):
            raise PlanError(f"`{name}`: `seed` must be a whole number")
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise PlanError(f"`{name}`: write every fault as a table `[[fault]]`")
        faults = []
        for number, row in enumerate(rows, 1):
            try:
                faults.append(_fault(row))
            except PlanError as error:
                raise PlanError(f"`{name}`, fault {number}: {error}") from None
        return cls(tuple(faults), seed)

    def toml(self) -> str:
        """Write the plan as a file that ``read`` takes: a failing random plan is kept this way."""
        lines = [f"seed = {self.seed}"]
        for fault in self.faults:
            lines += ["", "[[fault]]"]
            for field in fields(fault):
                value = getattr(fault, field.name)
                if field.name == "kind" or value not in (field.default, None):
                    # TOML's basic strings are JSON's.
                    lines.append(f"{field.name} = {json.dumps(value)}")
        return "\n".join(lines) + "\n"


def _fault(row: Json) -> Fault:
    for name, value in row.items():
        if name not in _TYPES:
            raise PlanError(f"unknown key `{_brief(name)}`{_meant(name, _TYPES)}")
        if not isinstance(value, _TYPES[name]) or isinstance(value, bool):
            raise PlanError(f"`{name}` must be {_WORDS[_TYPES[name]]}")
    if "kind" not in row:
        raise PlanError(f"`kind` is missing; it is one of {', '.join(KINDS)}")
    fault = Fault(**row)
    if known := _operations(fault.on.partition(":")[0]):
        operation = fault.on.partition(":")[2]
        if not any(fnmatchcase(one, operation) for one in known):
            raise PlanError(f"`on` is `{_brief(fault.on)}`{_meant(operation, known)}")
    return fault


_WORDS: Final[dict[tuple[type, ...], str]] = {(str,): "text", (int,): "a whole number", (int, float): "a number"}


@cache
def _operations(service: str) -> tuple[str, ...]:
    """The operations of the lab's own services, for a misspelt one would never strike; nothing for others."""
    if service not in {"lakeformation", "glue"}:
        return ()
    import botocore.session  # noqa: PLC0415 - only a plan's reader and the unknown values need it

    return tuple(botocore.session.get_session().get_service_model(service).operation_names)


def _meant(word: str, known: Iterable[str]) -> str:
    names = list(known)
    close = difflib.get_close_matches(word, names, 1)
    if close:
        return f", which is unknown; did you mean `{close[0]}`"
    return ", which is unknown" if len(names) > 20 else f", which is unknown; known are {', '.join(names)}"


def _brief(word: object) -> str:
    text = str(word)
    return ascii(text[:60])[1:-1]


# ------------------------------------------------------------------------------------------------------------ striking
@dataclass(frozen=True, slots=True)
class Asked:
    """One call, as faults see it."""

    service: str
    operation: str
    region: str
    account: str
    principal: str
    session: str
    body: bytes

    @property
    def name(self) -> str:
        """``lakeformation:ListPermissions``."""
        return f"{self.service}:{self.operation}"

    @property
    def parameters(self) -> Json:
        """The request's JSON; empty if it has none."""
        try:
            found = json.loads(self.body or b"{}")
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


class Faults:
    """A plan at work: its counts, and what struck (``struck``: kind and call, in order).

    ``change`` is called by ``change_while_read`` with the call, the change and its number.
    """

    def __init__(self, plan: Plan | None = None, change: Callable[[Asked, str, int], None] | None = None) -> None:
        self.struck: list[tuple[str, str]] = []
        self._change = change
        self._lock = threading.RLock()
        self._seed = 0
        self._faults: list[Fault] = []
        self._counts: Counter[tuple[int, str]] = Counter()
        self._dead: dict[tuple[str, str, str], set[str]] = {}
        self._last: dict[tuple[str, str, str], Json] = {}
        self._changes = 0
        self.use(plan or Plan())

    def __bool__(self) -> bool:
        """Whether anything can go wrong at all: quick, for it is asked on every call."""
        return bool(self._faults)

    def use(self, plan: Plan) -> None:
        """Go on with another plan, from its beginning."""
        with self._lock:
            self._faults = list(plan.faults)
            self._seed = plan.seed
            self._counts.clear()
            self._dead.clear()
            self._last.clear()

    def add(self, fault: Fault) -> None:
        """Let one thing more go wrong."""
        with self._lock:
            self._faults = [*self._faults, fault]

    def drop(self, on: str | None = None) -> None:
        """Take back the faults that were put on exactly this, or all."""
        with self._lock:
            kept = [(i, fault) for i, fault in enumerate(self._faults) if on is not None and fault.on != on]
            counts = Counter({(new, name): n for new, (old, _) in enumerate(kept)
                              for (index, name), n in self._counts.items() if index == old})  # fmt: skip
            self._faults, self._counts = [fault for _, fault in kept], counts

    def _fitting(self, asked: Asked) -> list[tuple[int, Fault]]:
        return [
            (index, fault)
            for index, fault in enumerate(self._faults)
            if fnmatchcase(asked.name, fault.on)
            and fnmatchcase(asked.principal, fault.principal)
            and fnmatchcase(asked.region, fault.region)
        ]

    def denies(self, action: str, principal: str, region: str) -> bool:
        """Whether IAM refuses an action for good that is no call of its own, such as ``kms:Decrypt``."""
        asked = Asked(*action.partition(":")[::2], region, "", principal, principal, b"")
        return any(fault.kind == "denied" and fault.limit == ALWAYS for _, fault in self._fitting(asked))

    def _strikes(self, index: int, fault: Fault, asked: Asked) -> bool:
        """Count a call that fits, and say whether this is one that goes wrong."""
        key = index, "" if fault.kind == "expired_credentials" else asked.name
        number = self._counts[key] = self._counts[key] + 1
        if number <= fault.skip or (fault.limit != ALWAYS and number > fault.skip + fault.limit):
            return False
        if fault.chance < 1 and self._draw(*key, number) >= fault.chance:
            return False
        self.struck.append((fault.kind, asked.name))
        return True

    def _draw(self, *what: object) -> float:
        digest = hashlib.blake2b(repr((self._seed, *what)).encode(), digest_size=8).digest()
        return int.from_bytes(digest) / 2**64

    def before(self, asked: Asked) -> tuple[Fault, ...]:
        """Say what happens on the wire to this call; a refusal is raised as ``AwsError``."""
        wire: list[Fault] = []
        with self._lock:
            for index, fault in self._fitting(asked):
                if fault.kind in _LATER:
                    continue
                if fault.kind == "expired_token":
                    self._token(index, fault, asked)
                elif self._strikes(index, fault, asked):
                    if fault.kind not in _WIRE:
                        raise _error(fault, asked)
                    wire.append(fault)
        return tuple(wire)

    def _token(self, index: int, fault: Fault, asked: Asked) -> None:
        token, listing = _listing(asked)
        dead = self._dead.setdefault(listing, set())
        if not token:
            dead.clear()
        elif token in dead or self._strikes(index, fault, asked):
            dead.add(token)
            raise _error(fault, asked)

    def after(self, asked: Asked, body: bytes) -> bytes:
        """Return the answer as it leaves; it may have been bent."""
        with self._lock:
            later = [(index, fault) for index, fault in self._fitting(asked) if fault.kind in _LATER]
            if not later:
                return body
            try:
                answer = json.loads(body)
            except ValueError:
                return body  # no JSON, no rows
            if not isinstance(answer, dict):
                return body
            for index, fault in later:
                self._bend(index, fault, asked, answer)
            return dumps(answer).encode()

    def _bend(self, index: int, fault: Fault, asked: Asked, answer: Json) -> None:
        match fault.kind:
            case "repeated_token":
                token = _listing(asked)[0]
                if token and answer.get("NextToken") and self._strikes(index, fault, asked):
                    answer["NextToken"] = token
            case "duplicate_rows":
                self._repeat(index, fault, asked, answer)
            case "change_while_read":
                if answer.get("NextToken") and self._strikes(index, fault, asked) and self._change is not None:
                    self._changes += 1
                    self._change(asked, fault.change, self._changes)
            case _:
                if _rows(answer) and self._strikes(index, fault, asked):
                    row = int(self._draw(index, asked.name, self._counts[index, asked.name], "row") * 2**32)
                    bend = _unknown_enum if fault.kind == "unknown_enum" else _unknown_member
                    if not bend(asked, answer, row):
                        self.struck.pop()  # a row without an enum, say

    def _repeat(self, index: int, fault: Fault, asked: Asked, answer: Json) -> None:
        rows = _rows(answer)
        token, listing = _listing(asked)
        before = self._last.get(listing) if token else None
        if rows:
            self._last[listing] = rows[-1]
        repeated = rows[0] if rows and before is None else before
        if rows is not None and repeated is not None and self._strikes(index, fault, asked):
            rows.insert(0, repeated)


def _listing(asked: Asked) -> tuple[str, tuple[str, str, str]]:
    """The request's token, and what makes its listing one listing."""
    rest = asked.parameters
    token = str(rest.pop("NextToken", None) or "")
    return token, (asked.name, asked.principal, json.dumps(rest, sort_keys=True))


def _rows(answer: Json) -> list[Any] | None:
    """The rows of an answer: its first list of structures; None for an answer that is no listing."""
    return next((value for value in answer.values() if isinstance(value, list)), None)


def _error(fault: Fault, asked: Asked) -> AwsError:
    if fault.kind == "denied":
        error = unauthorised(asked.session, asked.name, asked.account, asked.region)
    else:
        error = AwsError(*_ERRORS[fault.kind])
    return AwsError(fault.code or error.code, fault.message or error.message, fault.status or error.status)


_ERRORS: Final[dict[str, tuple[str, str, int]]] = {
    "throttle": ("ThrottlingException", "Rate exceeded", 400),
    "throttle_wrapped": (
        "InvalidInputException",
        "Rate exceeded (Service: AWSGlue; Status Code: 400; Error Code: ThrottlingException)",
        400,
    ),
    "server_error": ("InternalServiceException", "An internal service error occurred.", 500),
    "expired_credentials": ("ExpiredTokenException", "The security token included in the request is expired", 400),
    "expired_token": ("InvalidInputException", "The NextToken has expired.", 400),
}


# ------------------------------------------------------------------------------------------------------------- the wire
def strike(connection: socket.socket, spoilt: Iterable[Fault], answer: bytes, body: int) -> bool:
    """Send an answer as the faults of its connection have it; False if the connection is of no use any more.

    *answer* is the whole HTTP message, *body* the number of bytes after its head.
    """
    for fault in spoilt:
        match fault.kind:
            case "slow":
                time.sleep(fault.wait)
            case "timeout":
                _hold(connection, fault.wait)
                return False
            case "reset":
                connection.sendall(answer[: len(answer) - body // 2 - 1])
                # Linger of no time: what is closed is reset, not finished.
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                socket.close(connection.detach())
                return False
            case _:
                head, text = answer[: len(answer) - body], answer[len(answer) - body :]
                cut = text[: len(text) // 2]
                answer = head.replace(b"Content-Length: %d\r\n" % body, b"Content-Length: %d\r\n" % len(cut)) + cut
                body = len(cut)
    connection.sendall(answer)
    return True


def _hold(connection: socket.socket, seconds: float) -> None:
    """Keep silent until the client hangs up, or time is over."""
    connection.settimeout(max(seconds, 0.001))
    try:
        connection.recv(1, socket.MSG_PEEK)
    except OSError:
        return  # time is over, or the client is gone: either way nothing is sent


# ------------------------------------------------------------------------------------------------------- unknown things
@cache
def _shape(service: str, operation: str) -> Any:
    import botocore.session  # noqa: PLC0415
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415
    from botocore.model import OperationNotFoundError  # noqa: PLC0415

    try:
        model = botocore.session.get_session().get_service_model(service)
        return model.operation_model(operation).output_shape
    except (BotoCoreError, OperationNotFoundError):
        return None


def _unknown_enum(asked: Asked, answer: Json, number: int) -> bool:
    """A list of enum values gains one; where there is none, one value is replaced; False if there is no enum."""
    shape = _shape(asked.service, asked.operation)
    rows = _rows(answer)
    if shape is None or not rows:
        return False
    member = next(name for name, value in answer.items() if value is rows)
    row = rows[number % len(rows)]
    inner = shape.members[member].member
    return _put_enum(inner, row, lists=True) or _put_enum(inner, row, lists=False)


def _put_enum(shape: Any, value: Any, *, lists: bool) -> bool:
    if shape.type_name == "structure" and isinstance(value, dict):
        for name, member in shape.members.items():
            if name not in value:
                continue
            if not lists and getattr(member, "enum", None):
                value[name] = UNKNOWN_VALUE
                return True
            if _put_enum(member, value[name], lists=lists):
                return True
    if shape.type_name == "list" and isinstance(value, list):
        if lists and getattr(shape.member, "enum", None):
            value.append(UNKNOWN_VALUE)
            return True
        return any(_put_enum(shape.member, one, lists=lists) for one in value)
    return False


def _unknown_member(_: Asked, answer: Json, number: int) -> bool:
    """A row more whose Resource is of a kind that nobody knows; rows without a Resource gain a member."""
    rows = _rows(answer) or []
    place = number % len(rows) if rows else 0
    if not rows or not isinstance(rows[place], dict):
        return False
    strange = {UNKNOWN_MEMBER: {"Name": "unknown"}}
    if isinstance(rows[place].get("Resource"), dict):
        rows.insert(place + 1, {**rows[place], "Resource": strange})
    else:
        rows[place].update(strange)
    return True
