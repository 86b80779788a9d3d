"""Operations: what was set aside (poison, the broker's dead letters), listed for an administrator and sent again.

Nothing is lost in between: a message is sent first and completed then, so a crash at worst repeats. The id of what is
sent follows from where the message lay, so that such a repeat is a duplicate, and a new resend is not.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, get_args
from uuid import UUID

from azure.servicebus import ServiceBusReceivedMessage, ServiceBusSubQueue
from azure.servicebus.aio import ServiceBusClient, ServiceBusReceiver
from azure.servicebus.exceptions import ServiceBusError
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.bus import CHANGES, POISON, RESULTS, SYSTEM, TARGET_QUEUES, Bus, Envelope
from shared.errors import Unavailable, Unreadable
from shared.keys import message_id
from shared.messages import Document, Message, Reference, Table, salvage, unpack
from shared.retry import reference_envelope
from shared.telemetry import say

DEAD = "/$deadletterqueue"
"""What the broker appends to a queue's name for its dead letters."""
WORKED_ON = (CHANGES, RESULTS, *TARGET_QUEUES.values())
PLACES = (POISON, *WORKED_ON, POISON + DEAD)
"""Where messages are set aside. A queue that is worked on stands for its dead letters."""
PAGE = 100
MAX_AT_ONCE = 1000
"""Messages that one call sends again, or looks through for one."""
WAIT_SECONDS = 2.0
"""for a message that the broker has; after it there is none"""
BUDGET = timedelta(seconds=60)
"""of one call: an HTTP request should not outlast what is in front of the app"""
_RESENT_SESSION = "resent"
_MAX_REASON = 300


class Resend(BaseModel):
    """The body of a resend: one message of a place, or all that lie there now."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    queue: str
    sequence_number: int | None = Field(default=None, ge=0, lt=2**63)
    all: bool = False

    @classmethod
    def read(cls, body: bytes) -> "Resend":
        """Read a body. ValueError with one sentence that quotes nothing."""
        try:
            asked = cls.model_validate_json(body)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            place = next((str(part) for part in first["loc"] if part in cls.model_fields), "the body")
            raise ValueError(f"{place}: {first['msg']}") from None
        if place_of(asked.queue) is None:
            raise ValueError(f"queue: must be one of {', '.join(PLACES)}")
        if asked.all == (asked.sequence_number is not None):
            raise ValueError('needs either "sequence_number" or "all": true')
        return asked


@dataclass(frozen=True)
class Resent:
    """What a resend did."""

    sent: int
    more: bool
    """whether messages were left, because one call does only so many"""


def place_of(queue: str) -> str | None:
    """Give the place that a queue's name means; None where it is none of ours."""
    name = queue.removesuffix(DEAD) if queue.removesuffix(DEAD) in WORKED_ON else queue
    return name if name in PLACES else None


class Operations:
    """Looks at what was set aside, and sends it again."""

    def __init__(self, client: ServiceBusClient, bus: Bus, now: Callable[[], datetime]) -> None:
        """``now`` gives an aware time."""
        self._client = client
        self._bus = bus
        self._now = now

    async def messages(self, queue: str | None = None, start: int = 0, limit: int = PAGE) -> dict[str, Any]:
        """List what was set aside, of one place or of all: no bodies, no personal data.

        ``limit`` (up to 100) counts for each place; ``next`` names the sequence number to go on with where there is
        more. Raises Unavailable.
        """
        limit = max(1, min(limit, PAGE))
        found: list[dict[str, Any]] = []
        following: dict[str, int] = {}
        places = PLACES if queue is None else (queue,)
        # Opening a receiver takes the SDK a second: all at once.
        pages = await asyncio.gather(*(self._page(place, start if queue else 0, limit + 1) for place in places))
        for place, page in zip(places, pages, strict=True):
            found += [described(place, message, self._now()) for message in page[:limit]]
            if len(page) > limit:
                following[place] = _number(page[limit])
        return {"messages": found, "next": following}

    async def resend(self, asked: Resend) -> Resent | None:
        """Send one message or all of a place again; None where the one is not there. Raises Unavailable."""
        place = place_of(asked.queue) or asked.queue
        if asked.sequence_number is not None:
            page = await self._page(place, asked.sequence_number, 1)
            if not page or _number(page[0]) != asked.sequence_number:
                return None
            return await self._one(place, asked.sequence_number)
        return await self._all(place)

    async def _page(self, place: str, start: int, limit: int) -> list[ServiceBusReceivedMessage]:
        found: list[ServiceBusReceivedMessage] = []
        async with self._receiver(place) as receiver:
            # One look may give fewer than were asked for.
            while len(found) < limit:
                page = await receiver.peek_messages(limit - len(found), sequence_number=start)
                if not page:
                    break
                found += page
                start = _number(page[-1]) + 1
        return found

    async def _one(self, place: str, number: int) -> Resent:
        """Take messages until it is the one; the others stay where they are."""
        held: list[ServiceBusReceivedMessage] = []
        async with self._receiver(place) as receiver:
            try:
                while len(held) < MAX_AT_ONCE and (message := await _taken(receiver)) is not None:
                    if _number(message) == number:
                        await self._again(place, receiver, message)
                        return Resent(1, more=False)
                    held.append(message)
            finally:
                await _let_go(receiver, held)
        raise Unavailable(SYSTEM, "the message is there, but somebody else holds it now; try again in a minute")

    async def _all(self, place: str) -> Resent:
        """Send all again that lay there when it began: what comes back meanwhile has a higher number, and stays."""
        lying = {_number(message) for message in await self._page(place, 0, MAX_AT_ONCE + 1)}
        waiting = set(sorted(lying)[:MAX_AT_ONCE])
        until, sent = self._now() + BUDGET, 0
        held: list[ServiceBusReceivedMessage] = []
        async with self._receiver(place) as receiver:
            try:
                while waiting and self._now() < until and (message := await _taken(receiver)) is not None:
                    if _number(message) in waiting:
                        await self._again(place, receiver, message)
                        waiting.discard(_number(message))
                        sent += 1
                    else:
                        held.append(message)
            finally:
                await _let_go(receiver, held)
        return Resent(sent, more=sent < len(lying))

    async def _again(self, place: str, receiver: ServiceBusReceiver, message: ServiceBusReceivedMessage) -> None:
        queue, envelope = resent(place, message)
        await self._bus.send(queue, [envelope])
        await receiver.complete_message(message)
        dimensions = {"from": place, "to": queue, "sequence_number": _number(message), "message_id": message.message_id}
        say(logging.INFO, "sent again", dimensions)

    @asynccontextmanager
    async def _receiver(self, place: str) -> AsyncIterator[ServiceBusReceiver]:
        """Open a place. The dead letters of a queue with sessions have none."""
        queue = place.removesuffix(DEAD)
        if place == POISON:
            opened = self._client.get_queue_receiver(queue)
        else:
            opened = self._client.get_queue_receiver(queue, sub_queue=ServiceBusSubQueue.DEAD_LETTER)
        try:
            async with opened as receiver:
                yield receiver
        except (ServiceBusError, OSError) as error:
            raise Unavailable(SYSTEM, f"{place}: {type(error).__name__}") from error


