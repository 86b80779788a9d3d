"""One client's connection: bytes in and out of the engine, and the engine's events to the ends of links."""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from cproton import isnull, pn_collector_peek, pn_collector_pop, pn_event_delivery, pn_event_link, pn_event_type
from proton import Collector, Condition, Connection, Delivery, Endpoint, Event, Link, ProtonException, Transport

from infra.local.servicebus import errors
from infra.local.servicebus.broker import Broker
from infra.local.servicebus.errors import RefusedError
from infra.local.servicebus.links import End, Inlet, ReplyEnd, RequestEnd, Spout

LOG = logging.getLogger(__name__)
CBS = "$cbs"
MANAGEMENT_SUFFIX = "/$management"


class AmqpConnection(asyncio.Protocol):
    """AMQP over one socket. Whatever goes wrong in here closes this connection, and no other."""

    def __init__(self, broker: Broker, connections: "set[AmqpConnection]") -> None:
        self.authorized = False
        self.replies: dict[tuple[str, str], ReplyEnd] = {}
        self._broker = broker
        self._connections = connections
        self._socket: asyncio.Transport | None = None
        self._paused = False
        self._heartbeat: asyncio.TimerHandle | None = None
        self._ends: dict[Any, End] = {}
        self._connection = Connection()
        self._connection.container = "servicebus"
        self._collector = Collector()
        self._connection.collect(self._collector)
        self._engine = Transport(Transport.SERVER)
        self._engine.sasl().allowed_mechs("ANONYMOUS")
        self._engine.max_frame_size = 65536
        self._engine.bind(self._connection)
        self._on: dict[int, Callable[[Any], None]] = {
            Event.CONNECTION_REMOTE_OPEN.number: lambda _: self._connection.open(),
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
        assert isinstance(transport, asyncio.Transport)
        self._socket = transport
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
        if self._heartbeat is None:
            self._tick()
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
        self._socket = None
        self._connections.discard(self)
        if self._heartbeat is not None:
            self._heartbeat.cancel()
        ends, self._ends = self._ends, {}
        for end in ends.values():
            end.closed()
        self._engine.unbind()
        self._connection.free()
        self._collector.release()

    def _tick(self) -> None:
        """Send a heartbeat where the client asked for them."""
        if self._socket is None:
            return
        now = time.monotonic()
        deadline = self._engine.tick(now)
        delay = max(deadline - now, 0.1) if deadline else 30.0
        self._heartbeat = asyncio.get_running_loop().call_later(delay, self._tick)
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
            self._socket.write(bytes(self._engine.peek(pending)))
            self._engine.pop(pending)

    # --- events -------------------------------------------------------------------------------------------------

    def _dispatch(self) -> None:
        collector = self._collector._impl  # the engine's own wrapper of an event costs more than all the rest
        while not isnull(event := pn_collector_peek(collector)):
            handler = self._on.get(pn_event_type(event))
            if handler is not None:
                try:
                    handler(event)
                except Exception:  # noqa: BLE001 - a defect must cost one connection, not the broker; it is logged
                    LOG.exception("an event could not be handled; its connection is closed")
                    self._connection.condition = Condition(errors.INTERNAL_ERROR, "The broker failed; see its log.")
                    self._connection.close()
            pn_collector_pop(collector)

    def _session_opened(self, event: Any) -> None:
        Event.wrap(event).session.open()

    def _session_closed(self, event: Any) -> None:
        session = Event.wrap(event).session
        for link in [link for link in self._ends if link.session == session]:
            self._ends.pop(link).closed()
        session.close()
        session.free()

    def _link_opened(self, event: Any) -> None:
        link = Link.wrap(pn_event_link(event))
        try:
            self._ends[link] = self._end(link)
        except RefusedError as refused:
            End(self, link).refuse(refused)

    def _end(self, link: Any) -> End:
        terminus = link.remote_source if link.is_sender else link.remote_target
        node = entity_path(terminus.address or "")
        if node == CBS:
            return ReplyEnd(self, link, node) if link.is_sender else RequestEnd(self, link, self._broker, node, None)
        if not self.authorized:
            raise RefusedError(errors.UNAUTHORIZED, f"Unauthorized access. A token is required for '{node}'.")
        if node.lower().endswith(MANAGEMENT_SUFFIX):
            outlet = self._broker.outlet(node[: -len(MANAGEMENT_SUFFIX)])
            node = node.lower()
            return ReplyEnd(self, link, node) if link.is_sender else RequestEnd(self, link, self._broker, node, outlet)
        outlet = self._broker.outlet(node)
        return (Spout if link.is_sender else Inlet)(self, link, self._broker, outlet)

    def _link_closed(self, event: Any) -> None:
        link = Link.wrap(pn_event_link(event))
        end = self._ends.pop(link, None)
        if end is not None:
            end.closed()
        if link.state & Endpoint.LOCAL_UNINIT:
            link.open()
        link.close()
        link.free()

    def _link_flow(self, event: Any) -> None:
        end = self._ends.get(Link.wrap(pn_event_link(event)))
        if end is not None and end.alive:
            end.flow()

    def _delivery(self, event: Any) -> None:
        end = self._ends.get(Link.wrap(pn_event_link(event)))
        if end is not None and end.alive:
            end.delivery(Delivery.wrap(pn_event_delivery(event)))


def entity_path(address: str) -> str:
    """Give the path of an address: ``amqps://host:port/onec/$management`` and ``onec/$management`` are the same."""
    return (urlsplit(address).path if "://" in address else address).strip("/")
