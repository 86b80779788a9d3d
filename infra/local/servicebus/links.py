"""The ends of links: what a client sends to, what it receives from, and the pairs it makes requests over."""

import asyncio
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from proton import Condition, Delivery, Link, Terminus, symbol

from infra.local.servicebus import codec, errors, management
from infra.local.servicebus.broker import Broker, Outlet
from infra.local.servicebus.codec import MalformedError
from infra.local.servicebus.errors import RefusedError
from infra.local.servicebus.messages import Message, unpack
from infra.local.servicebus.queues import Lock, SessionLock
from infra.local.servicebus.tokens import check_token

CREDIT = 1000
SESSION_FILTER = "com.microsoft:session-filter"
LOCKED_UNTIL = "com.microsoft:locked-until-utc"
OPERATION_TIMEOUT = "com.microsoft:timeout"
TICKS_AT_1970 = 621_355_968_000_000_000
DEFAULT_ACCEPT_SECONDS = 65.0
"""How long an attach for the next available session is held where the client names no time."""


class Peer(Protocol):
    """The connection that a link belongs to."""

    authorized: bool
    replies: dict[tuple[str, str], "ReplyEnd"]

    def output(self) -> None:
        """There is something to put on the wire."""


def condition(refused: RefusedError) -> Any:
    """Give a refusal in the engine's form. azure-servicebus wants all three of an error's fields, info too."""
    return Condition(refused.condition, refused.description, {symbol("com.microsoft:tracking-id"): str(uuid.uuid4())})


class End:
    """One end of a link. ``alive`` until it is closed from either side; the engine's objects are not used after."""

    def __init__(self, peer: Peer, link: Any) -> None:
        self.peer = peer
        self.link = link
        self.alive = True

    def delivery(self, delivery: Any) -> None:
        """A transfer or a disposition has come."""

    def flow(self) -> None:
        """The receiver's credit has changed."""

    def closed(self) -> None:
        """The link is gone, or its connection is."""
        self.alive = False

    def refuse(self, refused: RefusedError) -> None:
        """Close the link for a reason; an attach that is not answered yet is refused."""
        if not self.alive:
            return
        if self.link.state & Link.LOCAL_UNINIT:
            # A refused attach is answered with no terminus, and closed at once (AMQP 1.0, 2.6.3).
            (self.link.source if self.link.is_sender else self.link.target).type = Terminus.UNSPECIFIED
            self.link.open()
        self.link.condition = condition(refused)
        self.link.close()
        self.closed()
        self.peer.output()


def open_link(link: Any, properties: Mapping[str, Any] | None = None) -> None:
    """Answer an attach with what the client asked for."""
    link.source.copy(link.remote_source)
    link.target.copy(link.remote_target)
    link.snd_settle_mode = link.remote_snd_settle_mode
    link.rcv_settle_mode = link.remote_rcv_settle_mode
    if properties:
        link.properties = {symbol(name): value for name, value in properties.items()}
    link.open()


class Inlet(End):
    """What a client sends to: a queue."""

    def __init__(self, peer: Peer, link: Any, broker: Broker, outlet: Outlet) -> None:
        super().__init__(peer, link)
        self._broker = broker
        self._queue = outlet.queue
        link.max_message_size = broker.limits.max_message_bytes
        open_link(link, {"com.microsoft:max-message-batch-size": broker.limits.max_message_bytes})
        link.flow(CREDIT)

    def delivery(self, delivery: Any) -> None:
        """Take a message or a batch of them; acknowledge when it is committed."""
        if delivery.aborted or not delivery.readable or delivery.partial:
            return
        data = bytes(self.link.recv(delivery.pending) or b"")
        self.link.advance()
        limit = self._broker.limits.max_message_bytes
        try:
            if len(data) > limit:
                raise RefusedError(
                    errors.SIZE_EXCEEDED,
                    f"The received message (size:{len(data)} bytes) exceeds the limit ({limit} bytes) currently "
                    "allowed on the link.",
                )
            messages = [Message.from_bytes(single) for single in unpack(data)]
            for message in messages:
                self._queue.check(message)
        except RefusedError as refused:
            self._refuse_delivery(delivery, refused)
        except (MalformedError, ValueError, IndexError) as error:
            self._refuse_delivery(delivery, RefusedError(errors.DECODE_ERROR, f"The message cannot be read: {error}"))
        else:
            for message in messages:
                self._queue.send(message)
            self._broker.after_commit(lambda: self._accept(delivery))
        if self.link.credit < CREDIT // 2:
            self.link.flow(CREDIT - self.link.credit)

    def _accept(self, delivery: Any) -> None:
        if self.alive:
            delivery.update(Delivery.ACCEPTED)
            delivery.settle()
            self.peer.output()

    def _refuse_delivery(self, delivery: Any, refused: RefusedError) -> None:
        delivery.local.condition = condition(refused)
        delivery.update(Delivery.REJECTED)
        delivery.settle()
        self.peer.output()


