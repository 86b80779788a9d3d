"""A container on this machine, and the identity that may write into it."""

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import web
from azure.core.credentials import AccessToken

from shared.files.container import SYSTEM, Container
from shared.http import Http
from shared.identity import Identity
from tests.builders import NOW
from tests.integration.files.storage import Storage
from tests.integration.sweep.conftest import organization
from tests.unit.core.fakes import clock

__all__ = ["organization"]
TOKEN = "token-of-the-app"


class Source:
    """Gives one token, for storage only."""

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        """Give it."""
        assert (scopes, options) == (("https://storage.azure.com/.default",), {})
        return AccessToken(TOKEN, int(time.time()) + 3600)

    def close(self) -> None:
        """Nothing is open."""


@dataclass
class Shelf:
    """The storage, and the bridge's own client of it."""

    storage: Storage
    url: str

    def container(self, name: str = "files") -> Container:
        """Give a client of a container."""
        return Container(Http(SYSTEM), f"{self.url}/{name}", Identity(Source()), clock(NOW))


@pytest.fixture
async def shelf() -> AsyncIterator[Shelf]:
    """Give a storage that listens."""
    storage = Storage(TOKEN)
    runner = web.AppRunner(storage.app())
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    yield Shelf(storage, f"http://{host}:{port}")
    await runner.cleanup()
