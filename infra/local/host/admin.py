"""The host's own addresses under ``/admin``, all for the master key: what runs, and running a function by hand."""

import asyncio
import json
from collections.abc import Coroutine
from typing import Any

from aiohttp import web

from infra.local.host.bindings import Function, HttpTrigger, ServiceBusTrigger, TimerTrigger
from infra.local.host.host import Host
from infra.local.host.keys import Keys
from infra.local.host.servicebus_metadata import bare_message
from infra.local.host.timers import Timers
from infra.local.host.tracing import continue_trace

_VERSION = "4.1000.0"
"""Reported as the host's version: a Functions 4 host."""


class Admin:
    """The endpoints under ``/admin``."""

    def __init__(self, host: Host, keys: Keys, timers: Timers, process_id: str) -> None:
        self._host, self._keys, self._timers = host, keys, timers
        self._id = process_id
        self._runs: set[asyncio.Task[Any]] = set()

    async def handle(self, request: web.Request) -> web.Response:  # noqa: PLR0911 - one for each address
        """Answer a request under ``/admin``: 401 without the master key, 404 for what is not there."""
        if not self._keys.allow("admin", request):
            return web.Response(status=401)
        match (request.method, *request.path.strip("/").split("/")[1:]):
            case ("GET" | "POST", "host", "ping"):
                return web.Response()
            case ("GET", "host", "status"):
                return web.json_response({"id": self._id, "state": "Running", "version": _VERSION, "errors": []})
            case ("GET", "functions"):
                return web.json_response([self._describe(item, request) for item in self._host.functions.values()])
            case ("GET", "functions", name) if name in self._host.functions:
                return web.json_response(self._describe(self._host.functions[name], request))
            case ("POST", "functions", name) if name in self._host.functions:
                return await self._run(self._host.functions[name], request)
        return web.Response(status=404)

    def _describe(self, function: Function, request: web.Request) -> dict[str, object]:
        trigger = function.trigger
        address = None
        if isinstance(trigger, HttpTrigger):
            prefix = self._host.configuration.extensions.http.route_prefix.strip("/")
            address = str(request.url.origin()) + "/" + "/".join(part for part in (prefix, trigger.route) if part)
        return {
            "name": function.name,
            "language": "python",
            "isDisabled": function.disabled,
            "invoke_url_template": address,
            "config": {"name": function.name, "bindings": list(function.bindings)},
        }

    async def _run(self, function: Function, request: web.Request) -> web.Response:
        """Run a function that HTTP does not reach: 202 at once; how it ends is in the log."""
        if request.content_type != "application/json":
            return web.Response(status=415)
        try:
            body = json.loads(await request.read())
        except ValueError:
            return web.Response(status=400)
        if not isinstance(body, dict) or set(body) - {"input"} or not isinstance(body.get("input") or "", str):
            return web.Response(status=400)
        text = body.get("input") or ""
        match function.trigger:
            case TimerTrigger():
                self._spawn(self._timers.by_name[function.name].fire())
            case ServiceBusTrigger() as trigger:
                data, metadata = bare_message(text, self._host.datum, many=trigger.many, binary=trigger.binary)
                self._spawn(self._host.run(function, data, continue_trace(None), metadata))
            case HttpTrigger():
                return web.json_response(
                    {"error": f"{function.name} is triggered by HTTP; send it a request."}, status=400
                )
        return web.Response(status=202)

    def _spawn(self, run: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.create_task(run)
        self._runs.add(task)
        task.add_done_callback(self._runs.discard)
