"""A server on a real socket that says what came to it, and nothing it wasn't told."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field

import pytest

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"


@dataclass
class Listener:
    """A running server."""

    url: str
    requests: list[bytes] = field(default_factory=list)


Serve = Callable[..., AbstractAsyncContextManager[Listener]]


@pytest.fixture
def serve() -> Serve:
    """Give what starts a server: its TLS context (None: plain), the answer to every request, and whether it stays."""

    @asynccontextmanager
    async def start(
        context: ssl.SSLContext | None = None, answer: bytes = OK, *, stays: bool = False
    ) -> AsyncIterator[Listener]:
        ended = asyncio.Event()

        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                listener.requests.append(await reader.readuntil(b"\r\n\r\n"))
                writer.write(answer)
                await writer.drain()
                if stays:
                    await ended.wait()
            except (OSError, asyncio.IncompleteReadError):
                return  # the client went away, which is what a test of a refusal looks for
            finally:
                writer.close()

        server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=context)
        port = server.sockets[0].getsockname()[1]
        listener = Listener(f"{'https' if context else 'http'}://localhost:{port}/")
        yield listener
        ended.set()
        server.close()
        await server.wait_closed()

    return start
