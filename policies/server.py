"""Pulumi's analyzer protocol over one reading of each resource.

Pulumi's policy library hands every resource anew to every policy: at 45,000 tables that is half a minute and more than
a gigabyte for each rule. What it says of a pack, and how a pack is configured, is the library's; a resource, and the
stack, are read once here and judged by all rules together.
"""

from __future__ import annotations

import sys
from concurrent import futures
from typing import TYPE_CHECKING, Any, Final

import grpc
from google.protobuf import json_format, message_factory
from pulumi.runtime.proto import analyzer_pb2
from pulumi_policy import EnforcementLevel
from pulumi_policy.policy import _PolicyAnalyzerServicer

from checks.rules import OptionError
from policies.adapter import NAME, Pack
from policies.wire import resources

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pulumi_policy import Policy

    from policies.adapter import Said

_LARGEST: Final = 400 << 20
"""Bytes of a message either way; the engine's own limit."""
_LIMITS: Final = [("grpc.max_receive_message_length", _LARGEST), ("grpc.max_send_message_length", _LARGEST)]
_SERVICE: Final = analyzer_pb2.DESCRIPTOR.services_by_name["Analyzer"]
_VERSION: Final = "0.0.1"
"""What the library says too; the command line takes a pack's version from ``PulumiPolicy.yaml``."""


class Servicer(_PolicyAnalyzerServicer):
    """What the engine asks a pack. Names are the protocol's; the library has no other door to it."""

    def __init__(self, pack: Pack) -> None:
        """Describe the pack's policies as the library does."""
        super().__init__(NAME, _VERSION, pack.policies(), EnforcementLevel.ADVISORY)
        self._pack = pack

    def Configure(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Take levels and options; what nobody understands ends the run before anything is judged."""
        try:
            self._pack.configure({name: json_format.MessageToDict(one.properties) for name, one in
                                  request.policyConfig.items()})  # fmt: skip
        except OptionError as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        return super().Configure(request, context)  # type: ignore[no-untyped-call]

    def Analyze(self, request: Any, _context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Judge one resource before it is made."""
        return self._answer(self._pack.resource(request, self._enabled))

    def AnalyzeStack(self, request: bytes, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Judge all resources together; *request* is the message as it came."""
        try:
            return self._answer(self._pack.stack(resources(request), self._enabled))
        except ValueError as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))

    def _enabled(self, policy: Policy) -> bool:
        return self._get_enforcement_level(policy) is not EnforcementLevel.DISABLED

    def _answer(self, said: Iterable[Said]) -> Any:
        """Say it as the library would: a rule's first sentence, then what was found."""
        response = analyzer_pb2.AnalyzeResponse()
        for one in said:
            level = self._get_enforcement_level(one.policy)
            if level is EnforcementLevel.REMEDIATE:  # nothing is mended here, so what would be must not be made
                level = EnforcementLevel.MANDATORY
            response.diagnostics.append(
                analyzer_pb2.AnalyzeDiagnostic(
                    policyName=one.policy.name,
                    policyPackName=NAME,
                    policyPackVersion=_VERSION,
                    message=f"{one.policy.description}\n{one.text}",
                    urn=one.urn or "",
                    description=one.policy.description,
                    enforcementLevel=self._map_enforcement_level(level),
                    severity=self._map_severity(one.severity),
                )
            )
        return response


def serve(pack: Pack) -> None:
    """Serve a pack on a free port, print the port on the first line as the engine expects, and never return."""
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=4), options=_LIMITS)
    server.add_generic_rpc_handlers((_handlers(Servicer(pack)),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    server.wait_for_termination()


def _handlers(servicer: Servicer) -> grpc.GenericRpcHandler:
    """Every method of the protocol; the stack's request is not taken apart before somebody looks at it."""
    found = {}
    for method in _SERVICE.methods:
        request = message_factory.GetMessageClass(method.input_type)
        answer = message_factory.GetMessageClass(method.output_type)
        found[method.name] = grpc.unary_unary_rpc_method_handler(
            getattr(servicer, method.name),
            request_deserializer=None if method.name == "AnalyzeStack" else request.FromString,
            response_serializer=answer.SerializeToString,
        )
    return grpc.method_handlers_generic_handler(_SERVICE.full_name, found)
