"""A worker for Python 3.11 and 3.12, where Microsoft's in-process worker does not exist.

It follows that worker's rules (what indexing refuses, how parameters are decoded and results encoded) and leaves every
conversion to the converters of ``azure.functions``, which are the same in production.
"""

import asyncio
import importlib
import inspect
import os
import threading
import traceback
import typing
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import azure.functions as func
from azure.functions import _abc as abstract
from azure.functions import meta

from infra.local.host.bindings import IndexedFunction, RetryPolicy
from infra.local.host.errors import HostError
from infra.local.host.worker import Datum, Invocation, Outcome

_CONVERTERS: Any = meta.get_binding_registry()
_DIRECTION_OUT = 1
_thread_local = threading.local()


class _TraceContext(abstract.TraceContext):
    def __init__(self, parent: str, state: str) -> None:
        self._parent, self._state = parent, state

    @property
    def trace_parent(self) -> str:
        return self._parent

    @property
    def trace_state(self) -> str:
        return self._state

    @property
    def attributes(self) -> dict[str, str]:
        return {}


class _RetryContext(abstract.RetryContext):
    def __init__(self, count: int, most: int) -> None:
        self._count, self._most = count, most

    @property
    def retry_count(self) -> int:
        return self._count

    @property
    def max_retry_count(self) -> int:
        return self._most

    @property
    def exception(self) -> Any:
        return None


class _Context(abstract.Context):
    def __init__(self, loaded: "_Loaded", invocation: Invocation) -> None:
        self._loaded, self._id = loaded, invocation.id
        self._trace = _TraceContext(invocation.trace_parent, invocation.trace_state)
        self._retry = _RetryContext(invocation.retry_count, invocation.max_retry_count)

    @property
    def invocation_id(self) -> str:
        return self._id

    @property
    def thread_local_storage(self) -> Any:
        return _thread_local

    @property
    def function_name(self) -> str:
        return self._loaded.name

    @property
    def function_directory(self) -> str:
        return self._loaded.directory

    @property
    def trace_context(self) -> _TraceContext:
        return self._trace

    @property
    def retry_context(self) -> _RetryContext:
        return self._retry


class _Out(func.Out[Any]):
    def __init__(self) -> None:
        self._value: Any = None

    def set(self, val: Any) -> None:
        self._value = val

    def get(self) -> Any:
        return self._value


@dataclass(frozen=True)
class _Loaded:
    """A function as it will be called."""

    call: Callable[..., Any]
    name: str
    directory: str
    is_async: bool
    wants_context: bool
    decode: Callable[[Datum, Mapping[str, Datum]], Any]
    outputs: tuple[str, ...]
    returns_http: bool


