"""What tests and demonstrations ask the server for beside the Web API, without a token.

POST /_local/events/replay   send every event that was ever fired once more; answers ``{"events": n}``
POST /_local/events/idle     answer when nothing is left to deliver
POST /_local/events/hold     hold back what is to come
POST /_local/events/release  send what was held back, the last first
POST /_local/secret          ``{"client_id", "secret"}``: the client's secret from now on
DELETE /_local/tokens        refuse every token that was issued so far
GET, DELETE /_local/stats    requests per user and kind, and webhooks posted; DELETE starts counting anew
POST /_local/clock           ``{"shift_seconds": n}``: set the time ahead, for tokens and delta links
/_local/faults               see :mod:`infra.local.faults`
"""

from typing import Any

from aiohttp import web

from infra.local.dataverse.organization import Organization

_DONE = 204


class LocalEndpoints:
    """The endpoints of one server."""

    def __init__(self, organization: Organization) -> None:
        self._organization = organization

    def add_to(self, app: web.Application) -> None:
        """Add the routes."""
        add = app.router.add_route
        add("POST", "/_local/events/replay", self._replay)
        add("POST", "/_local/events/idle", self._idle)
        add("POST", "/_local/events/hold", self._hold)
        add("POST", "/_local/events/release", self._release)
        add("POST", "/_local/secret", self._secret)
        add("DELETE", "/_local/tokens", self._tokens)
        add("GET", "/_local/stats", self._stats)
        add("DELETE", "/_local/stats", self._forget_stats)
        add("POST", "/_local/clock", self._clock)

    async def _replay(self, _: web.Request) -> web.Response:
        return web.json_response({"events": self._organization.webhooks.replay()})

    async def _idle(self, _: web.Request) -> web.Response:
        await self._organization.webhooks.idle()
        return web.Response(status=_DONE)

    async def _hold(self, _: web.Request) -> web.Response:
        self._organization.webhooks.hold()
        return web.Response(status=_DONE)

    async def _release(self, _: web.Request) -> web.Response:
        self._organization.webhooks.release()
        return web.Response(status=_DONE)

    async def _secret(self, request: web.Request) -> web.Response:
        given = await request.json()
        self._organization.tokens.rotate(given["client_id"], given["secret"])
        return web.Response(status=_DONE)

    async def _tokens(self, _: web.Request) -> web.Response:
        self._organization.tokens.revoke()
        return web.Response(status=_DONE)

    async def _stats(self, _: web.Request) -> web.Response:
        return web.json_response(self._organization.stats())

    async def _forget_stats(self, _: web.Request) -> web.Response:
        self._organization.counts.clear()
        self._organization.webhooks.posted = 0
        return web.Response(status=_DONE)

    async def _clock(self, request: web.Request) -> web.Response:
        self._organization.clock.shift = float((await _numbers(request, {"shift_seconds"}))["shift_seconds"])
        return web.Response(status=_DONE)


async def _numbers(request: web.Request, names: set[str]) -> dict[str, Any]:
    given = await request.json()
    if not isinstance(given, dict) or not set(given) <= names or not given:
        raise web.HTTPBadRequest(text=f"a JSON object with {', '.join(sorted(names))} was expected")
    if not all(isinstance(value, int | float) for value in given.values()):
        raise web.HTTPBadRequest(text="numbers were expected")
    return given
