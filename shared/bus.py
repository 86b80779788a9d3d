"""Sending to Service Bus: one connection a process, one open sender a queue, batches as large as the broker takes."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from azure.core.exceptions import AzureError
from azure.servicebus import ServiceBusMessage
from azure.servicebus.aio import ServiceBusClient, ServiceBusSender
from azure.servicebus.exceptions import MessageSizeExceededError, ServiceBusError

from shared.errors import Unavailable
from shared.telemetry import sent

SYSTEM = "Service Bus"
CHANGES, RESULTS, POISON = "changes", "results", "poison"
TARGET_QUEUES = {"onec": "onec", "sapb1": "sapb1"}
MAX_BODY = 240 * 1024
"""Bytes of one body. The standard tier takes 256 KB with everything around it."""


@dataclass(frozen=True)
class Envelope:
    """One message to send."""

    body: bytes
    message_id: str
    session_id: str | None = None
    correlation_id: str = ""
    not_before: datetime | None = None
    """an aware time; the broker shows the message only then"""
    properties: Mapping[str | bytes, str] = field(default_factory=dict)
    traceparent: str = ""
    """W3C's, as the body has it: the host's own telemetry of the function that gets the message goes by it"""


class Bus(Protocol):
    """Where messages go."""

    async def send(self, queue: str, envelopes: Iterable[Envelope]) -> None:
        """Send all of them, or raise Unavailable; some may then have been sent, so ids must make a repeat harmless."""
        ...


class ServiceBus:
    """The real one."""

    def __init__(self, client: ServiceBusClient) -> None:
        """Take a client; it is closed with :meth:`close`."""
        self._client = client
        self._senders: dict[str, ServiceBusSender] = {}
        # A sender of the SDK is one AMQP link and not made for two coroutines at once.
        self._locks: dict[str, asyncio.Lock] = {}

    async def send(self, queue: str, envelopes: Iterable[Envelope]) -> None:
        """Send in as few batches as fit. Raises Unavailable where the queue does not take them."""
        envelopes = list(envelopes)
        messages = [_message(envelope) for envelope in envelopes]
        if not messages:
            return
        lock = self._locks.setdefault(queue, asyncio.Lock())
        async with lock:
            try:
                with sent(queue, [envelope.traceparent for envelope in envelopes]):
                    await self._send(await self._sender(queue), messages)
            except (ServiceBusError, OSError, ValueError) as error:
                await self._forget(queue)
                raise Unavailable(SYSTEM, f"queue {queue} did not take messages ({type(error).__name__})") from error

    async def _send(self, sender: ServiceBusSender, messages: list[ServiceBusMessage]) -> None:
        if len(messages) == 1:
            await sender.send_messages(messages[0])
            return
        # A batch that one message alone would overflow goes out by itself; sessions and plain messages don't mix
        # in one batch on a partitioned entity, so a batch holds one session.
        for session in sorted({message.session_id or "" for message in messages}):
            batch = await sender.create_message_batch()
            for message in messages:
                if (message.session_id or "") != session:
                    continue
                try:
                    batch.add_message(message)
                except MessageSizeExceededError:
                    if len(batch):
                        await sender.send_messages(batch)
                        batch = await sender.create_message_batch()
                    batch.add_message(message)
            if len(batch):
                await sender.send_messages(batch)

    async def reach(self, queue: str) -> None:
        """Open a link to a queue and send nothing. Raises Unavailable where there is none, or no right to it."""
        async with self._locks.setdefault(queue, asyncio.Lock()):
            try:
                await self._sender(queue)
            except (ServiceBusError, AzureError, OSError, ValueError) as error:
                raise Unavailable(SYSTEM, f"queue {queue} can't be reached ({type(error).__name__})") from error

    async def _sender(self, queue: str) -> ServiceBusSender:
        if queue not in self._senders:
            sender = self._client.get_queue_sender(queue)
            await sender.__aenter__()
            self._senders[queue] = sender
        return self._senders[queue]

    async def _forget(self, queue: str) -> None:
        """Drop a sender whose link may be broken; the next send opens a new one."""
        sender = self._senders.pop(queue, None)
        if sender is not None:
            await sender.close()

    async def close(self) -> None:
        """Close every sender and the connection."""
        for queue in list(self._senders):
            await self._forget(queue)
        await self._client.close()


def _message(envelope: Envelope) -> ServiceBusMessage:
    properties: dict[str | bytes, int | float | bytes | bool | str | UUID] = dict(envelope.properties.items())
    if envelope.traceparent:
        properties |= {"traceparent": envelope.traceparent, "Diagnostic-Id": envelope.traceparent}
    return ServiceBusMessage(
        envelope.body,
        message_id=envelope.message_id,
        session_id=envelope.session_id,
        correlation_id=envelope.correlation_id or None,
        scheduled_enqueue_time_utc=envelope.not_before,
        content_type="application/json",
        application_properties=properties or None,
    )
