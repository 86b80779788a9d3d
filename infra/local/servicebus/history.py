"""The message ids that a queue has seen, for duplicate detection."""

from collections.abc import Mapping

from infra.local.servicebus.journal import Journal


class History:
    """The ids seen within a window of seconds, the oldest first."""

    def __init__(self, queue: str, window: float, journal: Journal) -> None:
        self._queue = queue
        self._window = window
        self._journal = journal
        self._seen: dict[str, float] = {}

    def restore(self, seen: Mapping[str, float]) -> None:
        """Go on with what a former run has seen, in order of time."""
        self._seen = dict(seen)

    def has(self, message_id: str, now: float) -> bool:
        """Say whether an id was seen within the window, and remember it from now on if it was not."""
        self._forget(now - self._window)
        if message_id in self._seen:
            return True
        self._seen[message_id] = now
        self._journal.put_seen(self._queue, message_id, now)
        return False

    def _forget(self, horizon: float) -> None:
        stale = []
        for message_id, at in self._seen.items():
            if at > horizon:
                break
            stale.append(message_id)
        for message_id in stale:
            del self._seen[message_id]
        if stale:
            self._journal.forget_seen(self._queue, horizon)