async def _taken(receiver: ServiceBusReceiver) -> ServiceBusReceivedMessage | None:
    """Take the next message, locked. One at a time: a batch's locks run out while its first messages are sent."""
    messages = await receiver.receive_messages(1, max_wait_time=WAIT_SECONDS)
    return messages[0] if messages else None


async def _let_go(receiver: ServiceBusReceiver, messages: Sequence[ServiceBusReceivedMessage]) -> None:
    """Give messages back at once; a lock that can't be given back runs out by itself."""
    for message in messages:
        try:
            await receiver.abandon_message(message)
        except ServiceBusError as error:
            say(logging.WARNING, "not given back", {"message_id": message.message_id, "why": type(error).__name__})


def described(place: str, message: ServiceBusReceivedMessage, now: datetime) -> dict[str, Any]:
    """Say of a message where it lies, why, since when, and which record it is about: nothing of its content."""
    properties = _properties(message)
    arrived = message.enqueued_time_utc
    table, record = _subject(_body(message))
    return {
        "queue": place,
        "kind": "poison" if place == POISON else "dead letter",
        "sequence_number": _number(message),
        "message_id": message.message_id or "",
        "reason": (message.dead_letter_reason or properties.get("reason") or "")[:_MAX_REASON],
        "enqueued_at": arrived.astimezone(UTC).isoformat() if arrived else None,
        "age_seconds": round((now - arrived).total_seconds()) if arrived else None,
        "origin": _origin(place, properties),
        "table": table,
        "id": record,
    }


def resent(place: str, message: ServiceBusReceivedMessage) -> tuple[str, Envelope]:
    """Give the queue that a message goes back to, and how.

    A document goes back as its reference, and a reference with a new id inside, so that what they lead to is read
    afresh and no duplicate; anything else goes back as it is.
    """
    identity = message_id("resend", place, _number(message), message.message_id, message.enqueued_time_utc)
    body = _body(message)
    reference = _reference(body)
    if reference is not None:
        again = {"message_id": identity, "cause": "resend", "attempt": 0}
        return CHANGES, reference_envelope(reference.model_copy(update=again))
    queue = _origin(place, _properties(message))
    session = (message.session_id or _RESENT_SESSION) if queue in TARGET_QUEUES.values() else None
    return queue, Envelope(body, identity, session, message.correlation_id or "")


def _reference(body: bytes) -> Reference | None:
    """Read the reference that a message is, or carries; a result is accounting's word and stays what it is."""
    kinds: Sequence[tuple[type[Message], Callable[[Any], Reference]]] = (
        (Reference, lambda message: message),
        (Document, lambda message: message.reference),
    )
    for kind, of in kinds:
        try:
            return of(kind.decode(body))
        except Unreadable:
            continue
    return salvage(body)


def _origin(place: str, properties: dict[str, str]) -> str:
    """Give the queue that a message was on before it was set aside."""
    if place in WORKED_ON:
        return place
    named = properties.get("queue", "")
    return named if named in WORKED_ON else CHANGES


def _properties(message: ServiceBusReceivedMessage) -> dict[str, str]:
    """Give the application properties; the SDK gives names and values as bytes."""
    given = message.application_properties or {}
    return {_text(name): _text(value) for name, value in given.items()}


def _text(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def _body(message: ServiceBusReceivedMessage) -> bytes:
    """Give the body; one that is no data section (a foreign sender's value) counts as its text."""
    body = message.body
    if isinstance(body, bytes):
        return body
    try:
        return b"".join(body)
    except TypeError:
        return str(message).encode()


def _subject(body: bytes) -> tuple[str, str]:
    """Give table and id of what a body is about; empty where they can't be read for certain."""
    try:
        content = json.loads(unpack(body))
    except (ValueError, RecursionError, Unreadable):
        return "", ""
    inner = content.get("sale", content) if isinstance(content, dict) else None
    if not isinstance(inner, dict) or inner.get("table") not in get_args(Table):
        return "", ""
    try:
        return str(inner["table"]), str(UUID(inner["id"]))
    except (KeyError, ValueError, TypeError, AttributeError):
        return "", ""


def _number(message: ServiceBusReceivedMessage) -> int:
    return message.sequence_number or 0
