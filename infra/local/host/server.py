"""The local Functions host as a server.

    python -m infra.local serve host --port 7071 --set app=. --set settings=local.settings.json

Settings: ``app`` (the folder of function_app.py and host.json; default: the current one), ``settings`` (a
local.settings.json; default: the app's own, if any), ``function_key`` and ``master_key`` (default: random at each
start), ``drain_seconds`` (how long running invocations may go on after SIGTERM; default 10). ``--state`` keeps the
timers' status.

First line: ``service``, ``url``, ``function_key``, ``master_key``, and ``function_keys``: by name, what opens one HTTP
function alone.

The app runs in this process, on this event loop: one app per process, as the worker's registry is global.
"""

import asyncio
import contextlib
import logging
import os
import secrets
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from infra.local.host import logs
from infra.local.host.admin import Admin
from infra.local.host.bindings import Function, HttpTrigger, ServiceBusTrigger
from infra.local.host.clock import SystemClock
from infra.local.host.errors import HostError
from infra.local.host.host import Host, app_folder
from infra.local.host.http import HttpTriggers
from infra.local.host.keys import Keys
from infra.local.host.servicebus import Listener
from infra.local.host.servicebus_connection import find_connection
from infra.local.host.settings import AppSettings, HostJson, read_app_settings, read_host_json
from infra.local.host.timers import Timers, TimerStatus
from infra.local.serving import ServeOptions, Service, new_app, say, until_stopped

log = logging.getLogger(__name__)

_KNOWN = {"app", "settings", "function_key", "master_key", "drain_seconds"}
_BODY_LIMIT = 100 * 1024**2
"""Bytes; the real host takes requests of 100 MB."""


@dataclass(frozen=True)
class _Plan:
    """What a start is made of."""

    folder: Path
    configuration: HostJson
    settings: AppSettings
    keys: Keys
    drain_seconds: float


def _plan(options: ServeOptions) -> _Plan:
    unknown = set(options.settings) - _KNOWN
    if unknown:
        raise HostError(f"The host has no setting {min(unknown)}; it knows {', '.join(sorted(_KNOWN))}.")
    folder = app_folder(options.settings.get("app", "."))
    file = options.settings.get("settings")
    given = {
        name: options.settings[f"{name}_key"] for name in ("function", "master") if f"{name}_key" in options.settings
    }
    return _Plan(
        folder=folder,
        configuration=read_host_json(folder),
        settings=read_app_settings(folder, Path(file) if file else None, os.environ),
        keys=Keys(**given),
        drain_seconds=float(options.settings.get("drain_seconds", "10")),
    )


class _Server:
    """One host in an aiohttp application: loaded when the server starts, drained and closed when it stops."""

    def __init__(self, plan: _Plan, state: Path | None) -> None:
        self._plan = plan
        self._host = Host(plan.folder, plan.configuration, plan.settings)
        self._status = TimerStatus(state)
        self._listeners: list[Listener] = []
        self._timers: Timers | None = None
        self._admin: Admin | None = None
        self._triggers: HttpTriggers | None = None

    async def lifetime(self, _: web.Application) -> AsyncIterator[None]:
        """Load the app and start its triggers; stop them in the end."""
        os.environ.update(self._plan.settings.values)
        await self._host.load()
        functions = list(self._host.functions.values())
        self._timers = Timers(self._host, functions, self._status, SystemClock())
        self._admin = Admin(self._host, self._plan.keys, self._timers, secrets.token_hex(16))
        self._triggers = HttpTriggers(self._host, self._plan.keys)
        self._listeners = [
            self._listener(function, function.trigger)
            for function in functions
            if isinstance(function.trigger, ServiceBusTrigger) and not function.disabled
        ]
        self._timers.start()
        for listener in self._listeners:
            listener.start()
        log.info("Running %s.", ", ".join(sorted(self._host.functions)) or "nothing")
        yield
        await self._timers.stop()
        await asyncio.gather(*(listener.stop() for listener in self._listeners))
        self._status.close()
        await self._host.close()

    def own_keys(self) -> dict[str, str]:
        """Give the keys that open one HTTP function alone, by its name, once the app is loaded."""
        functions = self._host.functions.values()
        return {each.name: self._plan.keys.of(each.name) for each in functions if isinstance(each.trigger, HttpTrigger)}

    async def drain(self, _: web.Application) -> None:
        """Start nothing new; give what runs its time."""
        if self._timers is not None:
            self._timers.rest()
        for listener in self._listeners:
            listener.rest()
        await self._host.drain(self._plan.drain_seconds)

    async def handle(self, request: web.Request) -> web.Response:
        """Answer a request."""
        if self._admin is None or self._triggers is None:
            return web.Response(status=503)
        if request.path == "/admin" or request.path.startswith("/admin/"):
            return await self._admin.handle(request)
        return await self._triggers.handle(request)

    def _listener(self, function: Function, trigger: ServiceBusTrigger) -> Listener:
        connection = find_connection(trigger.connection, self._plan.settings, function.name)
        return Listener(self._host, function, trigger, connection, self._plan.configuration.extensions.service_bus)


def _service(plan: _Plan, state: Path | None) -> Service:
    server = _Server(plan, state)
    app = new_app(client_max_size=_BODY_LIMIT)
    app.router.add_route("*", "/{tail:.*}", server.handle)
    app.cleanup_ctx.append(server.lifetime)
    app.on_shutdown.append(server.drain)
    keys = {"function_key": plan.keys.function, "master_key": plan.keys.master}
    return Service(app, lambda url: {"service": "host", "url": url, **keys, "function_keys": server.own_keys()})


def create(options: ServeOptions) -> Service:
    """Prepare the host; the app is imported when the server starts, and an app that is refused stops that start.

    :raises HostError: a setting, host.json or local.settings.json this host refuses.
    """
    return _service(_plan(options), options.state)


async def serve(options: ServeOptions) -> None:
    """Serve until SIGTERM, then stop accepting and let running invocations end.

    An app or a setting that is refused is told on stderr, with exit status 1.
    """
    first_line = sys.stdout
    try:
        plan = _plan(options)
        logs.configure(plan.configuration.logging.log_level)
        service = _service(plan, options.state)
        os.chdir(plan.folder)  # where an app finds itself in Azure
        with contextlib.redirect_stdout(logs.PrintedLines()):
            # What running invocations may take is spent in drain(); the runner adds a second to write the answers.
            runner = web.AppRunner(service.app, access_log=None, shutdown_timeout=1.0)
            try:
                await runner.setup()
                site = web.TCPSite(runner, "127.0.0.1", options.port)
                await site.start()
                with contextlib.redirect_stdout(first_line):
                    say(service.announce(f"http://127.0.0.1:{runner.addresses[0][1]}"))
                await until_stopped()
            finally:
                await runner.cleanup()
    except HostError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(1) from None
