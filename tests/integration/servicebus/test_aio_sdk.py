"""The asynchronous SDK, as the Functions host and the product use it."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from azure.servicebus import NEXT_AVAILABLE_SESSION, ServiceBusMessage
from azure.servicebus.aio import ServiceBusClient
from azure.servicebus.exceptions import OperationTimeoutError

from tests.integration.servicebus.namespaces import NOTHING, WAIT, Namespace


@pytest.fixture
async def client(namespace: Namespace) -> AsyncIterator[ServiceBusClient]:
    """A client of the asynchronous SDK."""
    async with ServiceBusClient.from_connection_string(namespace.connection_string, retry_total=0) as client:
        yield client


async def test_messages_go_through(client: ServiceBusClient) -> None:
    async with client.get_queue_sender("plain") as sender, client.get_queue_receiver("plain") as receiver:
        await sender.send_messages([ServiceBusMessage(f"{number}") for number in range(30)])
        received: list[str] = []
        while len(received) < 30:
            for message in await receiver.receive_messages(10, max_wait_time=WAIT):
                received.append(str(message))
                await receiver.complete_message(message)
        assert received == [str(number) for number in range(30)]
        await sender.send_messages(ServiceBusMessage("again"))
        (message,) = await receiver.receive_messages(1, max_wait_time=WAIT)
        await receiver.abandon_message(message)
        (message,) = await receiver.receive_messages(1, max_wait_time=WAIT)
        assert (str(message), message.delivery_count) == ("again", 1)
        await receiver.renew_message_lock(message)
        await receiver.dead_letter_message(message, reason="Unreadable")
    async with client.get_queue_receiver("plain", sub_queue="deadletter") as graves:
        (dead,) = await graves.receive_messages(1, max_wait_time=WAIT)
        assert dead.dead_letter_reason == "Unreadable"


async def test_receivers_with_a_prefetch_share_a_queue(client: ServiceBusClient) -> None:
    async with client.get_queue_sender("plain") as sender:
        await sender.send_messages([ServiceBusMessage(f"{number}") for number in range(200)])

    async def receive() -> list[str]:
        received = []
        async with client.get_queue_receiver("plain", prefetch_count=20) as receiver:
            while messages := await receiver.receive_messages(10, max_wait_time=WAIT / 5):
                for message in messages:
                    await receiver.complete_message(message)
                    received.append(str(message))
        return received

    first, second = await asyncio.gather(receive(), receive())
    assert sorted(map(int, first + second)) == list(range(200))


async def test_lanes_are_worked_on_by_receivers_that_wait(client: ServiceBusClient) -> None:
    received: dict[str, list[str]] = {}

    async def lane() -> None:
        while True:
            receiver = client.get_queue_receiver("sessions", session_id=NEXT_AVAILABLE_SESSION, max_wait_time=WAIT / 5)
            try:
                async with receiver:
                    name = str(receiver.session.session_id)
                    while messages := await receiver.receive_messages(5, max_wait_time=NOTHING):
                        for message in messages:
                            received.setdefault(name, []).append(str(message))
                            await receiver.complete_message(message)
            except OperationTimeoutError:
                return

    async def send() -> None:
        async with client.get_queue_sender("sessions") as sender:
            for number in range(20):
                await sender.send_messages(ServiceBusMessage(f"{number}", session_id=f"lane {number % 4}"))

    await asyncio.gather(lane(), lane(), lane(), send())
    assert received == {f"lane {lane}": [str(number) for number in range(lane, 20, 4)] for lane in range(4)}
