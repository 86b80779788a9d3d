"""A broker and a host with the sample app, each started once."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from azure.servicebus.aio import ServiceBusClient

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


@pytest.fixture(scope="session")
async def bus(broker: Server) -> AsyncIterator[ServiceBusClient]:
    async with ServiceBusClient.from_connection_string(broker["connection_string"], retry_total=0) as client:
        yield client


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
