"""Where a resource is made: endpoint, credentials and region, with one kept-alive client per service."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from lab.up.errors import CreateError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_POOL = 16
_WORDS = 400  # an error page instead of an error is cut here


def refusal(error: Exception) -> str:
    """A refusal in one line: operation, code and the endpoint's own words."""
    words = str(error)
    if isinstance(error, ClientError):
        told = error.response.get("Error", {})
        words = f"{error.operation_name}: {told.get('Code', 'error')}: {told.get('Message', '')}".rstrip(": ")
    return " ".join(words.split())[:_WORDS]


@dataclass(frozen=True, slots=True)
class Place:
    """One account and region as one provider sees it. `tags` are the provider's default tags."""

    account: str
    region: str
    caller: Mapping[str, str]
    tags: Mapping[str, str]
    client: Callable[[str], Any]

    def arn(self, service: str, rest: str) -> str:
        """An ARN of this account and region."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{rest}"

    @property
    def partition(self) -> str:
        """`aws`, `aws-cn` or `aws-us-gov`, by the region."""
        if self.region.startswith("cn-"):
            return "aws-cn"
        return "aws-us-gov" if self.region.startswith("us-gov-") else "aws"


class Places:
    """Places by provider configuration and region; a provider that assumes a role gets that role's session."""

    def __init__(self, session: boto3.Session, endpoint: str, region: str) -> None:
        self._session = session
        self._endpoint = endpoint
        self._region = region
        self._lock = threading.RLock()
        self._sessions: dict[str, tuple[boto3.Session, Mapping[str, str]]] = {}
        self._clients: dict[tuple[str, str, str], Any] = {}
        self._places: dict[tuple[str, str, str], Place] = {}

    def of(self, configuration: Mapping[str, Any], region: str | None = None) -> Place:
        """The place that a provider with this configuration (`region`, `assumeRoles`, `defaultTags`) works in.

        Raises CreateError when the role cannot be assumed or the account is not one the provider allows.
        """
        where = str(region or configuration.get("region") or self._region)
        roles = _parsed(configuration, "assumeRoles") or [_parsed(configuration, "assumeRole") or {}]
        role = str(roles[0].get("roleArn") or "")
        tags = (_parsed(configuration, "defaultTags") or {}).get("tags") or {}
        key = (role, where, json.dumps(tags, sort_keys=True))
        with self._lock:
            place = self._places.get(key)
            if place is None:
                _, caller = self._assumed(role, where)
                place = Place(
                    caller["Account"], where, caller, tags, lambda service: self._client(role, where, service)
                )
                allowed = _parsed(configuration, "allowedAccountIds")
                if allowed and place.account not in allowed:
                    raise CreateError(f"account `{place.account}` is not in the provider's `allowedAccountIds`")
                self._places[key] = place
            return place

    def _assumed(self, role: str, region: str) -> tuple[boto3.Session, Mapping[str, str]]:
        found = self._sessions.get(role)
        if found is not None:
            return found
        session = self._session
        try:
            if role:
                answer = self._make(session, region, "sts").assume_role(RoleArn=role, RoleSessionName="floodline-lab")
                keys = answer["Credentials"]
                session = boto3.Session(
                    aws_access_key_id=keys["AccessKeyId"],
                    aws_secret_access_key=keys["SecretAccessKey"],
                    aws_session_token=keys["SessionToken"],
                    region_name=region,
                )
            answer = self._make(session, region, "sts").get_caller_identity()
        except (ClientError, BotoCoreError) as error:
            raise CreateError(f"cannot reach the lab at `{self._endpoint}`: {refusal(error)}") from None
        caller = {key: str(answer[key]) for key in ("Account", "Arn", "UserId")}
        self._sessions[role] = (session, caller)
        return session, caller

    def _client(self, role: str, region: str, service: str) -> Any:
        with self._lock:
            key = (role, region, service)
            if key not in self._clients:
                self._clients[key] = self._make(self._sessions[role][0], region, service)
            return self._clients[key]

    def _make(self, session: boto3.Session, region: str, service: str) -> Any:
        config = Config(
            max_pool_connections=_POOL,
            tcp_keepalive=True,
            retries={"total_max_attempts": 2},
            proxies={},
            s3={"addressing_style": "path"},
        )
        return session.client(service, region_name=region, endpoint_url=self._endpoint, config=config)


def _parsed(configuration: Mapping[str, Any], key: str) -> Any:
    """A provider input: a value, or (as the SDK sends nested ones) the JSON text of it."""
    value = configuration.get(key)
    return json.loads(value) if isinstance(value, str) and value else value
