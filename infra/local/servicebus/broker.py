"""The broker: queues by name, their receivers, the clock, and the order of commit and acknowledgement.

What one turn of the event loop brings in is worked on at once, committed once, and only then acknowledged and
delivered (:meth:`Broker.settle_turn`). Everything runs on one event loop; nothing here is for several threads.
"""

import asyncio
import logging
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Protocol

from infra.local.faults import Faults
from infra.local.servicebus import errors
from infra.local.servicebus.config import Limits, QueueProperties
from infra.local.servicebus.errors import RefusedError
from infra.local.servicebus.faults import KINDS, STATUSES
from infra.local.servicebus.journal import Journal
from infra.local.servicebus.queues import DEAD_LETTER_SUFFIX, Queue

LOG = logging.getLogger(__name__)


class Keeper(Journal, Protocol):
    """A journal that commits, and fills the queues after a restart."""

    def commit(self) -> None:
        """Make everything written so far survive."""

    def load(self, queue: Queue) -> None:
        """Fill a queue with what a former run left."""

    def close(self) -> None:
        """Commit and let go."""


class Consumer(Protocol):
    """A receiver that is attached to a queue."""

    def deliver_next(self) -> bool | None:
        """Deliver one message. True: done; False: there is none; None: the receiver wants none."""

    def finish_turn(self) -> None:
        """Whatever was there has been delivered."""


class Candidate(Protocol):
    """A receiver that waits for the next available session."""

    def offer_session(self) -> bool:
        """Take the next available session; False where there is none."""


class Entity:
    """A queue and those who receive from it."""

    def __init__(self, queue: Queue) -> None:
        self.queue = queue
        self.consumers: deque[Consumer] = deque()
        self.candidates: deque[Candidate] = deque()

    def pump(self) -> None:
        """Hand out what there is, taking turns."""
        while self.candidates and self.candidates[0].offer_session():
            self.candidates.popleft()
        idle = 0
        while idle < len(self.consumers):
            consumer = self.consumers[0]
            self.consumers.rotate(-1)
            delivered = consumer.deliver_next()
            if delivered:
                idle = 0
                continue
            if delivered is False and not self.queue.requires_session:
                break
            idle += 1
        for consumer in self.consumers:
            consumer.finish_turn()


class Broker:
    """Serve queues. ``now`` gives seconds since 1970, UTC; a test that turns it calls :meth:`settle_turn`."""

    def __init__(
        self,
        queues: Mapping[str, QueueProperties],
        *,
        keeper: Keeper,
        key: str,
        limits: Limits | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.key = key
        self.limits = limits or Limits()
        self.now = now
        self.faults = Faults(KINDS, STATUSES)
        self._failed: asyncio.Future[None] | None = None
        self._keeper = keeper
        self._entities: dict[str, Entity] = {}
        self._dirty: dict[Entity, None] = {}
        self._acknowledgements: list[Callable[[], None]] = []
        self._writers: dict[Callable[[], None], None] = {}
        self._turn: asyncio.Handle | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._due: float | None = None
        """When time next brings something; as of the end of the last turn."""
        for name, properties in queues.items():
            dead_letters = Queue(name + DEAD_LETTER_SUFFIX, properties, now, keeper)
            self._add(dead_letters)
            self._add(Queue(name, properties, now, keeper, dead_letters))

    def _add(self, queue: Queue) -> None:
        entity = Entity(queue)
        self._entities[queue.name.lower()] = entity
        queue.changed = lambda: self.touch(entity)

    def start(self) -> asyncio.Future[None]:
        """Take over what a former run left, and begin to keep time on the running event loop.

        Gives a future that ends with an exception when the broker cannot go on.
        """
        self._failed = asyncio.get_running_loop().create_future()
        for entity in self._entities.values():
            self._keeper.load(entity.queue)
        self._request_turn()
        return self._failed

    def stop(self) -> None:
        """Commit, and keep time no longer."""
        for handle in (self._turn, self._timer):
            if handle is not None:
                handle.cancel()
        self._keeper.close()

    def entity(self, path: str) -> Entity:
        """Give a queue by its path; names are compared without case. RefusedError where it is not declared."""
        found = self._entities.get(path.lower())
        if found is None:
            raise RefusedError(errors.NOT_FOUND, f"The messaging entity '{path}' could not be found.")
        return found

    def counts(self) -> dict[str, int]:
        """Give how many messages each queue, and each queue's dead letters, holds."""
        return {queue.name: len(queue.messages) for queue in self.queues()}

    def queues(self) -> list[Queue]:
        """Give every queue and sub-queue."""
        return [entity.queue for entity in self._entities.values()]

    # --- turns --------------------------------------------------------------------------------------------------

    def touch(self, entity: Entity) -> None:
        """Look at a queue's receivers at the end of this turn."""
        self._dirty[entity] = None
        self._request_turn()

    def after_commit(self, acknowledge: Callable[[], None]) -> None:
        """Call back when everything done so far is committed."""
        self._acknowledgements.append(acknowledge)
        self._request_turn()

    def writes(self, write: Callable[[], None]) -> None:
        """Call back at the end of this turn, to put on the wire what it brought."""
        self._writers[write] = None
        self._request_turn()

    def _request_turn(self) -> None:
        if self._turn is None:
            self._turn = asyncio.get_running_loop().call_soon(self.settle_turn)

    def settle_turn(self) -> None:
        """Commit, acknowledge, deliver, write; then wait for the next thing that time brings."""
        self._turn = None
        try:
            if self._due is not None and self._due <= self.now():
                for queue in self.queues():
                    _guarded(queue.advance)
            # What is acknowledged is committed before. Delivering changes the file too, where a receiver takes
            # without a lock or a message has expired: so commit again before anything is written to a client.
            self._keeper.commit()
            acknowledgements, self._acknowledgements = self._acknowledgements, []
            for acknowledge in acknowledgements:
                _guarded(acknowledge)
            while self._dirty:
                entity = next(iter(self._dirty))
                del self._dirty[entity]
                _guarded(entity.pump)
            self._keeper.commit()
        except sqlite3.Error as error:
            self._fail(error)
            return
        writers, self._writers = self._writers, {}
        for write in writers:
            _guarded(write)
        self._arm()

    def _fail(self, error: Exception) -> None:
        """Stop serving: what cannot be committed must not be acknowledged."""
        LOG.critical("the broker stops: its state cannot be written", exc_info=error)
        if self._failed is not None and not self._failed.done():
            self._failed.set_exception(error)

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._due = min((at for queue in self.queues() if (at := queue.next_due()) is not None), default=None)
        if self._due is not None:
            delay = max(0.0, self._due - self.now())
            self._timer = asyncio.get_running_loop().call_later(delay, self._request_turn)


def _guarded(step: Callable[[], None]) -> None:
    """Take a step; a defect in one is logged, and the others are taken all the same."""
    try:
        step()
    except sqlite3.Error:
        raise
    except Exception:
        LOG.exception("a step of the broker's turn failed")
