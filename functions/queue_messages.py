"""From the trigger's message to what a step takes.

Every trigger asks for ``data_type`` binary: without it the host decodes bodies as UTF-8, which destroys gzipped ones.
Of a batch only body and message id are read: the host shifts other properties to a wrong message where one lacks them.
"""

from typing import List  # noqa: UP035 -- see Batch

import azure.functions as func

from shared.bus import TARGET_QUEUES
from shared.intake import Incoming

Batch = List[func.ServiceBusMessage]  # noqa: UP006 -- the Functions worker knows a batch only by this spelling


def incoming(queue: str, message: func.ServiceBusMessage) -> Incoming:
    """Give the message of a queue without its wrapping."""
    session = message.session_id if queue in TARGET_QUEUES.values() else None
    return Incoming(queue, message.get_body(), message.message_id or "", session)
