"""From the trigger's message to what a step takes."""

import azure.functions as func

from shared.intake import Incoming


def incoming(queue: str, message: func.ServiceBusMessage) -> Incoming:
    """Give the message of a queue without its wrapping."""
    return Incoming(queue, message.get_body(), message.message_id or "", message.session_id)
