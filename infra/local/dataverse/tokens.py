"""The token endpoint of Microsoft Entra ID, for client credentials alone, and the check of what it gave.

A token is opaque to clients and looks like a JWT; it is signed with a key that lives as long as the state does.
"""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

from infra.local.dataverse.clock import Clock
from infra.local.dataverse.session import User


@dataclass(frozen=True)
class Client:
    """An application that may log in, and the user it is in the organization."""

    id: str
    secret: str
    user: User


class TokenRefused(Exception):
    """A refusal of the token endpoint, in its own shape."""

    def __init__(self, status: int, error: str, code: int, description: str) -> None:
        super().__init__(description)
        self.status = status
        self.body = {
            "error": error,
            "error_description": f"AADSTS{code}: {description}",
            "error_codes": [code],
            "correlation_id": str(uuid4()),
        }


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Tokens:
    """Issues and checks tokens."""

    def __init__(self, key: bytes, clients: Mapping[str, Client], clock: Clock, seconds: int) -> None:
        self._key = key
        self._clients = dict(clients)
        self._clock = clock
        self._seconds = seconds
        self._checked: dict[str, tuple[str, float, User]] = {}
        self._issued: set[str] = set()
        self._revoked: set[str] = set()

    def issue(self, form: Mapping[str, str], resource: str) -> dict[str, Any]:
        """Give a token for a form that was posted; ``resource`` is the address whose ``/.default`` may be asked for."""
        if form.get("grant_type") != "client_credentials":
            raise TokenRefused(400, "unsupported_grant_type", 70003, "The app requested an unsupported grant type.")
        client = self._clients.get(form.get("client_id", ""))
        if client is None:
            raise TokenRefused(
                400, "unauthorized_client", 700016, "Application with this identifier was not found in the directory."
            )
        if not secrets.compare_digest(form.get("client_secret", "").encode(), client.secret.encode()):
            raise TokenRefused(401, "invalid_client", 7000215, "Invalid client secret provided.")
        if form.get("scope", "").rstrip("/") not in {f"{resource}/.default", f"{resource}//.default"}:
            raise TokenRefused(
                400,
                "invalid_scope",
                70011,
                f"The provided value for the input parameter 'scope' is not {resource}/.default.",
            )
        return {
            "token_type": "Bearer",
            "expires_in": self._seconds,
            "ext_expires_in": self._seconds,
            "access_token": self._sign(client, resource),
        }

    def _sign(self, client: Client, resource: str) -> str:
        claims = {
            "aud": resource,
            "appid": client.id,
            "exp": self._clock.time() + self._seconds,
            "jti": secrets.token_hex(8),
        }
        head = _encode(b'{"typ":"JWT","alg":"HS256"}')
        payload = f"{head}.{_encode(json.dumps(claims).encode())}"
        token = f"{payload}.{_encode(self._signature(payload))}"
        self._issued.add(token)
        return token

    def rotate(self, client_id: str, secret: str) -> None:
        """Take another secret of a client from now on; tokens that were issued stay valid."""
        self._clients[client_id] = replace(self._clients[client_id], secret=secret)

    def revoke(self) -> None:
        """Refuse every token that was issued so far."""
        self._revoked |= self._issued
        self._issued.clear()
        self._checked.clear()

    def _signature(self, payload: str) -> bytes:
        return hmac.new(self._key, payload.encode(), hashlib.sha256).digest()

    def user(self, header: str, resource: str) -> User | None:
        """Give the user of an Authorization header, or None where its token is not one, expired or for another."""
        known = self._checked.get(header)
        if known is None:
            known = self._check(header)
            if known is None:
                return None
            self._checked[header] = known
        audience, expires, user = known
        if expires <= self._clock.time():
            del self._checked[header]
            return None
        return user if audience == resource else None

    def _check(self, header: str) -> tuple[str, float, User] | None:
        scheme, _, token = header.partition(" ")
        payload, _, signature = token.rpartition(".")
        if scheme.casefold() != "bearer" or not payload or token in self._revoked:
            return None
        if not hmac.compare_digest(signature, _encode(self._signature(payload))):
            return None
        body = payload.partition(".")[2]
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        return claims["aud"], claims["exp"], self._clients[claims["appid"]].user
