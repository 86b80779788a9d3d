"""What every local HTTP server shares: how it starts, says its address, is told to fail, and stops.

A server is a function that takes :class:`ServeOptions` and returns a :class:`Service`. Faults
(:mod:`infra.local.faults`) live in a middleware in front of it, so that every server fails in the same words.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from aiohttp import web

from infra.local.faults import FAULTS_PATH, HTTP_KINDS, Fault, Faults, Kind, answer

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


FAULTS = web.AppKey("faults", Faults)
OWN_FAULTS = web.AppKey("own_faults", dict[Kind, Callable[[Fault], None]])


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
        status, body = answer(request.app[FAULTS], request.method, await request.read())
        return web.Response(status=status, body=body, content_type="application/json")
    if request.path.startswith("/_local/"):
        return await handler(request)
    own = request.app[OWN_FAULTS]
    fault = request.app[FAULTS].take(f"{request.method} {unquote(request.raw_path)}", HTTP_KINDS | own.keys())
    if fault is not None and fault.kind in own:
        own[fault.kind](fault)
        return await handler(request)
    return await (handler(request) if fault is None else _struck(fault, request, handler))


async def _struck(
    fault: Fault, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Answer a request as the fault says."""
    match fault.kind:
        case "delay":
            await asyncio.sleep(fault.seconds)
        case "status":
            headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
            return web.json_response(fault.body or {}, status=fault.status, headers=headers)
        case "html":
            return web.Response(text="<html><body>Service</body></html>", content_type="text/html")
        case "drop_before" | "drop_after":
            if fault.kind == "drop_after":
                await handler(request)
            return _drop(request)
    answered = await handler(request)
    return _cut(answered) if fault.kind == "cut" else answered


def _cut(response: web.StreamResponse) -> web.StreamResponse:
    """Cut an answer in the middle; what says how long it is says so of what is left."""
    if isinstance(response, web.Response) and isinstance(response.body, bytes):
        response.body = response.body[: len(response.body) // 2]
    return response


def new_app(
    faults: Faults | None = None,
    own: Mapping[Kind, Callable[[Fault], None]] | None = None,
    *,
    client_max_size: int = 64 * 1024**2,
) -> web.Application:
    """Give an application with the faults in front; the server adds its own routes.

    ``own`` is what further kinds of faults do before a request is handled. ``faults`` is the server's queue, where
    other parts of it ask as well; by default one for what can happen to requests.
    """
    app = web.Application(middlewares=[fault_middleware], client_max_size=client_max_size)
    app[OWN_FAULTS] = dict(own or {})
    app[FAULTS] = faults or Faults(HTTP_KINDS | app[OWN_FAULTS].keys())
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
