"""Serve Service Bus queues on loopback: ``python -m infra.local serve servicebus``."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from infra.local.servicebus.broker import Broker
from infra.local.servicebus.config import DEFAULT_CONFIG, ConfigError, Limits, load
from infra.local.servicebus.connection import AmqpConnection
from infra.local.servicebus.doorway import Doorway
from infra.local.servicebus.store import Memory, Store
from infra.local.serving import ServeOptions, say, until_stopped

KEY_NAME = "RootManageSharedAccessKey"
DEFAULT_KEY = "local-development-key"
SETTINGS = frozenset({"config", "key", "max_message_bytes"})


def connection_string(port: int, key: str = DEFAULT_KEY) -> str:
    """Give what an SDK is started with. The value of UseDevelopmentEmulator must be a lower-case true."""
    return (
        f"Endpoint=sb://localhost:{port};SharedAccessKeyName={KEY_NAME};SharedAccessKey={key};"
        "UseDevelopmentEmulator=true;"
    )


@dataclass
class Running:
    """A broker that listens."""

    broker: Broker
    server: asyncio.Server
    port: int
    connections: set[AmqpConnection]
    failed: asyncio.Future[None]

    @property
    def connection_string(self) -> str:
        """What an SDK is started with."""
        return connection_string(self.port, self.broker.key)

    async def close(self) -> None:
        """Stop listening, drop the clients, and commit."""
        self.server.close()
        for connection in list(self.connections):
            connection.abort()
            await connection.lost.wait()
        self.broker.stop()


async def start(options: ServeOptions, *, now: Callable[[], float] = time.time) -> Running:
    """Start a broker on the running event loop.

    Settings: ``config`` (a path), ``key`` (the shared access key), ``max_message_bytes``. Another one is refused
    with ConfigError.
    """
    unknown = options.settings.keys() - SETTINGS
    if unknown:
        raise ConfigError(f"servicebus has no setting {sorted(unknown)[0]!r}; it has {', '.join(sorted(SETTINGS))}")
    queues = load(Path(options.settings.get("config", DEFAULT_CONFIG)))
    max_message_bytes = options.settings.get("max_message_bytes", str(Limits.max_message_bytes))
    if not max_message_bytes.isdigit():
        raise ConfigError(f"max_message_bytes is a number of bytes, not {max_message_bytes!r}")
    broker = Broker(
        queues,
        keeper=Memory() if options.state is None else Store(options.state),
        key=options.settings.get("key", DEFAULT_KEY),
        limits=Limits(max_message_bytes=int(max_message_bytes)),
        now=now,
    )
    failed = broker.start()
    loop = asyncio.get_running_loop()
    connections: set[AmqpConnection] = set()
    server = await loop.create_server(
        lambda: Doorway(lambda: AmqpConnection(broker, connections), broker.faults, broker.counts),
        "127.0.0.1",
        options.port,
    )
    return Running(broker, server, server.sockets[0].getsockname()[1], connections, failed)


async def serve(options: ServeOptions) -> None:
    """Serve until SIGTERM, having printed the first line. Ends with an error when the state cannot be written."""
    try:
        running = await start(options)
    except ConfigError as error:
        raise SystemExit(f"servicebus: {error}") from error
    say({"service": "servicebus", "connection_string": running.connection_string})
    stopped = asyncio.ensure_future(until_stopped())
    try:
        await asyncio.wait({stopped, running.failed}, return_when=asyncio.FIRST_COMPLETED)
        if running.failed.done():
            running.failed.result()
    finally:
        stopped.cancel()
        await running.close()
