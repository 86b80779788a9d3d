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

For tests, without a token:
    POST /_local/events/replay   send every event that was ever fired once more; answers ``{"events": n}``
    POST /_local/events/idle     answer when nothing is left to deliver
    GET, DELETE /_local/stats    requests per user and kind, and webhooks posted; DELETE starts counting anew
    POST /_local/clock           ``{"shift_seconds": n}``: set the time ahead, for tokens and delta links
    /_local/faults               see :mod:`infra.local.serving`
"""

import asyncio
import json
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID, uuid4

from aiohttp import web

from infra.local.dataverse.api import Api, tag_of
from infra.local.dataverse.batch import BatchRunner
from infra.local.dataverse.clock import Clock
from infra.local.dataverse.errors import DataverseError, not_understood
from infra.local.dataverse.model import load_schema
from infra.local.dataverse.requests import ApiAnswer, ApiRequest, new_session, refusal
from infra.local.dataverse.rules import Rules
from infra.local.dataverse.seed import Seeder
from infra.local.dataverse.session import User
from infra.local.dataverse.store import Ref, Row, Store
from infra.local.dataverse.throttle import Limits, Throttle
from infra.local.dataverse.tokens import Client, TokenRefused, Tokens
from infra.local.dataverse.webhooks import Webhooks
from infra.local.dataverse.writing import RowEditor
from infra.local.serving import ServeOptions, Service, new_app, serve_http

ROOT = "/api/data/v9.2/"
TENANT_ID = "b4a5f3de-6c1c-4a53-9d0e-3c4f6c2a1e77"
_ORGANIZATION_NAME = "bridge"
_IDENTITY = ("client_id", "client_secret", "admin_client_id", "admin_client_secret")
_FRESH = {"organization_id", "organization_name", "base_currency", *_IDENTITY}
_NUMBERS: Mapping[str, float] = {
    "token_seconds": 3600,
    "requests": 6000,
    "window_seconds": 300,
    "execution_seconds": 1200,
    "concurrent": 52,
    "latency_seconds": 0,
    "webhook_seconds": 60,
    "webhook_concurrency": 8,
}


@dataclass(frozen=True)
class Settings:
    """The server's own settings."""

    texts: Mapping[str, str]
    numbers: Mapping[str, float]

    @classmethod
    def read(cls, given: Mapping[str, str]) -> "Settings":
        """Read ``--set`` pairs; ValueError for a name that is not known or a value that is not one."""
        unknown = set(given) - _FRESH - set(_NUMBERS)
        if unknown:
            raise ValueError(f"unknown settings of dataverse: {', '.join(sorted(unknown))}")
        if "organization_id" in given:
            UUID(given["organization_id"])
        numbers = {name: float(given.get(name, default)) for name, default in _NUMBERS.items()}
        return cls({name: value for name, value in given.items() if name in _FRESH}, numbers)


