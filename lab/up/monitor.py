"""The engine's half of the wire: ResourceMonitor and Engine, served to one program.

Follows the protocol of the Pulumi engine as far as a first `up` or a preview needs it: URNs, duplicate refusal, default
providers, transforms, Check, creation, reads, invokes, outputs. Features that are not offered (resource hooks, packages
with parameters, invoke transforms, state migrations) are left out of the list of features, so that the SDK refuses a
program that wants them.
"""

from __future__ import annotations

import functools
import re
import threading
import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import (
    callback_pb2,
    callback_pb2_grpc,
    engine_pb2,
    engine_pb2_grpc,
    resource_pb2,
    resource_pb2_grpc,
)

from lab.up.deployment import Entry, same
from lab.up.errors import UnsupportedError, UpError
from lab.up.provider import Goal, check
from lab.up.sealing import SECRET, SIGNATURE, Vault
from lab.up.wire import UNKNOWN, contains_unknown, fill, from_struct, is_secret, plain, sealed, without_defaults

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime

    from lab.up.deployment import Deployment
    from lab.up.project import Project
    from lab.up.provider import Provider

    Log = Callable[[str], None]

STACK = "pulumi:pulumi:Stack"
PROVIDERS = "pulumi:providers:"
MESSAGE = [("grpc.max_receive_message_length", 400 << 20), ("grpc.max_send_message_length", 400 << 20)]
_FEATURES = {
    "secrets": resource_pb2.RESOURCE_MONITOR_FEATURE_SECRETS,
    "resourceReferences": resource_pb2.RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES,
    "aliasSpecs": resource_pb2.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
    "deletedWith": resource_pb2.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
    "transforms": resource_pb2.RESOURCE_MONITOR_FEATURE_TRANSFORMS,
}
# A transform's option and the request field it stands for.
_OPTIONS = {
    "depends_on": "dependencies",
    "protect": "protect",
    "ignore_changes": "ignoreChanges",
    "replace_on_changes": "replaceOnChanges",
    "version": "version",
    "aliases": "aliases",
    "provider": "provider",
    "custom_timeouts": "customTimeouts",
    "plugin_download_url": "pluginDownloadURL",
    "retain_on_delete": "retainOnDelete",
    "deleted_with": "deletedWith",
    "delete_before_replace": "deleteBeforeReplace",
    "additional_secret_outputs": "additionalSecretOutputs",
    "providers": "providers",
    "plugin_checksums": "pluginChecksums",
    "hooks": "hooks",
    "import": "importId",
    "hide_diff": "hideDiffs",
    "replace_with": "replace_with",
    "replacement_trigger": "replacement_trigger",
}
_SECONDS = {"h": 3600, "m": 60, "s": 1, "ms": 0.001}


def _served(method: Any) -> Any:
    """Turn an error into a refused call, and keep the first one: it is the cause of whatever the program then says."""

    @functools.wraps(method)
    def serve(self: Monitor, request: Any, context: Any) -> Any:
        try:
            return method(self, request)
        except Exception as error:  # noqa: BLE001  kept, and raised by evaluate()
            self.failed(error)
            context.abort(grpc.StatusCode.UNKNOWN, str(error))

    return serve


