"""HTTP triggers: from a request to an invocation, and back to a response."""

import logging
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from infra.local.host.host import Host
from infra.local.host.keys import Keys
from infra.local.host.routes import Route, build_routes, find
from infra.local.host.tracing import continue_trace
from infra.local.host.worker import Datum, Outcome

log = logging.getLogger(__name__)

_HOP_BY_HOP = {"content-length", "transfer-encoding", "connection"}


class HttpTriggers:
    """The HTTP functions of an app."""

    def __init__(self, host: Host, keys: Keys) -> None:
        self._host = host
        self._keys = keys
        self._routes = build_routes(host.functions.values(), host.configuration.extensions.http.route_prefix)

    async def handle(self, request: web.Request) -> web.Response:
        """Answer a request: 404 without a route, 401 without the key, 500 (and no word more) on an exception."""
        found = find(self._routes, request.method, request.path.lstrip("/"))
        if found is None:
            return web.Response(status=404)
        route, parameters = found
        if not self._keys.allow(route.trigger.auth_level, request, route.function.name):
            return web.Response(status=401)
        return await self._invoke(request, route, parameters)

    async def _invoke(self, request: web.Request, route: Route, parameters: Mapping[str, str]) -> web.Response:
        text = self._host.datum
        query: dict[str, str] = {}
        for name, value in request.query.items():
            query[name] = f"{query[name]},{value}" if name in query else value
        headers: dict[str, str] = {}
        for name, value in request.headers.items():
            headers[name] = f"{headers[name]},{value}" if name in headers else value
        data = text(
            {
                "method": text(request.method, "string"),
                "url": text(str(request.url), "string"),
                "headers": {name: text(value, "string") for name, value in headers.items()},
                "body": text(await request.read(), "bytes"),
                "params": {name: text(value, "string") for name, value in parameters.items()},
                "query": {name: text(value, "string") for name, value in query.items()},
            },
            "http",
        )
        trace = continue_trace(request.headers.get("traceparent"), request.headers.get("tracestate"))
        outcome = await self._host.run(route.function, data, trace)
        return _response(route, outcome)


def _response(route: Route, outcome: Outcome) -> web.Response:
    if not outcome.succeeded:
        return web.Response(status=500)
    answer = outcome.returned or next((value for _, value in outcome.outputs), None)
    match answer.type if answer is not None else None:
        case "http" if answer is not None:
            return _http_response(answer.value)
        case "string" if answer is not None:
            return web.Response(text=answer.value)
        case None:
            return web.Response(status=204)
    log.error("The function returned what HTTP cannot carry.", extra={"function": route.function.name})
    return web.Response(status=500)


def _http_response(value: Mapping[str, Any]) -> web.Response:
    headers: Mapping[str, Datum] = value["headers"]
    if unfit := [name for name, datum in headers.items() if not (datum.value.isascii() and datum.value.isprintable())]:
        # Kestrel, which the real host answers by, throws.
        log.error("Invalid non-ASCII or control character in header: %s", ", ".join(unfit))
        return web.Response(status=500)
    response = web.Response(
        status=int(value["status_code"].value),
        body=value["body"].value,
        headers={name: datum.value for name, datum in headers.items() if name.lower() not in _HOP_BY_HOP},
    )
    for cookie in value.get("cookies") or ():
        for morsel in cookie.values():
            response.headers.add("Set-Cookie", morsel.OutputString())
    return response
