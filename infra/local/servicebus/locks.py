"""Who holds which message and which session, and until when."""

import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from infra.local.servicebus import errors
from infra.local.servicebus.messages import Message


@dataclass(slots=True, eq=False)
class SessionLock:
    """A session in the hands of one receiver."""

    session_id: str
    until: float
    lost: Callable[[], None]
    """Called when the lock runs out."""


@dataclass(slots=True, eq=False)
class Lock:
    """A message in the hands of one receiver."""

    message: Message
    until: float
    session: SessionLock | None
    token: uuid.UUID = field(default_factory=uuid.uuid4)

    @property
    def expires_at(self) -> float:
        """A session's messages are held as long as the session is."""
        return self.until if self.session is None else self.session.until


class Locks:
    """The locks of one queue, by token and by message. Times are seconds since 1970."""

    def __init__(self, duration: float) -> None:
        self._duration = duration
        self._by_token: dict[uuid.UUID, Lock] = {}
        self._by_number: dict[int, Lock] = {}
        self._order: deque[tuple[float, uuid.UUID]] = deque()
        """When locks run out, the first first: all last equally long. What is stale is skipped."""

    def holder(self, sequence_number: int) -> Lock | None:
        """Give the lock on a message."""
        return self._by_number.get(sequence_number)

    def of_session(self, session: SessionLock) -> list[Lock]:
        """Give the locks that a session's receiver holds."""
        return [lock for lock in self._by_token.values() if lock.session is session]

    def take(self, message: Message, session: SessionLock | None, now: float) -> Lock:
        """Lock a message; in a session, for as long as the session is held."""
        lock = Lock(message, now + self._duration, session)
        self._by_token[lock.token] = lock
        self._by_number[message.sequence_number] = lock
        if session is None:
            self._order.append((lock.until, lock.token))
        return lock

    def drop(self, lock: Lock) -> None:
        """Give a lock up."""
        del self._by_token[lock.token]
        del self._by_number[lock.message.sequence_number]

    def give_up(self, token: uuid.UUID, now: float) -> Message:
        """Give a valid lock up, and the message it was on. RefusedError where the lock is lost."""
        lock = self._by_token.get(token)
        if lock is None or (lock.session is None and lock.until <= now):
            raise errors.message_lock_lost()
        if lock.session is not None and lock.session.until <= now:
            raise errors.session_lock_lost(lock.session.session_id)
        self.drop(lock)
        return lock.message

    def renew(self, token: uuid.UUID, now: float) -> float:
        """Hold a message for another lock duration; give the new end. RefusedError where the lock is lost."""
        lock = self._by_token.get(token)
        if lock is None or lock.session is not None or lock.until <= now:
            raise errors.message_lock_lost()
        lock.until = now + self._duration
        self._order.append((lock.until, lock.token))
        return lock.until

    def next_due(self) -> float | None:
        """Give the time at which the next lock runs out."""
        while self._order:
            until, token = self._order[0]
            lock = self._by_token.get(token)
            if lock is not None and lock.until == until:
                return until
            self._order.popleft()
        return None

    def take_back(self, now: float) -> list[Message]:
        """Give the messages whose locks have run out; they are locked no longer."""
        messages = []
        while (due := self.next_due()) is not None and due <= now:
            _, token = self._order.popleft()
            lock = self._by_token[token]
            self.drop(lock)
            messages.append(lock.message)
        return messages
