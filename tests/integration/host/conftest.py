"""A broker and a host with the sample app, each started once."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from azure.servicebus import ServiceBusMessage, ServiceBusReceivedMessage, ServiceBusSubQueue
from azure.servicebus.aio import ServiceBusClient, ServiceBusSender

from tests.integration.host.processes import APPS, Record, Server, serving

FUNCTION_KEY, MASTER_KEY = "the-function-key", "the-master-key"


@dataclass(frozen=True)
class Sample:
    """The sample app, running."""

    host: Server
    http: httpx.AsyncClient
    record: Record

    def log(self) -> str:
        """Give all the host has logged."""
        return self.host.log.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
async def broker(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    folder = tmp_path_factory.mktemp("broker")
    config = APPS / "Config.json"
    async with serving("servicebus", "--set", f"config={config}", log=folder / "broker.log") as server:
        yield server


class Bus:
    """A client of the broker that keeps its senders: opening one costs a second."""

    def __init__(self, client: ServiceBusClient) -> None:
        self._client = client
        self._senders: dict[str, ServiceBusSender] = {}

    async def send(self, queue: str, *messages: ServiceBusMessage) -> None:
        """Send messages to a queue as one batch."""
        if queue not in self._senders:
            self._senders[queue] = self._client.get_queue_sender(queue)
        await self._senders[queue].send_messages(list(messages))

    async def dead_letters(self, queue: str, message_id: str) -> list[ServiceBusReceivedMessage]:
        """Wait for a message among the dead letters of a queue; others on the way are thrown away."""
        sub_queue = ServiceBusSubQueue.DEAD_LETTER
        async with self._client.get_queue_receiver(queue, sub_queue=sub_queue, max_wait_time=10) as receiver:
            async for message in receiver:
                await receiver.complete_message(message)
                if message.message_id == message_id:
                    return [message]
        return []


@pytest.fixture(scope="session")
async def bus(broker: Server) -> AsyncIterator[Bus]:
    async with ServiceBusClient.from_connection_string(broker["connection_string"], retry_total=0) as client:
        yield Bus(client)


@pytest.fixture(scope="session")
async def sample(broker: Server, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sample]:
    folder: Path = tmp_path_factory.mktemp("host")
    record = Record(folder / "record.jsonl")
    environment = {
        "RECORD": str(record.file),
        "ServiceBusConnection": broker["connection_string"],
    }
    keys = ("--set", f"function_key={FUNCTION_KEY}", "--set", f"master_key={MASTER_KEY}")
    where = ("--set", f"app={APPS / 'sample'}", "--set", f"settings={APPS / 'sample' / 'settings.json'}")
    async with (
        serving("host", *where, *keys, log=folder / "host.log", environment=environment) as host,
        httpx.AsyncClient(base_url=host["url"]) as http,
    ):
        yield Sample(host, http, record)
