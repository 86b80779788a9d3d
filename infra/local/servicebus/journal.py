"""What a queue writes down, so that it survives a restart."""

from typing import Protocol

from infra.local.servicebus.messages import Message


class Journal(Protocol):
    """Where a queue writes what must survive a restart."""

    def put(self, queue: str, message: Message) -> None:
        """Keep a message as it is now."""

    def remove(self, queue: str, sequence_number: int) -> None:
        """Forget a message."""

    def put_session_state(self, queue: str, session_id: str, state: bytes | None) -> None:
        """Keep a session's state; None forgets it."""

    def put_seen(self, queue: str, message_id: str, at: float) -> None:
        """Remember a message id for duplicate detection."""

    def forget_seen(self, queue: str, before: float) -> None:
        """Forget the message ids seen before a time."""

    def put_next_sequence(self, queue: str, number: int) -> None:
        """Keep the next sequence number."""
