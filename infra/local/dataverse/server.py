"""The local Dataverse: ``python -m infra.local serve dataverse``.

Web API v9.2 under ``/api/data/v9.2/``, a token endpoint (client credentials) under ``/{tenant}/oauth2/v2.0/token``.
What the real service has and this one doesn't is refused in Dataverse's error shape, never passed over.

First line: ``service``, ``url``, ``token_url``, ``client_id`` and ``client_secret`` (the bridge's application user),
``tenant_id``, ``organization_id``, ``user_id`` (of the application user), ``admin_client_id`` and
``admin_client_secret`` (an administrator, to seed data and to register webhooks).

Settings (``--set``): ``organization_id``, ``organization_name``, ``base_currency`` (EUR), ``client_id``,
``client_secret``, ``admin_client_id``, ``admin_client_secret`` (all of these for a fresh state only),
``token_seconds`` (3600), ``requests`` (6000), ``window_seconds`` (300), ``execution_seconds`` (1200),
``concurrent`` (52), ``latency_seconds`` (0: how long a request takes at least), ``webhook_seconds`` (60),
``webhook_concurrency`` (8).

What tests and demonstrations ask for beside the Web API is in :mod:`infra.local.dataverse.local_endpoints`.
"""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import parse_qsl
from uuid import uuid4

from aiohttp import web

from infra.local.dataverse.api import tag_of
from infra.local.dataverse.errors import DataverseError, not_understood
from infra.local.dataverse.local_endpoints import LocalEndpoints
from infra.local.dataverse.organization import TENANT_ID, Organization
from infra.local.dataverse.requests import ApiAnswer, ApiRequest, new_session, refusal
from infra.local.dataverse.session import User
from infra.local.dataverse.tokens import TokenRefused
from infra.local.serving import ServeOptions, Service, new_app, serve_http

ROOT = "/api/data/v9.2/"
_LONGEST_ADDRESS = 32_768
"""Characters; a batch may carry longer ones."""


class Endpoints:
    """The HTTP side."""

    def __init__(self, organization: Organization) -> None:
        self._organization = organization

    async def token(self, request: web.Request) -> web.Response:
        """The token endpoint."""
        form = dict(parse_qsl((await request.read()).decode(), keep_blank_values=True))
        try:
            return web.json_response(self._organization.tokens.issue(form, _origin(request)))
        except TokenRefused as refused:
            return web.json_response(refused.body, status=refused.status)

    async def api(self, request: web.Request) -> web.Response:
        """Every request below the API's root."""
        organization, origin = self._organization, _origin(request)
        user = organization.tokens.user(request.headers.get("Authorization", ""), origin)
        if user is None:
            challenge = f"Bearer authorization_uri={origin}/{TENANT_ID}/oauth2/authorize, resource_id={origin}/"
            return web.Response(status=401, headers={"WWW-Authenticate": challenge, "REQ_ID": str(uuid4())})
        try:
            with organization.throttle.request(user.ref.id):
                body = await request.read()
                if organization.latency:
                    await asyncio.sleep(organization.latency)
                answer = await self._operation(request, user, f"{origin}{ROOT}", body)
        except DataverseError as error:
            answer = refusal(error)
        return web.Response(
            status=answer.status, body=answer.body.encode(), headers={**answer.headers, "REQ_ID": str(uuid4())}
        )

    async def _operation(self, request: web.Request, user: User, base: str, body: bytes) -> ApiAnswer:
        organization = self._organization
        if len(request.raw_path) > _LONGEST_ADDRESS:
            raise DataverseError(414, "0x80060888", f"The address is longer than {_LONGEST_ADDRESS} characters.")
        path, _, query = request.raw_path.removeprefix(ROOT).partition("?")
        headers = {name.lower(): value for name, value in request.headers.items()}
        organization.count(user.ref.id, f"{request.method} {path.partition('(')[0].partition('/')[0]}")
        if path in {"$batch", "%24batch"}:
            if request.method != "POST":
                raise not_understood("$batch takes POST.")
            return await organization.batches.run(user, base, headers, body)
        session = new_session(user, headers, tag_of(query))
        return organization.api.handle(ApiRequest(request.method, path, query, headers, body, base, session))


def _origin(request: web.Request) -> str:
    return f"{request.scheme}://{request.host}"


def create(options: ServeOptions) -> Service:
    """Give the server; ValueError where a setting is not known."""
    organization = Organization(options)
    endpoints = Endpoints(organization)
    app = new_app(organization.faults, {"expire": lambda _: organization.tokens.revoke()})
    app.router.add_post("/{tenant}/oauth2/v2.0/token", endpoints.token)
    app.router.add_route("*", ROOT + "{path:.*}", endpoints.api)
    app.router.add_route("*", ROOT.rstrip("/"), endpoints.api)
    LocalEndpoints(organization).add_to(app)

    async def run(_: web.Application) -> AsyncIterator[None]:
        await organization.webhooks.start()
        yield
        await organization.webhooks.stop()
        organization.store.close()

    app.cleanup_ctx.append(run)
    return Service(app, organization.announce)


async def serve(options: ServeOptions) -> None:
    """Serve until SIGTERM."""
    await serve_http(create(options), options.port)
