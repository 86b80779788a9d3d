"""Dataverse's own Service Bus endpoint: what it writes to ``changes`` is what the export step reads."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from azure.servicebus import ServiceBusReceivedMessage
from azure.servicebus.aio import ServiceBusClient

from infra.dataverse.endpoint import Queue
from infra.dataverse.set_up import Plan, set_up
from infra.findings import Outcome
from infra.local.dataverse.queues import CLAIMS, SIZE_EXCEEDED
from shared.bus import CHANGES
from shared.dataverse.events import from_queue
from tests.integration.dataverse.conftest import Client
from tests.integration.host.processes import serving
from tests.integration.setup.conftest import WEBHOOK, Bare, faults_of, no_pause


@pytest.fixture
async def connection(tmp_path: Path) -> AsyncIterator[str]:
    """A broker with the app's queues."""
    async with serving("servicebus", log=tmp_path / "broker.log") as broker:
        yield broker["connection_string"]


async def registered(bare: Bare, connection: str) -> Client:
    """Let Dataverse write to the broker by itself; give an administrator's client."""
    plan = Plan(bare.client_id, (WEBHOOK, Queue(connection)), "servicebus")
    assert faults_of(await set_up(bare.workshop, plan, check=False, pause=no_pause)) == {}
    bare.workshop.writes = 0
    again = await set_up(bare.workshop, Plan(bare.client_id, (WEBHOOK, Queue(connection))), check=False, pause=no_pause)
    assert {each.outcome for each in again} == {Outcome.RIGHT}
    assert bare.workshop.writes == 0, "it stays as it is registered, and a second run writes nothing"
    return await bare.organization.client("admin_")


async def arrived(connection: str, number: int) -> list[ServiceBusReceivedMessage]:
    """Take messages from ``changes``."""
    found: list[ServiceBusReceivedMessage] = []
    async with (
        ServiceBusClient.from_connection_string(connection, retry_total=0) as client,
        client.get_queue_receiver(CHANGES) as receiver,
    ):
        while len(found) < number:
            batch = await receiver.receive_messages(max_message_count=10, max_wait_time=10)
            assert batch, f"{len(found)} of {number} messages came"
            for message in batch:
                await receiver.complete_message(message)
            found += batch
    return found


def properties(message: ServiceBusReceivedMessage) -> dict[str, Any]:
    given = message.application_properties or {}
    return {(name.decode() if isinstance(name, bytes) else name): value for name, value in given.items()}


async def test_an_event_comes_without_an_http_hop(bare: Bare, connection: str) -> None:
    admin = await registered(bare, connection)
    account = await admin.create("accounts", {"name": "Ромашка"})
    await admin.patch(f"accounts({account})", {"name": "Ромашка и Ко"})
    (message,) = await arrived(connection, 1)
    event = from_queue(b"".join(message.body))
    assert event is not None
    assert (event.table, event.id, event.message) == ("account", UUID(account), "Update")
    assert str(event.organization_id) == bare.organization.line["organization_id"]
    told = properties(message)
    assert told[f"{CLAIMS}EntityLogicalName"] == b"account"
    assert told[f"{CLAIMS}RequestName"] == b"Update"
    assert SIZE_EXCEEDED not in told
    assert (message.session_id, message.content_type) == (None, "application/json")


async def test_a_large_event_says_that_it_lost_its_parts_and_is_read_all_the_same(bare: Bare, connection: str) -> None:
    admin = await registered(bare, connection)
    steps = await admin.get(
        "sdkmessageprocessingsteps?$select=name&$filter=startswith(name,'Accounting bridge: Update of acc')"
    )
    image = {"name": "all", "entityalias": "all", "imagetype": 2, "messagepropertyname": "Target"}
    for step in steps["value"]:
        bind = {
            "sdkmessageprocessingstepid@odata.bind": f"/sdkmessageprocessingsteps({step['sdkmessageprocessingstepid']})"
        }
        await admin.create("sdkmessageprocessingstepimages", image | bind)
    long = {f"address{number}_line{line}": "я" * 250 for number in (1, 2) for line in (1, 2, 3)}
    account = await admin.create("accounts", {"name": "large", "description": "я" * 2000, **long})
    row = {"acx_name": "row", "acx_key": f"onec:account:{account}", "acx_lines": "x" * 200_000}
    journal = await admin.create("acx_accountingexports", row | {"acx_accountid@odata.bind": f"/accounts({account})"})
    await admin.patch(f"acx_accountingexports({journal})", {"acx_retry": True, "acx_lines": "y" * 200_000})
    (message,) = await arrived(connection, 1)
    event = from_queue(b"".join(message.body))
    assert event is not None
    assert (event.table, event.id) == ("acx_accountingexport", UUID(journal))
    assert properties(message)[SIZE_EXCEEDED] == b"true"


async def test_the_webhook_gives_way_to_the_queue_and_back(bare: Bare, connection: str) -> None:
    assert faults_of(await bare.set_up()) == {}
    admin = await registered(bare, connection)
    endpoints = await admin.get("serviceendpoints?$select=name,contract,issaskeyset")
    assert [(each["contract"], each["issaskeyset"]) for each in endpoints["value"]] == [(2, True)]
    assert faults_of(await bare.set_up(via="webhook")) == {}
    endpoints = await admin.get("serviceendpoints?$select=name,contract")
    assert [each["contract"] for each in endpoints["value"]] == [8]
    steps = await admin.get("sdkmessageprocessingsteps?$select=name,_eventhandler_value")
    assert {each["_eventhandler_value"] for each in steps["value"]} == {endpoints["value"][0]["serviceendpointid"]}
