"""Service Bus triggers, over the real SDK and the local broker."""

import asyncio
import gzip
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

from azure.servicebus import ServiceBusMessage

from tests.integration.host.conftest import Bus, Sample

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
Lines = list[dict[str, Any]]


def new_id() -> str:
    return uuid.uuid4().hex


def count(message_id: str) -> Callable[[Lines], int]:
    return lambda lines: sum(line["message_id"] == message_id for line in lines)


async def test_single_message_arrives_with_the_metadata_of_the_host(sample: Sample, bus: Bus) -> None:
    message_id = new_id()
    body = gzip.compress("счёт".encode())
    await bus.send(
        "single",
        ServiceBusMessage(
            body,
            message_id=message_id,
            correlation_id="the correlation",
            content_type="application/json",
            subject="the subject",
            application_properties={
                "schema": "1",
                "count": 3,
                "exact": True,
                "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01",
            },
        ),
    )
    lines = await sample.record.until("one", count(message_id))
    line = next(line for line in lines if line["message_id"] == message_id)
    assert line["size"] == len(body), "dataType binary carries a compressed body unchanged"
    assert line["delivery_count"] == 1
    assert (line["correlation_id"], line["subject"]) == ("the correlation", "the subject")
    assert line["content_type"] == "application/json"
    assert line["session_id"] is None
    assert line["sequence_number"] > 0
    assert uuid.UUID(line["lock_token"])
    assert datetime.fromisoformat(line["enqueued"]).tzinfo is None, "a DateTime of no kind, as .NET sends it"
    assert line["properties"]["schema"] == "1"
    assert (line["properties"]["count"], line["properties"]["exact"]) == (3, True)
    assert line["user_properties"] == line["properties"]
    assert line["trace"].startswith(f"00-{TRACE}-")
    assert not line["trace"].startswith(f"00-{TRACE}-00f067aa0ba902b7")


async def test_what_raises_is_abandoned_counted_and_dead_lettered(sample: Sample, bus: Bus) -> None:
    message_id = new_id()
    await bus.send("single", ServiceBusMessage(b"fail", message_id=message_id))
    letters = await bus.dead_letters("single", message_id)
    assert letters[0].dead_letter_reason == "MaxDeliveryCountExceeded"
    counts = [line["delivery_count"] for line in sample.record.lines("one") if line["message_id"] == message_id]
    assert counts == [1, 2, 3]
    assert " ERROR one: Executed (Failed" in sample.log()


async def test_batch_comes_in_one_call_and_is_completed(sample: Sample, bus: Bus) -> None:
    mark = new_id()
    await bus.send(
        "batch",
        *(ServiceBusMessage(f"{index}", message_id=f"{mark}-{index}", subject=mark) for index in range(40)),
    )

    def received(lines: Lines) -> list[str]:
        return [message["message_id"] for line in lines for message in line["messages"] if message["subject"] == mark]

    lines = await sample.record.until("many", lambda lines: len(received(lines)) >= 40)
    assert sorted(received(lines)) == sorted(f"{mark}-{index}" for index in range(40))
    assert max(len(line["messages"]) for line in lines) > 1
    first = next(line["messages"][0] for line in lines if line["messages"][0]["subject"] == mark)
    assert first["delivery_count"] == 1
    assert first["body"] == first["message_id"].split("-")[1]


async def test_batch_texts_that_some_messages_lack_shift_as_in_the_host(sample: Sample, bus: Bus) -> None:
    mark = new_id()
    await bus.send(
        "batch",
        ServiceBusMessage("0", message_id=f"{mark}-0"),
        ServiceBusMessage("1", message_id=f"{mark}-1", correlation_id="of the second"),
    )

    def together(lines: Lines) -> list[Lines]:
        return [line["messages"] for line in lines if line["messages"][0]["message_id"] == f"{mark}-0"]

    lines = await sample.record.until("many", together)
    messages = together(lines)[0]
    assert [message["correlation_id"] for message in messages] == ["of the second", None]


