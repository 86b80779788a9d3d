"""What the broker can be told to do wrong (:mod:`infra.local.faults`), over HTTP on its own port.

``match`` is a regular expression over what a client does:

    ATTACH onec                      a sender or receiver is opened
    SEND changes                     a message or a batch comes in
    SETTLE onec                      a message is completed, abandoned, deferred or dead-lettered
    MANAGE onec com.microsoft:…      a ``$management`` request

``status`` refuses it (503: server busy), ``drop_before`` and ``drop_after`` cut the connection before or after the
work is done; on SEND, ``delay`` lets the message appear ``seconds`` later, behind those sent after it, and
``duplicate`` puts it in twice, whatever duplicate detection says.
"""

from infra.local.faults import Fault, Kind
from infra.local.servicebus import errors
from infra.local.servicebus.errors import RefusedError

KINDS: frozenset[Kind] = frozenset({"status", "drop_before", "drop_after", "delay", "duplicate"})
_CONDITIONS = {
    401: errors.UNAUTHORIZED,
    404: errors.NOT_FOUND,
    500: errors.INTERNAL_ERROR,
    503: errors.SERVER_BUSY,
}
STATUSES = frozenset(_CONDITIONS)


def refusal(fault: Fault) -> RefusedError:
    """Give what a ``status`` fault answers."""
    return RefusedError(_CONDITIONS[fault.status], "The broker was told to refuse this.")
