"""Everything running: the four systems, the sample companies in them, and the bridge between."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from azure.servicebus.aio import ServiceBusClient
from pydantic import SecretStr

from infra.dataverse.steps import register
from infra.demo.books import WRITE_IN_CODE, WRITE_IN_ITEM, Books, OnecBooks, Sapb1Books
from infra.demo.company import EUROPEAN, RUSSIAN
from infra.demo.crm import Crm
from infra.local.onec import base as onec
from infra.local.sapb1 import company as sapb1
from infra.local.stack import ROOT, Stack
from infra.sapb1.setup import set_up as set_up_sapb1
from shared.bus import CHANGES, RESULTS, TARGET_QUEUES
from shared.dataverse.client import Credentials, Dataverse
from shared.http import Http

START_DATE = "2026-07-01"
DATES = {"document": "datedelivered", "shipment": "datedelivered", "due": "duedate"}


@dataclass(frozen=True)
class World:
    """The running stack with its sample companies."""

    stack: Stack
    crm: Crm
    books: dict[str, Books]

    async def drained(self) -> None:
        """Wait until every queue has been empty twice in a row: a message between two queues is in neither."""
        connection = self.stack["servicebus"]["connection_string"]
        async with ServiceBusClient.from_connection_string(connection) as client:
            empty = 0
            while empty < 2:
                empty = empty + 1 if await _empty(client) else 0

    async def fire_every_event_again(self) -> int:
        """Let Dataverse send every event that it sent; give their number."""
        import httpx  # noqa: PLC0415

        address = f"{self.stack['dataverse']['url']}/_local/events/replay"
        async with httpx.AsyncClient(timeout=120, trust_env=False) as client:
            answer = (await client.post(address)).raise_for_status()
        return int(answer.json()["events"])


async def _empty(client: ServiceBusClient) -> bool:
    for queue in (CHANGES, *TARGET_QUEUES.values(), RESULTS):
        # Peeking shows locked and scheduled messages too.
        async with client.get_queue_receiver(queue) as receiver:
            if await receiver.peek_messages(1):
                return False
    return True


@asynccontextmanager
async def running(folder: Path, say: Callable[[str], None]) -> AsyncIterator[World]:
    """Start everything in a folder; stop all of it at the end. ``say`` is told each step."""
    async with Stack(folder) as stack:
        say("Starting Service Bus, Dataverse, 1C and SAP Business One")
        await asyncio.gather(*(stack.start(name) for name in ("servicebus", "dataverse", "onec", "sapb1")))
        say("Entering the sample companies")
        dataverse = administrator(stack["dataverse"])
        crm = Crm(dataverse)
        books: dict[str, Books] = {"onec": OnecBooks(stack["onec"]), "sapb1": Sapb1Books(stack["sapb1"])}
        for system in books.values():
            await asyncio.to_thread(system.type_by_hand)
        await set_up_sapb1(
            stack["sapb1"]["url"], stack["sapb1"]["company"], stack["sapb1"]["username"], stack["sapb1"]["password"]
        )
        await crm.set_up()
        say("Starting the bridge")
        settings = folder / "local.settings.json"
        settings.write_text(json.dumps(local_settings(stack), ensure_ascii=False, indent=2))
        host = await stack.start("host", {"app": str(ROOT), "settings": str(settings)})
        await register(dataverse, f"{host['url']}/api/dataverse/events", host["function_key"])
        try:
            yield World(stack, crm, books)
        finally:
            await dataverse.close()


def administrator(first_line: dict[str, Any]) -> Dataverse:
    """Sign in to the local Dataverse as its administrator."""
    credentials = Credentials(
        first_line["token_url"], first_line["admin_client_id"], SecretStr(first_line["admin_client_secret"])
    )
    return Dataverse(Http("Dataverse"), first_line["url"], credentials, UUID(first_line["organization_id"]))


def local_settings(stack: Stack) -> dict[str, Any]:
    """Give the local.settings.json of the bridge for this stack."""
    dataverse, one, b1 = stack["dataverse"], stack["onec"], stack["sapb1"]
    values = {
        "FUNCTIONS_WORKER_RUNTIME": "python",
        "AzureWebJobsStorage": "",
        "ServiceBusConnection": stack["servicebus"]["connection_string"],
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
    return {"IsEncrypted": False, "Values": values}


def routes() -> list[dict[str, Any]]:
    """Give the routes of the sample companies."""
    common = {"way": "2B", "start_date": START_DATE, "dates": DATES}
    return [
        {
            "name": "ru",
            "business_unit": str(RUSSIAN.business_unit),
            "target": "onec",
            "time_zone": "Europe/Moscow",
            **common,
            "onec": {
                "organization": onec.ORGANIZATION,
                "bank_account": onec.BANK_ACCOUNT,
                "goods_kind": onec.ITEM_KIND_GOODS,
                "services_kind": onec.ITEM_KIND_SERVICES,
                "item_group": onec.ITEM_GROUP,
                "write_in_item": str(WRITE_IN_ITEM),
                "country": onec.RUSSIA,
                "warehouse": onec.WAREHOUSE,
            },
        },
        {
            "name": "eu",
            "business_unit": str(EUROPEAN.business_unit),
            "target": "sapb1",
            "time_zone": "Europe/Ljubljana",
            **common,
            "sapb1": {
                "stock": "non_inventory_only",
                "warehouse": sapb1.WAREHOUSE,
                "vat_groups": {"22": "S22", "10": "S10", "0": "S0", "none": "SEX"},
                "write_in_item": WRITE_IN_CODE,
                "items_group": sapb1.ITEM_GROUP,
                "customers_group": sapb1.CUSTOMER_GROUP,
                "series": sapb1.INVOICE_SERIES,
            },
        },
    ]
