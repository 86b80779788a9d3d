"""Dataverse's own Service Bus endpoint (contract Queue, JSON): the asynchronous service sends the context itself.

No message id and no session are chosen. Application properties carry who, what and which, and the mark of a message
that lost its big parts.
"""

from collections.abc import Mapping

from azure.servicebus import ServiceBusMessage
from azure.servicebus.aio import ServiceBusClient, ServiceBusSender
from azure.servicebus.exceptions import ServiceBusError

from infra.local.dataverse.session import Event, Session
from infra.local.dataverse.store import Row

CLAIMS = "http://schemas.microsoft.com/xrm/2011/Claims/"
SIZE_EXCEEDED = "MessageMaxSizeExceeded"
_SENT, _UNAVAILABLE = 202, 503


def queue_properties(organization: str, event: Event, session: Session, *, reduced: bool) -> dict[str, str]:
    """Give the application properties of a message."""
    properties = {
        f"{CLAIMS}Organization": organization,
        f"{CLAIMS}EntityLogicalName": event.table.name,
        f"{CLAIMS}RequestName": event.message,
        f"{CLAIMS}InitiatingUser": session.user.ref.id,
        f"{CLAIMS}User": session.user.ref.id,
    }
    return properties | ({SIZE_EXCEEDED: "true"} if reduced else {})


class Queues:
    """The connections to the queues of registered endpoints."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, ...], tuple[ServiceBusClient, ServiceBusSender]] = {}

    async def send(self, endpoint: Row, properties: Mapping[str, str], body: bytes) -> int:
        """Send one message; give 202, or 503 where the queue did not take it."""
        names = ("namespaceaddress", "saskeyname", "saskey", "path")
        place = tuple(str(endpoint[name]) for name in names)
        message = ServiceBusMessage(
            body, content_type="application/json", application_properties=dict(properties.items())
        )
        try:
            await self._sender(place).send_messages(message)
        except (ServiceBusError, OSError, ValueError):
            await self._close(place)
            return _UNAVAILABLE
        return _SENT

    def _sender(self, place: tuple[str, ...]) -> ServiceBusSender:
        if place not in self._open:
            address, name, key, queue = place
            client = ServiceBusClient.from_connection_string(
                # The only namespace that a local organization reaches is the local broker.
                f"Endpoint={address};SharedAccessKeyName={name};SharedAccessKey={key};UseDevelopmentEmulator=true;",
                retry_total=0,
            )
            self._open[place] = client, client.get_queue_sender(queue)
        return self._open[place][1]

    async def _close(self, place: tuple[str, ...]) -> None:
        client, sender = self._open.pop(place)
        await sender.close()
        await client.close()

    async def close(self) -> None:
        """Close every connection."""
        for place in list(self._open):
            await self._close(place)
