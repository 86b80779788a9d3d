"""What a client sends to."""

from dataclasses import replace
from typing import Any

from proton import Delivery

from infra.local.faults import Kind
from infra.local.servicebus import errors
from infra.local.servicebus.broker import Broker, Entity
from infra.local.servicebus.ends import CREDIT, End, Peer, open_link
from infra.local.servicebus.engine import condition, whole
from infra.local.servicebus.errors import RefusedError
from infra.local.servicebus.faults import refusal
from infra.local.servicebus.messages import Message, unpack

FAULTS: tuple[Kind, ...] = ("status", "drop_before", "drop_after", "delay", "duplicate")


class SenderEnd(End):
    """What a client sends to: a queue."""

    def __init__(self, peer: Peer, link: Any, broker: Broker, entity: Entity) -> None:
        super().__init__(peer, link)
        self._broker = broker
        self._queue = entity.queue
        link.max_message_size = broker.limits.max_message_bytes
        open_link(link, {"com.microsoft:max-message-batch-size": broker.limits.max_message_bytes})
        link.flow(CREDIT)

    def delivery(self, delivery: Any) -> None:
        """Take a message or a batch of them; acknowledge when it is committed."""
        data = whole(self.link, delivery)
        if data is None:
            return
        if self.link.credit < CREDIT // 2:
            self.link.flow(CREDIT - self.link.credit)
        fault = self._broker.faults.take(f"SEND {self._queue.name}", FAULTS)
        kind = None if fault is None else fault.kind
        if kind == "drop_before":
            self.peer.abort()
            return
        try:
            if fault is not None and kind == "status":
                raise refusal(fault)
            messages = self._read(data)
        except RefusedError as refused:
            self._refuse_delivery(delivery, refused)
            return
        for message in messages:
            if fault is not None and kind == "delay":
                message.scheduled_for = max(message.scheduled_for or 0.0, self._broker.now() + fault.seconds)
            self._queue.send(message)
            if kind == "duplicate":
                self._queue.send(replace(message), forced=True)
        self._broker.after_commit(self.peer.abort if kind == "drop_after" else lambda: self._accept(delivery))

    def _read(self, data: bytes) -> list[Message]:
        """Give the messages of a transfer: all of them can be taken, or RefusedError."""
        limit = self._broker.limits.max_message_bytes
        if len(data) > limit:
            raise RefusedError(
                errors.SIZE_EXCEEDED,
                f"The received message (size:{len(data)} bytes) exceeds the limit ({limit} bytes) currently allowed on "
                "the link.",
            )
        try:
            messages = [Message.from_bytes(single) for single in unpack(data)]
        except (ValueError, IndexError) as error:  # MalformedError is a ValueError
            raise RefusedError(errors.DECODE_ERROR, f"The message cannot be read: {error}") from error
        for message in messages:
            self._queue.check(message)
        return messages

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
