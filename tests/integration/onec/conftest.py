"""A fresh local base for every test that asks for one."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from infra.local.onec.server import create
from infra.local.serving import ServeOptions, listen
from tests.integration.onec.kit import Client

Start = Callable[..., Awaitable[Client]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Start a base with these settings (and, if asked, a state file); stopped when the test ends."""
    async with AsyncExitStack() as stack:

        async def begin(state: Path | None = None, **settings: str) -> Client:
            service = create(ServeOptions(state=state, settings=settings))
            runner, root = await listen(service)
            stack.push_async_callback(runner.cleanup)
            line: Any = service.announce(root)
            http = httpx.AsyncClient(
                auth=(line["username"], line["password"]), headers={"Accept": "application/json;odata=nometadata"}
            )
            await stack.enter_async_context(http)
            return Client(http, line["url"], root)

        yield begin


@pytest.fixture
async def onec(start: Start) -> Client:
    """Give a client of a fresh base with the default settings."""
    return await start()
