"""The little of Qpid Proton that its Python wrapper does not give, or gives too slowly or without types.

Traps: bytes that the engine decodes are views into its own memory, so they are copied before they are kept; two
wrappers of one link are equal and not identical; a wrapper kept on the engine's own objects is never freed.
"""

from collections.abc import Iterator
from typing import Any

from cproton import (  # type: ignore[import-untyped]  # the engine's C interface has no types
    isnull,
    pn_collector_peek,
    pn_collector_pop,
    pn_event_delivery,
    pn_event_link,
    pn_event_session,
    pn_event_type,
)
from proton import Collector, Condition, Delivery, Link, Session, symbol

from infra.local.servicebus.errors import RefusedError


class Events:
    """What has happened on a connection, in order. The engine's own event objects cost more than all the rest."""

    def __init__(self, connection: Any) -> None:
        self._collector = Collector()
        connection.collect(self._collector)

    def __iter__(self) -> Iterator[tuple[int, Any]]:
        """Give (number of the event's type, event); an event is gone when the next one is asked for."""
        collector = self._collector._impl
        while not isnull(event := pn_collector_peek(collector)):
            try:
                yield pn_event_type(event), event
            finally:
                pn_collector_pop(collector)

    def release(self) -> None:
        """Let go of what has not been looked at."""
        self._collector.release()


def link_of(event: Any) -> Any:
    """Give an event's link."""
    return Link.wrap(pn_event_link(event))  # type: ignore[no-untyped-call]  # Proton's wrappers have no types


def delivery_of(event: Any) -> Any:
    """Give an event's delivery."""
    return Delivery.wrap(pn_event_delivery(event))  # type: ignore[no-untyped-call]  # as above


def session_of(event: Any) -> Any:
    """Give an event's session."""
    return Session.wrap(pn_event_session(event))  # type: ignore[no-untyped-call]  # as above


def condition(refused: RefusedError) -> Any:
    """Give a refusal in the engine's form. azure-servicebus wants all three of an error's fields, ``info`` too."""
    return Condition(refused.condition, refused.description, {symbol("com.microsoft:refused-by"): "local broker"})


def whole(link: Any, delivery: Any) -> bytes | None:
    """Give the bytes of an incoming transfer once it is whole; None before."""
    if delivery.aborted or not delivery.readable or delivery.partial:
        return None
    data = bytes(link.recv(delivery.pending) or b"")
    link.advance()
    return data


def filters(link: Any) -> dict[str, Any]:
    """Give the filters that a receiver asks for."""
    data = link.remote_source.filter
    data.rewind()
    found = data.get_object() if data.next() else None
    return {str(key): getattr(value, "value", value) for key, value in (found or {}).items()}
