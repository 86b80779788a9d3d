"""Taking a message from a queue: read it, or put it where it is not lost and blocks nobody."""

import logging
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from shared.bus import CHANGES, POISON, Bus, Envelope
from shared.errors import Unreadable
from shared.keys import message_id
from shared.messages import Message, salvage
from shared.retry import reference_envelope
from shared.telemetry import say

Kind = TypeVar("Kind", bound=Message)


@dataclass(frozen=True)
class Incoming:
    """A message as the trigger gave it."""

    queue: str
    body: bytes
    message_id: str
    session_id: str | None = None


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
            again = message_id(incoming.message_id, "another schema")
            await bus.send(CHANGES, [reference_envelope(reference.model_copy(update={"message_id": again}))])
            return None
        await to_poison(bus, incoming, str(error))
        return None
    if message.organization_id != organization_id:
        await to_poison(bus, incoming, "it belongs to another Dataverse organization than DATAVERSE_ORGANIZATION_ID")
        return None
    return message


async def to_poison(bus: Bus, incoming: Incoming, reason: str) -> None:
    """Put a message aside with the reason."""
    say(logging.ERROR, "poison", {"queue": incoming.queue, "message_id": incoming.message_id, "reason": reason})
    properties: dict[str | bytes, str] = {"queue": incoming.queue, "reason": reason}
    identity = message_id("poison", incoming.queue, incoming.message_id)
    await bus.send(POISON, [Envelope(incoming.body, identity, properties=properties)])
