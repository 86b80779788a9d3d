"""Requests over a pair of links: ``$cbs``, and the ``$management`` of each queue."""

import uuid
from collections import deque
from typing import Any

from proton import Delivery

from infra.local.faults import Kind
from infra.local.servicebus import errors, management
from infra.local.servicebus.broker import Broker, Entity
from infra.local.servicebus.ends import CREDIT, End, Peer, open_link
from infra.local.servicebus.engine import condition, whole
from infra.local.servicebus.errors import RefusedError
from infra.local.servicebus.faults import refusal
from infra.local.servicebus.tokens import check_token

FAULTS: tuple[Kind, ...] = ("status", "drop_before", "drop_after")
CBS_NAMES: management.Names = ("status-code", "status-description", None)
"""azure-servicebus hides the status of a reply that has an error condition too."""
MANAGEMENT_NAMES: management.Names = ("statusCode", "statusDescription", "errorCondition")

Replies = dict[tuple[str, str], "ReplyEnd"]
"""Where a connection's answers go: by node, and by the address that a request names in reply-to."""


class ReplyEnd(End):
    """Where a client receives the answers to its requests."""

    def __init__(self, peer: Peer, link: Any, node: str, replies: Replies) -> None:
        super().__init__(peer, link)
        self._waiting: deque[bytes] = deque()
        self._key = (node, link.remote_target.address or "")
        self._replies = replies
        open_link(link)
        replies[self._key] = self

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
        if self._replies.get(self._key) is self:
            del self._replies[self._key]


class RequestEnd(End):
    """Where a client sends its requests: ``$cbs``, or the ``$management`` of a queue."""

    def __init__(
        self, peer: Peer, link: Any, node: str, *, replies: Replies, broker: Broker, entity: Entity | None
    ) -> None:
        super().__init__(peer, link)
        self._replies = replies
        self._broker = broker
        self._node = node
        self._entity = entity
        open_link(link)
        link.flow(CREDIT)

    def delivery(self, delivery: Any) -> None:
        """Take a request; answer it when what it did is committed."""
        data = whole(self.link, delivery)
        if data is None:
            return
        self.link.flow(1)
        try:
            request = management.read_request(data)
        except (ValueError, IndexError) as error:  # MalformedError is a ValueError
            delivery.local.condition = condition(RefusedError(errors.DECODE_ERROR, str(error)))
            delivery.update(Delivery.REJECTED)
            delivery.settle()
            self.peer.output()
            return
        delivery.update(Delivery.ACCEPTED)
        delivery.settle()
        operation = str(request.properties.get("operation"))
        if self._entity is None:
            self._reply(request, self._authorize(operation, request), CBS_NAMES)
            return
        fault = self._broker.faults.take(f"MANAGE {self._entity.queue.name} {operation}", FAULTS)
        kind = None if fault is None else fault.kind
        if kind == "drop_before":
            self.peer.abort()
        elif fault is not None and kind == "status":
            self._reply(request, management.refusal(refusal(fault)), MANAGEMENT_NAMES)
        else:
            reply = management.handle(self._entity.queue, operation, request.body)
            if kind == "drop_after":
                self._broker.after_commit(self.peer.abort)
            else:
                self._reply(request, reply, MANAGEMENT_NAMES)

    def _reply(self, request: management.Request, reply: management.Reply, names: management.Names) -> None:
        data = management.write_reply(request, reply, names)
        self._broker.after_commit(lambda: self._send(request.reply_to or "", data))

    def _send(self, address: str, data: bytes) -> None:
        """Answer where the client reads; one that has gone gets no answer."""
        end = self._replies.get((self._node, address))
        if end is None:
            end = next((end for (node, _), end in self._replies.items() if node == self._node), None)
        if end is not None:
            end.send(data)

    def _authorize(self, operation: str, request: management.Request) -> management.Reply:
        if operation != "put-token":
            return management.Reply(501, f"The operation '{operation}' is not supported by $cbs.")
        token = request.body.decode() if isinstance(request.body, bytes) else str(request.body)
        try:
            check_token(token, key=self._broker.key, now=self._broker.now())
        except RefusedError as refused:
            return management.refusal(refused)
        self.peer.authorized = True
        return management.Reply(202, "Accepted")
