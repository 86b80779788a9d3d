"""Everything running: the four systems, the sample companies in them, and the bridge between."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
from azure.servicebus.aio import ServiceBusClient
from pydantic import SecretStr

from infra.dataverse.steps import register
from infra.demo.books import Books, OnecBooks, Sapb1Books
from infra.demo.company import SampleSale
from infra.demo.crm import Crm
from infra.demo.routes import routes
from infra.demo.setup_error import SetupError
from infra.findings import all_right, line
from infra.local.stack import ROOT, Stack
from infra.sapb1.set_up import set_up as set_up_sapb1
from shared.bus import CHANGES, RESULTS, TARGET_QUEUES, ServiceBus
from shared.dataverse.client import Credentials, Dataverse
from shared.http import Http
from shared.messages import Reference
from shared.retry import reference_envelope
from shared.sapb1.client import ServiceLayer
from shared.sapb1.meaning import SYSTEM

POLL_SECONDS = 0.1
HOST_PORT = 7071
"""The bridge's, where it is free: the one that the Functions host has by default."""


@dataclass(frozen=True)
class World:
    """The running stack with its sample companies."""

    stack: Stack
    dataverse: Dataverse
    """signed in as its administrator"""
    crm: Crm
    books: dict[str, Books]

    async def drained(self) -> None:
        """Wait until every event is delivered and every queue has been empty twice in a row.

        Twice, because a message on its way from one queue to the next may be in neither when they are counted.
        """
        await self._dataverse_local("idle")
        empty = 0
        while empty < 2:
            empty = empty + 1 if await self._waiting() == 0 else 0
            await asyncio.sleep(POLL_SECONDS)

    async def _waiting(self) -> int:
        """Count the messages that are on the queues, locked and scheduled ones too."""
        connection = dict(
            part.split("=", 1) for part in self.stack["servicebus"]["connection_string"].split(";") if part
        )
        address = connection["Endpoint"].replace("sb://", "http://")
        async with httpx.AsyncClient(trust_env=False) as client:
            counts = (await client.get(f"{address}/_local/queues")).raise_for_status().json()
        return sum(counts[queue] for queue in (CHANGES, *TARGET_QUEUES.values(), RESULTS))

    async def fire_every_event_again(self) -> int:
        """Let Dataverse send every event that it ever sent once more; give their number."""
        return int((await self._dataverse_local("replay")).json()["events"])

    async def refer_again(self, sales: Sequence[SampleSale], organization: str = "") -> None:
        """Put a new reference to each document on ``changes``, which no duplicate detection swallows."""
        bus = ServiceBus(ServiceBusClient.from_connection_string(self.stack["servicebus"]["connection_string"]))
        owner = UUID(organization or self.stack["dataverse"]["organization_id"])
        try:
            await bus.send(CHANGES, [reference_envelope(_reference(owner, sale)) for sale in sales])
        finally:
            await bus.close()

    async def _dataverse_local(self, command: str) -> httpx.Response:
        address = f"{self.stack['dataverse']['url']}/_local/events/{command}"
        async with httpx.AsyncClient(timeout=120, trust_env=False) as client:
            return (await client.post(address)).raise_for_status()


def _reference(organization: UUID, sale: SampleSale) -> Reference:
    return Reference(
        organization_id=organization,
        correlation_id=str(uuid4()),
        table=sale.table.name,
        id=sale.id,
        cause="demo",
        occurred_at=datetime.now(UTC),
        message_id=str(uuid4()),
    )


@asynccontextmanager
async def running(
    folder: Path,
    say: Callable[[str], None],
    changes: Mapping[str, str] | None = None,
    servers: Mapping[str, Mapping[str, str]] | None = None,
    *,
    host_port: int = 0,
) -> AsyncIterator[World]:
    """Start everything in a folder; stop all of it at the end.

    ``say`` is told each step. ``changes`` are app settings of the bridge that differ from :func:`local_settings`;
    ``servers`` are the settings of the local servers, by their names; ``host_port`` is the bridge's, 0: any.
    """
    async with systems(folder, say, servers) as world:
        say("Starting the bridge")
        settings = folder / "local.settings.json"
        first_lines = world.stack.first_lines()
        settings.write_text(json.dumps(local_settings(first_lines, changes or {}), ensure_ascii=False, indent=2))
        host = await world.stack.start("host", {"app": str(ROOT), "settings": str(settings)}, host_port)
        key = host["function_keys"]["dataverse_events"]
        await register(world.dataverse, f"{host['url']}/api/dataverse/events", key)
        yield world