class Spout(End):
    """What a client receives from: a queue, or one session of it."""

    def __init__(self, peer: Peer, link: Any, broker: Broker, outlet: Outlet) -> None:
        super().__init__(peer, link)
        self._broker = broker
        self._outlet = outlet
        self._queue = outlet.queue
        self._session: SessionLock | None = None
        self._held: dict[Any, Lock] = {}
        self._takes = link.remote_snd_settle_mode == Link.SND_SETTLED
        self._draining = False
        self._accept_timer: asyncio.TimerHandle | None = None
        filters = _filters(link)
        if self._queue.requires_session and SESSION_FILTER not in filters:
            raise RefusedError(
                errors.NOT_ALLOWED,
                "It is not possible for an entity that requires sessions to create a non-sessionful message receiver.",
            )
        if not self._queue.requires_session and SESSION_FILTER in filters:
            raise RefusedError(
                errors.NOT_ALLOWED,
                "A sessionful message receiver cannot be created on an entity that does not require sessions. Ensure "
                "RequiresSession is set to true when creating a Queue or Subscription to enable sessionful behavior.",
            )
        wanted = filters.get(SESSION_FILTER)
        if not self._queue.requires_session:
            self._attach()
        elif wanted is not None:
            self._session = self._queue.accept_session(str(wanted), self._session_lost)
            self._attach()
        else:
            self._wait_for_session()

    def _wait_for_session(self) -> None:
        asked = (self.link.remote_properties or {}).get(symbol(OPERATION_TIMEOUT))
        seconds = DEFAULT_ACCEPT_SECONDS if asked is None else int(asked) / 1000
        self._outlet.candidates.append(self)
        self._accept_timer = asyncio.get_running_loop().call_later(seconds, self._give_up_waiting)
        self._broker.touch(self._outlet)

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
            self.link.source.copy(self.link.remote_source)
            self.link.source.filter.clear()
            self.link.source.filter.put_dict({symbol(SESSION_FILTER): self._session.session_id})
            self.link.target.copy(self.link.remote_target)
            self.link.snd_settle_mode = self.link.remote_snd_settle_mode
            self.link.rcv_settle_mode = self.link.remote_rcv_settle_mode
            self.link.properties = {symbol(LOCKED_UNTIL): ticks}
            self.link.open()
        self._outlet.consumers.append(self)
        self.flow()
        self.peer.output()

    def _session_lost(self) -> None:
        session_id = "" if self._session is None else self._session.session_id
        self.refuse(errors.session_lock_lost(session_id))

    def flow(self) -> None:
        """The receiver wants messages, or wants to be told that there are none."""
        self._draining = bool(self.link.drain_mode)
        self._broker.touch(self._outlet)

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
        del self._held[delivery]
        if state == 0:
            # Settled with no outcome: the message stays locked until its lock runs out.
            delivery.settle()
            return
        try:
            self._settle(lock, delivery.remote, state)
        except RefusedError as refused:
            self._answer(delivery, Delivery.REJECTED, refused)
            return
        self._broker.after_commit(lambda: self._answer(delivery, state, None))

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
        if self in self._outlet.consumers:
            self._outlet.consumers.remove(self)
        if self in self._outlet.candidates:
            self._outlet.candidates.remove(self)
        if self._session is not None:
            self._queue.release_session(self._session)


