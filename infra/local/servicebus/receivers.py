"""What a client receives from."""

import asyncio
import uuid
from collections.abc import Mapping
from typing import Any

from proton import Delivery, Link, symbol

from infra.local.faults import Kind
from infra.local.servicebus import codec, errors
from infra.local.servicebus.broker import Broker, Entity
from infra.local.servicebus.ends import End, Peer, open_link
from infra.local.servicebus.engine import condition, filters
from infra.local.servicebus.errors import RefusedError
from infra.local.servicebus.faults import refusal
from infra.local.servicebus.locks import Lock, SessionLock

FAULTS: tuple[Kind, ...] = ("status", "drop_before", "drop_after")
SESSION_FILTER = "com.microsoft:session-filter"
LOCKED_UNTIL = "com.microsoft:locked-until-utc"
OPERATION_TIMEOUT = "com.microsoft:timeout"
TICKS_AT_1970 = 621_355_968_000_000_000
DEFAULT_ACCEPT_SECONDS = 65.0
"""How long an attach for the next available session is held where the client names no time."""


class ReceiverEnd(End):
    """What a client receives from: a queue, or one session of it."""

    def __init__(self, peer: Peer, link: Any, broker: Broker, entity: Entity) -> None:
        super().__init__(peer, link)
        self._broker = broker
        self._entity = entity
        self._queue = entity.queue
        self._session: SessionLock | None = None
        self._held: dict[Any, Lock] = {}
        self._takes = link.remote_snd_settle_mode == Link.SND_SETTLED
        self._draining = False
        self._accept_timer: asyncio.TimerHandle | None = None
        asked = filters(link)
        if self._queue.requires_session and SESSION_FILTER not in asked:
            raise RefusedError(
                errors.NOT_ALLOWED,
                "It is not possible for an entity that requires sessions to create a non-sessionful message receiver.",
            )
        if not self._queue.requires_session and SESSION_FILTER in asked:
            raise RefusedError(
                errors.NOT_ALLOWED,
                "A sessionful message receiver cannot be created on an entity that does not require sessions. Ensure "
                "RequiresSession is set to true when creating a Queue or Subscription to enable sessionful behavior.",
            )
        wanted = asked.get(SESSION_FILTER)
        if not self._queue.requires_session:
            self._attach()
        elif wanted is not None:
            self._session = self._queue.sessions.hold(str(wanted), self._session_lost)
            self._attach()
        else:
            self._wait_for_session()

    def _wait_for_session(self) -> None:
        asked = (self.link.remote_properties or {}).get(symbol(OPERATION_TIMEOUT))
        seconds = DEFAULT_ACCEPT_SECONDS if asked is None else int(asked) / 1000
        self._entity.candidates.append(self)
        self._accept_timer = asyncio.get_running_loop().call_later(seconds, self._give_up_waiting)
        self._broker.touch(self._entity)

    def _give_up_waiting(self) -> None:
        self.refuse(
            RefusedError(errors.TIMEOUT, "The operation did not complete within the allotted time: no session waits.")
        )

    def offer_session(self) -> bool:
        """Take the next available session, if there is one."""
        session = self._queue.accept_next_session(self._session_lost)
        if session is None:
            return False
        self._session = session
        if self._accept_timer is not None:
            self._accept_timer.cancel()
        self._attach()
        return True

    def _attach(self) -> None:
        if self._session is None:
            open_link(self.link)
        else:
            ticks = TICKS_AT_1970 + round(self._session.until * 10_000_000)
            open_link(self.link, {LOCKED_UNTIL: ticks}, {SESSION_FILTER: self._session.session_id})
        self._entity.consumers.append(self)
        self.flow()
        self.peer.output()

    def _session_lost(self) -> None:
        session_id = "" if self._session is None else self._session.session_id
        self.refuse(errors.session_lock_lost(session_id))

    def flow(self) -> None:
        """The receiver wants messages, or wants to be told that there are none."""
        self._draining = bool(self.link.drain_mode)
        self._broker.touch(self._entity)

    def deliver_next(self) -> bool | None:
        """Deliver one message."""
        if self.link.credit <= 0:
            return None
        if self._takes:
            message = self._queue.take_next(self._session)
            if message is None:
                return False
            self._transfer(uuid.uuid4(), message.to_bytes()).settle()
            return True
        lock = self._queue.lock_next(self._session)
        if lock is None:
            return False
        self._held[self._transfer(lock.token, lock.message.to_bytes(locked_until=lock.expires_at))] = lock
        return True

    def _transfer(self, token: uuid.UUID, data: bytes) -> Any:
        delivery = self.link.delivery(token.bytes_le)
        self.link.stream(data)
        self.link.advance()
        self.peer.output()
        return delivery

    def finish_turn(self) -> None:
        """Give back the credit that a draining receiver has left."""
        if self._draining and self.link.credit > 0:
            self.link.drained()
            self.peer.output()

    def delivery(self, delivery: Any) -> None:
        """Settle a message as the client says, and echo the outcome once it is committed."""
        lock = self._held.get(delivery)
        if lock is None:
            return
        state = delivery.remote_state
        if state == Delivery.RECEIVED or (state == 0 and not delivery.settled):
            return
        fault = self._broker.faults.take(f"SETTLE {self._queue.name}", FAULTS)
        kind = None if fault is None else fault.kind
        if kind == "drop_before":
            self.peer.abort()
            return
        del self._held[delivery]
        if state == 0:
            # Settled with no outcome: the message stays locked until its lock runs out.
            delivery.settle()
            return
        try:
            if fault is not None and kind == "status":
                raise refusal(fault)
            self._settle(lock, delivery.remote, state)
        except RefusedError as refused:
            self._answer(delivery, Delivery.REJECTED, refused)
            return
        answer = self.peer.abort if kind == "drop_after" else lambda: self._answer(delivery, state, None)
        self._broker.after_commit(answer)

    def _settle(self, lock: Lock, outcome: Any, state: int) -> None:
        match state:
            case Delivery.ACCEPTED:
                self._queue.complete(lock.token)
            case Delivery.RELEASED:
                self._queue.release(lock.token)
            case Delivery.MODIFIED:
                modified = _modified(outcome.annotations or {})
                if outcome.undeliverable:
                    self._queue.defer(lock.token, modified)
                else:
                    self._queue.abandon(lock.token, modified)
            case Delivery.REJECTED:
                info = dict(outcome.condition.info or {}) if outcome.condition is not None else {}
                named = {str(key): value for key, value in info.items()}
                reason = named.pop("DeadLetterReason", None)
                description = named.pop("DeadLetterErrorDescription", None)
                self._queue.dead_letter(lock.token, _text(reason), _text(description), _modified(named))
            case _:
                raise RefusedError(errors.NOT_IMPLEMENTED, f"The outcome {state} is not supported by this broker.")

    def _answer(self, delivery: Any, state: int, refused: RefusedError | None) -> None:
        if not self.alive:
            return
        if not delivery.settled:
            if refused is not None:
                delivery.local.condition = condition(refused)
            elif state == Delivery.MODIFIED:
                delivery.local.failed = delivery.remote.failed
                delivery.local.undeliverable = delivery.remote.undeliverable
            delivery.update(state)
        delivery.settle()
        self.peer.output()

    def closed(self) -> None:
        """Stop delivering, stop waiting, and free the session."""
        if not self.alive:
            return
        super().closed()
        self._held.clear()
        if self._accept_timer is not None:
            self._accept_timer.cancel()
        if self in self._entity.consumers:
            self._entity.consumers.remove(self)
        if self in self._entity.candidates:
            self._entity.candidates.remove(self)
        if self._session is not None:
            self._queue.release_session(self._session)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _modified(annotations: Mapping[Any, Any]) -> dict[str, bytes]:
    return {str(key): codec.encode(value) for key, value in annotations.items()}
