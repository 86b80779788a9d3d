"""What every local HTTP server shares: how it starts, says its address, is told to fail, and stops.

A server is a function that takes :class:`ServeOptions` and returns a :class:`Service`. Faults live in a
middleware in front of it, so that every server fails in the same words:

    POST /_local/faults   {"kind": "status", "match": "POST /Invoices", "times": 2, "status": 503}
    GET /_local/faults    the faults still to come
    DELETE /_local/faults forget them
"""

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

FAULTS_PATH = "/_local/faults"
STOP_WITH_PARENT = "LOCAL_STOP_WITH_PARENT"


@dataclass(frozen=True)
class ServeOptions:
    """How to serve: the port (0 picks a free one), the SQLite file (None: in memory), and a server's own settings."""

    port: int = 0
    state: Path | None = None
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Service:
    """A server ready to listen: its application and what its first line says, given the base address."""

    app: web.Application
    announce: Callable[[str], Mapping[str, object]]


class Fault(BaseModel):
    """One failure to come. ``match`` is a regular expression over "METHOD /path?query" with the address decoded."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["delay", "status", "drop_before", "drop_after", "html"]
    match: str = ""
    times: int = Field(default=1, ge=1)
    skip: int = Field(default=0, ge=0)
    """How many matching requests pass first."""
    seconds: float = Field(default=0.0, ge=0)
    """delay: how long to wait before the work; drop_*: unused."""
    status: int = Field(default=503, ge=400, le=599)
    retry_after: int | None = None
    body: Any = None
    """status: the JSON body to answer with, in the failing system's own shape."""


class Faults:
    """The queue of faults of one server."""

    def __init__(self) -> None:
        self._pending: list[tuple[Fault, int, int]] = []

    def add(self, fault: Fault) -> None:
        """Queue a fault."""
        self._pending.append((fault, fault.skip, fault.times))

    def clear(self) -> None:
        """Forget every fault."""
        self._pending.clear()

    def pending(self) -> list[Fault]:
        """Give the faults that have not yet been used up."""
        return [fault for fault, _, _ in self._pending]

    def take(self, request_line: str) -> Fault | None:
        """Give the fault that strikes this request, if one does, and count it."""
        for index, (fault, skip, times) in enumerate(self._pending):
            if not re.search(fault.match, request_line):
                continue
            if skip:
                self._pending[index] = (fault, skip - 1, times)
                continue
            if times == 1:
                del self._pending[index]
            else:
                self._pending[index] = (fault, 0, times - 1)
            return fault
        return None


FAULTS = web.AppKey("faults", Faults)


def _drop(request: web.Request) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


@web.middleware
async def fault_middleware(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Let the next matching fault strike; pass everything else through."""
    if request.path == FAULTS_PATH:
        return await _faults_endpoint(request)
    fault = request.app[FAULTS].take(f"{request.method} {unquote(request.raw_path)}")
    match fault:
        case Fault(kind="delay"):
            await asyncio.sleep(fault.seconds)
        case Fault(kind="status"):
            headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
            return web.json_response(fault.body or {}, status=fault.status, headers=headers)
        case Fault(kind="html"):
            return web.Response(text="<html><body>Service</body></html>", content_type="text/html")
        case Fault(kind="drop_before"):
            return _drop(request)
        case Fault(kind="drop_after"):
            await handler(request)
            return _drop(request)
    return await handler(request)


async def _faults_endpoint(request: web.Request) -> web.Response:
    faults = request.app[FAULTS]
    match request.method:
        case "GET":
            return web.json_response([fault.model_dump() for fault in faults.pending()])
        case "DELETE":
            faults.clear()
            return web.Response(status=204)
        case "POST":
            try:
                faults.add(Fault.model_validate_json(await request.read()))
            except ValidationError as error:
                return web.json_response({"error": error.errors(include_url=False)}, status=400)
            return web.Response(status=204)
    return web.Response(status=405)


def new_app(*, client_max_size: int = 64 * 1024**2) -> web.Application:
    """Give an application with the faults in front; the server adds its own routes."""
    app = web.Application(middlewares=[fault_middleware], client_max_size=client_max_size)
    app[FAULTS] = Faults()
    return app


def say(line: Mapping[str, object]) -> None:
    """Print a server's first line: one JSON object."""
    sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
    sys.stdout.flush()


async def until_stopped() -> None:
    """Wait for SIGTERM or Ctrl-C; where STOP_WITH_PARENT is set, also for the end of whoever holds our input."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if os.environ.get(STOP_WITH_PARENT):
        # Nobody writes there: it becomes readable when the parent is gone, killed or not.
        loop.add_reader(sys.stdin.fileno(), stop.set)
    await stop.wait()


async def listen(service: Service, port: int = 0) -> tuple[web.AppRunner, str]:
    """Start listening on loopback; give the runner (to clean up) and the base address."""
    # 1C and Dataverse filters name hundreds of ids in one address; the real ones take 32 KB.
    runner = web.AppRunner(service.app, access_log=None, max_line_size=65536, max_field_size=65536)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    name = site.name
    return runner, name.rstrip("/") if port else f"http://127.0.0.1:{runner.addresses[0][1]}"


async def serve_http(service: Service, port: int) -> None:
    """Serve until SIGTERM, having printed the first line."""
    runner, url = await listen(service, port)
    say(service.announce(url))
    try:
        await until_stopped()
    finally:
        await runner.cleanup()
