"""The local Key Vault: ``python -m infra.local serve keyvault``. It gives secrets and refuses what the real one does.

``GET /secrets/{name}[/{version}]?api-version=7.4`` with a token of the managed identity, whose endpoint is served too
(``/msi/token``). First line: ``service``, ``url``, ``identity_endpoint``, ``identity_header``, ``client_id``. Sources:
Key Vault's REST reference and "Azure Key Vault REST API error codes"; error bodies as seen in public.

Settings (``--set``): ``token_seconds`` (86400); any other NAME=VALUE is a secret that is there from the start.

PUT /_local/secrets/{name}   {"value", "enabled"?, "expires"?}: a new version;  DELETE takes the secret away
POST /_local/access          {"granted": false}: the identity has no right to read secrets
POST /_local/tokens          {"resource", "token"}: the identity gets this token for that resource
GET  /_local/stats           how often secrets were read, by name, and tokens asked for
"""

import re
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import web

from infra.local.keyvault.identity import ManagedIdentity
from infra.local.keyvault.store import Held, Store
from infra.local.serving import ServeOptions, Service, new_app, serve_http

RESOURCE = "https://vault.azure.net"
TENANT = "00000000-0000-0000-0000-00000000000c"
CLIENT_ID = "00000000-0000-0000-0000-00000000000d"
API_VERSIONS = frozenset({"7.0", "7.1", "7.2", "7.3", "7.4", "7.5", "7.6"})
_NAME = re.compile(r"[0-9A-Za-z-]{1,127}")


def _error(
    status: int, code: str, message: str, inner: str = "", headers: dict[str, str] | None = None
) -> web.Response:
    error: dict[str, Any] = {"code": code, "message": message}
    if inner:
        error["innererror"] = {"code": inner}
    return web.json_response({"error": error}, status=status, headers=headers)


class Vault:
    """The HTTP side."""

    def __init__(self, store: Store, identity: ManagedIdentity) -> None:
        self._store = store
        self._identity = identity
        self._granted = True
        self.reads: Counter[str] = Counter()

    async def read(self, request: web.Request) -> web.Response:
        """Give a secret."""
        if (refusal := self._refusal(request)) is not None:
            return refusal
        name, version = request.match_info["name"], request.match_info.get("version", "")
        self.reads[name] += 1
        if not _NAME.fullmatch(name):
            return _error(400, "BadParameter", f"The request URI contains an invalid name: {name}")
        held = self._store.get(name, version)
        if held is None:
            return _error(404, "SecretNotFound", f"A secret with (name/id) {name} was not found in this key vault.")
        if not held.enabled:
            message = "Operation get is not allowed on a disabled secret."
            return _error(403, "Forbidden", message, "SecretDisabled")
        # nbf and exp of a secret are information alone: an expired one is given.
        return web.json_response(_body(held, f"{request.scheme}://{request.host}/secrets/{name}/{held.version}"))

    def _refusal(self, request: web.Request) -> web.Response | None:
        challenge = f'Bearer authorization="https://login.microsoftonline.com/{TENANT}", resource="{RESOURCE}"'
        if "Authorization" not in request.headers:
            message = "AKV10000: Request is missing a Bearer or PoP token."
            return _error(401, "Unauthorized", message, headers={"WWW-Authenticate": challenge})
        if self._identity.audience(request.headers) != RESOURCE:
            challenge += ', error="invalid_token", error_description="AKV10022: Invalid audience or token."'
            message = "AKV10022: Invalid audience or token."
            return _error(401, "Unauthorized", message, headers={"WWW-Authenticate": challenge})
        if (version := request.query.get("api-version")) not in API_VERSIONS:
            message = "api-version must be specified"
            if version is not None:
                message = f"The specified version ({version}) is not recognized."
            return _error(400, "BadParameter", message)
        if not self._granted:
            message = "Caller is not authorized to perform action on resource."
            return _error(403, "Forbidden", message, "ForbiddenByRbac")
        return None

    # --- behind the vault's back

    async def put(self, request: web.Request) -> web.Response:
        """Add a version of a secret."""
        body = await request.json()
        self._store.put(
            request.match_info["name"],
            str(body["value"]),
            enabled=bool(body.get("enabled", True)),
            expires=body.get("expires"),
        )
        return web.Response(status=204)

    async def delete(self, request: web.Request) -> web.Response:
        """Take a secret away."""
        self._store.delete(request.match_info["name"])
        return web.Response(status=204)

    async def access(self, request: web.Request) -> web.Response:
        """Give or take the identity's right."""
        self._granted = bool((await request.json())["granted"])
        return web.Response(status=204)

    async def tokens(self, request: web.Request) -> web.Response:
        """Say which token another server takes."""
        body = await request.json()
        self._identity.know(str(body["resource"]), str(body["token"]))
        return web.Response(status=204)

    async def stats(self, _: web.Request) -> web.Response:
        """Say what was asked."""
        return web.json_response({"reads": dict(self.reads), "tokens": self._identity.asked})


def _body(held: Held, identifier: str) -> dict[str, Any]:
    attributes: dict[str, Any] = {
        "enabled": held.enabled,
        "created": held.created,
        "updated": held.created,
        "recoveryLevel": "Recoverable+Purgeable",
        "recoverableDays": 90,
    }
    if held.expires is not None:
        attributes["exp"] = held.expires
    return {"value": held.value, "id": identifier, "attributes": attributes, "tags": {}}


def create(options: ServeOptions) -> Service:
    """Give the server."""
    settings = dict(options.settings)
    identity = ManagedIdentity(CLIENT_ID, int(settings.pop("token_seconds", "86400")))
    store = Store(options.state)
    for name, value in settings.items():
        if not _NAME.fullmatch(name):
            raise SystemExit(f"keyvault: {name} can't be the name of a secret")
        store.put(name, value)
    vault = Vault(store, identity)
    app = new_app()
    app.router.add_get("/secrets/{name}", vault.read)
    app.router.add_get("/secrets/{name}/{version}", vault.read)
    app.router.add_get("/msi/token", identity.token)
    app.router.add_put("/_local/secrets/{name}", vault.put)
    app.router.add_delete("/_local/secrets/{name}", vault.delete)
    app.router.add_post("/_local/access", vault.access)
    app.router.add_post("/_local/tokens", vault.tokens)
    app.router.add_get("/_local/stats", vault.stats)

    async def close(_: web.Application) -> AsyncIterator[None]:
        yield
        store.close()

    app.cleanup_ctx.append(close)
    return Service(
        app,
        lambda url: {
            "service": "keyvault",
            "url": url,
            "identity_endpoint": f"{url}/msi/token",
            "identity_header": identity.header,
            "client_id": CLIENT_ID,
        },
    )


async def serve(options: ServeOptions) -> None:
    """Serve until told to stop."""
    await serve_http(create(options), options.port)
