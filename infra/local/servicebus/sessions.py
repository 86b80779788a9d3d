"""The sessions of one queue: who holds which, which of them wait for a receiver, and what state each has."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from infra.local.servicebus import errors
from infra.local.servicebus.errors import RefusedError
from infra.local.servicebus.journal import Journal
from infra.local.servicebus.locks import SessionLock


class Sessions:
    """Times are seconds since 1970."""

    def __init__(self, queue: str, duration: float, now: Callable[[], float], journal: Journal) -> None:
        """``duration`` of a lock on a session."""
        self._queue, self._duration, self._now, self._journal = queue, duration, now, journal
        self._held: dict[str, SessionLock] = {}
        self._ready: dict[str, None] = {}
        """Sessions that have something to receive and no receiver, the longest waiting first."""
        self._states: dict[str, bytes] = {}

    def wait(self, session_id: str) -> None:
        """Note that a session has something to receive."""
        if session_id not in self._held:
            self._ready.setdefault(session_id)

    def waiting(self) -> Iterator[str]:
        """Give those that wait for a receiver, the longest waiting first; one that was given waits no longer."""
        while self._ready:
            session_id = next(iter(self._ready))
            del self._ready[session_id]
            yield session_id

    def hold(self, session_id: str, lost: Callable[[], None]) -> SessionLock:
        """Lock a session. RefusedError where another receiver holds it."""
        if session_id in self._held:
            raise RefusedError(
                errors.SESSION_CANNOT_BE_LOCKED,
                f"The requested session '{session_id}' cannot be accepted. It may be locked by another receiver.",
            )
        self._ready.pop(session_id, None)
        session = SessionLock(session_id, self._now() + self._duration, lost)
        self._held[session_id] = session
        return session

    def free(self, session: SessionLock) -> bool:
        """Give a session up; False where this lock does not hold it any more."""
        if self._held.get(session.session_id) is not session:
            return False
        del self._held[session.session_id]
        return True

    def held(self, session_id: str) -> SessionLock:
        """Give the lock on a session. RefusedError where nobody holds it."""
        session = self._held.get(session_id)
        if session is None or session.until <= self._now():
            raise errors.session_lock_lost(session_id)
        return session

    def renew(self, session_id: str) -> float:
        """Hold a session for another lock duration; give its new end."""
        session = self.held(session_id)
        session.until = self._now() + self._duration
        return session.until

    def state(self, session_id: str) -> bytes | None:
        """Give a session's state."""
        return self._states.get(session_id)

    def set_state(self, session_id: str, state: bytes | None) -> None:
        """Keep a session's state; None clears it."""
        if state is None:
            self._states.pop(session_id, None)
        else:
            self._states[session_id] = state
        self._journal.put_session_state(self._queue, session_id, state)

    def ids(self, with_messages: Iterable[str]) -> list[str]:
        """Give the sessions that have messages or a state."""
        return sorted({*with_messages, *self._states})

    def next_due(self) -> float | None:
        """Give the time at which the next lock runs out."""
        return min((session.until for session in self._held.values()), default=None)

    def run_out(self) -> list[SessionLock]:
        """Give the locks that have run out."""
        return [session for session in self._held.values() if session.until <= self._now()]

    def restore(self, states: Mapping[str, bytes]) -> None:
        """Go on with the states of a former run; nobody holds a session."""
        self._states = dict(states)
