"""The operations page, as a browser gets it: what was refused, what was set aside, and the button to send it again."""

import re
from decimal import Decimal
from typing import Any
from uuid import uuid4

import httpx
from azure.servicebus import ServiceBusMessage
from azure.servicebus.aio import ServiceBusClient

from infra.demo.company import EUROPEAN
from infra.demo.world import World
from shared.bus import CHANGES
from shared.messages import State
from tests.integration.chain.conftest import STATES, booked, invoice, issue, line, until
from tests.integration.chain.test_lost_events import lose_events
from tests.integration.chain.test_operations import poisoned


async def browse(world: World, method: str = "GET", *, key: str | None = None, **more: Any) -> httpx.Response:
    """Open the page with the key in its address, as a person does."""
    host = world.stack["host"]
    address = f"{host['url']}/api/operations?code={host['function_key'] if key is None else key}"
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        return await client.request(method, address, **more)


async def test_a_refusal_is_shown_with_its_sentence_and_its_links(world: World) -> None:
    wrong = invoice("EU-PAGE", EUROPEAN, line("10.00"), line("-5.00"))
    await issue(world, wrong)
    row = await until(world, wrong)
    assert STATES[row["acx_state"]] is State.REFUSED

    page = await browse(world)

    assert page.status_code == 200
    assert "Invoice EU-PAGE:" in page.text
    host, dataverse = world.stack["host"], world.stack["dataverse"]["url"]
    assert f"{dataverse}/main.aspx?pagetype=entityrecord&amp;etn=invoice&amp;id={wrong.id}" in page.text
    preview = re.search(rf"/api/preview/invoice/{wrong.id}\?code=[^']+", page.text)
    assert preview is not None
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        answer = await client.get(f"{host['url']}{preview[0]}", headers={"Accept": "text/html"})
    assert "It would be refused." in answer.text


async def test_each_system_and_the_settings_are_shown_without_a_secret(world: World) -> None:
    page = await browse(world)
    assert page.text.count("works") == 4, "settings with Dataverse, Service Bus, 1C, SAP Business One"
    for name in ("DATAVERSE_CLIENT_SECRET", "ONEC_PASSWORD", "SAPB1_PASSWORD"):
        assert f"<code>{name}</code>" in page.text
    stack = world.stack
    for secret in (stack["dataverse"]["client_secret"], stack["onec"]["password"], stack["sapb1"]["password"]):
        assert str(secret) not in page.text


async def test_what_was_set_aside_is_sent_again_by_its_button(world: World) -> None:
    connection = world.stack["servicebus"]["connection_string"]
    known = frozenset[int]()
    async with (
        ServiceBusClient.from_connection_string(connection) as client,
        client.get_queue_sender(CHANGES) as sender,
    ):
        await sender.send_messages(ServiceBusMessage("garbage of the page", message_id=str(uuid4())))
    message = (await poisoned(world, known))[-1]
    host = world.stack["host"]["url"]
    form = {"queue": message["queue"], "which": str(message["sequence_number"])}

    elsewhere = await browse(world, "POST", data=form, headers={"Origin": "https://evil.example"})
    nowhere = await browse(world, "POST", data=form)
    sent = await browse(world, "POST", data=form, headers={"Origin": host})
    again = await browse(world, "POST", data=form, headers={"Origin": host})

    assert (elsewhere.status_code, nowhere.status_code) == (403, 403)
    assert "Sent again: 1." in sent.text
    assert "It is not there any more." in again.text
    await poisoned(world, frozenset({message["sequence_number"]}))


async def test_a_refused_document_is_looked_at_again_by_its_button(world: World) -> None:
    wrong = invoice("EU-PAGE-AGAIN", EUROPEAN, line("10.00"), line("-5.00"))
    await issue(world, wrong)
    await until(world, wrong)
    await world.drained()
    await lose_events(world, 1000)
    await world.crm.correct_line(wrong, 2, {"priceperunit": 5.0, "tax": 1.1})
    await world.drained()
    await lose_events(world, 0)
    assert f"<button name='which' value='{wrong.id}'>" in (await browse(world)).text

    form = {"table": "invoice", "which": str(wrong.id)}
    page = await browse(world, "POST", data=form, headers={"Origin": world.stack["host"]["url"]})

    assert "It is looked at again now." in page.text
    await until(world, wrong, {State.POSTED})
    assert booked(world, wrong) == [Decimal("18.30")]


async def test_nobody_without_the_key_sees_it(world: World) -> None:
    assert (await browse(world, key="wrong")).status_code == 401


async def test_a_form_that_is_none_of_ours_is_refused_in_a_sentence(world: World) -> None:
    origin = {"Origin": world.stack["host"]["url"]}
    for body in (
        b"",
        b"\xff",
        b"queue=poison",
        b"queue=nowhere&which=1",
        b"table=account&which=1",
        b"queue=poison&which=x",
        b"x" * 2000,
    ):
        answer = await browse(world, "POST", content=body, headers=origin)
        assert answer.status_code == 400
        assert "Traceback" not in answer.text