async def test_compressed_body_does_not_survive_without_data_type_binary(sample: Sample, bus: Bus) -> None:
    message_id = new_id()
    body = gzip.compress(b"payload")
    await bus.send("batch", ServiceBusMessage(body, message_id=message_id))

    def found(lines: Lines) -> Lines:
        return [message for line in lines for message in line["messages"] if message["message_id"] == message_id]

    lines = await sample.record.until("many", found)
    assert found(lines)[0]["size"] > len(body), "bytes that are not UTF-8 became replacement characters"


async def test_batch_that_raises_is_abandoned_whole(sample: Sample, bus: Bus) -> None:
    mark = new_id()
    await bus.send(
        "batch",
        ServiceBusMessage("fine", message_id=f"{mark}-fine"),
        ServiceBusMessage("fail", message_id=f"{mark}-fail"),
    )
    assert await bus.dead_letters("batch", f"{mark}-fail")
    deliveries = [
        message["delivery_count"]
        for line in sample.record.lines("many")
        for message in line["messages"]
        if message["message_id"] == f"{mark}-fail"
    ]
    assert deliveries == [1, 2, 3]


async def test_session_is_worked_on_in_order_and_two_sessions_at_once(sample: Sample, bus: Bus) -> None:
    first, second = new_id(), new_id()
    await bus.send(
        "lanes",
        *(ServiceBusMessage(f"wait 0.3{index}", session_id=first, message_id=f"{first}{index}") for index in range(3)),
        *(
            ServiceBusMessage(f"wait 0.3{index}", session_id=second, message_id=f"{second}{index}")
            for index in range(3)
        ),
    )

    def events(lines: Lines, session: str) -> list[tuple[str, str]]:
        return [(line["event"], line["body"]) for line in lines if line["session_id"] == session]

    lines = await sample.record.until(
        "lane", lambda lines: len(events(lines, first)) == len(events(lines, second)) == 6
    )
    in_order = [(event, f"wait 0.3{index}") for index in range(3) for event in ("started", "ended")]
    assert events(lines, first) == events(lines, second) == in_order
    sessions = [line["session_id"] for line in lines if line["session_id"] in {first, second}]
    assert len(set(sessions[:2])) == 2, "the second session does not wait for the first"


async def test_idle_session_makes_room_for_the_next(sample: Sample, bus: Bus) -> None:
    sessions = [new_id() for _ in range(5)]  # more than maxConcurrentSessions
    await bus.send("lanes", *(ServiceBusMessage("quick", session_id=session) for session in sessions))

    def ended(lines: Lines) -> set[str]:
        return {line["session_id"] for line in lines if line["event"] == "ended"}

    await sample.record.until("lane", lambda lines: set(sessions) <= ended(lines))


async def test_session_lock_is_renewed_while_a_function_runs(sample: Sample, bus: Bus) -> None:
    session = new_id()
    await bus.send("lanes", ServiceBusMessage("wait 2.6", session_id=session))  # the lock lasts 2 s

    def events(lines: Lines) -> list[str]:
        return [line["event"] for line in lines if line["session_id"] == session]

    await sample.record.until("lane", lambda lines: events(lines) == ["started", "ended"])
    await bus.send("lanes", ServiceBusMessage("after", session_id=session))
    lines = await sample.record.until("lane", lambda lines: len(events(lines)) == 4)
    assert [line["body"] for line in lines if line["session_id"] == session][2] == "after", "no second delivery"


async def test_singles_run_at_once_and_their_locks_are_renewed(sample: Sample, bus: Bus) -> None:
    ids = [new_id() for _ in range(3)]
    await bus.send("single", *(ServiceBusMessage(b"wait 2.6", message_id=message_id) for message_id in ids))
    loop = asyncio.get_running_loop()
    started = loop.time()
    await sample.record.until("one-ended", lambda lines: {line["message_id"] for line in lines} >= set(ids))
    assert loop.time() - started < 7, "three waits of 2.6 s overlap"
    counts = [line["delivery_count"] for line in sample.record.lines("one") if line["message_id"] in ids]
    assert counts == [1, 1, 1]