@asynccontextmanager
async def systems(
    folder: Path, say: Callable[[str], None], servers: Mapping[str, Mapping[str, str]] | None = None
) -> AsyncIterator[World]:
    """Start everything but the bridge, with the sample companies entered; stop all of it at the end."""
    own = servers or {}
    async with Stack(folder) as stack:
        say("Starting Service Bus, Dataverse, 1C, SAP Business One and Application Insights")
        names = ("servicebus", "dataverse", "onec", "sapb1", "insights")
        await asyncio.gather(*(stack.start(name, own.get(name)) for name in names))
        say("Entering the sample companies")
        dataverse = administrator(stack["dataverse"])
        books: dict[str, Books] = {"onec": OnecBooks(stack["onec"]), "sapb1": Sapb1Books(stack["sapb1"])}
        world = World(stack, dataverse, Crm(dataverse), books)
        try:
            for system in books.values():
                await asyncio.to_thread(system.type_by_hand)
            await _set_up_fence(stack["sapb1"])
            await world.crm.set_up()
            yield world
        finally:
            await dataverse.close()
            for system in books.values():
                system.close()


async def _set_up_fence(first_line: dict[str, Any]) -> None:
    """Put the claim table and the fields into the sample company, as an administrator does before go-live."""
    password = SecretStr(first_line["password"])
    client = ServiceLayer(Http(SYSTEM), first_line["url"], first_line["company"], first_line["username"], password)
    try:
        findings = await set_up_sapb1(client, check=False)
        if not all_right(findings):
            raise SetupError("; ".join(line(finding, "en") for finding in findings))
    finally:
        await client.close()


def administrator(first_line: dict[str, Any]) -> Dataverse:
    """Sign in to the local Dataverse as its administrator."""
    credentials = Credentials(
        first_line["token_url"], first_line["admin_client_id"], SecretStr(first_line["admin_client_secret"])
    )
    return Dataverse(Http("Dataverse"), first_line["url"], credentials, UUID(first_line["organization_id"]))


def local_settings(first_lines: Mapping[str, Mapping[str, Any]], changes: Mapping[str, str]) -> dict[str, Any]:
    """Give the local.settings.json of the bridge, from what each server said first."""
    dataverse, one, b1 = first_lines["dataverse"], first_lines["onec"], first_lines["sapb1"]
    values = {
        "FUNCTIONS_WORKER_RUNTIME": "python",
        "AzureWebJobsStorage": "",
        "ServiceBusConnection": first_lines["servicebus"]["connection_string"],
        "APPLICATIONINSIGHTS_CONNECTION_STRING": first_lines.get("insights", {}).get("connection_string", ""),
        "DATAVERSE_URL": dataverse["url"],
        "DATAVERSE_ORGANIZATION_ID": dataverse["organization_id"],
        "DATAVERSE_TOKEN_URL": dataverse["token_url"],
        "DATAVERSE_CLIENT_ID": dataverse["client_id"],
        "DATAVERSE_CLIENT_SECRET": dataverse["client_secret"],
        "DATAVERSE_USER_ID": dataverse["user_id"],
        "COLUMN_ACCOUNT_TAX_NUMBER": "acx_taxnumber",
        "COLUMN_ACCOUNT_KPP": "acx_kpp",
        "COLUMN_CONTACT_TAX_NUMBER": "acx_taxnumber",
        "COLUMN_LINE_TAX_RATE": "acx_taxrate",
        "COLUMN_UNIT_OKEI": "acx_okei",
        "ONEC_URL": one["url"],
        "ONEC_USERNAME": one["username"],
        "ONEC_PASSWORD": one["password"],
        "SAPB1_URL": b1["url"],
        "SAPB1_COMPANY": b1["company"],
        "SAPB1_USERNAME": b1["username"],
        "SAPB1_PASSWORD": b1["password"],
        "ROUTES": json.dumps(routes(), ensure_ascii=False),
    }
    return {"IsEncrypted": False, "Values": {**values, **changes}}
