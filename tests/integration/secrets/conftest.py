"""A Key Vault and the endpoint of a managed identity on this machine, and the real azure-identity in between."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from infra.local.faults import Fault
from infra.local.keyvault import server
from infra.local.serving import FAULTS, ServeOptions, Service, listen
from shared import secrets
from shared.http import Http
from shared.identity import Identity
from shared.secrets import Vault


@dataclass
class RunningVault:
    """A running vault and its back door."""

    url: str
    line: dict[str, Any]
    service: Service
    outside: httpx.AsyncClient
    identity: Identity
    client: Vault
    """the bridge's own client of it"""

    async def local(self, method: str, path: str, **body: Any) -> Any:
        """Use the back door."""
        answer = await self.outside.request(method, f"{self.url}/_local/{path}", json=body or None)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    async def put(self, name: str, value: str, **more: Any) -> None:
        """Enter a new version of a secret, as an administrator does."""
        await self.local("PUT", f"secrets/{name}", value=value, **more)

    def fault(self, kind: str, **more: Any) -> None:
        """Let the server fail."""
        self.service.app[FAULTS].add(Fault.model_validate({"kind": kind, **more}))


@pytest.fixture
async def vault(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[RunningVault]:
    """A fresh vault; the process has the environment that App Service gives to an app with a managed identity."""
    service = server.create(ServeOptions())
    runner, url = await listen(service)
    line: dict[str, Any] = dict(service.announce(url))
    monkeypatch.setenv("IDENTITY_ENDPOINT", line["identity_endpoint"])
    monkeypatch.setenv("IDENTITY_HEADER", line["identity_header"])
    async with Identity() as identity, httpx.AsyncClient(trust_env=False) as outside:
        client = Vault(Http(secrets.SYSTEM), url, identity)
        yield RunningVault(url, line, service, outside, identity, client)
        await client.close()
    await runner.cleanup()
