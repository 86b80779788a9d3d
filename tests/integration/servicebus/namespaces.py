"""A namespace for one test: the local broker in a thread of its own, or a real one.

With ``SERVICEBUS_CONNECTION_STRING`` set, the tests run against that namespace. It must have the queues of
``Config.json`` beside this file; what is in them is thrown away. Tests that turn the clock skip there.
"""

import asyncio
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from azure.servicebus import (
    NEXT_AVAILABLE_SESSION,
    ServiceBusClient,
    ServiceBusReceiveMode,
    ServiceBusReceiver,
    ServiceBusSender,
    ServiceBusSubQueue,
)
from azure.servicebus.exceptions import OperationTimeoutError

from infra.local.servicebus import server
from infra.local.servicebus.connection import AmqpConnection
from infra.local.serving import ServeOptions

CONFIG = Path(__file__).with_name("Config.json")
REAL = os.environ.get("SERVICEBUS_CONNECTION_STRING")

WAIT = 5.0 if REAL is None else 30.0
"""Seconds to wait for what must come; opening the link is in it."""
NOTHING = 0.4 if REAL is None else 4.0
"""Seconds to wait for what must not come."""


def cuts_connections(test: Callable[..., None]) -> Callable[..., None]:
    """Mark a test that cuts connections: the SDK forgets its socket, unclosed, when the other end breaks."""
    ignored = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
    marked: Callable[..., None] = pytest.mark.usefixtures("collected")(ignored(test))
    return marked


class Client(ServiceBusClient):
    """The SDK's client, which closes what it made. Its own forgets a sender that nobody holds, its socket unclosed."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._made: list[ServiceBusSender | ServiceBusReceiver] = []

    def get_queue_sender(self, queue_name: str, **options: Any) -> ServiceBusSender:
        """Give a sender that lives until the client is closed."""
        sender = super().get_queue_sender(queue_name, **options)
        self._made.append(sender)
        return sender

    def get_queue_receiver(self, queue_name: str, **options: Any) -> ServiceBusReceiver:
        """Give a receiver that lives until the client is closed."""
        receiver = super().get_queue_receiver(queue_name, **options)
        self._made.append(receiver)
        return receiver


class LocalBroker:
    """The broker in a thread, with a clock that a test can turn."""

    def __init__(self, state: Path | None = None, **settings: str) -> None:
        self._offset = 0.0
        self._options = ServeOptions(state=state, settings={"config": str(CONFIG), **settings})
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="servicebus", daemon=True)
        self._thread.start()
        start = server.start(self._options, now=lambda: time.time() + self._offset)
        self.running = asyncio.run_coroutine_threadsafe(start, self.loop).result(10)
        self.connection_string = self.running.connection_string

    def turn_clock(self, seconds: float) -> None:
        """Let time pass in the broker, and wait until it has done what is due."""
        self._offset += seconds
        self.call(self.running.broker.settle_turn)

    def call(self, function: Any) -> Any:
        """Call a function on the broker's own thread; give what it gives."""

        async def run() -> Any:
            return function()

        return asyncio.run_coroutine_threadsafe(run(), self.loop).result(10)

    def cut_connections(self) -> None:
        """Drop every client without a word, and wait until the broker has taken note."""
        connections = list(self.running.connections)
        for connection in connections:
            self.loop.call_soon_threadsafe(connection.abort)
        self.wait_until_gone(connections)

    def wait_until_gone(self, connections: list[AmqpConnection]) -> None:
        """Wait until the broker knows that these clients have gone."""
        for connection in connections:
            asyncio.run_coroutine_threadsafe(connection.lost.wait(), self.loop).result(10)

    def close(self) -> None:
        """Stop the broker and its thread."""
        asyncio.run_coroutine_threadsafe(self.running.close(), self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()


@dataclass
class Namespace:
    """What a test talks to. ``local`` is None for a real namespace."""

    connection_string: str
    local: LocalBroker | None = None
    clients: list[ServiceBusClient] = field(default_factory=list)

    def client(self, **options: Any) -> ServiceBusClient:
        """Give a client of the synchronous SDK; it is closed after the test.

        On loopback the SDK's reads may give up early: it waits out several of them when it opens and closes.
        """
        if self.local is not None:
            options.setdefault("socket_timeout", 0.02)
        client = Client.from_connection_string(self.connection_string, retry_total=0, **options)
        self.clients.append(client)
        return client

    def turn_clock(self, seconds: float) -> None:
        """Let time pass; a real namespace's clock can't be turned."""
        if self.local is None:
            pytest.skip("a real namespace's clock can't be turned")
        self.local.turn_clock(seconds)


@contextmanager
def namespace_for_a_test() -> Iterator[Namespace]:
    """Give a namespace with empty queues."""
    if REAL is not None:
        _empty(REAL)
        namespace = Namespace(REAL)
    else:
        local = LocalBroker()
        namespace = Namespace(local.connection_string, local)
    try:
        yield namespace
    finally:
        for client in namespace.clients:
            client.close()
        if namespace.local is not None:
            namespace.local.close()


def _empty(connection_string: str) -> None:
    """Throw away what a former test left in a real namespace."""
    delete = ServiceBusReceiveMode.RECEIVE_AND_DELETE
    with ServiceBusClient.from_connection_string(connection_string, retry_total=0) as client:
        for name in ("plain", "sessions", "unique"):
            for sub_queue in (None, ServiceBusSubQueue.DEAD_LETTER):
                if name == "sessions" and sub_queue is None:
                    continue
                with client.get_queue_receiver(name, sub_queue=sub_queue, receive_mode=delete) as receiver:
                    while receiver.receive_messages(100, max_wait_time=1):
                        pass
        while True:
            try:
                with client.get_queue_receiver(
                    "sessions", session_id=NEXT_AVAILABLE_SESSION, receive_mode=delete, max_wait_time=2
                ) as receiver:
                    while receiver.receive_messages(100, max_wait_time=1):
                        pass
                    receiver.session.set_state(None)
            except OperationTimeoutError:
                return