class Organization:
    """One organization with everything that serves it."""

    def __init__(self, options: ServeOptions) -> None:
        settings = Settings.read(options.settings)
        numbers = settings.numbers
        self.clock = Clock()
        self.store = Store(load_schema(), options.state)
        rules = Rules(self.store)
        self.identity = self._identity(settings, rules)
        self.users = self._users()
        clients = {
            self.identity["client_id"]: Client(
                self.identity["client_id"], self.identity["client_secret"], self.users["app"]
            ),
            self.identity["admin_client_id"]: Client(
                self.identity["admin_client_id"], self.identity["admin_client_secret"], self.users["admin"]
            ),
        }
        key = bytes.fromhex(self.identity["token_key"])
        self.tokens = Tokens(key, clients, self.clock, int(numbers["token_seconds"]))
        name = next(iter(self.store.tables["organization"].values()))["name"]
        self.webhooks = Webhooks(
            self.store, self.clock, name, numbers["webhook_seconds"], int(numbers["webhook_concurrency"])
        )
        editor = RowEditor(self.store, self.clock, rules, self.webhooks.stage)
        self.api = Api(self.store, self.clock, editor, self.webhooks.enqueue)
        self.counts: Counter[tuple[str, str]] = Counter()
        self.batches = BatchRunner(self.api, self.count)
        limits = Limits(
            int(numbers["requests"]),
            numbers["execution_seconds"],
            int(numbers["concurrent"]),
            numbers["window_seconds"],
        )
        self.throttle = Throttle(limits)
        self.latency = numbers["latency_seconds"]

    def _identity(self, settings: Settings, rules: Rules) -> dict[str, str]:
        """Give ids and secrets: those of the state, or new ones with a freshly filled organization."""
        kept = self.store.meta("identity")
        if kept is not None:
            return dict(json.loads(kept))
        made = {
            "client_id": str(uuid4()),
            "client_secret": secrets.token_urlsafe(24),
            "admin_client_id": str(uuid4()),
            "admin_client_secret": secrets.token_urlsafe(24),
            "organization_id": str(uuid4()),
            "token_key": secrets.token_hex(32),
        }
        made |= {name: settings.texts[name] for name in made if name in settings.texts}
        with self.store.transaction():
            Seeder(self.store, self.clock, rules).fill(
                made["organization_id"].lower(),
                settings.texts.get("organization_name", _ORGANIZATION_NAME),
                settings.texts.get("base_currency", "EUR"),
                {"app": made["client_id"], "admin": made["admin_client_id"]},
            )
            self.store.set_meta("identity", json.dumps(made))
        return made

    def _users(self) -> dict[str, User]:
        by_application: dict[str, Row] = {
            row["applicationid"]: row for row in self.store.tables["systemuser"].values() if row.get("applicationid")
        }
        users = {}
        for kind, name in (("app", "client_id"), ("admin", "admin_client_id")):
            row = by_application[self.identity[name]]
            users[kind] = User(
                Ref("systemuser", row["systemuserid"]), row["azureactivedirectoryobjectid"], kind == "admin"
            )
        return users

    def count(self, user: str, kind: str) -> None:
        """Count an operation."""
        self.counts[user, kind] += 1

    def stats(self) -> dict[str, Any]:
        """Give what was counted."""
        names = {user.ref.id: kind for kind, user in self.users.items()}
        by_user: dict[str, dict[str, int]] = {}
        for (user, kind), number in sorted(self.counts.items()):
            by_user.setdefault(names.get(user, user), {})[kind] = number
        return {"requests": by_user, "webhooks_posted": self.webhooks.posted}

    def announce(self, url: str) -> dict[str, object]:
        """Give the first line."""
        identity = self.identity
        return {
            "service": "dataverse",
            "url": url,
            "token_url": f"{url}/{TENANT_ID}/oauth2/v2.0/token",
            "client_id": identity["client_id"],
            "client_secret": identity["client_secret"],
            "tenant_id": TENANT_ID,
            "organization_id": next(iter(self.store.tables["organization"])),
            "user_id": self.users["app"].ref.id,
            "admin_client_id": identity["admin_client_id"],
            "admin_client_secret": identity["admin_client_secret"],
        }


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
            status=answer.status,
            body=answer.body.encode(),
            headers={**answer.headers, "REQ_ID": str(uuid4())},
        )

    async def _operation(self, request: web.Request, user: User, base: str, body: bytes) -> ApiAnswer:
        organization = self._organization
        path, _, query = request.raw_path.removeprefix(ROOT).partition("?")
        headers = {name.lower(): value for name, value in request.headers.items()}
        organization.count(user.ref.id, f"{request.method} {path.partition('(')[0].partition('/')[0]}")
        if path in {"$batch", "%24batch"}:
            if request.method != "POST":
                raise not_understood("$batch takes POST.")
            return await organization.batches.run(user, base, headers, body)
        session = new_session(user, headers, tag_of(query))
        return organization.api.handle(ApiRequest(request.method, path, query, headers, body, base, session))

    async def replay(self, _: web.Request) -> web.Response:
        """Send every event once more."""
        return web.json_response({"events": self._organization.webhooks.replay()})

    async def idle(self, _: web.Request) -> web.Response:
        """Answer when nothing is left to deliver."""
        await self._organization.webhooks.idle()
        return web.Response(status=204)

    async def stats(self, request: web.Request) -> web.Response:
        """Give or forget the counts."""
        if request.method == "DELETE":
            self._organization.counts.clear()
            self._organization.webhooks.posted = 0
            return web.Response(status=204)
        return web.json_response(self._organization.stats())

    async def shift_clock(self, request: web.Request) -> web.Response:
        """Set the time ahead."""
        self._organization.clock.shift = float((await request.json())["shift_seconds"])
        return web.Response(status=204)


def _origin(request: web.Request) -> str:
    return f"{request.scheme}://{request.host}"


def create(options: ServeOptions) -> Service:
    """Give the server; ValueError where a setting is not known."""
    organization = Organization(options)
    endpoints = Endpoints(organization)
    app = new_app()
    app.router.add_post("/{tenant}/oauth2/v2.0/token", endpoints.token)
    app.router.add_route("*", ROOT + "{path:.*}", endpoints.api)
    app.router.add_route("*", ROOT.rstrip("/"), endpoints.api)
    app.router.add_post("/_local/events/replay", endpoints.replay)
    app.router.add_post("/_local/events/idle", endpoints.idle)
    app.router.add_get("/_local/stats", endpoints.stats)
    app.router.add_delete("/_local/stats", endpoints.stats)
    app.router.add_post("/_local/clock", endpoints.shift_clock)

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
