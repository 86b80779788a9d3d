"""What was set aside on a real broker: listed without its content, sent again without a loss."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from azure.servicebus import NEXT_AVAILABLE_SESSION, ServiceBusReceivedMessage
from azure.servicebus.aio import ServiceBusClient

from infra.local.servicebus.config import DEFAULT_CONFIG
from shared.bus import CHANGES, POISON, RESULTS, Envelope, ServiceBus
from shared.errors import Unavailable
from shared.intake import Incoming, to_poison
from shared.messages import Reference, Result, State
from shared.operations import PAGE, Operations, Resend
from shared.retry import reference_envelope, result_envelope
from tests.builders import INVOICE, document, reference, result
from tests.integration.servicebus.namespaces import LocalBroker

GARBAGE = b"Ivan Petrov, +7 900 555 01 01"
SOON = 0.3
LOCK_SECONDS = 300
"""The longest lock that the app's queues have."""


@pytest.fixture
def broker() -> Iterator[LocalBroker]:
    """The broker with the queues of the app."""
    running = LocalBroker(config=str(DEFAULT_CONFIG))
    yield running
    running.close()


@dataclass
class Bench:
    """The operations with a client of their own, and what a test does around them."""

    client: ServiceBusClient
    bus: ServiceBus
    operations: Operations

    async def poison(self, body: bytes = GARBAGE, queue: str = CHANGES, name: str = "m1") -> None:
        """Put a message aside as a step does."""
        await to_poison(self.bus, Incoming(queue, body, name), "Reference: body: json_invalid")

    async def bury(self, queue: str, envelope: Envelope, reason: str = "MaxDeliveryCountExceeded") -> None:
        """Send a message and let the broker put it among the dead letters."""
        await self.bus.send(queue, [envelope])
        session = {"session_id": NEXT_AVAILABLE_SESSION} if envelope.session_id else {}
        async with self.client.get_queue_receiver(queue, **session) as receiver:  # type: ignore[arg-type]  # a marker
            (message,) = await receiver.receive_messages(1, max_wait_time=5)
            await receiver.dead_letter_message(message, reason=reason, error_description=GARBAGE.decode())

    async def listed(self, queue: str | None = None, **more: Any) -> list[dict[str, Any]]:
        """Give what is listed."""
        found = await self.operations.messages(queue, **more)
        messages: list[dict[str, Any]] = found["messages"]
        return messages

    async def resend(self, **body: Any) -> tuple[int, bool] | None:
        """Send again what a request's body names."""
        done = await self.operations.resend(Resend.read(json.dumps(body).encode()))
        return None if done is None else (done.sent, done.more)

    async def taken(self, queue: str, *, session: bool = False) -> list[ServiceBusReceivedMessage]:
        """Take everything from a queue."""
        found: list[ServiceBusReceivedMessage] = []
        marker = {"session_id": NEXT_AVAILABLE_SESSION} if session else {}
        async with self.client.get_queue_receiver(queue, **marker) as receiver:  # type: ignore[arg-type]  # a marker
            while messages := await receiver.receive_messages(50, max_wait_time=SOON):
                for message in messages:
                    await receiver.complete_message(message)
                found += messages
        return found