def _filters(link: Any) -> dict[str, Any]:
    data = link.remote_source.filter
    data.rewind()
    if not data.next():
        return {}
    found = data.get_object() or {}
    return {str(key): getattr(value, "value", value) for key, value in found.items()}


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _modified(annotations: Mapping[Any, Any]) -> dict[str, bytes]:
    return {str(key): codec.encode(value) for key, value in annotations.items()}


class ReplyEnd(End):
    """Where a client receives the answers to its requests."""

    def __init__(self, peer: Peer, link: Any, node: str) -> None:
        super().__init__(peer, link)
        self._waiting: deque[bytes] = deque()
        self._key = (node, link.remote_target.address or "")
        open_link(link)
        peer.replies[self._key] = self

    def send(self, data: bytes) -> None:
        """Send an answer, as soon as the client takes it."""
        self._waiting.append(data)
        self.flow()

    def flow(self) -> None:
        """Send what waits."""
        while self.alive and self._waiting and self.link.credit > 0:
            delivery = self.link.delivery(uuid.uuid4().bytes)
            self.link.stream(self._waiting.popleft())
            self.link.advance()
            delivery.settle()
            self.peer.output()
        if self.link.drain_mode:
            self.link.drained()

    def closed(self) -> None:
        """Forget the answers that nobody waits for."""
        super().closed()
        self._waiting.clear()
        if self.peer.replies.get(self._key) is self:
            del self.peer.replies[self._key]


class RequestEnd(End):
    """Where a client sends its requests: ``$cbs``, or the ``$management`` of a queue."""

    def __init__(self, peer: Peer, link: Any, broker: Broker, node: str, outlet: Outlet | None) -> None:
        super().__init__(peer, link)
        self._broker = broker
        self._node = node
        self._outlet = outlet
        open_link(link)
        link.flow(CREDIT)

    def delivery(self, delivery: Any) -> None:
        """Take a request; answer it when what it did is committed."""
        if delivery.aborted or not delivery.readable or delivery.partial:
            return
        data = bytes(self.link.recv(delivery.pending) or b"")
        self.link.advance()
        self.link.flow(1)
        try:
            request = management.read_request(data)
        except (MalformedError, ValueError, IndexError) as error:
            delivery.local.condition = condition(RefusedError(errors.DECODE_ERROR, str(error)))
            delivery.update(Delivery.REJECTED)
            delivery.settle()
            self.peer.output()
            return
        delivery.update(Delivery.ACCEPTED)
        delivery.settle()
        self._broker.after_commit(self._answer(request))

    def _answer(self, request: management.Request) -> Callable[[], None]:
        operation = str(request.properties.get("operation"))
        if self._outlet is None:
            reply = self._authorize(operation, request)
            names = ("status-code", "status-description", None)
        else:
            reply = management.handle(self._outlet.queue, operation, request.body)
            names = ("statusCode", "statusDescription", "errorCondition")
        data = management.write_reply(request, reply, names=names)

        def send() -> None:
            end = self.peer.replies.get((self._node, request.reply_to or ""))
            if end is None:
                end = next((end for (node, _), end in self.peer.replies.items() if node == self._node), None)
            if end is not None:
                end.send(data)

        return send

    def _authorize(self, operation: str, request: management.Request) -> management.Reply:
        try:
            if operation != "put-token":
                raise RefusedError(errors.NOT_IMPLEMENTED, f"The operation '{operation}' is not supported by $cbs.")
            token = request.body
            text = token.decode() if isinstance(token, bytes) else str(token)
            check_token(text, key=self._broker.key, now=self._broker.now())
        except RefusedError as refused:
            return management.Reply(refused.status, refused.description, refused.condition)
        self.peer.authorized = True
        return management.Reply(202, "Accepted")
