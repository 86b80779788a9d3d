"""One client's connection: bytes in and out of the engine, and the engine's events to the ends of links."""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any, cast
from urllib.parse import urlsplit

from proton import Connection, Endpoint, Event, ProtonException, Transport

from infra.local.faults import Kind
from infra.local.servicebus import errors
from infra.local.servicebus.broker import Broker, Entity
from infra.local.servicebus.ends import End
from infra.local.servicebus.engine import Events, condition, delivery_of, link_of, session_of
from infra.local.servicebus.errors import RefusedError
from infra.local.servicebus.faults import refusal
from infra.local.servicebus.receivers import ReceiverEnd
from infra.local.servicebus.requests import Replies, ReplyEnd, RequestEnd
from infra.local.servicebus.senders import SenderEnd

LOG = logging.getLogger(__name__)
CBS = "$cbs"
MANAGEMENT_SUFFIX = "/$management"
FAULTS: tuple[Kind, ...] = ("status",)


class AmqpConnection(asyncio.Protocol):
    """AMQP over one socket. Whatever goes wrong in here closes this connection, and no other."""

    def __init__(self, broker: Broker, connections: "set[AmqpConnection]") -> None:
        self.authorized = False
        self.lost = asyncio.Event()
        self._replies: Replies = {}
        self._broker = broker
        self._connections = connections
        self._socket: asyncio.Transport | None = None
        self._paused = False
        self._heartbeat: asyncio.TimerHandle | None = None
        self._ends: dict[Any, End] = {}
        self._connection = Connection()
        self._connection.container = "servicebus"
        self._events = Events(self._connection)
        self._engine = Transport(Transport.SERVER)
        self._engine.sasl().allowed_mechs("ANONYMOUS")
        self._engine.max_frame_size = 65536
        self._engine.bind(self._connection)
        self._on: dict[int, Callable[[Any], None]] = {
            Event.CONNECTION_REMOTE_OPEN.number: self._opened,
            Event.CONNECTION_REMOTE_CLOSE.number: lambda _: self._connection.close(),
            Event.SESSION_REMOTE_OPEN.number: self._session_opened,
            Event.SESSION_REMOTE_CLOSE.number: self._session_closed,
            Event.LINK_REMOTE_OPEN.number: self._link_opened,
            Event.LINK_REMOTE_CLOSE.number: self._link_closed,
            Event.LINK_REMOTE_DETACH.number: self._link_closed,
            Event.LINK_FLOW.number: self._link_flow,
            Event.DELIVERY.number: self._delivery,
        }

    # --- the socket ---------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has come."""
        self._socket = cast(asyncio.Transport, transport)
        self._connections.add(self)

    def abort(self) -> None:
        """Drop the client without a word."""
        if self._socket is not None:
            self._socket.abort()

    def data_received(self, data: bytes) -> None:
        """Feed the engine, and do what its events ask."""
        try:
            while data:
                capacity = self._engine.capacity()
                if capacity <= 0:
                    break
                self._engine.push(data[:capacity])
                data = data[capacity:]
                self._dispatch()
        except ProtonException as error:
            LOG.warning("a client broke the protocol: %s", error)
        self._write()

    def pause_writing(self) -> None:
        """The client reads more slowly than we write."""
        self._paused = True

    def resume_writing(self) -> None:
        """The client has caught up."""
        self._paused = False
        self._write()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has gone: free what it held."""
        LOG.debug("a client has gone", exc_info=exc)
        self._socket = None
        self._connections.discard(self)
        self.lost.set()
        if self._heartbeat is not None:
            self._heartbeat.cancel()
        ends, self._ends = self._ends, {}
        for end in ends.values():
            end.closed()
        self._engine.unbind()
        self._connection.free()
        self._events.release()

    def _tick(self) -> None:
        """Send heartbeats where the client asked for them."""
        if self._socket is None:
            return
        now = time.monotonic()
        deadline = self._engine.tick(now)
        if deadline:
            self._heartbeat = asyncio.get_running_loop().call_later(max(deadline - now, 0.1), self._tick)
            self._write()

    def output(self) -> None:
        """Write at the end of the turn."""
        self._broker.writes(self._write)

    def _write(self) -> None:
        if self._socket is None:
            return
        while not self._paused:
            pending = self._engine.pending()
            if pending < 0:
                self._socket.close()
                return
            if pending == 0:
                return
            self._socket.write(bytes(self._engine.peek(pending) or b""))
            self._engine.pop(pending)

    # --- events -------------------------------------------------------------------------------------------------

    def _dispatch(self) -> None:
        for number, event in self._events:
            handler = self._on.get(number)
            if handler is None:
                continue
            try:
                handler(event)
            except Exception:  # a defect must cost one connection, not the broker
                LOG.exception("an event could not be handled; its connection is closed")
                self._connection.condition = condition(RefusedError(errors.INTERNAL_ERROR, "The broker failed."))
                self._connection.close()

    def _opened(self, _event: Any) -> None:
        self._connection.open()
        self._tick()

    def _session_opened(self, event: Any) -> None:
        session_of(event).open()

    def _session_closed(self, event: Any) -> None:
        session = session_of(event)
        for link in [link for link in self._ends if link.session == session]:
            self._ends.pop(link).closed()
        session.close()
        session.free()

    def _link_opened(self, event: Any) -> None:
        link = link_of(event)
        try:
            self._ends[link] = self._end(link)
        except RefusedError as refused:
            End(self, link).refuse(refused)

    def _end(self, link: Any) -> End:
        """Give the end that serves a link. RefusedError where the client may not have it."""
        terminus = link.remote_source if link.is_sender else link.remote_target
        node = entity_path(terminus.address or "")
        if node == CBS:
            return self._requests(link, node, None)
        if not self.authorized:
            raise RefusedError(errors.UNAUTHORIZED, f"Unauthorized access. A token is required for '{node}'.")
        if node.lower().endswith(MANAGEMENT_SUFFIX):
            return self._requests(link, node.lower(), self._broker.entity(node[: -len(MANAGEMENT_SUFFIX)]))
        entity = self._broker.entity(node)
        fault = self._broker.faults.take(f"ATTACH {entity.queue.name}", FAULTS)
        if fault is not None:
            raise refusal(fault)
        return (ReceiverEnd if link.is_sender else SenderEnd)(self, link, self._broker, entity)

    def _requests(self, link: Any, node: str, entity: Entity | None) -> End:
        if link.is_sender:
            return ReplyEnd(self, link, node, self._replies)
        return RequestEnd(self, link, node, replies=self._replies, broker=self._broker, entity=entity)

    def _link_closed(self, event: Any) -> None:
        link = link_of(event)
        end = self._ends.pop(link, None)
        if end is not None:
            end.closed()
        if link.state & Endpoint.LOCAL_UNINIT:
            link.open()
        link.close()
        link.free()

    def _link_flow(self, event: Any) -> None:
        end = self._ends.get(link_of(event))
        if end is not None and end.alive:
            end.flow()

    def _delivery(self, event: Any) -> None:
        end = self._ends.get(link_of(event))
        if end is not None and end.alive:
            end.delivery(delivery_of(event))


def entity_path(address: str) -> str:
    """Give the path of an address: ``amqps://host:port/onec/$management`` and ``onec/$management`` are the same."""
    return (urlsplit(address).path if "://" in address else address).strip("/")
