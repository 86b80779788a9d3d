"""Service Bus in memory, for what matters here: peek-lock, sessions, duplicate detection, schedules, dead letters."""

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import cast

from azure.servicebus import ServiceBusReceivedMessage

from shared.bus import CHANGES, POISON, RESULTS, TARGET_QUEUES, Envelope
from shared.errors import Unavailable
from shared.intake import Incoming
from shared.operations import resent
from tests.faults.clock import VirtualClock

QUEUES = (CHANGES, *TARGET_QUEUES.values(), RESULTS)
SESSIONS = frozenset(TARGET_QUEUES.values())
DETECTS = frozenset({CHANGES, *SESSIONS})
LOCK = timedelta(seconds=60)
WINDOW = timedelta(minutes=10)
MAX_DELIVERIES = 10


@dataclass
class Stored:
    """A message on a queue."""

    number: int
    envelope: Envelope
    visible_from: datetime
    deliveries: int = 0
    locked_until: datetime | None = None
    holder: int = 0
    """which delivery holds the lock"""


@dataclass(frozen=True)
class Delivery:
    """Messages in a receiver's hands."""

    queue: str
    number: int
    messages: tuple[Stored, ...]

    def incoming(self) -> list[Incoming]:
        """Give them as a trigger does."""
        return [
            Incoming(self.queue, each.envelope.body, each.envelope.message_id, each.envelope.session_id)
            for each in self.messages
        ]


@dataclass
class MemoryBroker:
    """All queues. ``choice`` decides what Service Bus leaves open: which session is next, how large a batch is."""

    clock: VirtualClock
    choice: random.Random
    queues: dict[str, list[Stored]] = field(default_factory=lambda: {name: [] for name in (*QUEUES, POISON)})
    dead: list[tuple[str, Stored]] = field(default_factory=list)
    refusing: int = 0
    """how many sends are refused yet"""
    lost_completions: int = 0
    """how many completions don't arrive: the message comes again"""
    shuffled: bool = False
    """whether messages of a queue without sessions are handed out in any order"""
    _seen: dict[tuple[str, str], datetime] = field(default_factory=dict)
    _number: int = 0
    _delivery: int = 0

    async def send(self, queue: str, envelopes: Iterable[Envelope]) -> None:
        """Take messages; what was seen within the window is taken and dropped."""
        messages = list(envelopes)
        if messages and self.refusing:
            self.refusing -= 1
            raise Unavailable("Service Bus", f"queue {queue} did not take messages (told to refuse)")
        for envelope in messages:
            if queue in SESSIONS and envelope.session_id is None:
                raise AssertionError(f"{queue} wants a session")
            seen = self._seen.get((queue, envelope.message_id))
            if queue in DETECTS and seen is not None and self.clock.now() - seen < WINDOW:
                continue
            self._seen[queue, envelope.message_id] = self.clock.now()
            self._number += 1
            visible_from = max(self.clock.now(), envelope.not_before or self.clock.now())
            self.queues[queue].append(Stored(self._number, envelope, visible_from))

    def deliverable(self, held_back: Iterable[str] = ()) -> list[str]:
        """Name the queues that have something to hand out now."""
        self._take_back()
        return [name for name in QUEUES if name not in held_back and self._free(name)]

    def receive(self, queue: str, most: int = 20) -> Delivery:
        """Lock and hand out: one message of a session that nobody holds, or a batch."""
        free = self._free(queue)
        if queue in SESSIONS:
            session = self.choice.choice(sorted({str(each.envelope.session_id) for each in free}))
            batch = [next(each for each in free if each.envelope.session_id == session)]
        else:
            if self.shuffled:
                self.choice.shuffle(free)
            batch = free[: self.choice.randint(1, min(most, len(free)))] if self.shuffled else free[:most]
        self._delivery += 1
        for message in batch:
            message.locked_until = self.clock.now() + LOCK
            message.holder = self._delivery
        return Delivery(queue, self._delivery, tuple(batch))

    def complete(self, delivery: Delivery) -> None:
        """Take messages off, where the lock still holds and the completion arrives."""
        if self.lost_completions:
            self.lost_completions -= 1
            self.lose_lock(delivery)
            return
        self._take_back()
        for message in delivery.messages:
            if message.holder == delivery.number:
                self.queues[delivery.queue].remove(message)

    def lose_lock(self, delivery: Delivery) -> None:
        """End a lock before its time: the messages are handed out again, and this counts."""
        for message in delivery.messages:
            if message.holder == delivery.number:
                self._give_back(delivery.queue, message)

    abandon = lose_lock

    def set_aside(self, queue: str, place: str) -> int:
        """Move what lies on a queue to its dead letters (``place`` is the queue itself) or to ``poison``; count it."""
        moved = self.queues[queue]
        self.queues[queue] = []
        if place == POISON:
            self.queues[POISON] += moved
        else:
            self.dead += [(queue, message) for message in moved]
        return len(moved)

    async def resend(self) -> None:
        """Send again what was set aside, as an administrator does."""
        aside = [*self.dead, *((POISON, message) for message in self.queues[POISON])]
        self.dead, self.queues[POISON] = [], []
        for place, message in aside:
            queue, envelope = resent(place, _received(message, self.clock.now()))
            await self.send(queue, [envelope])

    def next_due(self) -> datetime | None:
        """Give the time at which something can be handed out again; None where nothing waits."""
        times = [each.locked_until or each.visible_from for name in QUEUES for each in self.queues[name]]
        # What is visible already and not handed out waits for its session, whose lock is among these times.
        return min((time for time in times if time > self.clock.now()), default=None)

    def waiting(self) -> dict[str, int]:
        """Count what is on the queues, locked and scheduled messages too."""
        return {name: len(self.queues[name]) for name in QUEUES if self.queues[name]}

    def _free(self, queue: str) -> list[Stored]:
        now = self.clock.now()
        messages = sorted(self.queues[queue], key=lambda each: each.number)
        held = {each.envelope.session_id for each in messages if each.locked_until} if queue in SESSIONS else set()
        return [
            each
            for each in messages
            if each.locked_until is None
            and each.visible_from <= now
            and (queue not in SESSIONS or each.envelope.session_id not in held)
        ]

    def _take_back(self) -> None:
        for name in QUEUES:
            for message in list(self.queues[name]):
                if message.locked_until is not None and message.locked_until <= self.clock.now():
                    self._give_back(name, message)

    def _give_back(self, queue: str, message: Stored) -> None:
        message.locked_until, message.holder = None, 0
        message.deliveries += 1
        if message.deliveries >= MAX_DELIVERIES:
            self.queues[queue].remove(message)
            self.dead.append((queue, message))


def _received(message: Stored, at: datetime) -> ServiceBusReceivedMessage:
    """Give a message as the SDK gives one that was set aside."""
    envelope = message.envelope
    seen = SimpleNamespace(
        body=[envelope.body],
        message_id=envelope.message_id,
        session_id=envelope.session_id,
        correlation_id=envelope.correlation_id,
        application_properties=dict(envelope.properties),
        sequence_number=message.number,
        enqueued_time_utc=at,
    )
    return cast(ServiceBusReceivedMessage, seen)
