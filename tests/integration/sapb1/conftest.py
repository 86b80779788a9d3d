"""A server of its own for each test, in this process."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest

from infra.local.sapb1 import server
from infra.local.serving import ServeOptions, listen
from tests.integration.sapb1.client import TODAY, Client

Start = Callable[..., Awaitable[Client]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Start servers with settings of one's own; give clients that are logged in."""
    async with AsyncExitStack() as stack:

        async def begin(state: Path | None = None, **settings: str) -> Client:
            options = ServeOptions(state=state, settings={"now": f"{TODAY}T10:00:00Z", **settings})
            runner, root = await listen(server.create(options))
            stack.push_async_callback(runner.cleanup)
            client = Client(await stack.enter_async_context(httpx.AsyncClient()), root)
            assert (await client.login()).status == 200
            return client

        yield begin


@pytest.fixture
async def b1(start: Start) -> Client:
    """A fresh company with a client logged in to it."""
    return await start()


@pytest.fixture
async def prepared(start: Start) -> Client:
    """A company with the claim table and the key fields in it."""
    return await prepare(await start())


async def prepare(client: Client) -> Client:
    """Create the claim table and the fields of documents, partners and items."""
    await client.add("UserTablesMD", {"TableName": "ACX_CLAIM", "TableDescription": "Claims"})
    for table, name, size in (
        ("OINV", "ACX_Key", 100),
        ("OINV", "ACX_Version", 20),
        ("OINV", "ACX_Hash", 64),
        ("@ACX_CLAIM", "Source", 100),
    ):
        field = {"TableName": table, "Name": name, "Type": "db_Alpha", "Size": size, "Description": name}
        await client.add("UserFieldsMD", field)
    return client
