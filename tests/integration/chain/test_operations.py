"""What nobody can read is set aside, listed, and goes through once it can be read; over HTTP, as an administrator."""

import asyncio
import time
from typing import Any
from uuid import uuid4

import httpx
import pytest
from azure.servicebus import ServiceBusMessage
from azure.servicebus.aio import ServiceBusClient

from infra.demo.company import EUROPEAN
from infra.demo.world import World
from shared.bus import CHANGES
from tests.integration.chain.conftest import PATIENCE, booked, invoice, issue, line, until

GARBAGE = "Ivan Petrov"


async def call(world: World, method: str, path: str, *, key: bool = True, **more: Any) -> httpx.Response:
    """Call an operation as an administrator does."""
    host = world.stack["host"]
    headers = {"x-functions-key": host["function_key"]} if key else {}
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        return await client.request(method, f"{host['url']}/api/operations/{path}", headers=headers, **more)


async def poisoned(world: World, but: frozenset[int] = frozenset()) -> list[dict[str, Any]]:
    """Wait until poison is listed, other than what is known; give it."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        answer = await call(world, "GET", "messages?queue=poison")
        assert answer.status_code == 200, answer.text
        assert GARBAGE not in answer.text
        found = [one for one in answer.json()["messages"] if one["sequence_number"] not in but]
        if found:
            return found
        await asyncio.sleep(0.1)
    raise AssertionError("no poison is listed")


async def test_garbage_is_set_aside_listed_and_sent_again(world: World) -> None:
    connection = world.stack["servicebus"]["connection_string"]
    async with (
        ServiceBusClient.from_connection_string(connection) as client,
        client.get_queue_sender(CHANGES) as sender,
    ):
        await sender.send_messages(ServiceBusMessage(GARBAGE, message_id=str(uuid4())))
    (first,) = await poisoned(world)
    assert (first["origin"], first["kind"]) == ("changes", "poison")
    assert first["reason"].startswith("Reference: ")

    document = invoice("EU-BESIDE", EUROPEAN, line("10.00"))
    await issue(world, document)
    await until(world, document)
    assert booked(world, document) == [document.total], "others flow on"

    one = {"queue": "poison", "sequence_number": first["sequence_number"]}
    answer = await call(world, "POST", "resend", json=one)
    assert (answer.status_code, answer.json()) == (200, {"sent": 1, "more": False})

    (second,) = await poisoned(world, frozenset({first["sequence_number"]}))
    assert second["message_id"] != first["message_id"]
    assert (await call(world, "POST", "resend", json=one)).status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "messages?queue=others", None, 400),
        ("GET", "messages?from=x", None, 400),
        ("POST", "resend", {"queue": "others", "all": True}, 400),
        ("POST", "resend", {"queue": "changes"}, 400),
        ("POST", "resend", {"queue": "changes", "sequence_number": 123456789}, 404),
        ("POST", "resend", {"queue": "sapb1", "all": True}, 200),
    ],
)
async def test_what_is_answered(world: World, method: str, path: str, body: Any, status: int) -> None:
    answer = await call(world, method, path, json=body)
    assert answer.status_code == status, answer.text


@pytest.mark.parametrize(("method", "path"), [("GET", "messages"), ("POST", "resend")])
async def test_without_a_key_it_is_401(world: World, method: str, path: str) -> None:
    assert (await call(world, method, path, key=False)).status_code == 401
