"""The endpoint of a managed identity, as App Service gives it to an app: IDENTITY_ENDPOINT and IDENTITY_HEADER.

Source: "How to use managed identities for App Service and Azure Functions", REST endpoint reference, 2019-08-01.
"""

import hmac
import secrets
import time
from collections.abc import Mapping

from aiohttp import web

API_VERSION = "2019-08-01"


class ManagedIdentity:
    """Gives tokens for resources to whoever sends the secret header, and knows them again."""

    def __init__(self, client_id: str, seconds: int) -> None:
        """``client_id`` of the one identity that is assigned; ``seconds``: how long its tokens live."""
        self.header = secrets.token_hex(16)
        self.client_id = client_id
        self._seconds = seconds
        self._issued: dict[str, tuple[str, float]] = {}
        self._given: dict[str, str] = {}
        self.asked = 0

    def know(self, resource: str, token: str) -> None:
        """Give this token for a resource that another local server guards."""
        self._given[resource] = token

    async def token(self, request: web.Request) -> web.Response:
        """Answer the token request."""
        self.asked += 1
        if not hmac.compare_digest(request.headers.get("X-IDENTITY-HEADER", ""), self.header):
            return _refused(401, "the header X-IDENTITY-HEADER is missing or wrong")
        query = request.query
        if query.get("api-version") != API_VERSION:
            return _refused(400, f"api-version must be {API_VERSION}")
        resource = query.get("resource", "")
        if not resource:
            return _refused(400, "resource is missing")
        if query.get("client_id", self.client_id) != self.client_id:
            return _refused(400, "No User Assigned or Delegated Managed Identity found for specified ClientId")
        expires = time.time() + self._seconds
        token = self._given.get(resource) or secrets.token_urlsafe(40)
        self._issued[token] = (resource, expires)
        return web.json_response(
            {
                "access_token": token,
                "client_id": self.client_id,
                "expires_on": str(int(expires)),
                "not_before": str(int(time.time())),
                "resource": resource,
                "token_type": "Bearer",
            }
        )

    def audience(self, headers: Mapping[str, str]) -> str | None:
        """Give the resource that a request's token was issued for; None where it has none that is valid."""
        scheme, _, token = headers.get("Authorization", "").partition(" ")
        resource, expires = self._issued.get(token, ("", 0.0))
        return resource if scheme.casefold() == "bearer" and expires > time.time() else None


def _refused(status: int, text: str) -> web.Response:
    return web.json_response(
        {"statusCode": status, "message": text, "correlationId": secrets.token_hex(8)}, status=status
    )
