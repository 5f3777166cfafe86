"""The stand-in for the aws provider: through boto3 against the lab's endpoint; and one that touches nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from botocore.exceptions import BotoCoreError, ClientError

from lab.up import glue, lakeformation, storage
from lab.up.creations import Creations, Job
from lab.up.errors import CreateError, UnsupportedError
from lab.up.place import Place, Places, refusal
from lab.up.provider import Created, Goal
from lab.up.wire import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import boto3

    from lab.up.creations import Progress
    from lab.up.plan import Plan

_HANDLERS = {**glue.HANDLERS, **lakeformation.HANDLERS, **storage.HANDLERS}
_IMPORTABLE = frozenset({"aws:glue/catalogDatabase:CatalogDatabase", "aws:glue/catalogTable:CatalogTable"})
_READERS: dict[str, Callable[[Place, Goal], dict[str, Any]]] = {
    "aws:glue/catalogDatabase:CatalogDatabase": glue.read,
    "aws:glue/catalogTable:CatalogTable": glue.read,
    "aws:iam/role:Role": storage.read,
    "aws:s3/bucket:Bucket": storage.read,
    "aws:s3/bucketV2:BucketV2": storage.read,
}


class AwsProvider:
    """Creates through boto3. Use as a context manager: leaving it stops the worker threads."""

    def __init__(
        self,
        session: boto3.Session,
        endpoint: str,
        region: str,
        *,
        threads: int = 8,
        progress: Progress | None = None,
    ) -> None:
        self._places = Places(session, endpoint, region)
        self._creations = Creations(threads, progress=progress)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._creations.close()

    def create(self, goal: Goal) -> Created:
        """Plan the resource, then call the service: now where only it knows the outputs, else behind the program."""
        if goal.import_id and goal.kind not in _IMPORTABLE:
            raise UnsupportedError(f"`{goal.urn}`: the lab cannot import a `{goal.kind}`")
        inputs = plain(goal.inputs)
        try:
            place = self._places.of(goal.configuration, inputs.get("region"))
            plan = _HANDLERS[goal.kind](place, goal, inputs)
        except CreateError as error:
            raise CreateError(f"cannot create `{goal.urn}`: {error}") from None
        except KeyError as error:
            raise CreateError(f"cannot create `{goal.urn}`: input {error} is missing") from None
        what = goal.kind.rpartition(":")[2]
        if plan.wait:
            self._creations.wait(goal.dependencies)
            more = _guarded(goal.urn, plan)
            self._creations.count(what)
            return Created(plan.id, {**plan.outputs, **more})
        self._creations.submit(_job(goal.urn, what, plan), goal.dependencies)
        return Created(plan.id, plan.outputs)

    def read(self, goal: Goal) -> Created:
        """Look an existing resource up. Raises UnsupportedError for types the lab cannot read."""
        reader = _READERS.get(goal.kind)
        if reader is None:
            raise UnsupportedError(f"`{goal.urn}`: the lab cannot read an existing `{goal.kind}`")
        return Created(goal.id, reader(self._places.of(goal.configuration, goal.inputs.get("region")), goal))

    def invoke(self, token: str, args: Mapping[str, Any], configuration: Mapping[str, Any]) -> Mapping[str, Any]:
        """Who and where the program is."""
        place = self._places.of(configuration, args.get("region"))
        return answer(token, place.account, place.region, place.caller["Arn"], place.caller["UserId"], place.partition)

    def settle(self) -> None:
        """Wait until everything exists."""
        self._creations.settle()


class OfflineProvider:
    """For previews without AWS: answers who and where from what it was told, and creates nothing."""

    def __init__(self, account: str, region: str) -> None:
        self._account = account
        self._region = region

    def create(self, goal: Goal) -> Created:
        """Refuse: a preview never creates."""
        raise UnsupportedError(f"cannot create `{goal.urn}`: this evaluation is offline")

    def read(self, goal: Goal) -> Created:
        """An existing resource of which only the id is known."""
        return Created(goal.id, {})

    def invoke(self, token: str, args: Mapping[str, Any], configuration: Mapping[str, Any]) -> Mapping[str, Any]:
        """Who and where, as told."""
        region = str(args.get("region") or configuration.get("region") or self._region)
        place = Place(self._account, region, {}, {}, lambda _service: None)
        return answer(
            token, self._account, region, f"arn:aws:iam::{self._account}:root", self._account, place.partition
        )

    def settle(self) -> None:
        """Nothing to wait for."""


def answer(function: str, account: str, region: str, arn: str, user: str, partition: str) -> Mapping[str, Any]:
    """The functions that the lab knows. Raises UnsupportedError for any other."""
    suffix = "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"
    reverse = ".".join(reversed(suffix.split(".")))
    if function == "aws:index/getCallerIdentity:getCallerIdentity":
        return {"accountId": account, "arn": arn, "id": account, "userId": user}
    if function == "aws:index/getRegion:getRegion":
        return {
            "description": region,
            "endpoint": f"ec2.{region}.{suffix}",
            "id": region,
            "name": region,
            "region": region,
        }
    if function == "aws:index/getPartition:getPartition":
        return {"dnsSuffix": suffix, "id": partition, "partition": partition, "reverseDnsPrefix": reverse}
    raise UnsupportedError(f"function `{function}` is not known to the lab")


def _guarded(urn: str, plan: Plan) -> Mapping[str, Any]:
    try:
        return (plan.call() if plan.call is not None else None) or {}
    except (ClientError, BotoCoreError, CreateError) as error:
        raise CreateError(f"cannot create `{urn}`: {refusal(error)}") from None


def _job(urn: str, what: str, plan: Plan) -> Job:
    if plan.batch is not None:
        batch = plan.batch

        def together(payloads: Sequence[Any]) -> Sequence[str | None]:
            try:
                return batch(payloads)
            except (ClientError, BotoCoreError) as error:
                raise CreateError(f"cannot create `{urn}`: {refusal(error)}") from None

        return Job(urn, what, plan.payload, together, plan.group)

    def alone(_payloads: Sequence[Any]) -> Sequence[str | None]:
        _guarded(urn, plan)
        return [None]

    return Job(urn, what, None, alone)
