"""One queue: what is in it, who holds what, and what time does to it. No input or output, no clock of its own.

Locks, sessions and the history have modules of their own; what moves a message from state to state stands together.

Facts: https://learn.microsoft.com/azure/service-bus-messaging/ (message-transfers-locks-settlement,
message-sessions, message-sequencing, duplicate-detection, service-bus-dead-letter-queues, message-expiration).
A lock that runs out counts as a delivery; a session that its receiver closes does not. A receiver's close leaves
the messages it holds locked until the lock runs out, unless they belong to a session.
"""

import heapq
import uuid
from collections.abc import Callable, Iterator, Mapping

from infra.local.servicebus import codec, errors
from infra.local.servicebus.config import FOREVER, QueueProperties
from infra.local.servicebus.errors import RefusedError
from infra.local.servicebus.history import History
from infra.local.servicebus.journal import Journal
from infra.local.servicebus.locks import Lock, Locks, SessionLock
from infra.local.servicebus.messages import Message, State
from infra.local.servicebus.sessions import Sessions

DEAD_LETTER_SUFFIX = "/$deadletterqueue"


class Queue:
    """A queue, or the dead letters of one (``dead_letters`` is None then)."""

    def __init__(
        self,
        name: str,
        properties: QueueProperties,
        now: Callable[[], float],
        journal: Journal,
        dead_letters: "Queue | None" = None,
    ) -> None:
        self.name = name
        self.properties = properties
        self.dead_letters = dead_letters
        self.messages: dict[int, Message] = {}
        self.changed: Callable[[], None] = lambda: None
        """Called when a receiver may find something it did not find before."""
        self.next_sequence = 1
        self._now = now
        self._journal = journal
        self._lanes: dict[str | None, list[int]] = {}
        self.sessions = Sessions(name, properties.lock_duration, now, journal)
        self._locks = Locks(properties.lock_duration)
        self._history = History(name, properties.duplicate_window, journal)
        self._scheduled: list[tuple[float, int]] = []
        self._expiring: list[tuple[float, int]] = []

    @property
    def requires_session(self) -> bool:
        """Dead letters are read without sessions, whatever their queue asks."""
        return self.dead_letters is not None and self.properties.requires_session

    def _lane(self, message: Message) -> str | None:
        return message.session_id if self.requires_session else None

    # --- sending ------------------------------------------------------------------------------------------------

    def check(self, message: Message) -> None:
        """Refuse a message that this queue cannot take."""
        if self.dead_letters is None:
            raise RefusedError(errors.NOT_ALLOWED, f"Messages cannot be sent to the dead-letter queue '{self.name}'.")
        if self.requires_session and message.session_id is None:
            raise RefusedError(
                errors.NOT_ALLOWED,
                "The SessionId was not set on a message, and it cannot be sent to the entity. Entities that have "
                "session support enabled can only receive messages that have the SessionId set to a valid value.",
            )

    def send(self, message: Message, *, forced: bool = False) -> int:
        """Take a message; give its sequence number.

        A duplicate within the window is taken and dropped, unless it is ``forced`` in by a fault.
        """
        self.check(message)
        now = self._now()
        message.sequence_number = self._number()
        message.enqueued_at = now
        if not forced and self._is_duplicate(message.message_id, now):
            return message.sequence_number
        if message.scheduled_for is not None and message.scheduled_for > now:
            message.state = State.SCHEDULED
            heapq.heappush(self._scheduled, (message.scheduled_for, message.sequence_number))
            self._keep(message)
        else:
            self._activate(message, now)
        return message.sequence_number

    def _number(self) -> int:
        number = self.next_sequence
        self.next_sequence += 1
        self._journal.put_next_sequence(self.name, self.next_sequence)
        return number

    def _is_duplicate(self, message_id: str, now: float) -> bool:
        return self.properties.requires_duplicate_detection and self._history.has(message_id, now)

    def _activate(self, message: Message, now: float) -> None:
        message.state = State.ACTIVE
        message.enqueued_at = now
        message.scheduled_for = None
        lifetime = min(self.properties.time_to_live, message.time_to_live or FOREVER)
        message.expires_at = now + lifetime if lifetime < FOREVER else None
        self._keep(message)
        self._watch_expiry(message)
        self._offer(message)

    def _watch_expiry(self, message: Message) -> None:
        if message.expires_at is not None:
            heapq.heappush(self._expiring, (message.expires_at, message.sequence_number))

    def _keep(self, message: Message) -> None:
        self.messages[message.sequence_number] = message
        self._journal.put(self.name, message)

    def _offer(self, message: Message) -> None:
        """Let receivers have a message that is here and unlocked."""
        lane = self._lane(message)
        heapq.heappush(self._lanes.setdefault(lane, []), message.sequence_number)
        if lane is not None:
            self.sessions.wait(lane)
        self.changed()

    def cancel_scheduled(self, sequence_number: int) -> None:
        """Drop a scheduled message."""
        message = self.messages.get(sequence_number)
        if message is None or message.state is not State.SCHEDULED:
            raise RefusedError(
                errors.MESSAGE_NOT_FOUND, f"The scheduled message with sequence number {sequence_number} was not found."
            )
        self._remove(message)

    def _remove(self, message: Message) -> None:
        del self.messages[message.sequence_number]
        self._journal.remove(self.name, message.sequence_number)

    # --- receiving ----------------------------------------------------------------------------------------------

    def _next(self, lane: str | None) -> Message | None:
        heap = self._lanes.get(lane)
        now = self._now()
        while heap:
            message = self.messages.get(heap[0])
            if message is None or message.state is not State.ACTIVE or self._locks.holder(message.sequence_number):
                heapq.heappop(heap)
                continue
            if message.expires_at is not None and message.expires_at <= now:
                heapq.heappop(heap)
                self._expire_message(message)
                continue
            return message
        self._lanes.pop(lane, None)
        return None

    def lock_next(self, session: SessionLock | None) -> Lock | None:
        """Lock the next message (of a session); None where there is none."""
        lane = None if session is None else session.session_id
        message = self._next(lane)
        if message is None:
            return None
        heapq.heappop(self._lanes[lane])
        return self._locks.take(message, session, self._now())

    def take_next(self, session: SessionLock | None) -> Message | None:
        """Take the next message (of a session) out of the queue; None where there is none."""
        lane = None if session is None else session.session_id
        message = self._next(lane)
        if message is None:
            return None
        heapq.heappop(self._lanes[lane])
        self._remove(message)
        return message

    def receive_deferred(
        self, sequence_numbers: list[int], session: SessionLock | None, *, delete: bool
    ) -> list[tuple[Message, Lock | None]]:
        """Lock (or take) deferred messages by number. RefusedError where one is not there."""
        found = []
        for number in sequence_numbers:
            message = self.messages.get(number)
            if (
                message is None
                or message.state is not State.DEFERRED
                or self._locks.holder(number) is not None
                or (session is not None and message.session_id != session.session_id)
            ):
                raise RefusedError(
                    errors.MESSAGE_NOT_FOUND, f"Failed to lock the deferred message with sequence number {number}."
                )
            found.append(message)
        if not delete:
            return [(message, self._locks.take(message, session, self._now())) for message in found]
        for message in found:
            self._remove(message)
        return [(message, None) for message in found]

    def peek(self, from_number: int, count: int, session_id: str | None) -> Iterator[Message]:
        """Give messages in order of sequence number, locked or not, without locking."""
        for number in sorted(number for number in self.messages if number >= from_number):
            message = self.messages[number]
            if session_id is not None and message.session_id != session_id:
                continue
            if count <= 0:
                return
            count -= 1
            yield message

    # --- settling -----------------------------------------------------------------------------------------------

    def complete(self, token: uuid.UUID) -> None:
        """Remove a locked message."""
        self._remove(self._locks.give_up(token, self._now()))

    def abandon(self, token: uuid.UUID, modified: Mapping[str, bytes]) -> None:
        """Give a locked message back; it counts as a delivery."""
        message = self._locks.give_up(token, self._now())
        message.added = {**message.added, **modified}
        self._give_back(message, counted=True)

    def release(self, token: uuid.UUID) -> None:
        """Give a locked message back unread; it does not count."""
        self._give_back(self._locks.give_up(token, self._now()), counted=False)

    def defer(self, token: uuid.UUID, modified: Mapping[str, bytes]) -> None:
        """Set a locked message aside until it is asked for by its number."""
        message = self._locks.give_up(token, self._now())
        message.added = {**message.added, **modified}
        message.state = State.DEFERRED
        self._keep(message)

    def dead_letter(
        self, token: uuid.UUID, reason: str | None, description: str | None, modified: Mapping[str, bytes]
    ) -> None:
        """Move a locked message to the dead letters."""
        if self.dead_letters is None:
            raise RefusedError(errors.NOT_ALLOWED, "A message in a dead-letter queue cannot be dead-lettered again.")
        message = self._locks.give_up(token, self._now())
        message.added = {**message.added, **modified}
        self._bury(message, reason, description)

    def _give_back(self, message: Message, *, counted: bool) -> None:
        if counted:
            message.delivery_count += 1
            limit = self.properties.max_delivery_count
            if self.dead_letters is not None and message.delivery_count >= limit:
                self._bury(
                    message,
                    "MaxDeliveryCountExceeded",
                    f"Message could not be consumed after {limit} delivery attempts.",
                )
                return
            self._journal.put(self.name, message)
        if message.state is State.ACTIVE:
            self._offer(message)

    def _bury(self, message: Message, reason: str | None, description: str | None) -> None:
        if self.dead_letters is None:
            raise RuntimeError("dead letters have no dead letters")
        self._remove(message)
        why = {"DeadLetterReason": reason, "DeadLetterErrorDescription": description}
        message.added = {
            **message.added,
            **{key: codec.string(value) for key, value in why.items() if value is not None},
        }
        message.state = State.ACTIVE
        message.expires_at = None
        self.dead_letters.receive_dead_letter(message)

    def receive_dead_letter(self, message: Message) -> None:
        """Take a message that its queue gave up; it keeps its number."""
        self._keep(message)
        self._offer(message)

    def renew(self, token: uuid.UUID) -> float:
        """Hold a lock for another lock duration; give its new end."""
        return self._locks.renew(token, self._now())

    # --- sessions -----------------------------------------------------------------------------------------------

    def accept_next_session(self, lost: Callable[[], None]) -> SessionLock | None:
        """Lock the session that has waited longest; None where nothing waits."""
        for session_id in self.sessions.waiting():
            if self._next(session_id) is not None:
                return self.sessions.hold(session_id, lost)
        return None

    def release_session(self, session: SessionLock, *, counted: bool = False) -> None:
        """Free a session and the messages held in it. A lock that ran out counts; a close does not."""
        if not self.sessions.free(session):
            return
        for lock in self._locks.of_session(session):
            self._locks.drop(lock)
            self._give_back(lock.message, counted=counted)
        if self._next(session.session_id) is not None:
            self.sessions.wait(session.session_id)
        self.changed()

    def session_ids(self) -> list[str]:
        """Give the sessions that have messages or a state."""
        return self.sessions.ids(each.session_id for each in self.messages.values() if each.session_id is not None)

    # --- time ---------------------------------------------------------------------------------------------------

    def next_due(self) -> float | None:
        """Give the time at which :meth:`advance` has something to do; None: never, as things stand."""
        times = [due for due in (self.sessions.next_due(), self._locks.next_due()) if due is not None]
        if self._scheduled:
            times.append(self._scheduled[0][0])
        if self._expiring:
            times.append(self._expiring[0][0])
        return min(times, default=None)

    def advance(self) -> None:
        """Do what has become due: locks and lives that ran out, schedules that came up."""
        now = self._now()
        for session in self.sessions.run_out():
            self.release_session(session, counted=True)
            session.lost()
        for message in self._locks.take_back(now):
            self._give_back(message, counted=True)
        self._activate_due(now)
        self._expire_due(now)

    def _activate_due(self, now: float) -> None:
        while self._scheduled and self._scheduled[0][0] <= now:
            _, number = heapq.heappop(self._scheduled)
            message = self.messages.get(number)
            if message is not None and message.state is State.SCHEDULED:
                self._remove(message)
                message.sequence_number = self._number()
                self._activate(message, now)

    def _expire_due(self, now: float) -> None:
        while self._expiring and self._expiring[0][0] <= now:
            _, number = heapq.heappop(self._expiring)
            message = self.messages.get(number)
            if message is None or message.expires_at is None:
                continue
            lock = self._locks.holder(number)
            if lock is not None:
                # A message in a receiver's hands does not expire; look again when its lock has run out.
                heapq.heappush(self._expiring, (lock.expires_at, number))
            elif message.expires_at <= now:
                self._expire_message(message)

    def _expire_message(self, message: Message) -> None:
        if self.properties.dead_letter_on_expiry and self.dead_letters is not None:
            self._bury(message, "TTLExpiredException", "The message expired and was dead lettered.")
        else:
            self._remove(message)

    # --- restart ------------------------------------------------------------------------------------------------

    def restore(
        self, messages: list[Message], states: Mapping[str, bytes], seen: Mapping[str, float], next_sequence: int
    ) -> None:
        """Go on where a former run stopped; what was locked is free again."""
        self.sessions.restore(states)
        self._history.restore(seen)
        self.next_sequence = next_sequence
        for message in messages:
            self.messages[message.sequence_number] = message
            if message.state is State.SCHEDULED and message.scheduled_for is not None:
                heapq.heappush(self._scheduled, (message.scheduled_for, message.sequence_number))
            elif message.state is State.ACTIVE:
                self._offer(message)
            self._watch_expiry(message)
