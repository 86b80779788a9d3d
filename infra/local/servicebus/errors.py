"""How the broker refuses: the condition, the sentence, and the status that ``$management`` gives for it.

Conditions are those of https://learn.microsoft.com/azure/service-bus-messaging/service-bus-amqp-troubleshoot
and of the SDKs' own tables; sentences follow the real service's.
"""

NOT_FOUND = "amqp:not-found"
NOT_ALLOWED = "amqp:not-allowed"
NOT_IMPLEMENTED = "amqp:not-implemented"
INTERNAL_ERROR = "amqp:internal-error"
UNAUTHORIZED = "amqp:unauthorized-access"
DECODE_ERROR = "amqp:decode-error"
INVALID_FIELD = "amqp:invalid-field"
SIZE_EXCEEDED = "amqp:link:message-size-exceeded"
MESSAGE_LOCK_LOST = "com.microsoft:message-lock-lost"
MESSAGE_NOT_FOUND = "com.microsoft:message-not-found"
SESSION_LOCK_LOST = "com.microsoft:session-lock-lost"
SESSION_CANNOT_BE_LOCKED = "com.microsoft:session-cannot-be-locked"
TIMEOUT = "com.microsoft:timeout"
SERVER_BUSY = "com.microsoft:server-busy"
ARGUMENT_ERROR = "com.microsoft:argument-error"

_STATUS = {
    NOT_FOUND: 404,
    NOT_ALLOWED: 400,
    NOT_IMPLEMENTED: 501,
    INTERNAL_ERROR: 500,
    UNAUTHORIZED: 401,
    DECODE_ERROR: 400,
    INVALID_FIELD: 400,
    SIZE_EXCEEDED: 403,
    MESSAGE_LOCK_LOST: 410,
    MESSAGE_NOT_FOUND: 404,
    SESSION_LOCK_LOST: 410,
    SESSION_CANNOT_BE_LOCKED: 410,
    TIMEOUT: 408,
    SERVER_BUSY: 503,
    ARGUMENT_ERROR: 400,
}


class RefusedError(Exception):
    """What the client asked for is not done. ``condition`` is one of this module's."""

    def __init__(self, condition: str, description: str) -> None:
        super().__init__(f"{condition}: {description}")
        self.condition = condition
        self.description = description

    @property
    def status(self) -> int:
        """The status code that a management reply carries."""
        return _STATUS[self.condition]


def message_lock_lost() -> RefusedError:
    """Refuse a settlement or renewal whose lock is gone."""
    return RefusedError(
        MESSAGE_LOCK_LOST,
        "The lock supplied is invalid. Either the lock expired, or the message has already been removed from the "
        "queue.",
    )


def session_lock_lost(session_id: str) -> RefusedError:
    """Refuse what only the holder of a session may do."""
    return RefusedError(
        SESSION_LOCK_LOST,
        f"The session lock has expired on the MessageSession '{session_id}'. Accept a new MessageSession.",
    )
