"""From the trigger's message to what a step takes."""

from typing import List  # noqa: UP035 -- see Batch

import azure.functions as func

from shared.intake import Incoming

Batch = List[func.ServiceBusMessage]  # noqa: UP006 -- the Functions worker knows a batch only by this spelling


def incoming(queue: str, message: func.ServiceBusMessage) -> Incoming:
    """Give the message of a queue without its wrapping."""
    return Incoming(queue, message.get_body(), message.message_id or "", message.session_id)