class DirectWorker:
    """See :class:`infra.local.host.worker.Worker`."""

    def __init__(self) -> None:
        self._functions: dict[str, _Loaded] = {}
        threads = os.environ.get("PYTHON_THREADPOOL_THREAD_COUNT")
        self._threads = ThreadPoolExecutor(max_workers=int(threads) if threads else None)

    async def index(self, folder: Path) -> list[IndexedFunction]:
        """Import the app and read its decorators."""
        script = os.environ.get("PYTHON_SCRIPT_FILE_NAME", "function_app.py")
        if not (folder / script).is_file():
            return []
        with _indexing_errors():
            module = importlib.import_module(Path(script).stem)
            apps = [value for value in vars(module).values() if isinstance(value, func.FunctionRegister)]
            if len(set(map(id, apps))) > 1:
                raise ValueError(f"More than one {type(apps[0]).__name__} is defined at the top level of {script}.")
            if not apps:
                raise ValueError(f"Could not find a top level function app instance in {script}.")
            return [self._load(function) for function in apps[0].get_functions()]

    def datum(self, value: Any, kind: str) -> Datum:
        """Wrap a value in the library's Datum."""
        return meta.Datum(value, kind)

    async def invoke(self, invocation: Invocation) -> Outcome:
        """Decode, call, encode."""
        loaded = self._functions[invocation.function_id]
        try:
            arguments = {invocation.parameter: loaded.decode(invocation.data, invocation.metadata)}
            if loaded.wants_context:
                arguments["context"] = _Context(loaded, invocation)
            outputs = {name: _Out() for name in loaded.outputs}
            arguments.update(outputs)
            result = await self._call(loaded, arguments, invocation.id)
            _check_result(loaded, result)
            written = tuple((name, _encode(out.get())) for name, out in outputs.items() if out.get() is not None)
            return Outcome(True, _encode(result) if loaded.returns_http else None, written)
        except Exception as error:  # noqa: BLE001 - whatever a function raises is the outcome of its invocation
            return Outcome(False, error=repr(error), traceback=traceback.format_exc())

    def close(self) -> None:
        """Stop the thread pool; calls that still run in it are left to end by themselves."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _call(self, loaded: _Loaded, arguments: dict[str, Any], invocation_id: str) -> Any:
        if loaded.is_async:
            _thread_local.invocation_id = invocation_id
            return await loaded.call(**arguments)

        def in_thread() -> Any:
            _thread_local.invocation_id = invocation_id
            try:
                return loaded.call(**arguments)
            finally:
                _thread_local.invocation_id = None

        return await asyncio.get_running_loop().run_in_executor(self._threads, copy_context().run, in_thread)

    def _load(self, function: Any) -> IndexedFunction:
        name: str = function.get_function_name()
        call = function.get_user_function()
        parameters = set(inspect.signature(call).parameters)
        annotations = typing.get_type_hints(call)
        bindings = {binding.name: binding for binding in function.get_bindings()}
        returns_http = bindings.pop("$return", None) is not None
        wants_context = "context" in parameters - set(bindings)
        if wants_context:
            parameters.discard("context")
            annotation = annotations.get("context", func.Context)
            if getattr(annotation, "__name__", "") != "Context":
                raise TypeError(f"cannot load the {name} function: the context parameter is of type {annotation!r}")
        if parameters != set(bindings):
            raise TypeError(
                f"cannot load the {name} function: parameters {sorted(parameters - set(bindings))} have no binding, "
                f"bindings {sorted(set(bindings) - parameters)} have no parameter"
            )
        for parameter, binding in bindings.items():
            _check_annotation(name, parameter, binding, annotations)
        if returns_http:
            _check_return(name, annotations)
        trigger = function.get_trigger()
        self._functions[name] = _Loaded(
            call=call,
            name=name,
            directory=str(Path(inspect.getfile(call)).parent),
            is_async=inspect.iscoroutinefunction(call),
            wants_context=wants_context,
            decode=_decoder(trigger, annotations),
            outputs=tuple(key for key, binding in bindings.items() if binding.direction == _DIRECTION_OUT),
            returns_http=returns_http,
        )
        return IndexedFunction(
            id=name,
            name=name,
            raw_bindings=tuple(function.get_raw_bindings()),
            retry=_retry(function.get_settings_dict("retry_policy")),
        )


def _check_result(loaded: _Loaded, result: Any) -> None:
    if result is not None and not loaded.returns_http:
        raise RuntimeError(f"function {loaded.name} without a $return binding returned a non-None value")


@contextmanager
def _indexing_errors() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        raise HostError(
            f"The app cannot be indexed: {type(error).__name__}: {error}\n{traceback.format_exc()}"
        ) from error


def _check_annotation(function: str, parameter: str, binding: Any, annotations: Mapping[str, Any]) -> None:
    if parameter not in annotations:
        return
    annotation = annotations[parameter]
    is_out = getattr(typing.get_origin(annotation) or annotation, "__name__", "") == "Out"
    if is_out != (binding.direction == _DIRECTION_OUT):
        raise TypeError(f"cannot load the {function} function: {parameter} is an Out where its binding is not")
    converter = _CONVERTERS.get(binding.type)
    if is_out:
        fits = converter is None or converter.check_output_type_annotation(typing.get_args(annotation)[0])
    else:
        fits = annotation in {str, bytes} or converter is None or converter.check_input_type_annotation(annotation)
    if not fits:
        raise TypeError(
            f"cannot load the {function} function: type of {parameter} binding in the binding decorator "
            f'"{binding.type}" does not match its Python annotation {annotation!r}'
        )


def _check_return(function: str, annotations: Mapping[str, Any]) -> None:
    annotation = annotations.get("return")
    if annotation is None:
        return
    if not isinstance(annotation, type):
        raise TypeError(f"cannot load the {function} function: has invalid non-type return annotation {annotation!r}")
    if not _CONVERTERS.get("http").check_output_type_annotation(annotation):
        raise TypeError(
            f'cannot load the {function} function: Python return annotation "{annotation.__name__}" '
            'does not match binding type "http"'
        )


def _decoder(trigger: Any, annotations: Mapping[str, Any]) -> Callable[[Datum, Mapping[str, Datum]], Any]:
    converter = _CONVERTERS.get(trigger.type)
    # str and bytes stand for the body alone, as in the worker's generic binding.
    if converter is None or annotations.get(trigger.name) in {str, bytes}:
        return lambda data, _: data.value
    return lambda data, metadata: converter.decode(data, trigger_metadata=metadata)


def _encode(value: Any) -> Datum:
    try:
        encoded: Datum = _CONVERTERS.get("http").encode(value, expected_type=None)
    except NotImplementedError:
        # How the library's converter says that it can't write down a value; the worker makes this sentence of it.
        raise TypeError(
            f'unable to encode outgoing TypedData: unsupported type "http" for Python type "{type(value).__name__}"'
        ) from None
    return encoded


def _retry(settings: Mapping[str, Any] | None) -> RetryPolicy | None:
    if not settings:
        return None
    count = int(settings["max_retry_count"])
    if settings["strategy"] == "fixed_delay":
        delay = _span(settings["delay_interval"])
        return RetryPolicy(count, delay, delay)
    return RetryPolicy(
        count,
        _span(settings.get("minimum_interval") or "00:00:00"),
        _span(settings.get("maximum_interval") or "23:59:59"),
    )


def _span(text: str) -> timedelta:
    hours, minutes, seconds = (int(part) for part in text.split(":"))
    return timedelta(hours=hours, minutes=minutes, seconds=seconds)
