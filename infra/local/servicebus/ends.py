"""One end of a link, whatever it is for."""

from collections.abc import Mapping
from typing import Any, Protocol

from proton import Link, Terminus, symbol

from infra.local.servicebus.engine import condition
from infra.local.servicebus.errors import RefusedError

CREDIT = 1000
"""How many transfers a client may send before it must wait for more credit."""


class Peer(Protocol):
    """The connection that a link belongs to."""

    authorized: bool

    def output(self) -> None:
        """There is something to put on the wire."""

    def abort(self) -> None:
        """Drop the client without a word."""


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


def open_link(link: Any, properties: Mapping[str, Any] | None = None, filters: Mapping[str, str] | None = None) -> None:
    """Answer an attach with what the client asked for; ``filters`` are those that hold in the end."""
    # The addresses must come back as they were written: azure-servicebus compares them.
    link.source.copy(link.remote_source)
    link.target.copy(link.remote_target)
    if filters is not None:
        link.source.filter.clear()
        link.source.filter.put_dict({symbol(name): value for name, value in filters.items()})
    link.snd_settle_mode = link.remote_snd_settle_mode
    link.rcv_settle_mode = link.remote_rcv_settle_mode
    if properties:
        link.properties = {symbol(name): value for name, value in properties.items()}
    link.open()
