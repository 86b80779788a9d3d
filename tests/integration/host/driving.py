"""The real app under this Python's worker (Microsoft's own from 3.13 on), called as the host calls it.

It lives in a process of its own, because a worker's registry of functions is global and so are the app's settings. What
a function is given is what the local host would give it; what a test sees is what the host would see.
"""

import asyncio
import contextlib
import json
import multiprocessing
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import uuid4

import pytest
from azure.servicebus import ServiceBusReceivedMessage

from infra.local.host.bindings import HttpTrigger, ServiceBusTrigger, TimerTrigger, Trigger, read_function
from infra.local.host.servicebus_metadata import (
    bare_message,
    body_bytes,
    many_bodies,
    many_metadata,
    one_body,
    one_metadata,
)
from infra.local.host.settings import AppSettings
from infra.local.host.worker import Datum, Invocation, Outcome, create_worker
from shared.telemetry import recorder
from tests.integration.host.processes import ROOT
from tests.integration.servicebus.impatience import hasten

PATIENCE = 60.0
"""Seconds that an invocation may take; no function of ours should."""
RARELY = "0 0 0 29 2 *"
SCHEDULES = {f"{timer}_SCHEDULE": RARELY for timer in ("SWEEP", "RECONCILE", "PAYMENTS", "FILES")}
KEPT = {"PATH", "HOME", "LANG", "PYTHONPATH"}
TIMER = json.dumps({"Schedule": {"AdjustForDST": True}, "ScheduleStatus": None, "IsPastDue": False})


@dataclass
class Wire:
    """A Datum on its way to the process that knows the worker's own class of it."""

    value: Any
    type: str | None


@dataclass(frozen=True)
class Answer:
    """How an invocation ended, as the host sees it. ``trace`` is the trace that the host began for it."""

    succeeded: bool
    error: str
    trace: str
    status: int = 0
    headers: Mapping[str, str] | None = None
    body: bytes = b""

    @property
    def text(self) -> str:
        """Give the body of an HTTP answer."""
        return self.body.decode()

    @property
    def json(self) -> Any:
        """Give the body of an HTTP answer, parsed."""
        return json.loads(self.body)


