"""Secrets of systems at run time: the one that a setting holds, or the one that Key Vault holds now.

A secret in the vault is read when it is needed and kept for a quarter of an hour. When a system refuses it, it is read
once more, and where the vault holds another one meanwhile, that is tried: a rotation needs no restart.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from pydantic import SecretStr

from shared.errors import Misconfigured, Unavailable
from shared.http import MAX_SIGN_IN, Http
from shared.identity import Identity
from shared.setting_values import resource_of
from shared.telemetry import observe, say

SYSTEM = "Key Vault"
API_VERSION = "7.4"
KEPT_SECONDS = 900.0
REREAD_SECONDS = 5.0
"""A backlog whose every document is refused must not ask the vault for each of them."""
WARN_DAYS = 30

Answered = TypeVar("Answered")


class Vault:
    """One Key Vault, read by the app's identity."""

    def __init__(self, http: Http, url: str, identity: Identity) -> None:
        """``url`` is a vault's address, as the settings check it: our token goes there."""
        self._http = http
        self._url = url
        self._identity = identity

    async def read(self, name: str, setting: str) -> str:
        """Read the newest version of a secret. Misconfigured and Unavailable name the setting, never the secret."""
        token = await self._identity.token_for(resource_of(self._url))
        answer = await self._http.send(
            "GET",
            f"{self._url}/secrets/{name}?api-version={API_VERSION}",
            headers={"Authorization": f"Bearer {token.token}", "Accept": "application/json"},
            writes=False,
            limit=MAX_SIGN_IN,
        )
        if answer.status == 404:
            raise Misconfigured(f"{setting}: the vault at KEY_VAULT_URL has no secret of that name")
        if answer.status in {401, 403}:
            raise Misconfigured(
                f"{setting}: the vault refused to give it ({answer.status}); the app's identity needs the role"
                " Key Vault Secrets User, the secret must be enabled, and the vault's firewall must let the app in"
            )
        if answer.status != 200:
            raise Unavailable(SYSTEM, f"answered {answer.status}")
        try:
            body = answer.json()
            value, expires = body["value"], body.get("attributes", {}).get("exp")
        except (ValueError, KeyError, TypeError, AttributeError):
            raise Unavailable(SYSTEM, "an answer that is not a secret") from None
        if not isinstance(value, str) or not value:
            raise Misconfigured(f"{setting}: the vault's secret is empty")
        if isinstance(expires, int):
            _warn(setting, expires)
        return value

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()


def _warn(setting: str, expires: int) -> None:
    day = datetime.fromtimestamp(expires, UTC)
    observe("credential_days_left", (day - datetime.now(UTC)).days, setting=setting)
    if day - datetime.now(UTC) < timedelta(days=WARN_DAYS):
        say(logging.WARNING, "secret expires", {"setting": setting, "on": day.date().isoformat()})


@dataclass(frozen=True)
class _Read:
    value: str
    at: float


class VaultSecret:
    """One secret in the vault, shared by all who need it in this process."""

    def __init__(self, vault: Vault, name: str, setting: str, clock: Callable[[], float] = time.monotonic) -> None:
        """``setting`` is what errors name; ``clock`` gives seconds and never goes back."""
        self._vault = vault
        self._name = name
        self._setting = setting
        self._clock = clock
        self._held: _Read | None = None
        self._read_again_at = clock() - REREAD_SECONDS
        self._reading = asyncio.Lock()

    async def read(self) -> str:
        """Give the secret as the vault held it at most KEPT_SECONDS ago, or while the vault is away, the last one."""
        async with self._reading:
            held = self._held
            if held is not None and self._clock() - held.at < KEPT_SECONDS:
                return held.value
            try:
                return await self._fetch()
            except Unavailable:
                if held is None:
                    raise
                say(logging.WARNING, "vault away", {"setting": self._setting})
                return held.value

    async def read_again(self, refused: str) -> str | None:
        """After a system refused a value: give another one that the vault holds now; None where it holds no other."""
        async with self._reading:
            if self._held is not None and self._held.value != refused:
                return self._held.value  # somebody else has read it again meanwhile
            if self._clock() - self._read_again_at < REREAD_SECONDS:
                return None
            self._read_again_at = self._clock()
            value = await self._fetch()
            return None if value == refused else value

    async def _fetch(self) -> str:
        value = await self._vault.read(self._name, self._setting)
        self._held = _Read(value, self._clock())
        return value


Secret = SecretStr | VaultSecret
"""What a client keeps: the secret itself, or where it is read."""


async def offer(
    secret: Secret, attempt: Callable[[str], Awaitable[Answered]], refused: Callable[[Answered], bool]
) -> Answered:
    """Make an attempt with a secret; where it was refused and the vault holds another one now, once more with that."""
    if isinstance(secret, SecretStr):
        return await attempt(secret.get_secret_value())
    value = await secret.read()
    answer = await attempt(value)
    if refused(answer) and (newer := await secret.read_again(value)) is not None:
        answer = await attempt(newer)
    return answer
