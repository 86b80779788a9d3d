"""Microsoft's own Python worker, driven in this process without gRPC (``azure-functions-runtime``, Python 3.13).

The worker builds its answers with the protobuf module its caller hands it; :data:`PROTOS` has the few names it uses.
"""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import azure_functions_runtime
from azure_functions_runtime import native_invocation
from azure_functions_runtime.bindings.datumdef import Datum as RuntimeDatum

from infra.local.host import logs
from infra.local.host.bindings import IndexedFunction, RetryPolicy
from infra.local.host.errors import HostError
from infra.local.host.worker import Datum, Invocation, Outcome


class _BindingInfo(SimpleNamespace):
    """``BindingInfo``: the numbers are those of FunctionRpc.proto and of azure.functions' own enums."""

    inout = 2
    out = 1
    undefined = 0


class _StatusResult(SimpleNamespace):
    Failure = 0
    Success = 1


PROTOS = SimpleNamespace(
    BindingInfo=_BindingInfo,
    StatusResult=_StatusResult,
    FunctionMetadataResponse=SimpleNamespace,
    RpcException=SimpleNamespace,
    RpcFunctionMetadata=SimpleNamespace,
    RpcRetryOptions=SimpleNamespace,
    WorkerInitResponse=SimpleNamespace,
    WorkerMetadata=SimpleNamespace,
)


class NativeWorker:
    """See :class:`infra.local.host.worker.Worker`."""

    async def index(self, folder: Path) -> list[IndexedFunction]:
        """Send WorkerInitRequest, which imports and indexes the app, and FunctionsMetadataRequest."""
        azure_functions_runtime.start_threadpool_executor()
        logs.invocation_ids.append(azure_functions_runtime.invocation_id_cv.get)
        init = SimpleNamespace(capabilities={}, function_app_directory=str(folder))
        request = SimpleNamespace(
            request=SimpleNamespace(worker_init_request=init), properties={"host": "127.0.0.1", "protos": PROTOS}
        )
        answer = await azure_functions_runtime.worker_init_request(request)
        if answer.result.status != _StatusResult.Success:
            exception = answer.result.exception
            raise HostError(f"The app cannot be indexed: {exception.message}\n{exception.stack_trace}")
        metadata = await azure_functions_runtime.functions_metadata_request(request)
        return [
            IndexedFunction(
                id=item.function_id,
                name=item.name,
                raw_bindings=tuple(item.raw_bindings),
                retry=_retry(item.retry_options),
            )
            for item in metadata.function_metadata_results or ()
        ]

    def datum(self, value: Any, kind: str) -> Datum:
        """Wrap a value in the runtime's Datum."""
        wrapped: Datum = RuntimeDatum(value, kind)
        return wrapped

    async def invoke(self, invocation: Invocation) -> Outcome:
        """Hand the call to the runtime's protobuf-free entry."""
        succeeded, returned, outputs, error, traceback = await native_invocation.invocation_request_native(
            invocation.id,
            invocation.function_id,
            [(invocation.parameter, invocation.data)],
            invocation.metadata,
            trace_parent=invocation.trace_parent,
            trace_state=invocation.trace_state,
            retry_count=invocation.retry_count,
            max_retry_count=invocation.max_retry_count,
        )
        return Outcome(succeeded, returned, tuple(outputs), error or "", traceback or "")

    def close(self) -> None:
        """Stop the runtime's thread pool."""
        azure_functions_runtime.stop_threadpool_executor()


def _retry(options: Any) -> RetryPolicy | None:
    if options is None:
        return None
    if options.retry_strategy == "fixed_delay":
        return RetryPolicy(options.max_retry_count, options.delay_interval, options.delay_interval)
    return RetryPolicy(options.max_retry_count, options.minimum_interval, options.maximum_interval)