class DrivenApp:
    """The app in its process."""

    def __init__(self, pool: ProcessPoolExecutor) -> None:
        """``pool`` has one process, in which nothing else is done."""
        self._pool = pool

    async def worker(self) -> str:
        """Name the class of the worker."""
        return str(await self._there(_worker))

    async def triggers(self) -> dict[str, Trigger]:
        """Give every function's trigger, as the host reads it."""
        triggers: dict[str, Trigger] = await self._there(_triggers)
        return triggers

    async def request(
        self,
        name: str,
        method: str = "GET",
        body: bytes = b"",
        *,
        route: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Make an HTTP request; ``route`` are the parameters in its path."""
        data = {
            "method": Wire(method, "string"),
            "url": Wire("https://bridge.example/api/x", "string"),
            "headers": _texts({"content-type": "application/json"} | dict(headers or {})),
            "body": Wire(body, "bytes"),
            "params": _texts(route or {}),
            "query": _texts(query or {}),
        }
        return await self._call(name, Wire(data, "http"), {})

    async def timer(self, name: str) -> Answer:
        """Let a timer fire."""
        return await self._call(name, Wire(TIMER, "json"), {})

    async def deliver(self, name: str, messages: Sequence[ServiceBusReceivedMessage]) -> Answer:
        """Deliver messages that were received from a queue."""
        trigger = (await self.triggers())[name]
        assert isinstance(trigger, ServiceBusTrigger)
        if trigger.many:
            data = many_bodies([body_bytes(message) for message in messages], Wire, binary=trigger.binary)
            return await self._call(name, data, many_metadata(messages, Wire))
        (message,) = messages
        data = one_body(body_bytes(message), Wire, binary=trigger.binary)
        return await self._call(name, data, one_metadata(message, Wire))

    async def deliver_text(self, name: str, text: str) -> Answer:
        """Deliver a message that never was on a queue, as an operator does by hand."""
        trigger = (await self.triggers())[name]
        assert isinstance(trigger, ServiceBusTrigger)
        data, metadata = bare_message(text, Wire, many=trigger.many, binary=trigger.binary)
        return await self._call(name, data, metadata)

    async def telemetry_sent(self) -> None:
        """Wait until what was recorded so far has left."""
        assert await self._there(_telemetry_sent)

    async def _call(self, name: str, data: Datum, metadata: Mapping[str, Datum]) -> Answer:
        trace = uuid4().hex
        answer: Answer = await self._there(_invoke, name, data, dict(metadata), trace)
        return answer

    async def _there(self, work: Any, *arguments: Any) -> Any:
        call = asyncio.get_running_loop().run_in_executor(self._pool, work, *arguments)
        return await asyncio.wait_for(call, PATIENCE)


@contextlib.asynccontextmanager
async def driven(settings: Mapping[str, str]) -> AsyncIterator[DrivenApp]:
    """Start the app with these settings and no others."""
    environment = {name: value for name, value in os.environ.items() if name in KEPT} | SCHEDULES | dict(settings)
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(1, context, initializer=_settle_in, initargs=(environment,))
    try:
        yield DrivenApp(pool)
    finally:
        await asyncio.to_thread(pool.shutdown)


def _texts(values: Mapping[str, str]) -> dict[str, Wire]:
    return {name: Wire(value, "string") for name, value in values.items()}


# --- in the process of the app


class _Indexed:
    """The app, indexed once."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.worker = create_worker()
        settings = AppSettings(dict(os.environ))
        functions = self.loop.run_until_complete(self.worker.index(ROOT))
        self.functions = {each.name: read_function(each, settings) for each in functions}

    def datum(self, wire: Any) -> Datum:
        """Give what came over as the worker's own Datum, with what is inside of it."""
        value = wire.value
        if wire.type == "http":
            value = {name: self._inside(part) for name, part in value.items()}
        return self.worker.datum(value, wire.type)

    def _inside(self, part: Any) -> Any:
        return {name: self.datum(each) for name, each in part.items()} if isinstance(part, dict) else self.datum(part)


def _settle_in(environment: Mapping[str, str]) -> None:
    hasten(pytest.MonkeyPatch())
    os.environ.clear()
    os.environ.update(environment)


@cache
def _app() -> _Indexed:
    return _Indexed()


def _worker() -> str:
    return type(_app().worker).__name__


def _triggers() -> dict[str, Trigger]:
    return {name: function.trigger for name, function in _app().functions.items()}


def _telemetry_sent() -> bool:
    return recorder.out.box is None or recorder.out.box.wait(PATIENCE)


def _invoke(name: str, data: Datum, metadata: Mapping[str, Datum], trace: str) -> Answer:
    app = _app()
    function = app.functions[name]
    call = Invocation(
        id=str(uuid4()),
        function_id=function.id,
        parameter=function.trigger.parameter,
        data=app.datum(data),
        metadata={key: app.datum(value) for key, value in metadata.items()},
        trace_parent=f"00-{trace}-{trace[:16]}-01",
    )
    return _answer(app.loop.run_until_complete(app.worker.invoke(call)), trace)


def _answer(outcome: Outcome, trace: str) -> Answer:
    if not outcome.succeeded or outcome.returned is None or outcome.returned.type != "http":
        return Answer(outcome.succeeded, outcome.error, trace)
    value = outcome.returned.value
    headers = {key: datum.value for key, datum in value["headers"].items()}
    return Answer(True, "", trace, int(value["status_code"].value), headers, value["body"].value)


def shape(trigger: Trigger) -> list[object]:
    """Give what of a trigger the host goes by."""
    match trigger:
        case HttpTrigger():
            return ["http", trigger.route, trigger.auth_level, *sorted(trigger.methods)]
        case TimerTrigger():
            return ["timer", trigger.run_on_startup]
        case ServiceBusTrigger():
            return ["queue", trigger.queue, trigger.connection, trigger.many, trigger.sessions, trigger.binary]
