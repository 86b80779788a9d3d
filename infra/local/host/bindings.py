"""The triggers this host knows, read from what the worker indexed; everything else is refused by name."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from infra.local.host.errors import HostError
from infra.local.host.settings import AppSettings

HTTP_METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "QUERY")


@dataclass(frozen=True)
class RetryPolicy:
    """A function-level retry policy. ``delay`` and ``longest`` are equal for a fixed delay."""

    max_retries: int
    """-1: without end."""
    delay: timedelta
    longest: timedelta


@dataclass(frozen=True)
class IndexedFunction:
    """A function as the worker reports it."""

    id: str
    name: str
    raw_bindings: tuple[str, ...]
    retry: RetryPolicy | None = None


@dataclass(frozen=True)
class HttpTrigger:
    """``httpTrigger``."""

    parameter: str
    route: str
    auth_level: str
    methods: frozenset[str]


@dataclass(frozen=True)
class TimerTrigger:
    """``timerTrigger``; ``schedule`` is expanded."""

    parameter: str
    schedule: str
    run_on_startup: bool
    use_monitor: bool


@dataclass(frozen=True)
class ServiceBusTrigger:
    """``serviceBusTrigger`` of a queue; ``connection`` names an app setting."""

    parameter: str
    queue: str
    connection: str
    many: bool
    sessions: bool
    binary: bool
    """dataType binary: the body comes as it is. Otherwise the host decodes it as UTF-8, replacing what is not."""


Trigger = HttpTrigger | TimerTrigger | ServiceBusTrigger


@dataclass(frozen=True)
class Function:
    """A function ready to be triggered."""

    id: str
    name: str
    trigger: Trigger
    retry: RetryPolicy | None
    disabled: bool
    bindings: tuple[Mapping[str, Any], ...]


_COMMON = {"type", "name", "direction", "dataType"}
_FIELDS = {
    "httpTrigger": {"authLevel", "methods", "route"},
    "http": set[str](),
    "timerTrigger": {"schedule", "runOnStartup", "useMonitor"},
    "serviceBusTrigger": {
        "connection",
        "queueName",
        "accessRights",
        "isSessionsEnabled",
        "cardinality",
        "autoCompleteMessages",
    },
}


def read_function(indexed: IndexedFunction, settings: AppSettings) -> Function:
    """Turn an indexed function into one with a typed trigger.

    :raises HostError: a binding, a binding's property or a combination this host does not run.
    """
    bindings = tuple(_expanded(json.loads(raw), indexed.name, settings) for raw in indexed.raw_bindings)
    for binding in bindings:
        _check_known(binding, indexed.name)
    trigger = _trigger(bindings, indexed.name)
    return Function(
        id=indexed.id,
        name=indexed.name,
        trigger=trigger,
        retry=indexed.retry,
        disabled=settings.is_disabled(indexed.name),
        bindings=bindings,
    )


def _expanded(binding: Mapping[str, Any], function: str, settings: AppSettings) -> dict[str, Any]:
    return {
        key: settings.expand(value, f"function {function}, {key}") if isinstance(value, str) else value
        for key, value in binding.items()
    }


def _check_known(binding: Mapping[str, Any], function: str) -> None:
    kind = binding.get("type")
    if kind == "serviceBusTrigger" and "topicName" in binding:
        raise HostError(f"function {function}: this host runs Service Bus queues, not topics.")
    if kind not in _FIELDS:
        raise HostError(f"function {function}: this host does not run the binding {kind!r}.")
    unknown = set(binding) - _COMMON - _FIELDS[kind]
    if unknown:
        raise HostError(f"function {function}: the binding {kind} has no property {', '.join(sorted(unknown))} here.")


def _trigger(bindings: Iterable[Mapping[str, Any]], function: str) -> Trigger:
    triggers = [binding for binding in bindings if str(binding["type"]).endswith("Trigger")]
    outputs = [binding for binding in bindings if binding["type"] == "http"]
    if len(triggers) != 1:
        raise HostError(f"function {function} has {len(triggers)} triggers; it must have one.")
    binding = triggers[0]
    match binding["type"]:
        case "httpTrigger":
            return _http(binding)
        case "timerTrigger" if not outputs:
            return TimerTrigger(
                parameter=binding["name"],
                schedule=binding["schedule"],
                run_on_startup=bool(binding.get("runOnStartup", False)),
                use_monitor=bool(binding.get("useMonitor", True)),
            )
        case "serviceBusTrigger" if not outputs:
            return _service_bus(binding, function)
    raise HostError(f"function {function}: an http output needs an httpTrigger.")


def _http(binding: Mapping[str, Any]) -> HttpTrigger:
    methods = binding.get("methods") or HTTP_METHODS
    return HttpTrigger(
        parameter=binding["name"],
        route=str(binding.get("route", "")),
        auth_level=str(binding.get("authLevel", "function")).lower(),
        methods=frozenset(str(method).upper() for method in methods),
    )


def _service_bus(binding: Mapping[str, Any], function: str) -> ServiceBusTrigger:
    many = str(binding.get("cardinality", "one")).lower() == "many"
    sessions = bool(binding.get("isSessionsEnabled", False))
    if many and sessions:
        raise HostError(
            f"function {function}: cardinality MANY together with is_sessions_enabled is refused, "
            "because maxConcurrentSessions is not honoured for it in Azure."
        )
    if binding.get("autoCompleteMessages") is False:
        raise HostError(
            f"function {function}: auto_complete_messages=False leaves settling to the function, "
            "which Python can only do through a beta extension."
        )
    for name in ("connection", "queueName"):
        if not binding.get(name):
            raise HostError(f"function {function}: {name} is empty.")
    return ServiceBusTrigger(
        parameter=binding["name"],
        queue=binding["queueName"],
        connection=binding["connection"],
        many=many,
        sessions=sessions,
        binary=str(binding.get("dataType", "")).lower() == "binary",
    )