@pytest.fixture
async def bench(broker: LocalBroker, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    """A bench on a broker of its own."""
    monkeypatch.setattr("shared.operations.WAIT_SECONDS", SOON)
    async with ServiceBusClient.from_connection_string(broker.connection_string, retry_total=0) as client:
        bus = ServiceBus(client)
        made = Bench(client, bus, Operations(client, bus, lambda: datetime.now(UTC)))
        yield made
        await bus.close()


async def test_nothing_set_aside_is_an_empty_list(bench: Bench) -> None:
    assert await bench.operations.messages() == {"messages": [], "next": {}}


async def test_poison_and_dead_letters_are_listed_without_their_content(bench: Bench) -> None:
    await bench.poison()
    await bench.bury(CHANGES, reference_envelope(reference()))
    await bench.bury(RESULTS, result_envelope(result()), "TTLExpiredException")
    await bench.bury("onec", Envelope(document().encode(), "d1", "lane-1"))

    listed = {one["queue"]: one for one in await bench.listed()}

    assert {queue: (one["kind"], one["reason"], one["table"], one["id"]) for queue, one in listed.items()} == {
        POISON: ("poison", "Reference: body: json_invalid", "", ""),
        CHANGES: ("dead letter", "MaxDeliveryCountExceeded", "invoice", str(INVOICE)),
        RESULTS: ("dead letter", "TTLExpiredException", "invoice", str(INVOICE)),
        "onec": ("dead letter", "MaxDeliveryCountExceeded", "invoice", str(INVOICE)),
    }
    assert listed[POISON]["origin"] == CHANGES
    assert listed["onec"]["message_id"] == "d1"
    assert all(0 <= one["age_seconds"] < 60 and one["sequence_number"] > 0 for one in listed.values())
    assert "Petrov" not in json.dumps(await bench.operations.messages())
    assert "Ромашка" not in json.dumps(await bench.operations.messages(), ensure_ascii=False)


async def test_a_list_is_paged(bench: Bench) -> None:
    for number in range(5):
        await bench.poison(name=f"m{number}")

    first = await bench.operations.messages(POISON, limit=2)
    second = await bench.operations.messages(POISON, first["next"][POISON], limit=PAGE)

    numbers = [one["sequence_number"] for page in (first, second) for one in page["messages"]]
    assert (len(numbers), len(set(numbers)), second["next"]) == (5, 5, {})


async def test_listing_changes_nothing(bench: Bench) -> None:
    await bench.poison()
    before = await bench.listed()
    for _ in range(12):
        await bench.listed()
    assert [one["sequence_number"] for one in await bench.listed()] == [one["sequence_number"] for one in before]
    (message,) = await bench.taken(POISON)
    assert message.delivery_count == 0


async def test_one_goes_back_to_its_queue_and_its_neighbours_stay(bench: Bench) -> None:
    for number in range(3):
        await bench.poison(b"garbage %d" % number, name=f"m{number}")
    second = (await bench.listed())[1]

    assert await bench.resend(queue=POISON, sequence_number=second["sequence_number"]) == (1, False)

    (back,) = await bench.taken(CHANGES)
    assert b"".join(back.body) == b"garbage 1"
    assert back.message_id != second["message_id"]
    assert len(await bench.listed(POISON)) == 2
    assert await bench.resend(queue=POISON, sequence_number=second["sequence_number"]) is None


async def test_a_document_goes_back_as_its_reference(bench: Bench) -> None:
    own = document()
    await bench.bury("onec", Envelope(own.encode(), "d1", "lane-1"))

    assert await bench.resend(queue="onec", all=True) == (1, False)

    (back,) = await bench.taken(CHANGES)
    read = Reference.decode(b"".join(back.body))
    assert (read.table, read.id, read.cause, read.attempt) == ("invoice", INVOICE, "resend", 0)
    assert read.message_id == back.message_id != own.reference.message_id
    assert await bench.listed() == []


async def test_a_reference_passes_duplicate_detection_each_time(bench: Bench) -> None:
    for _ in range(2):
        await bench.bury(CHANGES, reference_envelope(reference(message_id=f"again {_}")))
        assert await bench.resend(queue=CHANGES, all=True) == (1, False)
        assert len(await bench.taken(CHANGES)) == 1


async def test_a_result_goes_back_as_it_was(bench: Bench) -> None:
    await bench.bury(RESULTS, result_envelope(result(State.POSTED)))

    assert await bench.resend(queue=f"{RESULTS}/$deadletterqueue", all=True) == (1, False)

    (back,) = await bench.taken(RESULTS)
    assert Result.decode(b"".join(back.body)) == result(State.POSTED)


async def test_garbage_of_a_queue_with_sessions_goes_back_with_a_session(bench: Bench) -> None:
    await bench.poison(queue="sapb1")

    assert await bench.resend(queue=POISON, all=True) == (1, False)

    (back,) = await bench.taken("sapb1", session=True)
    assert (b"".join(back.body), back.session_id) == (GARBAGE, "resent")


async def test_all_are_sent_but_not_what_comes_back_meanwhile(bench: Bench) -> None:
    for number in range(4):
        await bench.poison(name=f"m{number}")
    send = bench.bus.send

    async def and_back(queue: str, envelopes: Any) -> None:
        envelopes = list(envelopes)
        await send(queue, envelopes)
        if queue == CHANGES:
            await bench.poison(name=envelopes[0].message_id)

    bench.bus.send = and_back  # type: ignore[method-assign]  # the consumer that can't read it, at once
    assert await bench.resend(queue=POISON, all=True) == (4, False)
    assert len(await bench.listed(POISON)) == 4


async def test_what_can_not_be_sent_stays_where_it_is(bench: Bench) -> None:
    await bench.bury(CHANGES, reference_envelope(reference()))

    async def refuse(queue: str, envelopes: Any) -> None:
        raise Unavailable("Service Bus", "the queue is full")

    send, bench.bus.send = bench.bus.send, refuse  # type: ignore[method-assign]  # the broker at its limit
    with pytest.raises(Unavailable):
        await bench.resend(queue=CHANGES, all=True)
    bench.bus.send = send  # type: ignore[method-assign]  # as it was

    assert len(await bench.listed(CHANGES)) == 1


async def test_a_crash_after_sending_repeats_and_the_repeat_is_a_duplicate(bench: Bench, broker: LocalBroker) -> None:
    await bench.bury(CHANGES, reference_envelope(reference(message_id="crash")))
    send = bench.bus.send

    async def then_die(queue: str, envelopes: Any) -> None:
        await send(queue, envelopes)
        raise asyncio.CancelledError

    bench.bus.send = then_die  # type: ignore[method-assign]  # the process is killed here
    with pytest.raises(asyncio.CancelledError):
        await bench.resend(queue=CHANGES, all=True)
    bench.bus.send = send  # type: ignore[method-assign]  # another process
    broker.turn_clock(LOCK_SECONDS + 1)

    assert await bench.resend(queue=CHANGES, all=True) == (1, False)
    assert len(await bench.taken(CHANGES)) == 1
    assert await bench.listed() == []
