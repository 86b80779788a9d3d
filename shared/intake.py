"""Taking a message from a queue: read it, or put it where it is not lost and blocks nobody."""

import hashlib
import logging
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar, get_args
from uuid import UUID

from shared.bus import CHANGES, POISON, Bus, Envelope
from shared.dataverse.events import from_queue
from shared.errors import Unreadable
from shared.keys import message_id
from shared.messages import Message, Reference, Table, salvage
from shared.references import event_reference
from shared.retry import reference_envelope
from shared.settings import Settings
from shared.telemetry import say, traceparent

ANOTHER_ORGANIZATION = "it belongs to another Dataverse organization than DATAVERSE_ORGANIZATION_ID"

Kind = TypeVar("Kind", bound=Message)


@dataclass(frozen=True)
class Incoming:
    """A message as the trigger gave it."""

    queue: str
    body: bytes
    message_id: str
    session_id: str | None = None

    @property
    def identity(self) -> str:
        """What tells it from all others: its id, or its body where the sender gave it none.

        Whatever is made of several messages without an id would have one id, and duplicate detection keep one of them.
        """
        return self.message_id or hashlib.sha256(self.body).hexdigest()


async def read(kind: type[Kind], incoming: Incoming, organization_id: UUID, bus: Bus) -> Kind | None:
    """Give the message, or None once it is settled elsewhere.

    What another version of the bridge wrote goes back on ``changes`` as a reference; what can't be read at all, or
    belongs to another organization, goes to ``poison`` with the reason.
    """
    try:
        message = kind.decode(incoming.body)
    except Unreadable as error:
        reference = salvage(incoming.body)
        if reference is not None and reference.organization_id == organization_id:
            again = message_id(incoming.identity, "another schema")
            await bus.send(CHANGES, [reference_envelope(reference.model_copy(update={"message_id": again}))])
            return None
        await to_poison(bus, incoming, str(error))
        return None
    if message.organization_id != organization_id:
        await to_poison(bus, incoming, ANOTHER_ORGANIZATION)
        return None
    return message


async def read_change(incoming: Incoming, settings: Settings, bus: Bus, now: datetime) -> Reference | None:
    """Give the reference that a message of ``changes`` is or stands for, or None once it is settled.

    Where a company lets Dataverse write to Service Bus by itself, the message is the event: it is judged as a
    webhook is, and becomes the same reference.
    """
    try:
        event = from_queue(incoming.body)
    except Unreadable as error:
        await to_poison(bus, incoming, str(error))
        return None
    if event is None:
        return await read(Reference, incoming, settings.dataverse_organization_id, bus)
    if event.organization_id != settings.dataverse_organization_id:
        await to_poison(bus, incoming, ANOTHER_ORGANIZATION)
        return None
    if settings.dataverse_user_id is not None and event.initiating_user_id == settings.dataverse_user_id:
        return None  # our own change
    table = next((known for known in get_args(Table) if known == event.table), None)
    if table is None:
        say(logging.WARNING, "event of a table that is not exported: remove its step", {"table": event.table})
        return None
    say(logging.INFO, "event", {"table": event.table, "id": event.id, "cause": f"event:{event.message}"})
    return event_reference(event, table, trace=traceparent(), now=now)


async def to_poison(bus: Bus, incoming: Incoming, reason: str) -> None:
    """Put a message aside with the reason."""
    say(logging.ERROR, "poison", {"queue": incoming.queue, "message_id": incoming.message_id, "reason": reason})
    properties: dict[str | bytes, str] = {"queue": incoming.queue, "reason": reason}
    identity = message_id("poison", incoming.queue, incoming.identity)
    await bus.send(POISON, [Envelope(incoming.body, identity, properties=properties)])