class Monitor(resource_pb2_grpc.ResourceMonitorServicer, engine_pb2_grpc.EngineServicer):
    """One evaluation. `entries` grows as the program registers; `error` is the first refusal that was an error here."""

    def __init__(
        self,
        project: Project,
        provider: Provider,
        *,
        stack: str,
        organization: str,
        preview: bool,
        parallel: int,
        vault: Vault,
        now: Callable[[], datetime],
        log: Log,
        previous: Deployment | None = None,
    ) -> None:
        self.entries: dict[str, Entry] = {}
        self.messages: list[str] = []
        self.error: Exception | None = None
        self._project = project
        self._provider = provider
        self._stack = stack
        self._organization = organization
        self._preview = preview
        self._parallel = parallel
        self._vault = vault
        self._now = now
        self._log = log
        self._previous = previous.index() if previous is not None else {}
        self._lock = threading.Lock()
        self._seen: set[str] = set()
        self._configurations: dict[str, dict[str, Any]] = {}
        self._defaults: dict[tuple[str, str], str] = {}
        self._transforms: list[callback_pb2.Callback] = []
        self._channels: dict[str, callback_pb2_grpc.CallbacksStub] = {}
        self._root = ""

    def failed(self, error: Exception) -> None:
        """Keep the first error."""
        with self._lock:
            self.error = self.error or error

    # --- ResourceMonitor

    @_served
    def GetDeploymentInfo(self, _request: Any) -> Any:  # noqa: N802  the protocol's name
        """Who is asking, and what this engine offers."""
        return resource_pb2.DeploymentInfo(
            project=self._project.name,
            stack=self._stack,
            organization=self._organization,
            config=dict(self._project.config),
            configSecretKeys=sorted(self._project.secret_keys),
            dryRun=self._preview,
            parallel=self._parallel,
            supportedFeatures=sorted(_FEATURES.values()),
        )

    @_served
    def SupportsFeature(self, request: Any) -> Any:  # noqa: N802
        """The same for older SDKs."""
        return resource_pb2.SupportsFeatureResponse(hasSupport=request.id in _FEATURES)

    @_served
    def RegisterStackTransform(self, request: Any) -> Any:  # noqa: N802
        """Keep a transform for every later registration."""
        with self._lock:
            self._transforms.append(request)
        return empty_pb2.Empty()

    @_served
    def SignalAndWaitForShutdown(self, _request: Any) -> Any:  # noqa: N802
        """Nothing of the program is needed any longer."""
        return empty_pb2.Empty()

    @_served
    def RegisterResource(self, request: Any) -> Any:  # noqa: N802
        """Register, check, create, record, answer."""
        if request.remote:
            raise UnsupportedError(f"`{request.name}`: remote component `{request.type}` needs its plugin")
        if request.type != STACK:
            self._transform(request)
        urn = self._urn(request.type, request.name, request.parent)
        with self._lock:
            if urn in self._seen:
                raise UpError(f"Duplicate resource URN '{urn}'; try giving it a unique name")
            self._seen.add(urn)
        if request.type.startswith(PROVIDERS):
            return self._register_provider(urn, request)
        if not request.custom:
            inputs = from_struct(request.object)
            self._record(urn, request, inputs=inputs, custom=False)
            return resource_pb2.RegisterResourceResponse(urn=urn)
        return self._register_custom(urn, request)

    @_served
    def ReadResource(self, request: Any) -> Any:  # noqa: N802
        """Look up what another owns."""
        if request.type == "pulumi:pulumi:StackReference":
            raise UnsupportedError(f"stack reference `{request.name}`: the lab knows no other stack")
        urn = self._urn(request.type, request.name, request.parent)
        reference, configuration = self._provider_of(request)
        inputs = from_struct(request.properties)
        outputs = dict(inputs)
        if UNKNOWN not in request.id:
            goal = Goal(urn, request.type, request.name, plain(inputs), configuration, id=request.id)
            outputs |= self._provider.read(goal).outputs
        self._keep(
            urn,
            {
                "custom": True,
                "id": request.id,
                "type": request.type,
                "inputs": inputs,
                "outputs": outputs,
                "external": True,
                "provider": reference,
                "parent": request.parent,
                "dependencies": sorted(request.dependencies),
                "sourcePosition": self._position(request),
            },
        )
        answer = resource_pb2.ReadResourceResponse(urn=urn, id=request.id)
        fill(answer.properties, outputs)
        return answer

    @_served
    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802
        """Outputs of a component, or of the stack."""
        outputs = sealed(from_struct(request.outputs), self._vault)
        with self._lock:
            entry = self.entries[request.urn]
            self.entries[request.urn] = entry.with_outputs(outputs)
        return empty_pb2.Empty()

    @_served
    def Invoke(self, request: Any) -> Any:  # noqa: N802
        """A function call of the program."""
        _, configuration = self._provider_of(request)
        args = plain(from_struct(request.args))
        answer = resource_pb2.ResourceInvokeResponse()
        found = self._provider.invoke(request.tok, args, configuration)
        fill(getattr(answer, "return"), dict(found))
        return answer

    @_served
    def Call(self, request: Any) -> Any:  # noqa: N802
        """Methods of remote components are not offered."""
        raise UnsupportedError(f"method `{request.tok}` needs its plugin")

    # --- Engine

    @_served
    def Log(self, request: Any) -> Any:  # noqa: N802
        """A diagnostic; an error makes the evaluation fail, as it does in the engine."""
        if request.severity == engine_pb2.ERROR:
            with self._lock:
                self.messages.append(request.message)
        elif request.severity != engine_pb2.DEBUG:
            self._log(request.message)
        return empty_pb2.Empty()

    @_served
    def GetRootResource(self, _request: Any) -> Any:  # noqa: N802
        """The stack's URN."""
        return engine_pb2.GetRootResourceResponse(urn=self._root)

    @_served
    def SetRootResource(self, request: Any) -> Any:  # noqa: N802
        """The stack's URN, told."""
        self._root = request.urn
        return engine_pb2.SetRootResourceResponse()

    @_served
    def RequirePulumiVersion(self, _request: Any) -> Any:  # noqa: N802
        """Any version will do."""
        return engine_pb2.RequirePulumiVersionResponse()

    # --- inside

    def _urn(self, kind: str, name: str, parent: str) -> str:
        above = parent.split("::")[2] if parent else ""
        qualified = kind if above in ("", STACK) else f"{above}${kind}"
        return f"urn:pulumi:{self._stack}::{self._project.name}::{qualified}::{name}"

    def _register_provider(self, urn: str, request: Any) -> Any:
        inputs = from_struct(request.object)
        if request.version:
            inputs.setdefault("version", request.version)
        identity = self._provider_id(urn)
        with self._lock:
            self._configurations[f"{urn}::{identity}"] = plain(inputs)
        self._record(urn, request, inputs={**inputs, "__internal": {}}, identity=identity, outputs=inputs)
        answer = resource_pb2.RegisterResourceResponse(urn=urn, id="" if identity == UNKNOWN else identity)
        answer.object.CopyFrom(request.object)
        return answer

    def _provider_id(self, urn: str) -> str:
        if not self._preview:
            return str(uuid.uuid4())
        before = self._previous.get(urn)
        return str(before.fields()["id"]) if before is not None else UNKNOWN

    def _provider_of(self, request: Any) -> tuple[str, dict[str, Any]]:
        """The provider's reference and configuration; a default provider comes to be on its first use."""
        kind = request.tok if hasattr(request, "tok") else request.type
        package = kind.partition(":")[0]
        if request.provider:
            with self._lock:
                return request.provider, self._configurations.get(request.provider, {})
        if package != "aws":
            raise UnsupportedError(f"`{kind}`: the lab knows the `aws` provider only")
        with self._lock:
            reference = self._defaults.get((package, request.version))
            if reference is None:
                reference = self._default(package, request.version)
                self._defaults[package, request.version] = reference
            return reference, self._configurations[reference]

    def _default(self, package: str, version: str) -> str:
        name = "default_" + re.sub(r"[^0-9A-Za-z]", "_", version) if version else "default"
        urn = self._urn(PROVIDERS + package, name, "")
        identity = self._provider_id(urn)
        inputs = {
            key.partition(":")[2]: value for key, value in self._project.config.items() if key.startswith(f"{package}:")
        }
        secret = {key.partition(":")[2] for key in self._project.secret_keys if key.startswith(f"{package}:")}
        if version:
            inputs["version"] = version
        shown = {key: _as_secret(value) if key in secret else value for key, value in inputs.items()}
        moment = self._moment()
        fields = {
            "urn": urn,
            "custom": True,
            "id": identity,
            "type": PROVIDERS + package,
            "inputs": {"__internal": {}, **sealed(shown, self._vault)},
            "outputs": sealed(shown, self._vault),
            "created": moment,
            "modified": moment,
        }
        self._seen.add(urn)
        self.entries[urn] = Entry.of(fields)
        reference = f"{urn}::{identity}"
        self._configurations[reference] = inputs
        return reference

    def _register_custom(self, urn: str, request: Any) -> Any:
        reference, configuration = self._provider_of(request)
        asked = from_struct(request.object)
        inputs = check(urn, request.type, request.name, asked)
        dependencies = tuple(request.dependencies)
        answer = resource_pb2.RegisterResourceResponse(urn=urn)
        if self._preview:
            answer.id, more = self._foreseen(urn, inputs)
            shown = more
        else:
            goal = Goal(urn, request.type, request.name, inputs, configuration, dependencies, request.importId)
            made = self._provider.create(goal)
            answer.id, more = made.id, {**made.outputs, "id": made.id}
            shown = dict(made.outputs)
        secret = set(request.additionalSecretOutputs)
        more = {key: _as_secret(value) if key in secret else value for key, value in more.items()}
        self._record(urn, request, inputs=inputs, identity=answer.id, provider=reference, outputs=more, shares=True)
        answer.object.CopyFrom(request.object)
        clean = without_defaults(inputs)
        shown = {key: value for key, value in clean.items() if key not in asked or asked[key] != value} | shown
        shown |= {key: clean[key] for key in secret if key in clean and key not in shown}
        fill(answer.object, {key: _as_secret(value) if key in secret else value for key, value in shown.items()})
        return answer

    def _foreseen(self, urn: str, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """A preview's id and outputs beyond the inputs: those of the state before, or nothing (which means unknown)."""
        before = self._previous.get(urn)
        if before is None:
            return "", {}
        old = before.fields()
        if contains_unknown(inputs) and not same(old.get("inputs"), inputs):
            return str(old.get("id", "")), {}
        known = old.get("inputs") or {}
        return str(old.get("id", "")), {
            key: value
            for key, value in (old.get("outputs") or {}).items()
            if key not in known and key not in inputs and not is_secret(value)
        }

    def _record(
        self,
        urn: str,
        request: Any,
        *,
        inputs: dict[str, Any],
        outputs: Mapping[str, Any] | None = None,
        identity: str = "",
        provider: str = "",
        custom: bool = True,
        shares: bool = False,
    ) -> None:
        timeouts = {key: _seconds(getattr(request.customTimeouts, key)) for key in ("create", "update", "delete")}
        fields = {
            "custom": custom,
            "id": identity,
            "type": request.type,
            "inputs": inputs,
            "outputs": dict(outputs or {}),
            "parent": request.parent,
            "protect": request.protect or None,
            "dependencies": sorted(request.dependencies),
            "provider": provider,
            "propertyDependencies": {
                key: sorted(value.urns) or None for key, value in sorted(request.propertyDependencies.items())
            },
            "additionalSecretOutputs": list(request.additionalSecretOutputs),
            "customTimeouts": {key: value for key, value in timeouts.items() if value},
            "importID": request.importId,
            "retainOnDelete": request.retainOnDelete or None,
            "deletedWith": request.deletedWith,
            "sourcePosition": self._position(request),
            "stackTrace": self._stack_trace(request),
            "ignoreChanges": list(request.ignoreChanges),
            "hideDiff": list(request.hideDiffs),
            "replaceOnChanges": list(request.replaceOnChanges),
        }
        self._keep(urn, fields, shares=shares)

    def _keep(self, urn: str, fields: dict[str, Any], *, shares: bool = False) -> None:
        moment = self._moment()
        fields |= {"urn": urn, "created": moment, "modified": moment}
        fields["inputs"] = sealed(fields["inputs"], self._vault)
        fields["outputs"] = sealed(fields["outputs"], self._vault)
        entry = Entry.of(fields, shares=shares)
        with self._lock:
            self.entries[urn] = entry

    def _moment(self) -> str:
        return self._now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def _position(self, request: Any) -> str:
        """The program's own line: the first frame inside the project that is not a library's."""
        return next(self._lines([request.sourcePosition, *(frame.pc for frame in request.stackTrace.frames)]), "")

    def _stack_trace(self, request: Any) -> list[dict[str, str]]:
        """The project's lines that led there, the innermost first."""
        return [{"sourcePosition": line} for line in self._lines(frame.pc for frame in request.stackTrace.frames)]

    def _lines(self, positions: Iterable[Any]) -> Iterator[str]:
        for position in positions:
            if not position.uri.startswith("file:"):
                continue
            path = unquote(urlsplit(position.uri).path)
            root = f"{self._project.root}/"
            if path.startswith(root) and "/site-packages/" not in path:
                yield f"project:///{path.removeprefix(root)}#{position.line}"

    def _transform(self, request: Any) -> None:
        """Run the resource's own transforms, then the stack's; each sees what the one before made of it."""
        for callback in (*request.transforms, *self._transforms):
            options = resource_pb2.TransformResourceOptions()
            _copy_fields(request, options, ((field, option) for option, field in _OPTIONS.items()))
            asked = resource_pb2.TransformRequest(
                type=request.type, name=request.name, custom=request.custom, parent=request.parent, options=options
            )
            asked.properties.CopyFrom(request.object)
            token = callback_pb2.CallbackInvokeRequest(token=callback.token, request=asked.SerializeToString())
            told = self._callbacks(callback.target).Invoke(token)
            answer = resource_pb2.TransformResponse.FromString(told.response)
            if answer.HasField("properties"):
                request.object.CopyFrom(answer.properties)
            if answer.HasField("options"):
                _copy_fields(answer.options, request, _OPTIONS.items())

    def _callbacks(self, target: str) -> Any:
        with self._lock:
            if target not in self._channels:
                channel = grpc.insecure_channel(target, options=MESSAGE)
                self._channels[target] = callback_pb2_grpc.CallbacksStub(channel)
            return self._channels[target]


def _copy_fields(source: Any, target: Any, names: Iterable[tuple[str, str]]) -> None:
    """Copy fields from one message to another under other names, the unset ones as unset."""
    for theirs, ours in names:
        target.ClearField(ours)
        described = source.DESCRIPTOR.fields_by_name[theirs]
        value = getattr(source, theirs)
        if described.message_type is not None and described.message_type.GetOptions().map_entry:
            getattr(target, ours).update(value)
        elif (
            described.is_repeated if hasattr(described, "is_repeated") else described.label == described.LABEL_REPEATED
        ):
            getattr(target, ours).extend(value)
        elif described.message_type is not None:
            if source.HasField(theirs):
                getattr(target, ours).CopyFrom(value)
        elif not described.has_presence or source.HasField(theirs):
            setattr(target, ours, value)


def _as_secret(value: Any) -> Any:
    return value if is_secret(value) else {SIGNATURE: SECRET, "value": value}


def _seconds(text: str) -> float:
    """Go's duration text (`1h30m`) in seconds; empty is 0."""
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|h|m|s)", text)
    return sum(float(number) * _SECONDS[unit] for number, unit in parts)
